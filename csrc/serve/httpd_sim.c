/* SPDX-License-Identifier: MIT
   httpd_sim.c - see httpd_sim.h. */
#include "httpd_sim.h"

#include <string.h>

struct mj_sim_request mj_httpd_sim_request(const mj_httpd_request *req) {
  struct mj_sim_request r = {req->method,
                             req->target,
                             mj_httpd_header(req, "Authorization"),
                             mj_httpd_header(req, "mj-api-secret"),
                             mj_httpd_header(req, "Content-Type"),
                             req->body,
                             req->len};
  return r;
}

void mj_httpd_sim_reply(mj_httpd_reply *to, const struct mj_sim_reply *from) {
  to->status = from->status;
  to->content_type = from->content_type;
  to->body = from->body; /* both are from malloc */
  to->len = from->len;
  to->drop = from->drop;
  to->chunked = from->chunked;
  to->delay_ms = from->delay_ms;
  for (size_t i = 0; i < from->nheaders; i++) {
    to->headers[i].name = from->headers[i].name;
    memcpy(to->headers[i].value, from->headers[i].value,
           sizeof to->headers[i].value);
  }
  to->nheaders = from->nheaders;
}
