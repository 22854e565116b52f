#if defined(__x86_64__)

#include "matrix_layout.h"

#include "avx2.h"

#include <string.h>

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

// MARK: - Few rows, as they are

enum {
    BLOCKS = PANEL_OUTPUTS / 8,
    /// Whose products 16 bits hold, two inputs of a step in one sum: 16 * 2 * 8 * 127. What sums of numbers that are 8 too
    /// much pass beyond, the excess passes too.
    TURN_STEPS = 16,
};

/// The four inputs of a step, no longer 128 more than they are.
AVX2_INLINE __m256i inputs_everywhere(const char *x) {
    uint32_t four;
    memcpy(&four, x, sizeof(four));
    return _mm256_set1_epi32((int)(four ^ 0x80808080));
}

/// Adds a step to sums of 16 bits, its numbers being taken as 8 more than they are.
AVX2_INLINE void add_step(__m256i sums[BLOCKS], __m256i inputs, const char *step) {
    const __m256i lowest = _mm256_set1_epi8(15);
    UNROLLED for (int part = 0; part < INT4_STEP_BYTES / 32; part++) {
        const int block = part / 2 * 4 + part % 2;
        const __m256i bytes = _mm256_load_si256((const __m256i *)(step + 32 * part));
        const __m256i low = _mm256_and_si256(bytes, lowest);
        const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), lowest);
        sums[block] = _mm256_add_epi16(sums[block], _mm256_maddubs_epi16(low, inputs));
        sums[block + 2] = _mm256_add_epi16(sums[block + 2], _mm256_maddubs_epi16(high, inputs));
    }
}

/// Adds to sums[64] at most `TURN_STEPS` steps of a group, times its multiples.
AVX2_INLINE void add_turn(int32_t *sums, const char *x, const char *steps, ptrdiff_t count, const int8_t *multiples) {
    __m256i words[BLOCKS] = {0}, excess = {0};
    for (ptrdiff_t step = 0; step < count; step++) {
        const __m256i inputs = inputs_everywhere(x + step * STEP_BYTES);
        excess = _mm256_add_epi16(excess, _mm256_maddubs_epi16(_mm256_set1_epi8(8), inputs));
        add_step(words, inputs, steps + step * INT4_STEP_BYTES);
    }
    UNROLLED for (int block = 0; block < BLOCKS; block++) {
        const __m256i pairs = _mm256_sub_epi16(words[block], excess);
        const __m256i sum = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
        const __m256i each = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(multiples + 8 * block)));
        __m256i *all = (__m256i *)(sums + 8 * block);
        *all = _mm256_add_epi32(*all, _mm256_mullo_epi32(sum, each));
    }
}

AVX2_INLINE void read_ahead(const char *steps, ptrdiff_t count, bool past_caches) {
    for (ptrdiff_t line = 0; line < count * INT4_STEP_BYTES; line += 64) {
        read_once_ahead(steps + line, past_caches);
    }
}

AVX2 void matrix_int4_tile_avx2(const struct matrix_int4_tile *tile) {
    const char *x = tile->x, *group = tile->panel;
    for (int row = 0; row < tile->rows; row++) {
        memcpy(tile->sums + row * PANEL_OUTPUTS, tile->offsets, PANEL_OUTPUTS * sizeof(int32_t));
    }
    for (ptrdiff_t index = 0; index < tile->groups; index++) {
        const char *steps = group + INT4_MULTIPLES_BYTES;
        read_once_ahead(group, tile->past_caches);
        for (ptrdiff_t first = 0; first < tile->group_steps; first += TURN_STEPS) {
            const ptrdiff_t left = tile->group_steps - first, count = left < TURN_STEPS ? left : TURN_STEPS;
            const char *at = steps + first * INT4_STEP_BYTES;
            read_ahead(at, count, tile->past_caches);
            for (int row = 0; row < tile->rows; row++) {
                add_turn(tile->sums + row * PANEL_OUTPUTS, x + row * tile->x_stride + first * STEP_BYTES, at, count,
                         (const int8_t *)group);
            }
        }
        x += tile->group_steps * STEP_BYTES;
        group = steps + tile->group_steps * INT4_STEP_BYTES;
    }
}

#endif
