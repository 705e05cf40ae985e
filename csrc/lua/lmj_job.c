/* SPDX-License-Identifier: MIT
   lmj_job.c - the methods of a client's box that start, watch and end work. */
#include "lmj_box.h"

#include <string.h>

static mj_id check_id(lua_State *L, int arg) {
  lua_Number n = luaL_checknumber(L, arg);
  luaL_argcheck(L, n >= 0 && n < 9007199254740992.0, arg, "not an id");
  return (mj_id)n;
}

/* `id` by its address: the call that fills it is an argument beside it. */
static int push_job(lua_State *L, int rc, const mj_id *id,
                    const mj_error *err) {
  if (rc < 0)
    return lmj_fail(L, err);
  lmj_push_id(L, *id);
  return 1;
}

int lmj_box_submit(lua_State *L) {
  mj_request r;
  mj_error err;
  mj_id id = 0;
  struct lmj_box *b = lmj_check_box(L);
  lua_settop(L, 2);
  memset(&r, 0, sizeof r);
  memset(&err, 0, sizeof err);
  lmj_request(L, 2, &r); /* allocates: a finalizer may close the box */
  if (!b->c)
    return lmj_fail_code(L, MJ_ECLOSED);
  return push_job(L, mj_submit(b->c, &r, &id, &err), &id, &err);
}

int lmj_box_track(lua_State *L) {
  const char *task = lmj_check_text(L, 2);
  mj_error err;
  mj_id id = 0;
  LMJ_OPEN_BOX(c);
  memset(&err, 0, sizeof err);
  return push_job(L, mj_track(c, task, &id, &err), &id, &err);
}

int lmj_box_fetch(lua_State *L) {
  const char *url = lmj_check_text(L, 2);
  mj_error err;
  mj_id id = 0;
  LMJ_OPEN_BOX(c);
  memset(&err, 0, sizeof err);
  return push_job(L, mj_fetch(c, url, &id, &err), &id, &err);
}

int lmj_box_write(lua_State *L) {
  size_t n, len;
  const char *path = luaL_checklstring(L, 2, &len);
  const char *data = luaL_checklstring(L, 3, &n);
  mj_error err;
  mj_id id = 0;
  LMJ_OPEN_BOX(c);
  luaL_argcheck(L, strlen(path) == len, 2, "contains a NUL byte");
  memset(&err, 0, sizeof err);
  return push_job(L, mj_write(c, path, data, n, &id, &err), &id, &err);
}

int lmj_box_after(lua_State *L) {
  int64_t ms = lmj_opt_ms(L, 2, -1);
  mj_error err;
  mj_id id = 0;
  LMJ_OPEN_BOX(c);
  luaL_argcheck(L, ms >= 0, 2, "seconds expected");
  memset(&err, 0, sizeof err);
  return push_job(L, mj_after(c, ms, &id, &err), &id, &err);
}

/* In the order of mj_query. */
static const char *const queries[] = {"list",   "ids",     "queue", "seed",
                                      "cancel", "dialect", NULL};

/* box:ask(what [, ids]) -> id. */
int lmj_box_ask(lua_State *L) {
  int what = luaL_checkoption(L, 2, NULL, queries) + MJ_QUERY_LIST;
  const char **ids = NULL;
  size_t i, n = 0;
  mj_error err;
  mj_id id = 0;
  lua_settop(L, 3);
  if (!lua_isnil(L, 3)) {
    luaL_checktype(L, 3, LUA_TTABLE);
    n = lua_rawlen(L, 3);
    ids = lua_newuserdatauv(L, (n + 1) * sizeof *ids, 0);
    for (i = 0; i < n; i++) {
      lua_rawgeti(L, 3, (lmj_index)(i + 1));
      ids[i] = lmj_text(L, "ids"); /* the table keeps it */
      lua_pop(L, 1);
    }
  }
  LMJ_OPEN_BOX(c);
  memset(&err, 0, sizeof err);
  return push_job(L, mj_ask(c, (mj_query)what, ids, n, &id, &err), &id, &err);
}

/* box:dialect() -> "mj", "generate"; nil while it is not known. */
int lmj_box_dialect(lua_State *L) {
  mj_client *c = lmj_check_box(L)->c;
  const char *name = c ? mj_dialect(c) : NULL;
  if (name)
    lua_pushstring(L, name);
  else
    lua_pushnil(L);
  return 1;
}

/* 1, 0, -1 as of mj_can; -2 when nothing is called that. */
static int can(const mj_client *c, const char *name) {
  const char *known;
  int i;
  for (i = MJ_OP_IMAGINE; (known = mj_op_name((mj_op)i)) != NULL; i++)
    if (strcmp(known, name) == 0)
      return mj_can(c, (mj_op)i);
  for (i = 0; queries[i]; i++)
    if (strcmp(queries[i], name) == 0)
      return mj_can_ask(c, (mj_query)(i + MJ_QUERY_LIST));
  return -2;
}

/* box:can(verb or question) -> boolean; nil while the family is not known. */
int lmj_box_can(lua_State *L) {
  const char *name = lmj_check_text(L, 2);
  int answer;
  LMJ_OPEN_BOX(c);
  answer = can(c, name);
  luaL_argcheck(L, answer != -2, 2, "no such verb or question");
  if (answer < 0)
    lua_pushnil(L);
  else
    lua_pushboolean(L, answer);
  return 1;
}

int lmj_box_observe(lua_State *L) {
  mj_id id = check_id(L, 2);
  LMJ_OPEN_BOX(c);
  return lmj_result(L, mj_observe(c, id, lua_toboolean(L, 3)));
}

int lmj_box_cancel(lua_State *L) {
  mj_id id = check_id(L, 2);
  LMJ_OPEN_BOX(c);
  return lmj_result(L, mj_cancel(c, id));
}

int lmj_box_detach(lua_State *L) {
  mj_id id = check_id(L, 2);
  LMJ_OPEN_BOX(c);
  return lmj_result(L, mj_detach(c, id));
}

/* box:info(id) -> phase, status, progress, task_id, ahead, token; nil when it
   is gone. */
int lmj_box_info(lua_State *L) {
  static const char *const phases[] = {"queued", "sending", "running", "ended"};
  mj_id id = check_id(L, 2);
  mj_job_state s;
  struct lmj_box *b = lmj_check_box(L);
  int inner;
  if (!b->c || mj_job_info(b->c, id, &s) != MJ_OK) {
    lua_pushnil(L);
    return 1;
  }
  inner = lmj_reading(L, b);
  if (!inner)
    lmj_begin_reading(L, b, lmj_box_info);
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
  if (s.ahead >= 0)
    lua_pushinteger(L, s.ahead);
  else
    lua_pushnil(L);
  if (s.token)
    lua_pushstring(L, s.token);
  else
    lua_pushnil(L);
  if (!inner)
    lmj_end_reading(L, b);
  return 6;
}
