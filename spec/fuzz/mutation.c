/* SPDX-License-Identifier: MIT
   mutation.c - changes of bytes; see mutation.h.  Those of JSON are in
   mutation_json.c. */
#include "mutation.h"

#include <stdlib.h>
#include <string.h>

void text_add(text *t, const char *s, size_t n) {
  if (t->n + n + 1 > t->cap) {
    t->cap = (t->n + n + 1) * 2;
    t->p = realloc(t->p, t->cap);
    if (!t->p)
      abort();
  }
  if (n)
    memcpy(t->p + t->n, s, n);
  t->n += n;
  t->p[t->n] = '\0';
}

void text_puts(text *t, const char *s) {
  text_add(t, s, strlen(s));
}

void text_set(text *t, const char *s, size_t n) {
  t->n = 0;
  text_add(t, s, n);
}

void text_free(text *t) {
  free(t->p);
  memset(t, 0, sizeof *t);
}

/* splitmix64 */
uint64_t random_next(uint64_t *seed) {
  uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

size_t random_below(uint64_t *seed, size_t n) {
  return n ? (size_t)(random_next(seed) % n) : 0;
}

/* Replaces t[at .. at + cut) by s[0..n). */
static void replace(text *t, size_t at, size_t cut, const char *s, size_t n) {
  text rest = {NULL, 0, 0};
  text_add(&rest, t->p + at + cut, t->n - at - cut);
  t->n = at;
  text_add(t, s, n);
  text_add(t, rest.p, rest.n);
  text_free(&rest);
}

/* What parsers trip over. */
static const struct {
  const char *s;
  size_t n;
} odd[] = {
    {"\xff", 1},
    {"\xc0\x80", 2},
    {"\xc1\xbf", 2},
    {"\xe0\x80\xaf", 3},
    {"\xed\xa0\x80", 3},
    {"\xed\xbf\xbf", 3},
    {"\xf4\x90\x80\x80", 4},
    {"\xe6\xb8", 2},
    {"\x80", 1},
    {"\xef\xbb\xbf", 3},
    {"\xef\xbb", 2},
    {"\0", 1},
    {"\\u0000", 6},
    {"\\ud800", 6},
    {"\\udc00\\ud800", 12},
    {"\\ud83d\\ude00", 12},
    {"\x1b[31m", 5},
    {"\xc2\x9b", 2},
    {"/* */", 5},
    {"// \n", 4},
    {"\x0c", 1},
    {"\"", 1},
    {"\\", 1},
    {"{", 1},
    {"}", 1},
    {"[", 1},
    {"]", 1},
    {",", 1},
    {"1e5", 3},
    {"0", 1},
    {"-", 1},
    {"NaN", 3},
    {"'", 1},
    {"{\"code\":1,\"description\":\"ok\",\"result\":\"5\"}", 40},
};

static const char *byte_change(text *t, uint64_t *seed) {
  size_t at = random_below(seed, t->n);
  if (t->n == 0)
    return "nothing";
  if (random_below(seed, 2)) {
    t->p[at] = (char)(t->p[at] ^ (1 << random_below(seed, 8)));
    return "bit";
  }
  t->p[at] = (char)random_below(seed, 256);
  return "byte";
}

static const char *cut(text *t, uint64_t *seed) {
  size_t at = random_below(seed, t->n), n = t->n - at;
  if (random_below(seed, 3) == 0) {
    t->n = at;
    return "truncate";
  }
  if (random_below(seed, 2) == 0 && n > 8)
    n = 8;
  replace(t, at, random_below(seed, n + 1), "", 0);
  return "delete";
}

static const char *repeat(text *t, uint64_t *seed) {
  size_t at = random_below(seed, t->n),
         n = random_below(seed, t->n - at < 200 ? t->n - at : 200) + 1, times;
  text part = {NULL, 0, 0};
  if (t->n == 0)
    return "nothing";
  times = random_below(seed, 20) == 0 ? 1 + 20000 / n : 1;
  while (times-- > 0)
    text_add(&part, t->p + at, n);
  replace(t, at, 0, part.p, part.n);
  text_free(&part);
  return "repeat";
}

static const char *splice(text *t, const char *other, size_t n,
                          uint64_t *seed) {
  size_t from = random_below(seed, n + 1);
  t->n = random_below(seed, t->n + 1);
  text_add(t, other + from, n - from);
  return "splice";
}

static const char *insert(text *t, uint64_t *seed) {
  size_t i = random_below(seed, sizeof odd / sizeof odd[0]), at;
  switch (random_below(seed, 4)) {
  case 0:
    at = 0;
    break;
  case 1:
    at = t->n;
    break;
  default:
    at = random_below(seed, t->n + 1);
  }
  replace(t, at, 0, odd[i].s, odd[i].n);
  return "insert";
}

static const char *bytes(text *t, const char *other, size_t n, uint64_t *seed) {
  switch (random_below(seed, 6)) {
  case 0:
  case 1:
    return byte_change(t, seed);
  case 2:
    return cut(t, seed);
  case 3:
    return repeat(t, seed);
  case 4:
    return splice(t, other, n, seed);
  default:
    return insert(t, seed);
  }
}

const char *mutate(text *t, const char *other, size_t n, uint64_t *seed) {
  const char *done = NULL;
  text_add(t, "", 0);
  if (random_below(seed, 3))
    done = mutate_json(t, other, n, seed);
  return done ? done : bytes(t, other, n, seed);
}
