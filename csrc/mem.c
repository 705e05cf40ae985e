/* SPDX-License-Identifier: MIT
   mem.c - the only file of the core that calls the C library's allocator. */
#include "mem.h"

#include <stdlib.h>
#include <string.h>

struct mj__chunk {
  struct mj__chunk *prev;
  size_t used, cap;
};

enum { ARENA_FIRST = 8192, ARENA_MOST = 1 << 18, ARENA_ALIGN = 16 };

static void *system_alloc(void *ud, void *p, size_t osize, size_t nsize) {
  (void)ud;
  (void)osize;
  if (nsize == 0) {
    free(p);
    return NULL;
  }
  return realloc(p, nsize);
}

void mj__mem_init(struct mj__mem *m, mj_alloc_fn fn, void *ud) {
  m->fn = fn ? fn : system_alloc;
  m->ud = ud;
}

void *mj__alloc(const struct mj__mem *m, size_t n) {
  void *p = m->fn(m->ud, NULL, 0, n);
  if (p)
    memset(p, 0, n);
  return p;
}

void *mj__realloc(const struct mj__mem *m, void *p, size_t osize,
                  size_t nsize) {
  return m->fn(m->ud, p, osize, nsize);
}

void mj__free(const struct mj__mem *m, void *p) {
  if (p)
    m->fn(m->ud, p, 0, 0);
}

char *mj__strndup(const struct mj__mem *m, const char *s, size_t n) {
  char *p = m->fn(m->ud, NULL, 0, n + 1);
  if (!p)
    return NULL;
  memcpy(p, s, n);
  p[n] = '\0';
  return p;
}

char *mj__strdup(const struct mj__mem *m, const char *s) {
  return s ? mj__strndup(m, s, strlen(s)) : NULL;
}

void mj__arena_init(struct mj__arena *a, const struct mj__mem *m) {
  a->mem = *m;
  a->chunk = NULL;
  a->total = 0;
}

static size_t chunk_head(void) {
  size_t h = sizeof(struct mj__chunk);
  return (h + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
}

static struct mj__chunk *arena_grow(struct mj__arena *a, size_t n) {
  size_t cap = a->chunk ? a->chunk->cap * 2 : ARENA_FIRST;
  struct mj__chunk *c;
  if (cap > ARENA_MOST)
    cap = ARENA_MOST;
  if (cap < n)
    cap = n;
  c = a->mem.fn(a->mem.ud, NULL, 0, chunk_head() + cap);
  if (!c)
    return NULL;
  c->prev = a->chunk;
  c->used = 0;
  c->cap = cap;
  a->chunk = c;
  a->total += chunk_head() + cap;
  return c;
}

void *mj__arena_alloc(struct mj__arena *a, size_t n) {
  struct mj__chunk *c = a->chunk;
  char *p;
  if (n > SIZE_MAX / 4)
    return NULL;
  n = (n + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
  if (!c || c->cap - c->used < n)
    c = arena_grow(a, n);
  if (!c)
    return NULL;
  p = (char *)c + chunk_head() + c->used;
  c->used += n;
  return p;
}

char *mj__arena_strndup(struct mj__arena *a, const char *s, size_t n) {
  char *p = mj__arena_alloc(a, n + 1);
  if (!p)
    return NULL;
  memcpy(p, s, n);
  p[n] = '\0';
  return p;
}

void mj__arena_free(struct mj__arena *a) {
  while (a->chunk) {
    struct mj__chunk *prev = a->chunk->prev;
    mj__free(&a->mem, a->chunk);
    a->chunk = prev;
  }
  a->total = 0;
}
