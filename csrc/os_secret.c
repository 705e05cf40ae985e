/* SPDX-License-Identifier: MIT
   os_secret.c - files that a key may be in: who else can read them. */
#define _GNU_SOURCE
#include "err.h"
#include "os_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who can write to the folder can put another file in its place. */
static int folder_exposed(const char *path, mj_error *err) {
  char folder[MJ__OS_PATH];
  struct stat st;
  char *slash;
  (void)snprintf(folder, sizeof folder, "%s", path);
  slash = strrchr(folder, '/');
  if (!slash)
    (void)snprintf(folder, sizeof folder, ".");
  else
    slash[slash == folder] = '\0';
  if (stat(folder, &st) != 0)
    return 0;
  if (st.st_uid != geteuid() && st.st_uid != 0)
    return mj__err_set(err, MJ_EAUTH,
                       "the folder %.200s belongs to another user, who can "
                       "exchange the key: keep it elsewhere",
                       folder);
  if ((st.st_mode & 022) && !(st.st_mode & S_ISVTX))
    return mj__err_set(err, MJ_EAUTH,
                       "others can write to the folder and exchange the key: "
                       "chmod go-w %.200s",
                       folder);
  return 0;
}

static int is_exposed(const struct stat *st, const char *path, mj_error *err) {
  char real[MJ__OS_PATH];
  if (st->st_uid != geteuid() && st->st_uid != 0)
    return mj__err_set(err, MJ_EAUTH,
                       "%.200s belongs to another user: keep the key in a "
                       "file of your own",
                       path);
  if (st->st_mode & 077)
    return mj__err_set(err, MJ_EAUTH,
                       "others can get at the key in it: chmod 600 %.200s",
                       path);
  if (folder_exposed(path, err))
    return 1;
  /* of a link, where it leads to as well */
  return realpath(path, real) ? folder_exposed(real, err) : 0;
}

static int read_all(int fd, char *buf, size_t size) {
  size_t n = 0;
  while (n < size) {
    ssize_t k = read(fd, buf + n, size - n);
    if (k < 0 && errno == EINTR)
      continue;
    if (k < 0)
      return -1;
    if (k == 0)
      return (int)n;
    n += (size_t)k;
  }
  return (int)n;
}

int mj_read_private(const char *path, char *buf, size_t size, int *exposed,
                    mj_error *err) {
  struct stat st;
  int n, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  *exposed = 0;
  mj__err_clear(err);
  if (fd < 0)
    return mj__err_set(err, errno == ENOENT ? MJ_ENOT_FOUND : MJ_EINVALID,
                       "cannot open %.200s: %s", path, strerror(errno));
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    (void)close(fd);
    return mj__err_set(err, MJ_EINVALID, "%.200s is not a plain file", path);
  }
  n = read_all(fd, buf, size);
  (void)close(fd);
  if (n < 0)
    return mj__err_set(err, MJ_EINVALID, "cannot read %.200s", path);
  if ((size_t)n >= size)
    return mj__err_set(err, MJ_ETOO_LARGE, "%.200s: more than %zu bytes", path,
                       size - 1);
  buf[n] = '\0';
  *exposed = is_exposed(&st, path, err) != 0;
  return n;
}
