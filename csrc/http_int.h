/* SPDX-License-Identifier: MIT
   http_int.h - shared by http.c and http_easy.c. */
#ifndef MJ_HTTP_INT_H
#define MJ_HTTP_INT_H

#include "ca.h"
#include "http.h"
#include "poller.h"

#include <curl/curl.h>

/* A pooled handle and the request it carries. */
struct mj__easy {
  struct mj__curl *t;
  mj_client *client;
  CURL *e;
  uint64_t id; /* 0 = free */
  const char *body;
  size_t body_len, body_at;
  int paid, foreign, trusted;
  int prereqs;         /* how often libcurl was about to send */
  int sent;            /* our own latch; see mj_http_result */
  int blocked;         /* the address rules said no */
  size_t head, lines;  /* of the reply's header, so far */
  const char *refusal; /* why we broke it off, or NULL */
  int64_t began_ms;    /* of a paid one, as of mj__os_boot_ms */
  int late;            /* its record was too old to send it */
  int unbelieving;     /* the file of authorities is no good */
  int full;            /* the client does not take what comes */
  int held;            /* libcurl keeps a piece: the turn's time was up */
  int due;             /* whose turn it is: one piece, whatever the time */
  struct mj__easy *next_held;
  char errbuf[CURL_ERROR_SIZE];
};

struct mj__curl {
  struct mj__http_config cfg;
  struct mj__poller *poller;
  CURLM *multi;
  struct mj__ca *ca; /* NULL = libcurl reads the authorities itself */
  struct mj__easy *pool;
  int npool;
  int *free_list, nfree;
  struct {
    const mj_header *key;
    struct curl_slist *list;
  } lists[4];
  int64_t due_ms; /* libcurl's timer, -1 = none */
  int64_t end_us; /* of this turn's budget */
  int ended;      /* transfers that nobody has looked at yet */
  int part;       /* of a turn, which comes next */
  struct mj__easy *held_first, *held_last;
  uint64_t connects;
  size_t sockets, sockets_peak;
};

/* Makes the handle with everything that does not change. */
int mj__easy_open(struct mj__easy *x);
/* Sets what this request needs. */
int mj__easy_arm(struct mj__easy *x, const mj_http *req);
/* Takes it out of the list of those that are held, if it is there. */
void mj__easy_unhold(struct mj__easy *x);
/* Fills *r from a finished handle. */
void mj__easy_result(struct mj__easy *x, CURLcode code, mj_http_result *r);

#endif
