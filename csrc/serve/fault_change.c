/* SPDX-License-Identifier: MIT
   fault_change.c - oddities of answers that are there. */
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Submissions ---------------------------------------------------------------
 */

/* As the gateways' pages show it. */
void fault_number_result(struct sim_call *c) {
  char id[32];
  if (edit_text(&c->out, "result", id, sizeof id) && *id &&
      !id[strspn(id, "0123456789")])
    edit_set(&c->out, "result", id);
}

void fault_result_list(struct sim_call *c) {
  char id[32], list[40];
  if (edit_text(&c->out, "result", id, sizeof id)) {
    snprintf(list, sizeof list, "[\"%s\"]", id);
    edit_set(&c->out, "result", list);
  }
}

void fault_result_null(struct sim_call *c) {
  edit_set(&c->out, "result", "null");
}

/* new-api replaces the bytes "code":21, whatever waits for a dialog. */
void fault_rewrite21(struct sim_call *c) {
  size_t at, n;
  if (edit_find(&c->out, "code", &at, &n) && n == 2 &&
      !strncmp(c->out.p + at, "21", 2))
    edit_set(&c->out, "code", "1");
}

/* The first midjourney-proxy, up to 2.3, asked for the same upscale twice. */
void fault_existed(struct sim_call *c) {
  edit_set(&c->out, "code", "21");
  edit_set(&c->out, "description", "\"任务已存在\"");
  edit_set(&c->out, "properties",
           "{\"status\":\"IN_PROGRESS\",\"imageUrl\":\"\"}");
}

void fault_no_code(struct sim_call *c) {
  edit_remove(&c->out, "code");
}

void fault_code0(struct sim_call *c) {
  edit_set(&c->out, "code", "0");
}

/* Any answer ----------------------------------------------------------------
 */

static int is_json(const struct sim_buf *b) {
  return b->n && (*b->p == '{' || *b->p == '[');
}

/* Go's encoder; the characters stand in strings only. */
void fault_escapes(struct sim_call *c) {
  struct sim_buf out = {0};
  if (!is_json(&c->out))
    return;
  for (const char *p = c->out.p; *p; p++)
    if (strchr("&<>", *p))
      sim_putf(&out, "\\u%04x", (unsigned)*p);
    else
      sim_putn(&out, p, 1);
  sim_buf_free(&c->out);
  c->out = out;
}

void fault_byte_order_mark(struct sim_call *c) {
  struct sim_buf out = {0};
  if (!is_json(&c->out))
    return;
  sim_put(&out, "\xEF\xBB\xBF");
  sim_putn(&out, c->out.p, c->out.n);
  sim_buf_free(&c->out);
  c->out = out;
}

void fault_text_plain(struct sim_call *c) {
  c->reply->content_type = SIM_TEXT;
}

void fault_truncated(struct sim_call *c) {
  c->out.n /= 2;
}

void fault_chunked(struct sim_call *c) {
  c->reply->chunked = 1;
}

/* Tasks ---------------------------------------------------------------------
 */

/* Some gateways send Discord's ids bare, and they are above 2^53. */
static void numeric_ids(struct sim_call *c, struct sim_buf *task) {
  static const char *const keys[] = {
      "messageId",         "nonce",
      "discordInstanceId", "progressMessageId",
      "discordChannelId",  "referencedMessageId"};
  struct sim_buf inner = {0};
  size_t at, len;
  (void)c;
  if (!edit_find(task, "properties", &at, &len))
    return;
  sim_putn(&inner, task->p + at, len);
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    char id[40];
    if (edit_text(&inner, keys[i], id, sizeof id) && *id &&
        !id[strspn(id, "0123456789")])
      edit_set(&inner, keys[i], id);
  }
  if (inner.p)
    edit_set(task, "properties", inner.p);
  sim_buf_free(&inner);
}

void fault_numeric_ids(struct sim_call *c) {
  edit_tasks(c, numeric_ids);
}

static void null_buttons(struct sim_call *c, struct sim_buf *task) {
  (void)c;
  edit_set(task, "buttons", "null");
}

void fault_null_buttons(struct sim_call *c) {
  edit_tasks(c, null_buttons);
}

static int has_status(const struct sim_buf *task, const char *status) {
  char text[24];
  return edit_text(task, "status", text, sizeof text) && !strcmp(text, status);
}

/* trueai says where the picture is in many places. */
static void without_addresses(struct sim_buf *task) {
  static const char *const keys[] = {"imageUrls", "thumbnailUrl", "url",
                                     "proxyUrl", "videoUrls"};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
    edit_set(task, keys[i], "null");
}

/* Back to a state in which nothing has come of it yet, but a preview. */
static void unfinish(struct sim_call *c, struct sim_buf *task,
                     const char *status, const char *progress) {
  const char *none = sim_on(c, SIM_NEW_API) ? "0" : "null";
  edit_set(task, "status", status);
  edit_set(task, "progress", progress);
  edit_set(task, "finishTime", none);
  edit_set(task, "failReason", *none == '0' ? "\"\"" : "null");
  edit_set(task, "buttons", "null");
  edit_set(task, "isCompleted", "false");
  without_addresses(task);
}

/* The gateway never learns that the task is done. */
static void stuck(struct sim_call *c, struct sim_buf *task) {
  if (has_status(task, "SUCCESS") || has_status(task, "FAILURE"))
    unfinish(c, task, "\"IN_PROGRESS\"", "\"93%\"");
}

void fault_stuck(struct sim_call *c) {
  edit_tasks(c, stuck);
}

/* Several gateways behind one address: the second look at a task that was seen
   at work goes back a step, the third does not. */
static void regress(struct sim_call *c, struct sim_buf *task) {
  char id[24];
  uint64_t key;
  int done = has_status(task, "SUCCESS");
  if ((!done && !has_status(task, "IN_PROGRESS")) ||
      !edit_text(task, "id", id, sizeof id))
    return;
  key = sim_hash(id, 77);
  uint32_t seen = sim_map_get(c->s, key);
  if (seen < 2)
    sim_map_set(c->s, key, seen + 1);
  if (seen == 1)
    unfinish(c, task, done ? "\"IN_PROGRESS\"" : "\"SUBMITTED\"",
             done ? "\"46%\"" : "\"0%\"");
}

void fault_regress(struct sim_call *c) {
  edit_tasks(c, regress);
}

/* Midjourney's own words, passed on. */
static void progress_words(struct sim_call *c, struct sim_buf *task) {
  (void)c;
  edit_set(task, "progress",
           has_status(task, "IN_PROGRESS") ? "\"fast\""
           : has_status(task, "SUCCESS")   ? "\"done\""
           : has_status(task, "FAILURE")   ? "\"Stopped\""
                                           : "\"Waiting to start\"");
}

void fault_progress_words(struct sim_call *c) {
  edit_tasks(c, progress_words);
}

static void progress_empty(struct sim_call *c, struct sim_buf *task) {
  (void)c;
  if (has_status(task, "FAILURE"))
    edit_set(task, "progress", "\"\"");
}

void fault_progress_empty(struct sim_call *c) {
  edit_tasks(c, progress_empty);
}

static void progress_100(struct sim_call *c, struct sim_buf *task) {
  (void)c;
  if (has_status(task, "FAILURE"))
    edit_set(task, "progress", "\"100%\"");
}

void fault_progress_100_failure(struct sim_call *c) {
  edit_tasks(c, progress_100);
}

/* Each "url" of a list of objects, as the list of strings that it is not. */
static void urls_of(const char *list, size_t n, struct sim_buf *out) {
  const char *end = list + n, *p = list;
  while ((p = strstr(p, "\"url\":\"")) != NULL && p < end) {
    p += 6;
    size_t len = strcspn(p + 1, "\"") + 2;
    sim_put(out, out->n > 1 ? "," : "");
    sim_putn(out, p, len);
    p += len;
  }
}

/* imageUrls is a list of strings at some gateways, of objects at others. */
static void image_urls(struct sim_call *c, struct sim_buf *task) {
  struct sim_buf list = {0};
  size_t at, len;
  char *member;
  (void)c;
  sim_put(&list, "[");
  if (edit_find(task, "imageUrls", &at, &len)) {
    urls_of(task->p + at, len, &list);
    sim_put(&list, "]");
    edit_set(task, "imageUrls", list.p);
  } else if (has_status(task, "SUCCESS") &&
             edit_find(task, "imageUrl", &at, &len)) {
    member = calloc(1, 2 * len + 24);
    if (member) {
      snprintf(member, 2 * len + 24, "%.*s,\"imageUrls\":[%.*s]", (int)len,
               task->p + at, (int)len, task->p + at);
      edit_set(task, "imageUrl", member);
      free(member);
    }
  }
  sim_buf_free(&list);
}

void fault_image_urls_text(struct sim_call *c) {
  edit_tasks(c, image_urls);
}

static void no_picture(struct sim_call *c, struct sim_buf *task) {
  if (!has_status(task, "SUCCESS"))
    return;
  edit_set(task, "imageUrl", sim_on(c, SIM_NEW_API) ? "\"\"" : "null");
  without_addresses(task);
}

void fault_success_without_picture(struct sim_call *c) {
  edit_tasks(c, no_picture);
}
