/* SPDX-License-Identifier: MIT
   test_client.c - whole jobs through mj_step, on scripted replies and a clock
   that only moves when mj_step waits. */
#include "script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ACCEPT                                                                 \
  { .body = "{\"code\":1,\"description\":\"ok\",\"result\":\"17\"}" }
#define RUNNING                                                                \
  { .body = "{\"id\":\"%ID\",\"status\":\"IN_PROGRESS\",\"progress\":\"31%\"}" }
#define DONE                                                                   \
  {                                                                            \
    .body = "{\"id\":\"%ID\",\"status\":\"SUCCESS\",\"progress\":\"100%\","    \
            "\"action\":\"IMAGINE\",\"imageUrl\":\"http://gw.test/a.png\"}"    \
  }

struct rig {
  script *s;
  virtual_world *w;
  mj_client *c;
};

static void (*tune)(mj_config *cfg);

static void rig_up(struct rig *r, const script_reply *replies, size_t n) {
  mj_config cfg;
  mj_error err;
  r->s = script_new(replies, n);
  r->w = script_world(r->s);
  mj_config_init(&cfg);
  cfg.base_url = "http://gw.test/";
  cfg.api_key = "sk-CANARY-91";
  virtual_config(r->w, &cfg);
  if (tune)
    tune(&cfg);
  tune = NULL;
  assert_int_equal(mj_client_new(&r->c, &cfg, &err), MJ_OK);
}

static void rig_down(struct rig *r) {
  mj_client_free(r->c);
  virtual_unref(r->w);
}

static mj_id submit(struct rig *r, const mj_request *q) {
  mj_error err;
  mj_id id;
  if (mj_submit(r->c, q, &id, &err) != MJ_OK)
    fail_msg("%s", err.text);
  return id;
}

static mj_id imagine(struct rig *r) {
  mj_request q;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  return submit(r, &q);
}

struct end {
  int code, accepted, progress, done, retryable, remote, nbuttons;
  char task_id[80], text[480], json[512], state[64];
};

/* Runs until every job has ended; what was seen of `id`. */
static struct end run(struct rig *r, mj_id id) {
  struct end e;
  int turns, left = 1;
  memset(&e, 0, sizeof e);
  for (turns = 0; turns < 200000 && left > 0; turns++) {
    const mj_event *ev;
    left = mj_step(r->c, -1, 0);
    while ((ev = mj_event_peek(r->c)) != NULL) {
      if (ev->id == id) {
        e.accepted += ev->type == MJ_EV_ACCEPTED;
        e.progress += ev->type == MJ_EV_PROGRESS;
        e.done += ev->type == MJ_EV_DONE || ev->type == MJ_EV_TIMER;
        if (ev->task_id)
          (void)snprintf(e.task_id, sizeof e.task_id, "%s", ev->task_id);
        if (ev->error) {
          e.code = ev->error->code;
          e.retryable = ev->error->retryable;
          e.remote = ev->error->remote_code;
          (void)snprintf(e.text, sizeof e.text, "%s", ev->error->text);
        }
        if (ev->task && ev->type == MJ_EV_DONE) {
          (void)snprintf(e.json, sizeof e.json, "%s", ev->task->json);
          e.nbuttons = (int)ev->task->nbuttons;
          (void)snprintf(e.state, sizeof e.state, "%s",
                         ev->task->state ? ev->task->state : "");
        }
      }
      mj_event_pop(r->c);
    }
  }
  assert_int_equal(left, 0);
  return e;
}

#define RIG(r, ...)                                                            \
  struct rig r;                                                                \
  const script_reply replies_[] = {__VA_ARGS__};                               \
  (void)state;                                                                 \
  rig_up(&r, replies_, sizeof replies_ / sizeof replies_[0])

static void a_picture_end_to_end(void **state) {
  struct end e;
  RIG(r, ACCEPT, RUNNING, RUNNING, DONE);
  e = run(&r, imagine(&r));
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

static void progress_is_told_when_asked(void **state) {
  mj_request q;
  struct end e;
  RIG(r, ACCEPT, RUNNING, RUNNING, DONE);
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "x";
  q.progress = 1;
  e = run(&r, submit(&r, &q));
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
  e = run(&r, submit(&r, &q));
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
  e = run(&r, imagine(&r));
  assert_int_equal(e.code, MJ_EPROTOCOL);
  rig_down(&r);
}

static void a_bare_number_is_an_id(void **state) {
  struct end e;
  RIG(r,
      {.body = "{\"code\":1,\"description\":\"ok\","
               "\"result\":14001934816969359}"},
      DONE);
  e = run(&r, imagine(&r));
  assert_string_equal(e.task_id, "14001934816969359");
  rig_down(&r);
}

/* Money ------------------------------------------------------------------- */

static void not_sent_is_tried_again_and_then_given_up(void **state) {
  struct end e;
  RIG(r, {.curl_code = 7, .sent_less = 2});
  e = run(&r, imagine(&r));
  assert_int_equal(e.code, MJ_ENETWORK);
  assert_int_equal(e.accepted, 0);
  assert_int_equal(script_count(r.s), 4); /* attempts */
  rig_down(&r);
}

static void not_sent_then_accepted(void **state) {
  struct end e;
  RIG(r, {.curl_code = 7, .sent_less = 2}, {.curl_code = 55, .sent_less = 1},
      ACCEPT, DONE);
  e = run(&r, imagine(&r));
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
    e = run(&r, imagine(&r));
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
  e = run(&r, imagine(&r));
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
  e = run(&r, imagine(&r));
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
  e = run(&r, imagine(&r));
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
  tune = wrap_transport;
  {
    RIG(r, ACCEPT, DONE);
    e = run(&r, imagine(&r));
    assert_int_equal(e.code, MJ_OK);
    assert_int_equal(again, 0);
    kept.ticket++;
    assert_int_equal(mj_ticket_redeem(r.c, &kept), 0);
    rig_down(&r);
  }
}

/* Buttons ----------------------------------------------------------------- */

#define GRID                                                                   \
  "{\"id\":\"17\",\"status\":\"SUCCESS\",\"action\":\"IMAGINE\","              \
  "\"buttons\":[{\"customId\":\"MJ::JOB::upsample::2::abc\","                  \
  "\"label\":\"U2\"},{\"customId\":\"MJ::JOB::reroll::0::abc::SOLO\","         \
  "\"emoji\":\"\xf0\x9f\x94\x84\"}]}"

static mj_request click_on(const char *button) {
  mj_request q;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_CLICK;
  q.task = "17";
  q.button = button;
  return q;
}

static void click_looks_the_button_up(void **state) {
  mj_request q = click_on("upscale:2");
  struct end e;
  RIG(r, {.body = GRID},
      {.body = "{\"code\":1,\"description\":\"\","
               "\"result\":\"18\"}"},
      DONE);
  e = run(&r, submit(&r, &q));
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
  e = run(&r, submit(&r, &q));
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
  e = run(&r, submit(&r, &q));
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
  e = run(&r, submit(&r, &q));
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
  e = run(&r, imagine(&r));
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
  e = run(&r, imagine(&r));
  assert_int_equal(e.code, MJ_ENEEDS_INPUT);
  assert_string_equal(e.task_id, "17");
  rig_down(&r);
}

static void a_fetch_right_after_may_find_nothing(void **state) {
  struct end e;
  RIG(r, ACCEPT, {.http = 200}, {.http = 204}, DONE);
  e = run(&r, imagine(&r));
  assert_int_equal(e.code, MJ_OK);
  rig_down(&r);
}

static void a_forgotten_task_is_lost(void **state) {
  struct end e;
  RIG(r, ACCEPT,
      {.http = 400,
       .body = "{\"description\":\"task_no_found \",\"type\":"
               "\"upstream_error\",\"code\":4}"});
  e = run(&r, imagine(&r));
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
  e = run(&r, id);
  assert_int_equal(e.code, MJ_ENOT_FOUND);
  assert_int_equal(mj_track(r.c, "../etc", &id, &err), MJ_EINVALID);
  rig_down(&r);
}

static void polls_survive_trouble(void **state) {
  struct end e;
  RIG(r, ACCEPT, {.curl_code = 56}, {.http = 502, .body = "<html>"},
      {.http = 429, .retry_after_ms = 5000}, {.body = "{\"id\":\"17\""}, DONE);
  e = run(&r, imagine(&r));
  assert_int_equal(e.code, MJ_OK);
  rig_down(&r);
}

static void polls_give_up_in_the_end(void **state) {
  struct end e;
  RIG(r, ACCEPT, {.http = 502, .body = "<html>Bad Gateway</html>"});
  e = run(&r, imagine(&r));
  assert_int_equal(e.code, MJ_EPROTOCOL);
  assert_int_equal(e.retryable, 1);
  assert_string_equal(e.task_id, "17");
  rig_down(&r);
}

static void a_refused_key_ends_it(void **state) {
  struct end e;
  RIG(r, {.http = 401});
  e = run(&r, imagine(&r));
  assert_int_equal(e.code, MJ_EAUTH);
  assert_non_null(strstr(e.text, "api_key"));
  assert_null(strstr(e.text, "CANARY"));
  rig_down(&r);
}

/* Giving up --------------------------------------------------------------- */

static void cancel_before_sending_costs_nothing(void **state) {
  mj_job_state js;
  struct end e;
  mj_id id;
  RIG(r, ACCEPT, DONE);
  id = imagine(&r);
  assert_int_equal(mj_job_info(r.c, id, &js), MJ_OK);
  assert_int_equal(js.phase, MJ_PH_QUEUED);
  assert_int_equal(mj_cancel(r.c, id), MJ_OK);
  e = run(&r, id);
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
  id = imagine(&r);
  (void)mj_step(r.c, 0, 0);
  assert_int_equal(mj_job_info(r.c, id, &js), MJ_OK);
  assert_int_equal(js.phase, MJ_PH_SENDING);
  assert_int_equal(mj_cancel(r.c, id), MJ_OK);
  e = run(&r, id);
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
  id = imagine(&r);
  while (script_count(r.s) < 2) {
    (void)mj_step(r.c, -1, 0);
    mj_event_pop(r.c); /* an event that waits keeps a step from waiting */
  }
  assert_int_equal(mj_cancel(r.c, id), MJ_OK);
  assert_int_equal(virtual_counted(r.w)->stopped, 1);
  e = run(&r, id);
  assert_int_equal(e.code, MJ_ECANCELLED);
  rig_down(&r);
}

static void timers_fire_in_order_and_go_quietly(void **state) {
  mj_id a, b, c;
  const mj_event *ev;
  RIG(r, ACCEPT);
  assert_int_equal(mj_after(r.c, 50, &a, NULL), MJ_OK);
  assert_int_equal(mj_after(r.c, 20, &b, NULL), MJ_OK);
  assert_int_equal(mj_after(r.c, 30, &c, NULL), MJ_OK);
  assert_int_equal(mj_cancel(r.c, c), MJ_OK);
  while (!mj_event_peek(r.c))
    (void)mj_step(r.c, -1, 0);
  ev = mj_event_peek(r.c);
  assert_int_equal(ev->type, MJ_EV_TIMER);
  assert_true(ev->id == b);
  assert_int_equal(virtual_now(r.w), 1000020);
  mj_event_pop(r.c);
  while (!mj_event_peek(r.c))
    (void)mj_step(r.c, -1, 0);
  assert_true(mj_event_peek(r.c)->id == a);
  mj_event_pop(r.c);
  assert_int_equal(mj_step(r.c, 0, 0), 0);
  assert_null(mj_event_peek(r.c));
  rig_down(&r);
}

/* Limits ------------------------------------------------------------------ */

static void three_live(mj_config *cfg) {
  cfg->live = 3;
  cfg->poll.first_ms = 1000;
}

static void the_live_window_is_never_passed(void **state) {
  int i, left = 1, most = 0, done = 0;
  tune = three_live;
  {
    RIG(r, ACCEPT);
    (void)r;
    rig_down(&r);
  }
  tune = three_live;
  {
    RIG(r, ACCEPT, ACCEPT, ACCEPT, DONE, DONE, DONE, ACCEPT, ACCEPT, ACCEPT,
        DONE, DONE, DONE, ACCEPT, DONE);
    for (i = 0; i < 7; i++)
      (void)imagine(&r);
    while (left > 0) {
      mj_stats st;
      const mj_event *ev;
      left = mj_step(r.c, -1, 0);
      mj_client_stats(r.c, &st);
      if ((int)(st.sending + st.running) > most)
        most = (int)(st.sending + st.running);
      while ((ev = mj_event_peek(r.c)) != NULL) {
        done += ev->type == MJ_EV_DONE && !ev->error;
        mj_event_pop(r.c);
      }
    }
    assert_int_equal(done, 7);
    assert_int_equal(most, 3);
    rig_down(&r);
  }
}

static void sixty_a_minute(mj_config *cfg) {
  cfg->submits_per_min = 60;
}

static void submits_keep_their_rate(void **state) {
  int64_t last = 0;
  size_t i, paid = 0;
  tune = sixty_a_minute;
  {
    RIG(r, {.http = 401});
    for (i = 0; i < 30; i++)
      (void)imagine(&r);
    (void)run(&r, 0);
    for (i = 0; i < script_count(r.s); i++) {
      const script_request *q = script_at(r.s, i);
      if (!q->paid)
        continue;
      if (paid++)
        assert_true(q->at_ms - last >= 999);
      last = q->at_ms;
    }
    assert_int_equal(paid, 30);
    rig_down(&r);
  }
}

/* Ten thousand, with every reply decided by the request. */
static void big_gateway(void *ud, const mj_http *req, int64_t now_ms,
                        virtual_reply *out) {
  size_t *posts = ud;
  int n;
  (void)now_ms;
  out->delay_ms = 20;
  out->body = malloc(128);
  if (req->paid) {
    n = snprintf(out->body, 128,
                 "{\"code\":1,\"description\":\"\",\"result\":\"%zu\"}",
                 ++*posts);
  } else {
    const char *id = strstr(req->url, "/task/") + 6;
    n = snprintf(out->body, 128, "{\"id\":\"%.*s\",\"status\":\"%s\"}",
                 (int)strcspn(id, "/"), id,
                 now_ms % 3 ? "IN_PROGRESS" : "SUCCESS");
  }
  out->body_len = (size_t)n;
}

static size_t allocated, most_allocated;

static void *counting(void *ud, void *p, size_t osize, size_t nsize) {
  size_t *head = p ? (size_t *)p - 2 : NULL;
  (void)ud;
  (void)osize;
  if (head)
    allocated -= head[0];
  if (nsize == 0) {
    free(head);
    return NULL;
  }
  head = realloc(head, nsize + 16);
  head[0] = nsize;
  allocated += nsize;
  if (allocated > most_allocated)
    most_allocated = allocated;
  return head + 2;
}

static void ten_thousand_in_virtual_time(void **state) {
  enum { N = 10000 };
  static size_t posts;
  virtual_world *w = virtual_new(big_gateway, &posts, NULL, 0);
  mj_config cfg;
  mj_client *c;
  mj_error err;
  mj_id id;
  mj_request q;
  size_t base;
  int i, done = 0, left = 1;
  (void)state;
  mj_config_init(&cfg);
  cfg.base_url = "http://gw.test";
  cfg.alloc = counting;
  virtual_config(w, &cfg);
  assert_int_equal(mj_client_new(&c, &cfg, &err), MJ_OK);
  base = allocated;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  for (i = 0; i < N; i++)
    assert_int_equal(mj_submit(c, &q, &id, &err), MJ_OK);
  while (left > 0) {
    const mj_event *ev;
    left = mj_step(c, -1, 0);
    while ((ev = mj_event_peek(c)) != NULL) {
      done += ev->type == MJ_EV_DONE && !ev->error;
      mj_event_pop(c);
    }
  }
  assert_int_equal(done, N);
  assert_int_equal(posts, N);
  assert_true(virtual_counted(w)->open_peak <= 32);
  print_message("10000 jobs: %llu requests, at most %zu at once, %zu bytes a "
                "job, %lld virtual s\n",
                (unsigned long long)virtual_counted(w)->requests,
                virtual_counted(w)->open_peak, (most_allocated - base) / N,
                (long long)virtual_now(w) / 1000);
  assert_true((most_allocated - base) / N <= 1024);
  mj_client_free(c);
  assert_int_equal(allocated, 0);
  virtual_unref(w);
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

/* Memory ------------------------------------------------------------------ */

static size_t countdown;
static int for_ever;
static size_t failed;

static void *failing(void *ud, void *p, size_t osize, size_t nsize) {
  if (nsize && countdown && --countdown == 0) {
    failed++;
    if (for_ever)
      countdown = 1;
    return NULL;
  }
  return counting(ud, p, osize, nsize);
}

/* Answers by what is asked: a submit, a picture, or a task that is half done
   at its first poll. */
struct small_gateway {
  int posts, asked[64];
};

static void small_gateway(void *ud, const mj_http *req, int64_t now_ms,
                          virtual_reply *out) {
  struct small_gateway *g = ud;
  const char *id = strstr(req->url, "/task/");
  long n = id ? strtol(id + 6, NULL, 10) : 0;
  (void)now_ms;
  out->delay_ms = 20;
  out->body = malloc(sizeof GRID + 64);
  if (req->paid)
    out->body_len = (size_t)snprintf(
        out->body, 128, "{\"code\":1,\"description\":\"\",\"result\":\"%d\"}",
        10 + g->posts++);
  else if (id && g->asked[n % 64]++ == 0)
    out->body_len = (size_t)snprintf(
        out->body, 128,
        "{\"id\":\"%ld\",\"status\":\"IN_PROGRESS\",\"progress\":\"31%%\"}", n);
  else
    out->body_len =
        (size_t)snprintf(out->body, sizeof GRID + 64, "%s", id ? GRID : "PNG");
}

enum { FEW = 6 };

/* Drains until nothing is left; each job of ids[] ends exactly once.  Returns
   how many of them ended well. */
static int finish_all(mj_client *c, const mj_id *ids, int n) {
  int done[FEW] = {0}, good = 0, left = 1, turns, i;
  for (turns = 0; left > 0 && turns < 100000; turns++) {
    const mj_event *ev;
    left = mj_step(c, -1, 0);
    while ((ev = mj_event_peek(c)) != NULL) {
      for (i = 0; i < n; i++)
        if (ids[i] == ev->id && ev->type == MJ_EV_DONE) {
          int code = ev->error ? ev->error->code : MJ_OK;
          done[i]++;
          good += code == MJ_OK;
          /* what was sent is never called unsent */
          assert_true(code == MJ_OK || code == MJ_ERESOURCE ||
                      code == MJ_EUNKNOWN_OUTCOME || code == MJ_EPROTOCOL ||
                      code == MJ_ENETWORK);
        }
      mj_event_pop(c);
    }
  }
  assert_int_equal(left, 0);
  for (i = 0; i < n; i++)
    assert_int_equal(done[i], ids[i] != 0);
  return good;
}

static int made(int rc) {
  assert_true(rc == MJ_OK || rc == MJ_ERESOURCE);
  return rc == MJ_OK;
}

static int pictures(mj_client *c) {
  static const mj_param params[] = {{"aspect", "3:2"}, {"tile", "true"}};
  mj_id ids[FEW] = {0};
  mj_request q;
  mj_error err;
  int i, sent = 0;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  q.params = params;
  q.nparams = 2;
  q.progress = 1;
  q.state = "mine";
  q.extra_json = "{\"botType\":\"MID_JOURNEY\"}";
  for (i = 0; i < FEW; i++)
    sent += made(mj_submit(c, &q, &ids[i], &err));
  return finish_all(c, ids, FEW) == FEW && sent == FEW;
}

static int clicks(mj_client *c) {
  mj_id ids[FEW] = {0};
  mj_error err;
  int i, sent = 0;
  for (i = 0; i < FEW; i++) {
    mj_request q = click_on(i % 2 ? "U2" : "upscale:2");
    if (i % 2) {
      q.task_json = GRID;
      q.task_json_len = strlen(GRID);
    }
    sent += made(mj_submit(c, &q, &ids[i], &err));
  }
  return finish_all(c, ids, FEW) == FEW && sent == FEW;
}

static int others(mj_client *c) {
  mj_id ids[FEW] = {0}, timer;
  mj_error err;
  int sent = 0;
  sent += made(mj_fetch(c, "http://gw.test/a.png", &ids[0], &err));
  sent += made(mj_fetch(c, "http://gw.test/b.png", &ids[1], &err));
  sent += made(mj_track(c, "17", &ids[2], &err));
  sent += made(mj_track(c, "18", &ids[3], &err));
  sent += made(mj_write(c, "/dev/null/none", "x", 1, &ids[4], &err));
  sent += made(mj_after(c, 10, &timer, &err));
  return finish_all(c, ids, 5) == 4 && sent == 6; /* the file cannot be made */
}

/* Returns 1 when all of it worked; anything else must be an honest error. */
static int story(void) {
  struct small_gateway g;
  virtual_world *w;
  mj_config cfg;
  mj_client *c;
  mj_error err;
  int ok, rc;
  memset(&g, 0, sizeof g);
  g.asked[17] = 1; /* the one that is clicked on is done */
  w = virtual_new(small_gateway, &g, NULL, 0);
  mj_config_init(&cfg);
  cfg.base_url = "http://gw.test";
  cfg.alloc = failing;
  virtual_config(w, &cfg);
  rc = mj_client_new(&c, &cfg, &err);
  if (rc) {
    assert_int_equal(rc, MJ_ERESOURCE);
    virtual_unref(w); /* twice: the client did not take its reference */
    virtual_unref(w);
    return 0;
  }
  ok = pictures(c);
  ok &= clicks(c);
  ok &= others(c);
  assert_true(g.posts <= 2 * FEW);
  assert_true(virtual_counted(w)->paid == (uint64_t)g.posts);
  mj_client_free(c);
  virtual_unref(w);
  return ok;
}

static void memory_that_fails_at_any_point(void **state) {
  size_t n, points[2];
  (void)state;
  for (for_ever = 0; for_ever <= 1; for_ever++) {
    for (n = 1;; n++) {
      size_t before = allocated;
      countdown = n;
      failed = 0;
      if (story() && failed == 0)
        break;
      assert_int_equal(allocated, before);
      assert_true(n < 5000);
    }
    points[for_ever] = n - 1;
  }
  countdown = 0;
  assert_int_equal(allocated, 0);
  print_message("allocation points: %zu failing once, %zu from there on\n",
                points[0], points[1]);
  assert_true(points[0] >= 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_picture_end_to_end),
      cmocka_unit_test(progress_is_told_when_asked),
      cmocka_unit_test(states_of_user_and_wire),
      cmocka_unit_test(somebody_elses_task_is_not_ours),
      cmocka_unit_test(a_bare_number_is_an_id),
      cmocka_unit_test(not_sent_is_tried_again_and_then_given_up),
      cmocka_unit_test(not_sent_then_accepted),
      cmocka_unit_test(sent_without_an_answer_is_unknown_and_not_repeated),
      cmocka_unit_test(an_html_502_is_unknown),
      cmocka_unit_test(a_banned_word_is_named),
      cmocka_unit_test(slow_down_is_obeyed),
      cmocka_unit_test(a_ticket_is_good_for_one_send),
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
      cmocka_unit_test(cancel_before_sending_costs_nothing),
      cmocka_unit_test(cancel_while_sending_waits_for_the_answer),
      cmocka_unit_test(cancel_while_polling_drops_the_poll),
      cmocka_unit_test(timers_fire_in_order_and_go_quietly),
      cmocka_unit_test(the_live_window_is_never_passed),
      cmocka_unit_test(submits_keep_their_rate),
      cmocka_unit_test(ten_thousand_in_virtual_time),
      cmocka_unit_test(bad_requests_name_the_field),
      cmocka_unit_test(bad_configurations_name_the_field),
      cmocka_unit_test(memory_that_fails_at_any_point),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
