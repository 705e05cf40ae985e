/* SPDX-License-Identifier: MIT
   test_budget.c - exact amounts, the price that fits best, accounts. */
#include "test.h"

#include "budget.h"
#include "job.h"

static void amounts_are_exact(void **state) {
  static const struct {
    const char *text;
    int64_t amount;
    const char *back; /* NULL = the same */
  } good[] = {
      {"0", 0, NULL},
      {"0.05", 50000, NULL},
      {"10", 10000000, NULL},
      {".5", 500000, "0.5"},
      {"3.", 3000000, "3"},
      {"0.000001", 1, NULL},
      {"007.10", 7100000, "7.1"},
      {"1.0000000000", 1000000, "1"},
      {"100000000", MJ__AMOUNT_MOST, NULL},
      {"99999999.999999", MJ__AMOUNT_MOST - 1, NULL},
  };
  static const char *const bad[] = {"",
                                    ".",
                                    "-1",
                                    "+1",
                                    "1e3",
                                    "0x10",
                                    "1,5",
                                    "0.0000001",
                                    "1.2.3",
                                    " 1",
                                    "1 ",
                                    "nan",
                                    "inf",
                                    "ten",
                                    "0.00000010",
                                    "100000000.000001",
                                    "100000001",
                                    "100000000000",
                                    "99999999999999999999999999"};
  int64_t n;
  char buf[24];
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(good); i++) {
    assert_int_equal(mj_amount_parse(good[i].text, &n), MJ_OK);
    assert_int_equal(n, good[i].amount);
    assert_string_equal(mj_amount_format(n, buf, sizeof buf),
                        good[i].back ? good[i].back : good[i].text);
  }
  for (i = 0; i < COUNT(bad); i++)
    if (mj_amount_parse(bad[i], &n) != MJ_EINVALID)
      fail_msg("%s was taken for %lld", bad[i], (long long)n);
  assert_string_equal(mj_amount_format(-50000, buf, sizeof buf), "-0.05");
  assert_string_equal(mj_amount_format(INT64_MIN, buf, sizeof buf),
                      "-9223372036854.775808");
}

static void what_is_read_back_is_the_same(void **state) {
  uint32_t seed = 7;
  int i;
  (void)state;
  for (i = 0; i < 10000; i++) {
    int64_t a = ((int64_t)next_random(&seed) << 16 ^ next_random(&seed)) %
                (MJ__AMOUNT_MOST + 1);
    int64_t b;
    char buf[24];
    a = a < 0 ? -a : a;
    assert_int_equal(mj_amount_parse(mj_amount_format(a, buf, sizeof buf), &b),
                     MJ_OK);
    assert_int_equal(a, b);
  }
}

static void the_row_that_says_most_counts(void **state) {
  static const mj_price rows[] = {
      {NULL, NULL, NULL, 1},
      {"imagine", NULL, NULL, 2},
      {"imagine", "fast", NULL, 3},
      {"imagine", "fast", "https://gw.test/api/", 4},
      {"imagine", NULL, "other.test:81", 5},
      {"click", NULL, NULL, 6},
      {"vary", NULL, NULL, 7},
      {"vary:strong", NULL, NULL, 8},
      {"click", "turbo", NULL, 9},
      {NULL, "relax", NULL, 10},
      {"imagine", NULL, NULL, 11}, /* as the second, and later */
  };
  static const struct {
    const char *what, *mode, *gateway;
    int64_t amount;
  } asked[] = {
      {"imagine", NULL, NULL, 2},
      {"imagine", "fast", NULL, 3},
      {"imagine", "fast", "https://gw.test/api", 4},
      {"imagine", "fast", "https://gw.test/apis", 3},
      {"imagine", "relax", "https://gw.test/api", 2},
      {"imagine", NULL, "http://other.test:81", 5},
      {"imagine", NULL, "http://other.test:81/x", 5},
      {"imagine", NULL, "http://another.test:81", 2},
      {"imagine", NULL, "http://other.test:811", 2},
      {"blend", NULL, NULL, 1},
      {"blend", "relax", NULL, 10},
      {"click", NULL, NULL, 6},
      {"upscale", NULL, NULL, 6},
      {"upscale:2x", "turbo", NULL, 9},
      {"vary", "turbo", NULL, 7}, /* the word above all */
      {"vary:subtle", NULL, NULL, 7},
      {"vary:subtle", "turbo", NULL, 7},
      {"vary:strong", "relax", NULL, 8},
      {"video", NULL, NULL, 1}, /* a verb is no click */
  };
  int64_t n = -1;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(asked); i++) {
    assert_int_equal(mj_price_find(rows, COUNT(rows), asked[i].what,
                                   asked[i].mode, asked[i].gateway, &n),
                     1);
    if (n != asked[i].amount)
      fail_msg("row %zu: %lld", i, (long long)n);
  }
  assert_int_equal(mj_price_find(rows + 1, 4, "blend", NULL, NULL, &n), 0);
  assert_int_equal(mj_price_find(NULL, 0, "imagine", NULL, NULL, &n), 0);
}

static void a_gateway_is_its_address_or_its_host(void **state) {
  static const struct {
    const char *row, *url;
    int fits;
  } all[] = {{"https://a.b", "https://a.b", 1},
             {"https://a.b/", "https://a.b//", 1},
             {"https://a.b", "https://a.c", 0},
             {"a.b", "https://a.b/x", 1},
             {"a.b", "https://a.c/x", 0},
             {"a.b", "a.b/x", 1},
             {"a.b", "/", 0},
             {"/", "https://a.b", 0}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    mj_price row = {NULL, NULL, all[i].row, 1};
    int64_t n = 0;
    if (mj_price_find(&row, 1, "imagine", NULL, all[i].url, &n) != all[i].fits)
      fail_msg("%s, %s", all[i].row, all[i].url);
    assert_int_equal(n, all[i].fits);
  }
}

static void a_click_is_what_its_button_does(void **state) {
  static const struct {
    const char *button, *type, *strength, *what;
  } rows[] = {
      {"MJ::JOB::upsample::2::abc", NULL, NULL, "upscale"},
      {"MJ::JOB::upsample::77::abc", NULL, NULL, "upscale"},
      {"MJ::JOB::upsample::evil::abc", NULL, NULL, "upscale"},
      {"MJ::JOB::variation::4::abc", NULL, NULL, "vary"},
      {"MJ::JOB::high_variation::1::abc::SOLO", NULL, NULL, "vary:strong"},
      {"MJ::JOB::reroll::0::abc::SOLO", NULL, NULL, "reroll"},
      {"MJ::Outpaint::75::1::abc::SOLO", NULL, NULL, "zoom"},
      {"MJ::Outpaint::100::1::abc::SOLO", NULL, NULL, "square"},
      {"MJ::CustomZoom::abc", NULL, NULL, "zoom"},
      {"MJ::Inpaint::1::abc::SOLO", NULL, NULL, "vary:region"},
      {"MJ::JOB::pan_left::1::abc::SOLO", NULL, NULL, "pan:left"},
      {"MJ::JOB::upsample_v6_2x_creative::1::a::SOLO", NULL, NULL,
       "upscale:creative"},
      {"change::UPSCALE::2", NULL, NULL, "upscale"},
      {"generate::upscale::2", NULL, NULL, "upscale"},
      {"generate::upscale::2", "standard", NULL, "upscale"},
      {"generate::upscale::2", "creative", NULL, "upscale:creative"},
      {"generate::upscale::2", "3", NULL, "upscale:4x"},
      {"generate::upscale::2", "30", NULL, "upscale"},
      {"generate::vary::1", NULL, "subtle", "vary"},
      {"generate::vary::1", NULL, "strong", "vary:strong"},
      {"generate::vary::1", NULL, "1", "vary:strong"},
      {"generate::reroll", NULL, NULL, "reroll"},
      {"MJ::Something::new", NULL, NULL, "click"},
      {"U2", NULL, NULL, "click"},
      {NULL, NULL, NULL, "click"},
  };
  char what[MJ__WHAT_MAX];
  mj_request r;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    memset(&r, 0, sizeof r);
    r.op = MJ_OP_CLICK;
    r.button = rows[i].button;
    r.type = rows[i].type;
    r.strength = rows[i].strength;
    mj__what_of(what, &r);
    assert_string_equal(what, rows[i].what);
  }
  memset(&r, 0, sizeof r);
  r.op = MJ_OP_SWAP_FACE;
  mj__what_of(what, &r);
  assert_string_equal(what, "swap_face");
  r.op = (mj_op)999;
  mj__what_of(what, &r);
  assert_string_equal(what, "?");
}

static void accounts_keep_their_sum(void **state) {
  struct mj__account a;
  (void)state;
  memset(&a, 0, sizeof a);
  assert_int_equal(mj__account_allows(&a, 10, 10), 1);
  assert_int_equal(mj__account_allows(&a, 10, 11), 0);
  assert_int_equal(mj__account_allows(&a, -1, INT64_MAX), 1);
  assert_int_equal(mj__account_allows(&a, 0, 0), 1);
  assert_int_equal(mj__account_allows(&a, 0, 1), 0);
  mj__account_move(&a, MJ__P_NONE, 0, MJ__P_RESERVED, 4);
  mj__account_move(&a, MJ__P_NONE, 0, MJ__P_RESERVED, 5);
  assert_int_equal(mj__account_allows(&a, 10, 1), 1);
  assert_int_equal(mj__account_allows(&a, 10, 2), 0);
  mj__account_move(&a, MJ__P_RESERVED, 4, MJ__P_UNKNOWN, 4);
  assert_int_equal(a.sums[MJ__P_RESERVED], 5);
  assert_int_equal(a.sums[MJ__P_UNKNOWN], 4);
  mj__account_move(&a, MJ__P_UNKNOWN, 4, MJ__P_SPENT, 4);
  mj__account_move(&a, MJ__P_RESERVED, 5, MJ__P_NONE, 0);
  assert_int_equal(a.sums[MJ__P_RESERVED], 0);
  assert_int_equal(a.sums[MJ__P_NONE], 0);
  assert_int_equal(mj__account_total(&a), 4);
  assert_int_equal(mj__account_left(&a, 10), 6);
  assert_int_equal(mj__account_left(&a, 3), 0); /* it was made smaller */
  assert_int_equal(mj__account_left(&a, -1), INT64_MAX);
  assert_int_equal(mj__account_allows(&a, 3, 1), 0);
  assert_int_equal(mj__account_allows(&a, 3, 0), 1);
  /* never around the end, never below nothing */
  mj__account_move(&a, MJ__P_NONE, 0, MJ__P_SPENT, INT64_MAX);
  assert_int_equal(mj__account_total(&a), INT64_MAX);
  mj__account_move(&a, MJ__P_UNKNOWN, 9, MJ__P_NONE, 0);
  assert_int_equal(a.sums[MJ__P_UNKNOWN], 0);
}

static void each_state_has_its_purse(void **state) {
  int s;
  (void)state;
  for (s = 0; s < MJ__STATES; s++) {
    enum mj__purse p = mj__purse_of(s);
    if (s == MJ__UNKNOWN)
      assert_int_equal(p, MJ__P_UNKNOWN);
    else if (s == MJ__SUCCEEDED || s == MJ__DOWNLOADED || s == MJ__FAILED ||
             s == MJ__CANCELLED || s == MJ__REJECTED || s == MJ__ABANDONED)
      assert_int_equal(p, MJ__P_SPENT);
    else
      assert_int_equal(p, MJ__P_RESERVED);
  }
  assert_int_equal(mj__purse_of(99), MJ__P_RESERVED); /* of a newer version */
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(amounts_are_exact),
      cmocka_unit_test(what_is_read_back_is_the_same),
      cmocka_unit_test(the_row_that_says_most_counts),
      cmocka_unit_test(a_gateway_is_its_address_or_its_host),
      cmocka_unit_test(a_click_is_what_its_button_does),
      cmocka_unit_test(accounts_keep_their_sum),
      cmocka_unit_test(each_state_has_its_purse)};
  return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
