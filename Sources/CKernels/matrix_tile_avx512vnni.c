#if defined(__x86_64__)

#include "matrix_tile.h"

#include "avx512.h"
#include "matrix_step_avx512.h"

// AVX-512 without products of bfloat16: those are taken in float32, the first inputs of a step and then its second ones.

AVX512_INLINE __m512 of_phase(__m512i pairs, const int phase) {
    return _mm512_castsi512_ps(
        phase == 0 ? _mm512_slli_epi32(pairs, 16) : _mm512_maskz_mov_epi16(0xaaaaaaaa, pairs));
}

/// With constants for `rows`, `columns` and `half` the sums stay in registers.
AVX512_INLINE void add_inputs(
    __m512 sums[TILE_ROWS][4], const char *const x[TILE_ROWS], const char *panel, ptrdiff_t step, const int rows,
    const int columns, const bool half) {
    UNROLLED for (int phase = 0; phase < (half ? 1 : 2); phase++) {
        __m512 weights[4];
        // The second phase reads again what the first has read, as there are no registers to keep it.
        __asm__ volatile("" ::: "memory");
        UNROLLED for (int column = 0; column < columns; column++) {
            weights[column] = of_phase(_mm512_load_si512(panel + step * PANEL_STEP_BYTES + 64 * column), phase);
        }
        UNROLLED for (int row = 0; row < rows; row++) {
            const char *place = x[row] + step * STEP_BYTES;
            const __m512 inputs = of_phase(half ? two_bytes_everywhere(place) : four_bytes_everywhere(place), phase);
            UNROLLED for (int column = 0; column < columns; column++) {
                sums[row][column] = _mm512_fmadd_ps(inputs, weights[column], sums[row][column]);
            }
        }
    }
}

AVX512_INLINE void tile_of(const int rows, const int columns, const struct matrix_tile *tile) {
    __m512 sums[TILE_ROWS][4];
    const char *x[TILE_ROWS];
    UNROLLED for (int row = 0; row < rows; row++) {
        x[row] = tile->x + row * tile->x_stride;
        UNROLLED for (int column = 0; column < columns; column++) {
            const float *start = (const float *)tile->sums + row * tile->sums_stride + 16 * column;
            sums[row][column] = tile->add ? _mm512_loadu_ps(start) : _mm512_setzero_ps();
        }
    }
    for (ptrdiff_t step = 0; step < tile->steps; step++) {
        read_step_ahead(tile->panel, tile->prefetch, step, tile->prefetch_kind, tile->past_caches, columns);
        add_inputs(sums, x, tile->panel, step, rows, columns, false);
    }
    if (tile->half_step) {
        add_inputs(sums, x, tile->panel, tile->steps, rows, columns, true);
    }
    UNROLLED for (int row = 0; row < rows; row++) {
        UNROLLED for (int column = 0; column < columns; column++) {
            _mm512_storeu_ps((float *)tile->sums + row * tile->sums_stride + 16 * column, sums[row][column]);
        }
    }
}

#define TILE(rows, columns) \
    AVX512 static void tile_##rows##_##columns(const struct matrix_tile *tile) { tile_of(rows, columns, tile); }
#define TILES(rows) TILE(rows, 1) TILE(rows, 2) TILE(rows, 3) TILE(rows, 4)
#define NAMES(rows) {tile_##rows##_1, tile_##rows##_2, tile_##rows##_3, tile_##rows##_4}

TILES(1) TILES(2) TILES(3) TILES(4) TILES(5) TILES(6)

static void tile_avx512vnni(enum kernels_format format, const struct matrix_tile *tile) {
    static void (*const tiles[TILE_ROWS][4])(const struct matrix_tile *) = {
        NAMES(1), NAMES(2), NAMES(3), NAMES(4), NAMES(5), NAMES(6)};
    if (format == KERNELS_BFLOAT16) {
        tiles[tile->rows - 1][tile->columns - 1](tile);
    } else {
        matrix_tile_avx512(format, tile);
    }
}

const struct matrix_kernels matrix_kernels_avx512vnni = {
    .tile = tile_avx512vnni,
    .unpack_int4 = matrix_unpack_int4_avx512,
    .unpack_compact = matrix_unpack_compact_avx512,
    .int4_tile = matrix_int4_tile_avx512,
    .compact_tile = matrix_compact_tile_avx2,
    .finish = matrix_finish_avx512,
    .quantise_row = matrix_quantise_row_avx512,
    .quantise_floats = matrix_quantise_floats_avx512,
};

#endif
