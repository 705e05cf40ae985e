/* SPDX-License-Identifier: MIT
   wire_case.h - a folder of spec/wire/mj or spec/wire/generate: what is asked
   for, what goes out, what comes back, and what that means.

   call.json     {"op":"imagine","prompt":..,"params":{..}} or
                 {"op":"click","task":..,"button":..,"task_json":{..}} or
                 {"op":"fetch","task":..} or "seed" or "cancel", {"op":"ids",
                 "ids":[..]}, {"op":"list"}, {"op":"queue"}, or another verb
                 with the members of mj_request by name: "pictures" and "mask"
                 are an address, a data URI, or {"magic":"png"} (jpeg, webp,
                 gif, gif87, text, short; another word is no bytes at all): a
                 file's first bytes with "fixture" behind them.
                 "areas" are {"width":..,"height":..,"points":[..]}, "canvas"
                 and "place" {"x":..,"y":..,"width":..,"height":..}, "input" is
                 an object.
                 Also "mode", "extra", "state" (the wire's token), "lenient",
                 "gateway":{"base":..,"prefix":..,"mode":..,"mode_style":..}
                 and, for a transfer that broke, "transfer":{"curl_code":..,
                 "sent":..}
                 "core" says that Lua asks for it in another way: the folder is
                 for C alone
   request.http  method and URL, an empty line, the exact body (optional)
   reply.http    status line, headers, an empty line, the body as it comes
   sample.json   an example of one of the guides that doc/seeds.md lists, as it
                 stands there; spec/seeds_spec.lua compares (optional)
   want.json     {"raises":..} where the request is refused before it goes out,
                 or "verdict", "id" (upload: "items"), "parent" (refused because
                 of the task that it builds on), "dialog", "suggested", "ahead"
                 and "several", or "look" and "task" (list, ids, queue: "tasks",
                 their ids; seed: "items"); and "warning" (a part of what is
                 said about the prompt), "code", "text" (a part of the message),
                 "remote_code", "retryable", "wait_ms" (until the next attempt,
                 without jitter).
                 "task" has the members of mj_task that are compared; "videos",
                 "prompts" and "tokens" are empty where they are not named.
                 "buttons" are [label, customId, emoji, intent], the last two
                 optional, "tokens" [text, dropped, weight] */
#ifndef MJ_SPEC_WIRE_CASE_H
#define MJ_SPEC_WIRE_CASE_H

#include "wire.h"

/* Members of an object. */
static inline const char *text_of(const mj_value *v, const char *key) {
  return mj__json_text(mj__json_get(v, key));
}
static inline int number_of(const mj_value *v, const char *key, int otherwise) {
  int64_t n;
  return mj__json_int(mj__json_get(v, key), &n) ? (int)n : otherwise;
}
static inline int is_true(const mj_value *v, const char *key) {
  const mj_value *m = mj__json_get(v, key);
  return m && m->type == MJ_JSON_TRUE;
}

struct wire_file {
  char *text; /* NULL = there is no such file */
  size_t n;
};

struct wire_case {
  char name[80]; /* of the folder; in spec/wire/generate with that in front */
  const struct mj__wire *wire;
  struct wire_file request, reply;
  mj_json *call, *want; /* NULL = unreadable */
};

/* The folders below spec/wire/mj and spec/wire/generate in order of their
   names, and how many there are; at most `most` are read. */
size_t wire_cases_read(struct wire_case *out, size_t most);
/* The request that call.json asks for; out->url and out->body are to be set up
   before. */
int wire_case_encode(const struct mj__wire *wire, const mj_value *call,
                     struct mj__call *out, mj_error *err);
/* A cmocka test whose state is a case. */
void wire_folder(void **state);
void wire_cases_free(struct wire_case *cases, size_t n);

#endif
