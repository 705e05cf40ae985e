/* SPDX-License-Identifier: MIT
   prompt.h - the table of prompt parameters. */
#ifndef MJ_PROMPT_H
#define MJ_PROMPT_H

#include "mem.h"

/* Writes `prompt` and, behind it, each parameter as a flag.  Unknown names are
   MJ_EINVALID, values out of range too unless
   `lenient`. */
int mj__prompt_flags(struct mj__buf *out, const char *prompt,
                     const mj_param *params, size_t n, int lenient,
                     mj_error *err);

#endif
