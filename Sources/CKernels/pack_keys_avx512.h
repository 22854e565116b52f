#pragma once
#if defined(__x86_64__)
#include "avx512.h"
#include "transpose_avx512.h"

/// Packs 32 numbers of up to 16 keys, fewer where `left` is less, to so many pairs: [pair of numbers][key][2].
AVX512_INLINE void pack_pairs(
    const uint16_t *key, ptrdiff_t stride, int keys, int left, int pairs, uint16_t *packed) {
    __m512i row[16];
    const __mmask32 inside = left >= 32 ? 0xffffffff : (1u << left) - 1;
    if (keys >= 16 && left >= 32) {
        UNROLLED for (int i = 0; i < 16; i++) { row[i] = _mm512_loadu_si512(key + i * stride); }
    } else {
        UNROLLED for (int i = 0; i < 16; i++) {
            row[i] = _mm512_maskz_loadu_epi16(i < keys ? inside : 0, key + (i < keys ? i : 0) * stride);
        }
    }
    transpose_16(row);
    UNROLLED for (int i = 0; i < 16; i++) {
        if (i < pairs) {
            _mm512_store_si512(packed + 32 * i, row[i]);
        }
    }
}

/// A unit of up to 16 keys: [pair of numbers][key][2], of `key_size` numbers.
AVX512 static void pack_keys(
    const uint16_t *key, ptrdiff_t stride, int keys, int head_size, int key_size, uint16_t *packed) {
    for (int number = 0; number < head_size; number += 32, packed += 16 * 32) {
        pack_pairs(key + number, stride, keys, head_size - number, (key_size - number + 1) / 2, packed);
    }
}
#endif
