/* SPDX-License-Identifier: MIT
   wire_put.h - what the bodies of both families are made with. */
#ifndef MJ_WIRE_PUT_H
#define MJ_WIRE_PUT_H

#include "wire.h"

enum { MJ__PROMPT_MAX = 64 * 1024 };

/* A member of the object that b ends in, and its value: a string, a word of
   JSON or a number, a picture. */
void mj__put_name(struct mj__buf *b, const char *name);
void mj__put_member(struct mj__buf *b, const char *name, const char *v);
void mj__put_word(struct mj__buf *b, const char *name, const char *v);
void mj__put_picture(struct mj__buf *b, const char *name, const mj_picture *p);

/* JSON text of the caller's, which has to be an object; *doc is to be freed. */
int mj__read_object(const struct mj__mem *m, const char *field,
                    const char *text, mj_json **doc, mj_error *err);
/* The members of `extra` join the object that b ends in.  `ours` says of a
   name: 1 = set by the verb itself, which is refused, since one that came twice
   would be read as the first by some gateways and as the last by others; -1 =
   passed over. */
int mj__put_extra(struct mj__buf *b, const mj_value *extra,
                  int (*ours)(const void *ud, const char *name), const void *ud,
                  mj_error *err);

/* MJ_EINVALID: not there, nothing but blanks, or not UTF-8. */
int mj__check_prompt(const char *prompt, mj_error *err);
/* The same of one that has to say something besides its parameters. */
int mj__check_words(const char *prompt, mj_error *err);
int mj__check_pictures(const mj_request *r, size_t least, size_t most,
                       mj_error *err);
int mj__check_task(const mj_request *r, mj_error *err);

/* base and prefix: where all routes begin. */
void mj__put_base(struct mj__call *call, const struct mj__gateway *g);
/* MJ_OK, or what went wrong while the buffers were filled. */
int mj__call_done(const struct mj__call *call, mj_error *err);

#endif
