/* SPDX-License-Identifier: MIT
   cells.c - see cells.h.  Columns, by tabs: fault, gateway (lists, none or
   generate), endpoint, when, state, hit, tasks, posts, requests, why.  A number
   may be a range, "1-3". */
#include "cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const endpoints[ENDPOINTS] = {"submit", "fetch", "list",
                                                 "click", "download"};

static void column(char **at, char *out, size_t size) {
  size_t n = strcspn(*at, "\t\n");
  if (n >= size)
    die("a column is too long");
  memcpy(out, *at, n);
  out[n] = '\0';
  *at += n;
  if (**at == '\t')
    ++*at;
}

static void read_row(struct row *r, char *line) {
  char *at = line;
  column(&at, r->fault, sizeof r->fault);
  column(&at, r->lists, sizeof r->lists);
  column(&at, r->endpoint, sizeof r->endpoint);
  column(&at, r->when, sizeof r->when);
  column(&at, r->state, sizeof r->state);
  column(&at, r->hit, sizeof r->hit);
  column(&at, r->tasks, sizeof r->tasks);
  column(&at, r->posts, sizeof r->posts);
  column(&at, r->requests, sizeof r->requests);
  column(&at, r->why, sizeof r->why);
  r->cell = -1;
  if (strcmp(r->state, "-") == 0 && !*r->why)
    die("a cell that cannot be has to say why");
}

void table_read(struct table *t, const char *path, const char *only) {
  FILE *f = fopen(path, "r");
  char line[400];
  memset(t, 0, sizeof *t);
  if (!f)
    die(path);
  while (fgets(line, sizeof line, f)) {
    struct row *r;
    if (line[0] == '#' || line[0] == '\n' ||
        (only && strncmp(line, only, strlen(only)) != 0))
      continue;
    t->rows = realloc(t->rows, (size_t)(t->nrows + 1) * sizeof *t->rows);
    if (!t->rows)
      die("out of memory");
    r = &t->rows[t->nrows++];
    read_row(r, line);
    if (strcmp(r->state, "-") != 0)
      r->cell = t->ncells++;
  }
  (void)fclose(f);
  if (t->ncells == 0)
    die("no cells");
}

void table_cells(const struct table *t, struct cell *cells) {
  int i, k;
  for (i = 0; i < t->nrows; i++) {
    const struct row *r = &t->rows[i];
    struct cell *c;
    if (r->cell < 0)
      continue;
    c = &cells[r->cell];
    c->fault = fault_find(r->fault);
    c->endpoint = ENDPOINTS;
    for (k = 0; k < ENDPOINTS; k++)
      if (strcmp(endpoints[k], r->endpoint) == 0)
        c->endpoint = k;
    c->after = strcmp(r->when, "after") == 0;
    c->lists = strcmp(r->lists, "lists") == 0;
    c->generate = strcmp(r->lists, "generate") == 0;
    if (!c->lists && !c->generate && strcmp(r->lists, "none") != 0)
      die(r->lists);
    if (c->fault < 0 || c->endpoint == ENDPOINTS)
      die(r->fault);
  }
}

static int within(const char *range, int n) {
  char *dash;
  long lo = strtol(range, &dash, 10);
  long hi = *dash == '-' ? strtol(dash + 1, NULL, 10) : lo;
  return n >= lo && n <= hi;
}

/* Whatever the table says: nothing is paid for twice, nothing that was accepted
   counts as failed, and only what is known is said to be good. */
static const char *breach(const struct cell *c, const struct seen *s) {
  int of_money = c->endpoint == E_SUBMIT || c->endpoint == E_CLICK;
  int tasks = atomic_load(&c->tasks);
  if (of_money && tasks > 1)
    return "PAID TWICE";
  if (of_money && tasks == 1 && strcmp(s->state, "ok") != 0 &&
      strcmp(s->state, "unknown_outcome") != 0)
    return "ACCEPTED AND LOST";
  if (of_money && tasks == 0 && strcmp(s->state, "ok") == 0)
    return "GOOD WITHOUT A TASK";
  return NULL;
}

/* One of several, "ok|network": where it depends on who is faster. */
static int among(const char *states, const char *state) {
  size_t n = strlen(state), len;
  for (;; states += len + 1) {
    len = strcspn(states, "|");
    if (len == n && strncmp(states, state, n) == 0)
      return 1;
    if (!states[len])
      return 0;
  }
}

static int differs(const struct row *r, const struct cell *c,
                   const struct seen *s) {
  return !among(r->state, s->state) || !within(r->hit, atomic_load(&c->hit)) ||
         !within(r->tasks, atomic_load(&c->tasks)) ||
         !within(r->posts, atomic_load(&c->posts)) ||
         !within(r->requests, atomic_load(&c->requests));
}

int table_compare(const struct table *t, const struct world *w,
                  const struct seen *seen, const char *path) {
  FILE *f = fopen(path, "w");
  int i, bad = 0;
  if (!f)
    die(path);
  for (i = 0; i < t->nrows; i++) {
    const struct row *r = &t->rows[i];
    const struct cell *c = r->cell < 0 ? NULL : &w->cells[r->cell];
    const struct seen *s = r->cell < 0 ? NULL : &seen[r->cell];
    const char *money = c ? breach(c, s) : NULL;
    fprintf(f, "%s\t%s\t%s\t%s\t", r->fault, r->lists, r->endpoint, r->when);
    if (!c) {
      fprintf(f, "-\t-\t-\t-\t-\t%s\n", r->why);
      continue;
    }
    fprintf(f, "%s\t%d\t%d\t%d\t%d\t%s\n", s->state, atomic_load(&c->hit),
            atomic_load(&c->tasks), atomic_load(&c->posts),
            atomic_load(&c->requests), r->why);
    if (!money && !differs(r, c, s))
      continue;
    bad++;
    printf("%s %s %s %s: %s hit %d tasks %d posts %d requests %d; expected %s "
           "%s %s %s %s%s%s; it said: %s\n",
           r->fault, r->lists, r->endpoint, r->when, s->state,
           atomic_load(&c->hit), atomic_load(&c->tasks), atomic_load(&c->posts),
           atomic_load(&c->requests), r->state, r->hit, r->tasks, r->posts,
           r->requests, money ? "; " : "", money ? money : "", s->text);
  }
  if (fclose(f) != 0)
    die(path);
  return bad;
}
