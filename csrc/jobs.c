/* SPDX-License-Identifier: MIT
   jobs.c - the table of jobs, their queues and their timers. */
#include "mj_int.h"

#include <string.h>

enum { SLOT_BITS = 24, SLOT_MASK = (1 << SLOT_BITS) - 1 };
#define GENERATIONS (1u << 28)

static int grow(mj_client *c) {
  struct mj__jobs *t = &c->jobs;
  uint32_t i, cap = t->cap ? t->cap * 2 : 64;
  struct mj__job **slots;
  uint32_t *gen, *list;
  if (cap > SLOT_MASK)
    return MJ_ERESOURCE;
  slots = mj__realloc(&c->mem, t->slots, t->cap * sizeof *slots,
                      cap * sizeof *slots);
  if (!slots)
    return MJ_ERESOURCE;
  t->slots = slots;
  gen = mj__realloc(&c->mem, t->generation, t->cap * sizeof *gen,
                    cap * sizeof *gen);
  if (!gen)
    return MJ_ERESOURCE;
  t->generation = gen;
  list = mj__realloc(&c->mem, t->free_list, t->cap * sizeof *list,
                     cap * sizeof *list);
  if (!list)
    return MJ_ERESOURCE;
  t->free_list = list;
  for (i = t->cap; i < cap; i++) {
    t->slots[i] = NULL;
    t->generation[i] = 1;
  }
  for (i = cap; i > t->cap; i--)
    t->free_list[t->nfree++] = i - 1;
  t->cap = cap;
  return MJ_OK;
}

struct mj__job *mj__job_new(mj_client *c, enum mj__kind kind) {
  struct mj__jobs *t = &c->jobs;
  struct mj__job *j;
  uint32_t slot;
  if (t->nfree == 0 && grow(c) != MJ_OK)
    return NULL;
  /* each job keeps at most one live entry in the heap */
  if (mj__timers_reserve(&c->timers, t->used + 1) != MJ_OK)
    return NULL;
  j = mj__alloc(&c->mem, sizeof *j);
  if (!j)
    return NULL;
  slot = t->free_list[--t->nfree];
  t->slots[slot] = j;
  t->used++;
  j->id = ((mj_id)t->generation[slot] << SLOT_BITS) | (slot + 1);
  j->kind = (unsigned char)kind;
  j->progress = -1;
  j->ahead = -1;
  c->njobs++;
  return j;
}

static void event_free(mj_client *c, struct mj__event *e) {
  mj_json_free(e->doc);
  mj__free(&c->mem, e->body);
  mj__free(&c->mem, e->err);
}

void mj__job_free(mj_client *c, struct mj__job *j) {
  struct mj__jobs *t = &c->jobs;
  uint32_t slot = (uint32_t)(j->id & SLOT_MASK) - 1;
  mj__dequeue(c, j);
  if (j->kind == MJ__WRITE)
    mj__work_free(c, j->work);
  event_free(c, &j->accepted);
  event_free(c, &j->moved);
  event_free(c, &j->done);
  mj__free(&c->mem, j->task_id);
  mj__free(&c->mem, j->parent);
  mj__free(&c->mem, j->state_user);
  mj__job_ended(c, j);
  mj__free(&c->mem, j->token);
  mj__free(&c->mem, j->mode);
  mj__free(&c->mem, j->hook);
  mj__free(&c->mem, j->suggested);
  mj__free(&c->mem, j->ids);
  mj__free(&c->mem, j->old_ids);
  mj__free(&c->mem, j->old_task_id);
  mj__free(&c->mem, j->old_token);
  mj__dialog_free(c, j);
  mj__drop_request(c, j);
  mj__free(&c->mem, j->home);
  mj__free(&c->mem, j->prompt);
  mj__free(&c->mem, j->key);
  mj__free(&c->mem, j->scope);
  mj__free(&c->mem, j->print);
  mj__free(&c->mem, j->url);
  mj__free(&c->mem, j->body);
  mj__free(&c->mem, j);
  t->slots[slot] = NULL;
  t->used--;
  t->generation[slot] = (t->generation[slot] + 1) % GENERATIONS;
  if (t->generation[slot] == 0)
    t->generation[slot] = 1;
  t->free_list[t->nfree++] = slot;
}

void mj__job_drop(mj_client *c, struct mj__job *j) {
  c->njobs--;
  mj__job_free(c, j);
}

struct mj__job *mj__job_of(mj_client *c, mj_id id) {
  uint32_t slot = (uint32_t)(id & SLOT_MASK);
  struct mj__job *j;
  if (slot == 0 || slot > c->jobs.cap)
    return NULL;
  j = c->jobs.slots[slot - 1];
  return j && j->id == id ? j : NULL;
}

static const char *token_of(const void *job) {
  return ((const struct mj__job *)job)->token;
}

int mj__job_name(mj_client *c, struct mj__job *j, const char *token) {
  int rc = mj__keep(c, &j->token, token);
  c->jobs.tokens.id = token_of;
  if (rc == MJ_OK && c->journaled)
    rc = mj__index_add(&c->jobs.tokens, &c->mem, j);
  return rc;
}

void mj__job_ended(mj_client *c, const struct mj__job *j) {
  if (j->token)
    mj__index_take(&c->jobs.tokens, j);
}

void mj__job_unname(mj_client *c, struct mj__job *j) {
  mj__job_ended(c, j);
  mj__free(&c->mem, j->old_token);
  j->old_token = j->token;
  j->token = NULL;
}

struct mj__job *mj__job_named(const mj_client *c, const char *token) {
  return mj__index_find(&c->jobs.tokens, token);
}

void mj__jobs_free(mj_client *c) {
  uint32_t i;
  for (i = 0; i < c->jobs.cap; i++)
    if (c->jobs.slots[i])
      mj__job_free(c, c->jobs.slots[i]);
  mj__fair_free(&c->turns[0]);
  mj__fair_free(&c->turns[1]);
  mj__index_free(&c->jobs.tokens, &c->mem);
  mj__free(&c->mem, c->jobs.slots);
  mj__free(&c->mem, c->jobs.generation);
  mj__free(&c->mem, c->jobs.free_list);
}

static struct mj__fair *fair_of(mj_client *c, enum mj__queue_name q) {
  return q == MJ__Q_SUBMIT ? &c->turns[0]
         : q == MJ__Q_POLL ? &c->turns[1]
                           : NULL;
}

/* A map, or else a verb. */
static uint64_t group_of(const struct mj__job *j) {
  return j->group ? (uint64_t)j->group << 8 : j->op;
}

static enum mj__queue_name place_of(const struct mj__job *j,
                                    enum mj__queue_name q) {
  if (q == MJ__Q_SUBMIT && j->slot)
    return MJ__Q_ANSWER;
  if (q == MJ__Q_POLL && (j->kind != MJ__TASK || j->state == MJ__LOOKUP ||
                          j->stopping == MJ__STOP_WANTED))
    return MJ__Q_OTHER;
  return q;
}

void mj__enqueue(mj_client *c, struct mj__job *j, enum mj__queue_name q) {
  struct mj__queue *l;
  struct mj__fair *f;
  mj__dequeue(c, j);
  q = place_of(j, q);
  l = &c->queues[q];
  f = fair_of(c, q);
  j->queue = (unsigned char)q;
  l->n++;
  c->dirty = 1;
  if (f) {
    mj__fair_put(f, j, group_of(j));
    l->first = mj__fair_first(f);
    return;
  }
  mj__row_put(&l->first, &l->last, j);
}

void mj__dequeue(mj_client *c, struct mj__job *j) {
  struct mj__queue *l = &c->queues[j->queue];
  struct mj__fair *f = fair_of(c, (enum mj__queue_name)j->queue);
  if (j->queue == MJ__Q_NONE)
    return;
  j->queue = MJ__Q_NONE;
  l->n--;
  if (f) {
    mj__fair_take(f, j);
    l->first = mj__fair_first(f);
    return;
  }
  mj__row_take(&l->first, &l->last, j);
}

enum mj__queue_name mj__queue_of(const struct mj__job *j) {
  if (j->kind == MJ__FETCH)
    return MJ__Q_FETCH;
  if (j->state == MJ__UNKNOWN)
    return MJ__Q_UNKNOWN;
  return j->state == MJ__READY || j->state == MJ__NEEDS_MODAL ? MJ__Q_SUBMIT
                                                              : MJ__Q_POLL;
}

void mj__arm(mj_client *c, struct mj__job *j, int64_t at_ms) {
  j->timer = mj__timers_add(&c->timers, at_ms, j->id);
  /* no memory for the entry: at once is better than never */
  if (!j->timer && j->kind != MJ__TIMER && j->kind != MJ__WRITE) {
    mj__enqueue(c, j, mj__queue_of(j));
    if (j->state == MJ__UNKNOWN)
      c->wondering = 1;
  }
}

void mj__disarm(struct mj__job *j) {
  j->timer = 0;
}
