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
   the core refuses is not JSON here: more than 64 levels, a NUL, and a member's
   name of more than 1024 bytes. */
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
  int generate;            /* 1 = from a route of the generate family */
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
/* 1 = a task in the state that one of these words (separated by |) names; they
   are the mj family's. */
int oracle_status(const oracle_reply *r, const char *words);
/* The id of the task that the reply is about, or NULL. */
const oracle_node *oracle_task_id(const oracle_reply *r);

/* Of the generate family: the data in an envelope, or NULL; the same of a reply
   that tells how a task is; and the id in it, taskId or task_id, or NULL. */
const oracle_node *oracle_data(const oracle_node *root);
const oracle_node *oracle_stated(const oracle_reply *r);
const oracle_node *oracle_data_id(const oracle_node *data);
/* How many places the data's resultJson has for pictures.  urls[i]: the address
   in the i-th, or NULL; *inner is to be freed after them. */
size_t oracle_pictures(const oracle_node *data, oracle *inner,
                       const oracle_node **urls, size_t most);
/* The name of the error that a failCode means. */
const char *oracle_failure(const char *code);

#endif
