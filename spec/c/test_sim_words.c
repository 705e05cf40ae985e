/* SPDX-License-Identifier: MIT
   test_sim_words.c - what describe and shorten answer in the simulator. */
#include "test_sim.h"

static mj_sim *s;

/* 24 bytes of a PNG of 300 by 200, which say as much; then one of 200 by 300.
 */
#define WIDE "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAASwAAADI"
#define TALL "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAMgAAAEs"

static void open_as(const char *profile) {
  struct mj_sim_config cfg;
  memset(&cfg, 0, sizeof cfg);
  cfg.sync = -1;
  mj_sim_free(s);
  s = sim_open(profile, &cfg);
}

static int tear_down(void **state) {
  (void)state;
  mj_sim_free(s);
  s = NULL;
  return 0;
}

static struct answer *described(const char *picture, int64_t at) {
  const char *id =
      submit(s, "/mj/submit/describe", say("{\"base64\":\"%s\"}", picture), at);
  return fetch(s, id, at + 60000);
}

/* Four keycaps with a prompt each; the same in Chinese. */
static void test_describe(void **state) {
  static const char *const profiles[] = {"novicezk", "plus", "new-api"};
  (void)state;
  for (int i = 0; i < 3; i++) {
    const char *text, *id;
    struct answer *a;
    int lines = 0;
    open_as(profiles[i]);
    a = described(WIDE, 0);
    assert_string_equal(text_of(a, "status"), "SUCCESS");
    assert_string_equal(text_of(a, "action"), "DESCRIBE");
    text = text_of(a, "finalPrompt");
    id = text_of(a, "id");
    assert_memory_equal(text, "1️⃣ ", 8);
    assert_non_null(strstr(text, " --ar 3:2\\n\\n2️⃣ "));
    assert_non_null(strstr(text, " --ar 3:2\\n\\n4️⃣ "));
    for (const char *p = text; (p = strstr(p, "\\n\\n")); p++)
      lines++;
    assert_int_equal(lines, 3);
    assert_string_equal(text_of(a, "promptEn"), text);
    assert_memory_equal(text_of(a, "finalZhPrompt"), "1️⃣ ", 8);
    if (i < 2) {
      assert_string_equal(text_of(a, "prompt"), text);
      assert_string_equal(text_of(a, "description"),
                          say("/describe %s.png", id));
      assert_non_null(strstr(text_of(a, "imageUrl"), say("/%s.png?ex=", id)));
    } else {
      assert_string_equal(text_of(a, "imageUrl"),
                          say(BASE_URL "/mj/image/%s", id));
    }
    assert_int_equal(has(a, "\"customId\":\"MJ::Job::PicReader::1\""), i > 0);
    assert_int_equal(has(a, "\"customId\":\"MJ::Picread::Retry\""), i > 0);
    assert_int_equal(has(a, "\"customId\":\"MJ::Job::PicReader::all\""), i > 0);
  }
}

/* trueai's partners send four bare lines. */
static void test_describe_plain(void **state) {
  struct answer *a;
  const char *text;
  (void)state;
  open_as("trueai");
  a = described(TALL, 0);
  text = text_of(a, "finalPrompt");
  assert_null(strstr(text, "1️⃣"));
  assert_non_null(strstr(text, " --ar 2:3\\r\\na"));
  assert_string_equal(text_of(a, "promptEn"), text);
  assert_true(has(a, "\"prompt\":null"));
}

/* From the picture's bytes: the same ones are told the same way, the first
   time, at any gateway; and another way when asked again. */
static void test_describe_depends_on_the_picture(void **state) {
  const char *wide, *again, *other;
  (void)state;
  open_as("plus");
  wide = say("%s", text_of(described(WIDE, 0), "finalPrompt"));
  other = say("%s", text_of(described(TALL, 100000), "finalPrompt"));
  again = say("%s", text_of(described(WIDE, 200000), "finalPrompt"));
  assert_string_not_equal(wide, other);
  assert_string_not_equal(wide, again);
  open_as("novicezk");
  assert_string_equal(text_of(described(WIDE, 5000), "finalPrompt"), wide);
}

static void test_retry(void **state) {
  const char *id, *first, *url;
  struct answer *a;
  (void)state;
  open_as("plus");
  a = described(WIDE, 0);
  id = text_of(a, "id");
  first = text_of(a, "finalPrompt");
  url = text_of(a, "imageUrl");
  id = say("%s",
           text_of(press(s, id, "MJ::Picread::Retry", "", 100000), "result"));
  a = fetch(s, id, 200000);
  assert_string_equal(text_of(a, "action"), "DESCRIBE");
  assert_string_not_equal(text_of(a, "finalPrompt"), first);
  assert_string_equal(text_of(a, "imageUrl"), url);
}

#define PROMPT "a red fox in the snow, at night, woodcut --ar 3:2"

static void test_shorten(void **state) {
  static const char *const profiles[] = {"plus", "new-api", "trueai"};
  (void)state;
  for (int i = 0; i < 3; i++) {
    const char *id, *text;
    struct answer *a;
    open_as(profiles[i]);
    id = submit(s, "/mj/submit/shorten", "{\"prompt\":\"" PROMPT "\"}", 0);
    a = fetch(s, id, 2500);
    assert_false(has(a, "%\",\"failReason\":\"x"));
    a = fetch(s, id, 60000);
    text = text_of(a, "finalPrompt");
    assert_memory_equal(text, "## Important tokens\\n", 21);
    assert_non_null(strstr(text, "**"));
    assert_non_null(strstr(text, "\\n## Shortened prompts\\n1️⃣ "));
    assert_non_null(strstr(text, "\\n\\n5️⃣ "));
    assert_null(strstr(text, "--ar")); /* no parameter is a token */
    assert_string_equal(text_of(a, "prompt"), PROMPT);
    assert_null(
        strstr(text_of(a, "imageUrl") ? text_of(a, "imageUrl") : "", "http"));
    assert_true(has(a, "\"customId\":\"MJ::Job::PromptAnalyzer::5\""));
    assert_true(has(a, "\"label\":\"Show Details\""));
    assert_string_equal(text_of(a, "description"), i == 0   ? "/shorten " PROMPT
                                                   : i == 1 ? "提交成功"
                                                            : text);
  }
}

/* Byte for byte: what a seed of 0 makes of this prompt. */
static void test_details(void **state) {
  const char *id, *more;
  struct answer *a;
  (void)state;
  open_as("plus");
  id = submit(s, "/mj/submit/shorten", "{\"prompt\":\"" PROMPT "\"}", 0);
  more = say("%s",
             text_of(press(s, id, "MJ::Job::PromptAnalyzerExtended", "", 60000),
                     "result"));
  a = fetch(s, more, 100000);
  assert_string_equal(text_of(a, "action"), "SHORTEN");
  assert_string_equal(text_of(a, "description"),
                      say("/up %s Show Details", id));
  const char *text = text_of(a, "finalPrompt");
  assert_non_null(strstr(text, "** (1.00)"));
  assert_non_null(strstr(text, "\\n\\n██████████ "));
  assert_non_null(strstr(text, "\\n## Shortened prompts\\n1️⃣ "));
  assert_null(strstr(text, "~~"));
  assert_true(has(a, "MJ::Job::PromptAnalyzer::5"));
  assert_false(has(a, "Show Details\",\"type\""));
  assert_memory_equal(text_of(a, "finalZhPrompt"), "## 重要词汇\\n", 17);
}

/* The n-th prompt of the answer is the one that the n-th button offers. */
static void test_offers(void **state) {
  const char *id, *text;
  (void)state;
  open_as("plus");
  id = text_of(described(WIDE, 0), "id");
  text = text_of(fetch(s, id, 60000), "finalPrompt");
  for (int i = 1; i <= 4; i++) {
    const char *start = say("MJ::Job::PicReader::%d", i);
    struct answer *a = press(s, id, start, "", 100000);
    const char *want = strstr(text, say("%d️⃣ ", i));
    assert_non_null(want);
    want += 8;
    const char *end = strstr(want, "\\n\\n");
    assert_string_equal(text_of(a, "finalPrompt"),
                        end ? say("%.*s", (int)(end - want), want) : want);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_teardown(f, tear_down)
      T(test_describe),
      T(test_describe_plain),
      T(test_describe_depends_on_the_picture),
      T(test_retry),
      T(test_shorten),
      T(test_details),
      T(test_offers),
  };
  return cmocka_run_group_tests_name("sim_words", tests, NULL, NULL);
}
