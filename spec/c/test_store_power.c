/* SPDX-License-Identifier: MIT
   test_store_power.c - the power goes at any moment, and takes with it any
   part of what was not synced: the journal is whole, what was durable is
   there, and nothing is there that was never put.

     test_store_power [SEEDS [FIRST]] */
#include "test.h"

#include "powervfs.h"
#include "storebed.h"

#include <sqlite3.h>

enum { TOKENS = 12, MOST = 400, BODY = 60000 };

/* The n-th record that was put. */
struct put {
  int token, attempt;
  uint64_t number;
  size_t body_len;
};

struct world {
  struct bed bed;
  struct mj__mem m;
  struct put puts[MOST];
  int nputs;
  int attempts[TOKENS];
  uint64_t durable; /* over all sessions: of `puts`, counted from 1 */
  int session;      /* the first put of this one */
  mj__store *s;
  uint32_t seed;
};

static long seeds = 200, first = 1;
static unsigned long cuts, in_making, torn, kept, dropped, checkpoints;

static char body_byte(int token, int attempt) {
  return (char)('a' + (token * 7 + attempt) % 26);
}

/* 1 = the power is gone. */
static int put_one(struct world *w) {
  static char body[BODY];
  struct put *p = &w->puts[w->nputs];
  struct mj__record r;
  char token[16], task[16];
  int rc;
  p->token = (int)(next_random(&w->seed) % TOKENS);
  p->attempt = w->attempts[p->token] + 1;
  (void)snprintf(token, sizeof token, "mj_%d", p->token);
  (void)snprintf(task, sizeof task, "%d", p->attempt);
  r = bed_record(token, p->attempt % 2 ? MJ__DISPATCHING : MJ__READY);
  r.attempt = p->attempt;
  r.task_id = task;
  p->body_len = 0;
  if (next_random(&w->seed) % 4 == 0) {
    p->body_len = next_random(&w->seed) % 3 ? 300 : BODY;
    memset(body, body_byte(p->token, p->attempt), p->body_len);
    r.body = body;
    r.body_len = p->body_len;
    r.prompt = task;
  }
  rc = w->s->ops->put(w->s, &r, &p->number);
  if (rc == MJ_EJOURNAL)
    return 1;
  assert_int_equal(rc, MJ_OK);
  assert_int_equal(p->number, w->nputs - w->session + 1);
  w->attempts[p->token] = p->attempt;
  w->nputs++;
  return 0;
}

/* Closes; what had become durable by then must be there for ever. */
static void close_store(struct world *w) {
  uint64_t d = w->s->ops->durable(w->s);
  assert_true(w->durable <= (uint64_t)w->session + d);
  w->durable = (uint64_t)w->session + d;
  w->s->ops->free(w->s);
  w->s = NULL;
}

/* Sessions until the power goes, or until there is no more to do. */
static void work(struct world *w) {
  int most = 20 + (int)(next_random(&w->seed) % (MOST - 20));
  while (w->nputs < most) {
    int i, n = 1 + (int)(next_random(&w->seed) % 150);
    w->session = w->nputs;
    if (bed_open(&w->bed, &w->s, &w->m, "power") != MJ_OK) {
      if (!power.dead)
        assert_string_equal(w->bed.err.text, "");
      in_making++;
      return;
    }
    for (i = 0; i < n && w->nputs < most; i++) {
      if (put_one(w))
        break;
      if (next_random(&w->seed) % 16 == 0)
        (void)w->s->ops->flush(w->s, -1);
    }
    if (w->s->ops->flush(w->s, -1) != MJ_OK || w->nputs >= most) {
      if (!power.dead)
        power_cut(); /* at rest */
      close_store(w);
      return;
    }
    w->durable = (uint64_t)w->nputs;
    close_store(w);
    if (power.dead)
      return;
  }
}

static void check_row(struct world *w, int token) {
  struct mj__find f = {NULL, NULL, NULL, NULL, NULL, 1};
  struct mj__arena a;
  struct mj__record r;
  char name[16];
  int i, least = 0, rc;
  size_t body_len = 0;
  int body_of = 0;
  for (i = 0; i < w->nputs; i++)
    if (w->puts[i].token == token && (uint64_t)i < w->durable)
      least = w->puts[i].attempt;
  (void)snprintf(name, sizeof name, "mj_%d", token);
  f.token = name;
  mj__arena_init(&a, &w->m);
  rc = w->s->ops->find(w->s, &f, &a, &r, &w->bed.err);
  if (rc == MJ_ENOT_FOUND) {
    assert_int_equal(least, 0);
    return;
  }
  assert_int_equal(rc, MJ_OK);
  assert_in_range(r.attempt, least, w->attempts[token]);
  kept++;
  /* all of the record, and no mixture of two */
  assert_int_equal(r.state, r.attempt % 2 ? MJ__DISPATCHING : MJ__READY);
  assert_int_equal(strtol(r.task_id, NULL, 10), r.attempt);
  for (i = 0; i < w->nputs; i++)
    if (w->puts[i].token == token && w->puts[i].attempt <= r.attempt &&
        w->puts[i].body_len) {
      body_len = w->puts[i].body_len;
      body_of = w->puts[i].attempt;
    }
  assert_int_equal(r.body_len, body_len);
  if (body_len) {
    assert_int_equal(r.body[0], body_byte(token, body_of));
    assert_int_equal(r.body[body_len - 1], body_byte(token, body_of));
  }
  mj__arena_free(&a);
}

static void check_integrity(const char *path) {
  sqlite3 *db;
  sqlite3_stmt *st;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(
      sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL),
      SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  assert_string_equal(sqlite3_column_text(st, 0), "ok");
  (void)sqlite3_finalize(st);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void one_seed(struct world *w, uint32_t seed) {
  int i;
  uint64_t unwritten;
  w->seed = seed * 2654435761u | 1;
  power_reset();
  power.hold = 1;
  power.seed = w->seed ^ 0x5bd1e995u;
  if (power.seed == 0)
    power.seed = 1;
  /* while it is made takes some 70 calls; the rest has thousands */
  power.cut_at = next_random(&w->seed) % 8 == 0
                     ? 1 + next_random(&w->seed) % 80
                     : 60 + next_random(&w->seed) % 3000;
  w->nputs = w->session = 0;
  w->durable = 0;
  memset(w->attempts, 0, sizeof w->attempts);
  work(w);
  if (!power.dead)
    power_cut();
  cuts++;
  torn += power.lost;
  checkpoints += power.count[POWER_SYNC] > 60;
  /* what the store could not write it has told, unless the power went first */
  unwritten = (uint64_t)w->nputs - w->durable;
  dropped += unwritten;
  assert_true(w->bed.nlines >= unwritten);
  power_reset(); /* and the power is back */
  w->session = 0;
  if (bed_open(&w->bed, &w->s, &w->m, NULL) != MJ_OK)
    assert_string_equal(w->bed.err.text, "");
  for (i = 0; i < TOKENS; i++)
    check_row(w, i);
  w->s->ops->free(w->s);
  check_integrity(w->bed.path);
  bed_clear(&w->bed);
}

static void power_loss(void **state) {
  static struct world w;
  long i;
  (void)state;
  power_register();
  assert_int_equal(bed_make(&w.bed), 0);
  mj__mem_init(&w.m, NULL, NULL);
  for (i = first; i < first + seeds; i++) {
    (void)snprintf(w.bed.err.text, sizeof w.bed.err.text, "seed %ld", i);
    one_seed(&w, (uint32_t)i);
  }
  bed_remove(&w.bed);
  print_message(
      "%lu cuts (%lu while it was opened): %lu sectors lost, %lu rows "
      "right, %lu records not durable\n",
      cuts, in_making, torn, kept, dropped);
  assert_true(torn > cuts && kept > cuts && dropped > 0 && in_making > 0);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(power_loss)};
  if (argc > 1)
    seeds = strtol(argv[1], NULL, 10);
  if (argc > 2)
    first = strtol(argv[2], NULL, 10);
  return cmocka_run_group_tests_name("store_power", tests, NULL, NULL);
}
