/* SPDX-License-Identifier: MIT
   test_http_journal.c - a warm connection that dies under a paid request, with
   a journal: the gateway gets it once, the caller is told that nothing is
   known, and so is the next start. */
#define _XOPEN_SOURCE 700
#include "mj_int.h"
#include "os.h"
#include "rawserver.h"
#include "setopt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[96];

static int up(void **state) {
  (void)state;
  (void)snprintf(folder, sizeof folder, "/tmp/mj-warm-XXXXXX");
  if (!mkdtemp(folder))
    return -1;
  (void)snprintf(path, sizeof path, "%s/j.db", folder);
  return 0;
}

static int down(void **state) {
  static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
  char name[128];
  size_t i;
  (void)state;
  for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    (void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
    (void)unlink(name);
  }
  without_fresh = without_prereq = rewindable = 0;
  return rmdir(folder);
}

/* Looks for what is unknown begin 5 s after the request. */
static int64_t fast(void *ud) {
  (void)ud;
  return 100 * mj__os_now_ms(NULL);
}

static const char *const accepted =
    "{\"code\":1,\"description\":\"ok\",\"result\":\"17\"}";

/* The second submit is read whole and then its connection dies.  There is no
   list in which it could be looked up. */
static void dies_when_warm(void *ud, const raw_request *q, raw_reply *r) {
  int *posts = ud;
  if (strncmp(q->head, "POST", 4) == 0 && ++*posts == 1)
    r->made = raw_text(200, "", accepted);
  else if (strncmp(q->head, "POST", 4) == 0)
    r->flags = RAW_CLOSE;
  else if (strstr(q->head, "/task/17/"))
    r->made = raw_text(
        200, "",
        "{\"id\":\"17\",\"status\":\"SUCCESS\",\"progress\":\"100%\"}");
  else
    r->made = raw_text(404, "",
                       "{\"error\":{\"message\":\"Invalid URL (GET "
                       "/mj/task/list)\",\"type\":\"invalid_request_error\"}}");
}

static mj_client *client_for(const rawserver *s) {
  mj_config cfg;
  mj_client *c;
  mj_error err;
  char base[64];
  mj_config_init(&cfg);
  (void)snprintf(base, sizeof base, "http://127.0.0.1:%d", rawserver_port(s));
  cfg.auth = "bearer";
  cfg.dialect = "mj";
  cfg.base_url = base;
  cfg.poll.first_ms = 1;
  cfg.poll.gaps_ms[0] = 1;
  cfg.poll.ngaps = 1;
  cfg.journal = path;
  cfg.run = "warm.lua";
  cfg.now = fast;
  if (mj_client_new(&c, &cfg, &err) != MJ_OK)
    fail_msg("%s", err.text);
  return c;
}

/* Submits and runs to the end; its code. */
static int imagine(mj_client *c, const char *prompt) {
  mj_request r;
  mj_error err;
  mj_id id;
  int turns;
  memset(&r, 0, sizeof r);
  r.op = MJ_OP_IMAGINE;
  r.prompt = prompt;
  assert_int_equal(mj_submit(c, &r, &id, &err), MJ_OK);
  for (turns = 0; turns < 10000; turns++) {
    const mj_event *ev;
    assert_true(mj_step(c, 5, 0) >= 0);
    while ((ev = mj_event_peek(c)) != NULL) {
      int ours = ev->id == id && ev->type == MJ_EV_DONE;
      int code = ev->error ? ev->error->code : MJ_OK;
      mj_event_pop(c);
      if (ours)
        return code;
    }
  }
  fail_msg("the job did not end");
  return 0;
}

static int count(void *ud, const mj_row *row) {
  int *n = ud;
  assert_string_equal(row->state, "UNKNOWN");
  assert_string_equal(row->prompt, "a dog");
  assert_int_equal(row->attempt, 1);
  ++*n;
  return 0;
}

static int unknowns(mj_client *c) {
  mj_error err;
  int n = 0;
  assert_int_equal(mj_journal_each(c, 1, count, &n, &err), MJ_OK);
  return n;
}

static void once_and_never_by_the_next_start(void **state) {
  int posts = 0, starts;
  rawserver *s = rawserver_new(dies_when_warm, &posts);
  (void)state;
  for (starts = 0; starts < 3; starts++) {
    mj_client *c = client_for(s);
    assert_int_equal(mj_resumed(c), starts > 0);
    assert_int_equal(imagine(c, "a cat"), MJ_OK);
    assert_int_equal(imagine(c, "a dog"), MJ_EUNKNOWN_OUTCOME);
    assert_int_equal(unknowns(c), 1);
    assert_int_equal(rawserver_posts(s), 2);
    mj_client_free(c); /* its run has not ended: as a kill */
    mj__journals_forget();
  }
  rawserver_free(s);
}

static void on_a_fresh_connection(void **state) {
  once_and_never_by_the_next_start(state);
}

/* Each guard alone: libcurl would reuse the connection, and send again. */
static void on_a_warm_connection(void **state) {
  without_fresh = rewindable = 1;
  once_and_never_by_the_next_start(state);
}

/* Without them it does, and all of the above can fail. */
static void unguarded_it_is_paid_twice(void **state) {
  int posts = 0;
  rawserver *s = rawserver_new(dies_when_warm, &posts);
  mj_client *c = client_for(s);
  (void)state;
  without_fresh = rewindable = without_prereq = 1;
  (void)imagine(c, "a cat");
  (void)imagine(c, "a dog");
  assert_true(rawserver_posts(s) > 2);
  mj_client_free(c);
  mj__journals_forget();
  rawserver_free(s);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, up, down)
  const struct CMUnitTest tests[] = {
      T(on_a_fresh_connection),
      T(on_a_warm_connection),
      T(unguarded_it_is_paid_twice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
