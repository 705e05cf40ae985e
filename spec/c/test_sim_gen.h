/* SPDX-License-Identifier: MIT
   test_sim_gen.h - what the tests of the simulator's profile "generate" share;
   each is a program of its own. */
#ifndef MJ_TEST_SIM_GEN_H
#define MJ_TEST_SIM_GEN_H

#include "test_sim.h"

#include "image/draw.h"

#define GENERATE "/api/v1/generateTask/midjourney"
#define STATUS   "/api/v1/statusTask/midjourney"
#define SAMPLE   "task_abc123xyz789"
#define REFUSED_AS(code, text)                                                 \
  "{\"code\":" code ",\"message\":\"" text "\",\"data\":null}"
#define WRONG(text)                                                            \
  "{\"code\":400,\"message\":\"Invalid request\",\"data\":{\"error\":\"" text  \
  "\"}}"
#define LIMIT REFUSED_AS("429", "Rate limit exceeded")

/* Inputs of each mode; what is not optional in them. */
#define TEXT  "\"mode\":\"text-to-image\",\"prompt\":\"cat\""
#define IMAGE "\"mode\":\"image-to-image\",\"prompt\":\"cat\""
#define URLS  "\"image_urls\":[\"https://a.test/p.png\"]"
#define PAINT "\"mode\":\"upload-paint\",\"prompt\":\"hat\"," URLS
#define AREA(w, points)                                                        \
  "\"mask\":{\"areas\":[{\"width\":" w ",\"height\":9,\"points\":[" points     \
  "]}]}"
#define MASK   AREA("9", "0,0,9,0,9,9")
#define CANVAS "\"canvas\":{\"width\":2048,\"height\":1024}"
#define POS    "\"imgPos\":{\"x\":-4,\"y\":0,\"width\":9,\"height\":9}"
#define VARY   "\"mode\":\"vary\",\"taskId\":\"" SAMPLE "\""
#define BIGGER "\"mode\":\"upscale\",\"taskId\":\"" SAMPLE "\""

extern mj_sim *s; /* of the test */

struct answer *post(const char *body, int64_t at);
struct answer *status(const char *id, int64_t at);
/* A task of this input, by its id (a copy that lives a while). */
const char *task(const char *input, int64_t at);
/* How a task of this input ends: its failCode, or its state. */
const char *end_of(const char *input);
int64_t number_of(const struct answer *a, const char *key);
/* The path of the n-th picture (from 1) of a finished task. */
const char *path_of(const struct answer *a, int n);

/* What was drawn last. */
extern struct mj_picture drawn;
extern struct mj_picture_step drawn_steps[32];
/* A simulator with pictures that cost nothing; cfg may be NULL. */
void open_with(const struct mj_sim_config *cfg);
int set_up(void **state);
int tear_down(void **state);

#endif
