/* SPDX-License-Identifier: MIT
   picture.c - the addresses that imageUrl and videoUrl lead to. */
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mj_picture picture_of(const struct sim_task *t, int progress) {
  const char *words = t->answered && t->prompt_en ? t->prompt_en : t->prompt;
  struct mj_picture p = {t->kind,   words,     t->label[0] ? t->label : NULL,
                         t->steps,  t->nsteps, t->width,
                         t->height, progress};
  return p;
}

/* -1: it cannot be drawn. */
static int send_drawn(struct sim_call *c, const struct mj_picture *p) {
  unsigned char *png;
  size_t n;
  if (!c->s->draw || c->s->draw->picture(p, &png, &n))
    return -1;
  sim_putn(&c->out, (const char *)png, n);
  c->s->draw->free(png);
  sim_reply(c, 200, "image/png");
  return 0;
}

int sim_draw_tile(struct sim_call *c, const struct sim_task *t, int tile,
                  const char *label) {
  struct mj_picture_step steps[SIM_STEPS];
  struct mj_picture p = {MJ_PICTURE_TILE, t->prompt, label,     steps,
                         t->nsteps,       t->width,  t->height, 100};
  memcpy(steps, t->steps, sizeof steps);
  if (t->makes == SIM_GRID)
    steps[t->nsteps - 1].tile = tile;
  return send_drawn(c, &p);
}

struct sim_task *sim_task_in_path(const struct sim_call *c, const char **rest) {
  char hash[40];
  const char *p = strchr(c->id, '/');
  if (!p || (size_t)(p - c->id) >= sizeof hash)
    return NULL;
  snprintf(hash, sizeof hash, "%.*s", (int)(p - c->id), c->id);
  *rest = p + 1;
  return sim_task_job(c->s, hash);
}

static int draw(struct sim_call *c, const struct sim_task *t, int progress) {
  struct mj_picture p = picture_of(t, progress);
  if (progress < 100) { /* Midjourney's previews are small */
    p.width /= 2;
    p.height /= 2;
  }
  return send_drawn(c, &p);
}

static void no_picture(struct sim_call *c) {
  sim_put(&c->out, "404 page not found");
  sim_reply(c, 404, "text/plain");
}

static void image_error(struct sim_call *c, int status, const char *error) {
  sim_put(&c->out, "{");
  sim_put_member(&c->out, "error", error);
  sim_put(&c->out, "}");
  sim_reply(c, status, "application/json; charset=utf-8");
}

/* GET /mj/image/{id} of new-api; it asks for no key. */
void sim_image(struct sim_call *c) {
  const struct sim_task *t = sim_task_find(c->s, c->id);
  struct sim_view v;
  if (!t)
    image_error(c, 400, "midjourney_task_not_found");
  else if (!sim_row(c->s, t, c->now, &v) ||
           (v.status != SIM_SUCCESS && v.status != SIM_IN_PROGRESS))
    image_error(c, 500, "http_get_image_failed"); /* it has no address yet */
  else if (t->makes == SIM_SHORT || t->makes == SIM_DETAILS)
    image_error(c, 400, "proxy_url_invalid");  /* nor ever will */
  else if (t->makes == SIM_PROMPTS && t->file) /* what was described */
    sim_send_file(c, t->file);
  else if (draw(c, t, v.progress))
    no_picture(c);
}

static int64_t hex_of(const char *query, const char *name) {
  const char *p = query ? strstr(query, name) : NULL;
  return p ? strtoll(p + strlen(name), NULL, 16) : 0;
}

/* Discord wants its link whole: ex, is and hm, and not after ex. */
static int link_is_good(const struct sim_call *c, const struct sim_task *t) {
  const char *query = strchr(c->req->target, '?'), *hm;
  int64_t is = hex_of(query, "is="), ex = hex_of(query, "ex=");
  char want[72];
  hm = query ? strstr(query, "hm=") : NULL;
  sim_signature(t, is, want, sizeof want);
  return hm && !strncmp(hm + 3, want, 64) &&
         strspn(hm + 3, "0123456789abcdef") == 64 &&
         ex == is + (t->old ? 3650 : 1) * 86400 && c->now / 1000 <= ex;
}

/* GET /attachments/{channel}/{message}/{file}: Discord's, for novicezk. */
void sim_attachment(struct sim_call *c) {
  char message[32];
  const char *p = strchr(c->id, '/');
  struct sim_task *t = NULL;
  struct sim_view v;
  if (p && strcspn(p + 1, "/") < sizeof message) {
    snprintf(message, sizeof message, "%.*s", (int)strcspn(p + 1, "/"), p + 1);
    t = sim_task_message(c->s, message);
  }
  if (!t) {
    no_picture(c);
    return;
  }
  if (!link_is_good(c, t)) {
    sim_put(&c->out, "This content is no longer available.");
    sim_reply(c, 403, "text/plain");
    return;
  }
  v = sim_view_at(c->s, t, c->now);
  if (!strcmp(message, t->progress_id) && v.progress > 78)
    v.progress = 78; /* the last preview stays where it was */
  else if (!strcmp(message, t->message_id) && v.status != SIM_SUCCESS)
    v.progress = -1;
  if (v.progress <= 0 || draw(c, t, v.progress))
    no_picture(c);
}

/* The task and the number, from 0, of "{hash}/{0 to 3}.mp4". */
static struct sim_task *video_of(const struct sim_call *c, int *n) {
  const char *rest;
  struct sim_task *t = sim_task_in_path(c, &rest);
  if (!t || *rest < '0' || *rest > '3' || strcmp(rest + 1, ".mp4") != 0)
    return NULL;
  *n = *rest - '0';
  return *n < t->video ? t : NULL;
}

/* GET /video/{hash}/{n}.mp4, as Midjourney's own addresses have them: the first
   frame in motion. */
void sim_video(struct sim_call *c) {
  int number;
  const struct sim_task *t = video_of(c, &number);
  unsigned char *mp4;
  size_t n;
  if (!t || sim_view_at(c->s, t, c->now).status != SIM_SUCCESS || !c->s->draw) {
    no_picture(c);
    return;
  }
  struct mj_picture p = picture_of(t, 100);
  struct mj_video v = {&p, number, t->high};
  if (c->s->draw->video(&v, &mp4, &n)) {
    no_picture(c);
    return;
  }
  sim_putn(&c->out, (const char *)mp4, n);
  c->s->draw->free(mp4);
  sim_reply(c, 200, "video/mp4");
}
