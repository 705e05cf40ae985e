/* SPDX-License-Identifier: MIT
   timer.h - a heap of due times.  Equal times come out in the order in which
   they went in. */
#ifndef MJ_TIMER_H
#define MJ_TIMER_H

#include "mem.h"

struct mj__due {
  int64_t at_ms;
  uint64_t seq; /* given by mj__timers_add, counts up */
  mj_id id;
};

struct mj__timers {
  struct mj__mem mem;
  struct mj__due *heap;
  size_t n, cap;
  uint64_t seq;
};

void mj__timers_init(struct mj__timers *t, const struct mj__mem *m);
void mj__timers_free(struct mj__timers *t);
/* Returns the entry's seq, 0 when out of memory.  There is no removal: the
   owner remembers its newest seq and ignores an entry with another. */
uint64_t mj__timers_add(struct mj__timers *t, int64_t at_ms, mj_id id);
const struct mj__due *mj__timers_peek(const struct mj__timers *t);
void mj__timers_pop(struct mj__timers *t);
/* Room for n more entries without an allocation; MJ_OK or MJ_ERESOURCE. */
int mj__timers_reserve(struct mj__timers *t, size_t n);

#endif
