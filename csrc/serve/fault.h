/* SPDX-License-Identifier: MIT
   fault.h - what the files of faults and scenarios share. */
#ifndef MJ_SIM_FAULT_H
#define MJ_SIM_FAULT_H

#include "sim_int.h"

enum when {
  BEFORE,  /* nothing has been done */
  INSTEAD, /* everything has, but the answer is another */
  CHANGE,  /* the answer is changed */
  /* a callback: nothing is applied */
  TWICE,
  REORDERED, /* comes after the task's next one */
  LOST,
  LATE
};

struct fault {
  const char *name;
  enum sim_route_kind kind; /* unless the rule says another */
  enum when when;
  void (*apply)(struct sim_call *c);
};

/* fault_list.c */
const struct fault *sim_fault_find(const char *name);
/* gen_fault.c: what it is at this gateway, which need not be the same. */
const struct fault *sim_fault_of(const mj_sim *s, const char *name);
void fault_leave(struct sim_call *c); /* does nothing */

/* edit.c: the members of a JSON object as text.  Nothing changes when a key is
   not there. */
int edit_find(const struct sim_buf *b, const char *key, size_t *at,
              size_t *len);
void edit_set(struct sim_buf *b, const char *key, const char *json);
/* A string's text as it is written, or NULL. */
const char *edit_text(const struct sim_buf *b, const char *key, char *buf,
                      size_t size);
void edit_remove(struct sim_buf *b, const char *key);
/* Each task of the answer, be it one or a list of them. */
void edit_tasks(struct sim_call *c,
                void (*edit)(struct sim_call *c, struct sim_buf *task));

/* fault_change.c */
void fault_number_result(struct sim_call *c);
void fault_result_list(struct sim_call *c);
void fault_result_null(struct sim_call *c);
void fault_rewrite21(struct sim_call *c);
void fault_existed(struct sim_call *c);
void fault_no_code(struct sim_call *c);
void fault_code0(struct sim_call *c);
void fault_escapes(struct sim_call *c);
void fault_byte_order_mark(struct sim_call *c);
void fault_text_plain(struct sim_call *c);
void fault_truncated(struct sim_call *c);
void fault_chunked(struct sim_call *c);
void fault_numeric_ids(struct sim_call *c);
void fault_null_buttons(struct sim_call *c);
void fault_stuck(struct sim_call *c);
void fault_regress(struct sim_call *c);
void fault_progress_words(struct sim_call *c);
void fault_progress_empty(struct sim_call *c);
void fault_progress_100_failure(struct sim_call *c);
void fault_image_urls_text(struct sim_call *c);
void fault_success_without_picture(struct sim_call *c);

/* scenario.c: as sim_fault_before and sim_fault_after */
int sim_scenario_before(struct sim_call *c);
void sim_scenario_after(struct sim_call *c, enum sim_route_kind kind);

#endif
