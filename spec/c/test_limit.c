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

/* Slowed down -------------------------------------------------------------- */

static size_t taken_in(struct mj__bucket *b, int64_t from, int64_t to) {
  size_t n = 0;
  while (from < to) {
    int64_t wait = mj__bucket_wait(b, from);
    if (wait > 0) {
      from += wait;
    } else {
      mj__bucket_take(b, from);
      n++;
    }
  }
  return n;
}

static void pace_is(const struct mj__bucket *b, int64_t now, double want) {
  double pace = mj__bucket_pace(b, now);
  if (fabs(pace - want) > want / 1000)
    fail_msg("%g a minute at %lld, not %g", pace, (long long)now, want);
}

static void waits_asks_and_goes_on_with_less(void **state) {
  struct mj__bucket b;
  (void)state;
  mj__bucket_init(&b, 6000, 10);
  assert_true(mj__bucket_pace(&b, 1000) == 0);
  assert_int_equal(taken_in(&b, 1000, 2000), 109);
  mj__bucket_slow(&b, 7000, 1900, 2000);
  assert_int_equal(mj__bucket_wait(&b, 2000), 5000);
  assert_int_equal(mj__bucket_wait(&b, 6999), 1);
  assert_int_equal(taken_in(&b, 2000, 7000), 0);
  /* one a second, as long as nothing is heard */
  pace_is(&b, 7000, 60);
  assert_int_equal(taken_in(&b, 7000, 7001), 1);
  assert_int_equal(mj__bucket_wait(&b, 7001), 999);
  assert_int_equal(taken_in(&b, 7001, 10001), 3);
  /* what left before it was told so says nothing */
  mj__bucket_good(&b, 1999, 10100);
  assert_true(mj__bucket_wait(&b, 10100) > 0);
  mj__bucket_good(&b, 10000, 10100);
  pace_is(&b, 10100, 4200);
  /* from 70 %, 2 % more of the whole each second, and no burst */
  assert_in_range(taken_in(&b, 10100, 11100), 70, 73);
  pace_is(&b, 11100, 4320);
  pace_is(&b, 20100, 5400);
  assert_true(mj__bucket_pace(&b, 25099) > 0);
  assert_true(mj__bucket_pace(&b, 25100) == 0);
  (void)taken_in(&b, 11100, 30000);
  assert_in_range(taken_in(&b, 30000, 40000), 999, 1001);
}

static void told_at_once_is_told_once(void **state) {
  struct mj__bucket b;
  int i;
  (void)state;
  mj__bucket_init(&b, 6000, 1);
  for (i = 0; i < 50; i++) /* all of them left before the first was answered */
    mj__bucket_slow(&b, 3000 + i, 1000, 2000 + i);
  assert_int_equal(mj__bucket_wait(&b, 3000), 49);
  mj__bucket_take(&b, 3049);
  mj__bucket_good(&b, 3049, 3100);
  pace_is(&b, 3100, 4200);
  /* the news of one that left since counts again: 0.7 of what it was */
  mj__bucket_slow(&b, 0, 3110, 8100); /* nothing was said of how long */
  assert_int_equal(mj__bucket_wait(&b, 8100), 1000);
  mj__bucket_take(&b, 9100);
  mj__bucket_good(&b, 9100, 9200);
  pace_is(&b, 9200, 6000 * 0.8 * 0.7);
  /* an older pause is not made shorter */
  mj__bucket_slow(&b, 60000, 9300, 9400);
  mj__bucket_slow(&b, 20000, 9500, 9600);
  assert_int_equal(mj__bucket_wait(&b, 9600), 50400);
}

static void never_slower_than_a_probe(void **state) {
  static const double rates[] = {70000, 600, 61, 30, 1};
  size_t k;
  (void)state;
  for (k = 0; k < COUNT(rates); k++) {
    struct mj__bucket b;
    int64_t now = 1000, i;
    double least = rates[k] > 120 ? 60 : rates[k] / 2;
    mj__bucket_init(&b, rates[k], 0);
    for (i = 0; i < 100; i++) {
      mj__bucket_slow(&b, 0, now, now);
      now += 1 + mj__bucket_wait(&b, now + 1);
      mj__bucket_take(&b, now);
      mj__bucket_good(&b, now, now);
    }
    assert_true(mj__bucket_pace(&b, now) > least * 0.99);
    assert_true(mj__bucket_pace(&b, now + 51000) == 0); /* and comes back */
  }
}

/* Where there is no limit, the rate is what was seen. */
static void no_limit_is_slowed_too(void **state) {
  struct mj__bucket b;
  int64_t t;
  (void)state;
  mj__bucket_init(&b, 0, 0);
  for (t = 100000; t < 125000; t += 10) /* 6,000 a minute */
    mj__bucket_take(&b, t);
  mj__bucket_slow(&b, 126000, 124990, 125000);
  assert_int_equal(mj__bucket_wait(&b, 125000), 1000);
  mj__bucket_take(&b, 126000);
  mj__bucket_good(&b, 126000, 126020);
  pace_is(&b, 126020, 4200);
  assert_in_range(taken_in(&b, 126020, 127020), 66, 73); /* whole ms */
  pace_is(&b, 131020, 4800);
  assert_true(mj__bucket_pace(&b, 141020) == 0);
  assert_int_equal(mj__bucket_wait(&b, 141020), 0);
  mj__bucket_take(&b, 141020);
  assert_int_equal(mj__bucket_wait(&b, 141020), 0); /* none again */
}

static void another_rate_meanwhile(void **state) {
  struct mj__bucket b;
  (void)state;
  mj__bucket_init(&b, 6000, 1);
  mj__bucket_slow(&b, 5000, 1000, 2000);
  mj__bucket_retune(&b, 600, 2500);
  assert_int_equal(mj__bucket_wait(&b, 2500), 2500);
  mj__bucket_take(&b, 5000);
  assert_int_equal(mj__bucket_wait(&b, 5000), 1000); /* it asks still */
  mj__bucket_good(&b, 5000, 5100);
  pace_is(&b, 5100, 420);
  mj__bucket_retune(&b, 0, 5100);
  pace_is(&b, 5100, 420); /* of the rate that it had */
  assert_true(mj__bucket_pace(&b, 20100) == 0);
  mj__bucket_take(&b, 20100);
  assert_int_equal(mj__bucket_wait(&b, 20100), 0);
}

/* Whatever it is told and whenever: no minute has more than rate and burst. */
static void exact_while_slowed(void **state) {
  uint32_t seed = 7;
  size_t round;
  (void)state;
  for (round = 0; round < 40; round++) {
    struct mj__bucket b;
    int64_t now = 5000, left = 0;
    size_t n = 0;
    mj__bucket_init(&b, 601, 0);
    while (now < 400000 && n < MOST) {
      int64_t wait = mj__bucket_wait(&b, now);
      uint32_t dice = next_random(&seed) % (400 + 50 * (uint32_t)round);
      if (wait == 0) {
        mj__bucket_take(&b, now);
        taken[n++] = left = now;
      } else if (wait > 1) {
        assert_true(mj__bucket_wait(&b, now + wait - 1) > 0);
      }
      if (dice == 0)
        mj__bucket_slow(&b, now + next_random(&seed) % 9000, left, now);
      else if (dice == 1)
        mj__bucket_slow(&b, now, left, now);
      else if (dice % 2)
        mj__bucket_good(&b, left, now);
      now += wait == 0 || dice == 0 ? 1 + dice % 40 : wait;
    }
    assert_true(n > 601 * 2);
    assert_in_range(busiest_minute(n), 300, 601 + 15);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(never_more_than_rate_and_burst),
      cmocka_unit_test(burst_at_once),
      cmocka_unit_test(default_burst),
      cmocka_unit_test(no_limit),
      cmocka_unit_test(odd_rates),
      cmocka_unit_test(pauses),
      cmocka_unit_test(waits_asks_and_goes_on_with_less),
      cmocka_unit_test(told_at_once_is_told_once),
      cmocka_unit_test(never_slower_than_a_probe),
      cmocka_unit_test(no_limit_is_slowed_too),
      cmocka_unit_test(another_rate_meanwhile),
      cmocka_unit_test(exact_while_slowed),
  };
  return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
