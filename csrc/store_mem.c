/* SPDX-License-Identifier: MIT
   store_mem.c - the store for clients without a journal.  It keeps the newest
   state of each job that has not ended, so that the same questions can be put
   to it as to a journal on disk. */
#include "store.h"
#include "job.h"

#include <string.h>

struct row {
  mj_id job;
  int state, attempt;
};

struct store_mem {
  mj__store base;
  struct mj__mem mem;
  struct row *rows; /* open addressing, job 0 = free */
  size_t n, cap;
  uint64_t number;
};

static size_t slot(const struct store_mem *s, mj_id job) {
  size_t i = (size_t)(job * 0x9e3779b97f4a7c15u >> 20) & (s->cap - 1);
  while (s->rows[i].job && s->rows[i].job != job)
    i = (i + 1) & (s->cap - 1);
  return i;
}

static int grow(struct store_mem *s) {
  struct row *old = s->rows;
  size_t i, n = s->cap, cap = n ? n * 2 : 64;
  struct row *rows = mj__alloc(&s->mem, cap * sizeof *rows);
  if (!rows)
    return MJ_ERESOURCE;
  s->rows = rows;
  s->cap = cap;
  for (i = 0; i < n; i++)
    if (old[i].job)
      s->rows[slot(s, old[i].job)] = old[i];
  mj__free(&s->mem, old);
  return MJ_OK;
}

/* Deletes without tombstones: what was pushed past the hole moves back. */
static void drop(struct store_mem *s, size_t i) {
  s->rows[i].job = 0;
  s->n--;
  for (i = (i + 1) & (s->cap - 1); s->rows[i].job; i = (i + 1) & (s->cap - 1)) {
    struct row moved = s->rows[i];
    s->rows[i].job = 0;
    s->rows[slot(s, moved.job)] = moved;
  }
}

static int mem_put(mj__store *base, const struct mj__record *r,
                   uint64_t *number) {
  struct store_mem *s = (struct store_mem *)base;
  size_t i;
  if (s->n * 4 >= s->cap * 3 && grow(s) != MJ_OK)
    return MJ_ERESOURCE;
  i = slot(s, r->job);
  if (!s->rows[i].job) {
    s->rows[i].job = r->job;
    s->n++;
  }
  s->rows[i].state = r->state;
  s->rows[i].attempt = r->attempt;
  if (mj__state_final((enum mj__state)r->state))
    drop(s, i);
  *number = ++s->number;
  return MJ_OK;
}

static uint64_t mem_durable(mj__store *base) {
  return ((struct store_mem *)base)->number;
}

static void mem_free(mj__store *base) {
  struct store_mem *s = (struct store_mem *)base;
  mj__free(&s->mem, s->rows);
  mj__free(&s->mem, s);
}

static const struct mj__store_ops ops = {mem_put, mem_durable, mem_free};

int mj__store_mem(mj__store **out, const struct mj__mem *m) {
  struct store_mem *s = mj__alloc(m, sizeof *s);
  *out = NULL;
  if (!s)
    return MJ_ERESOURCE;
  s->base.ops = &ops;
  s->mem = *m;
  *out = &s->base;
  return MJ_OK;
}
