/* SPDX-License-Identifier: MIT
   fault.c - when which fault strikes. */
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_rule {
  const struct fault *fault;
  enum sim_route_kind kind;
  uint64_t first, last; /* of the requests of that kind */
  double share;         /* of those */
};

static int kind_of(const char *name, enum sim_route_kind *out) {
  static const char *const names[SIM_KINDS] = {"submit", "fetch", "image",
                                               "list", "notify"};
  for (int i = 0; i < SIM_KINDS; i++)
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
static int parse_rule(const mj_sim *s, char *text, struct sim_rule *r,
                      char *why, size_t size) {
  char *more = text + strcspn(text, "@:"), mark = *more, *slash;
  *r = (struct sim_rule){NULL, SIM_KIND_SUBMIT, 1, UINT64_MAX, 1};
  *more = '\0';
  slash = strchr(text, '/');
  if (slash)
    *slash++ = '\0';
  r->fault = sim_fault_of(s, text);
  if (!r->fault) {
    snprintf(why, size, "no fault '%s'", text);
    return -1;
  }
  r->kind = r->fault->kind;
  if (slash && kind_of(slash, &r->kind)) {
    snprintf(why, size, "fault %s: no kind '%s' (submit, fetch, list, image)",
             text, slash);
    return -1;
  }
  if ((r->kind == SIM_KIND_NOTIFY) != (r->fault->when >= TWICE)) {
    snprintf(why, size, "fault %s: not of the kind '%s'", text, slash);
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
    rc = parse_rule(s, p, &s->rules[s->nrules++], why, size);
  }
  free(copy);
  return rc;
}

static int strikes(const mj_sim *s, size_t i, enum sim_route_kind kind) {
  const struct sim_rule *r = &s->rules[i];
  uint64_t n = s->kinds[kind];
  if (r->kind != kind || n < r->first || n > r->last)
    return 0;
  if (r->share >= 1)
    return 1;
  return (double)(sim_mix(sim_mix(s->seed, n), 900 + i) >> 11) /
             9007199254740992.0 <
         r->share;
}

int sim_fault_before(struct sim_call *c, enum sim_route_kind kind) {
  if (sim_scenario_before(c))
    return 1;
  for (size_t i = 0; i < c->s->nrules; i++)
    if (c->s->rules[i].fault->when == BEFORE && strikes(c->s, i, kind)) {
      c->s->rules[i].fault->apply(c);
      c->s->stats.faults++;
      return 1;
    }
  return 0;
}

void sim_fault_after(struct sim_call *c, enum sim_route_kind kind) {
  for (size_t i = 0; i < c->s->nrules; i++) {
    const struct fault *f = c->s->rules[i].fault;
    if (f->when == BEFORE || !strikes(c->s, i, kind))
      continue;
    if (f->when == INSTEAD)
      sim_buf_free(&c->out);
    f->apply(c);
    c->s->stats.faults++;
  }
  sim_scenario_after(c, kind);
}

unsigned sim_fault_callback(mj_sim *s) {
  unsigned found = 0;
  s->kinds[SIM_KIND_NOTIFY]++;
  for (size_t i = 0; i < s->nrules; i++)
    if (strikes(s, i, SIM_KIND_NOTIFY)) {
      found |= 1u << s->rules[i].fault->when;
      s->stats.faults++;
    }
  return found;
}
