/* SPDX-License-Identifier: MIT
   test_prompt.c - the table of prompt parameters: as fields, as flags in the
   text, and what the generate family calls them.  Whole prompts are in
   test_prompt_form.c. */
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
    {"chaos", "10.5", NULL},
    {"weird", "0", " --weird 0"},
    {"weird", "3000", " --weird 3000"},
    {"weird", "3001", NULL},
    {"weird", "-1", NULL},
    {"weird", "10.5", NULL},
    {"version", "v7", " --v 7"},
    {"version", "7", " --v 7"},
    {"version", "v 6.1", " --v 6.1"},
    {"version", "niji 6", " --niji 6"},
    {"version", "niji6", " --niji 6"},
    {"version", "", NULL},
    {"version", "v", NULL},
    {"version", "niji", " --niji"},
    {"version", "7.0.1", NULL},
    {"version", "7x", NULL},
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
    {"seed", "+1", NULL},
    {"seed", "1.0", NULL},
    {"seed", "-", NULL},
    {"seed", "000000000000000000000000000000001", NULL},
    {"quality", "0.25", " --quality 0.25"},
    {"quality", ".5", " --quality .5"},
    {"quality", "4", " --quality 4"},
    {"quality", "0.2", NULL},
    {"quality", "4.1", NULL},
    {"quality", "1.", " --quality 1."},
    {"quality", "1.2.3", NULL},
    {"quality", ".", NULL},
    {"quality", "0,5", NULL},
    {"quality", "high", NULL},
    {"no", "red, blue", " --no red, blue"},
    {"no", "\xe7\xba\xa2", " --no \xe7\xba\xa2"},
    {"no", "anti-aliasing", " --no anti-aliasing"},
    {"no", "red --chaos 5", NULL},
    {"no",
     "red \xe2\x80\x94"
     "chaos 5",
     NULL},                            /* a long dash begins one too */
    {"no", "a \xe2\x80\x93v 7", NULL}, /* and a shorter one before a flag */
    {"no", "a -v 7", NULL},
    {"no",
     "1990\xe2\x80\x93"
     "2000",
     " --no 1990\xe2\x80\x93"
     "2000"},
    {"no", "a -b", " --no a -b"},
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
    {"sref", "https://a.b/c--d.png", " --sref https://a.b/c--d.png"},
    {"sref", "--https://a.b/", NULL},
    {"sref", "https://a.b/ c--d", NULL},
    {"sw", "0", " --sw 0"},
    {"sw", "1000", " --sw 1000"},
    {"sw", "1001", NULL},
    {"sw", "-1", NULL},
    {"sw", "10.5", NULL},
    {"cref", "https://a.b/c.png", " --cref https://a.b/c.png"},
    {"cref", "x --v 5", NULL},
    {"cref", "https://a.b/c.png x", " --cref https://a.b/c.png x"},
    {"cw", "0", " --cw 0"},
    {"cw", "100", " --cw 100"},
    {"cw", "101", NULL},
    {"cw", "-1", NULL},
    {"cw", "10.5", NULL},
    {"oref", "https://a.b/c.png", " --oref https://a.b/c.png"},
    {"oref", "", NULL},
    {"oref", "https://a.b/c.png x", " --oref https://a.b/c.png x"},
    {"ow", "0", " --ow 0"},
    {"ow", "1000", " --ow 1000"},
    {"ow", "1001", NULL},
    {"ow", "-1", NULL},
    {"ow", "10.5", NULL},
    {"tile", "true", " --tile"},
    {"tile", "false", ""},
    {"tile", "1", NULL},
    {"tile", "", NULL},
    {"style", "raw", " --style raw"},
    {"style", "raw --v 5", NULL},
    {"style", "raw and more", NULL},
    {"draft", "true", " --draft"},
    {"draft", "false", ""},
    {"draft", "yes", NULL},
    {"stop", "10", " --stop 10"},
    {"stop", "100", " --stop 100"},
    {"stop", "9", NULL},
    {"stop", "101", NULL},
    {"stop", "10.5", NULL},
    {"translate", "false", ""},
    {"translate", "yes", NULL},
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
  rc = mj__prompt_build(&b, NULL, "a cat", &p, 1, is_lenient, &err);
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

/* In the text ------------------------------------------------------------- */

struct text {
  const char *flag, *value; /* in the text */
  const char *name;         /* of the field, NULL = none */
  const char *means;        /* the field's value; NULL = refused */
};

/* Each flag of the table by each of its names. */
static const struct text texts[] = {
    {"--ar", "3:2", "aspect", "3:2"},
    {"--aspect", "3:2", "aspect", "3:2"},
    {"--stylize", "250", "stylize", "250"},
    {"--s", "0", "stylize", "0"},
    {"--chaos", "5", "chaos", "5"},
    {"--c", "5", "chaos", "5"},
    {"--weird", "5", "weird", "5"},
    {"--w", "3000", "weird", "3000"},
    {"--v", "7", "version", "v7"},
    {"--v", "6.1", "version", "v6.1"},
    {"--version", "7", "version", "v7"},
    {"--niji", "6", "version", "niji 6"},
    {"--niji", "", "version", "niji"},
    {"--seed", "4294967295", "seed", "4294967295"},
    {"--quality", ".5", "quality", ".5"},
    {"--q", "2", "quality", "2"},
    {"--no", "red, blue", "no", "red, blue"},
    {"--iw", "0.5", "iw", "0.5"},
    {"--sref", "https://a.b/1.png 123", "sref", "https://a.b/1.png 123"},
    {"--sw", "10", "sw", "10"},
    {"--cref", "https://a.b/1.png", "cref", "https://a.b/1.png"},
    {"--cw", "10", "cw", "10"},
    {"--oref", "https://a.b/1.png", "oref", "https://a.b/1.png"},
    {"--ow", "10", "ow", "10"},
    {"--tile", "", "tile", "true"},
    {"--style", "raw", "style", "raw"},
    {"--draft", "", "draft", "true"},
    {"--stop", "10", "stop", "10"},
    {"--fast", "", NULL, ""},
    {"--relax", "", NULL, ""},
    {"--turbo", "", NULL, ""},
    {"--hd", "", NULL, ""},
    {"--raw", "", NULL, ""},
    {"--video", "", NULL, ""},
    {"--loop", "", NULL, ""},
    {"--stealth", "", NULL, ""},
    {"--public", "", NULL, ""},
    {"--zoom", "1", NULL, "1"},
    {"--zoom", "1.5", NULL, "1.5"},
    {"--zoom", "2", NULL, "2"},
    {"--exp", "0", NULL, "0"},
    {"--exp", "100", NULL, "100"},
    {"--repeat", "1", NULL, "1"},
    {"--repeat", "40", NULL, "40"},
    {"--r", "4", NULL, "4"},
    {"--bs", "1", NULL, "1"},
    {"--bs", "4", NULL, "4"},
    {"--sameseed", "0", NULL, "0"},
    {"--sameseed", "4294967295", NULL, "4294967295"},
    {"--motion", "high", NULL, "high"},
    {"--end", "https://a.b/1.png", NULL, "https://a.b/1.png"},
    {"--sv", "6", NULL, "6"},
    {"--p", "", NULL, ""},
    {"--p", "abc def", NULL, "abc def"},
    {"--profile", "abc", NULL, "abc"},
    /* not their values */
    {"--ar", "3x2", NULL, NULL},
    {"--ar", "", NULL, NULL},
    {"--aspect", "wide", NULL, NULL},
    {"--s", "1001", NULL, NULL},
    {"--s", "-1", NULL, NULL},
    {"--s", "5.5", NULL, NULL},
    {"--s", "", NULL, NULL},
    {"--c", "101", NULL, NULL},
    {"--w", "3001", NULL, NULL},
    {"--v", "", NULL, NULL},
    {"--v", "seven", NULL, NULL},
    {"--v", "v7", NULL, NULL},
    {"--v", "niji 6", NULL, NULL},
    {"--niji", "six", NULL, NULL},
    {"--niji", "niji 6", NULL, NULL},
    {"--seed", "4294967296", NULL, NULL},
    {"--q", "5", NULL, NULL},
    {"--no", "", NULL, NULL},
    {"--no", "red\nblue", NULL, NULL},
    {"--iw", "3.5", NULL, NULL},
    {"--tile", "seamless", NULL, NULL},
    {"--style", "raw and more", NULL, NULL},
    {"--draft", "true", NULL, NULL},
    {"--stop", "9", NULL, NULL},
    {"--fast", "and loose", NULL, NULL},
    {"--relax", "x", NULL, NULL},
    {"--turbo", "x", NULL, NULL},
    {"--hd", "x", NULL, NULL},
    {"--raw", "x", NULL, NULL},
    {"--video", "x", NULL, NULL},
    {"--loop", "x", NULL, NULL},
    {"--stealth", "x", NULL, NULL},
    {"--public", "x", NULL, NULL},
    {"--zoom", "0.9", NULL, NULL},
    {"--zoom", "2.1", NULL, NULL},
    {"--zoom", "out", NULL, NULL},
    {"--exp", "-1", NULL, NULL},
    {"--exp", "101", NULL, NULL},
    {"--exp", "1.5", NULL, NULL},
    {"--repeat", "0", NULL, NULL},
    {"--repeat", "41", NULL, NULL},
    {"--r", "1.5", NULL, NULL},
    {"--bs", "0", NULL, NULL},
    {"--bs", "5", NULL, NULL},
    {"--bs", "1.5", NULL, NULL},
    {"--sameseed", "-1", NULL, NULL},
    {"--sameseed", "4294967296", NULL, NULL},
    {"--sameseed", "1.5", NULL, NULL},
    {"--motion", "very high", NULL, NULL},
    {"--motion", "", NULL, NULL},
    {"--end", "one two", NULL, NULL},
    {"--end", "", NULL, NULL},
    {"--sv", "1 2", NULL, NULL},
    {"--p", "a \xe2\x80\x94 b", NULL, NULL},
};

/* What the text has is passed on as it is, and read as the field. */
static void in_the_text(void **state) {
  const struct text *t = *state;
  char prompt[100];
  struct mj__mem m;
  struct mj__buf b, w;
  mj_prompt *p = NULL;
  mj_error err;
  int rc;
  (void)snprintf(prompt, sizeof prompt, "a cat %s%s%s", t->flag,
                 *t->value ? " " : "", t->value);
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 1000);
  mj__buf_init(&w, &m, 1000);
  memset(&err, 0, sizeof err);
  rc = mj__prompt_build(&b, &w, prompt, NULL, 0, 0, &err);
  if (t->means) {
    assert_int_equal(rc, MJ_OK);
    assert_string_equal(b.p, prompt);
    assert_int_equal(w.n, 0); /* known, and nothing to say about it */
    assert_int_equal(
        mj_prompt_parse(&p, prompt, strlen(prompt), 0, NULL, NULL, &err),
        MJ_OK);
    assert_string_equal(p->text, "a cat");
    assert_int_equal(p->nparams, t->name ? 1 : 0);
    assert_int_equal(p->nothers, t->name ? 0 : 1);
    assert_string_equal(t->name ? p->params[0].name : p->others[0].name,
                        t->name ? t->name : t->flag);
    assert_string_equal(t->name ? p->params[0].value : p->others[0].value,
                        t->means);
    mj_prompt_free(p);
  } else {
    assert_int_equal(rc, MJ_EINVALID);
    /* it begins with the flag as it was written */
    assert_int_equal(strncmp(err.text, t->flag, strlen(t->flag)), 0);
    assert_int_equal(err.text[strlen(t->flag)], ':');
  }
  mj__buf_free(&b);
  mj__buf_free(&w);
}

/* The generate family's names, and every row's first flag. */
static void columns(void **state) {
  static const struct {
    const char *name, *flag, *generate;
  } rows[] = {
      {"aspect", "--ar", "aspect"},   {"stylize", "--stylize", "stylize"},
      {"chaos", "--chaos", "chaos"},  {"weird", "--weird", "weird"},
      {"version", "--v", "version"},  {"seed", "--seed", NULL},
      {"quality", "--quality", NULL}, {"no", "--no", NULL},
      {"iw", "--iw", NULL},           {"sref", "--sref", NULL},
      {"sw", "--sw", NULL},           {"cref", "--cref", NULL},
      {"cw", "--cw", NULL},           {"oref", "--oref", NULL},
      {"ow", "--ow", NULL},           {"tile", "--tile", NULL},
      {"style", "--style", NULL},     {"draft", "--draft", NULL},
      {"stop", "--stop", NULL},       {"translate", NULL, "enableTranslation"}};
  const struct mj__parameter *p;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    p = mj__parameter_at(i);
    assert_non_null(p);
    assert_ptr_equal(p, mj__parameter_named(rows[i].name));
    assert_int_equal(mj__parameter_index(p), i);
    if (rows[i].flag)
      assert_ptr_equal(
          p, mj__parameter_of(rows[i].flag + 2, strlen(rows[i].flag) - 2));
    else
      assert_null(p->flags);
    if (rows[i].generate)
      assert_string_equal(p->generate, rows[i].generate);
    else
      assert_null(p->generate);
  }
  for (; (p = mj__parameter_at(i)) != NULL; i++) {
    int speed;
    assert_null(p->name);
    assert_non_null(p->flags);
    speed = strcmp(p->flags, "--fast") == 0 ||
            strcmp(p->flags, "--relax") == 0 ||
            strcmp(p->flags, "--turbo") == 0;
    assert_string_equal(p->generate ? p->generate : "none",
                        speed ? "speed" : "none");
  }
  assert_int_equal(i, 38);
  assert_null(mj__parameter_named("fast"));
  assert_null(mj__parameter_of("stylis", 6));
  assert_null(mj__parameter_of("", 0));
}

/* Of the mj family, which has no such flag. */
static void translate(void **state) {
  static const mj_param p = {"translate", "true"};
  struct mj__mem m;
  struct mj__buf b;
  mj_error err;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 1000);
  memset(&err, 0, sizeof err);
  assert_int_equal(mj__prompt_build(&b, NULL, "x", &p, 1, 1, &err),
                   MJ_EUNSUPPORTED);
  assert_int_equal(err.code, MJ_EUNSUPPORTED);
  assert_string_equal(
      err.text, "translate: gateways of the mj family have no such parameter, "
                "those of the generate family do");
  mj__buf_free(&b);
}

enum { ROWS = COUNT(given) + COUNT(lenient) + COUNT(texts) };

int main(void) {
  static char names[ROWS][120];
  struct CMUnitTest tests[ROWS + 2];
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
  for (i = 0; i < COUNT(texts); i++, n++) {
    (void)snprintf(names[n], sizeof names[n], "in the text: %s %s",
                   texts[i].flag, texts[i].value);
    tests[n] = named_case(names[n], in_the_text, &texts[i]);
  }
  tests[n++] = named_case("columns", columns, NULL);
  tests[n++] = named_case("translate", translate, NULL);
  return run_cases("prompt", tests, n);
}
