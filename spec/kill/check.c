/* SPDX-License-Identifier: MIT
   check.c - the page that the script wrote against the gateway's books. */
#include "kill.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS = 6, LINE = 1024 };

/* Takes a line apart at its tabs. */
static int split(char *line, char **field) {
  int n = 0;
  line[strcspn(line, "\n")] = '\0';
  while (n < FIELDS) {
    field[n++] = line;
    line = strchr(line, '\t');
    if (!line)
      break;
    *line++ = '\0';
  }
  return n;
}

static struct work *work_of(gateway *g, const char *verb, const char *what) {
  char key[KEY_SIZE];
  (void)snprintf(key, sizeof key, "%s %s", verb, what);
  return gateway_find(g, key);
}

/* The page has this id for this work: one of its tasks, and no other line's. */
static void match(gateway *g, const char *verb, const char *what,
                  const char *id, struct findings *f) {
  struct work *w = work_of(g, verb, what);
  int i;
  for (i = 0; w && i < w->tasks && i < COPIES; i++)
    if (strcmp(w->ids[i], id) == 0 && !(w->seen & 1 << i)) {
      w->seen |= 1 << i;
      return;
    }
  fprintf(stderr, "judge: %s of %s: the page says %s\n", verb, what, id);
  f->wrong++;
}

/* A row of the unknown: one task of that work may be it. */
static void list(gateway *g, char **field, struct findings *f) {
  int at, i;
  struct work *w = gateway_token(g, field[1], &at);
  f->unknown++;
  if (w) {
    w->seen |= 1 << at;
    return;
  }
  w = work_of(g, field[2], field[3]);
  for (i = 0; w && i < w->tasks && i < COPIES; i++)
    if (!w->tokens[i][0] && !(w->seen & 1 << i)) {
      w->seen |= 1 << i;
      return;
    }
}

/* No wider picture: its click is among the unknown, or its dialog still waits,
   which the gateway has to agree to. */
static void shut(gateway *g, char **field, struct findings *f) {
  struct work *w = work_of(g, "click", field[1]), *answer;
  if (strcmp(field[2], "needs_input") != 0) {
    f->bad++;
    f->wrong += strcmp(field[2], "unknown_outcome") != 0;
    return;
  }
  f->open++;
  if (!w || w->tasks != 1) {
    f->wrong++;
    return;
  }
  w->seen |= 1;
  answer = work_of(g, "modal", w->ids[0]);
  if (answer && answer->tasks) {
    fprintf(stderr, "judge: the dialog of %s was answered\n", w->ids[0]);
    f->wrong++;
  }
}

static void take(gateway *g, char **field, int n, struct findings *f) {
  if (strcmp(field[0], "good") == 0 && n == 4) {
    f->good++;
    match(g, "imagine", field[1], field[2], f);
    match(g, "click", field[2], field[3], f);
  } else if (strcmp(field[0], "wide") == 0 && n == 3) {
    match(g, "click", field[1], field[2], f);
    match(g, "modal", field[2], field[2], f);
    return;
  } else if (strcmp(field[0], "shut") == 0 && n == 5) {
    shut(g, field, f);
    return;
  } else if (strcmp(field[0], "half") == 0 && n == 6) {
    f->bad++;
    match(g, "imagine", field[1], field[2], f);
    f->wrong += strcmp(field[3], "unknown_outcome") != 0;
  } else if (strcmp(field[0], "bad") == 0 && n >= 5) {
    f->bad++;
    f->wrong += strcmp(field[2], "unknown_outcome") != 0;
  } else if (strcmp(field[0], "unknown") == 0 && n >= 4) {
    list(g, field, f);
    return;
  } else {
    fprintf(stderr, "judge: a line of the page: %s %s\n", field[0],
            n > 1 ? field[1] : "");
    f->wrong++;
    return;
  }
  f->lines++;
}

/* Twice in the same words are two pieces of work with the same key. */
static int wanted(gateway *g, const struct work *w, const char *page) {
  char line[LINE], *field[FIELDS];
  FILE *in = fopen(page, "r");
  int n = 0;
  (void)g;
  if (strncmp(w->key, "imagine ", 8) != 0) {
    if (in)
      (void)fclose(in);
    return 1;
  }
  while (in && fgets(line, sizeof line, in))
    if (split(line, field) >= 2 && strcmp(field[0], "unknown") != 0)
      n += strcmp(field[1], w->key + 8) == 0;
  if (in)
    (void)fclose(in);
  return n;
}

static void compare(gateway *g, const char *page, size_t from,
                    struct findings *f) {
  struct work *w;
  size_t i;
  for (i = from; (w = gateway_work(g, i)) != NULL; i++) {
    int most = wanted(g, w, page), k;
    if (w->tasks > most) {
      fprintf(stderr, "judge: PAID TWICE: %s: %d tasks for %d\n", w->key,
              w->tasks, most);
      f->doubles += w->tasks - most;
    }
    if (w->repeats) {
      fprintf(stderr, "judge: ANSWERED TWICE: %s: %d times too often\n", w->key,
              w->repeats);
      f->doubles += w->repeats;
    }
    for (k = 0; k < w->tasks && k < most && k < COPIES; k++)
      if (!(w->seen & 1 << k)) {
        fprintf(stderr, "judge: LOST: %s: task %s\n", w->key, w->ids[k]);
        f->lost++;
      }
  }
}

int check_page(gateway *g, const char *page, size_t from, struct findings *f) {
  char line[LINE], *field[FIELDS];
  FILE *in = fopen(page, "r");
  int ended = 0, n;
  struct work *w;
  size_t i;
  memset(f, 0, sizeof *f);
  if (!in)
    return -1;
  for (i = from; (w = gateway_work(g, i)) != NULL; i++)
    w->seen = 0;
  while (fgets(line, sizeof line, in)) {
    n = split(line, field);
    if (n == 1 && strcmp(field[0], "end") == 0)
      ended = 1;
    else
      take(g, field, n, f);
  }
  (void)fclose(in);
  compare(g, page, from, f);
  f->not_listed = f->bad > f->unknown ? f->bad - f->unknown : 0;
  return ended ? 0 : -1;
}

/* Without a token of its own on the wire, the work itself tells which. */
static const char *truth(gateway *g, char **field) {
  int at = 0;
  struct work *w = gateway_token(g, field[1], &at);
  if (!w) {
    w = work_of(g, field[2], field[3]);
    at = 0;
    if (w && w->tasks && w->tokens[0][0])
      w = NULL; /* others of these words were; this one was not */
  }
  return w && w->tasks > at ? w->ids[at] : "absent";
}

int check_resolve(gateway *g, const char *page) {
  char line[LINE], *field[FIELDS], path[600];
  FILE *in = fopen(page, "r"), *out;
  int n = 0;
  (void)snprintf(path, sizeof path, "%s.known", page);
  out = fopen(path, "w");
  if (!in || !out)
    say_no("%s cannot be written", path);
  while (fgets(line, sizeof line, in))
    if (split(line, field) >= 4 && strcmp(field[0], "unknown") == 0) {
      fprintf(out, "%s %s\n", field[1], truth(g, field));
      n++;
    }
  (void)fclose(in);
  if (fclose(out) != 0)
    say_no("%s cannot be written", path);
  return n;
}
