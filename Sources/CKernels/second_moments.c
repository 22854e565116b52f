#include "kernels_matrix.h"

#include "kernels_parallel.h"
#include "matrix_inputs.h"
#include "matrix_layout.h"
#include "scratch.h"

#include <stdatomic.h>

// X^T X as a product: rows of it are columns of X, and so are the outputs of its weight.

enum { MOMENT_ROWS = 512 };

struct moments {
    float *sums;
    ptrdiff_t stride;
    const struct matrix_kernels *kernels;
    struct matrix_inputs inputs;
    ptrdiff_t first;
    ptrdiff_t rows;
    /// [inputs, rows], a column of X being a row of it; `rows` is `weight.inputs`.
    uint16_t *transposed;
    struct kernels_weight weight;
};

/// Transposes and packs 64 columns of X.
static void prepare_task(void *context, int task, int thread) {
    (void)thread;
    const struct moments *moments = context;
    const ptrdiff_t first = (ptrdiff_t)task * PANEL_OUTPUTS, rows = moments->weight.inputs;
    const ptrdiff_t left = moments->weight.outputs - first, count = left < PANEL_OUTPUTS ? left : PANEL_OUTPUTS;
    uint16_t *transposed = moments->transposed + first * rows;
    for (ptrdiff_t row = 0; row < rows; row++) {
        const char *x = moments->inputs.x + (moments->first + row) * moments->inputs.x_stride;
        for (ptrdiff_t column = 0; column < count; column++) {
            transposed[column * rows + row] = ((const uint16_t *)x)[first + column];
        }
    }
    kernels_pack(&moments->weight, KERNELS_WHOLE, first, count, transposed, rows, 0, 0);
}

/// Adds what lies on and above the diagonal.
static void add_sums(
    const struct moments *moments, const float *sums, ptrdiff_t first_row, int rows, ptrdiff_t first_column) {
    const ptrdiff_t left = moments->weight.outputs - first_column;
    const ptrdiff_t columns = left < PANEL_OUTPUTS ? left : PANEL_OUTPUTS;
    for (ptrdiff_t row = 0; row < rows; row++) {
        const ptrdiff_t diagonal = first_row + row - first_column;
        float *to = moments->sums + (first_row + row) * moments->stride + first_column;
        for (ptrdiff_t column = diagonal > 0 ? diagonal : 0; column < columns; column++) {
            to[column] += sums[row * PANEL_OUTPUTS + column];
        }
    }
}

/// A panel of columns against all rows up to its diagonal.
static void multiply_task(void *context, int task, int thread) {
    (void)thread;
    const struct moments *moments = context;
    const struct kernels_weight *weight = &moments->weight;
    // The long ones first, so that threads end together.
    const ptrdiff_t panel = panel_count(weight) - 1 - task, first_column = panel * PANEL_OUTPUTS;
    const ptrdiff_t left = weight->outputs - first_column, columns = left < PANEL_OUTPUTS ? left : PANEL_OUTPUTS;
    _Alignas(64) float sums[TILE_ROWS * PANEL_OUTPUTS];
    struct matrix_tile tile = {
        .x_stride = weight->inputs * (ptrdiff_t)sizeof(uint16_t),
        .panel = (const char *)weight->packed + panel * panel_bytes(weight),
        .steps = weight->inputs / 2,
        .half_step = weight->inputs % 2 == 1,
        .columns = (int)ceiling_division(columns, 16),
        .sums = sums,
        .sums_stride = PANEL_OUTPUTS,
        .prefetch_kind = PREFETCH_NOTHING,
    };
    tile.prefetch = tile.panel;
    for (ptrdiff_t row = 0; row < first_column + columns; row += TILE_ROWS) {
        const ptrdiff_t rows = first_column + columns - row;
        tile.rows = rows < TILE_ROWS ? (int)rows : TILE_ROWS;
        tile.x = (const char *)(moments->transposed + row * weight->inputs);
        moments->kernels->tile(KERNELS_BFLOAT16, &tile);
        add_sums(moments, sums, row, tile.rows, first_column);
    }
}

bool kernels_second_moments(float *sums, ptrdiff_t sums_stride, const uint16_t *x, ptrdiff_t x_stride, ptrdiff_t rows,
                            ptrdiff_t inputs, bool rotated) {
    struct moments moments = {
        .sums = sums, .stride = sums_stride, .kernels = matrix_kernels(),
        .inputs = {.x = (const char *)x, .x_stride = x_stride * (ptrdiff_t)sizeof(uint16_t)},
        .weight = {.format = KERNELS_BFLOAT16, .outputs = inputs, .inputs = rows < MOMENT_ROWS ? rows : MOMENT_ROWS},
    };
    if (rows <= 0 || inputs <= 0) {
        return true;
    }
    const struct kernels_weight mixing = {.format = KERNELS_BFLOAT16, .inputs = inputs, .rotated = rotated};
    const size_t transposed_bytes = (size_t)ceiling_division(inputs * moments.weight.inputs * 2, 64) * 64;
    char *memory = scratch(SCRATCH_PANEL, transposed_bytes + kernels_packed_size(&moments.weight));
    if (!memory || !prepare_inputs(moments.kernels, &mixing, rows, &moments.inputs)) {
        return false;
    }
    moments.transposed = (uint16_t *)memory;
    moments.weight.packed = memory + transposed_bytes;
    const int panels = (int)panel_count(&moments.weight);
    for (; moments.first < rows; moments.first += MOMENT_ROWS) {
        const ptrdiff_t left = rows - moments.first;
        moments.weight.inputs = left < MOMENT_ROWS ? left : MOMENT_ROWS;
        kernels_parallel(panels, prepare_task, &moments);
        kernels_parallel(panels, multiply_task, &moments);
    }
    return true;
}
