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

/* The text after a parameter of one of these names, or NULL. */
static const char *parameter(const char *prompt, const char *name,
                             const char *other) {
  for (const char *p = prompt; (p = strstr(p, "--")); p += 2) {
    size_t n = strcspn(p + 2, " \t\n");
    if ((n == strlen(name) && !strncmp(p + 2, name, n)) ||
        (n == strlen(other) && !strncmp(p + 2, other, n)))
      return p + 2 + n + strspn(p + 2 + n, " \t\n");
  }
  return NULL;
}

static int ratio(const char *text, long *w, long *h) {
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
static void shape(long w, long h, struct sim_words *out) {
  out->width = (root(1024 * 1024 * w / h) + 4) / 8 * 8;
  out->height = (root(1024 * 1024 * h / w) + 4) / 8 * 8;
}

static const char *version_of(const char *prompt) {
  const char *v = parameter(prompt, "v", "version");
  if (!v || !strncmp(v, "6.1", 3))
    return "v6r1";
  if (*v == '7')
    return "v7";
  return *v == '5' ? "v5" : "v6";
}

void sim_words(const char *prompt, struct sim_words *out) {
  const char *ar = parameter(prompt, "ar", "aspect");
  long w = 1, h = 1;
  memset(out, 0, sizeof *out);
  if (ar && ratio(ar, &w, &h)) {
    out->invalid = 1;
    w = h = 1;
  }
  shape(w, h, out);
  out->version = version_of(prompt);
  out->fail = strstr(prompt, "sim:fail") != NULL;
  out->stuck = strstr(prompt, "sim:stuck") != NULL;
  out->slow = strstr(prompt, "sim:slow") != NULL;
}

/* The part of a Discord file's name that comes from the prompt. */
void sim_slug(const char *prompt, char *out, size_t size) {
  size_t n = 0;
  for (; *prompt && n + 1 < size; prompt++) {
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

/* The prompt as Midjourney repeats it: with the version it chose. */
char *sim_final_prompt(const char *prompt) {
  const char *add = " --v 6.1";
  size_t n = strlen(prompt) + strlen(add) + 1;
  char *p = malloc(n);
  if (parameter(prompt, "v", "version") || parameter(prompt, "niji", "niji"))
    add = "";
  if (p)
    snprintf(p, n, "%s%s", prompt, add);
  return p;
}
