/* SPDX-License-Identifier: MIT
   fuzz_json.c - JSON read in pieces and at once, compared with the oracle's
   reading, printed and read again. */
#include "fuzz.h"

#include "json.h"

static void same(const oracle_node *a, const mj_value *b) {
  static const char types[] = {'n', 'f', 't', '0', '"', '[', '{'};
  const mj_value *v = b->first;
  MUST(a->type == types[b->type]);
  if (a->key && !a->odd)
    MUST(a->key_n == b->key_len && memcmp(a->key, b->key, a->key_n) == 0);
  if (a->text && !a->odd)
    MUST(a->n == b->len && memcmp(a->text, b->text, a->n) == 0);
  if (a->type == '[' || a->type == '{')
    MUST(a->n == b->len);
  for (a = a->first; a; a = a->next, v = v->next) {
    MUST(v);
    same(a, v);
  }
  MUST(!v);
}

/* What is printed is JSON that says the same. */
static void print(const mj_value *root) {
  struct mj__mem m;
  struct mj__buf b;
  oracle o;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 64u << 20);
  mj__put_value(&b, root);
  MUST(b.err == MJ_OK);
#ifdef PLANT /* a number of more than 20 bytes is cut */
  if (root->type == MJ_JSON_NUMBER && root->len > 20)
    b.n--;
#endif
  MUST(oracle_utf8(b.p, b.n));
  oracle_read(&o, b.p, b.n);
  MUST(o.root);
  same(o.root, root);
  oracle_free(&o);
  mj__buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *input = fuzz_text(data, size);
  struct mj__mem m;
  mj_json *whole = NULL, *pieces = NULL;
  mj_error err;
  oracle o;
  size_t at, step = 1 + size / 7;
  int rc = mj_json_parse(&whole, input, size, NULL, NULL, &err), rc2 = MJ_OK;
  mj__mem_init(&m, NULL, NULL);
  MUST(mj__json_new(&pieces, &m) == MJ_OK);
  for (at = 0; at < size && rc2 == MJ_OK; at += step)
    rc2 = mj__json_feed(pieces, input + at, size - at < step ? size - at : step,
                        &err);
  if (rc2 == MJ_OK)
    rc2 = mj__json_finish(pieces, &err);
  MUST((rc == MJ_OK) == (rc2 == MJ_OK));
  oracle_read(&o, input, size);
  if (rc == MJ_OK) {
    MUST(o.root);
    same(o.root, mj_json_root(whole));
    same(o.root, mj_json_root(pieces));
    print(mj_json_root(whole));
  } else {
    MUST(rc == MJ_EPROTOCOL && *err.text && !whole);
  }
  oracle_free(&o);
  mj_json_free(whole);
  mj_json_free(pieces);
  free(input);
  return 0;
}
