/* SPDX-License-Identifier: MIT
   turn.c - one turn of the loop, and the events that come out of it. */
#include "mj_int.h"

#include <limits.h>
#include <string.h>

/* Shown when there is no memory for the real text. */
static const mj_error plain_errors[] = {
#define X(name, num, t) {.code = num, .retry_after_ms = -1, .text = t},
    MJ_ERROR_MAP(X)
#undef X
};

static void emit(mj_client *c, struct mj__event *e) {
  if (e->queued)
    return;
  e->queued = 1;
  e->next = NULL;
  if (c->ev_last)
    c->ev_last->next = e;
  else
    c->ev_first = e;
  c->ev_last = e;
}

void mj__report_accepted(mj_client *c, struct mj__job *j) {
  j->accepted.pub.type = MJ_EV_ACCEPTED;
  j->accepted.pub.id = j->id;
  j->accepted.pub.task_id = j->task_id;
  j->accepted.pub.token = c->journaled ? j->token : NULL;
  j->accepted.pub.items = j->ids;
  j->accepted.pub.nitems = (size_t)j->nids;
  emit(c, &j->accepted);
}

/* The event takes the reply over; an older one that nobody fetched goes. */
static void give(mj_client *c, struct mj__event *e, struct mj__exchange *x,
                 mj_task *t) {
  mj_json_free(e->doc);
  mj__free(&c->mem, e->body);
  e->doc = NULL;
  e->body = NULL;
  e->pub.task = NULL;
  if (!x)
    return;
  e->pub.data_len = x->reply.n;
  e->body = mj__buf_steal(&x->reply);
  e->doc = x->doc;
  x->doc = NULL;
  if (t)
    t->json = e->body; /* it may have moved */
  e->pub.task = t;
}

void mj__report_progress(mj_client *c, struct mj__job *j,
                         struct mj__exchange *x, mj_task *t) {
  const char *id =
      mj__arena_strndup(mj__json_arena(x->doc), j->task_id, strlen(j->task_id));
  if (!id || (j->moved.queued && j->moved.seen))
    return; /* somebody reads the one before */
  j->moved.pub.type = MJ_EV_PROGRESS;
  j->moved.pub.id = j->id;
  j->moved.pub.task_id = id; /* the job may have another when it is read */
  give(c, &j->moved, x, t);
  j->moved.pub.data_len = 0;
  emit(c, &j->moved);
}

/* The gateway works on it whether we look or not: the place in the window
   stays taken for the longest life of such a task.  An entry without a job
   gives it back. */
void mj__leave_slot(mj_client *c, struct mj__job *j) {
  int64_t life = mj__longest_life(j->mode);
  if (!j->slot)
    return;
  j->slot = 0;
  if (!mj__timers_add(&c->timers, c->now + life, 0))
    c->live.used--;
}

/* It was sent, nobody knows what became of it, and to send it again
   (on_unknown) came to nothing: what is not known stays so. */
static const mj_error *still_unknown(mj_client *c, struct mj__job *j,
                                     const mj_error *why, mj_error *err) {
  char doubt[MJ__DOUBT];
  if (!j->resent || j->task_id || !why || mj__job_go(j, MJ__UNKNOWN) != MJ_OK)
    return why;
  mj__err_clear(err);
  mj__doubt(c, j, doubt);
  mj__err_set(err, MJ_EUNKNOWN_OUTCOME,
              "it was sent, and no answer came; it did not go once more "
              "(%.200s): it %s",
              why->text, doubt);
  mj__money_back(c, j);
  mj__leave_slot(c, j);
  return err;
}

void mj__end(mj_client *c, struct mj__job *j, const mj_error *err,
             struct mj__exchange *x, mj_task *t) {
  struct mj__event *e = &j->done;
  mj_error unknown;
  err = still_unknown(c, j, err, &unknown);
  mj__disarm(j);
  mj__slot_free(c, j);
  e->pub.type = j->kind == MJ__TIMER ? MJ_EV_TIMER : MJ_EV_DONE;
  e->pub.id = j->id;
  e->pub.task_id = j->task_id;
  e->pub.token = c->journaled ? j->token : NULL;
  give(c, e, x, t);
  if (!err && (j->kind == MJ__FETCH || j->op == MJ_OP_UPLOAD))
    e->pub.data = e->body;
  else
    e->pub.data_len = 0;
  if (j->kind == MJ__ASK) { /* each of its tasks has its own */
    mj__free(&c->mem, e->body);
    e->body = NULL;
  }
  if (err) {
    e->err = mj__alloc(&c->mem, sizeof *e->err);
    if (e->err) {
      *e->err = *err;
      mj__redact(c, e->err->text);
    }
    e->pub.error = e->err ? e->err : &plain_errors[-err->code - 1];
  }
  j->over = 1;
  mj__job_ended(c, j);
  /* a failure is in c->poisoned; the end stands */
  if (j->kind == MJ__TASK && (j->record || j->token) && !j->replayed &&
      !j->leaves)
    (void)mj__record_end(c, j, e->pub.error, e->pub.task);
  mj__enqueue(c, j, MJ__Q_RECORD);
}

void mj__end_text(mj_client *c, struct mj__job *j, int code, const char *text) {
  mj_error err;
  mj__err_clear(&err);
  mj__err_set(&err, code, "%s", text);
  mj__end(c, j, &err, NULL, NULL);
}

void mj__end_cancelled(mj_client *c, struct mj__job *j) {
  mj_error err;
  mj__err_clear(&err);
  if (j->task_id)
    mj__err_set(&err, MJ_ECANCELLED,
                "cancelled here; task %s goes on at the gateway", j->task_id);
  else
    mj__err_set(&err, MJ_ECANCELLED, "cancelled before it was sent");
  mj__leave_slot(c, j);
  (void)mj__job_go(j, MJ__CANCELLED);
  mj__end(c, j, &err, NULL, NULL);
}

/* The task of this job is not wanted any more. */
static void stop(mj_client *c, struct mj__job *j) {
  /* READY: an answer to a dialog that could not be sent yet never will be */
  if (!j->task_id || j->state == MJ__READY ||
      mj__route_known(c, MJ__R_CANCEL, j->mode, NULL) != MJ_OK) {
    mj__end_cancelled(c, j);
    return;
  }
  if (j->state != MJ__RUNNING) /* and an answer that waits does not go */
    (void)mj__job_go(j, MJ__RUNNING);
  mj__disarm(j);
  j->stopping = MJ__STOP_WANTED;
  j->troubles = 0;
  mj__enqueue(c, j, MJ__Q_POLL);
}

/* The journal broke before this was on disk: it stays here. */
static void not_recorded(mj_client *c, struct mj__job *j) {
  struct mj__exchange *x = mj__exchange_of(c, j->exchange);
  if (x)
    mj__exchange_free(c, x);
  j->exchange = 0;
  (void)mj__job_go(j, MJ__REJECTED);
  mj__end_text(c, j, MJ_EJOURNAL,
               "not sent: the journal cannot be written any more");
}

/* A job whose newest record is durable. */
static void settled(mj_client *c, struct mj__job *j) {
  mj__dequeue(c, j);
  if (j->over) {
    c->njobs--;
    emit(c, &j->done);
  } else if (j->state == MJ__DISPATCHING && c->poisoned) {
    not_recorded(c, j);
  } else if (j->state == MJ__DISPATCHING) {
    mj__send_paid(c, j);
  } else if (j->state == MJ__ACCEPTED) {
    if (!j->told)
      mj__report_accepted(c, j);
    j->told = 1;
    if (j->cancel && j->detached) {
      j->leaves = 1;
      mj__end_cancelled(c, j);
    } else if (j->cancel) {
      stop(c, j);
    } else if (j->late) {
      mj__disarm(j);
      mj__too_late(c, j);
    } else if (j->announced) {
      j->announced = 0;
      mj__disarm(j);
      (void)mj__job_go(j, MJ__NEEDS_MODAL);
      mj__answer(c, j, NULL);
    } else if (!j->timer) { /* there was no memory for it */
      mj__enqueue(c, j, MJ__Q_POLL);
    }
  }
}

/* When the journal has failed nothing becomes durable any more: what is known
   is told all the same, and nothing paid leaves. */
static uint64_t durable(mj_client *c) {
  mj_error err;
  if (!c->poisoned && c->journaled &&
      c->store->ops->failed(c->store, &err) != MJ_OK) {
    c->poisoned = 1;
    mj__log(c, 0, "%s", err.text);
  }
  return c->poisoned ? UINT64_MAX : c->store->ops->durable(c->store);
}

/* The same where somebody waits for it.  Without helper threads a turn waits
   for the disk: the time of such a client may be a test's, which would run
   ahead of it. */
static uint64_t on_disk(mj_client *c) {
  const struct mj__job *j = c->queues[MJ__Q_RECORD].first;
  uint64_t upto = durable(c);
  if (!j || j->record <= upto || !c->journaled || c->cfg.threads)
    return upto;
  (void)c->store->ops->flush(c->store, -1);
  return durable(c);
}

/* Whose record is durable, or NULL.  Records are numbered in order, so the
   queue is too.  A turn with a budget settles a few of them; the next one goes
   on at once. */
static struct mj__job *to_settle(mj_client *c, uint64_t upto) {
  struct mj__job *j = c->queues[MJ__Q_RECORD].first;
  if (!j || j->record > upto)
    return NULL;
  if (c->settles > 0 &&
      (j->over || j->state != MJ__DISPATCHING || c->starts > 0))
    return j;
  c->dirty = 1;
  return NULL;
}

static void settle(mj_client *c) {
  uint64_t upto = on_disk(c);
  struct mj__job *j;
  for (; (j = to_settle(c, upto)) != NULL; c->settles--)
    settled(c, j);
}

static void reap(mj_client *c) {
  struct mj__work *w;
  while (c->worker && (w = mj__worker_take(c->worker)) != NULL) {
    c->nwrites--;
    mj__work_done(c, mj__job_of(c, w->id), w);
    mj__work_free(c, w);
  }
}

static void due(mj_client *c, struct mj__job *j) {
  j->timer = 0;
  switch ((enum mj__kind)j->kind) {
  case MJ__TIMER:
    mj__end(c, j, NULL, NULL, NULL);
    break;
  case MJ__WRITE:
    mj__work_do(j->work);
    mj__work_done(c, j, j->work);
    break;
  case MJ__TASK:
    if (j->state == MJ__UNKNOWN)
      mj__wonder_due(c);
    else if (j->queue == MJ__Q_RECORD)
      mj__arm(c, j, c->now + 1); /* its acceptance is not durable yet */
    else
      mj__enqueue(c, j, mj__queue_of(j));
    break;
  case MJ__ASK:
    mj__enqueue(c, j, MJ__Q_POLL);
    break;
  case MJ__FETCH:
    mj__enqueue(c, j, MJ__Q_FETCH);
    break;
  }
}

/* Collect, then run: an entry that is added meanwhile waits for the next turn,
   as do those that a budget leaves no time for. */
static void run_timers(mj_client *c) {
  uint64_t newest = c->timers.seq;
  const struct mj__due *d;
  for (; c->wakes > 0; c->wakes--) {
    d = mj__timers_peek(&c->timers);
    if (!d || d->at_ms > c->now || d->seq > newest)
      break;
    struct mj__job *j = mj__job_of(c, d->id);
    uint64_t seq = d->seq;
    int ghost = d->id == 0;
    mj__timers_pop(&c->timers);
    if (ghost) {
      c->live.used--;
      c->dirty = 1;
    } else if (j && j->timer == seq) {
      due(c, j);
    } else if (j && j->deadline == seq) {
      mj__too_late(c, j);
    }
  }
}

static int64_t sooner(int64_t a, int64_t b) {
  return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

/* A thread of ours tells when it is done; should its word be lost, that costs
   a second and not the job. */
enum { LOST_WORD = 1000 };

int64_t mj_timeout(const mj_client *c) {
  const struct mj__due *d = mj__timers_peek(&c->timers);
  int64_t t = c->tr.timeout(c->tr.ud), now;
  if (c->dirty)
    return 0;
  if (c->cfg.threads && (c->nwrites || c->queues[MJ__Q_RECORD].n))
    t = sooner(t, LOST_WORD);
  if (!d && c->pump_at < 0)
    return t;
  now = mj__clock(c);
  if (d)
    t = sooner(t, d->at_ms > now ? d->at_ms - now : 0);
  if (c->pump_at >= 0)
    t = sooner(t, c->pump_at > now ? c->pump_at - now : 0);
  return t;
}

static void work(mj_client *c) {
  reap(c);
  run_timers(c);
  do { /* an end can make room for the next one; each round uses something up */
    settle(c);
    if (c->dirty || (c->pump_at >= 0 && c->pump_at <= c->now))
      mj__pump(c);
  } while (to_settle(c, on_disk(c)));
}

/* What it costs to start a request and to end it, and to wake a job, in
   microseconds: about. */
enum { START_COST = 40, WAKE_COST = 2 };

static int most_of(int64_t budget_us, int64_t cost) {
  int64_t n = budget_us / cost;
  return budget_us <= 0 || n > INT_MAX ? INT_MAX : n > 1 ? (int)n : 1;
}

/* The transport's share; new requests take the rest. */
static int64_t most_of_it(int64_t budget_us) {
  return budget_us - budget_us / 4;
}

int mj_step(mj_client *c, int64_t wait_ms, int64_t budget_us) {
  int64_t most;
  int for_ever = wait_ms < 0;
  if (c->busy)
    return MJ_EINVALID;
  c->busy = 1;
  c->starts = most_of(budget_us, START_COST);
  c->wakes = c->settles = most_of(budget_us, WAKE_COST);
  c->refused = 0;
  if (c->dirty) {
    c->now = mj__clock(c);
    work(c);
  }
  most = mj_timeout(c);
  wait_ms = sooner(wait_ms, most);
  /* with nothing to wait for, -1 would be for ever */
  if (c->ev_first || (for_ever && c->njobs == 0 && c->nwatched == 0))
    wait_ms = 0;
  c->tr.step(c->tr.ud, c, wait_ms, most_of_it(budget_us));
  c->now = mj__clock(c);
  work(c);
  c->busy = 0;
  return c->njobs > INT_MAX ? INT_MAX : (int)c->njobs;
}

const mj_event *mj_event_peek(mj_client *c) {
  if (!c->ev_first)
    return NULL;
  c->ev_first->seen = 1;
  return &c->ev_first->pub;
}

void mj_event_pop(mj_client *c) {
  struct mj__event *e = c->ev_first;
  struct mj__job *j;
  if (!e)
    return;
  j = mj__job_of(c, e->pub.id);
  c->ev_first = e->next;
  if (!c->ev_first)
    c->ev_last = NULL;
  e->queued = e->seen = 0;
  if (e == &j->done) {
    mj__job_free(c, j);
    return;
  }
  mj_json_free(e->doc);
  mj__free(&c->mem, e->body);
  e->doc = NULL;
  e->body = NULL;
}

static int give_up(mj_client *c, mj_id id, int tell) {
  struct mj__job *j = mj__job_of(c, id);
  if (!j)
    return MJ_EINVALID;
  if (j->over)
    return MJ_OK;
  if (j->kind == MJ__TIMER) { /* goes without an event */
    mj__job_drop(c, j);
    return MJ_OK;
  }
  if (j->kind == MJ__WRITE || j->state == MJ__DISPATCHING) {
    j->cancel = 1; /* let it finish */
    j->detached = !tell;
    if (mj__unsent(c, j))
      mj__call_back(c, j);
    return MJ_OK;
  }
  c->now = mj__clock(c);
  mj__drop_exchange(c, j);
  mj__dequeue(c, j);
  if (j->kind == MJ__TASK && j->state == MJ__UNKNOWN) {
    mj__give_up_unknown(c, j);
  } else if (j->kind == MJ__FETCH || j->kind == MJ__ASK) {
    mj__end_text(c, j, MJ_ECANCELLED, "cancelled");
  } else if (j->stopping || !tell) { /* twice: nobody waits for the gateway */
    j->leaves = !j->stopping && j->task_id;
    mj__end_cancelled(c, j);
  } else {
    stop(c, j);
  }
  return MJ_OK;
}

int mj_cancel(mj_client *c, mj_id id) {
  return give_up(c, id, 1);
}

int mj_detach(mj_client *c, mj_id id) {
  return give_up(c, id, 0);
}
