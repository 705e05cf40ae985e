/* SPDX-License-Identifier: MIT
   timer.c - the binary heap of timer.h. */
#include "timer.h"

void mj__timers_init(struct mj__timers *t, const struct mj__mem *m) {
  t->mem = *m;
  t->heap = NULL;
  t->n = t->cap = 0;
  t->seq = 0;
}

void mj__timers_free(struct mj__timers *t) {
  mj__free(&t->mem, t->heap);
  t->heap = NULL;
  t->n = t->cap = 0;
}

static int before(const struct mj__due *a, const struct mj__due *b) {
  return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->seq < b->seq;
}

int mj__timers_reserve(struct mj__timers *t, size_t n) {
  size_t cap = t->cap ? t->cap : 64;
  struct mj__due *p;
  while (cap < t->n + n)
    cap *= 2;
  if (cap == t->cap)
    return MJ_OK;
  p = mj__realloc(&t->mem, t->heap, t->cap * sizeof *p, cap * sizeof *p);
  if (!p)
    return MJ_ERESOURCE;
  t->heap = p;
  t->cap = cap;
  return MJ_OK;
}

uint64_t mj__timers_add(struct mj__timers *t, int64_t at_ms, mj_id id) {
  struct mj__due d;
  size_t i;
  if (t->n == t->cap && mj__timers_reserve(t, 1) != MJ_OK)
    return 0;
  d.at_ms = at_ms;
  d.seq = ++t->seq;
  d.id = id;
  for (i = t->n++; i > 0; i = (i - 1) / 2) {
    struct mj__due *up = &t->heap[(i - 1) / 2];
    if (!before(&d, up))
      break;
    t->heap[i] = *up;
  }
  t->heap[i] = d;
  return d.seq;
}

const struct mj__due *mj__timers_peek(const struct mj__timers *t) {
  return t->n ? &t->heap[0] : NULL;
}

void mj__timers_pop(struct mj__timers *t) {
  struct mj__due last;
  size_t i = 0, kid;
  if (t->n == 0)
    return;
  last = t->heap[--t->n];
  while ((kid = 2 * i + 1) < t->n) {
    if (kid + 1 < t->n && before(&t->heap[kid + 1], &t->heap[kid]))
      kid++;
    if (!before(&t->heap[kid], &last))
      break;
    t->heap[i] = t->heap[kid];
    i = kid;
  }
  t->heap[i] = last;
}
