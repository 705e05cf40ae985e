/* SPDX-License-Identifier: MIT
   test_httpd.c - the HTTP server on a real socket of this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/httpd.h"

#define TURNS 20000 /* of a loop that would otherwise never end */

static mj_httpd *h;
static int handled;

/* Says what came: "POST /x?y 5 auth". */
static void echo(void *ud, const mj_httpd_request *req, mj_httpd_reply *r) {
  const char *auth = mj_httpd_header(req, "authorization");
  assert_ptr_equal(ud, &handled);
  handled++;
  if (strstr(req->target, "late"))
    r->delay_ms = strtol(strstr(req->target, "late") + 4, NULL, 10);
  r->chunked = strstr(req->target, "chunked") != NULL;
  if (strstr(req->target, "drop")) {
    r->drop = 1;
    return;
  }
  r->status = strstr(req->target, "teapot") ? 418 : 200;
  if (strstr(req->target, "nothing"))
    return;
  r->content_type = "text/plain";
  r->headers[0].name = "X-Count";
  snprintf(r->headers[0].value, sizeof r->headers[0].value, "%d", handled);
  r->nheaders = 1;
  r->body = malloc(300 + req->len);
  assert_non_null(r->body);
  r->len = (size_t)snprintf(r->body, 300, "%s %s %zu %s", req->method,
                            req->target, req->len, auth ? auth : "-");
  if (strstr(req->target, "back")) {
    memcpy(r->body, req->body, req->len);
    r->len = req->len;
  }
}

static void open_with(size_t max_body) {
  struct mj_httpd_config cfg;
  char why[200];
  memset(&cfg, 0, sizeof cfg);
  cfg.handler = echo;
  cfg.ud = &handled;
  cfg.max_body = max_body;
  handled = 0;
  if (mj_httpd_new(&h, &cfg, why, sizeof why))
    fail_msg("%s", why);
}

static int set_up(void **state) {
  (void)state;
  open_with(0);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  mj_httpd_free(h);
  h = NULL;
  return 0;
}

static int dial(void) {
  struct sockaddr_in a;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  memset(&a, 0, sizeof a);
  a.sin_family = AF_INET;
  a.sin_port = htons((uint16_t)mj_httpd_port(h));
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
  assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
  return fd;
}

/* One turn of a loop: waits for the server's descriptor or another, no longer
   than the server says. */
static void turn(int fd, short events) {
  struct pollfd p[2] = {{mj_httpd_fd(h), POLLIN, 0}, {fd, events, 0}};
  int64_t ms = mj_httpd_timeout_ms(h);
  poll(p, fd >= 0 ? 2 : 1, ms < 0 || ms > 1000 ? 1000 : (int)ms);
  mj_httpd_step(h);
}

static void send_all(int fd, const char *data, size_t n) {
  for (int i = 0; n && i < TURNS; i++) {
    ssize_t k = send(fd, data, n, MSG_NOSIGNAL);
    if (k > 0) {
      data += k;
      n -= (size_t)k;
    } else {
      assert_true(errno == EAGAIN || errno == EWOULDBLOCK);
      turn(fd, POLLOUT);
    }
  }
  assert_int_equal(n, 0);
}

/* Reads until `want` whole answers are there or the connection ends. */
static char *answers(int fd, int want, size_t *len) {
  size_t cap = 1 << 16, n = 0;
  char *text = malloc(cap + 1);
  for (int i = 0; i < TURNS; i++) {
    int have = 0;
    if (n + 4096 > cap)
      text = realloc(text, (cap *= 2) + 1);
    assert_non_null(text);
    ssize_t k = recv(fd, text + n, cap - n, 0);
    if (k == 0)
      break;
    if (k > 0)
      n += (size_t)k;
    text[n] = '\0';
    for (char *p = text; (p = strstr(p, "\r\n\r\n")); have++) {
      char *head = strstr(text, "Content-Length: ");
      p += 4 + (head ? strtoul(head + 16, NULL, 10) : 0);
      if (p > text + n)
        break;
    }
    if (have >= want)
      break;
    turn(fd, POLLIN);
  }
  text[n] = '\0';
  *len = n;
  return text;
}

static char *exchange(const char *request, size_t *len) {
  int fd = dial();
  char *text;
  send_all(fd, request, strlen(request));
  text = answers(fd, 1, len);
  close(fd);
  return text;
}

static void expect(const char *request, const char *first_line,
                   const char *body) {
  size_t n;
  char *text = exchange(request, &n);
  assert_memory_equal(text, first_line, strlen(first_line));
  assert_non_null(strstr(text, "\r\n\r\n"));
  assert_string_equal(strstr(text, "\r\n\r\n") + 4, body);
  free(text);
}

static void test_requests(void **state) {
  char url[64];
  (void)state;
  snprintf(url, sizeof url, "http://127.0.0.1:%d", mj_httpd_port(h));
  assert_string_equal(mj_httpd_url(h), url);
  assert_true(mj_httpd_port(h) > 0);
  expect("GET /a%20b?x=%26y HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n"
         "\r\n",
         "HTTP/1.1 200 OK", "GET /a%20b?x=%26y 0 Bearer k");
  expect("POST /teapot HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
         "HTTP/1.1 418", "POST /teapot 5 -");
  expect("post /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi",
         "HTTP/1.1 200", "post /x 2 -");
  expect("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
         "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
         "HTTP/1.1 200", "POST /x 7 -");
}

static void test_headers_and_empty_answers(void **state) {
  size_t n;
  char *text = exchange("GET /x HTTP/1.1\r\nHost: x\r\n\r\n", &n);
  (void)state;
  assert_non_null(strstr(text, "\r\nX-Count: 1\r\n"));
  assert_non_null(strstr(text, "\r\nContent-Type: text/plain\r\n"));
  free(text);
  text = exchange("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", &n);
  assert_non_null(strstr(text, "\r\nContent-Length: 0\r\n"));
  assert_null(strstr(text, "Content-Type"));
  free(text);
}

static void test_drop(void **state) {
  size_t n;
  char *text = exchange(
      "POST /drop HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", &n);
  struct mj_httpd_stats stats;
  (void)state;
  assert_int_equal(n, 0);
  assert_int_equal(handled, 1);
  mj_httpd_count(h, &stats);
  assert_int_equal(stats.requests, 1);
  assert_int_equal(stats.connections, 1);
  free(text);
}

static void test_keep_alive(void **state) {
  int fd = dial();
  struct mj_httpd_stats stats;
  (void)state;
  for (int i = 0; i < 50; i++) {
    const char *get = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";
    size_t n;
    send_all(fd, get, strlen(get));
    char *text = answers(fd, 1, &n);
    assert_memory_equal(text, "HTTP/1.1 200", 12);
    free(text);
  }
  mj_httpd_count(h, &stats);
  assert_int_equal(stats.requests, 50);
  assert_int_equal(stats.connections, 1);
  assert_int_equal(stats.open, 1);
  close(fd);
  for (int i = 0; i < TURNS && stats.open; i++) {
    turn(-1, 0);
    mj_httpd_count(h, &stats);
  }
  assert_int_equal(stats.open, 0);
}

/* Several requests in one segment: edge-triggered readiness comes once. */
static void test_pipelined(void **state) {
  int fd = dial();
  char request[2000] = "";
  size_t n;
  (void)state;
  for (int i = 0; i < 20; i++)
    memcpy(request + strlen(request), "GET /x HTTP/1.1\r\nHost: x\r\n\r\n",
           sizeof "GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
  send_all(fd, request, strlen(request));
  for (int i = 0; i < TURNS && handled < 20; i++)
    turn(fd, 0);
  assert_int_equal(handled, 20);
  char *text = answers(fd, 20, &n);
  free(text);
  close(fd);
}

#define MANY 128

static void test_many_connections(void **state) {
  int fds[MANY], done[MANY] = {0}, left = MANY;
  struct mj_httpd_stats stats;
  (void)state;
  for (int i = 0; i < MANY; i++)
    fds[i] = dial();
  for (int i = 0; i < MANY; i++) {
    const char *get = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";
    send_all(fds[i], get, strlen(get));
  }
  for (int t = 0; t < TURNS && left; t++) {
    turn(-1, 0);
    for (int i = 0; i < MANY; i++) {
      char text[512];
      if (!done[i] && recv(fds[i], text, sizeof text, 0) > 0) {
        assert_memory_equal(text, "HTTP/1.1 200", 12);
        done[i] = 1;
        left--;
      }
    }
  }
  assert_int_equal(left, 0);
  mj_httpd_count(h, &stats);
  assert_int_equal(stats.open, MANY);
  for (int i = 0; i < MANY; i++)
    close(fds[i]);
}

static void test_large_body_both_ways(void **state) {
  size_t size = 3 << 20, n;
  char *body = malloc(size), head[128], *text;
  int fd = dial();
  (void)state;
  for (size_t i = 0; i < size; i++)
    body[i] = (char)('a' + i % 23);
  snprintf(head, sizeof head,
           "POST /back HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
           size);
  send_all(fd, head, strlen(head));
  send_all(fd, body, size);
  text = answers(fd, 1, &n);
  const char *got = strstr(text, "\r\n\r\n") + 4;
  assert_int_equal(n - (size_t)(got - text), size);
  assert_memory_equal(got, body, size);
  free(text);
  free(body);
  close(fd);
}

static void test_body_cap(void **state) {
  (void)state;
  mj_httpd_free(h);
  open_with(10);
  expect("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789",
         "HTTP/1.1 200", "POST /x 10 -");
  size_t n;
  char *text = exchange("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: "
                        "11\r\n\r\n0123456789a",
                        &n);
  assert_memory_equal(text, "HTTP/1.1 413", 12);
  assert_int_equal(handled, 1);
  free(text);
}

/* Nothing to do: the descriptor is silent, so a loop sleeps. */
static void test_idle_is_silent(void **state) {
  struct pollfd p = {mj_httpd_fd(h), POLLIN, 0};
  size_t n;
  (void)state;
  free(exchange("GET /x HTTP/1.1\r\nHost: x\r\n\r\n", &n));
  for (int i = 0; i < 100; i++)
    mj_httpd_step(h);
  assert_int_equal(poll(&p, 1, 0), 0);
  assert_int_not_equal(mj_httpd_timeout_ms(h), 0);
}

static void test_chunked(void **state) {
  size_t n, body = 1000;
  char request[1200], *text, *p;
  int fd = dial();
  (void)state;
  int k = snprintf(request, sizeof request,
                   "POST /back/chunked HTTP/1.1\r\nHost: x\r\n"
                   "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                   body);
  memset(request + k, 'b', body);
  send_all(fd, request, (size_t)k + body);
  text = answers(fd, 99, &n); /* to its end */
  assert_non_null(strstr(text, "\r\nTransfer-Encoding: chunked\r\n"));
  assert_null(strstr(text, "Content-Length"));
  p = strstr(text, "\r\n\r\n") + 4;
  int chunks = 0;
  for (size_t size; (size = strtoul(p, &p, 16)) > 0; chunks++, p += 2) {
    p += 2;
    for (; size > 0; size--, body--)
      assert_int_equal(*p++, 'b');
  }
  assert_int_equal(body, 0);
  assert_true(chunks > 10);
  free(text);
  close(fd);
}

static void test_head(void **state) {
  size_t n;
  char *text =
      exchange("HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &n);
  (void)state;
  assert_memory_equal(text, "HTTP/1.1 200", 12);
  assert_non_null(strstr(text, "\r\nContent-Length: 11\r\n")); /* HEAD /x 0 - */
  assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
  free(text);
}

/* Others are answered in the meantime, and a sleeping loop wakes in time. */
static void test_late_answers(void **state) {
  const char *late = "GET /late150 HTTP/1.1\r\nHost: x\r\n\r\n";
  const char *drop = "GET /late20/drop HTTP/1.1\r\nHost: x\r\n\r\n";
  int64_t t0 = mj_httpd_wall_ms(), left;
  int fd = dial(), other = dial();
  size_t n;
  char *text;
  (void)state;
  send_all(fd, late, strlen(late));
  send_all(other, drop, strlen(drop));
  for (int i = 0; i < TURNS && handled < 2; i++)
    turn(-1, 0);
  left = mj_httpd_timeout_ms(h);
  assert_in_range(left, 0, 20);
  expect("GET /x HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "GET /x 0 -");
  text = answers(other, 1, &n);
  assert_int_equal(n, 0);
  free(text);
  text = answers(fd, 1, &n);
  assert_memory_equal(text, "HTTP/1.1 200", 12);
  assert_true(mj_httpd_wall_ms() - t0 >= 150);
  assert_int_equal(handled, 3); /* each was asked once */
  /* the connection is as good as before */
  free(text);
  send_all(fd, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 28);
  text = answers(fd, 1, &n);
  assert_memory_equal(text, "HTTP/1.1 200", 12);
  free(text);
  close(fd);
  close(other);
}

/* The end comes while somebody waits; tear_down closes the server. */
static void test_late_at_the_end(void **state) {
  int fd = dial(), gone = dial();
  const char *late = "GET /late600000 HTTP/1.1\r\nHost: x\r\n\r\n";
  (void)state;
  send_all(fd, late, strlen(late));
  send_all(gone, late, strlen(late));
  for (int i = 0; i < TURNS && handled < 2; i++)
    turn(-1, 0);
  assert_int_equal(handled, 2);
  close(gone);
  for (int i = 0; i < 10; i++)
    mj_httpd_step(h);
  mj_httpd_free(h);
  h = NULL;
  char c;
  assert_true(recv(fd, &c, 1, 0) <= 0 || c == 'H');
  close(fd);
}

static void test_addresses(void **state) {
  struct mj_httpd_config cfg;
  mj_httpd *other;
  char why[200] = "";
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.handler = echo;
  cfg.host = "not.an.address";
  assert_int_equal(mj_httpd_new(&other, &cfg, why, sizeof why), -1);
  assert_non_null(strstr(why, "not.an.address"));
  cfg.host = NULL;
  cfg.port = mj_httpd_port(h); /* taken */
  assert_int_equal(mj_httpd_new(&other, &cfg, why, sizeof why), -1);
  assert_null(other);
  assert_non_null(strstr(why, "cannot listen"));
}

int main(void) {
  static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
      T(test_requests),
      T(test_headers_and_empty_answers),
      T(test_drop),
      T(test_keep_alive),
      T(test_pipelined),
      T(test_many_connections),
      T(test_large_body_both_ways),
      T(test_body_cap),
      T(test_idle_is_silent),
      T(test_chunked),
      T(test_head),
      T(test_late_answers),
      T(test_late_at_the_end),
      T(test_addresses),
  };
  return cmocka_run_group_tests_name("httpd", tests, NULL, NULL);
}
