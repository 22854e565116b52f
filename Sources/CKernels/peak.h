#ifndef KERNELS_PEAK_LOOPS_H
#define KERNELS_PEAK_LOOPS_H

#include "kernels_matrix.h"

#if defined(__x86_64__)
/// `turns` times 24 independent sums of 16 lanes; the result is there to be used.
int peak_avx512(enum kernels_format format, long turns);

/// So many turns of 4 products of tiles, of bytes or of bfloat16. Loading the configuration has made them 0.
void peak_amx(bool bytes, long turns);

/// Reads 64-bit words, a multiple of 64 of them from a multiple of 64 bytes.
uint64_t read_avx512(const uint64_t *words, ptrdiff_t count);
#endif

#endif
