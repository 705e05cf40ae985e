/* SPDX-License-Identifier: MIT
   storebed.h - a folder of its own for each test of a store, and records. */
#ifndef MJ_SPEC_STOREBED_H
#define MJ_SPEC_STOREBED_H

#include "job.h"
#include "store.h"

#include <stdatomic.h>
#include <stddef.h>

struct bed {
  char folder[64];
  char path[96];     /* of the journal in it */
  char lines[65536]; /* recovery lines, each with its newline */
  size_t nlines, nbytes;
  atomic_int wakes; /* the last one comes before the store is freed */
  mj_error err;
};

/* An empty folder; 0, or -1. */
int bed_make(struct bed *b);
/* The folder with all that lies in it. */
void bed_remove(struct bed *b);
/* Only the journal and what lies beside it. */
void bed_clear(struct bed *b);
/* How many names in the folder contain `part`. */
int bed_count(const struct bed *b, const char *part);

/* The journal, whose recovery lines come to the bed.  vfs may be NULL. */
int bed_open(struct bed *b, mj__store **out, const struct mj__mem *m,
             const char *vfs);

struct mj__record bed_record(const char *token, enum mj__state state);

#endif
