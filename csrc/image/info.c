/* SPDX-License-Identifier: MIT
   info.c - type and size of a picture from the head of its file.  The bytes may
   be anybody's: each is looked at only after counting that it is there. */
#include "image.h"

#include <stdint.h>
#include <string.h>

static unsigned be16(const unsigned char *p) {
  return (unsigned)p[0] << 8 | p[1];
}

static uint32_t be32(const unsigned char *p) {
  return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static unsigned le16(const unsigned char *p) {
  return (unsigned)p[1] << 8 | p[0];
}

static unsigned le24(const unsigned char *p) {
  return (unsigned)p[2] << 16 | le16(p);
}

static int set(struct image_info *out, const char *type, uint32_t w,
               uint32_t h) {
  if (w < 1 || h < 1 || w > INT32_MAX || h > INT32_MAX)
    return -1;
  out->type = type;
  out->width = (int)w;
  out->height = (int)h;
  return 0;
}

static int png(const unsigned char *p, size_t n, struct image_info *out) {
  static const unsigned char head[] = {0x89, 'P', 'N', 'G', 13,  10,  26,  10,
                                       0,    0,   0,   13,  'I', 'H', 'D', 'R'};
  if (n < 24 || memcmp(p, head, sizeof head) != 0)
    return -1;
  return set(out, "png", be32(p + 16), be32(p + 20));
}

static int gif(const unsigned char *p, size_t n, struct image_info *out) {
  if (n < 10 || (memcmp(p, "GIF87a", 6) != 0 && memcmp(p, "GIF89a", 6) != 0))
    return -1;
  return set(out, "gif", le16(p + 6), le16(p + 8));
}

/* Lossy, lossless and extended files say it in three ways. */
static int webp(const unsigned char *p, size_t n, struct image_info *out) {
  if (n < 30 || memcmp(p, "RIFF", 4) != 0 || memcmp(p + 8, "WEBP", 4) != 0)
    return -1;
  if (!memcmp(p + 12, "VP8 ", 4))
    return memcmp(p + 23, "\x9d\x01\x2a", 3) != 0
               ? -1
               : set(out, "webp", le16(p + 26) & 0x3FFF, le16(p + 28) & 0x3FFF);
  if (!memcmp(p + 12, "VP8L", 4) && p[20] == 0x2F)
    return set(out, "webp", (le16(p + 21) & 0x3FFF) + 1,
               ((le24(p + 22) >> 6) & 0x3FFF) + 1);
  if (!memcmp(p + 12, "VP8X", 4))
    return set(out, "webp", le24(p + 24) + 1, le24(p + 27) + 1);
  return -1;
}

/* Segments up to the one that begins a frame (SOF0 to SOF15, without the three
   of these numbers that are something else). */
static int jpeg(const unsigned char *p, size_t n, struct image_info *out) {
  size_t i = 2;
  if (n < 4 || p[0] != 0xFF || p[1] != 0xD8)
    return -1;
  while (i + 1 < n) {
    unsigned marker = p[i + 1];
    if (p[i] != 0xFF)
      return -1;
    if (marker == 0xFF) { /* padding */
      i++;
      continue;
    }
    i += 2;
    if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7))
      continue;
    if (n - i < 7 || marker == 0xD9 || marker == 0xDA || be16(p + i) < 2)
      return -1;
    if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 &&
        marker != 0xCC)
      return set(out, "jpeg", be16(p + i + 5), be16(p + i + 3));
    i += be16(p + i);
  }
  return -1;
}

int image_info(const void *data, size_t n, struct image_info *out) {
  memset(out, 0, sizeof *out);
  return png(data, n, out) && jpeg(data, n, out) && webp(data, n, out) &&
                 gif(data, n, out)
             ? -1
             : 0;
}
