/* SPDX-License-Identifier: MIT
   simjson.h - the simulator's own JSON: it must not share the client's. */
#ifndef MJ_SIMJSON_H
#define MJ_SIMJSON_H

#include <stddef.h>
#include <stdint.h>

/* Text that grows.  After a failed allocation `p` is NULL for good. */
struct sim_buf {
  char *p;
  size_t n, cap;
  int failed;
  int html; /* escape <, > and & as Go's encoder does */
};

void sim_buf_free(struct sim_buf *b);
void sim_put(struct sim_buf *b, const char *text);
void sim_putn(struct sim_buf *b, const char *text, size_t n);
__attribute__((format(printf, 2, 3))) void sim_putf(struct sim_buf *b,
                                                    const char *fmt, ...);
/* A JSON string; NULL is null. */
void sim_put_string(struct sim_buf *b, const char *text);
/* "key":"text" and "key":number, with a comma in front unless it is first. */
void sim_put_member(struct sim_buf *b, const char *key, const char *text);
void sim_put_number(struct sim_buf *b, const char *key, int64_t number);
/* "key":text, as it stands. */
void sim_put_raw(struct sim_buf *b, const char *key, const char *text);

/* A request's body. */
typedef struct sim_body sim_body;
/* NULL when it is not a JSON object (or memory ran out). */
sim_body *sim_body_parse(const char *text, size_t n);
void sim_body_free(sim_body *b);

enum sim_kind {
  SIM_NONE,
  SIM_STRING,
  SIM_INTEGER,
  SIM_ARRAY,
  SIM_OBJECT,
  SIM_BOOLEAN,
  SIM_OTHER
};
/* null counts as absent, as in Go and Java. */
enum sim_kind sim_body_kind(const sim_body *b, const char *key);
/* Text of a string or a number; NULL when absent or anything else. */
const char *sim_body_text(const sim_body *b, const char *key);
int64_t sim_body_integer(const sim_body *b, const char *key, int64_t absent);
int sim_body_true(const sim_body *b, const char *key);
int sim_body_null(const sim_body *b, const char *key); /* null, spelled out */
/* An object within; NULL when there is none.  It belongs to b. */
const sim_body *sim_body_object(const sim_body *b, const char *key);
/* Items of an array: text as above; *is_string tells the two apart. */
size_t sim_body_items(const sim_body *b, const char *key);
const char *sim_body_item(const sim_body *b, const char *key, size_t i,
                          int *is_string);
/* The same of an array of objects; NULL for anything else. */
const sim_body *sim_body_entry(const sim_body *b, const char *key, size_t i);

#endif
