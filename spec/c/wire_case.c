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

static void read_case(struct wire_case *c, const struct mj__wire *wire,
                      const char *folder, const char *name) {
  memset(c, 0, sizeof *c);
  (void)snprintf(c->name, sizeof c->name, "%s%.65s",
                 wire == &mj__wire_mj ? "" : "generate/", name);
  c->wire = wire;
  c->request = read_whole(folder, "request.http");
  c->reply = read_whole(folder, "reply.http");
  c->call = read_json(folder, "call.json");
  c->want = read_json(folder, "want.json");
}

static size_t read_family(struct wire_case *out, size_t most,
                          const struct mj__wire *wire) {
  const char *root = getenv("MJ_SOURCE_DIR");
  char base[500], folder[700];
  struct dirent *e;
  struct stat st;
  size_t n = 0;
  DIR *dir;
  (void)snprintf(base, sizeof base, "%s/spec/wire/%s", root ? root : ".",
                 wire->name);
  dir = opendir(base);
  if (!dir)
    return 0;
  while ((e = readdir(dir)) && n < most) {
    (void)snprintf(folder, sizeof folder, "%s/%.150s", base, e->d_name);
    if (e->d_name[0] != '.' && stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
      read_case(&out[n++], wire, folder, e->d_name);
  }
  (void)closedir(dir);
  return n;
}

size_t wire_cases_read(struct wire_case *out, size_t most) {
  size_t n = read_family(out, most, &mj__wire_mj), i;
  n += read_family(out + n, most - n, &mj__wire_generate);
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
static int find_button(const struct mj__wire *wire, const mj_value *call,
                       mj_request *r, char *id, size_t size, mj_error *err) {
  const mj_value *json = mj__json_get(call, "task_json");
  struct mj__mem m;
  struct mj__arena a;
  mj_task t;
  int at;
  if (!json)
    return MJ_OK;
  mj__mem_init(&m, NULL, NULL);
  mj__arena_init(&a, &m);
  assert_int_equal(wire->task(json, &a, &t), MJ_OK);
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
  mj_area areas[4];
  int points[4][16];
  mj_box canvas, place;
  char button[300];
  char *extra, *filter, *input;
};

static const mj_box *read_box(const mj_value *v, mj_box *b) {
  b->x = number_of(v, "x", 0);
  b->y = number_of(v, "y", 0);
  b->width = number_of(v, "width", 0);
  b->height = number_of(v, "height", 0);
  return v ? b : NULL;
}

/* What the generate family takes besides. */
static void read_generate(const mj_value *call, mj_request *r,
                          struct parts *p) {
  const mj_value *list = mj__json_get(call, "areas"), *v, *x;
  for (v = list ? list->first : NULL; v; v = v->next, r->nareas++) {
    mj_area *a = &p->areas[r->nareas];
    a->width = number_of(v, "width", 0);
    a->height = number_of(v, "height", 0);
    a->points = p->points[r->nareas];
    x = mj__json_get(v, "points");
    for (x = x ? x->first : NULL; x; x = x->next)
      p->points[r->nareas][a->npoints++] = (int)strtol(x->text, NULL, 10);
  }
  r->areas = p->areas;
  r->canvas = read_box(mj__json_get(call, "canvas"), &p->canvas);
  r->place = read_box(mj__json_get(call, "place"), &p->place);
  r->type = text_of(call, "type");
  r->strength = text_of(call, "strength");
  r->provider = text_of(call, "provider");
  r->input_json = p->input = json_text(mj__json_get(call, "input"));
}

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
  r->zoom = is_true(call, "zoom") ? 1.5 : 0;
  read_generate(call, r, p);
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

static int ask(const struct mj__wire *wire, const mj_value *call,
               const struct mj__gateway *g, struct mj__call *out,
               mj_error *err) {
  const mj_value *list = mj__json_get(call, "ids"), *v;
  const char *ids[16];
  size_t n = 0;
  if (mj__json_get(call, "task"))
    ids[n++] = text_of(call, "task");
  for (v = list ? list->first : NULL; v; v = v->next)
    ids[n++] = v->text;
  return wire->ask(out, g, text_of(call, "mode"), question(call), ids, n, err);
}

int wire_case_encode(const struct mj__wire *wire, const mj_value *call,
                     struct mj__call *out, mj_error *err) {
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
    return ask(wire, call, &gateway, out, err);
  read_request(call, &r, &parts);
  if (!mj_op_name(r.op))
    fail_msg("call.json: no such op: %s", text_of(call, "op"));
  rc = find_button(wire, call, &r, parts.button, sizeof parts.button, err);
  if (rc == MJ_OK)
    rc = wire->put(out, &gateway, &r, text_of(call, "state"), err);
  free(parts.extra);
  free(parts.filter);
  free(parts.input);
  return rc;
}
