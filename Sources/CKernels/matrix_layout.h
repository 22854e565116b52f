// Where the numbers of a packed weight lie.

#ifndef KERNELS_MATRIX_LAYOUT_H
#define KERNELS_MATRIX_LAYOUT_H

#include "matrix_tile.h"

static inline ptrdiff_t ceiling_division(ptrdiff_t value, ptrdiff_t divisor) { return (value + divisor - 1) / divisor; }

/// Where part `index` begins of `parts` that are as equal as can be: tiles of 4 and 3 rows are faster than of 6 and 1.
static inline ptrdiff_t part_of(ptrdiff_t whole, ptrdiff_t parts, ptrdiff_t index) { return whole * index / parts; }

/// Y, cut into blocks of rows and of panels; a task is one of each.
struct blocks {
    ptrdiff_t rows, panels, row_blocks, panel_blocks;
};

/// What tasks sweep again and again is the smaller of X and the weights, as it may stay in the last cache.
static inline bool rows_are_swept(const struct blocks *blocks) {
    return blocks->rows < blocks->panels * PANEL_OUTPUTS;
}

static inline ptrdiff_t row_block_of(const struct blocks *blocks, ptrdiff_t task) {
    return rows_are_swept(blocks) ? task % blocks->row_blocks : task / blocks->panel_blocks;
}

static inline ptrdiff_t panel_block_of(const struct blocks *blocks, ptrdiff_t task) {
    return rows_are_swept(blocks) ? task / blocks->row_blocks : task % blocks->panel_blocks;
}

/// Bytes of a number of X or Y.
static inline ptrdiff_t element_bytes(enum kernels_format format) { return format == KERNELS_FLOAT32 ? 4 : 2; }

/// Bytes of a weight as `kernels_pack` takes it.
static inline ptrdiff_t weight_bytes(enum kernels_format format) {
    return format == KERNELS_FLOAT32 ? 4 : format == KERNELS_BFLOAT16 ? 2 : 1;
}

/// Steps of a panel, the last one perhaps filled up with zeros.
static inline ptrdiff_t panel_steps(const struct kernels_weight *weight) {
    return ceiling_division(weight->inputs * weight_bytes(weight->format), STEP_BYTES);
}

/// Outputs of Y in a panel: with `swiglu` a panel is 32 outputs of the gate matrix, then the same of the up matrix.
static inline ptrdiff_t panel_width(const struct kernels_weight *weight) {
    return weight->swiglu ? PANEL_OUTPUTS / 2 : PANEL_OUTPUTS;
}

static inline ptrdiff_t panel_count(const struct kernels_weight *weight) {
    return ceiling_division(weight->outputs, panel_width(weight));
}

/// int4: a group of a panel is a bfloat16 scale for each output, then 64 bytes a step. Of their 32 words, word w has
/// the input w % 2 of outputs w / 2, 16 + w / 2, 32 + w / 2 and 48 + w / 2 as its four numbers, 8 more than they are,
/// the first being the lowest.
static inline ptrdiff_t int4_group_bytes(ptrdiff_t group) {
    return INT4_SCALE_BYTES + ceiling_division(group, 2) * INT4_STEP_BYTES;
}

/// What panels are cut into: a step, or a group of int4.
struct matrix_unit {
    ptrdiff_t steps;
    /// Of a panel.
    ptrdiff_t bytes;
    /// Of a row of X.
    ptrdiff_t x_bytes;
};

static inline struct matrix_unit unit_of(const struct kernels_weight *weight) {
    if (weight->format != KERNELS_INT4) {
        return (struct matrix_unit){1, PANEL_STEP_BYTES, STEP_BYTES};
    }
    return (struct matrix_unit){
        ceiling_division(weight->group, 2), int4_group_bytes(weight->group), weight->group * 2};
}

static inline ptrdiff_t panel_bytes(const struct kernels_weight *weight) {
    return weight->format == KERNELS_INT4 ? weight->inputs / weight->group * int4_group_bytes(weight->group)
                                          : panel_steps(weight) * PANEL_STEP_BYTES;
}

/// int8: behind the panels, a float scale for each of their outputs, then 128 times the sum of its weights.
static inline float *weight_scales(const struct kernels_weight *weight) {
    return (float *)((char *)weight->packed + panel_count(weight) * panel_bytes(weight));
}

static inline int32_t *weight_offsets(const struct kernels_weight *weight) {
    return (int32_t *)(weight_scales(weight) + panel_count(weight) * PANEL_OUTPUTS);
}

#endif
