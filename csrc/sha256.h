/* SPDX-License-Identifier: MIT
   sha256.h - the digest of bytes. */
#ifndef MJ_SHA256_H
#define MJ_SHA256_H

#include <stddef.h>

enum { MJ__SHA256 = 32 };

/* 0, or -1 when the library has no memory. */
int mj__sha256(const void *p, size_t n, unsigned char out[MJ__SHA256]);

/* The same in pieces.  What was begun must be ended; a failure on the way is
   told at the end. */
struct mj__sha256 {
  void *context;
};
void mj__sha256_begin(struct mj__sha256 *d);
void mj__sha256_add(struct mj__sha256 *d, const void *p, size_t n);
int mj__sha256_end(struct mj__sha256 *d, unsigned char out[MJ__SHA256]);
/* Ends it as 64 hexadecimal digits; "" when it fails. */
int mj__sha256_hex(struct mj__sha256 *d, char out[2 * MJ__SHA256 + 1]);

#endif
