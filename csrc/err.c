/* SPDX-License-Identifier: MIT
   err.c - names and texts of errors and statuses, and text made safe to show.
 */
#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The preprocessor cannot lower a letter; the count and the order of
   MJ_ERROR_MAP are checked here and in the tests. */
static const char *const error_names[] = {
    "resource",        "invalid",     "unsupported",     "auth",
    "rate_limited",    "queue_full",  "banned_prompt",   "not_found",
    "no_button",       "needs_input", "network",         "timeout",
    "unknown_outcome", "protocol",    "failed",          "cancelled",
    "expired",         "too_large",   "blocked_address", "remote_lost",
    "duplicate",       "budget",      "journal",         "closed"};

#define X(name, num, text) +1
_Static_assert(sizeof error_names / sizeof *error_names == 0 MJ_ERROR_MAP(X),
               "a name for each code");
#undef X

const char *mj_error_name(int code) {
  size_t i = (size_t)(-(int64_t)code - 1);
  return i < sizeof error_names / sizeof *error_names ? error_names[i]
                                                      : "unknown";
}

const char *mj_error_text(int code) {
  switch (code) {
#define X(name, num, text)                                                     \
  case num:                                                                    \
    return text;
    MJ_ERROR_MAP(X)
#undef X
  default:
    return "unknown error";
  }
}

const char *mj_status_name(mj_status s) {
  static const char *const names[] = {
#define X(name) #name,
      MJ_STATUS_MAP(X)
#undef X
  };
  return (size_t)s < sizeof names / sizeof names[0] ? names[s] : names[0];
}

const char *mj_version(void) {
  return MJ_VERSION;
}

void mj__err_clear(mj_error *e) {
  if (!e)
    return;
  memset(e, 0, sizeof *e);
  e->retry_after_ms = -1;
}

int mj__err_set(mj_error *e, int code, const char *fmt, ...) {
  char raw[1024];
  va_list ap;
  if (!e || e->code)
    return code;
  va_start(ap, fmt);
  (void)vsnprintf(raw, sizeof raw, fmt, ap);
  va_end(ap);
  mj__err_clear(e);
  e->code = code;
  mj__clean(e->text, sizeof e->text, raw, strlen(raw), 0);
  return code;
}

int mj__err_nomem(mj_error *e) {
  return mj__err_set(e, MJ_ERESOURCE, "out of memory");
}

/* Length of the UTF-8 sequence at s, 0 when it is not one. */
static size_t utf8_len(const unsigned char *s, size_t n) {
  size_t len, i;
  if (s[0] < 0x80)
    return 1;
  if (s[0] >= 0xc2 && s[0] <= 0xdf)
    len = 2;
  else if ((s[0] & 0xf0) == 0xe0)
    len = 3;
  else if (s[0] >= 0xf0 && s[0] <= 0xf4)
    len = 4;
  else
    return 0;
  if (len > n)
    return 0;
  for (i = 1; i < len; i++)
    if ((s[i] & 0xc0) != 0x80)
      return 0;
  /* overlong forms, surrogates, beyond U+10FFFF */
  if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
      (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
    return 0;
  return len;
}

/* How many of the first n bytes are plain ASCII without a NUL, eight at a time;
   nearly all that gateways send is. */
static size_t ascii_run(const char *s, size_t n) {
  const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
  size_t i = 0;
  while (n - i >= 8) {
    uint64_t w;
    memcpy(&w, s + i, 8);
    if (((w - ones) | w) & highs) /* a byte above 0x7f, or one that is 0 */
      break;
    i += 8;
  }
  while (i < n && (unsigned char)(s[i] - 1) < 0x7f)
    i++;
  return i;
}

size_t mj__utf8_check(const char *s, size_t n) {
  size_t i = 0;
  while ((i += ascii_run(s + i, n - i)) < n) {
    size_t len = utf8_len((const unsigned char *)s + i, n - i);
    if (len == 0 || s[i] == '\0')
      return i;
    i += len;
  }
  return n;
}

/* Skips a tag, or a whole <style>, <script> or <head> with what is in it. */
static size_t skip_tag(const char *s, size_t n) {
  static const char *const whole[] = {"style", "script"};
  size_t i = 0, k;
  for (k = 0; k < 2; k++) {
    size_t len = strlen(whole[k]);
    if (n > len + 1 && memcmp(s + 1, whole[k], len) == 0)
      for (i = len; i + len + 2 <= n; i++)
        if (s[i] == '<' && s[i + 1] == '/' &&
            memcmp(s + i + 2, whole[k], len) == 0)
          break;
  }
  while (i < n && s[i] != '>')
    i++;
  return i < n ? i + 1 : n;
}

void mj__clean(char *out, size_t size, const char *text, size_t n, int html) {
  size_t i = 0, o = 0;
  int space = 1; /* swallows leading white space */
  while (i < n) {
    const unsigned char *u = (const unsigned char *)text + i;
    size_t len = utf8_len(u, n - i);
    int blank = (len == 1 && (u[0] <= 0x20 || u[0] == 0x7f)) ||
                (len == 2 && u[0] == 0xc2 && u[1] < 0xa0); /* C1 */
    if (html && u[0] == '<') {
      i += skip_tag(text + i, n - i);
      blank = 1;
      len = 0;
    }
    if (blank) {
      if (!space && o + 1 < size)
        out[o++] = ' ';
      space = 1;
    } else if (len == 0) {
      if (o + 1 < size)
        out[o++] = '?';
      len = 1;
      space = 0;
    } else {
      if (o + len >= size)
        break;
      memcpy(out + o, u, len);
      o += len;
      space = 0;
    }
    i += len;
  }
  while (o > 0 && out[o - 1] == ' ')
    o--;
  if (size)
    out[o] = '\0';
}

/* How many bytes at p are the key, or all of it that the text has room for. */
static size_t key_at(const char *p, const char *key, size_t n) {
  size_t i = 0, k = 0;
  while (p[k] && i < n) {
    if (p[k] == key[i])
      i++;
    else if (i == 0 || p[k] != ' ') /* a tag or a tab has become a blank */
      return 0;
    k++;
  }
  return i == n || i >= 4 ? k : 0;
}

void mj__hide(char *text, const char *key) {
  size_t n = key ? strlen(key) : 0;
  char *p;
  if (n < 8)
    return;
  for (p = text; *p; p++) {
    size_t k = key_at(p, key, n);
    if (k >= 3) {
      memcpy(p, "***", 3);
      memmove(p + 3, p + k, strlen(p + k) + 1);
      p += 2;
    }
  }
}
