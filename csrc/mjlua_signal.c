/* SPDX-License-Identifier: MIT
   mjlua_signal.c - Ctrl-C.

   Of a script that uses nothing of mj a signal makes what it makes of it in
   lua.c: SIGINT raises "interrupted!" where it runs, once, and the second one
   ends the process, as all others do.  Once there is a scheduler, work may be
   under way that has been paid for: then leaving is orderly (catch).

   lua.c sets its hook on the main thread, which does not stop a loop inside a
   coroutine: hooks belong to one thread.  Here it goes where Lua runs. */
#define _GNU_SOURCE /* ppoll */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <lauxlib.h>
#include "mjlua.h"

/* A pcall in a loop must not swallow the interrupt for good: after the first
   time the hook leaves this many instructions for cleaning up, then it raises
   at each one, and so outside of the pcall too. */
#define GRACE 1000000

#define EVERYTHING (LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT)

static volatile sig_atomic_t caught, orderly, prompting, continued;
static int raised;
static char interrupt_key; /* registry: what the hook raises */

/* Only threads of scripts have the hook: the scheduler, in the main thread,
   looks at the flag itself. */
static void stop(lua_State *L, lua_Debug *ar) {
  (void)ar;
  if (!orderly) {
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted!");
  }
  lua_sethook(L, stop, LUA_MASKCOUNT, raised++ ? 1 : GRACE);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &interrupt_key);
  lua_error(L);
}

static void let_go(int sig) {
  struct sigaction sa;

  memset(&sa, 0, sizeof sa);
  sigemptyset(&sa.sa_mask);
  sa.sa_handler = SIG_DFL;
  sigaction(sig, &sa, NULL);
}

/* As in lua.c; at the prompt the signal is for the line that is typed. */
static void take_plainly(int sig) {
  lua_State *L = mjlua_running();

  if (!L && prompting) {
    caught = sig;
    return;
  }
  let_go(sig);
  if (L && sig == SIGINT)
    lua_sethook(L, stop, EVERYTHING, 1);
  else
    raise(sig);
}

/* Only calls that may be made from a handler: lua_sethook is one by its own
   documentation, the others by POSIX. */
static void on_signal(int sig) {
  lua_State *L;
  int saved = errno;

  if (sig == SIGALRM) {
    /* A signal that came between the look at the flag and the wait woke
       nobody; this one does. */
    if (caught)
      alarm(1);
  } else if (!orderly) {
    take_plainly(sig);
  } else if (caught) {
    _exit(128 + sig); /* the second time: at once */
  } else {
    caught = sig;
    alarm(1);
    L = mjlua_running();
    if (L)
      lua_sethook(L, stop, EVERYTHING, 1);
  }
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

/* catch(value): from now on SIGINT and SIGTERM make scripts raise `value`.
   A broken pipe is an error to report, not a death with paid work under way;
   a handler rather than SIG_IGN, which child processes would inherit. */
static int l_catch(lua_State *L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &interrupt_key);
  orderly = 1;
  install(SIGINT, on_signal);
  install(SIGTERM, on_signal);
  install(SIGHUP, on_signal); /* the terminal went away: tell what runs */
  install(SIGALRM, on_signal);
  install(SIGPIPE, on_pipe);
  return 0;
}

static void on_continue(int sig) {
  (void)sig;
  continued = 1;
}

/* continued(): whether the process was stopped meanwhile and goes on. */
static int l_continued(lua_State *L) {
  lua_pushboolean(L, continued);
  continued = 0;
  return 1;
}

/* prompt(): what comes while no script runs is for whoever calls signal(). */
static int l_prompt(lua_State *L) {
  (void)L;
  prompting = 1;
  install(SIGCONT, on_continue);
  install(SIGTERM, on_signal);
  install(SIGHUP, on_signal);
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
  if (orderly)
    alarm(0);
  caught = 0;
  raised = 0;
  install(SIGINT, on_signal);
  return 0;
}

/* wait(fd, seconds|nil): until the descriptor is readable, time is up, or a
   signal came; true if it is.  Signals are let in only while waiting, so none
   is missed. */
static int l_wait(lua_State *L) {
  struct pollfd p;
  struct timespec ts;
  sigset_t all, old;
  lua_Number s = luaL_optnumber(L, 2, -1);
  int n = 0;

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
  sigaddset(&all, SIGHUP);
  sigprocmask(SIG_BLOCK, &all, &old);
  if (!caught)
    n = ppoll(&p, 1, s < 0 ? NULL : &ts, &old);
  sigprocmask(SIG_SETMASK, &old, NULL);
  lua_pushboolean(L, n > 0);
  return 1;
}

int mjlua_is_interrupt(lua_State *L, int index) {
  int same;

  lua_pushvalue(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &interrupt_key);
  same = lua_rawequal(L, -1, -2) && !lua_isnil(L, -1);
  lua_pop(L, 2);
  return same;
}

void mjlua_push_signals(lua_State *L) {
  static const luaL_Reg fns[] = {
      {"catch", l_catch}, {"prompt", l_prompt},       {"signal", l_signal},
      {"ready", l_ready}, {"continued", l_continued}, {"wait", l_wait},
      {NULL, NULL}};

  luaL_newlib(L, fns);
}
