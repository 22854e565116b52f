#if defined(__x86_64__)

#include "matrix_layout.h"

#include "avx512.h"

#include <string.h>

/// What comes is asked for in turns: 88% of the rate of reading memory on Zen 5, where a line with each line is 78%.
enum { TURN_BYTES = 8 * INT4_STEP_BYTES };

/// The numbers of a step, 8 more than they are, as bytes: 16 outputs each.
AVX512_INLINE void numbers_of_step(__m512i numbers[4], const char *step) {
    const __m512i lowest = _mm512_set1_epi8(15);
    const __m512i first = _mm512_load_si512(step), second = _mm512_load_si512(step + 64);
    numbers[0] = _mm512_and_si512(first, lowest);
    numbers[1] = _mm512_and_si512(_mm512_srli_epi16(first, 4), lowest);
    numbers[2] = _mm512_and_si512(second, lowest);
    numbers[3] = _mm512_and_si512(_mm512_srli_epi16(second, 4), lowest);
}

AVX512_INLINE __m512i multiples_of(const int8_t *multiples, int column) {
    return _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(multiples + 16 * column)));
}

// MARK: - As int8

/// Multiples of 16 outputs, as 16-bit numbers for two inputs at a time, and 8 times as much as bytes for all four.
struct byte_multiples {
    __m512i words, eights;
};

AVX512_INLINE struct byte_multiples byte_multiples_of(const int8_t *multiples, int column) {
    const __m512i each = multiples_of(multiples, column);
    const __m512i words = _mm512_mask_blend_epi16(0xaaaaaaaa, each, _mm512_slli_epi32(each, 16));
    const __m512i places = _mm512_broadcast_i32x4(_mm_set_epi32(0x0c0c0c0c, 0x08080808, 0x04040404, 0));
    return (struct byte_multiples){words, _mm512_shuffle_epi8(_mm512_slli_epi32(each, 3), places)};
}

/// There is no product of bytes.
AVX512_INLINE __m512i multiplied(__m512i numbers, const struct byte_multiples *multiples) {
    enum { FIRST_AND_SECOND_OR_THIRD = 0xea };
    const __m512i low = _mm512_set1_epi16(0xff);
    const __m512i even = _mm512_mullo_epi16(_mm512_and_si512(numbers, low), multiples->words);
    const __m512i odd = _mm512_mullo_epi16(_mm512_andnot_si512(low, numbers), multiples->words);
    return _mm512_sub_epi8(
        _mm512_ternarylogic_epi32(even, low, odd, FIRST_AND_SECOND_OR_THIRD), multiples->eights);
}

AVX512 void matrix_unpack_int4_avx512(char *panel, const int8_t *multiples, const char *steps, ptrdiff_t count) {
    struct byte_multiples of_columns[4];
    UNROLLED for (int column = 0; column < 4; column++) { of_columns[column] = byte_multiples_of(multiples, column); }
    for (ptrdiff_t step = 0; step < count; step++) {
        __m512i numbers[4];
        numbers_of_step(numbers, steps + step * INT4_STEP_BYTES);
        UNROLLED for (int column = 0; column < 4; column++) {
            _mm512_store_si512(
                panel + step * PANEL_STEP_BYTES + 64 * column, multiplied(numbers[column], &of_columns[column]));
        }
    }
}

// MARK: - Few rows, as they are

/// The four inputs of a step, no longer 128 more than they are.
AVX512_INLINE __m512i inputs_everywhere(const char *x) {
    uint32_t four;
    memcpy(&four, x, sizeof(four));
    return _mm512_set1_epi32((int)(four ^ 0x80808080));
}

/// What a group adds to the sums, its numbers being taken as 8 more than they are, and what that is too much.
struct group_sums {
    __m512i of_columns[FEW_ROWS][4], excess[FEW_ROWS];
};

AVX512_INLINE void add_int4_step(
    struct group_sums *sums, const int rows, const char *x, ptrdiff_t x_stride, const char *step) {
    __m512i numbers[4];
    numbers_of_step(numbers, step);
    UNROLLED for (int row = 0; row < rows; row++) {
        const __m512i inputs = inputs_everywhere(x + row * x_stride);
        sums->excess[row] = _mm512_dpbusd_epi32(sums->excess[row], _mm512_set1_epi8(8), inputs);
        UNROLLED for (int column = 0; column < 4; column++) {
            sums->of_columns[row][column] = _mm512_dpbusd_epi32(sums->of_columns[row][column], numbers[column], inputs);
        }
    }
}

AVX512_INLINE void int4_tile_of(const int rows, const struct matrix_int4_tile *tile) {
    const bool past_caches = tile->past_caches;
    const ptrdiff_t x_stride = tile->x_stride;
    const char *x = tile->x, *step = tile->panel;
    __m512i all[FEW_ROWS][4];
    UNROLLED for (int row = 0; row < rows; row++) {
        UNROLLED for (int column = 0; column < 4; column++) {
            all[row][column] = _mm512_loadu_si512(tile->offsets + 16 * column);
        }
    }
    for (ptrdiff_t group = 0; group < tile->groups; group++) {
        const int8_t *multiples = (const int8_t *)step;
        struct group_sums sums = {0};
        read_once_ahead(step, past_caches);
        step += INT4_MULTIPLES_BYTES;
        for (const char *end = step + tile->group_steps * INT4_STEP_BYTES; step < end;) {
            const char *turn = end - step < TURN_BYTES ? end : step + TURN_BYTES;
            for (const char *line = step; line < turn; line += 64) {
                read_once_ahead(line, past_caches);
            }
            for (; step < turn; step += INT4_STEP_BYTES, x += STEP_BYTES) {
                add_int4_step(&sums, rows, x, x_stride, step);
            }
        }
        UNROLLED for (int row = 0; row < rows; row++) {
            UNROLLED for (int column = 0; column < 4; column++) {
                const __m512i sum = _mm512_sub_epi32(sums.of_columns[row][column], sums.excess[row]);
                all[row][column] = _mm512_add_epi32(
                    all[row][column], _mm512_mullo_epi32(sum, multiples_of(multiples, column)));
            }
        }
    }
    UNROLLED for (int row = 0; row < rows; row++) {
        UNROLLED for (int column = 0; column < 4; column++) {
            _mm512_store_si512(tile->sums + row * PANEL_OUTPUTS + 16 * column, all[row][column]);
        }
    }
}

AVX512 void matrix_int4_tile_avx512(const struct matrix_int4_tile *tile) {
    switch (tile->rows) {
    case 1:
        int4_tile_of(1, tile);
        break;
    case 2:
        int4_tile_of(2, tile);
        break;
    case 3:
        int4_tile_of(3, tile);
        break;
    default:
        int4_tile_of(4, tile);
    }
}

#endif
