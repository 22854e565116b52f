#pragma once
#if defined(__x86_64__)
#include "attention_plan.h"
#include "avx512.h"

// Packing of a block of keys and values, see attention_plan.h for the order.

/// Transposes 16 x 16 32-bit numbers.
AVX512_INLINE void transpose_16(__m512i row[16]) {
    __m512i next[16];
    UNROLLED for (int i = 0; i < 16; i += 2) {
        next[i] = _mm512_unpacklo_epi32(row[i], row[i + 1]);
        next[i + 1] = _mm512_unpackhi_epi32(row[i], row[i + 1]);
    }
    UNROLLED for (int i = 0; i < 16; i += 4) {
        row[i] = _mm512_unpacklo_epi64(next[i], next[i + 2]);
        row[i + 1] = _mm512_unpackhi_epi64(next[i], next[i + 2]);
        row[i + 2] = _mm512_unpacklo_epi64(next[i + 1], next[i + 3]);
        row[i + 3] = _mm512_unpackhi_epi64(next[i + 1], next[i + 3]);
    }
    UNROLLED for (int i = 0; i < 4; i++) {
        next[i] = _mm512_shuffle_i32x4(row[i], row[i + 4], 0x88);
        next[i + 4] = _mm512_shuffle_i32x4(row[i], row[i + 4], 0xdd);
        next[i + 8] = _mm512_shuffle_i32x4(row[i + 8], row[i + 12], 0x88);
        next[i + 12] = _mm512_shuffle_i32x4(row[i + 8], row[i + 12], 0xdd);
    }
    UNROLLED for (int i = 0; i < 8; i++) {
        row[i] = _mm512_shuffle_i32x4(next[i], next[i + 8], 0x88);
        row[i + 8] = _mm512_shuffle_i32x4(next[i], next[i + 8], 0xdd);
    }
}

/// A unit of up to 16 keys: [pair of numbers][key][2].
AVX512 static void pack_keys(const uint16_t *key, ptrdiff_t stride, int keys, int head_size, uint16_t *packed) {
    int pairs = (head_size + 1) / 2;
    for (int pair = 0; pair < pairs; pair += 16) {
        __m512i row[16];
        int left = head_size - 2 * pair;
        __mmask32 inside = left >= 32 ? 0xffffffff : (1u << left) - 1;
        UNROLLED for (int i = 0; i < 16; i++) {
            const uint16_t *from = key + (i < keys ? i : 0) * stride + 2 * pair;
            row[i] = _mm512_maskz_loadu_epi16(i < keys ? inside : 0, from);
        }
        transpose_16(row);
        UNROLLED for (int i = 0; i < 16; i++) {
            if (pair + i < pairs) {
                _mm512_store_si512(packed + 32 * (pair + i), row[i]);
            }
        }
    }
}

/// Two keys' values at 16 columns: [column][2].
AVX512_INLINE __m512i interleaved(__m256i even, __m256i odd) {
    return _mm512_or_si512(
        _mm512_cvtepu16_epi32(even), _mm512_slli_epi32(_mm512_cvtepu16_epi32(odd), 16));
}

/// A block of `pairs` * 2 rows, of which the first `keys` exist: [16 columns][pair of keys][column][2].
AVX512 static void pack_values(
    const uint16_t *value, ptrdiff_t stride, int keys, int pairs, int head_size, uint16_t *packed) {
    for (int column = 0; column < head_size; column += UNIT) {
        __mmask16 inside = first_lanes(head_size - column);
        for (int pair = 0; pair < pairs; pair++, packed += 2 * UNIT) {
            __m256i even = _mm256_setzero_si256(), odd = even;
            const uint16_t *from = value + 2 * pair * stride + column;
            if (2 * pair < keys) {
                even = _mm256_maskz_loadu_epi16(inside, from);
            }
            if (2 * pair + 1 < keys) {
                odd = _mm256_maskz_loadu_epi16(inside, from + stride);
            }
            _mm512_store_si512(packed, interleaved(even, odd));
        }
    }
}
#endif
