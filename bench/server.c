/* SPDX-License-Identifier: MIT
   server.c - the gateway of the bench: one thread, epoll, keep-alive.

     server POLLS      prints its port; a task succeeds at its POLLS-th poll

   POST /mj/submit/... -> id, GET /mj/task/ID/fetch -> 2.1 KB of JSON,
   POST /mj/task/list-by-condition -> such a task for each id, GET /picture ->
   256 KB, GET /count -> "requests connections". */
#define _GNU_SOURCE /* accept4, memmem */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_ID  1320098000000000ULL
#define MAX_TASKS (1u << 22)
#define IN_SIZE   16384
#define OUT_SIZE  (1 << 19)

struct conn {
  int fd, last; /* last: close after the reply */
  size_t nin, nout, sent;
  char in[IN_SIZE], out[OUT_SIZE];
};

static unsigned char polled[MAX_TASKS];
static uint64_t submitted, requests, connections;
static int polls_needed, epoll_fd;

/* A task of new-api's shape, as long as the longest sample of its manual. */
static const char task_format[] =
    "{\"id\":\"%llu\",\"action\":\"IMAGINE\",\"customId\":\"\",\"botType\":"
    "\"\","
    "\"prompt\":\"black cat on a windowsill, cinematic lighting --ar 3:2\","
    "\"promptEn\":\"black cat on a windowsill, cinematic lighting --ar 3:2\","
    "\"description\":\"Submit success\",\"state\":\"\","
    "\"submitTime\":1763649600000,\"startTime\":1763649603000,"
    "\"finishTime\":1763649641000,"
    "\"imageUrl\":\"http://127.0.0.1/attachments/1181127917925154829/"
    "1311986417924083722/black_cat_on_a_windowsill_cinematic_"
    "3dbbd469-36af-4a0f-8f02-df6c579e7011.png?ex=674ad9c3&is=67498843"
    "&hm=5ac2ed8d1f7bd4ccb7f1d3f3c0a2d1c95ac2ed8d1f7bd4ccb7f1d3f3c0a2d1c9\","
    "\"status\":\"%s\",\"progress\":\"%s\",\"failReason\":\"\",\"buttons\":["
    "%s],\"maskBase64\":\"\",\"properties\":{\"finalPrompt\":\"black cat on a "
    "windowsill, cinematic lighting --ar 3:2\",\"finalZhPrompt\":\"\","
    "\"discordChannelId\":\"1118138338562560102\",\"discordInstanceId\":"
    "\"1118138338562560103\",\"flags\":0,"
    "\"messageContent\":\"**black cat on a windowsill, cinematic lighting "
    "--ar 3:2** - <@1343445981269594182> (fast)\",\"messageId\":"
    "\"1348306030706036789\",\"nonce\":\"1619855216344100864\",\"notifyHook\":"
    "\"\","
    "\"progressMessageId\":\"1348305922325479495\",\"messageHash\":"
    "\"3dbbd469-36af-4a0f-8f02-df6c579e7011\"}}";

static char buttons[2048];

static void make_buttons(void) {
  static const char *const kinds[] = {"upsample", "variation"};
  size_t at = 0;
  int i;

  for (i = 0; i < 8; i++)
    at += (size_t)snprintf(
        buttons + at, sizeof buttons - at,
        "%s{\"customId\":\"MJ::JOB::%s::%d::3dbbd469-36af-4a0f-8f02-"
        "df6c579e7011\",\"emoji\":\"\",\"label\":\"%c%d\",\"style\":2,"
        "\"type\":2}",
        i ? "," : "", kinds[i / 4], i % 4 + 1, "UV"[i / 4], i % 4 + 1);
}

static void reply(struct conn *c, int status, const char *body, int n) {
  size_t room = OUT_SIZE - c->nout;
  int k = snprintf(c->out + c->nout, room,
                   "HTTP/1.1 %d %s\r\nDate: Thu, 20 Nov 2025 14:40:00 GMT\r\n"
                   "Content-Type: application/json; charset=utf-8\r\n"
                   "X-Oneapi-Request-Id: 2025112014400012345678AbCdEfGh\r\n"
                   "Content-Length: %d\r\n\r\n%.*s",
                   status, status == 200 ? "OK" : "Not Found", n, n, body);

  if (k < 0 || (size_t)k >= room)
    exit(3); /* a reply always fits an empty buffer */
  c->nout += (size_t)k;
}

static void reply_task(struct conn *c, unsigned long long id) {
  char body[4096], progress[8] = "0%";
  const char *status = "NOT_START";
  unsigned i = (unsigned)(id - FIRST_ID) & (MAX_TASKS - 1);
  int n, k = polled[i] < 255 ? ++polled[i] : 255;

  if (k >= polls_needed) {
    status = "SUCCESS";
    snprintf(progress, sizeof progress, "100%%");
  } else if (k > 1) {
    status = "IN_PROGRESS";
    snprintf(progress, sizeof progress, "%d%%", k * 100 / polls_needed);
  }
  n = snprintf(body, sizeof body, task_format, id, status, progress, buttons);
  reply(c, 200, body, n);
}

/* 2.1 KB for each of the ids, {"ids":["1","2"]}. */
static void reply_list(struct conn *c, const char *ids, const char *end) {
  static char body[OUT_SIZE - 1024];
  size_t n = 0;
  const char *p = ids;

  body[n++] = '[';
  while ((p = memmem(p, (size_t)(end - p), "\"13", 3)) != NULL &&
         n + 4096 < sizeof body) {
    unsigned long long id = strtoull(++p, NULL, 10);
    n += (size_t)snprintf(body + n, sizeof body - n, "%s", n > 1 ? "," : "");
    n += (size_t)snprintf(body + n, sizeof body - n, task_format, id,
                          "IN_PROGRESS", "31%", "");
  }
  body[n++] = ']';
  reply(c, 200, body, (int)n);
}

static void answer(struct conn *c, const char *path, const char *end) {
  static char picture[1 << 18];
  char body[128];
  int n;

  if (strncmp(path, "/count ", 7) == 0) {
    n = snprintf(body, sizeof body, "%llu %llu", (unsigned long long)requests,
                 (unsigned long long)connections);
    reply(c, 200, body, n);
    return;
  }
  requests++;
  if (strncmp(path, "/mj/task/list-by-condition ", 27) == 0) {
    reply_list(c, path, end);
  } else if (strncmp(path, "/picture ", 9) == 0) {
    memset(picture, 'P', sizeof picture);
    reply(c, 200, picture, (int)sizeof picture);
  } else if (strncmp(path, "/mj/task/", 9) == 0) {
    reply_task(c, strtoull(path + 9, NULL, 10));
  } else if (strncmp(path, "/mj/submit/", 11) == 0) {
    unsigned i = (unsigned)submitted++ & (MAX_TASKS - 1);
    polled[i] = 0;
    n = snprintf(body, sizeof body,
                 "{\"code\":1,\"description\":\"Submit success\","
                 "\"result\":\"%llu\"}",
                 FIRST_ID + i);
    reply(c, 200, body, n);
  } else {
    reply(c, 404, "{}", 2);
  }
}

/* Content-Length, and whether the connection ends here. */
static size_t read_headers(struct conn *c, const char *p, const char *end) {
  size_t length = 0;

  while (p < end) {
    const char *line = memchr(p, '\n', (size_t)(end - p));
    if (!line)
      break;
    p = line + 1;
    if (strncasecmp(p, "content-length:", 15) == 0)
      length = strtoul(p + 15, NULL, 10);
    else if (strncasecmp(p, "connection: close", 17) == 0)
      c->last = 1;
  }
  return length;
}

/* Answers every whole request in the buffer.  -1 = not HTTP. */
static int parse(struct conn *c) {
  size_t at = 0;

  while (at < c->nin) {
    char *p = c->in + at;
    char *end = memmem(p, c->nin - at, "\r\n\r\n", 4), *path;
    size_t length, head;

    if (!end)
      break;
    head = (size_t)(end - p) + 4;
    length = read_headers(c, p, end);
    if (at + head + length > c->nin)
      break;
    path = memchr(p, ' ', head);
    if (!path)
      return -1;
    answer(c, path + 1, p + head + length);
    at += head + length;
  }
  memmove(c->in, c->in + at, c->nin - at);
  c->nin -= at;
  return c->nin == IN_SIZE ? -1 : 0;
}

/* 0 = all sent, 1 = the socket is full, -1 = the connection is over. */
static int flush_out(struct conn *c) {
  while (c->sent < c->nout) {
    ssize_t n = send(c->fd, c->out + c->sent, c->nout - c->sent, MSG_NOSIGNAL);
    if (n < 0)
      return errno == EAGAIN ? 1 : -1;
    c->sent += (size_t)n;
  }
  c->sent = c->nout = 0;
  return c->last ? -1 : 0;
}

static void serve(struct conn *c) {
  ssize_t n = recv(c->fd, c->in + c->nin, IN_SIZE - c->nin, 0);
  int full;

  if (n < 0 && errno == EAGAIN)
    n = 0;
  else if (n <= 0)
    goto over;
  c->nin += (size_t)n;
  if (parse(c) < 0)
    goto over;
  full = flush_out(c);
  if (full < 0)
    goto over;
  if (full) {
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
  }
  return;
over:
  close(c->fd);
  free(c);
}

static void accept_all(int listener) {
  int one = 1, fd;

  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    struct conn *c = calloc(1, sizeof *c);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

    if (!c)
      exit(3);
    connections++;
    c->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e);
  }
}

static int listen_here(void) {
  struct sockaddr_in a;
  socklen_t size = sizeof a;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

  memset(&a, 0, sizeof a);
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 4096) ||
      getsockname(fd, (struct sockaddr *)&a, &size)) {
    perror("server");
    exit(1);
  }
  printf("%d\n", ntohs(a.sin_port));
  fflush(stdout);
  return fd;
}

int main(int argc, char **argv) {
  struct epoll_event e = {.events = EPOLLIN}, got[256];
  int listener;

  polls_needed = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 10;
  make_buttons();
  listener = listen_here();
  epoll_fd = epoll_create1(0);
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &e); /* data.ptr = NULL */
  for (;;) {
    int i, n = epoll_wait(epoll_fd, got, 256, -1);
    for (i = 0; i < n; i++) {
      if (got[i].data.ptr)
        serve(got[i].data.ptr);
      else
        accept_all(listener);
    }
  }
}
