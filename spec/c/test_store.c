/* SPDX-License-Identifier: MIT
   test_store.c - what every store does with records, asked of each of them. */
#include "store_case.h"

static void numbers(void **state) {
  struct world w;
  uint64_t i, was = 0, now;
  char token[32];
  world_begin(&w, state);
  assert_int_equal(w.s->ops->durable(w.s), 0);
  for (i = 1; i <= 500; i++) {
    struct mj__record r = bed_record(token, MJ__READY);
    (void)snprintf(token, sizeof token, "t%d", (int)(i % 7));
    world_put(&w, &r);
    now = w.s->ops->durable(w.s);
    assert_true(now >= was && now <= i);
    was = now;
  }
  assert_int_equal(w.s->ops->flush(w.s, -1), MJ_OK);
  assert_int_equal(w.s->ops->durable(w.s), 500);
  assert_int_equal(w.s->ops->flush(w.s, 0), MJ_OK);
  assert_int_equal(w.s->ops->failed(w.s, &w.bed.err), MJ_OK);
  world_end(&w);
}

/* Tasks that are only watched cost nothing and hold nothing up. */
static void no_token(void **state) {
  struct world w;
  struct mj__record r = bed_record(NULL, MJ__RUNNING), found;
  world_begin(&w, state);
  assert_int_equal(w.s->ops->put(w.s, &r, &w.number), MJ_OK);
  assert_true(w.number <= w.s->ops->durable(w.s));
  assert_int_equal(world_find(&w, "", &found), MJ_ENOT_FOUND);
  world_end(&w);
}

static void misuse(void **state) {
  struct world w;
  struct mj__record r = bed_record("t", (enum mj__state)MJ__STATES);
  struct mj__run run = {NULL, "s", 0, 0, 0, 0};
  struct mj__saved file = {"t", 1, NULL, 0, NULL};
  world_begin(&w, state);
  assert_int_equal(w.s->ops->put(w.s, &r, &w.number), MJ_EINVALID);
  r.state = -1;
  assert_int_equal(w.s->ops->put(w.s, &r, &w.number), MJ_EINVALID);
  r = bed_record("", MJ__READY);
  assert_int_equal(w.s->ops->put(w.s, &r, &w.number), MJ_EINVALID);
  assert_int_equal(w.s->ops->run_begin(w.s, &run, &w.number), MJ_EINVALID);
  assert_int_equal(w.s->ops->file_put(w.s, &file, &w.number), MJ_EINVALID);
  assert_int_equal(w.s->ops->event(w.s, "t", NULL, NULL, 0, &w.number),
                   MJ_EINVALID);
  assert_int_equal(w.s->ops->durable(w.s), 0);
  world_end(&w);
}

static void every_member(void **state) {
  struct world w;
  struct mj__record r = full_record(), found;
  world_begin(&w, state);
  r.job = 17;
  world_put(&w, &r);
  r.job = 0;
  assert_int_equal(world_find(&w, "mj_full", &found), MJ_OK);
  same_record(&found, &r);
  world_reopen(&w);
  assert_int_equal(world_find(&w, "mj_full", &found), MJ_OK);
  same_record(&found, &r);
  world_end(&w);
}

/* What is not said stays, one member after the other. */
static void said_and_unsaid(void **state) {
  struct world w;
  struct mj__record all = full_record(), r, found;
  world_begin(&w, state);
  r = bed_record("mj_full", MJ__NEW);
  r.changed_ms = all.changed_ms;
  world_put(&w, &r); /* an empty row */
#define X(name)                                                                \
  r = bed_record("mj_full", MJ__NEW);                                          \
  r.name = all.name;                                                           \
  r.changed_ms = all.changed_ms;                                               \
  world_put(&w, &r);
  RECORD_TEXTS(X)
  RECORD_NUMBERS(X)
#undef X
  r = bed_record("mj_full", MJ__NEW);
  r.body = all.body;
  r.body_len = all.body_len;
  r.changed_ms = all.changed_ms;
  world_put(&w, &r);
  r = bed_record("mj_full", MJ__NEW);
  r.result = all.result; /* its length is to be measured */
  r.changed_ms = all.changed_ms;
  world_put(&w, &r);
  world_reopen(&w);
  assert_int_equal(world_find(&w, "mj_full", &found), MJ_OK);
  same_record(&found, &all);
  /* and empty text takes back */
  r = bed_record("mj_full", MJ__NEW);
  r.key = r.task_id = r.error_text = "";
  r.changed_ms = all.changed_ms;
  world_put(&w, &r);
  all.key = all.task_id = all.error_text = NULL;
  assert_int_equal(world_find(&w, "mj_full", &found), MJ_OK);
  same_record(&found, &all);
  world_end(&w);
}

struct seen {
  char tokens[32][40];
  int states[32];
  size_t n, stop_at;
  size_t body_len;
};

static int see(void *ud, const struct mj__record *r) {
  struct seen *seen = ud;
  assert_true(seen->n < COUNT(seen->tokens));
  (void)snprintf(seen->tokens[seen->n], sizeof seen->tokens[0], "%s", r->token);
  seen->states[seen->n++] = r->state;
  seen->body_len += r->body_len;
  return seen->stop_at == seen->n ? MJ_ECANCELLED : MJ_OK;
}

/* Oldest first, whatever was changed last; settled ones not. */
static void load_open_ones(void **state) {
  static const int settled[] = {MJ__SUCCEEDED, MJ__FAILED,    MJ__CANCELLED,
                                MJ__REJECTED,  MJ__ABANDONED, MJ__DOWNLOADED};
  struct world w;
  struct seen seen;
  struct mj__record r;
  char token[MJ__STATES][40];
  size_t i, k, expected = 0;
  world_begin(&w, state);
  for (i = 1; i < MJ__STATES; i++) {
    (void)snprintf(token[i], sizeof token[i], "z%d", (int)(99 - i));
    r = bed_record(token[i], MJ__READY);
    r.body = "body";
    r.body_len = 4;
    world_put(&w, &r);
  }
  for (i = MJ__STATES - 1; i > 0; i--) {
    r = bed_record(token[i], (enum mj__state)i);
    world_put(&w, &r);
  }
  world_reopen(&w);
  memset(&seen, 0, sizeof seen);
  assert_int_equal(w.s->ops->load(w.s, see, &seen, &w.bed.err), MJ_OK);
  for (i = 1; i < MJ__STATES; i++) {
    for (k = 0; k < COUNT(settled) && settled[k] != (int)i; k++)
      ;
    if (k < COUNT(settled))
      continue;
    assert_true(expected < seen.n);
    assert_string_equal(seen.tokens[expected], token[i]);
    assert_int_equal(seen.states[expected], i);
    expected++;
  }
  assert_int_equal(seen.n, expected);
  assert_int_equal(seen.body_len, 4 * expected);
  memset(&seen, 0, sizeof seen);
  seen.stop_at = 2;
  assert_int_equal(w.s->ops->load(w.s, see, &seen, &w.bed.err), MJ_ECANCELLED);
  assert_int_equal(seen.n, 2);
  world_end(&w);
}

static void keys(void **state) {
  struct world w;
  struct mj__record r, found;
  struct mj__find f = {NULL, "k", NULL, NULL, NULL, 0};
  world_begin(&w, state);
  assert_false(w.s->ops->known(w.s, NULL, "k"));
  assert_int_equal(w.s->ops->find(w.s, &f, &w.a, &found, NULL), MJ_ENOT_FOUND);
  r = bed_record("a", MJ__READY);
  r.key = "k";
  world_put(&w, &r);
  assert_true(w.s->ops->known(w.s, NULL, "k")); /* though not yet on disk */
  assert_true(w.s->ops->known(w.s, "", "k"));
  assert_false(w.s->ops->known(w.s, "run", "k"));
  assert_false(w.s->ops->known(w.s, "k", ""));
  r = bed_record("b", MJ__SUCCEEDED);
  r.scope = "run";
  r.key = "k";
  world_put(&w, &r);
  r.token = "c"; /* the same key again: the newest job is meant */
  world_put(&w, &r);
  world_reopen(&w);
  assert_true(w.s->ops->known(w.s, "run", "k"));
  assert_true(w.s->ops->known(w.s, NULL, "k"));
  assert_int_equal(w.s->ops->find(w.s, &f, &w.a, &found, NULL), MJ_OK);
  assert_string_equal(found.token, "a");
  f.scope = "run";
  assert_int_equal(w.s->ops->find(w.s, &f, &w.a, &found, NULL), MJ_OK);
  assert_string_equal(found.token, "c");
  f.key = "";
  assert_int_equal(w.s->ops->find(w.s, &f, &w.a, &found, NULL), MJ_ENOT_FOUND);
  world_end(&w);
}

static void task_ids(void **state) {
  struct world w;
  struct mj__record r, found;
  struct mj__find f = {NULL, NULL, NULL, "17", "http://b", 0};
  world_begin(&w, state);
  r = bed_record("a", MJ__ACCEPTED);
  r.task_id = "17";
  r.gateway = "http://a";
  world_put(&w, &r);
  assert_int_equal(w.s->ops->find(w.s, &f, &w.a, &found, NULL), MJ_ENOT_FOUND);
  r.token = "b";
  r.gateway = "http://b";
  world_put(&w, &r);
  r.token = "c";
  r.gateway = "http://a";
  world_put(&w, &r);
  assert_int_equal(w.s->ops->find(w.s, &f, &w.a, &found, NULL), MJ_OK);
  assert_string_equal(found.token, "b");
  f.gateway = NULL; /* any: the newest */
  assert_int_equal(w.s->ops->find(w.s, &f, &w.a, &found, NULL), MJ_OK);
  assert_string_equal(found.token, "c");
  assert_null(found.body);
  f.task_id = NULL;
  assert_int_equal(w.s->ops->find(w.s, &f, &w.a, &found, NULL), MJ_ENOT_FOUND);
  world_end(&w);
}

int main(void) {
  static const struct store_test suite[] = {
      {"numbers", numbers},
      {"no_token", no_token},
      {"misuse", misuse},
      {"every_member", every_member},
      {"said_and_unsaid", said_and_unsaid},
      {"load_open_ones", load_open_ones},
      {"keys", keys},
      {"task_ids", task_ids}};
  return store_cases("store", suite, COUNT(suite));
}
