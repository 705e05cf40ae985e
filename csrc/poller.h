/* SPDX-License-Identifier: MIT
   poller.h - one descriptor that stands for many (epoll). */
#ifndef MJ_POLLER_H
#define MJ_POLLER_H

#include "mem.h"

/* MJ__NESTED: only wakes the wait; its owner looks at it himself. */
enum { MJ__READ = 1, MJ__WRITABLE = 2, MJ__BROKEN = 4, MJ__NESTED = 8 };

struct mj__ready {
  int fd;
  int events;
};

struct mj__poller;
int mj__poller_new(struct mj__poller **out, const struct mj__mem *m);
void mj__poller_free(struct mj__poller *p);
int mj__poller_fd(const struct mj__poller *p);
/* Watches `fd` for `events`; 0 means nobody is interested for now.  One that is
   kept then stays registered for reading, which saves two system calls a
   request, until something comes that nobody waits for; any other is
   forgotten. */
int mj__poller_set(struct mj__poller *p, int fd, int events);
/* Whoever closes `fd` will call mj__poller_forget before: as it is with our
   sockets, and is not with what libcurl makes for its lookups. */
void mj__poller_keep(struct mj__poller *p, int fd);
void mj__poller_forget(struct mj__poller *p, int fd);
/* Watches another's descriptor, or stops to; MJ_EINVALID for one that is
   watched already, or is not. */
int mj__poller_nest(struct mj__poller *p, int fd, int on);
/* Waits (-1 = for ever); returns how many of out[] are filled, 0 also when a
   signal or a wakeup came. */
int mj__poller_wait(struct mj__poller *p, int64_t wait_ms,
                    struct mj__ready *out, int n);
int mj__poller_wakeup(struct mj__poller *p); /* from any thread */

#endif
