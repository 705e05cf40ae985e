/* SPDX-License-Identifier: MIT
   prompt.c - prompt parameters as data: name, flags, type, range, and what the
   generate family calls them.  Ranges are those of Midjourney's parameter
   list. */
#include "prompt.h"
#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define T_INT     MJ__P_INT
#define T_NUMBER  MJ__P_NUMBER
#define T_RATIO   MJ__P_RATIO
#define T_VERSION MJ__P_VERSION
#define T_SWITCH  MJ__P_SWITCH
#define T_WORD    MJ__P_WORD
#define T_TEXT    MJ__P_TEXT
#define T_MAYBE   MJ__P_MAYBE

/* A row a line, in the order in which fields are written.  The last column is
   from the generate family's list of `input` members. */
/* clang-format off */
#define NONE {0, 0}
static const struct mj__parameter table[] = {
    {"aspect", "--ar --aspect", T_RATIO, NONE, "aspect"},
    {"stylize", "--stylize --s", T_INT, {0, 1000}, "stylize"},
    {"chaos", "--chaos --c", T_INT, {0, 100}, "chaos"},
    {"weird", "--weird --w", T_INT, {0, 3000}, "weird"},
    {"version", "--v --version --niji", T_VERSION, NONE, "version"},
    {"seed", "--seed", T_INT, {0, 4294967295.0}, NULL},
    {"quality", "--quality --q", T_NUMBER, {0.25, 4}, NULL},
    {"no", "--no", T_TEXT, NONE, NULL},
    {"iw", "--iw", T_NUMBER, {0, 3}, NULL},
    {"sref", "--sref", T_TEXT, NONE, NULL},
    {"sw", "--sw", T_INT, {0, 1000}, NULL},
    {"cref", "--cref", T_TEXT, NONE, NULL},
    {"cw", "--cw", T_INT, {0, 100}, NULL},
    {"oref", "--oref", T_TEXT, NONE, NULL},
    {"ow", "--ow", T_INT, {0, 1000}, NULL},
    {"tile", "--tile", T_SWITCH, NONE, NULL},
    {"style", "--style", T_WORD, NONE, NULL},
    {"draft", "--draft", T_SWITCH, NONE, NULL},
    {"stop", "--stop", T_INT, {10, 100}, NULL},
    {"translate", NULL, T_SWITCH, NONE, "enableTranslation"},
    /* of no field: the mode decides the speed, dialogs and verbs the rest */
    {NULL, "--fast", T_SWITCH, NONE, "speed"},
    {NULL, "--relax", T_SWITCH, NONE, "speed"},
    {NULL, "--turbo", T_SWITCH, NONE, "speed"},
    {NULL, "--hd", T_SWITCH, NONE, NULL},
    {NULL, "--raw", T_SWITCH, NONE, NULL},
    {NULL, "--video", T_SWITCH, NONE, NULL},
    {NULL, "--loop", T_SWITCH, NONE, NULL},
    {NULL, "--stealth", T_SWITCH, NONE, NULL},
    {NULL, "--public", T_SWITCH, NONE, NULL},
    {NULL, "--zoom", T_NUMBER, {1, 2}, NULL},
    {NULL, "--exp", T_INT, {0, 100}, NULL},
    {NULL, "--repeat --r", T_INT, {1, 40}, NULL},
    {NULL, "--bs", T_INT, {1, 4}, NULL},
    {NULL, "--sameseed", T_INT, {0, 4294967295.0}, NULL},
    {NULL, "--motion", T_WORD, NONE, NULL},
    {NULL, "--end", T_WORD, NONE, NULL},
    {NULL, "--sv", T_WORD, NONE, NULL},
    {NULL, "--p --profile", T_MAYBE, NONE, NULL},
};
/* clang-format on */

#define ROWS (sizeof table / sizeof table[0])
_Static_assert(sizeof table / sizeof table[0] <= MJ__PARAMETERS,
               "struct mj__seen has room for all");

const struct mj__parameter *mj__parameter_at(size_t i) {
  return i < ROWS ? &table[i] : NULL;
}

const struct mj__parameter *mj__parameter_named(const char *name) {
  size_t i;
  for (i = 0; i < ROWS; i++)
    if (table[i].name && strcmp(table[i].name, name) == 0)
      return &table[i];
  return NULL;
}

size_t mj__parameter_index(const struct mj__parameter *p) {
  return (size_t)(p - table);
}

static int lower(int c) {
  return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static int same_word(const char *flag, const char *word, size_t n) {
  size_t i;
  for (i = 0; i < n; i++)
    if (flag[i] != lower((unsigned char)word[i]))
      return 0;
  return 1;
}

const struct mj__parameter *mj__parameter_of(const char *word, size_t n) {
  size_t i, len;
  for (i = 0; i < ROWS; i++) {
    const char *flag = table[i].flags;
    while (flag && *flag) {
      flag += 2;
      len = strcspn(flag, " ");
      if (len == n && same_word(flag, word, n))
        return &table[i];
      flag += len;
      flag += *flag == ' ';
    }
  }
  return NULL;
}

void mj__prompt_warn(struct mj__buf *warnings, const char *fmt, ...) {
  char raw[512], line[400];
  va_list ap;
  if (!warnings)
    return;
  va_start(ap, fmt);
  (void)vsnprintf(raw, sizeof raw, fmt, ap);
  va_end(ap);
  mj__clean(line, sizeof line, raw, strlen(raw), 0);
  if (warnings->n)
    mj__buf_add(warnings, "\n", 1);
  mj__buf_puts(warnings, line);
}

/* Values ------------------------------------------------------------------ */

/* A value and whose it is. */
struct given {
  const struct mj__parameter *p;
  const struct mj__flag *flag; /* NULL = a field */
  const char *v;
  size_t n;
  char label[24]; /* the field's name, or the flag as written */
};

static void make_given(struct given *g, const struct mj__parameter *p,
                       const struct mj__flag *f, const char *v, size_t n) {
  g->p = p;
  g->flag = f;
  g->v = v;
  g->n = n;
  if (f)
    mj__clean(g->label, sizeof g->label, f->written, f->written_n, 0);
  else
    (void)snprintf(g->label, sizeof g->label, "%s", p->name);
}

static int wrong(const struct given *g, mj_error *err, const char *expected) {
  if (g->n == 0)
    return mj__err_set(err, MJ_EINVALID, "%s: %s expected, got nothing",
                       g->label, expected);
  return mj__err_set(err, MJ_EINVALID, "%s: %s expected, got %.*s", g->label,
                     expected, g->n > 40 ? 40 : (int)g->n, g->v);
}

/* Digits and one point, a minus in front: strtod would follow the locale. */
static int number(const char *s, size_t n, double *out) {
  size_t i = n > 0 && s[0] == '-', digits = 0;
  double d = 0, unit = 1;
  int point = 0;
  if (n == 0 || n > 32)
    return 0;
  for (; i < n; i++) {
    if (s[i] == '.' && !point) {
      point = 1;
    } else if (s[i] >= '0' && s[i] <= '9') {
      d = d * 10 + (s[i] - '0');
      unit = point ? unit * 10 : 1;
      digits++;
    } else {
      return 0;
    }
  }
  *out = (s[0] == '-' ? -d : d) / unit;
  return digits > 0;
}

static size_t digits(const char *s, size_t n, int *zero) {
  size_t i;
  *zero = 1;
  for (i = 0; i < n && s[i] >= '0' && s[i] <= '9'; i++)
    *zero &= s[i] == '0';
  return i;
}

static int is_ratio(const char *s, size_t n) {
  int none, nil;
  size_t a = digits(s, n, &none), b;
  if (a == 0 || a > 5 || none || a >= n || s[a] != ':')
    return 0;
  b = digits(s + a + 1, n - a - 1, &nil);
  return b > 0 && b < 6 && !nil && a + 1 + b == n;
}

/* "v7", "7", "v 7", "niji 6", "niji". */
const char *mj__version_of(const struct mj__flag *f, const char *v, size_t n,
                           size_t *len, int *niji) {
  const char *end = v + n;
  double d;
  if (f) {
    *niji = f->word_n == 4 && same_word("niji", f->word, 4);
  } else {
    *niji = n >= 4 && memcmp(v, "niji", 4) == 0;
    v += *niji ? 4 : n > 0 && *v == 'v';
    while (v < end && *v == ' ')
      v++;
  }
  *len = (size_t)(end - v);
  if (*len == 0)
    return *niji ? v : NULL;
  return number(v, *len, &d) && *v != '-' ? v : NULL;
}

/* Whether v would end its flag and begin another.  Midjourney takes a long dash
   for "--", since phones put one in its place; addresses may have dashes. */
static int opens_flag(const char *v, size_t n) {
  struct mj__flags it;
  struct mj__flag f;
  size_t i = 0, from, k;
  mj__flags_init(&it, v, n, 1);
  if (mj__flags_next(&it, &f))
    return 1;
  while (i < n) {
    int address = 0, dashes = 0;
    for (from = i; i < n && !mj__blank(v[i]); i++)
      ;
    for (k = from; k < i; k++) {
      address |= i - k >= 3 && memcmp(v + k, "://", 3) == 0;
      dashes |= (i - k >= 2 && memcmp(v + k, "--", 2) == 0) ||
                (i - k >= 3 && memcmp(v + k, "\xe2\x80\x94", 3) == 0);
    }
    if (dashes && !(address && v[from] != '-'))
      return 1;
    i += i < n;
  }
  return 0;
}

static int check_text(const struct given *g, mj_error *err) {
  size_t i, blanks = 0, ends = 0;
  for (i = 0; i < g->n; i++) {
    blanks += g->v[i] == ' ' || g->v[i] == '\t';
    ends += g->v[i] == '\n' || g->v[i] == '\r';
  }
  if (g->n == 0 && g->p->type == T_MAYBE)
    return MJ_OK;
  if (g->p->type == T_WORD && blanks)
    return wrong(g, err, "one word");
  if (blanks == g->n || ends || opens_flag(g->v, g->n))
    return wrong(g, err, "text without -- and line ends");
  return MJ_OK;
}

static int check_number(const struct given *g, struct mj__seen *seen) {
  const struct mj__range *r = &g->p->range;
  double d;
  if (!number(g->v, g->n, &d) ||
      (g->p->type == T_INT && memchr(g->v, '.', g->n)))
    return wrong(g, seen->err,
                 g->p->type == T_INT ? "a whole number" : "a number");
  if (d >= r->lo && d <= r->hi)
    return MJ_OK;
  if (!seen->lenient)
    return mj__err_set(seen->err, MJ_EINVALID,
                       "%s: %.*s is not in %.10g..%.10g", g->label, (int)g->n,
                       g->v, r->lo, r->hi);
  mj__prompt_warn(seen->warnings, "%s: %.*s is not in %.10g..%.10g", g->label,
                  (int)g->n, g->v, r->lo, r->hi);
  return MJ_OK;
}

static int check_switch(const struct given *g, mj_error *err) {
  if (g->flag)
    return g->n == 0 ? MJ_OK : wrong(g, err, "no value");
  if ((g->n == 4 && memcmp(g->v, "true", 4) == 0) ||
      (g->n == 5 && memcmp(g->v, "false", 5) == 0))
    return MJ_OK;
  return wrong(g, err, "true or false");
}

static int check(const struct given *g, struct mj__seen *seen) {
  size_t n;
  int niji;
  switch (g->p->type) {
  case MJ__P_INT:
  case MJ__P_NUMBER:
    return check_number(g, seen);
  case MJ__P_RATIO:
    return is_ratio(g->v, g->n) ? MJ_OK
                                : wrong(g, seen->err, "a ratio like \"3:2\"");
  case MJ__P_VERSION:
    if (mj__version_of(g->flag, g->v, g->n, &n, &niji))
      return MJ_OK;
    return wrong(g, seen->err, g->flag ? "a number" : "\"v7\" or \"niji 6\"");
  case MJ__P_SWITCH:
    return check_switch(g, seen->err);
  case MJ__P_WORD:
  case MJ__P_TEXT:
  case MJ__P_MAYBE:
    break;
  }
  return check_text(g, seen->err);
}

int mj__flag_fits(const struct mj__flag *f, const char *v, size_t n) {
  struct mj__seen any;
  struct given g;
  memset(&any, 0, sizeof any);
  any.lenient = 1;
  make_given(&g, f->p, f, v, n);
  return check(&g, &any) == MJ_OK;
}

/* The text ---------------------------------------------------------------- */

static int unknown_flag(const struct mj__seen *seen, const struct mj__flag *f) {
  char label[60];
  size_t n;
  const char *near = mj__flag_nearest(f->word, f->word_n, &n);
  mj__clean(label, sizeof label, f->written, f->written_n, 0);
  if (near)
    mj__prompt_warn(seen->warnings,
                    "%s: no parameter of that name (did you mean %.*s?); "
                    "passed on",
                    label, (int)n, near);
  else
    mj__prompt_warn(seen->warnings, "%s: no parameter of that name; passed on",
                    label);
  return MJ_OK;
}

static void repaired(const struct mj__seen *seen, const struct mj__flag *f,
                     const char *label) {
  char word[24];
  size_t i;
  for (i = 0; i < f->word_n && i + 1 < sizeof word; i++)
    word[i] = (char)lower((unsigned char)f->word[i]);
  word[i] = '\0';
  mj__prompt_warn(seen->warnings, "%s: taken for --%s", label, word);
}

int mj__flag_check(struct mj__seen *seen, const struct mj__flag *f) {
  struct given g;
  size_t i;
  if (!f->p)
    return unknown_flag(seen, f);
  i = mj__parameter_index(f->p);
  make_given(&g, f->p, f, f->value, f->value_n);
  if (f->repaired)
    repaired(seen, f, g.label);
  if (seen->as[i] && !seen->lenient)
    return mj__err_set(seen->err, MJ_EINVALID,
                       "%s: given twice in the prompt, first as %.*s", g.label,
                       (int)seen->n[i], seen->as[i]);
  if (seen->as[i])
    mj__prompt_warn(seen->warnings, "%s: given twice in the prompt", g.label);
  seen->as[i] = f->written;
  seen->n[i] = f->whole_n < 40 ? f->whole_n : 40;
  return check(&g, seen);
}

int mj__prompt_clean(const char *s, size_t n, mj_error *err) {
  size_t i, at = mj__utf8_check(s, n);
  if (at < n)
    return mj__err_set(err, MJ_EINVALID, "prompt: not UTF-8 at byte %zu",
                       at + 1);
  for (i = 0; i < n; i++) {
    unsigned char c = (unsigned char)s[i];
    if ((c < 0x20 && !mj__blank(s[i])) || c == 0x7f ||
        (c == 0xc2 && (unsigned char)s[i + 1] < 0xa0)) /* C1 */
      return mj__err_set(err, MJ_EINVALID,
                         "prompt: a control character at byte %zu", i + 1);
  }
  return MJ_OK;
}

static void put_flag(struct mj__buf *out, const struct mj__flag *f) {
  size_t i;
  mj__buf_puts(out, "--");
  for (i = 0; i < f->word_n; i++) {
    char c = (char)lower((unsigned char)f->word[i]);
    mj__buf_add(out, &c, 1);
  }
}

/* Adds what is in front of a flag that leaves, and returns what is behind. */
static const char *cut(struct mj__buf *out, const char *from,
                       const struct mj__flag *f) {
  const char *stop = f->written;
  while (stop > from && mj__blank(stop[-1]))
    stop--;
  mj__buf_add(out, from, (size_t)(stop - from));
  return f->written + f->whole_n;
}

int mj__prompt_text(struct mj__buf *out, const char *text, size_t n,
                    struct mj__seen *seen) {
  const char *from = text;
  struct mj__flags it;
  struct mj__flag f;
  int rc = mj__prompt_clean(text, n, seen->err);
  mj__flags_init(&it, text, n, 0);
  while (rc == MJ_OK && mj__flags_next(&it, &f)) {
    rc = mj__flag_check(seen, &f);
    if (mj__split_takes(seen->split, f.p, &f, f.value, f.value_n)) {
      from = cut(out, from, &f);
    } else if (f.repaired) {
      mj__buf_add(out, from, (size_t)(f.written - from));
      put_flag(out, &f);
      from = f.written + f.written_n;
    }
  }
  mj__buf_add(out, from, (size_t)(text + n - from));
  return rc;
}

/* Fields ------------------------------------------------------------------ */

void mj__put_blank(struct mj__buf *out) {
  if (out->n && out->p[out->n - 1] != ' ')
    mj__buf_add(out, " ", 1);
}

static void put_value(struct mj__buf *out, const struct given *g) {
  const char *v = g->v, *flag = g->p->flags;
  size_t n = g->n, len = strcspn(flag, " ");
  int niji = 0;
  if (g->p->type == T_SWITCH) {
    if (g->n == 5) /* false */
      return;
    n = 0;
  }
  if (g->p->type == T_VERSION)
    v = mj__version_of(NULL, g->v, g->n, &n, &niji);
  mj__put_blank(out);
  if (niji)
    mj__buf_puts(out, "--niji");
  else
    mj__buf_add(out, flag, len);
  if (n) {
    mj__buf_add(out, " ", 1);
    mj__buf_add(out, v, n);
  }
}

int mj__prompt_field(struct mj__buf *out, const mj_param *param,
                     struct mj__seen *seen) {
  const struct mj__parameter *p = mj__parameter_named(param->name);
  size_t i, n = strlen(param->value);
  struct given g;
  int rc;
  if (!p)
    return mj__err_set(seen->err, MJ_EINVALID,
                       "no such prompt parameter: %.40s", param->name);
  i = mj__parameter_index(p);
  if (seen->as[i] == p->name)
    return mj__err_set(seen->err, MJ_EINVALID, "%s: given twice", p->name);
  if (seen->as[i])
    return mj__err_set(seen->err, MJ_EINVALID,
                       "%s: given as a field, and as %.*s in the prompt",
                       p->name, (int)seen->n[i], seen->as[i]);
  seen->as[i] = p->name;
  if (mj__utf8_check(param->value, n) != n)
    return mj__err_set(seen->err, MJ_EINVALID, "%s: not valid UTF-8", p->name);
  make_given(&g, p, NULL, param->value, n);
  rc = check(&g, seen);
  if (rc == MJ_OK && mj__split_takes(seen->split, p, NULL, param->value, n))
    return MJ_OK;
  if (rc == MJ_OK && p->flags)
    put_value(out, &g);
  else if (rc == MJ_OK && n == 4) /* true */
    rc = mj__err_set(seen->err, MJ_EUNSUPPORTED,
                     "%s: gateways of the mj family have no such parameter, "
                     "those of the generate family do",
                     p->name);
  return rc;
}

int mj__prompt_end(const struct mj__buf *out, const struct mj__seen *seen) {
  if (out->err == MJ_ETOO_LARGE)
    return mj__err_set(seen->err, MJ_ETOO_LARGE, "the prompt is too long");
  if (out->err || (seen->warnings && seen->warnings->err == MJ_ERESOURCE))
    return mj__err_nomem(seen->err);
  return MJ_OK;
}
