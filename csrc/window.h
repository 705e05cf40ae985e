/* SPDX-License-Identifier: MIT
   window.h - how many tasks may be at the gateway at once: what was configured,
   and what the gateway is seen to take.  Shrinks by a part, grows by one
   (AIMD).  Time is an argument. */
#ifndef MJ_WINDOW_H
#define MJ_WINDOW_H

#include <stdint.h>

struct mj__window {
  int64_t max;    /* configured; 0 = no limit */
  int64_t used;   /* tasks that are there, or on their way */
  int64_t size;   /* what the gateway takes, in thousandths; 0 = no sign yet */
  int64_t cut_ms; /* the next cut counts from then on */
};

enum mj__cut {
  MJ__CUT_QUEUED, /* taken, and put into a queue: an eighth less */
  MJ__CUT_REFUSED /* not taken: half */
};

int mj__window_open(const struct mj__window *w);
/* Tasks at once as things stand; 0 = no limit. */
int64_t mj__window_now(const struct mj__window *w);
/* Many refusals on their way at once are one piece of news: only one in a
   second counts. */
void mj__window_cut(struct mj__window *w, enum mj__cut why, int64_t now_ms);
/* A task went well: one more for each round of all of them. */
void mj__window_grow(struct mj__window *w);

#endif
