#if defined(__x86_64__)

#include "matrix_layout.h"

#include "avx2.h"

/// 16 numbers whose codes are the lowest 4 bits of words.
AVX2_INLINE __m256i numbers_of(__m256i words, __m256i exponents, const char *rests) {
    // Bytes of places above 127 are 0.
    const __m256i places = _mm256_or_si256(
        _mm256_and_si256(words, _mm256_set1_epi16(15)), _mm256_set1_epi16((short)0x8000));
    const __m256i exponent = _mm256_slli_epi16(_mm256_shuffle_epi8(exponents, places), 7);
    // The sign comes to all of the upper bits.
    const __m256i rest = _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *)rests));
    return _mm256_or_si256(_mm256_and_si256(rest, _mm256_set1_epi16((short)0x807f)), exponent);
}

AVX2 void matrix_unpack_compact_avx2(char *panel, const uint8_t *exponents, const char *steps, ptrdiff_t count,
                                     enum matrix_reading reading) {
    const __m256i of_codes = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)exponents));
    for (ptrdiff_t step = 0; step < count; step++, steps += COMPACT_STEP_BYTES, panel += PANEL_STEP_BYTES) {
        for (int line = 0; reading != READ_BEFORE && line < COMPACT_STEP_BYTES; line += 64) {
            read_once_ahead(steps + line, reading == READ_ONCE_PAST_CACHES);
        }
        for (int half = 0; half < 2; half++) {
            const char *rests = steps + COMPACT_CODE_BYTES + 16 * half;
            __m256i words = _mm256_load_si256((const __m256i *)(steps + 32 * half));
            for (int part = 0; part < 4; part++, words = _mm256_srli_epi16(words, 4)) {
                _mm256_store_si256(
                    (__m256i *)(panel + 64 * part + 32 * half), numbers_of(words, of_codes, rests + 32 * part));
            }
        }
    }
}

#endif
