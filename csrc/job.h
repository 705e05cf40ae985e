/* SPDX-License-Identifier: MIT
   job.h - the machine behind a job: legal states, and what to do next.  No
   I/O, no clock: time comes in as an argument. */
#ifndef MJ_JOB_H
#define MJ_JOB_H

#include "outcome.h"
#include "retry.h"
#include "schedule.h"

enum mj__kind { MJ__TASK = 1, MJ__FETCH, MJ__WRITE, MJ__TIMER, MJ__ASK };

/* READY -> DISPATCHING(n) -> ACCEPTED(id) -> RUNNING -> SUCCEEDED | FAILED |
   CANCELLED; DISPATCHING -> READY only when it provably was not sent, or was
   refused.  A task that asks back: RUNNING -> NEEDS_MODAL -> DISPATCHING. */
#define MJ__STATE_MAP(X)                                                       \
  X(NEW)                                                                       \
  X(LOOKUP) /* a click that needs the task's buttons first */                  \
  X(READY)                                                                     \
  X(DISPATCHING)                                                               \
  X(ACCEPTED)                                                                  \
  X(RUNNING)                                                                   \
  X(NEEDS_MODAL)                                                               \
  X(UNKNOWN)                                                                   \
  X(SUCCEEDED)                                                                 \
  X(FAILED)                                                                    \
  X(CANCELLED)                                                                 \
  X(REJECTED)                                                                  \
  X(ABANDONED)                                                                 \
  X(DOWNLOADED)

enum mj__state {
#define X(name) MJ__##name,
  MJ__STATE_MAP(X)
#undef X
      MJ__STATES
};
const char *mj__state_name(enum mj__state s);

/* An event and the memory behind it. */
struct mj__event {
  struct mj__event *next;
  mj_event pub;
  mj_json *doc; /* pub.task lies in its arena */
  char *body;   /* pub.data, or the JSON text of pub.task */
  mj_error *err;
  unsigned char queued, seen; /* seen: somebody holds what it points to */
};

/* What a click brought along for a dialog that its task may open. */
struct mj__input {
  char *prompt, *mask; /* with its parameters; a data URI */
  double zoom;         /* 0 = none */
};

/* How far the wish to stop a task that runs has come. */
enum mj__stopping { MJ__STOP_NO, MJ__STOP_WANTED, MJ__STOP_ASKED };

struct mj__job {
  mj_id id;
  struct mj__job *next, *prev; /* in the queue it waits in */
  struct mj__lane *lane;       /* there, where groups take turns */
  unsigned char kind, state, op;
  unsigned char queue;      /* which one, 0 = none */
  unsigned progress_on : 1; /* report progress */
  unsigned cancel : 1;      /* given up while it was being sent */
  unsigned detached : 1;    /* likewise, and the gateway is not told */
  unsigned tracked : 1;     /* not ours: somebody gave the id */
  unsigned slot : 1;        /* holds a place in the live window */
  unsigned over : 1;        /* its end is known and waits for its record */
  unsigned region : 1;      /* the dialog of Vary Region */
  unsigned wants_zoom : 1;  /* that of Custom Zoom */
  unsigned told : 1;        /* its acceptance was reported */
  unsigned doubted : 1;     /* its refused key was asked about again */
  unsigned answerable : 1;  /* `input` is all that a dialog could want */
  unsigned answered : 1;    /* it was sent: never again */
  unsigned unsure : 1;      /* or was about to be: the task itself tells */
  unsigned announced : 1;   /* the acceptance itself told of a dialog */
  unsigned builds_on : 1;   /* its request names another task */
  unsigned stop_only : 1;   /* somebody wants a task stopped, no more */
  unsigned stopping : 2;    /* enum mj__stopping */
  unsigned asked : 1;       /* UNKNOWN: a list was seen */
  unsigned swept : 1;       /* UNKNOWN: the list under way began after it */
  unsigned again : 1;       /* its row is there, of a request never made */
  unsigned replayed : 1;    /* its end is the row's, which stays as it is */
  unsigned leaves : 1;      /* its end is this program's: its row stays as it
                               is, and the work goes on */
  unsigned late : 1;        /* its deadline passed while it was being sent */
  unsigned moved_home : 1;  /* its row has to be told so */
  unsigned resent : 1;   /* it is sent again, and may have been taken before */
  unsigned reserved : 1; /* `pending` is given back if it was not paid */
  unsigned char route;   /* enum mj__route of the request */
  unsigned char round, rounds; /* submissions so far, with this one, and at
                                  most */
  unsigned char dear;     /* its next request is a retry, and costs so much of
                             the quota; 0 = it is none */
  unsigned char purse;    /* enum mj__purse of `counted` */
  uint32_t group;         /* whom it takes turns with; 0 = its verb's */
  short status, progress; /* as last seen */
  short attempt, polls, misses, troubles, stops;
  short held;  /* retries that were not even sent: the gateway is in trouble */
  int32_t day; /* when `counted` was, in days since 1970 */
  int nids;    /* of `ids` */
  int ahead;   /* tasks before it when it was accepted, -1 = not told */
  uint64_t timer;    /* seq of its entry in the heap, 0 = none */
  uint64_t deadline; /* likewise */
  uint64_t record;   /* the store's number of its newest record */
  uint64_t exchange; /* the request under way, 0 = none */
  int64_t accepted_ms, trouble_ms;
  char *task_id;             /* at the gateway */
  char *key, *scope, *print; /* of its row in the journal */
  int64_t sent_ms;           /* when its last attempt left */
  int64_t absent_ms; /* UNKNOWN, unsure: when there first was no trace of it
                        where one should be; 0 = not yet */
  char *parent;      /* click: the task that has the button */
  char *state_user, *token; /* the caller's state, the wire's */
  char *mode, *hook;
  union {            /* of different states */
    char *suggested; /* a dialog's first prompt */
    char *suspect;   /* UNKNOWN: the id of a task that is it */
  };
  struct mj__input *input;
  struct mj__kept *kept; /* NEW, LOOKUP: the caller's request; later the one
                            for another round */
  char *prompt;          /* where replies do not repeat it */
  const char *action;    /* likewise: "UPSCALE", static */
  char *old_task_id, *old_token; /* events may point to them, and to these */
  const char **ids, **old_ids; /* of all tasks, when one request made several */
  char *url, *body;            /* the request, once it is known */
  size_t body_len;
  struct mj__home *home;       /* of `counted`, where that is not its client */
  union {                      /* by kind */
    struct mj__work *work;     /* MJ__WRITE */
    struct mj__tariff *tariff; /* MJ__TASK: what it is priced as; NULL = not
                                  known yet */
  };
  int64_t counted, pending; /* money: in all, and for the newest attempt */
  /* embedded, so that reporting never needs memory */
  struct mj__event accepted, moved, done;
};

/* The only place that changes a job's state.  MJ_EINVALID, and no change, for
   an edge that is not in the table. */
int mj__job_go(struct mj__job *j, enum mj__state to);
int mj__edge_ok(enum mj__state from, enum mj__state to);
int mj__state_final(enum mj__state s);

/* What the caller has to do. */
enum mj__do {
  MJ__DO_SEND,   /* queue the paid request at at_ms */
  MJ__DO_POLL,   /* ask at at_ms */
  MJ__DO_ANSWER, /* the task's dialog, which is a paid request */
  MJ__DO_ACCEPT, /* has an id: record, report, poll at at_ms */
  MJ__DO_END     /* with `code`; MJ_OK = success */
};

struct mj__todo {
  enum mj__do what;
  int64_t at_ms;
  int code;
  int again; /* a retry may help */
};

struct mj__rules {
  const mj_poll *poll;
  int attempts;
  int64_t lost_after_ms;
  int64_t busy_ms; /* how long a gateway that is full is asked again; 0 = not */
};

void mj__job_on_submit(struct mj__job *j, const struct mj__verdict *v,
                       int64_t retry_after_ms, const struct mj__rules *r,
                       int64_t now, uint32_t random, struct mj__todo *out);
/* A retry of a paid request that the quota did not let go: 1 = again at *at_ms,
   0 = it has waited long enough. */
int mj__job_held(struct mj__job *j, const struct mj__rules *r, int64_t now,
                 uint32_t random, int64_t *at_ms);
/* `t` is what a poll brought; changed = status or progress moved on. */
void mj__job_on_task(struct mj__job *j, const mj_task *t,
                     const struct mj__rules *r, int64_t now,
                     struct mj__todo *out, int *changed);
/* A poll that brought no task. */
void mj__job_on_trouble(struct mj__job *j, enum mj__look look, int code,
                        int64_t retry_after_ms, const struct mj__rules *r,
                        int64_t now, uint32_t random, struct mj__todo *out);

#endif
