/* SPDX-License-Identifier: MIT
   rig.c - see rig.h. */
#include "rig.h"

void (*rig_tune)(mj_config *cfg);

void rig_up(struct rig *r, const script_reply *replies, size_t n) {
  mj_config cfg;
  mj_error err;
  r->s = script_new(replies, n);
  r->w = script_world(r->s);
  mj_config_init(&cfg);
  cfg.auth = "bearer";
  cfg.dialect = "mj";
  cfg.base_url = "http://gw.test/";
  cfg.api_key = "sk-CANARY-91";
  virtual_config(r->w, &cfg);
  if (rig_tune)
    rig_tune(&cfg);
  rig_tune = NULL;
  assert_int_equal(mj_client_new(&r->c, &cfg, &err), MJ_OK);
}

void rig_down(struct rig *r) {
  mj_client_free(r->c);
  virtual_unref(r->w);
}

mj_id rig_submit(struct rig *r, const mj_request *q) {
  mj_error err;
  mj_id id;
  if (mj_submit(r->c, q, &id, &err) != MJ_OK)
    fail_msg("%s", err.text);
  return id;
}

mj_id rig_imagine(struct rig *r) {
  mj_request q;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  return rig_submit(r, &q);
}

struct end rig_run(struct rig *r, mj_id id) {
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

mj_request click_on(const char *button) {
  mj_request q;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_CLICK;
  q.task = "17";
  q.button = button;
  return q;
}
