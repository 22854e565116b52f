// AVX2, and the dot product of bytes beside it. To be included on x86-64 only. To be tested it is that of AVX-512, the same in
// another encoding, as what emulates has AVX-512.

#ifndef KERNELS_AVXVNNI_H
#define KERNELS_AVXVNNI_H

#include <immintrin.h>

#if defined(KERNELS_EMULATED)
#define AVX_VNNI_TARGET "avx2,fma,avx512vl,avx512vnni"
#define DOT_PRODUCT _mm256_dpbusd_epi32
#else
#define AVX_VNNI_TARGET "avx2,fma,avxvnni"
#define DOT_PRODUCT _mm256_dpbusd_avx_epi32
#endif

#define AVX_VNNI __attribute__((target(AVX_VNNI_TARGET)))
#define AVX_VNNI_INLINE static inline __attribute__((always_inline)) AVX_VNNI
#define UNROLLED _Pragma("clang loop unroll(full)")

#endif
