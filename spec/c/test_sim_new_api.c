/* SPDX-License-Identifier: MIT
   test_sim_new_api.c - the simulator's profile "new-api", route by route. */
#include "test_sim.h"

#define U2 "MJ::JOB::upsample::2::3dbbd469-36af-4a0f-8f02-df6c579e7011"
#define PANIC(n, len)                                                          \
  "{\"error\":{\"message\":\"Panic detected, error: runtime error: index out " \
  "of range [" n "] with length " len "\",\"type\":\"new_api_panic\"}}"
#define MJ_REFUSED(what)                                                       \
  "{\"description\":\"" what " \",\"type\":\"upstream_error\",\"code\":4}"

SIM_OF("new-api")

static void no_sync(void) {
  struct mj_sim_config cfg;
  memset(&cfg, 0, sizeof cfg);
  cfg.sync = -1;
  mj_sim_free(s);
  s = sim_open("new-api", &cfg);
}

static void test_imagine(void **state) {
  struct answer *a = ask(s, "POST", "/mj/submit/imagine",
                         "{\"prompt\":\"cat\",\"base64Array\":[]}", 0);
  const char *id = text_of(a, "result");
  (void)state;
  assert_int_equal(a->reply.status, 200);
  /* new-api passes the answer on without its content type */
  assert_string_equal(a->reply.content_type, "text/plain; charset=utf-8");
  assert_int_equal(strlen(id), 16);
  assert_memory_equal(id, "1741531578038", 13);
  assert_body(a,
              say("{\"code\":1,\"description\":\"提交成功\",\"result\":\"%s\","
                  "\"properties\":{\"discordInstanceId\":"
                  "\"1118138338562560102\"}}",
                  id));
}

static void test_row_before_sync(void **state) {
  const char *id = imagine(s, "cat", 0);
  struct answer *a = fetch(s, id, 14999);
  (void)state;
  assert_string_equal(a->reply.content_type, "application/json");
  assert_body(
      a, say("{\"id\":\"%s\",\"action\":\"IMAGINE\",\"customId\":\"\","
             "\"botType\":\"\",\"prompt\":\"cat\",\"promptEn\":\"\","
             "\"description\":\"提交成功\",\"state\":\"\",\"submitTime\":"
             "1741531578038,\"startTime\":0,\"finishTime\":0,\"imageUrl\":\"\","
             "\"videoUrl\":\"\",\"videoUrls\":null,\"status\":\"\","
             "\"progress\":\"0%%\",\"failReason\":\"\",\"buttons\":null,"
             "\"maskBase64\":\"\",\"properties\":null}",
             id));
}

static void test_rows_follow_every_15_s(void **state) {
  const char *id = imagine(s, "cat", 0);
  (void)state;
  assert_string_equal(text_of(fetch(s, id, 15000), "status"), "IN_PROGRESS");
  const char *then = text_of(fetch(s, id, 15000), "progress");
  assert_string_equal(text_of(fetch(s, id, 29999), "progress"), then);
  assert_string_not_equal(text_of(fetch(s, id, 30000), "progress"), then);
  assert_true(has(fetch(s, id, 16000), "?rand="));
  struct answer *a = fetch(s, id, 75000);
  assert_string_equal(text_of(a, "status"), "SUCCESS");
  assert_string_equal(text_of(a, "imageUrl"), say(BASE_URL "/mj/image/%s", id));
  assert_true(has(a, "\"properties\":{\"finalPrompt\":\"cat --v 6.1\","
                     "\"finalZhPrompt\":\"\"}}"));
}

static void test_nine_buttons(void **state) {
  const char *id = imagine(s, "cat", 0), *p;
  struct answer *a = fetch(s, id, 75000);
  int n = 0;
  (void)state;
  for (p = a->body; (p = strstr(p, "\"customId\":\"MJ::")); p++)
    n++;
  assert_int_equal(n, 9);
  assert_true(
      has(a, "\"emoji\":\"\",\"label\":\"U1\",\"type\":2,\"style\":2}"));
  assert_true(has(a, "::SOLO\",\"emoji\":\"🔄\",\"label\":\"\""));
}

/* The page's own sample, byte for byte: 2266 bytes, this checksum. */
static void test_sample(void **state) {
  struct answer *a = fetch(s, "1320098173412546", 0);
  (void)state;
  assert_int_equal(a->reply.len, 2266);
  assert_true(checksum(a->body, a->reply.len) == 0x26ae468d8f0e3d27u);
  assert_true(has(a, "\"discordChannelId\": 8774786694361674000,\n"));
  assert_true(has(a, "https://img.innk.cc/attachments/1320066655572987907/"));
  assert_true(has(a, "\\u003chttps://s.mj.run/ktqQpnwPoPk\\u003e"));
}

static void test_buttons_of_the_guides(void **state) {
  const char *id =
      submit(s, "/mj/submit/action",
             "{\"customId\":\"" U2 "\",\"taskId\":\"14001934816969359\"}", 0);
  (void)state;
  assert_string_equal(text_of(fetch(s, id, 15000), "action"), "UPSCALE");
  assert_string_equal(text_of(fetch(s, id, 15000), "status"), "SUCCESS");
  assert_string_equal(text_of(fetch(s, id, 15000), "prompt"), "black cat");
  id = submit(s, "/fast/mj/submit/action",
              "{\"taskId\":\"1320098173412546\",\"customId\":"
              "\"MJ::JOB::upsample::1::example\"}",
              0);
  assert_string_equal(text_of(fetch(s, id, 30000), "status"), "SUCCESS");
  /* no other task takes it */
  assert_true(has(ask(s, "POST", "/mj/submit/action",
                      "{\"taskId\":\"14001934816969359\",\"customId\":"
                      "\"MJ::JOB::upsample::1::example\"}",
                      0),
                  "{\"code\":4,"));
}

static void test_prefixes(void **state) {
  static const char *const prefixes[] = {"",          "/mj-fast", "/mj-relax",
                                         "/mj-turbo", "/fast",    "/relax",
                                         "/turbo",    "/anything"};
  (void)state;
  for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
    const char *id = submit(s, say("%s/mj/submit/imagine", prefixes[i]),
                            "{\"prompt\":\"cat\"}", 0);
    struct answer *a = ask(
        s, "GET", say("%s/mj/task/%s/fetch?x=1", prefixes[7 - i], id), NULL, 0);
    assert_string_equal(text_of(a, "id"), id);
  }
}

/* The gateways' pages write `curl --request post`. */
static void test_method_in_lower_case(void **state) {
  (void)state;
  assert_true(has(ask(s, "post", "/fast/mj/submit/imagine",
                      "{\"base64Array\":[],\"prompt\":\"black cat\"}", 0),
                  "{\"code\":1,"));
}

static void test_keys(void **state) {
  struct mj_sim_config cfg;
  static const struct {
    const char *authorization, *secret;
    int status;
  } cases[] = {{"Bearer sk-one", NULL, 200},
               {"bearer one", NULL, 200},
               {"sk-one", NULL, 200},
               {NULL, "sk-one", 200},
               {"midjourney-proxy", "one", 200},
               {"Bearer ", "sk-one", 200},
               {NULL, NULL, 401},
               {"Bearer sk-two", "sk-one", 401},
               {"Bearer", NULL, 401},
               {"", "", 401}};
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.api_key = "sk-one";
  mj_sim_free(s);
  s = sim_open("new-api", &cfg);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct answer *a = ask_as(s, "GET", "/mj/task/1320098173412546/fetch", NULL,
                              0, cases[i].authorization, cases[i].secret, NULL);
    assert_int_equal(a->reply.status, cases[i].status);
    if (cases[i].status == 401) {
      const char *start = "{\"error\":{\"message\":\"无效的令牌 (request id: "
                          "20250309144618038000000";
      assert_memory_equal(a->body, start, strlen(start));
      assert_true(has(a, ")\",\"type\":\"new_api_error\",\"param\":\"\","
                         "\"code\":\"\"}}"));
    }
  }
  /* pictures ask for none; neither does a route that is not there */
  assert_int_equal(ask(s, "GET", "/mj/image/1", NULL, 0)->reply.status, 400);
  assert_int_equal(ask(s, "GET", "/mj/nothing", NULL, 0)->reply.status, 404);
}

static void test_refusals(void **state) {
  static const struct case_of cases[] = {
      {"GET", "/mj/task/1/fetch", NULL, 400, MJ_REFUSED("task_no_found")},
      {"GET", "/mj/task/1/image-seed", NULL, 400, MJ_REFUSED("task_no_found")},
      {"POST", "/mj/submit/imagine", "{\"prompt\":\"\"}", 400,
       MJ_REFUSED("prompt_is_required")},
      {"POST", "/mj/submit/imagine", "{}", 400,
       MJ_REFUSED("prompt_is_required")},
      {"POST", "/mj/submit/imagine", "{\"prompt\":7}", 400,
       MJ_REFUSED("bind_request_body_failed")},
      {"POST", "/mj/submit/imagine", "{\"prompt\":", 400,
       MJ_REFUSED("bind_request_body_failed")},
      {"POST", "/mj/submit/imagine", "[]", 400,
       MJ_REFUSED("bind_request_body_failed")},
      {"POST", "/mj/submit/imagine", "{\"prompt\":\"  \"}", 200,
       "{\"code\":4,\"description\":\"prompt不能为空\",\"result\":null,"
       "\"properties\":{}}"},
      {"POST", "/mj/submit/imagine", "{\"prompt\":\"Nude body\"}", 200,
       "{\"code\":24,\"description\":\"可能包含敏感词\",\"result\":null,"
       "\"properties\":{\"promptEn\":\"Nude body\",\"bannedWord\":\"nude\"}}"},
      {"POST", "/mj/submit/action", "{\"taskId\":\"1\"}", 400,
       MJ_REFUSED("custom_id_is_required")},
      {"POST", "/mj/submit/action", "{\"taskId\":1,\"customId\":\"" U2 "\"}",
       400, MJ_REFUSED("bind_request_body_failed")},
      {"POST", "/mj/submit/action",
       "{\"taskId\":\"1\",\"customId\":\"" U2 "\"}", 400,
       MJ_REFUSED("task_not_found")},
      {"POST", "/mj/submit/action",
       "{\"taskId\":\"1\",\"customId\":\"MJ::BOOKMARK::x\"}", 400,
       MJ_REFUSED("unknown_action:MJ::BOOKMARK::x")},
      {"POST", "/mj/submit/action",
       "{\"taskId\":\"1\",\"customId\":\"MJ::JOB::\"}", 400,
       MJ_REFUSED("unknown_action")},
      {"POST", "/mj/submit/action",
       "{\"taskId\":\"1\",\"customId\":\"MJ::JOB::upsample::x::y\"}", 400,
       MJ_REFUSED("index_parse_failed")},
      {"POST", "/mj/submit/action", "{\"taskId\":\"1\",\"customId\":\"U2\"}",
       500, PANIC("1", "1")},
      {"POST", "/mj/submit/action",
       "{\"taskId\":\"1\",\"customId\":\"MJ::JOB\"}", 500, PANIC("2", "2")},
      {"POST", "/mj/submit/action",
       "{\"taskId\":\"1\",\"customId\":\"MJ::JOB::upsample\"}", 500,
       PANIC("3", "3")},
      {"POST", "/mj/submit/change", "{\"taskId\":\"1\"}", 400,
       MJ_REFUSED("action_is_required")},
      {"POST", "/mj/submit/change", "{\"taskId\":\"1\",\"action\":\"REROLL\"}",
       400, MJ_REFUSED("index_is_required")},
      {"POST", "/mj/submit/modal", "{\"taskId\":\"1\"}", 400,
       MJ_REFUSED("task_not_found")},
      {"POST", "/mj/task/list-by-condition", "{\"ids\":[1]}", 400,
       MJ_REFUSED("do_request_failed")},
      {"GET", "/mj/image/1", NULL, 400,
       "{\"error\":\"midjourney_task_not_found\"}"},
      {"POST", "/mj/foo", "{}", 404,
       "{\"error\":{\"message\":\"Invalid URL (POST /mj/foo)\",\"type\":"
       "\"invalid_request_error\",\"param\":\"\",\"code\":\"\"}}"},
      {"GET", "/mj/submit/imagine?a=b", NULL, 404,
       "{\"error\":{\"message\":\"Invalid URL (GET /mj/submit/imagine)\","
       "\"type\":\"invalid_request_error\",\"param\":\"\",\"code\":\"\"}}"},
      {"GET", "/mj/task/list", NULL, 404,
       "{\"error\":{\"message\":\"Invalid URL (GET /mj/task/list)\",\"type\":"
       "\"invalid_request_error\",\"param\":\"\",\"code\":\"\"}}"}};
  (void)state;
  check_cases(s, cases, sizeof cases / sizeof cases[0]);
  /* a body that is not called JSON is not read */
  assert_body(ask_as(s, "POST", "/mj/submit/imagine", "{\"prompt\":\"cat\"}", 0,
                     NULL, NULL, "application/x-www-form-urlencoded"),
              MJ_REFUSED("prompt_is_required"));
}

static void test_routes_without_a_channel(void **state) {
  struct answer *a = ask(s, "POST", "/mj/submit/simple-change",
                         "{\"content\":\"1320098173412546 U1\"}", 0);
  (void)state;
  assert_int_equal(a->reply.status, 503);
  assert_true(has(a, "模型 mj_ 无可用渠道"));
  assert_true(has(a, "\"code\":\"model_not_found\"}}"));
}

/* What an installation does not sell, its routes answer so; the others go on.
 */
static void test_missing_models(void **state) {
  struct mj_sim_config cfg;
  struct answer *a;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.missing = "describe+swap_face+inpaint";
  mj_sim_free(s);
  s = sim_open("new-api", &cfg);
  a = ask(s, "POST", "/mj/submit/describe", "{\"base64\":\"\"}", 0);
  assert_int_equal(a->reply.status, 503);
  assert_true(has(a, "模型 mj_describe 无可用渠道"));
  a = ask(s, "POST", "/mj/insight-face/swap", "{}", 0);
  assert_true(has(a, "模型 swap_face 无可用渠道"));
  a = ask(s, "POST", "/mj/submit/action",
          "{\"taskId\":\"1\",\"customId\":\"MJ::Inpaint::1::x::SOLO\"}", 0);
  assert_true(has(a, "模型 mj_inpaint 无可用渠道"));
  imagine(s, "cat", 0);
}

static void test_parent_must_have_ended(void **state) {
  const char *id = imagine(s, "cat", 0);
  const char *body = say("{\"taskId\":\"%s\",\"action\":\"UPSCALE\","
                         "\"index\":2}",
                         id);
  (void)state;
  assert_body(ask(s, "POST", "/mj/submit/change", body, 1000),
              MJ_REFUSED("task_status_not_success"));
  /* the task has ended by now, but new-api's row has not seen it */
  const char *finish = NULL;
  for (int64_t at = 60000; !finish; at += 1000)
    if (strcmp(text_of(fetch(s, id, at), "status"), "SUCCESS") == 0)
      finish = say("%lld", (long long)at);
  id = submit(s, "/mj/submit/change", body, strtoll(finish, NULL, 10));
  assert_int_equal(strlen(id), 16);
}

static void go(const char *parent, const char *start, const char *action,
               int64_t at, char *out) {
  snprintf(out, 32, "%s", text_of(press(s, parent, start, "", at), "result"));
  assert_string_equal(text_of(fetch(s, out, at), "action"), action);
}

static void test_chain_of_actions(void **state) {
  char grid[32], up[32], next[32];
  (void)state;
  no_sync();
  snprintf(grid, sizeof grid, "%s", imagine(s, "cat --ar 3:2", 0));
  go(grid, "MJ::JOB::variation::3", "VARIATION", 100000, next);
  go(next, "MJ::JOB::reroll::0", "REROLL", 200000, grid);
  go(grid, "MJ::JOB::upsample::2", "UPSCALE", 300000, up);
  struct answer *a = fetch(s, up, 308000);
  assert_string_equal(text_of(a, "status"), "SUCCESS");
  assert_true(has(a, "\"label\":\"Upscale (Subtle)\""));
  assert_true(has(a, "\"label\":\"Make Square\""));
  assert_true(has(a, "\"emoji\":\"⬅️\",\"label\":\"\""));
  go(up, "MJ::JOB::upsample_v6r1_2x_subtle", "UPSCALE", 400000, next);
  go(up, "MJ::JOB::low_variation", "LOW_VARIATION", 400000, next);
  go(up, "MJ::JOB::high_variation", "HIGH_VARIATION", 400000, next);
  go(up, "MJ::Outpaint::50", "ZOOM", 400000, next);
  go(up, "MJ::Outpaint::75", "ZOOM", 400000, next);
  go(up, "MJ::Outpaint::100", "ZOOM", 400000, next);
  go(up, "MJ::JOB::pan_left", "PAN", 400000, next);
  a = fetch(s, next, 500000);
  assert_string_equal(text_of(a, "status"), "SUCCESS");
  assert_true(has(a, "\"label\":\"V4\""));
  assert_false(has(fetch(s, imagine(s, "dog", 500000), 600000), "Make Square"));
}

static void test_modal(void **state) {
  char grid[32], up[32], modal[32];
  struct answer *a;
  (void)state;
  no_sync();
  snprintf(grid, sizeof grid, "%s", imagine(s, "cat", 0));
  go(grid, "MJ::JOB::upsample::1", "UPSCALE", 100000, up);
  a = fetch(s, up, 200000);
  const char *custom_id = strstr(a->body, "MJ::CustomZoom::");
  assert_non_null(custom_id);
  custom_id = say("%.*s", (int)strcspn(custom_id, "\""), custom_id);
  a = ask(s, "POST", "/mj/submit/action",
          say("{\"taskId\":\"%s\",\"customId\":\"%s\"}", up, custom_id),
          200000);
  snprintf(modal, sizeof modal, "%s", text_of(a, "result"));
  assert_body(a, say("{\"code\":21,\"description\":\"Waiting for window "
                     "confirm\",\"result\":\"%s\",\"properties\":{"
                     "\"finalPrompt\":\"cat --v 6.1 --zoom 2\",\"remix\":true}"
                     "}",
                     modal));
  a = fetch(s, modal, 900000);
  assert_string_equal(text_of(a, "status"), "MODAL");
  assert_string_equal(text_of(a, "progress"), "");
  assert_string_equal(text_of(a, "finalPrompt"), "cat --v 6.1 --zoom 2");
  a = ask(s, "POST", "/mj/submit/modal",
          say("{\"taskId\":\"%s\",\"prompt\":\"cat --zoom 1.5\"}", modal),
          900000);
  assert_string_equal(text_of(a, "result"), modal);
  assert_true(has(a, "{\"code\":1,"));
  assert_string_equal(text_of(fetch(s, modal, 915000), "status"),
                      "IN_PROGRESS");
  assert_string_equal(text_of(fetch(s, modal, 990000), "status"), "SUCCESS");
  assert_true(has(ask(s, "POST", "/mj/submit/modal",
                      say("{\"taskId\":\"%s\"}", modal), 990000),
                  "关联任务状态错误"));
}

/* new-api rewrites 21 to 1 for remix, so that only a fetch shows the MODAL. */
static void test_remix_is_hidden(void **state) {
  struct answer *a;
  char id[32];
  (void)state;
  no_sync();
  a = ask(s, "POST", "/mj/submit/action",
          "{\"taskId\":\"14001934816969359\",\"enableRemix\":true,"
          "\"customId\":\"MJ::JOB::variation::1::"
          "3dbbd469-36af-4a0f-8f02-df6c579e7011\"}",
          0);
  assert_true(has(a, "{\"code\":1,\"description\":\"Waiting for window"));
  snprintf(id, sizeof id, "%s", text_of(a, "result"));
  assert_string_equal(text_of(fetch(s, id, 10), "status"), "MODAL");
}

static void test_queue_is_hidden_but_not_its_end(void **state) {
  struct mj_sim_config cfg;
  struct answer *a;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.running = 1;
  cfg.waiting = 2;
  mj_sim_free(s);
  s = sim_open("new-api", &cfg);
  imagine(s, "a", 0);
  imagine(s, "b", 0);
  a = ask(s, "POST", "/mj/submit/imagine", "{\"prompt\":\"c\"}", 0);
  const char *id = text_of(a, "result");
  assert_body(a, say("{\"code\":1,\"description\":\"排队中，前面还有1个任务\","
                     "\"result\":\"%s\",\"properties\":{\"numberOfQueues\":1,"
                     "\"discordInstanceId\":\"1118138338562560102\"}}",
                     id));
  a = ask(s, "POST", "/mj/submit/imagine", "{\"prompt\":\"d\"}", 0);
  assert_body(a, "{\"code\":23,\"description\":\"队列已满，请稍后尝试\","
                 "\"result\":null,\"properties\":{\"discordInstanceId\":"
                 "\"1118138338562560102\"}}");
}

static void test_list_and_seed(void **state) {
  const char *id = imagine(s, "cat", 0);
  struct answer *a = ask(
      s, "POST", "/mj/task/list-by-condition",
      say("{\"ids\":[\"14001934816969359\",\"nope\",\"%s\",\"%s\"]}", id, id),
      0);
  const char *first = strstr(a->body, "14001934816969359");
  (void)state;
  assert_memory_equal(a->body, "[{\"id\":\"14001934816969359\"", 26);
  assert_non_null(strstr(first, say("},{\"id\":\"%s\"", id)));
  assert_null(strstr(strstr(a->body, id) + 16, id));
  assert_body(ask(s, "POST", "/mj/task/list-by-condition", "{}", 0), "[]");
  assert_body(ask(s, "POST", "/mj/task/list-by-condition", "{\"ids\":null}", 0),
              "[]");
  a = ask(s, "GET", "/mj/task/14001934816969359/image-seed", NULL, 0);
  /* written anew by new-api, whose struct has properties */
  assert_body(a, say("{\"code\":1,\"description\":\"成功\",\"properties\":null,"
                     "\"result\":\"%s\"}",
                     text_of(a, "result")));
}

/* Go's encoder escapes what HTML would take for itself. */
static void test_escapes(void **state) {
  const char *id = imagine(s, "a <b> & \\\"c\\\"", 0);
  (void)state;
  assert_true(has(fetch(s, id, 0), "\"prompt\":\"a \\u003cb\\u003e \\u0026 "
                                   "\\\"c\\\"\""));
}

static void test_failure(void **state) {
  const char *id = imagine(s, "cat --ar 0:0", 0);
  struct answer *a = fetch(s, id, 15000);
  (void)state;
  assert_string_equal(text_of(a, "status"), "FAILURE");
  assert_string_equal(text_of(a, "progress"), "100%");
  assert_string_equal(text_of(a, "failReason"),
                      "[Invalid parameter] Invalid value");
  assert_string_equal(text_of(a, "imageUrl"), "");
  assert_true(has(a, "\"buttons\":null"));
}

int main(void) {
  static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
      T(test_imagine),
      T(test_row_before_sync),
      T(test_rows_follow_every_15_s),
      T(test_nine_buttons),
      T(test_sample),
      T(test_buttons_of_the_guides),
      T(test_prefixes),
      T(test_method_in_lower_case),
      T(test_keys),
      T(test_refusals),
      T(test_routes_without_a_channel),
      T(test_missing_models),
      T(test_parent_must_have_ended),
      T(test_chain_of_actions),
      T(test_modal),
      T(test_remix_is_hidden),
      T(test_queue_is_hidden_but_not_its_end),
      T(test_list_and_seed),
      T(test_escapes),
      T(test_failure),
  };
  return cmocka_run_group_tests_name("sim_new_api", tests, NULL, NULL);
}
