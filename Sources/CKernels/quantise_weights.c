#include "kernels_matrix.h"

#include "bfloat16.h"
#include "rotation.h"
#include "scratch.h"

#include <math.h>

/// A row of weights, as it is in bfloat16 or, where there are `floats`, as it was mixed.
struct weight_row {
    const uint16_t *bits;
    const float *floats;
};

static float finite_or_zero(uint16_t bits) { return (bits & 0x7fff) < 0x7f80 ? float_of_bfloat16(bits) : 0; }

static inline float number_of(struct weight_row row, ptrdiff_t index) {
    return row.floats ? row.floats[index] : finite_or_zero(row.bits[index]);
}

/// The number of the largest magnitude, with its sign.
static float largest_of(struct weight_row row, ptrdiff_t first, ptrdiff_t count) {
    float largest = 0;
    for (ptrdiff_t index = first; index < first + count; index++) {
        const float weight = number_of(row, index);
        largest = fabsf(weight) > fabsf(largest) ? weight : largest;
    }
    return largest;
}

static void quantise(int8_t *values, struct weight_row row, ptrdiff_t first, ptrdiff_t count, float scale, double least,
                     double most) {
    for (ptrdiff_t index = first; index < first + count; index++) {
        const double value = scale == 0 ? 0 : rint((double)number_of(row, index) / (double)scale);
        values[index] = (int8_t)(value < least ? least : value > most ? most : value);
    }
}

static void quantise_row_int8(int8_t *values, float *scale, struct weight_row row, ptrdiff_t inputs) {
    *scale = fabsf(largest_of(row, 0, inputs)) / 127;
    quantise(values, row, 0, inputs, *scale, -127, 127);
}

static void quantise_row_int4(
    int8_t *values, float *scales, struct weight_row row, ptrdiff_t inputs, ptrdiff_t group) {
    for (ptrdiff_t first = 0; first < inputs; first += group) {
        float *scale = scales + first / group;
        *scale = float_of_bfloat16(bfloat16_of_float(largest_of(row, first, group) / -8));
        quantise(values, row, first, group, *scale, -8, 7);
    }
}

/// A row mixed, in scratch memory of so many inputs.
static struct weight_row mixed_row(
    const struct rotation *rotation, rotate_row *rotate, const uint16_t *weights, float *memory) {
    for (ptrdiff_t input = 0; input < rotation->inputs; input++) {
        memory[input] = finite_or_zero(weights[input]);
    }
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

void kernels_quantise_int4(int8_t *values, float *scales, const uint16_t *weights, ptrdiff_t stride, ptrdiff_t rows,
                           ptrdiff_t inputs, ptrdiff_t group) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        quantise_row_int4(values + row * inputs, scales + row * (inputs / group),
                          (struct weight_row){.bits = weights + row * stride}, inputs, group);
    }
}

bool kernels_quantise_rotated_int4(int8_t *values, float *scales, const uint16_t *weights, ptrdiff_t stride,
                                   ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t group) {
    struct rotation rotation;
    prepare_rotation(&rotation, inputs);
    float *memory = row_memory(inputs);
    for (ptrdiff_t row = 0; memory && row < rows; row++) {
        struct weight_row mixed = mixed_row(&rotation, rotate_row_of_path(), weights + row * stride, memory);
        quantise_row_int4(values + row * inputs, scales + row * (inputs / group), mixed, inputs, group);
    }
    return memory;
}
