/* SPDX-License-Identifier: MIT
   virtual.h - a transport and a clock for tests.  Time stands still until
   mj_step waits; then it jumps to the next thing that happens.  Each request
   is answered by a handler, a plain function of request and time. */
#ifndef MJ_SPEC_VIRTUAL_H
#define MJ_SPEC_VIRTUAL_H

#include "mj.h"

typedef struct virtual_reply {
  int curl_code;          /* libcurl's result; 0 = a whole reply came */
  int http_status;        /* 0 becomes 200 */
  int sent;               /* as in mj_http_result; the handler finds 2 here */
  int64_t delay_ms;       /* from the request to the end of the reply */
  int64_t retry_after_ms; /* the handler finds -1 here */
  char content_type[64];
  char location[512];
  char *body; /* from malloc; the transport frees it */
  size_t body_len;
} virtual_reply;

/* Fills *out, which comes zeroed but for the two fields above. */
typedef void (*virtual_handler)(void *ud, const mj_http *req, int64_t now_ms,
                                virtual_reply *out);

typedef struct virtual_world virtual_world;

/* One reference is the caller's; free_ud (may be NULL) runs with the last. */
virtual_world *virtual_new(virtual_handler handler, void *ud,
                           void (*free_ud)(void *ud), int64_t start_ms);
void virtual_unref(virtual_world *w);
int64_t virtual_now(void *w); /* an mj_now_fn */
/* Sets transport, clock and threads = 0 of *cfg.  Takes a reference, which the
   client drops when it is freed. */
void virtual_config(virtual_world *w, mj_config *cfg);
void *virtual_ud(virtual_world *w);

typedef struct virtual_counts {
  uint64_t requests, paid, refused_tickets, stopped;
  size_t open, open_peak;
} virtual_counts;
const virtual_counts *virtual_counted(const virtual_world *w);

#endif
