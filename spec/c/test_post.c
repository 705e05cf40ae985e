/* SPDX-License-Identifier: MIT
   test_post.c - what sends the simulator's callbacks, against real sockets of
   this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "rawserver.h"
#include "serve/post.h"

#define TURNS 20000 /* of a loop that would otherwise never end */

static mj_post *p;
static rawserver *server;

/* What came, by the server's thread: the bodies, one behind the other. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char bodies[4096], last_head[4096];
static const char *answer_text;
static int answer_flags;

static void keep(void *ud, const raw_request *req, raw_reply *out) {
  size_t n;
  (void)ud;
  (void)pthread_mutex_lock(&lock);
  n = strlen(bodies);
  snprintf(bodies + n, sizeof bodies - n, "%s ", req->body);
  snprintf(last_head, sizeof last_head, "%s", req->head);
  out->text = answer_text;
  out->flags = answer_flags;
  (void)pthread_mutex_unlock(&lock);
}

static void answer(const char *text, int flags) {
  (void)pthread_mutex_lock(&lock);
  answer_text = text;
  answer_flags = flags;
  (void)pthread_mutex_unlock(&lock);
}

static const char *locked(const char *text) {
  static char copy[2][4096];
  char *to = copy[text == bodies];
  (void)pthread_mutex_lock(&lock);
  snprintf(to, sizeof copy[0], "%s", text);
  (void)pthread_mutex_unlock(&lock);
  return to;
}

static int set_up(void **state) {
  (void)state;
  bodies[0] = last_head[0] = '\0';
  answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0);
  server = rawserver_new(keep, NULL);
  p = mj_post_new(0);
  assert_non_null(p);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  mj_post_free(p);
  rawserver_free(server);
  return 0;
}

static char *copy(const char *text) {
  char *s = malloc(strlen(text) + 1);
  assert_non_null(s);
  return memcpy(s, text, strlen(text) + 1);
}

static void add(uint64_t id, uint64_t key, const char *url, const char *body,
                int64_t timeout_ms) {
  struct mj_post_request r = {id,         key,          copy(url),
                              copy(body), strlen(body), timeout_ms};
  mj_post_add(p, &r);
}

static const char *here(const char *path) {
  static char url[200];
  snprintf(url, sizeof url, "http://127.0.0.1:%d%s", rawserver_port(server),
           path);
  return url;
}

/* Waits as the owner's loop does, until one has ended. */
static void turn(void) {
  struct pollfd f = {mj_post_fd(p), POLLIN, 0};
  int64_t ms = mj_post_timeout_ms(p);
  poll(&f, 1, ms < 0 || ms > 2000 ? 2000 : (int)ms);
  mj_post_step(p);
}

static struct mj_post_result next(void) {
  struct mj_post_result r;
  mj_post_step(p);
  for (int i = 0; i < TURNS; i++) {
    if (mj_post_next(p, &r))
      return r;
    turn();
  }
  fail_msg("no result");
  memset(&r, 0, sizeof r);
  return r;
}

static void test_one(void **state) {
  struct mj_post_result r;
  (void)state;
  assert_int_equal(mj_post_timeout_ms(p), -1);
  assert_int_equal(mj_post_next(p, &r), 0);
  add(7, 1, here("/hook?a=b"), "{\"id\":\"1\"}", 5000);
  assert_int_equal(mj_post_pending(p), 1);
  r = next();
  assert_int_equal(r.id, 7);
  assert_int_equal(r.status, 200);
  assert_int_equal(r.refused, 0);
  assert_string_equal(r.url, here("/hook?a=b"));
  assert_string_equal(locked(bodies), "{\"id\":\"1\"} ");
  assert_memory_equal(locked(last_head), "POST /hook?a=b HTTP/1.1\r\n", 25);
  assert_non_null(
      strstr(locked(last_head), "\r\nContent-Type: application/json\r\n"));
  assert_null(strstr(locked(last_head), "Expect"));
  assert_int_equal(mj_post_pending(p), 0);
  assert_int_equal(rawserver_posts(server), 1);
}

/* Any answer is one; where it leads elsewhere, nobody follows. */
static void test_statuses(void **state) {
  static const struct {
    const char *text;
    int flags, status;
  } cases[] = {
      {"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", 0, 500},
      {"HTTP/1.1 302 X\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", 0,
       302},
      {"HTTP/1.1 204 X\r\n\r\n", RAW_CLOSE, 204},
      {NULL, RAW_CLOSE, 0},
      {NULL, RAW_RESET, 0},
      {"what?\r\n\r\n", RAW_CLOSE, 0}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    answer(cases[i].text, cases[i].flags);
    add(i, 1, here("/"), "{}", 5000);
    assert_int_equal(next().status, cases[i].status);
    assert_int_equal(rawserver_requests(server), (int)i + 1);
  }
}

/* One task's go one after another, others pass them by. */
static void test_order(void **state) {
  char all[64] = "";
  (void)state;
  for (int i = 0; i < 12; i++) {
    char body[16];
    snprintf(body, sizeof body, "%d", i);
    snprintf(all + strlen(all), sizeof all - strlen(all), "%d ", i);
    add((uint64_t)i, 5, here("/"), body, 5000);
  }
  for (int i = 0; i < 12; i++)
    assert_int_equal(next().id, i);
  assert_string_equal(locked(bodies), all);
  /* a POST on a connection that has died might be sent twice */
  assert_int_equal(rawserver_connections(server), 12);
}

static void test_sixteen_at_once(void **state) {
  int most = 0;
  (void)state;
  answer(NULL, RAW_SILENT);
  for (uint64_t i = 0; i < 40; i++)
    add(i, i, here("/"), "{}", 300);
  for (int i = 0; i < 40; i++) {
    assert_int_equal(next().status, 0);
    if (i == 0)
      most = rawserver_connections(server);
  }
  assert_int_equal(most, 16);
  assert_int_equal(rawserver_connections(server), 40);
}

/* One that waits for its receiver holds up its own task, but neither the caller
   nor the others. */
static void test_silence(void **state) {
  (void)state;
  answer(NULL, RAW_SILENT);
  add(1, 1, here("/"), "{}", 60000);
  for (int i = 0; i < TURNS && !rawserver_requests(server); i++)
    turn();
  answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0);
  add(3, 1, here("/"), "{}", 5000);
  add(2, 2, here("/"), "{}", 5000);
  assert_int_equal(next().id, 2);
  assert_int_equal(rawserver_requests(server), 2);
  assert_int_equal(mj_post_pending(p), 2); /* tear_down breaks them off */
}

static void test_nobody_there(void **state) {
  char url[64];
  rawserver *gone = rawserver_new(keep, NULL);
  struct mj_post_result r;
  (void)state;
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", rawserver_port(gone));
  rawserver_free(gone);
  add(1, 1, url, "{}", 5000);
  r = next();
  assert_int_equal(r.status, 0);
  assert_int_equal(r.refused, 0);
}

/* Only this machine, however it is written; nothing is looked up for the rest
   (.invalid would take a resolver to find out). */
static void test_addresses(void **state) {
  static const struct {
    const char *url; /* %d is the port */
    int refused, status;
  } cases[] = {{"http://localhost:%d/", 0, 200},
               {"http://LOCALHOST:%d/", 0, 200},
               {"http://127.1:%d/", 0, 200},
               {"http://me:secret@127.0.0.1:%d/", 0, 200},
               {"http://127.8.9.10:%d/", 0, 0}, /* nobody listens there */
               {"http://[::1]:%d/", 0, 0},
               {"http://192.0.2.1:%d/", 1, 0},
               {"http://10.0.0.1:%d/", 1, 0},
               {"http://0.0.0.0:%d/", 1, 0},
               {"http://169.254.169.254:%d/", 1, 0},
               {"http://[2001:db8::1]:%d/", 1, 0},
               {"http://[::ffff:192.0.2.1]:%d/", 1, 0},
               {"http://name.invalid:%d/", 1, 0},
               {"https://name.invalid:%d/", 1, 0},
               {"http://127.0.0.1@name.invalid:%d/", 1, 0},
               {"http://127.0.0.1.name.invalid:%d/", 1, 0},
               {"http://localhost.name.invalid:%d/", 1, 0},
               {"ftp://127.0.0.1:%d/", 0, 0},
               {"file:///etc/hostname", 0, 0},
               {"gopher://127.0.0.1:%d/", 0, 0},
               {"no address at all", 0, 0},
               {"", 0, 0}};
  int seen = 0;
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char url[100], number[8];
    const char *d = strstr(cases[i].url, "%d");
    struct mj_post_result r;
    snprintf(number, sizeof number, "%d", rawserver_port(server));
    snprintf(url, sizeof url, "%.*s%s%s",
             (int)(d ? d - cases[i].url : (long)strlen(cases[i].url)),
             cases[i].url, d ? number : "", d ? d + 2 : "");
    add(i, i, url, "{}", 5000);
    r = next();
    if (r.refused != cases[i].refused || r.status != cases[i].status)
      fail_msg("%s: refused %d, status %d", url, r.refused, r.status);
    seen += cases[i].status == 200;
  }
  assert_int_equal(rawserver_requests(server), seen);
  assert_int_equal(rawserver_connections(server), seen);
}

/* A proxy of the environment is not asked. */
static void test_no_proxy(void **state) {
  (void)state;
  setenv("http_proxy", "http://127.0.0.1:9", 1);
  setenv("all_proxy", "http://127.0.0.1:9", 1);
  add(1, 1, here("/"), "{}", 5000);
  assert_int_equal(next().status, 200);
  unsetenv("http_proxy");
  unsetenv("all_proxy");
}

/* Told so, it does not look at the address: 0.0.0.0 is refused above, and ends
   at this machine. */
static void test_any(void **state) {
  struct mj_post_result r;
  char url[64];
  (void)state;
  mj_post_free(p);
  p = mj_post_new(1);
  assert_non_null(p);
  snprintf(url, sizeof url, "http://0.0.0.0:%d/", rawserver_port(server));
  add(1, 1, url, "{}", 5000);
  r = next();
  assert_int_equal(r.refused, 0);
  assert_int_equal(r.status, 200);
}

/* Another descriptor shows through. */
static void test_watch(void **state) {
  struct pollfd f = {mj_post_fd(p), POLLIN, 0};
  int pipes[2];
  (void)state;
  assert_int_equal(pipe(pipes), 0);
  assert_int_equal(mj_post_watch(p, pipes[0]), 0);
  assert_int_equal(poll(&f, 1, 0), 0);
  assert_int_equal(write(pipes[1], "x", 1), 1);
  assert_int_equal(poll(&f, 1, 2000), 1);
  mj_post_step(p);
  add(1, 1, here("/"), "{}", 5000);
  assert_int_equal(next().status, 200);
  assert_int_equal(mj_post_watch(p, -1), -1);
  close(pipes[0]);
  close(pipes[1]);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
      T(test_one),      T(test_statuses),     T(test_order),
      T(test_silence),  T(test_nobody_there), T(test_sixteen_at_once),
      T(test_no_proxy), T(test_addresses),    T(test_any),
      T(test_watch),
  };
  return cmocka_run_group_tests_name("post", tests, NULL, NULL);
}
