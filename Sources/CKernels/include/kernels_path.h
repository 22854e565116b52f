#ifndef KERNELS_PATH_H
#define KERNELS_PATH_H

#include <stdbool.h>

/// Instruction sets that kernels are written for, a faster one having a higher number.
/// AVX2 means AVX2 and FMA, AVX-VNNI the dot product of bytes beside them. AVX-512-VNNI means F, BW, VL, DQ and VNNI together,
/// AVX-512 the same with BF16. AMX means its tiles, BF16 and INT8 beside AVX-512, which it takes for all but products of matrices,
/// convolutions and attention in bfloat16.
enum kernels_path {
    KERNELS_PORTABLE = 0,
    KERNELS_NEON = 1,
    KERNELS_AVX2 = 2,
    KERNELS_AVX_VNNI = 3,
    KERNELS_AVX512_VNNI = 4,
    KERNELS_AVX512 = 5,
    KERNELS_AMX = 6
};

/// What the machine has, at most what was forced by `kernels_force_path` or by `OMNIGEN2_KERNELS` in the environment.
enum kernels_path kernels_path(void);

/// "portable", "neon", "avx2", "avxvnni", "avx512vnni", "avx512" or "amx", as `OMNIGEN2_KERNELS` spells them.
const char *kernels_path_name(enum kernels_path path);

/// Takes this path from the next call on. False, and nothing changes, when the machine has not got it.
bool kernels_force_path(enum kernels_path path);

#endif
