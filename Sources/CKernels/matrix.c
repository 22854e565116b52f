#include "kernels_matrix.h"

#include "kernels_parallel.h"
#include "kernels_path.h"
#include "matrix_layout.h"
#include "scratch.h"

#include <stdatomic.h>

// Y is cut into blocks of rows and panels, one task each. Of such a block a thread takes the inputs piece by piece: the
// piece of a panel stays in the first cache while all rows of the block pass, and the sums in the second.

enum {
    /// 32 KiB of a panel.
    MOST_STEPS = 128,
    MOST_ROWS = 192,
    MOST_PANELS = 4,
    /// Up to here the weights are read from memory as fast as it gives them, and each panel is read at one go.
    STREAMED_ROWS = TILE_ROWS,
};

struct product {
    const struct matrix_kernels *kernels;
    struct matrix_finish finish;
    const char *x;
    ptrdiff_t x_stride; // bytes
    ptrdiff_t rows;
    ptrdiff_t steps;
    bool half_step;
    ptrdiff_t most_steps;
    ptrdiff_t row_blocks;
    ptrdiff_t panels;
    ptrdiff_t panels_a_task;
    atomic_bool failed;
};

const struct matrix_kernels *matrix_kernels(void) {
    switch (kernels_path()) {
#if defined(__x86_64__)
    case KERNELS_AVX512:
        return &matrix_kernels_avx512;
#endif
    default:
        return &matrix_kernels_portable;
    }
}

/// The block's rows in tiles of nearly the same height, as one of 6 and one of 1 row are slower than 4 and 3.
static ptrdiff_t part_of(ptrdiff_t whole, ptrdiff_t parts, ptrdiff_t index) { return whole * index / parts; }

struct block {
    ptrdiff_t first_row;
    ptrdiff_t rows;
    ptrdiff_t first_panel;
    ptrdiff_t panels;
    char *sums;
};

static int columns_of_panel(const struct kernels_weight *weight, ptrdiff_t panel) {
    ptrdiff_t outputs = weight->outputs - panel * PANEL_OUTPUTS;
    return weight->swiglu || outputs >= PANEL_OUTPUTS ? 4 : (int)ceiling_division(outputs, 16);
}

/// All rows of a block against a piece of one panel.
static void multiply_piece(
    const struct product *product, const struct block *block, ptrdiff_t panel, ptrdiff_t first_step, ptrdiff_t steps) {
    const struct kernels_weight *weight = product->finish.weight;
    const bool last = first_step + steps == product->steps;
    const ptrdiff_t tiles = ceiling_division(block->rows, TILE_ROWS);
    struct matrix_tile tile = {
        .x_stride = product->x_stride,
        .panel = (const char *)weight->packed + panel * panel_bytes(weight) + first_step * PANEL_STEP_BYTES,
        .steps = steps - (last && product->half_step),
        .half_step = last && product->half_step,
        .columns = columns_of_panel(weight, panel),
        .sums_stride = PANEL_OUTPUTS,
        .add = first_step > 0,
        .prefetch_all = tiles < 4,
    };
    // The piece after this one is that of the next panel, or the first panel's next.
    const ptrdiff_t next_panel = panel + 1 - block->first_panel < block->panels ? panel + 1 : block->first_panel;
    const char *next = block->rows <= STREAMED_ROWS ? tile.panel + 4096
        : next_panel > panel ? tile.panel + panel_bytes(weight)
        : tile.panel + steps * PANEL_STEP_BYTES - (panel - block->first_panel) * panel_bytes(weight);
    for (ptrdiff_t index = 0; index < tiles; index++) {
        ptrdiff_t row = part_of(block->rows, tiles, index);
        tile.rows = (int)(part_of(block->rows, tiles, index + 1) - row);
        tile.x = product->x + (block->first_row + row) * product->x_stride + first_step * STEP_BYTES;
        tile.sums = block->sums + ((panel - block->first_panel) * block->rows + row) * PANEL_STEP_BYTES;
        tile.prefetch = tiles < 4 ? next : next + (index & 3) * steps * 64;
        product->kernels->tile(weight->format, &tile);
        if (last) {
            struct matrix_finish_block finished = {
                panel, block->first_row + row, tile.rows, tile.sums, PANEL_OUTPUTS};
            product->kernels->finish(&product->finish, &finished);
        }
    }
}

static void multiply_task(void *context, int task, int thread) {
    (void)thread;
    struct product *product = context;
    ptrdiff_t row_block = task % product->row_blocks;
    ptrdiff_t first_panel = task / product->row_blocks * product->panels_a_task;
    ptrdiff_t panels = product->panels - first_panel;
    struct block block = {
        .first_row = part_of(product->rows, product->row_blocks, row_block),
        .first_panel = first_panel,
        .panels = panels < product->panels_a_task ? panels : product->panels_a_task,
    };
    block.rows = part_of(product->rows, product->row_blocks, row_block + 1) - block.first_row;
    block.sums = scratch(SCRATCH_SUMS, (size_t)(block.rows * block.panels * PANEL_STEP_BYTES));
    if (!block.sums) {
        atomic_store(&product->failed, true);
        return;
    }
    for (ptrdiff_t step = 0; step < product->steps; step += product->most_steps) {
        ptrdiff_t left = product->steps - step;
        for (ptrdiff_t panel = 0; panel < block.panels; panel++) {
            multiply_piece(product, &block, first_panel + panel, step,
                           left < product->most_steps ? left : product->most_steps);
        }
    }
}

/// Enough tasks that threads end at nearly the same time.
static void choose_blocks(struct product *product) {
    product->row_blocks = ceiling_division(product->rows, MOST_ROWS);
    product->most_steps = product->rows <= STREAMED_ROWS ? product->steps : MOST_STEPS;
    product->panels_a_task = MOST_PANELS;
    while (product->panels_a_task > 1
           && product->row_blocks * product->panels / product->panels_a_task < 16 * kernels_threads()) {
        product->panels_a_task /= 2;
    }
}

bool kernels_matmul(void *y, ptrdiff_t y_stride, const void *x, ptrdiff_t x_stride, ptrdiff_t rows,
                    const struct kernels_weight *weight, const struct kernels_epilogue *epilogue) {
    static const struct kernels_epilogue nothing = {0};
    const ptrdiff_t element = weight->format == KERNELS_FLOAT32 ? 4 : 2;
    struct product product = {
        .kernels = matrix_kernels(),
        .finish = {.weight = weight, .epilogue = epilogue ? epilogue : &nothing, .y = y, .y_stride = y_stride},
        .x = x,
        .x_stride = x_stride * element,
        .rows = rows,
        .steps = panel_steps(weight),
        .half_step = weight->format == KERNELS_BFLOAT16 && weight->inputs % 2 == 1,
        .panels = panel_count(weight),
    };
    if (rows <= 0 || weight->outputs <= 0) {
        return true;
    }
    choose_blocks(&product);
    ptrdiff_t tasks = product.row_blocks * ceiling_division(product.panels, product.panels_a_task);
    kernels_parallel((int)tasks, multiply_task, &product);
    return !atomic_load(&product.failed);
}
