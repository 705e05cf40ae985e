/* SPDX-License-Identifier: MIT
   spend.c - the judge of budgets: a script that wants more than its budget
   allows is killed again and again.  After each kill the gateway's books and
   the journal are added up: what was paid is no more than what the journal
   counts, and that is no more than the budget.

     spend MJLUA SCRIPT FASTCLOCK [--profile P] [--kills N] [--seed N]
           [--factor N] [--items N] [--keep] */
#include "run.h"

#include "mj.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_STARTS = 400 };

#define BUDGET  INT64_C(10000000) /* as spend.lua has it, in millionths */
#define IMAGINE INT64_C(300000)
#define CLICK   INT64_C(100000)

struct options {
  const char *mjlua, *script, *fastclock, *profile;
  long kills, items;
  uint64_t seed;
  int factor, keep;
};

struct sums {
  long kills, starts, worlds, looks, tasks, good, over, missing, wrong;
  int64_t most, paid; /* of a journal, by gateways */
};

/* What the gateway charged by now. */
static int64_t paid(gateway *g) {
  struct work *w;
  int64_t sum = 0;
  size_t i;
  for (i = 0; (w = gateway_work(g, i)) != NULL; i++)
    sum += w->tasks * (strncmp(w->key, "imagine ", 8) == 0 ? IMAGINE : CLICK);
  return sum;
}

static int add_money(void *ud, const mj_money *m) {
  *(int64_t *)ud += m->reserved + m->unknown + m->spent;
  return 0;
}

/* -1 = there is no journal yet. */
static int64_t counted(const struct world *w) {
  mj_error err;
  int64_t sum = 0;
  if (access(w->journal, F_OK) != 0)
    return -1;
  if (mj_money_read(w->journal, add_money, &sum, &err) != MJ_OK)
    say_no("the journal cannot be read: %s", err.text);
  return sum;
}

static void look(struct world *w, struct sums *s) {
  int64_t out = paid(w->g), in = counted(w);
  s->looks++;
  if (in > s->most)
    s->most = in;
  if (in > BUDGET || out > BUDGET)
    s->over++;
  if (out > (in < 0 ? 0 : in))
    s->missing++;
  if (in > BUDGET || out > BUDGET || out > (in < 0 ? 0 : in))
    fprintf(stderr, "spend: paid %lld, counted %lld, see %s\n", (long long)out,
            (long long)in, w->folder);
}

static struct plan some_plan(struct chance *c) {
  struct plan p = {.kind = PLAN_TIME};
  if (chance_upto(c, 2) == 0) {
    p.after_us = 4000 + chance_upto(c, 200000);
    return p;
  }
  p.kind = PLAN_PAID;
  p.n = 1 + (long)chance_upto(c, 7);
  p.done = (int)chance_upto(c, 1);
  p.after_us = p.done ? chance_upto(c, 3000) : 0;
  return p;
}

/* It ended by itself: something was made, and the money was used. */
static void read_page(const struct world *w, struct sums *s) {
  char line[256], *tab;
  long good = 0, refused = 0;
  FILE *in = fopen(w->page, "r");
  if (!in)
    say_no("no page, see %s", w->folder);
  while (fgets(line, sizeof line, in)) {
    tab = strchr(line, '\t');
    if (!tab)
      continue;
    *tab = '\0';
    if (strcmp(line, "good") == 0)
      good = strtol(tab + 1, NULL, 10);
    else if (strcmp(line, "budget") == 0)
      refused = strtol(tab + 1, NULL, 10);
    else if (strncmp(line, "raised", 6) == 0) {
      fprintf(stderr, "spend: %s\n", line);
      s->wrong++;
    }
  }
  (void)fclose(in);
  s->good += good;
  if (refused == 0 || gateway_count(w->g)->tasks < 10) {
    fprintf(stderr, "spend: %ld refused, see %s\n", refused, w->folder);
    s->wrong++;
  }
}

static void one_world(const struct options *o, struct sums *s,
                      struct chance *c) {
  static const struct plan in_peace = {.kind = PLAN_NONE};
  struct tally tally;
  struct world w;
  char name[40];
  long mine = 0, most = 6 + (long)chance_upto(c, 12);
  int i, rc = -1;
  memset(&w, 0, sizeof w);
  memset(&tally, 0, sizeof tally);
  w.mjlua = o->mjlua;
  w.script = o->script;
  w.fastclock = o->fastclock;
  w.factor = o->factor;
  w.tally = &tally;
  world_open(&w, o->profile, chance_next(c), 0.15, 0);
  w.live = "8";
  (void)snprintf(name, sizeof name, "%s %ld", s->worlds % 2 ? "journal" : "run",
                 s->worlds);
  for (i = 0; i < MOST_STARTS && access(w.page, F_OK) != 0; i++) {
    struct plan p =
        mine >= most || s->kills >= o->kills ? in_peace : some_plan(c);
    rc = world_start(&w, name, (int)o->items, 0, NULL, &p);
    mine += rc < 0;
    s->kills += rc < 0;
    s->starts++;
    look(&w, s);
    if (rc > 0 && access(w.page, F_OK) != 0) {
      world_complain(&w);
      say_no("it ended with status %d, see %s", rc, w.folder);
    }
  }
  read_page(&w, s);
  s->worlds++;
  s->tasks += (long)gateway_count(w.g)->tasks;
  s->paid += paid(w.g);
  world_close(&w, o->keep || s->over || s->missing || s->wrong);
}

static long number(const char *text) {
  char *end;
  long n = strtol(text, &end, 10);
  if (end == text || *end || n < 0)
    say_no("a number expected, got %s", text);
  return n;
}

static void read_options(struct options *o, int argc, char **argv) {
  int i;
  if (argc < 4)
    say_no("spend MJLUA SCRIPT FASTCLOCK [options]");
  memset(o, 0, sizeof *o);
  o->mjlua = argv[1];
  o->script = argv[2];
  o->fastclock = argv[3];
  o->profile = "plus";
  o->kills = 25;
  o->items = 100;
  o->seed = 1;
  o->factor = 100;
  for (i = 4; i < argc; i++) {
    const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp(name, "--keep") == 0) {
      o->keep = 1;
      continue;
    }
    if (strcmp(name, "--profile") == 0)
      o->profile = value;
    else if (strcmp(name, "--kills") == 0)
      o->kills = number(value);
    else if (strcmp(name, "--items") == 0)
      o->items = number(value);
    else if (strcmp(name, "--seed") == 0)
      o->seed = (uint64_t)number(value);
    else if (strcmp(name, "--factor") == 0)
      o->factor = (int)number(value);
    else
      say_no("no option %s", name);
    i++;
  }
}

int main(int argc, char **argv) {
  struct options o;
  struct sums s;
  struct chance c;
  int64_t began = real_us();
  int bad;
  read_options(&o, argc, argv);
  memset(&s, 0, sizeof s);
  c.state = o.seed;
  do
    one_world(&o, &s, &c);
  while (s.kills < o.kills && !s.over && !s.missing && !s.wrong);
  s.wrong += s.good == 0;
  bad = s.over || s.missing || s.wrong;
  printf("%s: seed %llu, a budget of 10 for %ld prompts, 8 at a time\n"
         "  budgets %ld, starts %ld, kills %ld, books compared %ld, tasks paid "
         "%ld for %.1f, pairs whole %ld\n"
         "  most that a journal counted %.1f; ABOVE THE BUDGET %ld, PAID AND "
         "NOT COUNTED %ld, wrong %ld\n  %.1f s: %s\n",
         o.profile, (unsigned long long)o.seed, o.items, s.worlds, s.starts,
         s.kills, s.looks, s.tasks, (double)s.paid / 1e6, s.good,
         (double)s.most / 1e6, s.over, s.missing, s.wrong,
         (double)(real_us() - began) / 1e6, bad ? "BAD" : "good");
  return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
