#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "decoding_rows.h"
#pragma clang attribute pop

void decode_block_avx2(const struct decoding_part *part, int first, int keys) { decode(part, first, keys); }
#endif
