/* SPDX-License-Identifier: MIT
   post.h - sends JSON to addresses, many at once, without threads of its own
   and without waiting: its step is called by whoever owns the loop. */
#ifndef MJ_POST_H
#define MJ_POST_H

#include <stddef.h>
#include <stdint.h>

typedef struct mj_post mj_post;

struct mj_post_request {
  uint64_t id;  /* comes back with the result */
  uint64_t key; /* those with the same one go one after another */
  char *url;    /* http or https; this and body from malloc, taken over */
  char *body;
  size_t len;
  int64_t timeout_ms;
};

struct mj_post_result {
  uint64_t id;
  int status;      /* of the answer; 0 = none */
  int refused;     /* 1 = nothing was sent: not an address of this machine */
  const char *url; /* lives until the next call with this object */
};

/* any = 1: also to other machines, else only to 127.0.0.0/8, ::1 and localhost.
   NULL when the system has no descriptor left. */
mj_post *mj_post_new(int any);
/* What is on its way is broken off. */
void mj_post_free(mj_post *p);
/* Readable when step has work; after watch also when `fd` is readable. */
int mj_post_fd(const mj_post *p);
int mj_post_watch(mj_post *p, int fd); /* 0, or -1 */
/* Milliseconds until step must be called although the descriptor is silent;
   0 = at once, -1 = never. */
int64_t mj_post_timeout_ms(const mj_post *p);
/* Takes url and body over, whatever becomes of them: the result tells. */
void mj_post_add(mj_post *p, const struct mj_post_request *req);
/* How many have been added whose result has not been taken. */
size_t mj_post_pending(const mj_post *p);
/* Goes on with what is ready; never waits. */
void mj_post_step(mj_post *p);
/* 1 = one has ended and fills *out. */
int mj_post_next(mj_post *p, struct mj_post_result *out);

#endif
