#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "elementwise_rows.h"
#pragma clang attribute pop

const struct elementwise elementwise_avx2 = {norm, rotary};
#endif
