#include "matrix_tile.h"

#include "bfloat16.h"

// One row at a time; the loop over 64 outputs is the one that compilers make vectors of.

static void add_float32(float *sums, const char *x, const char *panel) {
    float value;
    memcpy(&value, x, sizeof(value));
    const float *weights = (const float *)panel;
    for (int output = 0; output < PANEL_OUTPUTS; output++) {
        sums[output] += value * weights[output];
    }
}

/// `inputs` 1 leaves out the second of each pair.
static void add_bfloat16(float *sums, const char *x, const char *panel, int inputs) {
    uint16_t pair[2] = {0};
    memcpy(pair, x, (size_t)inputs * sizeof(uint16_t));
    const float first = float_of_bfloat16(pair[0]), second = float_of_bfloat16(pair[1]);
    const uint32_t *weights = (const uint32_t *)panel;
    for (int output = 0; output < PANEL_OUTPUTS; output++) {
        sums[output] += first * float_of_bits(weights[output] << 16);
        sums[output] += second * float_of_bits(weights[output] & 0xffff0000);
    }
}

static void add_int8(int32_t *sums, const char *x, const char *panel) {
    const uint8_t *values = (const uint8_t *)x;
    const int8_t *weights = (const int8_t *)panel;
    for (int output = 0; output < PANEL_OUTPUTS; output++) {
        const int8_t *four = weights + 4 * output;
        sums[output] += values[0] * four[0] + values[1] * four[1] + values[2] * four[2] + values[3] * four[3];
    }
}

static void add_step(enum kernels_format format, char *sums, const char *x, const char *panel) {
    switch (format) {
    case KERNELS_FLOAT32:
        add_float32((float *)sums, x, panel);
        break;
    case KERNELS_BFLOAT16:
        add_bfloat16((float *)sums, x, panel, 2);
        break;
    default:
        add_int8((int32_t *)sums, x, panel);
    }
}

static void tile_portable(enum kernels_format format, const struct matrix_tile *tile) {
    for (int row = 0; row < tile->rows; row++) {
        const char *x = tile->x + row * tile->x_stride;
        char *sums = (char *)tile->sums + row * tile->sums_stride * STEP_BYTES;
        if (!tile->add) {
            memset(sums, 0, PANEL_STEP_BYTES);
        }
        for (ptrdiff_t step = 0; step < tile->steps; step++) {
            add_step(format, sums, x + step * STEP_BYTES, tile->panel + step * PANEL_STEP_BYTES);
        }
        if (tile->half_step) {
            add_bfloat16((float *)sums, x + tile->steps * STEP_BYTES, tile->panel + tile->steps * PANEL_STEP_BYTES, 1);
        }
    }
}

const struct matrix_kernels matrix_kernels_portable = {
    .tile = tile_portable,
    .unpack_int4 = matrix_unpack_int4_portable,
    .unpack_compact = matrix_unpack_compact_portable,
    .finish = matrix_finish_portable,
    .quantise_row = matrix_quantise_row_portable,
    .quantise_floats = matrix_quantise_floats_portable,
};
