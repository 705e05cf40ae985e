/* SPDX-License-Identifier: MIT
   lmj.h - shared by the files of the binding, and what a test needs to put a
   transport of its own under a client. */
#ifndef MJ_LMJ_H
#define MJ_LMJ_H

#include "lcompat.h"
#include "mj.h"

/* Names of metatables in the registry. */
#define LMJ_CLIENT   "mj.core.client"
#define LMJ_DOCUMENT "mj.core.document"
#define LMJ_ERROR    "mj.error"

/* core.client{virtual = <light userdata>} points to one of these; `config` may
   set transport, clock and allocator. */
#define LMJ_MAGIC "mjcapsl"
struct lmj_capsule {
  char magic[8];
  void (*config)(void *ud, mj_config *cfg);
  void *ud;
};

/* Pushes nil and the error table, returns 2: the only way a failure of the
   world leaves the binding. */
int lmj_fail(lua_State *L, const mj_error *err);
int lmj_fail_code(lua_State *L, int code);

void lmj_push_error(lua_State *L, const mj_error *err);
/* What an event needs of the stack at most. */
enum { LMJ_EVENT_SLOTS = 20 };
/* Pushes type, id and payload. */
int lmj_push_event(lua_State *L, const mj_event *ev);
void lmj_push_id(lua_State *L, mj_id id);

int lmj_find_button(lua_State *L);
int lmj_intent(lua_State *L);

int lmj_parse_prompt(lua_State *L);
int lmj_format_prompt(lua_State *L);
int lmj_read_private(lua_State *L);
int lmj_tape(lua_State *L);
mj_tape *lmj_check_tape(lua_State *L, int arg);

/* core.decode and what it needs. */
int lmj_decode(lua_State *L);
int lmj_set_null(lua_State *L);
int lmj_set_empty_array(lua_State *L);
void lmj_open_json(lua_State *L);

/* lmj_tty.c: core.terminal. */
int lmj_terminal(lua_State *L);

/* Options ----------------------------------------------------------------- */

enum lmj_kind {
  LMJ_STRING,  /* const char * */
  LMJ_BYTES,   /* const char *, and size_t at offset2 */
  LMJ_SECONDS, /* int64_t of milliseconds */
  LMJ_NUMBER,  /* double */
  LMJ_INT,     /* int, not negative */
  LMJ_OFFSET,  /* int */
  LMJ_SIZE,    /* size_t */
  LMJ_BOOL,    /* int, 0 or 1 */
  LMJ_SPECIAL  /* the caller reads it */
};

struct lmj_option {
  const char *name;
  enum lmj_kind kind;
  size_t offset, offset2;
};

/* Fills the struct at `out` from the table at index `t`; raises for a wrong
   type and for a key that is not in `options` (ended by a NULL name).  Strings
   belong to the table. */
void lmj_options(lua_State *L, int t, const struct lmj_option *options,
                 void *out);
/* The value on top of the stack, for a field. */
int lmj_whole(lua_State *L, const char *field);
int64_t lmj_ms(double seconds);
const char *lmj_check_text(lua_State *L, int arg); /* without a NUL in it */
const char *lmj_text(lua_State *L, const char *field);

void lmj_config(lua_State *L, int t, mj_config *cfg);
void lmj_outcomes(lua_State *L, int t, mj_config *cfg);
void lmj_request(lua_State *L, int t, mj_request *r);
/* prices and budget; what it makes stays on the stack. */
void lmj_read_money(lua_State *L, int t, mj_config *cfg);

LMJ_EXPORT int luaopen_mj_core(lua_State *L);

#endif
