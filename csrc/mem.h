/* SPDX-License-Identifier: MIT
   mem.h - the allocator of a client, an arena, and a capped buffer. */
#ifndef MJ_MEM_H
#define MJ_MEM_H

#include "mj.h"

struct mj__mem {
  mj_alloc_fn fn;
  void *ud;
};

/* NULL fn means realloc and free. */
void mj__mem_init(struct mj__mem *m, mj_alloc_fn fn, void *ud);
void *mj__alloc(const struct mj__mem *m,
                size_t n); /* zeroed; NULL = no memory */
void *mj__realloc(const struct mj__mem *m, void *p, size_t osize, size_t nsize);
void mj__free(const struct mj__mem *m, void *p); /* NULL is fine */
char *mj__strdup(const struct mj__mem *m,
                 const char *s); /* NULL in, NULL out */
char *mj__strndup(const struct mj__mem *m, const char *s, size_t n);

/* Memory that is given back all at once. */
struct mj__arena {
  struct mj__mem mem;
  struct mj__chunk *chunk;
  size_t total; /* bytes taken from `mem` */
};
void mj__arena_init(struct mj__arena *a, const struct mj__mem *m);
void *mj__arena_alloc(struct mj__arena *a, size_t n); /* not zeroed, aligned */
char *mj__arena_strndup(struct mj__arena *a, const char *s, size_t n);
void mj__arena_free(struct mj__arena *a);

/* A buffer that refuses to outgrow `max` and always ends in a NUL that `n`
   does not count.  The first failure sticks in `err`; later calls do nothing,
   so a writer checks once at the end. */
struct mj__buf {
  struct mj__mem mem;
  char *p;
  size_t n, cap, max;
  int err; /* MJ_OK, MJ_ERESOURCE, MJ_ETOO_LARGE */
};
void mj__buf_init(struct mj__buf *b, const struct mj__mem *m, size_t max);
int mj__buf_add(struct mj__buf *b, const char *s, size_t n);
int mj__buf_puts(struct mj__buf *b, const char *s);
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
int mj__buf_printf(struct mj__buf *b, const char *fmt, ...);
void mj__buf_reset(struct mj__buf *b);  /* empty, memory kept */
char *mj__buf_steal(struct mj__buf *b); /* the caller frees it; b is empty */
void mj__buf_free(struct mj__buf *b);

#endif
