/* SPDX-License-Identifier: MIT
   button.h - see button.c. */
#ifndef MJ_BUTTON_H
#define MJ_BUTTON_H

#include "mj.h"

/* The names a person would use, comma separated, cut to `size`. */
void mj__button_list(const mj_button *buttons, size_t n, char *out,
                     size_t size);

#endif
