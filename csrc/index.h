/* SPDX-License-Identifier: MIT
   index.h - things found by a text of theirs: tasks, tokens. */
#ifndef MJ_INDEX_H
#define MJ_INDEX_H

#include "mem.h"

typedef const char *(*mj__id_fn)(const void *thing); /* stays as it is */

struct mj__index {
  mj__id_fn id;
  void **slots; /* open addressing, NULL = free */
  size_t cap, n;
};

void mj__index_init(struct mj__index *x, mj__id_fn id);
/* In the place of another one with that id.  MJ_ERESOURCE: it is not in. */
int mj__index_add(struct mj__index *x, const struct mj__mem *m, void *thing);
void mj__index_take(struct mj__index *x, const void *thing); /* or it is not */
void *mj__index_find(const struct mj__index *x, const char *id); /* or NULL */
void mj__index_free(struct mj__index *x, const struct mj__mem *m);

#endif
