/* SPDX-License-Identifier: MIT
   json.c - the only file that knows the parser (yajl): its events become a
   small tree in an arena, numbers keep their text. */
#include "json.h"
#include "err.h"

#include <setjmp.h>
#include <string.h>
#include <yajl/yajl_parse.h>
#include <yajl/yajl_version.h>

struct mj_json {
  struct mj__mem mem;
  struct mj__arena arena;
  yajl_handle y;
  mj_value *root;
  mj_value *stack[MJ__JSON_DEPTH]; /* open arrays and objects */
  mj_value *last[MJ__JSON_DEPTH];  /* their last item */
  int depth;
  const char *key;
  uint32_t key_len;
  int bom; /* bytes of a byte order mark seen; -1 = past the beginning */
  int code;
  const char *why;
  mj__json_item_fn item; /* of the outermost array; NULL = nobody waits */
  void *item_ud;
  size_t item_max;   /* 0 = the tree is kept whole */
  size_t fed, chunk; /* bytes; before the ones that are being parsed */
  size_t item_at;
  struct mj__arena items; /* of the one that is being read */
  jmp_buf no_memory;
};

static int refuse(mj_json *d, int code, const char *why) {
  if (!d->code) {
    d->code = code;
    d->why = why;
  }
  return 0; /* yajl: stop */
}

static int is_list(const mj_json *d) {
  return d->item && d->depth > 0 && d->root->type == MJ_JSON_ARRAY;
}

static int is_streamed(const mj_json *d) {
  return d->item_max && is_list(d);
}

/* Behind the token that was read last. */
static size_t here(const mj_json *d) {
  return d->chunk + yajl_get_bytes_consumed(d->y);
}

/* Where the next value lies. */
static struct mj__arena *home(mj_json *d) {
  return is_streamed(d) ? &d->items : &d->arena;
}

/* An item of the outermost array is whole. */
static int hand_over(mj_json *d) {
  int rc;
  if (d->depth != 1 || !is_list(d))
    return 1;
  rc = d->item(d->item_ud, d->last[0], home(d));
  if (is_streamed(d)) {
    d->root->first = d->last[0] = NULL;
    mj__arena_free(&d->items);
  }
  return rc == MJ_OK ? 1 : refuse(d, rc, "not taken");
}

static mj_value *add(mj_json *d, mj_json_type type) {
  mj_value *v = mj__arena_alloc(home(d), sizeof *v);
  if (is_streamed(d) && d->items.total > d->item_max) {
    refuse(d, MJ_ETOO_LARGE, "an item that is too large");
    return NULL;
  }
  if (!v) {
    refuse(d, MJ_ERESOURCE, "out of memory");
    return NULL;
  }
  memset(v, 0, sizeof *v);
  v->type = type;
  v->key = d->key;
  v->key_len = d->key_len;
  d->key = NULL;
  d->key_len = 0;
  if (d->depth == 0) {
    d->root = v;
  } else {
    mj_value *up = d->stack[d->depth - 1], *prev = d->last[d->depth - 1];
    if (prev)
      prev->next = v;
    else
      up->first = v;
    d->last[d->depth - 1] = v;
    up->len++;
  }
  return v;
}

static int on_null(void *ud) {
  return add(ud, MJ_JSON_NULL) != NULL && hand_over(ud);
}

static int on_bool(void *ud, int yes) {
  return add(ud, yes ? MJ_JSON_TRUE : MJ_JSON_FALSE) != NULL && hand_over(ud);
}

/* yajl writes the second half of a surrogate pair that stands alone
   ("\udc00") as three bytes that are not UTF-8, and lets overlong forms and
   what is beyond U+10FFFF pass.  The former comes from text cut by somebody
   and becomes '?', as yajl makes of a first half; the latter is refused. */
static const char *make_utf8(mj_json *d, char *s, uint32_t *len) {
  size_t n = *len, from = 0, to = 0;
  while (from < n) {
    size_t good = mj__utf8_check(s + from, n - from);
    memmove(s + to, s + from, good);
    from += good;
    to += good;
    if (from == n)
      break;
    if (n - from < 3 || (unsigned char)s[from] != 0xed ||
        (s[from + 1] & 0xe0) != 0xa0 || (s[from + 2] & 0xc0) != 0x80) {
      refuse(d, MJ_EPROTOCOL, "text that is not UTF-8");
      return NULL;
    }
    s[to++] = '?';
    from += 3;
  }
  s[to] = '\0';
  *len = (uint32_t)to;
  return s;
}

/* A copy; NULL = the document is refused, for `nul` if there is one in it. */
static const char *take_text(mj_json *d, const char *s, size_t n, uint32_t *len,
                             const char *nul) {
  int plain = mj__utf8_check(s, n) == n; /* which stops at a NUL, too */
  char *copy;
  if (!plain && memchr(s, '\0', n)) {
    refuse(d, MJ_EPROTOCOL, nul);
    return NULL;
  }
  copy = mj__arena_strndup(home(d), s, n);
  *len = (uint32_t)n;
  if (!copy)
    refuse(d, MJ_ERESOURCE, "out of memory");
  return plain || !copy ? copy : make_utf8(d, copy, len);
}

static int on_text(mj_json *d, mj_json_type type, const char *s, size_t n) {
  mj_value *v;
  if (n > MJ__JSON_STRING)
    return refuse(d, MJ_EPROTOCOL, "a string of more than 1 MiB");
  v = add(d, type);
  if (!v)
    return 0;
  v->text = take_text(d, s, n, &v->len, "a string with a NUL in it");
  return v->text ? hand_over(d) : 0;
}

static int on_number(void *ud, const char *s, size_t n) {
  return on_text(ud, MJ_JSON_NUMBER, s, n);
}

static int on_string(void *ud, const unsigned char *s, size_t n) {
  return on_text(ud, MJ_JSON_STRING, (const char *)s, n);
}

static int on_key(void *ud, const unsigned char *s, size_t n) {
  static const char odd[] = "a member name that is too long or odd";
  mj_json *d = ud;
  if (n > 1024)
    return refuse(d, MJ_EPROTOCOL, odd);
  d->key = take_text(d, (const char *)s, n, &d->key_len, odd);
  return d->key != NULL;
}

static int open_node(mj_json *d, mj_json_type type) {
  mj_value *v;
  if (d->depth == MJ__JSON_DEPTH)
    return refuse(d, MJ_EPROTOCOL, "nested more than 64 levels deep");
  v = add(d, type);
  if (!v)
    return 0;
  if (d->depth == 1)
    d->item_at = here(d) - 1;
  d->stack[d->depth] = v;
  d->last[d->depth] = NULL;
  d->depth++;
  return 1;
}

static int on_map(void *ud) {
  return open_node(ud, MJ_JSON_OBJECT);
}

static int on_array(void *ud) {
  return open_node(ud, MJ_JSON_ARRAY);
}

static int on_close(void *ud) {
  mj_json *d = ud;
  d->depth--;
  return hand_over(d);
}

static const yajl_callbacks callbacks = {on_null,   on_bool,   NULL,    NULL,
                                         on_number, on_string, on_map,  on_key,
                                         on_close,  on_array,  on_close};

/* yajl does not look at what malloc gives it, so its memory comes from the
   arena, and an arena that is at its end leaves the parser by longjmp: nothing
   is lost, since yajl owns nothing else, and the handle is not used again. */
struct held {
  size_t size;
};

enum { HELD = 16 }; /* keeps what follows aligned */

static void *yajl_get(void *ud, size_t n) {
  mj_json *d = ud;
  struct held *h = mj__arena_alloc(&d->arena, HELD + n);
  if (!h)
    longjmp(d->no_memory, 1);
  h->size = n;
  return (char *)h + HELD;
}

static void *yajl_more(void *ud, void *p, size_t n) {
  void *q = yajl_get(ud, n);
  if (p) {
    size_t old = ((struct held *)((char *)p - HELD))->size;
    memcpy(q, p, old < n ? old : n);
  }
  return q;
}

static void yajl_drop(void *ud, void *p) {
  (void)ud;
  (void)p;
}

int mj__json_new(mj_json **out, const struct mj__mem *m) {
  mj_json *d = mj__alloc(m, sizeof *d);
  *out = NULL;
  if (!d)
    return MJ_ERESOURCE;
  d->mem = *m;
  mj__arena_init(&d->arena, m);
  mj__arena_init(&d->items, m);
  *out = d;
  return MJ_OK;
}

void mj__json_each(mj_json *d, mj__json_item_fn fn, void *ud, size_t item_max) {
  d->item = fn;
  d->item_ud = ud;
  d->item_max = item_max;
}

void mj__json_watch(mj_json *d, mj__json_item_fn fn, void *ud) {
  mj__json_each(d, fn, ud, 0);
}

size_t mj__json_span(const mj_json *d, size_t *len) {
  *len = here(d) - d->item_at;
  return d->item_at;
}

/* The handle is made when the first byte comes. */
static yajl_status parse(mj_json *d, const char *p, size_t n) {
  if (setjmp(d->no_memory)) {
    refuse(d, MJ_ERESOURCE, "out of memory");
    return yajl_status_error;
  }
  if (!d->y) {
    yajl_alloc_funcs f;
    f.malloc = yajl_get;
    f.realloc = yajl_more;
    f.free = yajl_drop;
    f.ctx = d;
    d->y = yajl_alloc(&callbacks, &f, d);
    /* make_utf8 looks at every string, and more strictly */
    (void)yajl_config(d->y, yajl_dont_validate_strings, 1);
    /* check_tail looks at what comes behind the end */
    (void)yajl_config(d->y, yajl_allow_trailing_garbage, 1);
  }
  return p ? yajl_parse(d->y, (const unsigned char *)p, n)
           : yajl_complete_parse(d->y);
}

/* yajl rejects a byte order mark; some gateways' proxies add one. */
static size_t skip_bom(mj_json *d, const char *p, size_t n) {
  static const char mark[] = "\xef\xbb\xbf";
  size_t i = 0;
  while (d->bom >= 0 && i < n) {
    if (p[i] == mark[d->bom]) {
      i++;
      d->bom = d->bom == 2 ? -1 : d->bom + 1;
    } else {
      if (d->bom > 0)
        refuse(d, MJ_EPROTOCOL, "a broken byte order mark");
      d->bom = -1;
    }
  }
  return i;
}

static int explain(mj_json *d, mj_error *err) {
  return mj__err_set(err, d->code, "not JSON: %s", d->why);
}

static int is_whole(const mj_json *d) {
  return d->root && d->depth == 0;
}

/* Behind the end there is white space at most, which for yajl is also \v and
   \f.  It would let the beginning of another token pass: {"code":1}" and
   {"code":1}tru. */
static void check_tail(mj_json *d, const char *p, size_t n) {
  while (n > 0 && *p && strchr(" \t\n\v\f\r", *p)) {
    p++;
    n--;
  }
  if (n > 0)
    refuse(d, MJ_EPROTOCOL, "followed by something else");
}

int mj__json_feed(mj_json *d, const char *p, size_t n, mj_error *err) {
  size_t at = skip_bom(d, p, n);
  d->chunk = d->fed + at;
  d->fed += n;
  if (!d->code && n > at && !is_whole(d)) {
    if (parse(d, p + at, n - at) != yajl_status_ok)
      refuse(d, MJ_EPROTOCOL, "bad syntax");
    else
      at = is_whole(d) ? at + yajl_get_bytes_consumed(d->y) : n;
  }
  if (!d->code && is_whole(d))
    check_tail(d, p + at, n - at);
  return d->code ? explain(d, err) : MJ_OK;
}

int mj__json_finish(mj_json *d, mj_error *err) {
  if (!d->code && d->y && parse(d, NULL, 0) != yajl_status_ok)
    refuse(d, MJ_EPROTOCOL, "cut off");
  if (!d->code && !d->root)
    refuse(d, MJ_EPROTOCOL, "empty");
  return d->code ? explain(d, err) : MJ_OK;
}

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

const char *mj__json_library(void) {
  return "yajl/" TEXT(YAJL_MAJOR) "." TEXT(YAJL_MINOR) "." TEXT(YAJL_MICRO);
}

struct mj__arena *mj__json_arena(mj_json *d) {
  return &d->arena;
}

const mj_value *mj_json_root(const mj_json *d) {
  return d && !d->code ? d->root : NULL;
}

void mj_json_free(mj_json *d) {
  if (!d)
    return;
  mj__arena_free(&d->items);
  mj__arena_free(&d->arena);
  mj__free(&d->mem, d);
}

int mj_json_parse(mj_json **out, const char *text, size_t n, mj_alloc_fn alloc,
                  void *alloc_ud, mj_error *err) {
  struct mj__mem m;
  int rc;
  mj__err_clear(err);
  mj__mem_init(&m, alloc, alloc_ud);
  rc = mj__json_new(out, &m);
  if (rc)
    return mj__err_nomem(err);
  rc = mj__json_feed(*out, text, n, err);
  if (!rc)
    rc = mj__json_finish(*out, err);
  if (rc) {
    mj_json_free(*out);
    *out = NULL;
  }
  return rc;
}

const mj_value *mj__json_get(const mj_value *obj, const char *key) {
  const mj_value *v, *hit = NULL;
  size_t n = strlen(key);
  if (!obj || obj->type != MJ_JSON_OBJECT)
    return NULL;
  for (v = obj->first; v; v = v->next)
    if (v->key_len == n && memcmp(v->key, key, n) == 0)
      hit = v;
  return hit;
}

const char *mj__json_text(const mj_value *v) {
  if (!v || (v->type != MJ_JSON_STRING && v->type != MJ_JSON_NUMBER))
    return NULL;
  return v->len ? v->text : NULL;
}

int mj__json_int(const mj_value *v, int64_t *out) {
  const char *s = mj__json_text(v);
  int64_t n = 0;
  int neg;
  if (!s)
    return 0;
  neg = *s == '-';
  s += neg;
  if (!*s)
    return 0;
  for (; *s; s++) {
    int digit = *s - '0';
    if (digit < 0 || digit > 9 || n > (INT64_MAX - digit) / 10)
      return 0;
    n = n * 10 + digit;
  }
  *out = neg ? -n : n;
  return 1;
}
