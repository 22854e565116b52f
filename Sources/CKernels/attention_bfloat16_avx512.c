#if defined(__x86_64__)
#include "attention_bfloat16_avx512.h"

#include <math.h>
#include <string.h>

#include "attention_bfloat16.h"
#include "attention_plan.h"
#include "attention_sums.h"
#include "avx512.h"

// A task takes a block of rows through all blocks of keys: scores of 6 rows and 64 keys are made in registers, become
// weights in bfloat16 while the next scores are made, and the weights of a block meet its values. A row's weights are
// 2^(score - reference) where the reference is a score near the row's largest: only when one comes that is much larger
// does the row move to it.

// Rows of queries a little apart, so that they do not fall on the same few sets of the cache.
enum { QUERY_STRIDE = MAXIMAL_HEAD + 32 };

/// How far, as a power of two, a weight may rise above 1 before its row's reference moves.
static const float headroom = 8;

/// What a thread works in.
typedef struct {
    _Alignas(64) float sum[BLOCK_ROWS][16];
    /// Of the tile whose scores wait to become weights.
    _Alignas(64) float score[TILE_ROWS][4][16];
    float reference[BLOCK_ROWS];
    /// The score above which the reference moves.
    float limit[BLOCK_ROWS];
    /// [row][key of the block]
    _Alignas(64) uint16_t weight[BLOCK_ROWS][BLOCK_KEYS];
    _Alignas(64) uint16_t query[BLOCK_ROWS][QUERY_STRIDE];
    /// [row][value_size]
    _Alignas(64) float output[BLOCK_ROWS * MAXIMAL_HEAD];
} Rows;

/// A task at one block of keys.
typedef struct {
    Rows *rows;
    const uint16_t *keys, *values;
    int key_pairs, value_size, units;
    float slope;
    /// The tile that waits, its rows and keys; none where the width is 0.
    int waiting_row, waiting_key, waiting_width;
    /// For each row, how many keys of this block it sees; may be negative, or beyond the block.
    int visible[BLOCK_ROWS];
} Block;

AVX512 static void scale_weights(uint16_t *weight, int count, __m512 factor) {
    for (int i = 0; i < count; i += 16) {
        __m512 scaled = _mm512_mul_ps(float_of_bfloat16_16(_mm256_loadu_si256((void *)(weight + i))), factor);
        _mm256_storeu_si256((void *)(weight + i), bfloat16_of_float_16(scaled));
    }
}

/// Moves the rows of a tile whose largest new score, of 16 columns of `largest`, is above their limit. `before` keys of
/// this block have weights already.
AVX512 static __attribute__((noinline, cold)) void move_references(
    Block *block, int first_row, float largest[TILE_ROWS][16], int before) {
    Rows *rows = block->rows;
    for (int i = 0; i < TILE_ROWS; i++) {
        int row = first_row + i;
        float top = _mm512_reduce_max_ps(_mm512_load_ps(largest[i]));
        if (!(top > rows->limit[row])) {
            continue;
        }
        float change = (rows->reference[row] - top) * block->slope;
        bool first = rows->limit[row] == -INFINITY;
        rows->reference[row] = top;
        rows->limit[row] = top + headroom / block->slope;
        if (first) {
            continue;  // nothing has weighed anything yet
        }
        __m512 factors = _mm512_set1_ps(exp2f(change));
        scale_weights(rows->weight[row], before, factors);
        _mm512_store_ps(rows->sum[row], _mm512_mul_ps(_mm512_load_ps(rows->sum[row]), factors));
        float *output = rows->output + (size_t)row * (size_t)block->value_size;
        for (int column = 0; column < block->value_size; column += 16) {
            _mm512_store_ps(output + column, _mm512_mul_ps(_mm512_load_ps(output + column), factors));
        }
    }
}

/// Moves references where a score asks for it. Masked scores ask for nothing.
AVX512_INLINE void check_limits(
    Block *block, __m512 score[TILE_ROWS][4], int first_row, int first_key, int width, bool masked) {
    Rows *rows = block->rows;
    __m512 largest[TILE_ROWS];
    __mmask16 above = 0;
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
        int visible = block->visible[first_row + row] - first_key;
        largest[row] = _mm512_set1_ps(-INFINITY);
        UNROLLED for (int i = 0; i < width; i++) {
            if (masked) {
                __mmask16 mask = first_lanes(visible - 16 * i);
                largest[row] = _mm512_mask_max_ps(largest[row], mask, score[row][i], largest[row]);
            } else {
                largest[row] = i == 0 ? score[row][0] : _mm512_max_ps(score[row][i], largest[row]);
            }
        }
        above |= _mm512_cmp_ps_mask(largest[row], _mm512_set1_ps(rows->limit[first_row + row]), _CMP_GT_OQ);
    }
    if (__builtin_expect(above != 0, 0)) {
        _Alignas(64) float kept[TILE_ROWS][16];
        UNROLLED for (int row = 0; row < TILE_ROWS; row++) { _mm512_store_ps(kept[row], largest[row]); }
        move_references(block, first_row, kept, first_key);
    }
}

/// Makes a row's waiting scores weights, stores them as bfloat16 and adds them, as they were rounded, to the row's sum.
AVX512_INLINE void weigh_row(Block *block, int row, int width, bool masked) {
    Rows *rows = block->rows;
    int place = block->waiting_row + row;
    int visible = block->visible[place] - block->waiting_key;
    __m512 slope = _mm512_set1_ps(block->slope);
    __m512 reference = _mm512_set1_ps(rows->reference[place]);
    __m512 sum = _mm512_load_ps(rows->sum[place]);
    uint16_t *weight = rows->weight[place] + block->waiting_key;
    UNROLLED for (int i = 0; i < width; i += 2) {
        __m512 pair[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
        UNROLLED for (int j = 0; j < 2 && i + j < width; j++) {
            __m512 above = _mm512_sub_ps(_mm512_load_ps(rows->score[row][i + j]), reference);
            pair[j] = coarse_exp2(_mm512_mul_ps(above, slope));
            if (masked) {
                pair[j] = _mm512_maskz_mov_ps(first_lanes(visible - 16 * (i + j)), pair[j]);
            }
        }
        __m512bh rounded = _mm512_cvtne2ps_pbh(pair[1], pair[0]);
        sum = _mm512_dpbf16_ps(sum, rounded, (__m512bh)_mm512_set1_epi32(0x3f803f80));
        if (i + 1 < width) {
            _mm512_storeu_si512(weight + 16 * i, (__m512i)rounded);
        } else {
            _mm256_storeu_si256((void *)(weight + 16 * i), _mm512_castsi512_si256((__m512i)rounded));
        }
    }
    _mm512_store_ps(rows->sum[place], sum);
}

/// Weighs the tile that waits, if there is one.
AVX512 static void weigh_waiting(Block *block) {
    for (int row = 0; row < TILE_ROWS; row++) {
        switch (block->waiting_width) {
            case 1: weigh_row(block, row, 1, false); break;
            case 2: weigh_row(block, row, 2, false); break;
            case 3: weigh_row(block, row, 3, false); break;
            case 4: weigh_row(block, row, 4, false); break;
            default: break;
        }
    }
    block->waiting_width = 0;
}

/// Adds the products of some pairs of numbers to the scores of a tile's 6 rows and `width` * 16 keys.
AVX512_INLINE void score_pairs(
    __m512 score[TILE_ROWS][4], const uint16_t *query, const uint16_t *keys, size_t unit, int pairs, int width) {
    for (int pair = 0; pair < pairs; pair++, query += 2, keys += 2 * UNIT) {
        __m512bh key[4];
        UNROLLED for (int i = 0; i < width; i++) { key[i] = (__m512bh)_mm512_load_si512(keys + i * unit); }
        UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
            int32_t number;
            memcpy(&number, query + row * QUERY_STRIDE, 4);
            __m512bh factor = (__m512bh)_mm512_set1_epi32(number);
            UNROLLED for (int i = 0; i < width; i++) {
                score[row][i] = _mm512_dpbf16_ps(score[row][i], factor, key[i]);
            }
        }
    }
}

/// Scores of a tile. A tile of the same width that waits is weighed meanwhile, a row at a time: the machine does both
/// at once, as they use different parts of it.
AVX512_INLINE void score_tile(
    Block *block, __m512 score[TILE_ROWS][4], int first_row, int first_key, int width, bool weigh) {
    const uint16_t *query = block->rows->query[first_row];
    const uint16_t *keys = block->keys + first_key * 2 * block->key_pairs;
    size_t unit = (size_t)block->key_pairs * 2 * UNIT;
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
        UNROLLED for (int i = 0; i < width; i++) { score[row][i] = _mm512_setzero_ps(); }
    }
    int done = 0;
    for (int row = 0; row < TILE_ROWS; row++) {
        if (weigh) {
            weigh_row(block, row, width, false);
        }
        int end = block->key_pairs * (row + 1) / TILE_ROWS;
        score_pairs(score, query + 2 * done, keys + done * 2 * UNIT, unit, end - done, width);
        done = end;
    }
}

AVX512_INLINE void weights_of_tile(Block *block, int first_row, int first_key, int width, bool masked) {
    bool weigh = !masked && block->waiting_width == width;
    if (!weigh) {
        weigh_waiting(block);
    }
    __m512 score[TILE_ROWS][4];
    score_tile(block, score, first_row, first_key, width, weigh);
    check_limits(block, score, first_row, first_key, width, masked);
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
        UNROLLED for (int i = 0; i < width; i++) { _mm512_store_ps(block->rows->score[row][i], score[row][i]); }
    }
    block->waiting_row = first_row;
    block->waiting_key = first_key;
    block->waiting_width = masked ? 0 : width;
    if (masked) {
        UNROLLED for (int row = 0; row < TILE_ROWS; row++) { weigh_row(block, row, width, true); }
    }
}

#define WEIGHTS(WIDTH, MASKED)                                                                                         \
    AVX512 static void weights_##WIDTH##_##MASKED(Block *block, int first_row, int first_key) {                        \
        weights_of_tile(block, first_row, first_key, WIDTH, MASKED);                                                   \
    }
WEIGHTS(1, 0) WEIGHTS(2, 0) WEIGHTS(3, 0) WEIGHTS(4, 0) WEIGHTS(1, 1) WEIGHTS(2, 1) WEIGHTS(3, 1) WEIGHTS(4, 1)

/// Keys of the block that a tile's last row, which sees the most, sees.
static int visible_keys(const Block *block, int first_row) {
    int visible = block->visible[first_row + TILE_ROWS - 1];
    return visible < 0 ? 0 : visible > block->units * UNIT ? block->units * UNIT : visible;
}

AVX512 static void weigh_block(Block *block, int rows) {
    static void (*const kernels[2][4])(Block *, int, int) = {
        {weights_1_0, weights_2_0, weights_3_0, weights_4_0}, {weights_1_1, weights_2_1, weights_3_1, weights_4_1}};
    for (int unit = 0, width; unit < block->units; unit += width) {
        width = tile_units(block->units - unit);
        for (int row = 0; row < rows; row += TILE_ROWS) {
            if (visible_keys(block, row) > unit * UNIT) {
                // The first row of a tile sees the least.
                bool masked = block->visible[row] < (unit + width) * UNIT;
                kernels[masked][width - 1](block, row, unit * UNIT);
            }
        }
    }
    weigh_waiting(block);
}

/// output += weight value at a tile's 6 rows and `width` * 16 columns, and at 8 more where it ends in `half` a unit, of
/// which two rows share a register.
AVX512_INLINE void add_tile(
    float *output, size_t output_stride, const uint16_t *weight, const uint16_t *values, size_t unit, int pairs,
    int width, bool half) {
    __m512 sum[TILE_ROWS][4], half_sum[TILE_ROWS / 2];
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
        UNROLLED for (int i = 0; i < width; i++) {
            sum[row][i] = _mm512_load_ps(output + row * output_stride + 16 * i);
        }
        if (half && row % 2 == 1) {
            half_sum[row / 2] = eights_of(output + (row - 1) * output_stride + 16 * width, output_stride);
        }
    }
    for (int pair = 0; pair < pairs; pair++, weight += 2, values += 2 * UNIT) {
        __m512i value[4], half_value, factor[2];
        UNROLLED for (int i = 0; i < width; i++) { value[i] = _mm512_load_si512(values + i * unit); }
        if (half) {
            half_value = _mm512_broadcast_i64x4(_mm256_load_si256((void *)(values + width * unit)));
        }
        UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
            int32_t number;
            memcpy(&number, weight + row * BLOCK_KEYS, 4);
            factor[row % 2] = _mm512_set1_epi32(number);
            UNROLLED for (int i = 0; i < width; i++) {
                sum[row][i] = _mm512_dpbf16_ps(sum[row][i], (__m512bh)factor[row % 2], (__m512bh)value[i]);
            }
            if (half && row % 2 == 1) {
                __m512i factors = _mm512_mask_blend_epi32(0xff00, factor[0], factor[1]);
                half_sum[row / 2] = _mm512_dpbf16_ps(half_sum[row / 2], (__m512bh)factors, (__m512bh)half_value);
            }
        }
    }
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
        UNROLLED for (int i = 0; i < width; i++) {
            _mm512_store_ps(output + row * output_stride + 16 * i, sum[row][i]);
        }
        if (half && row % 2 == 1) {
            store_eights(half_sum[row / 2], output + (row - 1) * output_stride + 16 * width, output_stride);
        }
    }
}

#define ADD(UNITS, HALF)                                                                                               \
    AVX512 static void add_##UNITS##_##HALF(                                                                           \
        float *output, size_t stride, const uint16_t *weight, const uint16_t *values, size_t unit, int pairs) {        \
        add_tile(output, stride, weight, values, unit, pairs, UNITS - HALF, HALF);                                     \
    }
ADD(1, 0) ADD(2, 0) ADD(3, 0) ADD(4, 0) ADD(1, 1) ADD(2, 1) ADD(3, 1) ADD(4, 1)

AVX512 static void add_block(Block *block, int rows) {
    static void (*const kernels[2][4])(float *, size_t, const uint16_t *, const uint16_t *, size_t, int) = {
        {add_1_0, add_2_0, add_3_0, add_4_0}, {add_1_1, add_2_1, add_3_1, add_4_1}};
    size_t unit_size = (size_t)block->units * UNIT * UNIT;
    int columns = block->value_size / UNIT;
    for (int unit = 0, width; unit < columns; unit += width) {
        width = tile_units(columns - unit);
        const bool half = end_in_half(2 * block->key_pairs, unit + width);
        for (int row = 0; row < rows; row += TILE_ROWS) {
            size_t stride = (size_t)block->value_size;
            kernels[half][width - 1](
                block->rows->output + (size_t)row * stride + unit * UNIT, stride, block->rows->weight[row],
                block->values + (size_t)unit * unit_size, unit_size, (visible_keys(block, row) + 1) / 2);
        }
    }
}

/// Copies the rows of a task. Rows and numbers that are missing are zero.
AVX512 static void copy_queries(
    const Attention *attention, const uint16_t *query, int count, int rows, uint16_t copy[][QUERY_STRIDE]) {
    const struct kernels_attention *sizes = attention->plan.sizes;
    __m512i sign = _mm512_set1_epi16((short)attention->query_sign);
    fetch_rows(query, count, sizes->head_size, sizes->query_stride, false);
    for (int row = 0; row < rows; row++, query += sizes->query_stride) {
        for (int i = 0; i < sizes->head_size; i += 32) {
            int left = row < count ? sizes->head_size - i : 0;
            __mmask32 mask = left >= 32 ? 0xffffffff : (1u << left) - 1;
            __m512i numbers = _mm512_maskz_loadu_epi16(mask, mask ? query + i : NULL);
            _mm512_store_si512(copy[row] + i, _mm512_maskz_mov_epi16(mask, _mm512_xor_si512(numbers, sign)));
        }
    }
}

AVX512 static void write_rows(
    const Rows *rows, int count, int head_size, int value_size, uint16_t *output, ptrdiff_t stride) {
    fetch_rows(output, count, head_size, stride, true);
    for (int row = 0; row < count; row++, output += stride) {
        __m512 total = _mm512_set1_ps(_mm512_reduce_add_ps(_mm512_load_ps(rows->sum[row])));
        const float *sum = rows->output + (size_t)row * (size_t)value_size;
        for (int column = 0; column < head_size; column += 16) {
            __m256i rounded = bfloat16_of_float_16(_mm512_div_ps(_mm512_load_ps(sum + column), total));
            _mm256_mask_storeu_epi16(output + column, first_lanes(head_size - column), rounded);
        }
    }
}

AVX512 static void attend_block(void *context, int index, int thread) {
    const Attention *attention = context;
    const struct kernels_attention *sizes = attention->plan.sizes;
    struct attention_task task = query_task(&attention->plan, index);
    const struct attention_sequence *sequence = task.sequence;
    const struct attention_queries queries = queries_of(task);
    const int count = queries.count;
    int rows = (count + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
    Block block = {
        .rows = memory_of_thread(&attention->plan, thread, sizeof(Rows)),
        .key_pairs = attention->plan.key_size / 2,
        .value_size = attention->plan.value_size,
        .slope = attention->slope,
    };
    const uint16_t *query =
        attention->query + queries.token * sizes->query_stride + task.head * sizes->query_head_stride;
    copy_queries(attention, query, count, rows, block.rows->query);
    start_sums(
        block.rows->sum, block.rows->output, block.rows->reference, block.rows->limit, rows, block.value_size);
    for (task.block = 0; task.block < sequence->key_blocks; task.block++) {
        int unit = first_unit(sequence, task.block);
        block.units = first_unit(sequence, task.block + 1) - unit;
        for (int row = 0; row < rows; row++) {
            int place = queries.first + (row < count ? row : count - 1);
            int seen = sizes->causal ? sequence->keys - sequence->queries + place + 1 : sequence->keys;
            block.visible[row] = seen - unit * UNIT;
        }
        if (block.visible[rows - 1] <= 0) {
            break;
        }
        int key_head = task.head / (sizes->heads / sizes->key_heads);
        block.keys = packed_keys(attention, task, key_head);
        block.values = packed_values(attention, task, key_head);
        weigh_block(&block, rows);
        add_block(&block, rows);
    }
    ptrdiff_t stride = (ptrdiff_t)sizes->heads * sizes->head_size;
    uint16_t *output = attention->output + queries.token * stride + (ptrdiff_t)task.head * sizes->head_size;
    write_rows(block.rows, count, sizes->head_size, block.value_size, output, stride);
}

size_t attention_bfloat16_avx512_scratch(const struct kernels_attention *sizes) {
    return attention_plan_size(sizes, register_grain, sizeof(uint16_t), sizeof(Rows));
}

void attention_bfloat16_avx512(
    const struct kernels_attention *sizes, const uint16_t *query, const uint16_t *key, const uint16_t *value,
    uint16_t *output, void *scratch) {
    attend(plan_attention(sizes, register_grain, scratch, sizeof(uint16_t)), query, key, value, output, attend_block);
}
#endif
