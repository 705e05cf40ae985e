/* SPDX-License-Identifier: MIT
   test_schedule.c - poll gaps. */
#include "test.h"

#include "schedule.h"

static void grows_and_stays(void **state) {
  const mj_poll p = {2000, {4000, 8000}, 2}; /* 2, 4, then every 8 s */
  (void)state;
  assert_true(mj__poll_gap(&p, 0) == 2000);
  assert_true(mj__poll_gap(&p, 1) == 4000);
  assert_true(mj__poll_gap(&p, 2) == 8000);
  assert_true(mj__poll_gap(&p, 3) == 8000);
  assert_true(mj__poll_gap(&p, 1000000) == 8000);
  assert_true(mj__poll_gap(&p, -1) == 2000);
}

static void first_then_every(void **state) {
  const mj_poll p = {20000, {3000}, 1};
  int i;
  (void)state;
  assert_true(mj__poll_gap(&p, 0) == 20000);
  for (i = 1; i < 50; i++)
    assert_true(mj__poll_gap(&p, i) == 3000);
}

static void all_eight(void **state) {
  const mj_poll p = {1, {2, 3, 4, 5, 6, 7, 8, 9}, 8};
  int i;
  (void)state;
  for (i = 0; i < 12; i++)
    assert_true(mj__poll_gap(&p, i) == (i < 8 ? i + 1 : 9));
}

static void no_gaps(void **state) {
  mj_poll p = {500, {0}, 0};
  (void)state;
  assert_true(mj__poll_gap(&p, 0) == 500);
  assert_true(mj__poll_gap(&p, 9) == 500);
  p.first_ms = 0;
  assert_true(mj__poll_gap(&p, 0) == 0);
  assert_true(mj__poll_gap(&p, 1) == 1); /* never a busy loop */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(grows_and_stays),
      cmocka_unit_test(first_then_every),
      cmocka_unit_test(all_eight),
      cmocka_unit_test(no_gaps),
  };
  return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
