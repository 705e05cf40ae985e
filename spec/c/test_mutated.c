/* SPDX-License-Identifier: MIT
   test_mutated.c - replies made wrong in every way, through the whole client
   in virtual time.  What must never happen is looked for by somebody else than
   the client (spec/fuzz/oracle.h, gateway.h).

   MJ_MUTATIONS=N  how many; MJ_MUTATION=N  only number N, with its traffic. */
#include "mutated.h"

/* How often which end came: a run that sees none of some kind tests nothing. */
static unsigned ends[32], generated, repeats, accepted_once, accepted_twice,
    successes, answers;

/* In place of the system's (see CMakeLists.txt). */
int __wrap_mj__os_random(void *out, size_t n);
static uint64_t chance;

int __wrap_mj__os_random(void *out, size_t n) {
  unsigned char *p = out;
  while (n-- > 0)
    *p++ = (unsigned char)(random_next(&chance) >> 20);
  return 0;
}

/* Events ------------------------------------------------------------------- */

static void check_text(struct gateway *g, const char *what, const char *s) {
  size_t i, n = strlen(s);
  if (!oracle_utf8(s, n))
    gateway_broken(g, "%s: not UTF-8", what);
  for (i = 0; i < n; i++)
    if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
      gateway_broken(g, "%s: a control character", what);
  if (strstr(s, GATEWAY_KEY))
    gateway_broken(g, "%s: the key: %.300s", what, s);
}

static void log_line(void *ud, int level, const char *line) {
  struct run *r = ud;
  (void)level;
  check_text(&r->g, "log", line);
}

static void check_error(struct gateway *g, const mj_error *e) {
  check_text(g, "error", e->text);
  if (e->code >= 0 || e->code < MJ_ECLOSED)
    gateway_broken(g, "error %d", e->code);
  else
    ends[-e->code]++;
  if (!*e->text)
    gateway_broken(g, "an error without words");
}

/* The generate family's, and the buttons that are made of them. */
static void check_pictures(struct gateway *g, const mj_task *t) {
  const oracle_node *urls[64];
  oracle inner;
  size_t n = 0, buttons = 1, i,
         places =
             oracle_pictures(oracle_data(g->free.json.root), &inner, urls, 64);
  for (i = 0; i < places; i++) {
    n += urls[i] != NULL;
    buttons += urls[i] && i < 4 && places > 1 ? 2 : 0;
  }
  if (t->status != MJ_ST_SUCCESS)
    buttons = 0;
  if (g->plant != PLANT_STATUS && places < 64 &&
      (t->nimages != n || t->nbuttons != buttons))
    gateway_broken(g, "%zu pictures and %zu buttons, %zu and %zu are right",
                   t->nimages, t->nbuttons, n, buttons);
  oracle_free(&inner);
}

static void check_task(struct gateway *g, const mj_task *t) {
  const oracle_node *v = oracle_task_id(&g->free.reply);
  const char *id = oracle_text(v);
  size_t i;
  if (!t->id || !id || (strcmp(t->id, id) != 0 && !v->odd))
    gateway_broken(g, "task %s, and the reply is about %s", t->id ? t->id : "-",
                   id ? id : "none");
  if (g->plant != PLANT_STATUS &&
      (t->json_len != g->free.body.n ||
       memcmp(t->json, g->free.body.p, t->json_len) != 0))
    gateway_broken(g, "a task's JSON is not the reply");
  if (t->progress < -1 || t->progress > 100)
    gateway_broken(g, "progress %d", t->progress);
  for (i = 0; i < t->nbuttons; i++)
    if (!t->buttons[i].custom_id)
      gateway_broken(g, "a button without an id");
  for (i = 0; i < t->nimages; i++)
    if (!t->images[i])
      gateway_broken(g, "no address of a picture");
  if (g->free.reply.generate)
    check_pictures(g, t);
}

static void check_list(struct gateway *g, const mj_event *ev) {
  const oracle_node *v = g->free.json.root;
  size_t n = 0;
  oracle o;
  if (!v || v->type != '[') {
    gateway_broken(g, "a list out of %.100s", g->free.body.p);
    return;
  }
  for (v = v->first; v; v = v->next) {
    const char *id = oracle_text(oracle_get(v, "id"));
    if (!id)
      continue;
    if (n >= ev->ntasks ||
        (!oracle_get(v, "id")->odd && strcmp(id, ev->tasks[n].id) != 0))
      break;
    oracle_read(&o, ev->tasks[n].json, ev->tasks[n].json_len);
    if (!o.root || !oracle_get(o.root, "id"))
      gateway_broken(g, "JSON of a listed task: %.100s", ev->tasks[n].json);
    oracle_free(&o);
    n++;
  }
  if (v || n != ev->ntasks)
    gateway_broken(g, "%zu tasks of a list, %zu are right", ev->ntasks, n);
}

static void check_items(struct gateway *g, const mj_event *ev) {
  const oracle_node *v = oracle_get(g->paid.json.root, "result");
  size_t n = 0;
  if (!oracle_uploaded(&g->paid.reply))
    gateway_broken(g, "uploaded by %.100s", g->paid.body.p);
  for (v = v && v->type == '[' ? v->first : NULL; v; v = v->next)
    if (v->type == '"' && n < ev->nitems &&
        (v->odd || strcmp(v->text, ev->items[n]) == 0))
      n++;
  if (n != ev->nitems)
    gateway_broken(g, "%zu addresses, %zu are right", ev->nitems, n);
}

static void check_answer(struct gateway *g, const struct job *j,
                         const mj_event *ev) {
  const oracle_node *v = oracle_get(g->free.json.root, "result");
  answers++;
  switch (j->what) {
  case MJ_QUERY_LIST:
  case MJ_QUERY_IDS:
  case MJ_QUERY_QUEUE:
    check_list(g, ev);
    break;
  case MJ_QUERY_SEED:
    if (ev->nitems != 1 || !oracle_text(v) ||
        (!v->odd && strcmp(ev->items[0], v->text) != 0))
      gateway_broken(g, "a seed out of %.100s", g->free.body.p);
    break;
  case MJ_QUERY_CANCEL:
    if (!oracle_status(&g->free.reply, "CANCEL|CANCELLED|FAILURE|FAILED"))
      gateway_broken(g, "stopped, by %.100s", g->free.body.p);
    break;
  case MJ_QUERY_DIALECT: /* not asked here */
    gateway_broken(g, "a family that nobody asked for");
    break;
  }
}

static void check_done(struct run *r, const struct job *j, const mj_event *ev) {
  struct gateway *g = &r->g;
  if (ev->error)
    check_error(g, ev->error);
  if (ev->error && (ev->nitems || ev->ntasks || ev->data_len))
    gateway_broken(g, "an error that brings something");
  if (ev->task)
    check_task(g, ev->task);
  if (ev->error)
    return;
  if (j->what) {
    check_answer(g, j, ev);
  } else if (j->op == MJ_OP_UPLOAD) {
    check_items(g, ev);
  } else {
    successes++;
    if (!oracle_status(&g->free.reply, "SUCCESS") || !ev->task)
      gateway_broken(g, "success, by HTTP %d: %.200s",
                     g->free.reply.http_status, g->free.body.p);
  }
}

/* All the ids of an acceptance that made several tasks. */
static void check_several(struct gateway *g, const mj_event *ev) {
  char id[65];
  size_t n = oracle_accepted(&g->paid.reply, 0, id), i;
  if (ev->nitems != (n > 1 ? n : 0))
    gateway_broken(g, "%zu ids, and the reply has %zu", ev->nitems, n);
  for (i = 0; i < ev->nitems; i++) {
    (void)oracle_accepted(&g->paid.reply, i, id);
    if (strcmp(id, ev->items[i]) != 0)
      gateway_broken(g, "accepted as %s, and the reply says %s", ev->items[i],
                     id);
  }
}

/* Fetched when the next replies may have come: what it points to is there. */
static void check_late(struct gateway *g, const mj_event *ev) {
  size_t i;
  if (ev->task_id && !gateway_knows(g, ev->task_id))
    gateway_broken(g, "an id that no reply gave: %.64s", ev->task_id);
  for (i = 0; i < ev->nitems; i++)
    if (!oracle_utf8(ev->items[i], strlen(ev->items[i])))
      gateway_broken(g, "an item that is not UTF-8");
  if (ev->task && (!ev->task->id || strlen(ev->task->json) < 2))
    gateway_broken(g, "a task without an id");
  if (ev->error)
    check_error(g, ev->error);
}

/* An answered dialog whose reply names no task means the one that asked, and
   one whose reply says nothing certain is looked for there. */
static int means_the_one_that_asked(const struct gateway *g, const char *id) {
  const oracle_node *v = oracle_get(g->paid.reply.root, "result");
  char other[65];
  if (!g->modals || strcmp(id, "17") != 0)
    return 0;
  return !v || v->type == 'n' || (v->type == '"' && v->n == 0) ||
         (!oracle_accepted(&g->paid.reply, 0, other) &&
          !oracle_may_repeat(&g->paid.reply, 1));
}

static void check_event(struct run *r, struct job *j, const mj_event *ev) {
  struct gateway *g = &r->g;
  if (ev->id != j->id) {
    gateway_broken(g, "an event of a job that had ended");
    return;
  }
  if (j->done)
    gateway_broken(g, "an event after the end");
  if (r->lazy) {
    check_late(g, ev);
    j->accepted += ev->type == MJ_EV_ACCEPTED;
    j->done += ev->type == MJ_EV_DONE;
    return;
  }
  if (ev->type == MJ_EV_ACCEPTED) {
    j->accepted++;
    if (!g->modals)
      check_several(g, ev);
    if (!j->op || !ev->task_id ||
        (strcmp(ev->task_id, g->id) != 0 &&
         (!g->modals || strcmp(ev->task_id, g->before) != 0) &&
         !means_the_one_that_asked(g, ev->task_id)))
      gateway_broken(g, "accepted as %s, and the reply says %s",
                     ev->task_id ? ev->task_id : "nothing", g->id);
    if (j->accepted > 1 + (g->modals > 0))
      gateway_broken(g, "accepted %d times", j->accepted);
  } else if (ev->type == MJ_EV_PROGRESS && ev->task) {
    check_task(g, ev->task);
  } else if (ev->type == MJ_EV_DONE) {
    j->done++;
    check_done(r, j, ev);
  }
  if (ev->task_id && !gateway_knows(g, ev->task_id))
    gateway_broken(g, "an id that no reply gave: %.64s", ev->task_id);
}

/* Jobs --------------------------------------------------------------------- */

enum { TURNS_MOST = 4000, MOST_MS = 3 * 3600 * 1000 };

static void follow(struct run *r, struct job *j) {
  struct gateway *g = &r->g;
  int64_t since = virtual_now(r->w);
  int turn, left = 1;
  for (turn = 0; turn < TURNS_MOST && left > 0 && !*g->broken; turn++) {
    const mj_event *ev;
    if (turn == j->cancel_at)
      (void)mj_cancel(r->c, j->id);
    left = mj_step(r->c, -1, 0);
    if (r->lazy && turn % 3 && left > 0)
      continue;
    while ((ev = mj_event_peek(r->c)) != NULL) {
      if (g->plant != PLANT_END || ev->type != MJ_EV_DONE)
        check_event(r, j, ev);
      mj_event_pop(r->c);
    }
    if (virtual_now(r->w) - since > MOST_MS)
      gateway_broken(g, "%lld s, and no end",
                     (long long)(virtual_now(r->w) - since) / 1000);
  }
  if (left != 0 && !*g->broken)
    gateway_broken(g, "%d turns, and no end (%d)", turn, left);
  if (j->done != 1)
    gateway_broken(g, "%d ends", j->done);
  accepted_once += j->accepted > 0;
  accepted_twice += j->accepted > 1;
  if (mj_event_peek(r->c) && !*g->broken)
    gateway_broken(g, "an event after all jobs");
}

/* Runs ---------------------------------------------------------------------*/

static void open_run(struct run *r, uint64_t number, enum plant plant,
                     int trace) {
  mj_config cfg;
  mj_error err;
  memset(r, 0, sizeof *r);
  chance = number;
  gateway_init(&r->g, number * 2654435761u + 1, plant);
  r->g.trace = trace;
  gateway_know(&r->g, "17");
  gateway_know(&r->g, "1000000000000000"); /* asked for to find out the key */
  r->w = virtual_new(gateway_play, &r->g, NULL, 1000000);
  mj_config_init(&cfg);
  cfg.base_url = "http://gw.test";
  cfg.api_key = plant == PLANT_KEY ? "sk-ANOTHER-92" : GATEWAY_KEY;
  cfg.auth = number % 4 ? "bearer" : "auto";
  r->g.generate = number % 6 > 2;
  r->g.unasked = number % 3 == 0;
  cfg.dialect = r->g.unasked ? "auto" : r->g.generate ? "generate" : "mj";
  r->lazy = plant == PLANT_NONE && number % 7 == 0;
  cfg.connections = 2;
  cfg.max_reply = 512 * 1024;
  cfg.image_host = number % 5 ? NULL : "gateway";
  cfg.alloc = meter_alloc;
  cfg.alloc_ud = &r->meter;
  cfg.log = log_line;
  cfg.log_ud = r;
  virtual_config(r->w, &cfg);
  if (mj_client_new(&r->c, &cfg, &err) != MJ_OK)
    fail_msg("%s", err.text);
}

/* Plays mutation `number`; what broke goes to why[], "" = nothing. */
static void play(uint64_t number, enum plant plant, int trace, char *why,
                 size_t size) {
  static struct run r;
  uint64_t seed = number;
  void *leak = NULL;
  size_t jobs;
  open_run(&r, number, plant, trace);
  for (jobs = 1 + random_below(&seed, 3); jobs > 0; jobs--) {
    struct job j;
    memset(&j, 0, sizeof j);
    j.cancel_at = random_below(&seed, 12) ? -1 : (int)random_below(&seed, 20);
    if (random_below(&seed, 3))
      mutated_submit(&r, &j, &seed);
    else
      mutated_ask(&r, &j, &seed);
    if (j.id && !*r.g.broken)
      follow(&r, &j);
  }
  if (plant == PLANT_LEAK)
    leak = meter_alloc(&r.meter, NULL, 0, 16);
  mj_client_free(r.c);
  if (r.meter.live)
    gateway_broken(&r.g, "%zu blocks of memory are left", r.meter.live);
  (void)meter_alloc(&r.meter, leak, 16, 0);
  virtual_unref(r.w);
  generated += r.g.generate && r.g.npasts;
  repeats += (unsigned)r.g.repeats;
  gateway_free(&r.g);
  (void)snprintf(why, size, "%s", r.g.broken);
}

/* A sanitizer's report should say which one it was. */
static unsigned long current;
void __sanitizer_set_death_callback(void (*f)(void)) __attribute__((weak));

static void say_which(void) {
  (void)fprintf(stderr, "MJ_MUTATION=%lu\n", current);
}

static unsigned long from_environment(const char *name, unsigned long or_else) {
  const char *s = getenv(name);
  return s && *s ? strtoul(s, NULL, 10) : or_else;
}

static void nothing_is_broken(void **state) {
  unsigned long only = from_environment("MJ_MUTATION", 0), i,
                n = from_environment("MJ_MUTATIONS", getenv("MJ_VALGRIND")
                                                         ? 300
                                                         : 20000 / one_in(4));
  unsigned broken = 0;
  char why[600];
  (void)state;
  accepted_once = accepted_twice = successes = answers = 0;
  generated = repeats = 0;
  memset(ends, 0, sizeof ends);
  if (__sanitizer_set_death_callback)
    __sanitizer_set_death_callback(say_which);
  for (i = only ? only : 1; i <= (only ? only : n); i++) {
    current = i;
    play(i, PLANT_NONE, only != 0, why, sizeof why);
    if (*why && broken++ < 5)
      print_error("MJ_MUTATION=%lu: %s\n", i, why);
  }
  print_message("mutations 1 to %lu: %u accepted, %u again, %u successes, "
                "%u answers, %u unknown; generate: %u accepted, %u rerolls; "
                "%u broken\n",
                n, accepted_once, accepted_twice, successes, answers,
                ends[-MJ_EUNKNOWN_OUTCOME], generated, repeats, broken);
  assert_int_equal(broken, 0);
  if (only || n < 5000)
    return;
  assert_true(accepted_once > n / 10 && successes > n / 20 && answers > n / 20);
  assert_true(accepted_twice > 0 && generated > n / 10 && repeats > n / 500);
  for (i = 1; i < COUNT(ends); i++) { /* all that a gateway can bring about */
    static const int seen[] = {
        MJ_EUNSUPPORTED,   MJ_EAUTH,      MJ_ERATE_LIMITED,    MJ_EQUEUE_FULL,
        MJ_EBANNED_PROMPT, MJ_ENOT_FOUND, MJ_ENO_BUTTON,       MJ_ENEEDS_INPUT,
        MJ_ENETWORK,       MJ_EINVALID,   MJ_EUNKNOWN_OUTCOME, MJ_EPROTOCOL,
        MJ_EFAILED,        MJ_ECANCELLED};
    if (i <= COUNT(seen) && ends[-seen[i - 1]] == 0)
      fail_msg("no run ended as %s", mj_error_name(seen[i - 1]));
  }
}

/* A check that notices nothing is none. */
struct planted {
  enum plant plant;
  const char *says;
};

static void what_is_planted_is_noticed(void **state) {
  const struct planted *p = *state;
  unsigned long i;
  char why[600] = "";
  for (i = 1; i <= 20000; i++) {
    play(i, p->plant, 0, why, sizeof why);
    if (strstr(why, p->says))
      return;
  }
  fail_msg("nobody says \"%s\"; the last word was: %s", p->says, why);
}

int main(void) {
  static const struct planted planted[] = {
      {PLANT_ID, "accepted as"},

      {PLANT_TEXT, "accepted as"},    {PLANT_STATUS, "success, by"},
      {PLANT_TWICE, "paid twice"},    {PLANT_SLOW, "and no end"},
      {PLANT_AGAIN, "a reroll with"}, {PLANT_LEAK, "blocks of memory"},
      {PLANT_END, "0 ends"},          {PLANT_KEY, "the key"}};
  struct CMUnitTest tests[COUNT(planted) + 1];
  size_t i;
  /* valgrind is too slow for looking long */
  int failed, only = getenv("MJ_MUTATION") || getenv("MJ_VALGRIND");
  if (gateway_load() < 150) {
    (void)fprintf(stderr,
                  "test_mutated: the replies of spec/wire are not there\n");
    return 2;
  }
  for (i = 0; i < COUNT(planted); i++)
    tests[i] =
        named_case(planted[i].says, what_is_planted_is_noticed, &planted[i]);
  tests[i] = named_case("nothing_is_broken", nothing_is_broken, NULL);
  failed = run_cases("mutated", only ? tests + i : tests, only ? 1 : i + 1);
  gateway_unload();
  return failed;
}
