/* SPDX-License-Identifier: MIT
   client.c - making and freeing a client, and the small entry points. */
#include "mj_int.h"
#include "os.h"
#include "tape.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void mj_config_init(mj_config *cfg) {
  memset(cfg, 0, sizeof *cfg);
  cfg->auth = "auto";
  cfg->dialect = "auto";
  cfg->mode_style = "mj-prefix";
  cfg->user_agent = "mj/" MJ_VERSION;
  cfg->wire_state = "token";
  cfg->on_unknown = "hold";
  cfg->poll.first_ms = -1;
  cfg->budget = -1;
  cfg->budget_per = "run";
  cfg->requests_per_min = -1;
  cfg->live = -1;
  cfg->connections = 32;
  cfg->attempts = 4;
  cfg->connect_timeout_ms = 10000;
  cfg->request_timeout_ms = 30000;
  cfg->submit_timeout_ms = 90000;
  cfg->fetch_timeout_ms = 120000;
  cfg->lost_after_ms = 30000;
  cfg->busy_ms = 300000;
  cfg->max_reply = 4u << 20;
  cfg->max_image = 64u << 20;
  cfg->threads = 1;
}

const char *mj_libraries(void) {
  static _Thread_local char text[320];
  (void)snprintf(text, sizeof text, "%s %s %s", mj__http_library(),
                 mj__json_library(), mj__store_library());
  return text;
}

/* The key's header in one of its forms. */
static int put_key(mj_client *c, enum mj__auth auth, mj_header *h) {
  struct mj__buf b;
  mj__buf_init(&b, &c->mem, 4096);
  mj__buf_printf(&b, "%s%s", auth == MJ__BEARER ? "Bearer " : "",
                 c->cfg.api_key);
  h->name = auth == MJ__SECRET ? "mj-api-secret" : "Authorization";
  h->value = b.err ? NULL : mj__arena_strndup(&c->strings, b.p, b.n);
  mj__buf_free(&b);
  return h->value ? MJ_OK : MJ_ERESOURCE;
}

/* What goes along with a request to the gateway.  A transport may know a set by
   its address, so that each way to send the key has one of its own. */
static int make_set(mj_client *c, enum mj__auth auth) {
  mj_config *g = &c->cfg;
  mj_header *h = mj__arena_alloc(&c->strings, (g->nheaders + 4) * sizeof *h);
  size_t i, n = 0;
  if (!h)
    return MJ_ERESOURCE;
  if (g->user_agent && *g->user_agent) {
    h[n].name = "User-Agent";
    h[n++].value = g->user_agent;
  }
  h[n].name = "Content-Type";
  h[n++].value = "application/json";
  h[n].name = "Accept";
  h[n++].value = "application/json";
  if (g->api_key && *g->api_key && put_key(c, auth, &h[n++]) != MJ_OK)
    return MJ_ERESOURCE;
  for (i = 0; i < g->nheaders; i++)
    h[n++] = g->headers[i];
  c->api_sets[auth] = h;
  c->napi = n;
  return MJ_OK;
}

/* And a set for pictures, without the key. */
static int make_headers(mj_client *c) {
  mj_config *g = &c->cfg;
  mj_header *p = mj__arena_alloc(&c->strings, sizeof *p);
  int auth;
  if (!p)
    return MJ_ERESOURCE;
  if (g->user_agent && *g->user_agent) {
    p[0].name = "User-Agent";
    p[0].value = g->user_agent;
    c->nplain = 1;
  }
  c->plain_headers = p;
  for (auth = 0; auth < MJ__AUTHS; auth++)
    if (make_set(c, (enum mj__auth)auth) != MJ_OK)
      return MJ_ERESOURCE;
  return MJ_OK;
}

/* The user's, and the host that pictures are said to come from. */
static int allow_image_host(mj_client *c, struct mj__http_config *h) {
  size_t i, n = c->cfg.nallow_hosts;
  const char **hosts = mj__arena_alloc(&c->strings, (n + 1) * sizeof *hosts);
  if (!hosts)
    return MJ_ERESOURCE;
  for (i = 0; i < n; i++)
    hosts[i] = c->cfg.allow_hosts[i];
  if (c->image_origin)
    hosts[n++] = strstr(c->image_origin, "://") + 3;
  h->allow_hosts = hosts;
  h->nallow_hosts = n;
  return MJ_OK;
}

static int make_plain_transport(mj_client *c) {
  struct mj__http_config h;
  if (c->cfg.transport) {
    c->tr = *c->cfg.transport;
    c->cfg.transport = &c->tr;
    return MJ_OK;
  }
  memset(&h, 0, sizeof h);
  h.mem = c->mem;
  h.connections = c->cfg.connections;
  h.proxy = c->cfg.proxy;
  h.ca_file = c->cfg.ca_file;
  h.ca_path = c->cfg.ca_path;
  h.threads = c->cfg.threads;
  h.origin = c->cfg.base_url;
  if (allow_image_host(c, &h))
    return MJ_ERESOURCE;
  return mj__http_new(&c->tr, &h);
}

static int make_transport(mj_client *c) {
  if (make_plain_transport(c))
    return MJ_ERESOURCE;
  if (!c->cfg.tape)
    return MJ_OK;
  return mj__tape_wrap(&c->tr, &c->cfg, &c->mem);
}

static int make_exchanges(mj_client *c) {
  int i, n = c->cfg.connections;
  c->x = mj__alloc(&c->mem, (size_t)n * sizeof *c->x);
  c->xfree = mj__alloc(&c->mem, (size_t)n * sizeof *c->xfree);
  if (!c->x || !c->xfree)
    return MJ_ERESOURCE;
  c->nx = c->nxfree = n;
  for (i = 0; i < n; i++) {
    c->xfree[i] = n - 1 - i;
    mj__buf_init(&c->x[i].url, &c->mem, 8192);
    mj__buf_init(&c->x[i].reply, &c->mem, c->cfg.max_reply);
  }
  return MJ_OK;
}

/* Scheme, host and port of `url`, which was parsed before. */
static char *origin_of(mj_client *c, const char *url) {
  const char *host = strstr(url, "://");
  size_t n = host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : 0;
  return mj__arena_strndup(&c->strings, url, n);
}

static int set_image_host(mj_client *c, mj_error *err) {
  const char *text = c->cfg.image_host;
  char *base = NULL;
  int rc;
  if (!text)
    return MJ_OK;
  if (strcmp(text, "gateway") == 0) {
    if (!c->cfg.base_url)
      return mj__err_set(err, MJ_EINVALID, "image_host: there is no gateway");
    c->image_origin = origin_of(c, c->cfg.base_url);
    return c->image_origin ? MJ_OK : mj__err_nomem(err);
  }
  rc = mj__url_base(&base, &c->mem, text, NULL);
  if (rc == MJ_ERESOURCE)
    return mj__err_nomem(err);
  if (rc)
    return mj__err_set(err, MJ_EINVALID,
                       "image_host: \"gateway\" or https://host[:port] "
                       "expected");
  c->image_origin = origin_of(c, base);
  mj__free(&c->mem, base);
  return c->image_origin ? MJ_OK : mj__err_nomem(err);
}

static int set_up(mj_client *c, const mj_config *cfg, mj_error *err) {
  char *base = NULL;
  int rc;
  if (mj__config_keep(c, cfg))
    return mj__err_nomem(err);
  if (c->cfg.dry_run)
    c->cfg.journal = NULL;
  if (c->cfg.base_url) {
    rc = mj__url_base(&base, &c->mem, c->cfg.base_url, err);
    if (rc)
      return rc;
    c->cfg.base_url = mj__arena_strndup(&c->strings, base, strlen(base));
    mj__free(&c->mem, base);
    if (!c->cfg.base_url)
      return mj__err_nomem(err);
  }
  if (set_image_host(c, err))
    return err ? err->code : MJ_EINVALID;
  c->gateway.base = c->cfg.base_url;
  c->gateway.prefix = c->cfg.prefix;
  c->gateway.mode = c->cfg.mode;
  c->gateway.mode_style = c->cfg.mode_style;
  c->rules.attempts = c->cfg.attempts;
  c->rules.lost_after_ms = c->cfg.lost_after_ms;
  mj__hints_init(c);
  c->rules.busy_ms = c->cfg.busy_ms;
  mj__bucket_init(&c->submits, c->cfg.submits_per_min, 0);
  if (mj__os_random(&c->rng, sizeof c->rng) != 0)
    return mj__err_set(err, MJ_ERESOURCE, "no random bytes");
  if (make_headers(c) || make_exchanges(c) || make_transport(c) ||
      (!c->cfg.journal && mj__store_mem(&c->store, &c->mem)))
    return mj__err_nomem(err);
  mj__start_learning(c);
  c->now = mj__clock(c);
  rc = c->cfg.journal ? mj__journal_open(c, err) : MJ_OK;
  c->limit = -1;
  if (rc == MJ_OK && c->cfg.share_limits)
    rc = mj__share_open(&c->share, &c->mem, c->cfg.journal, c->cfg.base_url,
                        c->cfg.api_key, err);
  if (rc == MJ_OK && c->cfg.journal)
    rc = mj__held_begin(c, err);
  if (rc == MJ_OK && (c->cfg.budget >= 0 || c->cfg.nprices > 0))
    rc = mj__money_open(c, err);
  return rc;
}

int mj_client_new(mj_client **out, const mj_config *cfg, mj_error *err) {
  struct mj__mem mem;
  mj_client *c;
  int rc;
  *out = NULL;
  mj__err_clear(err);
  rc = mj__config_check(cfg, err);
  if (rc)
    return rc;
  mj__mem_init(&mem, cfg->alloc, cfg->alloc_ud);
  c = mj__alloc(&mem, sizeof *c);
  if (!c)
    return mj__err_nomem(err);
  c->mem = mem;
  c->pump_at = -1;
  mj__quota_init(&c->quota);
  mj__fair_init(&c->turns[0], &c->mem);
  mj__fair_init(&c->turns[1], &c->mem);
  mj__arena_init(&c->strings, &c->mem);
  mj__timers_init(&c->timers, &c->mem);
  rc = set_up(c, cfg, err);
  if (rc) {
    if (rc == MJ_ERESOURCE && err && !err->code)
      (void)mj__err_nomem(err);
    if (cfg->transport)
      c->tr.free = NULL; /* stays the caller's */
    mj_client_free(c);
    return rc;
  }
  *out = c;
  return MJ_OK;
}

static void free_work(mj_client *c, struct mj__work *w) {
  while (w) {
    struct mj__work *next = w->next;
    mj__free(&c->mem, w->path);
    mj__free(&c->mem, w->data);
    mj__free(&c->mem, w);
    w = next;
  }
}

/* What waits for the disk, a name or a connection has not left: it goes when
   the run goes on, and nobody has to wonder. */
static void take_back(mj_client *c, struct mj__job *j) {
  if (mj__unsent(c, j))
    c->tr.stop(c->tr.ud, j->exchange);
  else if (j->queue != MJ__Q_RECORD)
    return;
  j->exchange = 0;
  if (!j->task_id)
    mj__slot_free(c, j);
  if (j->cancel) {
    (void)mj__job_go(j, MJ__REJECTED);
    mj__end_cancelled(c, j);
    return;
  }
  (void)mj__job_go(j, MJ__READY);
  (void)mj__record(c, j);
}

static void take_all_back(mj_client *c) {
  uint32_t i;
  for (i = 0; i < c->jobs.cap; i++) {
    struct mj__job *j = c->jobs.slots[i];
    if (j && j->kind == MJ__TASK && j->state == MJ__DISPATCHING)
      take_back(c, j);
  }
}

void mj_client_free(mj_client *c) {
  struct mj__mem mem;
  int i;
  if (!c)
    return;
  if (c->journaled)
    take_all_back(c);
  if (c->journaled) /* first: its thread wakes this client */
    mj__journal_close(c);
  else if (c->store)
    c->store->ops->free(c->store);
  free_work(c, mj__worker_free(c->worker));
  if (c->tr.free)
    c->tr.free(c->tr.ud);
  for (i = 0; i < c->nx; i++) {
    mj__buf_free(&c->x[i].url);
    mj__buf_free(&c->x[i].reply);
    mj_json_free(c->x[i].doc);
  }
  mj__jobs_free(c);
  mj__money_close(c);
  mj__past_free(&c->past, &c->mem);
  mj__timers_free(&c->timers);
  mj__free(&c->mem, c->run);
  mj__held_free(c);
  mj__share_close(c->share);
  mj__free(&c->mem, c->x);
  mj__free(&c->mem, c->xfree);
  mj__arena_free(&c->strings);
  mem = c->mem;
  mj__free(&mem, c);
}

int64_t mj__clock(const mj_client *c) {
  return c->cfg.now ? c->cfg.now(c->cfg.now_ud) : mj__os_now_ms(NULL);
}

int64_t mj__wall(const mj_client *c) {
  return c->cfg.wall ? c->cfg.wall(c->cfg.now_ud) : mj__os_wall_ms();
}

int64_t mj_now(const mj_client *c) {
  return mj__clock(c);
}

/* For jitter only: xorshift. */
uint32_t mj__random(mj_client *c) {
  uint32_t r = c->rng ? c->rng : 1;
  r ^= r << 13;
  r ^= r >> 17;
  r ^= r << 5;
  return c->rng = r;
}

/* A gateway may repeat the key that it refuses: it goes no further. */
void mj__redact(const mj_client *c, char *text) {
  mj__hide(text, c->cfg.api_key);
}

void mj_redact(const mj_client *c, char *text) {
  if (c && text)
    mj__redact(c, text);
}

void mj__log(mj_client *c, int level, const char *fmt, ...) {
  char raw[512], line[512];
  va_list ap;
  if (!c->cfg.log)
    return;
  va_start(ap, fmt);
  (void)vsnprintf(raw, sizeof raw, fmt, ap);
  va_end(ap);
  mj__clean(line, sizeof line, raw, strlen(raw), 0);
  mj__redact(c, line);
  c->cfg.log(c->cfg.log_ud, level, line);
}

int mj_fd(const mj_client *c) {
  return c->tr.fd(c->tr.ud);
}

int mj_watch(mj_client *c, int fd) {
  int rc = c->tr.watch(c->tr.ud, fd, 1);
  c->nwatched += rc == MJ_OK;
  return rc;
}

int mj_unwatch(mj_client *c, int fd) {
  int rc = c->tr.watch(c->tr.ud, fd, 0);
  c->nwatched -= rc == MJ_OK;
  return rc;
}

int mj_wakeup(mj_client *c) {
  return c->tr.wakeup(c->tr.ud);
}

/* For its family, its button or its turn: nothing was sent. */
static int waits(const struct mj__job *j) {
  return j->state == MJ__NEW || j->state == MJ__LOOKUP || j->state == MJ__READY;
}

void mj_client_stats(const mj_client *c, mj_stats *out) {
  uint32_t i;
  memset(out, 0, sizeof *out);
  out->submits = c->nsubmits;
  out->polls = c->npolls;
  out->requests = c->nrequests;
  mj__http_stats(&c->tr, out);
  for (i = 0; i < c->jobs.cap; i++) {
    const struct mj__job *j = c->jobs.slots[i];
    if (!j || j->over)
      continue;
    if (j->kind != MJ__TASK) /* downloads, files, timers, questions */
      out->other++;
    else if (j->state == MJ__DISPATCHING)
      out->sending++;
    else if (waits(j))
      out->queued++;
    else
      out->running++;
  }
}

static mj_phase phase_of(const mj_client *c, const struct mj__job *j) {
  if (j->over)
    return MJ_PH_ENDED;
  if (j->kind == MJ__TASK && j->state == MJ__DISPATCHING)
    return mj__unsent(c, j) ? MJ_PH_QUEUED : MJ_PH_SENDING;
  if (j->kind == MJ__TASK && waits(j))
    return MJ_PH_QUEUED;
  return MJ_PH_RUNNING;
}

int mj_job_info(mj_client *c, mj_id id, mj_job_state *out) {
  const struct mj__job *j = mj__job_of(c, id);
  if (!j)
    return MJ_EINVALID;
  out->phase = phase_of(c, j);
  out->status = (mj_status)j->status;
  out->progress = j->progress;
  out->task_id = j->task_id;
  out->token = j->token;
  out->ahead = j->ahead;
  return MJ_OK;
}

int mj_observe(mj_client *c, mj_id id, int on) {
  struct mj__job *j = mj__job_of(c, id);
  if (!j)
    return MJ_EINVALID;
  j->progress_on = on ? 1 : 0;
  return MJ_OK;
}
