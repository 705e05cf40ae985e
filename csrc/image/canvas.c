/* SPDX-License-Identifier: MIT
   canvas.c - smooth polygons and masks.  libgd fills shapes with hard edges, so
   coverage is counted here and blended into its pixels. */
#include "canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TAU        6.283185307179586
#define ROWS       4 /* sampled lines in a row of pixels */
#define MOST_WIDTH 4096

static int to255(double v) {
  if (v <= 0)
    return 0;
  if (v >= 1)
    return 255;
  return (int)(v * 255 + 0.5);
}

static double channel(double p, double q, double t) {
  t -= floor(t);
  if (t < 1.0 / 6)
    return p + (q - p) * 6 * t;
  if (t < 0.5)
    return q;
  if (t < 2.0 / 3)
    return p + (q - p) * (2.0 / 3 - t) * 6;
  return p;
}

struct rgb rgb_hsl(double hue, double sat, double light) {
  double q = light < 0.5 ? light * (1 + sat) : light + sat - light * sat;
  double p = 2 * light - q;
  double h = hue / 360;
  struct rgb c = {to255(channel(p, q, h + 1.0 / 3)), to255(channel(p, q, h)),
                  to255(channel(p, q, h - 1.0 / 3))};
  return c;
}

struct paint paint_fade(struct rgb top, struct rgb bottom, double alpha) {
  struct paint p = {top, bottom, alpha};
  return p;
}

struct paint paint_flat(struct rgb c, double alpha) {
  return paint_fade(c, c, alpha);
}

static int mix(int a, int b, unsigned t256) {
  return (int)(((unsigned)a * (256 - t256) + (unsigned)b * t256) >> 8);
}

static struct rgb rgb_mix(struct rgb a, struct rgb b, int t256) {
  unsigned t = (unsigned)t256;
  struct rgb c = {mix(a.r, b.r, t), mix(a.g, b.g, t), mix(a.b, b.b, t)};
  return c;
}

/* a256 is 0..256. */
static inline void put(int *pixel, struct rgb c, int a256) {
  unsigned p = (unsigned)*pixel, a = (unsigned)a256;
  if (a256 >= 256) {
    *pixel = gdTrueColor(c.r, c.g, c.b);
    return;
  }
  *pixel =
      gdTrueColor(mix((int)(p >> 16) & 255, c.r, a),
                  mix((int)(p >> 8) & 255, c.g, a), mix((int)p & 255, c.b, a));
}

void canvas_blend(struct canvas *c, int x, int y, struct rgb color, int a255) {
  if (x >= 0 && y >= 0 && x < c->w && y < c->h && a255 > 0)
    put(&c->im->tpixels[c->y + y][c->x + x], color, a255 + a255 / 255);
}

void canvas_gradient(struct canvas *c, struct rgb top, struct rgb bottom) {
  for (int y = 0; y < c->h; y++) {
    struct rgb k = rgb_mix(top, bottom, y * 256 / c->h);
    int *row = c->im->tpixels[c->y + y] + c->x;
    for (int x = 0; x < c->w; x++)
      row[x] = gdTrueColor(k.r, k.g, k.b);
  }
}

/* Adds the part of [x0, x1) that lies in each pixel, in 1/64 of a line.  `d`
   holds differences: what a pixel gets is the sum up to it. */
static void cover(int *d, int w, double x0, double x1) {
  int first, last, a, b;
  if (x0 < 0)
    x0 = 0;
  if (x1 > w)
    x1 = w;
  if (x1 <= x0)
    return;
  first = (int)x0;
  last = (int)x1;
  a = (int)((x0 - first) * 64);
  b = (int)((x1 - last) * 64);
  d[first] += 64 - a;
  d[first + 1] += a;
  d[last] -= 64 - b;
  d[last + 1] -= b;
}

/* Shapes cross a line a few times only. */
static void insert(double *sorted, size_t n, double v) {
  while (n > 0 && sorted[n - 1] > v) {
    sorted[n] = sorted[n - 1];
    n--;
  }
  sorted[n] = v;
}

static size_t crossings(const struct point *p, size_t n, double y,
                        double *out) {
  size_t k = 0;
  for (size_t i = 0; i < n; i++) {
    const struct point *a = &p[i], *b = &p[(i + 1) % n];
    if ((a->y <= y) != (b->y <= y))
      insert(out, k++, a->x + (y - a->y) * (b->x - a->x) / (b->y - a->y));
  }
  return k;
}

static void blend_row(struct canvas *c, int y, int *d, int x0, int x1,
                      struct rgb color, int alpha256) {
  int *row = c->im->tpixels[c->y + y] + c->x, cov = 0;
  int solid = gdTrueColor(color.r, color.g, color.b);
  for (int x = x0; x <= x1; x++) {
    cov += d[x];
    d[x] = 0;
    if (cov == 64 * ROWS && alpha256 == 256)
      row[x] = solid;
    else if (cov > 0)
      put(&row[x], color, cov * alpha256 / (64 * ROWS));
  }
  d[x1 + 1] = d[x1 + 2] = 0;
}

static int clamp(double v, int lo, int hi) {
  if (v < lo)
    return lo;
  return v > hi ? hi : (int)v;
}

void canvas_fill(struct canvas *c, const struct point *p, size_t n,
                 struct paint paint) {
  double ymin = 1e9, ymax = -1e9, xmin = 1e9, xmax = -1e9;
  double cut[CANVAS_POINTS];
  int cov[MOST_WIDTH + 2];
  int alpha = (int)(paint.alpha * 256);
  if (n < 3 || n > CANVAS_POINTS || c->w > MOST_WIDTH)
    return;
  for (size_t i = 0; i < n; i++) {
    ymin = fmin(ymin, p[i].y);
    ymax = fmax(ymax, p[i].y);
    xmin = fmin(xmin, p[i].x);
    xmax = fmax(xmax, p[i].x);
  }
  if (ymax <= 0 || ymin >= c->h || xmax <= 0 || xmin >= c->w)
    return;
  int x0 = clamp(xmin, 0, c->w - 1), x1 = clamp(xmax, 0, c->w - 1);
  memset(cov + x0, 0, (size_t)(x1 - x0 + 3) * sizeof *cov);
  for (int y = clamp(ymin, 0, c->h - 1); y <= clamp(ymax, 0, c->h - 1); y++) {
    for (int s = 0; s < ROWS; s++) {
      size_t k = crossings(p, n, y + (s + 0.5) / ROWS, cut);
      for (size_t i = 0; i + 1 < k; i += 2)
        cover(cov, c->w, cut[i], cut[i + 1]);
    }
    double t = (y - ymin) / (ymax - ymin + 1e-9);
    blend_row(c, y, cov, x0, x1,
              rgb_mix(paint.top, paint.bottom, clamp(t * 256, 0, 256)), alpha);
  }
}

void canvas_rect(struct canvas *c, double x, double y, double w, double h,
                 struct paint paint) {
  struct point p[4] = {{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}};
  canvas_fill(c, p, 4, paint);
}

static void outline(struct point *out, size_t n, double cx, double cy,
                    double rx, double ry, double turn) {
  double co = cos(turn), si = sin(turn);
  for (size_t i = 0; i < n; i++) {
    double a = TAU * (double)i / (double)(n - 1);
    double x = rx * cos(a), y = ry * sin(a);
    out[i].x = cx + x * co - y * si;
    out[i].y = cy + x * si + y * co;
  }
}

void canvas_ellipse(struct canvas *c, double cx, double cy, double rx,
                    double ry, double turn, struct paint paint) {
  struct point p[65];
  size_t n = fmax(rx, ry) < 12 ? 17 : 65;
  outline(p, n, cx, cy, rx, ry, turn);
  canvas_fill(c, p, n, paint);
}

void canvas_ring(struct canvas *c, double cx, double cy, double rx, double ry,
                 double turn, double inner, struct paint paint) {
  struct point p[130];
  outline(p, 65, cx, cy, rx, ry, turn);
  outline(p + 65, 65, cx, cy, rx * inner, ry * inner, turn);
  canvas_fill(c, p, 130, paint);
}

void canvas_arc(struct canvas *c, double cx, double cy, double rx, double ry,
                double turn, double inner, int half, struct paint paint) {
  struct point p[130], all[129];
  outline(all, 129, cx, cy, rx, ry, turn);
  memcpy(p, all + 64 * half, 65 * sizeof *p);
  outline(all, 129, cx, cy, rx * inner, ry * inner, turn);
  for (int i = 0; i < 65; i++)
    p[65 + i] = all[64 * half + 64 - i];
  canvas_fill(c, p, 130, paint);
}

void canvas_disc(struct canvas *c, double cx, double cy, double r,
                 struct paint paint) {
  canvas_ellipse(c, cx, cy, r, r, 0, paint);
}

void canvas_glow(struct canvas *c, double cx, double cy, double r,
                 struct rgb color, double alpha) {
  for (int y = clamp(cy - r, 0, c->h); y < clamp(cy + r, 0, c->h); y++) {
    int *row = c->im->tpixels[c->y + y] + c->x;
    for (int x = clamp(cx - r, 0, c->w); x < clamp(cx + r, 0, c->w); x++) {
      double dx = x - cx, dy = y - cy, d = (dx * dx + dy * dy) / (r * r);
      if (d < 1)
        put(&row[x], color, (int)((1 - d) * (1 - d) * alpha * 256));
    }
  }
}

void canvas_mask(struct canvas *c, int x, int y, const unsigned char *mask,
                 int w, int h, struct rgb color, double alpha) {
  for (int j = 0; j < h; j++)
    for (int i = 0; i < w; i++)
      canvas_blend(c, x + i, y + j, color,
                   (int)(mask[(size_t)j * (size_t)w + (size_t)i] * alpha));
}
