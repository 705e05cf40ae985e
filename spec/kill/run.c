/* SPDX-License-Identifier: MIT
   run.c - see run.h. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_US = 60000000 };

const struct plan in_peace = {.kind = PLAN_NONE};

static int64_t wall_ms(void) {
  struct timespec ts;
  (void)clock_gettime(CLOCK_REALTIME, &ts);
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The plan's time has come, or will. */
static void seen(void *ud, int paid, int done) {
  struct world *w = ud;
  const struct plan *p = &w->plan;
  long n;
  if (!done) {
    w->requests++;
    w->paid += paid;
  }
  n = p->kind == PLAN_REQUEST ? w->requests : paid ? w->paid : -1;
  if ((p->kind != PLAN_REQUEST && p->kind != PLAN_PAID) || n != p->n ||
      done != p->done || w->kill_at_us >= 0)
    return;
  w->kill_at_us = real_us() + p->after_us;
  if (p->after_us == 0)
    child_kill(&w->child);
}

static int signals_open(void) {
  sigset_t set;
  int fd;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 ||
      (fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)) < 0)
    say_no("signalfd: %s", strerror(errno));
  return fd;
}

void world_prepare(struct world *w, const struct settings *s,
                   struct tally *tally) {
  memset(w, 0, sizeof *w);
  w->mjlua = s->mjlua;
  w->script = s->script;
  w->fastclock = s->fastclock;
  w->factor = s->factor;
  w->tally = tally;
}

void world_open(struct world *w, const char *profile, uint64_t seed, double bad,
                int pictures) {
  struct gateway_config cfg;
  const char *temp = getenv("TMPDIR");
  (void)snprintf(w->folder, sizeof w->folder, "%.150s/mj-judge-XXXXXX",
                 temp && *temp ? temp : "/tmp");
  if (!mkdtemp(w->folder))
    say_no("%s: %s", w->folder, strerror(errno));
  (void)snprintf(w->home, sizeof w->home, "%s/home", w->folder);
  (void)snprintf(w->journal, sizeof w->journal, "%s/j/the.journal", w->folder);
  (void)snprintf(w->page, sizeof w->page, "%s/page", w->folder);
  (void)snprintf(w->errors, sizeof w->errors, "%s/stderr", w->folder);
  (void)mkdir(w->home, 0700);
  w->since_ms = wall_ms();
  (void)snprintf(w->since, sizeof w->since, "%lld", (long long)w->since_ms);
  (void)snprintf(w->speed, sizeof w->speed, "%d", w->factor);
  w->auth = strcmp(profile, "novicezk") == 0 || strcmp(profile, "plus") == 0
                ? "secret"
                : "bearer";
  w->dialogs = strcmp(profile, "plus") == 0 || strcmp(profile, "new-api") == 0;
  w->live = strcmp(w->auth, "secret") == 0 ? "6" : "";
  memset(&cfg, 0, sizeof cfg);
  cfg.profile = profile;
  cfg.seed = seed;
  cfg.factor = w->factor;
  cfg.since_ms = w->since_ms;
  cfg.bad = bad;
  cfg.pictures = pictures;
  cfg.seen = seen;
  cfg.ud = w;
  w->g = gateway_new(&cfg);
  w->signals = signals_open();
  memset(&w->child, 0, sizeof w->child);
}

static int forget(const char *path, const struct stat *st, int type,
                  struct FTW *at) {
  (void)st;
  (void)type;
  (void)at;
  return remove(path);
}

void world_close(struct world *w, int keep) {
  gateway_free(w->g);
  (void)close(w->signals);
  if (!keep)
    (void)nftw(w->folder, forget, 8, FTW_DEPTH | FTW_PHYS);
}

static void launch(struct world *w, const char *name, const char *count,
                   int twins, const char *folder) {
  const char *argv[] = {w->mjlua, "--journal", w->journal, w->script,
                        name,     count,       folder,     NULL};
  const char *env[] = {"HOME",
                       w->home,
                       "XDG_STATE_HOME",
                       w->home,
                       "MJ_BASE_URL",
                       gateway_url(w->g),
                       "MJ_API_KEY",
                       "sk-CANARY-judge",
                       "MJ_AUTH",
                       w->auth,
                       "MJ_POLL",
                       "",
                       "MJ_JUDGE_PAGE",
                       w->page,
                       "MJ_JUDGE_TWINS",
                       twins ? "yes" : "",
                       "MJ_JUDGE_DIALOGS",
                       w->dialogs && twins ? "yes" : "",
                       "MJ_JUDGE_LIVE",
                       w->live,
                       "MJ_FASTCLOCK",
                       w->speed,
                       "MJ_FASTCLOCK_SINCE",
                       w->since,
                       NULL};
  struct child_config cfg;
  memset(&cfg, 0, sizeof cfg);
  cfg.mjlua = w->mjlua;
  cfg.fastclock = w->fastclock;
  cfg.errors = w->errors;
  cfg.argv = argv;
  cfg.env = env;
  cfg.traced = w->plan.kind == PLAN_CALL || w->plan.kind == PLAN_FAULT;
  child_start(&w->child, &cfg);
}

/* Until something happens, or the time that is next. */
static void wait_for(struct world *w, int64_t until_us) {
  struct pollfd p[2] = {{gateway_fd(w->g), POLLIN, 0}, {w->signals, POLLIN, 0}};
  struct signalfd_siginfo info[8];
  int64_t us = gateway_timeout_us(w->g), rest = until_us - real_us();
  struct timespec ts;
  if (us < 0 || us > rest)
    us = rest;
  if (us < 0)
    us = 0;
  ts.tv_sec = us / 1000000;
  ts.tv_nsec = us % 1000000 * 1000;
  (void)ppoll(p, 2, &ts, NULL);
  if (p[1].revents)
    while (read(w->signals, info, sizeof info) > 0)
      ;
}

static void watch(struct world *w, int64_t began_us) {
  int64_t last = began_us + LONGEST_US;
  while (w->child.running) {
    wait_for(w, w->kill_at_us >= 0 && !w->child.killed ? w->kill_at_us : last);
    gateway_step(w->g);
    child_look(&w->child);
    if (w->kill_at_us >= 0 && real_us() >= w->kill_at_us)
      child_kill(&w->child);
    if (w->child.running && real_us() > last + 5000000)
      say_no("it does not end, see %s", w->folder);
  }
}

/* What it had said before it was gone still comes to the gateway. */
static void drain(struct world *w) {
  int i;
  for (i = 0; i < 3; i++) {
    wait_for(w, real_us() + 200);
    gateway_step(w->g);
  }
}

int world_start(struct world *w, const char *name, int count, int twins,
                const char *folder, const struct plan *plan) {
  char number[16];
  int64_t began = real_us();
  (void)snprintf(number, sizeof number, "%d", count);
  w->plan = *plan;
  w->requests = w->paid = 0;
  w->kill_at_us = plan->kind == PLAN_TIME ? began + plan->after_us : -1;
  w->child.calls.stop_at = plan->kind == PLAN_CALL ? plan->n : 0;
  w->child.calls.only = plan->kind == PLAN_CALL ? plan->call : -1;
  w->child.calls.fault = plan->fault;
  w->tally->starts++;
  launch(w, name, number, twins, folder);
  watch(w, began);
  drain(w);
  if (WIFSIGNALED(w->child.status) && WTERMSIG(w->child.status) == SIGKILL &&
      w->child.killed) {
    w->tally->kills[plan->kind]++;
    w->tally->idle += w->requests == 0;
    return -1;
  }
  if (WIFSIGNALED(w->child.status))
    say_no("it died of signal %d, see %s", WTERMSIG(w->child.status),
           w->folder);
  w->tally->late += plan->kind != PLAN_NONE && plan->kind != PLAN_FAULT;
  return WEXITSTATUS(w->child.status);
}

void world_said(const struct world *w, char *text, size_t size) {
  FILE *in = fopen(w->errors, "r");
  size_t n = in ? fread(text, 1, size - 1, in) : 0;
  if (in)
    (void)fclose(in);
  text[n] = '\0';
}

void world_complain(const struct world *w) {
  char line[400];
  FILE *in = fopen(w->errors, "r");
  int n = 0;
  while (in && n++ < 20 && fgets(line, sizeof line, in))
    fprintf(stderr, "judge: it said: %s", line);
  if (in)
    (void)fclose(in);
}

void world_no_page(struct world *w) {
  char path[300];
  (void)unlink(w->page);
  (void)snprintf(path, sizeof path, "%s.known", w->page);
  (void)unlink(path);
}

void world_witness(struct world *w, int most_starts) {
  struct tally *counted = w->tally, unused;
  int i, rc = -1;
  memset(&unused, 0, sizeof unused);
  w->tally = &unused;
  world_no_page(w);
  for (i = 0; i < most_starts && rc != 0; i++)
    rc = world_start(w, "witness", 1, 0, NULL, &in_peace);
  if (rc != 0) {
    world_complain(w);
    say_no("not even the first task works, see %s", w->folder);
  }
  w->tally = counted;
}
