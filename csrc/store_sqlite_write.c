/* SPDX-License-Identifier: MIT
   store_sqlite_write.c - the journal's own thread: takes what is queued,
   commits it as one group, tells how far it has come.

   A thread apart from that for files (worker.c): a picture that is slow to
   sync must not hold up a paid request. */
#include "store_sqlite_int.h"
#include "err.h"
#include "os.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static void items_add(struct mj__items *l, struct mj__item *it) {
  it->next = NULL;
  if (l->last)
    l->last->next = it;
  else
    l->first = it;
  l->last = it;
  l->n++;
}

static struct mj__item *items_take(struct mj__items *l) {
  struct mj__item *it = l->first;
  if (it) {
    l->first = it->next;
    if (!l->first)
      l->last = NULL;
    it->next = NULL;
    l->n--;
  }
  return it;
}

/* 1 = woken, 0 = it got too late.  at_ms is mj__os_now_ms's. */
static int wait_until(pthread_cond_t *c, pthread_mutex_t *m, int64_t at_ms) {
  struct timespec ts;
  ts.tv_sec = (time_t)(at_ms / 1000);
  ts.tv_nsec = (long)(at_ms % 1000) * 1000000;
  return pthread_cond_timedwait(c, m, &ts) != ETIMEDOUT;
}

/* The next group, or an empty one at the end.  Holds the lock. */
static void gather(struct mj__sqlite *s, struct mj__items *group) {
  int64_t until;
  memset(group, 0, sizeof *group);
  while (s->todo.n == 0 && !s->quit)
    (void)pthread_cond_wait(&s->more, &s->lock);
  /* one more than the wish: the clock's millisecond may be about to end */
  until = mj__os_now_ms(NULL) + MJ__STORE_GATHER_MS + 1;
  while (s->todo.n > 0 && s->todo.n < MJ__STORE_GROUP && !s->hurry && !s->quit)
    if (!wait_until(&s->more, &s->lock, until))
      break;
  while (s->todo.n > 0 && group->n < MJ__STORE_GROUP)
    items_add(group, items_take(&s->todo));
  if (s->todo.n == 0)
    s->hurry = 0;
}

static void hand_back(struct mj__sqlite *s, struct mj__items *group) {
  struct mj__item *it;
  while ((it = items_take(group)) != NULL) {
    (void)atomic_fetch_sub(&s->bytes, it->size);
    items_add(&s->done, it);
  }
  atomic_store_explicit(&s->returned, s->done.n > 0, memory_order_relaxed);
}

static void tell(struct mj__sqlite *s, const struct mj__items *lost) {
  const struct mj__item *it;
  char line[MJ__STORE_LINE];
  for (it = lost->first; it; it = it->next)
    if (it->kind == MJ__I_RECORD) {
      mj__record_line(&it->u.record, line, sizeof line);
      s->say(s->say_ud, line);
    }
}

/* Nothing is written any more: after a failed fsync nobody knows what is on
   the disk, and a second one may lie (the kernel drops what it could not
   write).  Holds the lock. */
static void give_up(struct mj__sqlite *s, struct mj__items *group,
                    const mj_error *why) {
  s->why = *why;
  atomic_store(&s->broken, 1);
  while (s->todo.n > 0)
    items_add(group, items_take(&s->todo));
  (void)pthread_mutex_unlock(&s->lock);
  tell(s, group);
  (void)pthread_mutex_lock(&s->lock);
}

/* Tells who waits.  Holds the lock. */
static void announce(struct mj__sqlite *s) {
  (void)pthread_cond_broadcast(&s->idle);
  if (!s->wake)
    return;
  (void)pthread_mutex_unlock(&s->lock);
  (void)s->wake(s->wake_ud);
  (void)pthread_mutex_lock(&s->lock);
}

/* Holds the lock, but not while it writes. */
static void write_group(struct mj__sqlite *s, struct mj__items *group) {
  uint64_t newest = group->last->number;
  mj_error why;
  int rc;
  mj__err_clear(&why);
  (void)pthread_mutex_unlock(&s->lock);
  (void)pthread_mutex_lock(&s->db_lock);
  rc = mj__sqlite_commit(s, group->first, &why);
  (void)pthread_mutex_unlock(&s->db_lock);
  (void)pthread_mutex_lock(&s->lock);
  if (rc == MJ_OK) {
    atomic_store(&s->durable, newest);
    hand_back(s, group);
    announce(s);
    /* after the news: it takes longer than a commit */
    (void)pthread_mutex_unlock(&s->lock);
    (void)pthread_mutex_lock(&s->db_lock);
    rc = mj__sqlite_checkpoint(s, &why);
    (void)pthread_mutex_unlock(&s->db_lock);
    (void)pthread_mutex_lock(&s->lock);
  }
  if (rc) {
    give_up(s, group, &why);
    hand_back(s, group);
    announce(s);
  }
}

static void *run(void *ud) {
  struct mj__sqlite *s = ud;
  struct mj__items group;
  (void)pthread_mutex_lock(&s->lock);
  for (gather(s, &group); group.n > 0; gather(s, &group))
    write_group(s, &group);
  (void)pthread_mutex_unlock(&s->lock);
  return NULL;
}

static int make_locks(struct mj__sqlite *s) {
  pthread_condattr_t a;
  if (pthread_condattr_init(&a) != 0)
    return -1;
  /* the wall clock may jump */
  (void)pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
  (void)pthread_mutex_init(&s->lock, NULL);
  (void)pthread_mutex_init(&s->db_lock, NULL);
  (void)pthread_cond_init(&s->more, &a);
  (void)pthread_cond_init(&s->idle, &a);
  (void)pthread_condattr_destroy(&a);
  return 0;
}

static void drop_locks(struct mj__sqlite *s) {
  (void)pthread_mutex_destroy(&s->lock);
  (void)pthread_mutex_destroy(&s->db_lock);
  (void)pthread_cond_destroy(&s->more);
  (void)pthread_cond_destroy(&s->idle);
}

int mj__sqlite_start(struct mj__sqlite *s, mj_error *err) {
  sigset_t all, old;
  int rc;
  if (make_locks(s) != 0)
    return mj__err_nomem(err);
  /* signals belong to the host's threads */
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &old);
  rc = pthread_create(&s->thread, NULL, run, s);
  (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (rc != 0) {
    drop_locks(s);
    return mj__err_set(err, MJ_ERESOURCE, "no thread for the journal");
  }
  s->started = 1;
  return MJ_OK;
}

void mj__sqlite_stop(struct mj__sqlite *s) {
  (void)pthread_mutex_lock(&s->lock);
  s->quit = 1;
  (void)pthread_cond_signal(&s->more);
  (void)pthread_mutex_unlock(&s->lock);
  (void)pthread_join(s->thread, NULL);
  drop_locks(s);
  s->started = 0;
}

int mj__sqlite_queue(struct mj__sqlite *s, struct mj__item *it) {
  int wake;
  (void)pthread_mutex_lock(&s->lock);
  if (atomic_load(&s->broken)) {
    (void)pthread_mutex_unlock(&s->lock);
    return MJ_EJOURNAL;
  }
  (void)atomic_fetch_add(&s->bytes, it->size);
  items_add(&s->todo, it);
  /* in between the writer waits for the clock, not for us */
  wake = s->todo.n == 1 || s->todo.n == MJ__STORE_GROUP;
  (void)pthread_mutex_unlock(&s->lock);
  if (wake)
    (void)pthread_cond_signal(&s->more);
  return MJ_OK;
}

int mj__sqlite_flush(struct mj__sqlite *s, int64_t timeout_ms) {
  int64_t until = mj__os_now_ms(NULL) + timeout_ms;
  int rc = MJ_OK;
  (void)pthread_mutex_lock(&s->lock);
  s->hurry = s->todo.n > 0;
  (void)pthread_cond_signal(&s->more);
  while (rc == MJ_OK && !atomic_load(&s->broken) &&
         atomic_load(&s->durable) < s->number) {
    if (timeout_ms < 0)
      (void)pthread_cond_wait(&s->idle, &s->lock);
    else if (!wait_until(&s->idle, &s->lock, until))
      rc = MJ_ETIMEOUT;
  }
  if (atomic_load(&s->broken))
    rc = MJ_EJOURNAL;
  (void)pthread_mutex_unlock(&s->lock);
  return rc;
}

int mj__sqlite_failed(struct mj__sqlite *s, mj_error *err) {
  if (!atomic_load(&s->broken))
    return MJ_OK;
  (void)pthread_mutex_lock(&s->lock);
  if (err)
    *err = s->why;
  (void)pthread_mutex_unlock(&s->lock);
  return MJ_EJOURNAL;
}

struct mj__item *mj__sqlite_returned(struct mj__sqlite *s) {
  struct mj__item *first;
  if (!s->started) { /* the locks are gone, and so is the thread */
    first = s->done.first;
    memset(&s->done, 0, sizeof s->done);
    atomic_store(&s->returned, 0);
    return first;
  }
  (void)pthread_mutex_lock(&s->lock);
  first = s->done.first;
  memset(&s->done, 0, sizeof s->done);
  atomic_store_explicit(&s->returned, 0, memory_order_relaxed);
  (void)pthread_mutex_unlock(&s->lock);
  return first;
}
