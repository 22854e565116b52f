#if defined(__aarch64__) || defined(KERNELS_EMULATED)

#include "matrix_tile.h"

#include "neon.h"
#include <string.h>

// One row at a time against all 64 outputs, whose 16 vectors of sums are enough to keep the multipliers busy.

enum { VECTORS = PANEL_OUTPUTS / 4 };

static inline void add_float32(float32x4_t sums[VECTORS], const char *x, const char *panel) {
    float value;
    memcpy(&value, x, sizeof(value));
#pragma clang loop unroll(full)
    for (int vector = 0; vector < VECTORS; vector++) {
        sums[vector] = vfmaq_n_f32(sums[vector], vld1q_f32((const float *)panel + 4 * vector), value);
    }
}

/// `inputs` 1 leaves out the second of each pair.
static inline void add_bfloat16(float32x4_t sums[VECTORS], const char *x, const char *panel, int inputs) {
    uint32_t pair = 0;
    memcpy(&pair, x, (size_t)inputs * sizeof(uint16_t));
    const float32x4_t first = vreinterpretq_f32_u32(vdupq_n_u32(pair << 16));
    const float32x4_t second = vreinterpretq_f32_u32(vdupq_n_u32(pair & 0xffff0000));
#pragma clang loop unroll(full)
    for (int vector = 0; vector < VECTORS; vector++) {
        const uint32x4_t weights = vld1q_u32((const uint32_t *)panel + 4 * vector);
        const uint32x4_t high = vandq_u32(weights, vdupq_n_u32(0xffff0000));
        sums[vector] = vfmaq_f32(sums[vector], vreinterpretq_f32_u32(vshlq_n_u32(weights, 16)), first);
        if (inputs == 2) {
            sums[vector] = vfmaq_f32(sums[vector], vreinterpretq_f32_u32(high), second);
        }
    }
}

static inline void add_int8(int32x4_t sums[VECTORS], const char *x, const char *panel) {
    uint32_t four;
    memcpy(&four, x, sizeof(four));
    const int16x4_t values = vget_low_s16(vreinterpretq_s16_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)))));
#pragma clang loop unroll(full)
    for (int vector = 0; vector < VECTORS; vector++) {
        const int8x16_t weights = vld1q_s8((const int8_t *)panel + 16 * vector);
        const int16x8_t low = vmovl_s8(vget_low_s8(weights)), high = vmovl_s8(vget_high_s8(weights));
        // The four products of each of four outputs, then their sums.
        const int32x4_t of_first = vmull_s16(vget_low_s16(low), values);
        const int32x4_t of_second = vmull_s16(vget_high_s16(low), values);
        const int32x4_t of_third = vmull_s16(vget_low_s16(high), values);
        const int32x4_t of_fourth = vmull_s16(vget_high_s16(high), values);
        const int32x4_t all = vpaddq_s32(vpaddq_s32(of_first, of_second), vpaddq_s32(of_third, of_fourth));
        sums[vector] = vaddq_s32(sums[vector], all);
    }
}

static void row_float32(const struct matrix_tile *tile, const char *x, float *sums, int inputs) {
    float32x4_t of_row[VECTORS];
    for (int vector = 0; vector < VECTORS; vector++) {
        of_row[vector] = tile->add ? vld1q_f32(sums + 4 * vector) : vdupq_n_f32(0);
    }
    for (ptrdiff_t step = 0; step < tile->steps; step++) {
        const char *panel = tile->panel + step * PANEL_STEP_BYTES;
        if (inputs == 1) {
            add_float32(of_row, x + step * STEP_BYTES, panel);
        } else {
            add_bfloat16(of_row, x + step * STEP_BYTES, panel, 2);
        }
    }
    if (tile->half_step) {
        add_bfloat16(of_row, x + tile->steps * STEP_BYTES, tile->panel + tile->steps * PANEL_STEP_BYTES, 1);
    }
    for (int vector = 0; vector < VECTORS; vector++) {
        vst1q_f32(sums + 4 * vector, of_row[vector]);
    }
}

static void row_int8(const struct matrix_tile *tile, const char *x, int32_t *sums) {
    int32x4_t of_row[VECTORS];
    for (int vector = 0; vector < VECTORS; vector++) {
        of_row[vector] = tile->add ? vld1q_s32(sums + 4 * vector) : vdupq_n_s32(0);
    }
    for (ptrdiff_t step = 0; step < tile->steps; step++) {
        add_int8(of_row, x + step * STEP_BYTES, tile->panel + step * PANEL_STEP_BYTES);
    }
    for (int vector = 0; vector < VECTORS; vector++) {
        vst1q_s32(sums + 4 * vector, of_row[vector]);
    }
}

static void tile_neon(enum kernels_format format, const struct matrix_tile *tile) {
    for (int row = 0; row < tile->rows; row++) {
        const char *x = tile->x + row * tile->x_stride;
        void *sums = (char *)tile->sums + row * tile->sums_stride * STEP_BYTES;
        if (format == KERNELS_INT8) {
            row_int8(tile, x, sums);
        } else if (format == KERNELS_FLOAT32) {
            row_float32(tile, x, sums, 1);
        } else {
            row_float32(tile, x, sums, 2);
        }
    }
}

const struct matrix_kernels matrix_kernels_neon = {
    .tile = tile_neon,
    .unpack_int4 = matrix_unpack_int4_neon,
    .unpack_compact = matrix_unpack_compact_neon,
    .finish = matrix_finish_portable,
    .quantise_row = matrix_quantise_row_portable,
    .quantise_floats = matrix_quantise_floats_portable,
};

#endif
