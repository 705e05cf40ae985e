/* SPDX-License-Identifier: MIT
   wire_mj.c - the family of /mj/submit and /mj/task: midjourney-proxy, -plus,
   trueai, new-api and the gateways that resell them.  Its routes, and what can
   be asked for free; wire_mj_put.c has what is paid, wire_mj_read.c what a
   task looks like. */
#include "wire_mj.h"
#include "err.h"
#include "wire_put.h"

#include <string.h>

/* "mj-prefix": /mj-fast/mj/...; "prefix": /fast/mj/...; "body": a field.  All
   spellings are accepted by some gateways; new-api strips only those with
   "/mj-" (getMjRequestPath). */
void mj__mj_route(struct mj__call *call, const struct mj__gateway *g,
                  const char *mode, enum mj__route route) {
  call->route = route;
  mj__put_base(call, g);
  if (mode && strcmp(g->mode_style, "mj-prefix") == 0)
    mj__buf_printf(&call->url, "/mj-%s", mode);
  else if (mode && strcmp(g->mode_style, "prefix") == 0)
    mj__buf_printf(&call->url, "/%s", mode);
  mj__buf_puts(&call->url, "/mj/");
}

/* {"ids":["1","2"]}: as strings, since new-api's dto says so. */
static void put_ids(struct mj__call *call, const char *const *ids, size_t n) {
  size_t i;
  mj__buf_puts(&call->body, "{\"ids\":[");
  for (i = 0; i < n; i++) {
    mj__buf_puts(&call->body, i ? "," : "");
    mj__put_string(&call->body, ids[i]);
  }
  mj__buf_puts(&call->body, "]}");
}

static int ask(struct mj__call *call, const struct mj__gateway *g,
               const char *mode, enum mj__route route, const char *const *ids,
               size_t n, mj_error *err) {
  const char *name = mj__route_name(route), *hole = strstr(name, "{id}");
  size_t i;
  for (i = 0; i < n; i++)
    if (!ids[i] || !mj__id_ok(ids[i]))
      return mj__err_set(err, MJ_EINVALID, "not a task id: %.60s",
                         ids[i] ? ids[i] : "(none)");
  if (hole && n != 1)
    return mj__err_set(err, MJ_EINVALID, "%s: one task id expected", name);
  call->method = route == MJ__R_IDS || route == MJ__R_CANCEL ? "POST" : "GET";
  call->paid = 0;
  mj__mj_route(call, g, mode ? mode : g->mode, route);
  if (hole)
    mj__buf_printf(&call->url, "%.*s%s%s", (int)(hole - name), name, ids[0],
                   hole + 4);
  else
    mj__buf_puts(&call->url, name);
  if (route == MJ__R_IDS)
    put_ids(call, ids, n);
  else if (route == MJ__R_CANCEL) /* a POST that needs no body, but is JSON */
    mj__buf_puts(&call->body, "{}");
  return mj__call_done(call, err);
}

#define R(route) (1u << MJ__R_##route)

const struct mj__wire mj__wire_mj = {
    .name = "mj",
    .asks = R(FETCH) | R(LIST) | R(IDS) | R(QUEUE) | R(SEED) | R(CANCEL),
    .poll = {2000, {4000, 8000}, 2},
    .route = mj__mj_verb,
    .put = mj__mj_put,
    .ask = ask,
    .task = mj__mj_task,
};
