/* SPDX-License-Identifier: MIT
   fault.c - what goes wrong at gateways, as a table.  A fault strikes before
   the gateway has done anything, or after it has done everything. */
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void page(struct sim_call *c, int status, const char *title) {
  sim_putf(&c->out,
           "<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n"
           "<center><h1>%d %s</h1></center>\r\n<hr><center>nginx</center>\r\n"
           "</body>\r\n</html>\r\n",
           status, title, status, title);
  sim_reply(c, status, SIM_HTML);
}

static void html502(struct sim_call *c) {
  page(c, 502, "Bad Gateway");
}

/* nginx gave up on a gateway that then went on and finished. */
static void html504(struct sim_call *c) {
  page(c, 504, "Gateway Time-out");
}

static void empty(struct sim_call *c) {
  sim_reply(c, 200, NULL);
}

static void drop(struct sim_call *c) {
  sim_reply(c, 0, NULL);
  c->reply->drop = 1;
}

/* new-api, when the proxy's answer did not reach it or made no sense. */
static void code5(struct sim_call *c) {
  sim_refuse_mj(c, 400, 5, "do_request_failed");
}

static void code5_after(struct sim_call *c) {
  sim_refuse_mj(c, 400, 5, "unmarshal_response_body_failed");
}

static void code30(struct sim_call *c) {
  sim_refuse_mj(c, 429, 30, "当前分组负载已饱和，请稍后再试");
}

static void http429_bare(struct sim_call *c) {
  sim_refuse_api(c, 429, "当前分组上游负载已饱和，请稍后再试", "");
}

static void http429(struct sim_call *c) {
  http429_bare(c);
  c->reply->headers[0].name = "Retry-After";
  snprintf(c->reply->headers[0].value, sizeof c->reply->headers[0].value, "2");
  c->reply->nheaders = 1;
}

static void no_instance(struct sim_call *c) {
  sim_refuse(c, 3, "无可用的账号实例");
}

static void queue_full(struct sim_call *c) {
  sim_put(&c->out, "{\"code\":23,\"description\":\"队列已满，请稍后尝试\","
                   "\"result\":null,\"properties\":{\"discordInstanceId\":"
                   "\"" SIM_INSTANCE "\"}}");
  sim_reply(c, 200, SIM_JSON);
}

static void unauthorized(struct sim_call *c) {
  c->s->profile->unauthorized(c);
}

/* A gateway that has not stored the task yet, or has lost it. */
static void not_found(struct sim_call *c) {
  c->s->profile->no_task(c);
}

static void expired(struct sim_call *c) {
  sim_put(&c->out, "This content is no longer available.");
  sim_reply(c, 403, "text/plain");
}

/* These two change the answer that is there. */
static void number_result(struct sim_call *c) {
  static const char key[] = "\"result\":\"";
  char *p = c->out.p ? strstr(c->out.p, key) : NULL, *end;
  if (!p)
    return;
  p += sizeof key - 2;
  end = strchr(p + 1, '"');
  if (!end || strspn(p + 1, "0123456789") != (size_t)(end - p - 1))
    return;
  memmove(p, p + 1, (size_t)(end - p - 1));
  memmove(end - 1, end + 1, strlen(end + 1) + 1);
  c->out.n -= 2;
}

static void truncated(struct sim_call *c) {
  c->out.n /= 2;
}

enum when { BEFORE, INSTEAD, CHANGE };

static const struct fault {
  const char *name;
  enum when when; /* INSTEAD: done, but the answer is another */
  void (*apply)(struct sim_call *c);
} faults[] = {{"html502", BEFORE, html502},
              {"html504", INSTEAD, html504},
              {"empty", INSTEAD, empty},
              {"number_result", CHANGE, number_result},
              {"code5", BEFORE, code5},
              {"code5_after_create", INSTEAD, code5_after},
              {"drop", INSTEAD, drop},
              {"drop_before", BEFORE, drop},
              {"http429", BEFORE, http429},
              {"http429_bare", BEFORE, http429_bare},
              {"code30", BEFORE, code30},
              {"no_instance", BEFORE, no_instance},
              {"queue_full", BEFORE, queue_full},
              {"unauthorized", BEFORE, unauthorized},
              {"not_found", BEFORE, not_found},
              {"expired", BEFORE, expired},
              {"truncated", CHANGE, truncated}};

#define FAULTS (sizeof faults / sizeof faults[0])

struct sim_rule {
  const struct fault *fault;
  enum sim_route_kind kind;
  uint64_t first, last; /* of the requests of that kind */
  double share;         /* of those */
};

const char *mj_sim_faults(int i) {
  return i >= 0 && (size_t)i < FAULTS ? faults[i].name : NULL;
}

static int kind_of(const char *name, enum sim_route_kind *out) {
  static const char *const names[] = {"submit", "fetch", "image"};
  for (int i = 0; i < 3; i++)
    if (!strcmp(names[i], name)) {
      *out = (enum sim_route_kind)i;
      return 0;
    }
  return -1;
}

static int which(const char *text, struct sim_rule *r) {
  char *end;
  if (!*text)
    return 0;
  if (*text == ':') {
    r->share = strtod(text + 1, &end);
    return end == text + 1 || *end || !(r->share >= 0 && r->share <= 1) ? -1
                                                                        : 0;
  }
  r->first = r->last = strtoull(text + 1, &end, 10);
  if (end > text + 1 && *end == '-') {
    text = end;
    r->last = strtoull(text + 1, &end, 10);
  }
  return end == text + 1 || *end || r->first < 1 || r->last < r->first ? -1 : 0;
}

/* NAME[/KIND][@N|@N-M|:P] */
static int parse_rule(char *text, struct sim_rule *r, char *why, size_t size) {
  char *more = text + strcspn(text, "@:"), mark = *more, *slash;
  *r = (struct sim_rule){NULL, SIM_KIND_SUBMIT, 1, UINT64_MAX, 1};
  *more = '\0';
  slash = strchr(text, '/');
  if (slash)
    *slash++ = '\0';
  for (size_t i = 0; i < FAULTS; i++)
    if (!strcmp(faults[i].name, text))
      r->fault = &faults[i];
  if (!r->fault) {
    snprintf(why, size, "no fault '%s'", text);
    return -1;
  }
  if (slash && kind_of(slash, &r->kind)) {
    snprintf(why, size, "fault %s: no kind '%s' (submit, fetch, image)", text,
             slash);
    return -1;
  }
  *more = mark;
  if (which(more, r)) {
    snprintf(why, size, "fault %s: '%s' is no @N, @N-M or :0.5", r->fault->name,
             more);
    return -1;
  }
  return 0;
}

int sim_faults_parse(mj_sim *s, const char *text, char *why, size_t size) {
  char *copy = sim_copy(text), *p = copy, *next;
  size_t n = 1;
  int rc = 0;
  for (const char *q = text; *q; q++)
    n += *q == '+';
  s->rules = calloc(n, sizeof *s->rules);
  if (!copy || !s->rules) {
    free(copy);
    snprintf(why, size, "out of memory");
    return -1;
  }
  for (; *p && !rc; p = next) {
    next = p + strcspn(p, "+");
    if (*next)
      *next++ = '\0';
    rc = parse_rule(p, &s->rules[s->nrules++], why, size);
  }
  free(copy);
  return rc;
}

static int strikes(const struct sim_call *c, size_t i,
                   enum sim_route_kind kind) {
  const struct sim_rule *r = &c->s->rules[i];
  uint64_t n = c->s->kinds[kind];
  if (r->kind != kind || n < r->first || n > r->last)
    return 0;
  if (r->share >= 1)
    return 1;
  return (double)(sim_mix(sim_mix(c->s->seed, n), 900 + i) >> 11) /
             9007199254740992.0 <
         r->share;
}

int sim_fault_before(struct sim_call *c, enum sim_route_kind kind) {
  for (size_t i = 0; i < c->s->nrules; i++)
    if (c->s->rules[i].fault->when == BEFORE && strikes(c, i, kind)) {
      c->s->rules[i].fault->apply(c);
      c->s->stats.faults++;
      return 1;
    }
  return 0;
}

void sim_fault_after(struct sim_call *c, enum sim_route_kind kind) {
  for (size_t i = 0; i < c->s->nrules; i++) {
    const struct fault *f = c->s->rules[i].fault;
    if (f->when == BEFORE || !strikes(c, i, kind))
      continue;
    if (f->when == INSTEAD)
      sim_buf_free(&c->out);
    f->apply(c);
    c->s->stats.faults++;
  }
}
