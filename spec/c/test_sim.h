/* SPDX-License-Identifier: MIT
   test_sim.h - what the tests of the simulator share. */
#ifndef MJ_TEST_SIM_H
#define MJ_TEST_SIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "serve/sim.h"

/* 2025-03-09T14:46:18.038Z */
#define T0       INT64_C(1741531578038)
#define BASE_URL "http://127.0.0.1:8080"

/* The start of a PNG, of a JPEG, and nothing like them. */
#define PNG  "data:image/png;base64,iVBORw0KGgo="
#define JPEG "data:image/jpeg;base64,/9j/4AAQSkZJRg=="
#define GONE "data:image/png;base64,iVBORw0KGgo"

#define REFUSED(code, text)                                                    \
  "{\"code\":" code ",\"description\":\"" text                                 \
  "\",\"result\":null,\"properties\":{}}"
#define SPRING(status, error, path)                                            \
  "{\"timestamp\":\"2025-03-09T14:46:18.038+00:00\",\"status\":" status        \
  ",\"error\":\"" error "\",\"path\":\"" path "\"}"

/* A request at T0 and what it is answered. */
struct case_of {
  const char *method, *target, *body;
  int status;
  const char *answer;
};
void check_cases(mj_sim *s, const struct case_of *cases, size_t n);

struct answer {
  struct mj_sim_reply reply;
  const char *body; /* "" when there is none */
};

/* A simulator with this profile; fields of *cfg (may be NULL) win. */
mj_sim *sim_open(const char *profile, const struct mj_sim_config *cfg);
/* `s`, and what cmocka calls around each test of one profile. */
#define SIM_OF(profile)                                                        \
  static mj_sim *s;                                                            \
                                                                               \
  static int set_up(void **state) {                                            \
    (void)state;                                                               \
    s = sim_open(profile, NULL);                                               \
    return 0;                                                                  \
  }                                                                            \
                                                                               \
  static int tear_down(void **state) {                                         \
    (void)state;                                                               \
    mj_sim_free(s);                                                            \
    return 0;                                                                  \
  }
/* One request at T0 + at_ms; the answer lives until the next one. */
struct answer *ask(mj_sim *s, const char *method, const char *target,
                   const char *body, int64_t at_ms);
struct answer *ask_as(mj_sim *s, const char *method, const char *target,
                      const char *body, int64_t at_ms,
                      const char *authorization, const char *api_secret,
                      const char *content_type);
/* Submits and returns the id (a copy that lives on until the test ends). */
const char *submit(mj_sim *s, const char *target, const char *body,
                   int64_t at_ms);
const char *imagine(mj_sim *s, const char *prompt, int64_t at_ms);
struct answer *fetch(mj_sim *s, const char *id, int64_t at_ms);
/* The customId of the task's button that begins so (a copy). */
const char *button_of(mj_sim *s, const char *id, const char *start,
                      int64_t at_ms);
/* Presses that button; `more` is further members of the body, or "". */
struct answer *press(mj_sim *s, const char *id, const char *start,
                     const char *more, int64_t at_ms);
/* The value of a member that is a string, anywhere in the text. */
const char *text_of(const struct answer *a, const char *key);
int has(const struct answer *a, const char *text);
uint64_t checksum(const char *text, size_t n);
/* printf into a buffer that the 256th call from here takes again. */
__attribute__((format(printf, 1, 2))) const char *say(const char *fmt, ...);

#define assert_body(a, text)                                                   \
  do {                                                                         \
    const struct answer *of_ = (a);                                            \
    const char *want_ = (text);                                                \
    assert_string_equal(of_->body, want_);                                     \
    assert_int_equal(of_->reply.len, strlen(want_));                           \
  } while (0)

#endif
