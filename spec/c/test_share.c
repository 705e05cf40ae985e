/* SPDX-License-Identifier: MIT
   test_share.c - limits that processes share: counted over all of them, with
   some of them killed, and two clients of one gateway. */
#define _GNU_SOURCE
#include "journal_case.h"

#include "mj_int.h"
#include "os.h"
#include "test.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GRANTS = 20000, PROCESSES = 4, PLACES = 5 };

/* What all processes write into. */
static struct tally {
  int64_t at_us[GRANTS];
  int n, live, most_live, done, bad;
} * all;

static char folder[64], path[96];

static int up(void **state) {
  (void)state;
  (void)snprintf(folder, sizeof folder, "/tmp/mj-share-XXXXXX");
  if (!mkdtemp(folder))
    return -1;
  (void)snprintf(path, sizeof path, "%s/j.db", folder);
  all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return all == MAP_FAILED ? -1 : 0;
}

static int down(void **state) {
  char command[120];
  (void)state;
  (void)munmap(all, sizeof *all);
  (void)snprintf(command, sizeof command, "rm -r '%s'", folder);
  return system(command);
}

static struct mj__share *share(const char *key) {
  struct mj__share *s;
  struct mj__mem mem;
  mj_error err;
  mj__mem_init(&mem, NULL, NULL);
  if (mj__share_open(&s, &mem, path, "http://gw.test", key, &err) != MJ_OK)
    fail_msg("%s", err.text);
  return s;
}

static void rate(struct mj__bucket *b, double per_min) {
  mj__bucket_init(b, per_min, 0);
}

static int64_t ask(struct mj__share *s, const struct mj__bucket *b,
                   const char *token, int64_t max, int64_t now) {
  struct mj__share_want w;
  memset(&w, 0, sizeof w);
  w.requests = b;
  w.token = token;
  w.max = max;
  w.life_ms = 900;
  return mj__share_take(s, &w, now);
}

/* One process ----------------------------------------------------------------
 */

static void two_share_one_rate(void **state) {
  struct mj__share *a = share("sk-1"), *b = share("sk-1"), *c = share("sk-2");
  struct mj__bucket r;
  int n = 0, alone = 0;
  (void)state;
  rate(&r, 400); /* ten at once, then one a 150 ms */
  while (n < 100 && ask(n % 2 ? a : b, &r, NULL, 0, 5000) == 0)
    n++;
  assert_int_equal(n, 10);
  assert_int_equal(ask(a, &r, NULL, 0, 5000), 150);
  while (alone < 100 && ask(c, &r, NULL, 0, 5000) == 0)
    alone++;
  assert_int_equal(alone, 10); /* another key is another account */
  mj__share_close(a);
  assert_int_equal(ask(b, &r, NULL, 0, 5149), 1);
  assert_int_equal(ask(b, &r, NULL, 0, 5150), 0);
  mj__share_close(b);
  mj__share_close(c);
}

static void places_belong_to_tasks(void **state) {
  struct mj__share *a = share("k"), *b = share("k");
  struct mj__bucket none;
  (void)state;
  rate(&none, 0);
  assert_int_equal(ask(a, &none, "mj_1", 2, 1000), 0);
  assert_int_equal(ask(b, &none, "mj_2", 2, 1000), 0);
  assert_true(ask(b, &none, "mj_3", 2, 1000) > 0);
  assert_int_equal(ask(b, &none, "mj_1", 2, 1000), 0); /* it has one */
  assert_int_equal(ask(b, &none, NULL, 2, 1000), 0);   /* it needs none */
  mj__share_release(b, "mj_1", 1000); /* by whoever goes on with it */
  assert_int_equal(ask(b, &none, "mj_3", 2, 1000), 0);
  mj__share_close(a);
  mj__share_close(b); /* the file remembers */
  a = share("k");
  assert_true(ask(a, &none, "mj_4", 2, 1899) > 0);
  assert_int_equal(ask(a, &none, "mj_4", 2, 1900), 0); /* none lives longer */
  mj__share_close(a);
}

static void a_pause_is_everybodys(void **state) {
  struct mj__share *a = share("k"), *b = share("k");
  struct mj__bucket none;
  (void)state;
  rate(&none, 0);
  mj__share_pause(a, 6000, 1000);
  assert_int_equal(ask(b, &none, NULL, 0, 1000), 5000);
  assert_int_equal(ask(b, &none, NULL, 0, 6000), 0);
  /* the clock began anew with the machine: nothing is that far away */
  mj__share_pause(a, 900000000, 6000);
  assert_int_equal(ask(b, &none, NULL, 0, 6000), 120000);
  mj__share_close(a);
  mj__share_close(b);
}

static void a_file_that_says_nonsense(void **state) {
  struct mj__bucket r;
  struct mj__share *a = share("k");
  char command[200], name[200] = "";
  FILE *f;
  int i;
  (void)state;
  rate(&r, 400);
  for (i = 0; i < 10; i++)
    assert_int_equal(ask(a, &r, "mj_1", 9, 5000000), 0);
  (void)snprintf(command, sizeof command, "ls %s/limits-*", folder);
  f = popen(command, "r");
  assert_non_null(fgets(name, sizeof name, f));
  (void)pclose(f);
  name[strcspn(name, "\n")] = '\0';
  assert_null(strstr(name, "gw"));
  /* times of a machine that ran for longer */
  assert_int_equal(ask(a, &r, NULL, 0, 1000), 150);
  f = fopen(name, "r+");
  (void)fputs("GARBAGE", f);
  (void)fclose(f);
  assert_int_equal(ask(a, &r, "mj_2", 1, 1000), 0);
  assert_int_equal(truncate(name, 40),
                   0); /* torn: the rates stand, the places are gone */
  assert_int_equal(ask(a, &r, "mj_3", 1, 1000), 0);
  assert_int_equal(truncate(name, 3), 0);
  assert_int_equal(ask(a, &r, "mj_4", 1, 1000), 0);
  mj__share_close(a);
  /* places of a machine that ran for longer: an hour later they are free,
     though nobody had anything to write in between */
  a = share("k");
  assert_int_equal(truncate(name, 0), 0);
  assert_int_equal(ask(a, &r, "mj_5", 1, INT64_C(90) * 86400000), 0);
  assert_true(ask(a, &r, "mj_6", 1, 1000) > 0);
  assert_int_equal(ask(a, &r, "mj_6", 1, 1000 + 3600000), 0);
  mj__share_close(a);
  (void)chmod(name, 0644);
  {
    struct mj__mem mem;
    mj_error err;
    mj__mem_init(&mem, NULL, NULL);
    mj__err_clear(&err);
    assert_int_equal(
        mj__share_open(&a, &mem, path, "http://gw.test", "k", &err),
        MJ_EJOURNAL);
    assert_null(a);
    assert_non_null(strstr(err.text, "chmod 600"));
  }
}

/* Many -----------------------------------------------------------------------
 */

static void nap(void) {
  struct timespec t = {0, 300000};
  (void)nanosleep(&t, NULL);
}

static void gauge(int by) {
  int now = __atomic_add_fetch(&all->live, by, __ATOMIC_SEQ_CST), seen;
  do
    seen = __atomic_load_n(&all->most_live, __ATOMIC_SEQ_CST);
  while (now > seen &&
         !__atomic_compare_exchange_n(&all->most_live, &seen, now, 0,
                                      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
}

/* Takes what it gets, for so long, and gives places back after a while. */
static void process(int number, int64_t until) {
  struct mj__share *s = share("many");
  struct mj__bucket r;
  uint32_t seed = 7 + (uint32_t)number;
  char token[40] = "";
  int n = 0;
  int64_t now, hold = 0;
  rate(&r, 12000); /* 200 a second, and 300 at once */
  while ((now = mj__os_now_ms(NULL)) < until) {
    if (*token && now >= hold) {
      gauge(-1);
      mj__share_release(s, token, now);
      *token = '\0';
    }
    if (!*token) {
      (void)snprintf(token, sizeof token, "mj_%d_%d", number, n++);
      if (ask(s, &r, token, PLACES, now) == 0) {
        int at = __atomic_fetch_add(&all->n, 1, __ATOMIC_SEQ_CST);
        if (at < GRANTS)
          all->at_us[at] = now;
        gauge(1);
        hold = now + next_random(&seed) % 4;
      } else {
        *token = '\0';
        nap();
      }
    }
  }
  if (*token) {
    gauge(-1);
    mj__share_release(s, token, now);
  }
  mj__share_close(s);
}

static int by_time(const void *a, const void *b) {
  const int64_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static void several_processes_and_one_account(void **state) {
  int64_t until = mj__os_now_ms(NULL) + 3000;
  int i, k, most = 0, status;
  pid_t pids[PROCESSES];
  (void)state;
  for (i = 0; i < PROCESSES; i++) {
    pids[i] = fork();
    if (pids[i] == 0) {
      process(i, until);
      _exit(0);
    }
  }
  for (i = 0; i < PROCESSES; i++) {
    assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
    assert_int_equal(status, 0);
  }
  assert_in_range(all->n, 300, GRANTS);
  qsort(all->at_us, (size_t)all->n, sizeof all->at_us[0], by_time);
  for (i = 0, k = 0; i < all->n; i++) {
    while (all->at_us[i] - all->at_us[k] > 1000)
      k++;
    if (i - k + 1 > most)
      most = i - k + 1;
  }
  (void)printf("%d processes: %d grants in 3 s, most in a second %d (%d "
               "allowed), most places %d (%d)\n",
               PROCESSES, all->n, most, 200 + 300, all->most_live, PLACES);
  assert_in_range(most, 100, 500);
  assert_in_range(all->n, 300, 3 * 200 + 300 + 1);
  assert_in_range(all->most_live, 2, PLACES);
  assert_int_equal(all->live, 0);
}

/* Killed with the file locked or not, and with places: nobody waits for ever.
 */
static void killed_processes(void **state) {
  struct mj__share *s = share("many");
  struct mj__bucket none;
  int i, status, got = 0;
  int64_t from;
  (void)state;
  rate(&none, 0);
  for (i = 0; i < 20; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      process(100 + i, INT64_MAX);
      _exit(0);
    }
    from = mj__os_now_ms(NULL);
    while (mj__os_now_ms(NULL) < from + 5 + i % 7)
      nap();
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
  }
  from = mj__os_now_ms(NULL);
  while (got < PLACES && mj__os_now_ms(NULL) < from + 3000) {
    char token[40];
    (void)snprintf(token, sizeof token, "mj_after_%d", got);
    if (ask(s, &none, token, PLACES, mj__os_now_ms(NULL)) == 0)
      got++;
    else
      nap();
  }
  (void)printf("20 processes killed: all %d places free after %lld ms (tasks "
               "live 900)\n",
               PLACES, (long long)(mj__os_now_ms(NULL) - from));
  assert_int_equal(got, PLACES);
  mj__share_close(s);
}

/* Clients --------------------------------------------------------------------
 */

static int64_t sent_at[400];
static size_t nsent, live_now, live_most;
static int64_t ends[400];

static void gateway(void *ud, const mj_http *req, int64_t now,
                    virtual_reply *out) {
  const char *p = strstr(req->url, "/task/");
  size_t id = p ? strtoul(p + 6, NULL, 10) : 0, i;
  char text[160];
  (void)ud;
  out->delay_ms = 10;
  if (req->paid) {
    sent_at[nsent] = now;
    ends[nsent++] = now + 20000;
    for (i = 0, live_now = 0; i < nsent; i++)
      live_now += ends[i] > now;
    live_most = live_now > live_most ? live_now : live_most;
    (void)snprintf(text, sizeof text,
                   "{\"code\":1,\"description\":\"ok\",\"result\":\"%zu\"}",
                   nsent);
  } else {
    (void)snprintf(text, sizeof text, "{\"id\":\"%zu\",\"status\":\"%s\"}",
                   id % 1000,
                   id && ends[id - 1] <= now ? "SUCCESS" : "IN_PROGRESS");
  }
  out->http_status = 200;
  out->body = malloc(sizeof text);
  memcpy(out->body, text, sizeof text);
  out->body_len = strlen(text);
}

static const mj_price dear = {NULL, NULL, NULL, 5};
static int64_t budget = -1;

static mj_client *client_of(virtual_world *w, int number, int shared) {
  char journal[200];
  mj_config cfg;
  mj_client *c;
  mj_error err;
  (void)snprintf(journal, sizeof journal, "%s/%d.db", folder, number);
  mj_config_init(&cfg);
  cfg.base_url = "http://gw.test";
  cfg.api_key = "sk-CANARY-share";
  cfg.auth = "bearer";
  cfg.dialect = "mj";
  cfg.journal = journal;
  cfg.submits_per_min = 120;
  cfg.live = 20;
  cfg.share_limits = shared;
  cfg.prices = &dear;
  cfg.nprices = 1;
  cfg.budget = budget;
  virtual_config(w, &cfg);
  if (mj_client_new(&c, &cfg, &err) != MJ_OK)
    fail_msg("%s", err.text);
  return c;
}

static void both(int shared) {
  virtual_world *w = virtual_new(gateway, NULL, NULL, 1000000);
  mj_client *c[2] = {client_of(w, 2 * shared, shared),
                     client_of(w, 2 * shared + 1, shared)};
  int left[2] = {1, 1}, i, done = 0;
  mj_request r;
  mj_id id;
  memset(&r, 0, sizeof r);
  nsent = live_most = 0;
  r.op = MJ_OP_IMAGINE;
  r.prompt = "a red fox";
  for (i = 0; i < 80; i++)
    assert_int_equal(mj_submit(c[i % 2], &r, &id, NULL), MJ_OK);
  while (left[0] > 0 || left[1] > 0) {
    mj_id tick;
    for (i = 0; i < 2; i++) {
      assert_int_equal(mj_flush(c[i], -1, NULL), MJ_OK);
      left[i] = mj_step(c[i], 0, 0);
      while (mj_event_peek(c[i])) {
        done += mj_event_peek(c[i])->type == MJ_EV_DONE;
        mj_event_pop(c[i]);
      }
    }
    assert_int_equal(mj_after(c[0], 20, &tick, NULL), MJ_OK);
    (void)mj_step(c[0], 20, 0);
    (void)mj_cancel(c[0], tick);
    while (mj_event_peek(c[0])) {
      done += mj_event_peek(c[0])->type == MJ_EV_DONE;
      mj_event_pop(c[0]);
    }
  }
  assert_int_equal(done, 80);
  for (i = 0; i < 2; i++) {
    assert_int_equal(c[i]->live.used, 0);
    mj_client_free(c[i]);
  }
  virtual_unref(w);
  mj__journals_forget();
}

static void run_for(mj_client *c, int64_t ms) {
  int64_t until = mj_now(c) + ms;
  while (mj_now(c) < until) {
    assert_int_equal(mj_flush(c, -1, NULL), MJ_OK);
    (void)mj_step(c, mj_timeout(c) < 0 ? 1 : until - mj_now(c), 0);
    while (mj_event_peek(c))
      mj_event_pop(c);
    if (mj_timeout(c) < 0)
      break;
  }
}

/* What had a place, and was refused by the budget, has none any more. */
static void a_refusal_leaves_no_place(void **state) {
  virtual_world *w = virtual_new(gateway, NULL, NULL, 1000000);
  mj_client *c;
  mj_request r;
  mj_id id;
  int i;
  (void)state;
  nsent = 0;
  budget = 4;
  c = client_of(w, 9, 1);
  budget = -1;
  memset(&r, 0, sizeof r);
  r.op = MJ_OP_IMAGINE;
  r.prompt = "a red fox";
  for (i = 0; i < 25; i++) /* there are 20 places */
    assert_int_equal(mj_submit(c, &r, &id, NULL), MJ_OK);
  run_for(c, 30000);
  assert_int_equal(c->njobs, 0);
  assert_int_equal(nsent, 0);
  assert_int_equal(c->live.used, 0);
  assert_int_equal(mj_budget_set(c, 5, NULL), MJ_OK);
  assert_int_equal(mj_submit(c, &r, &id, NULL), MJ_OK);
  run_for(c, 30000);
  assert_int_equal(nsent, 1);
  mj_client_free(c);
  virtual_unref(w);
  mj__journals_forget();
}

static size_t busiest_minute(void) {
  size_t i, k = 0, most = 0;
  for (i = 0; i < nsent; i++) {
    while (sent_at[i] - sent_at[k] >= 60000)
      k++;
    most = i - k + 1 > most ? i - k + 1 : most;
  }
  return most;
}

static void two_clients_of_one_account(void **state) {
  size_t alone, alone_live;
  (void)state;
  both(0);
  alone = busiest_minute();
  alone_live = live_most;
  both(1);
  (void)printf("two clients, 120 a minute, 20 live: apart %zu and %zu, shared "
               "%zu and %zu\n",
               alone, alone_live, busiest_minute(), live_most);
  assert_int_equal(nsent, 80);
  assert_in_range(busiest_minute(), 20, 123);
  assert_in_range(live_most, 15, 20);
  assert_true(alone_live > 20); /* what the sharing is good for */
}

static void needs_a_journal(void **state) {
  mj_config cfg;
  mj_client *c;
  mj_error err;
  (void)state;
  mj_config_init(&cfg);
  cfg.base_url = "http://gw.test";
  cfg.share_limits = 1;
  assert_int_equal(mj_client_new(&c, &cfg, &err), MJ_EINVALID);
  assert_non_null(strstr(err.text, "beside a journal"));
  cfg.journal = path;
  cfg.live = 5000;
  assert_int_equal(mj_client_new(&c, &cfg, &err), MJ_EINVALID);
  assert_non_null(strstr(err.text, "4096"));
}

#define FILES(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void) {
  const struct CMUnitTest tests[] = {
      FILES(two_share_one_rate),
      FILES(places_belong_to_tasks),
      FILES(a_pause_is_everybodys),
      FILES(a_file_that_says_nonsense),
      FILES(several_processes_and_one_account),
      FILES(killed_processes),
      FILES(two_clients_of_one_account),
      FILES(a_refusal_leaves_no_place),
      FILES(needs_a_journal),
  };
  return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
