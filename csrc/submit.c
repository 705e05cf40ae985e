/* SPDX-License-Identifier: MIT
   submit.c - from a caller's request to a job that is ready to be sent. */
#include "button.h"
#include "mj_int.h"
#include "os.h"
#include "tag.h"

#include <string.h>

enum {
  BODY_MAX = 64 << 20,
  STATE_MAX = 255 /* trueai refuses longer ones */
};

const char *mj_op_name(mj_op op) {
  static const char *const names[] = {
      NULL,      "imagine",   "click",   "blend",   "describe",
      "shorten", "modal",     "video",   "edit",    "retexture",
      "upload",  "swap_face", "inpaint", "generate"};
  return (unsigned)op < sizeof names / sizeof names[0] ? names[op] : NULL;
}

/* 128 random bits; what finds a task again in a gateway's list. */
int mj__new_token(mj_client *c, struct mj__job *j) {
  static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
  unsigned char bits[26];
  char text[30] = "mj_";
  size_t i;
  if (mj__os_random(bits, sizeof bits) != 0)
    return MJ_ERESOURCE;
  for (i = 0; i < sizeof bits; i++)
    text[3 + i] = digits[bits[i] & 31];
  text[29] = '\0';
  return mj__job_name(c, j, text);
}

void mj__warn(mj_client *c, struct mj__buf *lines) {
  char *p = lines->p, *end;
  for (; p && *p; p = end) {
    end = p + strcspn(p, "\n");
    if (*end)
      *end++ = '\0';
    mj__log(c, 1, "%s", p);
  }
}

static void take_request(mj_client *c, struct mj__job *j,
                         struct mj__call *call) {
  mj__free(&c->mem, j->url);
  mj__free(&c->mem, j->body);
  j->body_len = call->body.n;
  j->route = (unsigned char)call->route;
  j->url = mj__buf_steal(&call->url);
  j->body = mj__buf_steal(&call->body);
}

/* The job's own copies are what counts from here on. */
int mj__encode(mj_client *c, struct mj__job *j, const mj_request *r,
               mj_error *err) {
  struct mj__call call;
  struct mj__buf warnings;
  const char *state = j->token;
  int rc;
  memset(&call, 0, sizeof call);
  mj__buf_init(&call.url, &c->mem, 8192);
  mj__buf_init(&call.body, &c->mem, BODY_MAX);
  mj__buf_init(&warnings, &c->mem, MJ__WARNINGS_MOST);
  call.warnings = &warnings;
  if (strcmp(c->cfg.wire_state, "user") == 0)
    state = j->state_user;
  rc = c->wire->put(&call, &c->gateway, r, state, err);
  if (rc == MJ_OK)
    rc = mj__route_known(c, call.route, r->mode, err);
  if (rc == MJ_OK) {
    mj__warn(c, &warnings);
    take_request(c, j, &call);
  }
  mj__buf_free(&warnings);
  mj__buf_free(&call.url);
  mj__buf_free(&call.body);
  return rc;
}

/* A reroll where the gateway has no route for it: the request that made the
   task, once more. */
static int is_repeat(const mj_client *c, const mj_request *r) {
  return c->wire->remembers && r->op == MJ_OP_CLICK &&
         strcmp(r->button, "generate::reroll") == 0 &&
         mj__past_find(&c->past, r->task);
}

static int repeat(mj_client *c, struct mj__job *j, const mj_request *r,
                  mj_error *err) {
  const struct mj__old *o = mj__past_find(&c->past, r->task);
  if (r->mode || r->notify_hook || r->extra_json || r->provider || r->bot ||
      r->account_filter || r->type || r->strength)
    return mj__err_set(err, MJ_EINVALID,
                       "reroll: it repeats the request as it was; mode, "
                       "notify_hook, extra and provider cannot be changed");
  j->url = mj__strdup(&c->mem, o->url);
  j->body = mj__strndup(&c->mem, o->body, o->body_len);
  j->body_len = o->body_len;
  j->route = MJ__R_GENERATE;
  return j->url && j->body ? MJ_OK : mj__err_nomem(err);
}

const char *mj__action_of(mj_op op, const char *button) {
  const char *b = op == MJ_OP_CLICK && button ? button : "";
  return op == MJ_OP_IMAGINE                  ? "IMAGINE"
         : op == MJ_OP_INPAINT                ? "INPAINT"
         : strncmp(b, "generate::u", 11) == 0 ? "UPSCALE"
         : strncmp(b, "generate::v", 11) == 0 ? "VARIATION"
         : strcmp(b, "generate::reroll") == 0 ? "REROLL"
                                              : NULL;
}

/* What a task shows whose replies do not say. */
static int keep_story(mj_client *c, struct mj__job *j, const mj_request *r,
                      mj_error *err) {
  const struct mj__old *o = r->task ? mj__past_find(&c->past, r->task) : NULL;
  const char *prompt = r->prompt ? r->prompt : o ? o->prompt : NULL;
  j->action = mj__action_of(r->op, r->button);
  return mj__keep(c, &j->prompt, prompt) ? mj__err_nomem(err) : MJ_OK;
}

int mj__make_ready(mj_client *c, struct mj__job *j, const mj_request *r,
                   mj_error *err) {
  mj_request q = *r;
  mj_param *params = NULL;
  char digits[16];
  int rc = MJ_OK;
  if (r->op == MJ_OP_CLICK)
    rc = mj__dialog_button(j, &q, err);
  if (rc == MJ_OK && c->cfg.seed_tag && !c->wire->generate &&
      mj__tag_add(&c->mem, &q, j->token, &params, digits) != MJ_OK)
    rc = mj__err_nomem(err);
  if (rc == MJ_OK && c->wire->remembers)
    rc = keep_story(c, j, &q, err);
  if (rc == MJ_OK)
    rc = is_repeat(c, &q) ? repeat(c, j, &q, err) : mj__encode(c, j, &q, err);
  if (rc == MJ_OK && mj__money_quote(c, j, &q))
    rc = mj__err_nomem(err);
  if (rc == MJ_OK && mj__rounds_keep(c, j, r) != MJ_OK)
    rc = mj__err_nomem(err);
  if (rc == MJ_OK) {
    (void)mj__job_go(j, MJ__READY);
    rc = mj__record_new(c, j, &q);
    if (rc)
      rc = mj__err_set(err, rc, "the job could not be recorded");
  }
  mj__free(&c->mem, params);
  return rc;
}

static int check_mode(const char *mode, mj_error *err) {
  if (!mode || strcmp(mode, "fast") == 0 || strcmp(mode, "relax") == 0 ||
      strcmp(mode, "turbo") == 0)
    return MJ_OK;
  return mj__err_set(err, MJ_EINVALID,
                     "mode: fast, relax or turbo expected, got %.40s", mode);
}

static int check_utf8(const char *field, const char *s, mj_error *err) {
  size_t n = s ? strlen(s) : 0;
  if (n == 0 || mj__utf8_check(s, n) == n)
    return MJ_OK;
  return mj__err_set(err, MJ_EINVALID, "%s: not UTF-8", field);
}

static int check_op(const mj_request *r, mj_error *err) {
  if (!mj_op_name(r->op))
    return mj__err_set(err, MJ_EINVALID, "op: no such operation");
  if (r->op == MJ_OP_CLICK && (!r->button || !*r->button))
    return mj__err_set(err, MJ_EINVALID, "button: none given");
  if ((r->op == MJ_OP_CLICK || r->op == MJ_OP_MODAL) &&
      (!r->task || !mj__id_ok(r->task)))
    return mj__err_set(err, MJ_EINVALID, "task: not a task id: %.60s",
                       r->task ? r->task : "(none)");
  if (r->attempts < 0 || r->attempts > 100)
    return mj__err_set(err, MJ_EINVALID, "attempts: 1 to 100 expected");
  if (r->attempts > 1 && r->op == MJ_OP_MODAL)
    return mj__err_set(err, MJ_EINVALID, "attempts: a dialog is answered once");
  if (r->deadline_ms < 0)
    return mj__err_set(err, MJ_EINVALID, "deadline: it has passed");
  if (r->bot && strcmp(r->bot, "midjourney") != 0 &&
      strcmp(r->bot, "niji") != 0)
    return mj__err_set(err, MJ_EINVALID,
                       "bot: midjourney or niji expected, got %.40s", r->bot);
  return MJ_OK;
}

/* What cannot be called would be found out by nobody: a hook that fails is
   silent. */
static int check_hook(const char *hook, mj_error *err) {
  mj_error why;
  mj__err_clear(&why);
  if (!hook || mj__url_check(hook, 1, &why) == MJ_OK)
    return MJ_OK;
  if (why.code == MJ_ERESOURCE)
    return mj__err_nomem(err);
  return mj__err_set(err, MJ_EINVALID,
                     "notify_hook: an http(s) address expected, got %.120s",
                     *hook ? hook : "nothing");
}

static int check_request(const mj_client *c, const mj_request *r,
                         mj_error *err) {
  const struct {
    const char *field, *text;
  } texts[] = {{"state", r->state},       {"notify_hook", r->notify_hook},
               {"language", r->language}, {"provider", r->provider},
               {"type", r->type},         {"key", r->key},
               {"strength", r->strength}, {"video_type", r->video_type}};
  size_t i;
  int rc;
  if (!c->cfg.base_url)
    return mj__err_set(err, MJ_EINVALID, "base_url: the client has none");
  rc = check_op(r, err);
  if (rc == MJ_OK)
    rc = check_hook(r->notify_hook, err);
  for (i = 0; rc == MJ_OK && i < sizeof texts / sizeof texts[0]; i++)
    rc = check_utf8(texts[i].field, texts[i].text, err);
  if (rc == MJ_OK && r->key && !*r->key) /* no journal finds it again */
    rc = mj__err_set(err, MJ_EINVALID, "key: it is empty");
  if (rc == MJ_OK && r->state && strlen(r->state) > STATE_MAX &&
      strcmp(c->cfg.wire_state, "user") == 0)
    rc = mj__err_set(err, MJ_EINVALID,
                     "state: more than 255 bytes do not fit on the wire");
  if (rc == MJ_OK && r->on_duplicate &&
      strcmp(r->on_duplicate, "attach") != 0 &&
      strcmp(r->on_duplicate, "fail") != 0 &&
      strcmp(r->on_duplicate, "new") != 0)
    rc = mj__err_set(err, MJ_EINVALID,
                     "on_duplicate: attach, fail or new expected, got %.40s",
                     r->on_duplicate);
  return rc ? rc : check_mode(r->mode, err);
}

int mj__keep(mj_client *c, char **to, const char *s) {
  if (!s)
    return MJ_OK;
  *to = mj__strdup(&c->mem, s);
  return *to ? MJ_OK : MJ_ERESOURCE;
}

/* Finds the customId in the reply that the caller has at hand. */
static int resolve(mj_client *c, const mj_request *r, char *id, size_t size,
                   mj_error *err) {
  mj_json *doc;
  mj_task t;
  int rc = mj_json_parse(&doc, r->task_json, r->task_json_len, c->mem.fn,
                         c->mem.ud, err);
  if (rc)
    return rc == MJ_ERESOURCE ? rc
                              : (err ? (err->code = MJ_EINVALID) : MJ_EINVALID);
  if (c->wire->task(mj_json_root(doc), mj__json_arena(doc), &t) != MJ_OK)
    rc = mj__err_nomem(err);
  else
    rc = mj_button_find(t.buttons, t.nbuttons, r->button, err);
  if (rc >= 0) {
    size_t n = strlen(t.buttons[rc].custom_id);
    if (n >= size)
      rc = mj__err_set(err, MJ_EINVALID, "button: its customId is too long");
    else
      memcpy(id, t.buttons[rc].custom_id, n + 1);
  }
  mj_json_free(doc);
  return rc < 0 ? rc : MJ_OK;
}

/* A customId needs no look at the task: MJ::..., or one of ours. */
static int is_custom_id(const char *s) {
  return strncmp(s, "MJ::", 4) == 0 || strncmp(s, "change::", 8) == 0 ||
         strncmp(s, "generate::", 10) == 0;
}

/* The caller answers a dialog: what it says is put together as a click's
   would be. */
static int prepare_modal(mj_client *c, struct mj__job *j, const mj_request *r,
                         mj_error *err) {
  struct mj__buf prompt;
  mj_request q = *r;
  int rc;
  mj__buf_init(&prompt, &c->mem, BODY_MAX);
  rc = mj__dialog_prompt(c, j, r, &prompt, err);
  q.prompt = prompt.p;
  q.nparams = 0;
  q.lenient = 1; /* checked by now */
  if (rc == MJ_OK)
    rc = mj__make_ready(c, j, &q, err);
  mj__buf_free(&prompt);
  return rc;
}

int mj__prepare(mj_client *c, struct mj__job *j, const mj_request *r,
                mj_error *err) {
  char id[512];
  mj_request q = *r;
  int rc;
  j->op = (unsigned char)r->op;
  j->progress_on = r->progress ? 1 : 0;
  /* an answer is given once, whoever gives it */
  j->answered = r->op == MJ_OP_MODAL;
  j->builds_on = r->task != NULL;
  if (mj__keep(c, &j->state_user, r->state) || mj__keep(c, &j->mode, r->mode) ||
      mj__keep(c, &j->parent, r->task) ||
      mj__keep(c, &j->hook, r->notify_hook) ||
      (!j->token && mj__new_token(c, j)))
    return mj__err_nomem(err);
  if (r->op == MJ_OP_CLICK) {
    rc = mj__dialog_keep(c, j, r, err);
    if (rc)
      return rc;
  }
  if (r->op == MJ_OP_MODAL)
    return prepare_modal(c, j, r, err);
  if (r->op == MJ_OP_CLICK && !is_custom_id(r->button)) {
    if (!r->task_json) {
      (void)mj__job_go(j, MJ__LOOKUP);
      return j->kept || mj__keep_request(c, j, r) == MJ_OK ? MJ_OK
                                                           : mj__err_nomem(err);
    }
    rc = resolve(c, r, id, sizeof id, err);
    if (rc)
      return rc;
    q.button = id;
  }
  return mj__make_ready(c, j, &q, err);
}

int mj_submit(mj_client *c, const mj_request *r, mj_id *out, mj_error *err) {
  struct mj__job *j;
  int rc, adopted;
  *out = 0;
  mj__err_clear(err);
  rc = check_request(c, r, err);
  if (rc)
    return rc;
  if (c->poisoned)
    return mj__err_set(err, MJ_EJOURNAL,
                       "the journal failed: nothing paid is sent any more");
  j = mj__job_new(c, MJ__TASK);
  if (!j)
    return mj__err_nomem(err);
  j->group = r->group;
  j->rounds = (unsigned char)(r->attempts > 1 ? r->attempts : 1);
  j->round = 1;
  rc = mj__deadline_set(c, j, r->deadline_ms);
  if (rc) {
    mj__job_drop(c, j);
    return mj__err_nomem(err);
  }
  rc = mj__adopt(c, j, r, &adopted, err);
  if (rc == MJ_OK && !adopted)
    rc = c->learned.family_known ? mj__prepare(c, j, r, err)
                                 : mj__defer(c, j, r, err);
  if (rc) {
    mj__job_drop(c, j);
    return rc;
  }
  *out = j->id;
  if (adopted)
    return MJ_OK;
  if (c->cfg.dry_run && j->state == MJ__LOOKUP) {
    mj__money_rehearse(c, j);
    return MJ_OK;
  }
  mj__enqueue(c, j, j->state == MJ__NEW ? MJ__Q_FAMILY : mj__queue_of(j));
  return MJ_OK;
}

int mj__dry(mj_error *err) {
  return mj__err_set(err, MJ_ECANCELLED, "dry run: nothing is asked");
}

/* A token of ours, not a task's id. */
static int is_token(const char *s) {
  return strncmp(s, "mj_", 3) == 0 && strlen(s) == 29;
}

int mj_track(mj_client *c, const char *task_id, mj_id *out, mj_error *err) {
  struct mj__job *j;
  *out = 0;
  mj__err_clear(err);
  if (c->cfg.dry_run)
    return mj__dry(err);
  if (!c->cfg.base_url)
    return mj__err_set(err, MJ_EINVALID, "base_url: the client has none");
  if (!task_id || !mj__id_ok(task_id))
    return mj__err_set(err, MJ_EINVALID, "task: not a task id: %.60s",
                       task_id ? task_id : "(none)");
  j = mj__job_new(c, MJ__TASK);
  if (!j)
    return mj__err_nomem(err);
  if (is_token(task_id)) {
    int rc = mj__adopt_token(c, j, task_id, err);
    if (rc)
      mj__job_drop(c, j);
    else
      *out = j->id;
    return rc;
  }
  if (mj__keep(c, &j->task_id, task_id)) {
    mj__job_drop(c, j);
    return mj__err_nomem(err);
  }
  j->tracked = 1;
  j->accepted_ms = mj__clock(c);
  (void)mj__job_go(j, MJ__RUNNING);
  mj__enqueue(c, j, MJ__Q_POLL);
  *out = j->id;
  return MJ_OK;
}

int mj_fetch(mj_client *c, const char *url, mj_id *out, mj_error *err) {
  struct mj__job *j;
  int plain, rc;
  *out = 0;
  mj__err_clear(err);
  if (c->cfg.dry_run)
    return mj__dry(err);
  plain = c->cfg.base_url && strncmp(c->cfg.base_url, "http:", 5) == 0;
  rc = mj__url_check(url ? url : "", plain, err);
  if (rc)
    return rc;
  j = mj__job_new(c, MJ__FETCH);
  if (!j)
    return mj__err_nomem(err);
  if (mj__keep(c, &j->url, url)) {
    mj__job_drop(c, j);
    return mj__err_nomem(err);
  }
  mj__enqueue(c, j, MJ__Q_FETCH);
  *out = j->id;
  return MJ_OK;
}

int mj_after(mj_client *c, int64_t ms, mj_id *out, mj_error *err) {
  struct mj__job *j;
  *out = 0;
  mj__err_clear(err);
  j = mj__job_new(c, MJ__TIMER);
  if (!j)
    return mj__err_nomem(err);
  if (ms > MJ__LONGEST)
    ms = MJ__LONGEST;
  mj__arm(c, j, mj__clock(c) + (ms > 0 ? ms : 0));
  if (!j->timer) {
    mj__job_drop(c, j);
    return mj__err_nomem(err);
  }
  *out = j->id;
  return MJ_OK;
}
