/* SPDX-License-Identifier: MIT
   outcome.c - the tables that decide about money.  First match wins.  The
   rows were read off new-api's relay/mjproxy_handler.go and
   controller/relay.go, midjourney-proxy's ReturnCode.java and trueai's
   ReturnCode.cs. */
#include "outcome.h"
#include "err.h"

#include <stdio.h>
#include <string.h>

/* A bit per enum mj__shape. */
#define S(shape) (1u << MJ__SHAPE_##shape)
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

/* A row a line.  Chinese texts are the gateways', with their letters beside. */
/* clang-format off */
#define UNCODED (S(EMPTY) | S(TEXT) | S(ERROR) | S(SPRING) | S(JSON))

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
    /* HTTP errors whose body has no code of the protocol */
    {UNCODED | S(SUCCESS), 401, 401, NO_CODE, NULL, MJ__V_REFUSED, MJ_EAUTH, 0},
    {UNCODED | S(SUCCESS), 402, 403, NO_CODE, NULL, MJ__V_REFUSED, MJ_EAUTH, 0},
    {UNCODED, 404, 405, NO_CODE, NULL, MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
    {UNCODED, 413, 413, NO_CODE, NULL, MJ__V_REFUSED, MJ_ETOO_LARGE, 0},
    {UNCODED, 414, 415, NO_CODE, NULL, MJ__V_REFUSED, MJ_EINVALID, 0},
    {UNCODED, 422, 422, NO_CODE, NULL, MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(EMPTY) | S(TEXT) | S(ERROR) | S(JSON), 300, 399, NO_CODE, NULL, MJ__V_REFUSED, MJ_EPROTOCOL, 0},
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
    {S(SUBMIT), 0, 599, 4, "\xe4\xb8\x8d\xe8\x83\xbd\xe4\xb8\xba\xe7\xa9\xba" /* 不能为空 */ , MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "\xe5\x8f\x82\xe6\x95\xb0\xe9\x94\x99\xe8\xaf\xaf" /* 参数错误 */ , MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "\xe6\xa0\xbc\xe5\xbc\x8f\xe9\x94\x99\xe8\xaf\xaf" /* 格式错误 */ , MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "\xe7\x8a\xb6\xe6\x80\x81\xe9\x94\x99\xe8\xaf\xaf" /* 状态错误 */ , MJ__V_REFUSED, MJ_EINVALID, 1},
    {S(SUBMIT), 0, 599, 4, "\xe4\xb8\x8d\xe5\x85\x81\xe8\xae\xb8" /* 不允许 */, MJ__V_REFUSED, MJ_EINVALID, 0},
    {S(SUBMIT), 0, 599, 4, "\xe6\x9c\xaa\xe7\x9f\xa5\xe7\x9a\x84" /* 未知的 */, MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
    {S(SUBMIT), 0, 599, 4, "\xe4\xb8\x8d\xe6\x94\xaf\xe6\x8c\x81" /* 不支持 */, MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
    {S(SUBMIT), 0, 599, 4, "\xe6\xb8\xa0\xe9\x81\x93\xe5\xb7\xb2\xe8\xa2\xab\xe7\xa6\x81\xe7\x94\xa8" /* 渠道已被禁用 */, MJ__V_REFUSED, MJ_EUNSUPPORTED, 0},
    /* whatever it says besides */
    {S(SUBMIT), 401, 403, NO_CODE, NULL, MJ__V_REFUSED, MJ_EAUTH, 0},
    /* trueai's envelope around a LogicException: 上限 is "limit reached" */
    {S(SUCCESS), 0, 599, NO_CODE, "\xe4\xb8\x8a\xe9\x99\x90" /* 上限 */, MJ__V_REFUSED, MJ_EQUEUE_FULL, 1},
};
/* clang-format on */

static int row_fits(const struct row *r, const struct mj__seen *s) {
  if (!(r->shapes & (1u << s->said.shape)))
    return 0;
  if (s->http_status < r->http_lo || s->http_status > r->http_hi)
    return 0;
  if (r->code != NO_CODE && (!s->said.has_code || s->said.code != r->code))
    return 0;
  return !r->text || strstr(s->said.description, r->text) ||
         strstr(s->said.type, r->text) || strstr(s->said.reason, r->text);
}

static void set(struct mj__verdict *v, enum mj__verdict_kind kind, int code,
                int retryable) {
  v->kind = kind;
  v->code = code;
  v->retryable = retryable;
}

void mj__outcome_submit(const struct mj__seen *s, struct mj__verdict *v) {
  int ok = s->http_status >= 200 && s->http_status < 300;
  int64_t code = s->said.has_code ? s->said.code : -1;
  size_t i;
  /* sent < 2: the server cannot have decoded a truncated JSON body */
  if (s->curl_code != 0 && s->sent < 2) {
    set(v, MJ__V_NOT_SENT, MJ_ENETWORK, 1);
    return;
  }
  set(v, MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0);
  if (s->curl_code != 0)
    return;
  if (s->said.shape == MJ__SHAPE_SUBMIT &&
      (code == 1 || code == 21 || code == 22)) {
    if (ok && *s->said.id)
      set(v, MJ__V_ACCEPTED, MJ_OK, 0);
    return;
  }
  for (i = 0; i < sizeof submit_rows / sizeof submit_rows[0]; i++)
    if (row_fits(&submit_rows[i], s)) {
      const struct row *r = &submit_rows[i];
      set(v, r->kind, r->error, r->retryable);
      return;
    }
}

enum mj__look mj__outcome_fetch(const struct mj__seen *s, int *code) {
  int http = s->http_status;
  int said4 = s->said.shape == MJ__SHAPE_SUBMIT && s->said.has_code &&
              (s->said.code == 4 || s->said.code == 3);
  *code = MJ_ENETWORK;
  if (s->curl_code != 0)
    return MJ__LOOK_AGAIN;
  *code = MJ_EPROTOCOL;
  if (s->said.shape == MJ__SHAPE_TASK && http < 300)
    return MJ__LOOK_TASK;
  /* novicezk 200 and trueai 204 with nothing in it; new-api task_no_found */
  if ((s->said.shape == MJ__SHAPE_EMPTY && (http == 200 || http == 204)) ||
      (said4 &&
       (strstr(s->said.description, "task_no_found") ||
        strstr(s->said.description, "task_not_found") || s->said.code == 3))) {
    *code = MJ_ENOT_FOUND;
    return MJ__LOOK_MISSING;
  }
  if (http == 401 || http == 402 || http == 403) {
    *code = MJ_EAUTH;
    return MJ__LOOK_REFUSED;
  }
  if (http == 429) {
    *code = MJ_ERATE_LIMITED;
    return MJ__LOOK_AGAIN;
  }
  if (http == 404 || http == 405 || (http >= 300 && http < 400)) {
    *code = MJ_EUNSUPPORTED;
    return MJ__LOOK_REFUSED;
  }
  return MJ__LOOK_AGAIN;
}

/* What a person can do about it, by what was seen. */
static const char *advice(const struct mj__seen *s, int code) {
  int html = s->said.shape == MJ__SHAPE_TEXT;
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
  if (s->curl_code == 35 && s->curl_text &&
      strstr(s->curl_text, "wrong version number"))
    return "; does base_url have to begin with http://, not https://?";
  if ((s->http_status == 404 || s->http_status == 405) && code != MJ_ENOT_FOUND)
    return "; is base_url right, without /mj at its end, and the mode one that "
           "this gateway has?";
  if (s->http_status >= 300 && s->http_status < 400)
    return "; give base_url as the gateway redirects it";
  if (s->curl_code == 7)
    return "; is base_url right, and the gateway running?";
  if (s->curl_code == 6)
    return "; is the host in base_url right?";
  if (html && s->http_status < 300)
    return "; is base_url the API's address, and not that of a web page?";
  return "";
}

/* A status of 2xx says nothing about a refusal: the meaning of its code does.
 */
static void explain_reply(const struct mj__seen *s, int code, const char *what,
                          const char *quote, mj_error *err) {
  const char *word = s->said.banned_word;
  char status[120];
  if (s->http_status < 300 && s->said.shape != MJ__SHAPE_TEXT &&
      code != MJ_EPROTOCOL && code != MJ_EUNKNOWN_OUTCOME)
    (void)snprintf(status, sizeof status, "%s", mj_error_text(code));
  else
    (void)snprintf(status, sizeof status, "HTTP %d%s", s->http_status,
                   s->said.shape == MJ__SHAPE_TEXT ? " with a page, not JSON"
                                                   : "");
  mj__err_set(err, code, "%s: %s%s%s%s%s%s%s", what, status,
              *quote ? ": " : " with an empty body", quote,
              *word ? " (the word \"" : "", word, *word ? "\")" : "",
              advice(s, code));
}

void mj__explain(const struct mj__seen *s, int code, const char *what,
                 mj_error *err) {
  char quote[200];
  const char *text = s->said.description;
  if (!err || err->code)
    return;
  if (s->curl_code != 0 && s->http_status == 0) {
    mj__err_set(err, code, "%s: %s%s", what,
                s->curl_text ? s->curl_text : "the connection broke",
                advice(s, code));
  } else {
    if (*text)
      mj__clean(quote, sizeof quote, text, strlen(text), 0);
    else
      mj__clean(quote, sizeof quote, s->body ? s->body : "", s->body_len, 1);
    mj__hide(quote, s->secret);
    explain_reply(s, code, what, quote, err);
  }
  err->http_status = s->http_status;
  if (s->said.has_code)
    err->remote_code = (int)s->said.code;
}
