/* SPDX-License-Identifier: MIT
   submit.c - POST /submit/...: what costs money at a real gateway. */
#include "sim_int.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int api(const struct sim_call *c) {
  return c->s->profile->buttons;
}

static int copy_member(const sim_body *b, const char *key, char **out) {
  const char *text = sim_body_text(b, key);
  if (!text)
    return 0;
  *out = sim_copy(text);
  return *out ? 0 : -1;
}

/* state and notifyHook; new-api drops the latter (MjNotifyEnabled is off). */
static int common_fields(struct sim_call *c, struct sim_task *t) {
  if (copy_member(c->body, "state", &t->state))
    return -1;
  return api(c) ? 0 : copy_member(c->body, "notifyHook", &t->notify);
}

static void put_result(struct sim_call *c, int code, const char *description,
                       const char *id) {
  sim_putf(&c->out, "{\"code\":%d,\"description\":", code);
  sim_put_string(&c->out, description);
  sim_put(&c->out, ",\"result\":");
  sim_put_string(&c->out, id);
  sim_put(&c->out, ",\"properties\":{");
}

static void end_result(struct sim_call *c) {
  sim_put(&c->out, "}}");
  sim_reply(c, 200, api(c) ? SIM_TEXT : SIM_JSON);
}

/* new-api rewrites the text `"code":22` to `"code":1` (and 21, but for Inpaint
   and CustomZoom): it never lets a client see that a task waits. */
static void answer(struct sim_call *c, int code, struct sim_task *t,
                   size_t ahead) {
  char text[96] = "提交成功";
  if (code == 23 || code == 9) {
    put_result(c, code,
               code == 23 ? "队列已满，请稍后尝试" : "提交失败，系统异常",
               NULL);
    if (code == 23)
      sim_put_member(&c->out, "discordInstanceId", SIM_INSTANCE);
    end_result(c);
    return;
  }
  if (code == 22)
    snprintf(text, sizeof text, "排队中，前面还有%zu个任务", ahead);
  snprintf(t->submitted_as, sizeof t->submitted_as, "%s", text);
  put_result(c, code == 22 && api(c) ? 1 : code, text, t->id);
  if (code == 22)
    sim_put_number(&c->out, "numberOfQueues", (int64_t)ahead);
  sim_put_member(&c->out, "discordInstanceId", SIM_INSTANCE);
  end_result(c);
}

static void submit(struct sim_call *c, struct sim_task *t) {
  size_t ahead = 0;
  if (!t || common_fields(c, t)) {
    sim_task_free(t);
    answer(c, 9, NULL, 0);
    return;
  }
  int code = sim_task_submit(c->s, t, &ahead);
  answer(c, code, t, ahead);
}

static struct sim_task *imagine(struct sim_call *c, const char *prompt) {
  struct sim_words words;
  struct sim_task *t = sim_task_new(c->s, prompt);
  if (!t)
    return NULL;
  t->prompt = sim_copy(prompt);
  t->final_prompt = sim_final_prompt(prompt);
  if (!t->prompt || !t->final_prompt) {
    sim_task_free(t);
    return NULL;
  }
  sim_words(prompt, &words);
  t->action = "IMAGINE";
  t->steps[0].seed = t->key;
  t->nsteps = 1;
  t->width = words.width;
  t->height = words.height;
  t->stuck = words.stuck;
  if (words.slow)
    t->length *= 10;
  if (words.fail) {
    t->fail = "[Internal Server Error] The simulator was told to fail";
    t->length /= 2;
  }
  if (words.invalid) { /* Discord says so at once */
    t->fail = "[Invalid parameter] Invalid value";
    t->length = t->delay + 900;
    t->direct = 1;
  }
  return t;
}

static void refuse_banned(struct sim_call *c, const char *prompt,
                          const char *word) {
  put_result(c, 24, "可能包含敏感词", NULL);
  sim_put_member(&c->out, "promptEn", prompt);
  sim_put_member(&c->out, "bannedWord", word);
  end_result(c);
}

void sim_submit_imagine(struct sim_call *c) {
  const char *prompt = sim_body_text(c->body, "prompt"), *word;
  size_t n;
  char *trimmed;
  if (api(c) && (!prompt || !*prompt)) {
    sim_refuse_mj(c, 400, 4, "prompt_is_required");
    return;
  }
  if (sim_blank(prompt)) {
    sim_refuse(c, 4, "prompt不能为空");
    return;
  }
  trimmed = sim_copy(prompt + strspn(prompt, " \t\r\n"));
  if (!trimmed) {
    answer(c, 9, NULL, 0);
    return;
  }
  for (n = strlen(trimmed); n && isspace((unsigned char)trimmed[n - 1]); n--)
    trimmed[n - 1] = '\0';
  word = sim_banned(trimmed);
  if (word)
    refuse_banned(c, trimmed, word);
  else
    submit(c, imagine(c, trimmed));
  free(trimmed);
}

/* new-api looks the parent up in its own rows before it asks the proxy. */
static struct sim_task *parent_of(struct sim_call *c, const char *id,
                                  int any_status) {
  struct sim_task *t = sim_task_find(c->s, id);
  struct sim_view v;
  if (!t) {
    if (api(c))
      sim_refuse_mj(c, 400, 4, "task_not_found");
    else
      sim_refuse(c, 3, "关联任务不存在或已失效");
    return NULL;
  }
  v = sim_view_at(c->s, t, c->now);
  if (any_status || (!api(c) && v.status == SIM_SUCCESS) ||
      (api(c) && sim_row(c->s, t, c->now, &v) && v.status == SIM_SUCCESS))
    return t;
  if (api(c))
    sim_refuse_mj(c, 400, 4, "task_status_not_success");
  else
    sim_refuse(c, 4, "关联任务状态错误");
  return NULL;
}

static void change(struct sim_call *c, const char *id, const char *action,
                   int index) {
  struct sim_task *parent = parent_of(c, id, 0), *t;
  if (!parent)
    return;
  if (parent->kind != MJ_PICTURE_GRID) {
    sim_refuse(c, 4, "关联任务不允许执行变化");
    return;
  }
  t = sim_change(c->s, parent, action, index);
  if (t && *action == 'R')
    snprintf(t->description, sizeof t->description, "/up %s R", parent->id);
  else if (t)
    snprintf(t->description, sizeof t->description, "/up %s %c%d", parent->id,
             *action, index);
  submit(c, t);
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
  if (!sim_blank(id) && api(c)) {
    if (!action || !*action)
      sim_refuse_mj(c, 400, 4, "action_is_required");
    else if (!index)
      sim_refuse_mj(c, 400, 4, "index_is_required");
    if (c->out.n)
      return;
  }
  if (sim_blank(id))
    sim_refuse(c, 4, "taskId不能为空");
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
  letter = verb ? toupper((unsigned char)verb[1]) : 0;
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
  sim_reply(c, 500, "application/json; charset=utf-8");
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

/* A task that asks back.  Its properties carry the prompt to begin with. */
static void ask_back(struct sim_call *c, struct sim_task *t) {
  int zoom = !strcmp(t->action, "CUSTOM_ZOOM");
  int inpaint = !strcmp(t->action, "INPAINT");
  char *p = NULL;
  if (zoom) {
    struct sim_buf b = {0};
    sim_put(&b, t->final_prompt);
    sim_put(&b, " --zoom 2");
    p = b.p;
  }
  if (p) {
    free(t->final_prompt);
    t->final_prompt = p;
  }
  if (common_fields(c, t) || sim_task_keep(c->s, t)) {
    sim_task_free(t);
    answer(c, 9, NULL, 0);
    return;
  }
  snprintf(t->submitted_as, sizeof t->submitted_as,
           "Waiting for window confirm");
  put_result(c, zoom || inpaint ? 21 : 1, t->submitted_as, t->id);
  sim_put_member(&c->out, "finalPrompt", t->final_prompt);
  sim_put(&c->out, ",\"remix\":true");
  end_result(c);
}

void sim_submit_action(struct sim_call *c) {
  const char *id = sim_body_text(c->body, "taskId");
  const char *custom_id = sim_body_text(c->body, "customId"), *why;
  struct sim_task *parent, *t;
  if (!custom_id || !*custom_id) {
    sim_refuse_mj(c, 400, 4, "custom_id_is_required");
    return;
  }
  if (!is_action(c, custom_id))
    return;
  if (sim_blank(id)) {
    sim_refuse(c, 4, "taskId不能为空");
    return;
  }
  parent = parent_of(c, id, 0);
  if (!parent)
    return;
  t = sim_press(c->s, parent, custom_id, &why);
  if (!t) {
    sim_refuse(c, 4, why);
    return;
  }
  if (sim_body_true(c->body, "enableRemix") && t->kind == MJ_PICTURE_GRID)
    t->modal = 1;
  if (t->modal)
    ask_back(c, t);
  else
    submit(c, t);
}

void sim_submit_modal(struct sim_call *c) {
  const char *id = sim_body_text(c->body, "taskId");
  const char *prompt = sim_body_text(c->body, "prompt"), *word;
  struct sim_task *t;
  size_t ahead = 0;
  int code;
  if (sim_blank(id)) {
    sim_refuse(c, 4, "taskId不能为空");
    return;
  }
  t = parent_of(c, id, 1);
  if (!t)
    return;
  if (!t->modal) {
    sim_refuse(c, 4, "关联任务状态错误");
    return;
  }
  word = prompt ? sim_banned(prompt) : NULL;
  if (word) {
    refuse_banned(c, prompt, word);
    return;
  }
  code = sim_task_enqueue(c->s, t, &ahead);
  if (code != 23 && sim_modal_start(t, prompt))
    code = 9;
  answer(c, code, t, ahead);
}
