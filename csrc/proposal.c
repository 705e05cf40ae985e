/* SPDX-License-Identifier: MIT
   proposal.c - the texts that describe and shorten answer with.  Midjourney
   numbers its proposals with keycaps (midjourney-proxy-plus, trueai); trueai's
   partner accounts give bare lines.  Shorten puts important words between **
   and what it would drop between ~~, with weights after "Show Details". */
#include "proposal.h"

#include <string.h>
#include <strings.h>

/* There are four and five of them; nine keycaps. */
enum { PROMPTS_MAX = 9, TOKENS_MAX = 1000 };

struct span {
  const char *s, *end;
};

static int blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct span trim(struct span p) {
  while (p.s < p.end && blank(*p.s))
    p.s++;
  while (p.end > p.s && blank(p.end[-1]))
    p.end--;
  return p;
}

static struct span line_at(const char *s, const char *end) {
  struct span p = {s, s};
  while (p.end < end && *p.end != '\n' && *p.end != '\r')
    p.end++;
  return p;
}

/* Length of a keycap at s, 0 = none: a digit, perhaps U+FE0F, U+20E3. */
static size_t keycap(const char *s, const char *end, int *digit) {
  size_t n = 1;
  if (end - s < 4 || *s < '1' || *s > '9')
    return 0;
  *digit = *s - '0';
  if (end - s >= 7 && memcmp(s + n, "\xef\xb8\x8f", 3) == 0)
    n += 3;
  return memcmp(s + n, "\xe2\x83\xa3", 3) == 0 ? n + 3 : 0;
}

/* The first keycap from s on that begins a proposal: one in front of a line,
   or the next number wherever it stands. */
static const char *find_keycap(const char *from, const char *s, const char *end,
                               int last, int *digit, size_t *len) {
  for (; s < end; s++) {
    const char *b = s;
    if ((*len = keycap(s, end, digit)) == 0)
      continue;
    while (b > from && (b[-1] == ' ' || b[-1] == '\t'))
      b--;
    if (b == from || b[-1] == '\n' || b[-1] == '\r' || *digit == last + 1)
      return s;
  }
  return NULL;
}

/* Fills list; 0 when there are no keycaps. */
static size_t numbered(struct span text, struct span *list) {
  size_t n = 0, len;
  int digit = 0;
  const char *s = find_keycap(text.s, text.s, text.end, 0, &digit, &len);
  while (s && n < PROMPTS_MAX) {
    const char *v = s + len;
    s = find_keycap(text.s, v, text.end, digit, &digit, &len);
    list[n].s = v;
    list[n].end = s ? s : text.end;
    list[n] = trim(list[n]);
    n++;
  }
  return n;
}

static size_t lines(struct span text, struct span *list) {
  size_t n = 0;
  while (text.s < text.end && n < PROMPTS_MAX) {
    struct span line = line_at(text.s, text.end);
    text.s = line.end + (line.end < text.end);
    line = trim(line);
    if (line.s < line.end)
      list[n++] = line;
  }
  return n;
}

/* An empty one keeps its place, so that the n-th belongs to the n-th button;
   behind the last that has text there is none. */
static int put_prompts(const struct span *list, size_t n, struct mj__arena *a,
                       mj_task *t) {
  const char **prompts;
  size_t i;
  while (n > 0 && list[n - 1].s == list[n - 1].end)
    n--;
  if (n == 0)
    return MJ_OK;
  prompts = mj__arena_alloc(a, n * sizeof *prompts);
  if (!prompts)
    return MJ_ERESOURCE;
  for (i = 0; i < n; i++) {
    prompts[i] =
        mj__arena_strndup(a, list[i].s, (size_t)(list[i].end - list[i].s));
    if (!prompts[i])
      return MJ_ERESOURCE;
  }
  t->prompts = prompts;
  t->nprompts = n;
  return MJ_OK;
}

/* Tokens ------------------------------------------------------------------ */

/* Blanks, and the blocks U+2580..U+259F that bars are drawn with. */
static const char *skip_bar(const char *s, const char *end) {
  for (;;) {
    if (s < end && (*s == ' ' || *s == '\t'))
      s++;
    else if (end - s >= 3 && memcmp(s, "\xe2\x96", 2) == 0 &&
             (unsigned char)s[2] <= 0x9f)
      s += 3;
    else
      return s;
  }
}

/* "(0.49)" at s: what is behind it, else NULL. */
static const char *weight_at(const char *s, const char *end, double *w) {
  double d = 0, unit = 1;
  int digits = 0, point = 0;
  if (s == end || *s++ != '(')
    return NULL;
  for (; s < end && digits < 12; s++) {
    if (*s == '.' && !point)
      point = 1;
    else if (*s >= '0' && *s <= '9') {
      d = d * 10 + (*s - '0');
      unit = point ? unit * 10 : 1;
      digits++;
    } else {
      break;
    }
  }
  if (!digits || s == end || *s != ')' || d / unit > 1)
    return NULL;
  *w = d / unit;
  return s + 1;
}

/* The closing mark of the two bytes at s, in the same line. */
static const char *closing(const char *s, const char *end) {
  const char *p = s + 2;
  for (; end - p >= 2 && *p != '\n' && *p != '\r'; p++)
    if (p[0] == s[0] && p[1] == s[0])
      return p;
  return NULL;
}

static int mark_at(const char *s, const char *end) {
  return end - s >= 2 && s[0] == s[1] && (*s == '*' || *s == '~');
}

/* What stands between marks, without the other kind of mark inside. */
static struct span unmarked(struct span p, int *dropped) {
  p = trim(p);
  while (p.end - p.s > 4 && mark_at(p.s, p.end) && p.end[-1] == *p.s &&
         p.end[-2] == *p.s) {
    *dropped |= *p.s == '~';
    p.s += 2;
    p.end -= 2;
    p = trim(p);
  }
  return p;
}

struct token {
  struct span text;
  int dropped;
  double weight;
};

/* A word between marks, or any word that has a weight behind it. */
static int next_token(struct span *in, struct token *out) {
  const char *s = in->s, *from = s, *close, *behind;
  out->dropped = 0;
  out->weight = -1;
  while (s < in->end) {
    if (*s == '\n' || *s == '\r' || *s == ',') {
      from = ++s;
    } else if (*s == '(' && (behind = weight_at(s, in->end, &out->weight))) {
      out->text.s = skip_bar(from, s);
      out->text.end = s;
      out->text = trim(out->text);
      s = from = behind;
      if (out->text.s == out->text.end) {
        out->weight = -1;
        continue;
      }
      in->s = s;
      return 1;
    } else if (mark_at(s, in->end) && (close = closing(s, in->end))) {
      out->dropped = *s == '~';
      out->text.s = s + 2;
      out->text.end = close;
      out->text = unmarked(out->text, &out->dropped);
      s = from = close + 2;
      if (out->text.s == out->text.end) {
        out->dropped = 0;
        continue;
      }
      behind = weight_at(skip_bar(s, in->end), in->end, &out->weight);
      in->s = behind ? behind : s;
      return 1;
    } else {
      s++;
    }
  }
  in->s = in->end;
  return 0;
}

static int put_tokens(struct span text, struct mj__arena *a, mj_task *t) {
  struct span again = text;
  struct token found;
  mj_token *tokens;
  size_t i, n = 0;
  while (n < TOKENS_MAX && next_token(&again, &found))
    n++;
  if (n == 0)
    return MJ_OK;
  tokens = mj__arena_alloc(a, n * sizeof *tokens);
  if (!tokens)
    return MJ_ERESOURCE;
  for (i = 0; i < n; i++) {
    (void)next_token(&text, &found);
    tokens[i].text = mj__arena_strndup(a, found.text.s,
                                       (size_t)(found.text.end - found.text.s));
    tokens[i].dropped = found.dropped;
    tokens[i].weight = found.weight;
    if (!tokens[i].text)
      return MJ_ERESOURCE;
  }
  t->tokens = tokens;
  t->ntokens = n;
  return MJ_OK;
}

/* Texts ------------------------------------------------------------------- */

/* A line that says `words` and nothing else but marks of a heading. */
static int is_heading(struct span line, const char *words) {
  size_t n = strlen(words);
  while (line.s < line.end &&
         (*line.s == '#' || *line.s == '*' || blank(*line.s)))
    line.s++;
  while (line.end > line.s &&
         (line.end[-1] == '*' || line.end[-1] == ':' || blank(line.end[-1])))
    line.end--;
  return (size_t)(line.end - line.s) == n && strncasecmp(line.s, words, n) == 0;
}

/* 1 and that line, where there is one. */
static int find_heading(struct span text, const char *words,
                        struct span *line) {
  while (text.s < text.end) {
    *line = line_at(text.s, text.end);
    if (is_heading(*line, words))
      return 1;
    text.s = line->end + (line->end < text.end);
  }
  return 0;
}

static int describe(struct span text, struct mj__arena *a, mj_task *t) {
  struct span list[PROMPTS_MAX];
  size_t n = numbered(text, list);
  if (n == 0)
    n = lines(text, list);
  return put_prompts(list, n, a, t);
}

static int shorten(struct span text, struct mj__arena *a, mj_task *t) {
  struct span list[PROMPTS_MAX], words = text, proposals = text, line;
  size_t n, len;
  int digit, rc, headed = 0;
  const char *cap;
  if (find_heading(text, "important tokens", &line)) {
    words.s = proposals.s = line.end;
    headed = 1;
  }
  cap = find_keycap(words.s, words.s, text.end, 0, &digit, &len);
  if (find_heading(words, "shortened prompts", &line)) {
    words.end = line.s;
    proposals.s = line.end;
    headed = 0;
  } else if (cap) {
    words.end = cap;
  }
  rc = put_tokens(words, a, t);
  n = numbered(proposals, list);
  /* bare lines, unless they are the ones that the words stood in */
  if (n == 0 && !headed && (proposals.s >= words.end || t->ntokens == 0))
    n = lines(proposals, list);
  return rc ? rc : put_prompts(list, n, a, t);
}

int mj__proposals_read(const char *action, const char *text,
                       struct mj__arena *a, mj_task *t) {
  struct span all;
  if (!action || !text)
    return MJ_OK;
  all.s = text;
  all.end = text + strlen(text);
  if (strcmp(action, "DESCRIBE") == 0)
    return describe(all, a, t);
  if (strcmp(action, "SHORTEN") == 0)
    return shorten(all, a, t);
  return MJ_OK;
}
