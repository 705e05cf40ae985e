/* SPDX-License-Identifier: MIT
   tape_read.c - a transcript, and which of its exchanges a request is. */
#include "err.h"
#include "json.h"
#include "tape.h"

#include <errno.h>
#include <string.h>

enum { LARGEST = 1 << 30 };

static int digit(int c) {
  return c >= 'A' && c <= 'Z'   ? c - 'A'
         : c >= 'a' && c <= 'z' ? c - 'a' + 26
         : c >= '0' && c <= '9' ? c - '0' + 52
         : c == '+'             ? 62
         : c == '/'             ? 63
                                : -1;
}

static void add_base64(struct mj__buf *b, const char *s, size_t n) {
  unsigned bits = 0;
  int have = 0, v;
  size_t i;
  for (i = 0; i < n && (v = digit((unsigned char)s[i])) >= 0; i++) {
    bits = bits << 6 | (unsigned)v;
    have += 6;
    if (have >= 8) {
      char c = (char)(bits >> (have - 8) & 0xff);
      mj__buf_add(b, &c, 1);
      have -= 8;
    }
  }
}

/* "reply", or "reply64" in pieces; NULL = none, or no memory (*bad). */
static char *body_of(const struct mj__mem *m, const mj_value *v,
                     const char *name, size_t *n, int *bad) {
  const mj_value *s = mj__json_get(v, name), *piece;
  char name64[16];
  struct mj__buf b;
  *n = 0;
  mj__buf_init(&b, m, LARGEST);
  if (s && s->type == MJ_JSON_STRING) {
    mj__buf_add(&b, s->text, s->len);
  } else {
    (void)snprintf(name64, sizeof name64, "%s64", name);
    s = mj__json_get(v, name64);
    if (!s || s->type != MJ_JSON_ARRAY)
      return NULL;
    mj__buf_add(&b, "", 0);
    for (piece = s->first; piece; piece = piece->next)
      if (piece->type == MJ_JSON_STRING)
        add_base64(&b, piece->text, piece->len);
  }
  *n = b.n;
  if (b.err || (!b.p && mj__buf_add(&b, "", 0) != MJ_OK))
    *bad = 1;
  if (!b.p)
    return mj__strdup(m, "");
  return mj__buf_steal(&b);
}

static int number(const mj_value *v, const char *name, int otherwise) {
  int64_t n;
  return mj__json_int(mj__json_get(v, name), &n) ? (int)n : otherwise;
}

/* No longer than a day: what somebody wrote into the file is no overflow. */
static int64_t duration(const mj_value *v, const char *name) {
  int64_t n;
  if (!mj__json_int(mj__json_get(v, name), &n) || n < 0)
    return 0;
  return n < 86400000 ? n : 86400000;
}

static int is_true(const mj_value *v, const char *name) {
  const mj_value *m = mj__json_get(v, name);
  return m && m->type == MJ_JSON_TRUE;
}

/* MJ_OK, MJ_EINVALID = no exchange, MJ_ERESOURCE. */
static int read_exchange(mj_tape *t, const mj_value *v) {
  struct mj__recorded *x = &t->all[t->nall];
  const char *path = mj__json_text(mj__json_get(v, "path"));
  int bad = 0;
  memset(x, 0, sizeof *x);
  x->method = mj__json_text(mj__json_get(v, "method"));
  x->url = path ? path : mj__json_text(mj__json_get(v, "url"));
  if (!x->method || !x->url)
    return MJ_EINVALID;
  x->paid = is_true(v, "paid");
  x->stopped = is_true(v, "stopped");
  x->took_ms = duration(v, "took");
  x->request = body_of(&t->mem, v, "request", &x->request_len, &bad);
  x->reply = body_of(&t->mem, v, "reply", &x->reply_len, &bad);
  x->result.http_status = number(v, "status", 0);
  x->result.curl_code = number(v, "curl", 0);
  x->result.sent = number(v, "sent", 2);
  x->result.blocked = is_true(v, "blocked");
  x->result.retry_after_ms = number(v, "retry_after", -1);
  x->result.content_type = mj__json_text(mj__json_get(v, "type"));
  x->result.location = mj__json_text(mj__json_get(v, "location"));
  x->result.text = mj__json_text(mj__json_get(v, "text"));
  t->nall++;
  return bad ? MJ_ERESOURCE : MJ_OK;
}

static int add_line(mj_tape *t, const char *line, size_t n, unsigned at,
                    mj_error *err) {
  size_t k = t->nall;
  void *all, *docs;
  mj_json *doc = NULL;
  int rc;
  if (at == 1) {
    t->head = mj__strndup(&t->mem, line, n);
    return t->head ? MJ_OK : mj__err_nomem(err);
  }
  all = mj__realloc(&t->mem, t->all, k * sizeof *t->all,
                    (k + 1) * sizeof *t->all);
  if (all)
    t->all = all;
  docs = mj__realloc(&t->mem, t->docs, k * sizeof *t->docs,
                     (k + 1) * sizeof *t->docs);
  if (docs)
    t->docs = docs;
  if (!all || !docs)
    return mj__err_nomem(err);
  rc = mj_json_parse(&doc, line, n, t->mem.fn, t->mem.ud, NULL);
  if (rc == MJ_OK) {
    t->docs[t->ndocs++] = doc;
    rc = read_exchange(t, mj_json_root(doc));
  }
  if (rc == MJ_ERESOURCE)
    return mj__err_nomem(err);
  return rc == 0 ? MJ_OK
                 : mj__err_set(err, MJ_EINVALID,
                               "line %u is no exchange of a transcript", at);
}

static int read_file(struct mj__buf *b, const char *path, mj_error *err) {
  char part[16384];
  size_t n;
  int bad;
  FILE *in = fopen(path, "rb");
  if (!in)
    return mj__err_set(err, MJ_ENOT_FOUND, "cannot open %.200s: %s", path,
                       strerror(errno));
  while ((n = fread(part, 1, sizeof part, in)) > 0)
    mj__buf_add(b, part, n);
  bad = ferror(in);
  (void)fclose(in);
  if (b->err == MJ_ERESOURCE)
    return mj__err_nomem(err);
  if (bad || b->err)
    return mj__err_set(err, MJ_EINVALID, "cannot read %.200s", path);
  return MJ_OK;
}

int mj__tape_load(mj_tape *t, const char *path, mj_error *err) {
  struct mj__buf b;
  const char *p, *end, *nl;
  unsigned at = 0;
  int rc;
  mj__buf_init(&b, &t->mem, LARGEST);
  rc = read_file(&b, path, err);
  p = b.p;
  end = p ? p + b.n : p;
  /* a line that was cut off by a kill is none */
  while (rc == MJ_OK && p && (nl = memchr(p, '\n', (size_t)(end - p)))) {
    rc = add_line(t, p, (size_t)(nl - p), ++at, err);
    p = nl + 1;
  }
  mj__buf_free(&b);
  if (rc == MJ_OK && !t->head)
    rc = mj__err_set(err, MJ_EINVALID, "%.200s is no transcript", path);
  return rc;
}

/* Matching ---------------------------------------------------------------- */

/* The number that a recorded token stands for, or -1. */
static long numbered(const char *p) {
  long n = 0;
  int i;
  for (i = 3; i < MJ__TAPE_TOKEN; i++) {
    if (p[i] < '0' || p[i] > '9' || n > 100000000)
      return -1;
    n = n * 10 + p[i] - '0';
  }
  return n - 1;
}

/* Makes room for the token with that number. */
static int reserve(mj_tape *t, long number) {
  size_t want = (size_t)number + 1, size = sizeof *t->tokens;
  void *more;
  if (want <= t->ntokens)
    return 0;
  more = mj__realloc(&t->mem, t->tokens, t->ntokens * size, want * size);
  if (!more)
    return -1;
  t->tokens = more;
  memset(t->tokens[t->ntokens], 0, (want - t->ntokens) * size);
  t->ntokens = want;
  return 0;
}

/* Where two texts part; -1 = nowhere.  A token of now is the recorded one if
   neither is another's; `bind` notes it. */
static long parts(mj_tape *t, const char *was, size_t n, const char *is,
                  size_t m, int bind) {
  size_t i;
  for (i = 0; i < n && i < m; i++) {
    long k;
    if (mj__tape_is_token(was + i, n - i) && mj__tape_is_token(is + i, m - i) &&
        (k = numbered(was + i)) >= 0 && k < 1000000 && reserve(t, k) == 0) {
      if (t->tokens[k][0] && memcmp(t->tokens[k], is + i, MJ__TAPE_TOKEN) != 0)
        return (long)i;
      if (bind)
        memcpy(t->tokens[k], is + i, MJ__TAPE_TOKEN);
      i += MJ__TAPE_TOKEN - 1;
    } else if (was[i] != is[i]) {
      return (long)i;
    }
  }
  return n == m ? -1 : (long)i;
}

static const char *from(const char *s, size_t n, long at, char *out,
                        size_t size) {
  size_t i = at > 20 ? (size_t)at - 20 : 0;
  size_t k = n - i < size - 1 ? n - i : size - 1;
  mj__clean(out, size, s + i, k, 0);
  return out;
}

static void differs(mj_tape *t, const struct mj__recorded *x, size_t index,
                    const mj_http *req, const char *path) {
  char was[60], is[60];
  size_t n = x->request ? x->request_len : 0;
  size_t m = req->body ? req->body_len : 0;
  long at = parts(t, x->request ? x->request : "", n,
                  req->body ? req->body : "", m, 0);
  (void)snprintf(t->wrong, sizeof t->wrong,
                 "replay: %s %.100s has another body than exchange %zu, from "
                 "byte %ld on: recorded \"%s\", now \"%s\"",
                 req->method, path, index + 1, at + 1,
                 from(x->request ? x->request : "", n, at, was, sizeof was),
                 from(req->body ? req->body : "", m, at, is, sizeof is));
}

/* How often a task is asked for depends on the clock: what was recorded less
   often is not answered, as nothing more was known. */
static const struct mj__recorded silence = {.stopped = 1};

const struct mj__recorded *mj__tape_find(mj_tape *t, const char *base,
                                         const mj_http *req) {
  const char *path = mj__tape_path(base, req->url);
  const struct mj__recorded *near = NULL;
  int before = 0;
  size_t i, m = strlen(path), n = req->body ? req->body_len : 0;
  const char *body = req->body ? req->body : "";
  for (i = 0; i < t->nall; i++) {
    struct mj__recorded *x = &t->all[i];
    const char *was = x->request ? x->request : "";
    if (strcmp(x->method, req->method) != 0 || x->paid != (req->paid != 0) ||
        parts(t, x->url, strlen(x->url), path, m, 0) >= 0)
      continue;
    if (x->used) {
      before = before || (!x->paid && !req->body);
      continue;
    }
    if (!near)
      near = x;
    if (parts(t, was, x->request_len, body, n, 0) >= 0)
      continue;
    (void)parts(t, x->url, strlen(x->url), path, m, 1);
    (void)parts(t, was, x->request_len, body, n, 1);
    x->used = 1;
    return x;
  }
  if (before)
    return &silence;
  if (t->wrong[0])
    return NULL;
  if (near)
    differs(t, near, (size_t)(near - t->all), req, path);
  else
    (void)snprintf(t->wrong, sizeof t->wrong,
                   "replay: %s %.200s was not recorded%s", req->method, path,
                   t->nall ? ", or not that often" : "");
  return NULL;
}

char *mj__tape_reply(mj_tape *t, const struct mj__recorded *x, size_t *n) {
  char *copy = mj__alloc(&t->mem, x->reply_len + 1);
  size_t i;
  *n = x->reply_len;
  if (!copy)
    return NULL;
  if (x->reply)
    memcpy(copy, x->reply, x->reply_len);
  for (i = 0; i + MJ__TAPE_TOKEN <= x->reply_len; i++) {
    long k;
    if (copy[i] != 'm' || !mj__tape_is_token(copy + i, x->reply_len - i) ||
        (k = numbered(copy + i)) < 0 || (size_t)k >= t->ntokens ||
        !t->tokens[k][0])
      continue;
    memcpy(copy + i, t->tokens[k], MJ__TAPE_TOKEN);
    i += MJ__TAPE_TOKEN - 1;
  }
  return copy;
}
