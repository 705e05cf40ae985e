/* SPDX-License-Identifier: MIT
   wire_case.h - a folder of spec/wire/mj: what is asked for, what goes out,
   what comes back, and what that means.

   call.json     {"op":"imagine","prompt":..,"params":{..}} or
                 {"op":"click","task":..,"button":..,"task_json":{..}} or
                 {"op":"fetch","task":..}; also "mode", "extra", "state" (the
                 wire's token), "lenient", "gateway":{"base":..,"prefix":..,
                 "mode":..,"mode_style":..} and, for a transfer that broke,
                 "transfer":{"curl_code":..,"sent":..}
   request.http  method and URL, an empty line, the exact body (optional)
   reply.http    status line, headers, an empty line, the body as it comes
   want.json     {"raises":..} where the request is refused before it goes out,
                 or "verdict" and "id", or "look" and "task"; and "code",
                 "text" (a part of the message), "remote_code", "retryable",
                 "wait_ms" (until the next attempt, without jitter) */
#ifndef MJ_SPEC_WIRE_CASE_H
#define MJ_SPEC_WIRE_CASE_H

#include "json.h"

struct wire_file {
  char *text; /* NULL = there is no such file */
  size_t n;
};

struct wire_case {
  char name[80];
  struct wire_file request, reply;
  mj_json *call, *want; /* NULL = unreadable */
};

/* The folders below spec/wire/mj in order of their names, and how many there
   are; at most `most` are read. */
size_t wire_cases_read(struct wire_case *out, size_t most);
/* A cmocka test whose state is a case. */
void wire_folder(void **state);
void wire_cases_free(struct wire_case *cases, size_t n);

#endif
