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
  struct settings s;
  long kills, items;
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
  struct tally tally;
  struct world w;
  char name[40];
  long mine = 0, most = 6 + (long)chance_upto(c, 12);
  int i, rc = -1;
  memset(&tally, 0, sizeof tally);
  world_prepare(&w, &o->s, &tally);
  world_open(&w, o->s.profile, chance_next(c), 0.15, 0);
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
  world_close(&w, o->s.keep || s->over || s->missing || s->wrong);
}

static void read_options(struct options *o, int argc, char **argv) {
  const struct setting own[] = {{"--kills", NULL, &o->kills, 0},
                                {"--items", NULL, &o->items, 1},
                                {NULL, NULL, NULL, 0}};
  memset(o, 0, sizeof *o);
  o->s.profile = "plus";
  o->s.seed = 1;
  o->s.factor = 100;
  o->kills = 25;
  o->items = 100;
  settings_read(&o->s, own, "spend MJLUA SCRIPT FASTCLOCK [options]", argc,
                argv);
}

int main(int argc, char **argv) {
  struct options o;
  struct sums s;
  struct chance c;
  int64_t began = real_us();
  int bad;
  read_options(&o, argc, argv);
  memset(&s, 0, sizeof s);
  c.state = o.s.seed;
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
         o.s.profile, (unsigned long long)o.s.seed, o.items, s.worlds, s.starts,
         s.kills, s.looks, s.tasks, (double)s.paid / 1e6, s.good,
         (double)s.most / 1e6, s.over, s.missing, s.wrong,
         (double)(real_us() - began) / 1e6, bad ? "BAD" : "good");
  return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
