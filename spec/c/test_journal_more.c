/* SPDX-License-Identifier: MIT
   test_journal_more.c - dialogs, rerolls and lists that cannot be had, for
   those who go on with another's work. */
#define _XOPEN_SOURCE 700
#include "journal_case.h"

static void with_family_unknown(mj_config *cfg) {
  journaled(cfg);
  cfg->dialect = "auto";
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

/* The answer could not be sent; the click had been taken. */
static void a_click_is_not_clicked_again_for_its_dialog(void **state) {
  mj_request q = click_on("MJ::CustomZoom::abc");
  struct seen s;
  q.zoom = 1.5;
  q.prompt = "wider";
  {
    rig_tune = journaled;
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
    rig_tune = journaled;
    RIG(r, ACCEPT, ASKS, BANNED);
    s = run(&r, rig_submit(&r, &q), 6000);
    assert_int_equal(s.code, MJ_EBANNED_PROMPT);
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

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, journal_up, journal_down)
  const struct CMUnitTest tests[] = {
      T(the_other_family_has_no_list),
      T(a_list_may_be_out_of_order),
      T(a_reroll_repeats_what_the_journal_has),
      T(a_dialog_is_answered_once),
      T(a_click_is_not_clicked_again_for_its_dialog),
      T(a_refused_task_is_forgotten),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
