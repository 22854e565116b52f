#include "kernels_matrix.h"

#include "int4_rounding.h"
#include "kernels_path.h"
#include "rotation.h"
#include "scratch.h"
#include "weight_rows.h"

#include <math.h>
#include <string.h>

const struct int4_rounding *int4_rounding_of_path(void) {
#if defined(__x86_64__)
    if (kernels_path() >= KERNELS_AVX512_VNNI) {
        return &int4_rounding_avx512;
    }
    if (kernels_path() >= KERNELS_AVX2) {
        return &int4_rounding_avx2;
    }
#endif
    return &int4_rounding_portable;
}

void transpose_rows(float *columns, const float *rows, ptrdiff_t stride, ptrdiff_t count, ptrdiff_t inputs) {
    for (ptrdiff_t row = 0; row < ROUNDED_ROWS; row++) {
        for (ptrdiff_t input = 0; input < inputs; input++) {
            columns[input * ROUNDED_ROWS + row] = row < count ? rows[row * stride + input] : 0;
        }
    }
}

void write_values(int8_t *values, ptrdiff_t stride, const int8_t *columns, ptrdiff_t count, ptrdiff_t inputs) {
    for (ptrdiff_t row = 0; row < count; row++) {
        for (ptrdiff_t input = 0; input < inputs; input++) {
            values[row * stride + input] = columns[input * ROUNDED_ROWS + row];
        }
    }
}

void search_rows(float *scales, float *of_rows, float *columns, const float *rows, ptrdiff_t stride, ptrdiff_t count,
                 ptrdiff_t inputs, ptrdiff_t group) {
    float largest[ROUNDED_ROWS] = {0};
    for (ptrdiff_t first = 0; first < inputs; first += group, scales += ROUNDED_ROWS) {
        transpose_rows(columns, rows + first, stride, count, group);
        int4_rounding_of_path()->search(columns, group, scales);
        for (ptrdiff_t row = 0; row < ROUNDED_ROWS; row++) {
            largest[row] = fmaxf(largest[row], fabsf(scales[row]));
        }
    }
    for (ptrdiff_t row = 0; row < ROUNDED_ROWS; row++) {
        of_rows[row] = largest[row] / LARGEST_MULTIPLE;
    }
}

/// Memory for 16 rows, for a group of them, and for the scales of all groups.
struct memory {
    float *rows;
    float *columns;
    int8_t *values;
    float *scales;
};

static struct memory memory_for(ptrdiff_t inputs, ptrdiff_t group) {
    const size_t numbers = (size_t)(group * ROUNDED_ROWS);
    // Some even for no inputs, as NULL says that memory is short.
    struct memory memory = {
        .rows = scratch(SCRATCH_ROTATED_ROW, (size_t)(inputs + 1) * ROUNDED_ROWS * sizeof(float)),
        .columns = scratch(SCRATCH_COLUMNS, (numbers + 1) * (sizeof(float) + 1)),
        .scales = scratch(SCRATCH_SUMS, (size_t)(inputs / group + 1) * ROUNDED_ROWS * sizeof(float)),
    };
    memory.values = (int8_t *)(memory.columns + numbers);
    return memory;
}

static void quantise_rows(int8_t *values, int8_t *multiples, float *scales, const struct memory *memory, ptrdiff_t rows,
                          ptrdiff_t inputs, ptrdiff_t group) {
    const struct int4_rounding *rounding = int4_rounding_of_path();
    float of_rows[ROUNDED_ROWS];
    search_rows(memory->scales, of_rows, memory->columns, memory->rows, inputs, rows, inputs, group);
    memcpy(scales, of_rows, (size_t)rows * sizeof(float));
    float *of_group = memory->scales;
    for (ptrdiff_t first = 0; first < inputs; first += group, of_group += ROUNDED_ROWS) {
        int8_t of_group_multiples[ROUNDED_ROWS];
        transpose_rows(memory->columns, memory->rows + first, inputs, rows, group);
        rounding->fit(memory->columns, group, of_rows, of_group, of_group_multiples);
        rounding->round(memory->columns, group, of_group, memory->values);
        write_values(values + first, inputs, memory->values, rows, group);
        for (ptrdiff_t row = 0; row < rows; row++) {
            multiples[(row * inputs + first) / group] = of_group_multiples[row];
        }
    }
}

static bool quantise_int4(int8_t *values, int8_t *multiples, float *scales, const uint16_t *weights, ptrdiff_t stride,
                          ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t group, const struct rotation *rotation) {
    const struct memory memory = memory_for(inputs, group);
    if (!memory.rows || !memory.columns || !memory.scales) {
        return false;
    }
    for (ptrdiff_t first = 0; first < rows; first += ROUNDED_ROWS) {
        const ptrdiff_t count = rows - first < ROUNDED_ROWS ? rows - first : ROUNDED_ROWS;
        for (ptrdiff_t row = 0; row < count; row++) {
            float *numbers = memory.rows + row * inputs;
            finite_numbers(numbers, weights + (first + row) * stride, inputs);
            if (rotation) {
                rotate_row_of_path()(rotation, numbers, false, numbers);
            }
        }
        quantise_rows(values + first * inputs, multiples + first * inputs / group, scales + first, &memory, count, inputs,
                      group);
    }
    return true;
}

bool kernels_quantise_int4(int8_t *values, int8_t *multiples, float *scales, const uint16_t *weights, ptrdiff_t stride,
                           ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t group) {
    return quantise_int4(values, multiples, scales, weights, stride, rows, inputs, group, 0);
}

bool kernels_quantise_rotated_int4(int8_t *values, int8_t *multiples, float *scales, const uint16_t *weights,
                                   ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t group) {
    struct rotation rotation;
    prepare_rotation(&rotation, inputs);
    return quantise_int4(values, multiples, scales, weights, stride, rows, inputs, group, &rotation);
}
