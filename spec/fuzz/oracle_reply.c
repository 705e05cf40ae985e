/* SPDX-License-Identifier: MIT
   oracle_reply.c - what replies say of money and of tasks; see oracle.h. */
#include "oracle.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int is_submit(const oracle_node *root) {
  return oracle_get(root, "description") || oracle_get(root, "result");
}

/* A number or its text; -1 = none of interest. */
static int any_code(const oracle_node *root) {
  const char *s = oracle_text(oracle_get(root, "code"));
  if (!s)
    return -1;
  while (*s == '0' && s[1])
    s++;
  return strlen(s) > 3 || strspn(s, "0123456789") != strlen(s)
             ? -1
             : (int)strtol(s, NULL, 10);
}

/* The mj protocol's own code. */
static int code_of(const oracle_node *root) {
  return is_submit(root) ? any_code(root) : -1;
}

/* The generate family ------------------------------------------------------ */

/* {"code":..,"data":{..}} and nothing that makes it another's reply. */
const oracle_node *oracle_data(const oracle_node *root) {
  const oracle_node *data = oracle_get(root, "data");
  const oracle_node *success = oracle_get(root, "success");
  if (!data || data->type != '{' || is_submit(root) ||
      (success && success->type == 'f') ||
      (oracle_get(root, "error") && oracle_get(root, "path")) ||
      (oracle_text(oracle_get(root, "id")) && oracle_get(root, "status")))
    return NULL;
  return data;
}

const oracle_node *oracle_data_id(const oracle_node *data) {
  const oracle_node *id = oracle_get(data, "taskId");
  if (!oracle_text(id))
    id = oracle_get(data, "task_id");
  return oracle_text(id) ? id : NULL;
}

/* The data of a reply that says 200 twice, and has an id. */
static const oracle_node *good_data(const oracle_reply *r) {
  const oracle_node *data = oracle_data(r->root);
  const char *id = oracle_text(oracle_data_id(data));
  return r->curl_code == 0 && r->http_status >= 200 && r->http_status < 300 &&
                 any_code(r->root) == 200 && id && oracle_id(id)
             ? data
             : NULL;
}

/* The data of a reply that tells how a task is. */
const oracle_node *oracle_stated(const oracle_reply *r) {
  const oracle_node *data = good_data(r), *state = oracle_get(data, "state");
  return state && state->type == '"' && state->n ? data : NULL;
}

size_t oracle_pictures(const oracle_node *data, oracle *inner,
                       const oracle_node **urls, size_t most) {
  const oracle_node *v = oracle_get(data, "resultJson");
  size_t n = 0;
  memset(inner, 0, sizeof *inner);
  if (v && v->type == '"') {
    oracle_read(inner, v->text, v->n);
    v = inner->root;
  }
  if (v && v->type == '{') {
    v = oracle_get(v, "resultUrls");
    if (v && v->type != '[') { /* one, without a list around it */
      urls[0] = v->type == '{' ? oracle_get(v, "url") : v;
      if (urls[0] && (urls[0]->type != '"' || urls[0]->n == 0))
        urls[0] = NULL;
      return 1;
    }
  }
  for (v = v && v->type == '[' ? v->first : NULL; v && n < most; v = v->next) {
    const oracle_node *url = v->type == '{' ? oracle_get(v, "url") : v;
    urls[n++] = url && url->type == '"' && url->n ? url : NULL;
  }
  return n;
}

const char *oracle_failure(const char *code) {
  static const char *const meanings[][2] = {
      {"contentviolation nsfwdetected sensitivecontentdetected",
       "banned_prompt"},
      {"invalidtaskid", "not_found"},
      {"invalidimageurl unsupportedformat invalidprompt prompttoolong "
       "imagedownloadfailed",
       "invalid"},
      {"imagetoolarge", "too_large"},
      {"insufficientcredits", "auth"}};
  char word[80];
  size_t n = 0, i;
  for (; *code && n + 1 < sizeof word; code++)
    if (*code != '_')
      word[n++] = (char)tolower((unsigned char)*code);
  word[n] = '\0';
  for (i = 0; n && i < sizeof meanings / sizeof meanings[0]; i++) {
    const char *at = strstr(meanings[i][0], word);
    if (at && (at == meanings[i][0] || at[-1] == ' ') &&
        (at[n] == ' ' || at[n] == '\0'))
      return meanings[i][1];
  }
  return "failed";
}

static size_t taken(const oracle_reply *r, size_t nth, char *id) {
  const oracle_node *data = good_data(r);
  id[0] = '\0';
  if (!data)
    return 0;
  if (nth == 0)
    (void)snprintf(id, 65, "%s", oracle_text(oracle_data_id(data)));
  return 1;
}

/* Replies to what is paid -------------------------------------------------- */

static int accepting(const oracle_reply *r) {
  int code = code_of(r->root);
  return r->curl_code == 0 && r->http_status >= 200 && r->http_status < 300 &&
         (code == 1 || code == 21 || code == 22);
}

size_t oracle_accepted(const oracle_reply *r, size_t nth, char *id) {
  const char *s = oracle_text(oracle_get(r->root, "result"));
  char one[66];
  size_t n = 0;
  if (r->generate)
    return taken(r, nth, id);
  id[0] = '\0';
  if (!s || !accepting(r))
    return 0;
  for (;; s++, n++) {
    size_t len = strcspn(s, ",");
    if (len > 64)
      return 0;
    memcpy(one, s, len);
    one[len] = '\0';
    if (!oracle_id(one))
      return 0;
    if (n == nth)
      memcpy(id, one, len + 1);
    s += len;
    if (!*s)
      return n + 1;
  }
}

int oracle_uploaded(const oracle_reply *r) {
  const oracle_node *v = oracle_get(r->root, "result");
  return accepting(r) && v && v->type == '[' && v->n > 0;
}

static int holds(const char *text, const char *const *words, size_t n) {
  size_t i;
  for (i = 0; text && i < n; i++)
    if (strstr(text, words[i]))
      return 1;
  return 0;
}

#define HOLDS(text, words)                                                     \
  holds(text, words, sizeof(words) / sizeof((words)[0]))

/* new-api says these when its own request was on its way. */
static int under_way(const char *description) {
  static const char *const words[] = {"do_request_failed",
                                      "read_response_body_failed",
                                      "unmarshal_response_body_failed",
                                      "empty_response_body",
                                      "close_request_body_failed",
                                      "insert_midjourney_task_failed",
                                      "copy_response_body_failed",
                                      "close_response_body_failed"};
  return HOLDS(description, words);
}

/* The parent is not there, or not yet. */
static int parent_trouble(int code, const char *description, const char *type) {
  static const char *const nobody[] = {
      "account instance", "\xe8\xb4\xa6\xe5\x8f\xb7\xe5\xae\x9e\xe4\xbe\x8b"};
  static const char *const words[] = {
      "task_status_not_success", "task_not_found", "task_no_found",
      "\xe7\x8a\xb6\xe6\x80\x81\xe9\x94\x99\xe8\xaf\xaf"};
  if (code == 3)
    return !HOLDS(description, nobody) && !HOLDS(type, nobody);
  return code == 4 && (HOLDS(description, words) || HOLDS(type, words));
}

/* An id, even one that is of no use. */
static int names_a_task(const oracle_node *root) {
  return oracle_data_id(oracle_get(root, "data")) || oracle_data_id(root);
}

/* An envelope's code that its HTTP status does not agree with. */
static int says_success_or_trouble(const oracle_node *root) {
  const oracle_node *success = oracle_get(root, "success");
  int code = oracle_data(root) ? any_code(root) : -1;
  return !(success && success->type == 'f') &&
         (code == 200 || (code >= 500 && code <= 599));
}

/* The generate family's codes say more than the HTTP status does; what it says
   with an id, with a code of success or of trouble of its own, or with one that
   nobody knows, may have been paid.  -1 = its code does not decide. */
static int may_repeat_generate(const oracle_reply *r) {
  const char *texts[] = {
      oracle_text(oracle_get(r->root, "message")),
      oracle_text(oracle_get(r->root, "error")),
      oracle_text(oracle_get(oracle_get(r->root, "data"), "error"))};
  const char *number = oracle_text(oracle_get(r->root, "code"));
  int code = any_code(r->root);
  size_t i;
  for (i = 0; i < 3; i++)
    if (under_way(texts[i]) && code >= 0)
      return 0;
  if (names_a_task(r->root) ||
      (code_of(r->root) >= 0 && oracle_text(oracle_get(r->root, "result"))))
    return 0;
  if (code == 429 && r->http_status < 500)
    return 1;
  if (code >= 0 || (number && strspn(number, "-0123456789") == strlen(number) &&
                    strlen(number) < 18))
    return 0;
  return -1;
}

/* Refused for lack of room: codes 15 and 23, 3 without an account, 9 with a
   full queue, and trueai's envelope around "limit reached" and "out of
   service". */
static int is_full(const oracle_reply *r, int code, const char *text) {
  static const char *const account[] = {
      "account instance", "\xe8\xb4\xa6\xe5\x8f\xb7\xe5\xae\x9e\xe4\xbe\x8b"};
  static const char *const queue[] = {
      "\xe9\x98\x9f\xe5\x88\x97\xe5\xb7\xb2\xe6\xbb\xa1"};
  static const char *const envelope[] = {
      "\xe4\xb8\x8a\xe9\x99\x90",
      "\xe6\x9a\x82\xe4\xb8\x8d\xe5\x8f\xaf\xe7\x94\xa8"};
  const char *message = oracle_text(oracle_get(r->root, "message"));
  if (r->http_status >= 600)
    return 0;
  if (is_submit(r->root) && !r->generate)
    return code == 15 || code == 23 || (code == 3 && HOLDS(text, account)) ||
           (code == 9 && HOLDS(text, queue));
  return oracle_get(r->root, "success") && HOLDS(message, envelope);
}

int oracle_may_repeat(const oracle_reply *r, int follow_up) {
  static const char *const channel[] = {
      "vailable channel",
      "\xe6\x97\xa0\xe5\x8f\xaf\xe7\x94\xa8\xe6\xb8\xa0\xe9\x81\x93"};
  const char *text = oracle_text(oracle_get(r->root, "description"));
  const char *type = oracle_text(oracle_get(r->root, "type"));
  const oracle_node *e = oracle_get(r->root, "error");
  int code = code_of(r->root), generate;
  if (r->curl_code)
    return r->sent < 2;
  if (!r->root && (r->http_status == 521 || r->http_status == 523 ||
                   r->http_status == 525 || r->http_status == 526))
    return 1; /* an edge that did not reach what is behind it */
  if (code == 1 || code == 21 || code == 22 ||
      (code >= 0 && (under_way(text) || under_way(type))))
    return 0;
  if (r->http_status == 303) /* "see other": it was taken */
    return 0;
  if (r->generate && (generate = may_repeat_generate(r)) >= 0)
    return generate;
  if (!r->generate && !is_submit(r->root) &&
      (names_a_task(r->root) ||
       (r->http_status == 429 && says_success_or_trouble(r->root))))
    return 0;
  if (r->http_status == 429 || (code == 30 && r->http_status < 600))
    return 1;
  if (is_full(r, code, text))
    return 1;
  if (follow_up && r->http_status < 600 && parent_trouble(code, text, type))
    return 1;
  if (e && e->type == '{')
    e = oracle_get(e, "message");
  return r->http_status == 503 && code < 0 && HOLDS(oracle_text(e), channel);
}

/* The words of the generate family for what the mj family calls so. */
static const char *word_of(const char *state) {
  static const char *const words[][2] = {{"pending", "NOT_START"},
                                         {"processing", "IN_PROGRESS"},
                                         {"success", "SUCCESS"},
                                         {"failed", "FAILURE"}};
  size_t i;
  for (i = 0; state && i < 4; i++)
    if (strcasecmp(state, words[i][0]) == 0)
      return words[i][1];
  return "UNKNOWN";
}

static int is_one_of(const char *s, const char *words) {
  while (*words) {
    size_t n = strcspn(words, "|");
    if (strlen(s) == n && strncasecmp(s, words, n) == 0)
      return 1;
    words += n + (words[n] == '|');
  }
  return 0;
}

const oracle_node *oracle_task_id(const oracle_reply *r) {
  return r->generate ? oracle_data_id(oracle_data(r->root))
                     : oracle_get(r->root, "id");
}

int oracle_status(const oracle_reply *r, const char *words) {
  const oracle_node *data = r->generate ? oracle_stated(r) : NULL;
  const char *s = oracle_text(oracle_get(r->root, "status"));
  if (r->generate)
    return data &&
           is_one_of(word_of(oracle_text(oracle_get(data, "state"))), words);
  if (r->curl_code || r->http_status >= 300 || !s ||
      !oracle_text(oracle_get(r->root, "id")) || oracle_get(r->root, "result"))
    return 0;
  return is_one_of(s, words);
}
