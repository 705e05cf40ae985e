/* SPDX-License-Identifier: MIT
   test_store_commit.c - what the journal writes, how often it syncs, and what
   a killed process leaves. */
#define _DEFAULT_SOURCE
#include "test.h"

#include "powervfs.h"
#include "storebed.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

static struct bed bed;
static struct mj__mem mem;

static int set_up(void **state) {
  (void)state;
  mj__mem_init(&mem, NULL, NULL);
  power_register();
  power_reset();
  return bed_make(&bed);
}

static int tear_down(void **state) {
  (void)state;
  bed_remove(&bed);
  return 0;
}

static mj__store *opened(const char *vfs) {
  mj__store *s = NULL;
  int rc = bed_open(&bed, &s, &mem, vfs);
  assert_string_equal(bed.err.text, "");
  assert_int_equal(rc, MJ_OK);
  return s;
}

static void put(mj__store *s, const char *token, enum mj__state state) {
  struct mj__record r = bed_record(token, state);
  uint64_t number;
  r.task_id = "17";
  assert_int_equal(s->ops->put(s, &r, &number), MJ_OK);
}

static int find(mj__store *s, const char *token, struct mj__record *out,
                struct mj__arena *a) {
  struct mj__find f = {token, NULL, NULL, NULL, NULL, 1};
  return s->ops->find(s, &f, a, out, NULL);
}

/* Speaks SQL to a journal that is closed; the first column of the last row. */
static void sql(const char *text, char *out, size_t size) {
  sqlite3 *db;
  sqlite3_stmt *st;
  assert_int_equal(sqlite3_open(bed.path, &db), SQLITE_OK);
  if (out) {
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    (void)snprintf(out, size, "%s", (const char *)sqlite3_column_text(st, 0));
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
  } else {
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
  }
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* What is written, how often ---------------------------------------------- */

static void group_commit(void **state) {
  mj__store *s = opened("power");
  char token[32];
  int i;
  (void)state;
  put(s, "first", MJ__READY); /* its commit writes the WAL's head, too */
  assert_int_equal(s->ops->flush(s, -1), MJ_OK);
  power.count[POWER_SYNC] = 0;
  for (i = 0; i < 64; i++) {
    (void)snprintf(token, sizeof token, "mj_%d", i);
    put(s, token, MJ__READY);
  }
  assert_int_equal(s->ops->flush(s, -1), MJ_OK);
  assert_true(power.count[POWER_SYNC] >= 1);
  assert_true(power.count[POWER_SYNC] <= 2);
  s->ops->free(s);
  assert_true(bed.wakes >= 2 && bed.wakes <= 3);
}

/* At most one sync a commit, however it goes on; checkpoints apart. */
static void syncs_per_commit(void **state) {
  mj__store *s = opened("power");
  char token[32];
  int i;
  (void)state;
  for (i = 0; i < 200; i++) {
    (void)snprintf(token, sizeof token, "mj_%d", i % 20);
    put(s, token, MJ__RUNNING);
    if (i % 3 == 0)
      assert_int_equal(s->ops->flush(s, -1), MJ_OK);
  }
  assert_int_equal(s->ops->flush(s, -1), MJ_OK);
  i = (int)power.count[POWER_SYNC];
  s->ops->free(s);
  assert_true(bed.wakes >= 67);
  assert_true(i <= bed.wakes + 10); /* to make the file, and its WAL's head */
}

/* Megabytes are written once for all jobs that send them, and not again when
   a job moves on. */
static void body_once(void **state) {
  static char body[1 << 20];
  mj__store *s = opened("power");
  struct mj__record r;
  unsigned long writes;
  uint64_t number;
  char text[32];
  int i;
  (void)state;
  memset(body, 'x', sizeof body);
  for (i = 0; i < 2; i++) {
    r = bed_record(i ? "b" : "a", MJ__READY);
    r.body = body;
    r.body_len = sizeof body;
    assert_int_equal(s->ops->put(s, &r, &number), MJ_OK);
    assert_int_equal(s->ops->flush(s, -1), MJ_OK);
  }
  writes = power.count[POWER_WRITE];
  for (i = 0; i < 10; i++) {
    put(s, "a", MJ__RUNNING);
    assert_int_equal(s->ops->flush(s, -1), MJ_OK);
  }
  assert_true(power.count[POWER_WRITE] - writes < 200); /* 512 pages at once */
  s->ops->free(s);
  sql("SELECT count(*) FROM body", text, sizeof text);
  assert_string_equal(text, "1");
}

/* The WAL is moved into the file before it grows out of hand. */
static void short_wal(void **state) {
  static char body[1 << 20];
  mj__store *s = opened(NULL);
  struct mj__record r = bed_record("t", MJ__READY);
  struct stat st;
  uint64_t number;
  char wal[128];
  int i;
  (void)state;
  (void)snprintf(wal, sizeof wal, "%s-wal", bed.path);
  r.body = body;
  r.body_len = sizeof body;
  for (i = 0; i < 30; i++) {
    body[0] = (char)i;
    assert_int_equal(s->ops->put(s, &r, &number), MJ_OK);
    assert_int_equal(s->ops->flush(s, -1), MJ_OK);
  }
  assert_int_equal(stat(wal, &st), 0);
  assert_true(st.st_size < 12 << 20);
  s->ops->free(s);
  assert_int_equal(stat(wal, &st), -1);
}

static void trail(void **state) {
  mj__store *s = opened(NULL);
  uint64_t number;
  char text[64];
  (void)state;
  assert_int_equal(s->ops->event(s, "t", "sent", "attempt 1", 77, &number),
                   MJ_OK);
  assert_int_equal(s->ops->event(s, NULL, "start", NULL, 0, &number), MJ_OK);
  s->ops->free(s);
  sql("SELECT group_concat(coalesce(token,'-')||' '||kind||' '||"
      "coalesce(detail,'-')) FROM event WHERE wall_ms>0",
      text, sizeof text);
  assert_string_equal(text, "t sent attempt 1,- start -");
}

/* What waits is bounded; it shrinks as it is written. */
static void bounded_queue(void **state) {
  static char body[100000];
  struct mj__store_options o;
  struct mj__record r = bed_record("t", MJ__READY);
  mj__store *s;
  uint64_t number = 0;
  int i, rc = MJ_OK;
  (void)state;
  memset(&o, 0, sizeof o);
  o.path = bed.path;
  o.queue_bytes = 1000000;
  assert_int_equal(mj__store_sqlite(&s, &mem, &o, &bed.err), MJ_OK);
  r.body = body;
  r.body_len = sizeof body;
  for (i = 0; i < 10000 && rc == MJ_OK; i++) {
    body[0] = (char)i;
    rc = s->ops->put(s, &r, &number);
  }
  assert_int_equal(rc, MJ_ERESOURCE);
  assert_int_equal(number, i - 1);
  assert_int_equal(s->ops->flush(s, -1), MJ_OK);
  assert_int_equal(s->ops->put(s, &r, &number), MJ_OK);
  assert_int_equal(number, i);
  r.body_len = 1000000; /* never fits */
  assert_int_equal(s->ops->put(s, &r, &number), MJ_ERESOURCE);
  s->ops->free(s);
}

/* kill -9 ----------------------------------------------------------------- */

enum { KILLS = 200, TOKENS = 8 };

struct shared {
  _Atomic uint64_t put, durable;
};

/* Record m is the m/8-th of token m%8, and says so. */
static void write_for_ever(struct shared *shared) {
  char token[32], task[32];
  mj__store *s;
  uint64_t m, number = 0;
  if (bed_open(&bed, &s, &mem, NULL) != MJ_OK)
    _exit(1);
  for (m = 0;; m++) {
    struct mj__record r =
        bed_record(token, m < TOKENS ? MJ__READY : MJ__RUNNING);
    (void)snprintf(token, sizeof token, "mj_%d", (int)(m % TOKENS));
    (void)snprintf(task, sizeof task, "%d", (int)(m / TOKENS) + 1);
    r.attempt = (int)(m / TOKENS) + 1;
    r.task_id = task;
    atomic_store(&shared->put, m + 1);
    if (s->ops->put(s, &r, &number) != MJ_OK || number != m + 1)
      _exit(2);
    atomic_store(&shared->durable, s->ops->durable(s));
    if (m % 300 == 299) /* never far ahead of the disk */
      (void)s->ops->flush(s, -1);
  }
}

static void check_killed(const struct shared *shared) {
  uint64_t put_n = shared->put, durable = shared->durable, j;
  struct mj__arena a;
  mj__store *s = opened(NULL);
  mj__arena_init(&a, &mem);
  for (j = 0; j < TOKENS; j++) {
    struct mj__record r;
    char token[32];
    /* how many records of this token there were */
    int least = (int)((durable + TOKENS - 1 - j) / TOKENS);
    int most = (int)((put_n + TOKENS - 1 - j) / TOKENS);
    int rc;
    (void)snprintf(token, sizeof token, "mj_%d", (int)j);
    rc = find(s, token, &r, &a);
    if (rc == MJ_ENOT_FOUND) {
      assert_int_equal(least, 0);
      continue;
    }
    assert_int_equal(rc, MJ_OK);
    assert_in_range(r.attempt, least, most);
    assert_int_equal(strtol(r.task_id, NULL, 10), r.attempt);
    assert_int_equal(r.state, r.attempt == 1 ? MJ__READY : MJ__RUNNING);
  }
  s->ops->free(s);
  mj__arena_free(&a);
}

static void killed(void **state) {
  struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  uint32_t seed = 3;
  uint64_t durable = 0, lost = 0;
  int i, status;
  (void)state;
  assert_true(shared != MAP_FAILED);
  for (i = 0; i < KILLS; i++) {
    pid_t pid;
    int patience = 10000;
    shared->put = shared->durable = 0;
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
      write_for_ever(shared);
    /* a third while it opens, the rest while it writes */
    while (i % 3 && shared->durable == 0 && patience-- > 0)
      (void)poll(NULL, 0, 1);
    (void)usleep(next_random(&seed) % 8000);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    durable += shared->durable;
    lost += shared->put - shared->durable;
    check_killed(shared);
    bed_clear(&bed);
  }
  print_message("%d kills: %lu records durable, %lu not\n", KILLS,
                (unsigned long)durable, (unsigned long)lost);
  assert_true(durable > KILLS && lost > 0);
  (void)munmap(shared, sizeof *shared);
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
  const struct CMUnitTest tests[] = {CASE(group_commit), CASE(syncs_per_commit),
                                     CASE(body_once),    CASE(short_wal),
                                     CASE(trail),        CASE(bounded_queue),
                                     CASE(killed)};
  return cmocka_run_group_tests_name("store_commit", tests, NULL, NULL);
}
