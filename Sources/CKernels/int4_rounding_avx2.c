#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "int4_rounding_rows.h"
#pragma clang attribute pop

const struct int4_rounding int4_rounding_avx2 = {search, fit_multiples, round_columns, spread};
#endif
