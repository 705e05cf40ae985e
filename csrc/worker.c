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

static int add(void *ud, const char *p, size_t n) {
  mj__sha256_add(ud, p, n);
  return 0;
}

/* Bytes of a disk that does not say the same twice are not those. */
static void verify(struct mj__work *w) {
  char found[sizeof w->sha256] = "";
  struct mj__sha256 d;
  int64_t size = -1;
  mj__sha256_begin(&d);
  if (mj__os_file_size(w->path) == (int64_t)w->n)
    size = mj__os_read_file(w->path, add, &d);
  if (mj__sha256_hex(&d, found) != 0 || size != (int64_t)w->n ||
      memcmp(found, w->sha256, sizeof found) != 0)
    mj__err_set(&w->err, MJ_ENOT_FOUND, "%.200s is not as it was saved",
                w->path);
}

void mj__work_do(struct mj__work *w) {
  struct mj__sha256 d;
  mj__err_clear(&w->err);
  if (w->kind == MJ__W_VERIFY) {
    verify(w);
    return;
  }
  if (w->kind == MJ__W_SAVE) {
    mj__sha256_begin(&d);
    mj__sha256_add(&d, w->data, w->n);
    (void)mj__sha256_hex(&d, w->sha256);
  }
  (void)mj__os_write_file(w->path, w->data, w->n, w->keep, &w->err);
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
