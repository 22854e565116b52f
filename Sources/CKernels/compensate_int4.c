#include "kernels_matrix.h"

#include "int4_rounding.h"
#include "matrix_layout.h"
#include "scratch.h"
#include "weight_rows.h"

// Columns are rounded in their order, and what one loses is made up for by those that follow. Within a block of columns
// that is done at once, 16 rows side by side; behind it, for all that the block has lost together, as a matrix product.

enum {
    MOST_BLOCK = 128,
    /// They read the factor from memory once.
    ROWS_AT_ONCE = 192,
};

struct compensation {
    const float *factor;
    ptrdiff_t factor_stride;
    ptrdiff_t inputs;
    ptrdiff_t group;
    ptrdiff_t rows;
    int8_t *values;
    int8_t *multiples;
    float *scales;
    /// [ROWS_AT_ONCE, stride] weights, the stride being a multiple of 16.
    float *weights;
    ptrdiff_t stride;
    /// [ROWS_AT_ONCE, block] with the sign by which they are added.
    float *errors;
    /// [block, 64] of the factor.
    char *panel;
    /// [block or group][16] each.
    float *columns;
    /// [groups][16], as they are searched first.
    float *group_scales;
    float *column_errors;
    int8_t *column_values;
};

struct columns {
    ptrdiff_t first;
    ptrdiff_t count;
};

/// Whole groups, or a part of one.
static struct columns block_from(ptrdiff_t first, ptrdiff_t group, ptrdiff_t inputs) {
    const ptrdiff_t most = group > MOST_BLOCK ? MOST_BLOCK : MOST_BLOCK / group * group;
    const ptrdiff_t left = (group > MOST_BLOCK ? (first / group + 1) * group : inputs) - first;
    return (struct columns){first, left < most ? left : most};
}

static int8_t *multiple_of(const struct compensation *all, ptrdiff_t row, ptrdiff_t input) {
    return all->multiples + (row * all->inputs + input) / all->group;
}

/// The scales of a group of 16 rows, or what there is of them: from its numbers where it begins, otherwise as they are.
static void scale_group(const struct compensation *all, ptrdiff_t row, ptrdiff_t count, ptrdiff_t input,
                        const float *columns, bool begins, float *scales) {
    float of_rows[ROUNDED_ROWS] = {0};
    memcpy(of_rows, all->scales + row, (size_t)count * sizeof(float));
    if (begins) {
        int8_t multiples[ROUNDED_ROWS];
        int4_rounding_of_path()->search(columns, all->group, scales);
        int4_rounding_of_path()->fit(columns, all->group, of_rows, scales, multiples);
        for (ptrdiff_t index = 0; index < count; index++) {
            *multiple_of(all, row + index, input) = multiples[index];
        }
    }
    for (ptrdiff_t index = 0; index < count; index++) {
        scales[index] = (float)*multiple_of(all, row + index, input) * of_rows[index];
    }
}

static void add_errors(const struct compensation *all, ptrdiff_t row, ptrdiff_t count, const struct columns *block) {
    for (ptrdiff_t index = 0; index < count; index++) {
        float *errors = all->errors + (row + index) * block->count;
        for (ptrdiff_t column = 0; column < block->count; column++) {
            errors[column] = -all->column_errors[column * ROUNDED_ROWS + index];
        }
    }
}

/// Rounds a block of 16 rows, or what there is of them.
static void round_block(
    const struct compensation *all, const struct columns *block, ptrdiff_t row, ptrdiff_t count) {
    const struct int4_rounding *rounding = int4_rounding_of_path();
    const float *weights = all->weights + row * all->stride + block->first;
    const ptrdiff_t step = all->group < block->count ? all->group : block->count;
    // A group that is longer than a block is seen as a whole once, where it begins.
    const bool begins = block->first % all->group == 0;
    transpose_rows(all->columns, weights, all->stride, count,
                   begins && all->group > block->count ? all->group : block->count);
    for (ptrdiff_t first = 0; first < block->count; first += step) {
        float scales[ROUNDED_ROWS] = {0};
        float *columns = all->columns + first * ROUNDED_ROWS;
        const ptrdiff_t input = block->first + first;
        scale_group(all, row, count, input, columns, begins, scales);
        const float *factor = all->factor + input * all->factor_stride + input;
        rounding->spread(columns, step, block->count - first, scales, factor, all->factor_stride,
                         all->column_values + first * ROUNDED_ROWS, all->column_errors + first * ROUNDED_ROWS);
    }
    write_values(all->values + row * all->inputs + block->first, all->inputs, all->column_values, count, block->count);
    add_errors(all, row, count, block);
}

/// The rows of the factor that belong to a block, at 64 columns, zeros behind the last one.
static void pack_factor(const struct compensation *all, const struct columns *block, ptrdiff_t first) {
    const ptrdiff_t left = all->inputs - first, count = left < PANEL_OUTPUTS ? left : PANEL_OUTPUTS;
    for (ptrdiff_t index = 0; index < block->count; index++) {
        float *to = (float *)(all->panel + index * PANEL_STEP_BYTES);
        memset(to + count, 0, (size_t)(PANEL_OUTPUTS - count) * sizeof(float));
        memcpy(to, all->factor + (block->first + index) * all->factor_stride + first, (size_t)count * sizeof(float));
    }
}

/// Adds the errors of a block times the factor to all columns behind it.
static void spread_behind(const struct compensation *all, const struct columns *block) {
    const struct matrix_kernels *kernels = matrix_kernels();
    struct matrix_tile tile = {
        .x_stride = block->count * (ptrdiff_t)sizeof(float),
        .panel = all->panel,
        .steps = block->count,
        .sums_stride = all->stride,
        .add = true,
        .prefetch = all->panel,
        .prefetch_kind = PREFETCH_NOTHING,
    };
    for (ptrdiff_t first = block->first + block->count; first < all->inputs; first += PANEL_OUTPUTS) {
        pack_factor(all, block, first);
        const ptrdiff_t columns = ceiling_division(all->inputs - first, 16);
        tile.columns = columns < 4 ? (int)columns : 4;
        for (ptrdiff_t row = 0; row < all->rows; row += TILE_ROWS) {
            tile.rows = all->rows - row < TILE_ROWS ? (int)(all->rows - row) : TILE_ROWS;
            tile.x = (const char *)(all->errors + row * block->count);
            tile.sums = all->weights + row * all->stride + first;
            kernels->tile(KERNELS_FLOAT32, &tile);
        }
    }
}

/// From the numbers as they are given.
static void scale_rows(const struct compensation *all) {
    for (ptrdiff_t row = 0; row < all->rows; row += ROUNDED_ROWS) {
        const ptrdiff_t left = all->rows - row, count = left < ROUNDED_ROWS ? left : ROUNDED_ROWS;
        float of_rows[ROUNDED_ROWS];
        search_rows(all->group_scales, of_rows, all->columns, all->weights + row * all->stride, all->stride, count,
                    all->inputs, all->group);
        memcpy(all->scales + row, of_rows, (size_t)count * sizeof(float));
    }
}

static void compensate_rows(const struct compensation *all) {
    struct columns block;
    scale_rows(all);
    for (ptrdiff_t first = 0; first < all->inputs; first += block.count) {
        block = block_from(first, all->group, all->inputs);
        for (ptrdiff_t row = 0; row < all->rows; row += ROUNDED_ROWS) {
            const ptrdiff_t left = all->rows - row;
            round_block(all, &block, row, left < ROUNDED_ROWS ? left : ROUNDED_ROWS);
        }
        spread_behind(all, &block);
    }
}

/// False when memory is short.
static bool take_memory(struct compensation *all) {
    const ptrdiff_t columns = (all->group > MOST_BLOCK ? all->group : MOST_BLOCK) * ROUNDED_ROWS;
    // A tile writes 16 columns at once, from any on.
    all->stride = ceiling_division(all->inputs + 15, 16) * 16;
    all->weights = scratch(SCRATCH_ROWS, (size_t)(ROWS_AT_ONCE * all->stride) * sizeof(float));
    all->panel = scratch(SCRATCH_PANEL, MOST_BLOCK * PANEL_STEP_BYTES);
    all->errors = scratch(SCRATCH_SUMS, ROWS_AT_ONCE * MOST_BLOCK * sizeof(float));
    all->columns = scratch(SCRATCH_COLUMNS, (size_t)columns * (2 * sizeof(float) + 1));
    all->group_scales =
        scratch(SCRATCH_ROTATED_ROW, (size_t)(all->inputs / all->group + 1) * ROUNDED_ROWS * sizeof(float));
    all->column_errors = all->columns + columns;
    all->column_values = (int8_t *)(all->column_errors + columns);
    return all->weights && all->panel && all->errors && all->columns && all->group_scales;
}

bool kernels_quantise_compensated_int4(
    int8_t *values, int8_t *multiples, float *scales, const float *weights, ptrdiff_t stride, ptrdiff_t rows,
    ptrdiff_t inputs, ptrdiff_t group, const float *factor, ptrdiff_t factor_stride) {
    struct compensation all = {
        .factor = factor, .factor_stride = factor_stride, .inputs = inputs, .group = group};
    if (!take_memory(&all)) {
        return false;
    }
    for (ptrdiff_t first = 0; first < rows; first += ROWS_AT_ONCE) {
        all.rows = rows - first < ROWS_AT_ONCE ? rows - first : ROWS_AT_ONCE;
        all.values = values + first * inputs;
        all.multiples = multiples + first * inputs / group;
        all.scales = scales + first;
        for (ptrdiff_t row = 0; row < all.rows; row++) {
            memcpy(all.weights + row * all.stride, weights + (first + row) * stride, (size_t)inputs * sizeof(float));
        }
        compensate_rows(&all);
    }
    return true;
}
