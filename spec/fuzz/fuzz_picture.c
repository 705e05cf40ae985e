/* SPDX-License-Identifier: MIT
   fuzz_picture.c - pictures as they travel: the first byte says whether what
   follows is an address or the bytes of a file. */
#include "fuzz.h"

#include "picture.h"

/* The bytes of "data:image/...;base64,..." are those that went in. */
static void decode(const char *uri, size_t n, const char *bytes, size_t len) {
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *p = strchr(uri, ','), *end = uri + n, *at;
  unsigned v = 0, bits = 0;
  size_t o = 0;
  MUST(p && strncmp(uri, "data:image/", 11) == 0);
  MUST((size_t)(end - p - 1) == (len + 2) / 3 * 4);
  for (p++; p < end && *p != '='; p++) {
    at = strchr(digits, *p);
    MUST(at && *p);
    v = v << 6 | (unsigned)(at - digits);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      MUST(o < len && (unsigned char)bytes[o] == (v >> bits & 255));
      o++;
    }
  }
  MUST(o == len && end - p <= 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  int as_url = fuzz_choice(&data, &size, 2) == 0;
  char *input = fuzz_text(data, size);
  struct mj__mem m;
  struct mj__buf b;
  mj_picture p;
  mj_error err;
  oracle o;
  memset(&p, 0, sizeof p);
  memset(&err, 0, sizeof err);
  if (as_url) {
    p.url = input;
  } else {
    p.bytes = input;
    p.len = size;
  }
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 64u << 20);
  if (mj__picture_check(&p, "images", &err) == MJ_OK) {
#ifdef PLANT
    MUST(as_url || size < 40 || size % 3 != 2 || data[size - 1] != 0xff);
#endif
    mj__picture_put(&b, &p);
    oracle_read(&o, b.p, b.n);
    MUST(b.err == MJ_OK && o.root && o.root->type == '"');
    if (as_url)
      MUST(strcmp(o.root->text, input) == 0);
    else
      decode(o.root->text, o.root->n, p.bytes, p.len);
    oracle_free(&o);
  } else {
    MUST(err.code == MJ_EINVALID && strncmp(err.text, "images: ", 8) == 0);
    MUST(oracle_utf8(err.text, strlen(err.text)));
  }
  mj__buf_free(&b);
  free(input);
  return 0;
}
