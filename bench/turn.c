/* SPDX-License-Identifier: MIT
   turn.c - how long a frame is held up, and what the journal costs.

     turn live URL TASKS SECONDS BUDGET JOURNAL [CA]
       One call of mj_step(c, 0, BUDGET) after the other, with so many live
   tasks, replies of a hundred tasks, downloads, submissions and a second client
       whose host cannot be resolved.  Prints the CPU time that a call takes:
       ours, not what the machine's scheduler adds.
     turn submit URL BURSTS JOURNAL
       Bursts of 64 submissions until all are accepted, and what that costs.
     turn adopt URL ROWS JOURNAL
       A program that submitted so many and was killed; the next one makes the
   same requests and finds them in the journal.  Prints what that costs. turn
   port Prints a port that is free.

   JOURNAL: a file, or - for none.  CA: of a gateway behind TLS. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <mj.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 64, MANY = 100, TURNS = 1 << 22 };

static long syncs;
static const char *ca; /* NULL = the system's */

/* SQLite's and ours come here instead of the C library. */
int fdatasync(int fd) {
  __atomic_add_fetch(&syncs, 1, __ATOMIC_RELAXED);
  return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd) {
  __atomic_add_fetch(&syncs, 1, __ATOMIC_RELAXED);
  return (int)syscall(SYS_fsync, fd);
}

static void fail(const char *what) {
  fprintf(stderr, "turn: %s\n", what);
  exit(1);
}

static double clock_us(clockid_t id) {
  struct timespec ts;
  (void)clock_gettime(id, &ts);
  return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static double cpu_us(void) {
  struct rusage r;
  (void)getrusage(RUSAGE_SELF, &r);
  return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e6 +
         (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static mj_client *client_of(const char *url, const char *journal, int ms,
                            int connections) {
  mj_config cfg;
  mj_client *c;
  mj_error err;
  mj_config_init(&cfg);
  cfg.base_url = url;
  cfg.api_key = "sk-bench";
  cfg.dialect = "mj";
  cfg.auth = "bearer";
  cfg.connections = connections;
  cfg.ca_file = ca;
  cfg.poll.first_ms = ms;
  cfg.poll.gaps_ms[0] = ms;
  cfg.poll.ngaps = 1;
  cfg.run = "bench";
  if (strcmp(journal, "-") != 0)
    cfg.journal = journal;
  if (mj_client_new(&c, &cfg, &err) != MJ_OK)
    fail(err.text);
  return c;
}

static void submit(mj_client *c) {
  mj_request r;
  mj_error err;
  mj_id id;
  memset(&r, 0, sizeof r);
  r.op = MJ_OP_IMAGINE;
  r.prompt = "black cat, cinematic lighting";
  if (mj_submit(c, &r, &id, &err) != MJ_OK)
    fail(err.text);
}

/* Live ---------------------------------------------------------------------*/

struct live {
  mj_client *c, *dead;
  char ids[MANY][24];
  int nids;
  long accepted, downloads, lists, lost;
};

static void drain(struct live *l) {
  const mj_event *e;
  while ((e = mj_event_peek(l->c)) != NULL) {
    if (e->type == MJ_EV_ACCEPTED) {
      if (l->nids < MANY)
        (void)snprintf(l->ids[l->nids++], sizeof l->ids[0], "%s", e->task_id);
      l->accepted++;
    } else if (e->type == MJ_EV_DONE && e->error) {
      fail(e->error->text);
    } else if (e->type == MJ_EV_DONE) {
      l->downloads += e->data != NULL && !e->ntasks;
      l->lists += e->ntasks > 0;
    }
    mj_event_pop(l->c);
  }
  while ((e = mj_event_peek(l->dead)) != NULL) {
    l->lost += e->type == MJ_EV_DONE;
    mj_event_pop(l->dead);
  }
}

/* What else goes on, by the number of milliseconds since the start. */
static void more_work(struct live *l, const char *url, long ms) {
  static long last = -1;
  const char *ids[MANY];
  char picture[200];
  mj_error err;
  mj_id id;
  int i;
  if (ms == last)
    return;
  last = ms;
  if (ms % 20 == 0)
    submit(l->c);
  if (ms % 50 == 0) {
    for (i = 0; i < l->nids; i++)
      ids[i] = l->ids[i];
    if (mj_ask(l->c, MJ_QUERY_IDS, ids, (size_t)l->nids, &id, &err) != MJ_OK)
      fail(err.text);
  }
  if (ms % 100 == 0) {
    (void)snprintf(picture, sizeof picture, "%s/picture", url);
    if (mj_fetch(l->c, picture, &id, &err) != MJ_OK)
      fail(err.text);
  }
  if (ms % 500 == 0)
    submit(l->dead);
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void live(const char *url, long tasks, double seconds, int64_t budget,
                 const char *journal) {
  static double cpu[TURNS];
  struct live l;
  double began, end, longest_wall = 0;
  size_t n = 0;
  long i;
  memset(&l, 0, sizeof l);
  l.c = client_of(url, journal, 1000, 32);
  l.dead = client_of("http://nobody.invalid", "-", 1000, 32);
  for (i = 0; i < tasks; i++)
    submit(l.c);
  while (l.accepted < tasks) {
    (void)mj_step(l.c, 10, 0);
    drain(&l);
  }
  began = clock_us(CLOCK_MONOTONIC);
  end = began + seconds * 1e6;
  while (n < TURNS) {
    struct pollfd p[2] = {{mj_fd(l.c), POLLIN, 0}, {mj_fd(l.dead), POLLIN, 0}};
    double wall = clock_us(CLOCK_MONOTONIC), own;
    if (wall > end)
      break;
    more_work(&l, url, (long)((wall - began) / 1000));
    wall = clock_us(CLOCK_MONOTONIC);
    own = clock_us(CLOCK_THREAD_CPUTIME_ID);
    (void)mj_step(l.c, 0, budget);
    (void)mj_step(l.dead, 0, budget);
    cpu[n++] = clock_us(CLOCK_THREAD_CPUTIME_ID) - own;
    wall = clock_us(CLOCK_MONOTONIC) - wall;
    longest_wall = wall > longest_wall ? wall : longest_wall;
    drain(&l);
    (void)poll(p, 2, 1);
  }
  if (n < 1000 || !l.downloads || !l.lists || l.accepted <= tasks)
    fail("not all of the work was done");
  qsort(cpu, n, sizeof cpu[0], by_size);
  printf("turns=%zu p50=%.1f p99=%.1f p999=%.1f longest=%.1f "
         "longest_wall=%.1f submits=%ld lists=%ld downloads=%ld "
         "unresolved=%ld\n",
         n, cpu[n / 2], cpu[n * 99 / 100], cpu[n * 999 / 1000], cpu[n - 1],
         longest_wall, l.accepted - tasks, l.lists, l.downloads, l.lost);
  mj_client_free(l.c);
  mj_client_free(l.dead);
}

/* Submissions --------------------------------------------------------------*/

static void bursts(const char *url, long n, const char *journal) {
  mj_client *c = client_of(url, journal, 3600000, BURST);
  long before_left = 0, to_leave = 0, accepted, i, k;
  double cpu;
  mj_stats st;
  submit(c); /* opens what is opened once */
  for (accepted = 0; accepted < 1;) {
    const mj_event *e;
    (void)mj_step(c, 10, 0);
    while ((e = mj_event_peek(c)) != NULL) {
      accepted += e->type == MJ_EV_ACCEPTED;
      mj_event_pop(c);
    }
  }
  (void)mj_flush(c, -1, NULL);
  syncs = 0;
  cpu = cpu_us();
  for (i = 0; i < n; i++) {
    uint64_t all;
    int left = 0;
    mj_client_stats(c, &st);
    all = st.submits + BURST;
    before_left = syncs;
    for (k = 0; k < BURST; k++)
      submit(c);
    for (accepted = 0; accepted < BURST;) {
      const mj_event *e;
      (void)mj_step(c, 10, 0);
      mj_client_stats(c, &st);
      if (!left && st.submits == all) {
        left = 1;
        to_leave += syncs - before_left;
      }
      while ((e = mj_event_peek(c)) != NULL) {
        if (e->type == MJ_EV_DONE && e->error)
          fail(e->error->text);
        accepted += e->type == MJ_EV_ACCEPTED;
        mj_event_pop(c);
      }
    }
  }
  cpu = cpu_us() - cpu;
  (void)mj_flush(c, -1, NULL);
  printf("submits=%ld us_per_submit=%.2f syncs_per_burst=%.2f "
         "syncs_until_sent=%.2f\n",
         n * BURST, cpu / (double)(n * BURST), (double)syncs / (double)n,
         (double)to_leave / (double)n);
  mj_client_free(c);
}

/* Adoption -----------------------------------------------------------------*/

static double longest_turn(mj_client *c, long rows) {
  double longest = 0;
  long accepted = 0;
  while (accepted < rows) {
    const mj_event *e;
    double own = clock_us(CLOCK_THREAD_CPUTIME_ID);
    (void)mj_step(c, 10, 300);
    own = clock_us(CLOCK_THREAD_CPUTIME_ID) - own;
    longest = own > longest ? own : longest;
    while ((e = mj_event_peek(c)) != NULL) {
      if (e->type == MJ_EV_DONE && e->error)
        fail(e->error->text);
      accepted += e->type == MJ_EV_ACCEPTED;
      mj_event_pop(c);
    }
  }
  return longest;
}

static void adopt(const char *url, long rows, const char *journal) {
  pid_t pid = fork();
  double began, opened, own, made;
  mj_client *c;
  mj_stats st;
  int status = 0;
  long i;
  if (pid == 0) {
    c = client_of(url, journal, 3600000, BURST);
    for (i = 0; i < rows; i++)
      submit(c);
    (void)longest_turn(c, rows);
    _exit(mj_flush(c, -1, NULL) != MJ_OK);
  }
  if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
    fail("the first program failed");
  began = clock_us(CLOCK_MONOTONIC);
  c = client_of(url, journal, 3600000, BURST);
  opened = clock_us(CLOCK_MONOTONIC) - began;
  own = clock_us(CLOCK_THREAD_CPUTIME_ID);
  for (i = 0; i < rows; i++)
    submit(c);
  made = clock_us(CLOCK_THREAD_CPUTIME_ID) - own;
  own = longest_turn(c, rows);
  mj_client_stats(c, &st);
  if (st.submits != 0)
    fail("the second program sent something");
  printf("rows=%ld open_ms=%.1f us_per_row=%.2f longest=%.1f\n", rows,
         opened / 1000, made / (double)rows, own);
  mj_client_free(c);
}

/* One that is free, for somebody who cannot be told to take any. */
static int free_port(void) {
  struct sockaddr_in a;
  socklen_t size = sizeof a;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  memset(&a, 0, sizeof a);
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
      getsockname(fd, (struct sockaddr *)&a, &size) != 0)
    fail("no port");
  (void)close(fd);
  return ntohs(a.sin_port);
}

int main(int argc, char **argv) {
  ca = argc == 8 ? argv[7] : NULL;
  if ((argc == 7 || argc == 8) && strcmp(argv[1], "live") == 0)
    live(argv[2], strtol(argv[3], NULL, 10), strtod(argv[4], NULL),
         strtol(argv[5], NULL, 10), argv[6]);
  else if (argc == 5 && strcmp(argv[1], "adopt") == 0)
    adopt(argv[2], strtol(argv[3], NULL, 10), argv[4]);
  else if (argc == 2 && strcmp(argv[1], "port") == 0)
    printf("%d\n", free_port());
  else if (argc == 5 && strcmp(argv[1], "submit") == 0)
    bursts(argv[2], strtol(argv[3], NULL, 10), argv[4]);
  else
    fail("turn live URL TASKS SECONDS BUDGET JOURNAL [CA] | submit URL BURSTS "
         "JOURNAL | adopt URL ROWS JOURNAL | port");
  return 0;
}
