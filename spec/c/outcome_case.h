/* SPDX-License-Identifier: MIT
   outcome_case.h - the two parts of test_outcome: what replies mean for money,
   and what is said about them. */
#ifndef MJ_TEST_OUTCOME_CASE_H
#define MJ_TEST_OUTCOME_CASE_H

#include "test.h"

#include "outcome.h"

/* Fills *s as the client does; the document is the caller's. */
mj_json *outcome_see(struct mj__reply *s, int http, const char *body);

extern const struct CMUnitTest outcome_words[];
extern const size_t outcome_nwords;

#endif
