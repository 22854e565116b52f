#if defined(__x86_64__)
#include <math.h>
#include <string.h>

#include "avx512.h"
#include "decoding.h"

// Heads are the lanes of scores, so that a key's numbers are used as they lie, by broadcasts, and the softmax over keys
// needs nothing across lanes. Columns are the lanes of the output.

enum { PAIRS = DECODING_BLOCK / 2, KEYS_AT_ONCE = 8 };

/// How far, as a power of two, a weight may rise above 1 before its head's reference moves.
static const float headroom = 8;

typedef struct {
    const struct decoding_part *part;
    _Alignas(64) float score[DECODING_BLOCK][DECODING_HEADS];
    /// [pair of keys][head][2]
    _Alignas(64) uint16_t weight[PAIRS][DECODING_HEADS][2];
    __m512 reference, sum;
} State;

AVX512_INLINE __m512bh broadcast_pair(const uint16_t *numbers, int count) {
    uint32_t pair = 0;
    memcpy(&pair, numbers, (size_t)count * 2);
    return (__m512bh)_mm512_set1_epi32((int)pair);
}

/// Asks for a line of 32 numbers of `KEYS_AT_ONCE` keys and values a block ahead.
AVX512_INLINE void fetch_ahead(const struct decoding_part *part, int first, int number) {
    ptrdiff_t ahead = first + DECODING_BLOCK;
    uintptr_t key = (uintptr_t)part->key + (uintptr_t)(2 * (ahead * part->key_stride + number));
    uintptr_t value = (uintptr_t)part->value + (uintptr_t)(2 * (ahead * part->value_stride + number));
    UNROLLED for (int i = 0; i < KEYS_AT_ONCE; i++) {
        _mm_prefetch((const char *)key, _MM_HINT_T0);
        _mm_prefetch((const char *)value, _MM_HINT_T0);
        key += (uintptr_t)(2 * part->key_stride);
        value += (uintptr_t)(2 * part->value_stride);
    }
}

/// Scores, in powers of two, of `KEYS_AT_ONCE` keys from `first` + `place` on; rows from `keys` on repeat the last.
AVX512 static void score_keys(State *state, int first, int place, int keys) {
    const struct decoding_part *part = state->part;
    const uint16_t *row[KEYS_AT_ONCE];
    __m512 score[KEYS_AT_ONCE];
    UNROLLED for (int i = 0; i < KEYS_AT_ONCE; i++) {
        int key = first + (place + i < keys ? place + i : keys - 1);
        row[i] = (const uint16_t *)part->key + key * part->key_stride;
        score[i] = _mm512_setzero_ps();
    }
    int pairs = part->head_size / 2;
    const uint16_t *queries = part->paired_query;
    for (int line = 0; line < pairs; line += 16) {
        fetch_ahead(part, first + place, 2 * line);
        int end = line + 16 < pairs ? line + 16 : pairs;
        _Pragma("clang loop unroll_count(4)") for (int pair = line; pair < end; pair++, queries += 2 * DECODING_HEADS) {
            __m512bh query = (__m512bh)_mm512_load_si512(queries);
            UNROLLED for (int i = 0; i < KEYS_AT_ONCE; i++) {
                score[i] = _mm512_dpbf16_ps(score[i], query, broadcast_pair(row[i] + 2 * pair, 2));
            }
        }
    }
    if (part->head_size % 2 == 1) {
        __m512bh query = (__m512bh)_mm512_load_si512(queries);
        UNROLLED for (int i = 0; i < KEYS_AT_ONCE; i++) {
            score[i] = _mm512_dpbf16_ps(score[i], query, broadcast_pair(row[i] + 2 * pairs, 1));
        }
    }
    UNROLLED for (int i = 0; i < KEYS_AT_ONCE; i++) {
        _mm512_store_ps(state->score[place + i], _mm512_mul_ps(score[i], _mm512_set1_ps(part->slope)));
    }
}

/// Moves the references of the heads in `above` to their largest score, and what was there before with them.
AVX512 static __attribute__((noinline, cold)) void move_references(State *state, __m512 largest, __mmask16 above) {
    const struct decoding_part *part = state->part;
    _Alignas(64) float factor[DECODING_HEADS];
    __m512 change = _mm512_sub_ps(state->reference, largest);
    for (int head = 0; head < part->heads; head++) {
        _mm512_store_ps(factor, change);
        if (above >> head & 1) {
            __m512 factors = _mm512_set1_ps(exp2f(factor[head]));
            float *output = part->output + head * part->row_size;
            for (int i = 0; i < part->row_size; i += 16) {
                _mm512_store_ps(output + i, _mm512_mul_ps(_mm512_load_ps(output + i), factors));
            }
            state->sum = _mm512_mask_mul_ps(state->sum, (__mmask16)(1u << head), state->sum, factors);
        }
    }
    state->reference = _mm512_mask_mov_ps(state->reference, above, largest);
}

AVX512 static void weigh_keys(State *state, int keys) {
    const __m512i pairing = _mm512_set_epi16(
        31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1,
        16, 0);
    __m512 largest = _mm512_set1_ps(-INFINITY);
    for (int key = 0; key < keys; key++) {
        largest = _mm512_max_ps(_mm512_load_ps(state->score[key]), largest);
    }
    __m512 limit = _mm512_add_ps(state->reference, _mm512_set1_ps(headroom));
    __mmask16 above = _mm512_cmp_ps_mask(largest, limit, _CMP_GT_OQ);
    if (above) {
        move_references(state, largest, above);
    }
    for (int pair = 0; pair < (keys + 1) / 2; pair++) {
        __m512 even = coarse_exp2(_mm512_sub_ps(_mm512_load_ps(state->score[2 * pair]), state->reference));
        __m512 odd = _mm512_setzero_ps();
        if (2 * pair + 1 < keys) {
            odd = coarse_exp2(_mm512_sub_ps(_mm512_load_ps(state->score[2 * pair + 1]), state->reference));
        }
        __m512i weights = _mm512_permutexvar_epi16(pairing, (__m512i)_mm512_cvtne2ps_pbh(odd, even));
        _mm512_store_si512(state->weight[pair], weights);
        state->sum = _mm512_dpbf16_ps(state->sum, (__m512bh)weights, (__m512bh)_mm512_set1_epi32(0x3f803f80));
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
        const uint16_t *odd = both ? value + part->value_stride : value;
        __m512bh values[4];
        UNROLLED for (int i = 0; i < width; i++) {
            values[i] = value_pair(value + 16 * i, odd + 16 * i, mask[i], both);
        }
        UNROLLED for (int j = 0; j < heads; j++) {
            __m512bh weight = broadcast_pair(state->weight[pair][head + j], 2);
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
    State state = {
        .part = part, .reference = _mm512_loadu_ps(part->reference), .sum = _mm512_loadu_ps(part->sum)};
    for (int place = 0; place < keys; place += KEYS_AT_ONCE) {
        score_keys(&state, first, place, keys);
    }
    weigh_keys(&state, keys);
    add_values(&state, first, keys);
    _mm512_storeu_ps(part->reference, state.reference);
    _mm512_storeu_ps(part->sum, state.sum);
}
#endif
