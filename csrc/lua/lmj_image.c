/* SPDX-License-Identifier: MIT
   lmj_image.c - the module mj.image: the simulator's pictures; masks and sizes
   of anybody's. */
#include "lcompat.h"
#include "image/draw.h"
#include "image/image.h"

#include <math.h>
#include <string.h>

#define PNG "mj.image.png"

LMJ_EXPORT int luaopen_mj_image(lua_State *L);

/* The bytes on their way into a Lua string, which may fail.  They are from
   malloc, whoever made them. */
struct lmj_png {
  unsigned char *p;
  size_t n;
};

static struct lmj_png *new_png(lua_State *L) {
  struct lmj_png *png = lua_newuserdatauv(L, sizeof *png, 0);
  png->p = NULL;
  luaL_setmetatable(L, PNG);
  return png;
}

static void push_png(lua_State *L, struct lmj_png *png) {
  lua_pushlstring(L, (const char *)png->p, png->n);
  mj_draw()->free(png->p);
  png->p = NULL;
}

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
  png = new_png(L);
  if (mj_draw()->picture(&spec, &png->p, &png->n))
    return luaL_error(L, "mj.image.picture: out of memory");
  push_png(L, png);
  return 1;
}

/* image.size(bytes) -> width, height, "png" | "jpeg" | "webp" | "gif"; nil for
   what is none of them.  Looks at the head of the file only. */
static int image_size(lua_State *L) {
  struct image_info info;
  size_t n;
  const char *data = luaL_checklstring(L, 1, &n);
  if (image_info(data, n, &info)) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushinteger(L, info.width);
  lua_pushinteger(L, info.height);
  lua_pushstring(L, info.type);
  return 3;
}

/* The numbers of the list on top of the stack, checked.  Leaves them in a box
   on top of it: no allocation is left behind by an error. */
static double *read_shape(lua_State *L, const char *kind, int i, size_t *n) {
  size_t count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
  double *out;
  if (count > 2 * MASK_POINTS)
    luaL_error(L, "mj.image.mask: %s[%d]: at most %d points", kind, i,
               MASK_POINTS);
  out = lua_newuserdatauv(L, (count + 1) * sizeof *out, 0);
  for (size_t k = 0; k < count; k++) {
    lua_rawgeti(L, -2, (lmj_index)k + 1);
    out[k] = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
    lua_pop(L, 1);
    if (!isfinite(out[k]))
      luaL_error(L, "mj.image.mask: %s[%d]: finite numbers expected", kind, i);
  }
  *n = count;
  return out;
}

static void add_four(lua_State *L, struct mask *m, const char *kind, int i,
                     void (*add)(struct mask *, double, double, double,
                                 double)) {
  size_t n;
  double *v = read_shape(L, kind, i, &n);
  if (n != 4 || !(v[2] > 0) || !(v[3] > 0))
    luaL_error(L,
               "mj.image.mask: %s[%d]: four numbers expected, the last two "
               "above 0",
               kind, i);
  add(m, v[0], v[1], v[2], v[3]);
}

static void add_polygon(lua_State *L, struct mask *m, int i) {
  size_t n;
  double *v = read_shape(L, "polygons", i, &n), *cut;
  if (n < 6 || n % 2)
    luaL_error(L,
               "mj.image.mask: polygons[%d]: three points or more expected, "
               "each with an x and a y",
               i);
  cut = lua_newuserdatauv(L, n * sizeof *cut, 0);
  mask_polygon(m, v, n / 2, cut);
}

static void add_shapes(lua_State *L, struct mask *m, const char *kind) {
  int top = lua_gettop(L), n;
  lmj_rawfield(L, 1, kind);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return;
  }
  if (!lua_istable(L, -1))
    luaL_error(L, "mj.image.mask: field '%s': list of shapes expected, got %s",
               kind, luaL_typename(L, -1));
  n = (int)lua_rawlen(L, -1);
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, top + 1, i);
    if (!strcmp(kind, "polygons"))
      add_polygon(L, m, i);
    else
      add_four(L, m, kind, i, *kind == 'r' ? mask_rect : mask_ellipse);
    lua_settop(L, top + 1);
  }
  lua_settop(L, top);
}

static int side(lua_State *L, const char *name) {
  lua_Number v;
  lmj_rawfield(L, 1, name);
  v = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
  if (!(v >= 1 && v <= MASK_MAX) || v != floor(v))
    luaL_error(L,
               "mj.image.mask: field '%s': whole number from 1 to %d expected",
               name, MASK_MAX);
  lua_pop(L, 1);
  return (int)v;
}

/* image.mask{width=, height=, rects={{x, y, w, h}, ...}, ellipses={{cx, cy, rx,
   ry}, ...}, polygons={{x1, y1, x2, y2, x3, y3, ...}, ...}, invert=}
   -> the bytes of a PNG, and how much of it is white (0 to 1) */
static int image_mask(lua_State *L) {
  struct mask m;
  struct lmj_png *png;
  size_t all;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  m.width = side(L, "width");
  m.height = side(L, "height");
  all = (size_t)m.width * (size_t)m.height;
  if (all > MASK_PIXELS)
    luaL_error(L, "mj.image.mask: more than %d pixels", MASK_PIXELS);
  m.p = lua_newuserdatauv(L, all, 0);
  memset(m.p, 0, all);
  add_shapes(L, &m, "rects");
  add_shapes(L, &m, "ellipses");
  add_shapes(L, &m, "polygons");
  lmj_rawfield(L, 1, "invert");
  if (lua_toboolean(L, -1))
    mask_invert(&m);
  png = new_png(L);
  if (mask_png(&m, &png->p, &png->n))
    return luaL_error(L, "mj.image.mask: out of memory");
  push_png(L, png);
  lua_pushnumber(L, (lua_Number)mask_count(&m) / (lua_Number)all);
  return 2;
}

/* image.cut(picture, mask) -> the bytes of a PNG that is transparent where the
   mask is white; nil and a text when one of them cannot be read */
static int image_cut_lua(lua_State *L) {
  static const char *const why[] = {
      "", "out of memory", "the picture cannot be decoded",
      "the mask cannot be decoded", "picture and mask differ in size"};
  size_t n, mask_n;
  const char *picture = luaL_checklstring(L, 1, &n);
  const char *mask = luaL_checklstring(L, 2, &mask_n);
  struct lmj_png *png = new_png(L);
  enum image_error e = image_cut(picture, n, mask, mask_n, &png->p, &png->n);
  if (e != IMAGE_OK) {
    lua_pushnil(L);
    lua_pushstring(L, why[e]);
    return 2;
  }
  push_png(L, png);
  return 1;
}

/* image.white(mask) -> how much of it is white (0 to 1); nil when it cannot be
   decoded */
static int image_white_lua(lua_State *L) {
  size_t n;
  const char *mask = luaL_checklstring(L, 1, &n);
  double white = image_white(mask, n);
  if (white < 0)
    lua_pushnil(L);
  else
    lua_pushnumber(L, white);
  return 1;
}

int luaopen_mj_image(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"picture", image_picture}, {"size", image_size},
      {"mask", image_mask},       {"cut", image_cut_lua},
      {"white", image_white_lua}, {NULL, NULL}};
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
