/* SPDX-License-Identifier: MIT
   oracle.c - see oracle.h. */
#include "oracle.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEPTH_MAX = 64, KEY_MAX = 1024 };

struct reader {
  oracle *o;
  const unsigned char *p, *end;
  int depth;
};

/* Text ---------------------------------------------------------------------*/

/* Length of the UTF-8 sequence at p, 0 = none.  *half: of a surrogate pair. */
static size_t sequence(const unsigned char *p, size_t n, int *half) {
  static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t len = *p < 0x80   ? 1
               : *p < 0xc0 ? 0
               : *p < 0xe0 ? 2
               : *p < 0xf0 ? 3
                           : 4;
  unsigned v;
  size_t i;
  if (len <= 1 || len > n || *p > 0xf4)
    return len <= n && *p <= 0xf4 ? len : 0;
  v = *p & (0x7fu >> len);
  for (i = 1; i < len; i++) {
    if ((p[i] & 0xc0) != 0x80)
      return 0;
    v = v << 6 | (p[i] & 0x3f);
  }
  if (v < least[len] || v > 0x10ffff)
    return 0;
  *half |= v >= 0xd800 && v <= 0xdfff;
  return len;
}

int oracle_utf8(const char *s, size_t n) {
  const unsigned char *p = (const unsigned char *)s;
  int half = 0;
  while (n > 0) {
    size_t len = sequence(p, n, &half);
    if (len == 0 || half || *p == 0)
      return 0;
    p += len;
    n -= len;
  }
  return 1;
}

static void put(oracle *o, unsigned v) {
  char *to = o->pool + o->used;
  if (v < 0x80) {
    *to++ = (char)v;
  } else if (v < 0x800) {
    *to++ = (char)(0xc0 | v >> 6);
    *to++ = (char)(0x80 | (v & 0x3f));
  } else if (v < 0x10000) {
    *to++ = (char)(0xe0 | v >> 12);
    *to++ = (char)(0x80 | (v >> 6 & 0x3f));
    *to++ = (char)(0x80 | (v & 0x3f));
  } else {
    *to++ = (char)(0xf0 | v >> 18);
    *to++ = (char)(0x80 | (v >> 12 & 0x3f));
    *to++ = (char)(0x80 | (v >> 6 & 0x3f));
    *to++ = (char)(0x80 | (v & 0x3f));
  }
  o->used = (size_t)(to - o->pool);
}

static int hex4(struct reader *r, unsigned *v) {
  int i;
  *v = 0;
  for (i = 0; i < 4; i++, r->p++) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at =
        r->p < r->end && *r->p ? strchr(digits, (char)*r->p) : NULL;
    if (!at)
      return 0;
    *v = *v << 4 | ((unsigned)(at - digits) & 15);
  }
  return 1;
}

/* Behind a backslash. */
static int escape(struct reader *r, int *odd) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  const char *at;
  unsigned v, low;
  if (r->p == r->end)
    return 0;
  if (*r->p != 'u') {
    at = *r->p ? strchr(from, (char)*r->p++) : NULL;
    if (at)
      put(r->o, (unsigned char)to[at - from]);
    return at != NULL;
  }
  r->p++;
  if (!hex4(r, &v))
    return 0;
  if (v >= 0xd800 && v < 0xdc00 && r->end - r->p >= 6 && r->p[0] == '\\' &&
      r->p[1] == 'u') {
    const unsigned char *back = r->p;
    r->p += 2;
    if (!hex4(r, &low))
      return 0;
    if (low >= 0xdc00 && low < 0xe000)
      v = 0x10000 + ((v & 0x3ff) << 10 | (low & 0x3ff));
    else
      r->p = back;
  }
  *odd |= v >= 0xd800 && v < 0xe000;
  put(r->o, v);
  return v != 0;
}

/* At a quotation mark. */
static int string(struct reader *r, char **text, size_t *n, char *is_odd) {
  int odd = 0;
  r->p++;
  *text = r->o->pool + r->o->used;
  while (r->p < r->end && *r->p != '"') {
    size_t len;
    if (*r->p < 0x20)
      return 0;
    if (*r->p == '\\') {
      r->p++;
      if (!escape(r, &odd))
        return 0;
      continue;
    }
    len = sequence(r->p, (size_t)(r->end - r->p), &odd);
    if (len == 0)
      return 0;
    memcpy(r->o->pool + r->o->used, r->p, len);
    r->o->used += len;
    r->p += len;
  }
  if (r->p == r->end)
    return 0;
  r->p++;
  *n = (size_t)(r->o->pool + r->o->used - *text);
  r->o->pool[r->o->used++] = '\0';
  if (odd)
    *is_odd = 1;
  return 1;
}

static size_t digits(struct reader *r) {
  const unsigned char *from = r->p;
  while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
    r->p++;
  return (size_t)(r->p - from);
}

static int number(struct reader *r, oracle_node *v) {
  const unsigned char *from = r->p;
  size_t n;
  r->p += *r->p == '-';
  if (r->p < r->end && *r->p == '0')
    r->p++;
  else if (digits(r) == 0)
    return 0;
  if (r->p < r->end && *r->p == '.') {
    r->p++;
    if (digits(r) == 0)
      return 0;
  }
  if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
    r->p++;
    if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
      r->p++;
    if (digits(r) == 0)
      return 0;
  }
  n = (size_t)(r->p - from);
  v->type = '0';
  v->n = n;
  v->text = memcpy(r->o->pool + r->o->used, from, n);
  v->text[n] = '\0';
  r->o->used += n + 1;
  return 1;
}

/* Values -------------------------------------------------------------------*/

static void blanks(struct reader *r) {
  while (r->p < r->end && *r->p && strchr(" \t\r\n\v\f", (char)*r->p))
    r->p++;
}

static int is(struct reader *r, char c) {
  blanks(r);
  if (r->p == r->end || (char)*r->p != c)
    return 0;
  r->p++;
  return 1;
}

static oracle_node *value(struct reader *r, oracle_node *v);

static oracle_node *fresh(struct reader *r) {
  return &r->o->nodes[r->o->count++];
}

static oracle_node *items(struct reader *r, oracle_node *v, char type,
                          char end) {
  oracle_node **to = &v->first;
  v->type = type;
  r->p++;
  if (++r->depth > DEPTH_MAX)
    return NULL;
  if (!is(r, end)) {
    do {
      oracle_node *item = fresh(r);
      blanks(r);
      if (type == '{' && (r->p == r->end || *r->p != '"' ||
                          !string(r, &item->key, &item->key_n, &item->odd) ||
                          item->key_n > KEY_MAX || !is(r, ':')))
        return NULL;
      if (!value(r, item))
        return NULL;
      *to = item;
      to = &item->next;
      v->n++;
    } while (is(r, ','));
    if (!is(r, end))
      return NULL;
  }
  r->depth--;
  return v;
}

static oracle_node *value(struct reader *r, oracle_node *v) {
  static const char *const words[] = {"null", "true", "false"};
  size_t i;
  blanks(r);
  if (r->p == r->end)
    return NULL;
  if (*r->p == '{')
    return items(r, v, '{', '}');
  if (*r->p == '[')
    return items(r, v, '[', ']');
  if (*r->p == '"') {
    v->type = '"';
    return string(r, &v->text, &v->n, &v->odd) ? v : NULL;
  }
  if (*r->p == '-' || (*r->p >= '0' && *r->p <= '9'))
    return number(r, v) ? v : NULL;
  for (i = 0; i < 3; i++) {
    size_t n = strlen(words[i]);
    if ((size_t)(r->end - r->p) >= n && memcmp(r->p, words[i], n) == 0) {
      v->type = *words[i];
      r->p += n;
      return v;
    }
  }
  return NULL;
}

void oracle_read(oracle *o, const char *text, size_t n) {
  struct reader r;
  size_t i, most = 2;
  memset(o, 0, sizeof *o);
  for (i = 0; i < n; i++)
    most += text[i] == ',' || text[i] == '[' || text[i] == '{';
  o->nodes = calloc(most, sizeof *o->nodes);
  o->pool = malloc(2 * n + 2);
  if (!o->nodes || !o->pool)
    abort();
  r.o = o;
  r.p = (const unsigned char *)text;
  r.end = r.p + n;
  r.depth = 0;
  if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
    r.p += 3;
  o->root = n ? value(&r, fresh(&r)) : NULL;
  if (n)
    blanks(&r);
  if (r.p != r.end)
    o->root = NULL;
}

void oracle_free(oracle *o) {
  free(o->nodes);
  free(o->pool);
  memset(o, 0, sizeof *o);
}

/* Meaning ------------------------------------------------------------------*/

const oracle_node *oracle_get(const oracle_node *obj, const char *key) {
  const oracle_node *v = obj && obj->type == '{' ? obj->first : NULL, *hit;
  for (hit = NULL; v; v = v->next)
    if (v->key_n == strlen(key) && memcmp(v->key, key, v->key_n) == 0)
      hit = v;
  return hit;
}

const char *oracle_text(const oracle_node *v) {
  return v && (v->type == '"' || v->type == '0') && v->n ? v->text : NULL;
}

int oracle_id(const char *s) {
  size_t n = 0;
  for (; s[n]; n++)
    if (!((s[n] >= '0' && s[n] <= '9') || (s[n] >= 'A' && s[n] <= 'Z') ||
          (s[n] >= 'a' && s[n] <= 'z') || s[n] == '_' || s[n] == '-'))
      return 0;
  return n >= 1 && n <= 64;
}
