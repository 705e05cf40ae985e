/* SPDX-License-Identifier: MIT
   fuzz_proposal.c - the texts of describe and shorten, which the first byte
   chooses between. */
#include "fuzz.h"

#include "proposal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const actions[] = {"SHORTEN", "DESCRIBE", "IMAGINE"};
  const char *action = actions[fuzz_choice(&data, &size, 3)];
  char *input = fuzz_text(data, size);
  struct mj__arena a;
  struct mj__mem m;
  mj_task t;
  size_t i;
  mj__mem_init(&m, NULL, NULL);
  mj__arena_init(&a, &m);
  memset(&t, 0, sizeof t);
  MUST(mj__proposals_read(action, input, &a, &t) == MJ_OK);
  MUST(*action != 'I' || (t.nprompts == 0 && t.ntokens == 0));
  MUST(t.nprompts <= 9);
  for (i = 0; i < t.nprompts; i++) /* they all stand there */
    MUST(t.prompts[i] && strstr(input, t.prompts[i]));
  for (i = 0; i < t.ntokens; i++) {
    const mj_token *k = &t.tokens[i];
    MUST(k->text && *k->text && strstr(input, k->text));
    MUST(k->weight <= 1 && (k->weight >= 0 || !(k->weight > -1)));
#ifdef PLANT
    MUST(!k->dropped || k->weight < 0.5);
#endif
  }
  mj__arena_free(&a);
  free(input);
  return 0;
}
