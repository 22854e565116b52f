#pragma once
#if defined(__x86_64__)
#include "attention_plan.h"
#include "avx512.h"
#include "pack_keys_avx512.h"

// Packing of a block of keys and values, see attention_plan.h for the order.

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
