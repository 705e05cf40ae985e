/* SPDX-License-Identifier: MIT
   test_exact.c - what the gateway counts: never more than rate and burst in any
   minute, never more tasks than the window, over ten thousand tasks while
   things go wrong, limits change and the client is killed. */
#include "journal_case.h"

#include "mj_int.h"
#include "test.h"

#define MINUTE 60000
enum { RATE = 1000, SUBMITS = 240, LIVE = 400, MOST = 20000 };

/* A gateway that counts ---------------------------------------------------- */

struct count {
  int64_t at[MOST];
  size_t n, most;
};

static void arrive(struct count *k, int64_t now) {
  size_t i;
  assert_true(k->n < MOST);
  k->at[k->n++] = now;
  if (k->n == MOST) /* the oldest are older than a minute */
    for (i = 0, k->n = MOST / 2; i < MOST / 2; i++)
      k->at[i] = k->at[i + MOST / 2];
  for (i = k->n; i > 0 && k->at[i - 1] > now - MINUTE; i--)
    ;
  if (k->n - i > k->most)
    k->most = k->n - i;
}

static struct {
  uint32_t seed;
  int faults; /* of a thousand requests */
  struct count all, paid;
  int64_t ends[40000];
  size_t n, live, most_live, refused, failures;
  char token[500][32];
} gw;

static void settle(int64_t now) {
  size_t i;
  gw.live = 0;
  for (i = gw.n > 4000 ? gw.n - 4000 : 0; i < gw.n; i++)
    gw.live += gw.ends[i] > now;
  if (gw.live > gw.most_live)
    gw.most_live = gw.live;
}

static void answer(virtual_reply *out, int status, const char *text) {
  out->http_status = status;
  out->body = malloc(strlen(text) + 1);
  memcpy(out->body, text, strlen(text) + 1);
  out->body_len = strlen(text);
}

/* Of paid ones, only what is provably refused: what is unknown holds its place,
   as it should, and would say nothing here. */
static int goes_wrong(const mj_http *req, virtual_reply *out) {
  static const char *const refusals[] = {
      "{\"code\":23,\"description\":\"full\",\"result\":null}",
      "{\"code\":30,\"description\":\"busy\",\"result\":null}"};
  uint32_t dice = next_random(&gw.seed) % 1000, how = next_random(&gw.seed);
  if (dice >= (uint32_t)gw.faults)
    return 0;
  gw.failures++;
  if (dice < 3) { /* it stays bearable: each makes the window smaller */
    gw.refused++;
    answer(out, req->paid ? 200 : 429, req->paid ? refusals[how % 2] : "{}");
    if (!req->paid)
      out->retry_after_ms = how % 1000;
  } else if (req->paid || how % 4 == 0) {
    out->curl_code = req->paid ? 7 : 56;
    out->sent = req->paid ? 0 : 2;
  } else if (how % 4 == 1) {
    answer(out, 200, "{\"id\":\"broken");
  } else {
    answer(out, 500 + (int)(how % 4), "<html>no</html>");
  }
  return 1;
}

/* To be found in the list again; the long tests need none. */
static void keep_token(const mj_http *req) {
  char body[1000];
  const char *p;
  if (gw.n >= COUNT(gw.token))
    return;
  (void)snprintf(body, sizeof body, "%.*s", (int)req->body_len, req->body);
  p = strstr(body, "mj_");
  if (p)
    (void)snprintf(gw.token[gw.n], sizeof gw.token[0], "%.29s", p);
}

static void list(virtual_reply *out) {
  size_t i, n = gw.n < COUNT(gw.token) ? gw.n : COUNT(gw.token), at = 1;
  out->body = malloc(n * 100 + 3);
  out->body[0] = '[';
  for (i = n; i > 0; i--)
    at += (size_t)snprintf(out->body + at, 100,
                           "%s{\"id\":\"%zu\",\"status\":\"SUBMITTED\","
                           "\"state\":\"%s\"}",
                           at > 1 ? "," : "", i, gw.token[i - 1]);
  out->body[at++] = ']';
  out->body_len = at;
}

static void handle(void *ud, const mj_http *req, int64_t now,
                   virtual_reply *out) {
  const char *p = strstr(req->url, "/task/");
  char text[160];
  (void)ud;
  now += journal_past;
  arrive(&gw.all, now);
  if (req->paid)
    arrive(&gw.paid, now);
  out->delay_ms = 5 + next_random(&gw.seed) % 40;
  if (goes_wrong(req, out))
    return;
  if (req->paid) {
    keep_token(req);
    gw.ends[gw.n++] = now + 5000 + next_random(&gw.seed) % 20000;
    settle(now);
    (void)snprintf(text, sizeof text,
                   "{\"code\":1,\"description\":\"ok\",\"result\":\"%zu\"}",
                   gw.n);
  } else {
    size_t id = p ? strtoul(p + 6, NULL, 10) : 0;
    if (id == 0 || id > gw.n) {
      list(out);
      return;
    }
    (void)snprintf(text, sizeof text, "{\"id\":\"%zu\",\"status\":\"%s\"}", id,
                   gw.ends[id - 1] > now ? "IN_PROGRESS"
                   : id % 50 == 7        ? "FAILURE" /* some do */
                                         : "SUCCESS");
  }
  answer(out, 200, text);
}

/* Its clients -------------------------------------------------------------- */

static virtual_world *world;
static mj_client *client;
static size_t ended;

static void up(int live, int busy_s) {
  mj_config cfg;
  mj_error err;
  world = virtual_new(handle, NULL, NULL, 1000000);
  mj_config_init(&cfg);
  cfg.base_url = "http://gw.test";
  cfg.api_key = "sk-CANARY-exact";
  cfg.auth = "bearer";
  cfg.dialect = "mj";
  cfg.submits_per_min = SUBMITS;
  cfg.requests_per_min = RATE;
  cfg.live = live;
  cfg.attempts = 50;
  cfg.busy_ms = busy_s * 1000;
  virtual_config(world, &cfg);
  if (mj_client_new(&client, &cfg, &err) != MJ_OK)
    fail_msg("%s", err.text);
  client->rng = gw.seed | 1;
}

static void down(void) {
  journal_past += mj_now(client);
  mj_client_free(client);
  virtual_unref(world);
}

static void imagine(size_t i) {
  mj_request r;
  mj_error err;
  mj_id id;
  memset(&r, 0, sizeof r);
  r.op = i % 3 ? MJ_OP_IMAGINE : MJ_OP_SHORTEN;
  r.prompt = "a red fox";
  r.group = (uint32_t)(i % 5);
  if (mj_submit(client, &r, &id, &err) != MJ_OK)
    fail_msg("%s", err.text);
}

static void hear(void) {
  const mj_event *e;
  while ((e = mj_event_peek(client)) != NULL) {
    ended += e->type == MJ_EV_DONE;
    mj_event_pop(client);
  }
}

static void ten_thousand_tasks(void **state) {
  mj_limits l = {.submits_per_min = -1, .requests_per_min = -1, .live = -1};
  size_t i, turns = 0;
  (void)state;
  memset(&gw, 0, sizeof gw);
  gw.seed = 31;
  gw.faults = 100;
  ended = 0;
  up(LIVE, 3600);
  for (i = 0; i < 10000; i++)
    imagine(i);
  while (mj_step(client, -1, 0) > 0) {
    hear();
    assert_in_range(client->live.used, 0, LIVE);
    if (++turns % 20000 == 0) { /* a change is no second burst */
      l.requests_per_min = RATE - (double)(turns / 20000 % 3);
      l.submits_per_min = SUBMITS - (double)(turns / 20000 % 3);
      assert_int_equal(mj_limits_set(client, &l, NULL), MJ_OK);
    }
  }
  hear();
  (void)printf("10,000 tasks, %zu faults (%zu refusals): most in a minute %zu "
               "requests (%d allowed), %zu submissions (%d); most live %zu "
               "(%d)\n",
               gw.failures, gw.refused, gw.all.most, RATE + RATE / 40,
               gw.paid.most, SUBMITS + SUBMITS / 40, gw.most_live, LIVE);
  assert_int_equal(ended, 10000);
  assert_int_equal(gw.n, 10000);
  assert_in_range(gw.all.most, RATE / 2, RATE + RATE / 40);
  assert_in_range(gw.paid.most, SUBMITS / 2, SUBMITS + SUBMITS / 40);
  assert_in_range(gw.most_live, 2, LIVE);
  assert_int_equal(client->live.used, 0);
  down();
}

/* Without faults the limits are used, too. */
static void and_they_are_used(void **state) {
  size_t i;
  (void)state;
  memset(&gw, 0, sizeof gw);
  gw.seed = 5;
  ended = 0;
  up(LIVE, 300);
  for (i = 0; i < 2000; i++)
    imagine(i);
  while (mj_step(client, -1, 0) > 0)
    hear();
  hear();
  assert_int_equal(ended, 2000);
  assert_in_range(gw.paid.most, SUBMITS * 95 / 100, SUBMITS + SUBMITS / 40);
  assert_int_equal(client->live.used, 0);
  down();
}

/* Kills -------------------------------------------------------------------- */

enum { KILLS = 60, WORK = 150, PLACES = 12 };

static void with_journal(mj_config *cfg) {
  journaled(cfg);
  cfg->live = PLACES;
  cfg->submits_per_min = 0;
  cfg->requests_per_min = 0;
}

static void start(void) {
  mj_config cfg;
  mj_error err;
  world = virtual_new(handle, NULL, NULL, 0);
  mj_config_init(&cfg);
  cfg.base_url = "http://gw.test";
  cfg.api_key = "sk-CANARY-exact";
  cfg.auth = "bearer";
  cfg.dialect = "mj";
  virtual_config(world, &cfg);
  with_journal(&cfg);
  if (mj_client_new(&client, &cfg, &err) != MJ_OK)
    fail_msg("%s", err.text);
  client->rng = gw.seed | 1;
}

static void work_on(size_t i) {
  mj_request r;
  mj_error err;
  mj_id id;
  char key[20];
  int rc;
  memset(&r, 0, sizeof r);
  (void)snprintf(key, sizeof key, "k%zu", i);
  r.op = MJ_OP_IMAGINE;
  r.prompt = "a red fox";
  r.key = key;
  rc = mj_submit(client, &r, &id, &err);
  if (rc != MJ_OK && rc != MJ_EDUPLICATE)
    fail_msg("%s", err.text);
}

static void killed_now(void) {
  down();
  mj__journals_forget();
}

/* Time would run ahead of the disk. */
static void go_on_until(int64_t until) {
  int left = 1;
  while (left > 0 && mj_now(client) < until) {
    int64_t wait = mj_timeout(client), most = until - mj_now(client);
    assert_int_equal(mj_flush(client, -1, NULL), MJ_OK);
    if (client->queues[MJ__Q_RECORD].n)
      wait = 0;
    left = mj_step(client, wait >= 0 && wait < most ? wait : most, 0);
    hear();
  }
}

/* Each start works on some of it, in any order, and is killed soon. */
static void killed_and_killed(void **state) {
  const char *many = getenv("MJ_KILLS"); /* 500 in the long tests */
  size_t kill, i, kills = many ? strtoul(many, NULL, 10) : KILLS;
  (void)state;
  memset(&gw, 0, sizeof gw);
  gw.seed = 99;
  for (kill = 0; kill < kills; kill++) {
    start();
    for (i = 0; i < 30; i++)
      work_on(next_random(&gw.seed) % WORK);
    go_on_until(mj_now(client) + next_random(&gw.seed) % 2500);
    killed_now();
  }
  start();
  for (i = 0; i < WORK; i++)
    work_on(i);
  ended = 0;
  go_on_until(INT64_MAX);
  (void)printf(
      "%zu kills, %zu tasks: most live %zu (%d allowed), places held at "
      "the end %lld\n",
      kills, gw.n, gw.most_live, PLACES, (long long)client->live.used);
  assert_int_equal(ended, WORK);
  assert_int_equal(gw.n, WORK); /* and nothing was paid twice */
  assert_in_range(gw.most_live, PLACES - 2, PLACES);
  assert_int_equal(client->live.used, 0);
  assert_int_equal(client->held_by.n, 0);
  killed_now();
}

/* Nobody goes on with them: their places are free when they cannot live. */
static void nobody_goes_on(int64_t set_back_ms) {
  size_t i;
  int64_t from;
  memset(&gw, 0, sizeof gw);
  start();
  for (i = 0; i < PLACES; i++)
    work_on(i);
  while (gw.n < PLACES) {
    (void)mj_step(client, 10, 0);
    hear();
    assert_int_equal(mj_flush(client, -1, NULL), MJ_OK);
  }
  killed_now();
  journal_past -= set_back_ms;
  start();
  assert_int_equal(client->live.used, PLACES);
  work_on(1000);
  from = mj_now(client);
  while (gw.n == PLACES && mj_now(client) < from + 1000000) {
    assert_int_equal(mj_flush(client, -1, NULL), MJ_OK);
    (void)mj_step(client, -1, 0);
  }
  assert_in_range(mj_now(client) - from, 899000, 900100);
  go_on_until(INT64_MAX);
  assert_int_equal(client->live.used, 0);
  killed_now();
}

static void what_nobody_goes_on_with(void **state) {
  (void)state;
  nobody_goes_on(0);
}

/* The clock was a month ahead when they were sent, and is right now. */
static void a_clock_that_was_wrong(void **state) {
  (void)state;
  nobody_goes_on(INT64_C(30) * 86400000);
}

#define JOURNAL(f) cmocka_unit_test_setup_teardown(f, journal_up, journal_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ten_thousand_tasks), cmocka_unit_test(and_they_are_used),
      JOURNAL(killed_and_killed),           JOURNAL(what_nobody_goes_on_with),
      JOURNAL(a_clock_that_was_wrong),
  };
  return cmocka_run_group_tests_name("exact", tests, NULL, NULL);
}
