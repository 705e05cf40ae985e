/* SPDX-License-Identifier: MIT
   video.c - POST /submit/video: from a picture, or on from a video. */
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct video {
  const char *prompt, *image, *end, *motion;
  int batch, index;
};

static int is_one_of(const char *text, const char *const *list) {
  for (; *list; list++)
    if (!strcmp(text, *list))
      return 1;
  return 0;
}

/* SubmitVideoDTO.cs; 0 when something is not of its kind. */
static int read_video(const struct sim_call *c, struct video *v) {
  static const char *const motions[] = {"low", "high", NULL};
  static const char *const types[] = {"vid_1.1_i2v_480", "vid_1.1_i2v_720",
                                      "vid_1.1_i2v_start_end_480",
                                      "vid_1.1_i2v_start_end_720", NULL};
  const char *type = sim_body_text(c->body, "videoType");
  int64_t batch = sim_body_integer(c->body, "batchSize", 4);
  int64_t index = sim_body_integer(c->body, "index", 0);
  v->prompt = sim_body_text(c->body, "prompt");
  v->image = sim_body_text(c->body, "image");
  v->end = sim_body_text(c->body, "endImage");
  v->motion = sim_body_text(c->body, "motion");
  v->motion = sim_blank(v->motion) ? "low" : v->motion;
  v->batch = (int)batch;
  v->index = (int)index;
  return is_one_of(v->motion, motions) &&
         (sim_blank(type) || is_one_of(type, types)) &&
         (batch == 1 || batch == 2 || batch == 4) && index >= 0 && index <= 3;
}

/* new-api passes it on to something that takes addresses as well. */
static int read_picture(const struct sim_call *c, const char *text,
                        struct sim_picture *p) {
  if (!sim_picture_read(c, text, p))
    return 0;
  p->url = text;
  return strncmp(text, "http", 4) ? -1 : 0;
}

static int set_prompts(struct sim_call *c, struct sim_task *t,
                       const struct video *v) {
  struct sim_buf b = {0}, d = {0};
  if (t->source) {
    sim_put(&b, t->source);
    sim_put(&b, " ");
  }
  sim_put(&b, v->prompt);
  sim_putf(&b, " --motion %s --video 1", v->motion);
  if (v->batch != 4)
    sim_putf(&b, " --bs %d", v->batch);
  if (!sim_blank(v->end))
    sim_put(&b, " --end loop");
  sim_put(&d, "/video ");
  sim_put(&d, v->prompt);
  free(t->final_prompt);
  t->final_prompt = b.p ? sim_final_prompt(b.p) : NULL;
  sim_buf_free(&b);
  free(t->description);
  t->description = d.p;
  free(t->prompt);
  t->prompt = sim_copy(v->prompt);
  sim_fail_banned(c, t, v->prompt);
  return t->final_prompt && t->description && t->prompt ? 0 : -1;
}

static struct sim_task *make(struct sim_call *c, const struct video *v,
                             uint64_t key, const struct sim_task *parent) {
  char about[64];
  struct sim_task *t;
  snprintf(about, sizeof about, "VIDEO %016llx %d",
           (unsigned long long)sim_mix(key, sim_hash(v->prompt, 6)), v->index);
  t = sim_task_new(c->s, about);
  if (!t)
    return NULL;
  t->action = "VIDEO";
  t->makes = SIM_VIDEO;
  t->kind = MJ_PICTURE_TILE;
  t->video = v->batch;
  t->high = !strcmp(v->motion, "high");
  t->steps[0].seed = t->key;
  t->steps[0].tile = 1;
  t->nsteps = 1;
  if (parent) {
    memcpy(t->steps, parent->steps, sizeof t->steps);
    t->nsteps = parent->nsteps;
    t->width = parent->width;
    t->height = parent->height;
    t->parent = parent->index + 1;
    t->mode = parent->mode;
    t->pressed = v->index + 1;
  }
  sim_obey(t, v->prompt);
  return t;
}

static void submit(struct sim_call *c, struct sim_task *t,
                   const struct video *v) {
  if (t && set_prompts(c, t, v)) {
    sim_task_free(t);
    t = NULL;
  }
  sim_submit(c, t);
}

static void extend(struct sim_call *c, const struct video *v, const char *id) {
  const struct sim_task *parent = sim_parent(c, id, 0);
  if (!parent)
    return;
  if (parent->makes != SIM_VIDEO || v->index >= parent->video) {
    sim_refuse(c, 4, "任务类型错误");
    return;
  }
  submit(c, make(c, v, parent->key, parent), v);
}

static void begin(struct sim_call *c, const struct video *v) {
  struct sim_picture p, end = {0};
  struct sim_task *t;
  if (sim_blank(v->image) || read_picture(c, v->image, &p)) {
    sim_refuse(c, 4, "base64格式错误");
    return;
  }
  if (!sim_blank(v->end) && read_picture(c, v->end, &end)) {
    sim_picture_free(&p);
    sim_refuse(c, 4, "base64格式错误");
    return;
  }
  t = make(c, v, sim_picture_key(&p), NULL);
  if (t) {
    sim_picture_size(&p, &t->width, &t->height);
    t->width = t->width > 2048 || t->width < MJ_PICTURE_MIN ? 1024 : t->width;
    t->height =
        t->height > 2048 || t->height < MJ_PICTURE_MIN ? 1024 : t->height;
    t->source = sim_picture_link(c->s, &p, NULL, &t->file);
  }
  sim_picture_free(&p);
  sim_picture_free(&end);
  if (t && !t->source) {
    sim_task_free(t);
    t = NULL;
  }
  submit(c, t, v);
}

void sim_submit_video(struct sim_call *c) {
  const char *id = sim_body_text(c->body, "taskId");
  const char *action = sim_body_text(c->body, "action");
  struct video v;
  int good = read_video(c, &v);
  if (sim_unsold(c, "video"))
    return;
  if (sim_has(c, SIM_ROWS) && !sim_blank(id) && !sim_parent(c, id, 0))
    return;
  if (sim_blank(v.prompt))
    sim_refuse(c, 4, "Prompt 不能为空");
  else if (!good)
    sim_refuse(c, 4, "参数错误");
  else if (sim_refuse_banned(c, v.prompt))
    return;
  else if (sim_blank(id))
    begin(c, &v);
  else if (!action || strcmp(action, "extend"))
    sim_refuse(c, 4, "任务类型错误");
  else
    extend(c, &v, id);
}
