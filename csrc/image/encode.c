/* SPDX-License-Identifier: MIT
   encode.c - PNG through libpng itself: libgd's own writer tries every filter
   on every row and takes three times as long.  No chunk depends on the time. */
#include "encode.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL 2 /* level 6 takes three times as long for a fifth less */

struct sink {
  unsigned char *p;
  size_t n, cap;
};

static void sink_write(png_structp png, png_bytep data, size_t n) {
  struct sink *s = png_get_io_ptr(png);
  if (s->n + n > s->cap) {
    size_t cap = s->cap * 2 + n + 65536;
    unsigned char *p = realloc(s->p, cap);
    if (!p)
      png_error(png, "out of memory");
    s->p = p;
    s->cap = cap;
  }
  memcpy(s->p + s->n, data, n);
  s->n += n;
}

static void sink_flush(png_structp png) {
  (void)png;
}

static void quiet(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

/* libpng reports by longjmp: nothing that changes lives in this function, and
   `rows` calls nothing of libpng's. */
static int encode(png_structp png, png_infop info,
                  const struct image_rows *rows, unsigned char *row,
                  struct sink *s) {
  if (setjmp(png_jmpbuf(png)))
    return -1;
  png_set_write_fn(png, s, sink_write, sink_flush);
  png_set_IHDR(png, info, (png_uint_32)rows->width, (png_uint_32)rows->height,
               8, rows->alpha ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(png, LEVEL);
  png_set_filter(png, 0, PNG_FILTER_UP);
  png_write_info(png, info);
  for (int y = 0; y < rows->height; y++) {
    rows->row(rows->ud, y, row);
    png_write_row(png, row);
  }
  png_write_end(png, info);
  return 0;
}

int image_png_rows(const struct image_rows *rows, unsigned char **out,
                   size_t *n) {
  struct sink s = {NULL, 0, 0};
  png_structp png;
  png_infop info = NULL;
  unsigned char *row = malloc((size_t)rows->width * (rows->alpha ? 4 : 3));
  int rc = -1;
  png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, quiet);
  if (png)
    info = png_create_info_struct(png);
  if (row && info)
    rc = encode(png, info, rows, row, &s);
  png_destroy_write_struct(&png, &info);
  free(row);
  if (rc) {
    free(s.p);
    return -1;
  }
  *out = s.p;
  *n = s.n;
  return 0;
}

static void true_color_row(const void *ud, int y, unsigned char *out) {
  const gdImage *im = ud;
  const int *from = im->tpixels[y];
  for (int x = 0; x < gdImageSX(im); x++) {
    *out++ = (unsigned char)gdTrueColorGetRed(from[x]);
    *out++ = (unsigned char)gdTrueColorGetGreen(from[x]);
    *out++ = (unsigned char)gdTrueColorGetBlue(from[x]);
  }
}

int image_png(gdImagePtr im, unsigned char **out, size_t *n) {
  struct image_rows rows = {gdImageSX(im), gdImageSY(im), 0, true_color_row,
                            im};
  return image_png_rows(&rows, out, n);
}
