/* SPDX-License-Identifier: MIT
   sim.h - the simulator: gateways of both families as a function of state,
   request and time.  No clock, no socket, no file; it shares nothing with the
   client that talks to it.

   Profiles.  "new-api" is a reseller's gateway in front of a Midjourney proxy:
   bearer keys, buttons, its own rows that follow the proxy's every 15 seconds.
   "novicezk" is the first midjourney-proxy: mj-api-secret, /submit/change
   instead of buttons, lists and a queue.  "plus" is midjourney-proxy-plus: the
   same with buttons, dialogs and /cancel.  "trueai" is trueai's proxy, version
   11: a raw key, buttons only, a grid's pictures one by one, videos.
   "generate" is of the other family: POST /api/v1/generateTask/midjourney, GET
   /api/v1/statusTask/midjourney and nothing else; its limits are enforced.

   Words in a prompt that steer a task, besides the parameters a real gateway
   would refuse:
     --ar 0:0 (or anything that is no ratio)  fails, "[Invalid parameter] ..."
     sim:fail     fails half-way, "[Internal Server Error] ..."
     sim:stuck    stays at 93 % until the gateway gives up after 5 minutes
     sim:slow     takes ten times as long
     nude, naked, nsfw, porn, gore, bloody, bloodbath, torture
                  are refused with code 24 before a task exists; trueai takes
                  the task and lets it fail
   In "generate" all of them end a task with a failCode (INVALID_PROMPT,
   GENERATION_FAILED, PROCESSING_TIMEOUT, CONTENT_VIOLATION), and besides
     sim:CODE     fails half-way with that failCode: "sim:MODEL_UNAVAILABLE"
   An image_urls without http(s) or with "missing" in it: INVALID_IMAGE_URL; one
   that ends in .gif or .bmp: UNSUPPORTED_FORMAT; with "huge": IMAGE_TOO_LARGE.

   Two tasks are there from the start: 1320098173412546, answered with the text
   that the gateways' pages show, and 14001934816969359, a finished grid.
   In "generate" there is one, task_abc123xyz789, finished.

   The method is taken in lower case too: the gateways' pages write
   `curl --request post`, which sends it so.  (nginx would refuse that.)

   Task callbacks (notifyHook) are called by whoever owns the simulator: it
   says which are due.  new-api drops the hook and calls nobody. */
#ifndef MJ_SIM_H
#define MJ_SIM_H

#include <stddef.h>
#include <stdint.h>

struct mj_draw; /* image/draw.h */

typedef struct mj_sim mj_sim;

#define MJ_SIM_HEADERS 4

/* One thing that goes otherwise than usual, in a scenario. */
struct mj_sim_step {
  const char *route; /* "/submit/imagine", "/task/ * /fetch" (without spaces),
                        as it stands behind /mj; a * is anything.  NULL: the
                        step is about tasks, see below */
  uint64_t first, last; /* of the requests to that route; 0 and 0 = all */
  double delay;         /* seconds, sped up by the clock */
  int drop;             /* 1 = the connection ends without an answer */
  const char *fault;    /* by its name; or else: */
  int status;           /* of an answer given as it stands; 0 = the usual one */
  const char *content_type, *body;
  size_t len;
  const char *headers[MJ_SIM_HEADERS][2]; /* name and value; NULL = none */
  int after; /* drop, status: 1 = the gateway does its work first */

  const char *task; /* tasks whose prompt has these words */
  const char *fail; /* they fail, with this reason */
  double seconds;   /* they take that long; 0 = as usual */
  int stuck;        /* they stay at 93 % */
};

struct mj_sim_config {
  const char *profile;  /* NULL = "new-api" */
  uint64_t seed;        /* the same one and the same requests: the same work */
  double clock;         /* how much faster a task runs; 0 = 1 */
  const char *api_key;  /* NULL or "" = open */
  const char *base_url; /* own address, for imageUrl: "http://127.0.0.1:8080" */
  const struct mj_draw *draw; /* NULL: picture routes answer 404 */
  int running, waiting; /* of the account (real ones: 3 and 10); running 0 = no
                           limit.  waiting without running is an error */
  double sync;          /* new-api: seconds of a task's time between two looks
                           at the proxy; 0 = 15, negative = always up to date */
  const char *fault;    /* RULE{+RULE}; NULL = none.  See mj_sim_faults */
  const char *missing;  /* new-api: what it does not sell, "blend+video":
                           answered 503 model_not_found.  NULL = nothing.  See
                           mj_sim_models */
  int remix;            /* 1 = the account has remix on, without auto-submit:
                           reroll, vary and pan open a dialog */
  int rate, submits;    /* requests in any minute, and those of them that submit
                           something, before it answers 429; 0 = no limit, but
                           10,000 requests of generate */
  int live;             /* generate: tasks at once, before it answers 429; 0 =
                           1,000 */
  const char *capabilities;           /* generate: what else the account may do,
                                         "outpaint+reroll" or "all"; NULL = nothing */
  const struct mj_sim_step *scenario; /* the first step that fits counts */
  size_t nscenario;
};

struct mj_sim_request {
  const char *method, *target; /* "POST", "/mj/submit/imagine?x=y" */
  const char *authorization, *api_secret, *content_type; /* headers or NULL */
  const char *body;
  size_t len;
};

struct mj_sim_reply {
  int status;
  const char *content_type; /* lives as long as the simulator; NULL = none */
  char *body;               /* for mj_sim_reply_free; may be NULL */
  size_t len;
  struct {
    const char *name; /* lives as long as the simulator */
    char value[256];
  } headers[MJ_SIM_HEADERS];
  size_t nheaders;
  int drop;         /* 1 = close the connection and send nothing */
  int chunked;      /* 1 = in pieces, the length not said before */
  int64_t delay_ms; /* to be sent that much later */
};

struct mj_sim_stats {
  uint64_t requests; /* all */
  uint64_t submits;  /* to /submit/..., whatever came of them */
  uint64_t tasks;    /* made */
  uint64_t fetches, pictures, faults;
  /* what came with a good key in any minute, refused or not, but pictures; and
     of generate the tasks that were not at their end at any moment */
  uint64_t most_in_window, most_submits_in_window, most_live;
  uint64_t callbacks; /* that were handed out */
};

/* 0, or -1 with the reason in why[size].  Strings are copied; `draw` is not. */
int mj_sim_new(mj_sim **out, const struct mj_sim_config *cfg, char *why,
               size_t size);
void mj_sim_free(mj_sim *s);
/* now_ms: milliseconds since 1970.  Always fills *reply. */
void mj_sim_handle(mj_sim *s, const struct mj_sim_request *req, int64_t now_ms,
                   struct mj_sim_reply *reply);
void mj_sim_reply_free(struct mj_sim_reply *reply);
void mj_sim_count(const mj_sim *s, struct mj_sim_stats *out);

/* Callbacks: POST `body` to `url` as application/json.  Those with the same key
   are about the same task, and are to be sent one after another. */
struct mj_sim_callback {
  uint64_t id, key;
  char *url, *body; /* for mj_sim_callback_free; the body ends with a 0 */
  size_t len;
  int64_t timeout_ms; /* of real time: how long the gateway waits */
};

/* 1 = one is due and fills *out; 0 = none.  They come in the order of time. */
int mj_sim_callback(mj_sim *s, int64_t now_ms, struct mj_sim_callback *out);
void mj_sim_callback_free(struct mj_sim_callback *callback);
/* Milliseconds until the next one may be due, -1 = none is planned. */
int64_t mj_sim_callback_ms(const mj_sim *s, int64_t now_ms);
/* What came of it: the status it was answered with, 0 = no answer. */
void mj_sim_callback_done(mj_sim *s, uint64_t id, int http_status,
                          int64_t now_ms);

/* The names of profiles and faults, by index; NULL after the last.  A rule is
   NAME[/KIND][@N|@N-M|:P]: KIND is submit, fetch, list (lists, queue, seed) or
   image, and what the fault is made for unless said; it hits the N-th such
   request, or the N-th to the M-th, or a share P of them (the seed decides
   which), or all.  Names that begin with webhook_ are of the kind notify, and
   only they: it counts changes of tasks that have a hook. */
const char *mj_sim_profiles(int i);
const char *mj_sim_models(int i); /* the words that `missing` takes */
const char *mj_sim_faults(int i);

#endif
