/* SPDX-License-Identifier: MIT
   test_outcome_rule.c - the user's own rows of the outcome table: what they
   fit, what they may not touch, and what is wrong with bad ones. */
#include "test.h"

#include "err.h"
#include "outcome.h"

struct seen {
  int http;
  const char *body;
  enum mj__verdict_kind kind;
  int code, retryable;
};

static struct mj__verdict judge(const mj_outcome *rules, size_t n, int http,
                                const char *body, int curl_code, int generate) {
  struct mj__verdict v;
  struct mj__reply s;
  mj_json *doc = NULL;
  size_t len = strlen(body);
  memset(&s, 0, sizeof s);
  s.http_status = http;
  s.curl_code = curl_code;
  s.sent = 2;
  s.body = body;
  s.body_len = len;
  s.generate = generate;
  s.rules = rules;
  s.nrules = n;
  (void)mj_json_parse(&doc, body, len, NULL, NULL, NULL);
  mj__said_read(&s.said, mj_json_root(doc), len);
  mj__outcome_submit(&s, &v);
  mj_json_free(doc);
  return v;
}

static const mj_outcome rules[] = {
    {.http_first = 500,
     .http_last = 502,
     .text = "upstream busy",
     .means = "not_sent",
     .error = "queue_full"},
    {.has_code = 1, .code = 77, .means = "refused", .retryable = 1},
    {.has_code = 1, .code = 24, .means = "refused", .error = "failed"},
    {.text = "no money", .means = "refused", .error = "auth"},
    {.http_first = 429, .http_last = 429, .means = "unknown"},
    {.text = "of a type", .means = "refused", .error = "unsupported"},
    {.text = "a reason", .means = "refused", .error = "closed"},
    {.has_code = 1, .code = 79, .means = "not_sent"},
};

static void in_order_and_in_front_of_the_table(void **state) {
  static const struct seen all[] = {
      {500, "<html>upstream busy</html>", MJ__V_NOT_SENT, MJ_EQUEUE_FULL, 1},
      {502, "{\"code\":5,\"description\":\"upstream busy\"}", MJ__V_NOT_SENT,
       MJ_EQUEUE_FULL, 1},
      {503, "<html>upstream busy</html>", MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME,
       0},
      {500, "<html>busy</html>", MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0},
      {200, "{\"code\":77,\"description\":\"?\"}", MJ__V_REFUSED, MJ_EINVALID,
       1},
      {200, "{\"code\":78,\"description\":\"?\"}", MJ__V_UNKNOWN,
       MJ_EUNKNOWN_OUTCOME, 0},
      {200, "{\"code\":24,\"description\":\"?\"}", MJ__V_REFUSED, MJ_EFAILED,
       0},
      {500, "{\"error\":{\"message\":\"no money\"}}", MJ__V_REFUSED, MJ_EAUTH,
       0},
      {400, "{\"error\":{\"message\":\"x\",\"type\":\"of a type\"}}",
       MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
      {500, "{\"error\":{\"message\":\"x\",\"code\":\"a reason\"}}",
       MJ__V_REFUSED, MJ_ECLOSED, 0},
      {429, "", MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0},
      {200, "{\"code\":79,\"description\":\"?\"}", MJ__V_NOT_SENT,
       MJ_ERATE_LIMITED, 1},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    struct mj__verdict v =
        judge(rules, COUNT(rules), all[i].http, all[i].body, 0, 0);
    if (v.kind != all[i].kind || v.code != all[i].code ||
        v.retryable != all[i].retryable)
      fail_msg("%d %s: kind %d, %s", all[i].http, all[i].body, (int)v.kind,
               mj_error_name(v.code));
    assert_int_equal(v.parent, 0);
    assert_int_equal(v.busy, v.retryable && v.code != MJ_EINVALID);
  }
  /* and without rules the table decides */
  assert_int_equal(judge(NULL, 0, 429, "", 0, 0).kind, MJ__V_NOT_SENT);
}

/* The worst rule there can be changes nothing about what was accepted, what
   names a task, and what broke. */
static void nothing_paid_becomes_refused(void **state) {
  static const mj_outcome all[] = {
      {.http_first = 100, .http_last = 999, .means = "not_sent"}};
  static const struct {
    int http, curl, generate;
    const char *body;
    enum mj__verdict_kind kind;
  } replies[] = {
      {200, 0, 0, "{\"code\":1,\"description\":\"x\",\"result\":\"7\"}",
       MJ__V_ACCEPTED},
      {200, 0, 0, "{\"code\":22,\"description\":\"x\",\"result\":\"7\"}",
       MJ__V_ACCEPTED},
      {200, 0, 0, "{\"code\":1,\"description\":\"x\"}", MJ__V_UNKNOWN},
      {500, 0, 0, "{\"code\":1,\"description\":\"x\",\"result\":\"7\"}",
       MJ__V_UNKNOWN},
      {500, 0, 0, "{\"code\":5,\"description\":\"x\",\"result\":\"7\"}",
       MJ__V_UNKNOWN},
      {500, 0, 1, "{\"code\":500,\"data\":{\"task_id\":\"7\"}}", MJ__V_UNKNOWN},
      {200, 0, 1, "{\"code\":200,\"msg\":\"x\"}", MJ__V_UNKNOWN},
      {200, 28, 0, "", MJ__V_UNKNOWN},
      {200, 18, 0, "{\"code\":24,\"description\":\"x\"}", MJ__V_UNKNOWN},
      /* and this is what it is there for */
      {500, 0, 0, "{\"code\":5,\"description\":\"x\"}", MJ__V_NOT_SENT},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(replies); i++) {
    struct mj__verdict v = judge(all, 1, replies[i].http, replies[i].body,
                                 replies[i].curl, replies[i].generate);
    if (v.kind != replies[i].kind)
      fail_msg("%s: kind %d", replies[i].body, (int)v.kind);
  }
}

static void bad_rules(void **state) {
  static const struct {
    mj_outcome rule;
    const char *text;
  } all[] = {
      {{.http_first = 500, .http_last = 500}, "outcomes: rule 2: means: "},
      {{.text = "x", .means = "accepted"}, "outcomes: rule 2: means: "},
      {{.means = "refused"}, "outcomes: rule 2: http, code or text"},
      {{.http_first = 50, .http_last = 60, .means = "refused"},
       "outcomes: rule 2: http: "},
      {{.http_first = 502, .http_last = 500, .means = "refused"},
       "outcomes: rule 2: http: "},
      {{.http_first = 500, .http_last = 1000, .means = "refused"},
       "outcomes: rule 2: http: "},
      {{.http_first = 200, .http_last = 599, .means = "not_sent"},
       "outcomes: rule 2: http: 2xx alone"},
      {{.text = "", .means = "refused"}, "outcomes: rule 2: text: "},
      {{.text = "x", .means = "refused", .error = "broke"},
       "outcomes: rule 2: error: not a code"},
      {{.text = "x", .means = "unknown", .error = "failed"},
       "outcomes: rule 2: error: what is unknown"},
  };
  static const mj_outcome fine[] = {
      {.http_first = 200, .http_last = 299, .text = "x", .means = "refused"},
      {.http_first = 200,
       .http_last = 200,
       .has_code = 1,
       .code = 9,
       .means = "not_sent"},
      {.http_first = 200, .http_last = 299, .means = "unknown"},
      {.http_first = 100, .http_last = 199, .means = "refused"},
      {.http_first = 300, .http_last = 399, .means = "refused"},
      {.text = "slow down",
       .means = "refused",
       .error = "rate_limited",
       .retryable = 1},
      {.text = "fails for now",
       .means = "refused",
       .error = "failed",
       .retryable = 1},
  };
  size_t i;
  (void)state;
  assert_int_equal(mj__outcome_rules_check(fine, COUNT(fine), NULL), MJ_OK);
  assert_int_equal(judge(fine, COUNT(fine), 500, "<p>slow down</p>", 0, 0).busy,
                   1);
  assert_int_equal(
      judge(fine, COUNT(fine), 500, "<p>fails for now</p>", 0, 0).busy, 0);
  assert_int_equal(judge(fine, COUNT(fine), 200, "", 0, 0).busy, 0);
  assert_int_equal(mj__outcome_rules_check(rules, COUNT(rules), NULL), MJ_OK);
  for (i = 0; i < COUNT(all); i++) {
    mj_outcome two[2];
    mj_error err;
    mj_config cfg;
    mj_client *c = NULL;
    two[0] = rules[0];
    two[1] = all[i].rule;
    memset(&err, 0, sizeof err);
    mj_config_init(&cfg);
    cfg.base_url = "http://127.0.0.1:1";
    cfg.outcomes = two;
    cfg.noutcomes = 2;
    assert_int_equal(mj_client_new(&c, &cfg, &err), MJ_EINVALID);
    if (strncmp(err.text, all[i].text, strlen(all[i].text)) != 0)
      fail_msg("%s", err.text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(in_order_and_in_front_of_the_table),
      cmocka_unit_test(nothing_paid_becomes_refused),
      cmocka_unit_test(bad_rules),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
