/* SPDX-License-Identifier: MIT
   wire_case.c - see wire_case.h. */
#include "test.h"

#include "err.h"
#include "wire_case.h"

#include <dirent.h>
#include <sys/stat.h>

static struct wire_file read_whole(const char *folder, const char *name) {
  struct wire_file f = {NULL, 0};
  char path[800];
  FILE *in;
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  in = fopen(path, "rb");
  if (!in)
    return f;
  f.text = malloc((4 << 20) + 1);
  if (f.text) {
    f.n = fread(f.text, 1, 4 << 20, in);
    f.text[f.n] = '\0';
  }
  (void)fclose(in);
  return f;
}

static mj_json *read_json(const char *folder, const char *name) {
  struct wire_file f = read_whole(folder, name);
  mj_json *doc = NULL;
  if (f.text)
    (void)mj_json_parse(&doc, f.text, f.n, NULL, NULL, NULL);
  free(f.text);
  return doc;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct wire_case *)a)->name,
                ((const struct wire_case *)b)->name);
}

size_t wire_cases_read(struct wire_case *out, size_t most) {
  const char *root = getenv("MJ_SOURCE_DIR");
  char base[500], folder[700];
  struct dirent *e;
  struct stat st;
  size_t n = 0, i;
  DIR *dir;
  (void)snprintf(base, sizeof base, "%s/spec/wire/mj", root ? root : ".");
  dir = opendir(base);
  if (!dir)
    return 0;
  while ((e = readdir(dir)) && n < most) {
    (void)snprintf(folder, sizeof folder, "%s/%.150s", base, e->d_name);
    if (e->d_name[0] == '.' || stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
      continue;
    memset(&out[n], 0, sizeof out[n]);
    (void)snprintf(out[n].name, sizeof out[n].name, "%.79s", e->d_name);
    out[n].request = read_whole(folder, "request.http");
    out[n].reply = read_whole(folder, "reply.http");
    out[n].call = read_json(folder, "call.json");
    out[n].want = read_json(folder, "want.json");
    n++;
  }
  (void)closedir(dir);
  qsort(out, n, sizeof *out, by_name);
  for (i = 0; i < n; i++)
    if (!out[i].call || !out[i].want)
      (void)fprintf(stderr, "%s: call.json or want.json\n", out[i].name);
  return n;
}

void wire_cases_free(struct wire_case *cases, size_t n) {
  size_t i;
  for (i = 0; i < n; i++) {
    free(cases[i].request.text);
    free(cases[i].reply.text);
    mj_json_free(cases[i].call);
    mj_json_free(cases[i].want);
  }
}

/* call.json --------------------------------------------------------------- */

static char *dump(const mj_value *v) {
  struct mj__mem m;
  struct mj__buf b;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 4 << 20);
  mj__put_value(&b, v);
  return mj__buf_steal(&b);
}

/* The customId, by the task at hand where there is one. */
static int find_button(const mj_value *call, mj_request *r, char *id,
                       size_t size, mj_error *err) {
  const mj_value *json = mj__json_get(call, "task_json");
  struct mj__mem m;
  struct mj__arena a;
  mj_task t;
  int at;
  if (!json)
    return MJ_OK;
  mj__mem_init(&m, NULL, NULL);
  mj__arena_init(&a, &m);
  assert_int_equal(mj__wire_mj.task(json, &a, &t), MJ_OK);
  at = mj_button_find(t.buttons, t.nbuttons, r->button, err);
  if (at >= 0) {
    (void)snprintf(id, size, "%s", t.buttons[at].custom_id);
    r->button = id;
  }
  mj__arena_free(&a);
  return at < 0 ? at : MJ_OK;
}

/* What a file begins with; enough for mj__picture_type. */
static const struct {
  const char *name, *bytes;
  size_t n;
} magics[] = {{"png",
               "\x89PNG\r\n\x1a\n"
               "fixture",
               15},
              {"gif87", "GIF87afixture", 13},
              {"short", "\x89PN", 3},
              {"jpeg",
               "\xff\xd8\xff\xe0"
               "fixture",
               11},
              {"gif",
               "GIF89a"
               "fixture",
               13},
              {"webp",
               "RIFF\x10\0\0\0WEBP"
               "fixture",
               19},
              {"text", "not a picture", 13}};

static void read_picture(const mj_value *v, mj_picture *p) {
  const char *name = text_of(v, "magic");
  size_t i;
  memset(p, 0, sizeof *p);
  if (v->type == MJ_JSON_STRING)
    p->url = v->text;
  for (i = 0; name && i < COUNT(magics); i++)
    if (strcmp(magics[i].name, name) == 0) {
      p->bytes = magics[i].bytes;
      p->len = magics[i].n;
    }
}

static mj_op op_of(const char *name) {
  int op = 1;
  while (mj_op_name((mj_op)op) && strcmp(mj_op_name((mj_op)op), name) != 0)
    op++;
  return (mj_op)op;
}

/* An object as its text, a string as itself, so that it need not be JSON. */
static char *json_text(const mj_value *v) {
  return !v ? NULL : v->type == MJ_JSON_STRING ? strdup(v->text) : dump(v);
}

struct parts { /* what a request points into */
  mj_param params[32];
  mj_picture pictures[40], mask;
  char button[300];
  char *extra, *filter;
};

static void read_request(const mj_value *call, mj_request *r, struct parts *p) {
  const mj_value *v, *list = mj__json_get(call, "params");
  memset(r, 0, sizeof *r);
  memset(p, 0, sizeof *p);
  r->op = op_of(text_of(call, "op"));
  r->prompt = text_of(call, "prompt");
  r->params = p->params;
  for (v = list ? list->first : NULL; v; v = v->next) {
    p->params[r->nparams].name = v->key;
    p->params[r->nparams++].value = v->text;
  }
  list = mj__json_get(call, "pictures");
  r->pictures = p->pictures;
  for (v = list ? list->first : NULL; v; v = v->next)
    read_picture(v, &p->pictures[r->npictures++]);
  if (mj__json_get(call, "mask")) {
    read_picture(mj__json_get(call, "mask"), &p->mask);
    r->mask = &p->mask;
  }
  r->task = text_of(call, "task");
  r->button = text_of(call, "button");
  r->dimensions = text_of(call, "dimensions");
  r->language = text_of(call, "language");
  r->motion = text_of(call, "motion");
  r->video_type = text_of(call, "video_type");
  r->bot = text_of(call, "bot");
  r->notify_hook = text_of(call, "notify_hook");
  r->mode = text_of(call, "mode");
  r->loop = is_true(call, "loop");
  r->remix = is_true(call, "remix");
  r->lenient = is_true(call, "lenient");
  r->batch = number_of(call, "batch", 0);
  r->index = number_of(call, "index", 0);
  r->extra_json = p->extra = json_text(mj__json_get(call, "extra"));
  r->account_filter = p->filter =
      json_text(mj__json_get(call, "account_filter"));
}

/* MJ__R_NONE for what is paid. */
static enum mj__route question(const mj_value *call) {
  static const struct {
    const char *op;
    enum mj__route route;
  } all[] = {{"fetch", MJ__R_FETCH}, {"list", MJ__R_LIST},
             {"ids", MJ__R_IDS},     {"queue", MJ__R_QUEUE},
             {"seed", MJ__R_SEED},   {"cancel", MJ__R_CANCEL}};
  const char *op = text_of(call, "op");
  size_t i;
  for (i = 0; i < COUNT(all); i++)
    if (strcmp(all[i].op, op) == 0)
      return all[i].route;
  return MJ__R_NONE;
}

static int ask(const mj_value *call, const struct mj__gateway *g,
               struct mj__call *out, mj_error *err) {
  const mj_value *list = mj__json_get(call, "ids"), *v;
  const char *ids[16];
  size_t n = 0;
  if (mj__json_get(call, "task"))
    ids[n++] = text_of(call, "task");
  for (v = list ? list->first : NULL; v; v = v->next)
    ids[n++] = v->text;
  return mj__wire_mj.ask(out, g, text_of(call, "mode"), question(call), ids, n,
                         err);
}

int wire_case_encode(const mj_value *call, struct mj__call *out,
                     mj_error *err) {
  const mj_value *g = mj__json_get(call, "gateway");
  struct mj__gateway gateway;
  struct parts parts;
  mj_request r;
  int rc;
  gateway.base = text_of(g, "base");
  if (!gateway.base)
    gateway.base = "https://gateway.example";
  gateway.prefix = text_of(g, "prefix");
  gateway.mode = text_of(g, "mode");
  gateway.mode_style = text_of(g, "mode_style");
  if (!gateway.mode_style)
    gateway.mode_style = "mj-prefix";
  if (question(call))
    return ask(call, &gateway, out, err);
  read_request(call, &r, &parts);
  if (!mj_op_name(r.op))
    fail_msg("call.json: no such op: %s", text_of(call, "op"));
  rc = find_button(call, &r, parts.button, sizeof parts.button, err);
  if (rc == MJ_OK)
    rc = mj__wire_mj.put(out, &gateway, &r, text_of(call, "state"), err);
  free(parts.extra);
  free(parts.filter);
  return rc;
}
