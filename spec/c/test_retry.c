/* SPDX-License-Identifier: MIT
   test_retry.c - how long to wait, what a gateway asks for, and how many
   retries it gets. */
#include "test.h"

#include <math.h>

#include "retry.h"

/* Waits -------------------------------------------------------------------- */

static void bounds(void **state) {
  static const uint32_t extremes[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
  uint32_t seed = 3;
  int n, i;
  (void)state;
  for (n = 1; n < 80; n++) {
    int64_t d = n > 20 ? 30000 : (int64_t)500 << (n - 1);
    int64_t lo = INT64_MAX, hi = 0;
    if (d > 30000)
      d = 30000;
    for (i = 0; i < 2000; i++) {
      uint32_t r = i < 5 ? extremes[i] : next_random(&seed);
      int64_t w = mj__retry_wait(n, 500, 30000, -1, r);
      assert_in_range(w, 0, d);
      lo = w < lo ? w : lo;
      hi = w > hi ? w : hi;
    }
    assert_true(lo == 0);         /* jitter fills the range, */
    assert_true(hi > d - d / 20); /* or else waiters come together */
  }
  assert_true(mj__retry_wait(0, 1000, 60000, -1, 1000) == 1000);
  assert_true(mj__retry_wait(1, 60000, 1000, -1, 1000) == 1000); /* the cap */
  assert_true(mj__retry_wait(1000000, 1, INT64_MAX / 4, -1, 7) == 7);
}

/* The largest distance between the sample and the even distribution, times the
   root of n: above 1.63 once in a hundred times by chance. */
static double ks(int64_t *w, size_t n, int64_t most) {
  double d = 0;
  size_t i, k;
  for (i = 1; i < n; i++) /* shell sort is enough */
    for (k = i; k > 0 && w[k] < w[k - 1]; k--) {
      int64_t t = w[k];
      w[k] = w[k - 1];
      w[k - 1] = t;
    }
  for (i = 0; i < n; i++) {
    double f = ((double)w[i] + 0.5) / (double)(most + 1);
    double a = fabs(f - (double)i / (double)n);
    double b = fabs(f - (double)(i + 1) / (double)n);
    d = a > d ? a : d;
    d = b > d ? b : d;
  }
  return d * sqrt((double)n);
}

static void waits_are_spread_and_no_comb(void **state) {
  enum { N = 2000 };
  static int64_t w[N];
  uint32_t seed = 20261;
  double worst = 0;
  int n, i;
  (void)state;
  for (n = 1; n <= 8; n++) {
    int64_t most = (int64_t)500 << (n - 1);
    double d;
    if (most > 20000)
      most = 20000;
    for (i = 0; i < N; i++)
      w[i] = mj__retry_wait(n, 500, 20000, -1, next_random(&seed));
    d = ks(w, N, most);
    worst = d > worst ? d : worst;
  }
  /* those who were told to come back in a minute */
  for (i = 0; i < N; i++)
    w[i] = mj__retry_wait(4, 1000, 20000, 60000, next_random(&seed)) - 60000;
  (void)printf("KS: %.2f for waits, %.2f after a retry-after (1.63 = 1 %%)\n",
               worst, ks(w, N, 5000));
  assert_true(worst < 1.63);
  assert_true(ks(w, N, 5000) < 1.63);
  for (i = 0; i < N; i++) /* and a comb is seen */
    w[i] = i % 4 * 500;
  assert_true(ks(w, N, 2000) > 5);
}

static void what_the_gateway_asks_for(void **state) {
  (void)state;
  assert_true(mj__retry_wait(1, 500, 30000, 0, 400) == 400);
  assert_true(mj__retry_wait(1, 500, 30000, 399, 400) == 400);
  assert_true(mj__retry_wait(1, 500, 30000, 7000, 0) == 7000);
  assert_true(mj__retry_wait(1, 500, 30000, 7000, 500) == 7500);
  assert_true(mj__retry_wait(9, 500, 30000, 60000, 5000) == 65000);
  assert_true(mj__retry_wait(9, 500, 30000, 60000, 5001) == 60000);
  assert_true(mj__retry_wait(9, 500, 30000, INT64_MAX, 77) == INT64_MAX);
}

/* Retry-After -------------------------------------------------------------- */

/* 1994-11-06T08:49:37Z is 784111777. */
#define THEN INT64_C(784111777000)
#define YEAR INT64_C(31536000000)

static const struct {
  const char *text;
  int64_t ms;
} said[] = {
    {"5", 5000},
    {"0", 0},
    {" 120 ", 120000},
    {"\t7", 7000},
    {"1.5", 1500},
    {"0.25", 250},
    {"2.0009", 2000},
    {"0000000000000000000005", 5000},
    {"86400", 86400000},
    {"1000000000", YEAR},
    {"999999999999999", YEAR},
    {"9999999999999999", YEAR},
    {"99999999999999999999999999999", YEAR},
    {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
    {"Sun, 06 Nov 1994 08:49:42 GMT", 5000},
    {"Sun, 06 Nov 1994 08:49:42", 5000},
    {"Sun, 06 Nov 1994 08:49:42 UTC", 5000},
    {"sun, 6 nov 1994 08:49:42 GMT", 5000},
    {"Sunday, 06-Nov-94 08:50:37 GMT", 60000},
    {"Sun Nov  6 08:50:37 1994", 60000},
    {"Sun Nov 16 08:49:37 1994", 864000000},
    {"Mon, 07 Nov 1994 08:49:37 GMT", 86400000},
    {"Mon, 28 Feb 2028 00:00:00 GMT", YEAR},
    {"Sun, 06 Nov 1994 08:49:36 GMT", 0},
    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
    {"Thu, 01 Jan 0000 00:00:00 GMT", YEAR}, /* two digits: 2000 */
    {"Thu, 01 Jan 1900 00:00:00 GMT", 0},
    {"-1", -1},
    {"+5", -1},
    {"1e9", -1},
    {"5 seconds", -1},
    {"5s", -1},
    {"1.", -1},
    {".5", -1},
    {"0x10", -1},
    {"", -1},
    {" ", -1},
    {"soon", -1},
    {"NaN", -1},
    {"5, 10", -1},
    {"Sun, 06 Nov 1994", -1},
    {"Sun, 06 Foo 1994 08:49:37 GMT", -1},
    {"Sun, 32 Nov 1994 08:49:37 GMT", -1},
    {"Sun, 00 Nov 1994 08:49:37 GMT", -1},
    {"Sun, 06 Nov 1994 24:49:37 GMT", -1},
    {"Sun, 06 Nov 1994 08:60:37 GMT", -1},
    {"Sun, 06 Nov 1994 08:49:61 GMT", -1},
    {"Sun, 06 Nov 1994 08:49 GMT", -1},
    {"Sun, 06 Nov 1994 08:49:37 PST", -1},
    {"Sun, 06 Nov 19944 08:49:37 GMT", -1},
    {"Sun, No", -1},
    {"Sun Nov", -1},
    {"Sun Nov  6 08:49:37", -1},
};

static void forms(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(said); i++) {
    int64_t ms = mj__retry_after(said[i].text, 0, THEN);
    if (ms != said[i].ms)
      fail_msg("\"%s\": %lld, not %lld", said[i].text, (long long)ms,
               (long long)said[i].ms);
  }
}

static void milliseconds(void **state) {
  (void)state;
  assert_true(mj__retry_after("1500", 1, THEN) == 1500);
  assert_true(mj__retry_after("1500.9", 1, THEN) == 1500);
  assert_true(mj__retry_after("0", 1, THEN) == 0);
  assert_true(mj__retry_after("99999999999999999999", 1, THEN) == YEAR);
  assert_true(mj__retry_after("Sun, 06 Nov 1994 08:49:42 GMT", 1, THEN) == -1);
  assert_true(mj__retry_after("-5", 1, THEN) == -1);
  assert_true(mj__retry_later(-1, 5) == 5 && mj__retry_later(9, 5) == 9);
}

/* Each day of 200 years, against a count of days. */
static void every_day(void **state) {
  static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int64_t days = 0;
  int year, month, day;
  (void)state;
  for (year = 1970; year < 2170; year++)
    for (month = 0; month < 12; month++) {
      int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
      for (day = 1; day <= lengths[month] + (month == 1 && leap); day++) {
        char text[64];
        (void)snprintf(text, sizeof text, "Xyz, %02d %s %d 00:00:01 GMT", day,
                       names[month], year);
        assert_true(mj__retry_after(text, 0, days * 86400000) == 1000);
        days++;
      }
    }
}

/* Any bytes: never out of bounds, never below -1 or beyond a year. */
static void garbage(void **state) {
  static const char letters[] = "0123456789 ,:-.eGMTSunNov\t+xX\x80\xff";
  uint32_t seed = 11;
  char text[64];
  int i, k, n, good = 0;
  (void)state;
  for (i = 0; i < 300000; i++) {
    int64_t ms;
    n = (int)(next_random(&seed) % 40);
    if (i % 2) { /* a good one with a byte changed */
      (void)snprintf(text, sizeof text, "Sun, 06 Nov 1994 08:49:%02d GMT",
                     i % 61);
      text[next_random(&seed) % strlen(text)] =
          letters[next_random(&seed) % (sizeof letters - 1)];
    } else {
      for (k = 0; k < n; k++)
        text[k] = letters[next_random(&seed) % (sizeof letters - 1)];
      text[n] = '\0';
    }
    ms = mj__retry_after(text, i % 3 == 0, THEN);
    assert_true(ms >= -1 && ms <= YEAR);
    good += ms >= 0;
  }
  assert_in_range(good, 1000, 250000);
}

/* Quota -------------------------------------------------------------------- */

static int may(struct mj__quota *q, int cost, int64_t now) {
  return mj__quota_take(q, &cost, now);
}

static void while_all_fails(void **state) {
  struct mj__quota q;
  int64_t now;
  int n = 0;
  (void)state;
  mj__quota_init(&q);
  while (may(&q, MJ__QUOTA_TROUBLE, 5000) && n < 1000)
    n++;
  assert_int_equal(n, MJ__QUOTA_MOST / MJ__QUOTA_TROUBLE + 1); /* and a probe */
  n = 0;
  for (now = 5001; now <= 65000; now++)
    n += may(&q, MJ__QUOTA_TROUBLE, now);
  assert_int_equal(n, 60); /* one a second */
}

static void slowed_down_costs_less(void **state) {
  struct mj__quota q;
  int n = 0;
  (void)state;
  mj__quota_init(&q);
  while (may(&q, MJ__QUOTA_BUSY, 5000) && n < 1000)
    n++;
  assert_int_equal(n, MJ__QUOTA_MOST / MJ__QUOTA_BUSY + 1);
}

static void a_good_answer_opens_it_again(void **state) {
  struct mj__quota q;
  int round, i, n = 1;
  (void)state;
  mj__quota_init(&q);
  while (may(&q, MJ__QUOTA_TROUBLE, 5000))
    ;
  assert_true(may(&q, MJ__QUOTA_TROUBLE, 6000)); /* the probe */
  for (round = 0; round < 5; round++) { /* each round trip twice as many */
    int next = 0;
    for (i = 0; i < n; i++)
      mj__quota_good(&q, MJ__QUOTA_TROUBLE);
    while (may(&q, MJ__QUOTA_TROUBLE, 6000))
      next++;
    assert_int_equal(next, 2 * n);
    n = next;
  }
  for (i = 0; i < 2000; i++)
    mj__quota_good(&q, 0);
  assert_int_equal(q.left, MJ__QUOTA_MOST); /* and no more */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bounds),
      cmocka_unit_test(waits_are_spread_and_no_comb),
      cmocka_unit_test(what_the_gateway_asks_for),
      cmocka_unit_test(forms),
      cmocka_unit_test(milliseconds),
      cmocka_unit_test(every_day),
      cmocka_unit_test(garbage),
      cmocka_unit_test(while_all_fails),
      cmocka_unit_test(slowed_down_costs_less),
      cmocka_unit_test(a_good_answer_opens_it_again),
  };
  return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
