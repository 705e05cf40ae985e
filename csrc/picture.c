/* SPDX-License-Identifier: MIT
   picture.c - pictures that travel in a request: as their address, or as a
   data URI, "data:image/png;base64,...". */
#include "picture.h"
#include "err.h"
#include "json.h"

#include <string.h>
#include <strings.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
enum { PAD = 64 }; /* its "=" */

const char *mj__picture_type(const char *bytes, size_t n) {
  static const struct {
    size_t at;
    const char *magic, *type;
  } kinds[] = {
      {0, "\x89PNG\r\n\x1a\n", "image/png"},
      {0, "\xff\xd8\xff", "image/jpeg"},
      {0, "GIF87a", "image/gif"},
      {0, "GIF89a", "image/gif"},
      {8, "WEBP", "image/webp"}, /* "RIFF", a size, "WEBP" */
  };
  size_t i;
  for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    size_t k = strlen(kinds[i].magic);
    if (n >= kinds[i].at + k &&
        memcmp(bytes + kinds[i].at, kinds[i].magic, k) == 0)
      return kinds[i].type;
  }
  return NULL;
}

int mj__picture_is_url(const mj_picture *p) {
  return p->url && (strncasecmp(p->url, "http://", 7) == 0 ||
                    strncasecmp(p->url, "https://", 8) == 0);
}

/* "data:" type ";base64," and at least one group of the alphabet. */
static int is_data_uri(const char *s) {
  static const char type[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "abcdefghijklmnopqrstuvwxyz.+-_=;";
  const char *body = strstr(s, ";base64,");
  size_t n, pad;
  if (strncmp(s, "data:image/", 11) != 0 || !body || body - s > 40 ||
      11 + strspn(s + 11, type) < (size_t)(body - s))
    return 0;
  body += 8;
  n = strcspn(body, "=");
  if (strspn(body, alphabet) < n)
    return 0;
  pad = strspn(body + n, "=");
  return n > 0 && pad <= 2 && body[n + pad] == '\0';
}

int mj__picture_check(const mj_picture *p, const char *field, mj_error *err) {
  const char *c;
  if (!p->url && !p->bytes)
    return mj__err_set(err, MJ_EINVALID, "%s: an empty picture", field);
  if (!p->url) {
    if (mj__picture_type(p->bytes, p->len))
      return MJ_OK;
    return mj__err_set(err, MJ_EINVALID,
                       "%s: the bytes are no PNG, JPEG, WebP or GIF", field);
  }
  if (!mj__picture_is_url(p)) {
    if (is_data_uri(p->url))
      return MJ_OK;
    return mj__err_set(err, MJ_EINVALID,
                       "%s: http(s) address or data:image/...;base64,... "
                       "expected, got %.40s",
                       field, p->url);
  }
  for (c = p->url; *c; c++)
    if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
      return mj__err_set(err, MJ_EINVALID,
                         "%s: a space or odd character in the address %.100s",
                         field, p->url);
  return MJ_OK;
}

/* What is behind ";base64," of a data URI that was checked. */
static const char *payload(const mj_picture *p) {
  const char *body = p->url ? strstr(p->url, ";base64,") : NULL;
  return body ? body + 8 : "";
}

size_t mj__picture_head(const mj_picture *p, char *out, size_t most) {
  const char *s = payload(p), *digit;
  unsigned bits = 0, held = 0;
  size_t n = 0;
  if (!p->url) {
    n = p->len < most ? p->len : most;
    memcpy(out, p->bytes, n);
    return n;
  }
  for (; n < most && *s && *s != '=' && (digit = strchr(alphabet, *s)); s++) {
    bits = bits << 6 | (unsigned)(digit - alphabet);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out[n++] = (char)(bits >> held & 255);
    }
  }
  return n;
}

size_t mj__picture_len(const mj_picture *p) {
  return p->url ? strcspn(payload(p), "=") / 4 * 3 +
                      strcspn(payload(p), "=") % 4 * 3 / 4
                : p->len;
}

/* Eight bytes of signature, a chunk's length and "IHDR", then two numbers of
   four bytes, the high one first. */
int mj__picture_size(const mj_picture *p, int *width, int *height) {
  char head[24];
  int size[2], i, k;
  if (mj__picture_is_url(p) ||
      mj__picture_head(p, head, sizeof head) < sizeof head ||
      memcmp(head, "\x89PNG\r\n\x1a\n", 8) != 0 ||
      memcmp(head + 12, "IHDR", 4) != 0)
    return 0;
  for (i = 0; i < 2; i++) {
    unsigned v = 0;
    for (k = 0; k < 4; k++)
      v = v << 8 | (unsigned char)head[16 + 4 * i + k];
    size[i] = v > 0x7fffffffu ? 0 : (int)v;
  }
  *width = size[0];
  *height = size[1];
  return 1;
}

void mj__put_base64(struct mj__buf *b, const unsigned char *p, size_t n) {
  char out[4 * 256];
  size_t o = 0;
  for (; n > 0; p += 3, n -= n < 3 ? n : 3) {
    unsigned v = (unsigned)p[0] << 16 | (n > 1 ? (unsigned)p[1] << 8 : 0u) |
                 (n > 2 ? p[2] : 0u);
    out[o++] = alphabet[v >> 18];
    out[o++] = alphabet[v >> 12 & 63];
    out[o++] = alphabet[n > 1 ? v >> 6 & 63 : PAD];
    out[o++] = alphabet[n > 2 ? v & 63 : PAD];
    if (o == sizeof out) {
      mj__buf_add(b, out, o);
      o = 0;
    }
  }
  mj__buf_add(b, out, o);
}

void mj__picture_put(struct mj__buf *b, const mj_picture *p) {
  const char *type;
  if (p->url) {
    mj__put_string(b, p->url);
    return;
  }
  type = mj__picture_type(p->bytes, p->len);
  mj__buf_printf(b, "\"data:%s;base64,", type ? type : "image/png");
  mj__put_base64(b, (const unsigned char *)p->bytes, p->len);
  mj__buf_puts(b, "\"");
}
