/* SPDX-License-Identifier: MIT
   cells.h - the table of what is expected, and what was seen. */
#ifndef MJ_SPEC_CELLS_H
#define MJ_SPEC_CELLS_H

#include "fault.h"
#include "gate.h"

struct seen {
  const char *state;
  char text[480];
};

/* A line of the table. */
struct row {
  char fault[40], lists[12], endpoint[12], when[8];
  char state[40], hit[8], tasks[8], posts[8], requests[8];
  char why[200];
  int cell; /* -1 = it cannot be, and `why` says why */
};

struct table {
  struct row *rows;
  int nrows, ncells;
};

/* only: faults whose name begins so, NULL = all. */
void table_read(struct table *t, const char *path, const char *only);
void table_cells(const struct table *t, struct cell *cells);
/* How many cells differ; writes what was seen to `path`. */
int table_compare(const struct table *t, const struct world *w,
                  const struct seen *seen, const char *path);

#endif
