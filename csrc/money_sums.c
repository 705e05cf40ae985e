/* SPDX-License-Identifier: MIT
   money_sums.c - what was paid, for people: as the jobs of a client have it, or
   as a journal does. */
#include "mj_int.h"

#include <string.h>

struct round {
  int closed; /* nobody works on the journal: what was leaving is unknown */
  mj_money_fn fn;
  void *ud;
  int stopped;
};

static int show(void *ud, const struct mj__sum *s) {
  struct round *round = ud;
  enum mj__purse purse = mj__purse_of(s->state);
  mj_money m;
  if (s->amount == 0 && (s->state == MJ__REJECTED || s->state == MJ__READY))
    return MJ_OK; /* was not taken */
  if (round->closed && s->state == MJ__DISPATCHING)
    purse = MJ__P_UNKNOWN;
  memset(&m, 0, sizeof m);
  m.gateway = s->gateway;
  m.budget = s->budget;
  m.run = s->run;
  m.what = s->what;
  m.mode = s->mode;
  m.day_wall_ms = s->day * MJ__DAY_MS;
  m.count = s->count;
  m.unpriced = s->count - s->priced;
  m.reserved = purse == MJ__P_RESERVED ? s->amount : 0;
  m.unknown = purse == MJ__P_UNKNOWN ? s->amount : 0;
  m.spent = purse == MJ__P_SPENT ? s->amount : 0;
  round->stopped = round->fn(round->ud, &m);
  return round->stopped ? MJ_ECANCELLED : MJ_OK;
}

int mj_money_each(mj_client *c, mj_money_fn fn, void *ud, mj_error *err) {
  struct round round = {0, fn, ud, 0};
  int rc;
  mj__err_clear(err);
  if (!c->journaled) {
    mj__money_tariffs(c, fn, ud);
    return MJ_OK;
  }
  rc = c->store->ops->sums(c->store, show, &round, err);
  return round.stopped ? MJ_OK : rc;
}

int mj_money_read(const char *path, mj_money_fn fn, void *ud, mj_error *err) {
  struct round round = {1, fn, ud, 0};
  struct mj__mem mem;
  mj__store *s;
  int rc;
  mj__err_clear(err);
  mj__mem_init(&mem, NULL, NULL);
  rc = mj__store_copy(&s, &mem, path, err);
  if (rc)
    return rc;
  rc = s->ops->sums(s, show, &round, err);
  s->ops->free(s);
  return round.stopped ? MJ_OK : rc;
}
