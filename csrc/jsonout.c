/* SPDX-License-Identifier: MIT
   jsonout.c - writing JSON text. */
#include "json.h"

#include <stdio.h>

void mj__put_string(struct mj__buf *b, const char *s) {
  const char *run = s;
  mj__buf_add(b, "\"", 1);
  for (; *s; s++) {
    unsigned char c = (unsigned char)*s;
    if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
      continue;
    mj__buf_add(b, run, (size_t)(s - run));
    run = s + 1;
    if (c == '"' || c == '\\')
      mj__buf_printf(b, "\\%c", c);
    else if (c == '\n')
      mj__buf_add(b, "\\n", 2);
    else if (c == '\t')
      mj__buf_add(b, "\\t", 2);
    else
      mj__buf_printf(b, "\\u%04x", c);
  }
  mj__buf_add(b, run, (size_t)(s - run));
  mj__buf_add(b, "\"", 1);
}

static void put_children(struct mj__buf *b, const mj_value *v, int named) {
  const mj_value *i;
  for (i = v->first; i; i = i->next) {
    if (named) {
      mj__put_string(b, i->key);
      mj__buf_add(b, ":", 1);
    }
    mj__put_value(b, i);
    if (i->next)
      mj__buf_add(b, ",", 1);
  }
}

void mj__put_value(struct mj__buf *b, const mj_value *v) {
  switch (v->type) {
  case MJ_JSON_NULL:
    mj__buf_puts(b, "null");
    break;
  case MJ_JSON_FALSE:
    mj__buf_puts(b, "false");
    break;
  case MJ_JSON_TRUE:
    mj__buf_puts(b, "true");
    break;
  case MJ_JSON_NUMBER:
    mj__buf_add(b, v->text, v->len);
    break;
  case MJ_JSON_STRING:
    mj__put_string(b, v->text);
    break;
  case MJ_JSON_ARRAY:
    mj__buf_add(b, "[", 1);
    put_children(b, v, 0);
    mj__buf_add(b, "]", 1);
    break;
  case MJ_JSON_OBJECT:
    mj__buf_add(b, "{", 1);
    put_children(b, v, 1);
    mj__buf_add(b, "}", 1);
    break;
  }
}
