/* SPDX-License-Identifier: MIT
   journal.c - a client's journal: opened once for all clients of the process,
   with the run whose work it holds. */
#include "mj_int.h"
#include "os.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* A journal that this process uses, or used: what its requests were counted up
   to must not be forgotten while the process lives, or a client that is made
   later would take equal requests for the ones before.  The writer wakes all
   clients, so their list is guarded; everything else belongs to their thread.
 */
struct mj__journal {
  struct mj__journal *next;
  mj__store *store; /* NULL = nobody uses it now */
  char *path;
  struct mj__mem of_store;
  mj_client *clients;
  struct mj__tallies tallies;
  char *script, *run;   /* the run that this process began or goes on with */
  int resumed, retries; /* retries: that run had ended with an error */
  /* The last answer of newest(), for who asks ten thousand times: of the
     requests `prefix` after the after-th, the newest was the n-th. */
  char prefix[MJ__KEY_MAX];
  long after, n;
  int64_t newest_ms;
  int64_t born_ms, ended_ms; /* the last of each that was written */
  struct mj__fund *funds;    /* of the clients; as long as there is one */
};

/* A month: what is settled by then, and finished, nobody asks for. */
#define KEPT_MS (INT64_C(30) * 24 * 3600 * 1000)

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct mj__journal *journals;

static struct mj__mem plain(void) {
  struct mj__mem m;
  mj__mem_init(&m, NULL, NULL);
  return m;
}

static int wake_all(void *ud) {
  struct mj__journal *n = ud;
  mj_client *c;
  pthread_mutex_lock(&guard);
  for (c = n->clients; c; c = c->next_in_journal)
    mj_wakeup(c);
  pthread_mutex_unlock(&guard);
  return 0;
}

static void drop(struct mj__journal *n) {
  struct mj__mem m = plain();
  mj__tallies_free(&n->tallies, &m);
  mj__free(&m, n->path);
  mj__free(&m, n->script);
  mj__free(&m, n->run);
  mj__free(&m, n);
}

/* The process's, which is made if need be. */
static struct mj__journal *find_or_make(const char *path) {
  struct mj__mem m = plain();
  struct mj__journal *n = journals;
  while (n && strcmp(n->path, path) != 0)
    n = n->next;
  if (n)
    return n;
  n = mj__alloc(&m, sizeof *n);
  if (!n)
    return NULL;
  n->path = mj__strdup(&m, path);
  if (!n->path) {
    drop(n);
    return NULL;
  }
  n->next = journals;
  journals = n;
  return n;
}

static struct mj__journal *of_path(const char *path) {
  struct mj__journal *n;
  pthread_mutex_lock(&guard);
  n = find_or_make(path);
  pthread_mutex_unlock(&guard);
  return n;
}

void mj__journals_forget(void) {
  while (journals) {
    struct mj__journal *n = journals;
    journals = n->next;
    drop(n);
  }
}

static int open_store(mj_client *c, struct mj__journal *n, mj_error *err) {
  struct mj__store_options o;
  if (n->store)
    return n->of_store.fn == c->mem.fn && n->of_store.ud == c->mem.ud
               ? MJ_OK
               : mj__err_set(err, MJ_EINVALID,
                             "journal: clients that share one need the same "
                             "allocator");
  memset(&o, 0, sizeof o);
  o.path = n->path;
  o.wake = wake_all;
  o.wake_ud = n;
  n->of_store = c->mem;
  return mj__store_sqlite(&n->store, &n->of_store, &o, err);
}

static void join(mj_client *c, struct mj__journal *n) {
  pthread_mutex_lock(&guard);
  c->next_in_journal = n->clients;
  n->clients = c;
  pthread_mutex_unlock(&guard);
  c->in_journal = n;
  c->store = n->store;
  c->journaled = 1;
}

/* 128 random bits as text. */
static int new_run_id(char *out, size_t size) {
  unsigned char bits[16];
  size_t i;
  if (mj__os_random(bits, sizeof bits) != 0)
    return MJ_ERESOURCE;
  for (i = 0; i < sizeof bits && 2 * i + 3 <= size; i++)
    (void)snprintf(out + 2 * i, 3, "%02x", bits[i]);
  return MJ_OK;
}

/* The run that was cut off goes on; one that ended by itself does not. */
static int cut_off(mj_client *c, struct mj__arena *a, const char **id,
                   int *gave_up, mj_error *err) {
  struct mj__run last;
  int rc;
  if (!c->cfg.run || c->cfg.fresh)
    return MJ_ENOT_FOUND;
  rc = c->store->ops->run_last(c->store, c->cfg.run, a, &last, err);
  if (rc == MJ_OK && last.clean)
    rc = MJ_ENOT_FOUND;
  *id = rc == MJ_OK ? last.id : NULL;
  *gave_up = rc == MJ_OK && last.ended_ms != 0;
  return rc;
}

int mj__journal_not_written(mj_error *err, int rc) {
  return rc == MJ_ERESOURCE
             ? mj__err_nomem(err)
             : mj__err_set(err, MJ_EJOURNAL, "the journal cannot be written");
}

static int put_run(mj_client *c, const struct mj__run *now, mj_error *err) {
  uint64_t number;
  int rc = c->store->ops->run_begin(c->store, now, &number);
  if (rc == MJ_OK)
    rc = c->store->ops->forget(c->store, mj__wall(c) - KEPT_MS, &number);
  return rc ? mj__journal_not_written(err, rc) : MJ_OK;
}

/* Of the run: whether a row was ever sent.  Another value than those of MJ_E*
   ends the round. */
enum { WAS_SENT = 1 };

static int was_sent(void *run, const struct mj__record *r) {
  return r->run && strcmp(r->run, run) == 0 && (r->sent_ms || r->task_id)
             ? WAS_SENT
             : MJ_OK;
}

/* A run that never sent anything was cut off from nothing: nobody is told. */
static int look_back(mj_client *c, char *run, int *resumed, mj_error *err) {
  int rc = MJ_OK;
  if (*resumed)
    rc = c->store->ops->each(c->store, 0, was_sent, run, err);
  *resumed = rc == WAS_SENT;
  return rc == WAS_SENT ? MJ_OK : rc;
}

static int begin_run(mj_client *c, char **run, int *resumed, int *gave_up,
                     mj_error *err) {
  struct mj__mem m = plain();
  struct mj__arena a;
  struct mj__run now;
  const char *id = NULL;
  char made[40];
  int rc;
  mj__arena_init(&a, &m);
  *gave_up = 0;
  rc = cut_off(c, &a, &id, gave_up, err);
  *resumed = rc == MJ_OK;
  if (rc == MJ_ENOT_FOUND) {
    id = made;
    rc = new_run_id(made, sizeof made)
             ? mj__err_set(err, MJ_ERESOURCE, "no random bytes")
             : MJ_OK;
  }
  memset(&now, 0, sizeof now); /* one that goes on has not ended any more */
  now.id = id;
  now.script = c->cfg.run;
  if (rc == MJ_OK && c->cfg.run)
    rc = put_run(c, &now, err);
  *run = rc == MJ_OK ? mj__strdup(&m, id) : NULL;
  mj__arena_free(&a);
  if (rc == MJ_OK)
    rc = *run ? look_back(c, *run, resumed, err) : mj__err_nomem(err);
  if (rc) {
    mj__free(&m, *run);
    *run = NULL;
  }
  return rc;
}

/* The process's run, when its script is the same. */
static int take_run(mj_client *c, struct mj__journal *n, mj_error *err) {
  struct mj__mem m = plain();
  char *run = NULL;
  int rc, resumed, gave_up, same;
  same = n->run && c->cfg.run && strcmp(n->script, c->cfg.run) == 0 &&
         !c->cfg.fresh;
  if (!same) {
    rc = begin_run(c, &run, &resumed, &gave_up, err);
    if (rc)
      return rc;
    mj__free(&m, n->run);
    mj__free(&m, n->script);
    n->run = run;
    n->script = mj__strdup(&m, c->cfg.run ? c->cfg.run : "");
    n->resumed = resumed;
    n->retries = gave_up;
    n->prefix[0] = '\0';
    if (!n->script)
      return mj__err_nomem(err);
  }
  c->run = mj__strdup(&c->mem, n->run);
  c->resumed = n->resumed ? 1 : 0;
  c->retries = n->retries ? 1 : 0;
  return c->run ? MJ_OK : mj__err_nomem(err);
}

int mj__journal_open(mj_client *c, mj_error *err) {
  struct mj__journal *n = of_path(c->cfg.journal);
  int rc;
  if (!n)
    return mj__err_nomem(err);
  rc = open_store(c, n, err);
  if (rc)
    return rc;
  join(c, n);
  return take_run(c, n, err);
}

void mj__journal_close(mj_client *c) {
  struct mj__journal *n = c->in_journal;
  mj_client **at;
  pthread_mutex_lock(&guard);
  for (at = &n->clients; *at != c; at = &(*at)->next_in_journal)
    ;
  *at = c->next_in_journal;
  pthread_mutex_unlock(&guard);
  c->store = NULL;
  if (n->clients)
    return;
  mj__funds_free(n->funds); /* another process may write meanwhile */
  n->funds = NULL;
  n->store->ops->free(n->store);
  n->store = NULL;
}

mj_client *mj__journal_clients(const mj_client *c) {
  return c->in_journal->clients;
}

struct mj__fund **mj__journal_funds(mj_client *c) {
  return &c->in_journal->funds;
}

int mj__journal_key(mj_client *c, const mj_request *r, char out[MJ__KEY_MAX]) {
  struct mj__mem m = plain();
  return mj__key_make(&c->in_journal->tallies, &m, r, c->cfg.base_url, out);
}

int mj__journal_newest(mj_client *c, const char *prefix, long after,
                       int64_t *created_ms, mj_error *err) {
  struct mj__journal *n = c->in_journal;
  int rc = MJ_OK;
  if (strcmp(n->prefix, prefix) != 0 || after < n->after ||
      (n->newest_ms && after >= n->n)) {
    n->n = n->after = after;
    n->prefix[0] = '\0';
    rc = c->store->ops->newest(c->store, c->run, prefix, &n->n, &n->newest_ms,
                               err);
    if (rc == MJ_OK)
      (void)snprintf(n->prefix, sizeof n->prefix, "%s", prefix);
  }
  *created_ms = n->newest_ms;
  return rc;
}

/* A row that is made after another one ended is younger, and one that was there
   is not, whatever the clock does and however fast they are. */
int64_t mj__journal_born(mj_client *c) {
  struct mj__journal *n = c->in_journal;
  n->born_ms = mj__wall(c);
  if (n->born_ms <= n->ended_ms)
    n->born_ms = n->ended_ms + 1;
  return n->born_ms;
}

int64_t mj__journal_ended(mj_client *c) {
  struct mj__journal *n = c->in_journal;
  int64_t now = mj__wall(c);
  if (now < n->born_ms)
    now = n->born_ms;
  if (now > n->ended_ms)
    n->ended_ms = now;
  return now;
}

int mj__journal_knows(const mj_client *c, const char *token) {
  return c->store->ops->known(c->store, MJ__SCOPE_TOKENS, token);
}

/* For the user ------------------------------------------------------------- */

int mj_run_done(mj_client *c, int good, mj_error *err) {
  struct mj__mem m = plain();
  uint64_t number;
  int rc;
  mj__err_clear(err);
  if (!c->journaled || !c->cfg.run)
    return MJ_OK;
  /* a client that is made after this begins another one */
  mj__free(&m, c->in_journal->run);
  c->in_journal->run = NULL;
  rc = c->store->ops->run_end(c->store, c->run, good, mj__wall(c), &number);
  return rc ? mj__journal_not_written(err, rc) : MJ_OK;
}

int mj_flush(mj_client *c, int64_t wait_ms, mj_error *err) {
  int rc;
  mj__err_clear(err);
  if (!c->journaled)
    return MJ_OK;
  rc = c->store->ops->flush(c->store, wait_ms);
  if (rc == MJ_ETIMEOUT)
    return mj__err_set(err, rc, "the journal's disk is slow");
  return rc ? mj__err_set(err, rc, "the journal cannot be written") : MJ_OK;
}

const char *mj_run_id(const mj_client *c) {
  return c->run;
}

int mj_resumed(const mj_client *c) {
  return c->resumed;
}
