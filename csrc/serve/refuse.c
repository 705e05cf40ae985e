/* SPDX-License-Identifier: MIT
   refuse.c - the shapes in which gateways say no. */
#include "sim_int.h"

#include <stdio.h>
#include <string.h>

void sim_reply(struct sim_call *c, int status, const char *content_type) {
  c->reply->status = status;
  c->reply->content_type = content_type;
}

static void refuse(struct sim_call *c, int status, int code,
                   const char *description) {
  struct sim_said said = {code, description, NULL, {0}};
  sim_say(c, &said);
  c->reply->status = status;
}

void sim_refuse(struct sim_call *c, int code, const char *description) {
  refuse(c, 200, code, description);
}

/* trueai's NotFound() is the one refusal of its that is no 200. */
void sim_refuse_parent(struct sim_call *c) {
  if (sim_on(c, SIM_NEW_API))
    sim_refuse_mj(c, 400, 4, "task_not_found");
  else
    refuse(c, sim_on(c, SIM_TRUEAI) ? 404 : 200, 3, "关联任务不存在或已失效");
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
  sim_reply(c, status, SIM_JSON_UTF8);
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

void sim_date(int64_t ms, char *buf, size_t size) {
  struct civil t = civil_of(ms);
  snprintf(buf, size, "%04d-%02d-%02d %02d:%02d:%02d", t.year, t.month, t.day,
           t.hour, t.minute, t.second);
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
  sim_reply(c, status, SIM_JSON_UTF8);
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

/* Result.cs: the time is in ticks, of which there are ten million a second
   since the year 1. */
void sim_refuse_logic(struct sim_call *c, const char *message) {
  sim_put(&c->out, "{\"success\":false,\"code\":-1");
  sim_put_member(&c->out, "message", message);
  sim_putf(&c->out, ",\"timestamp\":\"%lld\"}",
           (long long)(c->now * 10000 + INT64_C(621355968000000000)));
  sim_reply(c, 200, SIM_JSON_UTF8);
}

/* Jackson and ASP.NET refuse before the gateway's own code runs; what is behind
   new-api is Jackson. */
void sim_refuse_value(struct sim_call *c, const char *field) {
  char text[128];
  snprintf(text, sizeof text,
           "The JSON value could not be converted. Path: $.%s", field);
  if (sim_on(c, SIM_TRUEAI))
    sim_refuse_logic(c, text);
  else
    sim_refuse_spring(c, 400, "Bad Request");
  if (sim_has(c, SIM_ROWS)) /* passed on without its headers */
    c->reply->content_type = SIM_TEXT;
}
