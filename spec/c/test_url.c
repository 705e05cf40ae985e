/* SPDX-License-Identifier: MIT
   test_url.c - base URLs, addresses of pictures, origins and host lists. */
#include "test.h"

#include "http.h"

struct base {
  const char *given, *kept; /* NULL = refused */
};

static const struct base bases[] = {
    {"https://api.example.com", "https://api.example.com"},
    {"https://api.example.com/", "https://api.example.com"},
    {"https://api.example.com///", "https://api.example.com"},
    {"https://api.example.com:8443/proxy/v1/",
     "https://api.example.com:8443/proxy/v1"},
    {"http://127.0.0.1:8080", "http://127.0.0.1:8080"},
    {"HTTPS://API.example.com", "HTTPS://API.example.com"},
    {"http://[::1]:80/x", "http://[::1]:80/x"},
    {"api.example.com", NULL},
    {"", NULL},
    {"https://", NULL},
    {"://host", NULL},
    {"ftp://example.com", NULL},
    {"file:///etc/passwd", NULL},
    {"gopher://example.com", NULL},
    {"https://user@example.com", NULL},
    {"https://user:secret@example.com", NULL},
    {"https://example.com/?key=1", NULL},
    {"https://example.com/#top", NULL},
    {"https://example.com:99999", NULL},
    {"https://example.com:port", NULL},
    {"https://exa mple.com", NULL},
    {"https://example.com/a\nb", NULL},
    {"https://example.com/\x7f", NULL},
    {"https://ex\xc3\xa4mple.com", NULL},
    {" https://example.com", NULL},
    {"https://example.com\r\nHost: evil", NULL},
};

static void base_url(void **state) {
  const struct base *b = *state;
  struct meter meter;
  struct mj__mem m;
  mj_error err;
  char *out = (char *)&meter;
  int rc;
  meter_mem(&meter, &m);
  memset(&err, 0, sizeof err);
  rc = mj__url_base(&out, &m, b->given, &err);
  if (b->kept) {
    assert_int_equal(rc, MJ_OK);
    assert_string_equal(out, b->kept);
    mj__free(&m, out);
  } else {
    assert_int_equal(rc, MJ_EINVALID);
    assert_int_equal(err.code, MJ_EINVALID);
    assert_null(out);
    assert_int_equal(strncmp(err.text, "base_url: ", 10), 0);
    assert_null(strstr(err.text, "secret"));
  }
  assert_int_equal(meter.live, 0);
}

static void base_out_of_memory(void **state) {
  struct meter meter;
  struct mj__mem m;
  mj_error err;
  char *out;
  (void)state;
  meter_mem(&meter, &m);
  meter.fail_at = 1;
  memset(&err, 0, sizeof err);
  assert_int_equal(mj__url_base(&out, &m, "https://a.b", &err), MJ_ERESOURCE);
  assert_null(out);
  assert_int_equal(err.code, MJ_ERESOURCE);
}

struct fetched {
  const char *url;
  int https_only, with_http; /* what becomes of it */
};

static const struct fetched fetches[] = {
    {"https://cdn.example.com/a.png?ex=1&is=2&hm=3&", MJ_OK, MJ_OK},
    {"http://cdn.example.com/a.png", MJ_EBLOCKED_ADDRESS, MJ_OK},
    {"HTTPS://cdn.example.com/a.png", MJ_OK, MJ_OK},
    {"file:///etc/hostname", MJ_EBLOCKED_ADDRESS, MJ_EBLOCKED_ADDRESS},
    {"ftp://example.com/a", MJ_EBLOCKED_ADDRESS, MJ_EBLOCKED_ADDRESS},
    {"gopher://example.com/a", MJ_EBLOCKED_ADDRESS, MJ_EBLOCKED_ADDRESS},
    {"dict://example.com/a", MJ_EBLOCKED_ADDRESS, MJ_EBLOCKED_ADDRESS},
    {"", MJ_EINVALID, MJ_EINVALID},
    {"https://", MJ_EINVALID, MJ_EINVALID},
    {"https://a b/", MJ_EINVALID, MJ_EINVALID},
    {"https://a/\r\nX: y", MJ_EINVALID, MJ_EINVALID},
};

static void fetched(void **state) {
  const struct fetched *f = *state;
  int plain;
  for (plain = 0; plain < 2; plain++) {
    int want = plain ? f->with_http : f->https_only;
    mj_error err;
    memset(&err, 0, sizeof err);
    assert_int_equal(mj__url_check(f->url, plain, &err), want);
    assert_int_equal(err.code, want);
  }
}

static void no_scheme_is_not_fetched(void **state) {
  mj_error err;
  (void)state;
  memset(&err, 0, sizeof err);
  assert_int_not_equal(mj__url_check("/etc/passwd", 1, &err), MJ_OK);
}

static void origins(void **state) {
  static const char *const same[][2] = {
      {"https://a.b/x", "https://a.b/y?z"},
      {"https://a.b:443/x", "https://A.B"},
      {"http://a.b", "HTTP://a.b:80/"},
      {"http://[::1]:8080/", "http://[::1]:8080/x"},
  };
  static const char *const other[][2] = {
      {"https://a.b", "http://a.b"},
      {"https://a.b", "https://a.b:444"},
      {"https://a.b", "https://a.b.c"},
      {"https://a.b", "https://x.a.b"},
      {"https://a.b", "https://a.b@c/"},
      {"nonsense://", "nonsense://"},
      {"", ""},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(same); i++)
    assert_int_equal(mj__url_same_origin(same[i][0], same[i][1]), 1);
  for (i = 0; i < COUNT(other); i++)
    assert_int_equal(mj__url_same_origin(other[i][0], other[i][1]), 0);
  assert_int_equal(mj__url_same_origin(NULL, "https://a.b"), 0);
  assert_int_equal(mj__url_same_origin("https://a.b", NULL), 0);
}

static void host_lists(void **state) {
  static const struct {
    const char *url, *entry;
    int is;
  } cases[] = {{"https://cdn.a.b/x", "cdn.a.b", 1},
               {"https://CDN.a.b/x", "cdn.A.b", 1},
               {"https://cdn.a.b:8443/x", "cdn.a.b", 1},
               {"https://cdn.a.b:8443/x", "cdn.a.b:8443", 1},
               {"https://cdn.a.b/x", "cdn.a.b:443", 1},
               {"https://cdn.a.b/x", "cdn.a.b:8443", 0},
               {"https://cdn.a.b/x", "a.b", 0},
               {"https://a.b/x", "cdn.a.b", 0},
               {"https://cdn.a.b.evil/x", "cdn.a.b", 0},
               {"https://cdn.a.b@evil/x", "cdn.a.b", 0},
               {"http://[::1]:80/x", "[::1]", 1},
               {"http://[::1]:8080/x", "[::1]:8080", 1},
               {"http://[::1]:8080/x", "[::1]:80", 0},
               {"not a url", "not a url", 0}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cases); i++)
    if (mj__url_host_is(cases[i].url, cases[i].entry) != cases[i].is)
      fail_msg("%s, %s", cases[i].url, cases[i].entry);
}

int main(void) {
  struct CMUnitTest tests[COUNT(bases) + COUNT(fetches) + 4];
  size_t i, n = 0;
  for (i = 0; i < COUNT(bases); i++)
    tests[n++] = named_case(bases[i].given, base_url, &bases[i]);
  for (i = 0; i < COUNT(fetches); i++)
    tests[n++] = named_case(fetches[i].url, fetched, &fetches[i]);
  tests[n++] = named_case("base_out_of_memory", base_out_of_memory, NULL);
  tests[n++] =
      named_case("no_scheme_is_not_fetched", no_scheme_is_not_fetched, NULL);
  tests[n++] = named_case("origins", origins, NULL);
  tests[n++] = named_case("host_lists", host_lists, NULL);
  return run_cases("url", tests, n);
}
