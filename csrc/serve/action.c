/* SPDX-License-Identifier: MIT
   action.c - POST /submit/action and /submit/modal: buttons, and the dialogs
   that some of them open. */
#include "sim_int.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What follows the n-th "::"; NULL when there are fewer. */
static const char *part(const char *custom_id, int n) {
  for (; n > 0; n--) {
    custom_id = strstr(custom_id, "::");
    if (!custom_id)
      return NULL;
    custom_id += 2;
  }
  return custom_id;
}

/* CoverPlusActionToNormalAction takes the parts unchecked: one that is missing
   ends the handler, and gin's recovery answers. */
static int panic(struct sim_call *c, const char *custom_id, int n) {
  int parts = 1;
  while (part(custom_id, parts))
    parts++;
  sim_putf(&c->out,
           "{\"error\":{\"message\":\"Panic detected, error: runtime error: "
           "index out of range [%d] with length %d\",\"type\":"
           "\"new_api_panic\"}}",
           n, parts);
  sim_reply(c, 500, SIM_JSON_UTF8);
  return 0;
}

static int unknown(struct sim_call *c, const char *custom_id) {
  struct sim_buf m = {0};
  sim_put(&m, "unknown_action:");
  sim_put(&m, custom_id);
  sim_refuse_mj(c, 400, 4, m.p ? m.p : "unknown_action");
  sim_buf_free(&m);
  return 0;
}

/* 1 when new-api knows what the button is; else it has answered. */
static int is_action(struct sim_call *c, const char *custom_id) {
  static const char *const within[] = {"upsample", "variation", "pan", "reroll",
                                       NULL};
  const char *p = part(custom_id, 1), *index;
  char word[64];
  if (!p)
    return panic(c, custom_id, 1);
  if (strcspn(p, ":") == 3 && !strncmp(p, "JOB", 3))
    p = part(custom_id, 2);
  if (!p)
    return panic(c, custom_id, 2);
  snprintf(word, sizeof word, "%.*s", (int)strcspn(p, ":"), p);
  if (!word[0]) {
    sim_refuse_mj(c, 400, 4, "unknown_action");
    return 0;
  }
  if (strstr(word, "upsample") || !strcmp(word, "variation")) {
    index = part(custom_id, 3);
    if (!index)
      return panic(c, custom_id, 3);
    if (!isdigit((unsigned char)*index)) {
      sim_refuse_mj(c, 400, 4, "index_parse_failed");
      return 0;
    }
  }
  for (int i = 0; within[i]; i++)
    if (strstr(word, within[i]))
      return 1;
  if (strcmp(word, "Outpaint") && strcmp(word, "CustomZoom") &&
      strcmp(word, "Inpaint"))
    return unknown(c, custom_id);
  return 1;
}

/* 0 when the customId has been answered already. */
static int check_button(struct sim_call *c, const char *custom_id) {
  const char *action;
  if (!sim_has(c, SIM_ROWS)) {
    if (!sim_blank(custom_id))
      return 1;
    sim_refuse(c, 4, sim_text(c, SIM_TEXT_CUSTOM_ID));
    return 0;
  }
  if (!custom_id || !*custom_id) {
    sim_refuse_mj(c, 400, 4, "custom_id_is_required");
    return 0;
  }
  if (!is_action(c, custom_id))
    return 0;
  action = sim_action_of(custom_id);
  return !action || !sim_unsold(c, action);
}

/* What the dialog offers.  trueai blanks it for a region. */
static int suggest(struct sim_call *c, struct sim_task *t) {
  struct sim_buf b = {0};
  int region = strstr(t->custom_id, "MJ::Inpaint") != NULL;
  const char *prompt = t->final_prompt ? t->final_prompt : "";
  if (!strncmp(t->custom_id, "MJ::Job::", 9)) /* it was never made */
    prompt = t->prompt;
  sim_put(&b, region && sim_on(c, SIM_TRUEAI) ? "" : prompt);
  if (strstr(t->custom_id, "MJ::CustomZoom"))
    sim_put(&b, " --zoom 2");
  t->suggestion = b.p;
  if (region && sim_on(c, SIM_TRUEAI)) {
    free(t->prompt);
    free(t->prompt_en);
    t->prompt = sim_copy("");
    t->prompt_en = NULL;
    return t->prompt && b.p ? 0 : -1;
  }
  return b.p ? 0 : -1;
}

/* trueai: four tasks at once, their ids joined by commas. */
static void imagine_all(struct sim_call *c, struct sim_task *parent) {
  struct sim_buf ids = {0};
  struct sim_said said = {1, "成功", NULL, {0}};
  for (int i = 1; i <= 4; i++) {
    char custom_id[40];
    size_t ahead;
    struct sim_task *t;
    int code;
    snprintf(custom_id, sizeof custom_id, "MJ::Job::PicReader::%d", i);
    t = sim_press_told(c->s, parent, i, custom_id);
    code = t ? sim_task_submit(c->s, t, &ahead) : 9;
    if (code != 1 && code != 22)
      break;
    sim_put(&ids, ids.n ? "," : "");
    sim_put(&ids, t->id);
  }
  said.id = ids.p;
  if (ids.n)
    sim_say(c, &said);
  else
    sim_answer(c, 23, NULL, 0);
  sim_buf_free(&ids);
}

static void press(struct sim_call *c, struct sim_task *parent,
                  const char *custom_id) {
  const char *why;
  int asks, remix;
  struct sim_task *t;
  if (sim_on(c, SIM_TRUEAI) && !strcmp(custom_id, "MJ::Job::PicReader::all") &&
      parent->makes == SIM_PROMPTS) {
    imagine_all(c, parent);
    return;
  }
  t = sim_press(c->s, parent, custom_id, &why, &asks);
  if (!t) {
    sim_refuse(c, 4, why);
    return;
  }
  remix = sim_body_true(c->body, "enableRemix") ||
          (c->s->remix && t->makes != SIM_VIDEO);
  if (asks != SIM_ASKS_ALWAYS && (asks != SIM_ASKS_REMIX || !remix)) {
    sim_submit(c, t);
  } else if (suggest(c, t)) {
    sim_task_free(t);
    sim_answer(c, 9, NULL, 0);
  } else {
    sim_ask_back(c, t);
  }
}

void sim_submit_action(struct sim_call *c) {
  const char *id = sim_body_text(c->body, "taskId");
  const char *custom_id = sim_body_text(c->body, "customId");
  struct sim_task *parent;
  if (!sim_has(c, SIM_ROWS) && sim_blank(id)) {
    sim_refuse(c, 4, sim_text(c, SIM_TEXT_TASK_ID));
    return;
  }
  if (!check_button(c, custom_id))
    return;
  if (sim_blank(id)) {
    sim_refuse(c, 4, sim_text(c, SIM_TEXT_TASK_ID));
    return;
  }
  parent = sim_parent(c, id, 0);
  if (parent)
    press(c, parent, custom_id);
}

/* /submit/modal ------------------------------------------------------------ */

/* Nothing said means what was suggested, else the parent's prompt. */
static const char *modal_prompt(const struct sim_call *c,
                                const struct sim_task *t) {
  const char *prompt = sim_body_text(c->body, "prompt");
  const struct sim_task *parent = t->parent ? c->s->tasks[t->parent - 1] : NULL;
  const char *choices[] = {prompt, t->suggestion, t->prompt,
                           parent ? parent->prompt : NULL,
                           parent ? parent->final_prompt : NULL};
  for (int i = 0; i < 5; i++)
    if (!sim_blank(choices[i]))
      return choices[i];
  return NULL;
}

/* A region needs to be told; trueai takes anything and fails later, as
   gateways do that pass it on unread. */
static int check_mask(struct sim_call *c, const struct sim_task *t,
                      const char **fail) {
  const char *mask = sim_body_text(c->body, "maskBase64");
  struct sim_picture p;
  int bad;
  if (!strstr(t->custom_id, "MJ::Inpaint"))
    return 0;
  bad = sim_blank(mask) || sim_picture_read(c, mask, &p);
  if (!bad) {
    bad = p.len < 8 || memcmp(p.bytes, "\x89PNG\r\n\x1a\n", 8) != 0;
    sim_picture_free(&p);
  }
  if (!bad)
    return 0;
  if (sim_blank(mask) || sim_on(c, SIM_TRUEAI)) {
    *fail = "500 Internal Server Error";
    return 0;
  }
  sim_refuse(c, 4, "base64格式错误");
  return -1;
}

/* Custom Zoom takes --zoom 1 to 2, and no less than that. */
static const char *check_zoom(const struct sim_task *t, const char *prompt) {
  const char *zoom = sim_parameter(prompt, "zoom", "zoom");
  double factor = zoom ? strtod(zoom, NULL) : 0;
  if (!strstr(t->custom_id, "MJ::CustomZoom") || (factor >= 1 && factor <= 2))
    return NULL;
  return "[Invalid parameter] Invalid value";
}

static int take_prompt(struct sim_task *t, const char *prompt) {
  char *final = sim_final_prompt(prompt), *en = sim_copy(prompt);
  if (!final || !en) {
    free(final);
    free(en);
    return -1;
  }
  free(t->final_prompt);
  free(t->prompt_en);
  t->final_prompt = final;
  t->prompt_en = en;
  if (sim_blank(t->prompt)) {
    free(t->prompt);
    t->prompt = sim_copy(prompt);
  }
  return t->prompt ? 0 : -1;
}

static void go_on(struct sim_call *c, struct sim_task *t, const char *prompt,
                  const char *fail) {
  size_t ahead = 0;
  int code = sim_task_enqueue(c->s, t, &ahead);
  if (code == 1 || code == 22) {
    t->modal = 0;
    t->answered = c->now;
    if (take_prompt(t, prompt))
      code = 9;
    sim_obey(t, prompt);
    sim_fail_banned(c, t, prompt);
    if (fail) {
      t->fail = fail;
      t->length = t->delay + 900;
      t->direct = 1;
    }
  }
  sim_answer(c, code, t, ahead);
}

void sim_submit_modal(struct sim_call *c) {
  const char *id = sim_body_text(c->body, "taskId"), *prompt, *fail = NULL;
  struct sim_task *t;
  if (sim_unsold(c, "modal"))
    return;
  if (sim_blank(id)) {
    sim_refuse(c, 4, sim_text(c, SIM_TEXT_TASK_ID));
    return;
  }
  t = sim_parent(c, id, 1);
  if (!t)
    return;
  if (!t->modal) {
    sim_refuse(c, 4, "关联任务状态错误");
    return;
  }
  prompt = modal_prompt(c, t);
  if (!prompt) {
    sim_refuse(c, 4, "prompt不能为空");
    return;
  }
  if (sim_refuse_banned(c, prompt) || check_mask(c, t, &fail))
    return;
  if (!fail)
    fail = check_zoom(t, prompt);
  go_on(c, t, prompt, fail);
}
