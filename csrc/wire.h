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

/* A request ready to be sent; url and body are the caller's buffers. */
struct mj__call {
  const char *method;
  struct mj__buf url, body;
  int paid;
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
  MJ__SHAPE_JSON     /* anything else */
};

/* What a reply says.  Texts are the document's or empty, never NULL. */
struct mj__said {
  enum mj__shape shape;
  int has_code;
  int64_t code;
  const char *description, *type;
  const char *reason;      /* ERROR: a code that is a word */
  const char *id;          /* SUBMIT: a usable task id, or "" */
  const char *banned_word; /* properties.bannedWord */
};

struct mj__wire {
  const char *name;
  /* The paid request for r.  `token` is the wire's state field. */
  int (*put)(struct mj__call *call, const struct mj__gateway *g,
             const mj_request *r, const char *token, mj_error *err);
  /* The free question for one task. */
  int (*ask)(struct mj__call *call, const struct mj__gateway *g,
             const char *mode, const char *task_id, mj_error *err);
  /* A task reply's fields; memory from `a`.  MJ_ERESOURCE or MJ_OK. */
  int (*task)(const mj_value *root, struct mj__arena *a, mj_task *out);
};

extern const struct mj__wire mj__wire_mj;

/* root NULL = the body is not JSON. */
void mj__said_read(struct mj__said *s, const mj_value *root, size_t body_len);
/* [A-Za-z0-9_-]{1,64}: safe in a path. */
int mj__id_ok(const char *s);
/* 31 for "31%" and "31.5%"; -1 for words and for more than 100. */
int mj__progress_read(const char *s);
mj_status mj__status_read(const char *s);

#endif
