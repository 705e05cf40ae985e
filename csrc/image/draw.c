/* SPDX-License-Identifier: MIT
   draw.c - puts a picture together: tiles, their numbers, prompt and label. */
#include "draw.h"

#include "caption.h"
#include "encode.h"
#include "scene.h"
#include "video.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_STEPS 32

static void draw_tile(gdImagePtr im, int x, int y, int w, int h,
                      const struct mj_picture_step *steps, size_t n) {
  struct canvas c = {im, x, y, w, h};
  struct look look = look_of(steps, n);
  scene_draw(&c, &look);
  scene_digit(&c, &look);
}

static void draw_grid(gdImagePtr im, const struct mj_picture *spec) {
  struct mj_picture_step steps[MOST_STEPS];
  int w = spec->width / 2, h = spec->height / 2;
  for (size_t i = 0; i < spec->nsteps; i++)
    steps[i] = spec->steps[i];
  for (int k = 0; k < 4; k++) {
    steps[spec->nsteps - 1].tile = k + 1;
    draw_tile(im, k % 2 * w, k / 2 * h, k % 2 ? spec->width - w : w,
              k / 2 ? spec->height - h : h, steps, spec->nsteps);
  }
}

/* The mean colour of a square, all over it. */
static void coarsen_square(gdImagePtr im, int x0, int y0, int size) {
  int x1 = x0 + size, y1 = y0 + size, r = 0, g = 0, b = 0, n;
  if (x1 > gdImageSX(im))
    x1 = gdImageSX(im);
  if (y1 > gdImageSY(im))
    y1 = gdImageSY(im);
  n = (x1 - x0) * (y1 - y0);
  for (int y = y0; y < y1; y++)
    for (int x = x0; x < x1; x++) {
      int p = im->tpixels[y][x];
      r += gdTrueColorGetRed(p);
      g += gdTrueColorGetGreen(p);
      b += gdTrueColorGetBlue(p);
    }
  for (int y = y0; y < y1; y++)
    for (int x = x0; x < x1; x++)
      im->tpixels[y][x] = gdTrueColor(r / n, g / n, b / n);
}

/* A preview: the less is done, the coarser. */
static void coarsen(gdImagePtr im, int progress) {
  int size = 3 + (100 - progress) * gdImageSX(im) / 3000;
  for (int y = 0; y < gdImageSY(im); y += size)
    for (int x = 0; x < gdImageSX(im); x += size)
      coarsen_square(im, x, y, size);
}

static int valid(const struct mj_picture *spec) {
  if (spec->width < MJ_PICTURE_MIN || spec->width > MJ_PICTURE_MAX ||
      spec->height < MJ_PICTURE_MIN || spec->height > MJ_PICTURE_MAX)
    return 0;
  if (spec->nsteps < 1 || spec->nsteps > MOST_STEPS || !spec->steps)
    return 0;
  for (size_t i = 0; i < spec->nsteps; i++)
    if ((i + 1 < spec->nsteps || spec->kind == MJ_PICTURE_TILE) &&
        (spec->steps[i].tile < 1 || spec->steps[i].tile > 4))
      return 0;
  return 1;
}

gdImagePtr draw_scene(const struct mj_picture *spec, int width, int height) {
  struct mj_picture own = *spec;
  gdImagePtr im;
  own.width = width;
  own.height = height;
  if (!valid(&own))
    return NULL;
  im = gdImageCreateTrueColor(width, height);
  if (!im)
    return NULL;
  if (spec->kind == MJ_PICTURE_GRID)
    draw_grid(im, &own);
  else
    draw_tile(im, 0, 0, width, height, spec->steps, spec->nsteps);
  return im;
}

void draw_words(gdImagePtr im, const struct mj_picture *spec) {
  struct canvas all = {im, 0, 0, gdImageSX(im), gdImageSY(im)};
  if (spec->prompt)
    caption_draw(&all, spec->prompt);
  if (spec->label)
    caption_label(&all, spec->label);
}

static int draw_picture(const struct mj_picture *spec, unsigned char **png,
                        size_t *n) {
  gdImagePtr im = draw_scene(spec, spec->width, spec->height);
  int rc;
  if (!im)
    return -1;
  if (spec->progress > 0 && spec->progress < 100)
    coarsen(im, spec->progress);
  draw_words(im, spec);
  rc = image_png(im, png, n);
  gdImageDestroy(im);
  return rc;
}

const struct mj_draw *mj_draw(void) {
  static const struct mj_draw draw = {MJ_DRAW_MAGIC, draw_picture, draw_video,
                                      free};
  return &draw;
}

const char *mj_draw_libraries(void) {
  static char text[64];
  snprintf(text, sizeof text, "GD/%s libpng/%s", gdVersionString(),
           png_get_libpng_ver(NULL));
  return text;
}
