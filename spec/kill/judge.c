/* SPDX-License-Identifier: MIT
   judge.c - kill -9 again and again: is anything paid for twice, is anything
   lost?

     judge MJLUA SCRIPT FASTCLOCK [--profile P] [--kills N] [--tasks N]
           [--seed N] [--factor N] [--mode random|recovery|calls] [--step N]
           [--items N] [--keep]

   The gateway is in this process, the script in another.  Fails with status 1
   when something was paid for twice, lost, wrong, or unknown where the gateway
   has a list; with 2 when it cannot judge. */
#define _GNU_SOURCE
#include "run.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORLD_TASKS = 480, MOST_STARTS = 5000, MOST_CALLS = 20000 };

struct options {
  struct settings s;
  const char *mode;
  long kills, tasks, step, items;
};

struct verdict {
  struct tally tally;
  struct gateway_counts counts;
  long rounds, doubles, lost, wrong, not_listed;
  long unknown, left, open,
      resolved;      /* listed; that had to be none; by a person */
  long ended_before; /* killed when the run was over: started anew */
  unsigned kinds[CALLS];
  struct states states; /* what recoveries found that were killed in turn */
};

static long all_kills(const struct tally *t) {
  long n = 0;
  int i;
  for (i = 0; i < PLANS; i++)
    n += t->kills[i];
  return n;
}

static int has_list(const char *profile) {
  return strcmp(profile, "plus") == 0 || strcmp(profile, "novicezk") == 0;
}

/* Plans -------------------------------------------------------------------- */

static int64_t some_time(struct chance *c) {
  int64_t kind = chance_upto(c, 9);
  return chance_upto(c, kind < 5 ? 60000 : kind < 9 ? 300000 : 1500000);
}

static struct plan random_plan(struct chance *c) {
  struct plan p = {.kind = PLAN_TIME};
  int64_t kind = chance_upto(c, 9);
  if (kind < 5) {
    p.after_us = some_time(c);
    return p;
  }
  p.kind = kind < 9 ? PLAN_PAID : PLAN_REQUEST;
  p.n = 1 + (long)chance_upto(c, kind < 9 ? 5 : 30);
  p.done = (int)chance_upto(c, 1);
  p.after_us = p.done ? chance_upto(c, 4000) : 0;
  return p;
}

/* While what was cut off is being picked up: at the start, or at one of the
   first requests. */
static struct plan early_plan(struct chance *c) {
  struct plan p = {.kind = PLAN_TIME};
  if (chance_upto(c, 2) > 0) {
    p.after_us = 4000 + chance_upto(c, 30000);
    return p;
  }
  p.kind = PLAN_REQUEST;
  p.n = 1 + (long)chance_upto(c, 4);
  p.done = (int)chance_upto(c, 1);
  p.after_us = p.done ? chance_upto(c, 2000) : 0;
  return p;
}

/* Rounds --------------------------------------------------------------------*/

static void add(struct verdict *v, const struct findings *f, int list) {
  v->rounds++;
  v->doubles += f->doubles;
  v->lost += f->lost;
  v->wrong += f->wrong;
  v->not_listed += f->not_listed;
  v->unknown += f->unknown;
  v->open += f->open;
  v->left += list ? f->unknown + f->bad : 0;
}

/* The script has ended by itself; its page against the books.  Where there was
   no evidence a person looks, until nothing is unknown. */
static void settle(struct world *w, struct verdict *v, const char *name,
                   int count, int twins, size_t from, int list) {
  struct findings f;
  int i, rc;
  if (check_page(w->g, w->page, from, &f) != 0) {
    world_complain(w);
    say_no("no whole page, see %s", w->folder);
  }
  add(v, &f, list);
  if (f.good != count && list)
    world_complain(w);
  for (i = 0; !list && f.bad > 0 && i < 50; i++) {
    v->resolved += check_resolve(w->g, w->page);
    (void)unlink(w->page);
    rc = world_start(w, name, count, twins, NULL, &in_peace);
    if (check_page(w->g, w->page, from, &f) != 0 || (rc != 0 && f.bad == 0)) {
      world_complain(w);
      say_no("no whole page after a person looked, see %s", w->folder);
    }
    v->doubles += f.doubles;
    v->lost += f.lost;
    v->wrong += f.wrong;
    v->unknown += f.unknown;
    v->not_listed += f.not_listed;
  }
  v->left += !list && f.bad ? f.bad : 0;
}

typedef struct plan (*plan_fn)(struct chance *c);

/* Killed until the page is there. */
static void round_of(struct world *w, const struct options *o,
                     struct verdict *v, struct chance *c, const char *name) {
  size_t from = gateway_works(w->g);
  int twins = strcmp(o->s.profile, "generate") != 0, rc = -1, early = 0, i;
  int recovery = strcmp(o->mode, "recovery") == 0;
  world_no_page(w);
  for (i = 0; i < MOST_STARTS && access(w->page, F_OK) != 0; i++) {
    struct plan p = all_kills(&v->tally) >= o->kills ? in_peace
                    : early > 0                      ? early_plan(c)
                                                     : random_plan(c);
    if (early > 0)
      states_count(w, &v->states);
    early = early > 0 ? early - 1 : recovery ? 1 + (int)chance_upto(c, 3) : 0;
    rc = world_start(w, name, (int)o->items, twins, NULL, &p);
    if (rc > 1 || (rc >= 0 && access(w->page, F_OK) != 0)) {
      world_complain(w);
      say_no("it ended with status %d, see %s", rc, w->folder);
    }
  }
  settle(w, v, name, (int)o->items, twins, from, has_list(o->s.profile));
}

static void add_counts(struct verdict *v, const gateway *g) {
  const struct gateway_counts *n = gateway_count(g);
  v->counts.requests += n->requests;
  v->counts.posts += n->posts;
  v->counts.tasks += n->tasks;
  v->counts.bad += n->bad;
}

static int is_good(const struct verdict *v) {
  return v->doubles == 0 && v->lost == 0 && v->wrong == 0 && v->left == 0 &&
         v->not_listed == 0;
}

static void judge_random(const struct options *o, struct verdict *v) {
  struct chance c = {o->s.seed};
  struct world w;
  long tasks = 0;
  int world, i;
  for (world = 0;
       is_good(v) && (all_kills(&v->tally) < o->kills || tasks < o->tasks);
       world++) {
    world_prepare(&w, &o->s, &v->tally);
    world_open(&w, o->s.profile, chance_next(&c), 0.15, 0);
    if (has_list(o->s.profile))
      world_witness(&w, 20);
    for (i = 0; is_good(v) && i * o->items * 2 < WORLD_TASKS &&
                (all_kills(&v->tally) < o->kills ||
                 tasks + (long)gateway_count(w.g)->tasks < o->tasks);
         i++) {
      char name[32];
      (void)snprintf(name, sizeof name, "w%d-%d", world, i);
      round_of(&w, o, v, &c, name);
    }
    tasks += (long)gateway_count(w.g)->tasks;
    add_counts(v, w.g);
    if (!is_good(v))
      fprintf(stderr, "judge: see %s\n", w.folder);
    world_close(&w, o->s.keep || !is_good(v));
  }
}

/* Each system call ----------------------------------------------------------*/

static int announced(const struct world *w) {
  char text[4096];
  world_said(w, text, sizeof text);
  return strstr(text, "going on with what was cut off") != NULL;
}

/* Killed there, and then left alone.  0: it ended before that call. */
static int one_call(struct world *w, struct verdict *v, const struct plan *p) {
  char name[32], folder[300];
  size_t from = gateway_works(w->g);
  int rc, complete;
  (void)snprintf(name, sizeof name, "call %ld", p->n);
  (void)snprintf(folder, sizeof folder, "%s/pictures", w->folder);
  world_no_page(w);
  rc = world_start(w, name, 1, 0, folder, p);
  if (rc > 0) { /* nothing here is in trouble */
    world_complain(w);
    v->wrong++;
  }
  if (rc >= 0)
    return 0;
  complete = access(w->page, F_OK) == 0;
  if (complete) { /* was it over by then? */
    struct findings f;
    if (check_page(w->g, w->page, from, &f) == 0)
      add(v, &f, 1);
  }
  rc = world_start(w, name, 1, 0, folder, &in_peace);
  if (rc != 0)
    world_complain(w);
  v->wrong += rc != 0;
  if (complete && !announced(w)) { /* its run was over: this was another */
    v->ended_before++;
    return 1;
  }
  settle(w, v, name, 1, 0, from, 1);
  return 1;
}

/* From that call on, each step-th, until it ends before it; at most so many. */
static void sweep(const struct options *o, struct verdict *v, struct chance *c,
                  struct plan p, long step, long most) {
  struct world w;
  int more = 1, i, k;
  while (more && most > 0 && is_good(v)) {
    world_prepare(&w, &o->s, &v->tally);
    world_open(&w, o->s.profile, chance_next(c), 0, 1);
    world_witness(&w, 20);
    for (i = 0; more && most > 0 && is_good(v) && i < 50; i++, most--) {
      more = one_call(&w, v, &p);
      p.n += step;
    }
    for (k = 0; k < CALLS; k++)
      v->kinds[k] += w.child.calls.kinds[k];
    add_counts(v, w.g);
    if (!is_good(v))
      fprintf(stderr, "judge: see %s\n", w.folder);
    world_close(&w, o->s.keep || !is_good(v));
  }
}

/* What a kill has to have hit. */
static const char *const wanted[] = {
    "connect", "sendto", "recvfrom", "fdatasync", "fsync", "rename", "linkat"};
enum { WANTED = sizeof wanted / sizeof wanted[0], AIMED = 100 };

static unsigned hits(const struct verdict *v, const char *name) {
  int k = call_number(name);
  return k < 0 ? 0 : v->kinds[k];
}

/* Calls come sooner or later from start to start, so counting them misses the
   rare ones: those that matter are counted by themselves, too. */
static void judge_calls(const struct options *o, struct verdict *v) {
  struct chance c = {o->s.seed};
  struct plan p = {.kind = PLAN_CALL, .call = -1};
  int i;
  p.n = 1 + (long)chance_upto(&c, o->step - 1);
  sweep(o, v, &c, p, o->step, MOST_CALLS);
  p.n = 1;
  for (i = 0; i < WANTED; i++) {
    p.call = call_number(wanted[i]);
    if (p.call >= 0)
      sweep(o, v, &c, p, 1, o->step < AIMED / 2 ? AIMED / o->step : 2);
  }
}

/* ---------------------------------------------------------------------------*/

/* Files get their names by linkat where they can be without one (csrc/os.c),
   and by rename elsewhere. */
static int has_unnamed(void) {
  const char *temp = getenv("TMPDIR");
  int fd = open(temp && *temp ? temp : "/tmp", O_TMPFILE | O_WRONLY, 0600);
  if (fd >= 0)
    (void)close(fd);
  return fd >= 0;
}

static int missed(const struct options *o, const struct verdict *v) {
  int i, n = 0;
  if (strcmp(o->mode, "calls") == 0)
    for (i = 0; i < WANTED; i++)
      n += hits(v, wanted[i]) == 0 &&
           (strcmp(wanted[i], "linkat") != 0 || has_unnamed());
  return n;
}

static void print_calls(const struct verdict *v) {
  char buf[32];
  int i, k;
  printf("  killed at");
  for (i = 0; i < WANTED; i++)
    printf(" %s %u,", wanted[i], hits(v, wanted[i]));
  printf(" and");
  for (k = 0; k < CALLS; k++) {
    const char *name = call_name(k, buf, sizeof buf);
    for (i = 0; i < WANTED && strcmp(name, wanted[i]) != 0; i++)
      ;
    if (v->kinds[k] && i == WANTED)
      printf(" %s %u", name, v->kinds[k]);
  }
  printf("\n");
}

static void print(const struct options *o, const struct verdict *v,
                  int64_t us) {
  const struct tally *t = &v->tally;
  printf("%s, %s: seed %llu, time runs %d times as fast (a grace of 120 s is "
         "%.2f s)\n",
         o->s.profile, o->mode, (unsigned long long)o->s.seed, o->s.factor,
         120.0 / o->s.factor);
  printf("  rounds %ld, starts %ld, kills %ld: by time %ld, at a request %ld, "
         "at a paid one %ld, at a system call %ld; before any request %ld\n",
         v->rounds, t->starts, all_kills(t), t->kills[PLAN_TIME],
         t->kills[PLAN_REQUEST], t->kills[PLAN_PAID], t->kills[PLAN_CALL],
         t->idle);
  printf("  paid requests %llu, tasks %llu, answers bad after payment %llu\n",
         (unsigned long long)v->counts.posts,
         (unsigned long long)v->counts.tasks,
         (unsigned long long)v->counts.bad);
  if (strcmp(o->mode, "calls") == 0) {
    printf("  killed after the run's end %ld\n", v->ended_before);
    print_calls(v);
  }
  if (v->states.n) {
    int i;
    printf("  killed recoveries found rows:");
    for (i = 0; i < v->states.n; i++)
      printf(" %s %ld", v->states.names[i], v->states.rows[i]);
    printf("\n");
  }
  printf(
      "  PAID TWICE %ld, LOST %ld, wrong %ld, unknown %ld (not listed %ld, "
      "left in the end %ld, resolved by a person %ld), dialogs left open %ld\n",
      v->doubles, v->lost, v->wrong, v->unknown, v->not_listed, v->left,
      v->resolved, v->open);
  printf("  %.1f s: %s\n", (double)us / 1e6,
         !is_good(v)    ? "BAD"
         : missed(o, v) ? "calls were MISSED"
                        : "good");
}

static void read_options(struct options *o, int argc, char **argv) {
  const struct setting own[] = {
      {"--mode", &o->mode, NULL, 0},   {"--kills", NULL, &o->kills, 0},
      {"--tasks", NULL, &o->tasks, 0}, {"--items", NULL, &o->items, 1},
      {"--step", NULL, &o->step, 1},   {NULL, NULL, NULL, 0}};
  memset(o, 0, sizeof *o);
  o->s.profile = "plus";
  o->s.seed = 1;
  o->s.factor = 60;
  o->mode = "random";
  o->kills = 40;
  o->items = 40;
  o->step = 1;
  settings_read(&o->s, own, "judge MJLUA SCRIPT FASTCLOCK [options]", argc,
                argv);
}

int main(int argc, char **argv) {
  struct options o;
  struct verdict v;
  int64_t began = real_us();
  read_options(&o, argc, argv);
  memset(&v, 0, sizeof v);
  if (strcmp(o.mode, "calls") == 0)
    judge_calls(&o, &v);
  else
    judge_random(&o, &v);
  print(&o, &v, real_us() - began);
  return is_good(&v) && !missed(&o, &v) ? EXIT_SUCCESS : EXIT_FAILURE;
}
