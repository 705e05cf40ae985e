/* SPDX-License-Identifier: MIT
   cell.c - a grid's pictures one by one, as Midjourney's own addresses have
   them: GET /cell/{hash}/0_{0 to 3}.png. */
#include "sim_int.h"

#include <stdio.h>
#include <string.h>

/* The finished task whose hash begins the path, and the number of the picture.
 */
static struct sim_task *job_of(const struct sim_call *c, int *n) {
  char hash[40];
  const char *p = strchr(c->id, '/');
  struct sim_task *t;
  if (!p || (size_t)(p - c->id) >= sizeof hash || strncmp(p, "/0_", 3) ||
      p[3] < '0' || p[3] > '3' || strcmp(p + 4, ".png"))
    return NULL;
  snprintf(hash, sizeof hash, "%.*s", (int)(p - c->id), c->id);
  *n = p[3] - '0';
  t = sim_task_job(c->s, hash);
  if (!t || t->makes > SIM_FACE || (*n && t->makes != SIM_GRID))
    return NULL;
  return sim_view_at(c->s, t, c->now).status == SIM_SUCCESS ? t : NULL;
}

static int draw(struct sim_call *c, const struct sim_task *t, int n) {
  struct mj_picture_step steps[SIM_STEPS];
  struct mj_picture p = {MJ_PICTURE_TILE, t->prompt, NULL,      steps,
                         t->nsteps,       t->width,  t->height, 100};
  unsigned char *png;
  size_t len;
  memcpy(steps, t->steps, sizeof steps);
  if (t->makes == SIM_GRID)
    steps[t->nsteps - 1].tile = n + 1;
  if (!c->s->draw || c->s->draw->picture(&p, &png, &len))
    return -1;
  sim_putn(&c->out, (const char *)png, len);
  c->s->draw->free(png);
  sim_reply(c, 200, "image/png");
  return 0;
}

void sim_cell(struct sim_call *c) {
  int n = 0;
  const struct sim_task *t = job_of(c, &n);
  if (t && !draw(c, t, n))
    return;
  sim_put(&c->out, "404 page not found");
  sim_reply(c, 404, "text/plain");
}
