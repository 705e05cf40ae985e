/* SPDX-License-Identifier: MIT
   words.c - what the simulator reads from a prompt. */
#include "sim_int.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const banned[] = {"nude",    "naked",     "nsfw",
                                     "porn",    "gore",      "bloody",
                                     "torture", "bloodbath", NULL};

/* Without the white space around it; NULL without memory. */
char *sim_trim(const char *text) {
  char *p = sim_copy(text + strspn(text, " \t\r\n"));
  for (size_t n = p ? strlen(p) : 0; n && isspace((unsigned char)p[n - 1]); n--)
    p[n - 1] = '\0';
  return p;
}

int sim_blank(const char *text) {
  return !text || text[strspn(text, " \t\r\n")] == '\0';
}

static int is_word(char c) {
  return isalnum((unsigned char)c) || c == '_';
}

/* Whole words, whatever their case, as novicezk's BannedPromptUtils. */
const char *sim_banned(const char *prompt) {
  for (int i = 0; banned[i]; i++) {
    size_t n = strlen(banned[i]);
    for (const char *p = prompt; *p; p++)
      if (!strncasecmp(p, banned[i], n) && !is_word(p[n]) &&
          (p == prompt || !is_word(p[-1])))
        return banned[i];
  }
  return NULL;
}

const char *sim_parameter(const char *prompt, const char *name,
                          const char *other) {
  for (const char *p = prompt; (p = strstr(p, "--")); p += 2) {
    size_t n = strcspn(p + 2, " \t\n");
    if ((n == strlen(name) && !strncmp(p + 2, name, n)) ||
        (n == strlen(other) && !strncmp(p + 2, other, n)))
      return p + 2 + n + strspn(p + 2 + n, " \t\n");
  }
  return NULL;
}

int sim_ratio(const char *text, long *w, long *h) {
  char *end;
  *w = strtol(text, &end, 10);
  if (end == text || *end != ':')
    return -1;
  text = end + 1;
  *h = strtol(text, &end, 10);
  if (end == text || (*end && !isspace((unsigned char)*end)))
    return -1;
  if (*w < 1 || *h < 1 || *w > 1000 || *h > 1000)
    return -1;
  return *w > 14 * *h || *h > 14 * *w ? -1 : 0;
}

static int root(long n) {
  long r = 0;
  while ((r + 1) * (r + 1) <= n)
    r++;
  return (int)r;
}

/* The area of 1024 by 1024 in another shape, in steps of 8 pixels. */
void sim_shape(long w, long h, int *width, int *height) {
  *width = (root(1024 * 1024 * w / h) + 4) / 8 * 8;
  *height = (root(1024 * 1024 * h / w) + 4) / 8 * 8;
}

/* What the version is called in the buttons, and by trueai. */
static const struct version {
  const char *start, *name, *shown;
} versions[] = {{"7", "v7", "v 7"},    {"6.1", "v6r1", "v 6.1"},
                {"6", "v6", "v 6"},    {"5", "v5", "v 5"},
                {"", "v6r1", "v 6.1"}, {NULL, NULL, NULL}};

static const struct version nijis[] = {{"7", "v7", "niji 7"},
                                       {"5", "v5", "niji 5"},
                                       {"", "v6", "niji 6"},
                                       {NULL, NULL, NULL}};

static const struct version *version_of(const char *prompt) {
  const char *v = sim_parameter(prompt, "v", "version");
  const char *niji = sim_parameter(prompt, "niji", "niji");
  const struct version *list = niji && !v ? nijis : versions;
  if (!v)
    v = niji ? niji : "";
  while (strncmp(v, list->start, strlen(list->start)))
    list++;
  return list;
}

void sim_words(const char *prompt, struct sim_words *out) {
  const char *ar;
  long w = 1, h = 1;
  prompt = prompt ? prompt : "";
  ar = sim_parameter(prompt, "ar", "aspect");
  memset(out, 0, sizeof *out);
  if (ar && sim_ratio(ar, &w, &h)) {
    out->invalid = 1;
    w = h = 1;
  }
  sim_shape(w, h, &out->width, &out->height);
  out->version = version_of(prompt)->name;
  out->shown = version_of(prompt)->shown;
  out->fail = strstr(prompt, "sim:fail") != NULL;
  out->stuck = strstr(prompt, "sim:stuck") != NULL;
  out->slow = strstr(prompt, "sim:slow") != NULL;
}

void sim_obey(struct sim_task *t, const char *prompt) {
  struct sim_words words;
  sim_words(prompt, &words);
  if (!t->width || sim_parameter(prompt, "ar", "aspect")) {
    t->width = words.width;
    t->height = words.height;
  }
  t->stuck = words.stuck;
  if (words.slow)
    t->length *= 10;
  if (words.fail) {
    t->fail = "[Internal Server Error] The simulator was told to fail";
    t->length /= 2;
  }
  if (words.invalid) { /* Discord says so at once */
    t->fail = "[Invalid parameter] Invalid value";
    t->length = t->delay + 900;
    t->direct = 1;
  }
}

const char *sim_mode(const char *word, size_t n) {
  static const char *const modes[] = {"FAST", "RELAX", "TURBO"};
  for (int i = 0; i < 3; i++)
    if (strlen(modes[i]) == n && !strncasecmp(modes[i], word, n))
      return modes[i];
  return NULL;
}

/* The part of a Discord file's name that comes from the prompt. */
void sim_slug(const char *prompt, char *out, size_t size) {
  size_t n = 0;
  for (; prompt && *prompt && n + 1 < size; prompt++) {
    if (prompt[0] == '-' && prompt[1] == '-')
      break;
    if (isalnum((unsigned char)*prompt))
      out[n++] = *prompt;
    else if (n && out[n - 1] != '_')
      out[n++] = '_';
  }
  while (n && out[n - 1] == '_')
    n--;
  out[n] = '\0';
}

/* An address as Midjourney repeats it: made of its path, so that it does not
   change with the port that the simulator happens to have. */
static void put_short(struct sim_buf *b, const char *url, size_t n) {
  static const char letters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  size_t host = strcspn(url, ":") + 3, end;
  uint64_t key;
  host = host < n ? host + strcspn(url + host, "/ ") : n;
  host = host < n ? host : 0;
  end = host + strcspn(url + host, "?");
  key = sim_hash_bytes(url + host, (end < n ? end : n) - host, 9);
  sim_put(b, "<https://s.mj.run/");
  for (int i = 0; i < 11; i++, key /= 61)
    sim_putn(b, &letters[key % 62], 1);
  sim_put(b, ">");
}

/* The prompt as Midjourney repeats it: with short addresses, and the version it
   chose. */
char *sim_final_prompt(const char *prompt) {
  struct sim_buf b = {0};
  const char *p = prompt;
  while (*p) {
    size_t n = strcspn(p, " \t\n");
    if (!strncmp(p, "http://", 7) || !strncmp(p, "https://", 8))
      put_short(&b, p, n);
    else
      sim_putn(&b, p, n);
    p += n;
    sim_putn(&b, p, *p != '\0');
    p += *p != '\0';
  }
  if (!sim_parameter(prompt, "v", "version") &&
      !sim_parameter(prompt, "niji", "niji"))
    sim_put(&b, " --v 6.1");
  return b.p;
}
