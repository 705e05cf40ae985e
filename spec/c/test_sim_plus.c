/* SPDX-License-Identifier: MIT
   test_sim_plus.c - the simulator's profile "plus", route by route. */
#include "test_sim.h"

#define OK "\"properties\":{\"discordInstanceId\":\"1118138338562560102\"}}"

SIM_OF("plus")

static void reopen(const struct mj_sim_config *cfg) {
  mj_sim_free(s);
  s = sim_open("plus", cfg);
}

static void test_imagine(void **state) {
  struct answer *a = ask(s, "POST", "/mj/submit/imagine",
                         "{\"prompt\":\"cat\",\"botType\":\"NIJI_JOURNEY\","
                         "\"state\":\"mine\",\"notifyHook\":\"http://h/\"}",
                         0);
  const char *id = text_of(a, "result"), *nonce;
  (void)state;
  assert_string_equal(a->reply.content_type, "application/json");
  assert_body(
      a, say("{\"code\":1,\"description\":\"提交成功\",\"result\":\"%s\"," OK,
             id));
  a = fetch(s, id, 0);
  nonce = text_of(a, "nonce");
  assert_body(
      a, say("{\"id\":\"%s\",\"action\":\"IMAGINE\",\"status\":\"NOT_START\","
             "\"prompt\":\"cat\",\"promptEn\":\"cat\",\"description\":"
             "\"/imagine cat\",\"state\":\"mine\",\"submitTime\":"
             "1741531578038,\"startTime\":null,\"finishTime\":null,"
             "\"imageUrl\":null,\"progress\":null,\"failReason\":null,"
             "\"properties\":{\"notifyHook\":\"http://h/\",\"nonce\":\"%s\","
             "\"discordInstanceId\":\"1118138338562560102\",\"botType\":"
             "\"NIJI_JOURNEY\"},\"buttons\":[]}",
             id, nonce));
}

/* A finished task, byte by byte: all of it but the links, hashes and times. */
static void test_finished_upscale(void **state) {
  const char *grid = imagine(s, "cat --v 7", 0), *up, *hash;
  struct answer *a = press(s, grid, "MJ::JOB::upsample::2", "", 100000);
  (void)state;
  up = say("%s", text_of(a, "result"));
  a = fetch(s, up, 200000);
  hash = text_of(a, "messageHash");
#define BUTTON(id, emoji, label)                                               \
  "{\"customId\":\"MJ::" id "\",\"emoji\":\"" emoji "\",\"label\":\"" label    \
  "\",\"type\":2,\"style\":2},"
  const char *want = say(
      "\"buttons\":[" BUTTON("JOB::upsample_v7_2x_subtle::1::%s::SOLO",
                             "upscale_1", "Upscale (Subtle)")
          BUTTON("JOB::upsample_v7_2x_creative::1::%s::SOLO", "upscale_1",
                 "Upscale (Creative)") BUTTON("JOB::low_variation::1::%s::SOLO",
                                              "🪄", "Vary (Subtle)")
              BUTTON("JOB::high_variation::1::%s::SOLO", "🪄",
                     "Vary (Strong)") BUTTON("Inpaint::1::%s::SOLO", "🖌️",
                                             "Vary (Region)")
                  BUTTON("Outpaint::50::1::%s::SOLO", "🔍", "Zoom Out 2x")
                      BUTTON("Outpaint::75::1::%s::SOLO", "🔍", "Zoom Out 1.5x")
                          BUTTON("CustomZoom::%s", "🔍", "Custom Zoom"),
      hash, hash, hash, hash, hash, hash, hash, hash);
  assert_true(has(a, want));
  assert_true(
      has(a, say(BUTTON("JOB::pan_left::1::%s::SOLO", "⬅️", ""), hash)));
  assert_false(has(a, "Make Square")); /* it is one */
  assert_string_equal(text_of(a, "status"), "SUCCESS");
  assert_true(has(a, say("\"finalPrompt\":\"cat --v 7\",\"messageId\":\"%s\","
                         "\"messageHash\":\"%s\",\"flags\":0}",
                         text_of(a, "messageId"), hash)));
}

static void test_keys(void **state) {
  struct mj_sim_config cfg;
  struct answer *a;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.api_key = "one";
  reopen(&cfg);
  a = ask_as(s, "GET", "/mj/task/list", NULL, 0, "Bearer one", "two", NULL);
  assert_int_equal(a->reply.status, 401);
  assert_int_equal(a->reply.len, 0);
  a = ask_as(s, "GET", "/mj/task/list", NULL, 0, NULL, "one", NULL);
  assert_int_equal(a->reply.status, 200);
}

static void test_refusals(void **state) {
  static const struct case_of cases[] = {
      {"GET", "/mj/task/1/fetch", NULL, 200, ""},
      {"GET", "/mj/task/1/image-seed", NULL, 200,
       REFUSED("3", "关联任务不存在或已失效")},
      {"POST", "/mj/task/1/cancel", NULL, 200,
       REFUSED("3", "关联任务不存在或已失效")},
      {"POST", "/mj/submit/imagine", "{}", 200, REFUSED("4", "prompt不能为空")},
      {"POST", "/mj/submit/imagine", "{", 400,
       SPRING("400", "Bad Request", "/mj/submit/imagine")},
      {"POST", "/mj/submit/imagine", "{\"prompt\":\"nude\"}", 200,
       "{\"code\":24,\"description\":\"可能包含敏感词\",\"result\":null,"
       "\"properties\":{\"promptEn\":\"nude\",\"bannedWord\":\"nude\"}}"},
      {"POST", "/mj/submit/action", "{\"customId\":\"MJ::x\"}", 200,
       REFUSED("4", "taskId不能为空")},
      {"POST", "/mj/submit/action", "{\"taskId\":\"1\"}", 200,
       REFUSED("4", "customId不能为空")},
      {"POST", "/mj/submit/action", "{\"taskId\":\"1\",\"customId\":\"x\"}",
       200, REFUSED("3", "关联任务不存在或已失效")},
      {"POST", "/mj/submit/action",
       "{\"taskId\":\"14001934816969359\",\"customId\":\"MJ::no\"}", 200,
       REFUSED("4", "参数错误")},
      {"POST", "/mj/submit/modal", "{}", 200, REFUSED("4", "taskId不能为空")},
      {"POST", "/mj/submit/modal", "{\"taskId\":\"14001934816969359\"}", 200,
       REFUSED("4", "关联任务状态错误")},
      {"POST", "/mj/submit/change", "{\"taskId\":\"1\",\"action\":\"ZOOM\"}",
       200, REFUSED("4", "action参数错误")},
      {"POST", "/mj/submit/simple-change", "{\"content\":\"1 U9\"}", 200,
       REFUSED("4", "content参数错误")},
      {"POST", "/mj/submit/video", "{}", 404,
       SPRING("404", "Not Found", "/mj/submit/video")},
      {"POST", "/mj/submit/edits", "{}", 404,
       SPRING("404", "Not Found", "/mj/submit/edits")},
      {"POST", "/mj/task/list-by-ids", "{}", 404,
       SPRING("404", "Not Found", "/mj/task/list-by-ids")},
      {"GET", "/mj/submit/action", NULL, 405,
       SPRING("405", "Method Not Allowed", "/mj/submit/action")}};
  (void)state;
  check_cases(s, cases, sizeof cases / sizeof cases[0]);
}

/* What the buttons are called here, and the two that it cannot press. */
static void test_actions(void **state) {
  static const struct {
    const char *start, *action;
  } cases[] = {{"MJ::JOB::upsample_v6r1_2x_creative", "UPSCALE"},
               {"MJ::JOB::low_variation", "VARIATION"},
               {"MJ::JOB::high_variation", "VARIATION"},
               {"MJ::Outpaint::50", "ZOOM"},
               {"MJ::JOB::pan_up", "PAN"},
               {"MJ::JOB::animate_low", "ACTION"}};
  const char *grid = imagine(s, "cat", 0), *up;
  (void)state;
  up = say("%s", text_of(press(s, grid, "MJ::JOB::upsample::1", "", 100000),
                         "result"));
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int64_t at = 200000 + 100000 * (int64_t)i;
    struct answer *a = press(s, up, cases[i].start, "", at);
    const char *id = say("%s", text_of(a, "result"));
    a = fetch(s, id, at + 90000);
    assert_string_equal(text_of(a, "action"), cases[i].action);
    assert_string_equal(text_of(a, "status"), "SUCCESS");
  }
  assert_true(
      has(press(s, up, "MJ::BOOKMARK", "", 900000), REFUSED("4", "参数错误")));
  up = submit(s, "/mj/submit/describe", "{\"base64\":\"" PNG "\"}", 900000);
  assert_body(press(s, up, "MJ::Job::PicReader::all", "", 990000),
              REFUSED("4", "参数错误"));
}

/* Four videos, whose address stands where a picture's would. */
static void test_animate(void **state) {
  const char *grid = imagine(s, "cat", 0), *id;
  struct answer *a;
  (void)state;
  id = say("%s", text_of(press(s, grid, "MJ::JOB::upsample::1", "", 100000),
                         "result"));
  id = say("%s", text_of(press(s, id, "MJ::JOB::animate_high", "", 200000),
                         "result"));
  a = fetch(s, id, 300000);
  assert_string_equal(text_of(a, "imageUrl"), say(BASE_URL "/video/%s/0.mp4",
                                                  text_of(a, "messageHash")));
  assert_string_equal(text_of(a, "finalPrompt"),
                      "cat --v 6.1 --motion high --video 1");
  assert_true(has(a, "\"label\":\"U4\""));
  /* one of them, and on from there */
  id =
      say("%s",
          text_of(press(s, id, "MJ::JOB::video_virtual_upscale::3", "", 300000),
                  "result"));
  a = fetch(s, id, 400000);
  assert_string_equal(text_of(a, "action"), "UPSCALE");
  assert_false(has(a, "\"label\":\"U1\""));
  id =
      say("%s", text_of(press(s, id, "MJ::JOB::animate_low_extend", "", 400000),
                        "result"));
  assert_true(has(fetch(s, id, 500000), "\"label\":\"U1\""));
}

static void test_change(void **state) {
  const char *id = submit(s, "/mj/submit/change",
                          "{\"taskId\":14001934816969359,\"action\":"
                          "\"VARIATION\",\"index\":2}",
                          0);
  (void)state;
  assert_string_equal(text_of(fetch(s, id, 0), "description"),
                      "/up 14001934816969359 V2");
  id = submit(s, "/mj/submit/simple-change",
              "{\"content\":\"14001934816969359 r\"}", 0);
  assert_string_equal(text_of(fetch(s, id, 0), "action"), "REROLL");
}

/* What is cancelled makes room; what has ended stays. */
static void test_cancel(void **state) {
  struct mj_sim_config cfg;
  const char *one, *two, *three;
  struct answer *a;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.running = 1;
  cfg.waiting = 2;
  reopen(&cfg);
  one = imagine(s, "a", 0);
  two = imagine(s, "b", 0);
  three = imagine(s, "c", 0);
  a = ask(s, "POST", say("/mj/task/%s/cancel", two), NULL, 1000);
  assert_body(a, say("{\"code\":1,\"description\":\"成功\",\"result\":\"%s\","
                     "\"properties\":{}}",
                     two));
  a = fetch(s, two, 1000);
  assert_string_equal(text_of(a, "status"), "CANCEL");
  assert_true(has(a, "\"startTime\":null,\"finishTime\":1741531579038"));
  ask(s, "POST", say("/mj/task/%s/cancel", one), NULL, 10000);
  assert_string_equal(text_of(fetch(s, one, 10000), "status"), "CANCEL");
  assert_string_equal(text_of(fetch(s, three, 25000), "status"), "IN_PROGRESS");
  assert_string_equal(text_of(fetch(s, three, 100000), "status"), "SUCCESS");
  assert_body(ask(s, "POST", say("/mj/task/%s/cancel", three), NULL, 100000),
              REFUSED("4", "关联任务状态错误"));
  assert_body(ask(s, "POST", say("/mj/task/%s/cancel", one), NULL, 100000),
              REFUSED("4", "关联任务状态错误"));
  assert_body(ask(s, "GET", "/mj/task/queue", NULL, 100000), "[]");
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
  a = ask(s, "POST", "/mj/submit/shorten", "{\"prompt\":\"c\"}", 0);
  assert_body(a, say("{\"code\":22,\"description\":\"排队中，前面还有1个任务\","
                     "\"result\":\"%s\",\"properties\":{\"numberOfQueues\":1,"
                     "\"discordInstanceId\":\"1118138338562560102\"}}",
                     text_of(a, "result")));
  assert_body(ask(s, "POST", "/mj/submit/imagine", "{\"prompt\":\"d\"}", 0),
              "{\"code\":23,\"description\":\"队列已满，请稍后尝试\","
              "\"result\":null,\"properties\":{\"discordInstanceId\":"
              "\"1118138338562560102\"}}");
  a = ask(s, "GET", "/mj/task/queue", NULL, 0);
  assert_memory_equal(a->body, "[{\"id\":\"17415315780", 18);
  assert_true(has(a, "\"action\":\"SHORTEN\""));
}

static void test_lists_and_seed(void **state) {
  const char *id = imagine(s, "cat", 0);
  struct answer *a = ask(s, "GET", "/mj/task/list", NULL, 0);
  (void)state;
  assert_memory_equal(a->body, say("[{\"id\":\"%s\"", id), 24);
  a = ask(s, "POST", "/mj/task/list-by-condition",
          "{\"ids\":[\"14001934816969359\",\"no\"]}", 0);
  assert_memory_equal(a->body, "[{\"id\":\"14001934816969359\"", 26);
  assert_true(has(a, "\"buttons\":[{\"customId\":\"MJ::JOB::upsample::1::"
                     "3dbbd469-36af-4a0f-8f02-df6c579e7011\""));
  a = ask(s, "GET", "/mj/task/14001934816969359/image-seed", NULL, 0);
  const char *seed = text_of(a, "result");
  assert_int_equal(strspn(seed, "0123456789"), strlen(seed));
  assert_body(
      a, say("{\"code\":1,\"description\":\"成功\",\"result\":\"%s\"}", seed));
  assert_body(ask(s, "GET", say("/mj/task/%s/image-seed", id), NULL, 0),
              REFUSED("4", "关联任务状态错误"));
}

int main(void) {
  static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
      T(test_imagine),        T(test_finished_upscale), T(test_keys),
      T(test_refusals),       T(test_actions),          T(test_animate),
      T(test_change),         T(test_cancel),           T(test_queue),
      T(test_lists_and_seed),
  };
  return cmocka_run_group_tests_name("sim_plus", tests, NULL, NULL);
}
