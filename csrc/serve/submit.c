/* SPDX-License-Identifier: MIT
   submit.c - POST /submit/imagine and what else makes something of a prompt. */
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The pictures in front of the prompt, as their addresses.  0, 4 (not
   pictures) or 9. */
static int put_pictures(struct sim_call *c, struct sim_buf *urls,
                        uint64_t *key) {
  size_t n = sim_body_items(c->body, "base64Array");
  const char *single = sim_body_text(c->body, "base64");
  for (size_t i = 0; i < n + (single && *single); i++) {
    struct sim_picture p;
    int is_string;
    size_t file;
    char *link;
    const char *text =
        i < n ? sim_body_item(c->body, "base64Array", i, &is_string) : single;
    if (sim_picture_read(c, text, &p))
      return 4;
    *key = sim_mix(*key, sim_picture_key(&p));
    link = sim_picture_link(c->s, &p, NULL, &file);
    sim_picture_free(&p);
    if (!link)
      return 9;
    sim_put(urls, link);
    sim_put(urls, " ");
    free(link);
  }
  return 0;
}

/* A task that makes a grid of a prompt. */
static struct sim_task *imagine(struct sim_call *c, const char *prompt,
                                const char *urls, uint64_t key) {
  struct sim_buf about = {0}, all = {0};
  struct sim_task *t;
  sim_put(&about, prompt);
  if (key)
    sim_putf(&about, " %016llx", (unsigned long long)key);
  t = about.p ? sim_task_new(c->s, about.p) : NULL;
  sim_buf_free(&about);
  if (!t)
    return NULL;
  sim_put(&all, urls);
  sim_put(&all, prompt);
  t->prompt = sim_copy(prompt);
  t->final_prompt = all.p ? sim_final_prompt(all.p) : NULL;
  t->prompt_en = *urls ? all.p : NULL;
  if (!*urls)
    sim_buf_free(&all);
  t->action = "IMAGINE";
  t->steps[0].seed = t->key;
  t->nsteps = 1;
  sim_obey(t, prompt);
  if (t->prompt && t->final_prompt)
    return t;
  sim_task_free(t);
  return NULL;
}

void sim_submit_imagine(struct sim_call *c) {
  const char *prompt = sim_body_text(c->body, "prompt");
  struct sim_buf urls = {0};
  uint64_t key = 0;
  char *trimmed;
  int bad;
  if (sim_unsold(c, "imagine"))
    return;
  if (sim_has(c, SIM_ROWS) && (!prompt || !*prompt)) {
    sim_refuse_mj(c, 400, 4, "prompt_is_required");
    return;
  }
  if (sim_blank(prompt)) {
    sim_refuse(c, 4, "prompt不能为空");
    return;
  }
  trimmed = sim_trim(prompt);
  bad = trimmed ? 0 : 9;
  if (!bad && sim_refuse_banned(c, trimmed)) {
    free(trimmed);
    return;
  }
  if (!bad)
    bad = put_pictures(c, &urls, &key);
  if (bad == 4) {
    sim_refuse(c, 4, "base64格式错误");
  } else {
    struct sim_task *t =
        bad ? NULL : imagine(c, trimmed, urls.p ? urls.p : "", key);
    sim_fail_banned(c, t, trimmed);
    sim_submit(c, t);
  }
  sim_buf_free(&urls);
  free(trimmed);
}

void sim_submit_shorten(struct sim_call *c) {
  const char *prompt = sim_body_text(c->body, "prompt");
  struct sim_buf d = {0};
  struct sim_task *t;
  if (sim_unsold(c, "shorten"))
    return;
  if (sim_blank(prompt)) {
    sim_refuse(c, 4, "prompt不能为空");
    return;
  }
  if (sim_refuse_banned(c, prompt))
    return;
  sim_put(&d, "/shorten ");
  sim_put(&d, prompt);
  t = d.p ? sim_task_new(c->s, d.p) : NULL;
  if (t) {
    t->description = d.p;
    t->action = "SHORTEN";
    t->makes = SIM_SHORT;
    t->prompt = sim_trim(prompt);
    sim_obey(t, prompt);
    t->direct = 1;
    t->length = t->fail ? t->length : t->length / 4;
    sim_fail_banned(c, t, prompt);
    if (!t->prompt || sim_shorten(t, t->prompt)) {
      sim_task_free(t);
      t = NULL;
    }
  } else {
    sim_buf_free(&d);
  }
  sim_submit(c, t);
}

/* /submit/change ----------------------------------------------------------- */

static void change(struct sim_call *c, const char *id, const char *action,
                   int index) {
  struct sim_task *parent = sim_parent(c, id, 0), *t;
  char text[96];
  if (!parent)
    return;
  if (parent->makes != SIM_GRID) {
    sim_refuse(c, 4, "关联任务不允许执行变化");
    return;
  }
  t = sim_change(c->s, parent, action, index);
  if (t && *action == 'R')
    snprintf(text, sizeof text, "/up %s R", parent->id);
  else
    snprintf(text, sizeof text, "/up %s %c%d", parent->id, *action, index);
  if (t)
    t->description = sim_copy(text);
  sim_submit(c, t);
}

static int is_change(const char *action) {
  return action && (!strcmp(action, "UPSCALE") ||
                    !strcmp(action, "VARIATION") || !strcmp(action, "REROLL"));
}

/* SubmitController.java and relay/mjproxy_handler.go, checks in their order. */
void sim_submit_change(struct sim_call *c) {
  const char *id = sim_body_text(c->body, "taskId");
  const char *action = sim_body_text(c->body, "action");
  int64_t index = sim_body_integer(c->body, "index", 0);
  if (action && *action && sim_unsold(c, action))
    return;
  if (!sim_blank(id) && sim_has(c, SIM_ROWS)) {
    if (!action || !*action)
      sim_refuse_mj(c, 400, 4, "action_is_required");
    else if (!index)
      sim_refuse_mj(c, 400, 4, "index_is_required");
    if (c->out.n)
      return;
  }
  if (sim_blank(id))
    sim_refuse(c, 4, sim_text(c, SIM_TEXT_TASK_ID));
  else if (!is_change(action))
    sim_refuse(c, 4, "action参数错误");
  else if (!index && *action != 'R')
    sim_refuse_spring(c, 500, "Internal Server Error"); /* a null is unboxed */
  else
    change(c, id, action, index < 0 || index > 99 ? 99 : (int)index);
}

/* "<task> U1", "<task> v2", "<task> R": one space, no more. */
void sim_submit_simple_change(struct sim_call *c) {
  const char *content = sim_body_text(c->body, "content"), *verb;
  char id[64];
  int letter, index;
  verb = content ? strchr(content, ' ') : NULL;
  letter = verb ? verb[1] & ~0x20 : 0;
  if (!verb || (size_t)(verb - content) >= sizeof id || verb == content ||
      !letter || !strchr("UVR", letter) || (letter == 'R' && verb[2]) ||
      (letter != 'R' && (verb[2] < '1' || verb[2] > '4' || verb[3]))) {
    sim_refuse(c, 4, "content参数错误");
    return;
  }
  snprintf(id, sizeof id, "%.*s", (int)(verb - content), content);
  index = letter == 'R' ? 0 : verb[2] - '0';
  change(c, id,
         letter == 'U'   ? "UPSCALE"
         : letter == 'V' ? "VARIATION"
                         : "REROLL",
         index);
}
