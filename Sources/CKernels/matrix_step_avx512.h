#ifndef KERNELS_MATRIX_STEP_AVX512_H
#define KERNELS_MATRIX_STEP_AVX512_H

#include "avx512.h"
#include "kernels_matrix.h"

#include <string.h>

AVX512_INLINE __m512i four_bytes_everywhere(const char *x) {
    int32_t bytes;
    memcpy(&bytes, x, sizeof(bytes));
    return _mm512_set1_epi32(bytes);
}

AVX512_INLINE __m512i two_bytes_everywhere(const char *x) {
    uint16_t bytes;
    memcpy(&bytes, x, sizeof(bytes));
    return _mm512_set1_epi32(bytes);
}

/// One step of 16 outputs; see `matrix_tile.h`. Of int8, X is unsigned.
AVX512_INLINE __m512i add_step(enum kernels_format format, __m512i sum, __m512i x, __m512i weights) {
    switch (format) {
    case KERNELS_FLOAT32:
        return _mm512_castps_si512(
            _mm512_fmadd_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(weights), _mm512_castsi512_ps(sum)));
    case KERNELS_BFLOAT16:
        return _mm512_castps_si512(_mm512_dpbf16_ps(_mm512_castsi512_ps(sum), (__m512bh)x, (__m512bh)weights));
    default:
        return _mm512_dpbusd_epi32(sum, x, weights);
    }
}

#endif
