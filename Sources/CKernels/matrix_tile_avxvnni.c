#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,avxvnni"))), apply_to = function)
#define DOT_PRODUCT _mm256_dpbusd_avx_epi32
#include "matrix_tile_vnni.h"

static void add_tile_avxvnni(const struct matrix_tile *tile) { add_tile(tile); }
#pragma clang attribute pop

static void tile_avxvnni(enum kernels_format format, const struct matrix_tile *tile) {
    if (format != KERNELS_INT8) {
        matrix_tile_avx2(format, tile);
    } else if (__builtin_cpu_supports("avxvnni")) {
        add_tile_avxvnni(tile);
    } else {
        matrix_tile_avx512vnni(tile);
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
