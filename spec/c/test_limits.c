/* SPDX-License-Identifier: MIT
   test_limits.c - limits that are seen and changed while a client runs, pauses,
   deadlines, what a full gateway does to the window, and pictures that are
   fetched again. */
#include "rig.h"

#include "mj_int.h"

/* clang-format off */
#define FULL {.body = "{\"code\":23,\"description\":\"full\",\"result\":null}"}
#define QUEUED {.body = "{\"code\":22,\"description\":\"1 before\",\"result\":\"17\"}"}
/* clang-format on */

/* Turns for so long. */
static void pass(struct rig *r, int64_t ms) {
  int64_t until = mj_now(r->c) + ms;
  while (mj_now(r->c) < until) {
    int64_t wait = until - mj_now(r->c);
    mj_id id;
    assert_int_equal(mj_after(r->c, wait, &id, NULL), MJ_OK);
    (void)mj_step(r->c, wait, 0);
    while (mj_event_peek(r->c))
      mj_event_pop(r->c);
    (void)mj_cancel(r->c, id);
  }
}

static size_t paid(const struct rig *r) {
  return (size_t)virtual_counted(r->w)->paid;
}

/* Limits ------------------------------------------------------------------- */

static void limits_are_shown_and_changed(void **state) {
  mj_limits l;
  int i;
  RIG(r, {.http = 401});
  mj_limits_get(r.c, &l);
  assert_true(l.submits_per_min == 0 && l.requests_per_min == 0);
  assert_int_equal(l.live, 0);
  assert_int_equal(l.window, 0);
  assert_int_equal(l.quota, 500);
  memset(&l, 0, sizeof l);
  l.submits_per_min = 60;
  l.requests_per_min = -1;
  l.live = 7;
  assert_int_equal(mj_limits_set(r.c, &l, NULL), MJ_OK);
  mj_limits_get(r.c, &l);
  assert_true(l.submits_per_min == 60 && l.requests_per_min == 0);
  assert_int_equal(l.live, 7);
  assert_int_equal(l.window, 7);
  for (i = 0; i < 20; i++)
    (void)rig_imagine(&r);
  pass(&r, 10000);
  assert_in_range(paid(&r), 9, 11); /* one a second, and nothing before */
  l.submits_per_min = 0;
  assert_int_equal(mj_limits_set(r.c, &l, NULL), MJ_OK);
  pass(&r, 100);
  assert_int_equal(paid(&r), 20);
  l.live = -1;
  l.submits_per_min = l.requests_per_min = -1;
  assert_int_equal(mj_limits_set(r.c, &l, NULL), MJ_OK);
  mj_limits_get(r.c, &l);
  assert_int_equal(l.live, 7);
  rig_down(&r);
}

static void fast(mj_config *cfg) {
  cfg->submits_per_min = 6000;
}

/* What left under the old limit counts for the new one. */
static void a_change_gives_no_second_burst(void **state) {
  mj_limits l = {.requests_per_min = -1, .live = -1};
  size_t before;
  int i;
  rig_tune = fast;
  {
    RIG(r, {.http = 401});
    for (i = 0; i < 1000; i++)
      (void)rig_imagine(&r);
    pass(&r, 1);
    before = paid(&r);
    assert_in_range(before, 30, 151); /* the burst, as connections get free */
    for (i = 0; i < 10; i++) {
      l.submits_per_min = 6000 + i;
      assert_int_equal(mj_limits_set(r.c, &l, NULL), MJ_OK);
      pass(&r, 1);
    }
    assert_in_range(paid(&r) - before, 0, 33);
    rig_down(&r);
  }
}

/* Who says the same again and again does not hold back what waits. */
static void the_same_again_changes_nothing(void **state) {
  mj_limits l = {.submits_per_min = 60, .requests_per_min = 600, .live = 7};
  int i;
  RIG(r, {.http = 401});
  assert_int_equal(mj_limits_set(r.c, &l, NULL), MJ_OK);
  for (i = 0; i < 20; i++)
    (void)rig_imagine(&r);
  for (i = 0; i < 100; i++) {
    assert_int_equal(mj_limits_set(r.c, &l, NULL), MJ_OK);
    pass(&r, 100);
  }
  assert_in_range(paid(&r), 9, 11);
  rig_down(&r);
}

/* 429 to a list: nobody asks for five seconds, then one does. */
static void questions_are_held_and_slowed(void **state) {
  mj_limits l;
  mj_error err;
  mj_id id;
  int i;
  RIG(r, {.http = 429, .retry_after_ms = 5000, .body = "{}"}, {.body = "[]"});
  for (i = 0; i < 3; i++)
    assert_int_equal(mj_ask(r.c, MJ_QUERY_LIST, NULL, 0, &id, &err), MJ_OK);
  pass(&r, 200);
  mj_limits_get(r.c, &l);
  assert_in_range(l.resting_ms, 4500, 5000);
  assert_true(l.pace_per_min == 60);
  assert_int_equal(l.slowed_ms, 0);
  i = (int)script_count(r.s);
  assert_int_equal(mj_ask(r.c, MJ_QUERY_LIST, NULL, 0, &id, &err), MJ_OK);
  pass(&r, 4500);
  assert_int_equal(script_count(r.s), i);
  pass(&r, 15000);
  mj_limits_get(r.c, &l);
  assert_int_equal(l.resting_ms, 0);
  assert_true(l.pace_per_min != 60);
  assert_in_range(script_count(r.s), 5, 7); /* each of them, in the end */
  pass(&r, 20000);
  mj_limits_get(r.c, &l);
  assert_true(l.pace_per_min == 0);
  rig_down(&r);
}

static void a_pause_holds_what_is_paid(void **state) {
  mj_limits l;
  mj_id id;
  RIG(r, ACCEPT, RUNNING, RUNNING, RUNNING, DONE, ACCEPT, DONE);
  (void)rig_imagine(&r);
  pass(&r, 100);
  mj_pause(r.c, -1);
  id = rig_imagine(&r);
  pass(&r, 3600000);
  assert_int_equal(paid(&r), 1);
  assert_true(script_count(r.s) > 3); /* the other one is looked after */
  mj_limits_get(r.c, &l);
  assert_int_equal(l.paused_ms, -1);
  mj_pause(r.c, 5000);
  mj_limits_get(r.c, &l);
  assert_int_equal(l.paused_ms, 5000);
  pass(&r, 4999);
  assert_int_equal(paid(&r), 1);
  pass(&r, 2);
  assert_int_equal(paid(&r), 2);
  mj_pause(r.c, -1);
  mj_pause(r.c, 0);
  mj_limits_get(r.c, &l);
  assert_int_equal(l.paused_ms, 0);
  assert_int_equal(rig_run(&r, id).code, MJ_OK);
  rig_down(&r);
}

/* A full gateway ----------------------------------------------------------- */

static void a_full_gateway_is_asked_again(void **state) {
  struct end e;
  RIG(r, FULL, FULL, {.http = 429, .body = "{}"},
      {.body = "{\"code\":30,\"description\":\"x\",\"result\":null}"}, FULL,
      FULL, ACCEPT, DONE);
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_OK);
  assert_int_equal(paid(&r), 7);
  assert_int_equal(r.c->live.used, 0);
  rig_down(&r);
}

static void but_not_for_ever(void **state) {
  int64_t from;
  struct end e;
  RIG(r, FULL);
  from = mj_now(r.c);
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_EQUEUE_FULL);
  assert_int_equal(e.retryable, 1);
  assert_in_range(mj_now(r.c) - from, 270000, 300000);
  assert_in_range(paid(&r), 15, 120);
  assert_int_equal(r.c->live.used, 0);
  rig_down(&r);
}

static void report_it(mj_config *cfg) {
  cfg->busy_ms = 0;
}

static void or_not_at_all(void **state) {
  rig_tune = report_it;
  {
    RIG(r, FULL, ACCEPT);
    assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_EQUEUE_FULL);
    assert_int_equal(paid(&r), 1);
    rig_down(&r);
  }
}

static void what_is_definite_is_not_asked_again(void **state) {
  RIG(r, {.body = "{\"code\":24,\"description\":\"no\",\"result\":null}"});
  assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_EBANNED_PROMPT);
  assert_int_equal(paid(&r), 1);
  assert_int_equal(mj__window_now(&r.c->live), 0);
  rig_down(&r);
}

static void eight_live(mj_config *cfg) {
  cfg->live = 8;
}

static void the_window_follows_what_is_said(void **state) {
  mj_limits l;
  int i;
  rig_tune = eight_live;
  {
    RIG(r, ACCEPT, ACCEPT, ACCEPT, ACCEPT, FULL, RUNNING);
    for (i = 0; i < 5; i++)
      (void)rig_imagine(&r);
    pass(&r, 200);
    mj_limits_get(r.c, &l);
    assert_int_equal(l.live, 8);
    assert_int_equal(l.window, 2); /* half of the five that were too many */
    assert_int_equal(l.used, 4);
    rig_down(&r);
  }
  rig_tune = eight_live;
  {
    RIG(r, QUEUED, RUNNING);
    for (i = 0; i < 8; i++)
      (void)rig_imagine(&r);
    pass(&r, 200);
    mj_limits_get(r.c, &l);
    assert_int_equal(l.window, 7);
    rig_down(&r);
  }
}

/* Deadlines ---------------------------------------------------------------- */

static mj_request in_time(int64_t ms) {
  mj_request q;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  q.deadline_ms = ms;
  return q;
}

static void a_deadline_before_it_was_sent(void **state) {
  mj_request q = in_time(5000);
  struct end e;
  mj_id id;
  RIG(r, ACCEPT, DONE);
  mj_pause(r.c, -1);
  id = rig_submit(&r, &q);
  e = rig_run(&r, id);
  assert_int_equal(e.code, MJ_ETIMEOUT);
  assert_non_null(strstr(e.text, "nothing was paid"));
  assert_int_equal(e.retryable, 1);
  assert_int_equal(script_count(r.s), 0);
  assert_int_equal(mj_now(r.c), 1005000);
  mj_pause(r.c, 0);
  pass(&r, 10000);
  assert_int_equal(script_count(r.s), 0);
  rig_down(&r);
}

static void a_deadline_of_what_waits_for_room(void **state) {
  mj_request q = in_time(20000);
  struct end e;
  RIG(r, FULL);
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_ETIMEOUT);
  assert_int_equal(e.accepted, 0);
  assert_in_range(mj_now(r.c), 1020000, 1020006);
  assert_int_equal(r.c->live.used, 0);
  rig_down(&r);
}

static void a_deadline_of_what_runs(void **state) {
  mj_request q = in_time(20000);
  size_t n;
  struct end e;
  RIG(r, ACCEPT, RUNNING);
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_ETIMEOUT);
  assert_int_equal(e.accepted, 1);
  assert_string_equal(e.task_id, "17");
  assert_non_null(strstr(e.text, "goes on: task 17"));
  assert_int_equal(r.c->live.used, 1); /* its place is its own */
  n = script_count(r.s);
  pass(&r, 899000);
  assert_int_equal(r.c->live.used, 1);
  pass(&r, 2000); /* no task of that mode lives longer */
  assert_int_equal(r.c->live.used, 0);
  assert_int_equal(script_count(r.s), n); /* never sent again, nor asked for */
  assert_int_equal(paid(&r), 1);
  rig_down(&r);
}

static void a_deadline_while_it_is_sent(void **state) {
  mj_request q = in_time(1000);
  struct end e;
  {
    RIG(r,
        {.body = "{\"code\":1,\"description\":\"ok\",\"result\":\"17\"}",
         .delay_ms = 5000},
        DONE);
    e = rig_run(&r, rig_submit(&r, &q));
    assert_int_equal(e.code, MJ_ETIMEOUT);
    assert_int_equal(e.accepted, 1);
    assert_int_equal(script_count(r.s), 1);
    rig_down(&r);
  }
  {
    RIG(r, {.curl_code = 7, .sent_less = 2, .delay_ms = 5000});
    e = rig_run(&r, rig_submit(&r, &q));
    assert_int_equal(e.code, MJ_ETIMEOUT);
    assert_non_null(strstr(e.text, "nothing was paid"));
    assert_int_equal(script_count(r.s), 1);
    rig_down(&r);
  }
  { /* nobody knows: that is what is said */
    RIG(r, {.curl_code = 52, .delay_ms = 5000});
    e = rig_run(&r, rig_submit(&r, &q));
    assert_int_equal(e.code, MJ_EUNKNOWN_OUTCOME);
    assert_int_equal(paid(&r), 1);
    rig_down(&r);
  }
}

static int64_t ahead;

static int64_t now_ahead(void *ud) {
  return virtual_now(ud) + ahead;
}

static void clock_ahead(mj_config *cfg) {
  cfg->now = now_ahead;
  cfg->attempts = 1;
}

/* It waits for its turn, or for the disk: what has not left stays here. */
static void a_deadline_just_before_it_leaves(void **state) {
  enum { N = 8 };
  mj_request q = in_time(1000);
  int i, late = 0;
  size_t before;
  rig_tune = clock_ahead;
  {
    RIG(r, ACCEPT);
    for (i = 0; i < N; i++)
      (void)rig_submit(&r, &q);
    while ((before = paid(&r)) == 0)
      (void)mj_step(r.c, 0, 1);
    assert_true(r.c->queues[MJ__Q_RECORD].n > 0);
    ahead = 2000;
    for (i = 0; i < 1000 && late < N; i++) {
      const mj_event *e;
      (void)mj_step(r.c, 1000, 100);
      while ((e = mj_event_peek(r.c)) != NULL) {
        if (e->type == MJ_EV_DONE) {
          late++;
          assert_int_equal(e->error->code, MJ_ETIMEOUT);
          if (!e->task_id)
            assert_non_null(strstr(e->error->text, "nothing was paid"));
        }
        mj_event_pop(r.c);
      }
    }
    assert_int_equal(late, N);
    assert_int_equal(paid(&r), before);
    assert_int_equal(r.c->live.used, before); /* theirs go on */
    rig_down(&r);
  }
  ahead = 0;
}

static void in_time_is_in_time(void **state) {
  mj_request q = in_time(20000);
  RIG(r, ACCEPT, DONE);
  assert_int_equal(rig_run(&r, rig_submit(&r, &q)).code, MJ_OK);
  pass(&r, 60000);
  rig_down(&r);
}

/* Pictures ----------------------------------------------------------------- */

static struct end fetch(struct rig *r) {
  mj_error err;
  mj_id id;
  if (mj_fetch(r->c, "http://gw.test/a.png", &id, &err) != MJ_OK)
    fail_msg("%s", err.text);
  return rig_run(r, id);
}

static void pictures_survive_trouble(void **state) {
  {
    RIG(r, {.http = 503, .body = "x"}, {.curl_code = 56},
        {.http = 429, .retry_after_ms = 9000}, {.body = "PNG"});
    assert_int_equal(fetch(&r).code, MJ_OK);
    assert_int_equal(script_count(r.s), 4);
    assert_true(script_at(r.s, 3)->at_ms - script_at(r.s, 2)->at_ms >= 9000);
    rig_down(&r);
  }
  {
    RIG(r, {.http = 503, .body = "x"});
    assert_int_equal(fetch(&r).code, MJ_ENETWORK);
    assert_int_equal(script_count(r.s), 4);
    rig_down(&r);
  }
  {
    RIG(r, {.http = 404, .body = "x"});
    assert_int_equal(fetch(&r).code, MJ_ENOT_FOUND);
    assert_int_equal(script_count(r.s), 1);
    rig_down(&r);
  }
  { /* further away than anybody waits */
    RIG(r, {.http = 503, .retry_after_ms = 121000});
    assert_int_equal(fetch(&r).code, MJ_ENETWORK);
    assert_int_equal(script_count(r.s), 1);
    rig_down(&r);
  }
}

static void a_picture_that_is_given_up_is_not_tried_again(void **state) {
  mj_error err;
  mj_id id;
  RIG(r, {.http = 503, .body = "x"});
  r.c->rng = 4711; /* not one that comes back at once */
  assert_int_equal(mj_fetch(r.c, "http://gw.test/a.png", &id, &err), MJ_OK);
  pass(&r, 6);
  assert_int_equal(mj_cancel(r.c, id), MJ_OK);
  assert_int_equal(rig_run(&r, id).code, MJ_ECANCELLED);
  assert_int_equal(script_count(r.s), 1);
  rig_down(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(limits_are_shown_and_changed),
      cmocka_unit_test(a_change_gives_no_second_burst),
      cmocka_unit_test(the_same_again_changes_nothing),
      cmocka_unit_test(questions_are_held_and_slowed),
      cmocka_unit_test(a_pause_holds_what_is_paid),
      cmocka_unit_test(a_full_gateway_is_asked_again),
      cmocka_unit_test(but_not_for_ever),
      cmocka_unit_test(or_not_at_all),
      cmocka_unit_test(what_is_definite_is_not_asked_again),
      cmocka_unit_test(the_window_follows_what_is_said),
      cmocka_unit_test(a_deadline_before_it_was_sent),
      cmocka_unit_test(a_deadline_of_what_waits_for_room),
      cmocka_unit_test(a_deadline_of_what_runs),
      cmocka_unit_test(a_deadline_while_it_is_sent),
      cmocka_unit_test(a_deadline_just_before_it_leaves),
      cmocka_unit_test(in_time_is_in_time),
      cmocka_unit_test(pictures_survive_trouble),
      cmocka_unit_test(a_picture_that_is_given_up_is_not_tried_again),
  };
  return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
