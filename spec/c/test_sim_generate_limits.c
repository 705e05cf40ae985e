/* SPDX-License-Identifier: MIT
   test_sim_generate_limits.c - the limits of the simulator's profile
   "generate", and its callbacks. */
#include "test_sim_gen.h"

static struct mj_sim_config cfg;

static int start(void **state) {
  memset(&cfg, 0, sizeof cfg);
  return set_up(state);
}

static struct mj_sim_stats stats(void) {
  struct mj_sim_stats out;
  mj_sim_count(s, &out);
  return out;
}

static const char *header(const struct answer *a, const char *name) {
  for (size_t i = 0; i < a->reply.nheaders; i++)
    if (!strcmp(a->reply.headers[i].name, name))
      return a->reply.headers[i].value;
  return NULL;
}

static void is_limited(const struct answer *a, const char *seconds) {
  assert_int_equal(a->reply.status, 429);
  assert_string_equal(header(a, "Retry-After"), seconds);
}

/* Requests ----------------------------------------------------------------- */

/* 5 in any 60 seconds: the sixth comes when the first is 60 seconds old. */
static void test_window(void **state) {
  static const int64_t good[] = {0, 0, 10000, 20500, 59999};
  (void)state;
  cfg.rate = 5;
  open_with(&cfg);
  for (size_t i = 0; i < 5; i++)
    assert_int_equal(status(SAMPLE, good[i])->reply.status, 200);
  is_limited(status(SAMPLE, 59999), "1");
  assert_body(status(SAMPLE, 59999), LIMIT);
  assert_int_equal(status(SAMPLE, 60000)->reply.status, 200);
  assert_int_equal(status(SAMPLE, 60000)->reply.status, 200);
  is_limited(post("{\"input\":{" TEXT "}}", 60000), "10");
  is_limited(status(SAMPLE, 65001), "5");
  assert_int_equal(status(SAMPLE, 70000)->reply.status, 200);
  is_limited(status(SAMPLE, 70000), "11");
  assert_int_equal(stats().tasks, 0);
}

/* A refused request takes no place, but has been seen. */
static void test_refused_requests(void **state) {
  (void)state;
  cfg.rate = 2;
  open_with(&cfg);
  for (int i = 0; i < 2; i++)
    status(SAMPLE, 0);
  for (int i = 1; i < 60; i++)
    is_limited(status(SAMPLE, i * 1000), say("%d", 60 - i));
  assert_int_equal(stats().most_in_window, 61);
  assert_int_equal(status(SAMPLE, 60000)->reply.status, 200);
  assert_int_equal(stats().most_in_window, 61);
}

/* All that come with a good key count, whatever they are answered; pictures and
   what is no route do not. */
static void test_what_counts(void **state) {
  static const char *const targets[] = {STATUS, STATUS "?taskId=task_x",
                                        STATUS "?taskId=" SAMPLE};
  const char *path = path_of(status(SAMPLE, 0), 1);
  struct answer *a;
  (void)state;
  cfg.rate = 4;
  cfg.api_key = "k";
  cfg.fault = "html502/fetch@1";
  open_with(&cfg);
  for (int i = 0; i < 20; i++) {
    ask_as(s, "GET", STATUS, NULL, 0, "Bearer no", NULL, NULL);
    ask_as(s, "GET", "/api/v1/x", NULL, 0, "Bearer k", NULL, NULL);
    ask_as(s, "GET", path, NULL, 0, "Bearer k", NULL, NULL);
  }
  assert_int_equal(stats().most_in_window, 0);
  for (size_t i = 0; i < 3; i++) {
    a = ask_as(s, "GET", targets[i], NULL, 0, "Bearer k", NULL, NULL);
    assert_int_not_equal(a->reply.status, 429);
  }
  a = ask_as(s, "POST", GENERATE, "[", 0, "Bearer k", NULL, "application/json");
  assert_int_equal(a->reply.status, 400);
  a = ask_as(s, "POST", GENERATE, "[", 0, "Bearer k", NULL, "application/json");
  is_limited(a, "60");
  /* a wrong key is told so first */
  a = ask_as(s, "GET", STATUS, NULL, 0, "Bearer no", NULL, NULL);
  assert_int_equal(a->reply.status, 401);
  assert_int_equal(stats().most_in_window, 5);
}

/* The documented 10,000, in real seconds whatever the clock says. */
static void test_usual_rate(void **state) {
  (void)state;
  cfg.clock = 1000;
  open_with(&cfg);
  for (int i = 0; i < 10000; i++)
    assert_int_equal(status(SAMPLE, i * 5)->reply.status, 200);
  is_limited(status(SAMPLE, 50000), "10");
  is_limited(status(SAMPLE, 59999), "1");
  for (int i = 0; i < 10000; i++) /* one falls out as one comes in */
    assert_int_equal(status(SAMPLE, 60000 + i * 5)->reply.status, 200);
  assert_int_equal(stats().most_in_window, 10002);
}

/* Against the plain definition, at random. */
static void test_window_at_random(void **state) {
  static int64_t taken[4000];
  uint32_t r = 1;
  size_t n = 0;
  int64_t now = 0;
  (void)state;
  cfg.rate = 50;
  open_with(&cfg);
  for (int i = 0; i < 4000; i++) {
    size_t within = 0;
    r = r * 1664525 + 1013904223;
    now += (r >> 16) % (i % 500 < 100 ? 10000 : 1500);
    for (size_t k = n; k > 0 && taken[k - 1] + 60000 > now; k--)
      within++;
    assert_int_equal(status(SAMPLE, now)->reply.status,
                     within < 50 ? 200 : 429);
    if (within < 50)
      taken[n++] = now;
  }
  assert_in_range(n, 1000, 3999);
}

/* Tasks -------------------------------------------------------------------- */

static void test_live(void **state) {
  const char *ids[3];
  int64_t first = INT64_MAX;
  struct answer *a;
  (void)state;
  cfg.live = 3;
  open_with(&cfg);
  for (int i = 0; i < 3; i++)
    ids[i] = task(TEXT, 0);
  a = post("{\"input\":{" TEXT "}}", 1500);
  assert_body(a, "{\"code\":429,\"message\":\"Rate limit exceeded\",\"data\":{"
                 "\"error\":\"Too many concurrent tasks\"}}");
  assert_int_equal(a->reply.status, 429);
  int64_t wait = strtoll(header(a, "Retry-After"), NULL, 10) * 1000;
  /* a body that is wrong is told so */
  assert_int_equal(post("{\"input\":{}}", 1500)->reply.status, 400);
  for (int i = 0; i < 3; i++) {
    int64_t end;
    mj_sim *other = s;
    s = NULL;
    open_with(&cfg); /* the same work again, to look ahead */
    for (int k = 0; k < 3; k++)
      task(TEXT, 0);
    end = number_of(status(ids[i], 100000), "completeTime") - T0;
    mj_sim_free(s);
    s = other;
    first = end < first ? end : first;
  }
  assert_in_range(1500 + wait - first, 0, 999);
  assert_int_equal(post("{\"input\":{" TEXT "}}", first - 1)->reply.status,
                   429);
  assert_int_equal(post("{\"input\":{" TEXT "}}", first)->reply.status, 200);
  assert_int_equal(stats().most_live, 3);
  assert_int_equal(stats().tasks, 4);
}

/* The documented 1,000; most_live is exact, however many came and went. */
static void test_usual_live(void **state) {
  (void)state;
  for (int64_t i = 0; i < 200; i++)
    task(TEXT, i * 60000);
  assert_int_equal(stats().most_live, 1);
  for (int i = 0; i < 1000; i++)
    task(TEXT, 20000000);
  assert_int_equal(stats().most_live, 1000);
  assert_int_equal(post("{\"input\":{" TEXT "}}", 20000000)->reply.status, 429);
  task(TEXT, 20060000);
  assert_int_equal(stats().most_live, 1000);
  assert_int_equal(stats().tasks, 1201);
}

/* An account that runs few at once lets the others wait. */
static void test_queue(void **state) {
  const char *first, *second;
  (void)state;
  cfg.running = cfg.waiting = 1;
  open_with(&cfg);
  first = task(TEXT, 0);
  second = task(TEXT, 0);
  assert_int_equal(post("{\"input\":{" TEXT "}}", 0)->reply.status, 429);
  assert_string_equal(text_of(status(first, 20000), "state"), "processing");
  assert_string_equal(text_of(status(second, 20000), "state"), "pending");
  assert_string_equal(text_of(status(second, 60000), "state"), "processing");
  assert_string_equal(text_of(status(second, 100000), "state"), "success");
}

/* Callbacks ---------------------------------------------------------------- */

#define HOOK                                                                   \
  "{\"request_type\":\"callback\",\"callback_url\":\"http://a.test/hook\","    \
  "\"input\":{%s}}"

/* One, at the end, with what the status says; again when it is not taken. */
static void test_callback(void **state) {
  static const char *const prompts[] = {"cat", "sim:fail"};
  struct mj_sim_callback call;
  (void)state;
  for (int i = 0; i < 2; i++) {
    int64_t at = i * 1000000, end;
    const char *id = text_of(
        post(say(HOOK, say("\"mode\":\"text-to-image\",\"prompt\":\"%s\"",
                           prompts[i])),
             at),
        "taskId");
    assert_int_equal(mj_sim_callback(s, T0 + at + 14000, &call), 0);
    end = T0 + at + 50000;
    assert_int_equal(mj_sim_callback(s, end, &call), 1);
    assert_string_equal(call.url, "http://a.test/hook");
    assert_string_equal(call.body, status(id, at + 50000)->body);
    mj_sim_callback_done(s, call.id, i ? 200 : 500, end);
    mj_sim_callback_free(&call);
    assert_int_equal(mj_sim_callback(s, end + 29000, &call), 0);
    assert_int_equal(mj_sim_callback(s, end + 100000, &call), !i);
    if (!i) {
      mj_sim_callback_done(s, call.id, 200, end + 100000);
      mj_sim_callback_free(&call);
    }
    assert_int_equal(mj_sim_callback(s, end + 900000, &call), 0);
  }
}

/* Who asks for none gets none, even with an address. */
static void test_no_callback(void **state) {
  struct mj_sim_callback call;
  (void)state;
  post("{\"request_type\":\"async\",\"callback_url\":\"http://a.test/hook\","
       "\"input\":{" TEXT "}}",
       0);
  assert_int_equal(mj_sim_callback(s, T0 + 100000, &call), 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, tear_down)
  static const struct CMUnitTest tests[] = {
      TEST(test_window),           TEST(test_refused_requests),
      TEST(test_what_counts),      TEST(test_usual_rate),
      TEST(test_window_at_random), TEST(test_live),
      TEST(test_usual_live),       TEST(test_queue),
      TEST(test_callback),         TEST(test_no_callback),
  };
  return cmocka_run_group_tests_name("sim_generate_limits", tests, NULL, NULL);
}
