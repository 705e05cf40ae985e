/* SPDX-License-Identifier: MIT
   image.h - pictures as bytes: their size, masks, and cutting one by a mask. */
#ifndef MJ_IMAGE_H
#define MJ_IMAGE_H

#include <stddef.h>

/* What the head of a picture's file says. */
struct image_info {
  const char *type; /* "png", "jpeg", "webp", "gif" */
  int width, height;
};

/* 0, or -1: none of these, or cut off before it says its size.  Nothing is
   decoded. */
int image_info(const void *data, size_t n, struct image_info *out);

#define MASK_MAX    8192       /* pixels of a side */
#define MASK_PIXELS (64 << 20) /* of all of it */
#define MASK_POINTS 4096

/* A region of a picture: 1 = to be made anew, 0 = stays.  `p` holds
   width * height bytes and belongs to the caller. */
struct mask {
  unsigned char *p;
  int width, height;
};

/* A pixel belongs to a shape when its centre lies inside; what is outside the
   picture is cut off. */
void mask_rect(struct mask *m, double x, double y, double w, double h);
void mask_ellipse(struct mask *m, double cx, double cy, double rx, double ry);
/* `n` points x1, y1, x2, y2 ...; even-odd; `cut` has room for n numbers. */
void mask_polygon(struct mask *m, const double *xy, size_t n, double *cut);
void mask_invert(struct mask *m);
size_t mask_count(const struct mask *m); /* pixels to be made anew */
/* A PNG: white = to be made anew, black = stays.  0 or -1; *png is from malloc.
 */
int mask_png(const struct mask *m, unsigned char **png, size_t *n);

enum image_error {
  IMAGE_OK,
  IMAGE_MEMORY,
  IMAGE_PICTURE, /* cannot be decoded */
  IMAGE_MASK,    /* cannot be decoded */
  IMAGE_SIZES    /* differ */
};

/* The picture as a PNG that is transparent where the mask is white.  *png is
   from malloc. */
enum image_error image_cut(const void *picture, size_t n, const void *mask,
                           size_t mask_n, unsigned char **png, size_t *png_n);
/* How much of a mask is white, 0 to 1; -1: cannot be decoded. */
double image_white(const void *mask, size_t n);

#endif
