/* SPDX-License-Identifier: MIT
   again.c - work whose task failed, submitted once more: `attempts`.  Each
   submission is paid for, and has a row of its own in the journal: its key, and
   behind a mark that no key of a caller's has in it, a number from 2 on.  So a
   start that comes after a kill finds how far it had come. */
#include "mj_int.h"

#include <stdio.h>
#include <string.h>

int mj__rounds_key(char out[MJ__KEY_ROUND], const char *key, int round) {
  int n = round > 1 ? snprintf(out, MJ__KEY_ROUND, "%s%c%d", key,
                               MJ__ROUND_MARK, round)
                    : snprintf(out, MJ__KEY_ROUND, "%s", key);
  return n > 0 && n < MJ__KEY_ROUND ? MJ_OK : MJ_EINVALID;
}

/* j->key without what the rounds before this one added. */
static int next_key(mj_client *c, struct mj__job *j) {
  char key[MJ__KEY_ROUND], *mark;
  if (!j->key)
    return MJ_OK;
  mark = j->round > 1 ? strrchr(j->key, MJ__ROUND_MARK) : NULL;
  if (mark)
    *mark = '\0';
  if (mj__rounds_key(key, j->key, j->round + 1) != MJ_OK)
    return MJ_EINVALID;
  mj__free(&c->mem, j->key);
  j->key = NULL;
  return mj__keep(c, &j->key, key);
}

int mj__rounds_keep(mj_client *c, struct mj__job *j, const mj_request *r) {
  if (j->rounds <= 1 || (j->kept && mj__kept_request(j) == r))
    return MJ_OK;
  return mj__keep_another(c, j, r);
}

/* As it was before the first submission; events may still point to what the
   last one was called. */
static void forget_round(mj_client *c, struct mj__job *j) {
  mj__disarm(j);
  mj__free(&c->mem, j->old_task_id);
  j->old_task_id = j->task_id;
  j->task_id = NULL;
  mj__job_unname(c, j);
  mj__free(&c->mem, j->old_ids);
  j->old_ids = j->ids;
  j->ids = NULL;
  j->nids = 0;
  mj__free(&c->mem, j->suggested);
  j->suggested = NULL;
  mj__free(&c->mem, j->url);
  mj__free(&c->mem, j->body);
  j->url = j->body = NULL;
  j->body_len = 0;
  mj__free(&c->mem, j->suspect);
  j->suspect = NULL;
  j->told = j->announced = j->answered = j->asked = 0;
  j->swept = j->again = j->resent = 0;
  j->attempt = j->polls = j->misses = j->troubles = j->held = 0;
  j->ahead = -1;
  j->absent_ms = 0;
}

int mj__once_more(mj_client *c, struct mj__job *j, const mj_task *t,
                  const mj_error *why) {
  mj_error err;
  if (j->round >= j->rounds || j->cancel || j->late || j->stopping ||
      !j->kept || !mj__outcome_may_repeat(why->code, t->fail_reason) ||
      c->poisoned)
    return 0;
  if (mj__record_end(c, j, why, t) != MJ_OK)
    return 0;
  if (next_key(c, j) != MJ_OK)
    return 0;
  mj__log(c, 1, "%s; submitted again, %d of %d", why->text, j->round + 1,
          j->rounds);
  mj__slot_free(c, j);
  forget_round(c, j);
  mj__money_leave(j);
  j->round++;
  (void)mj__job_go(j, MJ__NEW);
  mj__err_clear(&err);
  if (mj__new_token(c, j) != MJ_OK ||
      mj__make_ready(c, j, mj__kept_request(j), &err) != MJ_OK) {
    if (!err.code)
      (void)mj__err_nomem(&err);
    (void)mj__job_go(j, MJ__REJECTED);
    mj__end(c, j, &err, NULL, NULL);
    return 1;
  }
  mj__enqueue(c, j, MJ__Q_SUBMIT);
  return 1;
}
