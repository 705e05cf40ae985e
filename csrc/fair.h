/* SPDX-License-Identifier: MIT
   fair.h - whose turn it is: between groups of jobs in a queue, and between the
   classes of requests that share a gateway's rate. */
#ifndef MJ_FAIR_H
#define MJ_FAIR_H

#include "job.h"
#include "mem.h"

/* The jobs of one group in a queue, in the order in which they came. */
struct mj__lane {
  uint64_t group;
  struct mj__job *first, *last;
  struct mj__lane *next, *prev; /* the round of those that have jobs */
  struct mj__lane *chain;       /* of the same bucket */
};

enum { MJ__LANES = 64 };
struct mj__fair {
  struct mj__mem *mem;
  struct mj__lane *turn; /* of the round; NULL = nobody waits */
  struct mj__lane *buckets[MJ__LANES];
  struct mj__lane common; /* of those for whom there was no memory */
  struct mj__lane *spare;
};

/* A row of jobs, each in one at most: at its end, and out of it, wherever. */
void mj__row_put(struct mj__job **first, struct mj__job **last,
                 struct mj__job *j);
void mj__row_take(struct mj__job **first, struct mj__job **last,
                  struct mj__job *j);

void mj__fair_init(struct mj__fair *f, struct mj__mem *mem);
void mj__fair_free(struct mj__fair *f); /* nobody waits any more */
void mj__fair_put(struct mj__fair *f, struct mj__job *j, uint64_t group);
/* The next in turn; NULL = nobody. */
struct mj__job *mj__fair_first(const struct mj__fair *f);
/* One that is in it, wherever; the turn goes on when it was its group's. */
void mj__fair_take(struct mj__fair *f, struct mj__job *j);

enum mj__class {
  MJ__C_SUBMIT, /* what is paid */
  MJ__C_RECON,  /* what became of what was paid */
  MJ__C_POLL,
  MJ__C_OTHER, /* lists, seeds, buttons, cancelling */
  MJ__CLASSES
};
/* Each class gets its part at least, when it has that much to ask; what one
   leaves goes to the others. */
struct mj__shares {
  int64_t pass[MJ__CLASSES], now;
};
/* `ready`: a bit per class that has something to send, at least one. */
enum mj__class mj__share_pick(struct mj__shares *s, unsigned ready);

#endif
