/* SPDX-License-Identifier: MIT
   test_outcome.c - what replies mean for money.  The cases of paid submits are
   the lines of spec/wire/outcomes.tsv; transfers that broke, and
   the free question, are here. */
#include "test.h"

#include "err.h"
#include "outcome.h"

static const char *const verdicts[] = {"not_sent", "refused", "accepted",
                                       "unknown"};

/* Fills *s as the client does; the document is the caller's. */
static mj_json *see(struct mj__seen *s, int http, const char *body) {
  mj_json *doc = NULL;
  size_t n = strlen(body);
  memset(s, 0, sizeof *s);
  s->http_status = http;
  s->sent = 2;
  s->body = body;
  s->body_len = n;
  (void)mj_json_parse(&doc, body, n, NULL, NULL, NULL);
  mj__said_read(&s->said, mj_json_root(doc), n);
  return doc;
}

/* Lines of the table ------------------------------------------------------ */

struct line {
  char *field[6]; /* verdict, error, retryable, HTTP status, name, body */
};
static struct line lines[600];
static struct CMUnitTest tests[600];
static char *table;

static void submit_line(void **state) {
  const struct line *l = *state;
  struct mj__verdict v;
  struct mj__seen s;
  mj_json *doc = see(&s, (int)strtol(l->field[3], NULL, 10), l->field[5]);
  const char *error;
  mj__outcome_submit(&s, &v);
  error = v.code == MJ_OK ? "ok" : mj_error_name(v.code);
  assert_in_range(v.kind, 0, 3);
  assert_string_equal(verdicts[v.kind], l->field[0]);
  assert_string_equal(error, l->field[1]);
  assert_int_equal(v.retryable, l->field[2][0] == '1');
  mj_json_free(doc);
  /* whatever was said, a cut transfer of it is no answer */
  s.curl_code = 18;
  mj__outcome_submit(&s, &v);
  assert_int_equal(v.kind, MJ__V_UNKNOWN);
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

static size_t read_table(void) {
  const char *root = getenv("MJ_SOURCE_DIR");
  char path[600], *at, *end;
  size_t n = 0;
  long size;
  FILE *f;
  (void)snprintf(path, sizeof path, "%s/spec/wire/outcomes.tsv",
                 root ? root : ".");
  f = fopen(path, "rb");
  if (!f || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) <= 0)
    return 0;
  rewind(f);
  table = calloc(1, (size_t)size + 1);
  if (!table || fread(table, 1, (size_t)size, f) != (size_t)size)
    return 0;
  (void)fclose(f);
  for (at = table; *at && n < COUNT(lines) - 100; at = end + 1) {
    end = strchr(at, '\n');
    if (!end)
      return 0;
    *end = '\0';
    if (*at != '#' && read_line(at, &lines[n])) {
      tests[n] = named_case(lines[n].field[4], submit_line, &lines[n]);
      n++;
    }
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
        struct mj__seen s;
        see(&s, http, "");
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
  struct mj__seen s;
  mj_json *doc = see(&s, 413, "<html>too large</html>");
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
      struct mj__seen s;
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
      doc = see(&s, http, body);
      mj__outcome_submit(&s, &v);
      if (v.kind != MJ__V_UNKNOWN)
        fail_msg("code %d, http %d: %s", code, http, verdicts[v.kind]);
      mj_json_free(doc);
    }
}

/* The free question ------------------------------------------------------- */

struct asked {
  const char *name;
  int curl, http;
  const char *body;
  enum mj__look look;
  int code;
};

#define ERR  "{\"error\":{\"message\":\"x\",\"type\":\"new_api_error\"}}"
#define TASK "{\"id\":\"7\",\"status\":\"IN_PROGRESS\"}"

static const struct asked asked[] = {
    {"task", 0, 200, TASK, MJ__LOOK_TASK, 0},
    {"task, empty status", 0, 200, "{\"id\":\"7\",\"status\":\"\"}",
     MJ__LOOK_TASK, 0},
    {"task, null status", 0, 200, "{\"id\":\"7\",\"status\":null}",
     MJ__LOOK_TASK, 0},
    {"task with http 203", 0, 203, TASK, MJ__LOOK_TASK, 0},
    {"task with http 500", 0, 500, TASK, MJ__LOOK_AGAIN, MJ_EPROTOCOL},
    {"task cut off", 18, 200, TASK, MJ__LOOK_AGAIN, MJ_ENETWORK},
    {"no connection", 7, 0, "", MJ__LOOK_AGAIN, MJ_ENETWORK},
    {"empty 200", 0, 200, "", MJ__LOOK_MISSING, MJ_ENOT_FOUND},
    {"empty 204", 0, 204, "", MJ__LOOK_MISSING, MJ_ENOT_FOUND},
    {"empty 500", 0, 500, "", MJ__LOOK_AGAIN, MJ_EPROTOCOL},
    {"task_no_found", 0, 400,
     "{\"description\":\"task_no_found \",\"type\":\"upstream_error\","
     "\"code\":4}",
     MJ__LOOK_MISSING, MJ_ENOT_FOUND},
    {"task_not_found", 0, 400,
     "{\"description\":\"task_not_found\",\"code\":4}", MJ__LOOK_MISSING,
     MJ_ENOT_FOUND},
    {"task_no_found with another code", 0, 400,
     "{\"description\":\"task_no_found\",\"code\":5}", MJ__LOOK_AGAIN,
     MJ_EPROTOCOL},
    {"code 4, another text", 0, 400, "{\"description\":\"x\",\"code\":4}",
     MJ__LOOK_AGAIN, MJ_EPROTOCOL},
    {"code 3", 0, 404, "{\"code\":3,\"description\":\"x\",\"result\":null}",
     MJ__LOOK_MISSING, MJ_ENOT_FOUND},
    {"401", 0, 401, "", MJ__LOOK_REFUSED, MJ_EAUTH},
    {"402", 0, 402, ERR, MJ__LOOK_REFUSED, MJ_EAUTH},
    {"403", 0, 403, "no", MJ__LOOK_REFUSED, MJ_EAUTH},
    {"429", 0, 429, ERR, MJ__LOOK_AGAIN, MJ_ERATE_LIMITED},
    {"404", 0, 404, "<html>", MJ__LOOK_REFUSED, MJ_EUNSUPPORTED},
    {"405", 0, 405, ERR, MJ__LOOK_REFUSED, MJ_EUNSUPPORTED},
    {"301", 0, 301, "", MJ__LOOK_REFUSED, MJ_EUNSUPPORTED},
    {"399", 0, 399, "", MJ__LOOK_REFUSED, MJ_EUNSUPPORTED},
    {"300", 0, 300, "", MJ__LOOK_REFUSED, MJ_EUNSUPPORTED},
    {"400", 0, 400, ERR, MJ__LOOK_AGAIN, MJ_EPROTOCOL},
    {"406", 0, 406, "", MJ__LOOK_AGAIN, MJ_EPROTOCOL},
    {"503", 0, 503, ERR, MJ__LOOK_AGAIN, MJ_EPROTOCOL},
    {"502 page", 0, 502, "<html>bad gateway</html>", MJ__LOOK_AGAIN,
     MJ_EPROTOCOL},
    {"a page", 0, 200, "<html>", MJ__LOOK_AGAIN, MJ_EPROTOCOL},
    {"a list", 0, 200, "[]", MJ__LOOK_AGAIN, MJ_EPROTOCOL},
    {"null", 0, 200, "null", MJ__LOOK_AGAIN, MJ_EPROTOCOL},
    {"no id", 0, 200, "{\"status\":\"SUCCESS\"}", MJ__LOOK_AGAIN, MJ_EPROTOCOL},
    {"no status", 0, 200, "{\"id\":\"7\"}", MJ__LOOK_AGAIN, MJ_EPROTOCOL},
};

static void look(void **state) {
  const struct asked *a = *state;
  struct mj__seen s;
  int code = 1;
  mj_json *doc = see(&s, a->http, a->body);
  s.curl_code = a->curl;
  assert_int_equal(mj__outcome_fetch(&s, &code), a->look);
  if (a->look != MJ__LOOK_TASK)
    assert_int_equal(code, a->code);
  mj_json_free(doc);
}

/* Words ------------------------------------------------------------------- */

static const char *words_secret = "sk-of-this-test";

static void words_of(int curl, int http, const char *body, int code,
                     mj_error *err) {
  struct mj__seen s;
  mj_json *doc = see(&s, http, body);
  s.curl_code = curl;
  s.secret = words_secret;
  mj__err_clear(err);
  mj__explain(&s, code, "imagine", err);
  assert_int_equal(err->code, code);
  assert_int_equal(err->http_status, curl && !http ? 0 : http);
  assert_int_equal(strncmp(err->text, "imagine: ", 9), 0);
  mj_json_free(doc);
}

static void explanations(void **state) {
  mj_error e;
  (void)state;
  words_of(0, 401, "", MJ_EAUTH, &e);
  assert_non_null(strstr(e.text, "HTTP 401 with an empty body"));
  assert_non_null(strstr(e.text, "check api_key"));
  words_secret = NULL;
  words_of(0, 401, "", MJ_EAUTH, &e);
  assert_non_null(strstr(e.text, "no key was given"));
  words_secret = "sk-of-this-test";
  words_of(0, 200,
           "{\"code\":24,\"description\":\"x\",\"result\":null,"
           "\"properties\":{\"bannedWord\":\"y\"}}",
           MJ_EBANNED_PROMPT, &e);
  assert_string_equal(e.text, "imagine: prompt refused by content rules: x "
                              "(the word \"y\"); reword the prompt");
  words_of(0, 403, "forbidden", MJ_EAUTH, &e);
  assert_non_null(strstr(e.text, "forbidden"));
  assert_null(strstr(e.text, "check api_key"));
  words_of(0, 404, "<html><style>a{}</style><b>404</b> Not\n Found</html>",
           MJ_EUNSUPPORTED, &e);
  assert_non_null(
      strstr(e.text, "HTTP 404 with a page, not JSON: 404 Not Found"));
  assert_non_null(strstr(e.text, "base_url"));
  words_of(0, 404, "{\"code\":3,\"description\":\"gone\"}", MJ_ENOT_FOUND, &e);
  assert_non_null(strstr(e.text, "gone"));
  assert_null(strstr(e.text, "base_url"));
  assert_int_equal(e.remote_code, 3);
  words_of(0, 302, "", MJ_EPROTOCOL, &e);
  assert_non_null(strstr(e.text, "redirects"));
  words_of(0, 200, "<html>Welcome</html>", MJ_EUNKNOWN_OUTCOME, &e);
  assert_non_null(strstr(e.text, "look before you submit again"));
  words_of(0, 200, "<html>Welcome</html>", MJ_EPROTOCOL, &e);
  assert_non_null(strstr(e.text, "web page"));
  words_of(0, 200,
           "{\"code\":24,\"description\":\"banned\",\"properties\":{"
           "\"bannedWord\":\"nude\"}}",
           MJ_EBANNED_PROMPT, &e);
  assert_non_null(strstr(e.text, "banned (the word \"nude\")"));
  assert_int_equal(e.remote_code, 24);
  words_of(7, 0, "", MJ_ENETWORK, &e);
  assert_non_null(strstr(e.text, "the connection broke"));
  assert_non_null(strstr(e.text, "running?"));
  words_of(6, 0, "", MJ_ENETWORK, &e);
  assert_non_null(strstr(e.text, "host in base_url"));
  assert_int_equal(e.remote_code, 0);
}

static void explanations_are_clean(void **state) {
  char body[5000];
  mj_error e;
  size_t i;
  (void)state;
  for (i = 0; i < sizeof body - 1; i++)
    body[i] = (char)(i % 255 + 1); /* every byte but 0 */
  body[sizeof body - 1] = '\0';
  words_of(0, 500, body, MJ_EPROTOCOL, &e);
  assert_int_equal(mj__utf8_check(e.text, strlen(e.text)), strlen(e.text));
  for (i = 0; e.text[i]; i++)
    assert_true((unsigned char)e.text[i] >= 0x20 && e.text[i] != 0x7f);
  mj__explain(&(struct mj__seen){0}, MJ_EAUTH, "x", NULL); /* NULL is fine */
  words_of(0, 500, "first", MJ_EPROTOCOL, &e);
  mj__explain(&(struct mj__seen){0}, MJ_EAUTH, "second", &e);
  assert_int_equal(e.code, MJ_EPROTOCOL); /* the first error wins */
}

int main(void) {
  size_t i, n = read_table();
  int rc;
  if (n < 350) {
    (void)fprintf(stderr, "outcomes.tsv: %zu lines, more expected\n", n);
    return 1;
  }
  for (i = 0; i < COUNT(asked); i++)
    tests[n++] = named_case(asked[i].name, look, &asked[i]);
  tests[n++] = named_case("broken_transfers", broken_transfers, NULL);
  tests[n++] = named_case("early_refusal", early_refusal, NULL);
  tests[n++] = named_case("the_rest_is_unknown", the_rest_is_unknown, NULL);
  tests[n++] = named_case("explanations", explanations, NULL);
  tests[n++] =
      named_case("explanations_are_clean", explanations_are_clean, NULL);
  rc = run_cases("outcome", tests, n);
  free(table);
  return rc;
}
