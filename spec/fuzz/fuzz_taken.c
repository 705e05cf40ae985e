/* SPDX-License-Identifier: MIT
   fuzz_taken.c - what a gateway of the generate family says to a paid request:
   the first two bytes choose HTTP status and libcurl's result, the rest is the
   body. */
#include "fuzz_reply.h"

static void judge(const struct mj__reply *r, const oracle_node *root) {
  oracle_reply seen = fuzz_seen(r, root);
  struct mj__verdict v;
  char id[65];
  size_t n;
  n = oracle_accepted(&seen, 0, id);
#ifdef PLANT /* an id of 18 characters is believed for the wrong one */
  if (n && strlen(id) == 18)
    id[0] = '?';
#endif
  mj__outcome_submit(r, &v);
  MUST((v.kind == MJ__V_ACCEPTED) == (v.code == MJ_OK));
  MUST((v.kind == MJ__V_ACCEPTED) == (n == 1));
  if (n)
    MUST(strcmp(id, r->said.id) == 0);
  if (v.kind == MJ__V_NOT_SENT)
    MUST(oracle_may_repeat(&seen, 0));
  MUST(!v.parent);
  if (v.code != MJ_OK)
    fuzz_explain(r, v.code);
  if (mj__outcome_no_route(r))
    MUST(v.kind != MJ__V_ACCEPTED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct mj__reply r;
  fuzz_reply(&r, &data, &size);
  r.generate = 1;
  fuzz_judged(&r, data, size, judge);
  return 0;
}
