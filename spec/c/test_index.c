/* SPDX-License-Identifier: MIT
   test_index.c - things by a text of theirs. */
#include "index.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

enum { MANY = 3000 };

struct thing {
  char id[24];
  int in;
};

static struct thing all[MANY];

static const char *id_of(const void *thing) {
  return ((const struct thing *)thing)->id;
}

static int left; /* pieces of memory that there are */

static void *scarce(void *ud, void *p, size_t osize, size_t nsize) {
  (void)ud;
  (void)osize;
  if (nsize == 0) {
    free(p);
    return NULL;
  }
  return left-- > 0 ? realloc(p, nsize) : NULL;
}

static void name_all(void) {
  int i;
  for (i = 0; i < MANY; i++) {
    (void)snprintf(all[i].id, sizeof all[i].id, "mj_%d", i);
    all[i].in = 0;
  }
}

static void is_right(const struct mj__index *x) {
  size_t n = 0;
  int i;
  for (i = 0; i < MANY; i++) {
    assert_ptr_equal(mj__index_find(x, all[i].id), all[i].in ? &all[i] : NULL);
    n += (size_t)all[i].in;
  }
  assert_int_equal(x->n, n);
}

/* In and out in every order: whoever is in is found, and nobody else. */
static void all_are_found_until_they_are_taken_out(void **state) {
  struct mj__index x;
  struct mj__mem m;
  uint32_t random = 1;
  int round, i;
  (void)state;
  name_all();
  mj__index_init(&x, id_of);
  mj__mem_init(&m, NULL, NULL);
  mj__index_take(&x, &all[0]);
  is_right(&x);
  for (round = 0; round < 30; round++) {
    for (i = 0; i < MANY / 4; i++) {
      struct thing *t;
      random = random * 1664525 + 1013904223;
      t = &all[(random >> 8) % (round < 4 ? 60 : MANY)];
      if ((random >> 30) % 2) {
        assert_int_equal(mj__index_add(&x, &m, t), MJ_OK);
        t->in = 1;
      } else {
        mj__index_take(&x, t);
        t->in = 0;
      }
    }
    is_right(&x);
  }
  assert_true(x.n > 500 && x.cap >= x.n);
  for (i = 0; i < MANY; i++) {
    mj__index_take(&x, &all[i]);
    all[i].in = 0;
  }
  is_right(&x);
  mj__index_free(&x, &m);
  assert_null(mj__index_find(&x, "mj_1"));
}

static void the_newest_of_equals_counts(void **state) {
  struct thing older = {"same", 0}, newer = {"same", 0};
  struct mj__index x;
  struct mj__mem m;
  (void)state;
  mj__index_init(&x, id_of);
  mj__mem_init(&m, NULL, NULL);
  assert_int_equal(mj__index_add(&x, &m, &older), MJ_OK);
  assert_int_equal(mj__index_add(&x, &m, &newer), MJ_OK);
  assert_int_equal(x.n, 1);
  assert_ptr_equal(mj__index_find(&x, "same"), &newer);
  mj__index_take(&x, &older); /* it is not in any more */
  assert_ptr_equal(mj__index_find(&x, "same"), &newer);
  mj__index_take(&x, &newer);
  assert_null(mj__index_find(&x, "same"));
  mj__index_free(&x, &m);
}

/* Without memory for a larger table it is filled up, and then says so. */
static void it_stands_a_lack_of_memory(void **state) {
  struct mj__index x;
  struct mj__mem m;
  int i;
  (void)state;
  name_all();
  mj__index_init(&x, id_of);
  mj__mem_init(&m, scarce, NULL);
  left = 0;
  assert_int_equal(mj__index_add(&x, &m, &all[0]), MJ_ERESOURCE);
  is_right(&x);
  left = 1;
  for (i = 0; mj__index_add(&x, &m, &all[i]) == MJ_OK; i++)
    all[i].in = 1;
  assert_int_equal(i, 63);
  is_right(&x);
  left = 1;
  assert_int_equal(mj__index_add(&x, &m, &all[i]), MJ_OK);
  all[i].in = 1;
  is_right(&x);
  mj__index_free(&x, &m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_are_found_until_they_are_taken_out),
      cmocka_unit_test(the_newest_of_equals_counts),
      cmocka_unit_test(it_stands_a_lack_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
