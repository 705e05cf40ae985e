/* SPDX-License-Identifier: MIT
   test_sim_fault.c - what the simulator does wrong on purpose. */
#include "test_sim.h"

static mj_sim *with_fault(const char *fault) {
  struct mj_sim_config cfg;
  memset(&cfg, 0, sizeof cfg);
  cfg.fault = fault;
  return sim_open("new-api", &cfg);
}

static uint64_t tasks(mj_sim *s) {
  struct mj_sim_stats stats;
  mj_sim_count(s, &stats);
  return stats.tasks;
}

/* Each fault: what is answered, and whether there is a task all the same. */
static void test_each(void **state) {
  static const struct {
    const char *name;
    int status;
    const char *answer; /* how it begins */
    unsigned tasks;
  } cases[] = {
      {"html502", 502, "<html>\r\n<head><title>502 Bad Gateway</title>", 0},
      {"html504", 504, "<html>\r\n<head><title>504 Gateway Time-out</title>",
       1},
      {"empty", 200, "", 1},
      {"number_result", 200,
       "{\"code\":1,\"description\":\"提交成功\","
       "\"result\":1741531578038",
       1},
      {"code5", 400,
       "{\"description\":\"do_request_failed \",\"type\":"
       "\"upstream_error\",\"code\":5}",
       0},
      {"code5_after_create", 400,
       "{\"description\":\"unmarshal_response_body_failed \",\"type\":"
       "\"upstream_error\",\"code\":5}",
       1},
      {"drop", 0, "", 1},
      {"drop_before", 0, "", 0},
      {"http429", 429, "{\"error\":{\"message\":\"当前分组上游负载已饱和", 0},
      {"http429_bare", 429, "{\"error\":{\"message\":\"当前分组上游负载已饱和",
       0},
      {"code30", 429, "{\"description\":\"当前分组负载已饱和", 0},
      {"no_instance", 200,
       "{\"code\":3,\"description\":\"无可用的账号实例\",\"result\":null", 0},
      {"queue_full", 200, "{\"code\":23,", 0},
      {"unauthorized", 401, "{\"error\":{\"message\":\"无效的令牌", 0},
      {"not_found", 400, "{\"description\":\"task_no_found \"", 0},
      {"expired", 403, "This content is no longer available.", 0},
      {"truncated", 200, "{\"code\":1,\"desc", 1}};
  (void)state;
  for (int i = 0; mj_sim_faults(i); i++) {
    size_t k = 0;
    while (k < sizeof cases / sizeof cases[0] &&
           strcmp(cases[k].name, mj_sim_faults(i)) != 0)
      k++;
    if (k == sizeof cases / sizeof cases[0])
      fail_msg("fault %s is not tested", mj_sim_faults(i));
    mj_sim *s = with_fault(say("%s@2", cases[k].name));
    imagine(s, "cat", 0);
    struct answer *a =
        ask(s, "POST", "/mj/submit/imagine", "{\"prompt\":\"dog\"}", 0);
    assert_int_equal(a->reply.status, cases[k].status);
    assert_int_equal(a->reply.drop, !strncmp(cases[k].name, "drop", 4));
    assert_int_equal(strncmp(a->body, cases[k].answer, strlen(cases[k].answer)),
                     0);
    if (!*cases[k].answer)
      assert_int_equal(a->reply.len, 0);
    assert_int_equal(tasks(s), 1 + cases[k].tasks);
    imagine(s, "again", 0);
    mj_sim_free(s);
  }
}

static void test_number_result_is_the_task(void **state) {
  mj_sim *s = with_fault("number_result");
  struct answer *a =
      ask(s, "POST", "/mj/submit/imagine", "{\"prompt\":\"dog\"}", 0);
  (void)state;
  const char *p = strstr(a->body, "\"result\":") + 9;
  const char *id = say("%.16s", p);
  assert_string_equal(p + 16, ",\"properties\":{\"discordInstanceId\":"
                              "\"1118138338562560102\"}}");
  assert_int_equal(a->reply.len, strlen(a->body));
  assert_string_equal(text_of(fetch(s, id, 0), "id"), id);
  mj_sim_free(s);
}

static void test_retry_after(void **state) {
  mj_sim *s = with_fault("http429@1+http429_bare@2");
  struct answer *a = ask(s, "POST", "/mj/submit/imagine", "{}", 0);
  (void)state;
  assert_int_equal(a->reply.nheaders, 1);
  assert_string_equal(a->reply.headers[0].name, "Retry-After");
  assert_string_equal(a->reply.headers[0].value, "2");
  a = ask(s, "POST", "/mj/submit/imagine", "{}", 0);
  assert_int_equal(a->reply.status, 429);
  assert_int_equal(a->reply.nheaders, 0);
  mj_sim_free(s);
}

/* Rules count the requests of their own kind. */
static void test_kinds_and_ranges(void **state) {
  mj_sim *s = with_fault("not_found/fetch@1-3+html502@2+expired/image");
  const char *id = imagine(s, "cat", 0);
  (void)state;
  for (int i = 0; i < 5; i++)
    assert_int_equal(fetch(s, id, 0)->reply.status, i < 3 ? 400 : 200);
  assert_int_equal(ask(s, "POST", "/mj/submit/imagine", "{}", 0)->reply.status,
                   502);
  assert_int_equal(ask(s, "POST", "/mj/submit/imagine", "{}", 0)->reply.status,
                   400);
  assert_int_equal(ask(s, "GET", "/mj/image/1", NULL, 0)->reply.status, 403);
  mj_sim_free(s);
}

static unsigned struck(uint64_t seed, const char *fault, unsigned n,
                       uint64_t *which) {
  struct mj_sim_config cfg;
  unsigned hits = 0;
  memset(&cfg, 0, sizeof cfg);
  cfg.fault = fault;
  cfg.seed = seed;
  mj_sim *s = sim_open("new-api", &cfg);
  *which = 0;
  for (unsigned i = 0; i < n; i++)
    if (fetch(s, "14001934816969359", 0)->reply.status == 502) {
      hits++;
      *which = *which * 31 + i;
    }
  mj_sim_free(s);
  return hits;
}

static void test_share_is_decided_by_the_seed(void **state) {
  uint64_t a, b, c;
  (void)state;
  assert_in_range(struck(1, "html502/fetch:0.1", 2000, &a), 150, 250);
  struck(1, "html502/fetch:0.1", 2000, &b);
  struck(2, "html502/fetch:0.1", 2000, &c);
  assert_true(a == b);
  assert_true(a != c);
  assert_int_equal(struck(1, "html502/fetch:0", 500, &a), 0);
  assert_int_equal(struck(1, "html502/fetch:1", 500, &a), 500);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each),
      cmocka_unit_test(test_number_result_is_the_task),
      cmocka_unit_test(test_retry_after),
      cmocka_unit_test(test_kinds_and_ranges),
      cmocka_unit_test(test_share_is_decided_by_the_seed),
  };
  return cmocka_run_group_tests_name("sim_fault", tests, NULL, NULL);
}
