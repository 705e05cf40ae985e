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
  sim_reply(c, 200, sim_on(c, SIM_TRUEAI) ? SIM_JSON_UTF8 : SIM_JSON);
}

static void put_item(struct sim_call *c, const struct sim_task *t) {
  if (c->out.n > 1)
    sim_put(&c->out, ",");
  c->s->profile->put_task(c, t);
}

static void end_list(struct sim_call *c) {
  sim_put(&c->out, "]");
  sim_reply(c, 200, sim_on(c, SIM_TRUEAI) ? SIM_JSON_UTF8 : SIM_JSON);
}

/* Newest first; trueai shows the newest hundred. */
void sim_list(struct sim_call *c) {
  size_t n = c->s->ntasks, most = sim_on(c, SIM_TRUEAI) ? 100 : n;
  sim_put(&c->out, "[");
  for (size_t i = n; i > 0 && n - i < most; i--)
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
    if (sim_has(c, SIM_ROWS) && (!id || !is_string)) {
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

static void refuse_seed(struct sim_call *c) {
  sim_refuse(c, 4, "关联任务状态错误");
  if (sim_on(c, SIM_TRUEAI)) /* BadRequest() */
    c->reply->status = 400;
}

/* The number that Midjourney used.  Words have none, and no faces. */
void sim_image_seed(struct sim_call *c) {
  const struct sim_task *t = sim_task_find(c->s, c->id);
  if (!t && sim_has(c, SIM_ROWS)) {
    c->s->profile->no_task(c);
    return;
  }
  if (!t) {
    sim_refuse_parent(c);
    return;
  }
  if (sim_view_at(c->s, t, c->now).status != SIM_SUCCESS) {
    refuse_seed(c);
    return;
  }
  if (t->makes == SIM_FACE || t->makes >= SIM_PROMPTS) {
    sim_refuse(c, 3, "未找到 seed");
    return;
  }
  sim_putf(&c->out,
           "{\"code\":1,\"description\":\"成功\",%s\"result\":\"%llu\"%s}",
           sim_has(c, SIM_ROWS) ? "\"properties\":null," : "",
           (unsigned long long)(t->key % 4294967295u),
           sim_on(c, SIM_TRUEAI) ? ",\"properties\":{}" : "");
  sim_reply(c, 200, c->s->profile->json);
}

/* trueai says 200 and nothing, whatever comes of it; and a dialog stays open
   (TaskController.cs; issue 60 there). */
void sim_cancel(struct sim_call *c) {
  struct sim_task *t = sim_task_find(c->s, c->id);
  struct sim_view v;
  struct sim_said said = {1, "成功", c->id, {0}};
  if (t)
    v = sim_view_at(c->s, t, c->now);
  if (sim_on(c, SIM_TRUEAI)) {
    if (t && v.status < SIM_SUCCESS && v.status != SIM_MODAL)
      sim_task_cancel(c->s, t);
    sim_reply(c, 200, NULL);
  } else if (!t) {
    sim_refuse_parent(c);
  } else if (v.status >= SIM_SUCCESS) {
    sim_refuse(c, 4, "关联任务状态错误");
  } else {
    sim_task_cancel(c->s, t);
    sim_say(c, &said);
  }
}
