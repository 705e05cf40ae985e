/* SPDX-License-Identifier: MIT
   test_client.c - whole jobs through mj_step, on scripted replies and a clock
   that only moves when mj_step waits. */
#include "rig.h"

static void a_picture_end_to_end(void **state) {
  struct end e;
  RIG(r, ACCEPT, RUNNING, RUNNING, DONE);
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_OK);
  assert_int_equal(e.accepted, 1);
  assert_int_equal(e.done, 1);
  assert_int_equal(e.progress, 0); /* nobody asked for it */
  assert_string_equal(e.task_id, "17");
  assert_int_equal(script_count(r.s), 4);
  assert_string_equal(script_at(r.s, 0)->url,
                      "http://gw.test/mj/submit/imagine");
  assert_int_equal(script_at(r.s, 0)->paid, 1);
  assert_non_null(strstr(script_at(r.s, 0)->headers,
                         "Authorization: Bearer sk-CANARY-91\n"));
  assert_string_equal(script_at(r.s, 1)->url,
                      "http://gw.test/mj/task/17/fetch");
  assert_int_equal(script_at(r.s, 1)->paid, 0);
  /* 2, 4, then every 8 s, each counted from the reply before */
  assert_int_equal(script_at(r.s, 1)->at_ms - script_at(r.s, 0)->at_ms, 2005);
  assert_int_equal(script_at(r.s, 2)->at_ms - script_at(r.s, 1)->at_ms, 4005);
  assert_int_equal(script_at(r.s, 3)->at_ms - script_at(r.s, 2)->at_ms, 8005);
  rig_down(&r);
}

static void a_host_takes_the_key_out_of_its_texts(void **state) {
  char text[] = "key sk-CANARY-91, again: sk-CANARY-91";
  char other[] = "nothing to hide";
  RIG(r, ACCEPT);
  mj_redact(r.c, text);
  assert_string_equal(text, "key ***, again: ***");
  mj_redact(r.c, other);
  assert_string_equal(other, "nothing to hide");
  mj_redact(NULL, other);
  mj_redact(r.c, NULL);
  rig_down(&r);
}

static void progress_is_told_when_asked(void **state) {
  mj_request q;
  struct end e;
  RIG(r, ACCEPT, RUNNING, RUNNING, DONE);
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "x";
  q.progress = 1;
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.progress, 1); /* 31 % twice is one change */
  rig_down(&r);
}

static void states_of_user_and_wire(void **state) {
  mj_request q;
  struct end e;
  const char *sent;
  RIG(r, ACCEPT, DONE);
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "x";
  q.state = "order 66";
  e = rig_run(&r, rig_submit(&r, &q));
  assert_string_equal(e.state, "order 66");
  sent = script_at(r.s, 0)->body;
  assert_null(strstr(sent, "order 66"));
  assert_non_null(strstr(sent, "\"state\":\"mj_"));
  rig_down(&r);
}

static void somebody_elses_task_is_not_ours(void **state) {
  struct end e;
  RIG(r, ACCEPT,
      {.body = "{\"id\":\"17\",\"status\":\"SUCCESS\",\"state\":"
               "\"mj_aaaaaaaaaaaaaaaaaaaaaaaaaa\"}"});
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_EPROTOCOL);
  rig_down(&r);
}

static void a_bare_number_is_an_id(void **state) {
  struct end e;
  RIG(r,
      {.body = "{\"code\":1,\"description\":\"ok\","
               "\"result\":14001934816969359}"},
      DONE);
  e = rig_run(&r, rig_imagine(&r));
  assert_string_equal(e.task_id, "14001934816969359");
  rig_down(&r);
}

/* Buttons ----------------------------------------------------------------- */

static void click_looks_the_button_up(void **state) {
  mj_request q = click_on("upscale:2");
  struct end e;
  RIG(r, {.body = GRID},
      {.body = "{\"code\":1,\"description\":\"\","
               "\"result\":\"18\"}"},
      DONE);
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  assert_string_equal(e.task_id, "18");
  assert_string_equal(script_at(r.s, 0)->url,
                      "http://gw.test/mj/task/17/fetch");
  assert_string_equal(script_at(r.s, 1)->url,
                      "http://gw.test/mj/submit/action");
  assert_non_null(strstr(script_at(r.s, 1)->body,
                         "\"customId\":\"MJ::JOB::upsample::2::abc\","
                         "\"taskId\":\"17\""));
  rig_down(&r);
}

static void click_with_the_task_at_hand_asks_nothing(void **state) {
  mj_request q = click_on("U2");
  struct end e;
  RIG(r, ACCEPT, DONE);
  q.task_json = GRID;
  q.task_json_len = strlen(GRID);
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  assert_string_equal(script_at(r.s, 0)->url,
                      "http://gw.test/mj/submit/action");
  rig_down(&r);
}

static void an_unknown_button_lists_what_there_is(void **state) {
  mj_request q = click_on("U9");
  mj_error err;
  mj_id id;
  struct end e;
  RIG(r, {.body = GRID});
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_ENO_BUTTON);
  assert_non_null(strstr(e.text, "U2, reroll"));
  assert_int_equal(virtual_counted(r.w)->paid, 0);
  assert_int_equal(e.nbuttons, 2);
  q.task_json = GRID;
  q.task_json_len = strlen(GRID);
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_ENO_BUTTON);
  rig_down(&r);
}

static void without_buttons_change_does_it(void **state) {
  mj_request q = click_on("V3");
  struct end e;
  RIG(r,
      {.body = "{\"id\":\"17\",\"status\":\"SUCCESS\",\"action\":\"IMAGINE\"}"},
      {.body = "{\"code\":1,\"description\":\"\",\"result\":\"18\"}"}, DONE);
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  assert_string_equal(script_at(r.s, 1)->url,
                      "http://gw.test/mj/submit/change");
  assert_non_null(strstr(script_at(r.s, 1)->body,
                         "{\"taskId\":\"17\",\"action\":\"VARIATION\","
                         "\"index\":3"));
  rig_down(&r);
}

/* How tasks end ----------------------------------------------------------- */

static void failures_say_why(void **state) {
  struct end e;
  RIG(r, ACCEPT,
      {.body = "{\"id\":\"17\",\"status\":\"FAILURE\",\"progress\":\"100%\","
               "\"failReason\":\"[Invalid parameter] no\\u001b[31m\"}"});
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_EFAILED);
  assert_non_null(strstr(e.text, "[Invalid parameter] no"));
  assert_null(strchr(e.text, '\x1b'));
  rig_down(&r);
}

static void a_modal_needs_input(void **state) {
  struct end e;
  RIG(r,
      {.body = "{\"code\":21,\"description\":\"Waiting for window confirm\","
               "\"result\":\"17\"}"},
      {.body = "{\"id\":\"17\",\"status\":\"MODAL\"}"});
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_ENEEDS_INPUT);
  assert_string_equal(e.task_id, "17");
  rig_down(&r);
}

static void a_fetch_right_after_may_find_nothing(void **state) {
  struct end e;
  RIG(r, ACCEPT, {.http = 200}, {.http = 204}, DONE);
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_OK);
  rig_down(&r);
}

static void a_forgotten_task_is_lost(void **state) {
  struct end e;
  RIG(r, ACCEPT,
      {.http = 400,
       .body = "{\"description\":\"task_no_found \",\"type\":"
               "\"upstream_error\",\"code\":4}"});
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_EREMOTE_LOST);
  assert_true(virtual_now(r.w) >= 1030000);
  rig_down(&r);
}

static void a_wrong_id_is_not_found(void **state) {
  mj_error err;
  mj_id id;
  struct end e;
  RIG(r, {.http = 200});
  assert_int_equal(mj_track(r.c, "404", &id, &err), MJ_OK);
  e = rig_run(&r, id);
  assert_int_equal(e.code, MJ_ENOT_FOUND);
  assert_int_equal(mj_track(r.c, "../etc", &id, &err), MJ_EINVALID);
  rig_down(&r);
}

static void polls_survive_trouble(void **state) {
  struct end e;
  RIG(r, ACCEPT, {.curl_code = 56}, {.http = 502, .body = "<html>"},
      {.http = 429, .retry_after_ms = 5000}, {.body = "{\"id\":\"17\""}, DONE);
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_OK);
  rig_down(&r);
}

static void polls_give_up_in_the_end(void **state) {
  struct end e;
  RIG(r, ACCEPT, {.http = 502, .body = "<html>Bad Gateway</html>"});
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_EPROTOCOL);
  assert_int_equal(e.retryable, 0);
  assert_string_equal(e.task_id, "17");
  rig_down(&r);
}

static void a_refused_key_ends_it(void **state) {
  struct end e;
  RIG(r, {.http = 401});
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_EAUTH);
  assert_non_null(strstr(e.text, "api_key"));
  assert_null(strstr(e.text, "CANARY"));
  rig_down(&r);
}

/* Misuse ------------------------------------------------------------------ */

static void bad_requests_name_the_field(void **state) {
  mj_request q;
  mj_error err;
  mj_id id;
  RIG(r, ACCEPT);
  memset(&q, 0, sizeof q);
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  assert_non_null(strstr(err.text, "op"));
  q.op = MJ_OP_IMAGINE;
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  assert_non_null(strstr(err.text, "prompt"));
  q.prompt = "a\xff";
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  assert_non_null(strstr(err.text, "UTF-8"));
  q.prompt = "a";
  q.mode = "warp";
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  assert_non_null(strstr(err.text, "mode"));
  q.mode = NULL;
  q.extra_json = "{\"prompt\":\"b\"}";
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  assert_non_null(strstr(err.text, "extra"));
  q = click_on("U2");
  q.task = "a/b";
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  assert_non_null(strstr(err.text, "task"));
  assert_int_equal(mj_step(r.c, 0, 0), 0);
  assert_int_equal(script_count(r.s), 0);
  rig_down(&r);
}

static void bad_configurations_name_the_field(void **state) {
  static const struct {
    size_t at;
    const char *value, *says;
  } rows[] = {
      {offsetof(mj_config, base_url), "gw.test", "https://"},
      {offsetof(mj_config, base_url), "ftp://gw.test", "base_url"},
      {offsetof(mj_config, base_url), "http://user@gw.test", "api_key"},
      {offsetof(mj_config, base_url), "http://gw.test/?a=b", "base_url"},
      {offsetof(mj_config, base_url), "http://gw.test/\r\nX: y", "base_url"},
      {offsetof(mj_config, api_key), "sk\r\nX-Evil: 1", "api_key"},
      {offsetof(mj_config, auth), "basic", "bearer"},
      {offsetof(mj_config, dialect), "latin", "dialect"},
      {offsetof(mj_config, mode), "warp", "mode"},
      {offsetof(mj_config, mode_style), "suffix", "mode_style"},
      {offsetof(mj_config, wire_state), "none", "wire_state"},
      {offsetof(mj_config, user_agent), "a\nb", "user_agent"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    mj_config cfg;
    mj_client *c;
    mj_error err;
    mj_config_init(&cfg);
    memcpy((char *)&cfg + rows[i].at, &rows[i].value, sizeof rows[i].value);
    assert_int_equal(mj_client_new(&c, &cfg, &err), MJ_EINVALID);
    assert_null(c);
    if (!strstr(err.text, rows[i].says))
      fail_msg("\"%s\" does not name %s", err.text, rows[i].says);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_picture_end_to_end),
      cmocka_unit_test(a_host_takes_the_key_out_of_its_texts),
      cmocka_unit_test(progress_is_told_when_asked),
      cmocka_unit_test(states_of_user_and_wire),
      cmocka_unit_test(somebody_elses_task_is_not_ours),
      cmocka_unit_test(a_bare_number_is_an_id),
      cmocka_unit_test(click_looks_the_button_up),
      cmocka_unit_test(click_with_the_task_at_hand_asks_nothing),
      cmocka_unit_test(an_unknown_button_lists_what_there_is),
      cmocka_unit_test(without_buttons_change_does_it),
      cmocka_unit_test(failures_say_why),
      cmocka_unit_test(a_modal_needs_input),
      cmocka_unit_test(a_fetch_right_after_may_find_nothing),
      cmocka_unit_test(a_forgotten_task_is_lost),
      cmocka_unit_test(a_wrong_id_is_not_found),
      cmocka_unit_test(polls_survive_trouble),
      cmocka_unit_test(polls_give_up_in_the_end),
      cmocka_unit_test(a_refused_key_ends_it),
      cmocka_unit_test(bad_requests_name_the_field),
      cmocka_unit_test(bad_configurations_name_the_field),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
