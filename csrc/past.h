/* SPDX-License-Identifier: MIT
   past.h - requests that were accepted, by the id of their task: for gateways
   that cannot repeat one themselves.  The oldest are forgotten first. */
#ifndef MJ_PAST_H
#define MJ_PAST_H

#include "index.h"

struct mj__old {
  struct mj__old *next;      /* by age */
  char *url, *body, *prompt; /* prompt may be NULL */
  size_t body_len;
  char id[]; /* of the task */
};

struct mj__past {
  struct mj__old *first, *last; /* first = the oldest */
  struct mj__index by_id;
  size_t n, bytes;
};

enum { MJ__PAST_MOST = 16 << 20 }; /* bytes that are kept */

/* Takes url and body over, whatever comes of it; copies the rest.  Without
   memory nothing is remembered. */
void mj__past_keep(struct mj__past *p, const struct mj__mem *m, const char *id,
                   char *url, char *body, size_t body_len, const char *prompt);
/* NULL = not remembered.  Valid until the next mj__past_keep. */
const struct mj__old *mj__past_find(const struct mj__past *p, const char *id);
void mj__past_free(struct mj__past *p, const struct mj__mem *m);

#endif
