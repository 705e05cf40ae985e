/* SPDX-License-Identifier: MIT
   test_corner.c - where two rules meet: dialogs and the window of live tasks,
   events that somebody still reads, memory that is missing at the wrong time,
   hiccups of proxies. */
#include "mj_int.h"
#include "rig.h"

/* clang-format off */
#define ZOOM   "MJ::CustomZoom::abc"
#define VARY   "MJ::JOB::variation::1::abc"
#define ANNOUNCED {.body = "{\"code\":21,\"description\":\"Waiting for window confirm\",\"result\":\"18\",\"properties\":{\"finalPrompt\":\"black cat --zoom 2\"}}"}
#define TAKEN {.body = "{\"code\":1,\"description\":\"ok\",\"result\":\"18\"}"}
#define TAKEN19 {.body = "{\"code\":1,\"description\":\"ok\",\"result\":\"19\"}"}
#define MODAL {.body = "{\"id\":\"18\",\"status\":\"MODAL\",\"properties\":{\"finalPrompt\":\"black cat --zoom 2\"}}"}
#define PAGE {.http = 502, .body = "<html>Bad Gateway</html>"}
#define NO_TURBO {.http = 404, .body = "{\"timestamp\":\"x\",\"status\":404,\"error\":\"Not Found\",\"path\":\"/mj-turbo/mj/submit/imagine\"}"}
/* clang-format on */

/* Runs until nothing is left; how many jobs ended.  A loop that has nothing to
   wait for while jobs are left hangs for ever. */
static int all_done(struct rig *r) {
  int done = 0, left = 1, turns;
  for (turns = 0; turns < 100000 && left > 0; turns++) {
    const mj_event *e;
    left = mj_step(r->c, -1, 0);
    if (left > 0 && !mj_event_peek(r->c) && mj_timeout(r->c) < 0)
      fail_msg("%d jobs wait for nothing", left);
    for (; (e = mj_event_peek(r->c)) != NULL; mj_event_pop(r->c))
      done += e->type == MJ_EV_DONE;
  }
  assert_int_equal(left, 0);
  return done;
}

static void turns(struct rig *r, int n) {
  while (n-- > 0) {
    (void)mj_step(r->c, -1, 0);
    while (mj_event_peek(r->c))
      mj_event_pop(r->c);
  }
}

static void one_at_a_time(mj_config *cfg) {
  cfg->live = 1;
}

static void an_answer_does_not_wait_for_new_work(void **state) {
  mj_request q = click_on(ZOOM);
  rig_tune = one_at_a_time;
  {
    RIG(r, ANNOUNCED, TAKEN, {.body = "{\"id\":\"18\",\"status\":\"SUCCESS\"}"},
        ACCEPT, DONE);
    q.zoom = 1.5;
    (void)rig_submit(&r, &q);
    (void)rig_imagine(&r);
    assert_int_equal(all_done(&r), 2);
    assert_int_equal(r.c->live.used, 0);
    rig_down(&r);
  }
}

/* Events ------------------------------------------------------------------ */

/* The world goes on while somebody reads. */
static void let_go_on(struct rig *r) {
  int i;
  for (i = 0; i < 40; i++) {
    int64_t ms = mj_timeout(r->c);
    (void)mj_step(r->c, 0, 0);
    if (ms > 0)
      r->c->tr.step(r->c->tr.ud, r->c, ms, 0);
  }
}

static const mj_event *wait_for(struct rig *r, mj_event_type type) {
  int i;
  for (i = 0; i < 100; i++) {
    const mj_event *e = mj_event_peek(r->c);
    if (e && e->type == type)
      return e;
    if (e)
      mj_event_pop(r->c);
    else
      (void)mj_step(r->c, -1, 0);
  }
  fail_msg("no such event");
  return NULL;
}

static void an_id_that_is_read_stays(void **state) {
  mj_request q = click_on(VARY);
  const char *id;
  RIG(r, TAKEN, MODAL, TAKEN19,
      {.body = "{\"id\":\"19\",\"status\":\"SUCCESS\"}"});
  (void)rig_submit(&r, &q);
  id = wait_for(&r, MJ_EV_ACCEPTED)->task_id;
  let_go_on(&r);
  assert_string_equal(id, "18");
  rig_down(&r);
}

static void a_task_that_is_read_stays(void **state) {
  mj_request q;
  const mj_task *t;
  RIG(r, ACCEPT,
      {.body = "{\"id\":\"17\",\"status\":\"IN_PROGRESS\","
               "\"progress\":\"10%\"}"},
      {.body = "{\"id\":\"17\",\"status\":\"IN_PROGRESS\","
               "\"progress\":\"20%\"}"},
      DONE);
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "cat";
  q.progress = 1;
  (void)rig_submit(&r, &q);
  t = wait_for(&r, MJ_EV_PROGRESS)->task;
  let_go_on(&r);
  assert_int_equal(t->progress, 10);
  assert_string_equal(t->id, "17");
  rig_down(&r);
}

/* Memory ------------------------------------------------------------------ */

static int deny;
static void *tight(void *ud, void *p, size_t osize, size_t nsize) {
  (void)ud;
  (void)osize;
  if (nsize == 0) {
    free(p);
    return NULL;
  }
  /* the heap of due times may not grow any more */
  if (deny && p && nsize % sizeof(struct mj__due) == 0 &&
      nsize / sizeof(struct mj__due) >= 128)
    return NULL;
  return realloc(p, nsize);
}

static void in_tight_memory(mj_config *cfg) {
  cfg->alloc = tight;
}

static void no_job_is_lost_for_a_timer(void **state) {
  enum { N = 40 };
  script_reply replies[2 * N + 1];
  mj_request q = click_on(ZOOM);
  struct rig r;
  int i;
  (void)state;
  for (i = 0; i < N; i++) {
    replies[i] = (script_reply)ANNOUNCED;
    replies[N + i] = (script_reply)TAKEN;
  }
  replies[2 * N] =
      (script_reply){.body = "{\"id\":\"18\",\"status\":\"SUCCESS\"}"};
  rig_tune = in_tight_memory;
  rig_up(&r, replies, 2 * N + 1);
  q.zoom = 1.5;
  for (i = 0; i < N; i++)
    (void)rig_submit(&r, &q);
  deny = 1;
  assert_int_equal(all_done(&r), N);
  deny = 0;
  rig_down(&r);
}

static size_t counts, fails_at;
static void *failing(void *ud, void *p, size_t osize, size_t nsize) {
  (void)ud;
  (void)osize;
  if (nsize == 0) {
    free(p);
    return NULL;
  }
  return ++counts == fails_at ? NULL : realloc(p, nsize);
}

static void with_failing(mj_config *cfg) {
  cfg->alloc = failing;
}

/* A click whose task had to be looked up, and whose first round failed: each
   allocation from its submission on fails once. */
static void rounds_keep_their_requests(void **state) {
  mj_request q = click_on("U2");
  size_t n;
  int good = 0;
  q.attempts = 2;
  for (n = 1; !good; n++) {
    struct end e;
    mj_id id;
    rig_tune = with_failing;
    fails_at = 0;
    {
      RIG(r, {.body = GRID},
          {.body = "{\"code\":1,\"description\":\"ok\","
                   "\"result\":\"18\"}"},
          {.body = "{\"id\":\"18\",\"status\":\"FAILURE\","
                   "\"failReason\":\"x\"}"},
          TAKEN19, DONE);
      counts = 0;
      fails_at = n;
      if (mj_submit(r.c, &q, &id, NULL) == MJ_OK) {
        e = rig_run(&r, id);
        assert_int_equal(e.done, 1);
        assert_true(virtual_counted(r.w)->paid <= 2);
        good = e.code == MJ_OK && counts < n;
        if (good)
          assert_string_equal(e.task_id, "19");
      }
      rig_down(&r);
    }
    assert_true(n < 1000);
  }
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  q.task = q.button = NULL;
  {
    RIG(r, TAKEN, {.body = "{\"id\":\"18\",\"status\":\"FAILURE\"}"}, TAKEN19,
        DONE);
    assert_string_equal(rig_run(&r, rig_submit(&r, &q)).task_id, "19");
    rig_down(&r);
  }
  print_message("a click of two rounds: %zu allocations\n", n - 1);
}

/* A transport in front of the rig's. */
static mj_transport inner, outer;
static mj_http kept;
static int refuse_free, have;

static int picky_start(void *ud, mj_client *c, const mj_http *q) {
  (void)ud;
  if (refuse_free && !q->paid)
    return MJ_ERESOURCE;
  return inner.start(inner.ud, c, q);
}

static void with_picky(mj_config *cfg) {
  inner = *cfg->transport;
  outer = inner;
  outer.start = picky_start;
  cfg->transport = &outer;
  cfg->live = 1;
}

static void a_slot_is_kept_by_a_task_that_nobody_can_ask_for(void **state) {
  mj_id id;
  struct end e;
  rig_tune = with_picky;
  refuse_free = 0;
  {
    RIG(r, ACCEPT, RUNNING);
    id = rig_imagine(&r);
    turns(&r, 6);
    refuse_free = 1;
    e = rig_run(&r, id);
    refuse_free = 0;
    assert_int_equal(e.code, MJ_ERESOURCE);
    assert_int_equal(r.c->live.used, 1);
    rig_down(&r);
  }
}

static int late_start(void *ud, mj_client *c, const mj_http *q) {
  (void)ud;
  if (!q->paid)
    return inner.start(inner.ud, c, q);
  kept = *q;
  have = 1;
  return MJ_OK;
}

static void with_late(mj_config *cfg) {
  inner = *cfg->transport;
  outer = inner;
  outer.start = late_start;
  cfg->transport = &outer;
}

/* As libcurl, which asks for the ticket once it is connected. */
static void nothing_paid_leaves_after_a_cancel(void **state) {
  mj_http_result none;
  mj_id id;
  struct end e;
  rig_tune = with_late;
  have = 0;
  {
    RIG(r, ACCEPT, DONE);
    id = rig_imagine(&r);
    (void)mj_step(r.c, 0, 0);
    assert_int_equal(have, 1);
    assert_int_equal(mj_cancel(r.c, id), MJ_OK);
    assert_int_equal(mj_ticket_redeem(r.c, &kept), 0);
    memset(&none, 0, sizeof none);
    none.curl_code = 42; /* CURLE_ABORTED_BY_CALLBACK */
    none.retry_after_ms = -1;
    mj_transport_done(r.c, kept.id, &none);
    e = rig_run(&r, id);
    assert_int_equal(e.code, MJ_ECANCELLED);
    rig_down(&r);
  }
}

/* Hiccups ----------------------------------------------------------------- */

static void a_refused_mode_is_no_missing_route(void **state) {
  mj_request q;
  struct end e;
  mj_error err;
  mj_id id;
  RIG(r, NO_TURBO, ACCEPT, DONE);
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "cat";
  q.mode = "turbo";
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_EUNSUPPORTED);
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EUNSUPPORTED);
  assert_non_null(strstr(err.text, "in mode turbo"));
  q.mode = NULL;
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  rig_down(&r);
}

static void an_empty_404_is_no_missing_route(void **state) {
  const char *id = "555";
  mj_error err;
  mj_id job;
  RIG(r, {.http = 404});
  assert_int_equal(mj_ask(r.c, MJ_QUERY_CANCEL, &id, 1, &job, &err), MJ_OK);
  (void)rig_run(&r, job);
  assert_int_equal(mj_ask(r.c, MJ_QUERY_CANCEL, &id, 1, &job, &err), MJ_OK);
  (void)rig_run(&r, job);
  rig_down(&r);
}

static void a_page_in_front_of_a_running_task_passes(void **state) {
  static const script_reply pages[] = {{.http = 404, .body = "404 page"},
                                       {.http = 403, .body = "<html>no</html>"},
                                       {.http = 302},
                                       {.http = 401}};
  size_t i;
  for (i = 0; i < sizeof pages / sizeof pages[0]; i++) {
    struct end e;
    RIG(r, ACCEPT, RUNNING, pages[i], DONE);
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_OK);
    rig_down(&r);
  }
}

static void a_task_that_goes_on_asking_is_given_back(void **state) {
  mj_request q = click_on(VARY);
  struct end e;
  RIG(r, TAKEN, MODAL, TAKEN, MODAL);
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_ENEEDS_INPUT);
  assert_int_equal(virtual_counted(r.w)->paid, 2);
  assert_in_range(virtual_now(r.w), 1300000, 1400000);
  rig_down(&r);
}

static void a_dialog_of_the_callers_may_answer_without_an_id(void **state) {
  mj_request q;
  struct end e;
  RIG(r, {.body = "{\"code\":1,\"description\":\"ok\",\"result\":null}"},
      {.body = "{\"id\":\"18\",\"status\":\"SUCCESS\"}"});
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_MODAL;
  q.task = "18";
  q.prompt = "cat";
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  assert_string_equal(e.task_id, "18");
  rig_down(&r);
}

static void stopping_has_tries_of_its_own(void **state) {
  struct end e;
  mj_id id;
  int i;
  RIG(r, ACCEPT, PAGE, PAGE, PAGE, PAGE, TAKEN,
      {.body = "{\"id\":\"17\",\"status\":\"CANCEL\"}"});
  id = rig_imagine(&r);
  for (i = 0; i < 100 && script_count(r.s) < 4; i++)
    turns(&r, 1);
  (void)mj_step(r.c, 50, 0);
  assert_int_equal(mj_cancel(r.c, id), MJ_OK);
  e = rig_run(&r, id);
  assert_int_equal(e.code, MJ_ECANCELLED);
  assert_non_null(strstr(e.text, "was cancelled at the gateway"));
  rig_down(&r);
}

static void a_loop_without_jobs_does_not_sleep(void **state) {
  mj_id id;
  int64_t before;
  RIG(r, ACCEPT, RUNNING);
  id = rig_imagine(&r);
  turns(&r, 6);
  assert_int_equal(mj_cancel(r.c, id), MJ_OK);
  assert_int_equal(mj_cancel(r.c, id), MJ_OK);
  assert_int_equal(all_done(&r), 1);
  before = mj_now(r.c);
  assert_int_equal(mj_step(r.c, -1, 0), 0);
  assert_in_range(mj_now(r.c) - before, 0, 100);
  rig_down(&r);
}

/* The key ----------------------------------------------------------------- */

static void find_out(mj_config *cfg) {
  cfg->auth = "auto";
}

static void a_bad_gateway_is_asked_again(void **state) {
  struct end e;
  rig_tune = find_out;
  {
    RIG(r, PAGE, {.http = 401}, {.http = 429, .retry_after_ms = 3000},
        {.http = 204}, ACCEPT, DONE);
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_OK);
    assert_non_null(strstr(script_at(r.s, 4)->headers, "mj-api-secret: sk-"));
    assert_true(script_at(r.s, 3)->at_ms - script_at(r.s, 2)->at_ms >= 3000);
    rig_down(&r);
  }
}

/* Guessed after too much trouble, and wrong: refused, it is asked for again. */
static void a_wrong_guess_costs_nothing(void **state) {
  struct end e;
  rig_tune = find_out;
  {
    RIG(r, PAGE, PAGE, PAGE, PAGE, {.http = 401}, {.http = 401}, {.http = 200},
        ACCEPT, DONE);
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_OK);
    assert_int_equal(script_at(r.s, 4)->paid, 1);
    assert_int_equal(script_at(r.s, 7)->paid, 1);
    assert_non_null(strstr(script_at(r.s, 7)->headers, "mj-api-secret: sk-"));
    rig_down(&r);
  }
}

static void find_out_picky(mj_config *cfg) {
  with_picky(cfg);
  cfg->auth = "auto";
}

static void a_question_that_cannot_start_waits(void **state) {
  int64_t before;
  rig_tune = find_out_picky;
  refuse_free = 1;
  {
    RIG(r, ACCEPT, DONE);
    before = mj_now(r.c);
    (void)rig_imagine(&r);
    turns(&r, 3);
    refuse_free = 0;
    assert_true(mj_now(r.c) - before >= 700);
    assert_int_equal(all_done(&r), 1);
    rig_down(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_answer_does_not_wait_for_new_work),
      cmocka_unit_test(an_id_that_is_read_stays),
      cmocka_unit_test(a_task_that_is_read_stays),
      cmocka_unit_test(no_job_is_lost_for_a_timer),
      cmocka_unit_test(rounds_keep_their_requests),
      cmocka_unit_test(a_slot_is_kept_by_a_task_that_nobody_can_ask_for),
      cmocka_unit_test(nothing_paid_leaves_after_a_cancel),
      cmocka_unit_test(a_refused_mode_is_no_missing_route),
      cmocka_unit_test(an_empty_404_is_no_missing_route),
      cmocka_unit_test(a_page_in_front_of_a_running_task_passes),
      cmocka_unit_test(a_task_that_goes_on_asking_is_given_back),
      cmocka_unit_test(a_dialog_of_the_callers_may_answer_without_an_id),
      cmocka_unit_test(stopping_has_tries_of_its_own),
      cmocka_unit_test(a_loop_without_jobs_does_not_sleep),
      cmocka_unit_test(a_bad_gateway_is_asked_again),
      cmocka_unit_test(a_wrong_guess_costs_nothing),
      cmocka_unit_test(a_question_that_cannot_start_waits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
