/* SPDX-License-Identifier: MIT
   test_limit.c - the token bucket's promise, counted by hand. */
#include "test.h"

#include <math.h>

#include "limit.h"

enum { MOST = 400000 };
static int64_t taken[MOST];

/* Takes whenever a token is there, at random times; returns how many. */
static size_t run(struct mj__bucket *b, int64_t from, int64_t to, uint32_t most,
                  uint32_t *seed) {
  int64_t now = from;
  size_t n = 0;
  while (now < to && n < MOST) {
    int64_t wait = mj__bucket_wait(b, now);
    assert_true(wait >= 0);
    if (wait == 0) {
      mj__bucket_take(b, now);
      taken[n++] = now;
      continue;
    }
    if (wait > 1) /* the wait is exact: not a millisecond earlier */
      assert_true(mj__bucket_wait(b, now + wait - 1) > 0);
    assert_true(mj__bucket_wait(b, now + wait) == 0);
    now += most ? 1 + next_random(seed) % most : wait;
  }
  return n;
}

static size_t busiest_minute(size_t n) {
  size_t i, k = 0, most = 0;
  for (i = 0; i < n; i++) {
    while (taken[i] - taken[k] > 60000)
      k++;
    if (i - k + 1 > most)
      most = i - k + 1;
  }
  return most;
}

static void never_more_than_rate_and_burst(void **state) {
  static const double rates[] = {0.5, 1, 7, 60, 601, 9500, 9999, 70000};
  static const int bursts[] = {0, 1, 5, 250};
  static const uint32_t gaps[] = {0, 3, 50, 4000};
  uint32_t seed = 99;
  size_t r, k, g;
  (void)state;
  for (r = 0; r < COUNT(rates); r++)
    for (k = 0; k < COUNT(bursts); k++)
      for (g = 0; g < COUNT(gaps); g++) {
        double burst = bursts[k] ? bursts[k] : floor(rates[r] / 40);
        struct mj__bucket b;
        size_t n, most;
        if (burst < 1)
          burst = 1;
        mj__bucket_init(&b, rates[r], bursts[k]);
        n = run(&b, 123456, 123456 + 250000, gaps[g], &seed);
        most = busiest_minute(n);
        if ((double)most > floor(rates[r]) + burst)
          fail_msg("rate %g, burst %g: %zu in a minute", rates[r], burst, most);
        /* and what is allowed is given, in 4 1/6 minutes; without a burst
           the clock's milliseconds get in the way */
        if (gaps[g] == 0 && rates[r] >= 60 && burst >= 5)
          assert_true((double)n > rates[r] * 4.1);
      }
}

static void burst_at_once(void **state) {
  struct mj__bucket b;
  int i;
  (void)state;
  mj__bucket_init(&b, 600, 5);
  for (i = 0; i < 5; i++) {
    assert_true(mj__bucket_wait(&b, 1000) == 0);
    mj__bucket_take(&b, 1000);
  }
  assert_true(mj__bucket_wait(&b, 1000) == 100);
  assert_true(mj__bucket_wait(&b, 1099) == 1);
  assert_true(mj__bucket_wait(&b, 1100) == 0);
  /* idle time gives the burst back, and no more than that */
  for (i = 0; i < 5; i++) {
    assert_true(mj__bucket_wait(&b, 900000) == 0);
    mj__bucket_take(&b, 900000);
  }
  assert_true(mj__bucket_wait(&b, 900000) == 100);
}

static void default_burst(void **state) {
  struct mj__bucket b;
  int i;
  (void)state;
  mj__bucket_init(&b, 400, 0); /* a fortieth */
  for (i = 0; i < 10; i++) {
    assert_true(mj__bucket_wait(&b, 5) == 0);
    mj__bucket_take(&b, 5);
  }
  assert_true(mj__bucket_wait(&b, 5) == 150);
  mj__bucket_init(&b, 3, 0); /* at least 1 */
  assert_true(mj__bucket_wait(&b, 5) == 0);
  mj__bucket_take(&b, 5);
  assert_true(mj__bucket_wait(&b, 5) == 20000);
}

static void no_limit(void **state) {
  struct mj__bucket b;
  int i;
  (void)state;
  mj__bucket_init(&b, 0, 0);
  for (i = 0; i < 10000; i++) {
    assert_true(mj__bucket_wait(&b, 7) == 0);
    mj__bucket_take(&b, 7);
  }
  mj__bucket_pause(&b, 100);
  assert_true(mj__bucket_wait(&b, 7) == 93);
}

static void odd_rates(void **state) {
  static const double rates[] = {1e-30, 1e-9, 1e9, 1e30, INFINITY};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rates); i++) {
    struct mj__bucket b;
    mj__bucket_init(&b, rates[i], 0);
    assert_true(mj__bucket_wait(&b, 1000) == 0);
    mj__bucket_take(&b, 1000);
    assert_true(b.period_us > 0 && b.tat_us > 0);
    if (rates[i] < 1)
      assert_true(mj__bucket_wait(&b, 1000) > 86400000);
  }
}

static void pauses(void **state) {
  struct mj__bucket b;
  (void)state;
  mj__bucket_init(&b, 600, 1);
  mj__bucket_pause(&b, 5000);
  mj__bucket_pause(&b, 3000); /* a shorter one takes nothing back */
  assert_true(mj__bucket_wait(&b, 1000) == 4000);
  assert_true(mj__bucket_wait(&b, 4999) == 1);
  assert_true(mj__bucket_wait(&b, 5000) == 0);
  mj__bucket_take(&b, 5000);
  mj__bucket_pause(&b, 5050); /* the later of the two counts */
  assert_true(mj__bucket_wait(&b, 5000) == 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(never_more_than_rate_and_burst),
      cmocka_unit_test(burst_at_once),
      cmocka_unit_test(default_burst),
      cmocka_unit_test(no_limit),
      cmocka_unit_test(odd_rates),
      cmocka_unit_test(pauses),
  };
  return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
