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

/* Faults of submissions: what is answered, and whether there is a task all the
   same. */
static const struct {
  const char *name;
  int status;
  const char *answer; /* how it begins */
  unsigned tasks;
} submits[] = {
    {"html404", 404, "<html>\r\n<head><title>404 Not Found</title>", 0},
    {"html413", 413, "<html>\r\n<head><title>413 Request Entity Too Large<", 0},
    {"html502", 502, "<html>\r\n<head><title>502 Bad Gateway</title>", 0},
    {"html504", 504, "<html>\r\n<head><title>504 Gateway Time-out</title>", 1},
    {"text504", 504, "An error occurred with your deployment\n\nFUNCTION_", 1},
    {"empty", 200, "", 1},
    {"empty401", 401, "", 0},
    {"drop", 0, "", 1},
    {"drop_before", 0, "", 0},
    {"code5", 400,
     "{\"description\":\"do_request_failed \",\"type\":"
     "\"upstream_error\",\"code\":5}",
     0},
    {"code5_after_create", 400,
     "{\"description\":\"unmarshal_response_body_failed \",\"type\":"
     "\"upstream_error\",\"code\":5}",
     1},
    {"http429", 429, "{\"error\":{\"message\":\"当前分组上游负载已饱和", 0},
    {"http429_bare", 429, "{\"error\":{\"message\":\"当前分组上游负载已饱和",
     0},
    {"code30", 429, "{\"description\":\"当前分组负载已饱和", 0},
    {"no_instance", 200,
     "{\"code\":3,\"description\":\"无可用的账号实例\",\"result\":null", 0},
    {"queue_full", 200, "{\"code\":23,", 0},
    {"too_many", 200,
     "{\"success\":false,\"code\":-1,\"message\":\"并发数已达上限\","
     "\"timestamp\":\"638771283780380000\"}",
     0},
    {"banned", 200,
     "{\"code\":24,\"description\":\"可能包含敏感词\",\"result\":null,"
     "\"properties\":{\"promptEn\":\"dog\",\"bannedWord\":\"blood\"}}",
     0},
    {"unauthorized", 401, "{\"error\":{\"message\":\"无效的令牌", 0},
    {"http401_json", 401,
     "{\"error\":{\"message\":\"Invalid signature\",\"type\":\"401\"}}", 0},
    {"http403_json", 403, "{\"error\":{\"message\":\"用户额度不足", 0},
    {"http500", 500, "{\"error\":{\"message\":\"Internal Server Error", 0},
    {"http503_model", 503, "{\"error\":{\"message\":\"分组 default 下模型", 0},
    {"not_found", 400, "{\"description\":\"task_no_found \"", 0},
    {"expired", 403, "This content is no longer available.", 0},
    {"number_result", 200,
     "{\"code\":1,\"description\":\"提交成功\",\"result\":1741531578038", 1},
    {"result_list", 200,
     "{\"code\":1,\"description\":\"提交成功\",\"result\":[\"1741531578038", 1},
    {"result_null", 200,
     "{\"code\":1,\"description\":\"提交成功\",\"result\":null,\"properties",
     1},
    {"existed", 200,
     "{\"code\":21,\"description\":\"任务已存在\",\"result\":\"1741531578038",
     1},
    {"rewrite21", 200, "{\"code\":1,\"description\":\"提交成功\"", 1},
    {"no_code", 200, "{\"description\":\"提交成功\",\"result\":\"17415315", 1},
    {"code0", 200, "{\"code\":0,\"description\":\"提交成功\"", 1},
    {"byte_order_mark", 200, "\xEF\xBB\xBF{\"code\":1,\"description\"", 1},
    {"text_plain", 200, "{\"code\":1,", 1},
    {"chunked", 200, "{\"code\":1,", 1},
    {"slow", 200, "{\"code\":1,", 1},
    {"silent", 200, "{\"code\":1,", 1},
    {"truncated", 200, "{\"code\":1,\"desc", 1}};

static void test_each(void **state) {
  (void)state;
  for (size_t k = 0; k < sizeof submits / sizeof submits[0]; k++) {
    mj_sim *s = with_fault(say("%s@2", submits[k].name));
    imagine(s, "cat", 0);
    struct answer *a =
        ask(s, "POST", "/mj/submit/imagine", "{\"prompt\":\"dog\"}", 0);
    assert_int_equal(a->reply.status, submits[k].status);
    assert_int_equal(a->reply.drop, !strncmp(submits[k].name, "drop", 4));
    if (strncmp(a->body, submits[k].answer, strlen(submits[k].answer)) != 0)
      fail_msg("%s: %s", submits[k].name, a->body);
    if (!*submits[k].answer)
      assert_int_equal(a->reply.len, 0);
    assert_int_equal(tasks(s), 1 + submits[k].tasks);
    imagine(s, "again", 0);
    mj_sim_free(s);
  }
}

/* Faults of what is asked about a task, with a task that is done after 90 s (or
   has failed); `at` says when. */
static const struct {
  const char *name, *prompt, *has, *has_not;
  int64_t at;
} fetches[] = {
    {"empty204", "cat", "", "{", 90000},
    {"numeric_ids", "cat", "\"finalPrompt\":\"cat", NULL, 90000},
    {"null_buttons", "cat", "\"buttons\":null", "customId\":\"MJ", 90000},
    {"stuck", "cat",
     "\"status\":\"IN_PROGRESS\",\"progress\":\"93%\",\"failReason\":\"\","
     "\"buttons\":null",
     "SUCCESS", 90000},
    {"stuck", "cat sim:fail", "\"finishTime\":0,", "Internal Server", 90000},
    {"stuck", "cat", "\"status\":\"SUBMITTED\",\"progress\":\"0%\"", NULL,
     1800},
    {"progress_words", "cat", "\"progress\":\"done\"", NULL, 90000},
    {"progress_words", "cat", "\"progress\":\"fast\"", NULL, 20000},
    {"progress_words", "cat", "\"progress\":\"Waiting to start\"", NULL, 1800},
    {"progress_words", "cat sim:fail", "\"progress\":\"Stopped\"", NULL, 90000},
    {"progress_empty", "cat sim:fail", "\"progress\":\"\"", NULL, 90000},
    {"progress_empty", "cat", "\"progress\":\"100%\"", NULL, 90000},
    {"image_urls_text", "cat",
     "/mj/image/17415315780380\",\"imageUrls\":[\"" BASE_URL "/mj/image/", NULL,
     90000},
    {"image_urls_text", "cat", "\"status\":\"IN_PROGRESS\"", "imageUrls",
     20000},
    {"success_without_picture", "cat",
     "\"imageUrl\":\"\",\"videoUrl\":\"\",\"videoUrls\":null,\"status\":"
     "\"SUCCESS\"",
     NULL, 90000},
    {"success_without_picture", "cat", BASE_URL "/mj/image/", NULL, 20000},
    {"escapes", "cat & <dog>", "cat \\u0026 \\u003cdog\\u003e", "&", 90000}};

static void test_tasks(void **state) {
  (void)state;
  for (size_t k = 0; k < sizeof fetches / sizeof fetches[0]; k++) {
    struct mj_sim_config cfg;
    memset(&cfg, 0, sizeof cfg);
    cfg.fault = fetches[k].name; /* the kind is its own */
    cfg.sync = -1;
    mj_sim *s = sim_open("new-api", &cfg);
    const char *id = imagine(s, fetches[k].prompt, 0);
    struct answer *a = fetch(s, id, fetches[k].at);
    const char *has = fetches[k].has;
    if (!strncmp(has, "/mj/image/1741531578038", 23))
      has = say("/mj/image/%s%s", id, strchr(has, '"'));
    if (!strstr(a->body, has) ||
        (fetches[k].has_not && strstr(a->body, fetches[k].has_not)))
      fail_msg("%s: %s", fetches[k].name, a->body);
    assert_int_equal(a->reply.len, strlen(a->body));
    mj_sim_free(s);
  }
}

/* Those that show on a gateway of the old kind only. */
static void test_old_tasks(void **state) {
  struct mj_sim_config cfg;
  struct answer *a;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.fault = "numeric_ids+numeric_ids/list+progress_100_failure";
  mj_sim *s = sim_open("novicezk", &cfg);
  const char *id = imagine(s, "cat sim:fail", 0);
  a = fetch(s, id, 90000);
  assert_true(has(a, "\"status\":\"FAILURE\""));
  assert_true(has(a, "\"progress\":\"100%\""));
  assert_true(has(a, "\"discordInstanceId\":1118138338562560102,"));
  assert_null(text_of(a, "nonce"));
  assert_true(has(a, "\"nonce\":1"));
  assert_true(has(a, "\"id\":\"1741531578038")); /* a task's own is a string */
  a = ask(s, "GET", "/mj/task/list", NULL, 90000);
  assert_true(has(a, "},{\"id\":\"14001934816969359\""));
  assert_null(text_of(a, "messageId"));
  mj_sim_free(s);
}

/* Seen at work, seen a step back, and then no more. */
static void test_regress(void **state) {
  struct mj_sim_config cfg;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.fault = "regress";
  cfg.sync = -1;
  mj_sim *s = sim_open("new-api", &cfg);
  const char *id = imagine(s, "cat", 0), *other = imagine(s, "dog", 0);
  assert_string_equal(text_of(fetch(s, id, 1800), "status"), "SUBMITTED");
  assert_string_equal(text_of(fetch(s, id, 20000), "status"), "IN_PROGRESS");
  assert_string_equal(text_of(fetch(s, other, 20000), "status"), "IN_PROGRESS");
  assert_true(
      has(fetch(s, id, 21000), "\"status\":\"SUBMITTED\",\"progress\":\"0%\""));
  assert_string_equal(text_of(fetch(s, id, 22000), "status"), "IN_PROGRESS");
  assert_true(has(fetch(s, other, 90000),
                  "\"status\":\"IN_PROGRESS\",\"progress\":\"46%\""));
  assert_string_equal(text_of(fetch(s, other, 90000), "status"), "SUCCESS");
  mj_sim_free(s);
}

static void test_rewrite21(void **state) {
  struct mj_sim_config cfg;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.sync = -1;
  for (int on = 0; on < 2; on++) {
    cfg.fault = on ? "rewrite21" : NULL;
    mj_sim *s = sim_open("new-api", &cfg);
    const char *id = "14001934816969359";
    const char *zoom = strstr(fetch(s, id, 0)->body, "MJ::JOB::upsample::1");
    zoom = say("%.*s", (int)strcspn(zoom, "\""), zoom);
    const char *up =
        submit(s, "/mj/submit/action",
               say("{\"taskId\":\"%s\",\"customId\":\"%s\"}", id, zoom), 0);
    zoom = strstr(fetch(s, up, 90000)->body, "MJ::CustomZoom");
    zoom = say("%.*s", (int)strcspn(zoom, "\""), zoom);
    struct answer *a =
        ask(s, "POST", "/mj/submit/action",
            say("{\"taskId\":\"%s\",\"customId\":\"%s\"}", up, zoom), 90000);
    assert_memory_equal(a->body, on ? "{\"code\":1," : "{\"code\":21,", 10);
    assert_string_equal(
        text_of(fetch(s, text_of(a, "result"), 90000), "status"), "MODAL");
    mj_sim_free(s);
  }
}

static void test_ways_of_answering(void **state) {
  struct mj_sim_config cfg;
  static const char body[] = "{\"prompt\":\"dog\"}";
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.clock = 10;
  cfg.fault = "slow@1+silent@2+chunked@3+text_plain@4";
  mj_sim *s = sim_open("novicezk", &cfg);
  assert_int_equal(
      ask(s, "POST", "/mj/submit/imagine", body, 0)->reply.delay_ms, 500);
  assert_int_equal(
      ask(s, "POST", "/mj/submit/imagine", body, 0)->reply.delay_ms, 600000);
  assert_true(ask(s, "POST", "/mj/submit/imagine", body, 0)->reply.chunked);
  assert_string_equal(
      ask(s, "POST", "/mj/submit/imagine", body, 0)->reply.content_type,
      "text/plain; charset=utf-8");
  struct answer *a = ask(s, "POST", "/mj/submit/imagine", body, 0);
  assert_int_equal(a->reply.delay_ms, 0);
  assert_false(a->reply.chunked);
  assert_string_equal(a->reply.content_type, "application/json");
  mj_sim_free(s);
}

static void test_expired_links(void **state) {
  mj_sim *s = with_fault("expired_link@1-2+html404/image@3");
  struct answer *a = ask(s, "GET", "/mj/image/14001934816969359", NULL, 0);
  (void)state;
  assert_int_equal(a->reply.status, 403);
  assert_body(a, "{\"error\":\"This content is no longer available.\"}");
  a = ask(s, "HEAD", "/mj/image/14001934816969359", NULL, 0);
  assert_int_equal(a->reply.status, 403);
  a = ask(s, "GET", "/mj/image/14001934816969359", NULL, 0);
  assert_string_equal(a->reply.content_type, "text/html");
  mj_sim_free(s);
}

static void test_other_gateways(void **state) {
  struct mj_sim_config cfg;
  static const char body[] = "{\"prompt\":\"dog\"}";
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.fault = "http500@1+unauthorized@2";
  mj_sim *s = sim_open("novicezk", &cfg);
  struct answer *a = ask(s, "POST", "/mj/submit/imagine", body, 0);
  assert_int_equal(a->reply.status, 500);
  assert_true(has(a, "\"error\":\"Internal Server Error\",\"path\":\"/mj/sub"));
  a = ask(s, "POST", "/mj/submit/imagine", body, 0);
  assert_int_equal(a->reply.status, 401);
  assert_int_equal(a->reply.len, 0);
  mj_sim_free(s);
  cfg.fault = "http500@1+too_many@2";
  s = sim_open("trueai", &cfg);
  a = ask(s, "POST", "/mj/submit/imagine", body, 0);
  assert_int_equal(a->reply.status, 500);
  assert_body(a, "{\"success\":false,\"code\":-1,\"message\":\"操作失败\","
                 "\"timestamp\":\"638771283780380000\"}");
  a = ask(s, "POST", "/mj/submit/imagine", body, 0);
  assert_int_equal(a->reply.status, 200);
  assert_true(has(a, "\"message\":\"并发数已达上限\""));
  mj_sim_free(s);
}

/* trueai's tasks have addresses in several places. */
static void test_trueai_tasks(void **state) {
  struct mj_sim_config cfg;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.fault = "image_urls_text@1+success_without_picture@2+stuck@3+escapes@4";
  mj_sim *s = sim_open("trueai", &cfg);
  const char *id = imagine(s, "cat", 0);
  struct answer *a = fetch(s, id, 90000);
  assert_true(has(a, "\"imageUrls\":[\"" BASE_URL "/cell/"));
  assert_true(has(a, "/0_3.png\"],"));
  assert_false(has(a, "{\"url\":"));
  a = fetch(s, id, 90000);
  assert_true(has(a, "\"status\":\"SUCCESS\""));
  assert_true(has(a, "\"imageUrl\":null"));
  assert_false(has(a, BASE_URL));
  a = fetch(s, id, 90000);
  assert_true(has(a, "\"status\":\"IN_PROGRESS\""));
  assert_true(has(a, "\"progress\":\"93%\""));
  assert_true(has(a, "\"finishTime\":null"));
  assert_true(has(a, "\"isCompleted\":false"));
  assert_false(has(a, "MJ::JOB"));
  a = fetch(s, id, 90000);
  assert_false(has(a, "&"));
  assert_true(has(a, "\\u0026is="));
  a = fetch(s, id, 90000);
  assert_true(has(a, "\"imageUrls\":[{\"url\":"));
  assert_true(has(a, "&is="));
  mj_sim_free(s);
}

/* None is left out above. */
static void test_all_are_tested(void **state) {
  static const char *const others[] = {
      "progress_100_failure", "regress", "expired_link",
      /* sim_generate_fault */
      "code_in_200", "error_member", "result_object", "result_empty"};
  (void)state;
  for (int i = 0; mj_sim_faults(i); i++) {
    int found = !strncmp(mj_sim_faults(i), "webhook_", 8); /* sim_notify */
    for (size_t k = 0; k < sizeof submits / sizeof submits[0]; k++)
      found |= !strcmp(submits[k].name, mj_sim_faults(i));
    for (size_t k = 0; k < sizeof fetches / sizeof fetches[0]; k++)
      found |= !strcmp(fetches[k].name, mj_sim_faults(i));
    for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
      found |= !strcmp(others[k], mj_sim_faults(i));
    if (!found)
      fail_msg("fault %s is not tested", mj_sim_faults(i));
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
  mj_sim *s =
      with_fault("not_found/fetch@1-3+html502@2+expired/image+html504/list@2");
  const char *id = imagine(s, "cat", 0);
  (void)state;
  for (int i = 0; i < 5; i++)
    assert_int_equal(fetch(s, id, 0)->reply.status, i < 3 ? 400 : 200);
  assert_int_equal(ask(s, "POST", "/mj/submit/imagine", "{}", 0)->reply.status,
                   502);
  assert_int_equal(ask(s, "POST", "/mj/submit/imagine", "{}", 0)->reply.status,
                   400);
  assert_int_equal(ask(s, "GET", "/mj/image/1", NULL, 0)->reply.status, 403);
  for (int i = 1; i < 4; i++)
    assert_int_equal(
        ask(s, "POST", "/mj/task/list-by-condition", "{}", 0)->reply.status,
        i == 2 ? 504 : 200);
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
      cmocka_unit_test(test_tasks),
      cmocka_unit_test(test_old_tasks),
      cmocka_unit_test(test_regress),
      cmocka_unit_test(test_rewrite21),
      cmocka_unit_test(test_ways_of_answering),
      cmocka_unit_test(test_expired_links),
      cmocka_unit_test(test_other_gateways),
      cmocka_unit_test(test_trueai_tasks),
      cmocka_unit_test(test_all_are_tested),
      cmocka_unit_test(test_number_result_is_the_task),
      cmocka_unit_test(test_retry_after),
      cmocka_unit_test(test_kinds_and_ranges),
      cmocka_unit_test(test_share_is_decided_by_the_seed),
  };
  return cmocka_run_group_tests_name("sim_fault", tests, NULL, NULL);
}
