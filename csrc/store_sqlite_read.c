/* SPDX-License-Identifier: MIT
   store_sqlite_read.c - what the journal answers.  On the caller's thread,
   between two commits of the writer's. */
#include "store_sqlite_int.h"
#include "err.h"
#include "job.h"
#include "sha256.h"

#include <string.h>

#define NAME(x) ",t." #x
#define SELECT                                                                 \
  "SELECT t.token,t.state,t.op,t.attempt,t.error,t.created_ms,t.sent_ms,"      \
  "t.changed_ms,s.data,t.body,t.body_sha,t.price,"
#define TEXTS     MJ__RECORD_TEXTS(NAME)
#define FROM      " FROM task t LEFT JOIN result s ON s.seq=t.seq "
#define WITH_BODY "b.data" TEXTS FROM "LEFT JOIN body b ON b.sha256=t.body_sha "
#define NO_BODY   "NULL" TEXTS FROM
#define NEWEST    " ORDER BY t.seq DESC LIMIT 1"
#define BY_KEY    "WHERE t.key=?1 AND coalesce(t.scope,'')=?2"
#define BY_ID     "WHERE t.task_id=?1 AND (?2 IS NULL OR t.gateway=?2)"

/* Empty text is text taken back. */
static const char *text(sqlite3_stmt *st, int i) {
  const char *s = (const char *)sqlite3_column_text(st, i);
  return s && *s ? s : NULL;
}

static int op_named(const char *name) {
  int i;
  for (i = 1; name && mj_op_name((mj_op)i); i++)
    if (strcmp(mj_op_name((mj_op)i), name) == 0)
      return i;
  return 0;
}

/* Who changed the journal by hand gets the state in which nothing is sent. */
static int state_of(const char *name) {
  int state = name ? mj__state_named(name) : -1;
  return state < 0 ? MJ__UNKNOWN : state;
}

static int bytes(sqlite3_stmt *st, int i, const char **p, size_t *n) {
  *p = sqlite3_column_blob(st, i);
  *n = (size_t)sqlite3_column_bytes(st, i);
  if (!*p && sqlite3_column_type(st, i) != SQLITE_NULL)
    *p = ""; /* an empty blob has no address */
  return *p != NULL;
}

static int has_body(sqlite3_stmt *st, struct mj__record *r) {
  unsigned char sha[32];
  const char *want;
  size_t n;
  if (bytes(st, 9, &r->body, &r->body_len) || !bytes(st, 10, &want, &n))
    return 1; /* in the row, or there is none */
  return bytes(st, 12, &r->body, &r->body_len) && n == sizeof sha &&
         mj__sha256(r->body, r->body_len, sha) == 0 &&
         memcmp(sha, want, sizeof sha) == 0;
}

/* 0, or -1: its body is not the one that was put. */
static int row(sqlite3_stmt *st, int with_body, struct mj__record *out) {
  struct mj__record r;
  int i = 13;
  memset(&r, 0, sizeof r);
  r.token = text(st, 0);
  r.state = state_of(text(st, 1));
  r.op = op_named(text(st, 2));
  r.attempt = sqlite3_column_int(st, 3);
  r.error = sqlite3_column_int(st, 4);
  r.created_ms = sqlite3_column_int64(st, 5);
  r.sent_ms = sqlite3_column_int64(st, 6);
  r.changed_ms = sqlite3_column_int64(st, 7);
  r.price = sqlite3_column_int64(st, 11);
  if (r.price == 0 && sqlite3_column_type(st, 11) != SQLITE_NULL)
    r.price = MJ__PRICE_NONE;
  (void)bytes(st, 8, &r.result, &r.result_len);
#define X(name) r.name = text(st, i++);
  MJ__RECORD_TEXTS(X)
#undef X
  i = with_body && !has_body(st, &r) ? -1 : 0;
  *out = r;
  return i;
}

static int broken(struct mj__sqlite *s, const char *what, mj_error *err) {
  return mj__err_set(err, MJ_EJOURNAL, "journal %.160s: %s", s->path, what);
}

static void leave(struct mj__sqlite *s) {
  if (s->started)
    (void)pthread_mutex_unlock(&s->db_lock);
}

/* A read that missed what is queued would lie. */
static int enter(struct mj__sqlite *s, const char *sql, unsigned flags,
                 sqlite3_stmt **st, mj_error *err) {
  int rc = MJ_OK;
  if (s->started)
    rc = mj__sqlite_flush(s, -1);
  if (rc) {
    (void)mj__sqlite_failed(s, err);
    return rc;
  }
  if (s->started)
    (void)pthread_mutex_lock(&s->db_lock);
  if (*st || sqlite3_prepare_v3(s->db, sql, -1, flags, st, NULL) == SQLITE_OK)
    return MJ_OK;
  rc = mj__sqlite_error(s->db, s->path, "read it", err);
  leave(s);
  return rc;
}

static int begin(struct mj__sqlite *s, const char *sql, sqlite3_stmt **st,
                 mj_error *err) {
  *st = NULL;
  return enter(s, sql, 0, st, err);
}

/* `rc`: what the reader found; `step`: what SQLite said last. */
static int judge(struct mj__sqlite *s, int step, int rc, mj_error *err) {
  if (step != SQLITE_DONE && step != SQLITE_ROW)
    rc = mj__sqlite_error(s->db, s->path, "read it", err);
  return rc;
}

static int end(struct mj__sqlite *s, sqlite3_stmt *st, int step, int rc,
               mj_error *err) {
  rc = judge(s, step, rc, err);
  (void)sqlite3_finalize(st);
  leave(s);
  return rc;
}

/* A column that found no memory reads as NULL. */
static int starved(struct mj__sqlite *s) {
  return sqlite3_errcode(s->db) == SQLITE_NOMEM;
}

static int round_of(struct mj__sqlite *s, const char *sql, int bodies,
                    mj__row_fn fn, void *ud, mj_error *err) {
  struct mj__record r;
  sqlite3_stmt *st;
  int step = SQLITE_DONE, rc = begin(s, sql, &st, err);
  if (rc)
    return rc;
  while (rc == MJ_OK && (step = sqlite3_step(st)) == SQLITE_ROW) {
    int bad = row(st, bodies, &r);
    if (starved(s))
      rc = mj__err_nomem(err);
    else
      rc = bad ? broken(s, "a request in it is damaged", err) : fn(ud, &r);
  }
  return end(s, st, step, rc, err);
}

int mj__sqlite_load(mj__store *base, mj__row_fn fn, void *ud, mj_error *err) {
  return round_of((struct mj__sqlite *)base,
                  SELECT WITH_BODY "WHERE t.final=0 ORDER BY t.seq", 1, fn, ud,
                  err);
}

int mj__sqlite_each(mj__store *base, int open, mj__row_fn fn, void *ud,
                    mj_error *err) {
  return round_of((struct mj__sqlite *)base,
                  open ? SELECT NO_BODY "WHERE t.final=0 ORDER BY t.seq"
                       : SELECT NO_BODY "ORDER BY t.seq",
                  0, fn, ud, err);
}

static int keep(struct mj__record *r, struct mj__arena *a) {
  char *to = mj__arena_alloc(a, mj__record_packed(r));
  if (!to)
    return MJ_ERESOURCE;
  mj__record_pack(r, &to);
  return MJ_OK;
}

static const char *const finds[MJ__SQLITE_FINDS] = {
    SELECT NO_BODY "WHERE t.token=?1", SELECT WITH_BODY "WHERE t.token=?1",
    SELECT NO_BODY BY_KEY NEWEST,      SELECT WITH_BODY BY_KEY NEWEST,
    SELECT NO_BODY BY_ID NEWEST,       SELECT WITH_BODY BY_ID NEWEST};

/* Which of them. */
static int query(const struct mj__find *f, const char **one, const char **two) {
  int body = f->body ? 1 : 0;
  *two = NULL;
  if (f->token) {
    *one = f->token;
    return body;
  }
  if (f->key) {
    *one = f->key;
    *two = f->scope ? f->scope : "";
    return 2 + body;
  }
  *one = f->task_id;
  *two = f->gateway;
  return 4 + body;
}

int mj__sqlite_find(mj__store *base, const struct mj__find *f,
                    struct mj__arena *a, struct mj__record *out,
                    mj_error *err) {
  struct mj__sqlite *s = (struct mj__sqlite *)base;
  const char *one, *two;
  int step, bad, rc, i = query(f, &one, &two);
  sqlite3_stmt *st;
  if (!one || !*one)
    return MJ_ENOT_FOUND;
  /* compiled once: ten thousand may follow */
  rc = enter(s, finds[i], SQLITE_PREPARE_PERSISTENT, &s->finds[i], err);
  if (rc)
    return rc;
  st = s->finds[i];
  (void)sqlite3_bind_text(st, 1, one, -1, SQLITE_STATIC);
  if (two)
    (void)sqlite3_bind_text(st, 2, two, -1, SQLITE_STATIC);
  step = sqlite3_step(st);
  rc = MJ_ENOT_FOUND;
  if (step == SQLITE_ROW) {
    bad = row(st, f->body, out);
    if (starved(s))
      rc = mj__err_nomem(err);
    else if (bad)
      rc = broken(s, "a request in it is damaged", err);
    else
      rc = keep(out, a) == MJ_OK ? MJ_OK : mj__err_nomem(err);
  }
  rc = judge(s, step, rc, err);
  (void)sqlite3_reset(st);
  (void)sqlite3_clear_bindings(st); /* they point to what is the caller's */
  leave(s);
  return rc;
}

int mj__sqlite_run_last(mj__store *base, const char *script,
                        struct mj__arena *a, struct mj__run *out,
                        mj_error *err) {
  struct mj__sqlite *s = (struct mj__sqlite *)base;
  sqlite3_stmt *st;
  int step,
      rc = begin(s,
                 "SELECT id,script,started_ms,ended_ms,pid,clean FROM run "
                 "WHERE script=?1 ORDER BY seq DESC LIMIT 1",
                 &st, err);
  if (rc)
    return rc;
  (void)sqlite3_bind_text(st, 1, script, -1, SQLITE_STATIC);
  step = sqlite3_step(st);
  rc = MJ_ENOT_FOUND;
  if (step == SQLITE_ROW) {
    const char *id = text(st, 0), *name = text(st, 1);
    memset(out, 0, sizeof *out);
    out->started_ms = sqlite3_column_int64(st, 2);
    out->ended_ms = sqlite3_column_int64(st, 3);
    out->pid = (long)sqlite3_column_int64(st, 4);
    out->clean = sqlite3_column_int(st, 5);
    if (id && name) {
      out->id = mj__arena_strndup(a, id, strlen(id));
      out->script = mj__arena_strndup(a, name, strlen(name));
    }
    rc = out->id && out->script ? MJ_OK : mj__err_nomem(err);
  }
  return end(s, st, step, rc, err);
}

int mj__sqlite_files(mj__store *base, const char *token, mj__saved_fn fn,
                     void *ud, mj_error *err) {
  struct mj__sqlite *s = (struct mj__sqlite *)base;
  sqlite3_stmt *st;
  int step = SQLITE_DONE;
  int rc = begin(s,
                 token ? "SELECT n,path,bytes,sha256,token FROM file "
                         "WHERE token=?1 ORDER BY n"
                       : "SELECT n,path,bytes,sha256,token FROM file "
                         "ORDER BY token,n",
                 &st, err);
  if (rc)
    return rc;
  if (token)
    (void)sqlite3_bind_text(st, 1, token, -1, SQLITE_STATIC);
  while (rc == MJ_OK && (step = sqlite3_step(st)) == SQLITE_ROW) {
    struct mj__saved f = {text(st, 4), sqlite3_column_int(st, 0), text(st, 1),
                          sqlite3_column_int64(st, 2), text(st, 3)};
    rc = starved(s) || !f.path || !f.token ? mj__err_nomem(err) : fn(ud, &f);
  }
  return end(s, st, step, rc, err);
}

/* Texts that begin with "x." lie between it and "x/". */
int mj__sqlite_newest(mj__store *base, const char *scope, const char *prefix,
                      long *n, int64_t *created_ms, mj_error *err) {
  struct mj__sqlite *s = (struct mj__sqlite *)base;
  sqlite3_stmt *st;
  int step, rc = begin(s,
                       "SELECT created_ms,"
                       "CAST(substr(key,length(?1)+1) AS INTEGER) AS n "
                       "FROM task WHERE key>?1 AND "
                       "key<substr(?1,1,length(?1)-1)||'/' AND scope=?2 AND "
                       "n>?3 ORDER BY created_ms DESC,n DESC LIMIT 1",
                       &st, err);
  *created_ms = 0;
  if (rc)
    return rc;
  (void)sqlite3_bind_text(st, 1, prefix, -1, SQLITE_STATIC);
  (void)sqlite3_bind_text(st, 2, scope, -1, SQLITE_STATIC);
  (void)sqlite3_bind_int64(st, 3, *n);
  step = sqlite3_step(st);
  if (step == SQLITE_ROW) {
    *created_ms = sqlite3_column_int64(st, 0);
    *n = (long)sqlite3_column_int64(st, 1);
  }
  return end(s, st, step, MJ_OK, err);
}

static int saved_keys(struct mj__sqlite *s, mj_error *err) {
  sqlite3_stmt *st;
  int step = SQLITE_DONE;
  int rc = begin(s, "SELECT DISTINCT token FROM file", &st, err);
  if (rc)
    return rc;
  while (rc == MJ_OK && (step = sqlite3_step(st)) == SQLITE_ROW) {
    const char *token = text(st, 0);
    if (starved(s) || !token ||
        mj__keys_add(&s->keys, MJ__SCOPE_FILES, token) != MJ_OK)
      rc = mj__err_nomem(err);
  }
  return end(s, st, step, rc, err);
}

int mj__sqlite_sums(mj__store *base, mj__sum_fn fn, void *ud, mj_error *err) {
  struct mj__sqlite *s = (struct mj__sqlite *)base;
  sqlite3_stmt *st;
  int step = SQLITE_DONE;
  int rc = begin(s,
                 MJ__SUMS("1") " UNION ALL SELECT gateway,budget,run,what,mode,"
                               "state,day,count,priced,amount FROM past",
                 &st, err);
  if (rc)
    return rc;
  while (rc == MJ_OK && (step = sqlite3_step(st)) == SQLITE_ROW) {
    struct mj__sum m = {.gateway = text(st, 0),
                        .budget = text(st, 1),
                        .run = text(st, 2),
                        .what = text(st, 3),
                        .mode = text(st, 4),
                        .state = state_of(text(st, 5))};
    m.day = sqlite3_column_int64(st, 6);
    m.count = sqlite3_column_int64(st, 7);
    m.priced = sqlite3_column_int64(st, 8);
    m.amount = sqlite3_column_int64(st, 9);
    rc = starved(s) ? mj__err_nomem(err) : fn(ud, &m);
  }
  return end(s, st, step, rc, err);
}

int mj__sqlite_keys(struct mj__sqlite *s, mj_error *err) {
  sqlite3_stmt *st;
  int step = SQLITE_DONE;
  int rc = begin(s, "SELECT scope,key,token FROM task", &st, err);
  if (rc)
    return rc;
  while (rc == MJ_OK && (step = sqlite3_step(st)) == SQLITE_ROW) {
    struct mj__record r = {.scope = text(st, 0), .key = text(st, 1)};
    r.token = text(st, 2);
    if (starved(s) || mj__keys_take(&s->keys, &r) != MJ_OK)
      rc = mj__err_nomem(err);
  }
  rc = end(s, st, step, rc, err);
  return rc ? rc : saved_keys(s, err);
}
