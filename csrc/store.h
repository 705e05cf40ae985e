/* SPDX-License-Identifier: MIT
   store.h - the journal as the core sees it.  A record is durable when its
   number is not above durable(); nothing that depends on a record happens
   before that: a paid request waits for DISPATCHING, the report of an id for
   ACCEPTED, the report of an end for the end. */
#ifndef MJ_STORE_H
#define MJ_STORE_H

#include "mem.h"

struct mj__record {
  mj_id job;
  int state, attempt; /* enum mj__state */
  const char *token;  /* the wire's state field; NULL for tracked tasks */
  const char *task_id;
  const char *url, *body; /* set when the request is first known */
  size_t body_len;
};

typedef struct mj__store mj__store;
struct mj__store_ops {
  /* Queues a record; *number counts up.  MJ_OK, MJ_ERESOURCE or MJ_EJOURNAL;
     after MJ_EJOURNAL no paid request may leave. */
  int (*put)(mj__store *s, const struct mj__record *r, uint64_t *number);
  uint64_t (*durable)(mj__store *s);
  void (*free)(mj__store *s);
};
struct mj__store {
  const struct mj__store_ops *ops;
};

/* Keeps nothing but the count: at once durable, gone with the process. */
int mj__store_mem(mj__store **out, const struct mj__mem *m);

#endif
