/* SPDX-License-Identifier: MIT
   child.c - the program that is killed: started, looked at, and on demand
   stopped at each of its system calls. */
#define _GNU_SOURCE
#include "kill.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
  int number;
  const char *name;
} call_names[] = {
#define X(name)                                                                \
  { SYS_##name, #name }
    X(read),
    X(write),
    X(openat),
    X(close),
    X(newfstatat),
    X(mmap),
    X(mprotect),
    X(munmap),
    X(brk),
    X(pread64),
    X(pwrite64),
    X(lseek),
    X(futex),
    X(socket),
    X(connect),
    X(sendto),
    X(recvfrom),
    X(sendmsg),
    X(setsockopt),
    X(getsockopt),
    X(getsockname),
    X(getpeername),
    X(shutdown),
    X(fcntl),
    X(fsync),
    X(fdatasync),
    X(ftruncate),
    X(rename),
    X(mkdir),
    X(unlink),
    X(flock),
    X(getrandom),
    X(epoll_create1),
    X(epoll_ctl),
    X(epoll_wait),
    X(eventfd2),
    X(rt_sigaction),
    X(rt_sigprocmask),
    X(clone3),
    X(exit_group),
    X(getpid),
    X(prctl),
    X(poll),
    X(ioctl),
    X(access),
    X(readlink),
    X(getdents64),
    X(sched_yield),
    X(madvise),
    X(exit),
    X(geteuid),
    X(getcwd),
    X(fchmod),
    X(chmod),
    X(fstatfs),
    X(statx),
    X(alarm),
    X(rseq),
    X(set_robust_list),
    X(pipe2),
    X(uname),
    X(sysinfo),
    X(prlimit64),
    X(getuid),
    X(utimensat),
    X(lstat),
    X(stat),
    X(fstat),
    X(link),
    X(linkat),
    X(fchmodat),
    X(unlinkat),
    X(renameat),
    X(gettid),
    X(tgkill),
    X(socketpair)
#undef X
};

int call_number(const char *name) {
  size_t i;
  for (i = 0; i < sizeof call_names / sizeof call_names[0]; i++)
    if (strcmp(call_names[i].name, name) == 0)
      return call_names[i].number;
  return -1;
}

const char *call_name(int number, char *buf, size_t size) {
  size_t i;
  for (i = 0; i < sizeof call_names / sizeof call_names[0]; i++)
    if (call_names[i].number == number)
      return call_names[i].name;
  (void)snprintf(buf, size, "call %d", number);
  return buf;
}

static void become(const struct child_config *cfg) {
  int fd = open(cfg->errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  sigset_t none;
  size_t i;
  sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
    _exit(126);
  for (i = 0; cfg->env[i]; i += 2)
    if (setenv(cfg->env[i], cfg->env[i + 1], 1) != 0)
      _exit(126);
  if (setenv("LD_PRELOAD", cfg->fastclock, 1) != 0)
    _exit(126);
  if (cfg->traced) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
      _exit(125);
    (void)raise(SIGSTOP);
  }
  (void)execv(cfg->mjlua, (char **)(uintptr_t)cfg->argv);
  _exit(127);
}

void child_start(struct child *c, const struct child_config *cfg) {
  int status;
  c->killed = c->status = 0;
  c->traced = cfg->traced;
  c->calls.n = c->calls.began = 0;
  c->calls.killed_at = -1;
  c->calls.hits = 0;
  memset(c->calls.seen, 0, sizeof c->calls.seen);
  memset(c->failing, 0, sizeof c->failing);
  c->pid = fork();
  if (c->pid < 0)
    say_no("fork: %s", strerror(errno));
  if (c->pid == 0)
    become(cfg);
  c->running = 1;
  if (!c->traced)
    return;
  if (waitpid(c->pid, &status, __WALL) != c->pid || !WIFSTOPPED(status))
    say_no("the program cannot be traced");
  if (ptrace(PTRACE_SETOPTIONS, c->pid, NULL,
             (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |
                      PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)) != 0 ||
      ptrace(PTRACE_SYSCALL, c->pid, NULL, NULL) != 0)
    say_no("ptrace: %s", strerror(errno));
}

void child_kill(struct child *c) {
  if (!c->running || c->killed)
    return;
  c->killed = 1;
  (void)kill(c->pid, SIGKILL);
}

#ifdef __x86_64__
/* The call is not made, and has failed, or is made with half of its bytes. */
static void begin_fault(struct child *c, pid_t thread) {
  struct user_regs_struct regs;
  int i;
  for (i = 0; i < FAILING && c->failing[i]; i++)
    ;
  if (i == FAILING || ptrace(PTRACE_GETREGS, thread, NULL, &regs) != 0)
    say_no("a call cannot be made to fail");
  if (c->calls.fault.code == 0) {
    regs.rdx = (regs.rdx + 1) / 2;
  } else {
    c->failing[i] = thread;
    regs.orig_rax = (unsigned long long)-1;
  }
  if (ptrace(PTRACE_SETREGS, thread, NULL, &regs) != 0)
    say_no("a call cannot be made to fail");
}

static void end_fault(struct child *c, pid_t thread) {
  struct user_regs_struct regs;
  int i;
  for (i = 0; i < FAILING && c->failing[i] != thread; i++)
    ;
  if (i == FAILING)
    return;
  c->failing[i] = 0;
  if (ptrace(PTRACE_GETREGS, thread, NULL, &regs) != 0)
    say_no("a call cannot be made to fail");
  regs.rax = (unsigned long long)-(long long)c->calls.fault.code;
  if (ptrace(PTRACE_SETREGS, thread, NULL, &regs) != 0)
    say_no("a call cannot be made to fail");
}
#else
static void begin_fault(struct child *c, pid_t thread) {
  (void)c;
  (void)thread;
  say_no("this machine's registers are not known here");
}

static void end_fault(struct child *c, pid_t thread) {
  (void)c;
  (void)thread;
}
#endif

static void count_fault(struct child *c, pid_t thread, int number) {
  const struct fault *f = &c->calls.fault;
  long n;
  if (number < 0 || number >= CALLS)
    return;
  n = ++c->calls.seen[number];
  if (f->number != number || f->n == 0 || n < f->n ||
      (n > f->n && !f->for_ever))
    return;
  c->calls.hits++;
  if (f->hold)
    f->hold(f->ud);
  else
    begin_fault(c, thread);
}

/* A thread stands before a system call, or behind one. */
static void at_call(struct child *c, pid_t thread) {
  struct __ptrace_syscall_info info;
  long n;
  memset(&info, 0, sizeof info);
  n = ptrace(PTRACE_GET_SYSCALL_INFO, thread, (void *)sizeof info, &info);
  if (n > 0 && info.op == PTRACE_SYSCALL_INFO_EXIT)
    end_fault(c, thread);
  if (n <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
    return;
  if (!c->calls.began) {
    c->calls.began = info.entry.nr == SYS_prctl &&
                     info.entry.args[0] == PR_GET_DUMPABLE &&
                     info.entry.args[1] == 0x6d6a;
    return;
  }
  count_fault(c, thread, (int)info.entry.nr);
  if (c->calls.only >= 0 && (int)info.entry.nr != c->calls.only)
    return;
  if (++c->calls.n != c->calls.stop_at)
    return;
  c->calls.killed_at = (int)info.entry.nr;
  if (info.entry.nr < CALLS)
    c->calls.kinds[info.entry.nr]++;
  child_kill(c);
}

static void stopped(struct child *c, pid_t thread, int status) {
  int sig = WSTOPSIG(status);
  if (sig == (SIGTRAP | 0x80)) {
    at_call(c, thread);
    sig = 0;
  } else if (status >> 16 || sig == SIGSTOP || sig == SIGTRAP) {
    sig = 0; /* exec, clone, and a new thread's first stop */
  }
  (void)ptrace(PTRACE_SYSCALL, thread, NULL, (void *)(intptr_t)sig);
}

void child_look(struct child *c) {
  int status;
  pid_t who;
  while (c->running && (who = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
    if (WIFSTOPPED(status)) {
      stopped(c, who, status);
    } else if (who == c->pid) {
      c->running = 0;
      c->status = status;
    }
  }
}
