/* SPDX-License-Identifier: MIT
   test_past.c - requests that are remembered by the task they made. */
#include "past.h"
#include "test.h"

#include <stdio.h>

static char *text(const struct mj__mem *m, const char *s) {
  char *p = mj__strdup(m, s);
  assert_non_null(p);
  return p;
}

static void keep(struct mj__past *p, const struct mj__mem *m, int i) {
  char id[24], body[32];
  (void)snprintf(id, sizeof id, "task_%d", i);
  (void)snprintf(body, sizeof body, "{\"n\":%d}", i);
  mj__past_keep(p, m, id, text(m, "http://gw.test/x"), text(m, body),
                strlen(body), i % 2 ? "odd" : NULL);
}

static void each_is_found_by_its_task(void **state) {
  struct mj__past p;
  struct mj__mem m;
  const struct mj__old *o;
  int i;
  (void)state;
  memset(&p, 0, sizeof p);
  mj__mem_init(&m, NULL, NULL);
  assert_null(mj__past_find(&p, "task_1"));
  for (i = 0; i < 1000; i++)
    keep(&p, &m, i);
  for (i = 0; i < 1000; i++) {
    char id[24], body[32];
    (void)snprintf(id, sizeof id, "task_%d", i);
    (void)snprintf(body, sizeof body, "{\"n\":%d}", i);
    o = mj__past_find(&p, id);
    assert_non_null(o);
    assert_string_equal(o->body, body);
    assert_int_equal(o->body_len, strlen(body));
    assert_string_equal(o->url, "http://gw.test/x");
    assert_true(i % 2 ? strcmp(o->prompt, "odd") == 0 : o->prompt == NULL);
  }
  assert_null(mj__past_find(&p, "task_1000"));
  keep(&p, &m, 7); /* the same id again: the newer one counts */
  mj__past_keep(&p, &m, "task_7", text(&m, "u"), text(&m, "{}"), 2, NULL);
  assert_string_equal(mj__past_find(&p, "task_7")->body, "{}");
  mj__past_free(&p, &m);
  assert_int_equal(p.n, 0);
  assert_int_equal(p.bytes, 0);
}

static void the_oldest_go_first(void **state) {
  enum { BIG = 1 << 20 };
  struct mj__past p;
  struct mj__mem m;
  char id[24];
  int i;
  (void)state;
  memset(&p, 0, sizeof p);
  mj__mem_init(&m, NULL, NULL);
  for (i = 0; i < 40; i++) {
    char *body = mj__alloc(&m, BIG);
    assert_non_null(body);
    (void)snprintf(id, sizeof id, "task_%d", i);
    mj__past_keep(&p, &m, id, text(&m, "u"), body, BIG, "cat");
    assert_true(p.bytes <= MJ__PAST_MOST);
  }
  assert_int_equal(p.n, 15); /* 16 of them and their names are too many */
  assert_null(mj__past_find(&p, "task_24"));
  assert_non_null(mj__past_find(&p, "task_25"));
  assert_non_null(mj__past_find(&p, "task_39"));
  /* one that is too large for all of it forgets itself, too */
  mj__past_keep(&p, &m, "huge", text(&m, "u"), mj__alloc(&m, 17 * BIG),
                17 * BIG, NULL);
  assert_int_equal(p.n, 0);
  keep(&p, &m, 1);
  assert_non_null(mj__past_find(&p, "task_1"));
  mj__past_free(&p, &m);
}

static int left;

static void *failing(void *ud, void *ptr, size_t osize, size_t nsize) {
  (void)ud;
  (void)osize;
  if (nsize == 0) {
    free(ptr);
    return NULL;
  }
  return left-- > 0 ? realloc(ptr, nsize) : NULL;
}

/* Without memory for it nothing is remembered, and nothing leaks. */
static void memory_may_be_missing(void **state) {
  struct mj__mem m, scarce;
  int n;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  mj__mem_init(&scarce, failing, NULL);
  for (n = 0; n < 4; n++) {
    struct mj__past p;
    memset(&p, 0, sizeof p);
    left = n; /* buckets, the entry, its prompt */
    mj__past_keep(&p, &scarce, "17", text(&m, "u"), text(&m, "{}"), 2, "cat");
    assert_int_equal(p.n, n == 3);
    mj__past_free(&p, &scarce);
  }
  for (n = 0; n < 2; n++) { /* nor of half a request */
    struct mj__past p;
    memset(&p, 0, sizeof p);
    mj__past_keep(&p, &m, "17", n ? text(&m, "u") : NULL,
                  n ? NULL : text(&m, "{}"), 2, NULL);
    assert_null(mj__past_find(&p, "17"));
    mj__past_free(&p, &m);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_is_found_by_its_task),
      cmocka_unit_test(the_oldest_go_first),
      cmocka_unit_test(memory_may_be_missing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
