/* SPDX-License-Identifier: MIT
   store_case.h - every kind of store, opened for a test. */
#ifndef MJ_SPEC_STORE_CASE_H
#define MJ_SPEC_STORE_CASE_H

#include "test.h"

#include "storebed.h"

struct kind {
  const char *name;
  int in_file;
};

struct world {
  const struct kind *kind;
  struct bed bed;
  struct meter meter;
  struct mj__mem m;
  struct mj__arena a;
  mj__store *s;
  uint64_t number;
};

/* `state` is that of a case that was made by store_cases. */
void world_begin(struct world *w, void **state);
void world_end(struct world *w);
/* Closes it and opens it again, where that keeps anything. */
void world_reopen(struct world *w);
void world_put(struct world *w, const struct mj__record *r);
int world_find(struct world *w, const char *token, struct mj__record *out);

#define RECORD_TEXTS(X)                                                        \
  X(token)                                                                     \
  X(task_id)                                                                   \
  X(url)                                                                       \
  X(scope)                                                                     \
  X(key)                                                                       \
  X(run)                                                                       \
  X(gateway)                                                                   \
  X(parent)                                                                    \
  X(parent_token)                                                              \
  X(button)                                                                    \
  X(mode)                                                                      \
  X(state_user)                                                                \
  X(prompt)                                                                    \
  X(error_text)                                                                \
  X(print)                                                                     \
  X(what)                                                                      \
  X(budget)
#define RECORD_NUMBERS(X)                                                      \
  X(state)                                                                     \
  X(attempt)                                                                   \
  X(op)                                                                        \
  X(error)                                                                     \
  X(created_ms)                                                                \
  X(sent_ms)                                                                   \
  X(changed_ms)                                                                \
  X(price)                                                                     \
  X(body_len)                                                                  \
  X(result_len)

/* Every member, so that none is forgotten in one of five places. */
struct mj__record full_record(void);
void same_record(const struct mj__record *a, const struct mj__record *b);

struct store_test {
  const char *name;
  CMUnitTestFunction f;
};
/* Each test with each kind of store. */
int store_cases(const char *group, const struct store_test *suite, size_t n);

#endif
