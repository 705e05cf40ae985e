/* SPDX-License-Identifier: MIT
   lmj_image.c - the module mj.image: the simulator's pictures. */
#include "lcompat.h"
#include "image/draw.h"

#include <string.h>

#define PNG "mj.image.png"

LMJ_EXPORT int luaopen_mj_image(lua_State *L);

/* The bytes on their way into a Lua string, which may fail. */
struct lmj_png {
  unsigned char *p;
  size_t n;
};

static int png_gc(lua_State *L) {
  struct lmj_png *png = luaL_checkudata(L, 1, PNG);
  if (png->p)
    mj_draw()->free(png->p);
  png->p = NULL;
  return 0;
}

static const char *text_field(lua_State *L, const char *name) {
  const char *s;
  lmj_rawfield(L, 1, name);
  if (lua_isnil(L, -1))
    return NULL;
  s = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  if (!s)
    luaL_error(L, "mj.image.picture: field '%s': string expected, got %s", name,
               luaL_typename(L, -1));
  return s; /* the table holds it */
}

static lua_Number number_field(lua_State *L, const char *name,
                               lua_Number absent, lua_Number lo,
                               lua_Number hi) {
  lua_Number v = absent;
  lmj_rawfield(L, 1, name);
  if (lua_type(L, -1) == LUA_TNUMBER)
    v = lua_tonumber(L, -1);
  else if (!lua_isnil(L, -1))
    luaL_error(L, "mj.image.picture: field '%s': number expected, got %s", name,
               luaL_typename(L, -1));
  if (!(v >= lo && v <= hi))
    luaL_error(L, "mj.image.picture: field '%s': out of range", name);
  lua_pop(L, 1);
  return v;
}

static void check_names(lua_State *L) {
  static const char *const names[] = {"kind", "prompt", "label",  "seed",
                                      "tile", "width",  "height", "progress"};
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    size_t i = 0;
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
    while (i < sizeof names / sizeof names[0] && strcmp(names[i], key))
      i++;
    if (i == sizeof names / sizeof names[0])
      luaL_error(L, "mj.image.picture: unknown field '%s'", key);
  }
}

/* "grid"; "tile": one of a grid; "variation": a grid that varies a tile. */
static void read_kind(lua_State *L, struct mj_picture *spec,
                      struct mj_picture_step *steps) {
  const char *kind = text_field(L, "kind");
  spec->kind = MJ_PICTURE_GRID;
  spec->steps = steps;
  spec->nsteps = 1;
  steps[0].seed = (uint64_t)number_field(L, "seed", 0, 0, 9007199254740992.0);
  steps[0].tile = (int)number_field(L, "tile", 1, 1, 4);
  steps[1].seed = steps[0].seed * 31 + (uint64_t)steps[0].tile;
  steps[1].tile = 0;
  if (!kind || !strcmp(kind, "grid"))
    return;
  if (!strcmp(kind, "tile"))
    spec->kind = MJ_PICTURE_TILE;
  else if (!strcmp(kind, "variation"))
    spec->nsteps = 2;
  else
    luaL_error(L,
               "mj.image.picture: field 'kind': 'grid', 'tile' or 'variation' "
               "expected, got '%s'",
               kind);
}

/* image.picture{kind=, prompt=, label=, seed=, tile=, width=, height=,
   progress=} -> the bytes of a PNG file */
static int image_picture(lua_State *L) {
  struct mj_picture spec;
  struct mj_picture_step steps[2];
  struct lmj_png *png;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  check_names(L);
  memset(&spec, 0, sizeof spec);
  read_kind(L, &spec, steps);
  spec.prompt = text_field(L, "prompt");
  spec.label = text_field(L, "label");
  spec.width =
      (int)number_field(L, "width", 1024, MJ_PICTURE_MIN, MJ_PICTURE_MAX);
  spec.height =
      (int)number_field(L, "height", 1024, MJ_PICTURE_MIN, MJ_PICTURE_MAX);
  spec.progress = (int)number_field(L, "progress", 100, 0, 100);
  png = lua_newuserdatauv(L, sizeof *png, 0);
  png->p = NULL;
  luaL_setmetatable(L, PNG);
  if (mj_draw()->picture(&spec, &png->p, &png->n))
    return luaL_error(L, "mj.image.picture: out of memory");
  lua_pushlstring(L, (const char *)png->p, png->n);
  mj_draw()->free(png->p);
  png->p = NULL;
  return 1;
}

int luaopen_mj_image(lua_State *L) {
  static const luaL_Reg functions[] = {{"picture", image_picture},
                                       {NULL, NULL}};
  lmj_newmetatable(L, PNG);
  lua_pushcfunction(L, png_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  lua_pushlightuserdata(L, (void *)(uintptr_t)mj_draw());
  lua_setfield(L, -2, "draw");
  lua_pushstring(L, mj_draw_libraries());
  lua_setfield(L, -2, "library");
  return 1;
}
