/* SPDX-License-Identifier: MIT
   oracle.h - a second opinion on replies: JSON as RFC 8259 has it and what the
   protocol says of money, written anew.  It shares no line with the core, so
   that a mistake has to be made twice to go unnoticed. */
#ifndef MJ_SPEC_ORACLE_H
#define MJ_SPEC_ORACLE_H

#include <stddef.h>
#include <stdint.h>

/* Text is decoded, ends in a NUL, and is a number's as it was written. */
typedef struct oracle_node {
  char type; /* one of n t f 0 " [ { */
  char odd;  /* it or its key has half of a surrogate pair in it */
  char *key, *text;
  size_t key_n, n; /* n: of an array or object, the number of items */
  struct oracle_node *first, *next;
} oracle_node;

typedef struct oracle {
  oracle_node *root; /* NULL = not JSON */
  oracle_node *nodes;
  size_t count;
  char *pool;
  size_t used;
} oracle;

/* A byte order mark in front is fine, halves of surrogate pairs are too, and
   form feeds and vertical tabs are white space, which is how yajl has it.  What
   mj.h promises to refuse is not JSON here: more than 64 levels, and a NUL. */
void oracle_read(oracle *o, const char *text, size_t n);
void oracle_free(oracle *o);

/* The last member of that name, or NULL. */
const oracle_node *oracle_get(const oracle_node *obj, const char *key);
/* A string or number that is not empty: its text, else NULL. */
const char *oracle_text(const oracle_node *v);
int oracle_utf8(const char *s, size_t n); /* 1 = it is, without NUL */
int oracle_id(const char *s);             /* [A-Za-z0-9_-]{1,64} */

/* What came back, as the transport knows it. */
typedef struct oracle_reply {
  int curl_code, sent, http_status;
  const oracle_node *root; /* NULL = not JSON */
} oracle_reply;

/* How many tasks an accepted submit made ("1,2,3" are three), and the id of one
   of them, from 0, in id[65]: the only ones that may be believed. */
size_t oracle_accepted(const oracle_reply *r, size_t nth, char *id);
/* 1 = accepted with a list of addresses (an upload). */
int oracle_uploaded(const oracle_reply *r);
/* 1 = it is proven that nothing was taken, so that the same request may go out
   again.  follow_up: it builds on another task. */
int oracle_may_repeat(const oracle_reply *r, int follow_up);
/* 1 = a task in the state that one of these words names (separated by |). */
int oracle_status(const oracle_reply *r, const char *words);

#endif
