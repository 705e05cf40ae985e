/* SPDX-License-Identifier: MIT
   wire_mj_put.c - the paid requests of the /mj family: bodies as JSON.  Ids go
   as strings always: new-api turns numbers into floats on their way. */
#include "err.h"
#include "picture.h"
#include "prompt.h"
#include "wire_mj.h"
#include "wire_put.h"

#include <string.h>

enum { PICTURES_MOST = 32 };

/* "fast" as FAST; the words were checked, or are the user's and shown as they
   are. */
static void put_upper(struct mj__buf *b, const char *name, const char *v) {
  char upper[24] = "";
  size_t i;
  for (i = 0; v[i] && i + 1 < sizeof upper; i++)
    upper[i] = v[i];
  for (i = 0; upper[i]; i++)
    if (upper[i] >= 'a' && upper[i] <= 'z')
      upper[i] = (char)(upper[i] - ('a' - 'A'));
  mj__put_member(b, name, upper);
}

/* What tells which members are ours. */
struct taken {
  const mj_request *r;
  int with_mode;
};

/* Those that each body has a right to. */
static int is_ours(const void *ud, const char *name) {
  static const char *const ours[] = {
      "prompt",    "base64Array", "taskId",       "customId",     "action",
      "index",     "state",       "base64",       "link",         "image",
      "motion",    "maskBase64",  "sourceBase64", "targetBase64", "endImage",
      "videoType", "batchSize",   "loop",         "language",     "dimensions",
      "sourceUrl", "targetUrl"};
  const struct taken *t = ud;
  size_t i;
  for (i = 0; i < sizeof ours / sizeof ours[0]; i++)
    if (strcmp(name, ours[i]) == 0)
      return 1;
  return (t->with_mode && strcmp(name, "mode") == 0) ||
         (t->r->bot && strcmp(name, "botType") == 0) ||
         (t->r->notify_hook && strcmp(name, "notifyHook") == 0) ||
         (t->r->account_filter && strcmp(name, "accountFilter") == 0) ||
         (t->r->remix && strcmp(name, "enableRemix") == 0);
}

/* Older gateways choke on a botType: nothing is sent unless it is asked for
   (seen with clients of midjourney-proxy 2.3). */
static int put_common(struct mj__call *call, const mj_request *r,
                      mj_error *err) {
  struct mj__buf *b = &call->body;
  mj_json *doc;
  int rc;
  if (r->bot)
    mj__put_member(b, "botType",
                   strcmp(r->bot, "niji") == 0 ? "NIJI_JOURNEY"
                                               : "MID_JOURNEY");
  if (r->notify_hook)
    mj__put_member(b, "notifyHook", r->notify_hook);
  if (!r->account_filter)
    return MJ_OK;
  rc = mj__read_object(&b->mem, "account_filter", r->account_filter, &doc, err);
  if (rc)
    return rc;
  mj__put_name(b, "accountFilter");
  mj__put_value(b, mj_json_root(doc));
  mj_json_free(doc);
  return MJ_OK;
}

static int put_tail(struct mj__call *call, const struct mj__gateway *g,
                    const mj_request *r, const char *token, const char *mode,
                    mj_error *err) {
  struct mj__buf *b = &call->body;
  struct taken taken;
  int rc;
  taken.r = r;
  taken.with_mode = mode && strcmp(g->mode_style, "body") == 0;
  if (taken.with_mode)
    put_upper(b, "mode", mode);
  rc = put_common(call, r, err);
  if (rc)
    return rc;
  if (token && *token)
    mj__put_member(b, "state", token);
  if (r->extra_json) {
    mj_json *doc;
    rc = mj__read_object(&b->mem, "extra", r->extra_json, &doc, err);
    if (rc)
      return rc;
    rc = mj__put_extra(b, mj_json_root(doc), is_ours, &taken, err);
    mj_json_free(doc);
    if (rc)
      return rc;
  }
  mj__buf_puts(b, "}");
  return mj__call_done(call, err);
}

/* The prompt with its parameters, behind the addresses of pictures. */
static int put_prompt(struct mj__call *call, const mj_request *r, int with_urls,
                      mj_error *err) {
  struct mj__buf text, all;
  size_t i;
  int rc = mj__check_prompt(r->prompt, err);
  if (rc)
    return rc;
  mj__buf_init(&text, &call->body.mem, MJ__PROMPT_MAX);
  mj__buf_init(&all, &call->body.mem, MJ__PROMPT_MAX);
  rc = mj__prompt_build(&text, call->warnings, r->prompt, r->params, r->nparams,
                        r->lenient, err);
  for (i = 0; rc == MJ_OK && with_urls && i < r->npictures; i++)
    if (mj__picture_is_url(&r->pictures[i]))
      mj__buf_printf(&all, "%s ", r->pictures[i].url);
  if (rc == MJ_OK) {
    mj__buf_puts(&all, text.p);
    if (all.err)
      rc = all.err == MJ_ETOO_LARGE
               ? mj__err_set(err, all.err, "the prompt is too long")
               : mj__err_nomem(err);
    else
      mj__put_member(&call->body, "prompt", all.p);
  }
  mj__buf_free(&all);
  mj__buf_free(&text);
  return rc;
}

static void put_array(struct mj__buf *b, const mj_request *r, int urls) {
  size_t i, n = 0;
  mj__put_name(b, "base64Array");
  mj__buf_puts(b, "[");
  for (i = 0; i < r->npictures; i++) {
    if (!urls && mj__picture_is_url(&r->pictures[i]))
      continue;
    mj__buf_puts(b, n++ ? "," : "");
    mj__picture_put(b, &r->pictures[i]);
  }
  mj__buf_puts(b, "]");
}

static int put_imagine(struct mj__call *call, const mj_request *r,
                       mj_error *err) {
  int rc = mj__check_pictures(r, 0, PICTURES_MOST, err);
  if (rc == MJ_OK && r->npictures == 0)
    rc = mj__check_words(r->prompt, err);
  if (rc)
    return rc;
  put_array(&call->body, r, 0);
  return put_prompt(call, r, 1, err);
}

static int put_blend(struct mj__call *call, const mj_request *r,
                     mj_error *err) {
  static const char *const shapes[] = {"portrait", "square", "landscape"};
  size_t i;
  int rc = mj__check_pictures(r, 2, 5, err), known = !r->dimensions;
  if (rc)
    return rc;
  for (i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
    known = known || strcmp(r->dimensions, shapes[i]) == 0;
  if (!known)
    return mj__err_set(err, MJ_EINVALID,
                       "dimensions: portrait, square or landscape expected, "
                       "got %.40s",
                       r->dimensions);
  put_array(&call->body, r, 1);
  if (r->dimensions) /* an explicit null is refused by midjourney-proxy */
    put_upper(&call->body, "dimensions", r->dimensions);
  return MJ_OK;
}

static int put_describe(struct mj__call *call, const mj_request *r,
                        mj_error *err) {
  int rc = mj__check_pictures(r, 1, 1, err);
  if (rc)
    return rc;
  /* trueai alone takes an address */
  mj__put_picture(&call->body,
                  mj__picture_is_url(&r->pictures[0]) ? "link" : "base64",
                  &r->pictures[0]);
  if (r->language)
    mj__put_member(&call->body, "language", r->language);
  return MJ_OK;
}

static int put_shorten(struct mj__call *call, const mj_request *r,
                       mj_error *err) {
  return put_prompt(call, r, 0, err);
}

/* "change::UPSCALE::2", made by wire_mj_read.c for gateways without buttons.
   A reroll carries an index too: new-api and old midjourney-proxies refuse it
   without one. */
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
  mj__put_member(&call->body, "taskId", r->task);
  mj__put_member(&call->body, "action", word);
  mj__buf_printf(&call->body, ",\"index\":%c", end[2]);
  return MJ_OK;
}

static int put_click(struct mj__call *call, const mj_request *r,
                     mj_error *err) {
  size_t n = strlen(r->button);
  int rc = mj__check_task(r, err);
  if (rc)
    return rc;
  if (mj__utf8_check(r->button, n) != n)
    return mj__err_set(err, MJ_EINVALID, "button: not UTF-8");
  if (call->route == MJ__R_CHANGE)
    return put_change(call, r, err);
  mj__put_member(&call->body, "customId", r->button);
  mj__put_member(&call->body, "taskId", r->task);
  if (r->remix)
    mj__put_word(&call->body, "enableRemix", "true");
  return MJ_OK;
}

static int put_modal(struct mj__call *call, const mj_request *r,
                     mj_error *err) {
  int rc = mj__check_task(r, err);
  if (rc == MJ_OK && r->mask)
    rc = mj__picture_check(r->mask, "mask", err);
  if (rc)
    return rc;
  if (r->mask && mj__picture_is_url(r->mask))
    return mj__err_set(err, MJ_EINVALID,
                       "mask: the bytes of a PNG expected, not an address");
  mj__put_member(&call->body, "taskId", r->task);
  if (r->mask)
    mj__put_picture(&call->body, "maskBase64", r->mask);
  return r->prompt && *r->prompt ? put_prompt(call, r, 0, err) : MJ_OK;
}

static int put_extend(struct mj__call *call, const mj_request *r,
                      mj_error *err) {
  int rc = mj__check_task(r, err);
  if (rc)
    return rc;
  if (r->npictures)
    return mj__err_set(err, MJ_EINVALID,
                       "video: a task to extend has its picture already");
  if (r->index < 0 || r->index > 4)
    return mj__err_set(err, MJ_EINVALID, "index: 1 to 4 expected, got %d",
                       r->index);
  mj__put_member(&call->body, "action", "extend");
  mj__put_member(&call->body, "taskId", r->task);
  mj__put_name(&call->body, "index");
  mj__buf_printf(&call->body, "%d", r->index ? r->index - 1 : 0);
  return MJ_OK;
}

static int check_video(const mj_request *r, mj_error *err) {
  if (r->motion && strcmp(r->motion, "low") != 0 &&
      strcmp(r->motion, "high") != 0)
    return mj__err_set(err, MJ_EINVALID,
                       "motion: low or high expected, got %.40s", r->motion);
  if (r->batch != 0 && r->batch != 1 && r->batch != 2 && r->batch != 4)
    return mj__err_set(err, MJ_EINVALID, "batch: 1, 2 or 4 expected, got %d",
                       r->batch);
  return MJ_OK;
}

/* trueai's SubmitVideoDTO; other gateways know a part of it. */
static int put_video(struct mj__call *call, const mj_request *r,
                     mj_error *err) {
  struct mj__buf *b = &call->body;
  int rc = check_video(r, err);
  if (rc == MJ_OK)
    rc = r->task ? put_extend(call, r, err) : mj__check_pictures(r, 1, 2, err);
  if (rc == MJ_OK)
    rc = put_prompt(call, r, 0, err);
  if (rc)
    return rc;
  if (r->npictures > 0)
    mj__put_picture(b, "image", &r->pictures[0]);
  if (r->npictures > 1)
    mj__put_picture(b, "endImage", &r->pictures[1]);
  if (r->motion)
    mj__put_member(b, "motion", r->motion);
  if (r->loop)
    mj__put_word(b, "loop", "true");
  if (r->video_type)
    mj__put_member(b, "videoType", r->video_type);
  if (r->batch) {
    mj__put_name(b, "batchSize");
    mj__buf_printf(b, "%d", r->batch);
  }
  return MJ_OK;
}

static int put_edit(struct mj__call *call, const mj_request *r, mj_error *err) {
  int rc = mj__check_pictures(r, 1, 1, err);
  if (rc == MJ_OK)
    rc = put_prompt(call, r, 0, err);
  if (rc == MJ_OK)
    mj__put_picture(&call->body, "image", &r->pictures[0]);
  return rc;
}

static int put_upload(struct mj__call *call, const mj_request *r,
                      mj_error *err) {
  int rc = mj__check_pictures(r, 1, PICTURES_MOST, err);
  if (rc == MJ_OK)
    put_array(&call->body, r, 1);
  return rc;
}

/* Addresses: trueai alone. */
static int put_swap(struct mj__call *call, const mj_request *r, mj_error *err) {
  static const char *const names[2][2] = {{"sourceBase64", "sourceUrl"},
                                          {"targetBase64", "targetUrl"}};
  size_t i;
  int rc = mj__check_pictures(r, 2, 2, err);
  for (i = 0; rc == MJ_OK && i < 2; i++)
    mj__put_picture(&call->body, names[i][mj__picture_is_url(&r->pictures[i])],
                    &r->pictures[i]);
  return rc;
}

static const struct {
  enum mj__route route;
  int (*put)(struct mj__call *call, const mj_request *r, mj_error *err);
} verbs[] = {
    [MJ_OP_IMAGINE] = {MJ__R_IMAGINE, put_imagine},
    [MJ_OP_CLICK] = {MJ__R_ACTION, put_click},
    [MJ_OP_BLEND] = {MJ__R_BLEND, put_blend},
    [MJ_OP_DESCRIBE] = {MJ__R_DESCRIBE, put_describe},
    [MJ_OP_SHORTEN] = {MJ__R_SHORTEN, put_shorten},
    [MJ_OP_MODAL] = {MJ__R_MODAL, put_modal},
    [MJ_OP_VIDEO] = {MJ__R_VIDEO, put_video},
    [MJ_OP_EDIT] = {MJ__R_EDITS, put_edit},
    [MJ_OP_RETEXTURE] = {MJ__R_RETEXTURE, put_edit},
    [MJ_OP_UPLOAD] = {MJ__R_UPLOAD, put_upload},
    [MJ_OP_SWAP_FACE] = {MJ__R_SWAP, put_swap},
};

enum mj__route mj__mj_verb(mj_op op) {
  return (size_t)op < sizeof verbs / sizeof verbs[0] ? verbs[op].route
                                                     : MJ__R_NONE;
}

/* What only the other family has. */
static int refuse(const mj_request *r, mj_error *err) {
  const struct {
    const char *field;
    int given;
  } fields[] = {{"provider", r->provider != NULL}, {"areas", r->nareas > 0}};
  size_t i;
  if (mj__mj_verb(r->op) == MJ__R_NONE)
    return mj__not_here(&mj__wire_mj, r->op, err);
  for (i = 0; i < sizeof fields / sizeof fields[0]; i++)
    if (fields[i].given)
      return mj__no_field(&mj__wire_mj, fields[i].field, err);
  if (r->type || r->strength)
    return mj__err_set(err, MJ_EUNSUPPORTED,
                       "%s: of the generate family; here click \"U1\" (or 2, "
                       "3, 4), and then %s on the upscaled picture",
                       r->type ? "type" : "strength",
                       r->type ? "\"upscale:creative\" or \"upscale:2x\""
                               : "\"vary:subtle\" or \"vary:strong\"");
  if (r->op == MJ_OP_CLICK && strncmp(r->button, "generate::", 10) == 0)
    return mj__err_set(err, MJ_EUNSUPPORTED,
                       "button: %.60s is of the generate family", r->button);
  return MJ_OK;
}

int mj__mj_put(struct mj__call *call, const struct mj__gateway *g,
               const mj_request *r, const char *token, mj_error *err) {
  const char *mode = r->mode ? r->mode : g->mode;
  enum mj__route route = mj__mj_verb(r->op);
  int rc = refuse(r, err);
  if (rc)
    return rc;
  if (r->op == MJ_OP_CLICK && strncmp(r->button, "change::", 8) == 0)
    route = MJ__R_CHANGE;
  call->method = "POST";
  call->paid = 1;
  mj__mj_route(call, g, mode, route);
  mj__buf_puts(&call->url, mj__route_name(route));
  mj__buf_puts(&call->body, "{");
  rc = verbs[r->op].put(call, r, err);
  return rc ? rc : put_tail(call, g, r, token, mode, err);
}
