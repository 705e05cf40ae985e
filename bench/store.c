/* SPDX-License-Identifier: MIT
   store.c - what the journal costs: submits that are recorded from READY to
   their end, `BURST` at a time, as a client does it.

     store FILE SUBMITS BURST */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "job.h"
#include "store.h"

static const char body[] =
    "{\"base64Array\":[],\"botType\":\"MID_JOURNEY\",\"prompt\":\"black cat, "
    "cinematic lighting --ar "
    "3:2\",\"state\":\"mj_aaaaaaaaaaaaaaaaaaaaaaaaaa\"}";
static char result[2100];

static double cpu_us(void) {
  struct rusage r;
  (void)getrusage(RUSAGE_SELF, &r);
  return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e6 +
         (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static int put(mj__store *s, long i, enum mj__state state) {
  struct mj__record r;
  char token[40], task[24];
  uint64_t number;
  memset(&r, 0, sizeof r);
  (void)snprintf(token, sizeof token, "mj_%08lx%08lx%08lx",
                 (unsigned long)(i * 2654435761 & 0xffffffff),
                 (unsigned long)(i * 40503 & 0xffffffff), (unsigned long)i);
  (void)snprintf(task, sizeof task, "17307%011ld", i);
  r.token = token;
  r.state = (int)state;
  r.attempt = 1;
  if (state == MJ__READY) {
    r.op = MJ_OP_IMAGINE;
    r.url = "https://gateway.example/mj/submit/imagine";
    r.body = body;
    r.body_len = sizeof body - 1;
    r.key = token + 3;
    r.scope = r.run = "run-1";
    r.gateway = "https://gateway.example";
    r.prompt = "black cat, cinematic lighting --ar 3:2";
  } else if (state == MJ__ACCEPTED) {
    r.task_id = task;
  } else if (state == MJ__SUCCEEDED) {
    r.result = result;
    r.result_len = sizeof result;
  }
  return s->ops->put(s, &r, &number);
}

int main(int argc, char **argv) {
  static const enum mj__state states[] = {MJ__READY, MJ__DISPATCHING,
                                          MJ__ACCEPTED, MJ__SUCCEEDED};
  struct mj__store_options o;
  struct mj__mem m;
  mj_error err;
  mj__store *s;
  double before;
  long i, k, n, burst;
  size_t t;
  if (argc < 4) {
    fprintf(stderr, "usage: store FILE SUBMITS BURST\n");
    return 2;
  }
  n = strtol(argv[2], NULL, 10);
  burst = strtol(argv[3], NULL, 10);
  memset(&o, 0, sizeof o);
  memset(result, 'r', sizeof result);
  o.path = argv[1];
  mj__mem_init(&m, NULL, NULL);
  if (mj__store_sqlite(&s, &m, &o, &err) != MJ_OK) {
    fprintf(stderr, "store: %s\n", err.text);
    return 1;
  }
  before = cpu_us();
  for (i = 0; i < n; i += burst)
    for (t = 0; t < sizeof states / sizeof states[0]; t++) {
      for (k = i; k < i + burst && k < n; k++)
        if (put(s, k, states[t]) != MJ_OK)
          return 1;
      if (s->ops->flush(s, -1) != MJ_OK)
        return 1;
    }
  printf("submits=%ld us_per_submit=%.1f us_per_record=%.1f\n", n,
         (cpu_us() - before) / (double)n, (cpu_us() - before) / (double)n / 4);
  s->ops->free(s);
  return 0;
}
