/* SPDX-License-Identifier: MIT
   gen_fault.c - what faults are in the generate family: its own, and those of
   all gateways that look otherwise here, or mean nothing. */
#include "fault.h"
#include "gen.h"

#include <stdio.h>
#include <string.h>

void fault_leave(struct sim_call *c) {
  (void)c;
}

/* Refusals ----------------------------------------------------------------- */

static void http429(struct sim_call *c) {
  gen_refuse_429(c, 2000, NULL);
}

static void http429_bare(struct sim_call *c) {
  gen_refuse(c, 429, "Rate limit exceeded", NULL);
}

static void queue_full(struct sim_call *c) {
  gen_refuse_429(c, 2000, "Too many concurrent tasks");
}

static void http403(struct sim_call *c) {
  gen_refuse(c, 403, "Forbidden", "Insufficient credits");
}

static void http500(struct sim_call *c) {
  gen_refuse(c, 500, "Internal server error", NULL);
}

static void http503(struct sim_call *c) {
  gen_refuse(c, 503, "Service unavailable", "Model is unavailable");
}

/* Clients of the provider look at the body's code whatever HTTP says. */
static void code_in_200(struct sim_call *c) {
  gen_refuse(c, 429, "Rate limit exceeded", NULL);
  c->reply->status = 200;
}

/* ... and for a text in either of two places. */
static void error_member(struct sim_call *c) {
  sim_put(&c->out, "{\"code\":400,\"error\":\"Invalid request\"}");
  sim_reply(c, 400, SIM_JSON);
}

/* A task ------------------------------------------------------------------- */

static void edit_data(struct sim_call *c,
                      void (*edit)(struct sim_call *c, struct sim_buf *data)) {
  struct sim_buf data = {0};
  size_t at, len;
  if (!edit_find(&c->out, "data", &at, &len) || c->out.p[at] != '{')
    return;
  sim_putn(&data, c->out.p + at, len);
  edit(c, &data);
  if (data.p)
    edit_set(&c->out, "data", data.p);
  sim_buf_free(&data);
}

/* JSON within JSON, unpacked. */
static void object(struct sim_call *c, struct sim_buf *data) {
  struct sim_buf inner = {0};
  size_t at, len;
  (void)c;
  if (!edit_find(data, "resultJson", &at, &len) || data->p[at] != '"')
    return;
  for (size_t i = at + 1; i + 1 < at + len; i++) {
    i += data->p[i] == '\\';
    sim_putn(&inner, data->p + i, 1);
  }
  if (inner.p)
    edit_set(data, "resultJson", inner.p);
  sim_buf_free(&inner);
}

static void result_object(struct sim_call *c) {
  edit_data(c, object);
}

static void nothing(struct sim_call *c, struct sim_buf *data) {
  (void)c;
  edit_set(data, "resultJson", "\"\"");
}

static void result_empty(struct sim_call *c) {
  edit_data(c, nothing);
}

static void null(struct sim_call *c, struct sim_buf *data) {
  (void)c;
  edit_set(data, "resultJson", "null");
}

static void result_null(struct sim_call *c) {
  edit_data(c, null);
}

static void no_urls(struct sim_call *c, struct sim_buf *data) {
  (void)c;
  edit_set(data, "resultJson", "\"{\\\"resultUrls\\\":[]}\"");
}

static void success_without_picture(struct sim_call *c) {
  edit_data(c, no_urls);
}

static int has_state(const struct sim_buf *data, const char *state) {
  char text[16];
  return edit_text(data, "state", text, sizeof text) && !strcmp(text, state);
}

/* Back to a state in which nothing has come of it yet. */
static void unfinish(struct sim_buf *data, const char *state) {
  struct sim_buf out = {0};
  char id[40];
  size_t at, len;
  if (!edit_text(data, "taskId", id, sizeof id) ||
      !edit_find(data, "createTime", &at, &len))
    return;
  sim_put(&out, "{");
  sim_put_member(&out, "taskId", id);
  sim_put_member(&out, "state", state);
  sim_put(&out, ",\"createTime\":");
  sim_putn(&out, data->p + at, len);
  sim_put(&out, "}");
  sim_buf_free(data);
  *data = out;
}

static void never(struct sim_call *c, struct sim_buf *data) {
  (void)c;
  if (has_state(data, "success") || has_state(data, "failed"))
    unfinish(data, "processing");
}

static void stuck(struct sim_call *c) {
  edit_data(c, never);
}

/* The second look at a task that was seen at work goes back a step. */
static void back(struct sim_call *c, struct sim_buf *data) {
  int done = has_state(data, "success");
  char id[40];
  uint64_t key;
  uint32_t seen;
  if ((!done && !has_state(data, "processing")) ||
      !edit_text(data, "taskId", id, sizeof id))
    return;
  key = sim_hash(id, 77);
  seen = sim_map_get(c->s, key);
  if (seen < 2)
    sim_map_set(c->s, key, seen + 1);
  if (seen == 1)
    unfinish(data, done ? "processing" : "pending");
}

static void regress(struct sim_call *c) {
  edit_data(c, back);
}

/* As PHP writes it. */
static void escapes(struct sim_call *c) {
  struct sim_buf out = {0};
  if (!c->out.n || *c->out.p != '{')
    return;
  for (const char *p = c->out.p; *p; p++) {
    sim_put(&out, *p == '/' ? "\\" : "");
    sim_putn(&out, p, 1);
  }
  sim_buf_free(&c->out);
  c->out = out;
}

/* -------------------------------------------------------------------------- */

#define SUBMIT SIM_KIND_SUBMIT
#define FETCH  SIM_KIND_FETCH

static const struct fault own[] = {
    {"http429", SUBMIT, BEFORE, http429},
    {"http429_bare", SUBMIT, BEFORE, http429_bare},
    {"queue_full", SUBMIT, BEFORE, queue_full},
    {"http401_json", SUBMIT, BEFORE, gen_unauthorized},
    {"http403_json", SUBMIT, BEFORE, http403},
    {"http500", SUBMIT, BEFORE, http500},
    {"http503_model", SUBMIT, BEFORE, http503},
    {"code_in_200", SUBMIT, BEFORE, code_in_200},
    {"error_member", SUBMIT, BEFORE, error_member},
    {"result_object", FETCH, CHANGE, result_object},
    {"result_empty", FETCH, CHANGE, result_empty},
    {"result_null", FETCH, CHANGE, result_null},
    {"success_without_picture", FETCH, CHANGE, success_without_picture},
    {"stuck", FETCH, CHANGE, stuck},
    {"regress", FETCH, CHANGE, regress},
    {"escapes", FETCH, CHANGE, escapes},
    /* codes of the other family */
    {"code5", SUBMIT, CHANGE, fault_leave},
    {"code5_after_create", SUBMIT, CHANGE, fault_leave},
    {"code30", SUBMIT, CHANGE, fault_leave},
    {"no_instance", SUBMIT, CHANGE, fault_leave},
    {"too_many", SUBMIT, CHANGE, fault_leave},
    {"banned", SUBMIT, CHANGE, fault_leave},
    {"existed", SUBMIT, CHANGE, fault_leave},
    {"code0", SUBMIT, CHANGE, fault_leave},
    {NULL, SUBMIT, CHANGE, NULL}};

const struct fault *sim_fault_of(const mj_sim *s, const char *name) {
  const struct fault *f = own;
  if (s->profile->bit != SIM_GENERATE)
    return sim_fault_find(name);
  while (f->name && strcmp(f->name, name) != 0)
    f++;
  return f->name ? f : sim_fault_find(name);
}
