/* SPDX-License-Identifier: MIT
   test_journal_again.c - a script that was refused, or failed, and asked again
   by itself, before it was cut off: what of it goes again. */
#include "journal_case.h"

static int64_t lines_of_refusals;

static void count_refusals(void *ud, int level, const char *line) {
  (void)ud;
  if (level == 1 && strstr(line, "stays refused"))
    lines_of_refusals++;
}

static void logged(mj_config *cfg) {
  journaled(cfg);
  cfg->log = count_refusals;
}

/* A start of the script: asks `n` times in the same words, each when the one
   before has ended; how they ended. */
static void ask(struct rig *r, int n, struct seen *out) {
  int i;
  for (i = 0; i < n; i++)
    out[i] = run(r, rig_imagine(r), 100000);
}

/* Refused, asked again, paid for; the second start pays for nothing. */
static void the_script_asked_again_itself(void **state) {
  struct seen s[3];
  {
    rig_tune = told_at_once;
    RIG(r, FULL, ACCEPT, DONE);
    ask(&r, 2, s);
    assert_int_equal(s[0].code, MJ_EQUEUE_FULL);
    good(&s[1]);
    killed(&r);
  }
  lines_of_refusals = 0;
  for (int i = 0; i < 2; i++) { /* and the third: to tell it changes nothing */
    rig_tune = logged;
    RIG(r, ACCEPT, DONE);
    ask(&r, 2, s);
    assert_int_equal(s[0].code, MJ_EQUEUE_FULL);
    assert_non_null(strstr(s[0].text, "as the journal has it"));
    assert_null(strstr(strstr(s[0].text, "as the journal") + 1, "as the j"));
    good(&s[1]);
    assert_int_equal(script_count(r.s), 0);
    assert_int_equal(lines_of_refusals, i + 1);
    killed(&r);
  }
  { /* what it had not asked for goes */
    rig_tune = journaled;
    RIG(r, ACCEPT, DONE);
    ask(&r, 3, s);
    good(&s[2]);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    killed(&r);
  }
}

/* The one that it asked for last may go again, those before it not. */
static void all_were_refused(void **state) {
  struct seen s[3];
  {
    rig_tune = told_at_once;
    RIG(r, FULL);
    ask(&r, 3, s);
    killed(&r);
  }
  for (int i = 0; i < 2; i++) {
    rig_tune = journaled;
    RIG(r, ACCEPT, DONE);
    ask(&r, 3, s);
    assert_int_equal(s[0].code, MJ_EQUEUE_FULL);
    assert_int_equal(s[1].code, MJ_EQUEUE_FULL);
    good(&s[2]);
    assert_int_equal(virtual_counted(r.w)->paid, i ? 0 : 1);
    killed(&r);
  }
}

/* Equal requests at the same time are no answer to each other. */
static void twins_go_again(void **state) {
  struct seen s;
  mj_id a, b;
  {
    rig_tune = told_at_once;
    RIG(r, FULL);
    a = rig_imagine(&r);
    b = rig_imagine(&r);
    s = run(&r, a, 100000);
    assert_int_equal(s.code, MJ_EQUEUE_FULL);
    (void)run(&r, b, 100);
    killed(&r);
  }
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, {.body = "{\"code\":1,\"result\":\"18\"}"}, DONE);
    a = rig_imagine(&r);
    b = rig_imagine(&r);
    s = run(&r, a, 100000);
    good(&s);
    (void)run(&r, b, 100000);
    assert_int_equal(virtual_counted(r.w)->paid, 2);
    killed(&r);
  }
}

/* Given up unsent by the script, and asked for again. */
static void given_up_and_asked_again(void **state) {
  struct seen s;
  mj_id id;
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, DONE);
    id = rig_imagine(&r);
    assert_int_equal(mj_cancel(r.c, id), MJ_OK);
    (void)run(&r, id, 1000);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    killed(&r);
  }
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, DONE);
    s = run(&r, rig_imagine(&r), 100000);
    assert_int_equal(s.code, MJ_ECANCELLED);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_int_equal(script_count(r.s), 0);
    killed(&r);
  }
}

static void fresh(mj_config *cfg) {
  journaled(cfg);
  cfg->fresh = 1;
}

/* A banned prompt is one tomorrow, too. */
static void what_was_refused_for_good_stays_so(void **state) {
  struct seen s;
  {
    rig_tune = journaled;
    RIG(r, BANNED);
    s = run(&r, rig_imagine(&r), 100000);
    assert_int_equal(s.code, MJ_EBANNED_PROMPT);
    killed(&r);
  }
  lines_of_refusals = 0;
  {
    rig_tune = logged;
    RIG(r, ACCEPT, DONE);
    s = run(&r, rig_imagine(&r), 100000);
    assert_int_equal(s.code, MJ_EBANNED_PROMPT);
    assert_non_null(strstr(s.text, "a fresh run asks again"));
    assert_int_equal(script_count(r.s), 0);
    assert_int_equal(lines_of_refusals, 1);
    killed(&r);
  }
  { /* ended with an error: it tries again what had failed */
    rig_tune = journaled;
    RIG(r, BANNED);
    assert_int_equal(mj_run_done(r.c, 0, NULL), MJ_OK);
    killed(&r);
  }
  {
    rig_tune = journaled;
    RIG(r, BANNED);
    s = run(&r, rig_imagine(&r), 100000);
    assert_int_equal(script_count(r.s), 1);
    killed(&r);
  }
  {
    rig_tune = fresh;
    RIG(r, ACCEPT, DONE);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    killed(&r);
  }
}

/* A task that failed has failed; the script's own second try is the second. */
static void a_failure_and_the_second_try(void **state) {
  struct seen s[2];
  int i;
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, BAD, ACCEPT, DONE);
    ask(&r, 2, s);
    assert_int_equal(s[0].code, MJ_EFAILED);
    good(&s[1]);
    killed(&r);
  }
  for (i = 0; i < 3; i++) { /* the third one after an error of the script's */
    rig_tune = journaled;
    RIG(r, ACCEPT, DONE);
    ask(&r, 2, s);
    assert_int_equal(s[0].code, MJ_EFAILED);
    good(&s[1]);
    assert_int_equal(script_count(r.s), 0);
    if (i == 1)
      assert_int_equal(mj_run_done(r.c, 0, NULL), MJ_OK);
    killed(&r);
  }
}

/* A month after a run ended well nothing of it is left but keys. */
static void old_work_is_forgotten(void **state) {
  mj_request q;
  struct seen s;
  char token[40], keyed[40];
  mj_error err;
  mj_id id;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "a dog";
  q.key = "dog";
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, DONE, ACCEPT, DONE);
    s = run(&r, rig_imagine(&r), 100000);
    (void)snprintf(token, sizeof token, "%s", s.token);
    s = run(&r, rig_submit(&r, &q), 100000);
    good(&s);
    (void)snprintf(keyed, sizeof keyed, "%s", s.token);
    assert_int_equal(mj_run_done(r.c, 1, NULL), MJ_OK);
    killed(&r);
  }
  journal_past += INT64_C(29) * 86400000;
  {
    rig_tune = journaled;
    RIG(r, DONE);
    assert_int_equal(mj_track(r.c, token, &id, &err), MJ_OK);
    killed(&r);
  }
  journal_past += INT64_C(2) * 86400000;
  {
    rig_tune = journaled;
    RIG(r, DONE);
    assert_int_equal(mj_track(r.c, token, &id, &err), MJ_ENOT_FOUND);
    s = run(&r, rig_submit(&r, &q), 100000);
    good(&s);
    assert_string_equal(s.token, keyed);
    assert_string_equal(s.url, "http://gw.test/a.png");
    assert_int_equal(script_count(r.s), 0);
    killed(&r);
  }
}

/* What was cut off is picked up, however long it lay about. */
static void an_open_run_is_not(void **state) {
  struct seen s;
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, DONE);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    killed(&r);
  }
  journal_past += INT64_C(90) * 86400000;
  for (int i = 0; i < 2; i++) {
    rig_tune = journaled;
    RIG(r, ACCEPT, DONE);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_int_equal(script_count(r.s), 0);
    killed(&r);
  }
}

static int state_of(void *ud, const mj_row *row) {
  (void)snprintf((char *)ud + 16 * (row->key[1] - '0'), 16, "%s", row->state);
  return 0;
}

static int never_left(void *ud, uint64_t id) {
  (void)ud;
  return id != 0;
}

static void waits_for_a_name(mj_config *cfg) {
  static mj_transport t;
  journaled(cfg);
  t = *cfg->transport;
  t.unsent = never_left;
  cfg->transport = &t;
}

/* Its client is closed while it waits for a connection: it was not sent, and
   the next start need not wonder. */
static void closed_before_it_left(void **state) {
  mj_job_state info;
  struct seen s;
  mj_id id;
  {
    rig_tune = waits_for_a_name;
    RIG(r, NEVER);
    id = rig_imagine(&r);
    (void)run(&r, id, 1000);
    assert_int_equal(mj_job_info(r.c, id, &info), MJ_OK);
    assert_int_equal(info.phase, MJ_PH_QUEUED);
    killed(&r);
  }
  rig_tune = journaled;
  {
    RIG(r, ACCEPT, DONE);
    assert_int_equal(unknowns(&r), 0);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    killed(&r);
  }
}

/* While it waits for its turn to leave, or is given up there. */
static void closed_before_its_turn(void **state) {
  enum { N = 3 };
  mj_request q;
  mj_id ids[N];
  struct seen s;
  char key[16], states[N][16];
  int i;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  q.key = key;
  rig_tune = journaled;
  {
    RIG(r, {.delay_ms = 5000});
    for (i = 0; i < N; i++) {
      (void)snprintf(key, sizeof key, "k%d", i);
      ids[i] = rig_submit(&r, &q);
    }
    for (i = 0; i < 100 && virtual_counted(r.w)->paid == 0; i++)
      (void)mj_step(r.c, 0, 1);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    assert_int_equal(mj_cancel(r.c, ids[N - 1]), MJ_OK);
    killed(&r);
  }
  rig_tune = journaled;
  {
    RIG(r, ACCEPT, DONE);
    assert_int_equal(mj_journal_each(r.c, 0, state_of, states, NULL), MJ_OK);
    assert_string_equal(states[0], "DISPATCHING"); /* the one that left */
    assert_string_equal(states[1], "READY");
    assert_string_equal(states[2], "REJECTED");
    (void)snprintf(key, sizeof key, "k%d", 1);
    s = run(&r, rig_submit(&r, &q), 100000);
    good(&s);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    killed(&r);
  }
}

/* Whoever only goes away does not have it stopped, either while it is sent. */
static void detached_while_it_is_sent(void **state) {
  struct seen s;
  size_t i;
  mj_id id;
  rig_tune = journaled;
  {
    RIG(r,
        {.body = "{\"code\":1,\"description\":\"ok\",\"result\":\"17\"}",
         .delay_ms = 5000},
        RUNNING);
    id = rig_imagine(&r);
    (void)run(&r, id, 1000);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    assert_int_equal(mj_detach(r.c, id), MJ_OK);
    s = run(&r, id, 100000);
    assert_int_equal(s.done, 1);
    assert_int_equal(s.accepted, 1);
    assert_int_equal(s.code, MJ_ECANCELLED);
    assert_non_null(strstr(s.text, "task 17 goes on"));
    for (i = 0; i < script_count(r.s); i++)
      assert_null(strstr(script_at(r.s, i)->url, "cancel"));
    killed(&r);
  }
  rig_tune = journaled;
  {
    RIG(r, DONE);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_string_equal(s.task, "17");
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    killed(&r);
  }
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, journal_up, journal_down)
  const struct CMUnitTest tests[] = {
      T(the_script_asked_again_itself),
      T(all_were_refused),
      T(twins_go_again),
      T(given_up_and_asked_again),
      T(what_was_refused_for_good_stays_so),
      T(a_failure_and_the_second_try),
      T(old_work_is_forgotten),
      T(an_open_run_is_not),
      T(closed_before_it_left),
      T(closed_before_its_turn),
      T(detached_while_it_is_sent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
