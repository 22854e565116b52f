#if defined(__x86_64__)
#include "attention_int8_avx512.h"

#include <math.h>
#include <string.h>

#include "attention_int8_pack_avx512.h"
#include "attention_plan.h"
#include "attention_sums.h"
#include "avx512.h"
#include "kernels_parallel.h"

// As in attention_bfloat16_avx512.c, but queries, keys, weights and values take 8 bits, and a tile's weights are
// 0...255 of the row's largest among its 64 keys: the factor that belongs to them multiplies what they make of the
// values. So weights that are small in a row are as fine as large ones.

enum { BLOCK_TILES = BLOCK_UNITS / TILE_UNITS, QUERY_STRIDE = MAXIMAL_HEAD + 64, ROOM_FOR_ROWS = BLOCK_ROWS + 16 };

/// How far, as a power of two, a tile's factor may rise above 1 before its row's reference moves. Here a power is the
/// exponent: a weight is 2^power.
static const float headroom = 32;

/// What a thread works in.
typedef struct {
    _Alignas(64) float sum[BLOCK_ROWS][16];
    /// Of the tile that waits to be weighed, and each row's largest.
    _Alignas(64) float score[TILE_ROWS][TILE_UNITS][16];
    _Alignas(64) float largest[16];
    /// Scores times it are powers.
    float slope[ROOM_FOR_ROWS];
    /// What makes up for keys being above 128.
    int32_t start[BLOCK_ROWS];
    /// The power that a factor is relative to, and that above which it moves.
    float reference[ROOM_FOR_ROWS];
    float limit[ROOM_FOR_ROWS];
    float factor[BLOCK_TILES][BLOCK_ROWS];
    /// [row][tile][place among its keys]
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
    /// The tile that waits, and its first row.
    int waiting_tile, waiting_row;
} Block;

// --- Scores become weights

/// Moves the references of a tile's rows whose largest power, in `top`, is above their limit. `tile` tiles of this
/// block have weights already.
AVX512 static __attribute__((noinline, cold)) void move_references(
    Block *block, int first_row, int tile, const float top[16]) {
    Rows *rows = block->rows;
    for (int row = first_row; row < first_row + TILE_ROWS; row++, top++) {
        if (!(*top > rows->limit[row])) {
            continue;
        }
        const bool first = rows->limit[row] == -INFINITY;
        const float change = rows->reference[row] - *top;
        rows->reference[row] = *top;
        rows->limit[row] = *top + headroom;
        if (first) {
            continue;  // nothing has weighed anything yet
        }
        const __m512 factors = _mm512_set1_ps(exp2f(change));
        for (int before = 0; before < tile; before++) {
            rows->factor[before][row] *= _mm512_cvtss_f32(factors);
        }
        _mm512_store_ps(rows->sum[row], _mm512_mul_ps(_mm512_load_ps(rows->sum[row]), factors));
        float *output = rows->output + (size_t)row * (size_t)block->value_size;
        for (int column = 0; column < block->value_size; column += 16) {
            _mm512_store_ps(output + column, _mm512_mul_ps(_mm512_load_ps(output + column), factors));
        }
    }
}

/// The largest number of each of a tile's rows, in the first lanes.
AVX512_INLINE __m512 largest_of_rows(__m512 row[TILE_ROWS]) {
    __m512 pair[3];
    UNROLLED for (int i = 0; i < 3; i++) {
        const __m512 even = row[2 * i], odd = row[2 * i + 1];
        pair[i] = _mm512_max_ps(_mm512_shuffle_f32x4(even, odd, 0x44), _mm512_shuffle_f32x4(even, odd, 0xee));
    }
    const __m512 first = _mm512_max_ps(
        _mm512_shuffle_f32x4(pair[0], pair[1], 0x88), _mm512_shuffle_f32x4(pair[0], pair[1], 0xdd));
    const __m512 last = _mm512_max_ps(
        _mm512_shuffle_f32x4(pair[2], pair[2], 0x88), _mm512_shuffle_f32x4(pair[2], pair[2], 0xdd));
    const __m512 all = _mm512_max_ps(_mm512_shuffle_ps(first, last, 0x44), _mm512_shuffle_ps(first, last, 0xee));
    const __m512i places = _mm512_setr_epi32(0, 4, 8, 12, 2, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    return _mm512_permutexvar_ps(places, _mm512_max_ps(all, _mm512_shuffle_ps(all, all, 0xb1)));
}

/// Leaves a tile's scores where they wait to become weights, and finds what these are to be relative to.
AVX512_INLINE void leave_scores(
    Block *block, __m512i score[TILE_ROWS][TILE_UNITS], int tile, int first_row, const float *key_scales, size_t unit) {
    Rows *rows = block->rows;
    __m512 scale[TILE_UNITS], largest[TILE_ROWS];
    UNROLLED for (int i = 0; i < TILE_UNITS; i++) {
        scale[i] = _mm512_load_ps((const float *)((const char *)key_scales + i * unit));
    }
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
        UNROLLED for (int i = 0; i < TILE_UNITS; i++) {
            const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(score[row][i]), scale[i]);
            _mm512_store_ps(rows->score[row][i], scaled);
            largest[row] = i == 0 ? scaled : _mm512_max_ps(scaled, largest[row]);
        }
    }
    const __m512 largest_score = largest_of_rows(largest);
    const __m512 top = _mm512_mul_ps(largest_score, _mm512_loadu_ps(rows->slope + first_row));
    const __mmask16 six = (1 << TILE_ROWS) - 1;
    if (__builtin_expect(
            _mm512_mask_cmp_ps_mask(six, top, _mm512_loadu_ps(rows->limit + first_row), _CMP_GT_OQ) != 0, 0)) {
        _Alignas(64) float kept[16];
        _mm512_store_ps(kept, top);
        move_references(block, first_row, tile, kept);
    }
    const __m512 factor = coarse_exp2(_mm512_sub_ps(top, _mm512_loadu_ps(rows->reference + first_row)));
    _mm512_mask_storeu_ps(rows->factor[tile] + first_row, six, factor);
    _mm512_store_ps(rows->largest, largest_score);
    block->waiting_tile = tile;
    block->waiting_row = first_row;
}

/// Which places of a tile have keys that exist.
AVX512_INLINE __mmask64 places_of(int count) {
    const __m512i key = _mm512_setr_epi32(
        0x03020100, 0x13121110, 0x23222120, 0x33323130, 0x07060504, 0x17161514, 0x27262524, 0x37363534, 0x0b0a0908,
        0x1b1a1918, 0x2b2a2928, 0x3b3a3938, 0x0f0e0d0c, 0x1f1e1d1c, 0x2f2e2d2c, 0x3f3e3d3c);
    return count >= TILE_KEYS ? ~(__mmask64)0 : _mm512_cmplt_epu8_mask(key, _mm512_set1_epi8((char)count));
}

/// Makes the waiting scores of a row weights, and adds them, as they were rounded, to the row's sum.
AVX512_INLINE void weigh_row(Block *block, int row, __m512i present) {
    Rows *rows = block->rows;
    const int place = block->waiting_row + row, tile = block->waiting_tile;
    const __m512 slope = _mm512_set1_ps(rows->slope[place]), largest = _mm512_set1_ps(rows->largest[row]);
    const __m512 power_of_255 = _mm512_set1_ps(7.99435344f);
    __m512i weight[TILE_UNITS];
    UNROLLED for (int i = 0; i < TILE_UNITS; i++) {
        // The difference first, so that the largest is 255 however large scores are.
        const __m512 below = _mm512_sub_ps(_mm512_load_ps(rows->score[row][i]), largest);
        weight[i] = _mm512_cvtps_epi32(coarse_exp2(_mm512_fmadd_ps(below, slope, power_of_255)));
    }
    const __m512i packed =
        _mm512_packus_epi16(_mm512_packus_epi32(weight[0], weight[1]), _mm512_packus_epi32(weight[2], weight[3]));
    _mm512_store_si512(rows->weight[place][tile], packed);
    const __m512 sum = _mm512_cvtepi32_ps(_mm512_dpbusd_epi32(_mm512_setzero_si512(), packed, present));
    const __m512 factor = _mm512_set1_ps(rows->factor[tile][place]);
    _mm512_store_ps(rows->sum[place], _mm512_fmadd_ps(sum, factor, _mm512_load_ps(rows->sum[place])));
}

AVX512_INLINE __m512i present_keys(const Block *block) {
    return _mm512_maskz_set1_epi8(places_of(block->count - block->waiting_tile * TILE_KEYS), 1);
}

/// Adds the products of some fours of numbers to the scores of a tile's 6 rows and 64 keys.
AVX512_INLINE void score_fours(
    __m512i score[TILE_ROWS][TILE_UNITS], const int8_t *query, const uint8_t *keys, size_t unit, int fours) {
    for (int four = 0; four < fours; four++, query += 4, keys += 4 * UNIT) {
        __m512i key[TILE_UNITS];
        UNROLLED for (int i = 0; i < TILE_UNITS; i++) { key[i] = _mm512_load_si512(keys + i * unit); }
        UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
            int32_t number;
            memcpy(&number, query + row * QUERY_STRIDE, 4);
            const __m512i factor = _mm512_set1_epi32(number);
            UNROLLED for (int i = 0; i < TILE_UNITS; i++) {
                score[row][i] = _mm512_dpbusd_epi32(score[row][i], key[i], factor);
            }
        }
    }
}

/// Scores of a tile, while the tile that waits is weighed, a row at a time: the machine does both at once, as they use
/// different parts of it.
AVX512_INLINE void score_tile(Block *block, int tile, int first_row, bool weighs) {
    Rows *rows = block->rows;
    const size_t numbers = (size_t)block->fours * 4 * UNIT, unit = numbers + UNIT * sizeof(float);
    const int8_t *query = rows->query[first_row];
    const uint8_t *keys = block->keys + (size_t)tile * TILE_UNITS * unit;
    const __m512i present = weighs ? present_keys(block) : _mm512_setzero_si512();
    __m512i score[TILE_ROWS][TILE_UNITS];
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
        const __m512i start = _mm512_set1_epi32(rows->start[first_row + row]);
        UNROLLED for (int i = 0; i < TILE_UNITS; i++) { score[row][i] = start; }
    }
    int done = 0;
    for (int row = 0; row < TILE_ROWS; row++) {
        if (weighs) {
            weigh_row(block, row, present);
        }
        const int end = block->fours * (row + 1) / TILE_ROWS;
        score_fours(score, query + 4 * done, keys + done * 4 * UNIT, unit, end - done);
        done = end;
    }
    leave_scores(block, score, tile, first_row, (const float *)(keys + numbers), unit);
}

AVX512 static void score_first_tile(Block *block) { score_tile(block, 0, 0, false); }

AVX512 static void score_next_tile(Block *block, int tile, int first_row) { score_tile(block, tile, first_row, true); }

AVX512 static void weigh_block(Block *block, int rows) {
    score_first_tile(block);
    for (int tile = 0; tile < block->tiles; tile++) {
        for (int row = tile == 0 ? TILE_ROWS : 0; row < rows; row += TILE_ROWS) {
            score_next_tile(block, tile, row);
        }
    }
    const __m512i present = present_keys(block);
    for (int row = 0; row < TILE_ROWS; row++) {
        weigh_row(block, row, present);
    }
}

// --- Weights meet values

/// The products of a tile's weights and values, whole numbers, at 6 rows and `width` * 16 columns, and at 8 more where
/// it ends in `half` a unit, of which two rows share a register.
AVX512_INLINE void multiply_tile(
    __m512i sum[TILE_ROWS][4], __m512i half_sum[TILE_ROWS / 2], const uint8_t *weight, const int8_t *values, int width,
    bool half) {
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
        UNROLLED for (int i = 0; i < width; i++) { sum[row][i] = _mm512_setzero_si512(); }
        half_sum[row / 2] = _mm512_setzero_si512();
    }
    for (int four = 0; four < TILE_FOURS; four++, weight += 4, values += 4 * UNIT) {
        __m512i value[4], half_value, factor[2];
        UNROLLED for (int i = 0; i < width; i++) { value[i] = _mm512_load_si512(values + i * UNIT * TILE_KEYS); }
        if (half) {
            half_value = _mm512_broadcast_i64x4(_mm256_load_si256((void *)(values + width * UNIT * TILE_KEYS)));
        }
        UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
            int32_t number;
            memcpy(&number, weight + row * BLOCK_KEYS, 4);
            factor[row % 2] = _mm512_set1_epi32(number);
            UNROLLED for (int i = 0; i < width; i++) {
                sum[row][i] = _mm512_dpbusd_epi32(sum[row][i], factor[row % 2], value[i]);
            }
            if (half && row % 2 == 1) {
                const __m512i factors = _mm512_mask_blend_epi32(0xff00, factor[0], factor[1]);
                half_sum[row / 2] = _mm512_dpbusd_epi32(half_sum[row / 2], factors, half_value);
            }
        }
    }
}

AVX512_INLINE __m512 with_product(__m512 output, __m512i sum, __m512 factor) {
    return _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), factor), output);
}

/// output += factor * (weight value) over the tiles of a block, at the rows and columns of `multiply_tile`.
AVX512_INLINE void add_tiles(const Block *block, int first_row, int column_unit, int width, bool half) {
    const Rows *rows = block->rows;
    const size_t stride = (size_t)block->value_size;
    for (int tile = 0; tile < block->tiles; tile++) {
        const int8_t *values =
            block->values + ((size_t)tile * (size_t)block->value_size + (size_t)column_unit * UNIT) * TILE_KEYS;
        __m512i sum[TILE_ROWS][4], half_sum[TILE_ROWS / 2];
        multiply_tile(sum, half_sum, rows->weight[first_row][tile], values, width, half);
        float *output = block->rows->output + (size_t)first_row * stride + column_unit * UNIT;
        __m512 factor[2];
        UNROLLED for (int row = 0; row < TILE_ROWS; row++, output += stride) {
            factor[row % 2] = _mm512_set1_ps(rows->factor[tile][first_row + row]);
            UNROLLED for (int i = 0; i < width; i++) {
                float *place = output + 16 * i;
                _mm512_store_ps(place, with_product(_mm512_load_ps(place), sum[row][i], factor[row % 2]));
            }
            if (half && row % 2 == 1) {
                float *place = output - stride + 16 * width;
                const __m512 factors = _mm512_mask_blend_ps(0xff00, factor[0], factor[1]);
                store_eights(with_product(eights_of(place, stride), half_sum[row / 2], factors), place, stride);
            }
        }
    }
}

#define ADD(UNITS, HALF)                                                                                               \
    AVX512 static void add_##UNITS##_##HALF(const Block *block, int first_row, int column_unit) {                      \
        add_tiles(block, first_row, column_unit, UNITS - HALF, HALF);                                                  \
    }
ADD(1, 0) ADD(2, 0) ADD(3, 0) ADD(4, 0) ADD(1, 1) ADD(2, 1) ADD(3, 1) ADD(4, 1)

AVX512 static void add_block(const Block *block, int rows) {
    static void (*const kernels[2][4])(const Block *, int, int) = {
        {add_1_0, add_2_0, add_3_0, add_4_0}, {add_1_1, add_2_1, add_3_1, add_4_1}};
    const int units = block->value_size / UNIT;
    for (int unit = 0, width; unit < units; unit += width) {
        width = tile_units(units - unit);
        const bool half = end_in_half(4 * block->fours, unit + width);
        for (int row = 0; row < rows; row += TILE_ROWS) {
            kernels[half][width - 1](block, row, unit);
        }
    }
}

// --- Tasks

/// Rounds the rows of a task. Rows and numbers that are missing are zero.
AVX512 static void round_queries(
    const struct kernels_attention *sizes, const uint16_t *query, int count, int row_count, Rows *rows) {
    // Scores become powers of two by it; positive, as the largest score is to be the largest power.
    const float slope = fabsf(sizes->scale) * 1.44269504f;
    const __m512 sign = _mm512_set1_ps(sizes->scale < 0 ? -1 : 1);
    fetch_rows(query, count, sizes->head_size, sizes->query_stride, false);
    for (int row = 0; row < row_count; row++, query += sizes->query_stride) {
        _Alignas(64) float numbers[MAXIMAL_HEAD];
        for (int i = 0; i < sizes->head_size; i += 16) {
            const __mmask16 inside = row < count ? first_lanes(sizes->head_size - i) : 0;
            const __m512 some = inside ? sixteen(query + i, inside) : _mm512_setzero_ps();
            _mm512_store_ps(numbers + i, _mm512_mul_ps(some, sign));
        }
        mix(numbers, sizes->head_size);
        const struct row_scale scale = row_scale_of(magnitude_of(numbers, sizes->head_size));
        const __mmask16 finite = scale.finite ? 0xffff : 0;
        __m512i total = _mm512_setzero_si512();
        for (int i = 0; i < sizes->head_size; i += 16) {
            const __m512i values = _mm512_maskz_mov_epi32(
                finite, rounded(_mm512_load_ps(numbers + i), _mm512_set1_ps(scale.inverse)));
            total = _mm512_add_epi32(total, values);
            _mm_store_si128((__m128i *)(rows->query[row] + i), _mm512_cvtsepi32_epi8(values));
        }
        rows->start[row] = -128 * _mm512_reduce_add_epi32(total);
        rows->slope[row] = scale.scale * slope;
    }
}

AVX512 static void write_rows(
    const Rows *rows, const Centre *centre, int count, int head_size, int value_size, uint16_t *output,
    ptrdiff_t stride) {
    fetch_rows(output, count, head_size, stride, true);
    for (int row = 0; row < count; row++, output += stride) {
        const __m512 total = _mm512_set1_ps(_mm512_reduce_add_ps(_mm512_load_ps(rows->sum[row])));
        const float *sum = rows->output + (size_t)row * (size_t)value_size;
        for (int column = 0; column < head_size; column += 16) {
            __m512 mean = _mm512_div_ps(_mm512_load_ps(sum + column), total);
            mean = _mm512_fmadd_ps(
                mean, _mm512_load_ps(centre->scale + column), _mm512_load_ps(centre->value + column));
            _mm256_mask_storeu_epi16(
                output + column, first_lanes(head_size - column), bfloat16_of_float_16(mean));
        }
    }
}

// Behind the functions that it calls.
#include "attention_int8_tasks.h"

size_t attention_int8_avx512_scratch(const struct kernels_attention *sizes) { return scratch_size(sizes); }

void attention_int8_avx512(
    const struct kernels_attention *sizes, const uint16_t *query, const uint16_t *key, const uint16_t *value,
    uint16_t *output, void *scratch) {
    attend(sizes, query, key, value, output, scratch);
}
#endif
