/* SPDX-License-Identifier: MIT
   press.c - the buttons of a finished task, and the task that each leads to.
   Custom ids as they stand in the replies of the gateways. */
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct button_row {
  const char *custom_id; /* @ stands for the hash */
  const char *emoji, *label;
};

static const struct button_row grid_rows[] = {
    {"MJ::JOB::upsample::1::@", "", "U1"},
    {"MJ::JOB::upsample::2::@", "", "U2"},
    {"MJ::JOB::upsample::3::@", "", "U3"},
    {"MJ::JOB::upsample::4::@", "", "U4"},
    {"MJ::JOB::reroll::0::@::SOLO", "🔄", ""},
    {"MJ::JOB::variation::1::@", "", "V1"},
    {"MJ::JOB::variation::2::@", "", "V2"},
    {"MJ::JOB::variation::3::@", "", "V3"},
    {"MJ::JOB::variation::4::@", "", "V4"},
    {NULL, NULL, NULL}};

static const struct button_row tile_rows[] = {
    {"MJ::JOB::low_variation::1::@::SOLO", "🪄", "Vary (Subtle)"},
    {"MJ::JOB::high_variation::1::@::SOLO", "🪄", "Vary (Strong)"},
    {"MJ::Inpaint::1::@::SOLO", "🖌️", "Vary (Region)"},
    {"MJ::Outpaint::50::1::@::SOLO", "🔍", "Zoom Out 2x"},
    {"MJ::Outpaint::75::1::@::SOLO", "🔍", "Zoom Out 1.5x"},
    {"MJ::CustomZoom::@", "🔍", "Custom Zoom"},
    {"MJ::Outpaint::100::1::@::SOLO", "↔️", "Make Square"},
    {"MJ::JOB::pan_left::1::@::SOLO", "⬅️", ""},
    {"MJ::JOB::pan_right::1::@::SOLO", "➡️", ""},
    {"MJ::JOB::pan_up::1::@::SOLO", "⬆️", ""},
    {"MJ::JOB::pan_down::1::@::SOLO", "⬇️", ""},
    {"MJ::JOB::animate_high::1::@::SOLO", "🎞️", "Animate (High motion)"},
    {"MJ::JOB::animate_low::1::@::SOLO", "🎞️", "Animate (Low motion)"},
    {"MJ::BOOKMARK::@", "❤️", ""},
    {NULL, NULL, NULL}};

static void fill(struct sim_button *b, const struct button_row *row,
                 const char *hash) {
  const char *at = strchr(row->custom_id, '@');
  snprintf(b->custom_id, sizeof b->custom_id, "%.*s%s%s",
           (int)(at - row->custom_id), row->custom_id, hash, at + 1);
  snprintf(b->label, sizeof b->label, "%s", row->label);
  b->emoji = row->emoji;
}

/* Upscale (Subtle) and (Creative), or 2x and 4x of version 5. */
static int upscales(const struct sim_task *t, struct sim_button *out) {
  struct sim_words words;
  int old;
  sim_words(t->prompt, &words);
  old = !strcmp(words.version, "v5");
  for (int i = 0; i < 2; i++) {
    const char *kind = old ? (i ? "4x" : "2x") : (i ? "Creative" : "Subtle");
    const char *id =
        old ? (i ? "4x" : "2x") : (i ? "2x_creative" : "2x_subtle");
    snprintf(out[i].custom_id, sizeof out[i].custom_id,
             "MJ::JOB::upsample_%s_%s::1::%s::SOLO", words.version, id,
             t->hash);
    snprintf(out[i].label, sizeof out[i].label, "%s (%s)",
             t->width > 2000 ? "Redo Upscale" : "Upscale", kind);
    out[i].emoji = "upscale_1";
  }
  return 2;
}

int sim_buttons(const struct sim_task *t, struct sim_button *out) {
  const struct button_row *row = grid_rows;
  int n = 0;
  if (t->kind == MJ_PICTURE_TILE) {
    row = tile_rows;
    n = upscales(t, out);
  }
  for (; row->custom_id; row++)
    if (strcmp(row->label, "Make Square") || t->width != t->height)
      fill(&out[n++], row, t->hash);
  return n;
}

/* What a button does, by the start of the word after "MJ::JOB::" or "MJ::". */
static const struct effect {
  const char *word, *action, *label;
  enum mj_picture_kind kind;
  int modal;
} effects[] = {
    {"upsample_", "UPSCALE", "2x", MJ_PICTURE_TILE, 0},
    {"upsample", "UPSCALE", "U", MJ_PICTURE_TILE, 0},
    {"variation", "VARIATION", "V of ", MJ_PICTURE_GRID, 0},
    {"low_variation", "LOW_VARIATION", "subtle", MJ_PICTURE_GRID, 0},
    {"high_variation", "HIGH_VARIATION", "strong", MJ_PICTURE_GRID, 0},
    {"reroll", "REROLL", "reroll", MJ_PICTURE_GRID, 0},
    {"pan_", "PAN", "pan ", MJ_PICTURE_GRID, 0},
    {"Outpaint", "ZOOM", "zoom", MJ_PICTURE_GRID, 0},
    {"CustomZoom", "CUSTOM_ZOOM", "zoom", MJ_PICTURE_GRID, 1},
    {"Inpaint", "INPAINT", "region", MJ_PICTURE_GRID, 1},
    {NULL, NULL, NULL, MJ_PICTURE_GRID, 0}};

static const char *word_of(const char *custom_id) {
  const char *p = custom_id + strlen("MJ::");
  return strncmp(p, "JOB::", 5) ? p : p + 5;
}

/* The descent of a picture; one that is too long loses its middle. */
static void descend(struct sim_task *t, const struct sim_task *parent,
                    int tile) {
  memcpy(t->steps, parent->steps, sizeof t->steps);
  t->nsteps = parent->nsteps;
  if (tile)
    t->steps[t->nsteps - 1].tile = tile;
  if (t->kind == MJ_PICTURE_TILE)
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
  else if (!strcmp(e->action, "PAN"))
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
  if (t->kind == MJ_PICTURE_TILE && !strcmp(e->label, "2x") &&
      t->width <= 1536 && t->height <= 1536) {
    t->width *= 2;
    t->height *= 2;
  }
  if (t->kind == MJ_PICTURE_GRID && parent->width > 2000) {
    t->width /= 2;
    t->height /= 2;
  }
  if (!strncmp(word, "Outpaint::100", 13))
    t->width = t->height = 1024;
}

static struct sim_task *follow(mj_sim *s, struct sim_task *parent,
                               const struct effect *e, const char *word,
                               int tile) {
  char about[128];
  const char *number;
  struct sim_task *t;
  struct sim_words words;
  number = strstr(word, "::");
  snprintf(about, sizeof about, "%016llx %.*s %ld %d",
           (unsigned long long)parent->key, (int)strcspn(word, ":"), word,
           number ? strtol(number + 2, NULL, 10) : tile, tile);
  t = sim_task_new(s, about);
  if (!t)
    return NULL;
  t->action = e->action;
  t->kind = e->kind;
  t->modal = e->modal;
  t->prompt = sim_copy(parent->prompt);
  t->final_prompt = sim_copy(parent->final_prompt);
  if (!t->prompt || !t->final_prompt) {
    sim_task_free(t);
    return NULL;
  }
  if (!strcmp(e->action, "REROLL")) {
    memcpy(t->steps, parent->steps, sizeof t->steps);
    t->nsteps = parent->nsteps;
    t->steps[t->nsteps - 1].seed = t->key;
  } else {
    descend(t, parent, tile);
  }
  set_label(t, e, word, tile);
  set_size(t, parent, e, word);
  if (t->kind == MJ_PICTURE_TILE) { /* upscales take about 5 s */
    t->direct = 1;
    t->lead = t->delay;
    t->length = t->delay + 3000 + (int64_t)(sim_mix(t->key, 7) % 2500);
  }
  sim_words(t->prompt, &words);
  if (words.slow)
    t->length *= 10;
  return t;
}

static const struct effect *effect_of(const char *word) {
  const struct effect *e = effects;
  while (e->word && strncmp(word, e->word, strlen(e->word)))
    e++;
  return e->word ? e : NULL;
}

static int has_button(const struct sim_task *t, const char *custom_id) {
  struct sim_button b[SIM_BUTTONS];
  int n = sim_buttons(t, b);
  /* The gateways' guide presses this one on the task of its sample. */
  if (t->literal && !strcmp(custom_id, "MJ::JOB::upsample::1::example"))
    return 1;
  for (int i = 0; i < n; i++)
    if (!strcmp(b[i].custom_id, custom_id))
      return 1;
  return 0;
}

struct sim_task *sim_press(mj_sim *s, struct sim_task *parent,
                           const char *custom_id, const char **why) {
  const struct effect *e;
  const char *word, *index;
  int tile = 0;
  *why = "参数错误";
  if (!has_button(parent, custom_id))
    return NULL;
  word = word_of(custom_id);
  e = effect_of(word);
  if (!e)
    return NULL;
  index = strstr(word, "::");
  if (parent->kind == MJ_PICTURE_GRID && index && index[2] >= '1' &&
      index[2] <= '4')
    tile = index[2] - '0';
  *why = "提交失败，系统异常";
  return follow(s, parent, e, word, tile);
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

/* Custom Zoom takes --zoom 1 to 2; nothing said means what was suggested. */
int sim_modal_start(struct sim_task *t, const char *prompt) {
  const char *zoom;
  if (!sim_blank(prompt)) {
    char *final = sim_final_prompt(prompt), *copy = sim_copy(prompt);
    if (!final || !copy) {
      free(final);
      free(copy);
      return -1;
    }
    free(t->prompt);
    free(t->final_prompt);
    t->prompt = copy;
    t->final_prompt = final;
  }
  zoom = strstr(t->final_prompt, "--zoom ");
  if (zoom) {
    double factor = strtod(zoom + 7, NULL);
    if (factor < 1 || factor > 2)
      t->fail = "[Invalid parameter] Invalid value";
  }
  t->modal = 0;
  return 0;
}
