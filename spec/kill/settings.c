/* SPDX-License-Identifier: MIT
   settings.c - see settings.h. */
#include "settings.h"

#include "run.h"

#include <stdlib.h>
#include <string.h>

static long number(const char *name, const char *text, long least) {
  char *end;
  long n = strtol(text, &end, 10);
  if (end == text || *end || n < least)
    say_no("%s: a number of at least %ld expected, got '%s'", name, least,
           text);
  return n;
}

static int is_one_of(const struct setting *own, const char *name,
                     const char *value) {
  for (; own && own->name; own++)
    if (strcmp(own->name, name) == 0) {
      if (own->text)
        *own->text = value;
      else
        *own->number = number(name, value, own->least);
      return 1;
    }
  return 0;
}

void settings_read(struct settings *s, const struct setting *own,
                   const char *usage, int argc, char **argv) {
  int i;
  if (argc < 4)
    say_no("usage: %s", usage);
  s->mjlua = argv[1];
  s->script = argv[2];
  s->fastclock = argv[3];
  for (i = 4; i < argc; i++) {
    const char *name = argv[i], *value = argv[i + 1];
    if (strcmp(name, "--keep") == 0) {
      s->keep = 1;
      continue;
    }
    if (!value)
      say_no("%s: a value expected, or no such option; usage: %s", name, usage);
    if (strcmp(name, "--profile") == 0)
      s->profile = value;
    else if (strcmp(name, "--seed") == 0)
      s->seed = (uint64_t)number(name, value, 0);
    else if (strcmp(name, "--factor") == 0)
      s->factor = (int)number(name, value, 1);
    else if (!is_one_of(own, name, value))
      say_no("no option %s; usage: %s", name, usage);
    i++;
  }
}
