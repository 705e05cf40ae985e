/* SPDX-License-Identifier: MIT
   lmjtest.c - the module mjtest: worlds of virtual time for the Lua specs,
   with scripted replies or the simulator behind them. */
#include "lmj.h"
#include "virtual.h"
#ifdef MJ_TEST_SIM
#include "simulated.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORLD "mjtest.world"

/* Script ------------------------------------------------------------------ */

struct reply {
  char *match; /* part of "METHOD url", NULL = any request */
  virtual_reply v;
  long left; /* how often it may still be used, -1 = always */
};

struct request {
  char *method, *url, *body;
  char **headers; /* name, value, name, value ... */
  size_t nheaders, body_len;
  int paid, foreign;
  int64_t at_ms, timeout_ms, connect_timeout_ms;
};

struct script {
  struct reply *replies;
  size_t n;
  struct request *requests;
  size_t count, cap;
  unsigned long tasks; /* %N */
};

static void *grab(size_t n) {
  void *p = calloc(1, n ? n : 1);
  if (!p)
    abort(); /* a test; the worlds do not take part in allocation tests */
  return p;
}

static char *copy(const char *s, size_t n) {
  char *p = grab(n + 1);
  if (n)
    memcpy(p, s, n);
  return p;
}

static void record(struct script *s, const mj_http *req, int64_t now_ms) {
  struct request *r;
  size_t i;
  if (s->count == s->cap) {
    s->cap = s->cap ? s->cap * 2 : 64;
    s->requests = realloc(s->requests, s->cap * sizeof *s->requests);
    if (!s->requests)
      abort();
  }
  r = &s->requests[s->count++];
  memset(r, 0, sizeof *r);
  r->method = copy(req->method, strlen(req->method));
  r->url = copy(req->url, strlen(req->url));
  if (req->body)
    r->body = copy(req->body, r->body_len = req->body_len);
  r->headers = grab(2 * req->nheaders * sizeof *r->headers);
  r->nheaders = req->nheaders;
  for (i = 0; i < req->nheaders; i++) {
    const mj_header *h = &req->headers[i];
    r->headers[2 * i] = copy(h->name, strlen(h->name));
    r->headers[2 * i + 1] = copy(h->value, strlen(h->value));
  }
  r->paid = req->paid;
  r->foreign = req->foreign;
  r->at_ms = now_ms;
  r->timeout_ms = req->timeout_ms;
  r->connect_timeout_ms = req->connect_timeout_ms;
}

/* What the URL asks for, in either family's way; "" when it asks for nothing.
 */
static const char *task_of(const char *url) {
  static const char *const marks[] = {"/task/", "taskId="};
  const char *p;
  size_t i;
  for (i = 0; i < sizeof marks / sizeof marks[0]; i++)
    if ((p = strstr(url, marks[i])) != NULL)
      return p + strlen(marks[i]);
  return "";
}

/* In a body %ID stands for the task that the URL asks for, %N for a number
   that grows with each such reply. */
static void fill(struct script *s, const struct reply *r, const mj_http *req,
                 virtual_reply *out) {
  const char *p = r->v.body, *end = p + r->v.body_len;
  const char *id = task_of(req->url);
  size_t id_len = strcspn(id, "/?&"), n = 0;
  char number[32];
  int used = 0;
  out->body = grab(r->v.body_len * 2 + 16 * (id_len + sizeof number));
  (void)snprintf(number, sizeof number, "%lu", s->tasks + 1);
  while (p < end) {
    if (end - p >= 3 && memcmp(p, "%ID", 3) == 0 && id_len) {
      memcpy(out->body + n, id, id_len);
      n += id_len;
      p += 3;
    } else if (end - p >= 2 && memcmp(p, "%N", 2) == 0) {
      memcpy(out->body + n, number, strlen(number));
      n += strlen(number);
      p += 2;
      used = 1;
    } else {
      out->body[n++] = *p++;
    }
  }
  s->tasks += (unsigned long)used;
  out->body_len = n;
}

static void play(void *ud, const mj_http *req, int64_t now_ms,
                 virtual_reply *out) {
  struct script *s = ud;
  struct reply *r;
  char line[1024];
  size_t i;
  record(s, req, now_ms);
  (void)snprintf(line, sizeof line, "%s %s", req->method, req->url);
  for (i = 0; i < s->n; i++) {
    r = &s->replies[i];
    if (r->left == 0 || (r->match && !strstr(line, r->match)))
      continue;
    if (r->left > 0)
      r->left--;
    *out = r->v;
    out->body = NULL;
    out->body_len = 0;
    if (r->v.body)
      fill(s, r, req, out);
    return;
  }
  out->curl_code = 7; /* CURLE_COULDNT_CONNECT: the script is over */
  out->sent = 0;
}

static void script_free(void *ud) {
  struct script *s = ud;
  size_t i, k;
  for (i = 0; i < s->n; i++) {
    free(s->replies[i].match);
    free(s->replies[i].v.body);
  }
  for (i = 0; i < s->count; i++) {
    struct request *r = &s->requests[i];
    for (k = 0; k < 2 * r->nheaders; k++)
      free(r->headers[k]);
    free(r->headers);
    free(r->method);
    free(r->url);
    free(r->body);
  }
  free(s->replies);
  free(s->requests);
  free(s);
}

/* World ------------------------------------------------------------------- */

struct world {
  virtual_world *w;
  struct script *script; /* NULL = the simulator */
  void *sim;             /* NULL = a script */
  struct lmj_capsule capsule;
};

static void configure(void *ud, mj_config *cfg) {
  virtual_config(((struct world *)ud)->w, cfg);
}

static struct world *new_world(lua_State *L) {
  struct world *o = lua_newuserdatauv(L, sizeof *o, 0);
  memset(o, 0, sizeof *o);
  memcpy(o->capsule.magic, LMJ_MAGIC, sizeof o->capsule.magic);
  o->capsule.config = configure;
  o->capsule.ud = o;
  luaL_setmetatable(L, WORLD);
  return o;
}

static struct world *check_world(lua_State *L) {
  return luaL_checkudata(L, 1, WORLD);
}

static double number_field(lua_State *L, const char *name, double none) {
  double d = none;
  lmj_rawfield(L, -1, name);
  if (!lua_isnil(L, -1))
    d = (double)luaL_checknumber(L, -1);
  lua_pop(L, 1);
  return d;
}

static const char *text_field(lua_State *L, const char *name, size_t *n) {
  const char *s = NULL;
  lmj_rawfield(L, -1, name);
  *n = 0;
  if (!lua_isnil(L, -1))
    s = luaL_checklstring(L, -1, n);
  lua_pop(L, 1);
  return s; /* the table keeps it */
}

static void read_reply(lua_State *L, struct reply *r) {
  static const char *const known[] = {
      "match", "http",        "body",         "delay",    "rc",    "sent",
      "times", "retry_after", "content_type", "location", "repeat"};
  const char *s;
  size_t n, i;
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    for (i = 0; i < sizeof known / sizeof known[0]; i++)
      if (strcmp(luaL_checkstring(L, -2), known[i]) == 0)
        break;
    if (i == sizeof known / sizeof known[0])
      luaL_error(L, "script: unknown field '%s'", lua_tostring(L, -2));
  }
  if ((s = text_field(L, "match", &n)) != NULL)
    r->match = copy(s, n);
  if ((s = text_field(L, "body", &n)) != NULL)
    r->v.body = copy(s, r->v.body_len = n);
  if ((s = text_field(L, "content_type", &n)) != NULL)
    (void)snprintf(r->v.content_type, sizeof r->v.content_type, "%s", s);
  if ((s = text_field(L, "location", &n)) != NULL)
    (void)snprintf(r->v.location, sizeof r->v.location, "%s", s);
  r->v.curl_code = (int)number_field(L, "rc", 0);
  r->v.http_status = (int)number_field(L, "http", r->v.curl_code ? 0 : 200);
  r->v.sent = (int)number_field(L, "sent", 2);
  r->v.delay_ms = (int64_t)(number_field(L, "delay", 0.005) * 1000);
  r->v.retry_after_ms =
      (int64_t)(number_field(L, "retry_after", -0.001) * 1000);
  r->left = (long)number_field(L, "times", 1);
  lmj_rawfield(L, -1, "repeat");
  if (lua_toboolean(L, -1))
    r->left = -1;
  lua_pop(L, 1);
}

/* mjtest.script{ {match=, http=, body=, delay=, rc=, sent=, retry_after=,
   content_type=, location=, times=, repeat=}, ... } */
static int test_script(lua_State *L) {
  struct world *o;
  size_t i;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  o = new_world(L);
  o->script = grab(sizeof *o->script);
  o->w = virtual_new(play, o->script, script_free, 1000000);
  o->script->n = lua_rawlen(L, 1);
  o->script->replies = grab(o->script->n * sizeof *o->script->replies);
  for (i = 0; i < o->script->n; i++) {
    lua_rawgeti(L, 1, (lmj_index)(i + 1));
    luaL_checktype(L, -1, LUA_TTABLE);
    read_reply(L, &o->script->replies[i]);
    lua_pop(L, 1);
  }
  return 1;
}

#ifdef MJ_TEST_SIM
/* mjtest.simulated{profile=, seed=, clock=, key=, running=, waiting=, fault=,
   rate=, submits=, base_url=} */
static int test_simulated(lua_State *L) {
  struct mj_sim_config cfg;
  struct world *o;
  size_t n;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  memset(&cfg, 0, sizeof cfg);
  cfg.profile = text_field(L, "profile", &n);
  cfg.seed = (uint64_t)number_field(L, "seed", 1);
  cfg.clock = number_field(L, "clock", 1);
  cfg.api_key = text_field(L, "key", &n);
  cfg.base_url = text_field(L, "base_url", &n);
  cfg.running = (int)number_field(L, "running", 0);
  cfg.waiting = (int)number_field(L, "waiting", 0);
  cfg.fault = text_field(L, "fault", &n);
  cfg.rate = (int)number_field(L, "rate", 0);
  cfg.submits = (int)number_field(L, "submits", 0);
  o = new_world(L);
  o->w = simulated_new(&cfg);
  if (!o->w)
    return luaL_error(L, "the simulator refuses that");
  o->sim = simulated_sim(o->w);
  return 1;
}

/* The most that came in any 60 seconds: requests, submissions. */
static int world_windows(lua_State *L) {
  struct world *o = check_world(L);
  struct mj_sim_stats stats;
  if (!o->sim)
    return luaL_error(L, "only the simulator counts");
  mj_sim_count(o->sim, &stats);
  lua_pushnumber(L, (lua_Number)stats.most_in_window);
  lua_pushnumber(L, (lua_Number)stats.most_submits_in_window);
  return 2;
}
#endif

static int world_capsule(lua_State *L) {
  lua_pushlightuserdata(L, &check_world(L)->capsule);
  return 1;
}

static int world_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)virtual_now(check_world(L)->w) / 1000);
  return 1;
}

static void set_string(lua_State *L, const char *name, const char *s,
                       size_t n) {
  lua_pushlstring(L, s, n);
  lua_setfield(L, -2, name);
}

static void push_request(lua_State *L, const struct request *r) {
  size_t i;
  lua_newtable(L);
  set_string(L, "method", r->method, strlen(r->method));
  set_string(L, "url", r->url, strlen(r->url));
  if (r->body)
    set_string(L, "body", r->body, r->body_len);
  lua_newtable(L);
  for (i = 0; i < r->nheaders; i++) {
    const char *value = r->headers[2 * i + 1];
    set_string(L, r->headers[2 * i], value, strlen(value));
  }
  lua_setfield(L, -2, "headers");
  lua_pushboolean(L, r->paid);
  lua_setfield(L, -2, "paid");
  lua_pushboolean(L, r->foreign);
  lua_setfield(L, -2, "foreign");
#define SECONDS(name)                                                          \
  lua_pushnumber(L, (lua_Number)r->name##_ms / 1000);                          \
  lua_setfield(L, -2, #name)
  SECONDS(at);
  SECONDS(timeout);
  SECONDS(connect_timeout);
#undef SECONDS
}

static int world_requests(lua_State *L) {
  struct world *o = check_world(L);
  size_t i;
  if (!o->script)
    return luaL_error(L, "only a script keeps its requests");
  lua_createtable(L, (int)o->script->count, 0);
  for (i = 0; i < o->script->count; i++) {
    push_request(L, &o->script->requests[i]);
    lua_rawseti(L, -2, (lmj_index)(i + 1));
  }
  return 1;
}

static int world_counts(lua_State *L) {
  const virtual_counts *n = virtual_counted(check_world(L)->w);
  lua_newtable(L);
#define COUNT(name)                                                            \
  lua_pushnumber(L, (lua_Number)n->name);                                      \
  lua_setfield(L, -2, #name)
  COUNT(requests);
  COUNT(paid);
  COUNT(refused_tickets);
  COUNT(stopped);
  COUNT(open);
  COUNT(open_peak);
#undef COUNT
  return 1;
}

static int world_gc(lua_State *L) {
  struct world *o = check_world(L);
  virtual_unref(o->w);
  o->w = NULL;
  return 0;
}

LMJ_EXPORT int luaopen_mjtest(lua_State *L);

int luaopen_mjtest(lua_State *L) {
  static const luaL_Reg methods[] = {{"capsule", world_capsule},
                                     {"now", world_now},
                                     {"requests", world_requests},
                                     {"counts", world_counts},
#ifdef MJ_TEST_SIM
                                     {"windows", world_windows},
#endif
                                     {NULL, NULL}};
  static const luaL_Reg functions[] = {{"script", test_script},
#ifdef MJ_TEST_SIM
                                       {"simulated", test_simulated},
#endif
                                       {NULL, NULL}};
  if (lmj_newmetatable(L, WORLD)) {
    lua_pushcfunction(L, world_gc);
    lua_setfield(L, -2, "__gc");
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
  }
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
