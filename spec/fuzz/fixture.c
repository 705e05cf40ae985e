/* SPDX-License-Identifier: MIT
   fixture.c - see fixture.h. */
#include "fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_file(text *t, const char *folder, const char *name) {
  char path[800], buf[4096];
  size_t n;
  FILE *f;
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  f = fopen(path, "rb");
  if (!f)
    return;
  text_set(t, "", 0);
  while ((n = fread(buf, 1, sizeof buf, f)) > 0)
    text_add(t, buf, n);
  (void)fclose(f);
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct fixture *)a)->name,
                ((const struct fixture *)b)->name);
}

static size_t read_family(struct fixture *out, size_t most, int generate) {
  const char *root = getenv("MJ_SOURCE_DIR");
  char base[500], folder[700];
  struct dirent *e;
  size_t n = 0;
  DIR *dir;
  (void)snprintf(base, sizeof base, "%s/spec/wire/%s", root ? root : ".",
                 generate ? "generate" : "mj");
  dir = opendir(base);
  while (dir && n < most && (e = readdir(dir)) != NULL) {
    if (e->d_name[0] == '.')
      continue;
    memset(&out[n], 0, sizeof out[n]);
    out[n].generate = generate;
    (void)snprintf(out[n].name, sizeof out[n].name, "%s%.79s",
                   generate ? "generate-" : "", e->d_name);
    (void)snprintf(folder, sizeof folder, "%s/%.150s", base, e->d_name);
    read_file(&out[n].call, folder, "call.json");
    read_file(&out[n].request, folder, "request.http");
    read_file(&out[n].reply, folder, "reply.http");
    n++;
  }
  if (dir)
    (void)closedir(dir);
  qsort(out, n, sizeof *out, by_name);
  return n;
}

size_t fixtures_read(struct fixture *out, size_t most) {
  size_t n = read_family(out, most, 0);
  return n + read_family(out + n, most - n, 1);
}

void fixtures_free(struct fixture *list, size_t n) {
  while (n-- > 0) {
    text_free(&list[n].call);
    text_free(&list[n].request);
    text_free(&list[n].reply);
  }
}

const char *fixture_body(const text *t, size_t *n) {
  const char *p = t->p;
  while (*p && strncmp(p, "\n\n", 2) != 0 && strncmp(p, "\n\r\n", 3) != 0)
    p++;
  p += *p ? strspn(p, "\r\n") : 0;
  *n = t->n - (size_t)(p - t->p);
  return p;
}
