/* SPDX-License-Identifier: MIT
   tag.c - seeds made of tokens, and found in prompts. */
#include "tag.h"

#include <stdio.h>
#include <string.h>

/* FNV-1a: tokens are random, so any mixing will do. */
uint32_t mj__tag(const char *token) {
  uint32_t h = 2166136261u;
  for (; *token; token++)
    h = (h ^ (unsigned char)*token) * 16777619u;
  return h ? h : 1;
}

static int is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

/* The number at p, to the next blank; 0 = none that fits. */
static uint32_t number(const char *p) {
  uint64_t n = 0;
  for (; *p >= '0' && *p <= '9'; p++) {
    n = n * 10 + (uint64_t)(*p - '0');
    if (n > UINT32_MAX)
      return 0;
  }
  return *p == '\0' || is_space(*p) ? (uint32_t)n : 0;
}

uint32_t mj__tag_in(const char *prompt) {
  static const char flag[] = "--seed";
  const char *p = prompt;
  uint32_t last = 0;
  while (p && (p = strstr(p, flag)) != NULL) {
    int begins = p == prompt || is_space(p[-1]);
    p += sizeof flag - 1;
    if (!begins || !is_space(*p))
      continue;
    while (is_space(*p))
      p++;
    last = number(p);
  }
  return last;
}

uint32_t mj__tag_of_task(const mj_task *t) {
  uint32_t tag = mj__tag_in(t->prompt);
  if (!tag)
    tag = mj__tag_in(t->final_prompt);
  return tag ? tag : mj__tag_in(t->prompt_en);
}

static int has_seed(const mj_param *p, size_t n) {
  size_t i;
  for (i = 0; i < n; i++)
    if (strcmp(p[i].name, "seed") == 0)
      return 1;
  return 0;
}

/* What cannot be taken apart is refused by who encodes it. */
static int prompt_has_seed(const struct mj__mem *m, const char *prompt) {
  mj_prompt *p = NULL;
  int has;
  if (!prompt || mj_prompt_parse(&p, prompt, strlen(prompt), 1, m->fn, m->ud,
                                 NULL) != MJ_OK)
    return 0;
  has = has_seed(p->params, p->nparams);
  mj_prompt_free(p);
  return has;
}

int mj__tag_add(const struct mj__mem *m, mj_request *q, const char *token,
                mj_param **params, char digits[16]) {
  if (q->op != MJ_OP_IMAGINE || has_seed(q->params, q->nparams) ||
      prompt_has_seed(m, q->prompt))
    return MJ_OK;
  *params = mj__alloc(m, (q->nparams + 1) * sizeof **params);
  if (!*params)
    return MJ_ERESOURCE;
  if (q->nparams)
    memcpy(*params, q->params, q->nparams * sizeof **params);
  (void)snprintf(digits, 16, "%u", (unsigned)mj__tag(token));
  (*params)[q->nparams].name = "seed";
  (*params)[q->nparams].value = digits;
  q->params = *params;
  q->nparams++;
  return MJ_OK;
}
