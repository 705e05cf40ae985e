/* SPDX-License-Identifier: MIT
   test_tag.c - seeds made of tokens, found in prompts, and added to requests
   that have none. */
#include "test.h"

#include "tag.h"

static void a_token_has_a_seed(void **state) {
  (void)state;
  assert_true(mj__tag("mj_aaaaaaaaaaaaaaaaaaaaaaaaaa") != 0);
  assert_int_equal(mj__tag("mj_x"), mj__tag("mj_x"));
  /* bytes whose FNV-1a is 0, which would be no seed */
  assert_int_equal(mj__tag("\xcc\x24\x31\xc4"), 1);
  assert_true(mj__tag("mj_aaaaaaaaaaaaaaaaaaaaaaaaaa") !=
              mj__tag("mj_baaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void seeds_are_found_in_prompts(void **state) {
  static const struct {
    const char *prompt;
    uint32_t seed;
  } all[] = {{"a cat --seed 7", 7},
             {"a cat --seed 7 --ar 3:2", 7},
             {"--seed\t4294967295\nx", 4294967295u},
             {"a cat --seed 1 --seed 2", 2},
             {"a cat --seed 4294967296", 0},
             {"a cat --seed 99999999999999999999", 0},
             {"a cat --seed 7x", 0},
             {"a cat --seed", 0},
             {"a cat --seeds 7", 0},
             {"a cat x--seed 7", 0},
             {"a cat --seed=7", 0},
             {"", 0},
             {NULL, 0}};
  size_t i;
  mj_task t;
  (void)state;
  for (i = 0; i < COUNT(all); i++)
    if (mj__tag_in(all[i].prompt) != all[i].seed)
      fail_msg("%s", all[i].prompt);
  memset(&t, 0, sizeof t);
  assert_int_equal(mj__tag_of_task(&t), 0);
  t.prompt_en = "x --seed 3";
  assert_int_equal(mj__tag_of_task(&t), 3);
  t.final_prompt = "x --seed 2";
  assert_int_equal(mj__tag_of_task(&t), 2);
  t.prompt = "x --seed 1";
  assert_int_equal(mj__tag_of_task(&t), 1);
}

static void only_what_has_none_gets_one(void **state) {
  static const mj_param own[] = {{"aspect", "3:2"}, {"seed", "5"}};
  static const struct {
    mj_request q;
    int gets;
  } all[] = {
      {{.op = MJ_OP_IMAGINE, .prompt = "cat"}, 1},
      {{.op = MJ_OP_IMAGINE, .prompt = "cat", .params = own, .nparams = 1}, 1},
      {{.op = MJ_OP_IMAGINE, .prompt = "cat", .params = own, .nparams = 2}, 0},
      {{.op = MJ_OP_IMAGINE, .prompt = "cat --seed 9"}, 0},
      {{.op = MJ_OP_IMAGINE}, 1},
      {{.op = MJ_OP_SHORTEN, .prompt = "cat"}, 0}};
  struct mj__mem m;
  size_t i;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  for (i = 0; i < COUNT(all); i++) {
    mj_request q = all[i].q;
    mj_param *params = NULL;
    char digits[16], want[16];
    assert_int_equal(mj__tag_add(&m, &q, "mj_x", &params, digits), MJ_OK);
    assert_int_equal(q.nparams, all[i].q.nparams + (size_t)all[i].gets);
    (void)snprintf(want, sizeof want, "%u", (unsigned)mj__tag("mj_x"));
    if (all[i].gets) {
      assert_string_equal(q.params[q.nparams - 1].name, "seed");
      assert_string_equal(q.params[q.nparams - 1].value, want);
    }
    mj__free(&m, params);
  }
}

/* What cannot be read for lack of memory cannot be sent either. */
static void without_memory(void **state) {
  int forever;
  (void)state;
  for (forever = 0; forever < 2; forever++) {
    struct meter meter;
    struct mj__mem m;
    mj_request q = {.op = MJ_OP_IMAGINE, .prompt = "cat"};
    mj_param *params = NULL;
    char digits[16];
    memset(&meter, 0, sizeof meter);
    meter.fail_at = 1;
    meter.for_ever = forever;
    mj__mem_init(&m, meter_alloc, &meter);
    assert_int_equal(mj__tag_add(&m, &q, "mj_x", &params, digits),
                     forever ? MJ_ERESOURCE : MJ_OK);
    assert_int_equal(q.nparams, forever ? 0 : 1);
    mj__free(&m, params);
    assert_int_equal(meter.live, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_token_has_a_seed),
      cmocka_unit_test(seeds_are_found_in_prompts),
      cmocka_unit_test(only_what_has_none_gets_one),
      cmocka_unit_test(without_memory),
  };
  return cmocka_run_group_tests_name("tag", tests, NULL, NULL);
}
