/* SPDX-License-Identifier: MIT
   edit.c - changes an answer of our own that is JSON, without reading it into a
   tree: what is not touched stays as it was, byte by byte. */
#include "fault.h"

#include <stdio.h>
#include <string.h>

#define SPACE " \t\r\n"

static const char *skip_string(const char *p) {
  for (p++; *p && *p != '"'; p++)
    if (*p == '\\' && p[1])
      p++;
  return *p ? p + 1 : p;
}

static const char *skip_value(const char *p) {
  int depth = 0;
  if (*p == '"')
    return skip_string(p);
  if (*p != '{' && *p != '[')
    return p + strcspn(p, ",]}" SPACE);
  do {
    depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
    p = *p == '"' ? skip_string(p) : p + 1;
  } while (*p && depth);
  return p;
}

/* The member that begins at p, or NULL: where its value is, and the next. */
static const char *member(const char *p, const char **value, const char **end) {
  p += strspn(p, "," SPACE);
  if (*p != '"')
    return NULL;
  *value = skip_string(p);
  *value += strspn(*value, ":" SPACE);
  *end = skip_value(*value);
  return p;
}

static const char *find(const struct sim_buf *b, const char *key,
                        const char **value, const char **end) {
  const char *p = b->p ? b->p + strspn(b->p, SPACE) : "";
  size_t n = strlen(key);
  if (*p++ != '{')
    return NULL;
  while ((p = member(p, value, end)) != NULL) {
    if (!strncmp(p + 1, key, n) && p[n + 1] == '"')
      return p;
    p = *end;
  }
  return NULL;
}

int edit_find(const struct sim_buf *b, const char *key, size_t *at,
              size_t *len) {
  const char *value, *end;
  if (!find(b, key, &value, &end))
    return 0;
  *at = (size_t)(value - b->p);
  *len = (size_t)(end - value);
  return 1;
}

static void splice(struct sim_buf *b, size_t at, size_t len, const char *text) {
  struct sim_buf out = {0};
  sim_putn(&out, b->p, at);
  sim_put(&out, text);
  sim_putn(&out, b->p + at + len, b->n - at - len);
  sim_buf_free(b);
  *b = out;
}

void edit_set(struct sim_buf *b, const char *key, const char *json) {
  size_t at, len;
  if (edit_find(b, key, &at, &len))
    splice(b, at, len, json);
}

void edit_remove(struct sim_buf *b, const char *key) {
  const char *value, *end, *p = find(b, key, &value, &end);
  if (!p)
    return;
  end += strspn(end, SPACE);
  end += *end == ',';
  splice(b, (size_t)(p - b->p), (size_t)(end - p), "");
}

const char *edit_text(const struct sim_buf *b, const char *key, char *buf,
                      size_t size) {
  size_t at, len;
  if (!edit_find(b, key, &at, &len) || len < 2 || b->p[at] != '"')
    return NULL;
  snprintf(buf, size, "%.*s", (int)len - 2, b->p + at + 1);
  return buf;
}

static void edit_list(struct sim_call *c,
                      void (*edit)(struct sim_call *c, struct sim_buf *task)) {
  struct sim_buf out = {0};
  const char *p = strchr(c->out.p, '[') + 1, *end;
  sim_put(&out, "[");
  for (;;) {
    p += strspn(p, "," SPACE);
    if (*p != '{')
      break;
    struct sim_buf task = {0};
    end = skip_value(p);
    sim_putn(&task, p, (size_t)(end - p));
    edit(c, &task);
    sim_put(&out, out.n > 1 ? "," : "");
    sim_put(&out, task.p ? task.p : "");
    sim_buf_free(&task);
    p = end;
  }
  sim_put(&out, "]");
  sim_buf_free(&c->out);
  c->out = out;
}

void edit_tasks(struct sim_call *c,
                void (*edit)(struct sim_call *c, struct sim_buf *task)) {
  const char *p = c->out.p ? c->out.p + strspn(c->out.p, SPACE) : "";
  if (*p == '{')
    edit(c, &c->out);
  else if (*p == '[')
    edit_list(c, edit);
}
