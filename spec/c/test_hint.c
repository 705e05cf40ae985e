/* SPDX-License-Identifier: MIT
   test_hint.c - what callbacks say: it makes the client look, and proves
   nothing. */
#define _XOPEN_SOURCE 700
#include "journal_case.h"

#include "tag.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static int hint(struct rig *r, const char *text) {
  mj_error err;
  int rc = mj_hint(r->c, text, strlen(text), &err);
  if (rc < 0) {
    assert_int_equal(err.code, rc);
    assert_true(err.text[0] != '\0');
  }
  return rc;
}

static void with_a_tag(mj_config *cfg) {
  journaled(cfg);
  cfg->seed_tag = 1;
}

static void told(char *out, size_t size, const char *id, const char *state,
                 const char *prompt) {
  (void)snprintf(out, size,
                 "{\"id\":\"%s\",\"status\":\"IN_PROGRESS\",\"state\":\"%s\","
                 "\"prompt\":\"%s\"}",
                 id, state, prompt);
}

/* Loses a request at a gateway without lists; its token. */
static void lose(struct rig *r, char *token) {
  struct seen s = run(r, rig_imagine(r), 100000);
  assert_int_equal(s.code, MJ_EUNKNOWN_OUTCOME);
  assert_int_equal(strlen(s.token), 29);
  memcpy(token, s.token, 30);
  assert_int_equal(unknowns(r), 1);
}

/* Steps while a question is under way. */
static void a_while(struct rig *r) {
  mj_id timer;
  int64_t until = mj_now(r->c) + 3000;
  assert_int_equal(mj_after(r->c, 3000, &timer, NULL), MJ_OK);
  while (mj_now(r->c) < until) {
    (void)mj_step(r->c, 1000, 0);
    while (mj_event_peek(r->c))
      mj_event_pop(r->c);
  }
}

static void a_task_that_runs_is_asked_for_at_once(void **state) {
  mj_id id;
  size_t n;
  int64_t at;
  rig_tune = journaled;
  RIG(r, ACCEPT, RUNNING, RUNNING, DONE);
  id = rig_imagine(&r);
  (void)run(&r, id, 9000); /* asked for after 2 s and 6 s; the next at 14 s */
  n = script_count(r.s);
  at = mj_now(r.c);
  assert_int_equal(hint(&r, "{\"id\":\"17\",\"status\":\"SUCCESS\"}"), 1);
  (void)run(&r, id, 1000);
  assert_int_equal(script_count(r.s), n + 1);
  assert_true(script_at(r.s, n)->at_ms - at < 100);
  rig_down(&r);
}

static void the_gateway_has_the_last_word(void **state) {
  static const char *const lies[] = {
      "{\"code\":4,\"description\":\"task_no_found\"}",
      "{\"id\":\"99\",\"status\":\"SUCCESS\",\"state\":\"somebody's\"}",
      "{\"id\":\"99\",\"status\":\"SUCCESS\",\"state\":\"\"}",
      "{\"id\":\"98\",\"status\":\"SUCCESS\",\"state\":\"%s\"}",
      "<html>502</html>"};
  char token[40], text[400], lie[300];
  size_t i;
  for (i = 0; i < COUNT(lies); i++) {
    assert_int_equal(journal_up(state), 0);
    {
      rig_tune = journaled;
      RIG(r, LOST, NO_LIST);
      lose(&r, token);
      killed(&r);
    }
    (void)snprintf(lie, sizeof lie, "%s", lies[i]);
    if (strstr(lies[i], "%s"))
      (void)snprintf(lie, sizeof lie,
                     "{\"id\":\"98\",\"status\":\"SUCCESS\",\"state\":\"%s\"}",
                     token);
    {
      rig_tune = journaled;
      RIG(r, {.body = lie});
      told(text, sizeof text, "99", token, "cat");
      assert_int_equal(hint(&r, text), 1);
      a_while(&r);
      assert_int_equal(script_count(r.s), 1);
      assert_int_equal(unknowns(&r), 1);
      killed(&r);
    }
    assert_int_equal(journal_down(state), 0);
  }
}

static void what_was_unknown_is_found(void **state) {
  char token[40], text[400];
  struct seen s;
  {
    rig_tune = journaled;
    RIG(r, LOST, NO_LIST);
    lose(&r, token);
    killed(&r);
  }
  told(text, sizeof text, "99", token, "cat");
  {
    rig_tune = journaled;
    RIG(r, {.body = text}, DONE);
    assert_int_equal(hint(&r, text), 1);
    a_while(&r);
    assert_non_null(strstr(script_at(r.s, 0)->url, "/mj/task/99/fetch"));
    assert_int_equal(unknowns(&r), 0);
    s = run(&r, rig_imagine(&r), 100000);
    good(&s);
    assert_string_equal(s.task, "99");
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    killed(&r);
  }
}

/* new-api's rows have no state of ours. */
static void a_seed_will_do(void **state) {
  char token[40], prompt[60], text[400];
  {
    rig_tune = with_a_tag;
    RIG(r, LOST, NO_LIST);
    lose(&r, token);
    killed(&r);
  }
  (void)snprintf(prompt, sizeof prompt, "cat --seed %u",
                 (unsigned)mj__tag(token));
  told(text, sizeof text, "99", "", prompt);
  {
    rig_tune = journaled; /* seeds were not wished for */
    RIG(r, {.body = text});
    assert_int_equal(hint(&r, text), 0);
    killed(&r);
  }
  {
    rig_tune = with_a_tag;
    RIG(r, {.body = text}, DONE);
    assert_int_equal(hint(&r, "{\"id\":\"99\",\"status\":\"SUCCESS\","
                              "\"prompt\":\"cat --seed 1\"}"),
                     0);
    assert_int_equal(hint(&r, text), 1);
    a_while(&r);
    assert_int_equal(unknowns(&r), 0);
    killed(&r);
  }
}

static void with_a_dialect_to_find(mj_config *cfg) {
  journaled(cfg);
  cfg->dialect = "auto";
}

/* What stands there by now answers with its web page: what was sent stays in
   doubt, and its evidence is asked for at leisure. */
static void a_page_proves_nothing_about_it(void **state) {
  static const script_reply shop = {.body = "<title>My Shop</title>"};
  char token[40], text[400];
  struct seen s;
  {
    rig_tune = journaled;
    RIG(r, LOST, NO_LIST);
    lose(&r, token);
    killed(&r);
  }
  told(text, sizeof text, "99", token, "cat");
  {
    rig_tune = with_a_dialect_to_find;
    RIG(r, shop);
    assert_int_equal(hint(&r, text), 1);
    a_while(&r);
    assert_in_range(script_count(r.s), 2, 4);
    assert_int_equal(unknowns(&r), 1);
    s = run(&r, rig_imagine(&r), 3600000);
    assert_int_equal(virtual_counted(r.w)->paid, 0);
    assert_in_range(script_count(r.s), 4, 300);
    assert_int_equal(unknowns(&r), 1);
    assert_int_equal(s.code, MJ_EUNKNOWN_OUTCOME);
    killed(&r);
  }
}

static void rubbish(void **state) {
  static const struct {
    const char *text;
    int rc;
  } all[] = {{"", MJ_EPROTOCOL},
             {"<html>", MJ_EPROTOCOL},
             {"[]", 0},
             {"7", 0},
             {"{}", 0},
             {"{\"id\":\"../../x\",\"status\":\"SUCCESS\"}", 0},
             {"{\"id\":\"123\",\"status\":\"SUCCESS\"}", 0},
             {"{\"code\":200,\"data\":{\"taskId\":\"t\"}}", 0}};
  char *large = calloc(1, (256 << 10) + 2);
  size_t i;
  int followed = 0;
  rig_tune = journaled;
  RIG(r, ACCEPT, RUNNING);
  for (i = 0; i < COUNT(all); i++)
    if (hint(&r, all[i].text) != all[i].rc)
      fail_msg("%s", all[i].text);
  assert_non_null(large);
  memset(large, ' ', (256 << 10) + 1);
  assert_int_equal(hint(&r, large), MJ_ETOO_LARGE);
  free(large);
  /* a flood is not followed */
  (void)run(&r, rig_imagine(&r), 3000);
  for (i = 0; i < 1000; i++)
    followed += hint(&r, "{\"id\":\"17\",\"status\":\"SUCCESS\"}");
  assert_in_range(followed, 80, 110);
  assert_true(script_count(r.s) < 10);
  rig_down(&r);
}

#define T(f) cmocka_unit_test_setup_teardown(f, journal_up, journal_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      T(a_task_that_runs_is_asked_for_at_once),
      cmocka_unit_test(the_gateway_has_the_last_word),
      T(what_was_unknown_is_found),
      T(a_seed_will_do),
      T(a_page_proves_nothing_about_it),
      T(rubbish),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
