/* SPDX-License-Identifier: MIT
   sim_int.h - what the files of the simulator share. */
#ifndef MJ_SIM_INT_H
#define MJ_SIM_INT_H

#include "image/draw.h"
#include "notify.h"
#include "sim.h"
#include "simjson.h"

#define SIM_INSTANCE                                                           \
  "1118138338562560102" /* the account behind the gateway                      \
                         */
#define SIM_CHANNEL "1320066655572987907"
#define SIM_UPLOADS "1320066655572987911" /* the channel of what users sent */
#define SIM_STEPS   8 /* of a picture's descent that are kept */

enum sim_status {
  SIM_NOT_START,
  SIM_SUBMITTED,
  SIM_MODAL,
  SIM_IN_PROGRESS,
  SIM_SUCCESS,
  SIM_FAILURE,
  SIM_CANCEL
};

/* What a task makes: it decides on the buttons and the addresses. */
enum sim_makes {
  SIM_GRID,
  SIM_TILE,
  SIM_FACE,    /* a tile without buttons: insight-face */
  SIM_VIDEO,   /* `video` of them */
  SIM_PROMPTS, /* describe: four prompts, and the picture that was sent */
  SIM_SHORT,   /* shorten: five prompts */
  SIM_DETAILS  /* the same with weights */
};

/* A picture that a user sent. */
struct sim_file {
  char id[24];      /* of the message that carries it */
  char name[64];    /* "1741531578038123.png" */
  const char *type; /* static: "image/png" */
  unsigned char *bytes;
  size_t len;
  uint64_t key;
  int64_t at; /* ms since 1970 */
};

struct sim_task {
  char id[24];
  const char *action; /* static: "IMAGINE" */
  enum sim_makes makes;
  char *prompt;       /* as it was given; NULL where a request has none */
  char *prompt_en;    /* as it went to Midjourney; NULL = prompt */
  char *final_prompt; /* as Midjourney repeats it; of SIM_PROMPTS and SIM_SHORT
                         the result */
  char *zh_prompt;    /* the same in Chinese, or NULL */
  char *suggestion;   /* what the dialog offers; NULL = it opens none */
  char *state, *notify, *description; /* description NULL = "/imagine ..." */
  char *filter;          /* accountFilter as trueai shows it, or NULL */
  char *source;          /* address of the picture that it works on, or NULL */
  const char *bot;       /* static: "MID_JOURNEY" */
  const char *mode;      /* static: "FAST" */
  char submitted_as[96]; /* the description that the submit was answered with */
  char custom_id[112];   /* of the button that made it */
  size_t parent;         /* its index + 1; 0 = none */
  uint64_t about, key;   /* everything random about it comes from the key */
  size_t index;          /* in mj_sim.tasks */
  size_t file;           /* of describe: what was sent, its index + 1, or 0 */
  char hash[40], nonce[24], message_id[24], progress_id[24];
  enum mj_picture_kind kind; /* of a video: of its first frame */
  struct mj_picture_step steps[SIM_STEPS];
  size_t nsteps;
  char label[24];
  int width, height;
  int video;           /* how many videos there are; 0 = pictures */
  int high;            /* 1 = much motion */
  int pressed;         /* 1 to 4: which picture of its parent's; 0 = all */
  const char *literal; /* answered as it stands, or NULL */

  int64_t submitted;           /* ms since 1970, as all times here */
  int64_t slot;                /* when the account took it up; -1 = it waits */
  int64_t delay, lead, length; /* from slot to SUBMITTED, IN_PROGRESS, end */
  int modal;                   /* waits for /submit/modal */
  int64_t answered;            /* when that came; 0 = not, or never asked */
  int64_t cancelled;           /* 0 = not */
  int direct;                  /* no progress between SUBMITTED and the end */
  int stuck;                   /* at 93 % */
  int old;                     /* there from the start: its links stay good */
  const char *fail;            /* NULL = ends well */
  struct sim_calls *calls;     /* of a task with a hook, or NULL */
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

/* What is asked of a gateway; faults strike by it. */
enum sim_route_kind {
  SIM_KIND_SUBMIT,
  SIM_KIND_FETCH,
  SIM_KIND_IMAGE,
  SIM_KIND_LIST,   /* lists, the queue, seeds, cancel */
  SIM_KIND_NOTIFY, /* callbacks: what the gateway sends of itself */
  SIM_KINDS
};

struct sim_limits;
struct sim_rates;
struct sim_rule;
struct sim_scenario;
struct sim_profile;

struct mj_sim {
  const struct sim_profile *profile;
  uint64_t seed;
  double clock, sync;
  char *api_key, *base_url, *missing;
  const struct mj_draw *draw;
  int remix;
  struct sim_task **tasks; /* in order of submission */
  size_t ntasks, cap;
  struct sim_file *
      *files; /* in order of arrival; the oldest lose their bytes */
  size_t nfiles, files_cap, files_size, files_gone;
  struct sim_slot *map; /* hashed names to numbers */
  size_t map_cap, map_used;
  size_t most_running, most_waiting;
  size_t *running, *waiting; /* indices of tasks */
  size_t nrunning, nwaiting;
  struct sim_rule *rules;
  size_t nrules;
  struct sim_scenario *scenario; /* NULL = none */
  struct sim_rates *rates;
  struct sim_limits *limits;    /* of the profile generate, else NULL */
  unsigned capabilities;        /* enum gen_modes that are enabled */
  uint64_t kinds[SIM_KINDS];    /* requests of each kind */
  struct sim_heap looks, sends; /* notify.c */
  uint64_t dues;                /* that were put there */
  size_t hooked;                /* tasks with a hook */
  int64_t first, now;
  struct mj_sim_stats stats;
};

/* A request on its way through. */
struct sim_call {
  mj_sim *s;
  const struct mj_sim_request *req;
  int64_t now;
  char path[512];   /* without prefix and query: "/submit/imagine" */
  char id[256];     /* what stood for * in the route */
  const char *mode; /* of the path: "FAST", or NULL */
  sim_body *body;   /* parsed, or NULL */
  struct mj_sim_reply *reply;
  struct sim_buf out; /* becomes the reply's body */
  void *step;         /* of the scenario, that is about this request */
  size_t had;         /* tasks before it */
};

/* task.c: the store, the timeline, the queue */
uint64_t sim_mix(uint64_t a, uint64_t b);
uint64_t sim_hash(const char *text, uint64_t seed);
uint64_t sim_hash_bytes(const void *bytes, size_t n, uint64_t seed);
uint32_t sim_map_get(const mj_sim *s, uint64_t key); /* 0 = not there */
int sim_map_set(mj_sim *s, uint64_t key, uint32_t value);
/* Names of several kinds share the map. */
enum sim_name {
  SIM_NAME_ID = 1,
  SIM_NAME_MESSAGE,
  SIM_NAME_ABOUT,
  SIM_NAME_HASH,
  SIM_NAME_FILE
};
struct sim_task *sim_task_new(mj_sim *s, const char *about);
void sim_task_free(struct sim_task *t);
/* The account takes it: 1, 22 with *ahead, 23 (not kept) or 9 (no memory). */
int sim_task_submit(mj_sim *s, struct sim_task *t, size_t *ahead);
/* Keeps a task that waits for its modal. */
int sim_task_keep(mj_sim *s, struct sim_task *t);
void sim_task_name(mj_sim *s, struct sim_task *t); /* gives it its id */
int sim_task_enqueue(mj_sim *s, struct sim_task *t, size_t *ahead);
void sim_task_cancel(mj_sim *s, struct sim_task *t);
struct sim_task *sim_task_find(const mj_sim *s, const char *id);
struct sim_task *sim_task_message(const mj_sim *s, const char *message_id);
struct sim_task *sim_task_job(const mj_sim *s, const char *hash);
void sim_advance(mj_sim *s, int64_t now);
int64_t sim_real(const mj_sim *s, int64_t task_ms);
/* When the account's next task ends; INT64_MAX when none runs. */
int64_t sim_next_place(const mj_sim *s);
/* When status or progress change next, after `when`; INT64_MAX when that is not
   known, or never. */
int64_t sim_next_change(const mj_sim *s, const struct sim_task *t,
                        int64_t when);
/* INT64_MAX = not taken up yet */
int64_t sim_task_end(const mj_sim *s, const struct sim_task *t);
struct sim_view sim_view_at(const mj_sim *s, const struct sim_task *t,
                            int64_t when);
char *sim_copy(const char *text);
void sim_snowflake(uint64_t key, unsigned use, char *out, size_t size);

/* rate.c */
int sim_rates_new(mj_sim *s, const struct mj_sim_config *cfg, char *why,
                  size_t size);
void sim_rates_free(mj_sim *s);
/* Counts a request; 1 when it is one too many, and has been answered. */
int sim_limited(struct sim_call *c, int submits);

/* notify.c: callbacks.  begin: of a task that is new; look: at that time, since
   what it will look like has changed; collect: what has come up to now. */
void sim_notify_begin(mj_sim *s, struct sim_task *t);
void sim_notify_look(mj_sim *s, struct sim_task *t, int64_t at);
void sim_notify_collect(mj_sim *s);
void sim_notify_free(mj_sim *s);

/* words.c: what stands in a prompt */
struct sim_words {
  int invalid; /* a parameter that Midjourney refuses */
  int fail, stuck, slow;
  int width, height;   /* of a grid */
  const char *version; /* of the upscale buttons: "v6r1" */
  const char *shown;   /* "v 6.1" */
};
void sim_words(const char *prompt, struct sim_words *out); /* NULL is "" */
/* "3:2" as two numbers; -1 when it is none that Midjourney draws. */
int sim_ratio(const char *text, long *w, long *h);
/* The size of a picture of that shape. */
void sim_shape(long w, long h, int *width, int *height);
/* Puts them to work: size, length, end. */
void sim_obey(struct sim_task *t, const char *prompt);
const char *sim_banned(const char *prompt);
int sim_blank(const char *text);
char *sim_trim(const char *text);
void sim_slug(const char *prompt, char *out, size_t size);
char *sim_final_prompt(const char *prompt);
/* The value of --name; NULL when it is not there. */
const char *sim_parameter(const char *prompt, const char *name,
                          const char *other);
/* "FAST" for FAST, fast, --fast ...; NULL for any other word. */
const char *sim_mode(const char *word, size_t n);

/* tell.c: what describe and shorten answer */
int sim_describe(struct sim_task *t, uint64_t key, int width, int height,
                 int plain);
int sim_shorten(struct sim_task *t, const char *prompt);
/* The n-th prompt of such an answer, for the caller to free. */
char *sim_told(const char *text, int n);

/* button.c: the buttons of a finished task */
struct sim_button {
  char custom_id[112], label[32];
  const char *emoji;
};
#define SIM_BUTTONS 24
int sim_buttons(const mj_sim *s, const struct sim_task *t,
                struct sim_button *out);

/* press.c: what they do */
#define SIM_ASKS_ALWAYS 1
#define SIM_ASKS_REMIX  2 /* when the account or the request has remix on */
/* Makes the task that a button leads to; NULL and a reason if there is none.
 *asks: whether it may open a dialog. */
struct sim_task *sim_press(mj_sim *s, struct sim_task *parent,
                           const char *custom_id, const char **why, int *asks);
struct sim_task *sim_change(mj_sim *s, struct sim_task *parent,
                            const char *action, int index);
/* The task that makes pictures of a prompt that describe or shorten told. */
struct sim_task *sim_press_told(mj_sim *s, struct sim_task *parent, int n,
                                const char *custom_id);
/* The descent of a picture made from one of the parent's (1 to 4; 0 = all). */
void sim_descend(struct sim_task *t, const struct sim_task *parent, int tile);
/* "CUSTOM_ZOOM" as new-api names what a customId does; NULL = nothing. */
const char *sim_action_of(const char *custom_id);

/* view.c, view_trueai.c: tasks as JSON */
void sim_put_novicezk(struct sim_call *c, const struct sim_task *t);
void sim_put_plus(struct sim_call *c, const struct sim_task *t);
void sim_put_new_api(struct sim_call *c, const struct sim_task *t);
void sim_put_trueai(struct sim_call *c, const struct sim_task *t);
extern const char *const sim_status_names[];
/* "/imagine ..." or what stands in its place, for the caller to free. */
char *sim_description(const struct sim_task *t, const struct sim_view *v);
const char *sim_progress(const struct sim_view *v, char *buf, size_t size);
const char *sim_fail_reason(const struct sim_task *t, const struct sim_view *v);
/* The row of new-api: 0 when it has not been synced since the submission. */
int sim_row(const mj_sim *s, const struct sim_task *t, int64_t now,
            struct sim_view *v);
const char *sim_link(const mj_sim *s, const struct sim_task *t,
                     const struct sim_view *v, char *buf, size_t size);
const char *sim_video_link(const mj_sim *s, const struct sim_task *t, int n,
                           char *buf, size_t size);
const char *sim_signature(const struct sim_task *t, int64_t is, char *buf,
                          size_t size);
const char *sim_sign(uint64_t key, int64_t is, char *buf, size_t size);

/* answer.c: how a submission is answered */
struct sim_said {
  int code;
  const char *description, *id;
  struct sim_buf more; /* members of `properties` */
};
void sim_say(struct sim_call *c, struct sim_said *said);
void sim_answer(struct sim_call *c, int code, struct sim_task *t, size_t ahead);
/* Fills in what all submissions have, and gives it to the account. */
void sim_submit(struct sim_call *c, struct sim_task *t);
/* Keeps it until /submit/modal comes. */
void sim_ask_back(struct sim_call *c, struct sim_task *t);
/* 1 when the prompt is refused, and answered so. */
int sim_refuse_banned(struct sim_call *c, const char *prompt);
/* Fails a task that a gateway took in spite of its words. */
void sim_fail_banned(struct sim_call *c, struct sim_task *t,
                     const char *prompt);
struct sim_task *sim_parent(struct sim_call *c, const char *id, int any_status);
/* 1 when new-api does not sell this model, and has said so. */
int sim_unsold(struct sim_call *c, const char *model);
int sim_missing_parse(mj_sim *s, const char *text, char *why, size_t size);

/* file.c: pictures that users send */
struct sim_picture {
  unsigned char *bytes; /* to be freed; NULL: it is an address */
  size_t len;
  const char *type, *suffix; /* static: "image/png", "png" */
  const char *url;           /* borrowed */
};
/* 0 when the gateway can read it; else nothing is to be freed. */
int sim_picture_read(const struct sim_call *c, const char *text,
                     struct sim_picture *out);
void sim_picture_free(struct sim_picture *p);
uint64_t sim_picture_key(const struct sim_picture *p);
void sim_picture_size(const struct sim_picture *p, int *width, int *height);
/* The address of a picture, keeping it if it came as bytes; NULL without
   memory.  *file is its number + 1, or 0. */
char *sim_picture_link(mj_sim *s, struct sim_picture *p, const char *name,
                       size_t *file);
void sim_files_free(mj_sim *s);
void sim_send_file(struct sim_call *c, size_t file);

/* The routes.  submit.c, change.c, action.c, media.c */
void sim_submit_imagine(struct sim_call *c);
void sim_submit_shorten(struct sim_call *c);
void sim_submit_change(struct sim_call *c);
void sim_submit_simple_change(struct sim_call *c);
void sim_submit_action(struct sim_call *c);
void sim_submit_modal(struct sim_call *c);
void sim_submit_blend(struct sim_call *c);
void sim_submit_describe(struct sim_call *c);
void sim_submit_video(struct sim_call *c);
void sim_submit_edits(struct sim_call *c);
void sim_submit_retexture(struct sim_call *c);
void sim_submit_upload(struct sim_call *c);
void sim_swap_face(struct sim_call *c);
void sim_swap_video_face(struct sim_call *c);
/* fetch.c */
void sim_fetch(struct sim_call *c);
void sim_list(struct sim_call *c);
void sim_queue(struct sim_call *c);
void sim_list_by_condition(struct sim_call *c);
void sim_image_seed(struct sim_call *c);
void sim_cancel(struct sim_call *c);
void sim_no_channel(struct sim_call *c);
/* picture.c: new-api's /mj/image/{id}; Discord's /attachments/{channel}/
   {message}/{file}; /video/{hash}/{0 to 3}.mp4 of a task with t->video */
void sim_image(struct sim_call *c);
/* Sends one of a grid's pictures, from 1.  -1: it cannot be drawn. */
int sim_draw_tile(struct sim_call *c, const struct sim_task *t, int tile,
                  const char *label);
/* The task whose hash begins the path; *rest: what stands behind the '/'. */
struct sim_task *sim_task_in_path(const struct sim_call *c, const char **rest);
void sim_attachment(struct sim_call *c);
void sim_video(struct sim_call *c);
void sim_cell(struct sim_call *c); /* cell.c: /cell/{hash}/0_{0 to 3}.png */
void sim_sent(struct sim_call *c); /* file.c: /attachments/{uploads}/... */

/* profiles.c: how each gateway says no */
enum {
  SIM_NEW_API = 1,
  SIM_NOVICEZK = 2,
  SIM_PLUS = 4,
  SIM_TRUEAI = 8,
  SIM_GENERATE = 16
};
enum sim_trait {
  SIM_ROWS = 1,      /* rows of its own, and checks before the proxy's */
  SIM_BUTTONED = 2,  /* its tasks have buttons */
  SIM_CELLS = 4,     /* a grid's pictures also one by one; upscales at once */
  SIM_ADDRESSES = 8, /* a picture may be an address or bare base64 */
  SIM_LATE = 16,     /* banned words end a task, not a submission */
  SIM_STRICT = 32,   /* of prefixes only /mj-fast and its like */
  SIM_CALLS_AGAIN = 64,  /* its callbacks may come twice */
  SIM_CALLS_AT_END = 128 /* one, at the end, and again if it is not taken */
};
/* Texts that differ between gateways. */
enum sim_text {
  SIM_TEXT_TASK_ID,
  SIM_TEXT_CUSTOM_ID,
  SIM_TEXT_BUTTON,
  SIM_TEXT_PICTURES,
  SIM_TEXT_DESCRIBE,
  SIM_TEXT_FULL,
  SIM_TEXT_FACE,
  SIM_TEXT_BODY,
  SIM_TEXT_FACE_FORMAT,
  SIM_TEXT_BODY_FORMAT,
  SIM_TEXTS
};
struct sim_profile {
  const char *name;
  unsigned bit, traits;
  int column;       /* of tables with one for each: buttons' actions */
  int full;         /* the code of a queue without room */
  const char *json; /* content type of a submission's answer */
  const char *const *texts;
  int (*allowed)(const struct sim_call *c);
  void (*unauthorized)(struct sim_call *c);
  void (*no_route)(struct sim_call *c, int wrong_method);
  void (*bad_body)(struct sim_call *c, int wrong_type);
  void (*no_task)(struct sim_call *c);
  void (*put_task)(struct sim_call *c, const struct sim_task *t);
};
const struct sim_profile *sim_profile_find(const char *name);
int sim_has(const struct sim_call *c, enum sim_trait trait);
int sim_on(const struct sim_call *c, unsigned profiles);
const char *sim_text(const struct sim_call *c, enum sim_text which);

/* refuse.c: the shapes of a refusal */
void sim_reply(struct sim_call *c, int status, const char *content_type);
/* {"code":...,"description":...,"result":null,"properties":{}} */
void sim_refuse(struct sim_call *c, int code, const char *description);
/* The task that a request is about is not there. */
void sim_refuse_parent(struct sim_call *c);
/* new-api's own errors of the midjourney layer */
void sim_refuse_mj(struct sim_call *c, int status, int code,
                   const char *description);
void sim_refuse_api(struct sim_call *c, int status, const char *message,
                    const char *code);
void sim_refuse_spring(struct sim_call *c, int status, const char *error);
/* trueai's envelope around a LogicException */
void sim_refuse_logic(struct sim_call *c, const char *message);
/* A value that the gateway's own types have no room for. */
void sim_refuse_value(struct sim_call *c, const char *field);
void sim_date(int64_t ms, char *buf, size_t size); /* 2025-03-09 14:46:18 */

/* fault.c */
int sim_faults_parse(mj_sim *s, const char *text, char *why, size_t size);
/* 1 when the fault answers in place of the gateway. */
int sim_fault_before(struct sim_call *c, enum sim_route_kind kind);
void sim_fault_after(struct sim_call *c, enum sim_route_kind kind);
/* Of the next callback: bits 1 << TWICE ... of fault.h. */
unsigned sim_fault_callback(mj_sim *s);

/* scenario.c */
int sim_scenario_new(mj_sim *s, const struct mj_sim_config *cfg, char *why,
                     size_t size);
void sim_scenario_free(struct sim_scenario *scenario);

/* samples.c */
int sim_samples(mj_sim *s);

#define SIM_JSON      "application/json"
#define SIM_JSON_UTF8 "application/json; charset=utf-8"
#define SIM_TEXT      "text/plain; charset=utf-8"
#define SIM_HTML      "text/html"

#endif
