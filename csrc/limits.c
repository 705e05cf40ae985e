/* SPDX-License-Identifier: MIT
   limits.c - the limits of a client while it runs: shown, changed, paused; and
   the deadlines of its jobs. */
#include "mj_int.h"

#include <limits.h>
#include <string.h>

static double per_min(const struct mj__bucket *b) {
  return b->period_us ? 60e6 / (double)b->period_us : 0;
}

static int64_t ms_left(int64_t until, int64_t now) {
  return until == INT64_MAX ? -1 : until > now ? until - now : 0;
}

void mj_limits_get(const mj_client *c, mj_limits *out) {
  const mj_config *g = &c->cfg;
  int64_t now = mj__clock(c), window = mj__window_now(&c->live);
  memset(out, 0, sizeof *out);
  out->submits_per_min = g->submits_per_min;
  out->requests_per_min =
      g->requests_per_min >= 0 ? g->requests_per_min : per_min(&c->requests);
  out->live = (int)c->live.max;
  out->window = window > INT_MAX ? INT_MAX : (int)window;
  out->used = (int)c->live.used;
  out->paused_ms = ms_left(c->paused_until, now);
  out->slowed_ms = ms_left(c->submits.not_before_ms, now);
  out->quota = c->quota.left;
  out->pace_per_min = mj__bucket_pace(&c->requests, now);
  out->resting_ms = ms_left(c->requests.not_before_ms, now);
}

int mj_limits_set(mj_client *c, const mj_limits *l, mj_error *err) {
  const mj_config *g = &c->cfg;
  mj__err_clear(err);
  if (l->submits_per_min != l->submits_per_min ||
      l->requests_per_min != l->requests_per_min)
    return mj__err_set(err, MJ_EINVALID, "limits: not a number");
  /* what is told again changes nothing: to begin empty at each time would hold
     back what has waited, for ever */
  if (l->submits_per_min >= 0 && l->submits_per_min != g->submits_per_min) {
    c->cfg.submits_per_min = l->submits_per_min;
    mj__bucket_retune(&c->submits, l->submits_per_min, mj__clock(c));
  }
  if (l->requests_per_min >= 0 && l->requests_per_min != g->requests_per_min) {
    c->cfg.requests_per_min = l->requests_per_min;
    mj__bucket_retune(&c->requests, l->requests_per_min, mj__clock(c));
  }
  if (l->live >= 0) {
    c->cfg.live = l->live;
    c->live.max = l->live;
    c->live.size = 0; /* somebody knows better */
  }
  c->dirty = 1;
  return MJ_OK;
}

void mj_pause(mj_client *c, int64_t ms) {
  if (ms > MJ__LONGEST)
    ms = MJ__LONGEST;
  c->paused_until = ms < 0 ? INT64_MAX : ms > 0 ? mj__clock(c) + ms : 0;
  c->dirty = 1;
}

/* Deadlines ---------------------------------------------------------------- */

int mj__deadline_set(mj_client *c, struct mj__job *j, int64_t in_ms) {
  if (in_ms <= 0)
    return MJ_OK;
  if (in_ms > MJ__LONGEST)
    in_ms = MJ__LONGEST;
  j->deadline = mj__timers_add(&c->timers, mj__clock(c) + in_ms, j->id);
  return j->deadline ? MJ_OK : MJ_ERESOURCE;
}

static void ended_late(mj_client *c, struct mj__job *j, const char *what) {
  mj_error err;
  mj__err_clear(&err);
  mj__err_set(&err, MJ_ETIMEOUT, "its deadline has passed%s%s%s", what,
              j->task_id ? ": task " : "", j->task_id ? j->task_id : "");
  err.retryable = !j->task_id;
  mj__end(c, j, &err, NULL, NULL);
}

void mj__too_late(mj_client *c, struct mj__job *j) {
  j->deadline = 0;
  if (j->over)
    return;
  if (j->state == MJ__DISPATCHING) {
    j->late = 1; /* its answer says what to do */
    if (mj__unsent(c, j))
      mj__call_back(c, j);
    return;
  }
  if (j->queue == MJ__Q_RECORD) { /* its acceptance is not durable yet */
    j->deadline = mj__timers_add(&c->timers, c->now + 1, j->id);
    return;
  }
  mj__drop_exchange(c, j);
  mj__dequeue(c, j);
  if (j->state == MJ__UNKNOWN) {
    mj__give_up_unknown(c, j);
  } else if (j->task_id) {
    j->leaves = 1; /* whoever looks for it finds it as it is */
    mj__leave_slot(c, j);
    (void)mj__job_go(j, j->state == MJ__READY ? MJ__REJECTED : MJ__CANCELLED);
    ended_late(c, j, "; the work goes on");
  } else {
    (void)mj__job_go(j, MJ__REJECTED);
    ended_late(c, j, " before it was sent: nothing was paid");
  }
}
