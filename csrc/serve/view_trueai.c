/* SPDX-License-Identifier: MIT
   view_trueai.c - tasks as trueai shows them: TaskInfo.cs from end to end, with
   the members of its base class last, as System.Text.Json writes them. */
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_nulls(struct sim_buf *b, const char *const *keys) {
  for (; *keys; keys++)
    sim_put_member(b, *keys, NULL);
}

static void put_bool(struct sim_buf *b, const char *key, int value) {
  sim_put_raw(b, key, value ? "true" : "false");
}

static void put_time(struct sim_buf *b, const char *key, int64_t ms) {
  if (ms)
    sim_put_number(b, key, ms);
  else
    sim_put_member(b, key, NULL);
}

static void put_date(struct sim_buf *b, const char *key, int64_t ms) {
  char text[32];
  sim_date(ms, text, sizeof text);
  sim_put_member(b, key, ms ? text : NULL);
}

static void put_account(struct sim_buf *b, const struct sim_task *t,
                        const struct sim_view *v) {
  static const char *const between[] = {"remixModalMessageId", NULL};
  int done = v->status == SIM_SUCCESS;
  sim_put_member(b, "botType", t->bot);
  sim_put_member(b, "realBotType", NULL);
  sim_put_member(b, "userId", NULL);
  put_bool(b, "isWhite", 0);
  sim_put_member(b, "nonce", t->nonce);
  sim_put_member(b, "interactionMetadataId", NULL);
  sim_put_member(b, "messageId", done ? t->message_id : NULL);
  put_nulls(b, between);
  put_bool(b, "remixAutoSubmit", t->answered > 0);
  put_bool(b, "remixModaling", 0);
  sim_put_member(b, "instanceId", SIM_INSTANCE);
  sim_put_member(b, "subInstanceId", NULL);
  sim_put_raw(b, "messageIds", done ? "[" : "[]");
  if (done) {
    sim_put_string(b, t->message_id);
    sim_put(b, "]");
  }
}

/* shorten ends with its answer in place of the description. */
static void put_prompts(struct sim_buf *b, const struct sim_task *t,
                        const struct sim_view *v) {
  int done = v->status == SIM_SUCCESS;
  char *description = sim_description(t, v);
  const char *en = t->prompt_en ? t->prompt_en : t->prompt;
  sim_put_member(b, "action", t->action);
  sim_put_member(b, "status", sim_status_names[v->status]);
  sim_put_member(b, "prompt",
                 t->prompt && t->prompt_en && !t->answered ? t->prompt_en
                                                           : t->prompt);
  sim_put_member(b, "promptEn",
                 t->makes == SIM_PROMPTS && done ? t->final_prompt : en);
  sim_put_member(b, "promptFull",
                 done && t->makes < SIM_PROMPTS ? t->final_prompt : NULL);
  sim_put_member(b, "description",
                 done && t->makes == SIM_SHORT ? t->final_prompt : description);
  free(description);
}

static void put_urls(struct sim_call *c, const struct sim_task *t, int n,
                     const char *kind) {
  struct sim_buf *b = &c->out;
  sim_put(b, "[");
  for (int i = 0; i < n; i++) {
    char text[512];
    if (*kind == 'v')
      sim_video_link(c->s, t, i, text, sizeof text);
    else
      snprintf(text, sizeof text, "%s/cell/%s/0_%d.png", c->s->base_url,
               t->hash, i);
    sim_put(b, i ? ",{" : "{");
    sim_put_member(b, "url", text);
    if (*kind == 'i')
      sim_put_member(b, "thumbnail", text);
    sim_put(b, "}");
  }
  sim_put(b, "]");
}

static void put_pictures(struct sim_call *c, const struct sim_task *t,
                         const struct sim_view *v) {
  struct sim_buf *b = &c->out;
  char text[512], percent[16];
  int done = v->status == SIM_SUCCESS;
  int n = !done || t->makes > SIM_FACE ? 0 : t->makes == SIM_GRID ? 4 : 1;
  sim_put_member(b, "imageUrl", sim_link(c->s, t, v, text, sizeof text));
  sim_put_member(b, "baseImageUrl", t->source);
  sim_put_raw(b, "imageUrls", "");
  put_urls(c, t, n, "images");
  sim_put_member(b, "thumbnailUrl",
                 t->video ? NULL : sim_link(c->s, t, v, text, sizeof text));
  sim_put_member(
      b, "progress",
      v->status == SIM_FAILURE ? "" : sim_progress(v, percent, sizeof percent));
  sim_put_member(b, "failReason", sim_fail_reason(t, v));
}

static void put_buttons(struct sim_call *c, const struct sim_task *t,
                        int done) {
  struct sim_button buttons[SIM_BUTTONS];
  struct sim_buf *b = &c->out;
  int n = done ? sim_buttons(c->s, t, buttons) : 0;
  sim_put_raw(b, "buttons", "[");
  for (int i = 0; i < n; i++) {
    sim_put(b, i ? ",{" : "{");
    sim_put_member(b, "customId", buttons[i].custom_id);
    sim_put_member(b, "emoji", buttons[i].emoji);
    sim_put_member(b, "label", buttons[i].label);
    sim_put_number(b, "style", 2);
    sim_put_number(b, "type", 2);
    sim_put(b, "}");
  }
  sim_put(b, "]");
}

static void put_displays(struct sim_buf *b, const struct sim_task *t,
                         const struct sim_view *v) {
  sim_put_raw(b, "displays", "{");
  sim_put_member(b, "status", sim_status_names[v->status]);
  put_date(b, "submitTime", t->submitted);
  put_date(b, "startTime", v->started);
  put_date(b, "finishTime", v->finished);
  sim_put_member(b, "action", t->action);
  sim_put_member(b, "discordInstanceId", SIM_INSTANCE);
  sim_put(b, "}");
}

static void put_file(struct sim_call *c, const struct sim_task *t,
                     const struct sim_view *v) {
  struct sim_buf *b = &c->out;
  char text[512], *url = NULL;
  int done = v->status == SIM_SUCCESS && t->makes < SIM_PROMPTS;
  int height = done ? t->height : 0, width = done ? t->width : 0;
  if (done)
    url = sim_copy(sim_link(c->s, t, v, text, sizeof text));
  sim_put_member(b, "url", url);
  sim_put_member(b, "proxyUrl", url);
  free(url);
  put_time(b, "height", height);
  put_time(b, "width", width);
  sim_put_member(b, "size", NULL);
  sim_put_member(b, "contentType",
                 !done      ? NULL
                 : t->video ? "video/mp4"
                            : "image/png");
  put_time(b, "imageHeight", height);
  put_time(b, "imageWidth", width);
  sim_put_member(b, "videoGenOriginImageUrl", t->video ? t->source : NULL);
  put_time(b, "videoDuration", done && t->video ? 5 : 0);
  put_time(b, "frameCount", done && t->video ? 120 : 0);
  sim_put_raw(b, "videoUrls", done && t->video ? "" : "null");
  if (done && t->video)
    put_urls(c, t, t->video, "videos");
}

static void put_end(struct sim_buf *b, const struct sim_task *t,
                    const struct sim_view *v) {
  struct sim_words words;
  char text[32] = "-";
  sim_words(t->final_prompt ? t->final_prompt : t->prompt, &words);
  if (v->started && v->finished)
    snprintf(text, sizeof text, "%.2f s",
             (double)(v->finished - v->started) / 1000);
  sim_put_member(b, "useTime", text);
  sim_put_member(b, "version", words.shown);
  put_bool(b, "isCompleted", v->status >= SIM_SUCCESS);
  sim_put_member(b, "id", t->id);
}

static void put_properties(struct sim_buf *b, const struct sim_task *t,
                           const struct sim_view *v) {
  sim_put_raw(b, "properties", "{");
  sim_put_member(b, "notifyHook", t->notify);
  sim_put_member(b, "nonce", t->nonce);
  sim_put_member(b, "discordInstanceId", SIM_INSTANCE);
  sim_put_member(b, "discordChannelId", SIM_INSTANCE);
  sim_put_member(b, "botType", t->bot);
  if (t->custom_id[0])
    sim_put_member(b, "custom_id", t->custom_id);
  if (t->pressed)
    sim_put_number(b, "action_index", t->pressed);
  if (v->status == SIM_MODAL) {
    sim_put_member(b, "finalPrompt", t->suggestion);
    put_bool(b, "remix", 1);
  }
  if (v->status == SIM_SUCCESS) {
    sim_put_member(b, "finalPrompt", t->final_prompt);
    sim_put_member(b, "messageId", t->message_id);
    sim_put_member(b, "messageHash", t->hash);
    sim_put_number(b, "flags", 0);
  }
  sim_put(b, "}");
}

static void put_partner(struct sim_buf *b, const struct sim_task *t) {
  static const char *const official[] = {"officialTaskId", "officialTaskInfo",
                                         NULL};
  put_bool(b, "isPartner", 1);
  put_bool(b, "isPartnerRelax", !strcmp(t->mode, "RELAX"));
  sim_put_member(b, "partnerTaskId", t->hash);
  sim_put_member(b, "partnerTaskInfo", NULL);
  put_bool(b, "isOfficial", 0);
  put_nulls(b, official);
}

void sim_put_trueai(struct sim_call *c, const struct sim_task *t) {
  static const char *const seeds[] = {"seed", "seedMessageId", "clientIp",
                                      NULL};
  static const char *const replicate[] = {"replicateSource", "replicateTarget",
                                          NULL};
  struct sim_view v = sim_view_at(c->s, t, c->now);
  struct sim_buf *b = &c->out;
  int done = v.status == SIM_SUCCESS;
  if (t->literal) {
    sim_put(b, t->literal);
    return;
  }
  sim_put(b, "{");
  sim_put_member(b, "parentId",
                 t->parent ? c->s->tasks[t->parent - 1]->id : NULL);
  put_account(b, t, &v);
  put_prompts(b, t, &v);
  sim_put_member(b, "state", t->state);
  put_time(b, "submitTime", t->submitted);
  put_time(b, "startTime", v.started);
  put_time(b, "finishTime", v.finished);
  put_pictures(c, t, &v);
  put_partner(b, t);
  put_buttons(c, t, done);
  put_displays(b, t, &v);
  put_nulls(b, seeds);
  sim_put_member(b, "jobId", done ? t->hash : NULL);
  put_bool(b, "isReplicate", t->makes == SIM_FACE);
  put_nulls(b, replicate);
  sim_put_member(b, "mode", t->mode);
  sim_put_raw(b, "accountFilter", t->filter ? t->filter : "null");
  put_file(c, t, &v);
  put_end(b, t, &v);
  put_properties(b, t, &v);
  sim_put(b, "}");
}
