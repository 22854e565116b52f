#if defined(__x86_64__)

#include "peak.h"

#include "avx512.h"
#include "matrix_step_avx512.h"
#include "matrix_tile.h"

AVX512_INLINE int peak_of(enum kernels_format format, long turns) {
    __m512i sums[24];
    __m512i ones = _mm512_set1_epi32(1);
    for (int sum = 0; sum < 24; sum++) {
        sums[sum] = _mm512_setzero_si512();
    }
    for (long turn = 0; turn < turns; turn++) {
#pragma clang loop unroll(full)
        for (int sum = 0; sum < 24; sum++) {
            sums[sum] = add_step(format, sums[sum], ones, ones);
        }
        // Keeps the sums in registers, and the loop from being worked out in advance.
        __asm__ volatile("" : "+v"(ones));
    }
    for (int sum = 1; sum < 24; sum++) {
        sums[0] = _mm512_xor_si512(sums[0], sums[sum]);
    }
    return _mm512_reduce_add_epi32(sums[0]);
}

AVX512 int peak_avx512(enum kernels_format format, long turns) {
    switch (format) {
    case KERNELS_FLOAT32:
        return peak_of(KERNELS_FLOAT32, turns);
    case KERNELS_BFLOAT16:
        return peak_of(KERNELS_BFLOAT16, turns);
    default:
        return peak_of(KERNELS_INT8, turns);
    }
}

AVX512 uint64_t read_avx512(const uint64_t *words, ptrdiff_t count) {
    __m512i sums[8];
    for (int sum = 0; sum < 8; sum++) {
        sums[sum] = _mm512_setzero_si512();
    }
    for (ptrdiff_t word = 0; word < count; word += 64) {
        for (int sum = 0; sum < 8; sum++) {
            read_once_ahead((const char *)(words + word + 8 * sum), false);
            sums[sum] = _mm512_or_si512(sums[sum], _mm512_load_si512(words + word + 8 * sum));
        }
    }
    for (int sum = 1; sum < 8; sum++) {
        sums[0] = _mm512_or_si512(sums[0], sums[sum]);
    }
    return (uint64_t)_mm512_reduce_or_epi64(sums[0]);
}

#endif
