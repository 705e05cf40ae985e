/* SPDX-License-Identifier: MIT
   test.h - cmocka, and an allocator that counts and can be told to fail. */
#ifndef MJ_SPEC_TEST_H
#define MJ_SPEC_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct meter {
  size_t live;    /* blocks */
  size_t bytes;   /* in them */
  size_t calls;   /* allocations asked for */
  size_t fail_at; /* the n-th one fails, 0 = none */
  int for_ever;   /* and all after it */
};

/* An mj_alloc_fn; each block remembers its size in front of it. */
static inline void *meter_alloc(void *ud, void *p, size_t osize, size_t nsize) {
  struct meter *m = ud;
  char *old = p ? (char *)p - 16 : NULL, *new;
  size_t had = 0;
  (void)osize;
  if (old)
    memcpy(&had, old, sizeof had);
  if (nsize == 0) {
    m->live -= old != NULL;
    m->bytes -= had;
    free(old);
    return NULL;
  }
  m->calls++;
  if (m->fail_at &&
      (m->calls == m->fail_at || (m->for_ever && m->calls > m->fail_at)))
    return NULL;
  new = malloc(nsize + 16);
  if (!new)
    return NULL;
  memcpy(new, &nsize, sizeof nsize);
  if (old)
    memcpy(new + 16, p, had < nsize ? had : nsize);
  m->live += old == NULL;
  m->bytes += nsize - had;
  free(old);
  return new + 16;
}

static inline void meter_mem(struct meter *meter, struct mj__mem *mem) {
  memset(meter, 0, sizeof *meter);
  mj__mem_init(mem, meter_alloc, meter);
}

/* Numbers that are the same in each run. */
static inline uint32_t next_random(uint32_t *seed) {
  *seed ^= *seed << 13;
  *seed ^= *seed >> 17;
  *seed ^= *seed << 5;
  return *seed;
}

/* Builds of other kinds see MJ_FEWER: one in n of what the main build's tests
   go through whole. */
static inline unsigned long one_in(unsigned long n) {
  return getenv("MJ_FEWER") ? n : 1;
}

/* A case per row of a table, with the row's name; the row is its state. */
static inline struct CMUnitTest
named_case(const char *name, CMUnitTestFunction f, const void *row) {
  struct CMUnitTest t = {name, f, NULL, NULL, NULL};
  memcpy(&t.initial_state, &row, sizeof row);
  return t;
}

static inline int run_cases(const char *group, const struct CMUnitTest *tests,
                            size_t n) {
  return _cmocka_run_group_tests(group, tests, n, NULL, NULL);
}

#endif
