/* SPDX-License-Identifier: MIT
   test_fair.c - turns between groups, shares between classes. */
#include "test.h"

#include "fair.h"

enum { MANY = 10000 };
static struct mj__job jobs[MANY + 100];

static struct mj__mem mem;
static struct mj__fair f;

static void begin(void) {
  memset(jobs, 0, sizeof jobs);
  mj__mem_init(&mem, NULL, NULL);
  mj__fair_init(&f, &mem);
}

static struct mj__job *take(void) {
  struct mj__job *j = mj__fair_first(&f);
  if (j)
    mj__fair_take(&f, j);
  return j;
}

static void a_small_group_waits_for_one_of_the_big(void **state) {
  size_t i, at[3], n = 0, k = 0;
  struct mj__job *j;
  (void)state;
  begin();
  for (i = 0; i < MANY; i++)
    mj__fair_put(&f, &jobs[i], 1);
  for (i = 0; i < 3; i++)
    mj__fair_put(&f, &jobs[MANY + i], 2);
  while ((j = take()) != NULL) {
    if (j >= &jobs[MANY])
      at[k++] = n;
    n++;
  }
  assert_int_equal(n, MANY + 3);
  assert_int_equal(k, 3);
  (void)printf("3 behind 10,000: served as %zu, %zu, %zu\n", at[0], at[1],
               at[2]);
  for (i = 0; i < 3; i++)
    assert_int_equal(at[i], 2 * i + 1);
  mj__fair_free(&f);
}

static void within_a_group_as_they_came(void **state) {
  size_t next[7] = {0}, i;
  struct mj__job *j;
  (void)state;
  begin();
  for (i = 0; i < 700; i++)
    mj__fair_put(&f, &jobs[i], i % 7);
  for (i = 0; (j = take()) != NULL; i++) {
    size_t id = (size_t)(j - jobs);
    assert_int_equal(id % 7, i % 7); /* in turn */
    assert_int_equal(id / 7, next[id % 7]++);
  }
  assert_int_equal(i, 700);
  mj__fair_free(&f);
}

/* Anything in any order: nobody is lost, none comes twice. */
static void any_order(void **state) {
  uint32_t seed = 5;
  size_t i, in = 0, steps;
  (void)state;
  begin();
  for (steps = 0; steps < 200000; steps++) {
    i = next_random(&seed) % 1000;
    if (!jobs[i].lane) {
      mj__fair_put(&f, &jobs[i], next_random(&seed) % 300);
      in++;
    } else if (steps % 3) {
      mj__fair_take(&f, &jobs[i]);
      in--;
    } else {
      assert_non_null(take());
      in--;
    }
  }
  while (take())
    in--;
  assert_int_equal(in, 0);
  for (i = 0; i < 1000; i++)
    assert_null(jobs[i].lane);
  mj__fair_free(&f);
}

static void *no_memory(void *ud, void *p, size_t o, size_t n) {
  (void)ud;
  (void)o;
  (void)n;
  if (n == 0)
    free(p);
  return NULL;
}

static void what_nobody_used_is_freed_and_serves_nobody(void **state) {
  struct mj__fair unused;
  struct mj__shares s;
  (void)state;
  memset(&unused, 0, sizeof unused);
  memset(&s, 0, sizeof s);
  assert_null(mj__fair_first(&unused));
  mj__fair_free(&unused);
  assert_int_equal(mj__share_pick(&s, 0), MJ__C_OTHER);
  assert_int_equal(s.pass[MJ__C_OTHER], 0); /* and nobody pays for it */
}

static void without_memory_they_share_a_turn(void **state) {
  size_t i;
  (void)state;
  begin();
  mj__mem_init(&mem, no_memory, NULL);
  for (i = 0; i < 10; i++)
    mj__fair_put(&f, &jobs[i], i);
  for (i = 0; i < 10; i++)
    assert_ptr_equal(take(), &jobs[i]);
  assert_null(take());
  mj__fair_free(&f);
}

/* Shares ------------------------------------------------------------------- */

static void serve(struct mj__shares *s, unsigned ready, int n, int *got) {
  memset(got, 0, MJ__CLASSES * sizeof *got);
  while (n-- > 0)
    got[mj__share_pick(s, ready)]++;
}

static void each_class_gets_its_part(void **state) {
  struct mj__shares s = {0};
  int got[MJ__CLASSES];
  (void)state;
  serve(&s, 15, 10000, got);
  (void)printf("of 10,000: submit %d, reconcile %d, poll %d, other %d\n",
               got[0], got[1], got[2], got[3]);
  assert_in_range(got[MJ__C_SUBMIT], 2995, 3005);
  assert_in_range(got[MJ__C_RECON], 495, 505);
  assert_in_range(got[MJ__C_POLL], 5495, 5505);
  assert_in_range(got[MJ__C_OTHER], 995, 1005);
}

static void what_one_leaves_goes_to_the_others(void **state) {
  struct mj__shares s = {0};
  int got[MJ__CLASSES];
  (void)state;
  serve(&s, 1u << MJ__C_OTHER, 1000, got);
  assert_int_equal(got[MJ__C_OTHER], 1000);
  serve(&s, 1u << MJ__C_SUBMIT | 1u << MJ__C_POLL, 850, got);
  assert_in_range(got[MJ__C_SUBMIT], 295, 305);
  assert_in_range(got[MJ__C_POLL], 545, 555);
  /* what was not asked for in time is not made up for */
  serve(&s, 1u << MJ__C_POLL | 1u << MJ__C_RECON, 600, got);
  assert_in_range(got[MJ__C_RECON], 48, 52);
  serve(&s, 15, 1000, got);
  assert_in_range(got[MJ__C_SUBMIT], 297, 303);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_small_group_waits_for_one_of_the_big),
      cmocka_unit_test(within_a_group_as_they_came),
      cmocka_unit_test(any_order),
      cmocka_unit_test(what_nobody_used_is_freed_and_serves_nobody),
      cmocka_unit_test(without_memory_they_share_a_turn),
      cmocka_unit_test(each_class_gets_its_part),
      cmocka_unit_test(what_one_leaves_goes_to_the_others),
  };
  return cmocka_run_group_tests_name("fair", tests, NULL, NULL);
}
