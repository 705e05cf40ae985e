/* SPDX-License-Identifier: MIT
   fault.h - one bad turn of the network per cell: a fault, on one endpoint,
   before or after the gateway did its work.  The gateway is another process;
   both sides see the cells, which lie in shared memory. */
#ifndef MJ_SPEC_FAULT_H
#define MJ_SPEC_FAULT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum endpoint { E_SUBMIT, E_FETCH, E_LIST, E_CLICK, E_DOWNLOAD, ENDPOINTS };

/* Where a fault lives. */
enum layer {
  L_NONE,    /* nothing goes wrong */
  L_DNS,     /* net.c */
  L_CONNECT, /* net.c */
  L_ACCEPT,  /* the proxy, before it reads */
  L_TLS,     /* the front, or on the way to it */
  L_STALE,   /* a connection that was used before */
  L_REPLY    /* what comes back */
};

struct fault {
  const char *name; /* begins with its number */
  enum layer layer;
};
extern const struct fault faults[];
int fault_count(void);
int fault_find(const char *name); /* -1 = none */

struct cell {
  int fault, endpoint, after, lists; /* lists: the gateway has them */
  int generate;                      /* it is of that family */
  int port;                          /* of its own listener */
  _Atomic int armed;                 /* the next one of its kind goes wrong */
  _Atomic int hit;                   /* it did */
  _Atomic int conns, requests, posts, tasks; /* since it was armed */
  _Atomic int cut; /* nothing more goes to the client */
};

enum { SHOWN_GOOD, SHOWN_EXPIRED, SHOWN_WRONG, SHOWN_SELF, SHOWN_OLD, SHOWN };

struct world {
  int ncells, factor;
  int64_t since_ms;              /* the clocks run fast since then */
  int plain_port, fronts[SHOWN]; /* nginx, by certificate */
  struct cell cells[];
};

/* Milliseconds since 1970, `factor` times as fast. */
int64_t world_ms(const struct world *w);
/* What is behind: "/mj/..." with cell n's listener, or "/c<n>/mj/..." */
void proxy_run(struct world *w, const int *listeners, int plain, int quit);

enum { AFTER_KEEP, AFTER_FIN, AFTER_RST, AFTER_HOLD };

/* The bytes of the fault's reply; NULL = none at all.  `good`: the real one. */
struct reply_bytes {
  char *p;
  size_t n;
  int then; /* AFTER_... */
  int drip; /* a byte at a time */
};
void faults_prepare(void); /* what takes its time to make */
struct reply_bytes fault_reply(const char *name, const char *good, size_t n,
                               int port);

/* net.c: what the client's own process sees of the network. */
void net_world(struct world *w, int black_hole, int nobody);

/* front.c: nginx with the certificates of certs.sh. */
struct front {
  char dir[64];
  int pid;
};
void front_start(struct front *f, const char *script, struct world *w);
void front_stop(struct front *f);
int free_port(void);

void die(const char *what) __attribute__((noreturn));

#endif
