// Attention in 8 bits, as in attention_int8_avx512.c, for instruction sets with fewer registers. The including file says what
// multiplies: DOT_PRODUCT adds to each of 8 sums the products of four bytes and four signed ones. UNROLLED is a loop's.
#include "attention_int8_pack_rows.h"
#include "attention_sums.h"
#include "kernels_parallel.h"

enum { BLOCK_TILES = BLOCK_UNITS / TILE_UNITS, QUERY_STRIDE = MAXIMAL_HEAD + 64 };

/// How far, as a power of two, a tile's factor may rise above 1 before its row's reference moves.
static const float headroom = 32;

/// What a thread works in.
typedef struct {
    _Alignas(64) float sum[BLOCK_ROWS][LANES];
    /// Of a tile.
    _Alignas(64) float score[TILE_ROWS][TILE_UNITS][LANES];
    /// Scores times it are powers.
    float slope[BLOCK_ROWS];
    /// What makes up for keys being above 128.
    int32_t start[BLOCK_ROWS];
    /// The power that a factor is relative to, and that above which it moves.
    float reference[BLOCK_ROWS];
    float limit[BLOCK_ROWS];
    float factor[BLOCK_TILES][BLOCK_ROWS];
    /// [row][tile][key]
    _Alignas(64) uint8_t weight[BLOCK_ROWS][BLOCK_TILES][TILE_KEYS];
    _Alignas(64) int8_t query[BLOCK_ROWS][QUERY_STRIDE];
    /// [row][value_size]
    _Alignas(64) float output[BLOCK_ROWS * MAXIMAL_HEAD];
} Rows;

/// A task at one block of keys.
typedef struct {
    Rows *rows;
    const uint8_t *keys;
    const int8_t *values;
    /// Fours of numbers of a key.
    int fours;
    int value_size, tiles;
    /// Keys of the sequence from the block on.
    int count;
} Block;

typedef int32_t eight_ints __attribute__((vector_size(32)));

INLINE ints aligned_ints(const void *from) {
    ints value;
    memcpy(&value, __builtin_assume_aligned(from, 64), sizeof value);
    return value;
}

INLINE ints four_everywhere(const void *from) {
    int32_t value;
    memcpy(&value, from, sizeof value);
    return value - (ints){};
}

INLINE eight_ints first_eight(ints value) { return __builtin_shufflevector(value, value, 0, 1, 2, 3, 4, 5, 6, 7); }

INLINE eight_ints last_eight(ints value) { return __builtin_shufflevector(value, value, 8, 9, 10, 11, 12, 13, 14, 15); }

/// Adds to each sum the products of four bytes and four signed ones.
INLINE ints with_products(ints sums, ints four_bytes, ints signed_bytes) {
    typedef long long operand __attribute__((vector_size(32)));
    const eight_ints first = (eight_ints)DOT_PRODUCT(
        (operand)first_eight(sums), (operand)first_eight(four_bytes), (operand)first_eight(signed_bytes));
    const eight_ints last = (eight_ints)DOT_PRODUCT(
        (operand)last_eight(sums), (operand)last_eight(four_bytes), (operand)last_eight(signed_bytes));
    return __builtin_shufflevector(first, last, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

INLINE float largest_of(floats value) {
    value = larger_of(value, __builtin_shufflevector(value, value, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    value = larger_of(value, __builtin_shufflevector(value, value, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
    value = larger_of(value, __builtin_shufflevector(value, value, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
    value = larger_of(value, __builtin_shufflevector(value, value, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
    return value[0];
}

/// 2^x to 1e-4, for at most 2^127; for less than 2^-100, and for NaN, it is that.
INLINE floats coarse_exp2(floats x) {
    const floats shifted = larger_of(x, all(-100)) + WHOLE_NUMBERS;
    const floats rest = larger_of(x, all(-100)) - (shifted - WHOLE_NUMBERS);
    floats y = rest * 0.0551716685295105f + 0.2426111400127411f;
    y = y * rest + 0.6932609677314758f;
    y = y * rest + 0.9999280571937561f;
    return (floats)((ints)y + ((ints)shifted << 23));
}

// --- Scores become weights

/// Makes `top`, a power above a row's limit, its reference. `tile` tiles of this block have weights already.
static __attribute__((noinline, cold)) void move_reference(Block *block, int row, int tile, float top) {
    Rows *rows = block->rows;
    const bool first = rows->limit[row] == -INFINITY;
    const float factor = exp2f(rows->reference[row] - top);
    rows->reference[row] = top;
    rows->limit[row] = top + headroom;
    if (first) {
        return;  // nothing has weighed anything yet
    }
    for (int before = 0; before < tile; before++) {
        rows->factor[before][row] *= factor;
    }
    store_aligned(rows->sum[row], aligned_floats(rows->sum[row]) * factor);
    float *output = rows->output + (size_t)row * (size_t)block->value_size;
    for (int column = 0; column < block->value_size; column += LANES) {
        store_aligned(output + column, aligned_floats(output + column) * factor);
    }
}

/// Scores of 6 rows and a unit of keys.
INLINE void score_unit(Block *block, const uint8_t *keys, int first_row, int unit) {
    Rows *rows = block->rows;
    const int8_t *query = rows->query[first_row];
    ints sum[TILE_ROWS];
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
        sum[row] = rows->start[first_row + row] - (ints){};
    }
    for (int four = 0; four < block->fours; four++, query += 4, keys += FOUR_BYTES) {
        const ints key = aligned_ints(keys);
        UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
            sum[row] = with_products(sum[row], key, four_everywhere(query + row * QUERY_STRIDE));
        }
    }
    const floats scale = aligned_floats((const float *)keys);
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
        store_aligned(rows->score[row][unit], __builtin_convertvector(sum[row], floats) * scale);
    }
}

/// The largest score of a tile's row. NaN in one is NaN in all, as keys lose their mean.
INLINE float largest_score(const Rows *rows, int row) {
    floats largest = aligned_floats(rows->score[row][0]);
    UNROLLED for (int unit = 1; unit < TILE_UNITS; unit++) {
        largest = larger_of(aligned_floats(rows->score[row][unit]), largest);
    }
    return largest_of(largest);
}

/// Makes the scores of a tile's row weights, and adds them, as they were rounded, to the row's sum.
INLINE void weigh_row(Block *block, int row, int place, int tile, float largest, ints present) {
    Rows *rows = block->rows;
    uint8_t *weight = rows->weight[place][tile];
    UNROLLED for (int unit = 0; unit < TILE_UNITS; unit++) {
        // The difference first, so that the largest is 255 however large scores are.
        const floats power = (aligned_floats(rows->score[row][unit]) - largest) * rows->slope[place] + 7.99435344f;
        const bytes some = __builtin_convertvector((ints)(coarse_exp2(power) + WHOLE_NUMBERS), bytes);
        memcpy(weight + unit * UNIT, &some, sizeof some);
    }
    const floats sum = __builtin_convertvector(with_products((ints){}, aligned_ints(weight), present), floats);
    store_aligned(rows->sum[place], aligned_floats(rows->sum[place]) + sum * rows->factor[tile][place]);
}

/// The same of all rows of a tile, whose factors come first.
INLINE void weigh_tile(Block *block, int first_row, int tile, ints present) {
    Rows *rows = block->rows;
    float largest[TILE_ROWS];
    _Alignas(64) float factor[LANES] = {0};
    for (int row = 0; row < TILE_ROWS; row++) {
        const int place = first_row + row;
        largest[row] = largest_score(rows, row);
        const float top = largest[row] * rows->slope[place];
        if (__builtin_expect(top > rows->limit[place], 0)) {
            move_reference(block, place, tile, top);
        }
        factor[row] = top - rows->reference[place];
    }
    store_aligned(factor, exp2_of(aligned_floats(factor)));
    memcpy(rows->factor[tile] + first_row, factor, TILE_ROWS * sizeof *factor);
    for (int row = 0; row < TILE_ROWS; row++) {
        weigh_row(block, row, first_row + row, tile, largest[row], present);
    }
}

static void weigh_block(Block *block, int rows) {
    const size_t unit_bytes = (size_t)block->fours * FOUR_BYTES + UNIT * sizeof(float);
    for (int tile = 0; tile < block->tiles; tile++) {
        const uint8_t *keys = block->keys + (size_t)tile * TILE_UNITS * unit_bytes;
        _Alignas(64) uint8_t there[TILE_KEYS];
        for (int key = 0; key < TILE_KEYS; key++) {
            there[key] = tile * TILE_KEYS + key < block->count;
        }
        const ints present = aligned_ints(there);
        for (int row = 0; row < rows; row += TILE_ROWS) {
            for (int unit = 0; unit < TILE_UNITS; unit++) {
                score_unit(block, keys + unit * unit_bytes, row, unit);
            }
            weigh_tile(block, row, tile, present);
        }
    }
}

// --- Weights meet values

/// output += factor * (weight value) over the tiles of a block, at 6 rows and a unit of columns.
INLINE void add_unit(const Block *block, int first_row, int column) {
    const Rows *rows = block->rows;
    for (int tile = 0; tile < block->tiles; tile++) {
        const int8_t *values = block->values + ((size_t)tile * (size_t)block->value_size + (size_t)column) * TILE_KEYS;
        ints sum[TILE_ROWS] = {};
        for (int four = 0; four < TILE_FOURS; four++, values += FOUR_BYTES) {
            const ints value = aligned_ints(values);
            UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
                sum[row] =
                    with_products(sum[row], four_everywhere(rows->weight[first_row + row][tile] + 4 * four), value);
            }
        }
        float *output = block->rows->output + (size_t)first_row * (size_t)block->value_size + column;
        UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
            const floats product = __builtin_convertvector(sum[row], floats) * rows->factor[tile][first_row + row];
            float *place = output + row * block->value_size;
            store_aligned(place, aligned_floats(place) + product);
        }
    }
}

static void add_block(const Block *block, int rows) {
    for (int column = 0; column < block->value_size; column += UNIT) {
        for (int row = 0; row < rows; row += TILE_ROWS) {
            add_unit(block, row, column);
        }
    }
}

// --- Tasks

/// Rounds the rows of a task. Rows and numbers that are missing are zero.
static void round_queries(
    const struct kernels_attention *sizes, const uint16_t *query, int count, int row_count, Rows *rows) {
    // Scores become powers of two by it; positive, as the largest score is to be the largest power.
    const float slope = fabsf(sizes->scale) * 1.44269504f;
    memset(rows->query, 0, sizeof rows->query[0] * (size_t)row_count);
    for (int row = 0; row < row_count; row++) {
        rows->start[row] = 0;
        rows->slope[row] = slope;
    }
    for (int row = 0; row < count; row++, query += sizes->query_stride) {
        _Alignas(64) float numbers[MAXIMAL_HEAD];
        const struct row_scale scale = mixed_row(query, 0, sizes->scale < 0 ? -1 : 1, sizes->head_size, numbers);
        rows->slope[row] = scale.scale * slope;
        if (!scale.finite) {
            continue;
        }
        int32_t total = 0;
        for (int i = 0; i < sizes->head_size; i += LANES) {
            const ints whole = whole_of(aligned_floats(numbers + i) * scale.inverse);
            const bytes some = __builtin_convertvector(whole, bytes);
            memcpy(rows->query[row] + i, &some, sizeof some);
            for (int lane = 0; lane < LANES; lane++) {
                total += whole[lane];
            }
        }
        rows->start[row] = -128 * total;
    }
}

static void write_rows(
    const Rows *rows, const Centre *centre, int count, int head_size, int value_size, uint16_t *output,
    ptrdiff_t stride) {
    for (int row = 0; row < count; row++) {
        const float total = sum_of(aligned_floats(rows->sum[row]));
        const float *sum = rows->output + (size_t)row * (size_t)value_size;
        for (int column = 0; column < head_size; column += LANES) {
            const floats mean = aligned_floats(sum + column) / total * aligned_floats(centre->scale + column) +
                                aligned_floats(centre->value + column);
            store(output, row * stride + column, unit_of(head_size - column), mean, true);
        }
    }
}

// Behind the functions that it calls.
#include "attention_int8_tasks.h"
