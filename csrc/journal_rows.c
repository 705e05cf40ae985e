/* SPDX-License-Identifier: MIT
   journal_rows.c - what a journal holds, for people; and what they know of it
   that no gateway tells. */
#include "mj_int.h"

#include <stdio.h>
#include <string.h>

static int not_journaled(mj_error *err) {
  return mj__err_set(err, MJ_EINVALID, "journal: the client has none");
}

/* "cat", "cat#2": the mark of a round is not for people. */
static const char *shown_key(const char *key, char out[MJ__KEY_ROUND]) {
  char *mark;
  if (!key || !strchr(key, MJ__ROUND_MARK))
    return key;
  (void)snprintf(out, MJ__KEY_ROUND, "%s", key);
  mark = strchr(out, MJ__ROUND_MARK);
  if (mark) /* a key of another's making may be longer than ours */
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
  struct mj__mem mem;
  mj__store *s;
  int rc;
  if (owner)
    *owner = pid;
  mj__err_clear(err);
  mj__mem_init(&mem, NULL, NULL);
  rc = mj__store_copy(&s, &mem, path, err);
  if (rc)
    return rc;
  rc = s->ops->each(s, unknown, one, &round, err);
  if (rc == MJ_OK && files)
    rc = s->ops->files(s, NULL, one_file, &round, err);
  s->ops->free(s);
  return round.stopped ? MJ_OK : rc;
}

int mj_run_last(const char *path, const char *run, int64_t *ended_wall_ms,
                int *good, mj_error *err) {
  struct mj__arena a;
  struct mj__mem mem;
  struct mj__run last;
  mj__store *s;
  int rc;
  *ended_wall_ms = 0;
  *good = 0;
  mj__err_clear(err);
  mj__mem_init(&mem, NULL, NULL);
  rc = mj__store_copy(&s, &mem, path, err);
  if (rc)
    return rc;
  mj__arena_init(&a, &mem);
  rc = s->ops->run_last(s, run, &a, &last, err);
  if (rc == MJ_OK) {
    *ended_wall_ms = last.ended_ms;
    *good = last.clean;
  } else if (rc == MJ_ENOT_FOUND) {
    mj__err_set(err, rc, "the journal has no such run");
  }
  mj__arena_free(&a);
  s->ops->free(s);
  return rc;
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
    return mj__journal_not_written(err, rc);
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
