/* SPDX-License-Identifier: MIT
   mj_int.h - the client's inside, shared by client.c, submit.c, dispatch.c,
   reply.c, turn.c and jobs.c, and by nobody else. */
#ifndef MJ_INT_H
#define MJ_INT_H

#include "err.h"
#include "http.h"
#include "job.h"
#include "json.h"
#include "limit.h"
#include "mem.h"
#include "outcome.h"
#include "schedule.h"
#include "store.h"
#include "timer.h"
#include "wire.h"
#include "worker.h"

/* A year: longer times are mistakes, and would overflow in sums. */
#define MJ__LONGEST INT64_C(31536000000)

/* Queues of jobs; a job is in one at most. */
enum mj__queue_name {
  MJ__Q_NONE,
  MJ__Q_FETCH,  /* pictures: their addresses expire, so they go first */
  MJ__Q_SUBMIT, /* paid */
  MJ__Q_POLL,   /* and look-ups of buttons */
  MJ__Q_RECORD, /* waits until its record is durable */
  MJ__QUEUES
};

struct mj__queue {
  struct mj__job *first, *last;
  size_t n;
};

/* All jobs, by id.  An id is a slot and a generation, below 2^53. */
struct mj__jobs {
  struct mj__job **slots;
  uint32_t *generation;
  uint32_t *free_list;
  uint32_t cap, nfree, used;
};

enum mj__purpose { MJ__X_SUBMIT, MJ__X_POLL, MJ__X_LOOKUP, MJ__X_FETCH };

/* A request under way; there are as many as connections. */
struct mj__exchange {
  uint64_t id; /* 0 = free; id % count is its place */
  mj_id job;
  enum mj__purpose purpose;
  uint64_t ticket; /* 0 = none, or redeemed */
  int bad_json;
  struct mj__buf url, reply;
  mj_json *doc;
  mj_error json_err;
};

struct mj_client {
  struct mj__mem mem;
  mj_config cfg; /* its strings are in `strings` */
  struct mj__arena strings;
  struct mj__gateway gateway;
  const struct mj__wire *wire;
  mj_header *api_headers, *plain_headers;
  size_t napi, nplain;
  mj_transport tr;
  mj__store *store;
  struct mj__worker *worker;
  struct mj__jobs jobs;
  struct mj__timers timers;
  struct mj__queue queues[MJ__QUEUES];
  struct mj__exchange *x;
  int nx;
  int *xfree, nxfree;
  uint64_t xseq, ticket_seq;
  struct mj__bucket submits, requests;
  struct mj__window live;
  struct mj__rules rules;
  struct mj__event *ev_first, *ev_last;
  int64_t now;     /* of this turn */
  int64_t pump_at; /* a bucket opens then; -1 = nothing waits for one */
  uint32_t rng;
  size_t njobs; /* not ended */
  int nwatched; /* descriptors of others */
  uint64_t nsubmits, npolls, nrequests;
  unsigned busy : 1;     /* inside a turn */
  unsigned dirty : 1;    /* something was queued since the last pump */
  unsigned poisoned : 1; /* the store failed: nothing paid leaves any more */
};

int64_t mj__clock(const mj_client *c);
uint32_t mj__random(mj_client *c);
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void mj__log(mj_client *c, int level, const char *fmt, ...);
void mj__redact(const mj_client *c, char *text); /* its key, in place */

/* jobs.c */
struct mj__job *mj__job_new(mj_client *c, enum mj__kind kind);
void mj__job_free(mj_client *c, struct mj__job *j);
/* One that has not ended, and ends without an event. */
void mj__job_drop(mj_client *c, struct mj__job *j);
struct mj__job *mj__job_of(mj_client *c, mj_id id); /* NULL = gone */
void mj__jobs_free(mj_client *c);
void mj__enqueue(mj_client *c, struct mj__job *j, enum mj__queue_name q);
void mj__dequeue(mj_client *c, struct mj__job *j); /* in none is fine */
void mj__arm(mj_client *c, struct mj__job *j, int64_t at_ms);
void mj__disarm(struct mj__job *j);

/* submit.c: the request of a job whose button is known becomes READY. */
int mj__make_ready(mj_client *c, struct mj__job *j, const mj_request *r,
                   mj_error *err);
int mj__record(mj_client *c, struct mj__job *j);

/* dispatch.c */
void mj__pump(mj_client *c);
struct mj__exchange *mj__exchange_of(mj_client *c, uint64_t id);
void mj__exchange_free(mj_client *c, struct mj__exchange *x);
void mj__send_paid(mj_client *c, struct mj__job *j);

/* reply.c */
void mj__submit_ended(mj_client *c, struct mj__job *j, const struct mj__seen *s,
                      int64_t retry_after_ms);

/* turn.c: reporting.  `x` (may be NULL) gives up its reply to the event. */
void mj__report_accepted(mj_client *c, struct mj__job *j);
void mj__report_progress(mj_client *c, struct mj__job *j,
                         struct mj__exchange *x, mj_task *t);
/* The end of a job: recorded first, then reported.  err NULL = success. */
void mj__end(mj_client *c, struct mj__job *j, const mj_error *err,
             struct mj__exchange *x, mj_task *t);
void mj__end_text(mj_client *c, struct mj__job *j, int code, const char *text);
void mj__leave_slot(mj_client *c, struct mj__job *j);
void mj__settled(mj_client *c, struct mj__job *j);

#endif
