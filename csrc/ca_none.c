/* SPDX-License-Identifier: MIT
   ca_none.c - without libssl: libcurl reads the file of authorities itself, on
   the caller's thread. */
#include "ca.h"

int mj__ca_new(struct mj__ca **out, const struct mj__mem *m, const char *file,
               const char *ssl) {
  (void)m;
  (void)file;
  (void)ssl;
  *out = NULL;
  return MJ_EUNSUPPORTED;
}

int mj__ca_use(struct mj__ca *ca, void *ssl_ctx) {
  (void)ca;
  (void)ssl_ctx;
  return -1;
}

void mj__ca_free(struct mj__ca *ca) {
  (void)ca;
}
