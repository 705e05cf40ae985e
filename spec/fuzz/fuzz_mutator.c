/* SPDX-License-Identifier: MIT
   fuzz_mutator.c - half of libFuzzer's changes are ours, which know JSON. */
#include "fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
                               unsigned int seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
                               unsigned int seed) {
  uint64_t chance = seed;
  text t = {NULL, 0, 0};
  size_t head = 0; /* what stands in front of the JSON */
  if (random_below(&chance, 2))
    return LLVMFuzzerMutate(data, size, most);
  while (head < 4 && head < size && data[head] != '{' && data[head] != '[')
    head++;
  if (head == 4 || head == size)
    head = 0;
  text_set(&t, (const char *)data + head, size - head);
  (void)mutate(&t, (const char *)data + head, size - head, &chance);
  if (t.n > most - head)
    t.n = most - head;
  if (t.n)
    memcpy(data + head, t.p, t.n);
  size = head + t.n;
  text_free(&t);
  return size;
}
