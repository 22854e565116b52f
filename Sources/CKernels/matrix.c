#include "kernels_matrix.h"

#include "kernels_parallel.h"
#include "kernels_path.h"
#include "matrix_amx.h"
#include "matrix_few.h"
#include "matrix_inputs.h"
#include "matrix_layout.h"
#include "matrix_unpack.h"
#include "scratch.h"

#include <stdatomic.h>

// Y is cut into blocks of rows and panels, one task each. Of such a block a thread takes the inputs piece by piece: the
// piece of a panel stays in the second cache while all rows of the block pass, and so do the sums.

enum {
    /// 160 KiB of a panel.
    MOST_STEPS = 640,
    MOST_ROWS = 144,
    MOST_PANELS = 4,
    /// Where a piece is unpacked: more rows share the work, so pieces and their sums are smaller.
    UNPACKED_STEPS = 256,
    UNPACKED_ROWS = 432,
    UNPACKED_PANELS = 2,
    /// Up to here the weights are read in their order, panel after panel.
    STREAMED_ROWS = 16 * TILE_ROWS,
    /// Where several tiles read a piece: 32 KiB, which stay in the first cache.
    STREAMED_STEPS = 128,
    /// Of what is compact: 8 KiB, as what comes ahead of it stays there too.
    COMPACT_STREAMED_STEPS = 32,
    /// Of the next tile's rows; the machine itself sees what follows.
    ROW_BYTES_AHEAD = 256,
};

struct product {
    const struct matrix_kernels *kernels;
    struct matrix_finish finish;
    struct matrix_inputs inputs;
    ptrdiff_t rows;
    ptrdiff_t steps;
    ptrdiff_t pieces;
    bool streamed;
    ptrdiff_t row_blocks;
    ptrdiff_t panels;
    /// 0: as `stretch_of` has it.
    ptrdiff_t panels_a_task;
    ptrdiff_t panel_blocks;
    int threads;
    atomic_bool failed;
};

const struct matrix_kernels *matrix_kernels(void) {
    switch (kernels_path()) {
#if defined(__x86_64__)
    case KERNELS_AMX: // For what `multiply_amx` does not do.
    case KERNELS_AVX512:
        return &matrix_kernels_avx512;
    case KERNELS_AVX512_VNNI:
        return &matrix_kernels_avx512vnni;
    case KERNELS_AVX_VNNI:
        return &matrix_kernels_avxvnni;
    case KERNELS_AVX2:
        return &matrix_kernels_avx2;
#endif
#if defined(__aarch64__) || defined(KERNELS_EMULATED)
    case KERNELS_NEON:
        return &matrix_kernels_neon;
#endif
    default:
        return &matrix_kernels_portable;
    }
}

bool reads_past_caches(void) {
#if defined(__x86_64__)
    return !__builtin_cpu_is("intel");
#else
    return false;
#endif
}

struct block {
    ptrdiff_t first_row;
    ptrdiff_t rows;
    ptrdiff_t first_panel;
    ptrdiff_t panels;
    char *sums;
    /// Memory for the largest piece, where pieces are unpacked.
    char *unpacked;
};

/// Has what the finish of a tile needs come while the tile computes.
static void read_results_ahead(
    const struct product *product, ptrdiff_t panel, ptrdiff_t row, struct matrix_tile *tile) {
    const struct matrix_finish *finish = &product->finish;
    const struct kernels_epilogue *epilogue = finish->epilogue;
    const ptrdiff_t element = element_bytes(finish->weight->format);
    const ptrdiff_t first = panel * panel_width(finish->weight);
    const ptrdiff_t left = finish->weight->outputs - first;
    const ptrdiff_t bytes = (left < panel_width(finish->weight) ? left : panel_width(finish->weight)) * element;
    const char *y = finish->y + (row * finish->y_stride + first) * element;
    tile->ahead[tile->ahead_count++] = (struct rows_ahead){y, finish->y_stride * element, bytes};
    if (epilogue->residual && epilogue->residual != finish->y) {
        const ptrdiff_t place = row * epilogue->residual_stride + first;
        tile->ahead[tile->ahead_count++] = (struct rows_ahead){
            (const char *)epilogue->residual + place * element, epilogue->residual_stride * element, bytes};
    }
}

/// The same for what whole sums of a panel are scaled by. Where weights are read once, so is this.
static void read_scales_ahead(const struct product *product, ptrdiff_t panel) {
    for (ptrdiff_t output = 0; output < PANEL_OUTPUTS; output += 16) {
        __builtin_prefetch(product->finish.weight_scales + panel * PANEL_OUTPUTS + output);
        __builtin_prefetch(product->finish.offsets + panel * PANEL_OUTPUTS + output);
    }
}

struct piece {
    ptrdiff_t panel;
    ptrdiff_t first, steps;
};

/// Where the numbers begin of the piece that follows a piece: see `multiply_block`.
static const char *next_piece(const struct product *product, const struct block *block, const struct piece *piece) {
    const struct kernels_weight *weight = product->finish.weight;
    const ptrdiff_t after = piece->first + piece->steps, next = piece->panel + 1;
    return product->streamed                        ? panel_step(weight, piece->panel, after)
        : next < block->first_panel + block->panels ? panel_step(weight, next, piece->first)
                                                    : panel_step(weight, block->first_panel, after);
}

/// How a piece that is unpacked comes to the caches: tiles of the one before have it come, unless it is read once.
static enum matrix_reading reading_of(const struct product *product) {
    return !product->streamed ? READ_BEFORE : reads_past_caches() ? READ_ONCE_PAST_CACHES : READ_ONCE;
}

/// What all rows have in common. Some formats are unpacked to scratch memory, which `multiply_task` made sure of.
static struct matrix_tile tile_of_piece(
    const struct product *product, const struct block *block, const struct piece *piece) {
    const struct kernels_weight *weight = product->finish.weight;
    const bool odd = multiplied_format(weight->format) == KERNELS_BFLOAT16 && weight->inputs % 2 == 1;
    struct matrix_tile tile = {
        .x_stride = product->inputs.x_stride,
        .panel = panel_step(weight, piece->panel, piece->first),
        .half_step = odd && piece->first + piece->steps == product->steps,
        .columns = columns_of_panel(weight, piece->panel),
        .sums_stride = PANEL_OUTPUTS,
        .add = piece->first > 0,
    };
    if (is_unpacked(weight->format)) {
        unpack_steps(product->kernels, block->unpacked, weight, piece->panel, piece->first, piece->steps,
                     reading_of(product));
        tile.panel = block->unpacked;
    }
    tile.steps = piece->steps - tile.half_step;
    return tile;
}

/// What tile `index` reads of the next piece, where pieces are unpacked: 128 bytes for each step are all of int4, and two
/// thirds of what is compact.
static void read_unpacked_ahead(
    const struct product *product, const struct piece *piece, ptrdiff_t index, struct matrix_tile *tile) {
    const bool compact = product->finish.weight->format == KERNELS_COMPACT_BFLOAT16;
    if (index > compact || (compact && product->streamed)) {
        tile->prefetch_kind = PREFETCH_NOTHING;
        return;
    }
    tile->prefetch += index * piece->steps * 128;
    tile->prefetch_kind = index == 0 ? PREFETCH_HALF : PREFETCH_QUARTER;
}

/// What tile `index` of `tiles` reads of the next piece.
static void read_piece_ahead(
    const struct product *product, const struct block *block, const struct piece *piece, ptrdiff_t tiles,
    ptrdiff_t index, struct matrix_tile *tile) {
    const ptrdiff_t shares = tiles == 1 ? 1 : tiles < 4 ? 2 : 4;
    tile->prefetch = next_piece(product, block, piece);
    if (is_unpacked(product->finish.weight->format)) {
        read_unpacked_ahead(product, piece, index, tile);
        return;
    }
    tile->prefetch += index % shares * (piece->steps * PANEL_STEP_BYTES / shares);
    tile->prefetch_kind = tiles == 1 ? PREFETCH_STREAM : tiles < 4 ? PREFETCH_HALF : PREFETCH_QUARTER;
    tile->past_caches = reads_past_caches();
}

/// All rows of a block against a piece of one panel.
static void multiply_piece(const struct product *product, const struct block *block, const struct piece *piece) {
    const struct kernels_weight *weight = product->finish.weight;
    const bool last = piece->first + piece->steps == product->steps;
    const ptrdiff_t tiles = ceiling_division(block->rows, TILE_ROWS);
    struct matrix_tile tile = tile_of_piece(product, block, piece);
    if (last && product->streamed && is_rounded(weight->format)) {
        read_scales_ahead(product, piece->panel);
    }
    for (ptrdiff_t index = 0; index < tiles; index++) {
        ptrdiff_t row = part_of(block->rows, tiles, index);
        tile.rows = (int)(part_of(block->rows, tiles, index + 1) - row);
        tile.x = product->inputs.x + (block->first_row + row) * product->inputs.x_stride
            + piece->first * STEP_BYTES;
        tile.sums = block->sums + ((piece->panel - block->first_panel) * block->rows + row) * PANEL_STEP_BYTES;
        read_piece_ahead(product, block, piece, tiles, index, &tile);
        tile.ahead_count = 0;
        if (index + 1 < tiles) {
            tile.ahead[tile.ahead_count++] = (struct rows_ahead){
                tile.x + tile.rows * product->inputs.x_stride, product->inputs.x_stride, ROW_BYTES_AHEAD};
        }
        if (last) {
            read_results_ahead(product, piece->panel, block->first_row + row, &tile);
        }
        product->kernels->tile(multiplied_format(weight->format), &tile);
        if (last) {
            struct matrix_finish_block finished = {
                piece->panel, block->first_row + row, tile.rows, tile.sums, PANEL_OUTPUTS};
            product->kernels->finish(&product->finish, &finished);
        }
    }
}

/// Blocks are whole tiles, but for the last: full tiles are the fastest.
static ptrdiff_t first_row_of(const struct product *product, ptrdiff_t row_block) {
    const ptrdiff_t tiles = ceiling_division(product->rows, TILE_ROWS);
    const ptrdiff_t row = TILE_ROWS * part_of(tiles, product->row_blocks, row_block);
    return row < product->rows ? row : product->rows;
}

static struct stretch panels_of(const struct product *product, ptrdiff_t panel_block) {
    if (product->panels_a_task == 0) {
        return stretch_of(product->panels, product->threads, panel_block);
    }
    const ptrdiff_t first = panel_block * product->panels_a_task, left = product->panels - first;
    return (struct stretch){first, left < product->panels_a_task ? left : product->panels_a_task};
}

static void multiply_block(const struct product *product, const struct block *block) {
    for (ptrdiff_t index = 0; index < product->pieces * block->panels; index++) {
        // What is read once is read in its order; otherwise a piece of X meets all panels.
        const ptrdiff_t piece = product->streamed ? index % product->pieces : index / block->panels;
        const ptrdiff_t panel = product->streamed ? index / product->pieces : index % block->panels;
        const ptrdiff_t first = part_of(product->steps, product->pieces, piece);
        const ptrdiff_t steps = part_of(product->steps, product->pieces, piece + 1) - first;
        multiply_piece(product, block, &(struct piece){block->first_panel + panel, first, steps});
    }
}

static void multiply_task(void *context, int task, int thread) {
    (void)thread;
    struct product *product = context;
    const struct blocks blocks = {product->rows, product->panels, product->row_blocks, product->panel_blocks};
    const ptrdiff_t row_block = row_block_of(&blocks, task);
    const struct stretch panels = panels_of(product, panel_block_of(&blocks, task));
    struct block block = {
        .first_row = first_row_of(product, row_block),
        .first_panel = panels.first,
        .panels = panels.count,
    };
    block.rows = first_row_of(product, row_block + 1) - block.first_row;
    block.sums = scratch(SCRATCH_SUMS, (size_t)(block.rows * block.panels * PANEL_STEP_BYTES));
    const bool unpacked = is_unpacked(product->finish.weight->format);
    if (unpacked) {
        const ptrdiff_t steps = ceiling_division(product->steps, product->pieces);
        // Some even for no inputs, as NULL says that memory is short.
        block.unpacked = scratch(SCRATCH_PANEL, (size_t)((steps + 1) * PANEL_STEP_BYTES));
    }
    if (!block.sums || (unpacked && !block.unpacked)) {
        atomic_store(&product->failed, true);
        return;
    }
    multiply_block(product, &block);
}

static ptrdiff_t most_steps_of_piece(const struct product *product) {
    const enum kernels_format format = product->finish.weight->format;
    if (!product->streamed) {
        return is_unpacked(format) ? UNPACKED_STEPS : MOST_STEPS;
    }
    if (format == KERNELS_COMPACT_BFLOAT16) {
        return COMPACT_STREAMED_STEPS;
    }
    return product->rows <= TILE_ROWS && !is_unpacked(format) ? product->steps : STREAMED_STEPS;
}

/// Enough tasks that threads end at nearly the same time.
static void choose_tasks(struct product *product) {
    product->streamed = product->rows <= STREAMED_ROWS;
    const ptrdiff_t most_steps = most_steps_of_piece(product);
    // Without inputs there is one piece of nothing, as the epilogue is due all the same.
    product->pieces = product->steps > 0 ? ceiling_division(product->steps, most_steps) : 1;
    if (product->streamed) {
        product->row_blocks = 1;
        product->panel_blocks = stretch_count(product->panels, product->threads);
        return;
    }
    const bool unpacked = is_unpacked(product->finish.weight->format);
    product->row_blocks = ceiling_division(product->rows, unpacked ? UNPACKED_ROWS : MOST_ROWS);
    product->panels_a_task = unpacked ? UNPACKED_PANELS : MOST_PANELS;
    while (product->panels_a_task > 1
           && product->row_blocks * product->panels / product->panels_a_task < 16 * product->threads) {
        product->panels_a_task /= 2;
    }
    product->panel_blocks = ceiling_division(product->panels, product->panels_a_task);
}

#if defined(__x86_64__)
/// Whether tile instructions are used. Of int8 and int4, which are exact either way, few rows are read faster without.
static bool takes_tiles(const struct kernels_weight *weight, ptrdiff_t rows) {
    return kernels_path() == KERNELS_AMX && weight->inputs > 0 && weight->format != KERNELS_FLOAT32
        && !(is_rounded(weight->format) && rows <= TILE_ROWS);
}
#endif

bool kernels_matmul(void *y, ptrdiff_t y_stride, const void *x, ptrdiff_t x_stride, ptrdiff_t rows,
                    const struct kernels_weight *weight, const struct kernels_epilogue *epilogue) {
    static const struct kernels_epilogue nothing = {0};
    const ptrdiff_t element = element_bytes(weight->format);
    struct product product = {
        .kernels = matrix_kernels(),
        .finish = {.weight = weight, .epilogue = epilogue ? epilogue : &nothing, .y = y, .y_stride = y_stride},
        .inputs = {.x = x, .x_stride = x_stride * element},
        .rows = rows,
        .steps = panel_steps(weight),
        .panels = panel_count(weight),
        .threads = kernels_threads(),
    };
    if (rows <= 0 || weight->outputs <= 0) {
        return true;
    }
    if (!prepare_inputs(product.kernels, weight, rows, &product.inputs)) {
        return false;
    }
    if (is_rounded(weight->format)) {
        product.finish.x_scales = product.inputs.scales;
        product.finish.weight_scales = weight_scales(weight);
        product.finish.offsets = weight_offsets(weight);
    }
#if defined(__x86_64__)
    if (takes_tiles(weight, rows)) {
        return multiply_amx(&product.finish, &product.inputs, rows);
    }
#endif
    if (are_few(product.kernels, weight, rows)) {
        multiply_few(product.kernels, &product.finish, &product.inputs, rows);
        return true;
    }
    choose_tasks(&product);
    kernels_parallel((int)(product.row_blocks * product.panel_blocks), multiply_task, &product);
    return !atomic_load(&product.failed);
}
