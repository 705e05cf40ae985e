/* SPDX-License-Identifier: MIT
   http_url.c - URLs, as libcurl reads them, so that what is checked is what is
   connected to. */
#include "err.h"
#include "http.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

struct url {
  CURLU *h;
  char *scheme, *host, *port, *path, *user, *query, *fragment;
};

static void url_free(struct url *u) {
  curl_free(u->scheme);
  curl_free(u->host);
  curl_free(u->port);
  curl_free(u->path);
  curl_free(u->user);
  curl_free(u->query);
  curl_free(u->fragment);
  curl_url_cleanup(u->h);
}

/* 0, -1 = not a URL, -2 = out of memory. */
static int url_parse(struct url *u, const char *text) {
  CURLUcode rc;
  memset(u, 0, sizeof *u);
  u->h = curl_url();
  if (!u->h)
    return -2;
  rc = curl_url_set(u->h, CURLUPART_URL, text, 0);
  if (rc == CURLUE_OK)
    rc = curl_url_get(u->h, CURLUPART_SCHEME, &u->scheme, 0);
  if (rc == CURLUE_OK)
    rc = curl_url_get(u->h, CURLUPART_HOST, &u->host, 0);
  if (rc == CURLUE_OK)
    rc = curl_url_get(u->h, CURLUPART_PORT, &u->port, CURLU_DEFAULT_PORT);
  if (rc == CURLUE_OK)
    rc = curl_url_get(u->h, CURLUPART_PATH, &u->path, 0);
  if (rc != CURLUE_OK) {
    url_free(u);
    memset(u, 0, sizeof *u);
    return rc == CURLUE_OUT_OF_MEMORY ? -2 : -1;
  }
  (void)curl_url_get(u->h, CURLUPART_USER, &u->user, 0);
  (void)curl_url_get(u->h, CURLUPART_QUERY, &u->query, 0);
  (void)curl_url_get(u->h, CURLUPART_FRAGMENT, &u->fragment, 0);
  return 0;
}

static int has_control(const char *s) {
  for (; *s; s++)
    if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f)
      return 1;
  return 0;
}

static int is_http(const struct url *u, int plain) {
  return strcasecmp(u->scheme, "https") == 0 ||
         (plain && strcasecmp(u->scheme, "http") == 0);
}

int mj__url_base(char **out, const struct mj__mem *m, const char *text,
                 mj_error *err) {
  struct url u;
  size_t n = strlen(text);
  int rc;
  *out = NULL;
  if (has_control(text))
    return mj__err_set(err, MJ_EINVALID,
                       "base_url: no spaces or odd characters, please");
  if (!strstr(text, "://"))
    return mj__err_set(err, MJ_EINVALID,
                       "base_url: begin with https:// (or http://)");
  rc = url_parse(&u, text);
  if (rc == -2)
    return mj__err_nomem(err);
  if (rc)
    return mj__err_set(err, MJ_EINVALID,
                       "base_url: https://host[:port][/path] expected");
  if (!is_http(&u, 1))
    rc = mj__err_set(err, MJ_EINVALID, "base_url: http or https, not %.20s",
                     u.scheme);
  else if (u.user)
    rc = mj__err_set(err, MJ_EINVALID,
                     "base_url: no user name in it; the key is api_key");
  else if (u.query || u.fragment)
    rc = mj__err_set(err, MJ_EINVALID, "base_url: no ? or # in it");
  url_free(&u);
  if (rc)
    return rc;
  while (n > 0 && text[n - 1] == '/')
    n--;
  *out = mj__strndup(m, text, n);
  return *out ? MJ_OK : mj__err_nomem(err);
}

/* "file:", "gopher:" and the like have no host or port: look at the scheme
   before the rest. */
static int other_scheme(const char *text) {
  return strstr(text, "://") && strncasecmp(text, "http://", 7) != 0 &&
         strncasecmp(text, "https://", 8) != 0;
}

int mj__url_check(const char *text, int plain, mj_error *err) {
  struct url u;
  int rc;
  if (other_scheme(text) || (!plain && strncasecmp(text, "http://", 7) == 0))
    return mj__err_set(
        err, MJ_EBLOCKED_ADDRESS, "not fetched, only https%s is: %.120s",
        plain ? " or http" : " (http only from an http gateway)", text);
  rc = has_control(text) ? -1 : url_parse(&u, text);
  if (rc == -2)
    return mj__err_nomem(err);
  if (rc)
    return mj__err_set(err, MJ_EINVALID,
                       "not a URL that can be fetched: %.120s", text);
  rc = is_http(&u, plain)
           ? MJ_OK
           : mj__err_set(err, MJ_EINVALID,
                         "not a URL that can be fetched: %.120s", text);
  url_free(&u);
  return rc;
}

int mj__url_same_origin(const char *a, const char *b) {
  struct url x, y;
  int same = 0;
  if (!a || !b || url_parse(&x, a) != 0)
    return 0;
  if (url_parse(&y, b) == 0) {
    same = strcasecmp(x.scheme, y.scheme) == 0 &&
           strcasecmp(x.host, y.host) == 0 && strcmp(x.port, y.port) == 0;
    url_free(&y);
  }
  url_free(&x);
  return same;
}

int mj__url_host_is(const char *text, const char *entry) {
  struct url u;
  const char *colon = strrchr(entry, ':');
  size_t n;
  int same;
  if (url_parse(&u, text) != 0)
    return 0;
  /* "[::1]" has colons of its own */
  if (colon && strchr(colon, ']'))
    colon = NULL;
  n = colon ? (size_t)(colon - entry) : strlen(entry);
  same = strlen(u.host) == n && strncasecmp(u.host, entry, n) == 0 &&
         (!colon || strcmp(u.port, colon + 1) == 0);
  url_free(&u);
  return same;
}
