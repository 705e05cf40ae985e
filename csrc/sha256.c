/* SPDX-License-Identifier: MIT
   sha256.c - libcrypto, the only file that includes it. */
#include "sha256.h"

#include <openssl/evp.h>

static void give_up(struct mj__sha256 *d) {
  EVP_MD_CTX_free(d->context);
  d->context = NULL;
}

void mj__sha256_begin(struct mj__sha256 *d) {
  d->context = EVP_MD_CTX_new();
  if (d->context && EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) != 1)
    give_up(d);
}

void mj__sha256_add(struct mj__sha256 *d, const void *p, size_t n) {
  if (d->context && n > 0 && EVP_DigestUpdate(d->context, p, n) != 1)
    give_up(d);
}

int mj__sha256_end(struct mj__sha256 *d, unsigned char out[MJ__SHA256]) {
  int ok = d->context && EVP_DigestFinal_ex(d->context, out, NULL) == 1;
  give_up(d);
  return ok ? 0 : -1;
}

int mj__sha256_hex(struct mj__sha256 *d, char out[2 * MJ__SHA256 + 1]) {
  static const char digits[] = "0123456789abcdef";
  unsigned char bits[MJ__SHA256];
  int i, rc = mj__sha256_end(d, bits);
  for (i = 0; rc == 0 && i < MJ__SHA256; i++) {
    out[2 * i] = digits[bits[i] >> 4];
    out[2 * i + 1] = digits[bits[i] & 15];
  }
  out[rc == 0 ? 2 * MJ__SHA256 : 0] = '\0';
  return rc;
}

int mj__sha256(const void *p, size_t n, unsigned char out[MJ__SHA256]) {
  struct mj__sha256 d;
  mj__sha256_begin(&d);
  mj__sha256_add(&d, p, n);
  return mj__sha256_end(&d, out);
}
