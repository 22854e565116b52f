#if defined(__x86_64__)
#include <immintrin.h>
#define VECTOR16_MASKS
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma"))), apply_to = function)
#include "group_norm_pixels.h"
#pragma clang attribute pop

const struct group_norm group_norm_avx512 = {moments, scale};
#endif
