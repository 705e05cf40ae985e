/* SPDX-License-Identifier: MIT
   prompt_read.c - finding the flags in a prompt's text. */
#include "prompt.h"

#include <string.h>

/* What phones and editors make of hyphens, in UTF-8. */
static const char dashes[][4] = {
    "\xe2\x80\x90", /* hyphen */
    "\xe2\x80\x91", /* that does not break */
    "\xe2\x80\x92", /* as wide as a figure */
    "\xe2\x80\x93", /* en dash */
    "\xe2\x80\x94", /* em dash */
    "\xe2\x80\x95", /* horizontal bar */
    "\xe2\x88\x92", /* minus */
};

static size_t dash_len(const char *p, const char *end) {
  size_t i;
  if (p < end && *p == '-')
    return 1;
  for (i = 0; end - p >= 3 && i < sizeof dashes / sizeof dashes[0]; i++)
    if (memcmp(p, dashes[i], 3) == 0)
      return 3;
  return 0;
}

static int letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int in_word(char c) {
  return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Behind the word at p and the blanks that follow it. */
static const char *next_word(const char *p, const char *end) {
  while (p < end && !mj__blank(*p))
    p++;
  while (p < end && mj__blank(*p))
    p++;
  return p;
}

/* Whether the word at p looks like a flag: two hyphens and a letter, or up to
   three dashes of any kind and, alone, a word of the table.  "well-known" has
   no dash in front, "black - white" no word behind it. */
static int flag_at(const char *p, const char *end, struct mj__flag *f) {
  const char *w = p, *c;
  int n = 0, plain, capitals = 0;
  size_t d;
  while (n < 4 && (d = dash_len(w, end)) > 0) {
    w += d;
    n++;
  }
  if (n < 1 || n > 3 || w == end || !letter(*w))
    return 0;
  for (c = w; c < end && in_word(*c); c++)
    capitals |= *c >= 'A' && *c <= 'Z';
  memset(f, 0, sizeof *f);
  f->p = mj__parameter_of(w, (size_t)(c - w));
  while (!f->p && c < end &&
         !mj__blank(*c)) /* "--ar=3:2" is --ar, wrongly used */
    c++;
  f->written = p;
  f->word = w;
  f->word_n = (size_t)(c - w);
  f->written_n = (size_t)(c - p);
  plain = w - p == 2;
  f->single = w - p == 1;
  f->repaired = !plain || (f->p && capitals);
  return plain || (f->p && (c == end || mj__blank(*c)));
}

/* The first word from p on that looks like a flag. */
static int find(const char *p, const char *end, struct mj__flag *f) {
  for (; p < end; p = next_word(p, end))
    if (flag_at(p, end, f))
      return 1;
  return 0;
}

static void set_value(struct mj__flag *f, const char *end) {
  const char *v = f->written + f->written_n;
  while (v < end && mj__blank(*v))
    v++;
  while (end > v && mj__blank(end[-1]))
    end--;
  f->value = v;
  f->value_n = (size_t)(end - v);
  f->whole_n = end > v ? (size_t)(end - f->written) : f->written_n;
}

/* With other dashes than two hyphens it is a flag only where what follows can
   be its value; and "-no smoking" only where parameters have begun. */
static int is_flag(const struct mj__flag *f, int tail) {
  int open;
  if (f->written_n - f->word_n == 2)
    return 1;
  open = f->p->type == MJ__P_TEXT || f->p->type == MJ__P_WORD ||
         f->p->type == MJ__P_MAYBE;
  if (f->single && open && !tail)
    return 0;
  return mj__flag_fits(f, f->value, f->value_n);
}

/* The first flag from p on; its value ends before the next word that looks
   like one. */
static int search(const char *p, const char *end, int tail,
                  struct mj__flag *f) {
  struct mj__flag after;
  while (find(p, end, f)) {
    p = find(next_word(f->written, end), end, &after) ? after.written : end;
    set_value(f, p);
    if (is_flag(f, tail))
      return 1;
  }
  return 0;
}

void mj__flags_init(struct mj__flags *it, const char *s, size_t n, int tail) {
  memset(it, 0, sizeof *it);
  it->at = s;
  it->end = s + n;
  it->tail = tail;
  while (it->at < it->end && mj__blank(*it->at))
    it->at++;
}

int mj__flags_next(struct mj__flags *it, struct mj__flag *f) {
  if (it->stage == 0)
    it->stage = search(it->at, it->end, it->tail, &it->ahead) ? 1 : 2;
  if (it->stage == 2)
    return 0;
  *f = it->ahead;
  it->at = next_word(f->written, it->end);
  it->stage = search(it->at, it->end, 1, &it->ahead) ? 1 : 2;
  set_value(f, it->stage == 1 ? it->ahead.written : it->end);
  return 1;
}

/* Nearest ----------------------------------------------------------------- */

enum { LONGEST = 16 };

static size_t least(size_t a, size_t b, size_t c) {
  size_t m = a < b ? a : b;
  return m < c ? m : c;
}

/* Edit distance where two neighbours that changed places count once. */
static size_t distance(const char *a, size_t n, const char *b, size_t m) {
  size_t rows[3][LONGEST + 1], i, j;
  for (j = 0; j <= m; j++)
    rows[0][j] = j;
  for (i = 1; i <= n; i++) {
    size_t *row = rows[i % 3], *last = rows[(i + 2) % 3];
    const size_t *before = rows[(i + 1) % 3];
    row[0] = i;
    for (j = 1; j <= m; j++) {
      size_t same = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = least(last[j] + 1, row[j - 1] + 1, last[j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = least(row[j], before[j - 2] + 1, row[j]);
    }
  }
  return rows[n % 3][m];
}

const char *mj__flag_nearest(const char *word, size_t n, size_t *len) {
  const char *best = NULL, *flag;
  size_t few = n > 5 ? 3 : 2, i, m, d; /* fewer changes than that */
  for (i = 0; n > 1 && n <= LONGEST && mj__parameter_at(i); i++)
    for (flag = mj__parameter_at(i)->flags; flag && *flag;
         flag += m + (flag[m] == ' ')) {
      m = strcspn(flag, " ");
      if (m - 2 > LONGEST || (d = distance(word, n, flag + 2, m - 2)) >= few)
        continue;
      few = d;
      best = flag;
      *len = m;
    }
  return best;
}

/* A value goes on to the next flag, so words stand in front of the first; a
   word behind a flag that nobody knows may be one of them. */
int mj__prompt_wordless(const char *prompt) {
  struct mj__flags it;
  struct mj__flag f;
  int n;
  mj__flags_init(&it, prompt, strlen(prompt), 0);
  for (n = 0; mj__flags_next(&it, &f); n++)
    if (!f.p || (n == 0 && f.written != prompt + strspn(prompt, " \t\r\n")))
      return 0;
  return n > 0;
}

/* Taking one out ---------------------------------------------------------- */

static int same_flag(const struct mj__flag *f, const char *word, size_t n) {
  const struct mj__parameter *p = mj__parameter_of(word, n);
  if (p || f->p)
    return f->p == p;
  return f->word_n == n && memcmp(f->word, word, n) == 0;
}

int mj__prompt_strip(struct mj__buf *out, const char *prompt,
                     const char *flag) {
  const char *word = flag + strspn(flag, "-"), *from = prompt, *stop;
  size_t n = strlen(prompt);
  struct mj__flags it;
  struct mj__flag f;
  mj__flags_init(&it, prompt, n, 0);
  while (mj__flags_next(&it, &f)) {
    if (!same_flag(&f, word, strlen(word)))
      continue;
    for (stop = f.written; stop > from && mj__blank(stop[-1]); stop--)
      ;
    mj__buf_add(out, from, (size_t)(stop - from));
    from = f.written + f.whole_n;
  }
  /* what stood behind the first of all words */
  while (out->n == 0 && from > prompt && mj__blank(*from))
    from++;
  mj__buf_add(out, from, (size_t)(prompt + n - from));
  return out->err;
}
