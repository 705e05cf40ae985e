/* SPDX-License-Identifier: MIT
   canvas.h - smooth polygons and masks on a true-colour image of libgd. */
#ifndef MJ_CANVAS_H
#define MJ_CANVAS_H

#include <gd.h>
#include <stddef.h>
#include <stdint.h>

struct rgb {
  int r, g, b;
};

struct point {
  double x, y;
};

/* A colour that may change from the top of a shape to its bottom. */
struct paint {
  struct rgb top, bottom;
  double alpha; /* 0..1 */
};

/* A rectangle of an image.  Points are in pixels from its corner; whatever
   falls outside is cut off. */
struct canvas {
  gdImagePtr im;
  int x, y, w, h;
};

struct rgb rgb_hsl(double hue, double sat, double light);
struct paint paint_flat(struct rgb c, double alpha);
struct paint paint_fade(struct rgb top, struct rgb bottom, double alpha);

void canvas_gradient(struct canvas *c, struct rgb top, struct rgb bottom);
/* Even-odd; at most CANVAS_POINTS points. */
#define CANVAS_POINTS 512
void canvas_fill(struct canvas *c, const struct point *p, size_t n,
                 struct paint paint);
void canvas_rect(struct canvas *c, double x, double y, double w, double h,
                 struct paint paint);
void canvas_ellipse(struct canvas *c, double cx, double cy, double rx,
                    double ry, double turn, struct paint paint);
/* An ellipse's outline, `inner` (0..1) of its radius left free. */
void canvas_ring(struct canvas *c, double cx, double cy, double rx, double ry,
                 double turn, double inner, struct paint paint);
/* Half of a ring: 0 the near one (below), 1 the far one. */
void canvas_arc(struct canvas *c, double cx, double cy, double rx, double ry,
                double turn, double inner, int half, struct paint paint);
void canvas_disc(struct canvas *c, double cx, double cy, double r,
                 struct paint paint);
/* A light that fades outwards. */
void canvas_glow(struct canvas *c, double cx, double cy, double r,
                 struct rgb color, double alpha);
void canvas_blend(struct canvas *c, int x, int y, struct rgb color, int a255);
/* Blends `color` through a mask of w * h bytes. */
void canvas_mask(struct canvas *c, int x, int y, const unsigned char *mask,
                 int w, int h, struct rgb color, double alpha);

#endif
