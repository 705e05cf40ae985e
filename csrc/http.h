/* SPDX-License-Identifier: MIT
   http.h - the transport on libcurl, and the only place that parses URLs. */
#ifndef MJ_HTTP_H
#define MJ_HTTP_H

#include "mem.h"

struct mj__http_config {
  struct mj__mem mem;
  int connections;
  const char *proxy, *ca_file, *ca_path; /* outlive the transport */
  const char *origin; /* base_url: its pictures are trusted; may be NULL */
  const char *const *allow_hosts;
  size_t nallow_hosts;
  int threads; /* 1 = what blocks is done on threads */
};

int mj__http_new(mj_transport *out, const struct mj__http_config *cfg);
/* Connections made, open now, most at once. */
void mj__http_stats(const mj_transport *t, mj_stats *out);
const char *mj__http_library(void); /* name and version */

/* A base URL: http or https, a host, no user, query, fragment or control
   character.  *out (from m, the caller frees it) has no slash at its end. */
int mj__url_base(char **out, const struct mj__mem *m, const char *url,
                 mj_error *err);
/* Any http or https URL that may be fetched; http only where `plain`. */
int mj__url_check(const char *url, int plain, mj_error *err);
/* 1 = same scheme, host and port. */
int mj__url_same_origin(const char *a, const char *b);
/* 1 = the URL's host (and port, if the entry names one) is `entry`. */
int mj__url_host_is(const char *url, const char *entry);

#endif
