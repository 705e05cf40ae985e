/* SPDX-License-Identifier: MIT
   store.h - the journal as the core sees it.  A record is durable when its
   number is not above durable(); nothing that depends on a record happens
   before that: a paid request waits for DISPATCHING, the report of an id for
   ACCEPTED, the report of an end for the end.

   A store belongs to the thread of its client, as its memory does.  put,
   run_begin, run_end, file_put, event, forget, durable, failed and known never
   touch a disk: they are for use in a frame.  flush, load, find, run_last,
   files and free may wait for one: they are not.  A read sees all that was put
   before it. */
#ifndef MJ_STORE_H
#define MJ_STORE_H

#include "mem.h"

/* A row is found by its token.  Text that is NULL and numbers that are 0 are
   "not said": the row keeps what it has.  Empty text takes back what was said.
   A record without a token (a task that is only watched) is not kept, and at
   once durable.  All times are milliseconds since 1970. */
struct mj__record {
  mj_id job;          /* not kept: ids begin anew with each process */
  int state, attempt; /* enum mj__state */
  const char *token;  /* the wire's state field; NULL for tracked tasks */
  const char *task_id;
  /* Set when the request is first known, and not again: each time they are
     copied.  More than MJ__BODY_INLINE bytes lie apart from the row. */
  const char *url, *body;
  size_t body_len;
  int op; /* mj_op */
  /* A key is unique where its scope says: the caller's own in one scope, those
     made from the request in a scope per run.  NULL scope = "". */
  const char *scope, *key;
  const char *run;          /* see mj__run; NULL = of none */
  const char *gateway;      /* base_url without user and query; never the key */
  const char *parent;       /* id of the task that the request builds on */
  const char *parent_token; /* and its token, if it is ours */
  const char *button, *mode, *state_user, *prompt;
  const char *result;     /* the task's JSON as it ended */
  size_t result_len;      /* 0 = up to its NUL */
  int error;              /* MJ_E* */
  const char *error_text; /* redacted by the caller */
  int64_t created_ms;     /* 0 = when the first record came */
  int64_t sent_ms;        /* when the newest attempt left */
  int64_t changed_ms;     /* 0 = now */
  const char *print;      /* of a caller's key: what was asked for, hashed */
  const char *what;       /* what it is priced as, see mj__what_of */
  const char *budget;     /* the name of its budget */
  int64_t
      price; /* counted for it so far; MJ__PRICE_NONE = nothing (any more) */
};

enum { MJ__PRICE_NONE = -1 };

/* What rows that are alike have cost. */
struct mj__sum {
  const char *gateway, *budget, *run, *what, *mode; /* NULL = none */
  int state;                                        /* enum mj__state */
  int64_t day; /* since 1970, when they were sent; 0 = they were not */
  int64_t count, priced, amount; /* priced: those with a price */
};

/* known(): whether there is a row with this token; whether a file was saved of
   it. */
#define MJ__SCOPE_TOKENS "\001token"
#define MJ__SCOPE_FILES  "\001file"

enum {
  MJ__BODY_INLINE = 4096,      /* state changes rewrite no more than that */
  MJ__STORE_GROUP = 64,        /* records to a commit */
  MJ__STORE_GATHER_MS = 2,     /* a record waits that long for others */
  MJ__STORE_QUEUE = 128 << 20, /* bytes that may wait to be written */
  MJ__STORE_LINE = 640         /* a recovery line */
};

/* A start of a script. */
struct mj__run {
  const char *id, *script;
  int64_t started_ms, ended_ms; /* ended 0 = was cut off, or goes on */
  long pid;                     /* 0 = this process */
  int clean;                    /* the script ended by itself */
};

/* A picture that was saved. */
struct mj__saved {
  const char *token;
  int n; /* from 1 */
  const char *path;
  int64_t bytes;
  const char *sha256; /* 64 hexadecimal digits, or NULL */
};

/* What to look for: the first of these that is set.  Of several rows the one
   put first last is found: the newest job. */
struct mj__find {
  const char *token;
  const char *key, *scope;       /* scope NULL = "" */
  const char *task_id, *gateway; /* gateway NULL = any */
  int body;                      /* 1 = with its body, which may be large */
};

/* Rows are borrowed for the call.  Anything but MJ_OK stops and is returned.
   A callback must not call its store. */
typedef int (*mj__row_fn)(void *ud, const struct mj__record *r);
typedef int (*mj__saved_fn)(void *ud, const struct mj__saved *f);
typedef int (*mj__sum_fn)(void *ud, const struct mj__sum *s);

typedef struct mj__store mj__store;
struct mj__store_ops {
  /* Queues a record; *number counts up.  MJ_OK, MJ_ERESOURCE (no memory, or
     too much waits to be written) or MJ_EJOURNAL; after MJ_EJOURNAL no paid
     request may leave.  MJ_EINVALID: a state that there is none of. */
  int (*put)(mj__store *s, const struct mj__record *r, uint64_t *number);
  /* Never goes back.  It stands still for good once the store has failed. */
  uint64_t (*durable)(mj__store *s);
  void (*free)(mj__store *s); /* writes what is queued; NULL is not fine */

  /* MJ_OK, or MJ_EJOURNAL and what broke: records that are not durable by then
     never will be.  To be asked after each wake. */
  int (*failed)(mj__store *s, mj_error *err);
  /* Waits until all that was put is durable: MJ_OK, MJ_ETIMEOUT, MJ_EJOURNAL.
     timeout_ms < 0: as long as it takes. */
  int (*flush)(mj__store *s, int64_t timeout_ms);
  /* The rows that are not settled, oldest first, with their bodies.  Settled
     are SUCCEEDED, FAILED, CANCELLED, REJECTED, ABANDONED, DOWNLOADED; what is
     UNKNOWN or NEEDS_MODAL still has money in it. */
  int (*load)(mj__store *s, mj__row_fn fn, void *ud, mj_error *err);
  /* Each row, oldest first, without bodies; `open` = as load. */
  int (*each)(mj__store *s, int open, mj__row_fn fn, void *ud, mj_error *err);
  /* Copies a row into the arena.  MJ_ENOT_FOUND leaves err alone. */
  int (*find)(mj__store *s, const struct mj__find *f, struct mj__arena *a,
              struct mj__record *out, mj_error *err);
  /* 0 = no row has that key, settled ones and those still queued included;
     1 = find() will say: (in 2^64, or after a put that failed or a forget, it
     finds none). */
  int (*known)(mj__store *s, const char *scope, const char *key);
  /* Of the rows of that scope whose key is `prefix`, which ends in a dot, and a
     number greater than *n: the one created last; its number in *n, and when.
     0 = there is none. */
  int (*newest)(mj__store *s, const char *scope, const char *prefix, long *n,
                int64_t *created_ms, mj_error *err);
  int (*run_begin)(mj__store *s, const struct mj__run *r, uint64_t *number);
  int (*run_end)(mj__store *s, const char *id, int clean, int64_t ended_ms,
                 uint64_t *number);
  /* The newest run of a script, or MJ_ENOT_FOUND. */
  int (*run_last)(mj__store *s, const char *script, struct mj__arena *a,
                  struct mj__run *out, mj_error *err);
  /* The same token and n again: the newer one counts. */
  int (*file_put)(mj__store *s, const struct mj__saved *f, uint64_t *number);
  /* Those of a token, or all by token and n. */
  int (*files)(mj__store *s, const char *token, mj__saved_fn fn, void *ud,
               mj_error *err);
  /* Appends to the audit trail; token and detail may be NULL.  wall_ms 0 =
     now. */
  int (*event)(mj__store *s, const char *token, const char *kind,
               const char *detail, int64_t wall_ms, uint64_t *number);
  /* Drops rows that are settled and unchanged since before_ms, with their
     files, events and bodies, and runs of which nothing is left.  What belongs
     to a run that may go on (the newest of its script, and it did not end well)
     stays; rows that hold a key of a scope that is no run lose their bodies
     only, since such a key is remembered.  Their sums stay, too. */
  int (*forget)(mj__store *s, int64_t before_ms, uint64_t *number);
  /* The sums of all rows that were sent or have a price, and of those that
     were forgotten; several may be alike but for their numbers. */
  int (*sums)(mj__store *s, mj__sum_fn fn, void *ud, mj_error *err);
};
struct mj__store {
  const struct mj__store_ops *ops;
};

/* For clients without a journal: keeps nothing but the count and the newest
   state of each job that runs.  At once durable, gone with the process; finds
   nothing, knows nothing. */
int mj__store_mem(mj__store **out, const struct mj__mem *m);

/* All of the above, in memory. */
int mj__store_table(mj__store **out, const struct mj__mem *m);

struct mj__store_options {
  /* Missing folders are made.  Beside it lie PATH-wal, PATH.lock and, while it
     is first made, PATH.new. */
  const char *path;
  /* Called after each commit and after the failure, on the store's own thread;
     NULL = not at all. */
  int (*wake)(void *ud);
  void *wake_ud;
  /* When the store fails: a line for each record that it could not write,

       mj: recover token=T state=S attempt=N task=ID gateway=URL

     "-" for what there is none of, no blanks within.  On the store's thread or
     on that of put.  NULL = standard error. */
  void (*say)(void *ud, const char *line);
  void *say_ud;
  size_t queue_bytes; /* 0 = MJ__STORE_QUEUE */
  const char *vfs;    /* SQLite's name of one; NULL = the system's */
};

/* "SQLite/3.40.1", or "no journal". */
const char *mj__store_library(void);

/* The journal in a file.  MJ_EJOURNAL when another process has it (the text
   names it), when it can be reached by others, is damaged (then it was moved
   aside, and the text says where to), of another program, or of a newer mj;
   MJ_EUNSUPPORTED where mj was built without SQLite.

   One process, one connection: locked by PATH.lock.  On NFS that lock is as
   good as the server's; a local disk is better.  After fork() the child must
   not touch the store, not even free it, and holds the lock until it ends or
   calls exec. */
int mj__store_sqlite(mj__store **out, const struct mj__mem *m,
                     const struct mj__store_options *o, mj_error *err);
/* What is in the file now, also while another process has it: a copy in memory,
   of which only each, files and free are to be called.  Nothing is locked,
   changed or made. */
int mj__store_copy(mj__store **out, const struct mj__mem *m, const char *path,
                   mj_error *err);
/* The process that has it, 0 = none, -1 = one that did not say its number. */
long mj__store_owner(const char *path);

#endif
