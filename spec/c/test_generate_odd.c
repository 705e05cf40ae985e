/* SPDX-License-Identifier: MIT
   test_generate_odd.c - requests of the generate family that no call.json can
   ask for: bytes, sizes, limits. */
#include "generate_out.h"
#include "picture.h"

static mj_request imagine(void) {
  mj_request r;
  memset(&r, 0, sizeof r);
  r.op = MJ_OP_IMAGINE;
  r.prompt = "fox";
  return r;
}

static int put(struct out *o, const mj_request *r) {
  static const struct mj__gateway g = {"https://a.b", NULL, NULL, "mj-prefix"};
  return mj__wire_generate.put(&o->call, &g, r, "token", &o->err);
}

static void refuses(const mj_request *r, int code, const char *text) {
  struct out o;
  out_up(&o);
  assert_int_equal(put(&o, r), code);
  assert_int_equal(o.err.code, code);
  if (!strstr(o.err.text, text))
    fail_msg("said: %s", o.err.text);
  out_down(&o);
}

static void odd_requests(void **state) {
  mj_request r = imagine();
  (void)state;
  r.op = (mj_op)99;
  refuses(&r, MJ_EINVALID, "op: no such operation");
  r = imagine();
  r.prompt = "caf\xe9";
  refuses(&r, MJ_EINVALID, "prompt: not UTF-8 at byte 4");
  r = imagine();
  r.provider = "";
  refuses(&r, MJ_EINVALID, "provider: auto, value or official expected");
  r.provider = "caf\xe9";
  refuses(&r, MJ_EINVALID, "provider: auto, value or official expected");
  r = imagine();
  r.op = MJ_OP_CLICK;
  r.task = "t1";
  r.button = "generate::upscale::1";
  r.prompt = ""; /* as good as none */
  {
    struct out o;
    out_up(&o);
    assert_int_equal(put(&o, &r), MJ_OK);
    r.button = "generate::vary::1";
    mj__buf_reset(&o.call.body);
    assert_int_equal(put(&o, &r), MJ_OK);
    assert_null(strstr(o.call.body.p, "prompt"));
    out_down(&o);
  }
}

static void no_id(void **state) {
  static const struct mj__gateway g = {"https://a.b", NULL, NULL, "mj-prefix"};
  const char *none = NULL;
  struct out o;
  (void)state;
  out_up(&o);
  assert_int_equal(
      mj__wire_generate.ask(&o.call, &g, NULL, MJ__R_FETCH, &none, 1, &o.err),
      MJ_EINVALID);
  assert_string_equal(o.err.text, "not a task id: (none)");
  out_down(&o);
}

/* 10 MB, and the most pictures. */
static void limits(void **state) {
  enum { MOST = 10000000 };
  char *bytes = calloc(1, MOST + 1), *uri = calloc(1, 14 << 20);
  mj_picture many[21];
  mj_picture big = {NULL, bytes, MOST};
  mj_request r = imagine();
  struct out o;
  size_t i;
  (void)state;
  assert_non_null(bytes);
  assert_non_null(uri);
  memcpy(bytes, "\x89PNG\r\n\x1a\n", 8);
  r.pictures = &big;
  r.npictures = 1;
  refuses(&r, MJ_EINVALID, "takes addresses");
  big.len++;
  refuses(&r, MJ_ETOO_LARGE, "picture 1: this family takes 10 MB at most");
  /* 13333334 digits are 10000000 bytes and a half */
  (void)snprintf(uri, 100, "data:image/png;base64,iVBORw0KGgo");
  memset(uri + 33, 'A', 13333334 - 11);
  big.bytes = NULL;
  big.url = uri;
  refuses(&r, MJ_EINVALID, "takes addresses");
  memset(uri + 33, 'A', 13333335 - 11);
  refuses(&r, MJ_ETOO_LARGE, "10 MB");
  for (i = 0; i < COUNT(many); i++)
    many[i] = (mj_picture){"https://a.b/1.png", NULL, 0};
  r.pictures = many;
  r.npictures = 21;
  refuses(&r, MJ_EINVALID, "pictures: 1 to 20 expected, got 21");
  r.npictures = 20;
  out_up(&o);
  assert_int_equal(put(&o, &r), MJ_OK);
  out_down(&o);
  free(bytes);
  free(uri);
}

/* The size of a mask is in its head, or it is not known. */
static void sizes_of_masks(void **state) {
  static const char good[] =
      "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\0\0\0\x03\0";
  static const mj_picture address = {"https://a.b/1.png", NULL, 0};
  mj_picture picture = address, mask;
  mj_request r = imagine();
  char head[24];
  struct out o;
  size_t i;
  (void)state;
  r.op = MJ_OP_INPAINT;
  r.pictures = &picture;
  r.npictures = 1;
  r.mask = &mask;
  mask = (mj_picture){NULL, head, sizeof head};
  memcpy(head, good, sizeof head);
  out_up(&o);
  assert_int_equal(put(&o, &r), MJ_OK);
  assert_non_null(strstr(o.call.body.p, "\"canvas\":{\"width\":1024,\"height\":"
                                        "768},\"imgPos\":{\"x\":0,\"y\":0,"
                                        "\"width\":1024,\"height\":768}"));
  out_down(&o);
  mask.len--;
  refuses(&r, MJ_EINVALID, "canvas: width and height expected");
  mask.len++;
  for (i = 12; i < 16; i++) {
    head[i] ^= 1;
    refuses(&r, MJ_EINVALID, "canvas: width and height expected");
    head[i] ^= 1;
  }
  memcpy(head, "\xff\xd8\xff\xe0", 4);
  refuses(&r, MJ_EINVALID, "canvas: width and height expected");
  memcpy(head, good, sizeof head);
  head[16] = head[20] = (char)0x80;
  refuses(&r, MJ_EINVALID, "canvas: width and height of 1..8192 expected");
  memset(head + 16, 0, 8);
  refuses(&r, MJ_EINVALID, "got 0 x 0");
  {
    static const mj_area area = {600, 600, NULL, 6};
    r.areas = &area;
    r.nareas = 1;
    refuses(&r, MJ_EINVALID, "area 1: x and y of 3 points");
  }
}

/* What was not checked is read as far as it goes. */
static void heads(void **state) {
  static const struct {
    const char *url, *head;
  } all[] = {{"data:image/png;base64,iVBORw0KGgo=", "\x89PNG\r\n\x1a\n"},
             {"data:image/png;base64,iVBO", "\x89PN"},
             {"data:image/png;base64,iVBO!Rw0KGgo=", "\x89PN"},
             {"data:image/png;base64,", ""},
             {"data:image/png,iVBO", ""},
             {"QUJDRA==", ""}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    mj_picture p = {all[i].url, NULL, 0};
    char head[16] = "";
    size_t n = mj__picture_head(&p, head, sizeof head - 1);
    assert_int_equal(n, strlen(all[i].head));
    assert_string_equal(head, all[i].head);
  }
}

/* Nobody needs to listen to warnings. */
static void warnings_unheard(void **state) {
  static const mj_param odd = {"aspect", "7:5"};
  mj_request r = imagine();
  struct out o;
  (void)state;
  r.params = &odd;
  r.nparams = 1;
  out_up(&o);
  o.call.warnings = NULL;
  assert_int_equal(put(&o, &r), MJ_OK);
  out_down(&o);
}

static void too_long(void **state) {
  mj_request r = imagine();
  char *prompt = calloc(1, 70000);
  struct out o;
  (void)state;
  assert_non_null(prompt);
  memset(prompt, 'x', 65537);
  r.prompt = prompt;
  refuses(&r, MJ_ETOO_LARGE, "the prompt is too long");
  prompt[60000] = '\0';
  out_up(&o);
  o.call.body.max = 1000;
  assert_int_equal(put(&o, &r), MJ_ETOO_LARGE);
  assert_string_equal(o.err.text, "the request is larger than 1000 bytes");
  out_down(&o);
  free(prompt);
}

#define CASE(f) cmocka_unit_test(f)

int main(void) {
  const struct CMUnitTest tests[] = {CASE(odd_requests), CASE(no_id),
                                     CASE(limits),       CASE(sizes_of_masks),
                                     CASE(heads),        CASE(warnings_unheard),
                                     CASE(too_long)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
