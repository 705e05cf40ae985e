/* SPDX-License-Identifier: MIT
   test_threat.c - what a hostile gateway, its front and the environment may
   try, over real sockets; the names begin with what is attacked. */
#define _GNU_SOURCE
#include "fault.h"
#include "mj.h"
#include "rawserver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY "sk-CANARY-threat-7c1d"

void die(const char *what) {
  fprintf(stderr, "test_threat: %s\n", what);
  exit(2);
}

/* A gateway that answers each request with the same bytes, or with what
   `speak` makes of it. */
static const char *reply_body, *reply_head;
static void (*speak)(const raw_request *q, raw_reply *r);
static char last_head[8192], all_targets[4096];

static void gateway(void *ud, const raw_request *q, raw_reply *r) {
  size_t n = strlen(all_targets);
  (void)ud;
  (void)snprintf(last_head, sizeof last_head, "%s", q->head);
  (void)snprintf(all_targets + n, sizeof all_targets - n, "%.*s|",
                 (int)strcspn(q->head, "\r"), q->head);
  if (speak)
    speak(q, r);
  else
    r->made = raw_text(200, reply_head, reply_body);
}

struct bed {
  rawserver *s;
  mj_client *c;
};

static void (*tune)(mj_config *cfg);

static struct bed bed_up(const char *head, const char *body) {
  struct bed b;
  mj_config cfg;
  mj_error err;
  char base[64];
  reply_head = head;
  reply_body = body;
  all_targets[0] = '\0';
  b.s = rawserver_new(gateway, NULL);
  mj_config_init(&cfg);
  (void)snprintf(base, sizeof base, "http://127.0.0.1:%d", rawserver_port(b.s));
  cfg.base_url = base;
  cfg.api_key = KEY;
  cfg.auth = "secret";
  cfg.dialect = "mj";
  cfg.attempts = 1;
  cfg.poll.first_ms = cfg.poll.gaps_ms[0] = 1;
  cfg.poll.ngaps = 1;
  cfg.max_reply = cfg.max_image = 1 << 20;
  if (tune)
    tune(&cfg);
  assert_int_equal(mj_client_new(&b.c, &cfg, &err), MJ_OK);
  return b;
}

static void bed_down(struct bed *b) {
  mj_client_free(b->c);
  rawserver_free(b->s);
  speak = NULL;
  tune = NULL;
}

struct end {
  int code, accepted;
  char text[480], id[80];
};

static struct end end_of(mj_client *c, mj_id id) {
  struct end e = {-99, 0, "", ""};
  int turns;
  for (turns = 0; turns < 20000; turns++) {
    const mj_event *ev;
    assert_true(mj_step(c, 1000, 0) >= 0);
    while ((ev = mj_event_peek(c)) != NULL) {
      if (ev->id == id && ev->type == MJ_EV_ACCEPTED) {
        e.accepted++;
        (void)snprintf(e.id, sizeof e.id, "%s", ev->task_id);
      } else if (ev->id == id && ev->type == MJ_EV_DONE) {
        e.code = ev->error ? ev->error->code : MJ_OK;
        (void)snprintf(e.text, sizeof e.text, "%s",
                       ev->error ? ev->error->text : "");
      }
      mj_event_pop(c);
    }
    if (e.code != -99) {
      assert_null(strstr(e.text, "CANARY"));
      return e;
    }
  }
  fail_msg("the job did not end");
  return e;
}

static struct end imagine(struct bed *b) {
  mj_request q;
  mj_error err;
  mj_id id;
  memset(&q, 0, sizeof q);
  q.op = MJ_OP_IMAGINE;
  q.prompt = "black cat";
  assert_int_equal(mj_submit(b->c, &q, &id, &err), MJ_OK);
  return end_of(b->c, id);
}

static struct end list(struct bed *b) {
  mj_error err;
  mj_id id;
  assert_int_equal(mj_ask(b->c, MJ_QUERY_LIST, NULL, 0, &id, &err), MJ_OK);
  return end_of(b->c, id);
}

static struct end picture(struct bed *b, const char *path) {
  char url[128];
  mj_error err;
  mj_id id;
  (void)snprintf(url, sizeof url, "http://127.0.0.1:%d%s", rawserver_port(b->s),
                 path);
  assert_int_equal(mj_fetch(b->c, url, &id, &err), MJ_OK);
  return end_of(b->c, id);
}

/* 4: redirects ------------------------------------------------------------- */

static int elsewhere;

static void send_away(const raw_request *q, raw_reply *r) {
  char where[200];
  (void)q;
  (void)snprintf(where, sizeof where, "Location: http://localhost:%d/taken\r\n",
                 elsewhere);
  r->made = raw_text(302, where, "");
}

/* libcurl itself would drop Authorization there, and send mj-api-secret. */
static void row_04_no_redirect_takes_the_key_along(void **state) {
  rawserver *other = rawserver_new(gateway, NULL);
  struct bed b = bed_up("", "");
  (void)state;
  elsewhere = rawserver_port(other);
  speak = send_away;
  assert_int_equal(imagine(&b).code, MJ_EPROTOCOL);
  assert_non_null(strstr(last_head, "mj-api-secret: " KEY));
  assert_int_equal(list(&b).code, MJ_EUNSUPPORTED);
  /* a picture's redirect is followed, without a key, where it may go */
  assert_int_equal(picture(&b, "/a.png").code, MJ_EBLOCKED_ADDRESS);
  assert_null(strstr(last_head, "CANARY"));
  assert_int_equal(rawserver_connections(other), 0);
  bed_down(&b);
  rawserver_free(other);
}

static const char *hop_to;

static void hop(const raw_request *q, raw_reply *r) {
  char where[200];
  if (strstr(q->head, "GET /go ")) {
    (void)snprintf(where, sizeof where, "Location: %s\r\n", hop_to);
    r->made = raw_text(302, where, "");
  } else {
    r->made = raw_text(200, "", "PNG");
  }
}

static void row_04_each_hop_of_a_picture_is_checked(void **state) {
  static const struct {
    const char *to;
    int code;
  } hops[] = {{"http://169.254.169.254/latest/meta-data/", MJ_EBLOCKED_ADDRESS},
              {"http://[::1]:80/", MJ_EBLOCKED_ADDRESS},
              {"http://[::ffff:127.0.0.1]:80/", MJ_EBLOCKED_ADDRESS},
              {"http://2130706433/", MJ_EBLOCKED_ADDRESS},
              {"http://0x7f.1/", MJ_EBLOCKED_ADDRESS},
              {"http://10.0.0.1/", MJ_EBLOCKED_ADDRESS},
              {"file:///etc/hostname", MJ_EBLOCKED_ADDRESS},
              {"gopher://127.0.0.1:70/x", MJ_EBLOCKED_ADDRESS},
              {"http://8.8.8.8:22/", MJ_EBLOCKED_ADDRESS},
              {"/ok.png", MJ_OK}};
  struct bed b = bed_up("", "");
  size_t i;
  (void)state;
  speak = hop;
  for (i = 0; i < sizeof hops / sizeof hops[0]; i++) {
    struct end e;
    hop_to = hops[i].to;
    e = picture(&b, "/go");
    if (e.code != hops[i].code)
      fail_msg("%s: %s (%s)", hop_to, mj_error_name(e.code), e.text);
  }
  bed_down(&b);
}

/* 5: the environment ------------------------------------------------------- */

/* The certificates and keys of a session may be logged for who asks for it; the
   key is in neither. */
static void row_05_the_environment_leads_nobody_astray(void **state) {
  static const char *const names[] = {"http_proxy", "https_proxy", "all_proxy",
                                      "HTTPS_PROXY", "ALL_PROXY"};
  struct bed b;
  size_t i;
  (void)state;
  for (i = 0; i < 5; i++)
    assert_int_equal(setenv(names[i], "http://127.0.0.1:1", 1), 0);
  b = bed_up("", "[]");
  assert_int_equal(list(&b).code, MJ_OK);
  assert_int_equal(rawserver_requests(b.s), 1);
  for (i = 0; i < 5; i++)
    (void)unsetenv(names[i]);
  bed_down(&b);
}

/* 6: packed ---------------------------------------------------------------- */

static void plain_until_the_end(const raw_request *q, raw_reply *r) {
  (void)q;
  r->made = raw_text(200, "Transfer-Encoding: identity\r\n", "PNG");
  r->flags = RAW_CLOSE;
}

static void row_06_nothing_is_unpacked(void **state) {
  struct bed b = bed_up("Content-Encoding: gzip\r\n", "\x1f\x8b\x08 and so on");
  struct end e = picture(&b, "/a.png");
  (void)state;
  assert_int_equal(e.code, MJ_ENETWORK);
  assert_non_null(strstr(e.text, "Content-Encoding"));
  e = imagine(&b);
  assert_int_equal(e.code, MJ_EUNKNOWN_OUTCOME);
  assert_non_null(strstr(e.text, "Content-Encoding"));
  bed_down(&b);
  b = bed_up("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n");
  assert_int_equal(picture(&b, "/a.png").code, MJ_ENETWORK);
  bed_down(&b);
  b = bed_up("content-encoding:identity\r\nContent-Encoding: \r\n", "PNG");
  assert_int_equal(picture(&b, "/a.png").code, MJ_OK);
  bed_down(&b);
  b = bed_up("", "");
  speak = plain_until_the_end;
  assert_int_equal(picture(&b, "/a.png").code, MJ_OK);
  bed_down(&b);
}

/* 7: bodies and headers without end ---------------------------------------- */

static char *flood_of(const char *piece, size_t n) {
  size_t m = strlen(piece), i;
  char *p = malloc(n * m + 1);
  for (i = 0; i < n; i++)
    memcpy(p + i * m, piece, m);
  p[n * m] = '\0';
  return p;
}

static void continues(const raw_request *q, raw_reply *r) {
  (void)q;
  r->made = flood_of("HTTP/1.1 100 Continue\r\n\r\n", 20000);
  r->flags = RAW_CLOSE;
}

static void row_07_interim_replies_without_end(void **state) {
  struct bed b = bed_up("", "");
  struct end e;
  (void)state;
  speak = continues;
  e = imagine(&b);
  assert_int_equal(e.code, MJ_EUNKNOWN_OUTCOME);
  if (!strstr(e.text, "too many headers"))
    fail_msg("%s", e.text);
  assert_int_equal(rawserver_posts(b.s), 1);
  bed_down(&b);
}

static void lines_of_head(const raw_request *q, raw_reply *r) {
  char *many = flood_of("X: y\r\n", 190);
  (void)q;
  r->made = raw_text(200, many, "[]");
  free(many);
}

static void row_07_many_headers_are_fine_too_many_are_not(void **state) {
  struct bed b = bed_up("", "");
  (void)state;
  speak = lines_of_head;
  assert_int_equal(list(&b).code, MJ_OK);
  bed_down(&b);
}

static void endless(const raw_request *q, raw_reply *r) {
  char *many = flood_of("4000\r\n", 1), *block = flood_of("[1,[2,{}", 1 << 11);
  char *all;
  size_t n = strlen(block) + 10, i;
  (void)q;
  all = malloc(200 + 100 * n);
  (void)snprintf(all, 200,
                 "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (i = 0; i < 100; i++)
    (void)snprintf(all + strlen(all), n, "%s%s\r\n", many, block);
  free(many);
  free(block);
  r->made = all;
  r->flags = RAW_CLOSE;
}

static void row_07_bodies_without_end(void **state) {
  struct bed b = bed_up("", "");
  struct end e;
  (void)state;
  speak = endless;
  e = imagine(&b);
  assert_int_equal(e.code, MJ_EUNKNOWN_OUTCOME);
  assert_int_equal(rawserver_posts(b.s), 1);
  e = picture(&b, "/a.png");
  assert_int_equal(e.code, MJ_ETOO_LARGE);
  bed_down(&b);
}

static void in_ages(const raw_request *q, raw_reply *r) {
  (void)q;
  r->made = raw_text(429, "Retry-After: 1000000000\r\n", "");
}

static void four_times(mj_config *cfg) {
  cfg->attempts = 4;
}

/* Who is to wait for years is told so, and does not try again at once. */
static void row_07_a_wait_without_end(void **state) {
  struct bed b;
  (void)state;
  tune = four_times;
  b = bed_up("", "");
  speak = in_ages;
  assert_int_equal(imagine(&b).code, MJ_ERATE_LIMITED);
  assert_int_equal(rawserver_posts(b.s), 1);
  bed_down(&b);
}

/* 8: JSON ------------------------------------------------------------------ */

static void hostile_submit(const raw_request *q, raw_reply *r) {
  static const char path[] = "GET /mj/task/";
  const char *id = q->head + sizeof path - 1;
  char body[200];
  if (strncmp(q->head, path, sizeof path - 1) == 0) {
    (void)snprintf(body, sizeof body,
                   "{\"id\":\"%.*s\",\"status\":\"SUCCESS\"}",
                   (int)strcspn(id, "/"), id);
    r->made = raw_text(200, "", body);
  } else {
    r->made = raw_text(200, "", reply_body);
  }
}

struct trick {
  const char *body, *id; /* NULL = not accepted */
  int code;
};

static void paid_replies(const struct trick *t, size_t n) {
  size_t i;
  for (i = 0; i < n; i++) {
    struct bed b = bed_up("", t[i].body);
    struct end e;
    speak = hostile_submit;
    e = imagine(&b);
    if (e.code != t[i].code || (t[i].id && strcmp(e.id, t[i].id) != 0) ||
        e.accepted != (t[i].id != NULL) || rawserver_posts(b.s) != 1)
      fail_msg("%.60s: %s, id %s, %d posts: %s", t[i].body,
               mj_error_name(e.code), e.id, rawserver_posts(b.s), e.text);
    bed_down(&b);
  }
}

static void row_08_json_tricks_in_a_paid_reply(void **state) {
  char *deep = flood_of("[", 5000), body[6000];
  const struct trick tricks[] = {
      {"{\"code\":1,\"result\":8774786694361674001}", "8774786694361674001",
       MJ_OK},
      {"{\"code\":1,\"result\":99999999999999999999999999}",
       "99999999999999999999999999", MJ_OK},
      {"{\"code\":1,\"result\":\"17\",\"x\":123456789012345678901234567890}",
       "17", MJ_OK},
      /* twice: the last one counts */
      {"{\"code\":24,\"result\":\"16\",\"code\":1,\"result\":\"17\"}", "17",
       MJ_OK},
      {"{\"code\":1,\"result\":\"17\",\"result\":\"\"}", NULL,
       MJ_EUNKNOWN_OUTCOME},
      {"{\"code\":1,\"result\":\"1\\u0000 7\"}", NULL, MJ_EUNKNOWN_OUTCOME},
      {"{\"code\":1,\"result\":1.7e1}", NULL, MJ_EUNKNOWN_OUTCOME},
      {"{\"code\":1e99,\"result\":\"17\"}", NULL, MJ_EUNKNOWN_OUTCOME},
      {"{\"code\":1,\"result\":\"17\"} {", NULL, MJ_EUNKNOWN_OUTCOME},
      {"\xff\xfe{\"code\":1,\"result\":\"17\"}", NULL, MJ_EUNKNOWN_OUTCOME},
      {body, NULL, MJ_EUNKNOWN_OUTCOME}};
  (void)state;
  (void)snprintf(body, sizeof body, "{\"code\":1,\"result\":\"17\",\"x\":%s",
                 deep);
  paid_replies(tricks, sizeof tricks / sizeof tricks[0]);
  free(deep);
}

/* 9: what ends a header line ----------------------------------------------- */

static const char *bad_text;
static mj_header bad_header;

static void bad_key(mj_config *c) {
  c->api_key = bad_text;
}
static void bad_agent(mj_config *c) {
  c->user_agent = bad_text;
}
static void bad_prefix(mj_config *c) {
  c->prefix = bad_text;
}
static void bad_base(mj_config *c) {
  c->base_url = bad_text;
}
static void bad_name(mj_config *c) {
  bad_header.name = bad_text;
  bad_header.value = "v";
  c->headers = &bad_header;
  c->nheaders = 1;
}
static void bad_value(mj_config *c) {
  bad_header.name = "X-A";
  bad_header.value = bad_text;
  c->headers = &bad_header;
  c->nheaders = 1;
}

static void row_09_nothing_ends_a_header(void **state) {
  static const struct {
    void (*set)(mj_config *c);
    const char *field;
  } fields[] = {{bad_key, "api_key"},   {bad_agent, "user_agent"},
                {bad_prefix, "prefix"}, {bad_base, "base_url"},
                {bad_name, "headers"},  {bad_value, "headers"}};
  static const char *const ends[] = {
      "\r\nX-Evil: 1", "\n",   "\r", "\x01",
      "\x7f",          "\x80", "\t", "\xe2\x80\xa8"};
  char text[100];
  size_t i, k;
  (void)state;
  for (i = 0; i < sizeof fields / sizeof fields[0]; i++)
    for (k = 0; k < sizeof ends / sizeof ends[0]; k++) {
      mj_config cfg;
      mj_client *c = NULL;
      mj_error err;
      mj_config_init(&cfg);
      cfg.base_url = "http://127.0.0.1:1";
      (void)snprintf(text, sizeof text, "%s%s%s",
                     fields[i].set == bad_base ? "http://127.0.0.1/" : "K",
                     ends[k], "Z");
      bad_text = text;
      fields[i].set(&cfg);
      if (mj_client_new(&c, &cfg, &err) != MJ_EINVALID ||
          !strstr(err.text, fields[i].field) || strpbrk(err.text, "\r\n"))
        fail_msg("%s, end %zu: %s", fields[i].field, k, c ? "taken" : err.text);
    }
}

/* 15: ids in paths --------------------------------------------------------- */

static void row_15_ids_are_no_paths(void **state) {
  static const struct trick tricks[] = {
      {"{\"code\":1,\"result\":\"../../admin\"}", NULL, MJ_EUNKNOWN_OUTCOME},
      {"{\"code\":1,\"result\":\"17?x=y\"}", NULL, MJ_EUNKNOWN_OUTCOME},
      {"{\"code\":1,\"result\":\"17#a\"}", NULL, MJ_EUNKNOWN_OUTCOME},
      {"{\"code\":1,\"result\":\"17/fetch\"}", NULL, MJ_EUNKNOWN_OUTCOME},
      {"{\"code\":1,\"result\":\"17%2f..\"}", NULL, MJ_EUNKNOWN_OUTCOME},
      {"{\"code\":1,\"result\":\"17\\r\\nX: 1\"}", NULL, MJ_EUNKNOWN_OUTCOME},
      {"{\"code\":1,\"result\":\"\"}", NULL, MJ_EUNKNOWN_OUTCOME}};
  static const char *const ids[] = {"..",         "../x",    "17?x", "17#",
                                    "1/7",        "1 7",     "%2e",  "",
                                    "17\r\nX: 1", "\xc3\xa9"};
  struct bed b;
  mj_error err;
  mj_id id;
  size_t i;
  (void)state;
  paid_replies(tricks, sizeof tricks / sizeof tricks[0]);
  assert_null(strstr(all_targets, "admin"));
  b = bed_up("", "[]");
  for (i = 0; i < sizeof ids / sizeof ids[0]; i++) {
    assert_int_equal(mj_track(b.c, ids[i], &id, &err), MJ_EINVALID);
    assert_int_equal(mj_ask(b.c, MJ_QUERY_SEED, &ids[i], 1, &id, &err),
                     MJ_EINVALID);
  }
  (void)mj_step(b.c, 0, 0);
  assert_int_equal(rawserver_requests(b.s), 0);
  bed_down(&b);
}

/* 16: secrets -------------------------------------------------------------- */

static void echo(const raw_request *q, raw_reply *r) {
  char body[1000];
  const char *key = strstr(q->head, KEY);
  (void)snprintf(body, sizeof body,
                 "{\"code\":24,\"description\":\"no %s for you, %s\"}",
                 key ? KEY : "key", KEY);
  r->made = raw_text(400, "", body);
}

static char logged[8192];

static void keep_log(void *ud, int level, const char *line) {
  size_t n = strlen(logged);
  (void)ud;
  (void)level;
  (void)snprintf(logged + n, sizeof logged - n, "%s\n", line);
}

static void with_log(mj_config *cfg) {
  cfg->log = keep_log;
}

static void row_16_a_gateway_that_repeats_the_key(void **state) {
  struct bed b;
  struct end e;
  (void)state;
  tune = with_log;
  b = bed_up("", "");
  speak = echo;
  e = imagine(&b);
  assert_int_equal(e.code, MJ_EBANNED_PROMPT);
  assert_non_null(strstr(e.text, "***"));
  (void)list(&b);
  (void)picture(&b, "/a.png");
  assert_null(strstr(logged, "CANARY"));
  bed_down(&b);
}

/* 17: TLS ------------------------------------------------------------------ */

static struct front front;
static struct world world;
static char front_url[64], ca_file[100];

static void over_tls(mj_config *cfg) {
  cfg->base_url = front_url;
  cfg->ca_file = *ca_file ? ca_file : NULL;
}

static struct end list_over(int port, int with_ca) {
  struct bed b;
  struct end e;
  (void)snprintf(front_url, sizeof front_url, "https://127.0.0.1:%d", port);
  (void)snprintf(ca_file, sizeof ca_file, "%s/ca.pem", front.dir);
  if (!with_ca)
    ca_file[0] = '\0';
  tune = over_tls;
  b = bed_up("", "[]");
  e = list(&b);
  bed_down(&b);
  return e;
}

static void tls_reply(void *ud, const raw_request *q, raw_reply *r) {
  (void)ud;
  (void)snprintf(last_head, sizeof last_head, "%s", q->head);
  r->made = raw_text(200, "", "[]");
}

static void row_17_only_who_can_prove_it_is_talked_to(void **state) {
  rawserver *behind = rawserver_new(tls_reply, NULL);
  const char *certs = getenv("MJ_CERTS");
  struct end e;
  (void)state;
  assert_non_null(certs);
  world.plain_port = rawserver_port(behind);
  front_start(&front, certs, &world);
  e = list_over(world.fronts[SHOWN_GOOD], 1);
  if (e.code != MJ_OK)
    fail_msg("%s", e.text);
  /* HTTP/2 was offered, and is not what a guard against resending knows */
  assert_non_null(strstr(last_head, "X-Proto: HTTP/1.1"));
  assert_non_null(strstr(last_head, "X-Tls: TLSv1."));
  assert_int_equal(rawserver_requests(behind), 1);
  assert_int_equal(list_over(world.fronts[SHOWN_GOOD], 0).code, MJ_ENETWORK);
  assert_int_equal(list_over(world.fronts[SHOWN_EXPIRED], 1).code, MJ_ENETWORK);
  assert_int_equal(list_over(world.fronts[SHOWN_WRONG], 1).code, MJ_ENETWORK);
  assert_int_equal(list_over(world.fronts[SHOWN_SELF], 1).code, MJ_ENETWORK);
  e = list_over(world.fronts[SHOWN_OLD], 1);
  assert_int_equal(e.code, MJ_ENETWORK);
  assert_int_equal(rawserver_requests(behind), 1);
  front_stop(&front);
  rawserver_free(behind);
}

/* Debian's OpenSSL refuses what is old by itself; here it would not, so that
   only we do. */
static void be_lenient(char *dir) {
  char path[100];
  FILE *f;
  if (!mkdtemp(dir))
    die("mkdtemp");
  (void)snprintf(path, sizeof path, "%s/openssl.cnf", dir);
  f = fopen(path, "w");
  if (!f)
    die(path);
  fprintf(f, "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n"
             "[c]\nMinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n");
  (void)fclose(f);
  (void)setenv("OPENSSL_CONF", path, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(row_04_no_redirect_takes_the_key_along),
      cmocka_unit_test(row_04_each_hop_of_a_picture_is_checked),
      cmocka_unit_test(row_05_the_environment_leads_nobody_astray),
      cmocka_unit_test(row_06_nothing_is_unpacked),
      cmocka_unit_test(row_07_a_wait_without_end),
      cmocka_unit_test(row_07_interim_replies_without_end),
      cmocka_unit_test(row_07_many_headers_are_fine_too_many_are_not),
      cmocka_unit_test(row_07_bodies_without_end),
      cmocka_unit_test(row_08_json_tricks_in_a_paid_reply),
      cmocka_unit_test(row_09_nothing_ends_a_header),
      cmocka_unit_test(row_15_ids_are_no_paths),
      cmocka_unit_test(row_16_a_gateway_that_repeats_the_key),
      cmocka_unit_test(row_17_only_who_can_prove_it_is_talked_to),
  };
  char dir[] = "/tmp/mj-threat-XXXXXX", path[100];
  int failed;
  be_lenient(dir);
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  (void)snprintf(path, sizeof path, "%s/openssl.cnf", dir);
  (void)unlink(path);
  (void)rmdir(dir);
  return failed;
}
