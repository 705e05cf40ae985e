/* SPDX-License-Identifier: MIT
   faults.c - the list of faults, and the bytes of those that are replies. */
#define _GNU_SOURCE
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct fault faults[] = {
    {"00-none", L_NONE},
    {"00-none-tls", L_TLS},
    {"01-nxdomain", L_DNS},
    {"02-dns-timeout", L_DNS},
    {"03-dns-slow", L_DNS},
    {"03-dns-v6-dead", L_DNS},
    {"04-refused", L_CONNECT},
    {"05-black-hole", L_CONNECT},
    {"06-rst-on-accept", L_ACCEPT},
    {"07-self-signed", L_TLS},
    {"07-expired", L_TLS},
    {"08-wrong-host", L_TLS},
    {"09-handshake-stall", L_TLS},
    {"10-no-close-notify", L_TLS},
    {"11-rst-before-read", L_ACCEPT},
    {"12-rst-after-request", L_REPLY},
    {"13-fin", L_REPLY},
    {"14-silence", L_REPLY},
    {"15-drip", L_REPLY},
    {"16-rst-in-header", L_REPLY},
    {"17-fin-in-body", L_REPLY},
    {"17-rst-in-body", L_REPLY},
    {"18-bad-chunks", L_REPLY},
    {"19-no-status", L_REPLY},
    {"19-http-0.9", L_REPLY},
    {"19-huge-header", L_REPLY},
    {"19-many-headers", L_REPLY},
    {"20-page-502", L_REPLY},
    {"20-page-524", L_REPLY},
    {"21-429-seconds", L_REPLY},
    {"21-429-date", L_REPLY},
    {"21-429-negative", L_REPLY},
    {"21-429-ages", L_REPLY},
    {"21-429-garbage", L_REPLY},
    {"21-429-twice", L_REPLY},
    {"22-redirect-self", L_REPLY},
    {"22-redirect-host", L_REPLY},
    {"22-redirect-file", L_REPLY},
    {"22-redirect-metadata", L_REPLY},
    {"22-see-other", L_REPLY},
    {"23-gzip-corrupt", L_REPLY},
    {"23-gzip-bomb", L_REPLY},
    {"23-gzip-bomb-te", L_REPLY},
    {"24-stale-idle", L_STALE},
    {"24-stale-reused", L_STALE},
};

int fault_count(void) {
  return (int)(sizeof faults / sizeof faults[0]);
}

int fault_find(const char *name) {
  int i;
  for (i = 0; i < fault_count(); i++)
    if (strcmp(faults[i].name, name) == 0)
      return i;
  return -1;
}

static struct reply_bytes bytes(char *p, size_t n, int then) {
  struct reply_bytes r = {p, n, AFTER_KEEP, 0};
  r.then = then;
  return r;
}

/* A reply with one header more. */
static struct reply_bytes answer(int status, const char *headers,
                                 const char *body) {
  char *p = NULL;
  int n = asprintf(&p,
                   "HTTP/1.1 %d X\r\n%sContent-Type: text/html\r\n"
                   "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
                   status, headers, strlen(body), body);
  if (n < 0)
    die("out of memory");
  return bytes(p, (size_t)n, AFTER_FIN);
}

/* 64 MB of nothing, in 64 KB. */
static char packed[1 << 18];
static size_t npacked;

void faults_prepare(void) {
  FILE *f = popen("head -c 67108864 /dev/zero | gzip -9 -c", "r");
  npacked = f ? fread(packed, 1, sizeof packed, f) : 0;
  if (!f || pclose(f) != 0 || npacked < 1000 || npacked == sizeof packed)
    die("gzip");
}

static struct reply_bytes bomb(const char *header) {
  char head[200], *p;
  int h = snprintf(head, sizeof head,
                   "HTTP/1.1 200 X\r\nContent-Type: application/json\r\n"
                   "%s: gzip\r\nConnection: close\r\n\r\n",
                   header);
  p = malloc((size_t)h + npacked);
  if (!p)
    die("out of memory");
  memcpy(p, head, (size_t)h);
  memcpy(p + h, packed, npacked);
  return bytes(p, (size_t)h + npacked, AFTER_FIN);
}

/* One header of 128 KiB, or ten thousand. */
static struct reply_bytes flood(int lines, size_t width, const char *good,
                                size_t n) {
  const char *end = memchr(good, '\n', n);
  size_t first = end ? (size_t)(end - good) + 1 : 0, at = first;
  char *p = malloc(n + (size_t)lines * (width + 20));
  int i;
  if (!p)
    die("out of memory");
  memcpy(p, good, first);
  for (i = 0; i < lines; i++) {
    at += (size_t)snprintf(p + at, 20, "X-%d: ", i);
    memset(p + at, 'x', width);
    at += width;
    p[at++] = '\r';
    p[at++] = '\n';
  }
  memcpy(p + at, good + first, n - first);
  return bytes(p, at + n - first, AFTER_FIN);
}

/* The first part of it, and what is put there. */
static struct reply_bytes part(const char *good, size_t n, int then) {
  char *p = malloc(n + 1);
  if (!p)
    die("out of memory");
  memcpy(p, good, n);
  return bytes(p, n, then);
}

static size_t head_of(const char *good, size_t n) {
  const char *end = memmem(good, n, "\r\n\r\n", 4);
  return end ? (size_t)(end - good) + 4 : n;
}

static struct reply_bytes redirect(const char *to, int status, int port) {
  char location[200];
  (void)snprintf(location, sizeof location, "Location: %s\r\n", to);
  if (strcmp(to, "self") == 0)
    (void)snprintf(location, sizeof location,
                   "Location: http://127.0.0.1:%d/again\r\n", port);
  if (strcmp(to, "host") == 0)
    (void)snprintf(location, sizeof location,
                   "Location: http://localhost:%d/pic.png\r\n", port);
  return answer(status, location, "");
}

static struct reply_bytes wait_for(const char *how) {
  static const char *const forms[][2] = {
      {"seconds", "Retry-After: 5\r\n"},
      {"date", "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"},
      {"negative", "Retry-After: -1\r\n"},
      {"ages", "Retry-After: 1000000000\r\n"},
      {"garbage", "Retry-After: \x01soon\xff\r\n"},
      {"twice", "Retry-After: 3\r\nRetry-After: 7\r\n"}};
  size_t i;
  for (i = 0; i < sizeof forms / sizeof forms[0]; i++)
    if (strcmp(forms[i][0], how) == 0)
      return answer(429, forms[i][1], "slow down");
  die("no such form of Retry-After");
}

static struct reply_bytes odd(const char *name, const char *good, size_t n) {
  static const char chunks[] =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"code\":\r\nzz\r\n1";
  struct reply_bytes r;
  size_t head = head_of(good, n);
  if (strcmp(name, "19-no-status") == 0) {
    r = part(good, n, AFTER_FIN);
    memcpy(r.p, "HTTP/1.1 ok!", 12);
    return r;
  }
  if (strcmp(name, "19-http-0.9") == 0)
    return part(good + head, n - head, AFTER_FIN);
  if (strcmp(name, "19-huge-header") == 0)
    return flood(1, 128 << 10, good, n);
  if (strcmp(name, "19-many-headers") == 0)
    return flood(10000, 1, good, n);
  if (strcmp(name, "18-bad-chunks") == 0)
    return part(chunks, sizeof chunks - 1, AFTER_FIN);
  if (strcmp(name, "23-gzip-corrupt") == 0)
    return answer(200, "Content-Encoding: gzip\r\n",
                  "\x1f\x8b\x08not really, no");
  return bomb(strcmp(name, "23-gzip-bomb") == 0 ? "Content-Encoding"
                                                : "Transfer-Encoding");
}

struct reply_bytes fault_reply(const char *name, const char *good, size_t n,
                               int port) {
  struct reply_bytes r;
  size_t head = head_of(good, n), half = head + (n - head) / 2;
  switch (strtol(name, NULL, 10)) {
  case 12:
    return bytes(NULL, 0, AFTER_RST);
  case 10:
  case 13:
    return bytes(NULL, 0, AFTER_FIN);
  case 14:
    return bytes(NULL, 0, AFTER_HOLD);
  case 15:
    r = part(good, n, AFTER_FIN);
    r.drip = 1;
    return r;
  case 16:
    return part(good, head / 2, AFTER_RST);
  case 17:
    return part(good, half, name[3] == 'f' ? AFTER_FIN : AFTER_RST);
  case 20: /* what would be an answer, in a page */
    return answer(strstr(name, "502") ? 502 : 524, "",
                  "<html><h1>Oops</h1>{\"code\":1,\"description\":\"ok\","
                  "\"result\":\"999\"}</html>");
  case 21:
    return wait_for(name + 7);
  case 22:
    if (strstr(name, "see-other"))
      return redirect("self", 303, port);
    return redirect(strstr(name, "file")   ? "file:///etc/hostname"
                    : strstr(name, "meta") ? "http://169.254.169.254/latest/"
                    : strstr(name, "host") ? "host"
                                           : "self",
                    302, port);
  default:
    return odd(name, good, n);
  }
}
