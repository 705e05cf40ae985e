/* SPDX-License-Identifier: MIT
   key.c - SHA-256 over every field of a request that was set, each with its
   name and length, so that no two requests run into each other.  The version in
   front changes with the way it is done: an old journal then knows of no such
   work, and says so by its keys. */
#include "key.h"
#include "sha256.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

struct mj__tally {
  unsigned char digest[16];
  uint32_t count; /* 0 = free */
};

static void put(struct mj__sha256 *d, const char *name, const void *p,
                size_t n) {
  char head[64];
  int len = snprintf(head, sizeof head, "%s:%zu:", name, n);
  mj__sha256_add(d, head, (size_t)len);
  mj__sha256_add(d, p, n);
}

static void put_text(struct mj__sha256 *d, const char *name, const char *s) {
  if (s)
    put(d, name, s, strlen(s));
}

/* A key is the same in every locale; snprintf follows its decimal point. */
static void plain_point(char *text) {
  const char *point = localeconv()->decimal_point;
  char *at = strstr(text, point);
  if (at) {
    *at = '.';
    memmove(at + 1, at + strlen(point), strlen(at + strlen(point)) + 1);
  }
}

static void put_number(struct mj__sha256 *d, const char *name, double n) {
  char text[40];
  if (n != 0) {
    (void)snprintf(text, sizeof text, "%.17g", n);
    plain_point(text);
    put_text(d, name, text);
  }
}

static void put_picture(struct mj__sha256 *d, const char *name,
                        const mj_picture *p) {
  if (p && p->url)
    put_text(d, name, p->url);
  else if (p)
    put(d, name, p->bytes, p->len);
}

static void put_box(struct mj__sha256 *d, const char *name, const mj_box *b) {
  char text[80];
  if (!b)
    return;
  (void)snprintf(text, sizeof text, "%d %d %d %d", b->x, b->y, b->width,
                 b->height);
  put_text(d, name, text);
}

static void put_areas(struct mj__sha256 *d, const mj_request *r) {
  char text[80];
  size_t i, k;
  for (i = 0; i < r->nareas; i++) {
    (void)snprintf(text, sizeof text, "%d %d", r->areas[i].width,
                   r->areas[i].height);
    put_text(d, "area", text);
    for (k = 0; k < r->areas[i].npoints; k++) {
      (void)snprintf(text, sizeof text, "%d", r->areas[i].points[k]);
      put_text(d, "point", text);
    }
  }
}

static void put_request(struct mj__sha256 *d, const mj_request *r) {
  const struct {
    const char *name, *value;
  } texts[] = {{"op", mj_op_name(r->op)},
               {"prompt", r->prompt},
               {"task", r->task},
               {"button", r->button},
               {"type", r->type},
               {"strength", r->strength},
               {"provider", r->provider},
               {"input", r->input_json},
               {"dimensions", r->dimensions},
               {"language", r->language},
               {"motion", r->motion},
               {"video_type", r->video_type},
               {"bot", r->bot},
               {"notify_hook", r->notify_hook},
               {"account_filter", r->account_filter},
               {"mode", r->mode},
               {"state", r->state},
               {"extra", r->extra_json}};
  size_t i;
  for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
    put_text(d, texts[i].name, texts[i].value);
  for (i = 0; i < r->nparams; i++) {
    put_text(d, "param", r->params[i].name);
    put_text(d, "value", r->params[i].value);
  }
  for (i = 0; i < r->npictures; i++)
    put_picture(d, "picture", &r->pictures[i]);
  put_picture(d, "mask", r->mask);
  put_areas(d, r);
  put_box(d, "canvas", r->canvas);
  put_box(d, "place", r->place);
  put_number(d, "zoom", r->zoom);
  put_number(d, "remix", r->remix);
  put_number(d, "loop", r->loop);
  put_number(d, "batch", r->batch);
  put_number(d, "index", r->index);
}

static struct mj__tally *slot(const struct mj__tallies *k,
                              const unsigned char *digest) {
  size_t i;
  memcpy(&i, digest, sizeof i); /* as random as a hash can be */
  for (i &= k->cap - 1; k->slots[i].count; i = (i + 1) & (k->cap - 1))
    if (memcmp(k->slots[i].digest, digest, 16) == 0)
      break;
  return &k->slots[i];
}

static int grow(struct mj__tallies *k, const struct mj__mem *m) {
  struct mj__tallies wider = {NULL, k->n, k->cap ? k->cap * 2 : 64};
  size_t i;
  wider.slots = mj__alloc(m, wider.cap * sizeof *wider.slots);
  if (!wider.slots)
    return MJ_ERESOURCE;
  for (i = 0; i < k->cap; i++)
    if (k->slots[i].count)
      *slot(&wider, k->slots[i].digest) = k->slots[i];
  mj__free(m, k->slots);
  *k = wider;
  return MJ_OK;
}

static int digest_of(const mj_request *r, const char *base_url,
                     unsigned char digest[MJ__SHA256]) {
  struct mj__sha256 d;
  mj__sha256_begin(&d);
  put_text(&d, "gateway", base_url);
  put_request(&d, r);
  return mj__sha256_end(&d, digest) == 0 ? MJ_OK : MJ_ERESOURCE;
}

static int print(char out[MJ__KEY_MAX], const unsigned char *digest) {
  int i, n = snprintf(out, MJ__KEY_MAX, "1.");
  for (i = 0; i < 16; i++)
    n += snprintf(out + n, MJ__KEY_MAX - (size_t)n, "%02x", digest[i]);
  return n;
}

int mj__key_print(const mj_request *r, const char *base_url,
                  char out[MJ__KEY_MAX]) {
  unsigned char digest[MJ__SHA256];
  int rc = digest_of(r, base_url, digest);
  if (rc == MJ_OK)
    (void)print(out, digest);
  return rc;
}

int mj__key_make(struct mj__tallies *k, const struct mj__mem *m,
                 const mj_request *r, const char *base_url,
                 char out[MJ__KEY_MAX]) {
  unsigned char digest[MJ__SHA256];
  struct mj__tally *t;
  int n;
  if (4 * (k->n + 1) > 3 * k->cap && grow(k, m) != MJ_OK)
    return MJ_ERESOURCE;
  if (digest_of(r, base_url, digest) != MJ_OK)
    return MJ_ERESOURCE;
  t = slot(k, digest);
  if (t->count == 0) {
    memcpy(t->digest, digest, sizeof t->digest);
    k->n++;
  }
  t->count++;
  n = print(out, digest);
  (void)snprintf(out + n, MJ__KEY_MAX - (size_t)n, ".%u", t->count);
  return MJ_OK;
}

void mj__tallies_free(struct mj__tallies *k, const struct mj__mem *m) {
  mj__free(m, k->slots);
  memset(k, 0, sizeof *k);
}
