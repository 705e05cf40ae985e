/* SPDX-License-Identifier: MIT
   adopt.c - work of the journal that goes on here: by its key, when the same
   request is made again, or by its token. */
#include "key.h"
#include "mj_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The job that works on a row already, of whichever client of the journal; they
   are all of one thread, as their store is. */
struct mj__job *mj__owner(const mj_client *c, const char *token,
                          mj_client **of) {
  struct mj__job *j = NULL;
  mj_client *k;
  for (k = mj__journal_clients(c); k && !j; k = k->next_in_journal) {
    j = mj__job_named(k, token);
    *of = k;
  }
  return j;
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

static int keep_rounds(mj_client *c, struct mj__job *j,
                       const struct mj__record *row, const mj_request *r,
                       mj_error *err) {
  mj_request q = *r;
  if (row->button)
    q.button = row->button;
  return mj__rounds_keep(c, j, &q) ? mj__err_nomem(err) : MJ_OK;
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

/* Whose request it is: the gateway's family may not be known yet. */
static const struct mj__wire *wire_of(const mj_client *c,
                                      const struct mj__record *row) {
  if (c->learned.family_known)
    return c->wire;
  return strstr(row->url, "/generateTask/") ? &mj__wire_generate : &mj__wire_mj;
}

static int take_texts(mj_client *c, struct mj__job *j,
                      const struct mj__record *row) {
  j->op = (unsigned char)row->op;
  j->attempt = (short)row->attempt;
  j->answered = row->op == MJ_OP_MODAL;
  j->action = remembers(c) ? mj__action_of((mj_op)row->op, row->button) : NULL;
  return mj__money_adopt(c, j, row) || mj__job_name(c, j, row->token) ||
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
  j->route = (unsigned char)wire_of(c, row)->route((mj_op)row->op);
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

static int64_t sent_then(const mj_client *c, const struct mj__record *row) {
  int64_t age = mj__wall(c) - row->sent_ms;
  return c->now - (age > 0 ? age : 0);
}

/* The last thing known is that it left, or was about to. */
static int go_on_unknown(mj_client *c, struct mj__job *j,
                         const struct mj__record *row) {
  int rc = take_request(c, j, row);
  if (rc == MJ_ERESOURCE)
    return rc;
  j->sent_ms = sent_then(c, row);
  (void)mj__job_go(j, MJ__UNKNOWN);
  hold_slot(c, j);
  rc = mj__record(c, j);
  if (rc == MJ_OK)
    mj__wonder(c, j);
  return rc;
}

/* An answer to a dialog was on its way, or about to be: what the task says
   counts.  A caller's answer names it as its parent. */
static int go_on_unsure(mj_client *c, struct mj__job *j,
                        const struct mj__record *row) {
  if (!j->task_id && mj__keep(c, &j->task_id, row->parent))
    return MJ_ERESOURCE;
  if (row->op == MJ_OP_MODAL && take_request(c, j, row) == MJ_ERESOURCE)
    return MJ_ERESOURCE;
  j->answered = j->unsure = 1;
  j->sent_ms = sent_then(c, row);
  go_on(c, j);
  return MJ_OK;
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
  if (rc == MJ_OK && wires[i]->remembers)
    rc = mj__recall(c, j, mj__json_arena(x.doc), t);
  if (rc == MJ_OK) {
    t->json = x.reply.p;
    t->json_len = x.reply.n;
    (void)mj__job_go(j, MJ__SUCCEEDED);
    mj__report_accepted(c, j);
    j->told = 1;
    j->replayed = 1;
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
              row->state == MJ__REJECTED
                  ? "%s (as the journal has it; a fresh run asks again)"
                  : "%s (as the journal has it; another key makes it anew)",
              row->error_text ? row->error_text : "it failed");
  (void)mj__job_go(j, (enum mj__state)row->state);
  j->replayed = 1;
  mj__end(c, j, &e, NULL, NULL);
  return MJ_OK;
}

static int resume(mj_client *c, struct mj__job *j,
                  const struct mj__record *row) {
  int rc = take_texts(c, j, row);
  if (rc)
    return rc;
  mj__held_take(c, row->token);
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
    j->resent = row->price > 0; /* what was not sent costs nothing */
    if (rc == MJ_OK) {
      (void)mj__job_go(j, MJ__READY);
      mj__enqueue(c, j, MJ__Q_SUBMIT);
    }
    return rc;
  case MJ__DISPATCHING:
  case MJ__UNKNOWN:
    if (row->task_id || (row->op == MJ_OP_MODAL && row->parent))
      return go_on_unsure(c, j, row);
    return go_on_unknown(c, j, row);
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
  case MJ__REJECTED:
    return give_failure(c, j, row);
  case MJ__NEW:
  case MJ__LOOKUP:
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
  j->again = 1;
  return mj__money_adopt(c, j, row) || mj__job_name(c, j, row->token);
}

/* What the gateway says of a request, and would say again. */
static int is_final(int code) {
  return code == MJ_EBANNED_PROMPT || code == MJ_EINVALID ||
         code == MJ_EUNSUPPORTED || code == MJ_ENO_BUTTON ||
         code == MJ_ETOO_LARGE;
}

/* Whether the run, when it had heard how this ended, asked again in the same
   words: to send this one, too, would be to pay for both. */
static int went_on(mj_client *c, const struct mj__record *row, int *yes,
                   mj_error *err) {
  char prefix[MJ__KEY_MAX];
  int64_t at = 0;
  const char *dot = strrchr(row->key, '.');
  int rc;
  (void)snprintf(prefix, sizeof prefix, "%.*s", (int)(dot - row->key) + 1,
                 row->key);
  rc = mj__journal_newest(c, prefix, strtol(dot + 1, NULL, 10), &at, err);
  *yes = at > row->changed_ms;
  return rc;
}

/* MJ_ENOT_FOUND: a new row is to be made.  A caller's key is that of one piece
   of work however often it is asked for. */
static int stands(mj_client *c, const mj_request *r,
                  const struct mj__record *row, int *yes, mj_error *err) {
  int failed = row->state == MJ__FAILED || row->state == MJ__CANCELLED;
  int unmade = was_never_made(row), rc = MJ_OK;
  *yes = !unmade;
  if (r->key || (!unmade && !(failed && c->retries)))
    return MJ_OK;
  rc = went_on(c, row, yes, err);
  if (!*yes && rc == MJ_OK && !unmade)
    return MJ_ENOT_FOUND;
  *yes |= row->state == MJ__REJECTED && !c->retries && is_final(row->error);
  if (*yes && row->state == MJ__REJECTED && !c->told_refusals) {
    c->told_refusals = 1;
    mj__log(c, 1,
            "what was refused before the cut stays refused (%s); a fresh "
            "run asks again",
            mj_error_name(row->error));
  }
  return rc;
}

/* By key ------------------------------------------------------------------- */

static int has_control(const char *s) {
  for (; *s; s++)
    if ((unsigned char)*s < 0x20 || *s == 0x7f)
      return 1;
  return 0;
}

/* The caller's key is good everywhere, one made of the request in its run. */
static int name_it(mj_client *c, struct mj__job *j, const mj_request *r,
                   mj_error *err) {
  char made[MJ__KEY_MAX];
  const char *key = r->key;
  size_t n = key ? strlen(key) : 0;
  int rc;
  if (key && (n == 0 || n > MJ__KEY_OWN || mj__utf8_check(key, n) != n ||
              has_control(key)))
    return mj__err_set(err, MJ_EINVALID,
                       "key: 1 to %d bytes of UTF-8 without control characters "
                       "expected",
                       MJ__KEY_OWN);
  /* by a key of the caller's, work is found at whatever gateway */
  rc = key ? mj__key_print(r, NULL, made) : mj__journal_key(c, r, made);
  if (rc || (key && mj__keep(c, &j->print, made)))
    return mj__err_nomem(err);
  key = key ? key : made;
  return mj__keep(c, &j->key, key) ||
                 mj__keep(c, &j->scope, r->key ? "" : c->run)
             ? mj__err_nomem(err)
             : MJ_OK;
}

/* The row of the last of its rounds: each of those before ended in a failure
   that may be tried again.  MJ_ENOT_FOUND: the next one was not made yet, and
   j->key is its key. */
static int last_round(mj_client *c, struct mj__job *j, struct mj__arena *a,
                      struct mj__record *row, mj_error *err) {
  struct mj__find by = {.body = 1};
  char key[MJ__KEY_ROUND], *base = j->key;
  int rc = MJ_OK;
  while (rc == MJ_OK && j->round < j->rounds && row->state == MJ__FAILED &&
         mj__outcome_may_repeat(row->error, row->error_text)) {
    if (mj__rounds_key(key, base, ++j->round) != MJ_OK)
      break;
    if (j->key != base)
      mj__free(&c->mem, j->key);
    j->key = NULL;
    rc = mj__keep(c, &j->key, key);
    by.scope = j->scope;
    by.key = j->key;
    if (rc == MJ_OK)
      rc = c->store->ops->known(c->store, j->scope, j->key)
               ? c->store->ops->find(c->store, &by, a, row, err)
               : MJ_ENOT_FOUND;
  }
  if (j->key != base)
    mj__free(&c->mem, base);
  return rc;
}

static int duplicate(mj_error *err, const mj_request *r, const char *why) {
  return mj__err_set(err, MJ_EDUPLICATE, "key%s%.100s: %s", r->key ? " " : "",
                     r->key ? r->key : "", why);
}

/* The caller's key, and other words: something was made under it. */
static int is_other(const struct mj__job *j, const mj_request *r,
                    const struct mj__record *row, mj_error *err) {
  if (!j->print || !row->print || strcmp(j->print, row->print) == 0 ||
      was_never_made(row))
    return MJ_OK;
  return duplicate(err, r,
                   "it was submitted before, with another request; "
                   "on_duplicate = \"new\" gives it the key");
}

int mj__adopt(mj_client *c, struct mj__job *j, const mj_request *r,
              int *adopted, mj_error *err) {
  const char *how = r->on_duplicate ? r->on_duplicate : "attach";
  struct mj__find by = {.body = 1};
  struct mj__record row;
  struct mj__arena a;
  int rc, done = 1;
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
  if (rc == MJ_OK)
    rc = is_other(j, r, &row, err);
  if (rc == MJ_OK && r->key && strcmp(how, "fail") == 0 &&
      !was_never_made(&row)) /* whatever round it is in */
    rc = duplicate(err, r, "it was submitted before");
  if (rc == MJ_OK)
    rc = last_round(c, j, &a, &row, err);
  if (rc == MJ_OK)
    rc = stands(c, r, &row, &done, err);
  if (rc == MJ_OK && !done) {
    rc = again(c, j, &row) ? mj__err_nomem(err) : MJ_OK;
  } else if (rc == MJ_OK && strcmp(how, "fail") == 0) {
    rc = duplicate(err, r, "it was submitted before");
  } else if (rc == MJ_OK && is_owned(c, row.token)) {
    rc = duplicate(err, r, "another job of this program works on it");
  } else if (rc == MJ_OK) {
    *adopted = 1;
    j->progress_on = r->progress ? 1 : 0;
    rc = take_input(c, j, &row, r, err);
    if (rc == MJ_OK)
      rc = keep_rounds(c, j, &row, r, err);
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
