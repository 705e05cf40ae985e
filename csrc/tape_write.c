/* SPDX-License-Identifier: MIT
   tape_write.c - a line of JSON for each exchange.  The key is in none, and
   tokens of ours, which are random, are there by number. */
#include "err.h"
#include "json.h"
#include "os.h"
#include "picture.h"
#include "tape.h"

#include <errno.h>
#include <string.h>

enum {
  LINE = 256 << 20,
  PIECE = 3 << 17 /* bytes of a body that one string of base64 holds */
};

const char *mj__tape_path(const char *base, const char *url) {
  size_t n = strlen(base);
  return n > 0 && strncmp(url, base, n) == 0 && url[n] == '/' ? url + n : url;
}

int mj__tape_is_token(const char *p, size_t left) {
  size_t i;
  if (left < MJ__TAPE_TOKEN || memcmp(p, "mj_", 3) != 0)
    return 0;
  for (i = 3; i < MJ__TAPE_TOKEN; i++)
    if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'z')))
      return 0;
  return 1;
}

/* The number of a token, which is made if it is new; -1 = no memory. */
static long token_number(mj_tape *t, const char *token) {
  size_t i, size = sizeof *t->tokens;
  void *more;
  for (i = 0; i < t->ntokens; i++)
    if (memcmp(t->tokens[i], token, MJ__TAPE_TOKEN) == 0)
      return (long)i;
  more = mj__realloc(&t->mem, t->tokens, i * size, (i + 1) * size);
  if (!more)
    return -1;
  t->tokens = more;
  memcpy(t->tokens[i], token, MJ__TAPE_TOKEN);
  t->tokens[i][MJ__TAPE_TOKEN] = '\0';
  t->ntokens++;
  return (long)i;
}

/* What may be shown of a text. */
static void redact(mj_tape *t, struct mj__buf *out, const char *s, size_t n,
                   const char *key) {
  size_t i = 0, k = key ? strlen(key) : 0, run = 0;
  for (; i < n; i++) {
    long number;
    int is_key = k > 0 && n - i >= k && memcmp(s + i, key, k) == 0;
    if (!is_key && !(s[i] == 'm' && mj__tape_is_token(s + i, n - i)))
      continue;
    mj__buf_add(out, s + run, i - run);
    if (is_key) {
      mj__buf_puts(out, "<key>");
      i += k - 1;
    } else {
      number = token_number(t, s + i);
      mj__buf_printf(out, "mj_%026ld", number < 0 ? 0 : number + 1);
      i += MJ__TAPE_TOKEN - 1;
    }
    run = i + 1;
  }
  mj__buf_add(out, s + run, n - run);
}

static void put_text(mj_tape *t, struct mj__buf *b, const char *name,
                     const char *s, const char *key) {
  struct mj__buf clean;
  if (!s)
    return;
  mj__buf_init(&clean, &t->mem, LINE);
  redact(t, &clean, s, strlen(s), key);
  mj__buf_printf(b, ",\"%s\":", name);
  mj__put_string(b, clean.err || !clean.p ? "" : clean.p);
  mj__buf_free(&clean);
}

/* As a string, or what is no short text in pieces of base64. */
static void put_body(mj_tape *t, struct mj__buf *b, const char *name,
                     const char *s, size_t n, const char *key) {
  struct mj__buf clean;
  size_t i;
  if (!s)
    return;
  mj__buf_init(&clean, &t->mem, LINE);
  redact(t, &clean, s, n, key);
  if (clean.err)
    b->err = clean.err;
  if (clean.n <= PIECE &&
      (clean.n == 0 || (!memchr(clean.p, '\0', clean.n) &&
                        mj__utf8_check(clean.p, clean.n) == clean.n))) {
    mj__buf_printf(b, ",\"%s\":", name);
    mj__put_string(b, clean.p ? clean.p : "");
  } else {
    mj__buf_printf(b, ",\"%s64\":[", name);
    for (i = 0; i < clean.n; i += PIECE) {
      size_t left = clean.n - i;
      mj__buf_puts(b, i ? ",\"" : "\"");
      mj__put_base64(b, (const unsigned char *)clean.p + i,
                     left < PIECE ? left : PIECE);
      mj__buf_puts(b, "\"");
    }
    mj__buf_puts(b, "]");
  }
  mj__buf_free(&clean);
}

static void put_result(mj_tape *t, struct mj__buf *b, const mj_http_result *r,
                       const char *key) {
  if (!r) {
    mj__buf_puts(b, ",\"stopped\":true");
    return;
  }
  mj__buf_printf(b, ",\"status\":%d,\"sent\":%d", r->http_status, r->sent);
  if (r->curl_code)
    mj__buf_printf(b, ",\"curl\":%d", r->curl_code);
  if (r->blocked)
    mj__buf_puts(b, ",\"blocked\":true");
  if (r->retry_after_ms >= 0)
    mj__buf_printf(b, ",\"retry_after\":%lld", (long long)r->retry_after_ms);
  put_text(t, b, "type", r->content_type, key);
  put_text(t, b, "location", r->location, key);
  if (r->curl_code)
    put_text(t, b, "text", r->text, key);
}

void mj__tape_write(mj_tape *t, const char *base, const char *key,
                    const struct mj__taking *x, const char *reply, size_t n,
                    const mj_http_result *r) {
  const char *path = mj__tape_path(base, x->url);
  int64_t now = mj__os_now_ms(NULL);
  struct mj__buf b;
  if (!t->out || t->broken)
    return;
  mj__buf_init(&b, &t->mem, LINE);
  mj__buf_printf(&b, "{\"n\":%u,\"at\":%lld,\"took\":%lld,\"method\":\"%s\"",
                 ++t->n, (long long)(x->at_ms - t->begun_ms),
                 (long long)(now - x->at_ms), x->method);
  if (x->paid)
    mj__buf_puts(&b, ",\"paid\":true");
  put_text(t, &b, path == x->url ? "url" : "path", path, key);
  put_body(t, &b, "request", x->body, x->body_len, key);
  put_result(t, &b, r, key);
  put_body(t, &b, "reply", n > 0 ? reply : NULL, n, key);
  mj__buf_puts(&b, "}\n");
  /* the work goes on without it; mj_tape_check tells */
  if (b.err)
    t->broken = ENOMEM;
  else if (fwrite(b.p, 1, b.n, t->out) != b.n || fflush(t->out) != 0)
    t->broken = errno ? errno : EIO;
  mj__buf_free(&b);
}
