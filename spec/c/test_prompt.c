/* SPDX-License-Identifier: MIT
   test_prompt.c - the table of prompt parameters. */
#include "test.h"

#include "prompt.h"

struct given {
  const char *name, *value;
  const char *flag; /* what stands behind the prompt; NULL = refused */
};

/* Each row of the table: both ends, one step beyond each, and odd values. */
static const struct given given[] = {
    {"aspect", "3:2", " --ar 3:2"},
    {"aspect", "16:9", " --ar 16:9"},
    {"aspect", "99999:1", " --ar 99999:1"},
    {"aspect", "3x2", NULL},
    {"aspect", "3:", NULL},
    {"aspect", ":2", NULL},
    {"aspect", "0:1", NULL},
    {"aspect", "1:0", NULL},
    {"aspect", "3:2:1", NULL},
    {"aspect", "1.5:1", NULL},
    {"aspect", "-3:2", NULL},
    {"aspect", "999999:1", NULL},
    {"aspect", "3:2 --chaos 5", NULL},
    {"aspect", "", NULL},
    {"stylize", "0", " --stylize 0"},
    {"stylize", "1000", " --stylize 1000"},
    {"stylize", "1001", NULL},
    {"stylize", "-1", NULL},
    {"stylize", "10.5", NULL},
    {"stylize", "", NULL},
    {"chaos", "0", " --chaos 0"},
    {"chaos", "100", " --chaos 100"},
    {"chaos", "101", NULL},
    {"chaos", "-1", NULL},
    {"weird", "0", " --weird 0"},
    {"weird", "3000", " --weird 3000"},
    {"weird", "3001", NULL},
    {"weird", "-1", NULL},
    {"version", "v7", " --v 7"},
    {"version", "7", " --v 7"},
    {"version", "v 6.1", " --v 6.1"},
    {"version", "niji 6", " --niji 6"},
    {"version", "niji6", " --niji 6"},
    {"version", "", NULL},
    {"version", "v", NULL},
    {"version", "niji", NULL},
    {"version", "seven", NULL},
    {"version", "v7 --chaos 9", NULL},
    {"version", "v-7", NULL},
    {"version", "+7", NULL},
    {"seed", "0", " --seed 0"},
    {"seed", "4294967295", " --seed 4294967295"},
    {"seed", "4294967296", NULL},
    {"seed", "-1", NULL},
    {"seed", "0x10", NULL},
    {"seed", "1e3", NULL},
    {"seed", "inf", NULL},
    {"seed", "nan", NULL},
    {"seed", " 1", NULL},
    {"seed", "1 ", NULL},
    {"seed", "12 --chaos 5", NULL},
    {"quality", "0.25", " --quality 0.25"},
    {"quality", ".5", " --quality .5"},
    {"quality", "4", " --quality 4"},
    {"quality", "0.2", NULL},
    {"quality", "4.1", NULL},
    {"quality", "high", NULL},
    {"no", "red, blue", " --no red, blue"},
    {"no", "\xe7\xba\xa2", " --no \xe7\xba\xa2"},
    {"no", "anti-aliasing", " --no anti-aliasing"},
    {"no", "red --chaos 5", NULL},
    {"no",
     "red \xe2\x80\x94"
     "chaos 5",
     NULL}, /* a long dash begins one too */
    {"no", "red\nblue", NULL},
    {"no", "red\rblue", NULL},
    {"no", "", NULL},
    {"no", "  ", NULL},
    {"no", "\xff", NULL},
    {"iw", "0", " --iw 0"},
    {"iw", "0.5", " --iw 0.5"},
    {"iw", "3", " --iw 3"},
    {"iw", "3.1", NULL},
    {"iw", "-0.1", NULL},
    {"sref", "https://a.b/c.png 123", " --sref https://a.b/c.png 123"},
    {"sref", "random", " --sref random"},
    {"sref", "x --v 5", NULL},
    {"sw", "0", " --sw 0"},
    {"sw", "1000", " --sw 1000"},
    {"sw", "1001", NULL},
    {"sw", "-1", NULL},
    {"cref", "https://a.b/c.png", " --cref https://a.b/c.png"},
    {"cref", "x --v 5", NULL},
    {"cw", "0", " --cw 0"},
    {"cw", "100", " --cw 100"},
    {"cw", "101", NULL},
    {"cw", "-1", NULL},
    {"oref", "https://a.b/c.png", " --oref https://a.b/c.png"},
    {"oref", "", NULL},
    {"ow", "0", " --ow 0"},
    {"ow", "1000", " --ow 1000"},
    {"ow", "1001", NULL},
    {"ow", "-1", NULL},
    {"tile", "true", " --tile"},
    {"tile", "false", ""},
    {"tile", "1", NULL},
    {"tile", "", NULL},
    {"style", "raw", " --style raw"},
    {"style", "raw --v 5", NULL},
    {"draft", "true", " --draft"},
    {"draft", "false", ""},
    {"draft", "yes", NULL},
    {"stop", "10", " --stop 10"},
    {"stop", "100", " --stop 100"},
    {"stop", "9", NULL},
    {"stop", "101", NULL},
    {"Stylize", "1", NULL},
    {"ar", "3:2", NULL},
    {"", "1", NULL},
};

/* Out of range passes when asked for; what is no value at all does not. */
static const struct given lenient[] = {
    {"stylize", "2000", " --stylize 2000"},
    {"chaos", "-5", " --chaos -5"},
    {"seed", "4294967296", " --seed 4294967296"},
    {"quality", "9.5", " --quality 9.5"},
    {"stop", "1", " --stop 1"},
    {"stylize", "1.5", NULL},
    {"stylize", "many", NULL},
    {"aspect", "wide", NULL},
    {"no", "a --b", NULL},
    {"tile", "maybe", NULL},
    {"colour", "1", NULL},
};

static void try(const struct given *g, int is_lenient) {
  struct meter meter;
  struct mj__mem m;
  struct mj__buf b;
  mj_param p;
  mj_error err;
  int rc;
  meter_mem(&meter, &m);
  mj__buf_init(&b, &m, 1000);
  memset(&err, 0, sizeof err);
  p.name = g->name;
  p.value = g->value;
  rc = mj__prompt_flags(&b, "a cat", &p, 1, is_lenient, &err);
  if (g->flag) {
    assert_int_equal(rc, MJ_OK);
    assert_int_equal(strncmp(b.p, "a cat", 5), 0);
    assert_string_equal(b.p + 5, g->flag);
  } else {
    assert_int_equal(rc, MJ_EINVALID);
    assert_int_equal(err.code, MJ_EINVALID);
    assert_non_null(strstr(err.text, g->name)); /* it names the parameter */
  }
  mj__buf_free(&b);
  assert_int_equal(meter.live, 0);
}

static void strictly(void **state) {
  try(*state, 0);
}

static void leniently(void **state) {
  try(*state, 1);
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
  assert_int_equal(mj__prompt_flags(&b, "x", p, COUNT(p), 0, NULL), MJ_OK);
  assert_string_equal(b.p, "x --chaos 5 --tile --ar 3:2 --niji 6");
  mj__buf_reset(&b);
  assert_int_equal(mj__prompt_flags(&b, "x --ar 1:1", NULL, 0, 0, NULL), MJ_OK);
  assert_string_equal(b.p, "x --ar 1:1");
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
  assert_int_equal(mj__prompt_flags(&b, "x", &p, 1, 0, &err), MJ_ETOO_LARGE);
  assert_int_equal(err.code, MJ_ETOO_LARGE);
  mj__buf_free(&b);
  mj__buf_init(&b, &m, 17); /* "x --no 0123456789" */
  assert_int_equal(mj__prompt_flags(&b, "x", &p, 1, 0, &err), MJ_OK);
  mj__buf_free(&b);
}

static void out_of_memory(void **state) {
  static const mj_param p = {"no", "0123456789"};
  struct meter meter;
  struct mj__mem m;
  struct mj__buf b;
  mj_error err;
  (void)state;
  meter_mem(&meter, &m);
  meter.fail_at = 1;
  meter.for_ever = 1;
  mj__buf_init(&b, &m, 1000);
  memset(&err, 0, sizeof err);
  assert_int_equal(mj__prompt_flags(&b, "x", &p, 1, 0, &err), MJ_ERESOURCE);
  assert_int_equal(err.code, MJ_ERESOURCE);
  mj__buf_free(&b);
}

int main(void) {
  static char names[COUNT(given) + COUNT(lenient)][80];
  struct CMUnitTest tests[COUNT(given) + COUNT(lenient) + 3];
  size_t i, n = 0;
  for (i = 0; i < COUNT(given); i++, n++) {
    (void)snprintf(names[n], sizeof names[n], "%s = \"%s\"", given[i].name,
                   given[i].value);
    tests[n] = named_case(names[n], strictly, &given[i]);
  }
  for (i = 0; i < COUNT(lenient); i++, n++) {
    (void)snprintf(names[n], sizeof names[n], "lenient %s = \"%s\"",
                   lenient[i].name, lenient[i].value);
    tests[n] = named_case(names[n], leniently, &lenient[i]);
  }
  tests[n++] = named_case("many_in_order", many_in_order, NULL);
  tests[n++] = named_case("too_long", too_long, NULL);
  tests[n++] = named_case("out_of_memory", out_of_memory, NULL);
  return run_cases("prompt", tests, n);
}
