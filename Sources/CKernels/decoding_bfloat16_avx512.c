#if defined(__x86_64__)
#include <math.h>
#include <string.h>

#include "avx512.h"
#include "decoding.h"
#include "pack_keys_avx512.h"

// A block of keys is transposed, so that keys are the lanes of scores, and the numbers of queries are used by
// broadcasts. Columns are the lanes of the output.

enum { LANES = 16, VECTORS = DECODING_BLOCK / LANES };

/// How far, as a power of two, a weight may rise above 1 before its head's reference moves.
static const float headroom = 8;

typedef struct {
    const struct decoding_part *part;
    int keys;
    /// [16 keys][pair of numbers][key][2]
    _Alignas(64) uint16_t key[VECTORS][MAXIMAL_DECODING_HEAD * LANES];
    /// [head][key]
    _Alignas(64) uint16_t weight[DECODING_HEADS][DECODING_BLOCK];
} State;

AVX512_INLINE __m512bh broadcast_pair(const uint16_t *numbers) {
    int32_t pair;
    memcpy(&pair, numbers, sizeof pair);
    return (__m512bh)_mm512_set1_epi32(pair);
}

/// Asks for a line of two rows, of which `row` is the first, a block ahead. Many at once would hold up what is read now.
AVX512_INLINE void fetch_ahead(const void *rows, ptrdiff_t stride, int row, int number) {
    const uintptr_t place = (uintptr_t)rows + (uintptr_t)(2 * (stride * (row + DECODING_BLOCK) + number));
    _mm_prefetch((const char *)place, _MM_HINT_T0);
    _mm_prefetch((const char *)(place + (uintptr_t)(2 * stride)), _MM_HINT_T0);
}

/// 16 pairs of numbers are a line, of which 16 times two keys have one each.
AVX512_INLINE void fetch_keys_ahead(const struct decoding_part *part, int first, int pair) {
    fetch_ahead(part->key, part->key_stride, first + 2 * (pair % LANES), 2 * (pair / LANES * LANES));
}

AVX512_INLINE void transpose_keys(State *state, int first) {
    const struct decoding_part *part = state->part;
    const uint16_t *key = (const uint16_t *)part->key + first * part->key_stride;
    for (int place = 0; place < state->keys; place += LANES, key += LANES * part->key_stride) {
        pack_keys(key, part->key_stride, state->keys - place, part->head_size, part->head_size, state->key[place / LANES]);
    }
}

/// Moves the reference of a head to its largest score, and what was there before with it.
AVX512 static __attribute__((noinline, cold)) void move_reference(
    const struct decoding_part *part, int head, __m512 largest) {
    const float top = _mm512_reduce_max_ps(largest);
    __m512 factors = _mm512_set1_ps(exp2f(part->reference[head] - top));
    float *output = part->output + head * part->row_size;
    for (int i = 0; i < part->row_size; i += LANES) {
        _mm512_store_ps(output + i, _mm512_mul_ps(_mm512_load_ps(output + i), factors));
    }
    part->sum[head] *= _mm512_cvtss_f32(factors);
    part->reference[head] = top;
}

/// Makes a head's scores, of all keys of the block, weights.
AVX512_INLINE void weigh_head(State *state, int head, const __m512 *score, int vectors) {
    const struct decoding_part *part = state->part;
    __m512 power[VECTORS], weight[VECTORS];
    __m512 largest = _mm512_set1_ps(-INFINITY);
    UNROLLED for (int i = 0; i < vectors; i++) {
        power[i] = _mm512_mul_ps(score[i], _mm512_set1_ps(part->slope));
        // The second operand is the result where the first is NaN.
        largest = _mm512_mask_max_ps(largest, first_lanes(state->keys - LANES * i), power[i], largest);
    }
    const __m512 limit = _mm512_set1_ps(part->reference[head] + headroom);
    if (_mm512_cmp_ps_mask(largest, limit, _CMP_GT_OQ)) {
        move_reference(part, head, largest);
    }
    const __m512 reference = _mm512_set1_ps(part->reference[head]);
    weight[VECTORS - 1] = _mm512_setzero_ps();
    UNROLLED for (int i = 0; i < vectors; i++) {
        __m512 above = _mm512_sub_ps(power[i], reference);
        weight[i] = _mm512_maskz_mov_ps(first_lanes(state->keys - LANES * i), coarse_exp2(above));
    }
    __m512bh rounded = _mm512_cvtne2ps_pbh(weight[1], weight[0]);
    _mm512_store_si512(state->weight[head], (__m512i)rounded);
    __m512 sum = _mm512_dpbf16_ps(_mm512_setzero_ps(), rounded, (__m512bh)_mm512_set1_epi32(0x3f803f80));
    part->sum[head] += _mm512_reduce_add_ps(sum);
}

/// Weights of `heads` heads and `vectors` * 16 keys.
AVX512_INLINE void weigh_tile(State *state, int first, int head, int heads, int vectors) {
    const struct decoding_part *part = state->part;
    const int pairs = (part->head_size + 1) / 2;
    const uint16_t *query = part->paired_query + 2 * head;
    __m512 score[8][VECTORS];
    UNROLLED for (int j = 0; j < heads; j++) {
        UNROLLED for (int i = 0; i < vectors; i++) { score[j][i] = _mm512_setzero_ps(); }
    }
    for (int pair = 0; pair < pairs; pair++, query += 2 * DECODING_HEADS) {
        fetch_keys_ahead(part, first, pair);
        __m512bh key[VECTORS];
        UNROLLED for (int i = 0; i < vectors; i++) {
            key[i] = (__m512bh)_mm512_load_si512(state->key[i] + 2 * LANES * pair);
        }
        UNROLLED for (int j = 0; j < heads; j++) {
            __m512bh number = broadcast_pair(query + 2 * j);
            UNROLLED for (int i = 0; i < vectors; i++) { score[j][i] = _mm512_dpbf16_ps(score[j][i], number, key[i]); }
        }
    }
    for (int pair = pairs; pair % LANES != 0; pair++) {
        fetch_keys_ahead(part, first, pair);
    }
    UNROLLED for (int j = 0; j < heads; j++) { weigh_head(state, head + j, score[j], vectors); }
}

#define WEIGH(HEADS, VECTORS)                                                                                          \
    AVX512 static void weigh_##HEADS##_##VECTORS(State *state, int first, int head) {                                  \
        weigh_tile(state, first, head, HEADS, VECTORS);                                                                \
    }
WEIGH(8, 2) WEIGH(8, 1) WEIGH(4, 2) WEIGH(4, 1)

/// Rows of heads that do not exist are there too, up to 16, and take no harm.
AVX512 static void weigh_keys(State *state, int first) {
    const bool whole = state->keys > LANES;
    for (int head = 0; head < state->part->heads;) {
        const bool few = state->part->heads - head <= 4;
        (few ? whole ? weigh_4_2 : weigh_4_1 : whole ? weigh_8_2 : weigh_8_1)(state, first, head);
        head += few ? 4 : 8;
    }
}

/// 16 columns of two values; `mask` of the columns exist, and the odd value if there is one.
AVX512_INLINE __m512bh value_pair(const uint16_t *even, const uint16_t *odd, __mmask16 mask, bool both) {
    __m512i low = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, even));
    __m512i high = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(both ? mask : 0, odd));
    return (__m512bh)_mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

/// output += weight value for `heads` heads and `width` * 16 columns.
AVX512_INLINE void add_tile(State *state, int head, int first, int keys, int column, int heads, int width) {
    const struct decoding_part *part = state->part;
    float *output = part->output + head * part->row_size + column;
    const uint16_t *value = (const uint16_t *)part->value + first * part->value_stride + column;
    __m512 sum[8][4];
    __mmask16 mask[4];
    UNROLLED for (int i = 0; i < width; i++) { mask[i] = first_lanes(part->head_size - column - 16 * i); }
    UNROLLED for (int j = 0; j < heads; j++) {
        UNROLLED for (int i = 0; i < width; i++) { sum[j][i] = _mm512_load_ps(output + j * part->row_size + 16 * i); }
    }
    for (int pair = 0; pair < (keys + 1) / 2; pair++, value += 2 * part->value_stride) {
        bool both = 2 * pair + 1 < keys;
        UNROLLED for (int i = 0; i < width; i += 2) {
            fetch_ahead(part->value, part->value_stride, first + 2 * pair, column + 16 * i);
        }
        const uint16_t *odd = both ? value + part->value_stride : value;
        __m512bh values[4];
        UNROLLED for (int i = 0; i < width; i++) {
            values[i] = value_pair(value + 16 * i, odd + 16 * i, mask[i], both);
        }
        UNROLLED for (int j = 0; j < heads; j++) {
            __m512bh weight = broadcast_pair(state->weight[head + j] + 2 * pair);
            UNROLLED for (int i = 0; i < width; i++) { sum[j][i] = _mm512_dpbf16_ps(sum[j][i], weight, values[i]); }
        }
    }
    UNROLLED for (int j = 0; j < heads; j++) {
        UNROLLED for (int i = 0; i < width; i++) { _mm512_store_ps(output + j * part->row_size + 16 * i, sum[j][i]); }
    }
}

#define ADD(HEADS, WIDTH)                                                                                              \
    AVX512 static void add_##HEADS##_##WIDTH(State *state, int head, int first, int keys, int column) {                \
        add_tile(state, head, first, keys, column, HEADS, WIDTH);                                                      \
    }
ADD(8, 2) ADD(8, 1) ADD(4, 4) ADD(4, 1)

/// Rows of heads that do not exist are there too, up to 16, and take no harm.
AVX512 static void add_values(State *state, int first, int keys) {
    int row_size = state->part->row_size;
    for (int head = 0; head < state->part->heads;) {
        bool few = state->part->heads - head <= 4;
        int width = few ? 64 : 32;
        for (int column = 0; column < row_size;) {
            bool whole = row_size - column >= width;
            (few ? whole ? add_4_4 : add_4_1 : whole ? add_8_2 : add_8_1)(state, head, first, keys, column);
            column += whole ? width : 16;
        }
        head += few ? 4 : 8;
    }
}

AVX512 void decode_block_bfloat16_avx512(const struct decoding_part *part, int first, int keys) {
    State state;
    state.part = part;
    state.keys = keys;
    transpose_keys(&state, first);
    weigh_keys(&state, first);
    add_values(&state, first, keys);
}
#endif
