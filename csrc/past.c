/* SPDX-License-Identifier: MIT
   past.c - what was sent, by the task that came of it. */
#include "past.h"

#include <string.h>

static size_t weight(const struct mj__old *o) {
  return sizeof *o + strlen(o->id) + strlen(o->url) + o->body_len +
         (o->prompt ? strlen(o->prompt) : 0);
}

static const char *id_of(const void *old) {
  return ((const struct mj__old *)old)->id;
}

static void old_free(const struct mj__mem *m, struct mj__old *o) {
  mj__free(m, o->url);
  mj__free(m, o->body);
  mj__free(m, o->prompt);
  mj__free(m, o);
}

static void forget_first(struct mj__past *p, const struct mj__mem *m) {
  struct mj__old *o = p->first;
  mj__index_take(&p->by_id, o);
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
  p->by_id.id = id_of;
  if (url && body)
    o = make(m, id, prompt);
  if (!o || mj__index_add(&p->by_id, m, o) != MJ_OK) {
    mj__free(m, url);
    mj__free(m, body);
    if (o)
      old_free(m, o);
    return;
  }
  o->url = url;
  o->body = body;
  o->body_len = body_len;
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
  return mj__index_find(&p->by_id, id);
}

void mj__past_free(struct mj__past *p, const struct mj__mem *m) {
  while (p->first)
    forget_first(p, m);
  mj__index_free(&p->by_id, m);
  memset(p, 0, sizeof *p);
}
