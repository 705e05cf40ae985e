/* SPDX-License-Identifier: MIT
   setopt.c - see setopt.h. */
#include "setopt.h"
#include "http_int.h"

#include <curl/curl.h>
#include <stdarg.h>

int without_fresh, without_prereq, rewindable;

/* What would let libcurl send a body again. */
static int rewind_body(void *ud, curl_off_t offset, int origin) {
  struct mj__easy *x = ud;
  (void)origin;
  x->body_at = (size_t)offset;
  return CURL_SEEKFUNC_OK;
}

CURLcode __real_curl_easy_setopt(CURL *e, CURLoption o, ...);
CURLcode __wrap_curl_easy_setopt(CURL *e, CURLoption o, ...);
CURLcode __wrap_curl_easy_setopt(CURL *e, CURLoption o, ...) {
  va_list ap;
  void *p;
  va_start(ap, o);
  p = va_arg(ap, void *); /* long, curl_off_t and pointers: one word each */
  va_end(ap);
  if (without_fresh && o == CURLOPT_FRESH_CONNECT)
    return CURLE_OK;
  if (without_prereq && o == CURLOPT_PREREQFUNCTION)
    return CURLE_OK;
  if (rewindable && o == CURLOPT_READDATA) {
    (void)__real_curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, rewind_body);
    (void)__real_curl_easy_setopt(e, CURLOPT_SEEKDATA, p);
  }
  return __real_curl_easy_setopt(e, o, p);
}
