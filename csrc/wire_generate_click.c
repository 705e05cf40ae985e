/* SPDX-License-Identifier: MIT
   wire_generate_click.c - the modes upscale and vary: what our made buttons
   stand for, "generate::upscale::2" and "generate::vary::2". */
#include "wire_generate.h"
#include "err.h"

#include <string.h>

/* The place of `word` in a list, or of its own number. */
static int choice(const char *word, const char *const *words, int n) {
  int i;
  for (i = 0; i < n; i++)
    if (strcmp(word, words[i]) == 0 || (word[0] == '0' + i && word[1] == '\0'))
      return i;
  return -1;
}

static void put_parent(struct mj__making *k, const char *mode, char number,
                       int type) {
  mj__input_text(k, "mode", mode);
  mj__input_text(k, "taskId", k->r->task);
  mj__input_name(k, "imageIndex"); /* from 0, our buttons from 1 */
  mj__buf_printf(k->b, "%d", number - '1');
  mj__input_name(k, "type");
  mj__buf_printf(k->b, "%d", type);
}

static int put_upscale(struct mj__making *k, char number) {
  static const char *const upscales[] = {"standard", "creative", "2x", "4x"};
  const mj_request *r = k->r;
  int type = choice(r->type ? r->type : "0", upscales, 4);
  if (type < 0)
    return mj__err_set(k->err, MJ_EINVALID,
                       "type: standard, creative, 2x or 4x expected, got %.40s",
                       r->type);
  if (r->strength)
    return mj__err_set(k->err, MJ_EINVALID,
                       "strength: of a variation, not of an upscale");
  if ((r->prompt && *r->prompt) || r->nparams)
    return mj__err_set(k->err, MJ_EINVALID, "prompt: an upscale takes none");
  put_parent(k, "upscale", number, type);
  return mj__input_members(k, NULL);
}

/* A variation takes no version of its own. */
static int of_variation(const struct mj__parameter *p) {
  return mj__few_members(p) && strcmp(p->generate, "version") != 0;
}

/* The guide leaves `type` open.  Another gateway to the same service has
   variation(job_id, image_no, type 0 = Subtle, 1 = Strong). */
static int put_vary(struct mj__making *k, char number) {
  static const char *const strengths[] = {"subtle", "strong"};
  struct mj__split split = {.takes = of_variation};
  const mj_request *r = k->r;
  int type = choice(r->strength ? r->strength : "0", strengths, 2), rc;
  if (type < 0)
    return mj__err_set(k->err, MJ_EINVALID,
                       "strength: subtle or strong expected, got %.40s",
                       r->strength);
  if (r->type)
    return mj__err_set(k->err, MJ_EINVALID,
                       "type: of an upscale, not of a variation");
  put_parent(k, "vary", number, type);
  if (r->prompt && *r->prompt) {
    rc = mj__input_prompt(k, &split);
    return rc ? rc : mj__input_members(k, &split);
  }
  if (r->nparams)
    return mj__err_set(k->err, MJ_EINVALID,
                       "prompt: parameters need a prompt beside them");
  return mj__input_members(k, NULL);
}

int mj__input_click(struct mj__making *k) {
  static const struct {
    const char *front;
    int (*put)(struct mj__making *k, char number);
  } kinds[] = {{"generate::upscale::", put_upscale},
               {"generate::vary::", put_vary}};
  const char *id = k->r->button;
  size_t i, n;
  int rc;
  if (strncmp(id, "MJ::", 4) == 0 || strncmp(id, "change::", 8) == 0)
    return mj__err_set(k->err, MJ_EUNSUPPORTED,
                       "button: %.60s is of the mj family", id);
  if (strcmp(id, "generate::reroll") == 0)
    return mj__err_set(k->err, MJ_EUNSUPPORTED,
                       "reroll: only for tasks that this client submitted "
                       "itself: the gateway has no route that repeats one");
  rc = mj__check_task(k->r, k->err);
  for (i = 0; rc == MJ_OK && i < sizeof kinds / sizeof kinds[0]; i++) {
    n = strlen(kinds[i].front);
    if (strncmp(id, kinds[i].front, n) == 0 && id[n] >= '1' && id[n] <= '4' &&
        id[n + 1] == '\0')
      return kinds[i].put(k, id[n]);
  }
  return rc ? rc
            : mj__err_set(k->err, MJ_EINVALID,
                          "button: none of the generate family: %.60s", id);
}
