/* SPDX-License-Identifier: MIT
   reply.c - what a request brought back, and what follows from it. */
#include "button.h"
#include "mj_int.h"

#include <stdio.h>
#include <string.h>

int mj_transport_data(mj_client *c, uint64_t id, const char *data, size_t n) {
  struct mj__exchange *x = mj__exchange_of(c, id);
  if (!x)
    return MJ_OK;
  if (mj__buf_add(&x->reply, data, n) != MJ_OK)
    return MJ_ETOO_LARGE;
  if (x->purpose == MJ__X_FETCH || x->bad_json)
    return MJ_OK;
  x->bad_json = (!x->doc && mj__json_new(&x->doc, &c->mem) != MJ_OK) ||
                mj__json_feed(x->doc, data, n, &x->json_err) != MJ_OK;
  return MJ_OK;
}

/* Ids are a millisecond and three digits (midjourney-proxy's newTask), so two
   tasks can have the same, and a gateway then answers with either.  The wire's
   state tells them apart, where the gateway keeps it. */
static int is_ours(const mj_client *c, const struct mj__job *j,
                   const mj_task *t) {
  return strcmp(c->cfg.wire_state, "user") == 0 || !j->token || !t->state ||
         strncmp(t->state, "mj_", 3) != 0 || strcmp(t->state, j->token) == 0;
}

/* The caller's state in place of our token. */
static void restore_state(const mj_client *c, const struct mj__job *j,
                          mj_task *t) {
  if (strcmp(c->cfg.wire_state, "user") == 0)
    return;
  if (!j->tracked)
    t->state = j->state_user && *j->state_user ? j->state_user : NULL;
  else if (t->state && strncmp(t->state, "mj_", 3) == 0)
    t->state = NULL; /* of another client of ours; the journal knows more */
}

/* The task in the exchange's document; NULL = no memory (*code) or not ours. */
static mj_task *read_task(mj_client *c, struct mj__exchange *x,
                          const struct mj__job *j, int *code) {
  struct mj__arena *a = mj__json_arena(x->doc);
  mj_task *t = mj__arena_alloc(a, sizeof *t);
  *code = MJ_ERESOURCE;
  if (!t || c->wire->task(mj_json_root(x->doc), a, t) != MJ_OK)
    return NULL;
  *code = MJ_EPROTOCOL;
  if (x->purpose == MJ__X_POLL && !is_ours(c, j, t))
    return NULL;
  restore_state(c, j, t);
  if (t->state && t->state == j->state_user)
    t->state = mj__arena_strndup(a, t->state, strlen(t->state));
  t->json = x->reply.p;
  t->json_len = x->reply.n;
  return t;
}

/* An error that tells what came back and, where one is known, the task. */
static void explain(const struct mj__seen *s, int code, const char *what,
                    int again, int64_t retry_after_ms, mj_error *err) {
  mj__err_clear(err);
  mj__explain(s, code, what, err);
  err->retryable = again;
  err->retry_after_ms = retry_after_ms;
}

/* Paid ---------------------------------------------------------------------*/

static void forget_request(mj_client *c, struct mj__job *j) {
  mj__free(&c->mem, j->body);
  mj__free(&c->mem, j->url);
  mj__free(&c->mem, j->extra);
  j->body = j->url = j->extra = NULL;
  j->body_len = 0;
}

static void accepted(mj_client *c, struct mj__job *j, const struct mj__seen *s,
                     const struct mj__todo *todo) {
  j->task_id = mj__strdup(&c->mem, s->said.id);
  forget_request(c, j);
  if (!j->task_id) {
    mj_error err;
    mj__err_clear(&err);
    mj__err_set(&err, MJ_ERESOURCE,
                "out of memory after the gateway accepted task %s", s->said.id);
    (void)mj__job_go(j, MJ__FAILED);
    mj__leave_slot(c, j);
    mj__end(c, j, &err, NULL, NULL);
    return;
  }
  mj__log(c, 2, "accepted: task %s", j->task_id);
  /* a record that fails here takes nothing back: the id is reported all the
     same, and nothing more that is paid leaves */
  (void)mj__record(c, j);
  mj__arm(c, j, todo->at_ms);
  mj__enqueue(c, j, MJ__Q_RECORD);
}

static const char *what_was_done(const struct mj__job *j) {
  return j->op == MJ_OP_CLICK ? "click" : "imagine";
}

void mj__submit_ended(mj_client *c, struct mj__job *j, const struct mj__seen *s,
                      int64_t retry_after_ms) {
  struct mj__verdict v;
  struct mj__todo todo;
  mj_error err;
  mj__outcome_submit(s, &v);
  if (v.code == MJ_ERATE_LIMITED && retry_after_ms > 0)
    mj__bucket_pause(&c->submits, c->now + retry_after_ms);
  mj__job_on_submit(j, &v, retry_after_ms, &c->rules, c->now, mj__random(c),
                    &todo);
  switch (todo.what) {
  case MJ__DO_ACCEPT:
    accepted(c, j, s, &todo);
    return;
  case MJ__DO_SEND:
    mj__log(c, 1, "not sent (%s), again in %lld ms", mj_error_name(v.code),
            (long long)(todo.at_ms - c->now));
    j->slot = 0;
    c->live.used--;
    (void)mj__record(c, j);
    mj__arm(c, j, todo.at_ms);
    return;
  case MJ__DO_POLL:
  case MJ__DO_END:
    break;
  }
  explain(s, todo.code, what_was_done(j), todo.again, retry_after_ms, &err);
  if (v.kind == MJ__V_UNKNOWN)
    mj__leave_slot(c, j);
  mj__end(c, j, &err, NULL, NULL);
}

/* Free ---------------------------------------------------------------------*/

static void failed_text(const mj_task *t, mj_error *err) {
  int cancel = t->status == MJ_ST_CANCEL, modal = t->status == MJ_ST_MODAL;
  int code = cancel ? MJ_ECANCELLED : modal ? MJ_ENEEDS_INPUT : MJ_EFAILED;
  mj__err_clear(err);
  if (modal)
    mj__err_set(err, code,
                "task %s waits for more input (a prompt, a zoom or a mask)",
                t->id);
  else if (cancel)
    mj__err_set(err, code, "task %s was cancelled at the gateway%s%s", t->id,
                t->fail_reason ? ": " : "",
                t->fail_reason ? t->fail_reason : "");
  else
    mj__err_set(err, code, "task %s failed: %s", t->id,
                t->fail_reason ? t->fail_reason : "no reason given");
}

static void looked(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                   const struct mj__seen *s, int64_t retry_after_ms) {
  struct mj__todo todo;
  mj_error err;
  int code, changed = 0;
  enum mj__look look = mj__outcome_fetch(s, &code);
  mj_task *t = look == MJ__LOOK_TASK ? read_task(c, x, j, &code) : NULL;
  if (look == MJ__LOOK_TASK && !t)
    look = MJ__LOOK_AGAIN;
  if (code == MJ_ERATE_LIMITED && retry_after_ms > 0)
    mj__bucket_pause(&c->requests, c->now + retry_after_ms);
  if (t)
    mj__job_on_task(j, t, &c->rules, c->now, &todo, &changed);
  else
    mj__job_on_trouble(j, look, code, retry_after_ms, &c->rules, c->now,
                       mj__random(c), &todo);
  if (todo.what == MJ__DO_END) {
    char what[100];
    if (t && todo.code == MJ_OK) {
      mj__end(c, j, NULL, x, t);
      return;
    }
    (void)snprintf(what, sizeof what, "task %s", j->task_id);
    if (t)
      failed_text(t, &err);
    else
      explain(s, todo.code, what, todo.again, retry_after_ms, &err);
    if (!t || t->status == MJ_ST_MODAL)
      mj__leave_slot(c, j);
    mj__end(c, j, &err, t ? x : NULL, t);
    return;
  }
  if (changed && j->progress_on && t)
    mj__report_progress(c, j, x, t);
  mj__arm(c, j, todo.at_ms);
}

/* The task whose button is to be clicked. */
static void looked_up(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                      const struct mj__seen *s) {
  mj_request r;
  mj_error err;
  int code, at = 0;
  enum mj__look look = mj__outcome_fetch(s, &code);
  mj_task *t = look == MJ__LOOK_TASK ? read_task(c, x, j, &code) : NULL;
  mj__err_clear(&err);
  if (look == MJ__LOOK_AGAIN && ++j->troubles < c->rules.attempts) {
    mj__arm(c, j, c->now + mj__backoff(j->troubles, 500, 10000, mj__random(c)));
    return;
  }
  if (look == MJ__LOOK_TASK && !t)
    mj__err_nomem(&err);
  else if (!t)
    explain(s, code, "the task to click on", look == MJ__LOOK_AGAIN, -1, &err);
  else
    at = mj_button_find(t->buttons, t->nbuttons, j->button, &err);
  if (t && at >= 0 && err.code == MJ_OK) {
    memset(&r, 0, sizeof r);
    r.op = MJ_OP_CLICK;
    r.task = j->parent;
    r.button = t->buttons[at].custom_id;
    r.mode = j->mode;
    r.extra_json = j->extra;
    if (mj__make_ready(c, j, &r, &err) == MJ_OK) {
      mj__enqueue(c, j, MJ__Q_SUBMIT);
      return;
    }
  }
  (void)mj__job_go(j, MJ__REJECTED);
  mj__end(c, j, &err, t ? x : NULL, t);
}

enum { REDIRECTS_MOST = 5 };

/* 403 "This content is no longer available." is how Discord's CDN says that a
   signed address has run out. */
static int fetch_code(const struct mj__seen *s) {
  if (s->curl_code)
    return MJ_ENETWORK;
  if (s->http_status == 403 || s->http_status == 410)
    return MJ_EEXPIRED;
  if (s->http_status == 404)
    return MJ_ENOT_FOUND;
  if (s->http_status == 429)
    return MJ_ERATE_LIMITED;
  return s->http_status >= 500 ? MJ_ENETWORK : MJ_EPROTOCOL;
}

/* Queues the download again, at the address that the server names. */
static int redirect(mj_client *c, struct mj__job *j, const char *location,
                    mj_error *err) {
  int plain = strncmp(c->cfg.base_url ? c->cfg.base_url : "", "http:", 5) == 0;
  char *url;
  if (++j->polls > REDIRECTS_MOST)
    return mj__err_set(err, MJ_EPROTOCOL, "picture: more than %d redirects",
                       REDIRECTS_MOST);
  if (mj__url_check(location, plain, err) != MJ_OK)
    return err->code;
  url = mj__strdup(&c->mem, location);
  if (!url)
    return mj__err_nomem(err);
  mj__free(&c->mem, j->url);
  j->url = url;
  mj__enqueue(c, j, MJ__Q_FETCH);
  return MJ_OK;
}

static void got_picture(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                        const char *type) {
  char *copy = mj__strdup(&c->mem, type);
  /* the address is not needed any more: its place holds the type */
  mj__free(&c->mem, j->url);
  j->url = copy;
  j->done.pub.content_type = copy;
  mj__end(c, j, NULL, x, NULL);
}

static void fetched(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                    const struct mj__seen *s, const mj_http_result *r) {
  int http = s->curl_code ? 0 : s->http_status;
  mj_error err;
  mj__err_clear(&err);
  if (http >= 300 && http < 400 && r->location) {
    if (redirect(c, j, r->location, &err) == MJ_OK)
      return;
  } else if (http >= 200 && http < 300 && x->reply.n > 0) {
    got_picture(c, j, x, r->content_type);
    return;
  } else if (x->reply.err == MJ_ETOO_LARGE) {
    mj__err_set(&err, MJ_ETOO_LARGE, "picture: larger than %zu bytes",
                x->reply.max);
  } else if (x->reply.err) {
    mj__err_nomem(&err);
  } else if (r->blocked) {
    mj__err_set(&err, MJ_EBLOCKED_ADDRESS,
                "picture: its host has no public address, or a port other "
                "than 80 and 443; put it into allow_hosts if you trust it");
  } else {
    explain(s, fetch_code(s), "picture", s->curl_code || http >= 500, -1, &err);
  }
  mj__end(c, j, &err, NULL, NULL);
}

static void see(struct mj__seen *s, struct mj__exchange *x,
                const mj_http_result *r) {
  memset(s, 0, sizeof *s);
  s->curl_code = r->curl_code;
  s->http_status = r->http_status;
  s->sent = r->sent;
  s->curl_text = r->text;
  s->body = x->reply.p;
  s->body_len = x->reply.n;
  if (!x->bad_json && x->doc && mj__json_finish(x->doc, &x->json_err) != MJ_OK)
    x->bad_json = 1;
  mj__said_read(&s->said, x->bad_json ? NULL : mj_json_root(x->doc),
                x->reply.n);
}

void mj_transport_done(mj_client *c, uint64_t id, const mj_http_result *r) {
  struct mj__exchange *x = mj__exchange_of(c, id);
  struct mj__job *j = x ? mj__job_of(c, x->job) : NULL;
  struct mj__seen s;
  if (!x)
    return;
  c->now = mj__clock(c);
  if (!j || j->exchange != id || j->over) {
    mj__exchange_free(c, x); /* the job was cancelled meanwhile */
    return;
  }
  j->exchange = 0;
  see(&s, x, r);
  s.secret = c->cfg.api_key;
  switch (x->purpose) {
  case MJ__X_SUBMIT:
    mj__submit_ended(c, j, &s, r->retry_after_ms);
    break;
  case MJ__X_POLL:
    looked(c, j, x, &s, r->retry_after_ms);
    break;
  case MJ__X_LOOKUP:
    looked_up(c, j, x, &s);
    break;
  case MJ__X_FETCH:
    fetched(c, j, x, &s, r);
    break;
  }
  mj__exchange_free(c, x);
}
