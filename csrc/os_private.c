/* SPDX-License-Identifier: MIT
   os_private.c - folders, files and locks that others must keep out of. */
#define _GNU_SOURCE
#include "os_private.h"
#include "err.h"
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int fail(mj_error *err, const char *what, const char *path) {
  int code = errno;
  return mj__err_set(err, MJ_EJOURNAL, "cannot %s %.200s: %s", what, path,
                     strerror(code));
}

/* A folder is on disk when the one that it is in was synced. */
static int sync_all(const char *path) {
  char part[MJ__OS_PATH];
  const char *p;
  for (p = path + 1; (p = strchr(p, '/')) != NULL; p++) {
    (void)snprintf(part, sizeof part, "%.*s", (int)(p - path), path);
    if (mj__os_sync_folder(part) != 0)
      return -1;
  }
  return 0;
}

int mj__os_private_folder(const char *path, mj_error *err) {
  char folder[MJ__OS_PATH], copy[MJ__OS_PATH];
  struct stat st;
  char *slash;
  (void)snprintf(folder, sizeof folder, "%s", path);
  (void)snprintf(copy, sizeof copy, "%s", path);
  slash = strrchr(folder, '/');
  if (!slash)
    (void)snprintf(folder, sizeof folder, ".");
  else
    slash[slash == folder] = '\0';
  if (stat(folder, &st) != 0) {
    if (errno != ENOENT)
      return fail(err, "look at the folder", folder);
    if (mj__os_make_folders(copy, 0700) != 0)
      return fail(err, "make the folder", folder);
    if (sync_all(path) != 0)
      return fail(err, "sync the folder of", folder);
    if (stat(folder, &st) != 0)
      return fail(err, "look at the folder", folder);
  }
  if (!S_ISDIR(st.st_mode))
    return mj__err_set(err, MJ_EJOURNAL, "%.200s is not a folder", folder);
  if (st.st_uid != geteuid() && st.st_uid != 0)
    return mj__err_set(err, MJ_EJOURNAL,
                       "the folder %.200s belongs to another user", folder);
  if ((st.st_mode & 022) && !(st.st_mode & S_ISVTX))
    return mj__err_set(err, MJ_EJOURNAL,
                       "others can write to the folder: chmod go-w %.200s",
                       folder);
  return MJ_OK;
}

static int check_stat(const struct stat *st, const char *path, mj_error *err) {
  if (S_ISLNK(st->st_mode))
    return mj__err_set(err, MJ_EJOURNAL,
                       "%.200s is a symbolic link: name the file itself", path);
  if (!S_ISREG(st->st_mode))
    return mj__err_set(err, MJ_EJOURNAL, "%.200s is not a plain file", path);
  if (st->st_uid != geteuid())
    return mj__err_set(err, MJ_EJOURNAL,
                       "%.200s belongs to another user: use another file",
                       path);
  if (st->st_nlink > 1)
    return mj__err_set(err, MJ_EJOURNAL,
                       "%.200s has a second name (a hard link): remove that",
                       path);
  if (st->st_mode & 077)
    return mj__err_set(err, MJ_EJOURNAL,
                       "others can open it, and prompts are in it: chmod 600 "
                       "%.200s",
                       path);
  return MJ_OK;
}

int mj__os_private_file(const char *path, int64_t *size, mj_error *err) {
  struct stat st;
  *size = 0;
  if (lstat(path, &st) != 0)
    return errno == ENOENT ? 0 : fail(err, "look at", path);
  *size = (int64_t)st.st_size;
  return check_stat(&st, path, err) == MJ_OK ? 1 : MJ_EJOURNAL;
}

/* O_EXCL follows no link. */
int mj__os_private_new(const char *path, mj_error *err) {
  int fd =
      open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return fail(err, "create", path);
  (void)close(fd);
  return MJ_OK;
}

int mj__os_private_head(const char *path, void *out, size_t n, mj_error *err) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  size_t have = 0;
  if (fd < 0)
    return fail(err, "open", path);
  while (have < n) {
    ssize_t k = read(fd, (char *)out + have, n - have);
    if (k < 0 && errno == EINTR)
      continue;
    if (k < 0) {
      int rc = fail(err, "read", path);
      (void)close(fd);
      return rc;
    }
    if (k == 0)
      break;
    have += (size_t)k;
  }
  (void)close(fd);
  return (int)have;
}

int mj__os_private_move(const char *from, const char *to, mj_error *err) {
  char folder[MJ__OS_PATH];
  struct stat st;
  if (lstat(to, &st) == 0) {
    errno = EEXIST;
    return fail(err, "rename to", to);
  }
  if (rename(from, to) != 0)
    return fail(err, "rename", from);
  (void)snprintf(folder, sizeof folder, "%s", to);
  return mj__os_sync_folder(folder) == 0 ? MJ_OK
                                         : fail(err, "sync the folder of", to);
}

int mj__os_private_remove(const char *path) {
  return unlink(path) == 0 || errno == ENOENT ? 0 : -1;
}

static long pid_in(int fd) {
  char text[32] = "";
  ssize_t n = pread(fd, text, sizeof text - 1, 0);
  long pid = n > 0 ? strtol(text, NULL, 10) : 0;
  return pid > 0 ? pid : 0;
}

static int held(int fd, const char *path, mj_error *err) {
  long pid = pid_in(fd);
  if (pid > 0)
    return mj__err_set(err, MJ_EJOURNAL,
                       "process %ld has it already (%.200s is locked)", pid,
                       path);
  return mj__err_set(err, MJ_EJOURNAL,
                     "another process has it already (%.200s is locked)", path);
}

static int leave_pid(int fd) {
  char text[32];
  int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
  if (ftruncate(fd, 0) != 0)
    return -1;
  return pwrite(fd, text, (size_t)n, 0) == n ? 0 : -1;
}

/* Somebody may just be asking whether anybody has it. */
static int lock_it(int fd) {
  const struct timespec moment = {0, 5000000};
  int i, rc = -1;
  for (i = 0; i < 4 && rc != 0; i++) {
    if (i > 0)
      (void)nanosleep(&moment, NULL);
    do
      rc = flock(fd, LOCK_EX | LOCK_NB);
    while (rc != 0 && errno == EINTR);
    if (rc != 0 && errno != EWOULDBLOCK)
      break;
  }
  return rc;
}

static int try_lock(const char *path, int fd, mj_error *err) {
  struct stat st, now;
  int rc;
  if (fstat(fd, &st) != 0)
    return fail(err, "look at", path);
  rc = check_stat(&st, path, err);
  if (rc != MJ_OK && st.st_nlink > 0)
    return rc;
  rc = lock_it(fd);
  if (rc != 0)
    return errno == EWOULDBLOCK ? held(fd, path, err) : fail(err, "lock", path);
  /* it may have been removed between open and flock */
  if (stat(path, &now) != 0 || now.st_ino != st.st_ino ||
      now.st_dev != st.st_dev)
    return mj__err_set(err, MJ_EJOURNAL, "%.200s was removed meanwhile", path);
  return leave_pid(fd) == 0 ? MJ_OK : fail(err, "write", path);
}

int mj__os_lock(const char *path, int *made, mj_error *err) {
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  int rc;
  *made = fd >= 0;
  if (fd < 0 && errno == EEXIST)
    fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 && errno == ELOOP)
    return mj__err_set(err, MJ_EJOURNAL, "%.200s is a symbolic link", path);
  if (fd < 0)
    return fail(err, "open", path);
  rc = try_lock(path, fd, err);
  if (rc == MJ_OK)
    return fd;
  (void)close(fd);
  return rc;
}

long mj__os_lock_owner(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc;
  long pid = 0;
  if (fd < 0)
    return 0;
  do
    rc = flock(fd, LOCK_SH | LOCK_NB);
  while (rc != 0 && errno == EINTR);
  if (rc != 0 && errno == EWOULDBLOCK)
    pid = pid_in(fd) ? pid_in(fd) : -1;
  (void)close(fd); /* and the lock goes with it */
  return pid;
}

void mj__os_unlock(int fd) {
  if (fd >= 0)
    (void)close(fd);
}

int mj__os_shared_open(const char *path, mj_error *err) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  struct stat st;
  if (fd < 0) {
    (void)fail(err, "open", path);
    return -1;
  }
  if (fstat(fd, &st) != 0)
    (void)fail(err, "look at", path);
  else if (check_stat(&st, path, err) == MJ_OK)
    return fd;
  (void)close(fd);
  return -1;
}

int mj__os_shared_try(int fd) {
  int rc;
  do
    rc = flock(fd, LOCK_EX | LOCK_NB);
  while (rc != 0 && errno == EINTR);
  return rc == 0;
}

void mj__os_shared_let(int fd) {
  (void)flock(fd, LOCK_UN);
}

int64_t mj__os_shared_read(int fd, void *out, size_t n, int64_t at) {
  size_t have = 0;
  while (have < n) {
    ssize_t k =
        pread(fd, (char *)out + have, n - have, (off_t)at + (off_t)have);
    if (k < 0 && errno == EINTR)
      continue;
    if (k < 0)
      return -1;
    if (k == 0)
      break;
    have += (size_t)k;
  }
  return (int64_t)have;
}

int mj__os_shared_write(int fd, const void *p, size_t n, int64_t at) {
  size_t done = 0;
  while (done < n) {
    ssize_t k =
        pwrite(fd, (const char *)p + done, n - done, (off_t)at + (off_t)done);
    if (k < 0 && errno == EINTR)
      continue;
    if (k <= 0)
      return -1;
    done += (size_t)k;
  }
  return 0;
}

long mj__os_pid(void) {
  return (long)getpid();
}
