/* SPDX-License-Identifier: MIT
   stopped.c - a program that stands still (a stopped process, a machine that
   sleeps) between the record of a paid request and its sending.

     stopped MJLUA SCRIPT FASTCLOCK

   It is held before each of its connections in turn, for longer than a record
   is good.  Then the request must not leave on that record: the row gets
   another one, and the gateway one request.  While it is held another start on
   its journal is refused, so that nobody takes its silence for proof.  Fails
   with status 1 when something is wrong, with 2 when it cannot tell. */
#define _GNU_SOURCE
#include "run.h"

#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A record is good for 5 seconds; libcurl gives up connecting after 10. */
enum { FACTOR = 100, HELD_US = 70000, MOST = 20 };

extern char **environ;

struct hold {
  struct world *w;
  int other, refused; /* another start is tried; it was refused in time */
};

/* What `mjlua --journal J SCRIPT` says now, with nothing of ours in its way. */
static int start_other(const struct world *w, char *said, size_t size) {
  const char *argv[] = {w->mjlua, "--journal", w->journal, w->script,
                        "other",  "1",         NULL};
  posix_spawn_file_actions_t files;
  int out[2], status;
  size_t n = 0;
  ssize_t k;
  pid_t pid;
  if (pipe(out) != 0)
    say_no("no pipe");
  (void)posix_spawn_file_actions_init(&files);
  (void)posix_spawn_file_actions_adddup2(&files, out[1], 2);
  (void)posix_spawn_file_actions_addclose(&files, out[0]);
  (void)setenv("MJ_JUDGE_PAGE", "/dev/null/none", 1);
  (void)setenv("MJ_BASE_URL", "http://127.0.0.1:1", 1);
  (void)setenv("MJ_API_KEY", "sk-judge", 1);
  if (posix_spawn(&pid, w->mjlua, &files, NULL, (char **)(uintptr_t)argv,
                  environ) != 0)
    say_no("%s cannot be started", w->mjlua);
  (void)close(out[1]);
  while (n + 1 < size && (k = read(out[0], said + n, size - 1 - n)) > 0)
    n += (size_t)k;
  said[n] = '\0';
  (void)close(out[0]);
  (void)posix_spawn_file_actions_destroy(&files);
  if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
    say_no("the other start did not end");
  return WEXITSTATUS(status);
}

static void hold(void *ud) {
  struct hold *h = ud;
  char said[2000], number[32];
  int64_t until = real_us() + HELD_US;
  if (h->other) {
    (void)snprintf(number, sizeof number, "%ld", (long)h->w->child.pid);
    h->refused = start_other(h->w, said, sizeof said) == 1 &&
                 strstr(said, "journal") && strstr(said, number);
    if (!h->refused)
      fprintf(stderr, "stopped: the other start said: %s\n", said);
  }
  while (real_us() < until)
    (void)usleep(1000);
}

struct rows {
  int n, twice;
};

static int count(void *ud, const mj_row *row) {
  struct rows *r = ud;
  r->n++;
  r->twice += row->attempt == 2;
  return row->attempt > 2;
}

/* 0: there are not that many connections. */
static int one(struct world *w, long n, int other, int *wrong, int *twice) {
  struct hold h = {w, other, 0};
  struct plan p = {.kind = PLAN_FAULT};
  struct findings f;
  struct rows before = {0, 0}, after = {0, 0};
  struct work *work;
  char name[40];
  size_t from = gateway_works(w->g);
  int rc;
  p.fault.number = call_number("connect");
  p.fault.n = n;
  p.fault.hold = hold;
  p.fault.ud = &h;
  (void)snprintf(name, sizeof name, "stopped %ld %d", n, other);
  (void)unlink(w->page);
  if (states_each(w, count, &before) != MJ_OK)
    say_no("see %s", w->folder);
  rc = world_start(w, name, 1, 0, NULL, &p);
  if (states_each(w, count, &after) != MJ_OK)
    say_no("see %s", w->folder);
  if (rc != 0 || check_page(w->g, w->page, from, &f) != 0 || f.good != 1 ||
      f.doubles || f.lost || f.wrong || after.n != before.n + 2) {
    world_complain(w);
    ++*wrong;
  }
  for (; (work = gateway_work(w->g, from)) != NULL; from++)
    *wrong += work->posts != 1; /* the one that was held never came */
  *twice += after.twice - before.twice;
  *wrong += w->child.calls.hits && other && !h.refused;
  return w->child.calls.hits > 0;
}

int main(int argc, char **argv) {
  struct tally tally;
  struct world w;
  int other, wrong = 0, twice[2] = {0, 0};
  long n, held = 0;
  struct settings s = {.profile = "plus", .seed = 1, .factor = FACTOR};
  settings_read(&s, NULL, "stopped MJLUA SCRIPT FASTCLOCK [options]", argc,
                argv);
  memset(&tally, 0, sizeof tally);
  world_prepare(&w, &s, &tally);
  world_open(&w, s.profile, s.seed, 0, 0);
  for (other = 0; other < 2; other++)
    for (n = 1; n < MOST && one(&w, n, other, &wrong, &twice[other]); n++)
      held++;
  printf("held before a connection %ld times; requests that left on a new "
         "record %d, and %d while another start was tried; wrong %d\n",
         held, twice[0], twice[1], wrong);
  wrong += twice[0] != 2 || twice[1] != 2; /* the imagine and the click */
  printf("%s\n", wrong ? "BAD" : "good");
  if (wrong)
    fprintf(stderr, "stopped: see %s\n", w.folder);
  world_close(&w, s.keep || wrong);
  return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
