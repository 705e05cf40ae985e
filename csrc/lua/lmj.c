/* SPDX-License-Identifier: MIT
   lmj.c - the module mj.core: one kind of userdata, a box around a client.
   The core queues events and Lua fetches them; C never calls Lua and never
   yields, so nothing here cares which coroutine it runs in. */
#include "lmj_box.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_LINES = 1000 }; /* of the log, that Lua did not ask for */

struct lmj_box *lmj_check_box(lua_State *L) {
  return luaL_checkudata(L, 1, LMJ_CLIENT);
}

int64_t lmj_opt_ms(lua_State *L, int arg, int64_t none) {
  double d;
  if (lua_isnoneornil(L, arg))
    return none;
  d = (double)luaL_checknumber(L, arg);
  luaL_argcheck(L, d == d, arg, "seconds expected");
  if (d > 1e9)
    return none;
  return d <= 0 ? 0 : lmj_ms(d);
}

int lmj_result(lua_State *L, int rc) {
  if (rc < 0)
    return lmj_fail_code(L, rc);
  lua_pushboolean(L, 1);
  return 1;
}

/* Reading ----------------------------------------------------------------- */

static void drop_line(struct lmj_box *b) {
  struct lmj_line *line = b->first;
  b->first = line->next;
  if (!b->first)
    b->last = NULL;
  b->lines--;
  free(line);
}

static void drop(struct lmj_box *b, mj_client *c) {
  mj_client_free(c);
  while (b->first)
    drop_line(b);
}

/* The registry keeps the thread, so that lmj_reading may look at it. */
void lmj_begin_reading(lua_State *L, struct lmj_box *b, lua_CFunction by) {
  lua_pushthread(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, b);
  b->noted = 1;
  b->reader = L;
  b->read_by = by;
}

void lmj_end_reading(lua_State *L, struct lmj_box *b) {
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
int lmj_reading(lua_State *L, struct lmj_box *b) {
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
  lmj_end_reading(L, b);
  return 0;
}

/* Log --------------------------------------------------------------------- */

/* A line that finds no memory, or too many before it, is counted instead. */
static void keep_line(void *ud, int level, const char *text) {
  struct lmj_box *b = ud;
  size_t n = strlen(text);
  struct lmj_line *line = NULL;
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
  struct lmj_box *b = lmj_check_box(L);
  if (b->dropped > 0) {
    int n = b->dropped;
    lua_pushinteger(L, 1);
    lua_pushfstring(L, "%d lines of the log were dropped", n);
    b->dropped -= n;
    return 2;
  }
  if (!b->first || lmj_reading(L, b) || !b->first)
    return 0;
  lmj_begin_reading(L, b, box_log_line);
  lua_pushinteger(L, b->first->level);
  lua_pushstring(L, b->first->text);
  drop_line(b);
  lmj_end_reading(L, b);
  return 2;
}

/* Client ------------------------------------------------------------------ */

/* The box is valid, and closed, before anything is acquired. */
static int core_client(lua_State *L) {
  struct lmj_box *b;
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
  struct lmj_box *b = lmj_check_box(L);
  mj_client *c = b->c;
  b->c = NULL;
  if (lmj_reading(L, b)) {
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
  struct lmj_box *b = lmj_check_box(L);
  lua_pushfstring(L, "%s (%s)", LMJ_CLIENT, b->c ? "open" : "closed");
  return 1;
}

/* Loop -------------------------------------------------------------------- */

/* box:step([wait [, budget]]) -> how many have not ended; 0, nil, true in the
   midst of a reading, when nothing may move. */
static int box_step(lua_State *L) {
  int64_t wait = lmj_opt_ms(L, 2, -1);
  lua_Number budget = luaL_optnumber(L, 3, 0);
  int rc;
  LMJ_OPEN_BOX(c);
  luaL_argcheck(L, budget >= 0 && budget < 1e6, 3, "seconds expected");
  if (lmj_reading(L, lmj_check_box(L))) {
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
  mj_client *c = lmj_check_box(L)->c;
  int64_t ms = c ? mj_timeout(c) : -1;
  if (ms < 0)
    lua_pushnil(L);
  else
    lua_pushnumber(L, (lua_Number)ms / 1000);
  return 1;
}

static int box_fd(lua_State *L) {
  mj_client *c = lmj_check_box(L)->c;
  lua_pushinteger(L, c ? mj_fd(c) : -1);
  return 1;
}

static int box_watch(lua_State *L) {
  int fd = (int)luaL_checkinteger(L, 2);
  LMJ_OPEN_BOX(c);
  return lmj_result(L, mj_watch(c, fd));
}

static int box_unwatch(lua_State *L) {
  int fd = (int)luaL_checkinteger(L, 2);
  LMJ_OPEN_BOX(c);
  return lmj_result(L, mj_unwatch(c, fd));
}

static int box_wakeup(lua_State *L) {
  LMJ_OPEN_BOX(c);
  return lmj_result(L, mj_wakeup(c));
}

static int box_now(lua_State *L) {
  LMJ_OPEN_BOX(c);
  lua_pushnumber(L, (lua_Number)mj_now(c) / 1000);
  return 1;
}

static int box_stats(lua_State *L) {
  mj_stats s;
  LMJ_OPEN_BOX(c);
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
  struct lmj_box *b = lmj_check_box(L);
  mj_client *c;
  int n;
  luaL_checkstack(L, LMJ_EVENT_SLOTS, "an event"); /* may collect, too */
  c = b->c;
  if (!c || !mj_event_peek(c) || lmj_reading(L, b))
    return 0;
  lmj_begin_reading(L, b, box_event);
  n = lmj_push_event(L, mj_event_peek(c));
  mj_event_pop(c);
  lmj_end_reading(L, b);
  return n;
}

/* Module ------------------------------------------------------------------ */

static int core_libraries(lua_State *L) {
  lua_pushstring(L, mj_libraries());
  return 1;
}

/* redact(box, text): the text without the client's key; as it is when that is
   closed. */
static int core_redact(lua_State *L) {
  size_t n;
  const char *text = luaL_checklstring(L, 2, &n);
  char *copy = lua_newuserdatauv(L, n + 1, 0);
  memcpy(copy, text, n + 1);
  mj_redact(lmj_check_box(L)->c, copy);
  lua_pushstring(L, copy);
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
    {"submit", lmj_box_submit},
    {"track", lmj_box_track},
    {"fetch", lmj_box_fetch},
    {"write", lmj_box_write},
    {"after", lmj_box_after},
    {"observe", lmj_box_observe},
    {"cancel", lmj_box_cancel},
    {"ask", lmj_box_ask},
    {"dialect", lmj_box_dialect},
    {"can", lmj_box_can},
    {"detach", lmj_box_detach},
    {"info", lmj_box_info},
    {"limits", lmj_box_limits},
    {"pause", lmj_box_pause},
    {"rows", lmj_box_rows},
    {"resolve", lmj_box_resolve},
    {"hint", lmj_box_hint},
    {"run_done", lmj_box_run_done},
    {"flush", lmj_box_flush},
    {"resumed", lmj_box_resumed},
    {"run_id", lmj_box_run_id},
    {"save", lmj_box_save},
    {"saved", lmj_box_saved},
    {"saved_all", lmj_box_saved_all},
    {"verify", lmj_box_verify},
    {"budget", lmj_box_budget},
    {"set_budget", lmj_box_set_budget},
    {"money", lmj_box_money},
    {"step", box_step},
    {"timeout", box_timeout},
    {"fd", box_fd},
    {"watch", box_watch},
    {"unwatch", box_unwatch},
    {"wakeup", box_wakeup},
    {"now", box_now},
    {"stats", box_stats},
    {"event", box_event},
    {"log_line", box_log_line},
    {"close", box_close},
    {NULL, NULL},
};

static const luaL_Reg box_meta[] = {
    {"__gc", box_close},
    {"__close", box_close},
    {"__tostring", box_tostring},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"client", core_client},
    {"journal", lmj_journal},
    {"run_last", lmj_run_last},
    {"money", lmj_money},
    {"price", lmj_price},
    {"decode", lmj_decode},
    {"find_button", lmj_find_button},
    {"intent", lmj_intent},
    {"set_null", lmj_set_null},
    {"set_empty_array", lmj_set_empty_array},
    {"parse_prompt", lmj_parse_prompt},
    {"format_prompt", lmj_format_prompt},
    {"libraries", core_libraries},
    {"redact", core_redact},
    {"terminal", lmj_terminal},
    {"read_private", lmj_read_private},
    {"tape", lmj_tape},
    {NULL, NULL},
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
