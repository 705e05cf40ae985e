/* SPDX-License-Identifier: MIT
   store_record.c - records in one piece of memory, and the set of keys. */
#include "store_record.h"
#include "job.h"
#include "os.h"

#include <stdio.h>
#include <string.h>

size_t mj__packed(const char *s) {
  return s ? strlen(s) + 1 : 0;
}

static const char *pack(char **to, const char *s, size_t n) {
  char *p = *to;
  memcpy(p, s, n);
  p[n] = '\0';
  *to = p + n + 1;
  return p;
}

const char *mj__pack(char **to, const char *s) {
  return s ? pack(to, s, strlen(s)) : NULL;
}

size_t mj__record_packed(const struct mj__record *r) {
  size_t n = mj__packed(r->token);
#define X(name) n += mj__packed(r->name);
  MJ__RECORD_TEXTS(X)
#undef X
  n += r->body ? r->body_len + 1 : 0;
  return n + (r->result ? r->result_len + 1 : 0);
}

void mj__record_pack(struct mj__record *r, char **to) {
  r->token = mj__pack(to, r->token);
#define X(name) r->name = mj__pack(to, r->name);
  MJ__RECORD_TEXTS(X)
#undef X
  if (r->body)
    r->body = pack(to, r->body, r->body_len);
  if (r->result)
    r->result = pack(to, r->result, r->result_len);
}

int mj__record_check(struct mj__record *r) {
  if (r->state < 0 || r->state >= MJ__STATES || (r->token && !*r->token))
    return MJ_EINVALID;
  if (r->result && r->result_len == 0)
    r->result_len = strlen(r->result);
  if (r->changed_ms == 0)
    r->changed_ms = mj__os_wall_ms();
  return MJ_OK;
}

int mj__settled_state(int state) {
  return state == MJ__SUCCEEDED || state == MJ__FAILED ||
         state == MJ__CANCELLED || state == MJ__REJECTED ||
         state == MJ__ABANDONED || state == MJ__DOWNLOADED;
}

int mj__state_named(const char *name) {
  int i;
  for (i = 0; i < MJ__STATES; i++)
    if (strcmp(mj__state_name((enum mj__state)i), name) == 0)
      return i;
  return -1;
}

/* A value of a recovery line: a word, whatever it was. */
static void word(char out[161], const char *s) {
  size_t i;
  if (!s || !*s)
    s = "-";
  for (i = 0; i < 160 && s[i]; i++)
    if (s[i] > ' ' && s[i] <= '~')
      out[i] = s[i];
    else
      out[i] = '?';
  out[i] = '\0';
}

void mj__record_line(const struct mj__record *r, char *line, size_t size) {
  char token[161], task[161], gateway[161];
  word(token, r->token);
  word(task, r->task_id);
  word(gateway, r->gateway);
  (void)snprintf(line, size,
                 "mj: recover token=%s state=%s attempt=%d task=%s gateway=%s",
                 token, mj__state_name((enum mj__state)r->state), r->attempt,
                 task, gateway);
}

void mj__keys_init(struct mj__keys *k, const struct mj__mem *m) {
  memset(k, 0, sizeof *k);
  k->mem = *m;
}

/* FNV-1a, and a last stir so that the low bits depend on all.  Who makes two
   keys collide gains a look into the journal, no more. */
static uint64_t hash(const char *scope, const char *key) {
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  const char *s;
  for (s = scope ? scope : ""; *s; s++)
    h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
  h = (h ^ 0x1ff) * UINT64_C(0x100000001b3);
  for (s = key; *s; s++)
    h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
  h = (h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15);
  h ^= h >> 29;
  return h ? h : 1;
}

static size_t slot(const struct mj__keys *k, uint64_t h) {
  size_t i = (size_t)h & (k->cap - 1);
  while (k->slots[i] && k->slots[i] != h)
    i = (i + 1) & (k->cap - 1);
  return i;
}

int mj__keys_add(struct mj__keys *k, const char *scope, const char *key) {
  uint64_t h = hash(scope, key);
  size_t i;
  if (k->n * 4 >= k->cap * 3) {
    struct mj__keys bigger = *k;
    bigger.cap = k->cap ? k->cap * 2 : 64;
    bigger.slots = mj__alloc(&k->mem, bigger.cap * sizeof *k->slots);
    if (!bigger.slots)
      return MJ_ERESOURCE;
    for (i = 0; i < k->cap; i++)
      if (k->slots[i])
        bigger.slots[slot(&bigger, k->slots[i])] = k->slots[i];
    mj__free(&k->mem, k->slots);
    *k = bigger;
  }
  i = slot(k, h);
  k->n += k->slots[i] == 0;
  k->slots[i] = h;
  return MJ_OK;
}

int mj__keys_take(struct mj__keys *k, const struct mj__record *r) {
  if (r->key && *r->key && mj__keys_add(k, r->scope, r->key))
    return MJ_ERESOURCE;
  return mj__keys_add(k, MJ__SCOPE_TOKENS, r->token);
}

int mj__keys_has(const struct mj__keys *k, const char *scope, const char *key) {
  uint64_t h = hash(scope, key);
  return k->cap > 0 && k->slots[slot(k, h)] == h;
}

void mj__keys_free(struct mj__keys *k) {
  mj__free(&k->mem, k->slots);
  mj__keys_init(k, &k->mem);
}
