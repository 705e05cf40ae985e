/* SPDX-License-Identifier: MIT
   prompt.c - prompt parameters as data: name, flag, type, range.  Ranges are
   those of Midjourney's parameter list. */
#include "prompt.h"
#include "err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum type { T_INT, T_NUMBER, T_RATIO, T_VERSION, T_SWITCH, T_TEXT };

struct parameter {
  const char *name, *flag;
  enum type type;
  double lo, hi;
};

static const struct parameter table[] = {
    {"aspect", "--ar", T_RATIO, 0, 0},
    {"stylize", "--stylize", T_INT, 0, 1000},
    {"chaos", "--chaos", T_INT, 0, 100},
    {"weird", "--weird", T_INT, 0, 3000},
    {"version", "--v", T_VERSION, 0, 0},
    {"seed", "--seed", T_INT, 0, 4294967295.0},
    {"quality", "--quality", T_NUMBER, 0.25, 4},
    {"no", "--no", T_TEXT, 0, 0},
    {"iw", "--iw", T_NUMBER, 0, 3},
    {"sref", "--sref", T_TEXT, 0, 0},
    {"sw", "--sw", T_INT, 0, 1000},
    {"cref", "--cref", T_TEXT, 0, 0},
    {"cw", "--cw", T_INT, 0, 100},
    {"oref", "--oref", T_TEXT, 0, 0},
    {"ow", "--ow", T_INT, 0, 1000},
    {"tile", "--tile", T_SWITCH, 0, 0},
    {"style", "--style", T_TEXT, 0, 0},
    {"draft", "--draft", T_SWITCH, 0, 0},
    {"stop", "--stop", T_INT, 10, 100},
};

static const struct parameter *lookup(const char *name) {
  size_t i;
  for (i = 0; i < sizeof table / sizeof table[0]; i++)
    if (strcmp(table[i].name, name) == 0)
      return &table[i];
  return NULL;
}

static int number(const char *s, double *out) {
  char *end;
  errno = 0;
  *out = strtod(s, &end);
  return end != s && *end == '\0' && errno == 0 &&
         strspn(s, "+-0123456789.") == strlen(s);
}

static int is_ratio(const char *s) {
  size_t a = strspn(s, "0123456789");
  size_t b = s[a] == ':' ? strspn(s + a + 1, "0123456789") : 0;
  return a && b && a < 6 && b < 6 && s[a + 1 + b] == '\0' &&
         strtol(s, NULL, 10) > 0 && strtol(s + a + 1, NULL, 10) > 0;
}

/* A value that would end its flag and begin another is refused.  Midjourney
   takes a long dash for "--", since phones put one in its place. */
static int check_text(const struct parameter *p, const char *v, mj_error *err) {
  if (v[strspn(v, " \t")] == '\0' || strstr(v, "--") ||
      strstr(v, "\xe2\x80\x94") || v[strcspn(v, "\r\n")] != '\0')
    return mj__err_set(err, MJ_EINVALID,
                       "%s: text without -- and line ends expected", p->name);
  return MJ_OK;
}

static int put_number(struct mj__buf *b, const struct parameter *p,
                      const char *v, int lenient, mj_error *err) {
  double d;
  if (!number(v, &d) || (p->type == T_INT && strchr(v, '.')))
    return mj__err_set(err, MJ_EINVALID, "%s: %s expected, got %.40s", p->name,
                       p->type == T_INT ? "a whole number" : "a number", v);
  if (!lenient && (d < p->lo || d > p->hi))
    return mj__err_set(err, MJ_EINVALID, "%s: %.40s is not in %.10g..%.10g",
                       p->name, v, p->lo, p->hi);
  return mj__buf_printf(b, " %s %s", p->flag, v);
}

/* "v7", "7" and "v 7" are --v 7; "niji 6" is --niji 6. */
static int put_version(struct mj__buf *b, const struct parameter *p,
                       const char *v, mj_error *err) {
  const char *flag = p->flag, *n = v;
  double d;
  if (strncmp(n, "niji", 4) == 0) {
    flag = "--niji";
    n += 4;
  } else if (*n == 'v') {
    n++;
  }
  n += strspn(n, " ");
  if (!number(n, &d) || strpbrk(n, "+-"))
    return mj__err_set(err, MJ_EINVALID,
                       "version: \"v7\" or \"niji 6\" expected, got %.40s", v);
  return mj__buf_printf(b, " %s %s", flag, n);
}

static int put_param(struct mj__buf *b, const struct parameter *p,
                     const char *v, int lenient, mj_error *err) {
  int rc;
  switch (p->type) {
  case T_INT:
  case T_NUMBER:
    return put_number(b, p, v, lenient, err);
  case T_VERSION:
    return put_version(b, p, v, err);
  case T_SWITCH:
    if (strcmp(v, "false") == 0)
      return MJ_OK;
    if (strcmp(v, "true") != 0)
      return mj__err_set(err, MJ_EINVALID, "%s: true or false expected",
                         p->name);
    return mj__buf_printf(b, " %s", p->flag);
  case T_RATIO:
    if (!is_ratio(v))
      return mj__err_set(err, MJ_EINVALID,
                         "%s: a ratio like \"3:2\" expected, got %.40s",
                         p->name, v);
    break;
  case T_TEXT:
    rc = check_text(p, v, err);
    if (rc)
      return rc;
    break;
  }
  return mj__buf_printf(b, " %s %s", p->flag, v);
}

int mj__prompt_flags(struct mj__buf *out, const char *prompt,
                     const mj_param *params, size_t n, int lenient,
                     mj_error *err) {
  size_t i;
  mj__buf_puts(out, prompt);
  for (i = 0; i < n; i++) {
    const struct parameter *p = lookup(params[i].name);
    size_t len = strlen(params[i].value);
    int rc;
    if (!p)
      return mj__err_set(err, MJ_EINVALID, "no such prompt parameter: %.40s",
                         params[i].name);
    if (mj__utf8_check(params[i].value, len) != len)
      return mj__err_set(err, MJ_EINVALID, "%s: not valid UTF-8", p->name);
    rc = put_param(out, p, params[i].value, lenient, err);
    if (rc == MJ_EINVALID)
      return rc;
  }
  if (out->err == MJ_ETOO_LARGE)
    return mj__err_set(err, MJ_ETOO_LARGE, "the prompt is too long");
  return out->err ? mj__err_nomem(err) : MJ_OK;
}
