#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "rotation_rows.h"

float rotate_row_avx2(const struct rotation *rotation, const void *row, bool half, float *output) {
    return rotate(rotation, row, half, output);
}
#pragma clang attribute pop
#endif
