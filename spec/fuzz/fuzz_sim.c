/* SPDX-License-Identifier: MIT
   fuzz_sim.c - the simulator's answers to anything.  The first bytes choose
   profile and fault; then come requests with a line %% between them: method,
   target, end of line, body.  A @ in the target is the last task's id. */
#include "fuzz.h"

#include "serve/sim.h"

struct talk {
  mj_sim *sim;
  int64_t now_ms;
  int faulty;
  char id[80];
};

static void check(struct talk *k, const struct mj_sim_reply *r) {
  const char *id;
  oracle o;
  size_t i;
  if (r->drop)
    return;
  MUST(r->status >= 100 && r->status <= 599);
  MUST(r->nheaders <= MJ_SIM_HEADERS && r->delay_ms >= 0);
  MUST(r->body || r->len == 0);
  for (i = 0; i < r->nheaders; i++)
    MUST(r->headers[i].name && !strpbrk(r->headers[i].value, "\r\n"));
  if (k->faulty || r->len == 0 || !r->content_type ||
      !strstr(r->content_type, "json"))
    return;
  oracle_read(&o, r->body, r->len);
  MUST(o.root);
  id = oracle_text(oracle_get(o.root, "result"));
  if (!id)
    id = oracle_text(oracle_get(oracle_get(o.root, "data"), "taskId"));
  if (id && oracle_id(id))
    (void)snprintf(k->id, sizeof k->id, "%s", id);
  oracle_free(&o);
}

static void put_target(text *t, const char *s, size_t n, const char *id) {
  for (; n > 0; n--, s++)
    if (*s == '@')
      text_puts(t, id);
    else
      text_add(t, s, 1);
}

/* "POST /mj/submit/imagine\n{...}" */
static void one(struct talk *k, const char *p, size_t n) {
  size_t line = 0, space = 0;
  text method = {NULL, 0, 0}, target = {NULL, 0, 0};
  struct mj_sim_request req;
  struct mj_sim_reply reply;
  while (line < n && p[line] != '\n' && p[line])
    line++;
  while (space < line && p[space] != ' ')
    space++;
  text_set(&method, p, space);
  text_set(&target, "", 0);
  put_target(&target, p + space + (space < line), line - space - (space < line),
             k->id);
  memset(&req, 0, sizeof req);
  memset(&reply, 0, sizeof reply);
  req.method = method.p;
  req.target = target.p;
  req.content_type = "application/json";
  req.authorization = "Bearer x";
  req.len = line < n ? n - line - 1 : 0;
  req.body = req.len ? p + line + 1 : NULL;
  mj_sim_handle(k->sim, &req, k->now_ms, &reply);
#ifdef PLANT
  MUST(strlen(method.p) != 4 || strncmp(method.p, "PO", 2) != 0 ||
       strcmp(method.p, "POST") == 0 || reply.status < 400);
#endif
  check(k, &reply);
  mj_sim_reply_free(&reply);
  text_free(&method);
  text_free(&target);
  k->now_ms += 9000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  size_t profile = fuzz_choice(&data, &size, 5);
  size_t fault = fuzz_choice(&data, &size, 64), from = 0, at;
  struct mj_sim_config cfg;
  struct talk k;
  char why[200], *p;
  int i, n = 0;
  while (mj_sim_faults(n))
    n++;
  memset(&cfg, 0, sizeof cfg);
  memset(&k, 0, sizeof k);
  for (i = 0; i < (int)profile && mj_sim_profiles(i + 1); i++)
    ;
  cfg.profile = mj_sim_profiles(i);
  cfg.base_url = "http://127.0.0.1:8080";
  if (cfg.profile && strcmp(cfg.profile, "generate") == 0) {
    cfg.capabilities = "all";
    cfg.rate = 20;
  }
  cfg.running = 3;
  cfg.waiting = 10;
  cfg.remix = (int)(profile & 1);
  if (fault && (int)fault <= n)
    cfg.fault = mj_sim_faults((int)fault - 1);
  k.faulty = cfg.fault != NULL;
  k.now_ms = INT64_C(1741531578038);
  (void)snprintf(k.id, sizeof k.id, "14001934816969359");
  MUST(mj_sim_new(&k.sim, &cfg, why, sizeof why) == 0);
  p = fuzz_text(data, size);
  for (at = 0; at + 4 <= size; at++)
    if (memcmp(p + at, "\n%%\n", 4) == 0) {
      one(&k, p + from, at - from);
      from = at + 4;
    }
  one(&k, p + from, size - from);
  mj_sim_free(k.sim);
  free(p);
  return 0;
}
