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

/* The coroutine library (mjlua_co.c); leaves `plain` on the stack. */
void mjlua_open_coroutines(lua_State *L);
void mjlua_push_program(lua_State *L);
/* The thread of a script that runs, or NULL; for handlers of signals. */
lua_State *mjlua_running(void);
/* Whether it is what Ctrl-C raises (mjlua_signal.c). */
int mjlua_is_interrupt(lua_State *L, int index);
/* write(path, text, append) for Lua (mjlua_file.c). */
int mjlua_write(lua_State *L);
/* Leaves a table with catch, signal, ... on the stack (mjlua_signal.c). */
void mjlua_push_signals(lua_State *L);

/* Modules that are built in, for require. */
void mjlua_preload(lua_State *L);

/* The sandbox ---------------------------------------------------------------
 */

/* argv[1] of the process that a restricted script runs in; CPU seconds and
   megabytes follow. */
#define MJLUA_CHILD "--restricted-child"
/* Ends of it that it cannot tell about in words. */
enum { MJLUA_NOT_SHUT_IN = 90, MJLUA_NO_MEMORY, MJLUA_BROKEN };

/* Gives up all but the channel on descriptor 3 and that much time and memory:
   0, or -1. */
int mjlua_shut_in(unsigned cpu_s, unsigned memory_mb);
int mjlua_child(char **argv);
/* Pushes what the parent needs: start, finish, send, receive, and files. */
void mjlua_push_sandbox(lua_State *L);

int mjlua_open_folder(lua_State *L);
int mjlua_read_below(lua_State *L);
int mjlua_write_below(lua_State *L);

#endif
