/* SPDX-License-Identifier: MIT
   lmj_money.c - prices, budgets, and what was paid for. */
#include "lmj_box.h"

#include <locale.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUMS "mj.core.sums"

enum { TEXTS = 5 };
static const char *const names[TEXTS] = {"gateway", "budget", "run", "verb",
                                         "mode"};

/* Amounts ------------------------------------------------------------------ */

/* snprintf follows the locale's decimal point; an amount's text does not. */
static void print_amount(char *text, size_t size, const char *fmt, double n) {
  const char *point = localeconv()->decimal_point;
  char *at;
  (void)snprintf(text, size, fmt, n);
  at = strstr(text, point);
  if (at) {
    *at = '.';
    memmove(at + 1, at + strlen(point), strlen(at + strlen(point)) + 1);
  }
}

/* The value on top of the stack: a number or its text.  14 digits are more than
   an amount has, and fewer than a double's noise. */
static int64_t amount(lua_State *L, const char *field) {
  char text[40];
  int64_t n = 0;
  int rc = MJ_EINVALID;
  if (lua_type(L, -1) == LUA_TNUMBER) {
    double d = (double)lua_tonumber(L, -1);
    print_amount(text, sizeof text, "%.14g", d);
    rc = mj_amount_parse(text, &n);
    if (rc && strchr(text, 'e')) { /* 1e-05 */
      print_amount(text, sizeof text, "%.6f", d);
      rc = mj_amount_parse(text, &n);
      if (rc == MJ_OK && (double)n / 1e6 != d)
        rc = MJ_EINVALID;
    }
  } else if (lua_type(L, -1) == LUA_TSTRING) {
    rc = mj_amount_parse(lmj_text(L, field), &n);
  }
  if (rc)
    luaL_error(L,
               "field '%s': an amount expected, from 0 to 100000000 with at "
               "most six decimals",
               field);
  return n;
}

static void push_amount(lua_State *L, int64_t n) {
  lua_pushnumber(L, (lua_Number)n / 1e6);
}

/* Prices ------------------------------------------------------------------- */

static void read_row(lua_State *L, mj_price *p) {
  static const struct lmj_option members[] = {
      {"what", LMJ_STRING, offsetof(mj_price, what), 0},
      {"mode", LMJ_STRING, offsetof(mj_price, mode), 0},
      {"gateway", LMJ_STRING, offsetof(mj_price, gateway), 0},
      {"price", LMJ_SPECIAL, 0, 0},
      {NULL, LMJ_SPECIAL, 0, 0},
  };
  memset(p, 0, sizeof *p);
  lmj_options(L, lua_gettop(L), members, p);
  lmj_rawfield(L, -1, "price");
  p->amount = amount(L, "prices");
  lua_pop(L, 1);
}

/* The list on top of the stack; the array stays above it. */
static const mj_price *read_list(lua_State *L, size_t *count) {
  size_t i, n = lua_rawlen(L, -1);
  mj_price *list = lua_newuserdatauv(L, (n + 1) * sizeof *list, 0);
  for (i = 0; i < n; i++) {
    lua_rawgeti(L, -2, (lmj_index)(i + 1));
    read_row(L, &list[i]);
    lua_pop(L, 1);
  }
  *count = n;
  return list;
}

void lmj_read_money(lua_State *L, int t, mj_config *cfg) {
  lmj_rawfield(L, t, "prices");
  if (!lua_isnil(L, -1)) {
    luaL_checktype(L, -1, LUA_TTABLE);
    cfg->prices = read_list(L, &cfg->nprices);
  }
  lmj_rawfield(L, t, "budget");
  if (!lua_isnil(L, -1))
    cfg->budget = amount(L, "budget");
}

/* core.price(list, what, mode, gateway) -> amount or nil */
int lmj_price(lua_State *L) {
  const char *what = lmj_check_text(L, 2);
  const char *mode = lua_isnoneornil(L, 3) ? NULL : lmj_check_text(L, 3);
  const char *gateway = lua_isnoneornil(L, 4) ? NULL : lmj_check_text(L, 4);
  const mj_price *list;
  int64_t found = 0;
  size_t n;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_pushvalue(L, 1);
  list = read_list(L, &n);
  if (!mj_price_find(list, n, what, mode, gateway, &found))
    return 0;
  push_amount(L, found);
  return 1;
}

/* Budget ------------------------------------------------------------------- */

/* box:budget() -> {limit=, reserved=, unknown=, spent=, left=} */
int lmj_box_budget(lua_State *L) {
  mj_budget b;
  int64_t taken;
  LMJ_OPEN_BOX(c);
  mj_budget_get(c, &b);
  taken = b.reserved + b.unknown + b.spent;
  lua_createtable(L, 0, 5);
#define FIELD(name, value)                                                     \
  push_amount(L, value);                                                       \
  lua_setfield(L, -2, #name)
  FIELD(reserved, b.reserved);
  FIELD(unknown, b.unknown);
  FIELD(spent, b.spent);
  if (b.limit >= 0) {
    FIELD(limit, b.limit);
    FIELD(left, b.limit > taken ? b.limit - taken : 0);
  }
#undef FIELD
  return 1;
}

/* box:set_budget(limit or nil) -> true; nil, err. */
int lmj_box_set_budget(lua_State *L) {
  int64_t limit = -1;
  mj_error err;
  lua_settop(L, 2);
  if (!lua_isnil(L, 2))
    limit = amount(L, "limit");
  memset(&err, 0, sizeof err);
  LMJ_OPEN_BOX(c);
  if (mj_budget_set(c, limit, &err))
    return lmj_fail(L, &err);
  lua_pushboolean(L, 1);
  return 1;
}

/* Sums --------------------------------------------------------------------- */

/* As the rows of lmj_journal.c: gathered while Lua stands still. */
struct sum {
  struct sum *next;
  mj_money m;
  const char *texts[TEXTS];
};

struct sums {
  struct sum *first, *last;
  int failed;
};

static int gather(void *ud, const mj_money *m) {
  const char *texts[TEXTS] = {m->gateway, m->budget, m->run, m->what, m->mode};
  struct sums *list = ud;
  size_t size = sizeof(struct sum), n;
  struct sum *s;
  char *to;
  int i;
  for (i = 0; i < TEXTS; i++)
    size += texts[i] ? strlen(texts[i]) + 1 : 0;
  s = malloc(size);
  if (!s) {
    list->failed = 1;
    return 1;
  }
  s->next = NULL;
  s->m = *m;
  to = (char *)(s + 1);
  for (i = 0; i < TEXTS; i++) {
    s->texts[i] = texts[i] ? to : NULL;
    n = texts[i] ? strlen(texts[i]) + 1 : 0;
    if (n)
      memcpy(to, texts[i], n);
    to += n;
  }
  if (list->last)
    list->last->next = s;
  else
    list->first = s;
  list->last = s;
  return 0;
}

static int free_sums(lua_State *L) {
  struct sums *list = lua_touserdata(L, 1);
  while (list->first) {
    struct sum *next = list->first->next;
    free(list->first);
    list->first = next;
  }
  return 0;
}

static struct sums *new_sums(lua_State *L) {
  struct sums *list = lua_newuserdatauv(L, sizeof *list, 0);
  memset(list, 0, sizeof *list);
  if (luaL_newmetatable(L, SUMS)) {
    lua_pushcfunction(L, free_sums);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return list;
}

static void push_sum(lua_State *L, const struct sum *s) {
  int i;
  lua_createtable(L, 0, TEXTS + 6);
  for (i = 0; i < TEXTS; i++)
    if (s->texts[i]) {
      lua_pushstring(L, s->texts[i]);
      lua_setfield(L, -2, names[i]);
    }
  lua_pushnumber(L, (lua_Number)s->m.day_wall_ms / 1000);
  lua_setfield(L, -2, "day");
#define COUNT(name)                                                            \
  lua_pushinteger(L, (lua_Integer)s->m.name);                                  \
  lua_setfield(L, -2, #name)
  COUNT(count);
  COUNT(unpriced);
  COUNT(reserved); /* in millionths: sums are made of these */
  COUNT(unknown);
  COUNT(spent);
#undef COUNT
}

static int push_sums(lua_State *L, int rc, const struct sums *list,
                     const mj_error *err) {
  const struct sum *s;
  lmj_index n = 0;
  if (rc)
    return lmj_fail(L, err);
  if (list->failed)
    return lmj_fail_code(L, MJ_ERESOURCE);
  lua_newtable(L);
  for (s = list->first; s; s = s->next) {
    push_sum(L, s);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

/* box:money() -> list of tables; nil, err. */
int lmj_box_money(lua_State *L) {
  struct sums *list = new_sums(L);
  mj_error err;
  int rc;
  LMJ_OPEN_BOX(c);
  memset(&err, 0, sizeof err);
  rc = mj_money_each(c, gather, list, &err);
  return push_sums(L, rc, list, &err);
}

/* core.money(path) -> list of tables; nil, err. */
int lmj_money(lua_State *L) {
  const char *path = lmj_check_text(L, 1);
  struct sums *list = new_sums(L);
  mj_error err;
  int rc;
  memset(&err, 0, sizeof err);
  rc = mj_money_read(path, gather, list, &err);
  return push_sums(L, rc, list, &err);
}
