// What the files with AVX2 instructions for matrices share. To be included on x86-64 only.

#ifndef KERNELS_AVX2_H
#define KERNELS_AVX2_H

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))
#define AVX2_INLINE static inline __attribute__((always_inline)) AVX2
#define UNROLLED _Pragma("clang loop unroll(full)")

#endif
