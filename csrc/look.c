/* SPDX-License-Identifier: MIT
   look.c - a task that was asked for: how far it is, which buttons it has,
   whether it did stop. */
#include "button.h"
#include "mj_int.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Ids are a millisecond and three digits (midjourney-proxy's newTask), so two
   tasks can have the same, and a gateway then answers with either.  The wire's
   state tells them apart, where the gateway keeps it.  (A dialog that is
   answered by itself has the state of the click that opened it.) */
static int is_ours(const mj_client *c, const struct mj__job *j,
                   const mj_task *t) {
  return strcmp(c->cfg.wire_state, "user") == 0 || !j->token || !t->state ||
         strncmp(t->state, "mj_", 3) != 0 || strcmp(t->state, j->token) == 0 ||
         j->op == MJ_OP_MODAL;
}

/* The answer to another question is none to this one; our own state in it says
   more than an id does. */
static int is_asked_for(const struct mj__job *j, const mj_task *t) {
  return !t->id || (j->token && t->state && strcmp(t->state, j->token) == 0) ||
         !j->task_id || strcmp(t->id, j->task_id) == 0 ||
         (j->answered && j->old_task_id && strcmp(t->id, j->old_task_id) == 0);
}

/* The caller's state in place of our token. */
static int restore_state(const mj_client *c, const struct mj__job *j,
                         struct mj__arena *a, mj_task *t) {
  if (strcmp(c->cfg.wire_state, "user") == 0)
    return MJ_OK;
  if (j && !j->tracked) {
    t->state = NULL;
    if (j->state_user && *j->state_user) {
      t->state = mj__arena_strndup(a, j->state_user, strlen(j->state_user));
      return t->state ? MJ_OK : MJ_ERESOURCE;
    }
  } else if (t->state && strncmp(t->state, "mj_", 3) == 0) {
    t->state = NULL; /* of another client of ours; the journal knows more */
  }
  return MJ_OK;
}

/* What the reply does not repeat: this client may have asked for it. */
int mj__recall(const mj_client *c, const struct mj__job *j, struct mj__arena *a,
               mj_task *t) {
  const struct mj__old *o = t->id ? mj__past_find(&c->past, t->id) : NULL;
  const char *prompt = j && j->prompt ? j->prompt : o ? o->prompt : NULL;
  if (!t->action && j)
    t->action = j->action;
  if (t->prompt || !prompt)
    return MJ_OK;
  t->prompt = mj__arena_strndup(a, prompt, strlen(prompt));
  return t->prompt ? MJ_OK : MJ_ERESOURCE;
}

/* The same path at another origin; what is no address stays. */
static int rehost(const char *origin, struct mj__arena *a, const char **url) {
  const char *path;
  size_t n = strlen(origin), m;
  char *p;
  if (!*url || (strncasecmp(*url, "http://", 7) != 0 &&
                strncasecmp(*url, "https://", 8) != 0))
    return MJ_OK;
  path = strstr(*url, "://") + 3;
  path += strcspn(path, "/?#");
  m = strlen(path);
  p = mj__arena_alloc(a, n + m + 1);
  if (!p)
    return MJ_ERESOURCE;
  memcpy(p, origin, n);
  memcpy(p + n, path, m + 1);
  *url = p;
  return MJ_OK;
}

static int rehost_list(const char *origin, struct mj__arena *a,
                       const char *const **list, size_t n) {
  const char **copy = mj__arena_alloc(a, (n + 1) * sizeof *copy);
  size_t i;
  if (!copy)
    return MJ_ERESOURCE;
  for (i = 0; i < n; i++) {
    copy[i] = (*list)[i];
    if (rehost(origin, a, &copy[i]))
      return MJ_ERESOURCE;
  }
  *list = copy;
  return MJ_OK;
}

/* Gateways name hosts that nobody outside can reach (new-api#85). */
int mj__task_dress(mj_client *c, const struct mj__job *j, struct mj__arena *a,
                   mj_task *t) {
  const char *origin = c->image_origin;
  int rc = restore_state(c, j, a, t);
  if (rc == MJ_OK && c->wire->remembers)
    rc = mj__recall(c, j, a, t);
  if (rc || !origin)
    return rc;
  if (rehost(origin, a, &t->image_url) || rehost(origin, a, &t->video_url) ||
      rehost_list(origin, a, &t->images, t->nimages) ||
      rehost_list(origin, a, &t->videos, t->nvideos))
    return MJ_ERESOURCE;
  return MJ_OK;
}

/* The task in the exchange's document; NULL = no memory (*code) or not ours. */
static mj_task *read_task(mj_client *c, struct mj__exchange *x,
                          const struct mj__job *j, int *code) {
  struct mj__arena *a = mj__json_arena(x->doc);
  mj_task *t = mj__arena_alloc(a, sizeof *t);
  *code = MJ_ERESOURCE;
  if (!t || x->wire->task(mj_json_root(x->doc), a, t) != MJ_OK)
    return NULL;
  *code = MJ_EPROTOCOL;
  if (x->purpose == MJ__X_POLL && (!is_ours(c, j, t) || !is_asked_for(j, t)))
    return NULL;
  *code = MJ_ERESOURCE;
  if (mj__task_dress(c, j, a, t) != MJ_OK)
    return NULL;
  t->json = x->reply.p;
  t->json_len = x->reply.n;
  return t;
}

/* How a task ended that did not succeed, in words. */
static void ended_text(const struct mj__job *j, const mj_task *t, int code,
                       mj_error *err) {
  const char *wanted = j->region       ? "a mask"
                       : j->wants_zoom ? "a zoom, or a prompt with --zoom"
                                       : "a prompt, a zoom or a mask";
  const char *why = t->fail_reason;
  mj__err_clear(err);
  if (code == MJ_ENEEDS_INPUT)
    mj__err_set(err, code,
                "task %s waits for %s; answer it with the verb modal", t->id,
                wanted);
  else if (code == MJ_EINVALID && !t->error)
    mj__err_set(err, code, "task %s had finished before it could be stopped",
                t->id);
  else if (code == MJ_ECANCELLED && t->status != MJ_ST_CANCEL &&
           t->status != MJ_ST_FAILURE)
    mj__err_set(err, code,
                "cancelled here; the gateway was asked to stop task %s and "
                "goes on with it",
                t->id);
  else if (code == MJ_ECANCELLED)
    mj__err_set(err, code, "task %s was cancelled at the gateway%s%s", t->id,
                why ? ": " : "", why ? why : "");
  else if (t->status == MJ_ST_FAILURE)
    mj__err_set(err, code, "task %s failed: %s", t->id,
                why ? why : "no reason given");
  else
    mj__err_set(err, code, "the gateway was asked to stop task %s and goes on",
                t->id);
}

/* The task's end, as far as this job goes. */
static void look_ended(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                       const struct mj__reply *s, mj_task *t,
                       const struct mj__todo *todo, int64_t retry_after_ms) {
  char what[100];
  mj_error err;
  if (t && todo->code == MJ_OK) {
    if (t->status == MJ_ST_SUCCESS && !t->nimages && !t->nvideos &&
        !t->nprompts)
      mj__log(c, 1, "task %s ended well, but its reply names no picture",
              j->task_id);
    mj__window_grow(&c->live);
    mj__end(c, j, NULL, x, t);
    return;
  }
  (void)snprintf(what, sizeof what, "task %s", j->task_id);
  if (t) {
    ended_text(j, t, todo->code, &err);
    err.retryable = todo->again;
    if (t->status == MJ_ST_FAILURE && mj__once_more(c, j, t, &err))
      return;
  } else {
    mj__explained(s, todo->code, what, todo->again, retry_after_ms, &err);
  }
  if (!t || (t->status != MJ_ST_FAILURE && t->status != MJ_ST_CANCEL))
    mj__leave_slot(c, j);
  mj__end(c, j, &err, t ? x : NULL, t);
}

void mj__looked(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                const struct mj__reply *s, int64_t retry_after_ms) {
  struct mj__todo todo;
  int code, changed = 0;
  enum mj__look look = mj__outcome_ask(s, MJ__R_FETCH, &code);
  mj_task *t = look == MJ__LOOK_GOOD ? read_task(c, x, j, &code) : NULL;
  if (look == MJ__LOOK_GOOD && !t)
    look = MJ__LOOK_AGAIN;
  if (look == MJ__LOOK_REFUSED && mj__auth_doubted(c, j, s)) {
    mj__enqueue(c, j, MJ__Q_POLL);
    return;
  }
  /* what was paid for is not given up for a hiccup of a key server or a wall:
     trouble that lasts has its end, too */
  if (look == MJ__LOOK_REFUSED && !j->tracked)
    look = MJ__LOOK_AGAIN;
  mj__slow_down(c, x, code, retry_after_ms);
  if (t)
    mj__job_on_task(j, t, &c->rules, c->now, &todo, &changed);
  else
    mj__job_on_trouble(j, look, code, retry_after_ms, &c->rules, c->now,
                       mj__random(c), &todo);
  if (todo.what == MJ__DO_END) {
    look_ended(c, j, x, s, t, &todo, retry_after_ms);
    return;
  }
  if (todo.what == MJ__DO_ANSWER) /* before the report takes the reply over */
    mj__answer(c, j, t);
  else
    mj__arm(c, j, todo.at_ms);
  if (changed && j->progress_on && t && !j->over)
    mj__report_progress(c, j, x, t);
}

/* The task whose button is to be clicked. */
static int press(mj_client *c, struct mj__job *j, const mj_task *t,
                 mj_error *err) {
  mj_request r = *mj__kept_request(j);
  int at;
  if (t->nbuttons == 0 && t->status != MJ_ST_SUCCESS &&
      t->status != MJ_ST_FAILURE && t->status != MJ_ST_CANCEL)
    return mj__err_set(err, MJ_ENO_BUTTON,
                       "task %s has not ended (%s): its buttons come with its "
                       "pictures",
                       j->parent, mj_status_name(t->status));
  at = mj_button_find(t->buttons, t->nbuttons, r.button, err);
  if (at < 0)
    return at;
  r.button = t->buttons[at].custom_id;
  at = mj__make_ready(c, j, &r, err);
  if (j->rounds <= 1)
    mj__drop_request(c, j);
  return at;
}

/* A question that is asked again: not before the gateway wants it. */
static int again(mj_client *c, struct mj__job *j, const struct mj__exchange *x,
                 int code, int64_t retry_after_ms) {
  int64_t wait;
  if (++j->troubles >= c->rules.attempts)
    return 0;
  mj__slow_down(c, x, code, retry_after_ms);
  if (retry_after_ms > MJ__RETRY_AFTER_MOST)
    retry_after_ms = MJ__RETRY_AFTER_MOST;
  wait = mj__retry_wait(j->troubles, 500, 10000, retry_after_ms, mj__random(c));
  mj__arm(c, j, c->now + wait);
  return 1;
}

void mj__looked_up(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                   const struct mj__reply *s, int64_t retry_after_ms) {
  mj_error err;
  int code;
  enum mj__look look = mj__outcome_ask(s, MJ__R_FETCH, &code);
  mj_task *t = look == MJ__LOOK_GOOD ? read_task(c, x, j, &code) : NULL;
  mj__err_clear(&err);
  if (mj__auth_doubted(c, j, s)) {
    mj__enqueue(c, j, MJ__Q_POLL);
    return;
  }
  if (look == MJ__LOOK_AGAIN && again(c, j, x, code, retry_after_ms))
    return;
  if (look == MJ__LOOK_GOOD && !t) {
    mj__err_nomem(&err);
  } else if (!t) {
    mj__explained(s, code, "the task to click on", look == MJ__LOOK_AGAIN, -1,
                  &err);
  } else if (press(c, j, t, &err) == MJ_OK) {
    mj__enqueue(c, j, MJ__Q_SUBMIT);
    return;
  }
  (void)mj__job_go(j, MJ__REJECTED);
  mj__end(c, j, &err, t ? x : NULL, t);
}

/* The cancel route answered: trueai says 200 whatever it did, so that only a
   look tells. */
void mj__stop_answered(mj_client *c, struct mj__job *j,
                       const struct mj__exchange *x, const struct mj__reply *s,
                       int64_t retry_after_ms) {
  int code;
  enum mj__look look = mj__outcome_ask(s, MJ__R_CANCEL, &code);
  mj_error err;
  mj__learn(c, MJ__R_CANCEL, j->mode, s);
  if (look == MJ__LOOK_AGAIN && again(c, j, x, code, retry_after_ms))
    return;
  if (look == MJ__LOOK_GOOD) {
    j->stopping = MJ__STOP_ASKED;
    j->troubles = 0;
    mj__enqueue(c, j, MJ__Q_POLL);
    return;
  }
  if (!j->stop_only) {
    mj__end_cancelled(c, j);
    return;
  }
  mj__explained(s, code, mj__route_name(MJ__R_CANCEL), look == MJ__LOOK_AGAIN,
                -1, &err);
  (void)mj__job_go(j, MJ__FAILED);
  mj__end(c, j, &err, NULL, NULL);
}
