/* SPDX-License-Identifier: MIT
   http_easy.c - the options of a pooled handle, and its callbacks. */
#include "address.h"
#include "http_int.h"
#include "os.h"
#include "retry.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* libcurl reads a socket until it is empty, megabytes in one call.  What comes
   when the turn's time is up waits for the next; what is paid never waits. */
static int hold(struct mj__easy *x) {
  struct mj__curl *t = x->t;
  if (x->due || x->paid || t->end_us == INT64_MAX ||
      mj__os_now_us() < t->end_us)
    return 0;
  x->held = 1;
  x->next_held = NULL;
  if (t->held_last)
    t->held_last->next_held = x;
  else
    t->held_first = x;
  t->held_last = x;
  return 1;
}

static size_t on_data(char *p, size_t size, size_t n, void *ud) {
  struct mj__easy *x = ud;
  n *= size;
  if (hold(x))
    return CURL_WRITEFUNC_PAUSE;
  x->due = 0;
  if (mj_transport_data(x->client, x->id, p, n) == MJ_OK)
    return n;
  x->full = 1;
  return 0;
}

void mj__easy_unhold(struct mj__easy *x) {
  struct mj__easy **p = &x->t->held_first, *last = NULL;
  while (*p && *p != x) {
    last = *p;
    p = &last->next_held;
  }
  if (!*p)
    return;
  *p = x->next_held;
  if (x->t->held_last == x)
    x->t->held_last = last;
  x->held = 0;
}

/* More than any gateway sends; libcurl itself would take 300 KiB (its answer to
   CVE-2023-38039), and 1xx replies without end. */
enum { HEAD_MOST = 64 << 10, LINES_MOST = 200 };

/* 1 = the header of that name, and says something else than `plain`. */
static int is_other(const char *p, size_t n, const char *name,
                    const char *plain) {
  size_t len = strlen(name);
  if (n < len || strncasecmp(p, name, len) != 0)
    return 0;
  for (p += len, n -= len; n > 0 && (*p == ' ' || *p == '\t'); p++)
    n--;
  while (n > 0 && (unsigned char)p[n - 1] <= ' ')
    n--;
  return n > 0 && (n != strlen(plain) || strncasecmp(p, plain, n) != 0);
}

/* Nothing is asked to be packed, so what comes packed is no answer: neither
   JSON nor a picture, and perhaps a bomb.  (A transfer's packing libcurl would
   undo without being told to.) */
static int is_packed(const char *p, size_t n) {
  return is_other(p, n, "content-encoding:", "identity") ||
         (is_other(p, n, "transfer-encoding:", "chunked") &&
          is_other(p, n, "transfer-encoding:", "identity"));
}

static size_t on_header(char *p, size_t size, size_t n, void *ud) {
  struct mj__easy *x = ud;
  n *= size;
  x->head += n;
  if (++x->lines > LINES_MOST || x->head > HEAD_MOST)
    x->refusal = "the reply has too many headers, and was broken off";
  else if (is_packed(p, n))
    x->refusal = "the reply is packed (Content-Encoding or Transfer-Encoding), "
                 "which nobody asked for";
  return x->refusal ? 0 : n;
}

/* The last piece handed over is our proof that the server may have all of it:
   CURLINFO_SIZE_UPLOAD_T is 0 after a re-send that was broken off. */
static size_t on_read(char *out, size_t size, size_t n, void *ud) {
  struct mj__easy *x = ud;
  size_t left = x->body_len - x->body_at;
  n *= size;
  if (n > left)
    n = left;
  if (n)
    memcpy(out, x->body + x->body_at, n);
  x->body_at += n;
  if (x->body_at == x->body_len)
    x->sent = 2;
  return n;
}

/* Somebody who reads the record of a paid request takes two minutes of silence
   for proof that it never left.  A process that was stopped, or a machine that
   slept, may wake up after that: what did not leave at once does not leave. */
enum { RECORD_GOOD = 5000 };

/* Called when the connection stands and the request is about to go out.  On a
   reused connection that dies without a byte of reply libcurl sends a POST
   again by itself (Curl_retry_request); the second call gives that away. */
static int on_prereq(void *ud, char *ip, char *local_ip, int port,
                     int local_port) {
  struct mj__easy *x = ud;
  (void)ip;
  (void)local_ip;
  (void)port;
  (void)local_port;
  if (x->paid && x->prereqs > 0)
    return CURL_PREREQFUNC_ABORT;
  if (x->paid && mj__os_boot_ms() - x->began_ms > RECORD_GOOD) {
    x->late = 1;
    return CURL_PREREQFUNC_ABORT;
  }
  x->prereqs++;
  if (x->sent == 0)
    x->sent = x->body ? 1 : 2;
  return CURL_PREREQFUNC_OK;
}

static curl_socket_t on_open(void *ud, curlsocktype purpose,
                             struct curl_sockaddr *a) {
  struct mj__easy *x = ud;
  struct mj__curl *t = x->t;
  int fd;
  (void)purpose;
  /* the address that is connected to, not one that was looked up before */
  if (x->foreign && !x->trusted && !mj__address_allowed(&a->addr)) {
    x->blocked = 1;
    return CURL_SOCKET_BAD;
  }
  fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE)
      x->refusal = "too many open files: no descriptor is left for a "
                   "connection (ulimit -n)";
    return CURL_SOCKET_BAD;
  }
  mj__poller_keep(t->poller, fd);
  t->connects++;
  t->sockets++;
  if (t->sockets > t->sockets_peak)
    t->sockets_peak = t->sockets;
  return fd;
}

static int on_close(void *ud, curl_socket_t fd) {
  struct mj__curl *t = ud;
  mj__poller_forget(t->poller, fd);
  t->sockets--;
  return close(fd);
}

/* Each connection's; whoever comes before the file was read waits for it. */
static CURLcode on_tls(CURL *e, void *ssl_ctx, void *ud) {
  struct mj__easy *x = ud;
  (void)e;
  if (mj__ca_use(x->t->ca, ssl_ctx) == 0)
    return CURLE_OK;
  x->unbelieving = 1;
  return CURLE_SSL_CACERT_BADFILE;
}

/* Who signs for the servers. */
static void set_authorities(struct mj__easy *x) {
  const struct mj__http_config *cfg = &x->t->cfg;
  CURL *e = x->e;
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
  /* Debian's default path switches libcurl's certificate cache off, and each
     new connection then reads 144 certificates again: 15 ms, not 0.4 */
  curl_easy_setopt(e, CURLOPT_CAPATH, cfg->ca_path);
  if (cfg->ca_file)
    curl_easy_setopt(e, CURLOPT_CAINFO, cfg->ca_file);
  if (x->t->ca &&
      curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, on_tls) == CURLE_OK) {
    curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, x);
    curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
  }
}

int mj__easy_open(struct mj__easy *x) {
  const struct mj__http_config *cfg = &x->t->cfg;
  CURL *e = curl_easy_init();
  if (!e)
    return MJ_ERESOURCE;
  x->e = e;
  curl_easy_setopt(e, CURLOPT_PRIVATE, x);
  curl_easy_setopt(e, CURLOPT_ERRORBUFFER, x->errbuf);
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  /* or removing a handle waits for its resolver, up to 3 s */
  curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
#endif
  curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(e, CURLOPT_HEADERDATA, x);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, x);
  curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt(e, CURLOPT_READDATA, x);
  curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_prereq);
  curl_easy_setopt(e, CURLOPT_PREREQDATA, x);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, x);
  curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, x->t);
  /* "" rather than NULL: the environment's proxies are not for a key */
  curl_easy_setopt(e, CURLOPT_PROXY, cfg->proxy ? cfg->proxy : "");
  curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  set_authorities(x);
  return MJ_OK;
}

static struct curl_slist *headers_of(struct mj__curl *t, const mj_http *req) {
  struct curl_slist *list = NULL, *more;
  char line[4096];
  size_t i, k = sizeof t->lists / sizeof t->lists[0];
  for (i = 0; i < k; i++)
    if (t->lists[i].key == req->headers && t->lists[i].list)
      return t->lists[i].list;
  /* no "Expect: 100-continue", which can send a body twice (417) */
  list = curl_slist_append(NULL, "Expect:");
  for (i = 0; list && i < req->nheaders; i++) {
    size_t n = strlen(req->headers[i].name);
    size_t v = strlen(req->headers[i].value);
    if (n + v + 3 > sizeof line)
      continue; /* refused when the client was made */
    memcpy(line, req->headers[i].name, n);
    memcpy(line + n, ": ", 2);
    memcpy(line + n + 2, req->headers[i].value, v + 1);
    more = curl_slist_append(list, line);
    if (!more) {
      curl_slist_free_all(list);
      list = NULL;
    } else {
      list = more;
    }
  }
  memset(line, 0, sizeof line); /* it held the key */
  for (i = 0; list && i < k; i++)
    if (!t->lists[i].list) {
      t->lists[i].key = req->headers;
      t->lists[i].list = list;
      return list;
    }
  curl_slist_free_all(list);
  return NULL;
}

static int is_trusted(const struct mj__curl *t, const char *url) {
  size_t i;
  if (t->cfg.proxy || mj__url_same_origin(url, t->cfg.origin))
    return 1;
  for (i = 0; i < t->cfg.nallow_hosts; i++)
    if (mj__url_host_is(url, t->cfg.allow_hosts[i]))
      return 1;
  return 0;
}

int mj__easy_arm(struct mj__easy *x, const mj_http *req) {
  struct curl_slist *list = headers_of(x->t, req);
  CURL *e = x->e;
  if (!list)
    return MJ_ERESOURCE;
  x->paid = req->paid;
  x->foreign = req->foreign;
  x->trusted = req->foreign ? is_trusted(x->t, req->url) : 1;
  x->prereqs = x->sent = x->blocked = x->late = 0;
  x->full = x->held = x->due = 0;
  x->began_ms = req->paid ? mj__os_boot_ms() : 0;
  x->head = x->lines = 0;
  x->refusal = NULL;
  x->unbelieving = 0;
  x->body = req->body;
  x->body_len = req->body_len;
  x->body_at = 0;
  x->errbuf[0] = '\0';
  if (curl_easy_setopt(e, CURLOPT_URL, req->url) != CURLE_OK)
    return MJ_ERESOURCE;
  if (req->body) {
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body_len);
  } else {
    curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
  }
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, req->paid ? 1L : 0L);
  curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)req->connect_timeout_ms);
  curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)req->timeout_ms);
  return MJ_OK;
}

/* Each header that says so, however often it comes (libcurl itself takes the
   first, and no milliseconds): the longest counts. */
static int64_t retry_after(CURL *e) {
  static const char *const names[] = {"Retry-After", "retry-after-ms",
                                      "x-ms-retry-after-ms"};
  struct curl_header *h;
  int64_t ms = -1;
  size_t i, k;
  for (i = 0; i < sizeof names / sizeof names[0]; i++)
    for (k = 0; k < 8 && curl_easy_header(e, names[i], k, CURLH_HEADER, -1,
                                          &h) == CURLHE_OK;
         k++)
      ms = mj__retry_later(ms,
                           mj__retry_after(h->value, i > 0, mj__os_wall_ms()));
  return ms;
}

void mj__easy_result(struct mj__easy *x, CURLcode code, mj_http_result *r) {
  long http = 0;
  char *type = NULL, *location = NULL;
  memset(r, 0, sizeof *r);
  if (x->full && code == CURLE_OK) /* what curl_easy_pause() gave us */
    code = CURLE_WRITE_ERROR;
  r->curl_code = (int)code;
  r->sent = x->sent;
  r->blocked = x->blocked;
  r->retry_after_ms = retry_after(x->e);
  (void)curl_easy_getinfo(x->e, CURLINFO_RESPONSE_CODE, &http);
  r->http_status = (int)http;
  (void)curl_easy_getinfo(x->e, CURLINFO_CONTENT_TYPE, &type);
  (void)curl_easy_getinfo(x->e, CURLINFO_REDIRECT_URL, &location);
  r->content_type = type;
  r->location = location;
  r->text = x->blocked         ? "the address is not public"
            : x->late          ? "not sent: connecting took too long"
            : x->unbelieving   ? "the certificates that sign for servers "
                                 "cannot be read (ca_file)"
            : x->refusal       ? x->refusal
            : x->errbuf[0]     ? x->errbuf
            : code != CURLE_OK ? curl_easy_strerror(code)
                               : NULL;
  if (x->blocked)
    r->curl_code = CURLE_COULDNT_CONNECT;
  else if (x->refusal && !x->sent) /* it is us, and not the gateway */
    r->curl_code = CURLE_OUT_OF_MEMORY;
}
