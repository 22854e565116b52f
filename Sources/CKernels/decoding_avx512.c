#if defined(__x86_64__)
#include <immintrin.h>
#define VECTOR16_MASKS
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma"))), apply_to = function)
#include "decoding_rows.h"
#pragma clang attribute pop

void decode_block_avx512(const struct decoding_part *part, int first, int keys) { decode(part, first, keys); }
#endif
