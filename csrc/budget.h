/* SPDX-License-Identifier: MIT
   budget.h - what work costs, and how much of a limit is taken.  Amounts are
   millionths of the user's unit, so that sums are exact.  No clock, no I/O. */
#ifndef MJ_BUDGET_H
#define MJ_BUDGET_H

#include "mj.h"

/* A hundred million units: sums of as many as a journal has stay below 2^63. */
#define MJ__AMOUNT_MOST INT64_C(100000000000000)

/* Where money is that was counted. */
enum mj__purse {
  MJ__P_NONE,
  MJ__P_RESERVED, /* leaves, or was accepted and goes on */
  MJ__P_UNKNOWN,  /* left, and nobody knows what became of it */
  MJ__P_SPENT,
  MJ__PURSES
};
/* Of money that was counted for work in this state (enum mj__state). */
enum mj__purse mj__purse_of(int state);

struct mj__account {
  int64_t sums[MJ__PURSES]; /* that of MJ__P_NONE stays 0 */
};
/* Takes `was` out of one purse and puts `is` into another. */
void mj__account_move(struct mj__account *a, enum mj__purse from, int64_t was,
                      enum mj__purse to, int64_t is);
int64_t mj__account_total(const struct mj__account *a);
/* limit -1 = none.  What is left: 0 at least. */
int64_t mj__account_left(const struct mj__account *a, int64_t limit);
int mj__account_allows(const struct mj__account *a, int64_t limit,
                       int64_t amount);

/* The word that a request is priced by: its verb, of a click what its button
   does ("upscale", "vary:strong"; numbers are left out, so that there are few),
   or "click" where nobody knows. */
enum { MJ__WHAT_MAX = 32 };
void mj__what_of(char out[MJ__WHAT_MAX], const mj_request *r);

#endif
