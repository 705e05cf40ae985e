/* SPDX-License-Identifier: MIT
   test_prompt_text.c - flags in a prompt's text: found, repaired, checked, and
   taken out. */
#include "test.h"

#include "prompt.h"

#define EM    "\xe2\x80\x94"
#define EN    "\xe2\x80\x93"
#define NB    "\xe2\x80\x91"
#define MINUS "\xe2\x88\x92"

/* Building ---------------------------------------------------------------- */

struct built {
  const char *prompt;
  const char *text; /* what comes out, or, where `rc` is none, the error */
  const char *warnings;
  int rc, lenient;
};

static const struct built built[] = {
    {"", "", "", 0, 0},
    {"a cat", "a cat", "", 0, 0},
    {"  a cat \n", "  a cat \n", "", 0, 0},
    {"say \"hi\" \\ tab\tline\r\nend", "say \"hi\" \\ tab\tline\r\nend", "", 0,
     0},
    {"--ar 3:2", "--ar 3:2", "", 0, 0},
    {"a cat\n--ar 3:2\t--v  7 ", "a cat\n--ar 3:2\t--v  7 ", "", 0, 0},
    /* no flags */
    {"a -- b", "a -- b", "", 0, 0},
    {"x--ar 3:2", "x--ar 3:2", "", 0, 0},
    {"a --5 b", "a --5 b", "", 0, 0},
    {"a well" EN "known man", "a well" EN "known man", "", 0, 0},
    {"black " EM " white", "black " EM " white", "", 0, 0},
    {"black " EM "white", "black " EM "white", "", 0, 0},
    {"no " EM "arrow", "no " EM "arrow", "", 0, 0},
    {"a king " EM "style of old " EM, "a king " EM "style of old " EM, "", 0,
     0},
    {"a " EM "v of geese", "a " EM "v of geese", "", 0, 0},
    {"x-ray -s", "x-ray -s", "", 0, 0},
    {"a sign that says -no smoking", "a sign that says -no smoking", "", 0, 0},
    {"it is -5 degrees", "it is -5 degrees", "", 0, 0},
    {"e-s 5", "e-s 5", "", 0, 0},
    /* repaired */
    {"a cat " EM "ar 3:2", "a cat --ar 3:2", EM "ar: taken for --ar", 0, 0},
    {"a cat " EN "ar 3:2", "a cat --ar 3:2", EN "ar: taken for --ar", 0, 0},
    {"a cat " NB NB "ar 3:2", "a cat --ar 3:2", NB NB "ar: taken for --ar", 0,
     0},
    {"a cat " MINUS "s 5", "a cat --s 5", MINUS "s: taken for --s", 0, 0},
    {"a \xe2\x80\x90s 5 \xe2\x80\x92"
     "c 5 \xe2\x80\x95w 5",
     "a --s 5 --c 5 --w 5",
     "\xe2\x80\x90s: taken for --s\n\xe2\x80\x92"
     "c: taken for --c\n\xe2\x80\x95w: taken for --w",
     0, 0},
    {"a \xe2\x80\x96s 5", "a \xe2\x80\x96s 5", "", 0, 0},
    {"a cat --ar=3:2", "--ar: a ratio like \"3:2\" expected, got =3:2", "",
     MJ_EINVALID, 0},
    {"a cat -ar 3:2", "a cat --ar 3:2", "-ar: taken for --ar", 0, 0},
    {"a cat ---ar 3:2", "a cat --ar 3:2", "---ar: taken for --ar", 0, 0},
    {"a cat -" EM "ar 3:2", "a cat --ar 3:2", "-" EM "ar: taken for --ar", 0,
     0},
    {"a cat ----ar 3:2", "a cat ----ar 3:2", "", 0, 0},
    {EM "ar 3:2", "--ar 3:2", EM "ar: taken for --ar", 0, 0},
    {"a cat --AR 3:2", "a cat --ar 3:2", "--AR: taken for --ar", 0, 0},
    {"a cat " EM "tile", "a cat --tile", EM "tile: taken for --tile", 0, 0},
    {"a cat " EM "no dogs", "a cat --no dogs", EM "no: taken for --no", 0, 0},
    {"a cat --ar 3:2 -no dogs", "a cat --ar 3:2 --no dogs",
     "-no: taken for --no", 0, 0},
    {"a " EM "v of geese " EM "ar 3:2 " EM "v 7 --tile",
     "a " EM "v of geese --ar 3:2 --v 7 --tile",
     EM "ar: taken for --ar\n" EM "v: taken for --v", 0, 0},
    {"a cat --no x -s", "a cat --no x -s", "", 0, 0},
    {"a cat -chaos 500", "-chaos: 500 is not in 0..100", "", MJ_EINVALID, 0},
    /* unknown */
    {"a cat --soon 5", "a cat --soon 5",
     "--soon: no parameter of that name; passed on", 0, 0},
    {"a cat --arr 3:2", "a cat --arr 3:2",
     "--arr: no parameter of that name (did you mean --ar?); passed on", 0, 0},
    {"a cat --stylise 5", "a cat --stylise 5",
     "--stylise: no parameter of that name (did you mean --stylize?); passed "
     "on",
     0, 0},
    {"a cat --sylize 5", "a cat --sylize 5",
     "--sylize: no parameter of that name (did you mean --stylize?); passed "
     "on",
     0, 0},
    {"a cat --noob", "a cat --noob",
     "--noob: no parameter of that name; passed on", 0, 0},
    {"a cat --caos 5", "a cat --caos 5",
     "--caos: no parameter of that name (did you mean --chaos?); passed on", 0,
     0},
    {"a cat --cahos 5", "a cat --cahos 5",
     "--cahos: no parameter of that name (did you mean --chaos?); passed on", 0,
     0},
    {"a cat --x 5", "a cat --x 5", "--x: no parameter of that name; passed on",
     0, 0},
    {"a cat --averyverylongword", "a cat --averyverylongword",
     "--averyverylongword: no parameter of that name; passed on", 0, 0},
    {"a cat --x 1 --x 2", "a cat --x 1 --x 2",
     "--x: no parameter of that name; passed on\n"
     "--x: no parameter of that name; passed on",
     0, 0},
    /* twice */
    {"a cat --ar 3:2 --aspect 1:1",
     "--aspect: given twice in the prompt, first as --ar 3:2", "", MJ_EINVALID,
     0},
    {"a cat --v 7 --niji 6",
     "--niji: given twice in the prompt, first as --v 7", "", MJ_EINVALID, 0},
    {"a cat --fast --fast",
     "--fast: given twice in the prompt, first as --fast", "", MJ_EINVALID, 0},
    {"a cat --fast --fast", "a cat --fast --fast",
     "--fast: given twice in the prompt", 0, 1},
    {"a cat --s 1 --s 2000", "a cat --s 1 --s 2000",
     "--s: given twice in the prompt\n--s: 2000 is not in 0..1000", 0, 1},
    {"a cat --s many", "--s: a whole number expected, got many", "",
     MJ_EINVALID, 1},
    {"a cat --s --v 7", "--s: a whole number expected, got nothing", "",
     MJ_EINVALID, 1},
    {"--ar 3:2 a cat", "--ar: a ratio like \"3:2\" expected, got 3:2 a cat", "",
     MJ_EINVALID, 0},
    {"--q 9", "--q: 9 is not in 0.25..4", "", MJ_EINVALID, 0},
    /* what no gateway takes */
    {"a \xff", "prompt: not UTF-8 at byte 3", "", MJ_EINVALID, 0},
    {"a \x01", "prompt: a control character at byte 3", "", MJ_EINVALID, 0},
    {"a \x1b[0m", "prompt: a control character at byte 3", "", MJ_EINVALID, 0},
    {"a \x7f", "prompt: a control character at byte 3", "", MJ_EINVALID, 0},
    {"a \xc2\x85", "prompt: a control character at byte 3", "", MJ_EINVALID, 0},
    {"\xe9\xbb\x91\xe7\x8c\xab \xc2\xa0", "\xe9\xbb\x91\xe7\x8c\xab \xc2\xa0",
     "", 0, 0},
};

static void build(void **state) {
  const struct built *c = *state;
  struct meter meter;
  struct mj__mem m;
  struct mj__buf b, w;
  mj_error err;
  int rc;
  meter_mem(&meter, &m);
  mj__buf_init(&b, &m, 1000);
  mj__buf_init(&w, &m, 1000);
  memset(&err, 0, sizeof err);
  rc = mj__prompt_build(&b, &w, c->prompt, NULL, 0, c->lenient, &err);
  assert_int_equal(rc, c->rc);
  if (rc) {
    assert_int_equal(err.code, rc);
    assert_string_equal(err.text, c->text);
  } else {
    assert_string_equal(b.n ? b.p : "", c->text);
    assert_string_equal(w.n ? w.p : "", c->warnings);
  }
  mj__buf_free(&b);
  mj__buf_free(&w);
  assert_int_equal(meter.live, 0);
}

/* A field and the text name both; who is lenient gets no other answer. */
static void both_ways(void **state) {
  static const struct {
    const char *prompt;
    mj_param p;
    const char *text;
  } cases[] = {
      {"x --ar 16:9",
       {"aspect", "3:2"},
       "aspect: given as a field, and as --ar 16:9 in the prompt"},
      {"x --aspect 16:9 --v 7",
       {"aspect", "3:2"},
       "aspect: given as a field, and as --aspect 16:9 in the prompt"},
      {"x " EM "s 5",
       {"stylize", "5"},
       "stylize: given as a field, and as " EM "s 5 in the prompt"},
      {"x --niji 6",
       {"version", "v7"},
       "version: given as a field, and as --niji 6 in the prompt"},
      {"x --tile",
       {"tile", "true"},
       "tile: given as a field, and as --tile in the prompt"},
  };
  static const mj_param twice[] = {{"chaos", "5"}, {"chaos", "5"}};
  struct mj__mem m;
  struct mj__buf b;
  mj_error err;
  size_t i;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 1000);
  for (i = 0; i < 2 * COUNT(cases); i++) {
    memset(&err, 0, sizeof err);
    assert_int_equal(mj__prompt_build(&b, NULL, cases[i / 2].prompt,
                                      &cases[i / 2].p, 1, i % 2, &err),
                     MJ_EINVALID);
    assert_string_equal(err.text, cases[i / 2].text);
  }
  memset(&err, 0, sizeof err);
  assert_int_equal(mj__prompt_build(&b, NULL, "x", twice, 2, 0, &err),
                   MJ_EINVALID);
  assert_string_equal(err.text, "chaos: given twice");
  mj__buf_free(&b);
}

static void warnings_are_optional(void **state) {
  static const mj_param p = {"stylize", "5000"};
  struct mj__mem m;
  struct mj__buf b, w;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 1000);
  mj__buf_init(&w, &m, 1000);
  assert_int_equal(mj__prompt_build(&b, NULL, "x --soon --arr", &p, 1, 1, NULL),
                   MJ_OK);
  mj__buf_reset(&b);
  assert_int_equal(mj__prompt_build(&b, &w, "x", &p, 1, 1, NULL), MJ_OK);
  assert_string_equal(w.p, "stylize: 5000 is not in 0..1000");
  mj__buf_reset(&b);
  mj__buf_free(&w);
  mj__buf_init(&w, &m, 5); /* too many of them are no error */
  assert_int_equal(mj__prompt_build(&b, &w, "x", &p, 1, 1, NULL), MJ_OK);
  mj__buf_free(&b);
  mj__buf_free(&w);
}

static void many_in_order(void **state) {
  static const mj_param p[] = {{"chaos", "5"},
                               {"tile", "true"},
                               {"draft", "false"},
                               {"aspect", "3:2"},
                               {"version", "niji 6"}};
  struct mj__mem m;
  struct mj__buf b;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 1000);
  assert_int_equal(mj__prompt_build(&b, NULL, "x", p, COUNT(p), 0, NULL),
                   MJ_OK);
  assert_string_equal(b.p, "x --chaos 5 --tile --ar 3:2 --niji 6");
  mj__buf_reset(&b);
  assert_int_equal(mj__prompt_build(&b, NULL, "x --ar 1:1", NULL, 0, 0, NULL),
                   MJ_OK);
  assert_string_equal(b.p, "x --ar 1:1");
  mj__buf_reset(&b);
  assert_int_equal(mj__prompt_build(&b, NULL, NULL, p, 1, 0, NULL), MJ_OK);
  assert_string_equal(b.p, "--chaos 5");
  mj__buf_free(&b);
}

static void too_long(void **state) {
  static const mj_param p = {"no", "0123456789"};
  struct mj__mem m;
  struct mj__buf b;
  mj_error err;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 16);
  memset(&err, 0, sizeof err);
  assert_int_equal(mj__prompt_build(&b, NULL, "x", &p, 1, 0, &err),
                   MJ_ETOO_LARGE);
  assert_int_equal(err.code, MJ_ETOO_LARGE);
  mj__buf_free(&b);
  mj__buf_init(&b, &m, 17); /* "x --no 0123456789" */
  assert_int_equal(mj__prompt_build(&b, NULL, "x", &p, 1, 0, &err), MJ_OK);
  mj__buf_free(&b);
}

static void out_of_memory(void **state) {
  static const mj_param p = {"no", "0123456789"};
  struct meter meter;
  struct mj__mem m;
  struct mj__buf b, w;
  mj_error err;
  size_t i;
  (void)state;
  for (i = 1; i < 3; i++) { /* of the prompt, of the warnings */
    meter_mem(&meter, &m);
    meter.fail_at = i;
    meter.for_ever = 1;
    mj__buf_init(&b, &m, 1000);
    mj__buf_init(&w, &m, 1000);
    memset(&err, 0, sizeof err);
    assert_int_equal(mj__prompt_build(&b, &w, "x --soon 1", &p, 1, 0, &err),
                     MJ_ERESOURCE);
    assert_int_equal(err.code, MJ_ERESOURCE);
    mj__buf_free(&b);
    mj__buf_free(&w);
    assert_int_equal(meter.live, 0);
  }
}

/* Taking one out ---------------------------------------------------------- */

struct stripped {
  const char *prompt, *flag, *text;
};

static const struct stripped stripped[] = {
    {"a cat --v 6.1 --zoom 2 --ar 3:2", "--zoom", "a cat --v 6.1 --ar 3:2"},
    {"a cat --zoom 1.5", "--zoom", "a cat"},
    {"a cat\n--zoom 1.5\n--v 7\n", "--zoom", "a cat\n--v 7\n"},
    {"a cat --zoom 1.5 ", "--zoom", "a cat "},
    {"a cat " EM "zoom 2 --v 7", "--zoom", "a cat --v 7"},
    {"a cat --zoom 2 --zoom 1.5 --v 7", "--zoom", "a cat --v 7"},
    {"a cat --zoom --v 7", "--zoom", "a cat --v 7"},
    {"--zoom 2 --v 7", "--zoom", "--v 7"},
    {"--zoom 2", "--zoom", ""},
    {"zoom 2", "--zoom", "zoom 2"},
    {"", "--zoom", ""},
    {"a cat --aspect 3:2 --ar 1:1", "--ar", "a cat"},
    {"a cat --niji 6", "--version", "a cat"},
    {"a cat --soon 1 --later 2", "--soon", "a cat --later 2"},
    {"a cat --soon 1", "--soo", "a cat --soon 1"},
    {"a cat --soon 1", "--zoom", "a cat --soon 1"},
};

static void strip(void **state) {
  const struct stripped *c = *state;
  struct mj__mem m;
  struct mj__buf b;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 1000);
  assert_int_equal(mj__prompt_strip(&b, c->prompt, c->flag), MJ_OK);
  assert_string_equal(b.n ? b.p : "", c->text);
  mj__buf_free(&b);
  mj__buf_init(&b, &m, 2);
  assert_int_equal(mj__prompt_strip(&b, c->prompt, c->flag),
                   strlen(c->text) > 2 ? MJ_ETOO_LARGE : MJ_OK);
  mj__buf_free(&b);
}

enum { ROWS = COUNT(built) + COUNT(stripped) };

int main(void) {
  static char names[ROWS][120];
  static const struct CMUnitTest others[] = {
      cmocka_unit_test(both_ways), cmocka_unit_test(warnings_are_optional),
      cmocka_unit_test(many_in_order), cmocka_unit_test(too_long),
      cmocka_unit_test(out_of_memory)};
  struct CMUnitTest tests[ROWS + COUNT(others)];
  size_t i, n = 0;
  for (i = 0; i < COUNT(built); i++, n++) {
    (void)snprintf(names[n], sizeof names[n], "built: %s", built[i].prompt);
    tests[n] = named_case(names[n], build, &built[i]);
  }
  for (i = 0; i < COUNT(stripped); i++, n++) {
    (void)snprintf(names[n], sizeof names[n], "without %s: %s",
                   stripped[i].flag, stripped[i].prompt);
    tests[n] = named_case(names[n], strip, &stripped[i]);
  }
  memcpy(&tests[n], others, sizeof others);
  return run_cases("prompt_text", tests, n + COUNT(others));
}
