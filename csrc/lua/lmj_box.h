/* SPDX-License-Identifier: MIT
   lmj_box.h - the userdata around a client, for the files with its methods. */
#ifndef MJ_LMJ_BOX_H
#define MJ_LMJ_BOX_H

#include "lmj.h"

/* Lines of the core's log, until Lua asks for them. */
struct lmj_line {
  struct lmj_line *next;
  int level;
  char text[1]; /* as long as it takes */
};

struct lmj_box {
  mj_client *c; /* NULL = closed */
  /* While memory of the client or a line is read: by whom; see lmj_reading. */
  lua_State *reader;
  lua_CFunction read_by;
  int noted;        /* the registry has an entry for it */
  mj_client *dying; /* was closed meanwhile */
  struct lmj_line *first, *last;
  int lines, dropped;
};

/* The box that is argument 1. */
struct lmj_box *lmj_check_box(lua_State *L);

/* From begin to end each allocation in Lua can run a finalizer, and that can
   call any method of this box: what moves or frees what is read must look at
   lmj_reading first. */
void lmj_begin_reading(lua_State *L, struct lmj_box *b, lua_CFunction by);
void lmj_end_reading(lua_State *L, struct lmj_box *b);
int lmj_reading(lua_State *L, struct lmj_box *b);

/* An optional number of seconds; absent = `none`. */
int64_t lmj_opt_ms(lua_State *L, int arg, int64_t none);
/* true; nil, err for a negative code, without words of its own. */
int lmj_result(lua_State *L, int rc);

#define LMJ_OPEN_BOX(c)                                                        \
  mj_client *c = lmj_check_box(L)->c;                                          \
  if (!c)                                                                      \
  return lmj_fail_code(L, MJ_ECLOSED)

/* Methods, see lmj_job.c. */
int lmj_box_submit(lua_State *L);
int lmj_box_ask(lua_State *L);
int lmj_box_dialect(lua_State *L);
int lmj_box_can(lua_State *L);
int lmj_box_track(lua_State *L);
int lmj_box_fetch(lua_State *L);
int lmj_box_write(lua_State *L);
int lmj_box_after(lua_State *L);
int lmj_box_observe(lua_State *L);
int lmj_box_cancel(lua_State *L);
int lmj_box_detach(lua_State *L);
int lmj_box_info(lua_State *L);

/* lmj_limits.c */
int lmj_box_limits(lua_State *L);
int lmj_box_pause(lua_State *L);

/* lmj_journal.c */
int lmj_box_rows(lua_State *L);
int lmj_box_resolve(lua_State *L);
int lmj_box_hint(lua_State *L);
int lmj_box_run_done(lua_State *L);
int lmj_box_flush(lua_State *L);
int lmj_box_resumed(lua_State *L);
int lmj_box_run_id(lua_State *L);
int lmj_box_save(lua_State *L);
int lmj_box_saved(lua_State *L);
int lmj_box_saved_all(lua_State *L);
int lmj_box_verify(lua_State *L);
int lmj_journal(lua_State *L);
int lmj_run_last(lua_State *L);

/* lmj_money.c */
int lmj_box_budget(lua_State *L);
int lmj_box_set_budget(lua_State *L);
int lmj_box_money(lua_State *L);
int lmj_money(lua_State *L);
int lmj_price(lua_State *L);

#endif
