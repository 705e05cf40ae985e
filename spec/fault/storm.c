/* SPDX-License-Identifier: MIT
   storm.c - loaded in front of a program, sends it a signal a thousand times a
   second: system calls that can be interrupted are. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t strikes;
static struct timespec since;

static void strike(int sig) {
  (void)sig;
  strikes++;
}

__attribute__((constructor)) static void begin(void) {
  struct itimerspec often = {{0, 1000000}, {0, 1000000}};
  struct sigevent ev;
  timer_t timer;
  struct sigaction a;
  (void)clock_gettime(CLOCK_MONOTONIC, &since);
  memset(&a, 0, sizeof a);
  memset(&ev, 0, sizeof ev);
  a.sa_handler = strike; /* and no SA_RESTART */
  ev.sigev_notify = SIGEV_SIGNAL;
  ev.sigev_signo = SIGRTMIN + 5; /* nobody else's */
  if (sigaction(ev.sigev_signo, &a, NULL) != 0 ||
      timer_create(CLOCK_MONOTONIC, &ev, &timer) != 0 ||
      timer_settime(timer, 0, &often, NULL) != 0)
    abort();
}

/* A program that lived a while and was not hit shows nothing. */
__attribute__((destructor)) static void end(void) {
  static const char few[] = "storm: there was none\n";
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  if (strikes == 0 &&
      (now.tv_sec - since.tv_sec) * 1000 +
              (now.tv_nsec - since.tv_nsec) / 1000000 >
          100 &&
      write(2, few, sizeof few - 1) > 0)
    _exit(99);
}
