/* SPDX-License-Identifier: MIT
   past.c - what was sent, by the task that came of it. */
#include "past.h"

#include <string.h>

static size_t bucket_of(const struct mj__past *p, const char *id) {
  uint64_t h = 0xcbf29ce484222325u;
  for (; *id; id++)
    h = (h ^ (unsigned char)*id) * 0x100000001b3u;
  return (size_t)(h ^ h >> 32) & (p->nbuckets - 1);
}

static size_t weight(const struct mj__old *o) {
  return sizeof *o + strlen(o->id) + strlen(o->url) + o->body_len +
         (o->prompt ? strlen(o->prompt) : 0);
}

static void old_free(const struct mj__mem *m, struct mj__old *o) {
  mj__free(m, o->url);
  mj__free(m, o->body);
  mj__free(m, o->prompt);
  mj__free(m, o);
}

static void link_in(struct mj__past *p, struct mj__old *o) {
  struct mj__old **b = &p->buckets[bucket_of(p, o->id)];
  o->chain = *b;
  *b = o;
}

static int grow(struct mj__past *p, const struct mj__mem *m) {
  size_t n = p->nbuckets ? p->nbuckets * 2 : 64;
  struct mj__old **buckets = mj__alloc(m, n * sizeof *buckets), *o;
  if (!buckets)
    return MJ_ERESOURCE;
  mj__free(m, p->buckets);
  p->buckets = buckets;
  p->nbuckets = n;
  for (o = p->first; o; o = o->next)
    link_in(p, o);
  return MJ_OK;
}

static void forget_first(struct mj__past *p, const struct mj__mem *m) {
  struct mj__old *o = p->first, **b = &p->buckets[bucket_of(p, o->id)];
  while (*b != o)
    b = &(*b)->chain;
  *b = o->chain;
  p->first = o->next;
  if (!p->first)
    p->last = NULL;
  p->n--;
  p->bytes -= weight(o);
  old_free(m, o);
}

static struct mj__old *make(const struct mj__mem *m, const char *id,
                            const char *prompt) {
  size_t n = strlen(id) + 1;
  struct mj__old *o = mj__alloc(m, sizeof *o + n);
  if (!o)
    return NULL;
  memcpy(o->id, id, n);
  o->prompt = mj__strdup(m, prompt);
  if (!prompt || o->prompt)
    return o;
  mj__free(m, o);
  return NULL;
}

void mj__past_keep(struct mj__past *p, const struct mj__mem *m, const char *id,
                   char *url, char *body, size_t body_len, const char *prompt) {
  struct mj__old *o = NULL;
  if (url && body && (p->n < p->nbuckets || grow(p, m) == MJ_OK))
    o = make(m, id, prompt);
  if (!o) {
    mj__free(m, url);
    mj__free(m, body);
    return;
  }
  o->url = url;
  o->body = body;
  o->body_len = body_len;
  link_in(p, o); /* in front of an older one with the same id */
  if (p->last)
    p->last->next = o;
  else
    p->first = o;
  p->last = o;
  p->n++;
  p->bytes += weight(o);
  while (p->bytes > MJ__PAST_MOST)
    forget_first(p, m);
}

const struct mj__old *mj__past_find(const struct mj__past *p, const char *id) {
  const struct mj__old *o = p->nbuckets ? p->buckets[bucket_of(p, id)] : NULL;
  while (o && strcmp(o->id, id) != 0)
    o = o->chain;
  return o;
}

void mj__past_free(struct mj__past *p, const struct mj__mem *m) {
  while (p->first)
    forget_first(p, m);
  mj__free(m, p->buckets);
  memset(p, 0, sizeof *p);
}
