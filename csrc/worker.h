/* SPDX-License-Identifier: MIT
   worker.h - the one helper thread, for what blocks: syncing files.  It never
   sees a job or the client. */
#ifndef MJ_WORKER_H
#define MJ_WORKER_H

#include "mem.h"

struct mj__work {
  struct mj__work *next;
  mj_id id;
  char *path; /* owned by whoever made the item */
  char *data;
  size_t n;
  mj_error err; /* code MJ_OK = done */
};

struct mj__worker;
/* `wake` is called on the helper thread after each item. */
int mj__worker_new(struct mj__worker **out, const struct mj__mem *m,
                   int (*wake)(void *ud), void *ud);
void mj__worker_put(struct mj__worker *w, struct mj__work *item);
/* A finished item, or NULL. */
struct mj__work *mj__worker_take(struct mj__worker *w);
/* Waits for all that was put; NULL is fine.  Finished items must be taken
   before: it returns those that were not. */
struct mj__work *mj__worker_free(struct mj__worker *w);
/* The work itself, for callers without a thread. */
void mj__work_do(struct mj__work *item);

#endif
