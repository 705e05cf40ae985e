/* SPDX-License-Identifier: MIT
   test_budget_walk.c - forty prompts, a budget of ten, a gateway that
   answers as it likes, and a client that is gone again and again: at each
   moment what the gateway was paid is counted, and no more than the budget. */
#include "journal_case.h"

#include "mj_int.h"
#include "test.h"

#define UNIT 1000000

enum { PROMPTS = 40, LIMIT = 10, MOST_KILLS = 12, MOST = 64, LIVE = 8 };

struct task {
  char token[40];
  int ended; /* 0 = goes on, 1 = good, 2 = failed */
};

static struct task tasks[MOST];
static int ntasks, lists, lost, refused;
static uint32_t seed = 11;
static const char *wish;

static void say(virtual_reply *out, const char *text) {
  free(out->body);
  out->body = strdup(text);
  out->body_len = strlen(text);
}

static void make_task(const char *body) {
  const char *token = strstr(body, "\"mj_");
  assert_non_null(token);
  assert_true(ntasks < MOST);
  (void)snprintf(tasks[ntasks].token, sizeof tasks[0].token, "%.29s",
                 token + 1);
  tasks[ntasks++].ended = 0;
}

static void on_submit(const mj_http *req, virtual_reply *out) {
  char text[100];
  uint32_t luck = next_random(&seed) % 16;
  if (luck < 9) {
    make_task(req->body);
    (void)snprintf(text, sizeof text,
                   "{\"code\":1,\"description\":\"ok\",\"result\":\"%d\"}",
                   1000 + ntasks);
    say(out, text);
  } else if (luck < 11) { /* taken, and the answer lost */
    make_task(req->body);
    out->curl_code = 56;
    lost++;
  } else if (luck < 12) { /* not taken, and no answer either */
    out->curl_code = 56;
    lost++;
  } else if (luck < 14) {
    say(out, "{\"code\":24,\"description\":\"no\",\"result\":null}");
    refused++;
  } else {
    out->curl_code = 7;
    out->sent = 0;
    refused++;
  }
}

static void on_list(virtual_reply *out) {
  size_t n = 2;
  char *text = malloc(200 * MOST);
  int i;
  (void)snprintf(text, 200 * MOST, "[");
  for (i = ntasks; i > 0; i--) {
    n = strlen(text);
    (void)snprintf(
        text + n, 200, "%s{\"id\":\"%d\",\"status\":\"%s\",\"state\":\"%s\"}",
        n > 1 ? "," : "", 1000 + i, "IN_PROGRESS", tasks[i - 1].token);
  }
  n = strlen(text);
  (void)snprintf(text + n, 8, "]");
  out->body = text;
  out->body_len = strlen(text);
  lists++;
}

static void on_look(const char *id, virtual_reply *out) {
  static const char *const words[] = {"IN_PROGRESS", "SUCCESS", "FAILURE"};
  char text[200];
  int i = (int)strtol(id, NULL, 10) - 1001;
  assert_true(i >= 0 && i < ntasks);
  if (!tasks[i].ended && next_random(&seed) % 3 == 0)
    tasks[i].ended = 1 + (next_random(&seed) % 4 == 0);
  (void)snprintf(text, sizeof text,
                 "{\"id\":\"%d\",\"status\":\"%s\",\"state\":\"%s\","
                 "\"failReason\":\"no\",\"imageUrl\":\"http://gw.test/a.png\"}",
                 1001 + i, words[tasks[i].ended], tasks[i].token);
  say(out, text);
}

static void answer(void *ud, const mj_http *req, int64_t now_ms,
                   virtual_reply *out) {
  const char *id = strstr(req->url, "/mj/task/");
  (void)ud;
  (void)now_ms;
  out->delay_ms = 5 + next_random(&seed) % 200;
  if (req->paid)
    on_submit(req, out);
  else if (id && strcmp(id, "/mj/task/list") == 0)
    on_list(out);
  else if (id)
    on_look(id + 9, out);
  else
    out->http_status = 404;
}

static mj_client *start(virtual_world *w) {
  static const mj_price price = {"imagine", NULL, NULL, UNIT};
  mj_config cfg;
  mj_client *c;
  mj_error err;
  mj_config_init(&cfg);
  cfg.auth = "bearer";
  cfg.dialect = "mj";
  cfg.base_url = "http://gw.test/";
  cfg.live = LIVE;
  virtual_config(w, &cfg);
  journaled(&cfg);
  cfg.prices = &price;
  cfg.nprices = 1;
  cfg.budget = LIMIT * UNIT;
  cfg.on_unknown = wish;
  if (mj_client_new(&c, &cfg, &err) != MJ_OK)
    fail_msg("%s", err.text);
  return c;
}

/* What must be true at each moment: nothing that was paid is forgotten, and
   what is counted is no more than the budget. */
static int64_t look(mj_client *c) {
  mj_budget b;
  int64_t all;
  mj_budget_get(c, &b);
  all = b.reserved + b.unknown + b.spent;
  assert_true(b.reserved >= 0 && b.unknown >= 0 && b.spent >= 0);
  if (all > LIMIT * UNIT || all < (int64_t)ntasks * UNIT)
    fail_msg("%d tasks; counted %lld", ntasks, (long long)all);
  return all;
}

static int64_t on_disk; /* that of the client before */

/* Until everything ended, or that many turns; 1 = it ended. */
static int work(int turns) {
  virtual_world *w = virtual_new(answer, NULL, NULL, 1000000);
  mj_client *c = start(w);
  int i, left = 1, refusals = 0, turn;
  assert_int_equal(look(c), on_disk);
  for (i = 0; i < PROMPTS; i++) {
    char prompt[32];
    mj_request q;
    mj_error err;
    mj_id id;
    memset(&q, 0, sizeof q);
    q.op = MJ_OP_IMAGINE;
    q.prompt = prompt;
    (void)snprintf(prompt, sizeof prompt, "cat %d", i);
    assert_int_equal(mj_submit(c, &q, &id, &err), MJ_OK);
  }
  for (turn = 0; left > 0 && turn < turns; turn++) {
    const mj_event *e;
    assert_int_equal(mj_flush(c, -1, NULL), MJ_OK);
    left = mj_step(c, -1, 0);
    on_disk = look(c);
    while ((e = mj_event_peek(c)) != NULL) {
      refusals += e->error && e->error->code == MJ_EBUDGET;
      mj_event_pop(c);
    }
  }
  if (left == 0)
    assert_true(refusals > 0);
  journal_past += mj_now(c) - 990000; /* and a little between the two */
  mj_client_free(c);
  virtual_unref(w);
  mj__journals_forget();
  return left == 0;
}

static int all_kills, all_tasks, all_lost, all_refused;

static void walk(const char *on_unknown) {
  int kills = 0;
  wish = on_unknown;
  on_disk = 0;
  ntasks = lists = lost = refused = 0;
  while (kills < MOST_KILLS && !work(1 + (int)(next_random(&seed) % 8)))
    kills++;
  if (kills == MOST_KILLS)
    assert_true(work(200000));
  print_message("%s: %d kills, %d tasks of a budget of %d, %d answers lost, %d "
                "refusals, %d lists, counted %lld\n",
                on_unknown, kills, ntasks, LIMIT, lost, refused, lists,
                (long long)(on_disk / UNIT));
  all_tasks += ntasks;
  all_kills += kills;
  all_lost += lost;
  all_refused += refused;
}

static void walks(void **state) {
  int i;
  for (i = 0; i < 8; i++) {
    walk(i % 4 == 3 ? "resubmit" : "hold");
    (void)journal_down(state);
    assert_int_equal(journal_up(state), 0);
  }
  assert_true(all_kills >= 20 && all_tasks >= 30 && all_lost >= 8 &&
              all_refused >= 8);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, journal_up, journal_down)
  const struct CMUnitTest tests[] = {T(walks)};
  return cmocka_run_group_tests_name("budget_walk", tests, NULL, NULL);
}
