/* SPDX-License-Identifier: MIT
   share.c - see share.h.  All times in the file are of the system's monotonic
   clock, which starts anew with the machine: what lies further ahead than
   anything can is cut to that. */
#include "share.h"
#include "err.h"
#include "os_private.h"
#include "sha256.h"

#include <stdio.h>
#include <string.h>

enum {
  PAUSE_MOST = 120000,
  LIFE_MOST = 3600000,
  BUSY_MS = 1,
  BROKEN_MS = 1000,
  FULL_MS = 50,
  CLOSE_TRIES = 100
};

struct head {
  char magic[8];
  int64_t submit_tat_us, request_tat_us, not_before_ms;
};

struct place {
  uint64_t id;      /* of the token; 0 = free */
  int64_t until_ms; /* no such task lives longer */
  int64_t pid;      /* for people */
};

struct mj__share {
  struct mj__mem mem;
  int fd;
  struct head head;
  struct place *places;
  uint64_t *gone; /* to be released */
  size_t ngone, gone_cap;
  int64_t now_ms;   /* as of the last call */
  int64_t pause_ms; /* to be told; 0 = nothing */
};

static const char magic[8] = {'m', 'j', 'l', 'i', 'm', 'i', 't', '1'};

/* FNV-1a of 130 random bits: as good as any. */
static uint64_t id_of(const char *token) {
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (; *token; token++)
    h = (h ^ (unsigned char)*token) * UINT64_C(0x100000001b3);
  return h ? h : 1;
}

static int name_of(char *out, size_t size, const char *path,
                   const char *gateway, const char *key) {
  const char *slash = strrchr(path, '/');
  struct mj__sha256 d;
  unsigned char sum[MJ__SHA256];
  int i, n = (int)(slash ? slash + 1 - path : 0), at;
  mj__sha256_begin(&d);
  mj__sha256_add(&d, "mj limits", 10);
  mj__sha256_add(&d, gateway, strlen(gateway) + 1);
  mj__sha256_add(&d, key ? key : "", key ? strlen(key) : 0);
  if (mj__sha256_end(&d, sum) != 0)
    return MJ_ERESOURCE;
  at = snprintf(out, size, "%.*slimits-", n, path);
  for (i = 0; i < 8 && at > 0 && (size_t)at + 3 < size; i++)
    at += snprintf(out + at, 3, "%02x", sum[i]);
  return i == 8 ? MJ_OK : MJ_EINVALID;
}

int mj__share_open(struct mj__share **out, const struct mj__mem *m,
                   const char *path, const char *gateway, const char *key,
                   mj_error *err) {
  char name[MJ__OS_PATH];
  struct mj__share *s;
  *out = NULL;
  if (name_of(name, sizeof name, path, gateway, key) != MJ_OK)
    return mj__err_set(err, MJ_EINVALID, "journal: its path is too long");
  s = mj__alloc((struct mj__mem *)(uintptr_t)m, sizeof *s);
  if (!s)
    return mj__err_nomem(err);
  s->mem = *m;
  s->places = mj__alloc(&s->mem, MJ__SHARE_PLACES * sizeof *s->places);
  s->fd = s->places ? mj__os_shared_open(name, err) : -1;
  if (s->fd < 0) {
    int rc = s->places ? MJ_EJOURNAL : mj__err_nomem(err);
    mj__share_close(s);
    return rc;
  }
  *out = s;
  return MJ_OK;
}

void mj__share_close(struct mj__share *s) {
  struct mj__mem m;
  int i;
  if (!s)
    return;
  for (i = 0; i < CLOSE_TRIES && s->fd >= 0 && mj__share_pending(s); i++)
    mj__share_flush(s, s->now_ms);
  m = s->mem;
  mj__os_unlock(s->fd);
  mj__free(&m, s->places);
  mj__free(&m, s->gone);
  mj__free(&m, s);
}

/* The file ------------------------------------------------------------------
 */

/* What a file of another version, or a torn one, says counts for nothing. */
static int read_all(struct mj__share *s) {
  size_t n = MJ__SHARE_PLACES * sizeof *s->places;
  int64_t got = mj__os_shared_read(s->fd, &s->head, sizeof s->head, 0);
  if (got < 0)
    return -1;
  if ((size_t)got < sizeof s->head ||
      memcmp(s->head.magic, magic, sizeof magic) != 0) {
    memset(&s->head, 0, sizeof s->head);
    memcpy(s->head.magic, magic, sizeof magic);
    memset(s->places, 0, n);
    return 0;
  }
  got = mj__os_shared_read(s->fd, s->places, n, sizeof s->head);
  if (got < 0)
    return -1;
  got -= got % (int64_t)sizeof *s->places;
  memset((char *)s->places + got, 0, n - (size_t)got);
  return 0;
}

static int64_t at_most(int64_t value, int64_t most) {
  return value > most ? most : value;
}

/* Those that ended here; then those that cannot live.  Returns how many are
   left. */
static int64_t sweep(struct mj__share *s, int64_t now_ms, int *changed) {
  int64_t used = 0;
  size_t i, k;
  for (i = 0; i < MJ__SHARE_PLACES; i++) {
    struct place *p = &s->places[i];
    if (p->id == 0)
      continue;
    for (k = 0; k < s->ngone && s->gone[k] != p->id; k++)
      ;
    if (k < s->ngone || p->until_ms <= now_ms) {
      memset(p, 0, sizeof *p);
      *changed = 1;
    } else {
      if (p->until_ms > now_ms + LIFE_MOST) { /* before the machine's start */
        p->until_ms = now_ms + LIFE_MOST;
        *changed = 1; /* or it would be so far away for ever */
      }
      used++;
    }
  }
  s->ngone = 0;
  return used;
}

static int write_all(struct mj__share *s, int places) {
  size_t n = MJ__SHARE_PLACES * sizeof *s->places;
  if (mj__os_shared_write(s->fd, &s->head, sizeof s->head, 0) != 0)
    return -1;
  return places ? mj__os_shared_write(s->fd, s->places, n, sizeof s->head) : 0;
}

/* Requests ------------------------------------------------------------------
 */

static int64_t wait_for(const struct mj__bucket *rate, int64_t *tat_us,
                        int64_t not_before_ms, int64_t now_ms) {
  struct mj__bucket b = *rate;
  *tat_us = at_most(*tat_us > 0 ? *tat_us : 0,
                    now_ms * 1000 + b.slack_us + b.period_us);
  b.tat_us = *tat_us;
  b.not_before_ms = not_before_ms;
  return mj__bucket_wait(&b, now_ms);
}

static void take_one(const struct mj__bucket *rate, int64_t *tat_us,
                     int64_t now_ms) {
  struct mj__bucket b = *rate;
  b.tat_us = *tat_us;
  mj__bucket_take(&b, now_ms);
  *tat_us = b.tat_us;
}

/* 0 = it has a place, or had one; else there is none. */
static int take_place(struct mj__share *s, const struct mj__share_want *w,
                      int64_t used, int64_t now_ms, int *changed) {
  uint64_t id = id_of(w->token);
  struct place *free_one = NULL;
  size_t i;
  for (i = 0; i < MJ__SHARE_PLACES; i++) {
    if (s->places[i].id == id)
      return 0;
    if (s->places[i].id == 0 && !free_one)
      free_one = &s->places[i];
  }
  if ((w->max > 0 && used >= w->max) || !free_one)
    return -1;
  free_one->id = id;
  free_one->until_ms = now_ms + w->life_ms;
  free_one->pid = mj__os_pid();
  *changed = 1;
  return 0;
}

static int64_t take(struct mj__share *s, const struct mj__share_want *w,
                    int64_t now_ms) {
  int changed = 0;
  int64_t wait, more, used;
  if (read_all(s) != 0)
    return BROKEN_MS;
  if (s->pause_ms > s->head.not_before_ms)
    s->head.not_before_ms = s->pause_ms;
  s->pause_ms = 0;
  s->head.not_before_ms = at_most(s->head.not_before_ms, now_ms + PAUSE_MOST);
  used = sweep(s, now_ms, &changed);
  if (!w)
    return write_all(s, changed) == 0 ? 0 : BROKEN_MS;
  wait = wait_for(w->requests, &s->head.request_tat_us, s->head.not_before_ms,
                  now_ms);
  more =
      w->submits ? wait_for(w->submits, &s->head.submit_tat_us, 0, now_ms) : 0;
  if (more > wait)
    wait = more;
  if (wait == 0 && w->token && take_place(s, w, used, now_ms, &changed) != 0)
    wait = FULL_MS;
  if (wait == 0) {
    take_one(w->requests, &s->head.request_tat_us, now_ms);
    if (w->submits)
      take_one(w->submits, &s->head.submit_tat_us, now_ms);
  }
  /* what is not written was not granted */
  if (write_all(s, changed) != 0)
    return BROKEN_MS;
  return wait;
}

int64_t mj__share_take(struct mj__share *s, const struct mj__share_want *want,
                       int64_t now_ms) {
  int64_t wait;
  s->now_ms = now_ms;
  if (!mj__os_shared_try(s->fd))
    return BUSY_MS;
  wait = take(s, want, now_ms);
  mj__os_shared_let(s->fd);
  return wait;
}

void mj__share_flush(struct mj__share *s, int64_t now_ms) {
  if (mj__share_pending(s))
    (void)mj__share_take(s, NULL, now_ms);
}

int mj__share_pending(const struct mj__share *s) {
  return s->ngone > 0 || s->pause_ms > 0;
}

void mj__share_release(struct mj__share *s, const char *token, int64_t now_ms) {
  if (s->ngone == s->gone_cap) {
    size_t cap = s->gone_cap ? s->gone_cap * 2 : 64;
    uint64_t *p =
        mj__realloc(&s->mem, s->gone, s->gone_cap * sizeof *p, cap * sizeof *p);
    if (!p)
      return; /* its time will free it */
    s->gone = p;
    s->gone_cap = cap;
  }
  s->gone[s->ngone++] = id_of(token);
  mj__share_flush(s, now_ms);
}

void mj__share_pause(struct mj__share *s, int64_t until_ms, int64_t now_ms) {
  if (until_ms > s->pause_ms)
    s->pause_ms = until_ms;
  mj__share_flush(s, now_ms);
}
