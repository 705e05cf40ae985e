/* SPDX-License-Identifier: MIT
   key.h - the name of a piece of work: the same request has the same one, in
   the next process too. */
#ifndef MJ_KEY_H
#define MJ_KEY_H

#include "mem.h"

/* "1.", 32 hexadecimal digits, a dot, and which of several equal ones. */
enum { MJ__KEY_MAX = 64, MJ__KEY_OWN = 200 }; /* OWN: the longest of a caller */

/* How often each request was made since the start. */
struct mj__tallies {
  struct mj__tally *slots;
  size_t n, cap;
};

/* "1." and 32 digits of the request as the caller gave it, to this gateway
   (NULL = any).  MJ_OK or MJ_ERESOURCE. */
int mj__key_print(const mj_request *r, const char *base_url,
                  char out[MJ__KEY_MAX]);
/* The same, a dot, and which of several equal ones. */
int mj__key_make(struct mj__tallies *k, const struct mj__mem *m,
                 const mj_request *r, const char *base_url,
                 char out[MJ__KEY_MAX]);
void mj__tallies_free(struct mj__tallies *k, const struct mj__mem *m);

#endif
