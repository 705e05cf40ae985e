/* SPDX-License-Identifier: MIT
   virtual.c - see virtual.h. */
#include "virtual.h"

#include <stdlib.h>
#include <string.h>

struct pending {
  struct pending *next;
  mj_client *client;
  uint64_t id;
  int64_t at_ms;
  virtual_reply reply;
};

struct virtual_world {
  virtual_handler handler;
  void *ud;
  void (*free_ud)(void *ud);
  int refs;
  int64_t now_ms;
  struct pending *first; /* by at_ms */
  virtual_counts counts;
};

virtual_world *virtual_new(virtual_handler handler, void *ud,
                           void (*free_ud)(void *ud), int64_t start_ms) {
  virtual_world *w = calloc(1, sizeof *w);
  if (!w)
    return NULL;
  w->handler = handler;
  w->ud = ud;
  w->free_ud = free_ud;
  w->refs = 1;
  w->now_ms = start_ms;
  return w;
}

static void pending_free(struct pending *p) {
  free(p->reply.body);
  free(p);
}

void virtual_unref(virtual_world *w) {
  if (!w || --w->refs > 0)
    return;
  while (w->first) {
    struct pending *next = w->first->next;
    pending_free(w->first);
    w->first = next;
  }
  if (w->free_ud)
    w->free_ud(w->ud);
  free(w);
}

int64_t virtual_now(void *ud) {
  return ((virtual_world *)ud)->now_ms;
}

void *virtual_ud(virtual_world *w) {
  return w->ud;
}

const virtual_counts *virtual_counted(const virtual_world *w) {
  return &w->counts;
}

static int v_start(void *ud, mj_client *c, const mj_http *req) {
  virtual_world *w = ud;
  struct pending *p, **at;
  w->counts.requests++;
  if (req->paid && !mj_ticket_redeem(c, req)) {
    w->counts.refused_tickets++;
    return MJ_EINVALID;
  }
  w->counts.paid += (uint64_t)(req->paid != 0);
  p = calloc(1, sizeof *p);
  if (!p)
    return MJ_ERESOURCE;
  p->client = c;
  p->id = req->id;
  p->reply.sent = 2;
  p->reply.retry_after_ms = -1;
  w->handler(w->ud, req, w->now_ms, &p->reply);
  if (!p->reply.http_status && !p->reply.curl_code)
    p->reply.http_status = 200;
  p->at_ms = w->now_ms + p->reply.delay_ms;
  for (at = &w->first; *at && (*at)->at_ms <= p->at_ms; at = &(*at)->next)
    ;
  p->next = *at;
  *at = p;
  if (++w->counts.open > w->counts.open_peak)
    w->counts.open_peak = w->counts.open;
  return MJ_OK;
}

static void v_stop(void *ud, uint64_t id) {
  virtual_world *w = ud;
  struct pending **at;
  for (at = &w->first; *at; at = &(*at)->next)
    if ((*at)->id == id) {
      struct pending *p = *at;
      *at = p->next;
      pending_free(p);
      w->counts.open--;
      w->counts.stopped++;
      return;
    }
}

/* The body comes in pieces of 700 bytes, as from a socket. */
static void deliver(struct pending *p) {
  mj_client *c = p->client;
  mj_http_result r;
  size_t at = 0;
  memset(&r, 0, sizeof r);
  r.curl_code = p->reply.curl_code;
  r.http_status = p->reply.http_status;
  r.sent = p->reply.sent;
  r.retry_after_ms = p->reply.retry_after_ms;
  r.content_type = p->reply.content_type[0] ? p->reply.content_type : NULL;
  r.location = p->reply.location[0] ? p->reply.location : NULL;
  r.text = r.curl_code ? "scripted failure" : NULL;
  while (at < p->reply.body_len) {
    size_t n = p->reply.body_len - at < 700 ? p->reply.body_len - at : 700;
    if (mj_transport_data(c, p->id, p->reply.body + at, n) != MJ_OK) {
      r.curl_code = 23; /* CURLE_WRITE_ERROR */
      break;
    }
    at += n;
  }
  mj_transport_done(c, p->id, &r);
}

static void v_step(void *ud, mj_client *c, int64_t wait_ms, int64_t budget_us) {
  virtual_world *w = ud;
  int64_t until = wait_ms < 0 ? INT64_MAX : w->now_ms + wait_ms;
  (void)c;
  (void)budget_us;
  if (w->first && w->first->at_ms <= until)
    until = w->first->at_ms > w->now_ms ? w->first->at_ms : w->now_ms;
  if (until != INT64_MAX)
    w->now_ms = until;
  while (w->first && w->first->at_ms <= w->now_ms) {
    struct pending *p = w->first;
    w->first = p->next;
    w->counts.open--;
    deliver(p);
    pending_free(p);
  }
}

static int64_t v_timeout(void *ud) {
  virtual_world *w = ud;
  if (!w->first)
    return -1;
  return w->first->at_ms > w->now_ms ? w->first->at_ms - w->now_ms : 0;
}

static int v_fd(void *ud) {
  (void)ud;
  return -1;
}

static int v_watch(void *ud, int fd, int on) {
  (void)ud;
  (void)fd;
  (void)on;
  return MJ_OK;
}

static int v_wakeup(void *ud) {
  (void)ud;
  return MJ_OK;
}

static void v_free(void *ud) {
  virtual_unref(ud);
}

void virtual_config(virtual_world *w, mj_config *cfg) {
  static mj_transport t; /* copied by the client before anyone else asks */
  t.start = v_start;
  t.stop = v_stop;
  t.step = v_step;
  t.timeout = v_timeout;
  t.fd = v_fd;
  t.watch = v_watch;
  t.wakeup = v_wakeup;
  t.free = v_free;
  t.ud = w;
  w->refs++;
  cfg->transport = &t;
  cfg->now = virtual_now;
  cfg->now_ud = w;
  cfg->threads = 0;
}
