/* SPDX-License-Identifier: MIT
   test_page.c - a web page is no gateway: nothing paid is sent to it. */
#include "rig.h"

/* clang-format off */
#define NOBODY {.http = 400, .body = "{\"description\":\"task_no_found \",\"type\":\"upstream_error\",\"code\":4}"}
#define NO_PATH {.http = 404, .body = "{\"code\":404,\"message\":\"Not Found\",\"data\":null}"}
#define NO_TASK {.http = 404, .body = "{\"code\":404,\"message\":\"Task not found\",\"data\":null}"}
#define SPRING {.http = 404, .body = "{\"timestamp\":1,\"status\":404,\"error\":\"Not Found\",\"path\":\"/x\"}"}
#define SHOP {.body = "\n<!DOCTYPE html><html><head><TITLE lang=en>My\n Shop</title></head><body>Buy</body></html>", .content_type = "text/html"}
#define TAKEN {.body = "{\"code\":200,\"message\":\"success\",\"data\":{\"taskId\":\"task_abc\"}}"}
#define MADE {.body = "{\"code\":200,\"message\":\"success\",\"data\":{\"taskId\":\"task_abc\",\"state\":\"success\",\"resultJson\":\"{\\\"resultUrls\\\":[\\\"http://gw.test/1.png\\\",\\\"http://gw.test/2.png\\\"]}\",\"createTime\":1767965610929,\"completeTime\":1767965652317,\"costTime\":41388}}"}
/* clang-format on */

static void find_out(mj_config *cfg) {
  cfg->dialect = "auto";
}

static void find_out_all(mj_config *cfg) {
  cfg->auth = cfg->dialect = "auto";
}

static void answers_with_a_page(struct rig *r, mj_id id, size_t asked_for) {
  struct end e = rig_run(r, id);
  assert_int_equal(e.code, MJ_EPROTOCOL);
  assert_int_equal(e.retryable, 0);
  assert_int_equal(e.accepted, 0);
  assert_non_null(strstr(e.text, "base_url (http://gw.test) answers with a web "
                                 "page, not JSON: My Shop; nothing was sent"));
  assert_int_equal(script_count(r->s), asked_for);
  assert_int_equal(virtual_counted(r->w)->paid, 0);
}

/* A shop, a portal, a wrong path of a gateway with pages for people: whatever
   is asked there, the answer is 200 and a page.  So would the paid one's be. */
static void a_web_page_is_no_gateway(void **state) {
  {
    rig_tune = find_out;
    RIG(r, SHOP, SHOP, NO_PATH, NO_TASK, TAKEN, MADE);
    answers_with_a_page(&r, rig_imagine(&r), 2);
    assert_null(mj_dialect(r.c));
    /* and who asks again finds what is there by then */
    assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
    rig_down(&r);
  }
  { /* all that wait end by the same answers, questions too */
    mj_error err;
    mj_id id, list;
    rig_tune = find_out_all;
    RIG(r, SHOP, SHOP);
    assert_int_equal(mj_ask(r.c, MJ_QUERY_LIST, NULL, 0, &list, &err), MJ_OK);
    id = rig_imagine(&r);
    (void)rig_imagine(&r);
    answers_with_a_page(&r, id, 2);
    rig_down(&r);
  }
  { /* trouble is no answer */
    rig_tune = find_out;
    RIG(r, {.http = 502, .body = "<html>502</html>"}, SHOP, SHOP);
    answers_with_a_page(&r, rig_imagine(&r), 3);
    rig_down(&r);
  }
}

static void only_the_key_is_asked_for(mj_config *cfg) {
  cfg->auth = "auto";
}

static void only_the_generate_key_is_asked_for(mj_config *cfg) {
  cfg->dialect = "generate";
  cfg->auth = "auto";
}

/* The family is given: requests wait encoded, clicks for a look at their task,
   questions for their turn. */
static void nor_is_it_where_the_family_is_given(void **state) {
  mj_request q = click_on("U2");
  mj_error err;
  mj_id list;
  {
    rig_tune = only_the_key_is_asked_for;
    RIG(r, SHOP, SHOP, SHOP, NOBODY, ACCEPT, DONE);
    answers_with_a_page(&r, rig_imagine(&r), 1);
    answers_with_a_page(&r, rig_submit(&r, &q), 2);
    assert_int_equal(mj_ask(r.c, MJ_QUERY_LIST, NULL, 0, &list, &err), MJ_OK);
    answers_with_a_page(&r, list, 3);
    assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
    rig_down(&r);
  }
  {
    rig_tune = only_the_generate_key_is_asked_for;
    RIG(r, SHOP);
    answers_with_a_page(&r, rig_imagine(&r), 1);
    rig_down(&r);
  }
}

/* What may be a gateway all the same: one of its questions was not answered
   with a page, or it began as JSON, or nothing was said. */
static void one_page_proves_nothing(void **state) {
  const script_reply other[] = {{.http = 404, .body = "<html>404</html>"},
                                SPRING,
                                {.body = "{\"id\":"},
                                {.body = " [1"},
                                {.body = " \n"},
                                {.http = 302, .body = "<html>"}};
  size_t i;
  for (i = 0; i < sizeof other / sizeof other[0]; i++) {
    {
      rig_tune = find_out;
      RIG(r, SHOP, other[i], ACCEPT, DONE);
      assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
      rig_down(&r);
    }
    {
      rig_tune = find_out;
      RIG(r, other[i], SHOP, ACCEPT, DONE);
      assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
      rig_down(&r);
    }
  }
  { /* somebody looked at the key */
    rig_tune = find_out_all;
    RIG(r, {.http = 401}, SHOP, SHOP, ACCEPT, DONE);
    assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
    rig_down(&r);
  }
  { /* nor do the answers of a round that ended in trouble count */
    static const script_reply bad = {.http = 502, .body = "<html>502</html>"};
    rig_tune = find_out;
    RIG(r, SHOP, bad, bad, bad, bad, SPRING, SHOP, ACCEPT, DONE);
    assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_EPROTOCOL);
    assert_int_equal(script_count(r.s), 5);
    assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
    rig_down(&r);
  }
  { /* and the answers of an earlier round do not */
    rig_tune = find_out;
    RIG(r, SHOP, SHOP, SPRING, SHOP, ACCEPT, DONE);
    assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_EPROTOCOL);
    assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
    rig_down(&r);
  }
}

/* A task that waits for the answer to its dialog was paid for: it is there for
   whoever looks for it. */
static void what_was_begun_is_not_called_unsent(void **state) {
  static const script_reply bad = {.http = 502, .body = "<html>502</html>"};
  mj_request q = click_on("MJ::CustomZoom::abc");
  struct end e;
  rig_tune = only_the_key_is_asked_for;
  RIG(r, bad, bad, bad, bad,
      {.body = "{\"code\":21,\"description\":\"Waiting for window "
               "confirm\",\"result\":\"18\",\"properties\":{"
               "\"finalPrompt\":\"cat --zoom 2\"}}"},
      {.http = 401}, SHOP);
  q.zoom = 1.5;
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_EPROTOCOL);
  assert_string_equal(e.task_id, "18");
  assert_non_null(strstr(e.text, "answers with a web page"));
  assert_int_equal(script_count(r.s), 7);
  rig_down(&r);
}

/* What such an answer is called, and what of it is shown. */
static void a_page_is_called_by_its_title(void **state) {
  static const struct {
    const char *body, *text;
  } rows[] = {
      {"<html><body>Welcome</body></html>", "a web page, not JSON: Welcome;"},
      {"<title></title>Hello", "a web page, not JSON: Hello;"},
      {"<title>Hello", "a web page, not JSON: Hello;"},
      {"<titles>Hello", "a web page, not JSON: Hello;"},
      {"<titl", "a web page, not JSON;"},
      {"OK sk-CANARY-91", "text, not JSON: OK ***;"},
      {"<title>sk-CANARY-91</title>", "a web page, not JSON: ***;"},
  };
  size_t i;
  for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct end e;
    rig_tune = find_out;
    RIG(r, {.body = rows[i].body}, {.body = rows[i].body});
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_EPROTOCOL);
    if (!strstr(e.text, rows[i].text))
      fail_msg("%s: %s", rows[i].body, e.text);
    rig_down(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_web_page_is_no_gateway),
      cmocka_unit_test(nor_is_it_where_the_family_is_given),
      cmocka_unit_test(one_page_proves_nothing),
      cmocka_unit_test(what_was_begun_is_not_called_unsent),
      cmocka_unit_test(a_page_is_called_by_its_title),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
