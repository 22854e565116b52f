#include "matrix_layout.h"

#include "bfloat16.h"

#include <string.h>

size_t kernels_packed_size(const struct kernels_weight *weight) {
    ptrdiff_t bytes = panel_count(weight) * panel_bytes(weight);
    if (weight->format == KERNELS_INT8) {
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

static void pack_int8_scale(
    const struct kernels_weight *weight, struct place place, const int8_t *values, float scale) {
    ptrdiff_t column = place.panel * PANEL_OUTPUTS + place.column;
    int32_t sum = 0;
    for (ptrdiff_t input = 0; values && input < weight->inputs; input++) {
        sum += values[input];
    }
    weight_scales(weight)[column] = scale;
    weight_offsets(weight)[column] = 128 * sum;
}

static void pack_int4_group(char *group, ptrdiff_t column, const int8_t *values, ptrdiff_t count, float scale) {
    ((uint16_t *)group)[column] = bfloat16_of_float(scale);
    const int shift = column / 16 % 2 * 4;
    for (ptrdiff_t input = 0; input < count + count % 2; input++) {
        const int value = values && input < count ? values[input] : 0;
        char *step = group + INT4_SCALE_BYTES + input / 2 * INT4_STEP_BYTES;
        char *byte = step + 4 * (column % 16) + 2 * (input % 2) + column / 32;
        *byte = (char)((*byte & 0xf0 >> shift) | ((value + 8) & 15) << shift);
    }
}

static void pack_int4(
    const struct kernels_weight *weight, struct place place, const int8_t *values, const float *scales) {
    char *group = (char *)weight->packed + place.panel * panel_bytes(weight);
    for (ptrdiff_t first = 0; first < weight->inputs; first += weight->group) {
        pack_int4_group(group, place.column, values ? values + first : 0, weight->group, scales ? *scales++ : 0);
        group += int4_group_bytes(weight->group);
    }
}

static void pack_row(const struct kernels_weight *weight, struct place place, const void *values, const float *scales) {
    if (weight->format == KERNELS_INT4) {
        pack_int4(weight, place, values, scales);
        return;
    }
    pack_steps(weight, place, values);
    if (weight->format == KERNELS_INT8) {
        pack_int8_scale(weight, place, values, scales ? *scales : 0);
    }
}

void kernels_pack(const struct kernels_weight *weight, enum kernels_part part, ptrdiff_t first, ptrdiff_t rows,
                  const void *values, ptrdiff_t stride, const float *scales) {
    const ptrdiff_t row_bytes = stride * weight_bytes(weight->format);
    const ptrdiff_t row_scales = weight->format == KERNELS_INT4 ? weight->inputs / weight->group : 1;
    for (ptrdiff_t row = 0; row < rows; row++) {
        const char *source = (const char *)values + row * row_bytes;
        pack_row(weight, place_of(weight, part, first + row), source, scales ? scales + row * row_scales : 0);
    }
    if (first + rows == weight->outputs) {
        struct place place = place_of(weight, part, weight->outputs - 1);
        ptrdiff_t end = part == KERNELS_WHOLE || part == KERNELS_UP ? PANEL_OUTPUTS : PANEL_OUTPUTS / 2;
        while (++place.column < end) {
            pack_row(weight, place, 0, 0);
        }
    }
}
