/* SPDX-License-Identifier: MIT
   lmj_limits.c - the methods of a client's box that are about its limits. */
#include "lmj_box.h"

#include <math.h>

static void push_rate(lua_State *L, const char *name, double value) {
  lua_pushnumber(L, (lua_Number)value);
  lua_setfield(L, -2, name);
}

/* Nothing there: 0; without an end: infinite. */
static void push_time(lua_State *L, const char *name, int64_t ms) {
  lua_pushnumber(L, ms < 0 ? (lua_Number)HUGE_VAL : (lua_Number)ms / 1000);
  lua_setfield(L, -2, name);
}

/* box:limits([{submits=, requests=, live=}]) -> as they are now */
int lmj_box_limits(lua_State *L) {
  mj_limits l = {.submits_per_min = -1, .requests_per_min = -1, .live = -1};
  static const struct lmj_option options[] = {
      {"submits", LMJ_NUMBER, offsetof(mj_limits, submits_per_min), 0},
      {"requests", LMJ_NUMBER, offsetof(mj_limits, requests_per_min), 0},
      {"live", LMJ_INT, offsetof(mj_limits, live), 0},
      {NULL, LMJ_SPECIAL, 0, 0},
  };
  mj_error err;
  LMJ_OPEN_BOX(c);
  if (!lua_isnoneornil(L, 2)) {
    lmj_options(L, 2, options, &l);
    if (mj_limits_set(c, &l, &err) != MJ_OK)
      return lmj_fail(L, &err);
  }
  lua_createtable(L, 0, 10);
  mj_limits_get(c, &l);
  push_rate(L, "submits", l.submits_per_min);
  push_rate(L, "requests", l.requests_per_min);
  lua_pushinteger(L, l.live);
  lua_setfield(L, -2, "live");
  lua_pushinteger(L, l.window);
  lua_setfield(L, -2, "window");
  lua_pushinteger(L, l.used);
  lua_setfield(L, -2, "used");
  lua_pushinteger(L, l.quota);
  lua_setfield(L, -2, "quota");
  push_time(L, "paused", l.paused_ms);
  push_time(L, "slowed", l.slowed_ms);
  push_rate(L, "pace", l.pace_per_min);
  push_time(L, "resting", l.resting_ms);
  return 1;
}

/* box:pause([seconds]); 0 = go on */
int lmj_box_pause(lua_State *L) {
  int64_t ms = lmj_opt_ms(L, 2, -1);
  LMJ_OPEN_BOX(c);
  mj_pause(c, ms);
  return lmj_result(L, MJ_OK);
}
