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

/// Panels that a thread takes one after the other.
struct stretch {
    ptrdiff_t first;
    ptrdiff_t count;
};

/// Weights that are read once are best read in long stretches, and threads end together if the last ones are short: each
/// round gives every thread its share of three quarters of what the rounds before it left. The count is 0 behind the last
/// task.
static inline struct stretch stretch_of(ptrdiff_t panels, int threads, ptrdiff_t task) {
    struct stretch stretch = {0, 0};
    ptrdiff_t share = 0;
    for (ptrdiff_t index = 0; index <= task; index++) {
        stretch.first += stretch.count;
        const ptrdiff_t left = panels - stretch.first;
        if (index % threads == 0) {
            share = 3 * left / (4 * threads) > 1 ? 3 * left / (4 * threads) : 1;
        }
        stretch.count = share < left ? share : left;
    }
    return stretch;
}

static inline ptrdiff_t stretch_count(ptrdiff_t panels, int threads) {
    ptrdiff_t count = 0;
    while (stretch_of(panels, threads, count).count > 0) {
        count++;
    }
    return count;
}

/// Bytes of a number of X or Y.
static inline ptrdiff_t element_bytes(enum kernels_format format) { return format == KERNELS_FLOAT32 ? 4 : 2; }

/// Whether weights and X are whole numbers -127...127 times a scale for each output and row.
static inline bool is_rounded(enum kernels_format format) {
    return format == KERNELS_INT8 || format == KERNELS_INT4;
}

/// Whether steps are unpacked to those of another format before they are multiplied.
static inline bool is_unpacked(enum kernels_format format) {
    return format == KERNELS_INT4 || format == KERNELS_COMPACT_BFLOAT16;
}

/// That in which steps are multiplied.
static inline enum kernels_format multiplied_format(enum kernels_format format) {
    return format == KERNELS_INT4       ? KERNELS_INT8
        : format == KERNELS_COMPACT_BFLOAT16 ? KERNELS_BFLOAT16
                                             : format;
}

/// Bytes of a weight as it is multiplied.
static inline ptrdiff_t weight_bytes(enum kernels_format format) {
    return is_rounded(format) ? 1 : element_bytes(format);
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

/// Of 16 outputs each, those of a panel that are computed.
static inline int columns_of_panel(const struct kernels_weight *weight, ptrdiff_t panel) {
    ptrdiff_t outputs = weight->outputs - panel * PANEL_OUTPUTS;
    return weight->swiglu || outputs >= PANEL_OUTPUTS ? 4 : (int)ceiling_division(outputs, 16);
}

// int4: a group of a panel is a multiple for each output, then 128 bytes a step: those that int8 has, of which byte b of
// the first 64 holds the numbers of bytes b and 64 + b, and byte b of the others those of 128 + b and 192 + b. Each is 8
// more than it is; the first is the lower half.

static inline ptrdiff_t int4_group_steps(const struct kernels_weight *weight) {
    return ceiling_division(weight->group, STEP_BYTES);
}

/// Of a group of so many steps.
static inline ptrdiff_t int4_group_bytes(ptrdiff_t steps) { return INT4_MULTIPLES_BYTES + steps * INT4_STEP_BYTES; }

// Compact bfloat16: a panel begins with `compact_panel`, then come its exceptions and its steps. Number n of a step, of
// 128, is input n % 2 of output n / 2. Its exponent is the one that its code says, but for an exception. First come 32
// words of 16 bits: word w has the codes of numbers w, 32 + w, 64 + w and 96 + w, from its lowest bits on. Then come the
// signs and, in the lower 7 bits, the mantissas, a byte for each number.

struct compact_panel {
    uint8_t exponents[16];
    uint32_t exceptions;
    uint8_t unused[44];
    /// Number in the panel, counted from 0, times 256, plus exponent; in their order.
    uint32_t exception[];
};

/// Bytes of the exceptions that there is room for in a panel of so many steps: one in 256 numbers.
static inline ptrdiff_t compact_exception_bytes(ptrdiff_t steps) {
    return ceiling_division(steps * COMPACT_STEP_NUMBERS / 256 * (ptrdiff_t)sizeof(uint32_t), 64) * 64;
}

static inline ptrdiff_t compact_bytes_before(ptrdiff_t steps) {
    return (ptrdiff_t)sizeof(struct compact_panel) + compact_exception_bytes(steps);
}

static inline ptrdiff_t panel_bytes(const struct kernels_weight *weight) {
    const ptrdiff_t steps = panel_steps(weight);
    if (steps == 0) {
        return 0;
    }
    switch (weight->format) {
    case KERNELS_INT4:
        return steps * INT4_STEP_BYTES + weight->inputs / weight->group * INT4_MULTIPLES_BYTES;
    case KERNELS_COMPACT_BFLOAT16:
        return compact_bytes_before(steps) + steps * COMPACT_STEP_BYTES;
    default:
        return steps * PANEL_STEP_BYTES;
    }
}

static inline const char *panel_start(const struct kernels_weight *weight, ptrdiff_t panel) {
    return (const char *)weight->packed + panel * panel_bytes(weight);
}

/// Where a step of a panel lies; the first of an int4 group, with the group's multiples.
static inline const char *panel_step(const struct kernels_weight *weight, ptrdiff_t panel, ptrdiff_t step) {
    const char *first = panel_start(weight, panel);
    if (weight->format == KERNELS_COMPACT_BFLOAT16) {
        return first + compact_bytes_before(panel_steps(weight)) + step * COMPACT_STEP_BYTES;
    }
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
