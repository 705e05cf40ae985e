/* SPDX-License-Identifier: MIT
   gate.c - HTTP as far as the client speaks it, around the simulator. */
#define _GNU_SOURCE
#include "gate.h"
#include "fault.h"

#include "serve/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CLOCK = 8 }; /* tasks take 5 to 8 seconds */

struct gate {
  mj_sim *sim;
  char url[64];
};

struct gate *gate_new(const char *profile, int port) {
  struct gate *g = calloc(1, sizeof *g);
  struct mj_sim_config s;
  char why[200];
  if (!g)
    die("out of memory");
  (void)snprintf(g->url, sizeof g->url, "http://127.0.0.1:%d", port);
  memset(&s, 0, sizeof s);
  s.profile = profile;
  s.seed = (uint64_t)port;
  s.clock = CLOCK;
  s.sync = 15 * CLOCK;
  s.api_key = "sk-CANARY-fault-7c1d";
  s.base_url = g->url;
  if (mj_sim_new(&g->sim, &s, why, sizeof why))
    die(why);
  return g;
}

static char *piece(const char *p, size_t n) {
  char *s = strndup(p, n);
  if (!s)
    die("out of memory");
  return s;
}

/* The value of a header, or NULL. */
static char *header(const char *head, const char *end, const char *name) {
  size_t n = strlen(name);
  const char *p = head;
  while ((p = memmem(p, (size_t)(end - p), "\r\n", 2)) != NULL && p < end) {
    p += 2;
    if (strncasecmp(p, name, n) == 0 && p[n] == ':') {
      p += n + 1 + strspn(p + n + 1, " ");
      return piece(p, strcspn(p, "\r"));
    }
  }
  return NULL;
}

size_t gate_parse(const char *in, size_t n, struct gate_request *q) {
  const char *end = memmem(in, n, "\r\n\r\n", 4), *a, *b;
  char *length;
  size_t head;
  memset(q, 0, sizeof *q);
  q->cell = -1;
  if (!end)
    return 0;
  head = (size_t)(end - in) + 4;
  length = header(in, end + 2, "Content-Length");
  q->len = length ? (size_t)strtoul(length, NULL, 10) : 0;
  free(length);
  if (n < head + q->len)
    return 0;
  a = memchr(in, ' ', n);
  b = a ? memchr(a + 1, ' ', (size_t)(end - a)) : NULL;
  if (!b)
    die("no request line");
  q->method = piece(in, (size_t)(a - in));
  if (a[1] == '/' && a[2] == 'c' && a[3] >= '0' && a[3] <= '9') {
    char *rest;
    q->cell = (int)strtol(a + 3, &rest, 10);
    a = rest - 1;
  }
  q->target = piece(a + 1, (size_t)(b - a) - 1);
  q->auth = header(in, end + 2, "Authorization");
  q->secret = header(in, end + 2, "mj-api-secret");
  q->type = header(in, end + 2, "Content-Type");
  q->body = piece(in + head, q->len);
  return head + q->len;
}

void gate_free(struct gate_request *q) {
  free(q->method);
  free(q->target);
  free(q->auth);
  free(q->secret);
  free(q->type);
  free(q->body);
}

int gate_is_paid(const struct gate_request *q) {
  return strcmp(q->method, "POST") == 0 &&
         (strstr(q->target, "/submit/") || strstr(q->target, "/generateTask/"));
}

void gate_picture(char out[PICTURE]) {
  int i;
  memcpy(out, "\x89PNG\r\n\x1a\n", 8);
  for (i = 8; i < PICTURE; i++)
    out[i] = (char)(i * 7 % 251);
}

static char *whole(int status, const char *type, const char *more, int keep,
                   const char *body, size_t len, size_t *n) {
  char head[700], *p;
  int h = snprintf(head, sizeof head,
                   "HTTP/1.1 %d X\r\nContent-Type: %s\r\n%s%s"
                   "Content-Length: %zu\r\n\r\n",
                   status, type ? type : "text/plain", more,
                   keep ? "" : "Connection: close\r\n", len);
  p = malloc((size_t)h + len + 1);
  if (!p)
    die("out of memory");
  memcpy(p, head, (size_t)h);
  if (len)
    memcpy(p + h, body, len);
  *n = (size_t)h + len;
  return p;
}

char *gate_serve(struct gate *g, const struct gate_request *q, int64_t now_ms,
                 int keep, size_t *n, int *made) {
  struct mj_sim_request r = {q->method, q->target, q->auth, q->secret,
                             q->type,   q->body,   q->len};
  struct mj_sim_stats before, after;
  struct mj_sim_reply reply;
  char picture[PICTURE], more[300] = "", *p;
  size_t i;
  *made = 0;
  if (strstr(q->target, "/pic.png")) {
    gate_picture(picture);
    return whole(200, "image/png", "", keep, picture, PICTURE, n);
  }
  if (strstr(q->target, "/again")) {
    (void)snprintf(more, sizeof more, "Location: %s/again\r\n", g->url);
    return whole(302, "text/plain", more, keep, "", 0, n);
  }
  mj_sim_count(g->sim, &before);
  mj_sim_handle(g->sim, &r, now_ms, &reply);
  mj_sim_count(g->sim, &after);
  *made = (int)(after.tasks - before.tasks);
  for (i = 0; i < reply.nheaders && i < 1; i++)
    (void)snprintf(more, sizeof more, "%s: %.200s\r\n", reply.headers[i].name,
                   reply.headers[i].value);
  p = whole(reply.status, reply.content_type, more, keep, reply.body, reply.len,
            n);
  mj_sim_reply_free(&reply);
  return p;
}

char *gate_lie(const struct gate_request *q, size_t *n) {
  static const char json[] =
      "{\"code\":1,\"description\":\"Submit success\",\"properties\":{},"
      "\"result\":\"1799999999999999\"}";
  static const char other[] = "{\"code\":200,\"message\":\"success\",\"data\":"
                              "{\"taskId\":\"task_1799999999999999\"}}";
  char picture[PICTURE];
  gate_picture(picture);
  if (strstr(q->target, "/api/v1/"))
    return whole(200, "application/json", "", 0, other, sizeof other - 1, n);
  if (strstr(q->target, "/pic.png"))
    return whole(200, "image/png", "", 0, picture, PICTURE, n);
  return whole(200, "application/json", "", 0, json, sizeof json - 1, n);
}
