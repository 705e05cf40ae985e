/* SPDX-License-Identifier: MIT
   store_sqlite_apply.c - a group of items becomes one transaction. */
#include "store_sqlite_int.h"
#include "job.h"
#include "sha256.h"

#include <limits.h>
#include <string.h>

#define NAME(x)    "," #x
#define SLOT(x)    ",?"
#define KEEP(x)    "," #x "=coalesce(excluded." #x "," #x ")"
#define TEXT_NAMES MJ__RECORD_TEXTS(NAME)
#define TEXT_SLOTS MJ__RECORD_TEXTS(SLOT)
#define TEXTS_KEPT MJ__RECORD_TEXTS(KEEP)

const char *const mj__sql[MJ__SQLS] = {
    [MJ__SQL_BEGIN] = "BEGIN IMMEDIATE",
    [MJ__SQL_COMMIT] = "COMMIT",
    [MJ__SQL_ROLLBACK] = "ROLLBACK",
    /* the usual change: the row is there, and little of it is touched */
    [MJ__SQL_STATE] =
        "UPDATE task SET state=coalesce(?2,state),final=coalesce(?3,final),"
        "attempt=coalesce(?4,attempt),changed_ms=?5,"
        "task_id=coalesce(?6,task_id),sent_ms=coalesce(?7,sent_ms),"
        "price=coalesce(?8,price) WHERE token=?1",
    [MJ__SQL_RECORD] =
        "INSERT INTO task(token,state,final,attempt,changed_ms,created_ms,"
        "sent_ms,op,error,body,body_sha,price" TEXT_NAMES
        ") VALUES(?1,coalesce(?2,'NEW'),coalesce(?3,0),?4,?5,coalesce(?6,?5),"
        "?7,?8,?9,?10,?11,?12" TEXT_SLOTS ") ON CONFLICT(token) DO UPDATE SET "
        "state=coalesce(?2,state),final=coalesce(?3,final),"
        "attempt=coalesce(?4,attempt),changed_ms=?5,"
        "created_ms=coalesce(?6,created_ms),sent_ms=coalesce(?7,sent_ms),"
        "op=coalesce(?8,op),error=coalesce(?9,error),"
        "price=coalesce(?12,price),"
        /* a body stands in one of two places */
        "body=CASE WHEN ?11 IS NOT NULL THEN NULL ELSE coalesce(?10,body) END,"
        "body_sha=CASE WHEN ?10 IS NOT NULL THEN NULL"
        " ELSE coalesce(?11,body_sha) END" TEXTS_KEPT,
    [MJ__SQL_RESULT] = "REPLACE INTO result(seq,data) "
                       "SELECT seq,?2 FROM task WHERE token=?1",
    [MJ__SQL_BODY] = "INSERT INTO body(sha256,data) VALUES(?1,?2) "
                     "ON CONFLICT DO NOTHING",
    [MJ__SQL_RUN] =
        "INSERT INTO run(id,script,started_ms,pid,ended_ms,clean) "
        "VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(id) DO UPDATE SET "
        "script=coalesce(?2,script),started_ms=?3,pid=?4,ended_ms=?5,clean=?6",
    [MJ__SQL_RUN_END] = "UPDATE run SET ended_ms=?2,clean=?3 WHERE id=?1",
    [MJ__SQL_FILE] =
        "INSERT INTO file(token,n,path,bytes,sha256) VALUES(?1,?2,?3,?4,?5) "
        "ON CONFLICT(token,n) DO UPDATE SET path=?3,bytes=?4,sha256=?5",
    [MJ__SQL_EVENT] =
        "INSERT INTO event(wall_ms,token,kind,detail) VALUES(?1,?2,?3,?4)",
/* Of these the next start wants to know. */
#define OPEN_RUNS                                                              \
  "(SELECT id FROM run WHERE coalesce(clean,0)=0 AND seq IN"                   \
  " (SELECT max(seq) FROM run GROUP BY script))"
#define MINE "(coalesce(key,'')<>'' AND coalesce(scope<>run,1))"
#define OLD                                                                    \
  "final<>0 AND changed_ms<?1 AND NOT " MINE                                   \
  " AND coalesce(run,'') NOT IN " OPEN_RUNS
    [MJ__SQL_FORGET_SUMS] = "INSERT INTO past(gateway,budget,run,what,mode,"
                            "state,day,count,priced,amount) " MJ__SUMS(OLD),
    [MJ__SQL_FORGET_FILES] = "DELETE FROM file WHERE token IN "
                             "(SELECT token FROM task WHERE " OLD ")",
    [MJ__SQL_FORGET_EVENTS] = "DELETE FROM event WHERE token IN "
                              "(SELECT token FROM task WHERE " OLD ")",
    [MJ__SQL_FORGET_TASKS] = "DELETE FROM task WHERE " OLD,
    [MJ__SQL_FORGET_REQUESTS] =
        "UPDATE task SET body=NULL,body_sha=NULL WHERE final<>0 AND "
        "changed_ms<?1 AND " MINE
        " AND (body IS NOT NULL OR body_sha IS NOT NULL)",
    [MJ__SQL_FORGET_RUNS] =
        "DELETE FROM run WHERE started_ms<?1 AND id NOT IN " OPEN_RUNS
        " AND id NOT IN (SELECT run FROM task WHERE run IS NOT NULL)",
    [MJ__SQL_FORGET_RESULTS] = "DELETE FROM result WHERE NOT EXISTS "
                               "(SELECT 1 FROM task WHERE seq=result.seq)",
    [MJ__SQL_FORGET_BODIES] = "DELETE FROM body WHERE NOT EXISTS "
                              "(SELECT 1 FROM task WHERE body_sha=body.sha256)",
};

static int text(sqlite3_stmt *st, int i, const char *s) {
  size_t n = s ? strlen(s) : 0;
  if (!s)
    return sqlite3_bind_null(st, i);
  return n > INT_MAX ? SQLITE_TOOBIG
                     : sqlite3_bind_text(st, i, s, (int)n, SQLITE_STATIC);
}

static int blob(sqlite3_stmt *st, int i, const void *p, size_t n) {
  if (!p)
    return sqlite3_bind_null(st, i);
  return sqlite3_bind_blob64(st, i, p, n, SQLITE_STATIC);
}

static int number(sqlite3_stmt *st, int i, int64_t n) {
  return n ? sqlite3_bind_int64(st, i, n) : sqlite3_bind_null(st, i);
}

static int price(sqlite3_stmt *st, int i, int64_t n) {
  return n == MJ__PRICE_NONE ? sqlite3_bind_int64(st, i, 0) : number(st, i, n);
}

/* Runs a statement whose parameters are bound; the first error of `rc` and of
   itself. */
static int done(sqlite3_stmt *st, int rc) {
  int reset;
  if (rc == SQLITE_OK)
    rc = sqlite3_step(st);
  if (rc == SQLITE_DONE)
    rc = SQLITE_OK;
  reset = sqlite3_reset(st);
  return rc ? rc : reset;
}

#define FIRST(rc, call) ((rc) = (rc) ? (rc) : (call))

/* Columns ?1 to ?5 are those of both statements for a record. */
static int bind_state(sqlite3_stmt *st, const struct mj__record *r) {
  int rc = text(st, 1, r->token);
  FIRST(rc, text(st, 2,
                 r->state ? mj__state_name((enum mj__state)r->state) : NULL));
  FIRST(rc, r->state ? sqlite3_bind_int(st, 3, mj__settled_state(r->state))
                     : sqlite3_bind_null(st, 3));
  FIRST(rc, number(st, 4, r->attempt));
  return FIRST(rc, sqlite3_bind_int64(st, 5, r->changed_ms));
}

static int change(struct mj__sqlite *s, const struct mj__record *r) {
  sqlite3_stmt *st = s->stmts[MJ__SQL_STATE];
  int rc = bind_state(st, r);
  FIRST(rc, text(st, 6, r->task_id));
  FIRST(rc, number(st, 7, r->sent_ms));
  FIRST(rc, price(st, 8, r->price));
  return done(st, rc);
}

static int put_body(struct mj__sqlite *s, const struct mj__record *r,
                    unsigned char sha[32]) {
  sqlite3_stmt *st = s->stmts[MJ__SQL_BODY];
  int rc =
      mj__sha256(r->body, r->body_len, sha) == 0 ? SQLITE_OK : SQLITE_NOMEM;
  FIRST(rc, blob(st, 1, sha, 32));
  FIRST(rc, blob(st, 2, r->body, r->body_len));
  return done(st, rc);
}

static int whole(struct mj__sqlite *s, const struct mj__record *r) {
  sqlite3_stmt *st = s->stmts[MJ__SQL_RECORD];
  unsigned char sha[32];
  int apart = r->body && r->body_len > MJ__BODY_INLINE, i = 13;
  int rc = apart ? put_body(s, r, sha) : SQLITE_OK;
  FIRST(rc, bind_state(st, r));
  FIRST(rc, number(st, 6, r->created_ms));
  FIRST(rc, number(st, 7, r->sent_ms));
  FIRST(rc, text(st, 8, r->op ? mj_op_name((mj_op)r->op) : NULL));
  FIRST(rc, number(st, 9, r->error));
  FIRST(rc, blob(st, 10, apart ? NULL : r->body, r->body_len));
  FIRST(rc, blob(st, 11, apart ? sha : NULL, sizeof sha));
  FIRST(rc, price(st, 12, r->price));
#define X(name) FIRST(rc, text(st, i++, r->name));
  MJ__RECORD_TEXTS(X)
#undef X
  return done(st, rc);
}

/* 1 = it says no more than change() can write. */
static int is_change(const struct mj__record *r) {
  const void *more = NULL;
  struct mj__record q = *r;
  q.task_id = NULL;
#define X(name) more = more ? more : q.name;
  MJ__RECORD_TEXTS(X)
#undef X
  return !more && !r->body && !r->op && !r->error && !r->created_ms;
}

static int put_result(struct mj__sqlite *s, const struct mj__record *r) {
  sqlite3_stmt *st = s->stmts[MJ__SQL_RESULT];
  int rc = text(st, 1, r->token);
  FIRST(rc, blob(st, 2, r->result, r->result_len));
  return done(st, rc);
}

static int put_record(struct mj__sqlite *s, const struct mj__record *r) {
  int rc = SQLITE_OK, written = 0;
  if (is_change(r)) {
    rc = change(s, r);
    written = sqlite3_changes(s->db) > 0;
  }
  if (!written)
    FIRST(rc, whole(s, r));
  if (r->result)
    FIRST(rc, put_result(s, r));
  return rc;
}

static int put_run(struct mj__sqlite *s, const struct mj__run *r) {
  sqlite3_stmt *st = s->stmts[MJ__SQL_RUN];
  int rc = text(st, 1, r->id);
  FIRST(rc, text(st, 2, r->script));
  FIRST(rc, number(st, 3, r->started_ms));
  FIRST(rc, number(st, 4, r->pid));
  FIRST(rc, number(st, 5, r->ended_ms));
  FIRST(rc, sqlite3_bind_int(st, 6, r->clean != 0));
  return done(st, rc);
}

static int end_run(struct mj__sqlite *s, const struct mj__run *r) {
  sqlite3_stmt *st = s->stmts[MJ__SQL_RUN_END];
  int rc = text(st, 1, r->id);
  FIRST(rc, number(st, 2, r->ended_ms));
  FIRST(rc, sqlite3_bind_int(st, 3, r->clean));
  return done(st, rc);
}

static int put_file(struct mj__sqlite *s, const struct mj__saved *f) {
  sqlite3_stmt *st = s->stmts[MJ__SQL_FILE];
  int rc = text(st, 1, f->token);
  FIRST(rc, sqlite3_bind_int(st, 2, f->n));
  FIRST(rc, text(st, 3, f->path));
  FIRST(rc, sqlite3_bind_int64(st, 4, f->bytes));
  FIRST(rc, text(st, 5, f->sha256));
  return done(st, rc);
}

static int put_event(struct mj__sqlite *s, const struct mj__item *it) {
  sqlite3_stmt *st = s->stmts[MJ__SQL_EVENT];
  int rc = number(st, 1, it->u.event.wall_ms);
  FIRST(rc, text(st, 2, it->u.event.token));
  FIRST(rc, text(st, 3, it->u.event.kind));
  FIRST(rc, text(st, 4, it->u.event.detail));
  return done(st, rc);
}

/* Usually nothing is that old, and then the indices say so. */
static int forget(struct mj__sqlite *s, int64_t before_ms) {
  int i, rc = SQLITE_OK, changed = 0;
  for (i = MJ__SQL_FORGET_SUMS; i <= MJ__SQL_FORGET_RUNS; i++) {
    FIRST(rc, sqlite3_bind_int64(s->stmts[i], 1, before_ms));
    FIRST(rc, done(s->stmts[i], rc));
    changed += rc ? 0 : sqlite3_changes(s->db);
  }
  if (rc || !changed)
    return rc;
  FIRST(rc, done(s->stmts[MJ__SQL_FORGET_RESULTS], rc));
  return FIRST(rc, done(s->stmts[MJ__SQL_FORGET_BODIES], rc));
}

static int apply(struct mj__sqlite *s, const struct mj__item *it) {
  switch (it->kind) {
  case MJ__I_RECORD:
    return put_record(s, &it->u.record);
  case MJ__I_RUN:
    return put_run(s, &it->u.run);
  case MJ__I_RUN_END:
    return end_run(s, &it->u.run);
  case MJ__I_FILE:
    return put_file(s, &it->u.file);
  case MJ__I_EVENT:
    return put_event(s, it);
  case MJ__I_FORGET:
    return forget(s, it->u.before_ms);
  }
  return SQLITE_MISUSE;
}

int mj__sqlite_checkpoint(struct mj__sqlite *s, mj_error *err) {
  if (s->wal_pages < MJ__JOURNAL_WAL_PAGES)
    return MJ_OK;
  s->wal_pages = 0;
  /* PASSIVE waits for nobody, and nobody else is there */
  return sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
                                   NULL) == SQLITE_OK
             ? MJ_OK
             : mj__sqlite_error(s->db, s->path, "checkpoint it", err);
}

int mj__sqlite_commit(struct mj__sqlite *s, const struct mj__item *first,
                      mj_error *err) {
  const struct mj__item *it;
  int rc = done(s->stmts[MJ__SQL_BEGIN], SQLITE_OK);
  for (it = first; it && rc == SQLITE_OK; it = it->next)
    rc = apply(s, it);
  if (rc == SQLITE_OK)
    rc = done(s->stmts[MJ__SQL_COMMIT], SQLITE_OK);
  if (rc == SQLITE_OK)
    return MJ_OK;
  rc = mj__sqlite_error(s->db, s->path, "write it", err);
  if (!sqlite3_get_autocommit(s->db))
    (void)done(s->stmts[MJ__SQL_ROLLBACK], SQLITE_OK);
  return rc;
}
