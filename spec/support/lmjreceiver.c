/* SPDX-License-Identifier: MIT
   lmjreceiver.c - the Lua module mjreceiver: an HTTP server on a thread of its
   own that keeps what it is sent, for the specs of callbacks. */
#include "lua/lcompat.h"
#include "rawserver.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define RECEIVER "mj.receiver"

LMJ_EXPORT int luaopen_mjreceiver(lua_State *L);

struct item {
  char *head, *body;
  struct item *next;
};

struct receiver {
  rawserver *server; /* NULL = closed */
  pthread_mutex_t lock;
  struct item *first, **last;
  int status; /* of all answers; 0 = none comes */
};

/* On the server's thread. */
static void keep(void *ud, const raw_request *req, raw_reply *out) {
  struct receiver *r = ud;
  struct item *x = calloc(1, sizeof *x);
  if (x) {
    x->head = strdup(req->head);
    x->body = strdup(req->body);
    (void)pthread_mutex_lock(&r->lock);
    *r->last = x;
    r->last = &x->next;
    (void)pthread_mutex_unlock(&r->lock);
  }
  if (r->status)
    out->made = raw_text(r->status, "", "");
  else
    out->flags = RAW_SILENT;
}

static struct receiver *check(lua_State *L) {
  return luaL_checkudata(L, 1, RECEIVER);
}

/* receiver.new(status) */
static int receiver_new(lua_State *L) {
  int status = (int)luaL_optinteger(L, 1, 200);
  struct receiver *r = lua_newuserdatauv(L, sizeof *r, 0);
  memset(r, 0, sizeof *r);
  luaL_setmetatable(L, RECEIVER);
  r->status = status;
  r->last = &r->first;
  (void)pthread_mutex_init(&r->lock, NULL);
  r->server = rawserver_new(keep, r);
  return 1;
}

static int receiver_port(lua_State *L) {
  lua_pushinteger(L, rawserver_port(check(L)->server));
  return 1;
}

static struct item *take_all(struct receiver *r) {
  struct item *list;
  (void)pthread_mutex_lock(&r->lock);
  list = r->first;
  r->first = NULL;
  r->last = &r->first;
  (void)pthread_mutex_unlock(&r->lock);
  return list;
}

static struct item *drop(struct item *x) {
  struct item *next = x->next;
  free(x->head);
  free(x->body);
  free(x);
  return next;
}

/* What has come since the last call: a list of {head=, body=}. */
static int receiver_take(lua_State *L) {
  struct item *x = take_all(check(L));
  lua_newtable(L);
  for (int i = 1; x; i++, x = drop(x)) {
    lua_newtable(L);
    lua_pushstring(L, x->head);
    lua_setfield(L, -2, "head");
    lua_pushstring(L, x->body);
    lua_setfield(L, -2, "body");
    lua_rawseti(L, -2, i);
  }
  return 1;
}

static int receiver_connections(lua_State *L) {
  lua_pushinteger(L, rawserver_connections(check(L)->server));
  return 1;
}

static int receiver_close(lua_State *L) {
  struct receiver *r = check(L);
  struct item *x;
  if (!r->server)
    return 0;
  rawserver_free(r->server);
  r->server = NULL;
  for (x = take_all(r); x;)
    x = drop(x);
  (void)pthread_mutex_destroy(&r->lock);
  return 0;
}

int luaopen_mjreceiver(lua_State *L) {
  static const luaL_Reg functions[] = {{"new", receiver_new}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{"port", receiver_port},
                                     {"take", receiver_take},
                                     {"connections", receiver_connections},
                                     {"close", receiver_close},
                                     {"__gc", receiver_close},
                                     {NULL, NULL}};
  lmj_newmetatable(L, RECEIVER);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
