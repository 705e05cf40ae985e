/* SPDX-License-Identifier: MIT
   picture.h - pictures that travel in a request. */
#ifndef MJ_PICTURE_H
#define MJ_PICTURE_H

#include "mem.h"

/* "image/png", "image/jpeg", "image/webp" or "image/gif" by the first bytes;
   NULL = none of these. */
const char *mj__picture_type(const char *bytes, size_t n);
/* 1 = "http://..." or "https://..."; 0 = bytes or a data URI. */
int mj__picture_is_url(const mj_picture *p);
/* The first bytes of one that is no address, at most `most`, and how many. */
size_t mj__picture_head(const mj_picture *p, char *out, size_t most);
/* How many bytes it has; 0 = it is an address. */
size_t mj__picture_len(const mj_picture *p);
/* 1, and the size that the head of a PNG tells; 0 = it is none. */
int mj__picture_size(const mj_picture *p, int *width, int *height);
/* A JSON string: the address, or the data URI.  The picture was checked. */
void mj__picture_put(struct mj__buf *b, const mj_picture *p);
/* MJ_OK, or MJ_EINVALID with what is wrong with `field`. */
int mj__picture_check(const mj_picture *p, const char *field, mj_error *err);

/* Bytes as base64 with padding. */
void mj__put_base64(struct mj__buf *b, const unsigned char *p, size_t n);

#endif
