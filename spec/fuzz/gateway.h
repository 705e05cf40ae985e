/* SPDX-License-Identifier: MIT
   gateway.h - a gateway in virtual time whose replies are those of spec/wire,
   made wrong, and which watches what is asked of it.  It knows what each reply
   says by the oracle, and by nothing of the client's. */
#ifndef MJ_SPEC_GATEWAY_H
#define MJ_SPEC_GATEWAY_H

#include "mutation.h"
#include "oracle.h"
#include "virtual.h"

#define GATEWAY_KEY "sk-CANARY-91"

/* What the gateway hides from the oracle, so that a check has to notice. */
enum plant {
  PLANT_NONE,
  PLANT_ID,     /* the client gets another id */
  PLANT_TEXT,   /* it gets JSON where the oracle saw none */
  PLANT_STATUS, /* it gets SUCCESS where the oracle saw something else */
  PLANT_TWICE,  /* it is told to send again what was accepted */
  PLANT_SLOW,   /* a reply takes half a day */
  PLANT_AGAIN,  /* it remembers another request than it got */
  PLANT_LEAK,   /* here and below: by whoever runs the client */
  PLANT_END,
  PLANT_KEY,
  PLANTS
};

/* The last reply of a kind. */
struct seen {
  oracle_reply reply;
  oracle json;
  text body;
  int given; /* 0 = none yet */
};

/* A request of the generate family that was taken, to know its repetition. */
struct past {
  char id[80];
  text body;
};

struct gateway {
  uint64_t seed;
  enum plant plant;
  int generate;      /* 1 = of that family */
  int unasked;       /* 1 = the client has to find out which one it is */
  int given;         /* free replies that were given */
  int repeats;       /* requests that were sent once more for a reroll */
  const char *again; /* the job is a reroll of this task, or NULL */
  struct past pasts[16];
  size_t npasts;
  int trace;
  int left; /* replies to be made wrong; what follows is right */
  struct seen paid, free;
  char ids[256][80]; /* that may be known */
  size_t nids;
  char id[80];       /* of the job's task by the last acceptance, or "" */
  char before[80];   /* and by the one before: the answer to a dialog leaves
                        in the turn in which the click is accepted */
  int npaid, modals; /* of this job */
  int keys;          /* how often it was sent again for its refused key */
  int follow_up;     /* the job builds on another task */
  char broken[600];  /* the first promise that was broken, or "" */
};

/* 1 = of the generate family's API. */
int gateway_is_generate(const char *url);

/* Reads the replies of spec/wire; how many. */
size_t gateway_load(void);
void gateway_unload(void);

void gateway_init(struct gateway *g, uint64_t seed, enum plant plant);
void gateway_free(struct gateway *g);
/* A job begins, and `left` of its replies will be wrong.  again: the task of
   which it is a reroll in the generate family, or NULL. */
void gateway_job(struct gateway *g, int left, int follow_up, const char *again);
void gateway_know(struct gateway *g, const char *id);
int gateway_knows(const struct gateway *g, const char *id);
/* A virtual_handler. */
void gateway_play(void *g, const mj_http *req, int64_t now_ms,
                  virtual_reply *out);
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void gateway_broken(struct gateway *g, const char *fmt, ...);

#endif
