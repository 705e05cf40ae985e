/* SPDX-License-Identifier: MIT
   digit.c - the number of a tile, drawn as a round pen would. */
#include "scene.h"

#include <math.h>
#include <stdlib.h>

/* A digit in a box of 1 by 1.6: straight lines and arcs, one after another.
   Angles in degrees, 0 to the right, growing downwards. */
struct stroke {
  int arc;                 /* 0: from (a,b) to (c,d) */
  double a, b, c, d, e, f; /* 1: centre a,b; radii c,d; from angle e to f */
};

#define MOST 5
static const struct stroke digits[4][MOST] = {
    {{0, 0.2, 0.35, 0.6, 0, 0, 0}, {0, 0.6, 0, 0.6, 1.6, 0, 0}},
    {{1, 0.5, 0.46, 0.46, 0.46, 184, 394},
     {0, 0.881, 0.717, 0.04, 1.6, 0, 0},
     {0, 0.04, 1.6, 1, 1.6, 0, 0}},
    {{1, 0.48, 0.39, 0.43, 0.39, 205, 450},
     {1, 0.48, 1.19, 0.5, 0.41, 270, 515}},
    {{0, 0.76, 1.6, 0.76, 0, 0, 0},
     {0, 0.76, 0, 0, 1.14, 0, 0},
     {0, 0, 1.14, 1.04, 1.14, 0, 0}}};

static double distance(double x, double y, struct point a, struct point b) {
  double dx = b.x - a.x, dy = b.y - a.y, t = dx * dx + dy * dy;
  t = t > 0 ? ((x - a.x) * dx + (y - a.y) * dy) / t : 0;
  t = t < 0 ? 0 : (t > 1 ? 1 : t);
  dx = a.x + t * dx - x;
  dy = a.y + t * dy - y;
  return sqrt(dx * dx + dy * dy);
}

/* One straight piece with round ends into the mask, where it covers more. */
static void piece(unsigned char *mask, int w, int h, struct point a,
                  struct point b, double pen) {
  int x0 = (int)fmax(0, fmin(a.x, b.x) - pen - 1);
  int x1 = (int)fmin(w - 1, fmax(a.x, b.x) + pen + 1);
  int y0 = (int)fmax(0, fmin(a.y, b.y) - pen - 1);
  int y1 = (int)fmin(h - 1, fmax(a.y, b.y) + pen + 1);
  for (int y = y0; y <= y1; y++)
    for (int x = x0; x <= x1; x++) {
      double v = pen + 0.5 - distance(x, y, a, b);
      unsigned char *m = &mask[(size_t)y * (size_t)w + (size_t)x];
      int k = v <= 0 ? 0 : (v >= 1 ? 255 : (int)(v * 255));
      if (k > *m)
        *m = (unsigned char)k;
    }
}

static void stroke(unsigned char *mask, int w, int h, const struct stroke *s,
                   double size, double pen, double edge) {
  struct point from = {s->a, s->b}, to = {s->c, s->d};
  int pieces = s->arc ? 40 : 1;
  if (s->c == 0 && s->d == 0)
    return; /* the row has fewer strokes */
  for (int i = 0; i < pieces; i++) {
    if (s->arc) {
      double t = (s->e + (s->f - s->e) * i / pieces) / 57.29577951;
      double u = (s->e + (s->f - s->e) * (i + 1) / pieces) / 57.29577951;
      from = (struct point){s->a + s->c * cos(t), s->b + s->d * sin(t)};
      to = (struct point){s->a + s->c * cos(u), s->b + s->d * sin(u)};
    }
    struct point p = {from.x * size + edge, from.y * size + edge};
    struct point q = {to.x * size + edge, to.y * size + edge};
    piece(mask, w, h, p, q, pen);
  }
}

void scene_digit(struct canvas *c, const struct look *look) {
  double unit = (c->w < c->h ? c->w : c->h), size = unit * 0.14;
  double pen = size * 0.15, edge = pen + 2;
  int w = (int)(size * 1.04 + 2 * edge), h = (int)(size * 1.6 + 2 * edge);
  int x = (int)(unit * 0.055), y = (int)(unit * 0.055);
  const struct stroke *s = digits[(look->digit - 1) & 3];
  unsigned char *mask = calloc((size_t)w, (size_t)h);
  if (!mask)
    return;
  for (int i = 0; i < MOST; i++)
    stroke(mask, w, h, &s[i], size, pen, edge);
  int off = 1 + (int)(unit * 0.008);
  canvas_mask(c, x + off, y + off, mask, w, h, rgb_hsl(look->hue, 0.6, 0.1),
              0.55);
  canvas_mask(c, x, y, mask, w, h, rgb_hsl(0, 0, 1), 0.97);
  free(mask);
}
