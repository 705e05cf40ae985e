/* SPDX-License-Identifier: MIT
   test_memory.c - ten thousand jobs, and memory that fails at every point. */
#include "rig.h"

/* Ten thousand, with every reply decided by the request. */
static void big_gateway(void *ud, const mj_http *req, int64_t now_ms,
                        virtual_reply *out) {
  size_t *posts = ud;
  int n;
  (void)now_ms;
  out->delay_ms = 20;
  out->body = malloc(128);
  if (req->paid) {
    n = snprintf(out->body, 128,
                 "{\"code\":1,\"description\":\"\",\"result\":\"%zu\"}",
                 ++*posts);
  } else {
    const char *id = strstr(req->url, "/task/") + 6;
    n = snprintf(out->body, 128, "{\"id\":\"%.*s\",\"status\":\"%s\"}",
                 (int)strcspn(id, "/"), id,
                 now_ms % 3 ? "IN_PROGRESS" : "SUCCESS");
  }
  out->body_len = (size_t)n;
}

static size_t allocated, most_allocated;

static void *counting(void *ud, void *p, size_t osize, size_t nsize) {
  size_t *head = p ? (size_t *)p - 2 : NULL;
  (void)ud;
  (void)osize;
  if (head)
    allocated -= head[0];
  if (nsize == 0) {
    free(head);
    return NULL;
  }
  head = realloc(head, nsize + 16);
  head[0] = nsize;
  allocated += nsize;
  if (allocated > most_allocated)
    most_allocated = allocated;
  return head + 2;
}

static void ten_thousand_in_virtual_time(void **state) {
  enum { N = 10000 };
  static size_t posts;
  virtual_world *w = virtual_new(big_gateway, &posts, NULL, 0);
  mj_config cfg;
  mj_client *c;
  mj_error err;
  mj_id id;
  mj_request q;
  size_t base;
  int i, done = 0, left = 1;
  (void)state;
  mj_config_init(&cfg);
  cfg.auth = "bearer";
  cfg.dialect = "mj";
  cfg.base_url = "http://gw.test";
  cfg.alloc = counting;
  virtual_config(w, &cfg);
  assert_int_equal(mj_client_new(&c, &cfg, &err), MJ_OK);
  base = allocated;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  for (i = 0; i < N; i++)
    assert_int_equal(mj_submit(c, &q, &id, &err), MJ_OK);
  while (left > 0) {
    const mj_event *ev;
    left = mj_step(c, -1, 0);
    while ((ev = mj_event_peek(c)) != NULL) {
      done += ev->type == MJ_EV_DONE && !ev->error;
      mj_event_pop(c);
    }
  }
  assert_int_equal(done, N);
  assert_int_equal(posts, N);
  assert_true(virtual_counted(w)->open_peak <= 32);
  print_message("10000 jobs: %llu requests, at most %zu at once, %zu bytes a "
                "job, %lld virtual s\n",
                (unsigned long long)virtual_counted(w)->requests,
                virtual_counted(w)->open_peak, (most_allocated - base) / N,
                (long long)virtual_now(w) / 1000);
  assert_true((most_allocated - base) / N <= 1024);
  mj_client_free(c);
  assert_int_equal(allocated, 0);
  virtual_unref(w);
}

/* Memory ------------------------------------------------------------------ */

static size_t countdown;
static int for_ever;
static size_t failed;

static void *failing(void *ud, void *p, size_t osize, size_t nsize) {
  if (nsize && countdown && --countdown == 0) {
    failed++;
    if (for_ever)
      countdown = 1;
    return NULL;
  }
  return counting(ud, p, osize, nsize);
}

enum { LISTED = 6, WORDY = 9000 }; /* tasks of a list, bytes of a prompt */

/* Answers by what is asked: a submit, a picture, a list, or a task that is half
   done at its first poll.  A variation asks back when it is polled, a zoom at
   once. */
struct small_gateway {
  int posts, asked[64], modal[64], stopped[64];
};

static void take(struct small_gateway *g, const mj_http *req,
                 virtual_reply *out, size_t size) {
  const char *of = strstr(req->body, "\"taskId\":\"");
  int id = 10 + g->posts++;
  int n = 0;
  if (strstr(req->url, "/modal")) {
    id = (int)strtol(of + 10, NULL, 10);
    g->modal[id % 64] = 0;
  }
  if (strstr(req->url, "/upload"))
    n = snprintf(out->body, size,
                 "{\"code\":1,\"description\":\"\",\"result\":[\"a\",\"b\"]}");
  else if (strstr(req->body, "PicReader"))
    n = snprintf(out->body, size,
                 "{\"code\":1,\"description\":\"\",\"result\":\"%d,9\"}", id);
  else if (strstr(req->body, "CustomZoom"))
    n = snprintf(out->body, size,
                 "{\"code\":21,\"description\":\"Waiting for window confirm\","
                 "\"result\":\"%d\",\"properties\":{\"finalPrompt\":"
                 "\"black cat --zoom 2\"}}",
                 id);
  else
    n = snprintf(out->body, size,
                 "{\"code\":1,\"description\":\"\",\"result\":\"%d\"}", id);
  if (strstr(req->body, "variation"))
    g->modal[id % 64] = 1;
  out->body_len = (size_t)n;
}

static void show(struct small_gateway *g, const char *url, virtual_reply *out,
                 size_t size) {
  const char *text = strstr(url, "/task/");
  long id = text ? strtol(text + 6, NULL, 10) : 0;
  const char *status = NULL;
  int n;
  if (strstr(url, "/cancel"))
    g->stopped[id % 64] = 1;
  if (strstr(url, "/image-seed") || strstr(url, "/cancel")) {
    n = snprintf(out->body, size,
                 "{\"code\":1,\"description\":\"\",\"result\":\"1234\"}");
  } else if (strstr(url, "/task/list") || strstr(url, "/task/queue")) {
    int i;
    for (n = 0, i = 0; i < LISTED; i++)
      n += snprintf(out->body + n, size - (size_t)n,
                    "%c{\"id\":\"17\",\"status\":\"SUCCESS\","
                    "\"prompt\":\"%0*d\"}",
                    i ? ',' : '[', WORDY, i);
    n += snprintf(out->body + n, size - (size_t)n, "]");
  } else {
    if (text && g->stopped[id % 64])
      status = "CANCEL";
    else if (text && g->modal[id % 64])
      status = "MODAL";
    else if (text && g->asked[id % 64]++ == 0)
      status = "IN_PROGRESS";
    if (status)
      n = snprintf(out->body, size,
                   "{\"id\":\"%ld\",\"status\":\"%s\",\"progress\":\"31%%\","
                   "\"properties\":{\"finalPrompt\":\"black cat\"}}",
                   id, status);
    else if (text) /* GRID is that of task 17 */
      n = snprintf(out->body, size, "{\"id\":\"%ld\"%s", id,
                   &GRID[strlen("{\"id\":\"17\"")]);
    else
      n = snprintf(out->body, size, "PNG");
  }
  out->body_len = (size_t)n;
}

static void small_gateway(void *ud, const mj_http *req, int64_t now_ms,
                          virtual_reply *out) {
  size_t size = LISTED * (WORDY + 64);
  (void)now_ms;
  out->delay_ms = 20;
  out->body = malloc(size);
  if (req->paid)
    take(ud, req, out, size);
  else
    show(ud, req->url, out, size);
}

enum { FEW = 6 };

/* Drains until nothing is left; each job of ids[] ends exactly once.  Returns
   how many of them ended well. */
static int finish_all(mj_client *c, const mj_id *ids, int n) {
  int done[FEW] = {0}, good = 0, left = 1, turns, i;
  for (turns = 0; left > 0 && turns < 100000; turns++) {
    const mj_event *ev;
    left = mj_step(c, -1, 0);
    while ((ev = mj_event_peek(c)) != NULL) {
      for (i = 0; i < n; i++)
        if (ids[i] == ev->id && ev->type == MJ_EV_DONE) {
          int code = ev->error ? ev->error->code : MJ_OK;
          done[i]++;
          good += code == MJ_OK;
          if (ev->tasks) /* never a part of a list */
            assert_int_equal(ev->ntasks, LISTED);
          /* what was sent is never called unsent */
          assert_true(code == MJ_OK || code == MJ_ERESOURCE ||
                      code == MJ_EUNKNOWN_OUTCOME || code == MJ_EPROTOCOL ||
                      code == MJ_ENETWORK);
        }
      mj_event_pop(c);
    }
  }
  assert_int_equal(left, 0);
  for (i = 0; i < n; i++)
    assert_int_equal(done[i], ids[i] != 0);
  return good;
}

static int made(int rc) {
  assert_true(rc == MJ_OK || rc == MJ_ERESOURCE);
  return rc == MJ_OK;
}

static int pictures(mj_client *c) {
  static const mj_param params[] = {{"aspect", "3:2"}, {"tile", "true"}};
  mj_id ids[FEW] = {0};
  mj_request q;
  mj_error err;
  int i, sent = 0;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  q.params = params;
  q.nparams = 2;
  q.progress = 1;
  q.state = "mine";
  q.extra_json = "{\"botType\":\"MID_JOURNEY\"}";
  for (i = 0; i < FEW; i++)
    sent += made(mj_submit(c, &q, &ids[i], &err));
  return finish_all(c, ids, FEW) == FEW && sent == FEW;
}

static int clicks(mj_client *c) {
  mj_id ids[FEW] = {0};
  mj_error err;
  int i, sent = 0;
  for (i = 0; i < FEW; i++) {
    mj_request q = click_on(i % 2 ? "U2" : "upscale:2");
    if (i % 2) {
      q.task_json = GRID;
      q.task_json_len = strlen(GRID);
    }
    sent += made(mj_submit(c, &q, &ids[i], &err));
  }
  return finish_all(c, ids, FEW) == FEW && sent == FEW;
}

static int others(mj_client *c) {
  mj_id ids[FEW] = {0}, timer;
  mj_error err;
  int sent = 0;
  sent += made(mj_fetch(c, "http://gw.test/a.png", &ids[0], &err));
  sent += made(mj_fetch(c, "http://gw.test/b.png", &ids[1], &err));
  sent += made(mj_track(c, "17", &ids[2], &err));
  sent += made(mj_track(c, "18", &ids[3], &err));
  sent += made(mj_write(c, "/dev/null/none", "x", 1, &ids[4], &err));
  sent += made(mj_after(c, 10, &timer, &err));
  return finish_all(c, ids, 5) == 4 && sent == 6; /* the file cannot be made */
}

static int dialogs(mj_client *c) {
  static const char png[] = "\x89PNG\r\n\x1a\n";
  static const mj_picture mask = {NULL, png, 8};
  static const mj_param ar = {"aspect", "3:2"};
  mj_id ids[FEW] = {0};
  mj_error err;
  int i, sent = 0;
  for (i = 0; i < FEW; i++) {
    mj_request q = click_on(i == 0   ? "MJ::CustomZoom::a"
                            : i == 1 ? "MJ::Inpaint::1::a::SOLO"
                            : i == 5 ? "MJ::Job::PicReader::all"
                                     : "MJ::JOB::variation::1::a");
    q.zoom = i == 0 ? 1.5 : 0;
    q.mask = i == 1 ? &mask : NULL;
    q.prompt = i == 2 ? "white cat" : NULL;
    q.params = &ar;
    q.nparams = i == 2;
    q.notify_hook = i == 3 ? "https://a.example/hook" : NULL;
    q.account_filter = i == 3 ? "{\"modes\":[\"FAST\"]}" : NULL;
    q.progress = i == 4;
    sent += made(mj_submit(c, &q, &ids[i], &err));
  }
  return finish_all(c, ids, FEW) == FEW && sent == FEW;
}

static int questions(mj_client *c) {
  static const mj_picture p = {"data:image/png;base64,iVBORw0KGgo=", NULL, 0};
  static const char *const id = "17", *const other = "19";
  mj_id ids[FEW] = {0};
  mj_request q;
  mj_error err;
  int sent = 0;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_UPLOAD;
  q.pictures = &p;
  q.npictures = 1;
  sent += made(mj_ask(c, MJ_QUERY_LIST, NULL, 0, &ids[0], &err));
  sent += made(mj_ask(c, MJ_QUERY_IDS, &id, 1, &ids[1], &err));
  sent += made(mj_ask(c, MJ_QUERY_QUEUE, NULL, 0, &ids[2], &err));
  sent += made(mj_ask(c, MJ_QUERY_SEED, &id, 1, &ids[3], &err));
  sent += made(mj_ask(c, MJ_QUERY_CANCEL, &other, 1, &ids[4], &err));
  sent += made(mj_submit(c, &q, &ids[5], &err));
  return finish_all(c, ids, FEW) == FEW && sent == FEW;
}

/* Returns 1 when all of it worked; anything else must be an honest error. */
static int story(void) {
  struct small_gateway g;
  virtual_world *w;
  mj_config cfg;
  mj_client *c;
  mj_error err;
  int ok, rc;
  memset(&g, 0, sizeof g);
  g.asked[17] = 1; /* the one that is clicked on is done */
  w = virtual_new(small_gateway, &g, NULL, 0);
  mj_config_init(&cfg);
  cfg.base_url = "http://gw.test";
  cfg.api_key = "sk-CANARY-91";
  cfg.image_host = "gateway";
  cfg.alloc = failing;
  virtual_config(w, &cfg);
  rc = mj_client_new(&c, &cfg, &err);
  if (rc) {
    assert_int_equal(rc, MJ_ERESOURCE);
    virtual_unref(w); /* twice: the client did not take its reference */
    virtual_unref(w);
    return 0;
  }
  ok = pictures(c);
  ok &= clicks(c);
  ok &= others(c);
  ok &= dialogs(c);
  ok &= questions(c);
  assert_true(g.posts <= 4 * FEW + 5); /* five dialogs */
  assert_true(virtual_counted(w)->paid == (uint64_t)g.posts);
  mj_client_free(c);
  virtual_unref(w);
  return ok;
}

static void memory_that_fails_at_any_point(void **state) {
  size_t n, points[2];
  (void)state;
  for (for_ever = 0; for_ever <= 1; for_ever++) {
    for (n = 1;; n++) {
      size_t before = allocated;
      countdown = n;
      failed = 0;
      if (story() && failed == 0)
        break;
      assert_int_equal(allocated, before);
      assert_true(n < 5000);
    }
    points[for_ever] = n - 1;
  }
  countdown = 0;
  assert_int_equal(allocated, 0);
  print_message("allocation points: %zu failing once, %zu from there on\n",
                points[0], points[1]);
  assert_true(points[0] >= 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ten_thousand_in_virtual_time),
      cmocka_unit_test(memory_that_fails_at_any_point),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
