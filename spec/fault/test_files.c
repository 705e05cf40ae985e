/* SPDX-License-Identifier: MIT
   test_files.c - too few descriptors: a process for each limit from 16 to 64,
   with a journal and a gateway that answers well.  Whatever cannot be opened,
   each job ends, says so, and is paid for once or not at all. */
#define _GNU_SOURCE
#include "mj.h"
#include "rawserver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { LEAST = 16, MOST = 64, JOBS = 12, AT_ONCE = 7, FACTOR = 50 };

static _Atomic int posts[MOST + 1];

/* What a process has to tell. */
struct told {
  int made; /* its client was */
  int ok, refused, odd;
  char text[480]; /* of the last refusal */
};

static void gateway(void *ud, const raw_request *q, raw_reply *r) {
  const char *n = strstr(q->head, "/limit");
  char body[200];
  (void)ud;
  if (strncmp(q->head, "POST", 4) != 0) {
    const char *id = strstr(q->head, "/task/");
    (void)snprintf(body, sizeof body,
                   "{\"id\":\"%.*s\",\"status\":\"SUCCESS\"}",
                   id ? (int)strcspn(id + 6, "/") : 0, id ? id + 6 : "");
    r->made = raw_text(200, "", body);
    return;
  }
  atomic_fetch_add(&posts[n ? strtol(n + 6, NULL, 10) : 0], 1);
  (void)snprintf(body, sizeof body, "{\"code\":1,\"result\":\"%d\"}", q->total);
  r->made = raw_text(200, "", body);
}

static int64_t fast(void *ud) {
  struct timespec ts;
  (void)ud;
  (void)clock_gettime(CLOCK_MONOTONIC, &ts);
  return ((int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000) * FACTOR / 1000;
}

static void run_jobs(mj_client *c, struct told *t) {
  mj_request q;
  mj_error err;
  mj_id id;
  time_t end = time(NULL) + 40;
  int i, left = 0;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  for (i = 0; i < JOBS; i++)
    if (mj_submit(c, &q, &id, &err) != MJ_OK) {
      t->refused++;
      memcpy(t->text, err.text, sizeof t->text);
    } else {
      left++;
    }
  while (left > 0 && time(NULL) < end) {
    const mj_event *ev;
    (void)mj_step(c, 5, 0);
    while ((ev = mj_event_peek(c)) != NULL) {
      int code = ev->error ? ev->error->code : MJ_OK;
      if (ev->type == MJ_EV_DONE) {
        left--;
        t->ok += code == MJ_OK;
        t->refused += code == MJ_ENETWORK || code == MJ_ERESOURCE;
        t->odd += code && code != MJ_ENETWORK && code != MJ_ERESOURCE;
        if (code)
          memcpy(t->text, ev->error->text, sizeof t->text);
      }
      mj_event_pop(c);
    }
  }
}

/* In a process of its own, which has three descriptors, and `out`. */
static int with_limit(int n, int port, const char *folder, int out) {
  struct rlimit r = {(rlim_t)n, (rlim_t)n};
  struct told t;
  mj_config cfg;
  mj_client *c;
  mj_error err;
  char base[80], journal[120];
  int fd;
  for (fd = 3; fd < 1024; fd++)
    if (fd != out)
      (void)close(fd);
  memset(&t, 0, sizeof t);
  mj_config_init(&cfg);
  (void)snprintf(base, sizeof base, "http://127.0.0.1:%d/limit%d", port, n);
  (void)snprintf(journal, sizeof journal, "%s/journal%d", folder, n);
  cfg.base_url = base;
  cfg.api_key = "sk-CANARY-files-7c1d";
  cfg.auth = "bearer";
  cfg.dialect = "mj";
#ifdef MJ_JOURNAL
  cfg.journal = journal;
#endif
  cfg.now = fast;
  (void)dup2(out, 3);
  if (out != 3)
    (void)close(out);
  if (setrlimit(RLIMIT_NOFILE, &r) != 0)
    return 3;
  if (mj_client_new(&c, &cfg, &err) == MJ_OK) {
    t.made = 1;
    run_jobs(c, &t);
    mj_client_free(c);
  } else {
    memcpy(t.text, err.text, sizeof t.text);
  }
  return write(3, &t, sizeof t) == (ssize_t)sizeof t ? 0 : 4;
}

struct child {
  int pid, out;
};

/* This program again: the gateway's thread may hold any lock at the fork, so
   the child does nothing before it is a new image. */
static struct child begin(int n, int port, const char *folder) {
  struct child k;
  int ends[2];
  char name[] = "test_files", limit[12], at[12], out[12];
  char *argv[] = {name, limit, at, (char *)folder, out, NULL};
  assert_int_equal(pipe(ends), 0);
  (void)snprintf(limit, sizeof limit, "%d", n);
  (void)snprintf(at, sizeof at, "%d", port);
  (void)snprintf(out, sizeof out, "%d", ends[1]);
  k.pid = fork();
  assert_true(k.pid >= 0);
  if (k.pid == 0) {
    (void)execv("/proc/self/exe", argv);
    _exit(127);
  }
  (void)close(ends[1]);
  k.out = ends[0];
  return k;
}

static int judge(int n, const struct child *k) {
  struct told t;
  int status, paid;
  assert_int_equal(read(k->out, &t, sizeof t), (ssize_t)sizeof t);
  (void)close(k->out);
  assert_int_equal(waitpid(k->pid, &status, 0), k->pid);
  assert_int_equal(status, 0);
  paid = atomic_load(&posts[n]);
  if ((t.made && t.ok + t.refused != JOBS) || t.odd || paid != t.ok ||
      (t.made && t.ok < JOBS && !strstr(t.text, "too many open files")) ||
      (!t.made && !t.text[0]) || strstr(t.text, "CANARY"))
    fail_msg("limit %d: %s; %d good, %d refused, %d odd, %d paid: %s", n,
             t.made ? "made" : "no client", t.ok, t.refused, t.odd, paid,
             t.text);
  if (t.ok < JOBS)
    print_message("limit %d: %d good, %d refused: %s\n", n, t.ok, t.refused,
                  t.text);
  return t.ok;
}

static void too_few_descriptors_lose_nothing(void **state) {
  char folder[] = "/tmp/mj-files-XXXXXX", rm[80];
  rawserver *s = rawserver_new(gateway, NULL);
  struct child kids[AT_ONCE];
  int n, i, all = 0, none = 0;
  (void)state;
  assert_non_null(mkdtemp(folder));
  for (n = LEAST; n <= MOST; n += AT_ONCE) {
    for (i = 0; i < AT_ONCE && n + i <= MOST; i++)
      kids[i] = begin(n + i, rawserver_port(s), folder);
    for (i = 0; i < AT_ONCE && n + i <= MOST; i++) {
      int ok = judge(n + i, &kids[i]);
      all += ok == JOBS;
      none += ok < JOBS;
    }
  }
  print_message("%d limits were enough for all, %d were not\n", all, none);
  assert_true(all > 0 && none > 0); /* or this shows nothing */
  (void)snprintf(rm, sizeof rm, "rm -rf %s", folder);
  assert_int_equal(system(rm), 0);
  rawserver_free(s);
}

static int number(const char *text) {
  return (int)strtol(text, NULL, 10);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(too_few_descriptors_lose_nothing),
  };
  if (argc == 5)
    return with_limit(number(argv[1]), number(argv[2]), argv[3],
                      number(argv[4]));
  return cmocka_run_group_tests(tests, NULL, NULL);
}
