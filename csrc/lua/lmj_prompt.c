/* SPDX-License-Identifier: MIT
   lmj_prompt.c - core.parse_prompt and core.format_prompt: a prompt and the
   table of its parts.  lua/mj/prompt.lua makes numbers and lists of them. */
#include "lmj.h"

#include <string.h>

#define LMJ_PROMPT "mj.core.prompt"

/* In a collectable box before the first value of it is pushed. */
struct box {
  mj_prompt *prompt;
};

static int box_gc(lua_State *L) {
  struct box *b = luaL_checkudata(L, 1, LMJ_PROMPT);
  mj_prompt *p = b->prompt;
  b->prompt = NULL;
  mj_prompt_free(p);
  return 0;
}

static struct box *new_box(lua_State *L) {
  struct box *b = lua_newuserdatauv(L, sizeof *b, 0);
  b->prompt = NULL;
  if (lmj_newmetatable(L, LMJ_PROMPT)) {
    lua_pushcfunction(L, box_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return b;
}

static void push_strings(lua_State *L, const char *field,
                         const char *const *list, size_t n) {
  size_t i;
  lua_createtable(L, (int)n, 0);
  for (i = 0; i < n; i++) {
    lua_pushstring(L, list[i]);
    lua_rawseti(L, -2, (lmj_index)(i + 1));
  }
  lua_setfield(L, -2, field);
}

/* {{name, value}, ...} */
static void push_pairs(lua_State *L, const char *field, const mj_param *list,
                       size_t n) {
  size_t i;
  lua_createtable(L, (int)n, 0);
  for (i = 0; i < n; i++) {
    lua_createtable(L, 2, 0);
    lua_pushstring(L, list[i].name);
    lua_rawseti(L, -2, 1);
    lua_pushstring(L, list[i].value);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, (lmj_index)(i + 1));
  }
  lua_setfield(L, -2, field);
}

/* core.parse_prompt(text, lenient) -> {text=, images=, params=, others=,
   warnings=}, or nil, err. */
int lmj_parse_prompt(lua_State *L) {
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n);
  int lenient = lua_toboolean(L, 2);
  struct box *b;
  mj_prompt *p;
  mj_error err;
  lua_settop(L, 1);
  b = new_box(L);
  memset(&err, 0, sizeof err);
  if (mj_prompt_parse(&b->prompt, text, n, lenient, NULL, NULL, &err) != MJ_OK)
    return lmj_fail(L, &err);
  p = b->prompt;
  lua_createtable(L, 0, 5);
  if (p->text) {
    lua_pushstring(L, p->text);
    lua_setfield(L, -2, "text");
  }
  push_strings(L, "images", p->images, p->nimages);
  push_pairs(L, "params", p->params, p->nparams);
  push_pairs(L, "others", p->others, p->nothers);
  push_strings(L, "warnings", p->warnings, p->nwarnings);
  b->prompt = NULL;
  mj_prompt_free(p);
  return 1;
}

/* Formatting -------------------------------------------------------------- */

/* The list in field `name` of the table at 1, on the stack; its length. */
static size_t list_field(lua_State *L, const char *name) {
  lmj_rawfield(L, 1, name);
  if (lua_isnil(L, -1))
    return 0;
  if (!lua_istable(L, -1))
    return (size_t)luaL_error(L, "field '%s': table expected, got %s", name,
                              luaL_typename(L, -1));
  return lua_rawlen(L, -1);
}

/* Arrays stay on the stack, as userdata; their strings belong to the table.
   `room` grows by what they take in print. */
static const mj_param *read_pairs(lua_State *L, const char *name, size_t *n,
                                  size_t *room) {
  mj_param *list;
  size_t i;
  *n = list_field(L, name);
  list = lua_newuserdatauv(L, (*n + 1) * sizeof *list, 0);
  for (i = 0; i < *n; i++) {
    lua_rawgeti(L, -2, (lmj_index)(i + 1));
    if (!lua_istable(L, -1))
      luaL_error(L, "field '%s': list of {name, value} expected", name);
    lua_rawgeti(L, -1, 1);
    list[i].name = lmj_text(L, name);
    lua_pop(L, 1);
    lua_rawgeti(L, -1, 2);
    list[i].value = lmj_text(L, name);
    lua_pop(L, 2);
    *room += strlen(list[i].name) + strlen(list[i].value) + 24;
  }
  return list;
}

static const char *const *read_strings(lua_State *L, const char *name,
                                       size_t *n, size_t *room) {
  const char **list;
  size_t i;
  *n = list_field(L, name);
  list = lua_newuserdatauv(L, (*n + 1) * sizeof *list, 0);
  for (i = 0; i < *n; i++) {
    lua_rawgeti(L, -2, (lmj_index)(i + 1));
    list[i] = lmj_text(L, name);
    lua_pop(L, 1);
    *room += strlen(list[i]) + 1;
  }
  return list;
}

/* core.format_prompt{text=, images=, params=, others=, lenient=} -> the prompt,
   or nil, err. */
int lmj_format_prompt(lua_State *L) {
  mj_prompt p;
  mj_error err;
  size_t room = 16;
  char *buf;
  int rc, lenient;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  memset(&p, 0, sizeof p);
  memset(&err, 0, sizeof err);
  lmj_rawfield(L, 1, "lenient");
  lenient = lua_toboolean(L, -1);
  lmj_rawfield(L, 1, "text");
  if (!lua_isnil(L, -1)) {
    p.text = lmj_text(L, "text");
    room += 2 * strlen(p.text); /* "-s" becomes "--s" */
  }
  p.images = read_strings(L, "images", &p.nimages, &room);
  p.params = read_pairs(L, "params", &p.nparams, &room);
  p.others = read_pairs(L, "others", &p.nothers, &room);
  buf = lua_newuserdatauv(L, room, 0);
  rc = mj_prompt_format(buf, room, &p, lenient, &err);
  if (rc < 0)
    return lmj_fail(L, &err);
  lua_pushlstring(L, buf, (size_t)rc);
  return 1;
}
