/* SPDX-License-Identifier: MIT
   buf.c - the capped buffer of mem.h. */
#include "mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BUF_FIRST = 256 };

void mj__buf_init(struct mj__buf *b, const struct mj__mem *m, size_t max) {
  memset(b, 0, sizeof *b);
  b->mem = *m;
  b->max = max;
}

static int buf_room(struct mj__buf *b, size_t more) {
  size_t need, cap;
  char *p;
  if (b->err)
    return b->err;
  if (more > b->max || b->n > b->max - more)
    return b->err = MJ_ETOO_LARGE;
  need = b->n + more + 1;
  if (need <= b->cap)
    return MJ_OK;
  cap = b->cap ? b->cap : BUF_FIRST;
  while (cap < need)
    cap *= 2;
  p = mj__realloc(&b->mem, b->p, b->cap, cap);
  if (!p)
    return b->err = MJ_ERESOURCE;
  b->p = p;
  b->cap = cap;
  return MJ_OK;
}

int mj__buf_add(struct mj__buf *b, const char *s, size_t n) {
  int rc = buf_room(b, n);
  if (rc)
    return rc;
  if (n)
    memcpy(b->p + b->n, s, n);
  b->n += n;
  b->p[b->n] = '\0';
  return MJ_OK;
}

int mj__buf_puts(struct mj__buf *b, const char *s) {
  return mj__buf_add(b, s, strlen(s));
}

int mj__buf_printf(struct mj__buf *b, const char *fmt, ...) {
  va_list ap;
  int n, rc;
  va_start(ap, fmt);
  n = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  if (n < 0)
    return b->err ? b->err : (b->err = MJ_ERESOURCE);
  rc = buf_room(b, (size_t)n);
  if (rc)
    return rc;
  va_start(ap, fmt);
  (void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
  va_end(ap);
  b->n += (size_t)n;
  return MJ_OK;
}

void mj__buf_reset(struct mj__buf *b) {
  b->n = 0;
  b->err = MJ_OK;
  if (b->p)
    b->p[0] = '\0';
}

char *mj__buf_steal(struct mj__buf *b) {
  char *p = b->p, *fit;
  /* many are kept for long: no spare room for them */
  if (p && b->cap > b->n + 1) {
    fit = mj__realloc(&b->mem, p, b->cap, b->n + 1);
    if (fit)
      p = fit;
  }
  b->p = NULL;
  b->n = b->cap = 0;
  return p;
}

void mj__buf_free(struct mj__buf *b) {
  mj__free(&b->mem, b->p);
  b->p = NULL;
  b->n = b->cap = 0;
}
