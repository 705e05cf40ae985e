/* SPDX-License-Identifier: MIT
   encode.h - a true-colour image of libgd as PNG bytes. */
#ifndef MJ_IMAGE_PNG_H
#define MJ_IMAGE_PNG_H

#include <gd.h>
#include <stddef.h>

/* 0 or -1; *out comes from malloc. */
int image_png(gdImagePtr im, unsigned char **out, size_t *n);

#endif
