/* SPDX-License-Identifier: MIT
   test_sim.c - see test_sim.h. */
#include "test_sim.h"

mj_sim *sim_open(const char *profile, const struct mj_sim_config *cfg) {
  struct mj_sim_config own;
  mj_sim *s;
  char why[200] = "";
  memset(&own, 0, sizeof own);
  if (cfg)
    own = *cfg;
  own.profile = profile;
  own.base_url = BASE_URL;
  if (mj_sim_new(&s, &own, why, sizeof why))
    fail_msg("mj_sim_new: %s", why);
  return s;
}

struct answer *ask_as(mj_sim *s, const char *method, const char *target,
                      const char *body, int64_t at_ms,
                      const char *authorization, const char *api_secret,
                      const char *content_type) {
  static struct answer a;
  struct mj_sim_request r = {
      method,       target, authorization,          api_secret,
      content_type, body,   body ? strlen(body) : 0};
  mj_sim_reply_free(&a.reply);
  mj_sim_handle(s, &r, T0 + at_ms, &a.reply);
  a.body = a.reply.body ? a.reply.body : "";
  return &a;
}

struct answer *ask(mj_sim *s, const char *method, const char *target,
                   const char *body, int64_t at_ms) {
  return ask_as(s, method, target, body, at_ms, NULL, NULL, "application/json");
}

const char *say(const char *fmt, ...) {
  static char text[256][2048];
  static unsigned next;
  char *p = text[next++ % 256];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(p, sizeof text[0], fmt, ap);
  va_end(ap);
  return p;
}

const char *text_of(const struct answer *a, const char *key) {
  const char *p = strstr(a->body, say("\"%s\":\"", key));
  if (!p)
    return NULL;
  p = strchr(p, ':') + 2;
  return say("%.*s", (int)strcspn(p, "\""), p);
}

int has(const struct answer *a, const char *text) {
  return strstr(a->body, text) != NULL;
}

const char *submit(mj_sim *s, const char *target, const char *body,
                   int64_t at_ms) {
  static char ids[64][32];
  static unsigned next;
  struct answer *a = ask(s, "POST", target, body, at_ms);
  const char *id = text_of(a, "result");
  char *p = ids[next++ % 64];
  if (!id)
    fail_msg("%s %s: %s", target, body, a->body);
  snprintf(p, sizeof ids[0], "%s", id ? id : "");
  return p;
}

const char *imagine(mj_sim *s, const char *prompt, int64_t at_ms) {
  return submit(s, "/mj/submit/imagine", say("{\"prompt\":\"%s\"}", prompt),
                at_ms);
}

struct answer *fetch(mj_sim *s, const char *id, int64_t at_ms) {
  return ask(s, "GET", say("/mj/task/%s/fetch", id), NULL, at_ms);
}

const char *button_of(mj_sim *s, const char *id, const char *start,
                      int64_t at_ms) {
  struct answer *a = fetch(s, id, at_ms);
  const char *p = strstr(a->body, say("\"customId\":\"%s", start));
  if (!p)
    fail_msg("no button %s: %s", start, a->body);
  p = strchr(p, ':') + 2;
  return say("%.*s", (int)strcspn(p, "\""), p);
}

struct answer *press(mj_sim *s, const char *id, const char *start,
                     const char *more, int64_t at_ms) {
  const char *custom_id = button_of(s, id, start, at_ms);
  return ask(
      s, "POST", "/mj/submit/action",
      say("{\"taskId\":\"%s\",\"customId\":\"%s\"%s}", id, custom_id, more),
      at_ms);
}

void check_cases(mj_sim *s, const struct case_of *cases, size_t n) {
  for (size_t i = 0; i < n; i++) {
    struct answer *a =
        ask(s, cases[i].method, cases[i].target, cases[i].body, 0);
    if (strcmp(a->body, cases[i].answer) || a->reply.status != cases[i].status)
      fail_msg("%s %s %s: %d %s, not %d %s", cases[i].method, cases[i].target,
               cases[i].body ? cases[i].body : "", a->reply.status, a->body,
               cases[i].status, cases[i].answer);
  }
}

uint64_t checksum(const char *text, size_t n) {
  uint64_t h = 0xCBF29CE484222325u;
  for (size_t i = 0; i < n; i++)
    h = (h ^ (unsigned char)text[i]) * 0x100000001B3u;
  return h;
}
