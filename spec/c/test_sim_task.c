/* SPDX-License-Identifier: MIT
   test_sim_task.c - ids, time and chance in the simulator. */
#include "test_sim.h"

static struct mj_sim_config with_seed(uint64_t seed) {
  struct mj_sim_config cfg;
  memset(&cfg, 0, sizeof cfg);
  cfg.seed = seed;
  return cfg;
}

/* The same seed and requests give the same bytes; another seed does not. */
static void test_determinism(void **state) {
  uint64_t sums[3] = {0, 0, 0};
  static const uint64_t seeds[3] = {7, 7, 8};
  (void)state;
  for (int i = 0; i < 3; i++) {
    struct mj_sim_config cfg = with_seed(seeds[i]);
    mj_sim *s = sim_open("novicezk", &cfg);
    for (int k = 0; k < 20; k++) {
      const char *id = imagine(s, "cat", k * 50);
      struct answer *a = fetch(s, id, k * 50 + 40000);
      sums[i] = sums[i] * 31 + checksum(a->body, a->reply.len);
    }
    mj_sim_free(s);
  }
  assert_true(sums[0] == sums[1]);
  assert_true(sums[0] != sums[2]);
}

static const char *hash_of(mj_sim *s, const char *prompt, int64_t at) {
  const char *id = imagine(s, prompt, at);
  return text_of(fetch(s, id, at + 100000), "messageHash");
}

/* What a task becomes does not depend on what came before it, nor when; but
   the same prompt again is another picture. */
static void test_order_does_not_matter(void **state) {
  struct mj_sim_config cfg = with_seed(7);
  mj_sim *s = sim_open("novicezk", &cfg), *other = sim_open("novicezk", &cfg);
  const char *cat = hash_of(s, "cat", 0), *dog = hash_of(s, "dog", 200000);
  (void)state;
  assert_string_equal(hash_of(other, "dog", 999), dog);
  assert_string_equal(hash_of(other, "cat", 200000), cat);
  assert_string_not_equal(hash_of(other, "cat", 400000), cat);
  mj_sim_free(s);
  mj_sim_free(other);
}

/* 1,000 in one millisecond: no limit, no id twice. */
static void test_a_thousand_at_once(void **state) {
  mj_sim *s = sim_open("new-api", NULL);
  struct mj_sim_stats stats;
  (void)state;
  for (int i = 0; i < 2500; i++) {
    const char *id = imagine(s, "cat", 0);
    assert_int_equal(strlen(id), 16);
    assert_string_equal(text_of(fetch(s, id, 0), "id"), id);
  }
  mj_sim_count(s, &stats);
  assert_int_equal(stats.tasks, 2500);
  assert_int_equal(stats.submits, 2500);
  assert_int_equal(stats.fetches, 2500);
  assert_int_equal(stats.requests, 5000);
  mj_sim_free(s);
}

static int64_t number_of(const struct answer *a, const char *key) {
  const char *p = strstr(a->body, say("\"%s\":", key));
  assert_non_null(p);
  return strtoll(strchr(p, ':') + 1, NULL, 10);
}

/* How long a task took; each call goes on where time has got to. */
static int64_t took(mj_sim *s, const char *prompt) {
  static int64_t at;
  const char *id = imagine(s, prompt, at += 10000000);
  struct answer *a = fetch(s, id, at += 10000000);
  return number_of(a, "finishTime") - number_of(a, "submitTime");
}

static void test_lengths(void **state) {
  mj_sim *s = sim_open("novicezk", NULL);
  int within = 0;
  (void)state;
  for (int i = 0; i < 500; i++) {
    int64_t ms = took(s, "cat");
    assert_in_range(ms, 18000, 75000);
    within += ms >= 30000 && ms <= 45000;
  }
  assert_in_range(within, 350, 450); /* four of five */
  mj_sim_free(s);
}

static void test_clock(void **state) {
  struct mj_sim_config cfg = with_seed(7);
  mj_sim *s = sim_open("novicezk", &cfg), *fast;
  int64_t slow_ms, fast_ms;
  (void)state;
  cfg.clock = 20;
  fast = sim_open("novicezk", &cfg);
  slow_ms = took(s, "cat");
  fast_ms = took(fast, "cat");
  assert_in_range(slow_ms - fast_ms * 20, 0, 20);
  mj_sim_free(s);
  mj_sim_free(fast);
}

static void test_slow(void **state) {
  mj_sim *s = sim_open("novicezk", NULL);
  (void)state;
  assert_true(took(s, "cat sim:slow") > 180000);
  mj_sim_free(s);
}

static void test_time_never_goes_back(void **state) {
  mj_sim *s = sim_open("novicezk", NULL);
  const char *id = imagine(s, "cat", 0);
  (void)state;
  assert_string_equal(text_of(fetch(s, id, 100000), "status"), "SUCCESS");
  assert_string_equal(text_of(fetch(s, id, 100), "status"), "SUCCESS");
  mj_sim_free(s);
}

static void test_bad_configurations(void **state) {
  static const struct {
    const char *profile, *fault;
    int running, waiting;
    double clock;
    const char *missing, *why;
  } cases[] = {
      {"apixo", NULL, 0, 0, 0, NULL, "no profile 'apixo'"},
      {NULL, "html501", 0, 0, 0, NULL, "no fault 'html501'"},
      {NULL, "html502/x", 0, 0, 0, NULL, "no kind 'x'"},
      {NULL, "html502@0", 0, 0, 0, NULL, "'@0'"},
      {NULL, "html502@3-2", 0, 0, 0, NULL, "'@3-2'"},
      {NULL, "html502:1.5", 0, 0, 0, NULL, "':1.5'"},
      {NULL, NULL, 0, 3, 0, NULL, "waiting needs running"},
      {NULL, NULL, 0, 0, -1, NULL, "clock"},
      {NULL, NULL, 0, 0, 0, "blend+vido", "no model 'vido'"},
      {"plus", NULL, 0, 0, 0, "blend", "belongs to the profile new-api"}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct mj_sim_config cfg = with_seed(0);
    mj_sim *s;
    char why[200] = "";
    cfg.profile = cases[i].profile;
    cfg.fault = cases[i].fault;
    cfg.running = cases[i].running;
    cfg.waiting = cases[i].waiting;
    cfg.clock = cases[i].clock;
    cfg.missing = cases[i].missing;
    assert_int_equal(mj_sim_new(&s, &cfg, why, sizeof why), -1);
    assert_null(s);
    assert_non_null(strstr(why, cases[i].why));
  }
}

static void test_names(void **state) {
  static const char *const profiles[] = {"new-api", "novicezk", "plus",
                                         "trueai", "generate"};
  (void)state;
  for (int i = 0; i < 5; i++)
    assert_string_equal(mj_sim_profiles(i), profiles[i]);
  assert_null(mj_sim_profiles(5));
  assert_null(mj_sim_profiles(-1));
  assert_string_equal(mj_sim_models(0), "imagine");
  assert_null(mj_sim_models(-1));
  for (int i = 0; mj_sim_models(i); i++) { /* each is taken as it stands */
    struct mj_sim_config cfg = with_seed(0);
    cfg.missing = mj_sim_models(i);
    mj_sim_free(sim_open("new-api", &cfg));
  }
}

/* Bodies that no decoder may trip over. */
static void test_hostile_bodies(void **state) {
  mj_sim *s = sim_open("new-api", NULL);
  char *deep = malloc(200001);
  (void)state;
  memset(deep, '[', 200000);
  deep[200000] = '\0';
  assert_int_equal(ask(s, "POST", "/mj/submit/imagine", deep, 0)->reply.status,
                   400);
  free(deep);
  assert_int_equal(
      ask(s, "POST", "/mj/submit/imagine", "{\"prompt\":\"\xff\"}", 0)
          ->reply.status,
      400);
  assert_int_equal(ask(s, "POST", "/mj/submit/imagine", "", 0)->reply.status,
                   400);
  /* a key that comes twice: the last one counts */
  assert_string_equal(
      text_of(fetch(s,
                    submit(s, "/mj/submit/imagine",
                           "{\"prompt\":\"a\",\"prompt\":\"b\"}", 0),
                    0),
              "prompt"),
      "b");
  assert_int_equal(ask(s, "GET", "", NULL, 0)->reply.status, 404);
  assert_int_equal(ask(s, "GET", "mj", NULL, 0)->reply.status, 404);
  assert_int_equal(ask(s, "GET", "/mj/task//fetch", NULL, 0)->reply.status,
                   404);
  mj_sim_free(s);
}

static struct mj_sim_stats stats_of(const mj_sim *s) {
  struct mj_sim_stats out;
  mj_sim_count(s, &out);
  return out;
}

static void is_late(const struct answer *a, const char *seconds) {
  assert_int_equal(a->reply.status, 429);
  assert_true(has(a, "new_api_error"));
  assert_int_equal(a->reply.nheaders, 1);
  assert_string_equal(a->reply.headers[0].name, "Retry-After");
  assert_string_equal(a->reply.headers[0].value, seconds);
}

#define IMAGINE "/mj/submit/imagine"
#define CAT     "{\"prompt\":\"cat\"}"

/* Two submissions and five requests in any minute. */
static void test_windows(void **state) {
  struct mj_sim_config cfg = with_seed(1);
  const char *id;
  mj_sim *s;
  (void)state;
  cfg.rate = 5;
  cfg.submits = 2;
  s = sim_open("new-api", &cfg);
  id = imagine(s, "cat", 0);
  imagine(s, "cat", 20000);
  is_late(ask(s, "POST", IMAGINE, CAT, 20000), "40");
  is_late(ask(s, "POST", IMAGINE, CAT, 29000), "31");
  for (int i = 0; i < 3; i++) /* what was refused took no place */
    assert_int_equal(fetch(s, id, 30000)->reply.status, 200);
  is_late(fetch(s, id, 30000), "30");
  is_late(ask(s, "POST", IMAGINE, CAT, 59999), "1");
  assert_int_equal(stats_of(s).most_in_window, 9);
  assert_int_equal(stats_of(s).most_submits_in_window, 5);
  imagine(s, "cat", 60000);
  is_late(fetch(s, id, 60000), "20"); /* the longer of both */
  is_late(ask(s, "POST", IMAGINE, CAT, 70000), "10");
  assert_int_equal(stats_of(s).tasks, 3);
  mj_sim_free(s);
}

/* Without a limit it counts all the same: what has a good key, is a route and
   no picture. */
static void test_windows_are_counted(void **state) {
  struct mj_sim_config cfg = with_seed(1);
  mj_sim *s;
  (void)state;
  cfg.api_key = "k";
  s = sim_open("new-api", &cfg);
  for (int i = 0; i < 300; i++) {
    int at = i * 600; /* a hundred a minute */
    ask_as(s, "POST", IMAGINE, CAT, at, "Bearer k", NULL, "application/json");
    ask_as(s, "POST", IMAGINE, CAT, at, "Bearer no", NULL, "application/json");
    ask_as(s, "GET", "/mj/nothing", NULL, at, "Bearer k", NULL, NULL);
    ask_as(s, "GET", "/mj/image/1", NULL, at, "Bearer k", NULL, NULL);
    ask_as(s, "GET", "/mj/task/1/fetch", NULL, at, "Bearer k", NULL, NULL);
  }
  assert_int_equal(stats_of(s).most_in_window, 200);
  assert_int_equal(stats_of(s).most_submits_in_window, 100);
  mj_sim_free(s);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_determinism),
      cmocka_unit_test(test_order_does_not_matter),
      cmocka_unit_test(test_windows),
      cmocka_unit_test(test_windows_are_counted),
      cmocka_unit_test(test_a_thousand_at_once),
      cmocka_unit_test(test_lengths),
      cmocka_unit_test(test_clock),
      cmocka_unit_test(test_slow),
      cmocka_unit_test(test_time_never_goes_back),
      cmocka_unit_test(test_bad_configurations),
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_hostile_bodies),
  };
  return cmocka_run_group_tests_name("sim_task", tests, NULL, NULL);
}
