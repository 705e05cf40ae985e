/* SPDX-License-Identifier: MIT
   schedule.c - fixed poll gaps, and backing off. */
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

int64_t mj__backoff(int n, int64_t base_ms, int64_t most_ms, uint32_t random) {
  int64_t d = base_ms;
  while (n > 1 && d < most_ms) {
    d *= 2;
    n--;
  }
  if (d > most_ms)
    d = most_ms;
  return d / 2 + (int64_t)random % (d / 2 + 1);
}
