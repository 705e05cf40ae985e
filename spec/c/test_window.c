/* SPDX-License-Identifier: MIT
   test_window.c - the window of live tasks: halves, grows by one, has a floor
   and a cap. */
#include "test.h"

#include "window.h"

static void as_configured(void **state) {
  struct mj__window w = {0};
  (void)state;
  w.used = 1000000;
  assert_true(mj__window_open(&w)); /* no limit, and no sign of one */
  assert_true(mj__window_now(&w) == 0);
  w.max = 3;
  w.used = 2;
  assert_true(mj__window_open(&w));
  w.used = 3;
  assert_false(mj__window_open(&w));
  w.used = 4;
  assert_false(mj__window_open(&w));
  mj__window_grow(&w);
  assert_true(mj__window_now(&w) == 3);
}

static void refusals_halve_it(void **state) {
  struct mj__window w = {0};
  int64_t t = 5000;
  int i;
  (void)state;
  w.max = 40;
  w.used = 20;
  mj__window_cut(&w, MJ__CUT_REFUSED, t);
  assert_true(mj__window_now(&w) == 10);
  assert_false(mj__window_open(&w));
  for (i = 0; i < 100; i++) /* the others of the same burst */
    mj__window_cut(&w, MJ__CUT_REFUSED, t + i);
  mj__window_cut(&w, MJ__CUT_REFUSED, t + 999);
  assert_true(mj__window_now(&w) == 10);
  mj__window_cut(&w, MJ__CUT_REFUSED, t + 1000);
  assert_true(mj__window_now(&w) == 5);
  for (i = 2; i < 20; i++)
    mj__window_cut(&w, MJ__CUT_REFUSED, t + i * 1000);
  assert_true(mj__window_now(&w) == 1); /* never shut */
  w.used = 0;
  assert_true(mj__window_open(&w));
  mj__window_cut(&w, MJ__CUT_REFUSED, t + 50000);
  assert_true(mj__window_now(&w) == 1);
}

/* A window that nobody filled says nothing of what the gateway takes. */
static void it_is_cut_from_what_is_used(void **state) {
  struct mj__window w = {0};
  (void)state;
  w.used = 200;
  mj__window_cut(&w, MJ__CUT_REFUSED, 0);
  assert_true(mj__window_now(&w) == 100);
  w.used = 8;
  mj__window_cut(&w, MJ__CUT_REFUSED, 5000);
  assert_true(mj__window_now(&w) == 4);
}

static void a_queue_takes_an_eighth(void **state) {
  struct mj__window w = {0};
  (void)state;
  w.used = 80;
  mj__window_cut(&w, MJ__CUT_QUEUED, 0);
  assert_true(mj__window_now(&w) == 70);
  w.used = 100; /* as it was; the cut goes from where the window is */
  mj__window_cut(&w, MJ__CUT_QUEUED, 1000);
  assert_true(mj__window_now(&w) == 61);
}

static void successes_bring_it_back(void **state) {
  struct mj__window w = {0};
  int i;
  (void)state;
  w.max = 8;
  w.used = 8;
  mj__window_cut(&w, MJ__CUT_REFUSED, 0);
  assert_true(mj__window_now(&w) == 4);
  for (i = 0; i < 4; i++)
    mj__window_grow(&w);
  assert_true(mj__window_now(&w) == 4); /* a little less than one each round */
  mj__window_grow(&w);
  assert_true(mj__window_now(&w) == 5);
  for (i = 0; i < 1000; i++)
    mj__window_grow(&w);
  assert_true(mj__window_now(&w) == 8); /* what was configured is the cap */
}

/* A gateway that takes 12: what is tried stays near it. */
static void it_finds_what_the_gateway_takes(void **state) {
  struct mj__window w = {0};
  int64_t now, sum = 0;
  int refused = 0, done = 0;
  (void)state;
  for (now = 0; now < 600000; now += 100) {
    while (mj__window_open(&w) && w.used <= 12) {
      if (w.used == 12) {
        mj__window_cut(&w, MJ__CUT_REFUSED, now);
        refused++;
        break;
      }
      w.used++;
    }
    if (w.used && now % 400 == 0) { /* a task a 400 ms ends */
      w.used--;
      mj__window_grow(&w);
      done++;
    }
    sum += w.used;
  }
  (void)printf("took 12: %.1f at once on average, %d refusals for %d tasks\n",
               (double)sum / 6000, refused, done);
  assert_in_range(sum / 6000, 7, 12);
  assert_in_range(refused, 1, done / 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_configured),
      cmocka_unit_test(refusals_halve_it),
      cmocka_unit_test(it_is_cut_from_what_is_used),
      cmocka_unit_test(a_queue_takes_an_eighth),
      cmocka_unit_test(successes_bring_it_back),
      cmocka_unit_test(it_finds_what_the_gateway_takes),
  };
  return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
