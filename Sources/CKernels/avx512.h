// What the AVX-512 files share. To be included on x86-64 only.

#ifndef KERNELS_AVX512_H
#define KERNELS_AVX512_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Of BF16 only what is asked for by name is used: what `KERNELS_AVX512_VNNI` takes too asks for none.
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx512vnni,avx2,fma,bmi2,prfchw")))
#define AVX512_INLINE static inline __attribute__((always_inline)) AVX512
#define UNROLLED _Pragma("clang loop unroll(full)")

/// The first `count` of 16 lanes; none below 1, all above 15.
AVX512_INLINE __mmask16 first_lanes(long count) {
    return count >= 16 ? 0xffff : count <= 0 ? 0 : (__mmask16)((1u << count) - 1);
}

/// 8 numbers of each of two rows.
AVX512_INLINE __m512 eights_of(const float *row, size_t stride) {
    const __m512d first = _mm512_castpd256_pd512(_mm256_castps_pd(_mm256_load_ps(row)));
    return _mm512_castpd_ps(_mm512_insertf64x4(first, _mm256_castps_pd(_mm256_load_ps(row + stride)), 1));
}

AVX512_INLINE void store_eights(__m512 eights, float *row, size_t stride) {
    _mm256_store_ps(row, _mm512_castps512_ps256(eights));
    _mm256_store_ps(row + stride, _mm512_extractf32x8_ps(eights, 1));
}

/// Rounds to the nearest, ties to even; NaN stays NaN. Unlike the machine's instruction it keeps subnormal numbers.
AVX512_INLINE __m256i bfloat16_of_float_16(__m512 value) {
    __m512i bits = _mm512_castps_si512(value);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    rounded = _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x400000));
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16));
}

AVX512_INLINE __m512 float_of_bfloat16_16(__m256i value) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(value), 16));
}

/// e^x within 2 units in the last place; infinity above 88.8, subnormal numbers as they are, NaN for NaN.
AVX512_INLINE __m512 exponential_16(__m512 x) {
    // The second operand is the result where x is NaN.
    x = _mm512_min_ps(_mm512_set1_ps(200.0f), _mm512_max_ps(_mm512_set1_ps(-200.0f), x));
    __m512 power = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT);
    __m512 rest = _mm512_fnmadd_ps(power, _mm512_set1_ps(0.693145752f), x);
    rest = _mm512_fnmadd_ps(power, _mm512_set1_ps(1.42860677e-6f), rest);
    __m512 sum = _mm512_set1_ps(1.0f / 5040);
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(1.0f / 720));
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(1.0f / 120));
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(1.0f / 24));
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(1.0f / 6));
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(0.5f));
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(1.0f));
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(sum, power);
}

AVX512_INLINE __m512 silu_16(__m512 x) {
    __m512 one = _mm512_set1_ps(1.0f);
    __m512 falling = exponential_16(_mm512_sub_ps(_mm512_setzero_ps(), x));
    return _mm512_div_ps(x, _mm512_add_ps(one, falling));
}

/// Fetches rows that lie far apart, each in a page of its own perhaps, side by side.
AVX512_INLINE void fetch_rows(const uint16_t *rows, int count, int size, ptrdiff_t stride, bool write) {
    for (int row = 0; row < count; row++, rows += stride) {
        for (int i = 0; i < size; i += 32) {
            if (write) {
                __builtin_prefetch(rows + i, 1);
            } else {
                __builtin_prefetch(rows + i, 0);
            }
        }
    }
}

/// 2^x to 1e-4, which is finer than bfloat16; 0 for -infinity, NaN for NaN.
AVX512_INLINE __m512 coarse_exp2(__m512 x) {
    // x less its floor (0 for infinities), then a cubic over [0, 1); scalef takes the floor of its exponent by itself.
    __m512 fraction = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF | 0);
    __m512 y = _mm512_fmadd_ps(fraction, _mm512_set1_ps(0.07802461f), _mm512_set1_ps(0.22606726f));
    y = _mm512_fmadd_ps(y, fraction, _mm512_set1_ps(0.6958334f));
    y = _mm512_fmadd_ps(y, fraction, _mm512_set1_ps(0.99992526f));
    return _mm512_scalef_ps(y, x);
}

#endif
