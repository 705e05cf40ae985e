/* SPDX-License-Identifier: MIT
   prompt_build.c - a prompt as it goes out: in the mj family all of it is text,
   in the generate family some parameters are members of their own. */
#include "prompt.h"

#include <string.h>

void mj__seen_init(struct mj__seen *seen, struct mj__buf *warnings, int lenient,
                   mj_error *err) {
  memset(seen, 0, sizeof *seen);
  seen->lenient = lenient;
  seen->warnings = warnings;
  seen->err = err;
}

static int put_fields(struct mj__buf *out, struct mj__seen *seen,
                      const mj_param *params, size_t n) {
  size_t i;
  int rc = MJ_OK;
  for (i = 0; rc == MJ_OK && i < n; i++)
    rc = mj__prompt_field(out, &params[i], seen);
  return rc ? rc : mj__prompt_end(out, seen);
}

int mj__prompt_build(struct mj__buf *out, struct mj__buf *warnings,
                     const char *prompt, const mj_param *params, size_t n,
                     int lenient, mj_error *err) {
  struct mj__seen seen;
  int rc;
  if (!prompt)
    prompt = "";
  mj__seen_init(&seen, warnings, lenient, err);
  rc = mj__prompt_text(out, prompt, strlen(prompt), &seen);
  return rc ? rc : put_fields(out, &seen, params, n);
}

int mj__split_takes(struct mj__split *split, const struct mj__parameter *p,
                    const struct mj__flag *f, const char *v, size_t n) {
  struct mj__member *m;
  if (!split || !p || !split->takes(p))
    return 0;
  m = &split->at[mj__parameter_index(p)];
  m->p = p;
  m->value = v;
  m->n = n;
  m->niji = 0;
  if (p->type == MJ__P_VERSION) {
    m->value = mj__version_of(f, v, n, &m->n, &m->niji);
  } else if (p->type == MJ__P_SWITCH && f) {
    m->value = "true";
    m->n = 4;
  }
  return 1;
}

/* Blanks that stood around what has left. */
static void trim(struct mj__buf *out, size_t at) {
  size_t blanks = 0;
  while (out->n > at && mj__blank(out->p[out->n - 1]))
    out->n--;
  while (at + blanks < out->n && mj__blank(out->p[at + blanks]))
    blanks++;
  if (!out->p)
    return;
  memmove(out->p + at, out->p + at + blanks, out->n - at - blanks);
  out->n -= blanks;
  out->p[out->n] = '\0';
}

int mj__prompt_split(struct mj__buf *out, struct mj__split *split,
                     struct mj__buf *warnings, const char *prompt,
                     const mj_param *params, size_t n, int lenient,
                     mj_error *err) {
  struct mj__seen seen;
  size_t at = out->n;
  int rc;
  memset(split->at, 0, sizeof split->at);
  mj__seen_init(&seen, warnings, lenient, err);
  seen.split = split;
  rc = mj__prompt_text(out, prompt, strlen(prompt), &seen);
  if (rc)
    return rc;
  trim(out, at);
  return put_fields(out, &seen, params, n);
}
