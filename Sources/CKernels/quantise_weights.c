#include "kernels_matrix.h"

#include "bfloat16.h"

#include <math.h>

static float finite_or_zero(uint16_t bits) { return (bits & 0x7fff) < 0x7f80 ? float_of_bfloat16(bits) : 0; }

/// The number of the largest magnitude, with its sign.
static float largest_of(const uint16_t *weights, ptrdiff_t count) {
    float largest = 0;
    for (ptrdiff_t index = 0; index < count; index++) {
        const float weight = finite_or_zero(weights[index]);
        largest = fabsf(weight) > fabsf(largest) ? weight : largest;
    }
    return largest;
}

static void quantise(int8_t *values, const uint16_t *weights, ptrdiff_t count, float scale, double least, double most) {
    for (ptrdiff_t index = 0; index < count; index++) {
        const double value = scale == 0 ? 0 : rint((double)finite_or_zero(weights[index]) / (double)scale);
        values[index] = (int8_t)(value < least ? least : value > most ? most : value);
    }
}

void kernels_quantise_int8(int8_t *values, float *scales, const uint16_t *weights, ptrdiff_t stride, ptrdiff_t rows,
                           ptrdiff_t inputs) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        const uint16_t *of_row = weights + row * stride;
        scales[row] = fabsf(largest_of(of_row, inputs)) / 127;
        quantise(values + row * inputs, of_row, inputs, scales[row], -127, 127);
    }
}

void kernels_quantise_int4(int8_t *values, float *scales, const uint16_t *weights, ptrdiff_t stride, ptrdiff_t rows,
                           ptrdiff_t inputs, ptrdiff_t group) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        for (ptrdiff_t first = 0; first < inputs; first += group) {
            const uint16_t *of_group = weights + row * stride + first;
            float *scale = scales + row * (inputs / group) + first / group;
            *scale = float_of_bfloat16(bfloat16_of_float(largest_of(of_group, group) / -8));
            quantise(values + row * inputs + first, of_group, group, *scale, -8, 7);
        }
    }
}
