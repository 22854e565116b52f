#if defined(__x86_64__)

#include "matrix_tile.h"

#include "avx512.h"
#include "matrix_step_avx512.h"

/// Steps from one row that is read ahead to the next.
enum { AHEAD_STEPS = 32 };

AVX512_INLINE void read_row_ahead(const struct matrix_tile *tile, ptrdiff_t row) {
    for (int index = 0; row < tile->rows && index < tile->ahead_count; index++) {
        const struct rows_ahead *ahead = &tile->ahead[index];
        const char *first = ahead->first + row * ahead->stride;
        for (ptrdiff_t byte = 0; byte < ahead->bytes; byte += 64) {
            _mm_prefetch(first + byte, _MM_HINT_T0);
        }
        _mm_prefetch(first + ahead->bytes - 1, _MM_HINT_T0);
    }
}

/// With constants for `format`, `rows` and `columns` all loops over them unroll and the sums stay in registers.
AVX512_INLINE void tile_of(
    enum kernels_format format, const int rows, const int columns, const struct matrix_tile *tile) {
    __m512i sums[TILE_ROWS][4], weights[4];
    const char *x[TILE_ROWS];
    const char *panel = tile->panel;
    const ptrdiff_t steps = tile->steps;
    const char *prefetch = tile->prefetch;
    const enum matrix_prefetch prefetch_kind = tile->prefetch_kind;
    const bool past_caches = tile->past_caches;
#pragma clang loop unroll(full)
    for (int row = 0; row < rows; row++) {
        x[row] = tile->x + row * tile->x_stride;
#pragma clang loop unroll(full)
        for (int column = 0; column < columns; column++) {
            const int32_t *start = (const int32_t *)tile->sums + row * tile->sums_stride + 16 * column;
            sums[row][column] = tile->add ? _mm512_loadu_si512(start) : _mm512_setzero_si512();
        }
    }
    ptrdiff_t row_ahead = 0;
    for (ptrdiff_t step = 0; step < steps;) {
        read_row_ahead(tile, row_ahead++);
        const ptrdiff_t end = steps - step < AHEAD_STEPS ? steps : step + AHEAD_STEPS;
        for (; step < end; step++) {
#pragma clang loop unroll(full)
            for (int column = 0; column < columns; column++) {
                weights[column] = _mm512_load_si512(panel + step * PANEL_STEP_BYTES + 64 * column);
            }
            read_step_ahead(panel, prefetch, step, prefetch_kind, past_caches, columns);
#pragma clang loop unroll(full)
            for (int row = 0; row < rows; row++) {
                __m512i four = four_bytes_everywhere(x[row] + step * STEP_BYTES);
#pragma clang loop unroll(full)
                for (int column = 0; column < columns; column++) {
                    sums[row][column] = add_step(format, sums[row][column], four, weights[column]);
                }
            }
        }
    }
    if (format == KERNELS_BFLOAT16 && tile->half_step) {
#pragma clang loop unroll(full)
        for (int row = 0; row < rows; row++) {
            __m512i two = two_bytes_everywhere(x[row] + steps * STEP_BYTES);
#pragma clang loop unroll(full)
            for (int column = 0; column < columns; column++) {
                __m512i last = _mm512_load_si512(panel + steps * PANEL_STEP_BYTES + 64 * column);
                sums[row][column] = add_step(format, sums[row][column], two, last);
            }
        }
    }
#pragma clang loop unroll(full)
    for (int row = 0; row < rows; row++) {
#pragma clang loop unroll(full)
        for (int column = 0; column < columns; column++) {
            int32_t *end = (int32_t *)tile->sums + row * tile->sums_stride + 16 * column;
            _mm512_storeu_si512(end, sums[row][column]);
        }
    }
}

#define TILE(format, rows, columns)                                                             \
    AVX512 static void tile_##format##_##rows##_##columns(const struct matrix_tile *tile) {     \
        tile_of(KERNELS_##format, rows, columns, tile);                                         \
    }
#define TILES_OF_ROWS(format, rows) \
    TILE(format, rows, 1) TILE(format, rows, 2) TILE(format, rows, 3) TILE(format, rows, 4)
#define TILES(format)                                                              \
    TILES_OF_ROWS(format, 1) TILES_OF_ROWS(format, 2) TILES_OF_ROWS(format, 3)     \
    TILES_OF_ROWS(format, 4) TILES_OF_ROWS(format, 5) TILES_OF_ROWS(format, 6)

TILES(FLOAT32)
TILES(BFLOAT16)
TILES(INT8)

#define NAMES_OF_ROWS(format, rows) \
    {tile_##format##_##rows##_1, tile_##format##_##rows##_2, tile_##format##_##rows##_3, tile_##format##_##rows##_4}
#define NAMES(format)                                                                             \
    {NAMES_OF_ROWS(format, 1), NAMES_OF_ROWS(format, 2), NAMES_OF_ROWS(format, 3),                \
     NAMES_OF_ROWS(format, 4), NAMES_OF_ROWS(format, 5), NAMES_OF_ROWS(format, 6)}

void matrix_tile_avx512(enum kernels_format format, const struct matrix_tile *tile) {
    static void (*const tiles[3][TILE_ROWS][4])(const struct matrix_tile *) = {
        NAMES(FLOAT32), NAMES(BFLOAT16), NAMES(INT8)};
    tiles[format][tile->rows - 1][tile->columns - 1](tile);
}

const struct matrix_kernels matrix_kernels_avx512 = {
    .tile = matrix_tile_avx512,
    .unpack_int4 = matrix_unpack_int4_avx512,
    .unpack_compact = matrix_unpack_compact_avx512,
    .int4_tile = matrix_int4_tile_avx512,
    .compact_tile = matrix_compact_tile_avx512,
    .finish = matrix_finish_avx512,
    .quantise_row = matrix_quantise_row_avx512,
    .quantise_floats = matrix_quantise_floats_avx512,
};

#endif
