/* SPDX-License-Identifier: MIT
   wire.h - a dialect is a table of pure functions: requests to bytes, bytes to
   facts.  No clock, no socket, no state. */
#ifndef MJ_WIRE_H
#define MJ_WIRE_H

#include "json.h"
#include "mem.h"

enum { MJ__ID_MAX = 64 };

/* What a gateway is like; data, not behaviour. */
struct mj__gateway {
  const char *base;   /* without a slash at the end */
  const char *prefix; /* from the user, or NULL */
  const char *mode;   /* the client's, or NULL */
  const char *mode_style;
};

/* Which door of a gateway a request goes to; not every gateway has each. */
enum mj__route {
  MJ__R_NONE,
  MJ__R_IMAGINE,
  MJ__R_BLEND,
  MJ__R_DESCRIBE,
  MJ__R_SHORTEN,
  MJ__R_CHANGE,
  MJ__R_ACTION,
  MJ__R_MODAL,
  MJ__R_VIDEO,
  MJ__R_EDITS,
  MJ__R_RETEXTURE,
  MJ__R_UPLOAD,
  MJ__R_SWAP,
  MJ__R_FETCH,
  MJ__R_LIST,
  MJ__R_IDS,
  MJ__R_QUEUE,
  MJ__R_SEED,
  MJ__R_CANCEL,
  MJ__R_GENERATE, /* generateTask; its statusTask is MJ__R_FETCH */
  MJ__ROUTES
};

/* A request ready to be sent; the buffers are the caller's.  `warnings` gets a
   line for each doubt about a prompt; NULL = nobody wants them. */
struct mj__call {
  const char *method;
  struct mj__buf url, body;
  struct mj__buf *warnings;
  int paid;
  enum mj__route route;
};

/* The shapes that replies come in, whatever the HTTP status. */
enum mj__shape {
  MJ__SHAPE_EMPTY,
  MJ__SHAPE_TEXT,    /* not JSON: HTML, plain text */
  MJ__SHAPE_SUBMIT,  /* {"code":1,"description":..,"result":..} */
  MJ__SHAPE_ERROR,   /* {"error":{"message":..}} or {"error":".."} */
  MJ__SHAPE_SUCCESS, /* {"success":false,"message":..} */
  MJ__SHAPE_SPRING,  /* {"timestamp":..,"status":400,"error":..,"path":..} */
  MJ__SHAPE_TASK,    /* has id and status */
  MJ__SHAPE_LIST,    /* an array */
  MJ__SHAPE_DATA,    /* {"code":200,"message":..,"data":..}: generate */
  MJ__SHAPE_JSON     /* anything else */
};

/* What a reply says.  Texts are the document's or empty, never NULL. */
struct mj__said {
  enum mj__shape shape;
  int has_code;
  int64_t code;
  const char *description, *type;
  const char *reason;         /* ERROR: a code that is a word */
  const char *id;             /* SUBMIT, DATA: a usable task id, or "" */
  const char *given;          /* what stands where the id does, usable or not;
                                 without a code, too */
  const char *banned_word;    /* properties.bannedWord */
  const char *result;         /* SUBMIT: as text, or "" */
  int no_result;              /* SUBMIT: there is none, or it is empty */
  int several;                /* SUBMIT: how many ids are in `result` */
  char first[MJ__ID_MAX + 1]; /* of several: what `id` points to */
  const mj_value *list;       /* SUBMIT: a result that is an array, or NULL */
  int dialog;            /* SUBMIT: says that the task waits for more input */
  const char *suggested; /* SUBMIT: properties.finalPrompt */
  int ahead;             /* SUBMIT: properties.numberOfQueues, or -1 */
  int has_state;         /* DATA: there is a task's state in it */
};

struct mj__wire {
  const char *name;
  int generate;  /* 1 = the generate family.  Who wants to know looks
                    here, since a module with a transport of its own may
                    have a second copy of these tables */
  unsigned asks; /* the free routes it has, a bit per enum mj__route */
  mj_poll poll;  /* as the family wants it */
  double requests_per_min; /* its stated limits; 0 = none */
  int live;
  int remembers; /* 1 = replies do not repeat a request: the client keeps it, to
                    show its prompt and to send it again */
  /* The route of a verb, or MJ__R_NONE. */
  enum mj__route (*route)(mj_op op);
  /* The paid request for r.  `token` is the wire's state field. */
  int (*put)(struct mj__call *call, const struct mj__gateway *g,
             const mj_request *r, const char *token, mj_error *err);
  /* A free question about the tasks with these ids. */
  int (*ask)(struct mj__call *call, const struct mj__gateway *g,
             const char *mode, enum mj__route route, const char *const *ids,
             size_t n, mj_error *err);
  /* A task reply's fields; memory from `a`.  MJ_ERESOURCE or MJ_OK. */
  int (*task)(const mj_value *root, struct mj__arena *a, mj_task *out);
};

extern const struct mj__wire mj__wire_mj, mj__wire_generate;

/* MJ_EUNSUPPORTED: this family has no such verb; names the one that has. */
int mj__not_here(const struct mj__wire *w, mj_op op, mj_error *err);
/* The same of a field of mj_request. */
int mj__no_field(const struct mj__wire *w, const char *field, mj_error *err);

/* root NULL = the body is not JSON. */
void mj__said_read(struct mj__said *s, const mj_value *root, size_t body_len);
/* The route's end, for people: "submit/blend". */
const char *mj__route_name(enum mj__route r);
/* [A-Za-z0-9_-]{1,64}: safe in a path. */
int mj__id_ok(const char *s);
/* The task's id in what the generate family puts into `data`: taskId, of some
   adapters task_id.  NULL = none. */
const char *mj__data_id(const mj_value *data);
/* 31 for "31%" and "31.5%"; -1 for words and for more than 100. */
int mj__progress_read(const char *s);
mj_status mj__status_read(const char *s);

#endif
