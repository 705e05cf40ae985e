/* SPDX-License-Identifier: MIT
   storebed.c - see storebed.h. */
#include "storebed.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int bed_make(struct bed *b) {
  const char *tmp = getenv("TMPDIR");
  memset(b, 0, sizeof *b);
  /* in memory where that is to be had: a killed process leaves the same */
  if (!tmp || strlen(tmp) > 40)
    tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  (void)snprintf(b->folder, sizeof b->folder, "%s/mj-store-XXXXXX", tmp);
  if (!mkdtemp(b->folder))
    return -1;
  (void)snprintf(b->path, sizeof b->path, "%s/j.db", b->folder);
  return 0;
}

static void remove_all(const struct bed *b, const char *begin) {
  char name[512];
  struct dirent *e;
  DIR *d = opendir(b->folder);
  while (d && (e = readdir(d)) != NULL) {
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
        strncmp(e->d_name, begin, strlen(begin)) != 0)
      continue;
    (void)snprintf(name, sizeof name, "%s/%s", b->folder, e->d_name);
    if (unlink(name) != 0)
      (void)rmdir(name);
  }
  if (d)
    (void)closedir(d);
}

void bed_clear(struct bed *b) {
  remove_all(b, "j.db");
  b->nlines = b->nbytes = 0;
  b->lines[0] = '\0';
  b->wakes = 0;
}

void bed_remove(struct bed *b) {
  remove_all(b, "");
  (void)rmdir(b->folder);
}

int bed_count(const struct bed *b, const char *part) {
  struct dirent *e;
  DIR *d = opendir(b->folder);
  int n = 0;
  while (d && (e = readdir(d)) != NULL)
    n += strstr(e->d_name, part) != NULL;
  if (d)
    (void)closedir(d);
  return n;
}

static void say(void *ud, const char *line) {
  struct bed *b = ud;
  size_t n = strlen(line);
  b->nlines++;
  if (b->nbytes + n + 2 > sizeof b->lines)
    return;
  memcpy(b->lines + b->nbytes, line, n);
  b->nbytes += n;
  b->lines[b->nbytes++] = '\n';
  b->lines[b->nbytes] = '\0';
}

static int wake(void *ud) {
  (void)atomic_fetch_add(&((struct bed *)ud)->wakes, 1);
  return 0;
}

int bed_open(struct bed *b, mj__store **out, const struct mj__mem *m,
             const char *vfs) {
  struct mj__store_options o;
  memset(&o, 0, sizeof o);
  memset(&b->err, 0, sizeof b->err);
  o.path = b->path;
  o.say = say;
  o.say_ud = b;
  o.wake = wake;
  o.wake_ud = b;
  o.vfs = vfs;
  return mj__store_sqlite(out, m, &o, &b->err);
}

struct mj__record bed_record(const char *token, enum mj__state state) {
  struct mj__record r;
  memset(&r, 0, sizeof r);
  r.token = token;
  r.state = (int)state;
  return r;
}
