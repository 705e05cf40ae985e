/* SPDX-License-Identifier: MIT
   test_again.c - work whose task failed is submitted once more, as often as was
   asked for and no more, whoever is killed in between. */
#include "journal_case.h"

#include "mj_int.h"

/* clang-format off */
#define FAILS(why) {.body = "{\"id\":\"%ID\",\"status\":\"FAILURE\",\"failReason\":\"" why "\"}"}
#define ACCEPT_AS(id) {.body = "{\"code\":1,\"description\":\"ok\",\"result\":\"" id "\"}"}
/* clang-format on */

static mj_request three_times(const char *key) {
  mj_request q;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  q.attempts = 3;
  q.key = key;
  return q;
}

static int paid(const struct rig *r) {
  return (int)virtual_counted(r->w)->paid;
}

static void a_failure_is_tried_again(void **state) {
  mj_request q = three_times(NULL);
  struct end e;
  RIG(r, ACCEPT_AS("1"), FAILS("[Internal Server Error] x"), ACCEPT_AS("2"),
      FAILS("timeout"), ACCEPT_AS("3"), DONE);
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  assert_int_equal(e.accepted, 3);
  assert_int_equal(e.done, 1);
  assert_string_equal(e.task_id, "3");
  assert_int_equal(paid(&r), 3);
  assert_int_equal(r.c->live.used, 0);
  rig_down(&r);
}

/* The host has other things to do: what it reads then is still there. */
static void nobody_looks_for_two_rounds(void **state) {
  mj_request q = three_times(NULL);
  const mj_event *e;
  mj_job_state info;
  int64_t until;
  size_t read = 0;
  mj_id id;
  RIG(r, ACCEPT_AS("1"), RUNNING, FAILS("a"), ACCEPT_AS("2"), FAILS("b"),
      ACCEPT_AS("3"), DONE);
  id = rig_submit(&r, &q);
  assert_int_equal(mj_observe(r.c, id, 1), MJ_OK);
  until = mj_now(r.c) + 300000;
  while (mj_job_info(r.c, id, &info) == MJ_OK && info.phase != MJ_PH_ENDED &&
         mj_now(r.c) < until) {
    mj_id tick;
    int64_t wait = mj_timeout(r.c);
    assert_int_equal(mj_after(r.c, 1000, &tick, NULL), MJ_OK);
    /* one that waits is told of what there is to fetch, and does not */
    r.c->tr.step(r.c->tr.ud, r.c, wait < 1000 && wait >= 0 ? wait : 1000, 0);
    (void)mj_step(r.c, 0, 0);
    (void)mj_cancel(r.c, tick);
  }
  assert_int_equal(info.phase, MJ_PH_ENDED);
  while ((e = mj_event_peek(r.c)) != NULL) {
    if (e->id == id && e->task_id)
      read += strlen(e->task_id);
    mj_event_pop(r.c);
  }
  assert_in_range(read, 2, 3);
  rig_down(&r);
}

static void as_often_as_was_said(void **state) {
  mj_request q = three_times(NULL);
  struct end e;
  RIG(r, ACCEPT_AS("1"), FAILS("a"), ACCEPT_AS("2"), FAILS("b"), ACCEPT_AS("3"),
      FAILS("last"), ACCEPT_AS("4"), DONE);
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_EFAILED);
  assert_non_null(strstr(e.text, "last"));
  assert_int_equal(paid(&r), 3);
  rig_down(&r);
}

static void once_when_nothing_was_said(void **state) {
  RIG(r, ACCEPT_AS("1"), FAILS("a"), ACCEPT_AS("2"), DONE);
  assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_EFAILED);
  assert_int_equal(paid(&r), 1);
  rig_down(&r);
}

/* What is at fault in the request stays so. */
static void not_what_was_moderated(void **state) {
  static const char *const reasons[] = {
      "Banned prompt detected",
      "[Invalid parameter] Invalid value",
      "Request blocked by moderation",
      "Your image was MODERATED",
      "Sensitive content",
      "\xe6\x95\x8f\xe6\x84\x9f\xe8\xaf\x8d",
      "\xe5\x8f\x96\xe6\xb6\x88\xe4\xbb\xbb\xe5\x8a\xa1",
  };
  size_t i;
  for (i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
    mj_request q = three_times(NULL);
    char body[300];
    (void)snprintf(
        body, sizeof body,
        "{\"id\":\"1\",\"status\":\"FAILURE\",\"failReason\":\"%s\"}",
        reasons[i]);
    {
      RIG(r, ACCEPT_AS("1"), {.body = body}, ACCEPT_AS("2"), DONE);
      assert_int_equal(rig_run(&r, rig_submit(&r, &q)).code, MJ_EFAILED);
      assert_int_equal(paid(&r), 1);
      rig_down(&r);
    }
  }
}

static void not_what_is_unknown(void **state) {
  mj_request q = three_times(NULL);
  RIG(r, LOST);
  assert_int_equal(rig_run(&r, rig_submit(&r, &q)).code, MJ_EUNKNOWN_OUTCOME);
  assert_int_equal(paid(&r), 1);
  rig_down(&r);
}

static void not_after_it_was_cancelled(void **state) {
  mj_request q = three_times(NULL);
  mj_id id;
  RIG(r, ACCEPT_AS("1"), ACCEPT, FAILS("stopped by its user"), ACCEPT_AS("2"),
      DONE);
  id = rig_submit(&r, &q);
  while (script_count(r.s) < 1 || !mj_event_peek(r.c))
    (void)mj_step(r.c, -1, 0);
  mj_event_pop(r.c);
  (void)mj_cancel(r.c, id);
  assert_int_equal(rig_run(&r, id).code, MJ_ECANCELLED);
  assert_int_equal(paid(&r), 1);
  rig_down(&r);
}

static void a_click_too(void **state) {
  mj_request q = click_on("U2");
  q.attempts = 2;
  RIG(r, {.body = GRID}, ACCEPT_AS("18"), FAILS("x"), ACCEPT_AS("19"), DONE);
  assert_int_equal(rig_run(&r, rig_submit(&r, &q)).code, MJ_OK);
  assert_int_equal(paid(&r), 2);
  assert_int_equal(script_count(r.s), 5); /* the button is known by then */
  assert_string_equal(script_at(r.s, 1)->url, script_at(r.s, 3)->url);
  assert_non_null(strstr(script_at(r.s, 3)->body, "MJ::JOB::upsample::2::abc"));
  rig_down(&r);
}

/* Each has a token of its own on the wire, or they could not be told apart. */
static void each_has_its_own_state(void **state) {
  mj_request q = three_times(NULL);
  const char *a, *b;
  RIG(r, ACCEPT_AS("1"), FAILS("x"), ACCEPT_AS("2"), DONE);
  (void)rig_run(&r, rig_submit(&r, &q));
  a = strstr(script_at(r.s, 0)->body, "mj_");
  b = strstr(script_at(r.s, 2)->body, "mj_");
  assert_non_null(a);
  assert_non_null(b);
  assert_int_not_equal(strncmp(a, b, 29), 0);
  rig_down(&r);
}

static void bad_numbers(void **state) {
  mj_request q = three_times(NULL);
  mj_error err;
  mj_id id;
  RIG(r, ACCEPT);
  q.attempts = -1;
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  q.attempts = 101;
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  assert_non_null(strstr(err.text, "attempts"));
  q.op = MJ_OP_MODAL;
  q.task = "17";
  q.attempts = 2;
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  q = three_times(NULL);
  q.deadline_ms = -1;
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  assert_non_null(strstr(err.text, "deadline"));
  rig_down(&r);
}

/* The journal -------------------------------------------------------------- */

static char listed[600];

static int list_row(void *ud, const mj_row *row) {
  size_t n = strlen(listed);
  (void)ud;
  (void)snprintf(listed + n, sizeof listed - n, "%s=%s ",
                 row->key ? row->key : "-", row->state);
  return 0;
}

static const char *rows(struct rig *r) {
  listed[0] = '\0';
  assert_int_equal(mj_flush(r->c, -1, NULL), MJ_OK);
  assert_int_equal(mj_journal_each(r->c, 0, list_row, NULL, NULL), MJ_OK);
  return listed;
}

static void the_journal_has_a_row_for_each(void **state) {
  mj_request q = three_times("cat");
  struct seen s;
  rig_tune = journaled;
  {
    RIG(r, ACCEPT_AS("1"), FAILS("x"), ACCEPT_AS("2"), DONE);
    s = run(&r, rig_submit(&r, &q), 100000);
    good(&s);
    assert_string_equal(s.task, "2");
    assert_string_equal(rows(&r), "cat=FAILED cat#2=SUCCEEDED ");
    killed(&r);
  }
  rig_tune = journaled; /* another start: nothing is sent */
  {
    RIG(r, ACCEPT);
    s = run(&r, rig_submit(&r, &q), 100000);
    good(&s);
    assert_string_equal(s.task, "2");
    assert_int_equal(script_count(r.s), 0);
    killed(&r);
  }
}

/* Whatever a caller names its work, no round of another has that name. */
static void names_of_rounds_are_nobody_else_s(void **state) {
  mj_request q = three_times("cat"), dog = three_times("cat#2"), bad;
  struct seen s;
  mj_error err;
  mj_id id;
  rig_tune = journaled;
  {
    RIG(r, ACCEPT_AS("7"), DONE, ACCEPT_AS("1"), FAILS("x"), ACCEPT_AS("2"),
        DONE);
    dog.prompt = "dog";
    s = run(&r, rig_submit(&r, &dog), 100000);
    assert_string_equal(s.task, "7");
    s = run(&r, rig_submit(&r, &q), 100000);
    assert_string_equal(s.task, "2");
    s = run(&r, rig_submit(&r, &dog), 100000); /* still its own */
    assert_string_equal(s.task, "7");
    assert_int_equal(paid(&r), 3);
    bad = three_times("cat\x1f"
                      "2");
    assert_int_equal(mj_submit(r.c, &bad, &id, &err), MJ_EINVALID);
    /* "fail" means whatever round it is in */
    q.on_duplicate = "fail";
    assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EDUPLICATE);
    killed(&r);
  }
}

/* A person names the work by its key, not by its round. */
static void a_later_round_is_resolved_by_its_key(void **state) {
  mj_request q = three_times("cat");
  struct seen s;
  rig_tune = journaled;
  {
    RIG(r, ACCEPT_AS("1"), FAILS("x"), LOST, NO_LIST);
    s = run(&r, rig_submit(&r, &q), 100000);
    assert_int_equal(s.code, MJ_EUNKNOWN_OUTCOME);
    assert_string_equal(rows(&r), "cat=FAILED cat#2=UNKNOWN ");
    assert_int_equal(mj_resolve(r.c, "cat", "2", NULL), MJ_OK);
    assert_string_equal(rows(&r), "cat=FAILED cat#2=ACCEPTED ");
    killed(&r);
  }
}

/* Killed between the failure and the next submission: the row of the next one
   is there, or not yet. */
static void killed_in_between(void **state) {
  mj_request q = three_times("cat");
  struct seen s;
  int there;
  for (there = 0; there < 2; there++) {
    char key[20];
    (void)snprintf(key, sizeof key, "cat %d", there);
    q.key = key;
    rig_tune = journaled;
    {
      RIG(r, ACCEPT_AS("1"), FAILS("x"), ACCEPT_AS("99"));
      q.attempts = there ? 3 : 1;
      s = run(&r, rig_submit(&r, &q), 1);
      while (script_count(r.s) < 1)
        (void)run(&r, 0, 1);
      mj_pause(r.c, -1); /* READY, and no further */
      (void)run(&r, 0, 20000);
      assert_int_equal(paid(&r), 1);
      killed(&r);
    }
    q.attempts = 3;
    rig_tune = journaled;
    {
      RIG(r, ACCEPT_AS("2"), FAILS("y"), ACCEPT_AS("3"), DONE);
      s = run(&r, rig_submit(&r, &q), 100000);
      good(&s);
      assert_string_equal(s.task, "3");
      assert_int_equal(paid(&r), 2); /* three in all, and no more */
      assert_non_null(strstr(rows(&r), "#2=FAILED "));
      assert_non_null(strstr(rows(&r), "#3=SUCCEEDED "));
      killed(&r);
    }
  }
}

/* Killed at each request in turn, with as many starts as it takes: the gateway
   sees each round once. */
static void killed_anywhere(void **state) {
  size_t stop;
  for (stop = 1; stop < 7; stop++) {
    mj_request q = three_times(NULL);
    struct seen s;
    char key[20];
    size_t seen;
    int first;
    (void)snprintf(key, sizeof key, "at %zu", stop);
    q.key = key;
    rig_tune = journaled;
    {
      mj_id id;
      RIG(r, ACCEPT_AS("1"), FAILS("x"), ACCEPT_AS("2"), FAILS("y"),
          ACCEPT_AS("3"), RUNNING, DONE);
      id = rig_submit(&r, &q);
      while (script_count(r.s) < stop)
        (void)run(&r, id, 1);
      (void)run(&r, id, 20); /* its answer is read, and what it says is kept */
      assert_int_equal(mj_flush(r.c, -1, NULL), MJ_OK);
      seen = script_count(r.s);
      first = paid(&r);
      killed(&r);
    }
    rig_tune = journaled;
    {
      static const script_reply left[] = {ACCEPT_AS("1"),
                                          FAILS("x"),
                                          ACCEPT_AS("2"),
                                          FAILS("y"),
                                          ACCEPT_AS("3"),
                                          RUNNING,
                                          DONE};
      struct rig r;
      rig_up(&r, left + seen, 7 - seen);
      s = run(&r, rig_submit(&r, &q), 100000);
      good(&s);
      assert_string_equal(s.task, "3");
      assert_int_equal(first + paid(&r), 3);
      killed(&r);
    }
  }
}

/* A deadline leaves the row as it is: the next start goes on with it. */
static void what_was_left_alone_is_found_again(void **state) {
  mj_request q = three_times("late");
  struct seen s;
  q.attempts = 0;
  q.deadline_ms = 10000;
  rig_tune = journaled;
  {
    RIG(r, ACCEPT_AS("1"), RUNNING);
    s = run(&r, rig_submit(&r, &q), 100000);
    assert_int_equal(s.code, MJ_ETIMEOUT);
    assert_null(strstr(rows(&r), "late=CANCELLED"));
    killed(&r);
  }
  q.deadline_ms = 0;
  rig_tune = journaled;
  {
    RIG(r, DONE);
    s = run(&r, rig_submit(&r, &q), 100000);
    good(&s);
    assert_string_equal(s.task, "1");
    assert_int_equal(paid(&r), 0);
    killed(&r);
  }
}

/* So does a gateway that was out of order for too long. */
static void trouble_loses_nothing(void **state) {
  mj_request q = three_times("trouble");
  struct seen s;
  rig_tune = journaled;
  {
    RIG(r, ACCEPT_AS("1"), BAD_GATEWAY);
    s = run(&r, rig_submit(&r, &q), 1000000);
    assert_int_equal(s.code, MJ_EPROTOCOL);
    assert_int_equal(paid(&r), 1);
    killed(&r);
  }
  rig_tune = journaled;
  {
    RIG(r, DONE);
    s = run(&r, rig_submit(&r, &q), 100000);
    good(&s);
    assert_string_equal(s.task, "1");
    assert_int_equal(paid(&r), 0);
    killed(&r);
  }
}

#define JOURNAL(f) cmocka_unit_test_setup_teardown(f, journal_up, journal_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_failure_is_tried_again),
      cmocka_unit_test(nobody_looks_for_two_rounds),
      cmocka_unit_test(as_often_as_was_said),
      cmocka_unit_test(once_when_nothing_was_said),
      cmocka_unit_test(not_what_was_moderated),
      cmocka_unit_test(not_what_is_unknown),
      cmocka_unit_test(not_after_it_was_cancelled),
      cmocka_unit_test(a_click_too),
      cmocka_unit_test(each_has_its_own_state),
      cmocka_unit_test(bad_numbers),
      JOURNAL(the_journal_has_a_row_for_each),
      JOURNAL(names_of_rounds_are_nobody_else_s),
      JOURNAL(a_later_round_is_resolved_by_its_key),
      JOURNAL(killed_in_between),
      JOURNAL(killed_anywhere),
      JOURNAL(what_was_left_alone_is_found_again),
      JOURNAL(trouble_loses_nothing),
  };
  return cmocka_run_group_tests_name("again", tests, NULL, NULL);
}
