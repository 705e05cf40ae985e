/* SPDX-License-Identifier: MIT
   mj.h - client for Midjourney task gateways.

   A client belongs to one thread; only mj_wakeup may be called from another.
   Every string passed in is copied before the call returns.  Every pointer
   handed out is borrowed until the next mj_event_pop or mj_step, unless the
   function says otherwise.  Functions return MJ_OK, a negative MJ_E* code, or
   a count; `err` may be NULL and is filled only on failure.  Times are
   milliseconds on the client's clock, except those named *_wall_ms, which are
   the gateway's milliseconds since 1970. */
#ifndef MJ_H
#define MJ_H

#include "mj_task.h"
#include "mj_text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Clock, memory, transport ------------------------------------------------ */

typedef struct mj_client mj_client; /* opaque, freed by mj_client_free */

typedef struct mj_header {
  const char *name, *value;
} mj_header;

/* One HTTP request for a transport.  Pointers live until `done`. */
typedef struct mj_http {
  uint64_t id; /* unique while under way */
  const char *method, *url;
  const mj_header *headers; /* the same address: the same headers */
  size_t nheaders;
  const char *body; /* NULL = none */
  size_t body_len;
  int paid;        /* 1 = never to be sent twice: fresh connection, no retry */
  uint64_t ticket; /* paid: to be redeemed once, see mj_ticket_redeem */
  int foreign;     /* 1 = a picture's address, not the gateway's API: no key,
                      address rules apply */
  int64_t connect_timeout_ms, timeout_ms;
} mj_http;

/* How a request ended.  curl_code is libcurl's result, 0 = a whole reply. */
typedef struct mj_http_result {
  int curl_code;
  int http_status;
  int sent;    /* 0 = not one byte was handed over, 1 = some, 2 = all of it */
  int blocked; /* 1 = the address rules said no */
  int64_t retry_after_ms; /* -1 = none */
  const char *content_type;
  const char *location;
  const char *text; /* what went wrong, for people; or NULL */
} mj_http_result;

/* A transport reports through mj_transport_data and mj_transport_done, and
   only from inside its `step`. */
typedef struct mj_transport {
  int (*start)(void *ud, mj_client *c, const mj_http *req);
  void (*stop)(void *ud, uint64_t id); /* forget it; no `done` follows */
  /* Waits at most wait_ms for something to happen, then works for about
     budget_us.  Looks at the clock between sockets, and within long replies;
     `timeout` is 0 while something is left. */
  void (*step)(void *ud, mj_client *c, int64_t wait_ms, int64_t budget_us);
  int64_t (*timeout)(void *ud); /* ms until step has work of its own, -1 */
  int (*fd)(void *ud);          /* readable when step has work, or -1 */
  int (*watch)(void *ud, int fd, int on);
  int (*wakeup)(void *ud); /* any thread */
  void (*free)(void *ud);
  void *ud;
  /* 1 = no byte of this request has left, and it may be stopped without a
     doubt; NULL = that is never known */
  int (*unsent)(void *ud, uint64_t id);
} mj_transport;

/* Returns 1 once for each ticket that the client issued for this request, and
   0 ever after.  A transport that gets 0 for a paid request must not send. */
MJ_API int mj_ticket_redeem(mj_client *c, const mj_http *req);
/* Returns MJ_OK, or MJ_ETOO_LARGE when the transport has to break off. */
MJ_API int mj_transport_data(mj_client *c, uint64_t id, const char *data,
                             size_t n);
MJ_API void mj_transport_done(mj_client *c, uint64_t id,
                              const mj_http_result *result);

/* Transcripts ------------------------------------------------------------- */

typedef struct mj_tape mj_tape;

typedef int64_t (*mj_now_fn)(void *ud);
/* `line` is redacted and has no newline; level 0 error, 1 warning, 2 info,
   3 trace. */
typedef void (*mj_log_fn)(void *ud, int level, const char *line);

/* When to ask for a task, counted from its acceptance: at first_ms, then each
   gap of gaps_ms in turn, the last one for ever.  first_ms -1 = as the family
   wants it: mj after 2 s, 4 s, then every 8 s; generate after 20 s, then every
   3 s. */
typedef struct mj_poll {
  int64_t first_ms;
  int64_t gaps_ms[8];
  size_t ngaps;
} mj_poll;

/* What a request costs, in millionths: 50000 is 0.05.  Of the rows that fit the
   one that says most counts: the word above all, then the mode, then the
   gateway; of equals the first. */
typedef struct mj_price {
  const char *what;    /* a verb ("imagine"); of a click what its button does
                          ("upscale", "vary:strong"), or "click"; NULL = any */
  const char *mode;    /* "fast" ...; NULL = any */
  const char *gateway; /* its base_url, or "host:port"; NULL = any */
  int64_t amount;
} mj_price;

typedef struct mj_stats {
  size_t queued, sending, running; /* jobs of tasks */
  size_t other;                    /* fetches, writes, timers */
  uint64_t submits, polls, requests, connects;
  size_t sockets, sockets_peak; /* open now, most at once */
} mj_stats;

/* What a reply to a paid request means at one gateway, where its words say more
   than the table of outcome.c knows.  Rules are tried in order, in front of
   that table, and only on a reply that names no task and claims no success: a
   rule cannot make accepted work refused, nor a broken connection "not sent".
 */
typedef struct mj_outcome {
  int http_first, http_last; /* HTTP statuses, both included; 0, 0 = any */
  int has_code;              /* 1 = only replies whose `code` is this one */
  int64_t code;
  const char *text;  /* a part of what it says (a page: of its first 64 KiB);
                        NULL = any.  One of http, code and text is needed */
  const char *means; /* "refused": provably not accepted; "not_sent": provably
                        not processed, so it goes again; "unknown": it may have
                        been taken, and counts as paid */
  const char *error; /* "queue_full" ...: of the closed list of errors; NULL =
                        "invalid", "rate_limited", "unknown_outcome" */
  int retryable;     /* refused: the same request may succeed later */
} mj_outcome;

/* mj_config_init fills the defaults given here. */
typedef struct mj_config {
  const char *base_url;   /* "https://host[:port][/path]"; NULL = a client that
                             only has timers and watched descriptors */
  const char *api_key;    /* NULL = send none */
  const char *auth;       /* "auto" (default: found out with a free GET before
                             the first request), "bearer", "raw", "secret" */
  const char *dialect;    /* "auto" (default: found out likewise), "mj",
                             "generate" */
  const char *mode;       /* NULL (default) sends nothing */
  const char *mode_style; /* "mj-prefix" (default), "prefix", "body" */
  const char *prefix;     /* in front of /mj, used as it is; NULL = none */
  const char *user_agent; /* "mj/VERSION" */
  const char *proxy;      /* NULL = none; the environment is not looked at */
  /* NULL = libcurl's file, and no path.  The file is read once, on a thread,
     when the first request goes to a gateway with https. */
  const char *ca_file, *ca_path;
  const char *wire_state;   /* "token" (default): the wire's `state` is ours,
                               random, finds a lost task; "user": the caller's */
  const char *image_host;   /* "https://host[:port]" that pictures come from
                               whatever their address says; "gateway" = that of
                               base_url; NULL = as the gateway says */
  const mj_header *headers; /* added to each request to the gateway */
  size_t nheaders;
  const char *const *allow_hosts; /* "host" or "host:port": pictures may come
                                     from these whatever their address is */
  size_t nallow_hosts;
  const mj_outcome *outcomes; /* what this gateway's replies mean */
  size_t noutcomes;
  mj_poll poll;               /* first_ms -1 */
  double submits_per_min;     /* 0 = no limit (default) */
  double requests_per_min;    /* 0 = no limit; -1 (default) = the family's: mj
                                 none, generate 10,000 */
  int live;                   /* tasks accepted and not ended; 0 = no limit; -1
                                 (default) = mj none, generate 1,000 */
  int share_limits;           /* 1 = with the other processes of this user that
                                 have a journal in the same folder, and the same
                                 gateway and key */
  int connections;            /* 32 */
  int attempts;               /* of a submit that provably was not sent: 4 */
  int64_t connect_timeout_ms; /* 10 s */
  int64_t request_timeout_ms; /* 30 s, for requests that cost nothing */
  int64_t submit_timeout_ms;  /* 90 s: new-api gives up after 60 s */
  int64_t fetch_timeout_ms;   /* 120 s, for a picture */
  int64_t lost_after_ms;      /* 30 s: "not found" right after acceptance is no
                                 news before that */
  int64_t busy_ms;            /* 300 s: how long a submit that a full gateway
                                 does not take is tried again; 0 = it ends */
  size_t max_reply;           /* 4 MiB of JSON */
  size_t max_image;           /* 64 MiB */
  int threads;                /* 1 = blocking file work on a helper thread */
  mj_alloc_fn alloc;          /* NULL = realloc and free */
  void *alloc_ud;
  mj_now_fn now;  /* NULL = the monotonic clock */
  mj_now_fn wall; /* milliseconds since 1970; NULL = the system's clock */
  void *now_ud;
  mj_log_fn log; /* NULL = none */
  void *log_ud;
  const char *journal; /* a file: what was paid for survives a kill; NULL =
                          none. Clients of one process may share it */
  const char *run;     /* whose work this is: a name that is the same when a cut
                          off program starts again; NULL = nobody's: only keys of
                          the caller's are found again */
  int fresh;           /* 1 = the run begins anew */
  const char
      *on_unknown; /* a paid request without an answer that nothing is
                      known of: "hold" (default), "resubmit", "abandon" */
  mj_tape *tape;   /* records what is said to the gateway, or plays it; NULL */
  int seed_tag;    /* 1 = an imagine without a seed gets one that finds its task
                      again where a gateway drops `state`; mj family only */
  const mj_price *prices;
  size_t nprices;
  int refund;              /* 1 = a task that ends with FAILURE costs nothing */
  int64_t budget;          /* nothing leaves that could make the sum larger, in
                              millionths; -1 (default) = no limit */
  const char *budget_per;  /* the sum of what: "run" (default; without a journal
                              the client's), "journal", "day" (of UTC) */
  const char *budget_name; /* only work of budgets with this name counts; NULL =
                              that of those without one */
  int dry_run; /* 1 = nothing leaves: requests are checked and counted,
                  and their jobs end as cancelled; no journal, and the
                  family is taken for mj unless dialect says so */
  const mj_transport *transport; /* NULL = libcurl; copied; a client that was
 made calls its `free` */
} mj_config;

/* Client ------------------------------------------------------------------ */

MJ_API void mj_config_init(mj_config *cfg);
/* Checks every field; nothing is sent, no library is initialised yet. */
MJ_API int mj_client_new(mj_client **out, const mj_config *cfg, mj_error *err);
/* NULL is fine.  What runs at the gateway goes on there.  Files given to
   mj_write are finished first.  A paid request that is just being sent is
   broken off, and nobody hears whether it was taken: step until
   mj_client_stats shows none `sending` where that matters.  What had not left
   yet goes, with a journal, when the run goes on. */
MJ_API void mj_client_free(mj_client *c);

/* Queues a paid request and never blocks.  MJ_OK: *out is the job, and exactly
   one MJ_EV_DONE will follow, MJ_EV_ACCEPTED before it once (or again, with
   another id). */
MJ_API int mj_submit(mj_client *c, const mj_request *r, mj_id *out,
                     mj_error *err);
/* Asks something that costs nothing.  `ids`: of the tasks that it is about. */
MJ_API int mj_ask(mj_client *c, mj_query what, const char *const *ids, size_t n,
                  mj_id *out, mj_error *err);
/* Watches a task that exists at the gateway; or, by the token of a job, goes on
   with work of the journal. */
MJ_API int mj_track(mj_client *c, const char *task_id, mj_id *out,
                    mj_error *err);
/* Downloads a picture: no key goes along, redirects are followed 5 times, and
   the address must be public, the gateway's own, or in allow_hosts. */
MJ_API int mj_fetch(mj_client *c, const char *url, mj_id *out, mj_error *err);
/* Writes a file, syncs it and gives it its name when it is whole, on the helper
   thread; makes missing folders.  The bytes are copied. */
MJ_API int mj_write(mj_client *c, const char *path, const char *data, size_t n,
                    mj_id *out, mj_error *err);
/* A file that was saved of the task of a job: its picture or video number n,
   from 1. */
typedef struct mj_file {
  const char *token; /* of the job */
  int n;
  const char *path; /* from the root on */
  int64_t bytes;
  const char *sha256; /* 64 hexadecimal digits */
} mj_file;
/* Returning anything but 0 ends the round.  The journal is locked meanwhile:
   take note here, and resolve or submit when it is over. */
typedef int (*mj_file_fn)(void *ud, const mj_file *file);

/* As mj_write; with a journal, and the token of a job in it, the file is
   remembered, and the end comes when that is on the disk. */
MJ_API int mj_save(mj_client *c, const char *token, int n, const char *path,
                   const char *data, size_t len, mj_id *out, mj_error *err);
/* The same (without a token: as mj_write), but a file that is there stays as
   it is: MJ_EDUPLICATE, unless it has these very bytes. */
MJ_API int mj_save_new(mj_client *c, const char *token, int n, const char *path,
                       const char *data, size_t len, mj_id *out, mj_error *err);
/* What was saved of a token, in the order of n; none without a journal.  Where
   there is something it reads the disk. */
MJ_API int mj_saved(mj_client *c, const char *token, mj_file_fn fn, void *ud,
                    mj_error *err);
/* Looks, on the helper thread, whether `path` is `f` and is still as it was
   saved: MJ_EV_DONE, without an error if so.  MJ_ENOT_FOUND: it is another
   path. */
MJ_API int mj_verify(mj_client *c, const mj_file *f, const char *path,
                     mj_id *out, mj_error *err);
/* All there is of a token was saved. */
MJ_API int mj_saved_all(mj_client *c, const char *token, mj_error *err);
MJ_API int mj_after(mj_client *c, int64_t ms, mj_id *out, mj_error *err);
/* Switches MJ_EV_PROGRESS for a job on and off. */
MJ_API int mj_observe(mj_client *c, mj_id id, int on);
/* A job that was not sent ends at once and costs nothing, also while its host's
   name is looked up.  One that is being
   sent is let finish, since breaking off would only hide whether it was paid.
   One that runs: the gateway is asked to stop it, and the job ends as
   cancelled, with what the gateway made of it in its text. */
MJ_API int mj_cancel(mj_client *c, mj_id id);
/* As mj_cancel, but the gateway is not told: what runs there goes on. */
MJ_API int mj_detach(mj_client *c, mj_id id);
/* "mj" or "generate"; NULL while it is not known: mj_ask(MJ_QUERY_DIALECT). */
MJ_API const char *mj_dialect(const mj_client *c);
/* Whether the gateway can do that: 1, or 0 when its family cannot or it said
   so before; -1 while the family is not known. */
MJ_API int mj_can(const mj_client *c, mj_op op);
MJ_API int mj_can_ask(const mj_client *c, mj_query what);
/* MJ_EINVALID when the job is gone. */
MJ_API int mj_job_info(mj_client *c, mj_id id, mj_job_state *out);
MJ_API void mj_client_stats(const mj_client *c, mj_stats *out);

/* Limits ------------------------------------------------------------------ */

typedef struct mj_limits {
  double submits_per_min, requests_per_min; /* as in mj_config; 0 = no limit */
  int live;
  /* how things stand; mj_limits_set does not look at these */
  int window; /* tasks at once that the gateway is seen to take, `live` at
                 most; 0 = no limit and no sign of one */
  int used;   /* tasks there, or on their way */
  int64_t paused_ms;   /* nothing new is submitted for so long; -1 = until
                          mj_pause(c, 0) */
  int64_t slowed_ms;   /* the same, since the gateway asked for it */
  int quota;           /* what is left for retries, of 500 */
  double pace_per_min; /* requests a minute for now, since the gateway asked to
                          slow down; 0 = it did not */
  int64_t resting_ms;  /* no request leaves for so long, since it asked */
} mj_limits;

MJ_API void mj_limits_get(const mj_client *c, mj_limits *out);
/* At once, and for good; a negative one stays as it is. */
MJ_API int mj_limits_set(mj_client *c, const mj_limits *l, mj_error *err);
/* Nothing paid is sent for so long; -1 = until mj_pause(c, 0).  What runs is
   looked after meanwhile. */
MJ_API void mj_pause(mj_client *c, int64_t ms);

/* The journal ------------------------------------------------------------- */

typedef struct mj_row {
  const char *token, *key, *run, *gateway; /* NULL = none */
  const char *state;                       /* "UNKNOWN", ... of job.h */
  const char *op, *prompt, *task_id, *parent, *error;
  int attempt;
  int64_t created_wall_ms, sent_wall_ms, changed_wall_ms;
} mj_row;

/* Returning anything but 0 ends the round. */
typedef int (*mj_row_fn)(void *ud, const mj_row *row);

/* Each row of the client's journal, oldest first; `unknown` = only those that
   may have been paid for without an answer.  Reads the disk. */
MJ_API int mj_journal_each(mj_client *c, int unknown, mj_row_fn fn, void *ud,
                           mj_error *err);
/* The same of a file, as it is now, whoever uses it; then the files that were
   saved (`files` may be NULL).  Nothing is locked or changed.  *owner: the
   process that works on it, 0 = none, -1 = its number is not known; what it is
   sending just now is not unknown. */
MJ_API int mj_journal_read(const char *path, int unknown, mj_row_fn fn,
                           mj_file_fn files, void *ud, long *owner,
                           mj_error *err);
/* How the newest run of a script in a journal ended, as it is now, whoever uses
   it: since 1970, 0 = it did not; *good as mj_run_done had it.  MJ_ENOT_FOUND:
   there is none. */
MJ_API int mj_run_last(const char *path, const char *run,
                       int64_t *ended_wall_ms, int *good, mj_error *err);
/* A person knows what became of an unknown one: the id of its task, or NULL for
   none, when it may be sent again.  `token`: or its key. */
MJ_API int mj_resolve(mj_client *c, const char *token, const char *task_id,
                      mj_error *err);
/* What somebody sent to the address of a callback (notify_hook, callback_url):
   its body.  It is not believed, only followed: a task that runs is asked for
   at once; an unknown one is found again if the gateway itself then shows our
   token, or seed tag, under that id.  1 = it speaks of work of ours, 0 = it
   does not, or came too often; or a negative code.  At most 256 KiB. */
MJ_API int mj_hint(mj_client *c, const char *json, size_t n, mj_error *err);
/* 1 = the run had been cut off after it had sent something, and goes on. */
MJ_API int mj_resumed(const mj_client *c);
/* The run's name in the rows (mj_row.run); NULL without a journal. */
MJ_API const char *mj_run_id(const mj_client *c);
/* The run ended by itself.  good: the next one begins anew.  Not: it goes on
   with what was paid for, and tries again what had failed. */
MJ_API int mj_run_done(mj_client *c, int good, mj_error *err);
/* Waits until all that was written is durable, at most that long. */
MJ_API int mj_flush(mj_client *c, int64_t wait_ms, mj_error *err);

/* Money ------------------------------------------------------------------- */

/* "0.05" -> 50000.  MJ_EINVALID: no number, more than six decimals, more than
   a hundred million. */
MJ_API int mj_amount_parse(const char *text, int64_t *out);
/* 50000 -> "0.05"; returns buf.  24 bytes are enough. */
MJ_API const char *mj_amount_format(int64_t amount, char *buf, size_t size);
/* 1 and *amount, or 0: no row fits.  mode and gateway may be NULL. */
MJ_API int mj_price_find(const mj_price *prices, size_t n, const char *what,
                         const char *mode, const char *gateway,
                         int64_t *amount);

/* What a price was counted for is reserved from before the request leaves to
   the end of the task, spent from then on, and unknown while nobody knows
   whether it was paid; what was not sent, or was refused, is given back. */
typedef struct mj_budget {
  int64_t limit; /* -1 = none */
  int64_t reserved, unknown, spent;
} mj_budget;

MJ_API void mj_budget_get(mj_client *c, mj_budget *out);
/* While the client runs, too.  limit -1 = none. */
MJ_API int mj_budget_set(mj_client *c, int64_t limit, mj_error *err);

/* Requests of one kind that were sent, and what they cost. */
typedef struct mj_money {
  const char *gateway, *budget, *run; /* NULL = none, or not known */
  const char *what, *mode;            /* mode NULL = none was said */
  int64_t day_wall_ms;                /* 0:00 UTC of the day they were sent */
  int64_t count, unpriced;            /* unpriced: of these nobody knows */
  int64_t reserved, unknown, spent;
} mj_money;

/* Returning anything but 0 ends the round. */
typedef int (*mj_money_fn)(void *ud, const mj_money *m);

/* All of the client's journal; without one, what this client sent.  Several may
   be alike.  Reads the disk. */
MJ_API int mj_money_each(mj_client *c, mj_money_fn fn, void *ud, mj_error *err);
/* The same of a file, as mj_journal_read. */
MJ_API int mj_money_read(const char *path, mj_money_fn fn, void *ud,
                         mj_error *err);

/* A transcript: a line of JSON for each exchange of the clients that have it in
   their configuration, behind a first line of the caller's.  No key is in it.
   The file must not exist.  Tapes belong to the thread of their clients. */
MJ_API int mj_tape_record(mj_tape **out, const char *path, const char *head,
                          mj_alloc_fn alloc, void *alloc_ud, mj_error *err);
/* Clients with such a tape send nothing.  Each request gets the reply that was
   recorded for its method, address and body, in order and as long after it as
   then; what was not recorded ends with MJ_ENETWORK, and mj_tape_wrong tells
   the difference.  Unless the configuration has a clock, that of such clients
   is the tape's: mj_step jumps over what it would wait for. */
MJ_API int mj_tape_replay(mj_tape **out, const char *path, mj_alloc_fn alloc,
                          void *alloc_ud, mj_error *err);
MJ_API const char *mj_tape_head(const mj_tape *t);  /* replay: the first line */
MJ_API const char *mj_tape_wrong(const mj_tape *t); /* NULL = nothing so far */
/* At the end: whether all was written, or all was asked for as recorded. */
MJ_API int mj_tape_check(const mj_tape *t, mj_error *err);
/* Clients keep it for themselves as long as they need it.  NULL is fine. */
MJ_API void mj_tape_free(mj_tape *t);

/* Files that a key may be in ---------------------------------------------- */

/* Reads a text file of at most size - 1 bytes into buf, with a NUL behind it:
   how many bytes, or MJ_ENOT_FOUND, MJ_ETOO_LARGE, MJ_EINVALID.  *exposed is 1
   when others can read it, or exchange it as its folder is theirs to write:
   then `err` says what to do about it, though the text is there. */
MJ_API int mj_read_private(const char *path, char *buf, size_t size,
                           int *exposed, mj_error *err);

/* One turn: waits at most wait_ms (-1 = until there is work; never longer than
   mj_timeout says, and not at all while an event is queued or when there is
   neither a job nor a watched descriptor), works for about budget_us (0 = no
   limit): long replies are read, and lists decoded, over several turns, and
   mj_timeout is 0 while something is left.  One handshake of TLS is the least
   that a turn can be; it may cost half a millisecond.  Returns the number of
   jobs that have not ended, or a negative code. */
MJ_API int mj_step(mj_client *c, int64_t wait_ms, int64_t budget_us);
MJ_API int64_t mj_timeout(const mj_client *c); /* ms until work, -1 = none */
MJ_API int mj_fd(const mj_client *c); /* readable when mj_step has work */
/* Nests another descriptor; MJ_EINVALID when it is watched already.  Unwatch it
   before it is closed. */
MJ_API int mj_watch(mj_client *c, int fd);
MJ_API int mj_unwatch(mj_client *c, int fd);
MJ_API int mj_wakeup(mj_client *c);
MJ_API int64_t mj_now(const mj_client *c);
/* Takes the client's key out of a text, in place, as out of each line of its
   log: "***". */
MJ_API void mj_redact(const mj_client *c, char *text);

/* The oldest event, or NULL.  Valid until mj_event_pop. */
MJ_API const mj_event *mj_event_peek(mj_client *c);
MJ_API void mj_event_pop(mj_client *c);

#ifdef __cplusplus
}
#endif
#endif
