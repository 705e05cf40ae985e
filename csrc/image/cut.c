/* SPDX-License-Identifier: MIT
   cut.c - a picture with a hole where its mask is white: what /submit/edits
   takes in place of picture and mask. */
#include "image.h"

#include "encode.h"

#include <limits.h>
#include <png.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void quiet(int priority, const char *fmt, va_list ap) {
  (void)priority;
  (void)fmt;
  (void)ap;
}

static gdImagePtr from_rgba(const unsigned char *rgba, int w, int h) {
  gdImagePtr im = gdImageCreateTrueColor(w, h);
  for (int y = 0; im && y < h; y++)
    for (int x = 0; x < w; x++, rgba += 4)
      im->tpixels[y][x] =
          gdTrueColorAlpha(rgba[0], rgba[1], rgba[2],
                           gdAlphaMax - (rgba[3] * gdAlphaMax + 127) / 255);
  return im;
}

/* Through libpng itself: libgd lets it write its warnings to stderr. */
static gdImagePtr decode_png(const void *data, size_t n) {
  png_image png;
  gdImagePtr im = NULL;
  unsigned char *rgba;
  memset(&png, 0, sizeof png);
  png.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&png, data, n))
    return NULL;
  png.format = PNG_FORMAT_RGBA;
  rgba = malloc(PNG_IMAGE_SIZE(png));
  if (rgba && png_image_finish_read(&png, NULL, rgba, 0, NULL))
    im = from_rgba(rgba, (int)png.width, (int)png.height);
  png_image_free(&png);
  free(rgba);
  return im;
}

/* The head is looked at first: a small file may claim to be very large. */
static gdImagePtr decode(const void *data, size_t n) {
  struct image_info info;
  gdImagePtr im = NULL;
  void *p = (void *)(uintptr_t)data;
  if (n > INT_MAX || image_info(data, n, &info) || info.width > MASK_MAX ||
      info.height > MASK_MAX ||
      (size_t)info.width * (size_t)info.height > MASK_PIXELS)
    return NULL;
  if (!strcmp(info.type, "png"))
    return decode_png(data, n);
  gdSetErrorMethod(quiet);
  if (!strcmp(info.type, "jpeg"))
    im = gdImageCreateFromJpegPtr((int)n, p);
  else if (!strcmp(info.type, "webp"))
    im = gdImageCreateFromWebpPtr((int)n, p);
  else
    im = gdImageCreateFromGifPtr((int)n, p);
  gdClearErrorMethod();
  if (im && !gdImageTrueColor(im) && !gdImagePaletteToTrueColor(im)) {
    gdImageDestroy(im);
    im = NULL;
  }
  return im;
}

/* What is transparent in a mask is drawn nowhere, so it is not white. */
static int is_white(int pixel) {
  return gdTrueColorGetAlpha(pixel) < gdAlphaMax / 2 &&
         gdTrueColorGetRed(pixel) + gdTrueColorGetGreen(pixel) +
                 gdTrueColorGetBlue(pixel) >=
             3 * 128;
}

struct cut {
  gdImagePtr picture, mask;
};

static void cut_row(const void *ud, int y, unsigned char *out) {
  const struct cut *c = ud;
  for (int x = 0; x < gdImageSX(c->picture); x++, out += 4) {
    int p = c->picture->tpixels[y][x];
    if (is_white(c->mask->tpixels[y][x])) {
      memset(out, 0, 4);
      continue;
    }
    out[0] = (unsigned char)gdTrueColorGetRed(p);
    out[1] = (unsigned char)gdTrueColorGetGreen(p);
    out[2] = (unsigned char)gdTrueColorGetBlue(p);
    out[3] = (unsigned char)(255 - gdTrueColorGetAlpha(p) * 255 / gdAlphaMax);
  }
}

static enum image_error cut(const struct cut *c, unsigned char **png,
                            size_t *n) {
  if (!c->picture)
    return IMAGE_PICTURE;
  if (!c->mask)
    return IMAGE_MASK;
  struct image_rows rows = {gdImageSX(c->picture), gdImageSY(c->picture), 1,
                            cut_row, c};
  if (gdImageSX(c->mask) != rows.width || gdImageSY(c->mask) != rows.height)
    return IMAGE_SIZES;
  return image_png_rows(&rows, png, n) ? IMAGE_MEMORY : IMAGE_OK;
}

enum image_error image_cut(const void *picture, size_t n, const void *mask,
                           size_t mask_n, unsigned char **png, size_t *png_n) {
  struct cut c = {decode(picture, n), decode(mask, mask_n)};
  enum image_error rc = cut(&c, png, png_n);
  if (c.picture)
    gdImageDestroy(c.picture);
  if (c.mask)
    gdImageDestroy(c.mask);
  return rc;
}

double image_white(const void *mask, size_t n) {
  gdImagePtr im = decode(mask, n);
  double white = 0, all;
  if (!im)
    return -1;
  for (int y = 0; y < gdImageSY(im); y++)
    for (int x = 0; x < gdImageSX(im); x++)
      white += is_white(im->tpixels[y][x]);
  all = (double)gdImageSX(im) * gdImageSY(im);
  gdImageDestroy(im);
  return white / all;
}
