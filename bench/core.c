/* SPDX-License-Identifier: MIT
   core.c - the same work through mj.h.

     core URL TASKS CONNECTIONS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mj.h>

static int fail(const mj_error *err) {
  fprintf(stderr, "core: %s\n", err->text);
  return 1;
}

int main(int argc, char **argv) {
  long i, finished = 0, n = argc > 3 ? strtol(argv[2], NULL, 10) : 0;
  mj_config cfg;
  mj_client *c;
  mj_request r;
  mj_stats stats;
  mj_error err;
  mj_id id;

  if (n < 1) {
    fprintf(stderr, "usage: core URL TASKS CONNECTIONS\n");
    return 2;
  }
  mj_config_init(&cfg);
  cfg.base_url = argv[1];
  cfg.api_key = "sk-bench";
  cfg.dialect = "mj";
  cfg.connections = (int)strtol(argv[3], NULL, 10);
  /* As fast as the gateway answers; the queue is never empty. */
  cfg.poll.first_ms = 1;
  cfg.poll.gaps_ms[0] = 1;
  cfg.poll.ngaps = 1;
  if (mj_client_new(&c, &cfg, &err) != MJ_OK)
    return fail(&err);
  memset(&r, 0, sizeof r);
  r.op = MJ_OP_IMAGINE;
  r.prompt = "black cat, cinematic lighting";
  for (i = 0; i < n; i++)
    if (mj_submit(c, &r, &id, &err) != MJ_OK)
      return fail(&err);
  while (finished < n) {
    const mj_event *ev;
    mj_step(c, -1, 0);
    while ((ev = mj_event_peek(c)) != NULL) {
      if (ev->type == MJ_EV_DONE) {
        if (ev->error)
          return fail(ev->error);
        finished++;
      }
      mj_event_pop(c);
    }
  }
  mj_client_stats(c, &stats);
  printf("polls=%llu connects=%llu\n", (unsigned long long)stats.polls,
         (unsigned long long)stats.connects);
  mj_client_free(c);
  return 0;
}
