/* SPDX-License-Identifier: MIT
   test_sim_generate.c - the simulator's profile "generate": its two routes, its
   bodies, its tasks and their pictures. */
#include "test_sim_gen.h"

static void is_wrong(const char *body, const char *error) {
  struct answer *a = post(body, 0);
  const char *want = say(WRONG("%s"), error);
  if (a->reply.status != 400 || strcmp(a->body, want) != 0)
    fail_msg("%s: %d %s, not %s", body, a->reply.status, a->body, want);
}

/* Routes ------------------------------------------------------------------- */

static void test_routes(void **state) {
  static const struct case_of cases[] = {
      {"GET", GENERATE, NULL, 405, REFUSED_AS("405", "Method Not Allowed")},
      {"POST", STATUS, "{}", 405, REFUSED_AS("405", "Method Not Allowed")},
      {"GET", "/", NULL, 404, REFUSED_AS("404", "Not Found")},
      {"GET", "/api/v1/statusTask/flux", NULL, 404,
       REFUSED_AS("404", "Not Found")},
      {"POST", "/mj" GENERATE, "{}", 404, REFUSED_AS("404", "Not Found")},
      {"POST", "/fast/mj" GENERATE, "{}", 404, REFUSED_AS("404", "Not Found")},
      {"POST", "/mj/submit/imagine", "{\"prompt\":\"cat\"}", 404,
       REFUSED_AS("404", "Not Found")},
      {"GET", "/mj/task/1320098173412546/fetch", NULL, 404,
       REFUSED_AS("404", "Not Found")},
      {"GET", STATUS, NULL, 400, WRONG("Missing required parameter: taskId")},
      {"GET", STATUS "?taskId=", NULL, 400,
       WRONG("Missing required parameter: taskId")},
      {"GET", STATUS "?id=" SAMPLE "&xtaskId=1", NULL, 400,
       WRONG("Missing required parameter: taskId")},
      {"GET", STATUS "?taskId=task_nobody", NULL, 404,
       REFUSED_AS("404", "Task not found")},
      {"GET", STATUS "?taskId=1320098173412546", NULL, 404,
       REFUSED_AS("404", "Task not found")}};
  (void)state;
  check_cases(s, cases, sizeof cases / sizeof cases[0]);
  assert_non_null(text_of(
      ask(s, "GET", STATUS "?a=b&taskId=task%5fabc123xyz789&c=d", NULL, 0),
      "resultJson"));
}

/* The gateways of the other family do not know these. */
static void test_other_profiles(void **state) {
  (void)state;
  for (int i = 0; mj_sim_profiles(i); i++) {
    mj_sim *other;
    struct answer *a;
    if (!strcmp(mj_sim_profiles(i), "generate"))
      continue;
    other = sim_open(mj_sim_profiles(i), NULL);
    a = ask(other, "POST", GENERATE, "{\"input\":{}}", 0);
    assert_int_equal(a->reply.status, 404);
    assert_null(strstr(a->body, "\"code\":404"));
    a = ask(other, "GET", STATUS "?taskId=" SAMPLE, NULL, 0);
    assert_int_equal(a->reply.status, 404);
    assert_int_equal(ask(other, "GET", "/r2/x/1.png", NULL, 0)->reply.status,
                     404);
    mj_sim_free(other);
  }
}

/* Before anything else is looked at. */
static void test_key(void **state) {
  static const char *const bad[] = {NULL,      "",         "sk-1",
                                    "Bearer",  "Bearer ",  "Bearer sk-2",
                                    "Basic x", "Bearer 1", "Bearer sk-1 "};
  struct mj_sim_config cfg;
  struct answer *a;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.api_key = "sk-1";
  open_with(&cfg);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    a = ask_as(s, "POST", GENERATE, "nonsense", 0, bad[i], "sk-1", NULL);
    assert_int_equal(a->reply.status, 401);
    assert_body(a, REFUSED_AS("401", "Invalid or missing API Key"));
    a = ask_as(s, "GET", STATUS, NULL, 0, bad[i], "sk-1", NULL);
    assert_int_equal(a->reply.status, 401);
    assert_body(a, REFUSED_AS("401", "Invalid or missing API Key"));
  }
  a = ask_as(s, "GET", STATUS "?taskId=" SAMPLE, NULL, 0, "bearer  sk-1", NULL,
             NULL);
  assert_int_equal(a->reply.status, 200);
  /* pictures are for everybody */
  a = ask_as(s, "GET", path_of(a, 1), NULL, 0, NULL, NULL, NULL);
  assert_int_equal(a->reply.status, 200);
}

/* Bodies ------------------------------------------------------------------- */

static void test_malformed_bodies(void **state) {
  struct answer *a;
  (void)state;
  is_wrong("", "Request body must be a JSON object");
  is_wrong("[]", "Request body must be a JSON object");
  is_wrong("{\"input\":{\"mode\":", "Request body must be a JSON object");
  is_wrong("{}", "Missing required field: input");
  is_wrong("{\"input\":null}", "Missing required field: input");
  is_wrong("{\"input\":\"cat\"}", "Invalid field: input must be an object");
  is_wrong("{\"input\":[]}", "Invalid field: input must be an object");
  is_wrong("{\"input\":{}}", "Missing required field: input.mode");
  a = ask_as(s, "POST", GENERATE, "{}", 0, NULL, NULL, "text/plain");
  assert_int_equal(a->reply.status, 400);
  assert_body(a, WRONG("Content-Type must be application/json"));
}

static void test_requests(void **state) {
  static const char *const bad[][2] = {
      {"\"request_type\":\"sync\"",
       "Invalid field: request_type must be async or callback"},
      {"\"request_type\":1",
       "Invalid field: request_type must be async or callback"},
      {"\"provider\":7", "Invalid field: provider must be a string"},
      {"\"request_type\":\"callback\"", "Missing required field: callback_url"},
      {"\"request_type\":\"callback\",\"callback_url\":\"\"",
       "Missing required field: callback_url"},
      {"\"request_type\":\"callback\",\"callback_url\":\"ftp://x/\"",
       "Invalid field: callback_url must be an http or https address"},
      {"\"callback_url\":[]",
       "Invalid field: callback_url must be an http or https address"}};
  static const char *const good[] = {
      "\"request_type\":\"async\",\"provider\":\"auto\",\"source\":\"x\"",
      "\"request_type\":\"callback\",\"callback_url\":\"https://a.test/hook\"",
      "\"request_type\":\"async\",\"callback_url\":\"\",\"provider\":null"};
#define CAT "\"input\":{\"mode\":\"text-to-image\",\"prompt\":\"cat\"}"
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    is_wrong(say("{%s," CAT "}", bad[i][0]), bad[i][1]);
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
    assert_int_equal(post(say("{%s," CAT "}", good[i]), 0)->reply.status, 200);
}

/* Each field left out, and each that does not fit. */
static void test_missing_fields(void **state) {
  static const char *const cases[][2] = {
      {"\"mode\":\"text-to-image\"", "prompt"},
      {"\"mode\":\"text-to-image\",\"prompt\":\" \"", "prompt"},
      {"\"mode\":\"image-to-image\"," URLS, "prompt"},
      {IMAGE, "image_urls"},
      {"\"mode\":\"upload-paint\",\"prompt\":\"hat\"," MASK, "image_urls"},
      {PAINT "," CANVAS "," POS, "mask"},
      {PAINT "," MASK "," POS, "canvas"},
      {PAINT "," MASK "," CANVAS, "imgPos"},
      {"\"mode\":\"vary\",\"imageIndex\":0,\"type\":0", "taskId"},
      {VARY ",\"type\":0", "imageIndex"},
      {VARY ",\"imageIndex\":0", "type"},
      {"\"mode\":\"upscale\",\"imageIndex\":0,\"type\":0", "taskId"},
      {BIGGER ",\"type\":0", "imageIndex"},
      {BIGGER ",\"imageIndex\":0", "type"}};
  (void)state;
  is_wrong("{\"input\":{\"mode\":\"text-to-image\"}}",
           "Missing required field: input.prompt");
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    is_wrong(say("{\"input\":{%s}}", cases[i][0]),
             say("Missing required field: input.%s", cases[i][1]));
}

static void test_wrong_fields(void **state) {
  static const char *const cases[][2] = {
      {"\"mode\":\"text-to-image\",\"prompt\":7", "prompt"},
      {"\"mode\":7", "mode"},
      {"\"mode\":\"imagine\"", "mode"},
      {TEXT ",\"version\":\"7\"", "version"},
      {TEXT ",\"version\":7", "version"},
      {TEXT ",\"speed\":\"relax\"", "speed"},
      {TEXT ",\"aspect\":\"wide\"", "aspect"},
      {TEXT ",\"aspect\":\"0:1\"", "aspect"},
      {TEXT ",\"aspect\":\"16:9 \"", "aspect"},
      {TEXT ",\"aspect\":16", "aspect"},
      {TEXT ",\"chaos\":101", "chaos"},
      {TEXT ",\"chaos\":-1", "chaos"},
      {TEXT ",\"chaos\":\"10\"", "chaos"},
      {TEXT ",\"chaos\":1.5", "chaos"},
      {TEXT ",\"stylize\":1001", "stylize"},
      {TEXT ",\"weird\":3001", "weird"},
      {TEXT ",\"enableTranslation\":\"true\"", "enableTranslation"},
      {IMAGE ",\"image_urls\":[]", "image_urls"},
      {IMAGE ",\"image_urls\":\"https://a.test/p.png\"", "image_urls"},
      {IMAGE ",\"image_urls\":[7]", "image_urls"},
      {IMAGE ",\"image_urls\":[\"https://a.test/p.png\",\"\"]", "image_urls"},
      {PAINT ",\"mask\":\"https://a.test/m.png\"", "mask"},
      {PAINT ",\"mask\":{}", "mask"},
      {PAINT ",\"mask\":{\"areas\":[]}", "mask"},
      {PAINT ",\"mask\":{\"url\":7}", "mask"},
      {PAINT ",\"mask\":{\"areas\":{},\"url\":\"iVBORw0KGgo=\"}", "mask"},
      {PAINT "," AREA("0", "0,0,9,0,9,9"), "mask"},
      {PAINT "," AREA("9", "0,0,9,0"), "mask"},
      {PAINT "," AREA("9", "0,0,9,0,9,9,9"), "mask"},
      {PAINT "," AREA("9", "0,0,9,0,9,9.5"), "mask"},
      {PAINT "," AREA("9", "0,0,9,0,9,\"9\""), "mask"},
      {PAINT "," MASK ",\"canvas\":{\"width\":0,\"height\":9}", "canvas"},
      {PAINT "," MASK "," CANVAS ",\"imgPos\":{\"width\":9,\"height\":9}",
       "imgPos"},
      {VARY ",\"imageIndex\":4,\"type\":0", "imageIndex"},
      {VARY ",\"imageIndex\":0,\"type\":2", "type"},
      {BIGGER ",\"imageIndex\":-1,\"type\":0", "imageIndex"},
      {BIGGER ",\"imageIndex\":0,\"type\":4", "type"}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const char *body = say("{\"input\":{%s}}", cases[i][0]);
    struct answer *a = post(body, 0);
    const char *start = say("{\"code\":400,\"message\":\"Invalid request\","
                            "\"data\":{\"error\":\"Invalid field: input.%s "
                            "must be ",
                            cases[i][1]);
    if (a->reply.status != 400 || strncmp(a->body, start, strlen(start)) != 0)
      fail_msg("%s: %d %s, not %s", body, a->reply.status, a->body, start);
  }
}

static void test_good_bodies(void **state) {
  static const char *const cases[] = {
      TEXT ",\"version\":\"v7\",\"speed\":\"fast\",\"aspect\":\"16:9\","
           "\"chaos\":100,\"stylize\":1000,\"weird\":3000,"
           "\"enableTranslation\":true,\"image_urls\":7,\"more\":{}",
      TEXT ",\"version\":\"niji 7\",\"chaos\":0,\"weird\":null",
      IMAGE "," URLS ",\"version\":\"niji 6\",\"speed\":\"turbo\"",
      PAINT "," MASK "," CANVAS "," POS,
      PAINT ",\"mask\":{\"url\":\"iVBORw0KGgo=\"}," CANVAS "," POS,
      VARY ",\"imageIndex\":3,\"type\":1,\"prompt\":\"at night\"",
      BIGGER ",\"imageIndex\":3,\"type\":3"};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_string_equal(end_of(cases[i]), "success");
}

/* Tasks -------------------------------------------------------------------- */

static void test_answers(void **state) {
  struct answer *a = post("{\"input\":{" TEXT "}}", 0);
  const char *id = text_of(a, "taskId");
  int64_t end;
  (void)state;
  assert_int_equal(a->reply.status, 200);
  assert_string_equal(a->reply.content_type, "application/json");
  assert_body(a, say("{\"code\":200,\"message\":\"success\",\"data\":{"
                     "\"taskId\":\"%s\"}}",
                     id));
  assert_int_equal(strlen(id), 17);
  assert_memory_equal(id, "task_", 5);
  assert_int_equal(strspn(id + 5, "abcdefghijklmnopqrstuvwxyz0123456789"), 12);
#define DATA(state)                                                            \
  "{\"code\":200,\"message\":\"success\",\"data\":{"                           \
  "\"taskId\":\"%s\",\"state\":\"" state "\","
  assert_body(status(id, 0),
              say(DATA("pending") "\"createTime\":%lld}}", id, (long long)T0));
  a = status(id, 20000);
  assert_string_equal(a->reply.content_type, "application/json");
  assert_body(
      a, say(DATA("processing") "\"createTime\":%lld}}", id, (long long)T0));
  a = status(id, 60000);
  end = number_of(a, "completeTime");
  assert_in_range(end - T0, 30000, 45000);
  const char *path = path_of(a, 1);
  int stem = (int)strlen(path) - 5;
#define URL(n) say("\\\"" BASE_URL "%.*s%d.png\\\"", stem, path, n)
  assert_body(
      a,
      say(DATA("success") "\"resultJson\":\"{\\\"resultUrls\\\":[%s,%s,%s,%s]"
                          "}\",\"createTime\":%lld,\"completeTime\":%lld,"
                          "\"costTime\":%lld}}",
          id, URL(1), URL(2), URL(3), URL(4), (long long)T0, (long long)end,
          (long long)(end - T0)));
}

/* One at the provider's pages, but for the host of its pictures. */
static void test_sample(void **state) {
  struct answer *a = status(SAMPLE, 0);
  const char *path = path_of(a, 1);
  int stem = (int)strlen(path) - 5;
  (void)state;
  assert_body(
      a, say("{\"code\":200,\"message\":\"success\",\"data\":{\"taskId\":"
             "\"task_abc123xyz789\",\"state\":\"success\",\"resultJson\":"
             "\"{\\\"resultUrls\\\":[%s,%s,%s,%s]}\",\"createTime\":"
             "1767965610929,\"completeTime\":1767965652317,\"costTime\":41388"
             "}}",
             URL(1), URL(2), URL(3), URL(4)));
}

static void test_states_in_order(void **state) {
  static const char *const names[] = {"pending", "processing", "success"};
  const char *id = task(TEXT, 0);
  int at = 0;
  (void)state;
  for (int64_t t = 0; t < 60000; t += 50) {
    const char *now = text_of(status(id, t), "state");
    if (strcmp(now, names[at]) != 0)
      assert_string_equal(now, names[++at]);
    assert_true(t < 2000 || at > 0);
  }
  assert_int_equal(at, 2);
}

static void test_pace(void **state) {
  struct mj_sim_config cfg;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  for (int i = 0; i < 40; i++) {
    cfg.seed++;
    open_with(&cfg);
    const char *fast = task(TEXT, 0);
    const char *turbo = task(TEXT ",\"speed\":\"turbo\"", 0);
    assert_in_range(number_of(status(fast, 90000), "costTime"), 30000, 45000);
    assert_in_range(number_of(status(turbo, 90000), "costTime"), 15000, 25000);
  }
  cfg.clock = 10;
  open_with(&cfg);
  assert_in_range(number_of(status(task(TEXT, 0), 90000), "costTime"), 3000,
                  4500);
}

static void test_failures(void **state) {
  static const char *const cases[][2] = {
      {TEXT, "success"},
      {"\"mode\":\"text-to-image\",\"prompt\":\"a nude\"", "CONTENT_VIOLATION"},
      {"\"mode\":\"text-to-image\",\"prompt\":\"sim:fail\"",
       "GENERATION_FAILED"},
      {"\"mode\":\"text-to-image\",\"prompt\":\"sim:stuck\"",
       "PROCESSING_TIMEOUT"},
      {"\"mode\":\"text-to-image\",\"prompt\":\"cat --ar 0:0\"",
       "INVALID_PROMPT"},
      {VARY ",\"imageIndex\":0,\"type\":0,\"prompt\":\"sim:fail\"",
       "GENERATION_FAILED"},
      {IMAGE ",\"image_urls\":[\"https://a.test/missing.png\"]",
       "INVALID_IMAGE_URL"},
      {IMAGE ",\"image_urls\":[\"data:image/png;base64,iVBORw0KGgo=\"]",
       "INVALID_IMAGE_URL"},
      {IMAGE ",\"image_urls\":[\"https://a.test/p.GIF?x=1\"]",
       "UNSUPPORTED_FORMAT"},
      {IMAGE ",\"image_urls\":[\"https://a.test/p.jpg\",\"http://a.test/"
             "p.bmp\"]",
       "UNSUPPORTED_FORMAT"},
      {IMAGE ",\"image_urls\":[\"https://a.test/huge.png\"]",
       "IMAGE_TOO_LARGE"},
      {PAINT ",\"mask\":{\"url\":\"https://a.test/missing.png\"}," CANVAS
             "," POS,
       "INVALID_IMAGE_URL"},
      {"\"mode\":\"vary\",\"taskId\":\"task_x\",\"imageIndex\":0,\"type\":0",
       "INVALID_TASK_ID"},
      {"\"mode\":\"upscale\",\"taskId\":\"task_x\",\"imageIndex\":0,"
       "\"type\":0",
       "INVALID_TASK_ID"}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_string_equal(end_of(cases[i][0]), cases[i][1]);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  static const struct CMUnitTest tests[] = {
      TEST(test_routes),
      TEST(test_other_profiles),
      TEST(test_key),
      TEST(test_malformed_bodies),
      TEST(test_requests),
      TEST(test_missing_fields),
      TEST(test_wrong_fields),
      TEST(test_good_bodies),
      TEST(test_answers),
      TEST(test_sample),
      TEST(test_states_in_order),
      TEST(test_pace),
      TEST(test_failures),
  };
  return cmocka_run_group_tests_name("sim_generate", tests, NULL, NULL);
}
