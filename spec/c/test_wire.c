/* SPDX-License-Identifier: MIT
   test_wire.c - shapes and words of replies, and the folders of
   spec/wire/mj and spec/wire/generate. */
#include "test.h"

#include "err.h"
#include "picture.h"
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
    {"{\"id\":\"7\",\"status\":\"X\",\"result\":\"1\"}", MJ__SHAPE_JSON, ""},
    {"{\"id\":\"7\",\"status\":\"X\",\"code\":1}", MJ__SHAPE_TASK, ""},
    {"{\"id\":\"7\",\"status\":\"X\",\"code\":1,\"result\":null}",
     MJ__SHAPE_SUBMIT, ""},
    {"{\"id\":\"7\"}", MJ__SHAPE_JSON, ""},
    {"{\"success\":false}", MJ__SHAPE_SUCCESS, ""},
    {"{\"error\":\"e\",\"path\":null}", MJ__SHAPE_SPRING, "e"},
    {"{\"id\":\"\",\"status\":\"X\"}", MJ__SHAPE_JSON, ""},
    {"{\"id\":null,\"status\":\"X\"}", MJ__SHAPE_JSON, ""},
    {"[1]", MJ__SHAPE_LIST, ""},
    {"\"text\"", MJ__SHAPE_JSON, ""},
    {"null", MJ__SHAPE_JSON, ""},
    {"{\"code\":200,\"message\":\"m\",\"data\":{\"taskId\":\"7\"}}",
     MJ__SHAPE_DATA, "m"},
    {"{\"code\":400,\"message\":\"m\"}", MJ__SHAPE_DATA, "m"},
    {"{\"code\":400,\"data\":null}", MJ__SHAPE_DATA, ""},
    {"{\"code\":\"400\",\"message\":\"m\"}", MJ__SHAPE_DATA, "m"},
    {"{\"code\":400,\"data\":{},\"error\":\"e\"}", MJ__SHAPE_DATA, "e"},
    {"{\"code\":400,\"data\":{},\"error\":{\"message\":\"e\"}}", MJ__SHAPE_DATA,
     ""},
    {"{\"code\":400,\"message\":\"m\",\"error\":null}", MJ__SHAPE_DATA, "m"},
    {"{\"code\":400,\"message\":\"m\",\"error\":\"e\"}", MJ__SHAPE_ERROR, "e"},
    {"{\"code\":400,\"error\":\"e\"}", MJ__SHAPE_ERROR, "e"},
    {"{\"code\":\"x\",\"message\":\"m\",\"data\":{}}", MJ__SHAPE_JSON, "m"},
    {"{\"message\":\"m\",\"data\":{\"taskId\":\"7\"}}", MJ__SHAPE_JSON, "m"},
    {"{\"success\":false,\"code\":-1,\"message\":\"m\",\"data\":null}",
     MJ__SHAPE_SUCCESS, "m"},
    {"{\"code\":1,\"message\":\"m\",\"data\":{},\"result\":\"7\"}",
     MJ__SHAPE_SUBMIT, ""},
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

enum { CASES = 2000 };
static struct wire_case cases[CASES];
static size_t folders, ran;

static void folder(void **state) {
  wire_folder(state);
  ran++;
}

/* Memory ------------------------------------------------------------------ */

/* Every request of the folders with every allocation failing in turn. */
static void encode_out_of_memory(void **state) {
  size_t i, n, points = 0;
  (void)state;
  for (i = 0; i < folders; i++)
    for (n = 1;; n++) {
      struct meter meter;
      struct mj__mem m;
      struct mj__call call;
      struct mj__buf warnings;
      mj_error err;
      int rc;
      meter_mem(&meter, &m);
      meter.fail_at = n;
      meter.for_ever = n % 2 == 0;
      memset(&call, 0, sizeof call);
      mj__buf_init(&call.url, &m, 8192);
      mj__buf_init(&call.body, &m, 1 << 20);
      mj__buf_init(&warnings, &m, 1 << 16);
      call.warnings = &warnings;
      mj__err_clear(&err);
      rc = wire_case_encode(cases[i].wire, mj_json_root(cases[i].call), &call,
                            &err);
      if (rc == MJ_ERESOURCE)
        assert_int_equal(err.code, MJ_ERESOURCE);
      mj__buf_free(&call.url);
      mj__buf_free(&call.body);
      mj__buf_free(&warnings);
      assert_int_equal(meter.live, 0);
      if (meter.calls < n)
        break;
      assert_in_range(n, 1, 200);
      points++;
    }
  (void)printf("encode: %zu points of failure\n", points);
  assert_in_range(points, 1000, 1000000);
}

/* And every task that comes back, with less and less left in the arena. */
static size_t decode_with(const struct mj__wire *wire, const mj_value *root,
                          size_t left) {
  size_t n;
  for (n = 1;; n++) {
    struct meter meter;
    struct mj__mem m;
    struct mj__arena a;
    mj_task t;
    int rc;
    meter_mem(&meter, &m);
    mj__arena_init(&a, &m);
    assert_non_null(mj__arena_alloc(&a, 8192 - left));
    meter.fail_at = meter.calls + n;
    rc = wire->task(root, &a, &t);
    mj__arena_free(&a);
    assert_int_equal(meter.live, 0);
    if (meter.calls < meter.fail_at) {
      assert_int_equal(rc, MJ_OK);
      return n - 1;
    }
    assert_int_equal(rc, MJ_ERESOURCE);
  }
}

static void decode_out_of_memory(void **state) {
  size_t i, left, points = 0;
  (void)state;
  for (i = 0; i < folders; i++) {
    const char *text = cases[i].reply.text;
    const char *body = text ? strstr(text, "\n\n") : NULL;
    mj_json *doc = NULL;
    if (body)
      (void)mj_json_parse(&doc, body + 2, strlen(body + 2), NULL, NULL, NULL);
    for (left = 0; doc && left < 512; left += 16)
      points += decode_with(cases[i].wire, mj_json_root(doc), left);
    mj_json_free(doc);
  }
  (void)printf("decode: %zu points of failure\n", points);
  assert_in_range(points, 1000, 1000000);
}

/* What call.json cannot say ------------------------------------------------ */

static int put(const mj_request *r, const char *prefix, const char *token,
               char *out, size_t size, mj_error *err) {
  const struct mj__gateway g = {"https://a.b", prefix, NULL, "mj-prefix"};
  struct mj__mem m;
  struct mj__call call;
  int rc;
  mj__mem_init(&m, NULL, NULL);
  memset(&call, 0, sizeof call);
  mj__buf_init(&call.url, &m, 8192);
  mj__buf_init(&call.body, &m, 1 << 20);
  mj__err_clear(err);
  rc = mj__wire_mj.put(&call, &g, r, token, err);
  if (rc == MJ_OK)
    (void)snprintf(out, size, "%s %s", call.url.p, call.body.p);
  mj__buf_free(&call.url);
  mj__buf_free(&call.body);
  return rc;
}

static void not_utf8(void **state) {
  mj_request r;
  mj_error err;
  char out[200];
  (void)state;
  memset(&r, 0, sizeof r);
  r.op = MJ_OP_IMAGINE;
  r.prompt = "caf\xe9";
  assert_int_equal(put(&r, NULL, NULL, out, sizeof out, &err), MJ_EINVALID);
  assert_string_equal(err.text, "prompt: not UTF-8 at byte 4");
  r.op = MJ_OP_CLICK;
  r.task = "7";
  r.button = "MJ::\xff";
  assert_int_equal(put(&r, NULL, NULL, out, sizeof out, &err), MJ_EINVALID);
  assert_string_equal(err.text, "button: not UTF-8");
}

/* "" is as good as nothing for a prefix, a token and a dialog's prompt. */
static void empty_texts(void **state) {
  mj_request r;
  mj_error err;
  char out[200];
  (void)state;
  memset(&r, 0, sizeof r);
  r.op = MJ_OP_MODAL;
  r.task = "7";
  r.prompt = "";
  assert_int_equal(put(&r, "", "", out, sizeof out, &err), MJ_OK);
  assert_string_equal(out, "https://a.b/mj/submit/modal {\"taskId\":\"7\"}");
}

static void no_id(void **state) {
  static const struct mj__gateway g = {"https://a.b", NULL, NULL, "mj-prefix"};
  const char *none = NULL;
  struct mj__call call;
  mj_error err;
  (void)state;
  memset(&call, 0, sizeof call);
  mj__err_clear(&err);
  assert_int_equal(
      mj__wire_mj.ask(&call, &g, NULL, MJ__R_FETCH, &none, 1, &err),
      MJ_EINVALID);
  assert_string_equal(err.text, "not a task id: (none)");
}

/* The names of routes that no folder's text has. */
static void route_names(void **state) {
  (void)state;
  assert_string_equal(mj__route_name(MJ__R_GENERATE), "generateTask");
  assert_string_equal(mj__route_name(MJ__R_NONE), "");
}

/* Back from base64, by the book. */
static size_t from_base64(const char *s, char *out) {
  static const char letters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t n = 0;
  unsigned bits = 0, held = 0;
  for (; *s && *s != '=' && *s != '"'; s++) {
    bits = bits << 6 | (unsigned)(strchr(letters, *s) - letters);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out[n++] = (char)(bits >> held & 255);
    }
  }
  return n;
}

/* Nobody puts what was not checked; it would not be cut short. */
static void put_unknown(const char *bytes) {
  const mj_picture p = {NULL, bytes, 3};
  struct mj__mem m;
  struct mj__buf b;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 100);
  mj__picture_put(&b, &p);
  assert_string_equal(b.p, "\"data:image/png;base64,UE5H\"");
  mj__buf_free(&b);
}

static void pictures_as_base64(void **state) {
  static const char head[] = "\"data:image/png;base64,";
  char bytes[2000], back[2000];
  uint32_t seed = 7;
  mj_picture p = {NULL, bytes, 0};
  mj_error err;
  (void)state;
  for (p.len = 0; p.len < sizeof bytes; p.len++)
    bytes[p.len] = (char)next_random(&seed);
  memcpy(bytes, "\x89PNG\r\n\x1a\n", 8);
  for (p.len = 8; p.len < sizeof bytes; p.len++) {
    struct mj__mem m;
    struct mj__buf b;
    mj__mem_init(&m, NULL, NULL);
    mj__buf_init(&b, &m, 1 << 20);
    mj__picture_put(&b, &p);
    assert_int_equal(b.n, strlen(head) + (p.len + 2) / 3 * 4 + 1);
    assert_int_equal(strncmp(b.p, head, strlen(head)), 0);
    assert_int_equal(b.p[b.n - 1], '"');
    assert_int_equal(from_base64(b.p + strlen(head), back), p.len);
    assert_memory_equal(back, bytes, p.len);
    mj__buf_free(&b);
  }
  put_unknown(bytes + 1);
  for (p.len = 0; p.len < 8; p.len++) {
    mj__err_clear(&err);
    assert_int_equal(mj__picture_check(&p, "x", &err), MJ_EINVALID);
    assert_null(mj__picture_type(bytes, p.len));
  }
}

static void request_too_large(void **state) {
  static const struct mj__gateway g = {"https://a.b", NULL, NULL, "mj-prefix"};
  struct mj__mem m;
  struct mj__call call;
  mj_request r;
  mj_error err;
  static const mj_picture picture = {"https://cdn.example/a.png", NULL, 0};
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
  mj__buf_free(&call.url);
  mj__buf_free(&call.body);
  mj__buf_init(&call.url, &m, 8192);
  mj__buf_init(&call.body, &m, 1 << 20);
  r.pictures = &picture; /* its address makes it too long */
  r.npictures = 1;
  mj__err_clear(&err);
  assert_int_equal(mj__wire_mj.put(&call, &g, &r, NULL, &err), MJ_ETOO_LARGE);
  assert_string_equal(err.text, "the prompt is too long");
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
  static struct CMUnitTest tests[CASES + COUNT(words) + COUNT(shapes) + 20];
  size_t i, n = 0;
  int rc;
  folders = wire_cases_read(cases, CASES);
  CASE(ids);
  CASE(progress);
  CASE(no_status);
  CASE(encode_out_of_memory);
  CASE(decode_out_of_memory);
  CASE(not_utf8);
  CASE(empty_texts);
  CASE(no_id);
  CASE(route_names);
  CASE(pictures_as_base64);
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
  return rc != 0 || folders < 500 || ran < folders;
}
