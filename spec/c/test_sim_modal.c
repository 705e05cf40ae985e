/* SPDX-License-Identifier: MIT
   test_sim_modal.c - the dialogs of the simulator: which buttons open one, and
   what comes of the answer. */
#include "test_sim.h"

static mj_sim *s;
static const char *const all[] = {"new-api", "plus", "trueai"};
static struct mj_sim_config cfg;

static int set_up(void **state) {
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.sync = -1;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  mj_sim_free(s);
  s = NULL;
  return 0;
}

static void open_with(const char *profile) {
  mj_sim_free(s);
  s = sim_open(profile, &cfg);
}

static const char *result(const struct answer *a) {
  const char *id = text_of(a, "result");
  if (!id)
    fail_msg("no result: %s", a->body);
  return say("%s", id ? id : "");
}

/* An upscaled picture, at 200 s. */
static const char *upscaled(const char *prompt) {
  const char *grid = imagine(s, prompt, 0);
  return result(press(s, grid, "MJ::JOB::upsample::1", "", 100000));
}

static struct answer *modal(const char *id, const char *more, int64_t at) {
  return ask(s, "POST", "/mj/submit/modal",
             say("{\"taskId\":\"%s\"%s}", id, more), at);
}

static const char *status(const char *id, int64_t at) {
  return text_of(fetch(s, id, at), "status");
}

/* Custom Zoom, from the button to the end. */
static void test_zoom(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    const char *id;
    struct answer *a;
    open_with(all[i]);
    a = press(s, upscaled("cat"), "MJ::CustomZoom", "", 200000);
    id = result(a);
    assert_body(a, say("{\"code\":21,\"description\":\"Waiting for window "
                       "confirm\",\"result\":\"%s\",\"properties\":{"
                       "\"finalPrompt\":\"cat --v 6.1 --zoom 2\",\"remix\":true"
                       "}}",
                       id));
    a = fetch(s, id, 900000);
    assert_string_equal(text_of(a, "status"), "MODAL");
    assert_string_equal(text_of(a, "description"),
                        "Waiting for window confirm");
    assert_string_equal(text_of(a, "finalPrompt"), "cat --v 6.1 --zoom 2");
    assert_string_equal(text_of(a, "action"), i ? "ZOOM" : "CUSTOM_ZOOM");
    a = modal(id, ",\"prompt\":\"cat --zoom 1.5\"", 900000);
    assert_string_equal(result(a), id);
    assert_memory_equal(a->body, "{\"code\":1,\"description\":\"提交成功\"",
                        37);
    assert_body(modal(id, "", 900000), REFUSED("4", "关联任务状态错误"));
    assert_string_equal(status(id, 915000), "IN_PROGRESS");
    a = fetch(s, id, 990000);
    assert_string_equal(text_of(a, "status"), "SUCCESS");
    assert_string_equal(text_of(a, "finalPrompt"), "cat --zoom 1.5 --v 6.1");
    assert_string_equal(text_of(a, "prompt"), "cat");
    assert_true(has(a, "\"label\":\"V4\""));
  }
}

/* It wants --zoom from 1 to 2; nothing said means what was suggested. */
static void test_zoom_range(void **state) {
  static const struct {
    const char *prompt, *status;
  } cases[] = {{"", "SUCCESS"},
               {",\"prompt\":\" \"", "SUCCESS"},
               {",\"prompt\":\"cat --zoom 1\"", "SUCCESS"},
               {",\"prompt\":\"cat --zoom 2\"", "SUCCESS"},
               {",\"prompt\":\"cat --zoom 2.1\"", "FAILURE"},
               {",\"prompt\":\"cat --zoom .5\"", "FAILURE"},
               {",\"prompt\":\"cat\"", "FAILURE"}};
  const char *up;
  (void)state;
  open_with("plus");
  up = upscaled("cat");
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int64_t at = 200000 + 100000 * (int64_t)i;
    const char *id = result(press(s, up, "MJ::CustomZoom", "", at));
    result(modal(id, cases[i].prompt, at));
    assert_string_equal(status(id, at + 90000), cases[i].status);
  }
}

/* A region has to be marked: by a PNG. */
static void test_mask(void **state) {
  static const struct {
    const char *mask, *code, *status; /* trueai does not look, and fails */
  } cases[] = {{",\"maskBase64\":\"" PNG "\"", "1", "SUCCESS"},
               {"", "1", "FAILURE"},
               {",\"maskBase64\":\"" JPEG "\"", "4", "FAILURE"},
               {",\"maskBase64\":\"" GONE "\"", "4", "FAILURE"},
               {",\"maskBase64\":\"white\"", "4", "FAILURE"}};
  (void)state;
  for (int k = 0; k < 3; k++) {
    const char *up;
    open_with(all[k]);
    up = upscaled("cat");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
      int64_t at = 200000 + 100000 * (int64_t)i;
      const char *id = result(press(s, up, "MJ::Inpaint", "", at));
      struct answer *a =
          modal(id, say(",\"prompt\":\"a hat\"%s", cases[i].mask), at);
      if (k < 2 && *cases[i].code == '4') {
        assert_body(a, REFUSED("4", "base64格式错误"));
        continue;
      }
      assert_string_equal(result(a), id);
      a = fetch(s, id, at + 90000);
      assert_string_equal(text_of(a, "status"), cases[i].status);
      if (*cases[i].status == 'F')
        assert_string_equal(text_of(a, "failReason"),
                            "500 Internal Server Error");
    }
  }
}

/* trueai suggests nothing for a region, and then takes the parent's prompt. */
static void test_region_prompt(void **state) {
  (void)state;
  for (int k = 0; k < 3; k++) {
    const char *id, *up;
    struct answer *a;
    open_with(all[k]);
    up = upscaled("cat");
    a = press(s, up, "MJ::Inpaint", "", 200000);
    assert_string_equal(text_of(a, "finalPrompt"), k == 2 ? "" : "cat --v 6.1");
    id = result(a);
    assert_string_equal(text_of(fetch(s, id, 200000), "prompt"),
                        k == 2 ? "" : "cat");
    result(modal(id, ",\"maskBase64\":\"" PNG "\"", 200000));
    a = fetch(s, id, 300000);
    assert_string_equal(text_of(a, "status"), "SUCCESS");
    assert_string_equal(text_of(a, "prompt"), "cat");
  }
}

/* With enableRemix; new-api rewrites 21 to 1, but for the two above. */
static void test_remix(void **state) {
  static const char *const asks[] = {
      "MJ::JOB::low_variation", "MJ::JOB::high_variation", "MJ::JOB::pan_left"};
  (void)state;
  for (int k = 0; k < 3; k++) {
    const char *up, *id, *code = k ? "{\"code\":21," : "{\"code\":1,";
    struct answer *a;
    open_with(all[k]);
    up = upscaled("cat");
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
      int64_t at = 200000 + 200000 * (int64_t)i;
      a = press(s, up, asks[i], ",\"enableRemix\":true", at);
      assert_memory_equal(a->body, code, strlen(code));
      assert_string_equal(text_of(a, "finalPrompt"), "cat --v 6.1");
      assert_string_equal(status(result(a), at), "MODAL");
      a = press(s, up, asks[i], ",\"enableRemix\":false", at);
      assert_string_equal(status(result(a), at + 100000), "SUCCESS");
    }
    /* upscales and zooms never ask */
    a = press(s, up, "MJ::Outpaint::50", ",\"enableRemix\":true", 800000);
    assert_string_equal(status(result(a), 900000), "SUCCESS");
    a = press(s, imagine(s, "dog", 900000), "MJ::JOB::reroll",
              ",\"enableRemix\":true", 1000000);
    id = result(a);
    result(modal(id, ",\"prompt\":\"a bigger dog\"", 1000000));
    a = fetch(s, id, 1100000);
    assert_string_equal(text_of(a, "status"), "SUCCESS");
    assert_string_equal(text_of(a, "finalPrompt"), "a bigger dog --v 6.1");
    assert_string_equal(text_of(a, "promptEn"), "a bigger dog");
  }
}

/* An account with remix on asks by itself. */
static void test_remix_account(void **state) {
  const char *grid;
  struct answer *a;
  (void)state;
  cfg.remix = 1;
  open_with("plus");
  grid = imagine(s, "cat", 0);
  a = press(s, grid, "MJ::JOB::variation::2", "", 100000);
  assert_memory_equal(a->body, "{\"code\":21,", 11);
  a = press(s, grid, "MJ::JOB::upsample::2", "", 100000);
  assert_memory_equal(a->body, "{\"code\":1,", 10);
  assert_string_equal(status(result(a), 200000), "SUCCESS");
}

/* Describe and shorten offer prompts; a dialog comes before the picture. */
static void test_prompts(void **state) {
  const char *told, *id;
  struct answer *a;
  (void)state;
  open_with("plus");
  told = submit(s, "/mj/submit/shorten",
                "{\"prompt\":\"a red fox in deep snow at night\"}", 0);
  a = press(s, told, "MJ::Job::PromptAnalyzer::5", "", 100000);
  assert_memory_equal(a->body, "{\"code\":21,", 11);
  const char *prompt = say("%s", text_of(a, "finalPrompt"));
  assert_null(strstr(prompt, "5️⃣"));
  id = result(a);
  result(modal(id, "", 100000));
  a = fetch(s, id, 200000);
  assert_string_equal(text_of(a, "action"), "IMAGINE");
  assert_string_equal(text_of(a, "finalPrompt"), say("%s --v 6.1", prompt));
  assert_true(has(a, "\"label\":\"U1\""));
  open_with("trueai");
  told = submit(s, "/mj/submit/shorten", "{\"prompt\":\"a red fox\"}", 0);
  assert_body(press(s, told, "MJ::Job::PromptAnalyzer::1", "", 100000),
              REFUSED("4", "未知的 Action 类型"));
}

/* It waits outside the queue, and stands in it when it has been answered. */
static void test_queue(void **state) {
  const char *grid, *one, *two;
  struct answer *a;
  (void)state;
  cfg.running = 1;
  cfg.waiting = 2;
  open_with("plus");
  grid = imagine(s, "cat", 0);
  one = result(
      press(s, grid, "MJ::JOB::variation::1", ",\"enableRemix\":true", 100000));
  two = result(
      press(s, grid, "MJ::JOB::variation::2", ",\"enableRemix\":true", 100000));
  assert_body(ask(s, "GET", "/mj/task/queue", NULL, 100000), "[]");
  imagine(s, "a", 100000);
  imagine(s, "b", 100000);
  a = modal(one, "", 100000);
  assert_body(a, say("{\"code\":22,\"description\":\"排队中，前面还有1个任务\","
                     "\"result\":\"%s\",\"properties\":{\"numberOfQueues\":1,"
                     "\"discordInstanceId\":\"1118138338562560102\"}}",
                     one));
  /* refused for want of room, it can be answered again */
  a = modal(two, "", 100000);
  assert_memory_equal(a->body, "{\"code\":23,", 11);
  assert_string_equal(status(two, 100000), "MODAL");
  a = modal(two, "", 300000);
  assert_memory_equal(a->body, "{\"code\":1,", 10);
  assert_string_equal(status(one, 400000), "SUCCESS");
}

static void test_banned(void **state) {
  const char *id;
  struct answer *a;
  (void)state;
  open_with("plus");
  id = result(press(s, upscaled("cat"), "MJ::CustomZoom", "", 200000));
  a = modal(id, ",\"prompt\":\"nude --zoom 2\"", 200000);
  assert_memory_equal(a->body, "{\"code\":24,", 11);
  assert_string_equal(status(id, 200000), "MODAL");
}

static void test_cancel(void **state) {
  const char *id;
  (void)state;
  for (int k = 1; k < 3; k++) {
    open_with(all[k]);
    id = result(press(s, upscaled("cat"), "MJ::CustomZoom", "", 200000));
    ask(s, "POST", say("/mj/task/%s/cancel", id), NULL, 200000);
    assert_string_equal(status(id, 200000), k == 1 ? "CANCEL" : "MODAL");
    assert_true(
        has(modal(id, "", 200000), k == 1 ? "\"code\":4" : "\"code\":1"));
  }
}

/* new-api's row follows the proxy every 15 s: it shows the dialog when that is
   answered already. */
static void test_rows(void **state) {
  const char *grid, *id;
  struct answer *a;
  (void)state;
  cfg.sync = 0;
  open_with("new-api");
  grid = imagine(s, "cat", 0);
  id = result(
      press(s, grid, "MJ::JOB::variation::1", ",\"enableRemix\":true", 150000));
  a = fetch(s, id, 164999);
  assert_string_equal(text_of(a, "status"), "");
  assert_string_equal(text_of(a, "description"), "Waiting for window confirm");
  assert_true(has(a, "\"properties\":null"));
  a = fetch(s, id, 165000);
  assert_string_equal(text_of(a, "status"), "MODAL");
  assert_string_equal(text_of(a, "finalPrompt"), "cat --v 6.1");
  a = modal(id, ",\"prompt\":\"dog\"", 166000);
  assert_string_equal(result(a), id);
  a = fetch(s, id, 179999);
  assert_string_equal(text_of(a, "status"), "MODAL");
  a = fetch(s, id, 180000);
  assert_string_equal(text_of(a, "status"), "IN_PROGRESS");
  a = fetch(s, id, 255000);
  assert_string_equal(text_of(a, "status"), "SUCCESS");
  assert_string_equal(text_of(a, "promptEn"), "dog");
}

int main(void) {
  static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
      T(test_zoom),          T(test_zoom_range), T(test_mask),
      T(test_region_prompt), T(test_remix),      T(test_remix_account),
      T(test_prompts),       T(test_queue),      T(test_banned),
      T(test_cancel),        T(test_rows),
  };
  return cmocka_run_group_tests_name("sim_modal", tests, NULL, NULL);
}
