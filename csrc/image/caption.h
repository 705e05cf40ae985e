/* SPDX-License-Identifier: MIT
   caption.h - the prompt along the bottom of a picture, the label above. */
#ifndef MJ_CAPTION_H
#define MJ_CAPTION_H

#include "canvas.h"

void caption_draw(struct canvas *c, const char *prompt);
void caption_label(struct canvas *c, const char *label);

#endif
