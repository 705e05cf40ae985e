/* SPDX-License-Identifier: MIT
   store_record.h - what the stores do alike: copying records, knowing keys. */
#ifndef MJ_STORE_RECORD_H
#define MJ_STORE_RECORD_H

#include "store.h"

/* The text members of a record but its token; each is a column of its name. */
#define MJ__RECORD_TEXTS(X)                                                    \
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

/* Copies `s` to *to, moves *to behind it and returns the copy; NULL stays. */
const char *mj__pack(char **to, const char *s);
size_t mj__packed(const char *s); /* bytes that takes */

/* The same for all that a record points to. */
void mj__record_pack(struct mj__record *r, char **to);
size_t mj__record_packed(const struct mj__record *r);

/* Checks and completes what was handed to put(). */
int mj__record_check(struct mj__record *r);
int mj__settled_state(int state);
/* Its state by name, -1 = there is none of that name. */
int mj__state_named(const char *name);
void mj__record_line(const struct mj__record *r, char *line, size_t size);

/* The keys that were ever put, as 64 bits of each. */
struct mj__keys {
  struct mj__mem mem;
  uint64_t *slots; /* open addressing, 0 = free */
  size_t n, cap;
};
void mj__keys_init(struct mj__keys *k, const struct mj__mem *m);
int mj__keys_add(struct mj__keys *k, const char *scope, const char *key);
/* A record's key, and its token as a key of MJ__SCOPE_TOKENS. */
int mj__keys_take(struct mj__keys *k, const struct mj__record *r);
int mj__keys_has(const struct mj__keys *k, const char *scope, const char *key);
void mj__keys_free(struct mj__keys *k);

#endif
