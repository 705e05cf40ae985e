/* SPDX-License-Identifier: MIT
   httpd.c - libmicrohttpd, the only file that includes it: one epoll set, no
   thread; MHD_run is called by the owner's loop. */
#include "httpd.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define TURNS 64 /* of MHD_run in one step: then the loop goes on */
#define PIECE 61 /* bytes of an answer that comes in pieces */

struct incoming;

struct mj_httpd {
  struct MHD_Daemon *daemon;
  mj_httpd_handler handler;
  void *ud;
  size_t max_body;
  int port, fd;
  char url[80];
  struct mj_httpd_stats stats;
  struct incoming *late; /* answers that wait for their time */
};

/* A request while it is read, and while its answer waits. */
struct incoming {
  char *target, *body;
  size_t len, cap;
  int started, too_large, failed;
  int answered;                  /* the rest is set */
  struct MHD_Response *response; /* NULL = drop */
  unsigned status;
  struct MHD_Connection *connection; /* while it waits */
  int64_t due;
  struct incoming *next;
};

int64_t mj_httpd_wall_ms(void) {
  static int64_t offset;
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  int64_t ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
  if (!offset) {
    clock_gettime(CLOCK_REALTIME, &t);
    offset = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 - ms;
  }
  return ms + offset;
}

const char *mj_httpd_library(void) {
  static char text[48];
  snprintf(text, sizeof text, "libmicrohttpd/%s", MHD_get_version());
  return text;
}

const char *mj_httpd_header(const mj_httpd_request *req, const char *name) {
  return MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND, name);
}

/* The only place that sees the target as it was sent. */
static void *on_target(void *ud, const char *target,
                       struct MHD_Connection *connection) {
  struct incoming *in = calloc(1, sizeof *in);
  size_t n = strlen(target) + 1;
  (void)ud;
  (void)connection;
  if (!in)
    return NULL;
  in->target = malloc(n);
  if (in->target)
    memcpy(in->target, target, n);
  return in;
}

static void on_completed(void *ud, struct MHD_Connection *connection,
                         void **state, enum MHD_RequestTerminationCode why) {
  struct incoming *in = *state;
  (void)ud;
  (void)connection;
  (void)why;
  if (in) {
    if (in->response)
      MHD_destroy_response(in->response);
    free(in->target);
    free(in->body);
    free(in);
  }
  *state = NULL;
}

static void on_connection(void *ud, struct MHD_Connection *connection,
                          void **state,
                          enum MHD_ConnectionNotificationCode code) {
  mj_httpd *h = ud;
  (void)connection;
  (void)state;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    h->stats.connections++;
    h->stats.open++;
  } else {
    h->stats.open--;
  }
}

/* More than the cap is read and forgotten, so that 413 can be answered. */
static void take(const mj_httpd *h, struct incoming *in, const char *data,
                 size_t n) {
  if (n > h->max_body || in->len > h->max_body - n) {
    in->too_large = 1;
    in->len = 0;
  }
  if (in->too_large || in->failed)
    return;
  if (in->len + n > in->cap) {
    size_t cap = in->cap * 2 + n;
    char *p = realloc(in->body, cap);
    if (!p) {
      in->failed = 1;
      return;
    }
    in->body = p;
    in->cap = cap;
  }
  memcpy(in->body + in->len, data, n);
  in->len += n;
}

static void set_too_large(mj_httpd_reply *r) {
  static const char page[] =
      "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n"
      "<body>\r\n<center><h1>413 Request Entity Too Large</h1></center>\r\n"
      "</body>\r\n</html>\r\n";
  r->status = 413;
  r->content_type = "text/html";
  r->body = malloc(sizeof page);
  if (r->body) {
    memcpy(r->body, page, sizeof page);
    r->len = sizeof page - 1;
  }
}

struct pieces {
  char *body;
  size_t len;
};

static ssize_t next_piece(void *ud, uint64_t at, char *buf, size_t max) {
  const struct pieces *p = ud;
  size_t n = p->len - (size_t)at;
  if (!n)
    return MHD_CONTENT_READER_END_OF_STREAM;
  n = n < max ? n : max;
  n = n < PIECE ? n : PIECE;
  memcpy(buf, p->body + at, n);
  return (ssize_t)n;
}

static void free_pieces(void *ud) {
  struct pieces *p = ud;
  free(p->body);
  free(p);
}

static struct MHD_Response *in_pieces(mj_httpd_reply *r) {
  struct pieces *p = malloc(sizeof *p);
  struct MHD_Response *response;
  if (!p)
    return NULL;
  p->body = r->body;
  p->len = r->len;
  response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024,
                                               next_piece, p, free_pieces);
  if (!response)
    free(p);
  return response;
}

/* NULL when memory runs out.  The body is taken over in any case. */
static struct MHD_Response *response_of(mj_httpd_reply *r) {
  struct MHD_Response *response;
  if (!r->body)
    response = MHD_create_response_from_buffer(0, (void *)(uintptr_t) "",
                                               MHD_RESPMEM_PERSISTENT);
  else if (r->chunked)
    response = in_pieces(r);
  else
    response =
        MHD_create_response_from_buffer(r->len, r->body, MHD_RESPMEM_MUST_FREE);
  if (!response) {
    free(r->body);
    return NULL;
  }
  if (r->content_type)
    MHD_add_response_header(response, "Content-Type", r->content_type);
  for (size_t i = 0; i < r->nheaders; i++)
    MHD_add_response_header(response, r->headers[i].name, r->headers[i].value);
  return response;
}

static void wait_for_its_time(mj_httpd *h, struct incoming *in,
                              struct MHD_Connection *connection,
                              int64_t delay_ms) {
  in->connection = connection;
  in->due = mj_httpd_wall_ms() + delay_ms;
  in->next = h->late;
  h->late = in;
  MHD_suspend_connection(connection);
}

/* libmicrohttpd calls on_request again for each of them. */
static void resume(mj_httpd *h, int64_t until) {
  struct incoming **p = &h->late;
  while (*p) {
    struct incoming *in = *p;
    if (in->due > until) {
      p = &in->next;
      continue;
    }
    *p = in->next;
    MHD_resume_connection(in->connection);
  }
}

static enum MHD_Result answer(struct MHD_Connection *connection,
                              struct incoming *in) {
  if (!in->response)
    return MHD_NO; /* closes the connection */
  return MHD_queue_response(connection, in->status, in->response);
}

/* Asks the handler. */
static enum MHD_Result handle(mj_httpd *h, struct incoming *in,
                              struct MHD_Connection *connection,
                              const char *method) {
  mj_httpd_reply reply = {0};
  if (in->too_large) {
    set_too_large(&reply);
  } else {
    mj_httpd_request req = {method, in->target, in->body ? in->body : "",
                            in->len, connection};
    h->handler(h->ud, &req, &reply);
  }
  in->answered = 1;
  in->status = (unsigned)reply.status;
  if (reply.drop)
    free(reply.body);
  else
    in->response = response_of(&reply);
  if (reply.delay_ms <= 0)
    return answer(connection, in);
  wait_for_its_time(h, in, connection, reply.delay_ms);
  return MHD_YES;
}

static enum MHD_Result on_request(void *ud, struct MHD_Connection *connection,
                                  const char *path, const char *method,
                                  const char *version, const char *data,
                                  size_t *n, void **state) {
  mj_httpd *h = ud;
  struct incoming *in = *state;
  (void)path;
  (void)version;
  if (!in || !in->target)
    return MHD_NO;
  if (in->answered)
    return answer(connection, in);
  if (!in->started) { /* headers only; an answer now would refuse the body */
    in->started = 1;
    return MHD_YES;
  }
  if (*n) {
    take(h, in, data, *n);
    *n = 0;
    return MHD_YES;
  }
  h->stats.requests++;
  if (in->failed)
    return MHD_NO;
  return handle(h, in, connection, method);
}

/* What clients do wrong is their business, not stderr's. */
static void on_log(void *ud, const char *fmt, va_list ap) {
  (void)ud;
  (void)fmt;
  (void)ap;
}

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

static int set_address(union address *a, const char *host, int port) {
  memset(a, 0, sizeof *a);
  if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
    a->v4.sin_family = AF_INET;
    a->v4.sin_port = htons((uint16_t)port);
    return 0;
  }
  if (inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1) {
    a->v6.sin6_family = AF_INET6;
    a->v6.sin6_port = htons((uint16_t)port);
    return 0;
  }
  return -1;
}

static struct MHD_Daemon *start(mj_httpd *h, const struct mj_httpd_config *cfg,
                                const union address *a) {
  unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME;
  if (a->any.sa_family == AF_INET6)
    flags |= MHD_USE_IPv6;
  return MHD_start_daemon(
      flags, 0, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_log,
      NULL, MHD_OPTION_SOCK_ADDR, &a->any, MHD_OPTION_URI_LOG_CALLBACK,
      on_target, h, MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
      MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
      MHD_OPTION_CONNECTION_LIMIT, cfg->connections ? cfg->connections : 1000u,
      MHD_OPTION_CONNECTION_TIMEOUT, cfg->timeout_s ? cfg->timeout_s : 60u,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32768,
      MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024u, MHD_OPTION_END);
}

static int find_out(mj_httpd *h, const char *host) {
  const union MHD_DaemonInfo *info;
  info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);
  if (!info)
    return -1;
  h->port = info->port;
  info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
  if (!info)
    return -1;
  h->fd = info->epoll_fd;
  snprintf(h->url, sizeof h->url,
           strchr(host, ':') ? "http://[%s]:%d" : "http://%s:%d", host,
           h->port);
  return 0;
}

int mj_httpd_new(mj_httpd **out, const struct mj_httpd_config *cfg, char *why,
                 size_t size) {
  const char *host = cfg->host ? cfg->host : "127.0.0.1";
  union address a;
  mj_httpd *h;
  *out = NULL;
  if (cfg->port < 0 || cfg->port > 65535 || set_address(&a, host, cfg->port)) {
    snprintf(why, size, "%s:%d is no address to listen on", host, cfg->port);
    return -1;
  }
  h = calloc(1, sizeof *h);
  if (!h) {
    snprintf(why, size, "out of memory");
    return -1;
  }
  h->handler = cfg->handler;
  h->ud = cfg->ud;
  h->max_body = cfg->max_body ? cfg->max_body : 16u << 20;
  h->daemon = start(h, cfg, &a);
  if (!h->daemon || find_out(h, host)) {
    snprintf(why, size, "cannot listen on %s port %d (is it taken?)", host,
             cfg->port);
    mj_httpd_free(h);
    return -1;
  }
  *out = h;
  return 0;
}

void mj_httpd_free(mj_httpd *h) {
  if (h && h->daemon) {
    resume(h, INT64_MAX); /* none may sleep when the daemon ends */
    MHD_stop_daemon(h->daemon);
  }
  free(h);
}

int mj_httpd_port(const mj_httpd *h) {
  return h->port;
}

const char *mj_httpd_url(const mj_httpd *h) {
  return h->url;
}

int mj_httpd_fd(const mj_httpd *h) {
  return h->fd;
}

int64_t mj_httpd_timeout_ms(mj_httpd *h) {
  MHD_UNSIGNED_LONG_LONG ms;
  int64_t least = -1, now = h->late ? mj_httpd_wall_ms() : 0;
  if (MHD_get_timeout(h->daemon, &ms) == MHD_YES)
    least = ms > 3600000 ? 3600000 : (int64_t)ms;
  for (const struct incoming *in = h->late; in; in = in->next) {
    int64_t left = in->due > now ? in->due - now : 0;
    if (least < 0 || left < least)
      least = left;
  }
  return least;
}

/* Its epoll set is edge-triggered: what one MHD_run leaves undone is announced
   by a timeout of 0, not by the descriptor. */
void mj_httpd_step(mj_httpd *h) {
  for (int i = 0; i < TURNS; i++) {
    if (h->late)
      resume(h, mj_httpd_wall_ms());
    MHD_run(h->daemon);
    if (mj_httpd_timeout_ms(h) != 0)
      return;
  }
}

void mj_httpd_count(const mj_httpd *h, struct mj_httpd_stats *out) {
  *out = h->stats;
}
