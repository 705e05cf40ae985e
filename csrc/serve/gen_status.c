/* SPDX-License-Identifier: MIT
   gen_status.c - GET /api/v1/statusTask/midjourney, and the envelope that all
   answers of the generate family are in. */
#include "gen.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SAMPLE_TIME 41388 /* of the provider's example, from create to end */

void gen_refuse(struct sim_call *c, int status, const char *message,
                const char *error) {
  sim_putf(&c->out, "{\"code\":%d", status);
  sim_put_member(&c->out, "message", message);
  if (error) {
    sim_put(&c->out, ",\"data\":{");
    sim_put_member(&c->out, "error", error);
    sim_put(&c->out, "}}");
  } else {
    sim_put(&c->out, ",\"data\":null}");
  }
  sim_reply(c, status, SIM_JSON);
}

void gen_refuse_429(struct sim_call *c, int64_t wait_ms, const char *error) {
  struct mj_sim_reply *r = c->reply;
  int64_t seconds = wait_ms < 1 ? 1 : (wait_ms + 999) / 1000;
  gen_refuse(c, 429, "Rate limit exceeded", error);
  r->headers[0].name = "Retry-After";
  snprintf(r->headers[0].value, sizeof r->headers[0].value, "%lld",
           (long long)seconds);
  r->nheaders = 1;
}

int gen_allowed(const struct sim_call *c) {
  const char *key = c->req->authorization;
  if (!key || strncasecmp(key, "Bearer ", 7) != 0)
    return 0;
  key += 7;
  return !strcmp(key + strspn(key, " "), c->s->api_key);
}

void gen_unauthorized(struct sim_call *c) {
  gen_refuse(c, 401, "Invalid or missing API Key", NULL);
}

void gen_no_route(struct sim_call *c, int wrong_method) {
  gen_refuse(c, wrong_method ? 405 : 404,
             wrong_method ? "Method Not Allowed" : "Not Found", NULL);
}

void gen_bad_body(struct sim_call *c, int wrong_type) {
  gen_refuse(c, 400, "Invalid request",
             wrong_type ? "Content-Type must be application/json"
                        : "Request body must be a JSON object");
}

void gen_no_task(struct sim_call *c) {
  gen_refuse(c, 404, "Task not found", NULL);
}

/* -------------------------------------------------------------------------- */

/* resultJson: JSON in a string. */
static void put_result(struct sim_call *c, const struct sim_task *t) {
  struct sim_buf urls = {0};
  int n = t->makes == SIM_GRID ? 4 : 1;
  sim_put(&urls, "{\"resultUrls\":[");
  for (int i = 1; i <= n; i++) {
    struct sim_buf url = {0};
    sim_put(&url, c->s->base_url);
    sim_putf(&url, "/r2/%s/%d.png", t->hash, i);
    sim_put(&urls, i > 1 ? "," : "");
    sim_put_string(&urls, url.p);
    sim_buf_free(&url);
  }
  sim_put(&urls, "]}");
  sim_put_member(&c->out, "resultJson", urls.p);
  sim_buf_free(&urls);
}

void gen_put_task(struct sim_call *c, const struct sim_task *t) {
  struct sim_view v = sim_view_at(c->s, t, c->now);
  struct sim_buf *b = &c->out;
  int ended = v.status >= SIM_SUCCESS;
  if (t->old)
    v.finished = t->submitted + SAMPLE_TIME;
  sim_put(b, "{\"code\":200,\"message\":\"success\",\"data\":{");
  sim_put_member(b, "taskId", t->id);
  sim_put_member(b, "state",
                 v.status == SIM_NOT_START ? "pending"
                 : !ended                  ? "processing"
                 : v.status == SIM_SUCCESS ? "success"
                                           : "failed");
  if (v.status == SIM_SUCCESS)
    put_result(c, t);
  if (v.status == SIM_FAILURE) {
    struct gen_failure f = gen_failure_of(t);
    sim_put_member(b, "failCode", f.code);
    sim_put_member(b, "failMsg", f.text);
  }
  sim_put_number(b, "createTime", t->submitted);
  if (ended) {
    sim_put_number(b, "completeTime", v.finished);
    sim_put_number(b, "costTime", v.finished - t->submitted);
  }
  sim_put(b, "}}");
}

static int hex(char ch) {
  static const char digits[] = "0123456789abcdef";
  const char *p = ch ? strchr(digits, tolower((unsigned char)ch)) : NULL;
  return p ? (int)(p - digits) : -1;
}

/* The value of a parameter of the query, with %XX and + read; NULL when it is
   not there. */
static const char *query_of(const struct sim_call *c, const char *name,
                            char *buf, size_t size) {
  const char *p = strchr(c->req->target, '?');
  size_t k = strlen(name), n = 0;
  while (p && (strncmp(p + 1, name, k) || p[1 + k] != '='))
    p = strchr(p + 1, '&');
  if (!p)
    return NULL;
  for (p += k + 2; *p && *p != '&' && n + 1 < size; p++) {
    int hi = *p == '%' ? hex(p[1]) : -1, lo = hi < 0 ? -1 : hex(p[2]);
    buf[n++] = (char)(lo >= 0 ? hi * 16 + lo : *p == '+' ? ' ' : *p);
    p += lo >= 0 ? 2 : 0;
  }
  buf[n] = '\0';
  return buf;
}

void gen_status(struct sim_call *c) {
  char id[128];
  const char *name = query_of(c, "taskId", id, sizeof id);
  const struct sim_task *t;
  if (sim_blank(name)) {
    gen_refuse(c, 400, "Invalid request", "Missing required parameter: taskId");
    return;
  }
  t = sim_task_find(c->s, name);
  if (!t) {
    c->s->profile->no_task(c);
    return;
  }
  c->s->profile->put_task(c, t);
  sim_reply(c, 200, SIM_JSON);
}
