/* SPDX-License-Identifier: MIT
   fuzz.h - what the fuzz targets share.  A target is a file with an entry that
   libFuzzer calls, or fuzz_main.c with files.  With PLANT each has a mistake
   that its fuzzing must find: no seed has it. */
#ifndef MJ_SPEC_FUZZ_H
#define MJ_SPEC_FUZZ_H

#include "mutation.h"
#include "oracle.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)                                                             \
  do {                                                                         \
    if (!(what)) {                                                             \
      (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);         \
      abort();                                                                 \
    }                                                                          \
  } while (0)

/* The first byte of an input as a choice, from 0 up to n. */
static inline size_t fuzz_choice(const uint8_t **data, size_t *size, size_t n) {
  size_t c = *size ? **data : 0;
  *data += *size > 0;
  *size -= *size > 0;
  return c >= '0' ? (c - '0') % n : c % n;
}

/* A copy that ends in a NUL; its end is the end of the memory, so that reading
   on is seen. */
static inline char *fuzz_text(const uint8_t *data, size_t size) {
  char *s = malloc(size + 1);
  MUST(s);
  if (size)
    memcpy(s, data, size);
  s[size] = '\0';
  return s;
}

#endif
