/* SPDX-License-Identifier: MIT
   test_sim_media.c - blend, video, edits, retexture, upload, insight-face and
   pictures in a prompt, on each gateway that has them. */
#include "test_sim.h"

#define TWO   "\"base64Array\":[\"" PNG "\",\"" JPEG "\"]"
#define PARAM REFUSED("4", "参数错误")
#define MASKED                                                                 \
  "{\"description\":\"sour_base64_and_target_base64_is_required \","           \
  "\"type\":\"upstream_error\",\"code\":4}"

static mj_sim *s;

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

#define CHECK(profile, cases)                                                  \
  do {                                                                         \
    open_as(profile);                                                          \
    check_cases(s, cases, sizeof(cases) / sizeof(cases)[0]);                   \
  } while (0)

static void test_blend_refusals(void **state) {
  static const struct case_of java[] = {
      {"POST", "/mj/submit/blend", "{}", 200,
       REFUSED("4", "base64List参数错误")},
      {"POST", "/mj/submit/blend", "{\"base64Array\":[\"" PNG "\"]}", 200,
       REFUSED("4", "base64List参数错误")},
      {"POST", "/mj/submit/blend",
       "{\"base64Array\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]}", 200,
       REFUSED("4", "base64List参数错误")},
      {"POST", "/mj/submit/blend", "{" TWO ",\"dimensions\":null}", 200,
       REFUSED("4", "dimensions参数错误")},
      {"POST", "/mj/submit/blend", "{" TWO ",\"dimensions\":\"WIDE\"}", 400,
       SPRING("400", "Bad Request", "/mj/submit/blend")},
      {"POST", "/mj/submit/blend",
       "{\"base64Array\":[\"" PNG "\",\"iVBORw0KGgo=\"]}", 200,
       REFUSED("4", "base64格式错误")},
      {"POST", "/mj/submit/blend",
       "{\"base64Array\":[\"" PNG "\",\"" GONE "\"]}", 200,
       REFUSED("4", "base64格式错误")}};
  static const struct case_of trueai[] = {
      {"POST", "/mj/submit/blend", "{\"base64Array\":[\"" PNG "\"]}", 200,
       REFUSED("4", "图片参数错误，2~5张图片")},
      {"POST", "/mj/submit/blend",
       "{\"base64Array\":[\"" PNG "\",\"" GONE "\"]}", 200,
       REFUSED("4", "base64格式错误")}};
  (void)state;
  CHECK("novicezk", java);
  CHECK("plus", java);
  CHECK("new-api", java);
  CHECK("trueai", trueai);
}

/* The shape of the pictures; the addresses that became a prompt. */
static void test_blend(void **state) {
  static const char *const shapes[][3] = {
      {"PORTRAIT", " --ar 2:3 --v 6.1", "\"height\":1256,\"width\":840,"},
      {"SQUARE", " --ar 1:1 --v 6.1", "\"height\":1024,\"width\":1024,"},
      {"LANDSCAPE", " --ar 3:2 --v 6.1", "\"height\":840,\"width\":1256,"}};
  (void)state;
  open_as("trueai");
  for (int i = 0; i < 3; i++) {
    const char *id =
        submit(s, "/mj/submit/blend",
               say("{\"base64Array\":[\"" PNG "\",\"https://h/b.png\"],"
                   "\"dimensions\":\"%s\"}",
                   shapes[i][0]),
               i * 100000);
    struct answer *a = fetch(s, id, i * 100000 + 90000);
    const char *final = text_of(a, "finalPrompt");
    assert_string_equal(text_of(a, "action"), "BLEND");
    assert_string_equal(text_of(a, "description"), say("/blend %s 2", id));
    assert_memory_equal(final, "<https://s.mj.run/", 18);
    assert_string_equal(final + 2 * 30 + 1, shapes[i][1]);
    assert_true(has(a, shapes[i][2]));
    assert_true(has(a, "\"prompt\":null"));
    assert_true(has(a, "\"label\":\"V4\""));
  }
  open_as("novicezk");
  const char *id = submit(s, "/mj/submit/blend", "{" TWO "}", 0);
  struct answer *a = fetch(s, id, 100000);
  assert_true(has(a, "\"prompt\":null,\"promptEn\":null"));
  assert_non_null(strstr(text_of(a, "finalPrompt"), " --ar 1:1 --v 6.1"));
  /* and its grid can be changed */
  submit(s, "/mj/submit/change",
         say("{\"taskId\":\"%s\",\"action\":\"VARIATION\",\"index\":1}", id),
         100000);
}

static void test_describe_refusals(void **state) {
  static const struct case_of java[] = {
      {"POST", "/mj/submit/describe", "{}", 200,
       REFUSED("4", "base64不能为空")},
      {"POST", "/mj/submit/describe", "{\"link\":\"https://h/a.png\"}", 200,
       REFUSED("4", "base64不能为空")},
      {"POST", "/mj/submit/describe", "{\"base64\":\"https://h/a.png\"}", 200,
       REFUSED("4", "base64格式错误")},
      {"POST", "/mj/submit/describe", "{\"base64\":\"" GONE "\"}", 200,
       REFUSED("4", "base64格式错误")}};
  static const struct case_of trueai[] = {
      {"POST", "/mj/submit/describe", "{}", 200,
       REFUSED("4", "base64或link不能为空")},
      {"POST", "/mj/submit/describe", "{\"link\":\"ftp://h/a.png\"}", 200,
       REFUSED("4", "链接格式错误")},
      {"POST", "/mj/submit/describe", "{\"base64\":\"****\"}", 200,
       REFUSED("4", "base64格式错误")}};
  (void)state;
  CHECK("novicezk", java);
  CHECK("plus", java);
  CHECK("new-api", java);
  CHECK("trueai", trueai);
}

static void test_prompt_refusals(void **state) {
  static const struct case_of edits[] = {
      {"POST", "/mj/submit/shorten", "{\"prompt\":\"\"}", 200,
       REFUSED("4", "prompt不能为空")},
      {"POST", "/mj/submit/edits", "{\"prompt\":\"a\"}", 200,
       REFUSED("4", "image或prompt不能为空")},
      {"POST", "/mj/submit/edits", "{\"image\":\"" PNG "\"}", 200,
       REFUSED("4", "image或prompt不能为空")},
      {"POST", "/mj/submit/edits", "{\"prompt\":\"a\",\"image\":\"x\"}", 200,
       REFUSED("4", "base64格式错误")},
      {"POST", "/mj/submit/video", "{\"image\":\"" PNG "\"}", 200,
       REFUSED("4", "Prompt 不能为空")},
      {"POST", "/mj/submit/video", "{\"prompt\":\"a\",\"image\":\"x\"}", 200,
       REFUSED("4", "base64格式错误")},
      {"POST", "/mj/submit/video", "{\"prompt\":\"a\"}", 200,
       REFUSED("4", "base64格式错误")},
      {"POST", "/mj/submit/video",
       "{\"prompt\":\"a\",\"image\":\"" PNG "\",\"motion\":\"wild\"}", 200,
       PARAM},
      {"POST", "/mj/submit/video",
       "{\"prompt\":\"a\",\"image\":\"" PNG "\",\"batchSize\":3}", 200, PARAM},
      {"POST", "/mj/submit/video",
       "{\"prompt\":\"a\",\"image\":\"" PNG "\",\"videoType\":\"vid_9\"}", 200,
       PARAM},
      {"POST", "/mj/submit/video",
       "{\"prompt\":\"a\",\"taskId\":\"14001934816969359\"}", 200,
       REFUSED("4", "任务类型错误")},
      {"POST", "/mj/submit/video",
       "{\"prompt\":\"a\",\"taskId\":\"14001934816969359\",\"action\":"
       "\"extend\"}",
       200, REFUSED("4", "任务类型错误")}};
  static const struct case_of parents[] = {
      {"POST", "/mj/submit/video",
       "{\"prompt\":\"a\",\"taskId\":\"1\",\"action\":\"extend\"}", 404,
       REFUSED("3", "关联任务不存在或已失效")},
      {"POST", "/mj/submit/retexture", "{}", 200,
       REFUSED("4", "image或prompt不能为空")},
      {"POST", "/mj/submit/edit", "{}", 200,
       REFUSED("4", "image或prompt不能为空")}};
  (void)state;
  CHECK("new-api", edits);
  CHECK("trueai", edits);
  CHECK("trueai", parents);
  open_as("new-api");
  assert_body(ask(s, "POST", "/mj/submit/video",
                  "{\"prompt\":\"a\",\"taskId\":\"1\"}", 0),
              "{\"description\":\"task_not_found \",\"type\":"
              "\"upstream_error\",\"code\":4}");
}

/* new-api's row of a video; then one of them goes on. */
static void test_video(void **state) {
  const char *id, *hash, *p;
  struct answer *a;
  (void)state;
  open_as("new-api");
  a = ask(s, "POST", "/mj/submit/video",
          "{\"prompt\":\"it waves\",\"image\":\"" PNG "\",\"motion\":\"high\","
          "\"batchSize\":2,\"videoType\":\"vid_1.1_i2v_720\"}",
          0);
  id = text_of(a, "result");
  assert_body(
      a, say("{\"code\":1,\"description\":\"提交成功\",\"result\":\"%s\","
             "\"properties\":{\"discordInstanceId\":\"1118138338562560102\"}}",
             id));
  a = fetch(s, id, 100000);
  assert_string_equal(text_of(a, "action"), "VIDEO");
  assert_string_equal(text_of(a, "prompt"), "it waves");
  p = strstr(text_of(a, "videoUrl"), "/video/");
  assert_non_null(p);
  hash = say("%.36s", p + 7);
  assert_true(has(a, say("\"videoUrl\":\"" BASE_URL "/video/%s/0.mp4\","
                         "\"videoUrls\":[{\"url\":\"" BASE_URL
                         "/video/%s/0.mp4\"},{\"url\":\"" BASE_URL
                         "/video/%s/1.mp4\"}],\"status\":\"SUCCESS\"",
                         hash, hash, hash)));
  assert_true(has(a, say("\"customId\":\"MJ::JOB::video_virtual_upscale::2::%s"
                         "\"",
                         hash)));
  assert_false(has(a, "video_virtual_upscale::3"));
  assert_true(
      has(a, say("\"customId\":\"MJ::JOB::animate_low_extend::1::%s\","
                 "\"emoji\":\"🎞️\",\"label\":\"Extend (Low motion)\"",
                 hash)));
  assert_non_null(
      strstr(text_of(a, "finalPrompt"), " --motion high --video 1 --bs 2"));
  /* nothing of it can be pressed at new-api, which does not know what it is */
  assert_body(press(s, id, "MJ::JOB::animate_low_extend", "", 100000),
              say("{\"description\":\"unknown_action:MJ::JOB::"
                  "animate_low_extend::1::%s \",\"type\":\"upstream_error\","
                  "\"code\":4}",
                  hash));
  assert_body(ask(s, "POST", "/mj/submit/video",
                  say("{\"prompt\":\"on\",\"taskId\":\"%s\",\"action\":"
                      "\"extend\",\"index\":2}",
                      id),
                  100000),
              REFUSED("4", "任务类型错误")); /* there are two */
  id = submit(s, "/mj/submit/video",
              say("{\"prompt\":\"on\",\"taskId\":\"%s\",\"action\":\"extend\","
                  "\"index\":1}",
                  id),
              100000);
  assert_true(has(fetch(s, id, 200000), "/3.mp4\"}]"));
}

static void test_edits(void **state) {
  static const char *const rows[][3] = {
      {"new-api", "/mj/submit/edits", "EDITS"},
      {"trueai", "/mj/submit/edits", "EDIT"},
      {"trueai", "/mj/submit/edit", "EDIT"},
      {"trueai", "/mj/submit/retexture", "RETEXTURE"}};
  (void)state;
  for (int i = 0; i < 4; i++) {
    open_as(rows[i][0]);
    const char *id =
        submit(s, rows[i][1],
               "{\"prompt\":\"a hat\",\"image\":\"https://h/a.png\"}", 0);
    struct answer *a = fetch(s, id, 100000);
    assert_string_equal(text_of(a, "action"), rows[i][2]);
    assert_string_equal(text_of(a, "status"), "SUCCESS");
    assert_string_equal(text_of(a, "finalPrompt"), "a hat --v 6.1");
    assert_true(has(a, "\"label\":\"Vary (Region)\""));
  }
}

static struct answer *get(const char *url, int64_t at) {
  assert_memory_equal(url, BASE_URL, strlen(BASE_URL));
  return ask(s, "GET", url + strlen(BASE_URL), NULL, at);
}

/* What was sent can be had again, whole, for a day. */
static void test_upload(void **state) {
  static const char *const profiles[] = {"new-api", "plus", "trueai"};
  (void)state;
  for (int i = 0; i < 3; i++) {
    struct answer *a;
    const char *one, *two;
    open_as(profiles[i]);
    a = ask(s, "POST", "/mj/submit/upload-discord-images", "{" TWO "}", 0);
    one = strstr(a->body, "[\"");
    assert_non_null(one);
    one = say("%.*s", (int)strcspn(one + 2, "\""), one + 2);
    two = strstr(a->body, "\",\"") ? strstr(a->body, "\",\"http") + 3 : NULL;
    assert_non_null(two);
    two = say("%.*s", (int)strcspn(two, "\""), two);
    assert_body(a, say("{\"code\":1,\"description\":\"提交成功\",\"result\":"
                       "[\"%s\",\"%s\"],\"properties\":{}}",
                       one, two));
    a = get(one, 1000);
    assert_int_equal(a->reply.status, 200);
    assert_string_equal(a->reply.content_type, "image/png");
    assert_int_equal(a->reply.len, 8);
    assert_memory_equal(a->body, "\x89PNG\r\n\x1a\n", 8);
    assert_string_equal(get(two, 1000)->reply.content_type, "image/jpeg");
    assert_int_equal(
        get(say("%.*s", (int)strcspn(one, "?"), one), 1000)->reply.status, 403);
    assert_int_equal(
        get(say("%.*s", (int)strlen(one) - 3, one), 1000)->reply.status, 403);
    assert_int_equal(get(one, 90000000)->reply.status, 403);
    assert_int_equal(
        get(BASE_URL "/attachments/1320066655572987911/1/a.png?", 0)
            ->reply.status,
        404);
    assert_body(ask(s, "POST", "/mj/submit/upload-discord-images", "{}", 0),
                REFUSED("4", "base64 参数错误"));
    assert_body(ask(s, "POST", "/mj/submit/upload-discord-images",
                    "{\"base64Array\":[\"" PNG "\",\"" GONE "\"]}", 0),
                REFUSED("4", "base64格式错误"));
  }
}

#define FACES "{\"sourceBase64\":\"" PNG "\",\"targetBase64\":\"" JPEG "\"}"

/* new-api writes the answer anew: its own order, and a start of its own. */
static void test_swap(void **state) {
  static const struct case_of java[] = {
      {"POST", "/mj/insight-face/swap", "{}", 200,
       REFUSED("4", "sourceBase64不能为空")},
      {"POST", "/mj/insight-face/swap", "{\"sourceBase64\":\"" PNG "\"}", 200,
       REFUSED("4", "targetBase64不能为空")},
      {"POST", "/mj/insight-face/swap",
       "{\"sourceBase64\":\"x\",\"targetBase64\":\"" PNG "\"}", 200,
       REFUSED("4", "base64格式错误")}};
  static const struct case_of trueai[] = {
      {"POST", "/mj/insight-face/swap", "{}", 200,
       REFUSED("4", "人脸图片不能为空")},
      {"POST", "/mj/insight-face/swap", "{\"sourceUrl\":\"https://h/a.png\"}",
       200, REFUSED("4", "目标图片不能为空")},
      {"POST", "/mj/insight-face/swap",
       "{\"sourceBase64\":\"" PNG "\",\"targetBase64\":\"" PNG "\"}", 200,
       REFUSED("4", "人脸图片和目标图片不能相同")},
      {"POST", "/mj/insight-face/swap",
       "{\"sourceBase64\":\"*\",\"targetBase64\":\"" PNG "\"}", 200,
       REFUSED("4", "人脸图片格式错误")},
      {"POST", "/mj/insight-face/swap",
       "{\"sourceBase64\":\"" PNG "\",\"targetBase64\":\"*\"}", 200,
       REFUSED("4", "目标图片格式错误")}};
  struct answer *a;
  const char *id;
  (void)state;
  CHECK("plus", java);
  CHECK("trueai", trueai);
  a = ask(s, "POST", "/mj/insight-face/swap", FACES, 0);
  assert_body(a, say("{\"code\":1,\"description\":\"提交成功\",\"result\":"
                     "\"%s\",\"properties\":{}}",
                     text_of(a, "result")));
  open_as("new-api");
  assert_body(ask(s, "POST", "/mj/insight-face/swap", "{}", 0), MASKED);
  a = ask(s, "POST", "/mj/insight-face/swap", FACES, 0);
  id = text_of(a, "result");
  assert_body(a, say("{\"code\":1,\"description\":\"提交成功\",\"properties\":"
                     "{\"discordInstanceId\":\"1118138338562560102\"},"
                     "\"result\":\"%s\"}",
                     id));
  a = fetch(s, id, 100000);
  assert_string_equal(text_of(a, "action"), "SWAP_FACE");
  assert_string_equal(text_of(a, "prompt"), "InsightFace");
  assert_string_equal(text_of(a, "status"), "SUCCESS");
  assert_true(has(a, "\"buttons\":null"));
}

/* trueai alone, and as a form. */
static void test_swap_video(void **state) {
  static const char form[] =
      "--xx\r\nContent-Disposition: form-data; "
      "name=\"SourceBase64\"\r\n\r\n" PNG
      "\r\n--xx\r\nContent-Disposition: form-data; name=\"TargetFile\"; "
      "filename=\"a.mp4\"\r\nContent-Type: video/mp4\r\n\r\nfilm\r\n--xx--\r\n";
  const char *type = "multipart/form-data; boundary=xx";
  struct answer *a;
  (void)state;
  open_as("trueai");
  a = ask_as(s, "POST", "/mj/insight-face/video-swap", form, 0, NULL, NULL,
             type);
  a = fetch(s, text_of(a, "result"), 100000);
  assert_string_equal(text_of(a, "action"), "SWAP_VIDEO_FACE");
  assert_true(has(a, "/0.mp4\"}],"));
  a = ask_as(s, "POST", "/mj/insight-face/video-swap", "--xx--\r\n", 0, NULL,
             NULL, type);
  assert_body(a, REFUSED("4", "人脸图片不能为空"));
  a = ask(s, "POST", "/mj/insight-face/video-swap", "{}", 0);
  assert_int_equal(a->reply.status, 415);
}

/* What each route says to a submission that it takes, byte for byte. */
static void test_accepted(void **state) {
  static const struct {
    const char *profiles, *target, *body;
  } cases[] = {
      {"na nz pl ta", "/mj/submit/imagine", "{\"prompt\":\"a\"}"},
      {"na nz pl ta", "/mj/submit/blend", "{" TWO "}"},
      {"na nz pl ta", "/mj/submit/describe", "{\"base64\":\"" PNG "\"}"},
      {"na pl ta", "/mj/submit/shorten", "{\"prompt\":\"a b\"}"},
      {"na nz pl", "/mj/submit/change",
       "{\"taskId\":\"14001934816969359\",\"action\":\"REROLL\",\"index\":1}"},
      {"nz pl", "/mj/submit/simple-change",
       "{\"content\":\"14001934816969359 U1\"}"},
      {"na pl ta", "/mj/submit/action",
       "{\"taskId\":\"14001934816969359\",\"customId\":\"MJ::JOB::upsample::2::"
       "3dbbd469-36af-4a0f-8f02-df6c579e7011\"}"},
      {"na ta", "/mj/submit/video", "{\"prompt\":\"a\",\"image\":\"" PNG "\"}"},
      {"na ta", "/mj/submit/edits", "{\"prompt\":\"a\",\"image\":\"" PNG "\"}"},
      {"ta", "/mj/submit/edit", "{\"prompt\":\"a\",\"image\":\"" PNG "\"}"},
      {"ta", "/mj/submit/retexture",
       "{\"prompt\":\"a\",\"image\":\"" PNG "\"}"},
      {"pl", "/mj/insight-face/swap", FACES}};
  static const char *const names[][3] = {
      {"na", "new-api", "text/plain; charset=utf-8"},
      {"nz", "novicezk", "application/json"},
      {"pl", "plus", "application/json"},
      {"ta", "trueai", "application/json; charset=utf-8"}};
  (void)state;
  for (int k = 0; k < 4; k++) {
    open_as(names[k][1]);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
      struct answer *a = ask(s, "POST", cases[i].target, cases[i].body, 0);
      if (!strstr(cases[i].profiles, names[k][0]))
        continue;
      assert_body(
          a, say("{\"code\":1,\"description\":\"提交成功\",\"result\":\"%s\","
                 "\"properties\":{\"discordInstanceId\":"
                 "\"1118138338562560102\"%s}}",
                 text_of(a, "result"),
                 k < 3 ? "" : ",\"discordChannelId\":\"1118138338562560102\""));
      assert_string_equal(a->reply.content_type, names[k][2]);
    }
  }
}

/* Pictures go in front of the prompt, as addresses. */
static void test_imagine_with_pictures(void **state) {
  static const char *const profiles[] = {"novicezk", "plus", "new-api",
                                         "trueai"};
  (void)state;
  for (int i = 0; i < 4; i++) {
    struct answer *a;
    const char *id, *final, *en;
    open_as(profiles[i]);
    id = submit(s, "/mj/submit/imagine", "{\"prompt\":\"cat\"," TWO "}", 0);
    a = fetch(s, id, 100000);
    final = text_of(a, "finalPrompt");
    en = text_of(a, "promptEn");
    assert_non_null(strstr(en, ".jpg?ex="));
    assert_string_equal(en + strlen(en) - 4, " cat");
    assert_string_equal(text_of(a, "prompt"), i == 2 ? "cat" : en);
    if (i != 2) {
      assert_string_equal(text_of(a, "description"), say("/imagine %s", en));
      assert_memory_equal(final, "<https://s.mj.run/", 18);
      assert_string_equal(final + 2 * 30 + 1, " cat --v 6.1");
    }
    assert_body(ask(s, "POST", "/mj/submit/imagine",
                    "{\"prompt\":\"cat\",\"base64Array\":[\"*\"]}", 0),
                REFUSED("4", "base64格式错误"));
  }
}

/* Another picture is another task, whatever its address is. */
static void test_key(void **state) {
  const char *one, *two, *three;
  (void)state;
  open_as("plus");
  one = submit(s, "/mj/submit/imagine",
               "{\"prompt\":\"cat\",\"base64\":\"" PNG "\"}", 0);
  one = say("%s", text_of(fetch(s, one, 100000), "messageHash"));
  two = submit(s, "/mj/submit/imagine",
               "{\"prompt\":\"cat\",\"base64\":\"" JPEG "\"}", 200000);
  two = say("%s", text_of(fetch(s, two, 300000), "messageHash"));
  assert_string_not_equal(one, two);
  open_as("plus");
  three = submit(s, "/mj/submit/imagine",
                 "{\"prompt\":\"cat\",\"base64\":\"" JPEG "\"}", 0);
  assert_string_equal(text_of(fetch(s, three, 100000), "messageHash"), two);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_teardown(f, tear_down)
      T(test_blend_refusals),
      T(test_blend),
      T(test_describe_refusals),
      T(test_prompt_refusals),
      T(test_video),
      T(test_edits),
      T(test_upload),
      T(test_swap),
      T(test_swap_video),
      T(test_imagine_with_pictures),
      T(test_key),
      T(test_accepted),
  };
  return cmocka_run_group_tests_name("sim_media", tests, NULL, NULL);
}
