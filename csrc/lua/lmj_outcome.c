/* SPDX-License-Identifier: MIT
   lmj_outcome.c - the client's option `outcomes`: what one gateway's replies to
   paid requests mean.  The values the core checks. */
#include "lmj.h"

#include <stddef.h>
#include <string.h>

#define O(field) offsetof(mj_outcome, field)
static const struct lmj_option rule_options[] = {
    {"http", LMJ_SPECIAL, 0, 0},
    {"code", LMJ_SPECIAL, 0, 0},
    {"text", LMJ_STRING, O(text), 0},
    {"means", LMJ_STRING, O(means), 0},
    {"error", LMJ_STRING, O(error), 0},
    {"retryable", LMJ_BOOL, O(retryable), 0},
    {NULL, LMJ_SPECIAL, 0, 0},
};
#undef O

/* A status, or {first, last}. */
static void read_http(lua_State *L, int t, mj_outcome *out) {
  lmj_rawfield(L, t, "http");
  if (lua_istable(L, -1)) {
    lua_rawgeti(L, -1, 1);
    out->http_first = lmj_whole(L, "http");
    lua_rawgeti(L, -2, 2);
    out->http_last = lmj_whole(L, "http");
    lua_pop(L, 2);
  } else if (!lua_isnil(L, -1)) {
    out->http_first = out->http_last = lmj_whole(L, "http");
  }
  lua_pop(L, 1);
}

static void read_code(lua_State *L, int t, mj_outcome *out) {
  lmj_rawfield(L, t, "code");
  if (!lua_isnil(L, -1)) {
    out->has_code = 1;
    out->code = lmj_whole(L, "code");
  }
  lua_pop(L, 1);
}

/* The array stays on the stack, as userdata, for the caller; so do the strings,
   in the user's table. */
void lmj_outcomes(lua_State *L, int t, mj_config *cfg) {
  mj_outcome *list;
  size_t i, n;
  lmj_rawfield(L, t, "outcomes");
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return;
  }
  if (!lua_istable(L, -1))
    luaL_error(L, "field 'outcomes': table expected, got %s",
               luaL_typename(L, -1));
  n = lua_rawlen(L, -1);
  list = lua_newuserdatauv(L, (n + 1) * sizeof *list, 0);
  for (i = 0; i < n; i++) {
    mj_outcome rule;
    memset(&rule, 0, sizeof rule);
    lua_rawgeti(L, -2, (lmj_index)(i + 1));
    lmj_options(L, lua_gettop(L), rule_options, &rule);
    read_http(L, lua_gettop(L), &rule);
    read_code(L, lua_gettop(L), &rule);
    list[i] = rule;
    lua_pop(L, 1);
  }
  cfg->outcomes = list;
  cfg->noutcomes = n;
}
