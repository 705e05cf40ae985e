/* SPDX-License-Identifier: MIT
   fuzz_main.c - a fuzz target without libFuzzer: each file of the folders
   given, as it is and, FUZZ_CHANGES times (20), with changes.  What was running
   when it stopped is named, and kept in the file FUZZ_CRASH. */
#include "fuzz.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>

static size_t files, runs;

static const char *running;
static long change;
static const text *input;

void __sanitizer_set_death_callback(void (*f)(void)) __attribute__((weak));

static void say_which(void) {
  const char *path = getenv("FUZZ_CRASH");
  FILE *f = path ? fopen(path, "wb") : NULL;
  (void)fprintf(stderr, "%s, change %ld\n", running ? running : "-", change);
  if (f) {
    (void)fwrite(input->p, 1, input->n, f);
    (void)fclose(f);
  }
}

static void aborted(int sig) {
  say_which();
  (void)signal(sig, SIG_DFL);
  (void)raise(sig);
}

static void read_file(const char *path, text *t) {
  char buf[4096];
  size_t n;
  FILE *f = fopen(path, "rb");
  if (!f) {
    perror(path);
    exit(2);
  }
  text_set(t, "", 0);
  while ((n = fread(buf, 1, sizeof buf, f)) > 0)
    text_add(t, buf, n);
  (void)fclose(f);
}

/* In memory of its own size. */
static void run(const text *t) {
  uint8_t *data = malloc(t->n ? t->n : 1);
  MUST(data);
  if (t->n)
    memcpy(data, t->p, t->n);
  input = t;
  (void)LLVMFuzzerTestOneInput(data, t->n);
  free(data);
  runs++;
}

static void run_file(const char *path) {
  const char *s = getenv("FUZZ_CHANGES");
  long n = s ? strtol(s, NULL, 10) : 20;
  uint64_t seed = 1;
  text t = {NULL, 0, 0}, changed = {NULL, 0, 0};
  read_file(path, &t);
  running = path;
  change = 0;
  run(&t);
  for (change = 1; change <= n; change++) {
    text_set(&changed, t.p, t.n);
    (void)mutate(&changed, t.p, t.n, &seed);
    run(&changed);
  }
  text_free(&t);
  text_free(&changed);
  files++;
}

static void run_path(const char *path) {
  char name[1000];
  struct dirent *e;
  struct stat st;
  DIR *dir;
  if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
    dir = opendir(path);
    MUST(dir);
    while ((e = readdir(dir)) != NULL)
      if (e->d_name[0] != '.') {
        (void)snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        run_file(name);
      }
    (void)closedir(dir);
  } else {
    run_file(path);
  }
}

int main(int argc, char **argv) {
  int i;
  (void)signal(SIGABRT, aborted);
  if (__sanitizer_set_death_callback)
    __sanitizer_set_death_callback(say_which);
  for (i = 1; i < argc; i++)
    run_path(argv[i]);
  (void)printf("%zu files, %zu runs\n", files, runs);
  return files ? 0 : 2; /* nothing to run is a mistake */
}
