/* SPDX-License-Identifier: MIT
   fixture.h - the requests and replies of spec/wire, as text. */
#ifndef MJ_SPEC_FIXTURE_H
#define MJ_SPEC_FIXTURE_H

#include "mutation.h"

struct fixture {
  char name[96];             /* of the folder, "generate-" in front of it */
  int generate;              /* 1 = of that family */
  text call, request, reply; /* p NULL = there is none */
};

/* By family and name; at most `most`, and how many there are. */
size_t fixtures_read(struct fixture *out, size_t most);
void fixtures_free(struct fixture *list, size_t n);
/* What stands behind the empty line of a request or reply. */
const char *fixture_body(const text *t, size_t *n);

#endif
