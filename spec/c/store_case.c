/* SPDX-License-Identifier: MIT
   store_case.c - see store_case.h. */
#include "store_case.h"

static const struct kind kinds[] = {{"table", 0},
#ifdef MJ_JOURNAL
                                    {"sqlite", 1}
#endif
};

static void open_store(struct world *w) {
  int rc = w->kind->in_file ? bed_open(&w->bed, &w->s, &w->m, NULL)
                            : mj__store_table(&w->s, &w->m);
  assert_string_equal(w->bed.err.text, "");
  assert_int_equal(rc, MJ_OK);
}

void world_begin(struct world *w, void **state) {
  memset(w, 0, sizeof *w);
  memcpy(&w->kind, state, sizeof w->kind);
  assert_int_equal(bed_make(&w->bed), 0);
  meter_mem(&w->meter, &w->m);
  mj__arena_init(&w->a, &w->m);
  open_store(w);
}

void world_end(struct world *w) {
  w->s->ops->free(w->s);
  mj__arena_free(&w->a);
  assert_int_equal(w->meter.live, 0);
  assert_int_equal(w->bed.nlines, 0);
  bed_remove(&w->bed);
}

void world_reopen(struct world *w) {
  if (!w->kind->in_file)
    return;
  w->s->ops->free(w->s);
  w->number = 0;
  open_store(w);
}

void world_put(struct world *w, const struct mj__record *r) {
  uint64_t before = w->number;
  assert_int_equal(w->s->ops->put(w->s, r, &w->number), MJ_OK);
  assert_int_equal(w->number, before + 1);
}

int world_find(struct world *w, const char *token, struct mj__record *out) {
  struct mj__find f = {token, NULL, NULL, NULL, NULL, 1};
  return w->s->ops->find(w->s, &f, &w->a, out, &w->bed.err);
}

struct mj__record full_record(void) {
  struct mj__record r = bed_record("mj_full", MJ__DISPATCHING);
  r.attempt = 3;
  r.task_id = "1730621718151844";
  r.url = "http://gateway/mj/submit/imagine";
  r.body = "{\"prompt\":\"a\"}";
  r.body_len = 14;
  r.op = MJ_OP_IMAGINE;
  r.scope = "run-1";
  r.key = "k";
  r.run = "run-1";
  r.gateway = "http://gateway";
  r.parent = "177";
  r.parent_token = "mj_parent";
  r.button = "MJ::JOB::upsample::2::x";
  r.mode = "fast";
  r.state_user = "mine";
  r.prompt = "black cat";
  r.result = "{\"id\":\"1\"}";
  r.result_len = 10;
  r.error = MJ_EFAILED;
  r.error_text = "it failed";
  r.created_ms = 1700000000001;
  r.sent_ms = 1700000000002;
  r.changed_ms = 1700000000003;
  r.print = "print";
  r.what = "vary:strong";
  r.budget = "mine";
  r.price = 50000;
  return r;
}

void same_record(const struct mj__record *a, const struct mj__record *b) {
  assert_int_equal(a->job, 0); /* not kept */
#define X(name)                                                                \
  if (b->name)                                                                 \
    assert_non_null(a->name), assert_string_equal(a->name, b->name);           \
  else                                                                         \
    assert_null(a->name);
  RECORD_TEXTS(X)
#undef X
#define X(name) assert_int_equal(a->name, b->name);
  RECORD_NUMBERS(X)
#undef X
  assert_int_equal(a->body != NULL, b->body != NULL);
  if (b->body)
    assert_memory_equal(a->body, b->body, b->body_len);
  assert_int_equal(a->result != NULL, b->result != NULL);
  if (b->result)
    assert_memory_equal(a->result, b->result, b->result_len);
}

int store_cases(const char *group, const struct store_test *suite, size_t n) {
  static struct CMUnitTest tests[64];
  static char names[64][64];
  size_t i, k, all = 0;
  for (k = 0; k < COUNT(kinds); k++)
    for (i = 0; i < n; i++, all++) {
      assert_true(all < COUNT(tests));
      (void)snprintf(names[all], sizeof names[all], "%s: %s", kinds[k].name,
                     suite[i].name);
      tests[all] = named_case(names[all], suite[i].f, &kinds[k]);
    }
  return run_cases(group, tests, all);
}
