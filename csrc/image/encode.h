/* SPDX-License-Identifier: MIT
   encode.h - PNG bytes, from a true-colour image of libgd or row by row. */
#ifndef MJ_IMAGE_PNG_H
#define MJ_IMAGE_PNG_H

#include <gd.h>
#include <stddef.h>

struct image_rows {
  int width, height;
  int alpha; /* 1 = four bytes a pixel, 0 = three */
  void (*row)(const void *ud, int y, unsigned char *out);
  const void *ud;
};

/* 0 or -1; *out comes from malloc. */
int image_png(gdImagePtr im, unsigned char **out, size_t *n);
int image_png_rows(const struct image_rows *rows, unsigned char **out,
                   size_t *n);

#endif
