/* SPDX-License-Identifier: MIT
   proposal.h - the texts that describe and shorten answer with. */
#ifndef MJ_PROPOSAL_H
#define MJ_PROPOSAL_H

#include "mem.h"

/* Reads the prompts that a text proposes, and for SHORTEN how it weighs words,
   into the members of `t`; memory is the arena's.  Does nothing for another
   action, and for no text (NULL).  MJ_OK or MJ_ERESOURCE. */
int mj__proposals_read(const char *action, const char *text,
                       struct mj__arena *a, mj_task *t);

#endif
