/* SPDX-License-Identifier: MIT
   fault_list.c - what goes wrong at gateways, as a table, and the answers that
   take the place of the right one. */
#include "fault.h"

#include <stdio.h>
#include <string.h>

static void page(struct sim_call *c, int status, const char *title) {
  sim_putf(&c->out,
           "<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n"
           "<center><h1>%d %s</h1></center>\r\n<hr><center>nginx</center>\r\n"
           "</body>\r\n</html>\r\n",
           status, title, status, title);
  sim_reply(c, status, SIM_HTML);
}

static void html502(struct sim_call *c) {
  page(c, 502, "Bad Gateway");
}

/* nginx gave up on a gateway that then went on and finished. */
static void html504(struct sim_call *c) {
  page(c, 504, "Gateway Time-out");
}

static void html404(struct sim_call *c) {
  page(c, 404, "Not Found");
}

/* nginx takes 1 MB unless told otherwise; pictures as base64 are larger. */
static void html413(struct sim_call *c) {
  page(c, 413, "Request Entity Too Large");
}

/* A function host that gave up on its gateway. */
static void text504(struct sim_call *c) {
  sim_put(&c->out, "An error occurred with your deployment\n\n"
                   "FUNCTION_INVOCATION_TIMEOUT\n");
  sim_reply(c, 504, SIM_TEXT);
}

static void empty(struct sim_call *c) {
  sim_reply(c, 200, NULL);
}

static void empty204(struct sim_call *c) {
  sim_reply(c, 204, NULL);
}

/* ApiAuthorizeInterceptor.java of the first midjourney-proxy. */
static void empty401(struct sim_call *c) {
  sim_reply(c, 401, NULL);
}

static void drop(struct sim_call *c) {
  sim_reply(c, 0, NULL);
  c->reply->drop = 1;
}

/* new-api, when the proxy's answer did not reach it or made no sense. */
static void code5(struct sim_call *c) {
  sim_refuse_mj(c, 400, 5, "do_request_failed");
}

static void code5_after(struct sim_call *c) {
  sim_refuse_mj(c, 400, 5, "unmarshal_response_body_failed");
}

static void code30(struct sim_call *c) {
  sim_refuse_mj(c, 429, 30, "当前分组负载已饱和，请稍后再试");
}

static void http429_bare(struct sim_call *c) {
  sim_refuse_api(c, 429, "当前分组上游负载已饱和，请稍后再试", "");
}

static void http429(struct sim_call *c) {
  http429_bare(c);
  c->reply->headers[0].name = "Retry-After";
  snprintf(c->reply->headers[0].value, sizeof c->reply->headers[0].value, "2");
  c->reply->nheaders = 1;
}

static void no_instance(struct sim_call *c) {
  sim_refuse(c, 3, "无可用的账号实例");
}

/* As each gateway says it: 23, on trueai 9. */
static void queue_full(struct sim_call *c) {
  sim_answer(c, 23, NULL, 0);
}

static void unauthorized(struct sim_call *c) {
  c->s->profile->unauthorized(c);
}

/* A gateway that has not stored the task yet, or has lost it. */
static void not_found(struct sim_call *c) {
  c->s->profile->no_task(c);
}

/* A reseller that finds the key odd, or the balance too low. */
static void http401_json(struct sim_call *c) {
  sim_put(&c->out,
          "{\"error\":{\"message\":\"Invalid signature\",\"type\":\"401\"}}");
  sim_reply(c, 401, SIM_JSON);
}

static void http403_json(struct sim_call *c) {
  sim_refuse_api(c, 403, "用户额度不足, 剩余额度: ＄0.000000",
                 "insufficient_user_quota");
}

static void too_many(struct sim_call *c) {
  sim_refuse_logic(c, "并发数已达上限");
}

static void http500(struct sim_call *c) {
  if (sim_on(c, SIM_NEW_API)) {
    sim_refuse_api(c, 500, "Internal Server Error", "");
  } else if (sim_on(c, SIM_TRUEAI)) {
    sim_refuse_logic(c, "操作失败");
    c->reply->status = 500;
  } else {
    sim_refuse_spring(c, 500, "Internal Server Error");
  }
}

/* No channel of the reseller's sells this. */
static void http503_model(struct sim_call *c) {
  sim_refuse_api(c, 503,
                 "分组 default 下模型 mj_imagine 无可用渠道（distributor）",
                 "model_not_found");
}

static void banned(struct sim_call *c) {
  sim_body *b = sim_body_parse(c->req->body ? c->req->body : "", c->req->len);
  const char *prompt = b ? sim_body_text(b, "prompt") : NULL;
  sim_put(&c->out,
          "{\"code\":24,\"description\":\"可能包含敏感词\",\"result\":null,"
          "\"properties\":{");
  sim_put_member(&c->out, "promptEn", prompt ? prompt : "");
  sim_put_member(&c->out, "bannedWord", "blood");
  sim_put(&c->out, "}}");
  sim_body_free(b);
  sim_reply(c, 200, SIM_JSON);
}

static void expired(struct sim_call *c) {
  sim_put(&c->out, "This content is no longer available.");
  sim_reply(c, 403, "text/plain");
}

/* new-api passes on what Discord says, in its own words (relay_image.go). */
static void expired_link(struct sim_call *c) {
  if (!sim_on(c, SIM_NEW_API)) {
    expired(c);
    return;
  }
  sim_put(&c->out, "{\"error\":\"This content is no longer available.\"}");
  sim_reply(c, 403, "application/json; charset=utf-8");
}

/* Later than anybody likes, and later than anybody waits. */
static void slow(struct sim_call *c) {
  c->reply->delay_ms = sim_real(c->s, 5000);
}

static void silent(struct sim_call *c) {
  c->reply->delay_ms = 600000;
}

#define SUBMIT SIM_KIND_SUBMIT
#define FETCH  SIM_KIND_FETCH
#define IMAGE  SIM_KIND_IMAGE
#define NOTIFY SIM_KIND_NOTIFY

/* Ends with a NULL name. */
static const struct fault faults[] = {
    /* pages of what stands in front of the gateway */
    {"html404", SUBMIT, BEFORE, html404},
    {"html413", SUBMIT, BEFORE, html413},
    {"html502", SUBMIT, BEFORE, html502},
    {"html504", SUBMIT, INSTEAD, html504},
    {"text504", SUBMIT, INSTEAD, text504},
    /* no answer, or nothing in it */
    {"empty", SUBMIT, INSTEAD, empty},
    {"empty204", FETCH, INSTEAD, empty204},
    {"empty401", SUBMIT, BEFORE, empty401},
    {"drop", SUBMIT, INSTEAD, drop},
    {"drop_before", SUBMIT, BEFORE, drop},
    {"slow", SUBMIT, CHANGE, slow},
    {"silent", SUBMIT, CHANGE, silent},
    /* a refusal */
    {"code5", SUBMIT, BEFORE, code5},
    {"code5_after_create", SUBMIT, INSTEAD, code5_after},
    {"http429", SUBMIT, BEFORE, http429},
    {"http429_bare", SUBMIT, BEFORE, http429_bare},
    {"code30", SUBMIT, BEFORE, code30},
    {"no_instance", SUBMIT, BEFORE, no_instance},
    {"queue_full", SUBMIT, BEFORE, queue_full},
    {"too_many", SUBMIT, BEFORE, too_many},
    {"banned", SUBMIT, BEFORE, banned},
    {"unauthorized", SUBMIT, BEFORE, unauthorized},
    {"http401_json", SUBMIT, BEFORE, http401_json},
    {"http403_json", SUBMIT, BEFORE, http403_json},
    {"http500", SUBMIT, BEFORE, http500},
    {"http503_model", SUBMIT, BEFORE, http503_model},
    {"not_found", SUBMIT, BEFORE, not_found},
    {"expired", SUBMIT, BEFORE, expired},
    {"expired_link", IMAGE, BEFORE, expired_link},
    /* the answer to a submission, in another shape */
    {"number_result", SUBMIT, CHANGE, fault_number_result},
    {"result_list", SUBMIT, CHANGE, fault_result_list},
    {"result_null", SUBMIT, CHANGE, fault_result_null},
    {"rewrite21", SUBMIT, CHANGE, fault_rewrite21},
    {"existed", SUBMIT, CHANGE, fault_existed},
    {"no_code", SUBMIT, CHANGE, fault_no_code},
    {"code0", SUBMIT, CHANGE, fault_code0},
    /* a task, in another shape */
    {"numeric_ids", FETCH, CHANGE, fault_numeric_ids},
    {"null_buttons", FETCH, CHANGE, fault_null_buttons},
    {"stuck", FETCH, CHANGE, fault_stuck},
    {"regress", FETCH, CHANGE, fault_regress},
    {"progress_words", FETCH, CHANGE, fault_progress_words},
    {"progress_empty", FETCH, CHANGE, fault_progress_empty},
    {"progress_100_failure", FETCH, CHANGE, fault_progress_100_failure},
    {"image_urls_text", FETCH, CHANGE, fault_image_urls_text},
    {"success_without_picture", FETCH, CHANGE, fault_success_without_picture},
    /* of the generate family; the others leave their answers as they are */
    {"code_in_200", SUBMIT, CHANGE, fault_leave},
    {"error_member", SUBMIT, CHANGE, fault_leave},
    {"result_object", FETCH, CHANGE, fault_leave},
    {"result_empty", FETCH, CHANGE, fault_leave},
    /* any answer */
    {"escapes", FETCH, CHANGE, fault_escapes},
    {"byte_order_mark", SUBMIT, CHANGE, fault_byte_order_mark},
    {"text_plain", SUBMIT, CHANGE, fault_text_plain},
    {"chunked", SUBMIT, CHANGE, fault_chunked},
    {"truncated", SUBMIT, CHANGE, fault_truncated},
    /* a callback */
    {"webhook_twice", NOTIFY, TWICE, NULL},
    {"webhook_reordered", NOTIFY, REORDERED, NULL},
    {"webhook_lost", NOTIFY, LOST, NULL},
    {"webhook_late", NOTIFY, LATE, NULL},
    {NULL, SUBMIT, CHANGE, NULL}};

const char *mj_sim_faults(int i) {
  return i >= 0 && (size_t)i < sizeof faults / sizeof faults[0] ? faults[i].name
                                                                : NULL;
}

const struct fault *sim_fault_find(const char *name) {
  const struct fault *f = faults;
  while (f->name && strcmp(f->name, name) != 0)
    f++;
  return f->name ? f : NULL;
}
