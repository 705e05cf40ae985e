/* SPDX-License-Identifier: MIT
   store_sqlite_int.h - the inside of the journal, shared by store_sqlite*.c.

   The caller's thread allocates and frees; the writer's thread does neither
   (a host's allocator need not know about threads): items come to it in one
   list and go back in another.  One connection writes, reads and checkpoints,
   under `db_lock`: two of them can lose a WAL (SQLite before 3.51.3). */
#ifndef MJ_STORE_SQLITE_INT_H
#define MJ_STORE_SQLITE_INT_H

#include "store_record.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sqlite3.h>

enum {
  MJ__JOURNAL_APP = 0x6d6a6a6c, /* application_id: "mjjl" */
  MJ__JOURNAL_VERSION = 2,
  MJ__JOURNAL_WAL_PAGES = 1000 /* of the WAL, then it is checkpointed */
};

enum mj__item_kind {
  MJ__I_RECORD,
  MJ__I_RUN,
  MJ__I_RUN_END,
  MJ__I_FILE,
  MJ__I_EVENT,
  MJ__I_FORGET
};

/* What waits to be written; its texts lie behind it. */
struct mj__item {
  struct mj__item *next;
  enum mj__item_kind kind;
  uint64_t number;
  size_t size;
  union {
    struct mj__record record;
    struct mj__run run;
    struct mj__saved file;
    struct {
      const char *token, *kind, *detail;
      int64_t wall_ms;
    } event;
    int64_t before_ms;
  } u;
};

struct mj__items {
  struct mj__item *first, *last;
  size_t n;
};

enum { MJ__SQLITE_FINDS = 6 }; /* ways to look for a row */

#define MJ__SQL_MAP(X)                                                         \
  X(BEGIN)                                                                     \
  X(COMMIT)                                                                    \
  X(ROLLBACK)                                                                  \
  X(STATE)                                                                     \
  X(RECORD)                                                                    \
  X(BODY)                                                                      \
  X(RESULT)                                                                    \
  X(RUN)                                                                       \
  X(RUN_END)                                                                   \
  X(FILE)                                                                      \
  X(EVENT)                                                                     \
  X(FORGET_SUMS)                                                               \
  X(FORGET_FILES)                                                              \
  X(FORGET_EVENTS)                                                             \
  X(FORGET_TASKS)                                                              \
  X(FORGET_REQUESTS)                                                           \
  X(FORGET_RUNS)                                                               \
  X(FORGET_RESULTS)                                                            \
  X(FORGET_BODIES)
enum mj__sql {
#define X(name) MJ__SQL_##name,
  MJ__SQL_MAP(X)
#undef X
      MJ__SQLS
};
extern const char *const mj__sql[MJ__SQLS];

struct mj__sqlite {
  mj__store base;
  struct mj__mem mem;
  struct mj__keys keys;
  uint64_t number; /* the newest that was given out */
  size_t most;     /* bytes that may wait */
  int (*wake)(void *ud);
  void *wake_ud;
  void (*say)(void *ud, const char *line);
  void *say_ud;
  char *path;
  struct mj__copy *copy; /* instead of the files; NULL = they are used */
  int lock_fd;
  int started; /* the thread runs */

  pthread_t thread;
  pthread_mutex_t lock;      /* from here to `why` */
  pthread_cond_t more, idle; /* for the writer; for who waits for it */
  struct mj__items todo, done;
  int quit, hurry; /* hurry: do not wait for company */
  mj_error why;
  _Atomic uint64_t durable;
  atomic_size_t bytes;         /* that wait */
  atomic_int broken, returned; /* returned: `done` is not empty */

  pthread_mutex_t db_lock;
  sqlite3 *db;
  sqlite3_stmt *stmts[MJ__SQLS];
  sqlite3_stmt *finds[MJ__SQLITE_FINDS]; /* NULL = not compiled yet */
  int wal_pages;
};

/* store_sqlite_open.c: opens, or makes and opens, s->path, which is locked.
 *made: the lock is a new one, so no journal was here. */
int mj__sqlite_open(struct mj__sqlite *s, const char *vfs, int made,
                    mj_error *err);
void mj__sqlite_close(struct mj__sqlite *s);
/* The same of a copy that only `vfs` has: nothing is locked, made or moved. */
int mj__sqlite_look(struct mj__sqlite *s, const char *vfs, mj_error *err);

/* store_sqlite_copy.c: copies the files of s->path, and opens that. */
int mj__sqlite_copy(struct mj__sqlite *s, mj_error *err);
void mj__sqlite_copy_free(struct mj__sqlite *s);
/* MJ_EJOURNAL and what SQLite says. */
int mj__sqlite_error(sqlite3 *db, const char *path, const char *what,
                     mj_error *err);

/* store_sqlite_write.c: the writer's thread. */
int mj__sqlite_start(struct mj__sqlite *s, mj_error *err);
void mj__sqlite_stop(struct mj__sqlite *s); /* writes all first */
/* Takes it over; MJ_EJOURNAL, and it stays the caller's, once it is broken. */
int mj__sqlite_queue(struct mj__sqlite *s, struct mj__item *it);
int mj__sqlite_flush(struct mj__sqlite *s, int64_t timeout_ms);
int mj__sqlite_failed(struct mj__sqlite *s, mj_error *err);
struct mj__item *mj__sqlite_returned(struct mj__sqlite *s);

/* store_sqlite_apply.c: one transaction. */
int mj__sqlite_commit(struct mj__sqlite *s, const struct mj__item *first,
                      mj_error *err);
/* Moves the WAL into the database when it has grown long. */
int mj__sqlite_checkpoint(struct mj__sqlite *s, mj_error *err);

/* store_sqlite_read.c */
int mj__sqlite_load(mj__store *base, mj__row_fn fn, void *ud, mj_error *err);
int mj__sqlite_each(mj__store *base, int open, mj__row_fn fn, void *ud,
                    mj_error *err);
int mj__sqlite_find(mj__store *base, const struct mj__find *f,
                    struct mj__arena *a, struct mj__record *out, mj_error *err);
int mj__sqlite_run_last(mj__store *base, const char *script,
                        struct mj__arena *a, struct mj__run *out,
                        mj_error *err);
int mj__sqlite_files(mj__store *base, const char *token, mj__saved_fn fn,
                     void *ud, mj_error *err);
int mj__sqlite_newest(mj__store *base, const char *scope, const char *prefix,
                      long *n, int64_t *created_ms, mj_error *err);
int mj__sqlite_sums(mj__store *base, mj__sum_fn fn, void *ud, mj_error *err);
int mj__sqlite_keys(struct mj__sqlite *s, mj_error *err);
/* SELECT of the sums of task's rows for which `where` holds. */
#define MJ__SUMS(where)                                                        \
  "SELECT gateway,nullif(budget,'') AS budget,run,"                            \
  "coalesce(nullif(what,''),op) AS what,mode,state,"                           \
  "coalesce(sent_ms,0)/86400000 AS day,count(*),count(price),"                 \
  "coalesce(sum(price),0) FROM task "                                          \
  "WHERE (sent_ms>0 OR price>0) AND " where " GROUP BY 1,2,3,4,5,6,7"

#endif
