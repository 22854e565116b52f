#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "group_norm_pixels.h"
#pragma clang attribute pop

const struct group_norm group_norm_avx2 = {moments, scale};
#endif
