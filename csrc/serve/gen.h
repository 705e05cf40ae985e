/* SPDX-License-Identifier: MIT
   gen.h - what the files of the profile "generate" share: the family with
   /api/v1/generateTask and /api/v1/statusTask. */
#ifndef MJ_SIM_GEN_H
#define MJ_SIM_GEN_H

#include "sim_int.h"

enum gen_modes {
  GEN_TEXT = 1,
  GEN_IMAGE = 2,
  GEN_PAINT = 4,
  GEN_VARY = 8,
  GEN_UPSCALE = 16,
  GEN_OUTPAINT = 32, /* this and what follows is to be asked for */
  GEN_RETEXTURE = 64,
  GEN_BACKGROUND = 128,
  GEN_REROLL = 256
};
#define GEN_ALWAYS (GEN_TEXT | GEN_IMAGE | GEN_PAINT | GEN_VARY | GEN_UPSCALE)
#define GEN_ALL    511u

struct gen_mode {
  const char *name;
  unsigned bit;
  const char *action;
  int single; /* it makes one picture, not four */
};

/* gen_check.c: the mode of a submission; NULL when it has been refused. */
const struct gen_mode *gen_check(struct sim_call *c);
int gen_is_http(const char *text);
int gen_capabilities_parse(mj_sim *s, const char *text, char *why, size_t size);

/* gen_fail.c: the code and the text of a task that failed */
struct gen_failure {
  const char *code, *text;
};
struct gen_failure gen_failure_of(const struct sim_task *t);
/* How a task ends that is made from this input; NULL = well. */
const char *gen_fail_of_prompt(const char *prompt);
const char *gen_fail_of_pictures(const sim_body *input);

/* gen_status.c: the envelope
   {"code":...,"message":...,"data":null or {"error":...}} */
void gen_refuse(struct sim_call *c, int status, const char *message,
                const char *error);
/* With Retry-After; wait_ms is rounded up. */
void gen_refuse_429(struct sim_call *c, int64_t wait_ms, const char *error);
int gen_allowed(const struct sim_call *c);
void gen_unauthorized(struct sim_call *c);
void gen_no_route(struct sim_call *c, int wrong_method);
void gen_bad_body(struct sim_call *c, int wrong_type);
void gen_no_task(struct sim_call *c);
void gen_put_task(struct sim_call *c, const struct sim_task *t);

/* gen_limit.c */
int gen_set_up(mj_sim *s, const struct mj_sim_config *cfg, char *why,
               size_t size);
void gen_free(mj_sim *s);
/* 1 when there is no room for another task, and that has been answered. */
int gen_crowded(struct sim_call *c);
void gen_too_many_tasks(struct sim_call *c);
void gen_born(mj_sim *s, const struct sim_task *t);

/* The routes: gen_submit.c, gen_status.c, gen_picture.c */
void gen_submit(struct sim_call *c);
void gen_status(struct sim_call *c);
void gen_picture(struct sim_call *c);
/* The task of the provider's pages, finished from the start. */
int gen_sample(mj_sim *s);

#endif
