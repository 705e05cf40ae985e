/* SPDX-License-Identifier: MIT
   video.h - videos, and what they need of pictures. */
#ifndef MJ_IMAGE_VIDEO_H
#define MJ_IMAGE_VIDEO_H

#include <gd.h>

#include "draw.h"

int draw_video(const struct mj_video *spec, unsigned char **mp4, size_t *n);

/* draw.c: the picture in another size and without words, or NULL; and then its
   prompt and label. */
gdImagePtr draw_scene(const struct mj_picture *spec, int width, int height);
void draw_words(gdImagePtr im, const struct mj_picture *spec);

#endif
