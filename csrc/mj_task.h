/* SPDX-License-Identifier: MIT
   mj_task.h - errors, tasks, what is asked of a gateway and what is heard
   of it.  Part of mj.h. */
#ifndef MJ_TASK_H
#define MJ_TASK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MJ_API __attribute__((visibility("default")))
#else
#define MJ_API
#endif

#define MJ_VERSION "0.1.0"

/* Errors ------------------------------------------------------------------ */

/* The closed list.  mj_error_name() gives the lower-case name that Lua shows
   as err.code: X(AUTH) is "auth". */
#define MJ_ERROR_MAP(X)                                                        \
  X(RESOURCE, -1, "out of memory, descriptors or disk")                        \
  X(INVALID, -2, "invalid argument or refused parameters")                     \
  X(UNSUPPORTED, -3, "this gateway cannot do that")                            \
  X(AUTH, -4, "key missing or refused")                                        \
  X(RATE_LIMITED, -5, "the gateway asks to slow down")                         \
  X(QUEUE_FULL, -6, "the gateway's queue is full")                             \
  X(BANNED_PROMPT, -7, "prompt refused by content rules")                      \
  X(NOT_FOUND, -8, "the gateway does not know that task")                      \
  X(NO_BUTTON, -9, "the task has no such button")                              \
  X(NEEDS_INPUT, -10, "the gateway waits for more input")                      \
  X(NETWORK, -11, "could not reach the gateway")                               \
  X(TIMEOUT, -12, "deadline passed; the work goes on")                         \
  X(UNKNOWN_OUTCOME, -13, "sent, but no answer: may have been paid")           \
  X(PROTOCOL, -14, "reply not understood")                                     \
  X(FAILED, -15, "the task ended in failure")                                  \
  X(CANCELLED, -16, "cancelled")                                               \
  X(EXPIRED, -17, "the address of the picture has expired")                    \
  X(TOO_LARGE, -18, "larger than the limit")                                   \
  X(BLOCKED_ADDRESS, -19, "that address is not allowed")                       \
  X(REMOTE_LOST, -20, "the gateway forgot an accepted task")                   \
  X(DUPLICATE, -21, "the same key was submitted before")                       \
  X(BUDGET, -22, "the budget does not allow it")                               \
  X(JOURNAL, -23, "the journal cannot be written")                             \
  X(CLOSED, -24, "the client is closed")

enum {
  MJ_OK = 0,
#define X(name, num, text) MJ_E##name = (num),
  MJ_ERROR_MAP(X)
#undef X
};

typedef struct mj_error {
  int code;               /* MJ_E* */
  int http_status;        /* 0 = there was no HTTP reply */
  int remote_code;        /* the gateway's own `code`, 0 = none */
  int retryable;          /* 1 = the same call may succeed later */
  int64_t retry_after_ms; /* what the gateway asked for, -1 = nothing */
  char text[480];         /* one line, UTF-8, no control characters, no key */
} mj_error;

/* "auth", "rate_limited", ...; "unknown" for a number not in the list. */
MJ_API const char *mj_error_name(int code);
MJ_API const char *mj_error_text(int code);
MJ_API const char *mj_version(void);
/* "libcurl/7.88.1 OpenSSL/3.0.19 yajl/2.1.0": what is linked in. */
MJ_API const char *mj_libraries(void);

/* Tasks ------------------------------------------------------------------- */

typedef uint64_t mj_id; /* a job; 0 = none; never reused; below 2^53 */

/* The wire's own statuses, the same for both API families. */
#define MJ_STATUS_MAP(X)                                                       \
  X(UNKNOWN)                                                                   \
  X(NOT_START)                                                                 \
  X(SUBMITTED)                                                                 \
  X(MODAL)                                                                     \
  X(IN_PROGRESS)                                                               \
  X(SUCCESS)                                                                   \
  X(FAILURE)                                                                   \
  X(CANCEL)

typedef enum mj_status {
#define X(name) MJ_ST_##name,
  MJ_STATUS_MAP(X)
#undef X
} mj_status;

MJ_API const char *mj_status_name(mj_status s); /* "IN_PROGRESS", ... */

/* A follow-up that a task offers.  Members may be NULL.  Where a gateway sends
   no buttons they are made: from /submit/change (the first midjourney-proxy)
   with the custom_id "change::UPSCALE::2", from the modes of the generate
   family with "generate::upscale::2", "generate::vary::2" and
   "generate::reroll".  Their numbers begin at 1, as all labels' do. */
typedef struct mj_button {
  const char *custom_id, *label, *emoji;
} mj_button;

/* A word or phrase of a prompt that shorten looked at. */
typedef struct mj_token {
  const char *text;
  int dropped;   /* 1 = struck out: it does nothing */
  double weight; /* 0..1 where the gateway gave one, else -1 */
} mj_token;

/* One shape for both families.  Absent and empty strings are NULL. */
typedef struct mj_task {
  const char *id, *action;
  const char *status_text; /* as on the wire; `status` is what it means */
  mj_status status;
  int progress; /* 0..100, -1 = the wire has none */
  const char *prompt, *prompt_en, *final_prompt, *description;
  const char *fail_reason;
  const char *fail_code; /* generate: "CONTENT_VIOLATION"; else NULL */
  int error; /* of a failure with a fail_code: the MJ_E* that it means; else 0
              */
  int again; /* and whether the same request may succeed later */
  const char *state; /* what the submitter gave, not the wire's token */
  const char *image_url, *video_url;
  const char *const *images; /* URLs, final ones first */
  size_t nimages;
  const char *const *videos; /* URLs */
  size_t nvideos;
  const mj_button *buttons;
  size_t nbuttons;
  const char *const *prompts; /* describe, shorten: what they propose */
  size_t nprompts;
  const mj_token *tokens; /* shorten: how it weighs the prompt's words */
  size_t ntokens;
  int64_t submitted_wall_ms, started_wall_ms, finished_wall_ms;
  int64_t expires_wall_ms; /* 0 = not known */
  int64_t cost_ms;         /* time that the gateway spent; 0 = not known */
  const char *json;        /* the whole reply, as it came */
  size_t json_len;
} mj_task;

/* Finds a button: the customId, then the exact label, the emoji (variation
   selectors ignored), the intent ("upscale:2", "zoom:1.5", "reroll" ...), and
   for "zoom:1.7", a factor that has no button of its own, Custom Zoom.
   Returns its index, or MJ_ENO_BUTTON with the list of what there is, also
   when two buttons match equally well. */
MJ_API int mj_button_find(const mj_button *buttons, size_t n,
                          const char *selector, mj_error *err);

/* The intent that a customId stands for, e.g. "upscale:2" for
   "MJ::JOB::upsample::2::..."; NULL when none.  `buf` is at least 32 bytes. */
MJ_API const char *mj_button_intent(const char *custom_id, char *buf,
                                    size_t size);

/* Requests ---------------------------------------------------------------- */

typedef enum mj_op {
  MJ_OP_IMAGINE = 1,
  MJ_OP_CLICK, /* a button of a task */
  MJ_OP_BLEND,
  MJ_OP_DESCRIBE,
  MJ_OP_SHORTEN,
  MJ_OP_MODAL, /* more input for a task that waits for it */
  MJ_OP_VIDEO,
  MJ_OP_EDIT,
  MJ_OP_RETEXTURE,
  MJ_OP_UPLOAD,
  MJ_OP_SWAP_FACE,
  MJ_OP_INPAINT, /* generate: upload-paint.  In the mj family the same is a
                    click on "vary:region", or an edit */
  MJ_OP_GENERATE /* generate: an `input` as it stands, for modes that are not
                    modelled */
} mj_op;

/* "imagine", "swap_face" ...; NULL for a number that is none. */
MJ_API const char *mj_op_name(mj_op op);

/* A prompt parameter by its name in the table of prompt.c ("aspect"), with its
   value as text ("3:2"; "true" for a flag without a value). */
typedef struct mj_param {
  const char *name, *value;
} mj_param;

/* A picture: an address or a data URI, else the bytes of a PNG, JPEG, WebP or
   GIF file. */
typedef struct mj_picture {
  const char *url;
  const char *bytes;
  size_t len;
} mj_picture;

/* A polygon of a mask: x1, y1, x2, y2 ... clockwise from the top left, in a
   picture of that size. */
typedef struct mj_area {
  int width, height;
  const int *points;
  size_t npoints; /* numbers, so an even count, 6 at least */
} mj_area;

typedef struct mj_box {
  int x, y, width, height;
} mj_box;

/* Zero it, set what the op needs. */
typedef struct mj_request {
  mj_op op;
  const char *prompt;     /* all but blend, describe, upload, swap_face; click
                             and modal: what the dialog gets, or NULL */
  const mj_param *params; /* where there is a prompt */
  size_t nparams;
  /* imagine: references; blend: 2 to 5; describe, edit, retexture: 1; video:
     first frame and, if there are two, the last; swap_face: the face, then the
     picture that gets it; upload: 1 or more */
  const mj_picture *pictures;
  size_t npictures;
  const mj_picture *mask; /* click, modal: PNG; black stays, white is redone;
                             inpaint: that, or an address */
  const mj_area *areas;   /* inpaint: the same as polygons; one of the two */
  size_t nareas;
  const mj_box
      *canvas;         /* inpaint: width and height; NULL = those of the mask */
  const mj_box *place; /* inpaint: where on it the picture lies; NULL = at the
                          top left, as large as the mask */
  double zoom;         /* click, modal: 1 to 2 for Custom Zoom; 0 = none */
  const char *task;    /* click: the id of the task that has the button; modal:
                          of the task that waits; video: of one to extend */
  const char *button;  /* click: customId, label, emoji or intent */
  const char *task_json; /* click: mj_task.json of that task, if at hand; saves
                            a fetch when `button` is not a customId.  modal: it
                            has the prompt that a zoom without one goes by */
  size_t task_json_len;
  int remix;              /* click: 1 = ask for the dialog (enableRemix) */
  const char *type;       /* click, generate: of an upscale, "standard" (NULL),
                             "creative", "2x", "4x", or their numbers "0" to
                             "3" */
  const char *strength;   /* click, generate: of a variation, "subtle" (NULL) or
                             "strong", or "0", "1" */
  const char *provider;   /* generate: "auto", "value", "official" */
  const char *input_json; /* generate: an object */
  const char *dimensions; /* blend: "portrait", "square", "landscape" */
  const char *language;   /* describe: "zh_cn" ..., where a gateway has them */
  const char *motion;     /* video: "low", "high" */
  const char *video_type; /* video: "vid_1.1_i2v_720" ... */
  int loop, batch;        /* video: 1 = loop; 1, 2 or 4 videos, 0 = default */
  int index;              /* video: which of the task's videos, from 1 */
  const char *bot;        /* "midjourney", "niji"; NULL sends nothing */
  const char *notify_hook; /* an http(s) address to which the gateway may POST
                              what changes (mj), or the end (generate:
                              callback_url) */
  const char *account_filter; /* a JSON object; most gateways ignore it */
  const char *mode;  /* "fast", "relax", "turbo"; NULL = the client's */
  const char *state; /* the caller's; comes back as mj_task.state */
  const char *key;   /* names this work in the journal, for ever; NULL = the
                        request itself does, until the run has ended */
  const char *on_duplicate; /* what to do about a key that is there: "attach"
                               (NULL) goes on with that work, "fail", "new" */
  const char *extra_json;   /* an object whose members join the request body; in
                               the generate family those of its "input" join the
                               `input` */
  unsigned group;           /* whom it takes turns with: each group gets as much
                               as any other, however many wait in it; 0 = that of
                               its op */
  int64_t deadline_ms;      /* from now; 0 = none.  What was not sent by then
                               never is; what was accepted is left to itself */
  int attempts;             /* submissions of work whose task fails for a reason
                               that is not moderation, each paid for and a row
                               of its own; 0 and 1 = one */
  int lenient;              /* 1 = out-of-range parameters pass */
  int progress;             /* 1 = report MJ_EV_PROGRESS for this job */
} mj_request;

/* What can be asked of a gateway besides the state of one task. */
typedef enum mj_query {
  MJ_QUERY_LIST = 1, /* the newest tasks */
  MJ_QUERY_IDS,      /* the tasks with these ids; unknown ones are left out */
  MJ_QUERY_QUEUE,    /* what waits and runs */
  MJ_QUERY_SEED,     /* of one task */
  MJ_QUERY_CANCEL,   /* one task; looks afterwards whether it did stop */
  MJ_QUERY_DIALECT   /* ends when the family is known: items[0] is its name */
} mj_query;

/* Events ------------------------------------------------------------------ */

typedef enum mj_event_type {
  MJ_EV_ACCEPTED, /* task_id is set: the gateway took it (and may charge); comes
                     again if answering a dialog gave the task another id */
  MJ_EV_PROGRESS, /* status or progress changed; task is set */
  MJ_EV_DONE,     /* the job ended; error is NULL on success */
  MJ_EV_TIMER     /* mj_after ran out */
} mj_event_type;

typedef struct mj_event {
  mj_event_type type;
  mj_id id;
  const char *task_id;   /* NULL before the gateway accepted */
  const char *token;     /* finds the work in the journal again; NULL = none */
  const mj_task *task;   /* last reply that carried the task, or NULL */
  const mj_error *error; /* set iff the job ended without success */
  const char *data;      /* mj_fetch: the bytes */
  size_t data_len;
  const char *content_type; /* mj_fetch: as the server named it, or NULL */
  const mj_task *tasks;     /* mj_ask: of a list or queue; json: of each */
  size_t ntasks;
  const char *const *items; /* mj_ask: the seed; upload: the URLs; accepted: the
                               ids, when one click made several tasks */
  size_t nitems;
} mj_event;

/* Where a job is; see mj_job_info. */
typedef enum mj_phase {
  MJ_PH_QUEUED,  /* waits for a slot, a token, its button or a connection; not
                    sent */
  MJ_PH_SENDING, /* the paid request is on its way */
  MJ_PH_RUNNING, /* accepted, being polled */
  MJ_PH_ENDED    /* its MJ_EV_DONE comes, or waits in the queue */
} mj_phase;

typedef struct mj_job_state {
  mj_phase phase;
  mj_status status;
  int progress;
  int ahead;           /* tasks before it when it was accepted; -1 = not told */
  const char *task_id; /* borrowed until the next mj_step; may be NULL */
  const char *token;   /* finds the work in the journal again; likewise */
} mj_job_state;

#ifdef __cplusplus
}
#endif
#endif
