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

static int not_written(mj_error *err, int rc) {
  return rc == MJ_ERESOURCE
             ? mj__err_nomem(err)
             : mj__err_set(err, MJ_EJOURNAL, "the journal cannot be written");
}

static int put_run(mj_client *c, const struct mj__run *now, mj_error *err) {
  uint64_t number;
  int rc = c->store->ops->run_begin(c->store, now, &number);
  if (rc == MJ_OK)
    rc = c->store->ops->forget(c->store, mj__wall(c) - KEPT_MS, &number);
  return rc ? not_written(err, rc) : MJ_OK;
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

static int not_journaled(mj_error *err) {
  return mj__err_set(err, MJ_EINVALID, "journal: the client has none");
}

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
  return rc ? not_written(err, rc) : MJ_OK;
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

int mj_resumed(const mj_client *c) {
  return c->resumed;
}

/* "cat", "cat#2": the mark of a round is not for people. */
static const char *shown_key(const char *key, char out[MJ__KEY_ROUND]) {
  char *mark;
  if (!key || !strchr(key, MJ__ROUND_MARK))
    return key;
  (void)snprintf(out, MJ__KEY_ROUND, "%s", key);
  mark = strchr(out, MJ__ROUND_MARK);
  *mark = '#';
  return out;
}

static void show(const struct mj__record *r, mj_row *out,
                 char key[MJ__KEY_ROUND]) {
  memset(out, 0, sizeof *out);
  out->token = r->token;
  out->key = shown_key(r->key, key);
  out->run = r->run;
  out->gateway = r->gateway;
  out->state = mj__state_name((enum mj__state)r->state);
  out->op = mj_op_name((mj_op)r->op);
  out->prompt = r->prompt;
  out->task_id = r->task_id;
  out->parent = r->parent;
  out->error = r->error_text;
  out->attempt = r->attempt;
  out->created_wall_ms = r->created_ms;
  out->sent_wall_ms = r->sent_ms;
  out->changed_wall_ms = r->changed_ms;
}

struct round {
  const mj_client *c; /* NULL = a process that may be gone works on it */
  int unknown, at_work;
  mj_row_fn fn;
  mj_file_fn files;
  void *ud;
  int stopped;
};

/* DISPATCHING of a process that is gone is as unknown as UNKNOWN; of one that
   lives it is on its way. */
static int is_unknown(const struct round *round, const struct mj__record *r) {
  mj_client *of;
  if (r->state == MJ__UNKNOWN)
    return 1;
  return r->state == MJ__DISPATCHING && !r->task_id && !round->at_work &&
         !(round->c && mj__owner(round->c, r->token, &of));
}

static int one(void *ud, const struct mj__record *r) {
  struct round *round = ud;
  char key[MJ__KEY_ROUND];
  mj_row row;
  if (round->unknown && !is_unknown(round, r))
    return MJ_OK;
  show(r, &row, key);
  round->stopped = round->fn(round->ud, &row);
  return round->stopped ? MJ_ECANCELLED : MJ_OK;
}

static int one_file(void *ud, const struct mj__saved *f) {
  struct round *round = ud;
  mj_file file = {f->token, f->n, f->path, f->bytes, f->sha256};
  round->stopped = round->files(round->ud, &file);
  return round->stopped ? MJ_ECANCELLED : MJ_OK;
}

int mj_journal_each(mj_client *c, int unknown, mj_row_fn fn, void *ud,
                    mj_error *err) {
  struct round round = {c, unknown, 0, fn, NULL, ud, 0};
  int rc;
  mj__err_clear(err);
  if (!c->journaled)
    return not_journaled(err);
  rc = c->store->ops->each(c->store, unknown, one, &round, err);
  return round.stopped ? MJ_OK : rc;
}

int mj_journal_read(const char *path, int unknown, mj_row_fn fn,
                    mj_file_fn files, void *ud, long *owner, mj_error *err) {
  long pid = mj__store_owner(path);
  struct round round = {NULL, unknown, pid != 0, fn, files, ud, 0};
  struct mj__mem mem = plain();
  mj__store *s;
  int rc;
  if (owner)
    *owner = pid;
  mj__err_clear(err);
  rc = mj__store_copy(&s, &mem, path, err);
  if (rc)
    return rc;
  rc = s->ops->each(s, unknown, one, &round, err);
  if (rc == MJ_OK && files)
    rc = s->ops->files(s, NULL, one_file, &round, err);
  s->ops->free(s);
  return round.stopped ? MJ_OK : rc;
}

/* What a person knows. */
static int settle_row(mj_client *c, const struct mj__record *row,
                      const char *task_id, mj_error *err) {
  struct mj__record r;
  uint64_t number;
  int rc;
  memset(&r, 0, sizeof r);
  r.token = row->token;
  r.attempt = row->attempt;
  r.state = task_id ? MJ__ACCEPTED : MJ__READY;
  r.task_id = task_id;
  mj__money_settle(c, row, &r);
  rc = c->store->ops->put(c->store, &r, &number);
  if (rc)
    return not_written(err, rc);
  (void)c->store->ops->event(c->store, row->token, "resolved",
                             task_id ? task_id : "absent", mj__wall(c),
                             &number);
  return MJ_OK;
}

/* The same for a job that wonders. */
static int settle_job(mj_client *c, struct mj__job *j, const char *task_id,
                      mj_error *err) {
  if (j->state != MJ__UNKNOWN)
    return mj__err_set(err, MJ_EINVALID, "%.60s is being sent: wait for it",
                       j->token);
  c->now = mj__clock(c);
  mj__disarm(j);
  mj__dequeue(c, j);
  mj__drop_suspect(c, j);
  if (task_id)
    mj__found(c, j, task_id);
  else
    mj__send_again(c, j);
  return MJ_OK;
}

/* By a caller's key: of the rounds of `attempts` the last one. */
static int find_key(mj_client *c, const char *key, struct mj__arena *a,
                    struct mj__record *row, mj_error *err) {
  struct mj__find by = {.key = key, .scope = ""};
  char next[MJ__KEY_ROUND];
  int round, rc = c->store->ops->find(c->store, &by, a, row, err);
  by.key = next;
  for (round = 2; rc == MJ_OK && round <= 255; round++) {
    if (mj__rounds_key(next, key, round) != MJ_OK ||
        !c->store->ops->known(c->store, "", next))
      break;
    rc = c->store->ops->find(c->store, &by, a, row, err);
  }
  return rc;
}

int mj_resolve(mj_client *c, const char *token, const char *task_id,
               mj_error *err) {
  struct mj__find by = {.token = token};
  struct mj__record row;
  struct mj__arena a;
  struct mj__job *j;
  mj_client *of;
  int rc;
  mj__err_clear(err);
  if (!c->journaled)
    return not_journaled(err);
  if (task_id && !mj__id_ok(task_id))
    return mj__err_set(err, MJ_EINVALID, "task: not a task id: %.60s", task_id);
  mj__arena_init(&a, &c->mem);
  rc = c->store->ops->find(c->store, &by, &a, &row, err);
  if (rc == MJ_ENOT_FOUND)
    rc = find_key(c, token, &a, &row, err);
  if (rc == MJ_ENOT_FOUND)
    mj__err_set(err, rc, "the journal has no %.60s", token);
  else if (rc == MJ_OK && row.state != MJ__UNKNOWN &&
           row.state != MJ__DISPATCHING)
    rc = mj__err_set(err, MJ_EINVALID, "%.60s is not unknown, it is %s", token,
                     mj__state_name((enum mj__state)row.state));
  if (rc == MJ_OK && (j = mj__owner(c, row.token, &of)) != NULL)
    rc = settle_job(of, j, task_id, err);
  else if (rc == MJ_OK)
    rc = settle_row(c, &row, task_id, err);
  if (rc == MJ_OK && !task_id)
    mj__held_take(c, row.token);
  mj__arena_free(&a);
  return rc;
}
