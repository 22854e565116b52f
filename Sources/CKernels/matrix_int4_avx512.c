#if defined(__x86_64__)

#include "matrix_layout.h"

#include "avx512.h"

#include <string.h>

enum { INT4_BYTES_AHEAD = 8192 };

/// bfloat16 of -8...7, by the lowest 5 bits of a word, of which the fifth does not matter.
AVX512_INLINE __m512i int4_table(void) {
    static const uint16_t table[16] = {
        0xc100, 0xc0e0, 0xc0c0, 0xc0a0, 0xc080, 0xc040, 0xc000, 0xbf80,
        0x0000, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0, 0x40e0,
    };
    return _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)table));
}

AVX512_INLINE __m512i pair_everywhere(const char *x, bool whole) {
    uint32_t pair = 0;
    if (whole) {
        memcpy(&pair, x, sizeof(pair));
    } else {
        memcpy(&pair, x, sizeof(uint16_t));
    }
    return _mm512_set1_epi32((int)pair);
}

/// The weights of a step as pairs of bfloat16, 16 outputs each.
AVX512_INLINE void unpack_step(__m512i weights[4], const char *step, __m512i table) {
    const __m512i words = _mm512_load_si512(step);
    weights[0] = _mm512_permutexvar_epi16(words, table);
    weights[1] = _mm512_permutexvar_epi16(_mm512_srli_epi16(words, 4), table);
    weights[2] = _mm512_permutexvar_epi16(_mm512_srli_epi16(words, 8), table);
    weights[3] = _mm512_permutexvar_epi16(_mm512_srli_epi16(words, 12), table);
}

AVX512 void matrix_unpack_int4_avx512(char *panel, const char *steps, ptrdiff_t count) {
    const __m512i table = int4_table();
    for (ptrdiff_t step = 0; step < count; step++) {
        __m512i weights[4];
        unpack_step(weights, steps + step * INT4_STEP_BYTES, table);
        for (int column = 0; column < 4; column++) {
            _mm512_store_si512(panel + step * PANEL_STEP_BYTES + 64 * column, weights[column]);
        }
    }
}

/// Adds one step of all 64 outputs; `whole` is false for the last input of an odd group.
AVX512_INLINE void add_int4_step(
    __m512 sums[INT4_ROWS][4], const int rows, const char *const *x, const char *step, __m512i table, bool whole,
    bool past_caches) {
    __m512i weights[4];
    unpack_step(weights, step, table);
    prefetch_once(step + INT4_BYTES_AHEAD, past_caches);
#pragma clang loop unroll(full)
    for (int row = 0; row < rows; row++) {
        __m512bh pair = (__m512bh)pair_everywhere(x[row], whole);
#pragma clang loop unroll(full)
        for (int column = 0; column < 4; column++) {
            sums[row][column] = _mm512_dpbf16_ps(sums[row][column], pair, (__m512bh)weights[column]);
        }
    }
}

/// Adds a group's products, all x moving on. The order is that of a tile, so that rows give the same numbers whatever
/// their number.
AVX512_INLINE void add_int4_group(
    __m512 of_group[INT4_ROWS][4], const int rows, const char **x, const char *step, ptrdiff_t group, __m512i table,
    bool past_caches) {
    for (ptrdiff_t input = 0; input < group; input += 2, step += INT4_STEP_BYTES) {
        const bool whole = input + 1 < group;
        if (whole) {
            add_int4_step(of_group, rows, x, step, table, true, past_caches);
        } else {
            add_int4_step(of_group, rows, x, step, table, false, past_caches);
        }
        for (int row = 0; row < rows; row++) {
            x[row] += (whole ? 2 : 1) * sizeof(uint16_t);
        }
    }
}

AVX512_INLINE void int4_tile_of(const int rows, const struct matrix_int4_tile *tile) {
    const bool past_caches = tile->past_caches;
    const __m512i table = int4_table();
    const char *group = tile->panel;
    const char *x[INT4_ROWS];
    __m512 sums[INT4_ROWS][4] = {0};
    for (int row = 0; row < rows; row++) {
        x[row] = tile->x + row * tile->x_stride;
    }
    for (ptrdiff_t index = 0; index < tile->groups; index++, group += int4_group_bytes(tile->group)) {
        __m512 of_group[INT4_ROWS][4] = {0};
        prefetch_once(group + INT4_BYTES_AHEAD, past_caches);
        prefetch_once(group + INT4_BYTES_AHEAD + 64, past_caches);
        add_int4_group(of_group, rows, x, group + INT4_SCALE_BYTES, tile->group, table, past_caches);
        for (int column = 0; column < 4; column++) {
            __m512 scale = float_of_bfloat16_16(_mm256_load_si256((const __m256i *)(group + 32 * column)));
            for (int row = 0; row < rows; row++) {
                sums[row][column] = _mm512_fmadd_ps(of_group[row][column], scale, sums[row][column]);
            }
        }
    }
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < 4; column++) {
            _mm512_store_ps(tile->sums + row * PANEL_OUTPUTS + 16 * column, sums[row][column]);
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
