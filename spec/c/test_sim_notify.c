/* SPDX-License-Identifier: MIT
   test_sim_notify.c - the simulator's callbacks: which are due, when, and what
   they say. */
#include "test_sim.h"

#define HOOK "http://127.0.0.1:9/hook?task=1"
#define MANY 400

static struct {
  char status[16], progress[8];
  int64_t at;
  uint64_t id, key;
} told[MANY];
static size_t ntold;
static int64_t now; /* after T0 */

static mj_sim *open_as(const char *profile, const char *fault) {
  struct mj_sim_config cfg;
  memset(&cfg, 0, sizeof cfg);
  cfg.fault = fault;
  cfg.seed = 7;
  ntold = 0;
  now = 0;
  return sim_open(profile, &cfg);
}

static const char *hooked(mj_sim *s, const char *prompt, int64_t at_ms) {
  return submit(s, "/mj/submit/imagine",
                say("{\"prompt\":\"%s\",\"notifyHook\":\"" HOOK "\"}", prompt),
                at_ms);
}

static const char *member(const char *body, const char *key) {
  const char *p = strstr(body, say("\"%s\":\"", key));
  if (!p)
    return "-";
  p = strchr(p, ':') + 2;
  return say("%.*s", (int)strcspn(p, "\""), p);
}

static void note(const struct mj_sim_callback *c) {
  assert_true(ntold < MANY);
  snprintf(told[ntold].status, sizeof told[0].status, "%s",
           member(c->body, "status"));
  snprintf(told[ntold].progress, sizeof told[0].progress, "%s",
           member(c->body, "progress"));
  told[ntold].at = now;
  told[ntold].id = c->id;
  told[ntold].key = c->key;
  ntold++;
}

/* Takes what comes until T0 + until_ms, woken by nothing but callback_ms.  With
   `same` each body is what a fetch answers at that moment. */
static void listen_until(mj_sim *s, int64_t until_ms, int same) {
  struct mj_sim_callback c;
  int64_t ms;
  for (int turns = 0; turns < 100000; turns++) {
    while (mj_sim_callback(s, T0 + now, &c)) {
      assert_string_equal(c.url, HOOK);
      assert_int_equal(c.len, strlen(c.body));
      if (same)
        assert_string_equal(fetch(s, member(c.body, "id"), now)->body, c.body);
      note(&c);
      mj_sim_callback_free(&c);
    }
    ms = mj_sim_callback_ms(s, T0 + now);
    if (ms < 0 || now + ms > until_ms)
      return;
    now += ms;
  }
  fail_msg("it never ends");
}

#define ALWAYS INT64_C(10000000)

/* "SUBMITTED 0%, IN_PROGRESS 15%, ..." of what was told; each once if `once`.
 */
static const char *story(int once) {
  static char text[8192];
  size_t n = 0;
  text[0] = '\0';
  for (size_t i = 0; i < ntold; i++) {
    if (once && i && !strcmp(told[i].status, told[i - 1].status) &&
        !strcmp(told[i].progress, told[i - 1].progress))
      continue;
    n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %s", n ? ", " : "",
                          told[i].status, told[i].progress);
  }
  return text;
}

#define RUNS                                                                   \
  "SUBMITTED 0%, IN_PROGRESS 15%, IN_PROGRESS 31%, IN_PROGRESS 46%, "          \
  "IN_PROGRESS 62%, IN_PROGRESS 78%, IN_PROGRESS 93%"
#define WHOLE RUNS ", SUCCESS 100%"

static uint64_t handed_out(const mj_sim *s) {
  struct mj_sim_stats stats;
  mj_sim_count(s, &stats);
  return stats.callbacks;
}

static void test_sequence(void **state) {
  static const char *const profiles[] = {"novicezk", "plus", "trueai"};
  (void)state;
  for (int i = 0; i < 3; i++) {
    mj_sim *s = open_as(profiles[i], NULL);
    assert_int_equal(mj_sim_callback_ms(s, T0), -1);
    hooked(s, "cat", 0);
    listen_until(s, ALWAYS, 1);
    assert_string_equal(story(1), WHOLE);
    assert_int_equal(mj_sim_callback_ms(s, T0 + ALWAYS), -1);
    assert_int_equal(handed_out(s), ntold);
    for (size_t k = 1; k < ntold; k++)
      assert_true(told[k].at >= told[k - 1].at);
    assert_in_range(told[ntold - 1].at, 20000, 60000);
    mj_sim_free(s);
  }
}

/* novicezk repeats itself now and then, while it draws; the others do not. */
static void test_duplicates(void **state) {
  static const struct {
    const char *profile;
    size_t least, most;
  } cases[] = {{"novicezk", 1, 40}, {"plus", 0, 0}, {"trueai", 0, 0}};
  (void)state;
  for (int i = 0; i < 3; i++) {
    mj_sim *s = open_as(cases[i].profile, NULL);
    size_t again = 0;
    for (int k = 0; k < 20; k++)
      hooked(s, say("cat %d", k), k * 100000);
    listen_until(s, ALWAYS, 0);
    for (size_t k = 1; k < ntold; k++)
      if (told[k].key == told[k - 1].key &&
          !strcmp(told[k].status, told[k - 1].status) &&
          !strcmp(told[k].progress, told[k - 1].progress)) {
        again++;
        assert_string_equal(told[k].status, "IN_PROGRESS");
      }
    assert_in_range(again, cases[i].least, cases[i].most);
    assert_int_equal(ntold, 20 * 8 + again);
    mj_sim_free(s);
  }
}

/* It takes the hook out of what it passes on. */
static void test_new_api(void **state) {
  mj_sim *s = open_as("new-api", "webhook_twice");
  (void)state;
  hooked(s, "cat", 0);
  assert_int_equal(mj_sim_callback_ms(s, T0), -1);
  listen_until(s, ALWAYS, 0);
  assert_int_equal(ntold, 0);
  mj_sim_free(s);
}

static void test_without_a_hook(void **state) {
  mj_sim *s = open_as("plus", NULL);
  (void)state;
  imagine(s, "cat", 0);
  submit(s, "/mj/submit/imagine", "{\"prompt\":\"dog\",\"notifyHook\":\" \"}",
         0);
  submit(s, "/mj/submit/imagine", "{\"prompt\":\"dog\",\"notifyHook\":null}",
         0);
  assert_int_equal(mj_sim_callback_ms(s, T0), -1);
  hooked(s, "cat", 0);
  listen_until(s, ALWAYS, 0);
  assert_string_equal(story(0), WHOLE);
  mj_sim_free(s);
}

static void test_failures(void **state) {
  static const struct {
    const char *prompt, *story;
  } cases[] = {{"cat --ar 0:0", "SUBMITTED 0%, FAILURE "},
               {"cat sim:stuck", RUNS ", FAILURE "},
               {"cat sim:slow", WHOLE}};
  (void)state;
  for (int i = 0; i < 3; i++) {
    mj_sim *s = open_as("plus", NULL);
    hooked(s, cases[i].prompt, 0);
    listen_until(s, ALWAYS, 1);
    assert_string_equal(story(0), cases[i].story);
    mj_sim_free(s);
  }
}

/* What came before the request is told although nobody asked in between. */
static void test_cancel(void **state) {
  static const struct {
    const char *profile, *story;
  } cases[] = {
      {"plus", "SUBMITTED 0%, IN_PROGRESS 15%, IN_PROGRESS 31%, CANCEL -"},
      {"trueai", "SUBMITTED 0%, IN_PROGRESS 15%, IN_PROGRESS 31%, FAILURE "}};
  (void)state;
  for (int i = 0; i < 2; i++) {
    mj_sim *s = open_as(cases[i].profile, NULL);
    const char *id = hooked(s, "cat", 0);
    ask(s, "POST", say("/mj/task/%s/cancel", id), NULL, 13000);
    listen_until(s, ALWAYS, 0);
    if (i == 0)
      assert_string_equal(story(0), cases[i].story);
    else
      assert_memory_equal(story(0), cases[i].story, strlen(cases[i].story) - 1);
    assert_int_equal(ntold, 4);
    assert_in_range(told[3].at, 0, 13000); /* not when it would have gone on */
    assert_int_equal(mj_sim_callback_ms(s, T0), -1);
    mj_sim_free(s);
  }
}

/* A dialog has no NOT_START to go back to: SUBMITTED is what comes after. */
static void test_modal(void **state) {
  static const char *const profiles[] = {"plus", "trueai"};
  (void)state;
  for (int i = 0; i < 2; i++) {
    mj_sim *s = open_as(profiles[i], NULL);
    const char *grid = imagine(s, "cat", 0), *up, *id;
    up = text_of(press(s, grid, "MJ::JOB::upsample::1", "", 100000), "result");
    id = text_of(
        press(s, up, "MJ::CustomZoom", ",\"notifyHook\":\"" HOOK "\"", 200000),
        "result");
    now = 200000;
    listen_until(s, 300000, 1);
    assert_string_equal(story(0), "MODAL -");
    assert_int_equal(told[0].at, 200000);
    now = 400000;
    submit(s, "/mj/submit/modal",
           say("{\"taskId\":\"%s\",\"prompt\":\"cat --zoom 2\"}", id), 400000);
    listen_until(s, ALWAYS, 1);
    assert_string_equal(story(0), "MODAL -, " WHOLE);
    mj_sim_free(s);
  }
}

/* Upscales of trueai are ready at once: one change, and it is told. */
static void test_at_once(void **state) {
  mj_sim *s = open_as("trueai", NULL);
  const char *grid = imagine(s, "cat", 0);
  (void)state;
  press(s, grid, "MJ::JOB::upsample::1", ",\"notifyHook\":\"" HOOK "\"",
        100000);
  now = 100000;
  listen_until(s, ALWAYS, 1);
  assert_string_equal(story(0), "SUCCESS 100%");
  assert_int_equal(told[0].at, 100000);
  mj_sim_free(s);
}

/* Nothing but callback_ms wakes the simulator, and the queue moves on. */
static void test_queue(void **state) {
  struct mj_sim_config cfg;
  size_t n[4] = {0, 0, 0, 0};
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  cfg.running = 1;
  cfg.waiting = 10;
  ntold = 0;
  now = 0;
  mj_sim *s = sim_open("plus", &cfg);
  imagine(s, "first", 0);
  for (int i = 0; i < 3; i++)
    hooked(s, say("cat %d", i), i);
  listen_until(s, ALWAYS, 1);
  assert_int_equal(ntold, 24);
  for (size_t i = 0; i < ntold; i++) {
    assert_true(i == 0 || told[i].key >= told[i - 1].key);
    n[told[i].key % 4]++;
  }
  assert_true(told[0].at > 20000);
  assert_true(n[0] % 8 == 0 && n[1] % 8 == 0 && n[2] % 8 == 0);
  mj_sim_free(s);
}

static void test_fast_clock(void **state) {
  struct mj_sim_config cfg;
  (void)state;
  memset(&cfg, 0, sizeof cfg);
  for (cfg.clock = 10; cfg.clock < 1e7; cfg.clock *= 10) {
    ntold = 0;
    now = 0;
    mj_sim *s = sim_open("plus", &cfg);
    hooked(s, "cat", 0);
    listen_until(s, ALWAYS, 1);
    if (cfg.clock <= 100)
      assert_string_equal(story(0), WHOLE);
    assert_string_equal(told[ntold - 1].status, "SUCCESS");
    for (size_t i = 1; i < ntold; i++)
      assert_true(strcmp(told[i].progress, told[i - 1].progress) != 0);
    mj_sim_free(s);
  }
}

/* Faults ------------------------------------------------------------------- */

static void test_faults(void **state) {
  static const struct {
    const char *fault, *story;
  } cases[] = {
      {"webhook_twice",
       "SUBMITTED 0%, SUBMITTED 0%, IN_PROGRESS 15%, IN_PROGRESS 15%, "
       "IN_PROGRESS 31%, IN_PROGRESS 31%, IN_PROGRESS 46%, IN_PROGRESS 46%, "
       "IN_PROGRESS 62%, IN_PROGRESS 62%, IN_PROGRESS 78%, IN_PROGRESS 78%, "
       "IN_PROGRESS 93%, IN_PROGRESS 93%, SUCCESS 100%, SUCCESS 100%"},
      {"webhook_twice@8", RUNS ", SUCCESS 100%, SUCCESS 100%"},
      {"webhook_reordered",
       "IN_PROGRESS 15%, SUBMITTED 0%, IN_PROGRESS 46%, IN_PROGRESS 31%, "
       "IN_PROGRESS 78%, IN_PROGRESS 62%, SUCCESS 100%, IN_PROGRESS 93%"},
      {"webhook_reordered@7",
       "SUBMITTED 0%, IN_PROGRESS 15%, IN_PROGRESS 31%, IN_PROGRESS 46%, "
       "IN_PROGRESS 62%, IN_PROGRESS 78%, SUCCESS 100%, IN_PROGRESS 93%"},
      {"webhook_reordered@8", WHOLE},
      {"webhook_lost", ""},
      {"webhook_lost@2-7", "SUBMITTED 0%, SUCCESS 100%"},
      {"webhook_lost@8", RUNS},
      {"webhook_late@1",
       "IN_PROGRESS 15%, IN_PROGRESS 31%, IN_PROGRESS 46%, IN_PROGRESS 62%, "
       "IN_PROGRESS 78%, IN_PROGRESS 93%, SUCCESS 100%, SUBMITTED 0%"},
      {"webhook_late/notify@8", WHOLE},
      {"webhook_twice@1+webhook_reordered@1+webhook_lost@3-8",
       "IN_PROGRESS 15%, SUBMITTED 0%, SUBMITTED 0%"},
      {"webhook_reordered@7+webhook_lost@8",
       "SUBMITTED 0%, IN_PROGRESS 15%, IN_PROGRESS 31%, IN_PROGRESS 46%, "
       "IN_PROGRESS 62%, IN_PROGRESS 78%, IN_PROGRESS 93%"},
      {"webhook_lost:0", WHOLE}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    mj_sim *s = open_as("plus", cases[i].fault);
    hooked(s, "cat", 0);
    listen_until(s, ALWAYS, 0);
    if (strcmp(story(0), cases[i].story) != 0)
      fail_msg("%s: %s", cases[i].fault, story(0));
    mj_sim_free(s);
  }
}

/* The body of a late one is of its own moment, and a late end is a minute off;
   rules count the changes of all tasks together. */
static void test_late(void **state) {
  mj_sim *s = open_as("plus", "webhook_late@8");
  int64_t last;
  (void)state;
  hooked(s, "cat", 0);
  listen_until(s, ALWAYS, 0);
  assert_int_equal(ntold, 8);
  last = told[7].at;
  mj_sim_free(s);
  s = open_as("plus", NULL);
  hooked(s, "cat", 0);
  listen_until(s, ALWAYS, 0);
  assert_int_equal(last, told[7].at + 60000);
  mj_sim_free(s);
  s = open_as("plus", "webhook_lost@9-16");
  hooked(s, "cat", 0);
  hooked(s, "dog", 200000);
  hooked(s, "cow", 400000);
  listen_until(s, ALWAYS, 0);
  assert_string_equal(story(0), WHOLE ", " WHOLE);
  assert_true(told[8].at > 400000);
  mj_sim_free(s);
}

static void test_share(void **state) {
  mj_sim *s = open_as("plus", "webhook_lost:0.5");
  struct mj_sim_stats stats;
  (void)state;
  for (int k = 0; k < 40; k++)
    hooked(s, say("cat %d", k), k * 1000);
  listen_until(s, ALWAYS, 0);
  assert_in_range(ntold, 100, 220); /* of 320 */
  mj_sim_count(s, &stats);
  assert_int_equal(stats.faults, 320 - ntold);
  mj_sim_free(s);
}

static void check_refused(const char *fault, const char *route,
                          const char *wanted) {
  struct mj_sim_step step;
  struct mj_sim_config cfg;
  char why[200] = "";
  mj_sim *s;
  memset(&cfg, 0, sizeof cfg);
  memset(&step, 0, sizeof step);
  cfg.profile = "plus";
  cfg.fault = route ? NULL : fault;
  step.route = route;
  step.fault = fault;
  cfg.scenario = &step;
  cfg.nscenario = route ? 1 : 0;
  assert_int_equal(mj_sim_new(&s, &cfg, why, sizeof why), -1);
  assert_string_equal(why, wanted);
}

/* Faults of requests cannot strike callbacks, nor the other way round. */
static void test_kinds(void **state) {
  (void)state;
  check_refused("drop/notify", NULL, "fault drop: not of the kind 'notify'");
  check_refused("webhook_twice/fetch@1", NULL,
                "fault webhook_twice: not of the kind 'fetch'");
  check_refused(
      "webhook_lost", "/submit/imagine",
      "scenario: step 1: that fault is of callbacks, not of requests");
}

/* Each of the list that begins so is in test_faults, and there are four. */
static void test_names(void **state) {
  int n = 0;
  (void)state;
  for (int i = 0; mj_sim_faults(i); i++)
    n += !strncmp(mj_sim_faults(i), "webhook_", 8);
  assert_int_equal(n, 4);
}

/* Retries ------------------------------------------------------------------ */

/* The generate family calls at the end, and again while nobody says 2xx. */
static void test_at_the_end(void **state) {
  static const struct {
    int status[4], sent;
  } cases[] = {{{200, 0, 0, 0}, 1},
               {{204, 0, 0, 0}, 1},
               {{500, 200, 0, 0}, 2},
               {{0, 302, 404, 0}, 4},
               {{0, 0, 0, 201}, 4}};
  static const int64_t after[] = {0, 30000, 60000, 120000};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct mj_sim_callback c;
    mj_sim *s = open_as("generate", NULL);
    struct answer *a = ask(
        s, "POST", "/api/v1/generateTask/midjourney",
        "{\"request_type\":\"callback\",\"callback_url\":\"" HOOK
        "\",\"input\":{\"mode\":\"text-to-image\",\"prompt\":\"a red fox\"}}",
        0);
    const char *id = text_of(a, "taskId");
    int64_t at = 0, ms, last = 0;
    int sent = 0;
    assert_non_null(id);
    for (int turns = 0; turns < 100; turns++) {
      while (mj_sim_callback(s, T0 + at, &c)) {
        assert_true(sent < 4);
        assert_string_equal(c.url, HOOK);
        assert_int_equal(c.timeout_ms, 30000);
        assert_string_equal(member(c.body, "state"), "success");
        assert_string_equal(
            ask(s, "GET", say("/api/v1/statusTask/midjourney?taskId=%s", id),
                NULL, at)
                ->body,
            c.body);
        if (sent)
          assert_int_equal(at - last, after[sent]);
        last = at;
        mj_sim_callback_done(s, c.id, cases[i].status[sent++], T0 + at);
        mj_sim_callback_free(&c);
      }
      ms = mj_sim_callback_ms(s, T0 + at);
      if (ms < 0)
        break;
      at += ms;
    }
    assert_int_equal(sent, cases[i].sent);
    mj_sim_free(s);
  }
}

/* The others do not ask what became of it; and results that nobody asked for
   harm nothing. */
static void test_no_retries(void **state) {
  mj_sim *s = open_as("plus", NULL);
  (void)state;
  hooked(s, "cat", 0);
  listen_until(s, ALWAYS, 0);
  for (size_t i = 0; i < 8; i++)
    mj_sim_callback_done(s, told[i].id, 0, T0 + 100000);
  mj_sim_callback_done(s, UINT64_MAX, 0, T0 + 100000);
  assert_int_equal(mj_sim_callback_ms(s, T0 + 100000), -1);
  mj_sim_free(s);
  s = open_as("generate", NULL);
  mj_sim_callback_done(s, UINT64_MAX, 0, T0);
  mj_sim_callback_done(s, 0, 0, T0);
  mj_sim_callback_done(s, 1000000, 0, T0);
  assert_int_equal(mj_sim_callback_ms(s, T0), -1);
  mj_sim_free(s);
}

/* Many --------------------------------------------------------------------- */

/* 10,000 hooked tasks among as many others: each change is found, in order, and
   a simulator that goes with callbacks left frees them. */
static void test_many(void **state) {
  struct mj_sim_callback c;
  mj_sim *s = open_as("trueai", NULL);
  int64_t at = 10000, ms;
  size_t n = 0;
  (void)state;
  for (int i = 0; i < 10000; i++) {
    struct answer *a =
        ask(s, "POST", "/mj/submit/imagine",
            say("{\"prompt\":\"cat %d\",\"notifyHook\":\"" HOOK "\"}", i), i);
    assert_int_equal(a->reply.status, 200);
    ask(s, "POST", "/mj/submit/imagine", "{\"prompt\":\"dog\"}", i);
  }
  for (;;) {
    while (mj_sim_callback(s, T0 + at, &c)) {
      assert_int_equal(c.timeout_ms, 5000);
      mj_sim_callback_free(&c);
      n++;
    }
    ms = mj_sim_callback_ms(s, T0 + at);
    if (ms < 0)
      break;
    assert_true(ms > 0);
    at += ms;
  }
  assert_int_equal(n, 80000);
  assert_in_range(at, 20000, 100000);
  for (int i = 0; i < 100; i++)
    hooked(s, say("cow %d", i), 200000);
  fetch(s, "1", 210000); /* some are found, and stay */
  mj_sim_free(s);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sequence),   cmocka_unit_test(test_duplicates),
      cmocka_unit_test(test_new_api),    cmocka_unit_test(test_without_a_hook),
      cmocka_unit_test(test_failures),   cmocka_unit_test(test_cancel),
      cmocka_unit_test(test_modal),      cmocka_unit_test(test_at_once),
      cmocka_unit_test(test_queue),      cmocka_unit_test(test_fast_clock),
      cmocka_unit_test(test_faults),     cmocka_unit_test(test_late),
      cmocka_unit_test(test_share),      cmocka_unit_test(test_kinds),
      cmocka_unit_test(test_names),      cmocka_unit_test(test_at_the_end),
      cmocka_unit_test(test_no_retries), cmocka_unit_test(test_many),
  };
  return cmocka_run_group_tests_name("sim_notify", tests, NULL, NULL);
}
