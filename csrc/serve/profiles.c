/* SPDX-License-Identifier: MIT
   profiles.c - who is let in, and how each gateway says no. */
#include "sim_int.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void sim_reply(struct sim_call *c, int status, const char *content_type) {
  c->reply->status = status;
  c->reply->content_type = content_type;
}

/* new-api passes the proxy's answer on without its headers, and Go then takes
   it for plain text. */
void sim_refuse(struct sim_call *c, int code, const char *description) {
  sim_putf(&c->out, "{\"code\":%d,\"description\":", code);
  sim_put_string(&c->out, description);
  sim_put(&c->out, ",\"result\":null,\"properties\":{}}");
  sim_reply(c, 200, c->s->profile->buttons ? SIM_TEXT : SIM_JSON);
}

/* controller/relay.go prints "%s %s" of description and result: hence the
   space at the end. */
void sim_refuse_mj(struct sim_call *c, int status, int code,
                   const char *description) {
  struct sim_buf d = {0};
  sim_put(&d, description);
  sim_put(&d, " ");
  c->out.html = 1;
  sim_put(&c->out, "{\"description\":");
  sim_put_string(&c->out, d.p);
  sim_putf(&c->out, ",\"type\":\"upstream_error\",\"code\":%d}", code);
  c->out.html = 0;
  sim_buf_free(&d);
  sim_reply(c, status, "application/json; charset=utf-8");
}

struct civil {
  int year, month, day, hour, minute, second, ms;
};

/* Days to a date of the Gregorian calendar, counted in eras of 400 years. */
static struct civil civil_of(int64_t ms) {
  struct civil t;
  int64_t days = ms / 86400000, rest = ms % 86400000, z = days + 719468;
  int64_t doe = z % 146097, era = z / 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100),
          mp = (5 * doy + 2) / 153;
  t.day = (int)(doy - (153 * mp + 2) / 5 + 1);
  t.month = (int)(mp < 10 ? mp + 3 : mp - 9);
  t.year = (int)(yoe + era * 400 + (t.month <= 2));
  t.hour = (int)(rest / 3600000);
  t.minute = (int)(rest / 60000 % 60);
  t.second = (int)(rest / 1000 % 60);
  t.ms = (int)(rest % 1000);
  return t;
}

/* "(request id: ...)": a time to the nanosecond and eight letters. */
static void request_id(struct sim_call *c, char *buf, size_t size) {
  static const char letters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  struct civil t = civil_of(c->now);
  uint64_t r = sim_mix(c->s->seed, c->s->stats.requests + 7777);
  char tail[9] = "";
  for (int i = 0; i < 8; i++, r /= 61)
    tail[i] = letters[r % (sizeof letters - 1)];
  snprintf(buf, size, "%04d%02d%02d%02d%02d%02d%03d000000%s", t.year, t.month,
           t.day, t.hour, t.minute, t.second, t.ms, tail);
}

void sim_refuse_api(struct sim_call *c, int status, const char *message,
                    const char *code) {
  char id[64];
  struct sim_buf m = {0};
  request_id(c, id, sizeof id);
  sim_put(&m, message);
  sim_putf(&m, " (request id: %s)", id);
  c->out.html = 1;
  sim_put(&c->out, "{\"error\":{\"message\":");
  sim_put_string(&c->out, m.p);
  sim_put(&c->out, ",\"type\":\"new_api_error\",\"param\":\"\"");
  sim_put_member(&c->out, "code", code);
  sim_put(&c->out, "}}");
  c->out.html = 0;
  sim_buf_free(&m);
  sim_reply(c, status, "application/json; charset=utf-8");
}

void sim_refuse_spring(struct sim_call *c, int status, const char *error) {
  struct civil t = civil_of(c->now);
  size_t n = strcspn(c->req->target, "?");
  struct sim_buf path = {0};
  sim_putn(&path, c->req->target, n);
  sim_putf(&c->out,
           "{\"timestamp\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03d+00:00\","
           "\"status\":%d",
           t.year, t.month, t.day, t.hour, t.minute, t.second, t.ms, status);
  sim_put_member(&c->out, "error", error);
  sim_put_member(&c->out, "path", path.p);
  sim_put(&c->out, "}");
  sim_buf_free(&path);
  sim_reply(c, status, SIM_JSON);
}

/* new-api ------------------------------------------------------------------ */

static const char *bare_key(const char *text) {
  if (!strncmp(text, "Bearer ", 7) || !strncmp(text, "bearer ", 7)) {
    text += 7;
    text += strspn(text, " ");
  }
  return strncmp(text, "sk-", 3) ? text : text + 3;
}

/* middleware/auth.go: Authorization, or mj-api-secret when that is empty or
   says midjourney-proxy; "Bearer " and "sk-" may be there or not. */
static int new_api_allowed(const struct sim_call *c) {
  const char *key = c->req->authorization;
  if (!key || !*bare_key(key) || !strcmp(bare_key(key), "midjourney-proxy"))
    key = c->req->api_secret;
  return key && !strcmp(bare_key(key), bare_key(c->s->api_key));
}

static void new_api_unauthorized(struct sim_call *c) {
  sim_refuse_api(c, 401, "无效的令牌", "");
}

/* gin answers a wrong method like a route it does not know. */
static void new_api_no_route(struct sim_call *c, int wrong_method) {
  struct sim_buf m = {0};
  (void)wrong_method;
  sim_put(&m, "Invalid URL (");
  sim_put(&m, c->req->method);
  sim_put(&m, " ");
  sim_putn(&m, c->req->target, strcspn(c->req->target, "?"));
  sim_put(&m, ")");
  c->out.html = 1;
  sim_put(&c->out, "{\"error\":{\"message\":");
  sim_put_string(&c->out, m.p);
  sim_put(&c->out,
          ",\"type\":\"invalid_request_error\",\"param\":\"\",\"code\":\"\"}}");
  c->out.html = 0;
  sim_buf_free(&m);
  sim_reply(c, 404, "application/json; charset=utf-8");
}

static void new_api_bad_body(struct sim_call *c, int wrong_type) {
  (void)wrong_type;
  sim_refuse_mj(c, 400, 4, "bind_request_body_failed");
}

static void new_api_no_task(struct sim_call *c) {
  sim_refuse_mj(c, 400, 4, "task_no_found");
}

/* novicezk ----------------------------------------------------------------- */

static int novicezk_allowed(const struct sim_call *c) {
  return c->req->api_secret && !strcmp(c->req->api_secret, c->s->api_key);
}

/* ApiAuthorizeInterceptor.java: 401 and not a byte more. */
static void novicezk_unauthorized(struct sim_call *c) {
  sim_reply(c, 401, NULL);
}

static void novicezk_no_route(struct sim_call *c, int wrong_method) {
  if (wrong_method)
    sim_refuse_spring(c, 405, "Method Not Allowed");
  else
    sim_refuse_spring(c, 404, "Not Found");
}

static void novicezk_bad_body(struct sim_call *c, int wrong_type) {
  if (wrong_type)
    sim_refuse_spring(c, 415, "Unsupported Media Type");
  else
    sim_refuse_spring(c, 400, "Bad Request");
}

/* TaskController returns null: 200 and nothing. */
static void novicezk_no_task(struct sim_call *c) {
  sim_reply(c, 200, NULL);
}

const struct sim_profile sim_profile_list[] = {
    {"new-api", 1, new_api_allowed, new_api_unauthorized, new_api_no_route,
     new_api_bad_body, new_api_no_task, sim_put_new_api},
    {"novicezk", 0, novicezk_allowed, novicezk_unauthorized, novicezk_no_route,
     novicezk_bad_body, novicezk_no_task, sim_put_novicezk},
    {NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL}};

const struct sim_profile *sim_profile_find(const char *name) {
  const struct sim_profile *p = sim_profile_list;
  while (p->name && strcmp(p->name, name))
    p++;
  return p->name ? p : NULL;
}

const char *mj_sim_profiles(int i) {
  return i >= 0 && i < 2 ? sim_profile_list[i].name : NULL;
}
