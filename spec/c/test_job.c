/* SPDX-License-Identifier: MIT
   test_job.c - legal edges, and what the machine decides. */
#include "test.h"

#include "job.h"

static const mj_poll poll_gaps = {2000, {4000, 8000}, 2};
static const struct mj__rules rules = {&poll_gaps, 4, 30000, 0};
enum { NOW = 1000000 };

/* Edges ------------------------------------------------------------------- */

/* Every edge there is.  A pair that is not here is refused. */
static const char *const edges[] = {
    "NEW>LOOKUP",
    "NEW>READY",
    "NEW>ACCEPTED",
    "NEW>RUNNING",
    "NEW>REJECTED",
    "NEW>CANCELLED",
    "NEW>UNKNOWN",
    "NEW>SUCCEEDED",
    "NEW>FAILED",
    "NEW>ABANDONED",
    "LOOKUP>READY",
    "LOOKUP>REJECTED",
    "LOOKUP>CANCELLED",
    "LOOKUP>FAILED",
    "READY>DISPATCHING",
    "READY>CANCELLED",
    "READY>REJECTED",
    "DISPATCHING>READY",
    "DISPATCHING>ACCEPTED",
    "DISPATCHING>REJECTED",
    "DISPATCHING>UNKNOWN",
    "ACCEPTED>RUNNING",
    "ACCEPTED>SUCCEEDED",
    "ACCEPTED>FAILED",
    "ACCEPTED>CANCELLED",
    "ACCEPTED>NEEDS_MODAL",
    "RUNNING>SUCCEEDED",
    "RUNNING>FAILED",
    "RUNNING>CANCELLED",
    "RUNNING>NEEDS_MODAL",
    "NEEDS_MODAL>DISPATCHING",
    "NEEDS_MODAL>RUNNING",
    "NEEDS_MODAL>CANCELLED",
    "NEEDS_MODAL>FAILED",
    "UNKNOWN>ACCEPTED",
    "UNKNOWN>READY",
    "UNKNOWN>ABANDONED",
    "SUCCEEDED>DOWNLOADED",
    "FAILED>NEW",
    "REJECTED>UNKNOWN",
    "CANCELLED>UNKNOWN",
};

struct pair {
  enum mj__state from, to;
  char name[40];
};
static struct pair pairs[MJ__STATES * MJ__STATES];

static void one_edge(void **state) {
  const struct pair *p = *state;
  struct mj__job j;
  size_t i;
  int legal = 0, rc;
  for (i = 0; i < COUNT(edges); i++)
    legal |= strcmp(edges[i], p->name) == 0;
  assert_int_equal(mj__edge_ok(p->from, p->to), legal);
  memset(&j, 0, sizeof j);
  j.state = (unsigned char)p->from;
  rc = mj__job_go(&j, p->to);
  assert_int_equal(rc, legal ? MJ_OK : MJ_EINVALID);
  assert_int_equal(j.state, legal ? p->to : p->from);
}

static void states(void **state) {
  static const char *const final[] = {"SUCCEEDED", "FAILED",     "CANCELLED",
                                      "REJECTED",  "ABANDONED",  "DOWNLOADED",
                                      "UNKNOWN",   "NEEDS_MODAL"};
  int s;
  (void)state;
  for (s = 0; s < MJ__STATES; s++) {
    const char *name = mj__state_name((enum mj__state)s);
    size_t i;
    int want = 0;
    assert_string_not_equal(name, "?");
    for (i = 0; i < COUNT(final); i++)
      want |= strcmp(name, final[i]) == 0;
    assert_int_equal(mj__state_final((enum mj__state)s), want);
  }
  assert_string_equal(mj__state_name(MJ__STATES), "?");
  assert_string_equal(mj__state_name((enum mj__state) - 1), "?");
  assert_string_equal(mj__state_name(MJ__DISPATCHING), "DISPATCHING");
}

/* Paid -------------------------------------------------------------------- */

static struct mj__job job_in(enum mj__state state) {
  struct mj__job j;
  memset(&j, 0, sizeof j);
  j.kind = MJ__TASK;
  j.state = (unsigned char)state;
  j.progress = -1;
  j.accepted_ms = NOW;
  return j;
}

static struct mj__todo submit(struct mj__job *j, enum mj__verdict_kind kind,
                              int code, int again, int64_t retry_after,
                              uint32_t random) {
  struct mj__verdict v = {0};
  struct mj__todo todo;
  v.kind = kind;
  v.code = code;
  v.retryable = again;
  memset(&todo, 0x55, sizeof todo);
  mj__job_on_submit(j, &v, retry_after, &rules, NOW, random, &todo);
  return todo;
}

static void accepted(void **state) {
  struct mj__job j = job_in(MJ__DISPATCHING);
  struct mj__todo t;
  (void)state;
  j.polls = 3;
  j.misses = 2;
  j.troubles = 5;
  j.accepted_ms = 0;
  t = submit(&j, MJ__V_ACCEPTED, MJ_OK, 0, -1, 0);
  assert_int_equal(t.what, MJ__DO_ACCEPT);
  assert_int_equal(t.code, MJ_OK);
  assert_int_equal(t.at_ms, NOW + 2000);
  assert_int_equal(j.state, MJ__ACCEPTED);
  assert_int_equal(j.accepted_ms, NOW);
  assert_int_equal(j.polls + j.misses + j.troubles, 0);
}

static void refused(void **state) {
  struct mj__job j = job_in(MJ__DISPATCHING);
  struct mj__todo t;
  (void)state;
  t = submit(&j, MJ__V_REFUSED, MJ_EQUEUE_FULL, 1, -1, 0);
  assert_int_equal(t.what, MJ__DO_END);
  assert_int_equal(t.code, MJ_EQUEUE_FULL);
  assert_int_equal(t.again, 1);
  assert_int_equal(j.state, MJ__REJECTED);
  j = job_in(MJ__DISPATCHING);
  t = submit(&j, MJ__V_REFUSED, MJ_EBANNED_PROMPT, 0, -1, 0);
  assert_int_equal(t.again, 0);
}

/* The one that must never be sent again. */
static void unknown(void **state) {
  struct mj__job j = job_in(MJ__DISPATCHING);
  struct mj__todo t;
  (void)state;
  j.attempt = 1;
  t = submit(&j, MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0, 5000, 0);
  assert_int_equal(t.what, MJ__DO_END);
  assert_int_equal(t.code, MJ_EUNKNOWN_OUTCOME);
  assert_int_equal(t.again, 0);
  assert_int_equal(j.state, MJ__UNKNOWN);
}

static void not_sent_is_tried_again(void **state) {
  int attempt;
  (void)state;
  for (attempt = 1; attempt <= 4; attempt++) {
    struct mj__job j = job_in(MJ__DISPATCHING);
    struct mj__todo t;
    int64_t most = 500 << (attempt - 1);
    j.attempt = (short)attempt;
    t = submit(&j, MJ__V_NOT_SENT, MJ_ENETWORK, 1, -1, 12345u);
    if (attempt < 4) {
      assert_int_equal(t.what, MJ__DO_SEND);
      assert_in_range(t.at_ms - NOW, 0, most);
      assert_int_equal(j.state, MJ__READY);
    } else { /* the last one allowed */
      assert_int_equal(t.what, MJ__DO_END);
      assert_int_equal(j.state, MJ__REJECTED);
    }
    assert_int_equal(t.code, MJ_ENETWORK);
    assert_int_equal(t.again, 1);
  }
}

static void retry_after_is_obeyed(void **state) {
  static const struct {
    int64_t retry_after;
    int sent;
    int64_t wait; /* with random 0 the backoff is none */
  } cases[] = {{-1, 1, 0},     {0, 1, 0},        {100, 1, 100},
               {251, 1, 251},  {7000, 1, 7000},  {120000, 1, 120000},
               {120001, 0, 0}, {INT64_MAX, 0, 0}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    struct mj__job j = job_in(MJ__DISPATCHING);
    struct mj__todo t;
    j.attempt = 1;
    t = submit(&j, MJ__V_NOT_SENT, MJ_ERATE_LIMITED, 1, cases[i].retry_after,
               0);
    assert_int_equal(t.what, cases[i].sent ? MJ__DO_SEND : MJ__DO_END);
    assert_int_equal(t.code, MJ_ERATE_LIMITED);
    assert_int_equal(t.again, 1);
    if (cases[i].sent)
      assert_int_equal(t.at_ms - NOW, cases[i].wait);
  }
}

static void cancel_while_sending(void **state) {
  struct mj__job j = job_in(MJ__DISPATCHING);
  struct mj__todo t;
  (void)state;
  j.attempt = 1;
  j.cancel = 1;
  t = submit(&j, MJ__V_NOT_SENT, MJ_ENETWORK, 1, -1, 0);
  assert_int_equal(t.what, MJ__DO_END);
  assert_int_equal(t.code, MJ_ECANCELLED);
  assert_int_equal(j.state, MJ__REJECTED);
  j = job_in(MJ__DISPATCHING);
  j.cancel = 1; /* too late: it was taken, and its id counts */
  t = submit(&j, MJ__V_ACCEPTED, MJ_OK, 0, -1, 0);
  assert_int_equal(t.what, MJ__DO_ACCEPT);
}

/* Polls ------------------------------------------------------------------- */

static struct mj__todo look(struct mj__job *j, mj_status status, int progress,
                            int *changed) {
  struct mj__todo todo;
  mj_task t;
  int c = -1;
  memset(&t, 0, sizeof t);
  memset(&todo, 0x55, sizeof todo);
  t.id = "7";
  t.status = status;
  t.progress = progress;
  mj__job_on_task(j, &t, &rules, NOW, &todo, &c);
  assert_in_range(c, 0, 1);
  if (changed)
    *changed = c;
  return todo;
}

static void ends(void **state) {
  static const struct {
    mj_status status;
    int code;
    enum mj__state to;
  } cases[] = {{MJ_ST_SUCCESS, MJ_OK, MJ__SUCCEEDED},
               {MJ_ST_FAILURE, MJ_EFAILED, MJ__FAILED},
               {MJ_ST_CANCEL, MJ_ECANCELLED, MJ__CANCELLED},
               {MJ_ST_MODAL, MJ_ENEEDS_INPUT, MJ__NEEDS_MODAL}};
  static const enum mj__state from[] = {MJ__ACCEPTED, MJ__RUNNING};
  size_t i, k;
  (void)state;
  for (i = 0; i < COUNT(cases); i++)
    for (k = 0; k < COUNT(from); k++) {
      struct mj__job j = job_in(from[k]);
      struct mj__todo t = look(&j, cases[i].status, -1, NULL);
      assert_int_equal(t.what, MJ__DO_END);
      assert_int_equal(t.code, cases[i].code);
      assert_int_equal(t.again, 0);
      assert_int_equal(j.state, cases[i].to);
    }
}

/* The gateway's own word for a failure says more than that it is one. */
static void failures(void **state) {
  static const struct {
    int error, again, code;
  } all[] = {{0, 0, MJ_EFAILED},
             {MJ_EFAILED, 1, MJ_EFAILED},
             {MJ_EBANNED_PROMPT, 0, MJ_EBANNED_PROMPT},
             {MJ_ENOT_FOUND, 0, MJ_ENOT_FOUND}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    struct mj__job j = job_in(MJ__RUNNING);
    struct mj__todo todo;
    mj_task t;
    int changed;
    memset(&t, 0, sizeof t);
    t.id = "7";
    t.status = MJ_ST_FAILURE;
    t.error = all[i].error;
    t.again = all[i].again;
    mj__job_on_task(&j, &t, &rules, NOW, &todo, &changed);
    assert_int_equal(todo.what, MJ__DO_END);
    assert_int_equal(todo.code, all[i].code);
    assert_int_equal(todo.again, all[i].again);
    assert_int_equal(j.state, MJ__FAILED);
  }
}

static void goes_on(void **state) {
  static const mj_status going[] = {MJ_ST_UNKNOWN, MJ_ST_NOT_START,
                                    MJ_ST_SUBMITTED, MJ_ST_IN_PROGRESS};
  static const int64_t gaps[] = {4000, 8000, 8000, 8000};
  size_t i, k;
  (void)state;
  for (i = 0; i < COUNT(going); i++) {
    struct mj__job j = job_in(MJ__ACCEPTED);
    j.misses = j.troubles = 2;
    for (k = 0; k < COUNT(gaps); k++) {
      struct mj__todo t = look(&j, going[i], -1, NULL);
      assert_int_equal(t.what, MJ__DO_POLL);
      assert_int_equal(t.at_ms, NOW + gaps[k]);
      assert_int_equal(j.state, MJ__RUNNING);
      assert_int_equal(j.misses + j.troubles, 0);
    }
  }
}

/* A task that is polled for days must not begin anew. */
static void polls_do_not_wrap(void **state) {
  struct mj__job j = job_in(MJ__RUNNING);
  int i;
  (void)state;
  for (i = 0; i < 70000; i++) {
    struct mj__todo t = look(&j, MJ_ST_IN_PROGRESS, 5, NULL);
    if (i > 0)
      assert_int_equal(t.at_ms, NOW + 8000);
  }
}

static void progress_never_steps_back(void **state) {
  struct mj__job j = job_in(MJ__RUNNING);
  int changed;
  (void)state;
  look(&j, MJ_ST_IN_PROGRESS, 0, &changed);
  assert_int_equal(changed, 1);
  look(&j, MJ_ST_IN_PROGRESS, 0, &changed);
  assert_int_equal(changed, 0);
  look(&j, MJ_ST_IN_PROGRESS, 46, &changed);
  assert_int_equal(changed, 1);
  look(&j, MJ_ST_IN_PROGRESS, 31, &changed); /* a slower replica */
  assert_int_equal(changed, 0);
  assert_int_equal(j.progress, 46);
  look(&j, MJ_ST_IN_PROGRESS, -1, &changed); /* "Waiting to start" */
  assert_int_equal(changed, 0);
  look(&j, MJ_ST_SUBMITTED, 46, &changed);
  assert_int_equal(changed, 1); /* the status moved */
  look(&j, MJ_ST_FAILURE, -1, &changed);
  assert_int_equal(changed, 1);
  assert_int_equal(j.progress, -1); /* a failure has none */
}

/* Trouble ----------------------------------------------------------------- */

static struct mj__todo trouble(struct mj__job *j, enum mj__look what, int code,
                               int64_t retry_after, int64_t now,
                               uint32_t random) {
  struct mj__todo todo;
  memset(&todo, 0x55, sizeof todo);
  mj__job_on_trouble(j, what, code, retry_after, &rules, now, random, &todo);
  return todo;
}

static struct mj__todo missing(struct mj__job *j, int64_t now) {
  return trouble(j, MJ__LOOK_MISSING, MJ_ENOT_FOUND, -1, now, 0);
}

static void missing_has_a_grace(void **state) {
  struct mj__job j = job_in(MJ__ACCEPTED);
  struct mj__todo t;
  int i;
  (void)state;
  for (i = 0; i < 10; i++) { /* any number within 30 s */
    t = missing(&j, NOW + 2999 * i);
    assert_int_equal(t.what, MJ__DO_POLL);
    assert_int_equal(j.state, MJ__ACCEPTED);
  }
  t = missing(&j, NOW + 29999);
  assert_int_equal(t.what, MJ__DO_POLL);
  t = missing(&j, NOW + 30000);
  assert_int_equal(t.what, MJ__DO_END);
  assert_int_equal(t.code, MJ_EREMOTE_LOST);
  assert_int_equal(t.again, 0);
  assert_int_equal(j.state, MJ__FAILED);
}

static void three_misses_in_a_row(void **state) {
  struct mj__job j = job_in(MJ__RUNNING);
  (void)state;
  assert_int_equal(missing(&j, NOW + 100000).what, MJ__DO_POLL);
  assert_int_equal(missing(&j, NOW + 100001).what, MJ__DO_POLL);
  look(&j, MJ_ST_IN_PROGRESS, 1, NULL); /* there it is again */
  assert_int_equal(missing(&j, NOW + 100002).what, MJ__DO_POLL);
  assert_int_equal(missing(&j, NOW + 100003).what, MJ__DO_POLL);
  assert_int_equal(missing(&j, NOW + 100004).what, MJ__DO_END);
}

static void missing_keeps_the_schedule(void **state) {
  struct mj__job j = job_in(MJ__ACCEPTED);
  (void)state;
  assert_int_equal(missing(&j, NOW).at_ms, NOW + 2000);
  assert_int_equal(missing(&j, NOW).at_ms, NOW + 4000);
  assert_int_equal(missing(&j, NOW).at_ms, NOW + 8000);
}

/* Somebody gave the id: it may be wrong, and there is nothing to wait for. */
static void tracked_has_no_grace(void **state) {
  struct mj__job j = job_in(MJ__RUNNING);
  struct mj__todo t;
  (void)state;
  j.tracked = 1;
  t = missing(&j, NOW);
  assert_int_equal(t.what, MJ__DO_POLL);
  assert_int_equal(t.at_ms, NOW + 1000);
  t = missing(&j, NOW + 1000);
  assert_int_equal(t.what, MJ__DO_END);
  assert_int_equal(t.code, MJ_ENOT_FOUND);
  assert_int_equal(j.state, MJ__FAILED);
}

static void refusal_ends_at_once(void **state) {
  struct mj__job j = job_in(MJ__ACCEPTED);
  struct mj__todo t = trouble(&j, MJ__LOOK_REFUSED, MJ_EAUTH, -1, NOW, 0);
  (void)state;
  assert_int_equal(t.what, MJ__DO_END);
  assert_int_equal(t.code, MJ_EAUTH);
  assert_int_equal(t.again, 0);
  assert_int_equal(j.state, MJ__FAILED);
}

static void troubles_back_off_and_give_up(void **state) {
  struct mj__job j = job_in(MJ__RUNNING);
  struct mj__todo t;
  int i;
  (void)state;
  for (i = 1; i <= 20; i++) { /* many, but within ten minutes */
    int64_t most = i > 3 ? 8000 : (int64_t)1000 << (i - 1);
    t = trouble(&j, MJ__LOOK_AGAIN, MJ_ENETWORK, -1, NOW + i, 77u);
    assert_int_equal(t.what, MJ__DO_POLL);
    assert_in_range(t.at_ms - NOW - i, 0, most);
  }
  t = trouble(&j, MJ__LOOK_AGAIN, MJ_ENETWORK, -1, NOW + 1 + 599999, 0);
  assert_int_equal(t.what, MJ__DO_POLL);
  t = trouble(&j, MJ__LOOK_AGAIN, MJ_EPROTOCOL, -1, NOW + 1 + 600000, 0);
  assert_int_equal(t.what, MJ__DO_END);
  assert_int_equal(t.code, MJ_EPROTOCOL);
  assert_int_equal(t.again, 0); /* it was paid for, and may well go on */
  assert_int_equal(j.leaves, 1);
  assert_int_equal(j.state, MJ__FAILED);
}

static void few_troubles_do_not_end(void **state) {
  struct mj__job j = job_in(MJ__RUNNING);
  int i;
  (void)state;
  for (i = 0; i < 7; i++) /* seven in a week */
    assert_int_equal(
        trouble(&j, MJ__LOOK_AGAIN, MJ_ENETWORK, -1, NOW + i * 86400000LL, 0)
            .what,
        MJ__DO_POLL);
  look(&j, MJ_ST_IN_PROGRESS, 3, NULL); /* and then it is well again */
  for (i = 0; i < 7; i++)
    assert_int_equal(
        trouble(&j, MJ__LOOK_AGAIN, MJ_ENETWORK, -1, NOW + i * 86400000LL, 0)
            .what,
        MJ__DO_POLL);
  assert_int_equal(
      trouble(&j, MJ__LOOK_AGAIN, MJ_ENETWORK, -1, NOW + 7 * 86400000LL, 0)
          .what,
      MJ__DO_END);
}

static void polls_obey_retry_after(void **state) {
  static const int64_t cases[][2] = {
      {-1, 0}, {499, 499}, {7000, 7000}, {120000, 120000}, {900000, 120000}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    struct mj__job j = job_in(MJ__RUNNING);
    struct mj__todo t =
        trouble(&j, MJ__LOOK_AGAIN, MJ_ERATE_LIMITED, cases[i][0], NOW, 0);
    assert_int_equal(t.what, MJ__DO_POLL);
    assert_int_equal(t.at_ms - NOW, cases[i][1]);
  }
}

#define CASE(f) tests[n++] = named_case(#f, f, NULL)

int main(void) {
  struct CMUnitTest tests[COUNT(pairs) + 20];
  size_t n = 0;
  int from, to;
  for (from = 0; from < MJ__STATES; from++)
    for (to = 0; to < MJ__STATES; to++) {
      struct pair *p = &pairs[n];
      p->from = (enum mj__state)from;
      p->to = (enum mj__state)to;
      (void)snprintf(p->name, sizeof p->name, "%s>%s", mj__state_name(p->from),
                     mj__state_name(p->to));
      tests[n++] = named_case(p->name, one_edge, p);
    }
  CASE(states);
  CASE(accepted);
  CASE(refused);
  CASE(unknown);
  CASE(not_sent_is_tried_again);
  CASE(retry_after_is_obeyed);
  CASE(cancel_while_sending);
  CASE(ends);
  CASE(failures);
  CASE(goes_on);
  CASE(polls_do_not_wrap);
  CASE(progress_never_steps_back);
  CASE(missing_has_a_grace);
  CASE(three_misses_in_a_row);
  CASE(missing_keeps_the_schedule);
  CASE(tracked_has_no_grace);
  CASE(refusal_ends_at_once);
  CASE(troubles_back_off_and_give_up);
  CASE(few_troubles_do_not_end);
  CASE(polls_obey_retry_after);
  return run_cases("job", tests, n);
}
