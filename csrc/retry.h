/* SPDX-License-Identifier: MIT
   retry.h - when what failed may be tried again: how long to wait, what the
   gateway itself asks for, and how many retries a gateway in trouble gets.  No
   clock, no I/O: time and chance are arguments. */
#ifndef MJ_RETRY_H
#define MJ_RETRY_H

#include <stddef.h>
#include <stdint.h>

/* A gateway that says "slow down" is obeyed; nobody waits longer than this for
   it without being told. */
enum { MJ__RETRY_AFTER_MOST = 120000 };

/* Full jitter: anything from 0 to base_ms doubled n - 1 times, at most most_ms,
   for the n-th failure in a row (from 1); `random` is any number.  Where the
   gateway asked for more (retry_after_ms, -1 = nothing), that, and up to 5 s on
   top: those who were told the same do not all come back at once. */
int64_t mj__retry_wait(int n, int64_t base_ms, int64_t most_ms,
                       int64_t retry_after_ms, uint32_t random);

/* A header's value as milliseconds from now: seconds or a fraction, or a date
   in one of HTTP's three forms; millis = 1: the number is milliseconds, as in
   "retry-after-ms".  -1 = it is none of these; a date that has passed is 0. */
int64_t mj__retry_after(const char *value, int millis, int64_t wall_ms);

/* Of two that were said, neither is to be broken. */
int64_t mj__retry_later(int64_t a_ms, int64_t b_ms);

/* Tokens that retries cost and successes bring: while all fails they run out,
   and then one request a second finds out whether it still does.  The figures
   are those of the AWS clients (botocore's standard mode). */
enum {
  MJ__QUOTA_MOST = 500,
  MJ__QUOTA_TROUBLE = 14, /* a retry after an error */
  MJ__QUOTA_BUSY = 5,     /* after "slow down": the gateway is well */
  MJ__QUOTA_PROBE_MS = 1000
};
struct mj__quota {
  int left;
  int64_t probe_at_ms;
};
void mj__quota_init(struct mj__quota *q);
/* 1 = a retry that costs so much may go now; *cost becomes what it took. */
int mj__quota_take(struct mj__quota *q, int *cost, int64_t now_ms);
/* A request went well that was a retry (its cost) or was none (0). */
void mj__quota_good(struct mj__quota *q, int cost);

#endif
