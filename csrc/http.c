/* SPDX-License-Identifier: MIT
   http.c - the transport: libcurl's multi interface driven by sockets that our
   poller watches. */
#include "http.h"
#include "http_int.h"
#include "os.h"

#include <pthread.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global_code;

static void global_init(void) {
  global_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

const char *mj__http_library(void) {
  return curl_version();
}

static int on_socket(CURL *e, curl_socket_t fd, int what, void *ud, void *sp) {
  struct mj__curl *t = ud;
  int events = what == CURL_POLL_IN      ? MJ__READ
               : what == CURL_POLL_OUT   ? MJ__WRITABLE
               : what == CURL_POLL_INOUT ? MJ__READ | MJ__WRITABLE
                                         : 0;
  (void)e;
  (void)sp;
  /* -1 would end every transfer; one that is not watched ends by its own
     time-out */
  (void)mj__poller_set(t->poller, fd, events);
  return 0;
}

static int on_timer(CURLM *m, long ms, void *ud) {
  struct mj__curl *t = ud;
  (void)m;
  t->due_ms = ms < 0 ? -1 : mj__os_now_ms(NULL) + ms;
  return 0;
}

/* Where TLS will be spoken, and nothing is said that only libcurl knows how to
   do (a folder of authorities; a proxy, which has its own). */
static int read_authorities(struct mj__curl *t) {
  const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
  const char *file = t->cfg.ca_file;
  if (!file && v->age >= CURLVERSION_SEVENTH)
    file = v->cainfo;
  if (t->ca || !t->cfg.threads || t->cfg.ca_path || t->cfg.proxy ||
      !t->cfg.origin || strncmp(t->cfg.origin, "https:", 6) != 0)
    return MJ_OK;
  return mj__ca_new(&t->ca, &t->cfg.mem, file, v->ssl_version) == MJ_ERESOURCE
             ? MJ_ERESOURCE
             : MJ_OK;
}

/* libcurl and the pool come with the first request. */
static int start_up(struct mj__curl *t) {
  int i, n = t->cfg.connections;
  if (t->multi)
    return MJ_OK;
  if (pthread_once(&once, global_init) != 0 || global_code != CURLE_OK)
    return MJ_ERESOURCE;
  if (!t->pool)
    t->pool = mj__alloc(&t->cfg.mem, (size_t)n * sizeof *t->pool);
  if (!t->free_list)
    t->free_list = mj__alloc(&t->cfg.mem, (size_t)n * sizeof *t->free_list);
  if (!t->pool || !t->free_list || read_authorities(t) != MJ_OK)
    return MJ_ERESOURCE;
  t->multi = curl_multi_init();
  if (!t->multi)
    return MJ_ERESOURCE;
  t->npool = n;
  for (i = 0; i < n; i++) {
    t->pool[i].t = t;
    t->free_list[i] = n - 1 - i;
  }
  t->nfree = n;
  curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t);
  curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t);
#if LIBCURL_VERSION_NUM >= 0x081400
  /* since 8.20 its end waits for lookups as well (curl#21797) */
  curl_multi_setopt(t->multi, CURLMOPT_QUICK_EXIT, 1L);
#endif
  curl_multi_setopt(t->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)n);
  curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)n);
  return MJ_OK;
}

static void release(struct mj__curl *t, struct mj__easy *x) {
  mj__easy_unhold(x);
  (void)curl_multi_remove_handle(t->multi, x->e);
  x->id = 0;
  x->body = NULL;
  t->free_list[t->nfree++] = (int)(x - t->pool);
}

static int http_start(void *ud, mj_client *c, const mj_http *req) {
  struct mj__curl *t = ud;
  struct mj__easy *x;
  int rc = start_up(t);
  if (rc)
    return rc;
  if (t->nfree == 0)
    return MJ_ERESOURCE;
  x = &t->pool[t->free_list[t->nfree - 1]];
  if (!x->e && (rc = mj__easy_open(x)) != MJ_OK)
    return rc;
  if ((rc = mj__easy_arm(x, req)) != MJ_OK)
    return rc;
  if (req->paid && !mj_ticket_redeem(c, req))
    return MJ_EINVALID;
  x->client = c;
  x->id = req->id;
  t->nfree--;
  if (curl_multi_add_handle(t->multi, x->e) != CURLM_OK) {
    x->id = 0;
    t->nfree++;
    return MJ_ERESOURCE;
  }
  return MJ_OK;
}

static void http_stop(void *ud, uint64_t id) {
  struct mj__curl *t = ud;
  int i;
  for (i = 0; i < t->npool; i++)
    if (t->pool[i].id == id) {
      release(t, &t->pool[i]);
      return;
    }
}

/* Looking up the name, or connecting: libcurl asks before it sends. */
static int http_unsent(void *ud, uint64_t id) {
  const struct mj__curl *t = ud;
  int i;
  for (i = 0; i < t->npool; i++)
    if (t->pool[i].id == id)
      return t->pool[i].sent == 0;
  return 0;
}

static int is_over(const struct mj__curl *t) {
  return t->end_us != INT64_MAX && mj__os_now_us() >= t->end_us;
}

static void tell_end(struct mj__curl *t, struct mj__easy *x, CURLcode code) {
  mj_http_result r;
  mj__easy_result(x, code, &r);
  /* the result's strings are the handle's: report first */
  mj_transport_done(x->client, x->id, &r);
  release(t, x);
}

/* One at least; the rest is at its end as well in the next turn. */
static void finish(struct mj__curl *t) {
  CURLMsg *msg;
  int n = 0;
  t->ended = 0;
  while ((n == 0 || !is_over(t)) &&
         (msg = curl_multi_info_read(t->multi, &t->ended)) != NULL) {
    struct mj__easy *x = NULL;
    if (msg->msg != CURLMSG_DONE)
      continue;
    n++;
    (void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &x);
    tell_end(t, x, msg->data.result);
  }
}

static int curl_events(int events) {
  return ((events & MJ__READ) ? CURL_CSELECT_IN : 0) |
         ((events & MJ__WRITABLE) ? CURL_CSELECT_OUT : 0) |
         ((events & MJ__BROKEN) ? CURL_CSELECT_ERR : 0);
}

/* Those that were held go on, one piece at least.  libcurl forgets one whose
   piece is not taken here: nothing would wake it but its time-out.  (One that
   has no connection any more has ended, and says so in finish.) */
static int go_on(struct mj__curl *t) {
  struct mj__easy *x, *last = t->held_last;
  CURLcode rc;
  int n = 0;
  for (; (x = t->held_first) != NULL && (n == 0 || !is_over(t)); n++) {
    mj__easy_unhold(x);
    x->due = 1;
    rc = curl_easy_pause(x->e, CURLPAUSE_CONT);
    if (rc != CURLE_OK && rc != CURLE_BAD_FUNCTION_ARGUMENT)
      tell_end(t, x, rc);
    if (x == last)
      break;
  }
  return n;
}

/* What libcurl wants to do by itself, new requests among it. */
static int run_due(struct mj__curl *t) {
  int running;
  if (t->due_ms < 0 || t->due_ms > mj__os_now_ms(NULL))
    return 0;
  t->due_ms = -1;
  (void)curl_multi_socket_action(t->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  return 1;
}

/* What is left over is still readable next time. */
static int serve(struct mj__curl *t, const struct mj__ready *ready, int n) {
  int i, running;
  for (i = 0; i < n && (i == 0 || !is_over(t)); i++)
    (void)curl_multi_socket_action(t->multi, ready[i].fd,
                                   curl_events(ready[i].events), &running);
  return i;
}

enum { HELD, DUE, READY, PARTS };

static void http_step(void *ud, mj_client *c, int64_t wait_ms,
                      int64_t budget_us) {
  struct mj__curl *t = ud;
  struct mj__ready ready[64];
  int i, n, done = 0;
  (void)c;
  n = mj__poller_wait(t->poller, wait_ms, ready, 64);
  if (!t->multi)
    return;
  t->end_us = budget_us > 0 ? mj__os_now_us() + budget_us : INT64_MAX;
  /* a handshake may cost more than the budget: what had to wait for it comes
     first in the next turn */
  for (i = 0; i < PARTS && (done == 0 || !is_over(t)); i++) {
    if (t->part == HELD)
      done += go_on(t);
    else if (t->part == DUE)
      done += run_due(t);
    else
      done += serve(t, ready, n);
    t->part = (t->part + 1) % PARTS;
  }
  finish(t);
}

static int64_t http_timeout(void *ud) {
  struct mj__curl *t = ud;
  int64_t left;
  if (t->held_first || t->ended)
    return 0;
  if (t->due_ms < 0)
    return -1;
  left = t->due_ms - mj__os_now_ms(NULL);
  return left > 0 ? left : 0;
}

static int http_fd(void *ud) {
  return mj__poller_fd(((struct mj__curl *)ud)->poller);
}

static int http_watch(void *ud, int fd, int on) {
  return mj__poller_nest(((struct mj__curl *)ud)->poller, fd, on);
}

static int http_wakeup(void *ud) {
  return mj__poller_wakeup(((struct mj__curl *)ud)->poller);
}

static void http_free(void *ud) {
  struct mj__curl *t = ud;
  struct mj__mem mem = t->cfg.mem;
  size_t i;
  int k;
  for (k = 0; k < t->npool; k++) {
    if (t->pool[k].id)
      (void)curl_multi_remove_handle(t->multi, t->pool[k].e);
    curl_easy_cleanup(t->pool[k].e);
  }
  curl_multi_cleanup(t->multi); /* closes the connections through on_close */
  for (i = 0; i < sizeof t->lists / sizeof t->lists[0]; i++)
    curl_slist_free_all(t->lists[i].list);
  mj__ca_free(t->ca);
  mj__free(&mem, t->pool);
  mj__free(&mem, t->free_list);
  mj__poller_free(t->poller);
  mj__free(&mem, t);
}

int mj__http_new(mj_transport *out, const struct mj__http_config *cfg) {
  struct mj__curl *t = mj__alloc(&cfg->mem, sizeof *t);
  if (!t)
    return MJ_ERESOURCE;
  t->cfg = *cfg;
  t->due_ms = -1;
  t->end_us = INT64_MAX;
  if (mj__poller_new(&t->poller, &cfg->mem) != MJ_OK) {
    mj__free(&cfg->mem, t);
    return MJ_ERESOURCE;
  }
  out->start = http_start;
  out->stop = http_stop;
  out->step = http_step;
  out->timeout = http_timeout;
  out->fd = http_fd;
  out->watch = http_watch;
  out->wakeup = http_wakeup;
  out->free = http_free;
  out->unsent = http_unsent;
  out->ud = t;
  return MJ_OK;
}

void mj__http_stats(const mj_transport *tr, mj_stats *out) {
  const struct mj__curl *t = tr->ud;
  if (tr->start != http_start)
    return;
  out->connects = t->connects;
  out->sockets = t->sockets;
  out->sockets_peak = t->sockets_peak;
}
