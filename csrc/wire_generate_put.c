/* SPDX-License-Identifier: MIT
   wire_generate_put.c - the paid requests of the generate family: an envelope
   and, in it, an `input` whose "mode" says what is made.  Members that the
   caller did not set are not sent: the gateway's defaults hold. */
#include "wire_generate.h"
#include "err.h"
#include "picture.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The guide says 10 MB: the smaller reading of it, so that what is let through
   is not refused. */
enum { PICTURE_MAX = 10000000, PICTURES_MOST = 20, PICTURES_BEST = 2 };

/* Members --------------------------------------------------------------- */

void mj__input_name(struct mj__making *k, const char *name) {
  k->names[k->nnames++] = name;
  mj__put_name(k->b, name);
}

void mj__input_text(struct mj__making *k, const char *name, const char *v) {
  mj__input_name(k, name);
  mj__put_string(k->b, v);
}

/* "007" and "-0" are numbers in a prompt, but not in JSON. */
static void put_int(struct mj__making *k, const char *name, const char *v,
                    size_t n) {
  int minus = *v == '-';
  v += minus;
  n -= (size_t)minus;
  while (n > 1 && *v == '0') {
    v++;
    n--;
  }
  mj__input_name(k, name);
  if (minus && *v != '0')
    mj__buf_add(k->b, "-", 1);
  mj__buf_add(k->b, v, n);
}

static int put_version(struct mj__making *k, const struct mj__member *m) {
  static const char *const versions[] = {"v6", "v6.1", "v7", "niji 6",
                                         "niji 7"};
  char text[48];
  size_t i;
  (void)snprintf(text, sizeof text, "%s%.*s",
                 m->niji ? m->n ? "niji " : "niji" : "v", (int)m->n, m->value);
  for (i = 0; i < sizeof versions / sizeof versions[0]; i++)
    if (strcmp(text, versions[i]) == 0)
      break;
  if (i == sizeof versions / sizeof versions[0]) {
    static const char said[] =
        "version: v6, v6.1, v7, niji 6 or niji 7 expected, got %s";
    if (!k->r->lenient)
      return mj__err_set(k->err, MJ_EINVALID, said, text);
    mj__prompt_warn(k->call->warnings, said, text);
  }
  mj__input_text(k, "version", text);
  return MJ_OK;
}

static void put_aspect(struct mj__making *k, const struct mj__member *m) {
  static const char *const aspects[] = {"1:1", "1:2",  "2:1", "2:3",
                                        "3:2", "3:4",  "4:3", "5:6",
                                        "6:5", "9:16", "16:9"};
  char text[16]; /* 99999:99999 is the longest */
  size_t i;
  (void)snprintf(text, sizeof text, "%.*s", (int)m->n, m->value);
  for (i = 0; i < sizeof aspects / sizeof aspects[0]; i++)
    if (strcmp(text, aspects[i]) == 0)
      break;
  if (i == sizeof aspects / sizeof aspects[0])
    mj__prompt_warn(k->call->warnings,
                    "aspect: %s is none of those that this family documents",
                    text);
  mj__input_text(k, "aspect", text);
}

/* Speed ------------------------------------------------------------------- */

static const struct mj__member *named(const struct mj__split *split,
                                      const char *name, size_t *from) {
  for (; split && *from < MJ__PARAMETERS; (*from)++) {
    const struct mj__member *m = &split->at[*from];
    if (m->p && strcmp(m->p->generate, name) == 0)
      return &split->at[(*from)++];
  }
  return NULL;
}

static int no_relax(struct mj__making *k, const char *what) {
  return mj__err_set(k->err, MJ_EUNSUPPORTED,
                     "%s: the generate family has fast and turbo; relax is of "
                     "the mj family",
                     what);
}

/* Universal, as the guide has it: of each mode, not of imagine alone. */
static int put_speed(struct mj__making *k, const struct mj__split *split) {
  const char *speed = k->mode;
  const struct mj__member *m;
  size_t i = 0;
  if (speed && strcmp(speed, "relax") == 0)
    return no_relax(k, "mode");
  if (speed && strcmp(speed, "fast") != 0 && strcmp(speed, "turbo") != 0)
    return mj__err_set(k->err, MJ_EINVALID,
                       "mode: fast or turbo expected, got %.40s", speed);
  while ((m = named(split, "speed", &i)) != NULL) {
    const char *flag = m->p->flags; /* "--fast" */
    if (strcmp(flag, "--relax") == 0)
      return no_relax(k, flag);
    if (speed && strcmp(speed, flag + 2) != 0)
      return mj__err_set(k->err, MJ_EINVALID,
                         "mode: it is %s, and %s is in the prompt", speed,
                         flag);
    speed = flag + 2;
  }
  if (speed)
    mj__input_text(k, "speed", speed);
  return MJ_OK;
}

/* Prompts ----------------------------------------------------------------- */

static int is_member(const struct mj__parameter *p) {
  return p->generate != NULL;
}

int mj__few_members(const struct mj__parameter *p) {
  return p->generate && (strcmp(p->generate, "speed") == 0 ||
                         strcmp(p->generate, "version") == 0 ||
                         strcmp(p->generate, "enableTranslation") == 0);
}

int mj__input_prompt(struct mj__making *k, struct mj__split *split) {
  const mj_request *r = k->r;
  struct mj__buf text;
  int rc = mj__check_words(r->prompt, k->err);
  if (rc)
    return rc;
  mj__buf_init(&text, &k->b->mem, MJ__PROMPT_MAX);
  rc = mj__prompt_split(&text, split, k->call->warnings, r->prompt, r->params,
                        r->nparams, r->lenient, k->err);
  if (rc == MJ_OK)
    mj__input_text(k, "prompt", text.p);
  mj__buf_free(&text);
  return rc;
}

int mj__input_members(struct mj__making *k, const struct mj__split *split) {
  static const char *const names[] = {"aspect", "chaos", "stylize", "weird"};
  const struct mj__member *m;
  size_t i, at = 0;
  int rc = MJ_OK;
  m = named(split, "version", &at);
  if (m)
    rc = put_version(k, m);
  if (rc == MJ_OK)
    rc = put_speed(k, split);
  if (rc)
    return rc;
  for (i = 0; i < sizeof names / sizeof names[0]; i++) {
    at = 0;
    m = named(split, names[i], &at);
    if (m && i == 0)
      put_aspect(k, m);
    else if (m)
      put_int(k, names[i], m->value, m->n);
  }
  at = 0;
  m = named(split, "enableTranslation", &at);
  if (!m)
    return MJ_OK;
  if (split->takes == is_member) {
    mj__input_name(k, "enableTranslation");
    mj__buf_add(k->b, m->value, m->n);
  } else if (m->n == 4) { /* true */
    return mj__err_set(k->err, MJ_EUNSUPPORTED,
                       "translate: in this family imagine alone has it");
  }
  return MJ_OK;
}

/* Imagine ----------------------------------------------------------------- */

/* Bytes are looked at before they are refused: who has to put a picture
   somewhere should know that it is a good one. */
static int check_address(struct mj__making *k, size_t i) {
  const mj_picture *p = &k->r->pictures[i];
  char head[16];
  const char *type;
  if (mj__picture_is_url(p))
    return MJ_OK;
  type = mj__picture_type(head, mj__picture_head(p, head, sizeof head));
  if (!type || strcmp(type, "image/gif") == 0)
    return mj__err_set(k->err, MJ_EINVALID,
                       "picture %zu: this family takes JPG, PNG and WebP%s",
                       i + 1, type ? ", no GIF" : "");
  if (mj__picture_len(p) > PICTURE_MAX)
    return mj__err_set(k->err, MJ_ETOO_LARGE,
                       "picture %zu: this family takes 10 MB at most", i + 1);
  return mj__err_set(k->err, MJ_EINVALID,
                     "picture %zu: this family takes addresses; put the "
                     "picture where the gateway can reach it and give its URL",
                     i + 1);
}

int mj__input_pictures(struct mj__making *k, size_t least, size_t most) {
  const mj_request *r = k->r;
  size_t i;
  int rc = mj__check_pictures(r, least, most, k->err);
  for (i = 0; rc == MJ_OK && i < r->npictures; i++)
    rc = check_address(k, i);
  if (rc)
    return rc;
  if (r->npictures > PICTURES_BEST)
    mj__prompt_warn(k->call->warnings,
                    "pictures: %zu of them; more reference images are less "
                    "control over the output, 1 or 2 give the best results",
                    r->npictures);
  mj__input_name(k, "image_urls");
  for (i = 0; i < r->npictures; i++) {
    mj__buf_add(k->b, i ? "," : "[", 1);
    mj__put_string(k->b, r->pictures[i].url);
  }
  mj__buf_add(k->b, "]", 1);
  return MJ_OK;
}

/* The guide: "Describe the desired result, not the editing action." */
static void warn_of_command(struct mj__making *k) {
  static const char *const words[] = {"add",     "adjust", "change", "convert",
                                      "delete",  "edit",   "erase",  "make",
                                      "modify",  "move",   "put",    "remove",
                                      "replace", "swap",   "turn"};
  const char *s = k->r->prompt + strspn(k->r->prompt, " \t\r\n");
  size_t n = strcspn(s, " \t\r\n"), i;
  for (i = 0; i < sizeof words / sizeof words[0]; i++)
    if (strlen(words[i]) == n && strncasecmp(s, words[i], n) == 0)
      mj__prompt_warn(k->call->warnings,
                      "prompt: it begins with \"%s\"; with pictures, describe "
                      "what you want to see, not editing actions: \"a dog in "
                      "a park\" instead of \"change background to park\"",
                      words[i]);
}

static int put_imagine(struct mj__making *k) {
  struct mj__split split = {.takes = is_member};
  int pictures = k->r->npictures > 0, rc;
  mj__input_text(k, "mode", pictures ? "image-to-image" : "text-to-image");
  rc = mj__input_prompt(k, &split);
  if (rc == MJ_OK && pictures) {
    warn_of_command(k);
    rc = mj__input_pictures(k, 1, PICTURES_MOST);
  }
  return rc ? rc : mj__input_members(k, &split);
}

/* An input as it stands --------------------------------------------------- */

static int put_generate(struct mj__making *k) {
  const mj_value *v, *mode;
  int rc;
  if (!k->r->input_json)
    return mj__err_set(k->err, MJ_EINVALID, "input: an object expected");
  if (k->r->mode)
    return mj__err_set(k->err, MJ_EINVALID,
                       "mode: give the speed as a member of input");
  rc =
      mj__read_object(&k->b->mem, "input", k->r->input_json, &k->input, k->err);
  if (rc)
    return rc;
  mode = mj__json_get(mj_json_root(k->input), "mode");
  if (!mode || mode->type != MJ_JSON_STRING || mode->len == 0)
    return mj__err_set(k->err, MJ_EINVALID,
                       "input: a member \"mode\" expected, a string");
  for (v = mj_json_root(k->input)->first; v; v = v->next) {
    mj__put_name(k->b, v->key);
    mj__put_value(k->b, v);
  }
  return MJ_OK;
}

/* The envelope ------------------------------------------------------------ */

/* What only the other family has. */
static int refuse(const mj_request *r, mj_error *err) {
  const struct {
    const char *field;
    int given;
  } fields[] = {{"mask", r->op == MJ_OP_CLICK && r->mask},
                {"zoom", r->op == MJ_OP_CLICK && r->zoom != 0},
                {"remix", r->op == MJ_OP_CLICK && r->remix},
                {"account_filter", r->account_filter != NULL}};
  size_t i;
  if (mj__generate_verb(r->op) == MJ__R_NONE)
    return mj__not_here(&mj__wire_generate, r->op, err);
  for (i = 0; i < sizeof fields / sizeof fields[0]; i++)
    if (fields[i].given)
      return mj__no_field(&mj__wire_generate, fields[i].field, err);
  if (r->bot)
    return mj__err_set(err, MJ_EUNSUPPORTED,
                       "bot: of the mj family; here say version = \"niji 7\"");
  return MJ_OK;
}

static int our_input(const void *ud, const char *name) {
  const struct mj__making *k = ud;
  size_t i;
  for (i = 0; i < k->nnames; i++)
    if (strcmp(name, k->names[i]) == 0)
      return 1;
  return k->input && mj__json_get(mj_json_root(k->input), name);
}

static int our_envelope(const void *ud, const char *name) {
  const struct mj__making *k = ud;
  if (strcmp(name, "input") == 0)
    return -1; /* joined ours */
  return strcmp(name, "request_type") == 0 ||
         (k->r->notify_hook && strcmp(name, "callback_url") == 0) ||
         (k->r->provider && strcmp(name, "provider") == 0);
}

/* A test's receiver, or one behind a tunnel. */
static int leads_here(const char *host) {
  size_t n = strcspn(host, ":/?#");
  return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 ||
         (n == 9 && strncasecmp(host, "localhost", 9) == 0);
}

static int put_head(struct mj__making *k) {
  const mj_request *r = k->r;
  size_t n = r->provider ? strlen(r->provider) : 0;
  mj__put_member(k->b, "request_type", r->notify_hook ? "callback" : "async");
  if (r->notify_hook) {
    if (strncasecmp(r->notify_hook, "http://", 7) == 0 &&
        !leads_here(r->notify_hook + 7))
      mj__prompt_warn(k->call->warnings,
                      "notify_hook: this family calls https addresses only");
    mj__put_member(k->b, "callback_url", r->notify_hook);
  }
  if (!r->provider)
    return MJ_OK;
  if (strcmp(r->provider, "auto") != 0 && strcmp(r->provider, "value") != 0 &&
      strcmp(r->provider, "official") != 0) {
    if (n == 0 || mj__utf8_check(r->provider, n) != n)
      return mj__err_set(k->err, MJ_EINVALID,
                         "provider: auto, value or official expected");
    mj__prompt_warn(k->call->warnings,
                    "provider: auto, value or official expected, got %.40s "
                    "(sent as it is)",
                    r->provider);
  }
  mj__put_member(k->b, "provider", r->provider);
  return MJ_OK;
}

static int put_all(struct mj__making *k) {
  static int (*const verbs[])(struct mj__making * k) = {
      [MJ_OP_IMAGINE] = put_imagine,
      [MJ_OP_CLICK] = mj__input_click,
      [MJ_OP_INPAINT] = mj__input_paint,
      [MJ_OP_GENERATE] = put_generate,
  };
  const mj_value *extra = NULL, *inner;
  int rc = put_head(k);
  if (rc == MJ_OK && k->r->extra_json) {
    rc = mj__read_object(&k->b->mem, "extra", k->r->extra_json, &k->extra,
                         k->err);
    extra = rc == MJ_OK ? mj_json_root(k->extra) : NULL;
  }
  inner = mj__json_get(extra, "input");
  if (inner && inner->type != MJ_JSON_OBJECT)
    return mj__err_set(k->err, MJ_EINVALID,
                       "extra: an object expected as \"input\"");
  mj__put_name(k->b, "input");
  mj__buf_puts(k->b, "{");
  if (rc == MJ_OK)
    rc = verbs[k->r->op](k);
  if (rc == MJ_OK && inner)
    rc = mj__put_extra(k->b, inner, our_input, k, k->err);
  mj__buf_puts(k->b, "}");
  if (rc == MJ_OK && extra)
    rc = mj__put_extra(k->b, extra, our_envelope, k, k->err);
  mj__buf_puts(k->b, "}");
  return rc ? rc : mj__call_done(k->call, k->err);
}

/* The wire has no `state`: a task whose id is lost cannot be found. */
int mj__generate_put(struct mj__call *call, const struct mj__gateway *g,
                     const mj_request *r, const char *token, mj_error *err) {
  struct mj__making k;
  int rc = refuse(r, err);
  (void)token;
  if (rc)
    return rc;
  memset(&k, 0, sizeof k);
  k.call = call;
  k.b = &call->body;
  k.r = r;
  k.mode = r->mode ? r->mode : g->mode;
  k.err = err;
  call->method = "POST";
  call->paid = 1;
  call->route = MJ__R_GENERATE;
  mj__put_base(call, g);
  mj__buf_puts(&call->url, "/api/v1/generateTask/midjourney");
  mj__buf_puts(&call->body, "{");
  rc = put_all(&k);
  mj_json_free(k.extra);
  mj_json_free(k.input);
  return rc;
}
