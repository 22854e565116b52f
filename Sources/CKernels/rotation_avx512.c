#if defined(__x86_64__)
#include <immintrin.h>
#define VECTOR16_MASKS
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma"))), apply_to = function)
#include "rotation_rows.h"

float rotate_row_avx512(const struct rotation *rotation, const void *row, bool half, float *output) {
    return rotate(rotation, row, half, output);
}
#pragma clang attribute pop
#endif
