/* SPDX-License-Identifier: MIT
   store_mem.c - the store for clients without a journal.  It keeps the newest
   state of each job that has not ended, and costs next to nothing. */
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

/* Nothing is kept that could be asked for. */
static int mem_failed(mj__store *base, mj_error *err) {
  (void)base;
  (void)err;
  return MJ_OK;
}

static int mem_flush(mj__store *base, int64_t timeout_ms) {
  (void)base;
  (void)timeout_ms;
  return MJ_OK;
}

static int mem_load(mj__store *base, mj__row_fn fn, void *ud, mj_error *err) {
  (void)base;
  (void)fn;
  (void)ud;
  (void)err;
  return MJ_OK;
}

static int mem_find(mj__store *base, const struct mj__find *f,
                    struct mj__arena *a, struct mj__record *out,
                    mj_error *err) {
  (void)base;
  (void)f;
  (void)a;
  (void)out;
  (void)err;
  return MJ_ENOT_FOUND;
}

static int mem_known(mj__store *base, const char *scope, const char *key) {
  (void)base;
  (void)scope;
  (void)key;
  return 0;
}

static int mem_newest(mj__store *base, const char *scope, const char *prefix,
                      long *n, int64_t *created_ms, mj_error *err) {
  (void)base;
  (void)scope;
  (void)prefix;
  (void)n;
  (void)err;
  *created_ms = 0;
  return MJ_OK;
}

static int counted(mj__store *base, uint64_t *number) {
  *number = ++((struct store_mem *)base)->number;
  return MJ_OK;
}

static int mem_run_begin(mj__store *base, const struct mj__run *r,
                         uint64_t *number) {
  return r->id && *r->id ? counted(base, number) : MJ_EINVALID;
}

static int mem_run_end(mj__store *base, const char *id, int clean,
                       int64_t ended_ms, uint64_t *number) {
  (void)id;
  (void)clean;
  (void)ended_ms;
  return counted(base, number);
}

static int mem_run_last(mj__store *base, const char *script,
                        struct mj__arena *a, struct mj__run *out,
                        mj_error *err) {
  (void)base;
  (void)script;
  (void)a;
  (void)out;
  (void)err;
  return MJ_ENOT_FOUND;
}

static int mem_file_put(mj__store *base, const struct mj__saved *f,
                        uint64_t *number) {
  return f->token && f->path ? counted(base, number) : MJ_EINVALID;
}

static int mem_files(mj__store *base, const char *token, mj__saved_fn fn,
                     void *ud, mj_error *err) {
  (void)base;
  (void)token;
  (void)fn;
  (void)ud;
  (void)err;
  return MJ_OK;
}

static int mem_event(mj__store *base, const char *token, const char *kind,
                     const char *detail, int64_t wall_ms, uint64_t *number) {
  (void)token;
  (void)detail;
  (void)wall_ms;
  return kind ? counted(base, number) : MJ_EINVALID;
}

static int mem_forget(mj__store *base, int64_t before_ms, uint64_t *number) {
  (void)before_ms;
  return counted(base, number);
}

static int mem_each(mj__store *base, int open, mj__row_fn fn, void *ud,
                    mj_error *err) {
  (void)open;
  return mem_load(base, fn, ud, err);
}

static int mem_sums(mj__store *base, mj__sum_fn fn, void *ud, mj_error *err) {
  (void)base;
  (void)fn;
  (void)ud;
  (void)err;
  return MJ_OK;
}

static const struct mj__store_ops ops = {
    mem_put,       mem_durable, mem_free,     mem_failed,   mem_flush,
    mem_load,      mem_each,    mem_find,     mem_known,    mem_newest,
    mem_run_begin, mem_run_end, mem_run_last, mem_file_put, mem_files,
    mem_event,     mem_forget,  mem_sums};

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
