/* SPDX-License-Identifier: MIT
   fuzz_submit.c - what a reply to a paid request means: the first three bytes
   choose HTTP status and libcurl's result, the rest is the body. */
#include "fuzz_reply.h"

static void judge(const struct mj__reply *r, const oracle_node *root) {
  oracle_reply seen = fuzz_seen(r, root);
  struct mj__verdict v;
  char id[65];
  size_t n;
  n = oracle_accepted(&seen, 0, id);
#ifdef PLANT /* an id of 15 characters is believed for the wrong one */
  if (n && strlen(id) == 15)
    id[0] = 'x';
#endif
  mj__outcome_submit(r, &v);
  MUST((v.kind == MJ__V_ACCEPTED) == (v.code == MJ_OK));
  if (v.kind == MJ__V_ACCEPTED && !(r->wants_list && r->said.list)) {
    MUST(n && strcmp(id, r->said.id) == 0);
    MUST((size_t)r->said.several == n);
  }
  if (n && !r->wants_list && r->http_status >= 200 && r->http_status < 300)
    MUST(v.kind == MJ__V_ACCEPTED);
  if (v.kind == MJ__V_NOT_SENT)
    MUST(oracle_may_repeat(&seen, 0));
  if (v.kind == MJ__V_REFUSED && v.parent)
    MUST(oracle_may_repeat(&seen, 1));
  if (v.code != MJ_OK)
    fuzz_explain(r, v.code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct mj__reply r;
  fuzz_reply(&r, &data, &size);
  r.wants_list = (int)fuzz_choice(&data, &size, 2);
  fuzz_judged(&r, data, size, judge);
  return 0;
}
