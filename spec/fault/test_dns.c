/* SPDX-License-Identifier: MIT
   test_dns.c - a name server that takes its time: nobody waits for it but the
   request that asked.  getaddrinfo is ours here, as libcurl finds it. */
#define _GNU_SOURCE
#include "mj.h"
#include "rawserver.h"

#include <curl/curl.h>
#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define EXPORT __attribute__((visibility("default")))

enum { SLOW_MS = 1200 };

static _Atomic int looking;
static _Atomic int64_t heard_us;

static int64_t now_us(void) {
  struct timespec ts;
  (void)clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void pause_ms(long ms) {
  struct timespec ts = {ms / 1000, ms % 1000 * 1000000};
  (void)nanosleep(&ts, NULL);
}

/* "slow..." takes long, "soon..." a moment, "never..." is not known. */
EXPORT int getaddrinfo(const char *node, const char *service,
                       const struct addrinfo *hints, struct addrinfo **out) {
  int (*real)(const char *, const char *, const struct addrinfo *,
              struct addrinfo **);
  int rc;
  *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
  if (!node || !strstr(node, ".test"))
    return real(node, service, hints, out);
  atomic_fetch_add(&looking, 1);
  pause_ms(strncmp(node, "slow", 4) == 0 ? SLOW_MS : 300);
  rc = strncmp(node, "never", 5) == 0 ? EAI_NONAME
                                      : real("127.0.0.1", service, hints, out);
  atomic_store(&heard_us, now_us());
  atomic_fetch_sub(&looking, 1);
  return rc;
}

static int slow_exit;
CURLcode __real_curl_easy_setopt(CURL *e, CURLoption o, ...);
CURLcode __wrap_curl_easy_setopt(CURL *e, CURLoption o, ...);
CURLcode __wrap_curl_easy_setopt(CURL *e, CURLoption o, ...) {
  va_list ap;
  void *p;
  va_start(ap, o);
  p = va_arg(ap, void *); /* long, curl_off_t and pointers: one word each */
  va_end(ap);
  if (slow_exit && o == CURLOPT_QUICK_EXIT)
    return CURLE_OK;
  return __real_curl_easy_setopt(e, o, p);
}

static void list_of_nothing(void *ud, const raw_request *q, raw_reply *r) {
  (void)ud;
  (void)q;
  r->made = raw_text(200, "Connection: close\r\n", "[]");
}

static mj_client *client_at(const char *host, int port, int64_t patience_ms) {
  mj_config cfg;
  mj_client *c;
  mj_error err;
  char base[100];
  mj_config_init(&cfg);
  (void)snprintf(base, sizeof base, "http://%s:%d", host, port);
  cfg.base_url = base;
  cfg.api_key = "sk-CANARY-dns-7c1d";
  cfg.auth = "bearer";
  cfg.dialect = "mj";
  cfg.attempts = 1;
  cfg.connections = 64;
  cfg.connect_timeout_ms = patience_ms;
  assert_int_equal(mj_client_new(&c, &cfg, &err), MJ_OK);
  return c;
}

static mj_id ask(mj_client *c) {
  mj_error err;
  mj_id id;
  assert_int_equal(mj_ask(c, MJ_QUERY_LIST, NULL, 0, &id, &err), MJ_OK);
  return id;
}

/* The longest of the turns until a lookup is under way. */
static int64_t until_looking(mj_client *c, int n) {
  int64_t longest = 0;
  int i;
  for (i = 0; i < 2000 && atomic_load(&looking) < n; i++) {
    int64_t t = now_us();
    (void)mj_step(c, 0, 0);
    t = now_us() - t;
    longest = t > longest ? t : longest;
    pause_ms(1);
  }
  assert_true(atomic_load(&looking) >= n);
  return longest;
}

static int threads(void) {
  DIR *d = opendir("/proc/self/task");
  int n = -2; /* . and .. */
  while (readdir(d))
    n++;
  (void)closedir(d);
  return n;
}

/* A lookup that nobody waits for ends by itself, and its thread with it. */
static void all_end(int before) {
  int i;
  for (i = 0; i < 400 && (atomic_load(&looking) || threads() > before); i++)
    pause_ms(10);
  assert_int_equal(atomic_load(&looking), 0);
  assert_true(threads() <= before);
}

static int64_t cancel_all(mj_client *c, const mj_id *ids, int n) {
  int64_t t, longest = 0;
  int i;
  for (i = 0; i < n; i++) {
    t = now_us();
    assert_int_equal(mj_cancel(c, ids[i]), MJ_OK);
    (void)mj_step(c, 0, 0);
    t = now_us() - t;
    longest = t > longest ? t : longest;
    while (mj_event_peek(c))
      mj_event_pop(c);
  }
  return longest;
}

static void cancelling_waits_for_no_lookup(void **state) {
  rawserver *s = rawserver_new(list_of_nothing, NULL);
  mj_client *c = client_at("slow.test", rawserver_port(s), 10000);
  int before = threads(), i;
  int64_t turn, cancel, end;
  mj_id ids[20];
  (void)state;
  for (i = 0; i < 20; i++)
    ids[i] = ask(c);
  turn = until_looking(c, 20);
  cancel = cancel_all(c, ids, 19);
  assert_true(atomic_load(&looking) > 0); /* or this shows nothing */
  end = now_us();
  mj_client_free(c); /* with one under way */
  end = now_us() - end;
  print_message("a lookup takes %d ms; the longest turn took %.1f ms, a cancel "
                "%.1f ms, the client's end %.1f ms\n",
                SLOW_MS, (double)turn / 1e3, (double)cancel / 1e3,
                (double)end / 1e3);
  assert_true(turn < SLOW_MS * 250);
  assert_true(cancel < SLOW_MS * 250);
  assert_true(end < SLOW_MS * 250);
  all_end(before);
  rawserver_free(s);
}

/* What the option is for, and that the test above can fail. */
static void without_the_quick_exit_all_wait(void **state) {
  rawserver *s = rawserver_new(list_of_nothing, NULL);
  int before = threads();
  mj_client *c;
  mj_id id;
  int64_t cancel;
  (void)state;
  slow_exit = 1;
  c = client_at("slow.test", rawserver_port(s), 10000);
  id = ask(c);
  (void)until_looking(c, 1);
  cancel = cancel_all(c, &id, 1);
  slow_exit = 0;
  print_message("without the quick exit: a cancel takes %.1f ms\n",
                (double)cancel / 1e3);
  assert_true(cancel > SLOW_MS * 400);
  mj_client_free(c);
  all_end(before);
  rawserver_free(s);
}

/* Runs until the only job has ended; its code. */
static int end_of(mj_client *c, int64_t *longest) {
  int turns, code = MJ_OK, done = 0;
  for (turns = 0; turns < 5000 && !done; turns++) {
    const mj_event *ev;
    int64_t t = now_us();
    (void)mj_step(c, 0, 0);
    t = now_us() - t;
    *longest = t > *longest ? t : *longest;
    while ((ev = mj_event_peek(c)) != NULL) {
      done = ev->type == MJ_EV_DONE;
      code = ev->error ? ev->error->code : MJ_OK;
      mj_event_pop(c);
    }
    pause_ms(1);
  }
  assert_true(done);
  return code;
}

static void a_lookup_that_takes_too_long_is_not_sent(void **state) {
  rawserver *s = rawserver_new(list_of_nothing, NULL);
  mj_client *c = client_at("slow.test", rawserver_port(s), 200);
  int before = threads();
  int64_t longest = 0, t = now_us();
  (void)state;
  (void)ask(c);
  assert_int_equal(end_of(c, &longest), MJ_ENETWORK);
  t = now_us() - t;
  assert_true(t < SLOW_MS * 900);
  assert_true(longest < SLOW_MS * 250);
  assert_int_equal(rawserver_requests(s), 0);
  mj_client_free(c);
  all_end(before);
  rawserver_free(s);
}

/* Also what is paid: nothing of it has left. */
static void cancelling_what_is_paid_waits_for_no_lookup(void **state) {
  rawserver *s = rawserver_new(list_of_nothing, NULL);
  mj_client *c = client_at("slow.test", rawserver_port(s), 10000);
  int before = threads();
  int64_t longest = 0, t;
  mj_request q;
  mj_job_state was;
  mj_error err;
  mj_id id;
  (void)state;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "cat";
  assert_int_equal(mj_submit(c, &q, &id, &err), MJ_OK);
  (void)until_looking(c, 1);
  assert_int_equal(mj_job_info(c, id, &was), MJ_OK);
  assert_int_equal(was.phase, MJ_PH_QUEUED);
  t = now_us();
  assert_int_equal(mj_cancel(c, id), MJ_OK);
  assert_int_equal(end_of(c, &longest), MJ_ECANCELLED);
  t = now_us() - t;
  print_message("a paid request is called back in %.1f ms\n", (double)t / 1e3);
  assert_true(atomic_load(&looking) > 0); /* or this shows nothing */
  assert_true(t < SLOW_MS * 250);
  mj_client_free(c);
  all_end(before);
  assert_int_equal(rawserver_requests(s), 0);
  rawserver_free(s);
}

static void a_deadline_waits_for_no_lookup(void **state) {
  rawserver *s = rawserver_new(list_of_nothing, NULL);
  mj_client *c = client_at("slow.test", rawserver_port(s), 10000);
  int before = threads();
  int64_t longest = 0, t = now_us();
  mj_request q;
  mj_error err;
  mj_id id;
  (void)state;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "cat";
  q.deadline_ms = 300;
  assert_int_equal(mj_submit(c, &q, &id, &err), MJ_OK);
  (void)until_looking(c, 1);
  assert_true(end_of(c, &longest) != MJ_OK);
  t = now_us() - t;
  assert_true(t < SLOW_MS * 750);
  mj_client_free(c);
  all_end(before);
  assert_int_equal(rawserver_requests(s), 0);
  rawserver_free(s);
}

static void an_unknown_name_is_said_so(void **state) {
  mj_client *c = client_at("never.test", 1, 10000);
  int64_t longest = 0;
  (void)state;
  (void)ask(c);
  assert_int_equal(end_of(c, &longest), MJ_ENETWORK);
  mj_client_free(c);
}

/* libcurl closes the descriptor that tells of a lookup's end by itself; the
   next one has the same number, and is watched all the same.  (Else libcurl
   would look by its own clock, up to 250 ms later.) */
static void each_lookup_is_heard_when_it_ends(void **state) {
  rawserver *s = rawserver_new(list_of_nothing, NULL);
  mj_client *c = client_at("127.0.0.1", rawserver_port(s), 10000);
  int64_t best = INT64_MAX; /* of all but the first, which always was */
  int k;
  (void)state;
  for (k = 0; k < 6; k++) {
    char url[80];
    int64_t t;
    mj_error err;
    mj_id id;
    (void)snprintf(url, sizeof url, "http://soon%d.test:%d/", k,
                   rawserver_port(s));
    assert_int_equal(mj_fetch(c, url, &id, &err), MJ_OK);
    while (mj_step(c, 1000, 0) > 0)
      ;
    assert_non_null(mj_event_peek(c));
    mj_event_pop(c);
    t = now_us() - atomic_load(&heard_us);
    best = k > 0 && t < best ? t : best;
  }
  print_message("a lookup's end is acted on after %.1f ms\n",
                (double)best / 1e3);
  assert_true(best < 60000);
  mj_client_free(c);
  rawserver_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cancelling_waits_for_no_lookup),
      cmocka_unit_test(without_the_quick_exit_all_wait),
      cmocka_unit_test(a_lookup_that_takes_too_long_is_not_sent),
      cmocka_unit_test(cancelling_what_is_paid_waits_for_no_lookup),
      cmocka_unit_test(a_deadline_waits_for_no_lookup),
      cmocka_unit_test(an_unknown_name_is_said_so),
      cmocka_unit_test(each_lookup_is_heard_when_it_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
