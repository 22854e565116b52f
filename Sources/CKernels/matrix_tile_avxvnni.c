#if defined(__x86_64__)

#include "matrix_tile.h"

#include "avxvnni.h"

#include <string.h>

AVX_VNNI_INLINE __m256i four_bytes_everywhere(const char *x) {
    int32_t bytes;
    memcpy(&bytes, x, sizeof(bytes));
    return _mm256_set1_epi32(bytes);
}

/// `columns` of 16 outputs from `first` on. With constants for them and `rows` the sums stay in registers.
AVX_VNNI_INLINE void add_columns(const struct matrix_tile *tile, const int rows, const int columns, int first) {
    __m256i sums[TILE_ROWS][8];
    __m256i *places[TILE_ROWS];
    UNROLLED for (int row = 0; row < rows; row++) {
        places[row] = (__m256i *)((int32_t *)tile->sums + row * tile->sums_stride + 16 * first);
        UNROLLED for (int part = 0; part < 2 * columns; part++) {
            sums[row][part] = tile->add ? _mm256_loadu_si256(places[row] + part) : _mm256_setzero_si256();
        }
    }
    for (ptrdiff_t step = 0; step < tile->steps; step++) {
        const __m256i *weights = (const __m256i *)(tile->panel + step * PANEL_STEP_BYTES + 64 * first);
        if (columns == 4) { // Else the machine has the time to see by itself what comes.
            read_step_ahead(tile->panel, tile->prefetch, step, tile->prefetch_kind, tile->past_caches, 4);
        }
        UNROLLED for (int row = 0; row < rows; row++) {
            const __m256i x = four_bytes_everywhere(tile->x + row * tile->x_stride + step * STEP_BYTES);
            UNROLLED for (int part = 0; part < 2 * columns; part++) {
                sums[row][part] = DOT_PRODUCT(sums[row][part], x, _mm256_load_si256(weights + part));
            }
        }
    }
    UNROLLED for (int row = 0; row < rows; row++) {
        UNROLLED for (int part = 0; part < 2 * columns; part++) {
            _mm256_storeu_si256(places[row] + part, sums[row][part]);
        }
    }
}

AVX_VNNI_INLINE void add_rows(const struct matrix_tile *tile, const int rows) {
    // A single row takes all outputs at once, so that the panel is read in its order.
    if (rows == 1 && tile->columns == 4) {
        add_columns(tile, 1, 4, 0);
        return;
    }
    for (int column = 0; column < tile->columns; column++) {
        add_columns(tile, rows, 1, column);
    }
}

AVX_VNNI static void add_tile(const struct matrix_tile *tile) {
    switch (tile->rows) {
    case 1: add_rows(tile, 1); break;
    case 2: add_rows(tile, 2); break;
    case 3: add_rows(tile, 3); break;
    case 4: add_rows(tile, 4); break;
    case 5: add_rows(tile, 5); break;
    default: add_rows(tile, 6); break;
    }
}

static void tile_avxvnni(enum kernels_format format, const struct matrix_tile *tile) {
    if (format == KERNELS_INT8) {
        add_tile(tile);
    } else {
        matrix_tile_avx2(format, tile);
    }
}

const struct matrix_kernels matrix_kernels_avxvnni = {
    .tile = tile_avxvnni,
    .unpack_int4 = matrix_unpack_int4_avx2,
    .unpack_compact = matrix_unpack_compact_avx2,
    .int4_tile = matrix_int4_tile_avx2,
    .compact_tile = matrix_compact_tile_avx2,
    .finish = matrix_finish_avx2,
    .quantise_row = matrix_quantise_row_avx2,
    .quantise_floats = matrix_quantise_floats_avx2,
};

#endif
