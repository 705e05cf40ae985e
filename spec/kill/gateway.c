/* SPDX-License-Identifier: MIT
   gateway.c - the simulator on a socket.  What is paid for is written down from
   the bytes of the request, before the simulator sees them; that a task was
   made, and its id, from what the simulator did.  Only then may the answer go
   bad. */
#define _GNU_SOURCE
#include "kill.h"

#include "serve/httpd_sim.h"
#ifdef MJ_KILL_PICTURES
#include "image/draw.h"
#endif

#include <stdlib.h>
#include <string.h>

enum { CLOCK = 8 }; /* tasks take 5 to 8 seconds */

struct gateway {
  struct gateway_config cfg;
  mj_httpd *http;
  mj_sim *sim;
  struct chance chance;
  struct gateway_counts counts;
  struct work *work;
  size_t n, cap;
};

static int64_t fast_now(const gateway *g) {
  return g->cfg.since_ms +
         (mj_httpd_wall_ms() - g->cfg.since_ms) * g->cfg.factor;
}

/* The books ---------------------------------------------------------------- */

/* The text behind "name":" as it stands; "" when it is not there. */
static void text_of(const char *body, size_t len, const char *name, char *out,
                    size_t size) {
  char mark[40];
  const char *p;
  size_t n, k = 0;
  n = (size_t)snprintf(mark, sizeof mark, "\"%s\":\"", name);
  out[0] = '\0';
  p = body ? memmem(body, len, mark, n) : NULL;
  if (!p)
    return;
  for (p += n; p < body + len && *p != '"' && k + 1 < size; p++)
    out[k++] = *p;
  out[k] = '\0';
}

static int is_paid(const mj_httpd_request *r) {
  return strcmp(r->method, "POST") == 0 &&
         (strstr(r->target, "/submit/") || strstr(r->target, "/generateTask/"));
}

/* One button of each task is ever clicked, so its id names the click. */
static void key_of(const mj_httpd_request *r, char *key, size_t size) {
  char prompt[160], parent[64];
  text_of(r->body, r->len, "taskId", parent, sizeof parent);
  text_of(r->body, r->len, "prompt", prompt, sizeof prompt);
  if (strstr(r->target, "/submit/modal"))
    (void)snprintf(key, size, "modal %s", parent);
  else if (*parent)
    (void)snprintf(key, size, "click %s", parent);
  else
    (void)snprintf(key, size, "imagine %s", prompt);
}

struct work *gateway_find(gateway *g, const char *key) {
  size_t i;
  for (i = 0; i < g->n; i++)
    if (strcmp(g->work[i].key, key) == 0)
      return &g->work[i];
  return NULL;
}

struct work *gateway_token(gateway *g, const char *token, int *at) {
  size_t i;
  for (i = 0; i < g->n; i++)
    for (*at = 0; *at < g->work[i].tasks && *at < COPIES; (*at)++)
      if (strcmp(g->work[i].tokens[*at], token) == 0)
        return &g->work[i];
  return NULL;
}

struct work *gateway_work(gateway *g, size_t i) {
  return i < g->n ? &g->work[i] : NULL;
}

size_t gateway_works(gateway *g) {
  return g->n;
}

static struct work *book(gateway *g, const mj_httpd_request *r) {
  char key[KEY_SIZE];
  struct work *w;
  key_of(r, key, sizeof key);
  w = gateway_find(g, key);
  if (!w) {
    if (g->n == g->cap) {
      g->cap = g->cap ? 2 * g->cap : 256;
      g->work = realloc(g->work, g->cap * sizeof *g->work);
      if (!g->work)
        say_no("out of memory");
    }
    w = &g->work[g->n++];
    memset(w, 0, sizeof *w);
    memcpy(w->key, key, strlen(key) + 1);
  }
  if (w->tasks && strncmp(key, "modal ", 6) == 0)
    w->repeats++;
  w->posts++;
  g->counts.posts++;
  return w;
}

/* The answer to a dialog is taken once, and makes no other task. */
static int is_answer(const struct work *w, const struct mj_sim_reply *reply) {
  return w && strncmp(w->key, "modal ", 6) == 0 && reply->status == 200 &&
         reply->body &&
         memmem(reply->body, reply->len, "\"code\":1,", 9) != NULL;
}

static void note_task(gateway *g, struct work *w, const mj_httpd_request *r,
                      const struct mj_sim_reply *reply) {
  int at = w->tasks++;
  g->counts.tasks++;
  if (at >= COPIES)
    return;
  text_of(reply->body, reply->len, "result", w->ids[at], sizeof w->ids[at]);
  if (!w->ids[at][0])
    text_of(reply->body, reply->len, "taskId", w->ids[at], sizeof w->ids[at]);
  text_of(r->body, r->len, "state", w->tokens[at], sizeof w->tokens[at]);
  if (!w->ids[at][0])
    say_no("a task was made whose id is not in %.*s", (int)reply->len,
           reply->body);
}

/* Answers -------------------------------------------------------------------*/

static void replace(struct mj_sim_reply *r, int status, const char *type,
                    const char *text) {
  free(r->body);
  r->len = strlen(text);
  r->body = r->len ? strdup(text) : NULL;
  r->status = status;
  r->content_type = type;
  r->nheaders = 0;
}

/* The gateway has been paid, and its answer says nothing of that. */
static void spoil(gateway *g, struct mj_sim_reply *r) {
  g->counts.bad++;
  switch (chance_upto(&g->chance, 5)) {
  case 0:
    r->drop = 1;
    break;
  case 1:
    replace(r, 504, "text/html", "<html><h1>504 Gateway Time-out</h1></html>");
    break;
  case 2:
    replace(r, 200, "application/json", "");
    break;
  case 3: /* new-api, when the proxy's answer did not reach it */
    replace(r, 400, "application/json",
            "{\"description\":\"do_request_failed\",\"type\":\"upstream_error\""
            ",\"code\":5}");
    break;
  case 4:
    replace(r, 502, "text/html", "<html><h1>502 Bad Gateway</h1></html>");
    break;
  default:
    r->len /= 2; /* cut off, but whole to HTTP */
    break;
  }
}

static void serve(void *ud, const mj_httpd_request *req, mj_httpd_reply *out) {
  gateway *g = ud;
  struct mj_sim_request r = mj_httpd_sim_request(req);
  struct mj_sim_stats before, after;
  struct mj_sim_reply reply;
  int paid = is_paid(req);
  struct work *w = paid ? book(g, req) : NULL;
  g->counts.requests++;
  g->cfg.seen(g->cfg.ud, paid, 0);
  mj_sim_count(g->sim, &before);
  mj_sim_handle(g->sim, &r, fast_now(g), &reply);
  mj_sim_count(g->sim, &after);
  if (after.tasks != before.tasks || is_answer(w, &reply)) {
    if (!w)
      say_no("%s %s made a task", req->method, req->target);
    note_task(g, w, req, &reply);
    if (chance_share(&g->chance) < g->cfg.bad)
      spoil(g, &reply);
  }
  if (!paid && chance_share(&g->chance) < g->cfg.bad / 3) {
    reply.drop = chance_upto(&g->chance, 1) == 0;
    replace(&reply, 502, "text/html", "<html><h1>502 Bad Gateway</h1></html>");
  }
  g->cfg.seen(g->cfg.ud, paid, 1);
  mj_httpd_sim_reply(out, &reply);
}

gateway *gateway_new(const struct gateway_config *cfg) {
  gateway *g = calloc(1, sizeof *g);
  struct mj_httpd_config h;
  struct mj_sim_config s;
  char why[200];
  if (!g)
    say_no("out of memory");
  g->cfg = *cfg;
  g->chance.state = cfg->seed;
  memset(&h, 0, sizeof h);
  h.handler = serve;
  h.ud = g;
  if (mj_httpd_new(&g->http, &h, why, sizeof why))
    say_no("%s", why);
  memset(&s, 0, sizeof s);
  s.profile = cfg->profile;
  s.seed = cfg->seed;
  s.clock = CLOCK;
  s.sync = 15 * CLOCK; /* new-api is that far behind, whatever the clock */
  s.api_key = "sk-CANARY-judge";
  s.base_url = mj_httpd_url(g->http);
#ifdef MJ_KILL_PICTURES
  s.draw = cfg->pictures ? mj_draw() : NULL;
#endif
  if (mj_sim_new(&g->sim, &s, why, sizeof why))
    say_no("%s", why);
  return g;
}

void gateway_free(gateway *g) {
  mj_httpd_free(g->http);
  mj_sim_free(g->sim);
  free(g->work);
  free(g);
}

const char *gateway_url(const gateway *g) {
  return mj_httpd_url(g->http);
}

int gateway_fd(const gateway *g) {
  return mj_httpd_fd(g->http);
}

int64_t gateway_timeout_us(gateway *g) {
  int64_t ms = mj_httpd_timeout_ms(g->http);
  return ms < 0 ? -1 : ms * 1000;
}

void gateway_step(gateway *g) {
  mj_httpd_step(g->http);
}

const struct gateway_counts *gateway_count(const gateway *g) {
  return &g->counts;
}
