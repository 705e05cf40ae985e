/* SPDX-License-Identifier: MIT
   test_sandbox.c - what a process can still do once it has shut itself in: the
   system calls that no script in Lua could make, made from C. */
#define _GNU_SOURCE
#include "test.h"

#include "mjlua.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What mjlua_sandbox.c wants of the other files, and does not get here. */
void mjlua_preload(lua_State *L) {
  (void)L;
}
int mjlua_open_folder(lua_State *L) {
  (void)L;
  return 0;
}
int mjlua_read_below(lua_State *L) {
  (void)L;
  return 0;
}
int mjlua_write_below(lua_State *L) {
  (void)L;
  return 0;
}

/* Runs act() in a process that is shut in; how that ended. */
static int ends(int (*act)(void), unsigned cpu, unsigned memory) {
  int pair[2], status = 0;
  pid_t pid;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    (void)dup2(pair[1], 3);
    if (mjlua_shut_in(cpu, memory) != 0)
      _exit(99);
    _exit(act());
  }
  (void)close(pair[1]);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  (void)close(pair[0]);
  return status;
}

#define REFUSED(call) return (call) == -1 && errno == EPERM ? 0 : 1

static int do_open(void) {
  REFUSED(open("/etc/passwd", O_RDONLY));
}
static int do_create(void) {
  REFUSED(open("/tmp/mj-outside", O_WRONLY | O_CREAT, 0600));
}
static int do_environ(void) {
  REFUSED(open("/proc/self/environ", O_RDONLY));
}
static int do_stdout(void) {
  REFUSED(write(1, "x", 1));
}
static int do_stdin(void) {
  char c;
  REFUSED(read(0, &c, 1));
}
static int do_channel(void) {
  return write(3, "x", 1) == 1 ? 0 : 1;
}
static int do_memory(void) {
  char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p != MAP_FAILED ? 0 : 1;
}
static int do_much_memory(void) {
  return mmap(NULL, 64u << 20, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
             ? 0
             : 1;
}

/* These end it: SIGSYS. */
static int do_socket(void) {
  return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}
static int do_unix(void) {
  return socket(AF_UNIX, SOCK_DGRAM, 0) >= 0;
}
static int do_fork(void) {
  return fork() >= 0;
}
static int do_exec(void) {
  char *const none[] = {NULL};
  return execve("/bin/true", none, none);
}
static int do_kill(void) {
  return kill(getppid(), 0);
}
static int do_trace(void) {
  return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}
static int do_code(void) {
  return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
              -1, 0) != MAP_FAILED;
}
static int do_make_code(void) {
  void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}
static int do_limit(void) {
  struct rlimit r = {1000, 1000};
  return setrlimit(RLIMIT_CPU, &r);
}
static int do_message(void) {
  char byte = 0;
  return send(3, &byte, 1, 0) != 1;
}
static int do_rename(void) {
  return rename("/tmp/a", "/tmp/b");
}
static int do_ring(void) {
  return (int)syscall(425, 1, NULL); /* io_uring_setup */
}
#ifdef __x86_64__
static int do_x32(void) {
  return (int)syscall(0x40000000 | 257, -100, "/etc/passwd", 0);
}
#endif
static int do_loop(void) {
  volatile unsigned n = 1;
  while (n)
    n |= 1;
  return 0;
}

static void what_is_refused(void **state) {
  int (*const all[])(void) = {do_open,  do_create,  do_environ, do_stdout,
                              do_stdin, do_channel, do_memory,  do_much_memory};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    int status = ends(all[i], 5, 32);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
      fail_msg("call %zu: %x", i, (unsigned)status);
  }
}

static void what_ends_the_process(void **state) {
  int (*const all[])(void) = {
      do_socket, do_unix,      do_fork,  do_exec,    do_kill,   do_trace,
      do_code,   do_make_code, do_limit, do_message, do_rename, do_ring,
#ifdef __x86_64__
      do_x32,
#endif
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    int status = ends(all[i], 5, 32);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
      fail_msg("call %zu: %x", i, (unsigned)status);
  }
}

static void a_loop_ends(void **state) {
  int status = ends(do_loop, 1, 32);
  (void)state;
  assert_true(WIFSIGNALED(status));
  assert_int_equal(WTERMSIG(status), SIGXCPU);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_refused),
      cmocka_unit_test(what_ends_the_process),
      cmocka_unit_test(a_loop_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
