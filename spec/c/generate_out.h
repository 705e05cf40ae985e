/* SPDX-License-Identifier: MIT
   generate_out.h - a request under construction, and its memory counted. */
#ifndef MJ_SPEC_GENERATE_OUT_H
#define MJ_SPEC_GENERATE_OUT_H

#include "err.h"
#include "test.h"
#include "wire.h"

struct out {
  struct meter meter;
  struct mj__call call;
  struct mj__buf warnings;
  mj_error err;
};

static inline void out_up(struct out *o) {
  struct mj__mem m;
  memset(o, 0, sizeof *o);
  meter_mem(&o->meter, &m);
  mj__buf_init(&o->call.url, &m, 8192);
  mj__buf_init(&o->call.body, &m, 1 << 20);
  mj__buf_init(&o->warnings, &m, 1 << 16);
  o->call.warnings = &o->warnings;
  mj__err_clear(&o->err);
}

static inline void out_down(struct out *o) {
  mj__buf_free(&o->call.url);
  mj__buf_free(&o->call.body);
  mj__buf_free(&o->warnings);
  assert_int_equal(o->meter.live, 0);
}

#endif
