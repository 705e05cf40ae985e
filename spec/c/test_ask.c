/* SPDX-License-Identifier: MIT
   test_ask.c - free questions, work that is stopped, and what is learned about
   a gateway on the way. */
#include "rig.h"

/* clang-format off */
#define TWO "[{\"id\":\"17\",\"status\":\"SUCCESS\",\"imageUrl\":\"http://localhost:3000/mj/image/17?x=1\"},{\"id\":\"18\",\"status\":\"FAILURE\",\"state\":\"mj_abc\"},7]"
#define NO_ROUTE {.http = 404, .body = "{\"error\":{\"message\":\"Invalid URL (GET /mj/task/list)\",\"type\":\"invalid_request_error\",\"param\":\"\",\"code\":\"\"}}"}
#define REFUSED {.http = 401, .body = "{\"error\":{\"message\":\"no\",\"type\":\"new_api_error\"}}"}
#define NOBODY {.http = 400, .body = "{\"description\":\"task_no_found \",\"type\":\"upstream_error\",\"code\":4}"}
/* clang-format on */

struct answer {
  int code;
  size_t ntasks, nitems;
  char ids[100], first_url[100], state[40], item[100], json[300], text[480];
};

static struct answer answer_of(struct rig *r, mj_id id) {
  struct answer a;
  int turns, left = 1;
  memset(&a, 0, sizeof a);
  for (turns = 0; turns < 10000 && left > 0; turns++) {
    const mj_event *e;
    left = mj_step(r->c, -1, 0);
    while ((e = mj_event_peek(r->c)) != NULL) {
      size_t i;
      if (e->id == id && e->type == MJ_EV_DONE) {
        a.code = e->error ? e->error->code : MJ_OK;
        (void)snprintf(a.text, sizeof a.text, "%s",
                       e->error ? e->error->text : "");
        a.ntasks = e->ntasks;
        a.nitems = e->nitems;
        for (i = 0; i < e->ntasks; i++)
          (void)snprintf(a.ids + strlen(a.ids), sizeof a.ids - strlen(a.ids),
                         "%s ", e->tasks[i].id);
        if (e->ntasks) {
          (void)snprintf(a.json, sizeof a.json, "%.*s",
                         (int)e->tasks[0].json_len, e->tasks[0].json);
          (void)snprintf(a.first_url, sizeof a.first_url, "%s",
                         e->tasks[0].image_url);
          (void)snprintf(a.state, sizeof a.state, "%s",
                         e->tasks[e->ntasks - 1].state
                             ? e->tasks[e->ntasks - 1].state
                             : "none");
        }
        if (e->nitems)
          (void)snprintf(a.item, sizeof a.item, "%s", e->items[e->nitems - 1]);
      }
      mj_event_pop(r->c);
    }
  }
  assert_int_equal(left, 0);
  return a;
}

static struct answer ask(struct rig *r, mj_query what, const char *id) {
  mj_error err;
  mj_id job;
  if (mj_ask(r->c, what, &id, id != NULL, &job, &err) != MJ_OK)
    fail_msg("%s", err.text);
  return answer_of(r, job);
}

static void lists_are_tasks(void **state) {
  static const struct {
    mj_query what;
    const char *id, *method, *url, *body;
  } cases[] = {
      {MJ_QUERY_LIST, NULL, "GET", "http://gw.test/mj/task/list", NULL},
      {MJ_QUERY_QUEUE, NULL, "GET", "http://gw.test/mj/task/queue", NULL},
      {MJ_QUERY_IDS, "17", "POST", "http://gw.test/mj/task/list-by-condition",
       "{\"ids\":[\"17\"]}"}};
  size_t i;
  for (i = 0; i < 3; i++) {
    struct answer a;
    RIG(r, {.http = 502, .body = "<html>"}, {.body = TWO});
    a = ask(&r, cases[i].what, cases[i].id);
    assert_int_equal(a.code, MJ_OK);
    assert_string_equal(a.ids, "17 18 ");
    assert_string_equal(a.state, "none");
    assert_non_null(strstr(a.json, "{\"id\":\"17\",\"status\":\"SUCCESS\""));
    assert_string_equal(script_at(r.s, 1)->method, cases[i].method);
    assert_string_equal(script_at(r.s, 1)->url, cases[i].url);
    if (cases[i].body)
      assert_string_equal(script_at(r.s, 1)->body, cases[i].body);
    else
      assert_null(script_at(r.s, 1)->body);
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    rig_down(&r);
  }
}

static void a_seed_is_a_text(void **state) {
  struct answer a;
  RIG(r, {.body = "{\"code\":1,\"description\":\"\xe6\x88\x90\xe5\x8a\x9f\","
                  "\"result\":\"636646138\"}"});
  a = ask(&r, MJ_QUERY_SEED, "17");
  assert_int_equal(a.code, MJ_OK);
  assert_string_equal(a.item, "636646138");
  assert_string_equal(script_at(r.s, 0)->url,
                      "http://gw.test/mj/task/17/image-seed");
  rig_down(&r);
}

static void a_missing_route_is_remembered(void **state) {
  struct answer a;
  mj_error err;
  mj_id job;
  RIG(r, NO_ROUTE);
  a = ask(&r, MJ_QUERY_LIST, NULL);
  assert_int_equal(a.code, MJ_EUNSUPPORTED);
  assert_int_equal(mj_ask(r.c, MJ_QUERY_LIST, NULL, 0, &job, &err),
                   MJ_EUNSUPPORTED);
  assert_non_null(strstr(err.text, "no /mj/task/list"));
  assert_int_equal(script_count(r.s), 1);
  rig_down(&r);
}

/* A page that says 404 is a proxy's, which may be starting. */
static void a_page_proves_nothing_about_routes(void **state) {
  mj_error err;
  mj_id job;
  struct end e;
  RIG(r, {.http = 404, .body = "<html>404</html>"}, ACCEPT, DONE);
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_EUNSUPPORTED);
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_OK);
  assert_int_equal(mj_ask(r.c, MJ_QUERY_SEED, NULL, 0, &job, &err),
                   MJ_EINVALID);
  rig_down(&r);
}

static void as_the_gateway(mj_config *cfg) {
  cfg->image_host = "gateway";
}

static void as_a_mirror(mj_config *cfg) {
  cfg->image_host = "https://img.example:8443/";
}

static void image_host_replaces_the_origin(void **state) {
  struct answer a;
  rig_tune = as_the_gateway;
  {
    RIG(r, {.body = TWO});
    a = ask(&r, MJ_QUERY_LIST, NULL);
    assert_string_equal(a.first_url, "http://gw.test/mj/image/17?x=1");
    assert_non_null(strstr(a.json, "localhost:3000"));
    rig_down(&r);
  }
  rig_tune = as_a_mirror;
  {
    RIG(r, {.body = TWO});
    a = ask(&r, MJ_QUERY_LIST, NULL);
    assert_string_equal(a.first_url,
                        "https://img.example:8443/mj/image/17?x=1");
    rig_down(&r);
  }
}

/* Upload ------------------------------------------------------------------ */

static void an_upload_gives_addresses(void **state) {
  static const mj_picture p = {"data:image/png;base64,iVBORw0KGgo=", NULL, 0};
  struct answer a;
  mj_request q;
  RIG(r, {.body = "{\"code\":1,\"description\":\"ok\",\"result\":"
                  "[\"https://a/1.png\",\"https://a/2.png\"]}"});
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_UPLOAD;
  q.pictures = &p;
  q.npictures = 1;
  a = answer_of(&r, rig_submit(&r, &q));
  assert_int_equal(a.code, MJ_OK);
  assert_int_equal(a.nitems, 2);
  assert_string_equal(a.item, "https://a/2.png");
  assert_int_equal(virtual_counted(r.w)->paid, 1);
  rig_down(&r);
}

/* Stopping ---------------------------------------------------------------- */

static struct answer stop_while_running(struct rig *r) {
  mj_id id = rig_imagine(r);
  int turns;
  mj_job_state s;
  for (turns = 0; turns < 100; turns++) {
    (void)mj_step(r->c, -1, 0);
    while (mj_event_peek(r->c))
      mj_event_pop(r->c);
    assert_int_equal(mj_job_info(r->c, id, &s), MJ_OK);
    if (s.status == MJ_ST_IN_PROGRESS)
      break;
  }
  assert_int_equal(s.status, MJ_ST_IN_PROGRESS);
  assert_int_equal(mj_cancel(r->c, id), MJ_OK);
  return answer_of(r, id);
}

static void a_cancelled_job_stops_its_task(void **state) {
  struct answer a;
  RIG(r, ACCEPT, RUNNING,
      {.body = "{\"code\":1,\"description\":\"ok\",\"result\":\"17\"}"},
      {.body = "{\"id\":\"17\",\"status\":\"CANCEL\"}"});
  a = stop_while_running(&r);
  assert_int_equal(a.code, MJ_ECANCELLED);
  assert_non_null(strstr(a.text, "was cancelled at the gateway"));
  assert_string_equal(script_at(r.s, 2)->method, "POST");
  assert_string_equal(script_at(r.s, 2)->url,
                      "http://gw.test/mj/task/17/cancel");
  assert_int_equal(script_at(r.s, 2)->paid, 0);
  rig_down(&r);
}

/* trueai: 200 with nothing, and a failure to be seen. */
static void a_failure_is_a_stop(void **state) {
  struct answer a;
  RIG(r, ACCEPT, RUNNING, {.http = 200}, RUNNING,
      {.body = "{\"id\":\"17\",\"status\":\"FAILURE\",\"failReason\":"
               "\"\xe5\x8f\x96\xe6\xb6\x88\"}"});
  a = stop_while_running(&r);
  assert_int_equal(a.code, MJ_ECANCELLED);
  rig_down(&r);
}

static void what_finished_meanwhile_is_not_lost(void **state) {
  struct answer a;
  RIG(r, ACCEPT, RUNNING, {.http = 200}, DONE);
  a = stop_while_running(&r);
  assert_int_equal(a.code, MJ_OK);
  rig_down(&r);
}

static void without_a_route_it_goes_on(void **state) {
  struct answer a;
  RIG(r, ACCEPT, RUNNING, NO_ROUTE);
  a = stop_while_running(&r);
  assert_int_equal(a.code, MJ_ECANCELLED);
  assert_non_null(strstr(a.text, "goes on at the gateway"));
  rig_down(&r);
}

static void a_gateway_that_goes_on_is_told_of(void **state) {
  struct answer a;
  RIG(r, ACCEPT, RUNNING, {.http = 200}, RUNNING);
  a = stop_while_running(&r);
  assert_int_equal(a.code, MJ_ECANCELLED);
  assert_non_null(strstr(a.text, "goes on with it"));
  assert_int_equal(script_count(r.s), 6);
  rig_down(&r);
}

static void a_task_can_be_stopped_by_its_id(void **state) {
  static const struct {
    script_reply replies[3];
    int code;
    const char *text;
  } cases[] = {
      {{{.body = "{\"code\":1,\"description\":\"ok\",\"result\":\"17\"}"},
        {.body = "{\"id\":\"17\",\"status\":\"CANCEL\"}"}},
       MJ_OK,
       ""},
      {{{.http = 200}, {.body = "{\"id\":\"17\",\"status\":\"SUCCESS\"}"}},
       MJ_EINVALID,
       "had finished"},
      {{{.http = 200}, {.body = "{\"id\":\"17\",\"status\":\"MODAL\"}"}},
       MJ_EFAILED,
       "goes on"},
      {{NO_ROUTE}, MJ_EUNSUPPORTED, "task/{id}/cancel"},
      {{NOBODY}, MJ_ENOT_FOUND, "task/{id}/cancel"}};
  size_t i;
  for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct answer a;
    size_t n = cases[i].replies[1].body ? 2 : 1;
    struct rig r;
    (void)state;
    rig_up(&r, cases[i].replies, n);
    a = ask(&r, MJ_QUERY_CANCEL, "17");
    assert_int_equal(a.code, cases[i].code);
    if (!strstr(a.text, cases[i].text))
      fail_msg("%zu: %s", i, a.text);
    rig_down(&r);
  }
}

/* The key ----------------------------------------------------------------- */

static void find_out(mj_config *cfg) {
  cfg->auth = "auto";
}

static void uses(struct rig *r, size_t at, const char *header) {
  const script_request *q = script_at(r->s, at);
  if (!strstr(q->headers, header))
    fail_msg("%s is not in: %s", header, q->headers);
  assert_null(strstr(strstr(q->headers, "CANARY") + 1, "CANARY"));
}

static void the_key_goes_as_the_gateway_wants_it(void **state) {
  struct end e;
  rig_tune = find_out;
  {
    RIG(r, REFUSED, {.http = 401}, {.http = 204}, ACCEPT, DONE, ACCEPT, DONE);
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_OK);
    assert_string_equal(script_at(r.s, 0)->method, "GET");
    uses(&r, 0, "Authorization: Bearer sk-CANARY-91\n");
    uses(&r, 1, "mj-api-secret: sk-CANARY-91\n");
    uses(&r, 2, "Authorization: sk-CANARY-91\n");
    uses(&r, 3, "Authorization: sk-CANARY-91\n");
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    e = rig_run(&r, rig_imagine(&r)); /* remembered */
    assert_int_equal(script_count(r.s), 7);
    uses(&r, 5, "Authorization: sk-CANARY-91\n");
    rig_down(&r);
  }
}

static void the_first_way_is_tried_with_one_question(void **state) {
  struct end e;
  rig_tune = find_out;
  {
    RIG(r, NOBODY, ACCEPT, DONE);
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_OK);
    assert_int_equal(script_count(r.s), 3);
    uses(&r, 1, "Authorization: Bearer sk-CANARY-91\n");
    rig_down(&r);
  }
}

static void a_wrong_key_is_refused_and_costs_nothing(void **state) {
  struct end e;
  rig_tune = find_out;
  {
    RIG(r, {.http = 401});
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_EAUTH);
    uses(&r, 3, "Authorization: Bearer sk-CANARY-91\n");
    rig_down(&r);
  }
}

/* A gateway that was down is asked again before the next attempt. */
static void trouble_leaves_the_question_open(void **state) {
  struct end e;
  rig_tune = find_out;
  {
    RIG(r, {.curl_code = 7, .sent_less = 2}, {.curl_code = 7, .sent_less = 2},
        {.http = 401}, {.http = 200}, ACCEPT, DONE);
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_OK);
    uses(&r, 4, "mj-api-secret: sk-CANARY-91\n");
    assert_int_equal(script_at(r.s, 4)->paid, 1);
    rig_down(&r);
  }
}

static void no_key(mj_config *cfg) {
  cfg->auth = "auto";
  cfg->api_key = NULL;
}

static void without_a_key_there_is_no_question(void **state) {
  struct end e;
  rig_tune = no_key;
  {
    RIG(r, ACCEPT, DONE);
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_OK);
    assert_int_equal(script_count(r.s), 2);
    rig_down(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lists_are_tasks),
      cmocka_unit_test(a_seed_is_a_text),
      cmocka_unit_test(a_missing_route_is_remembered),
      cmocka_unit_test(a_page_proves_nothing_about_routes),
      cmocka_unit_test(image_host_replaces_the_origin),
      cmocka_unit_test(an_upload_gives_addresses),
      cmocka_unit_test(a_cancelled_job_stops_its_task),
      cmocka_unit_test(a_failure_is_a_stop),
      cmocka_unit_test(what_finished_meanwhile_is_not_lost),
      cmocka_unit_test(without_a_route_it_goes_on),
      cmocka_unit_test(a_gateway_that_goes_on_is_told_of),
      cmocka_unit_test(a_task_can_be_stopped_by_its_id),
      cmocka_unit_test(the_key_goes_as_the_gateway_wants_it),
      cmocka_unit_test(the_first_way_is_tried_with_one_question),
      cmocka_unit_test(a_wrong_key_is_refused_and_costs_nothing),
      cmocka_unit_test(trouble_leaves_the_question_open),
      cmocka_unit_test(without_a_key_there_is_no_question),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
