/* SPDX-License-Identifier: MIT
   gen_submit.c - POST /api/v1/generateTask/midjourney. */
#include "gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where an address leads, without its host: the work is the same on whatever
   port a picture happens to be served. */
static const char *path_of(const char *url) {
  const char *host = strstr(url, "://");
  return host ? host + 3 + strcspn(host + 3, "/") : url;
}

static void put_numbers(struct sim_buf *b, const sim_body *in,
                        const char *name) {
  static const char *const keys[] = {"x", "y", "width", "height"};
  const sim_body *o = sim_body_object(in, name);
  for (int i = 0; o && i < 4; i++)
    sim_putf(b, " %lld", (long long)sim_body_integer(o, keys[i], 0));
}

static void put_mask(struct sim_buf *b, const sim_body *in) {
  const sim_body *mask = sim_body_object(in, "mask"), *area;
  const char *url = sim_body_text(mask, "url");
  int is_string;
  for (size_t i = 0; (area = sim_body_entry(mask, "areas", i)) != NULL; i++)
    for (size_t k = 0; k < sim_body_items(area, "points"); k++) {
      sim_put(b, " ");
      sim_put(b, sim_body_item(area, "points", k, &is_string));
    }
  sim_put(b, url ? path_of(url) : "");
}

/* All that the work depends on. */
static char *about(const struct sim_call *c, const sim_body *in) {
  static const char *const keys[] = {"mode",       "prompt", "version", "speed",
                                     "aspect",     "chaos",  "stylize", "weird",
                                     "imageIndex", "type"};
  const char *id = sim_body_text(in, "taskId");
  const struct sim_task *parent = id ? sim_task_find(c->s, id) : NULL;
  struct sim_buf b = {0};
  int is_string;
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    const char *text = sim_body_text(in, keys[i]);
    sim_put(&b, text ? text : "");
    sim_put(&b, "\n");
  }
  for (size_t i = 0; i < sim_body_items(in, "image_urls"); i++) {
    const char *url = sim_body_item(in, "image_urls", i, &is_string);
    sim_put(&b, url ? path_of(url) : "");
    sim_put(&b, "\n");
  }
  put_mask(&b, in);
  put_numbers(&b, in, "canvas");
  put_numbers(&b, in, "imgPos");
  if (parent)
    sim_putf(&b, "%016llx", (unsigned long long)parent->key);
  else
    sim_put(&b, id ? id : "");
  return b.p;
}

/* "task_" and twelve letters and digits. */
static void name(const mj_sim *s, struct sim_task *t) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  for (unsigned use = 60; !t->id[0] || sim_task_find(s, t->id); use++) {
    uint64_t r = sim_mix(t->key, use);
    snprintf(t->id, sizeof t->id, "task_");
    for (size_t i = 5; i < 17; i++, r /= 36)
      t->id[i] = letters[r % 36];
    t->id[17] = '\0';
  }
}

/* "~30-45 seconds" and "~15-25 seconds". */
static void set_pace(struct sim_task *t, const sim_body *in) {
  const char *speed = sim_body_text(in, "speed");
  int turbo = speed && !strcmp(speed, "turbo");
  uint64_t r = sim_mix(t->key, 50);
  t->mode = turbo ? "TURBO" : "FAST";
  t->length =
      turbo ? 15000 + (int64_t)(r % 10001) : 30000 + (int64_t)(r % 15001);
  t->lead = t->delay;
  t->direct = 1;
}

/* The canvas, in a shape that can be drawn. */
static void set_canvas(struct sim_task *t, const sim_body *in) {
  const sim_body *canvas = sim_body_object(in, "canvas");
  long w = (long)sim_body_integer(canvas, "width", 1);
  long h = (long)sim_body_integer(canvas, "height", 1);
  if (w > 14 * h)
    w = 14 * h;
  if (h > 14 * w)
    h = 14 * w;
  sim_shape(w, h, &t->width, &t->height);
}

static void set_size(struct sim_task *t, const struct sim_task *parent,
                     const sim_body *in, const struct gen_mode *m) {
  const char *aspect = sim_body_text(in, "aspect");
  long w, h;
  if (m->bit & (GEN_PAINT | GEN_OUTPAINT)) {
    set_canvas(t, in);
  } else if (parent) {
    t->width = parent->width;
    t->height = parent->height;
  } else if (aspect && !sim_ratio(aspect, &w, &h)) {
    sim_shape(w, h, &t->width, &t->height);
  } else {
    struct sim_words words;
    sim_words(t->prompt, &words);
    t->width = words.width;
    t->height = words.height;
  }
}

/* Twice as large, or as "4x HD" says; no side is longer than can be drawn. */
static void enlarge(struct sim_task *t, int64_t type) {
  static const char *const labels[] = {"HD", "creative", "2x", "4x"};
  int times = type == 3 ? 4 : 2;
  int longer = (t->width > t->height ? t->width : t->height) * times;
  t->width *= times;
  t->height *= times;
  if (longer > MJ_PICTURE_MAX) {
    t->width = (int)((int64_t)t->width * MJ_PICTURE_MAX / longer);
    t->height = (int)((int64_t)t->height * MJ_PICTURE_MAX / longer);
  }
  snprintf(t->label, sizeof t->label, "%s", labels[type]);
}

/* What the picture is made of: words, or one of the parent's pictures. */
static void set_descent(struct sim_task *t, const struct sim_task *parent,
                        const sim_body *in, const struct gen_mode *m) {
  int tile = (int)sim_body_integer(in, "imageIndex", 0) + 1;
  int64_t type = sim_body_integer(in, "type", 0);
  t->steps[0].seed = t->key;
  t->steps[0].tile = 1;
  t->nsteps = 1;
  if (m->bit & (GEN_PAINT | GEN_OUTPAINT | GEN_RETEXTURE | GEN_BACKGROUND))
    snprintf(t->label, sizeof t->label, "%.20s", m->name);
  if (!parent)
    return;
  if (m->bit == GEN_REROLL) {
    memcpy(t->steps, parent->steps, sizeof t->steps);
    t->nsteps = parent->nsteps;
    t->steps[t->nsteps - 1].seed = t->key;
    return;
  }
  sim_descend(t, parent, tile);
  t->pressed = tile;
  if (m->bit == GEN_UPSCALE)
    enlarge(t, type);
  else
    snprintf(t->label, sizeof t->label, "V of %d%s", tile,
             type ? " strong" : " subtle");
}

/* What goes wrong; the earlier it is seen, the sooner it is told. */
static void set_end(struct sim_task *t, const struct sim_task *parent,
                    const sim_body *in, const struct gen_mode *m) {
  const char *prompt = sim_body_text(in, "prompt");
  struct sim_words words;
  if (m->bit & (GEN_VARY | GEN_UPSCALE | GEN_REROLL) && !parent)
    t->fail = "INVALID_TASK_ID";
  if (!t->fail)
    t->fail = gen_fail_of_pictures(in);
  if (t->fail) {
    t->length = t->delay + 1000 + (int64_t)(sim_mix(t->key, 51) % 1000);
    return;
  }
  if (!prompt || m->bit == GEN_UPSCALE)
    return;
  sim_words(prompt, &words);
  t->fail = gen_fail_of_prompt(prompt);
  t->stuck = words.stuck && !t->fail;
  if (words.slow)
    t->length *= 10;
  if (t->fail && strcmp(t->fail, "CONTENT_VIOLATION") != 0)
    t->length /= 2;
}

/* A finished task with four pictures, or NULL. */
static struct sim_task *parent_of(const struct sim_call *c,
                                  const sim_body *in) {
  const char *id = sim_body_text(in, "taskId");
  struct sim_task *t = id ? sim_task_find(c->s, id) : NULL;
  if (!t || t->makes != SIM_GRID ||
      sim_view_at(c->s, t, c->now).status != SIM_SUCCESS)
    return NULL;
  return t;
}

static int set_words(const struct sim_call *c, struct sim_task *t,
                     const struct sim_task *parent, const sim_body *in,
                     const struct gen_mode *m) {
  const char *type = sim_body_text(c->body, "request_type");
  const char *prompt =
      m->bit == GEN_UPSCALE ? NULL : sim_body_text(in, "prompt");
  if (!prompt && parent)
    prompt = parent->prompt;
  if (prompt && !(t->prompt = sim_copy(prompt)))
    return -1;
  if (type && !strcmp(type, "callback")) {
    t->notify = sim_copy(sim_body_text(c->body, "callback_url"));
    return t->notify ? 0 : -1;
  }
  return 0;
}

static struct sim_task *make(struct sim_call *c, const struct gen_mode *m) {
  const sim_body *in = sim_body_object(c->body, "input");
  int follows = (m->bit & (GEN_VARY | GEN_UPSCALE | GEN_REROLL)) != 0;
  const struct sim_task *parent = follows ? parent_of(c, in) : NULL;
  char *text = about(c, in);
  struct sim_task *t = text ? sim_task_new(c->s, text) : NULL;
  free(text);
  if (!t)
    return NULL;
  if (set_words(c, t, parent, in, m)) {
    sim_task_free(t);
    return NULL;
  }
  name(c->s, t);
  t->action = m->action;
  t->makes = m->single ? SIM_TILE : SIM_GRID;
  t->kind = MJ_PICTURE_TILE;
  t->parent = parent ? parent->index + 1 : 0;
  set_pace(t, in);
  set_size(t, parent, in, m);
  set_descent(t, parent, in, m);
  set_end(t, parent, in, m);
  return t;
}

void gen_submit(struct sim_call *c) {
  const struct gen_mode *m = gen_check(c);
  struct sim_task *t;
  size_t ahead;
  int code;
  if (!m || gen_crowded(c))
    return;
  t = make(c, m);
  code = t ? sim_task_submit(c->s, t, &ahead) : 9;
  if (code == 23) {
    gen_too_many_tasks(c);
  } else if (code == 9) {
    gen_refuse(c, 500, "Internal server error", NULL);
  } else {
    gen_born(c->s, t);
    sim_put(&c->out, "{\"code\":200,\"message\":\"success\",\"data\":{");
    sim_put_member(&c->out, "taskId", t->id);
    sim_put(&c->out, "}}");
    sim_reply(c, 200, SIM_JSON);
  }
}

int gen_sample(mj_sim *s) {
  struct sim_task *t = sim_task_new(s, "task_abc123xyz789");
  if (!t)
    return -1;
  snprintf(t->id, sizeof t->id, "task_abc123xyz789");
  t->action = "IMAGINE";
  t->kind = MJ_PICTURE_TILE;
  t->prompt = sim_copy("a red fox in snow");
  t->steps[0].seed = t->key;
  t->nsteps = 1;
  sim_shape(1, 1, &t->width, &t->height);
  t->submitted = t->slot = INT64_C(1767965610929);
  t->old = 1;
  if (!t->prompt || sim_task_keep(s, t)) {
    sim_task_free(t);
    return -1;
  }
  s->stats.tasks = 0;
  return 0;
}
