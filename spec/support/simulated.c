/* SPDX-License-Identifier: MIT
   simulated.c - see simulated.h. */
#include "simulated.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *header(const mj_http *req, const char *name) {
  for (size_t i = 0; i < req->nheaders; i++)
    if (!strcasecmp(req->headers[i].name, name))
      return req->headers[i].value;
  return NULL;
}

/* "http://host:port/path?query" -> "/path?query" */
static const char *target_of(const char *url) {
  const char *p = strstr(url, "://");
  p = strchr(p ? p + 3 : url, '/');
  return p ? p : "/";
}

void (*simulated_seen)(const mj_http *req, int64_t now_ms, int http_status);

static void handle(void *ud, const mj_http *req, int64_t now_ms,
                   virtual_reply *out) {
  struct mj_sim_request r = {req->method,
                             target_of(req->url),
                             header(req, "Authorization"),
                             header(req, "mj-api-secret"),
                             header(req, "Content-Type"),
                             req->body,
                             req->body_len};
  struct mj_sim_reply reply;
  mj_sim_handle(ud, &r, SIMULATED_EPOCH_MS + now_ms, &reply);
  if (simulated_seen)
    simulated_seen(req, now_ms, reply.drop ? 0 : reply.status);
  out->delay_ms = SIMULATED_LATENCY_MS + reply.delay_ms;
  if (reply.drop) {
    out->curl_code = 52; /* CURLE_GOT_NOTHING */
    mj_sim_reply_free(&reply);
    return;
  }
  out->http_status = reply.status;
  for (size_t i = 0; i < reply.nheaders; i++)
    if (!strcmp(reply.headers[i].name, "Retry-After"))
      out->retry_after_ms = strtoll(reply.headers[i].value, NULL, 10) * 1000;
  if (reply.content_type)
    snprintf(out->content_type, sizeof out->content_type, "%s",
             reply.content_type);
  out->body = reply.body; /* both are from malloc */
  out->body_len = reply.len;
}

static void free_sim(void *ud) {
  mj_sim_free(ud);
}

virtual_world *simulated_new(const struct mj_sim_config *cfg) {
  struct mj_sim_config own = *cfg;
  virtual_world *w;
  mj_sim *s;
  char why[200];
  if (!own.base_url)
    own.base_url = SIMULATED_URL;
  if (mj_sim_new(&s, &own, why, sizeof why)) {
    fprintf(stderr, "simulated: %s\n", why);
    return NULL;
  }
  w = virtual_new(handle, s, free_sim, 0);
  if (!w)
    mj_sim_free(s);
  return w;
}

mj_sim *simulated_sim(virtual_world *w) {
  return virtual_ud(w);
}
