#if defined(__x86_64__)

#include "matrix_amx.h"

#include "kernels_parallel.h"
#include "matrix_layout.h"
#include "matrix_tiles_amx.h"
#include "matrix_unpack.h"
#include "scratch.h"

#include <stdatomic.h>

// X is copied to tiles, so many rows at a time. Y is cut into blocks of rows and panels, one task each. Of such a block a
// thread takes the inputs piece by piece: the tiles of X and the sums stay in the second cache while panels pass.

enum {
    /// 160 KiB of a panel.
    MOST_TILES = 40,
    /// 256 rows: 640 KiB of X.
    MOST_ROW_TILES = 16,
    /// Whose sums are kept from piece to piece: 512 KiB.
    MOST_PANELS = 8,
    TASKS_A_THREAD = 8,
    /// Of all rows that are copied at a time, unless it is one tile of rows that has more.
    MOST_COPIED_BYTES = 32 << 20,
    /// Of as many steps as a tile has; of int4 with the multiples of a group.
    TILE_LINES = PANEL_TILE_BYTES / 64,
    INT4_TILE_LINES = AMX_ROWS * INT4_STEP_BYTES / 64 + 1,
    COMPACT_TILE_LINES = AMX_ROWS * COMPACT_STEP_BYTES / 64,
};

struct amx_product {
    const struct matrix_finish *finish;
    struct matrix_inputs inputs;
    /// The rows at hand.
    ptrdiff_t first_row, rows;
    /// Rows of a tile of X: fewer than 16 where there are no more.
    int tile_rows;
    ptrdiff_t row_bytes; // of X
    ptrdiff_t tiles;
    ptrdiff_t pieces;
    /// [row tile][tile][row][64], of the rows at hand.
    char *x;
    ptrdiff_t row_tiles;
    ptrdiff_t row_blocks;
    ptrdiff_t panels;
    ptrdiff_t panel_blocks;
    atomic_bool failed;
};

/// A task, with memory of its thread.
struct amx_block {
    ptrdiff_t first_row_tile, row_tiles;
    ptrdiff_t first_panel, panels;
    /// [panel][row tile][row][64], 4 bytes each.
    char *sums;
    /// Tiles of a panel that are not as they are packed: those of a piece that is unpacked, otherwise the last.
    char *tiles;
};

/// A piece of a panel.
struct amx_piece {
    ptrdiff_t panel;
    ptrdiff_t first, count; // tiles
};

/// Copies up to 64 bytes, what is missing being 0.
AMX_INLINE void copy_line(char *to, const char *from, ptrdiff_t count) {
    const __mmask64 mask = count >= 64 ? ~0ull : ((__mmask64)1 << count) - 1;
    _mm512_store_si512(to, _mm512_maskz_loadu_epi8(mask, from));
}

/// Whether one tile of rows meets the weights, which are read in their order then.
static bool is_streamed(const struct amx_product *product) { return product->row_tiles == 1; }

/// How many of a tile of a panel come while one is multiplied that is earlier by a piece.
static ptrdiff_t lines_of_tile(const struct amx_product *product) {
    if (is_streamed(product)) {
        return 0;
    }
    switch (product->finish->weight->format) {
    case KERNELS_INT4:
        return INT4_TILE_LINES;
    case KERNELS_COMPACT_BFLOAT16:
        return COMPACT_TILE_LINES;
    default:
        return TILE_LINES;
    }
}

static ptrdiff_t x_tile_bytes(const struct amx_product *product) { return product->tile_rows * AMX_ROW_BYTES; }

/// The inputs of some rows of X as tiles, what is missing being 0.
AMX static void copy_rows(void *context, int row_tile, int thread) {
    (void)thread;
    const struct amx_product *product = context;
    for (int index = 0; index < product->tile_rows; index++) {
        const ptrdiff_t row = row_tile * (ptrdiff_t)product->tile_rows + index;
        const char *x = product->inputs.x + (product->first_row + row) * product->inputs.x_stride;
        char *to = product->x + row_tile * product->tiles * x_tile_bytes(product) + index * AMX_ROW_BYTES;
        for (ptrdiff_t tile = 0; tile < product->tiles; tile++, to += x_tile_bytes(product)) {
            const ptrdiff_t place = tile * AMX_ROW_BYTES;
            copy_line(to, x + place, row < product->rows ? product->row_bytes - place : 0);
        }
    }
}

static const char *x_of(const struct amx_product *product, const struct amx_block *block, ptrdiff_t row_tile,
                        ptrdiff_t tile) {
    return product->x + ((block->first_row_tile + row_tile) * product->tiles + tile) * x_tile_bytes(product);
}

/// Makes a tile of which there are some steps whole, with zeros.
static void fill_up(char *tile, ptrdiff_t steps) {
    memset(tile + steps * PANEL_STEP_BYTES, 0, (size_t)((AMX_ROWS - steps) * PANEL_STEP_BYTES));
}

/// Those of a panel and a tile of rows.
static char *sums_of(const struct amx_product *product, const struct amx_block *block, ptrdiff_t panel,
                     ptrdiff_t row_tile) {
    const ptrdiff_t index = product->pieces == 1 ? 0 : panel - block->first_panel;
    return block->sums + (index * block->row_tiles + row_tile) * SUMS_BYTES;
}

static void finish_rows(const struct amx_product *product, const struct amx_block *block, ptrdiff_t panel,
                        ptrdiff_t first, ptrdiff_t count) {
    for (ptrdiff_t tile = first; tile < first + count; tile++) {
        const ptrdiff_t row = (block->first_row_tile + tile) * product->tile_rows;
        const ptrdiff_t left = product->rows - row;
        const struct matrix_finish_block finished = {
            panel, product->first_row + row, left < product->tile_rows ? (int)left : product->tile_rows,
            sums_of(product, block, panel, tile), PANEL_OUTPUTS};
        matrix_finish_avx512(product->finish, &finished);
    }
}

/// Where a tile of a panel lies, or what follows the panel.
static const char *tile_of(const struct amx_product *product, ptrdiff_t panel, ptrdiff_t tile) {
    const struct kernels_weight *weight = product->finish->weight;
    const ptrdiff_t step = tile * AMX_ROWS, steps = panel_steps(weight);
    return panel_step(weight, panel, step < steps ? step : steps);
}

/// Where the numbers begin that are needed after a piece.
static const char *next_piece(const struct amx_product *product, const struct amx_block *block,
                              const struct amx_piece *piece) {
    const bool last = piece->panel + 1 == block->first_panel + block->panels;
    return last ? tile_of(product, block->first_panel, piece->first + piece->count)
                : tile_of(product, piece->panel + 1, piece->first);
}

/// Sets the panel's tiles, unpacked if need be and the last filled up.
static void take_panel(const struct amx_product *product, const struct amx_block *block, const struct amx_piece *piece,
                       struct amx_tiles *tiles) {
    const struct kernels_weight *weight = product->finish->weight;
    const ptrdiff_t before_last = piece->count - 1, first_step = piece->first * AMX_ROWS;
    const ptrdiff_t left = panel_steps(weight) - first_step - before_last * AMX_ROWS;
    const ptrdiff_t last_steps = left < AMX_ROWS ? left : AMX_ROWS;
    if (is_unpacked(weight->format)) {
        const ptrdiff_t steps = before_last * AMX_ROWS + last_steps;
        unpack_steps(&matrix_kernels_avx512, block->tiles, weight, piece->panel, first_step, steps,
                     is_streamed(product) ? READ_ONCE : READ_BEFORE);
        fill_up(block->tiles + before_last * PANEL_TILE_BYTES, last_steps);
        tiles->panel = block->tiles;
        tiles->last = block->tiles + before_last * PANEL_TILE_BYTES;
        return;
    }
    tiles->panel = tile_of(product, piece->panel, piece->first);
    tiles->last = tiles->panel + before_last * PANEL_TILE_BYTES;
    if (last_steps < AMX_ROWS) {
        memcpy(block->tiles, tiles->last, (size_t)(last_steps * PANEL_STEP_BYTES));
        fill_up(block->tiles, last_steps);
        tiles->last = block->tiles;
    }
}

/// What rows of a block have in common that meet a piece of a panel.
static struct amx_tiles tiles_of_piece(const struct amx_product *product, const struct amx_block *block,
                                       const struct amx_piece *piece) {
    struct amx_tiles tiles = {
        .x_bytes = x_tile_bytes(product),
        .x_rows_bytes = product->tiles * x_tile_bytes(product),
        .count = piece->count,
        .add = piece->first > 0,
        .ahead = next_piece(product, block, piece),
        .ahead_bytes = lines_of_tile(product) * 64,
        .streamed = is_streamed(product),
    };
    take_panel(product, block, piece, &tiles);
    return tiles;
}

/// Turns in which rows meet a piece: two tiles of rows and half a panel in each, and in a last one, where the number of
/// tiles is odd, one and all of it.
struct amx_turns {
    ptrdiff_t pairs, halves, count;
};

static struct amx_turns turns_of(const struct amx_product *product, const struct amx_block *block,
                                 const struct amx_piece *piece) {
    const struct kernels_weight *weight = product->finish->weight;
    const bool whole = weight->swiglu || weight->outputs - piece->panel * PANEL_OUTPUTS > PANEL_OUTPUTS / 2;
    const ptrdiff_t pairs = block->row_tiles / 2, halves = whole ? 2 : 1;
    return (struct amx_turns){pairs, halves, pairs * halves + block->row_tiles % 2};
}

static void take_turn(const struct amx_product *product, const struct amx_block *block, const struct amx_piece *piece,
                      const struct amx_turns *turns, ptrdiff_t turn, struct amx_tiles tiles) {
    enum { HALF_BYTES = PANEL_STEP_BYTES / 2 };
    const bool bytes = is_rounded(product->finish->weight->format);
    const ptrdiff_t lines = lines_of_tile(product);
    const bool one = turn == turns->pairs * turns->halves;
    const ptrdiff_t row_tile = one ? turns->pairs * 2 : turn % turns->pairs * 2, half = one ? 0 : turn / turns->pairs;
    const ptrdiff_t line = part_of(lines, turns->count, turn);
    tiles.x = x_of(product, block, row_tile, piece->first);
    tiles.panel += half * HALF_BYTES;
    tiles.last += half * HALF_BYTES;
    tiles.sums = sums_of(product, block, piece->panel, row_tile) + half * HALF_BYTES;
    tiles.ahead += line * 64;
    tiles.ahead_lines = (int)(part_of(lines, turns->count, turn + 1) - line);
    if (one) {
        (bytes ? multiply_one_int8 : multiply_one_bfloat16)(&tiles);
    } else {
        (bytes ? multiply_two_int8 : multiply_two_bfloat16)(&tiles);
    }
    if (piece->first + piece->count == product->tiles && (one || half + 1 == turns->halves)) {
        finish_rows(product, block, piece->panel, row_tile, one ? 1 : 2);
    }
}

/// All rows against a piece of a panel.
static void multiply_piece(const struct amx_product *product, const struct amx_block *block,
                           const struct amx_piece *piece) {
    const struct amx_tiles tiles = tiles_of_piece(product, block, piece);
    const struct amx_turns turns = turns_of(product, block, piece);
    for (ptrdiff_t turn = 0; turn < turns.count; turn++) {
        take_turn(product, block, piece, &turns, turn, tiles);
    }
}

/// One tile of rows against a panel that is unpacked: tile by tile, so that these stay in the first cache and memory is
/// read all the while.
AMX_INLINE void multiply_unpacked(const bool bytes, const struct amx_product *product, const struct amx_block *block,
                                  ptrdiff_t panel) {
    char *sums = block->sums;
    start_sums(false, sums, sums, sums, sums);
    for (ptrdiff_t tile = 0; tile < product->tiles; tile++) {
        const struct amx_tiles tiles = tiles_of_piece(product, block, &(struct amx_piece){panel, tile, 1});
        if (bytes) { // What is compact is asked for where it is unpacked.
            read_lines_once_ahead(tile_of(product, panel, tile), INT4_TILE_LINES);
        }
        add_one(bytes, x_of(product, block, 0, tile), tiles.last, tiles.last, 0);
    }
    store_sums(sums, sums + 64, sums + 128, sums + 192);
    finish_rows(product, block, panel, 0, 1);
}

AMX static void multiply_unpacked_int8(const struct amx_product *product, const struct amx_block *block,
                                       ptrdiff_t panel) {
    multiply_unpacked(true, product, block, panel);
}

AMX static void multiply_unpacked_bfloat16(const struct amx_product *product, const struct amx_block *block,
                                           ptrdiff_t panel) {
    multiply_unpacked(false, product, block, panel);
}

static void multiply_panel(const struct amx_product *product, const struct amx_block *block, ptrdiff_t panel,
                           ptrdiff_t first, ptrdiff_t count) {
    const enum kernels_format format = product->finish->weight->format;
    if (is_streamed(product) && is_unpacked(format)) {
        (is_rounded(format) ? multiply_unpacked_int8 : multiply_unpacked_bfloat16)(product, block, panel);
    } else {
        multiply_piece(product, block, &(struct amx_piece){panel, first, count});
    }
}

static void multiply_block(const struct amx_product *product, const struct amx_block *block) {
    for (ptrdiff_t index = 0; index < product->pieces; index++) {
        const ptrdiff_t first = part_of(product->tiles, product->pieces, index);
        const ptrdiff_t count = part_of(product->tiles, product->pieces, index + 1) - first;
        for (ptrdiff_t panel = block->first_panel; panel < block->first_panel + block->panels; panel++) {
            multiply_panel(product, block, panel, first, count);
        }
    }
}

AMX static void multiply_task(void *context, int task, int thread) {
    (void)thread;
    struct amx_product *product = context;
    const struct blocks blocks = {product->rows, product->panels, product->row_blocks, product->panel_blocks};
    const ptrdiff_t row_block = row_block_of(&blocks, task), panel_block = panel_block_of(&blocks, task);
    struct amx_block block = {
        .first_row_tile = part_of(product->row_tiles, product->row_blocks, row_block),
        .first_panel = part_of(product->panels, product->panel_blocks, panel_block),
    };
    block.row_tiles = part_of(product->row_tiles, product->row_blocks, row_block + 1) - block.first_row_tile;
    block.panels = part_of(product->panels, product->panel_blocks, panel_block + 1) - block.first_panel;
    const ptrdiff_t panels_kept = product->pieces == 1 ? 1 : block.panels;
    block.sums = scratch(SCRATCH_SUMS, (size_t)(panels_kept * block.row_tiles * SUMS_BYTES));
    const ptrdiff_t tiles = is_unpacked(product->finish->weight->format) ? MOST_TILES : 1;
    block.tiles = scratch(SCRATCH_PANEL, (size_t)(tiles * PANEL_TILE_BYTES));
    if (!block.sums || !block.tiles) {
        atomic_store(&product->failed, true);
        return;
    }
    configure_tiles(product->tile_rows);
    multiply_block(product, &block);
    _tile_release();
}

/// Few rows are done with the inputs at one go.
static ptrdiff_t pieces_of(const struct amx_product *product) {
    return is_streamed(product) ? 1 : ceiling_division(product->tiles, MOST_TILES);
}

/// Enough tasks that threads end at nearly the same time.
static void choose_tasks(struct amx_product *product) {
    const ptrdiff_t least = TASKS_A_THREAD * kernels_threads();
    product->row_tiles = ceiling_division(product->rows, product->tile_rows);
    product->pieces = pieces_of(product);
    product->row_blocks = ceiling_division(product->row_tiles, MOST_ROW_TILES);
    product->panel_blocks = ceiling_division(product->panels, MOST_PANELS);
    if (product->row_blocks * product->panel_blocks < least) {
        product->panel_blocks = ceiling_division(least, product->row_blocks);
    }
    product->panel_blocks = product->panel_blocks < product->panels ? product->panel_blocks : product->panels;
}

/// Rows that are copied at a time.
static ptrdiff_t most_rows(const struct amx_product *product) {
    const ptrdiff_t rows = MOST_COPIED_BYTES / (product->tiles * AMX_ROW_BYTES) / AMX_ROWS * AMX_ROWS;
    return rows < AMX_ROWS ? AMX_ROWS : rows;
}

bool multiply_amx(const struct matrix_finish *finish, const struct matrix_inputs *inputs, ptrdiff_t rows) {
    const struct kernels_weight *weight = finish->weight;
    struct amx_product product = {
        .finish = finish,
        .inputs = *inputs,
        .tile_rows = rows < AMX_ROWS ? (int)rows : AMX_ROWS,
        .row_bytes = weight->inputs * (is_rounded(weight->format) ? 1 : 2),
        .panels = panel_count(weight),
    };
    product.tiles = ceiling_division(product.row_bytes, AMX_ROW_BYTES);
    const ptrdiff_t most = most_rows(&product), copied = ceiling_division(rows < most ? rows : most, product.tile_rows);
    product.x = scratch(SCRATCH_TILES_OF_X, (size_t)(copied * product.tiles * x_tile_bytes(&product)));
    if (!product.x) {
        return false;
    }
    for (; product.first_row < rows; product.first_row += product.rows) {
        const ptrdiff_t left = rows - product.first_row;
        product.rows = left < most ? left : most;
        choose_tasks(&product);
        kernels_parallel((int)product.row_tiles, copy_rows, &product);
        kernels_parallel((int)(product.row_blocks * product.panel_blocks), multiply_task, &product);
    }
    return !atomic_load(&product.failed);
}

#endif
