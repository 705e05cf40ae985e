/* SPDX-License-Identifier: MIT
   lmj_tty.c - how large a terminal is.  Asked for each time: one ioctl is less
   than a handler of SIGWINCH, which would be the program's to have. */
#if defined(__unix__) || defined(__APPLE__)
#define _DEFAULT_SOURCE
#define _DARWIN_C_SOURCE
#include <sys/ioctl.h>
#include <unistd.h>
#endif
#include "lmj.h"

/* terminal(fd) -> columns, rows, 0 where it does not tell; nil when the
   descriptor is no terminal. */
int lmj_terminal(lua_State *L) {
  int fd = (int)luaL_checkinteger(L, 1);
#ifdef TIOCGWINSZ
  struct winsize size = {0, 0, 0, 0};
  if (!isatty(fd))
    return 0;
  (void)ioctl(fd, TIOCGWINSZ, &size);
  lua_pushinteger(L, size.ws_col);
  lua_pushinteger(L, size.ws_row);
  return 2;
#else
  (void)fd;
  return 0;
#endif
}
