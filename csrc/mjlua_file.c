/* SPDX-License-Identifier: MIT
   mjlua_file.c - a file of the user's alone: the history of the prompt. */
#define _DEFAULT_SOURCE /* strdup, O_NOFOLLOW */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <lauxlib.h>
#include "mjlua.h"

static int make_folders(const char *path) {
  char *copy = strdup(path), *p;

  if (!copy)
    return -1;
  for (p = strchr(copy + 1, '/'); p; p = strchr(p + 1, '/')) {
    *p = '\0';
    if (mkdir(copy, 0700) != 0 && errno != EEXIST) {
      free(copy);
      return -1;
    }
    *p = '/';
  }
  free(copy);
  return 0;
}

static int write_all(int fd, const char *text, size_t len) {
  while (len > 0) {
    ssize_t n = write(fd, text, len);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return -1;
    text += n;
    len -= (size_t)n;
  }
  return 0;
}

/* write(path, text, append): a file that nobody else reads; true, or nil and
   why not.  No link is followed. */
int mjlua_write(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  size_t len;
  const char *text = luaL_checklstring(L, 2, &len);
  int flags = lua_toboolean(L, 3) ? O_APPEND : O_TRUNC, fd = -1, bad;

  if (make_folders(path) == 0)
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
  bad = fd < 0 || fchmod(fd, 0600) != 0 || write_all(fd, text, len) != 0;
  if (bad) {
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s", path, strerror(errno));
  }
  if (fd >= 0)
    close(fd);
  if (bad)
    return 2;
  lua_pushboolean(L, 1);
  return 1;
}
