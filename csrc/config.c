/* SPDX-License-Identifier: MIT
   config.c - a client's configuration, checked and copied. */
#include "mj_int.h"

#include <stdio.h>
#include <string.h>

static int one_of(const char *v, const char *const *words) {
  for (; *words; words++)
    if (strcmp(v, *words) == 0)
      return 1;
  return 0;
}

static int check_word(const char *field, const char *v,
                      const char *const *words, const char *list,
                      mj_error *err) {
  if (v && one_of(v, words))
    return MJ_OK;
  return mj__err_set(err, MJ_EINVALID, "%s: %s expected, got %.40s", field,
                     list, v ? v : "nothing");
}

/* What goes into a header: printable ASCII, so that nothing can end the line
   and begin another. */
static int check_header(const char *field, const char *v, mj_error *err) {
  const char *p;
  for (p = v; *p; p++)
    if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
      return mj__err_set(err, MJ_EINVALID,
                         "%s: only printable ASCII may be in it", field);
  if ((size_t)(p - v) > 2048)
    return mj__err_set(err, MJ_EINVALID, "%s: longer than 2048 bytes", field);
  return MJ_OK;
}

static int check_numbers(const mj_config *cfg, mj_error *err) {
  size_t i;
  if (cfg->connections < 1 || cfg->connections > 1024)
    return mj__err_set(err, MJ_EINVALID, "connections: 1 to 1024 expected");
  if (cfg->attempts < 1 || cfg->attempts > 100)
    return mj__err_set(err, MJ_EINVALID, "attempts: 1 to 100 expected");
  if (cfg->share_limits && (!cfg->journal || !cfg->base_url))
    return mj__err_set(err, MJ_EINVALID,
                       "limits: they are shared beside a journal, and there is "
                       "none");
  if (cfg->share_limits && cfg->live > MJ__SHARE_PLACES)
    return mj__err_set(err, MJ_EINVALID, "limits: %d tasks at most are shared",
                       MJ__SHARE_PLACES);
  if (cfg->live < -1 || !(cfg->submits_per_min >= 0) ||
      !(cfg->requests_per_min >= 0 || cfg->requests_per_min == -1))
    return mj__err_set(err, MJ_EINVALID, "limits: none may be negative");
  if (cfg->connect_timeout_ms <= 0 || cfg->request_timeout_ms <= 0 ||
      cfg->submit_timeout_ms <= 0 || cfg->fetch_timeout_ms <= 0 ||
      cfg->busy_ms < 0)
    return mj__err_set(err, MJ_EINVALID, "timeouts: more than 0 expected");
  if (cfg->connect_timeout_ms > MJ__LONGEST ||
      cfg->request_timeout_ms > MJ__LONGEST ||
      cfg->submit_timeout_ms > MJ__LONGEST ||
      cfg->fetch_timeout_ms > MJ__LONGEST || cfg->lost_after_ms > MJ__LONGEST ||
      cfg->busy_ms > MJ__LONGEST)
    return mj__err_set(err, MJ_EINVALID, "timeouts: more than a year");
  if (cfg->poll.first_ms < -1 || cfg->poll.first_ms > MJ__LONGEST ||
      cfg->poll.ngaps > 8)
    return mj__err_set(err, MJ_EINVALID,
                       "poll: 0 s to a year, and at most 9 steps");
  for (i = 0; i < cfg->poll.ngaps; i++)
    if (cfg->poll.gaps_ms[i] < 1 || cfg->poll.gaps_ms[i] > MJ__LONGEST)
      return mj__err_set(err, MJ_EINVALID, "poll: gaps of 1 ms to a year");
  return MJ_OK;
}

static int check_money(const mj_config *cfg, mj_error *err) {
  static const char *const pers[] = {"run", "journal", "day", NULL};
  static const char *const modes[] = {"fast", "relax", "turbo", NULL};
  size_t i;
  int rc = check_word("budget: per", cfg->budget_per, pers,
                      "run, journal or day", err);
  if (rc)
    return rc;
  if (cfg->budget < -1 || cfg->budget > MJ__AMOUNT_MOST)
    return mj__err_set(err, MJ_EINVALID, "budget: out of range");
  if (cfg->budget_name &&
      (!*cfg->budget_name || strlen(cfg->budget_name) > 255))
    return mj__err_set(err, MJ_EINVALID, "budget: name: 1 to 255 bytes");
  for (i = 0; !rc && i < cfg->nprices; i++) {
    const mj_price *p = &cfg->prices[i];
    if (p->amount < 0 || p->amount > MJ__AMOUNT_MOST)
      return mj__err_set(err, MJ_EINVALID, "prices: out of range");
    if (p->mode)
      rc = check_word("prices: mode", p->mode, modes, "fast, relax or turbo",
                      err);
  }
  return rc;
}

int mj__config_check(const mj_config *cfg, mj_error *err) {
  static const char *const auths[] = {"auto", "bearer", "raw", "secret", NULL};
  static const char *const dialects[] = {"auto", "mj", "generate", NULL};
  static const char *const styles[] = {"mj-prefix", "prefix", "body", NULL};
  static const char *const modes[] = {"fast", "relax", "turbo", NULL};
  static const char *const states[] = {"token", "user", NULL};
  static const char *const wishes[] = {"hold", "resubmit", "abandon", NULL};
  size_t i;
  int rc =
      check_word("auth", cfg->auth, auths, "auto, bearer, raw or secret", err);
  if (!rc)
    rc = check_word("dialect", cfg->dialect, dialects, "auto, mj or generate",
                    err);
  if (!rc)
    rc = check_word("mode_style", cfg->mode_style, styles,
                    "mj-prefix, prefix or body", err);
  if (!rc)
    rc = check_word("on_unknown", cfg->on_unknown, wishes,
                    "hold, resubmit or abandon", err);
  if (!rc && cfg->mode)
    rc = check_word("mode", cfg->mode, modes, "fast, relax or turbo", err);
  if (!rc)
    rc =
        check_word("wire_state", cfg->wire_state, states, "token or user", err);
  if (!rc && cfg->run && !*cfg->run) /* that is where the callers' keys are */
    rc = mj__err_set(err, MJ_EINVALID, "run: it is empty");
  if (!rc && cfg->api_key)
    rc = check_header("api_key", cfg->api_key, err);
  if (!rc && cfg->prefix)
    rc = check_header("prefix", cfg->prefix, err);
  if (!rc && cfg->user_agent)
    rc = check_header("user_agent", cfg->user_agent, err);
  for (i = 0; !rc && i < cfg->nheaders; i++) {
    rc = check_header("headers", cfg->headers[i].name, err);
    if (!rc)
      rc = check_header("headers", cfg->headers[i].value, err);
    if (!rc && (cfg->headers[i].name[0] == '\0' ||
                strpbrk(cfg->headers[i].name, ": \t")))
      rc = mj__err_set(err, MJ_EINVALID, "headers: not a name: %.60s",
                       cfg->headers[i].name);
  }
  if (!rc)
    rc = mj__outcome_rules_check(cfg->outcomes, cfg->noutcomes, err);
  if (!rc)
    rc = check_money(cfg, err);
  return rc ? rc : check_numbers(cfg, err);
}

/* Copies a string of the configuration into the client; NULL stays NULL. */
static int keep(mj_client *c, const char **s) {
  if (!*s)
    return MJ_OK;
  *s = mj__arena_strndup(&c->strings, *s, strlen(*s));
  return *s ? MJ_OK : MJ_ERESOURCE;
}

static int keep_outcomes(mj_client *c) {
  mj_config *g = &c->cfg;
  mj_outcome *rules;
  size_t i;
  rules = mj__arena_alloc(&c->strings, (g->noutcomes + 1) * sizeof *rules);
  if (!rules)
    return MJ_ERESOURCE;
  for (i = 0; i < g->noutcomes; i++) {
    rules[i] = g->outcomes[i];
    if (keep(c, &rules[i].text) || keep(c, &rules[i].means) ||
        keep(c, &rules[i].error))
      return MJ_ERESOURCE;
  }
  g->outcomes = rules;
  return MJ_OK;
}

static int keep_lists(mj_client *c) {
  mj_config *g = &c->cfg;
  const char **hosts;
  mj_header *h;
  mj_price *prices;
  size_t i;
  hosts = mj__arena_alloc(&c->strings, (g->nallow_hosts + 1) * sizeof *hosts);
  h = mj__arena_alloc(&c->strings, (g->nheaders + 1) * sizeof *h);
  prices = mj__arena_alloc(&c->strings, (g->nprices + 1) * sizeof *prices);
  if (!hosts || !h || !prices)
    return MJ_ERESOURCE;
  for (i = 0; i < g->nprices; i++) {
    prices[i] = g->prices[i];
    if (keep(c, &prices[i].what) || keep(c, &prices[i].mode) ||
        keep(c, &prices[i].gateway))
      return MJ_ERESOURCE;
  }
  g->prices = prices;
  for (i = 0; i < g->nallow_hosts; i++) {
    hosts[i] = g->allow_hosts[i];
    if (keep(c, &hosts[i]))
      return MJ_ERESOURCE;
  }
  for (i = 0; i < g->nheaders; i++) {
    h[i] = g->headers[i];
    if (keep(c, &h[i].name) || keep(c, &h[i].value))
      return MJ_ERESOURCE;
  }
  g->allow_hosts = hosts;
  g->headers = h;
  return keep_outcomes(c);
}

int mj__config_keep(mj_client *c, const mj_config *cfg) {
  mj_config *g = &c->cfg;
  const char **all[] = {&g->base_url,   &g->api_key,    &g->auth,
                        &g->dialect,    &g->mode,       &g->mode_style,
                        &g->prefix,     &g->proxy,      &g->user_agent,
                        &g->ca_file,    &g->ca_path,    &g->wire_state,
                        &g->image_host, &g->journal,    &g->run,
                        &g->on_unknown, &g->budget_per, &g->budget_name};
  size_t i;
  *g = *cfg;
  for (i = 0; i < sizeof all / sizeof all[0]; i++)
    if (keep(c, all[i]))
      return MJ_ERESOURCE;
  return keep_lists(c);
}
