/* SPDX-License-Identifier: MIT
   outcome_words.c - what is said about a reply, so that it helps. */
#include "outcome_case.h"

#include "err.h"

mj_json *outcome_see(struct mj__reply *s, int http, const char *body) {
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

static const char *words_secret = "sk-of-this-test";

static void words_of(int curl, int http, const char *body, int code,
                     mj_error *err) {
  struct mj__reply s;
  mj_json *doc = outcome_see(&s, http, body);
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
  words_of(18, 404, "<html>", MJ_EUNSUPPORTED, &e); /* broken off: no proof */
  assert_null(strstr(e.text, "no such route"));
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

/* The generate family's message, and what its data adds. */
static void data_words(void **state) {
  static const struct {
    const char *body, *says;
  } all[] = {
      {"{\"code\":400,\"message\":\"Invalid request\",\"data\":{\"error\":"
       "\"Missing required field: input.prompt\"}}",
       "imagine: HTTP 400: Invalid request: Missing required field: "
       "input.prompt"},
      {"{\"code\":400,\"message\":\"same\",\"data\":{\"error\":\"same\"}}",
       "imagine: HTTP 400: same"},
      {"{\"code\":400,\"data\":{\"error\":\"alone\"}}",
       "imagine: HTTP 400: alone"},
      {"{\"code\":400,\"message\":\"m\",\"data\":{\"error\":7}}",
       "imagine: HTTP 400: m: 7"},
      {"{\"code\":400,\"message\":\"m\",\"data\":null}",
       "imagine: HTTP 400: m"},
      {"{\"code\":400,\"error\":\"an adapter's\"}",
       "imagine: HTTP 400: an adapter's"},
      {"{\"code\":400,\"data\":null}",
       "imagine: HTTP 400: {\"code\":400,\"data\":null}"},
      {"{\"code\":400,\"message\":\"key sk-of-this-test\",\"data\":{"
       "\"error\":\"is sk-of-this-test\"}}",
       "imagine: HTTP 400: key ***: is ***"}};
  size_t i;
  mj_error e;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    words_of(0, 400, all[i].body, MJ_EINVALID, &e);
    assert_string_equal(e.text, all[i].says);
    assert_int_equal(e.remote_code, 400);
  }
}

/* What may have been taken is named, so that it can be looked up. */
static void ids_are_told(void **state) {
  static const struct {
    int http, generate;
    const char *body, *says;
  } all[] = {
      {429, 1, "{\"code\":429,\"message\":\"m\",\"data\":{\"taskId\":\"t1\"}}",
       "imagine: HTTP 429 and the task id \"t1\": m; the gateway may have"},
      {200, 1, "{\"task_id\":\"t1\"}",
       "imagine: HTTP 200 and the task id \"t1\": {\"task_id\":\"t1\"}; the"},
      {200, 1,
       "{\"code\":200,\"message\":\"m\",\"data\":{\"taskId\":\"a\\nb\"}}",
       "imagine: HTTP 200 and the task id \"a b\": m; the gateway"},
      {200, 1,
       "{\"code\":200,\"message\":\"m\",\"data\":{\"taskId\":"
       "\"a:sk-of-this-test\"}}",
       "imagine: HTTP 200 and the task id \"a:***\": m; the gateway"},
      {200, 0, "{\"code\":1,\"description\":\"d\",\"result\":\"a:b\"}",
       "imagine: HTTP 200 and the task id \"a:b\": d; the gateway"},
      {200, 0, "{\"code\":9,\"description\":\"d\",\"result\":7}",
       "imagine: HTTP 200 and the task id \"7\": d; the gateway"},
      {200, 0, "{\"code\":1,\"description\":\"d\",\"result\":[]}",
       "imagine: HTTP 200: d; the gateway"}};
  size_t i;
  mj_error e;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    struct mj__verdict v;
    struct mj__reply s;
    mj_json *doc = outcome_see(&s, all[i].http, all[i].body);
    s.generate = all[i].generate;
    s.secret = words_secret;
    mj__outcome_submit(&s, &v);
    assert_int_equal(v.kind, MJ__V_UNKNOWN);
    mj__err_clear(&e);
    mj__explain(&s, v.code, "imagine", &e);
    if (strncmp(e.text, all[i].says, strlen(all[i].says)) != 0)
      fail_msg("%s", e.text);
    mj__err_clear(&e);
    mj__explain(&s, MJ_EAUTH, "imagine", &e); /* of a refusal it is not */
    assert_null(strstr(e.text, "task id"));
    mj_json_free(doc);
  }
}

/* A route that is not there, in the words of a gateway that is known, or not;
   and what has a JSON body, or one that was cut. */
static void words_about_routes(void **state) {
  static const struct {
    int curl, http, known, generate;
    const char *body, *says, *not ;
  } all[] = {
      {56, 404, 0, 0, "", "imagine: ", "base_url is the address"},
      {0, 404, 1, 0, "{\"code\":3,\"description\":\"no\",\"result\":null}",
       "no", "base_url is the address"},
      {0, 404, 1, 0, "{\"success\":false,\"message\":\"no\"}", "no",
       "base_url is the address"},
      {0, 404, 1, 0, "<html>404</html>", "no such route", "base_url"},
      {0, 404, 1, 0, "", "no such route", "base_url"},
      {0, 405, 1, 0, "{\"x\":1}", "405", "no such route"},
      {0, 405, 0, 0, "{\"x\":1}", "base_url", "no such route"},
      {0, 404, 1, 0, "{\"error\":{\"message\":\"Invalid URL (POST /x)\"}}",
       "no such route", "base_url"},
      {0, 404, 1, 1, "{\"code\":404,\"message\":\"Not Found\",\"data\":null}",
       "no such route", "base_url"},
      {0, 200, 1, 0, " \n{\"code\":1,", "broken JSON", "with a page"},
      {0, 200, 1, 0, "[1,", "broken JSON", "with a page"},
      {0, 200, 1, 0, " \n ", "HTTP 200", "broken JSON"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    int code = all[i].http == 200 ? MJ_EPROTOCOL : MJ_EUNSUPPORTED;
    struct mj__reply s;
    mj_error e;
    mj_json *doc = outcome_see(&s, all[i].http, all[i].body);
    s.curl_code = all[i].curl;
    s.known = all[i].known;
    s.generate = all[i].generate;
    mj__err_clear(&e);
    mj__explain(&s, code, "imagine", &e);
    if (!strstr(e.text, all[i].says) || strstr(e.text, all[i].not ))
      fail_msg("%zu: %s", i, e.text);
    mj_json_free(doc);
  }
}

/* More than was read, and more than is JSON, is no page. */
static void too_long_words(void **state) {
  struct mj__reply s;
  mj_error e;
  mj_json *doc = outcome_see(&s, 200, "{\"code\":200,");
  (void)state;
  s.curl_code = 23; /* CURLE_WRITE_ERROR */
  s.body_max = 4096;
  mj__err_clear(&e);
  mj__explain(&s, MJ_EUNKNOWN_OUTCOME, "imagine", &e);
  assert_string_equal(e.text,
                      "imagine: HTTP 200 with more than 4096 bytes; the "
                      "gateway may have taken it (and charged): look before "
                      "you submit again");
  mj_json_free(doc);
  words_of(0, 200, "{\"code\":200} {}", MJ_EUNKNOWN_OUTCOME, &e);
  assert_non_null(strstr(e.text, "HTTP 200 with broken JSON: "));
}

/* Cut in the middle, the first half of a key is not shown either. */
static void data_words_hide_the_key(void **state) {
  char body[1000], fill[400];
  mj_error e;
  size_t n;
  (void)state;
  for (n = 150; n < 210; n++) {
    memset(fill, 'x', n);
    fill[n] = '\0';
    (void)snprintf(body, sizeof body,
                   "{\"code\":400,\"message\":\"%s sk-of-this-test\","
                   "\"data\":{\"error\":\"%s sk-of-this-test\"}}",
                   fill, fill + 1);
    words_of(0, 400, body, MJ_EINVALID, &e);
    assert_null(strstr(e.text, "sk-of-th"));
  }
}

/* What libcurl says is told, and what to do about it where that is known. */
static void broken_words(void **state) {
  static const struct {
    int curl, http;
    const char *text, *says;
  } all[] = {
      {35, 0, "TLS: wrong version number",
       "imagine: TLS: wrong version number; does base_url have to begin with "
       "http://, not https://?"},
      {35, 0, "TLS: no cipher", "imagine: TLS: no cipher"},
      {35, 0, NULL, "imagine: the connection broke"},
      {7, 0, "no route to host",
       "imagine: no route to host; is base_url right, and the gateway "
       "running?"},
      {7, 0, "replay: not on the tape", "imagine: replay: not on the tape"},
      {28, 0, "Resolving timed out after 10000 milliseconds",
       "imagine: Resolving timed out after 10000 milliseconds; is there a "
       "network, and does its name server answer?"},
      {28, 0, "Connection timed out", "imagine: Connection timed out"},
      {28, 0, NULL, "imagine: the connection broke"},
      {56, 200, "cut off",
       "imagine: HTTP 200, and then: cut off; the gateway may have taken it "
       "(and charged): look before you submit again"}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    struct mj__reply s;
    mj_error e;
    (void)outcome_see(&s, all[i].http, "");
    s.curl_code = all[i].curl;
    s.curl_text = all[i].text;
    s.body = NULL;
    mj__err_clear(&e);
    mj__explain(&s, all[i].http ? MJ_EUNKNOWN_OUTCOME : MJ_ENETWORK, "imagine",
                &e);
    assert_string_equal(e.text, all[i].says);
    assert_int_equal(e.http_status, all[i].http);
  }
}

/* Where it was asked, and what of that can be wrong. */
static void places(void **state) {
  static const struct {
    int generate, known, http, code;
    const char *dialect, *mode, *url, *body, *says;
  } all[] = {
#define AT    "https://g.test/x/mj/submit/imagine"
#define V1    "https://g.test/api/v1/generateTask/midjourney"
#define GONE  "{\"error\":{\"message\":\"Invalid URL\"}}"
#define MODEL "{\"error\":{\"message\":\"no such model\"}}"
      {0, 0, 404, MJ_EUNSUPPORTED, NULL, NULL, AT, GONE,
       "imagine: HTTP 404: Invalid URL; asked at " AT
       "; base_url is the address in front of /mj or /api/v1"},
      {0, 0, 405, MJ_EUNSUPPORTED, "mj", "relax", AT "?k=sk-of-this-test", "",
       "imagine: HTTP 405 with an empty body; asked at " AT
       "; base_url is the address in front of /mj; has this gateway got the "
       "mode?; dialect = \"mj\" was set by hand"},
      {1, 0, 404, MJ_EUNSUPPORTED, "generate", NULL, V1, "<b>no</b>",
       "imagine: HTTP 404 with a page, not JSON: no; asked at " V1
       "; base_url is the address in front of /api/v1; dialect = \"generate\" "
       "was set by hand"},
      {0, 0, 404, MJ_EUNSUPPORTED, NULL, NULL, "https://sk-of-this-test.x/", "",
       "imagine: HTTP 404 with an empty body; asked at https://***.x/; "
       "base_url is the address in front of /mj or /api/v1"},
      {0, 0, 404, MJ_EUNSUPPORTED, NULL, NULL, NULL, MODEL,
       "imagine: HTTP 404: no such model; base_url is the address in front of "
       "/mj or /api/v1"},
      {0, 1, 404, MJ_EUNSUPPORTED, NULL, NULL, AT, MODEL,
       "imagine: HTTP 404: no such model"},
      {0, 1, 404, MJ_EUNSUPPORTED, "mj", NULL, AT, GONE,
       "imagine: this gateway has no such route: HTTP 404: Invalid URL"},
      {0, 1, 404, MJ_EUNSUPPORTED, NULL, "relax", AT, "",
       "imagine: this gateway has no such route in mode relax: HTTP 404 with "
       "an empty body"},
      {1, 1, 404, MJ_EUNSUPPORTED, NULL, NULL, V1,
       "{\"code\":404,\"message\":\"Route not found\"}",
       "imagine: this gateway has no such route: HTTP 404: Route not found"},
      {1, 0, 404, MJ_EUNSUPPORTED, NULL, NULL, V1,
       "{\"code\":404,\"message\":\"Model not found\"}",
       "imagine: HTTP 404: Model not found"},
      {0, 0, 404, MJ_ENOT_FOUND, NULL, NULL, AT, "",
       "imagine: HTTP 404 with an empty body"},
      {0, 0, 403, MJ_EEXPIRED, NULL, NULL, NULL, "gone",
       "imagine: HTTP 403 with a page, not JSON: gone; the address has run "
       "out: look the task up again, or save earlier"},
      {0, 0, 500, MJ_EPROTOCOL, NULL, NULL, AT, " \n{\"code\":1,",
       "imagine: HTTP 500 with broken JSON: {\"code\":1,"},
      {0, 0, 200, MJ_EPROTOCOL, NULL, NULL, AT, "[1",
       "imagine: HTTP 200 with broken JSON: [1"}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    struct mj__reply s;
    mj_error e;
    mj_json *doc = outcome_see(&s, all[i].http, all[i].body);
    s.secret = "sk-of-this-test";
    s.generate = all[i].generate;
    s.known = all[i].known;
    s.dialect = all[i].dialect;
    s.mode = all[i].mode;
    s.url = all[i].url;
    mj__err_clear(&e);
    mj__explain(&s, all[i].code, "imagine", &e);
    assert_string_equal(e.text, all[i].says);
    mj_json_free(doc);
  }
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
  mj__explain(&(struct mj__reply){0}, MJ_EAUTH, "x", NULL); /* NULL is fine */
  words_of(0, 500, "first", MJ_EPROTOCOL, &e);
  mj__explain(&(struct mj__reply){0}, MJ_EAUTH, "second", &e);
  assert_int_equal(e.code, MJ_EPROTOCOL); /* the first error wins */
}

#define CASE(f)                                                                \
  { #f, f, NULL, NULL, NULL }

const struct CMUnitTest outcome_words[] = {
    CASE(explanations),           CASE(data_words),
    CASE(ids_are_told),           CASE(words_about_routes),
    CASE(too_long_words),         CASE(data_words_hide_the_key),
    CASE(broken_words),           CASE(places),
    CASE(explanations_are_clean),
};
const size_t outcome_nwords = COUNT(outcome_words);
