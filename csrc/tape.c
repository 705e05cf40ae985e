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
  int own_clock; /* playing: time passes when the tape says so */
  int64_t (*now)(void *ud);
  void *now_ud;
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

/* Its file, with the first line. */
static int open_out(mj_tape *t, const char *path, const char *head,
                    mj_error *err) {
  FILE *f;
  int rc = mj__os_private_new(path, err); /* prompts are in it */
  if (rc != MJ_OK) {
    if (err)
      err->code = MJ_EINVALID;
    return MJ_EINVALID;
  }
  f = fopen(path, "ab");
  if (!f)
    return mj__err_set(err, MJ_EINVALID, "cannot open %.200s: %s", path,
                       strerror(errno));
  t->out = f;
  if (fprintf(f, "%s\n", head) < 0 || fflush(f) != 0)
    return mj__err_set(err, MJ_ERESOURCE, "cannot write %.200s: %s", path,
                       strerror(errno));
  return MJ_OK;
}

int mj_tape_record(mj_tape **out, const char *path, const char *head,
                   mj_alloc_fn alloc, void *ud, mj_error *err) {
  mj_tape *t;
  int rc = make(&t, alloc, ud, err);
  *out = NULL;
  if (rc)
    return rc;
  rc = open_out(t, path, head, err);
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
  t->now_ms = mj__os_now_ms(NULL);
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

/* The clock --------------------------------------------------------------- */

static int64_t tape_now(void *ud) {
  return ((mj_tape *)ud)->now_ms;
}

/* A wait is over at once.  Turns that do not wait, one after the other, are a
   host that looks until something has come: for it time goes on by itself. */
static void let_pass(mj_tape *t, int64_t wait_ms) {
  int64_t real, at;
  if (wait_ms > 0) {
    t->spins = 0;
    t->now_ms += wait_ms;
    return;
  }
  real = mj__os_now_ms(NULL);
  if (!t->spins) {
    t->spins = 1;
    t->spun_from_ms = real;
    t->spun_at_ms = t->now_ms;
  }
  at = t->spun_at_ms + (real - t->spun_from_ms);
  if (at > t->now_ms)
    t->now_ms = at;
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
  x->at_ms = w->t->playing ? w->now(w->now_ud) : mj__os_now_ms(NULL);
  x->found = found;
  x->due_ms = x->at_ms + (found ? found->took_ms : 0);
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

/* A paid request is broken off only while it has not left: what stopped then
   had not. */
static int tape_unsent(void *ud, uint64_t id) {
  struct wrap *w = ud;
  const struct mj__taking *x = place(w, id);
  if (w->t->playing)
    return x && x->found && x->found->stopped;
  return w->inner.unsent && w->inner.unsent(w->inner.ud, id);
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

/* The request under way whose answer came first then: the exchanges stand in
   the order of their ends.  What was broken off then will be now; what was not
   recorded is answered first. */
static struct mj__taking *next_of(const struct wrap *w) {
  struct mj__taking *first = NULL;
  int i;
  for (i = 0; w->t->playing && i < w->most; i++) {
    struct mj__taking *x = &w->x[i];
    if (!x->id || (x->found && x->found->stopped))
      continue;
    if (!first || !x->found || (first->found && x->found < first->found))
      first = x;
  }
  return first;
}

/* Until the next answer; -1 = none is due. */
static int64_t left_of(const struct wrap *w) {
  const struct mj__taking *next = next_of(w);
  int64_t left = next ? next->due_ms - w->now(w->now_ud) : -1;
  return next && left < 0 ? 0 : left;
}

static void tape_step(void *ud, mj_client *c, int64_t wait_ms,
                      int64_t budget_us) {
  struct wrap *w = ud;
  struct mj__taking *next;
  int64_t left = left_of(w);
  if (left >= 0 && (wait_ms < 0 || left < wait_ms))
    wait_ms = left;
  /* for ever is for what is not on the tape: a descriptor of the host */
  w->inner.step(w->inner.ud, c, w->own_clock && wait_ms > 0 ? 0 : wait_ms,
                budget_us);
  if (w->own_clock && wait_ms >= 0)
    let_pass(w->t, wait_ms);
  while ((next = next_of(w)) && next->due_ms <= w->now(w->now_ud))
    play(w, c, next);
}

static int64_t tape_timeout(void *ud) {
  struct wrap *w = ud;
  int64_t left = left_of(w), inner = w->inner.timeout(w->inner.ud);
  return left < 0 || (inner >= 0 && inner < left) ? inner : left;
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

/* Nothing waits for the machine where waiting takes no time: no threads. */
static void take_clock(struct wrap *w, mj_config *cfg) {
  if (w->t->playing && !cfg->now && !cfg->wall) {
    w->own_clock = 1;
    cfg->now = tape_now;
    cfg->now_ud = w->t;
    cfg->threads = 0;
  }
  w->now = cfg->now ? cfg->now : mj__os_now_ms;
  w->now_ud = cfg->now_ud;
}

int mj__tape_wrap(mj_transport *tr, mj_config *cfg, const struct mj__mem *m) {
  struct wrap *w = mj__alloc(m, sizeof *w);
  if (!w)
    return MJ_ERESOURCE;
  w->mem = *m;
  w->most = cfg->connections;
  w->x = mj__alloc(m, (size_t)w->most * sizeof *w->x);
  if (!w->x) {
    mj__free(m, w);
    return MJ_ERESOURCE;
  }
  w->t = cfg->tape;
  w->t->refs++;
  w->base = cfg->base_url ? cfg->base_url : "";
  w->key = cfg->api_key;
  take_clock(w, cfg);
  w->inner = *tr;
  tr->start = tape_start;
  tr->stop = tape_stop;
  tr->step = tape_step;
  tr->timeout = tape_timeout;
  tr->fd = tape_fd;
  tr->watch = tape_watch;
  tr->wakeup = tape_wakeup;
  tr->free = tape_free;
  tr->unsent = tape_unsent;
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
