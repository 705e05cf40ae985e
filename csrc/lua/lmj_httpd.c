/* SPDX-License-Identifier: MIT
   lmj_httpd.c - the module mj.httpd: the simulator behind a real socket. */
#include "lcompat.h"
#include "image/draw.h"
#include "serve/httpd_sim.h"
#include "serve/post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVER "mj.httpd.server"
#define ERROR  "mj.error" /* the metatable of errors, if mj.core is loaded */
#define QUEUE  64         /* callbacks that are written out before their turn */

LMJ_EXPORT int luaopen_mj_httpd(lua_State *L);

struct lmj_server {
  mj_httpd *httpd; /* NULL = closed */
  mj_sim *sim;
  mj_post *post; /* callbacks */
  struct {
    uint64_t failed, refused;
    char first[256]; /* where the first one led that was refused */
  } callbacks;
};

struct lmj_server_options {
  struct mj_sim_config sim;
  struct mj_httpd_config httpd;
  int any; /* callbacks to other machines too */
};

static void handle(void *ud, const mj_httpd_request *req,
                   mj_httpd_reply *reply) {
  struct lmj_server *s = ud;
  struct mj_sim_request r = mj_httpd_sim_request(req);
  struct mj_sim_reply out;
  mj_sim_handle(s->sim, &r, mj_httpd_wall_ms(), &out);
  mj_httpd_sim_reply(reply, &out);
}

static void send_callbacks(struct lmj_server *s) {
  struct mj_sim_callback c;
  int64_t now = mj_httpd_wall_ms();
  while (mj_post_pending(s->post) < QUEUE && mj_sim_callback(s->sim, now, &c)) {
    struct mj_post_request r = {c.id,   c.key, c.url,
                                c.body, c.len, c.timeout_ms};
    mj_post_add(s->post, &r);
  }
  mj_post_step(s->post);
}

static void note_results(struct lmj_server *s) {
  struct mj_post_result r;
  while (mj_post_next(s->post, &r)) {
    if (r.refused && !s->callbacks.refused++)
      snprintf(s->callbacks.first, sizeof s->callbacks.first, "%s", r.url);
    else if (!r.refused && r.status / 100 != 2)
      s->callbacks.failed++;
    mj_sim_callback_done(s->sim, r.id, r.status, mj_httpd_wall_ms());
  }
}

/* The value of the option on top of the stack. */
static const char *text(lua_State *L, const char *name) {
  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "simulator: field '%s': string expected, got %s", name,
               luaL_typename(L, -1));
  return lua_tostring(L, -1); /* the table holds it */
}

static lua_Number number(lua_State *L, const char *name, lua_Number lo,
                         lua_Number hi) {
  lua_Number v;
  if (lua_type(L, -1) != LUA_TNUMBER)
    luaL_error(L, "simulator: field '%s': number expected, got %s", name,
               luaL_typename(L, -1));
  v = lua_tonumber(L, -1);
  if (!(v >= lo && v <= hi))
    luaL_error(L, "simulator: field '%s': out of range", name);
  return v;
}

static int whole(lua_State *L, const char *name) {
  lua_Number v = number(L, name, 0, 1e6);
  if (v != (lua_Number)(int)v)
    luaL_error(L, "simulator: field '%s': a whole number expected", name);
  return (int)v;
}

static const struct mj_draw *draw_option(lua_State *L) {
  const struct mj_draw *draw = lua_touserdata(L, -1);
  if (!lua_islightuserdata(L, -1) || !draw ||
      memcmp(draw->magic, MJ_DRAW_MAGIC, sizeof draw->magic) != 0)
    luaL_error(L, "simulator: field 'draw': mj.image's draw expected");
  return draw;
}

static int truth(lua_State *L, const char *name) {
  if (lua_type(L, -1) != LUA_TBOOLEAN)
    luaL_error(L, "simulator: field '%s': boolean expected, got %s", name,
               luaL_typename(L, -1));
  return lua_toboolean(L, -1);
}

/* A list of {name, value}. */
static void read_headers(lua_State *L, struct mj_sim_step *step) {
  int n = lua_istable(L, -1) ? (int)lua_rawlen(L, -1) : -1;
  if (n < 0 || n > MJ_SIM_HEADERS)
    luaL_error(L, "simulator: field 'headers': at most %d {name, value}",
               MJ_SIM_HEADERS);
  for (int i = 0; i < n; i++) {
    lua_rawgeti(L, -1, i + 1);
    if (!lua_istable(L, -1))
      luaL_error(L, "simulator: field 'headers': {name, value} expected");
    for (int k = 0; k < 2; k++) {
      lua_rawgeti(L, -1, k + 1);
      step->headers[i][k] = text(L, "headers");
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
}

static void set_body(lua_State *L, struct mj_sim_step *step) {
  step->body = text(L, "body");
  step->len = lua_rawlen(L, -1);
}

static void set_step(lua_State *L, const char *name, struct mj_sim_step *s) {
  if (!strcmp(name, "route"))
    s->route = text(L, name);
  else if (!strcmp(name, "first"))
    s->first = (uint64_t)number(L, name, 1, 1e9);
  else if (!strcmp(name, "last"))
    s->last = (uint64_t)number(L, name, 1, 1e9);
  else if (!strcmp(name, "delay"))
    s->delay = number(L, name, 0, 86400);
  else if (!strcmp(name, "drop"))
    s->drop = truth(L, name);
  else if (!strcmp(name, "fault"))
    s->fault = text(L, name);
  else if (!strcmp(name, "status"))
    s->status = (int)number(L, name, 200, 599);
  else if (!strcmp(name, "type"))
    s->content_type = text(L, name);
  else if (!strcmp(name, "body"))
    set_body(L, s);
  else if (!strcmp(name, "headers"))
    read_headers(L, s);
  else if (!strcmp(name, "after"))
    s->after = truth(L, name);
  else if (!strcmp(name, "task"))
    s->task = text(L, name);
  else if (!strcmp(name, "fail"))
    s->fail = text(L, name);
  else if (!strcmp(name, "seconds"))
    s->seconds = number(L, name, 0, 86400);
  else if (!strcmp(name, "stuck"))
    s->stuck = truth(L, name);
  else
    luaL_error(L, "simulator: unknown field '%s' of a step", name);
}

/* The option `scenario` as an array.  Its box stays on the stack, and the
   strings belong to the caller's tables, until the simulator has copied them.
 */
static void read_scenario(lua_State *L, struct lmj_server_options *o) {
  struct mj_sim_step *steps;
  size_t n;
  int list = lua_gettop(L) + 1;
  lmj_rawfield(L, 1, "scenario");
  if (lua_isnil(L, -1))
    return;
  luaL_checktype(L, list, LUA_TTABLE);
  n = lua_rawlen(L, list);
  steps = lua_newuserdatauv(L, (n + 1) * sizeof *steps, 0);
  memset(steps, 0, (n + 1) * sizeof *steps);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, list, (lmj_index)i + 1);
    if (!lua_istable(L, -1))
      luaL_error(L, "simulator: step %d is no table", (int)i + 1);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
      if (lua_type(L, -2) != LUA_TSTRING)
        luaL_error(L, "simulator: step %d: names of fields are strings",
                   (int)i + 1);
      set_step(L, lua_tostring(L, -2), &steps[i]);
    }
    lua_pop(L, 1);
  }
  o->sim.scenario = steps;
  o->sim.nscenario = n;
}

static int callbacks_option(lua_State *L) {
  const char *which = text(L, "callbacks");
  if (strcmp(which, "any") != 0 && strcmp(which, "loopback") != 0)
    luaL_error(L, "simulator: field 'callbacks': 'loopback' or 'any' expected");
  return !strcmp(which, "any");
}

static void set_option(lua_State *L, const char *name,
                       struct lmj_server_options *o) {
  if (!strcmp(name, "profile"))
    o->sim.profile = text(L, name);
  else if (!strcmp(name, "seed"))
    o->sim.seed = (uint64_t)number(L, name, 0, 9007199254740992.0);
  else if (!strcmp(name, "clock"))
    o->sim.clock = number(L, name, 1e-3, 1e6);
  else if (!strcmp(name, "key"))
    o->sim.api_key = text(L, name);
  else if (!strcmp(name, "running"))
    o->sim.running = whole(L, name);
  else if (!strcmp(name, "waiting"))
    o->sim.waiting = whole(L, name);
  else if (!strcmp(name, "sync"))
    o->sim.sync = number(L, name, -1, 86400);
  else if (!strcmp(name, "fault"))
    o->sim.fault = text(L, name);
  else if (!strcmp(name, "missing"))
    o->sim.missing = text(L, name);
  else if (!strcmp(name, "rate"))
    o->sim.rate = whole(L, name);
  else if (!strcmp(name, "submits"))
    o->sim.submits = whole(L, name);
  else if (!strcmp(name, "live"))
    o->sim.live = whole(L, name);
  else if (!strcmp(name, "capabilities"))
    o->sim.capabilities = text(L, name);
  else if (!strcmp(name, "remix"))
    o->sim.remix = truth(L, name);
  else if (!strcmp(name, "scenario"))
    return; /* read_scenario */
  else if (!strcmp(name, "draw"))
    o->sim.draw = draw_option(L);
  else if (!strcmp(name, "callbacks"))
    o->any = callbacks_option(L);
  else if (!strcmp(name, "host"))
    o->httpd.host = text(L, name);
  else if (!strcmp(name, "port"))
    o->httpd.port = (int)number(L, name, 0, 65535);
  else
    luaL_error(L, "simulator: unknown option '%s'", name);
}

static void read_options(lua_State *L, struct lmj_server_options *o) {
  memset(o, 0, sizeof *o);
  if (lua_isnoneornil(L, 1))
    return;
  luaL_checktype(L, 1, LUA_TTABLE);
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      luaL_error(L, "simulator: names of options are strings, got %s",
                 luaL_typename(L, -2));
    set_option(L, lua_tostring(L, -2), o);
  }
  read_scenario(L, o);
}

static int fail(lua_State *L, const char *message) {
  lua_pushnil(L);
  lua_newtable(L);
  lua_pushliteral(L, "resource");
  lua_setfield(L, -2, "code");
  lua_pushstring(L, message);
  lua_setfield(L, -2, "message");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "retryable");
  luaL_getmetatable(L, ERROR);
  if (lua_istable(L, -1))
    lua_setmetatable(L, -2);
  else
    lua_pop(L, 1);
  return 2;
}

static void close_server(struct lmj_server *s) {
  mj_httpd_free(s->httpd);
  mj_post_free(s->post);
  mj_sim_free(s->sim);
  s->httpd = NULL;
  s->post = NULL;
  s->sim = NULL;
}

/* httpd.simulator{...} -> server, or nil and an error when the address cannot
   be had.  The box is there, and closed, before anything is opened. */
static int httpd_simulator(lua_State *L) {
  struct lmj_server_options o;
  struct lmj_server *s;
  char why[200];
  read_options(L, &o);
  s = lua_newuserdatauv(L, sizeof *s, 0);
  memset(s, 0, sizeof *s);
  luaL_setmetatable(L, SERVER);
  o.httpd.handler = handle;
  o.httpd.ud = s;
  if (mj_httpd_new(&s->httpd, &o.httpd, why, sizeof why))
    return fail(L, why);
  o.sim.base_url = mj_httpd_url(s->httpd);
  if (mj_sim_new(&s->sim, &o.sim, why, sizeof why)) {
    close_server(s);
    return luaL_error(L, "simulator: %s", why);
  }
  s->post = mj_post_new(o.any);
  if (!s->post || mj_post_watch(s->post, mj_httpd_fd(s->httpd))) {
    close_server(s);
    return fail(L, "no descriptor left for the simulator's callbacks");
  }
  return 1;
}

static struct lmj_server *check(lua_State *L) {
  return luaL_checkudata(L, 1, SERVER);
}

static int server_close(lua_State *L) {
  close_server(check(L));
  return 0;
}

static int server_url(lua_State *L) {
  struct lmj_server *s = check(L);
  if (s->httpd)
    lua_pushstring(L, mj_httpd_url(s->httpd));
  else
    lua_pushnil(L);
  return 1;
}

static int server_port(lua_State *L) {
  struct lmj_server *s = check(L);
  if (s->httpd)
    lua_pushinteger(L, mj_httpd_port(s->httpd));
  else
    lua_pushnil(L);
  return 1;
}

static int server_fd(lua_State *L) {
  struct lmj_server *s = check(L);
  lua_pushinteger(L, s->httpd ? mj_post_fd(s->post) : -1);
  return 1;
}

static int64_t sooner(int64_t a, int64_t b) {
  return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int64_t timeout_ms(const struct lmj_server *s) {
  int64_t ms = mj_httpd_timeout_ms(s->httpd);
  ms = sooner(ms, mj_post_timeout_ms(s->post));
  if (mj_post_pending(s->post) < QUEUE) /* else they wait for these */
    ms = sooner(ms, mj_sim_callback_ms(s->sim, mj_httpd_wall_ms()));
  return ms;
}

/* Seconds until step has work although the descriptor is silent, or nil. */
static int server_timeout(lua_State *L) {
  struct lmj_server *s = check(L);
  int64_t ms = s->httpd ? timeout_ms(s) : -1;
  if (ms < 0)
    lua_pushnil(L);
  else
    lua_pushnumber(L, (lua_Number)ms / 1000);
  return 1;
}

static int server_step(lua_State *L) {
  struct lmj_server *s = check(L);
  if (s->httpd) {
    mj_httpd_step(s->httpd);
    send_callbacks(s);
    note_results(s);
  }
  lua_pushboolean(L, s->httpd != NULL);
  return 1;
}

static void count(lua_State *L, const char *name, uint64_t n) {
  lua_pushnumber(L, (lua_Number)n);
#if LUA_VERSION_NUM >= 503
  lua_pop(L, 1);
  lua_pushinteger(L, (lua_Integer)n);
#endif
  lua_setfield(L, -2, name);
}

static int server_stats(lua_State *L) {
  struct lmj_server *s = check(L);
  struct mj_httpd_stats http = {0, 0, 0};
  struct mj_sim_stats sim;
  memset(&sim, 0, sizeof sim);
  if (s->httpd) {
    mj_httpd_count(s->httpd, &http);
    mj_sim_count(s->sim, &sim);
  }
  lua_newtable(L);
  count(L, "requests", http.requests);
  count(L, "connections", http.connections);
  count(L, "open", http.open);
  count(L, "submits", sim.submits);
  count(L, "tasks", sim.tasks);
  count(L, "fetches", sim.fetches);
  count(L, "pictures", sim.pictures);
  count(L, "faults", sim.faults);
  count(L, "most_in_window", sim.most_in_window);
  count(L, "most_submits_in_window", sim.most_submits_in_window);
  count(L, "most_live", sim.most_live);
  count(L, "callbacks", sim.callbacks);
  count(L, "callbacks_failed", s->callbacks.failed);
  count(L, "callbacks_refused", s->callbacks.refused);
  return 1;
}

/* Where the first callback led that was not sent, or nil. */
static int server_refused(lua_State *L) {
  const struct lmj_server *s = check(L);
  if (s->callbacks.refused)
    lua_pushstring(L, s->callbacks.first);
  else
    lua_pushnil(L);
  return 1;
}

static int server_tostring(lua_State *L) {
  struct lmj_server *s = check(L);
  lua_pushfstring(L, "mj.httpd.server (%s)",
                  s->httpd ? mj_httpd_url(s->httpd) : "closed");
  return 1;
}

static void push_names(lua_State *L, const char *(*name)(int)) {
  lua_newtable(L);
  for (int i = 0; name(i); i++) {
    lua_pushstring(L, name(i));
    lua_rawseti(L, -2, i + 1);
  }
}

int luaopen_mj_httpd(lua_State *L) {
  static const luaL_Reg functions[] = {{"simulator", httpd_simulator},
                                       {NULL, NULL}};
  static const luaL_Reg methods[] = {{"url", server_url},
                                     {"port", server_port},
                                     {"fd", server_fd},
                                     {"timeout", server_timeout},
                                     {"step", server_step},
                                     {"stats", server_stats},
                                     {"refused", server_refused},
                                     {"close", server_close},
                                     {"__gc", server_close},
                                     {"__close", server_close},
                                     {"__tostring", server_tostring},
                                     {NULL, NULL}};
  lmj_newmetatable(L, SERVER);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  push_names(L, mj_sim_profiles);
  lua_setfield(L, -2, "profiles");
  push_names(L, mj_sim_faults);
  lua_setfield(L, -2, "faults");
  lua_pushstring(L, mj_httpd_library());
  lua_setfield(L, -2, "library");
  return 1;
}
