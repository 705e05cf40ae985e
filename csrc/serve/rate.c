/* SPDX-License-Identifier: MIT
   rate.c - what comes in any 60 seconds: all requests with a good key, and
   those of them that submit something.  Counted always, refused with 429 above
   the limits that were set. */
#include "gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE = 60000 }; /* real milliseconds, whatever the simulator's clock */

struct arrival {
  int64_t at;
  int taken; /* 0 = it was refused: it takes no place */
};

struct sim_window {
  struct arrival *ring; /* of the last minute, oldest first */
  size_t first, n, cap, taken, rate;
};

struct sim_rates {
  struct sim_window all, submits;
};

int sim_rates_new(mj_sim *s, const struct mj_sim_config *cfg, char *why,
                  size_t size) {
  int generate = s->profile->bit == SIM_GENERATE;
  if (cfg->rate < 0 || cfg->submits < 0) {
    snprintf(why, size, "rate and submits are not below 0");
    return -1;
  }
  s->rates = calloc(1, sizeof *s->rates);
  if (!s->rates) {
    snprintf(why, size, "out of memory");
    return -1;
  }
  s->rates->all.rate = cfg->rate  ? (size_t)cfg->rate
                       : generate ? 10000
                                  : SIZE_MAX;
  s->rates->submits.rate = cfg->submits ? (size_t)cfg->submits : SIZE_MAX;
  return 0;
}

void sim_rates_free(mj_sim *s) {
  if (!s->rates)
    return;
  free(s->rates->all.ring);
  free(s->rates->submits.ring);
  free(s->rates);
}

static struct arrival *arrival(const struct sim_window *w, size_t i) {
  return &w->ring[(w->first + i) % w->cap];
}

static int make_room(struct sim_window *w) {
  size_t cap = w->cap ? w->cap * 2 : 64;
  struct arrival *ring;
  if (w->n < w->cap)
    return 0;
  ring = malloc(cap * sizeof *ring);
  if (!ring)
    return -1;
  for (size_t i = 0; i < w->n; i++)
    ring[i] = *arrival(w, i);
  free(w->ring);
  w->ring = ring;
  w->cap = cap;
  w->first = 0;
  return 0;
}

static int is_full(struct sim_window *w, int64_t now) {
  while (w->n && arrival(w, 0)->at + MINUTE <= now) {
    w->taken -= (size_t)arrival(w, 0)->taken;
    w->first = (w->first + 1) % w->cap;
    w->n--;
  }
  return w->taken >= w->rate;
}

/* Until the oldest one that took a place falls out of the window. */
static int64_t wait_of(const struct sim_window *w, int64_t now) {
  for (size_t i = 0; i < w->n; i++)
    if (arrival(w, i)->taken)
      return arrival(w, i)->at + MINUTE - now;
  return MINUTE;
}

static void add(struct sim_window *w, int64_t now, int taken, uint64_t *most) {
  *arrival(w, w->n++) = (struct arrival){now, taken};
  w->taken += (size_t)taken;
  if (w->n > *most)
    *most = w->n;
}

/* As new-api says that there is too much; how the others do is not known. */
static void refuse(struct sim_call *c, int64_t wait_ms) {
  struct mj_sim_reply *r = c->reply;
  if (sim_on(c, SIM_GENERATE)) {
    gen_refuse_429(c, wait_ms, NULL);
    return;
  }
  sim_refuse_api(c, 429, "当前分组上游负载已饱和，请稍后再试", "");
  r->headers[0].name = "Retry-After";
  snprintf(r->headers[0].value, sizeof r->headers[0].value, "%lld",
           (long long)(wait_ms < 1 ? 1 : (wait_ms + 999) / 1000));
  r->nheaders = 1;
}

int sim_limited(struct sim_call *c, int submits) {
  struct sim_rates *r = c->s->rates;
  struct mj_sim_stats *most = &c->s->stats;
  int64_t wait = -1;
  if (c->s->api_key && !c->s->profile->allowed(c))
    return 0;
  if (is_full(&r->all, c->now))
    wait = wait_of(&r->all, c->now);
  if (submits && is_full(&r->submits, c->now) &&
      wait_of(&r->submits, c->now) > wait)
    wait = wait_of(&r->submits, c->now);
  if (make_room(&r->all) || (submits && make_room(&r->submits))) {
    sim_reply(c, 500, NULL);
    return 1;
  }
  add(&r->all, c->now, wait < 0, &most->most_in_window);
  if (submits)
    add(&r->submits, c->now, wait < 0, &most->most_submits_in_window);
  if (wait >= 0)
    refuse(c, wait);
  return wait >= 0;
}
