/* SPDX-License-Identifier: MIT
   save.c - files that are written and looked at on the helper thread, and what
   the journal knows of them: a picture that was saved is not fetched again. */
#include "mj_int.h"
#include "os.h"

#include <stdio.h>
#include <string.h>

static int wake_client(void *ud) {
  return mj_wakeup(ud);
}

void mj__work_free(mj_client *c, struct mj__work *w) {
  if (!w)
    return;
  mj__free(&c->mem, w->path);
  mj__free(&c->mem, w->data);
  mj__free(&c->mem, w->token);
  mj__free(&c->mem, w);
}

static struct mj__work *make_work(mj_client *c, enum mj__work_kind kind,
                                  const char *path) {
  struct mj__work *w = mj__alloc(&c->mem, sizeof *w);
  if (!w)
    return NULL;
  w->kind = kind;
  w->path = mj__strdup(&c->mem, path);
  if (w->path)
    return w;
  mj__work_free(c, w);
  return NULL;
}

static int check(mj_client *c, const char *path, mj_id *out, mj_error *err) {
  *out = 0;
  mj__err_clear(err);
  if (!path || !*path)
    return mj__err_set(err, MJ_EINVALID, "path: none given");
  if (c->cfg.threads && !c->worker &&
      mj__worker_new(&c->worker, &c->mem, wake_client, c) != MJ_OK)
    return mj__err_set(err, MJ_ERESOURCE, "no helper thread");
  return MJ_OK;
}

/* Takes the work over, whatever comes of it; NULL = there was no memory. */
static int start(mj_client *c, struct mj__work *w, mj_id *out, mj_error *err) {
  struct mj__job *j = w ? mj__job_new(c, MJ__WRITE) : NULL;
  if (!j) {
    mj__work_free(c, w);
    return mj__err_nomem(err);
  }
  w->id = j->id;
  *out = j->id;
  if (c->worker) { /* its own until it is done */
    c->nwrites++;
    mj__worker_put(c->worker, w);
  } else {
    j->work = w;
    mj__arm(c, j, mj__clock(c)); /* done in the next turn */
  }
  return MJ_OK;
}

static struct mj__work *make_write(mj_client *c, enum mj__work_kind kind,
                                   const char *path, const char *data,
                                   size_t n) {
  struct mj__work *w = make_work(c, kind, path);
  if (!w)
    return NULL;
  w->n = n;
  w->data = mj__strndup(&c->mem, data, n);
  if (w->data)
    return w;
  mj__work_free(c, w);
  return NULL;
}

int mj_write(mj_client *c, const char *path, const char *data, size_t n,
             mj_id *out, mj_error *err) {
  int rc = check(c, path, out, err);
  return rc ? rc
            : start(c, make_write(c, MJ__W_WRITE, path, data, n), out, err);
}

/* With a journal ----------------------------------------------------------- */

static int save(mj_client *c, const struct mj__saved *f, const char *data,
                int keep, mj_id *out, mj_error *err) {
  struct mj__work *w;
  int rc = check(c, f->path, out, err);
  if (rc)
    return rc;
  w = make_write(c, MJ__W_WRITE, f->path, data, (size_t)f->bytes);
  if (w)
    w->keep = keep;
  if (w && c->journaled && f->token && mj__journal_knows(c, f->token)) {
    w->kind = MJ__W_SAVE;
    w->number = f->n;
    w->token = mj__strdup(&c->mem, f->token);
    if (!w->token) {
      mj__work_free(c, w);
      w = NULL;
    }
  }
  return start(c, w, out, err);
}

int mj_save(mj_client *c, const char *token, int n, const char *path,
            const char *data, size_t len, mj_id *out, mj_error *err) {
  struct mj__saved f = {token, n, path, (int64_t)len, NULL};
  return save(c, &f, data, 0, out, err);
}

int mj_save_new(mj_client *c, const char *token, int n, const char *path,
                const char *data, size_t len, mj_id *out, mj_error *err) {
  struct mj__saved f = {token, n, path, (int64_t)len, NULL};
  return save(c, &f, data, 1, out, err);
}

struct round {
  mj_file_fn fn;
  void *ud;
  int stopped;
};

static int one(void *ud, const struct mj__saved *f) {
  struct round *round = ud;
  mj_file file = {f->token, f->n, f->path, f->bytes, f->sha256};
  round->stopped = round->fn(round->ud, &file);
  return round->stopped ? MJ_ECANCELLED : MJ_OK;
}

int mj_saved(mj_client *c, const char *token, mj_file_fn fn, void *ud,
             mj_error *err) {
  struct round round = {fn, ud, 0};
  int rc;
  mj__err_clear(err);
  if (!c->journaled || !token ||
      !c->store->ops->known(c->store, MJ__SCOPE_FILES, token))
    return MJ_OK;
  rc = c->store->ops->files(c->store, token, one, &round, err);
  return round.stopped ? MJ_OK : rc;
}

int mj_verify(mj_client *c, const mj_file *f, const char *path, mj_id *out,
              mj_error *err) {
  char whole[MJ__OS_PATH];
  struct mj__work *w;
  int rc = check(c, path, out, err);
  if (rc)
    return rc;
  mj__os_absolute(path, whole);
  if (!f->sha256 || strlen(f->sha256) != 2 * MJ__SHA256 ||
      strcmp(whole, f->path) != 0)
    return mj__err_set(err, MJ_ENOT_FOUND, "%.200s is another file", path);
  w = make_work(c, MJ__W_VERIFY, path);
  if (w) {
    w->n = f->bytes > 0 ? (size_t)f->bytes : 0;
    (void)snprintf(w->sha256, sizeof w->sha256, "%s", f->sha256);
  }
  return start(c, w, out, err);
}

int mj_saved_all(mj_client *c, const char *token, mj_error *err) {
  struct mj__record r;
  uint64_t number;
  mj__err_clear(err);
  if (!c->journaled || !token || !mj__journal_knows(c, token))
    return MJ_OK;
  memset(&r, 0, sizeof r);
  r.token = token;
  r.state = MJ__DOWNLOADED;
  r.changed_ms = mj__wall(c);
  return c->store->ops->put(c->store, &r, &number) == MJ_OK
             ? MJ_OK
             : mj__err_set(err, MJ_EJOURNAL, "the journal cannot be written");
}

/* The file is whole and in its place.  That the journal does not know takes
   nothing back: the next start fetches it once more. */
static void note(mj_client *c, struct mj__job *j, const struct mj__work *w) {
  char whole[MJ__OS_PATH];
  struct mj__saved f = {w->token, w->number, whole, (int64_t)w->n, w->sha256};
  uint64_t number;
  if (w->kind != MJ__W_SAVE || !w->sha256[0] || !c->journaled)
    return;
  mj__os_absolute(w->path, whole);
  if (c->store->ops->file_put(c->store, &f, &number) == MJ_OK && j)
    j->record = number; /* the end is told when that is on the disk */
}

void mj__work_done(mj_client *c, struct mj__job *j, const struct mj__work *w) {
  if (!w->err.code)
    note(c, j, w);
  if (j)
    mj__end(c, j, w->err.code ? &w->err : NULL, NULL, NULL);
}
