/* SPDX-License-Identifier: MIT
   wire_mj_read.c - a task of the /mj family, from the JSON of fetch, list and
   queue. */
#include "proposal.h"
#include "wire_mj.h"

#include <stdlib.h>
#include <string.h>

static int64_t when(const mj_value *v) {
  int64_t n;
  return mj__json_int(v, &n) && n > 0 ? n : 0;
}

/* "url", {"url":..}: both are in use (trueai objects, octopusx either). */
static const char *url_of(const mj_value *v) {
  if (v->type == MJ_JSON_OBJECT)
    v = mj__json_get(v, "url");
  return v && v->type == MJ_JSON_STRING ? mj__json_text(v) : NULL;
}

/* The addresses in a list of either spelling; *n of them. */
static const char **urls_of(const mj_value *list, const char *one,
                            struct mj__arena *a, size_t *n) {
  int many = list && list->type == MJ_JSON_ARRAY && list->len > 0;
  const char **urls = mj__arena_alloc(a, (many ? list->len : 1) * sizeof *urls);
  const mj_value *v;
  *n = 0;
  if (!urls)
    return NULL;
  for (v = many ? list->first : NULL; v; v = v->next)
    if (url_of(v))
      urls[(*n)++] = url_of(v);
  if (*n == 0 && one)
    urls[(*n)++] = one;
  return urls;
}

/* The path of an address ends in .mp4: trueai gives videos as imageUrl. */
static int is_film(const char *url) {
  size_t n = url ? strcspn(url, "?#") : 0;
  return n > 4 && strncmp(url + n - 4, ".mp4", 4) == 0;
}

static int task_pictures(const mj_value *root, struct mj__arena *a,
                         mj_task *t) {
  const char *film = mj__json_text(mj__json_get(root, "videoUrl"));
  if (is_film(t->image_url)) {
    film = film ? film : t->image_url;
    t->image_url = NULL;
  }
  t->videos = urls_of(mj__json_get(root, "videoUrls"), film, a, &t->nvideos);
  t->images =
      urls_of(mj__json_get(root, "imageUrls"), t->image_url, a, &t->nimages);
  if (!t->videos || !t->images)
    return MJ_ERESOURCE;
  if (t->nvideos)
    t->video_url = film ? film : t->videos[0];
  if (!t->image_url && t->nimages)
    t->image_url = t->images[0];
  return MJ_OK;
}

/* Discord's links say when they end: ?ex=67cefb57, in seconds. */
static int64_t expiry(const char *url) {
  const char *p = url ? strchr(url, '?') : NULL;
  for (; p; p = strchr(p + 1, '&'))
    if (strncmp(p + 1, "ex=", 3) == 0) {
      size_t n = strspn(p + 4, "0123456789abcdefABCDEF");
      if (n == 8 && (p[4 + n] == '&' || p[4 + n] == '\0'))
        return (int64_t)strtoll(p + 4, NULL, 16) * 1000;
    }
  return 0;
}

/* A finished grid without buttons comes from the first midjourney-proxy, which
   has /submit/change instead. */
static const mj_button change_buttons[] = {
    {"change::UPSCALE::1", "U1", NULL},
    {"change::UPSCALE::2", "U2", NULL},
    {"change::UPSCALE::3", "U3", NULL},
    {"change::UPSCALE::4", "U4", NULL},
    {"change::REROLL::1", NULL, "\xf0\x9f\x94\x84"},
    {"change::VARIATION::1", "V1", NULL},
    {"change::VARIATION::2", "V2", NULL},
    {"change::VARIATION::3", "V3", NULL},
    {"change::VARIATION::4", "V4", NULL},
};

static int is_grid(const mj_task *t) {
  static const char *const grids[] = {"IMAGINE", "VARIATION", "REROLL",
                                      "BLEND"};
  size_t i;
  for (i = 0; t->action && i < sizeof grids / sizeof grids[0]; i++)
    if (strcmp(t->action, grids[i]) == 0)
      return 1;
  return 0;
}

static int task_buttons(const mj_value *root, struct mj__arena *a, mj_task *t) {
  const mj_value *list = mj__json_get(root, "buttons"), *v;
  mj_button *b;
  if (!list || list->type != MJ_JSON_ARRAY || list->len == 0) {
    if (t->status == MJ_ST_SUCCESS && is_grid(t)) {
      t->buttons = change_buttons;
      t->nbuttons = sizeof change_buttons / sizeof change_buttons[0];
    }
    return MJ_OK;
  }
  b = mj__arena_alloc(a, list->len * sizeof *b);
  if (!b)
    return MJ_ERESOURCE;
  t->buttons = b;
  for (v = list->first; v; v = v->next) {
    b->custom_id = mj__json_text(mj__json_get(v, "customId"));
    b->label = mj__json_text(mj__json_get(v, "label"));
    b->emoji = mj__json_text(mj__json_get(v, "emoji"));
    if (b->custom_id) { /* a link button has none, and cannot be pressed */
      b++;
      t->nbuttons++;
    }
  }
  return MJ_OK;
}

/* What describe and shorten found is in one text; which one depends on who
   answers: properties.finalPrompt, else promptEn, else prompt, and trueai's
   shorten has it as its description too. */
static int task_proposals(struct mj__arena *a, mj_task *t) {
  const char *text = t->final_prompt;
  int shorten = t->action && strcmp(t->action, "SHORTEN") == 0;
  if (t->status != MJ_ST_SUCCESS || !t->action)
    return MJ_OK;
  if (!text && shorten && t->description && strstr(t->description, "##"))
    text = t->description;
  if (!text)
    text = t->prompt_en ? t->prompt_en : t->prompt;
  return text ? mj__proposals_read(t->action, text, a, t) : MJ_OK;
}

int mj__mj_task(const mj_value *root, struct mj__arena *a, mj_task *t) {
  const mj_value *props = mj__json_get(root, "properties");
  int rc;
  memset(t, 0, sizeof *t);
  t->id = mj__json_text(mj__json_get(root, "id"));
  t->action = mj__json_text(mj__json_get(root, "action"));
  t->status_text = mj__json_text(mj__json_get(root, "status"));
  t->status = mj__status_read(t->status_text);
  t->progress =
      mj__progress_read(mj__json_text(mj__json_get(root, "progress")));
  t->prompt = mj__json_text(mj__json_get(root, "prompt"));
  t->prompt_en = mj__json_text(mj__json_get(root, "promptEn"));
  t->final_prompt = mj__json_text(mj__json_get(props, "finalPrompt"));
  t->description = mj__json_text(mj__json_get(root, "description"));
  t->fail_reason = mj__json_text(mj__json_get(root, "failReason"));
  t->state = mj__json_text(mj__json_get(root, "state"));
  t->image_url = mj__json_text(mj__json_get(root, "imageUrl"));
  t->submitted_wall_ms = when(mj__json_get(root, "submitTime"));
  t->started_wall_ms = when(mj__json_get(root, "startTime"));
  t->finished_wall_ms = when(mj__json_get(root, "finishTime"));
  if (t->status == MJ_ST_SUCCESS)
    t->progress = 100;
  else if (t->status == MJ_ST_FAILURE || t->status == MJ_ST_CANCEL)
    t->progress = -1; /* new-api says 100% of a failure */
  rc = task_pictures(root, a, t);
  t->expires_wall_ms = expiry(t->image_url);
  if (rc == MJ_OK)
    rc = task_buttons(root, a, t);
  return rc ? rc : task_proposals(a, t);
}
