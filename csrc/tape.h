/* SPDX-License-Identifier: MIT
   tape.h - exchanges with a gateway in a file, and out of one. */
#ifndef MJ_TAPE_H
#define MJ_TAPE_H

#include "mem.h"

#include <stdio.h>

enum { MJ__TAPE_TOKEN = 29 }; /* bytes of a token of ours: "mj_" and 26 */

/* An exchange of a transcript.  The strings are those of the document, but for
   bodies. */
struct mj__recorded {
  const char *method, *url; /* what stands behind the base, or all of it */
  char *request, *reply;    /* request NULL = none */
  size_t request_len, reply_len;
  int paid, used, stopped;
  int64_t took_ms;
  mj_http_result result;
};

struct mj_tape {
  struct mj__mem mem;
  int refs;
  int playing;
  FILE *out;  /* recording */
  int broken; /* errno of a line that could not be written */
  unsigned n;
  int64_t begun_ms;
  /* tokens by number: as they are now; recording: in order of appearance */
  char (*tokens)[MJ__TAPE_TOKEN + 1];
  size_t ntokens;
  char *head; /* the first line */
  struct mj__recorded *all;
  size_t nall;
  mj_json **docs;
  size_t ndocs;
  char wrong[480]; /* playing: the first thing that was not as recorded */
  /* playing: its own clock, which waits move, and nothing else does but ... */
  int64_t now_ms;
  /* ... turns that do not wait, so that who looks again and again sees an end
   */
  int spins;
  int64_t spun_from_ms, spun_at_ms;
};

/* tape.c: a transport in front of *tr, which it takes over, with the tape, base
   and key of *cfg, which outlive it.  A tape that plays is the clock as well,
   unless *cfg has one. */
int mj__tape_wrap(mj_transport *tr, mj_config *cfg, const struct mj__mem *m);
/* Before a reply is looked at.  Nothing for a transport without a tape. */
void mj__tape_done(const mj_transport *tr, uint64_t id, const char *reply,
                   size_t n, const mj_http_result *r);

/* tape_write.c */
struct mj__taking { /* a request that is under way */
  uint64_t id;      /* 0 = none */
  const char *method, *url, *body;
  size_t body_len;
  int paid;
  int64_t at_ms;
  const struct mj__recorded *found; /* playing */
  int64_t due_ms;                   /* playing: when it is answered */
};
void mj__tape_write(mj_tape *t, const char *base, const char *key,
                    const struct mj__taking *x, const char *reply, size_t n,
                    const mj_http_result *r);
/* The URL behind the base, or all of it. */
const char *mj__tape_path(const char *base, const char *url);
/* 1 = a token of ours begins there. */
int mj__tape_is_token(const char *p, size_t left);

/* tape_read.c */
int mj__tape_load(mj_tape *t, const char *path, mj_error *err);
/* The exchange for a request, or NULL and t->wrong. */
const struct mj__recorded *mj__tape_find(mj_tape *t, const char *base,
                                         const mj_http *req);
/* Its reply with the tokens of now; NULL = no memory.  The caller frees it. */
char *mj__tape_reply(mj_tape *t, const struct mj__recorded *x, size_t *n);

#endif
