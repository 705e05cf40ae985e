/* SPDX-License-Identifier: MIT
   dispatch.c - what leaves, and when.  dispatch() is the only way out for a
   paid request: it records DISPATCHING first and issues the ticket that the
   transport asks for. */
#include "mj_int.h"

#include <limits.h>
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
  x->dear = 0;
  x->bad_json = 0;
  x->taken = 0;
  mj__buf_reset(&x->url);
  mj__buf_reset(&x->reply);
  x->reply.max = purpose == MJ__X_FETCH ? c->cfg.max_image : c->cfg.max_reply;
  if (purpose == MJ__X_ASK) /* of thousands of tasks */
    x->reply.max =
        c->cfg.max_reply > SIZE_MAX / 16 ? SIZE_MAX / 2 : 16 * c->cfg.max_reply;
  mj__err_clear(&x->json_err);
  return x;
}

void mj__exchange_free(mj_client *c, struct mj__exchange *x) {
  mj_json_free(x->doc);
  x->doc = NULL;
  x->list = NULL;
  x->id = 0;
  x->ticket = 0;
  c->xfree[c->nxfree++] = (int)(x - c->x);
  c->dirty = 1; /* somebody may wait for the place */
}

void mj__drop_exchange(mj_client *c, struct mj__job *j) {
  struct mj__exchange *x = mj__exchange_of(c, j->exchange);
  if (!j->exchange)
    return;
  c->tr.stop(c->tr.ud, j->exchange);
  if (x)
    mj__exchange_free(c, x);
  j->exchange = 0;
}

/* Others wait for what it brings. */
enum { PROBE_TIMEOUT = 10000 };

static int start(mj_client *c, struct mj__exchange *x, const char *method,
                 const char *url, const char *body, size_t body_len) {
  mj_http h;
  if (c->cfg.dry_run) /* nothing gets here; and nothing would leave */
    return MJ_ECANCELLED;
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
  x->left_ms = c->now;
  c->nrequests++;
  c->starts--;
  return c->tr.start(c->tr.ud, c, &h);
}

int mj_ticket_redeem(mj_client *c, const mj_http *req) {
  struct mj__exchange *x = mj__exchange_of(c, req->id);
  struct mj__job *j = x ? mj__job_of(c, x->job) : NULL;
  if (!j || !req->paid || x->ticket == 0 || x->ticket != req->ticket ||
      j->state != MJ__DISPATCHING || j->cancel || j->late)
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

/* Whoever reads the row believes its time, and two minutes later that silence
   is proof.  A disk may be slow, and a process stopped, for as long. */
enum { MARK_GOOD = 30000 };

static int is_stale(const mj_client *c, const struct mj__exchange *x) {
  return c->journaled && mj__wall(c) - x->marked_ms > MARK_GOOD;
}

/* Records that it is about to leave, and waits until that is durable. */
static void mark(mj_client *c, struct mj__job *j, struct mj__exchange *x) {
  int rc;
  j->sent_ms = c->now;
  x->marked_ms = c->journaled ? mj__wall(c) : 0;
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

/* The record is durable: now the request may go. */
void mj__send_paid(mj_client *c, struct mj__job *j) {
  struct mj__exchange *x = mj__exchange_of(c, j->exchange);
  if (x && is_stale(c, x)) {
    mark(c, j, x);
    return;
  }
  if (!x) { /* dispatch() took it; a job without one cannot send */
    not_started(c, j);
    return;
  }
  x->ticket = ++c->ticket_seq;
  c->nsubmits++;
  if (start(c, x, "POST", j->url, j->body, j->body_len) != MJ_OK) {
    c->nsubmits--;
    mj__exchange_free(c, x);
    j->exchange = 0;
    not_started(c, j);
  }
}

/* It could not be asked, for the reason given: later, or the end. */
static void no_poll(mj_client *c, struct mj__job *j, enum mj__purpose purpose,
                    int code, const char *why) {
  struct mj__todo todo;
  if (purpose == MJ__X_POLL) {
    mj__job_on_trouble(j, MJ__LOOK_AGAIN, code, -1, &c->rules, c->now,
                       mj__random(c), &todo);
  } else {
    todo.what = ++j->troubles < c->rules.attempts ? MJ__DO_POLL : MJ__DO_END;
    todo.at_ms =
        c->now + mj__retry_wait(j->troubles, 1000, 8000, -1, mj__random(c));
    if (todo.what == MJ__DO_END && j->kind == MJ__TASK)
      (void)mj__job_go(j, purpose == MJ__X_STOP ? MJ__FAILED : MJ__REJECTED);
  }
  if (todo.what == MJ__DO_POLL) {
    mj__arm(c, j, todo.at_ms);
    return;
  }
  mj__leave_slot(c, j); /* its task may go on */
  mj__end_text(c, j, code, why);
}

/* 1 = it may go; else it waits, or has waited long enough.  What is asked for
   the first time always may. */
static int may_retry(mj_client *c, struct mj__job *j, enum mj__purpose purpose,
                     int *dear) {
  static const char why[] =
      "the gateway is in trouble, and others' retries fail as well";
  int64_t at;
  int cost = *dear = j->dear;
  if (cost == 0 || mj__quota_take(&c->quota, &cost, c->now))
    return 1;
  mj__dequeue(c, j);
  if (purpose ==
      MJ__X_POLL) { /* it ends by what the gateway says, or by none */
    if (j->troubles < SHRT_MAX)
      j->troubles++;
    at = c->now + mj__retry_wait(j->troubles, 1000, 8000, -1, mj__random(c));
    mj__arm(c, j, at);
  } else if (purpose != MJ__X_SUBMIT) {
    no_poll(c, j, purpose, MJ_ENETWORK, why);
  } else if (mj__job_held(j, &c->rules, c->now, mj__random(c), &at)) {
    mj__arm(c, j, at);
  } else {
    (void)mj__job_go(j, MJ__REJECTED);
    mj__end_text(c, j, MJ_ENETWORK, why);
  }
  return 0;
}

static void dispatch(mj_client *c, struct mj__job *j) {
  struct mj__exchange *x;
  int dear;
  if (!j->slot) { /* first, so that a shared one is given back by whoever ends
                     it unsent */
    j->slot = 1;
    c->live.used++;
  }
  if (!may_retry(c, j, MJ__X_SUBMIT, &dear)) {
    if (!j->task_id)
      mj__slot_free(c, j);
    return;
  }
  mj__dequeue(c, j);
  if (!mj__money_reserve(c, j))
    return;
  x = mj__exchange_new(c, j->id, MJ__X_SUBMIT);
  x->dear = dear;
  mj__bucket_take(&c->submits, c->now);
  mj__bucket_take(&c->requests, c->now);
  j->attempt++;
  j->exchange = x->id;
  (void)mj__job_go(j, MJ__DISPATCHING);
  mark(c, j, x);
}

static void start_fetch(mj_client *c, struct mj__job *j) {
  struct mj__exchange *x;
  int dear;
  if (!may_retry(c, j, MJ__X_FETCH, &dear))
    return;
  x = mj__exchange_new(c, j->id, MJ__X_FETCH);
  x->dear = dear;
  mj__dequeue(c, j);
  j->exchange = x->id;
  if (start(c, x, "GET", j->url, NULL, 0) != MJ_OK) {
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

int mj__question(mj_client *c, struct mj__exchange *x, enum mj__route route,
                 const char *id, struct mj__job *j) {
  struct mj__call call;
  int rc;
  memset(&call, 0, sizeof call);
  call.url = x->url;
  mj__buf_init(&call.body, &c->mem, 64);
  /* the id was checked when it came in: only memory can be missing */
  rc = c->wire->ask(&call, &c->gateway, j ? j->mode : NULL, route, &id,
                    id != NULL, NULL);
  x->url = call.url;
  if (rc == MJ_OK && j && call.body.n) { /* lives until the request has ended */
    mj__free(&c->mem, j->body);
    j->body_len = call.body.n;
    j->body = mj__buf_steal(&call.body);
    rc = start(c, x, call.method, x->url.p, j->body, j->body_len);
  } else if (rc == MJ_OK) {
    rc = start(c, x, call.method, x->url.p, NULL, 0);
  }
  mj__buf_free(&call.body);
  return rc;
}

/* Asks: how far a task is, which buttons it has, or to stop it. */
static int start_question(mj_client *c, struct mj__job *j,
                          struct mj__exchange *x) {
  return mj__question(c, x,
                      x->purpose == MJ__X_STOP ? MJ__R_CANCEL : MJ__R_FETCH,
                      x->purpose == MJ__X_LOOKUP ? j->parent : j->task_id, j);
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
  int rc, dear;
  if (!may_retry(c, j, purpose, &dear))
    return;
  mj__dequeue(c, j);
  if (no_such_question(c, j, purpose))
    return;
  x = mj__exchange_new(c, j->id, purpose);
  x->dear = dear;
  mj__bucket_take(&c->requests, c->now);
  c->npolls++;
  j->exchange = x->id;
  if (purpose == MJ__X_ASK)
    rc = start(c, x, j->body_len ? "POST" : "GET", j->url,
               j->body_len ? j->body : NULL, j->body_len);
  else
    rc = start_question(c, j, x);
  if (rc == MJ_OK)
    return;
  mj__exchange_free(c, x);
  j->exchange = 0;
  no_poll(c, j, purpose, MJ_ERESOURCE, "no memory or descriptor for a request");
}

void mj__wait_until(mj_client *c, int64_t wait_ms) {
  int64_t at = c->now + wait_ms;
  if (c->pump_at < 0 || at < c->pump_at)
    c->pump_at = at;
}

/* A turn with a budget starts a few; the next one goes on at once. */
static int may_start(mj_client *c) {
  if (c->starts <= 0)
    c->dirty = 1;
  return c->nxfree > 0 && c->starts > 0;
}

/* What is paid and could leave now, or NULL; the window holds back what is new,
   never a task's answered dialog. */
static struct mj__job *next_paid(mj_client *c) {
  struct mj__job *j = c->queues[MJ__Q_ANSWER].first;
  int64_t wait;
  if (mj__money_rests(c))
    return NULL;
  if (!j && c->held_by.n && !mj__window_open(&c->live))
    mj__held_look(c);
  if (!j && mj__window_open(&c->live))
    j = c->queues[MJ__Q_SUBMIT].first;
  if (!j || c->paused_until == INT64_MAX)
    return NULL;
  wait = mj__bucket_wait(&c->submits, c->now);
  if (c->paused_until - c->now > wait)
    wait = c->paused_until - c->now;
  if (c->shared_at - c->now > wait)
    wait = c->shared_at - c->now;
  if (wait <= 0)
    return j;
  mj__wait_until(c, wait);
  return NULL;
}

static int wants_list(const mj_client *c) {
  return c->wondering && !c->wonder_x && c->queues[MJ__Q_UNKNOWN].n > 0;
}

/* Who has something to send: a bit per enum mj__class. */
static unsigned classes(mj_client *c, struct mj__job **paid) {
  unsigned ready = 0;
  *paid = next_paid(c);
  if (*paid)
    ready |= 1u << MJ__C_SUBMIT;
  if (wants_list(c) || (c->nhints && !c->hint_x && c->learned.family_known))
    ready |= 1u << MJ__C_RECON;
  if (c->queues[MJ__Q_POLL].n)
    ready |= 1u << MJ__C_POLL;
  if (c->queues[MJ__Q_OTHER].n)
    ready |= 1u << MJ__C_OTHER;
  return ready;
}

/* One of those that share the gateway's rate and our connections; 0 = there is
   none, or it has to wait. */
static int pump_one(mj_client *c) {
  struct mj__job *paid;
  unsigned ready = classes(c, &paid);
  enum mj__class class;
  int64_t wait;
  if (!ready || !may_start(c))
    return 0;
  wait = mj__bucket_wait(&c->requests, c->now);
  if (wait > 0) {
    mj__wait_until(c, wait);
    return 0;
  }
  class = mj__share_pick(&c->shares, ready);
  wait = mj__shared_wait(c, class == MJ__C_SUBMIT ? paid : NULL);
  if (wait > 0 && class == MJ__C_SUBMIT) { /* others may go all the same */
    c->shared_at = c->now + wait;
    return 1;
  }
  if (wait > 0) {
    mj__wait_until(c, wait);
    return 0;
  }
  switch (class) {
  case MJ__C_SUBMIT: /* is ready where there is one */
    if (paid)
      dispatch(c, paid);
    break;
  case MJ__C_RECON:
    if (wants_list(c))
      mj__ask_around(c);
    else
      mj__ask_hinted(c);
    break;
  case MJ__C_POLL:
    start_poll(c, c->queues[MJ__Q_POLL].first);
    break;
  case MJ__C_OTHER:
  case MJ__CLASSES:
    start_poll(c, c->queues[MJ__Q_OTHER].first);
    break;
  }
  return 1;
}

/* Pictures first: their addresses expire, and their hosts have other limits. */
void mj__pump(mj_client *c) {
  struct mj__job *j;
  c->dirty = 0;
  c->pump_at = -1;
  if (c->share) {
    mj__share_flush(c->share, c->now);
    if (mj__share_pending(c->share)) /* somebody else had the file */
      mj__wait_until(c, 1);
  }
  while ((j = c->queues[MJ__Q_FETCH].first) != NULL && may_start(c))
    start_fetch(c, j);
  if (c->queues[MJ__Q_SUBMIT].n || c->queues[MJ__Q_ANSWER].n ||
      c->queues[MJ__Q_POLL].n || c->queues[MJ__Q_OTHER].n ||
      c->queues[MJ__Q_FAMILY].n || c->wondering || c->nhints) {
    if (!mj__discovered(c))
      return;
    mj__release(c);
  }
  while (pump_one(c))
    ;
}
