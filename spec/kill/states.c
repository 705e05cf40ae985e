/* SPDX-License-Identifier: MIT
   states.c - what a journal holds that a killed program left behind: only
   looked at, since opening it would already mend it. */
#define _GNU_SOURCE
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int states_copy(const char *from, const char *to) {
  char block[65536];
  FILE *in = fopen(from, "rb"), *out;
  size_t n;
  (void)unlink(to);
  if (!in)
    return -1;
  out = fopen(to, "wb");
  if (!out)
    say_no("%s cannot be written", to);
  while ((n = fread(block, 1, sizeof block, in)) > 0)
    if (fwrite(block, 1, n, out) != n)
      say_no("%s cannot be written", to);
  (void)fclose(in);
  if (fclose(out) != 0 || chmod(to, 0600) != 0)
    say_no("%s cannot be written", to);
  return 0;
}

static int count(void *ud, const mj_row *row) {
  struct states *s = ud;
  int i;
  for (i = 0; i < s->n && strcmp(s->names[i], row->state) != 0; i++)
    ;
  if (i == STATES)
    return 1;
  if (i == s->n)
    (void)snprintf(s->names[s->n++], sizeof s->names[0], "%s", row->state);
  s->rows[i]++;
  return 0;
}

int states_each(const struct world *w, mj_row_fn fn, void *ud) {
  mj_error err;
  int rc = mj_journal_read(w->journal, 0, fn, NULL, ud, NULL, &err);
  if (rc == MJ_ENOT_FOUND) /* killed before it was made */
    return MJ_OK;
  if (rc != MJ_OK)
    fprintf(stderr, "judge: the journal that was left behind: %s\n", err.text);
  return rc;
}

void states_count(const struct world *w, struct states *s) {
  if (states_each(w, count, s) != MJ_OK)
    say_no("see %s", w->folder);
}
