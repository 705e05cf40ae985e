/* SPDX-License-Identifier: MIT
   test_sim_generate_fault.c - what the simulator's faults and scenarios are in
   the profile "generate". */
#include "test_sim_gen.h"

static struct mj_sim_stats stats(void) {
  struct mj_sim_stats out;
  mj_sim_count(s, &out);
  return out;
}

static void open_fault(const char *fault) {
  struct mj_sim_config cfg;
  memset(&cfg, 0, sizeof cfg);
  cfg.fault = fault;
  open_with(&cfg);
}

#define BODY "{\"input\":{" TEXT "}}"

/* Answers to a submission. */
static void test_submissions(void **state) {
  static const struct {
    const char *fault;
    int status, tasks;
    const char *answer;
  } cases[] = {
      {"http429", 429, 0, LIMIT},
      {"http429_bare", 429, 0, LIMIT},
      {"queue_full", 429, 0,
       "{\"code\":429,\"message\":\"Rate limit exceeded\",\"data\":{"
       "\"error\":\"Too many concurrent tasks\"}}"},
      {"unauthorized", 401, 0, REFUSED_AS("401", "Invalid or missing API Key")},
      {"http401_json", 401, 0, REFUSED_AS("401", "Invalid or missing API Key")},
      {"http403_json", 403, 0,
       "{\"code\":403,\"message\":\"Forbidden\",\"data\":{\"error\":"
       "\"Insufficient credits\"}}"},
      {"http500", 500, 0, REFUSED_AS("500", "Internal server error")},
      {"http503_model", 503, 0,
       "{\"code\":503,\"message\":\"Service unavailable\",\"data\":{"
       "\"error\":\"Model is unavailable\"}}"},
      {"not_found", 404, 0, REFUSED_AS("404", "Task not found")},
      {"code_in_200", 200, 0, LIMIT},
      {"error_member", 400, 0, "{\"code\":400,\"error\":\"Invalid request\"}"},
      {"empty401", 401, 0, ""},
      {"empty", 200, 1, ""},
      {"expired", 403, 0, "This content is no longer available."}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    open_fault(cases[i].fault);
    struct answer *a = post(BODY, 0);
    assert_int_equal(a->reply.status, cases[i].status);
    assert_body(a, cases[i].answer);
    assert_int_equal(stats().tasks, cases[i].tasks);
    assert_int_equal(stats().faults, 1);
    assert_int_equal(a->reply.nheaders,
                     !strcmp(cases[i].fault, "http429") ||
                         !strcmp(cases[i].fault, "queue_full"));
  }
}

static void test_what_stands_in_front(void **state) {
  static const struct {
    const char *fault;
    int status, tasks;
    const char *text;
  } cases[] = {{"html502", 502, 0, "<h1>502 Bad Gateway</h1>"},
               {"html404", 404, 0, "<h1>404 Not Found</h1>"},
               {"html504", 504, 1, "<h1>504 Gateway Time-out</h1>"},
               {"text504", 504, 1, "FUNCTION_INVOCATION_TIMEOUT"}};
  struct answer *a;
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    open_fault(cases[i].fault);
    a = post(BODY, 0);
    assert_int_equal(a->reply.status, cases[i].status);
    assert_true(has(a, cases[i].text));
    assert_int_equal(stats().tasks, cases[i].tasks);
  }
  open_fault("drop");
  assert_int_equal(post(BODY, 0)->reply.drop, 1);
  assert_int_equal(stats().tasks, 1);
  open_fault("drop_before");
  assert_int_equal(post(BODY, 0)->reply.drop, 1);
  assert_int_equal(stats().tasks, 0);
  open_fault("slow");
  assert_int_equal(post(BODY, 0)->reply.delay_ms, 5000);
}

/* The forms of an answer that stays what it is. */
static void test_forms(void **state) {
  const char *plain = say("%s", post(BODY, 0)->body);
  struct answer *a;
  (void)state;
  open_fault("byte_order_mark");
  assert_body(post(BODY, 0), say("\xEF\xBB\xBF%s", plain));
  open_fault("text_plain");
  a = post(BODY, 0);
  assert_body(a, plain);
  assert_string_equal(a->reply.content_type, "text/plain; charset=utf-8");
  open_fault("chunked");
  a = post(BODY, 0);
  assert_body(a, plain);
  assert_int_equal(a->reply.chunked, 1);
  open_fault("truncated");
  assert_int_equal(post(BODY, 0)->reply.len, strlen(plain) / 2);
  open_fault("no_code");
  assert_true(has(post(BODY, 0), "{\"message\":\"success\",\"data\":{\"task"));
}

/* What belongs to the other family changes nothing here. */
static void test_meaningless(void **state) {
  static const char *const faults[] = {"code5",
                                       "code5_after_create",
                                       "code30",
                                       "no_instance",
                                       "too_many",
                                       "banned",
                                       "existed",
                                       "code0",
                                       "number_result",
                                       "result_list",
                                       "rewrite21",
                                       "numeric_ids/fetch",
                                       "null_buttons",
                                       "progress_words",
                                       "progress_empty",
                                       "image_urls_text",
                                       "progress_100_failure"};
  const char *id = task(TEXT, 0);
  const char *told = say("%s", post("{\"input\":{" TEXT "}}", 0)->body);
  const char *ended = say("%s", status(id, 90000)->body);
  (void)state;
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
    open_fault(faults[i]);
    assert_string_equal(task(TEXT, 0), id);
    assert_body(post("{\"input\":{" TEXT "}}", 0), told);
    assert_body(status(id, 90000), ended);
  }
}

/* ... nor this family's there. */
static void test_meaningless_elsewhere(void **state) {
  static const char *const faults[] = {"code_in_200", "error_member",
                                       "result_object", "result_empty"};
  mj_sim *other = sim_open("plus", NULL);
  const char *id = imagine(other, "cat", 0);
  const char *ended = say("%s", fetch(other, id, 90000)->body);
  (void)state;
  mj_sim_free(other);
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
    struct mj_sim_config cfg;
    memset(&cfg, 0, sizeof cfg);
    cfg.fault = faults[i];
    other = sim_open("plus", &cfg);
    assert_string_equal(imagine(other, "cat", 0), id);
    assert_body(fetch(other, id, 90000), ended);
    mj_sim_free(other);
  }
}

/* The sample's answer with something else for its resultJson. */
static const char *sample_with(const char *result) {
  return say("{\"code\":200,\"message\":\"success\",\"data\":{\"taskId\":"
             "\"" SAMPLE "\",\"state\":\"success\",\"resultJson\":%s,"
             "\"createTime\":1767965610929,\"completeTime\":1767965652317,"
             "\"costTime\":41388}}",
             result);
}

static void test_results(void **state) {
  const char *path = path_of(status(SAMPLE, 0), 1);
  int n = (int)strlen(path) - 5;
#define URL(k) say("\"" BASE_URL "%.*s%d.png\"", n, path, k)
  (void)state;
  open_fault("result_object");
  assert_body(status(SAMPLE, 0),
              sample_with(say("{\"resultUrls\":[%s,%s,%s,%s]}", URL(1), URL(2),
                              URL(3), URL(4))));
  open_fault("result_empty");
  assert_body(status(SAMPLE, 0), sample_with("\"\""));
  open_fault("result_null");
  assert_body(status(SAMPLE, 0), sample_with("null"));
  open_fault("success_without_picture");
  assert_body(status(SAMPLE, 0), sample_with("\"{\\\"resultUrls\\\":[]}\""));
  open_fault("result_object");
  assert_body(status("task_x", 0), REFUSED_AS("404", "Task not found"));
  /* a task that has none yet is not touched */
  assert_string_equal(text_of(status(task(TEXT, 0), 0), "state"), "pending");
}

static void test_escapes(void **state) {
  (void)state;
  open_fault("escapes");
  assert_true(has(status(SAMPLE, 0), "\\\"http:\\/\\/127.0.0.1:8080\\/r2\\/"));
}

static const char *state_at(const char *id, int64_t at) {
  struct answer *a = status(id, at);
  const char *now = text_of(a, "state");
  if (strcmp(now, "success") != 0)
    assert_body(a, say("{\"code\":200,\"message\":\"success\",\"data\":{"
                       "\"taskId\":\"%s\",\"state\":\"%s\",\"createTime\":%lld"
                       "}}",
                       id, now, (long long)T0));
  return now;
}

static void test_no_way_on(void **state) {
  const char *id;
  (void)state;
  open_fault("stuck");
  id = task(TEXT, 0);
  assert_string_equal(state_at(id, 0), "pending");
  assert_string_equal(state_at(id, 900000), "processing");
  open_fault("regress");
  id = task(TEXT, 0);
  assert_string_equal(state_at(id, 20000), "processing");
  assert_string_equal(state_at(id, 21000), "pending");
  assert_string_equal(state_at(id, 22000), "processing");
  id = task(TEXT, 0);
  assert_string_equal(text_of(status(id, 90000), "state"), "success");
  assert_string_equal(text_of(status(id, 90000), "state"), "processing");
  assert_string_equal(text_of(status(id, 90000), "state"), "success");
  open_fault("not_found/fetch@1-2");
  id = task(TEXT, 0);
  assert_int_equal(status(id, 0)->reply.status, 404);
  assert_int_equal(status(id, 0)->reply.status, 404);
  assert_int_equal(status(id, 0)->reply.status, 200);
}

/* Scenarios: by the whole path, and by words. */
static void test_scenario(void **state) {
  static const struct mj_sim_step steps[] = {
      {.route = GENERATE, .first = 2, .last = 2, .fault = "code_in_200"},
      {.route = "/api/v1/statusTask/*",
       .first = 3,
       .last = 3,
       .fault = "result_null"},
      {.route = GENERATE, .first = 3, .last = 3, .after = 1, .drop = 1},
      {.task = "dog", .fail = "no dogs today"},
      {.task = "cat", .seconds = 7}};
  struct mj_sim_config cfg;
  struct answer *a;
  const char *id;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.scenario = steps;
  cfg.nscenario = sizeof steps / sizeof steps[0];
  open_with(&cfg);
  id = task(TEXT, 0);
  assert_body(post(BODY, 0), LIMIT);
  assert_int_equal(post(BODY, 0)->reply.drop, 1);
  assert_int_equal(stats().tasks, 2);
  assert_string_equal(text_of(status(id, 6999), "state"), "processing");
  a = status(id, 7000);
  assert_int_equal(number_of(a, "costTime"), 7000);
  assert_true(has(status(id, 7000), "\"resultJson\":null,"));
  id = task("\"mode\":\"text-to-image\",\"prompt\":\"a dog\"", 8000);
  a = status(id, 60000);
  assert_string_equal(text_of(a, "failCode"), "GENERATION_FAILED");
  assert_string_equal(text_of(a, "failMsg"), "no dogs today");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  static const struct CMUnitTest tests[] = {
      TEST(test_submissions),
      TEST(test_what_stands_in_front),
      TEST(test_forms),
      TEST(test_meaningless),
      TEST(test_meaningless_elsewhere),
      TEST(test_results),
      TEST(test_escapes),
      TEST(test_no_way_on),
      TEST(test_scenario),
  };
  return cmocka_run_group_tests_name("sim_generate_fault", tests, NULL, NULL);
}
