/* SPDX-License-Identifier: MIT
   test_money.c - what is sent, how often, and what is said of it. */
#include "rig.h"

/* Money ------------------------------------------------------------------- */

static void not_sent_is_tried_again_and_then_given_up(void **state) {
  struct end e;
  RIG(r, {.curl_code = 7, .sent_less = 2});
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_ENETWORK);
  assert_int_equal(e.accepted, 0);
  assert_int_equal(script_count(r.s), 4); /* attempts */
  rig_down(&r);
}

static void not_sent_then_accepted(void **state) {
  struct end e;
  RIG(r, {.curl_code = 7, .sent_less = 2}, {.curl_code = 55, .sent_less = 1},
      ACCEPT, DONE);
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_OK);
  assert_int_equal(virtual_counted(r.w)->paid, 3);
  rig_down(&r);
}

static void sent_without_an_answer_is_unknown_and_not_repeated(void **state) {
  static const int codes[] = {16, 18, 28, 42, 52, 55, 56, 65, 92};
  size_t i;
  for (i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    struct end e;
    RIG(r, {.curl_code = codes[i]});
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_EUNKNOWN_OUTCOME);
    assert_int_equal(e.retryable, 0);
    assert_int_equal(script_count(r.s), 1);
    rig_down(&r);
  }
}

static void an_html_502_is_unknown(void **state) {
  struct end e;
  RIG(r, {.http = 502,
          .body = "<html><head><title>502 Bad Gateway</title>"
                  "</head><body>nginx</body></html>"});
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_EUNKNOWN_OUTCOME);
  assert_non_null(strstr(e.text, "502 Bad Gateway"));
  assert_null(strchr(e.text, '<'));
  assert_int_equal(script_count(r.s), 1);
  rig_down(&r);
}

static void a_banned_word_is_named(void **state) {
  struct end e;
  RIG(r, {.body = "{\"code\":24,\"description\":\"may be sensitive\","
                  "\"result\":null,\"properties\":{\"promptEn\":\"x\","
                  "\"bannedWord\":\"nude\"}}"});
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_EBANNED_PROMPT);
  assert_int_equal(e.remote, 24);
  assert_non_null(strstr(e.text, "nude"));
  rig_down(&r);
}

static void slow_down_is_obeyed(void **state) {
  struct end e;
  RIG(r,
      {.http = 429,
       .body = "{\"error\":{\"message\":\"busy\"}}",
       .retry_after_ms = 60000},
      ACCEPT, DONE);
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_OK);
  assert_true(script_at(r.s, 1)->at_ms - script_at(r.s, 0)->at_ms >= 60000);
  rig_down(&r);
}

/* A transport that keeps a request and hands it in again. */
static mj_http kept;
static mj_transport inner;
static int again;

static int keep_and_start(void *ud, mj_client *c, const mj_http *req) {
  int rc;
  if (req->paid)
    kept = *req;
  rc = inner.start(ud, c, req);
  if (req->paid)
    again = mj_ticket_redeem(c, &kept);
  return rc;
}

static void wrap_transport(mj_config *cfg) {
  static mj_transport t;
  inner = *cfg->transport;
  t = inner;
  t.start = keep_and_start;
  cfg->transport = &t;
}

static void a_ticket_is_good_for_one_send(void **state) {
  struct end e;
  again = -1;
  rig_tune = wrap_transport;
  {
    RIG(r, ACCEPT, DONE);
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_OK);
    assert_int_equal(again, 0);
    kept.ticket++;
    assert_int_equal(mj_ticket_redeem(r.c, &kept), 0);
    rig_down(&r);
  }
}

/* Giving up --------------------------------------------------------------- */

static void cancel_before_sending_costs_nothing(void **state) {
  mj_job_state js;
  struct end e;
  mj_id id;
  RIG(r, ACCEPT, DONE);
  id = rig_imagine(&r);
  assert_int_equal(mj_job_info(r.c, id, &js), MJ_OK);
  assert_int_equal(js.phase, MJ_PH_QUEUED);
  assert_int_equal(mj_cancel(r.c, id), MJ_OK);
  e = rig_run(&r, id);
  assert_int_equal(e.code, MJ_ECANCELLED);
  assert_int_equal(script_count(r.s), 0);
  assert_int_equal(mj_job_info(r.c, id, &js), MJ_EINVALID);
  assert_int_equal(mj_cancel(r.c, id), MJ_EINVALID);
  rig_down(&r);
}

static void cancel_while_sending_waits_for_the_answer(void **state) {
  mj_job_state js;
  struct end e;
  mj_id id;
  RIG(r, ACCEPT, RUNNING);
  id = rig_imagine(&r);
  (void)mj_step(r.c, 0, 0);
  assert_int_equal(mj_job_info(r.c, id, &js), MJ_OK);
  assert_int_equal(js.phase, MJ_PH_SENDING);
  assert_int_equal(mj_cancel(r.c, id), MJ_OK);
  e = rig_run(&r, id);
  assert_int_equal(e.accepted, 1);
  assert_int_equal(e.code, MJ_ECANCELLED);
  assert_string_equal(e.task_id, "17");
  assert_non_null(strstr(e.text, "goes on"));
  rig_down(&r);
}

static void cancel_while_polling_drops_the_poll(void **state) {
  struct end e;
  mj_id id;
  RIG(r, ACCEPT, {.body = "{}", .delay_ms = 5000});
  id = rig_imagine(&r);
  while (script_count(r.s) < 2) {
    (void)mj_step(r.c, -1, 0);
    mj_event_pop(r.c); /* an event that waits keeps a step from waiting */
  }
  assert_int_equal(mj_cancel(r.c, id), MJ_OK);
  assert_int_equal(virtual_counted(r.w)->stopped, 1);
  e = rig_run(&r, id);
  assert_int_equal(e.code, MJ_ECANCELLED);
  rig_down(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(not_sent_is_tried_again_and_then_given_up),
      cmocka_unit_test(not_sent_then_accepted),
      cmocka_unit_test(sent_without_an_answer_is_unknown_and_not_repeated),
      cmocka_unit_test(an_html_502_is_unknown),
      cmocka_unit_test(a_banned_word_is_named),
      cmocka_unit_test(slow_down_is_obeyed),
      cmocka_unit_test(a_ticket_is_good_for_one_send),
      cmocka_unit_test(cancel_before_sending_costs_nothing),
      cmocka_unit_test(cancel_while_sending_waits_for_the_answer),
      cmocka_unit_test(cancel_while_polling_drops_the_poll),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
