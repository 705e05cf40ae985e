/* SPDX-License-Identifier: MIT
   test_proposal.c - the texts that describe and shorten answer with. */
#include "test.h"

#include "proposal.h"

#define VS      "\xef\xb8\x8f"
#define CAP(n)  n VS "\xe2\x83\xa3"
#define BARE(n) n "\xe2\x83\xa3"
#define BAR     "\xe2\x96\x88"
#define LIGHT   "\xe2\x96\x91"

struct weighed {
  const char *text;
  int dropped;
  double weight;
};

struct sample {
  const char *name, *action, *text;
  const char *prompts[10]; /* up to a NULL */
  struct weighed tokens[8];
};

static const struct sample samples[] = {
    {"midjourney-proxy's",
     "DESCRIBE",
     CAP("1") " A --ar 5:4\n\n" CAP("2") " B\n\n" CAP("3") " C\n\n" CAP(
         "4") " "
              "D",
     {"A --ar 5:4", "B", "C", "D"},
     {{0}}},
    {"no variation selector",
     "DESCRIBE",
     BARE("1") " A\n\n" BARE("2") " B\n\n" BARE("3") " C\n\n" BARE("4") " D",
     {"A", "B", "C", "D"},
     {{0}}},
    {"a partner's lines",
     "DESCRIBE",
     "A --ar 5:4\r\nB\r\nC\r\nD",
     {"A --ar 5:4", "B", "C", "D"},
     {{0}}},
    {"blank lines between", "DESCRIBE", "\n A \n\n\t\n B\n", {"A", "B"}, {{0}}},
    {"words in front",
     "DESCRIBE",
     "Four prompts:\n  " CAP("1") " A\n" CAP("2") "B",
     {"A", "B"},
     {{0}}},
    {"all in one line",
     "DESCRIBE",
     "See: " CAP("1") " A " CAP("2") " B " CAP("3") " C " CAP("4") " D",
     {"A", "B", "C", "D"},
     {{0}}},
    {"a keycap in a prompt",
     "DESCRIBE",
     CAP("1") " a sign " CAP("9") " in fog\n\n" CAP("2") " B",
     {"a sign " CAP("9") " in fog", "B"},
     {{0}}},
    {"of several lines",
     "DESCRIBE",
     CAP("1") " A\nmore of A\n" CAP("2") " B",
     {"A\nmore of A", "B"},
     {{0}}},
    {"numbers that are missing",
     "DESCRIBE",
     CAP("2") " B\n" CAP("4") " D",
     {"B", "D"},
     {{0}}},
    {"an empty one keeps its place",
     "DESCRIBE",
     CAP("1") "\n" CAP("2") " B\n" CAP("3") " \n" CAP("4") "\n",
     {"", "B"},
     {{0}}},
    {"only keycaps",
     "DESCRIBE",
     CAP("1") CAP("2") CAP("3") CAP("4"),
     {NULL},
     {{0}}},
    {"half a keycap",
     "DESCRIBE",
     "1" VS " A\n2 B\n3\xe2\x83",
     {"1" VS " A", "2 B", "3\xe2\x83"},
     {{0}}},
    {"the digit at the end", "DESCRIBE", "1", {"1"}, {{0}}},
    {"nothing", "DESCRIBE", "", {NULL}, {{0}}},
    {"blanks", "DESCRIBE", " \r\n \t\n", {NULL}, {{0}}},
    {"marks mean nothing to describe",
     "DESCRIBE",
     "a **b** (0.5)",
     {"a **b** (0.5)"},
     {{0}}},
    {"more than there are keycaps",
     "DESCRIBE",
     "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\n",
     {"a", "b", "c", "d", "e", "f", "g", "h", "i"},
     {{0}}},

    {"midjourney-proxy-plus's",
     "SHORTEN",
     "## Important tokens\n**a** ~~b~~ **black cat**, and ~~so on~~\n"
     "## Shortened prompts\n" CAP("1") " black cat\n\n" CAP("2") " cat\n\n" CAP(
         "3") " a cat\n\n" CAP("4") " a black\n\n" CAP("5") " black",
     {"black cat", "cat", "a cat", "a black", "black"},
     {{"a", 0, -1}, {"b", 1, -1}, {"black cat", 0, -1}, {"so on", 1, -1}}},
    {"bare lines",
     "SHORTEN",
     "## Important tokens\r\n**a** ~~b~~\r\n## Shortened prompts\r\n"
     "black cat\r\ncat",
     {"black cat", "cat"},
     {{"a", 0, -1}, {"b", 1, -1}}},
    {"no headings",
     "SHORTEN",
     "**a** ~~b~~\n" BARE("1") " x\n" BARE("2") " y",
     {"x", "y"},
     {{"a", 0, -1}, {"b", 1, -1}}},
    {"no words",
     "SHORTEN",
     CAP("1") " **x**\n" CAP("2") " y",
     {"**x**", "y"},
     {{0}}},
    {"lines and nothing else", "SHORTEN", "x\r\ny", {"x", "y"}, {{0}}},
    {"other headings",
     "SHORTEN",
     "**Important tokens:**\n**a**\n### shortened PROMPTS\nx",
     {"x"},
     {{"a", 0, -1}}},
    {"details",
     "SHORTEN",
     "## Important tokens\n**appdash** (1.00)\n**icon** (0.49), ~~of~~ (0)",
     {NULL},
     {{"appdash", 0, 1}, {"icon", 0, 0.49}, {"of", 1, 0}}},
    {"bars",
     "SHORTEN",
     "## Important tokens\n**appdash** " BAR BAR BAR " (1.00)\n"
     "**icon** (0.49) " BAR BAR LIGHT "\n" BAR LIGHT " ~~of~~(.05)\n"
     "## Shortened prompts\n" CAP("1") " appdash",
     {"appdash"},
     {{"appdash", 0, 1}, {"icon", 0, 0.49}, {"of", 1, 0.05}}},
    {"words without marks",
     "SHORTEN",
     "## Important tokens\n" BAR " a red **cat** (0.5), sitting on (0.20) "
     "(0.3)\nplain (words)",
     {NULL},
     {{"cat", 0, 0.5}, {"sitting on", 0, 0.2}}},
    {"what is no weight",
     "SHORTEN",
     "**a** (1.01) **b** (x) **c** () **d** (0.5 **e** (-1) **f** (1..)",
     {NULL},
     {{"a", 0, -1},
      {"b", 0, -1},
      {"c", 0, -1},
      {"d", 0, -1},
      {"e", 0, -1},
      {"f", 0, -1}}},
    {"both marks",
     "SHORTEN",
     "**~~a~~** ~~**b**~~ ** c **",
     {NULL},
     {{"a", 1, -1}, {"b", 1, -1}, {"c", 0, -1}}},
    {"marks that nothing closes",
     "SHORTEN",
     "**a\n~~b\n**c** **\n~~",
     {NULL},
     {{"c", 0, -1}}},
    {"marks around nothing",
     "SHORTEN",
     "**** ~~ ~~ **** **a**",
     {NULL},
     {{"a", 0, -1}}},
    {"a mark at the end", "SHORTEN", "**a** *", {NULL}, {{"a", 0, -1}}},
    {"nothing", "SHORTEN", "", {NULL}, {{0}}},
    {"headings and nothing else",
     "SHORTEN",
     "## Important tokens\n## Shortened prompts\n",
     {NULL},
     {{0}}},
    {"another action", "IMAGINE", CAP("1") " A\n**b**", {NULL}, {{0}}},
    {"a small one", "describe", CAP("1") " A", {NULL}, {{0}}},
};

static void read_sample(void **state) {
  const struct sample *c = *state;
  struct meter meter;
  struct mj__mem m;
  struct mj__arena a;
  mj_task t;
  size_t i;
  meter_mem(&meter, &m);
  mj__arena_init(&a, &m);
  memset(&t, 0, sizeof t);
  assert_int_equal(mj__proposals_read(c->action, c->text, &a, &t), MJ_OK);
  for (i = 0; i < COUNT(c->prompts) && c->prompts[i]; i++) {
    assert_true(i < t.nprompts);
    assert_string_equal(t.prompts[i], c->prompts[i]);
  }
  assert_int_equal(t.nprompts, i);
  for (i = 0; i < COUNT(c->tokens) && c->tokens[i].text; i++) {
    assert_true(i < t.ntokens);
    assert_string_equal(t.tokens[i].text, c->tokens[i].text);
    assert_int_equal(t.tokens[i].dropped, c->tokens[i].dropped);
    assert_float_equal(t.tokens[i].weight, c->tokens[i].weight, 1e-6);
  }
  assert_int_equal(t.ntokens, i);
  mj__arena_free(&a);
  assert_int_equal(meter.live, 0);
}

static void no_text(void **state) {
  struct mj__mem m;
  struct mj__arena a;
  mj_task t;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  mj__arena_init(&a, &m);
  memset(&t, 0, sizeof t);
  assert_int_equal(mj__proposals_read("DESCRIBE", NULL, &a, &t), MJ_OK);
  assert_int_equal(mj__proposals_read(NULL, "text", &a, &t), MJ_OK);
  assert_null(t.prompts);
  assert_int_equal(a.total, 0);
}

static void out_of_memory(void **state) {
  char text[9000];
  size_t i, failed = 0;
  (void)state;
  memset(text, 'x', sizeof text);
  memcpy(text, "**a** ~~b~~\n" BARE("1") " ", 17);
  text[sizeof text - 1] = '\0';
  for (i = 1; i < 10; i++) {
    struct meter meter;
    struct mj__mem m;
    struct mj__arena a;
    mj_task t;
    meter_mem(&meter, &m);
    meter.fail_at = i;
    mj__arena_init(&a, &m);
    memset(&t, 0, sizeof t);
    if (mj__proposals_read("SHORTEN", text, &a, &t)) {
      assert_int_equal(t.nprompts, 0);
      failed++;
    }
    mj__arena_free(&a);
    assert_int_equal(meter.live, 0);
  }
  assert_int_equal(failed, 2); /* the words', and that of the long prompt */
}

/* Whatever comes: no more than there is room for, and soon. */
static void hostile(void **state) {
  static const char *const parts[] = {
      "**",  "*", "~~",       "**~~",        "**a** ",   "~~b",  "(0.5)",
      "(",   "x", CAP("1"),   CAP("1") "\n", "1" VS,     "\n",   "a\n",
      "## ", " ", "a (0.1) ", "**a** " BAR,  BAR " (0.", "***~ "};
  enum { LEN = 300000 };
  static const char *const actions[] = {"DESCRIBE", "SHORTEN"};
  struct mj__mem m;
  struct mj__buf b;
  size_t i, k;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  for (i = 0; i < 2 * COUNT(parts); i++) {
    struct mj__arena a;
    mj_task t;
    mj__arena_init(&a, &m);
    mj__buf_init(&b, &m, LEN);
    while (mj__buf_puts(&b, parts[i / 2]) == MJ_OK)
      ;
    memset(&t, 0, sizeof t);
    assert_int_equal(mj__proposals_read(actions[i % 2], b.p, &a, &t), MJ_OK);
    assert_true(t.nprompts <= 9 && t.ntokens <= 1000);
    for (k = 0; k < t.nprompts; k++)
      assert_non_null(t.prompts[k]);
    mj__arena_free(&a);
    mj__buf_free(&b);
  }
}

/* Bits of such texts in any order; the sanitizers look on. */
static void any_order(void **state) {
  static const char *const parts[] = {"**",
                                      "~~",
                                      "(0.5)",
                                      "(",
                                      CAP("1"),
                                      BARE("2"),
                                      "\n",
                                      "word",
                                      "## Important tokens\n",
                                      "## Shortened prompts\n",
                                      BAR,
                                      ",",
                                      "1",
                                      VS};
  uint32_t seed = 77;
  size_t round, n, i;
  (void)state;
  for (round = 0; round < 50000; round++) {
    struct mj__mem m;
    struct mj__arena a;
    mj_task t;
    char *text = calloc(1, 400);
    size_t len = 0;
    assert_non_null(text);
    n = next_random(&seed) % 12;
    for (i = 0; i < n; i++)
      len += (size_t)snprintf(text + len, 400 - len, "%s",
                              parts[next_random(&seed) % COUNT(parts)]);
    text = realloc(text, len + 1); /* so that reading beyond it is noticed */
    assert_non_null(text);
    mj__mem_init(&m, NULL, NULL);
    mj__arena_init(&a, &m);
    memset(&t, 0, sizeof t);
    assert_int_equal(
        mj__proposals_read(round % 4 ? "SHORTEN" : "DESCRIBE", text, &a, &t),
        MJ_OK);
    for (i = 0; i < t.ntokens; i++)
      assert_true(t.tokens[i].text[0] != '\0');
    mj__arena_free(&a);
    free(text);
  }
}

int main(void) {
  static char names[COUNT(samples)][80];
  static const struct CMUnitTest others[] = {
      cmocka_unit_test(no_text), cmocka_unit_test(out_of_memory),
      cmocka_unit_test(hostile), cmocka_unit_test(any_order)};
  struct CMUnitTest tests[COUNT(samples) + COUNT(others)];
  size_t i;
  for (i = 0; i < COUNT(samples); i++) {
    (void)snprintf(names[i], sizeof names[i], "%s: %s", samples[i].action,
                   samples[i].name);
    tests[i] = named_case(names[i], read_sample, &samples[i]);
  }
  memcpy(&tests[i], others, sizeof others);
  return run_cases("proposal", tests, i + COUNT(others));
}
