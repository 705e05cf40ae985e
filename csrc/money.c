/* SPDX-License-Identifier: MIT
   money.c - what the jobs of a client cost, and the account that its budget is
   about.  Each change goes into a record of the job (record.c calls
   mj__money_follow), so that a journal has what the accounts have: before a
   request leaves its price is on the disk. */
#include "mj_int.h"
#include "store_record.h"

#include <string.h>

/* The sum of what a budget is about.  Clients that share a journal share it. */
struct mj__fund {
  struct mj__fund *next;
  struct mj__mem mem;
  char *gateway, *name, *run; /* run NULL = of all runs */
  int daily;
  int64_t day;
  struct mj__account account;
};

/* Whose budget a row is counted for, when it was another's than that of the
   client that goes on with it; one block. */
struct mj__home {
  const char *gateway, *name, *run;
};

/* Requests of one kind: what one costs, and what was counted for them here. */
struct mj__tariff {
  struct mj__tariff *next;
  char what[MJ__WHAT_MAX];
  char mode[8];
  int64_t price; /* -1 = there is none */
  int64_t count;
  struct mj__account account;
};

static int64_t today(const mj_client *c) {
  return mj__wall(c) / MJ__DAY_MS;
}

static struct mj__fund **funds_of(mj_client *c) {
  return c->journaled ? mj__journal_funds(c) : &c->funds;
}

static const char *name_of(const mj_client *c) {
  return c->cfg.budget_name ? c->cfg.budget_name : "";
}

static int same(const char *a, const char *b) {
  return strcmp(a ? a : "", b ? b : "") == 0;
}

/* Funds -------------------------------------------------------------------- */

static int is_about(const struct mj__fund *f, const char *gateway,
                    const char *name, const char *run, int64_t day) {
  return same(f->gateway, gateway) && same(f->name, name) &&
         (!f->run || same(f->run, run)) && (!f->daily || f->day == day);
}

static void roll(struct mj__fund *f, int64_t day) {
  if (!f->daily || day <= f->day)
    return;
  f->day = day;
  memset(&f->account, 0, sizeof f->account);
}

void mj__funds_free(struct mj__fund *f) {
  while (f) {
    struct mj__fund *next = f->next;
    struct mj__mem m = f->mem;
    mj__free(&m, f->gateway);
    mj__free(&m, f->name);
    mj__free(&m, f->run);
    mj__free(&m, f);
    f = next;
  }
}

static int add_sum(void *ud, const struct mj__sum *s) {
  struct mj__fund *f = ud;
  if (s->amount > 0 && is_about(f, s->gateway, s->budget, s->run, s->day))
    mj__account_move(&f->account, MJ__P_NONE, 0, mj__purse_of(s->state),
                     s->amount);
  return MJ_OK;
}

static struct mj__fund *fund_new(mj_client *c) {
  struct mj__mem m;
  struct mj__fund *f;
  int by_run = strcmp(c->cfg.budget_per, "run") == 0;
  mj__mem_init(&m, NULL, NULL);
  if (!c->journaled)
    m = c->mem;
  f = mj__alloc(&m, sizeof *f);
  if (!f)
    return NULL;
  f->mem = m;
  f->daily = strcmp(c->cfg.budget_per, "day") == 0;
  f->day = f->daily ? today(c) : 0;
  f->gateway = mj__strdup(&m, c->cfg.base_url ? c->cfg.base_url : "");
  f->name = mj__strdup(&m, name_of(c));
  if (by_run && c->run)
    f->run = mj__strdup(&m, c->run);
  if (f->gateway && f->name && (f->run || !(by_run && c->run)))
    return f;
  mj__funds_free(f);
  return NULL;
}

/* The fund of this client: one of its journal's, or a new one, which begins
   with what the journal has. */
int mj__money_open(mj_client *c, mj_error *err) {
  struct mj__fund **list = funds_of(c), *f;
  int rc = MJ_OK;
  const char *run = strcmp(c->cfg.budget_per, "run") == 0 ? c->run : NULL;
  int daily = strcmp(c->cfg.budget_per, "day") == 0;
  c->limit = c->cfg.budget;
  for (f = *list; f; f = f->next)
    if (same(f->gateway, c->cfg.base_url) && same(f->name, name_of(c)) &&
        same(f->run, run) && f->daily == daily)
      break;
  if (!f) {
    f = fund_new(c);
    if (!f)
      return mj__err_nomem(err);
    if (c->journaled)
      rc = c->store->ops->sums(c->store, add_sum, f, err);
    if (rc) {
      mj__funds_free(f);
      return rc;
    }
    f->next = *list;
    *list = f;
  }
  c->fund = f;
  return MJ_OK;
}

void mj__money_close(mj_client *c) {
  while (c->tariffs) {
    struct mj__tariff *next = c->tariffs->next;
    mj__free(&c->mem, c->tariffs);
    c->tariffs = next;
  }
  mj__funds_free(c->funds);
  c->funds = NULL;
}

/* Jobs --------------------------------------------------------------------- */

static struct mj__tariff *tariff_of(mj_client *c, const char *what,
                                    const char *mode) {
  struct mj__tariff *t;
  for (t = c->tariffs; t; t = t->next)
    if (strcmp(t->what, what) == 0 && strcmp(t->mode, mode) == 0)
      return t;
  t = mj__alloc(&c->mem, sizeof *t);
  if (!t)
    return NULL;
  memcpy(t->what, what, strlen(what) + 1);
  memcpy(t->mode, mode, strlen(mode) + 1);
  if (!mj_price_find(c->cfg.prices, c->cfg.nprices, what, *mode ? mode : NULL,
                     c->cfg.base_url, &t->price))
    t->price = -1;
  t->next = c->tariffs;
  c->tariffs = t;
  return t;
}

static const char *mode_of(const mj_client *c, const char *mode) {
  if (!mode)
    mode = c->cfg.mode;
  return mode && strlen(mode) < sizeof((struct mj__tariff *)0)->mode ? mode
                                                                     : "";
}

static int keep_home(mj_client *c, struct mj__job *j,
                     const struct mj__record *row) {
  size_t gateway = mj__packed(row->gateway), name = mj__packed(row->budget);
  char *to;
  if (same(row->gateway, c->cfg.base_url) && same(row->budget, name_of(c)) &&
      same(row->run, c->run))
    return MJ_OK;
  j->home = mj__alloc(&c->mem,
                      sizeof *j->home + gateway + name + mj__packed(row->run));
  if (!j->home)
    return MJ_ERESOURCE;
  to = (char *)(j->home + 1);
  j->home->gateway = mj__pack(&to, row->gateway);
  j->home->name = mj__pack(&to, row->budget);
  j->home->run = mj__pack(&to, row->run);
  return MJ_OK;
}

int mj__money_adopt(mj_client *c, struct mj__job *j,
                    const struct mj__record *row) {
  char what[MJ__WHAT_MAX] = "";
  mj_request r;
  memset(&r, 0, sizeof r);
  r.op = (mj_op)row->op;
  r.button = row->button;
  mj__what_of(what, &r); /* of a journal that does not say it */
  if (row->what && strlen(row->what) < sizeof what)
    memcpy(what, row->what, strlen(row->what) + 1);
  j->tariff = tariff_of(c, what, mode_of(c, row->mode));
  if (!j->tariff || keep_home(c, j, row))
    return MJ_ERESOURCE;
  j->counted = row->price > 0 ? row->price : 0;
  j->purse =
      (unsigned char)(j->counted ? mj__purse_of(row->state) : MJ__P_NONE);
  j->day = (int32_t)(row->sent_ms / MJ__DAY_MS);
  if ((row->state == MJ__DISPATCHING || row->state == MJ__UNKNOWN) &&
      !row->task_id) {
    j->reserved = 1;
    j->pending = j->counted;
    /* of one that was sent again whoever it cost: the newest attempt only */
    if (row->attempt > 1 && j->tariff->price >= 0 &&
        j->tariff->price < j->counted)
      j->pending = j->tariff->price;
  }
  return MJ_OK;
}

const char *mj__money_what(const struct mj__job *j) {
  return j->tariff ? j->tariff->what : NULL;
}

const char *mj__money_mode(const struct mj__job *j) {
  return j->tariff && *j->tariff->mode ? j->tariff->mode : NULL;
}

/* All accounts that this money is in. */
static void move(mj_client *c, struct mj__job *j, enum mj__purse to,
                 int64_t is) {
  struct mj__fund *f;
  enum mj__purse from = (enum mj__purse)j->purse;
  int64_t was = j->counted;
  if (is == 0)
    to = MJ__P_NONE;
  for (f = *funds_of(c); f; f = f->next)
    if (j->home
            ? is_about(f, j->home->gateway, j->home->name, j->home->run, j->day)
            : is_about(f, c->cfg.base_url, name_of(c), c->run, j->day))
      mj__account_move(&f->account, from, was, to, is);
  if (j->tariff)
    mj__account_move(&j->tariff->account, from, was, to, is);
  j->counted = is;
  j->purse = (unsigned char)to;
}

/* From here on it is this client's; its next record says so. */
static void come_home(mj_client *c, struct mj__job *j) {
  enum mj__purse purse = (enum mj__purse)j->purse;
  int64_t counted = j->counted;
  if (!j->home)
    return;
  move(c, j, MJ__P_NONE, 0);
  mj__free(&c->mem, j->home);
  j->home = NULL;
  j->moved_home = 1;
  move(c, j, purse, counted);
}

int mj__money_quote(mj_client *c, struct mj__job *j, const mj_request *r) {
  char what[MJ__WHAT_MAX];
  come_home(c, j); /* its row is written anew */
  mj__what_of(what, r);
  j->tariff = tariff_of(c, what, mode_of(c, r->mode));
  return j->tariff ? MJ_OK : MJ_ERESOURCE;
}

static void say_short(mj_client *c, struct mj__job *j) {
  const struct mj__tariff *t = j->tariff;
  const struct mj__account *a = &c->fund->account;
  char n[6][24];
  mj_error err;
  mj__err_clear(&err);
  mj__err_set(
      &err, MJ_EBUDGET,
      "not sent: %s%s%s costs %s, and of the budget of %s there is %s left "
      "(spent %s, reserved %s, unknown %s); client:budget{limit=} raises it",
      t->what, *t->mode ? " in mode " : "", t->mode,
      mj_amount_format(t->price, n[0], sizeof n[0]),
      mj_amount_format(c->limit, n[1], sizeof n[1]),
      mj_amount_format(mj__account_left(a, c->limit), n[2], sizeof n[2]),
      mj_amount_format(a->sums[MJ__P_SPENT], n[3], sizeof n[3]),
      mj_amount_format(a->sums[MJ__P_RESERVED], n[4], sizeof n[4]),
      mj_amount_format(a->sums[MJ__P_UNKNOWN], n[5], sizeof n[5]));
  (void)mj__job_go(j, MJ__REJECTED);
  mj__end(c, j, &err, NULL, NULL);
}

enum { REFUSALS = 500 };

int mj__money_rests(mj_client *c) {
  if (c->refused < REFUSALS)
    return 0;
  c->dirty = 1;
  return 1;
}

static void say_unpriced(mj_client *c, struct mj__job *j) {
  const char *what = j->tariff ? j->tariff->what : "this";
  const char *mode = j->tariff ? j->tariff->mode : "";
  mj_error err;
  mj__err_clear(&err);
  mj__err_set(&err, MJ_EBUDGET,
              "not sent: there is a budget, and no price for %s%s%s: add "
              "prices = { [\"%s\"] = ... } (0 where it costs nothing), or one "
              "for default",
              what, *mode ? " in mode " : "", mode, what);
  (void)mj__job_go(j, MJ__REJECTED);
  mj__end(c, j, &err, NULL, NULL);
}

void mj__money_rehearse(mj_client *c, struct mj__job *j) {
  struct mj__tariff *t = j->tariff;
  char n[24];
  mj_error err;
  if (!t) /* its button would have to be looked up */
    t = j->tariff = tariff_of(c, "click", mode_of(c, j->mode));
  mj__err_clear(&err);
  if (t && t->price >= 0)
    mj__err_set(&err, MJ_ECANCELLED, "dry run: not sent; %s would cost %s",
                t->what, mj_amount_format(t->price, n, sizeof n));
  else
    mj__err_set(&err, MJ_ECANCELLED, "dry run: not sent; no price for %s",
                t ? t->what : "it");
  if (t) {
    t->count++;
    mj__account_move(&t->account, MJ__P_NONE, 0, MJ__P_RESERVED,
                     t->price > 0 ? t->price : 0);
  }
  (void)mj__job_go(j, MJ__CANCELLED);
  mj__end(c, j, &err, NULL, NULL);
}

/* Counts it, if the limit allows.  All that a job cost is of the day on which
   it was sent last. */
static int count_in(mj_client *c, struct mj__job *j, int64_t price) {
  enum mj__purse purse = (enum mj__purse)j->purse;
  int64_t before = j->counted, day = j->day;
  come_home(c, j);
  if (c->fund)
    roll(c->fund, today(c));
  move(c, j, MJ__P_NONE, 0);
  j->day = (int32_t)today(c);
  if (c->limit >= 0 &&
      !mj__account_allows(&c->fund->account, c->limit, before + price)) {
    j->day = (int32_t)day;
    move(c, j, purse, before);
    return 0;
  }
  j->pending = price;
  move(c, j, MJ__P_RESERVED, before + price);
  return 1;
}

int mj__money_reserve(mj_client *c, struct mj__job *j) {
  int64_t price = j->tariff ? j->tariff->price : -1;
  c->refused++;
  if (c->cfg.dry_run) {
    mj__money_rehearse(c, j);
    return 0;
  }
  if (j->task_id) { /* an answer to its dialog: was paid with its click */
    c->refused--;
    return 1;
  }
  if (c->limit >= 0 && price < 0) {
    say_unpriced(c, j);
    return 0;
  }
  if (!count_in(c, j, price > 0 ? price : 0)) {
    say_short(c, j);
    return 0;
  }
  c->refused--;
  j->reserved = 1;
  if (j->tariff)
    j->tariff->count++;
  return 1;
}

void mj__money_follow(mj_client *c, struct mj__job *j, struct mj__record *r) {
  int64_t before = j->counted, is = before;
  if (!j->tariff)
    return;
  switch ((enum mj__state)j->state) {
  case MJ__NEW:
  case MJ__LOOKUP:
  case MJ__READY:
  case MJ__REJECTED:
    if (j->reserved) { /* provably not paid */
      is -= j->pending;
      j->tariff->count--;
    }
    j->reserved = 0;
    break;
  case MJ__DISPATCHING:
  case MJ__UNKNOWN:
    break;
  case MJ__ACCEPTED:
  case MJ__RUNNING:
  case MJ__NEEDS_MODAL:
  case MJ__SUCCEEDED:
  case MJ__FAILED:
  case MJ__CANCELLED:
  case MJ__ABANDONED:
  case MJ__DOWNLOADED:
  case MJ__STATES:
    j->reserved = 0;
    break;
  }
  if (j->moved_home) {
    r->gateway = c->cfg.base_url;
    r->budget = name_of(c);
    r->run = c->run;
    j->moved_home = 0;
  }
  if (is > 0 || before > 0)
    move(c, j, mj__purse_of(j->state), is);
  if (is > 0)
    r->price = is;
  else if (before > 0 || j->tariff->price >= 0)
    r->price = MJ__PRICE_NONE;
}

void mj__money_refund(mj_client *c, struct mj__job *j) {
  if (j->counted > 0)
    move(c, j, MJ__P_NONE, 0);
}

void mj__money_leave(struct mj__job *j) {
  j->counted = j->pending = 0;
  j->purse = MJ__P_NONE;
  j->reserved = 0;
}

void mj__money_back(mj_client *c, struct mj__job *j) {
  if (!j->reserved)
    return;
  move(c, j, (enum mj__purse)j->purse, j->counted - j->pending);
  j->tariff->count--;
  j->reserved = 0;
}

void mj__money_keep(struct mj__job *j) {
  j->reserved = 0;
  j->pending = 0;
}

void mj__money_settle(mj_client *c, const struct mj__record *row,
                      struct mj__record *r) {
  struct mj__fund *f;
  int absent = r->task_id == NULL;
  if (row->price <= 0 || (absent && row->task_id))
    return; /* an answer to its dialog is absent: the click is paid */
  for (f = *funds_of(c); f; f = f->next)
    if (is_about(f, row->gateway, row->budget, row->run,
                 row->sent_ms / MJ__DAY_MS))
      mj__account_move(&f->account, mj__purse_of(row->state), row->price,
                       absent ? MJ__P_NONE : mj__purse_of(r->state),
                       absent ? 0 : row->price);
  if (absent)
    r->price = MJ__PRICE_NONE;
}

/* For the user ------------------------------------------------------------- */

void mj_budget_get(mj_client *c, mj_budget *out) {
  memset(out, 0, sizeof *out);
  out->limit = c->limit;
  if (!c->fund)
    return;
  roll(c->fund, today(c));
  out->reserved = c->fund->account.sums[MJ__P_RESERVED];
  out->unknown = c->fund->account.sums[MJ__P_UNKNOWN];
  out->spent = c->fund->account.sums[MJ__P_SPENT];
}

int mj_budget_set(mj_client *c, int64_t limit, mj_error *err) {
  int rc = MJ_OK;
  mj__err_clear(err);
  if (limit < -1 || limit > MJ__AMOUNT_MOST)
    return mj__err_set(err, MJ_EINVALID,
                       "budget: an amount from 0 up expected, or -1 for none");
  if (!c->fund && limit >= 0)
    rc = mj__money_open(c, err);
  if (rc == MJ_OK)
    c->limit = limit;
  return rc;
}

void mj__money_tariffs(mj_client *c, mj_money_fn fn, void *ud) {
  const struct mj__tariff *t;
  int stopped = 0;
  for (t = c->tariffs; t && !stopped; t = t->next) {
    mj_money m;
    if (t->count == 0)
      continue;
    memset(&m, 0, sizeof m);
    m.gateway = c->cfg.base_url;
    m.budget = c->cfg.budget_name;
    m.what = t->what;
    m.mode = *t->mode ? t->mode : NULL;
    m.day_wall_ms = today(c) * MJ__DAY_MS;
    m.count = t->count;
    m.unpriced = t->price < 0 ? t->count : 0;
    m.reserved = t->account.sums[MJ__P_RESERVED];
    m.unknown = t->account.sums[MJ__P_UNKNOWN];
    m.spent = t->account.sums[MJ__P_SPENT];
    stopped = fn(ud, &m);
  }
}
