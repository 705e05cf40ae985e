/* SPDX-License-Identifier: MIT
   test_generate_memory.c - memory that fails at every point while a client
   finds out that its gateway speaks the generate family, and then works with
   it: requests that wait for the family or for a button, region edits,
   rerolls. */
#include "test.h"

#include "virtual.h"

enum { FEW = 8, PAID = 6 };

/* A task is half done when it is first asked for. */
struct gateway {
  int posts, asked[64], rerolled;
  char body[600]; /* of the first imagine */
};

#define MADE                                                                   \
  "{\"code\":200,\"message\":\"success\",\"data\":{\"taskId\":\"task_%d\","    \
  "\"state\":\"success\",\"resultJson\":\"{\\\"resultUrls\\\":["               \
  "\\\"http://gw.test/1.png\\\",\\\"http://gw.test/2.png\\\"]}\","             \
  "\"completeTime\":1767965652317}}"

static int take(struct gateway *g, const mj_http *req, char *out, size_t size) {
  if (strstr(req->body, "black cat") && !*g->body)
    (void)snprintf(g->body, sizeof g->body, "%s", req->body);
  else if (strcmp(g->body, req->body) == 0)
    g->rerolled++;
  return snprintf(out, size,
                  "{\"code\":200,\"message\":\"success\","
                  "\"data\":{\"taskId\":\"task_%d\"}}",
                  10 + g->posts++);
}

static void play(void *ud, const mj_http *req, int64_t now_ms,
                 virtual_reply *out) {
  const char *at = strstr(req->url, "taskId=task_");
  int id = at ? (int)strtol(at + 12, NULL, 10) % 64 : 0, n;
  struct gateway *g = ud;
  size_t size = sizeof MADE + 20;
  (void)now_ms;
  out->delay_ms = 20;
  out->body = malloc(size);
  assert_non_null(out->body);
  if (req->paid) {
    n = take(g, req, out->body, size);
  } else if (!at) { /* no such path, no such task */
    n = snprintf(out->body, size,
                 "{\"code\":404,\"message\":\"Not Found\",\"data\":null}");
    out->http_status = 404;
  } else if (id >= 10 && g->asked[id]++ == 0) {
    n = snprintf(out->body, size,
                 "{\"code\":200,\"data\":{\"taskId\":\"task_%d\","
                 "\"state\":\"processing\"}}",
                 id);
  } else {
    n = snprintf(out->body, size, MADE, id);
  }
  out->body_len = (size_t)n;
}

static struct meter meter;

/* What was sent is never called unsent; a request that could not be remembered
   is not made again. */
static void check_end(const mj_event *ev, int reroll) {
  int code = ev->error ? ev->error->code : MJ_OK;
  assert_true(code == MJ_OK || code == MJ_ERESOURCE || code == MJ_EPROTOCOL ||
              code == MJ_EUNKNOWN_OUTCOME || code == MJ_ENETWORK ||
              (reroll && code == MJ_EUNSUPPORTED));
}

/* Each job ends exactly once; how many of them ended well. */
static int finish(mj_client *c, const mj_id *ids, int n, char *first) {
  int done[FEW] = {0}, good = 0, left = 1, turns, i;
  for (turns = 0; left > 0 && turns < 10000; turns++) {
    const mj_event *ev;
    left = mj_step(c, -1, 0);
    for (; (ev = mj_event_peek(c)) != NULL; mj_event_pop(c))
      for (i = 0; i < n; i++)
        if (ids[i] == ev->id && ev->type == MJ_EV_DONE) {
          if (n > 1) /* one alone may be nonsense in the family it waits for */
            check_end(ev, n == 2 && i == 0);
          done[i]++;
          good += !ev->error;
          if (i == 0 && first && ev->task_id)
            (void)snprintf(first, 80, "%s", ev->task_id);
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

static int submit(mj_client *c, const mj_request *r, mj_id *id) {
  mj_error err;
  int rc = mj_submit(c, r, id, &err);
  if (rc != MJ_OK)
    *id = 0;
  return rc;
}

static mj_request request(mj_op op, const char *prompt) {
  mj_request r;
  memset(&r, 0, sizeof r);
  r.op = op;
  r.prompt = prompt;
  return r;
}

/* Given before anybody knows which family it is. */
static int deferred(mj_client *c, char *first) {
  static const mj_param params[] = {{"aspect", "3:2"}, {"version", "v7"}};
  static const mj_picture address = {"http://gw.test/p.png", NULL, 0};
  static const mj_picture mask = {"http://gw.test/m.png", NULL, 0};
  static const int points[] = {0, 0, 900, 0, 900, 900};
  static const mj_area area = {1024, 1024, points, 6};
  static const mj_box canvas = {0, 0, 2048, 2048}, place = {5, 6, 1024, 1024};
  mj_id ids[FEW] = {0};
  mj_request q = request(MJ_OP_IMAGINE, "black cat --chaos 5");
  mj_error err;
  int ok = 0;
  q.params = params;
  q.nparams = 2;
  q.state = "mine";
  q.progress = 1;
  q.notify_hook = "https://a.b/hook";
  ok += made(submit(c, &q, &ids[0]));
  q.pictures = &address;
  q.npictures = 1;
  ok += made(submit(c, &q, &ids[1]));
  q = request(MJ_OP_INPAINT, "a hat");
  q.pictures = &address;
  q.npictures = 1;
  q.areas = &area;
  q.nareas = 1;
  q.mask = &mask;
  q.canvas = &canvas;
  q.place = &place;
  ok += made(submit(c, &q, &ids[2]));
  q = request(MJ_OP_GENERATE, NULL);
  q.input_json = "{\"mode\":\"outpaint\"}";
  q.extra_json = "{\"source\":\"x\",\"input\":{\"n\":1}}";
  ok += made(submit(c, &q, &ids[3]));
  q = request(MJ_OP_CLICK, NULL);
  q.task = "task_9";
  q.button = "U2";
  q.type = "4x";
  ok += made(submit(c, &q, &ids[4]));
  ok += made(mj_track(c, "task_8", &ids[5], &err));
  ok += made(mj_ask(c, MJ_QUERY_DIALECT, NULL, 0, &ids[6], &err));
  return finish(c, ids, 7, first) == 7 && ok == 7;
}

/* And when it is known. */
static int known(mj_client *c, const char *first) {
  mj_id ids[FEW] = {0};
  mj_request q = request(MJ_OP_CLICK, NULL);
  int rc, ok;
  q.task = first;
  q.button = "generate::reroll";
  rc = submit(c, &q, &ids[0]);
  assert_true(rc == MJ_OK || rc == MJ_ERESOURCE || rc == MJ_EUNSUPPORTED);
  ok = rc == MJ_OK;
  q.task = "task_9";
  q.button = "generate::vary::1";
  q.strength = "strong";
  q.prompt = "at night";
  ok += made(submit(c, &q, &ids[1]));
  return finish(c, ids, 2, NULL) == 2 && ok == 2;
}

/* Returns 1 when all of it worked; anything else must be an honest error. */
static int story(void) {
  char first[80] = "task_7";
  struct gateway g;
  virtual_world *w;
  mj_config cfg;
  mj_client *c;
  mj_error err;
  int ok, rc;
  memset(&g, 0, sizeof g);
  w = virtual_new(play, &g, NULL, 0);
  mj_config_init(&cfg);
  cfg.base_url = "http://gw.test";
  cfg.api_key = "sk-CANARY-91";
  cfg.image_host = "gateway";
  cfg.alloc = meter_alloc;
  cfg.alloc_ud = &meter;
  virtual_config(w, &cfg);
  rc = mj_client_new(&c, &cfg, &err);
  if (rc) {
    assert_int_equal(rc, MJ_ERESOURCE);
    virtual_unref(w); /* twice: the client did not take its reference */
    virtual_unref(w);
    return 0;
  }
  ok = deferred(c, first);
  ok &= known(c, first);
  assert_true(g.posts <= PAID + 1 && g.rerolled <= 1);
  assert_true(virtual_counted(w)->paid == (uint64_t)g.posts);
  ok &= g.posts == PAID + 1 && g.rerolled == 1;
  mj_client_free(c);
  virtual_unref(w);
  return ok;
}

static void memory_that_fails_at_any_point(void **state) {
  size_t n, points[2];
  int for_ever;
  (void)state;
  for (for_ever = 0; for_ever <= 1; for_ever++) {
    for (n = 1;; n++) {
      int ok;
      memset(&meter, 0, sizeof meter);
      meter.fail_at = n;
      meter.for_ever = for_ever;
      ok = story();
      assert_int_equal(meter.live, 0);
      if (meter.calls < n) {
        assert_true(ok);
        break;
      }
      assert_true(n < 5000);
    }
    points[for_ever] = n - 1;
  }
  print_message("allocation points: %zu failing once, %zu from there on\n",
                points[0], points[1]);
  assert_true(points[0] >= 200 && points[1] >= 200);
}

/* What waits is copied ---------------------------------------------------- */

static void mj_gateway(void *ud, const mj_http *req, int64_t now_ms,
                       virtual_reply *out) {
  const char *body = "{\"code\":1,\"description\":\"\",\"result\":\"18\"}";
  (void)ud;
  (void)now_ms;
  if (!req->paid)
    body = "{\"id\":\"17\",\"status\":\"SUCCESS\",\"buttons\":[{"
           "\"customId\":\"MJ::JOB::variation::1::abc\",\"label\":\"V1\"}],"
           "\"properties\":{\"finalPrompt\":\"black cat --zoom 2\"}}";
  out->body = malloc(strlen(body) + 1);
  assert_non_null(out->body);
  out->body_len = strlen(body);
  memcpy(out->body, body, out->body_len + 1);
}

#define TASK                                                                   \
  "{\"id\":\"17\",\"status\":\"MODAL\",\"prompt\":\"black cat\","              \
  "\"buttons\":[{\"customId\":\"MJ::JOB::variation::1::abc\","                 \
  "\"label\":\"V1\"}]}"

/* All that a request can have; `prompt` is as long as it takes to leave little
   of the memory that was taken for it. */
static mj_request everything(mj_op op, const char *prompt) {
  static const char png[] = "\x89PNG\r\n\x1a\n";
  static const mj_picture list[] = {
      {"http://a.test/1.png", NULL, 0}, {NULL, png, 8}, {NULL, NULL, 0}};
  static const mj_picture bytes = {NULL, png, 8};
  static const mj_param params[] = {{"aspect", "3:2"}, {"chaos", "5"}};
  static const int points[] = {0, 0, 900, 0, 900, 900};
  static const mj_area areas[] = {{1024, 1024, points, 6},
                                  {1024, 1024, points, 0}};
  static const mj_box box = {1, 2, 30, 40};
  mj_request r = request(op, prompt);
  r.task = "17";
  r.button = op == MJ_OP_CLICK ? "V1" : NULL;
  r.params = params;
  r.nparams = 2;
  r.pictures = list;
  r.npictures = 3;
  r.mask = &bytes;
  r.areas = areas;
  r.nareas = 2;
  r.canvas = &box;
  r.place = &box;
  r.task_json = TASK;
  r.task_json_len = strlen(TASK);
  r.state = "mine";
  r.type = "2x";
  r.strength = "strong";
  return r;
}

/* Another client for each point; what mj_submit says. */
static int one_request(mj_op op, const char *prompt) {
  mj_request r = everything(op, prompt);
  virtual_world *w = virtual_new(mj_gateway, NULL, NULL, 0);
  mj_id ids[FEW] = {0};
  mj_client *c;
  mj_config cfg;
  int rc;
  mj_config_init(&cfg);
  cfg.base_url = "http://gw.test";
  cfg.auth = "bearer";
  cfg.alloc = meter_alloc;
  cfg.alloc_ud = &meter;
  virtual_config(w, &cfg);
  meter.calls = 0;
  rc = mj_client_new(&c, &cfg, NULL);
  if (rc) {
    virtual_unref(w);
    virtual_unref(w);
    return rc;
  }
  rc = submit(c, &r, &ids[0]);
  (void)finish(c, ids, 1, NULL);
  mj_client_free(c);
  virtual_unref(w);
  return rc;
}

static void what_waits_is_copied_or_refused(void **state) {
  static char prompt[8200];
  size_t length, n;
  int op;
  (void)state;
  for (length = 7000; length < sizeof prompt; length += 8) {
    memset(prompt, 'x', length);
    prompt[length] = '\0';
    for (op = 0; op < 2; op++)
      for (n = 1;; n++) {
        memset(&meter, 0, sizeof meter);
        meter.fail_at = n;
        meter.for_ever = 1;
        int rc = one_request(op ? MJ_OP_CLICK : MJ_OP_MODAL, prompt);
        assert_int_equal(meter.live, 0);
        if (meter.calls < n) {
          assert_int_equal(rc, MJ_OK);
          break;
        }
        assert_true(rc == MJ_OK || rc == MJ_ERESOURCE);
        assert_true(n < 500);
      }
  }
}

static void the_reason_may_be_unwanted(void **state) {
  virtual_world *w = virtual_new(mj_gateway, NULL, NULL, 0);
  mj_request r = request(MJ_OP_IMAGINE, "");
  mj_client *c;
  mj_config cfg;
  mj_id id;
  (void)state;
  mj_config_init(&cfg);
  cfg.base_url = "http://gw.test";
  virtual_config(w, &cfg);
  assert_int_equal(mj_client_new(&c, &cfg, NULL), MJ_OK);
  assert_int_equal(mj_submit(c, &r, &id, NULL), MJ_EINVALID);
  r = everything(MJ_OP_CLICK, "black cat");
  r.nparams = r.npictures = r.nareas = 0; /* lists that are empty */
  r.mask = NULL;
  r.task_json = NULL;
  assert_int_equal(mj_submit(c, &r, &id, NULL), MJ_OK);
  mj_client_free(c);
  virtual_unref(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_that_fails_at_any_point),
      cmocka_unit_test(what_waits_is_copied_or_refused),
      cmocka_unit_test(the_reason_may_be_unwanted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
