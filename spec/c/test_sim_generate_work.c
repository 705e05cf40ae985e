/* SPDX-License-Identifier: MIT
   test_sim_generate_work.c - what the simulator's profile "generate" makes:
   pictures, their descent, failures, and what an account may be allowed. */
#include "test_sim_gen.h"

#define DAY INT64_C(86400000)

/* The n-th picture of a finished task, as it was drawn. */
static const struct mj_picture *picture(const char *id, int n, int64_t at) {
  struct answer *a = ask(s, "GET", path_of(status(id, at), n), NULL, at);
  if (a->reply.status != 200)
    fail_msg("picture %d: %d %s", n, a->reply.status, a->body);
  assert_string_equal(a->reply.content_type, "image/png");
  assert_memory_equal(a->body, "\x89PNG", 4);
  return &drawn;
}

static size_t count(const struct answer *a, const char *text) {
  size_t n = 0;
  for (const char *p = a->body; (p = strstr(p, text)) != NULL; p++)
    n++;
  return n;
}

static void is_sized(const struct mj_picture *p, int width, int height) {
  assert_int_equal(p->width, width);
  assert_int_equal(p->height, height);
}

static void test_four_pictures(void **state) {
  const char *id = task(TEXT ",\"aspect\":\"16:9\"", 0);
  const struct mj_picture *p;
  struct answer *a = status(id, 60000);
  uint64_t seed = 0;
  (void)state;
  assert_int_equal(count(a, BASE_URL "/r2/"), 4);
  for (int n = 1; n <= 4; n++) {
    p = picture(id, n, 60000);
    assert_int_equal(p->kind, MJ_PICTURE_TILE);
    assert_string_equal(p->prompt, "cat");
    assert_null(p->label);
    assert_int_equal(p->nsteps, 1);
    assert_int_equal(drawn_steps[0].tile, n);
    assert_true(n == 1 || drawn_steps[0].seed == seed);
    seed = drawn_steps[0].seed;
    is_sized(p, 1368, 768);
  }
  assert_int_equal(
      ask(s, "HEAD", path_of(status(id, 60000), 1), NULL, 60000)->reply.status,
      200);
}

/* Of the field, else of the prompt; of a canvas; a square. */
static void test_shapes(void **state) {
  static const struct {
    const char *input;
    int width, height;
  } cases[] = {
      {TEXT, 1024, 1024},
      {TEXT ",\"aspect\":\"9:16\"", 768, 1368},
      {"\"mode\":\"text-to-image\",\"prompt\":\"cat --ar 3:2\"", 1256, 840},
      {"\"mode\":\"text-to-image\",\"prompt\":\"cat --ar 3:2\",\"aspect\":"
       "\"1:1\"",
       1024, 1024},
      {IMAGE "," URLS ",\"aspect\":\"3:2\"", 1256, 840},
      {PAINT "," MASK "," CANVAS "," POS, 1448, 728},
      {PAINT "," MASK ",\"canvas\":{\"width\":9000,\"height\":3}," POS, 3832,
       272},
      {PAINT "," MASK ",\"canvas\":{\"width\":3,\"height\":9000}," POS, 272,
       3832},
      {VARY ",\"imageIndex\":0,\"type\":0", 1024, 1024}};
  int64_t at = 0;
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++, at += 100000)
    is_sized(picture(task(cases[i].input, at), 1, at + 90000), cases[i].width,
             cases[i].height);
}

static void test_upscale(void **state) {
  static const char *const labels[] = {"HD", "creative", "2x", "4x"};
  static const int width[] = {2512, 2512, 2512, 4096},
                   height[] = {1680, 1680, 1680, 2739};
  const char *grid = task(TEXT ",\"aspect\":\"3:2\"", 0), *id;
  uint64_t seed;
  (void)state;
  picture(grid, 1, 60000);
  seed = drawn_steps[0].seed;
  for (int type = 0; type < 4; type++) {
    int64_t at = 100000 * (type + 1);
    const struct mj_picture *p;
    id = task(say("\"mode\":\"upscale\",\"taskId\":\"%s\",\"imageIndex\":%d,"
                  "\"type\":%d",
                  grid, type, type),
              at);
    assert_int_equal(count(status(id, at + 60000), BASE_URL "/r2/"), 1);
    p = picture(id, 1, at + 60000);
    assert_string_equal(p->label, labels[type]);
    assert_int_equal(p->nsteps, 1);
    assert_int_equal(drawn_steps[0].tile, type + 1);
    assert_true(drawn_steps[0].seed == seed);
    is_sized(p, width[type], height[type]);
  }
}

/* A variation of a variation, and an upscale of that. */
static void test_descent(void **state) {
  const char *grid = task(TEXT, 0), *id;
  uint64_t seed;
  (void)state;
  picture(grid, 1, 60000);
  seed = drawn_steps[0].seed;
  id = task(say("\"mode\":\"vary\",\"taskId\":\"%s\",\"imageIndex\":2,"
                "\"type\":1,\"prompt\":\"at night\"",
                grid),
            60000);
  assert_int_equal(count(status(id, 120000), BASE_URL "/r2/"), 4);
  assert_string_equal(picture(id, 4, 120000)->label, "V of 3 strong");
  assert_string_equal(drawn.prompt, "at night");
  assert_int_equal(drawn.nsteps, 2);
  assert_true(drawn_steps[0].seed == seed);
  assert_int_equal(drawn_steps[0].tile, 3);
  assert_true(drawn_steps[1].seed != seed);
  assert_int_equal(drawn_steps[1].tile, 4);
  id = task(say("\"mode\":\"upscale\",\"taskId\":\"%s\",\"imageIndex\":1,"
                "\"type\":2",
                id),
            120000);
  assert_int_equal(picture(id, 1, 180000)->nsteps, 2);
  assert_int_equal(drawn_steps[1].tile, 2);
  /* without words it keeps its parent's */
  id = task(say("\"mode\":\"vary\",\"taskId\":\"%s\",\"imageIndex\":0,"
                "\"type\":0",
                grid),
            180000);
  assert_string_equal(picture(id, 1, 240000)->prompt, "cat");
  assert_string_equal(drawn.label, "V of 1 subtle");
}

/* What is not finished, or no grid, cannot be built upon. */
static void test_parents(void **state) {
  const char *young = task(TEXT, 0), *big, *bad;
  (void)state;
  bad = task("\"mode\":\"text-to-image\",\"prompt\":\"sim:fail\"", 0);
  big = task(BIGGER ",\"imageIndex\":0,\"type\":0", 0);
#define FROM(mode, id)                                                         \
  say("\"mode\":\"" mode "\",\"taskId\":\"%s\",\"imageIndex\":0,\"type\":0", id)
  const char *early = task(FROM("vary", young), 1000);
  struct answer *a = status(early, 5000);
  assert_string_equal(text_of(a, "failCode"), "INVALID_TASK_ID");
  assert_string_equal(text_of(a, "failMsg"), "Invalid previous task ID");
  assert_in_range(number_of(a, "costTime"), 1000, 4000);
  assert_null(text_of(a, "resultJson"));
  assert_string_equal(
      text_of(status(task(FROM("upscale", bad), 90000), 99000), "failCode"),
      "INVALID_TASK_ID");
  assert_string_equal(
      text_of(status(task(FROM("vary", big), 99000), 110000), "failCode"),
      "INVALID_TASK_ID");
  assert_string_equal(
      text_of(status(task(FROM("vary", young), 110000), 190000), "state"),
      "success");
}

static void test_addresses(void **state) {
  const char *id = task(TEXT, 0), *big, *path;
  char other[200];
  int64_t end;
  (void)state;
  path = path_of(status(id, 60000), 4);
  end = number_of(status(id, 60000), "completeTime") - T0;
  /* the fifth of four, one without an end, one that nobody knows */
  snprintf(other, sizeof other, "%s", path);
  other[strlen(other) - 5] = '5';
  assert_int_equal(ask(s, "GET", other, NULL, 60000)->reply.status, 404);
  assert_int_equal(ask(s, "GET", say("%sx", path), NULL, 60000)->reply.status,
                   404);
  assert_int_equal(ask(s, "GET", "/r2/x/1.png", NULL, 60000)->reply.status,
                   404);
  /* the second of one */
  big = task(BIGGER ",\"imageIndex\":0,\"type\":0", 60000);
  snprintf(other, sizeof other, "%s", path_of(status(big, 120000), 1));
  assert_int_equal(ask(s, "GET", other, NULL, 120000)->reply.status, 200);
  other[strlen(other) - 5] = '2';
  assert_int_equal(ask(s, "GET", other, NULL, 120000)->reply.status, 404);
  /* for 15 days; that of the provider's page for good */
  assert_int_equal(ask(s, "GET", path, NULL, end + 15 * DAY)->reply.status,
                   200);
  assert_int_equal(ask(s, "GET", path, NULL, end + 15 * DAY + 1)->reply.status,
                   403);
  assert_int_equal(
      ask(s, "GET", path_of(status(SAMPLE, 0), 1), NULL, 0)->reply.status, 200);
}

/* Before a task has ended its pictures are not there. */
static void test_pictures_in_time(void **state) {
  const char *path = path_of(status(task(TEXT, 0), 60000), 1);
  struct mj_sim_config cfg;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.clock = 100;
  open_with(NULL);
  task(TEXT, 0);
  assert_int_equal(ask(s, "GET", path, NULL, 1000)->reply.status, 404);
  assert_int_equal(ask(s, "GET", path, NULL, 60000)->reply.status, 200);
  /* its days pass as its seconds do */
  open_with(&cfg);
  task(TEXT, 0);
  assert_int_equal(ask(s, "GET", path, NULL, 600)->reply.status, 200);
  assert_int_equal(ask(s, "GET", path, NULL, 14 * DAY / 100)->reply.status,
                   200);
  assert_int_equal(
      ask(s, "GET", path, NULL, 15 * DAY / 100 + 600)->reply.status, 403);
  mj_sim_free(s);
  s = sim_open("generate", NULL); /* without libgd */
  task(TEXT, 0);
  assert_int_equal(ask(s, "GET", path, NULL, 60000)->reply.status, 404);
}

/* The same work, whenever it is asked for and whatever is asked in between. */
static void test_same_seed(void **state) {
  struct mj_sim_config cfg;
  char ids[2][32], answers[2][2048];
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.seed = 7;
  for (int i = 0; i < 2; i++) {
    open_with(&cfg);
    if (i)
      task(IMAGE "," URLS, 0);
    snprintf(ids[i], sizeof ids[i], "%s", task(TEXT, 0));
    const char *id = task(say("\"mode\":\"vary\",\"taskId\":\"%s\","
                              "\"imageIndex\":0,\"type\":0",
                              ids[i]),
                          60000);
    snprintf(answers[i], sizeof answers[i], "%s", status(id, 200000)->body);
  }
  assert_string_equal(ids[0], ids[1]);
  assert_string_equal(answers[0], answers[1]);
  /* the second of the same is another, and so is what differs in a field */
  assert_string_not_equal(ids[0], task(TEXT, 200000));
  assert_string_not_equal(ids[0], task(TEXT ",\"chaos\":1", 200000));
  cfg.seed = 8;
  open_with(&cfg);
  assert_string_not_equal(ids[0], task(TEXT, 0));
}

static void test_every_code(void **state) {
  static const char *const codes[][2] = {
      {"CONTENT_VIOLATION", "Content violates safety guidelines"},
      {"INVALID_IMAGE_URL", "Cannot access provided image URL"},
      {"INVALID_TASK_ID", "Invalid previous task ID"},
      {"NSFW_DETECTED", "NSFW content detected"},
      {"PROMPT_TOO_LONG", "Prompt is too long"},
      {"INVALID_PROMPT", "Invalid prompt"},
      {"IMAGE_TOO_LARGE", "Image exceeds 10MB"},
      {"UNSUPPORTED_FORMAT", "Image format is not supported"},
      {"IMAGE_DOWNLOAD_FAILED", "Failed to download image"},
      {"PROCESSING_TIMEOUT", "Processing timed out"},
      {"MODEL_UNAVAILABLE", "Model is temporarily unavailable"},
      {"GENERATION_FAILED", "Image generation failed"},
      {"INSUFFICIENT_CREDITS", "Insufficient credits"},
      {"SensitiveContentDetected", "Sensitive content detected"}};
  int64_t at = 0;
  (void)state;
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++, at += 90000) {
    const char *id = task(say("\"mode\":\"text-to-image\",\"prompt\":"
                              "\"a cat sim:%s\"",
                              codes[i][0]),
                          at);
    struct answer *a = status(id, at + 80000);
    int64_t end = number_of(a, "completeTime");
    assert_body(a, say("{\"code\":200,\"message\":\"success\",\"data\":{"
                       "\"taskId\":\"%s\",\"state\":\"failed\",\"failCode\":"
                       "\"%s\",\"failMsg\":\"%s\",\"createTime\":%lld,"
                       "\"completeTime\":%lld,\"costTime\":%lld}}",
                       id, codes[i][0], codes[i][1], (long long)(T0 + at),
                       (long long)end, (long long)(end - T0 - at)));
  }
}

/* Moderation looks at the pictures, so it comes at the end. */
static void test_lengths(void **state) {
  static const struct {
    const char *prompt;
    int64_t lo, hi;
  } cases[] = {{"a nude", 30000, 45000},
               {"sim:fail", 15000, 22500},
               {"sim:slow", 300000, 450000},
               {"sim:stuck", 300000, 300000},
               {"sim:MODEL_UNAVAILABLE", 15000, 22500}};
  int64_t at = 0;
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++, at += 1000000) {
    const char *id = task(
        say("\"mode\":\"text-to-image\",\"prompt\":\"%s\"", cases[i].prompt),
        at);
    assert_in_range(number_of(status(id, at + 999999), "costTime"), cases[i].lo,
                    cases[i].hi);
  }
}

/* Only where they have been asked for. */
static void test_capabilities(void **state) {
  static const struct {
    const char *mode, *more;
    size_t pictures;
  } cases[] = {{"outpaint", URLS "," CANVAS "," POS, 4},
               {"retexture", URLS ",\"prompt\":\"of wood\"", 4},
               {"remove-background", URLS, 1},
               {"reroll", "\"taskId\":\"" SAMPLE "\"", 4}};
  struct mj_sim_config cfg;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  for (int all = 0; all < 2; all++) {
    for (size_t i = 0; i < 4; i++) {
      const char *input =
          say("\"mode\":\"%s\",%s", cases[i].mode, cases[i].more);
      open_with(NULL);
      assert_body(
          post(say("{\"input\":{%s}}", input), 0),
          say(WRONG("mode not enabled for this account: %s"), cases[i].mode));
      cfg.capabilities = all ? "all" : cases[i].mode;
      open_with(&cfg);
      assert_int_equal(count(status(task(input, 0), 60000), BASE_URL "/r2/"),
                       cases[i].pictures);
      if (!all)
        assert_int_equal(
            post(say("{\"input\":{\"mode\":\"%s\"}}", cases[!i].mode), 0)
                ->reply.status,
            400);
    }
  }
}

static void test_reroll(void **state) {
  struct mj_sim_config cfg;
  uint64_t seed;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.capabilities = "outpaint+reroll";
  open_with(&cfg);
  picture(SAMPLE, 2, 0);
  seed = drawn_steps[0].seed;
  picture(task("\"mode\":\"reroll\",\"taskId\":\"" SAMPLE "\"", 0), 2, 60000);
  assert_int_equal(drawn.nsteps, 1);
  assert_true(drawn_steps[0].seed != seed);
  assert_int_equal(drawn_steps[0].tile, 2);
  assert_string_equal(end_of("\"mode\":\"reroll\",\"taskId\":\"task_x\""),
                      "INVALID_TASK_ID");
}

static void refuses(struct mj_sim_config cfg, const char *profile,
                    const char *want) {
  char why[200] = "";
  mj_sim *none;
  cfg.profile = profile;
  assert_int_equal(mj_sim_new(&none, &cfg, why, sizeof why), -1);
  assert_string_equal(why, want);
}

static void test_settings(void **state) {
  struct mj_sim_config cfg;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.capabilities = "vary";
  refuses(cfg, "generate",
          "capabilities: no 'vary' (all, outpaint, retexture, "
          "remove-background, reroll)");
  cfg.capabilities = "all";
  refuses(cfg, "plus", "live and capabilities belong to the profile generate");
  cfg.capabilities = NULL;
  cfg.live = 3;
  refuses(cfg, "new-api",
          "live and capabilities belong to the profile generate");
  cfg.rate = -1;
  refuses(cfg, "generate", "rate and submits are not below 0");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  static const struct CMUnitTest tests[] = {
      TEST(test_four_pictures),    TEST(test_shapes),
      TEST(test_upscale),          TEST(test_descent),
      TEST(test_parents),          TEST(test_addresses),
      TEST(test_pictures_in_time), TEST(test_same_seed),
      TEST(test_every_code),       TEST(test_lengths),
      TEST(test_capabilities),     TEST(test_reroll),
      TEST(test_settings),
  };
  return cmocka_run_group_tests_name("sim_generate_work", tests, NULL, NULL);
}
