/* SPDX-License-Identifier: MIT
   worker.c - a thread with a queue before it and a queue behind it. */
#include "worker.h"
#include "err.h"
#include "os.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

struct list {
  struct mj__work *first, *last;
};

struct mj__worker {
  struct mj__mem mem;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t more;
  struct list todo, done;
  int quit;
  int (*wake)(void *ud);
  void *ud;
};

static void push(struct list *l, struct mj__work *w) {
  w->next = NULL;
  if (l->last)
    l->last->next = w;
  else
    l->first = w;
  l->last = w;
}

static struct mj__work *pull(struct list *l) {
  struct mj__work *w = l->first;
  if (w) {
    l->first = w->next;
    if (!l->first)
      l->last = NULL;
    w->next = NULL;
  }
  return w;
}

void mj__work_do(struct mj__work *w) {
  mj__err_clear(&w->err);
  (void)mj__os_write_file(w->path, w->data, w->n, &w->err);
}

static void *run(void *ud) {
  struct mj__worker *w = ud;
  (void)pthread_mutex_lock(&w->lock);
  for (;;) {
    struct mj__work *item = pull(&w->todo);
    if (item) {
      (void)pthread_mutex_unlock(&w->lock);
      mj__work_do(item);
      (void)pthread_mutex_lock(&w->lock);
      push(&w->done, item);
      (void)w->wake(w->ud);
    } else if (w->quit) {
      break;
    } else {
      (void)pthread_cond_wait(&w->more, &w->lock);
    }
  }
  (void)pthread_mutex_unlock(&w->lock);
  return NULL;
}

int mj__worker_new(struct mj__worker **out, const struct mj__mem *m,
                   int (*wake)(void *ud), void *ud) {
  struct mj__worker *w = mj__alloc(m, sizeof *w);
  sigset_t all, old;
  int rc;
  *out = NULL;
  if (!w)
    return MJ_ERESOURCE;
  w->mem = *m;
  w->wake = wake;
  w->ud = ud;
  (void)pthread_mutex_init(&w->lock, NULL);
  (void)pthread_cond_init(&w->more, NULL);
  /* signals belong to the host's threads */
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &old);
  rc = pthread_create(&w->thread, NULL, run, w);
  (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (rc != 0) {
    mj__free(m, w);
    return MJ_ERESOURCE;
  }
  *out = w;
  return MJ_OK;
}

void mj__worker_put(struct mj__worker *w, struct mj__work *item) {
  (void)pthread_mutex_lock(&w->lock);
  push(&w->todo, item);
  (void)pthread_cond_signal(&w->more);
  (void)pthread_mutex_unlock(&w->lock);
}

struct mj__work *mj__worker_take(struct mj__worker *w) {
  struct mj__work *item;
  (void)pthread_mutex_lock(&w->lock);
  item = pull(&w->done);
  (void)pthread_mutex_unlock(&w->lock);
  return item;
}

struct mj__work *mj__worker_free(struct mj__worker *w) {
  struct mj__work *rest;
  struct mj__mem mem;
  if (!w)
    return NULL;
  mem = w->mem;
  (void)pthread_mutex_lock(&w->lock);
  w->quit = 1;
  (void)pthread_cond_signal(&w->more);
  (void)pthread_mutex_unlock(&w->lock);
  (void)pthread_join(w->thread, NULL);
  rest = w->done.first;
  (void)pthread_mutex_destroy(&w->lock);
  (void)pthread_cond_destroy(&w->more);
  mj__free(&mem, w);
  return rest;
}
