/* SPDX-License-Identifier: MIT
   os.h - what is not portable, apart from the poller. */
#ifndef MJ_OS_H
#define MJ_OS_H

#include "mj.h"

int64_t mj__os_now_ms(void *ud); /* monotonic; an mj_now_fn */
int64_t mj__os_now_us(void);     /* the same, for budgets */
/* Goes on while the machine sleeps or the process is stopped. */
int64_t mj__os_boot_ms(void);
int64_t mj__os_file_size(const char *path); /* -1 = no plain file */
/* Hands all bytes of a file to fn, which stops it with anything but 0; how many
   there were, or -1. */
int64_t mj__os_read_file(const char *path,
                         int (*fn)(void *ud, const char *p, size_t n),
                         void *ud);
/* The same path from the root on, as far as it can be said. */
enum { MJ__OS_PATH = 4096 };
void mj__os_absolute(const char *path, char out[MJ__OS_PATH]);
int64_t mj__os_wall_ms(void); /* since 1970 */
/* 0, or -1 when the system gives no random bytes. */
int mj__os_random(void *out, size_t n);
/* Writes data to a file without a name (where there are none: beside `path`),
   syncs, puts it into its place, syncs the folder; makes missing folders.  On
   failure nothing is left behind and `path` is as it was.  keep: nothing that
   has the name is replaced: MJ_EDUPLICATE, unless it is a file of these bytes,
   as one is whose writer was killed before it could tell. */
int mj__os_write_file(const char *path, const char *data, size_t n, int keep,
                      mj_error *err);
/* Makes the folders in front of the last '/' of `path`, which is put back as
   it was: 0, or -1 and errno. */
int mj__os_make_folders(char *path, unsigned mode);
/* Syncs the folder that `path` lies in, and cuts it off `path`. */
int mj__os_sync_folder(char *path);

#endif
