/* SPDX-License-Identifier: MIT
   discover.c - what a gateway is like, learned from free questions and from
   its refusals, and remembered for the client's life. */
#include "err.h"
#include "mj_int.h"

#include <string.h>

/* A task of September 2001: no gateway has it.  midjourney-proxy answers 200
   with nothing, trueai 204, new-api 400 task_no_found: and each of them 401
   to a key that it does not see. */
#define NO_TASK "1000000000000000"

static void use_auth(mj_client *c, enum mj__auth auth) {
  c->learned.auth = auth;
  c->api_headers = c->api_sets[auth];
}

/* A stated limit holds for any 60 s at the gateway: a little stays unused, for
   what the way there pushes together. */
static void keep_below(struct mj__bucket *b, double per_min) {
  double burst = per_min / 42;
  mj__bucket_init(b, per_min * 0.995 - burst, (int)burst);
}

/* The family's own rules, where the user has none. */
static void use_wire(mj_client *c, const struct mj__wire *w) {
  const mj_config *g = &c->cfg;
  c->wire = w;
  c->rules.poll = g->poll.first_ms < 0 ? &w->poll : &g->poll;
  if (g->requests_per_min >= 0)
    mj__bucket_init(&c->requests, g->requests_per_min, 0);
  else if (w->requests_per_min > 0)
    keep_below(&c->requests, w->requests_per_min);
  else
    mj__bucket_init(&c->requests, 0, 0);
  c->live.max = g->live < 0 ? w->live : g->live;
}

/* Nothing has to be found out that the user says. */
void mj__start_learning(mj_client *c) {
  struct mj__learned *l = &c->learned;
  const char *auth = c->cfg.auth;
  l->auth_given =
      !c->cfg.api_key || !*c->cfg.api_key || strcmp(auth, "auto") != 0;
  l->auth_known = l->auth_given;
  l->family_known = strcmp(c->cfg.dialect, "auto") != 0;
  if (c->cfg.dry_run) /* nothing is asked: as most gateways are */
    l->auth_known = l->family_known = 1;
  use_auth(c, strcmp(auth, "secret") == 0 ? MJ__SECRET
              : strcmp(auth, "raw") == 0  ? MJ__RAW
                                          : MJ__BEARER);
  use_wire(c, strcmp(c->cfg.dialect, "generate") == 0 ? &mj__wire_generate
                                                      : &mj__wire_mj);
}

/* Paid requests that wait have not been sent; a task that waits for the answer
   to its dialog goes on, for whoever looks for it. */
static void end_unsent(mj_client *c, enum mj__queue_name q,
                       const mj_error *why) {
  size_t n = c->queues[q].n;
  struct mj__job *j;
  for (; n > 0 && (j = c->queues[q].first) != NULL; n--) {
    mj__dequeue(c, j);
    j->leaves = j->task_id != NULL;
    mj__leave_slot(c, j);
    (void)mj__job_go(j, j->state == MJ__READY ? MJ__REJECTED : MJ__CANCELLED);
    mj__end(c, j, why, NULL, NULL);
  }
}

/* What waits without knowing the family is told, and the next one asks anew.
   What was accepted is looked for again later. */
static void give_up(mj_client *c, const struct mj__reply *s, int64_t retry_ms,
                    const mj_error *why) {
  size_t n = c->queues[MJ__Q_POLL].n + c->queues[MJ__Q_OTHER].n;
  struct mj__job *j;
  mj__release_failed(c, why);
  for (; n > 0 && ((j = c->queues[MJ__Q_OTHER].first) != NULL ||
                   (j = c->queues[MJ__Q_POLL].first) != NULL);
       n--) {
    mj__dequeue(c, j);
    if (j->kind == MJ__ASK || j->stopping == MJ__STOP_WANTED) {
      mj__end(c, j, why, NULL, NULL);
    } else if (j->state == MJ__LOOKUP && !why->retryable) {
      (void)mj__job_go(j, MJ__REJECTED);
      mj__end(c, j, why, NULL, NULL);
    } else if (j->state == MJ__LOOKUP) {
      mj__looked_up(c, j, NULL, s, retry_ms);
    } else {
      mj__looked(c, j, NULL, s, retry_ms);
    }
  }
}

static void give_up_for_now(mj_client *c, const struct mj__reply *s,
                            int64_t retry_ms) {
  mj_error err;
  int code;
  (void)mj__outcome_ask(s, MJ__R_FETCH, &code);
  mj__explained(
      s, code,
      "asking which API the gateway has (dialect and auth can also be given)",
      1, retry_ms, &err);
  give_up(c, s, retry_ms, &err);
}

static void settle(mj_client *c, int guessed) {
  struct mj__learned *l = &c->learned;
  l->tries = l->pages = 0;
  l->auth_known = 1;
  l->auth_guessed = guessed && !l->auth_given;
  if (!l->family_known)
    mj__log(c, 2, "the gateway speaks the %s family%s", c->wire->name,
            l->family_guessed ? ", as far as anyone can tell" : "");
  l->family_known = 1;
}

/* Neither family's: requests themselves will say what is wrong, in the words
   of the one that most gateways speak. */
static void neither(mj_client *c, int guessed) {
  use_wire(c, &mj__wire_mj);
  use_auth(c, c->learned.mj_auth);
  c->learned.family_guessed = 1;
  settle(c, guessed);
}

/* Not this family's question: the other one's. */
static void other_family(mj_client *c, int guessed) {
  struct mj__learned *l = &c->learned;
  l->tries = 0;
  if (l->family_known) {
    settle(c, guessed);
  } else if (!c->wire->generate) {
    l->mj_auth = l->auth;
    use_wire(c, &mj__wire_generate);
    if (!l->auth_given)
      use_auth(c, MJ__BEARER);
  } else {
    neither(c, guessed);
  }
}

/* It brought nothing: again later, or what was used last will have to do.  One
   that cannot be reached is found out by those who wait, who try again too. */
static void troubled(mj_client *c, const struct mj__reply *s,
                     int64_t retry_after_ms) {
  struct mj__learned *l = &c->learned;
  int reached = !s->curl_code;
  int64_t wait;
  if (retry_after_ms > MJ__RETRY_AFTER_MOST)
    retry_after_ms = MJ__RETRY_AFTER_MOST;
  wait = 250 + mj__retry_wait(l->tries + 1, 500, 10000, retry_after_ms,
                              mj__random(c));
  if ((reached || !l->family_known) && ++l->tries < c->rules.attempts) {
    l->probe_at = c->now + wait;
    return;
  }
  l->tries = 0;
  if (reached && (l->family_known || !c->wire->generate)) {
    other_family(c, 1);
  } else if (l->family_known) {
    l->auth_known = l->auth_guessed = 1;
  } else { /* nothing is guessed from trouble alone */
    l->pages = 0;
    use_wire(c, &mj__wire_mj);
    if (!l->auth_given)
      use_auth(c, MJ__BEARER);
    give_up_for_now(c, s, retry_after_ms);
  }
}

/* There was nothing to ask with. */
static void not_asked(mj_client *c) {
  struct mj__reply s;
  memset(&s, 0, sizeof s);
  mj__said_read(&s.said, NULL, 0);
  s.curl_code = 27; /* CURLE_OUT_OF_MEMORY */
  s.curl_text = "no memory or descriptor for a request";
  troubled(c, &s, -1);
  if (c->learned.tries)
    mj__wait_until(c, c->learned.probe_at - c->now);
}

static void probe(mj_client *c) {
  struct mj__exchange *x = mj__exchange_new(c, 0, MJ__X_PROBE);
  mj__bucket_take(&c->requests, c->now);
  if (mj__question(c, x, MJ__R_FETCH, NO_TASK, NULL) == MJ_OK) {
    c->learned.probe = x->id;
    return;
  }
  mj__exchange_free(c, x);
  not_asked(c);
}

static int all_known(const mj_client *c) {
  return c->learned.auth_known && c->learned.family_known;
}

int mj__discovered(mj_client *c) {
  struct mj__learned *l = &c->learned;
  int64_t wait, pause = l->probe_at - c->now;
  if (all_known(c))
    return 1;
  if (l->probe || c->nxfree == 0)
    return 0;
  wait = mj__bucket_wait(&c->requests, c->now);
  if (pause > wait)
    wait = pause;
  if (wait <= 0)
    wait = mj__shared_wait(c, NULL);
  if (wait > 0)
    mj__wait_until(c, wait);
  else
    probe(c);
  return all_known(c);
}

/* A web page -------------------------------------------------------------- */

static size_t blanks(const struct mj__reply *s) {
  size_t i = 0;
  while (i < s->body_len && strchr(" \t\r\n", s->body[i]))
    i++;
  return i;
}

/* All is well, it says, in no JSON, nor what began as some. */
static int is_page(const struct mj__reply *s) {
  size_t i = blanks(s);
  return !s->curl_code && s->http_status >= 200 && s->http_status < 300 &&
         s->said.shape == MJ__SHAPE_TEXT && i < s->body_len &&
         s->body[i] != '{' && s->body[i] != '[';
}

enum { HEAD_MOST = 64 << 10 }; /* of a page, in which its title is looked for */

/* Where `tag` stands in the first n bytes of p from i on, or n. */
static size_t tag_at(const char *p, size_t i, size_t n, const char *tag) {
  size_t k;
  for (; i < n; i++) {
    for (k = 0; tag[k] && i + k < n && (p[i + k] | 0x20) == (tag[k] | 0x20);
         k++)
      ;
    if (!tag[k])
      return i;
  }
  return n;
}

/* The page's title, else how it begins. */
static void title_of(const struct mj__reply *s, char *out, size_t size) {
  const char *p = s->body;
  size_t n = s->body_len < HEAD_MOST ? s->body_len : HEAD_MOST;
  size_t from = tag_at(p, 0, n, "<title"), to = tag_at(p, from, n, "</title");
  out[0] = '\0';
  if (to < n)
    mj__clean(out, size, p + from, to - from, 1);
  if (!*out)
    mj__clean(out, size, p, n, 1);
  mj__hide(out, s->secret);
}

/* Whatever is asked there is answered with a page.  So would a paid request
   be, and nobody could tell what it did. */
static void no_gateway(mj_client *c, const struct mj__reply *s) {
  struct mj__learned *l = &c->learned;
  char title[100];
  mj_error err;
  l->tries = l->pages = 0;
  title_of(s, title, sizeof title);
  mj__err_clear(&err);
  mj__err_set(&err, MJ_EPROTOCOL,
              "base_url (%s) answers with %s, not JSON%s%s; nothing was sent; "
              "base_url is the address in front of %s (where dialect and auth "
              "are given, nothing is asked)",
              c->gateway.base,
              s->body[blanks(s)] == '<' ? "a web page" : "text",
              *title ? ": " : "", title,
              strcmp(c->cfg.dialect, "auto") == 0 ? "/mj or /api/v1"
              : c->wire->generate                 ? "/api/v1"
                                                  : "/mj");
  if (!l->family_known) {
    use_wire(c, &mj__wire_mj);
    if (!l->auth_given)
      use_auth(c, MJ__BEARER);
  }
  /* evidence about earlier work is asked for again, at leisure */
  l->probe_at = c->now + (c->nhints ? 10000 : 0);
  mj__around_refused(c);
  end_unsent(c, MJ__Q_ANSWER, &err);
  end_unsent(c, MJ__Q_SUBMIT, &err);
  give_up(c, s, -1, &err);
}

/* 1 = it was the last question, and all were answered so. */
static int all_pages(mj_client *c, const struct mj__reply *s) {
  struct mj__learned *l = &c->learned;
  if (!is_page(s))
    return 0;
  l->pages++;
  return l->family_known ? l->pages == 1 : l->pages == 2;
}

enum answer { HERE, NOT_HERE, REFUSED, TROUBLE };

/* What no task looks like there; anything else may come from anybody. */
static int is_of_mj(const struct mj__reply *s) {
  int http = s->http_status;
  switch (s->said.shape) {
  case MJ__SHAPE_EMPTY:
    return http == 200 || http == 204;
  case MJ__SHAPE_SUBMIT:
    return 1;
  case MJ__SHAPE_TASK:
  case MJ__SHAPE_SUCCESS:
    return http < 300;
  case MJ__SHAPE_ERROR:
    return http == 400 && *s->said.type;
  case MJ__SHAPE_TEXT:
  case MJ__SHAPE_SPRING:
  case MJ__SHAPE_LIST:
  case MJ__SHAPE_DATA:
  case MJ__SHAPE_JSON:
    break;
  }
  return 0;
}

/* The mj gateways' answers are in NO_TASK's comment; the generate family puts
   everything in its envelope, refusals and unknown paths too. */
static enum answer judge(const mj_client *c, const struct mj__reply *s) {
  int http = s->curl_code ? 0 : s->http_status;
  int data = s->said.shape == MJ__SHAPE_DATA;
  int64_t code = data && s->said.has_code ? s->said.code : http;
  if (http == 0 || http == 429 || http >= 500 || code == 429)
    return TROUBLE;
  if (c->wire->generate)
    return !data ? http == 401 || http == 403 ? REFUSED : NOT_HERE
           : code == 401 || code == 403 ? REFUSED
                                        : HERE;
  if (data)
    return NOT_HERE;
  if (http == 401 || http == 403)
    return REFUSED;
  return is_of_mj(s) ? HERE : NOT_HERE;
}

/* The family's next way to send the key; 0 = there is none. */
static int next_auth(mj_client *c) {
  struct mj__learned *l = &c->learned;
  if (l->auth_given || l->auth + 1 >= MJ__AUTHS)
    return 0;
  use_auth(c, c->wire->generate ? MJ__RAW : l->auth + 1);
  return 1;
}

/* The key was refused every way: the first one is used, and the refusals of
   the requests themselves say what is wrong. */
static void refused(mj_client *c, const struct mj__reply *s) {
  int wall = s->http_status == 403; /* may stand in front of the gateway */
  c->learned.pages = -2;            /* whoever looks at keys is no web page */
  if (next_auth(c)) {
    c->learned.tries = 0;
    return;
  }
  if (!c->learned.auth_given)
    use_auth(c, MJ__BEARER);
  if (c->wire->generate && s->said.shape == MJ__SHAPE_DATA)
    settle(c, wall);
  else
    other_family(c, wall);
}

void mj__probed(mj_client *c, const struct mj__reply *s,
                int64_t retry_after_ms) {
  c->learned.probe = 0;
  c->dirty = 1;
  switch (judge(c, s)) {
  case HERE:
    /* of the generate family each path has an answer, also a wrong one */
    c->learned.family_heard = !mj__outcome_no_route(s);
    settle(c, 0);
    break;
  case NOT_HERE:
    if (all_pages(c, s))
      no_gateway(c, s);
    else
      other_family(c, 0);
    break;
  case REFUSED:
    refused(c, s);
    break;
  case TROUBLE:
    troubled(c, s, retry_after_ms);
    break;
  }
}

int mj__auth_doubted(mj_client *c, struct mj__job *j,
                     const struct mj__reply *s) {
  if (!c->learned.auth_guessed || j->doubted || s->curl_code ||
      (s->http_status != 401 && s->http_status != 403))
    return 0;
  j->doubted = 1;
  c->learned.auth_known = c->learned.auth_guessed = 0;
  c->learned.probe_at = c->now;
  return 1; /* mj__learn has forgotten a family that was guessed as well */
}

/* The mode is a word of the path, unless it goes in the body. */
static unsigned mode_of(const mj_client *c, const char *mode) {
  if (!mode)
    mode = c->gateway.mode;
  if (!mode || strcmp(c->gateway.mode_style, "body") == 0)
    return 0;
  return *mode == 'f' ? 1 : *mode == 'r' ? 2 : 3;
}

void mj__learn(mj_client *c, enum mj__route route, const char *mode,
               const struct mj__reply *s) {
  int http = s->curl_code ? 0 : s->http_status;
  if (c->learned.family_guessed && http >= 400 && http < 500 && http != 429)
    /* the guess may be wrong: asked anew */
    c->learned.family_guessed = c->learned.family_known = 0;
  else if (route != MJ__R_GENERATE && mj__outcome_no_route(s))
    c->learned.absent[mode_of(c, mode)] |= 1u << route;
}

int mj__route_known(const mj_client *c, enum mj__route route, const char *mode,
                    mj_error *err) {
  int of_mj = !c->wire->generate;
  if (route > MJ__R_SWAP && route != MJ__R_GENERATE &&
      !(c->wire->asks & (1u << route)))
    return mj__err_set(
        err, MJ_EUNSUPPORTED,
        "%s: gateways of the %s family have no such route; those "
        "of the mj family do",
        mj__route_name(route), c->wire->name);
  if (!(c->learned.absent[mode_of(c, mode)] & (1u << route)))
    return MJ_OK;
  return mj__err_set(err, MJ_EUNSUPPORTED,
                     "this gateway has no %s%s%s%s: it said so before",
                     of_mj ? "/mj/" : "", mj__route_name(route),
                     mode ? " in mode " : "", mode ? mode : "");
}

/* What the user can be told of it. */

const char *mj_dialect(const mj_client *c) {
  return c->learned.family_known ? c->wire->name : NULL;
}

int mj_can(const mj_client *c, mj_op op) {
  enum mj__route route;
  if (!mj_op_name(op))
    return 0;
  if (!c->learned.family_known)
    return -1;
  route = c->wire->route(op);
  return route != MJ__R_NONE && mj__route_known(c, route, NULL, NULL) == MJ_OK;
}

int mj_can_ask(const mj_client *c, mj_query what) {
  enum mj__route route = mj__route_asked(what);
  if (what == MJ_QUERY_DIALECT)
    return 1;
  if (route == MJ__R_NONE)
    return 0;
  if (!c->learned.family_known)
    return -1;
  return mj__route_known(c, route, NULL, NULL) == MJ_OK;
}
