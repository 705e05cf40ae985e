/* SPDX-License-Identifier: MIT
   recon.c - paid requests without an answer: was there a task?  The gateway's
   list says so, where it carries our token; its silence counts only when the
   list is seen to be whole, twice, and late enough. */
#include "mj_int.h"

#include <stdio.h>
#include <string.h>

/* After the request left.  A gateway that goes on with the request of a client
   that is gone needs up to 60 s to time out (new-api); twice that is late
   enough. */
static const int64_t looks[] = {5000,   15000,  30000, 60000,
                                120000, 300000, 900000};
enum { NLOOKS = sizeof looks / sizeof looks[0], LATE_ENOUGH = 120000 };

/* Whether asking can bring anything: the state that we send must be ours, and
   the gateway must have lists. */
int mj__has_evidence(const mj_client *c) {
  return c->journaled && strcmp(c->cfg.wire_state, "token") == 0 &&
         mj__route_known(c, MJ__R_LIST, NULL, NULL) == MJ_OK;
}

/* When to look next; -1 = all has been seen that could be.  Once at least,
   however long the journal lay about. */
static int64_t next_look(const mj_client *c, const struct mj__job *j) {
  size_t i;
  if (!j->asked)
    return j->sent_ms + looks[0] > c->now ? j->sent_ms + looks[0] : c->now;
  for (i = 0; i < NLOOKS; i++)
    if (j->sent_ms + looks[i] > c->now)
      return j->sent_ms + looks[i];
  return -1;
}

void mj__doubt(const mj_client *c, const struct mj__job *j,
               char out[MJ__DOUBT]) {
  if (c->journaled && j->token)
    (void)snprintf(out, MJ__DOUBT,
                   "counts as paid until somebody says what became of it "
                   "(mjlua -m resolve %s TASK_ID, or absent)",
                   j->token);
  else
    (void)snprintf(out, MJ__DOUBT, "counts as paid");
}

void mj__doubt_of(const mj_client *c, const struct mj__job *j, mj_error *err) {
  char doubt[MJ__DOUBT];
  size_t n = strlen(err->text);
  mj__doubt(c, j, doubt);
  if (n + strlen(doubt) + sizeof "; it " <= sizeof err->text)
    (void)snprintf(err->text + n, sizeof err->text - n, "; it %s", doubt);
}

/* The end of what can be found out here. */
static void hold(mj_client *c, struct mj__job *j, const char *why) {
  char doubt[MJ__DOUBT];
  mj_error err;
  mj__err_clear(&err);
  /* once: a gateway that never answers would be paid for ever */
  if (strcmp(c->cfg.on_unknown, "resubmit") == 0 && j->body &&
      j->attempt <= 1) {
    mj__log(c, 1, "%s: nothing is known of it, it is sent again (on_unknown)",
            j->token);
    mj__money_keep(j);
    j->resent = 1;
    mj__send_again(c, j);
    return;
  }
  mj__doubt(c, j, doubt);
  mj__err_set(&err, MJ_EUNKNOWN_OUTCOME,
              "it was sent, and no answer came; %s: it %s", why, doubt);
  if (strcmp(c->cfg.on_unknown, "abandon") == 0)
    (void)mj__job_go(j, MJ__ABANDONED);
  mj__leave_slot(c, j);
  mj__end(c, j, &err, NULL, NULL);
}

void mj__give_up_unknown(mj_client *c, struct mj__job *j) {
  char doubt[MJ__DOUBT];
  mj_error err;
  mj__disarm(j);
  mj__leave_slot(c, j);
  mj__doubt(c, j, doubt);
  mj__err_clear(&err);
  mj__err_set(&err, MJ_EUNKNOWN_OUTCOME,
              "given up while it was not known whether it was taken: it %s",
              doubt);
  mj__end(c, j, &err, NULL, NULL);
}

/* It provably never became a task, or its owner wants it so: once more. */
void mj__send_again(mj_client *c, struct mj__job *j) {
  (void)mj__job_go(j, MJ__READY);
  mj__slot_free(c, j);
  j->absent_ms = 0;
  mj__drop_suspect(c, j);
  (void)mj__record(c, j);
  mj__enqueue(c, j, MJ__Q_SUBMIT);
}

static void later(mj_client *c, struct mj__job *j) {
  int64_t at = next_look(c, j);
  mj__disarm(j);
  if (at < 0)
    hold(c, j, "the gateway's list does not tell what became of it");
  else
    mj__arm(c, j, at);
}

static void hold_unlisted(mj_client *c, struct mj__job *j) {
  mj__disarm(j);
  hold(c, j, "this gateway has no list to look it up in");
}

void mj__wonder(mj_client *c, struct mj__job *j) {
  if (!mj__has_evidence(c)) {
    hold_unlisted(c, j);
    return;
  }
  j->swept = 0;
  mj__enqueue(c, j, MJ__Q_UNKNOWN);
  later(c, j);
}

/* Its time has come: one list serves all who wonder. */
void mj__wonder_due(mj_client *c) {
  c->wondering = 1;
  c->dirty = 1;
}

/* There was no list.  One whose time for looking is over by now, since the
   journal lay about, asks some more, and not at once: the gateway may be
   down. */
static void no_list(mj_client *c, struct mj__job *j) {
  if (!mj__has_evidence(c)) {
    hold_unlisted(c, j);
  } else if (j->asked || next_look(c, j) > c->now) {
    later(c, j);
  } else if (++j->troubles > NLOOKS) {
    mj__disarm(j);
    hold(c, j, "the gateway's list could not be had");
  } else {
    mj__disarm(j);
    mj__arm(c, j,
            c->now + looks[0] / 2 +
                mj__retry_wait(j->troubles, looks[0], looks[NLOOKS - 2], -1,
                               mj__random(c)));
  }
}

static void all_without(mj_client *c) {
  struct mj__job *j, *next;
  for (j = c->queues[MJ__Q_UNKNOWN].first; j; j = next) {
    next = j->next;
    no_list(c, j);
  }
}

void mj__around_refused(mj_client *c) {
  if (!c->wondering)
    return;
  c->wondering = 0;
  all_without(c);
}

/* Starts the list, which somebody wants: the pump has seen that it may. */
void mj__ask_around(mj_client *c) {
  struct mj__exchange *x;
  if (!mj__has_evidence(c)) { /* the family was not known before */
    c->wondering = 0;
    all_without(c);
    return;
  }
  c->wondering = 0;
  x = mj__exchange_new(c, 0, MJ__X_RECON);
  mj__sweep_begin(c);
  mj__bucket_take(&c->requests, c->now);
  if (mj__question(c, x, MJ__R_LIST, NULL, NULL) == MJ_OK) {
    c->wonder_x = x->id;
    return;
  }
  mj__exchange_free(c, x);
  all_without(c);
}

static void judge(mj_client *c, struct mj__job *j) {
  char *id;
  if (j->suspect) {
    mj__log(c, 1, "%s: the gateway took it, as task %s", j->token, j->suspect);
    mj__disarm(j);
    id = j->suspect;
    j->suspect = NULL; /* no dialog may take it for a prompt */
    mj__found(c, j, id);
    mj__free(&c->mem, id);
  } else if (c->now - j->sent_ms < LATE_ENOUGH || !mj__sweep_whole(c, j)) {
    later(c, j);
  } else if (!j->absent_ms) {
    j->absent_ms = c->now;
    mj__disarm(j);
    mj__arm(c, j, c->now + 10000); /* and once more */
  } else {
    mj__log(c, 1, "%s: the gateway's list proves that there is no such task",
            j->token);
    mj__disarm(j);
    mj__send_again(c, j);
  }
}

void mj__told_around(mj_client *c, struct mj__exchange *x,
                     const struct mj__reply *s) {
  struct mj__job *j, *next;
  int code;
  c->wonder_x = 0;
  mj__learn(c, MJ__R_LIST, NULL, s);
  if (x->bad_json || mj__outcome_ask(s, MJ__R_LIST, &code) != MJ__LOOK_GOOD) {
    all_without(c);
    return;
  }
  for (j = c->queues[MJ__Q_UNKNOWN].first; j; j = next) {
    next = j->next;
    if (!j->swept &&
        !j->suspect) /* it began to wonder while the list was under way */
      continue;
    j->asked = 1;
    judge(c, j);
  }
}
