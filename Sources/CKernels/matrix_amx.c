#if defined(__x86_64__)

#include "matrix_amx.h"

#include "kernels_parallel.h"
#include "matrix_layout.h"
#include "matrix_tiles_amx.h"
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
    STREAMED_BYTES_AHEAD = 8192,
    /// Of int4, that are unpacked at a time.
    MOST_GROUPS = 4,
};

struct amx_product {
    const struct matrix_finish *finish;
    struct matrix_inputs inputs;
    /// The rows at hand.
    ptrdiff_t first_row, rows;
    /// Rows of a tile of X: fewer than 16 where there are no more.
    int tile_rows;
    /// Inputs come in runs that are filled up to whole tiles: all of them, or a group of int4.
    ptrdiff_t runs;
    ptrdiff_t run_bytes; // of a row of X
    ptrdiff_t run_tiles;
    ptrdiff_t tiles; // of all runs
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
    /// Tiles of a panel that are not as they are packed: of int4 all, otherwise the last.
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

static ptrdiff_t x_tile_bytes(const struct amx_product *product) { return product->tile_rows * AMX_ROW_BYTES; }

/// The inputs of some rows of X as tiles, what is missing being 0.
AMX static void copy_rows(void *context, int row_tile, int thread) {
    (void)thread;
    const struct amx_product *product = context;
    for (int index = 0; index < product->tile_rows; index++) {
        const ptrdiff_t row = row_tile * (ptrdiff_t)product->tile_rows + index;
        const char *x = product->inputs.x + (product->first_row + row) * product->inputs.x_stride;
        char *to = product->x + row_tile * product->tiles * x_tile_bytes(product) + index * AMX_ROW_BYTES;
        for (ptrdiff_t run = 0; run < product->runs; run++, x += product->run_bytes) {
            for (ptrdiff_t tile = 0; tile < product->run_tiles; tile++, to += x_tile_bytes(product)) {
                const ptrdiff_t place = tile * AMX_ROW_BYTES;
                copy_line(to, x + place, row < product->rows ? product->run_bytes - place : 0);
            }
        }
    }
}

static const char *x_of(const struct amx_product *product, const struct amx_block *block, ptrdiff_t row_tile,
                        ptrdiff_t tile) {
    return product->x + ((block->first_row_tile + row_tile) * product->tiles + tile) * x_tile_bytes(product);
}

/// The last tile of a panel, with steps of zeros.
static const char *filled_up(const struct amx_block *block, const char *tile, ptrdiff_t steps) {
    memcpy(block->tiles, tile, (size_t)(steps * PANEL_STEP_BYTES));
    memset(block->tiles + steps * PANEL_STEP_BYTES, 0, (size_t)((AMX_ROWS - steps) * PANEL_STEP_BYTES));
    return block->tiles;
}

/// A piece of int4 is whole groups.
static ptrdiff_t first_tile(const struct amx_product *product, ptrdiff_t piece) {
    const bool int4 = product->finish->weight->format == KERNELS_INT4;
    const ptrdiff_t units = int4 ? product->runs : product->run_tiles;
    return part_of(units, product->pieces, piece) * (int4 ? product->run_tiles : 1);
}

/// Those of a panel and a tile of rows.
static char *sums_of(const struct amx_product *product, const struct amx_block *block, ptrdiff_t panel,
                     ptrdiff_t row_tile) {
    const ptrdiff_t index = product->pieces == 1 ? 0 : panel - block->first_panel;
    return block->sums + (index * block->row_tiles + row_tile) * SUMS_BYTES;
}

static const char *panel_of(const struct amx_product *product, ptrdiff_t panel) {
    const struct kernels_weight *weight = product->finish->weight;
    return (const char *)weight->packed + panel * panel_bytes(weight);
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

/// Where the numbers begin that are needed after a piece.
static const char *next_piece(const struct amx_product *product, const struct amx_block *block,
                              const struct amx_piece *piece, const char *panel) {
    const ptrdiff_t index = piece->panel - block->first_panel, bytes = panel_bytes(product->finish->weight);
    return block->row_tiles == 1    ? panel + STREAMED_BYTES_AHEAD
        : index + 1 < block->panels ? panel + bytes
                                    : panel - index * bytes + piece->count * PANEL_TILE_BYTES;
}

/// What rows of a block have in common that meet a piece of a panel as it is packed.
static struct amx_tiles tiles_of_piece(const struct amx_product *product, const struct amx_block *block,
                                       const struct amx_piece *piece) {
    const char *panel = panel_of(product, piece->panel) + piece->first * PANEL_TILE_BYTES;
    const char *last = panel + (piece->count - 1) * PANEL_TILE_BYTES;
    const ptrdiff_t last_steps = panel_steps(product->finish->weight) - (piece->first + piece->count - 1) * AMX_ROWS;
    return (struct amx_tiles){
        .x_bytes = x_tile_bytes(product),
        .x_rows_bytes = product->tiles * x_tile_bytes(product),
        .panel = panel,
        .count = piece->count,
        .last = last_steps < AMX_ROWS ? filled_up(block, last, last_steps) : last,
        .add = piece->first > 0,
        .ahead = next_piece(product, block, piece, panel),
    };
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
    enum { HALF_BYTES = PANEL_STEP_BYTES / 2, TILE_LINES = PANEL_TILE_BYTES / 64 };
    const bool int8 = product->finish->weight->format == KERNELS_INT8;
    const bool one = turn == turns->pairs * turns->halves;
    const ptrdiff_t row_tile = one ? turns->pairs * 2 : turn % turns->pairs * 2, half = one ? 0 : turn / turns->pairs;
    const ptrdiff_t line = part_of(TILE_LINES, turns->count, turn);
    tiles.x = x_of(product, block, row_tile, piece->first);
    tiles.panel += half * HALF_BYTES;
    tiles.last += half * HALF_BYTES;
    tiles.sums = sums_of(product, block, piece->panel, row_tile) + half * HALF_BYTES;
    tiles.ahead += line * 64;
    tiles.ahead_lines = (int)(part_of(TILE_LINES, turns->count, turn + 1) - line);
    if (one) {
        (int8 ? multiply_one_int8 : multiply_one_bfloat16)(&tiles);
    } else {
        (int8 ? multiply_two_int8 : multiply_two_bfloat16)(&tiles);
    }
    if (piece->first + piece->count == product->tiles && (one || half + 1 == turns->halves)) {
        finish_rows(product, block, piece->panel, row_tile, one ? 1 : 2);
    }
}

/// All rows against a piece of a panel as it is packed.
static void multiply_packed(const struct amx_product *product, const struct amx_block *block,
                            const struct amx_piece *piece) {
    const struct amx_tiles tiles = tiles_of_piece(product, block, piece);
    const struct amx_turns turns = turns_of(product, block, piece);
    for (ptrdiff_t turn = 0; turn < turns.count; turn++) {
        take_turn(product, block, piece, &turns, turn, tiles);
    }
}

/// What some groups of an int4 panel and a tile of rows give: sums[row, 64] += the sum over groups of products[group, row,
/// 64] * scales[64], one group after the other.
AMX static void add_groups(float *sums, const float *products, const char *group, ptrdiff_t group_bytes, int groups,
                           int rows, bool add) {
    for (int column = 0; column < PANEL_OUTPUTS; column += 16) {
        __m512 scales[MOST_GROUPS];
        for (int index = 0; index < groups; index++) {
            const uint16_t *scale = (const uint16_t *)(group + index * group_bytes) + column;
            scales[index] = float_of_bfloat16_16(_mm256_load_si256((const __m256i *)scale));
        }
        for (int row = 0; row < rows; row++) {
            const ptrdiff_t place = row * PANEL_OUTPUTS + column;
            __m512 sum = add ? _mm512_load_ps(sums + place) : _mm512_setzero_ps();
            for (int index = 0; index < groups; index++) {
                const float *product = products + index * AMX_ROWS * PANEL_OUTPUTS + place;
                sum = _mm512_fmadd_ps(_mm512_load_ps(product), scales[index], sum);
            }
            _mm512_store_ps(sums + place, sum);
        }
    }
}

/// Some groups of an int4 panel as bfloat16, each with steps of zeros up to whole tiles.
static void unpack_groups(const struct amx_product *product, const struct amx_block *block, const char *group,
                          int groups) {
    const struct matrix_unit unit = unit_of(product->finish->weight);
    const ptrdiff_t bytes = unit.steps * PANEL_STEP_BYTES, whole = product->run_tiles * PANEL_TILE_BYTES;
    for (int index = 0; index < groups; index++, group += unit.bytes) {
        for (ptrdiff_t line = 0; line < unit.bytes; line += 64) {
            _mm_prefetch(group + STREAMED_BYTES_AHEAD + line, _MM_HINT_T0);
        }
        matrix_unpack_int4_avx512(block->tiles + index * whole, group + INT4_SCALE_BYTES, unit.steps);
        memset(block->tiles + index * whole + bytes, 0, (size_t)(whole - bytes));
    }
}

/// All rows against a piece of an int4 panel, some groups at a time. A piece is whole groups.
static void multiply_int4(const struct amx_product *product, const struct amx_block *block,
                          const struct amx_piece *piece) {
    _Alignas(64) float products[MOST_GROUPS * AMX_ROWS * PANEL_OUTPUTS];
    const ptrdiff_t group_bytes = unit_of(product->finish->weight).bytes, all = piece->count / product->run_tiles;
    const ptrdiff_t first_group = piece->first / product->run_tiles;
    const char *group = panel_of(product, piece->panel) + first_group * group_bytes;
    struct amx_tiles tiles = {.x_bytes = x_tile_bytes(product), .count = product->run_tiles};
    for (ptrdiff_t done = 0, groups; done < all; done += groups, group += groups * group_bytes) {
        groups = all - done < MOST_GROUPS ? all - done : MOST_GROUPS;
        unpack_groups(product, block, group, (int)groups);
        for (ptrdiff_t row_tile = 0; row_tile < block->row_tiles; row_tile++) {
            for (ptrdiff_t index = 0; index < groups; index++) {
                tiles.x = x_of(product, block, row_tile, piece->first + (done + index) * product->run_tiles);
                tiles.panel = block->tiles + index * product->run_tiles * PANEL_TILE_BYTES;
                tiles.last = tiles.panel + (product->run_tiles - 1) * PANEL_TILE_BYTES;
                tiles.sums = (char *)(products + index * AMX_ROWS * PANEL_OUTPUTS);
                multiply_one_bfloat16(&tiles);
            }
            add_groups((float *)sums_of(product, block, piece->panel, row_tile), products, group, group_bytes,
                       (int)groups, product->tile_rows, first_group + done > 0);
        }
    }
    if (piece->first + piece->count == product->tiles) {
        finish_rows(product, block, piece->panel, 0, block->row_tiles);
    }
}

static void multiply_block(const struct amx_product *product, const struct amx_block *block) {
    const bool int4 = product->finish->weight->format == KERNELS_INT4;
    for (ptrdiff_t index = 0; index < product->pieces; index++) {
        const ptrdiff_t first = first_tile(product, index), count = first_tile(product, index + 1) - first;
        for (ptrdiff_t panel = block->first_panel; panel < block->first_panel + block->panels; panel++) {
            const struct amx_piece piece = {panel, first, count};
            (int4 ? multiply_int4 : multiply_packed)(product, block, &piece);
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
    const ptrdiff_t tiles = product->finish->weight->format == KERNELS_INT4 ? MOST_GROUPS * product->run_tiles : 1;
    block.tiles = scratch(SCRATCH_PANEL, (size_t)(tiles * PANEL_TILE_BYTES));
    if (!block.sums || !block.tiles) {
        atomic_store(&product->failed, true);
        return;
    }
    configure_tiles(product->tile_rows);
    multiply_block(product, &block);
    _tile_release();
}

/// Few rows are done with the inputs at one go, as the weights are read in their order then.
static ptrdiff_t pieces_of(const struct amx_product *product) {
    const bool int4 = product->finish->weight->format == KERNELS_INT4;
    const ptrdiff_t units = int4 ? product->runs : product->tiles;
    const ptrdiff_t most_units = int4 ? MOST_TILES / product->run_tiles : MOST_TILES;
    return product->row_tiles == 1 ? 1 : ceiling_division(units, most_units > 0 ? most_units : 1);
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
    const bool int4 = weight->format == KERNELS_INT4;
    struct amx_product product = {
        .finish = finish,
        .inputs = *inputs,
        .tile_rows = rows < AMX_ROWS ? (int)rows : AMX_ROWS,
        .runs = int4 ? weight->inputs / weight->group : 1,
        .run_bytes = (int4 ? weight->group : weight->inputs) * (weight->format == KERNELS_INT8 ? 1 : 2),
        .panels = panel_count(weight),
    };
    product.run_tiles = ceiling_division(product.run_bytes, AMX_ROW_BYTES);
    product.tiles = product.runs * product.run_tiles;
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
