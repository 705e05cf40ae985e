/* SPDX-License-Identifier: MIT
   gen_fail.c - how tasks of the generate family fail. */
#include "gen.h"

#include <string.h>
#include <strings.h>

/* The first three texts are the provider's, the rest says the same of the codes
   that its pages only list. */
static const struct gen_failure failures[] = {
    {"CONTENT_VIOLATION", "Content violates safety guidelines"},
    {"INVALID_IMAGE_URL", "Cannot access provided image URL"},
    {"INVALID_TASK_ID", "Invalid previous task ID"},
    {"NSFW_DETECTED", "NSFW content detected"},
    {"PROMPT_TOO_LONG", "Prompt is too long"},
    {"INVALID_PROMPT", "Invalid prompt"},
    {"IMAGE_TOO_LARGE", "Image exceeds 10MB"},
    {"UNSUPPORTED_FORMAT", "Image format is not supported"},
    {"IMAGE_DOWNLOAD_FAILED", "Failed to download image"},
    {"PROCESSING_TIMEOUT", "Processing timed out"},
    {"MODEL_UNAVAILABLE", "Model is temporarily unavailable"},
    {"GENERATION_FAILED", "Image generation failed"},
    {"INSUFFICIENT_CREDITS", "Insufficient credits"},
    /* as newer pages spell them */
    {"SensitiveContentDetected", "Sensitive content detected"},
    {NULL, NULL}};

/* t->fail is one of these codes, or a scenario's own text. */
struct gen_failure gen_failure_of(const struct sim_task *t) {
  const char *code = t->fail ? t->fail : "PROCESSING_TIMEOUT";
  const struct gen_failure *f = failures;
  while (f->code && strcmp(f->code, code))
    f++;
  return f->code ? *f : (struct gen_failure){"GENERATION_FAILED", code};
}

/* "sim:" and a code. */
const char *gen_fail_of_prompt(const char *prompt) {
  struct sim_words words;
  if (sim_banned(prompt))
    return "CONTENT_VIOLATION";
  for (const char *p = prompt; (p = strstr(p, "sim:")) != NULL; p++)
    for (const struct gen_failure *f = failures; f->code; f++)
      if (!strncmp(p + 4, f->code, strlen(f->code)))
        return f->code;
  sim_words(prompt, &words);
  if (words.invalid)
    return "INVALID_PROMPT";
  return words.fail ? "GENERATION_FAILED" : NULL;
}

static int ends_in(const char *url, const char *suffix) {
  size_t n = strcspn(url, "?#"), k = strlen(suffix);
  return n >= k && !strncasecmp(url + n - k, suffix, k);
}

static const char *fail_of_picture(const char *url) {
  if (!gen_is_http(url) || strstr(url, "missing"))
    return "INVALID_IMAGE_URL";
  if (ends_in(url, ".gif") || ends_in(url, ".bmp"))
    return "UNSUPPORTED_FORMAT";
  return strstr(url, "huge") ? "IMAGE_TOO_LARGE" : NULL;
}

/* A mask may be base64 as well. */
const char *gen_fail_of_pictures(const sim_body *input) {
  const char *mask = sim_body_text(sim_body_object(input, "mask"), "url");
  const char *code = NULL;
  for (size_t i = 0; !code && i < sim_body_items(input, "image_urls"); i++) {
    int is_string;
    code = fail_of_picture(sim_body_item(input, "image_urls", i, &is_string));
  }
  if (!code && mask && gen_is_http(mask))
    code = fail_of_picture(mask);
  return code;
}
