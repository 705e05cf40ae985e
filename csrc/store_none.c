/* SPDX-License-Identifier: MIT
   store_none.c - in place of the journal where it was not built. */
#include "err.h"
#include "key.h"
#include "sha256.h"
#include "share.h"
#include "store.h"

int mj__store_sqlite(mj__store **out, const struct mj__mem *m,
                     const struct mj__store_options *o, mj_error *err) {
  (void)m;
  (void)o;
  *out = NULL;
  return mj__err_set(err, MJ_EUNSUPPORTED,
                     "this mj was built without a journal: install "
                     "libsqlite3-dev and libssl-dev and build it again");
}

int mj__store_copy(mj__store **out, const struct mj__mem *m, const char *path,
                   mj_error *err) {
  (void)path;
  return mj__store_sqlite(out, m, NULL, err);
}

long mj__store_owner(const char *path) {
  (void)path;
  return 0;
}

const char *mj__store_library(void) {
  return "no journal";
}

/* Only journals have keys. */
int mj__key_print(const mj_request *r, const char *base_url,
                  char out[MJ__KEY_MAX]) {
  (void)r;
  (void)base_url;
  (void)out;
  return MJ_EUNSUPPORTED;
}

int mj__key_make(struct mj__tallies *k, const struct mj__mem *m,
                 const mj_request *r, const char *base_url,
                 char out[MJ__KEY_MAX]) {
  (void)k;
  (void)m;
  (void)r;
  (void)base_url;
  (void)out;
  return MJ_EUNSUPPORTED;
}

void mj__tallies_free(struct mj__tallies *k, const struct mj__mem *m) {
  (void)k;
  (void)m;
}

/* And only journals know files by their digests. */
void mj__sha256_begin(struct mj__sha256 *d) {
  d->context = NULL;
}

void mj__sha256_add(struct mj__sha256 *d, const void *p, size_t n) {
  (void)d;
  (void)p;
  (void)n;
}

int mj__sha256_hex(struct mj__sha256 *d, char out[2 * MJ__SHA256 + 1]) {
  (void)d;
  out[0] = '\0';
  return -1;
}

/* Limits are shared beside a journal. */
int mj__share_open(struct mj__share **out, const struct mj__mem *m,
                   const char *path, const char *gateway, const char *key,
                   mj_error *err) {
  (void)m;
  (void)path;
  (void)gateway;
  (void)key;
  *out = NULL;
  return mj__err_set(err, MJ_EUNSUPPORTED, "this mj was built without SQLite");
}

void mj__share_close(struct mj__share *s) {
  (void)s;
}

int64_t mj__share_take(struct mj__share *s, const struct mj__share_want *want,
                       int64_t now_ms) {
  (void)s;
  (void)want;
  (void)now_ms;
  return 0;
}

void mj__share_release(struct mj__share *s, const char *token, int64_t now_ms) {
  (void)s;
  (void)token;
  (void)now_ms;
}

void mj__share_pause(struct mj__share *s, int64_t until_ms, int64_t now_ms) {
  (void)s;
  (void)until_ms;
  (void)now_ms;
}

int mj__share_pending(const struct mj__share *s) {
  (void)s;
  return 0;
}

void mj__share_flush(struct mj__share *s, int64_t now_ms) {
  (void)s;
  (void)now_ms;
}
