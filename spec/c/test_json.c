/* SPDX-License-Identifier: MIT
   test_json.c - the reader's promises, and the writer. */
#include "test.h"

#include "err.h"
#include "json.h"

static mj_json *parse(const char *text) {
  mj_json *doc;
  mj_error err;
  if (mj_json_parse(&doc, text, strlen(text), NULL, NULL, &err) != MJ_OK)
    fail_msg("%s: %s", text, err.text);
  return doc;
}

/* The code that a text is refused with; it has to come with a message. */
static int refusal(const char *text, size_t n) {
  mj_json *doc = (mj_json *)&n;
  mj_error err;
  int rc = mj_json_parse(&doc, text, n, NULL, NULL, &err);
  if (rc == MJ_OK) {
    mj_json_free(doc);
    return rc;
  }
  assert_null(doc);
  assert_int_equal(err.code, rc);
  assert_true(err.text[0] != '\0');
  return rc;
}

/* The document as text again; freed by the caller. */
static char *dump(const mj_value *v) {
  struct mj__mem m;
  struct mj__buf b;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 64 << 20);
  mj__put_value(&b, v);
  assert_int_equal(b.err, MJ_OK);
  return mj__buf_steal(&b);
}

static void same_after_a_trip(const char *text, const char *want) {
  mj_json *doc = parse(text);
  char *out = dump(mj_json_root(doc));
  assert_string_equal(out, want);
  free(out);
  mj_json_free(doc);
}

static void numbers_keep_their_text(void **state) {
  static const char *const numbers[] = {
      "8774786694361674000",
      "18446744073709551615",
      "1e400",
      "-0",
      "0.1000",
      "1E+2",
      "-1.5e-300",
      "123456789012345678901234567890123456789012345678901234567890"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(numbers); i++) {
    mj_json *doc = parse(numbers[i]);
    const mj_value *v = mj_json_root(doc);
    assert_int_equal(v->type, MJ_JSON_NUMBER);
    assert_string_equal(v->text, numbers[i]);
    assert_int_equal(v->len, strlen(numbers[i]));
    assert_string_equal(mj__json_text(v), numbers[i]);
    mj_json_free(doc);
  }
}

static void strings_and_escapes(void **state) {
  static const char *const cases[][2] = {
      {"\"?ex=67\\u0026is=1\\u0026\"", "?ex=67&is=1&"},
      {"\"\\u003chttps:\\/\\/s.mj.run\\u003e\"", "<https://s.mj.run>"},
      {"\"\\\"\\\\\\b\\f\\n\\r\\t\"", "\"\\\b\f\n\r\t"},
      {"\"\\u00e9\\u4e2d\"", "\xc3\xa9\xe4\xb8\xad"},
      {"\"\\ud83d\\udd04\"", "\xf0\x9f\x94\x84"},
      {"\"\xf0\x9f\x94\x84\"", "\xf0\x9f\x94\x84"},
      {"\"\"", ""},
      {"\"\x7f\"", "\x7f"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    mj_json *doc = parse(cases[i][0]);
    const mj_value *v = mj_json_root(doc);
    assert_int_equal(v->type, MJ_JSON_STRING);
    assert_string_equal(v->text, cases[i][1]);
    assert_int_equal(v->len, strlen(cases[i][1]));
    mj_json_free(doc);
  }
}

/* A cut emoji in a prompt must not make a paid reply unreadable, and what
   comes out of the reader is UTF-8 whatever went in. */
static void lone_surrogates(void **state) {
  static const char *const cases[] = {
      "\"a\\ud83d\"",        "\"\\ud83d b\"",          "\"\\udd04\"",
      "\"x\\udd04\\ud83d\"", "\"\\udfff\\udfff end\"", "{\"\\udd04\":1}"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    mj_json *doc = parse(cases[i]);
    const mj_value *v = mj_json_root(doc);
    const char *s = v->type == MJ_JSON_OBJECT ? v->first->key : v->text;
    size_t n = v->type == MJ_JSON_OBJECT ? v->first->key_len : v->len;
    assert_int_equal(strlen(s), n);
    assert_int_equal(mj__utf8_check(s, n), n);
    assert_non_null(strchr(s, '?'));
    mj_json_free(doc);
  }
  same_after_a_trip("{\"code\":1,\"result\":\"7\",\"x\":\"\\udd04\"}",
                    "{\"code\":1,\"result\":\"7\",\"x\":\"?\"}");
}

static void invalid_utf8(void **state) {
  static const char *const cases[] = {"\"\xff\"",
                                      "\"\x80\"",
                                      "\"a\xc3\"",
                                      "\"\xc0\x80\"",
                                      "\"\xc1\xbf\"",
                                      "\"\xe0\x80\x80\"",
                                      "\"\xf0\x80\x80\x80\"",
                                      "\"\xf4\x90\x80\x80\"",
                                      "\"\xf5\x80\x80\x80\"",
                                      "{\"\xff\":1}",
                                      "{\"\xc0\x80\":1}",
                                      "\"\xe4\xb8\""};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cases); i++)
    if (refusal(cases[i], strlen(cases[i])) != MJ_EPROTOCOL)
      fail_msg("case %zu was let through", i);
}

static void byte_order_mark(void **state) {
  static const char text[] = "\xef\xbb\xbf{\"a\":1}";
  size_t at;
  (void)state;
  same_after_a_trip(text, "{\"a\":1}");
  for (at = 0; at <= sizeof text - 1; at++) {
    struct mj__mem m;
    mj_json *doc;
    mj__mem_init(&m, NULL, NULL);
    assert_int_equal(mj__json_new(&doc, &m), MJ_OK);
    assert_int_equal(mj__json_feed(doc, text, at, NULL), MJ_OK);
    assert_int_equal(mj__json_feed(doc, text + at, sizeof text - 1 - at, NULL),
                     MJ_OK);
    assert_int_equal(mj__json_finish(doc, NULL), MJ_OK);
    assert_int_equal(mj_json_root(doc)->len, 1);
    mj_json_free(doc);
  }
  assert_int_equal(refusal("\xef\xbb{}", 4), MJ_EPROTOCOL);
  assert_int_equal(refusal("\xef{}", 3), MJ_EPROTOCOL);
  assert_int_equal(refusal("\xef\xbb\xbf", 3), MJ_EPROTOCOL);
  assert_int_equal(refusal("\xef\xbb", 2), MJ_EPROTOCOL);
  assert_int_equal(refusal("\xef\xbb\xbf\xef\xbb\xbf{}", 8), MJ_EPROTOCOL);
  assert_int_equal(refusal("{}\xef\xbb\xbf", 5), MJ_EPROTOCOL);
}

static const char *const documents[] = {
    "{\"code\":1,\"description\":\"\xe6\x8f\x90\",\"result\":14001934816969359,"
    "\"properties\":{\"a\":[true,false,null,-1.50e+3,\"\\u0026\\ud83d\\udd04\""
    ",[],{}]}}",
    "[[[[]]],{\"\":{\"\":\"\"}},\"\\\\\\\"\",0]",
    "  [ 1 , 2 ]  ",
    "12345",
    "\"\\ud83d\\udd04\"",
    "null",
};

static void byte_by_byte_equals_whole(void **state) {
  size_t i, step;
  (void)state;
  for (i = 0; i < COUNT(documents); i++) {
    mj_json *whole = parse(documents[i]);
    char *want = dump(mj_json_root(whole));
    for (step = 1; step < 9; step++) {
      size_t n = strlen(documents[i]), at = 0;
      struct mj__mem m;
      mj_json *doc;
      char *got;
      mj__mem_init(&m, NULL, NULL);
      assert_int_equal(mj__json_new(&doc, &m), MJ_OK);
      for (; at < n; at += step)
        assert_int_equal(mj__json_feed(doc, documents[i] + at,
                                       n - at < step ? n - at : step, NULL),
                         MJ_OK);
      assert_int_equal(mj__json_finish(doc, NULL), MJ_OK);
      got = dump(mj_json_root(doc));
      assert_string_equal(got, want);
      free(got);
      mj_json_free(doc);
    }
    free(want);
    mj_json_free(whole);
  }
}

/* 64 levels are read, 65 are not, of either kind. */
static void depth(void **state) {
  char text[500];
  int levels, kind;
  (void)state;
  for (kind = 0; kind < 2; kind++)
    for (levels = 63; levels <= 66; levels++) {
      char *p = text;
      int i;
      for (i = 0; i < levels; i++)
        p += snprintf(p, 8, "%s", kind ? "{\"a\":" : "[");
      *p++ = '1';
      for (i = 0; i < levels; i++)
        *p++ = kind ? '}' : ']';
      assert_int_equal(refusal(text, (size_t)(p - text)),
                       levels <= 64 ? MJ_OK : MJ_EPROTOCOL);
    }
  memset(text, '[', sizeof text);
  assert_int_equal(refusal(text, sizeof text), MJ_EPROTOCOL);
}

static void nul_is_refused(void **state) {
  (void)state;
  assert_int_equal(refusal("\"a\\u0000b\"", 10), MJ_EPROTOCOL);
  assert_int_equal(refusal("\"a\0b\"", 5), MJ_EPROTOCOL);
  assert_int_equal(refusal("{\"a\\u0000\":1}", 13), MJ_EPROTOCOL);
  assert_int_equal(refusal("{}\0", 3), MJ_EPROTOCOL);
  assert_int_equal(refusal("\0{}", 3), MJ_EPROTOCOL);
}

static void long_strings(void **state) {
  size_t most = 1u << 20;
  char *text = malloc(most + 3);
  (void)state;
  assert_non_null(text);
  memset(text, 'a', most + 3);
  text[0] = text[most + 1] = '"';
  assert_int_equal(refusal(text, most + 2), MJ_OK);
  text[most + 1] = 'a';
  text[most + 2] = '"';
  assert_int_equal(refusal(text, most + 3), MJ_EPROTOCOL);
  free(text);
}

static void long_keys(void **state) {
  char text[1100];
  (void)state;
  memset(text, 'k', sizeof text);
  memcpy(text, "{\"", 2);
  memcpy(text + 2 + 1024, "\":1}", 4);
  assert_int_equal(refusal(text, 2 + 1024 + 4), MJ_OK);
  text[2 + 1024] = 'k';
  memcpy(text + 2 + 1025, "\":1}", 4);
  assert_int_equal(refusal(text, 2 + 1025 + 4), MJ_EPROTOCOL);
}

static void last_duplicate_wins(void **state) {
  mj_json *doc = parse("{\"a\":1,\"b\":2,\"a\":3,\"ab\":4}");
  const mj_value *root = mj_json_root(doc);
  (void)state;
  assert_int_equal(root->len, 4); /* both are there */
  assert_string_equal(mj__json_get(root, "a")->text, "3");
  assert_string_equal(mj__json_get(root, "ab")->text, "4");
  assert_null(mj__json_get(root, "A"));
  assert_null(mj__json_get(root, ""));
  assert_null(mj__json_get(NULL, "a"));
  assert_null(mj__json_get(root->first, "a"));
  mj_json_free(doc);
}

static void bad_syntax(void **state) {
  static const char *const cases[] = {
      "",       " ",       "{",         "[1",     "{\"a\":",    "{\"a\"",
      "\"abc",  "tru",     "nul",       "[1,]",   "{\"a\":1,}", "{a:1}",
      "[1 2]",  "{}x",     "{} {}",     "1 2",    "[]]",        "NaN",
      "+1",     "01",      ".5",        "1.",     "-",          "1e",
      "'a'",    "\"\\x\"", "\"\\u12\"", "\"\n\"", "/* */ 1",    "// \n1",
      "<html>", "OK",      "{\"a\" 1}", "{1:2}",  "Infinity",   "undefined"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cases); i++)
    if (refusal(cases[i], strlen(cases[i])) != MJ_EPROTOCOL)
      fail_msg("%s was let through", cases[i]);
}

static void errors_stick(void **state) {
  struct mj__mem m;
  mj_json *doc;
  mj_error err;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  assert_int_equal(mj__json_new(&doc, &m), MJ_OK);
  assert_int_equal(mj__json_feed(doc, "[1,}", 4, NULL), MJ_EPROTOCOL);
  assert_int_equal(mj__json_feed(doc, "]", 1, NULL), MJ_EPROTOCOL);
  mj__err_clear(&err);
  assert_int_equal(mj__json_finish(doc, &err), MJ_EPROTOCOL);
  assert_int_equal(err.code, MJ_EPROTOCOL);
  assert_null(mj_json_root(doc));
  mj_json_free(doc);
  mj_json_free(NULL);
  assert_null(mj_json_root(NULL));
}

/* Every allocation fails in turn, once and from then on. */
static void out_of_memory(void **state) {
  struct mj__mem m;
  struct mj__buf b;
  size_t n, points[2] = {0, 0};
  int i, for_ever;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 1 << 20);
  mj__buf_puts(&b, "{\"list\":[");
  for (i = 0; i < 3000; i++)
    mj__buf_printf(&b, "{\"k%d\":\"%080d\\n\",\"deep\":[[[%d]]]},", i, i, i);
  mj__buf_puts(&b, "null]}");
  for (for_ever = 0; for_ever < 2; for_ever++)
    for (n = 1;; n++) {
      struct meter meter = {0, 0, 0, 0, 0};
      mj_json *doc;
      mj_error err;
      int rc;
      meter.fail_at = n;
      meter.for_ever = for_ever;
      rc = mj_json_parse(&doc, b.p, b.n, meter_alloc, &meter, &err);
      if (rc == MJ_OK) {
        assert_int_equal(mj__json_get(mj_json_root(doc), "list")->len, 3001);
        mj_json_free(doc);
        assert_int_equal(meter.live, 0);
        break;
      }
      assert_int_equal(rc, MJ_ERESOURCE);
      assert_int_equal(err.code, MJ_ERESOURCE);
      assert_int_equal(meter.live, 0);
      points[for_ever]++;
    }
  assert_true(points[0] >= 5);
  assert_int_equal(points[0], points[1]);
  print_message("json: %zu allocation points\n", points[0]);
  mj__buf_free(&b);
}

static void integers(void **state) {
  static const struct {
    const char *text;
    int ok;
    int64_t n;
  } cases[] = {{"0", 1, 0},
               {"-7", 1, -7},
               {"\"21\"", 1, 21},
               {"\"-1\"", 1, -1},
               {"9223372036854775807", 1, INT64_MAX},
               {"-9223372036854775807", 1, -INT64_MAX},
               {"9223372036854775808", 0, 0},
               {"18446744073709551615", 0, 0},
               {"99999999999999999999999", 0, 0},
               {"1.0", 0, 0},
               {"1e2", 0, 0},
               {"\"\"", 0, 0},
               {"\"-\"", 0, 0},
               {"\" 1\"", 0, 0},
               {"\"1x\"", 0, 0},
               {"\"+1\"", 0, 0},
               {"true", 0, 0},
               {"null", 0, 0},
               {"[1]", 0, 0}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    mj_json *doc = parse(cases[i].text);
    int64_t n = 0;
    assert_int_equal(mj__json_int(mj_json_root(doc), &n), cases[i].ok);
    assert_true(n == cases[i].n);
    mj_json_free(doc);
  }
  assert_int_equal(mj__json_int(NULL, NULL), 0);
}

static void texts(void **state) {
  mj_json *doc = parse("[\"a\",12,\"\",null,true,[\"x\"],{}]");
  const mj_value *v = mj_json_root(doc)->first;
  (void)state;
  assert_string_equal(mj__json_text(v), "a");
  assert_string_equal(mj__json_text(v = v->next), "12");
  while ((v = v->next))
    assert_null(mj__json_text(v)); /* empty, and what is no text */
  assert_null(mj__json_text(NULL));
  mj_json_free(doc);
}

static void writer_escapes(void **state) {
  struct mj__mem m;
  struct mj__buf b;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 100);
  mj__put_string(&b, "a\"b\\c\n\t\r\x01\x1f\x7f/\xc3\xa9");
  assert_string_equal(b.p, "\"a\\\"b\\\\c\\n\\t\\u000d\\u0001\\u001f\\u007f/"
                           "\xc3\xa9\"");
  mj__buf_reset(&b);
  mj__put_string(&b, "");
  assert_string_equal(b.p, "\"\"");
  mj__buf_free(&b);
  same_after_a_trip(documents[0],
                    "{\"code\":1,\"description\":\"\xe6\x8f\x90\","
                    "\"result\":14001934816969359,"
                    "\"properties\":{\"a\":[true,false,null,"
                    "-1.50e+3,\"&\xf0\x9f\x94\x84\",[],{}]}}");
  same_after_a_trip(" { \"b\" : 1 , \"a\\n\" : [ ] } ",
                    "{\"b\":1,\"a\\n\":[]}");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_keep_their_text),
      cmocka_unit_test(strings_and_escapes),
      cmocka_unit_test(lone_surrogates),
      cmocka_unit_test(invalid_utf8),
      cmocka_unit_test(byte_order_mark),
      cmocka_unit_test(byte_by_byte_equals_whole),
      cmocka_unit_test(depth),
      cmocka_unit_test(nul_is_refused),
      cmocka_unit_test(long_strings),
      cmocka_unit_test(long_keys),
      cmocka_unit_test(last_duplicate_wins),
      cmocka_unit_test(bad_syntax),
      cmocka_unit_test(errors_stick),
      cmocka_unit_test(out_of_memory),
      cmocka_unit_test(integers),
      cmocka_unit_test(texts),
      cmocka_unit_test(writer_escapes),
  };
  return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
