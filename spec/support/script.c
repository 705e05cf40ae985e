/* SPDX-License-Identifier: MIT
   script.c - see script.h. */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct script {
  script_reply *replies;
  size_t n, next;
  script_request *requests;
  size_t count, cap;
  char last_id[80];
};

static char *copy_of(const char *s, size_t n) {
  char *p;
  if (!s)
    return NULL;
  p = malloc(n + 1);
  if (p) {
    memcpy(p, s, n);
    p[n] = '\0';
  }
  return p;
}

static char *copy(const char *s) {
  return s ? copy_of(s, strlen(s)) : NULL;
}

script *script_new(const script_reply *replies, size_t n) {
  script *s = calloc(1, sizeof *s);
  size_t i;
  s->replies = calloc(n ? n : 1, sizeof *s->replies);
  s->n = n;
  for (i = 0; i < n; i++) {
    s->replies[i] = replies[i];
    s->replies[i].body = copy(replies[i].body);
    s->replies[i].content_type = copy(replies[i].content_type);
    s->replies[i].location = copy(replies[i].location);
  }
  return s;
}

void script_free(void *ud) {
  script *s = ud;
  size_t i;
  for (i = 0; i < s->n; i++) {
    free((char *)s->replies[i].body);
    free((char *)s->replies[i].content_type);
    free((char *)s->replies[i].location);
  }
  for (i = 0; i < s->count; i++) {
    free(s->requests[i].method);
    free(s->requests[i].url);
    free(s->requests[i].body);
    free(s->requests[i].headers);
  }
  free(s->replies);
  free(s->requests);
  free(s);
}

static char *headers_of(const mj_http *req) {
  size_t i, n = 1;
  char *p, *out;
  for (i = 0; i < req->nheaders; i++)
    n += strlen(req->headers[i].name) + strlen(req->headers[i].value) + 3;
  out = p = malloc(n);
  *p = '\0';
  for (i = 0; i < req->nheaders; i++)
    p += snprintf(p, n - (size_t)(p - out), "%s: %s\n", req->headers[i].name,
                  req->headers[i].value);
  return out;
}

static void keep(script *s, const mj_http *req, int64_t now_ms) {
  script_request *r;
  if (s->count == s->cap) {
    s->cap = s->cap ? s->cap * 2 : 16;
    s->requests = realloc(s->requests, s->cap * sizeof *s->requests);
  }
  r = &s->requests[s->count++];
  r->method = copy(req->method);
  r->url = copy(req->url);
  r->body = req->body ? copy_of(req->body, req->body_len) : NULL;
  r->headers = headers_of(req);
  r->paid = req->paid;
  r->foreign = req->foreign;
  r->at_ms = now_ms;
}

/* "…/task/ID/fetch" */
static void remember_id(script *s, const char *url) {
  const char *p = strstr(url, "/task/"), *end = p ? strchr(p + 6, '/') : NULL;
  if (end && (size_t)(end - p - 6) < sizeof s->last_id) {
    memcpy(s->last_id, p + 6, (size_t)(end - p - 6));
    s->last_id[end - p - 6] = '\0';
  }
}

static void put_body(script *s, const char *body, virtual_reply *out) {
  const char *hole = strstr(body, "%ID");
  size_t n = strlen(body) + sizeof s->last_id;
  out->body = malloc(n + 1);
  if (hole)
    out->body_len =
        (size_t)snprintf(out->body, n, "%.*s%s%s", (int)(hole - body), body,
                         s->last_id, hole + 3);
  else
    out->body_len = (size_t)snprintf(out->body, n, "%s", body);
}

static void play(void *ud, const mj_http *req, int64_t now_ms,
                 virtual_reply *out) {
  script *s = ud;
  const script_reply *r;
  keep(s, req, now_ms);
  remember_id(s, req->url);
  if (s->n == 0)
    return;
  r = &s->replies[s->next < s->n ? s->next : s->n - 1];
  s->next++;
  out->http_status = r->http ? r->http : (r->curl_code ? 0 : 200);
  out->curl_code = r->curl_code;
  out->sent = 2 - r->sent_less;
  out->delay_ms = r->delay_ms ? r->delay_ms : 5;
  out->retry_after_ms = r->retry_after_ms ? r->retry_after_ms : -1;
  if (r->content_type)
    (void)snprintf(out->content_type, sizeof out->content_type, "%s",
                   r->content_type);
  if (r->location)
    (void)snprintf(out->location, sizeof out->location, "%s", r->location);
  if (r->body)
    put_body(s, r->body, out);
}

virtual_world *script_world(script *s) {
  return virtual_new(play, s, script_free, 1000000);
}

size_t script_count(const script *s) {
  return s->count;
}

const script_request *script_at(const script *s, size_t i) {
  return i < s->count ? &s->requests[i] : NULL;
}
