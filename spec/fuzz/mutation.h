/* SPDX-License-Identifier: MIT
   mutation.h - replies made wrong, byte by byte and member by member. */
#ifndef MJ_SPEC_MUTATION_H
#define MJ_SPEC_MUTATION_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that grow; from malloc. */
typedef struct text {
  char *p;
  size_t n, cap;
} text;

void text_add(text *t, const char *s, size_t n);
void text_puts(text *t, const char *s);
void text_set(text *t, const char *s, size_t n);
void text_free(text *t);

/* Numbers that are the same in each run. */
uint64_t random_next(uint64_t *seed);
size_t random_below(uint64_t *seed, size_t n); /* 0 when n is 0 */

/* Changes *t in one way; `other` is a reply to take parts of.  Returns the name
   of what was done. */
const char *mutate(text *t, const char *other, size_t n, uint64_t *seed);

/* One change to the JSON in *t, or NULL: it is none. */
const char *mutate_json(text *t, const char *other, size_t n, uint64_t *seed);

#endif
