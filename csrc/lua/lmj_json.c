/* SPDX-License-Identifier: MIT
   lmj_json.c - core.decode: JSON text as Lua values. */
#include "lmj.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* lua-cjson 2.1.0 writes numbers with 14 digits: a longer integer stays text,
   so that ids like 8774786694361674000 survive every reader and writer. */
enum { MAX_DIGITS = 14 };

/* Addresses of these are keys in the registry. */
static const char null_key = 0, empty_key = 0;

/* What a document needs while its values are being built; the document is in
   a collectable box before the first of them is pushed. */
struct document {
  mj_json *json;
};

static int document_gc(lua_State *L) {
  struct document *d = luaL_checkudata(L, 1, LMJ_DOCUMENT);
  mj_json *json = d->json;
  d->json = NULL;
  if (json)
    mj_json_free(json);
  return 0;
}

static int is_integer(const char *s, size_t n, size_t *digits) {
  size_t i = n > 0 && s[0] == '-';
  *digits = n - i;
  for (; i < n; i++)
    if (s[i] < '0' || s[i] > '9')
      return 0;
  return *digits > 0;
}

/* strtod follows the locale's decimal point; JSON does not. */
static int to_double(const char *s, size_t n, double *out) {
  char buf[128];
  const char *point = localeconv()->decimal_point;
  char *dot, *end;
  if (n >= sizeof buf)
    return 0;
  memcpy(buf, s, n);
  buf[n] = '\0';
  dot = strchr(buf, '.');
  if (dot && strlen(point) == 1)
    *dot = *point;
  *out = strtod(buf, &end);
  return *end == '\0' && isfinite(*out);
}

static void push_number(lua_State *L, const mj_value *v) {
  size_t digits;
  double d;
  if (is_integer(v->text, v->len, &digits)) {
    if (digits > MAX_DIGITS) {
      lua_pushlstring(L, v->text, v->len);
      return;
    }
#if LUA_VERSION_NUM >= 503
    lua_pushinteger(L, (lua_Integer)strtoll(v->text, NULL, 10));
#else
    lua_pushnumber(L, (lua_Number)strtoll(v->text, NULL, 10));
#endif
  } else if (to_double(v->text, v->len, &d)) {
    lua_pushnumber(L, d);
  } else {
    lua_pushlstring(L, v->text, v->len); /* 1e999: text is better than inf */
  }
}

static void push_value(lua_State *L, const mj_value *v, int null, int empty);

static void push_array(lua_State *L, const mj_value *v, int null, int empty) {
  const mj_value *item;
  lmj_index i = 0;
  lua_createtable(L, (int)v->len, 0);
  if (v->len == 0 && !lua_isnil(L, empty)) {
    lua_pushvalue(L, empty);
    lua_setmetatable(L, -2);
  }
  for (item = v->first; item; item = item->next) {
    push_value(L, item, null, empty);
    lua_rawseti(L, -2, ++i);
  }
}

static void push_object(lua_State *L, const mj_value *v, int null, int empty) {
  const mj_value *item;
  lua_createtable(L, 0, (int)v->len);
  for (item = v->first; item; item = item->next) {
    lua_pushlstring(L, item->key, item->key_len);
    push_value(L, item, null, empty);
    lua_rawset(L, -3); /* a key that comes twice: the last one counts */
  }
}

/* The parser allows 64 levels, which bounds the recursion. */
static void push_value(lua_State *L, const mj_value *v, int null, int empty) {
  luaL_checkstack(L, 4, "JSON nested too deeply");
  switch (v->type) {
  case MJ_JSON_NULL:
    lua_pushvalue(L, null);
    break;
  case MJ_JSON_FALSE:
  case MJ_JSON_TRUE:
    lua_pushboolean(L, v->type == MJ_JSON_TRUE);
    break;
  case MJ_JSON_NUMBER:
    push_number(L, v);
    break;
  case MJ_JSON_STRING:
    lua_pushlstring(L, v->text, v->len);
    break;
  case MJ_JSON_ARRAY:
    push_array(L, v, null, empty);
    break;
  case MJ_JSON_OBJECT:
    push_object(L, v, null, empty);
    break;
  }
}

int lmj_decode(lua_State *L) {
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n);
  struct document *d;
  mj_error err;
  lua_settop(L, 1);
  d = lua_newuserdatauv(L, sizeof *d, 0);
  d->json = NULL;
  luaL_setmetatable(L, LMJ_DOCUMENT);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &null_key);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &empty_key);
  memset(&err, 0, sizeof err);
  if (mj_json_parse(&d->json, text, n, NULL, NULL, &err) != MJ_OK)
    return lmj_fail(L, &err);
  push_value(L, mj_json_root(d->json), 3, 4);
  mj_json_free(d->json);
  d->json = NULL;
  return 1;
}

int lmj_set_null(lua_State *L) {
  luaL_checkany(L, 1);
  luaL_argcheck(L, !lua_isnil(L, 1), 1, "a value that a table can hold");
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &null_key);
  return 0;
}

/* A metatable for arrays that came empty (cjson.empty_array_mt), or nil. */
int lmj_set_empty_array(lua_State *L) {
  luaL_argcheck(L, lua_isnoneornil(L, 1) || lua_istable(L, 1), 1,
                "metatable or nil expected");
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &empty_key);
  return 0;
}

/* Null is cjson.null from the start: both are the light userdata 0. */
void lmj_open_json(lua_State *L) {
  if (lmj_newmetatable(L, LMJ_DOCUMENT)) {
    lua_pushcfunction(L, document_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_pop(L, 1);
  lua_pushlightuserdata(L, NULL);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &null_key);
}
