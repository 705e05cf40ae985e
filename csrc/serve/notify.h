/* SPDX-License-Identifier: MIT
   notify.h - callbacks: which are due, and what they say. */
#ifndef MJ_SIM_NOTIFY_H
#define MJ_SIM_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

/* A time to look at a task, or to send what it looked like. */
struct sim_due {
  int64_t at;     /* ms since 1970 */
  uint64_t order; /* among those of the same time */
  int64_t when;   /* of sends: the moment that is told of */
  size_t task;    /* its index */
  uint32_t n;     /* of looks: the task's n-th; of sends: tried before */
};

/* Ordered by time: the first is at [0]. */
struct sim_heap {
  struct sim_due *p;
  size_t n, cap;
};

/* What is kept of a task with a hook. */
struct sim_calls {
  uint32_t looks; /* planned; only the last one counts */
  int status, progress;
  int64_t when;  /* of the last change: status and progress since then */
  int64_t held;  /* a change that waits for its successor */
  int nheld;     /* how often that is to be told; 0 = there is none */
  uint32_t told; /* changes */
};

#endif
