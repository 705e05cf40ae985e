/* SPDX-License-Identifier: MIT
   run.h - one world: a gateway, a journal, and a script that is started until
   it has ended by itself. */
#ifndef MJ_SPEC_KILL_RUN_H
#define MJ_SPEC_KILL_RUN_H

#include "kill.h"
#include "settings.h"

#include "mj.h"

/* When a start is to be killed. */
enum plan_kind {
  PLAN_NONE,
  PLAN_TIME,    /* so long after it began */
  PLAN_REQUEST, /* when its n-th request has come */
  PLAN_PAID,    /* when its n-th paid one has */
  PLAN_CALL,    /* at its n-th system call, or the n-th of that number */
  PLAN_FAULT,   /* never; one of its calls fails */
  PLANS
};

struct plan {
  enum plan_kind kind;
  long n;
  int done;         /* of a request: 1 = after the gateway's work */
  int64_t after_us; /* so much later */
  int call;         /* the number; -1 = any */
  struct fault fault;
};

extern const struct plan in_peace; /* not at all */

/* Kills and where they hit. */
struct tally {
  long starts, kills[PLANS], idle; /* idle: of those, before any request */
  long late;                       /* had ended before its time came */
};

struct world {
  const char *mjlua, *script, *fastclock;
  char folder[200], home[240], journal[240], page[240], errors[240];
  int factor;
  int64_t since_ms;
  gateway *g;
  struct child child;
  struct plan plan;
  struct tally *tally;
  long requests, paid; /* of this start */
  int64_t kill_at_us;  /* -1 = not yet known */
  int signals;         /* tells of children */
  char since[32], speed[16];
  const char *auth, *live;
  int dialogs;
};

/* states.c: rows of journals as killed programs left them. */
enum { STATES = 16 };
struct states {
  int n;
  char names[STATES][20];
  long rows[STATES];
};
void states_count(const struct world *w, struct states *s);
/* A file of a journal, mode 0600: 0, or -1 when `from` is not there. */
int states_copy(const char *from, const char *to);
/* Each row of such a journal, to its end: MJ_OK, also when there is none. */
int states_each(const struct world *w, mj_row_fn fn, void *ud);

/* An empty world in which these programs run; `tally` counts its kills. */
void world_prepare(struct world *w, const struct settings *s,
                   struct tally *tally);
/* Makes a folder of its own under /tmp. */
void world_open(struct world *w, const char *profile, uint64_t seed, double bad,
                int pictures);
void world_close(struct world *w, int keep);

/* The program's standard error so far, cut at `size`. */
void world_said(const struct world *w, char *text, size_t size);
/* One start of `script NAME COUNT [FOLDER]`, to its end or its kill.  Returns
   its exit status, -1 = killed.  It may not take longer than a minute. */
int world_start(struct world *w, const char *name, int count, int twins,
                const char *folder, const struct plan *plan);
/* Begins with a finished task, whose being there proves that a list is whole;
   its starts, of which a gateway that fails takes several, do not count. */
void world_witness(struct world *w, int most_starts);
/* Away with the page of the last round, and with what a person knew. */
void world_no_page(struct world *w);
/* The first thing in standard error, for the report. */
void world_complain(const struct world *w);

#endif
