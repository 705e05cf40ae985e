/* SPDX-License-Identifier: MIT
   fuzz_image_info.c - type and size of a picture from the head of its file. */
#include "fuzz.h"

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const types[] = {"png", "jpeg", "webp", "gif"};
  struct image_info info;
  uint8_t *exact = malloc(size ? size : 1);
  size_t i, known = 0;
  MUST(exact);
  if (size)
    memcpy(exact, data, size);
  if (image_info(exact, size, &info) == 0) {
    for (i = 0; i < 4; i++)
      known += strcmp(info.type, types[i]) == 0;
    MUST(known == 1 && info.width > 0 && info.height > 0);
#ifdef PLANT /* gifs are smaller */
    MUST(strcmp(info.type, "gif") != 0 || info.width < 40000);
#endif
  } else {
    MUST(!info.type || !*info.type);
  }
  free(exact);
  return 0;
}
