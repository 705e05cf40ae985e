/* SPDX-License-Identifier: MIT
   front.c - nginx in front of the proxy: TLS with each certificate, HTTP/2
   offered by the good one. */
#define _GNU_SOURCE
#include "fault.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static int run_and_wait(const char *const *argv) {
  int status, pid = fork();
  if (pid == 0) {
    execvp(argv[0], (char *const *)argv);
    _exit(127);
  }
  if (pid < 0)
    return -1;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR)
      return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static struct sockaddr_in here(int port) {
  struct sockaddr_in a;
  memset(&a, 0, sizeof a);
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.sin_port = htons((uint16_t)port);
  return a;
}

int free_port(void) {
  struct sockaddr_in a = here(0);
  socklen_t n = sizeof a;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
      getsockname(fd, (struct sockaddr *)&a, &n) != 0)
    die("no port is free");
  (void)close(fd);
  return ntohs(a.sin_port);
}

static void write_config(const struct front *f, const struct world *w) {
  static const char *const names[SHOWN] = {"good", "expired", "wrong", "self",
                                           "good"};
  char path[100];
  FILE *out;
  int i;
  (void)snprintf(path, sizeof path, "%s/nginx.conf", f->dir);
  out = fopen(path, "w");
  if (!out)
    die(path);
  fprintf(out,
          "daemon off; master_process off; pid %s/pid;\n"
          "error_log %s/error.log;\nevents { worker_connections 2000; }\n"
          "http {\n  access_log off; proxy_next_upstream off;\n"
          "  keepalive_timeout 0;\n"
          "  client_max_body_size 16m; proxy_buffering off;\n"
          "  client_body_temp_path %s/body; proxy_temp_path %s/proxy;\n"
          "  fastcgi_temp_path %s/f; uwsgi_temp_path %s/u;\n"
          "  scgi_temp_path %s/s;\n",
          f->dir, f->dir, f->dir, f->dir, f->dir, f->dir, f->dir);
  for (i = 0; i < SHOWN; i++)
    fprintf(out,
            "  server {\n    listen 127.0.0.1:%d ssl%s;\n"
            "    ssl_certificate %s/%s.pem; ssl_certificate_key %s/%s.key;\n"
            "%s"
            "    location / {\n      proxy_pass http://127.0.0.1:%d;\n"
            "      proxy_set_header X-Proto $server_protocol;\n"
            "      proxy_set_header X-Tls $ssl_protocol;\n    }\n  }\n",
            w->fronts[i], i == SHOWN_GOOD ? " http2" : "", f->dir, names[i],
            f->dir, names[i],
            i == SHOWN_OLD ? "    ssl_protocols TLSv1.1;\n"
                             "    ssl_ciphers ALL:@SECLEVEL=0;\n"
                           : "",
            w->plain_port);
  fprintf(out, "}\n");
  if (fclose(out) != 0)
    die(path);
}

static void pause_20_ms(void) {
  struct timespec ts = {0, 20000000};
  while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
    ;
}

static int answers(int port) {
  struct sockaddr_in a = here(port);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int ok = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
  (void)close(fd);
  return ok;
}

void front_start(struct front *f, const char *script, struct world *w) {
  const char *certs[] = {script, f->dir, NULL};
  char conf[100], log[100];
  int i, tries;
  (void)snprintf(f->dir, sizeof f->dir, "/tmp/mj-fault-XXXXXX");
  if (!mkdtemp(f->dir))
    die("mkdtemp");
  if (run_and_wait(certs) != 0)
    die(script);
  for (i = 0; i < SHOWN; i++)
    w->fronts[i] = free_port();
  write_config(f, w);
  (void)snprintf(conf, sizeof conf, "%s/nginx.conf", f->dir);
  (void)snprintf(log, sizeof log, "%s/error.log", f->dir);
  f->pid = fork();
  if (f->pid == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1) == 0 &&
        unsetenv("LD_PRELOAD") == 0) /* a storm is for us */
      execlp("nginx", "nginx", "-e", log, "-c", conf, (char *)NULL);
    _exit(127);
  }
  for (tries = 0; tries < 250; tries++) {
    if (answers(w->fronts[SHOWN - 1]))
      return;
    if (waitpid(f->pid, NULL, WNOHANG) != 0)
      break;
    pause_20_ms();
  }
  die("nginx did not start (package nginx-light)");
}

void front_stop(struct front *f) {
  const char *rm[] = {"rm", "-rf", f->dir, NULL};
  if (!f->dir[0])
    return;
  if (f->pid > 0)
    (void)kill(f->pid, SIGTERM);
  while (f->pid > 0 && waitpid(f->pid, NULL, 0) < 0 && errno == EINTR)
    ;
  (void)run_and_wait(rm);
}
