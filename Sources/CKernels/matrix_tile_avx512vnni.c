#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,avx512vl,avx512vnni"))), apply_to = function)
#define DOT_PRODUCT _mm256_dpbusd_epi32
#include "matrix_tile_vnni.h"

void matrix_tile_avx512vnni(const struct matrix_tile *tile) { add_tile(tile); }
#pragma clang attribute pop
#endif
