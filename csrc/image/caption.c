/* SPDX-License-Identifier: MIT
   caption.c - text in libgd's built-in fonts.  They know ASCII only; any other
   character is a box with its number, so that the bytes of a picture do not
   depend on the fonts of a machine. */
#include "caption.h"

#include <gdfontg.h>
#include <gdfontt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES       3
#define LINE_HEIGHT 18
#define LONGEST     2048

/* A line of text as bytes, 0 or 255. */
struct strip {
  unsigned char *p;
  int w, h;
};

/* Decodes one character; a byte that is not UTF-8 is U+FFFD. */
static unsigned long decode(const char **text) {
  const unsigned char *s = (const unsigned char *)*text;
  int more = s[0] < 0x80   ? 0
             : s[0] < 0xC2 ? -1
             : s[0] < 0xE0 ? 1
             : s[0] < 0xF0 ? 2
             : s[0] < 0xF5 ? 3
                           : -1;
  unsigned long code = more > 0 ? s[0] & (0x3Fu >> more) : s[0];
  for (int i = 1; i <= more; i++) {
    if ((s[i] & 0xC0) != 0x80) {
      more = -1;
      break;
    }
    code = code << 6 | (s[i] & 0x3Fu);
  }
  *text += more < 0 ? 1 : more + 1;
  return more < 0 ? 0xFFFD : code;
}

static int advance(unsigned long code) {
  if (code < 0x7F)
    return 9;
  return code > 0xFFFF ? 21 : 16;
}

static void glyph(struct strip *s, gdFontPtr font, int c, int x, int y) {
  const char *bits;
  if (c < font->offset || c >= font->offset + font->nchars)
    return;
  bits = font->data + (c - font->offset) * font->w * font->h;
  for (int j = 0; j < font->h; j++)
    for (int i = 0; i < font->w; i++)
      if (bits[j * font->w + i] && x + i < s->w && y + j < s->h)
        s->p[(y + j) * s->w + x + i] = 255;
}

/* A box with the number in two rows of hexadecimal digits. */
static void box(struct strip *s, unsigned long code, int x, int y) {
  char hex[20];
  int n = code > 0xFFFF ? 6 : 4, w = n / 2 * 5 + 3;
  snprintf(hex, sizeof hex, "%0*lX", n, code);
  for (int i = 0; i < w; i++)
    for (int j = 0; j < 17; j++)
      if ((i == 0 || j == 0 || i == w - 1 || j == 16) && x + i < s->w)
        s->p[(y + j) * s->w + x + i] = 255;
  for (int i = 0; i < n; i++)
    glyph(s, gdFontGetTiny(), hex[i], x + 2 + i % (n / 2) * 5,
          y + 1 + i / (n / 2) * 8);
}

static void draw_char(struct strip *s, unsigned long code, int x, int y) {
  if (code < 0x7F)
    glyph(s, gdFontGetGiant(), code < 0x20 ? ' ' : (int)code, x, y + 1);
  else
    box(s, code, x, y);
}

static int text_width(const char *text, const char *end) {
  int w = 0;
  while (text < end && *text)
    w += advance(decode(&text));
  return w;
}

/* How many bytes of text fit into a line; breaks after a space if it can. */
static size_t fit(const char *text, int width) {
  const char *p = text, *space = NULL;
  int w = 0;
  while (*p) {
    const char *before = p;
    unsigned long code = decode(&p);
    w += advance(code);
    if (w > width)
      return (size_t)((space && space > text ? space : before) - text);
    if (code == ' ')
      space = p;
  }
  return (size_t)(p - text);
}

/* Doubles a mask and rounds its stairs (the rule known as Scale2x). */
static int doubled(struct strip *s) {
  int w = s->w, h = s->h;
  unsigned char *out = malloc((size_t)w * (size_t)h * 4);
  if (!out)
    return -1;
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      unsigned char e = s->p[y * w + x];
      unsigned char up = y ? s->p[(y - 1) * w + x] : 0;
      unsigned char down = y + 1 < h ? s->p[(y + 1) * w + x] : 0;
      unsigned char left = x ? s->p[y * w + x - 1] : 0;
      unsigned char right = x + 1 < w ? s->p[y * w + x + 1] : 0;
      unsigned char *o = &out[4 * y * w + 2 * x];
      int edge = up != down && left != right;
      o[0] = edge && left == up ? left : e;
      o[1] = edge && right == up ? right : e;
      o[2 * w] = edge && left == down ? left : e;
      o[2 * w + 1] = edge && right == down ? right : e;
    }
  free(s->p);
  s->p = out;
  s->w = 2 * w;
  s->h = 2 * h;
  return 0;
}

static int strip_new(struct strip *s, int w, int h) {
  s->w = w;
  s->h = h;
  s->p = w > 0 && h > 0 ? calloc((size_t)w, (size_t)h) : NULL;
  return s->p ? 0 : -1;
}

static void strip_line(struct strip *s, const char *text, size_t n, int y) {
  const char *end = text + n;
  int x = 0;
  while (text < end) {
    unsigned long code = decode(&text);
    draw_char(s, code, x, y);
    x += advance(code);
  }
}

/* Text is meant to be read: twice the size on a picture of 1024 pixels. */
static int doublings(const struct canvas *c) {
  int n = 0;
  while (n < 3 && c->w >= (768 << n))
    n++;
  return n;
}

static void place(struct canvas *c, struct strip *s, int x, int y) {
  int off = 1 + c->w / 1024;
  canvas_mask(c, x + off, y + off, s->p, s->w, s->h, rgb_hsl(0, 0, 0), 0.8);
  canvas_mask(c, x, y, s->p, s->w, s->h, rgb_hsl(0, 0, 1), 1);
}

static void shade(struct canvas *c, int top) {
  struct rgb dark = rgb_hsl(0, 0, 0.04);
  for (int y = top < 0 ? 0 : top; y < c->h; y++) {
    int a = (y - top) * 600 / (c->h - top);
    for (int x = 0; x < c->w; x++)
      canvas_blend(c, x, y, dark, a < 150 ? a : 150);
  }
}

void caption_draw(struct canvas *c, const char *prompt) {
  int zoom = doublings(c), width = (c->w >> zoom) - 28, lines = 0;
  char text[LONGEST];
  const char *p = text, *line[LINES];
  size_t len[LINES];
  struct strip s;
  if (width < 60 || c->h < (100 << zoom) || !prompt[0])
    return;
  snprintf(text, sizeof text, "%s", prompt);
  while (*p && lines < LINES) {
    len[lines] = fit(p, width);
    line[lines] = p;
    p += len[lines++];
  }
  if (strip_new(&s, width + 28, LINE_HEIGHT * lines))
    return;
  for (int i = 0; i < lines; i++) {
    strip_line(&s, line[i], len[i], LINE_HEIGHT * i);
    if (i == LINES - 1 && *p) {
      int w = text_width(line[i], line[i] + len[i]);
      strip_line(&s, "...", w + 27 <= s.w ? 3 : 0, LINE_HEIGHT * i);
    }
  }
  for (int i = 0; i < zoom; i++)
    if (doubled(&s))
      break;
  shade(c, c->h - s.h - (24 << zoom));
  place(c, &s, 14 << zoom, c->h - s.h - (10 << zoom));
  free(s.p);
}

void caption_label(struct canvas *c, const char *label) {
  int zoom = doublings(c), w = text_width(label, label + strlen(label));
  struct strip s;
  if (c->w >> zoom < w + 60 || strip_new(&s, w, LINE_HEIGHT))
    return;
  strip_line(&s, label, strlen(label), 0);
  for (int i = 0; i < zoom; i++)
    if (doubled(&s))
      break;
  int pad = 8 << zoom, x = c->w - s.w - 2 * pad, y = pad;
  double r = s.h / 2.0 + pad / 2.0, mid = y + s.h / 2.0;
  struct paint dark = paint_flat(rgb_hsl(0, 0, 0.05), 0.62);
  struct point p[26];
  for (int i = 0; i < 13; i++) {
    static const double turn[13] = {1,     .966, .866,  .707,  .5,    .259, 0,
                                    -.259, -.5,  -.707, -.866, -.966, -1};
    static const double rise[13] = {0,    .259, .5,   .707, .866, .966, 1,
                                    .966, .866, .707, .5,   .259, 0};
    p[i].x = x + s.w + r * rise[i] - pad / 2.0;
    p[i].y = mid - r * turn[i];
    p[i + 13].x = x - r * rise[i] + pad / 2.0;
    p[i + 13].y = mid + r * turn[i];
  }
  canvas_fill(c, p, 26, dark);
  place(c, &s, x, y);
  free(s.p);
}
