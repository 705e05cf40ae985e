/* SPDX-License-Identifier: MIT
   mutation_json.c - changes of JSON: the tree is printed again, otherwise at
   one place. */
#include "mutation.h"
#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum change {
  RETYPE,
  WORD,
  TWICE,
  NEST,
  HUGE,
  LONG,
  DROP,
  RENAME,
  GRAFT,
  ESCAPE,
  SHUFFLE,
  INSIDE,
  CHANGES
};

static const char *const names[CHANGES] = {
    "retype", "word",   "twice", "nest",   "huge",    "long",
    "drop",   "rename", "graft", "escape", "shuffle", "inside",
};

struct plan {
  enum change change;
  const oracle_node *at, *graft;
  uint64_t *seed;
};

#define U2    "{\"customId\":\"MJ::JOB::upsample::2::abc\",\"label\":\"U2\"}"
#define TWINS "[" U2 "," U2 "]"

#define RESULT                                                                 \
  "\"{\\\"resultUrls\\\":[\\\"http://gw.test/1.png\\\",null,"                  \
  "{\\\"url\\\":\\\"http://gw.test/2.png\\\"}]}\""

/* Values that mean something to the protocol, or nearly. */
static const char *const words[] = {
    "null",
    "true",
    "false",
    "0",
    "1",
    "3",
    "4",
    "9",
    "21",
    "22",
    "23",
    "24",
    "30",
    "5",
    "-1",
    "1.0",
    "1e0",
    "2100000000000",
    "\"1\"",
    "\"21\"",
    "\"01\"",
    "\"\"",
    "[]",
    "{}",
    "[[]]",
    "\"SUCCESS\"",
    "\"success\"",
    "\"FAILURE\"",
    "\"MODAL\"",
    "\"IN_PROGRESS\"",
    "\"CANCEL\"",
    "\"NOT_START\"",
    "\"SUCCESS \"",
    "\"\\u0053UCCESS\"",
    "\"17\"",
    "17",
    "14001934816969359",
    "\"14001934816969359\"",
    "\"../17\"",
    "\"17,18\"",
    "\"17/fetch\"",
    "\"17?x\"",
    "\"Waiting for window confirm\"",
    "\"do_request_failed\"",
    "\"insert_midjourney_task_failed\"",
    "\"task_status_not_success\"",
    "\"task_no_found\"",
    "\"No available channel\"",
    "\"sk-CANARY-91\"",
    "\"a sk-CANARY-91 b\"",
    "\"mj_0123456789abcdef\"",
    "{\"url\":\"http://gw.test/a.png\"}",
    "[\"http://gw.test/a.png\",{\"url\":\"http://gw.test/b.png\"},3,null]",
    "{\"finalPrompt\":\"cat --zoom 2\"}",
    "{\"finalPrompt\":\"cat --v 6.1 --zoom 2\",\"bannedWord\":\"cat\"}",
    "{\"numberOfQueues\":3}",
    "[{\"customId\":\"MJ::CustomZoom::abc\"}]",
    TWINS,
    "\"100%\"",
    "\"31.5%\"",
    "\"9999999999%\"",
    "\"-3%\"",
    "\"DESCRIBE\"",
    "\"SHORTEN\"",
    "\"IMAGINE\"",
    "\"UPLOAD\"",
    "\"1\xef\xb8\x8f\xe2\x83\xa3 cat\\n2\xef\xb8\x8f\xe2\x83\xa3 dog\"",
    "\"## Important tokens\\n**cat** (0.49) ~~dog~~ (0.1)\"",
    "\"http://gw.test/a.mp4?ex=67cefb57&is=1\"",
    "200",
    "400",
    "404",
    "429",
    "500",
    "503",
    "\"200\"",
    "\"processing\"",
    "\"failed\"",
    "\"CONTENT_VIOLATION\"",
    "\"InvalidTaskId\"",
    "\"GENERATION_FAILED\"",
    RESULT,
    "\"[\\\"http://gw.test/1.png\\\"]\"",
    "{\"taskId\":\"17\",\"state\":\"success\"}",
    "{\"resultUrls\":[\"http://gw.test/1.png\"]}",
    "\"\\ud800\"",
    "\"\\u0000\"",
};

static const char *const keys[] = {
    "code",
    "description",
    "result",
    "properties",
    "id",
    "status",
    "progress",
    "error",
    "message",
    "type",
    "success",
    "path",
    "imageUrl",
    "imageUrls",
    "videoUrls",
    "buttons",
    "customId",
    "finalPrompt",
    "failReason",
    "state",
    "action",
    "promptEn",
    "bannedWord",
    "Result",
    "result\\u0000",
    "",
    "re\\u0073ult",
    "numberOfQueues",
    "data",
    "taskId",
    "resultJson",
    "resultUrls",
    "failCode",
    "failMsg",
    "completeTime",
    "url",
};

static const char *const numbers[] = {
    "1e400",
    "-0",
    "1.5",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
    "1E-7",
    "0.1e+2",
    "1e5",
};

#define ANY(list, seed) list[random_below(seed, sizeof(list) / sizeof(list[0]))]

static void put_text(text *t, const char *s, size_t n, int escaped) {
  char hex[8];
  size_t i;
  text_puts(t, "\"");
  for (i = 0; i < n; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f ||
        (escaped && c < 0x80)) {
      (void)snprintf(hex, sizeof hex, "\\u%04x", c);
      text_puts(t, hex);
    } else {
      text_add(t, s + i, 1);
    }
  }
  text_puts(t, "\"");
}

static void put_node(text *t, const oracle_node *v, struct plan *plan);

/* A string as a number, a number as a string, or something else. */
static void put_retyped(text *t, const oracle_node *v, struct plan *plan) {
  struct plan none = {CHANGES, NULL, NULL, plan->seed};
  int digits = v->text && v->n && strspn(v->text, "0123456789") == v->n;
  size_t how = random_below(plan->seed, 6);
  if (how < 3 && digits && v->type == '"') {
    text_add(t, v->text, v->n);
  } else if (how < 3 && v->type == '0') {
    put_text(t, v->text, v->n, 0);
  } else if (how == 3) {
    text_puts(t, "null");
  } else if (how == 4) {
    text_puts(t, "[");
    put_node(t, v, &none);
    text_puts(t, "]");
  } else {
    text_puts(t, "{\"id\":");
    put_node(t, v, &none);
    text_puts(t, "}");
  }
}

static void put_nest(text *t, const oracle_node *v, struct plan *plan) {
  static const size_t depths[] = {3, 61, 62, 63, 64, 65, 500, 5000};
  struct plan none = {CHANGES, NULL, NULL, plan->seed};
  size_t depth = ANY(depths, plan->seed), i;
  int object = random_below(plan->seed, 2) == 0;
  for (i = 0; i < depth; i++)
    text_puts(t, object ? "{\"a\":" : "[");
  put_node(t, v, &none);
  for (i = 0; i < depth; i++)
    text_puts(t, object ? "}" : "]");
}

static void put_long(text *t, struct plan *plan) {
  size_t n = random_below(plan->seed, 50) == 0   ? 1100000
             : random_below(plan->seed, 10) == 0 ? 70000
                                                 : 63;
  int blank = random_below(plan->seed, 4) == 0;
  n += random_below(plan->seed, 4);
  text_puts(t, "\"");
  while (n-- > 0)
    text_puts(t, blank ? " " : "7");
  text_puts(t, "\"");
}

/* The changed one. */
static void put_changed(text *t, const oracle_node *v, struct plan *plan) {
  struct plan none = {CHANGES, NULL, NULL, plan->seed};
  switch (plan->change) {
  case RETYPE:
    put_retyped(t, v, plan);
    break;
  case NEST:
    put_nest(t, v, plan);
    break;
  case HUGE:
    text_puts(t, ANY(numbers, plan->seed));
    break;
  case LONG:
    put_long(t, plan);
    break;
  case GRAFT:
    put_node(t, plan->graft, &none);
    break;
  case ESCAPE:
    put_text(t, v->text ? v->text : "", v->text ? v->n : 0, 1);
    break;
  default:
    text_puts(t, ANY(words, plan->seed));
  }
}

static void put_key(text *t, const oracle_node *v, struct plan *plan) {
  if (v == plan->at && plan->change == RENAME) {
    text_puts(t, "\"");
    text_puts(t, ANY(keys, plan->seed));
    text_puts(t, "\"");
  } else {
    put_text(t, v->key, v->key_n,
             v == plan->at && plan->change == ESCAPE &&
                 random_below(plan->seed, 2));
  }
  text_puts(t, ":");
}

/* A member that comes twice says different things. */
static void put_twin(text *t, const oracle_node *v, struct plan *plan) {
  put_text(t, v->key, v->key_n, random_below(plan->seed, 4) == 0);
  text_puts(t, ":");
  text_puts(t, ANY(words, plan->seed));
}

static void put_items(text *t, const oracle_node *v, struct plan *plan) {
  const oracle_node *i, *twin = NULL;
  int named = v->type == '{', some = 0, early;
  early = random_below(plan->seed, 2) == 0;
  for (i = v->first; i; i = i->next)
    if (named && i == plan->at && plan->change == TWICE)
      twin = i;
  text_puts(t, named ? "{" : "[");
  if (twin && early) {
    put_twin(t, twin, plan);
    some = 1;
  }
  for (i = v->first; i; i = i->next) {
    if (i == plan->at && plan->change == DROP)
      continue;
    text_puts(t, some ? "," : "");
    some = 1;
    if (named)
      put_key(t, i, plan);
    put_node(t, i, plan);
  }
  if (twin && !early) {
    text_puts(t, ",");
    put_twin(t, twin, plan);
  }
  text_puts(t, named ? "}" : "]");
}

/* JSON in a string, as in resultJson, is changed as JSON is. */
static int put_inside(text *t, const oracle_node *v, struct plan *plan) {
  text in = {NULL, 0, 0};
  if (plan->change != INSIDE || v->type != '"' ||
      (*v->text != '{' && *v->text != '['))
    return 0;
  text_set(&in, v->text, v->n);
  (void)mutate(&in, v->text, v->n, plan->seed);
  put_text(t, in.p, in.n, 0);
  text_free(&in);
  return 1;
}

static void put_node(text *t, const oracle_node *v, struct plan *plan) {
  static const enum change whole[] = {RETYPE, WORD,  NEST,  HUGE,
                                      LONG,   GRAFT, ESCAPE};
  size_t i;
  for (i = 0; v == plan->at && i < sizeof whole / sizeof whole[0]; i++)
    if (plan->change == whole[i] && (whole[i] != ESCAPE || v->text)) {
      put_changed(t, v, plan);
      return;
    }
  if (put_inside(t, v, plan))
    return;
  if (plan->change == SHUFFLE && random_below(plan->seed, 4) == 0)
    text_puts(t, random_below(plan->seed, 2) ? " \t" : "\r\n");
  switch (v->type) {
  case 'n':
    text_puts(t, "null");
    break;
  case 't':
    text_puts(t, "true");
    break;
  case 'f':
    text_puts(t, "false");
    break;
  case '0':
    text_add(t, v->text, v->n);
    break;
  case '"':
    put_text(t, v->text, v->n, 0);
    break;
  default:
    put_items(t, v, plan);
  }
}

/* Mostly one near the root, where what counts is said. */
static const oracle_node *pick(const oracle *o, uint64_t *seed) {
  size_t top = o->root->n, i;
  const oracle_node *v = o->root->first;
  if (!v || random_below(seed, 3) == 0)
    return &o->nodes[random_below(seed, o->count)];
  for (i = random_below(seed, top); i > 0; i--)
    v = v->next;
  return v;
}

const char *mutate_json(text *t, const char *other, size_t n, uint64_t *seed) {
  oracle mine, theirs;
  struct plan plan;
  text out = {NULL, 0, 0};
  oracle_read(&mine, t->p, t->n);
  oracle_read(&theirs, other, n);
  plan.change = (enum change)random_below(seed, CHANGES);
  plan.seed = seed;
  if (mine.root) {
    plan.at = pick(&mine, seed);
    plan.graft = theirs.root ? pick(&theirs, seed) : mine.root;
    put_node(&out, mine.root, &plan);
    text_set(t, out.p, out.n);
  }
  n = mine.root != NULL;
  text_free(&out);
  oracle_free(&mine);
  oracle_free(&theirs);
  return n ? names[plan.change] : NULL;
}
