/* SPDX-License-Identifier: MIT
   test_store_fault.c - every call that can fail does, once and from then on:
   those of SQLite's files, those of the system, memory of ours and SQLite's.
   The store fails or goes on; it never says that something is there which is
   not, loses no word of what it could not write, and leaks nothing. */
#include "test.h"

#include "powervfs.h"
#include "storebed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

/* The system -------------------------------------------------------------- */

enum call {
  OPEN,
  MKDIR,
  RENAME,
  FSYNC,
  FLOCK,
  UNLINK,
  FTRUNCATE,
  PWRITE,
  CALLS
};

static struct {
  enum call which;
  int fail_at, for_ever, code; /* the n-th call of that kind, 0 = none */
  int seen;
} sys;

static int sys_fails(enum call c) {
  if (!sys.fail_at || sys.which != c)
    return 0;
  sys.seen++;
  if (sys.seen < sys.fail_at || (sys.seen > sys.fail_at && !sys.for_ever))
    return 0;
  errno = sys.code;
  return 1;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...) {
  va_list va;
  mode_t mode;
  va_start(va, flags);
  mode = flags & O_CREAT ? va_arg(va, mode_t) : 0;
  va_end(va);
  return sys_fails(OPEN) ? -1 : __real_open(path, flags, mode);
}

#define WRAP(name, NAME, type, params, args)                                   \
  type __real_##name params;                                                   \
  type __wrap_##name params;                                                   \
  type __wrap_##name params {                                                  \
    return sys_fails(NAME) ? -1 : __real_##name args;                          \
  }
WRAP(mkdir, MKDIR, int, (const char *p, mode_t m), (p, m))
WRAP(rename, RENAME, int, (const char *a, const char *b), (a, b))
WRAP(fsync, FSYNC, int, (int fd), (fd))
WRAP(flock, FLOCK, int, (int fd, int op), (fd, op))
WRAP(unlink, UNLINK, int, (const char *p), (p))
WRAP(ftruncate, FTRUNCATE, int, (int fd, off_t n), (fd, n))
WRAP(pwrite, PWRITE, ssize_t, (int fd, const void *p, size_t n, off_t at),
     (fd, p, n, at))

/* SQLite's memory --------------------------------------------------------- */

static sqlite3_mem_methods under;
static atomic_long allocations, alloc_fail_at;
static atomic_int alloc_for_ever;

static int alloc_fails(void) {
  long n = atomic_fetch_add(&allocations, 1) + 1, at = alloc_fail_at;
  return at && (n == at || (alloc_for_ever && n > at));
}

static void *lite_malloc(int n) {
  return alloc_fails() ? NULL : under.xMalloc(n);
}

static void *lite_realloc(void *p, int n) {
  return alloc_fails() ? NULL : under.xRealloc(p, n);
}

static void wrap_sqlite(void) {
  sqlite3_mem_methods ours;
  assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &under), SQLITE_OK);
  ours = under;
  ours.xMalloc = lite_malloc;
  ours.xRealloc = lite_realloc;
  assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), SQLITE_OK);
}

/* A session --------------------------------------------------------------- */

enum { ROUNDS = 4, TOKENS = 6 };

struct world {
  struct bed bed;
  struct meter meter;
  struct mj__mem m;
  mj__store *s;
  int attempts[TOKENS], durable[TOKENS]; /* newest put; newest known durable */
  struct {
    uint64_t number;
    int token, attempt;
  } puts[ROUNDS * TOKENS];
  int nputs, body; /* body: that of the first token is durable */
  unsigned long opened, refused, failed, unfailed;
};

static void note_durable(struct world *w) {
  uint64_t d = w->s->ops->durable(w->s);
  int i;
  for (i = 0; i < w->nputs; i++) {
    int *newest = &w->durable[w->puts[i].token];
    if (w->puts[i].number > d)
      continue;
    if (w->puts[i].attempt > *newest)
      *newest = w->puts[i].attempt;
    w->body |= w->puts[i].token == 0 && w->puts[i].attempt == 1;
  }
}

static int put(struct world *w, int token) {
  static char body[20000];
  struct mj__record r;
  char name[16], task[16];
  uint64_t number = 0;
  int rc, attempt = w->attempts[token] + 1;
  (void)snprintf(name, sizeof name, "mj_%d", token);
  (void)snprintf(task, sizeof task, "%d", attempt);
  r = bed_record(name, MJ__RUNNING);
  r.attempt = attempt;
  r.task_id = task;
  if (attempt == 1) {
    r.body = body;
    r.body_len = token % 2 ? 100 : sizeof body;
    r.key = name;
  }
  rc = w->s->ops->put(w->s, &r, &number);
  if (rc == MJ_OK) {
    w->attempts[token] = attempt;
    w->puts[w->nputs].number = number;
    w->puts[w->nputs].token = token;
    w->puts[w->nputs++].attempt = attempt;
  }
  return rc;
}

static int see(void *ud, const struct mj__record *r) {
  const struct world *w = ud;
  long token = strtol(r->token + 3, NULL, 10);
  assert_in_range(token, 0, TOKENS - 1);
  assert_true(r->attempt <= w->attempts[token]);
  return MJ_OK;
}

static void read_some(struct world *w) {
  struct mj__find f = {"mj_0", NULL, NULL, NULL, NULL, 1};
  struct mj__arena a;
  struct mj__record r;
  mj_error err;
  int rc;
  memset(&err, 0, sizeof err);
  mj__arena_init(&a, &w->m);
  rc = w->s->ops->find(w->s, &f, &a, &r, &err);
  if (rc == MJ_OK) {
    assert_int_equal(r.attempt, w->attempts[0]);
    /* what could not be synced may be there all the same */
    assert_true(r.body_len == 20000 || (r.body_len == 0 && !w->body));
  } else if (rc == MJ_ENOT_FOUND) {
    assert_int_equal(w->attempts[0], 0);
  } else {
    assert_true(rc == MJ_EJOURNAL || rc == MJ_ERESOURCE);
    assert_true(err.text[0] != '\0');
  }
  mj__arena_free(&a);
  rc = w->s->ops->load(w->s, see, w, &w->bed.err);
  assert_true(rc == MJ_OK || rc == MJ_EJOURNAL || rc == MJ_ERESOURCE);
}

static void use(struct world *w) {
  struct mj__run run = {"r", "a.lua", 0, 0, 0, 0};
  struct mj__saved file = {"mj_0", 1, "a.png", 1, NULL};
  mj_error err;
  uint64_t number;
  int i, k, broken = 0;
  (void)w->s->ops->run_begin(w->s, &run, &number);
  (void)w->s->ops->file_put(w->s, &file, &number);
  for (i = 0; i < ROUNDS; i++) {
    for (k = 0; k < TOKENS; k++) {
      int rc = put(w, k);
      assert_true(rc == MJ_OK || rc == MJ_ERESOURCE || rc == MJ_EJOURNAL);
      if (rc == MJ_EJOURNAL)
        broken = 1;
      else
        assert_false(broken); /* for good */
    }
    (void)w->s->ops->event(w->s, "mj_0", "round", NULL, 0, &number);
    (void)w->s->ops->flush(w->s, -1);
    note_durable(w);
    if (i == 1)
      read_some(w);
  }
  memset(&err, 0, sizeof err);
  if (w->s->ops->failed(w->s, &err) != MJ_OK) {
    assert_int_equal(err.code, MJ_EJOURNAL);
    assert_true(err.text[0] != '\0');
    assert_int_equal(w->s->ops->flush(w->s, 0), MJ_EJOURNAL);
    w->failed++;
  } else {
    assert_int_equal(w->s->ops->flush(w->s, -1), MJ_OK);
    w->unfailed++;
  }
}

/* With the fault: opens, twice so that both kinds of opening are hit. */
static void session(struct world *w, const char *vfs) {
  int i, k;
  for (i = 0; i < 2; i++) {
    size_t undone = 0;
    w->nputs = 0;
    w->bed.nlines = w->bed.nbytes = 0;
    if (bed_open(&w->bed, &w->s, &w->m, vfs) != MJ_OK) {
      assert_null(w->s);
      assert_true(w->bed.err.text[0] != '\0');
      w->refused++;
      continue;
    }
    w->opened++;
    use(w);
    for (k = 0; k < w->nputs; k++)
      undone += w->puts[k].number > w->s->ops->durable(w->s);
    w->s->ops->free(w->s);
    assert_true(w->bed.nlines >= undone);
  }
}

/* The trouble is over: what was durable is there. */
static void check(struct world *w) {
  int i, rc;
  w->s = NULL;
  if (bed_open(&w->bed, &w->s, &w->m, NULL) != MJ_OK)
    assert_string_equal(w->bed.err.text, "");
  for (i = 0; i < TOKENS; i++) {
    char name[16];
    struct mj__find f = {NULL, NULL, NULL, NULL, NULL, 1};
    struct mj__arena a;
    struct mj__record r;
    (void)snprintf(name, sizeof name, "mj_%d", i);
    f.token = name;
    mj__arena_init(&a, &w->m);
    rc = w->s->ops->find(w->s, &f, &a, &r, &w->bed.err);
    if (rc == MJ_OK) {
      assert_in_range(r.attempt, w->durable[i], w->attempts[i]);
      assert_true(w->s->ops->known(w->s, NULL, name) || !r.key);
    } else {
      assert_int_equal(rc, MJ_ENOT_FOUND);
      assert_int_equal(w->durable[i], 0);
    }
    mj__arena_free(&a);
  }
  w->s->ops->free(w->s);
  assert_int_equal(w->meter.live, 0);
  assert_int_equal(bed_count(&w->bed, ".corrupt-"), 0);
  bed_clear(&w->bed);
  w->body = 0;
  memset(w->attempts, 0, sizeof w->attempts);
  memset(w->durable, 0, sizeof w->durable);
}

static struct world *begin(void) {
  static struct world w;
  memset(&w, 0, sizeof w);
  assert_int_equal(bed_make(&w.bed), 0);
  meter_mem(&w.meter, &w.m);
  power_register();
  power_reset();
  return &w;
}

static void end(struct world *w, unsigned long points, const char *what) {
  bed_remove(&w->bed);
  print_message("%s: %lu points; refused %lu, failed %lu, went on %lu\n", what,
                points, w->refused, w->failed, w->unfailed);
  assert_true(points > 10);
}

/* The tests --------------------------------------------------------------- */

static void every_file_call(void **state) {
  static const struct {
    int op, code;
    const char *name;
  } kinds[] = {{POWER_OPEN, 0, "open"},
               {POWER_READ, 0, "read"},
               {POWER_WRITE, 0, "write"},
               {POWER_WRITE, SQLITE_FULL, "write, disk full"},
               {POWER_SYNC, 0, "sync"},
               {POWER_TRUNCATE, 0, "truncate"},
               {POWER_DELETE, 0, "delete"},
               {POWER_SIZE, 0, "size"}};
  struct world *w = begin();
  unsigned long n, points = 0, step;
  size_t i;
  int for_ever;
  (void)state;
  for (i = 0; i < COUNT(kinds); i++)
    for (for_ever = 0; for_ever < 2; for_ever++)
      for (n = 1, step = 1;; n += step) {
        int hit;
        power_reset();
        power.fail_op = kinds[i].op;
        power.fail_code = kinds[i].code;
        power.fail_at = n;
        power.for_ever = for_ever;
        session(w, "power");
        hit = power.failures > 0;
        power_reset();
        check(w);
        if (!hit)
          break;
        points++;
        step = (n < 60 ? 1 : 7) * one_in(3); /* later they repeat */
      }
  assert_true(w->refused > 0 && w->failed > 0 && w->unfailed > 0);
  end(w, points, "calls of the VFS");
}

static void every_system_call(void **state) {
  static const int codes[] = {EIO, ENOSPC, EMFILE, EACCES, EINTR};
  struct world *w = begin();
  unsigned long points = 0;
  char outer[sizeof w->bed.folder];
  size_t c;
  int which, for_ever, n, hit, step = (int)one_in(2);
  (void)state;
  /* in a folder that has to be made, too */
  memcpy(outer, w->bed.folder, sizeof outer);
  (void)snprintf(w->bed.folder, sizeof w->bed.folder, "%.50s/jf", outer);
  (void)snprintf(w->bed.path, sizeof w->bed.path, "%.50s/jf/j.db", outer);
  for (which = 0; which < CALLS; which++)
    for (c = 0; c < COUNT(codes); c++)
      for (for_ever = 0; for_ever < 2; for_ever++)
        for (n = 1;; n += step) {
          if (for_ever && codes[c] == EINTR)
            break; /* who is interrupted for ever tries for ever */
          sys.which = (enum call)which;
          sys.code = codes[c];
          sys.for_ever = for_ever;
          sys.seen = 0;
          sys.fail_at = n;
          session(w, NULL);
          hit = sys.seen >= n;
          sys.fail_at = 0;
          check(w);
          (void)rmdir(w->bed.folder);
          if (!hit)
            break;
          points++;
        }
  assert_true(w->refused > 0 && w->unfailed > 0);
  memcpy(w->bed.folder, outer, sizeof outer);
  end(w, points, "calls of the system");
}

static void every_allocation(void **state) {
  struct world *w = begin();
  unsigned long points = 0;
  int for_ever, hit;
  size_t n;
  (void)state;
  for (for_ever = 0; for_ever < 2; for_ever++)
    for (n = 1;; n += one_in(5)) {
      w->meter.calls = 0;
      w->meter.for_ever = for_ever;
      w->meter.fail_at = n;
      session(w, NULL);
      hit = w->meter.calls >= n;
      w->meter.fail_at = 0;
      check(w);
      if (!hit)
        break;
      points++;
    }
  assert_true(w->refused > 0 && w->unfailed > 0);
  end(w, points, "allocations");
}

static void every_allocation_of_sqlite(void **state) {
  struct world *w = begin();
  unsigned long points = 0;
  int for_ever, hit;
  long n;
  (void)state;
  for (for_ever = 0; for_ever < 2; for_ever++)
    for (n = 1;; n += (1 + n / 40) * (long)one_in(5)) {
      alloc_for_ever = for_ever;
      atomic_store(&allocations, 0);
      alloc_fail_at = n;
      session(w, NULL);
      hit = atomic_load(&allocations) >= n;
      alloc_fail_at = 0;
      check(w);
      if (!hit)
        break;
      points++;
    }
  assert_true(w->refused > 0 && w->failed > 0 && w->unfailed > 0);
  end(w, points, "allocations of SQLite's");
}

/* No sync fails unnoticed, those of checkpoints neither: what the system could
   not write once it will not write again. */
static void every_sync(void **state) {
  static char body[1 << 20];
  struct world *w = begin();
  unsigned long n, points = 0;
  int i, hit;
  (void)state;
  for (n = 1;; n++) {
    struct mj__record r = bed_record("mj_0", MJ__READY);
    uint64_t number;
    power_reset();
    assert_int_equal(bed_open(&w->bed, &w->s, &w->m, "power"), MJ_OK);
    power.fail_op = POWER_SYNC;
    power.seen = 0;
    power.fail_at = n;
    r.body = body;
    r.body_len = sizeof body;
    for (i = 0; i < 10; i++) {
      body[0] = (char)i;
      (void)w->s->ops->put(w->s, &r, &number);
      (void)w->s->ops->flush(w->s, -1);
    }
    /* a checkpoint comes after the news of its commit, and before the next */
    r = bed_record("mj_0", MJ__DISPATCHING);
    (void)w->s->ops->put(w->s, &r, &number);
    i = w->s->ops->flush(w->s, -1);
    hit = power.failures > 0;
    assert_int_equal(i, hit ? MJ_EJOURNAL : MJ_OK);
    w->failed += (unsigned long)hit;
    w->s->ops->free(w->s);
    bed_clear(&w->bed);
    if (!hit)
      break;
    points++;
  }
  end(w, points, "syncs");
}

/* Nothing that left, or may have, goes without a word. */
static void last_words(void **state) {
  struct world *w = begin();
  struct mj__record r;
  uint64_t number, before;
  (void)state;
  assert_int_equal(bed_open(&w->bed, &w->s, &w->m, "power"), MJ_OK);
  power.fail_op = POWER_SYNC;
  power.fail_at = 1;
  power.for_ever = 1;
  power.seen = 0;
  r = bed_record("mj_a", MJ__ACCEPTED);
  r.attempt = 2;
  r.task_id = "17 \n36";
  r.gateway = "http://gateway";
  assert_int_equal(w->s->ops->put(w->s, &r, &number), MJ_OK);
  assert_int_equal(w->s->ops->flush(w->s, -1), MJ_EJOURNAL);
  assert_string_equal(w->bed.lines,
                      "mj: recover token=mj_a state=ACCEPTED attempt=2 "
                      "task=17??36 gateway=http://gateway\n");
  before = number;
  w->bed.nbytes = 0;
  r = bed_record("mj_b", MJ__ACCEPTED); /* a reply that came afterwards */
  r.task_id = "18";
  assert_int_equal(w->s->ops->put(w->s, &r, &number), MJ_EJOURNAL);
  assert_string_equal(
      w->bed.lines,
      "mj: recover token=mj_b state=ACCEPTED attempt=0 task=18 gateway=-\n");
  r = bed_record("mj_c", MJ__READY); /* never left: nothing to recover */
  assert_int_equal(w->s->ops->put(w->s, &r, &number), MJ_EJOURNAL);
  assert_int_equal(w->bed.nlines, 2);
  assert_int_equal(number, before);
  assert_int_equal(w->s->ops->durable(w->s), 0);
  w->s->ops->free(w->s);
  assert_int_equal(w->bed.wakes, 1); /* the client has to hear of it */
  bed_remove(&w->bed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(last_words),
      cmocka_unit_test(every_file_call),
      cmocka_unit_test(every_sync),
      cmocka_unit_test(every_system_call),
      cmocka_unit_test(every_allocation),
      cmocka_unit_test(every_allocation_of_sqlite)};
  wrap_sqlite();
  return cmocka_run_group_tests_name("store_fault", tests, NULL, NULL);
}
