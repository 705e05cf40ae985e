/* SPDX-License-Identifier: MIT
   ca.c - libssl, the only file that includes it. */
#include "ca.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct mj__ca {
  struct mj__mem mem;
  char *file;
  pthread_t thread;
  int reading;       /* the thread has not been joined */
  X509_STORE *store; /* NULL = it could not be read */
};

/* As libcurl does (lib/vtls/openssl.c): an authority in the file is believed,
   whether it signed itself or not. */
static void *read_file(void *ud) {
  struct mj__ca *ca = ud;
  X509_STORE *store = X509_STORE_new();
  if (store && X509_STORE_load_file(store, ca->file) == 1 &&
      X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST |
                                      X509_V_FLAG_PARTIAL_CHAIN) == 1)
    ca->store = store;
  else
    X509_STORE_free(store);
  OPENSSL_thread_stop(); /* its errors, and what else the thread had */
  return NULL;
}

/* Two OpenSSLs in one process do not share what they make. */
static int is_ours(const char *ssl) {
  char us[32];
  (void)snprintf(us, sizeof us, "OpenSSL/%d.%d.", (int)OPENSSL_version_major(),
                 (int)OPENSSL_version_minor());
  return ssl && strncmp(ssl, us, strlen(us)) == 0;
}

int mj__ca_new(struct mj__ca **out, const struct mj__mem *m, const char *file,
               const char *ssl) {
  struct mj__ca *ca;
  sigset_t all, old;
  int rc;
  *out = NULL;
  if (!file || !is_ours(ssl))
    return MJ_EUNSUPPORTED;
  ca = mj__alloc(m, sizeof *ca);
  if (!ca)
    return MJ_ERESOURCE;
  ca->mem = *m;
  ca->file = mj__strdup(m, file);
  if (!ca->file) {
    mj__free(m, ca);
    return MJ_ERESOURCE;
  }
  /* signals belong to the host's threads */
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &old);
  rc = pthread_create(&ca->thread, NULL, read_file, ca);
  (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (rc != 0) {
    mj__free(m, ca->file);
    mj__free(m, ca);
    return MJ_EUNSUPPORTED;
  }
  ca->reading = 1;
  *out = ca;
  return MJ_OK;
}

static void wait_for(struct mj__ca *ca) {
  if (ca->reading)
    (void)pthread_join(ca->thread, NULL);
  ca->reading = 0;
}

int mj__ca_use(struct mj__ca *ca, void *ssl_ctx) {
  wait_for(ca);
  if (!ca->store || !ssl_ctx)
    return -1;
  SSL_CTX_set1_cert_store(ssl_ctx, ca->store);
  return 0;
}

void mj__ca_free(struct mj__ca *ca) {
  struct mj__mem m;
  if (!ca)
    return;
  wait_for(ca);
  X509_STORE_free(ca->store);
  m = ca->mem;
  mj__free(&m, ca->file);
  mj__free(&m, ca);
}
