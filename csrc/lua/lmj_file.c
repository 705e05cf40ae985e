/* SPDX-License-Identifier: MIT
   lmj_file.c - core.read_private: a file that a key may be in; core.tape:
   a transcript. */
#include "lmj.h"

#include <string.h>

/* read_private(path, most) -> text, and an error when others can get at it; or
   nil, err.  The bytes stay in memory that Lua collects. */
int lmj_read_private(lua_State *L) {
  const char *path = lmj_check_text(L, 1);
  lua_Number most = luaL_checknumber(L, 2);
  mj_error err;
  int exposed = 0, n;
  char *buf;
  luaL_argcheck(L, most >= 1 && most <= 1 << 24, 2, "a number of bytes");
  memset(&err, 0, sizeof err);
  err.retry_after_ms = -1;
  buf = lua_newuserdatauv(L, (size_t)most + 1, 0);
  n = mj_read_private(path, buf, (size_t)most + 1, &exposed, &err);
  if (n < 0)
    return lmj_fail(L, &err);
  lua_pushlstring(L, buf, (size_t)n);
  memset(buf, 0, (size_t)most + 1);
  if (!exposed)
    return 1;
  lmj_push_error(L, &err);
  return 2;
}

/* Transcripts ------------------------------------------------------------- */

#define TAPE "mj.core.tape"

mj_tape *lmj_check_tape(lua_State *L, int arg) {
  return *(mj_tape **)luaL_checkudata(L, arg, TAPE);
}

static int tape_gc(lua_State *L) {
  mj_tape **t = luaL_checkudata(L, 1, TAPE);
  mj_tape_free(*t);
  *t = NULL;
  return 0;
}

static int tape_head(lua_State *L) {
  lua_pushstring(L, mj_tape_head(lmj_check_tape(L, 1)));
  return 1;
}

/* tape:wrong() -> what was not as recorded, or nil. */
static int tape_wrong(lua_State *L) {
  const char *text = mj_tape_wrong(lmj_check_tape(L, 1));
  if (text)
    lua_pushstring(L, text);
  else
    lua_pushnil(L);
  return 1;
}

/* tape:check() -> true, or nil, err. */
static int tape_check(lua_State *L) {
  mj_error err;
  memset(&err, 0, sizeof err);
  err.retry_after_ms = -1;
  if (mj_tape_check(lmj_check_tape(L, 1), &err) < 0)
    return lmj_fail(L, &err);
  lua_pushboolean(L, 1);
  return 1;
}

static const luaL_Reg tape_methods[] = {{"head", tape_head},
                                        {"wrong", tape_wrong},
                                        {"check", tape_check},
                                        {NULL, NULL}};

/* tape(path, head) records, tape(path) plays; or nil, err. */
int lmj_tape(lua_State *L) {
  const char *path = lmj_check_text(L, 1);
  const char *head = lua_isnoneornil(L, 2) ? NULL : lmj_check_text(L, 2);
  mj_tape **t = lua_newuserdatauv(L, sizeof *t, 0);
  mj_error err;
  int rc;
  *t = NULL;
  if (lmj_newmetatable(L, TAPE)) {
    lua_pushcfunction(L, tape_gc);
    lua_setfield(L, -2, "__gc");
    luaL_newlib(L, tape_methods);
    lua_setfield(L, -2, "__index");
  }
  lua_setmetatable(L, -2);
  memset(&err, 0, sizeof err);
  err.retry_after_ms = -1;
  rc = head ? mj_tape_record(t, path, head, NULL, NULL, &err)
            : mj_tape_replay(t, path, NULL, NULL, &err);
  if (rc < 0)
    return lmj_fail(L, &err);
  return 1;
}
