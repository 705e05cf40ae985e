/* SPDX-License-Identifier: MIT
   window.c - see window.h. */
#include "window.h"

enum { ONE = 1000, NEWS_MS = 1000 };

int64_t mj__window_now(const struct mj__window *w) {
  int64_t size = w->size / ONE;
  if (w->size == 0)
    return w->max;
  return w->max && w->max < size ? w->max : size;
}

int mj__window_open(const struct mj__window *w) {
  int64_t now = mj__window_now(w);
  return now == 0 || w->used < now;
}

void mj__window_cut(struct mj__window *w, enum mj__cut why, int64_t now_ms) {
  int64_t from = w->used * ONE;
  if (now_ms < w->cut_ms)
    return;
  w->cut_ms = now_ms + NEWS_MS;
  /* what was used is what was too much, unless it is above the window, which
     was cut before and not followed yet */
  if (w->size && w->size < from)
    from = w->size;
  w->size = why == MJ__CUT_QUEUED ? from - from / 8 : from / 2;
  if (w->size < ONE)
    w->size = ONE;
}

void mj__window_grow(struct mj__window *w) {
  if (w->size == 0)
    return;
  w->size += (int64_t)ONE * ONE / w->size;
}
