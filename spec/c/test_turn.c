/* SPDX-License-Identifier: MIT
   test_turn.c - timers and limits. */
#include "rig.h"

static void timers_fire_in_order_and_go_quietly(void **state) {
  mj_id a, b, c;
  const mj_event *ev;
  RIG(r, ACCEPT);
  assert_int_equal(mj_after(r.c, 50, &a, NULL), MJ_OK);
  assert_int_equal(mj_after(r.c, 20, &b, NULL), MJ_OK);
  assert_int_equal(mj_after(r.c, 30, &c, NULL), MJ_OK);
  assert_int_equal(mj_cancel(r.c, c), MJ_OK);
  while (!mj_event_peek(r.c))
    (void)mj_step(r.c, -1, 0);
  ev = mj_event_peek(r.c);
  assert_int_equal(ev->type, MJ_EV_TIMER);
  assert_true(ev->id == b);
  assert_int_equal(virtual_now(r.w), 1000020);
  mj_event_pop(r.c);
  while (!mj_event_peek(r.c))
    (void)mj_step(r.c, -1, 0);
  assert_true(mj_event_peek(r.c)->id == a);
  mj_event_pop(r.c);
  assert_int_equal(mj_step(r.c, 0, 0), 0);
  assert_null(mj_event_peek(r.c));
  rig_down(&r);
}

/* Limits ------------------------------------------------------------------ */

static void three_live(mj_config *cfg) {
  cfg->live = 3;
  cfg->poll.first_ms = 1000;
}

static void the_live_window_is_never_passed(void **state) {
  int i, left = 1, most = 0, done = 0;
  rig_tune = three_live;
  {
    RIG(r, ACCEPT);
    (void)r;
    rig_down(&r);
  }
  rig_tune = three_live;
  {
    RIG(r, ACCEPT, ACCEPT, ACCEPT, DONE, DONE, DONE, ACCEPT, ACCEPT, ACCEPT,
        DONE, DONE, DONE, ACCEPT, DONE);
    for (i = 0; i < 7; i++)
      (void)rig_imagine(&r);
    while (left > 0) {
      mj_stats st;
      const mj_event *ev;
      left = mj_step(r.c, -1, 0);
      mj_client_stats(r.c, &st);
      if ((int)(st.sending + st.running) > most)
        most = (int)(st.sending + st.running);
      while ((ev = mj_event_peek(r.c)) != NULL) {
        done += ev->type == MJ_EV_DONE && !ev->error;
        mj_event_pop(r.c);
      }
    }
    assert_int_equal(done, 7);
    assert_int_equal(most, 3);
    rig_down(&r);
  }
}

static void sixty_a_minute(mj_config *cfg) {
  cfg->submits_per_min = 60;
}

static void submits_keep_their_rate(void **state) {
  int64_t last = 0;
  size_t i, paid = 0;
  rig_tune = sixty_a_minute;
  {
    RIG(r, {.http = 401});
    for (i = 0; i < 30; i++)
      (void)rig_imagine(&r);
    (void)rig_run(&r, 0);
    for (i = 0; i < script_count(r.s); i++) {
      const script_request *q = script_at(r.s, i);
      if (!q->paid)
        continue;
      if (paid++)
        assert_true(q->at_ms - last >= 999);
      last = q->at_ms;
    }
    assert_int_equal(paid, 30);
    rig_down(&r);
  }
}

/* A frame is not held up by all that has become due at once. */
static void a_turn_with_a_budget_starts_a_few(void **state) {
  enum { N = 20 };
  uint64_t before;
  char id[16];
  mj_id job;
  int i, turns = 0;
  RIG(r, DONE);
  for (i = 0; i < N; i++) {
    (void)snprintf(id, sizeof id, "%d", 100 + i);
    assert_int_equal(mj_track(r.c, id, &job, NULL), MJ_OK);
  }
  while (virtual_counted(r.w)->requests < N) {
    before = virtual_counted(r.w)->requests;
    (void)mj_step(r.c, 0, 80);
    assert_in_range(virtual_counted(r.w)->requests - before, 1, 2);
    /* the rest is not waited for */
    if (virtual_counted(r.w)->requests < N)
      assert_int_equal(mj_timeout(r.c), 0);
    turns++;
  }
  assert_int_equal(turns, N / 2);
  rig_down(&r);
}

/* Nor by a thousand timers of one moment, in their order; their ends are told
   as they come. */
static void a_turn_with_a_budget_runs_some_timers(void **state) {
  enum { N = 1000, BUDGET = 200 };
  static mj_id ids[N];
  const mj_event *e;
  int i, told, most = 0, turns = 0, left = N;
  RIG(r, DONE);
  for (i = 0; i < N; i++)
    assert_int_equal(mj_after(r.c, 10, &ids[i], NULL), MJ_OK);
  for (i = 0; i < N; turns++) {
    assert_true(turns < N);
    if (turns > 1)
      assert_int_equal(mj_timeout(r.c), 0);
    left = mj_step(r.c, -1, BUDGET);
    for (told = 0; (e = mj_event_peek(r.c)) != NULL; told++) {
      assert_int_equal(e->type, MJ_EV_TIMER);
      assert_int_equal(e->id, ids[i++]);
      mj_event_pop(r.c);
    }
    most = told > most ? told : most;
  }
  assert_int_equal(left, 0);
  assert_in_range(most, 1, BUDGET / 2);
  assert_in_range(turns, 2 * N / BUDGET, N / 10);
  rig_down(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(timers_fire_in_order_and_go_quietly),
      cmocka_unit_test(the_live_window_is_never_passed),
      cmocka_unit_test(submits_keep_their_rate),
      cmocka_unit_test(a_turn_with_a_budget_starts_a_few),
      cmocka_unit_test(a_turn_with_a_budget_runs_some_timers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
