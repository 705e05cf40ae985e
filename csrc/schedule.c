/* SPDX-License-Identifier: MIT
   schedule.c - fixed poll gaps. */
#include "schedule.h"

int64_t mj__poll_gap(const mj_poll *p, int polls) {
  size_t i;
  if (polls <= 0)
    return p->first_ms;
  if (p->ngaps == 0)
    return p->first_ms > 0 ? p->first_ms : 1;
  i = (size_t)polls - 1;
  return p->gaps_ms[i < p->ngaps ? i : p->ngaps - 1];
}
