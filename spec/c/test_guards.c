/* SPDX-License-Identifier: MIT
   test_guards.c - each guard of the core that keeps money or a limit, seen at
   work: without it a test here fails. */
#include "mj_int.h"
#include "rig.h"

/* The store ---------------------------------------------------------------- */

static const struct mj__store_ops *true_ops;
static int fail_at_state = -1, fail_code;

static int failing_put(mj__store *s, const struct mj__record *r,
                       uint64_t *number) {
  if (r->state == fail_at_state)
    return fail_code;
  return true_ops->put(s, r, number);
}

static uint64_t failing_durable(mj__store *s) {
  return true_ops->durable(s);
}

static void failing_free(mj__store *s) {
  true_ops->free(s);
}

static const struct mj__store_ops failing_ops = {
    .put = failing_put, .durable = failing_durable, .free = failing_free};

static void fail_store(struct rig *r, int at_state, int code) {
  true_ops = r->c->store->ops;
  r->c->store->ops = &failing_ops;
  fail_at_state = at_state;
  fail_code = code;
}

static void nothing_leaves_without_its_record(void **state) {
  struct end e;
  RIG(r, ACCEPT, DONE);
  fail_store(&r, MJ__DISPATCHING, MJ_ERESOURCE);
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_ERESOURCE);
  assert_int_equal(script_count(r.s), 0);
  rig_down(&r);
}

static void a_broken_journal_stops_all_that_is_paid(void **state) {
  mj_request q;
  mj_error err;
  mj_id id;
  struct end e;
  RIG(r, ACCEPT, DONE);
  fail_store(&r, MJ__DISPATCHING, MJ_EJOURNAL);
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_EJOURNAL);
  fail_at_state = -1; /* it works again: that changes nothing */
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "x";
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EJOURNAL);
  assert_int_equal(script_count(r.s), 0);
  rig_down(&r);
}

static void an_id_is_reported_even_if_it_cannot_be_recorded(void **state) {
  struct end e;
  RIG(r, ACCEPT, DONE);
  fail_store(&r, MJ__ACCEPTED, MJ_EJOURNAL);
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.accepted, 1);
  assert_int_equal(e.code, MJ_OK);
  rig_down(&r);
}

/* A store whose records become durable later. */
static uint64_t durable_up_to;

static uint64_t slow_durable(mj__store *s) {
  (void)s;
  return durable_up_to;
}

static void each_step_waits_for_its_record(void **state) {
  struct mj__store_ops slow = failing_ops;
  mj_id id;
  RIG(r, ACCEPT, DONE);
  slow.durable = slow_durable;
  true_ops = r.c->store->ops;
  fail_at_state = -1;
  durable_up_to = 0;
  r.c->store->ops = &slow;
  id = rig_imagine(&r); /* record 1: READY */
  (void)mj_step(r.c, 50, 0);
  assert_int_equal(script_count(r.s), 0);
  durable_up_to = 2; /* DISPATCHING */
  (void)mj_step(r.c, 0, 0);
  assert_int_equal(script_count(r.s), 1);
  (void)mj_step(r.c, 50, 0); /* the reply; record 3: ACCEPTED */
  assert_null(mj_event_peek(r.c));
  durable_up_to = 3;
  (void)mj_step(r.c, 0, 0);
  assert_non_null(mj_event_peek(r.c));
  assert_int_equal(mj_event_peek(r.c)->type, MJ_EV_ACCEPTED);
  mj_event_pop(r.c);
  while (script_count(r.s) < 2)
    (void)mj_step(r.c, 5000, 0);
  (void)mj_step(r.c, 50, 0); /* SUCCESS; record 4 */
  assert_null(mj_event_peek(r.c));
  durable_up_to = 4;
  (void)mj_step(r.c, 0, 0);
  assert_non_null(mj_event_peek(r.c));
  assert_int_equal(mj_event_peek(r.c)->type, MJ_EV_DONE);
  assert_true(mj_event_peek(r.c)->id == id);
  mj_event_pop(r.c);
  rig_down(&r);
}

/* Slots -------------------------------------------------------------------- */

static const char *mode_of_next;

static void one_live(mj_config *cfg) {
  cfg->live = 1;
  cfg->mode = mode_of_next;
}

/* Time from an unknown outcome to the next submit, with a window of one. */
static int64_t wait_after_unknown(const char *mode) {
  static const script_reply replies[] = {{.curl_code = 52}, {.http = 401}};
  struct rig r;
  int64_t gap;
  mj_request q;
  rig_tune = one_live;
  mode_of_next = mode;
  rig_up(&r, replies, 2);
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "x";
  q.mode = mode;
  (void)rig_submit(&r, &q);
  (void)rig_submit(&r, &q);
  (void)rig_run(&r, 0);
  assert_int_equal(script_count(r.s), 2);
  gap = script_at(r.s, 1)->at_ms - script_at(r.s, 0)->at_ms;
  rig_down(&r);
  return gap;
}

static void an_unknown_keeps_its_slot_for_a_task_s_life(void **state) {
  (void)state;
  assert_in_range(wait_after_unknown("fast"), 900000, 901000);
  assert_in_range(wait_after_unknown("relax"), 3600000, 3601000);
}

/* Rates -------------------------------------------------------------------- */

static void one_submit_slowed_down_slows_all(void **state) {
  struct end e;
  RIG(r,
      {.http = 429,
       .body = "{\"error\":{\"message\":\"busy\"}}",
       .retry_after_ms = 60000},
      ACCEPT, ACCEPT, DONE);
  (void)rig_imagine(&r);
  while (script_count(r.s) < 1 || virtual_now(r.w) < 1000100)
    (void)mj_step(r.c, 100, 0);
  (void)rig_imagine(&r); /* new work waits as well */
  e = rig_run(&r, 0);
  (void)e;
  assert_true(script_at(r.s, 1)->at_ms - script_at(r.s, 0)->at_ms >= 60000);
  rig_down(&r);
}

static void one_poll_slowed_down_slows_all(void **state) {
  mj_error err;
  mj_id a, b;
  RIG(r, {.http = 429, .retry_after_ms = 60000}, DONE);
  assert_int_equal(mj_track(r.c, "1", &a, &err), MJ_OK);
  while (script_count(r.s) < 1 || virtual_now(r.w) < 1000100)
    (void)mj_step(r.c, 100, 0);
  assert_int_equal(mj_track(r.c, "2", &b, &err), MJ_OK);
  (void)rig_run(&r, b);
  assert_true(script_at(r.s, 1)->at_ms - script_at(r.s, 0)->at_ms >= 60000);
  rig_down(&r);
}

static void sixty_requests(mj_config *cfg) {
  cfg->requests_per_min = 60;
}

static void paid_requests_count_as_requests(void **state) {
  size_t i;
  rig_tune = sixty_requests;
  {
    RIG(r, {.http = 401});
    for (i = 0; i < 10; i++)
      (void)rig_imagine(&r);
    (void)rig_run(&r, 0);
    for (i = 1; i < 10; i++)
      assert_true(script_at(r.s, i)->at_ms - script_at(r.s, i - 1)->at_ms >=
                  999);
    rig_down(&r);
  }
}

/* The first is less than a full gateway is waited for otherwise. */
static void nobody_is_kept_waiting_for_hours(void **state) {
  static const int64_t asked[] = {120001, 7200000};
  size_t i;
  for (i = 0; i < sizeof asked / sizeof asked[0]; i++) {
    struct end e;
    RIG(r, {.http = 429, .retry_after_ms = asked[i]});
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_ERATE_LIMITED);
    assert_int_equal(script_count(r.s), 1);
    rig_down(&r);
  }
}

/* The rest ----------------------------------------------------------------- */

static void small_replies(mj_config *cfg) {
  cfg->max_reply = 40;
}

static void a_reply_that_is_too_large_is_broken_off(void **state) {
  struct end e;
  rig_tune = small_replies;
  {
    RIG(r, ACCEPT); /* 51 bytes */
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_EUNKNOWN_OUTCOME);
    assert_non_null(strstr(e.text, "HTTP 200 with more than 40 bytes; "));
    assert_int_equal(script_count(r.s), 1);
    rig_down(&r);
  }
}

static mj_client *in_log;
static int step_in_log;

static void step_from_the_log(void *ud, int level, const char *line) {
  (void)ud;
  (void)level;
  (void)line;
  step_in_log = mj_step(in_log, 0, 0);
}

static void with_log(mj_config *cfg) {
  cfg->log = step_from_the_log;
}

static void a_step_inside_a_step_is_refused(void **state) {
  rig_tune = with_log;
  step_in_log = 0;
  {
    RIG(r, ACCEPT, DONE);
    in_log = r.c;
    (void)rig_run(&r, rig_imagine(&r));
    assert_int_equal(step_in_log, MJ_EINVALID);
    rig_down(&r);
  }
}

static void user_state(mj_config *cfg) {
  cfg->wire_state = "user";
}

static void a_state_of_the_user_s_may_look_like_ours(void **state) {
  mj_request q;
  struct end e;
  rig_tune = user_state;
  {
    RIG(r, ACCEPT,
        {.body = "{\"id\":\"17\",\"status\":\"SUCCESS\",\"state\":\"mj_x\"}"});
    memset(&q, 0, sizeof q);
    q.op = MJ_OP_IMAGINE;
    q.prompt = "x";
    q.state = "mj_x";
    e = rig_run(&r, rig_submit(&r, &q));
    assert_int_equal(e.code, MJ_OK);
    assert_string_equal(e.state, "mj_x");
    rig_down(&r);
  }
}

static void long_times_are_no_overflow(void **state) {
  mj_config cfg;
  mj_client *c;
  mj_error err;
  mj_id id;
  RIG(r, ACCEPT);
  assert_int_equal(mj_after(r.c, INT64_MAX, &id, &err), MJ_OK);
  assert_true(mj_timeout(r.c) > 0);
  assert_int_equal(mj_cancel(r.c, id), MJ_OK);
  rig_down(&r);
  mj_config_init(&cfg);
  cfg.auth = "bearer";
  cfg.dialect = "mj";
  cfg.poll.first_ms = INT64_MAX;
  assert_int_equal(mj_client_new(&c, &cfg, &err), MJ_EINVALID);
  assert_non_null(strstr(err.text, "poll"));
}

/* Gateways that echo the key, whole, in pieces, or where the quote ends. */
static void the_key_is_never_quoted(void **state) {
  static const char *const bodies[] = {
      "{\"error\":{\"message\":\"bad token sk-CANARY-91\"}}",
      "<p>bad token sk-CAN<b>ARY-</b>91</p>",
      "bad token sk-CANARY-91\tsk-CAN\tARY-91",
      "{\"error\":{\"message\":\"0123456789012345678901234567890123456789"
      "0123456789012345678901234567890123456789012345678901234567890123"
      "01234567890123456789012345678901234567890123456789012345678901234567890"
      "012345678901 sk-CANARY-91\"}}",
  };
  size_t i;
  for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    struct end e;
    RIG(r, {.http = 401, .body = bodies[i]});
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_EAUTH);
    if (strstr(e.text, "CANARY") || strstr(e.text, "sk-C") ||
        strstr(e.text, "ARY"))
      fail_msg("the key shows in: %s", e.text);
    rig_down(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_leaves_without_its_record),
      cmocka_unit_test(a_broken_journal_stops_all_that_is_paid),
      cmocka_unit_test(an_id_is_reported_even_if_it_cannot_be_recorded),
      cmocka_unit_test(each_step_waits_for_its_record),
      cmocka_unit_test(an_unknown_keeps_its_slot_for_a_task_s_life),
      cmocka_unit_test(one_submit_slowed_down_slows_all),
      cmocka_unit_test(one_poll_slowed_down_slows_all),
      cmocka_unit_test(paid_requests_count_as_requests),
      cmocka_unit_test(nobody_is_kept_waiting_for_hours),
      cmocka_unit_test(a_reply_that_is_too_large_is_broken_off),
      cmocka_unit_test(a_step_inside_a_step_is_refused),
      cmocka_unit_test(a_state_of_the_user_s_may_look_like_ours),
      cmocka_unit_test(long_times_are_no_overflow),
      cmocka_unit_test(the_key_is_never_quoted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
