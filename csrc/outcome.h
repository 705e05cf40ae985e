/* SPDX-License-Identifier: MIT
   outcome.h - from what was observed to what it means: of a paid submit (was
   it sent, refused, accepted, or is that unknown), and of a free question. */
#ifndef MJ_OUTCOME_H
#define MJ_OUTCOME_H

#include "wire.h"

enum mj__verdict_kind {
  MJ__V_NOT_SENT, /* provably not processed: may be sent again */
  MJ__V_REFUSED,  /* provably not accepted */
  MJ__V_ACCEPTED, /* has an id */
  MJ__V_UNKNOWN   /* counts as paid */
};

struct mj__verdict {
  enum mj__verdict_kind kind;
  int code;      /* MJ_E* that the user sees when this is the end; MJ_OK */
  int retryable; /* the same request may succeed later */
};

/* A request that ended, however it did. */
struct mj__seen {
  int curl_code, http_status, sent;
  struct mj__said said;
  const char *body; /* for the message only */
  size_t body_len;
  const char *curl_text;
  const char *secret; /* not to be quoted; NULL = none */
};

void mj__outcome_submit(const struct mj__seen *s, struct mj__verdict *v);

/* Of a GET that asked for a task. */
enum mj__look {
  MJ__LOOK_TASK,    /* said.shape is TASK */
  MJ__LOOK_MISSING, /* the gateway does not know the id */
  MJ__LOOK_AGAIN,   /* trouble that may pass */
  MJ__LOOK_REFUSED  /* trouble that will not */
};
enum mj__look mj__outcome_fetch(const struct mj__seen *s, int *code);

/* One line for people: what came back, and what to do about it. */
void mj__explain(const struct mj__seen *s, int code, const char *what,
                 mj_error *err);

#endif
