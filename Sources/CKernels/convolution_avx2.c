#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "convolution_tiles.h"
#pragma clang attribute pop

const struct convolution_transforms convolution_transforms_avx2 = {inputs, outputs, weights};
#endif
