/* SPDX-License-Identifier: MIT
   floor.c - the least that libcurl can do the work for: one multi handle, a
   fixed pool of easy handles, epoll with sockets kept registered, and a search
   in the bytes instead of a JSON parser.  What mj adds is measured against it.

     floor URL TASKS CONNECTIONS */
#define _GNU_SOURCE /* memmem */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BODY_SIZE 8192
#define MAX_FD    4096

struct task {
  char id[24]; /* "" = not submitted yet */
  int next;    /* in the queue */
};

struct slot {
  CURL *easy;
  int task, next; /* next: in the list of idle ones */
  size_t size;
  char url[256], body[BODY_SIZE];
};

static struct task *tasks;
static struct slot *slots;
static int queue_first = -1, queue_last = -1, idle = -1;
static long polls, finished;
static CURLM *multi;
static struct curl_slist *headers;
static long timeout_ms = -1;
static int epoll_fd;
static unsigned registered[MAX_FD]; /* events per descriptor, 0 = none */
static const char body[] =
    "{\"base64Array\":[],\"prompt\":\"black cat, cinematic lighting\"}";

static void fail(const char *what) {
  fprintf(stderr, "floor: %s\n", what);
  exit(1);
}

static void push(int task) {
  tasks[task].next = -1;
  if (queue_last < 0)
    queue_first = task;
  else
    tasks[queue_last].next = task;
  queue_last = task;
}

static size_t on_data(char *data, size_t size, size_t n, void *ud) {
  struct slot *s = ud;

  n *= size;
  if (s->size + n >= BODY_SIZE)
    return 0;
  memcpy(s->body + s->size, data, n);
  s->size += n;
  return n;
}

/* libcurl drops a socket after each transfer and asks for it again with the
   next; the descriptor stays registered until it is closed. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ud,
                     void *sp) {
  struct epoll_event e;
  unsigned want = EPOLLIN;

  (void)easy, (void)ud, (void)sp;
  if (fd >= MAX_FD)
    fail("descriptor out of range");
  if (what == CURL_POLL_REMOVE && !registered[fd])
    return 0;
  if (what == CURL_POLL_OUT)
    want = EPOLLOUT;
  else if (what == CURL_POLL_INOUT)
    want = EPOLLIN | EPOLLOUT;
  if (registered[fd] == want)
    return 0;
  memset(&e, 0, sizeof e);
  e.events = want;
  e.data.fd = fd;
  epoll_ctl(epoll_fd, registered[fd] ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e);
  registered[fd] = want;
  return 0;
}

static int on_close(void *ud, curl_socket_t fd) {
  (void)ud;
  if (fd < MAX_FD)
    registered[fd] = 0;
  return close(fd);
}

static int on_timer(CURLM *m, long ms, void *ud) {
  (void)m, (void)ud;
  timeout_ms = ms;
  return 0;
}

static void start(struct slot *s, const char *base) {
  const struct task *t = &tasks[s->task];

  s->size = 0;
  if (*t->id) {
    snprintf(s->url, sizeof s->url, "%s/mj/task/%s/fetch", base, t->id);
    curl_easy_setopt(s->easy, CURLOPT_HTTPGET, 1L);
  } else {
    snprintf(s->url, sizeof s->url, "%s/mj/submit/imagine", base);
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long)sizeof body - 1);
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, body);
  }
  curl_easy_setopt(s->easy, CURLOPT_URL, s->url);
  if (curl_multi_add_handle(multi, s->easy))
    fail("add_handle");
}

/* Copies the string after a key; 0 when the key is not there. */
static int find(const struct slot *s, const char *key, char *out, size_t size) {
  const char *p = memmem(s->body, s->size, key, strlen(key)), *end;
  size_t n;

  if (!p)
    return 0;
  p += strlen(key);
  end = memchr(p, '"', s->size - (size_t)(p - s->body));
  n = end ? (size_t)(end - p) : size;
  if (n >= size)
    return 0;
  memcpy(out, p, n);
  out[n] = '\0';
  return 1;
}

static void done(struct slot *s) {
  struct task *t = &tasks[s->task];
  char status[24];
  long http = 0;

  curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &http);
  if (http != 200)
    fail("not 200");
  if (!*t->id) {
    if (!find(s, "\"result\":\"", t->id, sizeof t->id))
      fail("no id");
    push(s->task);
    return;
  }
  if (!find(s, "\"status\":\"", status, sizeof status))
    fail("no status");
  polls++;
  if (strcmp(status, "SUCCESS") == 0)
    finished++;
  else
    push(s->task);
}

static void turn(void) {
  struct epoll_event got[64];
  int i, n, running, left;
  CURLMsg *msg;

  n = epoll_wait(epoll_fd, got, 64, timeout_ms < 0 ? 1000 : (int)timeout_ms);
  if (n == 0) {
    timeout_ms = -1;
    curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  for (i = 0; i < n; i++)
    curl_multi_socket_action(
        multi, got[i].data.fd,
        (got[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
            (got[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
            (got[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0),
        &running);
  while ((msg = curl_multi_info_read(multi, &left)) != NULL) {
    struct slot *s;
    if (msg->data.result)
      fail(curl_easy_strerror(msg->data.result));
    curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&s);
    curl_multi_remove_handle(multi, s->easy);
    done(s);
    s->next = idle;
    idle = (int)(s - slots);
  }
}

static void open_slots(int n) {
  int i;

  slots = calloc((size_t)n, sizeof *slots);
  if (!slots)
    fail("memory");
  for (i = 0; i < n; i++) {
    CURL *e = slots[i].easy = curl_easy_init();
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, &slots[i]);
    curl_easy_setopt(e, CURLOPT_PRIVATE, &slots[i]);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    slots[i].next = idle;
    idle = i;
  }
}

int main(int argc, char **argv) {
  long i, n = argc > 3 ? strtol(argv[2], NULL, 10) : 0;
  int conns = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 0;

  if (n < 1 || conns < 1)
    fail("usage: floor URL TASKS CONNECTIONS");
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi = curl_multi_init();
  epoll_fd = epoll_create1(0);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)conns);
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
  headers = curl_slist_append(NULL, "Authorization: Bearer sk-bench");
  headers = curl_slist_append(headers, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Accept: application/json");
  tasks = calloc((size_t)n, sizeof *tasks);
  if (!tasks)
    fail("memory");
  for (i = 0; i < n; i++)
    push((int)i);
  open_slots(conns);
  while (finished < n) {
    while (idle >= 0 && queue_first >= 0) {
      struct slot *s = &slots[idle];
      idle = s->next;
      s->task = queue_first;
      queue_first = tasks[queue_first].next;
      if (queue_first < 0)
        queue_last = -1;
      start(s, argv[1]);
    }
    turn();
  }
  printf("polls=%ld\n", polls);
  return 0;
}
