/* SPDX-License-Identifier: MIT
   store_sqlite.c - the journal in a file: the caller's side of the queue. */
#include "store_sqlite_int.h"
#include "err.h"
#include "os.h"
#include "os_private.h"

#include <stdio.h>
#include <string.h>

/* Memory is given back here, on the caller's thread. */
static void reap(struct mj__sqlite *s) {
  struct mj__item *it;
  if (!atomic_load_explicit(&s->returned, memory_order_relaxed))
    return;
  it = mj__sqlite_returned(s);
  while (it) {
    struct mj__item *next = it->next;
    mj__free(&s->mem, it);
    it = next;
  }
}

/* An item with room for n bytes of text behind it. */
static int item_new(struct mj__sqlite *s, enum mj__item_kind kind, size_t n,
                    struct mj__item **out) {
  size_t size = sizeof **out + n;
  reap(s);
  if (size > s->most || atomic_load(&s->bytes) > s->most - size)
    return MJ_ERESOURCE;
  *out = s->mem.fn(s->mem.ud, NULL, 0, size);
  if (!*out)
    return MJ_ERESOURCE;
  memset(*out, 0, sizeof **out);
  (*out)->kind = kind;
  (*out)->size = size;
  return MJ_OK;
}

static int queue(struct mj__sqlite *s, struct mj__item *it, uint64_t *number) {
  int rc;
  it->number = s->number + 1;
  rc = mj__sqlite_queue(s, it);
  if (rc) {
    mj__free(&s->mem, it);
    return rc;
  }
  *number = ++s->number;
  return MJ_OK;
}

/* What left, or is about to, must not vanish without a trace. */
static void refuse(struct mj__sqlite *s, const struct mj__record *r) {
  char line[MJ__STORE_LINE];
  if (!r->token || (!r->task_id && r->sent_ms == 0 && r->attempt == 0))
    return;
  mj__record_line(r, line, sizeof line);
  s->say(s->say_ud, line);
}

static int put(mj__store *base, const struct mj__record *r, uint64_t *number) {
  struct mj__sqlite *s = (struct mj__sqlite *)base;
  struct mj__record copy = *r;
  struct mj__item *it;
  char *to;
  int rc = mj__record_check(&copy);
  if (rc)
    return rc;
  if (!r->token) {
    *number = atomic_load(&s->durable);
    return atomic_load(&s->broken) ? MJ_EJOURNAL : MJ_OK;
  }
  if (atomic_load(&s->broken)) {
    reap(s);
    refuse(s, &copy);
    return MJ_EJOURNAL;
  }
  if (mj__keys_take(&s->keys, r))
    return MJ_ERESOURCE;
  rc = item_new(s, MJ__I_RECORD, mj__record_packed(&copy), &it);
  if (rc)
    return rc;
  to = (char *)(it + 1);
  mj__record_pack(&copy, &to);
  it->u.record = copy;
  rc = queue(s, it, number);
  if (rc == MJ_EJOURNAL) {
    copy = *r;
    refuse(s, &copy);
  }
  return rc;
}

static uint64_t durable(mj__store *base) {
  struct mj__sqlite *s = (struct mj__sqlite *)base;
  reap(s);
  return atomic_load(&s->durable);
}

static int failed(mj__store *base, mj_error *err) {
  return mj__sqlite_failed((struct mj__sqlite *)base, err);
}

static int flush(mj__store *base, int64_t timeout_ms) {
  int rc = mj__sqlite_flush((struct mj__sqlite *)base, timeout_ms);
  reap((struct mj__sqlite *)base);
  return rc;
}

static int known(mj__store *base, const char *scope, const char *key) {
  return mj__keys_has(&((struct mj__sqlite *)base)->keys, scope, key);
}

static int run_begin(mj__store *base, const struct mj__run *r,
                     uint64_t *number) {
  struct mj__sqlite *s = (struct mj__sqlite *)base;
  struct mj__item *it;
  char *to;
  int rc = r->id && *r->id ? MJ_OK : MJ_EINVALID;
  if (rc == MJ_OK)
    rc = item_new(s, MJ__I_RUN, mj__packed(r->id) + mj__packed(r->script), &it);
  if (rc)
    return rc;
  to = (char *)(it + 1);
  it->u.run = *r;
  it->u.run.id = mj__pack(&to, r->id);
  it->u.run.script = mj__pack(&to, r->script);
  if (it->u.run.started_ms == 0)
    it->u.run.started_ms = mj__os_wall_ms();
  if (it->u.run.pid == 0)
    it->u.run.pid = mj__os_pid();
  return queue(s, it, number);
}

static int run_end(mj__store *base, const char *id, int clean, int64_t ended_ms,
                   uint64_t *number) {
  struct mj__sqlite *s = (struct mj__sqlite *)base;
  struct mj__item *it;
  char *to;
  int rc = item_new(s, MJ__I_RUN_END, mj__packed(id), &it);
  if (rc)
    return rc;
  to = (char *)(it + 1);
  it->u.run.id = mj__pack(&to, id);
  it->u.run.clean = clean != 0;
  it->u.run.ended_ms = ended_ms ? ended_ms : mj__os_wall_ms();
  return queue(s, it, number);
}

static int file_put(mj__store *base, const struct mj__saved *f,
                    uint64_t *number) {
  struct mj__sqlite *s = (struct mj__sqlite *)base;
  struct mj__item *it;
  char *to;
  int rc = f->token && f->path ? MJ_OK : MJ_EINVALID;
  if (rc == MJ_OK && mj__keys_add(&s->keys, MJ__SCOPE_FILES, f->token))
    rc = MJ_ERESOURCE;
  if (rc == MJ_OK)
    rc = item_new(s, MJ__I_FILE,
                  mj__packed(f->token) + mj__packed(f->path) +
                      mj__packed(f->sha256),
                  &it);
  if (rc)
    return rc;
  to = (char *)(it + 1);
  it->u.file = *f;
  it->u.file.token = mj__pack(&to, f->token);
  it->u.file.path = mj__pack(&to, f->path);
  it->u.file.sha256 = mj__pack(&to, f->sha256);
  return queue(s, it, number);
}

static int event(mj__store *base, const char *token, const char *kind,
                 const char *detail, int64_t wall_ms, uint64_t *number) {
  struct mj__sqlite *s = (struct mj__sqlite *)base;
  struct mj__item *it;
  char *to;
  int rc = kind ? MJ_OK : MJ_EINVALID;
  if (rc == MJ_OK)
    rc = item_new(s, MJ__I_EVENT,
                  mj__packed(token) + mj__packed(kind) + mj__packed(detail),
                  &it);
  if (rc)
    return rc;
  to = (char *)(it + 1);
  it->u.event.token = mj__pack(&to, token);
  it->u.event.kind = mj__pack(&to, kind);
  it->u.event.detail = mj__pack(&to, detail);
  it->u.event.wall_ms = wall_ms ? wall_ms : mj__os_wall_ms();
  return queue(s, it, number);
}

static int forget(mj__store *base, int64_t before_ms, uint64_t *number) {
  struct mj__sqlite *s = (struct mj__sqlite *)base;
  struct mj__item *it;
  int rc = item_new(s, MJ__I_FORGET, 0, &it);
  if (rc)
    return rc;
  it->u.before_ms = before_ms;
  return queue(s, it, number);
}

static void sqlite_free(mj__store *base) {
  struct mj__sqlite *s = (struct mj__sqlite *)base;
  if (s->started)
    mj__sqlite_stop(s);
  reap(s);
  mj__sqlite_close(s);
  mj__sqlite_copy_free(s);
  mj__os_unlock(s->lock_fd);
  mj__keys_free(&s->keys);
  mj__free(&s->mem, s->path);
  mj__free(&s->mem, s);
}

static const struct mj__store_ops ops = {put,
                                         durable,
                                         sqlite_free,
                                         failed,
                                         flush,
                                         mj__sqlite_load,
                                         mj__sqlite_each,
                                         mj__sqlite_find,
                                         known,
                                         mj__sqlite_newest,
                                         run_begin,
                                         run_end,
                                         mj__sqlite_run_last,
                                         file_put,
                                         mj__sqlite_files,
                                         event,
                                         forget,
                                         mj__sqlite_sums};

static void say_stderr(void *ud, const char *line) {
  (void)ud;
  (void)fprintf(stderr, "%s\n", line);
}

static int start(struct mj__sqlite *s, const struct mj__store_options *o,
                 mj_error *err) {
  char lock[MJ__OS_PATH];
  int made, rc = mj__os_private_folder(o->path, err);
  if (rc)
    return rc;
  (void)snprintf(lock, sizeof lock, "%s.lock", o->path);
  s->lock_fd = mj__os_lock(lock, &made, err);
  if (s->lock_fd < 0)
    return s->lock_fd;
  rc = mj__sqlite_open(s, o->vfs, made, err);
  /* a file that never was a journal keeps no lock of ours beside it */
  if (rc && made)
    (void)mj__os_private_remove(lock);
  if (rc == MJ_OK)
    rc = mj__sqlite_keys(s, err);
  return rc ? rc : mj__sqlite_start(s, err);
}

static int open_it(mj__store **out, const struct mj__mem *m,
                   const struct mj__store_options *o, int copy, mj_error *err) {
  struct mj__sqlite *s;
  int rc;
  *out = NULL;
  if (!o->path || !*o->path || strlen(o->path) > MJ__OS_PATH - 64)
    return mj__err_set(err, MJ_EINVALID, "journal: not a path");
  s = mj__alloc(m, sizeof *s);
  if (!s)
    return mj__err_nomem(err);
  s->base.ops = &ops;
  s->mem = *m;
  s->lock_fd = -1;
  s->most = o->queue_bytes ? o->queue_bytes : (size_t)MJ__STORE_QUEUE;
  s->wake = o->wake;
  s->wake_ud = o->wake_ud;
  s->say = o->say ? o->say : say_stderr;
  s->say_ud = o->say_ud;
  mj__keys_init(&s->keys, m);
  s->path = mj__strdup(m, o->path);
  rc = !s->path ? mj__err_nomem(err)
       : copy   ? mj__sqlite_copy(s, err)
                : start(s, o, err);
  if (rc) {
    sqlite_free(&s->base);
    return rc;
  }
  *out = &s->base;
  return MJ_OK;
}

int mj__store_sqlite(mj__store **out, const struct mj__mem *m,
                     const struct mj__store_options *o, mj_error *err) {
  return open_it(out, m, o, 0, err);
}

int mj__store_copy(mj__store **out, const struct mj__mem *m, const char *path,
                   mj_error *err) {
  struct mj__store_options o;
  memset(&o, 0, sizeof o);
  o.path = path;
  return open_it(out, m, &o, 1, err);
}

long mj__store_owner(const char *path) {
  char lock[MJ__OS_PATH];
  (void)snprintf(lock, sizeof lock, "%s.lock", path);
  return mj__os_lock_owner(lock);
}

const char *mj__store_library(void) {
  static _Thread_local char text[40];
  (void)snprintf(text, sizeof text, "SQLite/%s", sqlite3_libversion());
  return text;
}
