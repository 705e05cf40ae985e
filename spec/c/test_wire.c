/* SPDX-License-Identifier: MIT
   test_wire.c - shapes and words of replies, and the folders of spec/wire/mj.
 */
#include "test.h"

#include "err.h"
#include "wire.h"
#include "wire_case.h"

/* Words ------------------------------------------------------------------- */

static void ids(void **state) {
  static const char *const good[] = {
      "1", "1320098173412546", "0741798445574458", "task_abc-XYZ",
      "0123456789012345678901234567890123456789012345678901234567890123"};
  static const char *const bad[] = {
      "",
      "1,2",
      "../x",
      "a b",
      "a/b",
      "a?b",
      "a%20",
      "\xc3\xa9",
      "1\n",
      "a.b",
      "01234567890123456789012345678901234567890123456789012345678901234"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(good); i++)
    assert_int_equal(mj__id_ok(good[i]), 1);
  for (i = 0; i < COUNT(bad); i++)
    assert_int_equal(mj__id_ok(bad[i]), 0);
}

static void progress(void **state) {
  static const struct {
    const char *text;
    int is;
  } cases[] = {{"0%", 0},
               {"31%", 31},
               {"31.5%", 31},
               {"100%", 100},
               {"7", 7},
               {"0.5", 0},
               {"100.0%", 100},
               {"101%", -1},
               {"150", -1},
               {"", -1},
               {NULL, -1},
               {"-1%", -1},
               {"Waiting to start", -1},
               {"done", -1},
               {"Stopped", -1},
               {"31 %", -1},
               {"31%%", -1},
               {"31%x", -1},
               {"%", -1},
               {" 31%", -1},
               {"3.1.4%", -1},
               {"99999999999999999999999%", -1}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cases); i++)
    assert_int_equal(mj__progress_read(cases[i].text), cases[i].is);
}

struct word {
  const char *word;
  mj_status status;
};

static const struct word words[] = {
    {"NOT_START", MJ_ST_NOT_START},   {"SUBMITTED", MJ_ST_SUBMITTED},
    {"MODAL", MJ_ST_MODAL},           {"IN_PROGRESS", MJ_ST_IN_PROGRESS},
    {"SUCCESS", MJ_ST_SUCCESS},       {"FAILURE", MJ_ST_FAILURE},
    {"CANCEL", MJ_ST_CANCEL},         {"FAILED", MJ_ST_FAILURE},
    {"CANCELLED", MJ_ST_CANCEL},      {"PENDING", MJ_ST_NOT_START},
    {"RUNNING", MJ_ST_IN_PROGRESS},   {"", MJ_ST_NOT_START},
    {"submitted", MJ_ST_SUBMITTED},   {"Success", MJ_ST_SUCCESS},
    {"SOMETHING_NEW", MJ_ST_UNKNOWN}, {"SUCCESSFUL", MJ_ST_UNKNOWN},
    {"UNKNOWN", MJ_ST_UNKNOWN},       {"SUCCES", MJ_ST_UNKNOWN},
};

static void status_word(void **state) {
  const struct word *w = *state;
  assert_string_equal(mj_status_name(mj__status_read(w->word)),
                      mj_status_name(w->status));
}

static void no_status(void **state) {
  (void)state;
  assert_int_equal(mj__status_read(NULL), MJ_ST_NOT_START);
  assert_string_equal(mj_status_name(MJ_ST_IN_PROGRESS), "IN_PROGRESS");
  assert_string_equal(mj_status_name((mj_status)99), "UNKNOWN");
}

/* Shapes ------------------------------------------------------------------ */

struct shaped {
  const char *body;
  enum mj__shape shape;
  const char *description;
};

static const struct shaped shapes[] = {
    {"", MJ__SHAPE_EMPTY, ""},
    {"<html>", MJ__SHAPE_TEXT, ""},
    {"{\"code\":1", MJ__SHAPE_TEXT, ""},
    {"{\"code\":1,\"description\":\"d\"}", MJ__SHAPE_SUBMIT, "d"},
    {"{\"code\":1,\"result\":\"7\"}", MJ__SHAPE_SUBMIT, ""},
    {"{\"code\":\"21\",\"result\":null}", MJ__SHAPE_SUBMIT, ""},
    {"{\"code\":1}", MJ__SHAPE_JSON, ""},
    {"{\"code\":null,\"description\":\"d\"}", MJ__SHAPE_JSON, ""},
    {"{\"code\":1.5,\"description\":\"d\"}", MJ__SHAPE_JSON, ""},
    {"{\"error\":{\"message\":\"m\",\"code\":null}}", MJ__SHAPE_ERROR, "m"},
    {"{\"error\":\"text\"}", MJ__SHAPE_ERROR, "text"},
    {"{\"error\":null,\"message\":\"m\"}", MJ__SHAPE_JSON, "m"},
    {"{\"error\":[]}", MJ__SHAPE_ERROR, ""},
    {"{\"status\":400,\"error\":\"Bad Request\",\"path\":\"/mj\"}",
     MJ__SHAPE_SPRING, "Bad Request"},
    {"{\"success\":false,\"code\":-1,\"message\":\"m\"}", MJ__SHAPE_SUCCESS,
     "m"},
    {"{\"success\":true,\"message\":\"m\"}", MJ__SHAPE_JSON, "m"},
    {"{\"id\":\"7\",\"status\":\"X\"}", MJ__SHAPE_TASK, ""},
    {"{\"id\":7,\"status\":\"X\"}", MJ__SHAPE_TASK, ""},
    {"{\"id\":\"\",\"status\":\"X\"}", MJ__SHAPE_JSON, ""},
    {"{\"id\":null,\"status\":\"X\"}", MJ__SHAPE_JSON, ""},
    {"[1]", MJ__SHAPE_JSON, ""},
    {"\"text\"", MJ__SHAPE_JSON, ""},
    {"null", MJ__SHAPE_JSON, ""},
};

static void shape(void **state) {
  const struct shaped *w = *state;
  struct mj__said s;
  mj_json *doc = NULL;
  (void)mj_json_parse(&doc, w->body, strlen(w->body), NULL, NULL, NULL);
  mj__said_read(&s, mj_json_root(doc), strlen(w->body));
  assert_int_equal(s.shape, w->shape);
  assert_string_equal(s.description, w->description);
  assert_non_null(s.type);
  assert_non_null(s.id);
  assert_non_null(s.banned_word);
  mj_json_free(doc);
}

/* Folders ----------------------------------------------------------------- */

enum { CASES = 400 };
static struct wire_case cases[CASES];
static size_t ran;

static void folder(void **state) {
  wire_folder(state);
  ran++;
}

/* Memory ------------------------------------------------------------------ */

static void encode_out_of_memory(void **state) {
  static const struct mj__gateway g = {"https://a.b", NULL, "fast", "body"};
  static const mj_param p = {"aspect", "3:2"};
  mj_request r;
  size_t n;
  (void)state;
  memset(&r, 0, sizeof r);
  r.op = MJ_OP_IMAGINE;
  r.prompt = "cat";
  r.params = &p;
  r.nparams = 1;
  r.extra_json = "{\"notifyHook\":\"https://x\"}";
  for (n = 1; n < 100; n++) {
    struct meter meter;
    struct mj__mem m;
    struct mj__call call;
    mj_error err;
    int rc;
    meter_mem(&meter, &m);
    meter.fail_at = n;
    meter.for_ever = n % 2 == 0;
    memset(&call, 0, sizeof call);
    mj__buf_init(&call.url, &m, 8192);
    mj__buf_init(&call.body, &m, 8192);
    mj__err_clear(&err);
    rc = mj__wire_mj.put(&call, &g, &r, "mj_token", &err);
    if (rc != MJ_OK) {
      assert_int_equal(rc, MJ_ERESOURCE);
      assert_int_equal(err.code, MJ_ERESOURCE);
    }
    mj__buf_free(&call.url);
    mj__buf_free(&call.body);
    assert_int_equal(meter.live, 0);
    if (rc == MJ_OK)
      break;
  }
  assert_in_range(n, 5, 99);
}

static void request_too_large(void **state) {
  static const struct mj__gateway g = {"https://a.b", NULL, NULL, "mj-prefix"};
  struct mj__mem m;
  struct mj__call call;
  mj_request r;
  mj_error err;
  char *prompt = calloc(1, 70000);
  (void)state;
  assert_non_null(prompt);
  memset(prompt, 'x', 65530);
  memset(&r, 0, sizeof r);
  r.op = MJ_OP_IMAGINE;
  r.prompt = prompt;
  mj__mem_init(&m, NULL, NULL);
  memset(&call, 0, sizeof call);
  mj__buf_init(&call.url, &m, 8192);
  mj__buf_init(&call.body, &m, 1000);
  mj__err_clear(&err);
  assert_int_equal(mj__wire_mj.put(&call, &g, &r, NULL, &err), MJ_ETOO_LARGE);
  assert_int_equal(err.code, MJ_ETOO_LARGE);
  memset(prompt, 'x', 65537);
  mj__err_clear(&err);
  assert_int_equal(mj__wire_mj.put(&call, &g, &r, NULL, &err), MJ_ETOO_LARGE);
  assert_non_null(strstr(err.text, "prompt"));
  mj__buf_free(&call.url);
  mj__buf_free(&call.body);
  free(prompt);
}

#define CASE(f) tests[n++] = named_case(#f, f, NULL)

int main(void) {
  static struct CMUnitTest tests[CASES + COUNT(words) + COUNT(shapes) + 10];
  size_t i, n = 0, folders = wire_cases_read(cases, CASES);
  int rc;
  CASE(ids);
  CASE(progress);
  CASE(no_status);
  CASE(encode_out_of_memory);
  CASE(request_too_large);
  for (i = 0; i < COUNT(words); i++)
    tests[n++] = named_case(words[i].word, status_word, &words[i]);
  for (i = 0; i < COUNT(shapes); i++)
    tests[n++] = named_case(shapes[i].body, shape, &shapes[i]);
  for (i = 0; i < folders; i++)
    tests[n++] = named_case(cases[i].name, folder, &cases[i]);
  rc = run_cases("wire", tests, n);
  (void)printf("wire: %zu of %zu folders\n", ran, folders);
  wire_cases_free(cases, folders);
  return rc != 0 || folders < 60 || ran < folders;
}
