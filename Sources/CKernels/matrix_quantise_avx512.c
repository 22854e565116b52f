#if defined(__x86_64__)

#include "matrix_tile.h"

#include "avx512.h"
#include "bfloat16.h"
#include "row_scale.h"

AVX512_INLINE uint16_t largest_magnitude(const uint16_t *x, ptrdiff_t inputs) {
    const __m512i magnitude_bits = _mm512_set1_epi16(0x7fff);
    __m512i largest = _mm512_setzero_si512();
    for (ptrdiff_t input = 0; input < inputs; input += 32) {
        const __mmask32 mask = inputs - input >= 32 ? 0xffffffff : (1u << (inputs - input)) - 1;
        __m512i numbers = _mm512_maskz_loadu_epi16(mask, x + input);
        largest = _mm512_max_epu16(largest, _mm512_and_si512(numbers, magnitude_bits));
    }
    // As 32-bit numbers, high and low halves by themselves.
    __m512i halves = _mm512_max_epu32(
        _mm512_srli_epi32(largest, 16), _mm512_and_si512(largest, _mm512_set1_epi32(0xffff)));
    return (uint16_t)_mm512_reduce_max_epu32(halves);
}

AVX512_INLINE __m128i quantised(__m512 numbers, __m512 inverse, __mmask16 finite) {
    __m512i rounded = _mm512_maskz_cvtps_epi32(finite, _mm512_mul_ps(numbers, inverse));
    return _mm_xor_si128(_mm512_cvtepi32_epi8(rounded), _mm_set1_epi8((char)0x80));
}

AVX512 float matrix_quantise_row_avx512(uint8_t *values, const uint16_t *x, ptrdiff_t inputs) {
    const uint16_t largest = largest_magnitude(x, inputs);
    const struct row_scale scale = row_scale_of(float_of_bfloat16(largest));
    const __m512 inverse = _mm512_set1_ps(scale.inverse);
    const __mmask16 finite = scale.finite ? 0xffff : 0;
    const ptrdiff_t end = (inputs + 3) / 4 * 4;
    ptrdiff_t input = 0;
    for (; input + 16 <= inputs; input += 16) {
        __m512 numbers = float_of_bfloat16_16(_mm256_loadu_si256((const __m256i *)(x + input)));
        _mm_storeu_si128((__m128i *)(values + input), quantised(numbers, inverse, finite));
    }
    if (input < end) {
        __m512 numbers = float_of_bfloat16_16(_mm256_maskz_loadu_epi16(first_lanes(inputs - input), x + input));
        _mm_mask_storeu_epi8(values + input, first_lanes(end - input), quantised(numbers, inverse, finite));
    }
    return scale.scale;
}

AVX512 float matrix_quantise_floats_avx512(uint8_t *values, const float *x, float largest, ptrdiff_t inputs) {
    const struct row_scale scale = row_scale_of(largest);
    const __m512 inverse = _mm512_set1_ps(scale.inverse);
    const __mmask16 finite = scale.finite ? 0xffff : 0;
    const ptrdiff_t end = (inputs + 3) / 4 * 4;
    for (ptrdiff_t input = 0; input < inputs; input += 16) {
        __m512 numbers = _mm512_maskz_loadu_ps(first_lanes(inputs - input), x + input);
        _mm_mask_storeu_epi8(values + input, first_lanes(end - input), quantised(numbers, inverse, finite));
    }
    return scale.scale;
}

#endif
