/* SPDX-License-Identifier: MIT
   fuzz_reply.h - for targets that judge a reply to a paid request: the first
   bytes choose HTTP status and libcurl's result, the rest is the body. */
#ifndef MJ_SPEC_FUZZ_REPLY_H
#define MJ_SPEC_FUZZ_REPLY_H

#include "fuzz.h"

#include "outcome.h"

/* Takes its choices from the input; what they leave is the body. */
static inline void fuzz_reply(struct mj__reply *r, const uint8_t **data,
                              size_t *size) {
  static const int http[] = {200, 201, 204, 302, 400, 401, 403, 404,
                             413, 429, 500, 502, 503, 521, 199, 599};
  size_t status = fuzz_choice(data, size, sizeof http / sizeof http[0]);
  size_t curl = fuzz_choice(data, size, 12);
  memset(r, 0, sizeof *r);
  r->http_status = http[status];
  r->curl_code = curl < 9 ? 0 : 56;
  r->sent = curl < 9 ? 2 : (int)curl - 9;
  r->secret = "sk-CANARY-91";
}

/* Reads the body, and has it judged beside what the oracle sees. */
static inline void
fuzz_judged(struct mj__reply *r, const uint8_t *data, size_t size,
            void (*judge)(const struct mj__reply *r, const oracle_node *root)) {
  char *body = fuzz_text(data, size);
  mj_json *doc = NULL;
  oracle o;
  r->body = body;
  r->body_len = size;
  (void)mj_json_parse(&doc, body, size, NULL, NULL, NULL);
  mj__said_read(&r->said, mj_json_root(doc), size);
  oracle_read(&o, body, size);
  judge(r, o.root);
  oracle_free(&o);
  mj_json_free(doc);
  free(body);
}

static inline oracle_reply fuzz_seen(const struct mj__reply *r,
                                     const oracle_node *root) {
  oracle_reply seen;
  memset(&seen, 0, sizeof seen);
  seen.curl_code = r->curl_code;
  seen.sent = r->sent;
  seen.http_status = r->http_status;
  seen.generate = r->generate;
  seen.root = root;
  return seen;
}

/* What people are told is one line without the key. */
static inline void fuzz_explain(const struct mj__reply *r, int code) {
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

#endif
