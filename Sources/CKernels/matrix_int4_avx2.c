#if defined(__x86_64__)

#include "matrix_layout.h"

#include "avx2.h"

/// Multiples of 8 outputs, as 16-bit numbers for two inputs at a time, and 8 times as much as bytes for all four.
struct multiples {
    __m256i words, eights;
};

AVX2_INLINE struct multiples multiples_of(const int8_t *multiples) {
    const __m256i each = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)multiples));
    const __m256i words = _mm256_or_si256(
        _mm256_slli_epi32(each, 16), _mm256_and_si256(each, _mm256_set1_epi32(0xffff)));
    const __m256i places = _mm256_set_epi32(
        0x0c0c0c0c, 0x08080808, 0x04040404, 0, 0x0c0c0c0c, 0x08080808, 0x04040404, 0);
    return (struct multiples){words, _mm256_shuffle_epi8(_mm256_slli_epi32(each, 3), places)};
}

/// Numbers that are 8 more than they are, as bytes, times their multiples. There is no product of bytes.
AVX2_INLINE __m256i multiplied(__m256i numbers, const struct multiples *multiples) {
    const __m256i low = _mm256_set1_epi16(0xff);
    const __m256i even = _mm256_mullo_epi16(_mm256_and_si256(numbers, low), multiples->words);
    const __m256i odd = _mm256_mullo_epi16(_mm256_andnot_si256(low, numbers), multiples->words);
    return _mm256_sub_epi8(_mm256_or_si256(_mm256_and_si256(even, low), odd), multiples->eights);
}

AVX2 void matrix_unpack_int4_avx2(char *panel, const int8_t *multiples, const char *steps, ptrdiff_t count) {
    const __m256i lowest = _mm256_set1_epi8(15);
    for (int part = 0; part < INT4_STEP_BYTES / 32; part++) {
        const int output = part / 2 * 32 + part % 2 * 8;
        const struct multiples first = multiples_of(multiples + output), second = multiples_of(multiples + output + 16);
        for (ptrdiff_t step = 0; step < count; step++) {
            const __m256i bytes = _mm256_load_si256((const __m256i *)(steps + step * INT4_STEP_BYTES + 32 * part));
            char *to = panel + step * PANEL_STEP_BYTES + output * STEP_BYTES;
            const __m256i low = _mm256_and_si256(bytes, lowest);
            const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), lowest);
            _mm256_store_si256((__m256i *)to, multiplied(low, &first));
            _mm256_store_si256((__m256i *)(to + 64), multiplied(high, &second));
        }
    }
}

#endif
