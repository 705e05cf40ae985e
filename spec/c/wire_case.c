/* SPDX-License-Identifier: MIT
   wire_case.c - see wire_case.h. */
#include "wire_case.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct wire_file read_whole(const char *folder, const char *name) {
  struct wire_file f = {NULL, 0};
  char path[800];
  FILE *in;
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  in = fopen(path, "rb");
  if (!in)
    return f;
  f.text = malloc((4 << 20) + 1);
  if (f.text) {
    f.n = fread(f.text, 1, 4 << 20, in);
    f.text[f.n] = '\0';
  }
  (void)fclose(in);
  return f;
}

static mj_json *read_json(const char *folder, const char *name) {
  struct wire_file f = read_whole(folder, name);
  mj_json *doc = NULL;
  if (f.text)
    (void)mj_json_parse(&doc, f.text, f.n, NULL, NULL, NULL);
  free(f.text);
  return doc;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct wire_case *)a)->name,
                ((const struct wire_case *)b)->name);
}

size_t wire_cases_read(struct wire_case *out, size_t most) {
  const char *root = getenv("MJ_SOURCE_DIR");
  char base[500], folder[700];
  struct dirent *e;
  struct stat st;
  size_t n = 0, i;
  DIR *dir;
  (void)snprintf(base, sizeof base, "%s/spec/wire/mj", root ? root : ".");
  dir = opendir(base);
  if (!dir)
    return 0;
  while ((e = readdir(dir)) && n < most) {
    (void)snprintf(folder, sizeof folder, "%s/%.150s", base, e->d_name);
    if (e->d_name[0] == '.' || stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
      continue;
    memset(&out[n], 0, sizeof out[n]);
    (void)snprintf(out[n].name, sizeof out[n].name, "%.79s", e->d_name);
    out[n].request = read_whole(folder, "request.http");
    out[n].reply = read_whole(folder, "reply.http");
    out[n].call = read_json(folder, "call.json");
    out[n].want = read_json(folder, "want.json");
    n++;
  }
  (void)closedir(dir);
  qsort(out, n, sizeof *out, by_name);
  for (i = 0; i < n; i++)
    if (!out[i].call || !out[i].want)
      (void)fprintf(stderr, "%s: call.json or want.json\n", out[i].name);
  return n;
}

void wire_cases_free(struct wire_case *cases, size_t n) {
  size_t i;
  for (i = 0; i < n; i++) {
    free(cases[i].request.text);
    free(cases[i].reply.text);
    mj_json_free(cases[i].call);
    mj_json_free(cases[i].want);
  }
}
