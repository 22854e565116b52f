#if defined(__x86_64__)

#include "matrix_layout.h"

#include "avx512.h"

/// The exponents where they are in a number, for codes of which the machine takes the lowest 5 bits.
AVX512_INLINE __m512i exponents_in_place(const uint8_t *exponents) {
    const __m256i once = _mm256_slli_epi16(_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)exponents)), 7);
    return _mm512_broadcast_i64x4(once);
}

AVX512_INLINE void read_ahead(const char *step, bool past_caches) {
    for (int line = 0; line < COMPACT_STEP_BYTES; line += 64) {
        read_once_ahead(step + line, past_caches);
    }
}

AVX512 void matrix_unpack_compact_avx512(char *panel, const uint8_t *exponents, const char *steps, ptrdiff_t count,
                                         enum matrix_reading reading) {
    enum { FIRST_WHERE_MASKED_OR_SECOND = 0xea };
    const __m512i of_codes = exponents_in_place(exponents), sign_and_mantissa = _mm512_set1_epi16((short)0x807f);
    for (ptrdiff_t step = 0; step < count; step++, steps += COMPACT_STEP_BYTES, panel += PANEL_STEP_BYTES) {
        const __m512i codes = _mm512_load_si512(steps);
        if (reading != READ_BEFORE) {
            read_ahead(steps, reading == READ_ONCE_PAST_CACHES);
        }
        UNROLLED for (int part = 0; part < 4; part++) {
            const __m256i rests = _mm256_load_si256((const __m256i *)(steps + COMPACT_CODE_BYTES + 32 * part));
            const __m512i exponent = _mm512_permutexvar_epi16(_mm512_srli_epi16(codes, 4 * part), of_codes);
            // The sign comes to all of the upper bits.
            _mm512_store_si512(
                panel + 64 * part,
                _mm512_ternarylogic_epi32(
                    _mm512_cvtepi8_epi16(rests), sign_and_mantissa, exponent, FIRST_WHERE_MASKED_OR_SECOND));
        }
    }
}

#endif
