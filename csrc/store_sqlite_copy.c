/* SPDX-License-Identifier: MIT
   store_sqlite_copy.c - a journal as it is at this moment, for who only looks.
   Another process may be writing it, and no second connection may be on it (a
   WAL that two of them use can lose transactions, SQLite before 3.51.3): so its
   two files are copied into memory, without a lock, and SQLite gets those.

   Why that is one moment: the WAL grows at its end only, and a checkpoint
   changes the database only by what the WAL has.  A database that was copied
   first, and a WAL that was copied after it, are whole whatever was
   checkpointed in between, as long as the WAL was not begun anew meanwhile;
   each time it is, its first 32 bytes change
   (sqlite.org/fileformat2.html#walformat). */
#include "store_sqlite_int.h"
#include "err.h"
#include "os_private.h"

#include <stdio.h>
#include <string.h>

enum { WAL_HEAD = 32, TRIES = 20 };

struct mj__copy {
  sqlite3_vfs vfs;
  sqlite3_vfs *system;
  char name[40];
  struct mj__buf db, wal;
};

/* Files of memory ---------------------------------------------------------- */

struct file {
  sqlite3_file base;
  struct mj__buf *bytes;
};

static struct mj__buf *bytes_of(sqlite3_file *f) {
  return ((struct file *)f)->bytes;
}

static int do_close(sqlite3_file *f) {
  (void)f;
  return SQLITE_OK;
}

static int do_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at) {
  const struct mj__buf *b = bytes_of(f);
  size_t want = (size_t)n, from = (size_t)at, have;
  have = from < b->n ? b->n - from : 0;
  if (have > want)
    have = want;
  if (have)
    memcpy(p, b->p + from, have);
  if (have == want)
    return SQLITE_OK;
  memset((char *)p + have, 0, want - have);
  return SQLITE_IOERR_SHORT_READ;
}

/* Nobody writes to a copy; SQLite, if it wanted to, hears so. */
static int do_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
  (void)f;
  (void)p;
  (void)n;
  (void)at;
  return SQLITE_READONLY;
}

static int do_truncate(sqlite3_file *f, sqlite3_int64 n) {
  (void)f;
  (void)n;
  return SQLITE_READONLY;
}

static int do_int(sqlite3_file *f, int n) {
  (void)f;
  (void)n;
  return SQLITE_OK;
}

static int do_size(sqlite3_file *f, sqlite3_int64 *size) {
  *size = (sqlite3_int64)bytes_of(f)->n;
  return SQLITE_OK;
}

static int do_reserved(sqlite3_file *f, int *out) {
  (void)f;
  *out = 0;
  return SQLITE_OK;
}

static int do_control(sqlite3_file *f, int op, void *arg) {
  (void)f;
  (void)op;
  (void)arg;
  return SQLITE_NOTFOUND;
}

static int do_nothing(sqlite3_file *f) {
  (void)f;
  return 0;
}

static int do_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags,
                   int *out_flags) {
  static const sqlite3_io_methods methods = {.iVersion = 1,
                                             .xClose = do_close,
                                             .xRead = do_read,
                                             .xWrite = do_write,
                                             .xTruncate = do_truncate,
                                             .xSync = do_int,
                                             .xFileSize = do_size,
                                             .xLock = do_int,
                                             .xUnlock = do_int,
                                             .xCheckReservedLock = do_reserved,
                                             .xFileControl = do_control,
                                             .xSectorSize = do_nothing,
                                             .xDeviceCharacteristics =
                                                 do_nothing};
  struct mj__copy *c = v->pAppData;
  struct file *file = (struct file *)f;
  (void)name;
  memset(file, 0, sizeof *file);
  if (!(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
    return SQLITE_CANTOPEN;
  file->bytes = flags & SQLITE_OPEN_WAL ? &c->wal : &c->db;
  file->base.pMethods = &methods;
  if (out_flags)
    *out_flags = flags;
  return SQLITE_OK;
}

static int do_delete(sqlite3_vfs *v, const char *name, int sync) {
  (void)v;
  (void)name;
  (void)sync;
  return SQLITE_OK;
}

static int do_access(sqlite3_vfs *v, const char *name, int flags, int *out) {
  const struct mj__copy *c = v->pAppData;
  size_t n = strlen(name);
  (void)flags;
  *out = n > 4 && strcmp(name + n - 4, "-wal") == 0 && c->wal.n > 0;
  return SQLITE_OK;
}

static int do_name(sqlite3_vfs *v, const char *name, int n, char *out) {
  (void)v;
  (void)snprintf(out, (size_t)n, "%s", name);
  return SQLITE_OK;
}

static int do_random(sqlite3_vfs *v, int n, char *out) {
  const struct mj__copy *c = v->pAppData;
  return c->system->xRandomness(c->system, n, out);
}

static int do_sleep(sqlite3_vfs *v, int us) {
  const struct mj__copy *c = v->pAppData;
  return c->system->xSleep(c->system, us);
}

static int do_time(sqlite3_vfs *v, double *out) {
  const struct mj__copy *c = v->pAppData;
  return c->system->xCurrentTime(c->system, out);
}

static int do_last_error(sqlite3_vfs *v, int n, char *out) {
  (void)v;
  if (n > 0)
    out[0] = '\0';
  return 0;
}

static int add_vfs(struct mj__copy *c) {
  if (sqlite3_initialize() != SQLITE_OK)
    return -1;
  c->system = sqlite3_vfs_find(NULL);
  if (!c->system)
    return -1;
  (void)snprintf(c->name, sizeof c->name, "mj-%p", (void *)c);
  c->vfs.iVersion = 1;
  c->vfs.szOsFile = (int)sizeof(struct file);
  c->vfs.mxPathname = MJ__OS_PATH;
  c->vfs.zName = c->name;
  c->vfs.pAppData = c;
  c->vfs.xOpen = do_open;
  c->vfs.xDelete = do_delete;
  c->vfs.xAccess = do_access;
  c->vfs.xFullPathname = do_name;
  c->vfs.xRandomness = do_random;
  c->vfs.xSleep = do_sleep;
  c->vfs.xCurrentTime = do_time;
  c->vfs.xGetLastError = do_last_error;
  return sqlite3_vfs_register(&c->vfs, 0) == SQLITE_OK ? 0 : -1;
}

/* The copy ----------------------------------------------------------------- */

static int take(void *ud, const char *p, size_t n) {
  return mj__buf_add(ud, p, n);
}

static int read_all(struct mj__buf *b, const char *path, mj_error *err) {
  mj__buf_reset(b);
  if (mj__os_read_file(path, take, b) >= 0 && !b->err)
    return MJ_OK;
  return b->err ? mj__err_nomem(err)
                : mj__err_set(err, MJ_EJOURNAL,
                              "journal %.200s: cannot read it", path);
}

/* 0 = there is none, or nothing in it. */
static int head_of(const char *wal, unsigned char head[WAL_HEAD],
                   mj_error *err) {
  int64_t size;
  int there = mj__os_private_file(wal, &size, err);
  memset(head, 0, WAL_HEAD);
  if (there < 1)
    return there;
  return mj__os_private_head(wal, head, WAL_HEAD, err);
}

/* It was not begun anew. */
static int same_wal(const struct mj__copy *c, const unsigned char *before,
                    const unsigned char *after) {
  return memcmp(before, after, WAL_HEAD) == 0 &&
         (c->wal.n < WAL_HEAD || memcmp(before, c->wal.p, WAL_HEAD) == 0);
}

/* 1 = all of one moment, 0 = try again. */
static int take_both(struct mj__copy *c, const char *path, const char *wal,
                     mj_error *err) {
  unsigned char before[WAL_HEAD], after[WAL_HEAD];
  int there = head_of(wal, before, err), was_there, rc;
  rc = there < 0 ? there : read_all(&c->db, path, err);
  mj__buf_reset(&c->wal);
  if (rc == MJ_OK && there)
    rc = read_all(&c->wal, wal, err);
  was_there = there;
  if (rc == MJ_OK)
    rc = there = head_of(wal, after, err);
  if (rc >= 0)
    rc = was_there == there && same_wal(c, before, after);
  return rc;
}

static int fill(struct mj__copy *c, const char *path, mj_error *err) {
  char wal[MJ__OS_PATH];
  int64_t size;
  int i, rc = mj__os_private_file(path, &size, err);
  if (rc < 1)
    return rc < 0 ? rc
                  : mj__err_set(err, MJ_ENOT_FOUND,
                                "there is no journal "
                                "%.200s",
                                path);
  (void)snprintf(wal, sizeof wal, "%s-wal", path);
  for (i = 0, rc = 0; i < TRIES && rc == 0; i++)
    rc = take_both(c, path, wal, err);
  return rc == 0
             ? mj__err_set(err, MJ_EJOURNAL,
                           "journal %.200s changes too fast: try again", path)
         : rc < 0 ? rc
                  : MJ_OK;
}

int mj__sqlite_copy(struct mj__sqlite *s, mj_error *err) {
  struct mj__copy *c = mj__alloc(&s->mem, sizeof *c);
  int rc;
  if (!c)
    return mj__err_nomem(err);
  s->copy = c;
  mj__buf_init(&c->db, &s->mem, SIZE_MAX / 4);
  mj__buf_init(&c->wal, &s->mem, SIZE_MAX / 4);
  rc = fill(c, s->path, err);
  if (rc)
    return rc;
  if (c->db.n < 16 ||
      (memcmp(c->db.p, "SQLite format 3", 16) != 0 && c->wal.n == 0))
    return mj__err_set(err, MJ_EJOURNAL, "%.200s is no journal", s->path);
  if (add_vfs(c) != 0)
    return mj__err_nomem(err);
  return mj__sqlite_look(s, c->name, err);
}

void mj__sqlite_copy_free(struct mj__sqlite *s) {
  struct mj__copy *c = s->copy;
  if (!c)
    return;
  if (c->vfs.zName)
    (void)sqlite3_vfs_unregister(&c->vfs);
  mj__buf_free(&c->db);
  mj__buf_free(&c->wal);
  mj__free(&s->mem, c);
  s->copy = NULL;
}
