/* SPDX-License-Identifier: MIT
   proxy.c - the gateway's side of the matrix: plain sockets in front of the
   simulator, one listener and one simulator for each cell.  What arrives is
   counted before anything is made of it; then the gateway acts, or does not;
   then the answer goes bad. */
#define _GNU_SOURCE
#include "fault.h"
#include "gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNS = 2048, INPUT = 1 << 16, DRIP_MS = 20 };

struct conn {
  int fd, cell; /* cell -1 = told by the path */
  int pair;     /* forwarded to that one; -1 = served here */
  int front;    /* 1 = of a pair: the side of nginx */
  int served, mute;
  char *in;
  size_t n;
  struct reply_bytes out;
  size_t at;
  int64_t drip_at;
};

static struct world *world;
static struct gate **gates;
static struct conn *conns[CONNS];
static int nconns;

static int64_t real_ms(void) {
  struct timespec ts;
  (void)clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct conn *new_conn(int fd, int cell) {
  struct conn *k = calloc(1, sizeof *k);
  int i = 0;
  while (i < nconns && conns[i])
    i++;
  if (!k || i == CONNS || !(k->in = malloc(INPUT)))
    die("too many connections");
  if (i == nconns)
    nconns++;
  k->fd = fd;
  k->cell = cell;
  k->pair = -1;
  conns[i] = k;
  return k;
}

static int place_of(const struct conn *k) {
  int i;
  for (i = 0; i < nconns; i++)
    if (conns[i] == k)
      return i;
  return -1;
}

static void drop(int i, int reset) {
  struct conn *k = conns[i];
  int pair = k->pair;
  if (reset) {
    struct linger l = {1, 0};
    (void)setsockopt(k->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
  }
  (void)close(k->fd);
  free(k->in);
  free(k->out.p);
  free(k);
  conns[i] = NULL;
  if (pair >= 0 && conns[pair]) {
    conns[pair]->pair = -1;
    drop(pair, 0);
  }
}

static int strikes(struct cell *c, enum layer layer) {
  int no = 0;
  return faults[c->fault].layer == layer && atomic_load(&c->armed) &&
         atomic_compare_exchange_strong(&c->hit, &no, 1);
}

/* Requests ----------------------------------------------------------------- */

static int is_endpoint(const struct cell *c, const struct gate_request *q) {
  static const char *const ends[2][ENDPOINTS] = {
      {"/submit/imagine", "/fetch", "/task/list", "/submit/action", "/pic.png"},
      {"/generateTask/", "/statusTask/", "/list", "/generateTask/",
       "/pic.png"}};
  return strstr(q->target, ends[c->generate][c->endpoint]) != NULL;
}

static int is_target(const struct cell *c, const struct conn *k,
                     const struct gate_request *q) {
  const char *name = faults[c->fault].name;
  if (!is_endpoint(c, q))
    return 0;
  if (faults[c->fault].layer == L_STALE)
    return strcmp(name, "24-stale-reused") == 0 && k->served > 0;
  return faults[c->fault].layer == L_REPLY ||
         strcmp(name, "10-no-close-notify") == 0;
}

static void count(struct cell *c, const struct gate_request *q) {
  if (!atomic_load(&c->armed))
    return;
  if (is_endpoint(c, q) || strstr(q->target, "/again"))
    atomic_fetch_add(&c->requests, 1);
  if (gate_is_paid(q))
    atomic_fetch_add(&c->posts, 1);
}

static struct reply_bytes act(struct cell *c, int n,
                              const struct gate_request *q) {
  struct reply_bytes r;
  int made = 0;
  int keep = faults[c->fault].layer == L_STALE;
  memset(&r, 0, sizeof r);
  r.p = gate_serve(gates[n], q, world_ms(world), keep, &r.n, &made);
  r.then = keep && strcmp(faults[c->fault].name, "24-stale-idle") != 0
               ? AFTER_KEEP
               : AFTER_FIN;
  if (atomic_load(&c->armed))
    atomic_fetch_add(&c->tasks, made);
  return r;
}

static void spoil(struct cell *c, int n, struct conn *k,
                  const struct gate_request *q) {
  const char *name = faults[c->fault].name;
  struct reply_bytes good;
  memset(&good, 0, sizeof good);
  if (c->after)
    good = act(c, n, q);
  else
    good.p = gate_lie(q, &good.n);
  if (strncmp(name, "10", 2) == 0)
    atomic_store(&c->cut, 1);
  if (faults[c->fault].layer == L_STALE)
    k->out.then = AFTER_FIN;
  else
    k->out = fault_reply(name, good.p, good.n, c->port);
  free(good.p);
}

/* One whole request, if there is one. */
static int take(struct conn *k) {
  struct gate_request q;
  size_t used = gate_parse(k->in, k->n, &q);
  struct cell *c;
  int n, no = 0;
  if (!used)
    return 0;
  n = k->cell >= 0 ? k->cell : q.cell;
  if (n < 0 || n >= world->ncells)
    die("a request for no cell");
  c = &world->cells[n];
  count(c, &q);
  if (atomic_load(&c->armed) && is_target(c, k, &q) &&
      atomic_compare_exchange_strong(&c->hit, &no, 1))
    spoil(c, n, k, &q);
  else
    k->out = act(c, n, &q);
  k->served++;
  gate_free(&q);
  memmove(k->in, k->in + used, k->n - used);
  k->n -= used;
  k->mute = k->out.then == AFTER_HOLD;
  return 1;
}

/* Bytes -------------------------------------------------------------------- */

static void send_all(int fd, const char *p, size_t n) {
  while (n > 0) {
    ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
    if (k < 0 && errno == EINTR)
      continue;
    if (k <= 0)
      return;
    p += k;
    n -= (size_t)k;
  }
}

/* 0 = the connection is gone. */
static int forward(int i, size_t got) {
  struct conn *k = conns[i];
  struct cell *c = &world->cells[k->cell];
  if (k->front && atomic_load(&c->cut)) {
    atomic_store(&c->cut, 0);
    drop(i, 0);
    return 0;
  }
  send_all(conns[k->pair]->fd, k->in, got);
  return 1;
}

static void hear(int i) {
  struct conn *k = conns[i];
  ssize_t got = recv(k->fd, k->in + k->n, INPUT - k->n, 0);
  if (got < 0 && errno == EINTR)
    return;
  if (got <= 0) {
    drop(i, 0);
    return;
  }
  if (k->mute)
    return;
  if (k->pair >= 0) {
    (void)forward(i, (size_t)got);
    return;
  }
  if (k->cell >= 0 && strikes(&world->cells[k->cell], L_ACCEPT)) {
    drop(i, 1); /* what was read of it is nobody's */
    return;
  }
  k->n += (size_t)got;
  if (k->n == INPUT)
    die("a request of more than 64 KiB");
  (void)take(k);
}

/* Sends what is due of the answer, and what follows it. */
static void say(int i) {
  struct conn *k = conns[i];
  size_t left = k->out.n - k->at;
  int then = k->out.then;
  if (left) {
    ssize_t sent;
    if (k->out.drip && real_ms() < k->drip_at)
      return;
    sent = send(k->fd, k->out.p + k->at, k->out.drip ? 1 : left,
                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
      drop(i, 0);
      return;
    }
    k->at += sent > 0 ? (size_t)sent : 0;
    k->drip_at = real_ms() + DRIP_MS;
    if (k->at < k->out.n)
      return;
  }
  free(k->out.p);
  memset(&k->out, 0, sizeof k->out);
  k->at = 0;
  if (then == AFTER_FIN || then == AFTER_RST)
    drop(i, then == AFTER_RST);
  else
    (void)take(k);
}

static int busy(const struct conn *k) {
  return k->out.n > k->at || k->out.then == AFTER_FIN ||
         k->out.then == AFTER_RST;
}

/* Connections -------------------------------------------------------------- */

static int dial(int port) {
  struct sockaddr_in a;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  memset(&a, 0, sizeof a);
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.sin_port = htons((uint16_t)port);
  if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
    die("nginx is gone");
  return fd;
}

static void to_front(struct conn *k, struct cell *c) {
  const char *name = faults[c->fault].name;
  int to = SHOWN_GOOD;
  struct conn *other;
  if (strstr(name, "self-signed"))
    to = SHOWN_SELF;
  else if (strstr(name, "expired"))
    to = SHOWN_EXPIRED;
  else if (strstr(name, "wrong-host"))
    to = SHOWN_WRONG;
  if (strstr(name, "handshake-stall") && strikes(c, L_TLS)) {
    k->mute = 1;
    return;
  }
  if (to != SHOWN_GOOD && !strikes(c, L_TLS))
    to = SHOWN_GOOD;
  other = new_conn(dial(world->fronts[to]), k->cell);
  other->front = 1;
  other->pair = place_of(k);
  k->pair = place_of(other);
}

static void welcome(int listener, int cell) {
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  struct conn *k;
  struct cell *c;
  if (fd < 0)
    return;
  k = new_conn(fd, cell);
  if (cell < 0)
    return;
  c = &world->cells[cell];
  if (atomic_load(&c->armed))
    atomic_fetch_add(&c->conns, 1);
  if (strcmp(faults[c->fault].name, "06-rst-on-accept") == 0 &&
      strikes(c, L_ACCEPT))
    drop(place_of(k), 1);
  else if (faults[c->fault].layer == L_TLS)
    to_front(k, c);
}

static struct gate **open_gates(void) {
  struct gate **g = calloc((size_t)world->ncells, sizeof(struct gate *));
  int i;
  if (!g)
    die("out of memory");
  for (i = 0; i < world->ncells; i++)
    g[i] = gate_new(world->cells[i].lists      ? "plus"
                    : world->cells[i].generate ? "generate"
                                               : "new-api",
                    world->cells[i].port);
  return g;
}

/* How many entries of p are in use; of[] says which connection. */
static int fill(struct pollfd *p, int *of, const int *listeners, int plain,
                int quit) {
  int i, n = 0;
  p[n++] = (struct pollfd){quit, POLLIN, 0};
  p[n++] = (struct pollfd){plain, POLLIN, 0};
  for (i = 0; i < world->ncells; i++)
    p[n++] = (struct pollfd){listeners[i], POLLIN, 0};
  for (i = 0; i < nconns; i++)
    if (conns[i]) {
      struct conn *k = conns[i];
      short want = !busy(k) ? POLLIN : k->out.drip ? 0 : POLLOUT;
      of[n] = i;
      p[n++] = (struct pollfd){k->fd, want, 0};
    }
  return n;
}

void proxy_run(struct world *w, const int *listeners, int plain, int quit) {
  struct pollfd *p = calloc((size_t)w->ncells + CONNS + 2, sizeof *p);
  int *of = calloc((size_t)w->ncells + CONNS + 2, sizeof *of);
  int i, n, first = w->ncells + 2;
  world = w;
  gates = open_gates();
  if (!p || !of)
    die("out of memory");
  for (;;) {
    n = fill(p, of, listeners, plain, quit);
    if (poll(p, (nfds_t)n, DRIP_MS) < 0 && errno != EINTR)
      die("poll");
    for (i = first; i < n; i++) {
      struct conn *k = conns[of[i]];
      if (!k || k->fd != p[i].fd) /* gone with its pair */
        continue;
      if (busy(k) && (p[i].revents || k->out.drip))
        say(of[i]);
      else if (p[i].revents)
        hear(of[i]);
    }
    for (i = 1; i < first; i++)
      if (p[i].revents)
        welcome(p[i].fd, i - 2);
    if (p[0].revents) /* last: what had arrived was counted */
      break;
  }
  free(p);
  free(of);
}
