/* SPDX-License-Identifier: MIT
   mutated.h - a client at a gateway whose replies are made wrong: what
   test_mutated.c and mutated_ask.c share. */
#ifndef MJ_SPEC_MUTATED_H
#define MJ_SPEC_MUTATED_H

#include "gateway.h"
#include "test.h"

/* A job, what was seen of it, and whose run it belongs to. */
struct job {
  mj_id id;
  mj_op op;      /* 0 = a question */
  mj_query what; /* 0 = watched */
  int done, accepted;
  int cancel_at; /* turns until then; -1 = never */
};

struct run {
  struct gateway g;
  virtual_world *w;
  mj_client *c;
  struct meter meter;
  int lazy; /* events are fetched some turns late */
};

/* Something paid, or a question; j->id 0 = the client refused it at once. */
void mutated_submit(struct run *r, struct job *j, uint64_t *seed);
void mutated_ask(struct run *r, struct job *j, uint64_t *seed);

#endif
