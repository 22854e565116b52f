#pragma once
#if defined(__x86_64__)
#include "avx512.h"

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
#endif
