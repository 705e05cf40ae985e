/* SPDX-License-Identifier: MIT
   gen_check.c - what a submission of the generate family must look like.  The
   names and ranges are the provider's; of the refusals it documents the shape
   and "Missing required field: input.prompt", the other texts are made up. */
#include "gen.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct gen_mode modes[] = {
    {"text-to-image", GEN_TEXT, "IMAGINE", 0},
    {"image-to-image", GEN_IMAGE, "IMAGINE", 0},
    {"upload-paint", GEN_PAINT, "INPAINT", 0},
    {"vary", GEN_VARY, "VARIATION", 0},
    {"upscale", GEN_UPSCALE, "UPSCALE", 1},
    /* "contact us to enable": their names and fields are guesses */
    {"outpaint", GEN_OUTPAINT, "ZOOM", 0},
    {"retexture", GEN_RETEXTURE, "RETEXTURE", 0},
    {"remove-background", GEN_BACKGROUND, "REMOVE_BACKGROUND", 1},
    {"reroll", GEN_REROLL, "REROLL", 0},
    {NULL, 0, NULL, 0}};

static const struct gen_mode *mode_of(const char *name, size_t n) {
  const struct gen_mode *m = modes;
  while (m->name && (strlen(m->name) != n || strncmp(m->name, name, n)))
    m++;
  return m->name ? m : NULL;
}

int gen_capabilities_parse(mj_sim *s, const char *text, char *why,
                           size_t size) {
  for (const char *p = text; *p; p += strcspn(p, "+"), p += *p == '+') {
    size_t n = strcspn(p, "+");
    const struct gen_mode *m = mode_of(p, n);
    if (m && !(m->bit & GEN_ALWAYS)) {
      s->capabilities |= m->bit;
    } else if (n == 3 && !strncmp(p, "all", 3)) {
      s->capabilities = GEN_ALL;
    } else {
      snprintf(why, size,
               "capabilities: no '%.*s' (all, outpaint, retexture, "
               "remove-background, reroll)",
               (int)n, p);
      return -1;
    }
  }
  return 0;
}

/* -------------------------------------------------------------------------- */

static int missing(struct sim_call *c, const char *object, const char *name) {
  char text[120];
  snprintf(text, sizeof text, "Missing required field: %s%s", object, name);
  gen_refuse(c, 400, "Invalid request", text);
  return -1;
}

static int invalid(struct sim_call *c, const char *object, const char *name,
                   const char *expected) {
  char text[160];
  snprintf(text, sizeof text, "Invalid field: %s%s must be %s", object, name,
           expected);
  gen_refuse(c, 400, "Invalid request", text);
  return -1;
}

int gen_is_http(const char *text) {
  return !strncasecmp(text, "http://", 7) || !strncasecmp(text, "https://", 8);
}

/* One field of `input`. */
struct field {
  const char *name;
  unsigned modes, required; /* where it is looked at, where it must be */
  int (*fits)(const sim_body *in, const struct field *f);
  int64_t lo, hi;
  const char *expected;
};

static int is_text(const sim_body *in, const struct field *f) {
  return sim_body_kind(in, f->name) == SIM_STRING;
}

static int is_boolean(const sim_body *in, const struct field *f) {
  return sim_body_kind(in, f->name) == SIM_BOOLEAN;
}

static int in_range(const sim_body *in, const char *name, int64_t lo,
                    int64_t hi) {
  int64_t n = sim_body_integer(in, name, INT64_MIN);
  return sim_body_kind(in, name) == SIM_INTEGER && n >= lo && n <= hi;
}

static int is_number(const sim_body *in, const struct field *f) {
  return in_range(in, f->name, f->lo, f->hi);
}

static int is_one_of(const sim_body *in, const char *name,
                     const char *const *list) {
  const char *text = sim_body_text(in, name);
  if (sim_body_kind(in, name) != SIM_STRING)
    return 0;
  while (*list && strcmp(*list, text))
    list++;
  return *list != NULL;
}

static int is_version(const sim_body *in, const struct field *f) {
  static const char *const list[] = {"v6",     "v6.1",   "v7",
                                     "niji 6", "niji 7", NULL};
  return is_one_of(in, f->name, list);
}

static int is_speed(const sim_body *in, const struct field *f) {
  static const char *const list[] = {"fast", "turbo", NULL};
  return is_one_of(in, f->name, list);
}

static int is_aspect(const sim_body *in, const struct field *f) {
  const char *text = sim_body_text(in, f->name);
  long w, h;
  return is_text(in, f) && text[0] && !text[strspn(text, "0123456789:")] &&
         !sim_ratio(text, &w, &h);
}

static int is_pictures(const sim_body *in, const struct field *f) {
  size_t n = sim_body_items(in, f->name);
  for (size_t i = 0; i < n; i++) {
    int is_string = 0;
    const char *text = sim_body_item(in, f->name, i, &is_string);
    if (!text || !is_string || !*text)
      return 0;
  }
  return n > 0;
}

/* Corners of a polygon: three at least, none left of or above the picture. */
static int is_points(const sim_body *area) {
  size_t n = sim_body_items(area, "points");
  for (size_t i = 0; i < n; i++) {
    int is_string = 1;
    const char *text = sim_body_item(area, "points", i, &is_string);
    if (!text || is_string || text[strspn(text, "0123456789")])
      return 0;
  }
  return n >= 6 && n % 2 == 0;
}

/* Areas, or the address or base64 of a picture. */
static int is_mask(const sim_body *in, const struct field *f) {
  const sim_body *mask = sim_body_object(in, f->name);
  const char *url = sim_body_text(mask, "url");
  size_t n = sim_body_items(mask, "areas");
  if (!mask ||
      (sim_body_kind(mask, "url") && sim_body_kind(mask, "url") != SIM_STRING))
    return 0;
  if (sim_body_kind(mask, "areas") && sim_body_kind(mask, "areas") != SIM_ARRAY)
    return 0;
  for (size_t i = 0; i < n; i++) {
    const sim_body *area = sim_body_entry(mask, "areas", i);
    if (!area || !in_range(area, "width", 1, 65536) ||
        !in_range(area, "height", 1, 65536) || !is_points(area))
      return 0;
  }
  return n || (url && *url);
}

static int is_canvas(const sim_body *in, const struct field *f) {
  const sim_body *o = sim_body_object(in, f->name);
  return o && in_range(o, "width", 1, 65536) && in_range(o, "height", 1, 65536);
}

static int is_position(const sim_body *in, const struct field *f) {
  const sim_body *o = sim_body_object(in, f->name);
  return is_canvas(in, f) && in_range(o, "x", -65536, 65536) &&
         in_range(o, "y", -65536, 65536);
}

#define PICTURES                                                               \
  (GEN_IMAGE | GEN_PAINT | GEN_OUTPAINT | GEN_RETEXTURE | GEN_BACKGROUND)
#define PARENT (GEN_VARY | GEN_UPSCALE | GEN_REROLL)
#define INDEX  (GEN_VARY | GEN_UPSCALE)

static const struct field fields[] = {
    {"prompt", GEN_ALL, GEN_TEXT | GEN_IMAGE | GEN_PAINT | GEN_RETEXTURE,
     is_text, 0, 0, "a string"},
    {"image_urls", PICTURES, PICTURES, is_pictures, 0, 0,
     "a non-empty array of strings"},
    {"mask", GEN_PAINT, GEN_PAINT, is_mask, 0, 0,
     "an object with areas [{width, height, points}] or url"},
    {"canvas", GEN_PAINT | GEN_OUTPAINT, GEN_PAINT | GEN_OUTPAINT, is_canvas, 0,
     0, "an object {width, height}"},
    {"imgPos", GEN_PAINT | GEN_OUTPAINT, GEN_PAINT | GEN_OUTPAINT, is_position,
     0, 0, "an object {x, y, width, height}"},
    {"taskId", PARENT, PARENT, is_text, 0, 0, "a string"},
    {"imageIndex", INDEX, INDEX, is_number, 0, 3, "an integer from 0 to 3"},
    {"type", GEN_UPSCALE, GEN_UPSCALE, is_number, 0, 3,
     "an integer from 0 to 3"},
    {"type", GEN_VARY, GEN_VARY, is_number, 0, 1, "0 or 1"},
    {"version", GEN_ALL, 0, is_version, 0, 0,
     "one of v6, v6.1, v7, niji 6, niji 7"},
    {"speed", GEN_ALL, 0, is_speed, 0, 0, "fast or turbo"},
    {"aspect", GEN_ALL, 0, is_aspect, 0, 0, "a ratio such as 16:9"},
    {"chaos", GEN_ALL, 0, is_number, 0, 100, "an integer from 0 to 100"},
    {"stylize", GEN_ALL, 0, is_number, 0, 1000, "an integer from 0 to 1000"},
    {"weird", GEN_ALL, 0, is_number, 0, 3000, "an integer from 0 to 3000"},
    {"enableTranslation", GEN_ALL, 0, is_boolean, 0, 0, "a boolean"},
    {NULL, 0, 0, NULL, 0, 0, NULL}};

static int is_empty(const sim_body *in, const char *name) {
  return sim_body_kind(in, name) == SIM_NONE ||
         (sim_body_kind(in, name) == SIM_STRING &&
          sim_blank(sim_body_text(in, name)));
}

static int check_input(struct sim_call *c, const sim_body *in,
                       const struct gen_mode *m) {
  for (const struct field *f = fields; f->name; f++) {
    if (!(f->modes & m->bit))
      continue;
    if (f->required & m->bit && is_empty(in, f->name))
      return missing(c, "input.", f->name);
    if (sim_body_kind(in, f->name) != SIM_NONE && !f->fits(in, f))
      return invalid(c, "input.", f->name, f->expected);
  }
  return 0;
}

/* What stands around `input`. */
static int check_request(struct sim_call *c) {
  static const char *const types[] = {"async", "callback", NULL};
  const sim_body *b = c->body;
  const char *type = sim_body_text(b, "request_type");
  const char *url = sim_body_text(b, "callback_url");
  if (sim_body_kind(b, "request_type") && !is_one_of(b, "request_type", types))
    return invalid(c, "", "request_type", "async or callback");
  if (sim_body_kind(b, "provider") &&
      sim_body_kind(b, "provider") != SIM_STRING)
    return invalid(c, "", "provider", "a string");
  if (type && !strcmp(type, "callback") && is_empty(b, "callback_url"))
    return missing(c, "", "callback_url");
  if (sim_body_kind(b, "callback_url") &&
      (sim_body_kind(b, "callback_url") != SIM_STRING ||
       (*url && !gen_is_http(url))))
    return invalid(c, "", "callback_url", "an http or https address");
  if (sim_body_kind(b, "input") == SIM_NONE)
    return missing(c, "", "input");
  if (!sim_body_object(b, "input"))
    return invalid(c, "", "input", "an object");
  return 0;
}

const struct gen_mode *gen_check(struct sim_call *c) {
  const sim_body *in = sim_body_object(c->body, "input");
  const char *name = sim_body_text(in, "mode");
  const struct gen_mode *m;
  char text[80];
  if (check_request(c))
    return NULL;
  if (is_empty(in, "mode")) {
    missing(c, "input.", "mode");
    return NULL;
  }
  m = name && sim_body_kind(in, "mode") == SIM_STRING
          ? mode_of(name, strlen(name))
          : NULL;
  if (!m) {
    invalid(c, "input.", "mode",
            "one of text-to-image, image-to-image, upload-paint, vary, "
            "upscale");
    return NULL;
  }
  if (!((GEN_ALWAYS | c->s->capabilities) & m->bit)) {
    snprintf(text, sizeof text, "mode not enabled for this account: %s",
             m->name);
    gen_refuse(c, 400, "Invalid request", text);
    return NULL;
  }
  return check_input(c, in, m) ? NULL : m;
}
