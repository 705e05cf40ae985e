/* SPDX-License-Identifier: MIT
   notify.c - task callbacks (notifyHook): one for each change of status or
   progress, with the task as a fetch shows it at that moment.

   NotifyServiceImpl.java of novicezk: POST, JSON, no signature, no second try;
   it drops what is older than what it told last, so the same can come twice.
   trueai's drops the same as well.  Both count from NOT_START, which is
   therefore never told.  new-api takes the hook out of what it passes on and
   calls nobody (MjNotifyEnabled is off): its tasks have none. */
#include "fault.h"
#include "notify.h"

#include <stdlib.h>
#include <string.h>

#define LATE_BY   60000 /* longer than a picture takes */
#define TRIES     3     /* after the first one, where a gateway has any */
#define PATIENCE  5000  /* novicezk: the timeout of its requests */
#define PATIENCE2 30000 /* "reply within 30 s": those that call at the end */
#define AGAIN_OF  8     /* one in so many changes is told twice by novicezk */
#define TASK_BITS 48

/* Heaps ----------------------------------------------------------------------
 */

static int before(const struct sim_due *a, const struct sim_due *b) {
  return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static int grow(struct sim_heap *h) {
  size_t cap = h->cap ? h->cap * 2 : 64;
  struct sim_due *p = realloc(h->p, cap * sizeof *p);
  if (!p)
    return -1;
  h->p = p;
  h->cap = cap;
  return 0;
}

/* Without memory a callback is lost, as they are. */
static void push(mj_sim *s, struct sim_heap *h, struct sim_due d) {
  size_t i = h->n;
  if (h->n == h->cap && grow(h))
    return;
  d.order = s->dues++;
  h->n++;
  for (; i > 0 && before(&d, &h->p[(i - 1) / 2]); i = (i - 1) / 2)
    h->p[i] = h->p[(i - 1) / 2];
  h->p[i] = d;
}

static struct sim_due pop(struct sim_heap *h) {
  struct sim_due first = h->p[0], last = h->p[--h->n];
  size_t i = 0, k;
  while ((k = 2 * i + 1) < h->n) {
    if (k + 1 < h->n && before(&h->p[k + 1], &h->p[k]))
      k++;
    if (!before(&h->p[k], &last))
      break;
    h->p[i] = h->p[k];
    i = k;
  }
  h->p[i] = last;
  return first;
}

/* Changes --------------------------------------------------------------------
 */

void sim_notify_look(mj_sim *s, struct sim_task *t, int64_t at) {
  struct sim_due d = {at, 0, at, t->index, 0};
  if (!t->calls)
    return;
  d.n = ++t->calls->looks;
  push(s, &s->looks, d);
}

void sim_notify_begin(mj_sim *s, struct sim_task *t) {
  if (sim_blank(t->notify))
    return;
  t->calls = calloc(1, sizeof *t->calls);
  if (!t->calls)
    return;
  t->calls->status = SIM_NOT_START;
  t->calls->progress = -1;
  s->hooked++;
  sim_notify_look(s, t, s->now);
}

static void send(mj_sim *s, const struct sim_task *t, int64_t at, int64_t when,
                 int copies) {
  struct sim_due d = {at, 0, when, t->index, 0};
  for (; copies > 0; copies--)
    push(s, &s->sends, d);
}

/* novicezk tells of every message that Discord sends about a picture, also when
   the percentage in it is the same. */
static int comes_again(const mj_sim *s, const struct sim_task *t) {
  return s->profile->traits & SIM_CALLS_AGAIN &&
         t->calls->status == SIM_IN_PROGRESS &&
         sim_mix(t->key, 700 + t->calls->told) % AGAIN_OF == 0;
}

static void tell(mj_sim *s, struct sim_task *t, int64_t at, int ended) {
  struct sim_calls *calls = t->calls;
  unsigned faults = sim_fault_callback(s);
  int64_t due = faults & 1u << LATE ? at + sim_real(s, LATE_BY) : at;
  int copies = 1 + ((faults & 1u << TWICE) || comes_again(s, t));
  calls->told++;
  if (faults & 1u << LOST)
    copies = 0;
  if (faults & 1u << REORDERED && !ended && !calls->nheld) {
    calls->held = at;
    calls->nheld = copies;
    return;
  }
  send(s, t, due, at, copies);
  send(s, t, due, calls->held, calls->nheld);
  calls->nheld = 0;
}

/* What a task looks like now, and when to look again. */
static void look(mj_sim *s, struct sim_task *t, int64_t at) {
  struct sim_view v = sim_view_at(s, t, at);
  struct sim_calls *calls = t->calls;
  int ended = v.status >= SIM_SUCCESS;
  int64_t next;
  if (v.status != SIM_NOT_START &&
      ((int)v.status != calls->status || v.progress != calls->progress) &&
      (ended || !(s->profile->traits & SIM_CALLS_AT_END))) {
    calls->status = (int)v.status;
    calls->progress = v.progress;
    calls->when = at;
    tell(s, t, at, ended);
  }
  next = ended ? INT64_MAX : sim_next_change(s, t, at);
  if (next != INT64_MAX)
    sim_notify_look(s, t, next);
}

/* Before anything alters what tasks will look like, what they have looked like
   must be known. */
void sim_notify_collect(mj_sim *s) {
  while (s->looks.n && s->looks.p[0].at <= s->now) {
    struct sim_due d = pop(&s->looks);
    if (d.n == s->tasks[d.task]->calls->looks)
      look(s, s->tasks[d.task], d.at);
  }
}

void sim_notify_free(mj_sim *s) {
  free(s->looks.p);
  free(s->sends.p);
}

/* For who sends them ---------------------------------------------------------
 */

static int write_out(mj_sim *s, const struct sim_due *d,
                     struct mj_sim_callback *out) {
  const struct sim_task *t = s->tasks[d->task];
  struct mj_sim_reply reply;
  struct sim_call c;
  memset(&reply, 0, sizeof reply);
  memset(&c, 0, sizeof c);
  c.s = s;
  c.now = d->when;
  c.reply = &reply;
  s->profile->put_task(&c, t);
  out->id = (uint64_t)d->n << TASK_BITS | d->task;
  out->key = (uint64_t)d->task + 1;
  out->url = sim_copy(t->notify);
  out->body = c.out.p;
  out->len = c.out.n;
  out->timeout_ms =
      s->profile->traits & SIM_CALLS_AT_END ? PATIENCE2 : PATIENCE;
  if (out->url && out->body && !c.out.failed)
    return 0;
  mj_sim_callback_free(out);
  return -1;
}

int mj_sim_callback(mj_sim *s, int64_t now_ms, struct mj_sim_callback *out) {
  memset(out, 0, sizeof *out);
  if (!s->hooked)
    return 0;
  sim_advance(s, now_ms);
  sim_notify_collect(s);
  while (s->sends.n && s->sends.p[0].at <= s->now) {
    struct sim_due d = pop(&s->sends);
    if (!write_out(s, &d, out)) {
      s->stats.callbacks++;
      return 1;
    }
  }
  return 0;
}

void mj_sim_callback_free(struct mj_sim_callback *callback) {
  free(callback->url);
  free(callback->body);
  memset(callback, 0, sizeof *callback);
}

static int64_t sooner(int64_t a, int64_t b) {
  return a < b ? a : b;
}

int64_t mj_sim_callback_ms(const mj_sim *s, int64_t now_ms) {
  int64_t next = INT64_MAX;
  if (s->looks.n)
    next = s->looks.p[0].at;
  if (s->sends.n)
    next = sooner(next, s->sends.p[0].at);
  if (s->hooked && s->nwaiting) /* one of these may have a hook */
    next = sooner(next, sim_next_place(s));
  if (next == INT64_MAX)
    return -1;
  return next > now_ms ? next - now_ms : 0;
}

/* "Up to 3 retries, increasing delays, the first after 30 s": apixo's page on
   webhooks.  The others do not look at the answer. */
void mj_sim_callback_done(mj_sim *s, uint64_t id, int http_status,
                          int64_t now_ms) {
  size_t task = (size_t)(id & (((uint64_t)1 << TASK_BITS) - 1));
  uint32_t tried = (uint32_t)(id >> TASK_BITS);
  struct sim_due d = {0, 0, 0, task, tried + 1};
  if (!(s->profile->traits & SIM_CALLS_AT_END) || http_status / 100 == 2 ||
      tried >= TRIES || task >= s->ntasks || !s->tasks[task]->calls)
    return;
  d.at = now_ms + sim_real(s, (int64_t)30000 << tried);
  d.when = s->tasks[task]->calls->when;
  push(s, &s->sends, d);
}
