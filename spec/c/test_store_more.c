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
  assert_int_equal(w.s->ops->files(w.s, NULL, list, &l, NULL), MJ_OK);
  assert_string_equal(l.text,
                      "t 1 a.png 7 abc;t 2 c.png 9 abc;u 1 a.png 7 abc;");
  l.text[0] = '\0';
  assert_true(w.s->ops->known(w.s, MJ__SCOPE_FILES, "u"));
  assert_false(w.s->ops->known(w.s, MJ__SCOPE_FILES, "nobody"));
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

/* When the last of those that were asked for in the same words was made. */
static void newest(void **state) {
  static const struct {
    const char *token, *scope, *key;
    int64_t created_ms;
  } rows[] = {{"a", "r", "1.ab.1", 10},  {"b", "r", "1.ab.2", 40},
              {"c", "r", "1.ab.10", 30}, {"d", "r", "1.abc.1", 90},
              {"e", "s", "1.ab.9", 80},  {"f", NULL, "1.ab.9", 70},
              {"g", "r", "1.ab/1", 60},  {"h", "r", "1.ab.11", 30}};
  static const struct {
    const char *scope, *prefix;
    long after, n;
    int64_t at;
  } asked[] = {{"r", "1.ab.", 0, 2, 40},    {"r", "1.ab.", 1, 2, 40},
               {"r", "1.ab.", 2, 11, 30},   {"r", "1.ab.", 11, 11, 0},
               {"s", "1.ab.", 0, 9, 80},    {"s", "1.abc.", 0, 0, 0},
               {"nobody", "1.ab.", 3, 3, 0}};
  struct world w;
  int64_t at;
  size_t i;
  world_begin(&w, state);
  for (i = 0; i < COUNT(rows); i++) {
    struct mj__record r = bed_record(rows[i].token, MJ__READY);
    r.scope = rows[i].scope;
    r.key = rows[i].key;
    r.created_ms = rows[i].created_ms;
    world_put(&w, &r);
  }
  for (i = 0; i < COUNT(asked); i++) {
    long n = asked[i].after;
    assert_int_equal(
        w.s->ops->newest(w.s, asked[i].scope, asked[i].prefix, &n, &at, NULL),
        MJ_OK);
    assert_int_equal(at, asked[i].at);
    assert_int_equal(n, asked[i].n);
  }
  world_end(&w);
}

static int last_is(struct world *w, const char *script, const char *id) {
  struct mj__run found;
  return w->s->ops->run_last(w->s, script, &w->a, &found, NULL) == MJ_OK &&
         strcmp(found.id, id) == 0;
}

static void forgotten(void **state) {
  struct world w;
  struct mj__record r, found;
  struct listed l = {""};
  /* `body`: what is left of it */
  static const struct {
    const char *token;
    int state;
    int64_t changed_ms;
    const char *scope, *key, *run;
    int stays, body;
  } rows[] = {{"old", MJ__SUCCEEDED, 10, NULL, NULL, NULL, 0, 0},
              {"new", MJ__SUCCEEDED, 20, NULL, NULL, NULL, 1, 1},
              {"open", MJ__UNKNOWN, 10, NULL, NULL, NULL, 1, 1},
              {"keyed", MJ__FAILED, 10, NULL, "mine", "r", 1, 0},
              {"keyed new", MJ__FAILED, 20, "", "my own", "r", 1, 1},
              {"keyed open", MJ__UNKNOWN, 10, "", "his", "r", 1, 1},
              {"counted", MJ__FAILED, 10, "r", "h:1", "r", 0, 0},
              {"ended well", MJ__SUCCEEDED, 10, "r1", "h:1", "r1", 0, 0},
              {"cut off before", MJ__SUCCEEDED, 10, "r2", "h:1", "r2", 0, 0},
              {"cut off", MJ__SUCCEEDED, 10, "r3", "h:1", "r3", 1, 1},
              {"gave up", MJ__SUCCEEDED, 10, "r4", "h:1", "r4", 1, 1},
              {"apart", MJ__FAILED, 10, NULL, NULL, NULL, 0, 0}};
  static const struct mj__run runs[] = {
      {"r1", "a", 5, 0, 1, 0}, {"r2", "b", 5, 0, 1, 0},
      {"r3", "b", 5, 0, 1, 0}, {"r4", "c", 5, 0, 1, 0},
      {"r5", "d", 5, 0, 1, 0}, {"r6", "e", 20, 0, 1, 0}};
  struct mj__saved f = {"old", 1, "a.png", 1, NULL};
  char body[9000];
  size_t i;
  world_begin(&w, state);
  memset(body, 'b', sizeof body);
  for (i = 0; i < COUNT(runs); i++)
    assert_int_equal(w.s->ops->run_begin(w.s, &runs[i], &w.number), MJ_OK);
  assert_int_equal(w.s->ops->run_end(w.s, "r1", 1, 6, &w.number), MJ_OK);
  assert_int_equal(w.s->ops->run_end(w.s, "r5", 1, 6, &w.number), MJ_OK);
  assert_int_equal(w.s->ops->run_end(w.s, "r6", 1, 6, &w.number), MJ_OK);
  assert_int_equal(w.s->ops->run_end(w.s, "r4", 0, 6, &w.number), MJ_OK);
  for (i = 0; i < COUNT(rows); i++) {
    r = bed_record(rows[i].token, (enum mj__state)rows[i].state);
    r.changed_ms = rows[i].changed_ms;
    r.scope = rows[i].scope;
    r.key = rows[i].key;
    r.run = rows[i].run;
    r.body = body;
    r.body_len = i % 2 ? sizeof body : 100; /* apart, and in the row */
    r.result = "result";
    world_put(&w, &r);
  }
  assert_int_equal(w.s->ops->file_put(w.s, &f, &w.number), MJ_OK);
  assert_int_equal(w.s->ops->forget(w.s, 20, &w.number), MJ_OK);
  world_reopen(&w);
  for (i = 0; i < COUNT(rows); i++) {
    assert_int_equal(world_find(&w, rows[i].token, &found),
                     rows[i].stays ? MJ_OK : MJ_ENOT_FOUND);
    if (!rows[i].stays)
      continue;
    assert_int_equal(found.body_len, !rows[i].body ? 0
                                     : i % 2       ? sizeof body
                                                   : 100);
    assert_string_equal(found.result, "result");
  }
  assert_false(last_is(&w, "a", "r1")); /* nothing is left of it */
  assert_true(last_is(&w, "b", "r3"));
  assert_true(last_is(&w, "c", "r4"));
  assert_false(last_is(&w, "d", "r5"));
  assert_true(last_is(&w, "e", "r6"));
  assert_int_equal(w.s->ops->files(w.s, "old", list, &l, NULL), MJ_OK);
  assert_string_equal(l.text, "");
  world_end(&w);
}

struct account {
  const char *budget;
  int64_t count, priced, amount, spent, days;
};

static int add_up(void *ud, const struct mj__sum *s) {
  struct account *a = ud;
  if (strcmp(s->budget ? s->budget : "", a->budget) != 0)
    return MJ_OK;
  assert_string_equal(s->gateway, "http://gateway");
  assert_string_equal(s->what, "imagine");
  assert_string_equal(s->mode, "fast");
  a->count += s->count;
  a->priced += s->priced;
  a->amount += s->amount;
  a->spent += s->state == MJ__SUCCEEDED ? s->amount : 0;
  a->days += s->day * s->count;
  return MJ_OK;
}

static struct account account_of(struct world *w, const char *budget) {
  struct account a = {budget, 0, 0, 0, 0, 0};
  assert_int_equal(w->s->ops->sums(w->s, add_up, &a, &w->bed.err), MJ_OK);
  return a;
}

static const struct {
  const char *token, *budget;
  int state;
  int64_t price, sent_ms;
} priced[] = {{"a", NULL, MJ__SUCCEEDED, 5, 86400000},
              {"b", NULL, MJ__SUCCEEDED, 6, 86400000 * 2},
              {"c", "", MJ__UNKNOWN, 7, 86400000 * 2 - 1},
              {"d", NULL, MJ__SUCCEEDED, 0, 86400000},           /* no price */
              {"e", NULL, MJ__FAILED, MJ__PRICE_NONE, 86400000}, /* no money */
              {"f", NULL, MJ__READY, 0, 0},
              {"g", "mine", MJ__SUCCEEDED, 9, 86400000}};

/* What was paid for is known when nothing else is any more. */
static void sums(void **state) {
  struct world w;
  struct account a;
  size_t i;
  int round;
  world_begin(&w, state);
  for (i = 0; i < COUNT(priced); i++) {
    struct mj__record r =
        bed_record(priced[i].token, (enum mj__state)priced[i].state);
    r.op = MJ_OP_IMAGINE;
    r.what = i % 2 ? "imagine" : NULL;
    r.mode = "fast";
    r.gateway = "http://gateway";
    r.budget = priced[i].budget;
    r.price = priced[i].price;
    r.sent_ms = priced[i].sent_ms;
    r.changed_ms = 10;
    world_put(&w, &r);
  }
  for (round = 0; round < 3; round++) {
    a = account_of(&w, "");
    assert_int_equal(a.count, 5);
    assert_int_equal(a.priced, 4);
    assert_int_equal(a.amount, 18);
    assert_int_equal(a.spent, 11);
    assert_int_equal(a.days, 6);
    a = account_of(&w, "mine");
    assert_int_equal(a.count, 1);
    assert_int_equal(a.amount, 9);
    a = account_of(&w, "nobody's");
    assert_int_equal(a.count, 0);
    if (round == 0)
      assert_int_equal(w.s->ops->forget(w.s, 20, &w.number), MJ_OK);
    else
      world_reopen(&w);
  }
  { /* the rows are gone */
    struct mj__record found;
    assert_int_equal(world_find(&w, "a", &found), MJ_ENOT_FOUND);
    assert_int_equal(world_find(&w, "c", &found), MJ_OK);
  }
  /* it was not paid after all */
  {
    struct mj__record r = bed_record("c", MJ__READY);
    r.price = MJ__PRICE_NONE;
    world_put(&w, &r);
    a = account_of(&w, "");
    assert_int_equal(a.amount, 11);
    assert_int_equal(a.priced, 4);
  }
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
                                            {"newest", newest},
                                            {"forgotten", forgotten},
                                            {"sums", sums},
                                            {"out_of_memory", out_of_memory}};
  return store_cases("store_more", suite, COUNT(suite));
}
