/* SPDX-License-Identifier: MIT
   fuzz_ask.c - replies to free questions: the first two bytes choose route and
   HTTP status, the rest is the body. */
#include "fuzz.h"

#include "outcome.h"
#include "wire_mj.h"

static const int http[] = {200, 201, 204, 302, 400, 401,
                           403, 404, 429, 500, 502, 999};

/* Each task of a list, printed anew as ask.c does, is the task it was. */
static void list_ok(const mj_value *root) {
  struct mj__arena a;
  struct mj__mem m;
  struct mj__buf b;
  const mj_value *v;
  mj__mem_init(&m, NULL, NULL);
  mj__arena_init(&a, &m);
  for (v = root->first; v; v = v->next) {
    mj_task was, is;
    mj_json *doc;
    if (v->type != MJ_JSON_OBJECT)
      continue;
    MUST(mj__mj_task(v, &a, &was) == MJ_OK);
    mj__buf_init(&b, &m, 64u << 20);
    mj__put_value(&b, v);
    MUST(mj_json_parse(&doc, b.p, b.n, NULL, NULL, NULL) == MJ_OK);
    MUST(mj__mj_task(mj_json_root(doc), &a, &is) == MJ_OK);
#ifdef PLANT
    MUST(was.nbuttons < 3 || was.status != MJ_ST_UNKNOWN);
#endif
    MUST(was.status == is.status && was.nbuttons == is.nbuttons);
    MUST(was.nimages == is.nimages && was.progress == is.progress);
    MUST(!was.id == !is.id && (!is.id || strcmp(was.id, is.id) == 0));
    mj_json_free(doc);
    mj__buf_free(&b);
  }
  mj__arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const enum mj__route routes[] = {MJ__R_FETCH, MJ__R_LIST,
                                          MJ__R_IDS,   MJ__R_QUEUE,
                                          MJ__R_SEED,  MJ__R_CANCEL};
  enum mj__route route =
      routes[fuzz_choice(&data, &size, sizeof routes / sizeof routes[0])];
  size_t status = fuzz_choice(&data, &size, sizeof http / sizeof http[0]);
  char *body = fuzz_text(data, size);
  struct mj__reply r;
  mj_json *doc = NULL;
  mj_error err;
  enum mj__look look;
  int code = 1;
  memset(&r, 0, sizeof r);
  memset(&err, 0, sizeof err);
  r.http_status = http[status];
  r.sent = 2;
  r.body = body;
  r.body_len = size;
  (void)mj_json_parse(&doc, body, size, NULL, NULL, NULL);
  mj__said_read(&r.said, mj_json_root(doc), size);
  look = mj__outcome_ask(&r, route, &code);
  MUST((look == MJ__LOOK_GOOD) == (code == MJ_OK));
  if (look == MJ__LOOK_GOOD) {
    MUST(r.http_status < 300);
    MUST(route != MJ__R_FETCH || r.said.shape == MJ__SHAPE_TASK);
    if (r.said.shape == MJ__SHAPE_LIST)
      list_ok(mj_json_root(doc));
  } else {
    mj__explain(&r, code, mj__route_name(route), &err);
    MUST(err.code == code && *err.text &&
         oracle_utf8(err.text, strlen(err.text)));
  }
  (void)mj__outcome_no_route(&r);
  mj_json_free(doc);
  free(body);
  return 0;
}
