/* SPDX-License-Identifier: MIT
   json.h - reading JSON as its bytes arrive, and writing it. */
#ifndef MJ_JSON_H
#define MJ_JSON_H

#include "mem.h"

enum { MJ__JSON_DEPTH = 64, MJ__JSON_STRING = 1 << 20 };

/* A document under construction: feed it, then finish it once.  Errors stick.
   The tree lives as long as the document. */
int mj__json_new(mj_json **out, const struct mj__mem *m);
int mj__json_feed(mj_json *doc, const char *p, size_t n, mj_error *err);
int mj__json_finish(mj_json *doc, mj_error *err);
struct mj__arena *mj__json_arena(mj_json *doc);

/* For a list that may be long, before its first byte: each item of the
   outermost array is handed over when it is whole, and its memory is given
   back; the root stays without them.  A document that is no array is read as
   ever.  `a` may be used until fn returns; anything but MJ_OK from fn stops the
   document with that code, as does an item that needs more than item_max bytes
   of memory (MJ_ETOO_LARGE). */
typedef int (*mj__json_item_fn)(void *ud, const mj_value *item,
                                struct mj__arena *a);
void mj__json_each(mj_json *doc, mj__json_item_fn fn, void *ud,
                   size_t item_max);
/* The same, and the tree is kept whole: `a` is the document's, and an item may
   take what there is. */
void mj__json_watch(mj_json *doc, mj__json_item_fn fn, void *ud);
/* Within fn, of an item that is an array or an object: where it begins in what
   was fed so far, and its length. */
size_t mj__json_span(const mj_json *doc, size_t *len);

/* The member `key` of an object, the last of that name, or NULL. */
const mj_value *mj__json_get(const mj_value *obj, const char *key);
/* The text of a string or number that is not empty, else NULL. */
const char *mj__json_text(const mj_value *v);
/* An integer that fits, from a number or a string of digits; 1 if it is one. */
int mj__json_int(const mj_value *v, int64_t *out);

const char *mj__json_library(void); /* name and version */

/* Writing.  Strings must be UTF-8 (mj__utf8_check). */
void mj__put_string(struct mj__buf *b, const char *s);
void mj__put_value(struct mj__buf *b, const mj_value *v);

#endif
