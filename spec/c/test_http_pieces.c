/* SPDX-License-Identifier: MIT
   test_http_pieces.c - a turn with a budget takes a long reply in pieces: what
   comes of it is the same, whatever happens in the middle. */
#include "http_int.h"
#include "rawserver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LONG = 2 << 20, PIECE = CURL_MAX_WRITE_SIZE, TASKS = 1500 };

static int paid_reply_is_long, held;

CURLcode __real_curl_easy_pause(CURL *e, int what);
CURLcode __wrap_curl_easy_pause(CURL *e, int what);
CURLcode __wrap_curl_easy_pause(CURL *e, int what) {
  held++;
  return __real_curl_easy_pause(e, what);
}

static char *filled(size_t n) {
  char *p = malloc(n + 1);
  size_t i;
  assert_non_null(p);
  for (i = 0; i < n; i++)
    p[i] = (char)('a' + i * 7 % 26);
  p[n] = '\0';
  return p;
}

static char *list_of(int n, const char *end) {
  size_t size = (size_t)n * 200 + 100, at = 1;
  char *p = malloc(size);
  int i;
  assert_non_null(p);
  p[0] = '[';
  for (i = 0; i < n; i++)
    at += (size_t)snprintf(p + at, size - at,
                           "%s{\"id\":\"%d\",\"status\":\"IN_PROGRESS\","
                           "\"prompt\":\"cat number %d\"}",
                           i ? "," : "", 1000 + i, i);
  (void)snprintf(p + at, size - at, "%s", end);
  return p;
}

static char *head_and(size_t length, char *body) {
  size_t n = strlen(body) + 200;
  char *p = malloc(n);
  assert_non_null(p);
  (void)snprintf(p, n, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                 length, body);
  free(body);
  return p;
}

static char *in_chunks(char *body) {
  enum { CHUNK = 10007 };
  size_t n = strlen(body), size = 2 * n, at = 0, i, k;
  char *p = malloc(size);
  assert_non_null(p);
  at += (size_t)snprintf(p, size,
                         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                         "\r\n");
  for (i = 0; i < n; i += k) {
    k = n - i < CHUNK ? n - i : CHUNK;
    at += (size_t)snprintf(p + at, size - at, "%zx\r\n%.*s\r\n", k, (int)k,
                           body + i);
  }
  (void)snprintf(p + at, size - at, "0\r\n\r\n");
  free(body);
  return p;
}

static void answer(void *ud, const raw_request *q, raw_reply *r) {
  char *body = NULL;
  (void)ud;
  if (strncmp(q->head, "GET /long", 9) == 0) {
    body = filled(LONG);
  } else if (strncmp(q->head, "GET /cut", 8) == 0) {
    r->made = head_and(LONG, filled(LONG / 2));
    r->flags = RAW_CLOSE;
  } else if (strncmp(q->head, "GET /chunks", 11) == 0) {
    r->made = in_chunks(filled(LONG));
  } else if (strncmp(q->head, "GET /open", 9) == 0) {
    body = filled(LONG);
    r->made = malloc(LONG + 100);
    assert_non_null(r->made);
    (void)snprintf(r->made, LONG + 100, "HTTP/1.1 200 OK\r\n\r\n%s", body);
    r->flags = RAW_CLOSE;
    free(body);
    body = NULL;
  } else if (strstr(q->head, "/task/list-by-condition")) {
    body = list_of(TASKS, q->total > 1 ? "]" : "}"); /* first a broken one */
  } else if (strncmp(q->head, "POST", 4) == 0) {
    char *pad = filled(paid_reply_is_long ? 100000 : 1);
    body = malloc(strlen(pad) + 100);
    assert_non_null(body);
    (void)snprintf(body, strlen(pad) + 100,
                   "{\"code\":1,\"description\":\"%s\",\"result\":\"17\"}",
                   pad);
    free(pad);
  } else {
    body = filled(10);
  }
  if (body)
    r->made = head_and(strlen(body), body);
}

static mj_client *client_for(rawserver *s, size_t max) {
  static const char *const friends[] = {"127.0.0.1"};
  mj_config cfg;
  mj_client *c;
  mj_error err;
  char base[64];
  mj_config_init(&cfg);
  cfg.auth = "bearer";
  cfg.dialect = "mj";
  (void)snprintf(base, sizeof base, "http://127.0.0.1:%d", rawserver_port(s));
  cfg.base_url = base;
  cfg.allow_hosts = friends;
  cfg.nallow_hosts = 1;
  cfg.max_image = max;
  cfg.fetch_timeout_ms = 10000;
  assert_int_equal(mj_client_new(&c, &cfg, &err), MJ_OK);
  return c;
}

static mj_id fetch(mj_client *c, rawserver *s, const char *path) {
  char url[100];
  mj_error err;
  mj_id id;
  (void)snprintf(url, sizeof url, "http://127.0.0.1:%d%s", rawserver_port(s),
                 path);
  assert_int_equal(mj_fetch(c, url, &id, &err), MJ_OK);
  return id;
}

/* Turns with hardly any budget until `id` ends, which is left in the queue of
   events; how many. */
static int turns_until(mj_client *c, mj_id id, mj_event_type type) {
  int turns;
  for (turns = 1; turns < 1000000; turns++) {
    const mj_event *e;
    (void)mj_step(c, 1000, 1);
    while ((e = mj_event_peek(c)) != NULL) {
      if (e->id == id && e->type == type)
        return turns;
      mj_event_pop(c);
    }
  }
  fail_msg("it does not end");
  return 0;
}

static void a_picture_comes_in_pieces(void **state) {
  static const char *const paths[] = {"/long", "/chunks", "/open"};
  rawserver *s = rawserver_new(answer, NULL);
  mj_client *c = client_for(s, LONG);
  char *want = filled(LONG);
  const mj_event *e;
  size_t i;
  int turns;
  (void)state;
  for (i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    turns = turns_until(c, fetch(c, s, paths[i]), MJ_EV_DONE);
    print_message("%s: %d bytes in %d turns\n", paths[i], LONG, turns);
    assert_true(turns >= LONG / PIECE);
    e = mj_event_peek(c);
    assert_null(e->error);
    assert_int_equal(e->data_len, LONG);
    assert_memory_equal(e->data, want, LONG);
    mj_event_pop(c);
  }
  free(want);
  mj_client_free(c);
  rawserver_free(s);
}

/* The first list ends in a brace: none of its tasks is told of, and it is asked
   for again. */
static void a_list_comes_in_pieces(void **state) {
  rawserver *s = rawserver_new(answer, NULL);
  mj_client *c = client_for(s, LONG);
  static const char *const ids[] = {"1000"};
  const mj_event *e;
  mj_error err;
  char text[40];
  size_t i;
  mj_id id;
  (void)state;
  assert_int_equal(mj_ask(c, MJ_QUERY_IDS, ids, 1, &id, &err), MJ_OK);
  assert_true(turns_until(c, id, MJ_EV_DONE) >= 2 * TASKS * 60 / PIECE);
  e = mj_event_peek(c);
  assert_null(e->error);
  assert_int_equal(rawserver_requests(s), 2);
  assert_int_equal(e->ntasks, TASKS);
  for (i = 0; i < TASKS; i++) {
    (void)snprintf(text, sizeof text, "%zu", 1000 + i);
    assert_string_equal(e->tasks[i].id, text);
    (void)snprintf(text, sizeof text, "cat number %zu", i);
    assert_string_equal(e->tasks[i].prompt, text);
    assert_int_equal(e->tasks[i].json_len, strlen(e->tasks[i].json));
    assert_int_equal(e->tasks[i].json[e->tasks[i].json_len - 1], '}');
  }
  mj_event_pop(c);
  mj_client_free(c);
  rawserver_free(s);
}

/* Cancelled, or its client closed, after so many turns. */
static void it_may_be_given_up_in_the_middle(void **state) {
  rawserver *s = rawserver_new(answer, NULL);
  int turns, i;
  (void)state;
  for (turns = 1; turns < 60; turns += 6) {
    mj_client *c = client_for(s, LONG);
    mj_id one = fetch(c, s, "/long"), other = fetch(c, s, "/long");
    for (i = 0; i < turns; i++)
      (void)mj_step(c, 1000, 1);
    assert_int_equal(mj_cancel(c, one), MJ_OK);
    if (turns % 4 == 1) {
      (void)turns_until(c, other, MJ_EV_DONE);
      assert_int_equal(mj_event_peek(c)->data_len, LONG);
      mj_event_pop(c);
      (void)turns_until(c, fetch(c, s, "/short"), MJ_EV_DONE);
      assert_int_equal(mj_event_peek(c)->data_len, 10);
    }
    mj_client_free(c);
  }
  rawserver_free(s);
}

static void too_large_or_cut_off(void **state) {
  rawserver *s = rawserver_new(answer, NULL);
  mj_client *c = client_for(s, LONG - 10);
  (void)state;
  (void)turns_until(c, fetch(c, s, "/long"), MJ_EV_DONE);
  assert_int_equal(mj_event_peek(c)->error->code, MJ_ETOO_LARGE);
  mj_event_pop(c);
  (void)turns_until(c, fetch(c, s, "/cut"), MJ_EV_DONE);
  assert_int_equal(mj_event_peek(c)->error->code, MJ_ENETWORK);
  mj_event_pop(c);
  mj_client_free(c);
  rawserver_free(s);
}

/* Found out when a piece that was held is handed over. */
static void too_large_in_the_middle(void **state) {
  rawserver *s = rawserver_new(answer, NULL);
  mj_client *c = client_for(s, LONG / 2);
  int64_t begun = mj_now(c);
  (void)state;
  (void)turns_until(c, fetch(c, s, "/long"), MJ_EV_DONE);
  assert_int_equal(mj_event_peek(c)->error->code, MJ_ETOO_LARGE);
  print_message("%ld ms\n", (long)(mj_now(c) - begun));
  assert_true(mj_now(c) - begun < 8000);
  mj_event_pop(c);
  mj_client_free(c);
  rawserver_free(s);
}

/* Nothing stands between a paid request and its answer. */
static void what_is_paid_is_read_at_once(void **state) {
  rawserver *s = rawserver_new(answer, NULL);
  mj_client *c = client_for(s, LONG);
  mj_request r;
  mj_error err;
  mj_id id;
  (void)state;
  paid_reply_is_long = 1;
  memset(&r, 0, sizeof r);
  r.op = MJ_OP_IMAGINE;
  r.prompt = "black cat";
  assert_int_equal(mj_submit(c, &r, &id, &err), MJ_OK);
  held = 0;
  (void)turns_until(c, id, MJ_EV_ACCEPTED);
  assert_int_equal(held, 0);
  assert_string_equal(mj_event_peek(c)->task_id, "17");
  paid_reply_is_long = 0;
  mj_client_free(c);
  rawserver_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_picture_comes_in_pieces),
      cmocka_unit_test(a_list_comes_in_pieces),
      cmocka_unit_test(it_may_be_given_up_in_the_middle),
      cmocka_unit_test(too_large_or_cut_off),
      cmocka_unit_test(too_large_in_the_middle),
      cmocka_unit_test(what_is_paid_is_read_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
