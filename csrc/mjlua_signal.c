/* SPDX-License-Identifier: MIT
   mjlua_signal.c - Ctrl-C for scripts that run in coroutines.

   lua.c sets its hook on the main thread, which does not stop a loop inside a
   coroutine: hooks belong to one thread.  Here coroutine.resume and
   coroutine.wrap note which thread runs, and the handler sets the hook there.
 */
#define _GNU_SOURCE /* ppoll */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <lauxlib.h>
#include "mjlua.h"

/* A pcall in a loop must not swallow the interrupt for good: after the first
   time the hook leaves this many instructions for cleaning up, then it raises
   at each one, and so outside of the pcall too. */
#define GRACE 1000000

static lua_State *main_thread;
static lua_State *_Atomic running; /* the handler reads it */
static volatile sig_atomic_t caught;
static int raised;
static char interrupt_key; /* registry: what the hook raises */

static void stop(lua_State *L, lua_Debug *ar) {
  (void)ar;
  if (L == main_thread) { /* the scheduler's; it looks at the flag itself */
    lua_sethook(L, NULL, 0, 0);
    return;
  }
  lua_sethook(L, stop, LUA_MASKCOUNT, raised++ ? 1 : GRACE);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &interrupt_key);
  lua_error(L);
}

/* Only calls that may be made from a handler: lua_sethook is one by its own
   documentation, alarm and _exit by POSIX. */
static void on_signal(int sig) {
  lua_State *L;
  int saved = errno;

  if (sig == SIGALRM) {
    /* A signal that came between the look at the flag and the wait woke
       nobody; this one does. */
    if (caught)
      alarm(1);
    errno = saved;
    return;
  }
  if (caught)
    _exit(128 + sig); /* the second time: at once */
  caught = sig;
  alarm(1);
  L = atomic_load(&running);
  if (L)
    lua_sethook(L, stop,
                LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
  errno = saved;
}

static void on_pipe(int sig) {
  (void)sig;
}

static void install(int sig, void (*handler)(int)) {
  struct sigaction sa, old;

  memset(&sa, 0, sizeof sa);
  sigemptyset(&sa.sa_mask);
  sa.sa_handler = handler; /* no SA_RESTART: waits end */
  if (sigaction(sig, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
    sigaction(sig, &sa, NULL);
}

/* catch(value): from now on SIGINT and SIGTERM make tasks raise `value`.
   A broken pipe is an error to report, not a death with paid work under way;
   a handler rather than SIG_IGN, which child processes would inherit. */
static int l_catch(lua_State *L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &interrupt_key);
  install(SIGINT, on_signal);
  install(SIGTERM, on_signal);
  install(SIGHUP, on_signal); /* the terminal went away: tell what runs */
  install(SIGALRM, on_signal);
  install(SIGPIPE, on_pipe);
  return 0;
}

/* signal(): the number of the signal that came, or nil. */
static int l_signal(lua_State *L) {
  if (!caught)
    return 0;
  lua_pushinteger(L, caught);
  return 1;
}

/* ready(): forgets it; the next one counts as the first again. */
static int l_ready(lua_State *L) {
  (void)L;
  alarm(0);
  caught = 0;
  raised = 0;
  return 0;
}

/* wait(fd, seconds|nil): until the descriptor is readable, time is up, or a
   signal came.  Signals are let in only while waiting, so none is missed. */
static int l_wait(lua_State *L) {
  struct pollfd p;
  struct timespec ts;
  sigset_t all, old;
  lua_Number s = luaL_optnumber(L, 2, -1);

  p.fd = (int)luaL_checkinteger(L, 1);
  p.events = POLLIN;
  p.revents = 0;
  if (s > 1e6)
    s = 1e6;
  ts.tv_sec = (time_t)s;
  ts.tv_nsec = (long)((s - (lua_Number)ts.tv_sec) * 1e9);
  sigemptyset(&all);
  sigaddset(&all, SIGINT);
  sigaddset(&all, SIGTERM);
  sigprocmask(SIG_BLOCK, &all, &old);
  if (!caught)
    ppoll(&p, 1, s < 0 ? NULL : &ts, &old);
  sigprocmask(SIG_SETMASK, &old, NULL);
  return 0;
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

  luaL_argexpected(L, co, 1, "coroutine");
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

void mjlua_open_coroutines(lua_State *L) {
  static const luaL_Reg fns[] = {
      {"resume", l_resume}, {"wrap", l_wrap}, {NULL, NULL}};

  main_thread = L;
  atomic_store(&running, L);
  lua_getglobal(L, "coroutine");
  luaL_setfuncs(L, fns, 0);
  lua_pop(L, 1);
}

void mjlua_push_signals(lua_State *L) {
  static const luaL_Reg fns[] = {{"catch", l_catch},
                                 {"signal", l_signal},
                                 {"ready", l_ready},
                                 {"wait", l_wait},
                                 {NULL, NULL}};

  luaL_newlib(L, fns);
}
