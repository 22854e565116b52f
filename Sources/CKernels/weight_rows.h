// Rows of weights that are rounded.

#ifndef KERNELS_WEIGHT_ROWS_H
#define KERNELS_WEIGHT_ROWS_H

#include "bfloat16.h"

#include <stddef.h>

static inline float finite_or_zero(uint16_t bits) { return (bits & 0x7fff) < 0x7f80 ? float_of_bfloat16(bits) : 0; }

static inline void finite_numbers(float *numbers, const uint16_t *weights, ptrdiff_t count) {
    for (ptrdiff_t index = 0; index < count; index++) {
        numbers[index] = finite_or_zero(weights[index]);
    }
}

/// Inputs of at most 16 rows as columns[inputs][16], zeros for rows that there are not; and int8 columns as rows.
void transpose_rows(float *columns, const float *rows, ptrdiff_t stride, ptrdiff_t count, ptrdiff_t inputs);
void write_values(int8_t *values, ptrdiff_t stride, const int8_t *columns, ptrdiff_t count, ptrdiff_t inputs);

#endif
