/* SPDX-License-Identifier: MIT
   test_journal.c - a client that is gone in the middle of its work, and the
   next one, which goes on with it. */
#include "journal_case.h"

static void with_auto(mj_config *cfg) {
  journaled(cfg);
  cfg->on_unknown = "resubmit";
}

static void what_was_accepted_goes_on(void **state) {
  struct seen s;
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, RUNNING);
    s = run(&r, rig_imagine(&r), 10000);
    assert_int_equal(s.done, 0);
    assert_int_equal(s.accepted, 1);
    killed(&r);
  }
  {
    rig_tune = journaled;
    RIG(r, DONE);
    assert_non_null(mj_run_id(r.c));
    assert_int_equal(mj_resumed(r.c), 1);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_int_equal(s.done, 1);
    assert_int_equal(s.accepted, 1);
    assert_string_equal(s.task, "17");
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    killed(&r);
  }
  { /* finished: no request at all */
    rig_tune = journaled;
    RIG(r, DONE);
    s = run(&r, rig_imagine(&r), 100000);
    assert_int_equal(s.done, 1);
    good(&s);
    assert_string_equal(s.url, "http://gw.test/a.png");
    assert_int_equal(script_count(r.s), 0);
    assert_int_equal(mj_run_done(r.c, 1, NULL), MJ_OK);
    killed(&r);
  }
  { /* another run: the same words are new work */
    rig_tune = journaled;
    RIG(r, ACCEPT, DONE);
    assert_int_equal(mj_resumed(r.c), 0);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    killed(&r);
  }
}

static void equal_requests_are_told_apart(void **state) {
  {
    rig_tune = journaled;
    RIG(r, ACCEPT,
        {.body = "{\"code\":1,\"description\":\"ok\",\"result\":\"18\"}"},
        RUNNING);
    (void)rig_imagine(&r);
    (void)run(&r, rig_imagine(&r), 1000);
    assert_int_equal(virtual_counted(r.w)->paid, 2);
    killed(&r);
  }
  {
    mj_id a, b;
    struct seen s, t;
    rig_tune = journaled;
    RIG(r, DONE);
    a = rig_imagine(&r);
    s = run(&r, a, 100000);
    b = rig_imagine(&r);
    t = run(&r, b, 100000);
    assert_string_equal(s.task, "17");
    assert_string_equal(t.task, "18");
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    killed(&r);
  }
}

/* Killed with the request on its way: only the gateway knows. */
static void an_answer_that_nobody_heard_is_looked_up(void **state) {
  char token[40], list[300];
  struct seen s;
  {
    rig_tune = journaled;
    RIG(r, NEVER);
    s = run(&r, rig_imagine(&r), 1000);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    (void)snprintf(token, sizeof token, "%s", s.token);
    killed(&r);
  }
  (void)snprintf(
      list, sizeof list,
      "[{\"id\":\"99\",\"status\":\"IN_PROGRESS\",\"state\":\"%s\"}]", token);
  {
    rig_tune = journaled;
    RIG(r, {.body = list}, DONE);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_string_equal(s.task, "99");
    assert_string_equal(s.token, token);
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    assert_int_equal(unknowns(&r), 0);
    killed(&r);
  }
}

static void without_a_list_it_is_held(void **state) {
  struct seen s;
  mj_error err;
  {
    rig_tune = journaled;
    RIG(r, LOST, NO_LIST);
    s = run(&r, rig_imagine(&r), 100000);
    assert_int_equal(s.code, MJ_EUNKNOWN_OUTCOME);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    assert_int_equal(unknowns(&r), 1);
    killed(&r);
  }
  { /* again and again: never sent a second time */
    rig_tune = journaled;
    RIG(r, NO_LIST);
    s = run(&r, rig_imagine(&r), 100000);
    assert_int_equal(s.code, MJ_EUNKNOWN_OUTCOME);
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    killed(&r);
  }
  { /* a person knows */
    rig_tune = journaled;
    RIG(r, DONE);
    assert_int_equal(unknowns(&r), 1);
    assert_int_equal(mj_resolve(r.c, "nobody", "41", &err), MJ_ENOT_FOUND);
    assert_int_equal(mj_resolve(r.c, unknown_token, "4/1", &err), MJ_EINVALID);
    assert_int_equal(mj_resolve(r.c, unknown_token, "41", &err), MJ_OK);
    assert_int_equal(mj_resolve(r.c, unknown_token, "41", &err), MJ_EINVALID);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_string_equal(s.task, "41");
    assert_int_equal(unknowns(&r), 0);
    killed(&r);
  }
}

/* Silence is proof only with a witness, twice, and late enough. */
static void absence_has_to_be_proved(void **state) {
  char witness[40], list[400];
  struct seen s;
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, DONE);
    s = run(&r, rig_imagine(&r), 100000);
    (void)snprintf(witness, sizeof witness, "%s", s.token);
    killed(&r);
  }
  { /* an empty list proves nothing: the gateway may have been restarted */
    rig_tune = journaled;
    RIG(r, DONE, LOST, {.body = "[]"});
    (void)run(&r, rig_imagine(&r), 1000); /* the one before: from the journal */
    s = run(&r, rig_imagine(&r), 2000000);
    assert_int_equal(s.code, MJ_EUNKNOWN_OUTCOME);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    killed(&r);
  }
  (void)snprintf(list, sizeof list,
                 "[{\"id\":\"16\",\"status\":\"SUCCESS\",\"state\":\"%s\","
                 "\"submitTime\":1767000000500}]",
                 witness);
  {
    mj_request q;
    rig_tune = journaled;
    RIG(r, LOST, {.body = list}, {.body = list}, {.body = list}, {.body = list},
        {.body = list}, {.body = list}, ACCEPT, DONE);
    memset(&q, 0, sizeof q);
    q.op = MJ_OP_IMAGINE;
    q.prompt = "another cat";
    s = run(&r, rig_submit(&r, &q), 2000000);
    good(&s);
    assert_int_equal(virtual_counted(r.w)->paid, 2);
    assert_string_equal(script_at(r.s, 0)->body, script_at(r.s, 7)->body);
    assert_true(script_at(r.s, 7)->at_ms - script_at(r.s, 0)->at_ms >= 130000);
    killed(&r);
  }
}

static void the_user_may_want_it_again(void **state) {
  struct seen s;
  rig_tune = with_auto;
  RIG(r, LOST, NO_LIST, ACCEPT, DONE);
  s = run(&r, rig_imagine(&r), 100000);
  good(&s);
  assert_int_equal(virtual_counted(r.w)->paid, 2);
  killed(&r);
}

static void but_no_more_than_once(void **state) {
  struct seen s;
  {
    rig_tune = with_auto;
    RIG(r, LOST, NO_LIST, LOST);
    s = run(&r, rig_imagine(&r), 100000);
    assert_int_equal(s.code, MJ_EUNKNOWN_OUTCOME);
    assert_int_equal(virtual_counted(r.w)->paid, 2);
    killed(&r);
  }
  { /* nor by the next start */
    rig_tune = with_auto;
    RIG(r, NO_LIST);
    s = run(&r, rig_imagine(&r), 100000);
    assert_int_equal(s.code, MJ_EUNKNOWN_OUTCOME);
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    killed(&r);
  }
}

static void what_was_refused_goes_again(void **state) {
  struct seen s;
  {
    rig_tune = told_at_once;
    RIG(r, FULL);
    s = run(&r, rig_imagine(&r), 400000);
    assert_int_equal(s.code, MJ_EQUEUE_FULL);
    killed(&r);
  }
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, DONE);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    killed(&r);
  }
}

/* A run that ended with an error goes on, but for what had failed in it. */
static void a_run_that_gave_up_tries_again(void **state) {
  struct seen s;
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, BAD);
    s = run(&r, rig_imagine(&r), 100000);
    assert_int_equal(s.code, MJ_EFAILED);
    killed(&r);
  }
  { /* killed: the failure is what it was */
    rig_tune = journaled;
    RIG(r, ACCEPT, BAD);
    s = run(&r, rig_imagine(&r), 100000);
    assert_int_equal(s.code, MJ_EFAILED);
    assert_int_equal(script_count(r.s), 0);
    assert_int_equal(mj_run_done(r.c, 0, NULL), MJ_OK);
    killed(&r);
  }
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, DONE);
    assert_int_equal(mj_resumed(r.c), 1);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    killed(&r);
  }
}

static void a_key_is_remembered_for_ever(void **state) {
  mj_request q;
  mj_error err;
  mj_id first, id;
  struct seen s;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  q.key = "cat 1";
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, DONE);
    first = rig_submit(&r, &q);
    assert_int_equal(mj_submit(r.c, &q, &id, &err),
                     MJ_EDUPLICATE); /* at work */
    s = run(&r, first, 100000);
    good(&s);
    assert_int_equal(mj_run_done(r.c, 1, &err), MJ_OK);
    killed(&r);
  }
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, DONE);
    s = run(&r, rig_submit(&r, &q), 100000);
    good(&s);
    assert_string_equal(s.task, "17");
    assert_int_equal(script_count(r.s), 0);
    q.on_duplicate = "fail";
    assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EDUPLICATE);
    assert_non_null(strstr(err.text, "cat 1"));
    q.prompt = "other words";
    q.on_duplicate = NULL;
    assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EDUPLICATE);
    assert_non_null(strstr(err.text, "cat 1: it was submitted before, with "
                                     "another request"));
    assert_int_equal(script_count(r.s), 0);
    q.on_duplicate = "new";
    s = run(&r, rig_submit(&r, &q), 100000);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    q.on_duplicate = NULL; /* whose words are those of the key now */
    s = run(&r, rig_submit(&r, &q), 100000);
    good(&s);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    q.prompt = "black cat";
    assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EDUPLICATE);
    q.on_duplicate = "perhaps";
    assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
    q.on_duplicate = NULL;
    q.key = "";
    assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
    killed(&r);
  }
}

static void a_token_works_in_another_process(void **state) {
  char token[40];
  struct seen s;
  mj_error err;
  mj_id id;
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, RUNNING);
    s = run(&r, rig_imagine(&r), 5000);
    (void)snprintf(token, sizeof token, "%s", s.token);
    killed(&r);
  }
  {
    rig_tune = journaled;
    RIG(r, DONE);
    assert_int_equal(mj_track(r.c, token, &id, &err), MJ_OK);
    s = run(&r, id, 100000);
    good(&s);
    assert_string_equal(s.task, "17");
    assert_int_equal(mj_track(r.c, "mj_aaaaaaaaaaaaaaaaaaaaaaaaaa", &id, &err),
                     MJ_ENOT_FOUND);
    killed(&r);
  }
  {
    rig_tune = NULL;
    RIG(r, DONE);
    assert_int_equal(mj_track(r.c, token, &id, &err), MJ_ENOT_FOUND);
    assert_non_null(strstr(err.text, "journal"));
    rig_down(&r);
  }
}

/* As Ctrl-C does: what was not sent is sent by the next start. */
static void what_was_given_up_unsent_goes_again(void **state) {
  struct seen s;
  mj_id id;
  {
    rig_tune = journaled;
    RIG(r, ACCEPT);
    id = rig_imagine(&r);
    assert_int_equal(mj_cancel(r.c, id), MJ_OK);
    s = run(&r, id, 1000);
    assert_int_equal(s.code, MJ_ECANCELLED);
    assert_int_equal(script_count(r.s), 0);
    assert_int_equal(mj_track(r.c, s.token, &id, NULL), MJ_EINVALID);
    killed(&r);
  }
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, DONE);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    killed(&r);
  }
}

/* What one client sends is nobody else's to go on with, or to settle. */
static void two_clients_never_work_on_one_row(void **state) {
  const script_reply idle[] = {DONE};
  mj_request q;
  struct rig other;
  mj_error err;
  mj_id id, on_its_way;
  mj_job_state info;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  q.key = "one";
  rig_tune = journaled;
  RIG(r, NEVER);
  rig_tune = journaled;
  rig_up(&other, idle, 1);
  on_its_way = rig_submit(&r, &q);
  while (virtual_counted(r.w)->paid == 0) {
    (void)mj_flush(r.c, -1, NULL);
    (void)mj_step(r.c, 0, 0);
  }
  assert_int_equal(mj_job_info(r.c, on_its_way, &info), MJ_OK);
  assert_int_equal(mj_submit(other.c, &q, &id, &err), MJ_EDUPLICATE);
  assert_int_equal(mj_track(other.c, info.token, &id, &err), MJ_EDUPLICATE);
  assert_int_equal(unknowns(&r), 0);
  assert_int_equal(unknowns(&other), 0);
  assert_int_equal(mj_resolve(other.c, "one", NULL, &err), MJ_EINVALID);
  assert_non_null(strstr(err.text, "being sent"));
  rig_down(&other);
  killed(&r);
  {
    rig_tune = journaled;
    rig_up(&other, idle, 1);
    assert_int_equal(unknowns(&other), 1); /* now it is */
    assert_int_equal(mj_resolve(other.c, "one", NULL, &err), MJ_OK);
    killed(&other);
  }
}

/* Settled by a person while its job looks for it. */
static void a_person_is_faster_than_the_list(void **state) {
  struct seen s;
  mj_error err;
  mj_id id;
  rig_tune = journaled;
  RIG(r, LOST, DONE);
  id = rig_imagine(&r);
  s = run(&r, id, 1000);
  assert_int_equal(s.done, 0);
  assert_int_equal(unknowns(&r), 1);
  assert_int_equal(mj_resolve(r.c, unknown_token, "41", &err), MJ_OK);
  s = run(&r, id, 100000);
  good(&s);
  assert_string_equal(s.task, "41");
  assert_int_equal(virtual_counted(r.w)->paid, 1);
  killed(&r);
}

static void clients_share_a_journal(void **state) {
  const script_reply idle[] = {DONE};
  struct seen s;
  struct rig other;
  rig_tune = journaled;
  RIG(r, ACCEPT, DONE);
  rig_tune = journaled;
  rig_up(&other, idle, 1);
  s = run(&r, rig_imagine(&r), 100000);
  good(&s);
  rig_down(&other);
  rig_down(&r);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, journal_up, journal_down)
  const struct CMUnitTest tests[] = {
      T(what_was_accepted_goes_on),
      T(equal_requests_are_told_apart),
      T(an_answer_that_nobody_heard_is_looked_up),
      T(without_a_list_it_is_held),
      T(absence_has_to_be_proved),
      T(the_user_may_want_it_again),
      T(but_no_more_than_once),
      T(what_was_refused_goes_again),
      T(a_run_that_gave_up_tries_again),
      T(a_key_is_remembered_for_ever),
      T(a_token_works_in_another_process),
      T(what_was_given_up_unsent_goes_again),
      T(two_clients_never_work_on_one_row),
      T(a_person_is_faster_than_the_list),
      T(clients_share_a_journal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
