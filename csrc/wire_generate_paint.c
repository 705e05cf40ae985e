/* SPDX-License-Identifier: MIT
   wire_generate_paint.c - the mode upload-paint: parts of a picture made anew.
   The guide names the members; what they must be like is from the documents of
   other gateways to the same service. */
#include "wire_generate.h"
#include "err.h"
#include "picture.h"

#include <stdio.h>

/* Beyond LONGEST_SIDE it is no size of a picture; LEAST and MOST are those of
   another gateway, and may be others here. */
enum { LONGEST_SIDE = 8192, LEAST = 500, MOST = 4096 };

static int check_size(struct mj__making *k, const char *what, int width,
                      int height) {
  if (width < 1 || height < 1 || width > LONGEST_SIDE || height > LONGEST_SIDE)
    return mj__err_set(k->err, MJ_EINVALID,
                       "%s: width and height of 1..%d expected, got %d x %d",
                       what, (int)LONGEST_SIDE, width, height);
  if (width < LEAST || height < LEAST || width > MOST || height > MOST)
    mj__prompt_warn(k->call->warnings,
                    "%s: %d x %d may be refused: sides of %d..%d are usual",
                    what, width, height, (int)LEAST, (int)MOST);
  return MJ_OK;
}

/* Twice what the points enclose; above 0 where they go clockwise, since y
   grows downwards. */
static int64_t enclosed(const mj_area *a) {
  int64_t sum = 0;
  size_t i, j;
  for (i = 0; i < a->npoints; i += 2) {
    j = (i + 2) % a->npoints;
    sum += (int64_t)a->points[i] * a->points[j + 1] -
           (int64_t)a->points[j] * a->points[i + 1];
  }
  return sum;
}

static int check_area(struct mj__making *k, const mj_area *a, size_t number) {
  char what[40];
  size_t i;
  int rc;
  (void)snprintf(what, sizeof what, "area %zu", number);
  rc = check_size(k, what, a->width, a->height);
  if (rc)
    return rc;
  if (!a->points || a->npoints < 6 || a->npoints % 2)
    return mj__err_set(k->err, MJ_EINVALID,
                       "%s: x and y of 3 points or more expected, got %zu "
                       "numbers",
                       what, a->points ? a->npoints : 0);
  for (i = 0; i < a->npoints; i += 2)
    if (a->points[i] < 0 || a->points[i] > a->width || a->points[i + 1] < 0 ||
        a->points[i + 1] > a->height)
      return mj__err_set(k->err, MJ_EINVALID,
                         "%s: the point %d, %d is not in %d x %d", what,
                         a->points[i], a->points[i + 1], a->width, a->height);
  if (enclosed(a) == 0)
    return mj__err_set(k->err, MJ_EINVALID, "%s: the points enclose nothing",
                       what);
  if (a->width != k->r->areas[0].width || a->height != k->r->areas[0].height)
    mj__prompt_warn(k->call->warnings,
                    "%s: it is of another picture than area 1, by its size",
                    what);
  return MJ_OK;
}

/* Clockwise, as the guide wants them, and from the same point on. */
static void put_points(struct mj__buf *b, const mj_area *a) {
  size_t i, at, n = a->npoints;
  int back = enclosed(a) < 0;
  for (i = 0; i < n; i += 2) {
    at = back && i > 0 ? n - i : i;
    mj__buf_printf(b, "%s%d,%d", i ? "," : "", a->points[at],
                   a->points[at + 1]);
  }
}

static int check_mask(struct mj__making *k) {
  const mj_request *r = k->r;
  size_t i;
  int rc = MJ_OK;
  if (r->nareas == 0 && !r->mask)
    return mj__err_set(k->err, MJ_EINVALID,
                       "mask: areas or a black and white picture expected");
  for (i = 0; rc == MJ_OK && i < r->nareas; i++)
    rc = check_area(k, &r->areas[i], i + 1);
  if (rc == MJ_OK && r->mask)
    rc = mj__picture_check(r->mask, "mask", k->err);
  return rc;
}

static void put_mask(struct mj__making *k) {
  const mj_request *r = k->r;
  size_t i;
  mj__input_name(k, "mask");
  mj__buf_puts(k->b, "{");
  if (r->nareas) {
    mj__put_name(k->b, "areas");
    for (i = 0; i < r->nareas; i++) {
      const mj_area *a = &r->areas[i];
      mj__buf_printf(k->b, "%s{\"width\":%d,\"height\":%d,\"points\":[",
                     i ? "," : "[", a->width, a->height);
      put_points(k->b, a);
      mj__buf_puts(k->b, "]}");
    }
    mj__buf_puts(k->b, "]");
  }
  if (r->mask)
    mj__put_picture(k->b, "url", r->mask);
  mj__buf_puts(k->b, "}");
}

/* The size of the picture, by its mask: 1, or 0 = it does not tell. */
static int find_size(const mj_request *r, mj_box *size) {
  size->x = size->y = size->width = size->height = 0;
  if (r->nareas == 0)
    return mj__picture_size(r->mask, &size->width, &size->height);
  size->width = r->areas[0].width;
  size->height = r->areas[0].height;
  return 1;
}

/* *size: where the picture lies, if nobody says. */
static int find_canvas(struct mj__making *k, mj_box *canvas, mj_box *size) {
  const mj_request *r = k->r;
  int known = find_size(r, size), rc;
  *canvas = r->canvas ? *r->canvas : *size;
  if (!r->canvas && !known)
    return mj__err_set(k->err, MJ_EINVALID,
                       "canvas: width and height expected: the mask does not "
                       "tell its size");
  if (!r->canvas && r->nareas)
    return MJ_OK; /* it was checked */
  rc = check_size(k, "canvas", canvas->width, canvas->height);
  if (!known)
    *size = *canvas;
  if (rc == MJ_OK && !r->place &&
      (canvas->width < size->width || canvas->height < size->height))
    return mj__err_set(k->err, MJ_EINVALID,
                       "canvas: %d x %d is smaller than the picture, %d x %d, "
                       "and no place says how the picture lies on it",
                       canvas->width, canvas->height, size->width,
                       size->height);
  return rc;
}

static int put_place(struct mj__making *k, const mj_box *canvas,
                     const mj_box *size) {
  const mj_box *p = k->r->place ? k->r->place : size;
  if (p->width < 1 || p->height < 1 || p->width > LONGEST_SIDE ||
      p->height > LONGEST_SIDE)
    return mj__err_set(k->err, MJ_EINVALID,
                       "place: width and height of 1..%d expected, got %d x %d",
                       (int)LONGEST_SIDE, p->width, p->height);
  if (p->x < 0 || p->y < 0 || p->x > canvas->width - p->width ||
      p->y > canvas->height - p->height)
    mj__prompt_warn(k->call->warnings, "place: a part of it is off the canvas");
  mj__input_name(k, "canvas");
  mj__buf_printf(k->b, "{\"width\":%d,\"height\":%d}", canvas->width,
                 canvas->height);
  mj__input_name(k, "imgPos");
  mj__buf_printf(k->b, "{\"x\":%d,\"y\":%d,\"width\":%d,\"height\":%d}", p->x,
                 p->y, p->width, p->height);
  return MJ_OK;
}

int mj__input_paint(struct mj__making *k) {
  struct mj__split split = {.takes = mj__few_members};
  mj_box canvas, size;
  int rc;
  if (k->r->task)
    return mj__err_set(k->err, MJ_EINVALID,
                       "task: an inpaint takes the address of a picture");
  mj__input_text(k, "mode", "upload-paint");
  rc = mj__input_prompt(k, &split);
  if (rc == MJ_OK)
    rc = mj__input_pictures(k, 1, 1);
  if (rc == MJ_OK)
    rc = mj__input_members(k, &split);
  if (rc == MJ_OK)
    rc = check_mask(k);
  if (rc == MJ_OK)
    rc = find_canvas(k, &canvas, &size);
  if (rc)
    return rc;
  put_mask(k);
  return put_place(k, &canvas, &size);
}
