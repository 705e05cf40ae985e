/* SPDX-License-Identifier: MIT
   sim_int.h - what the files of the simulator share. */
#ifndef MJ_SIM_INT_H
#define MJ_SIM_INT_H

#include "image/draw.h"
#include "sim.h"
#include "simjson.h"

#define SIM_INSTANCE                                                           \
  "1118138338562560102" /* the account behind the gateway                      \
                         */
#define SIM_CHANNEL "1320066655572987907"
#define SIM_STEPS   8 /* of a picture's descent that are kept */

enum sim_status {
  SIM_NOT_START,
  SIM_SUBMITTED,
  SIM_MODAL,
  SIM_IN_PROGRESS,
  SIM_SUCCESS,
  SIM_FAILURE
};

struct sim_task {
  char id[24];
  const char *action; /* static: "IMAGINE" */
  char *prompt, *final_prompt, *state, *notify;
  char description[96];  /* of anything but an imagine; else it is made up */
  char submitted_as[96]; /* the description that the submit was answered with */
  uint64_t about, key;   /* everything random about it comes from the key */
  size_t index;          /* in mj_sim.tasks */
  char hash[40], nonce[24], message_id[24], progress_id[24];
  enum mj_picture_kind kind;
  struct mj_picture_step steps[SIM_STEPS];
  size_t nsteps;
  char label[24];
  int width, height;
  const char *literal; /* answered as it stands, or NULL */

  int64_t submitted;           /* ms since 1970, as all times here */
  int64_t slot;                /* when the account took it up; -1 = it waits */
  int64_t delay, lead, length; /* from slot to SUBMITTED, IN_PROGRESS, end */
  int modal;                   /* waits for /submit/modal */
  int direct;                  /* no progress between SUBMITTED and the end */
  int stuck;                   /* at 93 % */
  int old;                     /* there from the start: its links stay good */
  const char *fail;            /* NULL = ends well */
};

/* What a task looks like at one moment. */
struct sim_view {
  enum sim_status status;
  int progress; /* percent, -1 = none */
  int64_t started, finished;
};

struct sim_slot {
  uint64_t key;
  uint32_t value;
};

struct sim_rule;
struct sim_profile;

struct mj_sim {
  const struct sim_profile *profile;
  uint64_t seed;
  double clock, sync;
  char *api_key, *base_url;
  const struct mj_draw *draw;
  struct sim_task **tasks; /* in order of submission */
  size_t ntasks, cap;
  struct sim_slot *map; /* hashed names to numbers */
  size_t map_cap, map_used;
  size_t most_running, most_waiting;
  size_t *running, *waiting; /* indices of tasks */
  size_t nrunning, nwaiting;
  struct sim_rule *rules;
  size_t nrules;
  uint64_t kinds[3]; /* requests of each kind: submit, fetch, image */
  int64_t first, now;
  struct mj_sim_stats stats;
};

/* A request on its way through. */
struct sim_call {
  mj_sim *s;
  const struct mj_sim_request *req;
  int64_t now;
  char path[512]; /* without prefix and query: "/submit/imagine" */
  char id[128];   /* what stood for * in the route */
  sim_body *body; /* parsed, or NULL */
  struct mj_sim_reply *reply;
  struct sim_buf out; /* becomes the reply's body */
};

/* task.c: the store, the timeline, the queue */
uint64_t sim_mix(uint64_t a, uint64_t b);
uint64_t sim_hash(const char *text, uint64_t seed);
uint32_t sim_map_get(const mj_sim *s, uint64_t key); /* 0 = not there */
int sim_map_set(mj_sim *s, uint64_t key, uint32_t value);
struct sim_task *sim_task_new(mj_sim *s, const char *about);
void sim_task_free(struct sim_task *t);
/* The account takes it: 1, 22 with *ahead, 23 (not kept) or 9 (no memory). */
int sim_task_submit(mj_sim *s, struct sim_task *t, size_t *ahead);
/* Keeps a task that waits for its modal. */
int sim_task_keep(mj_sim *s, struct sim_task *t);
int sim_task_enqueue(mj_sim *s, struct sim_task *t, size_t *ahead);
struct sim_task *sim_task_find(const mj_sim *s, const char *id);
struct sim_task *sim_task_message(const mj_sim *s, const char *message_id);
void sim_advance(mj_sim *s, int64_t now);
int64_t sim_real(const mj_sim *s, int64_t task_ms);
struct sim_view sim_view_at(const mj_sim *s, const struct sim_task *t,
                            int64_t when);
char *sim_copy(const char *text);

/* words.c: what stands in a prompt */
struct sim_words {
  int invalid; /* a parameter that Midjourney refuses */
  int fail, stuck, slow;
  int width, height;   /* of a grid */
  const char *version; /* of the upscale buttons: "v6r1" */
};
void sim_words(const char *prompt, struct sim_words *out);
const char *sim_banned(const char *prompt);
int sim_blank(const char *text);
void sim_slug(const char *prompt, char *out, size_t size);
char *sim_final_prompt(const char *prompt);

/* press.c: buttons and what they do */
struct sim_button {
  char custom_id[112], label[32];
  const char *emoji;
};
#define SIM_BUTTONS 20
int sim_buttons(const struct sim_task *t, struct sim_button *out);
/* Makes the task that a button leads to; NULL and a reason if there is none. */
struct sim_task *sim_press(mj_sim *s, struct sim_task *parent,
                           const char *custom_id, const char **why);
struct sim_task *sim_change(mj_sim *s, struct sim_task *parent,
                            const char *action, int index);
int sim_modal_start(struct sim_task *t, const char *prompt);

/* view.c: tasks as JSON */
void sim_put_novicezk(struct sim_call *c, const struct sim_task *t);
void sim_put_new_api(struct sim_call *c, const struct sim_task *t);
/* The row of new-api: 0 when it has not been synced since the submission. */
int sim_row(const mj_sim *s, const struct sim_task *t, int64_t now,
            struct sim_view *v);
const char *sim_link(const mj_sim *s, const struct sim_task *t,
                     const struct sim_view *v, char *buf, size_t size);
const char *sim_signature(const struct sim_task *t, int64_t is, char *buf,
                          size_t size);

/* submit.c, fetch.c, picture.c: the routes */
void sim_submit_imagine(struct sim_call *c);
void sim_submit_change(struct sim_call *c);
void sim_submit_simple_change(struct sim_call *c);
void sim_submit_action(struct sim_call *c);
void sim_submit_modal(struct sim_call *c);
void sim_fetch(struct sim_call *c);
void sim_list(struct sim_call *c);
void sim_queue(struct sim_call *c);
void sim_list_by_condition(struct sim_call *c);
void sim_image_seed(struct sim_call *c);
void sim_no_channel(struct sim_call *c);
void sim_image(struct sim_call *c);
void sim_attachment(struct sim_call *c);

/* profiles.c: how each gateway says no */
enum sim_route_kind { SIM_KIND_SUBMIT, SIM_KIND_FETCH, SIM_KIND_IMAGE };
struct sim_profile {
  const char *name;
  int buttons; /* 1 = new-api */
  int (*allowed)(const struct sim_call *c);
  void (*unauthorized)(struct sim_call *c);
  void (*no_route)(struct sim_call *c, int wrong_method);
  void (*bad_body)(struct sim_call *c, int wrong_type);
  void (*no_task)(struct sim_call *c);
  void (*put_task)(struct sim_call *c, const struct sim_task *t);
};
extern const struct sim_profile sim_profile_list[];
const struct sim_profile *sim_profile_find(const char *name);
void sim_reply(struct sim_call *c, int status, const char *content_type);
/* {"code":...,"description":...,"result":null,"properties":{}} */
void sim_refuse(struct sim_call *c, int code, const char *description);
/* new-api's own errors of the midjourney layer */
void sim_refuse_mj(struct sim_call *c, int status, int code,
                   const char *description);
void sim_refuse_api(struct sim_call *c, int status, const char *message,
                    const char *code);
void sim_refuse_spring(struct sim_call *c, int status, const char *error);

/* fault.c */
int sim_faults_parse(mj_sim *s, const char *text, char *why, size_t size);
/* 1 when the fault answers in place of the gateway. */
int sim_fault_before(struct sim_call *c, enum sim_route_kind kind);
void sim_fault_after(struct sim_call *c, enum sim_route_kind kind);

/* samples.c */
int sim_samples(mj_sim *s);

#define SIM_JSON "application/json"
#define SIM_TEXT "text/plain; charset=utf-8"
#define SIM_HTML "text/html"

#endif
