/* SPDX-License-Identifier: MIT
   fuzz_taken.c - what a gateway of the generate family says to a paid request:
   the first two bytes choose HTTP status and libcurl's result, the rest is the
   body. */
#include "fuzz.h"

#include "outcome.h"

static const int http[] = {200, 201, 204, 302, 400, 401, 403, 404,
                           413, 429, 500, 502, 503, 521, 199, 599};

static void explain(const struct mj__reply *r, int code) {
  mj_error err;
  size_t i;
  memset(&err, 0, sizeof err);
  mj__explain(r, code, "submit", &err);
  MUST(err.code == code && *err.text);
  MUST(oracle_utf8(err.text, strlen(err.text)));
  for (i = 0; err.text[i]; i++)
    MUST((unsigned char)err.text[i] >= 0x20 && err.text[i] != 0x7f);
  MUST(!strstr(err.text, r->secret));
}

static void judge(const struct mj__reply *r, const oracle_node *root) {
  oracle_reply seen;
  struct mj__verdict v;
  char id[65];
  size_t n;
  memset(&seen, 0, sizeof seen);
  seen.curl_code = r->curl_code;
  seen.sent = r->sent;
  seen.http_status = r->http_status;
  seen.generate = 1;
  seen.root = root;
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
    explain(r, v.code);
  if (mj__outcome_no_route(r))
    MUST(v.kind != MJ__V_ACCEPTED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  size_t status = fuzz_choice(&data, &size, sizeof http / sizeof http[0]);
  size_t curl = fuzz_choice(&data, &size, 12);
  char *body = fuzz_text(data, size);
  struct mj__reply r;
  mj_json *doc = NULL;
  oracle o;
  memset(&r, 0, sizeof r);
  r.generate = 1;
  r.http_status = http[status];
  r.curl_code = curl < 9 ? 0 : 56;
  r.sent = curl < 9 ? 2 : (int)curl - 9;
  r.body = body;
  r.body_len = size;
  r.secret = "sk-CANARY-91";
  (void)mj_json_parse(&doc, body, size, NULL, NULL, NULL);
  mj__said_read(&r.said, mj_json_root(doc), size);
  oracle_read(&o, body, size);
  judge(&r, o.root);
  oracle_free(&o);
  mj_json_free(doc);
  free(body);
  return 0;
}
