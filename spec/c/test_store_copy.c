/* SPDX-License-Identifier: MIT
   test_store_copy.c - a journal that is looked at while it is written: each
   look sees one moment of it, and changes nothing. */
#define _DEFAULT_SOURCE
#include "test.h"

#include "storebed.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct bed bed;
static struct mj__mem mem;

static int set_up(void **state) {
  (void)state;
  mj__mem_init(&mem, NULL, NULL);
  return bed_make(&bed);
}

static int tear_down(void **state) {
  (void)state;
  bed_remove(&bed);
  return 0;
}

enum { ROWS = 300 };

/* They are put in turn, again and again: at any moment the first ones have been
   put once more than the last ones. */
struct moment {
  int rows, files, first, last;
};

static int row(void *ud, const struct mj__record *r) {
  struct moment *m = ud;
  char text[32];
  (void)snprintf(text, sizeof text, "mj_%d", ++m->rows);
  assert_string_equal(r->token, text);
  assert_int_equal(r->state, MJ__SUCCEEDED);
  if (m->rows == 1)
    m->first = m->last = r->attempt;
  assert_true(r->attempt <= m->last && r->attempt >= m->first - 1);
  m->last = r->attempt;
  (void)snprintf(text, sizeof text, "%d", r->attempt);
  assert_string_equal(r->result, text); /* both, or neither */
  return MJ_OK;
}

static int saved(void *ud, const struct mj__saved *f) {
  struct moment *m = ud;
  (void)f;
  m->files++;
  return MJ_OK;
}

static struct moment look(void) {
  struct moment m = {0, 0, 0, 0};
  mj__store *s = NULL;
  int rc = mj__store_copy(&s, &mem, bed.path, &bed.err);
  assert_string_equal(bed.err.text, "");
  assert_int_equal(rc, MJ_OK);
  assert_int_equal(s->ops->each(s, 0, row, &m, &bed.err), MJ_OK);
  assert_int_equal(s->ops->files(s, NULL, saved, &m, &bed.err), MJ_OK);
  s->ops->free(s);
  return m;
}

/* The n-th of all, from 1. */
static void put(mj__store *s, int n) {
  static char body[3000];
  struct mj__record r;
  struct mj__saved f;
  char token[32], result[32];
  uint64_t number;
  (void)snprintf(token, sizeof token, "mj_%d", (n - 1) % ROWS + 1);
  (void)snprintf(result, sizeof result, "%d", (n - 1) / ROWS + 1);
  memset(body, 'a' + n % 26, sizeof body);
  r = bed_record(token, MJ__SUCCEEDED);
  r.attempt = (n - 1) / ROWS + 1;
  r.body = body;
  r.body_len = sizeof body;
  r.result = result;
  assert_int_equal(s->ops->put(s, &r, &number), MJ_OK);
  memset(&f, 0, sizeof f);
  f.token = token;
  f.n = 1;
  f.path = "/a.png";
  assert_int_equal(s->ops->file_put(s, &f, &number), MJ_OK);
}

static void write_for_ever(int ready) {
  mj__store *s;
  int n;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) /* when the test fails */
    _exit(1);
  if (bed_open(&bed, &s, &mem, NULL) != MJ_OK)
    _exit(1);
  for (n = 1;; n++) {
    put(s, n);
    if (n % 100 == 0 && s->ops->flush(s, -1) != MJ_OK)
      _exit(1);
    if (n == ROWS && write(ready, "x", 1) != 1)
      _exit(1);
  }
}

/* Another process writes, through many checkpoints and new beginnings of the
   WAL. */
static void while_it_is_written(void **state) {
  int looks, status, ready[2], between = 0, was = 0, began = 0;
  char c;
  pid_t pid;
  (void)state;
  assert_int_equal(pipe(ready), 0);
  pid = fork();
  assert_true(pid >= 0);
  if (pid == 0)
    write_for_ever(ready[1]);
  assert_int_equal(read(ready[0], &c, 1), 1);
  for (looks = 0; looks < 150; looks++) {
    struct moment m = look();
    assert_int_equal(m.rows, ROWS);
    assert_int_equal(m.files, ROWS);
    assert_true(m.first >= was); /* never back */
    began = began ? began : m.first;
    was = m.first;
    between += m.last < m.first;
  }
  assert_int_equal(kill(pid, SIGKILL), 0);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFSIGNALED(status));
  assert_true(was - began > 20 && between > 20);
  assert_true(look().first >= was);
  (void)close(ready[0]);
  (void)close(ready[1]);
}

/* The bytes of a file; how many. */
static size_t read_file(const char *end, char *out, size_t size) {
  char path[160];
  ssize_t n;
  int fd;
  (void)snprintf(path, sizeof path, "%s%s", bed.path, end);
  fd = open(path, O_RDONLY);
  if (fd < 0)
    return 0;
  n = read(fd, out, size);
  assert_true(n >= 0 && (size_t)n < size);
  (void)close(fd);
  return (size_t)n;
}

static void nothing_is_changed(void **state) {
  static const char *const ends[] = {"", "-wal", ".lock"};
  static char before[3][1 << 20], after[1 << 20];
  size_t n[3], i;
  mj__store *s, *other;
  int k, status;
  pid_t pid;
  (void)state;
  assert_int_equal(bed_open(&bed, &s, &mem, NULL), MJ_OK);
  for (k = 1; k <= 20; k++)
    put(s, k);
  assert_int_equal(s->ops->flush(s, -1), MJ_OK);
  assert_int_equal(mj__store_owner(bed.path), getpid());
  for (i = 0; i < 3; i++)
    n[i] = read_file(ends[i], before[i], sizeof before[i]);
  assert_true(n[1] > 4096);
  pid = fork(); /* another process: it gives the lock back at its end */
  if (pid == 0) {
    int rc = mj__store_owner(bed.path) == getppid() && look().rows == 20;
    _exit(rc ? 0 : 1);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  for (i = 0; i < 3; i++) {
    assert_int_equal(read_file(ends[i], after, sizeof after), n[i]);
    assert_memory_equal(before[i], after, n[i]);
  }
  assert_int_equal(bed_count(&bed, "j"), 3);
  /* and it is the writer's alone as before */
  assert_int_equal(bed_open(&bed, &other, &mem, NULL), MJ_EJOURNAL);
  assert_non_null(strstr(bed.err.text, "has it already"));
  memset(&bed.err, 0, sizeof bed.err);
  put(s, 21);
  s->ops->free(s);
  assert_int_equal(mj__store_owner(bed.path), 0);
  assert_int_equal(look().rows, 21);
}

/* What a kill leaves: the newest is in the WAL. */
static void of_one_that_was_killed(void **state) {
  mj__store *s;
  int status, k;
  pid_t pid;
  (void)state;
  pid = fork();
  if (pid == 0) {
    if (bed_open(&bed, &s, &mem, NULL) != MJ_OK)
      _exit(1);
    for (k = 1; k <= 50; k++)
      put(s, k);
    _exit(s->ops->flush(s, -1) == MJ_OK ? 0 : 1);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_int_equal(look().rows, 50);
  assert_int_equal(look().rows, 50);
  assert_int_equal(bed_open(&bed, &s, &mem, NULL), MJ_OK);
  put(s, 51);
  s->ops->free(s);
  assert_int_equal(look().rows, 51);
}

static void refused(int code, const char *why) {
  mj__store *s = (mj__store *)&bed;
  assert_int_equal(mj__store_copy(&s, &mem, bed.path, &bed.err), code);
  assert_null(s);
  if (!strstr(bed.err.text, why))
    assert_string_equal(bed.err.text, why);
  memset(&bed.err, 0, sizeof bed.err);
}

static void spoil(off_t at, const char *text) {
  int fd = open(bed.path, O_WRONLY | O_CREAT, 0600);
  assert_true(fd >= 0);
  assert_int_equal(pwrite(fd, text, strlen(text), at), strlen(text));
  (void)close(fd);
}

static void what_cannot_be_looked_at(void **state) {
  mj__store *s;
  int k;
  (void)state;
  refused(MJ_ENOT_FOUND, "there is no journal");
  spoil(0, "a letter, and no journal");
  refused(MJ_EJOURNAL, "is no journal");
  assert_int_equal(unlink(bed.path), 0);
  assert_int_equal(bed_open(&bed, &s, &mem, NULL), MJ_OK);
  for (k = 1; k <= 20; k++)
    put(s, k);
  s->ops->free(s);
  assert_int_equal(chmod(bed.path, 0644), 0);
  refused(MJ_EJOURNAL, "chmod 600");
  assert_int_equal(chmod(bed.path, 0600), 0);
  spoil(4096, "\xff\xff\xff\xff\xff\xff\xff\xff");
  refused(MJ_EJOURNAL, "is damaged");
  assert_int_equal(bed_count(&bed, ".corrupt-"), 0); /* stays where it is */
}

/* Each allocation fails in turn: said so, and nothing is leaked. */
static void without_memory(void **state) {
  struct meter meter;
  struct mj__mem m;
  mj__store *s;
  size_t n;
  int k, rc = MJ_ERESOURCE;
  (void)state;
  assert_int_equal(bed_open(&bed, &s, &mem, NULL), MJ_OK);
  for (k = 1; k <= 20; k++)
    put(s, k);
  s->ops->free(s);
  memset(&meter, 0, sizeof meter);
  mj__mem_init(&m, meter_alloc, &meter);
  for (n = 1; rc != MJ_OK && n < 100; n++) {
    meter.calls = 0;
    meter.fail_at = n;
    rc = mj__store_copy(&s, &m, bed.path, &bed.err);
    if (rc == MJ_OK)
      s->ops->free(s);
    else
      assert_int_equal(rc, MJ_ERESOURCE);
    assert_int_equal(meter.bytes, 0);
  }
  assert_true(rc == MJ_OK && n > 5);
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      CASE(while_it_is_written), CASE(nothing_is_changed),
      CASE(of_one_that_was_killed), CASE(what_cannot_be_looked_at),
      CASE(without_memory)};
  return cmocka_run_group_tests_name("store_copy", tests, NULL, NULL);
}
