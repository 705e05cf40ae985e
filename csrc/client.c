/* SPDX-License-Identifier: MIT
   client.c - making and freeing a client, and the small entry points. */
#include "mj_int.h"
#include "os.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void mj_config_init(mj_config *cfg) {
  memset(cfg, 0, sizeof *cfg);
  cfg->auth = "bearer";
  cfg->dialect = "auto";
  cfg->mode_style = "mj-prefix";
  cfg->user_agent = "mj/" MJ_VERSION;
  cfg->wire_state = "token";
  cfg->poll.first_ms = 2000;
  cfg->poll.gaps_ms[0] = 4000;
  cfg->poll.gaps_ms[1] = 8000;
  cfg->poll.ngaps = 2;
  cfg->connections = 32;
  cfg->attempts = 4;
  cfg->connect_timeout_ms = 10000;
  cfg->request_timeout_ms = 30000;
  cfg->submit_timeout_ms = 90000;
  cfg->fetch_timeout_ms = 120000;
  cfg->lost_after_ms = 30000;
  cfg->max_reply = 4u << 20;
  cfg->max_image = 64u << 20;
  cfg->threads = 1;
}

const char *mj_libraries(void) {
  static _Thread_local char text[256];
  (void)snprintf(text, sizeof text, "%s %s", mj__http_library(),
                 mj__json_library());
  return text;
}

static int one_of(const char *v, const char *const *words) {
  for (; *words; words++)
    if (strcmp(v, *words) == 0)
      return 1;
  return 0;
}

static int check_word(const char *field, const char *v,
                      const char *const *words, const char *list,
                      mj_error *err) {
  if (v && one_of(v, words))
    return MJ_OK;
  return mj__err_set(err, MJ_EINVALID, "%s: %s expected, got %.40s", field,
                     list, v ? v : "nothing");
}

/* What goes into a header: printable ASCII, so that nothing can end the line
   and begin another. */
static int check_header(const char *field, const char *v, mj_error *err) {
  const char *p;
  for (p = v; *p; p++)
    if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
      return mj__err_set(err, MJ_EINVALID,
                         "%s: only printable ASCII may be in it", field);
  if ((size_t)(p - v) > 2048)
    return mj__err_set(err, MJ_EINVALID, "%s: longer than 2048 bytes", field);
  return MJ_OK;
}

static int check_numbers(const mj_config *cfg, mj_error *err) {
  size_t i;
  if (cfg->connections < 1 || cfg->connections > 1024)
    return mj__err_set(err, MJ_EINVALID, "connections: 1 to 1024 expected");
  if (cfg->attempts < 1 || cfg->attempts > 100)
    return mj__err_set(err, MJ_EINVALID, "attempts: 1 to 100 expected");
  if (cfg->live < 0 || !(cfg->submits_per_min >= 0) ||
      !(cfg->requests_per_min >= 0))
    return mj__err_set(err, MJ_EINVALID, "limits: none may be negative");
  if (cfg->connect_timeout_ms <= 0 || cfg->request_timeout_ms <= 0 ||
      cfg->submit_timeout_ms <= 0 || cfg->fetch_timeout_ms <= 0)
    return mj__err_set(err, MJ_EINVALID, "timeouts: more than 0 expected");
  if (cfg->connect_timeout_ms > MJ__LONGEST ||
      cfg->request_timeout_ms > MJ__LONGEST ||
      cfg->submit_timeout_ms > MJ__LONGEST ||
      cfg->fetch_timeout_ms > MJ__LONGEST || cfg->lost_after_ms > MJ__LONGEST)
    return mj__err_set(err, MJ_EINVALID, "timeouts: more than a year");
  if (cfg->poll.first_ms < 0 || cfg->poll.first_ms > MJ__LONGEST ||
      cfg->poll.ngaps > 8)
    return mj__err_set(err, MJ_EINVALID,
                       "poll: 0 s to a year, and at most 9 steps");
  for (i = 0; i < cfg->poll.ngaps; i++)
    if (cfg->poll.gaps_ms[i] < 1 || cfg->poll.gaps_ms[i] > MJ__LONGEST)
      return mj__err_set(err, MJ_EINVALID, "poll: gaps of 1 ms to a year");
  return MJ_OK;
}

static int check_config(const mj_config *cfg, mj_error *err) {
  static const char *const auths[] = {"bearer", "raw", "secret", NULL};
  static const char *const dialects[] = {"auto", "mj", "generate", NULL};
  static const char *const styles[] = {"mj-prefix", "prefix", "body", NULL};
  static const char *const modes[] = {"fast", "relax", "turbo", NULL};
  static const char *const states[] = {"token", "user", NULL};
  size_t i;
  int rc = check_word("auth", cfg->auth, auths, "bearer, raw or secret", err);
  if (!rc)
    rc = check_word("dialect", cfg->dialect, dialects, "auto or mj", err);
  if (!rc && strcmp(cfg->dialect, "generate") == 0)
    rc = mj__err_set(err, MJ_EUNSUPPORTED,
                     "dialect: this version speaks \"mj\" only");
  if (!rc)
    rc = check_word("mode_style", cfg->mode_style, styles,
                    "mj-prefix, prefix or body", err);
  if (!rc && cfg->mode)
    rc = check_word("mode", cfg->mode, modes, "fast, relax or turbo", err);
  if (!rc)
    rc =
        check_word("wire_state", cfg->wire_state, states, "token or user", err);
  if (!rc && cfg->api_key)
    rc = check_header("api_key", cfg->api_key, err);
  if (!rc && cfg->prefix)
    rc = check_header("prefix", cfg->prefix, err);
  if (!rc && cfg->user_agent)
    rc = check_header("user_agent", cfg->user_agent, err);
  for (i = 0; !rc && i < cfg->nheaders; i++) {
    rc = check_header("headers", cfg->headers[i].name, err);
    if (!rc)
      rc = check_header("headers", cfg->headers[i].value, err);
    if (!rc && (cfg->headers[i].name[0] == '\0' ||
                strpbrk(cfg->headers[i].name, ": \t")))
      rc = mj__err_set(err, MJ_EINVALID, "headers: not a name: %.60s",
                       cfg->headers[i].name);
  }
  return rc ? rc : check_numbers(cfg, err);
}

/* Copies a string of the configuration into the client; NULL stays NULL. */
static int keep(mj_client *c, const char **s) {
  if (!*s)
    return MJ_OK;
  *s = mj__arena_strndup(&c->strings, *s, strlen(*s));
  return *s ? MJ_OK : MJ_ERESOURCE;
}

static int keep_lists(mj_client *c) {
  mj_config *g = &c->cfg;
  const char **hosts;
  mj_header *h;
  size_t i;
  hosts = mj__arena_alloc(&c->strings, (g->nallow_hosts + 1) * sizeof *hosts);
  h = mj__arena_alloc(&c->strings, (g->nheaders + 1) * sizeof *h);
  if (!hosts || !h)
    return MJ_ERESOURCE;
  for (i = 0; i < g->nallow_hosts; i++) {
    hosts[i] = g->allow_hosts[i];
    if (keep(c, &hosts[i]))
      return MJ_ERESOURCE;
  }
  for (i = 0; i < g->nheaders; i++) {
    h[i] = g->headers[i];
    if (keep(c, &h[i].name) || keep(c, &h[i].value))
      return MJ_ERESOURCE;
  }
  g->allow_hosts = hosts;
  g->headers = h;
  return MJ_OK;
}

static int keep_config(mj_client *c, const mj_config *cfg) {
  mj_config *g = &c->cfg;
  const char **all[] = {&g->base_url, &g->api_key, &g->auth,
                        &g->dialect,  &g->mode,    &g->mode_style,
                        &g->prefix,   &g->proxy,   &g->user_agent,
                        &g->ca_file,  &g->ca_path, &g->wire_state};
  size_t i;
  *g = *cfg;
  for (i = 0; i < sizeof all / sizeof all[0]; i++)
    if (keep(c, all[i]))
      return MJ_ERESOURCE;
  return keep_lists(c);
}

/* One set for the gateway, with the key, and one for pictures, without. */
static int make_headers(mj_client *c) {
  mj_config *g = &c->cfg;
  mj_header *h = mj__arena_alloc(&c->strings, (g->nheaders + 4) * sizeof *h);
  mj_header *p = mj__arena_alloc(&c->strings, sizeof *p);
  size_t i, n = 0;
  if (!h || !p)
    return MJ_ERESOURCE;
  if (g->user_agent && *g->user_agent) {
    p[0].name = h[n].name = "User-Agent";
    p[0].value = h[n].value = g->user_agent;
    c->nplain = 1;
    n++;
  }
  h[n].name = "Content-Type";
  h[n++].value = "application/json";
  h[n].name = "Accept";
  h[n++].value = "application/json";
  if (g->api_key && *g->api_key) {
    struct mj__buf b;
    int bearer = strcmp(g->auth, "bearer") == 0;
    mj__buf_init(&b, &c->mem, 4096);
    mj__buf_printf(&b, "%s%s", bearer ? "Bearer " : "", g->api_key);
    h[n].name =
        strcmp(g->auth, "secret") == 0 ? "mj-api-secret" : "Authorization";
    h[n].value = b.err ? NULL : mj__arena_strndup(&c->strings, b.p, b.n);
    mj__buf_free(&b);
    if (!h[n++].value)
      return MJ_ERESOURCE;
  }
  for (i = 0; i < g->nheaders; i++)
    h[n++] = g->headers[i];
  c->api_headers = h;
  c->napi = n;
  c->plain_headers = p;
  return MJ_OK;
}

static int make_transport(mj_client *c) {
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
  h.origin = c->cfg.base_url;
  h.allow_hosts = c->cfg.allow_hosts;
  h.nallow_hosts = c->cfg.nallow_hosts;
  return mj__http_new(&c->tr, &h);
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

static int set_up(mj_client *c, const mj_config *cfg, mj_error *err) {
  char *base = NULL;
  int rc;
  if (keep_config(c, cfg))
    return mj__err_nomem(err);
  if (c->cfg.base_url) {
    rc = mj__url_base(&base, &c->mem, c->cfg.base_url, err);
    if (rc)
      return rc;
    c->cfg.base_url = mj__arena_strndup(&c->strings, base, strlen(base));
    mj__free(&c->mem, base);
    if (!c->cfg.base_url)
      return mj__err_nomem(err);
  }
  c->gateway.base = c->cfg.base_url;
  c->gateway.prefix = c->cfg.prefix;
  c->gateway.mode = c->cfg.mode;
  c->gateway.mode_style = c->cfg.mode_style;
  c->wire = &mj__wire_mj;
  c->rules.poll = &c->cfg.poll;
  c->rules.attempts = c->cfg.attempts;
  c->rules.lost_after_ms = c->cfg.lost_after_ms;
  mj__bucket_init(&c->submits, c->cfg.submits_per_min, 0);
  mj__bucket_init(&c->requests, c->cfg.requests_per_min, 0);
  c->live.max = c->cfg.live;
  if (mj__os_random(&c->rng, sizeof c->rng) != 0)
    return mj__err_set(err, MJ_ERESOURCE, "no random bytes");
  if (make_headers(c) || make_exchanges(c) || make_transport(c) ||
      mj__store_mem(&c->store, &c->mem))
    return mj__err_nomem(err);
  c->now = mj__clock(c);
  return MJ_OK;
}

int mj_client_new(mj_client **out, const mj_config *cfg, mj_error *err) {
  struct mj__mem mem;
  mj_client *c;
  int rc;
  *out = NULL;
  mj__err_clear(err);
  rc = check_config(cfg, err);
  if (rc)
    return rc;
  mj__mem_init(&mem, cfg->alloc, cfg->alloc_ud);
  c = mj__alloc(&mem, sizeof *c);
  if (!c)
    return mj__err_nomem(err);
  c->mem = mem;
  c->pump_at = -1;
  mj__arena_init(&c->strings, &c->mem);
  mj__timers_init(&c->timers, &c->mem);
  rc = set_up(c, cfg, err);
  if (rc) {
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

void mj_client_free(mj_client *c) {
  struct mj__mem mem;
  int i;
  if (!c)
    return;
  free_work(c, mj__worker_free(c->worker));
  if (c->tr.free)
    c->tr.free(c->tr.ud);
  for (i = 0; i < c->nx; i++) {
    mj__buf_free(&c->x[i].url);
    mj__buf_free(&c->x[i].reply);
    mj_json_free(c->x[i].doc);
  }
  mj__jobs_free(c);
  mj__timers_free(&c->timers);
  if (c->store)
    c->store->ops->free(c->store);
  mj__free(&c->mem, c->x);
  mj__free(&c->mem, c->xfree);
  mj__arena_free(&c->strings);
  mem = c->mem;
  mj__free(&mem, c);
}

int64_t mj__clock(const mj_client *c) {
  return c->cfg.now ? c->cfg.now(c->cfg.now_ud) : mj__os_now_ms(NULL);
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

void mj_client_stats(const mj_client *c, mj_stats *out) {
  uint32_t i;
  memset(out, 0, sizeof *out);
  out->submits = c->nsubmits;
  out->polls = c->npolls;
  out->requests = c->nrequests;
  mj__http_stats(&c->tr, out);
  for (i = 0; i < c->jobs.cap; i++) {
    const struct mj__job *j = c->jobs.slots[i];
    if (!j || j->done.queued)
      continue;
    if (j->kind != MJ__TASK)
      out->other++;
    else if (j->state == MJ__DISPATCHING)
      out->sending++;
    else if (j->state == MJ__LOOKUP || j->state == MJ__READY)
      out->queued++;
    else
      out->running++;
  }
}

static mj_phase phase_of(const struct mj__job *j) {
  if (j->done.queued)
    return MJ_PH_ENDED;
  if (j->kind == MJ__TASK && j->state == MJ__DISPATCHING)
    return MJ_PH_SENDING;
  if (j->kind == MJ__TASK && (j->state == MJ__LOOKUP || j->state == MJ__READY))
    return MJ_PH_QUEUED;
  return MJ_PH_RUNNING;
}

int mj_job_info(mj_client *c, mj_id id, mj_job_state *out) {
  const struct mj__job *j = mj__job_of(c, id);
  if (!j)
    return MJ_EINVALID;
  out->phase = phase_of(j);
  out->status = (mj_status)j->status;
  out->progress = j->progress;
  out->task_id = j->task_id;
  return MJ_OK;
}

int mj_observe(mj_client *c, mj_id id, int on) {
  struct mj__job *j = mj__job_of(c, id);
  if (!j)
    return MJ_EINVALID;
  j->progress_on = on ? 1 : 0;
  return MJ_OK;
}
