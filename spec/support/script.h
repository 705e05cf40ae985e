/* SPDX-License-Identifier: MIT
   script.h - a virtual_handler that plays a list of replies in order and keeps
   what was asked. */
#ifndef MJ_SPEC_SCRIPT_H
#define MJ_SPEC_SCRIPT_H

#include "virtual.h"

typedef struct script_reply {
  int http;         /* 0 = 200 */
  const char *body; /* NULL = none; %ID stands for the last task asked for */
  int curl_code;
  int sent_less;          /* 0 = all was sent, 1 = a part, 2 = nothing */
  int64_t retry_after_ms; /* 0 = none */
  int64_t delay_ms;       /* 0 = 5 */
  const char *content_type, *location;
} script_reply;

typedef struct script_request {
  char *method, *url, *body; /* body NULL = none */
  char *headers;             /* "Name: value\n" each */
  int paid, foreign;
  int64_t at_ms;
} script_request;

typedef struct script script;

/* Copies the replies.  When they run out the last one is played again. */
script *script_new(const script_reply *replies, size_t n);
void script_free(void *s);
/* A world around a script; the world frees it. */
virtual_world *script_world(script *s);

size_t script_count(const script *s);
const script_request *script_at(const script *s, size_t i);

#endif
