/* SPDX-License-Identifier: MIT
   task.c - the simulator's tasks: their ids, their timelines, the account's
   queue.  A task's future is fixed when the account takes it up. */
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GIVES_UP 300000 /* novicezk: timeoutMinutes = 5 */
#define NEVER    INT64_MAX

char *sim_copy(const char *text) {
  size_t n = strlen(text) + 1;
  char *p = malloc(n);
  return p ? memcpy(p, text, n) : NULL;
}

uint64_t sim_mix(uint64_t a, uint64_t b) {
  uint64_t z = a + 0x9E3779B97F4A7C15u * (b + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

uint64_t sim_hash_bytes(const void *bytes, size_t n, uint64_t seed) {
  const unsigned char *p = bytes;
  uint64_t h = 0xCBF29CE484222325u ^ seed;
  for (; n; n--, p++)
    h = (h ^ *p) * 0x100000001B3u;
  return sim_mix(h, seed);
}

uint64_t sim_hash(const char *text, uint64_t seed) {
  return sim_hash_bytes(text, strlen(text), seed);
}

static struct sim_slot *slot_of(struct sim_slot *map, size_t cap,
                                uint64_t key) {
  size_t i = (size_t)key & (cap - 1);
  while (map[i].value && map[i].key != key)
    i = (i + 1) & (cap - 1);
  return &map[i];
}

uint32_t sim_map_get(const mj_sim *s, uint64_t key) {
  return s->map_cap ? slot_of(s->map, s->map_cap, key)->value : 0;
}

static int map_grow(mj_sim *s) {
  size_t cap = s->map_cap ? s->map_cap * 2 : 64;
  struct sim_slot *map = calloc(cap, sizeof *map);
  if (!map)
    return -1;
  for (size_t i = 0; i < s->map_cap; i++)
    if (s->map[i].value)
      *slot_of(map, cap, s->map[i].key) = s->map[i];
  free(s->map);
  s->map = map;
  s->map_cap = cap;
  return 0;
}

int sim_map_set(mj_sim *s, uint64_t key, uint32_t value) {
  struct sim_slot *slot;
  if (2 * (s->map_used + 1) > s->map_cap && map_grow(s))
    return -1;
  slot = slot_of(s->map, s->map_cap, key);
  s->map_used += !slot->value;
  slot->key = key;
  slot->value = value;
  return 0;
}

static struct sim_task *by_name(const mj_sim *s, const char *name, int kind) {
  uint32_t i = sim_map_get(s, sim_hash(name, (uint64_t)kind));
  return i && i <= s->ntasks ? s->tasks[i - 1] : NULL;
}

struct sim_task *sim_task_find(const mj_sim *s, const char *id) {
  struct sim_task *t = by_name(s, id, SIM_NAME_ID);
  return t && !strcmp(t->id, id) ? t : NULL;
}

struct sim_task *sim_task_message(const mj_sim *s, const char *message_id) {
  return by_name(s, message_id, SIM_NAME_MESSAGE);
}

struct sim_task *sim_task_job(const mj_sim *s, const char *hash) {
  struct sim_task *t = by_name(s, hash, SIM_NAME_HASH);
  return t && !strcmp(t->hash, hash) ? t : NULL;
}

int64_t sim_real(const mj_sim *s, int64_t task_ms) {
  return (int64_t)((double)task_ms / s->clock + 0.5);
}

/* A random number below n that belongs to this task and use alone. */
static uint64_t pick(const struct sim_task *t, unsigned use, uint64_t n) {
  return sim_mix(t->key, use) % n;
}

static void uuid(uint64_t key, char *out, size_t size) {
  uint64_t a = sim_mix(key, 11), b = sim_mix(key, 12);
  snprintf(out, size, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
           (unsigned)(a >> 16) & 0xFFFF, (unsigned)a & 0xFFF,
           ((unsigned)(b >> 48) & 0x3FFF) | 0x8000,
           (unsigned long long)b & 0xFFFFFFFFFFFFu);
}

void sim_snowflake(uint64_t key, unsigned use, char *out, size_t size) {
  snprintf(out, size, "1%018llu",
           (unsigned long long)(3 * 100000000000000000u +
                                sim_mix(key, use) % 100000000000000000u));
}

/* What a task is about, with the number of the same tasks before it: so its
   picture does not depend on the order in which different ones arrive. */
static uint64_t about_key(const mj_sim *s, uint64_t about) {
  return sim_mix(sim_mix(about, s->seed), sim_map_get(s, about));
}

/* About 30 to 45 s of its own time: the middle 80 % of a bell. */
static int64_t usual_length(const struct sim_task *t) {
  int64_t sum = 0;
  for (unsigned i = 0; i < 12; i++)
    sum += (int64_t)pick(t, 40 + i, 2001) - 1000;
  double z = (double)sum / 2000.0 * 0.158; /* of the logarithm */
  return (int64_t)(36700 * (1 + z + z * z / 2));
}

struct sim_task *sim_task_new(mj_sim *s, const char *about) {
  struct sim_task *t = calloc(1, sizeof *t);
  if (!t)
    return NULL;
  t->about = sim_hash(about, SIM_NAME_ABOUT);
  t->key = about_key(s, t->about);
  uuid(t->key, t->hash, sizeof t->hash);
  sim_snowflake(t->key, 1, t->nonce, sizeof t->nonce);
  sim_snowflake(t->key, 2, t->message_id, sizeof t->message_id);
  sim_snowflake(t->key, 3, t->progress_id, sizeof t->progress_id);
  t->bot = "MID_JOURNEY";
  t->mode = "FAST";
  t->submitted = s->now;
  t->slot = -1;
  t->delay = 400 + (int64_t)pick(t, 4, 1200);
  t->lead = t->delay + 1500 + (int64_t)pick(t, 5, 2500);
  t->length = usual_length(t);
  return t;
}

void sim_task_free(struct sim_task *t) {
  if (!t)
    return;
  free(t->prompt);
  free(t->prompt_en);
  free(t->final_prompt);
  free(t->zh_prompt);
  free(t->suggestion);
  free(t->state);
  free(t->notify);
  free(t->description);
  free(t->filter);
  free(t->source);
  free(t->calls);
  free(t);
}

/* 13 digits of time and 3 of chance, as novicezk's SubmitController. */
void sim_task_name(mj_sim *s, struct sim_task *t) {
  int64_t ms = t->submitted;
  uint64_t n = pick(t, 6, 1000);
  if (t->id[0])
    return;
  do {
    snprintf(t->id, sizeof t->id, "%013lld%03llu", (long long)ms,
             (unsigned long long)n);
    n++;
    if (n == 1000) {
      n = 0;
      ms++;
    }
  } while (sim_task_find(s, t->id));
}

int sim_task_keep(mj_sim *s, struct sim_task *t) {
  uint32_t number = (uint32_t)s->ntasks + 1;
  if (s->ntasks == s->cap) {
    size_t cap = s->cap ? s->cap * 2 : 64;
    struct sim_task **p = realloc(s->tasks, cap * sizeof(void *));
    if (!p)
      return -1;
    s->tasks = p;
    s->cap = cap;
  }
  sim_task_name(s, t);
  t->index = s->ntasks;
  if (sim_map_set(s, t->about, sim_map_get(s, t->about) + 1) ||
      sim_map_set(s, sim_hash(t->id, SIM_NAME_ID), number) ||
      sim_map_set(s, sim_hash(t->hash, SIM_NAME_HASH), number) ||
      sim_map_set(s, sim_hash(t->message_id, SIM_NAME_MESSAGE), number) ||
      sim_map_set(s, sim_hash(t->progress_id, SIM_NAME_MESSAGE), number))
    return -1;
  s->tasks[s->ntasks++] = t;
  s->stats.tasks++;
  sim_notify_begin(s, t);
  return 0;
}

int64_t sim_task_end(const mj_sim *s, const struct sim_task *t) {
  if (t->cancelled)
    return t->cancelled;
  if (t->slot < 0)
    return NEVER;
  return t->slot + sim_real(s, t->stuck ? GIVES_UP : t->length);
}

static void start(mj_sim *s, size_t index, int64_t when) {
  s->tasks[index]->slot = when;
  if (s->most_running)
    s->running[s->nrunning++] = index;
  sim_notify_look(s, s->tasks[index], when);
}

/* Of those that run, which ends first.  There is one. */
static size_t first_to_end(const mj_sim *s) {
  size_t first = 0;
  for (size_t i = 1; i < s->nrunning; i++)
    if (sim_task_end(s, s->tasks[s->running[i]]) <
        sim_task_end(s, s->tasks[s->running[first]]))
      first = i;
  return first;
}

int64_t sim_next_place(const mj_sim *s) {
  if (!s->nrunning)
    return NEVER;
  return sim_task_end(s, s->tasks[s->running[first_to_end(s)]]);
}

/* Lets everything happen that falls before now, in its order. */
void sim_advance(mj_sim *s, int64_t now) {
  if (now > s->now)
    s->now = now;
  while (s->nrunning) {
    size_t first = first_to_end(s);
    int64_t end = sim_task_end(s, s->tasks[s->running[first]]);
    if (end > s->now)
      return;
    s->running[first] = s->running[--s->nrunning];
    if (s->nwaiting) {
      size_t next = s->waiting[0];
      s->nwaiting--;
      memmove(s->waiting, s->waiting + 1, s->nwaiting * sizeof *s->waiting);
      start(s, next, end);
    }
  }
}

/* novicezk counts who waits before it adds the task (DiscordInstanceImpl). */
static int has_room(const mj_sim *s) {
  return !s->most_running || s->nrunning < s->most_running ||
         s->nwaiting < s->most_waiting;
}

int sim_task_enqueue(mj_sim *s, struct sim_task *t, size_t *ahead) {
  *ahead = s->nwaiting;
  if (!has_room(s))
    return 23;
  if (!s->most_running || s->nrunning < s->most_running)
    start(s, t->index, s->now);
  else
    s->waiting[s->nwaiting++] = t->index;
  return *ahead ? 22 : 1;
}

int sim_task_submit(mj_sim *s, struct sim_task *t, size_t *ahead) {
  *ahead = s->nwaiting;
  if (!has_room(s)) {
    sim_task_free(t);
    return 23;
  }
  if (sim_task_keep(s, t)) {
    sim_task_free(t);
    return 9;
  }
  return sim_task_enqueue(s, t, ahead);
}

/* Its place is free at once. */
void sim_task_cancel(mj_sim *s, struct sim_task *t) {
  t->cancelled = s->now;
  t->modal = 0;
  for (size_t i = 0; i < s->nwaiting; i++)
    if (s->waiting[i] == t->index) {
      s->nwaiting--;
      memmove(s->waiting + i, s->waiting + i + 1,
              (s->nwaiting - i) * sizeof *s->waiting);
      break;
    }
  sim_notify_look(s, t, s->now);
  sim_advance(s, s->now);
}

static int percent(const struct sim_task *t, int64_t done, int64_t lead,
                   int64_t length) {
  static const int shown[] = {15, 31, 46, 62, 78, 93};
  int64_t i = (done - lead) * 6 / (length > lead ? length - lead : 1);
  if (i > 5 || (t->stuck && done >= length))
    i = 5;
  return shown[i];
}

/* trueai makes a failure of what was cancelled. */
static struct sim_view cancelled(const mj_sim *s, const struct sim_task *t) {
  struct sim_view v = {SIM_CANCEL, -1, 0, t->cancelled};
  if (s->profile->bit == SIM_TRUEAI)
    v.status = SIM_FAILURE;
  if (t->slot >= 0 && t->cancelled - t->slot >= sim_real(s, t->delay))
    v.started = t->slot + sim_real(s, t->delay);
  return v;
}

struct sim_view sim_view_at(const mj_sim *s, const struct sim_task *t,
                            int64_t when) {
  struct sim_view v = {SIM_NOT_START, -1, 0, 0};
  int64_t done = when - t->slot, lead = sim_real(s, t->lead);
  int64_t length = sim_real(s, t->length);
  int asks = t->modal || when < t->answered;
  if (t->old) /* its times are those of the sample */
    return (struct sim_view){SIM_SUCCESS, 100, 1741531580190, 1741531608566};
  if (t->cancelled && when >= t->cancelled)
    return cancelled(s, t);
  if (asks)
    v.status = SIM_MODAL;
  if (asks || t->slot < 0 || done < sim_real(s, t->delay))
    return v;
  v.started = t->slot + sim_real(s, t->delay);
  v.status = SIM_SUBMITTED;
  v.progress = 0;
  if (when >= sim_task_end(s, t)) {
    v.status = t->fail || t->stuck ? SIM_FAILURE : SIM_SUCCESS;
    v.progress = 100;
    v.finished = sim_task_end(s, t);
  } else if (done >= lead && !t->direct) {
    v.status = SIM_IN_PROGRESS;
    v.progress = percent(t, done, lead, length);
  }
  return v;
}

/* The steps of its percentage, as percent has them. */
int64_t sim_next_change(const mj_sim *s, const struct sim_task *t,
                        int64_t when) {
  int64_t lead = sim_real(s, t->lead), next = NEVER, at;
  int64_t width = sim_real(s, t->length) - lead;
  if (t->slot < 0 || t->modal || t->cancelled || t->old)
    return NEVER;
  for (int i = -1; i <= 6; i++) {
    at = t->slot + lead + (i * (width > 1 ? width : 1) + 5) / 6;
    if (i < 0)
      at = t->slot + sim_real(s, t->delay);
    else if (i == 6)
      at = sim_task_end(s, t);
    else if (t->direct)
      continue;
    if (at > when && at < next)
      next = at;
  }
  return next;
}
