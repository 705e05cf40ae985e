/* SPDX-License-Identifier: MIT
   sim.c - the way of a request: prefix, route, key, fault, handler. */
#include "gen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { OPEN = 256, ROOT = 512, FORM = 1024 }; /* no key; no /mj; not JSON */
enum {
  NA = SIM_NEW_API,
  NZ = SIM_NOVICEZK,
  PL = SIM_PLUS,
  TA = SIM_TRUEAI,
  GE = SIM_GENERATE,
  ALL = NA | NZ | PL | TA
};

/* A * stands for the rest of the path up to what follows it. */
static const struct route {
  const char *method, *path;
  void (*handle)(struct sim_call *c);
  unsigned flags;
  enum sim_route_kind kind;
} routes[] = {
#define SUBMIT SIM_KIND_SUBMIT
#define LIST   SIM_KIND_LIST
#define IMAGE  SIM_KIND_IMAGE
    {"POST", "/submit/imagine", sim_submit_imagine, ALL, SUBMIT},
    {"POST", "/submit/blend", sim_submit_blend, ALL, SUBMIT},
    {"POST", "/submit/describe", sim_submit_describe, ALL, SUBMIT},
    {"POST", "/submit/change", sim_submit_change, NA | NZ | PL, SUBMIT},
    {"POST", "/submit/simple-change", sim_submit_simple_change, NZ | PL,
     SUBMIT},
    {"POST", "/submit/simple-change", sim_no_channel, NA, SUBMIT},
    {"POST", "/submit/action", sim_submit_action, NA | PL | TA, SUBMIT},
    {"POST", "/submit/modal", sim_submit_modal, NA | PL | TA, SUBMIT},
    {"POST", "/submit/shorten", sim_submit_shorten, NA | PL | TA, SUBMIT},
    {"POST", "/submit/upload-discord-images", sim_submit_upload, NA | PL | TA,
     SUBMIT},
    {"POST", "/insight-face/swap", sim_swap_face, NA | PL | TA, SUBMIT},
    {"POST", "/submit/video", sim_submit_video, NA | TA, SUBMIT},
    {"POST", "/submit/edits", sim_submit_edits, NA | TA, SUBMIT},
    {"POST", "/submit/edit", sim_submit_edits, TA, SUBMIT},
    {"POST", "/submit/retexture", sim_submit_retexture, TA, SUBMIT},
    {"POST", "/insight-face/video-swap", sim_swap_video_face, TA | FORM,
     SUBMIT},
    {"GET", "/task/*/fetch", sim_fetch, ALL, SIM_KIND_FETCH},
    {"GET", "/task/*/image-seed", sim_image_seed, NA | PL | TA, LIST},
    {"POST", "/task/*/cancel", sim_cancel, PL | TA | FORM, LIST},
    {"GET", "/task/list", sim_list, NZ | PL | TA, LIST},
    {"GET", "/task/queue", sim_queue, NZ | PL, LIST},
    {"POST", "/task/list-by-condition", sim_list_by_condition, ALL, LIST},
    {"POST", "/task/list-by-ids", sim_list_by_condition, TA, LIST},
    {"GET", "/image/*", sim_image, NA | OPEN, IMAGE},
    {"GET", "/attachments/" SIM_UPLOADS "/*", sim_sent, ALL | OPEN | ROOT,
     IMAGE},
    {"GET", "/attachments/*", sim_attachment, NZ | PL | TA | OPEN | ROOT,
     IMAGE},
    {"GET", "/cell/*", sim_cell, TA | OPEN | ROOT, IMAGE},
    {"GET", "/video/*", sim_video, NA | PL | TA | OPEN | ROOT, IMAGE},
    {"POST", "/api/v1/generateTask/midjourney", gen_submit, GE | ROOT, SUBMIT},
    {"GET", "/api/v1/statusTask/midjourney", gen_status, GE | ROOT,
     SIM_KIND_FETCH},
    {"GET", "/r2/*", gen_picture, GE | OPEN | ROOT, IMAGE},
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

/* trueai has its routes four times, and no others. */
static int prefix_fits(const struct sim_call *c, const char *word, size_t n) {
  static const char *const known[] = {"mj-fast", "mj-relax", "mj-turbo"};
  if (!sim_has(c, SIM_STRICT))
    return 1;
  for (int i = 0; i < 3; i++)
    if (strlen(known[i]) == n && !strncasecmp(known[i], word, n))
      return 1;
  return 0;
}

/* "/mj/x", "/mj-fast/mj/x", "/fast/mj/x", "/anything/mj/x" are all "/x".
   Returns 0 for a path that is of another kind. */
static int strip_prefix(struct sim_call *c) {
  const char *target = c->req->target;
  size_t n = strcspn(target, "?");
  const char *second = memchr(target + (n > 0), '/', n - (n > 0));
  const char *from = target;
  int mj = !sim_on(c, GE); /* which has no such routes */
  if (!mj)
    from = target;
  else if (!strncmp(target, "/mj/", 4))
    from = target + 3;
  else if (target[0] == '/' && second && !strncmp(second, "/mj/", 4) &&
           prefix_fits(c, target + 1, (size_t)(second - target - 1)))
    from = second + 3;
  else
    mj = 0;
  if (mj && from > target + 3) {
    size_t skip = strncmp(target, "/mj-", 4) ? 1 : 4;
    c->mode = sim_mode(target + skip, (size_t)(second - target) - skip);
  }
  snprintf(c->path, sizeof c->path, "%.*s", (int)(target + n - from), from);
  return mj;
}

static const struct route *find_route(struct sim_call *c, int *wrong_method) {
  unsigned profile = c->s->profile->bit;
  int mj = strip_prefix(c);
  *wrong_method = 0;
  for (const struct route *r = routes; r->path; r++) {
    if (!(r->flags & profile) || mj == ((r->flags & ROOT) != 0) ||
        !matches(r->path, c->path, c->id, sizeof c->id))
      continue;
    if (!strcasecmp(r->method, c->req->method) ||
        (r->kind == SIM_KIND_IMAGE && !strcasecmp("HEAD", c->req->method)))
      return r;
    *wrong_method = 1;
  }
  return NULL;
}

static int is_json(const char *content_type) {
  return content_type && !strncasecmp(content_type, SIM_JSON, strlen(SIM_JSON));
}

/* Go and C# do not make a string of a number; Jackson does.  Returns the field
   that does not fit. */
static const char *misfit(const struct sim_call *c) {
  static const char *const strings[] = {
      "prompt", "customId", "botType", "notifyHook", "action",
      "state",  "taskId",   "content", "maskBase64", NULL};
  const sim_body *b = c->body;
  if (!sim_on(c, SIM_NEW_API | SIM_TRUEAI))
    return NULL;
  for (int i = 0; strings[i]; i++)
    if (sim_body_kind(b, strings[i]) > SIM_STRING)
      return strings[i];
  if (sim_body_kind(b, "index") != SIM_NONE &&
      sim_body_kind(b, "index") != SIM_INTEGER)
    return "index";
  return sim_body_kind(b, "base64Array") == SIM_NONE ||
                 sim_body_kind(b, "base64Array") == SIM_ARRAY
             ? NULL
             : "base64Array";
}

/* BaseSubmitDTO.cs of trueai; the text about the hook is made up. */
static int too_long(struct sim_call *c) {
  const char *state = sim_body_text(c->body, "state");
  const char *hook = sim_body_text(c->body, "notifyHook");
  if (!sim_on(c, SIM_TRUEAI))
    return 0;
  if (state && strlen(state) > 255)
    sim_refuse_logic(c, "State参数过长，最大255字符");
  else if (hook && strlen(hook) > 2000)
    sim_refuse_logic(c, "NotifyHook参数过长，最大2000字符");
  return c->out.n > 0;
}

/* 0 when the body is what the gateway can read.  new-api reads nothing at all
   from a body that is not called JSON; Spring refuses it. */
static int read_body(struct sim_call *c) {
  const char *field;
  if (!is_json(c->req->content_type)) {
    if (!sim_has(c, SIM_ROWS))
      c->s->profile->bad_body(c, 1);
    return sim_has(c, SIM_ROWS) ? 0 : -1;
  }
  c->body = sim_body_parse(c->req->body ? c->req->body : "", c->req->len);
  field = c->body ? misfit(c) : "";
  if (!field)
    return too_long(c) ? -1 : 0;
  if (*field && sim_on(c, SIM_TRUEAI))
    sim_refuse_value(c, field);
  else
    c->s->profile->bad_body(c, 0);
  return -1;
}

static void count(mj_sim *s, const struct route *r) {
  s->kinds[r->kind]++;
  if (r->kind == SIM_KIND_SUBMIT)
    s->stats.submits++;
  else if (r->kind == SIM_KIND_IMAGE)
    s->stats.pictures++;
  else
    s->stats.fetches++;
}

static void serve(struct sim_call *c) {
  int wrong_method;
  const struct route *r = find_route(c, &wrong_method);
  if (!r) {
    c->s->profile->no_route(c, wrong_method);
    return;
  }
  count(c->s, r);
  if (!(r->flags & OPEN) && sim_limited(c, r->kind == SUBMIT))
    return;
  if (sim_fault_before(c, r->kind))
    return;
  if (c->s->api_key && !(r->flags & OPEN) && !c->s->profile->allowed(c)) {
    c->s->profile->unauthorized(c);
    return;
  }
  if (!strcmp(r->method, "POST") && !(r->flags & FORM) && read_body(c))
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
  sim_notify_collect(s);
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
    return say(why, size,
               "no profile '%s' (new-api, novicezk, plus, trueai, "
               "generate)",
               profile);
  if (cfg->clock < 0)
    return say(why, size, "clock must be above 0");
  if (cfg->running < 0 || cfg->waiting < 0 || (cfg->waiting && !cfg->running))
    return say(why, size, "waiting needs running, and neither is below 0");
  s->seed = cfg->seed;
  s->clock = cfg->clock > 0 ? cfg->clock : 1;
  s->sync = cfg->sync == 0 ? 15 : cfg->sync;
  s->draw = cfg->draw;
  s->remix = cfg->remix;
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
  if (cfg->missing && sim_missing_parse(s, cfg->missing, why, size))
    return -1;
  if (sim_scenario_new(s, cfg, why, size) || gen_set_up(s, cfg, why, size) ||
      sim_rates_new(s, cfg, why, size))
    return -1;
  return (s->profile->bit == GE ? gen_sample(s) : sim_samples(s))
             ? say(why, size, "out of memory")
             : 0;
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
  sim_files_free(s);
  free(s->map);
  free(s->running);
  free(s->waiting);
  free(s->rules);
  sim_scenario_free(s->scenario);
  sim_notify_free(s);
  gen_free(s);
  sim_rates_free(s);
  free(s->api_key);
  free(s->base_url);
  free(s->missing);
  free(s);
}
