/* SPDX-License-Identifier: MIT
   gen_picture.c - the pictures of the generate family, one by one: GET
   /r2/{hash}/{1 to 4}.png, for 15 days. */
#include "gen.h"

#include <stdio.h>
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
  char hash[40];
  const char *p = strchr(c->id, '/');
  struct sim_task *t;
  if (!p || (size_t)(p - c->id) >= sizeof hash || p[1] < '1' || p[1] > '4' ||
      strcmp(p + 2, ".png") != 0)
    return NULL;
  snprintf(hash, sizeof hash, "%.*s", (int)(p - c->id), c->id);
  *n = p[1] - '0';
  t = sim_task_job(c->s, hash);
  return t && (*n == 1 || t->makes == SIM_GRID) ? t : NULL;
}

static int draw(struct sim_call *c, const struct sim_task *t, int n) {
  struct mj_picture_step steps[SIM_STEPS];
  struct mj_picture p = {MJ_PICTURE_TILE, t->prompt, NULL,      steps,
                         t->nsteps,       t->width,  t->height, 100};
  unsigned char *png;
  size_t len;
  memcpy(steps, t->steps, sizeof steps);
  if (t->makes == SIM_GRID)
    steps[t->nsteps - 1].tile = n;
  if (t->label[0])
    p.label = t->label;
  if (!c->s->draw || c->s->draw->picture(&p, &png, &len))
    return -1;
  sim_putn(&c->out, (const char *)png, len);
  c->s->draw->free(png);
  sim_reply(c, 200, "image/png");
  return 0;
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
  else if (v.status != SIM_SUCCESS || draw(c, t, n))
    refuse(c, 404, "NoSuchKey", "The specified key does not exist.");
}
