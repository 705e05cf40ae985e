/* SPDX-License-Identifier: MIT
   test_budget_journal.c - what work cost, over kills: counted before it leaves,
   never forgotten, never counted twice, given back when it provably was not
   paid. */
#include "journal_case.h"

#define UNIT 1000000

static const mj_price flat[] = {{NULL, NULL, NULL, UNIT}};
static const mj_price some[] = {{"imagine", NULL, NULL, UNIT}};
static int64_t limit;
static const char *per;

static void budgeted(mj_config *cfg) {
  journaled(cfg);
  cfg->prices = flat;
  cfg->nprices = 1;
  cfg->budget = limit * UNIT;
  cfg->budget_per = per;
}

static int up(void **state) {
  limit = 2;
  per = "run";
  return journal_up(state);
}

static mj_id ask_for(struct rig *r, const char *prompt) {
  mj_request q;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = prompt;
  return rig_submit(r, &q);
}

static void has(struct rig *r, int64_t reserved, int64_t unknown,
                int64_t spent) {
  mj_budget b;
  mj_budget_get(r->c, &b);
  if (b.reserved != reserved * UNIT || b.unknown != unknown * UNIT ||
      b.spent != spent * UNIT)
    fail_msg("reserved %lld, unknown %lld, spent %lld", (long long)b.reserved,
             (long long)b.unknown, (long long)b.spent);
}

static void nothing_leaves_that_would_cross_it(void **state) {
  struct seen s;
  mj_error err;
  mj_id a;
  rig_tune = budgeted;
  RIG(r, ACCEPT, ACCEPT, ACCEPT, ACCEPT, RUNNING);
  (void)ask_for(&r, "one");
  (void)ask_for(&r, "two");
  a = ask_for(&r, "three");
  s = run(&r, a, 1000);
  assert_int_equal(s.code, MJ_EBUDGET);
  assert_string_equal(
      s.text, "not sent: imagine costs 1, and of the budget of 2 there is 0 "
              "left (spent 0, reserved 2, unknown 0); client:budget{limit=} "
              "raises it");
  assert_int_equal(virtual_counted(r.w)->paid, 2);
  has(&r, 2, 0, 0);
  assert_int_equal(mj_budget_set(r.c, -2, &err), MJ_EINVALID);
  assert_int_equal(mj_budget_set(r.c, 3 * UNIT, &err), MJ_OK);
  (void)run(&r, ask_for(&r, "three"), 1000);
  assert_int_equal(virtual_counted(r.w)->paid, 3);
  has(&r, 3, 0, 0);
  assert_int_equal(mj_budget_set(r.c, UNIT, &err), MJ_OK); /* below: no harm */
  assert_int_equal(run(&r, ask_for(&r, "four"), 1000).code, MJ_EBUDGET);
  assert_int_equal(mj_budget_set(r.c, -1, &err), MJ_OK);
  (void)run(&r, ask_for(&r, "five"), 1000);
  assert_int_equal(virtual_counted(r.w)->paid, 4);
  killed(&r);
}

static void what_was_not_paid_is_given_back(void **state) {
  rig_tune = budgeted;
  RIG(r, BANNED, {.curl_code = 7, .sent_less = 2}, ACCEPT, DONE, ACCEPT, BAD);
  assert_int_equal(run(&r, ask_for(&r, "bad"), 9000).code, MJ_EBANNED_PROMPT);
  has(&r, 0, 0, 0);
  assert_int_equal(run(&r, ask_for(&r, "good"), 99000).code, MJ_OK);
  has(&r, 0, 0, 1);
  assert_int_equal(run(&r, ask_for(&r, "fails"), 99000).code, MJ_EFAILED);
  has(&r, 0, 0, 2); /* unless the gateway is known to pay back */
  killed(&r);
}

static void refunding(mj_config *cfg) {
  budgeted(cfg);
  cfg->refund = 1;
}

/* Each round is counted once, and in its own row. */
static void rounds_are_counted_once(void **state) {
  mj_request q;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "fails";
  q.key = "rounds";
  q.attempts = 3;
  limit = 9;
  {
    rig_tune = budgeted;
    RIG(r, ACCEPT, BAD, ACCEPT, BAD, ACCEPT, DONE);
    assert_int_equal(run(&r, rig_submit(&r, &q), 99000).code, MJ_OK);
    assert_int_equal(virtual_counted(r.w)->paid, 3);
    has(&r, 0, 0, 3);
    killed(&r);
  }
  rig_tune = budgeted;
  RIG(r, DONE);
  has(&r, 0, 0, 3);
  killed(&r);
}

static void a_failure_is_paid_back_where_the_user_says_so(void **state) {
  {
    rig_tune = refunding;
    RIG(r, ACCEPT, BAD);
    assert_int_equal(run(&r, ask_for(&r, "fails"), 99000).code, MJ_EFAILED);
    has(&r, 0, 0, 0);
    killed(&r);
  }
  rig_tune = refunding;
  RIG(r, DONE);
  has(&r, 0, 0, 0);
  killed(&r);
}

static void what_nobody_knows_is_held(void **state) {
  mj_error err;
  {
    rig_tune = budgeted;
    RIG(r, LOST, NO_LIST);
    assert_int_equal(run(&r, ask_for(&r, "a"), 99000).code,
                     MJ_EUNKNOWN_OUTCOME);
    has(&r, 0, 1, 0);
    killed(&r);
  }
  { /* and after a kill */
    rig_tune = budgeted;
    RIG(r, LOST, NO_LIST);
    has(&r, 0, 1, 0);
    assert_int_equal(run(&r, ask_for(&r, "b"), 99000).code,
                     MJ_EUNKNOWN_OUTCOME);
    has(&r, 0, 2, 0);
    assert_int_equal(run(&r, ask_for(&r, "c"), 99000).code, MJ_EBUDGET);
    assert_int_equal(unknowns(&r), 2);
    assert_int_equal(mj_resolve(r.c, unknown_token, NULL, &err), MJ_OK);
    has(&r, 0, 1, 0); /* there is none: it cost nothing */
    assert_int_equal(unknowns(&r), 1);
    assert_int_equal(mj_resolve(r.c, unknown_token, "41", &err), MJ_OK);
    has(&r, 1, 0, 0); /* there is one */
    killed(&r);
  }
  rig_tune = budgeted;
  RIG(r, DONE);
  has(&r, 1, 0, 0);
  assert_int_equal(run(&r, ask_for(&r, "a"), 99000).code, MJ_OK);
  has(&r, 0, 0, 1);
  assert_int_equal(virtual_counted(r.w)->paid, 0);
  killed(&r);
}

static void the_price_is_on_disk_before_it_leaves(void **state) {
  limit = 1;
  {
    rig_tune = budgeted;
    RIG(r, NEVER);
    (void)run(&r, ask_for(&r, "a"), 1000);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    killed(&r);
  }
  rig_tune = budgeted;
  RIG(r, ACCEPT, DONE);
  has(&r, 1, 0, 0);
  assert_int_equal(run(&r, ask_for(&r, "other"), 9000).code, MJ_EBUDGET);
  assert_int_equal(virtual_counted(r.w)->paid, 0);
  killed(&r);
}

static void what_the_journal_has_costs_nothing_again(void **state) {
  int i;
  limit = 1;
  {
    rig_tune = budgeted;
    RIG(r, ACCEPT, RUNNING);
    (void)run(&r, ask_for(&r, "a"), 9000);
    has(&r, 1, 0, 0);
    killed(&r);
  }
  for (i = 0; i < 2; i++) { /* goes on; then has ended */
    rig_tune = budgeted;
    RIG(r, DONE);
    assert_int_equal(run(&r, ask_for(&r, "a"), 99000).code, MJ_OK);
    has(&r, 0, 0, 1);
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    killed(&r);
  }
}

/* Each may have been paid. */
static void with_resubmit(mj_config *cfg) {
  budgeted(cfg);
  cfg->on_unknown = "resubmit";
}

static void resubmitted_it_counts_twice(void **state) {
  {
    rig_tune = with_resubmit;
    RIG(r, LOST, NO_LIST, LOST);
    assert_int_equal(run(&r, ask_for(&r, "a"), 99000).code,
                     MJ_EUNKNOWN_OUTCOME);
    assert_int_equal(virtual_counted(r.w)->paid, 2);
    has(&r, 0, 2, 0);
    killed(&r);
  }
  {
    mj_error err;
    rig_tune = with_resubmit;
    RIG(r, NO_LIST);
    has(&r, 0, 2, 0);
    assert_int_equal(unknowns(&r), 1);
    assert_int_equal(mj_resolve(r.c, unknown_token, NULL, &err), MJ_OK);
    has(&r, 0, 0, 0); /* a person says of both */
    killed(&r);
  }
}

static void resubmitted_it_stays_below(void **state) {
  limit = 1;
  rig_tune = with_resubmit;
  RIG(r, LOST, NO_LIST, ACCEPT, DONE);
  assert_int_equal(run(&r, ask_for(&r, "a"), 99000).code, MJ_EUNKNOWN_OUTCOME);
  assert_int_equal(virtual_counted(r.w)->paid, 1);
  has(&r, 0, 1, 0); /* once, and nobody knows what became of that */
  killed(&r);
}

/* It may be there: that it did not go once more does not make it unsent, and
   nothing goes a third time unless somebody says so. */
static void what_may_not_go_again_stays_unknown(void **state) {
  static const script_reply refusal = BANNED, nothing = ACCEPT;
  int i;
  for (i = 0; i < 3; i++) { /* no money; refused; no time */
    mj_request q;
    struct seen s;
    mj_id id;
    memset(&q, 0, sizeof q);
    q.op = MJ_OP_IMAGINE;
    q.prompt = "cat";
    q.key = i == 0 ? "money" : i == 1 ? "refused" : "time";
    q.deadline_ms = i == 2 ? 30000 : 0;
    limit = i == 0 ? 1 : 9;
    per = "journal";
    rig_tune = with_resubmit;
    {
      RIG(r, LOST, NO_LIST, i == 1 ? refusal : nothing, DONE);
      id = rig_submit(&r, &q);
      while (i == 2 && script_count(r.s) < 1)
        (void)run(&r, id, 1);
      if (i == 2)
        mj_pause(r.c, -1);
      s = run(&r, id, 99000);
      assert_int_equal(s.code, MJ_EUNKNOWN_OUTCOME);
      has(&r, 0, i + 1, 0);
      assert_int_equal(unknowns(&r), i + 1);
      killed(&r);
    }
    rig_tune = budgeted;
    {
      RIG(r, NO_LIST, ACCEPT, DONE);
      has(&r, 0, i + 1, 0);
      q.deadline_ms = 0;
      s = run(&r, rig_submit(&r, &q), 99000);
      assert_int_equal(s.code, MJ_EUNKNOWN_OUTCOME);
      assert_int_equal(virtual_counted(r.w)->paid, 0);
      killed(&r);
    }
  }
}

/* The click was taken, whatever became of the answer to its dialog. */
static void an_absent_answer_gives_nothing_back(void **state) {
  mj_request q = click_on("MJ::CustomZoom::abc");
  mj_error err;
  q.zoom = 1.5;
  q.prompt = "wider";
  q.key = "zoom";
  {
    rig_tune = budgeted;
    RIG(r, ACCEPT, ASKS, NEVER);
    (void)run(&r, rig_submit(&r, &q), 6000);
    assert_int_equal(virtual_counted(r.w)->paid, 2);
    has(&r, 1, 0, 0);
    killed(&r);
  }
  rig_tune = budgeted;
  RIG(r, ASKS);
  assert_int_equal(mj_resolve(r.c, "zoom", NULL, &err), MJ_OK);
  has(&r, 1, 0, 0);
  killed(&r);
}

static void a_proof_of_absence_gives_it_back(void **state) {
  char list[200];
  struct seen s;
  {
    rig_tune = budgeted;
    RIG(r, ACCEPT, DONE);
    s = run(&r, ask_for(&r, "witness"), 99000);
    has(&r, 0, 0, 1);
    killed(&r);
  }
  (void)snprintf(list, sizeof list,
                 "[{\"id\":\"17\",\"status\":\"SUCCESS\",\"state\":\"%s\"}]",
                 s.token);
  rig_tune = budgeted;
  RIG(r, LOST, {.body = list}, {.body = list}, {.body = list}, {.body = list},
      {.body = list}, {.body = list}, ACCEPT, DONE);
  s = run(&r, ask_for(&r, "lost"), 60000);
  has(&r, 0, 1, 1);
  assert_int_equal(s.done, 0);
  (void)run(&r, 0, 400000);
  has(&r, 0, 0, 2);
  assert_int_equal(virtual_counted(r.w)->paid, 2);
  killed(&r);
}

static void each_run_has_its_own(void **state) {
  {
    rig_tune = budgeted;
    RIG(r, ACCEPT, DONE, LOST, NO_LIST);
    assert_int_equal(run(&r, ask_for(&r, "a"), 99000).code, MJ_OK);
    assert_int_equal(run(&r, ask_for(&r, "b"), 99000).code,
                     MJ_EUNKNOWN_OUTCOME);
    has(&r, 0, 1, 1);
    assert_int_equal(mj_run_done(r.c, 1, NULL), MJ_OK);
    killed(&r);
  }
  {
    rig_tune = budgeted;
    RIG(r, DONE);
    has(&r, 0, 0, 0);
    killed(&r);
  }
  per = "journal"; /* where nothing vanishes, fresh or not */
  rig_tune = budgeted;
  RIG(r, DONE);
  has(&r, 0, 1, 1);
  assert_int_equal(run(&r, ask_for(&r, "c"), 9000).code, MJ_EBUDGET);
  killed(&r);
}

static void named(mj_config *cfg) {
  budgeted(cfg);
  cfg->budget_name = "mine";
}

static void names_keep_budgets_apart(void **state) {
  per = "journal";
  {
    rig_tune = named;
    RIG(r, ACCEPT, DONE);
    assert_int_equal(run(&r, ask_for(&r, "a"), 99000).code, MJ_OK);
    has(&r, 0, 0, 1);
    killed(&r);
  }
  {
    rig_tune = budgeted;
    RIG(r, ACCEPT, DONE);
    has(&r, 0, 0, 0);
    killed(&r);
  }
  rig_tune = named;
  RIG(r, ACCEPT, DONE);
  has(&r, 0, 0, 1);
  killed(&r);
}

/* Work of another run that goes on here is that run's, until it is paid for
   once more. */
static void keyed(mj_request *q, const char *key) {
  memset(q, 0, sizeof *q);
  q->op = MJ_OP_IMAGINE;
  q->prompt = "keyed";
  q->key = key;
}

static void work_of_another_run_is_that_runs(void **state) {
  mj_request q;
  mj_error err;
  {
    rig_tune = budgeted;
    RIG(r, LOST, NO_LIST, ACCEPT, RUNNING);
    keyed(&q, "lost");
    assert_int_equal(run(&r, rig_submit(&r, &q), 99000).code,
                     MJ_EUNKNOWN_OUTCOME);
    keyed(&q, "found");
    (void)run(&r, rig_submit(&r, &q), 1000);
    (void)run(&r, 0, 1000); /* until it is accepted */
    has(&r, 1, 1, 0);
    assert_int_equal(mj_run_done(r.c, 1, NULL), MJ_OK);
    killed(&r);
  }
  {
    rig_tune = budgeted;
    RIG(r, DONE);
    assert_int_equal(run(&r, rig_submit(&r, &q), 99000).done, 1);
    has(&r, 0, 0, 0); /* the run before has paid */
    assert_int_equal(unknowns(&r), 1);
    assert_int_equal(mj_resolve(r.c, unknown_token, NULL, &err), MJ_OK);
    has(&r, 0, 0, 0);
    keyed(&q, "lost");
    (void)run(&r, rig_submit(&r, &q), 1000);
    (void)run(&r, 0, 1000);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    has(&r, 0, 1, 0); /* sent by this run; the answer means nothing */
    killed(&r);
  }
  rig_tune = budgeted;
  RIG(r, DONE);
  has(&r, 0, 1, 0); /* as the journal has it */
  killed(&r);
}

static void abandoning(mj_config *cfg) {
  refunding(cfg);
  cfg->on_unknown = "abandon";
}

static void what_is_given_up_was_spent(void **state) {
  rig_tune = abandoning;
  RIG(r, LOST, NO_LIST, ACCEPT, {.http = 200});
  assert_int_equal(run(&r, ask_for(&r, "a"), 99000).code, MJ_EUNKNOWN_OUTCOME);
  has(&r, 0, 0, 1);
  /* forgotten by the gateway: no failure that it pays back */
  assert_int_equal(run(&r, ask_for(&r, "b"), 999000).code, MJ_EREMOTE_LOST);
  has(&r, 0, 0, 2);
  killed(&r);
}

static void each_day_has_its_own(void **state) {
  per = "day";
  limit = 1;
  journal_past = INT64_C(20500) * 86400000;
  {
    rig_tune = budgeted;
    RIG(r, ACCEPT, DONE);
    assert_int_equal(run(&r, ask_for(&r, "a"), 99000).code, MJ_OK);
    assert_int_equal(run(&r, ask_for(&r, "b"), 99000).code, MJ_EBUDGET);
    has(&r, 0, 0, 1);
    killed(&r);
  }
  journal_past = INT64_C(20501) * 86400000 - 60000 - 1000000;
  {
    rig_tune = budgeted;
    RIG(r, ACCEPT, RUNNING);
    has(&r, 0, 0, 1);
    assert_int_equal(run(&r, ask_for(&r, "c"), 70000).code, MJ_EBUDGET);
    (void)run(&r, 0, 61000); /* past midnight */
    has(&r, 0, 0, 0);
    (void)run(&r, ask_for(&r, "d"), 1000);
    has(&r, 1, 0, 0);
    killed(&r);
  }
  rig_tune = budgeted;
  RIG(r, DONE);
  has(&r, 1, 0, 0);
  killed(&r);
}

static void partly_priced(mj_config *cfg) {
  budgeted(cfg);
  cfg->prices = some;
  cfg->mode = "fast";
}

static void without_a_price_nothing_leaves(void **state) {
  mj_request q;
  struct seen s;
  mj_error err;
  rig_tune = partly_priced;
  RIG(r, ACCEPT, DONE);
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_SHORTEN;
  q.prompt = "a long one";
  s = run(&r, rig_submit(&r, &q), 9000);
  assert_int_equal(s.code, MJ_EBUDGET);
  assert_string_equal(s.text,
                      "not sent: there is a budget, and no price for shorten "
                      "in mode fast: add prices = { [\"shorten\"] = ... } (0 "
                      "where it costs nothing), or one for default");
  assert_int_equal(script_count(r.s), 0);
  assert_int_equal(mj_budget_set(r.c, -1, &err), MJ_OK);
  assert_int_equal(run(&r, rig_submit(&r, &q), 99000).code, MJ_OK);
  has(&r, 0, 0, 0);
  killed(&r);
}

/* The click is what is paid; its dialog belongs to it, and what happens to the
   answer changes nothing. */
static void a_dialog_is_paid_with_its_click(void **state) {
  mj_request q = click_on("MJ::CustomZoom::abc");
  struct seen s;
  limit = 1;
  q.prompt = "a cat --zoom 1.7";
  rig_tune = budgeted;
  RIG(r,
      {.body = "{\"code\":21,\"description\":\"Waiting\",\"result\":\"17\"}"},
      ASKS, {.curl_code = 7, .sent_less = 2}, ACCEPT, DONE);
  s = run(&r, rig_submit(&r, &q), 99000);
  good(&s);
  assert_int_equal(virtual_counted(r.w)->paid, 3);
  has(&r, 0, 0, 1);
  killed(&r);
}

static void clients_of_a_journal_share_it(void **state) {
  mj_client *other;
  mj_config cfg;
  mj_error err;
  mj_budget b;
  rig_tune = budgeted;
  RIG(r, ACCEPT, DONE);
  mj_config_init(&cfg);
  cfg.auth = "bearer";
  cfg.dialect = "mj";
  cfg.base_url = "http://gw.test/";
  virtual_config(r.w, &cfg);
  budgeted(&cfg);
  assert_int_equal(mj_client_new(&other, &cfg, &err), MJ_OK);
  assert_int_equal(run(&r, ask_for(&r, "a"), 99000).code, MJ_OK);
  mj_budget_get(other, &b);
  assert_int_equal(b.spent, UNIT);
  mj_client_free(other);
  has(&r, 0, 0, 1);
  killed(&r);
}

/* Sums for people. */
struct money {
  char text[400];
};

static int add_money(void *ud, const mj_money *m) {
  struct money *all = ud;
  size_t n = strlen(all->text);
  (void)snprintf(all->text + n, sizeof all->text - n,
                 "%s %s %lld %lld: %lld %lld %lld\n", m->what,
                 m->mode ? m->mode : "-", (long long)m->count,
                 (long long)m->unpriced, (long long)m->reserved,
                 (long long)m->unknown, (long long)m->spent);
  return 0;
}

static void what_was_spent_can_be_read(void **state) {
  struct money all = {""};
  mj_error err;
  mj_config cfg;
  rig_tune = partly_priced;
  RIG(r, ACCEPT, DONE, BANNED, ACCEPT, RUNNING);
  assert_int_equal(run(&r, ask_for(&r, "a"), 99000).code, MJ_OK);
  assert_int_equal(run(&r, ask_for(&r, "b"), 99000).code, MJ_EBANNED_PROMPT);
  (void)run(&r, ask_for(&r, "c"), 1000);
  assert_int_equal(mj_money_each(r.c, add_money, &all, &err), MJ_OK);
  assert_string_equal(all.text, "imagine fast 1 0: 1000000 0 0\n"
                                "imagine fast 1 0: 0 0 1000000\n");
  killed(&r);
  mj_config_init(&cfg);
  journaled(&cfg);
  all.text[0] = '\0';
  assert_int_equal(mj_money_read(cfg.journal, add_money, &all, &err), MJ_OK);
  assert_string_equal(all.text, "imagine fast 1 0: 1000000 0 0\n"
                                "imagine fast 1 0: 0 0 1000000\n");
  assert_int_equal(mj_money_read("/nowhere", add_money, &all, &err),
                   MJ_ENOT_FOUND);
}

static void without_journal(mj_config *cfg) {
  cfg->prices = flat;
  cfg->nprices = 1;
  cfg->budget = 2 * UNIT;
}

static void a_client_without_a_journal_counts_for_itself(void **state) {
  struct money all = {""};
  mj_error err;
  rig_tune = without_journal;
  RIG(r, ACCEPT, DONE, BANNED, LOST, ACCEPT);
  assert_int_equal(run(&r, ask_for(&r, "a"), 99000).code, MJ_OK);
  assert_int_equal(run(&r, ask_for(&r, "b"), 99000).code, MJ_EBANNED_PROMPT);
  assert_int_equal(run(&r, ask_for(&r, "c"), 99000).code, MJ_EUNKNOWN_OUTCOME);
  assert_int_equal(run(&r, ask_for(&r, "d"), 99000).code, MJ_EBUDGET);
  has(&r, 0, 1, 1);
  assert_int_equal(mj_money_each(r.c, add_money, &all, &err), MJ_OK);
  assert_string_equal(all.text, "imagine - 2 0: 0 1000000 1000000\n");
  rig_down(&r);
}

/* Frames go on. */
static void ten_thousand_refusals_take_some_turns(void **state) {
  size_t left;
  int turns = 0, i;
  mj_stats st;
  rig_tune = without_journal;
  RIG(r, ACCEPT);
  assert_int_equal(mj_budget_set(r.c, 0, NULL), MJ_OK);
  for (i = 0; i < 10000; i++)
    (void)ask_for(&r, "cat");
  for (left = 10000; left > 0 && turns < 100; turns++) {
    size_t before = left;
    assert_int_equal(mj_timeout(r.c), 0); /* it wants another turn */
    left = (size_t)mj_step(r.c, 0, 0);
    assert_true(before - left <= 1000);
    mj_client_stats(r.c, &st);
    assert_int_equal(st.queued, left);
  }
  assert_true(turns >= 10 && turns < 100);
  assert_int_equal(script_count(r.s), 0);
  while (mj_event_peek(r.c)) {
    assert_int_equal(mj_event_peek(r.c)->error->code, MJ_EBUDGET);
    mj_event_pop(r.c);
  }
  rig_down(&r);
}

static void dry(mj_config *cfg) {
  budgeted(cfg); /* whose journal is left alone */
  cfg->dialect = "auto";
  cfg->auth = "auto";
  cfg->dry_run = 1;
}

static void a_dry_run_sends_nothing(void **state) {
  mj_request q = click_on("U2");
  struct money all = {""};
  struct seen s;
  mj_error err;
  mj_config cfg;
  mj_id id;
  rig_tune = dry;
  RIG(r, ACCEPT, DONE);
  s = run(&r, ask_for(&r, "a"), 99000);
  assert_int_equal(s.code, MJ_ECANCELLED);
  assert_string_equal(s.text, "dry run: not sent; imagine would cost 1");
  (void)run(&r, ask_for(&r, "a"), 99000);
  (void)run(&r, ask_for(&r, "a"), 99000);
  s = run(&r, rig_submit(&r, &q), 9000); /* whose task would be looked at */
  assert_string_equal(s.text, "dry run: not sent; click would cost 1");
  assert_int_equal(mj_money_each(r.c, add_money, &all, &err), MJ_OK);
  assert_string_equal(all.text, "click - 1 0: 1000000 0 0\n"
                                "imagine - 3 0: 3000000 0 0\n");
  assert_int_equal(mj_ask(r.c, MJ_QUERY_LIST, NULL, 0, &id, &err),
                   MJ_ECANCELLED);
  assert_int_equal(mj_track(r.c, "17", &id, &err), MJ_ECANCELLED);
  assert_int_equal(mj_fetch(r.c, "http://gw.test/a.png", &id, &err),
                   MJ_ECANCELLED);
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "cat --chaos 999"; /* checked all the same */
  assert_int_equal(mj_submit(r.c, &q, &id, &err), MJ_EINVALID);
  assert_int_equal(script_count(r.s), 0);
  rig_down(&r);
  mj_config_init(&cfg);
  journaled(&cfg);
  assert_int_equal(mj_money_read(cfg.journal, add_money, &all, &err),
                   MJ_ENOT_FOUND);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, up, journal_down)
  const struct CMUnitTest tests[] = {
      T(nothing_leaves_that_would_cross_it),
      T(what_was_not_paid_is_given_back),
      T(rounds_are_counted_once),
      T(a_failure_is_paid_back_where_the_user_says_so),
      T(what_nobody_knows_is_held),
      T(the_price_is_on_disk_before_it_leaves),
      T(what_the_journal_has_costs_nothing_again),
      T(resubmitted_it_counts_twice),
      T(resubmitted_it_stays_below),
      T(what_may_not_go_again_stays_unknown),
      T(an_absent_answer_gives_nothing_back),
      T(a_proof_of_absence_gives_it_back),
      T(each_run_has_its_own),
      T(names_keep_budgets_apart),
      T(work_of_another_run_is_that_runs),
      T(what_is_given_up_was_spent),
      T(each_day_has_its_own),
      T(without_a_price_nothing_leaves),
      T(a_dialog_is_paid_with_its_click),
      T(clients_of_a_journal_share_it),
      T(what_was_spent_can_be_read),
      T(a_client_without_a_journal_counts_for_itself),
      T(ten_thousand_refusals_take_some_turns),
      T(a_dry_run_sends_nothing),
  };
  return cmocka_run_group_tests_name("budget_journal", tests, NULL, NULL);
}
