/* SPDX-License-Identifier: MIT
   answer.c - how a submission is answered, and what all of them have. */
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* new-api reads the proxy's answer to a swap or a seed into a struct of its own
   and writes that: other order, "" for null (RelaySwapFace). */
static int rewritten(const struct sim_call *c) {
  const char *end = strrchr(c->path, '/');
  return sim_has(c, SIM_ROWS) && end &&
         (!strcmp(end, "/swap") || !strcmp(end, "/image-seed"));
}

/* Anything else it passes on without headers, and Go then takes it for plain
   text. */
void sim_say(struct sim_call *c, struct sim_said *said) {
  struct sim_buf *b = &c->out;
  const char *more = said->more.p ? said->more.p : "";
  sim_putf(b, "{\"code\":%d", said->code);
  if (rewritten(c)) {
    b->html = 1;
    sim_put_member(b, "description", said->description);
    sim_putf(b, ",\"properties\":{%s}", more);
    sim_put_member(b, "result", said->id ? said->id : "");
    sim_put(b, "}");
    b->html = 0;
  } else {
    sim_put_member(b, "description", said->description);
    sim_put_member(b, "result", said->id);
    sim_put(b, ",\"properties\":{");
    sim_put(b, more);
    sim_put(b, "}}");
  }
  sim_buf_free(&said->more);
  sim_reply(c, 200, c->s->profile->json);
}

/* trueai's SetProperty sets the channel along with the instance; its swaps have
   neither. */
static void put_instance(struct sim_call *c, struct sim_buf *more) {
  if (sim_on(c, SIM_TRUEAI) && !strncmp(c->path, "/insight-face/", 14))
    return;
  sim_put(more, more->n ? "," : "");
  sim_put_member(more, "discordInstanceId", SIM_INSTANCE);
  if (sim_on(c, SIM_TRUEAI))
    sim_put_member(more, "discordChannelId", SIM_INSTANCE);
}

/* new-api replaces the bytes `"code":22` by `"code":1`, and 21 but for Inpaint
   and CustomZoom: it never lets a client see that a task waits. */
static int shown_code(const struct sim_call *c, int code) {
  return code == 22 && sim_has(c, SIM_ROWS) && !rewritten(c) ? 1 : code;
}

void sim_answer(struct sim_call *c, int code, struct sim_task *t,
                size_t ahead) {
  char text[96] = "提交成功";
  struct sim_said said = {0};
  if (code == 23 || code == 9) {
    said.code = code == 23 ? c->s->profile->full : 9;
    said.description =
        code == 23 ? sim_text(c, SIM_TEXT_FULL) : "提交失败，系统异常";
    if (code == 23)
      put_instance(c, &said.more);
    sim_say(c, &said);
    return;
  }
  if (code == 22)
    snprintf(text, sizeof text, "排队中，前面还有%zu个任务", ahead);
  snprintf(t->submitted_as, sizeof t->submitted_as, "%s", text);
  said.code = shown_code(c, code);
  said.description = text;
  said.id = t->id;
  if (code == 22)
    sim_putf(&said.more, "\"numberOfQueues\":%zu", ahead);
  put_instance(c, &said.more);
  sim_say(c, &said);
}

static int copy_member(const sim_body *b, const char *key, char **out) {
  const char *text = sim_body_text(b, key);
  if (!text)
    return 0;
  *out = sim_copy(text);
  return *out ? 0 : -1;
}

static const char *bot_of(const sim_body *b, const char *usual) {
  const char *bot = sim_body_text(b, "botType");
  if (!bot || !*bot)
    return usual;
  return !strncasecmp(bot, "niji", 4) ? "NIJI_JOURNEY" : "MID_JOURNEY";
}

/* trueai: the path, then accountFilter.modes, then the prompt. */
static const char *mode_of(const struct sim_call *c, const struct sim_task *t) {
  static const char *const flags[] = {"fast", "relax", "turbo"};
  const sim_body *filter = sim_body_object(c->body, "accountFilter");
  int is_string;
  const char *mode = sim_body_item(filter, "modes", 0, &is_string);
  if (c->mode)
    return c->mode;
  mode = mode && is_string ? sim_mode(mode, strlen(mode)) : NULL;
  for (int i = 0; !mode && i < 3 && t->prompt && !t->parent; i++)
    if (sim_parameter(t->prompt, flags[i], flags[i]))
      mode = sim_mode(flags[i], strlen(flags[i]));
  return mode ? mode : t->mode;
}

static void put_flag(struct sim_buf *b, const sim_body *filter,
                     const char *key) {
  sim_put_raw(b, key,
              sim_body_true(filter, key)   ? "true"
              : sim_body_kind(filter, key) ? "false"
                                           : "null");
}

/* AccountFilter.cs; only trueai shows it. */
static char *filter_of(const struct sim_call *c) {
  const sim_body *filter = sim_body_object(c->body, "accountFilter");
  struct sim_buf b = {0};
  int is_string;
  sim_put(&b, "{");
  sim_put_member(&b, "instanceId", sim_body_text(filter, "instanceId"));
  sim_put_raw(&b, "modes", "[");
  for (size_t i = 0; i < sim_body_items(filter, "modes"); i++) {
    sim_put(&b, i ? "," : "");
    sim_put_string(&b, sim_body_item(filter, "modes", i, &is_string));
  }
  sim_put(&b, "]");
  put_flag(&b, filter, "remix");
  put_flag(&b, filter, "nijiRemix");
  put_flag(&b, filter, "remixAutoConsidered");
  sim_put_member(&b, "remark", sim_body_text(filter, "remark"));
  sim_put(&b, "}");
  return b.p;
}

/* state, notifyHook and botType; new-api drops the hook (MjNotifyEnabled is
   off). */
static int common_fields(struct sim_call *c, struct sim_task *t) {
  if (!t->state && copy_member(c->body, "state", &t->state))
    return -1;
  t->bot = bot_of(c->body, t->bot);
  t->mode = mode_of(c, t);
  if (sim_on(c, SIM_TRUEAI) && !t->filter && !(t->filter = filter_of(c)))
    return -1;
  if (sim_has(c, SIM_ROWS) || t->notify)
    return 0;
  return copy_member(c->body, "notifyHook", &t->notify);
}

void sim_submit(struct sim_call *c, struct sim_task *t) {
  size_t ahead = 0;
  if (!t || common_fields(c, t)) {
    sim_task_free(t);
    sim_answer(c, 9, NULL, 0);
    return;
  }
  int code = sim_task_submit(c->s, t, &ahead);
  sim_answer(c, code, t, ahead);
}

void sim_ask_back(struct sim_call *c, struct sim_task *t) {
  struct sim_said said = {21, "Waiting for window confirm", NULL, {0}};
  const char *action = sim_action_of(t->custom_id);
  t->modal = 1;
  if (common_fields(c, t) || sim_task_keep(c->s, t)) {
    sim_task_free(t);
    sim_answer(c, 9, NULL, 0);
    return;
  }
  snprintf(t->submitted_as, sizeof t->submitted_as, "%s", said.description);
  if (sim_has(c, SIM_ROWS) && action && strcmp(action, "INPAINT") &&
      strcmp(action, "CUSTOM_ZOOM"))
    said.code = 1;
  said.id = t->id;
  sim_put_member(&said.more, "finalPrompt", t->suggestion);
  sim_put(&said.more, ",\"remix\":true");
  sim_say(c, &said);
}

int sim_refuse_banned(struct sim_call *c, const char *prompt) {
  struct sim_said said = {24, "可能包含敏感词", NULL, {0}};
  const char *word = prompt ? sim_banned(prompt) : NULL;
  if (!word || sim_has(c, SIM_LATE))
    return 0;
  sim_put_member(&said.more, "promptEn", prompt);
  sim_put(&said.more, ",");
  sim_put_member(&said.more, "bannedWord", word);
  sim_say(c, &said);
  return 1;
}

void sim_fail_banned(struct sim_call *c, struct sim_task *t,
                     const char *prompt) {
  if (!t || !prompt || !sim_has(c, SIM_LATE) || !sim_banned(prompt))
    return;
  t->fail = "Banned prompt detected";
  t->length = t->delay + 900;
  t->direct = 1;
}

/* new-api looks the parent up in its own rows before it asks the proxy. */
struct sim_task *sim_parent(struct sim_call *c, const char *id,
                            int any_status) {
  struct sim_task *t = sim_task_find(c->s, id);
  struct sim_view v;
  if (!t) {
    sim_refuse_parent(c);
    return NULL;
  }
  v = sim_view_at(c->s, t, c->now);
  if (any_status || (!sim_has(c, SIM_ROWS) && v.status == SIM_SUCCESS) ||
      (sim_has(c, SIM_ROWS) && sim_row(c->s, t, c->now, &v) &&
       v.status == SIM_SUCCESS))
    return t;
  if (sim_has(c, SIM_ROWS))
    sim_refuse_mj(c, 400, 4, "task_status_not_success");
  else
    sim_refuse(c, 4, "关联任务状态错误");
  return NULL;
}

/* What new-api sells, by the end of the model's name: mj_blend, but swap_face.
   distributor.go looks for a channel before anything else is read. */
static const char *const models[] = {
    "imagine", "blend",       "describe",      "shorten",        "modal",
    "video",   "edits",       "upload",        "swap_face",      "upscale",
    "reroll",  "variation",   "low_variation", "high_variation", "zoom",
    "pan",     "custom_zoom", "inpaint"};

#define MODELS (sizeof models / sizeof models[0])

const char *mj_sim_models(int i) {
  return i >= 0 && (size_t)i < MODELS ? models[i] : NULL;
}

static int is_listed(const char *list, const char *word, size_t n) {
  for (; list && *list; list += strcspn(list, "+"), list += *list == '+')
    if (strcspn(list, "+") == n && !strncasecmp(list, word, n))
      return 1;
  return 0;
}

int sim_missing_parse(mj_sim *s, const char *text, char *why, size_t size) {
  for (const char *p = text; *p; p += strcspn(p, "+"), p += *p == '+') {
    size_t n = strcspn(p, "+"), i = 0;
    while (i < MODELS && !is_listed(models[i], p, n))
      i++;
    if (i == MODELS) {
      snprintf(why, size, "missing: no model '%.*s'", (int)n, p);
      return -1;
    }
  }
  if (*text && s->profile->bit != SIM_NEW_API) {
    snprintf(why, size, "missing belongs to the profile new-api");
    return -1;
  }
  s->missing = sim_copy(text);
  if (!s->missing)
    snprintf(why, size, "out of memory");
  return s->missing ? 0 : -1;
}

int sim_unsold(struct sim_call *c, const char *model) {
  char text[160], name[40];
  size_t i;
  if (!sim_has(c, SIM_ROWS) ||
      (*model && !is_listed(c->s->missing, model, strlen(model))))
    return 0;
  snprintf(name, sizeof name, "%s%s",
           strcasecmp(model, "swap_face") ? "mj_" : "", model);
  for (i = 0; name[i]; i++)
    name[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
  snprintf(text, sizeof text,
           "分组 default 下模型 %s 无可用渠道（distributor）", name);
  sim_refuse_api(c, 503, text, "model_not_found");
  return 1;
}

/* simple-change always ends here: its model has no name (relay_mode.go takes it
   for a change without an action). */
void sim_no_channel(struct sim_call *c) {
  (void)sim_unsold(c, "");
}
