/* SPDX-License-Identifier: MIT
   ca.h - whose certificates are believed: the file of authorities, read on a
   thread of its own.  Debian's has 144 of them, which take 15 ms: a frame. */
#ifndef MJ_CA_H
#define MJ_CA_H

#include "mem.h"

struct mj__ca;

/* Begins to read `file`.  MJ_EUNSUPPORTED: not here (built without, or libcurl
   is not on this OpenSSL, whose version it calls `ssl`); it reads by itself. */
int mj__ca_new(struct mj__ca **out, const struct mj__mem *m, const char *file,
               const char *ssl);
/* Gives a new connection's SSL_CTX what was read, and waits for the rest of it
   if it has to.  0, or -1: the file is no good, and nobody is believed. */
int mj__ca_use(struct mj__ca *ca, void *ssl_ctx);
void mj__ca_free(struct mj__ca *ca); /* NULL is fine */

#endif
