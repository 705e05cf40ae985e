/* SPDX-License-Identifier: MIT
   worker.h - the one helper thread, for what blocks: syncing files.  It never
   sees a job or the client. */
#ifndef MJ_WORKER_H
#define MJ_WORKER_H

#include "mem.h"
#include "sha256.h"

enum mj__work_kind {
  MJ__W_WRITE,
  MJ__W_SAVE,  /* the same, and its digest */
  MJ__W_VERIFY /* is it n bytes with that digest? */
};

struct mj__work {
  struct mj__work *next;
  enum mj__work_kind kind;
  mj_id id;
  char *path; /* owned by whoever made the item */
  char *data;
  size_t n;
  char *token; /* SAVE: whose picture, and which */
  int number;
  int keep; /* what has the name stays, see mj_save_new */
  char sha256[2 * MJ__SHA256 + 1]; /* SAVE: "" = could not be made */
  mj_error err;                    /* code MJ_OK = done */
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
