/* SPDX-License-Identifier: MIT
   sweep.c - a gateway's list, read while it arrives: which of its tasks are
   those that we wonder about, and how far back it goes.  Of a list of a hundred
   thousand tasks no more than one is in memory. */
#include "mj_int.h"
#include "tag.h"

#include <string.h>

/* The job whose token, or seed tag, the task carries. */
static struct mj__job *whose(mj_client *c, const mj_task *t) {
  struct mj__job *j;
  int by_state = t->state && strncmp(t->state, "mj_", 3) == 0;
  uint32_t tag = by_state || !c->cfg.seed_tag ? 0 : mj__tag_of_task(t);
  if (by_state && c->journaled) {
    j = mj__job_named(c, t->state);
    return j && j->queue == MJ__Q_UNKNOWN ? j : NULL;
  }
  for (j = c->queues[MJ__Q_UNKNOWN].first; j && (by_state || tag);
       j = j->next) {
    if (by_state && strcmp(t->state, j->token) == 0)
      return j;
    if (tag && j->op == MJ_OP_IMAGINE && tag == mj__tag(j->token))
      return j;
  }
  return NULL;
}

/* The last ones are kept: the gateways' lists begin with the newest, and the
   older a task of ours is, the more it proves. */
static void witness(struct mj__sweep *w, const char *token) {
  memcpy(w->seen[w->nseen++ % MJ__WITNESSES], token, MJ__TOKEN + 1);
}

int mj__sweep_item(void *ud, const mj_value *item, struct mj__arena *a) {
  mj_client *c = ud;
  struct mj__job *j;
  mj_task t;
  if (item->type != MJ_JSON_OBJECT)
    return MJ_OK;
  if (c->wire->task(item, a, &t) != MJ_OK)
    return MJ_ERESOURCE;
  if (!t.id || !mj__id_ok(t.id))
    return MJ_OK;
  j = whose(c, &t);
  if (j && !j->suspect)
    return mj__keep(c, &j->suspect, t.id);
  if (!j && t.state && strlen(t.state) == MJ__TOKEN &&
      mj__journal_knows(c, t.state))
    witness(&c->sweep, t.state);
  return MJ_OK;
}

void mj__drop_suspect(mj_client *c, struct mj__job *j) {
  if (j->task_id) /* then it has been accepted, and may have a dialog */
    return;
  mj__free(&c->mem, j->suspect);
  j->suspect = NULL;
}

void mj__sweep_begin(mj_client *c) {
  struct mj__job *j;
  c->sweep.nseen = 0;
  for (j = c->queues[MJ__Q_UNKNOWN].first; j; j = j->next) {
    mj__drop_suspect(c, j);
    j->swept = 1;
  }
}

/* Whether the list goes back beyond the request.  A gateway that was restarted
   has an empty memory, and trueai's list has the newest 100 of everybody: only
   a task that we sent before this one proves that this one would be there.
   When that was our own journal says, not the gateway's clock.  This reads the
   disk; it happens minutes after trouble, and seldom. */
int mj__sweep_whole(mj_client *c, const struct mj__job *j) {
  const struct mj__sweep *w = &c->sweep;
  int64_t sent = mj__wall(c) - (c->now - j->sent_ms);
  size_t i, n = w->nseen < MJ__WITNESSES ? w->nseen : MJ__WITNESSES;
  struct mj__arena a;
  int found = 0;
  mj__arena_init(&a, &c->mem);
  for (i = 0; i < n && !found; i++) {
    struct mj__find by = {.token = w->seen[i]};
    struct mj__record row;
    found = c->store->ops->find(c->store, &by, &a, &row, NULL) == MJ_OK &&
            row.sent_ms > 0 && row.sent_ms < sent;
  }
  mj__arena_free(&a);
  return found;
}
