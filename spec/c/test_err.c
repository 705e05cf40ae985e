/* SPDX-License-Identifier: MIT
   test_err.c - errors' names, and hostile text made safe to show. */
#include "test.h"

#include "err.h"

static void names_are_those_of_the_list(void **state) {
  static const struct {
    int code;
    const char *map;
  } list[] = {
#define X(name, num, text) {num, #name},
      MJ_ERROR_MAP(X)
#undef X
  };
  size_t i, k;
  (void)state;
  assert_int_equal(COUNT(list), 24);
  for (i = 0; i < COUNT(list); i++) {
    const char *name = mj_error_name(list[i].code);
    assert_int_equal(strlen(name), strlen(list[i].map));
    for (k = 0; name[k]; k++) /* lower case, in the C locale */
      assert_int_equal(name[k], list[i].map[k] != '_'
                                    ? list[i].map[k] + ('a' - 'A')
                                    : list[i].map[k]);
    assert_string_not_equal(mj_error_text(list[i].code), "unknown error");
  }
  assert_string_equal(mj_error_name(0), "unknown");
  assert_string_equal(mj_error_name(-25), "unknown");
  assert_string_equal(mj_error_name(1), "unknown");
  assert_string_equal(mj_error_name(INT32_MIN), "unknown");
  assert_string_equal(mj_error_text(5), "unknown error");
  assert_string_equal(mj_version(), MJ_VERSION);
}

static void first_error_wins(void **state) {
  mj_error e;
  (void)state;
  memset(&e, 0x55, sizeof e);
  mj__err_clear(&e);
  assert_int_equal(e.code, MJ_OK);
  assert_int_equal(e.retry_after_ms, -1);
  assert_string_equal(e.text, "");
  assert_int_equal(mj__err_set(&e, MJ_EAUTH, "a %d", 1), MJ_EAUTH);
  assert_int_equal(mj__err_set(&e, MJ_ENETWORK, "b"), MJ_ENETWORK);
  assert_int_equal(mj__err_nomem(&e), MJ_ERESOURCE);
  assert_int_equal(e.code, MJ_EAUTH);
  assert_string_equal(e.text, "a 1");
  assert_int_equal(mj__err_set(NULL, MJ_EAUTH, "x"), MJ_EAUTH);
  mj__err_clear(NULL);
}

static void long_texts_are_cut(void **state) {
  mj_error e;
  char big[3000];
  (void)state;
  memset(big, 'x', sizeof big - 1);
  big[sizeof big - 1] = '\0';
  mj__err_clear(&e);
  mj__err_set(&e, MJ_EAUTH, "%s", big);
  assert_int_equal(strlen(e.text), sizeof e.text - 1);
}

struct cleaned {
  const char *in;
  size_t size;
  int html;
  const char *out;
};

static const struct cleaned cleanings[] = {
    {"plain", 99, 0, "plain"},
    {"  a \t\r\n b  ", 99, 0, "a b"},
    {"a\x1b[31mb", 99, 0, "a [31mb"},
    {"a\x7f\x01z", 99, 0, "a z"},
    {"a\xc2\x9bz", 99, 0, "a z"}, /* a C1 control */
    {"a\xc2\xa0z", 99, 0, "a\xc2\xa0z"},
    {"a\xffz", 99, 0, "a?z"},
    {"a\xc0\x80z", 99, 0, "a??z"},
    {"\xe4\xb8", 99, 0, "??"},
    {"\xed\xa0\x80", 99, 0, "???"},
    {"\xe4\xb8\xad\xe6\x96\x87", 99, 0, "\xe4\xb8\xad\xe6\x96\x87"},
    {"\xe4\xb8\xad\xe6\x96\x87", 6, 0, "\xe4\xb8\xad"}, /* no half letter */
    {"\xe4\xb8\xad", 3, 0, ""},
    {"abcdef", 4, 0, "abc"},
    {"abc", 1, 0, ""},
    {"<b>bold</b> x", 99, 0, "<b>bold</b> x"},
    {"<b>bold</b> x", 99, 1, "bold x"},
    {"<style>a{b}</style>c", 99, 1, "c"},
    {"<script>if(a<b)</script>c", 99, 1, "c"},
    {"<script>never ends", 99, 1, ""},
    {"a<b", 99, 1, "a"},
    {"", 99, 1, ""},
};

static void clean(void **state) {
  char out[100];
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cleanings); i++) {
    const struct cleaned *c = &cleanings[i];
    memset(out, '#', sizeof out);
    mj__clean(out, c->size, c->in, strlen(c->in), c->html);
    if (strcmp(out, c->out) != 0)
      fail_msg("case %zu: \"%s\"", i, out);
    assert_int_equal(out[c->size], '#');
  }
}

/* Whatever comes in, what goes out is UTF-8 without control characters. */
static void clean_anything(void **state) {
  uint32_t seed = 11;
  int round;
  (void)state;
  for (round = 0; round < 20000; round++) {
    char in[64], out[40];
    size_t i, n = next_random(&seed) % sizeof in, size;
    for (i = 0; i < n; i++)
      in[i] = (char)next_random(&seed);
    size = 1 + next_random(&seed) % (sizeof out - 1);
    mj__clean(out, size, in, n, round % 2);
    assert_true(strlen(out) < size);
    assert_int_equal(mj__utf8_check(out, strlen(out)), strlen(out));
    for (i = 0; out[i]; i++)
      assert_true((unsigned char)out[i] >= 0x20 && out[i] != 0x7f);
  }
}

static void utf8(void **state) {
  static const struct {
    const char *s;
    size_t n, at;
  } cases[] = {{"", 0, 0},
               {"abc", 3, 3},
               {"a\0b", 3, 1},
               {"\xc3\xa9", 2, 2},
               {"\xc3", 1, 0},
               {"a\xc3(", 3, 1},
               {"\xc1\xbf", 2, 0},
               {"\xe0\x9f\xbf", 3, 0},
               {"\xe0\xa0\x80", 3, 3},
               {"\xed\x9f\xbf", 3, 3},
               {"\xed\xa0\x80", 3, 0},
               {"\xef\xbf\xbf", 3, 3},
               {"\xf0\x8f\xbf\xbf", 4, 0},
               {"\xf0\x90\x80\x80", 4, 4},
               {"\xf4\x8f\xbf\xbf", 4, 4},
               {"\xf4\x90\x80\x80", 4, 0},
               {"\xf5\x80\x80\x80", 4, 0},
               {"\x80", 1, 0},
               {"ok\xfe", 3, 2}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cases); i++)
    assert_int_equal(mj__utf8_check(cases[i].s, cases[i].n), cases[i].at);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_are_those_of_the_list),
      cmocka_unit_test(first_error_wins),
      cmocka_unit_test(long_texts_are_cut),
      cmocka_unit_test(clean),
      cmocka_unit_test(clean_anything),
      cmocka_unit_test(utf8),
  };
  return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
