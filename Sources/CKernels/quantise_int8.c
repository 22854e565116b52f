#include "kernels_matrix.h"

#include "rotation.h"
#include "scratch.h"
#include "weight_rows.h"

#include <math.h>

/// A row of weights, as it is in bfloat16 or, where there are `floats`, as it was mixed.
struct weight_row {
    const uint16_t *bits;
    const float *floats;
};

static inline float number_of(struct weight_row row, ptrdiff_t index) {
    return row.floats ? row.floats[index] : finite_or_zero(row.bits[index]);
}

static float largest_magnitude(struct weight_row row, ptrdiff_t inputs) {
    float largest = 0;
    for (ptrdiff_t index = 0; index < inputs; index++) {
        const float magnitude = fabsf(number_of(row, index));
        largest = magnitude > largest ? magnitude : largest;
    }
    return largest;
}

static void quantise_row_int8(int8_t *values, float *scale, struct weight_row row, ptrdiff_t inputs) {
    *scale = largest_magnitude(row, inputs) / 127;
    for (ptrdiff_t index = 0; index < inputs; index++) {
        const double value = *scale == 0 ? 0 : rint((double)number_of(row, index) / (double)*scale);
        values[index] = (int8_t)(value < -127 ? -127 : value > 127 ? 127 : value);
    }
}

/// A row mixed, in scratch memory of so many inputs.
static struct weight_row mixed_row(
    const struct rotation *rotation, rotate_row *rotate, const uint16_t *weights, float *memory) {
    finite_numbers(memory, weights, rotation->inputs);
    rotate(rotation, memory, false, memory);
    return (struct weight_row){.floats = memory};
}

/// Some memory even for no inputs, as NULL says that it is short.
static float *row_memory(ptrdiff_t inputs) {
    return scratch(SCRATCH_ROTATED_ROW, (size_t)(inputs + 1) * sizeof(float));
}

void kernels_quantise_int8(int8_t *values, float *scales, const uint16_t *weights, ptrdiff_t stride, ptrdiff_t rows,
                           ptrdiff_t inputs) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        quantise_row_int8(
            values + row * inputs, scales + row, (struct weight_row){.bits = weights + row * stride}, inputs);
    }
}

bool kernels_quantise_rotated_int8(int8_t *values, float *scales, const uint16_t *weights, ptrdiff_t stride,
                                   ptrdiff_t rows, ptrdiff_t inputs) {
    struct rotation rotation;
    prepare_rotation(&rotation, inputs);
    float *memory = row_memory(inputs);
    for (ptrdiff_t row = 0; memory && row < rows; row++) {
        struct weight_row mixed = mixed_row(&rotation, rotate_row_of_path(), weights + row * stride, memory);
        quantise_row_int8(values + row * inputs, scales + row, mixed, inputs);
    }
    return memory;
}
