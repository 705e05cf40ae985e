/* SPDX-License-Identifier: MIT
   job.c - legal states and what comes next. */
#include "job.h"

#include <limits.h>
#include <string.h>

#define BIT(s) (1u << MJ__##s)

/* Row: from.  Bits: to. */
static const unsigned edges[MJ__STATES] = {
    /* and to where a row of the journal is */
    [MJ__NEW] = BIT(LOOKUP) | BIT(READY) | BIT(ACCEPTED) | BIT(RUNNING) |
                BIT(REJECTED) | BIT(CANCELLED) | BIT(UNKNOWN) | BIT(SUCCEEDED) |
                BIT(FAILED) | BIT(ABANDONED),
    [MJ__LOOKUP] = BIT(READY) | BIT(REJECTED) | BIT(CANCELLED) | BIT(FAILED),
    [MJ__READY] = BIT(DISPATCHING) | BIT(CANCELLED) | BIT(REJECTED),
    [MJ__DISPATCHING] =
        BIT(READY) | BIT(ACCEPTED) | BIT(REJECTED) | BIT(UNKNOWN),
    [MJ__ACCEPTED] = BIT(RUNNING) | BIT(SUCCEEDED) | BIT(FAILED) |
                     BIT(CANCELLED) | BIT(NEEDS_MODAL),
    [MJ__RUNNING] =
        BIT(SUCCEEDED) | BIT(FAILED) | BIT(CANCELLED) | BIT(NEEDS_MODAL),
    [MJ__NEEDS_MODAL] =
        BIT(DISPATCHING) | BIT(RUNNING) | BIT(CANCELLED) | BIT(FAILED),
    [MJ__UNKNOWN] = BIT(ACCEPTED) | BIT(READY) | BIT(ABANDONED),
    [MJ__SUCCEEDED] = BIT(DOWNLOADED),
    /* FAILED, CANCELLED, REJECTED, ABANDONED, DOWNLOADED: none */
};

const char *mj__state_name(enum mj__state s) {
  static const char *const names[] = {
#define X(name) #name,
      MJ__STATE_MAP(X)
#undef X
  };
  return (unsigned)s < MJ__STATES ? names[s] : "?";
}

int mj__edge_ok(enum mj__state from, enum mj__state to) {
  return (edges[from] & (1u << to)) != 0;
}

int mj__job_go(struct mj__job *j, enum mj__state to) {
  if (!mj__edge_ok((enum mj__state)j->state, to))
    return MJ_EINVALID;
  j->state = (unsigned char)to;
  return MJ_OK;
}

int mj__state_final(enum mj__state s) {
  return s == MJ__SUCCEEDED || s == MJ__FAILED || s == MJ__CANCELLED ||
         s == MJ__REJECTED || s == MJ__ABANDONED || s == MJ__DOWNLOADED ||
         s == MJ__UNKNOWN || s == MJ__NEEDS_MODAL;
}

static void todo(struct mj__todo *out, enum mj__do what, int64_t at, int code,
                 int again) {
  out->what = what;
  out->at_ms = at;
  out->code = code;
  out->again = again;
}

/* A parent that has just ended is not known everywhere at once: refused, a
   follow-up is tried again (novicezk/midjourney-proxy#252). */
enum { PARENT_TRIES = 3 };

void mj__job_on_submit(struct mj__job *j, const struct mj__verdict *v,
                       int64_t retry_after_ms, const struct mj__rules *r,
                       int64_t now, uint32_t random, struct mj__todo *out) {
  int64_t wait;
  switch (v->kind) {
  case MJ__V_ACCEPTED:
    mj__job_go(j, MJ__ACCEPTED);
    j->accepted_ms = now;
    j->polls = j->misses = j->troubles = 0;
    j->status = MJ_ST_UNKNOWN;
    j->progress = -1;
    todo(out, MJ__DO_ACCEPT, now + mj__poll_gap(r->poll, 0), MJ_OK, 0);
    return;
  case MJ__V_NOT_SENT:
    wait = mj__backoff(j->attempt, 500, 30000, random);
    if (retry_after_ms > wait)
      wait = retry_after_ms;
    if (j->attempt < r->attempts && wait <= MJ__RETRY_AFTER_MOST &&
        !j->cancel) {
      mj__job_go(j, MJ__READY);
      todo(out, MJ__DO_SEND, now + wait, v->code, 1);
      return;
    }
    mj__job_go(j, MJ__REJECTED);
    todo(out, MJ__DO_END, now, j->cancel ? MJ_ECANCELLED : v->code, 1);
    return;
  case MJ__V_UNKNOWN:
    mj__job_go(j, MJ__UNKNOWN);
    todo(out, MJ__DO_END, now, v->code, 0);
    return;
  case MJ__V_REFUSED:
    if (v->parent && j->builds_on && j->attempt < PARENT_TRIES && !j->cancel) {
      wait = 1000 + mj__backoff(j->attempt, 1000, 4000, random);
      mj__job_go(j, MJ__READY);
      todo(out, MJ__DO_SEND, now + wait, v->code, 1);
      return;
    }
    mj__job_go(j, MJ__REJECTED);
    todo(out, MJ__DO_END, now, v->code, v->retryable);
    return;
  }
}

/* Cancelled work is looked at this often before it is left to itself. */
enum { STOP_LOOKS = 3 };

/* A task that waits for input this long after it got some has not got it. */
enum { STILL_MODAL = 300000 };

/* Somebody may wait for days. */
static void count_poll(struct mj__job *j) {
  if (j->polls < SHRT_MAX)
    j->polls++;
}

/* Of a task that was asked to stop: FAILURE is how trueai shows it. */
static void on_stopping(struct mj__job *j, const mj_task *t, int64_t now,
                        struct mj__todo *out) {
  int stopped = t->status == MJ_ST_CANCEL || t->status == MJ_ST_FAILURE;
  if (t->status == MJ_ST_SUCCESS) {
    mj__job_go(j, MJ__SUCCEEDED);
    todo(out, MJ__DO_END, now, j->stop_only ? MJ_EINVALID : MJ_OK, 0);
  } else if (stopped || ++j->stops >= STOP_LOOKS) {
    int code = stopped && j->stop_only    ? MJ_OK
               : stopped || !j->stop_only ? MJ_ECANCELLED
                                          : MJ_EFAILED;
    mj__job_go(j, MJ__CANCELLED);
    todo(out, MJ__DO_END, now, code, 0);
  } else {
    todo(out, MJ__DO_POLL, now + 1000, MJ_OK, 0);
  }
}

void mj__job_on_task(struct mj__job *j, const mj_task *t,
                     const struct mj__rules *r, int64_t now,
                     struct mj__todo *out, int *changed) {
  int progress = t->progress, answer;
  /* load-balanced gateways step back now and then; nobody wants to see it */
  if (progress < j->progress && t->status != MJ_ST_FAILURE)
    progress = j->progress;
  /* the first look is news, even when the gateway's word is unknown to us */
  *changed = j->polls == 0 || t->status != (mj_status)j->status ||
             progress != j->progress;
  j->status = (short)t->status;
  j->progress = (short)progress;
  j->misses = j->troubles = 0;
  count_poll(j);
  if (j->state == MJ__ACCEPTED)
    mj__job_go(j, MJ__RUNNING);
  if (j->stopping == MJ__STOP_ASKED) {
    on_stopping(j, t, now, out);
    return;
  }
  switch (t->status) {
  case MJ_ST_SUCCESS:
    mj__job_go(j, MJ__SUCCEEDED);
    todo(out, MJ__DO_END, now, MJ_OK, 0);
    return;
  case MJ_ST_FAILURE:
    mj__job_go(j, MJ__FAILED);
    todo(out, MJ__DO_END, now, t->error ? t->error : MJ_EFAILED, t->again);
    return;
  case MJ_ST_CANCEL:
    mj__job_go(j, MJ__CANCELLED);
    todo(out, MJ__DO_END, now, MJ_ECANCELLED, 0);
    return;
  case MJ_ST_MODAL:
    /* new-api's row is up to 15 s behind; nothing is answered twice */
    if (j->answered && now - j->accepted_ms < STILL_MODAL)
      break;
    mj__job_go(j, MJ__NEEDS_MODAL);
    answer = j->answerable && !j->answered;
    todo(out, answer ? MJ__DO_ANSWER : MJ__DO_END, now,
         answer ? MJ_OK : MJ_ENEEDS_INPUT, 0);
    return;
  case MJ_ST_UNKNOWN:
  case MJ_ST_NOT_START:
  case MJ_ST_SUBMITTED:
  case MJ_ST_IN_PROGRESS:
    break;
  }
  todo(out, MJ__DO_POLL, now + mj__poll_gap(r->poll, j->polls), MJ_OK, 0);
}

static void end_by(struct mj__job *j, int64_t now, int code, int again,
                   struct mj__todo *out) {
  if (j->state == MJ__ACCEPTED)
    mj__job_go(j, MJ__RUNNING);
  mj__job_go(j, MJ__FAILED);
  todo(out, MJ__DO_END, now, code, again);
}

/* Gateways forget: novicezk answers nothing at all right after a submit, and a
   restart empties its memory.  Three misses in a row, and not before the grace
   time, make it lost. */
static void on_missing(struct mj__job *j, const struct mj__rules *r,
                       int64_t now, struct mj__todo *out) {
  int64_t grace = j->tracked ? 0 : r->lost_after_ms;
  int most = j->tracked ? 2 : 3;
  j->misses++;
  if (j->misses >= most && now - j->accepted_ms >= grace) {
    end_by(j, now, j->tracked ? MJ_ENOT_FOUND : MJ_EREMOTE_LOST, 0, out);
    return;
  }
  todo(out, MJ__DO_POLL,
       now + (j->tracked ? 1000 : mj__poll_gap(r->poll, j->polls)), MJ_OK, 0);
  count_poll(j);
}

enum { TROUBLES_MOST = 8, TROUBLE_TIME = 120000 };

void mj__job_on_trouble(struct mj__job *j, enum mj__look look, int code,
                        int64_t retry_after_ms, const struct mj__rules *r,
                        int64_t now, uint32_t random, struct mj__todo *out) {
  int64_t wait;
  if (look == MJ__LOOK_MISSING) {
    on_missing(j, r, now, out);
    return;
  }
  if (look == MJ__LOOK_REFUSED) {
    end_by(j, now, code, 0, out);
    return;
  }
  if (j->troubles == 0)
    j->trouble_ms = now;
  j->troubles++;
  if (j->troubles >= TROUBLES_MOST && now - j->trouble_ms >= TROUBLE_TIME) {
    end_by(j, now, code, j->tracked, out); /* what was paid for goes on */
    return;
  }
  wait = mj__backoff(j->troubles, 1000, 60000, random);
  if (retry_after_ms > MJ__RETRY_AFTER_MOST)
    retry_after_ms = MJ__RETRY_AFTER_MOST;
  todo(out, MJ__DO_POLL, now + (retry_after_ms > wait ? retry_after_ms : wait),
       MJ_OK, 0);
}
