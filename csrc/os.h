/* SPDX-License-Identifier: MIT
   os.h - what is not portable, apart from the poller. */
#ifndef MJ_OS_H
#define MJ_OS_H

#include "mj.h"

int64_t mj__os_now_ms(void *ud); /* monotonic; an mj_now_fn */
/* 0, or -1 when the system gives no random bytes. */
int mj__os_random(void *out, size_t n);
/* Writes data beside `path`, syncs, renames over it, syncs the folder; makes
   missing folders.  On failure nothing is left behind and `path` is as it
   was. */
int mj__os_write_file(const char *path, const char *data, size_t n,
                      mj_error *err);

#endif
