/* SPDX-License-Identifier: MIT
   rig.h - a client on a script of replies, and its jobs run to their end. */
#ifndef MJ_SPEC_RIG_H
#define MJ_SPEC_RIG_H

#include "script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
#define ACCEPT {.body = "{\"code\":1,\"description\":\"ok\",\"result\":\"17\"}"}
#define RUNNING \
  {.body = "{\"id\":\"%ID\",\"status\":\"IN_PROGRESS\",\"progress\":\"31%\"}"}
#define DONE \
  {.body = "{\"id\":\"%ID\",\"status\":\"SUCCESS\",\"progress\":\"100%\"," \
           "\"action\":\"IMAGINE\",\"imageUrl\":\"http://gw.test/a.png\"}"}
/* clang-format on */
#define GRID                                                                   \
  "{\"id\":\"17\",\"status\":\"SUCCESS\",\"action\":\"IMAGINE\","              \
  "\"buttons\":[{\"customId\":\"MJ::JOB::upsample::2::abc\","                  \
  "\"label\":\"U2\"},{\"customId\":\"MJ::JOB::reroll::0::abc::SOLO\","         \
  "\"emoji\":\"\xf0\x9f\x94\x84\"}]}"

struct rig {
  script *s;
  virtual_world *w;
  mj_client *c;
};

/* What changes the configuration of the next rig, or NULL. */
extern void (*rig_tune)(mj_config *cfg);

void rig_up(struct rig *r, const script_reply *replies, size_t n);
void rig_down(struct rig *r);
mj_id rig_submit(struct rig *r, const mj_request *q);
mj_id rig_imagine(struct rig *r);
mj_request click_on(const char *button); /* of task 17 */

struct end {
  int code, accepted, progress, done, retryable, remote, nbuttons;
  char task_id[80], text[480], json[512], state[64];
};

/* Runs until every job has ended; what was seen of `id`. */
struct end rig_run(struct rig *r, mj_id id);

#define RIG(r, ...)                                                            \
  struct rig r;                                                                \
  const script_reply replies_[] = {__VA_ARGS__};                               \
  (void)state;                                                                 \
  rig_up(&r, replies_, sizeof replies_ / sizeof replies_[0])

#endif
