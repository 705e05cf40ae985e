/* SPDX-License-Identifier: MIT
   test_tape.c - transcripts: what is in them, and that they are played
   strictly.
 */
#include "test.h"

#include "rig.h"
#include "tape.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[64], file[80];
static mj_tape *tape;

static int up(void **state) {
  (void)state;
  (void)snprintf(folder, sizeof folder, "/tmp/mj-tape-XXXXXX");
  assert_non_null(mkdtemp(folder));
  (void)snprintf(file, sizeof file, "%s/t", folder);
  return 0;
}

static int down(void **state) {
  (void)state;
  mj_tape_free(tape);
  tape = NULL;
  (void)unlink(file);
  assert_int_equal(rmdir(folder), 0);
  return 0;
}

static void with_tape(mj_config *cfg) {
  cfg->tape = tape;
}

static void record(void) {
  mj_error err;
  if (mj_tape_record(&tape, file, "{\"tape\":1}", NULL, NULL, &err) != MJ_OK)
    fail_msg("%s", err.text);
  rig_tune = with_tape;
}

static void play(void) {
  mj_error err;
  mj_tape_free(tape);
  if (mj_tape_replay(&tape, file, NULL, NULL, &err) != MJ_OK)
    fail_msg("%s", err.text);
  rig_tune = with_tape;
}

static char *text_of_file(void) {
  static char text[2 << 20];
  FILE *f = fopen(file, "rb");
  size_t n;
  assert_non_null(f);
  n = fread(text, 1, sizeof text - 1, f);
  (void)fclose(f);
  text[n] = '\0';
  return text;
}

static void record_a_task(void) {
  void **state = NULL;
  struct end e;
  record();
  {
    RIG(r, ACCEPT, RUNNING, DONE);
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_OK);
    rig_down(&r);
  }
  assert_int_equal(mj_tape_check(tape, NULL), MJ_OK);
}

static void what_was_said_is_said_again(void **state) {
  struct stat st;
  struct end e;
  mj_error err;
  record_a_task();
  assert_int_equal(stat(file, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  play();
  assert_string_equal(mj_tape_head(tape), "{\"tape\":1}");
  {
    RIG(r, {.curl_code = 7, .sent_less = 2});
    assert_int_equal(mj_tape_check(tape, &err), MJ_EPROTOCOL);
    assert_non_null(strstr(err.text, "3 recorded exchanges were not asked"));
    assert_non_null(strstr(err.text, "POST /mj/submit/imagine"));
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_OK);
    assert_int_equal(e.accepted, 1);
    assert_string_equal(e.task_id, "17");
    assert_non_null(strstr(e.json, "SUCCESS"));
    /* nothing went out */
    assert_int_equal(virtual_counted(r.w)->requests, 0);
    assert_int_equal(mj_tape_check(tape, &err), MJ_OK);
    rig_down(&r);
  }
}

static void neither_key_nor_token_is_in_it(void **state) {
  mj_request q;
  char *text;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "sk-CANARY-91 and sk-CANARY-91";
  record();
  {
    RIG(r,
        {.body = "{\"code\":1,\"description\":\"sk-CANARY-91\","
                 "\"result\":\"17\"}"},
        DONE);
    (void)rig_run(&r, rig_submit(&r, &q));
    /* as it went out, so that it would have been seen */
    assert_non_null(strstr(script_at(r.s, 0)->body, "sk-CANARY-91"));
    assert_non_null(strstr(script_at(r.s, 0)->body, "\"state\":\"mj_"));
    rig_down(&r);
  }
  text = text_of_file();
  assert_null(strstr(text, "CANARY"));
  assert_non_null(strstr(text, "<key> and <key>"));
  assert_non_null(strstr(text, "mj_00000000000000000000000001"));
}

static void a_token_of_now_stands_for_the_recorded_one(void **state) {
  struct end e;
  FILE *f = fopen(file, "w");
  assert_non_null(f);
#define ONE "\\\"state\\\":\\\"mj_00000000000000000000000001\\\"}"
  (void)fputs("{\"tape\":1}\n"
              "{\"method\":\"POST\",\"paid\":true,\"status\":200,"
              "\"path\":\"/mj/submit/imagine\",\"request\":"
              "\"{\\\"base64Array\\\":[],\\\"prompt\\\":\\\"black cat\\\"," ONE
              "\",\"reply\":\"{\\\"code\\\":1,\\\"result\\\":\\\"17\\\"}\"}\n"
              "{\"method\":\"GET\",\"path\":\"/mj/task/17/fetch\","
              "\"status\":200,\"reply\":\"{\\\"id\\\":\\\"17\\\","
              "\\\"status\\\":\\\"SUCCESS\\\"," ONE "\"}\n",
              f);
  (void)fclose(f);
  play();
  {
    RIG(r, {.curl_code = 7});
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_OK);
    assert_non_null(strstr(e.json, "\"state\":\"mj_"));
    rig_down(&r);
  }
}

static void another_body_is_shown(void **state) {
  struct end e;
  mj_request q;
  record_a_task();
  play();
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black dog";
  {
    RIG(r, {.curl_code = 7});
    e = rig_run(&r, rig_submit(&r, &q));
    assert_int_equal(e.code, MJ_ENETWORK);
    assert_non_null(mj_tape_wrong(tape));
    assert_non_null(strstr(mj_tape_wrong(tape), "has another body than "
                                                "exchange 1"));
    assert_non_null(strstr(mj_tape_wrong(tape), "black cat"));
    assert_non_null(strstr(mj_tape_wrong(tape), "black dog"));
    assert_int_equal(mj_tape_check(tape, NULL), MJ_EPROTOCOL);
    assert_int_equal(virtual_counted(r.w)->requests, 0);
    rig_down(&r);
  }
}

static void paid_work_is_played_once(void **state) {
  struct end e;
  record_a_task();
  play();
  {
    RIG(r, {.curl_code = 7});
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_OK);
    assert_null(mj_tape_wrong(tape));
    e = rig_run(&r, rig_imagine(&r));
    assert_int_equal(e.code, MJ_ENETWORK);
    assert_non_null(strstr(mj_tape_wrong(tape), "not that often"));
    rig_down(&r);
  }
}

static void a_question_that_is_asked_more_often_waits(void **state) {
  mj_id id;
  int i;
  record();
  {
    RIG(r, ACCEPT, RUNNING);
    id = rig_imagine(&r);
    for (i = 0; i < 5; i++) /* accepted, looked at once, and left */
      (void)mj_step(r.c, -1, 0);
    (void)mj_detach(r.c, id);
    rig_down(&r);
  }
  play();
  {
    RIG(r, {.curl_code = 7});
    (void)rig_imagine(&r);
    for (i = 0; i < 50; i++)
      (void)mj_step(r.c, 100, 0);
    assert_null(mj_tape_wrong(tape));
    rig_down(&r);
  }
}

#define GET(n, took)                                                           \
  "{\"n\":1,\"at\":0,\"took\":" took ",\"method\":\"GET\",\"path\":\"/" n      \
  ".png\",\"status\":200,\"reply\":\"" n "\"}\n"

/* What was answered later is answered later again, whoever asks first and
   however long it took; on the host's clock, or on the tape's own. */
static void answers_keep_their_order_and_their_time(void **state) {
  int own;
  (void)state;
  for (own = 0; own < 2; own++) {
    mj_config cfg;
    mj_client *c;
    mj_error err;
    mj_id a, b;
    int64_t begun;
    const mj_event *ev;
    script *s = script_new(NULL, 0);
    virtual_world *w = script_world(s);
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    (void)fputs("{}\n" GET("b", "3600000") GET("a", "10"), f);
    (void)fclose(f);
    play();
    mj_config_init(&cfg);
    cfg.base_url = "http://gw.test";
    cfg.dialect = "mj";
    cfg.auth = "bearer";
    cfg.tape = tape;
    if (!own)
      virtual_config(w, &cfg);
    assert_int_equal(mj_client_new(&c, &cfg, &err), MJ_OK);
    begun = mj_now(c);
    assert_int_equal(mj_fetch(c, "http://gw.test/a.png", &a, NULL), MJ_OK);
    assert_int_equal(mj_fetch(c, "http://gw.test/b.png", &b, NULL), MJ_OK);
    while (!(ev = mj_event_peek(c)))
      (void)mj_step(c, -1, 0);
    assert_int_equal(ev->id, b);
    assert_in_range(mj_now(c) - begun, 3600000, 3601000);
    mj_event_pop(c);
    while (!(ev = mj_event_peek(c)))
      (void)mj_step(c, -1, 0);
    assert_int_equal(ev->id, a);
    assert_in_range(mj_now(c) - begun, 3600000, 3601000);
    mj_event_pop(c);
    mj_client_free(c);
    virtual_unref(w);
    (void)unlink(file);
  }
}

static int never_left(void *ud, uint64_t id) {
  (void)ud;
  return id != 0;
}

static void with_no_connection(mj_config *cfg) {
  static mj_transport t;
  t = *cfg->transport;
  t.unsent = never_left;
  cfg->transport = &t;
  cfg->tape = tape;
}

/* It was called back while it waited for a connection; so it is again. */
static void what_never_left_does_not_leave(void **state) {
  mj_request q;
  int i;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  q.deadline_ms = 1000;
  record();
  for (i = 0; i < 2; i++) {
    const mj_event *e;
    int turns, ended = 0, code = 0;
    if (i)
      play();
    else
      rig_tune = with_no_connection;
    RIG(r, {.curl_code = 28, .delay_ms = 80000});
    (void)rig_submit(&r, &q);
    for (turns = 0; turns < 100 && !ended; turns++) {
      (void)mj_step(r.c, 1000, 0);
      while ((e = mj_event_peek(r.c)) != NULL) {
        ended |= e->type == MJ_EV_DONE;
        code = e->error ? e->error->code : 0;
        mj_event_pop(r.c);
      }
    }
    assert_int_equal(code, MJ_ETIMEOUT);
    assert_int_equal(mj_tape_check(tape, NULL), MJ_OK);
    rig_down(&r);
  }
}

static void long_and_binary_bodies_come_back(void **state) {
  size_t n = 1000001;
  char *body = malloc(n + 1);
  mj_id id;
  const mj_event *ev;
  int round;
  memset(body, 'x', n);
  memcpy(body, "\x89PNG\xff\xfe", 6);
  body[n] = '\0';
  for (round = 0; round < 2; round++) {
    script_reply reply = {.content_type = "image/png"};
    if (round == 0) {
      reply.body = body;
      record();
    } else {
      reply.curl_code = 7;
      play();
    }
    {
      RIG(r, reply);
      assert_int_equal(mj_fetch(r.c, "http://gw.test/a.png", &id, NULL), MJ_OK);
      while (!(ev = mj_event_peek(r.c)))
        (void)mj_step(r.c, -1, 0);
      assert_null(ev->error);
      assert_int_equal(ev->data_len, n);
      assert_memory_equal(ev->data, body, n);
      assert_string_equal(ev->content_type, "image/png");
      mj_event_pop(r.c);
      rig_down(&r);
    }
  }
  free(body);
}

static void a_file_that_is_there_is_not_touched(void **state) {
  mj_error err;
  FILE *f = fopen(file, "w");
  mj_tape *t;
  (void)state;
  assert_non_null(f);
  (void)fclose(f);
  assert_int_equal(mj_tape_record(&t, file, "{}", NULL, NULL, &err),
                   MJ_EINVALID);
  assert_null(t);
  assert_non_null(strstr(err.text, "File exists"));
  assert_int_equal(mj_tape_replay(&t, file, NULL, NULL, &err), MJ_EINVALID);
  assert_non_null(strstr(err.text, "is no transcript"));
  (void)unlink(file);
  assert_int_equal(mj_tape_replay(&t, file, NULL, NULL, &err), MJ_ENOT_FOUND);
}

static void what_is_no_transcript_is_refused(void **state) {
  static const char *const bad[] = {"{}\n{}\n", "{}\nx\n",
                                    "{}\n{\"method\":\"GET\"}\n", "{}\n[]\n"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(bad); i++) {
    mj_error err;
    mj_tape *t;
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    (void)fputs(bad[i], f);
    (void)fclose(f);
    assert_int_equal(mj_tape_replay(&t, file, NULL, NULL, &err), MJ_EINVALID);
    assert_string_equal(err.text, "line 2 is no exchange of a transcript");
  }
}

/* Each allocation of reading one fails once. */
static void without_memory_none_is_made(void **state) {
  size_t n, points = 0;
  (void)state;
  record_a_task();
  mj_tape_free(tape);
  tape = NULL;
  for (n = 1;; n++) {
    struct meter meter;
    mj_error err;
    mj_tape *t;
    int rc;
    memset(&meter, 0, sizeof meter);
    meter.fail_at = n;
    rc = mj_tape_replay(&t, file, meter_alloc, &meter, &err);
    mj_tape_free(t);
    assert_int_equal(meter.live, 0);
    if (rc == MJ_OK && meter.calls < n)
      break;
    points++;
    if (rc != MJ_OK) /* giving memory back may fail without harm */
      assert_int_equal(rc, MJ_ERESOURCE);
  }
  assert_in_range(points, 20, 10000);
  print_message("replay: %zu points of failure\n", points);
}

/* And of writing: the work goes on, and the end tells. */
static void without_memory_the_work_goes_on(void **state) {
  size_t n, told = 0;
  for (n = 2; n < 60; n++) {
    struct meter meter;
    struct end e;
    mj_error err;
    memset(&meter, 0, sizeof meter);
    (void)unlink(file);
    if (mj_tape_record(&tape, file, "{}", meter_alloc, &meter, &err) != MJ_OK)
      fail_msg("%s", err.text);
    meter.fail_at = n;
    rig_tune = with_tape;
    {
      RIG(r, ACCEPT, RUNNING, DONE);
      e = rig_run(&r, rig_imagine(&r));
      assert_int_equal(e.code, MJ_OK);
      rig_down(&r);
    }
    if (mj_tape_check(tape, &err) != MJ_OK) {
      assert_non_null(strstr(err.text, "could not be written"));
      told++;
    }
    mj_tape_free(tape);
    tape = NULL;
    assert_int_equal(meter.live, 0);
  }
  assert_in_range(told, 5, 60);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)
  const struct CMUnitTest tests[] = {
      TEST(what_was_said_is_said_again),
      TEST(neither_key_nor_token_is_in_it),
      TEST(a_token_of_now_stands_for_the_recorded_one),
      TEST(another_body_is_shown),
      TEST(paid_work_is_played_once),
      TEST(a_question_that_is_asked_more_often_waits),
      TEST(answers_keep_their_order_and_their_time),
      TEST(what_never_left_does_not_leave),
      TEST(long_and_binary_bodies_come_back),
      TEST(a_file_that_is_there_is_not_touched),
      TEST(what_is_no_transcript_is_refused),
      TEST(without_memory_none_is_made),
      TEST(without_memory_the_work_goes_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
