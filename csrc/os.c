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

int64_t mj__os_now_ms(void *ud) {
  struct timespec ts;
  (void)ud;
  (void)clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t mj__os_wall_ms(void) {
  struct timespec ts;
  (void)clock_gettime(CLOCK_REALTIME, &ts);
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int mj__os_is_file(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISREG(st.st_mode);
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

/* A rename is on disk only when its folder is (POSIX leaves it open; ext4 and
   xfs need it). */
int mj__os_sync_folder(char *path) {
  char *slash = strrchr(path, '/');
  int fd, rc;
  if (slash == path)
    slash[1] = '\0';
  else if (slash)
    *slash = '\0';
  fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return -1;
  rc = fsync(fd);
  /* some file systems cannot sync a folder; the rename is as good there as it
     gets */
  if (rc != 0 && (errno == EINVAL || errno == ENOTSUP))
    rc = 0;
  (void)close(fd);
  return rc;
}

static int put_file(const char *part, const char *path, const char *data,
                    size_t n, const char **what) {
  int fd =
      open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
  int saved;
  *what = "create";
  if (fd < 0)
    return -1;
  *what = "write";
  if (write_all(fd, data, n) == 0 && (*what = "sync", fsync(fd)) == 0) {
    *what = "close";
    if (close(fd) == 0) {
      *what = "rename";
      if (rename(part, path) == 0)
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

int mj__os_write_file(const char *path, const char *data, size_t n,
                      mj_error *err) {
  char part[PATH_MAX], folder[PATH_MAX];
  const char *what = "make the folder of";
  unsigned char tag[6];
  int len;
  if (mj__os_random(tag, sizeof tag) != 0)
    return mj__err_set(err, MJ_ERESOURCE, "no random bytes for a file name");
  len = snprintf(part, sizeof part, "%s.%02x%02x%02x%02x%02x%02x.part", path,
                 tag[0], tag[1], tag[2], tag[3], tag[4], tag[5]);
  if (len < 0 || (size_t)len >= sizeof part)
    return mj__err_set(err, MJ_EINVALID, "path is too long: %.80s...", path);
  (void)snprintf(folder, sizeof folder, "%s", path);
  if (mj__os_make_folders(folder, 0777) == 0 &&
      put_file(part, path, data, n, &what) == 0) {
    what = "sync the folder of";
    if (mj__os_sync_folder(folder) == 0)
      return MJ_OK;
  }
  return mj__err_set(err, errno == EINVAL ? MJ_EINVALID : MJ_ERESOURCE,
                     "cannot %s %.200s: %s", what, path, strerror(errno));
}
