/* SPDX-License-Identifier: MIT
   httpd_sim.h - between the HTTP server and the simulator, which know nothing
   of each other. */
#ifndef MJ_HTTPD_SIM_H
#define MJ_HTTPD_SIM_H

#include "httpd.h"
#include "sim.h"

/* Borrows from req. */
struct mj_sim_request mj_httpd_sim_request(const mj_httpd_request *req);
/* Takes over what `from` has. */
void mj_httpd_sim_reply(mj_httpd_reply *to, const struct mj_sim_reply *from);

#endif
