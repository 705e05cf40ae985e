/* SPDX-License-Identifier: MIT
   os.c - clock, random bytes, whole-or-absent files. */
#define _GNU_SOURCE
#include "os.h"
#include "err.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int64_t mj__os_now_us(void) {
  struct timespec ts;
  (void)clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t mj__os_now_ms(void *ud) {
  (void)ud;
  return mj__os_now_us() / 1000;
}

int64_t mj__os_boot_ms(void) {
  struct timespec ts;
#ifdef CLOCK_BOOTTIME
  if (clock_gettime(CLOCK_BOOTTIME, &ts) == 0)
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
#endif
  return mj__os_now_ms(NULL);
}

int64_t mj__os_wall_ms(void) {
  struct timespec ts;
  (void)clock_gettime(CLOCK_REALTIME, &ts);
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t mj__os_file_size(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
}

int64_t mj__os_read_file(const char *path,
                         int (*fn)(void *ud, const char *p, size_t n),
                         void *ud) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  char block[16384];
  int64_t n = 0;
  while (fd >= 0) {
    ssize_t k = read(fd, block, sizeof block);
    if (k < 0 && errno == EINTR)
      continue;
    if (k < 0 || (k > 0 && fn(ud, block, (size_t)k) != 0))
      n = -1;
    if (k <= 0 || n < 0)
      break;
    n += k;
  }
  if (fd < 0)
    return -1;
  (void)close(fd);
  return n;
}

void mj__os_absolute(const char *path, char out[MJ__OS_PATH]) {
  size_t n = 0;
  while (path[0] == '.' && path[1] == '/')
    for (path += 2; *path == '/'; path++)
      ;
  if (path[0] != '/' && getcwd(out, MJ__OS_PATH - 1))
    n = strlen(out);
  if (n > 0 && out[n - 1] != '/')
    out[n++] = '/';
  (void)snprintf(out + n, MJ__OS_PATH - n, "%s", path);
}

int mj__os_random(void *out, size_t n) {
  unsigned char *p = out;
  while (n > 0) {
    ssize_t k = getrandom(p, n, 0);
    if (k < 0 && errno == EINTR)
      continue;
    if (k <= 0)
      return -1;
    p += k;
    n -= (size_t)k;
  }
  return 0;
}

/* What is to be written, and where to. */
struct file {
  const char *path, *data;
  size_t n;
  int keep; /* what has the name stays */
};

static int write_all(int fd, const char *p, size_t n) {
  while (n > 0) {
    ssize_t k = write(fd, p, n);
    if (k < 0 && errno == EINTR)
      continue;
    if (k < 0)
      return -1;
    p += k;
    n -= (size_t)k;
  }
  return 0;
}

int mj__os_make_folders(char *path, unsigned mode) {
  char *p;
  for (p = path + 1; *p; p++) {
    if (*p != '/')
      continue;
    *p = '\0';
    if (mkdir(path, mode) != 0 && errno != EEXIST) {
      *p = '/';
      return -1;
    }
    *p = '/';
  }
  return 0;
}

/* NFS and FUSE let signals end what local disks do not. */
static int open_again(const char *path, int flags) {
  int fd;
  do
    fd = open(path, flags, 0666);
  while (fd < 0 && errno == EINTR);
  return fd;
}

/* Interrupted is not failed; after any other error the data may be lost though
   the next fsync says nothing (Linux tells once). */
static int sync_again(int fd) {
  int rc;
  do
    rc = fsync(fd);
  while (rc != 0 && errno == EINTR);
  return rc;
}

/* A rename is on disk only when its folder is (POSIX leaves it open; ext4 and
   xfs need it). */
int mj__os_sync_folder(char *path) {
  char *slash = strrchr(path, '/');
  int fd, rc;
  if (slash == path)
    slash[1] = '\0';
  else if (slash)
    *slash = '\0';
  fd = open_again(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return -1;
  rc = sync_again(fd);
  /* some file systems cannot sync a folder; the rename is as good there as it
     gets */
  if (rc != 0 && (errno == EINVAL || errno == ENOTSUP))
    rc = 0;
  (void)close(fd);
  return rc;
}

/* 0 = `path` leads to `part` from now on, which had been another name's or
   nobody's; else -1 and errno: EEXIST = with `keep` the name was taken. */
static int take_name(const char *part, const char *path, int keep) {
  int fd;
  if (!keep)
    return rename(part, path);
  if (link(part, path) == 0) {
    (void)unlink(part);
    return 0;
  }
  if (errno == EEXIST)
    return -1;
  /* a disk without links, as of a camera: an empty file holds the name */
  fd = open_again(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return -1;
  (void)close(fd);
  return rename(part, path);
}

static int put_file(const char *part, const struct file *f, const char **what) {
  int fd =
      open_again(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW);
  int saved;
  *what = "create";
  if (fd < 0)
    return -1;
  *what = "write";
  if (write_all(fd, f->data, f->n) == 0 &&
      (*what = "sync", sync_again(fd)) == 0) {
    *what = "close";
    if (close(fd) == 0) {
      *what = "rename";
      if (take_name(part, f->path, f->keep) == 0)
        return 0;
    }
    saved = errno;
  } else {
    saved = errno;
    (void)close(fd);
  }
  (void)unlink(part);
  errno = saved;
  return -1;
}

#ifdef O_TMPFILE
/* The name `path` for the file behind fd, or -1 and errno. */
static int give_name(int fd, const char *path) {
  char link[40];
  (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  return linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

/* A kill leaves nothing of it behind, since it has no name before it is whole;
   but where another file has to make room it has the other one, for a moment.
   1 = this system, or this disk, cannot do it. */
static int put_unnamed(const char *folder, const char *part,
                       const struct file *f, const char **what) {
  int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666), rc = -1, saved;
  if (fd < 0)
    return 1;
  *what = "write";
  if (write_all(fd, f->data, f->n) == 0 && (*what = "sync", fsync(fd)) == 0) {
    *what = "name";
    rc = give_name(fd, f->path);
    if (rc != 0 && errno == EEXIST && !f->keep && give_name(fd, part) == 0) {
      *what = "rename";
      rc = rename(part, f->path);
      saved = errno;
      if (rc != 0)
        (void)unlink(part);
      errno = saved;
    } else if (rc != 0 && !(errno == EEXIST && f->keep)) {
      rc = 1;
    }
  }
  saved = errno;
  (void)close(fd);
  errno = saved;
  return rc;
}
#else
static int put_unnamed(const char *folder, const char *part,
                       const struct file *f, const char **what) {
  (void)folder;
  (void)part;
  (void)f;
  (void)what;
  return 1;
}
#endif

/* In its place, all of it or nothing. */
static int place_file(const char *part, const struct file *f,
                      const char **what) {
  char folder[PATH_MAX];
  const char *slash = strrchr(f->path, '/');
  int rc;
  (void)snprintf(folder, sizeof folder, "%.*s",
                 slash ? (int)(slash - f->path) + 1 : 1, slash ? f->path : ".");
  rc = put_unnamed(folder, part, f, what);
  return rc == 1 ? put_file(part, f, what) : rc;
}

/* Compares as it is read. */
static int same(void *ud, const char *p, size_t n) {
  struct file *left = ud;
  if (n > left->n || memcmp(left->data, p, n) != 0)
    return -1;
  left->data += n;
  left->n -= n;
  return 0;
}

/* Whether nothing has the name (0), a file of these bytes (1), or another
   (-1): so that it is known before they are written. */
static int look_at(const struct file *f) {
  struct file left = *f;
  struct stat st;
  if (lstat(f->path, &st) != 0)
    return 0;
  return S_ISREG(st.st_mode) && st.st_size == (off_t)f->n &&
                 mj__os_read_file(f->path, same, &left) == (int64_t)f->n
             ? 1
             : -1;
}

static int taken(const char *path, mj_error *err) {
  return mj__err_set(err, MJ_EDUPLICATE, "%.200s is there already", path);
}

int mj__os_write_file(const char *path, const char *data, size_t n, int keep,
                      mj_error *err) {
  struct file f = {path, data, n, keep};
  char part[PATH_MAX], folder[PATH_MAX];
  const char *what = "make the folder of";
  unsigned char tag[6];
  int len, there = keep ? look_at(&f) : 0;
  if (there)
    return there > 0 ? MJ_OK : taken(path, err);
  if (mj__os_random(tag, sizeof tag) != 0)
    return mj__err_set(err, MJ_ERESOURCE, "no random bytes for a file name");
  len = snprintf(part, sizeof part, "%s.%02x%02x%02x%02x%02x%02x.part", path,
                 tag[0], tag[1], tag[2], tag[3], tag[4], tag[5]);
  if (len < 0 || (size_t)len >= sizeof part)
    return mj__err_set(err, MJ_EINVALID, "path is too long: %.80s...", path);
  (void)snprintf(folder, sizeof folder, "%s", path);
  if (mj__os_make_folders(folder, 0777) == 0 &&
      place_file(part, &f, &what) == 0) {
    what = "sync the folder of";
    if (mj__os_sync_folder(folder) == 0)
      return MJ_OK;
  }
  if (keep && errno == EEXIST)
    return taken(path, err);
  return mj__err_set(err, errno == EINVAL ? MJ_EINVALID : MJ_ERESOURCE,
                     "cannot %s %.200s: %s", what, path, strerror(errno));
}
