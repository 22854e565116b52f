#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "matrix_quantise_rows.h"

float matrix_quantise_row_avx2(uint8_t *values, const uint16_t *x, ptrdiff_t inputs) {
    return quantise_row(values, x, inputs);
}

float matrix_quantise_floats_avx2(uint8_t *values, const float *x, float largest, ptrdiff_t inputs) {
    return quantise_floats(values, x, largest, inputs);
}
#pragma clang attribute pop
#endif
