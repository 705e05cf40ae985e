/* SPDX-License-Identifier: MIT
   post.c - libcurl's multi interface on an epoll set; the only file of the
   server side that includes it. */
#include "post.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE 16
#define EVENTS  64

struct post {
  struct mj_post_request is;
  int status, refused;
  mj_post *owner;
  CURL *e;
  struct post *next;
};

struct posts { /* a queue */
  struct post *first, **last;
};

struct mj_post {
  int epoll, any, global;
  CURLM *multi; /* made when it is needed first: a start should cost nothing */
  struct curl_slist *headers;
  int64_t due; /* of libcurl's timer; -1 = none */
  struct post *running[AT_ONCE];
  struct posts waiting, ended;
  struct post *told; /* the result that was handed out last */
  size_t pending;
};

static int64_t clock_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void put(struct posts *q, struct post *x) {
  x->next = NULL;
  *q->last = x;
  q->last = &x->next;
}

static struct post *take(struct posts *q, struct post **at) {
  struct post *x = *at;
  *at = x->next;
  if (!x->next)
    q->last = at;
  return x;
}

static void discard(struct post *x) {
  if (!x)
    return;
  free(x->is.url);
  free(x->is.body);
  free(x);
}

/* Addresses ------------------------------------------------------------------
 */

static int is_loopback(const struct sockaddr *a) {
  union {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } copy;
  if (a->sa_family == AF_INET) {
    memcpy(&copy.v4, a, sizeof copy.v4);
    return ntohl(copy.v4.sin_addr.s_addr) >> 24 == 127;
  }
  if (a->sa_family != AF_INET6)
    return 0;
  memcpy(&copy.v6, a, sizeof copy.v6);
  return IN6_IS_ADDR_LOOPBACK(&copy.v6.sin6_addr);
}

static int names_loopback(const char *host) {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } a;
  char text[64];
  size_t n = strlen(host);
  if (!strcasecmp(host, "localhost"))
    return 1;
  memset(&a, 0, sizeof a);
  if (host[0] == '[' && n - 2 < sizeof text) {
    memcpy(text, host + 1, n - 2);
    text[n - 2] = '\0';
    a.v6.sin6_family = AF_INET6;
    return inet_pton(AF_INET6, text, &a.v6.sin6_addr) == 1 &&
           is_loopback(&a.any);
  }
  a.v4.sin_family = AF_INET;
  return inet_pton(AF_INET, host, &a.v4.sin_addr) == 1 && is_loopback(&a.any);
}

/* Before any name is looked up: that would already be a word to others.  What
   libcurl cannot read is left to it. */
static int is_foreign(const char *url) {
  CURLU *u = curl_url();
  char *host = NULL;
  int foreign = 0;
  if (u && !curl_url_set(u, CURLUPART_URL, url, 0) &&
      !curl_url_get(u, CURLUPART_HOST, &host, 0))
    foreign = !names_loopback(host);
  curl_free(host);
  curl_url_cleanup(u);
  return foreign;
}

/* The address that is connected to, not one that was looked up before. */
static curl_socket_t on_open(void *ud, curlsocktype purpose,
                             struct curl_sockaddr *a) {
  struct post *x = ud;
  (void)purpose;
  if (!x->owner->any && !is_loopback(&a->addr)) {
    x->refused = 1;
    return CURL_SOCKET_BAD;
  }
  return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* libcurl --------------------------------------------------------------------
 */

static int on_socket(CURL *e, curl_socket_t fd, int what, void *ud,
                     void *known) {
  mj_post *p = ud;
  struct epoll_event ev = {0, {0}};
  (void)e;
  ev.data.fd = fd;
  if (what != CURL_POLL_OUT)
    ev.events |= EPOLLIN;
  if (what != CURL_POLL_IN)
    ev.events |= EPOLLOUT;
  if (what == CURL_POLL_REMOVE)
    (void)epoll_ctl(p->epoll, EPOLL_CTL_DEL, fd, &ev);
  else
    (void)epoll_ctl(p->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev);
  if (what != CURL_POLL_REMOVE)
    curl_multi_assign(p->multi, fd, p);
  return 0;
}

static int on_timer(CURLM *multi, long ms, void *ud) {
  mj_post *p = ud;
  (void)multi;
  p->due = ms < 0 ? -1 : clock_ms() + ms;
  return 0;
}

static size_t on_data(char *data, size_t size, size_t n, void *ud) {
  (void)data;
  (void)ud;
  return size * n; /* nobody reads it */
}

static int prepare(mj_post *p) {
  struct curl_slist *list;
  if (p->multi)
    return 0;
  p->global = p->global || !curl_global_init(CURL_GLOBAL_DEFAULT);
  list = curl_slist_append(NULL, "Content-Type: application/json");
  p->headers = list ? curl_slist_append(list, "Expect:") : NULL;
  if (!p->headers) {
    curl_slist_free_all(list);
    return -1;
  }
  p->multi = p->global ? curl_multi_init() : NULL;
  if (!p->multi) {
    curl_slist_free_all(p->headers);
    p->headers = NULL;
    return -1;
  }
  curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
  curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
  return 0;
}

static int start(struct post *x) {
  mj_post *p = x->owner;
  CURL *e = x->e = curl_easy_init();
  if (!e)
    return -1;
  curl_easy_setopt(e, CURLOPT_PRIVATE, x);
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
#endif
  curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(e, CURLOPT_PROXY, ""); /* not the environment's */
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, x);
  /* on a connection that has died libcurl sends a POST again by itself */
  curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(e, CURLOPT_POST, 1L);
  curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->is.len);
  curl_easy_setopt(e, CURLOPT_POSTFIELDS, x->is.body);
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, p->headers);
  curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)x->is.timeout_ms);
  if (curl_easy_setopt(e, CURLOPT_URL, x->is.url) == CURLE_OK &&
      curl_multi_add_handle(p->multi, e) == CURLM_OK)
    return 0;
  curl_easy_cleanup(e);
  x->e = NULL;
  return -1;
}

static void stop(struct post *x) {
  (void)curl_multi_remove_handle(x->owner->multi, x->e);
  curl_easy_cleanup(x->e);
  x->e = NULL;
}

/* The queue ------------------------------------------------------------------
 */

static int is_busy(const mj_post *p, uint64_t key) {
  for (int i = 0; i < AT_ONCE; i++)
    if (p->running[i] && p->running[i]->is.key == key)
      return 1;
  return 0;
}

static struct post *next_waiting(mj_post *p) {
  struct post **at = &p->waiting.first;
  while (*at && is_busy(p, (*at)->is.key))
    at = &(*at)->next;
  return *at ? take(&p->waiting, at) : NULL;
}

static void start_some(mj_post *p) {
  for (int i = 0; i < AT_ONCE; i++) {
    while (!p->running[i]) {
      struct post *x = next_waiting(p);
      if (!x)
        return;
      if (start(x))
        put(&p->ended, x);
      else
        p->running[i] = x;
    }
  }
}

static void finish(mj_post *p, CURL *e, CURLcode code) {
  struct post *x = NULL;
  long status = 0;
  (void)curl_easy_getinfo(e, CURLINFO_PRIVATE, (char **)&x);
  (void)curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
  x->status = code == CURLE_OK ? (int)status : 0;
  stop(x);
  for (int i = 0; i < AT_ONCE; i++)
    if (p->running[i] == x)
      p->running[i] = NULL;
  put(&p->ended, x);
}

static void read_messages(mj_post *p) {
  CURLMsg *m;
  int left;
  while ((m = curl_multi_info_read(p->multi, &left)) != NULL)
    if (m->msg == CURLMSG_DONE)
      finish(p, m->easy_handle, m->data.result);
}

void mj_post_step(mj_post *p) {
  struct epoll_event ev[EVENTS];
  int n, running;
  if (!p->multi)
    return;
  start_some(p);
  n = epoll_wait(p->epoll, ev, EVENTS, 0);
  for (int i = 0; i < n; i++) {
    int flags = 0;
    if (ev[i].data.fd < 0)
      continue; /* the watched one */
    if (ev[i].events & EPOLLIN)
      flags |= CURL_CSELECT_IN;
    if (ev[i].events & EPOLLOUT)
      flags |= CURL_CSELECT_OUT;
    if (ev[i].events & (EPOLLERR | EPOLLHUP))
      flags |= CURL_CSELECT_ERR;
    curl_multi_socket_action(p->multi, ev[i].data.fd, flags, &running);
  }
  if (p->due >= 0 && clock_ms() >= p->due) {
    p->due = -1;
    curl_multi_socket_action(p->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  read_messages(p);
  start_some(p);
}

/* For the owner --------------------------------------------------------------
 */

mj_post *mj_post_new(int any) {
  mj_post *p = calloc(1, sizeof *p);
  if (!p)
    return NULL;
  p->any = any;
  p->due = -1;
  p->waiting.last = &p->waiting.first;
  p->ended.last = &p->ended.first;
  p->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (p->epoll >= 0)
    return p;
  free(p);
  return NULL;
}

static void discard_all(struct posts *q) {
  while (q->first)
    discard(take(q, &q->first));
}

void mj_post_free(mj_post *p) {
  if (!p)
    return;
  for (int i = 0; i < AT_ONCE; i++)
    if (p->running[i]) {
      stop(p->running[i]);
      discard(p->running[i]);
    }
  discard_all(&p->waiting);
  discard_all(&p->ended);
  discard(p->told);
  if (p->multi)
    curl_multi_cleanup(p->multi);
  curl_slist_free_all(p->headers);
  if (p->global)
    curl_global_cleanup();
  close(p->epoll);
  free(p);
}

int mj_post_fd(const mj_post *p) {
  return p->epoll;
}

int mj_post_watch(mj_post *p, int fd) {
  struct epoll_event ev = {EPOLLIN, {0}};
  ev.data.fd = -1;
  return epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &ev);
}

int64_t mj_post_timeout_ms(const mj_post *p) {
  int64_t left;
  if (p->ended.first)
    return 0;
  if (p->due < 0)
    return -1;
  left = p->due - clock_ms();
  return left > 0 ? left : 0;
}

void mj_post_add(mj_post *p, const struct mj_post_request *req) {
  struct post *x = calloc(1, sizeof *x);
  if (!x) {
    free(req->url);
    free(req->body);
    return;
  }
  x->is = *req;
  x->owner = p;
  p->pending++;
  if (prepare(p)) {
    put(&p->ended, x);
  } else if (!p->any && is_foreign(req->url)) {
    x->refused = 1;
    put(&p->ended, x);
  } else {
    put(&p->waiting, x);
  }
}

size_t mj_post_pending(const mj_post *p) {
  return p->pending;
}

int mj_post_next(mj_post *p, struct mj_post_result *out) {
  struct post *x;
  discard(p->told);
  p->told = NULL;
  if (!p->ended.first)
    return 0;
  x = p->told = take(&p->ended, &p->ended.first);
  p->pending--;
  out->id = x->is.id;
  out->status = x->status;
  out->refused = x->refused;
  out->url = x->is.url;
  return 1;
}
