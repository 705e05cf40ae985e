/* SPDX-License-Identifier: MIT
   lmj_journal.c - the methods of a client's box that are about its journal. */
#include "lmj_box.h"

#include <stdlib.h>
#include <string.h>

#define ROWS "mj.core.rows"

/* A row's texts in the order of `names`, with their NULs, behind it. */
enum { TEXTS = 9, TIMES = 3 };
static const char *const names[TEXTS] = {"token",   "key",     "run",
                                         "gateway", "state",   "verb",
                                         "prompt",  "task_id", "parent"};
static const char *const times[TIMES] = {"created_at", "sent_at", "changed_at"};

struct row {
  struct row *next;
  const char *texts[TEXTS];
  const char *error;
  int attempt;
  int64_t at[TIMES];
};

/* The core calls back while it holds its journal: nothing of Lua's, which may
   raise, runs then.  Rows are gathered here; the userdata frees them. */
struct rows {
  struct row *first, *last;
  struct saved *files, *last_file;
  int failed;
};

struct saved {
  struct saved *next;
  const char *token, *path, *sha256;
  int n;
  int64_t bytes;
};

static char *pack(char *to, const char **field, const char *s) {
  size_t n = s ? strlen(s) + 1 : 0;
  *field = s ? to : NULL;
  if (s)
    memcpy(to, s, n);
  return to + n;
}

static size_t length(const char *s) {
  return s ? strlen(s) + 1 : 0;
}

static int gather(void *ud, const mj_row *r) {
  const char *texts[TEXTS] = {r->token,   r->key,     r->run,
                              r->gateway, r->state,   r->op,
                              r->prompt,  r->task_id, r->parent};
  struct rows *list = ud;
  size_t size = sizeof(struct row) + length(r->error);
  struct row *row;
  char *to;
  int i;
  for (i = 0; i < TEXTS; i++)
    size += length(texts[i]);
  row = malloc(size);
  if (!row) {
    list->failed = 1;
    return 1;
  }
  to = (char *)(row + 1);
  for (i = 0; i < TEXTS; i++)
    to = pack(to, &row->texts[i], texts[i]);
  (void)pack(to, &row->error, r->error);
  row->attempt = r->attempt;
  row->at[0] = r->created_wall_ms;
  row->at[1] = r->sent_wall_ms;
  row->at[2] = r->changed_wall_ms;
  row->next = NULL;
  if (list->last)
    list->last->next = row;
  else
    list->first = row;
  list->last = row;
  return 0;
}

static int gather_file(void *ud, const mj_file *f) {
  struct rows *list = ud;
  struct saved *s = malloc(sizeof *s + length(f->token) + length(f->path) +
                           length(f->sha256));
  char *to = (char *)(s + 1);
  if (!s) {
    list->failed = 1;
    return 1;
  }
  to = pack(to, &s->token, f->token);
  to = pack(to, &s->path, f->path);
  (void)pack(to, &s->sha256, f->sha256);
  s->n = f->n;
  s->bytes = f->bytes;
  s->next = NULL;
  if (list->last_file)
    list->last_file->next = s;
  else
    list->files = s;
  list->last_file = s;
  return 0;
}

static int free_rows(lua_State *L) {
  struct rows *list = lua_touserdata(L, 1);
  while (list->files) {
    struct saved *next = list->files->next;
    free(list->files);
    list->files = next;
  }
  while (list->first) {
    struct row *next = list->first->next;
    free(list->first);
    list->first = next;
  }
  return 0;
}

static struct rows *new_rows(lua_State *L) {
  struct rows *list = lua_newuserdatauv(L, sizeof *list, 0);
  memset(list, 0, sizeof *list);
  if (luaL_newmetatable(L, ROWS)) {
    lua_pushcfunction(L, free_rows);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return list;
}

static void set_text(lua_State *L, const char *name, const char *s) {
  if (s) {
    lua_pushstring(L, s);
    lua_setfield(L, -2, name);
  }
}

static void push_row(lua_State *L, const struct row *r) {
  int i;
  lua_createtable(L, 0, TEXTS + TIMES + 2);
  for (i = 0; i < TEXTS; i++)
    set_text(L, names[i], r->texts[i]);
  set_text(L, "error", r->error);
  lua_pushinteger(L, r->attempt);
  lua_setfield(L, -2, "attempt");
  for (i = 0; i < TIMES; i++)
    if (r->at[i] > 0) {
      lua_pushnumber(L, (lua_Number)r->at[i] / 1000);
      lua_setfield(L, -2, times[i]);
    }
}

static int push_rows(lua_State *L, const struct rows *list) {
  const struct row *r;
  lmj_index n = 0;
  lua_newtable(L);
  for (r = list->first; r; r = r->next) {
    push_row(L, r);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

/* box:rows(unknown) -> list of tables; nil, err. */
int lmj_box_rows(lua_State *L) {
  int unknown = lua_toboolean(L, 2), rc;
  struct rows *list = new_rows(L); /* may collect: the box is looked at after */
  mj_error err;
  LMJ_OPEN_BOX(c);
  memset(&err, 0, sizeof err);
  rc = mj_journal_each(c, unknown, gather, list, &err);
  if (rc)
    return lmj_fail(L, &err);
  return list->failed ? lmj_fail_code(L, MJ_ERESOURCE) : push_rows(L, list);
}

/* { token = , n = , path = , bytes = , sha256 = } each. */
static int push_files(lua_State *L, const struct rows *list) {
  const struct saved *f;
  lmj_index n = 0;
  lua_newtable(L);
  for (f = list->files; f; f = f->next) {
    lua_createtable(L, 0, 5);
    set_text(L, "token", f->token);
    set_text(L, "path", f->path);
    set_text(L, "sha256", f->sha256);
    lua_pushinteger(L, f->n);
    lua_setfield(L, -2, "n");
    lua_pushnumber(L, (lua_Number)f->bytes);
    lua_setfield(L, -2, "bytes");
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

/* core.journal(path, unknown) -> list of tables, list of files, the process
   that works on it (0 = none, -1 = one without a number); nil, err. */
int lmj_journal(lua_State *L) {
  const char *path = lmj_check_text(L, 1);
  struct rows *list = new_rows(L);
  long owner = 0;
  mj_error err;
  memset(&err, 0, sizeof err);
  if (mj_journal_read(path, lua_toboolean(L, 2), gather, gather_file, list,
                      &owner, &err))
    return lmj_fail(L, &err);
  if (list->failed)
    return lmj_fail_code(L, MJ_ERESOURCE);
  (void)push_rows(L, list);
  (void)push_files(L, list);
  lua_pushinteger(L, (lua_Integer)owner);
  return 3;
}

/* core.run_last(path, run) -> when it ended (0 = it did not), whether well;
 * nil, err. */
int lmj_run_last(lua_State *L) {
  const char *path = lmj_check_text(L, 1), *run = lmj_check_text(L, 2);
  int64_t ended = 0;
  int good = 0;
  mj_error err;
  memset(&err, 0, sizeof err);
  if (mj_run_last(path, run, &ended, &good, &err))
    return lmj_fail(L, &err);
  lua_pushnumber(L, (lua_Number)ended / 1000);
  lua_pushboolean(L, good);
  return 2;
}

/* box:saved(token) -> list of files; nil, err. */
int lmj_box_saved(lua_State *L) {
  const char *token = lmj_check_text(L, 2);
  struct rows *list = new_rows(L);
  mj_error err;
  LMJ_OPEN_BOX(c);
  memset(&err, 0, sizeof err);
  if (mj_saved(c, token, gather_file, list, &err))
    return lmj_fail(L, &err);
  return list->failed ? lmj_fail_code(L, MJ_ERESOURCE) : push_files(L, list);
}

static const char *field(lua_State *L, int arg, const char *name) {
  lua_getfield(L, arg, name);
  return lmj_text(L, name); /* the table keeps it, and the stack */
}

/* box:verify(file, path) -> id; nil, err. */
int lmj_box_verify(lua_State *L) {
  const char *path = lmj_check_text(L, 3);
  mj_error err;
  mj_file f;
  mj_id id = 0;
  luaL_checktype(L, 2, LUA_TTABLE);
  memset(&f, 0, sizeof f);
  f.path = field(L, 2, "path");
  f.sha256 = field(L, 2, "sha256");
  lua_getfield(L, 2, "bytes");
  f.bytes = (int64_t)lua_tonumber(L, -1);
  LMJ_OPEN_BOX(c);
  memset(&err, 0, sizeof err);
  if (mj_verify(c, &f, path, &id, &err))
    return lmj_fail(L, &err);
  lmj_push_id(L, id);
  return 1;
}

/* box:save(token or nil, n, path, bytes, keep) -> id; nil, err. */
int lmj_box_save(lua_State *L) {
  const char *token = lua_isnoneornil(L, 2) ? NULL : lmj_check_text(L, 2);
  const char *path = lmj_check_text(L, 4);
  int n = (int)luaL_checkinteger(L, 3), rc;
  size_t len;
  const char *data = luaL_checklstring(L, 5, &len);
  mj_error err;
  mj_id id = 0;
  LMJ_OPEN_BOX(c);
  memset(&err, 0, sizeof err);
  rc = (lua_toboolean(L, 6) ? mj_save_new : mj_save)(c, token, n, path, data,
                                                     len, &id, &err);
  if (rc)
    return lmj_fail(L, &err);
  lmj_push_id(L, id);
  return 1;
}

static int done(lua_State *L, int rc, const mj_error *err) {
  if (rc)
    return lmj_fail(L, err);
  lua_pushboolean(L, 1);
  return 1;
}

/* box:hint(body) -> boolean; nil, err. */
int lmj_box_hint(lua_State *L) {
  size_t n;
  const char *body = luaL_checklstring(L, 2, &n);
  mj_error err;
  int rc;
  LMJ_OPEN_BOX(c);
  memset(&err, 0, sizeof err);
  rc = mj_hint(c, body, n, &err);
  if (rc < 0)
    return lmj_fail(L, &err);
  lua_pushboolean(L, rc);
  return 1;
}

/* box:resolve(token or key, task id or nil) -> true; nil, err. */
int lmj_box_resolve(lua_State *L) {
  const char *token = lmj_check_text(L, 2);
  const char *id = lua_isnoneornil(L, 3) ? NULL : lmj_check_text(L, 3);
  mj_error err;
  int rc;
  LMJ_OPEN_BOX(c);
  memset(&err, 0, sizeof err);
  rc = mj_resolve(c, token, id, &err);
  return done(L, rc, &err);
}

/* box:saved_all(token) -> true; nil, err. */
int lmj_box_saved_all(lua_State *L) {
  const char *token = lmj_check_text(L, 2);
  mj_error err;
  int rc;
  LMJ_OPEN_BOX(c);
  memset(&err, 0, sizeof err);
  rc = mj_saved_all(c, token, &err);
  return done(L, rc, &err);
}

/* box:run_done(good) -> true; nil, err. */
int lmj_box_run_done(lua_State *L) {
  mj_error err;
  int rc;
  LMJ_OPEN_BOX(c);
  memset(&err, 0, sizeof err);
  rc = mj_run_done(c, lua_toboolean(L, 2), &err);
  return done(L, rc, &err);
}

/* box:flush(seconds) -> true; nil, err. */
int lmj_box_flush(lua_State *L) {
  int64_t ms = lmj_opt_ms(L, 2, -1);
  mj_error err;
  int rc;
  LMJ_OPEN_BOX(c);
  memset(&err, 0, sizeof err);
  rc = mj_flush(c, ms, &err);
  return done(L, rc, &err);
}

/* box:run_id() -> string or nil */
int lmj_box_run_id(lua_State *L) {
  LMJ_OPEN_BOX(c);
  lua_pushstring(L, mj_run_id(c));
  return 1;
}

/* box:resumed() -> boolean */
int lmj_box_resumed(lua_State *L) {
  LMJ_OPEN_BOX(c);
  lua_pushboolean(L, mj_resumed(c));
  return 1;
}
