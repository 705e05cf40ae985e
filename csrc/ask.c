/* SPDX-License-Identifier: MIT
   ask.c - free questions besides the state of one task: lists, the queue, a
   seed; and the wish to have a task stopped. */
#include "err.h"
#include "mj_int.h"

#include <string.h>

enum { BODY_MAX = 4 << 20 };

enum mj__route mj__route_asked(mj_query what) {
  switch (what) {
  case MJ_QUERY_LIST:
    return MJ__R_LIST;
  case MJ_QUERY_IDS:
    return MJ__R_IDS;
  case MJ_QUERY_QUEUE:
    return MJ__R_QUEUE;
  case MJ_QUERY_SEED:
    return MJ__R_SEED;
  case MJ_QUERY_CANCEL:
    return MJ__R_CANCEL;
  case MJ_QUERY_DIALECT:
    break;
  }
  return MJ__R_NONE;
}

/* Its request is kept with the job: it is the same at each try. */
static int encode(mj_client *c, struct mj__job *j, const char *const *ids,
                  size_t n, mj_error *err) {
  /* before it is known, the family that has such routes */
  const struct mj__wire *w = c->learned.family_known ? c->wire : &mj__wire_mj;
  struct mj__call call;
  int rc;
  memset(&call, 0, sizeof call);
  mj__buf_init(&call.url, &c->mem, 8192);
  mj__buf_init(&call.body, &c->mem, BODY_MAX);
  rc = w->ask(&call, &c->gateway, NULL, (enum mj__route)j->route, ids, n, err);
  if (rc == MJ_OK) {
    j->body_len = call.body.n;
    j->url = mj__buf_steal(&call.url);
    j->body = mj__buf_steal(&call.body);
  }
  mj__buf_free(&call.url);
  mj__buf_free(&call.body);
  return rc;
}

static int prepare(mj_client *c, struct mj__job *j, const char *const *ids,
                   size_t n, mj_error *err) {
  int rc;
  if (j->route != MJ__R_CANCEL)
    return encode(c, j, ids, n, err);
  if (n != 1 || !ids[0] || !mj__id_ok(ids[0]))
    return mj__err_set(err, MJ_EINVALID, "task: not a task id: %.60s",
                       n == 1 && ids[0] ? ids[0] : "(none)");
  rc = mj__keep(c, &j->task_id, ids[0]);
  if (rc)
    return mj__err_nomem(err);
  j->tracked = j->stop_only = 1;
  j->stopping = MJ__STOP_WANTED;
  j->accepted_ms = mj__clock(c);
  (void)mj__job_go(j, MJ__RUNNING);
  return MJ_OK;
}

/* It waits with those who want to know it, too. */
static int ask_dialect(mj_client *c, mj_id *out, mj_error *err) {
  struct mj__job *j = mj__job_new(c, MJ__ASK);
  if (!j)
    return mj__err_nomem(err);
  mj__enqueue(c, j, MJ__Q_FAMILY);
  *out = j->id;
  return MJ_OK;
}

int mj_ask(mj_client *c, mj_query what, const char *const *ids, size_t n,
           mj_id *out, mj_error *err) {
  enum mj__route route = mj__route_asked(what);
  struct mj__job *j;
  int rc;
  *out = 0;
  mj__err_clear(err);
  if (!c->cfg.base_url)
    return mj__err_set(err, MJ_EINVALID, "base_url: the client has none");
  if (what == MJ_QUERY_DIALECT)
    return ask_dialect(c, out, err);
  if (c->cfg.dry_run)
    return mj__dry(err);
  if (route == MJ__R_NONE)
    return mj__err_set(err, MJ_EINVALID, "what: no such question");
  rc = c->learned.family_known ? mj__route_known(c, route, NULL, err) : MJ_OK;
  if (rc)
    return rc;
  j = mj__job_new(c, route == MJ__R_CANCEL ? MJ__TASK : MJ__ASK);
  if (!j)
    return mj__err_nomem(err);
  j->route = (unsigned char)route;
  rc = prepare(c, j, ids, n, err);
  if (rc) {
    mj__job_drop(c, j);
    return rc;
  }
  mj__enqueue(c, j, MJ__Q_POLL);
  *out = j->id;
  return MJ_OK;
}

/* Answers ------------------------------------------------------------------ */

/* The tasks of a list, read while it arrives: of thousands at its end nothing
   is left to do in one turn. */
struct mj__list {
  mj_client *c;
  struct mj__exchange *x;
  mj_task *tasks; /* in the document's arena, like the list itself */
  size_t n, cap;
  int err; /* the rest was not read */
};

static mj_task *room(struct mj__list *l, struct mj__arena *a) {
  size_t cap = l->cap ? l->cap * 2 : 16;
  mj_task *tasks;
  if (l->n < l->cap)
    return &l->tasks[l->n];
  tasks = mj__arena_alloc(a, cap * sizeof *tasks);
  if (!tasks)
    return NULL;
  if (l->tasks)
    memcpy(tasks, l->tasks, l->n * sizeof *tasks);
  l->tasks = tasks;
  l->cap = cap;
  return &tasks[l->n];
}

static int list_item(void *ud, const mj_value *item, struct mj__arena *a) {
  struct mj__list *l = ud;
  mj_task *t;
  size_t at;
  if (l->err || item->type != MJ_JSON_OBJECT)
    return MJ_OK;
  t = room(l, a);
  if (!t || l->x->wire->task(item, a, t) != MJ_OK ||
      mj__task_dress(l->c, NULL, a, t) != MJ_OK) {
    l->err = MJ_ERESOURCE;
    return MJ_OK;
  }
  at = mj__json_span(l->x->doc, &t->json_len);
  t->json = mj__arena_strndup(a, l->x->reply.p + at, t->json_len);
  if (!t->json)
    l->err = MJ_ERESOURCE;
  else if (t->id)
    l->n++;
  return MJ_OK;
}

int mj__list_begin(mj_client *c, struct mj__exchange *x) {
  struct mj__arena *a = mj__json_arena(x->doc);
  struct mj__list *l = mj__arena_alloc(a, sizeof *l);
  if (!l)
    return MJ_ERESOURCE;
  memset(l, 0, sizeof *l);
  l->c = c;
  l->x = x;
  x->list = l;
  mj__json_watch(x->doc, list_item, l);
  return MJ_OK;
}

static int read_list(struct mj__job *j, struct mj__exchange *x) {
  struct mj__list *l = x->list;
  if (!l || l->err || (!l->tasks && !room(l, mj__json_arena(x->doc))))
    return MJ_ERESOURCE;
  j->done.pub.tasks = l->tasks; /* not NULL, even if there are none */
  j->done.pub.ntasks = l->n;
  return MJ_OK;
}

static int read_seed(struct mj__job *j, struct mj__exchange *x,
                     const struct mj__reply *s) {
  const char **item;
  if (!*s->said.result)
    return MJ_EPROTOCOL;
  item = mj__arena_alloc(mj__json_arena(x->doc), sizeof *item);
  if (!item)
    return MJ_ERESOURCE;
  *item = s->said.result;
  j->done.pub.items = item;
  j->done.pub.nitems = 1;
  return MJ_OK;
}

/* More than we take, or a route that is not there. */
static void cannot(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                   const struct mj__reply *s) {
  const char *route = mj__route_name((enum mj__route)j->route);
  const char *said = s->said.description;
  char quote[200];
  mj_error err;
  mj__clean(quote, sizeof quote, said, strlen(said), 0);
  mj__err_clear(&err);
  if (x->reply.err == MJ_ETOO_LARGE)
    mj__err_set(&err, MJ_ETOO_LARGE,
                "%s: the reply has more than %zu bytes; ask for fewer tasks, "
                "by their ids",
                route, x->reply.max);
  else
    mj__err_set(&err, MJ_EUNSUPPORTED,
                "%s: this gateway has no such route: HTTP %d: %s", route,
                s->http_status, quote);
  err.http_status = s->http_status;
  mj__end(c, j, &err, NULL, NULL);
}

void mj__asked(mj_client *c, struct mj__job *j, struct mj__exchange *x,
               const struct mj__reply *s, int64_t retry_after_ms) {
  int code;
  enum mj__look look = mj__outcome_ask(s, (enum mj__route)j->route, &code);
  int64_t wait;
  mj_error err;
  mj__learn(c, (enum mj__route)j->route, NULL, s);
  if (mj__auth_doubted(c, j, s)) {
    mj__enqueue(c, j, MJ__Q_POLL);
    return;
  }
  if (look == MJ__LOOK_GOOD) {
    code = j->route == MJ__R_SEED ? read_seed(j, x, s) : read_list(j, x);
    if (code == MJ_OK) {
      mj__end(c, j, NULL, x, NULL);
      return;
    }
  }
  if (x->reply.err == MJ_ETOO_LARGE || mj__outcome_no_route(s)) {
    cannot(c, j, x, s);
    return;
  }
  if (look == MJ__LOOK_AGAIN && retry_after_ms <= MJ__RETRY_AFTER_MOST &&
      ++j->troubles < c->rules.attempts) {
    wait =
        mj__retry_wait(j->troubles, 500, 30000, retry_after_ms, mj__random(c));
    mj__arm(c, j, c->now + wait);
    return;
  }
  mj__explained(s, code, mj__route_name((enum mj__route)j->route),
                look == MJ__LOOK_AGAIN, retry_after_ms, &err);
  mj__end(c, j, &err, NULL, NULL);
}
