/* SPDX-License-Identifier: MIT
   budget.c - prices, exact amounts, and accounts. */
#include "budget.h"
#include "job.h"

#include <stdio.h>
#include <string.h>

enum { DECIMALS = 6, UNIT = 1000000 };

/* Amounts ------------------------------------------------------------------ */

static int is_digit(char c) {
  return c >= '0' && c <= '9';
}

int mj_amount_parse(const char *text, int64_t *out) {
  int64_t n = 0;
  int decimals = -1, digits = 0;
  const char *p;
  *out = 0;
  for (p = text; *p; p++) {
    if (*p == '.' && decimals < 0) {
      decimals = 0;
      continue;
    }
    if (!is_digit(*p))
      return MJ_EINVALID;
    digits++;
    if (decimals >= DECIMALS) {
      if (*p != '0') /* it would not be exact */
        return MJ_EINVALID;
      continue;
    }
    n = n * 10 + (*p - '0');
    decimals += decimals >= 0;
    if (n > MJ__AMOUNT_MOST)
      return MJ_EINVALID;
  }
  if (digits == 0)
    return MJ_EINVALID;
  for (decimals = decimals < 0 ? 0 : decimals; decimals < DECIMALS; decimals++)
    n = n > MJ__AMOUNT_MOST ? n : n * 10;
  if (n > MJ__AMOUNT_MOST)
    return MJ_EINVALID;
  *out = n;
  return MJ_OK;
}

const char *mj_amount_format(int64_t amount, char *buf, size_t size) {
  uint64_t n = amount < 0 ? 0 - (uint64_t)amount : (uint64_t)amount;
  char text[32];
  int end =
      snprintf(text, sizeof text, "%s%llu.%06llu", amount < 0 ? "-" : "",
               (unsigned long long)(n / UNIT), (unsigned long long)(n % UNIT));
  while (text[end - 1] == '0')
    end--;
  if (text[end - 1] == '.')
    end--;
  (void)snprintf(buf, size, "%.*s", end, text);
  return buf;
}

/* Prices ------------------------------------------------------------------- */

/* "https://host:port/path", or only "host:port". */
static int is_gateway(const char *wanted, const char *url) {
  const char *host = strstr(url, "://");
  size_t n = strlen(wanted), m = strlen(url);
  while (n > 0 && wanted[n - 1] == '/')
    n--;
  while (m > 0 && url[m - 1] == '/')
    m--;
  if (n == m && strncmp(wanted, url, n) == 0)
    return 1;
  host = host ? host + 3 : url;
  return n > 0 && strcspn(host, "/?#") == n && strncmp(wanted, host, n) == 0;
}

static int is_verb(const char *what) {
  int op;
  for (op = MJ_OP_IMAGINE; mj_op_name((mj_op)op); op++)
    if (strcmp(mj_op_name((mj_op)op), what) == 0)
      return 1;
  return 0;
}

/* How well a row's word says it: 4 = the word itself, 3 = what is in front of
   its colon, 2 = a click, 1 = anything; 0 = not at all. */
static int fits_word(const char *row, const char *what) {
  size_t n = strcspn(what, ":");
  if (!row)
    return 1;
  if (strcmp(row, what) == 0)
    return 4;
  if (what[n] && strlen(row) == n && strncmp(row, what, n) == 0)
    return 3;
  return strcmp(row, "click") == 0 && !is_verb(what) ? 2 : 0;
}

int mj_price_find(const mj_price *prices, size_t n, const char *what,
                  const char *mode, const char *gateway, int64_t *amount) {
  size_t i;
  int best = 0;
  for (i = 0; i < n; i++) {
    const mj_price *p = &prices[i];
    int score = 4 * fits_word(p->what, what);
    if (score == 0 || (p->mode && !(mode && strcmp(p->mode, mode) == 0)) ||
        (p->gateway && !(gateway && is_gateway(p->gateway, gateway))))
      continue;
    score += 2 * (p->mode != NULL) + (p->gateway != NULL);
    if (score > best) {
      best = score;
      *amount = p->amount;
    }
  }
  return best > 0;
}

/* What a mode of a gateway's button is called in an intent. */
static const char *variant(const char *intent, const mj_request *r) {
  static const char *const types[] = {NULL, "creative", "2x", "4x"};
  size_t i;
  if (strncmp(intent, "vary", 4) == 0 && r->strength &&
      (strcmp(r->strength, "strong") == 0 || strcmp(r->strength, "1") == 0))
    return "strong";
  if (strncmp(intent, "upscale", 7) != 0 || !r->type)
    return NULL;
  for (i = 1; i < sizeof types / sizeof types[0]; i++)
    if (strcmp(r->type, types[i]) == 0 ||
        (r->type[0] == (char)('0' + i) && r->type[1] == '\0'))
      return types[i];
  return NULL;
}

/* The part behind the colon that changes what is done, and so the price. */
static const char *tail_of(const char *intent, const mj_request *r) {
  static const char *const tails[] = {"subtle", "strong", "region", "creative",
                                      "2x",     "4x",     "low",    "high",
                                      "left",   "right",  "up",     "down"};
  const char *tail = strchr(intent, ':'), *more = variant(intent, r);
  size_t i;
  if (more)
    return more;
  for (i = 0; tail && i < sizeof tails / sizeof tails[0]; i++)
    if (strcmp(tail + 1, tails[i]) == 0)
      return tails[i];
  return NULL;
}

void mj__what_of(char out[MJ__WHAT_MAX], const mj_request *r) {
  const char *name = mj_op_name(r->op), *intent = NULL, *tail;
  char buf[80];
  if (r->op == MJ_OP_CLICK && r->button)
    intent = mj_button_intent(r->button, buf, sizeof buf);
  if (!intent) {
    (void)snprintf(out, MJ__WHAT_MAX, "%s", name ? name : "?");
    return;
  }
  tail = tail_of(intent, r);
  (void)snprintf(out, MJ__WHAT_MAX, "%.*s%s%s", (int)strcspn(intent, ":"),
                 intent, tail ? ":" : "", tail ? tail : "");
}

/* Accounts ----------------------------------------------------------------- */

enum mj__purse mj__purse_of(int state) {
  switch ((enum mj__state)state) {
  case MJ__UNKNOWN:
    return MJ__P_UNKNOWN;
  case MJ__SUCCEEDED:
  case MJ__FAILED:
  case MJ__CANCELLED:
  case MJ__REJECTED:
  case MJ__ABANDONED: /* for good: nobody will say that it cost nothing */
  case MJ__DOWNLOADED:
    return MJ__P_SPENT;
  case MJ__NEW:
  case MJ__LOOKUP:
  case MJ__READY:
  case MJ__DISPATCHING:
  case MJ__ACCEPTED:
  case MJ__RUNNING:
  case MJ__NEEDS_MODAL:
  case MJ__STATES:
    break;
  }
  return MJ__P_RESERVED;
}

static int64_t plus(int64_t a, int64_t b) {
  return b > INT64_MAX - a ? INT64_MAX : a + b;
}

void mj__account_move(struct mj__account *a, enum mj__purse from, int64_t was,
                      enum mj__purse to, int64_t is) {
  if (from != MJ__P_NONE)
    a->sums[from] -= was < a->sums[from] ? was : a->sums[from];
  if (to != MJ__P_NONE)
    a->sums[to] = plus(a->sums[to], is);
}

int64_t mj__account_total(const struct mj__account *a) {
  return plus(plus(a->sums[MJ__P_RESERVED], a->sums[MJ__P_UNKNOWN]),
              a->sums[MJ__P_SPENT]);
}

int64_t mj__account_left(const struct mj__account *a, int64_t limit) {
  int64_t total = mj__account_total(a);
  if (limit < 0)
    return INT64_MAX;
  return total < limit ? limit - total : 0;
}

int mj__account_allows(const struct mj__account *a, int64_t limit,
                       int64_t amount) {
  return limit < 0 || amount == 0 || amount <= mj__account_left(a, limit);
}
