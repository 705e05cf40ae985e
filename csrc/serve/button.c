/* SPDX-License-Identifier: MIT
   button.c - the buttons of a finished task.  Custom ids as they stand in the
   replies of the gateways. */
#include "sim_int.h"

#include <stdio.h>
#include <string.h>

struct button_row {
  const char *custom_id; /* @ stands for the hash */
  const char *emoji, *label;
};

#define END                                                                    \
  { NULL, NULL, NULL }

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
    END};

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
    END};

static const struct button_row video_rows[] = {
    {"MJ::JOB::video_virtual_upscale::1::@", "", "U1"},
    {"MJ::JOB::video_virtual_upscale::2::@", "", "U2"},
    {"MJ::JOB::video_virtual_upscale::3::@", "", "U3"},
    {"MJ::JOB::video_virtual_upscale::4::@", "", "U4"},
    END};

static const struct button_row extend_rows[] = {
    {"MJ::JOB::animate_high_extend::1::@", "🎞️", "Extend (High motion)"},
    {"MJ::JOB::animate_low_extend::1::@", "🎞️", "Extend (Low motion)"},
    END};

static const struct button_row prompt_rows[] = {
    {"MJ::Job::PicReader::1", "1️⃣", ""},
    {"MJ::Job::PicReader::2", "2️⃣", ""},
    {"MJ::Job::PicReader::3", "3️⃣", ""},
    {"MJ::Job::PicReader::4", "4️⃣", ""},
    {"MJ::Picread::Retry", "🔄", ""},
    {"MJ::Job::PicReader::all", "🎉", "Imagine all"},
    END};

/* The id of Show Details is a guess: nobody has written it down. */
static const struct button_row short_rows[] = {
    {"MJ::Job::PromptAnalyzer::1", "1️⃣", ""},
    {"MJ::Job::PromptAnalyzer::2", "2️⃣", ""},
    {"MJ::Job::PromptAnalyzer::3", "3️⃣", ""},
    {"MJ::Job::PromptAnalyzer::4", "4️⃣", ""},
    {"MJ::Job::PromptAnalyzer::5", "5️⃣", ""},
    {"MJ::Job::PromptAnalyzerExtended", "", "Show Details"},
    END};

static void fill(struct sim_button *b, const char *custom_id,
                 const struct button_row *row, const char *hash) {
  int head = (int)strcspn(custom_id, "@");
  snprintf(b->custom_id, sizeof b->custom_id, "%.*s%s%s", head, custom_id,
           custom_id[head] ? hash : "",
           custom_id[head] ? custom_id + head + 1 : "");
  snprintf(b->label, sizeof b->label, "%s", row->label);
  b->emoji = row->emoji;
}

/* Upscale (Subtle) and (Creative), or 2x and 4x of version 5. */
static int upscales(const struct sim_task *t, struct sim_button *out) {
  struct sim_words words;
  int old;
  sim_words(t->final_prompt, &words);
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

static int put_rows(const mj_sim *s, const struct sim_task *t,
                    const struct button_row *row, int most,
                    struct sim_button *out) {
  int n = 0;
  for (; row->custom_id && n < most; row++) {
    const char *id = row->custom_id;
    if (!strcmp(row->label, "Make Square") && t->width == t->height)
      continue;
    /* CustomComponentModel.cs has an index here */
    if (!strcmp(id, "MJ::CustomZoom::@") && s->profile->bit == SIM_TRUEAI)
      id = "MJ::CustomZoom::1::@";
    fill(&out[n++], id, row, t->hash);
  }
  return n;
}

int sim_buttons(const mj_sim *s, const struct sim_task *t,
                struct sim_button *out) {
  static const struct button_row *const rows[] = {
      [SIM_GRID] = grid_rows,      [SIM_TILE] = tile_rows,
      [SIM_FACE] = NULL,           [SIM_VIDEO] = video_rows,
      [SIM_PROMPTS] = prompt_rows, [SIM_SHORT] = short_rows,
      [SIM_DETAILS] = short_rows};
  const struct button_row *row = rows[t->makes];
  int most = SIM_BUTTONS - 4, n = 0;
  if (!row)
    return 0;
  if (t->makes == SIM_TILE)
    n = upscales(t, out);
  if (t->makes == SIM_VIDEO)
    most = t->video > 1 ? t->video : 0;
  if (t->makes == SIM_DETAILS)
    most = 5;
  n += put_rows(s, t, row, most, out + n);
  if (t->makes == SIM_VIDEO)
    n += put_rows(s, t, extend_rows, 2, out + n);
  return n;
}
