/* SPDX-License-Identifier: MIT
   outcome.c - the tables that decide about money.  First match wins.  The
   rows were read off new-api's relay/mjproxy_handler.go and
   controller/relay.go, midjourney-proxy's ReturnCode.java and trueai's
   ReturnCode.cs; those of the generate family are from the provider's page of
   error codes. */
#include "outcome.h"
#include "err.h"

#include <stdio.h>
#include <string.h>

/* A bit per enum mj__shape; then: nothing at all, of the mj family, where that
   is an answer; of the generate family a reply with a code of its own, one
   whose code, in whatever shape, is not its HTTP status, and one that has a
   task and its state.  A shape of the other family is nobody's, and is judged
   as any JSON is. */
#define S(shape) (1u << MJ__SHAPE_##shape)
#define ODD      (1u << 28)
#define NOTHING  (1u << 29)
#define CODED    (1u << 30)
#define STATED   (1u << 31)
#define ANY      0xffffffffu
#define NO_CODE  INT64_MIN /* the row does not look at `code` */

struct row {
  unsigned shapes;
  int http_lo, http_hi;
  int64_t code;
  const char *text; /* part of description or type; NULL = any */
  enum mj__verdict_kind kind;
  int error, retryable;
};

/* Of a free question; `routes` is a bit per enum mj__route. */
struct ask_row {
  unsigned routes, shapes;
  int http_lo, http_hi;
  int64_t code;
  const char *text;
  enum mj__look look;
  int error;
};

#define R(route) (1u << MJ__R_##route)
#define LISTS    (R(LIST) | R(IDS) | R(QUEUE))
#define ONE      (R(FETCH) | R(SEED) | R(CANCEL))

/* A row a line.  Chinese texts are the gateways', with their letters beside. */
/* clang-format off */
#define OTHER   (S(JSON) | S(DATA))
#define UNCODED (S(EMPTY) | S(TEXT) | S(ERROR) | S(SPRING) | OTHER)

static const struct row submit_rows[] = {
    /* new-api says these after it has begun to talk upstream, in whatever
       envelope and with whatever status: the task may run, or be billed */
    {ANY, 0, 999, NO_CODE, "do_request_failed", MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0},
    {ANY, 0, 999, NO_CODE, "read_response_body_failed", MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0},
    {ANY, 0, 999, NO_CODE, "unmarshal_response_body_failed", MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0},
    {ANY, 0, 999, NO_CODE, "empty_response_body", MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0},
    {ANY, 0, 999, NO_CODE, "close_request_body_failed", MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0},
    {ANY, 0, 999, NO_CODE, "insert_midjourney_task_failed", MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0},
    {ANY, 0, 999, NO_CODE, "copy_response_body_failed", MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0},
    {ANY, 0, 999, NO_CODE, "close_response_body_failed", MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0},
    /* "see other", after a POST: it was taken, and the answer is elsewhere */
    {ANY, 303, 303, NO_CODE, NULL, MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0},
    /* the generate family's codes, which say more than the HTTP status does;
       500, 503 and whatever is new are unknown, unless the HTTP status says the
       same and is listed further down */
    {CODED, 0, 499, 400, "INVALID_TASK_ID", MJ__V_REFUSED, MJ_ENOT_FOUND, 0},
    {CODED, 0, 499, 400, "CONTENT_VIOLATION", MJ__V_REFUSED, MJ_EBANNED_PROMPT, 0},
    {CODED, 0, 499, 400, "NSFW", MJ__V_REFUSED, MJ_EBANNED_PROMPT, 0},
    {CODED, 0, 499, 400, "INSUFFICIENT", MJ__V_REFUSED, MJ_EAUTH, 0},
    {CODED, 0, 499, 400, "nsufficient", MJ__V_REFUSED, MJ_EAUTH, 0},
    {CODED, 0, 499, 400, NULL, MJ__V_REFUSED, MJ_EINVALID, 0},
    {CODED, 0, 499, 401, NULL, MJ__V_REFUSED, MJ_EAUTH, 0},
    {CODED, 0, 499, 402, NULL, MJ__V_REFUSED, MJ_EAUTH, 0},
    {CODED, 0, 499, 403, NULL, MJ__V_REFUSED, MJ_EAUTH, 0},
    {CODED, 0, 499, 404, NULL, MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
    {CODED, 0, 499, 413, NULL, MJ__V_REFUSED, MJ_ETOO_LARGE, 0},
    {CODED, 0, 499, 429, NULL, MJ__V_NOT_SENT, MJ_ERATE_LIMITED, 1},
    {ODD, 200, 999, NO_CODE, NULL, MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0},
    /* HTTP errors whose body has no code of the protocol */
    {UNCODED | S(SUCCESS), 401, 401, NO_CODE, NULL, MJ__V_REFUSED, MJ_EAUTH, 0},
    {UNCODED | S(SUCCESS), 402, 403, NO_CODE, NULL, MJ__V_REFUSED, MJ_EAUTH, 0},
    {UNCODED, 404, 405, NO_CODE, NULL, MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
    {UNCODED, 413, 413, NO_CODE, NULL, MJ__V_REFUSED, MJ_ETOO_LARGE, 0},
    {UNCODED, 414, 415, NO_CODE, NULL, MJ__V_REFUSED, MJ_EINVALID, 0},
    {UNCODED, 422, 422, NO_CODE, NULL, MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(EMPTY) | S(TEXT) | S(ERROR) | OTHER, 300, 399, NO_CODE, NULL, MJ__V_REFUSED, MJ_EPROTOCOL, 0},
    {ANY, 429, 429, NO_CODE, NULL, MJ__V_NOT_SENT, MJ_ERATE_LIMITED, 1},
    /* new-api's distributor answers before anything goes upstream */
    {S(ERROR), 503, 503, NO_CODE, "model_not_found", MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
    {S(ERROR), 503, 503, NO_CODE, "vailable channel", MJ__V_NOT_SENT, MJ_ERATE_LIMITED, 1},
    {S(ERROR), 503, 503, NO_CODE, "\xe6\x97\xa0\xe5\x8f\xaf\xe7\x94\xa8\xe6\xb8\xa0\xe9\x81\x93" /* 无可用渠道 */ , MJ__V_NOT_SENT, MJ_ERATE_LIMITED, 1},
    {S(ERROR), 400, 400, NO_CODE, "new_api_error", MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(ERROR), 400, 400, NO_CODE, "invalid_request_error", MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SPRING), 400, 400, NO_CODE, NULL, MJ__V_REFUSED, MJ_EINVALID, 0},
    /* the edge could not reach its origin */
    {S(EMPTY) | S(TEXT), 521, 521, NO_CODE, NULL, MJ__V_NOT_SENT, MJ_ENETWORK, 1},
    {S(EMPTY) | S(TEXT), 523, 523, NO_CODE, NULL, MJ__V_NOT_SENT, MJ_ENETWORK, 1},
    {S(EMPTY) | S(TEXT), 525, 526, NO_CODE, NULL, MJ__V_NOT_SENT, MJ_ENETWORK, 1},
    /* the protocol's own codes; an accepting code needs a 2xx and an id, which
       mj__outcome_submit looks at before these */
    {S(SUBMIT), 0, 599, 3, "\xe8\xb4\xa6\xe5\x8f\xb7\xe5\xae\x9e\xe4\xbe\x8b" /* 账号实例 */ , MJ__V_REFUSED, MJ_EQUEUE_FULL, 1},
    {S(SUBMIT), 0, 599, 3, "account instance", MJ__V_REFUSED, MJ_EQUEUE_FULL, 1},
    {S(SUBMIT), 0, 599, 3, NULL, MJ__V_REFUSED, MJ_ENOT_FOUND, 0},
    {S(SUBMIT), 0, 599, 15, NULL, MJ__V_REFUSED, MJ_EQUEUE_FULL, 1},
    {S(SUBMIT), 0, 599, 23, NULL, MJ__V_REFUSED, MJ_EQUEUE_FULL, 1},
    {S(SUBMIT), 0, 599, 24, NULL, MJ__V_REFUSED, MJ_EBANNED_PROMPT, 0},
    {S(SUBMIT), 0, 599, 30, NULL, MJ__V_NOT_SENT, MJ_ERATE_LIMITED, 1},
    {S(SUBMIT), 0, 599, 9, "\xe9\x98\x9f\xe5\x88\x97\xe5\xb7\xb2\xe6\xbb\xa1" /* 队列已满 */ , MJ__V_REFUSED, MJ_EQUEUE_FULL, 1},
    /* code 4: only what is known to be said before the work begins */
    {S(SUBMIT), 0, 599, 4, "_is_required", MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "bind_request_body_failed", MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "quota_not_enough", MJ__V_REFUSED, MJ_EAUTH, 0},
    {S(SUBMIT), 0, 599, 4, "task_not_found", MJ__V_REFUSED, MJ_ENOT_FOUND, 0},
    {S(SUBMIT), 0, 599, 4, "task_no_found", MJ__V_REFUSED, MJ_ENOT_FOUND, 0},
    {S(SUBMIT), 0, 599, 4, "task_status_not_success", MJ__V_REFUSED, MJ_EINVALID, 1},
    {S(SUBMIT), 0, 599, 4, "unknown_action", MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
    {S(SUBMIT), 0, 599, 4, "unknown_relay_action", MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
    {S(SUBMIT), 0, 599, 4, "content_parse_failed", MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "index_parse_failed", MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "invalid_request", MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "get_channel_info_failed", MJ__V_REFUSED, MJ_EUNSUPPORTED, 1},
    {S(SUBMIT), 0, 599, 4, "\xe6\x95\x8f\xe6\x84\x9f\xe8\xaf\x8d" /* 敏感词: early novicezk */ , MJ__V_REFUSED, MJ_EBANNED_PROMPT, 0},
    {S(SUBMIT), 0, 599, 4, "\xe4\xb8\x8d\xe8\x83\xbd" /* 不能: must not be empty, the same ... */, MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "\xe5\x8f\x82\xe6\x95\xb0\xe9\x94\x99\xe8\xaf\xaf" /* 参数错误 */ , MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "\xe6\xa0\xbc\xe5\xbc\x8f\xe9\x94\x99\xe8\xaf\xaf" /* 格式错误 */ , MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "\xe7\x8a\xb6\xe6\x80\x81\xe9\x94\x99\xe8\xaf\xaf" /* 状态错误 */ , MJ__V_REFUSED, MJ_EINVALID, 1},
    {S(SUBMIT), 0, 599, 4, "\xe4\xb8\x8d\xe5\x85\x81\xe8\xae\xb8" /* 不允许 */, MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "\xe6\x9c\xaa\xe7\x9f\xa5\xe7\x9a\x84" /* 未知的 */, MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
    {S(SUBMIT), 0, 599, 4, "\xe4\xb8\x8d\xe6\x94\xaf\xe6\x8c\x81" /* 不支持 */, MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
    {S(SUBMIT), 0, 599, 4, "\xe7\xa6\x81\xe6\xad\xa2\xe4\xb8\x8a\xe4\xbc\xa0" /* 禁止上传: no uploads */, MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
    {S(SUBMIT), 0, 599, 4, "\xe6\x9c\xaa\xe5\x90\xaf\xe7\x94\xa8" /* 未启用: switched off */, MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
    {S(SUBMIT), 0, 599, 4, "\xe8\xb6\x85\xe8\xbf\x87\xe6\x9c\x80\xe5\xa4\xa7" /* 超过最大: above the limit */, MJ__V_REFUSED, MJ_ETOO_LARGE, 0},
    {S(SUBMIT), 0, 599, 4, "\xe8\xbf\x87\xe9\x95\xbf" /* 过长: too long */, MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "\xe6\x97\xa0\xe6\x95\x88\xe7\x9a\x84" /* 无效的: not valid */, MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "\xe7\xb1\xbb\xe5\x9e\x8b\xe9\x94\x99\xe8\xaf\xaf" /* 类型错误: of the wrong kind */, MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "\xe6\xb8\xa0\xe9\x81\x93\xe5\xb7\xb2\xe8\xa2\xab\xe7\xa6\x81\xe7\x94\xa8" /* 渠道已被禁用 */, MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
    {S(SUBMIT), 0, 599, 9, "\xe4\xb8\x8d\xe6\x94\xaf\xe6\x8c\x81" /* 不支持 */, MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
    /* whatever it says besides */
    {S(SUBMIT), 401, 403, NO_CODE, NULL, MJ__V_REFUSED, MJ_EAUTH, 0},
    /* trueai's envelope around a LogicException: 上限 is "limit reached" */
    {S(SUCCESS), 0, 599, NO_CODE, "\xe4\xb8\x8a\xe9\x99\x90" /* 上限 */, MJ__V_REFUSED, MJ_EQUEUE_FULL, 1},
    {S(SUCCESS), 0, 599, NO_CODE, "\xe5\xb0\x81\xe9\x94\x81" /* 封锁: locked out */, MJ__V_REFUSED, MJ_EAUTH, 0},
    {S(SUCCESS), 0, 599, NO_CODE, "\xe6\x9a\x82\xe4\xb8\x8d\xe5\x8f\xaf\xe7\x94\xa8" /* 暂不可用: out of service */, MJ__V_REFUSED, MJ_EQUEUE_FULL, 1},
    {S(SUCCESS), 0, 599, NO_CODE, "\xe6\x9c\xaa\xe5\x90\xaf\xe7\x94\xa8" /* 未启用: switched off */, MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
};

static const struct ask_row ask_rows[] = {
    /* what was asked for */
    {R(FETCH), S(TASK), 0, 299, NO_CODE, NULL, MJ__LOOK_GOOD, MJ_OK},
    {LISTS, S(LIST), 200, 299, NO_CODE, NULL, MJ__LOOK_GOOD, MJ_OK},
    {R(FETCH), STATED, 200, 299, 200, NULL, MJ__LOOK_GOOD, MJ_OK},
    {R(SEED) | R(CANCEL), S(SUBMIT), 200, 299, 1, NULL, MJ__LOOK_GOOD, MJ_OK},
    {R(CANCEL), S(EMPTY), 200, 204, NO_CODE, NULL, MJ__LOOK_GOOD, MJ_OK}, /* trueai, whatever it did */
    /* an id that nobody knows: novicezk 200 and trueai 204 with nothing in it,
       new-api code 4, others code 3 */
    {R(FETCH), NOTHING, 200, 200, NO_CODE, NULL, MJ__LOOK_MISSING, MJ_ENOT_FOUND},
    {R(FETCH), NOTHING, 204, 204, NO_CODE, NULL, MJ__LOOK_MISSING, MJ_ENOT_FOUND},
    {ONE, S(SUBMIT), 0, 999, 4, "task_no_found", MJ__LOOK_MISSING, MJ_ENOT_FOUND},
    {ONE, S(SUBMIT), 0, 999, 4, "task_not_found", MJ__LOOK_MISSING, MJ_ENOT_FOUND},
    {ONE, S(SUBMIT), 0, 999, 3, NULL, MJ__LOOK_MISSING, MJ_ENOT_FOUND},
    /* the generate family: 404, or 400 and words */
    {R(FETCH), CODED, 0, 499, 404, NULL, MJ__LOOK_MISSING, MJ_ENOT_FOUND},
    {R(FETCH), CODED, 0, 499, 400, "INVALID_TASK_ID", MJ__LOOK_MISSING, MJ_ENOT_FOUND},
    {R(FETCH), CODED, 0, 499, 400, "ot found", MJ__LOOK_MISSING, MJ_ENOT_FOUND},
    {R(FETCH), CODED, 0, 499, 401, NULL, MJ__LOOK_REFUSED, MJ_EAUTH},
    {R(FETCH), CODED, 0, 499, 403, NULL, MJ__LOOK_REFUSED, MJ_EAUTH},
    {R(FETCH), CODED, 0, 499, 429, NULL, MJ__LOOK_AGAIN, MJ_ERATE_LIMITED},
    /* trouble */
    {~0u, ANY, 401, 403, NO_CODE, NULL, MJ__LOOK_REFUSED, MJ_EAUTH},
    {~0u, ANY, 429, 429, NO_CODE, NULL, MJ__LOOK_AGAIN, MJ_ERATE_LIMITED},
    {~0u, ANY, 404, 405, NO_CODE, NULL, MJ__LOOK_REFUSED, MJ_EUNSUPPORTED},
    {~0u, ANY, 300, 399, NO_CODE, NULL, MJ__LOOK_REFUSED, MJ_EUNSUPPORTED},
    {R(SEED) | R(CANCEL), S(SUBMIT), 0, 499, 4, NULL, MJ__LOOK_REFUSED, MJ_EINVALID},
    {R(SEED) | R(CANCEL), S(SUBMIT), 0, 499, 9, NULL, MJ__LOOK_REFUSED, MJ_EFAILED},
    {R(CANCEL), S(TEXT), 400, 400, NO_CODE, NULL, MJ__LOOK_REFUSED, MJ_EUNSUPPORTED}, /* trueai to guests */
};

/* Reasons of failed tasks that lie in the request.  Midjourney's own titles are
   in brackets; small letters, since gateways write them either way. */
static const char *const requests_fault[] = {
    "invalid parameter", "invalid prompt", "invalid link", "invalid form body", "invalid image",
    "banned", "blocked", "moderat", "sensitive", "violat", "nsfw", "content policy", "community",
    "not allowed", "appeal", "empty prompt", "could not validate image", "unrecognized",
    "\xe6\x95\x8f\xe6\x84\x9f" /* 敏感 */, "\xe8\xbf\x9d\xe8\xa7\x84" /* 违规 */,
    "\xe5\x8f\x82\xe6\x95\xb0" /* 参数 */, "\xe5\xae\xa1\xe6\xa0\xb8" /* 审核 */,
    /* somebody stopped it */
    "cancel", "\xe5\x8f\x96\xe6\xb6\x88" /* 取消 */,
};
/* clang-format on */

static int says(const struct mj__said *said, const char *text) {
  return !text || strstr(said->description, text) || strstr(said->type, text) ||
         strstr(said->reason, text);
}

static unsigned bits_of(const struct mj__reply *s) {
  unsigned bits = 1u << s->said.shape;
  if (!s->generate)
    return s->said.shape == MJ__SHAPE_EMPTY ? bits | NOTHING : bits;
  if (s->said.shape == MJ__SHAPE_SUBMIT || s->said.shape == MJ__SHAPE_TASK)
    bits = S(JSON);
  /* {"code":400,"error":"..."} is an adapter's */
  if (s->said.has_code && (bits & (S(DATA) | S(ERROR))))
    bits |= CODED;
  if (s->said.has_code && s->said.code != s->http_status)
    bits |= ODD;
  if (s->said.has_code && s->said.has_state && *s->said.id)
    bits |= STATED;
  return bits;
}

static int fits(unsigned shapes, int lo, int hi, int64_t code,
                const struct mj__reply *s) {
  return (shapes & bits_of(s)) && s->http_status >= lo &&
         s->http_status <= hi &&
         (code == NO_CODE || (s->said.has_code && s->said.code == code));
}

static int row_fits(const struct row *r, const struct mj__reply *s) {
  return fits(r->shapes, r->http_lo, r->http_hi, r->code, s) &&
         says(&s->said, r->text);
}

static void set(struct mj__verdict *v, enum mj__verdict_kind kind, int code,
                int retryable) {
  v->parent = v->queued = 0;
  v->kind = kind;
  v->code = code;
  v->retryable = retryable;
  v->busy = retryable && (code == MJ_EQUEUE_FULL || code == MJ_ERATE_LIMITED);
}

/* A task's id; of an upload at least one address. */
static int has_result(const struct mj__reply *s) {
  const mj_value *v =
      s->wants_list && s->said.list ? s->said.list->first : NULL;
  while (v && v->type != MJ_JSON_STRING)
    v = v->next;
  return s->wants_list ? v != NULL : *s->said.id != '\0';
}

int mj__outcome_may_repeat(int code, const char *reason) {
  char low[512];
  size_t i;
  if (code != MJ_EFAILED)
    return 0;
  for (i = 0; reason && reason[i] && i + 1 < sizeof low; i++)
    low[i] = (char)(reason[i] >= 'A' && reason[i] <= 'Z' ? reason[i] | 0x20
                                                         : reason[i]);
  low[i] = '\0';
  for (i = 0; i < sizeof requests_fault / sizeof requests_fault[0]; i++)
    if (strstr(low, requests_fault[i]))
      return 0;
  return 1;
}

/* 1 = a code of gateways that took the work, of whichever family: such a reply
   proves nothing else. */
static int claims(const struct mj__reply *s) {
  if (!s->said.has_code)
    return 0;
  if (s->generate && s->said.code == 200)
    return 1;
  return s->said.shape == MJ__SHAPE_SUBMIT &&
         (s->said.code == 1 || s->said.code == 21 || s->said.code == 22);
}

/* 1 = the HTTP status alone proves no refusal: a task's id is in the reply of
   an envelope, or a code of success or of the gateway's own trouble. */
static int says_otherwise(const struct mj__reply *s) {
  const struct mj__said *said = &s->said;
  int of_mj = said->shape == MJ__SHAPE_SUBMIT && !s->generate;
  if (*said->given && !of_mj)
    return 1;
  if (s->generate || of_mj || s->http_status >= 500)
    return 0;
  return said->has_code && said->shape != MJ__SHAPE_SUCCESS &&
         (said->code == 200 || (said->code >= 500 && said->code <= 599));
}

void mj__outcome_submit(const struct mj__reply *s, struct mj__verdict *v) {
  int ok = s->http_status >= 200 && s->http_status < 300;
  size_t i;
  /* sent < 2: the server cannot have decoded a truncated JSON body */
  if (s->curl_code != 0 && s->sent < 2) {
    set(v, MJ__V_NOT_SENT, MJ_ENETWORK, 1);
    return;
  }
  set(v, MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0);
  if (s->curl_code != 0)
    return;
  if (claims(s)) {
    if (ok && has_result(s) &&
        !s->generate == (s->said.shape == MJ__SHAPE_SUBMIT)) {
      set(v, MJ__V_ACCEPTED, MJ_OK, 0);
      v->queued = !s->generate && s->said.code == 22;
    }
    return;
  }
  if (says_otherwise(s) || mj__outcome_rule(s, v))
    return;
  for (i = 0; i < sizeof submit_rows / sizeof submit_rows[0]; i++)
    if (row_fits(&submit_rows[i], s)) {
      const struct row *r = &submit_rows[i];
      set(v, r->kind, r->error, r->retryable);
      v->parent = r->shapes == S(SUBMIT) && r->kind == MJ__V_REFUSED &&
                  (r->error == MJ_ENOT_FOUND ||
                   (r->error == MJ_EINVALID && r->retryable));
      return;
    }
}

enum mj__look mj__outcome_ask(const struct mj__reply *s, enum mj__route route,
                              int *code) {
  size_t i;
  *code = MJ_ENETWORK;
  if (s->curl_code != 0)
    return MJ__LOOK_AGAIN;
  for (i = 0; i < sizeof ask_rows / sizeof ask_rows[0]; i++) {
    const struct ask_row *r = &ask_rows[i];
    if ((r->routes & (1u << route)) && says(&s->said, r->text) &&
        fits(r->shapes, r->http_lo, r->http_hi, r->code, s)) {
      *code = r->error;
      return r->look;
    }
  }
  *code = MJ_EPROTOCOL;
  return MJ__LOOK_AGAIN;
}

/* The generate family puts it in its envelope, as it does a model, a task or a
   picture that it does not have: "Model not found", "Unknown endpoint model".
 */
static int tells_of_path(const struct mj__said *said) {
  static const char *const begins[] = {"Not Found", "Route not found",
                                       "Invalid URL", "Method not allowed"};
  size_t i, n;
  if (says(said, "/api/v1/generateTask"))
    return 1;
  for (i = 0; i < sizeof begins / sizeof begins[0]; i++) {
    n = strlen(begins[i]);
    if (strncmp(said->description, begins[i], n) == 0 ||
        strncmp(said->type, begins[i], n) == 0)
      return 1;
  }
  return 0;
}

int mj__outcome_no_route(const struct mj__reply *s) {
  if (s->curl_code != 0 || (s->http_status != 404 && s->http_status != 405))
    return 0;
  if (bits_of(s) & CODED)
    return tells_of_path(&s->said);
  return s->said.shape == MJ__SHAPE_SPRING ||
         (s->said.shape == MJ__SHAPE_ERROR && says(&s->said, "Invalid URL"));
}

/* The route is missing, as far as a whole reply can tell.  Of a gateway that is
   there a page tells it, and the gateway's own words; else anything does. */
static int is_missing(const struct mj__reply *s, int code) {
  if (code != MJ_EUNSUPPORTED ||
      (s->http_status != 404 && s->http_status != 405) ||
      (bits_of(s) & (S(SUBMIT) | S(SUCCESS))))
    return 0;
  if (bits_of(s) & CODED)
    return tells_of_path(&s->said);
  return !s->known || s->said.shape == MJ__SHAPE_TEXT ||
         s->said.shape == MJ__SHAPE_EMPTY || mj__outcome_no_route(s);
}

/* Where it went, without what may follow a '?'. */
static void advise_path(const struct mj__reply *s, char *out, size_t size) {
  char url[120];
  size_t n = s->url ? strcspn(s->url, "?#") : 0;
  mj__clean(url, sizeof url, s->url ? s->url : "", n, 0);
  mj__hide(url, s->secret);
  (void)snprintf(
      out, size, "%s%s; base_url is the address in front of %s%s%s%s%s",
      n ? "; asked at " : "", url,
      s->generate  ? "/api/v1"
      : s->dialect ? "/mj"
                   : "/mj or /api/v1",
      s->mode ? "; has this gateway got the mode?" : "",
      s->dialect ? "; dialect = \"" : "", s->dialect ? s->dialect : "",
      s->dialect ? "\" was set by hand" : "");
}

/* It began as JSON: the rest of it was lost on the way. */
static int is_broken(const struct mj__reply *s) {
  size_t i = 0;
  while (i < s->body_len && strchr(" \t\r\n", s->body[i]))
    i++;
  return i < s->body_len && (s->body[i] == '{' || s->body[i] == '[');
}

/* What a person can do about it, by what was seen. */
static const char *advice(const struct mj__reply *s, int code) {
  int html = s->said.shape == MJ__SHAPE_TEXT && !is_broken(s);
  if (code == MJ_EUNKNOWN_OUTCOME)
    return "; the gateway may have taken it (and charged): look before you "
           "submit again";
  if (code == MJ_EAUTH && !s->secret)
    return "; no key was given: set api_key, or MJ_API_KEY";
  if (code == MJ_EAUTH && s->http_status == 401)
    return "; check api_key, and auth = \"bearer\", \"raw\" or \"secret\"";
  if (code == MJ_EQUEUE_FULL || code == MJ_ERATE_LIMITED)
    return "; try again later";
  if (code == MJ_EBANNED_PROMPT)
    return "; reword the prompt";
  if (code == MJ_EEXPIRED)
    return "; the address has run out: look the task up again, or save earlier";
  if (s->curl_code == 35 && s->curl_text &&
      strstr(s->curl_text, "wrong version number"))
    return "; does base_url have to begin with http://, not https://?";
  if (s->http_status >= 300 && s->http_status < 400)
    return "; give base_url as the gateway redirects it";
  if (s->curl_code == 7 && s->curl_text &&
      strncmp(s->curl_text, "replay: ", 8) == 0)
    return ""; /* nobody was asked */
  if (s->curl_code == 7)
    return "; is base_url right, and the gateway running?";
  if (s->curl_code == 28 && s->curl_text &&
      strncmp(s->curl_text, "Resolving", 9) == 0)
    return "; is there a network, and does its name server answer?";
  if (s->curl_code == 6)
    return "; is the host in base_url right?";
  if (html && s->http_status < 300)
    return "; is base_url the API's address, and not that of a web page?";
  return "";
}

/* What to look up where nothing was accepted, and may have been: also an id
   that cannot be used here. */
static void id_of(const struct mj__reply *s, int code, char *out, size_t size) {
  char id[160];
  out[0] = '\0';
  if (code != MJ_EUNKNOWN_OUTCOME || !*s->said.given)
    return;
  mj__clean(id, sizeof id, s->said.given, strlen(s->said.given), 0);
  mj__hide(id, s->secret);
  (void)snprintf(out, size, " and the task id \"%s\"", id);
}

/* A status of 2xx says nothing about a refusal: the meaning of its code does.
 */
static void status_of(const struct mj__reply *s, int code, int missing,
                      char *out, size_t size) {
  int text = s->said.shape == MJ__SHAPE_TEXT;
  int absent = missing && s->known;
  if (s->http_status < 300 && !text && code != MJ_EPROTOCOL &&
      code != MJ_EUNKNOWN_OUTCOME)
    (void)snprintf(out, size, "%s", mj_error_text(code));
  else
    (void)snprintf(out, size, "%s%s%.12s%sHTTP %d%s",
                   absent ? "this gateway has no such route" : "",
                   absent && s->mode ? " in mode " : "",
                   absent && s->mode ? s->mode : "", absent ? ": " : "",
                   s->http_status,
                   !text          ? ""
                   : is_broken(s) ? " with broken JSON"
                                  : " with a page, not JSON");
}

static void explain_reply(const struct mj__reply *s, int code, const char *what,
                          const char *quote, mj_error *err) {
  const char *word = s->said.banned_word;
  int missing = is_missing(s, code);
  char status[120], path[320] = "", id[200];
  status_of(s, code, missing, status, sizeof status);
  if (missing && !s->known)
    advise_path(s, path, sizeof path);
  id_of(s, code, id, sizeof id);
  mj__err_set(err, code, "%s: %s%s%s%s%s%s%s%s", what, status, id,
              *quote ? ": " : " with an empty body", quote,
              *word ? " (the word \"" : "", word, *word ? "\")" : "",
              missing ? path : advice(s, code));
}

enum { QUOTE_MOST = 200 };

/* The message, and what the generate family's data.error adds to it; the key is
   taken out of each before they are joined. */
static void quote_of(const struct mj__reply *s, char *quote, size_t size) {
  const char *text = s->said.description, *more = s->said.type;
  char part[QUOTE_MOST];
  size_t n;
  if (s->said.shape != MJ__SHAPE_DATA || strcmp(text, more) == 0)
    more = "";
  if (!*text && !*more)
    mj__clean(quote, QUOTE_MOST, s->body ? s->body : "", s->body_len, 1);
  else
    mj__clean(quote, QUOTE_MOST, text, strlen(text), 0);
  mj__hide(quote, s->secret);
  if (!*more)
    return;
  mj__clean(part, sizeof part, more, strlen(more), 0);
  mj__hide(part, s->secret);
  n = strlen(quote);
  (void)snprintf(quote + n, size - n, "%s%s", n ? ": " : "", part);
}

/* The connection's end, and how far the reply had come by then. */
static void explain_break(const struct mj__reply *s, int code, const char *what,
                          mj_error *err) {
  char begun[240] = "", id[200];
  id_of(s, code, id, sizeof id);
  if (s->http_status)
    (void)snprintf(begun, sizeof begun, "HTTP %d%s, and then: ", s->http_status,
                   id);
  mj__err_set(err, code, "%s: %s%s%s", what, begun,
              s->curl_text ? s->curl_text : "the connection broke",
              advice(s, code));
}

void mj__explain(const struct mj__reply *s, int code, const char *what,
                 mj_error *err) {
  char quote[2 * QUOTE_MOST];
  if (!err || err->code)
    return;
  if (s->body_max) {
    mj__err_set(err, code, "%s: HTTP %d with more than %zu bytes%s", what,
                s->http_status, s->body_max, advice(s, code));
  } else if (s->curl_code != 0) {
    explain_break(s, code, what, err);
  } else {
    quote_of(s, quote, sizeof quote);
    explain_reply(s, code, what, quote, err);
  }
  err->http_status = s->http_status;
  if (s->said.has_code)
    err->remote_code = (int)s->said.code;
}
