/* SPDX-License-Identifier: MIT
   limit.h - a token bucket (GCRA).  Time is an argument. */
#ifndef MJ_LIMIT_H
#define MJ_LIMIT_H

#include <stdint.h>

/* In any 60 s at most rate + burst tokens leave the bucket.  One whose owner
   was told to slow down waits, then lets one token a second go until that is
   seen to be all right, and goes on with a part of its rate, which grows again.
 */
struct mj__bucket {
  int64_t period_us;     /* between tokens; 0 = no limit */
  int64_t slack_us;      /* (burst - 1) periods */
  int64_t tat_us;        /* theoretical arrival time of the next token */
  int64_t not_before_ms; /* a pause that the gateway asked for */
  int64_t full_us;       /* the period to come back to; 0 = not slowed down */
  int64_t share;         /* of that rate, in millionths, at from_ms */
  int64_t from_ms;       /* it grows from then on */
  int64_t cut_ms;        /* what left before then says nothing new */
  int64_t probe_ms;      /* one token, then; 0 = more may go */
  int64_t seen_ms;       /* how many left since, and in the 10 s before */
  int64_t seen, seen_before;
};

/* per_min 0 = no limit; burst 0 = a fortieth of the rate, at least 1. */
void mj__bucket_init(struct mj__bucket *b, double per_min, int burst);
/* Another rate: it begins empty, as what left under the old one counts, and
   what the gateway asked for stays. */
void mj__bucket_retune(struct mj__bucket *b, double per_min, int64_t now_ms);
/* Milliseconds until a token is there; 0 = now. */
int64_t mj__bucket_wait(const struct mj__bucket *b, int64_t now_ms);
/* Only after mj__bucket_wait said 0. */
void mj__bucket_take(struct mj__bucket *b, int64_t now_ms);
void mj__bucket_pause(struct mj__bucket *b, int64_t until_ms);
/* A request that left at left_ms was told to slow down, until until_ms (now_ms:
   it was not said how long).  Where there is no limit, what left in the last
   seconds is taken for the rate.  Many that are told so at once are told once.
 */
void mj__bucket_slow(struct mj__bucket *b, int64_t until_ms, int64_t left_ms,
                     int64_t now_ms);
/* One that left at left_ms was not. */
void mj__bucket_good(struct mj__bucket *b, int64_t left_ms, int64_t now_ms);
/* Tokens a minute while it is slowed down; 0 = it is not. */
double mj__bucket_pace(const struct mj__bucket *b, int64_t now_ms);

#endif
