/* SPDX-License-Identifier: MIT
   fetch.c - GET /task/...: what costs nothing. */
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_fetch(struct sim_call *c) {
  const struct sim_task *t = sim_task_find(c->s, c->id);
  if (!t) {
    c->s->profile->no_task(c);
    return;
  }
  c->s->profile->put_task(c, t);
  sim_reply(c, 200, SIM_JSON);
}

static void put_item(struct sim_call *c, const struct sim_task *t) {
  if (c->out.n > 1)
    sim_put(&c->out, ",");
  c->s->profile->put_task(c, t);
}

static void end_list(struct sim_call *c) {
  sim_put(&c->out, "]");
  sim_reply(c, 200, SIM_JSON);
}

/* Newest first. */
void sim_list(struct sim_call *c) {
  sim_put(&c->out, "[");
  for (size_t i = c->s->ntasks; i > 0; i--)
    put_item(c, c->s->tasks[i - 1]);
  end_list(c);
}

/* Waiting and running, oldest first. */
void sim_queue(struct sim_call *c) {
  sim_put(&c->out, "[");
  for (size_t i = 0; i < c->s->ntasks; i++) {
    struct sim_view v = sim_view_at(c->s, c->s->tasks[i], c->now);
    if (v.status < SIM_SUCCESS && v.status != SIM_MODAL)
      put_item(c, c->s->tasks[i]);
  }
  end_list(c);
}

static int by_index(const void *a, const void *b) {
  size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return (x > y) - (x < y);
}

/* The gateways answer in the order of their store, each task once, and leave
   out what they do not know. */
void sim_list_by_condition(struct sim_call *c) {
  size_t n = sim_body_items(c->body, "ids"), found = 0;
  size_t *index = calloc(n + 1, sizeof *index);
  for (size_t i = 0; index && i < n; i++) {
    int is_string;
    const char *id = sim_body_item(c->body, "ids", i, &is_string);
    const struct sim_task *t = id ? sim_task_find(c->s, id) : NULL;
    if (c->s->profile->buttons && (!id || !is_string)) {
      free(index);
      sim_refuse_mj(c, 400, 4, "do_request_failed"); /* []string in Go */
      return;
    }
    if (t)
      index[found++] = t->index;
  }
  sim_put(&c->out, "[");
  if (found)
    qsort(index, found, sizeof *index, by_index);
  for (size_t i = 0; i < found; i++)
    if (!i || index[i] != index[i - 1])
      put_item(c, c->s->tasks[index[i]]);
  free(index);
  end_list(c);
}

/* Of new-api; the number that Midjourney used. */
void sim_image_seed(struct sim_call *c) {
  const struct sim_task *t = sim_task_find(c->s, c->id);
  if (!t) {
    c->s->profile->no_task(c);
    return;
  }
  if (sim_view_at(c->s, t, c->now).status != SIM_SUCCESS) {
    sim_refuse(c, 4, "关联任务状态错误");
    return;
  }
  sim_putf(&c->out, "{\"code\":1,\"description\":\"成功\",\"result\":\"%llu\"}",
           (unsigned long long)(t->key % 4294967295u));
  sim_reply(c, 200, SIM_JSON);
}

/* Routes that new-api has, asked of an installation that sells no such model.
   simple-change always ends here: its model has no name. */
void sim_no_channel(struct sim_call *c) {
  static const char *const models[][2] = {
      {"/submit/blend", "mj_blend"},
      {"/submit/describe", "mj_describe"},
      {"/submit/shorten", "mj_shorten"},
      {"/submit/video", "mj_video"},
      {"/submit/edits", "mj_edits"},
      {"/submit/upload-discord-images", "mj_upload"},
      {"/insight-face/swap", "swap_face"},
      {NULL, "mj_"}};
  char text[160];
  int i = 0;
  while (models[i][0] && strcmp(models[i][0], c->path))
    i++;
  snprintf(text, sizeof text,
           "分组 default 下模型 %s 无可用渠道（distributor）", models[i][1]);
  sim_refuse_api(c, 503, text, "model_not_found");
}
