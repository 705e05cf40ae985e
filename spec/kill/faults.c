/* SPDX-License-Identifier: MIT
   faults.c - every call to the system fails, one after the other: is anything
   paid for twice, is anything lost?

     faults MJLUA SCRIPT FASTCLOCK [--profile P] [--points N] [--seed N]
            [--factor N] [--only CALL] [--keep]

   A script makes a picture, clicks on it and saves the big one.  In each start
   one call fails (or, "from there on", all of its kind that follow), then the
   script is started again in peace.  Whatever the gateway was paid for must be
   in the journal, or in a line of standard error, after the first start; after
   the second everything is done, once.  --points N tries N calls of each kind
   only, spread by the seed.
   Fails with status 1 when something is wrong, with 2 when it cannot tell. */
#define _GNU_SOURCE
#include "run.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HALF = 0, KINDS_A_WORLD = 8 };

struct options {
  struct settings s;
  const char *only;
  long points; /* of each kind, 0 = all */
};

struct verdict {
  struct tally tally;
  long points, survived, again, resolved;
  long doubles, lost, wrong, missed;
};

/* What fails, and how.  With `on` also from there on; never EINTR, which means
   "again". */
static const struct {
  const char *call;
  int code;
  const char *name;
  int on;
} kinds[] = {
    {"read", EIO, "EIO", 0},
    {"read", EINTR, "EINTR", 0},
    {"pread64", EIO, "EIO", 1},
    {"pread64", EINTR, "EINTR", 0},
    {"write", EIO, "EIO", 0},
    {"write", ENOSPC, "ENOSPC", 0},
    {"write", EINTR, "EINTR", 0},
    {"write", HALF, "half", 0},
    {"pwrite64", EIO, "EIO", 1},
    {"pwrite64", ENOSPC, "ENOSPC", 1},
    {"pwrite64", EINTR, "EINTR", 0},
    {"pwrite64", HALF, "half", 0},
    {"fsync", EIO, "EIO", 1},
    {"fsync", ENOSPC, "ENOSPC", 0},
    {"fsync", EINTR, "EINTR", 0},
    {"fdatasync", EIO, "EIO", 1},
    {"fdatasync", ENOSPC, "ENOSPC", 0},
    {"fdatasync", EINTR, "EINTR", 0},
    {"openat", EIO, "EIO", 0},
    {"openat", EMFILE, "EMFILE", 1},
    {"openat", ENOSPC, "ENOSPC", 0},
    {"openat", EINTR, "EINTR", 0},
    {"rename", EIO, "EIO", 0},
    {"rename", ENOSPC, "ENOSPC", 1},
    {"ftruncate", EIO, "EIO", 0},
    {"mkdir", ENOSPC, "ENOSPC", 1},
    {"unlink", EIO, "EIO", 0},
    {"flock", EINTR, "EINTR", 0},
    {"flock", ENOLCK, "ENOLCK", 0},
    {"newfstatat", EIO, "EIO", 0},
    {"getrandom", EINTR, "EINTR", 0},
    {"socket", EMFILE, "EMFILE", 0},
    {"connect", EINTR, "EINTR", 0},
    {"connect", ENETUNREACH, "ENETUNREACH", 0},
    {"sendto", EPIPE, "EPIPE", 0},
    {"sendto", EINTR, "EINTR", 0},
    {"sendto", HALF, "half", 0},
    {"recvfrom", ECONNRESET, "ECONNRESET", 0},
    {"recvfrom", EINTR, "EINTR", 0},
    {"recvfrom", HALF, "half", 0},
    {"epoll_create1", EMFILE, "EMFILE", 0},
    {"epoll_ctl", ENOSPC, "ENOSPC", 0},
    {"epoll_wait", EINTR, "EINTR", 0},
    {"eventfd2", EMFILE, "EMFILE", 0},
    {"clone3", EAGAIN, "EAGAIN", 0},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void bad(struct verdict *v, const struct world *w, const char *what) {
  fprintf(stderr, "faults: %s, see %s\n", what, w->folder);
  world_complain(w);
  v->wrong++;
}

/* What was paid for --------------------------------------------------------*/

struct search {
  const char *id, *token;
  int found;
};

static int look(void *ud, const mj_row *row) {
  struct search *s = ud;
  if (row->task_id ? strcmp(row->task_id, s->id) == 0
                   : strcmp(row->token, s->token) == 0 &&
                         (strcmp(row->state, "UNKNOWN") == 0 ||
                          strcmp(row->state, "DISPATCHING") == 0))
    s->found = 1;
  return s->found;
}

/* Each task that there is: its id is in the journal or was said, or its row is
   there and says that it was sent. */
static void remembered(struct world *w, struct verdict *v, size_t from) {
  char said[16384];
  struct work *work;
  size_t i;
  int k;
  world_said(w, said, sizeof said);
  for (i = from; (work = gateway_work(w->g, i)) != NULL; i++)
    for (k = 0; k < work->tasks && k < COPIES; k++) {
      struct search s = {work->ids[k], work->tokens[k], 0};
      if (states_each(w, look, &s) != MJ_OK) {
        bad(v, w, "the journal cannot be read");
      } else if (!s.found && !strstr(said, s.id)) {
        fprintf(stderr, "faults: LOST: %s: task %s, token %s\n", work->key,
                s.id, s.token);
        v->lost++;
      }
    }
}

/* A picture that has its name is whole. */
static int is_whole(const char *path) {
  static const char head[] = "\x89PNG\r\n\x1a\n";
  static const unsigned char tail[] = {'I',  'E',  'N',  'D',
                                       0xae, 0x42, 0x60, 0x82};
  char first[8];
  unsigned char last[8];
  FILE *in = fopen(path, "rb");
  int ok = in && fread(first, 1, 8, in) == 8 && memcmp(first, head, 8) == 0 &&
           fseek(in, -8, SEEK_END) == 0 && fread(last, 1, 8, in) == 8 &&
           memcmp(last, tail, 8) == 0;
  if (in)
    (void)fclose(in);
  return ok;
}

/* How many there are; a part of one has another name. */
static int pictures(struct world *w, struct verdict *v, const char *folder,
                    int forget) {
  char path[600];
  DIR *d = opendir(folder);
  struct dirent *e;
  int n = 0;
  while (d && (e = readdir(d)) != NULL) {
    size_t len = strlen(e->d_name);
    if (e->d_name[0] == '.')
      continue;
    (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    if (len < 5 || strcmp(e->d_name + len - 5, ".part") != 0) {
      n++;
      if (!is_whole(path))
        bad(v, w, "half a picture");
    }
    if (forget)
      (void)unlink(path);
  }
  if (d)
    (void)closedir(d);
  if (d && forget)
    (void)rmdir(folder);
  return n;
}

static void empty(const char *folder) {
  char path[600];
  DIR *d = opendir(folder);
  struct dirent *e;
  while (d && (e = readdir(d)) != NULL) {
    (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    if (e->d_name[0] != '.')
      (void)unlink(path);
  }
  if (d)
    (void)closedir(d);
}

/* The journal as the witness left it, or the one of this point (and what it
   put beside it) away. */
static void journal_copy(const struct world *w, int back) {
  static const char *const ends[] = {"", "-wal", ".lock"};
  char folder[260], ours[300], kept[300];
  size_t i;
  (void)snprintf(folder, sizeof folder, "%s/j", w->folder);
  if (back)
    empty(folder);
  for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    (void)snprintf(ours, sizeof ours, "%s%s", w->journal, ends[i]);
    (void)snprintf(kept, sizeof kept, "%s/kept%s", w->folder, ends[i]);
    (void)states_copy(back ? kept : ours, back ? ours : kept);
  }
}

/* One point ----------------------------------------------------------------*/

/* All is done, once; where there is no list a person says what he knows. */
static void settle(struct world *w, struct verdict *v, const char *name,
                   const char *folder, size_t from, int rc) {
  struct findings f;
  int i, page = check_page(w->g, w->page, from, &f);
  for (i = 0; page == 0 && f.bad > 0 && f.unknown > 0 && i < 5; i++) {
    v->resolved += check_resolve(w->g, w->page);
    (void)unlink(w->page);
    rc = world_start(w, name, 1, 0, folder, &in_peace);
    page = check_page(w->g, w->page, from, &f);
  }
  if (page != 0) {
    bad(v, w, "no whole page");
    return;
  }
  v->doubles += f.doubles;
  v->lost += f.lost;
  v->wrong += f.wrong;
  if (rc != 0 || f.good != 1 || f.unknown != 0)
    bad(v, w, "not all is done");
  if (pictures(w, v, folder, 0) != 1)
    bad(v, w, "the picture is not there");
}

/* Lines without those of a traceback, which is the script's. */
static int said_lines(const char *text) {
  int n = 0;
  for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
    n += *text != '\t' && strncmp(text, "stack traceback", 15) != 0;
  return n;
}

/* 0: there are not that many calls. */
static int one_point(struct world *w, struct verdict *v,
                     const struct fault *fault, const char *what) {
  struct plan p = {.kind = PLAN_FAULT, .fault = *fault};
  char name[80], folder[300], said[4096];
  size_t from = gateway_works(w->g);
  long hits;
  int rc;
  (void)snprintf(name, sizeof name, "%s %ld", what, fault->n);
  (void)snprintf(folder, sizeof folder, "%s/pictures", w->folder);
  world_no_page(w);
  journal_copy(w, 1);
  rc = world_start(w, name, 1, 0, folder, &p);
  hits = w->child.calls.hits;
  if (hits > 0) {
    v->points++;
    remembered(w, v, from);
    (void)pictures(w, v, folder, 0);
    world_said(w, said, sizeof said);
    if (rc != 0 && said_lines(said) == 0)
      bad(v, w, "it ended without a word that helps");
    /* nothing of the gateway's, so all that there is to say is why */
    if (rc != 0 && w->requests == 0 && said_lines(said) > 1)
      bad(v, w, "it says more than why it cannot begin");
  }
  if (rc == 0) {
    v->survived++;
  } else {
    v->again++;
    world_no_page(w);
    rc = world_start(w, name, 1, 0, folder, &in_peace);
  }
  settle(w, v, name, folder, from, rc);
  (void)pictures(w, v, folder, 1);
  return hits > 0;
}

static int is_good(const struct verdict *v) {
  return v->doubles == 0 && v->lost == 0 && v->wrong == 0;
}

/* A kind of failure at each of its calls -----------------------------------*/

static void open_world(struct world *w, const struct options *o,
                       struct verdict *v) {
  world_prepare(w, &o->s, &v->tally);
  world_open(w, o->s.profile, o->s.seed, 0, 1);
  world_witness(w, 1);
  journal_copy(w, 0);
}

/* How many of each there are, when none fails. */
static void count_calls(struct world *w, struct verdict *v, long *calls) {
  struct plan p = {.kind = PLAN_FAULT};
  journal_copy(w, 1);
  world_no_page(w);
  if (world_start(w, "count", 1, 0, NULL, &p) != 0)
    bad(v, w, "it does not end well when nothing fails");
  memcpy(calls, w->child.calls.seen, sizeof w->child.calls.seen);
}

/* The i-th of so many points among the first half of `all` calls: how many
   there are differs with how the threads take turns. */
static long spread(const struct options *o, long all, long i) {
  long wide = (all + 1) / 2 / o->points;
  if (wide < 1)
    wide = 1;
  return 1 + i * wide + (long)(o->s.seed * 7919 % (uint64_t)wide);
}

static void fails(struct world *w, const struct options *o, struct verdict *v,
                  const long *calls, int kind, int for_ever) {
  struct fault f = {.number = call_number(kinds[kind].call),
                    .code = kinds[kind].code,
                    .for_ever = for_ever};
  long before = v->points, survived = v->survived, i, last = 0;
  char what[60];
  int more = 1;
  (void)snprintf(what, sizeof what, "%s %s%s", kinds[kind].call,
                 kinds[kind].name, for_ever ? " on" : "");
  for (i = 0; more && is_good(v); i++) {
    f.n = o->points ? spread(o, calls[f.number], i) : i + 1;
    if (o->points && (i == o->points || f.n <= last))
      break;
    last = f.n;
    more = one_point(w, v, &f, what);
  }
  if (!is_good(v))
    fprintf(stderr, "faults: it was %s at call %ld\n", what, f.n);
  printf("  %-10s %-11s %-12s points %4ld, survived %4ld\n", kinds[kind].call,
         kinds[kind].name, for_ever ? "from there" : "once", v->points - before,
         v->survived - survived - (more ? 0 : 1));
  (void)fflush(stdout);
  v->missed += v->points == before;
}

static void judge(const struct options *o, struct verdict *v) {
  struct world w;
  long calls[CALLS];
  int i, used = 0, opened = 0;
  for (i = 0; i < KINDS && is_good(v); i++) {
    if (o->only && strcmp(o->only, kinds[i].call) != 0)
      continue;
    if (!opened || used == KINDS_A_WORLD) {
      if (opened)
        world_close(&w, o->s.keep);
      open_world(&w, o, v);
      count_calls(&w, v, calls);
      opened = 1;
      used = 0;
    }
    used++;
    fails(&w, o, v, calls, i, 0);
    if (kinds[i].on && is_good(v))
      fails(&w, o, v, calls, i, 1);
  }
  if (opened)
    world_close(&w, o->s.keep || !is_good(v));
}

static void read_options(struct options *o, int argc, char **argv) {
  const struct setting own[] = {{"--only", &o->only, NULL, 0},
                                {"--points", NULL, &o->points, 1},
                                {NULL, NULL, NULL, 0}};
  memset(o, 0, sizeof *o);
  o->s.profile = "plus";
  o->s.seed = 1;
  o->s.factor = 100;
  settings_read(&o->s, own, "faults MJLUA SCRIPT FASTCLOCK [options]", argc,
                argv);
}

int main(int argc, char **argv) {
  struct options o;
  struct verdict v;
  int64_t began = real_us();
  int ok;
  read_options(&o, argc, argv);
  memset(&v, 0, sizeof v);
  printf("%s, seed %llu, %s calls of each kind fail\n", o.s.profile,
         (unsigned long long)o.s.seed, o.points ? "some" : "all");
  judge(&o, &v);
  ok = is_good(&v) && v.missed == 0 && v.points > 0;
  printf("  points %ld, starts %ld: survived %ld, done by the next start %ld, "
         "resolved by a person %ld\n",
         v.points, v.tally.starts, v.survived, v.again, v.resolved);
  printf("  PAID TWICE %ld, LOST %ld, wrong %ld, kinds without a point %ld\n",
         v.doubles, v.lost, v.wrong, v.missed);
  printf("  %.1f s: %s\n", (double)(real_us() - began) / 1e6,
         ok ? "good" : "BAD");
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
