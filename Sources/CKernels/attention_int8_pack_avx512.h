#pragma once
#if defined(__x86_64__)
// Keys and values in 8 bits. All keys of a head lose their mean first, which changes no weight: softmax sees
// differences. They are mixed, as queries are, so that no large column sets the scale of all others. Values lose the
// middle of each column, which is added to the result. What is left takes the 8 bits: of a key by itself, of a column
// of the values over all tokens of the sequence.
//
// Keys come in tiles of 64. Packed keys are [unit of 16][four numbers][key][4], -127...127 above 128, and behind each
// unit the 16 scales. What is missing in the last tile is the last key again. Packed values are
// [tile][unit of columns][four keys][column][4], -127...127, the fours in the order of `key_of_four`; those that are
// missing are zero.

#include <math.h>

#include "attention_int8_plan.h"
#include "avx512.h"
#include "row_scale.h"
#include "transpose_avx512.h"

/// The first of the four keys at a place among the fours of a tile: it is where saturating packs leave them.
static inline int key_of_four(int four) { return four % 4 * UNIT + four / 4 * 4; }

AVX512_INLINE __m512 sixteen(const uint16_t *numbers, __mmask16 inside) {
    return float_of_bfloat16_16(_mm256_maskz_loadu_epi16(inside, numbers));
}

/// The centre of up to 16 columns of `count` tokens.
AVX512 static void find_centre(
    Centre *centre, int column, const uint16_t *key, ptrdiff_t key_stride, const uint16_t *value,
    ptrdiff_t value_stride, int count, int columns) {
    const __mmask16 inside = first_lanes(columns);
    __m512 sum = _mm512_setzero_ps();
    __m512 smallest = _mm512_set1_ps(INFINITY), largest = _mm512_set1_ps(-INFINITY), unfit = _mm512_setzero_ps();
    for (int token = 0; token < count; token++, key += key_stride, value += value_stride) {
        __m512 numbers = sixteen(value, inside);
        sum = _mm512_add_ps(sum, sixteen(key, inside));
        smallest = _mm512_min_ps(smallest, numbers);
        largest = _mm512_max_ps(largest, numbers);
        unfit = _mm512_fmadd_ps(numbers, _mm512_setzero_ps(), unfit);
    }
    const __m512 half = _mm512_set1_ps(0.5f);
    const __m512 middle = _mm512_add_ps(_mm512_mul_ps(smallest, half), _mm512_mul_ps(largest, half));
    __m512 reach = _mm512_max_ps(_mm512_sub_ps(largest, middle), _mm512_sub_ps(middle, smallest));
    // At least 2^-126, as its inverse must be a number.
    __m512 scale = _mm512_max_ps(_mm512_div_ps(reach, _mm512_set1_ps(127)), _mm512_set1_ps(0x1p-126f));
    _mm512_store_ps(centre->key + column, _mm512_div_ps(sum, _mm512_set1_ps((float)count)));
    _mm512_store_ps(centre->value + column, middle);
    _mm512_store_ps(centre->scale + column, _mm512_add_ps(scale, unfit));
}

/// Multiplies the numbers of a query or key by an orthonormal matrix, which leaves their products as they are: a
/// Hadamard matrix of the numbers an eighth of them apart. As they are where 8 does not divide their number.
AVX512_INLINE void mix(float *numbers, int count) {
    const int eighth = count / 8;
    for (int i = 0; i < eighth && count % 8 == 0; i += 16) {
        const __mmask16 inside = first_lanes(eighth - i);
        __m512 part[8];
        UNROLLED for (int j = 0; j < 8; j++) { part[j] = _mm512_maskz_loadu_ps(inside, numbers + j * eighth + i); }
        UNROLLED for (int apart = 1; apart < 8; apart *= 2) {
            UNROLLED for (int j = 0; j < 8; j++) {
                if ((j & apart) == 0) {
                    const __m512 first = part[j], second = part[j + apart];
                    part[j] = _mm512_add_ps(first, second);
                    part[j + apart] = _mm512_sub_ps(first, second);
                }
            }
        }
        UNROLLED for (int j = 0; j < 8; j++) {
            const __m512 mixed = _mm512_mul_ps(part[j], _mm512_set1_ps(0.35355339f));
            _mm512_mask_storeu_ps(numbers + j * eighth + i, inside, mixed);
        }
    }
}

/// The largest magnitude of numbers whose memory is zero up to a multiple of 16; NaN if one is not finite.
AVX512_INLINE float magnitude_of(const float *numbers, int count) {
    __m512 largest = _mm512_setzero_ps(), unfit = _mm512_setzero_ps();
    for (int i = 0; i < count; i += 16) {
        const __m512 some = _mm512_load_ps(numbers + i);
        largest = _mm512_max_ps(largest, _mm512_abs_ps(some));
        unfit = _mm512_fmadd_ps(some, _mm512_setzero_ps(), unfit);
    }
    return _mm512_reduce_max_ps(largest) + _mm512_reduce_add_ps(unfit);
}

/// -127...127 of numbers over a scale whose inverse is given.
AVX512_INLINE __m512i rounded(__m512 numbers, __m512 inverse) {
    return _mm512_cvtps_epi32(_mm512_mul_ps(numbers, inverse));
}

/// 16 keys, the last one of `count` again where they are fewer, to `fours` * 4 numbers each and their scales.
AVX512 static void pack_unit_of_keys(
    const Centre *centre, const uint16_t *key, ptrdiff_t stride, int count, int head_size, int fours, uint8_t *packed) {
    _Alignas(64) uint8_t bytes[UNIT][MAXIMAL_HEAD] = {0};
    float *scales = (float *)(packed + (size_t)fours * 4 * UNIT);
    for (int row = 0; row < UNIT; row++) {
        const uint16_t *numbers = key + (row < count ? row : count - 1) * stride;
        _Alignas(64) float centred[MAXIMAL_HEAD];
        for (int i = 0; i < head_size; i += 16) {
            const __mmask16 inside = first_lanes(head_size - i);
            const __m512 mean = _mm512_load_ps(centre->key + i);
            _mm512_store_ps(centred + i, _mm512_maskz_sub_ps(inside, sixteen(numbers + i, inside), mean));
        }
        mix(centred, head_size);
        const struct row_scale scale = row_scale_of(magnitude_of(centred, head_size));
        for (int i = 0; i < head_size; i += 16) {
            __m512i values = rounded(_mm512_load_ps(centred + i), _mm512_set1_ps(scale.inverse));
            __m128i above = _mm_xor_si128(_mm512_cvtsepi32_epi8(values), _mm_set1_epi8((char)0x80));
            _mm_store_si128((__m128i *)(bytes[row] + i), above);
        }
        scales[row] = scale.scale;
    }
    for (int first = 0; first < fours; first += 16) {
        __m512i row[16];
        UNROLLED for (int i = 0; i < 16; i++) { row[i] = _mm512_load_si512(bytes[i] + 4 * first); }
        transpose_16(row);
        UNROLLED for (int i = 0; i < 16; i++) {
            if (first + i < fours) {
                _mm512_store_si512(packed + (first + i) * 4 * UNIT, row[i]);
            }
        }
    }
}

/// 64 keys' values, of which the first `count` exist.
AVX512 static void pack_tile_of_values(
    const Centre *centre, const uint16_t *value, ptrdiff_t stride, int count, int head_size, int8_t *packed) {
    const __m512i byte = _mm512_set1_epi32(0xff);
    for (int column = 0; column < head_size; column += UNIT) {
        const __mmask16 inside = first_lanes(head_size - column);
        const __m512 middle = _mm512_load_ps(centre->value + column);
        const __m512 inverse = _mm512_div_ps(_mm512_set1_ps(1), _mm512_load_ps(centre->scale + column));
        for (int four = 0; four < TILE_FOURS; four++, packed += 4 * UNIT) {
            __m512i bytes = _mm512_setzero_si512();
            UNROLLED for (int i = 0; i < 4; i++) {
                const int token = key_of_four(four) + i;
                if (token < count) {
                    __m512 numbers = sixteen(value + token * stride + column, inside);
                    __m512i values = rounded(_mm512_maskz_sub_ps(inside, numbers, middle), inverse);
                    bytes = _mm512_or_si512(bytes, _mm512_slli_epi32(_mm512_and_si512(values, byte), 8 * i));
                }
            }
            _mm512_store_si512(packed, bytes);
        }
    }
}
#endif
