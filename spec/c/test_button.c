/* SPDX-License-Identifier: MIT
   test_button.c - what customIds mean, and how a button is found. */
#include "test.h"

#include "button.h"

#define UUID "26d56b92-4ed6-45e2-8561-563797923135"

struct meant {
  const char *id, *intent; /* NULL = none */
};

/* A row per row of the table, and the grammar around it. */
static const struct meant meanings[] = {
    {"MJ::JOB::upsample::1::" UUID, "upscale:1"},
    {"MJ::JOB::upsample::4::" UUID, "upscale:4"},
    {"MJ::JOB::variation::2::" UUID, "vary:2"},
    {"MJ::JOB::variation::3::" UUID "::SOLO", "vary:3"},
    {"MJ::JOB::reroll::0::" UUID "::SOLO", "reroll"},
    {"MJ::JOB::low_variation::1::" UUID "::SOLO", "vary:subtle"},
    {"MJ::JOB::high_variation::1::" UUID "::SOLO", "vary:strong"},
    {"MJ::JOB::upsample_v5_2x::1::" UUID "::SOLO", "upscale:2x"},
    {"MJ::JOB::upsample_v5_4x::1::" UUID "::SOLO", "upscale:4x"},
    {"MJ::JOB::upsample_v6_2x_subtle::1::" UUID "::SOLO", "upscale:subtle"},
    {"MJ::JOB::upsample_v6_2x_creative::1::" UUID "::SOLO", "upscale:creative"},
    {"MJ::JOB::upsample_v6r1_2x_subtle::1::" UUID, "upscale:subtle"},
    {"MJ::JOB::upsample_v6r1_2x_creative::1::" UUID, "upscale:creative"},
    {"MJ::JOB::upsample_v7_2x_subtle::1::" UUID, "upscale:subtle"},
    {"MJ::JOB::upsample_v7_2x_creative::1::" UUID, "upscale:creative"},
    {"MJ::JOB::upsample_v99_2x_creative::1::" UUID, "upscale:creative"},
    {"MJ::Inpaint::1::" UUID "::SOLO", "vary:region"},
    {"MJ::Outpaint::50::1::" UUID "::SOLO", "zoom:2"},
    {"MJ::Outpaint::75::1::" UUID "::SOLO", "zoom:1.5"},
    {"MJ::Outpaint::100::1::" UUID "::SOLO", "square"},
    {"MJ::CustomZoom::" UUID, "zoom:N"},
    {"MJ::CustomZoom::1::" UUID, "zoom:N"}, /* trueai */
    {"MJ::JOB::pan_left::1::" UUID "::SOLO", "pan:left"},
    {"MJ::JOB::pan_right::1::" UUID "::SOLO", "pan:right"},
    {"MJ::JOB::pan_up::1::" UUID "::SOLO", "pan:up"},
    {"MJ::JOB::pan_down::1::" UUID "::SOLO", "pan:down"},
    {"MJ::JOB::animate_low::1::" UUID "::SOLO", "animate:low"},
    {"MJ::JOB::animate_high::1::" UUID "::SOLO", "animate:high"},
    {"MJ::JOB::animate_low_extend::1::" UUID, "extend:low"},
    {"MJ::JOB::animate_high_extend::1::" UUID, "extend:high"},
    {"MJ::JOB::video_virtual_upscale::3::" UUID, "upscale:3"},
    {"change::UPSCALE::2", "upscale:2"},
    {"change::VARIATION::4", "vary:4"},
    {"change::REROLL::1", "reroll"},
    {"generate::upscale::2", "upscale:2"},
    {"generate::vary::4", "vary:4"},
    {"generate::reroll", "reroll"},
    {"generate::upscale", NULL},
    {"MJ::Job::upsample::2::" UUID, "upscale:2"}, /* any case of JOB */
    {"MJ::Outpaint::60::1::" UUID, NULL},
    {"MJ::Outpaint", NULL},
    {"MJ::BOOKMARK::" UUID, NULL},
    {"MJ::Job::PicReader::1", NULL},
    {"MJ::Job::PromptAnalyzer::1", NULL},
    {"MJ::JOB::upsample_v7_3x::1::" UUID, NULL},
    {"MJ::JOB::upsample", NULL}, /* which one? */
    {"MJ::JOB::variation::::" UUID, NULL},
    {"MJ::JOB::upsample::0123456789012345678901234567890::x", NULL},
    {"MJ::JOB", NULL},
    {"MJ::", NULL},
    {"MJ", NULL},
    {"", NULL},
    {NULL, NULL},
    {"U1", NULL},
    {"MJ::JOB::upsample_with_a_name_that_is_longer_than_any_verb::1", NULL},
};

static void meaning(void **state) {
  const struct meant *m = *state;
  char buf[32];
  const char *got = mj_button_intent(m->id, buf, sizeof buf);
  if (m->intent)
    assert_string_equal(got ? got : "(none)", m->intent);
  else if (got)
    fail_msg("%s means %s", m->id, got);
}

static void intent_fits_its_buffer(void **state) {
  char buf[32];
  (void)state;
  memset(buf, 'x', sizeof buf);
  mj_button_intent("MJ::JOB::upsample::12345678901234567890123::x", buf, 12);
  assert_int_equal(strlen(buf), 11);
  assert_int_equal(buf[12], 'x');
}

static const mj_button grid[] = {
    {"MJ::JOB::upsample::1::" UUID, "U1", ""},
    {"MJ::JOB::upsample::2::" UUID, "U2", NULL},
    {"MJ::JOB::reroll::0::" UUID "::SOLO", "", "\xf0\x9f\x94\x84"},
    {"MJ::JOB::variation::1::" UUID, "V1", NULL},
    {"MJ::JOB::pan_left::1::" UUID, NULL, "\xe2\xac\x85\xef\xb8\x8f"},
    {"MJ::Inpaint::1::" UUID, "Vary (Region)", "\xf0\x9f\x96\x8c"},
    {"MJ::BOOKMARK::" UUID, "", "\xe2\x9d\xa4\xef\xb8\x8f"},
};

struct pick {
  const char *name, *selector;
  int index;
};

static const struct pick picks[] = {
    {"pick customId", "MJ::JOB::upsample::2::" UUID, 1},
    {"pick label", "U1", 0},
    {"pick long label", "Vary (Region)", 5},
    {"pick emoji", "\xf0\x9f\x94\x84", 2},
    {"pick emoji with selector", "\xe2\xac\x85\xef\xb8\x8f", 4},
    {"pick emoji without selector", "\xe2\xac\x85", 4},
    {"pick emoji with text selector", "\xe2\xac\x85\xef\xb8\x8e", 4},
    {"pick plain emoji, selector given", "\xf0\x9f\x94\x84\xef\xb8\x8f", 2},
    {"pick heart", "\xe2\x9d\xa4", 6},
    {"pick intent", "upscale:2", 1},
    {"pick intent vary", "vary:1", 3},
    {"pick reroll", "reroll", 2},
    {"pick region", "vary:region", 5},
    {"no other case", "u1", MJ_ENO_BUTTON},
    {"no part of a label", "Vary", MJ_ENO_BUTTON},
    {"no part of a customId", "MJ::JOB::upsample::2", MJ_ENO_BUTTON},
    {"not offered", "upscale:3", MJ_ENO_BUTTON},
    {"not the empty label", "", MJ_ENO_BUTTON},
    {"not a lone selector", "\xef\xb8\x8f", MJ_ENO_BUTTON},
};

static void picking(void **state) {
  const struct pick *p = *state;
  mj_error err;
  int got = mj_button_find(grid, COUNT(grid), p->selector, &err);
  assert_int_equal(got, p->index);
  assert_int_equal(err.code, p->index < 0 ? p->index : MJ_OK);
  if (p->index < 0) /* it says what there is, by the best name of each */
    assert_non_null(strstr(err.text, "U1, U2, reroll, V1, pan:left, "
                                     "Vary (Region), \xe2\x9d\xa4"));
}

static void order_of_the_search(void **state) {
  static const mj_button b[] = {
      {"MJ::JOB::upsample::2::" UUID, "reroll", NULL},
      {"MJ::JOB::reroll::0::" UUID, NULL, "reroll2"},
      {"reroll2", NULL, NULL},
      {"x", "upscale:2", NULL},
  };
  (void)state;
  assert_int_equal(mj_button_find(b, COUNT(b), "reroll", NULL), 0);
  assert_int_equal(mj_button_find(b, COUNT(b), "reroll2", NULL), 2);
  assert_int_equal(mj_button_find(b, COUNT(b), "upscale:2", NULL), 3);
}

static void two_are_an_error(void **state) {
  static const mj_button b[] = {
      {"MJ::JOB::upsample::1::a", "U1", NULL},
      {"MJ::JOB::upsample::1::b", "U1", NULL},
      {NULL, "U9", NULL},
      {NULL, "U9", NULL},
  };
  mj_error err;
  (void)state;
  assert_int_equal(mj_button_find(b, 4, "U1", &err), MJ_ENO_BUTTON);
  assert_non_null(strstr(err.text, "two buttons"));
  assert_non_null(strstr(err.text, "MJ::JOB::upsample::1::a"));
  assert_non_null(strstr(err.text, "MJ::JOB::upsample::1::b"));
  assert_int_equal(mj_button_find(b, 4, "upscale:1", &err), MJ_ENO_BUTTON);
  assert_int_equal(mj_button_find(b, 4, "MJ::JOB::upsample::1::b", &err), 1);
  assert_int_equal(mj_button_find(b, 4, "U9", &err), MJ_ENO_BUTTON);
  assert_non_null(strstr(err.text, "two buttons"));
}

static void another_case_is_proposed(void **state) {
  static const mj_button b[] = {
      {"MJ::JOB::upsample::1::a", "U1", NULL},
      {"MJ::JOB::reroll::0::a::SOLO", "", NULL},
      {NULL, NULL, NULL},
  };
  static const struct {
    const char *sel, *near;
  } all[] = {{"u1", "did you mean U1?"},
             {"Reroll", "did you mean reroll?"},
             {"UPSCALE:1", "did you mean upscale:1?"},
             {"u2", NULL},
             {"", NULL}};
  mj_error err;
  size_t i;
  (void)state;
  for (i = 0; i < sizeof all / sizeof all[0]; i++) {
    assert_int_equal(mj_button_find(b, 3, all[i].sel, &err), MJ_ENO_BUTTON);
    assert_true(strstr(err.text, "there are: U1, reroll") != NULL);
    assert_true(all[i].near ? strstr(err.text, all[i].near) != NULL
                            : strstr(err.text, "did you mean") == NULL);
  }
}

static void none_at_all(void **state) {
  static const mj_button empty = {NULL, NULL, NULL};
  mj_error err;
  (void)state;
  assert_int_equal(mj_button_find(NULL, 0, "U1", &err), MJ_ENO_BUTTON);
  assert_non_null(strstr(err.text, "no buttons"));
  assert_int_equal(mj_button_find(&empty, 1, "U1", &err), MJ_ENO_BUTTON);
  assert_int_equal(mj_button_find(NULL, 0, "U1", NULL), MJ_ENO_BUTTON);
}

static void list_is_cut(void **state) {
  char out[12];
  (void)state;
  mj__button_list(grid, COUNT(grid), out, sizeof out);
  assert_int_equal(strncmp(out, "U1, U2", 6), 0);
  assert_true(strlen(out) < sizeof out);
  mj__button_list(grid, 0, out, sizeof out);
  assert_string_equal(out, "");
}

int main(void) {
  struct CMUnitTest tests[COUNT(meanings) + COUNT(picks) + 6];
  size_t i, n = 0;
  for (i = 0; i < COUNT(meanings); i++)
    tests[n++] = named_case(meanings[i].id ? meanings[i].id : "NULL", meaning,
                            &meanings[i]);
  for (i = 0; i < COUNT(picks); i++)
    tests[n++] = named_case(picks[i].name, picking, &picks[i]);
  tests[n++] =
      named_case("intent_fits_its_buffer", intent_fits_its_buffer, NULL);
  tests[n++] = named_case("order_of_the_search", order_of_the_search, NULL);
  tests[n++] = named_case("two_are_an_error", two_are_an_error, NULL);
  tests[n++] =
      named_case("another_case_is_proposed", another_case_is_proposed, NULL);
  tests[n++] = named_case("none_at_all", none_at_all, NULL);
  tests[n++] = named_case("list_is_cut", list_is_cut, NULL);
  return run_cases("button", tests, n);
}
