/* SPDX-License-Identifier: MIT
   mjlua_sandbox.c - the process that a restricted script runs in: how it is
   started, and how it shuts itself in.  doc/sandbox.md has the reasons. */
#define _GNU_SOURCE
#include "mjlua.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <lauxlib.h>
#include <lualib.h>
#ifdef __linux__
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif
#endif

/* The child's only descriptor that leads anywhere. */
enum { CHANNEL = 3 };

#ifdef ARCH

/* What the filter says to the system calls.  Everything that is not named ends
   the process: a script in Lua cannot make one, so somebody else did. */
#define LOAD(member)                                                           \
  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define ON(nr, what)                                                           \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), RETURN(what)
#define ALLOW(name)  ON(__NR_##name, SECCOMP_RET_ALLOW)
#define REFUSE(name) ON(__NR_##name, SECCOMP_RET_ERRNO | EPERM)
/* Allowed with the channel as its first argument; the high half of the
   register is not looked at, as the kernel takes an int. */
#define CHANNEL_ONLY(name)                                                     \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 4), LOAD(args[0]),       \
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CHANNEL, 0, 1),                      \
      RETURN(SECCOMP_RET_ALLOW), RETURN(SECCOMP_RET_ERRNO | EPERM)
/* Memory, but none to run. */
#define NO_CODE(name)                                                          \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 4), LOAD(args[2]),       \
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),                   \
      RETURN(SECCOMP_RET_KILL_PROCESS), RETURN(SECCOMP_RET_ALLOW)

static int filter_calls(void) {
  /* x32 numbers (bit 30) are none of these, so they end the process too. */
  struct sock_filter filter[] = {
      LOAD(arch),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
      RETURN(SECCOMP_RET_KILL_PROCESS),
      LOAD(nr),
      CHANNEL_ONLY(read),
      CHANNEL_ONLY(write),
      NO_CODE(mmap),
      NO_CODE(mprotect),
      ALLOW(munmap),
      ALLOW(mremap),
      ALLOW(brk),
      ALLOW(madvise),
      ALLOW(futex),
      ALLOW(clock_gettime),
      ALLOW(gettimeofday),
#ifdef __NR_time
      ALLOW(time),
#endif
      ALLOW(getrandom),
      ALLOW(rt_sigreturn),
      ALLOW(restart_syscall),
      ALLOW(exit),
      ALLOW(exit_group),
  /* What the C library asks by itself (time zones, buffers of stdio). */
#ifdef __NR_open
      REFUSE(open),
      REFUSE(stat),
      REFUSE(lstat),
      REFUSE(access),
      REFUSE(readlink),
#endif
      REFUSE(openat),
      REFUSE(newfstatat),
      REFUSE(fstat),
      REFUSE(lseek),
      REFUSE(ioctl),
      REFUSE(faccessat),
      REFUSE(readlinkat),
      REFUSE(getcwd),
      REFUSE(uname),
      REFUSE(getpid),
      REFUSE(close),
      RETURN(SECCOMP_RET_KILL_PROCESS),
  };
  struct sock_fprog program;

  program.len = (unsigned short)(sizeof filter / sizeof filter[0]);
  program.filter = filter;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static rlim_t least(rlim_t a, rlim_t b) {
  return a < b ? a : b;
}

/* What is limited already stays so.  A macro, as the type of the first
   argument is the system's own. */
#define LIMIT(what, soft, hard)                                                \
  (getrlimit((what), &r) != 0                                                  \
       ? -1                                                                    \
       : (r.rlim_cur = least((soft), r.rlim_max),                              \
          r.rlim_max = least((hard), r.rlim_max), setrlimit((what), &r)))

/* Bytes of address space in use; 0 where /proc is missing. */
static unsigned long long in_use(void) {
  unsigned long long pages = 0;
  char line[128];
  FILE *f = fopen("/proc/self/statm", "re");

  if (f) {
    if (fgets(line, sizeof line, f))
      pages = strtoull(line, NULL, 10);
    fclose(f);
  }
  return pages * (unsigned long long)sysconf(_SC_PAGESIZE);
}

int mjlua_shut_in(unsigned cpu_s, unsigned memory_mb) {
  unsigned long long base = in_use();
  struct rlimit r;
  int fd;

  if (base == 0)
    return -1;
  /* the parent made 0, 1 and 2 lead nowhere; nothing else may be open */
  for (fd = CHANNEL + 1; fd < 1024; fd++)
    (void)close(fd);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return -1;
  base += (unsigned long long)memory_mb << 20;
  if (LIMIT(RLIMIT_AS, (rlim_t)base, (rlim_t)base) != 0 ||
      LIMIT(RLIMIT_CPU, cpu_s, cpu_s + 1) != 0 ||
      LIMIT(RLIMIT_CORE, 0, 0) != 0 || LIMIT(RLIMIT_FSIZE, 0, 0) != 0 ||
      LIMIT(RLIMIT_NPROC, 0, 0) != 0 ||
      LIMIT(RLIMIT_NOFILE, CHANNEL + 1, CHANNEL + 1) != 0)
    return -1;
  return filter_calls();
}

#else

int mjlua_shut_in(unsigned cpu_s, unsigned memory_mb) {
  (void)cpu_s;
  (void)memory_mb;
  errno = ENOSYS;
  return -1;
}

#endif

/* The channel ---------------------------------------------------------------
 */

/* A message is its length, four bytes from the high one on, and that many
   bytes. */

static int64_t now_ms(void) {
  struct timespec ts;

  (void)clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* 1 = ready, 0 = the time is over, -1 = a signal or an error. */
static int ready(int fd, short what, int64_t end) {
  struct pollfd p;
  int64_t left = end - now_ms();
  int rc;

  p.fd = fd;
  p.events = what;
  p.revents = 0;
  if (left < 0)
    left = 0;
  rc = poll(&p, 1, left > 60000 ? 60000 : (int)left);
  return rc > 0 ? 1 : rc == 0 ? (now_ms() >= end ? 0 : 1) : -1;
}

/* Moves n bytes; `end` 0 = however long it takes, for the child.  NULL, or why
   not. */
static const char *transfer(int fd, char *p, size_t n, int out, int64_t end) {
  while (n > 0) {
    ssize_t k;
    int rc = end ? ready(fd, out ? POLLOUT : POLLIN, end) : 1;

    if (rc == 0)
      return "time";
    if (rc < 0)
      return errno == EINTR ? "signal" : "closed";
    k = out ? (end ? send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT)
                   : write(fd, p, n))
            : (end ? recv(fd, p, n, MSG_DONTWAIT) : read(fd, p, n));
    if (k < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (k <= 0)
      return "closed";
    p += k;
    n -= (size_t)k;
  }
  return NULL;
}

static void put_length(char *p, size_t n) {
  int i;

  for (i = 3; i >= 0; i--, n >>= 8)
    p[i] = (char)(n & 0xff);
}

static size_t get_length(const char *p) {
  size_t n = 0;
  int i;

  for (i = 0; i < 4; i++)
    n = n << 8 | (unsigned char)p[i];
  return n;
}

static int failed(lua_State *L, const char *why) {
  lua_pushnil(L);
  lua_pushstring(L, why);
  return 2;
}

/* send(fd, text, seconds) -> true, or nil and "time", "signal", "closed". */
static int l_send(lua_State *L) {
  int fd = (int)luaL_checkinteger(L, 1);
  size_t n;
  const char *text = luaL_checklstring(L, 2, &n), *why;
  int64_t end = now_ms() + (int64_t)(luaL_checknumber(L, 3) * 1000);
  char head[4];

  luaL_argcheck(L, n <= 0xffffffffu, 2, "too long");
  put_length(head, n);
  why = transfer(fd, head, sizeof head, 1, end);
  if (!why)
    why = transfer(fd, (char *)(uintptr_t)text, n, 1, end);
  if (why)
    return failed(L, why);
  lua_pushboolean(L, 1);
  return 1;
}

/* receive(fd, seconds, most) -> text, or nil and "time", "signal", "closed",
   "long". */
static int l_receive(lua_State *L) {
  int fd = (int)luaL_checkinteger(L, 1);
  int64_t end = now_ms() + (int64_t)(luaL_checknumber(L, 2) * 1000);
  size_t n, most = (size_t)luaL_checkinteger(L, 3);
  char head[4], *text;
  luaL_Buffer b;
  const char *why = transfer(fd, head, sizeof head, 0, end);

  if (why)
    return failed(L, why);
  n = get_length(head);
  if (n > most)
    return failed(L, "long");
  text = luaL_buffinitsize(L, &b, n);
  why = transfer(fd, text, n, 0, end);
  if (why)
    return failed(L, why);
  luaL_pushresultsize(&b, n);
  return 1;
}

/* call(text) -> text, in the child: there is nothing to do without an answer.
 */
static int l_call(lua_State *L) {
  char head[4], *in;
  size_t n;
  const char *out = luaL_checklstring(L, 1, &n);
  luaL_Buffer b;

  put_length(head, n);
  if (transfer(CHANNEL, head, sizeof head, 1, 0) ||
      transfer(CHANNEL, (char *)(uintptr_t)out, n, 1, 0) ||
      transfer(CHANNEL, head, sizeof head, 0, 0))
    _exit(1);
  n = get_length(head);
  in = luaL_buffinitsize(L, &b, n);
  if (transfer(CHANNEL, in, n, 0, 0))
    _exit(1);
  luaL_pushresultsize(&b, n);
  return 1;
}

/* The parent ----------------------------------------------------------------
 */

/* Between fork and exec: nothing of the parent's goes along. */
static void become_child(int fd, const char *cpu, const char *memory) {
  char *const env[] = {NULL};
  char *argv[5];
  int null = open("/dev/null", O_RDWR), i;
  sigset_t none;

  argv[0] = (char *)(uintptr_t) "mjlua";
  argv[1] = (char *)(uintptr_t)MJLUA_CHILD;
  argv[2] = (char *)(uintptr_t)cpu;
  argv[3] = (char *)(uintptr_t)memory;
  argv[4] = NULL;
  sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
  /* out of the way of 0 to 3 first */
  fd = fcntl(fd, F_DUPFD, 16);
  null = fcntl(null, F_DUPFD, 16);
  if (fd < 0 || null < 0)
    _exit(126);
  for (i = 0; i < CHANNEL; i++)
    if (dup2(null, i) < 0)
      _exit(126);
  if (dup2(fd, CHANNEL) < 0)
    _exit(126);
  for (i = CHANNEL + 1; i < 65536; i++)
    if (close(i) != 0 && i >= 1024)
      break;
  execve("/proc/self/exe", argv, env);
  _exit(127);
}

/* start(cpu seconds, megabytes) -> pid, descriptor; nil and why not. */
static int l_start(lua_State *L) {
  const char *cpu = luaL_checkstring(L, 1), *memory = luaL_checkstring(L, 2);
  int pair[2];
  pid_t pid;

  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return failed(L, strerror(errno));
  pid = fork();
  if (pid == 0) {
    (void)setsid(); /* Ctrl-C is the parent's */
    become_child(pair[1], cpu, memory);
  }
  (void)close(pair[1]);
  if (pid < 0) {
    (void)close(pair[0]);
    return failed(L, strerror(errno));
  }
  lua_pushinteger(L, (lua_Integer)pid);
  lua_pushinteger(L, pair[0]);
  return 2;
}

/* finish(pid, fd, kill) -> "exit" or "signal", number; waits for the end. */
static int l_finish(lua_State *L) {
  pid_t pid = (pid_t)luaL_checkinteger(L, 1);
  int status = 0;

  if (lua_toboolean(L, 3))
    (void)kill(pid, SIGKILL);
  (void)close((int)luaL_checkinteger(L, 2));
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    continue;
  if (WIFSIGNALED(status)) {
    const char *name = WTERMSIG(status) == SIGXCPU  ? "cpu"
                       : WTERMSIG(status) == SIGSYS ? "call"
                                                    : "signal";
    lua_pushstring(L, name);
    lua_pushinteger(L, WTERMSIG(status));
  } else {
    lua_pushliteral(L, "exit");
    lua_pushinteger(L, WEXITSTATUS(status));
  }
  return 2;
}

void mjlua_push_sandbox(lua_State *L) {
  static const luaL_Reg fns[] = {{"start", l_start},
                                 {"finish", l_finish},
                                 {"send", l_send},
                                 {"receive", l_receive},
                                 {"open_folder", mjlua_open_folder},
                                 {"read_below", mjlua_read_below},
                                 {"write_below", mjlua_write_below},
                                 {NULL, NULL}};

  luaL_newlib(L, fns);
}

/* The child -----------------------------------------------------------------
 */

/* Runs mj.restricted.child, which never comes back. */
static int protected_child(lua_State *L) {
  luaL_openlibs(L);
  mjlua_preload(L);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "mj.restricted.child");
  lua_call(L, 1, 1);
  lua_pushcfunction(L, l_call);
  lua_call(L, 1, 0);
  return 0;
}

int mjlua_child(char **argv) {
  unsigned long cpu = strtoul(argv[2], NULL, 10);
  unsigned long memory = strtoul(argv[3], NULL, 10);
  lua_State *L;
  int rc;

  if (cpu < 1 || cpu > 1000000 || memory < 1 || memory > 1000000)
    return MJLUA_NOT_SHUT_IN;
  if (mjlua_shut_in((unsigned)cpu, (unsigned)memory) != 0)
    _exit(MJLUA_NOT_SHUT_IN);
  L = luaL_newstate();
  if (!L)
    _exit(MJLUA_NO_MEMORY);
  lua_pushcfunction(L, protected_child);
  rc = lua_pcall(L, 0, 0, 0);
  /* no lua_close: a finalizer has nothing to do here any more */
  _exit(rc == LUA_OK ? 0 : rc == LUA_ERRMEM ? MJLUA_NO_MEMORY : MJLUA_BROKEN);
}
