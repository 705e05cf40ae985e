/* SPDX-License-Identifier: MIT
   scene.h - what a tile shows: a colour, a scene, a number. */
#ifndef MJ_SCENE_H
#define MJ_SCENE_H

#include "canvas.h"
#include "draw.h"

struct look {
  double hue; /* degrees */
  int scene;  /* which of SCENES */
  int digit;  /* 1..4 */
  double light;
  uint64_t seed; /* of the composition */
};

struct look look_of(const struct mj_picture_step *steps, size_t n);
void scene_draw(struct canvas *c, const struct look *look);
/* The tile's number, large, in its upper left corner. */
void scene_digit(struct canvas *c, const struct look *look);

#endif
