/* SPDX-License-Identifier: MIT
   limit.c - GCRA in microseconds: one number of state, exact.  What is slowed
   down only adds longer periods, so that it stays exact. */
#include "limit.h"

enum {
  WHOLE = 1000000,  /* a share */
  LEAST = 10000,    /* the rate comes back soon from a hundredth */
  GROWTH = 20,      /* in a millisecond: 2 % in a second */
  SLOWEST = 1000000 /* a period, or twice that of a slower rate */
};
enum { PROBE_MS = 1000, SEEN_MS = 10000 };

void mj__bucket_init(struct mj__bucket *b, double per_min, int burst) {
  *b = (struct mj__bucket){0};
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

void mj__bucket_retune(struct mj__bucket *b, double per_min, int64_t now_ms) {
  struct mj__bucket old = *b;
  mj__bucket_init(b, per_min, 0);
  if (b->period_us)
    b->tat_us = now_ms * 1000 + b->slack_us + b->period_us;
  b->not_before_ms = old.not_before_ms;
  if (old.full_us)
    b->full_us = b->period_us ? b->period_us : old.full_us;
  b->share = old.share;
  b->from_ms = old.from_ms;
  b->cut_ms = old.cut_ms;
  b->probe_ms = old.probe_ms;
  b->seen_ms = old.seen_ms;
  b->seen = old.seen;
  b->seen_before = old.seen_before;
}

static int64_t larger(int64_t a, int64_t b) {
  return a > b ? a : b;
}

static int64_t share_at(const struct mj__bucket *b, int64_t now_ms) {
  int64_t age = now_ms - b->from_ms, share;
  if (b->full_us == 0)
    return WHOLE;
  if (b->probe_ms || age <= 0)
    return b->share;
  share = b->share + (age < WHOLE / GROWTH ? age * GROWTH : WHOLE);
  return share < WHOLE ? share : WHOLE;
}

static int64_t period_at(const struct mj__bucket *b, int64_t now_ms) {
  int64_t share = share_at(b, now_ms), period, most;
  if (share == WHOLE)
    return b->period_us;
  most = larger(SLOWEST, 2 * b->full_us);
  period = b->full_us < SLOWEST * 1000 ? b->full_us * WHOLE / share : most;
  return period < most ? period : most;
}

int64_t mj__bucket_wait(const struct mj__bucket *b, int64_t now_ms) {
  int64_t wait = larger(b->not_before_ms, b->probe_ms) - now_ms;
  if (period_at(b, now_ms))
    wait = larger(wait, (b->tat_us - b->slack_us - now_ms * 1000 + 999) / 1000);
  return larger(wait, 0);
}

/* A count of what leaves, in two halves of which the older one is dropped. */
static void see(struct mj__bucket *b, int64_t now_ms) {
  int64_t age = now_ms - b->seen_ms;
  if (b->seen + b->seen_before == 0) {
    b->seen_ms = now_ms;
  } else if (age >= SEEN_MS) {
    b->seen_before = age < 2 * SEEN_MS ? b->seen : 0;
    b->seen_ms = age < 2 * SEEN_MS ? b->seen_ms + SEEN_MS : now_ms;
    b->seen = 0;
  }
  b->seen++;
}

void mj__bucket_take(struct mj__bucket *b, int64_t now_ms) {
  int64_t period = period_at(b, now_ms);
  see(b, now_ms);
  if (b->probe_ms)
    b->probe_ms = now_ms + PROBE_MS;
  if (period)
    b->tat_us = larger(b->tat_us, now_ms * 1000) + period;
}

void mj__bucket_pause(struct mj__bucket *b, int64_t until_ms) {
  b->not_before_ms = larger(b->not_before_ms, until_ms);
}

/* The period of what was seen to leave. */
static int64_t seen_us(const struct mj__bucket *b, int64_t now_ms) {
  int64_t n = b->seen + b->seen_before;
  int64_t span = now_ms - b->seen_ms + (b->seen_before ? SEEN_MS : 0);
  return larger(larger(span, PROBE_MS) * 1000 / larger(n, 1), 1);
}

void mj__bucket_slow(struct mj__bucket *b, int64_t until_ms, int64_t left_ms,
                     int64_t now_ms) {
  int64_t share = share_at(b, now_ms);
  mj__bucket_pause(b, until_ms);
  if (b->probe_ms) /* nor does the next one ask too early */
    b->probe_ms = larger(b->probe_ms, b->not_before_ms);
  if (left_ms < b->cut_ms)
    return;
  if (b->full_us == 0 || share == WHOLE)
    b->full_us = b->period_us ? b->period_us : seen_us(b, now_ms);
  b->share = larger(share / 10 * 7, LEAST);
  b->from_ms = now_ms;
  b->cut_ms = now_ms + 1;
  b->probe_ms = until_ms > now_ms ? b->not_before_ms : now_ms + PROBE_MS;
}

void mj__bucket_good(struct mj__bucket *b, int64_t left_ms, int64_t now_ms) {
  if (b->probe_ms == 0 || left_ms < b->cut_ms)
    return;
  b->probe_ms = 0;
  b->from_ms = now_ms;
  /* what was saved up meanwhile would all go at once */
  b->tat_us = larger(b->tat_us, now_ms * 1000 + b->slack_us);
}

double mj__bucket_pace(const struct mj__bucket *b, int64_t now_ms) {
  int64_t period = period_at(b, now_ms);
  if (b->probe_ms)
    return 60e3 / PROBE_MS;
  return share_at(b, now_ms) < WHOLE ? 60e6 / (double)period : 0;
}
