/* SPDX-License-Identifier: MIT
   draw.h - the simulator's pictures: grids of four and single tiles, drawn from
   a seed and a prompt.  The same spec gives the same bytes. */
#ifndef MJ_DRAW_H
#define MJ_DRAW_H

#include <stddef.h>
#include <stdint.h>

enum mj_picture_kind {
  MJ_PICTURE_GRID, /* four tiles, two by two */
  MJ_PICTURE_TILE  /* one of them, alone */
};

/* Where a tile comes from.  The first step is a tile of a grid made from words;
   each further one is a tile of a grid that varies the tile before it. */
struct mj_picture_step {
  uint64_t seed; /* of the grid */
  int tile;      /* 1..4; of a grid's last step it is not looked at */
};

struct mj_picture {
  enum mj_picture_kind kind;
  const char *prompt; /* UTF-8, written along the bottom; may be NULL */
  const char *label;  /* "V of 2", in the upper right corner; may be NULL */
  const struct mj_picture_step *steps;
  size_t nsteps; /* at least 1 */
  int width, height;
  int progress; /* 1..99: a coarse preview; else the finished picture */
};

/* A second of a picture that moves. */
struct mj_video {
  const struct mj_picture *picture;
  int variant; /* 0..3: how it moves */
  int high;    /* 1 = much */
};

#define MJ_DRAW_MAGIC   "mj.draw2"
#define MJ_PICTURE_MIN  32
#define MJ_PICTURE_MAX  4096
#define MJ_VIDEO_SIDE   320 /* pixels of its longer side */
#define MJ_VIDEO_FRAMES 8

/* What a server needs to know of this module. */
struct mj_draw {
  char magic[9]; /* MJ_DRAW_MAGIC */
  /* 0, or -1: no memory, or a spec out of range.  *png is for `free`. */
  int (*picture)(const struct mj_picture *spec, unsigned char **png, size_t *n);
  /* An MP4 file of less than 100 kB; as above. */
  int (*video)(const struct mj_video *spec, unsigned char **mp4, size_t *n);
  void (*free)(void *png);
};

const struct mj_draw *mj_draw(void);
/* "GD/2.3.3 libpng/1.6.39" */
const char *mj_draw_libraries(void);

#endif
