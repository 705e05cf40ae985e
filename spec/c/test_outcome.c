/* SPDX-License-Identifier: MIT
   test_outcome.c - what replies mean for money.  The cases of paid submits are
   the lines of spec/wire/outcomes.tsv, those of free questions the lines of
   spec/wire/asks.tsv; transfers that broke are here, words in outcome_words.c.
 */
#include "outcome_case.h"

#include "err.h"

static const char *const verdicts[] = {"not_sent", "refused", "accepted",
                                       "unknown"};

/* Lines of the tables ----------------------------------------------------- */

struct line {
  /* outcomes.tsv: verdict, error, retryable, HTTP status, name, body
     asks.tsv: look, error, HTTP status, route, name, body */
  char *field[6];
};
enum { LINES = 2000 };
static struct line lines[LINES];
static struct CMUnitTest tests[LINES];
static size_t ntests;
static char *tables[2];

/* The names of lines that a gateway of the generate family says. */
static int of_generate(const struct line *l) {
  return strncmp(l->field[4], "generate:", 9) == 0;
}

static const char *word_of(int code) {
  return code == MJ_OK ? "ok" : mj_error_name(code);
}

static void submit_line(void **state) {
  const struct line *l = *state;
  struct mj__verdict v;
  struct mj__reply s;
  mj_json *doc =
      outcome_see(&s, (int)strtol(l->field[3], NULL, 10), l->field[5]);
  s.generate = of_generate(l);
  mj__outcome_submit(&s, &v);
  assert_in_range(v.kind, 0, 3);
  assert_string_equal(verdicts[v.kind], l->field[0]);
  assert_string_equal(word_of(v.code), l->field[1]);
  assert_int_equal(v.retryable, l->field[2][0] == '1');
  mj_json_free(doc);
  /* whatever was said, a cut transfer of it is no answer */
  s.curl_code = 18;
  mj__outcome_submit(&s, &v);
  assert_int_equal(v.kind, MJ__V_UNKNOWN);
}

static enum mj__route route_of(const char *word) {
  static const struct {
    const char *word;
    enum mj__route route;
  } all[] = {{"fetch", MJ__R_FETCH},   {"seed", MJ__R_SEED},
             {"cancel", MJ__R_CANCEL}, {"list", MJ__R_LIST},
             {"ids", MJ__R_IDS},       {"queue", MJ__R_QUEUE}};
  size_t i;
  for (i = 0; i < COUNT(all); i++)
    if (strcmp(all[i].word, word) == 0)
      return all[i].route;
  fail_msg("asks.tsv: no such route: %s", word);
  return MJ__R_NONE;
}

static void ask_line(void **state) {
  static const char *const looks[] = {"good", "missing", "again", "refused"};
  const struct line *l = *state;
  enum mj__route route = route_of(l->field[3]);
  struct mj__reply s;
  int code = -1;
  mj_json *doc =
      outcome_see(&s, (int)strtol(l->field[2], NULL, 10), l->field[5]);
  s.generate = of_generate(l);
  assert_string_equal(looks[mj__outcome_ask(&s, route, &code)], l->field[0]);
  assert_string_equal(word_of(code), l->field[1]);
  s.curl_code = 18;
  assert_int_equal(mj__outcome_ask(&s, route, &code), MJ__LOOK_AGAIN);
  assert_int_equal(code, MJ_ENETWORK);
  mj_json_free(doc);
}

static int read_line(char *text, struct line *l) {
  int i;
  for (i = 0; i < 6; i++) {
    l->field[i] = text;
    text = text ? strchr(text, '\t') : NULL;
    if (text && i < 5)
      *text++ = '\0';
  }
  return l->field[5] != NULL;
}

/* Returns how many lines spec/wire/`name` has; each becomes a test. */
static size_t read_table(const char *name, char **text,
                         CMUnitTestFunction test) {
  const char *root = getenv("MJ_SOURCE_DIR");
  char path[600], *at, *end;
  size_t n = 0;
  long size;
  FILE *f;
  (void)snprintf(path, sizeof path, "%s/spec/wire/%s", root ? root : ".", name);
  f = fopen(path, "rb");
  if (!f || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) <= 0)
    return 0;
  rewind(f);
  *text = calloc(1, (size_t)size + 1);
  if (!*text || fread(*text, 1, (size_t)size, f) != (size_t)size)
    return 0;
  (void)fclose(f);
  for (at = *text; *at && ntests < LINES - 100; at = end + 1) {
    struct line *l = &lines[ntests];
    end = strchr(at, '\n');
    if (!end)
      return 0;
    *end = '\0';
    if (*at == '#')
      continue;
    if (!read_line(at, l))
      return 0;
    tests[ntests++] = named_case(l->field[4], test, l);
    n++;
  }
  return n;
}

/* Transfers that broke ---------------------------------------------------- */

/* libcurl's codes: 6 name, 7 connect, 16 HTTP/2, 18 short, 28 timeout, 35 and
   60 TLS, 42 our own guard, 52 nothing came, 55 send, 56 receive, 92 stream. */
static const int curl_codes[] = {6, 7, 16, 18, 28, 35, 42, 52, 55, 56, 60, 92};

static void broken_transfers(void **state) {
  size_t i;
  int sent, http;
  (void)state;
  for (i = 0; i < COUNT(curl_codes); i++)
    for (sent = 0; sent <= 2; sent++)
      for (http = 0; http <= 500; http += 100) {
        struct mj__verdict v;
        struct mj__reply s;
        outcome_see(&s, http, "");
        s.curl_code = curl_codes[i];
        s.sent = sent;
        mj__outcome_submit(&s, &v);
        if (sent < 2) {
          assert_int_equal(v.kind, MJ__V_NOT_SENT);
          assert_int_equal(v.code, MJ_ENETWORK);
          assert_int_equal(v.retryable, 1);
        } else {
          assert_int_equal(v.kind, MJ__V_UNKNOWN);
          assert_int_equal(v.code, MJ_EUNKNOWN_OUTCOME);
          assert_int_equal(v.retryable, 0);
        }
      }
}

/* A whole reply counts even if the server did not read all of the request. */
static void early_refusal(void **state) {
  struct mj__verdict v;
  struct mj__reply s;
  mj_json *doc = outcome_see(&s, 413, "<html>too large</html>");
  (void)state;
  s.sent = 1;
  mj__outcome_submit(&s, &v);
  assert_int_equal(v.kind, MJ__V_REFUSED);
  assert_int_equal(v.code, MJ_ETOO_LARGE);
  mj_json_free(doc);
}

/* No status and no code of any number is accepted, or called not sent, unless
   a row says so. */
static void the_rest_is_unknown(void **state) {
  static const char *const known[] = {"1",  "3",  "15", "21",
                                      "22", "23", "24", "30"};
  int code, http;
  size_t i;
  (void)state;
  for (code = -5; code < 1000; code++)
    for (http = 200; http < 600; http += 100) {
      char body[100], digits[12];
      struct mj__verdict v;
      struct mj__reply s;
      mj_json *doc;
      int is_known = 0;
      (void)snprintf(digits, sizeof digits, "%d", code);
      for (i = 0; i < COUNT(known); i++)
        is_known |= strcmp(digits, known[i]) == 0;
      if (is_known)
        continue;
      (void)snprintf(body, sizeof body,
                     "{\"code\":%d,\"description\":\"?\",\"result\":\"7\"}",
                     code);
      doc = outcome_see(&s, http, body);
      mj__outcome_submit(&s, &v);
      if (v.kind != MJ__V_UNKNOWN)
        fail_msg("code %d, http %d: %s", code, http, verdicts[v.kind]);
      mj_json_free(doc);
    }
}

/* An upload is accepted with an address at least: its id, if there is one, is
   nothing that can be waited for. */
static void uploads(void **state) {
  static const struct {
    const char *result;
    enum mj__verdict_kind kind;
  } all[] = {{"[\"https://a.b/1.png\"]", MJ__V_ACCEPTED},
             {"[null,\"https://a.b/1.png\"]", MJ__V_ACCEPTED},
             {"[]", MJ__V_UNKNOWN},
             {"[1,2]", MJ__V_UNKNOWN},
             {"[null]", MJ__V_UNKNOWN},
             {"null", MJ__V_UNKNOWN},
             {"\"7\"", MJ__V_UNKNOWN},
             {"7", MJ__V_UNKNOWN},
             {"{\"url\":\"https://a.b\"}", MJ__V_UNKNOWN}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    char body[200];
    struct mj__verdict v;
    struct mj__reply s;
    mj_json *doc;
    (void)snprintf(body, sizeof body, "{\"code\":1,\"result\":%s}",
                   all[i].result);
    doc = outcome_see(&s, 200, body);
    s.wants_list = 1;
    mj__outcome_submit(&s, &v);
    if (v.kind != all[i].kind)
      fail_msg("%s: %s", all[i].result, verdicts[v.kind]);
    s.http_status = 500;
    mj__outcome_submit(&s, &v);
    assert_int_equal(v.kind, MJ__V_UNKNOWN);
    mj_json_free(doc);
  }
}

/* Refused because of the task that it builds on: gateways say so of one that
   has just ended, and it may be tried again. */
static void parents(void **state) {
  static const struct {
    int code;
    const char *text;
    int parent;
  } all[] = {{3, "x", 1},
             {3, "account instance", 0},
             {4, "task_not_found", 1},
             {4, "task_no_found", 1},
             {4, "task_status_not_success", 1},
             {4, "关联任务状态错误", 1},
             {4, "prompt_is_required", 0},
             {4, "quota_not_enough", 0},
             {4, "get_channel_info_failed", 0},
             {4, "something new", 0},
             {23, "x", 0},
             {24, "x", 0},
             {30, "x", 0}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    char body[200];
    struct mj__verdict v;
    struct mj__reply s;
    mj_json *doc;
    (void)snprintf(body, sizeof body, "{\"code\":%d,\"description\":\"%s\"}",
                   all[i].code, all[i].text);
    doc = outcome_see(&s, 400, body);
    mj__outcome_submit(&s, &v);
    if (v.parent != all[i].parent)
      fail_msg("%s", body);
    mj_json_free(doc);
  }
}

/* Failures that are not the request's fault. */
static void work_that_may_be_done_again(void **state) {
  static const struct {
    int code, may;
    const char *reason;
  } all[] = {
      {MJ_EFAILED, 1, NULL},
      {MJ_EFAILED, 1, ""},
      {MJ_EFAILED, 1, "GENERATION_FAILED"},
      {MJ_EFAILED, 0, "CONTENT_VIOLATION"},
      {MJ_EFAILED, 0, "NSFW_DETECTED"},
      {MJ_EFAILED, 1, "\xe4\xbb\xbb\xe5\x8a\xa1\xe8\xb6\x85\xe6\x97\xb6"},
      {MJ_EBANNED_PROMPT, 0, NULL},
      {MJ_EINVALID, 0, NULL},
      {MJ_EREMOTE_LOST, 0, NULL},
      {MJ_EUNKNOWN_OUTCOME, 0, NULL},
      {MJ_ECANCELLED, 0, NULL},
      {MJ_EAUTH, 0, NULL}};
  char words[2000];
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++)
    assert_int_equal(mj__outcome_may_repeat(all[i].code, all[i].reason),
                     all[i].may);
  memset(words, 'a', sizeof words); /* more than anybody reads */
  words[sizeof words - 1] = '\0';
  assert_int_equal(mj__outcome_may_repeat(MJ_EFAILED, words), 1);
}

/* The route is missing where the gateway itself says so. */
static void no_route(void **state) {
  static const struct {
    int curl, http;
    const char *body;
    int is;
  } all[] = {
      {0, 404, "", 0}, /* a proxy says so, too, while it starts */
      {0, 405, "", 0},
      {0, 404,
       "{\"error\":{\"message\":\"Invalid URL (POST /mj/x)\",\"type\":"
       "\"invalid_request_error\"}}",
       1},
      {0, 404, "{\"status\":404,\"error\":\"Not Found\",\"path\":\"/mj\"}", 1},
      {0, 404, "{\"error\":{\"message\":\"no such model\"}}", 0},
      {0, 404, "<html>404</html>", 0},
      {0, 404, "{\"code\":3,\"description\":\"x\",\"result\":null}", 0},
      {0, 404, "{\"message\":\"x\"}", 0},
      {0, 400, "", 0},
      {0, 406, "", 0},
      {0, 200, "", 0},
      {18, 404, "", 0}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    struct mj__reply s;
    mj_json *doc = outcome_see(&s, all[i].http, all[i].body);
    s.curl_code = all[i].curl;
    assert_int_equal(mj__outcome_no_route(&s), all[i].is);
    mj_json_free(doc);
  }
}

/* Of the generate family: in its envelope, which says other things, too. */
static void no_route_in_an_envelope(void **state) {
  static const struct {
    int generate, http;
    const char *body;
    int is;
  } all[] = {
      {1, 404,
       "{\"code\":404,\"message\":\"Not Found\",\"data\":{\"error\":"
       "\"POST /api/v1/generateTask/x\"}}",
       1},
      {1, 404, "{\"code\":404,\"message\":\"Route not found\"}", 1},
      {1, 404,
       "{\"code\":404,\"message\":\"no\",\"data\":{\"error\":\"Not Found\"}}",
       1},
      {1, 404,
       "{\"code\":404,\"message\":\"no handler for "
       "/api/v1/generateTask/midjourney\"}",
       1},
      {1, 404,
       "{\"code\":404,\"message\":\"GET /api/v1/statusTask/midjourney\"}", 0},
      {1, 404, "{\"code\":404,\"message\":\"Unknown endpoint\"}", 0},
      {1, 404, "{\"code\":404,\"message\":\"Image Not Found\"}", 0},
      {1, 404, "{\"code\":404,\"message\":\"The Invalid URL\"}", 0},
      {1, 404, "{\"code\":404,\"error\":\"Invalid URL\"}", 1},
      {1, 405, "{\"code\":405,\"message\":\"Method not allowed\"}", 1},
      {1, 404, "{\"code\":404,\"message\":\"Model not found\"}", 0},
      {1, 404, "{\"code\":404,\"message\":\"Task not found\"}", 0},
      {1, 400, "{\"code\":404,\"message\":\"Route not found\"}", 0},
      {1, 404, "{\"message\":\"Route not found\"}", 0},
      {1, 404, "{\"status\":404,\"error\":\"Not Found\",\"path\":\"/x\"}", 1},
      {1, 404, "", 0},
      {0, 404, "{\"code\":404,\"message\":\"Route not found\"}", 0}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    struct mj__reply s;
    mj_json *doc = outcome_see(&s, all[i].http, all[i].body);
    s.generate = all[i].generate;
    if (mj__outcome_no_route(&s) != all[i].is)
      fail_msg("%s", all[i].body);
    s.curl_code = 18;
    assert_int_equal(mj__outcome_no_route(&s), 0);
    mj_json_free(doc);
  }
}

/* A row with a code is for replies that have one. */
static void no_code_no_row(void **state) {
  struct mj__verdict v;
  struct mj__reply s;
  (void)state;
  (void)outcome_see(&s, 200, "");
  s.said.shape = MJ__SHAPE_SUBMIT;
  s.said.code = 24;
  mj__outcome_submit(&s, &v);
  assert_int_equal(v.kind, MJ__V_UNKNOWN);
}

#define CASE(f) tests[ntests++] = named_case(#f, f, NULL)

int main(void) {
  size_t submits = read_table("outcomes.tsv", &tables[0], submit_line);
  size_t asks = read_table("asks.tsv", &tables[1], ask_line);
  size_t i;
  int rc;
  if (submits < 400 || asks < 400) {
    (void)fprintf(stderr, "outcomes.tsv: %zu lines, asks.tsv: %zu lines\n",
                  submits, asks);
    return 1;
  }
  CASE(broken_transfers);
  CASE(early_refusal);
  CASE(the_rest_is_unknown);
  CASE(uploads);
  CASE(parents);
  CASE(work_that_may_be_done_again);
  CASE(no_route);
  CASE(no_route_in_an_envelope);
  CASE(no_code_no_row);
  for (i = 0; i < outcome_nwords; i++)
    tests[ntests++] = outcome_words[i];
  rc = run_cases("outcome", tests, ntests);
  free(tables[0]);
  free(tables[1]);
  return rc;
}
