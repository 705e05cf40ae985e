/* SPDX-License-Identifier: MIT
   profiles.c - the gateways: who is let in, and what they do not know. */
#include "gen.h"

#include <string.h>

int sim_has(const struct sim_call *c, enum sim_trait trait) {
  return (c->s->profile->traits & (unsigned)trait) != 0;
}

int sim_on(const struct sim_call *c, unsigned profiles) {
  return (c->s->profile->bit & profiles) != 0;
}

const char *sim_text(const struct sim_call *c, enum sim_text which) {
  return c->s->profile->texts[which];
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
  sim_reply(c, 404, SIM_JSON_UTF8);
}

static void new_api_bad_body(struct sim_call *c, int wrong_type) {
  (void)wrong_type;
  sim_refuse_mj(c, 400, 4, "bind_request_body_failed");
}

static void new_api_no_task(struct sim_call *c) {
  sim_refuse_mj(c, 400, 4, "task_no_found");
}

/* Spring: novicezk, and plus that grew from it ------------------------------
 */

static int spring_allowed(const struct sim_call *c) {
  return c->req->api_secret && !strcmp(c->req->api_secret, c->s->api_key);
}

/* ApiAuthorizeInterceptor.java: 401 and not a byte more. */
static void spring_unauthorized(struct sim_call *c) {
  sim_reply(c, 401, NULL);
}

static void spring_no_route(struct sim_call *c, int wrong_method) {
  if (wrong_method)
    sim_refuse_spring(c, 405, "Method Not Allowed");
  else
    sim_refuse_spring(c, 404, "Not Found");
}

static void spring_bad_body(struct sim_call *c, int wrong_type) {
  if (wrong_type)
    sim_refuse_spring(c, 415, "Unsupported Media Type");
  else
    sim_refuse_spring(c, 400, "Bad Request");
}

/* TaskController returns null: 200 and nothing. */
static void spring_no_task(struct sim_call *c) {
  sim_reply(c, 200, NULL);
}

/* trueai ------------------------------------------------------------------- */

/* WorkContext takes Authorization as it stands, "Bearer " and all; only when
   there is none it looks at Mj-Api-Secret. */
static int trueai_allowed(const struct sim_call *c) {
  const char *key = c->req->authorization;
  if (!key || !*key)
    key = c->req->api_secret;
  return key && !strcmp(key, c->s->api_key);
}

/* SimpleAuthMiddleware.cs says so of a wrong key as well. */
static void trueai_unauthorized(struct sim_call *c) {
  sim_put(&c->out, "Authorization header missing.");
  sim_reply(c, 401, "text/plain");
}

static void trueai_no_route(struct sim_call *c, int wrong_method) {
  sim_reply(c, wrong_method ? 405 : 404, NULL);
}

/* What ASP.NET answers by itself; the envelope is that of model validation. */
static void trueai_bad_body(struct sim_call *c, int wrong_type) {
  if (!wrong_type) {
    sim_refuse_logic(c, c->req->len
                            ? "The JSON object contains a trailing comma or is "
                              "cut off."
                            : "A non-empty request body is required.");
    return;
  }
  sim_put(&c->out, "{\"type\":\"https://tools.ietf.org/html/rfc9110#section-"
                   "15.5.16\",\"title\":\"Unsupported Media Type\","
                   "\"status\":415}");
  sim_reply(c, 415, "application/problem+json; charset=utf-8");
}

/* An ActionResult that holds null is 204. */
static void trueai_no_task(struct sim_call *c) {
  sim_reply(c, 204, NULL);
}

/* -------------------------------------------------------------------------- */

static const char *const java_texts[SIM_TEXTS] = {
    [SIM_TEXT_TASK_ID] = "taskId不能为空",
    [SIM_TEXT_CUSTOM_ID] = "customId不能为空",
    [SIM_TEXT_BUTTON] = "参数错误",
    [SIM_TEXT_PICTURES] = "base64List参数错误",
    [SIM_TEXT_DESCRIBE] = "base64不能为空",
    [SIM_TEXT_FULL] = "队列已满，请稍后尝试",
    [SIM_TEXT_FACE] = "sourceBase64不能为空",
    [SIM_TEXT_BODY] = "targetBase64不能为空",
    [SIM_TEXT_FACE_FORMAT] = "base64格式错误",
    [SIM_TEXT_BODY_FORMAT] = "base64格式错误"};

static const char *const trueai_texts[SIM_TEXTS] = {
    [SIM_TEXT_TASK_ID] = "参数错误",
    [SIM_TEXT_CUSTOM_ID] = "参数错误",
    [SIM_TEXT_BUTTON] = "未知的 Action 类型",
    [SIM_TEXT_PICTURES] = "图片参数错误，2~5张图片",
    [SIM_TEXT_DESCRIBE] = "base64或link不能为空",
    [SIM_TEXT_FULL] = "提交失败，队列已满，请稍后重试",
    [SIM_TEXT_FACE] = "人脸图片不能为空",
    [SIM_TEXT_BODY] = "目标图片不能为空",
    [SIM_TEXT_FACE_FORMAT] = "人脸图片格式错误",
    [SIM_TEXT_BODY_FORMAT] = "目标图片格式错误"};

/* Behind new-api stands a plus. */
static const struct sim_profile profiles[] = {
    {"new-api", SIM_NEW_API, SIM_ROWS | SIM_BUTTONED, 0, 23, SIM_TEXT,
     java_texts, new_api_allowed, new_api_unauthorized, new_api_no_route,
     new_api_bad_body, new_api_no_task, sim_put_new_api},
    {"novicezk", SIM_NOVICEZK, SIM_CALLS_AGAIN, 1, 23, SIM_JSON, java_texts,
     spring_allowed, spring_unauthorized, spring_no_route, spring_bad_body,
     spring_no_task, sim_put_novicezk},
    {"plus", SIM_PLUS, SIM_BUTTONED, 1, 23, SIM_JSON, java_texts,
     spring_allowed, spring_unauthorized, spring_no_route, spring_bad_body,
     spring_no_task, sim_put_plus},
    {"trueai", SIM_TRUEAI,
     SIM_BUTTONED | SIM_CELLS | SIM_ADDRESSES | SIM_LATE | SIM_STRICT, 2, 9,
     SIM_JSON_UTF8, trueai_texts, trueai_allowed, trueai_unauthorized,
     trueai_no_route, trueai_bad_body, trueai_no_task, sim_put_trueai},
    {"generate", SIM_GENERATE, SIM_CALLS_AT_END, 0, 0, SIM_JSON, NULL,
     gen_allowed, gen_unauthorized, gen_no_route, gen_bad_body, gen_no_task,
     gen_put_task},
    {NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL}};

const struct sim_profile *sim_profile_find(const char *name) {
  const struct sim_profile *p = profiles;
  while (p->name && strcmp(p->name, name))
    p++;
  return p->name ? p : NULL;
}

const char *mj_sim_profiles(int i) {
  const int n = sizeof profiles / sizeof profiles[0];
  return i >= 0 && i < n ? profiles[i].name : NULL;
}
