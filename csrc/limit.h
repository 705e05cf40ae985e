/* SPDX-License-Identifier: MIT
   limit.h - a token bucket (GCRA).  Time is an argument. */
#ifndef MJ_LIMIT_H
#define MJ_LIMIT_H

#include <stdint.h>

/* In any 60 s at most rate + burst tokens leave the bucket. */
struct mj__bucket {
  int64_t period_us;     /* between tokens; 0 = no limit */
  int64_t slack_us;      /* (burst - 1) periods */
  int64_t tat_us;        /* theoretical arrival time of the next token */
  int64_t not_before_ms; /* a pause that the gateway asked for */
};

/* per_min 0 = no limit; burst 0 = a fortieth of the rate, at least 1. */
void mj__bucket_init(struct mj__bucket *b, double per_min, int burst);
/* Milliseconds until a token is there; 0 = now. */
int64_t mj__bucket_wait(const struct mj__bucket *b, int64_t now_ms);
/* Only after mj__bucket_wait said 0. */
void mj__bucket_take(struct mj__bucket *b, int64_t now_ms);
void mj__bucket_pause(struct mj__bucket *b, int64_t until_ms);

#endif
