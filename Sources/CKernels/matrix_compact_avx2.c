#if defined(__x86_64__)

#include "matrix_exceptions.h"
#include "matrix_layout.h"

#include "avx2.h"

#include <string.h>

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

AVX2_INLINE __m256i exponents_twice(const uint8_t *exponents) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)exponents));
}

AVX2_INLINE void read_ahead(const char *step, bool past_caches) {
    for (int line = 0; line < COMPACT_STEP_BYTES; line += 64) {
        read_once_ahead(step + line, past_caches);
    }
}

AVX2 void matrix_unpack_compact_avx2(char *panel, const uint8_t *exponents, const char *steps, ptrdiff_t count,
                                     enum matrix_reading reading) {
    const __m256i of_codes = exponents_twice(exponents);
    for (ptrdiff_t step = 0; step < count; step++, steps += COMPACT_STEP_BYTES, panel += PANEL_STEP_BYTES) {
        if (reading != READ_BEFORE) {
            read_ahead(steps, reading == READ_ONCE_PAST_CACHES);
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

// MARK: - Few rows, as they are

enum {
    BLOCKS = PANEL_OUTPUTS / 8,
    /// That all rows take in turn: 6 KiB, which stay in the first cache.
    TURN_STEPS = 32,
};

/// The inputs of a step, the second only where there is one.
struct two_inputs {
    __m256 first, second;
    bool is_half;
};

AVX2_INLINE struct two_inputs inputs_everywhere(const char *x, bool is_half) {
    uint16_t numbers[2] = {0};
    memcpy(numbers, x, is_half ? 2 : 4);
    return (struct two_inputs){
        _mm256_castsi256_ps(_mm256_set1_epi32((int)((uint32_t)numbers[0] << 16))),
        _mm256_castsi256_ps(_mm256_set1_epi32((int)((uint32_t)numbers[1] << 16))), is_half};
}

/// In the order of `matrix_tile_avx2.c`.
AVX2_INLINE __m256 with_products(__m256 sum, const struct two_inputs *inputs, __m256i numbers) {
    const __m256i second = _mm256_and_si256(numbers, _mm256_set1_epi32((int)0xffff0000));
    sum = _mm256_fmadd_ps(inputs->first, _mm256_castsi256_ps(_mm256_slli_epi32(numbers, 16)), sum);
    return inputs->is_half ? sum : _mm256_fmadd_ps(inputs->second, _mm256_castsi256_ps(second), sum);
}

AVX2_INLINE void add_step(__m256 sums[BLOCKS], const struct two_inputs *inputs, const char *step, __m256i of_codes) {
    UNROLLED for (int half = 0; half < 2; half++) {
        const char *rests = step + COMPACT_CODE_BYTES + 16 * half;
        const __m256i words = _mm256_load_si256((const __m256i *)(step + 32 * half));
        UNROLLED for (int part = 0; part < 4; part++) {
            __m256 *sum = &sums[2 * part + half];
            *sum = with_products(
                *sum, inputs, numbers_of(_mm256_srli_epi16(words, 4 * part), of_codes, rests + 32 * part));
        }
    }
}

/// A step that has exceptions.
AVX2_INLINE void add_exceptional_step(__m256 sums[BLOCKS], const struct two_inputs *inputs, const char *step,
                                      const uint8_t *exponents, struct exceptions_left *left) {
    _Alignas(32) uint16_t numbers[COMPACT_STEP_NUMBERS];
    matrix_unpack_compact_avx2((char *)numbers, exponents, step, 1, READ_BEFORE);
    restore_step(numbers, left);
    UNROLLED for (int block = 0; block < BLOCKS; block++) {
        sums[block] = with_products(sums[block], inputs, _mm256_load_si256((const __m256i *)numbers + block));
    }
}

struct turn {
    ptrdiff_t first, end; // steps
    bool reads_ahead;
};

/// A row against the steps of a turn.
AVX2_INLINE void add_turn(const struct matrix_compact_tile *tile, const struct turn *turn, float *sums, const char *x,
                          struct exceptions_left *left) {
    const __m256i of_codes = exponents_twice(tile->panel->exponents);
    __m256 all[BLOCKS];
    UNROLLED for (int block = 0; block < BLOCKS; block++) { all[block] = _mm256_load_ps(sums + 8 * block); }
    for (ptrdiff_t step = turn->first; step < turn->end; step++) {
        const char *at = tile->steps + step * COMPACT_STEP_BYTES;
        const struct two_inputs inputs =
            inputs_everywhere(x + step * STEP_BYTES, tile->half_step && step + 1 == tile->count);
        if (turn->reads_ahead) {
            read_ahead(at, tile->past_caches);
        }
        if (step == left->step) {
            add_exceptional_step(all, &inputs, at, tile->panel->exponents, left);
        } else {
            add_step(all, &inputs, at, of_codes);
        }
    }
    UNROLLED for (int block = 0; block < BLOCKS; block++) { _mm256_store_ps(sums + 8 * block, all[block]); }
}

AVX2 void matrix_compact_tile_avx2(const struct matrix_compact_tile *tile) {
    struct exceptions_left left = exceptions_of(tile->panel, tile->count);
    memset(tile->sums, 0, (size_t)tile->rows * PANEL_OUTPUTS * sizeof(float));
    for (ptrdiff_t first = 0; first < tile->count; first += TURN_STEPS) {
        const ptrdiff_t end = first + TURN_STEPS < tile->count ? first + TURN_STEPS : tile->count;
        const struct exceptions_left before = left;
        for (int row = 0; row < tile->rows; row++) {
            const struct turn turn = {first, end, row == 0};
            left = before;
            add_turn(tile, &turn, tile->sums + row * PANEL_OUTPUTS, tile->x + row * tile->x_stride, &left);
        }
    }
}

#endif
