#if defined(__x86_64__)

#include "matrix_layout.h"

#include "amx.h"

// Few rows against int4 weights: without tiles, as weights are met only once, but with the numbers that tiles give. Those
// add, for 32 inputs at a time, the products of the even inputs, of the odd ones, and then both sums, each number below
// 2^-126 being 0.

enum { TILE_STEPS = 16, ROWS = INT4_ROWS_AMX, BYTES_AHEAD = 8192 };

/// -8...7, by the lowest 4 bits of a number.
AMX_INLINE __m512 int4_table(void) {
    return _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
}

/// So many numbers of a row, and zeros up to 32.
AMX_INLINE void copy_inputs(float x[2 * TILE_STEPS], const uint16_t *from, ptrdiff_t count) {
    for (int half = 0; half < 2; half++) {
        const __mmask16 mask = first_lanes(count - 16 * half);
        _mm512_store_ps(x + 16 * half, float_of_bfloat16_16(_mm256_maskz_loadu_epi16(mask, from + 16 * half)));
    }
}

/// Adds the products of up to 16 steps to sums of a group.
AMX_INLINE void add_steps(__m512 sums[ROWS][4], const int rows, float x[ROWS][2 * TILE_STEPS], const char *step,
                          int steps) {
    const __m512 table = int4_table();
    __m512 even[ROWS][4] = {0}, odd[ROWS][4] = {0};
    for (int index = 0; index < steps; index++, step += INT4_STEP_BYTES) {
        const __m512i words = _mm512_load_si512(step);
        _mm_prefetch(step + BYTES_AHEAD, _MM_HINT_T0);
        UNROLLED for (int column = 0; column < 4; column++) {
            const __m512 first = _mm512_permutexvar_ps(_mm512_srli_epi32(words, 4 * column), table);
            const __m512 second = _mm512_permutexvar_ps(_mm512_srli_epi32(words, 16 + 4 * column), table);
            UNROLLED for (int row = 0; row < rows; row++) {
                even[row][column] = _mm512_fmadd_ps(_mm512_set1_ps(x[row][2 * index]), first, even[row][column]);
                odd[row][column] = _mm512_fmadd_ps(_mm512_set1_ps(x[row][2 * index + 1]), second, odd[row][column]);
            }
        }
    }
    UNROLLED for (int row = 0; row < rows; row++) {
        UNROLLED for (int column = 0; column < 4; column++) {
            sums[row][column] = _mm512_add_ps(sums[row][column], _mm512_add_ps(even[row][column], odd[row][column]));
        }
    }
}

AMX_INLINE void multiply_groups(const int rows, const struct matrix_int4_tile *tile) {
    _Alignas(64) float x[ROWS][2 * TILE_STEPS];
    __m512 sums[ROWS][4] = {0};
    const char *group = tile->panel;
    for (ptrdiff_t index = 0; index < tile->groups; index++, group += int4_group_bytes(tile->group)) {
        __m512 of_group[ROWS][4] = {0};
        _mm_prefetch(group + BYTES_AHEAD, _MM_HINT_T0);
        _mm_prefetch(group + BYTES_AHEAD + 64, _MM_HINT_T0);
        for (ptrdiff_t input = 0; input < tile->group; input += 2 * TILE_STEPS) {
            const ptrdiff_t left = tile->group - input;
            for (int row = 0; row < rows; row++) {
                const char *from = tile->x + row * tile->x_stride;
                copy_inputs(x[row], (const uint16_t *)from + index * tile->group + input, left);
            }
            add_steps(of_group, rows, x, group + INT4_SCALE_BYTES + input / 2 * INT4_STEP_BYTES,
                      left < 2 * TILE_STEPS ? (int)(left + 1) / 2 : TILE_STEPS);
        }
        UNROLLED for (int column = 0; column < 4; column++) {
            const __m512 scale = float_of_bfloat16_16(_mm256_load_si256((const __m256i *)(group + 32 * column)));
            UNROLLED for (int row = 0; row < rows; row++) {
                sums[row][column] = _mm512_fmadd_ps(of_group[row][column], scale, sums[row][column]);
            }
        }
    }
    UNROLLED for (int row = 0; row < rows; row++) {
        UNROLLED for (int column = 0; column < 4; column++) {
            _mm512_store_ps(tile->sums + row * PANEL_OUTPUTS + 16 * column, sums[row][column]);
        }
    }
}

AMX static void multiply_one_row(const struct matrix_int4_tile *tile) { multiply_groups(1, tile); }
AMX static void multiply_two_rows(const struct matrix_int4_tile *tile) { multiply_groups(2, tile); }

void matrix_int4_tile_amx(const struct matrix_int4_tile *tile) {
    const unsigned small_numbers_are_zero = 0x8040, state = _mm_getcsr();
    _mm_setcsr(state | small_numbers_are_zero);
    if (tile->rows == 1) {
        multiply_one_row(tile);
    } else {
        multiply_two_rows(tile);
    }
    _mm_setcsr(state);
}

#endif
