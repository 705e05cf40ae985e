/* SPDX-License-Identifier: MIT
   mutated_ask.c - what test_mutated.c asks for; see mutated.h. */
#include "mutated.h"

static const char png[] = "\x89PNG\r\n\x1a\n.";
static const mj_picture picture = {NULL, png, sizeof png - 1};

static void fill_click(mj_request *q, const struct gateway *g, uint64_t *seed) {
  static const char *const buttons[] = {"U2",
                                        "upscale:2",
                                        "MJ::JOB::variation::1::abc",
                                        "MJ::CustomZoom::abc",
                                        "zoom:1.7",
                                        "MJ::Inpaint::1::abc::SOLO",
                                        "MJ::JOB::reroll::0::abc::SOLO",
                                        "change::UPSCALE::2"};
  q->button = buttons[random_below(seed, COUNT(buttons))];
  q->task = g->ids[random_below(seed, g->nids)];
  q->prompt = random_below(seed, 2) ? "white cat" : NULL;
  q->zoom = strchr(q->button, 'Z') && random_below(seed, 3) ? 1.5 : 0;
  q->mask = strstr(q->button, "Inpaint") ? &picture : NULL;
}

static const int corners[] = {10, 10, 900, 20, 500, 800};
static const mj_area area = {1024, 1024, corners, 6};
static const mj_picture address = {"http://gw.test/p.png", NULL, 0};

static void fill_generate(mj_request *q, const struct gateway *g,
                          uint64_t *seed) {
  static const char *const buttons[] = {"U2",
                                        "V1",
                                        "vary:2",
                                        "reroll",
                                        "generate::reroll",
                                        "generate::reroll",
                                        "generate::upscale::4",
                                        "generate::vary::2"};
  switch (q->op) {
  case MJ_OP_CLICK:
    q->prompt = NULL;
    q->button = buttons[random_below(seed, COUNT(buttons))];
    q->task = g->npasts && random_below(seed, 4)
                  ? g->pasts[random_below(seed, g->npasts)].id
                  : g->ids[random_below(seed, g->nids)];
    break;
  case MJ_OP_INPAINT:
    q->pictures = &address;
    q->npictures = 1;
    q->areas = &area;
    q->nareas = 1;
    break;
  case MJ_OP_GENERATE:
    q->prompt = NULL;
    q->input_json = "{\"mode\":\"outpaint\",\"scale\":1.5}";
    break;
  default:
    break;
  }
}

static void submit_generate(struct run *r, struct job *j, uint64_t *seed) {
  static const mj_op ops[] = {MJ_OP_IMAGINE,  MJ_OP_IMAGINE, MJ_OP_CLICK,
                              MJ_OP_CLICK,    MJ_OP_CLICK,   MJ_OP_INPAINT,
                              MJ_OP_GENERATE, MJ_OP_SHORTEN};
  mj_request q;
  memset(&q, 0, sizeof q);
  q.op = j->op = ops[random_below(seed, COUNT(ops))];
  q.prompt = "black cat --ar 3:2";
  q.progress = random_below(seed, 2) == 0;
  fill_generate(&q, &r->g, seed);
  gateway_job(&r->g, (int)random_below(seed, 5), 0,
              q.op == MJ_OP_CLICK && strstr(q.button, "reroll") ? q.task
                                                                : NULL);
  if (mj_submit(r->c, &q, &j->id, NULL) != MJ_OK)
    j->id = 0;
}

void mutated_submit(struct run *r, struct job *j, uint64_t *seed) {
  static const mj_op ops[] = {MJ_OP_IMAGINE, MJ_OP_IMAGINE, MJ_OP_CLICK,
                              MJ_OP_CLICK,   MJ_OP_CLICK,   MJ_OP_DESCRIBE,
                              MJ_OP_SHORTEN, MJ_OP_UPLOAD,  MJ_OP_MODAL};
  mj_request q;
  if (r->g.generate) {
    submit_generate(r, j, seed);
    return;
  }
  memset(&q, 0, sizeof q);
  q.op = j->op = ops[random_below(seed, COUNT(ops))];
  q.prompt = "black cat";
  q.progress = random_below(seed, 2) == 0;
  q.state = random_below(seed, 4) ? NULL : "mine";
  if (q.op == MJ_OP_DESCRIBE || q.op == MJ_OP_UPLOAD) {
    q.prompt = NULL;
    q.pictures = &picture;
    q.npictures = 1;
  } else if (q.op == MJ_OP_CLICK) {
    fill_click(&q, &r->g, seed);
  } else if (q.op == MJ_OP_MODAL) {
    q.task = r->g.ids[0];
  }
  gateway_job(&r->g, (int)random_below(seed, 5),
              q.op == MJ_OP_CLICK || q.op == MJ_OP_MODAL, NULL);
  if (mj_submit(r->c, &q, &j->id, NULL) != MJ_OK)
    j->id = 0; /* a route that the gateway said it lacks */
}

void mutated_ask(struct run *r, struct job *j, uint64_t *seed) {
  static const mj_query all[] = {MJ_QUERY_LIST, MJ_QUERY_IDS, MJ_QUERY_QUEUE,
                                 MJ_QUERY_SEED, MJ_QUERY_CANCEL};
  const char *ids[2] = {r->g.ids[0], r->g.ids[r->g.nids - 1]};
  size_t what = random_below(seed, COUNT(all) + 1), n;
  gateway_job(&r->g, (int)random_below(seed, 5), 0, NULL);
  if (what == COUNT(all)) {
    (void)mj_track(r->c, ids[1], &j->id, NULL);
    return;
  }
  j->what = all[what];
  n = j->what == MJ_QUERY_IDS                                 ? 2
      : j->what == MJ_QUERY_LIST || j->what == MJ_QUERY_QUEUE ? 0
                                                              : 1;
  if (mj_ask(r->c, j->what, ids, n, &j->id, NULL) != MJ_OK)
    j->id = 0;
}
