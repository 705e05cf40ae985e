/* SPDX-License-Identifier: MIT
   outcome_rule.c - the user's own rows in front of the table of outcome.c: what
   one gateway means by its words. */
#include "err.h"
#include "outcome.h"

#include <string.h>

enum { PAGE_MOST = 64 << 10 }; /* of a page that is searched */

static const struct {
  const char *name;
  enum mj__verdict_kind kind;
  int error, retryable; /* where the rule names none */
} meanings[] = {
    {"refused", MJ__V_REFUSED, MJ_EINVALID, 0},
    {"not_sent", MJ__V_NOT_SENT, MJ_ERATE_LIMITED, 1},
    {"unknown", MJ__V_UNKNOWN, MJ_EUNKNOWN_OUTCOME, 0},
};
enum { MEANINGS = sizeof meanings / sizeof meanings[0] };

static size_t meaning_of(const char *name) {
  size_t i;
  for (i = 0; i < MEANINGS; i++)
    if (strcmp(meanings[i].name, name) == 0)
      break;
  return i;
}

/* MJ_OK = there is none of that name. */
static int error_of(const char *name) {
  int code;
  for (code = -1; strcmp(mj_error_name(code), "unknown") != 0; code--)
    if (strcmp(mj_error_name(code), name) == 0)
      return code;
  return MJ_OK;
}

static int page_has(const struct mj__reply *s, const char *text) {
  size_t n = strlen(text), i;
  size_t most = s->body_len < PAGE_MOST ? s->body_len : PAGE_MOST;
  for (i = 0; i + n <= most; i++)
    if (memcmp(s->body + i, text, n) == 0)
      return 1;
  return 0;
}

static int says(const struct mj__reply *s, const char *text) {
  const struct mj__said *said = &s->said;
  if (strstr(said->description, text) || strstr(said->type, text) ||
      strstr(said->reason, text))
    return 1;
  return said->shape == MJ__SHAPE_TEXT && page_has(s, text);
}

static int fits(const mj_outcome *r, const struct mj__reply *s) {
  if (r->http_last &&
      (s->http_status < r->http_first || s->http_status > r->http_last))
    return 0;
  if (r->has_code && (!s->said.has_code || s->said.code != r->code))
    return 0;
  return !r->text || says(s, r->text);
}

int mj__outcome_rule(const struct mj__reply *s, struct mj__verdict *v) {
  size_t i, m;
  if (*s->said.given) /* whatever it says, it speaks of a task */
    return 0;
  for (i = 0; i < s->nrules; i++) {
    const mj_outcome *r = &s->rules[i];
    if (!fits(r, s))
      continue;
    m = meaning_of(r->means);
    v->kind = meanings[m].kind;
    v->code = r->error ? error_of(r->error) : meanings[m].error;
    v->retryable =
        meanings[m].retryable || (v->kind == MJ__V_REFUSED && r->retryable);
    v->parent = 0;
    v->busy = v->retryable &&
              (v->code == MJ_EQUEUE_FULL || v->code == MJ_ERATE_LIMITED);
    return 1;
  }
  return 0;
}

static int check(const mj_outcome *r, size_t i, mj_error *err) {
  const char *what = NULL;
  if (!r->means || meaning_of(r->means) == MEANINGS)
    what = "means: refused, not_sent or unknown expected";
  else if (!r->http_last && !r->has_code && !r->text)
    what = "http, code or text is needed: it would fit every reply";
  else if (r->http_last && (r->http_first < 100 || r->http_last > 999 ||
                            r->http_first > r->http_last))
    what = "http: a status, or two in order, from 100 to 999";
  else if (r->http_last && r->http_first < 300 && r->http_last >= 200 &&
           !r->has_code && !r->text &&
           meanings[meaning_of(r->means)].kind !=
               MJ__V_UNKNOWN) /* it would fit a torn "accepted" */
    what = "http: 2xx alone is no refusal; say its code or text, too";
  else if (r->text && !*r->text)
    what = "text: must not be empty";
  else if (r->error && !error_of(r->error))
    what = "error: not a code of the list of errors";
  else if (r->error && meanings[meaning_of(r->means)].kind == MJ__V_UNKNOWN)
    what = "error: what is unknown ends as unknown_outcome";
  else
    return MJ_OK;
  return mj__err_set(err, MJ_EINVALID, "outcomes: rule %zu: %s", i + 1, what);
}

int mj__outcome_rules_check(const mj_outcome *rules, size_t n, mj_error *err) {
  size_t i;
  for (i = 0; i < n; i++) {
    int rc = check(&rules[i], i, err);
    if (rc)
      return rc;
  }
  return MJ_OK;
}
