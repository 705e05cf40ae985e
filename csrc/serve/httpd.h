/* SPDX-License-Identifier: MIT
   httpd.h - a small HTTP server without threads of its own: its descriptor is
   watched and its step called by whoever owns the loop. */
#ifndef MJ_HTTPD_H
#define MJ_HTTPD_H

#include <stddef.h>
#include <stdint.h>

typedef struct mj_httpd mj_httpd;

typedef struct mj_httpd_request {
  const char *method, *target; /* as sent, with the query */
  const char *body;
  size_t len;
  void *connection; /* for mj_httpd_header */
} mj_httpd_request;

/* Comes zeroed.  Pointers must last until the handler returns; `body` is from
   malloc and taken over. */
typedef struct mj_httpd_reply {
  int status;
  const char *content_type; /* NULL = none */
  char *body;
  size_t len;
  struct {
    const char *name;
    char value[256];
  } headers[4];
  size_t nheaders;
  int drop;         /* 1 = close the connection without an answer */
  int chunked;      /* 1 = in pieces, the length not said before */
  int64_t delay_ms; /* answer, or drop, that much later */
} mj_httpd_reply;

typedef void (*mj_httpd_handler)(void *ud, const mj_httpd_request *req,
                                 mj_httpd_reply *reply);

struct mj_httpd_config {
  const char *host;     /* an IPv4 or IPv6 address; NULL = "127.0.0.1" */
  int port;             /* 0 = any free one */
  size_t max_body;      /* 0 = 16 MiB; more is answered with 413 */
  unsigned connections; /* at once; 0 = 1000 */
  unsigned timeout_s;   /* of a silent connection; 0 = 60 */
  mj_httpd_handler handler;
  void *ud;
};

struct mj_httpd_stats {
  uint64_t requests;    /* that were read to their end */
  uint64_t connections; /* accepted */
  unsigned open;
};

/* 0, or -1 with the reason in why[size].  Strings are copied. */
int mj_httpd_new(mj_httpd **out, const struct mj_httpd_config *cfg, char *why,
                 size_t size);
void mj_httpd_free(mj_httpd *h);
int mj_httpd_port(const mj_httpd *h);
/* "http://127.0.0.1:40123" */
const char *mj_httpd_url(const mj_httpd *h);
/* Readable when there is work. */
int mj_httpd_fd(const mj_httpd *h);
/* Milliseconds until step must be called although the descriptor is silent;
   0 = at once, -1 = never. */
int64_t mj_httpd_timeout_ms(mj_httpd *h);
/* Serves what is ready; never waits. */
void mj_httpd_step(mj_httpd *h);
void mj_httpd_count(const mj_httpd *h, struct mj_httpd_stats *out);
/* A request's header or NULL; names in any case.  Within the handler only. */
const char *mj_httpd_header(const mj_httpd_request *req, const char *name);
/* Milliseconds since 1970 that never go back. */
int64_t mj_httpd_wall_ms(void);
const char *mj_httpd_library(void); /* "libmicrohttpd/0.9.75" */

#endif
