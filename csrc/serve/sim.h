/* SPDX-License-Identifier: MIT
   sim.h - the simulator: gateways of the /mj/ family as a function of state,
   request and time.  No clock, no socket, no file; it shares nothing with the
   client that talks to it.

   Profiles.  "new-api" is a reseller's gateway in front of a Midjourney proxy:
   bearer keys, buttons, its own rows that follow the proxy's every 15 seconds.
   "novicezk" is the first midjourney-proxy: mj-api-secret, /submit/change
   instead of buttons, lists and a queue.

   Words in a prompt that steer a task, besides the parameters a real gateway
   would refuse:
     --ar 0:0 (or anything that is no ratio)  fails, "[Invalid parameter] ..."
     sim:fail     fails half-way, "[Internal Server Error] ..."
     sim:stuck    stays at 93 % until the gateway gives up after 5 minutes
     sim:slow     takes ten times as long
     nude, naked, nsfw, porn, gore, bloody, bloodbath, torture
                  are refused with code 24 before a task exists

   Two tasks are there from the start: 1320098173412546, answered with the text
   that the gateways' pages show, and 14001934816969359, a finished grid.

   The method is taken in lower case too: the gateways' pages write
   `curl --request post`, which sends it so.  (nginx would refuse that.)

   Task callbacks (notifyHook) are kept and shown, but never called. */
#ifndef MJ_SIM_H
#define MJ_SIM_H

#include <stddef.h>
#include <stdint.h>

struct mj_draw; /* image/draw.h */

typedef struct mj_sim mj_sim;

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
};

struct mj_sim_request {
  const char *method, *target; /* "POST", "/mj/submit/imagine?x=y" */
  const char *authorization, *api_secret, *content_type; /* headers or NULL */
  const char *body;
  size_t len;
};

#define MJ_SIM_HEADERS 2

struct mj_sim_reply {
  int status;
  const char *content_type; /* static; NULL = none */
  char *body;               /* for mj_sim_reply_free; may be NULL */
  size_t len;
  struct {
    const char *name; /* static */
    char value[64];
  } headers[MJ_SIM_HEADERS];
  size_t nheaders;
  int drop; /* 1 = close the connection and send nothing */
};

struct mj_sim_stats {
  uint64_t requests; /* all */
  uint64_t submits;  /* to /submit/..., whatever came of them */
  uint64_t tasks;    /* made */
  uint64_t fetches, pictures, faults;
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

/* The names of profiles and faults, by index; NULL after the last.  A rule is
   NAME[/KIND][@N|@N-M|:P]: KIND is submit (default), fetch or image; it hits
   the N-th such request, or the N-th to the M-th, or a share P of them (the
   seed decides which), or all. */
const char *mj_sim_profiles(int i);
const char *mj_sim_faults(int i);

#endif
