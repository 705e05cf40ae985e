/* SPDX-License-Identifier: MIT
   measure.c - runs a command and prints what it cost.

     measure PORT COMMAND...

   One line: CPU (us, user + system), peak memory (KB), wall time (us), what
   the server on PORT counted meanwhile (requests, connections), exit status.
   The command's own output goes to standard error. */
#define _GNU_SOURCE /* wait4 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int count(int port, unsigned long long out[2]) {
  static const char ask[] = "GET /count HTTP/1.1\r\nConnection: close\r\n\r\n";
  char text[1024], *p;
  size_t n = 0;
  ssize_t k;
  struct sockaddr_in a;
  int fd = socket(AF_INET, SOCK_STREAM, 0);

  memset(&a, 0, sizeof a);
  a.sin_family = AF_INET;
  a.sin_port = htons((unsigned short)port);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) ||
      write(fd, ask, sizeof ask - 1) < 0)
    return -1;
  while ((k = read(fd, text + n, sizeof text - 1 - n)) > 0)
    n += (size_t)k;
  close(fd);
  text[n] = '\0';
  p = strstr(text, "\r\n\r\n");
  if (!p)
    return -1;
  out[0] = strtoull(p + 4, &p, 10);
  out[1] = strtoull(p, NULL, 10);
  return 0;
}

static long long micros(struct timeval t) {
  return (long long)t.tv_sec * 1000000 + t.tv_usec;
}

int main(int argc, char **argv) {
  unsigned long long before[2], after[2];
  struct timespec t0, t1;
  struct rusage use;
  int status, port = argc > 2 ? (int)strtol(argv[1], NULL, 10) : 0;
  pid_t pid;

  if (port < 1 || count(port, before)) {
    fprintf(stderr, "measure: no server\n");
    return 2;
  }
  clock_gettime(CLOCK_MONOTONIC, &t0);
  pid = fork();
  if (pid == 0) {
    dup2(2, 1);
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  if (pid < 0 || wait4(pid, &status, 0, &use) < 0) {
    perror("measure");
    return 2;
  }
  clock_gettime(CLOCK_MONOTONIC, &t1);
  if (count(port, after))
    return 2;
  printf("%lld %ld %lld %llu %llu %d\n",
         micros(use.ru_utime) + micros(use.ru_stime), use.ru_maxrss,
         (long long)(t1.tv_sec - t0.tv_sec) * 1000000 +
             (t1.tv_nsec - t0.tv_nsec) / 1000,
         after[0] - before[0], after[1] - before[1] - 1,
         WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 0;
}
