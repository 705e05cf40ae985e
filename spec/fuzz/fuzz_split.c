/* SPDX-License-Identifier: MIT
   fuzz_split.c - a prompt's flags that become members in the generate family:
   with what was taken out put back it is the prompt that it was.  The first
   byte says whether leniently. */
#include "fuzz.h"

#include "prompt.h"

static int is_member(const struct mj__parameter *p) {
  return p->generate != NULL;
}

static struct mj__buf fresh(void) {
  struct mj__buf b;
  struct mj__mem m;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 1u << 20);
  return b;
}

static const char *text_of(const struct mj__buf *b) {
  return b->n ? b->p : "";
}

/* The members as flags behind the rest. */
static void put_back(struct mj__buf *out, const struct mj__split *split) {
  size_t i;
  for (i = 0; i < MJ__PARAMETERS; i++) {
    const struct mj__member *m = &split->at[i];
    if (!m->p)
      continue;
    MUST(is_member(m->p) && m->value);
    mj__buf_puts(out, " ");
    if (m->niji)
      mj__buf_puts(out, "--niji");
    else
      mj__buf_add(out, m->p->flags, strcspn(m->p->flags, " "));
    if (m->p->type == MJ__P_SWITCH)
      continue;
    mj__buf_puts(out, " ");
    mj__buf_add(out, m->value, m->n);
  }
}

static int has(const mj_param *list, size_t n, const mj_param *p) {
  size_t i;
  for (i = 0; i < n; i++)
    if (strcmp(list[i].name, p->name) == 0 &&
        strcmp(list[i].value, p->value) == 0)
      return 1;
  return 0;
}

/* They may come in another order: of the same, the last one counts. */
static void same(const char *a, const char *b, int lenient) {
  mj_prompt *p = NULL, *q = NULL;
  size_t i;
  MUST(mj_prompt_parse(&p, a, strlen(a), lenient, NULL, NULL, NULL) == MJ_OK);
  MUST(mj_prompt_parse(&q, b, strlen(b), lenient, NULL, NULL, NULL) == MJ_OK);
  MUST(p->nparams == q->nparams);
  for (i = 0; i < p->nparams; i++)
    MUST(has(q->params, q->nparams, &p->params[i]));
  MUST(p->nimages == q->nimages);
  for (i = 0; i < p->nothers; i++)
    MUST(has(q->others, q->nothers, &p->others[i]));
  mj_prompt_free(p);
  mj_prompt_free(q);
}

static void nothing_left(const char *rest, int lenient) {
  struct mj__split split = {.takes = is_member};
  struct mj__buf again = fresh();
  size_t i;
  MUST(mj__prompt_split(&again, &split, NULL, rest, NULL, 0, lenient, NULL) ==
       MJ_OK);
  MUST(strcmp(text_of(&again), rest) == 0);
  for (i = 0; i < MJ__PARAMETERS; i++)
    MUST(!split.at[i].p);
  mj__buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  int lenient = (int)fuzz_choice(&data, &size, 2), rc;
  char *input = fuzz_text(data, size);
  struct mj__split split = {.takes = is_member};
  struct mj__buf rest = fresh(), whole = fresh();
  mj_error err;
  memset(&err, 0, sizeof err);
  rc = mj__prompt_split(&rest, &split, NULL, input, NULL, 0, lenient, &err);
  MUST((rc == MJ_OK) == (mj__prompt_build(&whole, NULL, input, NULL, 0, lenient,
                                          NULL) == MJ_OK));
  MUST(rc == MJ_OK || (err.code == MJ_EINVALID && *err.text));
  if (rc == MJ_OK) {
#ifdef PLANT /* versions have one digit, or a point */
    const struct mj__member *m =
        &split.at[mj__parameter_index(mj__parameter_named("version"))];
    MUST(!m->p || m->n != 2 || m->value[0] == '.' || m->value[1] == '.');
#endif
    MUST(oracle_utf8(text_of(&rest), rest.n));
    MUST(rest.n <= strlen(input) + 2 * size);
    nothing_left(text_of(&rest), lenient);
    put_back(&rest, &split);
    same(text_of(&whole), text_of(&rest), lenient);
  }
  mj__buf_free(&rest);
  mj__buf_free(&whole);
  free(input);
  return 0;
}
