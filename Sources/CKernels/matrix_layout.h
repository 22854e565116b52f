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

/// Whether weights and X are whole numbers -127...127 times a scale for each output and row.
static inline bool is_rounded(enum kernels_format format) {
    return format == KERNELS_INT8 || format == KERNELS_INT4;
}

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

// int4: a group of a panel is a multiple for each output, then 128 bytes a step: those that int8 has, of which byte b of
// the first 64 holds the numbers of bytes b and 64 + b, and byte b of the others those of 128 + b and 192 + b. Each is 8
// more than it is; the first is the lower half.

static inline ptrdiff_t int4_group_steps(const struct kernels_weight *weight) {
    return ceiling_division(weight->group, STEP_BYTES);
}

/// Of a group of so many steps.
static inline ptrdiff_t int4_group_bytes(ptrdiff_t steps) { return INT4_MULTIPLES_BYTES + steps * INT4_STEP_BYTES; }

static inline ptrdiff_t panel_bytes(const struct kernels_weight *weight) {
    const ptrdiff_t steps = panel_steps(weight);
    return weight->format == KERNELS_INT4
        ? steps * INT4_STEP_BYTES + (steps > 0 ? weight->inputs / weight->group * INT4_MULTIPLES_BYTES : 0)
        : steps * PANEL_STEP_BYTES;
}

/// Where a step of a panel lies; the first of an int4 group, with the group's multiples.
static inline const char *panel_step(const struct kernels_weight *weight, ptrdiff_t panel, ptrdiff_t step) {
    const char *first = (const char *)weight->packed + panel * panel_bytes(weight);
    if (weight->format != KERNELS_INT4 || step == 0) {
        return first + step * PANEL_STEP_BYTES;
    }
    const ptrdiff_t group = int4_group_steps(weight), index = step / group, in_group = step % group;
    return first + index * int4_group_bytes(group)
        + (in_group > 0 ? INT4_MULTIPLES_BYTES + in_group * INT4_STEP_BYTES : 0);
}

/// int8 and int4: behind the panels, a float scale for each of their outputs, then 128 times the sum of its weights.
static inline float *weight_scales(const struct kernels_weight *weight) {
    return (float *)((char *)weight->packed + panel_count(weight) * panel_bytes(weight));
}

static inline int32_t *weight_offsets(const struct kernels_weight *weight) {
    return (int32_t *)(weight_scales(weight) + panel_count(weight) * PANEL_OUTPUTS);
}

#endif
