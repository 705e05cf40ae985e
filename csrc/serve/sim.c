/* SPDX-License-Identifier: MIT
   sim.c - the way of a request: prefix, route, key, fault, handler. */
#include "sim_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { API = 1, OLD = 2, OPEN = 4, ROOT = 8 }; /* profiles; no key; no /mj */

/* A * stands for the rest of the path up to what follows it. */
static const struct route {
  const char *method, *path;
  void (*handle)(struct sim_call *c);
  unsigned flags;
  enum sim_route_kind kind;
} routes[] = {
    {"POST", "/submit/imagine", sim_submit_imagine, API | OLD, SIM_KIND_SUBMIT},
    {"POST", "/submit/change", sim_submit_change, API | OLD, SIM_KIND_SUBMIT},
    {"POST", "/submit/simple-change", sim_submit_simple_change, OLD,
     SIM_KIND_SUBMIT},
    {"POST", "/submit/action", sim_submit_action, API, SIM_KIND_SUBMIT},
    {"POST", "/submit/modal", sim_submit_modal, API, SIM_KIND_SUBMIT},
    {"POST", "/submit/simple-change", sim_no_channel, API, SIM_KIND_SUBMIT},
    {"POST", "/submit/blend", sim_no_channel, API, SIM_KIND_SUBMIT},
    {"POST", "/submit/describe", sim_no_channel, API, SIM_KIND_SUBMIT},
    {"POST", "/submit/shorten", sim_no_channel, API, SIM_KIND_SUBMIT},
    {"POST", "/submit/video", sim_no_channel, API, SIM_KIND_SUBMIT},
    {"POST", "/submit/edits", sim_no_channel, API, SIM_KIND_SUBMIT},
    {"POST", "/submit/upload-discord-images", sim_no_channel, API,
     SIM_KIND_SUBMIT},
    {"POST", "/insight-face/swap", sim_no_channel, API, SIM_KIND_SUBMIT},
    {"GET", "/task/*/fetch", sim_fetch, API | OLD, SIM_KIND_FETCH},
    {"GET", "/task/*/image-seed", sim_image_seed, API, SIM_KIND_FETCH},
    {"GET", "/task/list", sim_list, OLD, SIM_KIND_FETCH},
    {"GET", "/task/queue", sim_queue, OLD, SIM_KIND_FETCH},
    {"POST", "/task/list-by-condition", sim_list_by_condition, API | OLD,
     SIM_KIND_FETCH},
    {"GET", "/image/*", sim_image, API | OPEN, SIM_KIND_IMAGE},
    {"GET", "/attachments/*", sim_attachment, OLD | OPEN | ROOT,
     SIM_KIND_IMAGE},
    {NULL, NULL, NULL, 0, SIM_KIND_FETCH}};

static int matches(const char *pattern, const char *path, char *id,
                   size_t size) {
  size_t head = strcspn(pattern, "*"), tail, n = strlen(path);
  if (!pattern[head])
    return !strcmp(pattern, path);
  tail = strlen(pattern + head + 1);
  if (n <= head + tail || strncmp(pattern, path, head) ||
      strcmp(path + n - tail, pattern + head + 1) || n - head - tail >= size)
    return 0;
  snprintf(id, size, "%.*s", (int)(n - head - tail), path + head);
  return !tail || !strchr(id, '/');
}

/* "/mj/x", "/mj-fast/mj/x", "/fast/mj/x", "/anything/mj/x" are all "/x".
   Returns 0 for a path that is of another kind. */
static int strip_prefix(struct sim_call *c) {
  const char *target = c->req->target;
  size_t n = strcspn(target, "?");
  const char *second = memchr(target + (n > 0), '/', n - (n > 0));
  const char *from = target;
  int mj = 1;
  if (!strncmp(target, "/mj/", 4))
    from = target + 3;
  else if (target[0] == '/' && second && !strncmp(second, "/mj/", 4))
    from = second + 3;
  else
    mj = 0;
  snprintf(c->path, sizeof c->path, "%.*s", (int)(target + n - from), from);
  return mj;
}

static const struct route *find_route(struct sim_call *c, int *wrong_method) {
  unsigned profile = c->s->profile->buttons ? API : OLD;
  int mj = strip_prefix(c);
  *wrong_method = 0;
  for (const struct route *r = routes; r->path; r++) {
    if (!(r->flags & profile) || mj == ((r->flags & ROOT) != 0) ||
        !matches(r->path, c->path, c->id, sizeof c->id))
      continue;
    if (!strcasecmp(r->method, c->req->method))
      return r;
    *wrong_method = 1;
  }
  return NULL;
}

static int is_json(const char *content_type) {
  return content_type && !strncasecmp(content_type, SIM_JSON, strlen(SIM_JSON));
}

/* Fields that new-api declares as Go strings, and one as an int. */
static int go_types_fit(const sim_body *b) {
  static const char *const strings[] = {
      "prompt", "customId", "botType", "notifyHook", "action",
      "state",  "taskId",   "content", "maskBase64", NULL};
  for (int i = 0; strings[i]; i++)
    if (sim_body_kind(b, strings[i]) > SIM_STRING)
      return 0;
  if (sim_body_kind(b, "index") != SIM_NONE &&
      sim_body_kind(b, "index") != SIM_INTEGER)
    return 0;
  return sim_body_kind(b, "base64Array") == SIM_NONE ||
         sim_body_kind(b, "base64Array") == SIM_ARRAY;
}

/* 0 when the body is what the gateway can read.  new-api reads nothing at all
   from a body that is not called JSON; Spring refuses it. */
static int read_body(struct sim_call *c) {
  int json = is_json(c->req->content_type);
  if (!json) {
    if (!c->s->profile->buttons)
      c->s->profile->bad_body(c, 1);
    return c->s->profile->buttons ? 0 : -1;
  }
  c->body = sim_body_parse(c->req->body ? c->req->body : "", c->req->len);
  if (c->body && (!c->s->profile->buttons || go_types_fit(c->body)))
    return 0;
  c->s->profile->bad_body(c, 0);
  return -1;
}

static void count(mj_sim *s, const struct route *r) {
  s->kinds[r->kind]++;
  if (r->kind == SIM_KIND_SUBMIT)
    s->stats.submits++;
  else if (r->kind == SIM_KIND_FETCH)
    s->stats.fetches++;
  else
    s->stats.pictures++;
}

static void serve(struct sim_call *c) {
  int wrong_method;
  const struct route *r = find_route(c, &wrong_method);
  if (!r) {
    c->s->profile->no_route(c, wrong_method);
    return;
  }
  count(c->s, r);
  if (sim_fault_before(c, r->kind))
    return;
  if (c->s->api_key && !(r->flags & OPEN) && !c->s->profile->allowed(c)) {
    c->s->profile->unauthorized(c);
    return;
  }
  if (!strcmp(r->method, "POST") && read_body(c))
    return;
  r->handle(c);
  sim_fault_after(c, r->kind);
}

void mj_sim_handle(mj_sim *s, const struct mj_sim_request *req, int64_t now_ms,
                   struct mj_sim_reply *reply) {
  struct sim_call c;
  memset(reply, 0, sizeof *reply);
  memset(&c, 0, sizeof c);
  if (!s->first)
    s->first = now_ms;
  s->stats.requests++;
  sim_advance(s, now_ms);
  c.s = s;
  c.req = req;
  c.now = s->now;
  c.reply = reply;
  serve(&c);
  sim_body_free(c.body);
  if (c.out.failed) {
    reply->status = 500;
    reply->content_type = NULL;
  }
  reply->body = c.out.p;
  reply->len = c.out.n;
}

void mj_sim_reply_free(struct mj_sim_reply *reply) {
  free(reply->body);
  memset(reply, 0, sizeof *reply);
}

void mj_sim_count(const mj_sim *s, struct mj_sim_stats *out) {
  *out = s->stats;
}

static int say(char *why, size_t size, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  if (size)
    vsnprintf(why, size, fmt, ap);
  va_end(ap);
  return -1;
}

static int set_up(mj_sim *s, const struct mj_sim_config *cfg, char *why,
                  size_t size) {
  const char *profile = cfg->profile ? cfg->profile : "new-api";
  s->profile = sim_profile_find(profile);
  if (!s->profile)
    return say(why, size, "no profile '%s' (new-api, novicezk)", profile);
  if (cfg->clock < 0)
    return say(why, size, "clock must be above 0");
  if (cfg->running < 0 || cfg->waiting < 0 || (cfg->waiting && !cfg->running))
    return say(why, size, "waiting needs running, and neither is below 0");
  s->seed = cfg->seed;
  s->clock = cfg->clock > 0 ? cfg->clock : 1;
  s->sync = cfg->sync == 0 ? 15 : cfg->sync;
  s->draw = cfg->draw;
  s->most_running = (size_t)cfg->running;
  s->most_waiting = (size_t)cfg->waiting;
  s->base_url = sim_copy(cfg->base_url ? cfg->base_url : "");
  s->running = calloc(s->most_running + 1, sizeof *s->running);
  s->waiting = calloc(s->most_waiting + 1, sizeof *s->waiting);
  if (cfg->api_key && *cfg->api_key)
    s->api_key = sim_copy(cfg->api_key);
  if (!s->base_url || !s->running || !s->waiting ||
      (cfg->api_key && *cfg->api_key && !s->api_key))
    return say(why, size, "out of memory");
  if (cfg->fault && sim_faults_parse(s, cfg->fault, why, size))
    return -1;
  return sim_samples(s) ? say(why, size, "out of memory") : 0;
}

int mj_sim_new(mj_sim **out, const struct mj_sim_config *cfg, char *why,
               size_t size) {
  mj_sim *s = calloc(1, sizeof *s);
  *out = NULL;
  if (!s)
    return say(why, size, "out of memory");
  if (set_up(s, cfg, why, size)) {
    mj_sim_free(s);
    return -1;
  }
  *out = s;
  return 0;
}

void mj_sim_free(mj_sim *s) {
  if (!s)
    return;
  for (size_t i = 0; i < s->ntasks; i++)
    sim_task_free(s->tasks[i]);
  free(s->tasks);
  free(s->map);
  free(s->running);
  free(s->waiting);
  free(s->rules);
  free(s->api_key);
  free(s->base_url);
  free(s);
}
