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
  int parent;    /* refused because of the task that it builds on: gateways say
                    so of one that has just ended */
  int busy;      /* provably not taken, since the gateway has too much to do:
                    later it may be */
  int queued;    /* accepted, and other tasks go first */
};

/* A request that ended, however it did. */
struct mj__reply {
  int curl_code, http_status, sent;
  struct mj__said said;
  const char *body; /* for the message only */
  size_t body_len;
  size_t body_max; /* it had more than that, and was cut off; 0 = it is whole */
  const char *curl_text;
  const char *secret;  /* not to be quoted; NULL = none */
  int generate;        /* 1 = a gateway of that family says it */
  int wants_list;      /* 1 = an upload, accepted with addresses and no id */
  const char *url;     /* that was asked, for the message; NULL = not told */
  const char *mode;    /* a part of it, or NULL */
  const char *dialect; /* as the user gave it; NULL = found out */
  const mj_outcome *rules; /* the user's, see mj_outcome */
  size_t nrules;
  int known; /* 1 = the gateway is there: it took work, or its family was told
                by its answers.  What it lacks then is a route */
};

void mj__outcome_submit(const struct mj__reply *s, struct mj__verdict *v);

/* outcome_rule.c: the user's own rows.  Sets the verdict and returns 1 when one
   of them fits the reply. */
int mj__outcome_rule(const struct mj__reply *s, struct mj__verdict *v);
/* MJ_OK, or MJ_EINVALID and what is wrong with one. */
int mj__outcome_rules_check(const mj_outcome *rules, size_t n, mj_error *err);

/* Of a free question. */
enum mj__look {
  MJ__LOOK_GOOD,    /* what was asked for: a task, a list, a seed ... */
  MJ__LOOK_MISSING, /* the gateway does not know the id */
  MJ__LOOK_AGAIN,   /* trouble that may pass */
  MJ__LOOK_REFUSED  /* trouble that will not */
};
enum mj__look mj__outcome_ask(const struct mj__reply *s, enum mj__route route,
                              int *code);

/* Of a task that failed, with this MJ_E* and these words (may be NULL): 1 =
   the same request may do better, since it is not what was asked for that is at
   fault. */
int mj__outcome_may_repeat(int code, const char *reason);

/* 1 = the gateway has no such route: not what a proxy in front of it says,
   which may be restarting. */
int mj__outcome_no_route(const struct mj__reply *s);

/* One line for people: what came back, and what to do about it. */
void mj__explain(const struct mj__reply *s, int code, const char *what,
                 mj_error *err);

#endif
