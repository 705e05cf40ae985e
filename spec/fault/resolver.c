/* SPDX-License-Identifier: MIT
   resolver.c - loaded in front of a program, answers its questions for names
   that end in ".test" as MJ_DNS says: "nxdomain", "servfail", "timeout:MS" (no
   answer after so long), "slow:MS" (this machine, after so long), "v6-dead" (a
   dead address first).  MJ_DNS_TIMES=N: only the first N go wrong.  MJ_DNS_LOG
   is a file that gets a line for each.  Without MJ_DNS they are this machine.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef int (*lookup)(const char *, const char *, const struct addrinfo *,
                      struct addrinfo **);

static _Atomic long asked;

static void note(const char *node) {
  const char *path = getenv("MJ_DNS_LOG");
  char line[300];
  size_t n = strlen(node);
  int fd =
      path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
  if (fd < 0 || n > sizeof line - 1)
    return;
  memcpy(line, node, n);
  line[n] = '\n';
  if (write(fd, line, n + 1) < 0)
    abort();
  (void)close(fd);
}

static void pause_for(const char *kind) {
  const char *ms = strchr(kind, ':');
  long n = ms ? strtol(ms + 1, NULL, 10) : 0;
  struct timespec ts = {n / 1000, n % 1000 * 1000000};
  (void)nanosleep(&ts, NULL);
}

/* 100::/64 leads nowhere (RFC 6666).  libcurl frees both as a list that
   getaddrinfo made. */
static int two_addresses(lookup real, const char *service,
                         const struct addrinfo *hints, struct addrinfo **out) {
  struct addrinfo *v4, h = {0};
  int rc;
  if (hints)
    h = *hints;
  h.ai_family = AF_INET;
  rc = real("127.0.0.1", service, &h, &v4);
  h.ai_family = AF_INET6;
  h.ai_flags |= AI_NUMERICHOST;
  if (rc == 0)
    rc = real("100::1", service, &h, out);
  if (rc == 0)
    (*out)->ai_next = v4;
  return rc;
}

EXPORT int getaddrinfo(const char *node, const char *service,
                       const struct addrinfo *hints, struct addrinfo **out) {
  const char *kind = getenv("MJ_DNS"), *times = getenv("MJ_DNS_TIMES");
  size_t n = node ? strlen(node) : 0;
  lookup real;
  *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
  if (!real)
    abort();
  if (n < 5 || strcmp(node + n - 5, ".test") != 0)
    return real(node, service, hints, out);
  note(node);
  if (kind &&
      (!times || atomic_fetch_add(&asked, 1) < strtol(times, NULL, 10))) {
    if (strcmp(kind, "nxdomain") == 0)
      return EAI_NONAME;
    if (strcmp(kind, "servfail") == 0)
      return EAI_AGAIN;
    if (strcmp(kind, "v6-dead") == 0)
      return two_addresses(real, service, hints, out);
    pause_for(kind);
    if (strncmp(kind, "timeout", 7) == 0)
      return EAI_AGAIN;
    if (strncmp(kind, "slow", 4) != 0)
      abort(); /* a word that it does not know */
  }
  return real("127.0.0.1", service, hints, out);
}
