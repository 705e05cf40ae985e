/* SPDX-License-Identifier: MIT
   button.c - what a button means, and which one is meant.
   The grammar of customIds was read off midjourney-proxy-plus' documents and
   trueai's and new-api's sources (CoverPlusActionToNormalAction). */
#include "button.h"
#include "err.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* verb = the third part of MJ::JOB::verb::..., else the second.  %s is the
   part behind the verb. */
struct meaning {
  const char *verb, *arg, *intent;
};

static const struct meaning meanings[] = {
    {"upsample", NULL, "upscale:%s"},
    {"variation", NULL, "vary:%s"},
    {"reroll", NULL, "reroll"},
    {"low_variation", NULL, "vary:subtle"},
    {"high_variation", NULL, "vary:strong"},
    {"upsample_v5_2x", NULL, "upscale:2x"},
    {"upsample_v5_4x", NULL, "upscale:4x"},
    {"Inpaint", NULL, "vary:region"},
    {"Outpaint", "50", "zoom:2"},
    {"Outpaint", "75", "zoom:1.5"},
    {"Outpaint", "100", "square"},
    {"CustomZoom", NULL, "zoom:N"},
    {"pan_left", NULL, "pan:left"},
    {"pan_right", NULL, "pan:right"},
    {"pan_up", NULL, "pan:up"},
    {"pan_down", NULL, "pan:down"},
    {"animate_low", NULL, "animate:low"},
    {"animate_high", NULL, "animate:high"},
    {"animate_low_extend", NULL, "extend:low"},
    {"animate_high_extend", NULL, "extend:high"},
    {"video_virtual_upscale", NULL, "upscale:%s"},
    {"UPSCALE", NULL, "upscale:%s"}, /* change::UPSCALE::2, our own */
    {"VARIATION", NULL, "vary:%s"},
    {"REROLL", NULL, "reroll"},
    {"upscale", NULL, "upscale:%s"}, /* generate::upscale::2, likewise */
    {"vary", NULL, "vary:%s"},
};

/* Copies the n-th part of a::b::c; 0 when there is none or it is too long. */
static int part(const char *id, int n, char *out, size_t size) {
  const char *end;
  while (n-- > 0) {
    id = strstr(id, "::");
    if (!id)
      return 0;
    id += 2;
  }
  end = strstr(id, "::");
  if (!end)
    end = id + strlen(id);
  if ((size_t)(end - id) >= size)
    return 0;
  memcpy(out, id, (size_t)(end - id));
  out[end - id] = '\0';
  return 1;
}

static int ends_with(const char *s, const char *tail) {
  size_t n = strlen(s), k = strlen(tail);
  return n >= k && strcmp(s + n - k, tail) == 0;
}

const char *mj_button_intent(const char *custom_id, char *buf, size_t size) {
  char verb[48], arg[24] = "";
  size_t i;
  int at = 1;
  if (!custom_id || !part(custom_id, 1, verb, sizeof verb))
    return NULL;
  if (strcasecmp(verb, "JOB") == 0) { /* "Job" in PicReader's */
    at = 2;
    if (!part(custom_id, 2, verb, sizeof verb))
      return NULL;
  }
  (void)part(custom_id, at + 1, arg, sizeof arg);
  /* v5, v6, v6r1, v7 and those to come */
  if (strncmp(verb, "upsample_v", 10) == 0) {
    if (ends_with(verb, "_2x_subtle"))
      return snprintf(buf, size, "upscale:subtle") > 0 ? buf : NULL;
    if (ends_with(verb, "_2x_creative"))
      return snprintf(buf, size, "upscale:creative") > 0 ? buf : NULL;
  }
  for (i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
    const struct meaning *m = &meanings[i];
    const char *hole = strstr(m->intent, "%s");
    if (strcmp(verb, m->verb) != 0 || (m->arg && strcmp(arg, m->arg) != 0))
      continue;
    if (hole && !*arg)
      return NULL; /* of which picture? */
    (void)snprintf(buf, size, "%.*s%s",
                   hole ? (int)(hole - m->intent) : (int)strlen(m->intent),
                   m->intent, hole ? arg : "");
    return buf;
  }
  return NULL;
}

/* U+FE0E and U+FE0F, which gateways drop at random. */
static const char *skip_selectors(const char *s) {
  const unsigned char *u = (const unsigned char *)s;
  while (u[0] == 0xef && u[1] == 0xb8 && (u[2] == 0x8e || u[2] == 0x8f))
    u += 3;
  return (const char *)u;
}

static int same_emoji(const char *a, const char *b) {
  for (;;) {
    a = skip_selectors(a);
    b = skip_selectors(b);
    if (*a != *b)
      return 0;
    if (*a == '\0')
      return 1;
    a++;
    b++;
  }
}

enum { BY_ID, BY_LABEL, BY_EMOJI, BY_INTENT, BY_ZOOM, BY_END };

/* "zoom:1.7": any factor, by way of Custom Zoom. */
static int is_zoom(const char *sel) {
  return strncmp(sel, "zoom:", 5) == 0 && sel[5] >= '0' && sel[5] <= '9' &&
         sel[5 + strspn(sel + 5, "0123456789.")] == '\0';
}

static int matches(const mj_button *b, const char *sel, int how) {
  char buf[64];
  const char *intent;
  switch (how) {
  case BY_ID:
    return b->custom_id && strcmp(b->custom_id, sel) == 0;
  case BY_LABEL:
    return b->label && *b->label && strcmp(b->label, sel) == 0;
  case BY_EMOJI:
    return b->emoji && *b->emoji && same_emoji(b->emoji, sel);
  default:
    intent = mj_button_intent(b->custom_id, buf, sizeof buf);
    if (how == BY_ZOOM)
      return intent && strcmp(intent, "zoom:N") == 0 && is_zoom(sel);
    return intent && strcmp(intent, sel) == 0;
  }
}

/* "U1, U2, reroll": the label, else the intent, else the emoji or the id. */
void mj__button_list(const mj_button *buttons, size_t n, char *out,
                     size_t size) {
  size_t i, o = 0;
  out[0] = '\0';
  for (i = 0; i < n; i++) {
    const mj_button *b = &buttons[i];
    char buf[64];
    const char *name = b->label && *b->label ? b->label : NULL;
    int k;
    if (!name)
      name = mj_button_intent(b->custom_id, buf, sizeof buf);
    if (!name)
      name = b->emoji && *b->emoji ? b->emoji : b->custom_id;
    if (!name)
      continue;
    k = snprintf(out + o, size - o, "%s%s", o ? ", " : "", name);
    if (k < 0 || (size_t)k >= size - o)
      break;
    o += (size_t)k;
  }
}

static const char *id_of(const mj_button *b) {
  return b->custom_id ? b->custom_id : "(none)";
}

/* The label or intent that differs by its case alone, or NULL. */
static const char *meant(const mj_button *buttons, size_t n, const char *sel,
                         char *buf, size_t size) {
  size_t i;
  for (i = 0; *sel && i < n; i++) {
    const char *intent = mj_button_intent(buttons[i].custom_id, buf, size);
    if (buttons[i].label && strcasecmp(buttons[i].label, sel) == 0)
      return buttons[i].label;
    if (intent && strcasecmp(intent, sel) == 0)
      return intent;
  }
  return NULL;
}

int mj_button_find(const mj_button *buttons, size_t n, const char *selector,
                   mj_error *err) {
  char list[400], word[64];
  const char *near;
  int how;
  mj__err_clear(err);
  for (how = BY_ID; how < BY_END; how++) {
    int hit = -1;
    size_t i;
    for (i = 0; i < n; i++) {
      if (!matches(&buttons[i], selector, how))
        continue;
      if (hit >= 0)
        return mj__err_set(err, MJ_ENO_BUTTON,
                           "%.60s matches two buttons: give the customId, "
                           "%.120s or %.120s",
                           selector, id_of(&buttons[hit]), id_of(&buttons[i]));
      hit = (int)i;
    }
    if (hit >= 0)
      return hit;
  }
  mj__button_list(buttons, n, list, sizeof list);
  near = meant(buttons, n, selector, word, sizeof word);
  if (near)
    return mj__err_set(err, MJ_ENO_BUTTON,
                       "no button %.60s (did you mean %.60s?); there are: %s",
                       selector, near, list);
  if (n == 0)
    return mj__err_set(err, MJ_ENO_BUTTON,
                       "no button %.60s: the task has no buttons", selector);
  return mj__err_set(err, MJ_ENO_BUTTON, "no button %.60s; there are: %s",
                     selector, list);
}
