/* SPDX-License-Identifier: MIT
   wire_generate.c - the family of /api/v1/generateTask/midjourney and
   /api/v1/statusTask/midjourney.  What can be asked for free; what is paid is
   in wire_generate_put.c, _paint.c and _click.c, what a task looks like in
   _read.c. */
#include "wire_generate.h"
#include "err.h"

enum mj__route mj__generate_verb(mj_op op) {
  switch (op) {
  case MJ_OP_IMAGINE:
  case MJ_OP_CLICK:
  case MJ_OP_INPAINT:
  case MJ_OP_GENERATE:
    return MJ__R_GENERATE;
  case MJ_OP_BLEND:
  case MJ_OP_DESCRIBE:
  case MJ_OP_SHORTEN:
  case MJ_OP_MODAL:
  case MJ_OP_VIDEO:
  case MJ_OP_EDIT:
  case MJ_OP_RETEXTURE:
  case MJ_OP_UPLOAD:
  case MJ_OP_SWAP_FACE:
    break;
  }
  return MJ__R_NONE;
}

/* The mode has no part in it: a task's id says all. */
static int ask(struct mj__call *call, const struct mj__gateway *g,
               const char *mode, enum mj__route route, const char *const *ids,
               size_t n, mj_error *err) {
  (void)mode;
  if (route != MJ__R_FETCH)
    return mj__err_set(err, MJ_EUNSUPPORTED,
                       "%s: gateways of the generate family tell of one task "
                       "only; those of the mj family have that",
                       mj__route_name(route));
  if (n != 1)
    return mj__err_set(err, MJ_EINVALID, "statusTask: one task id expected");
  if (!ids[0] || !mj__id_ok(ids[0]))
    return mj__err_set(err, MJ_EINVALID, "not a task id: %.60s",
                       ids[0] ? ids[0] : "(none)");
  call->method = "GET";
  call->paid = 0;
  call->route = route;
  mj__put_base(call, g);
  mj__buf_printf(&call->url, "/api/v1/statusTask/midjourney?taskId=%s", ids[0]);
  return mj__call_done(call, err);
}

/* The limits and the rhythm of polling are those of the family's guide. */
const struct mj__wire mj__wire_generate = {
    .name = "generate",
    .generate = 1,
    .asks = 1u << MJ__R_FETCH,
    .poll = {20000, {3000}, 1},
    .requests_per_min = 10000,
    .live = 1000,
    .remembers = 1,
    .route = mj__generate_verb,
    .put = mj__generate_put,
    .ask = ask,
    .task = mj__generate_task,
};
