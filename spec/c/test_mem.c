/* SPDX-License-Identifier: MIT
   test_mem.c - allocator, arena, capped buffer. */
#include "test.h"

static void alloc_is_zeroed(void **state) {
  struct meter meter;
  struct mj__mem m;
  unsigned char *p;
  size_t i;
  (void)state;
  meter_mem(&meter, &m);
  p = mj__alloc(&m, 300);
  assert_non_null(p);
  for (i = 0; i < 300; i++)
    assert_int_equal(p[i], 0);
  p = mj__realloc(&m, p, 300, 600);
  assert_non_null(p);
  mj__free(&m, p);
  mj__free(&m, NULL);
  assert_int_equal(meter.live, 0);
  meter.fail_at = meter.calls + 1;
  assert_null(mj__alloc(&m, 8));
}

static void default_allocator(void **state) {
  struct mj__mem m;
  char *p;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  p = mj__strdup(&m, "abc");
  assert_string_equal(p, "abc");
  p = mj__realloc(&m, p, 4, 4000);
  assert_string_equal(p, "abc");
  mj__free(&m, p);
}

static void strings(void **state) {
  struct meter meter;
  struct mj__mem m;
  char *p;
  (void)state;
  meter_mem(&meter, &m);
  assert_null(mj__strdup(&m, NULL));
  assert_int_equal(meter.calls, 0);
  p = mj__strndup(&m, "abcdef", 3);
  assert_string_equal(p, "abc");
  mj__free(&m, p);
  p = mj__strdup(&m, "");
  assert_string_equal(p, "");
  mj__free(&m, p);
  meter.fail_at = meter.calls + 1;
  assert_null(mj__strdup(&m, "x"));
  assert_int_equal(meter.live, 0);
}

static void arena_aligned_and_apart(void **state) {
  struct meter meter;
  struct mj__mem m;
  struct mj__arena a;
  unsigned char *p[400];
  size_t i, k;
  (void)state;
  meter_mem(&meter, &m);
  mj__arena_init(&a, &m);
  for (i = 0; i < COUNT(p); i++) {
    p[i] = mj__arena_alloc(&a, i + 1);
    assert_non_null(p[i]);
    assert_int_equal((uintptr_t)p[i] % 16, 0);
    memset(p[i], (int)(i & 0xff), i + 1);
  }
  for (i = 0; i < COUNT(p); i++)
    for (k = 0; k <= i; k++)
      assert_int_equal(p[i][k], i & 0xff);
  assert_true(meter.live > 1); /* one chunk was not enough */
  assert_true(meter.live < 10);
  assert_int_equal(a.total, meter.bytes);
  mj__arena_free(&a);
  assert_int_equal(a.total, 0);
  assert_int_equal(meter.live, 0);
  assert_non_null(mj__arena_alloc(&a, 1)); /* usable again */
  mj__arena_free(&a);
  assert_int_equal(meter.live, 0);
}

static void arena_sizes(void **state) {
  struct meter meter;
  struct mj__mem m;
  struct mj__arena a;
  char *big;
  (void)state;
  meter_mem(&meter, &m);
  mj__arena_init(&a, &m);
  assert_null(mj__arena_alloc(&a, SIZE_MAX));
  assert_null(mj__arena_alloc(&a, SIZE_MAX - 15)); /* would round to 0 */
  assert_null(mj__arena_alloc(&a, SIZE_MAX / 2));
  assert_int_equal(meter.calls, 0);
  assert_non_null(mj__arena_alloc(&a, 0));
  big = mj__arena_alloc(&a, 3 << 20); /* more than any chunk */
  assert_non_null(big);
  memset(big, 1, 3 << 20);
  assert_string_equal(mj__arena_strndup(&a, "abcdef", 2), "ab");
  assert_string_equal(mj__arena_strndup(&a, "", 0), "");
  mj__arena_free(&a);
  assert_int_equal(meter.live, 0);
}

static void arena_out_of_memory(void **state) {
  struct meter meter;
  struct mj__mem m;
  struct mj__arena a;
  (void)state;
  meter_mem(&meter, &m);
  mj__arena_init(&a, &m);
  assert_non_null(mj__arena_alloc(&a, 8000));
  meter.fail_at = 2;
  assert_null(mj__arena_alloc(&a, 8000));
  assert_non_null(a.chunk);                   /* the first chunk stays */
  assert_non_null(mj__arena_alloc(&a, 100));  /* and has room */
  assert_non_null(mj__arena_alloc(&a, 8000)); /* memory is back */
  mj__arena_free(&a);
  meter.fail_at = meter.calls + 1;
  assert_null(mj__arena_strndup(&a, "x", 1));
  assert_int_equal(meter.live, 0);
}

static void buf_grows_to_its_cap(void **state) {
  struct meter meter;
  struct mj__mem m;
  struct mj__buf b;
  int i;
  (void)state;
  meter_mem(&meter, &m);
  mj__buf_init(&b, &m, 1000);
  for (i = 0; i < 1000; i++)
    assert_int_equal(mj__buf_add(&b, "x", 1), MJ_OK);
  assert_int_equal(b.n, 1000);
  assert_int_equal(strlen(b.p), 1000);
  assert_int_equal(mj__buf_add(&b, "", 0), MJ_OK); /* nothing still fits */
  assert_int_equal(mj__buf_add(&b, "y", 1), MJ_ETOO_LARGE);
  assert_int_equal(b.n, 1000);
  assert_int_equal(b.p[999], 'x');
  mj__buf_free(&b);
  assert_int_equal(meter.live, 0);
}

static void buf_errors_stick(void **state) {
  struct meter meter;
  struct mj__mem m;
  struct mj__buf b;
  (void)state;
  meter_mem(&meter, &m);
  mj__buf_init(&b, &m, 5);
  assert_int_equal(mj__buf_puts(&b, "abc"), MJ_OK);
  assert_int_equal(mj__buf_puts(&b, "def"), MJ_ETOO_LARGE);
  assert_int_equal(mj__buf_puts(&b, "d"), MJ_ETOO_LARGE);
  assert_int_equal(mj__buf_printf(&b, "%d", 1), MJ_ETOO_LARGE);
  assert_int_equal(mj__buf_add(&b, "", 0), MJ_ETOO_LARGE);
  assert_int_equal(b.err, MJ_ETOO_LARGE);
  assert_string_equal(b.p, "abc");
  mj__buf_reset(&b);
  assert_int_equal(b.err, MJ_OK);
  assert_string_equal(b.p, "");
  assert_int_equal(mj__buf_puts(&b, "defgh"), MJ_OK);
  assert_string_equal(b.p, "defgh");
  mj__buf_free(&b);
  mj__buf_init(&b, &m, 5);
  meter.fail_at = meter.calls + 1;
  assert_int_equal(mj__buf_puts(&b, "abc"), MJ_ERESOURCE);
  assert_int_equal(mj__buf_puts(&b, "abc"), MJ_ERESOURCE);
  assert_null(b.p);
  mj__buf_reset(&b);
  assert_int_equal(mj__buf_puts(&b, "abc"), MJ_OK);
  mj__buf_free(&b);
  assert_int_equal(meter.live, 0);
}

static void buf_keeps_what_it_has(void **state) {
  struct meter meter;
  struct mj__mem m;
  struct mj__buf b;
  char big[600];
  (void)state;
  memset(big, 'z', sizeof big);
  meter_mem(&meter, &m);
  mj__buf_init(&b, &m, 10000);
  assert_int_equal(mj__buf_puts(&b, "head"), MJ_OK);
  meter.fail_at = meter.calls + 1;
  assert_int_equal(mj__buf_add(&b, big, sizeof big), MJ_ERESOURCE);
  assert_string_equal(b.p, "head");
  mj__buf_free(&b);
  assert_int_equal(meter.live, 0);
}

static void buf_overflow(void **state) {
  struct meter meter;
  struct mj__mem m;
  struct mj__buf b;
  (void)state;
  meter_mem(&meter, &m);
  mj__buf_init(&b, &m, 100);
  assert_int_equal(mj__buf_puts(&b, "abc"), MJ_OK);
  /* refused by the sum, before a byte is read */
  assert_int_equal(mj__buf_add(&b, "x", SIZE_MAX), MJ_ETOO_LARGE);
  mj__buf_reset(&b);
  assert_int_equal(mj__buf_add(&b, "x", SIZE_MAX - 2), MJ_ETOO_LARGE);
  mj__buf_free(&b);
}

static void buf_prints(void **state) {
  struct meter meter;
  struct mj__mem m;
  struct mj__buf b;
  char *p;
  (void)state;
  meter_mem(&meter, &m);
  mj__buf_init(&b, &m, 400);
  assert_int_equal(mj__buf_printf(&b, "%s-%04d", "ab", 7), MJ_OK);
  assert_string_equal(b.p, "ab-0007");
  assert_int_equal(mj__buf_printf(&b, "%300d", 1), MJ_OK); /* grows */
  assert_int_equal(b.n, 307);
  assert_int_equal(b.p[306], '1');
  assert_int_equal(mj__buf_printf(&b, "%94d", 1), MJ_ETOO_LARGE);
  assert_int_equal(b.n, 307);
  mj__buf_reset(&b);
  assert_int_equal(mj__buf_add(&b, "a\0b", 3), MJ_OK); /* NULs are bytes */
  assert_int_equal(b.n, 3);
  assert_memory_equal(b.p, "a\0b", 4);
  p = mj__buf_steal(&b);
  assert_null(b.p);
  assert_int_equal(b.n, 0);
  assert_int_equal(mj__buf_puts(&b, "new"), MJ_OK);
  assert_memory_equal(p, "a\0b", 4);
  mj__free(&m, p);
  mj__buf_free(&b);
  assert_int_equal(meter.live, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(alloc_is_zeroed),
      cmocka_unit_test(default_allocator),
      cmocka_unit_test(strings),
      cmocka_unit_test(arena_aligned_and_apart),
      cmocka_unit_test(arena_sizes),
      cmocka_unit_test(arena_out_of_memory),
      cmocka_unit_test(buf_grows_to_its_cap),
      cmocka_unit_test(buf_errors_stick),
      cmocka_unit_test(buf_keeps_what_it_has),
      cmocka_unit_test(buf_overflow),
      cmocka_unit_test(buf_prints),
  };
  return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
