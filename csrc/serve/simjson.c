/* SPDX-License-Identifier: MIT
   simjson.c - reads with yajl's tree, writes by hand, so that every byte of a
   reply can be what the gateway sends. */
#include "simjson.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_tree.h>

#define DEEPEST 64 /* yajl's tree is freed by recursion */

void sim_buf_free(struct sim_buf *b) {
  free(b->p);
  b->p = NULL;
  b->n = b->cap = 0;
}

void sim_putn(struct sim_buf *b, const char *text, size_t n) {
  if (b->failed)
    return;
  if (b->n + n + 1 > b->cap) {
    size_t cap = (b->n + n + 1) * 2;
    char *p = realloc(b->p, cap);
    if (!p) {
      sim_buf_free(b);
      b->failed = 1;
      return;
    }
    b->p = p;
    b->cap = cap;
  }
  memcpy(b->p + b->n, text, n);
  b->n += n;
  b->p[b->n] = '\0';
}

void sim_put(struct sim_buf *b, const char *text) {
  sim_putn(b, text, strlen(text));
}

void sim_putf(struct sim_buf *b, const char *fmt, ...) {
  char text[512];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  sim_put(b, text);
}

static const char *escape(unsigned char c, int html, char *buf, size_t size) {
  switch (c) {
  case '"':
    return "\\\"";
  case '\\':
    return "\\\\";
  case '\n':
    return "\\n";
  case '\r':
    return "\\r";
  case '\t':
    return "\\t";
  default:
    break;
  }
  if (c >= 0x20 && !(html && (c == '<' || c == '>' || c == '&')))
    return NULL;
  snprintf(buf, size, "\\u%04x", c);
  return buf;
}

/* Length of the UTF-8 sequence at p, 0 = none. */
static size_t sequence(const unsigned char *p) {
  static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t n = *p < 0x80   ? 1
             : *p < 0xc2 ? 0
             : *p < 0xe0 ? 2
             : *p < 0xf0 ? 3
             : *p < 0xf5 ? 4
                         : 0,
         i;
  unsigned v = n > 1 ? *p & (0x7fu >> n) : *p;
  for (i = 1; i < n; i++) {
    if ((p[i] & 0xc0) != 0x80)
      return 0;
    v = v << 6 | (p[i] & 0x3fu);
  }
  if (n > 1 && (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000)))
    return 0;
  return n;
}

/* What is no UTF-8 becomes U+FFFD, as in Go's encoding/json. */
void sim_put_string(struct sim_buf *b, const char *text) {
  const char *start = text;
  char buf[8];
  if (!text) {
    sim_put(b, "null");
    return;
  }
  sim_put(b, "\"");
  while (*text) {
    size_t n = sequence((const unsigned char *)text);
    const char *e = n ? escape((unsigned char)*text, b->html, buf, sizeof buf)
                      : "\xEF\xBF\xBD"; /* U+FFFD */
    if (e) {
      sim_putn(b, start, (size_t)(text - start));
      sim_put(b, e);
      start = text + 1;
    }
    text += n ? n : 1;
  }
  sim_put(b, start);
  sim_put(b, "\"");
}

static void put_key(struct sim_buf *b, const char *key) {
  if (b->n && b->p[b->n - 1] != '{' && b->p[b->n - 1] != ',')
    sim_put(b, ",");
  sim_put_string(b, key);
  sim_put(b, ":");
}

void sim_put_member(struct sim_buf *b, const char *key, const char *text) {
  put_key(b, key);
  sim_put_string(b, text);
}

void sim_put_number(struct sim_buf *b, const char *key, int64_t number) {
  put_key(b, key);
  sim_putf(b, "%lld", (long long)number);
}

void sim_put_raw(struct sim_buf *b, const char *key, const char *text) {
  put_key(b, key);
  sim_put(b, text);
}

struct sim_body {
  struct yajl_val_s v;
};

/* yajl stops at no depth of its own. */
static int too_deep(const char *text, size_t n) {
  int depth = 0, in_string = 0;
  for (size_t i = 0; i < n; i++) {
    char c = text[i];
    if (in_string) {
      if (c == '\\')
        i++;
      else if (c == '"')
        in_string = 0;
    } else if (c == '"') {
      in_string = 1;
    } else if (c == '{' || c == '[') {
      if (++depth > DEEPEST)
        return 1;
    } else if (c == '}' || c == ']') {
      depth--;
    }
  }
  return 0;
}

sim_body *sim_body_parse(const char *text, size_t n) {
  char why[8], *copy;
  yajl_val v;
  if (!n || memchr(text, '\0', n) || too_deep(text, n))
    return NULL;
  copy = malloc(n + 1);
  if (!copy)
    return NULL;
  memcpy(copy, text, n);
  copy[n] = '\0';
  v = yajl_tree_parse(copy, why, sizeof why);
  free(copy);
  if (v && !YAJL_IS_OBJECT(v)) {
    yajl_tree_free(v);
    return NULL;
  }
  return (sim_body *)v;
}

void sim_body_free(sim_body *b) {
  if (b)
    yajl_tree_free(&b->v);
}

/* Of a key that comes twice the last one counts. */
static yajl_val any_member(const sim_body *b, const char *key) {
  yajl_val found = NULL;
  if (!b)
    return NULL;
  for (size_t i = 0; i < b->v.u.object.len; i++)
    if (!strcmp(b->v.u.object.keys[i], key))
      found = b->v.u.object.values[i];
  return found;
}

static yajl_val member(const sim_body *b, const char *key) {
  yajl_val found = any_member(b, key);
  return YAJL_IS_NULL(found) ? NULL : found;
}

enum sim_kind sim_body_kind(const sim_body *b, const char *key) {
  yajl_val v = member(b, key);
  if (!v)
    return SIM_NONE;
  if (YAJL_IS_STRING(v))
    return SIM_STRING;
  if (YAJL_IS_INTEGER(v))
    return SIM_INTEGER;
  if (YAJL_IS_ARRAY(v))
    return SIM_ARRAY;
  if (YAJL_IS_OBJECT(v))
    return SIM_OBJECT;
  return YAJL_IS_TRUE(v) || YAJL_IS_FALSE(v) ? SIM_BOOLEAN : SIM_OTHER;
}

static const char *text_of(yajl_val v) {
  if (YAJL_IS_STRING(v))
    return YAJL_GET_STRING(v);
  return YAJL_IS_NUMBER(v) ? YAJL_GET_NUMBER(v) : NULL;
}

const char *sim_body_text(const sim_body *b, const char *key) {
  return text_of(member(b, key));
}

int64_t sim_body_integer(const sim_body *b, const char *key, int64_t absent) {
  yajl_val v = member(b, key);
  return YAJL_IS_INTEGER(v) ? YAJL_GET_INTEGER(v) : absent;
}

int sim_body_true(const sim_body *b, const char *key) {
  return YAJL_IS_TRUE(member(b, key));
}

int sim_body_null(const sim_body *b, const char *key) {
  yajl_val v = any_member(b, key);
  return v && YAJL_IS_NULL(v);
}

const sim_body *sim_body_object(const sim_body *b, const char *key) {
  yajl_val v = member(b, key);
  return YAJL_IS_OBJECT(v) ? (const sim_body *)v : NULL;
}

size_t sim_body_items(const sim_body *b, const char *key) {
  yajl_val v = member(b, key);
  return YAJL_IS_ARRAY(v) ? YAJL_GET_ARRAY(v)->len : 0;
}

const char *sim_body_item(const sim_body *b, const char *key, size_t i,
                          int *is_string) {
  yajl_val v = member(b, key);
  if (!YAJL_IS_ARRAY(v) || i >= YAJL_GET_ARRAY(v)->len)
    return NULL;
  v = YAJL_GET_ARRAY(v)->values[i];
  *is_string = YAJL_IS_STRING(v);
  return text_of(v);
}

const sim_body *sim_body_entry(const sim_body *b, const char *key, size_t i) {
  yajl_val v = member(b, key);
  if (!YAJL_IS_ARRAY(v) || i >= YAJL_GET_ARRAY(v)->len)
    return NULL;
  v = YAJL_GET_ARRAY(v)->values[i];
  return YAJL_IS_OBJECT(v) ? (const sim_body *)v : NULL;
}
