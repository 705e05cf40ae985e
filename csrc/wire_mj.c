/* SPDX-License-Identifier: MIT
   wire_mj.c - the family of /mj/submit and /mj/task: midjourney-proxy, -plus,
   trueai, new-api and the gateways that resell them. */
#include "wire.h"
#include "err.h"
#include "prompt.h"

#include <string.h>
#include <strings.h>

enum { PROMPT_MAX = 64 * 1024 };

/* "mj-prefix": /mj-fast/mj/...; "prefix": /fast/mj/...; "body": a field.  All
   spellings are accepted by some gateways; new-api strips only those with
   "/mj-" (getMjRequestPath). */
static void put_route(struct mj__call *call, const struct mj__gateway *g,
                      const char *mode) {
  mj__buf_puts(&call->url, g->base);
  if (g->prefix && *g->prefix)
    mj__buf_printf(&call->url, "%s%s", *g->prefix == '/' ? "" : "/", g->prefix);
  if (mode && strcmp(g->mode_style, "mj-prefix") == 0)
    mj__buf_printf(&call->url, "/mj-%s", mode);
  else if (mode && strcmp(g->mode_style, "prefix") == 0)
    mj__buf_printf(&call->url, "/%s", mode);
  mj__buf_puts(&call->url, "/mj");
}

static int put_done(struct mj__call *call, mj_error *err) {
  int rc = call->url.err ? call->url.err : call->body.err;
  if (rc == MJ_ETOO_LARGE)
    return mj__err_set(err, rc, "the request is larger than %zu bytes",
                       call->body.max);
  return rc ? mj__err_nomem(err) : MJ_OK;
}

static void put_member(struct mj__buf *b, const char *name, const char *v) {
  mj__buf_puts(b, b->n > 1 ? "," : "");
  mj__put_string(b, name);
  mj__buf_puts(b, ":");
  mj__put_string(b, v);
}

/* Joins the members of the caller's extra object; a name that is there
   already would make two of it, which gateways read differently. */
static int put_extra(struct mj__buf *b, const mj_value *extra, int with_mode,
                     mj_error *err) {
  static const char *const ours[] = {"mode",   "prompt",   "base64Array",
                                     "taskId", "customId", "action",
                                     "index",  "state"};
  const mj_value *v;
  size_t i;
  for (v = extra ? extra->first : NULL; v; v = v->next) {
    for (i = !with_mode; i < sizeof ours / sizeof ours[0]; i++)
      if (strcmp(v->key, ours[i]) == 0)
        return mj__err_set(err, MJ_EINVALID,
                           "extra: \"%s\" is set by the verb itself", v->key);
    mj__buf_puts(b, b->n > 1 ? "," : "");
    mj__put_string(b, v->key);
    mj__buf_puts(b, ":");
    mj__put_value(b, v);
  }
  return MJ_OK;
}

static int put_tail(struct mj__call *call, const struct mj__gateway *g,
                    const mj_request *r, const char *token, const char *mode,
                    mj_error *err) {
  struct mj__buf *b = &call->body;
  int with_mode = mode && strcmp(g->mode_style, "body") == 0;
  if (with_mode) {
    char upper[16] = "";
    size_t i;
    for (i = 0; mode[i] && i + 1 < sizeof upper; i++)
      upper[i] = (char)(mode[i] - ('a' - 'A')); /* checked: a-z */
    put_member(b, "mode", upper);
  }
  if (token && *token)
    put_member(b, "state", token);
  if (r->extra_json) {
    mj_json *doc;
    int rc = mj_json_parse(&doc, r->extra_json, strlen(r->extra_json),
                           b->mem.fn, b->mem.ud, err);
    if (rc == MJ_OK && mj_json_root(doc)->type != MJ_JSON_OBJECT)
      rc = mj__err_set(err, MJ_EINVALID, "extra: an object expected");
    if (rc == MJ_OK)
      rc = put_extra(b, mj_json_root(doc), with_mode, err);
    mj_json_free(doc);
    if (rc == MJ_EPROTOCOL) { /* not JSON: the caller's mistake */
      rc = MJ_EINVALID;
      if (err)
        err->code = rc;
    }
    if (rc)
      return rc;
  }
  mj__buf_puts(b, "}");
  return put_done(call, err);
}

static int put_imagine(struct mj__call *call, const mj_request *r,
                       mj_error *err) {
  struct mj__buf text;
  int rc;
  size_t n = r->prompt ? strlen(r->prompt) : 0, at;
  if (n == 0 || r->prompt[strspn(r->prompt, " \t\r\n")] == '\0')
    return mj__err_set(err, MJ_EINVALID, "prompt: it is empty");
  at = mj__utf8_check(r->prompt, n);
  if (at < n)
    return mj__err_set(err, MJ_EINVALID, "prompt: not UTF-8 at byte %zu",
                       at + 1);
  mj__buf_init(&text, &call->body.mem, PROMPT_MAX);
  rc = mj__prompt_flags(&text, r->prompt, r->params, r->nparams, r->lenient,
                        err);
  if (rc == MJ_OK) {
    mj__buf_puts(&call->url, "/submit/imagine");
    mj__buf_puts(&call->body, "{\"base64Array\":[]");
    put_member(&call->body, "prompt", text.p);
  }
  mj__buf_free(&text);
  return rc;
}

/* "change::UPSCALE::2", made by task_buttons below for gateways without
   buttons.  A reroll carries an index too: new-api and old midjourney-proxies
   refuse it without one. */
static int put_change(struct mj__call *call, const mj_request *r,
                      mj_error *err) {
  const char *action = r->button + 8, *end = strstr(action, "::");
  char word[16];
  if (!end || (size_t)(end - action) >= sizeof word || end[2] < '1' ||
      end[2] > '4' || end[3] != '\0')
    return mj__err_set(err, MJ_EINVALID, "button: not a change button: %.60s",
                       r->button);
  memcpy(word, action, (size_t)(end - action));
  word[end - action] = '\0';
  mj__buf_puts(&call->url, "/submit/change");
  mj__buf_puts(&call->body, "{");
  put_member(&call->body, "taskId", r->task);
  put_member(&call->body, "action", word);
  mj__buf_printf(&call->body, ",\"index\":%c", end[2]);
  return MJ_OK;
}

static int put_click(struct mj__call *call, const mj_request *r,
                     mj_error *err) {
  size_t n = strlen(r->button);
  if (!r->task || !mj__id_ok(r->task))
    return mj__err_set(err, MJ_EINVALID, "task: not a task id: %.60s",
                       r->task ? r->task : "(none)");
  if (mj__utf8_check(r->button, n) != n)
    return mj__err_set(err, MJ_EINVALID, "button: not UTF-8");
  if (strncmp(r->button, "change::", 8) == 0)
    return put_change(call, r, err);
  mj__buf_puts(&call->url, "/submit/action");
  mj__buf_puts(&call->body, "{");
  put_member(&call->body, "customId", r->button);
  put_member(&call->body, "taskId", r->task);
  return MJ_OK;
}

static int mj_put(struct mj__call *call, const struct mj__gateway *g,
                  const mj_request *r, const char *token, mj_error *err) {
  const char *mode = r->mode ? r->mode : g->mode;
  int rc;
  call->method = "POST";
  call->paid = 1;
  put_route(call, g, mode);
  rc = r->op == MJ_OP_IMAGINE ? put_imagine(call, r, err)
                              : put_click(call, r, err);
  return rc ? rc : put_tail(call, g, r, token, mode, err);
}

static int mj_ask(struct mj__call *call, const struct mj__gateway *g,
                  const char *mode, const char *task_id, mj_error *err) {
  if (!mj__id_ok(task_id))
    return mj__err_set(err, MJ_EINVALID, "not a task id: %.60s", task_id);
  call->method = "GET";
  call->paid = 0;
  put_route(call, g, mode ? mode : g->mode);
  mj__buf_printf(&call->url, "/task/%s/fetch", task_id);
  return put_done(call, err);
}

/* Reading ----------------------------------------------------------------- */

static int64_t when(const mj_value *v) {
  int64_t n;
  return mj__json_int(v, &n) && n > 0 ? n : 0;
}

/* "url", {"url":..}: both are in use (trueai objects, octopusx either). */
static const char *url_of(const mj_value *v) {
  if (v && v->type == MJ_JSON_OBJECT)
    v = mj__json_get(v, "url");
  return v && v->type == MJ_JSON_STRING ? mj__json_text(v) : NULL;
}

static int task_images(const mj_value *root, struct mj__arena *a, mj_task *t) {
  const mj_value *list = mj__json_get(root, "imageUrls"), *v;
  const char **urls;
  size_t n = 0;
  int many = list && list->type == MJ_JSON_ARRAY && list->len > 0;
  if (!many && !t->image_url)
    return MJ_OK;
  urls = mj__arena_alloc(a, (many ? list->len : 1) * sizeof *urls);
  if (!urls)
    return MJ_ERESOURCE;
  for (v = many ? list->first : NULL; v; v = v->next)
    if (url_of(v))
      urls[n++] = url_of(v);
  if (n == 0 && t->image_url)
    urls[n++] = t->image_url;
  t->images = urls;
  t->nimages = n;
  if (!t->image_url && n)
    t->image_url = urls[0];
  return MJ_OK;
}

/* A finished grid without buttons comes from the first midjourney-proxy, which
   has /submit/change instead. */
static const mj_button change_buttons[] = {
    {"change::UPSCALE::1", "U1", NULL},
    {"change::UPSCALE::2", "U2", NULL},
    {"change::UPSCALE::3", "U3", NULL},
    {"change::UPSCALE::4", "U4", NULL},
    {"change::REROLL::1", NULL, "\xf0\x9f\x94\x84"},
    {"change::VARIATION::1", "V1", NULL},
    {"change::VARIATION::2", "V2", NULL},
    {"change::VARIATION::3", "V3", NULL},
    {"change::VARIATION::4", "V4", NULL},
};

static int is_grid(const mj_task *t) {
  static const char *const grids[] = {"IMAGINE", "VARIATION", "REROLL",
                                      "BLEND"};
  size_t i;
  for (i = 0; t->action && i < sizeof grids / sizeof grids[0]; i++)
    if (strcmp(t->action, grids[i]) == 0)
      return 1;
  return 0;
}

static int task_buttons(const mj_value *root, struct mj__arena *a, mj_task *t) {
  const mj_value *list = mj__json_get(root, "buttons"), *v;
  mj_button *b;
  if (!list || list->type != MJ_JSON_ARRAY || list->len == 0) {
    if (t->status == MJ_ST_SUCCESS && is_grid(t)) {
      t->buttons = change_buttons;
      t->nbuttons = sizeof change_buttons / sizeof change_buttons[0];
    }
    return MJ_OK;
  }
  b = mj__arena_alloc(a, list->len * sizeof *b);
  if (!b)
    return MJ_ERESOURCE;
  t->buttons = b;
  for (v = list->first; v; v = v->next) {
    b->custom_id = mj__json_text(mj__json_get(v, "customId"));
    b->label = mj__json_text(mj__json_get(v, "label"));
    b->emoji = mj__json_text(mj__json_get(v, "emoji"));
    if (b->custom_id) { /* a link button has none, and cannot be pressed */
      b++;
      t->nbuttons++;
    }
  }
  return MJ_OK;
}

static const char *video_url(const mj_value *root) {
  const mj_value *list = mj__json_get(root, "videoUrls");
  const char *one = mj__json_text(mj__json_get(root, "videoUrl"));
  if (!one && list && list->type == MJ_JSON_ARRAY)
    one = url_of(list->first);
  return one;
}

static int mj_read_task(const mj_value *root, struct mj__arena *a, mj_task *t) {
  const mj_value *props = mj__json_get(root, "properties");
  int rc;
  memset(t, 0, sizeof *t);
  t->id = mj__json_text(mj__json_get(root, "id"));
  t->action = mj__json_text(mj__json_get(root, "action"));
  t->status_text = mj__json_text(mj__json_get(root, "status"));
  t->status = mj__status_read(t->status_text);
  t->progress =
      mj__progress_read(mj__json_text(mj__json_get(root, "progress")));
  t->prompt = mj__json_text(mj__json_get(root, "prompt"));
  t->prompt_en = mj__json_text(mj__json_get(root, "promptEn"));
  t->final_prompt = mj__json_text(mj__json_get(props, "finalPrompt"));
  t->description = mj__json_text(mj__json_get(root, "description"));
  t->fail_reason = mj__json_text(mj__json_get(root, "failReason"));
  t->state = mj__json_text(mj__json_get(root, "state"));
  t->image_url = mj__json_text(mj__json_get(root, "imageUrl"));
  t->video_url = video_url(root);
  t->submitted_wall_ms = when(mj__json_get(root, "submitTime"));
  t->started_wall_ms = when(mj__json_get(root, "startTime"));
  t->finished_wall_ms = when(mj__json_get(root, "finishTime"));
  if (t->status == MJ_ST_SUCCESS)
    t->progress = 100;
  else if (t->status == MJ_ST_FAILURE || t->status == MJ_ST_CANCEL)
    t->progress = -1; /* new-api says 100% of a failure */
  rc = task_images(root, a, t);
  return rc ? rc : task_buttons(root, a, t);
}

const struct mj__wire mj__wire_mj = {"mj", mj_put, mj_ask, mj_read_task};
