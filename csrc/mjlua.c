/* SPDX-License-Identifier: MIT
   mjlua.c - a Lua 5.4 interpreter with mj inside.

   C does what Lua cannot: signals, the modules linked in, the place of the
   binary.  Options, scripts and everything that talks are lua/mj/main.lua.
   Nothing of mj is initialised before a script asks for it. */
#define _DEFAULT_SOURCE /* realpath, struct winsize */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
#include "mjlua.h"

int luaopen_mj_core(lua_State *L);
#ifdef MJLUA_CJSON
/* Debian's lua-cjson.h declares the first of them only. */
int luaopen_cjson(lua_State *L);
int luaopen_cjson_safe(lua_State *L);
#endif

/* Loader of an embedded module: upvalue 1 is its place in the list. */
static int load_embedded(lua_State *L) {
  const struct mjlua_file *f =
      &mjlua_files[lua_tointeger(L, lua_upvalueindex(1))];

  if (luaL_loadbufferx(L, (const char *)f->text, f->size, f->chunk, "t"))
    return lua_error(L);
  lua_pushvalue(L, 1);
  lua_pushstring(L, f->chunk);
  lua_call(L, 2, 1);
  return 1;
}

void mjlua_preload(lua_State *L) {
  static const luaL_Reg linked[] = {{"mj.core", luaopen_mj_core},
#ifdef MJLUA_CJSON
                                    {"cjson", luaopen_cjson},
                                    {"cjson.safe", luaopen_cjson_safe},
#endif
                                    {NULL, NULL}};
  size_t i;

  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  luaL_setfuncs(L, linked, 0);
  for (i = 0; mjlua_files[i].module; i++) {
    lua_pushinteger(L, (lua_Integer)i);
    lua_pushcclosure(L, load_embedded, 1);
    lua_setfield(L, -2, mjlua_files[i].module);
  }
  lua_pop(L, 1);
}

/* Pushes the folder of the binary, or nil where /proc is missing. */
static void push_folder(lua_State *L) {
  char path[PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  char *slash;

  if (n > 0) {
    path[n] = '\0';
    slash = strrchr(path, '/');
    if (slash) {
      lua_pushlstring(L, path, (size_t)(slash - path));
      return;
    }
  }
  lua_pushnil(L);
}

/* Whether all that was printed got out: true, or nil and why not.  print tells
   nobody, and drops what could not be written. */
static int l_printed(lua_State *L) {
  struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
  const char *why = NULL;
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout)) {
    lua_pushboolean(L, 1);
    return 1;
  }
  if (errno == 0 && write(STDOUT_FILENO, "", 0) == 0)
    why = poll(&p, 1, 0) > 0 && (p.revents & POLLERR)
              ? strerror(EPIPE)
              : "not all of it got out; is the disk full?";
  lua_pushnil(L);
  lua_pushstring(L, why ? why : strerror(errno));
  return 2;
}

static int l_isatty(lua_State *L) {
  lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
  return 1;
}

/* columns(): of the terminal that is written to. */
static int l_columns(lua_State *L) {
  struct winsize w;

  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
    lua_pushinteger(L, w.ws_col);
  else
    lua_pushinteger(L, 80);
  return 1;
}

/* realpath(path) -> the path without links and dots; nil when it is not there.
 */
static int l_realpath(lua_State *L) {
  char *full = realpath(luaL_checkstring(L, 1), NULL);

  lua_pushstring(L, full); /* NULL becomes nil */
  free(full);
  return 1;
}

/* list(folder) -> the names of what is in it, or nil. */
static int l_list(lua_State *L) {
  DIR *dir = opendir(luaL_checkstring(L, 1));
  struct dirent *e;
  lua_Integer n = 0;

  if (!dir)
    return 0;
  lua_newtable(L);
  while ((e = readdir(dir)) != NULL) {
    lua_pushstring(L, e->d_name);
    lua_rawseti(L, -2, ++n);
  }
  closedir(dir);
  return 1;
}

/* -E: the libraries forget what the environment said of paths.  The package
   library was open before the options were read: a new one takes its place. */
static int l_forget_environment(lua_State *L) {
  lua_pushboolean(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
  lua_pushcfunction(L, luaopen_package);
  lua_pushliteral(L, LUA_LOADLIBNAME);
  lua_call(L, 1, 1);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, LUA_LOADLIBNAME);
  lua_pop(L, 1);
  lua_setglobal(L, LUA_LOADLIBNAME);
  return 0;
}

/* The table that main.lua gets: what plain Lua has no word for.  `plain` of the
   coroutine library is below. */
static void push_sys(lua_State *L) {
  mjlua_push_signals(L);
  mjlua_push_program(L);
  lua_setfield(L, -2, "program");
  lua_rotate(L, -2, 1);
  lua_setfield(L, -2, "plain");
  lua_pushcfunction(L, l_forget_environment);
  lua_setfield(L, -2, "forget_environment");
  lua_pushliteral(L, LUA_COPYRIGHT);
  lua_setfield(L, -2, "copyright");
  lua_pushcfunction(L, l_printed);
  lua_setfield(L, -2, "printed");
  lua_pushcfunction(L, l_isatty);
  lua_setfield(L, -2, "isatty");
  lua_pushcfunction(L, l_columns);
  lua_setfield(L, -2, "columns");
  lua_pushcfunction(L, mjlua_write);
  lua_setfield(L, -2, "write");
  lua_pushcfunction(L, l_realpath);
  lua_setfield(L, -2, "realpath");
  mjlua_push_sandbox(L);
  lua_setfield(L, -2, "sandbox");
  lua_pushcfunction(L, l_list);
  lua_setfield(L, -2, "list");
  push_folder(L);
  lua_setfield(L, -2, "folder");
  lua_pushliteral(L, MJLUA_MODULES);
  lua_setfield(L, -2, "modules");
  lua_pushliteral(L, MJLUA_VERSION);
  lua_setfield(L, -2, "version");
  lua_pushliteral(L, LUA_VERSION_MAJOR "." LUA_VERSION_MINOR
                                       "." LUA_VERSION_RELEASE);
  lua_setfield(L, -2, "lua");
}

/* Everything runs under this one protected call; returns the exit status. */
static int protected_main(lua_State *L) {
  int argc = (int)lua_tointeger(L, 1), i;
  char **argv = lua_touserdata(L, 2);

  luaL_checkversion(L);
  luaL_openlibs(L);
  mjlua_open_coroutines(L);
  mjlua_preload(L);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "mj.main");
  lua_call(L, 1, 1);
  lua_insert(L, -2);
  push_sys(L);
  lua_createtable(L, argc, 1);
  for (i = 0; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i);
  }
  lua_call(L, 2, 1);
  return 1;
}

/* No core dump with a key in it, and no look into the process from others of
   the same user.  Builds with tests leave it out: it stops debuggers too. */
static void hide_memory(void) {
#if defined(__linux__) && !defined(MJLUA_DEBUGGABLE)
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* Started with 0, 1 or 2 closed: a socket to the gateway would get that number,
   and what is printed would go there.  What stands in for it can neither be
   read nor written the way round that it is meant, so that who does is told. */
static int keep_standard_files(void) {
  int fd;
  for (fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
        open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
      return -1;
  return 0;
}

int main(int argc, char **argv) {
  lua_State *L;
  int status = EXIT_FAILURE;

  hide_memory();
  if (keep_standard_files() != 0)
    return EXIT_FAILURE;
  if (argc == 4 && strcmp(argv[1], MJLUA_CHILD) == 0)
    return mjlua_child(argv);
  L = luaL_newstate();
  if (!L) {
    fputs("mjlua: not enough memory\n", stderr);
    return EXIT_FAILURE;
  }
  lua_pushcfunction(L, protected_main);
  lua_pushinteger(L, argc);
  lua_pushlightuserdata(L, argv);
  if (lua_pcall(L, 2, 1, 0) == LUA_OK) {
    status = (int)lua_tointeger(L, -1);
  } else {
    const char *text = luaL_tolstring(L, -1, NULL);
    fprintf(stderr, "mjlua: %s\n", text);
  }
  lua_close(L);
  return status;
}
