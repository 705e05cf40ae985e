/* SPDX-License-Identifier: MIT
   rawserver.c - see rawserver.h. */
#include "rawserver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 256, INPUT = 1 << 16 };

struct connection {
  int fd, number, nth;
  size_t n;
  char *in;
};

struct rawserver {
  raw_handler handler;
  void *ud;
  int listener, port, quit[2];
  pthread_t thread;
  pthread_mutex_t lock;
  int requests, posts, connections;
  struct connection c[CONNECTIONS];
  int nc;
};

char *raw_text(int status, const char *headers, const char *body) {
  size_t n = strlen(headers) + strlen(body) + 128;
  char *p = malloc(n);
  (void)snprintf(p, n, "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n%s",
                 status, headers, strlen(body), body);
  return p;
}

static void drop(rawserver *s, int i, int reset) {
  if (reset) {
    struct linger l = {1, 0};
    (void)setsockopt(s->c[i].fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
  }
  (void)close(s->c[i].fd);
  free(s->c[i].in);
  s->c[i] = s->c[--s->nc];
}

static void send_all(int fd, const char *p) {
  size_t n = strlen(p);
  while (n > 0) {
    ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
    if (k < 0 && errno == EINTR)
      continue;
    if (k <= 0)
      return;
    p += k;
    n -= (size_t)k;
  }
}

/* Returns 0 when the connection is gone. */
static int serve(rawserver *s, int i, char *head, char *body) {
  struct connection *c = &s->c[i];
  raw_request q;
  raw_reply r = {0, NULL, NULL};
  int fd = c->fd;
  (void)pthread_mutex_lock(&s->lock);
  s->requests++;
  s->posts += strncmp(head, "POST ", 5) == 0;
  q.total = s->requests;
  (void)pthread_mutex_unlock(&s->lock);
  q.connection = c->number;
  q.nth = ++c->nth;
  q.head = head;
  q.body = body;
  s->handler(s->ud, &q, &r);
  if (r.made || r.text)
    send_all(fd, r.made ? r.made : r.text);
  free(r.made);
  if (r.flags & (RAW_CLOSE | RAW_RESET)) {
    drop(s, i, r.flags & RAW_RESET);
    return 0;
  }
  return 1;
}

static size_t content_length(const char *head) {
  const char *p;
  for (p = head; p; p = strstr(p, "\r\n") ? strstr(p, "\r\n") + 2 : NULL)
    if (strncasecmp(p, "content-length:", 15) == 0)
      return (size_t)strtoul(p + 15, NULL, 10);
  return 0;
}

static void take(rawserver *s, int i) {
  struct connection *c = &s->c[i];
  ssize_t k = recv(c->fd, c->in + c->n, INPUT - c->n - 1, 0);
  if (k <= 0) {
    drop(s, i, 0);
    return;
  }
  c->n += (size_t)k;
  c->in[c->n] = '\0';
  for (;;) {
    char *end = strstr(c->in, "\r\n\r\n"), *head, *body;
    size_t hn, bn;
    int alive;
    if (!end)
      return;
    hn = (size_t)(end - c->in) + 4;
    bn = content_length(c->in);
    if (c->n < hn + bn)
      return;
    head = strndup(c->in, hn);
    body = strndup(c->in + hn, bn);
    memmove(c->in, c->in + hn + bn, c->n - hn - bn + 1);
    c->n -= hn + bn;
    alive = serve(s, i, head, body);
    free(head);
    free(body);
    if (!alive)
      return;
  }
}

static void welcome(rawserver *s) {
  int fd = accept(s->listener, NULL, NULL);
  struct connection *c;
  if (fd < 0)
    return;
  if (s->nc == CONNECTIONS) {
    (void)close(fd);
    return;
  }
  c = &s->c[s->nc++];
  memset(c, 0, sizeof *c);
  c->fd = fd;
  c->in = calloc(1, INPUT);
  (void)pthread_mutex_lock(&s->lock);
  c->number = ++s->connections;
  (void)pthread_mutex_unlock(&s->lock);
}

static void *run(void *ud) {
  rawserver *s = ud;
  struct pollfd p[CONNECTIONS + 2];
  for (;;) {
    int i, n = s->nc;
    p[0].fd = s->quit[0];
    p[1].fd = s->listener;
    for (i = 0; i < n; i++)
      p[i + 2].fd = s->c[i].fd;
    for (i = 0; i < n + 2; i++)
      p[i].events = POLLIN;
    if (poll(p, (nfds_t)n + 2, -1) < 0 && errno != EINTR)
      return NULL;
    if (p[0].revents)
      return NULL;
    for (i = n - 1; i >= 0; i--)
      if (p[i + 2].revents)
        take(s, i);
    if (p[1].revents)
      welcome(s);
  }
}

rawserver *rawserver_new(raw_handler handler, void *ud) {
  rawserver *s = calloc(1, sizeof *s);
  struct sockaddr_in a;
  socklen_t n = sizeof a;
  memset(&a, 0, sizeof a);
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  s->handler = handler;
  s->ud = ud;
  s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  (void)pthread_mutex_init(&s->lock, NULL);
  if (s->listener < 0 ||
      bind(s->listener, (struct sockaddr *)&a, sizeof a) != 0 ||
      listen(s->listener, 256) != 0 ||
      getsockname(s->listener, (struct sockaddr *)&a, &n) != 0 ||
      pipe(s->quit) != 0)
    abort();
  s->port = ntohs(a.sin_port);
  if (pthread_create(&s->thread, NULL, run, s) != 0)
    abort();
  return s;
}

void rawserver_free(rawserver *s) {
  (void)!write(s->quit[1], "q", 1);
  (void)pthread_join(s->thread, NULL);
  while (s->nc > 0)
    drop(s, 0, 0);
  (void)close(s->listener);
  (void)close(s->quit[0]);
  (void)close(s->quit[1]);
  (void)pthread_mutex_destroy(&s->lock);
  free(s);
}

int rawserver_port(const rawserver *s) {
  return s->port;
}

static int locked(rawserver *s, const int *field) {
  int v;
  (void)pthread_mutex_lock(&s->lock);
  v = *field;
  (void)pthread_mutex_unlock(&s->lock);
  return v;
}

int rawserver_requests(rawserver *s) {
  return locked(s, &s->requests);
}

int rawserver_posts(rawserver *s) {
  return locked(s, &s->posts);
}

int rawserver_connections(rawserver *s) {
  return locked(s, &s->connections);
}
