/* SPDX-License-Identifier: MIT
   gen_picture.c - the pictures of the generate family, one by one: GET
   /r2/{hash}/{1 to 4}.png, for 15 days. */
#include "gen.h"

#include <string.h>

#define DAYS (INT64_C(15) * 86400000)

/* As S3 says it, which R2 takes after. */
static void refuse(struct sim_call *c, int status, const char *code,
                   const char *message) {
  sim_putf(&c->out,
           "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>%s</Code>"
           "<Message>%s</Message></Error>",
           code, message);
  sim_reply(c, status, "application/xml");
}

/* The task whose hash begins the path, and the number of the picture. */
static struct sim_task *task_of(const struct sim_call *c, int *n) {
  const char *rest;
  struct sim_task *t = sim_task_in_path(c, &rest);
  if (!t || *rest < '1' || *rest > '4' || strcmp(rest + 1, ".png") != 0)
    return NULL;
  *n = *rest - '0';
  return *n == 1 || t->makes == SIM_GRID ? t : NULL;
}

void gen_picture(struct sim_call *c) {
  int n = 0;
  const struct sim_task *t = task_of(c, &n);
  struct sim_view v = {SIM_NOT_START, -1, 0, 0};
  if (t)
    v = sim_view_at(c->s, t, c->now);
  if (v.status == SIM_SUCCESS && !t->old &&
      c->now > v.finished + sim_real(c->s, DAYS))
    refuse(c, 403, "AccessDenied", "The link has expired.");
  else if (v.status != SIM_SUCCESS ||
           sim_draw_tile(c, t, n, t->label[0] ? t->label : NULL))
    refuse(c, 404, "NoSuchKey", "The specified key does not exist.");
}
