#if defined(__x86_64__)
#include <immintrin.h>
#define VECTOR16_MASKS
#define BLOCK_TILE_ROWS 6
#define TILE_UNITS 4
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma"))), apply_to = function)
#include "attention_float32_rows.h"
#pragma clang attribute pop

void attention_float32_avx512(
    const struct kernels_attention *sizes, bool half, const void *query, const void *key, const void *value,
    void *output, void *scratch) {
    attend(sizes, half, query, key, value, output, scratch);
}
#endif
