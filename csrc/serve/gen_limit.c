/* SPDX-License-Identifier: MIT
   gen_limit.c - what the generate family takes at once: 1,000 tasks that are
   not at their end. */
#include "gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_limits {
  size_t
      *live; /* indices of tasks; those at their end go when room is needed */
  size_t nlive, live_cap, most_live;
};

int gen_set_up(mj_sim *s, const struct mj_sim_config *cfg, char *why,
               size_t size) {
  if (s->profile->bit != SIM_GENERATE) {
    if (!cfg->live && !cfg->capabilities)
      return 0;
    snprintf(why, size, "live and capabilities belong to the profile generate");
    return -1;
  }
  if (cfg->live < 0) {
    snprintf(why, size, "live is not below 0");
    return -1;
  }
  if (cfg->capabilities &&
      gen_capabilities_parse(s, cfg->capabilities, why, size))
    return -1;
  s->limits = calloc(1, sizeof *s->limits);
  if (!s->limits) {
    snprintf(why, size, "out of memory");
    return -1;
  }
  s->limits->most_live = cfg->live ? (size_t)cfg->live : 1000;
  return 0;
}

void gen_free(mj_sim *s) {
  if (!s->limits)
    return;
  free(s->limits->live);
  free(s->limits);
}

/* Tasks -------------------------------------------------------------------- */

static void bury(mj_sim *s) {
  struct sim_limits *l = s->limits;
  size_t n = 0;
  for (size_t i = 0; i < l->nlive; i++)
    if (sim_view_at(s, s->tasks[l->live[i]], s->now).status < SIM_SUCCESS)
      l->live[n++] = l->live[i];
  l->nlive = n;
}

void gen_too_many_tasks(struct sim_call *c) {
  const struct sim_limits *l = c->s->limits;
  int64_t first = INT64_MAX;
  for (size_t i = 0; i < l->nlive; i++) {
    int64_t end = sim_task_end(c->s, c->s->tasks[l->live[i]]);
    if (end < first)
      first = end;
  }
  gen_refuse_429(c, first == INT64_MAX ? 1000 : first - c->now,
                 "Too many concurrent tasks");
}

int gen_crowded(struct sim_call *c) {
  struct sim_limits *l = c->s->limits;
  if (l->nlive >= c->s->stats.most_live || l->nlive >= l->most_live)
    bury(c->s);
  if (l->nlive >= l->most_live) {
    gen_too_many_tasks(c);
    return 1;
  }
  if (l->nlive == l->live_cap) {
    size_t cap = l->live_cap ? l->live_cap * 2 : 64;
    size_t *live = realloc(l->live, cap * sizeof *live);
    if (!live) {
      gen_refuse(c, 500, "Internal server error", NULL);
      return 1;
    }
    l->live = live;
    l->live_cap = cap;
  }
  return 0;
}

void gen_born(mj_sim *s, const struct sim_task *t) {
  struct sim_limits *l = s->limits;
  l->live[l->nlive++] = t->index;
  if (l->nlive > s->stats.most_live)
    s->stats.most_live = l->nlive;
}
