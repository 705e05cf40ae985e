/* SPDX-License-Identifier: MIT
   held.c - places in the window of live tasks that nobody here has: a task that
   an earlier start submitted runs at the gateway whether somebody looks after
   it or not.  Its place is its own until its row is gone on with, or until no
   task lives any longer. */
#include "mj_int.h"

#include <string.h>

struct mj__held {
  char token[30];
  int64_t until_ms;
};

int64_t mj__longest_life(const char *mode) {
  return mode && strcmp(mode, "relax") == 0 ? 3600000 : 900000;
}

static int may_run(int state) {
  return state == MJ__DISPATCHING || state == MJ__UNKNOWN ||
         state == MJ__ACCEPTED || state == MJ__RUNNING ||
         state == MJ__NEEDS_MODAL;
}

static int hold(void *ud, const struct mj__record *r) {
  mj_client *c = ud;
  int64_t life = mj__longest_life(r->mode);
  int64_t left = r->sent_ms + life - mj__wall(c);
  struct mj__held *list;
  if (!may_run(r->state) || left <= 0 || !r->token ||
      strlen(r->token) >= sizeof list->token || !r->gateway ||
      strcmp(r->gateway, c->cfg.base_url) != 0)
    return MJ_OK;
  if (c->held_n == c->held_cap) {
    size_t cap = c->held_cap ? c->held_cap * 2 : 16;
    list = mj__realloc(&c->mem, c->held, c->held_cap * sizeof *list,
                       cap * sizeof *list);
    if (!list)
      return MJ_ERESOURCE;
    c->held = list;
    c->held_cap = cap;
  }
  list = &c->held[c->held_n++];
  memset(list, 0, sizeof *list);
  memcpy(list->token, r->token, strlen(r->token) + 1);
  list->until_ms =
      mj__clock(c) + (left < life ? left : life); /* the clock was set back */
  c->live.used++;
  return MJ_OK;
}

static const char *token_of(const void *held) {
  return ((const struct mj__held *)held)->token;
}

/* The list does not grow, or move, any more. */
static int index_all(mj_client *c) {
  size_t i;
  mj__index_init(&c->held_by, token_of);
  for (i = 0; i < c->held_n; i++)
    if (mj__index_add(&c->held_by, &c->mem, &c->held[i]) != MJ_OK)
      return MJ_ERESOURCE;
  return MJ_OK;
}

int mj__held_begin(mj_client *c, mj_error *err) {
  int rc;
  if (!c->cfg.base_url || c->next_in_journal)
    return MJ_OK; /* what runs now is another client's of this process */
  rc = c->store->ops->each(c->store, 1, hold, c, err);
  if (rc == MJ_OK)
    rc = index_all(c);
  if (rc == MJ_ERESOURCE)
    return mj__err_nomem(err);
  if (rc == MJ_OK && c->held_n)
    mj__log(c, 2, "%zu tasks of an earlier start hold their places", c->held_n);
  return rc;
}

static void let_go(mj_client *c, struct mj__held *h) {
  mj__index_take(&c->held_by, h);
  h->until_ms = 0;
  c->live.used--;
  c->dirty = 1;
}

void mj__held_take(mj_client *c, const char *token) {
  struct mj__held *h = token ? mj__index_find(&c->held_by, token) : NULL;
  if (h)
    let_go(c, h);
}

void mj__held_free(mj_client *c) {
  mj__index_free(&c->held_by, &c->mem);
  mj__free(&c->mem, c->held);
}

void mj__held_look(mj_client *c) {
  int64_t next = INT64_MAX;
  size_t i;
  for (i = 0; c->now >= c->held_until && i < c->held_n; i++) {
    struct mj__held *h = &c->held[i];
    if (!h->until_ms) /* it is free */
      continue;
    if (h->until_ms <= c->now)
      let_go(c, h);
    else if (h->until_ms < next)
      next = h->until_ms;
  }
  if (i)
    c->held_until = next;
  if (c->held_by.n)
    mj__wait_until(c, c->held_until - c->now);
}

void mj__slot_free(mj_client *c, struct mj__job *j) {
  if (!j->slot)
    return;
  j->slot = 0;
  c->live.used--;
  c->dirty = 1;
  if (c->share && j->token)
    mj__share_release(c->share, j->token, c->now);
}

int64_t mj__shared_wait(mj_client *c, const struct mj__job *paid) {
  struct mj__share_want w;
  if (!c->share)
    return 0;
  memset(&w, 0, sizeof w);
  w.requests = &c->requests;
  w.submits = paid ? &c->submits : NULL;
  w.token = paid && !paid->slot ? paid->token : NULL;
  w.max = c->live.max;
  w.life_ms = paid ? mj__longest_life(paid->mode) : 0;
  return mj__share_take(c->share, &w, c->now);
}
