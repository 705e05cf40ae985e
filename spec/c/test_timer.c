/* SPDX-License-Identifier: MIT
   test_timer.c - the heap of due times against a sorted list. */
#include "test.h"

#include "timer.h"

static void empty(void **state) {
  struct mj__mem m;
  struct mj__timers t;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  mj__timers_init(&t, &m);
  assert_null(mj__timers_peek(&t));
  mj__timers_pop(&t);
  assert_null(mj__timers_peek(&t));
  mj__timers_free(&t);
}

static void ties_keep_their_order(void **state) {
  struct meter meter;
  struct mj__mem m;
  struct mj__timers t;
  mj_id i;
  (void)state;
  meter_mem(&meter, &m);
  mj__timers_init(&t, &m);
  for (i = 1; i <= 500; i++)
    assert_true(mj__timers_add(&t, 1000, i) == i); /* seq counts up */
  for (i = 1; i <= 500; i++) {
    assert_true(mj__timers_peek(&t)->id == i);
    mj__timers_pop(&t);
  }
  assert_null(mj__timers_peek(&t));
  mj__timers_free(&t);
  assert_int_equal(meter.live, 0);
}

static void same_as_sorted(void **state) {
  enum { N = 3000 };
  static struct mj__due want[N];
  struct mj__mem m;
  struct mj__timers t;
  uint32_t seed = 7;
  size_t i, k, in = 0;
  int round;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  for (round = 1; round <= 20; round++) {
    mj__timers_init(&t, &m);
    in = 0;
    for (i = 0; i < N; i++) {
      if (in && next_random(&seed) % 3 == 0) { /* take the first */
        assert_true(mj__timers_peek(&t)->seq == want[0].seq);
        mj__timers_pop(&t);
        memmove(want, want + 1, --in * sizeof want[0]);
      } else {
        struct mj__due d;
        d.at_ms = (int64_t)(next_random(&seed) % (uint32_t)(10 * round)) - 50;
        d.id = i;
        d.seq = mj__timers_add(&t, d.at_ms, d.id);
        assert_true(d.seq > 0);
        for (k = in++; k > 0 && want[k - 1].at_ms > d.at_ms; k--)
          want[k] = want[k - 1];
        want[k] = d;
      }
    }
    for (i = 0; i < in; i++) {
      const struct mj__due *d = mj__timers_peek(&t);
      assert_true(d->at_ms == want[i].at_ms && d->id == want[i].id);
      assert_true(d->seq == want[i].seq);
      mj__timers_pop(&t);
    }
    assert_null(mj__timers_peek(&t));
    mj__timers_free(&t);
  }
}

static void extremes(void **state) {
  struct mj__mem m;
  struct mj__timers t;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  mj__timers_init(&t, &m);
  mj__timers_add(&t, INT64_MAX, 1);
  mj__timers_add(&t, INT64_MIN, 2);
  mj__timers_add(&t, 0, 3);
  assert_true(mj__timers_peek(&t)->id == 2);
  mj__timers_pop(&t);
  assert_true(mj__timers_peek(&t)->id == 3);
  mj__timers_pop(&t);
  assert_true(mj__timers_peek(&t)->id == 1);
  mj__timers_free(&t);
}

static void out_of_memory(void **state) {
  struct meter meter;
  struct mj__mem m;
  struct mj__timers t;
  size_t i, calls;
  (void)state;
  meter_mem(&meter, &m);
  mj__timers_init(&t, &m);
  meter.fail_at = 1;
  assert_true(mj__timers_add(&t, 1, 1) == 0);
  assert_null(mj__timers_peek(&t));
  assert_int_equal(mj__timers_reserve(&t, 1000), MJ_OK);
  calls = meter.calls;
  for (i = 0; i < 1000; i++) /* what was reserved needs no memory */
    assert_true(mj__timers_add(&t, (int64_t)i, i) > 0);
  assert_int_equal(meter.calls, calls);
  meter.fail_at = calls + 1;
  meter.for_ever = 1;
  assert_int_equal(mj__timers_reserve(&t, 100000), MJ_ERESOURCE);
  assert_int_equal(t.n, 1000); /* and nothing is lost */
  assert_true(mj__timers_peek(&t)->id == 0);
  mj__timers_free(&t);
  assert_int_equal(meter.live, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(empty),          cmocka_unit_test(ties_keep_their_order),
      cmocka_unit_test(same_as_sorted), cmocka_unit_test(extremes),
      cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
