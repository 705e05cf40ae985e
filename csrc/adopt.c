/* SPDX-License-Identifier: MIT
   adopt.c - work of the journal that goes on here: by its key, when the same
   request is made again, or by its token. */
#include "key.h"
#include "mj_int.h"

#include <string.h>

/* The job that works on a row already, of whichever client of the journal; they
   are all of one thread, as their store is. */
struct mj__job *mj__owner(const mj_client *c, const char *token,
                          mj_client **of) {
  mj_client *k;
  uint32_t i;
  for (k = mj__journal_clients(c); k; k = k->next_in_journal)
    for (i = 0; i < k->jobs.cap; i++) {
      struct mj__job *j = k->jobs.slots[i];
      if (j && j->token && !j->over && strcmp(j->token, token) == 0) {
        *of = k;
        return j;
      }
    }
  return NULL;
}

static int is_owned(const mj_client *c, const char *token) {
  mj_client *of;
  return mj__owner(c, token, &of) != NULL;
}

/* What goes along with a click, in case its task asks for it. */
static int take_input(mj_client *c, struct mj__job *j,
                      const struct mj__record *row, const mj_request *r,
                      mj_error *err) {
  mj_request q;
  int rc;
  if (!r || r->op != MJ_OP_CLICK || !row->button)
    return MJ_OK;
  q = *r;
  rc = mj__dialog_keep(c, j, r, err);
  q.button = row->button;
  return rc ? rc : mj__dialog_button(j, &q, err);
}

/* While the family is not known it may be one that does not repeat what it was
   told. */
static int remembers(const mj_client *c) {
  return c->wire->remembers || !c->learned.family_known;
}

/* For a reroll. */
static void keep_past(mj_client *c, const struct mj__record *row) {
  char *url, *body;
  if (!remembers(c) || !row->task_id || !row->url || !row->body)
    return;
  url = mj__strdup(&c->mem, row->url);
  body = mj__strndup(&c->mem, row->body, row->body_len);
  if (url && body) {
    mj__past_keep(&c->past, &c->mem, row->task_id, url, body, row->body_len,
                  row->prompt);
    return;
  }
  mj__free(&c->mem, url);
  mj__free(&c->mem, body);
}

static int take_texts(mj_client *c, struct mj__job *j,
                      const struct mj__record *row) {
  j->op = (unsigned char)row->op;
  j->attempt = (short)row->attempt;
  j->written = 1;
  j->answered = row->op == MJ_OP_MODAL;
  return mj__keep(c, &j->token, row->token) ||
                 mj__keep(c, &j->task_id, row->task_id) ||
                 mj__keep(c, &j->parent, row->parent) ||
                 mj__keep(c, &j->mode, row->mode) ||
                 mj__keep(c, &j->state_user, row->state_user) ||
                 mj__keep(c, &j->prompt, remembers(c) ? row->prompt : NULL)
             ? MJ_ERESOURCE
             : MJ_OK;
}

/* The request as it was made then. */
static int take_request(mj_client *c, struct mj__job *j,
                        const struct mj__record *row) {
  if (!row->url || !row->body)
    return MJ_EJOURNAL;
  j->url = mj__strdup(&c->mem, row->url);
  j->body = mj__strndup(&c->mem, row->body, row->body_len);
  j->body_len = row->body_len;
  j->route = (unsigned char)c->wire->route((mj_op)row->op);
  return j->url && j->body ? MJ_OK : MJ_ERESOURCE;
}

static void hold_slot(mj_client *c, struct mj__job *j) {
  j->slot = 1;
  c->live.used++;
}

/* Accepted before: reported and asked for like one that has just been. */
static void go_on(mj_client *c, struct mj__job *j) {
  (void)mj__job_go(j, MJ__ACCEPTED);
  j->accepted_ms = c->now;
  hold_slot(c, j);
  mj__enqueue(c, j, MJ__Q_RECORD);
}

/* The last thing known is that it left, or was about to. */
static int go_on_unknown(mj_client *c, struct mj__job *j,
                         const struct mj__record *row) {
  int64_t age = mj__wall(c) - row->sent_ms;
  int rc = take_request(c, j, row);
  if (rc == MJ_ERESOURCE)
    return rc;
  j->sent_ms = c->now - (age > 0 ? age : 0);
  (void)mj__job_go(j, MJ__UNKNOWN);
  hold_slot(c, j);
  rc = mj__record(c, j);
  if (rc == MJ_OK)
    mj__wonder(c, j);
  return rc;
}

/* Finished then: its task as it was. */
static int give_result(mj_client *c, struct mj__job *j,
                       const struct mj__record *row) {
  static const struct mj__wire *const wires[] = {&mj__wire_mj,
                                                 &mj__wire_generate};
  struct mj__exchange x;
  mj_task *t = NULL;
  size_t i;
  int rc;
  memset(&x, 0, sizeof x);
  mj__buf_init(&x.reply, &c->mem, row->result_len + 1);
  mj__buf_add(&x.reply, row->result, row->result_len);
  rc = x.reply.err ? MJ_ERESOURCE
                   : mj_json_parse(&x.doc, row->result, row->result_len,
                                   c->mem.fn, c->mem.ud, NULL);
  if (rc == MJ_OK)
    t = mj__arena_alloc(mj__json_arena(x.doc), sizeof *t);
  for (i = 0; rc == MJ_OK && t && i < 2; i++) {
    rc = wires[i]->task(mj_json_root(x.doc), mj__json_arena(x.doc), t);
    if (t->id)
      break;
  }
  if (rc == MJ_OK)
    rc = t && t->id ? mj__task_dress(c, j, mj__json_arena(x.doc), t)
                    : MJ_EJOURNAL;
  if (rc == MJ_OK) {
    t->json = x.reply.p;
    t->json_len = x.reply.n;
    (void)mj__job_go(j, MJ__SUCCEEDED);
    mj__report_accepted(c, j);
    j->told = 1;
    mj__end(c, j, NULL, &x, t);
  }
  mj_json_free(x.doc);
  mj__buf_free(&x.reply);
  return rc;
}

/* Ended badly then, after it was paid for: the same once more is another
   request, which the caller makes with another key. */
static int give_failure(mj_client *c, struct mj__job *j,
                        const struct mj__record *row) {
  mj_error e;
  mj__err_clear(&e);
  mj__err_set(&e, row->error ? row->error : MJ_EFAILED,
              "%s (as the journal has it; another key makes it anew)",
              row->error_text ? row->error_text : "it failed");
  (void)mj__job_go(j, (enum mj__state)row->state);
  mj__end(c, j, &e, NULL, NULL);
  return MJ_OK;
}

static int resume(mj_client *c, struct mj__job *j,
                  const struct mj__record *row) {
  int rc = take_texts(c, j, row);
  if (rc)
    return rc;
  keep_past(c, row);
  c->now = mj__clock(c);
  switch ((enum mj__state)row->state) {
  case MJ__READY:
    if (row->task_id) { /* the answer to its dialog was not taken; what the row
                           has is the click, which was */
      go_on(c, j);
      return MJ_OK;
    }
    rc = take_request(c, j, row);
    if (rc == MJ_OK) {
      (void)mj__job_go(j, MJ__READY);
      mj__enqueue(c, j, MJ__Q_SUBMIT);
    }
    return rc;
  case MJ__DISPATCHING:
  case MJ__UNKNOWN:
    if (!row->task_id)
      return go_on_unknown(c, j, row);
    /* an answer to its dialog was on its way: what the task says counts, and
       nothing is answered twice */
    j->answered = 1;
    go_on(c, j);
    return MJ_OK;
  case MJ__RUNNING: /* its dialog was answered, whatever the task says yet */
    j->answered = 1;
    go_on(c, j);
    return MJ_OK;
  case MJ__ACCEPTED:
  case MJ__NEEDS_MODAL:
    go_on(c, j);
    return MJ_OK;
  case MJ__SUCCEEDED:
  case MJ__DOWNLOADED:
    return row->result ? give_result(c, j, row) : (go_on(c, j), MJ_OK);
  case MJ__FAILED:
  case MJ__CANCELLED:
  case MJ__ABANDONED:
    return give_failure(c, j, row);
  case MJ__NEW:
  case MJ__LOOKUP:
  case MJ__REJECTED:
  case MJ__STATES:
    break;
  }
  return MJ_EJOURNAL;
}

/* Refused, or given up before it was sent (Ctrl-C does so). */
static int was_never_made(const struct mj__record *row) {
  return row->state == MJ__REJECTED ||
         (row->state == MJ__CANCELLED && !row->task_id);
}

/* Provably never became a task: it goes as if it were new, in the same row. */
static int again(mj_client *c, struct mj__job *j,
                 const struct mj__record *row) {
  return mj__keep(c, &j->token, row->token);
}

/* By key ------------------------------------------------------------------- */

/* The caller's key is good everywhere, one made of the request in its run. */
static int name_it(mj_client *c, struct mj__job *j, const mj_request *r,
                   mj_error *err) {
  char made[MJ__KEY_MAX];
  const char *key = r->key;
  size_t n = key ? strlen(key) : 0;
  if (key && (n == 0 || n > MJ__KEY_OWN || mj__utf8_check(key, n) != n))
    return mj__err_set(err, MJ_EINVALID, "key: 1 to %d bytes of UTF-8 expected",
                       MJ__KEY_OWN);
  if (!key) {
    if (mj__journal_key(c, r, made) != MJ_OK)
      return mj__err_nomem(err);
    key = made;
  }
  return mj__keep(c, &j->key, key) ||
                 mj__keep(c, &j->scope, r->key ? "" : c->run)
             ? mj__err_nomem(err)
             : MJ_OK;
}

static int duplicate(mj_error *err, const mj_request *r, const char *why) {
  return mj__err_set(err, MJ_EDUPLICATE, "key%s%.100s: %s", r->key ? " " : "",
                     r->key ? r->key : "", why);
}

int mj__adopt(mj_client *c, struct mj__job *j, const mj_request *r,
              int *adopted, mj_error *err) {
  const char *how = r->on_duplicate ? r->on_duplicate : "attach";
  struct mj__find by = {.body = 1};
  struct mj__record row;
  struct mj__arena a;
  int rc;
  *adopted = 0;
  if (!c->journaled)
    return MJ_OK;
  rc = name_it(c, j, r, err);
  if (rc || strcmp(how, "new") == 0)
    return rc;
  by.key = j->key;
  by.scope = j->scope;
  mj__arena_init(&a, &c->mem);
  rc = MJ_ENOT_FOUND;
  if (c->store->ops->known(c->store, j->scope, j->key))
    rc = c->store->ops->find(c->store, &by, &a, &row, err);
  if (rc == MJ_OK && c->retries && !r->key &&
      (row.state == MJ__FAILED || row.state == MJ__CANCELLED))
    rc = MJ_ENOT_FOUND;
  if (rc == MJ_OK && was_never_made(&row)) {
    rc = again(c, j, &row) ? mj__err_nomem(err) : MJ_OK;
  } else if (rc == MJ_OK && strcmp(how, "fail") == 0) {
    rc = duplicate(err, r, "it was submitted before");
  } else if (rc == MJ_OK && is_owned(c, row.token)) {
    rc = duplicate(err, r, "another job of this program works on it");
  } else if (rc == MJ_OK) {
    *adopted = 1;
    j->progress_on = r->progress ? 1 : 0;
    rc = take_input(c, j, &row, r, err);
    if (rc == MJ_OK && (rc = resume(c, j, &row)) != MJ_OK)
      rc = mj__err_set(err, rc,
                       rc == MJ_ERESOURCE ? "out of memory"
                                          : "the journal's row is not whole");
  } else if (rc == MJ_ENOT_FOUND) {
    rc = MJ_OK;
  }
  mj__arena_free(&a);
  return rc;
}

/* By token ----------------------------------------------------------------- */

int mj__adopt_token(mj_client *c, struct mj__job *j, const char *token,
                    mj_error *err) {
  struct mj__find by = {.token = token, .body = 1};
  struct mj__record row;
  struct mj__arena a;
  int rc;
  if (!c->journaled)
    return mj__err_set(err, MJ_ENOT_FOUND,
                       "%.60s is a token: it needs the journal that it is in",
                       token);
  if (is_owned(c, token))
    return mj__err_set(err, MJ_EDUPLICATE,
                       "another job of this program works on %.60s", token);
  mj__arena_init(&a, &c->mem);
  rc = c->store->ops->find(c->store, &by, &a, &row, err);
  if (rc == MJ_ENOT_FOUND)
    rc = mj__err_set(err, rc, "the journal has no %.60s", token);
  else if (rc == MJ_OK && was_never_made(&row))
    rc = mj__err_set(err, MJ_EINVALID, "%.60s %s: submit it anew", token,
                     row.state == MJ__REJECTED ? "was refused"
                                               : "was given up unsent");
  else if (rc == MJ_OK)
    rc = resume(c, j, &row)
             ? mj__err_set(err, MJ_EJOURNAL, "the journal's row is not whole")
             : MJ_OK;
  mj__arena_free(&a);
  return rc;
}
