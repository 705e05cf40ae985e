/* SPDX-License-Identifier: MIT
   test_sim_trueai.c - the simulator's profile "trueai", route by route. */
#include "test_sim.h"

#define OK                                                                     \
  "\"properties\":{\"discordInstanceId\":\"1118138338562560102\","             \
  "\"discordChannelId\":\"1118138338562560102\"}}"
#define ENVELOPE(text)                                                         \
  "{\"success\":false,\"code\":-1,\"message\":\"" text                         \
  "\",\"timestamp\":\"638771283780380000\"}"

SIM_OF("trueai")

static void reopen(const struct mj_sim_config *cfg) {
  mj_sim_free(s);
  s = sim_open("trueai", cfg);
}

static const char *pressed(const char *id, const char *start, int64_t at) {
  return say("%s", text_of(press(s, id, start, "", at), "result"));
}

/* TaskInfo.cs, all of it. */
static void test_imagine(void **state) {
  struct answer *a = ask(s, "POST", "/mj-relax/mj/submit/imagine",
                         "{\"prompt\":\"cat --v 7\",\"state\":\"mine\","
                         "\"accountFilter\":{\"instanceId\":\"7\",\"modes\":"
                         "[\"TURBO\"],\"remix\":true}}",
                         0);
  const char *id = text_of(a, "result"), *nonce, *partner;
  (void)state;
  assert_string_equal(a->reply.content_type, "application/json; charset=utf-8");
  assert_body(
      a, say("{\"code\":1,\"description\":\"提交成功\",\"result\":\"%s\"," OK,
             id));
  a = fetch(s, id, 0);
  nonce = text_of(a, "nonce");
  partner = text_of(a, "partnerTaskId");
  assert_body(
      a,
      say("{\"parentId\":null,\"botType\":\"MID_JOURNEY\",\"realBotType\":null,"
          "\"userId\":null,\"isWhite\":false,\"nonce\":\"%s\","
          "\"interactionMetadataId\":null,\"messageId\":null,"
          "\"remixModalMessageId\":null,\"remixAutoSubmit\":false,"
          "\"remixModaling\":false,\"instanceId\":\"1118138338562560102\","
          "\"subInstanceId\":null,\"messageIds\":[],\"action\":\"IMAGINE\","
          "\"status\":\"NOT_START\",\"prompt\":\"cat --v 7\",\"promptEn\":"
          "\"cat --v 7\",\"promptFull\":null,\"description\":"
          "\"/imagine cat --v 7\",\"state\":\"mine\",\"submitTime\":"
          "1741531578038,\"startTime\":null,\"finishTime\":null,\"imageUrl\":"
          "null,\"baseImageUrl\":null,\"imageUrls\":[],\"thumbnailUrl\":null,"
          "\"progress\":null,\"failReason\":null,\"isPartner\":true,"
          "\"isPartnerRelax\":true,\"partnerTaskId\":\"%s\","
          "\"partnerTaskInfo\":null,\"isOfficial\":false,\"officialTaskId\":"
          "null,\"officialTaskInfo\":null,\"buttons\":[],\"displays\":{"
          "\"status\":\"NOT_START\",\"submitTime\":\"2025-03-09 14:46:18\","
          "\"startTime\":null,\"finishTime\":null,\"action\":\"IMAGINE\","
          "\"discordInstanceId\":\"1118138338562560102\"},\"seed\":null,"
          "\"seedMessageId\":null,\"clientIp\":null,\"jobId\":null,"
          "\"isReplicate\":false,\"replicateSource\":null,"
          "\"replicateTarget\":null,\"mode\":\"RELAX\",\"accountFilter\":{"
          "\"instanceId\":\"7\",\"modes\":[\"TURBO\"],\"remix\":true,"
          "\"nijiRemix\":null,\"remixAutoConsidered\":null,\"remark\":null},"
          "\"url\":null,\"proxyUrl\":null,\"height\":null,\"width\":null,"
          "\"size\":null,\"contentType\":null,\"imageHeight\":null,"
          "\"imageWidth\":null,\"videoGenOriginImageUrl\":null,"
          "\"videoDuration\":null,\"frameCount\":null,\"videoUrls\":null,"
          "\"useTime\":\"-\",\"version\":\"v 7\",\"isCompleted\":false,"
          "\"id\":\"%s\",\"properties\":{\"notifyHook\":null,\"nonce\":\"%s\","
          "\"discordInstanceId\":\"1118138338562560102\","
          "\"discordChannelId\":\"1118138338562560102\",\"botType\":"
          "\"MID_JOURNEY\"}}",
          nonce, partner, id, nonce));
}

static void test_finished_grid(void **state) {
  const char *id = imagine(s, "cat --ar 3:2", 0), *hash;
  struct answer *a = fetch(s, id, 100000);
  (void)state;
  hash = text_of(a, "jobId");
#define CELL(n)                                                                \
  say("{\"url\":\"" BASE_URL "/cell/%s/0_%d.png\",\"thumbnail\":\"" BASE_URL   \
      "/cell/%s/0_%d.png\"}",                                                  \
      hash, n, hash, n)
  assert_true(has(a, say("\"imageUrls\":[%s,%s,%s,%s],", CELL(0), CELL(1),
                         CELL(2), CELL(3))));
  assert_true(has(a, "\"height\":840,\"width\":1256,"));
  assert_true(has(a, say("{\"customId\":\"MJ::JOB::upsample::1::%s\","
                         "\"emoji\":\"\",\"label\":\"U1\",\"style\":2,"
                         "\"type\":2}",
                         hash)));
  assert_string_equal(text_of(a, "promptFull"), "cat --ar 3:2 --v 6.1");
  /* an upscale of its own pictures is there at once, and costs no time */
  id = pressed(id, "MJ::JOB::upsample::3", 100000);
  a = fetch(s, id, 100000);
  assert_string_equal(text_of(a, "status"), "SUCCESS");
  assert_string_equal(text_of(a, "useTime"), "0.00 s");
  assert_true(has(a, "\"action_index\":3,"));
  hash = text_of(a, "jobId");
  assert_true(has(a, say("\"imageUrls\":[%s],", CELL(0))));
  assert_true(has(a, say("\"customId\":\"MJ::CustomZoom::1::%s\"", hash)));
  assert_true(has(a, "\"label\":\"Make Square\""));
}

static void test_actions(void **state) {
  static const struct {
    const char *start, *action;
  } cases[] = {{"MJ::JOB::upsample_v6r1_2x_creative", "UPSCALE_HD"},
               {"MJ::JOB::low_variation", "VARIATION"},
               {"MJ::JOB::high_variation", "VARIATION"},
               {"MJ::Outpaint::50", "ZOOM"},
               {"MJ::JOB::pan_up", "PAN"},
               {"MJ::JOB::animate_low", "VIDEO"}};
  const char *grid = imagine(s, "cat", 0), *up, *id;
  struct answer *a;
  (void)state;
  id = pressed(grid, "MJ::JOB::reroll", 100000);
  assert_string_equal(text_of(fetch(s, id, 100000), "action"), "IMAGINE");
  up = pressed(grid, "MJ::JOB::upsample::1", 100000);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int64_t at = 200000 + 100000 * (int64_t)i;
    id = pressed(up, cases[i].start, at);
    a = fetch(s, id, at + 90000);
    assert_string_equal(text_of(a, "action"), cases[i].action);
    assert_string_equal(text_of(a, "status"), "SUCCESS");
    assert_string_equal(text_of(a, "parentId"), up);
  }
  assert_string_equal(text_of(a, "imageUrl"),
                      say(BASE_URL "/video/%s/0.mp4", text_of(a, "jobId")));
  assert_true(
      has(a, say("\"videoUrls\":[{\"url\":\"" BASE_URL "/video/%s/0.mp4\"},",
                 text_of(a, "jobId"))));
  assert_true(has(a, "/3.mp4\"}],"));
  assert_body(press(s, up, "MJ::BOOKMARK", "", 900000),
              REFUSED("4", "未知的 Action 类型"));
}

/* The key as it stands, in one header or the other. */
static void test_keys(void **state) {
  static const struct {
    const char *authorization, *secret;
    int status;
  } cases[] = {{"sk-one", NULL, 204},       {NULL, "sk-one", 204},
               {"", "sk-one", 204},         {"Bearer sk-one", NULL, 401},
               {"Bearer x", "sk-one", 401}, {NULL, NULL, 401},
               {"one", NULL, 401}};
  struct mj_sim_config cfg;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.api_key = "sk-one";
  reopen(&cfg);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct answer *a = ask_as(s, "GET", "/mj/task/1/fetch", NULL, 0,
                              cases[i].authorization, cases[i].secret, NULL);
    assert_int_equal(a->reply.status, cases[i].status);
    if (cases[i].status == 401) {
      assert_body(a, "Authorization header missing.");
      assert_string_equal(a->reply.content_type, "text/plain");
    }
  }
}

static void test_refusals(void **state) {
  static const struct case_of cases[] = {
      {"GET", "/mj/task/1/fetch", NULL, 204, ""},
      {"GET", "/mj/task/1/image-seed", NULL, 404,
       REFUSED("3", "关联任务不存在或已失效")},
      {"POST", "/mj/task/1/cancel", NULL, 200, ""},
      {"POST", "/mj/submit/imagine", "{\"prompt\":\" \"}", 200,
       REFUSED("4", "prompt不能为空")},
      {"POST", "/mj/submit/imagine", "", 200,
       ENVELOPE("A non-empty request body is required.")},
      {"POST", "/mj/submit/imagine", "{\"prompt\":1}", 200,
       ENVELOPE("The JSON value could not be converted. Path: $.prompt")},
      {"POST", "/mj/submit/action", "{\"taskId\":\"1\"}", 200,
       REFUSED("4", "参数错误")},
      {"POST", "/mj/submit/action", "{\"customId\":\"x\"}", 200,
       REFUSED("4", "参数错误")},
      {"POST", "/mj/submit/action", "{\"taskId\":\"1\",\"customId\":\"x\"}",
       404, REFUSED("3", "关联任务不存在或已失效")},
      {"POST", "/mj/submit/action",
       "{\"taskId\":\"14001934816969359\",\"customId\":\"MJ::no\"}", 200,
       REFUSED("4", "未知的 Action 类型")},
      {"POST", "/mj/submit/modal", "{\"taskId\":\"1\"}", 404,
       REFUSED("3", "关联任务不存在或已失效")},
      {"POST", "/mj/submit/modal", "{\"taskId\":\"14001934816969359\"}", 200,
       REFUSED("4", "关联任务状态错误")},
      {"POST", "/mj/submit/change", "{}", 404, ""},
      {"POST", "/mj/submit/simple-change", "{}", 404, ""},
      {"GET", "/mj/task/queue", NULL, 404, ""},
      {"GET", "/fast/mj/task/list", NULL, 404, ""},
      {"GET", "/any/mj/task/list", NULL, 404, ""},
      {"GET", "/mj/submit/imagine", NULL, 405, ""}};
  (void)state;
  check_cases(s, cases, sizeof cases / sizeof cases[0]);
  assert_int_equal(
      ask(s, "GET", "/MJ-Turbo/mj/task/list", NULL, 0)->reply.status, 200);
  assert_int_equal(
      ask_as(s, "POST", "/mj/submit/imagine", "{}", 0, NULL, NULL, NULL)
          ->reply.status,
      415);
}

static void test_long_fields(void **state) {
  char state255[300], hook[2100];
  (void)state;
  memset(state255, 'a', sizeof state255);
  memset(hook, 'h', sizeof hook);
  state255[255] = hook[2001] = '\0';
  submit(s, "/mj/submit/imagine",
         say("{\"prompt\":\"a\",\"state\":\"%s\"}", state255), 0);
  assert_body(ask(s, "POST", "/mj/submit/imagine",
                  say("{\"prompt\":\"a\",\"state\":\"%sx\"}", state255), 0),
              ENVELOPE("State参数过长，最大255字符"));
  struct answer *a = ask(s, "POST", "/mj/submit/shorten",
                         say("{\"notifyHook\":\"%s\"}", hook), 0);
  assert_true(has(a, "NotifyHook参数过长"));
}

/* The path, then the filter, then the prompt. */
static void test_modes(void **state) {
  static const struct {
    const char *prefix, *filter, *prompt, *mode;
  } cases[] = {{"/mj-turbo", "[\"RELAX\"]", "a --fast", "TURBO"},
               {"", "[\"RELAX\",\"FAST\"]", "a --turbo", "RELAX"},
               {"", "[]", "a --turbo", "TURBO"},
               {"", "[]", "a --relaxed", "FAST"}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const char *id =
        submit(s, say("%s/mj/submit/imagine", cases[i].prefix),
               say("{\"prompt\":\"%s\",\"accountFilter\":{\"modes\":%s}}",
                   cases[i].prompt, cases[i].filter),
               0);
    assert_string_equal(text_of(fetch(s, id, 0), "mode"), cases[i].mode);
  }
}

/* Version 11 takes the submission, and says no in the task. */
static void test_banned(void **state) {
  const char *id = imagine(s, "a nude body", 0);
  struct answer *a = fetch(s, id, 10000);
  (void)state;
  assert_string_equal(text_of(a, "status"), "FAILURE");
  assert_string_equal(text_of(a, "failReason"), "Banned prompt detected");
  assert_string_equal(text_of(a, "progress"), "");
  assert_true(has(a, "\"isCompleted\":true"));
}

static void test_cancel(void **state) {
  const char *id = imagine(s, "cat", 0);
  struct answer *a = ask_as(s, "POST", say("/mj/task/%s/cancel", id), NULL,
                            5000, NULL, NULL, NULL);
  (void)state;
  assert_int_equal(a->reply.status, 200);
  assert_int_equal(a->reply.len, 0);
  a = fetch(s, id, 5000);
  assert_string_equal(text_of(a, "status"), "FAILURE");
  assert_string_equal(text_of(a, "failReason"), "取消任务");
  assert_int_equal(
      ask(s, "POST", say("/mj/task/%s/cancel", id), NULL, 6000)->reply.len, 0);
  assert_true(has(fetch(s, id, 6000), "\"finishTime\":1741531583038"));
}

static void test_queue(void **state) {
  struct mj_sim_config cfg;
  struct answer *a;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.running = 1;
  cfg.waiting = 2;
  reopen(&cfg);
  imagine(s, "a", 0);
  imagine(s, "b", 0);
  a = ask(s, "POST", "/mj/submit/imagine", "{\"prompt\":\"c\"}", 0);
  assert_body(a, say("{\"code\":22,\"description\":\"排队中，前面还有1个任务\","
                     "\"result\":\"%s\",\"properties\":{\"numberOfQueues\":1,"
                     "\"discordInstanceId\":\"1118138338562560102\","
                     "\"discordChannelId\":\"1118138338562560102\"}}",
                     text_of(a, "result")));
  assert_body(ask(s, "POST", "/mj/submit/imagine", "{\"prompt\":\"d\"}", 0),
              "{\"code\":9,\"description\":"
              "\"提交失败，队列已满，请稍后重试\",\"result\":null," OK);
}

static int count_of(const struct answer *a, const char *text) {
  int n = 0;
  for (const char *p = a->body; (p = strstr(p, text)); p += strlen(text))
    n++;
  return n;
}

static void test_lists(void **state) {
  const char *id = NULL;
  struct answer *a;
  (void)state;
  for (int i = 0; i < 105; i++)
    id = imagine(s, "cat", i);
  a = ask(s, "GET", "/mj/task/list", NULL, 200);
  assert_int_equal(count_of(a, "\"parentId\":"), 100);
  assert_true(strstr(a->body, say("\"id\":\"%s\"", id)) <
              strstr(a->body, say("\"finishTime\":null")) + 6000);
  for (int i = 0; i < 2; i++) {
    a = ask(s, "POST",
            i ? "/mj/task/list-by-ids" : "/mj/task/list-by-condition",
            say("{\"ids\":[\"%s\",\"no\",\"14001934816969359\"]}", id), 200);
    assert_int_equal(count_of(a, "\"parentId\":"), 2);
    assert_string_equal(a->reply.content_type,
                        "application/json; charset=utf-8");
  }
}

static void test_seed(void **state) {
  const char *id = imagine(s, "cat", 0);
  struct answer *a =
      ask(s, "GET", say("/mj/task/%s/image-seed", id), NULL, 1000);
  (void)state;
  assert_int_equal(a->reply.status, 400);
  assert_body(a, REFUSED("4", "关联任务状态错误"));
  a = ask(s, "GET", say("/mj/task/%s/image-seed", id), NULL, 100000);
  assert_body(a, say("{\"code\":1,\"description\":\"成功\",\"result\":\"%s\","
                     "\"properties\":{}}",
                     text_of(a, "result")));
  id = submit(s, "/mj/submit/shorten", "{\"prompt\":\"a b\"}", 100000);
  assert_body(ask(s, "GET", say("/mj/task/%s/image-seed", id), NULL, 200000),
              REFUSED("3", "未找到 seed"));
}

/* All four prompts at once: their ids come joined. */
static void test_imagine_all(void **state) {
  const char *id = submit(s, "/mj/submit/describe",
                          "{\"link\":\"https://example.com/a.png\"}", 0);
  struct answer *a = press(s, id, "MJ::Job::PicReader::all", "", 100000);
  const char *ids = say("%s", text_of(a, "result"));
  (void)state;
  assert_body(a, say("{\"code\":1,\"description\":\"成功\",\"result\":\"%s\","
                     "\"properties\":{}}",
                     ids));
  assert_int_equal(strlen(ids), 4 * 16 + 3);
  for (int i = 0; i < 4; i++) {
    a = fetch(s, say("%.16s", ids + 17 * i), 200000);
    assert_string_equal(text_of(a, "status"), "SUCCESS");
    assert_string_equal(text_of(a, "parentId"), id);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
      T(test_imagine),     T(test_finished_grid), T(test_actions),
      T(test_keys),        T(test_refusals),      T(test_long_fields),
      T(test_modes),       T(test_banned),        T(test_cancel),
      T(test_queue),       T(test_lists),         T(test_seed),
      T(test_imagine_all),
  };
  return cmocka_run_group_tests_name("sim_trueai", tests, NULL, NULL);
}
