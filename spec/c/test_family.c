/* SPDX-License-Identifier: MIT
   test_family.c - which family a gateway speaks: found out with free GETs,
   before anything else is asked or paid. */
#include "rig.h"

/* clang-format off */
#define NOBODY {.http = 400, .body = "{\"description\":\"task_no_found \",\"type\":\"upstream_error\",\"code\":4}"}
#define NO_PATH {.http = 404, .body = "{\"code\":404,\"message\":\"Not Found\",\"data\":null}"}
#define NO_TASK {.http = 404, .body = "{\"code\":404,\"message\":\"Task not found\",\"data\":null}"}
#define NO_KEY {.http = 401, .body = "{\"code\":401,\"message\":\"Invalid API key\",\"data\":null}"}
#define SPRING {.http = 404, .body = "{\"timestamp\":1,\"status\":404,\"error\":\"Not Found\",\"path\":\"/x\"}"}
#define PAGE {.http = 404, .body = "<html>404 Not Found</html>", .content_type = "text/html"}
#define DOWN {.curl_code = 7, .sent_less = 2}
#define TAKEN {.body = "{\"code\":200,\"message\":\"success\",\"data\":{\"taskId\":\"task_abc\"}}"}
#define HALF {.body = "{\"code\":200,\"message\":\"success\",\"data\":{\"taskId\":\"task_abc\",\"state\":\"processing\"}}"}
#define MADE {.body = "{\"code\":200,\"message\":\"success\",\"data\":{\"taskId\":\"task_abc\",\"state\":\"success\",\"resultJson\":\"{\\\"resultUrls\\\":[\\\"http://gw.test/1.png\\\",\\\"http://gw.test/2.png\\\"]}\",\"createTime\":1767965610929,\"completeTime\":1767965652317,\"costTime\":41388}}"}
/* clang-format on */

#define STATUS                                                                 \
  "http://gw.test/api/v1/statusTask/midjourney?taskId=1000000000000000"
#define SUBMIT "http://gw.test/api/v1/generateTask/midjourney"

static void find_out(mj_config *cfg) {
  cfg->dialect = "auto";
}

static void find_out_all(mj_config *cfg) {
  cfg->auth = cfg->dialect = "auto";
}

static void asked(struct rig *r, size_t i, const char *method,
                  const char *url) {
  assert_true(i < script_count(r->s));
  assert_string_equal(script_at(r->s, i)->method, method);
  assert_string_equal(script_at(r->s, i)->url, url);
}

static void an_mj_gateway_takes_one_question(void **state) {
  rig_tune = find_out;
  RIG(r, NOBODY, ACCEPT, DONE);
  mj_id id = rig_imagine(&r);
  mj_job_state info;
  assert_null(mj_dialect(r.c));
  assert_int_equal(mj_can(r.c, MJ_OP_BLEND), -1);
  assert_int_equal(mj_can_ask(r.c, MJ_QUERY_LIST), -1);
  assert_int_equal(mj_job_info(r.c, id, &info), MJ_OK);
  assert_int_equal(info.phase, MJ_PH_QUEUED);
  assert_int_equal(rig_run(&r, id).code, MJ_OK);
  asked(&r, 0, "GET", "http://gw.test/mj/task/1000000000000000/fetch");
  asked(&r, 1, "POST", "http://gw.test/mj/submit/imagine");
  assert_string_equal(mj_dialect(r.c), "mj");
  assert_int_equal(mj_can(r.c, MJ_OP_BLEND), 1);
  assert_int_equal(mj_can(r.c, MJ_OP_GENERATE), 0);
  assert_int_equal(mj_can(r.c, (mj_op)99), 0);
  assert_int_equal(mj_can_ask(r.c, MJ_QUERY_LIST), 1);
  assert_int_equal(mj_can_ask(r.c, (mj_query)99), 0);
  rig_down(&r);
}

/* Asked for before the family was known, and still there for another round. */
static void what_waited_can_be_made_again(void **state) {
  mj_request q;
  rig_tune = find_out;
  RIG(r, NOBODY, ACCEPT,
      {.body = "{\"id\":\"17\",\"status\":\"FAILURE\","
               "\"failReason\":\"GENERATION_FAILED\"}"},
      ACCEPT, DONE);
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  q.attempts = 2;
  assert_int_equal(rig_run(&r, rig_submit(&r, &q)).code, MJ_OK);
  assert_int_equal(virtual_counted(r.w)->paid, 2);
  asked(&r, 3, "POST", "http://gw.test/mj/submit/imagine");
  rig_down(&r);
}

static void a_generate_gateway_takes_two(void **state) {
  rig_tune = find_out;
  RIG(r, NO_PATH, NO_TASK, TAKEN, MADE);
  struct end e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_OK);
  assert_string_equal(e.task_id, "task_abc");
  asked(&r, 0, "GET", "http://gw.test/mj/task/1000000000000000/fetch");
  asked(&r, 1, "GET", STATUS);
  asked(&r, 2, "POST", SUBMIT);
  assert_int_equal(virtual_counted(r.w)->paid, 1);
  /* its stated policy: 20 s after the acceptance */
  assert_int_equal(script_at(r.s, 3)->at_ms - script_at(r.s, 2)->at_ms, 20005);
  assert_string_equal(mj_dialect(r.c), "generate");
  assert_int_equal(mj_can(r.c, MJ_OP_BLEND), 0);
  assert_int_equal(mj_can(r.c, MJ_OP_INPAINT), 1);
  assert_int_equal(mj_can_ask(r.c, MJ_QUERY_LIST), 0);
  e = rig_run(&r, rig_imagine(&r)); /* remembered */
  assert_string_equal(script_at(r.s, 4)->method, "POST");
  rig_down(&r);
}

/* Whatever an unknown path is answered with. */
static void other_404s_lead_there_too(void **state) {
  const script_reply first[] = {
      SPRING,        PAGE,   {.http = 200, .body = "<html>welcome</html>"},
      {.http = 302}, NO_KEY, {.http = 404}};
  size_t i;
  for (i = 0; i < sizeof first / sizeof first[0]; i++) {
    rig_tune = find_out;
    RIG(r, first[i], NO_TASK, TAKEN, MADE);
    assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
    assert_string_equal(mj_dialect(r.c), "generate");
    rig_down(&r);
  }
}

static void each_family_has_its_ways_to_send_a_key(void **state) {
  rig_tune = find_out_all;
  RIG(r, NO_KEY, NO_KEY, NO_TASK, TAKEN, MADE);
  assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
  asked(&r, 1, "GET", STATUS);
  asked(&r, 2, "GET", STATUS); /* the bare key; no mj-api-secret here */
  assert_non_null(
      strstr(script_at(r.s, 2)->headers, "Authorization: sk-CANARY-91\n"));
  assert_non_null(
      strstr(script_at(r.s, 3)->headers, "Authorization: sk-CANARY-91\n"));
  rig_down(&r);
}

/* It begins anew: what the mj family's questions have come to is theirs. */
static void the_other_family_gets_the_usual_key_first(void **state) {
  rig_tune = find_out_all;
  RIG(r, {.http = 401}, NO_PATH, NO_TASK, TAKEN, MADE);
  assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
  asked(&r, 2, "GET", STATUS);
  assert_non_null(
      strstr(script_at(r.s, 2)->headers, "Authorization: Bearer sk-CANARY"));
  rig_down(&r);
}

static void a_wrong_key_of_either_family_is_told(void **state) {
  {
    rig_tune = find_out_all;
    RIG(r, NO_KEY, NO_KEY, NO_KEY, NO_KEY);
    assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_EAUTH);
    assert_string_equal(mj_dialect(r.c), "generate");
    rig_down(&r);
  }
  {
    rig_tune = find_out_all;
    RIG(r, {.http = 401}, {.http = 401}, {.http = 401}, SPRING, {.http = 401});
    assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_EAUTH);
    asked(&r, 3, "GET", STATUS);
    asked(&r, 4, "POST", "http://gw.test/mj/submit/imagine");
    assert_null(mj_dialect(r.c)); /* that was a guess, and is asked anew */
    rig_down(&r);
  }
}

/* Trouble at the start is no answer: nothing is guessed from it alone. */
static void a_gateway_that_is_half_down(void **state) {
  static const script_reply bad = {.http = 502, .body = "<html>502</html>"};
  struct end e;
  rig_tune = find_out;
  RIG(r, bad, bad, bad, bad, bad, bad, bad, bad, NO_PATH, NO_TASK, TAKEN, MADE);
  e = rig_run(&r, rig_imagine(&r));
  assert_true(e.code == MJ_ENETWORK || e.code == MJ_EPROTOCOL);
  assert_non_null(strstr(e.text, "dialect"));
  assert_int_equal(virtual_counted(r.w)->paid, 0);
  assert_null(mj_dialect(r.c));
  assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
  assert_string_equal(mj_dialect(r.c), "generate");
  rig_down(&r);
}

/* What any web server may say is asked about twice. */
static void a_vague_answer_is_none(void **state) {
  const script_reply first[] = {
      {.body = "{\"status\":\"ok\"}"},
      {.http = 400, .body = "{\"error\":\"bad request\"}"},
      {.http = 200, .body = "[]"}};
  size_t i;
  for (i = 0; i < sizeof first / sizeof first[0]; i++) {
    rig_tune = find_out;
    RIG(r, first[i], NO_TASK, TAKEN, MADE);
    assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
    assert_string_equal(mj_dialect(r.c), "generate");
    rig_down(&r);
  }
}

/* A wall, a key server that hiccups: a paid task is asked for again. */
static void one_refusal_does_not_end_a_paid_task(void **state) {
  const script_reply odd[] = {NO_KEY,
                              {.http = 403, .body = "<html>wall</html>"},
                              SPRING,
                              {.http = 405},
                              {.http = 302}};
  size_t i;
  for (i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    RIG(r, ACCEPT, odd[i], odd[i], DONE);
    assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
    rig_down(&r);
  }
  {
    struct end e;
    RIG(r, ACCEPT, NO_KEY);
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_EAUTH);
    assert_true(script_at(r.s, script_count(r.s) - 1)->at_ms -
                    script_at(r.s, 1)->at_ms >=
                120000);
    rig_down(&r);
  }
}

/* Another task's picture is not this one's. */
static void another_tasks_status_is_no_answer(void **state) {
  struct end e;
  RIG(r, ACCEPT,
      {.body = "{\"id\":\"999\",\"status\":\"SUCCESS\",\"imageUrl\":\"http://"
               "gw.test/x.png\"}"},
      DONE);
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_OK);
  assert_non_null(strstr(e.json, "\"17\""));
  rig_down(&r);
}

/* A list that is wanted before the family is known. */
static void a_list_may_be_asked_for_while_it_is_found_out(void **state) {
  mj_error err;
  mj_id a, b;
  rig_tune = find_out;
  RIG(r, SPRING, SPRING, {.body = "[]"});
  assert_int_equal(mj_ask(r.c, MJ_QUERY_LIST, NULL, 0, &a, &err), MJ_OK);
  (void)mj_step(r.c, 0, 0); /* the second question is on its way */
  (void)mj_step(r.c, -1, 0);
  if (mj_ask(r.c, MJ_QUERY_LIST, NULL, 0, &b, &err) != MJ_OK)
    fail_msg("%s (%zu)", err.text, script_count(r.s));
  assert_int_equal(rig_run(&r, b).code, MJ_OK);
  assert_string_equal(mj_dialect(r.c), "mj");
  rig_down(&r);
}

static void said_by_the_user_it_is_not_asked(void **state) {
  rig_tune = NULL;
  RIG(r, ACCEPT, DONE);
  assert_string_equal(mj_dialect(r.c), "mj");
  assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
  assert_int_equal(script_count(r.s), 2);
  rig_down(&r);
}

/* One that is down is asked again, and who waits is told in the end. */
static void a_gateway_that_is_down(void **state) {
  {
    rig_tune = find_out;
    RIG(r, DOWN, DOWN, NO_PATH, NO_TASK, TAKEN, MADE);
    assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
    rig_down(&r);
  }
  {
    struct end e;
    rig_tune = find_out;
    RIG(r, DOWN, DOWN, DOWN, DOWN, NO_PATH, NO_TASK, TAKEN, MADE);
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_ENETWORK);
    assert_int_equal(e.retryable, 1);
    assert_int_equal(script_count(r.s), 4);
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    assert_null(mj_dialect(r.c));
    assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK); /* up again */
    rig_down(&r);
  }
}

/* A page from what stands in front is no answer: the next refusal asks anew. */
static void a_guess_is_given_up(void **state) {
  rig_tune = find_out;
  RIG(r, PAGE, PAGE, SPRING, NO_PATH, NO_TASK, TAKEN, MADE);
  assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_EUNSUPPORTED);
  asked(&r, 2, "POST", "http://gw.test/mj/submit/imagine");
  assert_int_equal(rig_run(&r, rig_imagine(&r)).code, MJ_OK);
  assert_string_equal(mj_dialect(r.c), "generate");
  rig_down(&r);
}

static void what_no_family_can_is_refused_at_once(void **state) {
  mj_request q;
  mj_error err;
  mj_id id;
  rig_tune = find_out;
  RIG(r, NO_PATH, NO_TASK, TAKEN, MADE);
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  assert_non_null(strstr(err.text, "prompt"));
  q.op = MJ_OP_BLEND; /* mj has it, but wants pictures */
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  q.op = MJ_OP_GENERATE; /* generate has it, but wants an input */
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  assert_int_equal(script_count(r.s), 0);
  rig_down(&r);
}

static void what_this_family_cannot_is_refused_unsent(void **state) {
  const mj_picture two[] = {{"http://a.test/1.png", NULL, 0},
                            {"http://a.test/2.png", NULL, 0}};
  mj_request q;
  struct end e;
  rig_tune = find_out;
  RIG(r, NO_PATH, NO_TASK, TAKEN, MADE);
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_BLEND;
  q.pictures = two;
  q.npictures = 2;
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_EUNSUPPORTED);
  assert_non_null(strstr(e.text, "mj"));
  assert_int_equal(virtual_counted(r.w)->paid, 0);
  assert_int_equal(script_count(r.s), 2);
  rig_down(&r);
}

/* A task and a question that were given before the family was known. */
static void questions_wait_as_well(void **state) {
  mj_error err;
  mj_id id, list;
  rig_tune = find_out;
  RIG(r, NO_PATH, NO_TASK, MADE);
  assert_int_equal(mj_ask(r.c, MJ_QUERY_LIST, NULL, 0, &list, &err), MJ_OK);
  assert_int_equal(rig_run(&r, list).code, MJ_EUNSUPPORTED);
  assert_int_equal(mj_ask(r.c, MJ_QUERY_LIST, NULL, 0, &list, &err),
                   MJ_EUNSUPPORTED);
  assert_int_equal(mj_track(r.c, "task_abc", &id, &err), MJ_OK);
  assert_int_equal(rig_run(&r, id).code, MJ_OK);
  assert_int_equal(script_count(r.s), 3);
  rig_down(&r);
}

static void the_family_can_be_asked_for(void **state) {
  const mj_event *e;
  mj_error err;
  mj_id id;
  rig_tune = find_out;
  RIG(r, NO_PATH, NO_TASK, TAKEN, MADE);
  assert_int_equal(mj_ask(r.c, MJ_QUERY_DIALECT, NULL, 0, &id, &err), MJ_OK);
  while (mj_step(r.c, -1, 0) > 0)
    ;
  e = mj_event_peek(r.c);
  assert_non_null(e);
  assert_true(e->id == id && e->type == MJ_EV_DONE && !e->error);
  assert_int_equal(e->nitems, 1);
  assert_string_equal(e->items[0], "generate");
  mj_event_pop(r.c);
  /* known: it ends without another question */
  assert_int_equal(mj_ask(r.c, MJ_QUERY_DIALECT, NULL, 0, &id, &err), MJ_OK);
  assert_int_equal(rig_run(&r, id).code, MJ_OK);
  assert_int_equal(script_count(r.s), 2);
  rig_down(&r);
}

static void waiting_requests_can_be_cancelled(void **state) {
  mj_id id;
  rig_tune = find_out;
  RIG(r, NOBODY, ACCEPT, DONE);
  id = rig_imagine(&r);
  assert_int_equal(mj_cancel(r.c, id), MJ_OK);
  assert_int_equal(rig_run(&r, id).code, MJ_ECANCELLED);
  assert_int_equal(virtual_counted(r.w)->paid, 0);
  rig_down(&r);
}

/* Nothing of the caller's is looked at again. */
static void what_waits_is_the_clients_own(void **state) {
  static const char wanted[] =
      "{\"request_type\":\"async\",\"input\":{\"mode\":\"upload-paint\","
      "\"prompt\":\"a hat\",\"image_urls\":[\"http://a.test/p.png\"],"
      "\"version\":\"v7\",\"mask\":{\"areas\":[{\"width\":600,"
      "\"height\":600,\"points\":[0,0,99,0,99,99]}],"
      "\"url\":\"http://a.test/m.png\"},"
      "\"canvas\":{\"width\":900,\"height\":900},"
      "\"imgPos\":{\"x\":1,\"y\":2,\"width\":600,\"height\":600}}}";
  char prompt[] = "a hat", url[] = "http://a.test/p.png", name[] = "version";
  char masked[] = "http://a.test/m.png", value[] = "v7";
  int points[] = {0, 0, 99, 0, 99, 99};
  mj_picture picture = {url, NULL, 0}, mask = {masked, NULL, 0};
  mj_box canvas = {0, 0, 900, 900}, place = {1, 2, 600, 600};
  mj_area area = {600, 600, points, 6};
  mj_param param = {name, value};
  mj_request q;
  mj_id id;
  rig_tune = find_out;
  RIG(r, NO_PATH, NO_TASK, TAKEN, MADE);
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_INPAINT;
  q.prompt = prompt;
  q.params = &param;
  q.nparams = 1;
  q.pictures = &picture;
  q.npictures = 1;
  q.mask = &mask;
  q.areas = &area;
  q.nareas = 1;
  q.canvas = &canvas;
  q.place = &place;
  id = rig_submit(&r, &q);
  memset(prompt, 'x', sizeof prompt - 1);
  memset(url, 'x', sizeof url - 1);
  memset(masked, 'x', sizeof masked - 1);
  memset(name, 'x', sizeof name - 1);
  memset(value, 'x', sizeof value - 1);
  memset(points, 1, sizeof points);
  memset(&picture, 0, sizeof picture);
  memset(&mask, 0, sizeof mask);
  memset(&canvas, 1, sizeof canvas);
  memset(&place, 1, sizeof place);
  memset(&area, 0, sizeof area);
  memset(&param, 0, sizeof param);
  memset(&q, 0, sizeof q);
  assert_int_equal(rig_run(&r, id).code, MJ_OK);
  assert_string_equal(script_at(r.s, 2)->body, wanted);
  rig_down(&r);
}

/* One who comes while the family is asked for hears of progress all the same.
 */
static void an_observer_may_come_meanwhile(void **state) {
  mj_id id;
  rig_tune = find_out;
  RIG(r, NO_PATH, NO_TASK, TAKEN, HALF, MADE);
  id = rig_imagine(&r);
  assert_int_equal(mj_observe(r.c, id, 1), MJ_OK);
  assert_int_equal(rig_run(&r, id).progress, 1);
  rig_down(&r);
}

static void as_generate(mj_config *cfg) {
  cfg->dialect = "generate";
}

static void a_reroll_is_the_same_request_again(void **state) {
  mj_request q = click_on("reroll");
  struct end e;
  rig_tune = as_generate;
  RIG(r, TAKEN, MADE, TAKEN, MADE, MADE);
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_OK);
  q.task = "task_abc";
  q.button = "generate::reroll";
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  assert_int_equal(script_count(r.s), 4);
  assert_string_equal(script_at(r.s, 2)->url, script_at(r.s, 0)->url);
  assert_string_equal(script_at(r.s, 2)->body, script_at(r.s, 0)->body);
  assert_int_equal(virtual_counted(r.w)->paid, 2);
  q.task = "task_of_another_client";
  {
    mj_error err;
    mj_id id;
    assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EUNSUPPORTED);
  }
  q.task = "task_abc";
  q.mode = "turbo";
  {
    mj_error err;
    mj_id id;
    assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  }
  assert_int_equal(virtual_counted(r.w)->paid, 2);
  rig_down(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_mj_gateway_takes_one_question),
      cmocka_unit_test(what_waited_can_be_made_again),
      cmocka_unit_test(a_generate_gateway_takes_two),
      cmocka_unit_test(other_404s_lead_there_too),
      cmocka_unit_test(each_family_has_its_ways_to_send_a_key),
      cmocka_unit_test(the_other_family_gets_the_usual_key_first),
      cmocka_unit_test(a_wrong_key_of_either_family_is_told),
      cmocka_unit_test(a_gateway_that_is_half_down),
      cmocka_unit_test(a_vague_answer_is_none),
      cmocka_unit_test(one_refusal_does_not_end_a_paid_task),
      cmocka_unit_test(another_tasks_status_is_no_answer),
      cmocka_unit_test(a_list_may_be_asked_for_while_it_is_found_out),
      cmocka_unit_test(said_by_the_user_it_is_not_asked),
      cmocka_unit_test(a_gateway_that_is_down),
      cmocka_unit_test(a_guess_is_given_up),
      cmocka_unit_test(what_no_family_can_is_refused_at_once),
      cmocka_unit_test(what_this_family_cannot_is_refused_unsent),
      cmocka_unit_test(questions_wait_as_well),
      cmocka_unit_test(the_family_can_be_asked_for),
      cmocka_unit_test(waiting_requests_can_be_cancelled),
      cmocka_unit_test(what_waits_is_the_clients_own),
      cmocka_unit_test(an_observer_may_come_meanwhile),
      cmocka_unit_test(a_reroll_is_the_same_request_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
