/* SPDX-License-Identifier: MIT
   recon.c - paid requests without an answer: was there a task?  The gateway's
   list says so, where it carries our token; its silence counts only when the
   list is seen to be whole, twice, and late enough. */
#include "mj_int.h"

#include <string.h>

/* After the request left.  A gateway that goes on with the request of a client
   that is gone needs up to 60 s to time out (new-api); twice that is late
   enough. */
static const int64_t looks[] = {5000,   15000,  30000, 60000,
                                120000, 300000, 900000};
enum {
  NLOOKS = sizeof looks / sizeof looks[0],
  LATE_ENOUGH = 120000,
  WITNESSES = 8 /* asked for in the journal, at most */
};

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

/* The end of what can be found out here. */
static void hold(mj_client *c, struct mj__job *j, const char *why) {
  mj_error err;
  mj__err_clear(&err);
  /* once: a gateway that never answers would be paid for ever */
  if (strcmp(c->cfg.on_unknown, "resubmit") == 0 && j->body &&
      j->attempt <= 1) {
    mj__log(c, 1, "%s: nothing is known of it, it is sent again (on_unknown)",
            j->token);
    mj__send_again(c, j);
    return;
  }
  mj__err_set(&err, MJ_EUNKNOWN_OUTCOME,
              "it was sent, and no answer came; %s: it counts as paid until "
              "somebody knows (resolve)",
              why);
  if (strcmp(c->cfg.on_unknown, "abandon") == 0)
    (void)mj__job_go(j, MJ__ABANDONED);
  mj__leave_slot(c, j);
  mj__end(c, j, &err, NULL, NULL);
}

void mj__give_up_unknown(mj_client *c, struct mj__job *j) {
  mj__disarm(j);
  mj__leave_slot(c, j);
  mj__end_text(c, j, MJ_EUNKNOWN_OUTCOME,
               "given up while it was not known whether it was taken: it "
               "counts as paid until somebody knows (resolve)");
}

/* It provably never became a task, or its owner wants it so: once more. */
void mj__send_again(mj_client *c, struct mj__job *j) {
  (void)mj__job_go(j, MJ__READY);
  if (j->slot) {
    j->slot = 0;
    c->live.used--;
  }
  j->absent_ms = 0;
  (void)mj__record(c, j);
  mj__enqueue(c, j, MJ__Q_SUBMIT);
}

void mj__wonder(mj_client *c, struct mj__job *j) {
  int64_t at = next_look(c, j);
  if (!mj__has_evidence(c)) {
    hold(c, j, "this gateway has no list to look it up in");
  } else if (at < 0) {
    hold(c, j, "the gateway's list does not tell what became of it");
  } else {
    mj__enqueue(c, j, MJ__Q_UNKNOWN);
    mj__arm(c, j, at);
  }
}

/* Its time has come: one list serves all who wonder. */
void mj__wonder_due(mj_client *c, struct mj__job *j) {
  (void)j;
  c->wondering = 1;
  c->dirty = 1;
}

static void later(mj_client *c, struct mj__job *j) {
  int64_t at = next_look(c, j);
  mj__disarm(j);
  if (at < 0)
    hold(c, j, "the gateway's list does not tell what became of it");
  else
    mj__arm(c, j, at);
}

/* There was no list.  One whose time for looking is over by now, since the
   journal lay about, asks some more, and not at once: the gateway may be
   down. */
static void no_list(mj_client *c, struct mj__job *j) {
  if (!mj__has_evidence(c)) {
    mj__disarm(j);
    hold(c, j, "this gateway has no list to look it up in");
  } else if (j->asked || next_look(c, j) > c->now) {
    later(c, j);
  } else if (++j->troubles > NLOOKS) {
    mj__disarm(j);
    hold(c, j, "the gateway's list could not be had");
  } else {
    mj__disarm(j);
    mj__arm(c, j,
            c->now + mj__backoff(j->troubles, looks[0], looks[NLOOKS - 2],
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

/* Starts the list when somebody wants it and nobody has asked yet. */
void mj__ask_around(mj_client *c) {
  struct mj__exchange *x;
  struct mj__call call;
  int64_t wait;
  int rc;
  if (!c->wondering || c->wonder_x || !c->queues[MJ__Q_UNKNOWN].n)
    return;
  if (!mj__has_evidence(c)) { /* the family was not known before */
    c->wondering = 0;
    all_without(c);
    return;
  }
  wait = mj__bucket_wait(&c->requests, c->now);
  if (wait > 0)
    mj__wait_until(c, wait);
  if (wait > 0 || c->nxfree == 0)
    return;
  c->wondering = 0;
  x = mj__exchange_new(c, 0, MJ__X_RECON);
  mj__bucket_take(&c->requests, c->now);
  memset(&call, 0, sizeof call);
  call.url = x->url;
  mj__buf_init(&call.body, &c->mem, 64);
  rc = c->wire->ask(&call, &c->gateway, NULL, MJ__R_LIST, NULL, 0, NULL);
  x->url = call.url;
  mj__buf_free(&call.body);
  if (rc == MJ_OK)
    rc = mj__start(c, x, call.method, x->url.p, NULL, 0);
  if (rc == MJ_OK) {
    c->wonder_x = x->id;
    return;
  }
  mj__exchange_free(c, x);
  all_without(c);
}

/* The id of the task that carries the job's token, or NULL. */
static const char *id_in(const mj_task *list, size_t n,
                         const struct mj__job *j) {
  size_t i;
  for (i = 0; i < n; i++)
    if (list[i].state && strcmp(list[i].state, j->token) == 0 && list[i].id &&
        mj__id_ok(list[i].id))
      return list[i].id;
  return NULL;
}

/* Whether the list goes back beyond the request.  A gateway that was restarted
   has an empty memory, and trueai's list has the newest 100 of everybody: only
   a task that we sent before this one proves that this one would be there.
   When that was our own journal says, not the gateway's clock.  This reads the
   disk; it happens minutes after trouble, and seldom. */
static int is_whole(mj_client *c, const mj_task *list, size_t n,
                    const struct mj__job *j) {
  int64_t sent = mj__wall(c) - (c->now - j->sent_ms);
  struct mj__arena a;
  size_t i, tries = 0;
  int found = 0;
  mj__arena_init(&a, &c->mem);
  for (i = n; i > 0 && !found && tries < WITNESSES; i--) { /* oldest first */
    struct mj__find by = {.token = list[i - 1].state};
    struct mj__record row;
    if (!by.token || strncmp(by.token, "mj_", 3) != 0 ||
        !mj__journal_knows(c, by.token))
      continue;
    tries++;
    found = c->store->ops->find(c->store, &by, &a, &row, NULL) == MJ_OK &&
            row.sent_ms > 0 && row.sent_ms < sent;
  }
  mj__arena_free(&a);
  return found;
}

static void judge(mj_client *c, struct mj__job *j, const mj_task *list,
                  size_t n) {
  const char *id = id_in(list, n, j);
  if (id) {
    mj__log(c, 1, "%s: the gateway took it, as task %s", j->token, id);
    mj__disarm(j);
    mj__found(c, j, id);
  } else if (c->now - j->sent_ms < LATE_ENOUGH || !is_whole(c, list, n, j)) {
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

static mj_task *read_list(mj_client *c, struct mj__exchange *x, size_t *n) {
  const mj_value *root = mj_json_root(x->doc), *v;
  struct mj__arena *a = mj__json_arena(x->doc);
  mj_task *list = mj__arena_alloc(a, (root->len + 1) * sizeof *list);
  *n = 0;
  for (v = root->first; list && v; v = v->next)
    if (v->type == MJ_JSON_OBJECT) {
      if (c->wire->task(v, a, &list[*n]) != MJ_OK)
        return NULL;
      (*n)++;
    }
  return list;
}

void mj__told_around(mj_client *c, struct mj__exchange *x,
                     const struct mj__reply *s) {
  struct mj__job *j, *next;
  int code;
  size_t n = 0;
  mj_task *list = NULL;
  c->wonder_x = 0;
  mj__learn(c, MJ__R_LIST, NULL, s);
  if (mj__outcome_ask(s, MJ__R_LIST, &code) == MJ__LOOK_GOOD)
    list = read_list(c, x, &n);
  if (!list) {
    all_without(c);
    return;
  }
  for (j = c->queues[MJ__Q_UNKNOWN].first; j; j = next) {
    next = j->next;
    j->asked = 1;
    judge(c, j, list, n);
  }
}
