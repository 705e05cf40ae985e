/* SPDX-License-Identifier: MIT
   mjlua_co.c - the coroutines of the interpreter.

   A script runs in a coroutine whose host we are, so that waiting at its top
   level gives the turn to the scheduler.  To the script it is the main program:
   coroutine.running says so, and it cannot be yielded from, as in lua.c.
   coroutine.resume and wrap note which thread runs, for Ctrl-C. */
#include <stdatomic.h>
#include <lauxlib.h>
#include "mjlua.h"

static lua_State *main_thread;
static lua_State *top; /* the coroutine that passes for the main program */
static lua_State *_Atomic running; /* the handler of signals reads it */

lua_State *mjlua_running(void) {
  lua_State *L = atomic_load(&running);

  return L == main_thread ? NULL : L;
}

/* Resumes co with the narg values on top of L.  Returns the number of results
   moved to L, or -1 with the error moved to L. */
static int resume(lua_State *L, lua_State *co, int narg) {
  lua_State *before = atomic_load(&running);
  int status, n = 0;

  if (!lua_checkstack(co, narg)) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  lua_xmove(L, co, narg);
  atomic_store(&running, co);
  status = lua_resume(co, L, narg, &n);
  atomic_store(&running, before);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(co, L, 1);
    return -1;
  }
  if (!lua_checkstack(L, n + 1)) {
    lua_pop(co, n);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(co, L, n);
  return n;
}

static int l_resume(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  int n;

  luaL_argexpected(L, co, 1, "thread");
  n = resume(L, co, lua_gettop(L) - 1);
  lua_pushboolean(L, n >= 0);
  if (n < 0)
    n = 1;
  lua_insert(L, -(n + 1));
  return n + 1;
}

/* An error in a wrapped coroutine closes it and goes on, with the position of
   the call in front when it is a string. */
static int call_wrapped(lua_State *L) {
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  int n = resume(L, co, lua_gettop(L)), status;

  if (n >= 0)
    return n;
  status = lua_status(co);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(L, co, 1); /* what __close sees, and may replace */
    lua_resetthread(co);
    lua_xmove(co, L, 1);
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int l_wrap(lua_State *L) {
  lua_State *co;

  luaL_checktype(L, 1, LUA_TFUNCTION);
  co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  lua_pushcclosure(L, call_wrapped, 1);
  return 1;
}

/* Under the main program: what lua.c does to an error that ends a chunk. */
static int on_error(lua_State *L) {
  const char *msg = lua_tostring(L, 1);

  if (!msg) {
    if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING) {
      if (!lua_toboolean(L, lua_upvalueindex(1)) && !mjlua_is_interrupt(L, 1))
        return 1;
      msg = lua_tostring(L, -1);
    } else {
      msg = lua_pushfstring(L, "(error object is a %s value)",
                            luaL_typename(L, 1));
    }
  }
  luaL_traceback(L, L, msg, 1);
  return 1;
}

static int ended(lua_State *L, int status, lua_KContext ctx) {
  (void)ctx;
  lua_pushboolean(L, status == LUA_OK || status == LUA_YIELD);
  lua_replace(L, 1);
  return lua_gettop(L);
}

/* The C function below the chunk, where lua.c has its own: fn, ... -> true and
   results, or false and the message with its traceback. */
static int call(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  return ended(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 1, 0, ended),
               0);
}

/* program(all): a coroutine for resume(co, fn, ...) that passes for the main
   program; all: error objects that have a text get a traceback, too. */
static int l_program(lua_State *L) {
  lua_State *co;

  lua_settop(L, 1);
  co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, on_error, 1);
  lua_pushcclosure(L, call, 1);
  lua_xmove(L, co, 1);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &top); /* no other one gets its address */
  top = co;
  return 1;
}

static int l_running(lua_State *L) {
  lua_pushboolean(L, lua_pushthread(L) || L == top);
  return 2;
}

static int l_isyieldable(lua_State *L) {
  lua_State *co = lua_isnone(L, 1) ? L : lua_tothread(L, 1);

  luaL_argexpected(L, co, 1, "thread");
  lua_pushboolean(L, co != top && lua_isyieldable(co));
  return 1;
}

static int l_yield(lua_State *L) {
  if (L == top) {
    lua_pushliteral(L, "attempt to yield from outside a coroutine");
    return lua_error(L);
  }
  return lua_yield(L, lua_gettop(L));
}

/* plain(fn, ...): fn(...) while the library tells of the coroutine below the
   script, too: for the scheduler, which takes its functions then. */
static int l_plain(lua_State *L) {
  static const char *const names[] = {"running", "isyieldable", "yield", NULL};
  int i, n = lua_gettop(L);

  lua_getglobal(L, "coroutine");
  lua_insert(L, 1);
  for (i = 0; names[i]; i++) {
    lua_getfield(L, 1, names[i]); /* what is there now comes back */
    lua_insert(L, 2 + i);
    lua_pushvalue(L, lua_upvalueindex(1 + i));
    lua_setfield(L, 1, names[i]);
  }
  lua_call(L, n - 1, LUA_MULTRET);
  for (i = 0; names[i]; i++) {
    lua_pushvalue(L, 2 + i);
    lua_setfield(L, 1, names[i]);
  }
  return lua_gettop(L) - 4;
}

void mjlua_open_coroutines(lua_State *L) {
  static const luaL_Reg fns[] = {
      {"resume", l_resume},   {"wrap", l_wrap},
      {"running", l_running}, {"isyieldable", l_isyieldable},
      {"yield", l_yield},     {NULL, NULL}};

  main_thread = L;
  atomic_store(&running, L);
  lua_getglobal(L, "coroutine");
  lua_getfield(L, -1, "running");
  lua_getfield(L, -2, "isyieldable");
  lua_getfield(L, -3, "yield");
  lua_pushcclosure(L, l_plain, 3);
  lua_insert(L, -2);
  luaL_setfuncs(L, fns, 0);
  lua_pop(L, 1);
}

void mjlua_push_program(lua_State *L) {
  lua_pushcfunction(L, l_program);
}
