/* SPDX-License-Identifier: MIT
   states.c - what a journal holds that a killed program left behind: read in a
   copy, since opening it would already mend it. */
#define _GNU_SOURCE
#include "run.h"

#include "mj.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int copy(const char *from, const char *to) {
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

void states_count(const struct world *w, struct states *s) {
  char folder[300], to[320], from[320];
  mj_error err;
  int rc;
  (void)snprintf(folder, sizeof folder, "%s/copy", w->folder);
  (void)mkdir(folder, 0700);
  (void)snprintf(from, sizeof from, "%s-wal", w->journal);
  (void)snprintf(to, sizeof to, "%s/the.journal-wal", folder);
  (void)copy(from, to);
  (void)snprintf(to, sizeof to, "%s/the.journal", folder);
  if (copy(w->journal, to) != 0)
    return; /* killed before it was made */
  (void)snprintf(from, sizeof from, "%s.lock", w->journal);
  (void)snprintf(folder, sizeof folder, "%s/copy/the.journal.lock", w->folder);
  (void)copy(from, folder);
  rc = mj_journal_read(to, 0, count, s, &err);
  if (rc != MJ_OK)
    say_no("the journal that was left behind: %s", err.text);
}
