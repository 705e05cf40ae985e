/* SPDX-License-Identifier: MIT
   share.h - limits that several processes of one user share: a small file
   beside their journals with the gateway's rates and the places of its tasks. A
   process that is gone leaves nothing locked; the places of its tasks are free
   again when they are released by whoever goes on with them, or cannot live any
   longer. */
#ifndef MJ_SHARE_H
#define MJ_SHARE_H

#include "limit.h"
#include "mem.h"

enum { MJ__SHARE_PLACES = 4096 };

struct mj__share;

/* What a request needs, at once or not at all. */
struct mj__share_want {
  const struct mj__bucket *requests; /* their rates count, not their tokens */
  const struct mj__bucket *submits;  /* NULL = it is not paid */
  const char *token;                 /* of a new task; NULL = needs no place */
  int64_t max;                       /* places, 0 = no limit */
  int64_t life_ms;                   /* of such a task, at most */
};

/* The file's name is made of the folder of `path` and a digest of gateway and
   key: neither can be read from it.  MJ_EJOURNAL when it cannot be used,
   MJ_EUNSUPPORTED where mj was built without the journal. */
int mj__share_open(struct mj__share **out, const struct mj__mem *m,
                   const char *path, const char *gateway, const char *key,
                   mj_error *err);
/* Places stay as they are.  NULL is fine. */
void mj__share_close(struct mj__share *s);
/* 0 = it may go; else milliseconds after which to ask again.  Never waits for
   another process. */
int64_t mj__share_take(struct mj__share *s, const struct mj__share_want *want,
                       int64_t now_ms);
/* The task has ended, or never was one.  Done now, or with the next call of
   this or of take. */
void mj__share_release(struct mj__share *s, const char *token, int64_t now_ms);
/* The gateway asked everybody to wait until then. */
void mj__share_pause(struct mj__share *s, int64_t until_ms, int64_t now_ms);
/* 1 = something waits to be written; see mj__share_release. */
int mj__share_pending(const struct mj__share *s);
void mj__share_flush(struct mj__share *s, int64_t now_ms);

#endif
