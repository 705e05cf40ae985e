/* SPDX-License-Identifier: MIT
   test_store_sqlite.c - the journal's file: whose it is, and whether it is
   whole. */
#define _DEFAULT_SOURCE
#include "test.h"

#include "storebed.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

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

static mj__store *opened(const char *vfs) {
  mj__store *s = NULL;
  int rc = bed_open(&bed, &s, &mem, vfs);
  assert_string_equal(bed.err.text, "");
  assert_int_equal(rc, MJ_OK);
  return s;
}

static void opens(void) {
  mj__store *s = opened(NULL);
  s->ops->free(s);
}

static void refused(const char *why) {
  mj__store *s = (mj__store *)&bed;
  assert_int_equal(bed_open(&bed, &s, &mem, NULL), MJ_EJOURNAL);
  assert_null(s);
  if (!strstr(bed.err.text, why))
    assert_string_equal(bed.err.text, why);
}

static void put(mj__store *s, const char *token, enum mj__state state) {
  struct mj__record r = bed_record(token, state);
  uint64_t number;
  r.task_id = "17";
  assert_int_equal(s->ops->put(s, &r, &number), MJ_OK);
}

/* A journal with some rows, closed. */
static void filled(int rows) {
  mj__store *s = opened(NULL);
  char token[32];
  int i;
  for (i = 0; i < rows; i++) {
    (void)snprintf(token, sizeof token, "mj_%d", i);
    put(s, token, MJ__RUNNING);
  }
  s->ops->free(s);
}

static int find(mj__store *s, const char *token, struct mj__record *out,
                struct mj__arena *a) {
  struct mj__find f = {token, NULL, NULL, NULL, NULL, 1};
  return s->ops->find(s, &f, a, out, NULL);
}

static void write_file(const char *path, const void *p, size_t n, mode_t mode) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, p, n), n);
  assert_int_equal(fchmod(fd, mode), 0);
  (void)close(fd);
}

static size_t read_file(const char *path, char *out, size_t size) {
  int fd = open(path, O_RDONLY);
  ssize_t n;
  assert_true(fd >= 0);
  n = read(fd, out, size);
  assert_true(n >= 0);
  (void)close(fd);
  return (size_t)n;
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

/* Who has it ------------------------------------------------------------- */

static void one_process(void **state) {
  int up[2], down[2], status;
  char c, want[64];
  pid_t pid;
  mj__store *s;
  (void)state;
  assert_int_equal(pipe(up), 0);
  assert_int_equal(pipe(down), 0);
  pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    (void)close(down[1]);
    if (bed_open(&bed, &s, &mem, NULL) != MJ_OK || write(up[1], "x", 1) != 1)
      _exit(1);
    (void)!read(down[0], &c, 1); /* until it is killed */
    _exit(0);
  }
  assert_int_equal(read(up[0], &c, 1), 1);
  (void)snprintf(want, sizeof want, "process %ld has it", (long)pid);
  refused(want);
  refused(want); /* and asking changes nothing */
  assert_int_equal(kill(pid, SIGKILL), 0);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  s = opened(NULL);
  (void)snprintf(want, sizeof want, "process %ld has it", (long)getpid());
  refused(want); /* nor twice in one process */
  s->ops->free(s);
  (void)close(up[0]);
  (void)close(up[1]);
  (void)close(down[0]);
  (void)close(down[1]);
}

/* Somebody's sqlite3 holds a lock of its own. */
static void another_program(void **state) {
  sqlite3 *db;
  (void)state;
  filled(1);
  assert_int_equal(sqlite3_open(bed.path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT * FROM task", 0, 0, 0),
                   SQLITE_OK);
  refused("another program has the journal");
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
  opens();
}

static void permissions(void **state) {
  struct stat st;
  char path[160], folder[128];
  mode_t mask = umask(0);
  (void)state;
  /* made for this user alone, folders too, whatever the umask */
  (void)snprintf(folder, sizeof folder, "%s/a", bed.folder);
  (void)snprintf(bed.path, sizeof bed.path, "%s/a/j.db", bed.folder);
  filled(3);
  assert_int_equal(stat(folder, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0700);
  assert_int_equal(stat(bed.path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  assert_int_equal(chmod(folder, 0777), 0);
  refused("chmod go-w");
  assert_int_equal(chmod(folder, 0700), 0);
  assert_int_equal(chmod(bed.path, 0640), 0);
  refused("chmod 600");
  assert_int_equal(chmod(bed.path, 0600), 0);
  (void)snprintf(path, sizeof path, "%s.lock", bed.path);
  assert_int_equal(chmod(path, 0644), 0);
  refused("chmod 600");
  assert_int_equal(unlink(path), 0);
  assert_int_equal(symlink("/dev/null", path), 0);
  refused("symbolic link");
  assert_int_equal(unlink(path), 0);
  (void)snprintf(path, sizeof path, "%s/second", folder);
  assert_int_equal(link(bed.path, path), 0);
  refused("hard link");
  assert_int_equal(unlink(bed.path), 0);
  assert_int_equal(symlink(path, bed.path), 0);
  refused("symbolic link");
  assert_int_equal(unlink(bed.path), 0);
  assert_int_equal(mkdir(bed.path, 0700), 0);
  refused("not a plain file");
  assert_int_equal(rmdir(bed.path), 0);
  assert_int_equal(rename(path, bed.path), 0);
  (void)snprintf(path, sizeof path, "%s-wal", bed.path);
  write_file(path, "x", 1, 0644);
  refused("chmod 600");
  assert_int_equal(unlink(path), 0);
  opens();
  (void)umask(mask);
  (void)unlink(bed.path);
  (void)snprintf(path, sizeof path, "%s.lock", bed.path);
  (void)unlink(path);
  assert_int_equal(rmdir(folder), 0); /* nothing else was left */
}

/* Names that mean something to SQLite are files here. */
static void plain_names(void **state) {
  static const char *const names[] = {":memory:", "file:j.db?mode=memory"};
  struct mj__store_options o;
  struct stat st;
  char cwd[512];
  mj__store *s;
  mj_error err;
  size_t i;
  (void)state;
  assert_non_null(getcwd(cwd, sizeof cwd));
  assert_int_equal(chdir(bed.folder), 0);
  for (i = 0; i < COUNT(names); i++) {
    memset(&o, 0, sizeof o);
    o.path = names[i];
    assert_int_equal(mj__store_sqlite(&s, &mem, &o, &err), MJ_OK);
    s->ops->free(s);
    assert_int_equal(stat(names[i], &st), 0);
    assert_true(st.st_size > 4096);
  }
  assert_int_equal(chdir(cwd), 0);
  o.path = "";
  assert_int_equal(mj__store_sqlite(&s, &mem, &o, NULL), MJ_EINVALID);
  assert_null(s);
}

/* Whole or damaged -------------------------------------------------------- */

static void moved_aside(const char *why) {
  int before = bed_count(&bed, ".corrupt-");
  refused("was moved to");
  if (!strstr(bed.err.text, why))
    assert_string_equal(bed.err.text, why);
  assert_true(bed_count(&bed, ".corrupt-") > before);
  assert_int_equal(access(bed.path, F_OK), -1);
  opens(); /* the next one is new */
  assert_int_equal(unlink(bed.path), 0);
}

static void damaged(void **state) {
  static char data[1 << 20], junk[8192];
  char wal[160];
  uint32_t seed = 7;
  size_t i, n;
  (void)state;
  filled(500);
  n = read_file(bed.path, data, sizeof data);
  assert_true(n > 20000 && n < sizeof data);
  write_file(bed.path, "", 0, 0600);
  moved_aside("it is empty");
  write_file(bed.path, data, n / 2, 0600);
  moved_aside("malformed");
  write_file(bed.path, data, 100, 0600);
  moved_aside("is damaged");
  for (i = 0; i < sizeof junk; i++)
    junk[i] = (char)next_random(&seed);
  write_file(bed.path, junk, sizeof junk, 0600);
  moved_aside("does not begin like one");
  memcpy(junk, data, 100); /* a good head on garbage */
  write_file(bed.path, junk, sizeof junk, 0600);
  moved_aside("is damaged");
  memcpy(junk, data, sizeof junk);
  memset(data + 4096, 0, 4096); /* one page is gone */
  write_file(bed.path, data, n, 0600);
  moved_aside("is damaged");
  memcpy(data, junk, sizeof junk);
  (void)snprintf(wal, sizeof wal, "%s-wal", bed.path);
  write_file(wal, junk, sizeof junk, 0600);
  moved_aside("only its -wal is there");
  write_file(bed.path, data, n, 0600);
  opens(); /* it was never the others' fault */
}

static int sane(void *ud, const struct mj__record *r) {
  size_t *n = ud;
  assert_non_null(r->token);
  assert_true(r->state >= 0 && r->state < MJ__STATES);
  ++*n;
  return MJ_OK;
}

/* Whatever a bit does: refused and moved aside, or rows that make sense. */
static void flipped_bits(void **state) {
  static char data[1 << 20];
  uint32_t seed = 99;
  size_t n, i, rows, refusals = 0;
  (void)state;
  filled(200);
  n = read_file(bed.path, data, sizeof data);
  for (i = 0; i < 300; i++) {
    size_t at = next_random(&seed) % (i % 3 ? n : 512);
    char bit = (char)(1 << next_random(&seed) % 8);
    mj__store *s;
    int rc;
    data[at] ^= bit;
    write_file(bed.path, data, n, 0600);
    rc = bed_open(&bed, &s, &mem, NULL);
    if (rc == MJ_OK) {
      rows = 0;
      rc = s->ops->load(s, sane, &rows, &bed.err);
      assert_true(rc == MJ_OK || rc == MJ_EJOURNAL);
      assert_true(rows <= 200);
      s->ops->free(s);
    } else {
      assert_int_equal(rc, MJ_EJOURNAL);
      assert_null(s);
      refusals++;
    }
    data[at] ^= bit;
    bed_clear(&bed);
  }
  assert_true(refusals > 20);
}

static int add_up(void *ud, const struct mj__sum *s) {
  struct mj__sum *all = ud;
  all->count += s->count;
  all->priced += s->priced;
  all->amount += s->amount;
  return MJ_OK;
}

static int count_row(void *ud, const mj_row *r) {
  assert_non_null(r->token);
  assert_non_null(r->state);
  ++*(int *)ud;
  return MJ_OK;
}

static int count_money(void *ud, const mj_money *m) {
  *(int64_t *)ud += m->count;
  return MJ_OK;
}

/* Who only looks changes nothing, and sees what is there. */
static void looked_at(int rows, int64_t sent) {
  static char before[1 << 20], after[1 << 20];
  size_t n = read_file(bed.path, before, sizeof before);
  int64_t count = 0;
  mj_error err;
  int got = 0;
  assert_int_equal(
      mj_journal_read(bed.path, 0, count_row, NULL, &got, NULL, &err), MJ_OK);
  assert_int_equal(got, rows);
  assert_int_equal(mj_money_read(bed.path, count_money, &count, &err), MJ_OK);
  assert_int_equal(count, sent);
  assert_int_equal(read_file(bed.path, after, sizeof after), n);
  assert_memory_equal(before, after, n);
}

/* One of the format before has all that it had, and what is new. */
static void older_ones_are_brought_up_to_date(void **state) {
  static const char *const back =
      "ALTER TABLE task DROP COLUMN what; ALTER TABLE task DROP COLUMN budget;"
      "ALTER TABLE task DROP COLUMN price; DROP TABLE past;"
      "PRAGMA user_version=1";
  char text[64];
  int round;
  (void)state;
  filled(5);
  for (round = 0; round < 2; round++) {
    struct mj__sum all;
    struct mj__record r = bed_record("priced", MJ__DISPATCHING);
    uint64_t number;
    mj__store *s;
    sql(back, NULL, 0);
    if (round == 1) /* the first of that format had less */
      sql("DROP INDEX task_settled; ALTER TABLE task DROP COLUMN print", NULL,
          0);
    looked_at(5 + round, round);
    s = opened(NULL);
    memset(&all, 0, sizeof all);
    assert_int_equal(s->ops->sums(s, add_up, &all, NULL), MJ_OK);
    assert_int_equal(all.amount, 0);    /* it was not said */
    assert_int_equal(all.count, round); /* of those that were sent */
    r.sent_ms = 5;
    r.price = 70;
    assert_int_equal(s->ops->put(s, &r, &number), MJ_OK);
    assert_int_equal(s->ops->sums(s, add_up, &all, NULL), MJ_OK);
    assert_int_equal(all.amount, 70);
    s->ops->free(s);
    sql("PRAGMA user_version", text, sizeof text);
    assert_string_equal(text, "2");
    sql("SELECT count(*) FROM task", text, sizeof text);
    assert_string_equal(text, "6");
  }
  sql("PRAGMA user_version=1", NULL, 0); /* which it is not */
  refused("duplicate column name");
}

/* Not ours, or not ours yet: left as it is, to the byte. */
static void of_others(void **state) {
  static char before[1 << 20], after[1 << 20];
  char lock[160];
  size_t n;
  (void)state;
  (void)snprintf(lock, sizeof lock, "%s.lock", bed.path);
  write_file(bed.path, "\x89PNG not a journal", 18, 0600);
  refused("is no journal");
  refused("is no journal"); /* the second time as well */
  assert_int_equal(read_file(bed.path, after, sizeof after), 18);
  assert_int_equal(access(lock, F_OK), -1);
  assert_int_equal(unlink(bed.path), 0);
  sql("PRAGMA application_id=5; CREATE TABLE t(a); INSERT INTO t VALUES(1)",
      NULL, 0);
  assert_int_equal(chmod(bed.path, 0600), 0);
  n = read_file(bed.path, before, sizeof before);
  refused("another program");
  refused("another program");
  assert_int_equal(read_file(bed.path, after, sizeof after), n);
  assert_int_equal(access(lock, F_OK), -1);
  assert_int_equal(unlink(bed.path), 0);
  filled(5);
  sql("PRAGMA user_version=3", NULL, 0);
  n = read_file(bed.path, before, sizeof before);
  refused("newer mj (format 3)");
  assert_int_equal(read_file(bed.path, after, sizeof after), n);
  assert_memory_equal(before, after, n);
  assert_int_equal(bed_count(&bed, ".corrupt-"), 0);
  sql("PRAGMA user_version=2", NULL, 0);
  opens();
  sql("DROP TABLE body", NULL, 0);
  refused("no such table");
}

/* Changed by hand. */
static void strange_rows(void **state) {
  struct mj__arena a;
  struct mj__record r;
  mj__store *s;
  size_t n = 0;
  char body[9000];
  uint64_t number;
  (void)state;
  memset(body, 'b', sizeof body);
  s = opened(NULL);
  r = bed_record("a", MJ__READY);
  r.body = body;
  r.body_len = sizeof body;
  assert_int_equal(s->ops->put(s, &r, &number), MJ_OK);
  put(s, "b", MJ__READY);
  s->ops->free(s);
  sql("UPDATE task SET state='PAID',op='steal' WHERE token='b'", NULL, 0);
  mj__arena_init(&a, &mem);
  s = opened(NULL);
  assert_int_equal(find(s, "b", &r, &a), MJ_OK);
  assert_int_equal(r.state, MJ__UNKNOWN); /* in which nothing is sent */
  assert_int_equal(r.op, 0);
  s->ops->free(s);
  /* a body that is not the one that was put */
  sql("UPDATE body SET data=x'00'", NULL, 0);
  s = opened(NULL);
  assert_int_equal(s->ops->load(s, sane, &n, &bed.err), MJ_EJOURNAL);
  assert_non_null(strstr(bed.err.text, "a request in it is damaged"));
  assert_int_equal(find(s, "a", &r, &a), MJ_EJOURNAL);
  assert_int_equal(find(s, "b", &r, &a), MJ_OK);
  s->ops->free(s);
  sql("DELETE FROM body", NULL, 0);
  s = opened(NULL);
  assert_int_equal(s->ops->load(s, sane, &n, NULL), MJ_EJOURNAL);
  s->ops->free(s);
  mj__arena_free(&a);
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
  const struct CMUnitTest tests[] = {CASE(one_process),
                                     CASE(another_program),
                                     CASE(permissions),
                                     CASE(plain_names),
                                     CASE(damaged),
                                     CASE(flipped_bits),
                                     CASE(older_ones_are_brought_up_to_date),
                                     CASE(of_others),
                                     CASE(strange_rows)};
  return cmocka_run_group_tests_name("store_sqlite", tests, NULL, NULL);
}
