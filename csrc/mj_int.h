/* SPDX-License-Identifier: MIT
   mj_int.h - the client's inside, shared by the files that are named over their
   functions here, and by nobody else. */
#ifndef MJ_INT_H
#define MJ_INT_H

#include "budget.h"
#include "err.h"
#include "fair.h"
#include "http.h"
#include "index.h"
#include "job.h"
#include "json.h"
#include "key.h"
#include "limit.h"
#include "mem.h"
#include "outcome.h"
#include "past.h"
#include "retry.h"
#include "schedule.h"
#include "sha256.h"
#include "share.h"
#include "store.h"
#include "timer.h"
#include "window.h"
#include "wire.h"
#include "worker.h"

/* A year: longer times are mistakes, and would overflow in sums. */
#define MJ__LONGEST INT64_C(31536000000)

/* Of doubts about one prompt; the rest of them is not told. */
enum { MJ__WARNINGS_MOST = 4096 };

/* Queues of jobs; a job is in one at most. */
enum mj__queue_name {
  MJ__Q_NONE,
  MJ__Q_FETCH,   /* pictures: their addresses expire, so they go first */
  MJ__Q_ANSWER,  /* paid, of a task that has its place in the window */
  MJ__Q_SUBMIT,  /* paid, and new; groups take turns */
  MJ__Q_POLL,    /* how far a task is; likewise */
  MJ__Q_OTHER,   /* look-ups of buttons, lists, seeds, cancelling */
  MJ__Q_RECORD,  /* waits until its record is durable */
  MJ__Q_FAMILY,  /* as the caller gave it: the gateway's family is not known */
  MJ__Q_UNKNOWN, /* sent without an answer: waits for what can be found out */
  MJ__QUEUES
};

struct mj__queue {
  struct mj__job *first, *last;
  size_t n;
};

/* All jobs, by id.  An id is a slot and a generation, below 2^53. */
struct mj__jobs {
  struct mj__index tokens; /* with a journal: of those that have not ended */
  struct mj__job **slots;
  uint32_t *generation;
  uint32_t *free_list;
  uint32_t cap, nfree, used;
};

enum mj__purpose {
  MJ__X_SUBMIT,
  MJ__X_POLL,
  MJ__X_LOOKUP,
  MJ__X_FETCH,
  MJ__X_ASK,   /* a list, a seed */
  MJ__X_STOP,  /* the cancel route */
  MJ__X_RECON, /* belongs to no job: a list, for all in MJ__Q_UNKNOWN */
  MJ__X_HINT,  /* belongs to no job: the task that a callback spoke of */
  MJ__X_PROBE  /* belongs to no job */
};

/* Ways to send the key, in the order in which they are tried: most gateways
   are new-api's resellers, and trueai takes the second one, too. */
enum mj__auth { MJ__BEARER, MJ__SECRET, MJ__RAW, MJ__AUTHS };

/* What is found out about a gateway by asking it. */
struct mj__learned {
  unsigned absent[4]; /* by mode, since that is a part of the path: a bit per
                         enum mj__route */
  int family_known;   /* 1 = client.wire is the gateway's */
  int family_guessed; /* 1 = it answered to neither family's question */
  int family_heard;   /* 1 = it answered to its family's question */
  int took_work;      /* 1 = it accepted a submission */
  int auth_given;     /* 1 = by the user, or there is no key */
  int auth_known;     /* 1 = no question before the next request */
  int auth_guessed;   /* 1 = the question brought nothing but trouble */
  enum mj__auth auth, mj_auth; /* mj_auth: to come back to */
  int pages;        /* answers of this round that were web pages; < 0: and
                       somebody looked at the key */
  int tries;        /* of a question that brought nothing but trouble */
  int64_t probe_at; /* not before */
  uint64_t probe;   /* the exchange under way, 0 = none */
};

/* A request under way; there are as many as connections. */
struct mj__exchange {
  uint64_t id; /* 0 = free; id % count is its place */
  mj_id job;
  enum mj__purpose purpose;
  const struct mj__wire *wire; /* the family it was asked in */
  uint64_t ticket;             /* 0 = none, or redeemed */
  int64_t marked_ms; /* paid: the date of its record; 0 = without a journal */
  int64_t left_ms;   /* when it was started */
  int dear;          /* it is a retry, which cost so much; 0 = not */
  int bad_json;
  size_t taken; /* bytes of a list that went through */
  struct mj__buf url, reply;
  mj_json *doc;
  struct mj__list *list; /* its tasks so far; NULL = it is no list */
  mj_error json_err;
};

enum {
  MJ__TOKEN = 29,   /* bytes of one: "mj_" and 26 */
  MJ__WITNESSES = 8 /* asked for in the journal, at most */
};

/* A list that is read while it arrives. */
struct mj__sweep {
  char seen[MJ__WITNESSES][MJ__TOKEN + 1]; /* other tasks of ours, a ring */
  size_t nseen;
};

/* A callback's word that a task is work of ours. */
enum { MJ__HINTS = 16 };
struct mj__hint {
  char token[MJ__TOKEN + 1], id[80];
};

struct mj_client {
  struct mj__mem mem;
  mj_config cfg; /* its strings are in `strings` */
  struct mj__arena strings;
  struct mj__gateway gateway;
  const struct mj__wire *wire;
  mj_header *api_headers, *plain_headers;
  size_t napi, nplain;
  mj_header *api_sets[MJ__AUTHS]; /* api_headers is one of them */
  char *image_origin; /* of strings; NULL = pictures come as they are */
  struct mj__learned learned;
  mj_transport tr;
  mj__store *store;
  struct mj__worker *worker;
  struct mj__jobs jobs;
  struct mj__timers timers;
  struct mj__queue queues[MJ__QUEUES];
  struct mj__fair turns[2]; /* of MJ__Q_SUBMIT and MJ__Q_POLL */
  struct mj__shares shares;
  struct mj__quota quota;
  struct mj__exchange *x;
  int nx;
  int *xfree, nxfree;
  uint64_t xseq, ticket_seq;
  struct mj__bucket submits, requests;
  struct mj__window live;
  int64_t shared_at;       /* no place, or no rate, is left to others before */
  struct mj__share *share; /* NULL = the limits are this client's alone */
  struct mj__held *held; /* places of tasks that an earlier start left there */
  size_t held_n, held_cap;
  struct mj__index held_by; /* token; of those that are still taken */
  int64_t held_until;       /* none of them becomes free by itself before */
  struct mj__rules rules;
  struct mj__past past; /* what was sent to a gateway that does not repeat it */
  struct mj__event *ev_first, *ev_last;
  int64_t now;          /* of this turn */
  int64_t pump_at;      /* a bucket opens then; -1 = nothing waits for one */
  int64_t paused_until; /* nothing new that is paid leaves before; INT64_MAX =
                           until somebody says so */
  int starts;           /* that this turn may still make */
  int wakes, settles;   /* timers that it may run; records it may settle */
  uint32_t rng;
  size_t njobs;   /* not ended */
  int nwatched;   /* descriptors of others */
  size_t nwrites; /* files that the worker has */
  char *run;      /* scope of the keys made of them */
  struct mj__journal *in_journal;
  mj_client *next_in_journal;
  int64_t limit;                 /* of the budget, -1 = none */
  int refused;                   /* for its sake, in this turn */
  struct mj__fund *fund, *funds; /* fund NULL = nothing is limited; funds: its
                                    own, where there is no journal */
  struct mj__tariff *tariffs;
  uint64_t wonder_x; /* the list that is under way, 0 = none */
  struct mj__sweep sweep;
  struct mj__hint hinted[MJ__HINTS]; /* the first is being asked about */
  size_t nhints;
  uint64_t hint_x; /* the question about it, 0 = none */
  struct mj__bucket hints, tag_hints;
  uint64_t nsubmits, npolls, nrequests;
  unsigned busy : 1;      /* inside a turn */
  unsigned dirty : 1;     /* something was queued since the last pump */
  unsigned poisoned : 1;  /* the store failed: nothing paid leaves any more */
  unsigned journaled : 1; /* the store is a journal */
  unsigned wondering : 1; /* a list is wanted */
  unsigned resumed : 1;   /* the run was cut off and goes on */
  unsigned retries : 1;   /* it had given up: what failed then is tried again */
  unsigned told_refusals : 1; /* that those of the run before stand */
};

int64_t mj__clock(const mj_client *c);
int64_t mj__wall(const mj_client *c);
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
int mj__job_name(mj_client *c, struct mj__job *j, const char *token);
void mj__job_unname(mj_client *c, struct mj__job *j); /* its token is old */
void mj__job_ended(mj_client *c, const struct mj__job *j); /* the same */
/* With a journal: the one that has not ended; NULL = none. */
struct mj__job *mj__job_named(const mj_client *c, const char *token);
void mj__jobs_free(mj_client *c);
void mj__enqueue(mj_client *c, struct mj__job *j, enum mj__queue_name q);
void mj__dequeue(mj_client *c, struct mj__job *j); /* in none is fine */
/* The same for MJ__Q_SUBMIT and MJ__Q_POLL is a wish: what is no new work goes
   to MJ__Q_ANSWER, what is no look at a task to MJ__Q_OTHER. */
/* Where a job goes that has something to send. */
enum mj__queue_name mj__queue_of(const struct mj__job *j);
void mj__arm(mj_client *c, struct mj__job *j, int64_t at_ms);
void mj__disarm(struct mj__job *j);

/* config.c: checks and copies. */
int mj__config_check(const mj_config *cfg, mj_error *err);
int mj__config_keep(mj_client *c, const mj_config *cfg);

/* submit.c: the request of a job whose button is known becomes READY. */
int mj__make_ready(mj_client *c, struct mj__job *j, const mj_request *r,
                   mj_error *err);
int mj__encode(mj_client *c, struct mj__job *j, const mj_request *r,
               mj_error *err);
/* As the mj family calls it; NULL = it has no name. */
const char *mj__action_of(mj_op op, const char *button);
void mj__warn(mj_client *c, struct mj__buf *lines); /* the log's, in place */
int mj__record(mj_client *c, struct mj__job *j);
/* Its first record, with the request.  q: its button is the customId. */
int mj__record_new(mj_client *c, struct mj__job *j, const mj_request *q);
/* Its last.  err or t may be NULL. */
int mj__record_end(mj_client *c, struct mj__job *j, const mj_error *err,
                   const mj_task *t);
int mj__keep(mj_client *c, char **to, const char *s); /* NULL stays NULL */
int mj__new_token(mj_client *c, struct mj__job *j);

/* MJ_ECANCELLED: what a dry run says to questions. */
int mj__dry(mj_error *err);

/* What `r` asks for: READY, or LOOKUP. */
int mj__prepare(mj_client *c, struct mj__job *j, const mj_request *r,
                mj_error *err);

/* journal.c */
int mj__journal_not_written(mj_error *err, int rc); /* rc, with words */
int mj__journal_open(mj_client *c, mj_error *err);
void mj__journal_close(mj_client *c);
/* The first of those that share it, the others by next_in_journal. */
mj_client *mj__journal_clients(const mj_client *c);
/* The key of a request that has none of the caller's. */
int mj__journal_key(mj_client *c, const mj_request *r, char out[MJ__KEY_MAX]);
/* When the newest row of the run was created whose key is `prefix` and a number
   greater than `after`; 0 = there is none. */
int mj__journal_newest(mj_client *c, const char *prefix, long after,
                       int64_t *created_ms, mj_error *err);
int64_t mj__journal_born(mj_client *c); /* the times of a new row, of an end */
int64_t mj__journal_ended(mj_client *c);
void mj__journals_forget(void); /* as a new process; nobody may use one */
/* 1 = the token of a row. */
int mj__journal_knows(const mj_client *c, const char *token);

struct mj__fund **mj__journal_funds(mj_client *c);

/* money.c */
enum { MJ__DAY_MS = 86400000 };
/* Each that was used, of a client without a journal. */
void mj__money_tariffs(mj_client *c, mj_money_fn fn, void *ud);
int mj__money_open(mj_client *c, mj_error *err);
void mj__money_close(mj_client *c);
void mj__funds_free(struct mj__fund *f);
/* What the job costs that sends this: its button is the customId. */
int mj__money_quote(mj_client *c, struct mj__job *j, const mj_request *r);
int mj__money_adopt(mj_client *c, struct mj__job *j,
                    const struct mj__record *row);
const char *mj__money_what(const struct mj__job *j); /* NULL = not known */
const char *mj__money_mode(const struct mj__job *j);
/* Before it leaves: 1 = counted; 0 = the job has ended instead. */
int mj__money_reserve(mj_client *c, struct mj__job *j);
/* 1 = so many were refused in this turn that the others wait for the next: ten
   thousand at once would be felt. */
int mj__money_rests(mj_client *c);
/* The end of a job of a dry run. */
void mj__money_rehearse(mj_client *c, struct mj__job *j);
/* At each record of a job: the accounts and the record follow its state. */
void mj__money_follow(mj_client *c, struct mj__job *j, struct mj__record *r);
void mj__money_refund(mj_client *c, struct mj__job *j);
/* What went last was not taken; what went before may have been. */
void mj__money_back(mj_client *c, struct mj__job *j);
/* It may have been paid, and yet it goes once more. */
void mj__money_keep(struct mj__job *j);
/* What it cost so far stays with its row; the next one begins at nothing. */
void mj__money_leave(struct mj__job *j);
/* A row that no job has: r says what became of it. */
void mj__money_settle(mj_client *c, const struct mj__record *row,
                      struct mj__record *r);

/* adopt.c: work of the journal. */
struct mj__job *mj__owner(const mj_client *c, const char *token,
                          mj_client **of);
/* *adopted: the job is a row's now. */
int mj__adopt(mj_client *c, struct mj__job *j, const mj_request *r,
              int *adopted, mj_error *err);
int mj__adopt_token(mj_client *c, struct mj__job *j, const char *token,
                    mj_error *err);

/* recon.c: a job in UNKNOWN. */
int mj__has_evidence(const mj_client *c);
void mj__wonder(mj_client *c, struct mj__job *j);
void mj__wonder_due(mj_client *c);
void mj__ask_around(mj_client *c);
void mj__around_refused(mj_client *c); /* nobody is there who has lists */
void mj__told_around(mj_client *c, struct mj__exchange *x,
                     const struct mj__reply *s);
void mj__send_again(mj_client *c, struct mj__job *j);
void mj__give_up_unknown(mj_client *c, struct mj__job *j);
/* That it counts as paid, and how a person ends the doubt about it. */
enum { MJ__DOUBT = 200 };
void mj__doubt(const mj_client *c, const struct mj__job *j,
               char out[MJ__DOUBT]);
/* The same behind the text of an error. */
void mj__doubt_of(const mj_client *c, const struct mj__job *j, mj_error *err);

/* sweep.c: the list that tells of them. */
void mj__sweep_begin(mj_client *c);
void mj__drop_suspect(mj_client *c, struct mj__job *j);
int mj__sweep_item(void *client, const mj_value *item, struct mj__arena *a);
/* 1 = it shows a task that was sent before this one. */
int mj__sweep_whole(mj_client *c, const struct mj__job *j);

/* hint.c: what callbacks say. */
void mj__hints_init(mj_client *c);
void mj__ask_hinted(mj_client *c);
void mj__hint_answered(mj_client *c, struct mj__exchange *x,
                       const struct mj__reply *s);

/* later.c: requests that wait until the family is known, or the button. */
int mj__defer(mj_client *c, struct mj__job *j, const mj_request *r,
              mj_error *err);
int mj__keep_request(mj_client *c, struct mj__job *j, const mj_request *r);
const mj_request *mj__kept_request(const struct mj__job *j);
void mj__drop_request(mj_client *c, struct mj__job *j); /* none is fine */
/* Keeps the one before as long as this one. */
int mj__keep_another(mj_client *c, struct mj__job *j, const mj_request *r);
void mj__release(mj_client *c); /* it is known now */
void mj__release_failed(mj_client *c, const mj_error *why); /* nor will it be */

/* dialog.c: what a task that asks back is told. */
int mj__dialog_keep(mj_client *c, struct mj__job *j, const mj_request *r,
                    mj_error *err);
/* The prompt of a dialog that the caller answers. */
int mj__dialog_prompt(mj_client *c, struct mj__job *j, const mj_request *r,
                      struct mj__buf *out, mj_error *err);
int mj__dialog_button(struct mj__job *j, mj_request *r, mj_error *err);
void mj__dialog_free(mj_client *c, struct mj__job *j);
/* Queues the answer of a job in NEEDS_MODAL.  t may be NULL. */
void mj__answer(mj_client *c, struct mj__job *j, const mj_task *t);

/* discover.c */
void mj__start_learning(mj_client *c);
int mj__discovered(mj_client *c); /* 0 = has to wait; asks if it can */
void mj__probed(mj_client *c, const struct mj__reply *s,
                int64_t retry_after_ms);
/* `mode`: the job's own, or NULL. */
void mj__learn(mj_client *c, enum mj__route route, const char *mode,
               const struct mj__reply *s);
/* MJ_OK, or MJ_EUNSUPPORTED for a route that the gateway, or its family,
   lacks. */
int mj__route_known(const mj_client *c, enum mj__route route, const char *mode,
                    mj_error *err);
/* 1, once for each job: the key was refused in a form that was only guessed;
   the form is asked for again. */
int mj__auth_doubted(mj_client *c, struct mj__job *j,
                     const struct mj__reply *s);

/* dispatch.c */
void mj__pump(mj_client *c);
struct mj__exchange *mj__exchange_of(mj_client *c, uint64_t id);
void mj__exchange_free(mj_client *c, struct mj__exchange *x);
/* The request of a job that is given up, if it has one. */
void mj__drop_exchange(mj_client *c, struct mj__job *j);
void mj__send_paid(mj_client *c, struct mj__job *j);
struct mj__exchange *mj__exchange_new(mj_client *c, mj_id job,
                                      enum mj__purpose purpose);
void mj__wait_until(mj_client *c, int64_t wait_ms); /* to pump again */
/* Asks for free, about the task `id` (NULL: about none).  j keeps a body until
   the end, and has the mode; NULL where there is neither. */
int mj__question(mj_client *c, struct mj__exchange *x, enum mj__route route,
                 const char *id, struct mj__job *j);

/* reply.c.  x may be NULL. */
void mj__found(mj_client *c, struct mj__job *j, const char *id);
/* 1 = it is being sent, and provably nothing of it has left: it waits for a
   name or a connection. */
int mj__unsent(const mj_client *c, const struct mj__job *j);
/* Such a one comes back, as if it could not be sent. */
void mj__call_back(mj_client *c, struct mj__job *j);
void mj__submit_ended(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                      const struct mj__reply *s, int64_t retry_after_ms);
/* No request like this one leaves before the gateway wants it to. */
void mj__slow_down(mj_client *c, const struct mj__exchange *x, int code,
                   int64_t retry_after_ms);
void mj__explained(const struct mj__reply *s, int code, const char *what,
                   int again, int64_t retry_after_ms, mj_error *err);

/* look.c: free questions that were answered. */
void mj__looked(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                const struct mj__reply *s, int64_t retry_after_ms);
void mj__looked_up(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                   const struct mj__reply *s, int64_t retry_after_ms);
void mj__stop_answered(mj_client *c, struct mj__job *j,
                       const struct mj__exchange *x, const struct mj__reply *s,
                       int64_t retry_after_ms);
/* ask.c */
int mj__list_begin(mj_client *c, struct mj__exchange *x); /* has a document */
enum mj__route mj__route_asked(mj_query what); /* MJ__R_NONE = of none */
void mj__asked(mj_client *c, struct mj__job *j, struct mj__exchange *x,
               const struct mj__reply *s, int64_t retry_after_ms);
/* A task as the caller sees it: state, hosts of pictures. */
int mj__task_dress(mj_client *c, const struct mj__job *j, struct mj__arena *a,
                   mj_task *t);

/* held.c */
int64_t mj__longest_life(const char *mode); /* of a task */
int mj__held_begin(mj_client *c, mj_error *err);
/* A job has its place now, or nobody.  token may be NULL. */
void mj__held_take(mj_client *c, const char *token);
/* A job gives up its place, if it has one. */
void mj__slot_free(mj_client *c, struct mj__job *j);
/* Whether the other processes leave room for a request, which is paid (a job)
   or not (NULL): 0, or when to ask again. */
int64_t mj__shared_wait(mj_client *c, const struct mj__job *paid);
void mj__held_look(mj_client *c); /* whether one has lived long enough */
void mj__held_free(mj_client *c);

/* again.c: `attempts`. */
enum { MJ__KEY_ROUND = MJ__KEY_OWN + 16, MJ__ROUND_MARK = '\x1f' };
int mj__rounds_key(char out[MJ__KEY_ROUND], const char *key, int round);
/* What the next round needs of the request; its button is the customId. */
int mj__rounds_keep(mj_client *c, struct mj__job *j, const mj_request *r);
/* 1 = the task failed, and its work is submitted once more; the job goes on. */
int mj__once_more(mj_client *c, struct mj__job *j, const mj_task *t,
                  const mj_error *why);

/* limits.c */
int mj__deadline_set(mj_client *c, struct mj__job *j, int64_t in_ms);
void mj__too_late(mj_client *c, struct mj__job *j); /* now it is */
/* save.c: files. */
void mj__work_free(mj_client *c, struct mj__work *w); /* NULL is fine */
/* j NULL = its job is gone. */
void mj__work_done(mj_client *c, struct mj__job *j, const struct mj__work *w);

/* What a reply of such a family does not repeat. */
int mj__recall(const mj_client *c, const struct mj__job *j, struct mj__arena *a,
               mj_task *t);

/* fetched.c: a picture that came. */
void mj__fetched(mj_client *c, struct mj__job *j, struct mj__exchange *x,
                 const struct mj__reply *s, const mj_http_result *r);

/* turn.c: reporting.  `x` (may be NULL) gives up its reply to the event. */
void mj__report_accepted(mj_client *c, struct mj__job *j);
void mj__report_progress(mj_client *c, struct mj__job *j,
                         struct mj__exchange *x, mj_task *t);
/* The end of a job: recorded first, then reported.  err NULL = success. */
void mj__end(mj_client *c, struct mj__job *j, const mj_error *err,
             struct mj__exchange *x, mj_task *t);
void mj__end_text(mj_client *c, struct mj__job *j, int code, const char *text);
/* A job that is given up while its task goes on. */
void mj__end_cancelled(mj_client *c, struct mj__job *j);
void mj__leave_slot(mj_client *c, struct mj__job *j);

#endif
