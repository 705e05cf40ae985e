/* SPDX-License-Identifier: MIT
   hint.c - what callers of a callback address say.  Anybody can call it, so
   nothing is believed: a hint makes the client ask the gateway, with its key,
   and the gateway's answer counts. */
#include "mj_int.h"
#include "tag.h"

#include <string.h>

enum {
  HINT_BODY = 256 << 10,
  HINTS_PER_MIN = 600, /* that are followed; a gateway may call for each step */
  HINTS_AT_ONCE = 100,
  TAGS_PER_MIN = 60, /* looked for on the disk: anybody can call */
  TAGS_AT_ONCE = 5
};

void mj__hints_init(mj_client *c) {
  mj__bucket_init(&c->hints, HINTS_PER_MIN, HINTS_AT_ONCE);
  mj__bucket_init(&c->tag_hints, TAGS_PER_MIN, TAGS_AT_ONCE);
}

/* A callback's body is a task, as a status question's answer is. */
static int read_task(mj_json *doc, mj_task *t) {
  static const struct mj__wire *const wires[] = {&mj__wire_mj,
                                                 &mj__wire_generate};
  size_t i;
  for (i = 0; i < 2; i++) {
    int rc = wires[i]->task(mj_json_root(doc), mj__json_arena(doc), t);
    if (rc)
      return rc;
    if (t->id && mj__id_ok(t->id))
      return MJ_OK;
  }
  return MJ_ENOT_FOUND;
}

/* A task that runs is asked for at once, when it would be asked for later. */
static int look_sooner(mj_client *c, const char *id) {
  uint32_t i;
  for (i = 0; i < c->jobs.cap; i++) {
    struct mj__job *j = c->jobs.slots[i];
    if (!j || j->over || !j->task_id || strcmp(j->task_id, id) != 0)
      continue;
    if (j->state == MJ__RUNNING && j->timer && !j->exchange) {
      mj__disarm(j);
      mj__enqueue(c, j, MJ__Q_POLL);
    }
    return 1;
  }
  return 0;
}

struct search {
  uint32_t tag;
  char token[MJ__TOKEN + 1];
};

static int has_tag(void *ud, const struct mj__record *r) {
  struct search *s = ud;
  if (r->state != MJ__UNKNOWN || r->op != MJ_OP_IMAGINE || !r->token ||
      strlen(r->token) != MJ__TOKEN || mj__tag(r->token) != s->tag)
    return MJ_OK;
  memcpy(s->token, r->token, MJ__TOKEN + 1);
  return MJ_EDUPLICATE; /* enough */
}

/* The token of the work that it speaks of: from its state, or its seed. */
static int token_of(mj_client *c, const mj_task *t, char *token) {
  struct search s;
  if (t->state && strlen(t->state) == MJ__TOKEN &&
      mj__journal_knows(c, t->state)) {
    memcpy(token, t->state, MJ__TOKEN + 1);
    return 1;
  }
  s.tag = c->cfg.seed_tag ? mj__tag_of_task(t) : 0;
  s.token[0] = '\0';
  if (s.tag && mj__bucket_wait(&c->tag_hints, c->now) == 0) {
    mj__bucket_take(&c->tag_hints, c->now);
    (void)c->store->ops->each(c->store, 1, has_tag, &s, NULL);
  }
  memcpy(token, s.token, sizeof s.token);
  return token[0] != '\0';
}

/* When there are many the newest are dropped: they are hints. */
static int remember(mj_client *c, const char *token, const char *id) {
  struct mj__hint *h;
  if (c->nhints == MJ__HINTS || strlen(id) >= sizeof h->id)
    return 0;
  h = &c->hinted[c->nhints++];
  memcpy(h->token, token, MJ__TOKEN + 1);
  memcpy(h->id, id, strlen(id) + 1);
  c->dirty = 1;
  return 1;
}

int mj_hint(mj_client *c, const char *json, size_t n, mj_error *err) {
  char token[MJ__TOKEN + 1];
  mj_json *doc;
  mj_task t;
  int rc;
  mj__err_clear(err);
  if (!c->cfg.base_url)
    return mj__err_set(err, MJ_EINVALID, "base_url: the client has none");
  if (n > HINT_BODY)
    return mj__err_set(err, MJ_ETOO_LARGE,
                       "a hint of more than 256 KiB is none");
  c->now = mj__clock(c);
  if (mj__bucket_wait(&c->hints, c->now) > 0)
    return 0;
  mj__bucket_take(&c->hints, c->now);
  rc = mj_json_parse(&doc, json, n, c->mem.fn, c->mem.ud, err);
  if (rc)
    return rc;
  rc = read_task(doc, &t);
  if (rc == MJ_ERESOURCE)
    mj__err_nomem(err);
  else if (rc == MJ_ENOT_FOUND)
    rc = 0;
  else if (look_sooner(c, t.id))
    rc = 1;
  else
    rc = c->journaled && token_of(c, &t, token) && remember(c, token, t.id);
  mj_json_free(doc);
  return rc;
}

/* Asks for the first of them: the pump has seen that it may. */
void mj__ask_hinted(mj_client *c) {
  struct mj__exchange *x = mj__exchange_new(c, 0, MJ__X_HINT);
  mj__bucket_take(&c->requests, c->now);
  if (mj__question(c, x, MJ__R_FETCH, c->hinted[0].id, NULL) == MJ_OK) {
    c->hint_x = x->id;
    return;
  }
  mj__exchange_free(c, x);
  c->nhints = 0; /* no memory: what is not followed up is lost */
}

/* The gateway's own words about it. */
void mj__hint_answered(mj_client *c, struct mj__exchange *x,
                       const struct mj__reply *s) {
  struct mj__hint h = c->hinted[0];
  int code, ours = 0;
  mj_task t;
  c->hint_x = 0;
  c->nhints--;
  memmove(c->hinted, c->hinted + 1, c->nhints * sizeof c->hinted[0]);
  c->dirty = 1;
  if (x->bad_json || mj__outcome_ask(s, MJ__R_FETCH, &code) != MJ__LOOK_GOOD ||
      read_task(x->doc, &t) != MJ_OK || strcmp(t.id, h.id) != 0)
    return;
  if (t.state && *t.state)
    ours = strcmp(t.state, h.token) == 0;
  else
    ours = c->cfg.seed_tag && mj__tag_of_task(&t) == mj__tag(h.token);
  if (!ours)
    return;
  mj__log(c, 1, "%s: the gateway took it, as task %s", h.token, h.id);
  (void)mj_resolve(c, h.token, h.id, NULL);
}
