/* SPDX-License-Identifier: MIT
   tag.h - the seed of a prompt as a mark that finds its task again, where a
   gateway drops `state` (new-api writes State:"" into its rows): a seed shows
   in the prompt wherever the prompt does, and does not bias the picture. */
#ifndef MJ_TAG_H
#define MJ_TAG_H

#include "mem.h"

/* The seed that a token stands for, from 1 to 2^32-1: nothing else has to be
   written down. */
uint32_t mj__tag(const char *token);
/* The last --seed of a prompt, 0 = none (or none that could be a tag). */
uint32_t mj__tag_in(const char *prompt);
/* That of a task, from whichever of its prompts has one. */
uint32_t mj__tag_of_task(const mj_task *t);
/* An imagine that has no seed gets its token's: `params`, which the caller
   frees, and `digits` live as long as *q does. */
int mj__tag_add(const struct mj__mem *m, mj_request *q, const char *token,
                mj_param **params, char digits[16]);

#endif
