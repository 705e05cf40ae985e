/* SPDX-License-Identifier: MIT
   journal_case.c - see journal_case.h. */
#define _XOPEN_SOURCE 700
#include "journal_case.h"

#include "mj_int.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[96];
int64_t journal_past;
char unknown_token[40];

int journal_up(void **state) {
  (void)state;
  (void)snprintf(folder, sizeof folder, "/tmp/mj-journal-XXXXXX");
  if (!mkdtemp(folder))
    return -1;
  (void)chmod(folder, 0700);
  (void)snprintf(path, sizeof path, "%s/j.db", folder);
  journal_past = 1767000000000;
  return 0;
}

int journal_down(void **state) {
  static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
  char name[128];
  size_t i;
  (void)state;
  for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    (void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
    (void)unlink(name);
  }
  return rmdir(folder);
}

static int64_t wall(void *ud) {
  return journal_past + virtual_now(ud);
}

void journaled(mj_config *cfg) {
  cfg->journal = path;
  cfg->run = "test.lua";
  cfg->wall = wall;
  cfg->busy_ms = 0; /* a full gateway is the end of a job, for these tests */
}

void told_at_once(mj_config *cfg) {
  journaled(cfg);
  cfg->busy_ms = 0;
}

struct seen run(struct rig *r, mj_id id, int64_t most_ms) {
  int64_t until = mj_now(r->c) + most_ms;
  struct seen s;
  memset(&s, 0, sizeof s);
  while (!s.done && mj_now(r->c) < until) {
    const mj_event *e;
    mj_job_state info;
    assert_int_equal(mj_flush(r->c, -1, NULL), MJ_OK);
    (void)mj_step(r->c, mj_timeout(r->c) < 0 ? 1 : until - mj_now(r->c), 0);
    if (mj_job_info(r->c, id, &info) == MJ_OK && info.token)
      (void)snprintf(s.token, sizeof s.token, "%s", info.token);
    while ((e = mj_event_peek(r->c)) != NULL) {
      if (e->id == id) {
        s.accepted += e->type == MJ_EV_ACCEPTED;
        s.done |= e->type == MJ_EV_DONE;
        if (e->task_id)
          (void)snprintf(s.task, sizeof s.task, "%s", e->task_id);
        if (e->error) {
          s.code = e->error->code;
          (void)snprintf(s.text, sizeof s.text, "%s", e->error->text);
        }
        if (e->task && e->task->image_url)
          (void)snprintf(s.url, sizeof s.url, "%s", e->task->image_url);
      }
      mj_event_pop(r->c);
    }
  }
  return s;
}

void killed(struct rig *r) {
  journal_past += mj_now(r->c);
  rig_down(r);
  mj__journals_forget();
}

static int unknown_rows;

static int count_row(void *ud, const mj_row *row) {
  (void)ud;
  unknown_rows++;
  (void)snprintf(unknown_token, sizeof unknown_token, "%s", row->token);
  return 0;
}

int unknowns(struct rig *r) {
  mj_error err;
  unknown_rows = 0;
  if (mj_journal_each(r->c, 1, count_row, NULL, &err) != MJ_OK)
    fail_msg("%s", err.text);
  return unknown_rows;
}

void good(const struct seen *s) {
  if (s->code != MJ_OK)
    fail_msg("%s", s->text);
  assert_int_equal(s->done, 1);
}
