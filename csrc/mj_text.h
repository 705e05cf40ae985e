/* SPDX-License-Identifier: MIT
   mj_text.h - prompts and JSON, without a client.  Part of mj.h. */
#ifndef MJ_TEXT_H
#define MJ_TEXT_H

#include "mj_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* As realloc; nsize 0 frees.  Returns NULL when there is no memory. */
typedef void *(*mj_alloc_fn)(void *ud, void *ptr, size_t osize, size_t nsize);

/* Prompts ----------------------------------------------------------------- */

/* A prompt and its parts.  To print one: zero it, set what there is. */
typedef struct mj_prompt {
  const char *text;          /* without what is below; NULL = none */
  const char *const *images; /* addresses, written in front of the text */
  size_t nimages;
  const mj_param *params; /* as in mj_request: {"aspect", "3:2"} */
  size_t nparams;
  const mj_param *others; /* flags that are no field: {"--zoom", "2"}; "" where
                             there is no value */
  size_t nothers;
  const char *const *warnings; /* of mj_prompt_parse */
  size_t nwarnings;
} mj_prompt;

/* Takes a prompt apart.  Parameters come in the order of the table, so that
   two prompts that mean the same compare equal.  A value that cannot be one is
   MJ_EINVALID; one that is out of range or comes twice is too, unless
   `lenient`, when it is a warning and the last one counts. */
MJ_API int mj_prompt_parse(mj_prompt **out, const char *text, size_t n,
                           int lenient, mj_alloc_fn alloc, void *alloc_ud,
                           mj_error *err);
/* Writes it into buf[size], with a NUL, and returns its length; MJ_ETOO_LARGE
   when that does not fit.  Allocates nothing.  What mj_prompt_parse makes of
   it is what was given. */
MJ_API int mj_prompt_format(char *buf, size_t size, const mj_prompt *p,
                            int lenient, mj_error *err);
/* What mj_prompt_parse made; NULL is fine. */
MJ_API void mj_prompt_free(mj_prompt *p);

/* JSON -------------------------------------------------------------------- */

typedef enum mj_json_type {
  MJ_JSON_NULL,
  MJ_JSON_FALSE,
  MJ_JSON_TRUE,
  MJ_JSON_NUMBER,
  MJ_JSON_STRING,
  MJ_JSON_ARRAY,
  MJ_JSON_OBJECT
} mj_json_type;

/* Numbers keep their text.  Strings are UTF-8, end in a NUL that `len` does
   not count, and hold no other NUL.  Members keep the wire's order; a key that
   comes twice is there twice, and the last one counts. */
typedef struct mj_value {
  mj_json_type type;
  uint32_t len;     /* bytes of text, or number of items */
  const char *text; /* string, number */
  const struct mj_value *first, *next;
  const char *key; /* of an object's member */
  uint32_t key_len;
} mj_value;

typedef struct mj_json mj_json;
/* At most 64 levels.  The tree is freed with the document. */
MJ_API int mj_json_parse(mj_json **out, const char *text, size_t n,
                         mj_alloc_fn alloc, void *alloc_ud, mj_error *err);
MJ_API const mj_value *mj_json_root(const mj_json *doc);
MJ_API void mj_json_free(mj_json *doc);

#ifdef __cplusplus
}
#endif
#endif
