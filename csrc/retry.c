/* SPDX-License-Identifier: MIT
   retry.c - see retry.h. */
#include "retry.h"

#include <string.h>

/* On top of what a gateway asked for, at most. */
enum { SPREAD_MOST = 5000 };

/* Nothing is as far away as this, in milliseconds: a year. */
#define FAR INT64_C(31536000000)

int64_t mj__retry_wait(int n, int64_t base_ms, int64_t most_ms,
                       int64_t retry_after_ms, uint32_t random) {
  int64_t d = base_ms, w;
  while (n > 1 && d < most_ms) {
    d *= 2;
    n--;
  }
  if (d > most_ms)
    d = most_ms;
  w = (int64_t)((uint64_t)random % (uint64_t)(d + 1));
  if (retry_after_ms <= w)
    return w;
  if (d > SPREAD_MOST)
    d = SPREAD_MOST;
  w = (int64_t)((uint64_t)random % (uint64_t)(d + 1));
  return retry_after_ms < INT64_MAX - w ? retry_after_ms + w : INT64_MAX;
}

/* Numbers ------------------------------------------------------------------ */

static int is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* The digits at *s, at most so many; -1 = there are none, or more. */
static int64_t digits(const char **s, int most) {
  int64_t n = 0;
  int k = 0;
  while (is_digit(**s)) {
    if (++k > most)
      return -1;
    n = n * 10 + (*(*s)++ - '0');
  }
  return k ? n : -1;
}

static const char *skip(const char *s, const char *what) {
  return s + strspn(s, what);
}

/* "120", "1.5"; further than a year is a year. */
static int64_t number(const char *s, int millis) {
  int64_t n, part = 0, unit = 100;
  while (*s == '0' && is_digit(s[1]))
    s++;
  if (strspn(s, "0123456789") > 15) {
    s += strspn(s, "0123456789");
    n = FAR;
  } else {
    n = digits(&s, 15); /* the first one is there: see mj__retry_after */
  }
  if (*s == '.') {
    if (!is_digit(*++s))
      return -1;
    for (; is_digit(*s); s++, unit /= 10)
      part += (*s - '0') * unit;
  }
  if (*skip(s, " \t"))
    return -1;
  if (n >= FAR / 1000)
    return millis && n < FAR ? n : FAR;
  return millis ? n : n * 1000 + part;
}

/* Dates -------------------------------------------------------------------- */

static int month_of(const char *s) {
  static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
  char low[3];
  int i;
  for (i = 0; i < 3; i++) {
    if (!s[i])
      return -1;
    low[i] = (char)(s[i] | 0x20);
  }
  for (i = 0; i < 12; i++)
    if (memcmp(low, names + 3 * i, 3) == 0)
      return i;
  return -1;
}

/* Days from 1970-01-01, by the proleptic Gregorian calendar. */
static int64_t days_of(int64_t year, int month, int64_t day) {
  int64_t y = month < 2 ? year - 1 : year;
  int64_t doy = (153 * ((month + 10) % 12) + 2) / 5 + day - 1;
  return 365 * y + y / 4 - y / 100 + y / 400 + doy - 719468;
}

/* "08:49:37" -> seconds, -1 = it is not. */
static int64_t clock_of(const char **s) {
  int64_t h = digits(s, 2), m = -1, sec = -1;
  if (**s == ':') {
    ++*s;
    m = digits(s, 2);
  }
  if (m >= 0 && **s == ':') {
    ++*s;
    sec = digits(s, 2);
  }
  return h < 0 || h > 23 || m < 0 || m > 59 || sec < 0 || sec > 60
             ? -1
             : h * 3600 + m * 60 + sec;
}

/* RFC 9110 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37
   GMT", "Sun Nov  6 08:49:37 1994".  The name of the day is not looked at. */
static int64_t date(const char *s, int64_t wall_ms) {
  int64_t day, year, time;
  int month;
  s += strcspn(s, ", \t");
  s = skip(s, ", \t");
  month = month_of(s); /* asctime's comes first */
  if (month >= 0)
    s = skip(s + 3, " ");
  day = digits(&s, 2);
  if (month < 0) {
    s = skip(s, " -");
    month = month_of(s);
    if (month < 0)
      return -1;
    s = skip(s + 3, " -");
    year = digits(&s, 4);
    s = skip(s, " ");
    time = clock_of(&s);
  } else {
    s = skip(s, " ");
    time = clock_of(&s);
    s = skip(s, " ");
    year = digits(&s, 4);
  }
  s = skip(s, " \t");
  if (strncmp(s, "GMT", 3) == 0 || strncmp(s, "UTC", 3) == 0)
    s = skip(s + 3, " \t");
  if (*s || day < 1 || day > 31 || year < 0 || time < 0)
    return -1;
  if (year < 100)
    year += year < 70 ? 2000 : 1900;
  if (year < 1970)
    return 0;
  day = (days_of(year, month, day) * 86400 + time) * 1000 - wall_ms;
  return day < 0 ? 0 : day > FAR ? FAR : day;
}

int64_t mj__retry_after(const char *value, int millis, int64_t wall_ms) {
  value = skip(value, " \t");
  if (is_digit(*value))
    return number(value, millis);
  return millis ? -1 : date(value, wall_ms);
}

int64_t mj__retry_later(int64_t a_ms, int64_t b_ms) {
  return a_ms > b_ms ? a_ms : b_ms;
}

/* Quota -------------------------------------------------------------------- */

void mj__quota_init(struct mj__quota *q) {
  q->left = MJ__QUOTA_MOST;
  q->probe_at_ms = 0;
}

int mj__quota_take(struct mj__quota *q, int *cost, int64_t now_ms) {
  if (q->left >= *cost) {
    q->left -= *cost;
    return 1;
  }
  if (now_ms < q->probe_at_ms)
    return 0;
  q->probe_at_ms = now_ms + MJ__QUOTA_PROBE_MS;
  *cost = q->left;
  q->left = 0;
  return 1;
}

/* A retry that went well brings twice what it may have cost: a gateway that is
   there again has everybody back within a few round trips. */
void mj__quota_good(struct mj__quota *q, int cost) {
  q->left += cost ? 2 * MJ__QUOTA_TROUBLE : 1;
  if (q->left > MJ__QUOTA_MOST)
    q->left = MJ__QUOTA_MOST;
}
