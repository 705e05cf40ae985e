/* SPDX-License-Identifier: MIT
   mask.c - regions of a picture.  Edges are hard: a gateway asks of each pixel
   whether it stays or goes. */
#include "image.h"

#include "encode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The first pixel whose centre lies at v or beyond. */
static int pixel_from(double v, int size) {
  double i = ceil(v - 0.5);
  if (!(i > 0)) /* NaN too */
    return 0;
  return i >= size ? size : (int)i;
}

static void fill(struct mask *m, int y, double x0, double x1) {
  int a = pixel_from(x0, m->width), b = pixel_from(x1, m->width);
  if (b > a)
    memset(m->p + (size_t)y * (size_t)m->width + a, 1, (size_t)(b - a));
}

void mask_rect(struct mask *m, double x, double y, double w, double h) {
  int end = pixel_from(y + h, m->height);
  for (int j = pixel_from(y, m->height); j < end; j++)
    fill(m, j, x, x + w);
}

void mask_ellipse(struct mask *m, double cx, double cy, double rx, double ry) {
  int end = pixel_from(cy + ry, m->height);
  for (int j = pixel_from(cy - ry, m->height); j < end; j++) {
    double d = (j + 0.5 - cy) / ry, half = rx * sqrt(fmax(0, 1 - d * d));
    fill(m, j, cx - half, cx + half);
  }
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static size_t crossings(const double *xy, size_t n, double y, double *out) {
  size_t k = 0;
  for (size_t i = 0; i < n; i++) {
    const double *a = xy + 2 * i, *b = xy + 2 * ((i + 1) % n);
    if ((a[1] <= y) != (b[1] <= y))
      out[k++] = a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1]);
  }
  qsort(out, k, sizeof *out, ascending);
  return k;
}

void mask_polygon(struct mask *m, const double *xy, size_t n, double *cut) {
  double top = HUGE_VAL, bottom = -HUGE_VAL;
  for (size_t i = 0; i < n; i++) {
    top = fmin(top, xy[2 * i + 1]);
    bottom = fmax(bottom, xy[2 * i + 1]);
  }
  int end = pixel_from(bottom, m->height);
  for (int j = pixel_from(top, m->height); j < end; j++) {
    size_t k = crossings(xy, n, j + 0.5, cut);
    for (size_t i = 0; i + 1 < k; i += 2)
      fill(m, j, cut[i], cut[i + 1]);
  }
}

static size_t size_of(const struct mask *m) {
  return (size_t)m->width * (size_t)m->height;
}

void mask_invert(struct mask *m) {
  for (size_t i = 0; i < size_of(m); i++)
    m->p[i] = !m->p[i];
}

size_t mask_count(const struct mask *m) {
  size_t n = 0;
  for (size_t i = 0; i < size_of(m); i++)
    n += m->p[i];
  return n;
}

static void mask_row(const void *ud, int y, unsigned char *out) {
  const struct mask *m = ud;
  const unsigned char *p = m->p + (size_t)y * (size_t)m->width;
  for (int x = 0; x < m->width; x++, out += 3)
    memset(out, p[x] ? 255 : 0, 3);
}

/* Three channels, as the browsers' canvases that the gateways know send it. */
int mask_png(const struct mask *m, unsigned char **png, size_t *n) {
  struct image_rows rows = {m->width, m->height, 0, mask_row, m};
  return image_png_rows(&rows, png, n);
}
