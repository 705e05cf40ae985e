/* SPDX-License-Identifier: MIT
   wire_put.c - what the bodies of both families are made with. */
#include "wire_put.h"
#include "err.h"
#include "picture.h"
#include "prompt.h"

#include <stdio.h>
#include <string.h>

void mj__put_name(struct mj__buf *b, const char *name) {
  if (b->n && b->p[b->n - 1] != '{')
    mj__buf_add(b, ",", 1);
  mj__put_string(b, name);
  mj__buf_add(b, ":", 1);
}

void mj__put_member(struct mj__buf *b, const char *name, const char *v) {
  mj__put_name(b, name);
  mj__put_string(b, v);
}

void mj__put_word(struct mj__buf *b, const char *name, const char *v) {
  mj__put_name(b, name);
  mj__buf_puts(b, v);
}

void mj__put_picture(struct mj__buf *b, const char *name, const mj_picture *p) {
  mj__put_name(b, name);
  mj__picture_put(b, p);
}

int mj__read_object(const struct mj__mem *m, const char *field,
                    const char *text, mj_json **doc, mj_error *err) {
  mj_error why;
  int rc;
  mj__err_clear(&why);
  rc = mj_json_parse(doc, text, strlen(text), m->fn, m->ud, &why);
  if (rc == MJ_ERESOURCE)
    return mj__err_nomem(err);
  if (rc)
    return mj__err_set(err, MJ_EINVALID, "%s: %s", field, why.text);
  if (mj_json_root(*doc)->type == MJ_JSON_OBJECT)
    return MJ_OK;
  mj_json_free(*doc);
  *doc = NULL;
  return mj__err_set(err, MJ_EINVALID, "%s: an object expected", field);
}

int mj__put_extra(struct mj__buf *b, const mj_value *extra,
                  int (*ours)(const void *ud, const char *name), const void *ud,
                  mj_error *err) {
  const mj_value *v;
  for (v = extra->first; v; v = v->next) {
    int is = ours(ud, v->key);
    if (is > 0)
      return mj__err_set(err, MJ_EINVALID,
                         "extra: \"%s\" is set by the verb itself", v->key);
    if (is < 0)
      continue;
    mj__put_name(b, v->key);
    mj__put_value(b, v);
  }
  return MJ_OK;
}

int mj__check_prompt(const char *prompt, mj_error *err) {
  size_t n = prompt ? strlen(prompt) : 0, at;
  if (n == 0 || prompt[strspn(prompt, " \t\r\n")] == '\0')
    return mj__err_set(err, MJ_EINVALID, "prompt: it is empty");
  at = mj__utf8_check(prompt, n);
  if (at < n)
    return mj__err_set(err, MJ_EINVALID, "prompt: not UTF-8 at byte %zu",
                       at + 1);
  return MJ_OK;
}

int mj__check_words(const char *prompt, mj_error *err) {
  int rc = mj__check_prompt(prompt, err);
  if (rc == MJ_OK && mj__prompt_wordless(prompt))
    rc = mj__err_set(err, MJ_EINVALID,
                     "prompt: there is nothing but parameters in it");
  return rc;
}

int mj__check_pictures(const mj_request *r, size_t least, size_t most,
                       mj_error *err) {
  char field[40];
  size_t i;
  int rc = MJ_OK;
  if (r->npictures < least || r->npictures > most)
    return mj__err_set(err, MJ_EINVALID,
                       "pictures: %zu to %zu expected, got %zu", least, most,
                       r->npictures);
  for (i = 0; rc == MJ_OK && i < r->npictures; i++) {
    (void)snprintf(field, sizeof field, "picture %zu", i + 1);
    rc = mj__picture_check(&r->pictures[i], field, err);
  }
  return rc;
}

int mj__check_task(const mj_request *r, mj_error *err) {
  if (r->task && mj__id_ok(r->task))
    return MJ_OK;
  return mj__err_set(err, MJ_EINVALID, "task: not a task id: %.60s",
                     r->task ? r->task : "(none)");
}

void mj__put_base(struct mj__call *call, const struct mj__gateway *g) {
  mj__buf_puts(&call->url, g->base);
  if (g->prefix && *g->prefix)
    mj__buf_printf(&call->url, "%s%s", *g->prefix == '/' ? "" : "/", g->prefix);
}

int mj__call_done(const struct mj__call *call, mj_error *err) {
  int rc = call->url.err ? call->url.err : call->body.err;
  if (rc == MJ_ETOO_LARGE)
    return mj__err_set(err, rc, "the request is larger than %zu bytes",
                       call->body.max);
  return rc ? mj__err_nomem(err) : MJ_OK;
}
