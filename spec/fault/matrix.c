/* SPDX-License-Identifier: MIT
   matrix.c - each fault on each endpoint, before and after the gateway acted:
   what the client makes of it, and how often the gateway was asked and paid.
   matrix CERTS EXPECTED SEEN [FAULT]: runs the cells of EXPECTED, writes SEEN
   beside it, and fails where they differ.  Time runs FACTOR times as fast for
   the client's policy and for the gateway; libcurl's own time-outs are short
   instead. */
#define _GNU_SOURCE
#include "cells.h"

#include "mj.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEY   "sk-CANARY-fault-7c1d"
#define GRID  "14001934816969359"
#define OTHER "task_abc123xyz789" /* of the family generate */
#define PRESS "MJ::JOB::upsample::2::3dbbd469-36af-4a0f-8f02-df6c579e7011"

enum { FACTOR = 40, WINDOW = 64, LONGEST_S = 120 };

void die(const char *what) {
  fprintf(stderr, "matrix: %s\n", what);
  exit(2);
}

static int64_t real_us(void) {
  struct timespec ts;
  (void)clock_gettime(CLOCK_REALTIME, &ts);
  return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t world_ms(const struct world *w) {
  return w->since_ms + (real_us() - w->since_ms * 1000) * w->factor / 1000;
}

static int64_t fast(void *ud) {
  return world_ms(ud);
}

/* The client of a cell ----------------------------------------------------- */

enum stage { WAITING, WARMING, TRYING, OVER };

struct run {
  enum stage stage;
  mj_client *c;
  mj_id id;
  char base[100];
  int accepted;
};

static char journal[100], ca[100];
static const char *longest_frame_of = "";
static int64_t longest_frame_us;

static int is_tls(const struct cell *c) {
  return faults[c->fault].layer == L_TLS;
}

/* Something has to be there that a list can show, and a connection that can be
   used again. */
static int needs_warmth(const struct cell *c) {
  enum layer l = faults[c->fault].layer;
  return l == L_STALE || (l != L_DNS && c->lists &&
                          (c->endpoint == E_SUBMIT || c->endpoint == E_CLICK));
}

static void base_of(const struct cell *c, int n, char *out, size_t size) {
  if (is_tls(c))
    (void)snprintf(out, size, "https://127.0.0.1:%d/c%d", c->port, n);
  else if (faults[c->fault].layer == L_DNS)
    (void)snprintf(out, size, "http://c%d.fault:%d", n, c->port);
  else
    (void)snprintf(out, size, "http://127.0.0.1:%d", c->port);
}

static mj_client *open_client(const struct run *r, const struct cell *c,
                              struct world *w) {
  mj_config cfg;
  mj_error err;
  mj_client *out;
  mj_config_init(&cfg);
  cfg.base_url = r->base;
  cfg.api_key = KEY;
  cfg.auth = c->lists ? "secret" : "bearer"; /* as each of them wants it */
  cfg.dialect = c->generate ? "generate" : "mj";
  cfg.ca_file = ca;
  cfg.journal = journal;
  cfg.connections = 4;
  cfg.connect_timeout_ms = 1200;
  cfg.request_timeout_ms = cfg.submit_timeout_ms = cfg.fetch_timeout_ms = 2500;
  cfg.max_reply = 256 << 10;
  cfg.max_image = 1 << 20;
  cfg.poll.first_ms = 12000;
  cfg.poll.gaps_ms[0] = 12000;
  cfg.poll.ngaps = 1;
  cfg.now = cfg.wall = fast;
  cfg.now_ud = w;
  if (mj_client_new(&out, &cfg, &err) != MJ_OK)
    die(err.text);
  return out;
}

static mj_id paid(mj_client *c, int click, int generate) {
  mj_request q;
  mj_error err;
  mj_id id;
  memset(&q, 0, sizeof q);
  q.op = click ? MJ_OP_CLICK : MJ_OP_IMAGINE;
  q.prompt = click ? NULL : "black cat";
  if (click) {
    q.task = generate ? OTHER : GRID;
    q.button = generate ? "generate::upscale::2" : PRESS;
  }
  if (mj_submit(c, &q, &id, &err) != MJ_OK)
    die(err.text);
  return id;
}

static mj_id free_one(const struct run *r, int picture) {
  char url[160];
  mj_error err;
  mj_id id;
  (void)snprintf(url, sizeof url, "%s/pic.png", r->base);
  if ((picture ? mj_fetch(r->c, url, &id, &err)
               : mj_ask(r->c, MJ_QUERY_LIST, NULL, 0, &id, &err)) != MJ_OK)
    die(err.text);
  return id;
}

static void attempt(struct run *r, struct cell *c) {
  r->stage = TRYING;
  if (c->endpoint != E_FETCH)
    atomic_store(&c->armed, 1);
  switch ((enum endpoint)c->endpoint) {
  case E_SUBMIT:
  case E_FETCH:
  case E_CLICK:
    r->id = paid(r->c, c->endpoint == E_CLICK, c->generate);
    return;
  case E_LIST:
  case E_DOWNLOAD:
    r->id = free_one(r, c->endpoint == E_DOWNLOAD);
    return;
  case ENDPOINTS:
    break;
  }
}

static void begin(struct run *r, struct cell *c, int n, struct world *w) {
  base_of(c, n, r->base, sizeof r->base);
  r->c = open_client(r, c, w);
  if (!needs_warmth(c)) {
    attempt(r, c);
    return;
  }
  r->stage = WARMING;
  r->id = c->lists && faults[c->fault].layer != L_STALE ? paid(r->c, 0, 0)
                                                        : free_one(r, 1);
}

static void ended(struct run *r, const struct cell *c, const mj_event *ev,
                  struct seen *s) {
  char picture[PICTURE];
  r->stage = OVER;
  s->state = ev->error ? mj_error_name(ev->error->code) : "ok";
  (void)snprintf(s->text, sizeof s->text, "%s",
                 ev->error ? ev->error->text : "");
  gate_picture(picture);
  if (!ev->error && c->endpoint == E_DOWNLOAD &&
      (ev->data_len != PICTURE || memcmp(ev->data, picture, PICTURE) != 0))
    s->state = "other-bytes";
  if (strstr(s->text, "CANARY"))
    die("the key is in an error");
}

static void turn(struct run *r, struct cell *c, struct seen *s) {
  int64_t t = real_us();
  const mj_event *ev;
  if (mj_step(r->c, 0, 0) < 0)
    die("mj_step");
  t = real_us() - t;
  if (t > longest_frame_us) {
    longest_frame_us = t;
    longest_frame_of = faults[c->fault].name;
  }
  while (r->stage != OVER && (ev = mj_event_peek(r->c)) != NULL) {
    if (ev->type == MJ_EV_ACCEPTED && r->stage == TRYING &&
        c->endpoint == E_FETCH)
      atomic_store(&c->armed, 1);
    if (ev->type != MJ_EV_DONE || ev->id != r->id) {
      mj_event_pop(r->c);
    } else if (r->stage == WARMING) {
      if (ev->error)
        die(ev->error->text);
      mj_event_pop(r->c);
      attempt(r, c);
    } else {
      ended(r, c, ev, s);
    }
  }
}

/* All of them -------------------------------------------------------------- */

static void wait_for(struct run *runs, int n) {
  struct pollfd p[WINDOW];
  int i, k = 0;
  for (i = 0; i < n && k < WINDOW; i++)
    if (runs[i].stage == WARMING || runs[i].stage == TRYING) {
      p[k].fd = mj_fd(runs[i].c);
      p[k++].events = POLLIN;
    }
  (void)poll(p, (nfds_t)k, 5);
}

static void run_all(struct world *w, struct seen *seen) {
  struct run *runs = calloc((size_t)w->ncells, sizeof *runs);
  int64_t end = real_us() + LONGEST_S * INT64_C(1000000);
  int i, next = 0, active = 0, over = 0;
  if (!runs)
    die("out of memory");
  while (over < w->ncells) {
    while (active < WINDOW && next < w->ncells) {
      begin(&runs[next], &w->cells[next], next, w);
      next++;
      active++;
    }
    wait_for(runs, next);
    for (i = 0; i < next; i++) {
      if (runs[i].stage == OVER || runs[i].stage == WAITING)
        continue;
      turn(&runs[i], &w->cells[i], &seen[i]);
      if (runs[i].stage == OVER) {
        mj_client_free(runs[i].c);
        active--;
        over++;
      }
    }
    if (real_us() > end) {
      for (i = 0; i < next; i++)
        if (runs[i].stage != OVER)
          fprintf(stderr, "not ended: %s endpoint %d after %d\n",
                  faults[w->cells[i].fault].name, w->cells[i].endpoint,
                  w->cells[i].after);
      die("cells did not end");
    }
  }
  free(runs);
}

static int listener(int backlog, int *port) {
  struct sockaddr_in a;
  socklen_t n = sizeof a;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  memset(&a, 0, sizeof a);
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
      (backlog >= 0 && listen(fd, backlog) != 0) ||
      getsockname(fd, (struct sockaddr *)&a, &n) != 0)
    die("listen");
  *port = ntohs(a.sin_port);
  return fd;
}

/* A listener whose queue is full answers no more. */
static int black_hole(void) {
  struct sockaddr_in a;
  int i, port, fd = listener(0, &port);
  (void)fd; /* both stay open until the end */
  memset(&a, 0, sizeof a);
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.sin_port = htons((uint16_t)port);
  for (i = 0; i < 3; i++) {
    int k = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (k < 0)
      die("socket");
    (void)connect(k, (struct sockaddr *)&a, sizeof a);
  }
  return port;
}

static int start_proxy(struct world *w, int *quit) {
  int *listeners = calloc((size_t)w->ncells, sizeof *listeners);
  int i, plain, pid, ends[2];
  if (!listeners || pipe2(ends, O_CLOEXEC) != 0)
    die("pipe");
  for (i = 0; i < w->ncells; i++)
    listeners[i] = listener(256, &w->cells[i].port);
  plain = listener(256, &w->plain_port);
  pid = fork();
  if (pid == 0) {
    (void)close(ends[1]);
    proxy_run(w, listeners, plain, ends[0]);
    _exit(0);
  }
  for (i = 0; i < w->ncells; i++)
    (void)close(listeners[i]);
  (void)close(plain);
  (void)close(ends[0]);
  free(listeners);
  *quit = ends[1];
  return pid;
}

static struct world *make_world(int ncells) {
  size_t n = sizeof(struct world) + (size_t)ncells * sizeof(struct cell);
  struct world *w =
      mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (w == MAP_FAILED)
    die("mmap");
  w->ncells = ncells;
  w->factor = FACTOR;
  w->since_ms = real_us() / 1000;
  return w;
}

static struct front front;

/* However it ends; nginx and its folder do not stay behind. */
static void clean_up(void) {
  front_stop(&front);
}

int main(int argc, char **argv) {
  struct table t;
  struct world *w;
  struct seen *seen;
  int pid, quit, status, nobody, spare, bad;
  int64_t began = real_us();
  if (argc < 4)
    die("CERTS EXPECTED SEEN [FAULT]");
  (void)signal(SIGPIPE, SIG_IGN);
  table_read(&t, argv[2], argc > 4 ? argv[4] : NULL);
  faults_prepare();
  w = make_world(t.ncells);
  table_cells(&t, w->cells);
  seen = calloc((size_t)t.ncells, sizeof *seen);
  if (!seen)
    die("out of memory");
  spare = listener(-1, &nobody); /* bound, and never listens */
  pid = start_proxy(w, &quit);
  (void)atexit(clean_up);
  front_start(&front, argv[1], w);
  (void)snprintf(journal, sizeof journal, "%s/journal", front.dir);
  (void)snprintf(ca, sizeof ca, "%s/ca.pem", front.dir);
  net_world(w, black_hole(), nobody);
  run_all(w, seen);
  (void)close(quit);
  if (waitpid(pid, &status, 0) != pid || status != 0)
    die("the proxy failed");
  bad = table_compare(&t, w, seen, argv[3]);
  (void)close(spare);
  free(seen);
  printf("matrix: %d cells, %d that cannot be, %d differ, %.1f s; longest turn "
         "%.1f ms (%s)\n",
         t.ncells, t.nrows - t.ncells, bad, (double)(real_us() - began) / 1e6,
         (double)longest_frame_us / 1e3, longest_frame_of);
  free(t.rows);
  return bad ? 1 : 0;
}
