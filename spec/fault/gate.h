/* SPDX-License-Identifier: MIT
   gate.h - a simulated gateway, from bytes to bytes. */
#ifndef MJ_SPEC_GATE_H
#define MJ_SPEC_GATE_H

#include <stddef.h>
#include <stdint.h>

struct gate;

struct gate_request {
  char *method, *target, *auth, *secret, *type, *body;
  size_t len;
  int cell; /* of "/c17/mj/...", -1 = not told */
};

struct gate *gate_new(const char *profile, int port);
/* Bytes used, 0 = not whole yet. */
size_t gate_parse(const char *in, size_t n, struct gate_request *q);
void gate_free(struct gate_request *q);
int gate_is_paid(const struct gate_request *q);
/* The reply, from malloc; *made = tasks that it made. */
char *gate_serve(struct gate *g, const struct gate_request *q, int64_t now_ms,
                 int keep, size_t *n, int *made);
/* A reply of a gateway that did nothing. */
char *gate_lie(const struct gate_request *q, size_t *n);

/* What /pic.png is. */
enum { PICTURE = 20000 };
void gate_picture(char out[PICTURE]);

#endif
