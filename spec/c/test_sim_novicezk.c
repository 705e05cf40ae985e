/* SPDX-License-Identifier: MIT
   test_sim_novicezk.c - the simulator's profile "novicezk", route by route. */
#include "test_sim.h"

SIM_OF("novicezk")

static void test_imagine(void **state) {
  struct answer *a = ask(s, "POST", "/mj/submit/imagine",
                         "{\"prompt\":\" cat \",\"state\":\"mine\","
                         "\"notifyHook\":\"http://h/\"}",
                         0);
  const char *id = text_of(a, "result"), *nonce;
  (void)state;
  assert_string_equal(a->reply.content_type, "application/json");
  assert_body(a,
              say("{\"code\":1,\"description\":\"提交成功\",\"result\":\"%s\","
                  "\"properties\":{\"discordInstanceId\":"
                  "\"1118138338562560102\"}}",
                  id));
  a = fetch(s, id, 0);
  nonce = text_of(a, "nonce");
  assert_int_equal(strlen(nonce), 19);
  assert_body(
      a, say("{\"id\":\"%s\",\"action\":\"IMAGINE\",\"status\":\"NOT_START\","
             "\"prompt\":\"cat\",\"promptEn\":\"cat\",\"description\":"
             "\"/imagine cat\",\"state\":\"mine\",\"submitTime\":"
             "1741531578038,\"startTime\":null,\"finishTime\":null,"
             "\"imageUrl\":null,\"progress\":null,\"failReason\":null,"
             "\"properties\":{\"notifyHook\":\"http://h/\",\"nonce\":\"%s\","
             "\"discordInstanceId\":\"1118138338562560102\"}}",
             id, nonce));
}

static void test_timeline(void **state) {
  const char *id = imagine(s, "cat", 0);
  static const char *const steps[] = {"15%", "31%", "46%", "62%", "78%", "93%"};
  char last[16] = "";
  int seen = 0;
  int64_t at;
  struct answer *a = NULL;
  (void)state;
  for (at = 0; at < 90000; at += 100) {
    a = fetch(s, id, at);
    const char *status = text_of(a, "status"), *p = text_of(a, "progress");
    if (!strcmp(status, "SUCCESS"))
      break;
    assert_true(has(a, "\"finishTime\":null"));
    if (!strcmp(status, "SUBMITTED"))
      assert_string_equal(p, "0%");
    if (strcmp(status, "IN_PROGRESS") || !strcmp(p, last))
      continue;
    assert_string_equal(p, steps[seen++]);
    snprintf(last, sizeof last, "%s", p);
    assert_true(has(a, "/grid_0.png?ex="));
  }
  assert_int_equal(seen, 6);
  assert_in_range(at, 20000, 60000);
  assert_string_equal(text_of(a, "progress"), "100%");
  assert_string_equal(text_of(a, "finalPrompt"), "cat --v 6.1");
  const char *hash = text_of(a, "messageHash"), *url = text_of(a, "imageUrl");
  assert_int_equal(strlen(hash), 36);
  assert_non_null(strstr(url, say("/simulator_cat_%s.png?ex=", hash)));
  assert_string_equal(url + strlen(url) - 1, "&");
  assert_false(has(a, "buttons"));
}

static void test_keys(void **state) {
  struct mj_sim_config cfg;
  struct answer *a;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.api_key = "one";
  mj_sim_free(s);
  s = sim_open("novicezk", &cfg);
  a = ask_as(s, "GET", "/mj/task/list", NULL, 0, "Bearer one", NULL, NULL);
  assert_int_equal(a->reply.status, 401);
  assert_int_equal(a->reply.len, 0);
  assert_null(a->reply.content_type);
  a = ask_as(s, "GET", "/mj/task/list", NULL, 0, NULL, "two", NULL);
  assert_int_equal(a->reply.status, 401);
  a = ask_as(s, "GET", "/mj/task/list", NULL, 0, "Bearer two", "one", NULL);
  assert_int_equal(a->reply.status, 200);
}

static void test_refusals(void **state) {
  static const struct case_of cases[] = {
      {"GET", "/mj/task/1/fetch", NULL, 200, ""},
      {"POST", "/mj/submit/imagine", "{}", 200, REFUSED("4", "prompt不能为空")},
      {"POST", "/mj/submit/imagine", "{\"prompt\":\" \"}", 200,
       REFUSED("4", "prompt不能为空")},
      {"POST", "/mj/submit/imagine", "{", 400,
       SPRING("400", "Bad Request", "/mj/submit/imagine")},
      {"POST", "/mj/submit/imagine", "{\"prompt\":\"a nude body\"}", 200,
       "{\"code\":24,\"description\":\"可能包含敏感词\",\"result\":null,"
       "\"properties\":{\"promptEn\":\"a nude body\",\"bannedWord\":\"nude\"}"
       "}"},
      {"POST", "/mj/submit/change", "{\"action\":\"UPSCALE\",\"index\":1}", 200,
       REFUSED("4", "taskId不能为空")},
      {"POST", "/mj/submit/change", "{\"taskId\":\"1\",\"action\":\"ZOOM\"}",
       200, REFUSED("4", "action参数错误")},
      {"POST", "/mj/submit/change", "{\"taskId\":\"1\",\"action\":\"UPSCALE\"}",
       500, SPRING("500", "Internal Server Error", "/mj/submit/change")},
      {"POST", "/mj/submit/change",
       "{\"taskId\":\"1\",\"action\":\"UPSCALE\",\"index\":1}", 200,
       REFUSED("3", "关联任务不存在或已失效")},
      {"POST", "/mj/submit/simple-change", "{\"content\":\"1  U1\"}", 200,
       REFUSED("4", "content参数错误")},
      {"POST", "/mj/submit/simple-change", "{\"content\":\"1 U5\"}", 200,
       REFUSED("4", "content参数错误")},
      {"POST", "/mj/submit/simple-change", "{\"content\":\"1 R1\"}", 200,
       REFUSED("4", "content参数错误")},
      {"POST", "/mj/submit/simple-change", "{\"content\":\"1\"}", 200,
       REFUSED("4", "content参数错误")},
      {"POST", "/mj/submit/simple-change", "{\"content\":\"1 r\"}", 200,
       REFUSED("3", "关联任务不存在或已失效")},
      {"POST", "/mj/submit/action", "{}", 404,
       SPRING("404", "Not Found", "/mj/submit/action")},
      {"GET", "/mj/submit/imagine", NULL, 405,
       SPRING("405", "Method Not Allowed", "/mj/submit/imagine")},
      {"GET", "/", NULL, 404, SPRING("404", "Not Found", "/")}};
  (void)state;
  check_cases(s, cases, sizeof cases / sizeof cases[0]);
  assert_body(
      ask_as(s, "POST", "/mj/submit/imagine", "{}", 0, NULL, NULL, NULL),
      SPRING("415", "Unsupported Media Type", "/mj/submit/imagine"));
}

static void test_harmless_words(void **state) {
  (void)state;
  assert_int_equal(strlen(imagine(s, "a denuded hill, gorey", 0)), 16);
}

static void test_change(void **state) {
  const char *grid = imagine(s, "cat", 0), *id;
  const char *body =
      say("{\"taskId\":\"%s\",\"action\":\"UPSCALE\",\"index\":2}", grid);
  struct answer *a;
  (void)state;
  assert_body(ask(s, "POST", "/mj/submit/change", body, 100),
              REFUSED("4", "关联任务状态错误"));
  id = submit(s, "/mj/submit/change", body, 100000);
  a = fetch(s, id, 100000);
  assert_string_equal(text_of(a, "action"), "UPSCALE");
  assert_string_equal(text_of(a, "description"), say("/up %s U2", grid));
  assert_string_equal(text_of(fetch(s, id, 108000), "status"), "SUCCESS");
  /* of an upscaled picture there is nothing to change */
  assert_body(ask(s, "POST", "/mj/submit/change",
                  say("{\"taskId\":\"%s\",\"action\":\"VARIATION\","
                      "\"index\":1}",
                      id),
                  200000),
              REFUSED("4", "关联任务不允许执行变化"));
  id = submit(s, "/mj/submit/simple-change",
              say("{\"content\":\"%s v3\"}", grid), 200000);
  assert_string_equal(text_of(fetch(s, id, 200000), "action"), "VARIATION");
  assert_string_equal(text_of(fetch(s, id, 200000), "description"),
                      say("/up %s V3", grid));
  id = submit(s, "/mj/submit/change",
              say("{\"taskId\":\"%s\",\"action\":\"REROLL\"}", id), 300000);
  assert_string_equal(text_of(fetch(s, id, 400000), "status"), "SUCCESS");
}

/* The task's id may be a bare number for Jackson. */
static void test_first_tasks(void **state) {
  const char *id = submit(s, "/mj/submit/change",
                          "{\"taskId\":14001934816969359,\"action\":"
                          "\"UPSCALE\",\"index\":1}",
                          0);
  (void)state;
  assert_string_equal(text_of(fetch(s, id, 10), "description"),
                      "/up 14001934816969359 U1");
  assert_int_equal(fetch(s, "1320098173412546", 10)->reply.len, 2266);
}

static void test_queue(void **state) {
  struct mj_sim_config cfg;
  struct answer *a;
  char ids[13][32];
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.running = 3;
  cfg.waiting = 10;
  mj_sim_free(s);
  s = sim_open("novicezk", &cfg);
  for (int i = 0; i < 13; i++) {
    a = ask(s, "POST", "/mj/submit/imagine", say("{\"prompt\":\"p%d\"}", i), i);
    snprintf(ids[i], sizeof ids[i], "%s", text_of(a, "result"));
    if (i < 4) /* who waits is counted before the task joins them */
      assert_memory_equal(a->body, "{\"code\":1,", 10);
    else
      assert_body(a, say("{\"code\":22,\"description\":"
                         "\"排队中，前面还有%d个任务\",\"result\":\"%s\","
                         "\"properties\":{\"numberOfQueues\":%d,"
                         "\"discordInstanceId\":\"1118138338562560102\"}}",
                         i - 3, ids[i], i - 3));
  }
  assert_body(ask(s, "POST", "/mj/submit/imagine", "{\"prompt\":\"x\"}", 20),
              "{\"code\":23,\"description\":\"队列已满，请稍后尝试\","
              "\"result\":null,\"properties\":{\"discordInstanceId\":"
              "\"1118138338562560102\"}}");
  assert_string_equal(text_of(fetch(s, ids[3], 3000), "status"), "NOT_START");
  /* the first of /task/queue is the oldest, of /task/list the newest */
  a = ask(s, "GET", "/mj/task/queue", NULL, 3000);
  assert_memory_equal(a->body, say("[{\"id\":\"%s\"", ids[0]), 24);
  a = ask(s, "GET", "/mj/task/list", NULL, 3000);
  assert_memory_equal(a->body, say("[{\"id\":\"%s\"", ids[12]), 24);
  assert_true(has(a, "14001934816969359"));
  /* one place is free after about 37 s, and the fourth task has it */
  assert_string_equal(text_of(fetch(s, ids[3], 65000), "status"),
                      "IN_PROGRESS");
  assert_string_equal(text_of(fetch(s, ids[12], 65000), "status"), "NOT_START");
  assert_string_equal(text_of(fetch(s, ids[12], 400000), "status"), "SUCCESS");
  assert_body(ask(s, "GET", "/mj/task/queue", NULL, 400000), "[]");
}

static void test_list_by_condition(void **state) {
  struct answer *a = ask(s, "POST", "/mj/task/list-by-condition",
                         "{\"ids\":[\"1\",14001934816969359]}", 0);
  (void)state;
  assert_memory_equal(a->body, "[{\"id\":\"14001934816969359\"", 26);
  assert_body(ask(s, "POST", "/mj/task/list-by-condition", "{\"ids\":[]}", 0),
              "[]");
}

static void test_failures(void **state) {
  const char *id = imagine(s, "cat --ar 0:0", 0);
  struct answer *a = fetch(s, id, 10000);
  (void)state;
  assert_string_equal(text_of(a, "status"), "FAILURE");
  assert_string_equal(text_of(a, "progress"), "");
  assert_true(has(a, "\"imageUrl\":null"));
  assert_string_equal(text_of(a, "failReason"),
                      "[Invalid parameter] Invalid value");
  id = imagine(s, "cat sim:fail", 0);
  assert_string_equal(text_of(fetch(s, id, 60000), "status"), "FAILURE");
  id = imagine(s, "cat sim:stuck", 100000);
  assert_string_equal(text_of(fetch(s, id, 390000), "progress"), "93%");
  a = fetch(s, id, 400000);
  assert_string_equal(text_of(a, "failReason"), "任务超时");
}

int main(void) {
  static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
      T(test_imagine),     T(test_timeline),       T(test_keys),
      T(test_refusals),    T(test_harmless_words), T(test_change),
      T(test_first_tasks), T(test_queue),          T(test_list_by_condition),
      T(test_failures),
  };
  return cmocka_run_group_tests_name("sim_novicezk", tests, NULL, NULL);
}
