/* SPDX-License-Identifier: MIT
   os.h - what is not portable, apart from the poller. */
#ifndef MJ_OS_H
#define MJ_OS_H

#include "mj.h"

int64_t mj__os_now_ms(void *ud); /* monotonic; an mj_now_fn */
int mj__os_is_file(const char *path);
int64_t mj__os_wall_ms(void); /* since 1970 */
/* 0, or -1 when the system gives no random bytes. */
int mj__os_random(void *out, size_t n);
/* Writes data beside `path`, syncs, renames over it, syncs the folder; makes
   missing folders.  On failure nothing is left behind and `path` is as it
   was. */
int mj__os_write_file(const char *path, const char *data, size_t n,
                      mj_error *err);
/* Makes the folders in front of the last '/' of `path`, which is put back as
   it was: 0, or -1 and errno. */
int mj__os_make_folders(char *path, unsigned mode);
/* Syncs the folder that `path` lies in, and cuts it off `path`. */
int mj__os_sync_folder(char *path);

#endif
