/* SPDX-License-Identifier: MIT
   test_store_more.c - what every store does with runs and files, with much,
   with strange texts and without memory. */
#include "store_case.h"

static void runs(void **state) {
  struct world w;
  struct mj__run run = {"r1", "a.lua", 1000, 0, 77, 0}, found;
  world_begin(&w, state);
  assert_int_equal(w.s->ops->run_last(w.s, "a.lua", &w.a, &found, NULL),
                   MJ_ENOT_FOUND);
  assert_int_equal(w.s->ops->run_begin(w.s, &run, &w.number), MJ_OK);
  run.id = "r2";
  run.script = "b.lua";
  assert_int_equal(w.s->ops->run_begin(w.s, &run, &w.number), MJ_OK);
  run.id = "r0"; /* newest by when it came, not by name */
  run.script = "a.lua";
  run.started_ms = 0;
  run.pid = 0;
  assert_int_equal(w.s->ops->run_begin(w.s, &run, &w.number), MJ_OK);
  assert_int_equal(w.s->ops->run_end(w.s, "r2", 1, 5000, &w.number), MJ_OK);
  world_reopen(&w);
  assert_int_equal(w.s->ops->run_last(w.s, "a.lua", &w.a, &found, NULL), MJ_OK);
  assert_string_equal(found.id, "r0");
  assert_string_equal(found.script, "a.lua");
  assert_true(found.started_ms > 1700000000000);
  assert_true(found.pid > 1);
  assert_int_equal(found.ended_ms, 0);
  assert_int_equal(found.clean, 0);
  assert_int_equal(w.s->ops->run_last(w.s, "b.lua", &w.a, &found, NULL), MJ_OK);
  assert_int_equal(found.started_ms, 1000);
  assert_int_equal(found.pid, 77);
  assert_int_equal(found.ended_ms, 5000);
  assert_int_equal(found.clean, 1);
  world_end(&w);
}

struct listed {
  char text[512];
};

static int list(void *ud, const struct mj__saved *f) {
  struct listed *l = ud;
  size_t n = strlen(l->text);
  (void)snprintf(l->text + n, sizeof l->text - n, "%s %d %s %d %s;", f->token,
                 f->n, f->path, (int)f->bytes, f->sha256 ? f->sha256 : "-");
  return MJ_OK;
}

static void files(void **state) {
  struct world w;
  struct listed l = {""};
  struct mj__saved f = {"t", 2, "b.png", 7, NULL};
  world_begin(&w, state);
  assert_int_equal(w.s->ops->file_put(w.s, &f, &w.number), MJ_OK);
  f.n = 1;
  f.path = "a.png";
  f.sha256 = "abc";
  assert_int_equal(w.s->ops->file_put(w.s, &f, &w.number), MJ_OK);
  f.token = "u";
  assert_int_equal(w.s->ops->file_put(w.s, &f, &w.number), MJ_OK);
  f.token = "t";
  f.n = 2;
  f.path = "c.png"; /* saved again, elsewhere */
  f.bytes = 9;
  assert_int_equal(w.s->ops->file_put(w.s, &f, &w.number), MJ_OK);
  world_reopen(&w);
  assert_int_equal(w.s->ops->files(w.s, "t", list, &l, NULL), MJ_OK);
  assert_string_equal(l.text, "t 1 a.png 7 abc;t 2 c.png 9 abc;");
  l.text[0] = '\0';
  assert_int_equal(w.s->ops->files(w.s, "nobody", list, &l, NULL), MJ_OK);
  assert_string_equal(l.text, "");
  world_end(&w);
}

/* Bodies of megabytes, the same one twice, another one in its place. */
static void big_bodies(void **state) {
  static const size_t sizes[] = {
      0, 1, MJ__BODY_INLINE, 65536, 65537, MJ__BODY_INLINE + 1, 5000000};
  struct world w;
  struct mj__record r, found;
  char *body = malloc(5000000);
  size_t i, k;
  world_begin(&w, state);
  assert_non_null(body);
  for (i = 0; i < 5000000; i++)
    body[i] = (char)(i * 31 % 251); /* NUL among them */
  for (i = 0; i < COUNT(sizes); i++) {
    for (k = 0; k < 2; k++) {
      r = bed_record(k ? "two" : "one", MJ__READY);
      r.body = body;
      r.body_len = sizes[i];
      world_put(&w, &r);
      r = bed_record(k ? "two" : "one", MJ__DISPATCHING);
      world_put(&w, &r);
    }
    if (i % 3 == 2)
      world_reopen(&w);
    for (k = 0; k < 2; k++) {
      assert_int_equal(world_find(&w, k ? "two" : "one", &found), MJ_OK);
      assert_int_equal(found.body_len, sizes[i]);
      assert_non_null(found.body);
      assert_memory_equal(found.body, body, sizes[i]);
      mj__arena_free(&w.a);
    }
  }
  free(body);
  world_end(&w);
}

static void hostile_texts(void **state) {
  static const char *const texts[] = {"'; DROP TABLE task; --",
                                      "\"",
                                      "\xff\xfe\x80",
                                      "a\nb\r\tc",
                                      "\x01\x7f",
                                      "\xed\xa0\x80",
                                      "%s%n%d",
                                      "\xf0\x9f\x90\x88",
                                      "NULL",
                                      " "};
  struct world w;
  struct mj__record r, found;
  char *longest = malloc(1000001);
  size_t i;
  world_begin(&w, state);
  assert_non_null(longest);
  memset(longest, 'x', 1000000);
  longest[1000000] = '\0';
  for (i = 0; i <= COUNT(texts); i++) {
    const char *text = i < COUNT(texts) ? texts[i] : longest;
    struct mj__find f = {NULL, text, text, NULL, NULL, 0};
    r = bed_record(text, MJ__READY);
    r.key = r.scope = r.prompt = r.task_id = r.gateway = r.state_user = text;
    r.changed_ms = r.created_ms = 5;
    world_put(&w, &r);
    assert_true(w.s->ops->known(w.s, text, text));
    assert_int_equal(world_find(&w, text, &found), MJ_OK);
    same_record(&found, &r);
    assert_int_equal(w.s->ops->find(w.s, &f, &w.a, &found, NULL), MJ_OK);
    assert_string_equal(found.token, text);
    assert_int_equal(w.s->ops->event(w.s, text, text, text, 0, &w.number),
                     MJ_OK);
    mj__arena_free(&w.a);
  }
  world_reopen(&w);
  assert_int_equal(world_find(&w, texts[0], &found), MJ_OK);
  assert_string_equal(found.prompt, texts[0]);
  free(longest);
  world_end(&w);
}

static int count(void *ud, const struct mj__record *r) {
  size_t *n = ud;
  int expected = (int)strtol(r->token + 1, NULL, 10);
  assert_int_equal(expected % 2, 1); /* oldest first, even ones settled */
  assert_int_equal(expected, 2 * (int)*n + 1);
  ++*n;
  return MJ_OK;
}

static void many_rows(void **state) {
  struct world w;
  struct mj__record r, found;
  char token[32];
  size_t n = 0;
  int i, k;
  world_begin(&w, state);
  for (k = 0; k < 2; k++)
    for (i = 0; i < 10000; i++) {
      (void)snprintf(token, sizeof token, "t%d", i);
      r = bed_record(token, k == 0 ? MJ__READY : MJ__ACCEPTED);
      r.key = k == 0 ? token : NULL;
      if (k && i % 2 == 0)
        r.state = MJ__SUCCEEDED;
      world_put(&w, &r);
    }
  assert_int_equal(w.s->ops->flush(w.s, -1), MJ_OK);
  assert_int_equal(w.s->ops->durable(w.s), 20000);
  world_reopen(&w);
  assert_int_equal(w.s->ops->load(w.s, count, &n, NULL), MJ_OK);
  assert_int_equal(n, 5000);
  assert_int_equal(world_find(&w, "t9999", &found), MJ_OK);
  assert_int_equal(found.state, MJ__ACCEPTED);
  for (i = 0; i < 10000; i++) {
    (void)snprintf(token, sizeof token, "t%d", i);
    assert_true(w.s->ops->known(w.s, NULL, token));
  }
  assert_false(w.s->ops->known(w.s, NULL, "t10000"));
  world_end(&w);
}

static void forgotten(void **state) {
  struct world w;
  struct mj__record r, found;
  struct listed l = {""};
  /* token, state, changed, scope, key, run, stays */
  static const struct {
    const char *token;
    int state;
    int64_t changed_ms;
    const char *scope, *key, *run;
    int stays;
  } rows[] = {{"old", MJ__SUCCEEDED, 10, NULL, NULL, NULL, 0},
              {"new", MJ__SUCCEEDED, 20, NULL, NULL, NULL, 1},
              {"open", MJ__UNKNOWN, 10, NULL, NULL, NULL, 1},
              {"keyed", MJ__FAILED, 10, NULL, "mine", "r", 1},
              {"counted", MJ__FAILED, 10, "r", "h:1", "r", 0},
              {"apart", MJ__FAILED, 10, NULL, NULL, NULL, 0}};
  struct mj__saved f = {"old", 1, "a.png", 1, NULL};
  char body[9000];
  size_t i;
  world_begin(&w, state);
  memset(body, 'b', sizeof body);
  for (i = 0; i < COUNT(rows); i++) {
    r = bed_record(rows[i].token, (enum mj__state)rows[i].state);
    r.changed_ms = rows[i].changed_ms;
    r.scope = rows[i].scope;
    r.key = rows[i].key;
    r.run = rows[i].run;
    r.body = body;
    r.body_len = sizeof body;
    world_put(&w, &r);
  }
  assert_int_equal(w.s->ops->file_put(w.s, &f, &w.number), MJ_OK);
  assert_int_equal(w.s->ops->forget(w.s, 20, &w.number), MJ_OK);
  world_reopen(&w);
  for (i = 0; i < COUNT(rows); i++) {
    assert_int_equal(world_find(&w, rows[i].token, &found),
                     rows[i].stays ? MJ_OK : MJ_ENOT_FOUND);
    if (rows[i].stays)
      assert_int_equal(found.body_len, sizeof body);
  }
  assert_int_equal(w.s->ops->files(w.s, "old", list, &l, NULL), MJ_OK);
  assert_string_equal(l.text, "");
  world_end(&w);
}

/* Memory that runs out is said so, and nothing of it counts. */
static void out_of_memory(void **state) {
  struct world w;
  size_t n, failures = 0;
  world_begin(&w, state);
  for (n = 1; n < 200; n++) {
    struct mj__record r = full_record(), found;
    uint64_t before = w.number;
    char token[32];
    int rc;
    (void)snprintf(token, sizeof token, "t%d", (int)n);
    r.token = r.key = token;
    w.meter.fail_at = w.meter.calls + 1 + n % 4;
    rc = w.s->ops->put(w.s, &r, &w.number);
    if (rc != MJ_OK) {
      assert_int_equal(rc, MJ_ERESOURCE);
      assert_int_equal(w.number, before);
      failures++;
    }
    w.meter.fail_at = 0;
    assert_int_equal(world_find(&w, token, &found), rc ? MJ_ENOT_FOUND : MJ_OK);
  }
  assert_true(failures > 10);
  world_end(&w);
}

int main(void) {
  static const struct store_test suite[] = {{"runs", runs},
                                            {"files", files},
                                            {"big_bodies", big_bodies},
                                            {"hostile_texts", hostile_texts},
                                            {"many_rows", many_rows},
                                            {"forgotten", forgotten},
                                            {"out_of_memory", out_of_memory}};
  return store_cases("store_more", suite, COUNT(suite));
}
