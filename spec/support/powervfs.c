/* SPDX-License-Identifier: MIT
   powervfs.c - see powervfs.h. */
#include "powervfs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

enum { SECTOR = 512, PATH_MOST = 512 };

struct power power;

/* Something that was done and not synced. */
struct pending {
  struct pending *next;
  int truncate; /* at = the size */
  sqlite3_int64 at;
  size_t n;
  unsigned char data[];
};

/* A file as the running system sees it; the real one is what is on disk. */
struct cached {
  struct cached *next;
  char path[PATH_MOST];
  int gone; /* deleted, and nobody knows whether that is on disk */
  unsigned char *now;
  size_t n, cap;
  struct pending *first, **last;
};

struct file {
  sqlite3_file base;
  struct cached *held;
  sqlite3_file *real; /* behind this struct */
};

static struct cached *cache;
static sqlite3_vfs vfs, *under;

static uint32_t next(void) {
  power.seed ^= power.seed << 13;
  power.seed ^= power.seed >> 17;
  power.seed ^= power.seed << 5;
  return power.seed;
}

/* 0, or the error that this call has to give. */
static int trouble(enum power_op op) {
  static const int codes[POWER_OPS] = {
      SQLITE_CANTOPEN,    SQLITE_IOERR_READ,     SQLITE_IOERR_WRITE,
      SQLITE_IOERR_FSYNC, SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_DELETE,
      SQLITE_IOERR_FSTAT};
  if (power.dead)
    return codes[op];
  power.calls++;
  power.count[op]++;
  if (power.cut_at && power.calls == power.cut_at) {
    power_cut();
    return codes[op];
  }
  if (power.fail_op != POWER_OPS && power.fail_op != (int)op)
    return 0;
  power.seen++;
  if (!power.fail_at || power.seen < power.fail_at ||
      (power.seen > power.fail_at && !power.for_ever))
    return 0;
  power.failures++;
  return power.fail_code ? power.fail_code : codes[op];
}

static void must(int ok) {
  if (!ok)
    abort();
}

static struct cached *cached_of(const char *path) {
  struct cached *c = cache;
  while (c && strcmp(c->path, path) != 0)
    c = c->next;
  return c;
}

static void resize(struct cached *c, size_t n) {
  if (n > c->cap) {
    c->cap = n * 2;
    c->now = realloc(c->now, c->cap);
    must(c->now != NULL);
  }
  if (n > c->n)
    memset(c->now + c->n, 0, n - c->n);
  c->n = n;
}

static void push(struct cached *c, int truncate, sqlite3_int64 at,
                 const void *data, size_t n) {
  struct pending *p = calloc(1, sizeof *p + n);
  must(p != NULL);
  p->truncate = truncate;
  p->at = at;
  p->n = n;
  if (n)
    memcpy(p->data, data, n);
  *c->last = p;
  c->last = &p->next;
}

static void drop_pending(struct cached *c) {
  while (c->first) {
    struct pending *p = c->first;
    c->first = p->next;
    free(p);
  }
  c->last = &c->first;
}

static struct cached *hold(const char *path) {
  struct cached *c = cached_of(path);
  struct stat st;
  int fd;
  if (!c) {
    c = calloc(1, sizeof *c);
    must(c && strlen(path) < sizeof c->path);
    memcpy(c->path, path, strlen(path) + 1);
    c->last = &c->first;
    c->next = cache;
    cache = c;
  } else if (!c->gone) {
    return c;
  }
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (c->gone) { /* made anew, over what may still be there */
    resize(c, 0);
    push(c, 1, 0, NULL, 0);
    c->gone = 0;
  } else if (fd >= 0) {
    must(fstat(fd, &st) == 0);
    resize(c, (size_t)st.st_size);
    must(read(fd, c->now, c->n) == (ssize_t)c->n);
  }
  if (fd >= 0)
    (void)close(fd);
  return c;
}

static int arrives(void) {
  static const unsigned chances[] = {0, 50, 90, 100};
  static unsigned chance, left;
  if (left-- == 0) {
    chance = chances[next() % 4];
    left = next() % 64;
  }
  return next() % 100 < chance;
}

/* A write, of which some sectors arrive and some become neither old nor new. */
static void tear(int fd, const struct pending *p) {
  size_t done = 0;
  while (done < p->n) {
    size_t end = SECTOR - (size_t)(p->at + (sqlite3_int64)done) % SECTOR;
    unsigned char junk[SECTOR];
    size_t i, n = p->n - done < end ? p->n - done : end;
    off_t at = (off_t)(p->at + (sqlite3_int64)done);
    if (arrives()) {
      must(pwrite(fd, p->data + done, n, at) == (ssize_t)n);
    } else {
      power.lost++;
      if (next() % 16 == 0) {
        for (i = 0; i < n; i++)
          junk[i] = (unsigned char)next();
        must(pwrite(fd, junk, n, at) == (ssize_t)n);
      }
    }
    done += n;
  }
}

static void to_disk(struct cached *c, int torn) {
  const struct pending *p;
  int fd = open(c->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  must(fd >= 0);
  for (p = c->first; p; p = p->next) {
    if (p->truncate)
      must((torn && next() % 2) || ftruncate(fd, (off_t)p->at) == 0);
    else if (torn)
      tear(fd, p);
    else
      must(pwrite(fd, p->data, p->n, (off_t)p->at) == (ssize_t)p->n);
  }
  (void)close(fd);
  drop_pending(c);
}

static void forget(void) {
  while (cache) {
    struct cached *c = cache;
    cache = c->next;
    drop_pending(c);
    free(c->now);
    free(c);
  }
}

void power_cut(void) {
  struct cached *c;
  power.dead = 1;
  for (c = cache; c; c = c->next) {
    if (c->gone) {
      if (next() % 2)
        (void)unlink(c->path);
    } else if (c->first) {
      to_disk(c, 1);
    }
  }
}

void power_settle(void) {
  struct cached *c;
  for (c = cache; c; c = c->next) {
    if (c->gone)
      (void)unlink(c->path);
    else if (c->first)
      to_disk(c, 0);
  }
  forget();
}

/* Files ------------------------------------------------------------------- */

static int f_close(sqlite3_file *base) {
  struct file *f = (struct file *)base;
  if (f->real && f->real->pMethods)
    return f->real->pMethods->xClose(f->real);
  return SQLITE_OK;
}

static int f_read(sqlite3_file *base, void *out, int n, sqlite3_int64 at) {
  struct file *f = (struct file *)base;
  size_t have, want = (size_t)n, from = (size_t)at;
  int rc = trouble(POWER_READ);
  if (rc || !f->held)
    return rc ? rc : f->real->pMethods->xRead(f->real, out, n, at);
  have = from < f->held->n ? f->held->n - from : 0;
  have = have < want ? have : want;
  if (have)
    memcpy(out, f->held->now + from, have);
  memset((char *)out + have, 0, want - have);
  return have == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int f_write(sqlite3_file *base, const void *p, int n, sqlite3_int64 at) {
  struct file *f = (struct file *)base;
  size_t end = (size_t)at + (size_t)n;
  int rc = trouble(POWER_WRITE);
  if (rc || !f->held)
    return rc ? rc : f->real->pMethods->xWrite(f->real, p, n, at);
  if (end > f->held->n)
    resize(f->held, end);
  memcpy(f->held->now + at, p, (size_t)n);
  push(f->held, 0, at, p, (size_t)n);
  return SQLITE_OK;
}

static int f_truncate(sqlite3_file *base, sqlite3_int64 size) {
  struct file *f = (struct file *)base;
  int rc = trouble(POWER_TRUNCATE);
  if (rc || !f->held)
    return rc ? rc : f->real->pMethods->xTruncate(f->real, size);
  resize(f->held, (size_t)size);
  push(f->held, 1, size, NULL, 0);
  return SQLITE_OK;
}

static int f_sync(sqlite3_file *base, int flags) {
  struct file *f = (struct file *)base;
  int rc = trouble(POWER_SYNC);
  if (rc || !f->held)
    return rc ? rc : f->real->pMethods->xSync(f->real, flags);
  to_disk(f->held, 0);
  return SQLITE_OK;
}

static int f_size(sqlite3_file *base, sqlite3_int64 *out) {
  struct file *f = (struct file *)base;
  int rc = trouble(POWER_SIZE);
  if (rc || !f->held)
    return rc ? rc : f->real->pMethods->xFileSize(f->real, out);
  *out = (sqlite3_int64)f->held->n;
  return SQLITE_OK;
}

static int f_lock(sqlite3_file *base, int level) {
  struct file *f = (struct file *)base;
  return f->held ? SQLITE_OK : f->real->pMethods->xLock(f->real, level);
}

static int f_unlock(sqlite3_file *base, int level) {
  struct file *f = (struct file *)base;
  return f->held ? SQLITE_OK : f->real->pMethods->xUnlock(f->real, level);
}

static int f_reserved(sqlite3_file *base, int *out) {
  struct file *f = (struct file *)base;
  *out = 0;
  return f->held ? SQLITE_OK
                 : f->real->pMethods->xCheckReservedLock(f->real, out);
}

static int f_control(sqlite3_file *base, int op, void *arg) {
  struct file *f = (struct file *)base;
  return f->held ? SQLITE_NOTFOUND
                 : f->real->pMethods->xFileControl(f->real, op, arg);
}

static int f_sector(sqlite3_file *base) {
  (void)base;
  return SECTOR;
}

/* Writing beside something does not harm it, as on the system's. */
static int f_device(sqlite3_file *base) {
  (void)base;
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* Version 1: no shared memory, which an exclusive lock makes needless. */
static const sqlite3_io_methods methods = {
    1,      f_close,  f_read,     f_write,   f_truncate, f_sync,   f_size,
    f_lock, f_unlock, f_reserved, f_control, f_sector,   f_device, NULL,
    NULL,   NULL,     NULL,       NULL,      NULL};

/* The VFS ----------------------------------------------------------------- */

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *base,
                  int flags, int *out) {
  struct file *f = (struct file *)base;
  int rc = trouble(POWER_OPEN);
  (void)v;
  memset(f, 0, sizeof *f);
  if (rc)
    return rc;
  if (power.hold && name) {
    f->held = hold(name);
    f->base.pMethods = &methods;
    if (out)
      *out = flags;
    return SQLITE_OK;
  }
  f->real = (sqlite3_file *)(f + 1);
  memset(f->real, 0, (size_t)under->szOsFile);
  rc = under->xOpen(under, name, f->real, flags, out);
  if (rc == SQLITE_OK || f->real->pMethods)
    f->base.pMethods = &methods;
  return rc;
}

static int v_delete(sqlite3_vfs *v, const char *name, int sync) {
  struct cached *c;
  int rc = trouble(POWER_DELETE);
  (void)v;
  if (rc || !power.hold)
    return rc ? rc : under->xDelete(under, name, sync);
  c = hold(name);
  drop_pending(c);
  resize(c, 0);
  c->gone = 1;
  if (sync)
    (void)unlink(name);
  return SQLITE_OK;
}

static int v_access(sqlite3_vfs *v, const char *name, int flags, int *out) {
  const struct cached *c = power.hold ? cached_of(name) : NULL;
  (void)v;
  if (power.dead)
    return SQLITE_IOERR_ACCESS;
  if (!c)
    return under->xAccess(under, name, flags, out);
  *out = !c->gone;
  return SQLITE_OK;
}

static int v_path(sqlite3_vfs *v, const char *name, int n, char *out) {
  (void)v;
  return under->xFullPathname(under, name, n, out);
}

static int v_random(sqlite3_vfs *v, int n, char *out) {
  (void)v;
  return under->xRandomness(under, n, out);
}

static int v_sleep(sqlite3_vfs *v, int us) {
  (void)v;
  return under->xSleep(under, us);
}

static int v_time(sqlite3_vfs *v, double *out) {
  (void)v;
  return under->xCurrentTime(under, out);
}

void power_register(void) {
  if (under)
    return;
  under = sqlite3_vfs_find(NULL);
  must(under != NULL);
  vfs.iVersion = 1;
  vfs.szOsFile = (int)sizeof(struct file) + under->szOsFile;
  vfs.mxPathname = under->mxPathname;
  vfs.zName = "power";
  vfs.xOpen = v_open;
  vfs.xDelete = v_delete;
  vfs.xAccess = v_access;
  vfs.xFullPathname = v_path;
  vfs.xRandomness = v_random;
  vfs.xSleep = v_sleep;
  vfs.xCurrentTime = v_time;
  must(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

void power_reset(void) {
  forget();
  memset(&power, 0, sizeof power);
  power.seed = 1;
  power.fail_op = POWER_OPS;
}
