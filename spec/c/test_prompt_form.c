/* SPDX-License-Identifier: MIT
   test_prompt_form.c - prompts taken apart, and put together. */
#include "test.h"

#include "prompt.h"

#define EM "\xe2\x80\x94"
#define EN "\xe2\x80\x93"

/* Taking apart ------------------------------------------------------------ */

static mj_prompt *parse(const char *text, int lenient) {
  mj_prompt *p = NULL;
  mj_error err;
  memset(&err, 0, sizeof err);
  if (mj_prompt_parse(&p, text, strlen(text), lenient, NULL, NULL, &err))
    print_error("%s: %s\n", text, err.text);
  return p;
}

static void all_its_parts(void **state) {
  mj_prompt *p =
      parse(" https://a.b/1.png http://c.d/2.png  a black cat, https://e.f\n"
            "--v 7 " EM "ar 3:2 --no dogs, birds --soon --tile --ZOOM 1.5 ",
            0);
  (void)state;
  assert_non_null(p);
  assert_string_equal(p->text, "a black cat, https://e.f");
  assert_int_equal(p->nimages, 2);
  assert_string_equal(p->images[0], "https://a.b/1.png");
  assert_string_equal(p->images[1], "http://c.d/2.png");
  assert_int_equal(p->nparams, 4);
  assert_string_equal(p->params[0].name, "aspect");
  assert_string_equal(p->params[0].value, "3:2");
  assert_string_equal(p->params[1].name, "version");
  assert_string_equal(p->params[1].value, "v7");
  assert_string_equal(p->params[2].name, "no");
  assert_string_equal(p->params[2].value, "dogs, birds");
  assert_string_equal(p->params[3].name, "tile");
  assert_string_equal(p->params[3].value, "true");
  assert_int_equal(p->nothers, 2);
  assert_string_equal(p->others[0].name, "--soon");
  assert_string_equal(p->others[0].value, "");
  assert_string_equal(p->others[1].name, "--zoom");
  assert_string_equal(p->others[1].value, "1.5");
  assert_int_equal(p->nwarnings, 3);
  assert_string_equal(p->warnings[0], EM "ar: taken for --ar");
  assert_string_equal(p->warnings[1],
                      "--soon: no parameter of that name; passed on");
  assert_string_equal(p->warnings[2], "--ZOOM: taken for --zoom");
  mj_prompt_free(p);
  mj_prompt_free(NULL);
}

static void few_parts(void **state) {
  mj_prompt *p = parse(" \n", 0);
  (void)state;
  assert_null(p->text);
  assert_int_equal(p->nimages + p->nparams + p->nothers + p->nwarnings, 0);
  mj_prompt_free(p);
  p = parse("https://a.b/1.png", 0);
  assert_null(p->text);
  assert_int_equal(p->nimages, 1);
  mj_prompt_free(p);
  p = parse("https:// http://", 0);
  assert_string_equal(p->text, "https:// http://");
  mj_prompt_free(p);
  p = parse("a --s 1 --s 5000", 1); /* the last one counts */
  assert_int_equal(p->nparams, 1);
  assert_string_equal(p->params[0].value, "5000");
  assert_int_equal(p->nwarnings, 2);
  mj_prompt_free(p);
}

static void not_apart(void **state) {
  static const char *const wrong[] = {"a --s 1 --s 2", "a --s 5000",
                                      "a --ar wide", "a \xff", "a \x02"};
  mj_prompt *p;
  mj_error err;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(wrong); i++) {
    p = (mj_prompt *)(void *)&err;
    assert_int_equal(
        mj_prompt_parse(&p, wrong[i], strlen(wrong[i]), 0, NULL, NULL, &err),
        MJ_EINVALID);
    assert_null(p);
    assert_int_equal(err.code, MJ_EINVALID);
  }
  assert_int_equal(mj_prompt_parse(&p, "a\0b", 3, 0, NULL, NULL, &err),
                   MJ_EINVALID);
  assert_string_equal(err.text, "prompt: not UTF-8 at byte 2");
}

/* Together ---------------------------------------------------------------- */

static void together(void **state) {
  static const char *const images[] = {"https://a.b/1.png"};
  static const mj_param params[] = {{"version", "niji 6"}, {"tile", "true"}};
  static const mj_param others[] = {{"--fast", ""}, {"--soon", "5 5"}};
  static const char whole[] =
      "https://a.b/1.png a cat --q 2 --niji 6 --tile --fast --soon 5 5";
  mj_prompt p;
  char buf[100];
  mj_error err;
  size_t i;
  (void)state;
  memset(&p, 0, sizeof p);
  assert_int_equal(mj_prompt_format(buf, 1, &p, 0, &err), 0);
  assert_string_equal(buf, "");
  p.text = "a cat " EM "q 2";
  p.images = images;
  p.nimages = 1;
  p.params = params;
  p.nparams = COUNT(params);
  p.others = others;
  p.nothers = COUNT(others);
  for (i = 1; i < sizeof whole; i++) {
    memset(buf, 'x', sizeof buf);
    assert_int_equal(mj_prompt_format(buf, i, &p, 0, &err), MJ_ETOO_LARGE);
    assert_int_equal(buf[i], 'x');
  }
  assert_int_equal(mj_prompt_format(buf, i, &p, 0, &err), sizeof whole - 1);
  assert_string_equal(buf, whole);
  assert_int_equal(mj_prompt_format(buf, 0, &p, 0, &err), MJ_EINVALID);
}

static void not_together(void **state) {
  static const struct {
    const char *text, *image;
    mj_param param, other;
    const char *says;
  } cases[] = {
      {"a --ar 1:1", NULL, {"aspect", "3:2"}, {NULL, NULL}, "as a field, and"},
      {"a --fast", NULL, {NULL, NULL}, {"--fast", ""}, "given twice"},
      {"a", NULL, {"stylize", "1001"}, {NULL, NULL}, "not in 0..1000"},
      {"a", NULL, {NULL, NULL}, {"--ar", "3:2"}, "the field aspect"},
      {"a", NULL, {NULL, NULL}, {"--niji", "6"}, "the field version"},
      {"a", NULL, {NULL, NULL}, {"--zoom", "3"}, "not in 1..2"},
      {"a", NULL, {NULL, NULL}, {"zoom", "2"}, "a flag like"},
      {"a", NULL, {NULL, NULL}, {"-zoom", "2"}, "a flag like"},
      {"a", NULL, {NULL, NULL}, {EM "zoom", "2"}, "a flag like"},
      {"a", NULL, {NULL, NULL}, {"", "2"}, "a flag like"},
      {"a", NULL, {NULL, NULL}, {"--", "2"}, "a flag like"},
      {"a", NULL, {NULL, NULL}, {"--a b", "2"}, "a flag like"},
      {"a", NULL, {NULL, NULL}, {" --a", "2"}, "a flag like"},
      {"a", NULL, {NULL, NULL}, {"--a", "2 --b"}, "another flag in it"},
      {"a", NULL, {NULL, NULL}, {"--a", "2 -s 5"}, "another flag in it"},
      {"a", NULL, {NULL, NULL}, {"--a", "2\x01"}, "a control character"},
      {"a", "ftp://a.b/", {NULL, NULL}, {NULL, NULL}, "images: "},
      {"a", "https://a.b/ --v 5", {NULL, NULL}, {NULL, NULL}, "images: "},
      {"a", "", {NULL, NULL}, {NULL, NULL}, "images: "},
      {"a", "https://a.b/\x01", {NULL, NULL}, {NULL, NULL}, "a control"},
      {"a \x01", NULL, {NULL, NULL}, {NULL, NULL}, "a control character"},
  };
  mj_prompt p;
  char buf[200];
  mj_error err;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    memset(&p, 0, sizeof p);
    p.text = cases[i].text;
    p.images = &cases[i].image;
    p.nimages = cases[i].image != NULL;
    p.params = &cases[i].param;
    p.nparams = cases[i].param.name != NULL;
    p.others = &cases[i].other;
    p.nothers = cases[i].other.name != NULL;
    assert_int_equal(mj_prompt_format(buf, sizeof buf, &p, 0, &err),
                     MJ_EINVALID);
    if (!strstr(err.text, cases[i].says))
      fail_msg("%zu: %s", i, err.text);
  }
}

static int same_list(const mj_param *a, size_t n, const mj_param *b, size_t m) {
  size_t i;
  for (i = 0; n == m && i < n; i++)
    if (strcmp(a[i].name, b[i].name) != 0 ||
        strcmp(a[i].value, b[i].value) != 0)
      return 0;
  return n == m;
}

static int same(const mj_prompt *a, const mj_prompt *b) {
  size_t i;
  if (!a->text != !b->text || (a->text && strcmp(a->text, b->text) != 0) ||
      a->nimages != b->nimages)
    return 0;
  for (i = 0; i < a->nimages; i++)
    if (strcmp(a->images[i], b->images[i]) != 0)
      return 0;
  return same_list(a->params, a->nparams, b->params, b->nparams) &&
         same_list(a->others, a->nothers, b->others, b->nothers);
}

/* Words that prompts are made of, and words that are nearly something. */
static const char *const words[] = {
    "a",
    "cat",
    "https://a.b/1.png",
    "--ar 3:2",
    "--s 5",
    "--s 2000",
    "--v 7",
    "--niji 6",
    "--niji",
    "--no dogs",
    "--tile",
    "--fast",
    "--soon x",
    "--arr",
    EM "ar 16:9",
    EM "v",
    EM,
    "-s 7",
    "-s",
    "-no",
    "--",
    "-",
    "--zoom 2",
    EN "tile",
    "--sref 1 2",
    "--p",
    "--P abc",
    "--5",
    "\xe9\xbb\x91",
    "--iw .5",
    "\n",
    "\t",
    EM "style raw",
    "-chaos 5",
    "--NO birds, bees",
    "http://x",
    "\xe2\x80",
    "---q 1",
    "--sw 10",
};

static void round_trip(void **state) {
  uint32_t seed = 20240601;
  size_t round, tried = 0, flags = 0;
  (void)state;
  for (round = 0; round < 100000; round++) {
    char text[400] = "", again[500];
    size_t n = next_random(&seed) % 9, i, len = 0;
    int lenient = round % 4 == 0;
    mj_prompt *a, *b;
    for (i = 0; i < n; i++)
      len += (size_t)snprintf(text + len, sizeof text - len, "%s%s",
                              i && next_random(&seed) % 12 ? " " : "",
                              words[next_random(&seed) % COUNT(words)]);
    if (mj_prompt_parse(&a, text, len, lenient, NULL, NULL, NULL))
      continue;
    tried++;
    flags += a->nparams + a->nothers;
    if (mj_prompt_format(again, sizeof again, a, lenient, NULL) < 0)
      fail_msg("'%s' cannot be printed", text);
    if (mj_prompt_parse(&b, again, strlen(again), lenient, NULL, NULL, NULL))
      fail_msg("'%s' became '%s'", text, again);
    if (!same(a, b))
      fail_msg("'%s' is another than '%s'", text, again);
    mj_prompt_free(a);
    mj_prompt_free(b);
  }
  assert_true(tried > 25000 && flags > 25000); /* it is about something */
}

static void each_allocation(void **state) {
  static const char text[] =
      "https://a.b/1.png a cat --v 7 --no dogs --soon 5 " EM "ar 3:2";
  size_t i, failed = 0;
  (void)state;
  for (i = 1; i < 100; i++) {
    struct meter meter;
    mj_prompt *p;
    mj_error err;
    int rc;
    memset(&meter, 0, sizeof meter);
    meter.fail_at = i;
    meter.for_ever = i % 2;
    rc = mj_prompt_parse(&p, text, strlen(text), 0, meter_alloc, &meter, &err);
    if (rc) {
      assert_int_equal(rc, MJ_ERESOURCE);
      assert_int_equal(err.code, MJ_ERESOURCE);
      assert_null(p);
      failed++;
    }
    mj_prompt_free(p);
    assert_int_equal(meter.live, 0);
  }
  assert_true(failed >= 3 && failed < 50);
}

/* Anything at all is taken apart, or refused, in time that grows with it. */
static void hostile(void **state) {
  static const char *const parts[] = {
      "-v ", "--a ", EM "no ", "-s 5 ", "https://a ", "--ar", " -", EM, "x "};
  enum { LEN = 200000 };
  struct mj__mem m;
  struct mj__buf b;
  mj_prompt *p;
  size_t i;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  for (i = 0; i < COUNT(parts); i++) {
    mj__buf_init(&b, &m, LEN);
    while (mj__buf_puts(&b, parts[i]) == MJ_OK)
      ;
    assert_true(b.n > LEN - 20);
    if (mj_prompt_parse(&p, b.p, b.n, 1, NULL, NULL, NULL) == MJ_OK)
      mj_prompt_free(p);
    mj__buf_free(&b);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_its_parts),   cmocka_unit_test(few_parts),
      cmocka_unit_test(not_apart),       cmocka_unit_test(together),
      cmocka_unit_test(not_together),    cmocka_unit_test(round_trip),
      cmocka_unit_test(each_allocation), cmocka_unit_test(hostile)};
  return run_cases("prompt_form", tests, COUNT(tests));
}
