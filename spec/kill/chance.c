/* SPDX-License-Identifier: MIT
   chance.c - random numbers from a seed (splitmix64), and the judge's last
   words. */
#include "kill.h"

#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

uint64_t chance_next(struct chance *c) {
  uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

double chance_share(struct chance *c) {
  return (double)(chance_next(c) >> 11) / 9007199254740992.0;
}

int64_t chance_upto(struct chance *c, int64_t most) {
  return (int64_t)(chance_next(c) % (uint64_t)(most + 1));
}

void say_no(const char *fmt, ...) {
  va_list ap;
  fputs("judge: ", stderr);
  va_start(ap, fmt);
  vfprintf(stderr, fmt, ap);
  va_end(ap);
  fputc('\n', stderr);
  exit(2);
}

int64_t real_us(void) {
  struct timespec ts;
  (void)clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
