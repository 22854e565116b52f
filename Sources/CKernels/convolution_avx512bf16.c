#if defined(__x86_64__)
#include <immintrin.h>
#define VECTOR16_MASKS
#define VECTOR16_BFLOAT16
#pragma clang attribute push(                                                                                    \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma"))), apply_to = function)
#include "convolution_tiles.h"
#pragma clang attribute pop

const struct convolution_transforms convolution_transforms_avx512bf16 = {inputs, outputs, weights};
#endif
