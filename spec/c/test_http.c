/* SPDX-License-Identifier: MIT
   test_http.c - the transport over real sockets, and what each of its guards is
   worth: single options of libcurl can be taken away (setopt.h). */
#include "http_int.h"
#include "mj_int.h"
#include "rawserver.h"
#include "setopt.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* The time that the process was stopped for, between any two looks at the clock
   that goes on meanwhile. */
static int64_t stopped_ms, boot_looks;
int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts) {
  int rc = __real_clock_gettime(id, ts);
  if (id == CLOCK_BOOTTIME) {
    boot_looks++;
    ts->tv_sec += (time_t)(stopped_ms * boot_looks / 1000);
    ts->tv_nsec = 0;
    if (boot_looks == 4)
      stopped_ms = 0;
  }
  return rc;
}

static int syncs;
static int no_names;
int __real_linkat(int from, const char *a, int to, const char *b, int flags);
int __wrap_linkat(int from, const char *a, int to, const char *b, int flags);
int __wrap_linkat(int from, const char *a, int to, const char *b, int flags) {
  if (!no_names)
    return __real_linkat(from, a, to, b, flags);
  errno = ENOSYS;
  return -1;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd) {
  syncs++;
  return __real_fsync(fd);
}

static const char *const task_running =
    "{\"id\":\"17\",\"status\":\"IN_PROGRESS\",\"progress\":\"10%\"}";
static const char *const task_done =
    "{\"id\":\"17\",\"status\":\"SUCCESS\",\"progress\":\"100%\"}";
static const char *const accepted =
    "{\"code\":1,\"description\":\"ok\",\"result\":\"17\"}";

static mj_client *client_for(rawserver *s, void (*tune)(mj_config *)) {
  mj_config cfg;
  mj_client *c;
  mj_error err;
  char base[64];
  mj_config_init(&cfg);
  cfg.auth = "bearer";
  cfg.dialect = "mj";
  (void)snprintf(base, sizeof base, "http://127.0.0.1:%d", rawserver_port(s));
  cfg.base_url = base;
  cfg.api_key = "sk-CANARY-7c1d";
  cfg.poll.first_ms = 1;
  cfg.poll.gaps_ms[0] = 1;
  cfg.poll.ngaps = 1;
  if (tune)
    tune(&cfg);
  assert_int_equal(mj_client_new(&c, &cfg, &err), MJ_OK);
  return c;
}

static mj_id imagine(mj_client *c) {
  mj_request r;
  mj_error err;
  mj_id id;
  memset(&r, 0, sizeof r);
  r.op = MJ_OP_IMAGINE;
  r.prompt = "black cat";
  assert_int_equal(mj_submit(c, &r, &id, &err), MJ_OK);
  return id;
}

/* Runs until `id` ends; its code. */
static int end_of(mj_client *c, mj_id id, char *text, size_t size) {
  int turns;
  for (turns = 0; turns < 100000; turns++) {
    const mj_event *ev;
    assert_true(mj_step(c, 1000, 0) >= 0);
    while ((ev = mj_event_peek(c)) != NULL) {
      int ours = ev->id == id && ev->type == MJ_EV_DONE;
      int code = ev->error ? ev->error->code : MJ_OK;
      if (ours && text)
        (void)snprintf(text, size, "%s",
                       ev->error  ? ev->error->text
                       : ev->data ? ev->data
                                  : "");
      mj_event_pop(c);
      if (ours)
        return code;
    }
  }
  fail_msg("the job did not end");
  return 0;
}

/* The first submit of a connection is answered; a second one on the same
   connection is read whole and then the connection dies. */
static void dies_when_warm(void *ud, const raw_request *q, raw_reply *r) {
  (void)ud;
  if (strncmp(q->head, "POST", 4) == 0) {
    if (q->total == 1)
      r->made = raw_text(200, "", accepted);
    else
      r->flags = RAW_CLOSE;
  } else {
    r->made = raw_text(200, "", task_done);
  }
}

static int posts_when_it_dies(int no_fresh, int can_rewind, int no_prereq,
                              int *code) {
  rawserver *s = rawserver_new(dies_when_warm, NULL);
  mj_client *c;
  int posts;
  without_fresh = no_fresh;
  rewindable = can_rewind;
  without_prereq = no_prereq;
  c = client_for(s, NULL);
  assert_int_equal(end_of(c, imagine(c), NULL, 0), MJ_OK);
  *code = end_of(c, imagine(c), NULL, 0);
  posts = rawserver_posts(s) - 1;
  mj_client_free(c);
  rawserver_free(s);
  without_fresh = without_prereq = rewindable = 0;
  return posts;
}

static void warm_connection_dies_one_post(void **state) {
  int code;
  (void)state;
  assert_int_equal(posts_when_it_dies(0, 0, 0, &code), 1);
  assert_int_equal(code, MJ_EUNKNOWN_OUTCOME);
}

static void guard_alone_holds_on_a_reused_connection(void **state) {
  int code;
  (void)state;
  assert_int_equal(posts_when_it_dies(1, 1, 0, &code), 1);
  assert_int_equal(code, MJ_EUNKNOWN_OUTCOME);
  /* and a body that cannot be rewound holds without the guard */
  assert_int_equal(posts_when_it_dies(1, 0, 1, &code), 1);
  assert_int_equal(code, MJ_EUNKNOWN_OUTCOME);
}

/* Without our guards libcurl does send twice: the tests above can fail. */
static void libcurl_alone_pays_twice(void **state) {
  int code;
  (void)state;
  assert_true(posts_when_it_dies(1, 1, 1, &code) >= 2);
}

static void many(void *ud, const raw_request *q, raw_reply *r) {
  (void)ud;
  r->made = raw_text(200, "",
                     strncmp(q->head, "POST", 4) == 0 ? accepted
                     : q->nth % 3 == 0                ? task_done
                                                      : task_running);
}

static void polls_reuse_and_submits_do_not(void **state) {
  rawserver *s = rawserver_new(dies_when_warm, NULL);
  mj_client *c = client_for(s, NULL);
  mj_stats st;
  (void)state;
  assert_int_equal(end_of(c, imagine(c), NULL, 0), MJ_OK);
  mj_client_stats(c, &st);
  /* the poll went over the connection that the submit had opened */
  assert_int_equal(st.connects, 1);
  assert_int_equal(st.requests, 2);
  mj_client_free(c);
  rawserver_free(s);
  /* the next submit opens another, though one is idle */
  s = rawserver_new(many, NULL);
  c = client_for(s, NULL);
  assert_int_equal(end_of(c, imagine(c), NULL, 0), MJ_OK);
  assert_int_equal(end_of(c, imagine(c), NULL, 0), MJ_OK);
  mj_client_stats(c, &st);
  assert_int_equal(st.connects, 2);
  mj_client_free(c);
  rawserver_free(s);
}

static void eight_connections(mj_config *cfg) {
  cfg->connections = 8;
}

static void a_thousand_on_eight_connections(void **state) {
  rawserver *s = rawserver_new(many, NULL);
  mj_client *c = client_for(s, eight_connections);
  mj_stats st;
  int i, done = 0, left;
  (void)state;
  for (i = 0; i < 1000; i++)
    (void)imagine(c);
  do {
    const mj_event *ev;
    left = mj_step(c, 1000, 0);
    while ((ev = mj_event_peek(c)) != NULL) {
      done += ev->type == MJ_EV_DONE && !ev->error;
      mj_event_pop(c);
    }
  } while (left > 0);
  mj_client_stats(c, &st);
  assert_int_equal(done, 1000);
  assert_int_equal(rawserver_posts(s), 1000);
  assert_true(st.sockets_peak <= 8);
  print_message("1000 tasks: %llu polls, most sockets at once %zu\n",
                (unsigned long long)st.polls, st.sockets_peak);
  mj_client_free(c);
  rawserver_free(s);
}

/* Its record may be two minutes old by then: somebody may have proved that it
   never left. */
static void what_was_stopped_before_it_left_does_not_leave(void **state) {
  rawserver *s = rawserver_new(many, NULL);
  mj_client *c = client_for(s, NULL);
  mj_stats st;
  (void)state;
  boot_looks = 0;
  stopped_ms = 6000; /* for two attempts */
  assert_int_equal(end_of(c, imagine(c), NULL, 0), MJ_OK);
  mj_client_stats(c, &st);
  assert_int_equal(boot_looks, 6);
  assert_int_equal(st.submits, 3);
  assert_int_equal(rawserver_posts(s), 1);
  boot_looks = 0;
  stopped_ms = 4000;
  assert_int_equal(end_of(c, imagine(c), NULL, 0), MJ_OK);
  mj_client_stats(c, &st);
  assert_int_equal(st.submits, 4);
  assert_int_equal(rawserver_posts(s), 2);
  stopped_ms = 0;
  mj_client_free(c);
  rawserver_free(s);
}

static void refused_connection_is_not_sent(void **state) {
  rawserver *s = rawserver_new(many, NULL);
  char text[480];
  mj_client *c = client_for(s, NULL);
  (void)state;
  rawserver_free(s); /* nobody listens there now */
  assert_int_equal(end_of(c, imagine(c), text, sizeof text), MJ_ENETWORK);
  assert_non_null(strstr(text, "is base_url right"));
  assert_null(strstr(text, "CANARY"));
  mj_client_free(c);
}

static void silent(void *ud, const raw_request *q, raw_reply *r) {
  (void)ud;
  (void)q;
  r->flags = RAW_SILENT;
}

static void short_patience(mj_config *cfg) {
  cfg->submit_timeout_ms = 300;
}

static void silence_after_the_request_is_unknown(void **state) {
  rawserver *s = rawserver_new(silent, NULL);
  mj_client *c = client_for(s, short_patience);
  (void)state;
  assert_int_equal(end_of(c, imagine(c), NULL, 0), MJ_EUNKNOWN_OUTCOME);
  assert_int_equal(rawserver_posts(s), 1);
  mj_client_free(c);
  rawserver_free(s);
}

/* A transport of ours in front of libcurl's that tampers with tickets. */
static mj_transport real;

static int start_without_ticket(void *ud, mj_client *c, const mj_http *req) {
  mj_http h = *req;
  h.ticket = 0;
  return real.start(ud, c, &h);
}

static void without_a_ticket_nothing_leaves(void **state) {
  rawserver *s = rawserver_new(many, NULL);
  mj_client *c = client_for(s, NULL);
  (void)state;
  real = c->tr;
  c->tr.start = start_without_ticket;
  assert_int_equal(end_of(c, imagine(c), NULL, 0), MJ_ENETWORK);
  assert_int_equal(rawserver_requests(s), 0);
  mj_client_free(c);
  rawserver_free(s);
}

/* Only a proxy that was asked for sees a key. */
static void the_environment_s_proxies_are_not_used(void **state) {
  rawserver *s = rawserver_new(many, NULL);
  mj_client *c;
  (void)state;
  assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
  assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
  c = client_for(s, NULL);
  assert_int_equal(end_of(c, imagine(c), NULL, 0), MJ_OK);
  mj_client_free(c);
  (void)unsetenv("http_proxy");
  (void)unsetenv("ALL_PROXY");
  rawserver_free(s);
}

/* A host closes what it had us watch, and the number comes back as a socket of
   ours. */
static void a_stale_descriptor_harms_nobody(void **state) {
  rawserver *s = rawserver_new(many, NULL);
  mj_client *c = client_for(s, NULL);
  int fds[2];
  (void)state;
  assert_int_equal(pipe(fds), 0);
  assert_int_equal(mj_watch(c, fds[0]), MJ_OK);
  assert_int_equal(mj_watch(c, fds[0]), MJ_EINVALID);
  (void)close(fds[0]);
  (void)close(fds[1]);
  assert_int_equal(end_of(c, imagine(c), NULL, 0), MJ_OK);
  mj_client_free(c);
  c = client_for(s, NULL);
  assert_int_equal(mj_unwatch(c, 0), MJ_EINVALID);
  assert_int_equal(mj_step(c, -1, 0), 0); /* and does not wait for ever */
  mj_client_free(c);
  rawserver_free(s);
}

/* Pictures ---------------------------------------------------------------- */

static char seen_head[4096];

static void pictures(void *ud, const raw_request *q, raw_reply *r) {
  char where[128];
  (void)snprintf(seen_head, sizeof seen_head, "%s", q->head);
  if (strstr(q->head, " /loop ")) {
    r->made = raw_text(302, "Location: /loop\r\n", "");
  } else if (strstr(q->head, " /away ")) {
    (void)snprintf(where, sizeof where,
                   "Location: http://localhost:%d/there\r\n", *(int *)ud);
    r->made = raw_text(302, where, "");
  } else if (strstr(q->head, " /file ")) {
    r->made = raw_text(302, "Location: file:///etc/hostname\r\n", "");
  } else if (strstr(q->head, " /gone ")) {
    r->made = raw_text(403, "", "This content is no longer available.");
  } else {
    r->made = raw_text(200, "Content-Type: image/png\r\n", "PNGPNGPNG");
  }
}

static int fetch(mj_client *c, const char *url, char *text, size_t size) {
  mj_error err;
  mj_id id;
  int rc = mj_fetch(c, url, &id, &err);
  if (rc) {
    (void)snprintf(text, size, "%s", err.text);
    return rc;
  }
  return end_of(c, id, text, size);
}

static void small_pictures(mj_config *cfg) {
  cfg->max_image = 8;
}

static void pictures_and_their_addresses(void **state) {
  int other_port = 0;
  rawserver *s = rawserver_new(pictures, &other_port);
  rawserver *other = rawserver_new(pictures, &other_port);
  mj_client *c = client_for(s, NULL);
  char url[128], text[480];
  (void)state;
  other_port = rawserver_port(other);
#define URL(srv, path)                                                         \
  (snprintf(url, sizeof url, "http://127.0.0.1:%d" path,                       \
            rawserver_port(srv)) > 0                                           \
       ? url                                                                   \
       : "")
  assert_int_equal(fetch(c, URL(s, "/ok.png"), text, sizeof text), MJ_OK);
  assert_string_equal(text, "PNGPNGPNG");
  /* the key goes to the gateway's API and nowhere else */
  assert_null(strstr(seen_head, "CANARY"));
  assert_int_equal(fetch(c, URL(other, "/x"), text, sizeof text),
                   MJ_EBLOCKED_ADDRESS);
  assert_int_equal(rawserver_requests(other), 0);
  assert_int_equal(fetch(c, URL(s, "/away"), text, sizeof text),
                   MJ_EBLOCKED_ADDRESS);
  assert_int_equal(rawserver_requests(other), 0);
  assert_int_equal(fetch(c, URL(s, "/loop"), text, sizeof text), MJ_EPROTOCOL);
  assert_non_null(strstr(text, "redirects"));
  assert_int_equal(fetch(c, URL(s, "/file"), text, sizeof text),
                   MJ_EBLOCKED_ADDRESS);
  assert_int_equal(fetch(c, "file:///etc/hostname", text, sizeof text),
                   MJ_EBLOCKED_ADDRESS);
  assert_int_equal(fetch(c, URL(s, "/gone"), text, sizeof text), MJ_EEXPIRED);
  mj_client_free(c);
  c = client_for(s, small_pictures);
  assert_int_equal(fetch(c, URL(s, "/big"), text, sizeof text), MJ_ETOO_LARGE);
  mj_client_free(c);
  rawserver_free(other);
  rawserver_free(s);
}

static const char *const friends[] = {"127.0.0.1"};

static void with_friends(mj_config *cfg) {
  cfg->allow_hosts = friends;
  cfg->nallow_hosts = 1;
}

static void allowed_hosts_may_be_anywhere(void **state) {
  int port = 0;
  rawserver *s = rawserver_new(pictures, &port);
  rawserver *other = rawserver_new(pictures, &port);
  mj_client *c = client_for(s, with_friends);
  char url[128], text[480];
  (void)state;
  assert_int_equal(fetch(c, URL(other, "/ok"), text, sizeof text), MJ_OK);
  mj_client_free(c);
  rawserver_free(other);
  rawserver_free(s);
}

/* The descriptor ---------------------------------------------------------- */

static void one_descriptor_tells_all(void **state) {
  rawserver *s = rawserver_new(many, NULL);
  mj_client *c = client_for(s, NULL);
  struct pollfd p;
  int pipe_fds[2], turns = 0, done = 0;
  (void)state;
  p.fd = mj_fd(c);
  p.events = POLLIN;
  assert_true(p.fd >= 0);
  (void)imagine(c);
  while (!done && turns++ < 1000) { /* a host's loop: never blocks in mj_step */
    const mj_event *ev;
    int64_t t = mj_timeout(c);
    assert_true(t < 120000);
    (void)poll(&p, 1, t < 0 ? 1000 : (int)t);
    (void)mj_step(c, 0, 2000);
    while ((ev = mj_event_peek(c)) != NULL) {
      done |= ev->type == MJ_EV_DONE;
      mj_event_pop(c);
    }
  }
  assert_true(done);
  assert_int_equal(pipe(pipe_fds), 0);
  assert_int_equal(mj_watch(c, pipe_fds[0]), MJ_OK);
  assert_int_equal(poll(&p, 1, 0), 0);
  assert_int_equal(write(pipe_fds[1], "x", 1), 1);
  assert_int_equal(poll(&p, 1, 1000), 1);
  assert_int_equal(mj_unwatch(c, pipe_fds[0]), MJ_OK);
  (void)mj_step(c, 0, 0);
  assert_int_equal(poll(&p, 1, 0), 0);
  assert_int_equal(mj_wakeup(c), MJ_OK);
  assert_int_equal(poll(&p, 1, 1000), 1);
  (void)mj_step(c, 0, 0);
  assert_int_equal(poll(&p, 1, 0), 0);
  (void)close(pipe_fds[0]);
  (void)close(pipe_fds[1]);
  mj_client_free(c);
  rawserver_free(s);
}

static void is_in(const char *file, const char *want) {
  char got[16] = "";
  FILE *f = fopen(file, "rb");
  assert_non_null(f);
  assert_int_equal(fread(got, 1, sizeof got - 1, f), strlen(want));
  assert_string_equal(got, want);
  (void)fclose(f);
}

static void helper_thread_writes_whole_files(void **state) {
  rawserver *s = rawserver_new(many, NULL);
  mj_client *c = client_for(s, NULL);
  char path[] = "/tmp/mj-test-XXXXXX", file[64], bad[64], text[480];
  mj_error err;
  mj_id id;
  (void)state;
  assert_non_null(mkdtemp(path));
  (void)snprintf(file, sizeof file, "%s/a/b/c.png", path);
  syncs = 0;
  assert_int_equal(mj_write(c, file, "whole", 5, &id, &err), MJ_OK);
  assert_int_equal(end_of(c, id, text, sizeof text), MJ_OK);
  /* the file (twice, where the first had to be done without), and the folder it
     is in */
  assert_int_equal(syncs, no_names ? 3 : 2);
  is_in(file, "whole");
  assert_int_equal(mj_write(c, file, "another", 7, &id, &err), MJ_OK);
  assert_int_equal(end_of(c, id, text, sizeof text), MJ_OK);
  is_in(file, "another");
  (void)snprintf(bad, sizeof bad, "%s/a/b/c.png/no", path);
  assert_int_equal(mj_write(c, bad, "x", 1, &id, &err), MJ_OK);
  assert_int_equal(end_of(c, id, text, sizeof text), MJ_ERESOURCE);
  /* one that nobody waits for is written all the same */
  (void)unlink(file);
  assert_int_equal(mj_write(c, file, "again", 5, &id, &err), MJ_OK);
  mj_client_free(c);
  is_in(file, "again");
  (void)unlink(file);
  (void)snprintf(bad, sizeof bad, "%s/a/b", path);
  (void)rmdir(bad);
  (void)snprintf(bad, sizeof bad, "%s/a", path);
  (void)rmdir(bad);
  assert_int_equal(rmdir(path), 0); /* no .part was left behind */
  rawserver_free(s);
}

/* On a disk, or a system, that has no files without a name. */
static void where_files_need_a_name(void **state) {
  no_names = 1;
  helper_thread_writes_whole_files(state);
  no_names = 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(warm_connection_dies_one_post),
      cmocka_unit_test(guard_alone_holds_on_a_reused_connection),
      cmocka_unit_test(libcurl_alone_pays_twice),
      cmocka_unit_test(polls_reuse_and_submits_do_not),
      cmocka_unit_test(a_thousand_on_eight_connections),
      cmocka_unit_test(what_was_stopped_before_it_left_does_not_leave),
      cmocka_unit_test(refused_connection_is_not_sent),
      cmocka_unit_test(silence_after_the_request_is_unknown),
      cmocka_unit_test(without_a_ticket_nothing_leaves),
      cmocka_unit_test(the_environment_s_proxies_are_not_used),
      cmocka_unit_test(a_stale_descriptor_harms_nobody),
      cmocka_unit_test(pictures_and_their_addresses),
      cmocka_unit_test(allowed_hosts_may_be_anywhere),
      cmocka_unit_test(one_descriptor_tells_all),
      cmocka_unit_test(helper_thread_writes_whole_files),
      cmocka_unit_test(where_files_need_a_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
