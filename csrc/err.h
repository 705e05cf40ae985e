/* SPDX-License-Identifier: MIT
   err.h - filling in an mj_error. */
#ifndef MJ_ERR_H
#define MJ_ERR_H

#include "mj.h"

/* Sets *e and returns `code`.  The first error wins: one that is already set
   is not overwritten.  NULL e is fine.  The text is cleaned for a terminal. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
int mj__err_set(mj_error *e, int code, const char *fmt, ...);
int mj__err_nomem(mj_error *e);
void mj__err_clear(mj_error *e);

/* Copies hostile text into out[size]: control characters (C0, DEL, C1) become
   spaces, runs of white space one space, invalid UTF-8 '?', tags of an HTML
   page go; never cut inside a character. */
void mj__clean(char *out, size_t size, const char *text, size_t n, int html);

/* Replaces `key` (NULL is fine) by ***, in place: also where blanks were put
   into it, and where the text ends in the middle of it.  Keys of fewer than 8
   bytes cannot be told from words and stay. */
void mj__hide(char *text, const char *key);

/* Offset of the first byte that is not UTF-8 (or of a NUL), or n. */
size_t mj__utf8_check(const char *s, size_t n);

#endif
