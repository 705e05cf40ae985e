/* SPDX-License-Identifier: MIT
   test_sim_gen.c - see test_sim_gen.h. */
#include "test_sim_gen.h"

mj_sim *s;
struct mj_picture drawn;
struct mj_picture_step drawn_steps[32];

static int remember(const struct mj_picture *spec, unsigned char **png,
                    size_t *n) {
  drawn = *spec;
  memcpy(drawn_steps, spec->steps, spec->nsteps * sizeof *spec->steps);
  *png = malloc(4);
  memcpy(*png, "\x89PNG", 4);
  *n = 4;
  return 0;
}

static const struct mj_draw recorder = {MJ_DRAW_MAGIC, remember, NULL, free};

void open_with(const struct mj_sim_config *cfg) {
  struct mj_sim_config own;
  memset(&own, 0, sizeof own);
  if (cfg)
    own = *cfg;
  own.draw = &recorder;
  mj_sim_free(s);
  s = sim_open("generate", &own);
}

int set_up(void **state) {
  (void)state;
  open_with(NULL);
  return 0;
}

int tear_down(void **state) {
  (void)state;
  mj_sim_free(s);
  s = NULL;
  return 0;
}

struct answer *post(const char *body, int64_t at) {
  return ask(s, "POST", GENERATE, body, at);
}

struct answer *status(const char *id, int64_t at) {
  return ask(s, "GET", say(STATUS "?taskId=%s", id), NULL, at);
}

const char *task(const char *input, int64_t at) {
  static char ids[64][32];
  static unsigned next;
  struct answer *a = post(say("{\"input\":{%s}}", input), at);
  const char *id = text_of(a, "taskId");
  char *p = ids[next++ % 64];
  if (!id)
    fail_msg("%s: %s", input, a->body);
  snprintf(p, sizeof ids[0], "%s", id ? id : "");
  return p;
}

/* Each a while after the one before: time does not go back. */
const char *end_of(const char *input) {
  static int64_t at;
  struct answer *a;
  const char *code;
  at += 1000000;
  a = status(task(input, at - 1000000), at - 1);
  code = text_of(a, "failCode");
  return code ? code : text_of(a, "state");
}

int64_t number_of(const struct answer *a, const char *key) {
  const char *p = strstr(a->body, say("\"%s\":", key));
  assert_non_null(p);
  return strtoll(strchr(p, ':') + 1, NULL, 10);
}

const char *path_of(const struct answer *a, int n) {
  const char *p = a->body;
  for (int i = 0; p && i < n; i++)
    p = strstr(p + 1, BASE_URL);
  assert_non_null(p);
  p += strlen(BASE_URL);
  return say("%.*s", (int)strcspn(p, "\\"), p);
}
