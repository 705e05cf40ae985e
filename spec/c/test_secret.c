/* SPDX-License-Identifier: MIT
   test_secret.c - files that a key may be in: who else can get at them. */
#include "test.h"

#include "mj.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[64], file[80], link_name[80];

static int up(void **state) {
  FILE *f;
  (void)state;
  (void)snprintf(folder, sizeof folder, "/tmp/mj-secret-XXXXXX");
  assert_non_null(mkdtemp(folder));
  (void)snprintf(file, sizeof file, "%s/key", folder);
  (void)snprintf(link_name, sizeof link_name, "%s/link", folder);
  f = fopen(file, "w");
  assert_non_null(f);
  (void)fputs("sk-0123456789", f);
  (void)fclose(f);
  assert_int_equal(chmod(file, 0600), 0);
  return 0;
}

static int down(void **state) {
  (void)state;
  (void)unlink(link_name);
  (void)unlink(file);
  assert_int_equal(rmdir(folder), 0);
  return 0;
}

/* Whether it is exposed; the text is there in any case. */
static int exposed(const char *path, mj_error *err) {
  char buf[32];
  int is = -1;
  assert_int_equal(mj_read_private(path, buf, sizeof buf, &is, err), 13);
  assert_string_equal(buf, "sk-0123456789");
  return is;
}

static void modes(void **state) {
  static const struct {
    mode_t mode;
    int exposed;
  } rows[] = {{0600, 0}, {0400, 0}, {0640, 1}, {0604, 1},
              {0644, 1}, {0620, 1}, {0602, 1}, {0610, 1}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    mj_error err;
    assert_int_equal(chmod(file, rows[i].mode), 0);
    assert_int_equal(exposed(file, &err), rows[i].exposed);
    if (rows[i].exposed) {
      assert_int_equal(err.code, MJ_EAUTH);
      assert_non_null(strstr(err.text, "chmod 600 /tmp/mj-secret-"));
      assert_null(strstr(err.text, "0123456789"));
    }
  }
}

static void folders(void **state) {
  mj_error err;
  (void)state;
  assert_int_equal(chmod(folder, 0755), 0);
  assert_int_equal(exposed(file, &err), 0);
  assert_int_equal(chmod(folder, 0775), 0);
  assert_int_equal(exposed(file, &err), 1);
  assert_non_null(strstr(err.text, "chmod go-w /tmp/mj-secret-"));
  assert_int_equal(chmod(folder, 01777),
                   0); /* as /tmp: others remove nothing */
  assert_int_equal(exposed(file, &err), 0);
  assert_int_equal(chmod(folder, 0700), 0);
}

static void links(void **state) {
  mj_error err;
  (void)state;
  assert_int_equal(symlink(file, link_name), 0);
  assert_int_equal(exposed(link_name, &err), 0);
  assert_int_equal(chmod(file, 0644), 0);
  assert_int_equal(exposed(link_name, &err), 1);
}

static void what_cannot_be_read(void **state) {
  char buf[8];
  int is;
  mj_error err;
  (void)state;
  assert_int_equal(mj_read_private(file, buf, sizeof buf, &is, &err),
                   MJ_ETOO_LARGE);
  assert_int_equal(mj_read_private(folder, buf, sizeof buf, &is, &err),
                   MJ_EINVALID);
  assert_int_equal(mj_read_private("/dev/zero", buf, sizeof buf, &is, &err),
                   MJ_EINVALID);
  assert_int_equal(mj_read_private(link_name, buf, sizeof buf, &is, &err),
                   MJ_ENOT_FOUND);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)
  const struct CMUnitTest tests[] = {TEST(modes), TEST(folders), TEST(links),
                                     TEST(what_cannot_be_read)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
