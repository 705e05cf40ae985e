/* SPDX-License-Identifier: MIT
   test_storm.c - a thousand live tasks and a gateway that is out of order for a
   minute: it is not asked much more than once a task, and soon after everybody
   is served again.  And maps of very different sizes on one gateway. */
#include "test.h"

#include <math.h>

#include "mj_int.h"
#include "virtual.h"

/* A gateway ---------------------------------------------------------------- */

#define MINUTE 60000
enum { TASKS = 1000, LATENCY = 20, BINS = 20 };

static struct {
  int64_t down_from, down_until;
  uint32_t seed;
  int64_t ends[24000]; /* of each task */
  int64_t heard[24000];
  size_t n;
  size_t all, down, good, polls_after;
  size_t bins[BINS]; /* polls that went well, by 250 ms since it is up again */
  int64_t first[2], last[2], sum[2];
  size_t groups[2];
  size_t rate; /* requests in any minute that it takes; 0 = all */
  int silent;  /* it does not say how long to wait */
  int64_t window[100000];
  size_t win_from, win_n;
  size_t refused, most_refused; /* in all; in a second */
  int64_t refused_at[40000];
} gw;

/* A sliding window; what is refused takes no place in it. */
static int too_many(const mj_http *req, int64_t now, virtual_reply *out) {
  size_t k = 0;
  if (!gw.rate || req->paid)
    return 0;
  while (gw.win_from < gw.win_n && gw.window[gw.win_from] + MINUTE <= now)
    gw.win_from++;
  if (gw.win_n - gw.win_from < gw.rate) {
    assert_true(gw.win_n < COUNT(gw.window));
    gw.window[gw.win_n++] = now;
    return 0;
  }
  assert_true(gw.refused < COUNT(gw.refused_at));
  gw.refused_at[gw.refused++] = now;
  while (k < gw.refused && gw.refused_at[gw.refused - 1 - k] > now - 1000)
    k++;
  if (k > gw.most_refused)
    gw.most_refused = k;
  out->http_status = 429;
  out->body = malloc(3);
  memcpy(out->body, "{}", 3);
  out->body_len = 2;
  if (!gw.silent)
    out->retry_after_ms = gw.window[gw.win_from] + MINUTE - now;
  return 1;
}

static void answer(virtual_reply *out, int status, const char *text) {
  out->http_status = status;
  out->body = malloc(strlen(text) + 1);
  memcpy(out->body, text, strlen(text) + 1);
  out->body_len = strlen(text);
}

static void take(const mj_http *req, int64_t now, virtual_reply *out) {
  char text[120], body[400];
  size_t group;
  (void)snprintf(body, sizeof body, "%.*s", (int)req->body_len, req->body);
  group = strstr(body, "small") != NULL;
  gw.ends[gw.n] = now + 30000 + next_random(&gw.seed) % 90000;
  (void)snprintf(text, sizeof text,
                 "{\"code\":1,\"description\":\"ok\",\"result\":\"%zu\"}",
                 ++gw.n);
  answer(out, 200, text);
  if (gw.groups[group]++ == 0)
    gw.first[group] = now;
  gw.last[group] = now;
  gw.sum[group] += now;
}

static void show(const mj_http *req, int64_t now, virtual_reply *out) {
  const char *p = strstr(req->url, "/task/");
  size_t id = p ? strtoul(p + 6, NULL, 10) : 0;
  char text[160];
  assert_in_range(id, 1, gw.n);
  (void)snprintf(text, sizeof text,
                 gw.ends[id - 1] <= now
                     ? "{\"id\":\"%zu\",\"status\":\"SUCCESS\",\"progress\":"
                       "\"100%%\",\"imageUrl\":\"http://gw.test/a.png\"}"
                     : "{\"id\":\"%zu\",\"status\":\"IN_PROGRESS\","
                       "\"progress\":\"31%%\"}",
                 id);
  answer(out, 200, text);
  if (gw.down_until && now >= gw.down_until && !gw.heard[id - 1]) {
    size_t bin = (size_t)(now - gw.down_until) / 500;
    gw.heard[id - 1] = now;
    if (bin < BINS)
      gw.bins[bin]++;
    gw.polls_after++;
  }
}

static void handle(void *ud, const mj_http *req, int64_t now,
                   virtual_reply *out) {
  (void)ud;
  gw.all++;
  out->delay_ms = LATENCY;
  if (too_many(req, now, out))
    return;
  if (now >= gw.down_from && now < gw.down_until) {
    gw.down++;
    answer(out, 503, "<html>503 Service Unavailable</html>");
  } else if (req->paid) {
    take(req, now, out);
  } else {
    gw.good++;
    show(req, now, out);
  }
}

/* ... and a client --------------------------------------------------------- */

static virtual_world *world;
static mj_client *client;
static size_t done, failed;
static int64_t last_end;

static void up(void (*tune)(mj_config *cfg)) {
  mj_config cfg;
  mj_error err;
  memset(&gw, 0, sizeof gw);
  gw.seed = 4711;
  done = failed = 0;
  world = virtual_new(handle, NULL, NULL, 1000000);
  mj_config_init(&cfg);
  cfg.base_url = "http://gw.test";
  cfg.api_key = "sk-CANARY-storm";
  cfg.auth = "bearer";
  cfg.dialect = "mj";
  virtual_config(world, &cfg);
  if (tune)
    tune(&cfg);
  if (mj_client_new(&client, &cfg, &err) != MJ_OK)
    fail_msg("%s", err.text);
  client->rng = 77;
}

static void down(void) {
  mj_client_free(client);
  virtual_unref(world);
}

static void imagine(const char *prompt, uint32_t group) {
  mj_request r;
  mj_error err;
  mj_id id;
  memset(&r, 0, sizeof r);
  r.op = MJ_OP_IMAGINE;
  r.prompt = prompt;
  r.group = group;
  if (mj_submit(client, &r, &id, &err) != MJ_OK)
    fail_msg("%s", err.text);
}

static void run_until(int64_t at) {
  const mj_event *e;
  int left = 1;
  while (left > 0 && mj_now(client) < at) {
    int64_t wait = mj_timeout(client);
    if (wait < 0 || wait > at - mj_now(client))
      wait = at - mj_now(client);
    left = mj_step(client, wait, 0);
    while ((e = mj_event_peek(client)) != NULL) {
      if (e->type == MJ_EV_DONE && e->error) {
        failed++;
        if (failed == 1)
          (void)printf("failed: %s\n", e->error->text);
      } else if (e->type == MJ_EV_DONE) {
        done++;
        last_end = mj_now(client);
      }
      mj_event_pop(client);
    }
  }
}

/* Above 36.2 once in a hundred times by chance, for 19 degrees of freedom. */
static double chi_square(const size_t *bins, size_t n, size_t total) {
  double want = (double)total / (double)n, x = 0;
  size_t i;
  for (i = 0; i < n; i++)
    x += ((double)bins[i] - want) * ((double)bins[i] - want) / want;
  return x;
}

static void a_minute_of_503(void **state) {
  size_t i, live, soon = 0, most = 0;
  mj_stats st;
  (void)state;
  up(NULL);
  for (i = 0; i < TASKS; i++)
    imagine("a red fox", 0);
  run_until(1000000 + 15000);
  mj_client_stats(client, &st);
  live = st.running;
  assert_int_equal(live, TASKS);
  gw.down_from = mj_now(client);
  gw.down_until = gw.down_from + MINUTE;
  run_until(gw.down_until + 30000);
  for (i = 0; i < TASKS; i++)
    soon += gw.heard[i] && gw.heard[i] < gw.down_until + 10000;
  for (i = 0; i < BINS; i++)
    most = gw.bins[i] > most ? gw.bins[i] : most;
  (void)printf("%zu live tasks, 60 s of 503: %zu requests (%zu allowed); heard "
               "of again within 10 s: %zu, at most %zu of them in half a "
               "second\n",
               live, gw.down, live * 11 / 10 + MJ__QUOTA_MOST, soon, most);
  assert_in_range(gw.down, live, live * 11 / 10 + MJ__QUOTA_MOST);
  assert_in_range(soon, TASKS * 95 / 100, TASKS);
  assert_in_range(most, 1, TASKS / 4); /* no herd */
  run_until(INT64_MAX);
  assert_int_equal(done, TASKS);
  assert_int_equal(failed, 0);
  assert_int_equal(gw.n, TASKS);
  assert_int_equal(client->live.used, 0);
  assert_int_equal(client->quota.left, MJ__QUOTA_MOST);
  down();
}

/* When a task is asked for again, seen over the time that waiting takes. */
static void who_waits_comes_back_spread(void **state) {
  size_t i, total = 0;
  double x;
  (void)state;
  up(NULL);
  for (i = 0; i < TASKS; i++)
    imagine("a red fox", 0);
  run_until(1000000 + 15000);
  gw.down_from = mj_now(client);
  gw.down_until = gw.down_from + MINUTE;
  run_until(gw.down_until + 12000);
  for (i = 2; i < 14; i++) /* from 1 s, when the way is clear, to 7 s */
    total += gw.bins[i];
  x = chi_square(gw.bins + 2, 12, total);
  (void)printf("back by half seconds:");
  for (i = 0; i < BINS; i++)
    (void)printf(" %zu", gw.bins[i]);
  (void)printf("; chi-square %.1f, a comb's would be %.0f\n", x,
               (double)total * 11);
  assert_in_range(total, TASKS / 2, TASKS);
  /* fewer are left each half second: that is no evenness, but far from a comb
   */
  assert_true(x < (double)total / 2);
  down();
}

/* Those who come while the gateway is down are not thrown away either. */
static void new_work_survives_an_outage_of_connections(void **state) {
  (void)state;
  up(NULL);
  imagine("a red fox", 0);
  run_until(1000000 + 5000);
  gw.down_from = mj_now(client);
  gw.down_until = gw.down_from + 400000; /* six minutes and more */
  run_until(INT64_MAX);
  assert_int_equal(done, 1);
  assert_int_equal(failed, 0);
  assert_in_range(gw.down, 10, 410); /* once a second at most */
  down();
}

/* A limit of requests that nobody told of ---------------------------------- */

static void often(mj_config *cfg) {
  cfg->poll.first_ms = 1000;
  cfg->poll.gaps_ms[0] = 1000;
  cfg->poll.ngaps = 1;
}

/* A thousand tasks, each asked for once a second, are 60,000 a minute. */
static void a_limit_is_found(int silent) {
  size_t i;
  int64_t began;
  mj_limits l;
  up(often);
  gw.rate = 3000;
  gw.silent = silent;
  began = mj_now(client);
  for (i = 0; i < TASKS; i++)
    imagine("a red fox", 0);
  while (gw.refused == 0 && mj_now(client) < began + MINUTE)
    run_until(mj_now(client) + 1);
  run_until(mj_now(client) + LATENCY);
  mj_limits_get(client, &l);
  assert_true(l.pace_per_min == 60); /* it asks, once a second */
  assert_true(silent ? l.resting_ms == 0 : l.resting_ms > 1000);
  run_until(INT64_MAX);
  (void)printf("a limit of %zu a minute, %s: %zu refused of %zu in %.0f s, at "
               "most %zu in a second\n",
               gw.rate, silent ? "not told" : "told with each refusal",
               gw.refused, gw.all, (double)(last_end - began) / 1000,
               gw.most_refused);
  assert_int_equal(done, TASKS);
  assert_in_range(last_end - began, 60000, 240000);
  assert_int_equal(failed, 0);
  mj_limits_get(client, &l);
  assert_int_equal(l.quota, MJ__QUOTA_MOST);
  down();
}

static void told_how_long_it_waits(void **state) {
  (void)state;
  a_limit_is_found(0);
  assert_in_range(gw.refused, 1, 80);
  assert_in_range(gw.most_refused, 1, 48);
}

static void not_told_it_asks_each_second(void **state) {
  (void)state;
  a_limit_is_found(1);
  assert_in_range(gw.refused, 1, 200);
  assert_in_range(gw.most_refused, 1, 48);
}

/* Groups ------------------------------------------------------------------- */

static void two_hundred_live(mj_config *cfg) {
  cfg->live = 200;
  cfg->requests_per_min = 6000;
}

static void a_small_map_beside_a_big_one(void **state) {
  size_t i;
  int64_t mean, start;
  (void)state;
  up(two_hundred_live);
  for (i = 0; i < 10000; i++)
    imagine("one of the big map", 1);
  run_until(1000000 + 20000);
  start = mj_now(client);
  for (i = 0; i < 3; i++)
    imagine("one of the small map", 2);
  run_until(start + 300000);
  assert_int_equal(gw.groups[1], 3);
  mean = gw.sum[1] / 3 - start;
  (void)printf("3 tasks beside 10,000: sent after %.1f s, %.1f s and on "
               "average %.1f s; of the others %zu had gone by then\n",
               (double)(gw.first[1] - start) / 1000,
               (double)(gw.last[1] - start) / 1000, (double)mean / 1000,
               gw.groups[0]);
  assert_in_range(gw.last[1] - start, 0, 60000);
  assert_in_range(gw.groups[0], 200,
                  5000); /* who would have been before them */
  down();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_minute_of_503),
      cmocka_unit_test(who_waits_comes_back_spread),
      cmocka_unit_test(new_work_survives_an_outage_of_connections),
      cmocka_unit_test(told_how_long_it_waits),
      cmocka_unit_test(not_told_it_asks_each_second),
      cmocka_unit_test(a_small_map_beside_a_big_one),
  };
  return cmocka_run_group_tests_name("storm", tests, NULL, NULL);
}
