/* SPDX-License-Identifier: MIT
   store_table.c - a whole journal in memory: what a test, or a host that wants
   no file, asks instead of one on disk. */
#include "store_record.h"
#include "job.h"
#include "os.h"
#include "os_private.h"

#include <stdlib.h>
#include <string.h>

struct entry { /* with its texts behind it */
  struct mj__record r;
};

struct run {
  struct run *older;
  struct mj__run r;
};

struct saved {
  struct saved *next;
  struct mj__saved f;
};

struct old { /* the sum of a row that was forgotten */
  struct old *next;
  struct mj__sum s;
};

struct table {
  mj__store base;
  struct mj__mem mem;
  struct mj__keys keys;
  struct entry **rows; /* in the order of their first records */
  size_t n, cap;
  size_t *slots; /* open addressing by token: index + 1, 0 = free */
  size_t nslots;
  struct run *runs;
  struct saved *files;
  struct old *old;
  uint64_t number;
};

static size_t slot(const struct table *t, const char *token) {
  size_t h = 5381, i;
  const char *p;
  for (p = token; *p; p++)
    h = h * 33 ^ (unsigned char)*p;
  for (i = h & (t->nslots - 1); t->slots[i]; i = (i + 1) & (t->nslots - 1))
    if (strcmp(t->rows[t->slots[i] - 1]->r.token, token) == 0)
      break;
  return i;
}

/* After rows went, or moved. */
static void index_again(struct table *t) {
  size_t i;
  memset(t->slots, 0, t->nslots * sizeof *t->slots);
  for (i = 0; i < t->n; i++)
    t->slots[slot(t, t->rows[i]->r.token)] = i + 1;
}

static int grow(struct table *t) {
  size_t cap = t->cap ? t->cap * 2 : 64;
  struct entry **rows;
  size_t *slots;
  if (t->n < t->cap)
    return MJ_OK;
  slots = mj__alloc(&t->mem, cap * 2 * sizeof *slots);
  rows = slots ? mj__realloc(&t->mem, t->rows, t->cap * sizeof *rows,
                             cap * sizeof *rows)
               : NULL;
  if (!rows) {
    mj__free(&t->mem, slots);
    return MJ_ERESOURCE;
  }
  mj__free(&t->mem, t->slots);
  t->rows = rows;
  t->cap = cap;
  t->slots = slots;
  t->nslots = cap * 2;
  index_again(t);
  return MJ_OK;
}

/* What is said replaces what was. */
static struct mj__record merged(struct mj__record r,
                                const struct mj__record *old) {
  r.state = r.state ? r.state : old->state;
  r.attempt = r.attempt ? r.attempt : old->attempt;
  r.op = r.op ? r.op : old->op;
  r.error = r.error ? r.error : old->error;
  r.created_ms = r.created_ms ? r.created_ms : old->created_ms;
  r.sent_ms = r.sent_ms ? r.sent_ms : old->sent_ms;
  r.price = r.price ? r.price : old->price;
  if (!r.body) {
    r.body = old->body;
    r.body_len = old->body_len;
  }
  if (!r.result) {
    r.result = old->result;
    r.result_len = old->result_len;
  }
#define X(name) r.name = r.name ? r.name : old->name;
  MJ__RECORD_TEXTS(X)
#undef X
  return r;
}

static struct entry *entry_new(struct table *t, const struct mj__record *r) {
  struct entry *e = mj__alloc(&t->mem, sizeof *e + mj__record_packed(r));
  char *to;
  if (!e)
    return NULL;
  e->r = *r;
  to = (char *)(e + 1);
  mj__record_pack(&e->r, &to);
  return e;
}

static int put(mj__store *base, const struct mj__record *r, uint64_t *number) {
  struct table *t = (struct table *)base;
  struct mj__record new = *r;
  struct entry *e;
  size_t at;
  int rc = mj__record_check(&new);
  if (rc)
    return rc;
  *number = t->number;
  if (!r->token)
    return MJ_OK;
  if (grow(t) != MJ_OK || mj__keys_take(&t->keys, r))
    return MJ_ERESOURCE;
  at = slot(t, r->token);
  if (t->slots[at])
    new = merged(new, &t->rows[t->slots[at] - 1]->r);
  else if (new.created_ms == 0)
    new.created_ms = new.changed_ms;
  e = entry_new(t, &new);
  if (!e)
    return MJ_ERESOURCE;
  if (t->slots[at]) {
    mj__free(&t->mem, t->rows[t->slots[at] - 1]);
    t->rows[t->slots[at] - 1] = e;
  } else {
    t->rows[t->n] = e;
    t->slots[at] = ++t->n;
  }
  *number = ++t->number;
  return MJ_OK;
}

static uint64_t durable(mj__store *base) {
  return ((struct table *)base)->number;
}

static int failed(mj__store *base, mj_error *err) {
  (void)base;
  (void)err;
  return MJ_OK;
}

static int flush(mj__store *base, int64_t timeout_ms) {
  (void)base;
  (void)timeout_ms;
  return MJ_OK;
}

/* As a reader sees it: text taken back is none. */
static struct mj__record shown(const struct entry *e) {
  struct mj__record r = e->r;
  r.job = 0;
#define X(name) r.name = r.name && *r.name ? r.name : NULL;
  MJ__RECORD_TEXTS(X)
#undef X
  return r;
}

static struct mj__sum sum_of(const struct mj__record *r) {
  struct mj__sum s = {r->gateway, r->budget, r->run, r->what, r->mode,
                      0,          0,         0,      0,       0};
  if (!s.what)
    s.what = mj_op_name((mj_op)r->op);
  s.state = r->state;
  s.day = r->sent_ms / 86400000;
  s.count = 1;
  s.priced = r->price != 0;
  s.amount = r->price > 0 ? r->price : 0;
  return s;
}

static int has_sum(const struct mj__record *r) {
  return r->sent_ms > 0 || r->price > 0;
}

static int each(mj__store *base, int open, mj__row_fn fn, void *ud,
                mj_error *err) {
  struct table *t = (struct table *)base;
  size_t i;
  int rc = MJ_OK;
  (void)err;
  for (i = 0; i < t->n && rc == MJ_OK; i++) {
    struct mj__record r = shown(t->rows[i]);
    if (!open || !mj__settled_state(r.state))
      rc = fn(ud, &r);
  }
  return rc;
}

static int load(mj__store *base, mj__row_fn fn, void *ud, mj_error *err) {
  return each(base, 1, fn, ud, err);
}

static int same(const char *a, const char *b) {
  return strcmp(a ? a : "", b ? b : "") == 0;
}

static int matches(const struct mj__record *r, const struct mj__find *f) {
  if (f->token)
    return same(r->token, f->token);
  if (f->key)
    return *f->key && same(r->key, f->key) && same(r->scope, f->scope);
  return f->task_id && *f->task_id && same(r->task_id, f->task_id) &&
         (!f->gateway || same(r->gateway, f->gateway));
}

static int find(mj__store *base, const struct mj__find *f, struct mj__arena *a,
                struct mj__record *out, mj_error *err) {
  struct table *t = (struct table *)base;
  size_t i;
  char *to;
  (void)err;
  for (i = t->n; i > 0 && !matches(&t->rows[i - 1]->r, f); i--)
    ;
  if (i == 0)
    return MJ_ENOT_FOUND;
  *out = shown(t->rows[i - 1]);
  if (!f->body) {
    out->body = NULL;
    out->body_len = 0;
  }
  to = mj__arena_alloc(a, mj__record_packed(out));
  if (!to)
    return MJ_ERESOURCE;
  mj__record_pack(out, &to);
  return MJ_OK;
}

static int known(mj__store *base, const char *scope, const char *key) {
  return mj__keys_has(&((struct table *)base)->keys, scope, key);
}

static int newest(mj__store *base, const char *scope, const char *prefix,
                  long *n, int64_t *created_ms, mj_error *err) {
  struct table *t = (struct table *)base;
  size_t i, len = strlen(prefix);
  long after = *n;
  (void)err;
  *created_ms = 0;
  for (i = 0; i < t->n; i++) {
    const struct mj__record *r = &t->rows[i]->r;
    long k;
    if (!r->key || strncmp(r->key, prefix, len) != 0 || !same(r->scope, scope))
      continue;
    k = strtol(r->key + len, NULL, 10);
    if (k > after && (r->created_ms > *created_ms ||
                      (r->created_ms == *created_ms && k > *n))) {
      *created_ms = r->created_ms;
      *n = k;
    }
  }
  return MJ_OK;
}

static struct run *run_of(struct table *t, const char *id) {
  struct run *r = t->runs;
  while (r && strcmp(r->r.id, id) != 0)
    r = r->older;
  return r;
}

static int run_begin(mj__store *base, const struct mj__run *r,
                     uint64_t *number) {
  struct table *t = (struct table *)base;
  struct run *new;
  char *to;
  if (!r->id || !*r->id)
    return MJ_EINVALID;
  new = run_of(t, r->id);
  if (new) { /* begun again */
    const char *id = new->r.id, *script = new->r.script;
    new->r = *r;
    new->r.id = id;
    new->r.script = script;
  } else {
    new = mj__alloc(&t->mem,
                    sizeof *new + mj__packed(r->id) + mj__packed(r->script));
    if (!new)
      return MJ_ERESOURCE;
    new->r = *r;
    to = (char *)(new + 1);
    new->r.id = mj__pack(&to, r->id);
    new->r.script = mj__pack(&to, r->script);
    new->older = t->runs;
    t->runs = new;
  }
  if (new->r.started_ms == 0)
    new->r.started_ms = mj__os_wall_ms();
  if (new->r.pid == 0)
    new->r.pid = mj__os_pid();
  *number = ++t->number;
  return MJ_OK;
}

static int run_end(mj__store *base, const char *id, int clean, int64_t ended_ms,
                   uint64_t *number) {
  struct table *t = (struct table *)base;
  struct run *r = run_of(t, id);
  if (r) {
    r->r.clean = clean != 0;
    r->r.ended_ms = ended_ms ? ended_ms : mj__os_wall_ms();
  }
  *number = ++t->number;
  return MJ_OK;
}

static int run_last(mj__store *base, const char *script, struct mj__arena *a,
                    struct mj__run *out, mj_error *err) {
  const struct run *r = ((struct table *)base)->runs;
  (void)err;
  while (r && !(r->r.script && strcmp(r->r.script, script) == 0))
    r = r->older;
  if (!r)
    return MJ_ENOT_FOUND;
  *out = r->r;
  out->id = mj__arena_strndup(a, r->r.id, strlen(r->r.id));
  out->script = mj__arena_strndup(a, script, strlen(script));
  return out->id && out->script ? MJ_OK : MJ_ERESOURCE;
}

/* Where the file stands, or would: sorted by token and number. */
static struct saved **place(struct table *t, const char *token, int n) {
  struct saved **p = &t->files;
  int c = 1;
  for (; *p; p = &(*p)->next) {
    c = strcmp((*p)->f.token, token);
    if (c > 0 || (c == 0 && (*p)->f.n >= n))
      break;
  }
  return p;
}

static int file_put(mj__store *base, const struct mj__saved *f,
                    uint64_t *number) {
  struct table *t = (struct table *)base;
  struct saved *new, **at, *old;
  char *to;
  if (!f->token || !f->path)
    return MJ_EINVALID;
  if (mj__keys_add(&t->keys, MJ__SCOPE_FILES, f->token))
    return MJ_ERESOURCE;
  new = mj__alloc(&t->mem, sizeof *new + mj__packed(f->token) +
                               mj__packed(f->path) + mj__packed(f->sha256));
  if (!new)
    return MJ_ERESOURCE;
  to = (char *)(new + 1);
  new->f = *f;
  new->f.token = mj__pack(&to, f->token);
  new->f.path = mj__pack(&to, f->path);
  new->f.sha256 = mj__pack(&to, f->sha256);
  at = place(t, f->token, f->n);
  old = *at;
  if (old && old->f.n == f->n && strcmp(old->f.token, f->token) == 0) {
    new->next = old->next;
    mj__free(&t->mem, old);
  } else {
    new->next = old;
  }
  *at = new;
  *number = ++t->number;
  return MJ_OK;
}

static int files(mj__store *base, const char *token, mj__saved_fn fn, void *ud,
                 mj_error *err) {
  const struct saved *f;
  int rc = MJ_OK;
  (void)err;
  for (f = ((struct table *)base)->files; f && rc == MJ_OK; f = f->next)
    if (!token || strcmp(f->f.token, token) == 0)
      rc = fn(ud, &f->f);
  return rc;
}

/* Nothing reads the trail but people with a shell. */
static int event(mj__store *base, const char *token, const char *kind,
                 const char *detail, int64_t wall_ms, uint64_t *number) {
  struct table *t = (struct table *)base;
  (void)token;
  (void)detail;
  (void)wall_ms;
  if (!kind)
    return MJ_EINVALID;
  *number = ++t->number;
  return MJ_OK;
}

static void drop_files(struct table *t, const char *token) {
  struct saved **p = &t->files;
  while (*p) {
    struct saved *f = *p;
    if (token && strcmp(f->f.token, token) != 0) {
      p = &f->next;
      continue;
    }
    *p = f->next;
    mj__free(&t->mem, f);
  }
}

/* Of this one the next start wants to know. */
static int is_open(const struct table *t, const char *id) {
  const struct run *r, *of;
  for (of = t->runs; of && strcmp(of->r.id, id) != 0; of = of->older)
    ;
  if (!of || of->r.clean)
    return 0;
  for (r = t->runs; r != of; r = r->older)
    if (same(r->r.script, of->r.script))
      return 0; /* a newer one took its place */
  return 1;
}

static int has_rows(const struct table *t, const char *run) {
  size_t i;
  for (i = 0; i < t->n; i++)
    if (same(t->rows[i]->r.run, run))
      return 1;
  return 0;
}

static void forget_runs(struct table *t, int64_t before_ms) {
  struct run **p = &t->runs;
  while (*p) {
    struct run *r = *p;
    if (r->r.started_ms >= before_ms || is_open(t, r->r.id) ||
        has_rows(t, r->r.id)) {
      p = &r->older;
      continue;
    }
    *p = r->older;
    mj__free(&t->mem, r);
  }
}

static int sums(mj__store *base, mj__sum_fn fn, void *ud, mj_error *err) {
  struct table *t = (struct table *)base;
  const struct old *o;
  size_t i;
  int rc = MJ_OK;
  (void)err;
  for (i = 0; i < t->n && rc == MJ_OK; i++) {
    struct mj__record r = shown(t->rows[i]);
    struct mj__sum s = sum_of(&r);
    if (has_sum(&r))
      rc = fn(ud, &s);
  }
  for (o = t->old; o && rc == MJ_OK; o = o->next)
    rc = fn(ud, &o->s);
  return rc;
}

/* Without memory the row stays. */
static int keep_sum(struct table *t, const struct entry *e) {
  struct mj__record r = shown(e);
  struct mj__sum s = sum_of(&r);
  struct old *o;
  char *to;
  if (!has_sum(&r))
    return MJ_OK;
  o = mj__alloc(&t->mem, sizeof *o + mj__packed(s.gateway) +
                             mj__packed(s.budget) + mj__packed(s.run) +
                             mj__packed(s.what) + mj__packed(s.mode));
  if (!o)
    return MJ_ERESOURCE;
  to = (char *)(o + 1);
  o->s = s;
  o->s.gateway = mj__pack(&to, s.gateway);
  o->s.budget = mj__pack(&to, s.budget);
  o->s.run = mj__pack(&to, s.run);
  o->s.what = mj__pack(&to, s.what);
  o->s.mode = mj__pack(&to, s.mode);
  o->next = t->old;
  t->old = o;
  return MJ_OK;
}

static int forget(mj__store *base, int64_t before_ms, uint64_t *number) {
  struct table *t = (struct table *)base;
  size_t i, n = 0;
  for (i = 0; i < t->n; i++) {
    struct mj__record *r = &t->rows[i]->r;
    int old = mj__settled_state(r->state) && r->changed_ms < before_ms;
    int mine = r->key && *r->key &&
               !(r->scope && r->run && strcmp(r->scope, r->run) == 0);
    if (old && mine) {
      r->body = NULL;
      r->body_len = 0;
    }
    if (mine || !old || (r->run && is_open(t, r->run)) ||
        keep_sum(t, t->rows[i])) {
      t->rows[n++] = t->rows[i];
      continue;
    }
    drop_files(t, r->token);
    mj__free(&t->mem, t->rows[i]);
  }
  t->n = n;
  if (t->nslots)
    index_again(t);
  forget_runs(t, before_ms);
  *number = ++t->number;
  return MJ_OK;
}

static void table_free(mj__store *base) {
  struct table *t = (struct table *)base;
  size_t i;
  for (i = 0; i < t->n; i++)
    mj__free(&t->mem, t->rows[i]);
  while (t->runs) {
    struct run *r = t->runs;
    t->runs = r->older;
    mj__free(&t->mem, r);
  }
  while (t->old) {
    struct old *o = t->old;
    t->old = o->next;
    mj__free(&t->mem, o);
  }
  drop_files(t, NULL);
  mj__keys_free(&t->keys);
  mj__free(&t->mem, t->rows);
  mj__free(&t->mem, t->slots);
  mj__free(&t->mem, t);
}

static const struct mj__store_ops ops = {
    put,      durable,  table_free, failed, flush,     load,
    each,     find,     known,      newest, run_begin, run_end,
    run_last, file_put, files,      event,  forget,    sums};

int mj__store_table(mj__store **out, const struct mj__mem *m) {
  struct table *t = mj__alloc(m, sizeof *t);
  *out = NULL;
  if (!t)
    return MJ_ERESOURCE;
  t->base.ops = &ops;
  t->mem = *m;
  mj__keys_init(&t->keys, m);
  *out = &t->base;
  return MJ_OK;
}
