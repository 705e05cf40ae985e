/* SPDX-License-Identifier: MIT
   test_journal_memory.c - no memory, at each point in turn, once and from there
   on, for a client with a journal and for SQLite below it: pictures are made,
   one is clicked on and saved, one answer is lost; or what was killed in the
   middle of that goes on.  Then the program is killed.  Nothing is paid for
   twice, and the next start, which has memory, ends with all of it. */
#define _XOPEN_SOURCE 700
#include "test.h"

#include "mj_int.h"
#include "virtual.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

/* Memory ------------------------------------------------------------------- */

static struct {
  atomic_int armed, for_ever;
  atomic_long seen, fail_at, failed;
} ours, lites;

/* Who calls is of no matter: the writer's thread does, too. */
#define FAILS(m)                                                               \
  (atomic_load(&(m).armed) &&                                                  \
   point_fails(&(m).seen, &(m).fail_at, &(m).for_ever, &(m).failed))

static int point_fails(atomic_long *seen, atomic_long *at, atomic_int *on,
                       atomic_long *failed) {
  long n = atomic_fetch_add(seen, 1) + 1;
  if (n < atomic_load(at) || (n > atomic_load(at) && !atomic_load(on)))
    return 0;
  (void)atomic_fetch_add(failed, 1);
  return 1;
}

/* All of the core's own memory comes from here. */
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n) {
  return FAILS(ours) ? NULL : __real_realloc(p, n);
}

static sqlite3_mem_methods under;

static void *lite_malloc(int n) {
  return FAILS(lites) ? NULL : under.xMalloc(n);
}

static void *lite_realloc(void *p, int n) {
  return FAILS(lites) ? NULL : under.xRealloc(p, n);
}

static int wrap_sqlite(void **state) {
  sqlite3_mem_methods mine;
  (void)state;
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &under) != SQLITE_OK)
    return -1;
  mine = under;
  mine.xMalloc = lite_malloc;
  mine.xRealloc = lite_realloc;
  return sqlite3_config(SQLITE_CONFIG_MALLOC, &mine) == SQLITE_OK ? 0 : -1;
}

/* The gateway -------------------------------------------------------------- */

enum { MADE = 32 };

/* What it was paid for.  `lists`: it tells by a list what it has. */
struct gateway {
  int lists, n, asked[MADE];
  char what[MADE][40], token[MADE][40];
};

static void text_of(const char *body, const char *name, char *out,
                    size_t size) {
  char mark[40];
  const char *p;
  (void)snprintf(mark, sizeof mark, "\"%s\":\"", name);
  p = strstr(body, mark);
  p = p ? p + strlen(mark) : "";
  (void)snprintf(out, size, "%.*s", (int)strcspn(p, "\""), p);
}

static void take(struct gateway *g, const mj_http *req, virtual_reply *out,
                 size_t size) {
  int at = g->n++;
  assert_in_range(at, 0, MADE - 1);
  text_of(req->body, "prompt", g->what[at], sizeof g->what[at]);
  if (!g->what[at][0])
    text_of(req->body, "customId", g->what[at], sizeof g->what[at]);
  text_of(req->body, "state", g->token[at], sizeof g->token[at]);
  out->body_len = (size_t)snprintf(
      out->body, size, "{\"code\":1,\"description\":\"ok\",\"result\":\"%d\"}",
      at);
  if (strstr(g->what[at], "lost")) { /* made, and nobody hears of it */
    out->curl_code = 56;
    out->body_len = 0;
  }
}

static void list(const struct gateway *g, virtual_reply *out, size_t size) {
  size_t n = (size_t)snprintf(out->body, size, "[");
  int i;
  for (i = 0; i < g->n; i++)
    n += (size_t)snprintf(
        out->body + n, size - n,
        "%s{\"id\":\"%d\",\"status\":\"SUCCESS\",\"state\":\"%s\"}",
        i ? "," : "", i, g->token[i]);
  out->body_len = n + (size_t)snprintf(out->body + n, size - n, "]");
}

static void answer(void *ud, const mj_http *req, int64_t now_ms,
                   virtual_reply *out) {
  enum { SIZE = 8192 };
  struct gateway *g = ud;
  const char *task = strstr(req->url, "/task/");
  long id = task ? strtol(task + 6, NULL, 10) : 0;
  (void)now_ms;
  out->delay_ms = 20;
  out->body = malloc(SIZE);
  if (req->paid) {
    take(g, req, out, SIZE);
  } else if (strstr(req->url, "/task/list") && g->lists) {
    list(g, out, SIZE);
  } else if (strstr(req->url, "/task/list")) {
    out->http_status = 404;
    out->body_len = (size_t)snprintf(
        out->body, SIZE,
        "{\"error\":{\"message\":\"Invalid URL (GET /mj/task/list)\","
        "\"type\":\"invalid_request_error\"}}");
  } else if (task) {
    assert_in_range(id, 0, g->n - 1);
    out->body_len =
        (size_t)snprintf(out->body, SIZE,
                         "{\"id\":\"%ld\",\"status\":\"%s\",\"imageUrl\":"
                         "\"http://gw.test/a.png\",\"buttons\":[{\"customId\":"
                         "\"MJ::JOB::upsample::2::a\",\"label\":\"U2\"}]}",
                         id, g->asked[id]++ ? "SUCCESS" : "IN_PROGRESS");
  } else {
    out->body_len = (size_t)snprintf(out->body, SIZE, "PNG");
  }
}

/* One start of the program ------------------------------------------------- */

static char folder[64], path[96], picture[96];
static int64_t past;

static int64_t wall(void *ud) {
  return past + virtual_now(ud);
}

/* Until it is killed; -1 = never. */
static int turns_left = -1;

/* What memory may do to a job.  What was sent is never called unsent. */
static int is_honest(int code) {
  return code == MJ_OK || (code == MJ_ECANCELLED && turns_left == 0) ||
         code == MJ_ERESOURCE || code == MJ_EJOURNAL ||
         code == MJ_EUNKNOWN_OUTCOME || code == MJ_EPROTOCOL ||
         code == MJ_ENETWORK;
}

struct ended {
  int code;
  char task[40], text[480];
};

/* Turns until `id` has ended. */
static struct ended finish(mj_client *c, mj_id id) {
  struct ended e = {.code = MJ_ECANCELLED};
  int turns, done = 0;
  for (turns = 0; !done && turns < 2000; turns++) {
    const mj_event *ev;
    if (turns_left == 0)
      return e;
    turns_left -= turns_left > 0;
    (void)mj_flush(c, -1, NULL);
    (void)mj_step(c, mj_timeout(c) < 0 ? 1 : -1, 0);
    while ((ev = mj_event_peek(c)) != NULL) {
      if (ev->id == id && ev->type == MJ_EV_DONE) {
        done = 1;
        e.code = ev->error ? ev->error->code : MJ_OK;
        if (ev->error)
          (void)snprintf(e.text, sizeof e.text, "%s", ev->error->text);
        if (ev->task_id)
          (void)snprintf(e.task, sizeof e.task, "%s", ev->task_id);
      }
      mj_event_pop(c);
    }
  }
  assert_int_equal(done, 1);
  assert_true(is_honest(e.code));
  return e;
}

static struct ended submit(mj_client *c, mj_op op, const char *prompt,
                           const char *task) {
  struct ended e = {0};
  mj_request q;
  mj_error err;
  mj_id id;
  memset(&q, 0, sizeof q);
  q.op = op;
  q.prompt = prompt;
  q.task = task;
  q.button = task ? "U2" : NULL;
  e.code = mj_submit(c, &q, &id, &err);
  if (e.code == MJ_OK)
    return finish(c, id);
  (void)snprintf(e.text, sizeof e.text, "%s", err.text);
  assert_true(is_honest(e.code));
  return e;
}

static int save(mj_client *c) {
  mj_error err;
  mj_id id;
  if (mj_fetch(c, "http://gw.test/a.png", &id, &err) != MJ_OK ||
      finish(c, id).code != MJ_OK)
    return 0;
  return mj_write(c, picture, "PNG", 3, &id, &err) == MJ_OK &&
         finish(c, id).code == MJ_OK;
}

static int note_token(void *ud, const mj_row *row) {
  (void)snprintf(ud, 40, "%s", row->token);
  return 1;
}

/* As a person does who looks at the gateway's page. */
static int look_up(mj_client *c, const struct gateway *g) {
  char token[40] = "", id[16];
  mj_error err;
  int i;
  if (mj_journal_each(c, 1, note_token, token, &err) != MJ_OK || !*token)
    return 0;
  for (i = 0; i < g->n && strcmp(g->token[i], token) != 0; i++)
    ;
  (void)snprintf(id, sizeof id, "%d", i);
  return mj_resolve(c, token, i < g->n ? id : NULL, &err) == MJ_OK;
}

/* With memory nothing has to go wrong. */
static void complain(const char *what, const struct ended *e) {
  if (e->code != MJ_OK && turns_left < 0 && !ours.armed && !lites.armed)
    print_message("point %ld%s, %s: %s\n", atomic_load(&ours.fail_at),
                  ours.for_ever ? " on" : "", what, e->text);
}

/* Where there is no list a person looks, for the next start. */
static int is_fine(mj_client *c, const struct gateway *g, const char *what,
                   const struct ended *e) {
  if (e->code == MJ_EUNKNOWN_OUTCOME && !g->lists)
    (void)look_up(c, g);
  else
    complain(what, e);
  return e->code == MJ_OK;
}

static int all_of_it(mj_client *c, const struct gateway *g) {
  struct ended cat, big, lost;
  int ok;
  cat = submit(c, MJ_OP_IMAGINE, "a cat", NULL);
  ok = is_fine(c, g, "the cat", &cat);
  if (ok) {
    big = submit(c, MJ_OP_CLICK, NULL, cat.task);
    ok = is_fine(c, g, "the click", &big) && save(c);
  }
  lost = submit(c, MJ_OP_IMAGINE, "lost dog", NULL);
  return is_fine(c, g, "the dog", &lost) && ok;
}

/* A task that an earlier run made proves that a list is whole. */
static int witness(mj_client *c, const struct gateway *g) {
  struct ended e = submit(c, MJ_OP_IMAGINE, "a witness", NULL);
  return is_fine(c, g, "the witness", &e);
}

/* 1 = it did everything.  It never says that it is over. */
static int start(struct gateway *g, const char *run,
                 int (*work)(mj_client *c, const struct gateway *g)) {
  virtual_world *w = virtual_new(answer, g, NULL, 0);
  mj_config cfg;
  mj_client *c;
  mj_error err;
  int ok = 0, rc;
  mj_config_init(&cfg);
  cfg.base_url = "http://gw.test";
  cfg.auth = "bearer";
  cfg.dialect = "mj";
  cfg.journal = path;
  cfg.run = run;
  cfg.wall = wall;
  virtual_config(w, &cfg);
  rc = mj_client_new(&c, &cfg, &err);
  if (rc == MJ_OK) {
    ok = work(c, g);
    past += mj_now(c);
    mj_client_free(c);
  } else {
    if (!ours.armed && !lites.armed)
      fail_msg("%s", err.text);
    assert_true(rc == MJ_ERESOURCE || rc == MJ_EJOURNAL);
    assert_true(err.text[0] != '\0');
    virtual_unref(w); /* the client did not take its reference */
  }
  virtual_unref(w);
  mj__journals_forget();
  return ok;
}

/* A point ------------------------------------------------------------------ */

static void forget(void) {
  static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
  char name[128];
  size_t i;
  for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    (void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
    (void)unlink(name);
  }
  (void)unlink(picture);
}

static void check_paid(const struct gateway *g, int most) {
  int i, k;
  for (i = 0; i < g->n; i++)
    for (k = 0; k < i; k++)
      assert_string_not_equal(g->what[i], g->what[k]);
  assert_in_range(g->n, 0, most);
}

static void next_start(struct gateway *g) {
  int fine = start(g, "memory.lua", all_of_it), i;
  /* what a person found out is for the start after that */
  for (i = 0; !fine && i < 5; i++)
    fine = start(g, "memory.lua", all_of_it);
  check_paid(g, 4);
  assert_int_equal(g->n, 4);
  assert_int_equal(fine, 1);
  assert_int_equal(access(picture, F_OK), 0);
}

/* 0: there are not that many. */
static int one_point(int lists, int lite, int resumed, long n, int for_ever) {
  struct gateway g;
  long failed;
  int whole;
  memset(&g, 0, sizeof g);
  g.lists = lists;
  past = 1767000000000;
  assert_int_equal(start(&g, "witness.lua", witness), 1);
  if (resumed) {
    turns_left = (int)(n % 16);
    (void)start(&g, "memory.lua", all_of_it);
    turns_left = -1;
  }
  ours.for_ever = lites.for_ever = for_ever;
  ours.seen = lites.seen = ours.failed = lites.failed = 0;
  ours.fail_at = lites.fail_at = n;
  ours.armed = !lite;
  lites.armed = lite;
  whole = start(&g, "memory.lua", all_of_it);
  ours.armed = lites.armed = 0;
  failed = lite ? lites.failed : ours.failed;
  check_paid(&g, 4);
  if (failed == 0 && lists)
    assert_int_equal(whole, 1);
  next_start(&g);
  forget();
  return failed > 0;
}

static void each_of(int lists, int lite, int resumed) {
  long n, points[2] = {0, 0}, step = (long)one_in(5);
  int for_ever;
  for (for_ever = 0; for_ever < 2; for_ever++)
    for (n = 1; one_point(lists, lite, resumed, n, for_ever);
         n += step * (lite ? 1 + n / 20 : 1))
      points[for_ever]++;
  print_message("%s, %s, %s: %ld points failing once, %ld from there on\n",
                lite ? "SQLite's" : "ours", lists ? "a list" : "no list",
                resumed ? "going on after a kill" : "a new run", points[0],
                points[1]);
  assert_true(points[0] * step >= 60 && points[1] * step >= 60);
}

static void each_point(int lists, int lite) {
  each_of(lists, lite, 0);
  each_of(lists, lite, 1);
}

static void ours_with_a_list(void **state) {
  (void)state;
  each_point(1, 0);
}

static void ours_without(void **state) {
  (void)state;
  each_point(0, 0);
}

static void sqlite_s(void **state) {
  (void)state;
  each_point(1, 1);
}

static int up(void **state) {
  const char *temp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  (void)snprintf(folder, sizeof folder, "%s/mj-memory-XXXXXX", temp);
  if (wrap_sqlite(state) != 0 || !mkdtemp(folder))
    return -1;
  (void)snprintf(path, sizeof path, "%s/j.db", folder);
  (void)snprintf(picture, sizeof picture, "%s/a.png", folder);
  return 0;
}

static int down(void **state) {
  (void)state;
  return rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ours_with_a_list),
      cmocka_unit_test(ours_without),
      cmocka_unit_test(sqlite_s),
  };
  return cmocka_run_group_tests(tests, up, down);
}
