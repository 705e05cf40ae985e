/* SPDX-License-Identifier: MIT
   test_dialog.c - tasks that ask back: answered once, with what the click
   brought along, or handed to the caller. */
#include "rig.h"

/* clang-format off */
#define ANNOUNCED {.body = "{\"code\":21,\"description\":\"Waiting for window confirm\",\"result\":\"18\",\"properties\":{\"finalPrompt\":\"black cat --v 7 --zoom 2\",\"remix\":true}}"}
#define TAKEN {.body = "{\"code\":1,\"description\":\"ok\",\"result\":\"18\"}"}
#define MODAL {.body = "{\"id\":\"18\",\"status\":\"MODAL\",\"action\":\"ZOOM\",\"prompt\":\"black cat\",\"properties\":{\"finalPrompt\":\"black cat --v 7 --zoom 2\"}}"}
#define MASK "data:image/png;base64,iVBORw0KGgo="
/* clang-format on */
#define ZOOM   "MJ::CustomZoom::abc"
#define REGION "MJ::Inpaint::1::abc::SOLO"
#define VARY   "MJ::JOB::variation::1::abc"

static void is_modal(struct rig *r, size_t at, const char *body) {
  const script_request *q = script_at(r->s, at);
  assert_string_equal(q->url, "http://gw.test/mj/submit/modal");
  assert_int_equal(q->paid, 1);
  if (!strstr(q->body, body))
    fail_msg("\"%s\" is not in %s", body, q->body);
}

static void an_announced_dialog_is_answered_at_once(void **state) {
  mj_request q = click_on(ZOOM);
  struct end e;
  RIG(r, ANNOUNCED, TAKEN, DONE);
  q.zoom = 1.5;
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  assert_int_equal(e.accepted, 1);
  is_modal(&r, 1,
           "{\"taskId\":\"18\",\"prompt\":\"black cat --v 7 --zoom 1.5\",");
  assert_int_equal(virtual_counted(r.w)->paid, 2);
  rig_down(&r);
}

static void a_dialog_seen_when_polled_is_answered(void **state) {
  mj_request q = click_on(VARY);
  struct end e;
  RIG(r, TAKEN, MODAL, TAKEN, MODAL, MODAL, DONE);
  q.prompt = "white cat";
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  assert_non_null(strstr(script_at(r.s, 0)->body, "\"enableRemix\":true"));
  is_modal(&r, 2, "\"prompt\":\"white cat\"");
  /* new-api's row still says MODAL for a while: no second answer */
  assert_int_equal(virtual_counted(r.w)->paid, 2);
  rig_down(&r);
}

static void remix_goes_on_with_the_proposal(void **state) {
  mj_request q = click_on(VARY);
  struct end e;
  RIG(r, TAKEN, MODAL, TAKEN, DONE);
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  is_modal(&r, 2, "\"prompt\":\"black cat --v 7 --zoom 2\"");
  rig_down(&r);
}

static void region_takes_its_mask(void **state) {
  static const char png[] = "\x89PNG\r\n\x1a\n";
  mj_picture mask = {NULL, png, 8};
  mj_request q = click_on(REGION);
  struct end e;
  RIG(r, ANNOUNCED, TAKEN, DONE);
  q.mask = &mask;
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  is_modal(&r, 1, "{\"taskId\":\"18\",\"maskBase64\":\"" MASK "\",\"state\"");
  rig_down(&r);
}

static void without_input_the_caller_is_asked(void **state) {
  static const char *const buttons[] = {ZOOM, REGION};
  size_t i;
  for (i = 0; i < 2; i++) {
    mj_request q = click_on(buttons[i]), again;
    struct end e;
    RIG(r, ANNOUNCED, MODAL, TAKEN, MODAL, DONE);
    e = rig_run(&r, rig_submit(&r, &q));
    assert_int_equal(e.code, MJ_ENEEDS_INPUT);
    assert_string_equal(e.task_id, "18");
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    memset(&again, 0, sizeof again);
    again.op = MJ_OP_MODAL;
    again.task = "18";
    again.prompt = "black cat --zoom 1.2";
    e = rig_run(&r, rig_submit(&r, &again));
    assert_int_equal(e.code, MJ_OK);
    is_modal(&r, 2, "\"prompt\":\"black cat --zoom 1.2\"");
    assert_int_equal(virtual_counted(r.w)->paid, 2);
    rig_down(&r);
  }
}

static void a_zoom_in_the_prompt_is_input_enough(void **state) {
  mj_request q = click_on(ZOOM);
  struct end e;
  RIG(r, ANNOUNCED, TAKEN, DONE);
  q.prompt = "white cat --zoom 1.3";
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  is_modal(&r, 1, "\"prompt\":\"white cat --zoom 1.3\"");
  rig_down(&r);
}

static void a_factor_in_the_selector(void **state) {
  mj_request q = click_on("zoom:1.7");
  struct end e;
  RIG(r,
      {.body = "{\"id\":\"17\",\"status\":\"SUCCESS\",\"buttons\":["
               "{\"customId\":\"MJ::Outpaint::75::1::abc::SOLO\"},"
               "{\"customId\":\"" ZOOM "\"}]}"},
      ANNOUNCED, TAKEN, DONE);
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  assert_non_null(strstr(script_at(r.s, 1)->body, ZOOM));
  is_modal(&r, 2, "--zoom 1.7\"");
  rig_down(&r);
}

static void the_answer_may_name_another_task(void **state) {
  mj_request q = click_on(VARY);
  struct end e;
  RIG(r, TAKEN, MODAL,
      {.body = "{\"code\":1,\"description\":\"ok\",\"result\":\"19\"}"},
      {.body = "{\"id\":\"19\",\"status\":\"SUCCESS\"}"});
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  assert_int_equal(e.accepted, 2);
  assert_string_equal(e.task_id, "19");
  assert_string_equal(script_at(r.s, 3)->url,
                      "http://gw.test/mj/task/19/fetch");
  rig_down(&r);
}

static void the_answer_may_name_no_task(void **state) {
  mj_request q = click_on(VARY);
  struct end e;
  RIG(r, TAKEN, MODAL,
      {.body = "{\"code\":1,\"description\":\"ok\",\"result\":null}"},
      {.body = "{\"id\":\"18\",\"status\":\"SUCCESS\"}"});
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  assert_string_equal(e.task_id, "18");
  rig_down(&r);
}

static void a_refused_answer_ends_the_job(void **state) {
  mj_request q = click_on(VARY);
  struct end e;
  RIG(r, TAKEN, MODAL,
      {.body = "{\"code\":24,\"description\":\"banned\",\"result\":null,"
               "\"properties\":{\"bannedWord\":\"nude\"}}"});
  q.prompt = "nude cat";
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_EBANNED_PROMPT);
  assert_non_null(strstr(e.text, "modal: "));
  assert_non_null(strstr(e.text, "nude"));
  rig_down(&r);
}

/* Its task is known: what that says counts.  One that is open for two minutes
   more has not got the answer, which goes once more, and no oftener. */
static void an_answer_without_a_reply_is_looked_at(void **state) {
  mj_request q = click_on(VARY);
  struct end e;
  size_t i;
  {
    RIG(r, TAKEN, MODAL, {.curl_code = 52}, MODAL, RUNNING, DONE);
    e = rig_run(&r, rig_submit(&r, &q));
    assert_int_equal(e.code, MJ_OK);
    assert_int_equal(virtual_counted(r.w)->paid, 2);
    rig_down(&r);
  }
  {
    RIG(r, TAKEN, MODAL, {.curl_code = 52}, MODAL);
    e = rig_run(&r, rig_submit(&r, &q));
    assert_int_equal(e.code, MJ_ENEEDS_INPUT);
    assert_int_equal(virtual_counted(r.w)->paid, 3);
    for (i = 3; !script_at(r.s, i)->paid; i++)
      ;
    assert_true(script_at(r.s, i)->at_ms - script_at(r.s, 2)->at_ms >= 130000);
    assert_string_equal(script_at(r.s, i)->body, script_at(r.s, 2)->body);
    rig_down(&r);
  }
}

static void an_answer_that_was_not_sent_is_sent_again(void **state) {
  mj_request q = click_on(VARY);
  struct end e;
  RIG(r, TAKEN, MODAL, {.curl_code = 7, .sent_less = 2}, TAKEN, DONE);
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  is_modal(&r, 3, "taskId");
  rig_down(&r);
}

static void a_parent_that_has_just_ended_is_tried_again(void **state) {
  mj_request q = click_on("MJ::JOB::upsample::1::abc");
  struct end e;
  RIG(r,
      {.body = "{\"code\":3,\"description\":\"\xe5\x85\xb3\xe8\x81\x94\","
               "\"result\":null}"},
      {.http = 400,
       .body = "{\"description\":\"task_status_not_success \",\"type\":"
               "\"upstream_error\",\"code\":4}"},
      TAKEN, DONE);
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_OK);
  assert_int_equal(virtual_counted(r.w)->paid, 3);
  assert_true(script_at(r.s, 1)->at_ms - script_at(r.s, 0)->at_ms >= 1000);
  rig_down(&r);
}

static void a_parent_that_is_gone_is_not_found(void **state) {
  mj_request q = click_on("MJ::JOB::upsample::1::abc");
  struct end e;
  RIG(r, {.body = "{\"code\":3,\"description\":\"gone\",\"result\":null}"});
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_ENOT_FOUND);
  assert_int_equal(virtual_counted(r.w)->paid, 3);
  rig_down(&r);
}

static void a_first_request_is_not_tried_again(void **state) {
  struct end e;
  RIG(r, {.body = "{\"code\":3,\"description\":\"gone\",\"result\":null}"});
  e = rig_run(&r, rig_imagine(&r));
  assert_int_equal(e.code, MJ_ENOT_FOUND);
  assert_int_equal(virtual_counted(r.w)->paid, 1);
  rig_down(&r);
}

static void mistakes_are_told_before_anything_goes(void **state) {
  static const char text[] = "no picture";
  const mj_picture bad = {NULL, text, sizeof text};
  const mj_picture good = {MASK, NULL, 0};
  const mj_picture far_away = {"https://a.example/mask.png", NULL, 0};
  const mj_param ar = {"aspect", "3:2"};
  struct {
    const char *field;
    mj_request q;
  } cases[] = {
      {"zoom: 1 to 2", click_on(ZOOM)},
      {"zoom: 1 to 2", click_on("zoom:7")},
      {"mask: the bytes are no PNG", click_on(REGION)},
      {"mask: the bytes of a PNG", click_on(REGION)},
      {"prompt: parameters", click_on(VARY)},
      {"prompt: upscale:1 takes none", click_on("MJ::JOB::upsample::1::abc")},
      {"zoom: pan:left takes none",
       click_on("MJ::JOB::pan_left::1::abc::SOLO")},
      {"mask: vary:1 takes none", click_on(VARY)},
      {"zoom: given both by the button", click_on("zoom:1.7")},
      {"task: not a task id", click_on(VARY)}};
  size_t i;
  RIG(r, TAKEN);
  cases[0].q.zoom = 2.5;
  cases[2].q.mask = &bad;
  cases[3].q.mask = &far_away;
  cases[4].q.params = &ar;
  cases[4].q.nparams = 1;
  cases[5].q.prompt = "x";
  cases[6].q.zoom = 1.5;
  cases[7].q.mask = &good;
  cases[8].q.zoom = 1.5;
  cases[9].q.task = "../17";
  for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    mj_error err;
    mj_id id;
    assert_int_equal(mj_submit(r.c, &cases[i].q, &id, &err), MJ_EINVALID);
    if (!strstr(err.text, cases[i].field))
      fail_msg("%s: %s", cases[i].field, err.text);
  }
  assert_int_equal(script_count(r.s), 0);
  rig_down(&r);
}

static void a_callers_zoom(void **state) {
  static const char json[] = "{\"id\":\"18\",\"status\":\"MODAL\","
                             "\"properties\":{\"finalPrompt\":"
                             "\"black cat --ar 3:2 --zoom 2\"}}";
  static const mj_param ar = {"aspect", "1:1"};
  mj_request q;
  mj_error err;
  mj_id id;
  RIG(r, TAKEN, DONE, TAKEN, DONE);
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_MODAL;
  q.task = "18";
  q.zoom = 1.25;
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  assert_int_equal(err.code, MJ_EINVALID);
  assert_non_null(strstr(err.text, "prompt: none is proposed"));
  q.task_json = json;
  q.task_json_len = sizeof json - 1;
  (void)rig_run(&r, rig_submit(&r, &q));
  is_modal(&r, 0, "\"prompt\":\"black cat --ar 3:2 --zoom 1.25\"");
  q.prompt = "white cat --zoom 2";
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  assert_non_null(strstr(err.text, "both as a field and in the prompt"));
  q.prompt = "white cat";
  q.params = &ar;
  q.nparams = 1;
  (void)rig_run(&r, rig_submit(&r, &q));
  is_modal(&r, 2, "\"prompt\":\"white cat --ar 1:1 --zoom 1.25\"");
  assert_int_equal(virtual_counted(r.w)->paid, 2);
  rig_down(&r);
}

/* The first midjourney-proxy: a prompt would be lost, and the click paid. */
static void without_dialogs_nothing_can_go_along(void **state) {
  mj_request q = click_on("V1");
  struct end e;
  RIG(r, {.body = "{\"id\":\"17\",\"status\":\"SUCCESS\","
                  "\"action\":\"IMAGINE\"}"});
  q.prompt = "white cat";
  e = rig_run(&r, rig_submit(&r, &q));
  assert_int_equal(e.code, MJ_EUNSUPPORTED);
  assert_non_null(strstr(e.text, "open no dialog"));
  assert_int_equal(virtual_counted(r.w)->paid, 0);
  rig_down(&r);
}

/* Given up while the answer waits for a place in the bucket. */
static void one_a_minute(mj_config *cfg) {
  cfg->submits_per_min = 1;
}

static void a_cancelled_job_answers_nothing(void **state) {
  mj_request q = click_on(VARY);
  mj_job_state s;
  struct end e;
  mj_id id;
  int turns;
  rig_tune = one_a_minute;
  {
    RIG(r, TAKEN, MODAL,
        {.body = "{\"code\":1,\"description\":\"ok\",\"result\":\"18\"}"},
        {.body = "{\"id\":\"18\",\"status\":\"CANCEL\"}"});
    id = rig_submit(&r, &q);
    for (turns = 0; turns < 50; turns++) {
      (void)mj_step(r.c, -1, 0);
      while (mj_event_peek(r.c))
        mj_event_pop(r.c);
      assert_int_equal(mj_job_info(r.c, id, &s), MJ_OK);
      if (s.status == MJ_ST_MODAL)
        break;
    }
    assert_int_equal(s.status, MJ_ST_MODAL);
    assert_int_equal(mj_cancel(r.c, id), MJ_OK);
    e = rig_run(&r, id);
    assert_int_equal(e.code, MJ_ECANCELLED);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    rig_down(&r);
  }
}

/* trueai's PicReader::all. */
static void one_click_may_make_several_tasks(void **state) {
  mj_request q = click_on("MJ::Job::PicReader::all");
  char ids[80] = "";
  int turns, left = 1;
  RIG(r,
      {.body = "{\"code\":1,\"description\":\"ok\","
               "\"result\":\"21,22,23,24\"}"},
      {.body = "{\"id\":\"21\",\"status\":\"SUCCESS\"}"});
  (void)rig_submit(&r, &q);
  for (turns = 0; turns < 1000 && left > 0; turns++) {
    const mj_event *e;
    left = mj_step(r.c, -1, 0);
    for (; (e = mj_event_peek(r.c)) != NULL; mj_event_pop(r.c)) {
      size_t i;
      assert_string_equal(e->task_id, "21");
      for (i = 0; e->type == MJ_EV_ACCEPTED && i < e->nitems; i++) {
        size_t n = strlen(ids);
        (void)snprintf(ids + n, sizeof ids - n, "%s ", e->items[i]);
      }
    }
  }
  assert_string_equal(ids, "21 22 23 24 ");
  rig_down(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_announced_dialog_is_answered_at_once),
      cmocka_unit_test(a_dialog_seen_when_polled_is_answered),
      cmocka_unit_test(remix_goes_on_with_the_proposal),
      cmocka_unit_test(region_takes_its_mask),
      cmocka_unit_test(without_input_the_caller_is_asked),
      cmocka_unit_test(a_zoom_in_the_prompt_is_input_enough),
      cmocka_unit_test(a_factor_in_the_selector),
      cmocka_unit_test(the_answer_may_name_another_task),
      cmocka_unit_test(the_answer_may_name_no_task),
      cmocka_unit_test(a_refused_answer_ends_the_job),
      cmocka_unit_test(an_answer_without_a_reply_is_looked_at),
      cmocka_unit_test(an_answer_that_was_not_sent_is_sent_again),
      cmocka_unit_test(a_parent_that_has_just_ended_is_tried_again),
      cmocka_unit_test(a_parent_that_is_gone_is_not_found),
      cmocka_unit_test(a_first_request_is_not_tried_again),
      cmocka_unit_test(a_callers_zoom),
      cmocka_unit_test(without_dialogs_nothing_can_go_along),
      cmocka_unit_test(a_cancelled_job_answers_nothing),
      cmocka_unit_test(one_click_may_make_several_tasks),
      cmocka_unit_test(mistakes_are_told_before_anything_goes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
