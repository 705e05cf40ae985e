/* SPDX-License-Identifier: MIT
   mjlua_below.c - files below one folder, whatever a path says.  Each folder on
   the way is opened from the one before it, and no link is followed. */
#define _GNU_SOURCE
#include "mjlua.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <lauxlib.h>

static int failed(lua_State *L, const char *why) {
  lua_pushnil(L);
  lua_pushstring(L, why);
  return 2;
}

/* open_folder(path) -> descriptor; nil and why not. */
int mjlua_open_folder(lua_State *L) {
  int fd = open(luaL_checkstring(L, 1), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

  if (fd < 0)
    return failed(L, strerror(errno));
  lua_pushinteger(L, fd);
  return 1;
}

/* A name that is one, and no way out. */
static int is_name(const char *p, size_t n) {
  return n > 0 && n < 256 && !(n == 1 && p[0] == '.') &&
         !(n == 2 && p[0] == '.' && p[1] == '.');
}

/* Opens the folder that `path` is in; *name is what is left of it.  -1 and
   errno. */
static int walk(int top, const char *path, int make, const char **name) {
  int fd = fcntl(top, F_DUPFD_CLOEXEC, 0), next;
  const char *slash;
  char part[256];

  while (fd >= 0 && (slash = strchr(path, '/')) != NULL) {
    size_t n = (size_t)(slash - path);
    if (!is_name(path, n)) {
      (void)close(fd);
      errno = EACCES;
      return -1;
    }
    memcpy(part, path, n);
    part[n] = '\0';
    if (make)
      (void)mkdirat(fd, part, 0700);
    next = openat(fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    (void)close(fd);
    fd = next;
    path = slash + 1;
  }
  if (fd >= 0 && !is_name(path, strlen(path))) {
    (void)close(fd);
    errno = EACCES;
    return -1;
  }
  *name = path;
  return fd;
}

static const char *reason(void) {
  return errno == EACCES || errno == ELOOP || errno == ENOTDIR
             ? "not below the folder of --restricted, or through a link"
             : strerror(errno);
}

static const char *check_path(lua_State *L, int arg) {
  size_t n;
  const char *path = luaL_checklstring(L, arg, &n);

  return strlen(path) == n && n < 4096 ? path : "";
}

/* read_below(folder, path, most) -> bytes; nil and why not. */
int mjlua_read_below(lua_State *L) {
  const char *name, *path = check_path(L, 2);
  size_t most = (size_t)luaL_checkinteger(L, 3), have = 0;
  int folder = walk((int)luaL_checkinteger(L, 1), path, 0, &name);
  int fd = folder < 0 ? -1
                      : openat(folder, name,
                               O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  struct stat st;
  luaL_Buffer b;
  ssize_t k = 0;
  char *out;

  if (folder >= 0) {
    int saved = errno;
    (void)close(folder);
    errno = saved;
  }
  if (fd < 0)
    return failed(L, reason());
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 0 ||
      (size_t)st.st_size > most) {
    (void)close(fd);
    return failed(L, "no plain file, or too large");
  }
  /* no error may be raised while it is open: memory first */
  out = lua_newuserdatauv(L, (size_t)st.st_size + 1, 0);
  while (have < (size_t)st.st_size &&
         ((k = read(fd, out + have, (size_t)st.st_size - have)) > 0 ||
          (k < 0 && errno == EINTR)))
    have += k > 0 ? (size_t)k : 0;
  (void)close(fd);
  if (k < 0)
    return failed(L, strerror(errno));
  luaL_buffinit(L, &b);
  luaL_addlstring(&b, out, have);
  luaL_pushresult(&b);
  return 1;
}

/* Writes and syncs; 0, or -1 and errno. */
static int write_all(int fd, const char *data, size_t n) {
  while (n > 0) {
    ssize_t k = write(fd, data, n);
    if (k < 0 && errno == EINTR)
      continue;
    if (k < 0)
      return -1;
    data += k;
    n -= (size_t)k;
  }
  return fsync(fd);
}

/* Beside its name first, so that it is there as a whole or not at all. */
static int put(int folder, const char *name, const char *data, size_t n) {
  static unsigned count;
  char part[64];
  int fd, rc, saved;

  (void)snprintf(part, sizeof part, ".mj-%ld-%u.part", (long)getpid(), ++count);
  fd = openat(folder, part,
              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return -1;
  rc = write_all(fd, data, n);
  saved = errno;
  if (close(fd) != 0 && rc == 0) {
    rc = -1;
    saved = errno;
  }
  if (rc == 0 && renameat(folder, part, folder, name) == 0)
    return fsync(folder);
  if (rc == 0)
    saved = errno;
  (void)unlinkat(folder, part, 0);
  errno = saved;
  return -1;
}

/* write_below(folder, path, bytes) -> true; nil and why not. */
int mjlua_write_below(lua_State *L) {
  const char *name, *path = check_path(L, 2), *data;
  size_t n;
  int folder, rc, saved;

  data = luaL_checklstring(L, 3, &n);
  folder = walk((int)luaL_checkinteger(L, 1), path, 1, &name);
  if (folder < 0)
    return failed(L, reason());
  rc = put(folder, name, data, n);
  saved = errno;
  (void)close(folder);
  errno = saved;
  if (rc != 0)
    return failed(L, reason());
  lua_pushboolean(L, 1);
  return 1;
}
