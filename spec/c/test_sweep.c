/* SPDX-License-Identifier: MIT
   test_sweep.c - lists that are read while they arrive: what they cost, what
   they prove, and seeds as marks. */
#define _XOPEN_SOURCE 700
#include "journal_case.h"

#include "err.h"
#include "json.h"
#include "tag.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Items -------------------------------------------------------------------- */

struct taken {
  struct mj__buf text;
  size_t n, stop_at;
};

static int take(void *ud, const mj_value *item, struct mj__arena *a) {
  struct taken *t = ud;
  (void)a;
  if (t->stop_at && t->n + 1 == t->stop_at)
    return MJ_EFAILED;
  t->n++;
  mj__put_value(&t->text, item);
  return mj__buf_puts(&t->text, ";");
}

/* Fed in pieces of each size; the code it ended with. */
static int each(struct taken *t, const char *text, size_t piece, size_t most) {
  struct mj__mem m;
  mj_json *doc = NULL;
  mj_error err;
  size_t at, n = strlen(text);
  int rc;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&t->text, &m, 1 << 20);
  t->n = 0;
  mj__err_clear(&err);
  assert_int_equal(mj__json_new(&doc, &m), MJ_OK);
  mj__json_each(doc, take, t, most);
  rc = MJ_OK;
  for (at = 0; rc == MJ_OK && at < n; at += piece)
    rc = mj__json_feed(doc, text + at, n - at < piece ? n - at : piece, &err);
  if (rc == MJ_OK)
    rc = mj__json_finish(doc, &err);
  if (rc == MJ_OK && text[0] == '[') {
    assert_int_equal(mj_json_root(doc)->type, MJ_JSON_ARRAY);
    assert_int_equal(mj_json_root(doc)->len, t->n);
    assert_null(mj_json_root(doc)->first);
  }
  mj_json_free(doc);
  return rc;
}

static void items_come_one_by_one(void **state) {
  static const struct {
    const char *text, *items;
    int code;
  } all[] = {{"[]", "", MJ_OK},
             {"[1,\"a\",null,true,[2,[3]],{\"b\":{\"c\":[4]}}]",
              "1;\"a\";null;true;[2,[3]];{\"b\":{\"c\":[4]}};", MJ_OK},
             {"[{\"id\":\"1\"},{\"id\":\"2\"}]",
              "{\"id\":\"1\"};{\"id\":\"2\"};", MJ_OK},
             {"{\"a\":[1,2]}", "", MJ_OK}, /* no list: read as ever */
             {"7", "", MJ_OK},
             {"[1,2", "1;2;", MJ_EPROTOCOL},
             {"[{\"a\":1},}", "{\"a\":1};", MJ_EPROTOCOL},
             {"[1]]", "1;", MJ_EPROTOCOL},
             {"[1] x", "1;", MJ_EPROTOCOL}};
  size_t i, piece;
  (void)state;
  for (i = 0; i < COUNT(all); i++)
    for (piece = 1; piece < 60; piece += 7) {
      struct taken t = {.stop_at = 0};
      int rc = each(&t, all[i].text, piece, 1 << 20);
      if (rc != all[i].code ||
          strcmp(t.text.p ? t.text.p : "", all[i].items) != 0)
        fail_msg("%s in %zu: %d, %s", all[i].text, piece, rc, t.text.p);
      mj__buf_free(&t.text);
    }
}

static void an_item_may_be_refused_or_too_large(void **state) {
  struct taken t = {.stop_at = 3};
  char *text = malloc(70000);
  (void)state;
  assert_int_equal(each(&t, "[1,2,3,4]", 100, 1 << 20), MJ_EFAILED);
  assert_int_equal(t.n, 2);
  mj__buf_free(&t.text);
  t.stop_at = 0;
  assert_non_null(text);
  /* [11...,[11...,11...]] */
  memset(text, '1', 65000);
  text[0] = text[30001] = '[';
  text[30000] = text[60000] = ',';
  (void)memcpy(text + 65000, "]]", 3);
  assert_int_equal(each(&t, text, 1000, 50000), MJ_ETOO_LARGE);
  assert_int_equal(t.n, 1);
  mj__buf_free(&t.text);
  assert_int_equal(each(&t, text, 1000, 200000), MJ_OK);
  assert_int_equal(t.n, 2);
  mj__buf_free(&t.text);
  free(text);
}

struct watched {
  const char *text;
  mj_json *doc;
  struct mj__buf spans;
  const mj_value *first;
};

static int watch(void *ud, const mj_value *item, struct mj__arena *a) {
  struct watched *w = ud;
  size_t n, at;
  assert_ptr_equal(a, mj__json_arena(w->doc));
  if (!w->first)
    w->first = item;
  if (item->type != MJ_JSON_OBJECT && item->type != MJ_JSON_ARRAY)
    return mj__buf_puts(&w->spans, "-;");
  at = mj__json_span(w->doc, &n);
  return mj__buf_printf(&w->spans, "%.*s;", (int)n, w->text + at);
}

static void a_list_that_is_kept_tells_where_its_items_lie(void **state) {
  static const char *const all[][2] = {
      {"[ {\"a\" : 1 } ,{\"b\":[{\"c\":\"}\"}]}\n,7, [ ] ]",
       "{\"a\" : 1 };{\"b\":[{\"c\":\"}\"}]};-;[ ];"},
      {"\xef\xbb\xbf[{\"\xc3\xbc\":\"\\u00fc\\\"\"}]",
       "{\"\xc3\xbc\":\"\\u00fc\\\"\"};"},
      {"{\"a\":[{}]}", ""}};
  size_t i, piece, at;
  struct mj__mem m;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  for (i = 0; i < COUNT(all); i++)
    for (piece = 1; piece < 60; piece++) {
      size_t n = strlen(all[i][0]);
      struct watched w = {.text = all[i][0]};
      mj_error err;
      mj__buf_init(&w.spans, &m, 1000);
      assert_int_equal(mj__json_new(&w.doc, &m), MJ_OK);
      mj__json_watch(w.doc, watch, &w);
      for (at = 0; at < n; at += piece)
        assert_int_equal(mj__json_feed(w.doc, w.text + at,
                                       n - at < piece ? n - at : piece, &err),
                         MJ_OK);
      assert_int_equal(mj__json_finish(w.doc, &err), MJ_OK);
      assert_string_equal(w.spans.p ? w.spans.p : "", all[i][1]);
      if (w.first)
        assert_ptr_equal(mj_json_root(w.doc)->first, w.first);
      mj_json_free(w.doc);
      mj__buf_free(&w.spans);
    }
}

/* Through the client ------------------------------------------------------- */

static size_t held, most_held;

/* Each block says in front of itself how large it is. */
static void *counted(void *ud, void *p, size_t osize, size_t nsize) {
  enum { HEAD = 16 };
  char *old = p ? (char *)p - HEAD : NULL, *q;
  size_t size = 0;
  (void)ud;
  (void)osize;
  if (old)
    memcpy(&size, old, sizeof size);
  held -= size;
  if (nsize == 0) {
    free(old);
    return NULL;
  }
  q = realloc(old, HEAD + nsize);
  assert_non_null(q);
  memcpy(q, &nsize, sizeof nsize);
  held += nsize;
  if (held > most_held)
    most_held = held;
  return q + HEAD;
}

static void with_a_scale(mj_config *cfg) {
  journaled(cfg);
  cfg->alloc = counted;
}

static void with_a_tag(mj_config *cfg) {
  journaled(cfg);
  cfg->seed_tag = 1;
}

static size_t put_task(char *to, size_t i, size_t bytes) {
  int n = snprintf(to, 200,
                   "%s{\"id\":\"%zu\",\"status\":\"SUCCESS\","
                   "\"state\":\"somebody\",\"prompt\":\"",
                   i ? "," : "[", 1000 + i);
  memset(to + n, 'x', bytes);
  memcpy(to + n + bytes, "\"}", 2);
  return (size_t)n + bytes + 2;
}

/* Ten megabytes of tasks, ours the last. */
static void a_long_list_is_not_kept(void **state) {
  enum { TASKS = 5000, BYTES = 2000 };
  char *list = malloc((size_t)TASKS * (BYTES + 200) + 1000);
  size_t i, n = 0;
  struct seen s;
  char token[40];
  assert_non_null(list);
  {
    rig_tune = journaled;
    RIG(r, NEVER);
    s = run(&r, rig_imagine(&r), 1000);
    (void)snprintf(token, sizeof token, "%s", s.token);
    killed(&r);
  }
  for (i = 0; i < TASKS; i++)
    n += put_task(list + n, i, BYTES);
  n += (size_t)snprintf(list + n, 900,
                        ",{\"id\":\"99\",\"status\":\"IN_PROGRESS\","
                        "\"state\":\"%s\"}]",
                        token);
  {
    rig_tune = with_a_scale;
    held = most_held = 0;
    RIG(r, {.body = list}, DONE);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_string_equal(s.task, "99");
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    print_message("a list of %zu bytes: %zu bytes at most\n", n, most_held);
    assert_true(most_held < 1 << 20);
    killed(&r);
  }
  free(list);
}

/* The gateway drops the state, and shows the prompt. */
static void a_seed_finds_it(void **state) {
  char token[40], list[400];
  struct seen s;
  {
    rig_tune = with_a_tag;
    RIG(r, NEVER);
    s = run(&r, rig_imagine(&r), 1000);
    (void)snprintf(token, sizeof token, "%s", s.token);
    (void)snprintf(list, sizeof list, " --seed %u\"", (unsigned)mj__tag(token));
    assert_non_null(strstr(script_at(r.s, 0)->body, list));
    killed(&r);
  }
  (void)snprintf(list, sizeof list,
                 "[{\"id\":\"98\",\"status\":\"SUCCESS\",\"state\":\"\","
                 "\"prompt\":\"cat --seed %u\"},"
                 "{\"id\":\"99\",\"status\":\"SUCCESS\",\"state\":\"\","
                 "\"prompt\":\"cat --seed %u\"}]",
                 (unsigned)mj__tag(token) ^ 1, (unsigned)mj__tag(token));
  {
    rig_tune = with_a_tag;
    RIG(r, {.body = list}, DONE);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_string_equal(s.task, "99");
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    killed(&r);
  }
}

/* Nobody asked for seeds: one in a prompt proves nothing. */
static void without_the_wish_a_seed_is_the_users(void **state) {
  char token[40], list[400];
  struct seen s;
  {
    rig_tune = journaled;
    RIG(r, NEVER);
    s = run(&r, rig_imagine(&r), 1000);
    (void)snprintf(token, sizeof token, "%s", s.token);
    assert_null(strstr(script_at(r.s, 0)->body, "--seed"));
    killed(&r);
  }
  (void)snprintf(list, sizeof list,
                 "[{\"id\":\"99\",\"status\":\"SUCCESS\",\"state\":\"\","
                 "\"prompt\":\"cat --seed %u\"}]",
                 (unsigned)mj__tag(token));
  {
    rig_tune = journaled;
    RIG(r, {.body = list});
    s = run(&r, rig_imagine(&r), 2000000);
    assert_int_equal(s.code, MJ_EUNKNOWN_OUTCOME);
    killed(&r);
  }
}

#define T(f) cmocka_unit_test_setup_teardown(f, journal_up, journal_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(items_come_one_by_one),
      cmocka_unit_test(an_item_may_be_refused_or_too_large),
      cmocka_unit_test(a_list_that_is_kept_tells_where_its_items_lie),
      T(a_long_list_is_not_kept),
      T(a_seed_finds_it),
      T(without_the_wish_a_seed_is_the_users),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
