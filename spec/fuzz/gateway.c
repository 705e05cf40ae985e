/* SPDX-License-Identifier: MIT
   gateway.c - see gateway.h. */
#include "gateway.h"
#include "fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 2000 };

int gateway_is_generate(const char *url) {
  return strstr(url, "/api/v1/") != NULL;
}

/* A reply of spec/wire. */
struct base {
  const char *body;
  size_t n;
  int http, fetched, generate;
};

static struct fixture fixtures[CASES];
static struct base bases[CASES];
static size_t nfixtures, nbases;

size_t gateway_load(void) {
  size_t i;
  nfixtures = fixtures_read(fixtures, CASES);
  for (i = 0; i < nfixtures; i++) {
    const struct fixture *f = &fixtures[i];
    const char *p = f->reply.p ? strchr(f->reply.p, ' ') : NULL;
    struct base *b = &bases[nbases];
    if (!p)
      continue;
    b->http = (int)strtol(p, NULL, 10);
    b->body = fixture_body(&f->reply, &b->n);
    b->generate = f->generate;
    b->fetched = strstr(f->name, "fetch_") != NULL;
    nbases++;
  }
  return nbases;
}

void gateway_unload(void) {
  fixtures_free(fixtures, nfixtures);
  nfixtures = nbases = 0;
}

void gateway_init(struct gateway *g, uint64_t seed, enum plant plant) {
  memset(g, 0, sizeof *g);
  g->seed = seed;
  g->plant = plant;
}

static void forget(struct seen *s) {
  oracle_free(&s->json);
  text_free(&s->body);
  memset(s, 0, sizeof *s);
}

void gateway_free(struct gateway *g) {
  forget(&g->paid);
  forget(&g->free);
  while (g->npasts > 0)
    text_free(&g->pasts[--g->npasts].body);
}

void gateway_job(struct gateway *g, int left, int follow_up,
                 const char *again) {
  forget(&g->paid);
  forget(&g->free);
  g->left = left;
  g->follow_up = follow_up;
  g->again = again;
  g->npaid = g->modals = g->keys = 0;
  g->id[0] = g->before[0] = '\0';
}

void gateway_know(struct gateway *g, const char *id) {
  size_t most = sizeof g->ids / sizeof g->ids[0];
  if (!gateway_knows(g, id) && g->nids < most)
    (void)snprintf(g->ids[g->nids++], sizeof g->ids[0], "%s", id);
}

int gateway_knows(const struct gateway *g, const char *id) {
  size_t i;
  for (i = 0; i < g->nids; i++)
    if (strcmp(g->ids[i], id) == 0)
      return 1;
  return 0;
}

void gateway_broken(struct gateway *g, const char *fmt, ...) {
  va_list ap;
  if (*g->broken)
    return;
  va_start(ap, fmt);
  (void)vsnprintf(g->broken, sizeof g->broken, fmt, ap);
  va_end(ap);
}

/* What is asked ------------------------------------------------------------ */

/* What stands behind `front`, up to one of `end`, is an id that may be known.
 */
static void check_id(struct gateway *g, const char *where, const char *front,
                     const char *end) {
  const char *p = where ? strstr(where, front) : NULL;
  char id[100];
  if (!p)
    return;
  p += strlen(front);
  (void)snprintf(id, sizeof id, "%.*s", (int)strcspn(p, end), p);
  if (!gateway_knows(g, id))
    gateway_broken(g, "an id that no reply gave: %s in %.100s", id, where);
}

static void remember(struct gateway *g, const char *id, const mj_http *req) {
  struct past *p = &g->pasts[g->npasts];
  if (g->npasts == sizeof g->pasts / sizeof g->pasts[0])
    return;
  (void)snprintf(p->id, sizeof p->id, "%s", id);
  text_set(&p->body, req->body, req->body_len);
  if (g->plant == PLANT_AGAIN)
    p->body.p[p->body.n / 2]++;
  g->npasts++;
}

/* A reroll sends what made the task, byte for byte; of one that nobody knows
   nothing may be sent. */
static void check_again(struct gateway *g, const mj_http *req) {
  const struct past *p = NULL;
  size_t i;
  for (i = 0; i < g->npasts; i++)
    if (strcmp(g->pasts[i].id, g->again) == 0)
      p = &g->pasts[i];
  if (!p || p->body.n != req->body_len ||
      memcmp(p->body.p, req->body, req->body_len) != 0)
    gateway_broken(g, "a reroll with another request: %.200s", req->body);
  g->repeats++;
}

/* Paid for once, unless the last reply proves that nothing was taken; and once
   more for the answer to a dialog of an accepted task. */
static void check_paid(struct gateway *g, const mj_http *req) {
  int modal = strstr(req->url, "/submit/modal") != NULL;
  int answer = modal && !g->modals && g->id[0];
  /* a refused key proves that nothing was taken; once, in another form */
  int key =
      g->paid.reply.curl_code == 0 && g->keys == 0 &&
      (g->paid.reply.http_status == 401 || g->paid.reply.http_status == 403);
  if (g->npaid && !answer)
    g->keys += key;
  if (g->npaid++ && !answer && !key &&
      !oracle_may_repeat(&g->paid.reply, g->follow_up || g->modals))
    gateway_broken(g, "paid twice: after HTTP %d, curl %d: %.200s",
                   g->paid.reply.http_status, g->paid.reply.curl_code,
                   g->paid.body.p);
  if (g->npaid > 10)
    gateway_broken(g, "paid %d times", g->npaid);
  g->modals += modal;
  if (g->unasked && g->given == 0)
    gateway_broken(g, "paid before the family was asked for");
  if (g->again && gateway_is_generate(req->url))
    check_again(g, req);
  else
    check_id(g, req->body, "\"taskId\":\"", "\"");
}

/* What is said ------------------------------------------------------------- */

/* Mostly of its own family, and for what was asked. */
static const struct base *any_base(struct gateway *g, int fetched) {
  size_t at = random_below(&g->seed, nbases), i;
  if (random_below(&g->seed, 8) == 0)
    return &bases[at];
  for (i = 0; i < nbases && (bases[at].fetched != fetched ||
                             bases[at].generate != g->generate);
       i++)
    at = (at + 1) % nbases;
  return &bases[at];
}

static int is_list(const char *url) {
  return strstr(url, "/task/list") || strstr(url, "/task/queue");
}

/* The id that is asked for, or "". */
static void asked_id(const char *url, char id[65]) {
  const char *p = strstr(url, "taskId=");
  size_t n;
  p = p ? p + 7 : strstr(url, "/task/") ? strstr(url, "/task/") + 6 : "";
  n = strcspn(p, "/&");
  (void)snprintf(id, 65, "%.*s", (int)(n < 64 ? n : 64), p);
}

/* A fixture's task as the one that is asked for, but now and then another: an
   answer to a question that nobody put. */
static void put_as_asked(struct gateway *g, const char *url, text *body,
                         const struct base *b) {
  const char *key = g->generate ? "\"taskId\"" : "\"id\"";
  const char *at = strstr(b->body, key), *end;
  char id[65];
  asked_id(url, id);
  at = at ? strpbrk(at + strlen(key), "\"0123456789") : NULL;
  if (!at || !*id || random_below(&g->seed, 16) == 0) {
    text_set(body, b->body, b->n);
    return;
  }
  end = *at == '"' ? strchr(at + 1, '"') : at + strspn(at, "0123456789") - 1;
  if (!end)
    end = at;
  text_set(body, b->body, (size_t)(at - b->body));
  text_puts(body, "\"");
  text_puts(body, id);
  text_puts(body, "\"");
  text_add(body, end + 1, b->n - (size_t)(end + 1 - b->body));
}

static void put_base(struct gateway *g, const char *url, text *body,
                     const struct base *b) {
  size_t n = 1 + random_below(&g->seed, 4), i;
  if (!is_list(url) || random_below(&g->seed, 8) == 0) {
    put_as_asked(g, url, body, b);
    return;
  }
  text_set(body, "[", 1);
  for (i = 0; i < n; i++) {
    text_puts(body, i ? "," : "");
    text_add(body, b->body, b->n);
    b = any_base(g, 1);
  }
  text_puts(body, "]");
}

static void make_wrong(struct gateway *g, const mj_http *req, struct seen *s) {
  static const int http[] = {200, 200, 201, 204, 400, 401, 403,
                             404, 429, 500, 502, 503, 302, 521};
  static const int curl[] = {7, 28, 52, 55, 56};
  const struct base *b = any_base(g, !req->paid);
  size_t changes = random_below(&g->seed, 8);
  changes = changes < 2 ? 0 : changes < 6 ? 1 : changes - 4;
  put_base(g, req->url, &s->body, b);
  s->reply.http_status = b->http;
  while (changes-- > 0) {
    const struct base *other = any_base(g, !req->paid);
    const char *what = mutate(&s->body, other->body, other->n, &g->seed);
    if (g->trace)
      (void)fprintf(stderr, "  %s\n", what);
  }
  if (random_below(&g->seed, 8) == 0)
    s->reply.http_status =
        http[random_below(&g->seed, sizeof http / sizeof http[0])];
  if (random_below(&g->seed, 12) == 0) {
    s->reply.curl_code =
        curl[random_below(&g->seed, sizeof curl / sizeof curl[0])];
    s->reply.sent = (int)random_below(&g->seed, 3);
  }
}

/* Routes that the gateway does not have. */
static void make_nothing(const struct gateway *g, struct seen *s) {
  static const char page[] =
      "{\"error\":{\"message\":\"Invalid URL\","
      "\"type\":\"invalid_request_error\",\"code\":\"\"}}";
  static const char envelope[] =
      "{\"code\":404,\"message\":\"Not Found\",\"data\":null}";
  s->reply.http_status = 404;
  text_set(&s->body, g->generate ? envelope : page,
           strlen(g->generate ? envelope : page));
}

static void make_generate(struct gateway *g, const mj_http *req,
                          struct seen *s) {
  static const char *const ends[] = {"success", "success", "Success", "failed",
                                     "processing"};
  const char *state =
      ends[random_below(&g->seed, sizeof ends / sizeof ends[0])];
  char line[400], id[65];
  asked_id(req->url, id);
  s->reply.http_status = 200;
  if (req->paid && random_below(&g->seed, 4) == 0)
    (void)snprintf(line, sizeof line,
                   "{\"code\":400,\"message\":\"CONTENT_VIOLATION\","
                   "\"data\":null}");
  else if (req->paid)
    (void)snprintf(line, sizeof line,
                   "{\"code\":200,\"message\":\"success\","
                   "\"data\":{\"taskId\":\"n%llu\"}}",
                   (unsigned long long)(random_next(&g->seed) >> 40));
  else
    (void)snprintf(line, sizeof line,
                   "{\"code\":200,\"message\":\"success\",\"data\":{"
                   "\"taskId\":\"%s\",\"state\":\"%s\",\"failCode\":\"%s\","
                   "\"resultJson\":\"{\\\"resultUrls\\\":[\\\"http://gw.test/1"
                   "\\\",\\\"http://gw.test/2\\\"]}\"}}",
                   id, state, *state == 'f' ? "NSFW_DETECTED" : "");
  text_set(&s->body, line, strlen(line));
}

static void make_right(struct gateway *g, const mj_http *req, struct seen *s) {
  static const char *const ends[] = {"SUCCESS", "SUCCESS", "success", "FAILURE",
                                     "CANCEL",  "MODAL",   "Failed"};
  const char *status =
      ends[random_below(&g->seed, sizeof ends / sizeof ends[0])];
  char line[400], id[65];
  asked_id(req->url, id);
  s->reply.http_status = 200;
  if (req->paid && random_below(&g->seed, 4) == 0)
    (void)snprintf(line, sizeof line,
                   "{\"code\":24,\"description\":\"banned\",\"result\":null}");
  else if (is_list(req->url))
    (void)snprintf(line, sizeof line, "[{\"id\":\"%s\",\"status\":\"%s\"}]",
                   g->ids[0], status);
  else if (strstr(req->url, "/fetch"))
    (void)snprintf(line, sizeof line,
                   "{\"id\":\"%s\",\"status\":\"%s\",\"action\":\"IMAGINE\","
                   "\"buttons\":[{\"customId\":\"MJ::JOB::upsample::2::abc\","
                   "\"label\":\"U2\"},{\"customId\":\"MJ::CustomZoom::abc\"}]}",
                   id, status);
  else
    (void)snprintf(line, sizeof line,
                   "{\"code\":1,\"description\":\"ok\",\"result\":\"n%llu\"}",
                   (unsigned long long)(random_next(&g->seed) >> 40));
  text_set(&s->body, line, strlen(line));
}

/* The acceptance that a reply is, by the oracle.  The answer to a dialog that
   names no task means the one that asked. */
static void note(struct gateway *g, const mj_http *req, const struct seen *s) {
  char id[65];
  size_t n = oracle_accepted(&s->reply, 0, id), i;
  if (n) {
    memcpy(g->before, g->id, sizeof g->id);
    (void)snprintf(g->id, sizeof g->id, "%s", id);
  }
  for (i = 0; i < n; i++) {
    (void)oracle_accepted(&s->reply, i, id);
    gateway_know(g, id);
  }
  if (n && s->reply.generate)
    remember(g, g->id, req);
}

/* Planted: the client gets something else than the oracle saw. */
static void deceive(struct gateway *g, const struct seen *s, text *body,
                    virtual_reply *out) {
  const char *success =
      s->reply.generate
          ? "{\"code\":200,\"data\":{\"taskId\":\"1\",\"state\":\"success\"}}"
          : "{\"id\":\"1\",\"status\":\"SUCCESS\"}";
  char id[65];
  size_t taken = oracle_accepted(&s->reply, 0, id);
  char *at = taken ? strstr(body->p, id) : NULL;
  switch (g->plant) {
  case PLANT_ID:
    if (at)
      *at = *at == '7' ? '8' : '7';
    break;
  case PLANT_TEXT:
    body->p[--body->n] = '\0';
    break;
  case PLANT_STATUS:
    if (s == &g->free && s->json.root && !oracle_status(&s->reply, "SUCCESS"))
      text_set(body, success, strlen(success));
    break;
  case PLANT_TWICE:
    if (taken)
      out->http_status = 429;
    if (taken)
      text_set(body, "", 0);
    break;
  case PLANT_SLOW:
    out->delay_ms = 12 * 3600000;
    break;
  default:
    break;
  }
}

static void hand_over(struct gateway *g, struct seen *s, virtual_reply *out) {
  text body = {NULL, 0, 0};
  text_set(&body, s->body.p, s->body.n);
  out->http_status = s->reply.http_status;
  out->curl_code = s->reply.curl_code;
  if (out->curl_code)
    out->sent = s->reply.sent;
  out->delay_ms = (int64_t)random_below(&g->seed, 50) - 10;
  if (out->delay_ms < 0)
    out->delay_ms = 0;
  if (random_below(&g->seed, 10) == 0)
    out->retry_after_ms = (int64_t)random_below(&g->seed, 86400) * 1000;
  if (g->plant)
    deceive(g, s, &body, out);
  out->body = body.p;
  out->body_len = body.n;
}

void gateway_play(void *ud, const mj_http *req, int64_t now_ms,
                  virtual_reply *out) {
  struct gateway *g = ud;
  struct seen *s = req->paid ? &g->paid : &g->free;
  if (req->paid)
    check_paid(g, req);
  else if (gateway_is_generate(req->url))
    check_id(g, req->url, "taskId=", "&");
  else if (!is_list(req->url))
    check_id(g, req->url, "/task/", "/");
  forget(s);
  s->reply.sent = 2;
  text_set(&s->body, "", 0);
  s->reply.generate = gateway_is_generate(req->url);
  if (g->left > 0)
    make_wrong(g, req, s);
  else if (s->reply.generate != g->generate)
    make_nothing(g, s);
  else if (g->generate)
    make_generate(g, req, s);
  else
    make_right(g, req, s);
  g->left -= g->left > 0;
  if (g->plant == PLANT_TEXT)
    text_puts(&s->body, "]");
  oracle_read(&s->json, s->body.p, s->body.n);
  s->reply.root = s->json.root;
  s->given = 1;
  g->given += !req->paid;
  if (req->paid)
    note(g, req, s);
  if (g->trace)
    (void)fprintf(stderr, "%lld %s %s %s\n  -> HTTP %d, curl %d: %s\n",
                  (long long)now_ms, req->method, req->url,
                  req->body ? req->body : "", s->reply.http_status,
                  s->reply.curl_code, s->body.p);
  hand_over(g, s, out);
}
