/* SPDX-License-Identifier: MIT
   lmj_opt.c - tables of options into the structs of the core.  Types are
   checked here; what a value means, and its range, the core decides. */
#include "lmj.h"

#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

static int field_error(lua_State *L, const char *field, const char *expected) {
  return luaL_error(L, "field '%s': %s expected, got %s", field, expected,
                    luaL_typename(L, -1));
}

/* No coercion: a number is not a prompt.  A NUL would cut the text short. */
const char *lmj_text(lua_State *L, const char *field) {
  size_t n;
  const char *s;
  if (lua_type(L, -1) != LUA_TSTRING)
    field_error(L, field, "string");
  s = lua_tolstring(L, -1, &n);
  if (strlen(s) != n)
    luaL_error(L, "field '%s': contains a NUL byte", field);
  return s;
}

const char *lmj_check_text(lua_State *L, int arg) {
  size_t n;
  const char *s = luaL_checklstring(L, arg, &n);
  luaL_argcheck(L, strlen(s) == n, arg, "contains a NUL byte");
  return s;
}

static double number(lua_State *L, const char *field) {
  double d;
  if (lua_type(L, -1) != LUA_TNUMBER)
    field_error(L, field, "number");
  d = (double)lua_tonumber(L, -1);
  if (!(d >= 0) || isinf(d))
    luaL_error(L, "field '%s': a number from 0 up expected", field);
  return d;
}

int lmj_whole(lua_State *L, const char *field) {
  double d;
  if (lua_type(L, -1) != LUA_TNUMBER)
    field_error(L, field, "number");
  d = (double)lua_tonumber(L, -1);
  if (!(fabs(d) <= INT_MAX) || d != floor(d))
    luaL_error(L, "field '%s': a whole number expected", field);
  return (int)d;
}

static double seconds_of(lua_State *L, const char *field) {
  double d = number(L, field);
  if (d > 1e9)
    luaL_error(L, "field '%s': too many seconds", field);
  return d;
}

/* Rounded up: waiting a little too long is a turn less than too short. */
int64_t lmj_ms(double seconds) {
  return (int64_t)ceil(seconds * 1000 - 1e-6);
}

static double whole(lua_State *L, const char *field, double max) {
  double d = number(L, field);
  if (d != floor(d) || d > max)
    luaL_error(L, "field '%s': a whole number expected", field);
  return d;
}

static int truth(lua_State *L, const char *field) {
  if (!lua_isboolean(L, -1))
    field_error(L, field, "boolean");
  return lua_toboolean(L, -1);
}

static void store(lua_State *L, const struct lmj_option *o, void *out) {
  char *p = (char *)out + o->offset;
  size_t n;
  switch (o->kind) {
  case LMJ_STRING:
    *(const char **)(void *)p = lmj_text(L, o->name);
    break;
  case LMJ_BYTES:
    if (lua_type(L, -1) != LUA_TSTRING)
      field_error(L, o->name, "string");
    *(const char **)(void *)p = lua_tolstring(L, -1, &n);
    *(size_t *)(void *)((char *)out + o->offset2) = n;
    break;
  case LMJ_SECONDS:
    *(int64_t *)(void *)p = lmj_ms(seconds_of(L, o->name));
    break;
  case LMJ_NUMBER:
    *(double *)(void *)p = number(L, o->name);
    break;
  case LMJ_INT:
    *(int *)(void *)p = (int)whole(L, o->name, INT_MAX);
    break;
  case LMJ_OFFSET:
    *(int *)(void *)p = lmj_whole(L, o->name);
    break;
  case LMJ_SIZE:
    *(size_t *)(void *)p = (size_t)whole(L, o->name, 9e15);
    break;
  case LMJ_BOOL:
    *(int *)(void *)p = truth(L, o->name);
    break;
  case LMJ_SPECIAL:
    break;
  }
}

void lmj_options(lua_State *L, int t, const struct lmj_option *options,
                 void *out) {
  const struct lmj_option *o;
  luaL_checktype(L, t, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, t)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      luaL_error(L, "unknown option (a %s)", luaL_typename(L, -2));
    for (o = options; o->name; o++)
      if (strcmp(o->name, lua_tostring(L, -2)) == 0)
        break;
    if (!o->name)
      luaL_error(L, "unknown option '%s'", lua_tostring(L, -2));
    store(L, o, out);
    lua_pop(L, 1);
  }
}

/* Pushes the field of the table at `t`; 1 if it is a table, 0 if absent. */
static int table_field(lua_State *L, int t, const char *name) {
  lmj_rawfield(L, t, name);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return 0;
  }
  if (!lua_istable(L, -1))
    field_error(L, name, "table");
  return 1;
}

/* Client ------------------------------------------------------------------ */

#define C(field) offsetof(mj_config, field)
static const struct lmj_option config_options[] = {
    {"base_url", LMJ_STRING, C(base_url), 0},
    {"api_key", LMJ_STRING, C(api_key), 0},
    {"auth", LMJ_STRING, C(auth), 0},
    {"dialect", LMJ_STRING, C(dialect), 0},
    {"mode", LMJ_STRING, C(mode), 0},
    {"mode_style", LMJ_STRING, C(mode_style), 0},
    {"prefix", LMJ_STRING, C(prefix), 0},
    {"user_agent", LMJ_STRING, C(user_agent), 0},
    {"proxy", LMJ_STRING, C(proxy), 0},
    {"ca_file", LMJ_STRING, C(ca_file), 0},
    {"ca_path", LMJ_STRING, C(ca_path), 0},
    {"wire_state", LMJ_STRING, C(wire_state), 0},
    {"image_host", LMJ_STRING, C(image_host), 0},
    {"journal", LMJ_STRING, C(journal), 0},
    {"run", LMJ_STRING, C(run), 0},
    {"fresh", LMJ_BOOL, C(fresh), 0},
    {"on_unknown", LMJ_STRING, C(on_unknown), 0},
    {"seed_tag", LMJ_BOOL, C(seed_tag), 0},
    {"prices", LMJ_SPECIAL, 0, 0},
    {"refund", LMJ_BOOL, C(refund), 0},
    {"budget", LMJ_SPECIAL, 0, 0},
    {"budget_per", LMJ_STRING, C(budget_per), 0},
    {"budget_name", LMJ_STRING, C(budget_name), 0},
    {"dry_run", LMJ_BOOL, C(dry_run), 0},
    {"headers", LMJ_SPECIAL, 0, 0},
    {"allow_hosts", LMJ_SPECIAL, 0, 0},
    {"outcomes", LMJ_SPECIAL, 0, 0},
    {"poll_first", LMJ_SECONDS, C(poll.first_ms), 0},
    {"poll_gaps", LMJ_SPECIAL, 0, 0},
    {"submits", LMJ_NUMBER, C(submits_per_min), 0},
    {"requests", LMJ_NUMBER, C(requests_per_min), 0},
    {"live", LMJ_INT, C(live), 0},
    {"shared", LMJ_BOOL, C(share_limits), 0},
    {"connections", LMJ_INT, C(connections), 0},
    {"attempts", LMJ_INT, C(attempts), 0},
    {"connect_timeout", LMJ_SECONDS, C(connect_timeout_ms), 0},
    {"request_timeout", LMJ_SECONDS, C(request_timeout_ms), 0},
    {"submit_timeout", LMJ_SECONDS, C(submit_timeout_ms), 0},
    {"fetch_timeout", LMJ_SECONDS, C(fetch_timeout_ms), 0},
    {"lost_after", LMJ_SECONDS, C(lost_after_ms), 0},
    {"busy", LMJ_SECONDS, C(busy_ms), 0},
    {"max_reply", LMJ_SIZE, C(max_reply), 0},
    {"max_image", LMJ_SIZE, C(max_image), 0},
    {"threads", LMJ_INT, C(threads), 0},
    {"log", LMJ_SPECIAL, 0, 0},
    {"virtual", LMJ_SPECIAL, 0, 0},
    {"tape", LMJ_SPECIAL, 0, 0},
    {NULL, LMJ_SPECIAL, 0, 0},
};
#undef C

/* The arrays made here stay on the stack, as userdata, for the caller. */
static void read_headers(lua_State *L, int t, mj_config *cfg) {
  mj_header *list;
  size_t n = 0;
  if (!table_field(L, t, "headers"))
    return;
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      luaL_error(L, "field 'headers': names must be strings");
    lmj_text(L, "headers");
    n++;
  }
  list = lua_newuserdatauv(L, (n + 1) * sizeof *list, 0);
  n = 0;
  for (lua_pushnil(L); lua_next(L, -3); lua_pop(L, 1)) {
    list[n].name = lua_tostring(L, -2);
    list[n++].value = lua_tostring(L, -1);
  }
  cfg->headers = list;
  cfg->nheaders = n;
}

static void read_hosts(lua_State *L, int t, mj_config *cfg) {
  const char **list;
  size_t i, n;
  if (!table_field(L, t, "allow_hosts"))
    return;
  n = lua_rawlen(L, -1);
  list = lua_newuserdatauv(L, (n + 1) * sizeof *list, 0);
  for (i = 0; i < n; i++) {
    lua_rawgeti(L, -2, (lmj_index)(i + 1));
    list[i] = lmj_text(L, "allow_hosts");
    lua_pop(L, 1);
  }
  cfg->allow_hosts = list;
  cfg->nallow_hosts = n;
}

static void read_gaps(lua_State *L, int t, mj_config *cfg) {
  const size_t most = sizeof cfg->poll.gaps_ms / sizeof cfg->poll.gaps_ms[0];
  size_t i, n;
  if (!table_field(L, t, "poll_gaps"))
    return;
  n = lua_rawlen(L, -1);
  if (n < 1 || n > most)
    luaL_error(L, "field 'poll_gaps': 1 to %d numbers expected", (int)most);
  for (i = 0; i < n; i++) {
    lua_rawgeti(L, -1, (lmj_index)(i + 1));
    cfg->poll.gaps_ms[i] = lmj_ms(seconds_of(L, "poll_gaps"));
    lua_pop(L, 1);
  }
  cfg->poll.ngaps = n;
  lua_pop(L, 1);
}

static void read_virtual(lua_State *L, int t, mj_config *cfg) {
  struct lmj_capsule *capsule;
  lmj_rawfield(L, t, "virtual");
  if (!lua_isnil(L, -1)) {
    capsule = lua_touserdata(L, -1);
    if (!lua_islightuserdata(L, -1) || !capsule ||
        memcmp(capsule->magic, LMJ_MAGIC, sizeof capsule->magic) != 0)
      field_error(L, "virtual", "capsule"); /* does not return */
    else
      capsule->config(capsule->ud, cfg);
  }
  lua_pop(L, 1);
}

void lmj_config(lua_State *L, int t, mj_config *cfg) {
  lmj_options(L, t, config_options, cfg);
  read_headers(L, t, cfg);
  read_hosts(L, t, cfg);
  lmj_outcomes(L, t, cfg);
  read_gaps(L, t, cfg);
  lmj_read_money(L, t, cfg);
  read_virtual(L, t, cfg);
  lmj_rawfield(L, t, "tape");
  cfg->tape = lua_isnil(L, -1) ? NULL : lmj_check_tape(L, -1);
  lua_pop(L, 1);
}

/* Request ----------------------------------------------------------------- */

#define R(field) offsetof(mj_request, field)
static const struct lmj_option request_options[] = {
    {"op", LMJ_SPECIAL, 0, 0},
    {"prompt", LMJ_STRING, R(prompt), 0},
    {"params", LMJ_SPECIAL, 0, 0},
    {"pictures", LMJ_SPECIAL, 0, 0},
    {"mask", LMJ_SPECIAL, 0, 0},
    {"areas", LMJ_SPECIAL, 0, 0},
    {"canvas", LMJ_SPECIAL, 0, 0},
    {"place", LMJ_SPECIAL, 0, 0},
    {"zoom", LMJ_NUMBER, R(zoom), 0},
    {"task", LMJ_STRING, R(task), 0},
    {"button", LMJ_STRING, R(button), 0},
    {"task_json", LMJ_BYTES, R(task_json), R(task_json_len)},
    {"remix", LMJ_BOOL, R(remix), 0},
    {"type", LMJ_STRING, R(type), 0},
    {"strength", LMJ_STRING, R(strength), 0},
    {"provider", LMJ_STRING, R(provider), 0},
    {"input", LMJ_STRING, R(input_json), 0},
    {"dimensions", LMJ_STRING, R(dimensions), 0},
    {"language", LMJ_STRING, R(language), 0},
    {"motion", LMJ_STRING, R(motion), 0},
    {"video_type", LMJ_STRING, R(video_type), 0},
    {"loop", LMJ_BOOL, R(loop), 0},
    {"batch", LMJ_INT, R(batch), 0},
    {"index", LMJ_INT, R(index), 0},
    {"bot", LMJ_STRING, R(bot), 0},
    {"notify_hook", LMJ_STRING, R(notify_hook), 0},
    {"account_filter", LMJ_STRING, R(account_filter), 0},
    {"mode", LMJ_STRING, R(mode), 0},
    {"state", LMJ_STRING, R(state), 0},
    {"extra", LMJ_STRING, R(extra_json), 0},
    {"lenient", LMJ_BOOL, R(lenient), 0},
    {"key", LMJ_STRING, R(key), 0},
    {"on_duplicate", LMJ_STRING, R(on_duplicate), 0},
    {"progress", LMJ_BOOL, R(progress), 0},
    {"group", LMJ_INT, R(group), 0},
    {"deadline", LMJ_SECONDS, R(deadline_ms), 0},
    {"attempts", LMJ_INT, R(attempts), 0},
    {NULL, LMJ_SPECIAL, 0, 0},
};
#undef R

/* The core's names are the only list of verbs. */
static mj_op read_op(lua_State *L, int t) {
  const char *name, *known;
  int op;
  lmj_rawfield(L, t, "op");
  name = lmj_text(L, "op");
  for (op = MJ_OP_IMAGINE; (known = mj_op_name((mj_op)op)) != NULL; op++)
    if (strcmp(known, name) == 0)
      break;
  if (!known)
    luaL_error(L, "field 'op': no verb '%s'", name);
  lua_pop(L, 1);
  return (mj_op)op;
}

/* params = {{name, value}, ...}; the array stays on the stack. */
static void read_params(lua_State *L, int t, mj_request *r) {
  mj_param *list;
  size_t i, n;
  if (!table_field(L, t, "params"))
    return;
  n = lua_rawlen(L, -1);
  list = lua_newuserdatauv(L, (n + 1) * sizeof *list, 0);
  for (i = 0; i < n; i++) {
    lua_rawgeti(L, -2, (lmj_index)(i + 1));
    if (!lua_istable(L, -1))
      field_error(L, "params", "list of {name, value}");
    lua_rawgeti(L, -1, 1);
    list[i].name = lmj_text(L, "params");
    lua_pop(L, 1);
    lua_rawgeti(L, -1, 2);
    list[i].value = lmj_text(L, "params");
    lua_pop(L, 2);
  }
  r->params = list;
  r->nparams = n;
}

/* {url=} or {bytes=}, on top of the stack; the table keeps both. */
static void read_picture(lua_State *L, const char *field, mj_picture *p) {
  memset(p, 0, sizeof *p);
  if (!lua_istable(L, -1))
    field_error(L, field, "{url=} or {bytes=}");
  lmj_rawfield(L, -1, "url");
  if (!lua_isnil(L, -1))
    p->url = lmj_text(L, field);
  lua_pop(L, 1);
  lmj_rawfield(L, -1, "bytes");
  if (lua_type(L, -1) == LUA_TSTRING)
    p->bytes = lua_tolstring(L, -1, &p->len);
  lua_pop(L, 1);
  if (!p->url == !p->bytes)
    luaL_error(L, "field '%s': {url=} or {bytes=} expected", field);
}

/* The array stays on the stack. */
static void read_pictures(lua_State *L, int t, mj_request *r) {
  mj_picture *list;
  size_t i, n;
  if (!table_field(L, t, "pictures"))
    return;
  n = lua_rawlen(L, -1);
  list = lua_newuserdatauv(L, (n + 1) * sizeof *list, 0);
  for (i = 0; i < n; i++) {
    lua_rawgeti(L, -2, (lmj_index)(i + 1));
    read_picture(L, "pictures", &list[i]);
    lua_pop(L, 1);
  }
  r->pictures = list;
  r->npictures = n;
}

static void read_mask(lua_State *L, int t, mj_request *r) {
  mj_picture *mask;
  if (!table_field(L, t, "mask"))
    return;
  mask = lua_newuserdatauv(L, sizeof *mask, 0);
  lua_pushvalue(L, -2);
  read_picture(L, "mask", mask);
  lua_pop(L, 1);
  r->mask = mask;
}

/* The points of the area on top of the stack, into points[most]. */
static size_t read_points(lua_State *L, int *points, size_t most) {
  size_t i, n;
  if (!table_field(L, lua_gettop(L), "points"))
    return 0;
  n = lua_rawlen(L, -1);
  if (n > most) /* a finalizer made it longer */
    luaL_error(L, "field 'points': it changes while it is read");
  for (i = 0; i < n; i++) {
    lua_rawgeti(L, -1, (lmj_index)(i + 1));
    points[i] = (int)whole(L, "points", INT_MAX);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return n;
}

/* How many numbers all areas of the list on top of the stack have. */
static size_t count_points(lua_State *L, size_t n) {
  size_t i, count = 0;
  for (i = 0; i < n; i++) {
    lua_rawgeti(L, -1, (lmj_index)(i + 1));
    if (!lua_istable(L, -1))
      field_error(L, "areas", "list of {width=, height=, points=}");
    if (table_field(L, lua_gettop(L), "points")) {
      count += lua_rawlen(L, -1);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  return count;
}

/* The arrays stay on the stack: one of areas, one of all their points. */
static void read_areas(lua_State *L, int t, mj_request *r) {
  static const struct lmj_option members[] = {
      {"width", LMJ_INT, offsetof(mj_area, width), 0},
      {"height", LMJ_INT, offsetof(mj_area, height), 0},
      {"points", LMJ_SPECIAL, 0, 0},
      {NULL, LMJ_SPECIAL, 0, 0},
  };
  mj_area *list;
  int *points;
  size_t i, n, left;
  if (!table_field(L, t, "areas"))
    return;
  n = lua_rawlen(L, -1);
  left = count_points(L, n);
  list = lua_newuserdatauv(L, (n + 1) * sizeof *list, 0);
  memset(list, 0, (n + 1) * sizeof *list);
  points = lua_newuserdatauv(L, (left + 1) * sizeof *points, 0);
  for (i = 0; i < n; i++) {
    lua_rawgeti(L, -3, (lmj_index)(i + 1));
    lmj_options(L, lua_gettop(L), members, &list[i]);
    list[i].points = points;
    list[i].npoints = read_points(L, points, left);
    points += list[i].npoints;
    left -= list[i].npoints;
    lua_pop(L, 1);
  }
  r->areas = list;
  r->nareas = n;
}

/* {x=, y=, width=, height=}, or NULL; it stays on the stack. */
static const mj_box *read_box(lua_State *L, int t, const char *name) {
  static const struct lmj_option members[] = {
      {"x", LMJ_OFFSET, offsetof(mj_box, x), 0},
      {"y", LMJ_OFFSET, offsetof(mj_box, y), 0},
      {"width", LMJ_INT, offsetof(mj_box, width), 0},
      {"height", LMJ_INT, offsetof(mj_box, height), 0},
      {NULL, LMJ_SPECIAL, 0, 0},
  };
  mj_box *box;
  if (!table_field(L, t, name))
    return NULL;
  box = lua_newuserdatauv(L, sizeof *box, 0);
  memset(box, 0, sizeof *box);
  lmj_options(L, lua_gettop(L) - 1, members, box);
  return box;
}

void lmj_request(lua_State *L, int t, mj_request *r) {
  lmj_options(L, t, request_options, r);
  r->op = read_op(L, t);
  read_params(L, t, r);
  read_pictures(L, t, r);
  read_mask(L, t, r);
  read_areas(L, t, r);
  r->canvas = read_box(L, t, "canvas");
  r->place = read_box(L, t, "place");
}
