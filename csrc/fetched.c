/* SPDX-License-Identifier: MIT
   fetched.c - a picture that was asked for: its bytes, another address, or why
   there is none. */
#include "mj_int.h"

#include <string.h>

enum { REDIRECTS_MOST = 5 };

/* 403 "This content is no longer available." is how Discord's CDN says that a
   signed address has run out. */
static int fetch_code(const struct mj__reply *s) {
  if (s->curl_code)
    return MJ_ENETWORK;
  if (s->http_status == 403 || s->http_status == 410)
    return MJ_EEXPIRED;
  if (s->http_status == 404)
    return MJ_ENOT_FOUND;
  if (s->http_status == 429)
    return MJ_ERATE_LIMITED;
  return s->http_status >= 500 ? MJ_ENETWORK : MJ_EPROTOCOL;
}

/* Queues the download again, at the address that the server names. */
static int redirect(mj_client *c, struct mj__job *j, const char *location,
                    mj_error *err) {
  int plain = strncmp(c->cfg.base_url ? c->cfg.base_url : "", "http:", 5) == 0;
  char *url;
  if (++j->polls > REDIRECTS_MOST)
    return mj__err_set(err, MJ_EPROTOCOL, "picture: more than %d redirects",
                       REDIRECTS_MOST);
  if (mj__url_check(location, plain, err) != MJ_OK)
    return err->code;
  url = mj__strdup(&c->mem, location);
  if (!url)
    return mj__err_nomem(err);
  mj__free(&c->mem, j->url);
  j->url = url;
  mj__enqueue(c, j, MJ__Q_FETCH);
  return MJ_OK;
}

static void got_picture(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                        const char *type) {
  char *copy = mj__strdup(&c->mem, type);
  /* the address is not needed any more: its place holds the type */
  mj__free(&c->mem, j->url);
  j->url = copy;
  j->done.pub.content_type = copy;
  mj__end(c, j, NULL, x, NULL);
}

/* A page of errors in JSON says it in words. */
static void explain(const mj_client *c, const struct mj__exchange *x,
                    const struct mj__reply *seen, mj_error *err) {
  struct mj__reply s = *seen;
  mj_json *doc = NULL;
  if (!s.curl_code && x->reply.n > 0 &&
      mj_json_parse(&doc, x->reply.p, x->reply.n, c->mem.fn, c->mem.ud, NULL) ==
          MJ_OK)
    mj__said_read(&s.said, mj_json_root(doc), x->reply.n);
  mj__explained(&s, fetch_code(&s), "picture",
                s.curl_code || s.http_status >= 500, -1, err);
  mj_json_free(doc);
}

/* Trouble of a host, and not of the picture: a while later it may be there. */
static int once_more(mj_client *c, struct mj__job *j, const struct mj__reply *s,
                     const mj_http_result *r) {
  if (!s->curl_code && s->http_status < 500 && s->http_status != 429)
    return 0;
  if (r->blocked || r->retry_after_ms > MJ__RETRY_AFTER_MOST ||
      ++j->troubles >= c->rules.attempts)
    return 0;
  mj__arm(c, j,
          c->now + mj__retry_wait(j->troubles, 500, 20000, r->retry_after_ms,
                                  mj__random(c)));
  return 1;
}

void mj__fetched(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                 const struct mj__reply *s, const mj_http_result *r) {
  int http = s->curl_code ? 0 : s->http_status;
  mj_error err;
  mj__err_clear(&err);
  if (!x->reply.err && once_more(c, j, s, r))
    return;
  if (http >= 300 && http < 400 && r->location) {
    if (redirect(c, j, r->location, &err) == MJ_OK)
      return;
  } else if (http >= 200 && http < 300 && x->reply.n > 0) {
    got_picture(c, j, x, r->content_type);
    return;
  } else if (x->reply.err == MJ_ETOO_LARGE) {
    mj__err_set(&err, MJ_ETOO_LARGE, "picture: larger than %zu bytes",
                x->reply.max);
  } else if (x->reply.err) {
    mj__err_nomem(&err);
  } else if (r->blocked) {
    mj__err_set(&err, MJ_EBLOCKED_ADDRESS,
                "picture: its host has no public address, or a port other "
                "than 80 and 443; put it into allow_hosts if you trust it");
  } else {
    explain(c, x, s, &err);
  }
  mj__end(c, j, &err, NULL, NULL);
}
