/* SPDX-License-Identifier: MIT
   test_store_mem.c - the store that keeps next to nothing. */
#include "test.h"

#include "job.h"
#include "store.h"

static struct mj__record record(mj_id job, enum mj__state state) {
  struct mj__record r;
  memset(&r, 0, sizeof r);
  r.job = job;
  r.state = (int)state;
  return r;
}

static void numbers_count_up(void **state) {
  struct meter meter;
  struct mj__mem m;
  mj__store *s;
  uint64_t i, number = 0;
  (void)state;
  meter_mem(&meter, &m);
  assert_int_equal(mj__store_mem(&s, &m), MJ_OK);
  assert_int_equal(s->ops->durable(s), 0);
  for (i = 1; i <= 1000; i++) {
    struct mj__record r = record(i % 7 + 1, MJ__READY);
    assert_int_equal(s->ops->put(s, &r, &number), MJ_OK);
    assert_int_equal(number, i);
    assert_int_equal(s->ops->durable(s), i); /* at once */
  }
  s->ops->free(s);
  assert_int_equal(meter.live, 0);
}

/* Jobs that end make room: its memory follows the jobs that run, not those
   that ever ran. */
static void ended_jobs_leave(void **state) {
  struct meter meter;
  struct mj__mem m;
  mj__store *s;
  uint64_t i, number;
  size_t bytes = 0;
  uint32_t seed = 5;
  (void)state;
  meter_mem(&meter, &m);
  assert_int_equal(mj__store_mem(&s, &m), MJ_OK);
  for (i = 1; i <= 40000; i++) {
    struct mj__record r = record(i, MJ__READY);
    assert_int_equal(s->ops->put(s, &r, &number), MJ_OK);
    if (i == 200)
      bytes = meter.bytes;
    if (i > 100) { /* one of the hundred that run ends, in any order */
      r = record(i - 100, next_random(&seed) % 2 ? MJ__SUCCEEDED : MJ__FAILED);
      assert_int_equal(s->ops->put(s, &r, &number), MJ_OK);
    }
  }
  assert_int_equal(meter.bytes, bytes);
  s->ops->free(s);
  assert_int_equal(meter.live, 0);
}

/* Every final state leaves; the others stay.  64 rows grow at three quarters,
   so the 49th that stays is the one that asks for memory. */
static void final_states_leave(void **state) {
  int st;
  (void)state;
  for (st = 0; st < MJ__STATES; st++) {
    struct meter meter;
    struct mj__mem m;
    mj__store *s;
    uint64_t i, number;
    size_t calls = 0;
    meter_mem(&meter, &m);
    assert_int_equal(mj__store_mem(&s, &m), MJ_OK);
    for (i = 1; i <= 49; i++) {
      struct mj__record r = record(i << 24 | 1, (enum mj__state)st);
      assert_int_equal(s->ops->put(s, &r, &number), MJ_OK);
      if (i == 48)
        calls = meter.calls;
    }
    assert_int_equal(meter.calls > calls, !mj__state_final((enum mj__state)st));
    s->ops->free(s);
    assert_int_equal(meter.live, 0);
  }
}

static void out_of_memory(void **state) {
  struct meter meter;
  struct mj__mem m;
  mj__store *s = (mj__store *)&meter;
  uint64_t i, number = 0;
  (void)state;
  meter_mem(&meter, &m);
  meter.fail_at = 1;
  assert_int_equal(mj__store_mem(&s, &m), MJ_ERESOURCE);
  assert_null(s);
  assert_int_equal(mj__store_mem(&s, &m), MJ_OK);
  meter.fail_at = meter.calls + 1;
  for (i = 1; i <= 200; i++) {
    struct mj__record r = record(i, MJ__READY);
    int rc = s->ops->put(s, &r, &number);
    if (rc == MJ_ERESOURCE) {
      uint64_t before = s->ops->durable(s);
      assert_int_equal(before, number); /* nothing was counted */
      meter.fail_at = meter.calls + (i < 100 ? 2 : 0);
      i--; /* memory is back */
    } else {
      assert_int_equal(rc, MJ_OK);
      assert_int_equal(number, i);
    }
  }
  s->ops->free(s);
  assert_int_equal(meter.live, 0);
}

/* A build without SQLite says what it takes. */
static void the_journal(void **state) {
  struct mj__store_options o;
  struct mj__mem m;
  mj__store *s = (mj__store *)&m;
  mj_error err;
  (void)state;
  memset(&o, 0, sizeof o);
  memset(&err, 0, sizeof err);
  mj__mem_init(&m, NULL, NULL);
#ifdef MJ_JOURNAL
  assert_int_equal(mj__store_sqlite(&s, &m, &o, &err), MJ_EINVALID);
#else
  assert_int_equal(mj__store_sqlite(&s, &m, &o, &err), MJ_EUNSUPPORTED);
  assert_non_null(strstr(err.text, "libsqlite3-dev"));
#endif
  assert_null(s);
}

/* It finds nothing, and counts what it does not keep. */
static void nothing_found(void **state) {
  struct meter meter;
  struct mj__mem m;
  struct mj__arena a;
  mj__store *s;
  struct mj__record r = record(1, MJ__READY), found;
  struct mj__find f = {"t", NULL, NULL, NULL, NULL, 0};
  struct mj__run run = {"r", "a.lua", 0, 0, 0, 0};
  struct mj__saved file = {"t", 1, "a.png", 1, NULL};
  uint64_t number;
  (void)state;
  meter_mem(&meter, &m);
  mj__arena_init(&a, &m);
  assert_int_equal(mj__store_mem(&s, &m), MJ_OK);
  r.token = r.key = "t";
  assert_int_equal(s->ops->put(s, &r, &number), MJ_OK);
  assert_int_equal(s->ops->run_begin(s, &run, &number), MJ_OK);
  assert_int_equal(s->ops->run_end(s, "r", 1, 0, &number), MJ_OK);
  assert_int_equal(s->ops->file_put(s, &file, &number), MJ_OK);
  assert_int_equal(s->ops->event(s, "t", "kind", NULL, 0, &number), MJ_OK);
  assert_int_equal(s->ops->forget(s, 0, &number), MJ_OK);
  assert_int_equal(number, 6);
  assert_int_equal(s->ops->durable(s), 6);
  assert_int_equal(s->ops->flush(s, 0), MJ_OK);
  assert_int_equal(s->ops->failed(s, NULL), MJ_OK);
  assert_int_equal(s->ops->find(s, &f, &a, &found, NULL), MJ_ENOT_FOUND);
  assert_false(s->ops->known(s, NULL, "t"));
  assert_int_equal(s->ops->load(s, NULL, NULL, NULL), MJ_OK);
  assert_int_equal(s->ops->files(s, "t", NULL, NULL, NULL), MJ_OK);
  assert_int_equal(s->ops->run_last(s, "a.lua", &a, &run, NULL), MJ_ENOT_FOUND);
  s->ops->free(s);
  assert_int_equal(meter.live, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_count_up),   cmocka_unit_test(ended_jobs_leave),
      cmocka_unit_test(final_states_leave), cmocka_unit_test(out_of_memory),
      cmocka_unit_test(the_journal),        cmocka_unit_test(nothing_found),
  };
  return cmocka_run_group_tests_name("store_mem", tests, NULL, NULL);
}
