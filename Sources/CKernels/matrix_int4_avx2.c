#if defined(__x86_64__)

#include "matrix_layout.h"

#include "matrix_int4_table.h"

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))

AVX2 void matrix_unpack_int4_avx2(char *panel, const char *steps, ptrdiff_t count) {
    const __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)int4_low_bytes));
    const __m256i high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)int4_high_bytes));
    const __m256i lowest = _mm256_set1_epi16(15);
    for (ptrdiff_t half = 0; half < 2 * count; half++) {
        __m256i words = _mm256_load_si256((const __m256i *)steps + half);
        char *to = panel + half / 2 * PANEL_STEP_BYTES + half % 2 * 32;
        for (int column = 0; column < 4; column++, words = _mm256_srli_epi16(words, 4)) {
            const __m256i value = _mm256_and_si256(words, lowest);
            const __m256i upper = _mm256_slli_epi16(_mm256_shuffle_epi8(high, value), 8);
            _mm256_store_si256(
                (__m256i *)(to + 64 * column), _mm256_or_si256(_mm256_shuffle_epi8(low, value), upper));
        }
    }
}

#endif
