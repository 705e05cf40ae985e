/* SPDX-License-Identifier: MIT
   media.c - the submissions that are about pictures: blend, describe, video,
   edits, retexture, upload, insight-face. */
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A task of its own; description and prompt are copied, and may be NULL. */
static struct sim_task *make(struct sim_call *c, const char *action,
                             enum sim_makes makes, uint64_t key,
                             const char *prompt) {
  char about[96];
  struct sim_task *t;
  snprintf(about, sizeof about, "%s %016llx", action,
           (unsigned long long)sim_mix(key, sim_hash(prompt ? prompt : "", 6)));
  t = sim_task_new(c->s, about);
  if (!t)
    return NULL;
  t->action = action;
  t->makes = makes;
  t->kind = makes == SIM_GRID ? MJ_PICTURE_GRID : MJ_PICTURE_TILE;
  t->steps[0].seed = t->key;
  t->steps[0].tile = makes == SIM_GRID ? 0 : 1;
  t->nsteps = 1;
  if (prompt)
    t->prompt = sim_copy(prompt);
  sim_obey(t, prompt ? prompt : "");
  sim_task_name(c->s, t);
  if (!prompt || t->prompt)
    return t;
  sim_task_free(t);
  return NULL;
}

/* Frees *t when something could not be allocated. */
static void finish(struct sim_call *c, struct sim_task *t, int bad) {
  if (bad) {
    sim_task_free(t);
    t = NULL;
  }
  sim_submit(c, t);
}

static int describe_as(struct sim_task *t, const char *verb, const char *what) {
  struct sim_buf b = {0};
  sim_putf(&b, "/%s ", verb);
  sim_put(&b, what);
  t->description = b.p;
  return b.p ? 0 : -1;
}

/* /submit/blend ------------------------------------------------------------ */

static const struct {
  const char *name, *flag;
} dimensions[] = {{"PORTRAIT", " --ar 2:3"},
                  {"SQUARE", " --ar 1:1"},
                  {"LANDSCAPE", " --ar 3:2"},
                  {NULL, NULL}};

/* Two to five pictures, whose addresses become a prompt. */
static struct sim_task *blend(struct sim_call *c, struct sim_picture *p,
                              size_t n, const char *flag) {
  struct sim_buf urls = {0};
  uint64_t key = sim_hash(flag, 1);
  struct sim_task *t;
  char text[48];
  int bad = 0;
  for (size_t i = 0; i < n; i++)
    key = sim_mix(key, sim_picture_key(&p[i]));
  for (size_t i = 0; i < n && !bad; i++) {
    size_t file;
    char *link = sim_picture_link(c->s, &p[i], NULL, &file);
    bad = !link;
    sim_put(&urls, i ? " " : "");
    sim_put(&urls, link ? link : "");
    free(link);
  }
  sim_put(&urls, flag);
  t = bad || !urls.p ? NULL : make(c, "BLEND", SIM_GRID, key, NULL);
  if (!t) {
    sim_buf_free(&urls);
    return NULL;
  }
  snprintf(text, sizeof text, "%s %zu", t->id, n);
  t->prompt_en = urls.p;
  t->final_prompt = sim_final_prompt(urls.p);
  t->width = t->height = 0;
  sim_obey(t, urls.p);
  if (t->final_prompt && !describe_as(t, "blend", text))
    return t;
  sim_task_free(t);
  return NULL;
}

void sim_submit_blend(struct sim_call *c) {
  const char *dims = sim_body_text(c->body, "dimensions");
  size_t n = sim_body_items(c->body, "base64Array"), read = 0, d = 1;
  struct sim_picture p[5];
  if (sim_unsold(c, "blend"))
    return;
  if (n < 2 || n > 5) {
    sim_refuse(c, 4, sim_text(c, SIM_TEXT_PICTURES));
    return;
  }
  if (sim_body_null(c->body, "dimensions")) {
    sim_refuse(c, 4, "dimensions参数错误");
    return;
  }
  for (d = dims ? 0 : 1; dimensions[d].name; d++)
    if (!dims || !strcmp(dims, dimensions[d].name))
      break;
  if (!dimensions[d].name) {
    sim_refuse_value(c, "dimensions");
    return;
  }
  while (read < n) {
    int is_string;
    const char *text = sim_body_item(c->body, "base64Array", read, &is_string);
    if (sim_picture_read(c, text, &p[read]))
      break;
    read++;
  }
  if (read < n)
    sim_refuse(c, 4, "base64格式错误");
  else
    sim_submit(c, blend(c, p, n, dimensions[d].flag));
  while (read)
    sim_picture_free(&p[--read]);
}

/* /submit/describe --------------------------------------------------------- */

static int describe(struct sim_call *c, struct sim_task *t,
                    struct sim_picture *p) {
  char name[64];
  int width, height;
  sim_picture_size(p, &width, &height);
  snprintf(name, sizeof name, "%s.%s", t->id, p->suffix);
  t->direct = 1;
  t->length /= 4;
  if (describe_as(t, "describe", name) ||
      sim_describe(t, t->key, width, height, sim_on(c, SIM_TRUEAI)))
    return -1;
  t->source = sim_picture_link(c->s, p, t->id, &t->file);
  return t->source ? 0 : -1;
}

void sim_submit_describe(struct sim_call *c) {
  const char *text = sim_body_text(c->body, "base64");
  const char *link = sim_body_text(c->body, "link");
  struct sim_picture p;
  struct sim_task *t;
  if (sim_unsold(c, "describe"))
    return;
  if (!sim_has(c, SIM_ADDRESSES) || sim_blank(link))
    link = NULL;
  if (sim_blank(text) && !link) {
    sim_refuse(c, 4, sim_text(c, SIM_TEXT_DESCRIBE));
    return;
  }
  if (link && strncmp(link, "http://", 7) && strncmp(link, "https://", 8)) {
    sim_refuse(c, 4, "链接格式错误");
    return;
  }
  if (sim_picture_read(c, sim_blank(text) ? link : text, &p)) {
    sim_refuse(c, 4, "base64格式错误");
    return;
  }
  t = make(c, "DESCRIBE", SIM_PROMPTS, sim_picture_key(&p), NULL);
  finish(c, t, !t || describe(c, t, &p));
  sim_picture_free(&p);
}

/* /submit/edits, /submit/retexture ----------------------------------------- */

static void edit(struct sim_call *c, const char *action, const char *verb) {
  const char *prompt = sim_body_text(c->body, "prompt");
  const char *image = sim_body_text(c->body, "image");
  struct sim_picture p;
  struct sim_task *t;
  if (sim_blank(prompt) || sim_blank(image)) {
    sim_refuse(c, 4, "image或prompt不能为空");
    return;
  }
  /* what stands behind new-api here can only be a trueai */
  if (sim_picture_read(c, image, &p) && strncmp(image, "http", 4)) {
    sim_refuse(c, 4, "base64格式错误");
    return;
  }
  if (!p.bytes)
    p.url = image;
  if (!sim_refuse_banned(c, prompt)) {
    t = make(c, action, SIM_TILE, sim_picture_key(&p), prompt);
    sim_fail_banned(c, t, prompt);
    if (t) {
      t->final_prompt = sim_final_prompt(prompt);
      t->source = sim_picture_link(c->s, &p, NULL, &t->file);
    }
    finish(c, t,
           !t || !t->final_prompt || !t->source ||
               describe_as(t, verb, prompt));
  }
  sim_picture_free(&p);
}

void sim_submit_edits(struct sim_call *c) {
  if (!sim_unsold(c, "edits"))
    edit(c, sim_has(c, SIM_ROWS) ? "EDITS" : "EDIT", "edit");
}

void sim_submit_retexture(struct sim_call *c) {
  edit(c, "RETEXTURE", "retexture");
}

/* /submit/upload-discord-images -------------------------------------------- */

static void put_link(struct sim_call *c, struct sim_buf *list, size_t i) {
  int is_string;
  size_t file;
  struct sim_picture p;
  char *link;
  const char *text = sim_body_item(c->body, "base64Array", i, &is_string);
  if (sim_picture_read(c, text, &p)) {
    list->failed = 1;
    return;
  }
  link = sim_picture_link(c->s, &p, NULL, &file);
  sim_put(list, i ? "," : "");
  sim_put_string(list, link ? link : "");
  free(link);
  sim_picture_free(&p);
}

/* One address for each, in their order.  No task comes of it. */
void sim_submit_upload(struct sim_call *c) {
  size_t n = sim_body_items(c->body, "base64Array");
  struct sim_buf list = {0};
  if (sim_unsold(c, "upload"))
    return;
  if (!n) {
    sim_refuse(c, 4, "base64 参数错误");
    return;
  }
  for (size_t i = 0; i < n && !list.failed; i++)
    put_link(c, &list, i);
  if (list.failed || !list.p) {
    sim_refuse(c, 4, "base64格式错误");
  } else {
    sim_put(&c->out, "{\"code\":1,\"description\":\"提交成功\",\"result\":[");
    sim_put(&c->out, list.p);
    sim_put(&c->out, "],\"properties\":{}}");
    sim_reply(c, 200, c->s->profile->json);
  }
  sim_buf_free(&list);
}

/* /insight-face ------------------------------------------------------------ */

/* Either "NAMEBase64" or, at trueai, "NAMEUrl". */
static const char *face_field(const struct sim_call *c, const char *base64,
                              const char *url) {
  const char *text = sim_body_text(c->body, base64);
  if (sim_blank(text) && sim_has(c, SIM_ADDRESSES))
    text = sim_body_text(c->body, url);
  return sim_blank(text) ? NULL : text;
}

static void swap(struct sim_call *c, const char *action, const char *source,
                 uint64_t target) {
  struct sim_picture face;
  struct sim_task *t;
  if (sim_picture_read(c, source, &face)) {
    sim_refuse(c, 4, sim_text(c, SIM_TEXT_FACE_FORMAT));
    return;
  }
  t = make(c, action, SIM_FACE, sim_mix(sim_picture_key(&face), target), NULL);
  if (t) {
    snprintf(t->label, sizeof t->label, "face");
    t->bot = "INSIGHT_FACE";
    t->description = sim_copy("/swap");
    t->direct = 1;
    t->length /= 2;
    if (sim_has(c, SIM_ROWS))
      t->prompt = sim_copy("InsightFace"); /* RelaySwapFace */
    if (!strcmp(action, "SWAP_VIDEO_FACE")) {
      t->makes = SIM_VIDEO;
      t->video = 1;
    }
  }
  finish(c, t, !t || !t->description);
  sim_picture_free(&face);
}

void sim_swap_face(struct sim_call *c) {
  const char *source = face_field(c, "sourceBase64", "sourceUrl");
  const char *target = face_field(c, "targetBase64", "targetUrl");
  struct sim_picture body;
  uint64_t key;
  if (sim_unsold(c, "swap_face"))
    return;
  if (sim_has(c, SIM_ROWS) && (!source || !target)) {
    sim_refuse_mj(c, 400, 4, "sour_base64_and_target_base64_is_required");
    return;
  }
  if (!source || !target) {
    sim_refuse(c, 4, sim_text(c, source ? SIM_TEXT_BODY : SIM_TEXT_FACE));
    return;
  }
  if (sim_on(c, SIM_TRUEAI) && !strcmp(source, target)) {
    sim_refuse(c, 4, "人脸图片和目标图片不能相同");
    return;
  }
  if (sim_picture_read(c, target, &body)) {
    sim_refuse(c, 4, sim_text(c, SIM_TEXT_BODY_FORMAT));
    return;
  }
  key = sim_picture_key(&body);
  sim_picture_free(&body);
  swap(c, "SWAP_FACE", source, key);
}

/* Where the text begins within these bytes, or NULL. */
static const char *find(const char *p, const char *end, const char *text) {
  size_t n = strlen(text);
  for (; p && n <= (size_t)(end - p); p++)
    if (!memcmp(p, text, n))
      return p;
  return NULL;
}

/* A field of a multipart form; *n of its bytes.  NULL when it is not there. */
static const char *form_field(const struct sim_call *c, const char *name,
                              size_t *n) {
  const char *mark = strstr(c->req->content_type, "boundary=");
  const char *p = c->req->body, *end = p ? p + c->req->len : NULL;
  char boundary[80], key[48];
  if (!p || !mark)
    return NULL;
  mark += 9 + (mark[9] == '"');
  snprintf(boundary, sizeof boundary, "--%.*s", (int)strcspn(mark, "\";"),
           mark);
  snprintf(key, sizeof key, "name=\"%s\"", name);
  while ((p = find(p, end, boundary)) != NULL) {
    const char *data = find(p, end, "\r\n\r\n"), *stop;
    if (!data)
      return NULL;
    stop = find(data, end, boundary);
    if (stop && stop >= data + 6 && find(p, data, key)) {
      *n = (size_t)(stop - data) - 6; /* blank line before, line end after */
      return data + 4;
    }
    p = data;
  }
  return NULL;
}

/* trueai alone; a form, since it carries a film. */
void sim_swap_video_face(struct sim_call *c) {
  const char *source, *target;
  size_t n = 0, m = 0;
  char *text;
  if (!c->req->content_type ||
      strncasecmp(c->req->content_type, "multipart/form-data", 19)) {
    c->s->profile->bad_body(c, 1);
    return;
  }
  source = form_field(c, "SourceBase64", &n);
  target = form_field(c, "TargetFile", &m);
  if (!n)
    source = form_field(c, "SourceUrl", &n);
  if (!m)
    target = form_field(c, "TargetUrl", &m);
  if (!n || !m) {
    sim_refuse(c, 4, n ? "目标视频不能为空" : "人脸图片不能为空");
    return;
  }
  text = malloc(n + 1);
  if (!text) {
    sim_answer(c, 9, NULL, 0);
    return;
  }
  memcpy(text, source, n);
  text[n] = '\0';
  swap(c, "SWAP_VIDEO_FACE", text, sim_hash_bytes(target, m, 4));
  free(text);
}
