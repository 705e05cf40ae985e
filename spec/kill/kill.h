/* SPDX-License-Identifier: MIT
   kill.h - the judge of paid work: a gateway that remembers what it took, a
   program that is killed and started again, and what must be true of both in
   the end. */
#ifndef MJ_SPEC_KILL_H
#define MJ_SPEC_KILL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* chance.c: random numbers that a seed decides ----------------------------- */

struct chance {
  uint64_t state;
};

uint64_t chance_next(struct chance *c);
double chance_share(struct chance *c);               /* 0 to 1 */
int64_t chance_upto(struct chance *c, int64_t most); /* 0 to most */
void say_no(const char *fmt, ...)
    __attribute__((format(printf, 1, 2),
                   noreturn)); /* the judge cannot go on */
int64_t real_us(void);

/* gateway.c: the simulator on a socket, and its books ---------------------- */

enum { COPIES = 8, KEY_SIZE = 240 };

/* A piece of work, named by what its request says: "imagine PROMPT", "click
   PARENT", or "modal TASK", which answers its dialog. */
struct work {
  char key[KEY_SIZE];
  int posts;   /* requests that came, whatever became of them */
  int tasks;   /* that were made, and so paid for */
  int repeats; /* answers to a dialog that had been answered */
  int seen;    /* for whoever compares */
  char ids[COPIES][64];
  char tokens[COPIES][40]; /* the state that each task's request gave */
};

struct gateway_counts {
  uint64_t requests, posts, tasks, bad; /* bad: answers after payment */
};

typedef struct gateway gateway;
/* A request has come whole; `done` = and the gateway has done its work. */
typedef void (*gateway_fn)(void *ud, int paid, int done);

struct gateway_config {
  const char *profile;
  uint64_t seed;
  int factor; /* of time */
  int64_t since_ms;
  double bad; /* share of answers after payment that tell nothing; of the
                 others, lists and looks, a third of it is bad */
  int pictures;
  gateway_fn seen;
  void *ud;
};

gateway *gateway_new(const struct gateway_config *cfg);
void gateway_free(gateway *g);
const char *gateway_url(const gateway *g);
int gateway_fd(const gateway *g);
int64_t gateway_timeout_us(gateway *g); /* -1 = none */
void gateway_step(gateway *g);
/* The work that has this key, or a token among its tasks; NULL = none. */
struct work *gateway_find(gateway *g, const char *key);
struct work *gateway_token(gateway *g, const char *token, int *at);
struct work *gateway_work(gateway *g, size_t i); /* NULL behind the last */
size_t gateway_works(gateway *g);                /* how many there are */
const struct gateway_counts *gateway_count(const gateway *g);

/* child.c: the program ----------------------------------------------------- */

enum { CALLS = 512, FAILING = 8 };

/* The n-th call of that number, since the program began, does not happen: it
   fails with `code`, or, with code 0, is given only half of its bytes. */
struct fault {
  int number, code, for_ever; /* for_ever: and all that follow */
  long n;                     /* 0 = none */
  void (*hold)(void *ud);     /* or the program stands still before it */
  void *ud;
};

struct calls {
  long n, stop_at; /* calls seen since the program began; 0 = never */
  int only;        /* the only call that counts, by number; -1 = all do */
  int began;
  int killed_at;         /* number of the call, -1 = none */
  unsigned kinds[CALLS]; /* kills, by number */
  struct fault fault;
  long hits;        /* calls that failed */
  long seen[CALLS]; /* calls, by number */
};

struct child {
  pid_t pid;
  int running, killed, status; /* as of waitpid */
  int traced;
  struct calls calls;
  pid_t failing[FAILING]; /* threads inside a call that is to fail; 0 = none */
};

struct child_config {
  const char *mjlua, *fastclock, *errors; /* file of its standard error */
  const char *const *argv;
  const char *const *env; /* NAME, VALUE ... NULL */
  int traced;
};

void child_start(struct child *c, const struct child_config *cfg);
void child_kill(struct child *c);
/* Takes note of what became of it; to be called after SIGCHLD. */
void child_look(struct child *c);
const char *call_name(int number, char *buf, size_t size);
int call_number(const char *name); /* -1 = not known */

/* check.c: the page that the script wrote against the gateway's books -------
 */

struct findings {
  int lines, good, bad; /* of the page; bad = without its pictures */
  int doubles, lost, wrong;
  int open;       /* dialogs that wait, as the script was told */
  int unknown;    /* rows that the script listed */
  int not_listed; /* bad ones without such a row */
};

/* -1: there is no page, or not a whole one.  `from`: the gateway's first work
   of this round. */
int check_page(gateway *g, const char *page, size_t from, struct findings *f);
/* As a person would: PAGE.known says what became of each unknown one.  Returns
   how many. */
int check_resolve(gateway *g, const char *page);

#endif
