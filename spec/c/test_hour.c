/* SPDX-License-Identifier: MIT
   test_hour.c - the stated limits of the generate family (10,000 requests in
   any minute, 1,000 tasks at once) for a virtual hour in which there is always
   more to do than they allow: never a refusal, and hardly anything unused. */
#include "test.h"

#include "mj_int.h"
#include "simulated.h"

#define MINUTE 60000
enum { RATE = 10000, LIVE = 1000, WAITING = 64 };

/* How long it takes: ten minutes of it in builds of other kinds. */
static int64_t hour_ms = INT64_C(60) * MINUTE;

/* What the gateway sees, counted here: the arrivals of the last minute. */
static struct {
  int64_t at[RATE + 1000];
  size_t first, n, most;
  uint64_t all, paid, refused;
} arrivals;

static void seen(const mj_http *req, int64_t now_ms, int http_status) {
  size_t cap = COUNT(arrivals.at);
  while (arrivals.n && arrivals.at[arrivals.first] + MINUTE <= now_ms) {
    arrivals.first = (arrivals.first + 1) % cap;
    arrivals.n--;
  }
  assert_true(arrivals.n < cap);
  arrivals.at[(arrivals.first + arrivals.n++) % cap] = now_ms;
  if (arrivals.n > arrivals.most)
    arrivals.most = arrivals.n;
  arrivals.all++;
  arrivals.paid += (uint64_t)(req->paid != 0);
  arrivals.refused += http_status != 200;
}

/* What the client did, and what it could have done. */
static struct {
  uint64_t steps, full, limited, busy, idle;
  uint64_t submitted, accepted, succeeded;
  int64_t held_ms; /* the sum over time of the tasks in its window */
  int64_t run_ms;  /* of those that ran at the gateway within the hour */
  int64_t late_ms; /* between the ends of tasks and the news of them */
} did;

static void submit(mj_client *c) {
  mj_request r;
  mj_error err;
  mj_id id;
  memset(&r, 0, sizeof r);
  r.op = MJ_OP_IMAGINE;
  r.prompt = "a red fox in snow";
  if (mj_submit(c, &r, &id, &err) != MJ_OK)
    fail_msg("%s", err.text);
  did.submitted++;
}

static void ended(const mj_event *e, int64_t now_ms) {
  int64_t from, until;
  if (e->error)
    fail_msg("%s", e->error->text);
  from = e->task->submitted_wall_ms - SIMULATED_EPOCH_MS;
  until = e->task->finished_wall_ms - SIMULATED_EPOCH_MS;
  assert_true(0 <= from && from < until && until <= now_ms);
  did.succeeded++;
  did.late_ms += now_ms - until;
  did.run_ms +=
      (until < hour_ms ? until : hour_ms) - (from < hour_ms ? from : hour_ms);
}

static void hear(mj_client *c) {
  const mj_event *e;
  while ((e = mj_event_peek(c)) != NULL) {
    if (e->type == MJ_EV_ACCEPTED)
      did.accepted++;
    else
      ended(e, mj_now(c));
    mj_event_pop(c);
  }
}

/* While paid work waits, one of the limits is reached, or every connection is
   on its way with something. */
static void look(const mj_client *c) {
  did.steps++;
  if (!c->queues[MJ__Q_SUBMIT].first)
    return;
  if (!mj__window_open(&c->live))
    did.full++;
  else if (mj__bucket_wait(&c->requests, c->now) > 0)
    did.limited++;
  else if (c->nxfree == 0)
    did.busy++;
  else
    did.idle++;
}

static void hour(mj_client *c) {
  int64_t now = mj_now(c), before;
  while (now < hour_ms) {
    while (c->queues[MJ__Q_SUBMIT].n < WAITING)
      submit(c);
    before = now;
    assert_true(mj_step(c, -1, 0) > 0);
    now = mj_now(c);
    hear(c);
    look(c);
    did.held_ms += c->live.used * ((now < hour_ms ? now : hour_ms) - before);
    assert_in_range(c->live.used, 0, LIVE);
  }
}

static void drain(mj_client *c) {
  int turns;
  for (turns = 0; mj_step(c, -1, 0) > 0 && turns < 1000000; turns++)
    hear(c);
  hear(c);
}

static void report(const struct mj_sim_stats *is) {
  (void)printf(
      "%lld minutes: %llu requests, %llu of them paid; most in a minute "
      "%zu here, %llu there; most live there %llu\n",
      (long long)(hour_ms / MINUTE), (unsigned long long)arrivals.all,
      (unsigned long long)arrivals.paid, arrivals.most,
      (unsigned long long)is->most_in_window,
      (unsigned long long)is->most_live);
  (void)printf("live on average: %.1f at the gateway, %.1f in the window; an "
               "end was heard of %.2f s later\n",
               (double)did.run_ms / (double)hour_ms,
               (double)did.held_ms / (double)hour_ms,
               (double)did.late_ms / (double)did.succeeded / 1000);
  (void)printf("steps: %llu; window full %llu, bucket empty %llu, connections "
               "busy %llu, idle %llu\n",
               (unsigned long long)did.steps, (unsigned long long)did.full,
               (unsigned long long)did.limited, (unsigned long long)did.busy,
               (unsigned long long)did.idle);
}

static void the_limits_are_used_and_kept(void **state) {
  struct mj_sim_config sim;
  struct mj_sim_stats is;
  virtual_world *w;
  mj_config cfg;
  mj_client *c;
  mj_error err;
  (void)state;
  memset(&sim, 0, sizeof sim);
  sim.profile = "generate";
  sim.api_key = "sk-hour";
  w = simulated_new(&sim);
  assert_non_null(w);
  simulated_seen = seen;
  mj_config_init(&cfg);
  cfg.base_url = SIMULATED_URL;
  cfg.api_key = "sk-hour";
  cfg.auth = "bearer";
  cfg.dialect = "generate";
  virtual_config(w, &cfg);
  assert_int_equal(mj_client_new(&c, &cfg, &err), MJ_OK);
  hour(c);
  drain(c);
  mj_sim_count(simulated_sim(w), &is);
  report(&is);
  assert_int_equal(arrivals.refused, 0);
  assert_in_range(arrivals.most, RATE * 9 / 10, RATE);
  assert_int_equal(is.most_in_window, arrivals.most);
  assert_int_equal(is.most_live, LIVE);
  assert_int_equal(did.idle, 0);
  assert_in_range(did.busy, 0, did.steps / 100);
  assert_int_equal(did.accepted, did.submitted);
  assert_int_equal(did.succeeded, did.submitted);
  assert_int_equal(arrivals.paid, did.submitted);
  assert_int_equal(is.tasks, did.submitted);
  assert_in_range(did.run_ms / hour_ms, LIVE * 9 / 10, LIVE);
  mj_client_free(c);
  virtual_unref(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_limits_are_used_and_kept),
  };
  hour_ms /= (int64_t)one_in(6);
  return cmocka_run_group_tests_name("hour", tests, NULL, NULL);
}
