#if defined(__x86_64__)
#define BLOCK_TILE_ROWS 6
#define TILE_UNITS 1
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "attention_float32_rows.h"
#pragma clang attribute pop

void attention_float32_avx2(
    const struct kernels_attention *sizes, bool half, const void *query, const void *key, const void *value,
    void *output, void *scratch) {
    attend(sizes, half, query, key, value, output, scratch);
}
#endif
