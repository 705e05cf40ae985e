/* SPDX-License-Identifier: MIT
   dispatch.c - what leaves, and when.  dispatch() is the only way out for a
   paid request: it records DISPATCHING first and issues the ticket that the
   transport asks for. */
#include "mj_int.h"

#include <string.h>

struct mj__exchange *mj__exchange_of(mj_client *c, uint64_t id) {
  struct mj__exchange *x;
  if (id == 0)
    return NULL;
  x = &c->x[id % (uint64_t)c->nx];
  return x->id == id ? x : NULL;
}

/* Only while c->nxfree > 0. */
struct mj__exchange *mj__exchange_new(mj_client *c, mj_id job,
                                      enum mj__purpose purpose) {
  struct mj__exchange *x;
  int place;
  place = c->xfree[--c->nxfree];
  x = &c->x[place];
  x->id = ++c->xseq * (uint64_t)c->nx + (uint64_t)place;
  x->job = job;
  x->purpose = purpose;
  x->wire = c->wire;
  x->ticket = 0;
  x->bad_json = 0;
  mj__buf_reset(&x->url);
  mj__buf_reset(&x->reply);
  x->reply.max = purpose == MJ__X_FETCH ? c->cfg.max_image : c->cfg.max_reply;
  if (purpose == MJ__X_ASK ||
      purpose == MJ__X_RECON) /* of thousands of tasks */
    x->reply.max =
        c->cfg.max_reply > SIZE_MAX / 16 ? SIZE_MAX / 2 : 16 * c->cfg.max_reply;
  mj__err_clear(&x->json_err);
  return x;
}

void mj__exchange_free(mj_client *c, struct mj__exchange *x) {
  mj_json_free(x->doc);
  x->doc = NULL;
  x->id = 0;
  x->ticket = 0;
  c->xfree[c->nxfree++] = (int)(x - c->x);
  c->dirty = 1; /* somebody may wait for the place */
}

/* Others wait for what it brings. */
enum { PROBE_TIMEOUT = 10000 };

int mj__start(mj_client *c, struct mj__exchange *x, const char *method,
              const char *url, const char *body, size_t body_len) {
  mj_http h;
  memset(&h, 0, sizeof h);
  h.id = x->id;
  h.method = method;
  h.url = url;
  h.foreign = x->purpose == MJ__X_FETCH;
  h.headers = h.foreign ? c->plain_headers : c->api_headers;
  h.nheaders = h.foreign ? c->nplain : c->napi;
  h.body = body;
  h.body_len = body_len;
  h.paid = x->purpose == MJ__X_SUBMIT;
  h.ticket = x->ticket;
  h.connect_timeout_ms = c->cfg.connect_timeout_ms;
  h.timeout_ms = h.paid      ? c->cfg.submit_timeout_ms
                 : h.foreign ? c->cfg.fetch_timeout_ms
                             : c->cfg.request_timeout_ms;
  if (x->purpose == MJ__X_PROBE && h.timeout_ms > PROBE_TIMEOUT)
    h.timeout_ms = PROBE_TIMEOUT;
  c->nrequests++;
  return c->tr.start(c->tr.ud, c, &h);
}

int mj_ticket_redeem(mj_client *c, const mj_http *req) {
  struct mj__exchange *x = mj__exchange_of(c, req->id);
  struct mj__job *j = x ? mj__job_of(c, x->job) : NULL;
  if (!j || !req->paid || x->ticket == 0 || x->ticket != req->ticket ||
      j->state != MJ__DISPATCHING || j->cancel)
    return 0;
  x->ticket = 0;
  return 1;
}

/* A request that the transport would not even take has not been sent. */
static void not_started(mj_client *c, struct mj__job *j) {
  struct mj__reply s;
  memset(&s, 0, sizeof s);
  mj__said_read(&s.said, NULL, 0);
  s.curl_code = 27; /* CURLE_OUT_OF_MEMORY */
  s.curl_text = "no memory or descriptor for another request";
  mj__submit_ended(c, j, NULL, &s, -1);
}

/* The record is durable: now the request may go. */
void mj__send_paid(mj_client *c, struct mj__job *j) {
  struct mj__exchange *x = mj__exchange_of(c, j->exchange);
  if (!x) { /* dispatch() took it; a job without one cannot send */
    not_started(c, j);
    return;
  }
  x->ticket = ++c->ticket_seq;
  c->nsubmits++;
  if (mj__start(c, x, "POST", j->url, j->body, j->body_len) != MJ_OK) {
    c->nsubmits--;
    mj__exchange_free(c, x);
    j->exchange = 0;
    not_started(c, j);
  }
}

static void dispatch(mj_client *c, struct mj__job *j) {
  struct mj__exchange *x = mj__exchange_new(c, j->id, MJ__X_SUBMIT);
  int rc;
  mj__dequeue(c, j);
  mj__bucket_take(&c->submits, c->now);
  mj__bucket_take(&c->requests, c->now);
  if (!j->slot) {
    j->slot = 1;
    c->live.used++;
  }
  j->attempt++;
  j->exchange = x->id;
  j->sent_ms = c->now;
  (void)mj__job_go(j, MJ__DISPATCHING);
  rc = mj__record(c, j);
  if (rc) {
    mj__exchange_free(c, x);
    j->exchange = 0;
    (void)mj__job_go(j, MJ__REJECTED);
    mj__end_text(c, j, rc, "not sent: it could not be recorded");
    return;
  }
  mj__enqueue(c, j, MJ__Q_RECORD);
}

static void start_fetch(mj_client *c, struct mj__job *j) {
  struct mj__exchange *x = mj__exchange_new(c, j->id, MJ__X_FETCH);
  mj__dequeue(c, j);
  j->exchange = x->id;
  if (mj__start(c, x, "GET", j->url, NULL, 0) != MJ_OK) {
    mj__exchange_free(c, x);
    j->exchange = 0;
    mj__end_text(c, j, MJ_ERESOURCE, "no memory or descriptor for a download");
  }
}

static enum mj__purpose purpose_of(const struct mj__job *j) {
  if (j->kind == MJ__ASK)
    return MJ__X_ASK;
  if (j->state == MJ__LOOKUP)
    return MJ__X_LOOKUP;
  return j->stopping == MJ__STOP_WANTED ? MJ__X_STOP : MJ__X_POLL;
}

/* Nothing that could ask: later, when there is memory again. */
static void no_poll(mj_client *c, struct mj__job *j, enum mj__purpose purpose) {
  struct mj__todo todo;
  if (purpose == MJ__X_POLL) {
    mj__job_on_trouble(j, MJ__LOOK_AGAIN, MJ_ERESOURCE, -1, &c->rules, c->now,
                       mj__random(c), &todo);
  } else {
    todo.what = ++j->troubles < c->rules.attempts ? MJ__DO_POLL : MJ__DO_END;
    todo.at_ms = c->now + 1000;
    if (todo.what == MJ__DO_END && j->kind == MJ__TASK)
      (void)mj__job_go(j, purpose == MJ__X_STOP ? MJ__FAILED : MJ__REJECTED);
  }
  if (todo.what == MJ__DO_POLL) {
    mj__arm(c, j, todo.at_ms);
    return;
  }
  mj__leave_slot(c, j); /* its task may go on */
  mj__end_text(c, j, MJ_ERESOURCE, "no memory or descriptor for a request");
}

/* Asks: how far a task is, which buttons it has, or to stop it. */
static int start_question(mj_client *c, struct mj__job *j,
                          struct mj__exchange *x) {
  const char *id = x->purpose == MJ__X_LOOKUP ? j->parent : j->task_id;
  enum mj__route route = x->purpose == MJ__X_STOP ? MJ__R_CANCEL : MJ__R_FETCH;
  struct mj__call call;
  int rc;
  memset(&call, 0, sizeof call);
  call.url = x->url;
  mj__buf_init(&call.body, &c->mem, 64);
  /* the id was checked when it came in: only memory can be missing */
  rc = c->wire->ask(&call, &c->gateway, j->mode, route, &id, 1, NULL);
  x->url = call.url;
  if (rc == MJ_OK && call.body.n) { /* lives until the request has ended */
    mj__free(&c->mem, j->body);
    j->body_len = call.body.n;
    j->body = mj__buf_steal(&call.body);
  }
  mj__buf_free(&call.body);
  if (rc == MJ_OK)
    rc = mj__start(c, x, call.method, x->url.p,
                   route == MJ__R_CANCEL ? j->body : NULL,
                   route == MJ__R_CANCEL ? j->body_len : 0);
  return rc;
}

/* A question that was put before the family was known, which has no such
   route. */
static int no_such_question(mj_client *c, struct mj__job *j,
                            enum mj__purpose purpose) {
  enum mj__route route =
      purpose == MJ__X_ASK ? (enum mj__route)j->route : MJ__R_CANCEL;
  mj_error err;
  mj__err_clear(&err);
  if (purpose != MJ__X_ASK && purpose != MJ__X_STOP)
    return 0;
  if (c->wire->asks & (1u << route))
    return 0;
  (void)mj__route_known(c, route, NULL, &err);
  if (purpose == MJ__X_STOP && !j->stop_only) {
    mj__end_cancelled(c, j);
    return 1;
  }
  if (purpose == MJ__X_STOP)
    (void)mj__job_go(j, MJ__FAILED);
  mj__end(c, j, &err, NULL, NULL);
  return 1;
}

static void start_poll(mj_client *c, struct mj__job *j) {
  enum mj__purpose purpose = purpose_of(j);
  struct mj__exchange *x;
  int rc;
  mj__dequeue(c, j);
  if (no_such_question(c, j, purpose))
    return;
  x = mj__exchange_new(c, j->id, purpose);
  mj__bucket_take(&c->requests, c->now);
  c->npolls++;
  j->exchange = x->id;
  if (purpose == MJ__X_ASK)
    rc = mj__start(c, x, j->body_len ? "POST" : "GET", j->url,
                   j->body_len ? j->body : NULL, j->body_len);
  else
    rc = start_question(c, j, x);
  if (rc == MJ_OK)
    return;
  mj__exchange_free(c, x);
  j->exchange = 0;
  no_poll(c, j, purpose);
}

void mj__wait_until(mj_client *c, int64_t wait_ms) {
  int64_t at = c->now + wait_ms;
  if (c->pump_at < 0 || at < c->pump_at)
    c->pump_at = at;
}

static void pump_paid(mj_client *c) {
  struct mj__job *j;
  while (c->nxfree > 0) {
    /* the window holds back what is new, never a task's answered dialog */
    j = c->queues[MJ__Q_SUBMIT].first;
    while (j && !j->slot && !mj__window_open(&c->live))
      j = j->next;
    if (!j)
      return;
    int64_t a = mj__bucket_wait(&c->submits, c->now);
    int64_t b = mj__bucket_wait(&c->requests, c->now);
    if (a > 0 || b > 0) {
      mj__wait_until(c, a > b ? a : b);
      return;
    }
    dispatch(c, j);
  }
}

/* Pictures first, their addresses expire; then what is paid; then questions.
   Polls wait for paid work only while there is a bucket to share. */
void mj__pump(mj_client *c) {
  struct mj__job *j;
  c->dirty = 0;
  c->pump_at = -1;
  while ((j = c->queues[MJ__Q_FETCH].first) != NULL && c->nxfree > 0)
    start_fetch(c, j);
  if (c->queues[MJ__Q_SUBMIT].n || c->queues[MJ__Q_POLL].n ||
      c->queues[MJ__Q_FAMILY].n || c->wondering) {
    if (!mj__discovered(c))
      return;
    mj__release(c);
  }
  mj__ask_around(c);
  pump_paid(c);
  while ((j = c->queues[MJ__Q_POLL].first) != NULL && c->nxfree > 0) {
    int64_t wait = mj__bucket_wait(&c->requests, c->now);
    if (wait > 0) {
      mj__wait_until(c, wait);
      return;
    }
    start_poll(c, j);
  }
}
