/* SPDX-License-Identifier: MIT
   fuzz_prompt.c - prompts taken apart, put together and built: the first byte
   says whether leniently. */
#include "fuzz.h"

#include "prompt.h"

static int same_list(const mj_param *a, size_t n, const mj_param *b, size_t m) {
  size_t i;
  for (i = 0; n == m && i < n; i++)
    if (strcmp(a[i].name, b[i].name) != 0 ||
        strcmp(a[i].value, b[i].value) != 0)
      return 0;
  return n == m;
}

static void same(const mj_prompt *a, const mj_prompt *b) {
  size_t i;
  MUST(!a->text == !b->text);
  MUST(!a->text || strcmp(a->text, b->text) == 0);
  MUST(a->nimages == b->nimages);
  for (i = 0; i < a->nimages; i++)
    MUST(strcmp(a->images[i], b->images[i]) == 0);
  MUST(same_list(a->params, a->nparams, b->params, b->nparams));
  MUST(same_list(a->others, a->nothers, b->others, b->nothers));
}

/* Printed and taken apart again it is what it was. */
static void round_trip(const mj_prompt *p, size_t size, int lenient) {
  size_t most = 4 * size + 2000;
  char *again = malloc(most);
  mj_prompt *q = NULL;
  mj_error err;
  int n;
  MUST(again);
#ifdef PLANT
  MUST(p->nothers < 4);
#endif
  n = mj_prompt_format(again, most, p, lenient, &err);
  MUST(n >= 0 && strlen(again) == (size_t)n);
  MUST(mj_prompt_parse(&q, again, (size_t)n, lenient, NULL, NULL, &err) ==
       MJ_OK);
  same(p, q);
  mj_prompt_free(q);
  free(again);
}

/* What is built is built into itself, and can be stripped. */
static void build(const char *input, int lenient) {
  struct mj__mem m;
  struct mj__buf once, twice, bare, warnings;
  mj_error err;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&once, &m, 1u << 20);
  mj__buf_init(&twice, &m, 1u << 20);
  mj__buf_init(&bare, &m, 1u << 20);
  mj__buf_init(&warnings, &m, 4096);
  memset(&err, 0, sizeof err);
  if (mj__prompt_build(&once, &warnings, input, NULL, 0, lenient, &err) ==
      MJ_OK) {
    MUST(!once.n || oracle_utf8(once.p, once.n));
    MUST(mj__prompt_build(&twice, NULL, once.n ? once.p : "", NULL, 0, lenient,
                          NULL) == MJ_OK);
    MUST(once.n == twice.n &&
         (!once.n || memcmp(once.p, twice.p, once.n) == 0));
  } else {
    MUST(err.code == MJ_EINVALID && *err.text);
  }
  MUST(mj__prompt_strip(&bare, input, "--zoom") == MJ_OK);
  MUST(bare.n <= strlen(input));
  mj__buf_free(&once);
  mj__buf_free(&twice);
  mj__buf_free(&bare);
  mj__buf_free(&warnings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  int lenient = (int)fuzz_choice(&data, &size, 2);
  char *input = fuzz_text(data, size);
  mj_prompt *p = NULL;
  mj_error err;
  int rc = mj_prompt_parse(&p, input, size, lenient, NULL, NULL, &err);
  MUST((rc == MJ_OK) == (p != NULL));
  if (p)
    round_trip(p, size, lenient);
  else
    MUST(rc == MJ_EINVALID && *err.text);
  mj_prompt_free(p);
  if (size < 60000)
    build(input, lenient);
  free(input);
  return 0;
}
