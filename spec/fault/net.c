/* SPDX-License-Identifier: MIT
   net.c - getaddrinfo and connect as libcurl finds them in this program: names
   that end in ".fault" and ports of cells can go wrong, once. */
#define _GNU_SOURCE
#include "fault.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))

static struct world *world;
static int hole, closed;

void net_world(struct world *w, int black_hole, int nobody) {
  world = w;
  hole = black_hole;
  closed = nobody;
}

static void *next(const char *name) {
  void *p = dlsym(RTLD_NEXT, name);
  if (!p)
    die(name);
  return p;
}

static void pause_ms(long ms) {
  struct timespec ts = {ms / 1000, ms % 1000 * 1000000};
  (void)nanosleep(&ts, NULL);
}

/* 1 = this one goes wrong. */
static int strikes(struct cell *c) {
  int no = 0;
  return atomic_load(&c->armed) &&
         atomic_compare_exchange_strong(&c->hit, &no, 1);
}

typedef int (*lookup)(const char *, const char *, const struct addrinfo *,
                      struct addrinfo **);

/* A dead address of the sixth kind, and behind it the true one.  libcurl frees
   them as a list that getaddrinfo made. */
static int two_addresses(lookup real, const char *service,
                         const struct addrinfo *hints, struct addrinfo **out) {
  struct addrinfo *v4, h = *hints;
  int rc = real("127.0.0.1", service, hints, &v4);
  h.ai_family = AF_INET6;
  if (rc == 0)
    rc = real("100::1", service, &h, out);
  if (rc)
    return rc;
  (*out)->ai_next = v4;
  return 0;
}

EXPORT int getaddrinfo(const char *node, const char *service,
                       const struct addrinfo *hints, struct addrinfo **out) {
  lookup real;
  const char *end = node ? strstr(node, ".fault") : NULL;
  const char *name;
  struct cell *c;
  *(void **)&real = next("getaddrinfo");
  if (!end || !world || node[0] != 'c' ||
      strtol(node + 1, NULL, 10) >= world->ncells)
    return real(node, service, hints, out);
  c = &world->cells[strtol(node + 1, NULL, 10)];
  name = faults[c->fault].name;
  if (!strikes(c))
    return real("127.0.0.1", service, hints, out);
  if (strcmp(name, "01-nxdomain") == 0)
    return EAI_NONAME;
  if (strcmp(name, "02-dns-timeout") == 0) {
    pause_ms(3000);
    return EAI_AGAIN;
  }
  if (strcmp(name, "03-dns-v6-dead") == 0)
    return two_addresses(real, service, hints, out);
  pause_ms(300);
  return real("127.0.0.1", service, hints, out);
}

EXPORT int connect(int fd, const struct sockaddr *sa, socklen_t n) {
  int (*real)(int, const struct sockaddr *, socklen_t);
  struct sockaddr_in in;
  int i;
  *(void **)&real = next("connect");
  if (!world || sa->sa_family != AF_INET)
    return real(fd, sa, n);
  memcpy(&in, sa, sizeof in);
  for (i = 0; i < world->ncells; i++) {
    struct cell *c = &world->cells[i];
    if (c->port != ntohs(in.sin_port))
      continue;
    if (faults[c->fault].layer != L_CONNECT || !strikes(c))
      break;
    in.sin_port = htons(
        (uint16_t)(strstr(faults[c->fault].name, "refused") ? closed : hole));
    return real(fd, (const struct sockaddr *)&in, sizeof in);
  }
  return real(fd, sa, n);
}
