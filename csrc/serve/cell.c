/* SPDX-License-Identifier: MIT
   cell.c - a grid's pictures one by one, as Midjourney's own addresses have
   them: GET /cell/{hash}/0_{0 to 3}.png. */
#include "sim_int.h"

#include <string.h>

/* The finished task whose hash begins the path, and the number of the picture.
 */
static struct sim_task *job_of(const struct sim_call *c, int *n) {
  const char *rest;
  struct sim_task *t = sim_task_in_path(c, &rest);
  if (!t || strncmp(rest, "0_", 2) || rest[2] < '0' || rest[2] > '3' ||
      strcmp(rest + 3, ".png"))
    return NULL;
  *n = rest[2] - '0';
  if (t->makes > SIM_FACE || (*n && t->makes != SIM_GRID))
    return NULL;
  return sim_view_at(c->s, t, c->now).status == SIM_SUCCESS ? t : NULL;
}

void sim_cell(struct sim_call *c) {
  int n = 0;
  const struct sim_task *t = job_of(c, &n);
  if (t && !sim_draw_tile(c, t, n + 1, NULL))
    return;
  sim_put(&c->out, "404 page not found");
  sim_reply(c, 404, "text/plain");
}
