/* SPDX-License-Identifier: MIT
   wire_generate_read.c - a task of the generate family, from the JSON of
   statusTask or of a callback. */
#include "wire_generate.h"

#include <string.h>
#include <strings.h>

/* Result URLs are valid for 15 days, by the guide. */
#define VALID_MS INT64_C(1296000000)
/* The year 9999: whatever lies behind is no time. */
#define LAST_MS INT64_C(253402300799999)

/* pending, processing, success, failed; what is new is not finished yet. */
static mj_status status_of(const char *word) {
  static const struct {
    const char *word;
    mj_status status;
  } words[] = {{"pending", MJ_ST_NOT_START},
               {"processing", MJ_ST_IN_PROGRESS},
               {"success", MJ_ST_SUCCESS},
               {"failed", MJ_ST_FAILURE}};
  size_t i;
  for (i = 0; word && i < sizeof words / sizeof words[0]; i++)
    if (strcasecmp(word, words[i].word) == 0)
      return words[i].status;
  return MJ_ST_UNKNOWN;
}

/* What a failCode means.  The list is open: newer pages of the provider have
   words like SensitiveContentDetected, older ones CONTENT_VIOLATION. */
static const struct {
  const char *code;
  int error, again; /* again: the same request may succeed later */
} failures[] = {
    {"CONTENT_VIOLATION", MJ_EBANNED_PROMPT, 0},
    {"NSFW_DETECTED", MJ_EBANNED_PROMPT, 0},
    {"SENSITIVE_CONTENT_DETECTED", MJ_EBANNED_PROMPT, 0},
    {"INVALID_TASK_ID", MJ_ENOT_FOUND, 0},
    {"INVALID_IMAGE_URL", MJ_EINVALID, 0},
    {"UNSUPPORTED_FORMAT", MJ_EINVALID, 0},
    {"INVALID_PROMPT", MJ_EINVALID, 0},
    {"PROMPT_TOO_LONG", MJ_EINVALID, 0},
    {"IMAGE_DOWNLOAD_FAILED", MJ_EINVALID, 0},
    {"IMAGE_TOO_LARGE", MJ_ETOO_LARGE, 0},
    {"INSUFFICIENT_CREDITS", MJ_EAUTH, 0},
    {"PROCESSING_TIMEOUT", MJ_EFAILED, 1},
    {"MODEL_UNAVAILABLE", MJ_EFAILED, 1},
    {"GENERATION_FAILED", MJ_EFAILED, 1},
};

static int lower(char c) {
  return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* CONTENT_VIOLATION is ContentViolation. */
static int same_code(const char *a, const char *b) {
  for (;; a++, b++) {
    a += *a == '_';
    b += *b == '_';
    if (lower(*a) != lower(*b))
      return 0;
    if (*a == '\0')
      return 1;
  }
}

static void read_failure(mj_task *t) {
  size_t i;
  if (!t->fail_reason)
    t->fail_reason = t->fail_code;
  if (t->status != MJ_ST_FAILURE || !t->fail_code)
    return;
  t->error = MJ_EFAILED;
  for (i = 0; i < sizeof failures / sizeof failures[0]; i++)
    if (same_code(t->fail_code, failures[i].code)) {
      t->error = failures[i].error;
      t->again = failures[i].again;
    }
}

/* Milliseconds; what can only be seconds is made so (10^11 ms are in 1973). */
static int64_t when(const mj_value *v) {
  int64_t n;
  if (!mj__json_int(v, &n) || n <= 0 || n > LAST_MS)
    return 0;
  return n < INT64_C(100000000000) ? n * 1000 : n;
}

/* "url" or {"url":..}. */
static const mj_value *url_of(const mj_value *v) {
  if (v->type == MJ_JSON_OBJECT)
    v = mj__json_get(v, "url");
  return v && v->type == MJ_JSON_STRING && v->len ? v : NULL;
}

/* The places of a result: which of the first four have a picture. */
struct grid {
  size_t places;
  unsigned there; /* a bit each */
};

/* kept: the texts of `result` live as long as the task does. */
static int read_urls(const mj_value *result, struct mj__arena *a, mj_task *t,
                     struct grid *g, int kept) {
  const mj_value *list = mj__json_get(result, "resultUrls"), *v;
  const char **urls;
  size_t i;
  if (result && result->type == MJ_JSON_ARRAY)
    list = result;
  if (!list)
    return MJ_OK;
  /* an address alone stands for a list of one */
  v = list->type == MJ_JSON_ARRAY ? list->first : list;
  g->places = list->type == MJ_JSON_ARRAY ? list->len : 1;
  if (g->places == 0)
    return MJ_OK;
  urls = mj__arena_alloc(a, g->places * sizeof *urls);
  if (!urls)
    return MJ_ERESOURCE;
  t->images = urls;
  for (i = 0; i < g->places; i++, v = v->next) {
    const mj_value *url = url_of(v);
    if (!url)
      continue;
    urls[t->nimages] =
        kept ? url->text : mj__arena_strndup(a, url->text, url->len);
    if (!urls[t->nimages])
      return MJ_ERESOURCE;
    t->nimages++;
    g->there |= i < 4 ? 1u << i : 0;
  }
  t->image_url = t->nimages ? urls[0] : NULL;
  return MJ_OK;
}

/* A string with JSON in it; adapters send the object itself, null, or "". */
static int read_result(const mj_value *v, struct mj__arena *a, mj_task *t,
                       struct grid *g) {
  mj_json *doc = NULL;
  int rc;
  memset(g, 0, sizeof *g);
  if (!v || v->type != MJ_JSON_STRING)
    return read_urls(v, a, t, g, 1);
  rc = mj_json_parse(&doc, v->text, v->len, a->mem.fn, a->mem.ud, NULL);
  if (rc == MJ_OK)
    rc = read_urls(mj_json_root(doc), a, t, g, 0);
  mj_json_free(doc);
  return rc == MJ_ERESOURCE ? rc : MJ_OK; /* no JSON is no pictures */
}

/* The modes that take a task and the number of its picture, which is its place
   on the wire, whatever is missing before it.  A result with one place is an
   upscaled picture. */
static const mj_button reroll = {"generate::reroll", NULL, "\xf0\x9f\x94\x84"};
static const mj_button ups[] = {{"generate::upscale::1", "U1", NULL},
                                {"generate::upscale::2", "U2", NULL},
                                {"generate::upscale::3", "U3", NULL},
                                {"generate::upscale::4", "U4", NULL}};
static const mj_button varies[] = {{"generate::vary::1", "V1", NULL},
                                   {"generate::vary::2", "V2", NULL},
                                   {"generate::vary::3", "V3", NULL},
                                   {"generate::vary::4", "V4", NULL}};

static mj_button *add_buttons(mj_button *b, const mj_button *from,
                              unsigned there) {
  size_t i;
  for (i = 0; i < 4; i++)
    if (there & (1u << i))
      *b++ = from[i];
  return b;
}

static int make_buttons(struct mj__arena *a, mj_task *t, const struct grid *g) {
  mj_button *b, *end;
  if (g->places < 2 || !g->there) {
    t->buttons = &reroll;
    t->nbuttons = 1;
    return MJ_OK;
  }
  b = mj__arena_alloc(a, 9 * sizeof *b);
  if (!b)
    return MJ_ERESOURCE;
  end = add_buttons(b, ups, g->there);
  *end++ = reroll;
  end = add_buttons(end, varies, g->there);
  t->buttons = b;
  t->nbuttons = (size_t)(end - b);
  return MJ_OK;
}

int mj__generate_task(const mj_value *root, struct mj__arena *a, mj_task *t) {
  const mj_value *data = mj__json_get(root, "data");
  struct grid grid;
  int rc;
  if (!data || data->type != MJ_JSON_OBJECT)
    data = root;
  memset(t, 0, sizeof *t);
  t->id = mj__data_id(data);
  t->status_text = mj__json_text(mj__json_get(data, "state"));
  t->status = status_of(t->status_text);
  t->progress = t->status == MJ_ST_SUCCESS ? 100 : -1;
  t->fail_reason = mj__json_text(mj__json_get(data, "failMsg"));
  t->fail_code = mj__json_text(mj__json_get(data, "failCode"));
  t->submitted_wall_ms = when(mj__json_get(data, "createTime"));
  t->finished_wall_ms = when(mj__json_get(data, "completeTime"));
  if (!mj__json_int(mj__json_get(data, "costTime"), &t->cost_ms) ||
      t->cost_ms < 0)
    t->cost_ms = 0;
  read_failure(t);
  rc = read_result(mj__json_get(data, "resultJson"), a, t, &grid);
  if (rc || t->status != MJ_ST_SUCCESS)
    return rc;
  if (t->finished_wall_ms)
    t->expires_wall_ms = t->finished_wall_ms + VALID_MS;
  return make_buttons(a, t, &grid);
}
