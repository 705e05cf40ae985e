/* SPDX-License-Identifier: MIT
   os_private.h - files that belong to one user and one process. */
#ifndef MJ_OS_PRIVATE_H
#define MJ_OS_PRIVATE_H

#include "os.h"

/* Makes the folders of `path` that are missing, for this user alone.  Refuses
   a folder in which others could exchange files. */
int mj__os_private_folder(const char *path, mj_error *err);
/* 1 = a plain file of this user that nobody else can open, 0 = none there;
   else MJ_EJOURNAL, and what to do about it. */
int mj__os_private_file(const char *path, int64_t *size, mj_error *err);
/* An empty one; must not exist. */
int mj__os_private_new(const char *path, mj_error *err);
/* The first n bytes; how many there were, or MJ_EJOURNAL. */
int mj__os_private_head(const char *path, void *out, size_t n, mj_error *err);
/* Renames and syncs the folder.  Refuses to replace a file. */
int mj__os_private_move(const char *from, const char *to, mj_error *err);
int mj__os_private_remove(const char *path); /* none there is fine */

/* Locks `path` against other processes until it is unlocked or the process
   ends: a descriptor, or MJ_EJOURNAL with the holder in the text.  *made = it
   did not exist. */
int mj__os_lock(const char *path, int *made, mj_error *err);
void mj__os_unlock(int fd);
/* Who has it locked: the process's number, -1 = one that left none, 0 = nobody.
   Asking is no lock that anybody would notice for longer than a moment. */
long mj__os_lock_owner(const char *path);

/* A file of this user's that several processes read and write, made if need be:
   a descriptor for mj__os_unlock, or -1. */
int mj__os_shared_open(const char *path, mj_error *err);
int mj__os_shared_try(int fd); /* 1 = nobody else has it until let; 0 = busy */
void mj__os_shared_let(int fd);
/* Bytes, or -1.  Writing: 0 or -1. */
int64_t mj__os_shared_read(int fd, void *out, size_t n, int64_t at);
int mj__os_shared_write(int fd, const void *p, size_t n, int64_t at);

long mj__os_pid(void);

#endif
