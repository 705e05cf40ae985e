/* SPDX-License-Identifier: MIT
   view.c - tasks as each gateway shows them. */
#include "sim_int.h"

#include <stdio.h>
#include <string.h>

static const char *const status_names[] = {
    "NOT_START", "SUBMITTED", "MODAL", "IN_PROGRESS", "SUCCESS", "FAILURE"};

/* Of a Discord link; sixty-four digits, as `hm`. */
const char *sim_signature(const struct sim_task *t, int64_t is, char *buf,
                          size_t size) {
  size_t n = 0;
  for (uint64_t i = 0; i < 4 && n + 16 < size; i++)
    n += (size_t)snprintf(
        buf + n, size - n, "%016llx",
        (unsigned long long)sim_mix(t->key ^ (uint64_t)is, 100 + i));
  return buf;
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
             "/%s/simulator_%s_%s.png?ex=%llx&is=%llx&hm=%s&",
             s->base_url, t->message_id, slug, t->hash, (long long)ex,
             (long long)is, hm);
  else
    snprintf(buf, size,
             "%s/attachments/" SIM_CHANNEL
             "/%s/grid_0.png?ex=%llx&is=%llx&hm=%s&",
             s->base_url, t->progress_id, (long long)ex, (long long)is, hm);
}

/* new-api puts itself in front of the picture (MjForwardUrlEnabled), with a
   changing `rand` as long as it is a preview. */
const char *sim_link(const mj_sim *s, const struct sim_task *t,
                     const struct sim_view *v, char *buf, size_t size) {
  buf[0] = '\0';
  if (v->status != SIM_SUCCESS && v->status != SIM_IN_PROGRESS)
    return NULL;
  if (!s->profile->buttons)
    discord_link(s, t, v, buf, size);
  else if (v->status == SIM_SUCCESS)
    snprintf(buf, size, "%s/mj/image/%s", s->base_url, t->id);
  else
    snprintf(buf, size, "%s/mj/image/%s?rand=%lld000000", s->base_url, t->id,
             (long long)s->now);
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

static const char *progress_text(const struct sim_view *v, char *buf,
                                 size_t size) {
  if (v->progress < 0)
    return NULL;
  snprintf(buf, size, "%d%%", v->progress);
  return buf;
}

static const char *fail_reason(const struct sim_task *t,
                               const struct sim_view *v) {
  if (v->status != SIM_FAILURE)
    return NULL;
  return t->stuck ? "任务超时" : t->fail;
}

static void put_time(struct sim_buf *b, const char *key, int64_t ms) {
  if (ms)
    sim_put_number(b, key, ms);
  else
    sim_put_member(b, key, NULL);
}

static void put_properties(struct sim_buf *b, const struct sim_task *t,
                           const struct sim_view *v) {
  sim_put(b, ",\"properties\":{");
  sim_put_member(b, "notifyHook", t->notify ? t->notify : "");
  sim_put_member(b, "nonce", t->nonce);
  sim_put_member(b, "discordInstanceId", SIM_INSTANCE);
  if (v->status >= SIM_IN_PROGRESS && !t->direct)
    sim_put_member(b, "progressMessageId", t->progress_id);
  if (v->status == SIM_SUCCESS) {
    sim_put_member(b, "finalPrompt", t->final_prompt);
    sim_put_member(b, "messageId", t->message_id);
    sim_put_member(b, "messageHash", t->hash);
    sim_put_number(b, "flags", 0);
  }
  sim_put(b, "}");
}

/* The first midjourney-proxy: null for what is not known, and no buttons. */
void sim_put_novicezk(struct sim_call *c, const struct sim_task *t) {
  struct sim_view v = sim_view_at(c->s, t, c->now);
  struct sim_buf *b = &c->out;
  char text[512], percent[16];
  if (t->literal) {
    sim_put(b, t->literal);
    return;
  }
  sim_put(b, "{");
  sim_put_member(b, "id", t->id);
  sim_put_member(b, "action", t->action);
  sim_put_member(b, "status", status_names[v.status]);
  sim_put_member(b, "prompt", t->prompt);
  sim_put_member(b, "promptEn", t->prompt);
  if (t->description[0]) {
    sim_put_member(b, "description", t->description);
  } else {
    struct sim_buf d = {0};
    sim_put(&d, "/imagine ");
    sim_put(&d, t->prompt);
    sim_put_member(b, "description", d.p);
    sim_buf_free(&d);
  }
  sim_put_member(b, "state", t->state);
  put_time(b, "submitTime", t->submitted);
  put_time(b, "startTime", v.started);
  put_time(b, "finishTime", v.finished);
  sim_put_member(b, "imageUrl", sim_link(c->s, t, &v, text, sizeof text));
  sim_put_member(b, "progress",
                 v.status == SIM_FAILURE
                     ? ""
                     : progress_text(&v, percent, sizeof percent));
  sim_put_member(b, "failReason", fail_reason(t, &v));
  put_properties(b, t, &v);
  sim_put(b, "}");
}

static void put_buttons(struct sim_buf *b, const struct sim_task *t,
                        const struct sim_view *v) {
  struct sim_button buttons[SIM_BUTTONS];
  int n = v->status == SIM_SUCCESS ? sim_buttons(t, buttons) : 0;
  if (!n) {
    sim_put(b, ",\"buttons\":null");
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

static const char *known(const char *text, int synced) {
  return synced && text ? text : "";
}

/* new-api: the order of dto.MidjourneyDto; "" and 0 for what is not known; a
   row that shows nothing until the first look at the proxy. */
void sim_put_new_api(struct sim_call *c, const struct sim_task *t) {
  struct sim_view v;
  int synced = sim_row(c->s, t, c->now, &v);
  struct sim_buf *b = &c->out;
  char text[512], percent[16] = "0%";
  if (t->literal) {
    sim_put(b, t->literal);
    return;
  }
  if (synced && !progress_text(&v, percent, sizeof percent))
    percent[0] = '\0';
  b->html = 1;
  sim_put(b, "{");
  sim_put_member(b, "id", t->id);
  sim_put_member(b, "action", t->action);
  sim_put_member(b, "customId", "");
  sim_put_member(b, "botType", "");
  sim_put_member(b, "prompt", t->prompt);
  sim_put_member(b, "promptEn", known(t->prompt, synced));
  sim_put_member(b, "description", t->submitted_as);
  sim_put_member(b, "state", known(t->state, synced));
  sim_put_number(b, "submitTime", t->submitted);
  sim_put_number(b, "startTime", synced ? v.started : 0);
  sim_put_number(b, "finishTime", synced ? v.finished : 0);
  sim_put_member(b, "imageUrl",
                 known(sim_link(c->s, t, &v, text, sizeof text), synced));
  sim_put_member(b, "videoUrl", "");
  sim_put(b, ",\"videoUrls\":null");
  sim_put_member(b, "status", synced ? status_names[v.status] : "");
  sim_put_member(b, "progress", percent);
  sim_put_member(b, "failReason", known(fail_reason(t, &v), synced));
  if (!synced)
    v.status = SIM_NOT_START;
  put_buttons(b, t, &v);
  sim_put_member(b, "maskBase64", "");
  if (synced) {
    sim_put(b, ",\"properties\":{");
    sim_put_member(b, "finalPrompt",
                   known(t->final_prompt,
                         v.status == SIM_SUCCESS || v.status == SIM_MODAL));
    sim_put_member(b, "finalZhPrompt", "");
    sim_put(b, "}}");
  } else {
    sim_put(b, ",\"properties\":null}");
  }
  b->html = 0;
}
