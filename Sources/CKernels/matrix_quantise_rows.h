// Rows of X rounded to bytes, for whatever instructions the including file is compiled for.
#include "bfloat16.h"
#include "matrix_tile.h"
#include "row_scale.h"
#include "vector16.h"

typedef uint8_t bytes __attribute__((vector_size(16)));

INLINE int lanes_left(ptrdiff_t inputs, ptrdiff_t input) {
    return inputs - input < LANES ? (int)(inputs - input) : LANES;
}

/// The bits of the largest magnitude; NaN's are above infinity's.
INLINE uint16_t largest_bits(const uint16_t *x, ptrdiff_t inputs) {
    halves largest = {};
    for (ptrdiff_t input = 0; input < inputs; input += LANES) {
        halves bits;
        if (lanes_left(inputs, input) < LANES) {
            bits = first_halves(x + input, lanes_left(inputs, input));
        } else {
            memcpy(&bits, x + input, sizeof bits);
        }
        largest = __builtin_elementwise_max(largest, bits & 0x7fff);
    }
    return __builtin_reduce_max(largest);
}

INLINE void round_row(
    uint8_t *values, const void *x, const bool half, ptrdiff_t inputs, const struct row_scale *scale) {
#pragma clang fp contract(off) // Bytes are the same with and without fused instructions.
    const ints finite = (ints){} - (scale->finite ? 1 : 0);
    for (ptrdiff_t input = 0; input < inputs; input += LANES) {
        const int count = lanes_left(inputs, input);
        const floats shifted = loaded(x, input, count, half) * scale->inverse + WHOLE_NUMBERS;
        const ints whole = ((ints)shifted - 0x4b400000) & finite;
        const bytes rounded = __builtin_convertvector(whole + 128, bytes);
        memcpy(values + input, &rounded, count < LANES ? (size_t)(count + 3) / 4 * 4 : sizeof rounded);
    }
}

INLINE float quantise_row(uint8_t *values, const uint16_t *x, ptrdiff_t inputs) {
    const struct row_scale scale = row_scale_of(float_of_bfloat16(largest_bits(x, inputs)));
    round_row(values, x, true, inputs, &scale);
    return scale.scale;
}

INLINE float quantise_floats(uint8_t *values, const float *x, float largest, ptrdiff_t inputs) {
    const struct row_scale scale = row_scale_of(largest);
    round_row(values, x, false, inputs, &scale);
    return scale.scale;
}
