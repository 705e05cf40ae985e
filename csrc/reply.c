/* SPDX-License-Identifier: MIT
   reply.c - what a request brought back, and what follows from it. */
#include "mj_int.h"
#include "tape.h"

#include <stdio.h>
#include <string.h>

enum {
  LIST_MOST = 256 << 20, /* bytes; a task has some 2,000 */
  LIST_ITEM = 1 << 20,   /* of memory; a task of 256 KiB fits */
  LIST_QUOTE = 4096      /* what is kept of it, for a message */
};

/* A list of all the gateway's tasks goes through, and is not kept. */
static int list_data(mj_client *c, struct mj__exchange *x, const char *data,
                     size_t n) {
  size_t room = LIST_QUOTE - x->reply.n;
  if (n > LIST_MOST - x->taken)
    return MJ_ETOO_LARGE;
  x->taken += n;
  (void)mj__buf_add(&x->reply, data, n < room ? n : room);
  if (x->bad_json)
    return MJ_OK;
  if (!x->doc) {
    if (mj__json_new(&x->doc, &c->mem) != MJ_OK) {
      x->bad_json = 1;
      return MJ_OK;
    }
    mj__json_each(x->doc, mj__sweep_item, c, LIST_ITEM);
  }
  x->bad_json = mj__json_feed(x->doc, data, n, &x->json_err) != MJ_OK;
  return MJ_OK;
}

static int new_doc(mj_client *c, struct mj__exchange *x) {
  int rc = mj__json_new(&x->doc, &c->mem);
  return rc || x->purpose != MJ__X_ASK ? rc : mj__list_begin(c, x);
}

int mj_transport_data(mj_client *c, uint64_t id, const char *data, size_t n) {
  struct mj__exchange *x = mj__exchange_of(c, id);
  if (!x)
    return MJ_OK;
  if (x->purpose == MJ__X_RECON)
    return list_data(c, x, data, n);
  if (mj__buf_add(&x->reply, data, n) != MJ_OK)
    return MJ_ETOO_LARGE;
  if (x->purpose == MJ__X_FETCH || x->bad_json)
    return MJ_OK;
  x->bad_json = (!x->doc && new_doc(c, x) != MJ_OK) ||
                mj__json_feed(x->doc, data, n, &x->json_err) != MJ_OK;
  return MJ_OK;
}

/* An error that tells what came back and, where one is known, the task. */
void mj__explained(const struct mj__reply *s, int code, const char *what,
                   int again, int64_t retry_after_ms, mj_error *err) {
  mj__err_clear(err);
  mj__explain(s, code, what, err);
  err->retryable = again;
  err->retry_after_ms = retry_after_ms;
}

/* What waits behind the request that was told so waits, too.  Submissions have
   their window, which follows what the gateway takes; all else has its rate. */
void mj__slow_down(mj_client *c, const struct mj__exchange *x, int code,
                   int64_t retry_after_ms) {
  int paid = x && x->purpose == MJ__X_SUBMIT;
  struct mj__bucket *b = paid ? &c->submits : &c->requests;
  int64_t until = c->now, before = b->not_before_ms;
  if (code != MJ_ERATE_LIMITED || !x) /* NULL: it was not asked */
    return;
  if (retry_after_ms > MJ__RETRY_AFTER_MOST)
    retry_after_ms = MJ__RETRY_AFTER_MOST;
  if (retry_after_ms > 0)
    until += retry_after_ms;
  if (paid)
    mj__bucket_pause(b, until);
  else
    mj__bucket_slow(b, until, x->left_ms, c->now);
  if (until == c->now)
    return;
  if (before <= c->now) /* else it was said */
    mj__log(c, 1, "the gateway asks to slow down: %s wait %lld s",
            paid ? "submissions" : "requests",
            (long long)((retry_after_ms + 999) / 1000));
  if (c->share)
    mj__share_pause(c->share, until, c->now);
}

/* What the gateway's limit of requests has to say to one.  Pictures come from
   other hosts; where more is read of an answer, more may say it (look.c, and
   below). */
static void follow_pace(mj_client *c, const struct mj__exchange *x,
                        const mj_http_result *r) {
  int http = r->http_status;
  if (x->purpose == MJ__X_FETCH)
    return;
  if (http >= 200 && http < 500 && http != 429)
    mj__bucket_good(&c->requests, x->left_ms, c->now);
  if (http == 429 && (x->purpose == MJ__X_ASK || !x->job))
    mj__slow_down(c, x, MJ_ERATE_LIMITED, r->retry_after_ms);
}

/* Paid ---------------------------------------------------------------------*/

/* The task has begun: its request is needed no more, but where a button may
   want it again. */
static void forget_request(mj_client *c, struct mj__job *j) {
  if (j->unsure)
    return; /* it may have to go again */
  if (c->wire->remembers && j->task_id) {
    mj__past_keep(&c->past, &c->mem, j->task_id, j->url, j->body, j->body_len,
                  j->prompt);
  } else {
    mj__free(&c->mem, j->body);
    mj__free(&c->mem, j->url);
  }
  j->body = j->url = NULL;
  j->body_len = 0;
}

/* The id without new memory, in the bytes of the reply that named it: what was
   accepted is not lost. */
static char *id_in_reply(struct mj__exchange *x, const char *id) {
  size_t n = strlen(id) + 1;
  char *p;
  if (!x || x->reply.n < n)
    return NULL;
  p = mj__buf_steal(&x->reply);
  memcpy(p, id, n);
  return p;
}

/* An answered dialog may give the task another id; most keep it. */
static int take_id(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                   const char *id) {
  char *copy;
  if (j->task_id && strcmp(j->task_id, id) == 0)
    return MJ_OK;
  copy = mj__strdup(&c->mem, id);
  if (!copy)
    copy = id_in_reply(x, id);
  if (!copy)
    return MJ_ERESOURCE;
  if (j->task_id) { /* else the old one is the last round's */
    mj__free(&c->mem, j->old_task_id);
    j->old_task_id = j->task_id;
  }
  j->task_id = copy;
  j->told = 0;
  return MJ_OK;
}

/* "1,2,3": an array and the texts behind it, in one block. */
static int take_ids(mj_client *c, struct mj__job *j, const struct mj__said *s) {
  size_t n = (size_t)s->several * sizeof *j->ids, len = strlen(s->result) + 1;
  char *text;
  int i;
  if (j->ids) { /* of the click, before its dialog was answered */
    mj__free(&c->mem, j->old_ids);
    j->old_ids = j->ids;
  }
  j->ids = NULL;
  j->nids = 0;
  if (s->several < 2)
    return MJ_OK;
  j->ids = mj__alloc(&c->mem, n + len);
  if (!j->ids)
    return MJ_ERESOURCE;
  text = (char *)j->ids + n;
  memcpy(text, s->result, len);
  for (i = 0; i < s->several; i++) {
    j->ids[i] = text;
    text += strcspn(text, ",");
    *text++ = '\0';
  }
  j->nids = s->several;
  return MJ_OK;
}

static void accepted(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                     const struct mj__reply *s, const struct mj__todo *todo) {
  int rc = take_id(c, j, x, s->said.id);
  forget_request(c, j);
  j->ahead = s->said.ahead;
  j->announced = s->said.dialog && j->answerable && !j->answered;
  if (rc == MJ_OK && j->announced && *s->said.suggested)
    rc = mj__keep(c, &j->suggested, s->said.suggested);
  /* without a prompt to zoom, the task itself may have one */
  if (j->announced && j->input->zoom > 0 && !j->input->prompt && !j->suggested)
    j->announced = 0;
  if (rc == MJ_OK)
    rc = take_ids(c, j, &s->said);
  if (rc) {
    mj_error err;
    mj__err_clear(&err);
    mj__err_set(&err, MJ_ERESOURCE,
                "out of memory after the gateway accepted task %s", s->said.id);
    (void)mj__record(c, j); /* with its id; the next start goes on with it */
    (void)mj__job_go(j, MJ__FAILED);
    j->leaves = 1;
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

void mj__found(mj_client *c, struct mj__job *j, const char *id) {
  struct mj__todo todo = {0};
  struct mj__reply s;
  if (take_id(c, j, NULL, id) != MJ_OK) { /* as unknown as before */
    mj_error err;
    mj__err_clear(&err);
    mj__err_set(&err, MJ_ERESOURCE,
                "out of memory when it was found, as task %s", id);
    mj__leave_slot(c, j);
    mj__end(c, j, &err, NULL, NULL);
    return;
  }
  memset(&s, 0, sizeof s);
  mj__said_read(&s.said, NULL, 0);
  s.said.id = id;
  (void)mj__job_go(j, MJ__ACCEPTED);
  j->accepted_ms = c->now;
  j->troubles = 0; /* those of looking for it */
  j->status = MJ_ST_UNKNOWN;
  j->progress = -1;
  todo.at_ms = c->now;
  accepted(c, j, NULL, &s, &todo);
}

/* Pictures at their new addresses; nothing goes on at the gateway. */
static void uploaded(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                     const struct mj__reply *s) {
  struct mj__arena *a = mj__json_arena(x->doc);
  const char **urls = mj__arena_alloc(a, s->said.list->len * sizeof *urls);
  const mj_value *v;
  size_t n = 0;
  for (v = s->said.list->first; urls && v; v = v->next)
    if (v->type == MJ_JSON_STRING)
      urls[n++] = v->text;
  (void)mj__job_go(j, MJ__SUCCEEDED);
  if (!urls) {
    mj__end_text(c, j, MJ_ERESOURCE,
                 "out of memory after the pictures were taken");
    return;
  }
  j->done.pub.items = urls;
  j->done.pub.nitems = n;
  mj__end(c, j, NULL, x, NULL);
}

static const char *what_was_done(const struct mj__job *j) {
  const char *name = mj_op_name((mj_op)j->op);
  return j->answered ? "modal" : name ? name : "submit";
}

/* An answered dialog whose reply names no task means the one that asked. */
static void complete(struct mj__job *j, struct mj__reply *s) {
  int64_t code = s->said.has_code ? s->said.code : 0;
  const char *of = j->task_id ? j->task_id : j->parent;
  s->wants_list = j->op == MJ_OP_UPLOAD;
  if (j->answered && of && s->said.shape == MJ__SHAPE_SUBMIT &&
      s->said.no_result && (code == 1 || code == 22))
    s->said.id = of;
}

static void shrink(mj_client *c, enum mj__cut why) {
  int64_t before = mj__window_now(&c->live), now;
  mj__window_cut(&c->live, why, c->now);
  now = mj__window_now(&c->live);
  if (now != before)
    mj__log(c, 2, "the gateway has much to do: %lld tasks at once from now on",
            (long long)now);
}

/* It was not taken, and goes again. */
static void send_later(mj_client *c, struct mj__job *j, int code,
                       int64_t at_ms) {
  mj__log(c, 2, "not sent (%s), again in %lld ms", mj_error_name(code),
          (long long)(at_ms - c->now));
  if (!j->task_id) /* one that has a task keeps its place */
    mj__slot_free(c, j);
  (void)mj__record(c, j);
  if (c->learned.auth_guessed && code == MJ_ENETWORK)
    c->learned.auth_known = 0; /* it may be up again, and ask for another */
  if (j->late)
    mj__too_late(c, j);
  else
    mj__arm(c, j, at_ms);
}

/* Nobody knows what became of it: 1 = what can tell is asked. */
static int look_for_it(mj_client *c, struct mj__job *j) {
  if (j->answered &&
      (j->task_id || mj__keep(c, &j->task_id, j->parent) == MJ_OK) &&
      j->task_id) {
    j->unsure = 1;
    mj__log(c, 1, "task %s: no answer to what its dialog was told; looking",
            j->task_id);
    mj__found(c, j, j->task_id);
    return 1;
  }
  if (j->task_id || !mj__has_evidence(c))
    return 0;
  mj__log(c, 1, "%s: no answer to a paid request; looking for its task",
          j->token);
  (void)mj__record(c, j);
  if (j->late)
    mj__too_late(c, j);
  else
    mj__wonder(c, j);
  return 1;
}

void mj__submit_ended(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                      const struct mj__reply *seen, int64_t retry_after_ms) {
  struct mj__reply copy = *seen, *s = &copy;
  struct mj__verdict v;
  struct mj__todo todo;
  mj_error err;
  complete(j, s);
  mj__outcome_submit(s, &v);
  mj__learn(c, (enum mj__route)j->route, j->mode, s);
  if (v.kind == MJ__V_REFUSED && mj__auth_doubted(c, j, s)) {
    v.kind = MJ__V_NOT_SENT; /* provably refused: it may go once more */
    j->attempt = 1;
  }
  mj__slow_down(c, x, v.code, retry_after_ms);
  if (v.busy || v.queued)
    shrink(c, v.queued ? MJ__CUT_QUEUED : MJ__CUT_REFUSED);
  mj__job_on_submit(j, &v, retry_after_ms, &c->rules, c->now, mj__random(c),
                    &todo);
  switch (todo.what) {
  case MJ__DO_ACCEPT:
    c->learned.took_work = 1;
    if (s->wants_list && x)
      uploaded(c, j, x, s);
    else
      accepted(c, j, x, s, &todo);
    return;
  case MJ__DO_SEND:
    send_later(c, j, v.code, todo.at_ms);
    return;
  case MJ__DO_ANSWER:
  case MJ__DO_POLL:
  case MJ__DO_END:
    break;
  }
  if (v.kind == MJ__V_UNKNOWN && !j->cancel && look_for_it(c, j))
    return;
  mj__explained(s, todo.code, what_was_done(j), todo.again, retry_after_ms,
                &err);
  if (v.kind == MJ__V_UNKNOWN) {
    mj__doubt_of(c, j, &err);
    mj__leave_slot(c, j);
  }
  mj__end(c, j, &err, NULL, NULL);
}

static void see(struct mj__reply *s, struct mj__exchange *x,
                const mj_http_result *r) {
  memset(s, 0, sizeof *s);
  s->curl_code = r->curl_code;
  s->http_status = r->http_status;
  s->sent = r->sent;
  s->curl_text = r->text;
  s->body = x->reply.p;
  s->body_len = x->reply.n;
  s->body_max = x->reply.err == MJ_ETOO_LARGE ? x->reply.max : 0;
  if (!x->bad_json && x->doc && mj__json_finish(x->doc, &x->json_err) != MJ_OK)
    x->bad_json = 1;
  mj__said_read(&s->said, x->bad_json ? NULL : mj_json_root(x->doc),
                x->reply.n);
}

/* What the gateway is known to be like, for messages. */
static void see_gateway(const mj_client *c, const struct mj__exchange *x,
                        const struct mj__job *j, struct mj__reply *s) {
  const struct mj__learned *l = &c->learned;
  int kept = x->purpose == MJ__X_SUBMIT || x->purpose == MJ__X_ASK;
  s->secret = c->cfg.api_key;
  s->rules = c->cfg.outcomes;
  s->nrules = c->cfg.noutcomes;
  s->generate = x->wire->generate;
  if (x->purpose == MJ__X_FETCH)
    return;
  s->url = kept && j ? j->url : x->url.n ? x->url.p : NULL;
  if (!s->generate && strcmp(c->gateway.mode_style, "body") != 0)
    s->mode = j && j->mode ? j->mode : c->gateway.mode;
  if (strcmp(c->cfg.dialect, "auto") != 0)
    s->dialect = c->cfg.dialect;
  s->known = l->took_work || (l->family_heard && !l->family_guessed);
}

/* Whether the gateway is in trouble, whatever it says besides. */
static void count_retry(mj_client *c, struct mj__job *j,
                        const struct mj__exchange *x, const mj_http_result *r) {
  if (r->curl_code || r->http_status >= 500)
    j->dear = MJ__QUOTA_TROUBLE;
  else if (r->http_status == 429)
    j->dear = MJ__QUOTA_BUSY;
  else
    j->dear = 0;
  if (!j->dear)
    mj__quota_good(&c->quota, x->dear);
}

int mj__unsent(const mj_client *c, const struct mj__job *j) {
  return j->kind == MJ__TASK && j->state == MJ__DISPATCHING && j->exchange &&
         c->tr.unsent && c->tr.unsent(c->tr.ud, j->exchange);
}

void mj__call_back(mj_client *c, struct mj__job *j) {
  struct mj__exchange *x = mj__exchange_of(c, j->exchange);
  mj_http_result r;
  struct mj__reply s;
  memset(&r, 0, sizeof r);
  r.curl_code = 42; /* CURLE_ABORTED_BY_CALLBACK */
  r.text = "not sent: it still waited for a connection";
  c->tr.stop(c->tr.ud, j->exchange);
  c->now = mj__clock(c);
  j->exchange = 0;
  see(&s, x, &r);
  see_gateway(c, x, j, &s);
  mj__submit_ended(c, j, x, &s, -1);
  mj__exchange_free(c, x);
  c->dirty = 1;
}

static void job_answered(mj_client *c, struct mj__job *j,
                         struct mj__exchange *x, const mj_http_result *r) {
  struct mj__reply s;
  j->exchange = 0;
  count_retry(c, j, x, r);
  see(&s, x, r);
  see_gateway(c, x, j, &s);
  switch (x->purpose) {
  case MJ__X_SUBMIT:
    mj__submit_ended(c, j, x, &s, r->retry_after_ms);
    break;
  case MJ__X_POLL:
    mj__looked(c, j, x, &s, r->retry_after_ms);
    break;
  case MJ__X_LOOKUP:
    mj__looked_up(c, j, x, &s, r->retry_after_ms);
    break;
  case MJ__X_FETCH:
    mj__fetched(c, j, x, &s, r);
    break;
  case MJ__X_ASK:
    mj__asked(c, j, x, &s, r->retry_after_ms);
    break;
  case MJ__X_STOP:
    mj__stop_answered(c, j, x, &s, r->retry_after_ms);
    break;
  case MJ__X_RECON:
  case MJ__X_HINT:
  case MJ__X_PROBE:
    break;
  }
}

void mj_transport_done(mj_client *c, uint64_t id, const mj_http_result *r) {
  struct mj__exchange *x = mj__exchange_of(c, id);
  struct mj__job *j = x ? mj__job_of(c, x->job) : NULL;
  struct mj__reply s;
  if (!x)
    return;
  if (c->cfg.tape)
    mj__tape_done(&c->tr, id, x->reply.p, x->reply.n, r);
  c->now = mj__clock(c);
  follow_pace(c, x, r);
  if (x->purpose == MJ__X_PROBE) {
    see(&s, x, r);
    see_gateway(c, x, NULL, &s);
    if (x->bad_json && (!x->doc || x->json_err.code == MJ_ERESOURCE))
      s.curl_code = 27; /* CURLE_OUT_OF_MEMORY: says nothing of the gateway */
    mj__probed(c, &s, r->retry_after_ms);
    mj__exchange_free(c, x);
    return;
  }
  if (x->purpose == MJ__X_RECON || x->purpose == MJ__X_HINT) {
    see(&s, x, r);
    if (x->purpose == MJ__X_RECON)
      mj__told_around(c, x, &s);
    else
      mj__hint_answered(c, x, &s);
    mj__exchange_free(c, x);
    return;
  }
  if (!j || j->exchange != id || j->over) {
    mj__exchange_free(c, x); /* the job was cancelled meanwhile */
    return;
  }
  job_answered(c, j, x, r);
  mj__exchange_free(c, x);
}
