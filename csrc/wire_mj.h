/* SPDX-License-Identifier: MIT
   wire_mj.h - what the files of the /mj family share. */
#ifndef MJ_WIRE_MJ_H
#define MJ_WIRE_MJ_H

#include "wire.h"

enum mj__route mj__mj_verb(mj_op op);
int mj__mj_put(struct mj__call *call, const struct mj__gateway *g,
               const mj_request *r, const char *token, mj_error *err);
int mj__mj_task(const mj_value *root, struct mj__arena *a, mj_task *t);

/* base, prefix, mode, "/mj/": where the family's routes begin. */
void mj__mj_route(struct mj__call *call, const struct mj__gateway *g,
                  const char *mode, enum mj__route route);

#endif
