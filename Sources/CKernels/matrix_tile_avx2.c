#if defined(__x86_64__)

#include "matrix_tile.h"

#include "avx2.h"

#include <string.h>

// There are instructions for float32 only, and for pairs of 16-bit numbers. A step is therefore taken in phases:
// bfloat16 as its first and then its second inputs in float32, int8 as its first and third and then the others in
// 16 bits.

AVX2_INLINE int phases_of(enum kernels_format format) { return format == KERNELS_FLOAT32 ? 1 : 2; }

AVX2_INLINE __m256i weights_of_phase(enum kernels_format format, __m256i weights, int phase) {
    switch (format) {
    case KERNELS_FLOAT32:
        return weights;
    case KERNELS_BFLOAT16:
        return phase == 0 ? _mm256_slli_epi32(weights, 16)
                          : _mm256_and_si256(weights, _mm256_set1_epi32((int)0xffff0000));
    default:
        return _mm256_srai_epi16(phase == 0 ? _mm256_slli_epi16(weights, 8) : weights, 8);
    }
}

/// Of a step's four bytes of X, wherever they are.
AVX2_INLINE __m256i x_of_phase(enum kernels_format format, __m256i x, int phase) {
    switch (format) {
    case KERNELS_FLOAT32:
        return x;
    case KERNELS_BFLOAT16:
        return phase == 0 ? _mm256_slli_epi32(x, 16) : _mm256_and_si256(x, _mm256_set1_epi32((int)0xffff0000));
    default:
        return phase == 0 ? _mm256_and_si256(x, _mm256_set1_epi16(0xff)) : _mm256_srli_epi16(x, 8);
    }
}

AVX2_INLINE __m256i add_phase(enum kernels_format format, __m256i sum, __m256i x, __m256i weights) {
    if (format == KERNELS_INT8) {
        return _mm256_add_epi32(sum, _mm256_madd_epi16(x, weights));
    }
    return _mm256_castps_si256(
        _mm256_fmadd_ps(_mm256_castsi256_ps(x), _mm256_castsi256_ps(weights), _mm256_castsi256_ps(sum)));
}

/// A step's bytes of X, or the first two, everywhere.
AVX2_INLINE __m256i bytes_everywhere(const char *x, bool half) {
    uint32_t bytes = 0;
    memcpy(&bytes, x, half ? 2 : 4);
    __m256i everywhere = _mm256_set1_epi32((int)bytes);
    // Else what a phase takes of them is taken before, of a number that then has to move between registers.
    __asm__ volatile("" : "+x"(everywhere));
    return everywhere;
}

/// Columns of 16 outputs at once. A single row takes all four, so that the panel is read in its order.
AVX2_INLINE int columns_at_once(int rows) { return rows == 1 ? 4 : 1; }

/// One step; with constants for `format` and `rows` the sums stay in registers.
AVX2_INLINE void add_phases(enum kernels_format format, const int rows, __m256i sums[TILE_ROWS][8],
                            const char *const x[TILE_ROWS], const char *panel, ptrdiff_t step, bool half) {
    UNROLLED for (int phase = 0; phase < (half ? 1 : phases_of(format)); phase++) {
        UNROLLED for (int column = 0; column < columns_at_once(rows); column++) {
            const __m256i *weights = (const __m256i *)(panel + step * PANEL_STEP_BYTES + 64 * column);
            const __m256i first = weights_of_phase(format, _mm256_load_si256(weights), phase);
            const __m256i second = weights_of_phase(format, _mm256_load_si256(weights + 1), phase);
            UNROLLED for (int row = 0; row < rows; row++) {
                const __m256i inputs =
                    x_of_phase(format, bytes_everywhere(x[row] + step * STEP_BYTES, half), phase);
                sums[row][2 * column] = add_phase(format, sums[row][2 * column], inputs, first);
                sums[row][2 * column + 1] = add_phase(format, sums[row][2 * column + 1], inputs, second);
            }
        }
    }
}

AVX2_INLINE void tile_of(enum kernels_format format, const int rows, const struct matrix_tile *tile) {
    const int halves = 2 * columns_at_once(rows);
    const char *x[TILE_ROWS];
    UNROLLED for (int row = 0; row < rows; row++) { x[row] = tile->x + row * tile->x_stride; }
    for (int column = 0; column < tile->columns; column += columns_at_once(rows)) {
        __m256i sums[TILE_ROWS][8];
        __m256i *places[TILE_ROWS];
        const char *panel = tile->panel + 64 * column;
        UNROLLED for (int row = 0; row < rows; row++) {
            places[row] = (__m256i *)((int32_t *)tile->sums + row * tile->sums_stride + 16 * column);
            UNROLLED for (int part = 0; part < halves; part++) {
                sums[row][part] = tile->add ? _mm256_loadu_si256(places[row] + part) : _mm256_setzero_si256();
            }
        }
        for (ptrdiff_t step = 0; step < tile->steps; step++) {
            if (rows == 1) { // More leave the machine the time to see by itself what comes.
                read_step_ahead(tile->panel, tile->prefetch, step, tile->prefetch_kind, tile->past_caches, 4);
            }
            add_phases(format, rows, sums, x, panel, step, false);
        }
        if (format == KERNELS_BFLOAT16 && tile->half_step) {
            add_phases(format, rows, sums, x, panel, tile->steps, true);
        }
        UNROLLED for (int row = 0; row < rows; row++) {
            UNROLLED for (int part = 0; part < halves; part++) {
                _mm256_storeu_si256(places[row] + part, sums[row][part]);
            }
        }
    }
}

#define TILE(format, rows)                                                         \
    AVX2 static void tile_##format##_##rows(const struct matrix_tile *tile) {      \
        tile_of(KERNELS_##format, rows, tile);                                     \
    }
#define TILES(format) \
    TILE(format, 1) TILE(format, 2) TILE(format, 3) TILE(format, 4) TILE(format, 5) TILE(format, 6)
#define NAMES(format)                                                                                      \
    {tile_##format##_1, tile_##format##_2, tile_##format##_3, tile_##format##_4, tile_##format##_5, tile_##format##_6}

TILES(FLOAT32)
TILES(BFLOAT16)
TILES(INT8)

void matrix_tile_avx2(enum kernels_format format, const struct matrix_tile *tile) {
    static void (*const tiles[3][TILE_ROWS])(const struct matrix_tile *) = {
        NAMES(FLOAT32), NAMES(BFLOAT16), NAMES(INT8)};
    tiles[format][tile->rows - 1](tile);
}

const struct matrix_kernels matrix_kernels_avx2 = {
    .tile = matrix_tile_avx2,
    .unpack_int4 = matrix_unpack_int4_avx2,
    .unpack_compact = matrix_unpack_compact_avx2,
    .int4_tile = matrix_int4_tile_avx2,
    .compact_tile = matrix_compact_tile_avx2,
    .finish = matrix_finish_avx2,
    .quantise_row = matrix_quantise_row_avx2,
    .quantise_floats = matrix_quantise_floats_avx2,
};

#endif
