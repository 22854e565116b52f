// Where the numbers of a packed weight lie.

#ifndef KERNELS_MATRIX_LAYOUT_H
#define KERNELS_MATRIX_LAYOUT_H

#include "matrix_tile.h"

static inline ptrdiff_t ceiling_division(ptrdiff_t value, ptrdiff_t divisor) { return (value + divisor - 1) / divisor; }

/// Inputs in a step.
static inline ptrdiff_t step_inputs(enum kernels_format format) {
    return format == KERNELS_FLOAT32 ? 1 : format == KERNELS_BFLOAT16 ? 2 : 4;
}

/// Steps of a panel, the last one perhaps filled up with zeros.
static inline ptrdiff_t panel_steps(const struct kernels_weight *weight) {
    return ceiling_division(weight->inputs, step_inputs(weight->format));
}

/// Outputs of Y in a panel: with `swiglu` a panel is 32 outputs of the gate matrix, then the same of the up matrix.
static inline ptrdiff_t panel_width(const struct kernels_weight *weight) {
    return weight->swiglu ? PANEL_OUTPUTS / 2 : PANEL_OUTPUTS;
}

static inline ptrdiff_t panel_count(const struct kernels_weight *weight) {
    return ceiling_division(weight->outputs, panel_width(weight));
}

static inline ptrdiff_t panel_bytes(const struct kernels_weight *weight) {
    return panel_steps(weight) * PANEL_STEP_BYTES;
}

/// int8: behind the panels, a float scale for each of their outputs, then 128 times the sum of its weights.
static inline float *weight_scales(const struct kernels_weight *weight) {
    return (float *)((char *)weight->packed + panel_count(weight) * panel_bytes(weight));
}

static inline int32_t *weight_offsets(const struct kernels_weight *weight) {
    return (int32_t *)(weight_scales(weight) + panel_count(weight) * PANEL_OUTPUTS);
}

#endif
