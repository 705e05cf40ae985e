/* SPDX-License-Identifier: MIT
   scene.c - six small landscapes.  All lengths are fractions of the tile, so
   that a tile looks the same in its grid and alone. */
#include "scene.h"

#include <math.h>
#include <string.h>

#define SCENES 6

static uint64_t next(uint64_t *s) {
  uint64_t z = (*s += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/* lo <= result < hi */
static double between(uint64_t *s, double lo, double hi) {
  return lo + (hi - lo) * (double)(next(s) >> 11) / 9007199254740992.0;
}

/* Four tiles made from the same words: four hues, four scenes. */
static struct look first_look(struct mj_picture_step step) {
  struct look l;
  uint64_t s = step.seed;
  int order[SCENES], k = step.tile - 1;
  double hue = between(&s, 0, 360);
  for (int i = 0; i < SCENES; i++)
    order[i] = i;
  for (int i = SCENES - 1; i > 0; i--) {
    int j = (int)(next(&s) % (uint64_t)(i + 1)), t = order[i];
    order[i] = order[j];
    order[j] = t;
  }
  for (int i = 0; i <= k; i++)
    l.hue = fmod(hue + 90 * i + between(&s, -14, 14) + 360, 360);
  l.scene = order[k];
  l.digit = step.tile;
  l.light = 0;
  l.seed = step.seed ^ ((uint64_t)step.tile * 0xA24BAED4963EE407u);
  return l;
}

/* A variation keeps scene and hue, and moves things about. */
static struct look vary(struct look l, struct mj_picture_step step) {
  static const double hue[4] = {-16, -4, 6, 18}, light[4] = {.05, -.03, .02, 0};
  int k = step.tile - 1;
  l.hue = fmod(l.hue + hue[k] + 360, 360);
  l.light += light[k];
  l.digit = step.tile;
  l.seed ^= step.seed + (uint64_t)step.tile * 0x9FB21C651E98DF25u;
  return l;
}

struct look look_of(const struct mj_picture_step *steps, size_t n) {
  struct look l = first_look(steps[0]);
  for (size_t i = 1; i < n; i++)
    l = vary(l, steps[i]);
  return l;
}

static struct rgb tone(const struct look *l, double turn, double sat,
                       double light) {
  light += l->light;
  return rgb_hsl(l->hue + turn, sat, light < 0.04 ? 0.04 : light);
}

/* A wavy edge from left to right, filled down to the bottom. */
static void ridge(struct canvas *c, uint64_t *s, double y, double height,
                  double waves, struct paint paint) {
  struct point p[67];
  double a = between(s, 0, 6.28), b = between(s, 0, 6.28);
  for (int i = 0; i <= 64; i++) {
    double u = i / 64.0;
    double v = sin(u * waves * 6.28 + a) * 0.6 + sin(u * waves * 15 + b) * 0.25;
    p[i].x = u * c->w;
    p[i].y = (y + v * height) * c->h;
  }
  p[65].x = c->w;
  p[65].y = c->h + 1;
  p[66].x = 0;
  p[66].y = c->h + 1;
  canvas_fill(c, p, 67, paint);
}

static double unit(const struct canvas *c) {
  return c->w < c->h ? c->w : c->h;
}

static void stars(struct canvas *c, uint64_t *s, int n, double below) {
  for (int i = 0; i < n; i++) {
    double x = between(s, 0, 1), y = between(s, 0, below);
    double r = between(s, 0.0015, 0.005), a = between(s, 0.4, 0.95);
    canvas_disc(c, x * c->w, y * c->h, r * unit(c),
                paint_flat(rgb_hsl(50, 0.6, 0.93), a));
  }
}

static void sun(struct canvas *c, const struct look *l, uint64_t *s, double lo,
                double hi) {
  double x = between(s, 0.5, 0.85) * c->w, y = between(s, lo, hi) * c->h;
  double r = between(s, 0.07, 0.11) * unit(c);
  canvas_glow(c, x, y, r * 4.2, tone(l, 30, 1, 0.82), 0.75);
  canvas_disc(c, x, y, r,
              paint_fade(tone(l, 40, 1, 0.9), tone(l, 20, 1, 0.76), 1));
}

static void draw_hills(struct canvas *c, const struct look *l, uint64_t *s) {
  canvas_gradient(c, tone(l, 12, 0.62, 0.5), tone(l, 42, 0.85, 0.84));
  sun(c, l, s, 0.26, 0.42);
  for (int i = 0; i < 5; i++) {
    double t = i / 4.0;
    ridge(c, s, 0.5 + 0.115 * i, 0.07 - 0.006 * i, between(s, 0.6, 1.3),
          paint_fade(tone(l, 26 - 30 * t, 0.5, 0.66 - 0.46 * t),
                     tone(l, 6 - 30 * t, 0.6, 0.52 - 0.44 * t), 1));
  }
}

static void draw_planet(struct canvas *c, const struct look *l, uint64_t *s) {
  double u = unit(c), x = between(s, 0.5, 0.6) * c->w;
  double y = between(s, 0.46, 0.56) * c->h, r = between(s, 0.23, 0.27) * u;
  double turn = between(s, -0.6, -0.25);
  canvas_gradient(c, tone(l, -30, 0.7, 0.09), tone(l, 20, 0.7, 0.24));
  stars(c, s, 90, 1);
  canvas_glow(c, x, y, r * 1.9, tone(l, 0, 0.9, 0.6), 0.6);
  struct paint ring =
      paint_fade(tone(l, 40, 0.7, 0.8), tone(l, 60, 0.75, 0.66), 0.85);
  canvas_arc(c, x, y, r * 1.85, r * 0.5, turn, 0.72, 1, ring);
  canvas_disc(c, x, y, r,
              paint_fade(tone(l, 18, 0.8, 0.74), tone(l, -24, 0.8, 0.26), 1));
  for (int i = 0; i < 5; i++) {
    double d = (i - 2) * r * 0.3;
    double half = sqrt(r * r - d * d) * 0.985;
    canvas_ellipse(c, x - d * sin(turn), y + d * cos(turn), half, r * 0.055,
                   turn, paint_flat(tone(l, 20 * i, 0.7, 0.8), 0.28));
  }
  canvas_arc(c, x, y, r * 1.85, r * 0.5, turn, 0.72, 0, ring);
  canvas_disc(c, between(s, 0.1, 0.25) * c->w, between(s, 0.62, 0.85) * c->h,
              r * 0.2,
              paint_fade(tone(l, 60, 0.4, 0.85), tone(l, 60, 0.4, 0.4), 1));
}

static void draw_city(struct canvas *c, const struct look *l, uint64_t *s) {
  canvas_gradient(c, tone(l, -24, 0.6, 0.26), tone(l, 34, 0.85, 0.72));
  stars(c, s, 26, 0.3);
  sun(c, l, s, 0.34, 0.5);
  for (int layer = 0; layer < 3; layer++) {
    double x = between(s, -0.08, 0), light = 0.46 - 0.17 * layer;
    while (x < 1) {
      double w = between(s, 0.07, 0.15);
      double top = between(s, 0.3, 0.56) + 0.13 * layer;
      canvas_rect(c, x * c->w, top * c->h, w * c->w, c->h,
                  paint_fade(tone(l, 8, 0.45, light),
                             tone(l, -20, 0.5, light - 0.1), 1));
      for (double v = top + 0.03; layer > 0 && v < 0.97; v += 0.042)
        for (double h = x + 0.014; h < x + w - 0.02; h += 0.027)
          if (next(s) % 3 == 0)
            canvas_rect(
                c, h * c->w, v * c->h, 0.012 * c->w, 0.02 * c->h,
                paint_flat(tone(l, 180 - 20 * layer, 0.95, 0.76), 0.85));
      x += w + between(s, 0, 0.03);
    }
  }
}

static void draw_flower(struct canvas *c, const struct look *l, uint64_t *s) {
  double u = unit(c), x = between(s, 0.48, 0.6) * c->w;
  double y = between(s, 0.48, 0.56) * c->h, turn = between(s, 0, 1);
  int petals = 7 + (int)(next(s) % 4);
  canvas_gradient(c, tone(l, 0, 0.45, 0.93), tone(l, 28, 0.6, 0.72));
  for (int i = 0; i < 7; i++) {
    double bx = between(s, 0, 1), by = between(s, 0, 1);
    canvas_disc(c, bx * c->w, by * c->h, between(s, 0.05, 0.14) * u,
                paint_flat(tone(l, between(s, -40, 60), 0.7, 0.8), 0.35));
  }
  for (int ring = 0; ring < 3; ring++) {
    double reach = (0.235 - 0.065 * ring) * u;
    for (int i = 0; i < petals; i++) {
      double a = turn + 0.35 * ring + 6.2831853 * i / petals;
      canvas_ellipse(
          c, x + reach * cos(a), y + reach * sin(a), reach * 0.78, reach * 0.34,
          a,
          paint_fade(tone(l, -14 + 12 * ring, 0.78, 0.47 + 0.09 * ring),
                     tone(l, 16 + 12 * ring, 0.85, 0.6 + 0.09 * ring), 0.9));
    }
  }
  canvas_disc(c, x, y, 0.075 * u,
              paint_fade(tone(l, 165, 0.9, 0.62), tone(l, 150, 0.9, 0.42), 1));
  canvas_ring(c, x, y, 0.055 * u, 0.055 * u, 0, 0.7,
              paint_flat(tone(l, 180, 0.9, 0.8), 0.7));
}

static void boat(struct canvas *c, const struct look *l, double x, double y,
                 double size) {
  struct point sail[3] = {{x, y}, {x, y - size}, {x + size * 0.62, y}};
  struct point jib[3] = {{x - size * 0.05, y},
                         {x - size * 0.05, y - size * 0.84},
                         {x - size * 0.42, y}};
  struct point hull[4] = {{x - size * 0.5, y + size * 0.05},
                          {x + size * 0.7, y + size * 0.05},
                          {x + size * 0.48, y + size * 0.22},
                          {x - size * 0.34, y + size * 0.22}};
  canvas_fill(c, sail, 3,
              paint_fade(tone(l, 0, 0.2, 0.98), tone(l, 30, 0.8, 0.82), 1));
  canvas_fill(c, jib, 3,
              paint_fade(tone(l, 180, 0.9, 0.7), tone(l, 160, 0.9, 0.55), 1));
  canvas_fill(c, hull, 4, paint_flat(tone(l, 170, 0.5, 0.2), 1));
}

static void draw_sea(struct canvas *c, const struct look *l, uint64_t *s) {
  canvas_gradient(c, tone(l, -16, 0.55, 0.68), tone(l, 26, 0.7, 0.9));
  sun(c, l, s, 0.2, 0.34);
  for (int i = 0; i < 3; i++) {
    double x = between(s, 0.05, 0.9), y = between(s, 0.12, 0.4);
    for (int k = 0; k < 4; k++)
      canvas_ellipse(c, (x + 0.045 * k) * c->w, y * c->h,
                     between(s, 0.05, 0.09) * c->w,
                     between(s, 0.014, 0.026) * c->h, 0,
                     paint_flat(tone(l, 0, 0.3, 0.97), 0.6));
  }
  double bx = between(s, 0.42, 0.56);
  for (int i = 0; i < 6; i++) {
    double t = i / 5.0;
    if (i == 2)
      boat(c, l, bx * c->w, 0.63 * c->h, 0.36 * unit(c));
    ridge(c, s, 0.55 + 0.08 * i, 0.018 + 0.004 * i, between(s, 1.4, 2.6),
          paint_fade(tone(l, 6 - 22 * t, 0.62, 0.62 - 0.3 * t),
                     tone(l, -10 - 22 * t, 0.7, 0.46 - 0.32 * t), 0.93));
  }
}

static void peak(struct canvas *c, const struct look *l, double x, double top,
                 double half, double light) {
  double w = c->w, h = c->h, base = 1.02, cap = (base - top) * 0.3;
  struct point left[3] = {{x * w, top * h},
                          {(x - half) * w, base * h},
                          {(x + half * 0.25) * w, base * h}};
  struct point right[3] = {{x * w, top * h},
                           {(x + half * 0.25) * w, base * h},
                           {(x + half) * w, base * h}};
  struct point snow[6] = {{x * w, top * h},
                          {(x - half * 0.3) * w, (top + cap) * h},
                          {(x - half * 0.1) * w, (top + cap * 0.75) * h},
                          {(x + half * 0.03) * w, (top + cap * 1.1) * h},
                          {(x + half * 0.14) * w, (top + cap * 0.7) * h},
                          {(x + half * 0.3) * w, (top + cap) * h}};
  canvas_fill(
      c, left, 3,
      paint_fade(tone(l, 10, 0.4, light + 0.14), tone(l, 0, 0.55, light), 1));
  canvas_fill(c, right, 3,
              paint_fade(tone(l, -10, 0.45, light - 0.06),
                         tone(l, -20, 0.6, light - 0.14), 1));
  canvas_fill(c, snow, 6, paint_flat(tone(l, 0, 0.25, 0.96), 0.95));
}

static void draw_peaks(struct canvas *c, const struct look *l, uint64_t *s) {
  canvas_gradient(c, tone(l, 0, 0.65, 0.4), tone(l, 36, 0.8, 0.86));
  sun(c, l, s, 0.2, 0.34);
  for (int i = 0; i < 4; i++)
    peak(c, l, 0.02 + 0.3 * i + between(s, -0.06, 0.06), between(s, 0.34, 0.48),
         between(s, 0.24, 0.34), 0.52);
  for (int i = 0; i < 2; i++)
    peak(c, l, 0.3 + 0.42 * i + between(s, -0.08, 0.08), between(s, 0.5, 0.6),
         between(s, 0.26, 0.36), 0.4);
  for (int i = 0; i < 26; i++) {
    double x = (i + between(s, -0.3, 0.3)) / 25.0 * c->w;
    double t = between(s, 0.06, 0.13) * c->h, y = 1.01 * c->h;
    struct point fir[3] = {
        {x, y - t * 1.5}, {x - t * 0.42, y}, {x + t * 0.42, y}};
    canvas_fill(c, fir, 3,
                paint_fade(tone(l, -24, 0.5, 0.22), tone(l, -24, 0.5, 0.1), 1));
  }
}

void scene_draw(struct canvas *c, const struct look *look) {
  static void (*const draw[SCENES])(struct canvas *, const struct look *,
                                    uint64_t *) = {
      draw_hills, draw_planet, draw_city, draw_flower, draw_sea, draw_peaks};
  uint64_t s = look->seed;
  draw[look->scene](c, look, &s);
}
