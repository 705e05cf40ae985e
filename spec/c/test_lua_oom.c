/* SPDX-License-Identifier: MIT
   test_lua_oom.c - no memory, at each point in turn, for Lua and core alike:
   nothing crashes, leaks, hangs or is paid for twice; every failure is an error
   that Lua can catch. */
#define _XOPEN_SOURCE 700
#include "test.h"
#include "lmj.h"

#include <lualib.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum mode { ONCE, FROM };

/* The journal's writer is a thread. */
static struct {
  atomic_int armed;
  enum mode mode;
  atomic_ulong calls;
  unsigned long fail_at;
  atomic_long blocks; /* not freed yet */
} memory;

/* "Once" is twice in a row: Lua collects its garbage and tries again. */
static int fails(void) {
  unsigned long n;
  if (!memory.armed)
    return 0;
  n = atomic_fetch_add(&memory.calls, 1) + 1;
  if (memory.mode == ONCE)
    return n == memory.fail_at || n == memory.fail_at + 1;
  return n >= memory.fail_at;
}

/* A lua_Alloc and an mj_alloc_fn. */
static void *take(void *ud, void *p, size_t osize, size_t nsize) {
  void *q;
  (void)ud;
  if (nsize == 0) {
    memory.blocks -= p != NULL;
    free(p);
    return NULL;
  }
  if ((!p || nsize > osize) && fails())
    return NULL;
  q = realloc(p, nsize);
  memory.blocks += !p && q;
  return q;
}

static int arm(lua_State *L) {
  (void)L;
  memory.armed = 1;
  return 0;
}

/* The world's capsule, and our allocator with it. */
static struct lmj_capsule *inner;

static void configure(void *ud, mj_config *cfg) {
  (void)ud;
  inner->config(inner->ud, cfg);
  cfg->alloc = take;
}

static struct lmj_capsule capsule = {LMJ_MAGIC, configure, NULL};

int luaopen_mjtest(lua_State *L);

static void preload(lua_State *L, const char *name, lua_CFunction open) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, open);
  lua_setfield(L, -2, name);
  lua_pop(L, 2);
}

/* The modules, compiled once for thousands of states: { name, its code }. */
static struct code {
  char name[48], *bytes;
  size_t n;
} codes[128];

static int keep_code(lua_State *L, const void *p, size_t n, void *ud) {
  struct code *code = ud;
  char *more = realloc(code->bytes, code->n + n);
  (void)L;
  if (!more)
    return 1;
  code->bytes = more;
  memcpy(more + code->n, p, n);
  code->n += n;
  return 0;
}

/* A searcher in front of the others; what is in no file is theirs. */
static int search(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  struct code *code = codes;
  while (code->n && strcmp(code->name, name) != 0)
    code++;
  assert_true(code < codes + COUNT(codes) - 1);
  if (!code->n) {
    int armed = memory.armed;
    memory.armed = 0;
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchpath");
    lua_pushvalue(L, 1);
    lua_getfield(L, 2, "path");
    lua_call(L, 2, 1);
    if (lua_isnil(L, -1)) {
      memory.armed = armed;
      return 1;
    }
    assert_int_equal(luaL_loadfile(L, lua_tostring(L, -1)), LUA_OK);
    (void)snprintf(code->name, sizeof code->name, "%s", name);
    assert_int_equal(lua_dump(L, keep_code, code, 0), 0);
    memory.armed = armed;
  }
  if (luaL_loadbuffer(L, code->bytes, code->n, name) != LUA_OK)
    return lua_error(L);
  return 1;
}

/* What the world counted; stack: ..., world. */
static lua_Integer count(lua_State *L, const char *name) {
  lua_Integer n;
  lua_getfield(L, -1, "counts");
  lua_pushvalue(L, -2);
  assert_int_equal(lua_pcall(L, 1, 1, 0), LUA_OK);
  lua_getfield(L, -1, name);
  n = lua_tointeger(L, -1);
  lua_pop(L, 2);
  return n;
}

/* Leaves scenarios and world on the stack. */
static lua_State *begin(void) {
  char path[512], chunk[700];
  const char *root = getenv("MJ_SOURCE_DIR");
  lua_State *L = lua_newstate(take, NULL);
  assert_non_null(L);
  assert_non_null(root);
  luaL_openlibs(L);
  preload(L, "mj.core", luaopen_mj_core);
  preload(L, "mjtest", luaopen_mjtest);
  (void)snprintf(
      chunk, sizeof chunk,
      "package.path = '%s/lua/?.lua;%s/lua/?/init.lua;%s/spec/?.lua;'"
      " .. package.path; table.insert(package.searchers, 2, ...)",
      root, root, root);
  assert_int_equal(luaL_loadstring(L, chunk), LUA_OK);
  lua_pushcfunction(L, search);
  lua_call(L, 1, 0);
  (void)snprintf(path, sizeof path, "%s/spec/support/oom.lua", root);
  if (luaL_dofile(L, path) != LUA_OK)
    fail_msg("%s", lua_tostring(L, -1));
  lua_getfield(L, -1, "world");
  if (lua_pcall(L, 0, 1, 0) != LUA_OK)
    fail_msg("%s", lua_tostring(L, -1));
  lua_getfield(L, -1, "capsule");
  lua_pushvalue(L, -2);
  assert_int_equal(lua_pcall(L, 1, 1, 0), LUA_OK);
  inner = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return L;
}

/* Everything but "out of memory", in one of its shapes, is a fault.  Without
   memory to read the answer, what became of a paid request is not known. */
static void check_failure(lua_State *L, int status, unsigned long at) {
  const char *text = luaL_tolstring(L, -1, NULL);
  if (status == LUA_ERRMEM)
    return;
  if (strstr(text, "not enough memory") || strstr(text, "resource: ") ||
      strstr(text, "unknown_outcome: "))
    return;
  /* a request that could not be remembered cannot be made again */
  if (strstr(text, "unsupported: ") && strstr(text, "reroll"))
    return;
  fail_msg("point %lu: %s", at, text);
}

/* One run; 1 if it got to its end. */
static int run(const char *scenario, enum mode mode, unsigned long at) {
  lua_State *L = begin();
  int status, done;
  memory.armed = 0;
  memory.calls = 0;
  memory.mode = mode;
  memory.fail_at = at;
  lua_getfield(L, 1, scenario);
  lua_pushcfunction(L, arm);
  lua_pushlightuserdata(L, &capsule);
  status = lua_pcall(L, 2, 1, 0);
  memory.armed = 0;
  if (status != LUA_OK)
    check_failure(L, status, at);
  done = status == LUA_OK;
  lua_settop(L, 2);
  assert_true(count(L, "paid") <= (strcmp(scenario, "family") == 0 ? 3 : 2));
  assert_int_equal(count(L, "refused_tickets"), 0);
  lua_close(L);
  assert_int_equal(memory.blocks, 0);
  return done;
}

static void each_point(const char *scenario, enum mode mode) {
  unsigned long n, calls = 0, survived = 0, tried = 0;
  /* under valgrind each takes a second */
  unsigned long step = getenv("MJ_VALGRIND") ? 97 : one_in(37);
  for (n = 1;; n += step) {
    int done = run(scenario, mode, n);
    if (memory.calls < n) { /* the point lies behind the end */
      assert_true(done);
      break;
    }
    calls = n;
    tried++;
    survived += (unsigned long)done;
    assert_true(n < 100000);
  }
  print_message("%s, %s: %lu of %lu points, %lu of them survived\n", scenario,
                mode == ONCE ? "once" : "from n on", tried, calls, survived);
  assert_true(calls > 200);
}

static void binding_once(void **state) {
  (void)state;
  each_point("binding", ONCE);
}

static void binding_from(void **state) {
  (void)state;
  each_point("binding", FROM);
}

static void modules_once(void **state) {
  (void)state;
  each_point("modules", ONCE);
}

static void modules_from(void **state) {
  (void)state;
  each_point("modules", FROM);
}

static void family_once(void **state) {
  (void)state;
  each_point("family", ONCE);
}

static void family_from(void **state) {
  (void)state;
  each_point("family", FROM);
}

#ifdef MJ_JOURNAL
void mj__journals_forget(void); /* as a new process */

static char folder[64], path[96];

static void forget_journal(void) {
  static const char *const ends[] = {"", "-wal", "-shm", ".lock", ".png"};
  char name[128];
  size_t i;
  for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    (void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
    (void)unlink(name);
  }
}

/* With memory all of it is done: what was paid for before is not paid again. */
static void next_start(lua_Integer paid) {
  lua_State *L = begin();
  lua_getfield(L, 1, "next_start");
  lua_pushlightuserdata(L, &capsule);
  lua_pushstring(L, path);
  lua_pushinteger(L, paid);
  if (lua_pcall(L, 3, 0, 0) != LUA_OK)
    fail_msg("point %lu: %s", memory.fail_at, lua_tostring(L, -1));
  lua_settop(L, 2);
  assert_int_equal(paid + count(L, "paid"), 2);
  lua_close(L);
  mj__journals_forget();
}

/* One run with a journal, and the next start; 1 if the first got to its end. */
static int run_journal(enum mode mode, unsigned long at) {
  lua_State *L = begin();
  lua_Integer paid;
  int status;
  memory.armed = 0;
  memory.calls = 0;
  memory.mode = mode;
  memory.fail_at = at;
  lua_getfield(L, 1, "journal");
  lua_pushcfunction(L, arm);
  lua_pushlightuserdata(L, &capsule);
  lua_pushstring(L, path);
  status = lua_pcall(L, 3, 1, 0);
  memory.armed = 0;
  if (status != LUA_OK)
    check_failure(L, status, at);
  lua_settop(L, 2);
  paid = count(L, "paid");
  assert_in_range(paid, 0, 2);
  lua_close(L);
  assert_int_equal(memory.blocks, 0);
  mj__journals_forget();
  next_start(paid);
  forget_journal();
  return status == LUA_OK;
}

static void journal(enum mode mode) {
  const char *temp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  unsigned long n, points = 0, survived = 0;
  (void)snprintf(folder, sizeof folder, "%s/mj-oom-XXXXXX", temp);
  assert_non_null(mkdtemp(folder));
  (void)snprintf(path, sizeof path, "%s/j", folder);
  for (n = 1;; n += one_in(17)) {
    int done = run_journal(mode, n);
    if (memory.calls < n) { /* the point lies behind the end */
      assert_true(done);
      break;
    }
    points = n;
    survived += (unsigned long)done;
    assert_true(n < 100000);
  }
  (void)rmdir(folder);
  print_message("journal, %s: %lu points, %lu of them survived\n",
                mode == ONCE ? "once" : "from n on", points, survived);
  assert_true(points > 200);
}

static void journal_once(void **state) {
  (void)state;
  journal(ONCE);
}

static void journal_from(void **state) {
  (void)state;
  journal(FROM);
}
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(binding_once), cmocka_unit_test(binding_from),
      cmocka_unit_test(modules_once), cmocka_unit_test(modules_from),
      cmocka_unit_test(family_once),  cmocka_unit_test(family_from),
#ifdef MJ_JOURNAL
      cmocka_unit_test(journal_once), cmocka_unit_test(journal_from),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
