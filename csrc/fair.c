/* SPDX-License-Identifier: MIT
   fair.c - round robin between groups; stride scheduling between classes. */
#include "fair.h"

#include <string.h>

void mj__fair_init(struct mj__fair *f, struct mj__mem *mem) {
  memset(f, 0, sizeof *f);
  f->mem = mem;
}

void mj__fair_free(struct mj__fair *f) {
  if (f->mem)
    mj__free(f->mem, f->spare);
  f->spare = NULL;
}

static struct mj__lane **bucket_of(struct mj__fair *f, uint64_t group) {
  uint64_t h = group * UINT64_C(0x9e3779b97f4a7c15);
  return &f->buckets[h >> 58];
}

static struct mj__lane *lane_of(struct mj__fair *f, uint64_t group) {
  struct mj__lane **b = bucket_of(f, group), *l;
  for (l = *b; l; l = l->chain)
    if (l->group == group)
      return l;
  l = f->spare;
  f->spare = NULL;
  if (!l)
    l = mj__alloc(f->mem, sizeof *l);
  if (!l)
    return &f->common;
  memset(l, 0, sizeof *l);
  l->group = group;
  l->chain = *b;
  *b = l;
  return l;
}

/* The newcomer waits for one of each of the others. */
static void enter(struct mj__fair *f, struct mj__lane *l) {
  if (!f->turn) {
    f->turn = l->next = l->prev = l;
    return;
  }
  l->next = f->turn;
  l->prev = f->turn->prev;
  l->prev->next = l;
  l->next->prev = l;
}

static void leave(struct mj__fair *f, struct mj__lane *l) {
  struct mj__lane **at;
  if (f->turn == l)
    f->turn = NULL; /* it went on, and there is nobody else */
  l->prev->next = l->next;
  l->next->prev = l->prev;
  if (l == &f->common)
    return;
  for (at = bucket_of(f, l->group); *at != l; at = &(*at)->chain)
    ;
  *at = l->chain;
  if (f->spare)
    mj__free(f->mem, l);
  else
    f->spare = l;
}

void mj__row_put(struct mj__job **first, struct mj__job **last,
                 struct mj__job *j) {
  j->next = NULL;
  j->prev = *last;
  if (*last)
    (*last)->next = j;
  else
    *first = j;
  *last = j;
}

void mj__row_take(struct mj__job **first, struct mj__job **last,
                  struct mj__job *j) {
  if (j->prev)
    j->prev->next = j->next;
  else
    *first = j->next;
  if (j->next)
    j->next->prev = j->prev;
  else
    *last = j->prev;
  j->next = j->prev = NULL;
}

void mj__fair_put(struct mj__fair *f, struct mj__job *j, uint64_t group) {
  struct mj__lane *l = lane_of(f, group);
  if (!l->first)
    enter(f, l);
  j->lane = l;
  mj__row_put(&l->first, &l->last, j);
}

struct mj__job *mj__fair_first(const struct mj__fair *f) {
  return f->turn ? f->turn->first : NULL;
}

void mj__fair_take(struct mj__fair *f, struct mj__job *j) {
  struct mj__lane *l = j->lane;
  if (f->turn == l)
    f->turn = l->next;
  mj__row_take(&l->first, &l->last, j);
  j->lane = NULL;
  if (!l->first)
    leave(f, l);
}

/* 66,000 by 30, 5, 55 and 10 per cent. */
static const int64_t strides[MJ__CLASSES] = {2200, 13200, 1200, 6600};

enum mj__class mj__share_pick(struct mj__shares *s, unsigned ready) {
  int i, best = -1;
  for (i = 0; i < MJ__CLASSES; i++) {
    if (!(ready & (1u << i)))
      continue;
    if (s->pass[i] < s->now) /* nothing is saved up while idle */
      s->pass[i] = s->now;
    if (best < 0 || s->pass[i] < s->pass[best])
      best = i;
  }
  if (best < 0)
    return MJ__C_OTHER;
  s->now = s->pass[best];
  s->pass[best] += strides[best];
  return (enum mj__class)best;
}
