/* SPDX-License-Identifier: MIT
   settings.h - what each judge is told on its command line. */
#ifndef MJ_SPEC_KILL_SETTINGS_H
#define MJ_SPEC_KILL_SETTINGS_H

#include <stdint.h>

/* MJLUA SCRIPT FASTCLOCK [--profile P] [--seed N] [--factor N] [--keep] */
struct settings {
  const char *mjlua, *script, *fastclock, *profile;
  uint64_t seed;
  int factor, keep;
};

/* An option of one judge: a text, or a number of at least `least`. */
struct setting {
  const char *name;
  const char **text;
  long *number, least;
};

/* What is not said stays as it is in `s` and in `own`, which ends with a row
   without a name.  Whatever else is said ends the judge (say_no). */
void settings_read(struct settings *s, const struct setting *own,
                   const char *usage, int argc, char **argv);

#endif
