/* SPDX-License-Identifier: MIT
   later.c - requests that cannot be encoded yet: it is not known which family
   the gateway speaks, or which button a label means.  The first are checked at
   once, against both families. */
#include "mj_int.h"

#include <string.h>

enum { BODY_MAX = 64 << 20 };

struct mj__kept {
  struct mj__arena arena;
  mj_request r;           /* all it points to is in the arena */
  struct mj__kept *older; /* of the round before: events may point to it */
};

/* Copies ------------------------------------------------------------------- */

static int copy_text(struct mj__arena *a, const char **s) {
  if (!*s)
    return MJ_OK;
  *s = mj__arena_strndup(a, *s, strlen(*s));
  return *s ? MJ_OK : MJ_ERESOURCE;
}

static int copy_block(struct mj__arena *a, const void **p, size_t n) {
  void *copy;
  if (!*p || n == 0)
    return MJ_OK;
  copy = mj__arena_alloc(a, n);
  if (!copy)
    return MJ_ERESOURCE;
  memcpy(copy, *p, n);
  *p = copy;
  return MJ_OK;
}

#define COPY_ARRAY(a, p, n)                                                    \
  copy_block(a, (const void **)&(p), (n) * sizeof *(p))

static int copy_picture(struct mj__arena *a, mj_picture *p) {
  if (copy_text(a, &p->url))
    return MJ_ERESOURCE;
  if (p->url || !p->bytes)
    return MJ_OK;
  p->bytes = mj__arena_strndup(a, p->bytes, p->len);
  return p->bytes ? MJ_OK : MJ_ERESOURCE;
}

static int copy_pictures(struct mj__arena *a, mj_request *r) {
  mj_picture *list;
  size_t i;
  int rc =
      COPY_ARRAY(a, r->pictures, r->npictures) || COPY_ARRAY(a, r->mask, 1);
  list = (mj_picture *)(uintptr_t)r->pictures; /* ours by now */
  for (i = 0; rc == MJ_OK && i < r->npictures; i++)
    rc = copy_picture(a, &list[i]);
  if (rc == MJ_OK && r->mask)
    rc = copy_picture(a, (mj_picture *)(uintptr_t)r->mask);
  return rc ? MJ_ERESOURCE : MJ_OK;
}

static int copy_params(struct mj__arena *a, mj_request *r) {
  mj_param *list;
  size_t i;
  if (COPY_ARRAY(a, r->params, r->nparams))
    return MJ_ERESOURCE;
  list = (mj_param *)(uintptr_t)r->params;
  for (i = 0; i < r->nparams; i++)
    if (copy_text(a, &list[i].name) || copy_text(a, &list[i].value))
      return MJ_ERESOURCE;
  return MJ_OK;
}

static int copy_region(struct mj__arena *a, mj_request *r) {
  mj_area *list;
  size_t i;
  if (COPY_ARRAY(a, r->areas, r->nareas) || COPY_ARRAY(a, r->canvas, 1) ||
      COPY_ARRAY(a, r->place, 1))
    return MJ_ERESOURCE;
  list = (mj_area *)(uintptr_t)r->areas;
  for (i = 0; i < r->nareas; i++)
    if (COPY_ARRAY(a, list[i].points, list[i].npoints))
      return MJ_ERESOURCE;
  return MJ_OK;
}

static int copy_request(struct mj__arena *a, mj_request *r) {
  const char **texts[] = {
      &r->prompt,      &r->task,     &r->button,         &r->dimensions,
      &r->language,    &r->motion,   &r->video_type,     &r->bot,
      &r->notify_hook, &r->type,     &r->account_filter, &r->mode,
      &r->state,       &r->strength, &r->extra_json,     &r->provider,
      &r->input_json};
  size_t i;
  for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
    if (copy_text(a, texts[i]))
      return MJ_ERESOURCE;
  if (r->task_json) {
    r->task_json = mj__arena_strndup(a, r->task_json, r->task_json_len);
    if (!r->task_json)
      return MJ_ERESOURCE;
  }
  return copy_pictures(a, r) || copy_params(a, r) || copy_region(a, r)
             ? MJ_ERESOURCE
             : MJ_OK;
}

/* What neither family can do is said at once.  A click's button may have to be
   looked up first. */
static int try_both(mj_client *c, const mj_request *r, mj_error *err) {
  const struct mj__wire *const wires[] = {&mj__wire_mj, &mj__wire_generate};
  mj_error why[2];
  size_t i;
  int rc[2];
  if (r->op == MJ_OP_CLICK || r->op == MJ_OP_MODAL)
    return MJ_OK;
  for (i = 0; i < 2; i++) {
    struct mj__call call;
    memset(&call, 0, sizeof call);
    mj__buf_init(&call.url, &c->mem, 8192);
    mj__buf_init(&call.body, &c->mem, BODY_MAX);
    mj__err_clear(&why[i]);
    rc[i] = wires[i]->put(&call, &c->gateway, r, "", &why[i]);
    mj__buf_free(&call.url);
    mj__buf_free(&call.body);
    if (rc[i] == MJ_OK)
      return MJ_OK;
  }
  i = rc[0] == MJ_EUNSUPPORTED; /* the one that could tells what is wrong */
  if (err)
    *err = why[i];
  return rc[i];
}

int mj__keep_request(mj_client *c, struct mj__job *j, const mj_request *r) {
  struct mj__kept *k = mj__alloc(&c->mem, sizeof *k);
  if (!k)
    return MJ_ERESOURCE;
  mj__arena_init(&k->arena, &c->mem);
  k->r = *r;
  j->kept = k;
  return copy_request(&k->arena, &k->r);
}

const mj_request *mj__kept_request(const struct mj__job *j) {
  return &j->kept->r;
}

static void free_request(mj_client *c, struct mj__kept *k) {
  while (k) {
    struct mj__kept *older = k->older;
    mj__arena_free(&k->arena);
    mj__free(&c->mem, k);
    k = older;
  }
}

int mj__keep_another(mj_client *c, struct mj__job *j, const mj_request *r) {
  struct mj__kept *older = j->kept;
  int rc;
  j->kept = NULL;
  rc = mj__keep_request(c, j, r);
  if (rc != MJ_OK) {
    mj__drop_request(c, j);
    j->kept = older;
    return rc;
  }
  if (older) { /* r may lie in it, and is not read for the last time */
    free_request(c, older->older);
    older->older = NULL;
  }
  j->kept->older = older;
  return MJ_OK;
}

void mj__drop_request(mj_client *c, struct mj__job *j) {
  free_request(c, j->kept);
  j->kept = NULL;
}

int mj__defer(mj_client *c, struct mj__job *j, const mj_request *r,
              mj_error *err) {
  int rc = try_both(c, r, err);
  if (rc)
    return rc;
  j->op = (unsigned char)r->op;
  j->progress_on = r->progress ? 1 : 0;
  return mj__keep_request(c, j, r) ? mj__err_nomem(err) : MJ_OK;
}

/* Their time has come ------------------------------------------------------ */

static void reject(mj_client *c, struct mj__job *j, const mj_error *err) {
  mj__drop_request(c, j);
  (void)mj__job_go(j, MJ__REJECTED);
  mj__end(c, j, err, NULL, NULL);
}

/* An observer may have come or gone since. */
static int encode_now(mj_client *c, struct mj__job *j, mj_error *err) {
  j->kept->r.progress = j->progress_on;
  mj__err_clear(err);
  return mj__prepare(c, j, &j->kept->r, err);
}

void mj__release(mj_client *c) {
  struct mj__job *j;
  mj_error err;
  while ((j = c->queues[MJ__Q_FAMILY].first) != NULL) {
    mj__dequeue(c, j);
    if (j->kind == MJ__ASK) { /* which family it is, is all it wants to know */
      j->done.pub.items = &c->wire->name;
      j->done.pub.nitems = 1;
      mj__end(c, j, NULL, NULL, NULL);
    } else if (encode_now(c, j, &err) != MJ_OK) {
      reject(c, j, &err);
    } else {
      if (j->state != MJ__LOOKUP && j->rounds <= 1)
        mj__drop_request(c, j);
      mj__enqueue(c, j, mj__queue_of(j));
    }
  }
}

void mj__release_failed(mj_client *c, const mj_error *why) {
  struct mj__job *j;
  while ((j = c->queues[MJ__Q_FAMILY].first) != NULL) {
    mj__dequeue(c, j);
    reject(c, j, why);
  }
}
