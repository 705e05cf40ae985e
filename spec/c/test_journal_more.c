/* SPDX-License-Identifier: MIT
   test_journal_more.c - dialogs, rerolls and lists that cannot be had, for
   those who go on with another's work. */
#define _XOPEN_SOURCE 700
#include "journal_case.h"

static void with_family_unknown(mj_config *cfg) {
  journaled(cfg);
  cfg->dialect = "auto";
  cfg->busy_ms = 300000;
}

/* Picked up before it is known that the gateway has no lists at all. */
static void the_other_family_has_no_list(void **state) {
  struct seen s;
  {
    rig_tune = journaled;
    RIG(r, NEVER);
    (void)run(&r, rig_imagine(&r), 1000);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    killed(&r);
  }
  {
    rig_tune = with_family_unknown;
    RIG(r, NOT_MJ, GENERATE_HAS_NONE);
    s = run(&r, rig_imagine(&r), 100000);
    assert_int_equal(s.code, MJ_EUNKNOWN_OUTCOME);
    assert_int_equal(script_count(r.s), 2); /* what found the family out */
    assert_int_equal(unknowns(&r), 1);
    killed(&r);
  }
}

/* A list that cannot be had is asked for again, but not in a hurry, and not for
   ever. */
static void a_list_may_be_out_of_order(void **state) {
  char token[40], list[300];
  struct seen s;
  size_t i;
  {
    rig_tune = journaled;
    RIG(r, NEVER);
    s = run(&r, rig_imagine(&r), 1000);
    (void)snprintf(token, sizeof token, "%s", s.token);
    killed(&r);
  }
  journal_past += 3600000; /* an hour later: the times to look are over */
  {
    rig_tune = journaled;
    RIG(r, BAD_GATEWAY);
    s = run(&r, rig_imagine(&r), 3600000);
    assert_int_equal(s.code, MJ_EUNKNOWN_OUTCOME);
    assert_non_null(strstr(s.text, "could not be had"));
    assert_in_range(script_count(r.s), 5, 10);
    for (i = 1; i < script_count(r.s); i++)
      assert_true(script_at(r.s, i)->at_ms - script_at(r.s, i - 1)->at_ms >=
                  2500);
    killed(&r);
  }
  (void)snprintf(
      list, sizeof list,
      "[{\"id\":\"99\",\"status\":\"IN_PROGRESS\",\"state\":\"%s\"}]", token);
  {
    rig_tune = journaled;
    RIG(r, BAD_GATEWAY, BAD_GATEWAY, {.body = list}, DONE);
    s = run(&r, rig_imagine(&r), 3600000);
    good(&s);
    assert_string_equal(s.task, "99");
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    killed(&r);
  }
}

/* new-api's row is up to 15 s behind: it still says MODAL after the answer. */
static void a_dialog_is_answered_once(void **state) {
  mj_request q = click_on("MJ::CustomZoom::abc");
  struct seen s;
  q.zoom = 1.5;
  q.prompt = "wider";
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, ASKS, ACCEPT, ASKS);
    s = run(&r, rig_submit(&r, &q), 6000);
    assert_int_equal(s.done, 0);
    assert_int_equal(virtual_counted(r.w)->paid, 2);
    killed(&r);
  }
  {
    rig_tune = journaled;
    RIG(r, ASKS, ASKS, DONE);
    s = run(&r, rig_submit(&r, &q), 100000);
    good(&s);
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    killed(&r);
  }
}

static void who_waits(mj_config *cfg) {
  journaled(cfg);
  cfg->busy_ms = 300000;
}

/* Replies to `n` looks at a dialog that stays open: 2, 4 and then every 8 s. */
#define OPEN_FOR_LONG ASKS, ASKS, ASKS, ASKS, ASKS, ASKS, ASKS, ASKS, ASKS, ASKS

/* How often something paid left, and when the last time. */
static int paid(struct rig *r, int64_t *at_ms) {
  int n = 0;
  size_t i;
  for (i = 0; i < script_count(r->s); i++)
    if (script_at(r->s, i)->paid) {
      n++;
      *at_ms = script_at(r->s, i)->at_ms;
    }
  return n;
}

/* And the next start follows at once: each world's clock begins at 1000 s. */
static void killed_now(struct rig *r) {
  killed(r);
  journal_past -= 1000000;
}

/* Killed when an answer was on its way, or about to be: that of a click's
   dialog, or one to a dialog that was there. */
static void killed_at_the_answer(void **state, const mj_request *q) {
  int64_t at = 0;
  rig_tune = journaled;
  if (q->op == MJ_OP_CLICK) {
    RIG(r, ACCEPT, ASKS, NEVER);
    (void)run(&r, rig_submit(&r, q), 6000);
    assert_int_equal(paid(&r, &at), 2);
    killed_now(&r);
  } else {
    RIG(r, NEVER);
    (void)run(&r, rig_submit(&r, q), 6000);
    assert_int_equal(paid(&r, &at), 1);
    killed_now(&r);
  }
}

/* The dialog goes on: the answer had been taken. */
static void it_was_taken(void **state, const mj_request *q) {
  struct seen s;
  int64_t at;
  rig_tune = journaled;
  RIG(r, ASKS, ASKS, ASKS, RUNNING, DONE);
  s = run(&r, rig_submit(&r, q), 600000);
  good(&s);
  assert_int_equal(paid(&r, &at), 0);
  assert_int_equal(mj_run_done(r.c, 1, NULL), MJ_OK);
  killed_now(&r);
}

/* Cut off once more, while it looks: nothing is forgotten. */
static void killed_while_it_looks(void **state, const mj_request *q) {
  struct seen s;
  int64_t at;
  rig_tune = journaled;
  RIG(r, ASKS);
  s = run(&r, rig_submit(&r, q), 60000);
  assert_int_equal(s.done, 0);
  assert_int_equal(paid(&r, &at), 0);
  assert_int_equal(unknowns(&r), 0);
  killed_now(&r);
}

/* The dialog stays open: the answer goes again, and the click does not. */
static void it_goes_again(void **state, const mj_request *q) {
  struct seen s;
  int64_t began, at;
  size_t i;
  rig_tune = journaled;
  RIG(r, OPEN_FOR_LONG, ACCEPT, DONE);
  began = mj_now(r.c);
  s = run(&r, rig_submit(&r, q), 100000);
  good(&s);
  assert_int_equal(paid(&r, &at), 1);
  /* the first two starts had 66 s of the 130 */
  assert_true(at - began >= 60000 && at - began < 80000);
  for (i = 0; i < script_count(r.s); i++)
    assert_null(strstr(script_at(r.s, i)->url, "/submit/action"));
  assert_int_equal(mj_run_done(r.c, 1, NULL), MJ_OK);
  killed_now(&r);
}

/* The task tells. */
static void an_answer_that_nobody_saw_leave(void **state) {
  mj_request q = click_on("MJ::CustomZoom::abc"), answer;
  const mj_request *asked[] = {&q, &answer};
  size_t k;
  q.zoom = 1.5;
  q.prompt = "wider";
  memset(&answer, 0, sizeof answer);
  answer.op = MJ_OP_MODAL;
  answer.task = "17";
  answer.prompt = "wider --zoom 1.5";
  for (k = 0; k < sizeof asked / sizeof asked[0]; k++) {
    killed_at_the_answer(state, asked[k]);
    killed_while_it_looks(state, asked[k]);
    it_goes_again(state, asked[k]);
    killed_at_the_answer(state, asked[k]);
    it_was_taken(state, asked[k]);
  }
}

/* Nor does an answer that goes again go a third time. */
static void it_goes_once_more_at_most(void **state) {
  mj_request q = click_on("MJ::CustomZoom::abc");
  struct seen s;
  int64_t at;
  q.zoom = 1.5;
  q.prompt = "wider";
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, ASKS, LOST, ASKS, ASKS, ASKS, ASKS, ASKS, ASKS, ASKS, ASKS,
        ASKS, ASKS, ASKS, ASKS, ASKS, ASKS, ASKS, ASKS, ASKS, ASKS, LOST, ASKS);
    s = run(&r, rig_submit(&r, &q), 150000);
    assert_int_equal(s.done, 0);
    assert_int_equal(paid(&r, &at), 3);
    killed(&r);
  }
  {
    rig_tune = journaled;
    RIG(r, ASKS);
    s = run(&r, rig_submit(&r, &q), 600000);
    assert_int_equal(s.code, MJ_ENEEDS_INPUT);
    assert_int_equal(paid(&r, &at), 0);
    killed(&r);
  }
}

/* The answer could not be sent; the click had been taken. */
static void a_click_is_not_clicked_again_for_its_dialog(void **state) {
  mj_request q = click_on("MJ::CustomZoom::abc");
  struct seen s;
  q.zoom = 1.5;
  q.prompt = "wider";
  {
    rig_tune = who_waits;
    RIG(r, ACCEPT, ASKS, SLOW_DOWN, ASKS);
    s = run(&r, rig_submit(&r, &q), 6000);
    assert_int_equal(s.done, 0);
    assert_int_equal(virtual_counted(r.w)->paid, 2);
    killed(&r);
  }
  {
    size_t i;
    rig_tune = journaled;
    RIG(r, ASKS, ACCEPT, DONE);
    s = run(&r, rig_submit(&r, &q), 100000);
    good(&s);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    for (i = 0; i < script_count(r.s); i++)
      assert_null(strstr(script_at(r.s, i)->url, "/submit/action"));
    killed(&r);
  }
}

/* Its answer was refused, so all of it goes again, and nobody hears of it: the
   task that was refused is not the one that may have been made. */
static void a_refused_task_is_forgotten(void **state) {
  mj_request q = click_on("MJ::CustomZoom::abc");
  char list[300];
  struct seen s;
  q.zoom = 1.5;
  q.prompt = "wider";
  {
    rig_tune = told_at_once;
    RIG(r, ACCEPT, ASKS, FULL);
    s = run(&r, rig_submit(&r, &q), 6000);
    assert_int_equal(s.code, MJ_EQUEUE_FULL);
    killed(&r);
  }
  {
    rig_tune = journaled;
    RIG(r, NEVER);
    s = run(&r, rig_submit(&r, &q), 1000);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    killed(&r);
  }
  (void)snprintf(list, sizeof list,
                 "[{\"id\":\"99\",\"status\":\"SUCCESS\",\"state\":\"%s\"}]",
                 s.token);
  {
    rig_tune = journaled;
    RIG(r, {.body = list}, DONE);
    s = run(&r, rig_submit(&r, &q), 100000);
    good(&s);
    assert_string_equal(s.task, "99");
    killed(&r);
  }
}

static void of_generate(mj_config *cfg) {
  journaled(cfg);
  cfg->dialect = "generate";
}

/* That family repeats nothing of what it was told: the journal does. */
static void a_reroll_repeats_what_the_journal_has(void **state) {
  mj_request q = click_on("generate::reroll");
  struct seen s;
  char *body;
  q.task = "task_1";
  {
    rig_tune = of_generate;
    RIG(r, GENERATE_ACCEPT, GENERATE_DONE);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    body = strdup(script_at(r.s, 0)->body);
    killed(&r);
  }
  {
    rig_tune = of_generate;
    RIG(r, GENERATE_ACCEPT, GENERATE_DONE);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_int_equal(script_count(r.s), 0);
    s = run(&r, rig_submit(&r, &q), 100000);
    good(&s);
    assert_string_equal(script_at(r.s, 0)->body, body);
    killed(&r);
  }
  free(body);
}

/* Given up after minutes of trouble, or let go: the picture is paid for. */
static void what_was_given_up_here_goes_on_there(void **state) {
  struct seen s;
  mj_id id;
  {
    rig_tune = journaled;
    RIG(r, ACCEPT, {.curl_code = 7, .sent_less = 2});
    s = run(&r, rig_imagine(&r), 10000000);
    assert_int_equal(s.code, MJ_ENETWORK);
    assert_int_equal(mj_run_done(r.c, 0, NULL), MJ_OK);
    killed(&r);
  }
  {
    rig_tune = journaled;
    RIG(r, RUNNING);
    id = rig_imagine(&r);
    s = run(&r, id, 10000);
    assert_int_equal(s.accepted, 1);
    assert_int_equal(mj_detach(r.c, id), MJ_OK);
    s = run(&r, id, 10000);
    assert_int_equal(s.code, MJ_ECANCELLED);
    killed(&r);
  }
  {
    rig_tune = journaled;
    RIG(r, DONE);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_string_equal(s.task, "17");
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    killed(&r);
  }
}

static int64_t jumps; /* the date goes on by a minute at each look, so often */

static int64_t jumping(void *ud) {
  if (jumps > 0) {
    jumps--;
    journal_past += 60000;
  }
  return journal_past + virtual_now(ud);
}

static void on_a_slow_disk(mj_config *cfg) {
  journaled(cfg);
  cfg->wall = jumping;
}

static int64_t sent_at;

static int note_sent(void *ud, const mj_row *row) {
  (void)ud;
  sent_at = row->sent_wall_ms;
  return 0;
}

/* Who takes two minutes of silence for proof counts from the record. */
static void a_record_that_took_a_minute_is_made_anew(void **state) {
  mj_error err;
  rig_tune = on_a_slow_disk;
  RIG(r, NEVER);
  jumps = 6;
  (void)run(&r, rig_imagine(&r), 1000);
  assert_int_equal(jumps, 0);
  assert_int_equal(virtual_counted(r.w)->paid, 1);
  assert_int_equal(mj_journal_each(r.c, 0, note_sent, NULL, &err), MJ_OK);
  assert_in_range(journal_past + mj_now(r.c) - sent_at, 0, 2000);
  killed(&r);
}

#define NO_PROMPT                                                              \
  {                                                                            \
    .body = "{\"code\":200,\"message\":\"success\",\"data\":{\"taskId\":"      \
            "\"task_1\",\"state\":\"generating\"}}"                            \
  }

static struct { char action[32], prompt[32]; } shown;

/* The task that it ended with. */
static void see_task(struct rig *r, mj_id id) {
  const mj_event *e;
  int64_t until = mj_now(r->c) + 600000;
  int done = 0;
  memset(&shown, 0, sizeof shown);
  while (!done && mj_now(r->c) < until) {
    assert_int_equal(mj_flush(r->c, -1, NULL), MJ_OK);
    (void)mj_step(r->c, mj_timeout(r->c) < 0 ? 1 : until - mj_now(r->c), 0);
    while ((e = mj_event_peek(r->c)) != NULL) {
      if (e->id == id && e->type == MJ_EV_DONE && e->task) {
        done = 1;
        (void)snprintf(shown.action, sizeof shown.action, "%s",
                       e->task->action ? e->task->action : "-");
        (void)snprintf(shown.prompt, sizeof shown.prompt, "%s",
                       e->task->prompt ? e->task->prompt : "-");
      }
      mj_event_pop(r->c);
    }
  }
  assert_int_equal(done, 1);
}

/* With the family to be found out at each start: what that family does not
   repeat is known all the same, whether the task runs or is there. */
static void the_family_is_found_out_again(void **state) {
  struct seen s;
  {
    rig_tune = with_family_unknown;
    RIG(r, NOT_MJ, GENERATE_HAS_NONE, GENERATE_ACCEPT, NO_PROMPT);
    s = run(&r, rig_imagine(&r), 30000);
    assert_int_equal(s.accepted, 1);
    killed(&r);
  }
  {
    rig_tune = with_family_unknown;
    RIG(r, NOT_MJ, GENERATE_HAS_NONE, NO_PROMPT, GENERATE_DONE);
    see_task(&r, rig_imagine(&r));
    assert_string_equal(shown.action, "IMAGINE");
    assert_string_equal(shown.prompt, "black cat");
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    killed(&r);
  }
  { /* nothing is asked, not even the family */
    rig_tune = with_family_unknown;
    RIG(r, NOT_MJ);
    see_task(&r, rig_imagine(&r));
    assert_string_equal(shown.action, "IMAGINE");
    assert_string_equal(shown.prompt, "black cat");
    assert_int_equal(script_count(r.s), 0);
    killed(&r);
  }
}

/* One that was not sent goes to the address of its family, and a route that
   this gateway lacks is that of its family, too. */
static void what_waited_goes_to_its_family(void **state) {
  struct seen s;
  {
    rig_tune = with_family_unknown;
    RIG(r, NOT_MJ, GENERATE_HAS_NONE, SLOW_DOWN);
    s = run(&r, rig_imagine(&r), 3000);
    assert_int_equal(s.done, 0);
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    killed(&r);
  }
  {
    rig_tune = with_family_unknown;
    RIG(r, NOT_MJ, GENERATE_HAS_NONE, GENERATE_ACCEPT, GENERATE_DONE);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_non_null(strstr(script_at(r.s, 2)->url, "/generateTask/"));
    assert_int_equal(virtual_counted(r.w)->paid, 1);
    killed(&r);
  }
}

static const char *journal_of;

static void known_journal(mj_config *cfg) {
  journaled(cfg);
  journal_of = cfg->journal;
}

/* Looked at from outside, whoever uses it. */
static void a_run_tells_how_it_ended(void **state) {
  int64_t ended = -1;
  int ended_well = -1;
  mj_error err;
  {
    rig_tune = known_journal;
    RIG(r, ACCEPT, DONE);
    (void)run(&r, rig_imagine(&r), 100000);
    assert_int_equal(mj_flush(r.c, 5000, &err), MJ_OK);
    assert_int_equal(
        mj_run_last(journal_of, "test.lua", &ended, &ended_well, &err), MJ_OK);
    assert_int_equal(ended, 0);
    assert_int_equal(ended_well, 0);
    assert_int_equal(
        mj_run_last(journal_of, "other.lua", &ended, &ended_well, &err),
        MJ_ENOT_FOUND);
    assert_int_equal(mj_run_done(r.c, 1, &err), MJ_OK);
    assert_int_equal(mj_flush(r.c, 5000, &err), MJ_OK);
    assert_int_equal(
        mj_run_last(journal_of, "test.lua", &ended, &ended_well, &err), MJ_OK);
    assert_true(ended > 0);
    assert_int_equal(ended_well, 1);
    killed(&r);
  }
  assert_int_equal(
      mj_run_last("/nowhere/at.all", "x", &ended, &ended_well, &err),
      MJ_ENOT_FOUND);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, journal_up, journal_down)
  const struct CMUnitTest tests[] = {
      T(the_other_family_has_no_list),
      T(a_list_may_be_out_of_order),
      T(a_reroll_repeats_what_the_journal_has),
      T(a_dialog_is_answered_once),
      T(an_answer_that_nobody_saw_leave),
      T(it_goes_once_more_at_most),
      T(the_family_is_found_out_again),
      T(what_waited_goes_to_its_family),
      T(a_click_is_not_clicked_again_for_its_dialog),
      T(a_refused_task_is_forgotten),
      T(what_was_given_up_here_goes_on_there),
      T(a_record_that_took_a_minute_is_made_anew),
      T(a_run_tells_how_it_ended),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
