/* SPDX-License-Identifier: MIT
   test_sim_scenario.c - what a scenario makes of requests and tasks. */
#include "test_sim.h"

static mj_sim *with(const struct mj_sim_step *steps, size_t n,
                    const char *profile) {
  struct mj_sim_config cfg;
  memset(&cfg, 0, sizeof cfg);
  cfg.scenario = steps;
  cfg.nscenario = n;
  cfg.sync = -1;
  cfg.clock = 10;
  return sim_open(profile, &cfg);
}

#define WITH(steps) with(steps, sizeof steps / sizeof steps[0], "new-api")

static uint64_t tasks(mj_sim *s) {
  struct mj_sim_stats stats;
  mj_sim_count(s, &stats);
  return stats.tasks;
}

static struct answer *cat(mj_sim *s) {
  return ask(s, "POST", "/mj/submit/imagine", "{\"prompt\":\"cat\"}", 0);
}

static void test_literal_answers(void **state) {
  struct mj_sim_step steps[2];
  (void)state;
  memset(steps, 0, sizeof steps);
  steps[0].route = "/submit/imagine";
  steps[0].first = steps[0].last = 2;
  steps[0].status = 503;
  steps[0].content_type = "text/x-odd";
  steps[0].body = "no\0pe";
  steps[0].len = 5;
  steps[0].headers[0][0] = "Retry-After";
  steps[0].headers[0][1] = "Wed, 21 Oct 2026 07:28:00 GMT";
  steps[0].headers[1][0] = "X-Other";
  steps[0].headers[1][1] = "y";
  steps[1].route = "/mj/task/*/fetch"; /* as people write it */
  steps[1].first = 2;
  steps[1].last = 3;
  steps[1].status = 204;
  steps[1].after = 1;
  mj_sim *s = WITH(steps);
  const char *id = imagine(s, "dog", 0);
  struct answer *a = cat(s);
  assert_int_equal(a->reply.status, 503);
  assert_string_equal(a->reply.content_type, "text/x-odd");
  assert_int_equal(a->reply.len, 5);
  assert_memory_equal(a->body, "no\0pe", 5);
  assert_int_equal(a->reply.nheaders, 2);
  assert_string_equal(a->reply.headers[0].name, "Retry-After");
  assert_string_equal(a->reply.headers[0].value,
                      "Wed, 21 Oct 2026 07:28:00 GMT");
  assert_string_equal(a->reply.headers[1].value, "y");
  assert_int_equal(tasks(s), 1);
  assert_int_equal(cat(s)->reply.status, 200);
  for (int i = 1; i < 6; i++) {
    a = ask(s, "GET", say("/mj-fast/mj/task/%s/fetch?x=1", id), NULL, 0);
    assert_int_equal(a->reply.status, i == 2 || i == 3 ? 204 : 200);
    assert_int_equal(a->reply.len == 0, i == 2 || i == 3);
  }
  mj_sim_free(s);
}

/* Whether the gateway has done its work is what decides about money. */
static void test_before_and_after(void **state) {
  struct mj_sim_step steps[4];
  (void)state;
  memset(steps, 0, sizeof steps);
  for (int i = 0; i < 4; i++) {
    steps[i].route = "/submit/*";
    steps[i].first = steps[i].last = (uint64_t)i + 1;
  }
  steps[0].status = steps[1].status = 500;
  steps[1].after = steps[3].after = 1;
  steps[2].drop = steps[3].drop = 1;
  mj_sim *s = WITH(steps);
  static const unsigned made[] = {0, 1, 1, 2, 3};
  for (int i = 0; i < 5; i++) {
    struct answer *a = cat(s);
    assert_int_equal(a->reply.drop, i == 2 || i == 3);
    if (i != 2 && i != 3)
      assert_int_equal(a->reply.status, i < 2 ? 500 : 200);
    assert_int_equal(tasks(s), made[i]);
  }
  mj_sim_free(s);
}

static void test_faults_and_delays(void **state) {
  struct mj_sim_step steps[4];
  (void)state;
  memset(steps, 0, sizeof steps);
  steps[0].route = steps[1].route = steps[2].route = steps[3].route =
      "/submit/imagine";
  steps[0].first = steps[0].last = 1;
  steps[0].fault = "html502";
  steps[1].first = 1; /* the first one counts, but this one counts along */
  steps[1].last = 2;
  steps[1].fault = "html504";
  steps[2].first = steps[2].last = 3;
  steps[2].fault = "number_result";
  steps[3].first = steps[3].last = 4;
  steps[3].delay = 3;
  mj_sim *s = WITH(steps);
  assert_int_equal(cat(s)->reply.status, 502);
  assert_int_equal(tasks(s), 0);
  assert_int_equal(cat(s)->reply.status, 504);
  assert_int_equal(tasks(s), 1);
  assert_true(has(cat(s), "\"result\":17415"));
  struct answer *a = cat(s);
  assert_int_equal(a->reply.delay_ms, 300);
  assert_true(has(a, "\"code\":1,"));
  a = cat(s);
  assert_int_equal(a->reply.delay_ms, 0);
  assert_int_equal(a->reply.status, 200);
  mj_sim_free(s);
}

static void test_tasks(void **state) {
  struct mj_sim_step steps[3];
  (void)state;
  memset(steps, 0, sizeof steps);
  steps[0].task = "black cat";
  steps[0].first = steps[0].last = 2;
  steps[0].fail = "[Invalid link] no\n\"such\" thing";
  steps[1].task = "cat";
  steps[1].seconds = 5;
  steps[2].task = "dog";
  steps[2].stuck = 1;
  mj_sim *s = WITH(steps);
  const char *one = imagine(s, "a black cat", 0);
  const char *two = imagine(s, "a black cat", 0);
  const char *three = imagine(s, "a dog", 0), *four = imagine(s, "a cow", 0);
  assert_string_equal(text_of(fetch(s, one, 450), "status"), "IN_PROGRESS");
  assert_string_equal(text_of(fetch(s, one, 500), "status"), "SUCCESS");
  assert_string_equal(text_of(fetch(s, four, 500), "status"), "IN_PROGRESS");
  struct answer *a = fetch(s, two, 9000);
  assert_string_equal(text_of(a, "status"), "FAILURE");
  assert_true(has(a, "[Invalid link] no\\n\\\"such\\\" thing"));
  assert_string_equal(text_of(fetch(s, three, 20000), "progress"), "93%");
  assert_string_equal(text_of(fetch(s, four, 9000), "status"), "SUCCESS");
  mj_sim_free(s);
}

/* A task that waits for a dialog gets its prompt with the answer. */
static void test_dialogs(void **state) {
  struct mj_sim_step step;
  const char *id = "14001934816969359", *button;
  (void)state;
  memset(&step, 0, sizeof step);
  step.task = "purple";
  step.fail = "no purple";
  mj_sim *s = with(&step, 1, "new-api");
  button = strstr(fetch(s, id, 0)->body, "MJ::JOB::upsample::1");
  button = say("%.*s", (int)strcspn(button, "\""), button);
  id = submit(s, "/mj/submit/action",
              say("{\"taskId\":\"%s\",\"customId\":\"%s\"}", id, button), 0);
  button = strstr(fetch(s, id, 9000)->body, "MJ::CustomZoom");
  button = say("%.*s", (int)strcspn(button, "\""), button);
  id = submit(s, "/mj/submit/action",
              say("{\"taskId\":\"%s\",\"customId\":\"%s\"}", id, button), 9000);
  submit(s, "/mj/submit/modal",
         say("{\"taskId\":\"%s\",\"prompt\":\"purple --zoom 2\"}", id), 9000);
  assert_string_equal(text_of(fetch(s, id, 30000), "failReason"), "no purple");
  mj_sim_free(s);
}

static void refused(const struct mj_sim_step *step, const char *expected) {
  struct mj_sim_config cfg;
  struct mj_sim_step steps[2];
  mj_sim *s = NULL;
  char why[200] = "";
  memset(&cfg, 0, sizeof cfg);
  memset(steps, 0, sizeof steps);
  steps[0].route = "/x";
  steps[0].body = "copied";
  steps[1] = *step;
  cfg.scenario = steps;
  cfg.nscenario = 2;
  assert_int_equal(mj_sim_new(&s, &cfg, why, sizeof why), -1);
  assert_string_equal(why, say("scenario: step 2: %s", expected));
}

static void test_wrong_steps(void **state) {
  struct mj_sim_step step;
  (void)state;
  memset(&step, 0, sizeof step);
  refused(&step, "a route or a task expected");
  step.task = step.route = "/x";
  refused(&step, "a route or a task expected");
  step.task = NULL;
  step.fault = "html5";
  refused(&step, "no such fault");
  step.fault = NULL;
  step.status = 99;
  refused(&step, "a status from 200 to 599 expected");
  step.status = 200;
  step.last = 2;
  refused(&step, "the first is 1, and the last is not before it");
  step.first = 3;
  refused(&step, "the first is 1, and the last is not before it");
  step.first = 1;
  step.delay = -1;
  refused(&step, "seconds are not below 0");
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_literal_answers),
      cmocka_unit_test(test_before_and_after),
      cmocka_unit_test(test_faults_and_delays),
      cmocka_unit_test(test_tasks),
      cmocka_unit_test(test_dialogs),
      cmocka_unit_test(test_wrong_steps),
  };
  return cmocka_run_group_tests_name("sim_scenario", tests, NULL, NULL);
}
