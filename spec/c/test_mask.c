/* SPDX-License-Identifier: MIT
   test_mask.c - heads of pictures, masks pixel by pixel, and holes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <gd.h>

#include "image/image.h"

/* Heads ------------------------------------------------------------------- */

struct file {
  const char *type;
  unsigned char *p;
  size_t n;
};

static gdImagePtr plain(int w, int h) {
  gdImagePtr im = gdImageCreateTrueColor(w, h);
  assert_non_null(im);
  gdImageFilledRectangle(im, 0, 0, w - 1, h - 1, gdTrueColor(10, 200, 30));
  return im;
}

/* A file of each type as libgd writes it, copied to a block of its own size so
   that a sanitizer sees a byte read behind it. */
static struct file written(int type, int w, int h) {
  static const char *const names[] = {"png", "jpeg", "webp", "webp", "gif"};
  gdImagePtr im = plain(w, h);
  int n = 0;
  void *p = NULL;
  if (type == 0)
    p = gdImagePngPtr(im, &n);
  else if (type == 1)
    p = gdImageJpegPtr(im, &n, 80);
  else if (type == 2)
    p = gdImageWebpPtrEx(im, &n, 80);
  else if (type == 3)
    p = gdImageWebpPtrEx(im, &n, gdWebpLossless);
  else
    p = gdImageGifPtr(im, &n);
  assert_non_null(p);
  struct file f = {names[type], malloc((size_t)n), (size_t)n};
  assert_non_null(f.p);
  memcpy(f.p, p, f.n);
  gdFree(p);
  gdImageDestroy(im);
  return f;
}

static void test_sizes(void **state) {
  static const int sizes[][2] = {{1, 1}, {300, 7}, {16, 1024}, {1456, 816}};
  (void)state;
  for (int type = 0; type < 5; type++)
    for (int i = 0; i < 4; i++) {
      struct file f = written(type, sizes[i][0], sizes[i][1]);
      struct image_info info;
      assert_int_equal(image_info(f.p, f.n, &info), 0);
      assert_string_equal(info.type, f.type);
      assert_int_equal(info.width, sizes[i][0]);
      assert_int_equal(info.height, sizes[i][1]);
      free(f.p);
    }
}

static void head(const char *bytes, size_t n, const char *type, int w, int h) {
  unsigned char *p = malloc(n);
  struct image_info info;
  assert_non_null(p);
  memcpy(p, bytes, n);
  int rc = image_info(p, n, &info);
  free(p);
  if (!type) {
    assert_int_equal(rc, -1);
    return;
  }
  assert_int_equal(rc, 0);
  assert_string_equal(info.type, type);
  assert_int_equal(info.width, w);
  assert_int_equal(info.height, h);
}

#define HEAD(bytes, type, w, h) head(bytes, sizeof bytes - 1, type, w, h)

static void test_heads(void **state) {
  (void)state;
  HEAD("RIFF\x30\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\xff\x02\0\x63\0\0", "webp",
       768, 100);
  HEAD("GIF87a\x2c\x01\xc8\0", "gif", 300, 200);
  HEAD("GIF88a\x2c\x01\xc8\0", NULL, 0, 0);
  HEAD("GIF87a\x2c\x01\0\0", NULL, 0, 0);
  /* padding, a marker without a length, a comment, then the frame */
  HEAD("\xff\xd8\xff\xff\x01\xff\xfe\0\4xx\xff\xc2\0\x11\x08\1\0\2\0", "jpeg",
       512, 256);
  HEAD("\xff\xd8\xff\xc4\0\x11\x08\1\0\2\0\0\0\0\0\0\0\0\0", NULL, 0, 0);
  HEAD("\xff\xd8\xff\xe0\0\1xxxxxxxxx", NULL, 0, 0); /* a length below 2 */
  HEAD("\xff\xd8\xff\xda\0\x11\x08\1\0\2\0", NULL, 0, 0);
  HEAD("\xff\xd8\xff\xe0\xff\xff\x08\1\0\2\0", NULL, 0, 0);
  HEAD("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x80\0\0\0\0\0\0\1", NULL, 0, 0);
  HEAD("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\1", NULL, 0, 0);
  HEAD("<svg width='5' height='5'/>      ", NULL, 0, 0);
  head("", 0, NULL, 0, 0);
}

static uint32_t next(uint32_t *seed) {
  *seed ^= *seed << 13;
  *seed ^= *seed >> 17;
  *seed ^= *seed << 5;
  return *seed;
}

/* Cut off at every byte, and with bits turned over: an answer, or none, and
   never a byte from outside. */
static void test_hostile_heads(void **state) {
  uint32_t seed = 2463534242u;
  unsigned answers = 0;
  (void)state;
  for (int type = 0; type < 5; type++) {
    struct file f = written(type, 40, 30);
    size_t most = f.n < 700 ? f.n : 700;
    for (size_t n = 0; n < most; n++) {
      struct image_info info;
      unsigned char *p = malloc(n ? n : 1);
      assert_non_null(p);
      memcpy(p, f.p, n);
      image_info(p, n, &info);
      for (int flips = 0; n && flips < 40; flips++) {
        p[next(&seed) % n] ^= (unsigned char)(1u << next(&seed) % 8);
        if (!image_info(p, n, &info)) {
          answers++;
          assert_non_null(info.type);
          assert_in_range(info.width, 1, INT32_MAX);
          assert_in_range(info.height, 1, INT32_MAX);
        }
      }
      free(p);
    }
    free(f.p);
  }
  assert_true(answers > 500);
}

/* Masks ------------------------------------------------------------------- */

static struct mask mask_of(int w, int h) {
  struct mask m = {calloc((size_t)w, (size_t)h), w, h};
  assert_non_null(m.p);
  return m;
}

static void shows(struct mask *m, const char *const *rows) {
  for (int y = 0; y < m->height; y++)
    for (int x = 0; x < m->width; x++)
      if (m->p[y * m->width + x] != (rows[y][x] == '#'))
        fail_msg("pixel %d, %d is %d", x, y, m->p[y * m->width + x]);
  memset(m->p, 0, (size_t)m->width * (size_t)m->height);
}

static void test_shapes(void **state) {
  static const char *const rect[] = {"......", ".###..", ".###..", "......"};
  static const char *const disc[] = {".##...", "####..", "####..", ".##..."};
  static const char *const steps[] = {"......", "#.....", "##....", "###..."};
  static const char *const frame[] = {"######", "#...##", "#...##", "######"};
  double cut[16];
  struct mask m = mask_of(6, 4);
  (void)state;
  mask_rect(&m, 1, 1, 3, 2);
  shows(&m, rect);
  mask_rect(&m, 0.6, 0.6, 3.3, 2); /* centres at .5: the same pixels */
  shows(&m, rect);
  mask_ellipse(&m, 2, 2, 2, 2);
  shows(&m, disc);
  mask_polygon(&m, (const double[]){0, 0, 4, 4, 0, 4}, 3, cut);
  shows(&m, steps);
  /* in and out again: what is inside twice is outside */
  mask_polygon(&m, (const double[]){0, 0, 6, 0, 6, 4, 0, 4, 0, 0,
                                    1, 1, 1, 3, 4, 3, 4, 1, 1, 1},
               10, cut);
  shows(&m, frame);
  mask_rect(&m, 1, 1, 3, 2);
  mask_invert(&m);
  assert_int_equal(mask_count(&m), 18);
  shows(&m, frame);
  free(m.p);
}

static void test_far_shapes(void **state) {
  double cut[4];
  struct mask m = mask_of(6, 4);
  (void)state;
  mask_rect(&m, -1e300, -1e300, 1e299, 1e299);
  mask_rect(&m, 7, 0, 1e300, 4);
  mask_ellipse(&m, 1e300, 1e300, 1, 1);
  mask_polygon(&m, (const double[]){1e300, 1e300, 2e300, 1e300, 1e300, 2e300},
               3, cut);
  assert_int_equal(mask_count(&m), 0);
  mask_rect(&m, -1e300, -1e300, 2e300, 2e300);
  assert_int_equal(mask_count(&m), 24);
  free(m.p);
}

static void test_mask_png(void **state) {
  struct mask m = mask_of(33, 17);
  unsigned char *png;
  size_t n;
  (void)state;
  mask_rect(&m, 5, 6, 7, 8);
  assert_int_equal(mask_png(&m, &png, &n), 0);
  gdImagePtr im = gdImageCreateFromPngPtr((int)n, png);
  assert_non_null(im);
  assert_true(gdImageTrueColor(im));
  for (int y = 0; y < 17; y++)
    for (int x = 0; x < 33; x++)
      assert_int_equal(gdImageGetPixel(im, x, y),
                       m.p[y * 33 + x] ? 0xFFFFFF : 0);
  assert_true(image_white(png, n) == 56.0 / (33 * 17));
  gdImageDestroy(im);
  free(png);
  free(m.p);
}

/* Holes ------------------------------------------------------------------- */

static void test_cut(void **state) {
  struct mask m = mask_of(40, 30);
  unsigned char *hole, *png;
  size_t hole_n, n;
  (void)state;
  mask_rect(&m, 10, 0, 10, 30);
  assert_int_equal(mask_png(&m, &hole, &hole_n), 0);
  for (int type = 0; type < 5; type++) {
    struct file f = written(type, 40, 30);
    assert_int_equal(image_cut(f.p, f.n, hole, hole_n, &png, &n), IMAGE_OK);
    gdImagePtr im = gdImageCreateFromPngPtr((int)n, png);
    assert_non_null(im);
    for (int y = 0; y < 30; y++)
      for (int x = 0; x < 40; x++) {
        int p = gdImageGetPixel(im, x, y);
        assert_int_equal(gdTrueColorGetAlpha(p),
                         x >= 10 && x < 20 ? gdAlphaMax : 0);
        if (x < 10 || x >= 20) {
          assert_in_range(gdTrueColorGetGreen(p), 190, 210);
          assert_in_range(gdTrueColorGetRed(p), 0, 20);
        }
      }
    gdImageDestroy(im);
    free(png);
    free(f.p);
  }
  free(hole);
  free(m.p);
}

/* A mask drawn in an editor: a palette, and nothing where nothing was drawn. */
static void test_transparent_mask(void **state) {
  gdImagePtr im = gdImageCreateTrueColor(8, 8);
  int n;
  (void)state;
  gdImageAlphaBlending(im, 0);
  gdImageSaveAlpha(im, 1);
  gdImageFilledRectangle(im, 0, 0, 7, 7,
                         gdTrueColorAlpha(255, 255, 255, gdAlphaMax));
  void *p = gdImagePngPtr(im, &n);
  assert_true(image_white(p, (size_t)n) == 0);
  gdFree(p);
  gdImageFilledRectangle(im, 0, 0, 3, 7, gdTrueColor(250, 250, 250));
  p = gdImagePngPtr(im, &n);
  assert_true(image_white(p, (size_t)n) == 0.5);
  gdFree(p);
  gdImageDestroy(im);
  im = gdImageCreate(8, 8);
  gdImageColorAllocate(im, 0, 0, 0);
  gdImageFilledRectangle(im, 0, 0, 7, 0,
                         gdImageColorAllocate(im, 255, 255, 255));
  p = gdImagePngPtr(im, &n);
  assert_true(image_white(p, (size_t)n) == 0.125);
  gdFree(p);
  gdImageDestroy(im);
}

static void test_cannot_cut(void **state) {
  struct file a = written(0, 8, 8), b = written(0, 8, 9);
  unsigned char *png = NULL;
  size_t n;
  (void)state;
  assert_int_equal(image_cut(a.p, a.n, b.p, b.n, &png, &n), IMAGE_SIZES);
  assert_int_equal(image_cut(a.p, a.n, b.p, b.n - 30, &png, &n), IMAGE_MASK);
  assert_int_equal(image_cut("x", 1, b.p, b.n, &png, &n), IMAGE_PICTURE);
  assert_null(png);
  /* a few bytes that claim to be 60,000 by 60,000 pixels */
  memcpy(a.p + 16, "\0\0\xea\x60\0\0\xea\x60", 8);
  assert_true(image_white(a.p, a.n) < 0);
  assert_true(image_white("", 0) < 0);
  free(a.p);
  free(b.p);
}

/* Whole files with errors in them, decoded. */
static void test_hostile_files(void **state) {
  uint32_t seed = 88172645u;
  (void)state;
  for (int type = 0; type < 5; type++)
    for (int i = 0; i < 60; i++) {
      struct file f = written(type, 24, 16);
      size_t n = f.n - next(&seed) % (f.n / 2);
      for (int k = 0; k < 3; k++) /* behind most heads: the size stays */
        f.p[n / 3 + next(&seed) % (n - n / 3)] ^= (unsigned char)(1u << k);
      image_white(f.p, n);
      free(f.p);
    }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sizes),
      cmocka_unit_test(test_heads),
      cmocka_unit_test(test_hostile_heads),
      cmocka_unit_test(test_shapes),
      cmocka_unit_test(test_far_shapes),
      cmocka_unit_test(test_mask_png),
      cmocka_unit_test(test_cut),
      cmocka_unit_test(test_transparent_mask),
      cmocka_unit_test(test_cannot_cut),
      cmocka_unit_test(test_hostile_files),
  };
  return cmocka_run_group_tests_name("mask", tests, NULL, NULL);
}
