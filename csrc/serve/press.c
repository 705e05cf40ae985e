/* SPDX-License-Identifier: MIT
   press.c - what buttons do: the task that each leads to. */
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* By the start of the word behind "MJ::JOB::" or "MJ::".  The actions are those
   of new-api (CoverPlusActionToNormalAction; what it refuses has none), of plus
   and of trueai; NULL is the parent's. */
static const struct effect {
  const char *word, *action[3], *label;
  enum sim_makes makes;
  int asks;
  unsigned refused; /* where it is no action, though there is a button */
} effects[] = {
    {"upsample_", {"UPSCALE", "UPSCALE", "UPSCALE_HD"}, "2x", SIM_TILE, 0, 0},
    {"upsample", {"UPSCALE", "UPSCALE", "UPSCALE"}, "U", SIM_TILE, 0, 0},
    {"variation",
     {"VARIATION", "VARIATION", "VARIATION"},
     "V of ",
     SIM_GRID,
     SIM_ASKS_REMIX,
     0},
    {"low_variation",
     {"LOW_VARIATION", "VARIATION", "VARIATION"},
     "subtle",
     SIM_GRID,
     SIM_ASKS_REMIX,
     0},
    {"high_variation",
     {"HIGH_VARIATION", "VARIATION", "VARIATION"},
     "strong",
     SIM_GRID,
     SIM_ASKS_REMIX,
     0},
    {"reroll",
     {"REROLL", "REROLL", NULL},
     "reroll",
     SIM_GRID,
     SIM_ASKS_REMIX,
     0},
    {"pan_", {"PAN", "PAN", "PAN"}, "pan ", SIM_GRID, SIM_ASKS_REMIX, 0},
    {"Outpaint", {"ZOOM", "ZOOM", "ZOOM"}, "zoom", SIM_GRID, 0, 0},
    {"CustomZoom",
     {"CUSTOM_ZOOM", "ZOOM", "ZOOM"},
     "zoom",
     SIM_GRID,
     SIM_ASKS_ALWAYS,
     0},
    {"Inpaint",
     {"INPAINT", "ACTION", "ACTION"},
     "region",
     SIM_GRID,
     SIM_ASKS_ALWAYS,
     0},
    {"animate_", {NULL, "ACTION", "VIDEO"}, "", SIM_VIDEO, SIM_ASKS_REMIX, 0},
    {"video_virtual_upscale",
     {NULL, "UPSCALE", "UPSCALE"},
     "",
     SIM_VIDEO,
     0,
     0},
    {"Picread", {NULL, "DESCRIBE", "DESCRIBE"}, "", SIM_PROMPTS, 0, 0},
    {"PicReader::all", {NULL, NULL, "ACTION"}, "", SIM_GRID, 0, SIM_PLUS},
    {"PicReader",
     {NULL, "IMAGINE", "ACTION"},
     "",
     SIM_GRID,
     SIM_ASKS_ALWAYS,
     0},
    {"PromptAnalyzerExtended",
     {NULL, "SHORTEN", NULL},
     "",
     SIM_DETAILS,
     0,
     SIM_TRUEAI},
    {"PromptAnalyzer",
     {NULL, "IMAGINE", NULL},
     "",
     SIM_GRID,
     SIM_ASKS_ALWAYS,
     SIM_TRUEAI},
    {NULL, {NULL, NULL, NULL}, NULL, SIM_GRID, 0, 0}};

static const char *word_of(const char *custom_id) {
  const char *p = custom_id + strlen("MJ::");
  return strncasecmp(p, "JOB::", 5) ? p : p + 5; /* "Job" of PicReader */
}

static const struct effect *effect_of(const char *word) {
  const struct effect *e = effects;
  while (e->word && strncmp(word, e->word, strlen(e->word)))
    e++;
  return e->word ? e : NULL;
}

const char *sim_action_of(const char *custom_id) {
  const struct effect *e =
      strncmp(custom_id, "MJ::", 4) ? NULL : effect_of(word_of(custom_id));
  return e ? e->action[0] : NULL;
}

/* The descent of a picture; one that is too long loses its middle. */
void sim_descend(struct sim_task *t, const struct sim_task *parent, int tile) {
  memcpy(t->steps, parent->steps, sizeof t->steps);
  t->nsteps = parent->nsteps;
  if (tile)
    t->steps[t->nsteps - 1].tile = tile;
  if (t->makes != SIM_GRID)
    return;
  if (t->nsteps == SIM_STEPS) {
    memmove(t->steps + 1, t->steps + 2, (SIM_STEPS - 2) * sizeof t->steps[0]);
    t->nsteps--;
  }
  t->steps[t->nsteps].seed = t->key;
  t->steps[t->nsteps++].tile = 0;
}

static void set_label(struct sim_task *t, const struct effect *e,
                      const char *word, int tile) {
  static const char *const zooms[][2] = {{"Outpaint::50:", "zoom 2x"},
                                         {"Outpaint::75:", "zoom 1.5x"},
                                         {"Outpaint::100:", "square"}};
  const char *way = word + strlen(e->word);
  snprintf(t->label, sizeof t->label, "%s", e->label);
  if (tile)
    snprintf(t->label, sizeof t->label, "%s%d", e->label, tile);
  else if (!strcmp(e->word, "pan_"))
    snprintf(t->label, sizeof t->label, "pan %.*s", (int)strcspn(way, ":"),
             way);
  for (int i = 0; i < 3; i++)
    if (!strncmp(word, zooms[i][0], strlen(zooms[i][0])))
      snprintf(t->label, sizeof t->label, "%s", zooms[i][1]);
}

static void set_size(struct sim_task *t, const struct sim_task *parent,
                     const struct effect *e, const char *word) {
  t->width = parent->width;
  t->height = parent->height;
  if (t->makes == SIM_TILE && !strcmp(e->label, "2x") && t->width <= 1536 &&
      t->height <= 1536) {
    t->width *= 2;
    t->height *= 2;
  }
  if (t->makes == SIM_GRID && parent->width > 2000) {
    t->width /= 2;
    t->height /= 2;
  }
  if (!strncmp(word, "Outpaint::100", 13))
    t->width = t->height = 1024;
}

/* How long it takes, and of what kind the picture is. */
static void set_pace(const mj_sim *s, struct sim_task *t) {
  t->kind = t->makes == SIM_GRID ? MJ_PICTURE_GRID : MJ_PICTURE_TILE;
  if (t->makes == SIM_GRID || t->makes == SIM_VIDEO)
    return;
  t->direct = 1; /* about 5 s, and nothing to be seen before */
  t->lead = t->delay;
  t->length = t->delay + 3000 + (int64_t)(sim_mix(t->key, 7) % 2500);
  /* what Midjourney sells itself has its tiles already */
  if (s->profile->traits & SIM_CELLS && t->makes == SIM_TILE &&
      !strcmp(t->action, "UPSCALE"))
    t->delay = t->lead = t->length = 0;
}

static int copy_prompts(struct sim_task *t, const struct sim_task *parent) {
  const char *from[] = {parent->prompt, parent->prompt_en, parent->final_prompt,
                        parent->source};
  char **to[] = {&t->prompt, &t->prompt_en, &t->final_prompt, &t->source};
  for (int i = 0; i < 4; i++)
    if (from[i] && !(*to[i] = sim_copy(from[i])))
      return -1;
  t->bot = parent->bot;
  t->mode = parent->mode;
  t->parent = parent->index + 1;
  t->file = parent->file;
  return 0;
}

/* " --motion high --video 1" behind the prompt, unless it is there. */
static int set_video(struct sim_task *t, const struct sim_task *parent,
                     const char *word, int tile) {
  struct sim_buf b = {0};
  int upscale = !strncmp(word, "video_", 6);
  t->video = upscale ? 1 : 4;
  t->high = upscale ? parent->high : !strncmp(word, "animate_high", 12);
  t->pressed = tile;
  if (sim_parameter(t->final_prompt, "video", "video"))
    return 0;
  sim_put(&b, t->final_prompt);
  sim_putf(&b, " --motion %s --video 1", t->high ? "high" : "low");
  if (!b.p)
    return -1;
  free(t->final_prompt);
  t->final_prompt = b.p;
  return 0;
}

/* Show Details tells of the same prompt, Retry of the same picture. */
static int set_told(struct sim_task *t, const struct sim_task *parent,
                    int plain) {
  struct sim_buf d = {0};
  if (t->makes == SIM_DETAILS) {
    sim_putf(&d, "/up %s Show Details", parent->id);
    t->description = d.p;
    return t->description && t->prompt ? sim_shorten(t, t->prompt) : -1;
  }
  if (parent->description && !(t->description = sim_copy(parent->description)))
    return -1;
  return sim_describe(t, t->key, t->width, t->height, plain);
}

static struct sim_task *follow(mj_sim *s, struct sim_task *parent,
                               const struct effect *e, const char *word,
                               int tile) {
  char about[128];
  const char *number = strstr(word, "::");
  struct sim_task *t;
  int bad;
  snprintf(about, sizeof about, "%016llx %.*s %ld %d",
           (unsigned long long)parent->key, (int)strcspn(word, ":"), word,
           number ? strtol(number + 2, NULL, 10) : tile, tile);
  t = sim_task_new(s, about);
  if (!t)
    return NULL;
  t->action = e->action[s->profile->column];
  if (!t->action)
    t->action = parent->action;
  t->makes = e->makes;
  bad = copy_prompts(t, parent);
  if (!strcmp(e->word, "reroll")) {
    memcpy(t->steps, parent->steps, sizeof t->steps);
    t->nsteps = parent->nsteps;
    t->steps[t->nsteps - 1].seed = t->key;
    t->makes = parent->makes;
  } else {
    sim_descend(t, parent, tile);
  }
  set_label(t, e, word, tile);
  set_size(t, parent, e, word);
  set_pace(s, t);
  if (!bad && t->makes == SIM_VIDEO)
    bad = set_video(t, parent, word, tile);
  if (!bad && t->makes >= SIM_PROMPTS)
    bad = set_told(t, parent, s->profile->bit == SIM_TRUEAI);
  if (bad) {
    sim_task_free(t);
    return NULL;
  }
  if (t->prompt && strstr(t->prompt, "sim:slow"))
    t->length *= 10;
  t->pressed = tile;
  return t;
}

static int has_button(const mj_sim *s, const struct sim_task *t,
                      const char *custom_id) {
  struct sim_button b[SIM_BUTTONS];
  int n = sim_buttons(s, t, b);
  /* The gateways' guide presses this one on the task of its sample. */
  if (t->literal && !strcmp(custom_id, "MJ::JOB::upsample::1::example"))
    return 1;
  for (int i = 0; i < n; i++)
    if (!strcmp(b[i].custom_id, custom_id))
      return 1;
  return 0;
}

static void name_button(struct sim_task *t, const char *custom_id) {
  if (t)
    snprintf(t->custom_id, sizeof t->custom_id, "%s", custom_id);
}

struct sim_task *sim_press(mj_sim *s, struct sim_task *parent,
                           const char *custom_id, const char **why, int *asks) {
  const struct effect *e;
  const char *word, *index;
  struct sim_task *t;
  int tile = 0;
  *asks = 0;
  *why = s->profile->texts[SIM_TEXT_BUTTON];
  if (!has_button(s, parent, custom_id))
    return NULL;
  word = word_of(custom_id);
  e = effect_of(word);
  if (!e || e->refused & s->profile->bit)
    return NULL;
  index = strstr(word, "::");
  if ((parent->makes == SIM_GRID || parent->makes == SIM_VIDEO) && index &&
      index[2] >= '1' && index[2] <= '4')
    tile = index[2] - '0';
  *asks = e->asks;
  *why = "提交失败，系统异常";
  t = !strncmp(word, "PicReader::", 11) ||
              !strncmp(word, "PromptAnalyzer::", 16)
          ? sim_press_told(s, parent, index ? index[2] - '0' : 0, custom_id)
          : follow(s, parent, e, word, tile);
  name_button(t, custom_id);
  return t;
}

struct sim_task *sim_change(mj_sim *s, struct sim_task *parent,
                            const char *action, int index) {
  const char *word = *action == 'U' ? "upsample" : "variation";
  struct sim_task *t;
  if (*action == 'R')
    word = "reroll";
  t = follow(s, parent, effect_of(word), word,
             *action == 'R' || index < 1 || index > 4 ? 0 : index);
  if (t && *action != 'R' && (index < 1 || index > 4))
    t->fail = "[Invalid parameter] Invalid value";
  return t;
}

struct sim_task *sim_press_told(mj_sim *s, struct sim_task *parent, int n,
                                const char *custom_id) {
  const struct effect *e = effect_of(word_of(custom_id));
  char *prompt = sim_told(parent->final_prompt, n);
  struct sim_task *t = prompt ? sim_task_new(s, prompt) : NULL;
  if (!t) {
    free(prompt);
    return NULL;
  }
  t->prompt = prompt;
  t->final_prompt = sim_final_prompt(prompt);
  t->action = e->action[s->profile->column];
  t->steps[0].seed = t->key;
  t->nsteps = 1;
  t->bot = parent->bot;
  t->mode = parent->mode;
  t->parent = parent->index + 1;
  sim_obey(t, prompt);
  name_button(t, custom_id);
  if (t->final_prompt)
    return t;
  sim_task_free(t);
  return NULL;
}
