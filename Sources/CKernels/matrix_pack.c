#include "matrix_layout.h"

#include <string.h>

size_t kernels_packed_size(const struct kernels_weight *weight) {
    ptrdiff_t bytes = panel_count(weight) * panel_bytes(weight);
    if (is_rounded(weight->format)) {
        bytes += panel_count(weight) * PANEL_OUTPUTS * (ptrdiff_t)(sizeof(float) + sizeof(int32_t));
    }
    return (size_t)bytes;
}

struct kernels_weight kernels_ungated(const struct kernels_weight *weight) {
    struct kernels_weight whole = *weight;
    whole.outputs = panel_count(weight) * PANEL_OUTPUTS;
    whole.swiglu = false;
    return whole;
}

/// Place of an output: its panel, and its column there.
struct place {
    ptrdiff_t panel;
    ptrdiff_t column;
};

static struct place place_of(const struct kernels_weight *weight, enum kernels_part part, ptrdiff_t output) {
    ptrdiff_t width = panel_width(weight);
    return (struct place){output / width, output % width + (part == KERNELS_UP ? width : 0)};
}

/// One row in steps of 4 bytes; `values` NULL is a row of zeros, to fill up the last panel.
static void pack_steps(const struct kernels_weight *weight, struct place place, const char *values) {
    char *column = (char *)weight->packed + place.panel * panel_bytes(weight) + place.column * STEP_BYTES;
    ptrdiff_t bytes = values ? weight->inputs * weight_bytes(weight->format) : 0;
    ptrdiff_t steps = panel_steps(weight);
    for (ptrdiff_t step = 0; step < steps; step++) {
        char four[STEP_BYTES] = {0};
        ptrdiff_t left = bytes - step * STEP_BYTES;
        if (left > 0) {
            memcpy(four, values + step * STEP_BYTES, left < STEP_BYTES ? (size_t)left : STEP_BYTES);
        }
        memcpy(column + step * PANEL_STEP_BYTES, four, STEP_BYTES);
    }
}

/// The scale of a row, and the sum of its weights.
static void pack_scale(const struct kernels_weight *weight, struct place place, float scale, int32_t sum) {
    const ptrdiff_t column = place.panel * PANEL_OUTPUTS + place.column;
    weight_scales(weight)[column] = scale;
    weight_offsets(weight)[column] = 128 * sum;
}

static int32_t sum_of(const int8_t *values, ptrdiff_t count) {
    int32_t sum = 0;
    for (ptrdiff_t index = 0; index < count; index++) {
        sum += values[index];
    }
    return sum;
}

/// A number of a row, in one half of a byte; see matrix_layout.h.
static void pack_int4_number(char *steps, ptrdiff_t column, ptrdiff_t input, int value) {
    const int shift = column / 16 % 2 * 4;
    char *byte = steps + input / STEP_BYTES * INT4_STEP_BYTES + column / 32 * 64 + column % 16 * STEP_BYTES
        + input % STEP_BYTES;
    *byte = (char)((*byte & 0xf0 >> shift) | ((value + 8) & 15) << shift);
}

static void pack_int4(const struct kernels_weight *weight, struct place place, const int8_t *values,
                      const int8_t *multiples, float scale) {
    const ptrdiff_t steps = int4_group_steps(weight);
    char *group = (char *)weight->packed + place.panel * panel_bytes(weight);
    int32_t sum = 0;
    for (ptrdiff_t first = 0; first < weight->inputs; first += weight->group) {
        const int multiple = values ? *multiples++ : 0;
        group[place.column] = (char)multiple;
        for (ptrdiff_t input = 0; input < steps * STEP_BYTES; input++) {
            const bool is_there = values && input < weight->group;
            pack_int4_number(group + INT4_MULTIPLES_BYTES, place.column, input, is_there ? values[first + input] : 0);
        }
        sum += values ? multiple * sum_of(values + first, weight->group) : 0;
        group += int4_group_bytes(steps);
    }
    pack_scale(weight, place, scale, sum);
}

/// `values` NULL is a row of zeros.
static void pack_row(const struct kernels_weight *weight, struct place place, const void *values, float scale,
                     const int8_t *multiples) {
    if (weight->format == KERNELS_INT4) {
        pack_int4(weight, place, values, multiples, scale);
        return;
    }
    pack_steps(weight, place, values);
    if (weight->format == KERNELS_INT8) {
        pack_scale(weight, place, scale, values ? sum_of(values, weight->inputs) : 0);
    }
}

void kernels_pack(const struct kernels_weight *weight, enum kernels_part part, ptrdiff_t first, ptrdiff_t rows,
                  const void *values, ptrdiff_t stride, const float *scales, const int8_t *multiples) {
    const ptrdiff_t row_bytes = stride * weight_bytes(weight->format);
    const ptrdiff_t groups = weight->format == KERNELS_INT4 ? weight->inputs / weight->group : 0;
    for (ptrdiff_t row = 0; row < rows; row++) {
        const char *source = (const char *)values + row * row_bytes;
        pack_row(weight, place_of(weight, part, first + row), source, scales ? scales[row] : 0,
                 multiples ? multiples + row * groups : 0);
    }
    if (first + rows == weight->outputs) {
        struct place place = place_of(weight, part, weight->outputs - 1);
        ptrdiff_t end = part == KERNELS_WHOLE || part == KERNELS_UP ? PANEL_OUTPUTS : PANEL_OUTPUTS / 2;
        while (++place.column < end) {
            pack_row(weight, place, 0, 0, 0);
        }
    }
}
