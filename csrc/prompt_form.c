/* SPDX-License-Identifier: MIT
   prompt_form.c - a prompt taken apart, and put together again. */
#include "prompt.h"
#include "err.h"

#include <limits.h>
#include <string.h>

enum { WARNINGS_MAX = 64 * 1024 };

/* What mj_prompt_parse hands out, and all that it points to. */
struct parsed {
  mj_prompt prompt; /* first: mj_prompt_free gets its address */
  struct mj__mem mem;
  struct mj__arena arena;
};

static size_t address(const char *s, size_t n) {
  size_t i, front;
  if (n > 7 && memcmp(s, "http://", 7) == 0)
    front = 7;
  else if (n > 8 && memcmp(s, "https://", 8) == 0)
    front = 8;
  else
    return 0;
  for (i = front; i < n && !mj__blank(s[i]); i++)
    ;
  return i > front ? i : 0;
}

/* One more address off the front of s[0..n), and the blanks behind it. */
static size_t next_address(const char **s, size_t *n) {
  size_t len = address(*s, *n), i = len;
  while (len && i < *n && mj__blank((*s)[i]))
    i++;
  *s += i;
  *n -= i;
  return len;
}

/* The addresses in front of the text, and the text. */
static int take_head(struct parsed *d, const char *s, size_t n) {
  size_t i, count = 0, left, len;
  const char **images, *at;
  while (n > 0 && mj__blank(s[n - 1]))
    n--;
  while (n > 0 && mj__blank(*s)) {
    s++;
    n--;
  }
  for (at = s, left = n; next_address(&at, &left) > 0;)
    count++;
  images = mj__arena_alloc(&d->arena, (count + 1) * sizeof *images);
  if (!images)
    return MJ_ERESOURCE;
  for (i = 0; i < count; i++) {
    at = s;
    len = next_address(&s, &n);
    images[i] = mj__arena_strndup(&d->arena, at, len);
    if (!images[i])
      return MJ_ERESOURCE;
  }
  d->prompt.images = images;
  d->prompt.nimages = count;
  d->prompt.text = n ? mj__arena_strndup(&d->arena, s, n) : NULL;
  return n && !d->prompt.text ? MJ_ERESOURCE : MJ_OK;
}

/* "v7" and "niji 6" for --v 7 and --niji 6: what the generate family takes. */
static char *version_text(struct mj__arena *a, const struct mj__flag *f) {
  int niji = f->word_n == 4; /* neither --v nor --version */
  const char *front = niji ? "niji " : "v";
  size_t len = niji && f->value_n == 0 ? 4 : strlen(front);
  char *s = mj__arena_alloc(a, len + f->value_n + 1);
  if (!s)
    return NULL;
  memcpy(s, front, len);
  memcpy(s + len, f->value, f->value_n);
  s[len + f->value_n] = '\0';
  return s;
}

static int take_field(struct parsed *d, mj_param *to,
                      const struct mj__flag *f) {
  to->name = f->p->name;
  if (f->p->type == MJ__P_SWITCH)
    to->value = "true";
  else if (f->p->type == MJ__P_VERSION)
    to->value = version_text(&d->arena, f);
  else
    to->value = mj__arena_strndup(&d->arena, f->value, f->value_n);
  return to->value ? MJ_OK : MJ_ERESOURCE;
}

static int take_other(struct parsed *d, mj_param *to,
                      const struct mj__flag *f) {
  char *name = mj__arena_alloc(&d->arena, f->word_n + 3);
  size_t i;
  if (!name)
    return MJ_ERESOURCE;
  memcpy(name, "--", 2);
  memcpy(name + 2, f->word, f->word_n);
  name[f->word_n + 2] = '\0';
  for (i = 2; f->p && name[i]; i++)
    if (name[i] >= 'A' && name[i] <= 'Z')
      name[i] = (char)(name[i] - 'A' + 'a');
  to->name = name;
  to->value = mj__arena_strndup(&d->arena, f->value, f->value_n);
  return to->value ? MJ_OK : MJ_ERESOURCE;
}

/* Fields in the table's order, the others in the text's. */
static int take_flags(struct parsed *d, struct mj__flags *it,
                      struct mj__seen *seen) {
  struct mj__flags again = *it;
  struct mj__flag f;
  mj_param fields[MJ__PARAMETERS], *params, *others;
  size_t i, n = 0;
  int rc = MJ_OK;
  while (mj__flags_next(&again, &f))
    n++;
  memset(fields, 0, sizeof fields);
  params = mj__arena_alloc(&d->arena, sizeof fields);
  others = mj__arena_alloc(&d->arena, (n + 1) * sizeof *others);
  if (!params || !others)
    return MJ_ERESOURCE;
  while (rc == MJ_OK && mj__flags_next(it, &f)) {
    rc = mj__flag_check(seen, &f);
    if (rc == MJ_OK && f.p && f.p->name)
      rc = take_field(d, &fields[mj__parameter_index(f.p)], &f);
    else if (rc == MJ_OK)
      rc = take_other(d, &others[d->prompt.nothers++], &f);
  }
  for (i = 0; i < MJ__PARAMETERS; i++)
    if (fields[i].name)
      params[d->prompt.nparams++] = fields[i];
  d->prompt.params = params;
  d->prompt.others = others;
  return rc;
}

static int take_warnings(struct parsed *d, const struct mj__buf *lines) {
  const char **list, *s = lines->n ? lines->p : NULL;
  size_t i, n = 0;
  for (i = 0; i < lines->n; i++)
    n += s[i] == '\n';
  list = mj__arena_alloc(&d->arena, (n + 1) * sizeof *list);
  if (!list || lines->err == MJ_ERESOURCE)
    return MJ_ERESOURCE;
  d->prompt.warnings = list;
  for (; s && *s; s += *s == '\n') {
    size_t len = strcspn(s, "\n");
    const char *line = mj__arena_strndup(&d->arena, s, len);
    if (!line)
      return MJ_ERESOURCE;
    list[d->prompt.nwarnings++] = line;
    s += len;
  }
  return MJ_OK;
}

static int take_all(struct parsed *d, const char *text, size_t n,
                    struct mj__seen *seen) {
  struct mj__flags it, first;
  struct mj__flag f;
  int rc = mj__prompt_clean(text, n, seen->err);
  if (rc)
    return rc;
  mj__flags_init(&it, text, n, 0);
  first = it;
  rc = take_head(d, text,
                 mj__flags_next(&first, &f) ? (size_t)(f.written - text) : n);
  if (rc == MJ_OK)
    rc = take_flags(d, &it, seen);
  return rc ? rc : take_warnings(d, seen->warnings);
}

int mj_prompt_parse(mj_prompt **out, const char *text, size_t n, int lenient,
                    mj_alloc_fn alloc, void *alloc_ud, mj_error *err) {
  struct mj__mem m;
  struct mj__buf lines;
  struct mj__seen seen;
  struct parsed *d;
  int rc;
  *out = NULL;
  mj__err_clear(err);
  mj__mem_init(&m, alloc, alloc_ud);
  d = mj__alloc(&m, sizeof *d);
  if (!d)
    return mj__err_nomem(err);
  d->mem = m;
  mj__arena_init(&d->arena, &m);
  mj__buf_init(&lines, &m, WARNINGS_MAX);
  mj__seen_init(&seen, &lines, lenient, err);
  rc = take_all(d, text, n, &seen);
  mj__buf_free(&lines);
  if (rc) {
    mj_prompt_free(&d->prompt);
    return rc == MJ_ERESOURCE ? mj__err_nomem(err) : rc;
  }
  *out = &d->prompt;
  return MJ_OK;
}

void mj_prompt_free(mj_prompt *p) {
  struct parsed *d = (struct parsed *)(void *)p;
  struct mj__mem m;
  if (!d)
    return;
  m = d->mem;
  mj__arena_free(&d->arena);
  mj__free(&m, d);
}

/* Printing ---------------------------------------------------------------- */

static int put_image(struct mj__buf *out, const char *url, mj_error *err) {
  size_t n = strlen(url);
  int rc = mj__prompt_clean(url, n, err);
  if (rc)
    return rc;
  if (address(url, n) != n || n == 0)
    return mj__err_set(err, MJ_EINVALID,
                       "images: an http address expected, got %.60s", url);
  mj__put_blank(out);
  mj__buf_add(out, url, n);
  return MJ_OK;
}

/* A flag that is no field: one flag, and nothing that would be another. */
static int put_other(struct mj__buf *out, const mj_param *o,
                     struct mj__seen *seen) {
  size_t n = strlen(o->name), len = strlen(o->value);
  struct mj__flags it;
  struct mj__flag f, inner;
  int rc = mj__prompt_clean(o->value, len, seen->err);
  if (rc)
    return rc;
  mj__flags_init(&it, o->name, n, 1);
  if (!mj__flags_next(&it, &f) || f.written_n != n || f.word_n != n - 2)
    return mj__err_set(seen->err, MJ_EINVALID,
                       "a flag like \"--zoom\" expected, got %.40s", o->name);
  if (f.p && f.p->name)
    return mj__err_set(seen->err, MJ_EINVALID,
                       "%.40s: to be given as the field %s", o->name,
                       f.p->name);
  mj__flags_init(&it, o->value, len, 1);
  if (mj__flags_next(&it, &inner))
    return mj__err_set(seen->err, MJ_EINVALID, "%.40s: another flag in it",
                       o->name);
  f.value = o->value;
  f.value_n = len;
  f.whole_n = n;
  rc = mj__flag_check(seen, &f);
  if (rc)
    return rc;
  mj__put_blank(out);
  mj__buf_add(out, o->name, n);
  if (len) {
    mj__buf_add(out, " ", 1);
    mj__buf_add(out, o->value, len);
  }
  return MJ_OK;
}

static int put_all(struct mj__buf *out, const mj_prompt *p,
                   struct mj__seen *seen) {
  size_t i;
  int rc = MJ_OK;
  for (i = 0; rc == MJ_OK && i < p->nimages; i++)
    rc = put_image(out, p->images[i], seen->err);
  if (rc == MJ_OK && p->text && *p->text) {
    mj__put_blank(out);
    rc = mj__prompt_text(out, p->text, strlen(p->text), seen);
  }
  for (i = 0; rc == MJ_OK && i < p->nparams; i++)
    rc = mj__prompt_field(out, &p->params[i], seen);
  for (i = 0; rc == MJ_OK && i < p->nothers; i++)
    rc = put_other(out, &p->others[i], seen);
  return rc ? rc : mj__prompt_end(out, seen);
}

int mj_prompt_format(char *buf, size_t size, const mj_prompt *p, int lenient,
                     mj_error *err) {
  struct mj__mem m;
  struct mj__buf out;
  struct mj__seen seen;
  int rc;
  mj__err_clear(err);
  if (size == 0 || size > INT_MAX)
    return mj__err_set(err, MJ_EINVALID, "size: 1 to %d expected", INT_MAX);
  buf[0] = '\0';
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&out, &m, size - 1);
  out.p = buf; /* which is as large as it may get, so that it never grows */
  out.cap = size;
  mj__seen_init(&seen, NULL, lenient, err);
  rc = put_all(&out, p, &seen);
  return rc ? rc : (int)out.n;
}
