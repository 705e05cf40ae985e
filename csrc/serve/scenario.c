/* SPDX-License-Identifier: MIT
   scenario.c - a list of steps that says what goes otherwise than usual: by a
   fault's name, or by an answer given word by word. */
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct step {
  struct mj_sim_step is; /* with copies of its strings */
  const struct fault *fault;
  uint64_t seen; /* requests to its route, or its tasks */
};

struct sim_scenario {
  struct step *steps;
  size_t n;
};

static int copy(const char **text) {
  if (*text)
    *text = sim_copy(*text);
  return *text != NULL;
}

static int copy_strings(struct mj_sim_step *to, const struct mj_sim_step *is) {
  int ok = 1;
  *to = *is;
  to->body = NULL;
  ok &= copy(&to->route) | !is->route;
  ok &= copy(&to->content_type) | !is->content_type;
  ok &= copy(&to->task) | !is->task;
  ok &= copy(&to->fail) | !is->fail;
  for (int i = 0; i < MJ_SIM_HEADERS; i++)
    for (int k = 0; k < 2; k++)
      ok &= copy(&to->headers[i][k]) | !is->headers[i][k];
  if (is->body) {
    char *p = malloc(is->len + 1);
    if (p)
      memcpy(p, is->body, is->len);
    to->body = p;
    ok &= p != NULL;
  }
  return ok ? 0 : -1;
}

static void forget(const char *text) {
  free((void *)(uintptr_t)text);
}

void sim_scenario_free(struct sim_scenario *scenario) {
  for (size_t i = 0; scenario && i < scenario->n; i++) {
    struct mj_sim_step *is = &scenario->steps[i].is;
    forget(is->route);
    forget(is->content_type);
    forget(is->body);
    forget(is->task);
    forget(is->fail);
    for (int k = 0; k < MJ_SIM_HEADERS; k++) {
      forget(is->headers[k][0]);
      forget(is->headers[k][1]);
    }
  }
  if (scenario)
    free(scenario->steps);
  free(scenario);
}

static const char *wrong(const struct mj_sim_step *s) {
  if (!s->route == !s->task)
    return "a route or a task expected";
  if (s->fault && !sim_fault_find(s->fault))
    return "no such fault";
  if (s->fault && sim_fault_find(s->fault)->kind == SIM_KIND_NOTIFY)
    return "that fault is of callbacks, not of requests";
  if (s->status && (s->status < 200 || s->status > 599))
    return "a status from 200 to 599 expected";
  if (s->last < s->first || (s->last && !s->first))
    return "the first is 1, and the last is not before it";
  if (s->delay < 0 || s->seconds < 0)
    return "seconds are not below 0";
  return NULL;
}

int sim_scenario_new(mj_sim *s, const struct mj_sim_config *cfg, char *why,
                     size_t size) {
  struct sim_scenario *scenario;
  if (!cfg->nscenario)
    return 0;
  scenario = s->scenario = calloc(1, sizeof *scenario);
  if (scenario)
    scenario->steps = calloc(cfg->nscenario, sizeof *scenario->steps);
  for (size_t i = 0; i < cfg->nscenario; i++) {
    const struct mj_sim_step *is = &cfg->scenario[i];
    if (wrong(is)) {
      snprintf(why, size, "scenario: step %zu: %s", i + 1, wrong(is));
      return -1;
    }
    if (!scenario || !scenario->steps ||
        copy_strings(&scenario->steps[scenario->n++].is, is)) {
      snprintf(why, size, "out of memory");
      return -1;
    }
    scenario->steps[i].fault = is->fault ? sim_fault_of(s, is->fault) : NULL;
  }
  return 0;
}

/* A * is anything, slashes too. */
static int fits(const char *pattern, const char *path) {
  for (; *pattern && *pattern != '*'; pattern++, path++)
    if (*pattern != *path)
      return 0;
  if (!*pattern)
    return !*path;
  while (!fits(pattern + 1, path))
    if (!*path++)
      return 0;
  return 1;
}

static int is_now(struct step *step) {
  uint64_t n = ++step->seen;
  return !step->is.first || (n >= step->is.first && n <= step->is.last);
}

/* Each step counts all that its route gets, whoever answers it. */
static struct step *step_for(struct sim_call *c) {
  struct sim_scenario *scenario = c->s->scenario;
  struct step *found = NULL;
  for (size_t i = 0; scenario && i < scenario->n; i++) {
    struct step *step = &scenario->steps[i];
    const char *route = step->is.route;
    if (!route)
      continue;
    route += !strncmp(route, "/mj/", 4) ? 3 : 0;
    if (fits(route, c->path) && is_now(step) && !found)
      found = step;
  }
  return found;
}

static void answer(struct sim_call *c, const struct mj_sim_step *is) {
  struct mj_sim_reply *r = c->reply;
  sim_buf_free(&c->out);
  r->drop = is->drop;
  sim_reply(c, is->status, is->content_type);
  if (is->body)
    sim_putn(&c->out, is->body, is->len);
  r->nheaders = 0;
  for (int i = 0; i < MJ_SIM_HEADERS && is->headers[i][0]; i++) {
    r->headers[i].name = is->headers[i][0];
    snprintf(r->headers[i].value, sizeof r->headers[i].value, "%s",
             is->headers[i][1] ? is->headers[i][1] : "");
    r->nheaders++;
  }
}

int sim_scenario_before(struct sim_call *c) {
  struct step *step = step_for(c);
  c->step = step;
  c->had = c->s->ntasks;
  if (!step)
    return 0;
  c->s->stats.faults++;
  if (step->is.delay > 0)
    c->reply->delay_ms = sim_real(c->s, (int64_t)(step->is.delay * 1000));
  if (step->fault && step->fault->when == BEFORE) {
    step->fault->apply(c);
    return 1;
  }
  if (step->fault || step->is.after || (!step->is.drop && !step->is.status))
    return 0;
  answer(c, &step->is);
  return 1;
}

static void steer(struct sim_task *t, const struct mj_sim_step *is) {
  if (is->fail)
    t->fail = is->fail;
  if (is->stuck)
    t->stuck = 1;
  if (is->seconds > 0) {
    t->length = (int64_t)(is->seconds * 1000);
    t->delay = t->delay < t->length / 4 ? t->delay : t->length / 4;
    t->lead = t->lead < t->length / 2 ? t->lead : t->length / 2;
  }
}

static int speaks_of(const struct sim_task *t, const char *words) {
  if (t->prompt_en && strstr(t->prompt_en, words)) /* a dialog's */
    return 1;
  return t->prompt && strstr(t->prompt, words) != NULL;
}

/* Of the steps that are about a task, the first one that fits counts. */
static void steer_task(struct sim_call *c, struct sim_task *t) {
  struct sim_scenario *scenario = c->s->scenario;
  int found = 0;
  for (size_t i = 0; i < scenario->n; i++) {
    struct step *step = &scenario->steps[i];
    if (!step->is.task || !speaks_of(t, step->is.task) || !is_now(step) ||
        found)
      continue;
    steer(t, &step->is);
    found = 1;
  }
}

/* A task is steered when it is new, but one that waits for its dialog only when
   its prompt has come. */
static void steer_tasks(struct sim_call *c) {
  const char *id = c->body ? sim_body_text(c->body, "taskId") : NULL;
  struct sim_task *t = id ? sim_task_find(c->s, id) : NULL;
  if (t && !strcmp(c->path, "/submit/modal") && !t->modal)
    steer_task(c, t);
  for (size_t i = c->had; i < c->s->ntasks; i++)
    if (!c->s->tasks[i]->modal)
      steer_task(c, c->s->tasks[i]);
}

void sim_scenario_after(struct sim_call *c, enum sim_route_kind kind) {
  struct step *step = c->step;
  if (c->s->scenario && kind == SIM_KIND_SUBMIT)
    steer_tasks(c);
  if (!step)
    return;
  if (step->fault) {
    if (step->fault->when == INSTEAD)
      sim_buf_free(&c->out);
    step->fault->apply(c);
  } else if (step->is.after && (step->is.drop || step->is.status)) {
    answer(c, &step->is);
  }
}
