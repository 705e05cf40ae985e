/* SPDX-License-Identifier: MIT
   wire.c - what both families share: which shape a reply has, and the words of
   statuses.  The order of the tests is that of protocol notes on midjourney-
   proxy, trueai and new-api: the body decides before the HTTP status does. */
#include "wire.h"
#include "err.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int mj__id_ok(const char *s) {
  size_t n = strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_-"
                       "abcdefghijklmnopqrstuvwxyz");
  return n >= 1 && n <= MJ__ID_MAX && s[n] == '\0';
}

int mj__progress_read(const char *s) {
  char *end;
  long n;
  if (!s || *s < '0' || *s > '9')
    return -1;
  n = strtol(s, &end, 10);
  if (*end == '.') /* "31.5%" */
    end += 1 + strspn(end + 1, "0123456789");
  if ((*end != '\0' && strcmp(end, "%") != 0) || n > 100)
    return -1;
  return (int)n;
}

mj_status mj__status_read(const char *s) {
  /* The first seven are the wire's own words; resellers' wrappers use the
     others, and new-api sends "" before its first look upstream. */
  static const struct {
    const char *word;
    mj_status status;
  } words[] = {
      {"NOT_START", MJ_ST_NOT_START}, {"SUBMITTED", MJ_ST_SUBMITTED},
      {"MODAL", MJ_ST_MODAL},         {"IN_PROGRESS", MJ_ST_IN_PROGRESS},
      {"SUCCESS", MJ_ST_SUCCESS},     {"FAILURE", MJ_ST_FAILURE},
      {"CANCEL", MJ_ST_CANCEL},       {"FAILED", MJ_ST_FAILURE},
      {"CANCELLED", MJ_ST_CANCEL},    {"PENDING", MJ_ST_NOT_START},
      {"RUNNING", MJ_ST_IN_PROGRESS}, {"", MJ_ST_NOT_START},
  };
  size_t i;
  for (i = 0; i < sizeof words / sizeof words[0]; i++)
    if (strcasecmp(s ? s : "", words[i].word) == 0)
      return words[i].status;
  return MJ_ST_UNKNOWN; /* not finished yet, as far as anyone can tell */
}

static const char *text_or_empty(const mj_value *v) {
  const char *s = mj__json_text(v);
  return s ? s : "";
}

static void read_error(struct mj__said *s, const mj_value *e) {
  if (e->type == MJ_JSON_OBJECT) {
    s->description = text_or_empty(mj__json_get(e, "message"));
    s->type = text_or_empty(mj__json_get(e, "type"));
    s->has_code = mj__json_int(mj__json_get(e, "code"), &s->code);
    s->reason = text_or_empty(mj__json_get(e, "code"));
  } else {
    s->description = text_or_empty(e);
  }
}

const char *mj__route_name(enum mj__route r) {
  static const char *const names[MJ__ROUTES] = {
      [MJ__R_NONE] = "",
      [MJ__R_IMAGINE] = "submit/imagine",
      [MJ__R_BLEND] = "submit/blend",
      [MJ__R_DESCRIBE] = "submit/describe",
      [MJ__R_SHORTEN] = "submit/shorten",
      [MJ__R_CHANGE] = "submit/change",
      [MJ__R_ACTION] = "submit/action",
      [MJ__R_MODAL] = "submit/modal",
      [MJ__R_VIDEO] = "submit/video",
      [MJ__R_EDITS] = "submit/edits",
      [MJ__R_RETEXTURE] = "submit/retexture",
      [MJ__R_UPLOAD] = "submit/upload-discord-images",
      [MJ__R_SWAP] = "insight-face/swap",
      [MJ__R_FETCH] = "task/{id}/fetch",
      [MJ__R_LIST] = "task/list",
      [MJ__R_IDS] = "task/list-by-condition",
      [MJ__R_QUEUE] = "task/queue",
      [MJ__R_SEED] = "task/{id}/image-seed",
      [MJ__R_CANCEL] = "task/{id}/cancel",
      [MJ__R_GENERATE] = "generateTask",
  };
  return names[r];
}

static const struct mj__wire *other(const struct mj__wire *w) {
  return w->generate ? &mj__wire_mj : &mj__wire_generate;
}

int mj__not_here(const struct mj__wire *w, mj_op op, mj_error *err) {
  const char *name = mj_op_name(op);
  if (!name)
    return mj__err_set(err, MJ_EINVALID, "op: no such operation");
  return mj__err_set(err, MJ_EUNSUPPORTED,
                     "%s: gateways of the %s family cannot do that; those of "
                     "the %s family can",
                     name, w->name, other(w)->name);
}

int mj__no_field(const struct mj__wire *w, const char *field, mj_error *err) {
  return mj__err_set(err, MJ_EUNSUPPORTED,
                     "%s: gateways of the %s family take none; those of the "
                     "%s family do",
                     field, w->name, other(w)->name);
}

/* midjourney-proxy-plus: "Waiting for window confirm", trueai: 窗口等待 */
static int tells_of_dialog(const char *description) {
  return strstr(description, "window confirm") ||
         strstr(description,
                "\xe7\xaa\x97\xe5\x8f\xa3\xe7\xad\x89\xe5\xbe\x85");
}

/* trueai's PicReader::all makes four tasks and answers with "id1,id2,...".
   How many there are; 0 = these are no ids. */
static int several_ids(const char *text, char *first) {
  char id[MJ__ID_MAX + 1];
  int n = 0;
  for (;; n++, text++) {
    size_t len = strcspn(text, ",");
    if (len > MJ__ID_MAX)
      return 0;
    memcpy(id, text, len);
    id[len] = '\0';
    if (!mj__id_ok(id))
      return 0;
    if (n == 0)
      memcpy(first, id, len + 1);
    text += len;
    if (*text == '\0')
      return n + 1;
  }
}

static void read_submit(struct mj__said *s, const mj_value *root) {
  const mj_value *result = mj__json_get(root, "result");
  const char *id = text_or_empty(result);
  const mj_value *props = mj__json_get(root, "properties");
  int64_t ahead;
  s->shape = MJ__SHAPE_SUBMIT;
  s->result = id;
  if (*id)
    s->given = id;
  s->no_result = !result || result->type == MJ_JSON_NULL ||
                 (result->type == MJ_JSON_STRING && result->len == 0);
  s->list = result && result->type == MJ_JSON_ARRAY ? result : NULL;
  s->suggested = text_or_empty(mj__json_get(props, "finalPrompt"));
  if (mj__json_int(mj__json_get(props, "numberOfQueues"), &ahead) &&
      ahead >= 0 && ahead < 1000000)
    s->ahead = (int)ahead;
  s->description = text_or_empty(mj__json_get(root, "description"));
  s->type = text_or_empty(mj__json_get(root, "type"));
  s->banned_word = text_or_empty(mj__json_get(props, "bannedWord"));
  s->dialog = tells_of_dialog(s->description);
  s->several = several_ids(id, s->first);
  if (s->several > 0)
    s->id = s->several > 1 ? s->first : id;
}

const char *mj__data_id(const mj_value *data) {
  const char *id = mj__json_text(mj__json_get(data, "taskId"));
  return id ? id : mj__json_text(mj__json_get(data, "task_id"));
}

/* Some adapters have no `data` around it. */
static const char *given_id(const mj_value *root) {
  const char *id = mj__data_id(mj__json_get(root, "data"));
  if (!id)
    id = mj__data_id(root);
  return id ? id : "";
}

/* The generate family's envelope; adapters in front of it put the message into
   `error` now and then. */
static void read_data(struct mj__said *s, const mj_value *root) {
  const mj_value *data = mj__json_get(root, "data");
  const char *id = mj__data_id(data);
  const mj_value *state = mj__json_get(data, "state");
  s->shape = MJ__SHAPE_DATA;
  s->description = text_or_empty(mj__json_get(root, "message"));
  if (!*s->description)
    s->description = text_or_empty(mj__json_get(root, "error"));
  s->type = text_or_empty(mj__json_get(data, "error"));
  s->has_state = state && state->type == MJ_JSON_STRING && state->len > 0;
  if (id && mj__id_ok(id)) {
    s->id = id;
    s->several = 1;
  }
}

/* {"success":false,"code":-1,"data":null} is trueai's, which keeps its shape;
   so does an error without data. */
static int is_data(const mj_value *root, const mj_value *error, int failed) {
  const mj_value *data = mj__json_get(root, "data");
  if (failed || (error && !data))
    return 0;
  return data || mj__json_get(root, "message");
}

void mj__said_read(struct mj__said *s, const mj_value *root, size_t body_len) {
  const mj_value *e, *v;
  int failed;
  memset(s, 0, sizeof *s);
  s->description = s->type = s->reason = s->id = s->banned_word = "";
  s->result = s->suggested = s->given = "";
  s->ahead = -1;
  s->shape = body_len == 0 ? MJ__SHAPE_EMPTY : MJ__SHAPE_TEXT;
  if (!root)
    return;
  s->shape = root->type == MJ_JSON_ARRAY ? MJ__SHAPE_LIST : MJ__SHAPE_JSON;
  if (root->type != MJ_JSON_OBJECT)
    return;
  /* a task may carry a code of its wrapper's, but no result */
  if (mj__json_text(mj__json_get(root, "id")) && mj__json_get(root, "status") &&
      !mj__json_get(root, "result")) {
    s->shape = MJ__SHAPE_TASK;
    return;
  }
  s->given = given_id(root);
  e = mj__json_get(root, "error");
  if (e && e->type == MJ_JSON_NULL)
    e = NULL;
  v = mj__json_get(root, "success");
  failed = v && v->type == MJ_JSON_FALSE;
  s->has_code = mj__json_int(mj__json_get(root, "code"), &s->code);
  if (s->has_code &&
      (mj__json_get(root, "description") || mj__json_get(root, "result"))) {
    read_submit(s, root);
  } else if (mj__json_get(root, "error") && mj__json_get(root, "path")) {
    s->shape = MJ__SHAPE_SPRING;
    s->description = text_or_empty(e);
  } else if (s->has_code && is_data(root, e, failed)) {
    read_data(s, root);
  } else if (e) {
    s->shape = MJ__SHAPE_ERROR;
    read_error(s, e);
  } else if (failed) {
    s->shape = MJ__SHAPE_SUCCESS;
    s->description = text_or_empty(mj__json_get(root, "message"));
  } else {
    s->description = text_or_empty(mj__json_get(root, "message"));
  }
}
