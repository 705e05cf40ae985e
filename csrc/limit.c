/* SPDX-License-Identifier: MIT
   limit.c - GCRA in microseconds: one number of state, exact. */
#include "limit.h"

void mj__bucket_init(struct mj__bucket *b, double per_min, int burst) {
  b->period_us = b->slack_us = b->tat_us = b->not_before_ms = 0;
  if (per_min <= 0)
    return;
  if (per_min < 1e-6) /* once in a century or less */
    per_min = 1e-6;
  if (per_min > 60e6)
    per_min = 60e6;
  /* rounded up: rounded down, more than per_min would fit into a minute */
  b->period_us = (int64_t)(60e6 / per_min);
  if ((double)b->period_us * per_min < 60e6)
    b->period_us++;
  if (burst <= 0)
    burst = (int)(per_min / 40);
  if (burst < 1)
    burst = 1;
  b->slack_us = b->period_us * (burst - 1);
}

int64_t mj__bucket_wait(const struct mj__bucket *b, int64_t now_ms) {
  int64_t pause = b->not_before_ms - now_ms, wait;
  if (b->period_us == 0)
    return pause > 0 ? pause : 0;
  wait = (b->tat_us - b->slack_us - now_ms * 1000 + 999) / 1000;
  if (wait < pause)
    wait = pause;
  return wait > 0 ? wait : 0;
}

void mj__bucket_take(struct mj__bucket *b, int64_t now_ms) {
  if (b->period_us == 0)
    return;
  if (b->tat_us < now_ms * 1000)
    b->tat_us = now_ms * 1000;
  b->tat_us += b->period_us;
}

void mj__bucket_pause(struct mj__bucket *b, int64_t until_ms) {
  if (until_ms > b->not_before_ms)
    b->not_before_ms = until_ms;
}
