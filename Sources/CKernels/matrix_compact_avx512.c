#if defined(__x86_64__)

#include "matrix_exceptions.h"
#include "matrix_layout.h"

#include "avx512.h"
#include "matrix_step_avx512.h"

/// The exponents where they are in a number, for codes of which the machine takes the lowest 5 bits.
AVX512_INLINE __m512i exponents_in_place(const uint8_t *exponents) {
    const __m256i once = _mm256_slli_epi16(_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)exponents)), 7);
    return _mm512_broadcast_i64x4(once);
}

/// Those of a step, all with exponents that their codes say: inputs of 16 outputs each.
AVX512_INLINE void numbers_of_step(__m512i numbers[4], const char *step, __m512i of_codes) {
    enum { FIRST_WHERE_MASKED_OR_SECOND = 0xea };
    const __m512i codes = _mm512_load_si512(step), sign_and_mantissa = _mm512_set1_epi16((short)0x807f);
    UNROLLED for (int part = 0; part < 4; part++) {
        const __m256i rests = _mm256_load_si256((const __m256i *)(step + COMPACT_CODE_BYTES + 32 * part));
        const __m512i exponent = _mm512_permutexvar_epi16(_mm512_srli_epi16(codes, 4 * part), of_codes);
        // The sign comes to all of the upper bits.
        numbers[part] = _mm512_ternarylogic_epi32(
            _mm512_cvtepi8_epi16(rests), sign_and_mantissa, exponent, FIRST_WHERE_MASKED_OR_SECOND);
    }
}

AVX512_INLINE void read_ahead(const char *step, bool past_caches) {
    for (int line = 0; line < COMPACT_STEP_BYTES; line += 64) {
        read_once_ahead(step + line, past_caches);
    }
}

AVX512 void matrix_unpack_compact_avx512(char *panel, const uint8_t *exponents, const char *steps, ptrdiff_t count,
                                         enum matrix_reading reading) {
    const __m512i of_codes = exponents_in_place(exponents);
    for (ptrdiff_t step = 0; step < count; step++, steps += COMPACT_STEP_BYTES, panel += PANEL_STEP_BYTES) {
        __m512i numbers[4];
        numbers_of_step(numbers, steps, of_codes);
        if (reading != READ_BEFORE) {
            read_ahead(steps, reading == READ_ONCE_PAST_CACHES);
        }
        UNROLLED for (int part = 0; part < 4; part++) { _mm512_store_si512(panel + 64 * part, numbers[part]); }
    }
}

// MARK: - Few rows, as they are

/// Through memory, as there are few.
AVX512_INLINE void restore_numbers(__m512i numbers[4], struct exceptions_left *left) {
    _Alignas(64) uint16_t memory[COMPACT_STEP_NUMBERS];
    UNROLLED for (int part = 0; part < 4; part++) { _mm512_store_si512(memory + 32 * part, numbers[part]); }
    restore_step(memory, left);
    UNROLLED for (int part = 0; part < 4; part++) { numbers[part] = _mm512_load_si512(memory + 32 * part); }
}

AVX512_INLINE void compact_tile_of(const int rows, const struct matrix_compact_tile *tile) {
    const __m512i of_codes = exponents_in_place(tile->panel->exponents);
    const ptrdiff_t whole_steps = tile->count - tile->half_step;
    const char *x = tile->x, *at = tile->steps;
    struct exceptions_left left = exceptions_of(tile->panel, tile->count);
    __m512i sums[FEW_ROWS][4] = {0};
    for (ptrdiff_t step = 0; step < tile->count; step++, x += STEP_BYTES, at += COMPACT_STEP_BYTES) {
        __m512i numbers[4];
        numbers_of_step(numbers, at, of_codes);
        read_ahead(at, tile->past_caches);
        if (step == left.step) {
            restore_numbers(numbers, &left);
        }
        UNROLLED for (int row = 0; row < rows; row++) {
            const char *inputs = x + row * tile->x_stride;
            const __m512i two = step < whole_steps ? four_bytes_everywhere(inputs) : two_bytes_everywhere(inputs);
            UNROLLED for (int part = 0; part < 4; part++) {
                sums[row][part] = add_step(KERNELS_BFLOAT16, sums[row][part], two, numbers[part]);
            }
        }
    }
    UNROLLED for (int row = 0; row < rows; row++) {
        UNROLLED for (int part = 0; part < 4; part++) {
            _mm512_store_si512(tile->sums + row * PANEL_OUTPUTS + 16 * part, sums[row][part]);
        }
    }
}

AVX512 void matrix_compact_tile_avx512(const struct matrix_compact_tile *tile) {
    switch (tile->rows) {
    case 1:
        compact_tile_of(1, tile);
        break;
    case 2:
        compact_tile_of(2, tile);
        break;
    case 3:
        compact_tile_of(3, tile);
        break;
    default:
        compact_tile_of(4, tile);
    }
}

#endif
