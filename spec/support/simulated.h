/* SPDX-License-Identifier: MIT
   simulated.h - the simulator under a client, in virtual time and without a
   socket: its function answers each request of virtual.h after 5 ms. */
#ifndef MJ_SPEC_SIMULATED_H
#define MJ_SPEC_SIMULATED_H

#include "serve/sim.h"
#include "virtual.h"

#define SIMULATED_URL        "http://127.0.0.1:8080"
#define SIMULATED_LATENCY_MS 5
/* 2025-03-09T14:46:18Z, the wall clock when the virtual one shows 0. */
#define SIMULATED_EPOCH_MS INT64_C(1741531578000)

/* NULL when the configuration is wrong (the reason goes to stderr) or memory
   ran out.  base_url is SIMULATED_URL unless given.  One reference is the
   caller's. */
virtual_world *simulated_new(const struct mj_sim_config *cfg);
mj_sim *simulated_sim(virtual_world *w);
/* Told of each request as it arrives, and of the status that it will be
   answered with, 0 = it is dropped; NULL = nobody is. */
extern void (*simulated_seen)(const mj_http *req, int64_t now_ms,
                              int http_status);

#endif
