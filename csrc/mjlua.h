/* SPDX-License-Identifier: MIT
   mjlua.h - what the files of the interpreter share. */
#ifndef MJLUA_H
#define MJLUA_H

#include <stddef.h>
#include <lua.h>

/* A Lua file carried inside the binary; the list ends with a NULL module. */
struct mjlua_file {
  const char *module, *chunk;
  const unsigned char *text;
  size_t size;
};
extern const struct mjlua_file mjlua_files[];

/* Signals and the coroutine library that follows what runs (mjlua_signal.c). */
void mjlua_open_coroutines(lua_State *L);
/* Leaves a table with catch, signal, ready, wait on the stack. */
void mjlua_push_signals(lua_State *L);

#endif
