/* SPDX-License-Identifier: MIT
   lcompat.h - the little of the newer C API that the modules use, on Lua 5.1
   and LuaJIT. */
#ifndef MJ_LCOMPAT_H
#define MJ_LCOMPAT_H

#include <lua.h>
#include <lauxlib.h>

#include <stdint.h>

#if defined(__GNUC__)
#define LMJ_EXPORT __attribute__((visibility("default")))
#define LMJ_UNUSED __attribute__((unused))
#else
#define LMJ_EXPORT
#define LMJ_UNUSED
#endif

/* The type of an index into a list: int before 5.3. */
#if LUA_VERSION_NUM >= 503
typedef lua_Integer lmj_index;
#else
typedef int lmj_index;
#endif

#if LUA_VERSION_NUM < 504
#undef lua_newuserdatauv
#define lua_newuserdatauv(L, size, n) lua_newuserdata(L, size)
#endif

#if LUA_VERSION_NUM < 502

/* LuaJIT declares some of these, so they get names of our own. */
#define lua_rawlen(L, i)           lua_objlen(L, i)
#define lua_absindex(L, i)         lmj_absindex(L, i)
#define lua_rawgetp(L, i, p)       lmj_rawgetp(L, i, p)
#define lua_rawsetp(L, i, p)       lmj_rawsetp(L, i, p)
#define luaL_setfuncs(L, l, n)     lmj_setfuncs(L, l)
#define luaL_setmetatable(L, name) lmj_setmetatable(L, name)
#define luaL_testudata(L, i, name) lmj_testudata(L, i, name)
#undef luaL_newlib
#define luaL_newlib(L, l) (lua_newtable(L), lmj_setfuncs(L, l))

static inline LMJ_UNUSED int lmj_absindex(lua_State *L, int i) {
  return i > 0 || i <= LUA_REGISTRYINDEX ? i : lua_gettop(L) + i + 1;
}

static inline LMJ_UNUSED void lmj_rawgetp(lua_State *L, int i, const void *p) {
  i = lmj_absindex(L, i);
  lua_pushlightuserdata(L, (void *)(uintptr_t)p);
  lua_rawget(L, i);
}

static inline LMJ_UNUSED void lmj_rawsetp(lua_State *L, int i, const void *p) {
  i = lmj_absindex(L, i);
  lua_pushlightuserdata(L, (void *)(uintptr_t)p);
  lua_insert(L, -2);
  lua_rawset(L, i);
}

static inline LMJ_UNUSED void lmj_setfuncs(lua_State *L, const luaL_Reg *l) {
  for (; l->name; l++) {
    lua_pushcfunction(L, l->func);
    lua_setfield(L, -2, l->name);
  }
}

static inline LMJ_UNUSED void lmj_setmetatable(lua_State *L, const char *name) {
  luaL_getmetatable(L, name);
  lua_setmetatable(L, -2);
}

static inline LMJ_UNUSED void *lmj_testudata(lua_State *L, int i,
                                             const char *name) {
  void *p = lua_touserdata(L, i);
  int same;
  if (!p || !lua_getmetatable(L, i))
    return NULL;
  luaL_getmetatable(L, name);
  same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? p : NULL;
}

#endif

/* Raw access by name: never a metamethod, so that C never calls Lua. */
static inline LMJ_UNUSED void lmj_rawfield(lua_State *L, int i,
                                           const char *name) {
  i = lua_absindex(L, i);
  lua_pushstring(L, name);
  lua_rawget(L, i);
}

/* luaL_newmetatable, with __name on the Luas that do not set it. */
static inline LMJ_UNUSED int lmj_newmetatable(lua_State *L, const char *name) {
  int fresh = luaL_newmetatable(L, name);
  if (fresh) {
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
  }
  return fresh;
}

#endif
