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
    [MJ__FAILED] = BIT(NEW), /* the next one of its attempts */
    /* what was sent again, and not taken: the first time is still not known */
    [MJ__REJECTED] = BIT(UNKNOWN),
    [MJ__CANCELLED] = BIT(UNKNOWN),
    /* ABANDONED, DOWNLOADED: none */
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

/* What waits for a gateway in trouble looks this often whether it is there
   again: looking costs nothing. */
enum { HELD_MOST = 8000 };

/* A gateway that has too much to do is asked again, until its time is up. */
static int waits_for_room(struct mj__job *j, int64_t retry_after_ms,
                          const struct mj__rules *r, int64_t now,
                          uint32_t random, int64_t *wait) {
  if (j->cancel)
    return 0;
  if (j->troubles == 0)
    j->trouble_ms = now;
  if (j->troubles < SHRT_MAX)
    j->troubles++;
  *wait = mj__retry_wait(j->troubles, 1000, 20000, retry_after_ms, random);
  return retry_after_ms <= MJ__RETRY_AFTER_MOST &&
         now + *wait - j->trouble_ms < r->busy_ms;
}

static void on_refused(struct mj__job *j, const struct mj__verdict *v,
                       int64_t retry_after_ms, const struct mj__rules *r,
                       int64_t now, uint32_t random, struct mj__todo *out) {
  int64_t wait = 0;
  int again;
  if (v->busy)
    again = waits_for_room(j, retry_after_ms, r, now, random, &wait);
  else if (v->kind == MJ__V_NOT_SENT) {
    wait = mj__retry_wait(j->attempt, 500, 30000, retry_after_ms, random);
    again =
        j->late || /* which is what its owner hears */
        (j->attempt < r->attempts && retry_after_ms <= MJ__RETRY_AFTER_MOST);
  } else {
    wait = 1000 + mj__retry_wait(j->attempt, 1000, 4000, -1, random);
    again = v->parent && j->builds_on && j->attempt < PARENT_TRIES;
  }
  if (again && !j->cancel) {
    mj__job_go(j, MJ__READY);
    todo(out, MJ__DO_SEND, now + wait, v->code, 1);
    return;
  }
  mj__job_go(j, MJ__REJECTED);
  if (v->kind == MJ__V_NOT_SENT)
    todo(out, MJ__DO_END, now, j->cancel ? MJ_ECANCELLED : v->code, 1);
  else
    todo(out, MJ__DO_END, now, v->code, v->retryable);
}

void mj__job_on_submit(struct mj__job *j, const struct mj__verdict *v,
                       int64_t retry_after_ms, const struct mj__rules *r,
                       int64_t now, uint32_t random, struct mj__todo *out) {
  switch (v->kind) {
  case MJ__V_ACCEPTED:
    mj__job_go(j, MJ__ACCEPTED);
    j->accepted_ms = now;
    j->polls = j->misses = j->troubles = j->held = 0;
    j->status = MJ_ST_UNKNOWN;
    j->progress = -1;
    todo(out, MJ__DO_ACCEPT, now + mj__poll_gap(r->poll, 0), MJ_OK, 0);
    return;
  case MJ__V_UNKNOWN:
    mj__job_go(j, MJ__UNKNOWN);
    todo(out, MJ__DO_END, now, v->code, 0);
    return;
  case MJ__V_NOT_SENT:
  case MJ__V_REFUSED:
    on_refused(j, v, retry_after_ms, r, now, random, out);
    return;
  }
}

int mj__job_held(struct mj__job *j, const struct mj__rules *r, int64_t now,
                 uint32_t random, int64_t *at_ms) {
  if (j->held < SHRT_MAX)
    j->held++;
  *at_ms =
      now + mj__retry_wait(j->attempt + j->held, 500, HELD_MOST, -1, random);
  if (j->troubles > 0 && r->busy_ms > 0) /* it was busy, and is waited for */
    return *at_ms - j->trouble_ms < r->busy_ms;
  return j->attempt + j->held <= r->attempts;
}

/* Cancelled work is looked at this often before it is left to itself. */
enum { STOP_LOOKS = 3 };

/* A task that waits for input this long after it got some has not got it. */
enum { STILL_MODAL = 300000 };

/* Twice as late as gateways go on with a request whose client is gone, a dialog
   that is still open twice has not got its answer (as recon.c has it). */
enum { LATE_ENOUGH = 120000, ONCE_MORE = 10000 };

/* The answer may not have left.  1 = `out` says what to do. */
static int on_unsure(struct mj__job *j, int64_t now, struct mj__todo *out) {
  int again = j->attempt < 2 && (j->answerable || j->body);
  if (now - j->sent_ms < LATE_ENOUGH)
    return 0;
  if (!j->absent_ms) {
    j->absent_ms = now;
    todo(out, MJ__DO_POLL, now + ONCE_MORE, MJ_OK, 0);
    return 1;
  }
  if (now - j->absent_ms < ONCE_MORE)
    return 0;
  mj__job_go(j, MJ__NEEDS_MODAL);
  todo(out, again ? MJ__DO_ANSWER : MJ__DO_END, now,
       again ? MJ_OK : MJ_ENEEDS_INPUT, 0);
  return 1;
}

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
  if (t->status != MJ_ST_MODAL && t->status != MJ_ST_UNKNOWN)
    j->unsure = 0; /* it got its answer */
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
    if (j->unsure && on_unsure(j, now, out))
      return;
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

enum { TROUBLES_MOST = 8, TROUBLE_TIME = 600000 };

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
  if (j->troubles < SHRT_MAX)
    j->troubles++;
  if (j->troubles >= TROUBLES_MOST && now - j->trouble_ms >= TROUBLE_TIME) {
    j->leaves = !j->tracked; /* what was paid for goes on */
    end_by(j, now, code, j->tracked, out);
    return;
  }
  if (retry_after_ms > MJ__RETRY_AFTER_MOST)
    retry_after_ms = MJ__RETRY_AFTER_MOST;
  wait = mj__retry_wait(j->troubles, 1000, HELD_MOST, retry_after_ms, random);
  todo(out, MJ__DO_POLL, now + wait, MJ_OK, 0);
}
