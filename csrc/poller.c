/* SPDX-License-Identifier: MIT
   poller.c - the only file that knows epoll. */
#define _GNU_SOURCE
#include "poller.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct entry {
  unsigned char want; /* asked for; 0 = nobody waits */
  unsigned char have; /* registered with the kernel; 0 = not at all */
  unsigned char kept; /* stays registered while nobody waits */
};

struct mj__poller {
  struct mj__mem mem;
  int ep, wake;
  struct entry *of; /* by descriptor */
  int n;
};

static uint32_t mask(int events) {
  return ((events & MJ__READ) ? (uint32_t)EPOLLIN : 0u) |
         ((events & MJ__WRITABLE) ? (uint32_t)EPOLLOUT : 0u);
}

static int control(struct mj__poller *p, int op, int fd, int events) {
  struct epoll_event ev = {0};
  ev.events = mask(events);
  ev.data.fd = fd;
  return epoll_ctl(p->ep, op, fd, &ev);
}

int mj__poller_new(struct mj__poller **out, const struct mj__mem *m) {
  struct mj__poller *p = mj__alloc(m, sizeof *p);
  *out = NULL;
  if (!p)
    return MJ_ERESOURCE;
  p->mem = *m;
  p->ep = epoll_create1(EPOLL_CLOEXEC);
  p->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (p->ep < 0 || p->wake < 0 ||
      control(p, EPOLL_CTL_ADD, p->wake, MJ__READ) != 0) {
    mj__poller_free(p);
    return MJ_ERESOURCE;
  }
  *out = p;
  return MJ_OK;
}

void mj__poller_free(struct mj__poller *p) {
  if (!p)
    return;
  if (p->ep >= 0)
    (void)close(p->ep);
  if (p->wake >= 0)
    (void)close(p->wake);
  mj__free(&p->mem, p->of);
  mj__free(&p->mem, p);
}

int mj__poller_fd(const struct mj__poller *p) {
  return p->ep;
}

static int room(struct mj__poller *p, int fd) {
  int i, n = p->n ? p->n : 64;
  struct entry *of;
  while (n <= fd)
    n *= 2;
  if (n == p->n)
    return MJ_OK;
  of = mj__realloc(&p->mem, p->of, (size_t)p->n * sizeof *of,
                   (size_t)n * sizeof *of);
  if (!of)
    return MJ_ERESOURCE;
  for (i = p->n; i < n; i++)
    of[i].want = of[i].have = of[i].kept = 0;
  p->of = of;
  p->n = n;
  return MJ_OK;
}

int mj__poller_set(struct mj__poller *p, int fd, int events) {
  struct entry *e;
  int want = events ? events & (MJ__READ | MJ__WRITABLE) : MJ__READ;
  if (fd < 0 || room(p, fd) != MJ_OK)
    return MJ_ERESOURCE;
  e = &p->of[fd];
  if (!events && !e->kept) {
    mj__poller_forget(p, fd);
    return MJ_OK;
  }
  e->want = (unsigned char)events;
  if (e->have == want || (!events && !e->have))
    return MJ_OK;
  /* a descriptor that was closed without a word has left the kernel's list,
     and its number may be another's now */
  if (control(p, e->have ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, want) != 0 &&
      !((errno == ENOENT && control(p, EPOLL_CTL_ADD, fd, want) == 0) ||
        (errno == EEXIST && control(p, EPOLL_CTL_MOD, fd, want) == 0))) {
    e->want = e->have = 0;
    return MJ_ERESOURCE;
  }
  e->have = (unsigned char)want;
  return MJ_OK;
}

static void take_out(struct mj__poller *p, int fd) {
  if (p->of[fd].have)
    (void)control(p, EPOLL_CTL_DEL, fd, 0);
  p->of[fd].want = p->of[fd].have = 0;
}

void mj__poller_forget(struct mj__poller *p, int fd) {
  if (fd < 0 || fd >= p->n)
    return;
  take_out(p, fd);
  p->of[fd].kept = 0;
}

void mj__poller_keep(struct mj__poller *p, int fd) {
  if (fd >= 0 && room(p, fd) == MJ_OK)
    p->of[fd].kept = 1;
}

int mj__poller_nest(struct mj__poller *p, int fd, int on) {
  int nested = fd >= 0 && fd < p->n && (p->of[fd].want & MJ__NESTED) != 0;
  if (fd < 0 || nested == !!on)
    return MJ_EINVALID;
  if (on)
    return mj__poller_set(p, fd, MJ__READ | MJ__NESTED);
  mj__poller_forget(p, fd);
  return MJ_OK;
}

enum { BATCH = 64 };

int mj__poller_wait(struct mj__poller *p, int64_t wait_ms,
                    struct mj__ready *out, int n) {
  struct epoll_event ev[BATCH];
  int i, k, got = 0;
  if (wait_ms > INT_MAX)
    wait_ms = INT_MAX;
  k = epoll_wait(p->ep, ev, n < BATCH ? n : BATCH, (int)wait_ms);
  for (i = 0; i < k; i++) {
    int fd = ev[i].data.fd;
    uint32_t bits = ev[i].events;
    if (fd == p->wake) {
      uint64_t count;
      while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
    } else if (fd < p->n && (p->of[fd].want & MJ__NESTED)) {
      continue;
    } else if (fd < p->n && p->of[fd].want) {
      out[got].fd = fd;
      out[got].events = ((bits & EPOLLIN) ? MJ__READ : 0) |
                        ((bits & EPOLLOUT) ? MJ__WRITABLE : 0) |
                        ((bits & (EPOLLERR | EPOLLHUP)) ? MJ__BROKEN : 0);
      got++;
    } else if (fd < p->n) { /* an idle connection that the peer closed, or one
                               that is held for a while */
      take_out(p, fd);
    }
  }
  return got;
}

int mj__poller_wakeup(struct mj__poller *p) {
  uint64_t one = 1;
  ssize_t k;
  do
    k = write(p->wake, &one, sizeof one);
  while (k < 0 && errno == EINTR);
  /* EAGAIN: the counter is full, so a wakeup is pending */
  return k == (ssize_t)sizeof one || errno == EAGAIN ? MJ_OK : MJ_ERESOURCE;
}
