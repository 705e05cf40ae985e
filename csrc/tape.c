/* SPDX-License-Identifier: MIT
   tape.c - a transport that writes down what passes through it, or that plays
   back what was written down, and then passes nothing on. */
#include "tape.h"
#include "err.h"
#include "os.h"
#include "os_private.h"

#include <errno.h>
#include <string.h>

struct wrap {
  struct mj__mem mem;
  mj_tape *t;
  mj_transport inner;
  const char *base, *key;
  struct mj__taking *x;
  int most;
};

/* Tapes ------------------------------------------------------------------- */

static int make(mj_tape **out, mj_alloc_fn alloc, void *ud, mj_error *err) {
  struct mj__mem m;
  mj__err_clear(err);
  mj__mem_init(&m, alloc, ud);
  *out = mj__alloc(&m, sizeof **out);
  if (!*out)
    return mj__err_nomem(err);
  (*out)->mem = m;
  (*out)->refs = 1;
  return MJ_OK;
}

int mj_tape_record(mj_tape **out, const char *path, const char *head,
                   mj_alloc_fn alloc, void *ud, mj_error *err) {
  mj_tape *t;
  int rc = make(&t, alloc, ud, err);
  *out = NULL;
  if (rc)
    return rc;
  /* prompts are in it */
  rc = mj__os_private_new(path, err);
  if (rc == MJ_OK && (t->out = fopen(path, "ab")) == NULL)
    rc = mj__err_set(err, MJ_EINVALID, "cannot open %.200s: %s", path,
                     strerror(errno));
  if (rc == MJ_OK && (fprintf(t->out, "%s\n", head) < 0 || fflush(t->out) != 0))
    rc = mj__err_set(err, MJ_ERESOURCE, "cannot write %.200s: %s", path,
                     strerror(errno));
  if (rc == MJ_EJOURNAL) {
    rc = MJ_EINVALID;
    if (err)
      err->code = rc;
  }
  if (rc != MJ_OK) {
    mj_tape_free(t);
    return rc;
  }
  t->begun_ms = mj__os_now_ms(NULL);
  *out = t;
  return MJ_OK;
}

int mj_tape_replay(mj_tape **out, const char *path, mj_alloc_fn alloc, void *ud,
                   mj_error *err) {
  mj_tape *t;
  int rc = make(&t, alloc, ud, err);
  *out = NULL;
  if (rc)
    return rc;
  t->playing = 1;
  rc = mj__tape_load(t, path, err);
  if (rc) {
    mj_tape_free(t);
    return rc;
  }
  *out = t;
  return MJ_OK;
}

const char *mj_tape_head(const mj_tape *t) {
  return t->head;
}

const char *mj_tape_wrong(const mj_tape *t) {
  return t->wrong[0] ? t->wrong : NULL;
}

int mj_tape_check(const mj_tape *t, mj_error *err) {
  size_t i, left = 0, first = 0;
  mj__err_clear(err);
  if (t->broken)
    return mj__err_set(err, MJ_ERESOURCE,
                       "the transcript could not be written: %s",
                       strerror(t->broken));
  if (t->wrong[0])
    return mj__err_set(err, MJ_EPROTOCOL, "%s", t->wrong);
  for (i = t->nall; i > 0; i--)
    if (!t->all[i - 1].used) {
      left++;
      first = i - 1;
    }
  if (left == 0)
    return MJ_OK;
  return mj__err_set(err, MJ_EPROTOCOL,
                     "replay: %zu recorded exchange%s not asked for; the "
                     "first: %zu, %s %.200s",
                     left, left == 1 ? " was" : "s were", first + 1,
                     t->all[first].method, t->all[first].url);
}

void mj_tape_free(mj_tape *t) {
  struct mj__mem m;
  size_t i;
  if (!t || --t->refs > 0)
    return;
  if (t->out)
    (void)fclose(t->out);
  for (i = 0; i < t->nall; i++) {
    mj__free(&t->mem, t->all[i].request);
    mj__free(&t->mem, t->all[i].reply);
  }
  for (i = 0; i < t->ndocs; i++)
    mj_json_free(t->docs[i]);
  mj__free(&t->mem, t->docs);
  mj__free(&t->mem, t->all);
  mj__free(&t->mem, t->tokens);
  mj__free(&t->mem, t->head);
  m = t->mem;
  mj__free(&m, t);
}

/* The transport ----------------------------------------------------------- */

static struct mj__taking *place(struct wrap *w, uint64_t id) {
  int i;
  for (i = 0; i < w->most; i++)
    if (w->x[i].id == id)
      return &w->x[i];
  return NULL;
}

static int tape_start(void *ud, mj_client *c, const mj_http *req) {
  struct wrap *w = ud;
  struct mj__taking *x = place(w, 0);
  const struct mj__recorded *found = NULL;
  int rc = MJ_OK;
  if (!x)
    return MJ_ERESOURCE;
  if (w->t->playing) {
    found = mj__tape_find(w->t, w->base, req);
    if (req->paid && !mj_ticket_redeem(c, req))
      return MJ_EINVALID;
  } else {
    rc = w->inner.start(w->inner.ud, c, req);
  }
  if (rc != MJ_OK)
    return rc;
  x->id = req->id;
  x->method = req->method;
  x->url = req->url;
  x->body = req->body;
  x->body_len = req->body_len;
  x->paid = req->paid;
  x->at_ms = mj__os_now_ms(NULL);
  x->found = found;
  return MJ_OK;
}

static void tape_stop(void *ud, uint64_t id) {
  struct wrap *w = ud;
  struct mj__taking *x = place(w, id);
  if (!w->t->playing)
    w->inner.stop(w->inner.ud, id);
  if (!x)
    return;
  if (!w->t->playing)
    mj__tape_write(w->t, w->base, w->key, x, NULL, 0, NULL);
  x->id = 0;
}

/* Nothing was recorded for it: as if nobody were there. */
static void play_nothing(struct wrap *w, mj_client *c, uint64_t id) {
  mj_http_result r;
  memset(&r, 0, sizeof r);
  r.curl_code = 7; /* CURLE_COULDNT_CONNECT */
  r.retry_after_ms = -1;
  r.text = w->t->wrong;
  mj_transport_done(c, id, &r);
}

static void play(struct wrap *w, mj_client *c, struct mj__taking *x) {
  const struct mj__recorded *found = x->found;
  uint64_t id = x->id;
  mj_http_result r;
  size_t n = 0;
  char *reply;
  if (found && found->stopped)
    return; /* it was broken off then, and will be now */
  x->id = 0;
  if (!found) {
    play_nothing(w, c, id);
    return;
  }
  r = found->result;
  reply = mj__tape_reply(w->t, found, &n);
  if (!reply)
    r.curl_code = 27; /* CURLE_OUT_OF_MEMORY */
  else if (n > 0 && mj_transport_data(c, id, reply, n) != MJ_OK)
    r.curl_code = 23; /* CURLE_WRITE_ERROR, as libcurl says it */
  mj_transport_done(c, id, &r);
  mj__free(&w->mem, reply);
}

static int is_due(const struct wrap *w) {
  int i;
  for (i = 0; w->t->playing && i < w->most; i++)
    if (w->x[i].id && !(w->x[i].found && w->x[i].found->stopped))
      return 1;
  return 0;
}

static void tape_step(void *ud, mj_client *c, int64_t wait_ms,
                      int64_t budget_us) {
  struct wrap *w = ud;
  int i;
  w->inner.step(w->inner.ud, c, is_due(w) ? 0 : wait_ms, budget_us);
  for (i = 0; w->t->playing && i < w->most; i++)
    if (w->x[i].id)
      play(w, c, &w->x[i]);
}

static int64_t tape_timeout(void *ud) {
  struct wrap *w = ud;
  return is_due(w) ? 0 : w->inner.timeout(w->inner.ud);
}

static int tape_fd(void *ud) {
  struct wrap *w = ud;
  return w->inner.fd(w->inner.ud);
}

static int tape_watch(void *ud, int fd, int on) {
  struct wrap *w = ud;
  return w->inner.watch(w->inner.ud, fd, on);
}

static int tape_wakeup(void *ud) {
  struct wrap *w = ud;
  return w->inner.wakeup(w->inner.ud);
}

static void tape_free(void *ud) {
  struct wrap *w = ud;
  struct mj__mem m = w->mem;
  if (w->inner.free)
    w->inner.free(w->inner.ud);
  mj_tape_free(w->t);
  mj__free(&m, w->x);
  mj__free(&m, w);
}

int mj__tape_wrap(mj_transport *tr, mj_tape *t, const struct mj__mem *m,
                  const char *base, const char *key, int most) {
  struct wrap *w = mj__alloc(m, sizeof *w);
  if (!w)
    return MJ_ERESOURCE;
  w->mem = *m;
  w->x = mj__alloc(m, (size_t)most * sizeof *w->x);
  if (!w->x) {
    mj__free(m, w);
    return MJ_ERESOURCE;
  }
  w->t = t;
  t->refs++;
  w->most = most;
  w->base = base ? base : "";
  w->key = key;
  w->inner = *tr;
  tr->start = tape_start;
  tr->stop = tape_stop;
  tr->step = tape_step;
  tr->timeout = tape_timeout;
  tr->fd = tape_fd;
  tr->watch = tape_watch;
  tr->wakeup = tape_wakeup;
  tr->free = tape_free;
  tr->ud = w;
  return MJ_OK;
}

void mj__tape_done(const mj_transport *tr, uint64_t id, const char *reply,
                   size_t n, const mj_http_result *r) {
  struct wrap *w = tr->ud;
  struct mj__taking *x;
  if (tr->start != tape_start || w->t->playing || (x = place(w, id)) == NULL)
    return;
  mj__tape_write(w->t, w->base, w->key, x, reply, n, r);
  x->id = 0;
}
