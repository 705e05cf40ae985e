/* SPDX-License-Identifier: MIT
   test_ca.c - the file of authorities is read on another thread, and when it is
   no good nobody is believed.  (Who is believed: spec/fault, behind nginx.) */
#include "ca.h"
#include "mj_int.h"
#include "http.h"
#include "rawserver.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/mj-ca-XXXXXX", file[64];

static int make_folder(void **state) {
  (void)state;
  if (!mkdtemp(folder))
    return -1;
  (void)snprintf(file, sizeof file, "%s/ca.pem", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  (void)unlink(file);
  return rmdir(folder);
}

static const char *their_ssl(void) {
  return curl_version_info(CURLVERSION_NOW)->ssl_version;
}

/* Somebody else has a pipe open for reading, which this thread only made: then
   it can be written to. */
static int somebody_reads(const char *text) {
  int tries, fd = -1;
  for (tries = 0; tries < 5000 && fd < 0; tries++) {
    fd = open(file, O_WRONLY | O_NONBLOCK);
    if (fd < 0)
      (void)poll(NULL, 0, 1);
  }
  if (fd < 0)
    return 0;
  assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
  assert_int_equal(close(fd), 0);
  return 1;
}

static void begin(mj_transport *tr, const char *origin, int threads,
                  const char *folder_of_them) {
  struct mj__http_config cfg;
  mj_http q;
  memset(&cfg, 0, sizeof cfg);
  mj__mem_init(&cfg.mem, NULL, NULL);
  cfg.connections = 1;
  cfg.origin = origin;
  cfg.ca_file = file;
  cfg.ca_path = folder_of_them;
  cfg.threads = threads;
  assert_int_equal(mj__http_new(tr, &cfg), MJ_OK);
  memset(&q, 0, sizeof q);
  q.id = 1;
  q.url = origin;
  q.method = "GET";
  assert_int_equal(tr->start(tr->ud, NULL, &q), MJ_OK);
}

static void the_caller_does_not_wait(void **state) {
  mj_transport tr;
  (void)state;
  assert_int_equal(mkfifo(file, 0600), 0);
  begin(&tr, "https://127.0.0.1:9", 1, NULL);
  assert_true(somebody_reads("no certificate\n"));
  tr.free(tr.ud);
  assert_int_equal(unlink(file), 0);
}

/* Nothing is read where no TLS is spoken, no thread wanted, or libcurl asked to
   look into a folder. */
static void nor_does_it_read_in_vain(void **state) {
  static const struct {
    const char *origin, *path;
    int threads;
  } all[] = {{"http://127.0.0.1:9", NULL, 1},
             {"https://127.0.0.1:9", NULL, 0},
             {"https://127.0.0.1:9", folder, 1}};
  size_t i;
  (void)state;
  assert_int_equal(mkfifo(file, 0600), 0);
  for (i = 0; i < sizeof all / sizeof all[0]; i++) {
    mj_transport tr;
    begin(&tr, all[i].origin, all[i].threads, all[i].path);
    (void)poll(NULL, 0, 50);
    assert_int_equal(open(file, O_WRONLY | O_NONBLOCK), -1);
    tr.free(tr.ud);
  }
  assert_int_equal(unlink(file), 0);
}

static void must_not_be_asked(void *ud, const raw_request *q, raw_reply *r) {
  (void)ud;
  (void)q;
  r->made = raw_text(200, "", "{}");
}

static void write_file(const char *text) {
  FILE *f = fopen(file, "w");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
}

static void a_bad_file_sends_nothing(void **state) {
  static const char *const bad[] = {
      NULL, "", "no certificate\n",
      "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n"};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    rawserver *s = rawserver_new(must_not_be_asked, NULL);
    const mj_event *ev = NULL;
    char base[64];
    mj_request q;
    mj_config cfg;
    mj_client *c;
    mj_error err;
    mj_id id;
    int turns;
    if (bad[i])
      write_file(bad[i]);
    mj_config_init(&cfg);
    (void)snprintf(base, sizeof base, "https://127.0.0.1:%d",
                   rawserver_port(s));
    cfg.base_url = base;
    cfg.api_key = "sk-CANARY-ca-7c1d";
    cfg.auth = "bearer";
    cfg.dialect = "mj";
    cfg.attempts = 1;
    cfg.ca_file = file;
    assert_int_equal(mj_client_new(&c, &cfg, &err), MJ_OK);
    memset(&q, 0, sizeof q);
    q.op = MJ_OP_IMAGINE;
    q.prompt = "black cat";
    assert_int_equal(mj_submit(c, &q, &id, &err), MJ_OK);
    for (turns = 0; turns < 1000 && (!ev || ev->type != MJ_EV_DONE); turns++) {
      assert_true(mj_step(c, 1000, 0) >= 0);
      ev = mj_event_peek(c);
    }
    assert_non_null(ev);
    assert_non_null(ev->error);
    assert_int_equal(ev->error->code, MJ_ENETWORK);
    assert_non_null(strstr(ev->error->text, "cannot be read (ca_file)"));
    mj_event_pop(c);
    mj_client_free(c);
    assert_int_equal(rawserver_requests(s), 0);
    rawserver_free(s);
  }
}

static void another_ssl_is_left_alone(void **state) {
  static const char *const others[] = {NULL,
                                       "",
                                       "GnuTLS/3.7.9",
                                       "OpenSSL/1.1.1w",
                                       "LibreSSL/3.6",
                                       "BoringSSL",
                                       "(OpenSSL/3.0.11) Schannel"};
  struct mj__ca *ca;
  struct mj__mem m;
  size_t i;
  (void)state;
  mj__mem_init(&m, NULL, NULL);
  for (i = 0; i < sizeof others / sizeof others[0]; i++)
    assert_int_equal(mj__ca_new(&ca, &m, file, others[i]), MJ_EUNSUPPORTED);
  assert_int_equal(mj__ca_new(&ca, &m, NULL, their_ssl()), MJ_EUNSUPPORTED);
  assert_int_equal(mj__ca_new(&ca, &m, file, their_ssl()), MJ_OK);
  mj__ca_free(ca);
  mj__ca_free(NULL);
}

static int left; /* allocations that go well */

static void *scarce(void *ud, void *p, size_t osize, size_t nsize) {
  (void)ud;
  (void)osize;
  if (nsize == 0) {
    free(p);
    return NULL;
  }
  return left-- > 0 ? realloc(p, nsize) : NULL;
}

static void memory_may_lack(void **state) {
  struct mj__ca *ca;
  struct mj__mem m;
  int n, rc = MJ_ERESOURCE;
  (void)state;
  mj__mem_init(&m, scarce, NULL);
  for (n = 0; n < 5 && rc != MJ_OK; n++) {
    left = n;
    rc = mj__ca_new(&ca, &m, file, their_ssl());
    assert_true(rc == MJ_OK || (rc == MJ_ERESOURCE && !ca));
  }
  assert_int_equal(rc, MJ_OK);
  assert_int_equal(n, 3);
  mj__ca_free(ca);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_caller_does_not_wait),
      cmocka_unit_test(nor_does_it_read_in_vain),
      cmocka_unit_test(a_bad_file_sends_nothing),
      cmocka_unit_test(another_ssl_is_left_alone),
      cmocka_unit_test(memory_may_lack),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
