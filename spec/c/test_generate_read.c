/* SPDX-License-Identifier: MIT
   test_generate_read.c - what the JSON of a task of the generate family means.
 */
#include "test.h"

#include "wire.h"

static void quoted(char *out, size_t size, const char *s) {
  size_t i;
  assert_in_range(strlen(s), 0, size - 1);
  for (i = 0; s[i]; i++)
    out[i] = s[i] == '\'' ? '"' : s[i];
  out[i] = '\0';
}

struct task {
  mj_json *doc;
  mj_task t;
};

/* Members of data, with ' for ". */
static const mj_task *task_of(struct task *k, const char *members, int bare) {
  char text[2000], all[2100];
  quoted(text, sizeof text, members);
  (void)snprintf(all, sizeof all,
                 bare ? "%s{%s}%s" : "{\"code\":200,\"data\":%s{%s}%s}", "",
                 text, "");
  if (mj_json_parse(&k->doc, all, strlen(all), NULL, NULL, NULL) != MJ_OK)
    fail_msg("%s", all);
  memset(&k->t, 0x55, sizeof k->t);
  assert_int_equal(mj__wire_generate.task(mj_json_root(k->doc),
                                          mj__json_arena(k->doc), &k->t),
                   MJ_OK);
  return &k->t;
}

static void statuses(void **state) {
  static const struct {
    const char *word;
    mj_status status;
    int progress;
  } all[] = {{"'pending'", MJ_ST_NOT_START, -1},
             {"'processing'", MJ_ST_IN_PROGRESS, -1},
             {"'success'", MJ_ST_SUCCESS, 100},
             {"'failed'", MJ_ST_FAILURE, -1},
             {"'Failed'", MJ_ST_FAILURE, -1},
             {"'SUCCESS'", MJ_ST_SUCCESS, 100},
             {"'queued'", MJ_ST_UNKNOWN, -1},
             {"'successful'", MJ_ST_UNKNOWN, -1},
             {"''", MJ_ST_UNKNOWN, -1},
             {"null", MJ_ST_UNKNOWN, -1}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all) * 2; i++) {
    char members[200];
    struct task k;
    const mj_task *t;
    (void)snprintf(members, sizeof members, "'taskId':'t1','state':%s",
                   all[i / 2].word);
    t = task_of(&k, members, i % 2);
    assert_string_equal(t->id, "t1");
    assert_int_equal(t->status, all[i / 2].status);
    assert_int_equal(t->progress, all[i / 2].progress);
    assert_null(t->action);
    assert_null(t->fail_reason);
    assert_null(t->fail_code);
    assert_int_equal(t->error, 0);
    assert_int_equal(t->nbuttons, t->status == MJ_ST_SUCCESS ? 1 : 0);
    mj_json_free(k.doc);
  }
}

static void results(void **state) {
  static const struct {
    const char *json;
    size_t n;
  } all[] = {
      {"'{\\'resultUrls\\':[\\'u1\\',\\'u2\\']}'", 2},
      {"'{\\'resultUrls\\':[{\\'url\\':\\'u1\\'},\\'u2\\',{\\'url\\':\\'u3\\'},"
       "\\'u4\\',\\'u5\\']}'",
       5},
      {"'[\\'u1\\']'", 1},
      {"{'resultUrls':['u1','u2','u3','u4']}", 4},
      {"['u1',null,7,'',{},{'url':''},'u2']", 2},
      {"null", 0},
      {"''", 0},
      {"'{'", 0},
      {"'null'", 0},
      {"'7'", 0},
      {"{}", 0},
      {"{'resultUrls':null}", 0},
      {"{'resultUrls':'u1'}", 1},
      {"{'resultUrls':{'url':'u1'}}", 1},
      {"{'resultUrls':''}", 0},
      {"{'resultUrls':{}}", 0},
      {"{'resultUrls':7}", 0},
      {"{'resultUrls':[]}", 0},
      {"[null]", 0},
      {"7", 0}};
  size_t i, k;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    char members[400], url[4] = "u1";
    struct task d;
    const mj_task *t;
    (void)snprintf(members, sizeof members,
                   "'taskId':'t1','state':'success','resultJson':%s",
                   all[i].json);
    t = task_of(&d, members, 0);
    if (t->nimages != all[i].n)
      fail_msg("%s: %zu", all[i].json, t->nimages);
    for (k = 0; k < t->nimages; k++, url[1]++)
      assert_string_equal(t->images[k], url);
    assert_string_equal(t->image_url ? t->image_url : "none",
                        t->nimages ? "u1" : "none");
    assert_int_equal(t->nvideos, 0);
    mj_json_free(d.doc);
  }
}

static void buttons(void **state) {
  static const struct {
    const char *urls;
    size_t n;
    const char *labels;
  } all[] = {{"'1','2','3','4'", 9, "U1U2U3U4RV1V2V3V4"},
             {"'1','2','3','4','5'", 9, "U1U2U3U4RV1V2V3V4"},
             {"'1','2','3'", 7, "U1U2U3RV1V2V3"},
             {"'1','2'", 5, "U1U2RV1V2"},
             {"'1'", 1, "R"},
             {"", 1, "R"}};
  size_t i, k;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    char members[200], labels[80] = "", id[40], buf[64];
    struct task d;
    const mj_task *t;
    (void)snprintf(members, sizeof members,
                   "'taskId':'t1','state':'success','resultJson':[%s]",
                   all[i].urls);
    t = task_of(&d, members, 0);
    assert_int_equal(t->nbuttons, all[i].n);
    for (k = 0; k < t->nbuttons; k++) {
      const mj_button *b = &t->buttons[k];
      const char *label = b->label ? b->label : "R";
      size_t n = strlen(labels);
      (void)snprintf(labels + n, sizeof labels - n, "%s", label);
      if (*label == 'R')
        (void)snprintf(id, sizeof id, "generate::reroll");
      else
        (void)snprintf(id, sizeof id, "generate::%s::%c",
                       *label == 'U' ? "upscale" : "vary", label[1]);
      assert_string_equal(b->custom_id, id);
      assert_non_null(mj_button_intent(b->custom_id, buf, sizeof buf));
      assert_string_equal(b->emoji ? b->emoji : "none",
                          *label == 'R' ? "\xf0\x9f\x94\x84" : "none");
    }
    assert_string_equal(labels, all[i].labels);
    mj_json_free(d.doc);
  }
}

struct failure {
  const char *code;
  int error, again;
};

static const struct failure failures[] = {
    {"CONTENT_VIOLATION", MJ_EBANNED_PROMPT, 0},
    {"NSFW_DETECTED", MJ_EBANNED_PROMPT, 0},
    {"SensitiveContentDetected", MJ_EBANNED_PROMPT, 0},
    {"ContentViolation", MJ_EBANNED_PROMPT, 0},
    {"INVALID_TASK_ID", MJ_ENOT_FOUND, 0},
    {"InvalidTaskId", MJ_ENOT_FOUND, 0},
    {"INVALID_IMAGE_URL", MJ_EINVALID, 0},
    {"UNSUPPORTED_FORMAT", MJ_EINVALID, 0},
    {"INVALID_PROMPT", MJ_EINVALID, 0},
    {"PROMPT_TOO_LONG", MJ_EINVALID, 0},
    {"IMAGE_DOWNLOAD_FAILED", MJ_EINVALID, 0},
    {"IMAGE_TOO_LARGE", MJ_ETOO_LARGE, 0},
    {"INSUFFICIENT_CREDITS", MJ_EAUTH, 0},
    {"PROCESSING_TIMEOUT", MJ_EFAILED, 1},
    {"MODEL_UNAVAILABLE", MJ_EFAILED, 1},
    {"GENERATION_FAILED", MJ_EFAILED, 1},
    {"GenerationFailed", MJ_EFAILED, 1},
    {"SOMETHING_NEW", MJ_EFAILED, 0},
    {"CONTENT_VIOLATIONS", MJ_EFAILED, 0},
    {"CONTENT", MJ_EFAILED, 0},
    {"Z_", MJ_EFAILED, 0},
};

static void failing(void **state) {
  const struct failure *f = *state;
  char members[300];
  struct task k;
  const mj_task *t;
  (void)snprintf(members, sizeof members,
                 "'taskId':'t1','state':'failed','failCode':'%s','failMsg':'m'",
                 f->code);
  t = task_of(&k, members, 0);
  assert_int_equal(t->status, MJ_ST_FAILURE);
  assert_string_equal(t->fail_code, f->code);
  assert_string_equal(t->fail_reason, "m");
  assert_int_equal(t->error, f->error);
  assert_int_equal(t->again, f->again);
  assert_int_equal(t->nbuttons, 0);
  mj_json_free(k.doc);
}

static void failures_with_less(void **state) {
  struct task k;
  const mj_task *t;
  (void)state;
  t = task_of(&k, "'state':'failed','failCode':'NSFW_DETECTED','failMsg':''",
              0);
  assert_string_equal(t->fail_reason, "NSFW_DETECTED");
  assert_int_equal(t->error, MJ_EBANNED_PROMPT);
  mj_json_free(k.doc);
  t = task_of(&k, "'state':'failed','failMsg':'m','failCode':null", 0);
  assert_string_equal(t->fail_reason, "m");
  assert_int_equal(t->error, 0); /* the status says enough */
  assert_int_equal(t->again, 0);
  mj_json_free(k.doc);
  t = task_of(&k, "'state':'processing','failCode':'GENERATION_FAILED'", 0);
  assert_int_equal(t->error, 0); /* it is tried again there */
  assert_int_equal(t->again, 0);
  mj_json_free(k.doc);
}

static void times(void **state) {
  static const struct {
    const char *members;
    int64_t created, completed, cost, expires;
  } all[] = {
      {"'state':'success','createTime':1767965610929,'completeTime':"
       "1767965652317,'costTime':41388",
       1767965610929, 1767965652317, 41388, 1767965652317 + 1296000000},
      {"'state':'success','createTime':1767965610,'completeTime':'1767965652',"
       "'costTime':'7'",
       1767965610000, 1767965652000, 7, 1767965652000 + 1296000000},
      {"'state':'success','createTime':99999999999,'completeTime':100000000000",
       99999999999000, 100000000000, 0, 100000000000 + 1296000000},
      {"'state':'failed','createTime':1767965610929,'completeTime':"
       "1767965652317,'costTime':-1",
       1767965610929, 1767965652317, 0, 0},
      {"'state':'success','createTime':null,'completeTime':0,'costTime':null",
       0, 0, 0, 0},
      {"'state':'success','createTime':9223372036854775807,"
       "'completeTime':253402300800000",
       0, 0, 0, 0},
      {"'state':'success','createTime':-5,'completeTime':'x'", 0, 0, 0, 0},
      {"'state':'pending'", 0, 0, 0, 0}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    struct task k;
    const mj_task *t = task_of(&k, all[i].members, 0);
    assert_int_equal(t->submitted_wall_ms, all[i].created);
    assert_int_equal(t->started_wall_ms, 0);
    assert_int_equal(t->finished_wall_ms, all[i].completed);
    assert_int_equal(t->cost_ms, all[i].cost);
    assert_int_equal(t->expires_wall_ms, all[i].expires);
    mj_json_free(k.doc);
  }
}

/* Whatever it is, it is read. */
static void odd_replies(void **state) {
  static const char *const all[] = {
      "null",
      "[]",
      "7",
      "{}",
      "{\"data\":null}",
      "{\"data\":[]}",
      "{\"data\":\"x\"}",
      "{\"taskId\":{},\"state\":[],\"resultJson\":true}"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    mj_json *doc = NULL;
    mj_task t;
    assert_int_equal(
        mj_json_parse(&doc, all[i], strlen(all[i]), NULL, NULL, NULL), MJ_OK);
    assert_int_equal(
        mj__wire_generate.task(mj_json_root(doc), mj__json_arena(doc), &t),
        MJ_OK);
    assert_int_equal(t.status, MJ_ST_UNKNOWN);
    assert_null(t.id);
    assert_int_equal(t.nimages, 0);
    mj_json_free(doc);
  }
}

#define CASE(f) tests[n++] = named_case(#f, f, NULL)

int main(void) {
  struct CMUnitTest tests[COUNT(failures) + 10];
  size_t i, n = 0;
  for (i = 0; i < COUNT(failures); i++)
    tests[n++] = named_case(failures[i].code, failing, &failures[i]);
  CASE(statuses);
  CASE(results);
  CASE(buttons);
  CASE(failures_with_less);
  CASE(times);
  CASE(odd_replies);
  return run_cases("generate_read", tests, n);
}
