/* SPDX-License-Identifier: MIT
   index.c - a table that grows by doubling, three quarters full at most. */
#include "index.h"

#include <string.h>

/* Where a text would be if it were alone. */
static size_t home(const struct mj__index *x, const char *id) {
  uint64_t h = 0xcbf29ce484222325u;
  for (; *id; id++)
    h = (h ^ (unsigned char)*id) * 0x100000001b3u;
  return (size_t)(h ^ h >> 32) & (x->cap - 1);
}

/* Where it is, or could be put. */
static size_t slot(const struct mj__index *x, const char *id) {
  size_t i = home(x, id);
  while (x->slots[i] && strcmp(x->id(x->slots[i]), id) != 0)
    i = (i + 1) & (x->cap - 1);
  return i;
}

void mj__index_init(struct mj__index *x, mj__id_fn id) {
  memset(x, 0, sizeof *x);
  x->id = id;
}

static int grow(struct mj__index *x, const struct mj__mem *m) {
  struct mj__index bigger = *x;
  size_t i;
  if (x->n * 4 < x->cap * 3)
    return MJ_OK;
  bigger.cap = x->cap ? x->cap * 2 : 64;
  bigger.slots = mj__alloc(m, bigger.cap * sizeof *bigger.slots);
  if (!bigger.slots) /* one place stays free, or a search would not end */
    return x->n + 1 < x->cap ? MJ_OK : MJ_ERESOURCE;
  for (i = 0; i < x->cap; i++)
    if (x->slots[i])
      bigger.slots[slot(&bigger, x->id(x->slots[i]))] = x->slots[i];
  mj__free(m, x->slots);
  *x = bigger;
  return MJ_OK;
}

int mj__index_add(struct mj__index *x, const struct mj__mem *m, void *thing) {
  size_t i;
  if (grow(x, m) != MJ_OK)
    return MJ_ERESOURCE;
  i = slot(x, x->id(thing));
  x->n += !x->slots[i];
  x->slots[i] = thing;
  return MJ_OK;
}

/* What stands behind it moves up, unless it would come before its home. */
void mj__index_take(struct mj__index *x, const void *thing) {
  size_t hole, i, mask = x->cap - 1;
  const char *id = x->cap ? x->id(thing) : NULL;
  if (!id || x->slots[hole = slot(x, id)] != thing)
    return;
  for (i = (hole + 1) & mask; x->slots[i]; i = (i + 1) & mask) {
    size_t from_home = (i - home(x, x->id(x->slots[i]))) & mask;
    if (from_home >= ((i - hole) & mask)) {
      x->slots[hole] = x->slots[i];
      hole = i;
    }
  }
  x->slots[hole] = NULL;
  x->n--;
}

void *mj__index_find(const struct mj__index *x, const char *id) {
  return x->cap ? x->slots[slot(x, id)] : NULL;
}

void mj__index_free(struct mj__index *x, const struct mj__mem *m) {
  mj__free(m, x->slots);
  mj__index_init(x, x->id);
}
