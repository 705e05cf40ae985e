/* SPDX-License-Identifier: MIT
   wire_generate.h - what the files of the generate family share. */
#ifndef MJ_WIRE_GENERATE_H
#define MJ_WIRE_GENERATE_H

#include "prompt.h"
#include "wire_put.h"

enum mj__route mj__generate_verb(mj_op op);
int mj__generate_put(struct mj__call *call, const struct mj__gateway *g,
                     const mj_request *r, const char *token, mj_error *err);
int mj__generate_task(const mj_value *root, struct mj__arena *a, mj_task *t);

/* A paid request under construction. */
struct mj__making {
  struct mj__call *call;
  struct mj__buf *b; /* the body */
  const mj_request *r;
  const char *mode;      /* the request's or the client's, or NULL */
  mj_json *extra;        /* of the caller, or NULL */
  mj_json *input;        /* likewise, of an input as it stands */
  const char *names[16]; /* the members that `input` has so far */
  size_t nnames;
  mj_error *err;
};

/* A member of `input`; the value follows. */
void mj__input_name(struct mj__making *k, const char *name);
void mj__input_text(struct mj__making *k, const char *name, const char *v);

/* Parameters that have no member in any mode but those of imagine stay in the
   prompt as flags. */
int mj__few_members(const struct mj__parameter *p);
/* Puts "prompt"; what left it is in *split. */
int mj__input_prompt(struct mj__making *k, struct mj__split *split);
/* And puts what left it (split NULL = there is no prompt), and the speed. */
int mj__input_members(struct mj__making *k, const struct mj__split *split);
/* "image_urls": least..most addresses. */
int mj__input_pictures(struct mj__making *k, size_t least, size_t most);

int mj__input_paint(struct mj__making *k);
int mj__input_click(struct mj__making *k);

#endif
