/* SPDX-License-Identifier: MIT
   view.c - tasks as novicezk, plus and new-api show them. */
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const sim_status_names[] = {"NOT_START",   "SUBMITTED", "MODAL",
                                        "IN_PROGRESS", "SUCCESS",   "FAILURE",
                                        "CANCEL"};

/* Of a Discord link; sixty-four digits, as `hm`. */
const char *sim_sign(uint64_t key, int64_t is, char *buf, size_t size) {
  size_t n = 0;
  for (uint64_t i = 0; i < 4 && n + 16 < size; i++)
    n += (size_t)snprintf(
        buf + n, size - n, "%016llx",
        (unsigned long long)sim_mix(key ^ (uint64_t)is, 100 + i));
  return buf;
}

const char *sim_signature(const struct sim_task *t, int64_t is, char *buf,
                          size_t size) {
  return sim_sign(t->key, is, buf, size);
}

/* Discord's links are good for a day; those of the first tasks for ten years.
 */
static void discord_link(const mj_sim *s, const struct sim_task *t,
                         const struct sim_view *v, char *buf, size_t size) {
  int64_t is = (v->finished ? v->finished : v->started) / 1000;
  int64_t ex = is + (t->old ? 3650 : 1) * 86400;
  char hm[72], slug[40];
  sim_slug(t->prompt, slug, sizeof slug);
  sim_signature(t, is, hm, sizeof hm);
  if (v->status == SIM_SUCCESS)
    snprintf(buf, size,
             "%s/attachments/" SIM_CHANNEL
             "/%s/simulator_%s%s%s.png?ex=%llx&is=%llx&hm=%s&",
             s->base_url, t->message_id, slug, *slug ? "_" : "", t->hash,
             (long long)ex, (long long)is, hm);
  else
    snprintf(buf, size,
             "%s/attachments/" SIM_CHANNEL
             "/%s/grid_0.png?ex=%llx&is=%llx&hm=%s&",
             s->base_url, t->progress_id, (long long)ex, (long long)is, hm);
}

const char *sim_video_link(const mj_sim *s, const struct sim_task *t, int n,
                           char *buf, size_t size) {
  snprintf(buf, size, "%s/video/%s/%d.mp4", s->base_url, t->hash, n);
  return buf;
}

/* new-api puts itself in front of the picture (MjForwardUrlEnabled), with a
   changing `rand` as long as it is a preview.  Of a video the others give its
   address, of describe that of what was sent. */
const char *sim_link(const mj_sim *s, const struct sim_task *t,
                     const struct sim_view *v, char *buf, size_t size) {
  buf[0] = '\0';
  if ((v->status != SIM_SUCCESS && v->status != SIM_IN_PROGRESS) ||
      t->makes >= SIM_SHORT)
    return NULL;
  if (s->profile->traits & SIM_ROWS && v->status == SIM_SUCCESS)
    snprintf(buf, size, "%s/mj/image/%s", s->base_url, t->id);
  else if (s->profile->traits & SIM_ROWS)
    snprintf(buf, size, "%s/mj/image/%s?rand=%lld000000", s->base_url, t->id,
             (long long)s->now);
  else if (t->video && v->status == SIM_SUCCESS)
    return sim_video_link(s, t, 0, buf, size);
  else if (t->makes == SIM_PROMPTS)
    snprintf(buf, size, "%s", t->source);
  else
    discord_link(s, t, v, buf, size);
  return buf;
}

int sim_row(const mj_sim *s, const struct sim_task *t, int64_t now,
            struct sim_view *v) {
  int64_t when = now;
  if (s->sync >= 0) {
    int64_t period = sim_real(s, (int64_t)(s->sync * 1000));
    if (period < 1)
      period = 1;
    when = s->first + (now - s->first) / period * period;
  }
  *v = sim_view_at(s, t, when);
  return t->old || s->sync < 0 || when > t->submitted;
}

const char *sim_progress(const struct sim_view *v, char *buf, size_t size) {
  if (v->progress < 0)
    return NULL;
  snprintf(buf, size, "%d%%", v->progress);
  return buf;
}

const char *sim_fail_reason(const struct sim_task *t,
                            const struct sim_view *v) {
  if (v->status != SIM_FAILURE)
    return NULL;
  if (t->cancelled)
    return "取消任务";
  return t->stuck ? "任务超时" : t->fail;
}

char *sim_description(const struct sim_task *t, const struct sim_view *v) {
  struct sim_buf d = {0};
  if (v->status == SIM_MODAL)
    return sim_copy("Waiting for window confirm");
  if (t->description)
    return sim_copy(t->description);
  sim_put(&d, "/imagine ");
  sim_put(&d, t->prompt_en && !t->answered ? t->prompt_en
              : t->prompt                  ? t->prompt
                                           : "");
  return d.p;
}

static void put_time(struct sim_buf *b, const char *key, int64_t ms) {
  if (ms)
    sim_put_number(b, key, ms);
  else
    sim_put_member(b, key, NULL);
}

static void put_properties(struct sim_call *c, const struct sim_task *t,
                           const struct sim_view *v) {
  struct sim_buf *b = &c->out;
  sim_put(b, ",\"properties\":{");
  sim_put_member(b, "notifyHook", t->notify ? t->notify : "");
  sim_put_member(b, "nonce", t->nonce);
  sim_put_member(b, "discordInstanceId", SIM_INSTANCE);
  if (sim_on(c, SIM_PLUS))
    sim_put_member(b, "botType", t->bot);
  if (v->status == SIM_MODAL)
    sim_put_member(b, "finalPrompt", t->suggestion);
  if (v->status >= SIM_IN_PROGRESS && v->status != SIM_CANCEL && !t->direct)
    sim_put_member(b, "progressMessageId", t->progress_id);
  if (v->status == SIM_SUCCESS) {
    sim_put_member(b, "finalPrompt", t->final_prompt);
    if (t->zh_prompt)
      sim_put_member(b, "finalZhPrompt", t->zh_prompt);
    sim_put_member(b, "messageId", t->message_id);
    sim_put_member(b, "messageHash", t->hash);
    sim_put_number(b, "flags", 0);
  }
  sim_put(b, "}");
}

/* describe ends with its answer in place of the prompt. */
static const char *shown_prompt(const struct sim_task *t,
                                const struct sim_view *v) {
  return t->makes == SIM_PROMPTS && v->status == SIM_SUCCESS ? t->final_prompt
                                                             : t->prompt;
}

/* Null for what is not known. */
static void put_spring(struct sim_call *c, const struct sim_task *t,
                       const struct sim_view *v) {
  struct sim_buf *b = &c->out;
  char text[512], percent[16], *description = sim_description(t, v);
  const char *prompt = shown_prompt(t, v);
  sim_put(b, "{");
  sim_put_member(b, "id", t->id);
  sim_put_member(b, "action", t->action);
  sim_put_member(b, "status", sim_status_names[v->status]);
  sim_put_member(b, "prompt",
                 t->prompt_en && !t->answered && prompt ? t->prompt_en
                                                        : prompt);
  sim_put_member(b, "promptEn", prompt && t->prompt_en ? t->prompt_en : prompt);
  sim_put_member(b, "description", description);
  free(description);
  sim_put_member(b, "state", t->state);
  put_time(b, "submitTime", t->submitted);
  put_time(b, "startTime", v->started);
  put_time(b, "finishTime", v->finished);
  sim_put_member(b, "imageUrl", sim_link(c->s, t, v, text, sizeof text));
  sim_put_member(
      b, "progress",
      v->status == SIM_FAILURE ? "" : sim_progress(v, percent, sizeof percent));
  sim_put_member(b, "failReason", sim_fail_reason(t, v));
  put_properties(c, t, v);
}

/* The first midjourney-proxy knows no buttons. */
void sim_put_novicezk(struct sim_call *c, const struct sim_task *t) {
  struct sim_view v = sim_view_at(c->s, t, c->now);
  if (t->literal) {
    sim_put(&c->out, t->literal);
    return;
  }
  put_spring(c, t, &v);
  sim_put(&c->out, "}");
}

static void put_buttons(struct sim_call *c, const struct sim_task *t,
                        const struct sim_view *v, const char *none) {
  struct sim_button buttons[SIM_BUTTONS];
  struct sim_buf *b = &c->out;
  int n = v->status == SIM_SUCCESS ? sim_buttons(c->s, t, buttons) : 0;
  if (!n) {
    sim_put_raw(b, "buttons", none);
    return;
  }
  sim_put(b, ",\"buttons\":[");
  for (int i = 0; i < n; i++) {
    sim_put(b, i ? ",{" : "{");
    sim_put_member(b, "customId", buttons[i].custom_id);
    sim_put_member(b, "emoji", buttons[i].emoji);
    sim_put_member(b, "label", buttons[i].label);
    sim_put_number(b, "type", 2);
    sim_put_number(b, "style", 2);
    sim_put(b, "}");
  }
  sim_put(b, "]");
}

void sim_put_plus(struct sim_call *c, const struct sim_task *t) {
  struct sim_view v = sim_view_at(c->s, t, c->now);
  if (t->literal) {
    sim_put(&c->out, t->literal);
    return;
  }
  put_spring(c, t, &v);
  put_buttons(c, t, &v, "[]");
  sim_put(&c->out, "}");
}

static const char *known(const char *text, int synced) {
  return synced && text ? text : "";
}

static void put_videos(struct sim_call *c, const struct sim_task *t, int done) {
  struct sim_buf *b = &c->out;
  char text[512];
  if (!done || !t->video) {
    sim_put_member(b, "videoUrl", "");
    sim_put_raw(b, "videoUrls", "null");
    return;
  }
  sim_put_member(b, "videoUrl", sim_video_link(c->s, t, 0, text, sizeof text));
  sim_put_raw(b, "videoUrls", "[");
  for (int i = 0; i < t->video; i++) {
    sim_put(b, i ? ",{" : "{");
    sim_put_member(b, "url", sim_video_link(c->s, t, i, text, sizeof text));
    sim_put(b, "}");
  }
  sim_put(b, "]");
}

/* dto.Properties has room for two. */
static void put_row_properties(struct sim_buf *b, const struct sim_task *t,
                               const struct sim_view *v, int synced) {
  const char *prompt = v->status == SIM_MODAL     ? t->suggestion
                       : v->status == SIM_SUCCESS ? t->final_prompt
                                                  : "";
  if (!synced) {
    sim_put(b, ",\"properties\":null");
    return;
  }
  sim_put(b, ",\"properties\":{");
  sim_put_member(b, "finalPrompt", known(prompt, 1));
  sim_put_member(b, "finalZhPrompt",
                 known(t->zh_prompt, v->status == SIM_SUCCESS));
  sim_put(b, "}");
}

/* RelaySwapFace starts the clock itself. */
static int64_t row_start(const struct sim_task *t, const struct sim_view *v,
                         int synced) {
  if (synced)
    return v->started;
  return t->makes == SIM_FACE ? t->submitted : 0;
}

/* new-api: the order of dto.MidjourneyDto; "" and 0 for what is not known; a
   row that shows nothing until the first look at the proxy. */
void sim_put_new_api(struct sim_call *c, const struct sim_task *t) {
  struct sim_view v;
  int synced = sim_row(c->s, t, c->now, &v);
  int done = synced && v.status == SIM_SUCCESS;
  struct sim_buf *b = &c->out;
  char text[512], percent[16] = "0%";
  const char *en = t->prompt_en ? t->prompt_en : t->prompt;
  if (t->literal) {
    sim_put(b, t->literal);
    return;
  }
  if (synced && !sim_progress(&v, percent, sizeof percent))
    percent[0] = '\0';
  if (!t->prompt || t->makes == SIM_FACE)
    en = NULL;
  b->html = 1;
  sim_put(b, "{");
  sim_put_member(b, "id", t->id);
  sim_put_member(b, "action", t->action);
  sim_put_member(b, "customId", "");
  sim_put_member(b, "botType", "");
  sim_put_member(b, "prompt", known(t->prompt, 1));
  sim_put_member(
      b, "promptEn",
      known(t->makes == SIM_PROMPTS && done ? t->final_prompt : en, synced));
  sim_put_member(b, "description", t->submitted_as);
  sim_put_member(b, "state", known(t->state, synced));
  sim_put_number(b, "submitTime", t->submitted);
  sim_put_number(b, "startTime", row_start(t, &v, synced));
  sim_put_number(b, "finishTime", synced ? v.finished : 0);
  sim_put_member(b, "imageUrl",
                 known(sim_link(c->s, t, &v, text, sizeof text), synced));
  put_videos(c, t, done);
  sim_put_member(b, "status", synced ? sim_status_names[v.status] : "");
  sim_put_member(b, "progress", percent);
  sim_put_member(b, "failReason", known(sim_fail_reason(t, &v), synced));
  if (!synced)
    v.status = SIM_NOT_START;
  put_buttons(c, t, &v, "null");
  sim_put_member(b, "maskBase64", "");
  put_row_properties(b, t, &v, synced);
  sim_put(b, "}");
  b->html = 0;
}
