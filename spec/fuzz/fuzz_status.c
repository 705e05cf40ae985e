/* SPDX-License-Identifier: MIT
   fuzz_status.c - a task out of a reply of statusTask, with JSON in its JSON:
   the first byte chooses the HTTP status, the rest is the body. */
#include "fuzz.h"

#include "outcome.h"
#include "wire_generate.h"

static const int http[] = {200, 201, 204, 302, 400, 401,
                           403, 404, 429, 500, 502, 999};
enum { URLS = 200 };

static void text_ok(const char *s) {
  MUST(!s || (*s && oracle_utf8(s, strlen(s))));
}

static void same_text(const char *got, const oracle_node *v) {
  const char *want = oracle_text(v);
  MUST(!got == !want);
  if (want && !v->odd)
    MUST(strcmp(got, want) == 0);
}

/* Returns which of the four places of a grid have one, a bit each. */
static unsigned pictures_ok(const mj_task *t, const oracle_node *data) {
  const oracle_node *urls[URLS];
  oracle inner;
  size_t n = oracle_pictures(data, &inner, urls, URLS), i, have = 0;
  unsigned there = 0;
  for (i = 0; i < n; i++) {
    if (!urls[i])
      continue;
    MUST(have < t->nimages);
    if (!urls[i]->odd)
      MUST(strcmp(t->images[have], urls[i]->text) == 0);
    there |= i < 4 ? 1u << i : 0;
    have++;
  }
  if (n < URLS)
    MUST(t->nimages == have);
  for (i = 0; i < t->nimages; i++)
    text_ok(t->images[i]);
  MUST(t->image_url == (t->nimages ? t->images[0] : NULL));
  oracle_free(&inner);
  return n > 1 ? there : 0;
}

/* Those of the grid's pictures, by their places, and one to make it anew. */
static void buttons_ok(const mj_task *t, unsigned there) {
  size_t n = 1, i;
  char label[3];
  mj_error err;
  for (i = 0; i < 4; i++) {
    (void)snprintf(label, sizeof label, "U%d", (int)i + 1);
    if (there & (1u << i))
      n += 2;
    if (t->status == MJ_ST_SUCCESS)
      MUST((mj_button_find(t->buttons, t->nbuttons, label, &err) >= 0) ==
           ((there >> i & 1) != 0));
  }
  MUST(t->nbuttons == (t->status == MJ_ST_SUCCESS ? n : 0));
  for (i = 0; i < t->nbuttons; i++)
    MUST(mj_button_find(t->buttons, t->nbuttons, t->buttons[i].custom_id,
                        &err) == (int)i);
}

static void failure_ok(const mj_task *t, const oracle_node *data) {
  const char *code = oracle_text(oracle_get(data, "failCode"));
  const char *means =
      t->status == MJ_ST_FAILURE && code ? oracle_failure(code) : NULL;
  MUST(!t->error == !means);
  if (means)
    MUST(strcmp(mj_error_name(t->error), means) == 0);
  MUST(!t->again || t->error == MJ_EFAILED);
  same_text(t->fail_code, oracle_get(data, "failCode"));
  if (oracle_text(oracle_get(data, "failMsg")))
    same_text(t->fail_reason, oracle_get(data, "failMsg"));
  else
    MUST(t->fail_reason == t->fail_code);
}

static void task_ok(const mj_task *t, const oracle_node *data) {
  same_text(t->id, oracle_data_id(data));
  same_text(t->status_text, oracle_get(data, "state"));
#ifdef PLANT /* what has ended has begun, somebody believed */
  MUST(!t->finished_wall_ms || t->submitted_wall_ms);
#endif
  MUST(t->progress == (t->status == MJ_ST_SUCCESS ? 100 : -1));
  MUST(t->submitted_wall_ms >= 0 && t->finished_wall_ms >= 0);
  MUST(t->expires_wall_ms == 0 || (t->status == MJ_ST_SUCCESS &&
                                   t->expires_wall_ms > t->finished_wall_ms));
  MUST(t->cost_ms >= 0 && !t->started_wall_ms);
  buttons_ok(t, pictures_ok(t, data));
  failure_ok(t, data);
}

static void look(struct mj__reply *r, const oracle_node *root,
                 const mj_value *mine) {
  oracle_reply seen;
  struct mj__arena a;
  struct mj__mem m;
  mj_error err;
  mj_task t;
  int code = 1;
  enum mj__look look = mj__outcome_ask(r, MJ__R_FETCH, &code);
  memset(&seen, 0, sizeof seen);
  seen.http_status = r->http_status;
  seen.generate = 1;
  seen.root = root;
  MUST((look == MJ__LOOK_GOOD) == (code == MJ_OK));
  MUST((look == MJ__LOOK_GOOD) == (oracle_stated(&seen) != NULL));
  if (look != MJ__LOOK_GOOD) {
    memset(&err, 0, sizeof err);
    mj__explain(r, code, "fetch", &err);
    MUST(err.code == code && *err.text &&
         oracle_utf8(err.text, strlen(err.text)));
    return;
  }
  mj__mem_init(&m, NULL, NULL);
  mj__arena_init(&a, &m);
  MUST(mj__generate_task(mine, &a, &t) == MJ_OK);
  task_ok(&t, oracle_stated(&seen));
  mj__arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  size_t status = fuzz_choice(&data, &size, sizeof http / sizeof http[0]);
  char *body = fuzz_text(data, size);
  struct mj__reply r;
  mj_json *doc = NULL;
  oracle o;
  memset(&r, 0, sizeof r);
  r.generate = 1;
  r.http_status = http[status];
  r.sent = 2;
  r.body = body;
  r.body_len = size;
  (void)mj_json_parse(&doc, body, size, NULL, NULL, NULL);
  mj__said_read(&r.said, mj_json_root(doc), size);
  oracle_read(&o, body, size);
  look(&r, o.root, mj_json_root(doc));
  oracle_free(&o);
  mj_json_free(doc);
  free(body);
  return 0;
}
