/* SPDX-License-Identifier: MIT
   store_none.c - in place of the journal where it was not built. */
#include "err.h"
#include "key.h"
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

const char *mj__store_library(void) {
  return "no journal";
}

/* Only journals have keys. */
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
