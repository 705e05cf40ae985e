/* SPDX-License-Identifier: MIT
   video.c - a second of video: JPEG pictures in an MP4 file (ISO 14496-12 and
   -14), which players know as Motion JPEG.  A window wanders over a picture
   that is somewhat larger. */
#include "video.h"

#include <stdlib.h>
#include <string.h>

#define QUALITY 70
#define ROOM    5 / 4 /* of the picture beside the window */

/* Bytes that grow. */
struct out {
  unsigned char *p;
  size_t n, cap;
  int failed;
};

static void put(struct out *o, const void *data, size_t n) {
  if (o->failed)
    return;
  if (o->n + n > o->cap) {
    size_t cap = 2 * o->cap + n + 1024;
    unsigned char *p = realloc(o->p, cap);
    if (!p) {
      o->failed = 1;
      return;
    }
    o->p = p;
    o->cap = cap;
  }
  memcpy(o->p + o->n, data, n);
  o->n += n;
}

static void set32(unsigned char *p, size_t v) {
  for (int i = 3; i >= 0; i--, v >>= 8)
    p[i] = (unsigned char)v;
}

static void put32(struct out *o, size_t v) {
  unsigned char p[4];
  set32(p, v);
  put(o, p, 4);
}

static void put16(struct out *o, int v) {
  unsigned char p[2] = {(unsigned char)(v >> 8), (unsigned char)v};
  put(o, p, 2);
}

static void zeros(struct out *o, size_t n) {
  static const unsigned char none[64];
  put(o, none, n);
}

/* A box is its length, its name, and what is in it. */
static size_t begin(struct out *o, const char *name) {
  size_t at = o->n;
  put32(o, 0);
  put(o, name, 4);
  return at;
}

/* One with a version (0) and flags. */
static size_t begin_full(struct out *o, const char *name, size_t flags) {
  size_t at = begin(o, name);
  put32(o, flags);
  return at;
}

static void end(struct out *o, size_t at) {
  if (!o->failed)
    set32(o->p + at, o->n - at);
}

struct frame {
  void *jpeg; /* for gdFree */
  int n;
};

struct film {
  struct frame frames[MJ_VIDEO_FRAMES];
  int width, height;
};

/* The unit matrix of mvhd and tkhd, in fixed point. */
static void put_matrix(struct out *o) {
  static const size_t m[9] = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};
  for (int i = 0; i < 9; i++)
    put32(o, m[i]);
}

static void put_mvhd(struct out *o) {
  size_t at = begin_full(o, "mvhd", 0);
  zeros(o, 8);               /* made and changed: at no time */
  put32(o, MJ_VIDEO_FRAMES); /* units in a second */
  put32(o, MJ_VIDEO_FRAMES); /* units in all */
  put32(o, 0x10000);         /* rate 1 */
  put16(o, 0x100);           /* volume 1 */
  zeros(o, 10);
  put_matrix(o);
  zeros(o, 24);
  put32(o, 2); /* the next track's number */
  end(o, at);
}

static void put_tkhd(struct out *o, const struct film *f) {
  size_t at = begin_full(o, "tkhd", 3); /* enabled, in the movie */
  zeros(o, 8);
  put32(o, 1);
  zeros(o, 4);
  put32(o, MJ_VIDEO_FRAMES);
  zeros(o, 16);
  put_matrix(o);
  put32(o, (size_t)f->width << 16);
  put32(o, (size_t)f->height << 16);
  end(o, at);
}

static void put_mdhd(struct out *o) {
  size_t at = begin_full(o, "mdhd", 0);
  zeros(o, 8);
  put32(o, MJ_VIDEO_FRAMES);
  put32(o, MJ_VIDEO_FRAMES);
  put16(o, 0x55C4); /* "und": no language */
  zeros(o, 2);
  end(o, at);
}

static void put_hdlr(struct out *o) {
  size_t at = begin_full(o, "hdlr", 0);
  zeros(o, 4);
  put(o, "vide", 4);
  zeros(o, 12);
  put(o, "VideoHandler", 13);
  end(o, at);
}

/* The data are in this file. */
static void put_dinf(struct out *o) {
  size_t dinf = begin(o, "dinf"), dref = begin_full(o, "dref", 0), url;
  put32(o, 1);
  url = begin_full(o, "url ", 1);
  end(o, url);
  end(o, dref);
  end(o, dinf);
}

/* Descriptors of MPEG-4: each is a tag, a length, and what is in it.  0x6C is
   JPEG, 0x11 a visual stream. */
static void put_esds(struct out *o) {
  static const unsigned char text[] = {
      0x03, 21, 0,    1,    0,       /* ES 1 */
      0x04, 13, 0x6C, 0x11, 0, 0, 0, /* decoder; then its buffer and rates */
      0,    0,  0,    0,    0, 0, 0, 0, 0x06, 1, 2}; /* sync layer: as in MP4 */
  size_t at = begin_full(o, "esds", 0);
  put(o, text, sizeof text);
  end(o, at);
}

static void put_stsd(struct out *o, const struct film *f) {
  size_t stsd = begin_full(o, "stsd", 0), entry;
  put32(o, 1);
  entry = begin(o, "mp4v");
  zeros(o, 6);
  put16(o, 1); /* the first data reference */
  zeros(o, 16);
  put16(o, f->width);
  put16(o, f->height);
  put32(o, 0x480000); /* 72 dpi */
  put32(o, 0x480000);
  zeros(o, 4);
  put16(o, 1); /* frame in a sample */
  zeros(o, 32);
  put16(o, 24);
  put16(o, -1);
  put_esds(o);
  end(o, entry);
  end(o, stsd);
}

/* Returns where the places of the frames have to be filled in. */
static size_t put_stbl(struct out *o, const struct film *f) {
  size_t stbl = begin(o, "stbl"), at, places;
  put_stsd(o, f);
  at = begin_full(o, "stts", 0); /* each lasts one unit */
  put32(o, 1);
  put32(o, MJ_VIDEO_FRAMES);
  put32(o, 1);
  end(o, at);
  at = begin_full(o, "stsc", 0); /* one to a chunk */
  put32(o, 1);
  put32(o, 1);
  put32(o, 1);
  put32(o, 1);
  end(o, at);
  at = begin_full(o, "stsz", 0);
  put32(o, 0);
  put32(o, MJ_VIDEO_FRAMES);
  for (int i = 0; i < MJ_VIDEO_FRAMES; i++)
    put32(o, (size_t)f->frames[i].n);
  end(o, at);
  at = begin_full(o, "stco", 0);
  put32(o, MJ_VIDEO_FRAMES);
  places = o->n;
  zeros(o, 4 * MJ_VIDEO_FRAMES);
  end(o, at);
  end(o, stbl);
  return places;
}

static size_t put_moov(struct out *o, const struct film *f) {
  size_t moov = begin(o, "moov"), trak, mdia, minf, vmhd, places;
  put_mvhd(o);
  trak = begin(o, "trak");
  put_tkhd(o, f);
  mdia = begin(o, "mdia");
  put_mdhd(o);
  put_hdlr(o);
  minf = begin(o, "minf");
  vmhd = begin_full(o, "vmhd", 1);
  zeros(o, 8);
  end(o, vmhd);
  put_dinf(o);
  places = put_stbl(o, f);
  end(o, minf);
  end(o, mdia);
  end(o, trak);
  end(o, moov);
  return places;
}

/* The index stands in front, so that a player can begin before the end. */
static void put_file(struct out *o, const struct film *f) {
  size_t at = begin(o, "ftyp"), places;
  put(o, "isom\0\0\2\0isomiso2mp41", 20);
  end(o, at);
  places = put_moov(o, f);
  at = begin(o, "mdat");
  for (int i = 0; i < MJ_VIDEO_FRAMES; i++) {
    if (!o->failed)
      set32(o->p + places + 4 * (size_t)i, o->n);
    put(o, f->frames[i].jpeg, (size_t)f->frames[i].n);
  }
  end(o, at);
}

/* Frame i of a window that starts small or large, or left or right. */
static gdImagePtr window(gdImagePtr from, const struct mj_video *spec, int w,
                         int h, int i) {
  int far = gdImageSX(from) - w, down = gdImageSY(from) - h;
  int t = spec->variant % 2 ? MJ_VIDEO_FRAMES - 1 - i : i;
  int x, y = down / 2, cw = w, ch = h;
  gdImagePtr im = gdImageCreateTrueColor(w, h);
  if (!im)
    return NULL;
  if (!spec->high)
    t = (MJ_VIDEO_FRAMES - 1) / 2 + (t - (MJ_VIDEO_FRAMES - 1) / 2) / 2;
  if (spec->variant < 2) { /* nearer, or farther */
    cw = w + far * (MJ_VIDEO_FRAMES - 1 - t) / (MJ_VIDEO_FRAMES - 1);
    ch = h + down * (MJ_VIDEO_FRAMES - 1 - t) / (MJ_VIDEO_FRAMES - 1);
    x = (gdImageSX(from) - cw) / 2;
    y = (gdImageSY(from) - ch) / 2;
  } else {
    x = far * t / (MJ_VIDEO_FRAMES - 1);
  }
  gdImageCopyResampled(im, from, 0, 0, x, y, w, h, cw, ch);
  draw_words(im, spec->picture);
  return im;
}

static int shoot(struct film *f, gdImagePtr scene,
                 const struct mj_video *spec) {
  for (int i = 0; i < MJ_VIDEO_FRAMES; i++) {
    gdImagePtr im = window(scene, spec, f->width, f->height, i);
    if (im) {
      f->frames[i].jpeg = gdImageJpegPtr(im, &f->frames[i].n, QUALITY);
      gdImageDestroy(im);
    }
    if (!f->frames[i].jpeg)
      return -1;
  }
  return 0;
}

/* Even sides, the longer one MJ_VIDEO_SIDE. */
static void set_size(struct film *f, int w, int h) {
  int most = w > h ? w : h;
  f->width = w * MJ_VIDEO_SIDE / most / 2 * 2;
  f->height = h * MJ_VIDEO_SIDE / most / 2 * 2;
  if (f->width < MJ_PICTURE_MIN)
    f->width = MJ_PICTURE_MIN;
  if (f->height < MJ_PICTURE_MIN)
    f->height = MJ_PICTURE_MIN;
}

int draw_video(const struct mj_video *spec, unsigned char **mp4, size_t *n) {
  const struct mj_picture *p = spec->picture;
  struct film f;
  struct out o = {NULL, 0, 0, 0};
  gdImagePtr scene;
  int rc = -1;
  if (p->width < 1 || p->height < 1 || p->width > MJ_PICTURE_MAX ||
      p->height > MJ_PICTURE_MAX || spec->variant < 0 || spec->variant > 3)
    return -1;
  memset(&f, 0, sizeof f);
  set_size(&f, p->width, p->height);
  scene = draw_scene(p, f.width * ROOM, f.height * ROOM);
  if (scene && !shoot(&f, scene, spec)) {
    put_file(&o, &f);
    rc = o.failed ? -1 : 0;
  }
  if (scene)
    gdImageDestroy(scene);
  for (int i = 0; i < MJ_VIDEO_FRAMES; i++)
    if (f.frames[i].jpeg)
      gdFree(f.frames[i].jpeg);
  if (rc) {
    free(o.p);
    return -1;
  }
  *mp4 = o.p;
  *n = o.n;
  return 0;
}
