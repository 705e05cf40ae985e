/* SPDX-License-Identifier: MIT
   discover.c - what a gateway is like, learned from free questions and from
   its refusals, and remembered for the client's life. */
#include "err.h"
#include "mj_int.h"

#include <string.h>

/* A task of September 2001: no gateway has it.  midjourney-proxy answers 200
   with nothing, trueai 204, new-api 400 task_no_found: and each of them 401
   to a key that it does not see. */
#define NO_TASK "1000000000000000"

void mj__use_auth(mj_client *c, enum mj__auth auth) {
  c->learned.auth = auth;
  c->api_headers = c->api_sets[auth];
}

/* It brought nothing: again later, or what was used last will have to do.  One
   that cannot be reached is found out by those who wait, who try again too. */
static void troubled(mj_client *c, int reached, int64_t retry_after_ms) {
  struct mj__learned *l = &c->learned;
  int64_t wait = mj__backoff(l->tries + 1, 500, 10000, mj__random(c));
  if (retry_after_ms > MJ__RETRY_AFTER_MOST)
    retry_after_ms = MJ__RETRY_AFTER_MOST;
  if (reached && ++l->tries < c->rules.attempts) {
    l->probe_at = c->now + (retry_after_ms > wait ? retry_after_ms : wait);
    return;
  }
  l->tries = 0;
  l->auth_known = l->auth_guessed = 1;
}

static void probe(mj_client *c) {
  struct mj__exchange *x = mj__exchange_new(c, 0, MJ__X_PROBE);
  const char *id = NO_TASK;
  struct mj__call call;
  int rc;
  mj__bucket_take(&c->requests, c->now);
  memset(&call, 0, sizeof call);
  call.url = x->url;
  mj__buf_init(&call.body, &c->mem, 0);
  rc = c->wire->ask(&call, &c->gateway, NULL, MJ__R_FETCH, &id, 1, NULL);
  x->url = call.url;
  mj__buf_free(&call.body);
  if (rc == MJ_OK)
    rc = mj__start(c, x, call.method, x->url.p, NULL, 0);
  if (rc == MJ_OK) {
    c->learned.probe = x->id;
    return;
  }
  mj__exchange_free(c, x);
  troubled(c, 1, -1); /* no memory or descriptor now */
  if (!c->learned.auth_known)
    mj__wait_until(c, c->learned.probe_at - c->now);
}

int mj__discovered(mj_client *c) {
  struct mj__learned *l = &c->learned;
  int64_t wait, pause = l->probe_at - c->now;
  if (l->auth_known)
    return 1;
  if (l->probe || c->nxfree == 0)
    return 0;
  wait = mj__bucket_wait(&c->requests, c->now);
  if (pause > wait)
    wait = pause;
  if (wait > 0)
    mj__wait_until(c, wait);
  else
    probe(c);
  return l->auth_known;
}

/* Refused every way: the first one is used, and the refusals of the requests
   themselves say what is wrong. */
void mj__probed(mj_client *c, const struct mj__reply *s,
                int64_t retry_after_ms) {
  struct mj__learned *l = &c->learned;
  int http = s->curl_code ? 0 : s->http_status;
  l->probe = 0;
  c->dirty = 1;
  if (http == 0 || http == 429 || http >= 500) {
    troubled(c, http != 0, retry_after_ms);
    return;
  }
  l->tries = 0;
  if ((http == 401 || http == 403) && l->auth + 1 < MJ__AUTHS) {
    mj__use_auth(c, l->auth + 1);
    return;
  }
  if (http == 401 || http == 403)
    mj__use_auth(c, MJ__BEARER);
  l->auth_guessed = http == 403; /* may be a wall in front of the gateway */
  l->auth_known = 1;
}

int mj__auth_doubted(mj_client *c, struct mj__job *j,
                     const struct mj__reply *s) {
  if (!c->learned.auth_guessed || j->doubted || s->curl_code ||
      (s->http_status != 401 && s->http_status != 403))
    return 0;
  j->doubted = 1;
  c->learned.auth_known = c->learned.auth_guessed = 0;
  c->learned.probe_at = c->now;
  return 1;
}

/* The mode is a word of the path, unless it goes in the body. */
static unsigned mode_of(const mj_client *c, const char *mode) {
  if (!mode)
    mode = c->gateway.mode;
  if (!mode || strcmp(c->gateway.mode_style, "body") == 0)
    return 0;
  return *mode == 'f' ? 1 : *mode == 'r' ? 2 : 3;
}

void mj__learn(mj_client *c, enum mj__route route, const char *mode,
               const struct mj__reply *s) {
  if (mj__outcome_no_route(s))
    c->learned.absent[mode_of(c, mode)] |= 1u << route;
}

int mj__route_known(const mj_client *c, enum mj__route route, const char *mode,
                    mj_error *err) {
  if (!(c->learned.absent[mode_of(c, mode)] & (1u << route)))
    return MJ_OK;
  return mj__err_set(
      err, MJ_EUNSUPPORTED, "this gateway has no /mj/%s%s%s: it said so before",
      mj__route_name(route), mode ? " in mode " : "", mode ? mode : "");
}
