/* SPDX-License-Identifier: MIT
   record.c - what a job says to the journal. */
#include "mj_int.h"

#include <string.h>

static int put(mj_client *c, struct mj__job *j, struct mj__record *r) {
  int rc;
  r->job = j->id;
  /* RUNNING: its dialog was answered, and is not to be answered again */
  r->state = j->answered && j->state == MJ__ACCEPTED ? MJ__RUNNING : j->state;
  if (j->unsure && j->state == MJ__ACCEPTED)
    r->state = MJ__DISPATCHING; /* the next start is no more sure */
  r->attempt = j->attempt;
  r->token = j->token;
  if (j->task_id)
    r->task_id = j->task_id;
  if (c->journaled && !r->changed_ms)
    r->changed_ms = mj__wall(c);
  if (j->state == MJ__DISPATCHING)
    r->sent_ms = r->changed_ms;
  mj__money_follow(c, j, r);
  rc = c->store->ops->put(c->store, r, &j->record);
  if (rc == MJ_EJOURNAL)
    c->poisoned = 1;
  return rc;
}

int mj__record(mj_client *c, struct mj__job *j) {
  struct mj__record r;
  memset(&r, 0, sizeof r);
  return put(c, j, &r);
}

int mj__record_new(mj_client *c, struct mj__job *j, const mj_request *q) {
  struct mj__record r;
  memset(&r, 0, sizeof r);
  r.op = (int)q->op;
  r.url = j->url;
  r.body = j->body;
  r.body_len = j->body_len;
  if (c->journaled) {
    r.task_id = ""; /* it may be a row whose click was refused its answer */
    r.scope = j->scope;
    r.key = j->key;
    r.print = j->print ? j->print : "";
    r.run = c->run;
    r.gateway = c->cfg.base_url;
    r.parent = q->task;
    r.button = q->op == MJ_OP_CLICK ? q->button : NULL;
    r.mode = mj__money_mode(j);
    r.what = mj__money_what(j);
    r.budget = c->cfg.budget_name;
    r.state_user = q->state;
    r.prompt = q->prompt ? q->prompt : j->prompt;
    r.created_ms = j->again ? 0 : mj__journal_born(c); /* as it is */
    r.error_text = ""; /* of a time before, which did not count */
  }
  return put(c, j, &r);
}

int mj__record_end(mj_client *c, struct mj__job *j, const mj_error *err,
                   const mj_task *t) {
  struct mj__record r;
  memset(&r, 0, sizeof r);
  if (c->journaled) {
    r.changed_ms = mj__journal_ended(c);
    r.error = err ? err->code : 0;
    r.error_text = err ? err->text : "";
  }
  if (c->cfg.refund && j->state == MJ__FAILED && t &&
      t->status == MJ_ST_FAILURE)
    mj__money_refund(c, j);
  if (c->journaled && t) {
    r.result = t->json;
    r.result_len = t->json_len;
  }
  return put(c, j, &r);
}
