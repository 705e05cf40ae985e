/* SPDX-License-Identifier: MIT
   lmj.c - the module mj.core: one kind of userdata, a box around a client.
   The core queues events and Lua fetches them; C never calls Lua and never
   yields, so nothing here cares which coroutine it runs in. */
#include "lmj.h"

#include <stdlib.h>
#include <string.h>

/* Lines of the core's log, until Lua asks for them. */
struct line {
  struct line *next;
  int level;
  char text[1]; /* as long as it takes */
};

enum { MAX_LINES = 1000 };

struct box {
  mj_client *c; /* NULL = closed */
  /* While memory of the client or a line is read: by whom; see `reading`. */
  lua_State *reader;
  lua_CFunction read_by;
  int noted;        /* the registry has an entry for it */
  mj_client *dying; /* was closed meanwhile */
  struct line *first, *last;
  int lines, dropped;
};

static struct box *check_box(lua_State *L) {
  return luaL_checkudata(L, 1, LMJ_CLIENT);
}

static mj_id check_id(lua_State *L, int arg) {
  lua_Number n = luaL_checknumber(L, arg);
  luaL_argcheck(L, n >= 0 && n < 9007199254740992.0, arg, "not an id");
  return (mj_id)n;
}

/* Reading ----------------------------------------------------------------- */

static void drop_line(struct box *b) {
  struct line *line = b->first;
  b->first = line->next;
  if (!b->first)
    b->last = NULL;
  b->lines--;
  free(line);
}

static void drop(struct box *b, mj_client *c) {
  mj_client_free(c);
  while (b->first)
    drop_line(b);
}

/* From here on, until end_reading, each allocation in Lua can run a finalizer,
   and that can call any method of this box.  The registry keeps the thread, so
   that `reading` may look at it. */
static void begin_reading(lua_State *L, struct box *b, lua_CFunction by) {
  lua_pushthread(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, b);
  b->noted = 1;
  b->reader = L;
  b->read_by = by;
}

static void end_reading(lua_State *L, struct box *b) {
  b->reader = NULL;
  lua_pushboolean(L, 0);
  lua_rawsetp(L, LUA_REGISTRYINDEX, b);
  if (b->dying)
    drop(b, b->dying);
  b->dying = NULL;
}

/* Whether the caller was called by a finalizer in the midst of a reading.  An
   error (no memory) leaves a reading without its end, so that it counts only
   while its C function is on the stack of its thread. */
static int reading(lua_State *L, struct box *b) {
  lua_State *T = b->reader;
  lua_Debug ar;
  lua_CFunction f;
  int level;
  if (!T)
    return 0;
  if (lua_status(T) <= LUA_YIELD) /* else it died of that error */
    for (level = T == L; lua_getstack(T, level, &ar); level++) {
      lua_getinfo(T, "f", &ar);
      f = lua_tocfunction(T, -1);
      lua_pop(T, 1);
      if (f == b->read_by)
        return 1;
    }
  end_reading(L, b);
  return 0;
}

/* An optional number of seconds; absent = `none`. */
static int64_t opt_ms(lua_State *L, int arg, int64_t none) {
  double d;
  if (lua_isnoneornil(L, arg))
    return none;
  d = (double)luaL_checknumber(L, arg);
  luaL_argcheck(L, d == d, arg, "seconds expected");
  if (d > 1e9)
    return none;
  return d <= 0 ? 0 : lmj_ms(d);
}

/* nil, err for a negative code, without words of its own. */
static int result(lua_State *L, int rc) {
  if (rc < 0)
    return lmj_fail_code(L, rc);
  lua_pushboolean(L, 1);
  return 1;
}

/* `id` by its address: the call that fills it is an argument beside it. */
static int push_job(lua_State *L, int rc, const mj_id *id,
                    const mj_error *err) {
  if (rc < 0)
    return lmj_fail(L, err);
  lmj_push_id(L, *id);
  return 1;
}

#define OPEN_BOX(c)                                                            \
  mj_client *c = check_box(L)->c;                                              \
  if (!c)                                                                      \
  return lmj_fail_code(L, MJ_ECLOSED)

/* Log --------------------------------------------------------------------- */

/* A line that finds no memory, or too many before it, is counted instead. */
static void keep_line(void *ud, int level, const char *text) {
  struct box *b = ud;
  size_t n = strlen(text);
  struct line *line = NULL;
  if (b->lines < MAX_LINES)
    line = malloc(sizeof *line + n);
  if (!line) {
    b->dropped++;
    return;
  }
  line->next = NULL;
  line->level = level;
  memcpy(line->text, text, n + 1);
  if (b->last)
    b->last->next = line;
  else
    b->first = line;
  b->last = line;
  b->lines++;
}

/* box:log_line() -> level, text, or nil. */
static int box_log_line(lua_State *L) {
  struct box *b = check_box(L);
  if (b->dropped > 0) {
    int n = b->dropped;
    lua_pushinteger(L, 1);
    lua_pushfstring(L, "%d lines of the log were dropped", n);
    b->dropped -= n;
    return 2;
  }
  if (!b->first || reading(L, b) || !b->first)
    return 0;
  begin_reading(L, b, box_log_line);
  lua_pushinteger(L, b->first->level);
  lua_pushstring(L, b->first->text);
  drop_line(b);
  end_reading(L, b);
  return 2;
}

/* Client ------------------------------------------------------------------ */

/* The box is valid, and closed, before anything is acquired. */
static int core_client(lua_State *L) {
  struct box *b;
  mj_config cfg;
  mj_error err;
  int rc;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  b = lua_newuserdatauv(L, sizeof *b, 0);
  memset(b, 0, sizeof *b);
  luaL_setmetatable(L, LMJ_CLIENT);
  mj_config_init(&cfg);
  lmj_rawfield(L, 1, "log");
  if (lua_toboolean(L, -1)) {
    cfg.log = keep_line;
    cfg.log_ud = b;
  }
  lmj_config(L, 1, &cfg); /* last: a transport that it sets needs an owner */
  memset(&err, 0, sizeof err);
  rc = mj_client_new(&b->c, &cfg, &err);
  if (rc < 0) {
    b->c = NULL;
    if (cfg.transport && cfg.transport->free)
      cfg.transport->free(cfg.transport->ud);
    return lmj_fail(L, &err);
  }
  lua_pushvalue(L, 2);
  return 1;
}

/* box:close(), __gc and __close; as often as one likes.  In the midst of a
   reading the client lives on to the end of it. */
static int box_close(lua_State *L) {
  struct box *b = check_box(L);
  mj_client *c = b->c;
  b->c = NULL;
  if (reading(L, b)) {
    if (c)
      b->dying = c;
    return 0;
  }
  drop(b, c);
  if (b->noted) {
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, b);
    b->noted = 0;
  }
  return 0;
}

static int box_tostring(lua_State *L) {
  struct box *b = check_box(L);
  lua_pushfstring(L, "%s (%s)", LMJ_CLIENT, b->c ? "open" : "closed");
  return 1;
}

/* Jobs -------------------------------------------------------------------- */

static int box_submit(lua_State *L) {
  mj_request r;
  mj_error err;
  mj_id id = 0;
  struct box *b = check_box(L);
  lua_settop(L, 2);
  memset(&r, 0, sizeof r);
  memset(&err, 0, sizeof err);
  lmj_request(L, 2, &r); /* allocates: a finalizer may close the box */
  if (!b->c)
    return lmj_fail_code(L, MJ_ECLOSED);
  return push_job(L, mj_submit(b->c, &r, &id, &err), &id, &err);
}

static int box_track(lua_State *L) {
  const char *task = luaL_checkstring(L, 2);
  mj_error err;
  mj_id id = 0;
  OPEN_BOX(c);
  memset(&err, 0, sizeof err);
  return push_job(L, mj_track(c, task, &id, &err), &id, &err);
}

static int box_fetch(lua_State *L) {
  const char *url = luaL_checkstring(L, 2);
  mj_error err;
  mj_id id = 0;
  OPEN_BOX(c);
  memset(&err, 0, sizeof err);
  return push_job(L, mj_fetch(c, url, &id, &err), &id, &err);
}

static int box_write(lua_State *L) {
  size_t n, len;
  const char *path = luaL_checklstring(L, 2, &len);
  const char *data = luaL_checklstring(L, 3, &n);
  mj_error err;
  mj_id id = 0;
  OPEN_BOX(c);
  luaL_argcheck(L, strlen(path) == len, 2, "contains a NUL byte");
  memset(&err, 0, sizeof err);
  return push_job(L, mj_write(c, path, data, n, &id, &err), &id, &err);
}

static int box_after(lua_State *L) {
  int64_t ms = opt_ms(L, 2, -1);
  mj_error err;
  mj_id id = 0;
  OPEN_BOX(c);
  luaL_argcheck(L, ms >= 0, 2, "seconds expected");
  memset(&err, 0, sizeof err);
  return push_job(L, mj_after(c, ms, &id, &err), &id, &err);
}

static int box_observe(lua_State *L) {
  mj_id id = check_id(L, 2);
  OPEN_BOX(c);
  return result(L, mj_observe(c, id, lua_toboolean(L, 3)));
}

static int box_cancel(lua_State *L) {
  mj_id id = check_id(L, 2);
  OPEN_BOX(c);
  return result(L, mj_cancel(c, id));
}

/* box:info(id) -> phase, status, progress, task_id; nil when it is gone. */
static int box_info(lua_State *L) {
  static const char *const phases[] = {"queued", "sending", "running", "ended"};
  mj_id id = check_id(L, 2);
  mj_job_state s;
  struct box *b = check_box(L);
  int inner;
  if (!b->c || mj_job_info(b->c, id, &s) != MJ_OK) {
    lua_pushnil(L);
    return 1;
  }
  inner = reading(L, b);
  if (!inner)
    begin_reading(L, b, box_info);
  lua_pushstring(L, phases[s.phase]);
  lua_pushstring(L, mj_status_name(s.status));
  if (s.progress >= 0)
    lua_pushinteger(L, s.progress);
  else
    lua_pushnil(L);
  if (s.task_id)
    lua_pushstring(L, s.task_id);
  else
    lua_pushnil(L);
  if (!inner)
    end_reading(L, b);
  return 4;
}

/* Loop -------------------------------------------------------------------- */

/* box:step([wait [, budget]]) -> how many have not ended; 0, nil, true in the
   midst of a reading, when nothing may move. */
static int box_step(lua_State *L) {
  int64_t wait = opt_ms(L, 2, -1);
  lua_Number budget = luaL_optnumber(L, 3, 0);
  int rc;
  OPEN_BOX(c);
  luaL_argcheck(L, budget >= 0 && budget < 1e6, 3, "seconds expected");
  if (reading(L, check_box(L))) {
    lua_pushinteger(L, 0);
    lua_pushnil(L);
    lua_pushboolean(L, 1);
    return 3;
  }
  rc = mj_step(c, wait, (int64_t)(budget * 1e6));
  if (rc < 0)
    return lmj_fail_code(L, rc);
  lua_pushinteger(L, rc);
  return 1;
}

static int box_timeout(lua_State *L) {
  mj_client *c = check_box(L)->c;
  int64_t ms = c ? mj_timeout(c) : -1;
  if (ms < 0)
    lua_pushnil(L);
  else
    lua_pushnumber(L, (lua_Number)ms / 1000);
  return 1;
}

static int box_fd(lua_State *L) {
  mj_client *c = check_box(L)->c;
  lua_pushinteger(L, c ? mj_fd(c) : -1);
  return 1;
}

static int box_watch(lua_State *L) {
  int fd = (int)luaL_checkinteger(L, 2);
  OPEN_BOX(c);
  return result(L, mj_watch(c, fd));
}

static int box_unwatch(lua_State *L) {
  int fd = (int)luaL_checkinteger(L, 2);
  OPEN_BOX(c);
  return result(L, mj_unwatch(c, fd));
}

static int box_wakeup(lua_State *L) {
  OPEN_BOX(c);
  return result(L, mj_wakeup(c));
}

static int box_now(lua_State *L) {
  OPEN_BOX(c);
  lua_pushnumber(L, (lua_Number)mj_now(c) / 1000);
  return 1;
}

static int box_stats(lua_State *L) {
  mj_stats s;
  OPEN_BOX(c);
  mj_client_stats(c, &s);
  lua_createtable(L, 0, 10);
#define STAT(name)                                                             \
  lmj_push_id(L, (mj_id)s.name);                                               \
  lua_setfield(L, -2, #name)
  STAT(queued);
  STAT(sending);
  STAT(running);
  STAT(other);
  STAT(submits);
  STAT(polls);
  STAT(requests);
  STAT(connects);
  STAT(sockets);
  STAT(sockets_peak);
#undef STAT
  return 1;
}

/* Peek, convert, pop: an event is never lost half converted.  A finalizer in
   the midst of that finds no event. */
static int box_event(lua_State *L) {
  struct box *b = check_box(L);
  mj_client *c;
  int n;
  luaL_checkstack(L, 16, "an event"); /* may collect, too */
  c = b->c;
  if (!c || !mj_event_peek(c) || reading(L, b))
    return 0;
  begin_reading(L, b, box_event);
  n = lmj_push_event(L, mj_event_peek(c));
  mj_event_pop(c);
  end_reading(L, b);
  return n;
}

/* Module ------------------------------------------------------------------ */

static int core_libraries(lua_State *L) {
  lua_pushstring(L, mj_libraries());
  return 1;
}

static void push_error_codes(lua_State *L) {
  static const int codes[] = {
#define X(name, num, text) MJ_E##name,
      MJ_ERROR_MAP(X)
#undef X
  };
  size_t i, n = sizeof codes / sizeof codes[0];
  lua_createtable(L, (int)n, 0);
  for (i = 0; i < n; i++) {
    lua_pushstring(L, mj_error_name(codes[i]));
    lua_rawseti(L, -2, (lmj_index)(i + 1));
  }
}

static const luaL_Reg box_methods[] = {
    {"submit", box_submit},   {"track", box_track},
    {"fetch", box_fetch},     {"write", box_write},
    {"after", box_after},     {"observe", box_observe},
    {"cancel", box_cancel},   {"info", box_info},
    {"step", box_step},       {"timeout", box_timeout},
    {"fd", box_fd},           {"watch", box_watch},
    {"unwatch", box_unwatch}, {"wakeup", box_wakeup},
    {"now", box_now},         {"stats", box_stats},
    {"event", box_event},     {"log_line", box_log_line},
    {"close", box_close},     {NULL, NULL},
};

static const luaL_Reg box_meta[] = {
    {"__gc", box_close},
    {"__close", box_close},
    {"__tostring", box_tostring},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"client", core_client},          {"decode", lmj_decode},
    {"find_button", lmj_find_button}, {"intent", lmj_intent},
    {"set_null", lmj_set_null},       {"set_empty_array", lmj_set_empty_array},
    {"libraries", core_libraries},    {NULL, NULL},
};

int luaopen_mj_core(lua_State *L) {
  if (lmj_newmetatable(L, LMJ_CLIENT)) {
    luaL_setfuncs(L, box_meta, 0);
    luaL_newlib(L, box_methods);
    lua_setfield(L, -2, "__index");
  }
  lua_pop(L, 1);
  lmj_open_json(L);
  luaL_newlib(L, functions);
  lmj_newmetatable(L, LMJ_ERROR);
  lua_setfield(L, -2, "error_mt"); /* mj.err gives it its methods */
  push_error_codes(L);
  lua_setfield(L, -2, "error_codes");
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  lua_pushstring(L, mj_version());
  lua_setfield(L, -2, "version");
  return 1;
}
