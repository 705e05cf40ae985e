/* SPDX-License-Identifier: MIT
   test_image.c - the pictures, read back by libgd. */
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
  unsigned char *png;
  size_t n;
};

static struct mj_picture grid_of(struct mj_picture_step *step, uint64_t seed) {
  struct mj_picture p;
  memset(&p, 0, sizeof p);
  step->seed = seed;
  step->tile = 1;
  p.prompt = "black cat, cinematic lighting";
  p.steps = step;
  p.nsteps = 1;
  p.width = p.height = 1024;
  return p;
}

static struct file picture(const struct mj_picture *spec) {
  struct file f = {NULL, 0};
  assert_int_equal(mj_draw()->picture(spec, &f.png, &f.n), 0);
  return f;
}

static gdImagePtr decoded(const struct mj_picture *spec) {
  struct file f = picture(spec);
  gdImagePtr im = gdImageCreateFromPngPtr((int)f.n, f.png);
  assert_non_null(im);
  mj_draw()->free(f.png);
  return im;
}

/* The mean difference per channel of two rectangles, both seen as 32 by 32. */
static double difference(gdImagePtr a, int ax, int ay, int aw, int ah,
                         gdImagePtr b, int bx, int by, int bw, int bh) {
  double sum = 0;
  for (int i = 0; i < 32 * 32; i++) {
    int x = i % 32 * 2 + 1, y = i / 32 * 2 + 1;
    int p = gdImageGetPixel(a, ax + x * aw / 64, ay + y * ah / 64);
    int q = gdImageGetPixel(b, bx + x * bw / 64, by + y * bh / 64);
    sum += abs(gdTrueColorGetRed(p) - gdTrueColorGetRed(q)) +
           abs(gdTrueColorGetGreen(p) - gdTrueColorGetGreen(q)) +
           abs(gdTrueColorGetBlue(p) - gdTrueColorGetBlue(q));
  }
  return sum / (32 * 32 * 3);
}

static double tile_difference(gdImagePtr a, int tile, gdImagePtr b, int bw,
                              int bh) {
  int w = gdImageSX(a) / 2, h = gdImageSY(a) / 2, k = tile - 1;
  return difference(a, k % 2 * w, k / 2 * h, w, h, b, 0, 0, bw, bh);
}

static void test_four_tiles_differ(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 12; seed++) {
    struct mj_picture_step step;
    struct mj_picture spec = grid_of(&step, seed);
    gdImagePtr im = decoded(&spec);
    assert_int_equal(gdImageSX(im), 1024);
    assert_int_equal(gdImageSY(im), 1024);
    for (int a = 0; a < 4; a++)
      for (int b = a + 1; b < 4; b++)
        assert_true(difference(im, a % 2 * 512, a / 2 * 512, 512, 512, im,
                               b % 2 * 512, b / 2 * 512, 512, 512) > 25);
    gdImageDestroy(im);
  }
}

static void test_upscale_is_its_tile(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 4; seed++) {
    struct mj_picture_step step;
    struct mj_picture spec = grid_of(&step, seed);
    gdImagePtr grid, big;
    spec.prompt = NULL;
    grid = decoded(&spec);
    for (int tile = 1; tile <= 4; tile++) {
      spec.kind = MJ_PICTURE_TILE;
      step.tile = tile;
      big = decoded(&spec);
      for (int k = 1; k <= 4; k++) {
        double d = tile_difference(grid, k, big, 1024, 1024);
        if (k == tile)
          assert_true(d < 6);
        else
          assert_true(d > 25);
      }
      gdImageDestroy(big);
    }
    gdImageDestroy(grid);
  }
}

/* Four tiles, each nearer to the tile they vary than to its neighbours. */
static void test_variation_is_near_its_tile(void **state) {
  struct mj_picture_step steps[2] = {{5, 1}, {99, 0}};
  struct mj_picture spec = grid_of(steps, 5);
  gdImagePtr grid = decoded(&spec), varied;
  (void)state;
  steps[0].tile = 2;
  spec.nsteps = 2;
  spec.label = "V of 2";
  varied = decoded(&spec);
  for (int k = 0; k < 4; k++) {
    double to[5];
    for (int tile = 1; tile <= 4; tile++)
      to[tile] =
          difference(grid, (tile - 1) % 2 * 512, (tile - 1) / 2 * 512, 512, 512,
                     varied, k % 2 * 512, k / 2 * 512, 512, 512);
    assert_true(to[2] < to[1] && to[2] < to[3] && to[2] < to[4]);
  }
  gdImageDestroy(grid);
  gdImageDestroy(varied);
}

static void test_bytes_repeat(void **state) {
  struct mj_picture_step step;
  struct mj_picture spec = grid_of(&step, 7);
  struct file a = picture(&spec), b = picture(&spec), c;
  (void)state;
  assert_int_equal(a.n, b.n);
  assert_memory_equal(a.png, b.png, a.n);
  step.seed = 8;
  c = picture(&spec);
  assert_true(a.n != c.n || memcmp(a.png, c.png, a.n) != 0);
  for (size_t i = 0; i + 4 < a.n; i++) /* nothing that tells the time */
    assert_true(memcmp(a.png + i, "tIME", 4) && memcmp(a.png + i, "tEXt", 4));
  mj_draw()->free(a.png);
  mj_draw()->free(b.png);
  mj_draw()->free(c.png);
}

static void test_prompt_is_written(void **state) {
  static const char *const prompts[] = {"cat", "dog", "猫", "狗", "😀", "\xff"};
  struct mj_picture_step step;
  struct mj_picture spec = grid_of(&step, 7);
  struct file f[6];
  (void)state;
  for (int i = 0; i < 6; i++) {
    spec.prompt = prompts[i];
    f[i] = picture(&spec);
    for (int k = 0; k < i; k++)
      assert_true(f[i].n != f[k].n || memcmp(f[i].png, f[k].png, f[i].n) != 0);
  }
  for (int i = 0; i < 6; i++)
    mj_draw()->free(f[i].png);
}

static void test_sizes(void **state) {
  static const int sizes[][2] = {{1456, 816}, {816, 1456}, {32, 32},
                                 {33, 4095},  {4096, 64},  {2048, 2048}};
  struct mj_picture_step step;
  struct mj_picture spec = grid_of(&step, 7);
  char long_prompt[5000];
  (void)state;
  memset(long_prompt, 'w', sizeof long_prompt - 1);
  long_prompt[sizeof long_prompt - 1] = '\0';
  spec.prompt = long_prompt;
  spec.label = "a label";
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    spec.width = sizes[i][0];
    spec.height = sizes[i][1];
    gdImagePtr im = decoded(&spec);
    assert_int_equal(gdImageSX(im), sizes[i][0]);
    assert_int_equal(gdImageSY(im), sizes[i][1]);
    gdImageDestroy(im);
  }
}

static void test_preview_is_coarse_but_alike(void **state) {
  struct mj_picture_step step;
  struct mj_picture spec = grid_of(&step, 7);
  gdImagePtr whole = decoded(&spec), early, late;
  (void)state;
  spec.progress = 15;
  early = decoded(&spec);
  spec.progress = 93;
  late = decoded(&spec);
  double a = difference(whole, 0, 0, 1024, 900, early, 0, 0, 1024, 900);
  double b = difference(whole, 0, 0, 1024, 900, late, 0, 0, 1024, 900);
  assert_true(b < a && a < 30);
  gdImageDestroy(whole);
  gdImageDestroy(early);
  gdImageDestroy(late);
}

static void test_bad_specs(void **state) {
  struct mj_picture_step step;
  struct mj_picture good = grid_of(&step, 7), bad;
  unsigned char *png = NULL;
  size_t n;
  (void)state;
  bad = good;
  bad.width = 31;
  assert_int_equal(mj_draw()->picture(&bad, &png, &n), -1);
  bad = good;
  bad.height = 4097;
  assert_int_equal(mj_draw()->picture(&bad, &png, &n), -1);
  bad = good;
  bad.nsteps = 0;
  assert_int_equal(mj_draw()->picture(&bad, &png, &n), -1);
  bad = good;
  bad.kind = MJ_PICTURE_TILE;
  step.tile = 5;
  assert_int_equal(mj_draw()->picture(&bad, &png, &n), -1);
  assert_null(png);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_four_tiles_differ),
      cmocka_unit_test(test_upscale_is_its_tile),
      cmocka_unit_test(test_variation_is_near_its_tile),
      cmocka_unit_test(test_bytes_repeat),
      cmocka_unit_test(test_prompt_is_written),
      cmocka_unit_test(test_sizes),
      cmocka_unit_test(test_preview_is_coarse_but_alike),
      cmocka_unit_test(test_bad_specs),
  };
  return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
