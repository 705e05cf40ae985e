/* SPDX-License-Identifier: MIT
   test_video.c - the videos, box by box and frame by frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <gd.h>

#include "image/draw.h"

struct file {
  unsigned char *p;
  size_t n;
};

static struct mj_picture_step step = {7, 2};

static struct file video(int width, int height, int variant, int high) {
  struct mj_picture picture;
  struct mj_video spec = {&picture, variant, high};
  struct file f = {NULL, 0};
  memset(&picture, 0, sizeof picture);
  picture.kind = MJ_PICTURE_TILE;
  picture.prompt = "black cat";
  picture.steps = &step;
  picture.nsteps = 1;
  picture.width = width;
  picture.height = height;
  assert_int_equal(mj_draw()->video(&spec, &f.p, &f.n), 0);
  return f;
}

static size_t be32(const unsigned char *p) {
  return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

static int named(const unsigned char *p, const char *name) {
  return memcmp(p + 4, name, 4) == 0;
}

/* Boxes with boxes in them, and what stands in front of those. */
static int inner(const unsigned char *p, size_t *skip) {
  static const struct {
    const char *name;
    size_t skip;
  } known[] = {{"moov", 8},  {"trak", 8},  {"mdia", 8},
               {"minf", 8},  {"dinf", 8},  {"stbl", 8},
               {"dref", 16}, {"stsd", 16}, {"mp4v", 86}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (named(p, known[i].name)) {
      *skip = known[i].skip;
      return 1;
    }
  return 0;
}

/* Walks all boxes; lengths have to add up exactly.  Notes their names. */
static void walk(const unsigned char *p, size_t n, char *seen, size_t size) {
  while (n > 0) {
    size_t len, skip;
    assert_true(n >= 8);
    len = be32(p);
    assert_in_range(len, 8, n);
    assert_true(strlen(seen) + 6 < size);
    memcpy(seen + strlen(seen), p + 4, 4);
    memcpy(seen + strlen(seen), " ", 1);
    if (inner(p, &skip)) {
      assert_true(len >= skip);
      walk(p + skip, len - skip, seen, size);
    }
    p += len;
    n -= len;
  }
}

/* The body of the box with this name, wherever it is. */
static const unsigned char *box(const unsigned char *p, size_t n,
                                const char *name) {
  const unsigned char *found = NULL;
  while (n > 0 && !found) {
    size_t len = be32(p), skip;
    if (named(p, name))
      return p + 8;
    if (inner(p, &skip))
      found = box(p + skip, len - skip, name);
    p += len;
    n -= len;
  }
  return found;
}

static void test_boxes(void **state) {
  struct file f = video(1456, 816, 0, 0);
  char seen[400] = {0};
  (void)state;
  walk(f.p, f.n, seen, sizeof seen);
  assert_string_equal(
      seen, "ftyp moov mvhd trak tkhd mdia mdhd hdlr minf vmhd dinf "
            "dref url  stbl stsd mp4v esds stts stsc stsz stco mdat ");
  assert_memory_equal(f.p + 8, "isom", 4);
  assert_true(f.n < 100000);
  /* lengths that the standard fixes */
  assert_int_equal(be32(box(f.p, f.n, "mvhd") - 8), 108);
  assert_int_equal(be32(box(f.p, f.n, "tkhd") - 8), 92);
  assert_int_equal(be32(box(f.p, f.n, "mdhd") - 8), 32);
  assert_int_equal(be32(box(f.p, f.n, "vmhd") - 8), 20);
  assert_int_equal(be32(box(f.p, f.n, "tkhd") + 76), 320u << 16);
  assert_int_equal(be32(box(f.p, f.n, "tkhd") + 80), 178u << 16);
  free(f.p);
}

static void test_descriptors(void **state) {
  struct file f = video(1024, 1024, 0, 0);
  const unsigned char *p = box(f.p, f.n, "esds");
  size_t left = be32(p - 8) - 12;
  (void)state;
  p += 4;
  assert_int_equal(p[0], 3); /* the ES, to the end of the box */
  assert_int_equal(p[1], left - 2);
  assert_int_equal(p[5], 4); /* in it the decoder ... */
  assert_int_equal(p[6], 13);
  assert_int_equal(p[7], 0x6C);
  assert_int_equal(p[20], 6); /* ... and the sync layer */
  assert_int_equal(22u + p[21], left);
  free(f.p);
}

/* Each place holds a JPEG of its size that can be decoded, one after another
   up to the end. */
static void test_frames(void **state) {
  static const int sizes[][4] = {{1456, 816, 320, 178},
                                 {1024, 1024, 320, 320},
                                 {816, 1456, 178, 320},
                                 {4096, 64, 320, 32}};
  (void)state;
  for (int k = 0; k < 4; k++) {
    struct file f = video(sizes[k][0], sizes[k][1], k, k % 2);
    const unsigned char *stco = box(f.p, f.n, "stco");
    const unsigned char *stsz = box(f.p, f.n, "stsz");
    const unsigned char *mdat = box(f.p, f.n, "mdat");
    size_t next = (size_t)(mdat - f.p);
    assert_int_equal(be32(stco + 4), MJ_VIDEO_FRAMES);
    assert_int_equal(be32(stsz + 4), 0);
    assert_int_equal(be32(stsz + 8), MJ_VIDEO_FRAMES);
    for (size_t i = 0; i < MJ_VIDEO_FRAMES; i++) {
      size_t at = be32(stco + 8 + 4 * i), n = be32(stsz + 12 + 4 * i);
      assert_int_equal(at, next);
      assert_memory_equal(f.p + at, "\xff\xd8\xff", 3);
      assert_memory_equal(f.p + at + n - 2, "\xff\xd9", 2);
      gdImagePtr im = gdImageCreateFromJpegPtr((int)n, f.p + at);
      assert_non_null(im);
      assert_int_equal(gdImageSX(im), sizes[k][2]);
      assert_int_equal(gdImageSY(im), sizes[k][3]);
      gdImageDestroy(im);
      next = at + n;
    }
    assert_int_equal(next, f.n);
    free(f.p);
  }
}

static gdImagePtr frame(const struct file *f, size_t i) {
  size_t at = be32(box(f->p, f->n, "stco") + 8 + 4 * i);
  size_t n = be32(box(f->p, f->n, "stsz") + 12 + 4 * i);
  return gdImageCreateFromJpegPtr((int)n, f->p + at);
}

/* The mean difference of two frames, away from the words. */
static double difference(const struct file *f, size_t i, const struct file *g,
                         size_t j) {
  gdImagePtr a = frame(f, i), b = frame(g, j);
  double sum = 0;
  int n = 0;
  for (int y = 0; y < gdImageSY(a) * 3 / 4; y += 2)
    for (int x = 0; x < gdImageSX(a); x += 2, n++) {
      int p = gdImageGetPixel(a, x, y), q = gdImageGetPixel(b, x, y);
      sum += abs(gdTrueColorGetRed(p) - gdTrueColorGetRed(q)) +
             abs(gdTrueColorGetGreen(p) - gdTrueColorGetGreen(q)) +
             abs(gdTrueColorGetBlue(p) - gdTrueColorGetBlue(q));
    }
  gdImageDestroy(a);
  gdImageDestroy(b);
  return sum / n / 3;
}

static void test_motion(void **state) {
  struct file low[4], high;
  (void)state;
  for (int k = 0; k < 4; k++)
    low[k] = video(1024, 1024, k, 0);
  high = video(1024, 1024, 2, 1);
  for (int k = 0; k < 4; k++)
    assert_true(difference(&low[k], 0, &low[k], MJ_VIDEO_FRAMES - 1) > 1);
  assert_true(difference(&high, 0, &high, 7) >
              difference(&low[2], 0, &low[2], 7));
  for (int k = 0; k < 4; k++)
    for (int i = 0; i < k; i++)
      assert_true(low[k].n != low[i].n ||
                  memcmp(low[k].p, low[i].p, low[i].n) != 0);
  /* the same again */
  free(high.p);
  high = video(1024, 1024, 3, 0);
  assert_int_equal(high.n, low[3].n);
  assert_memory_equal(high.p, low[3].p, high.n);
  for (int k = 0; k < 4; k++)
    free(low[k].p);
  free(high.p);
}

static void test_bad_specs(void **state) {
  struct mj_picture picture;
  struct mj_video spec = {&picture, 4, 0};
  unsigned char *p = NULL;
  size_t n;
  (void)state;
  memset(&picture, 0, sizeof picture);
  picture.steps = &step;
  picture.nsteps = 1;
  picture.width = picture.height = 1024;
  assert_int_equal(mj_draw()->video(&spec, &p, &n), -1);
  spec.variant = 0;
  picture.width = 0;
  assert_int_equal(mj_draw()->video(&spec, &p, &n), -1);
  picture.width = 1024;
  picture.nsteps = 0;
  assert_int_equal(mj_draw()->video(&spec, &p, &n), -1);
  assert_null(p);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_boxes),     cmocka_unit_test(test_descriptors),
      cmocka_unit_test(test_frames),    cmocka_unit_test(test_motion),
      cmocka_unit_test(test_bad_specs),
  };
  return cmocka_run_group_tests_name("video", tests, NULL, NULL);
}
